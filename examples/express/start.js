/** Starts the API, and a Gatehouse in development where ISSUER names none. */
import { createApp } from './app.js'
import { passphrase, startHouse } from './house.js'

const { ISSUER, AUDIENCE, ORIGIN = 'http://localhost:5173', PORT = '3000' } = process.env

let issuer = ISSUER
if (!issuer) {
	const house = await startHouse(8080, '--origins', ORIGIN)
	for (const role of ['user', 'moderator']) house.addUser(`${role}@example.com`, role)
	for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => house.stop().then(() => process.exit()))
	issuer = house.issuer
	console.log(`${issuer} is a Gatehouse; user@example.com and moderator@example.com have the password ${passphrase}`)
}
createApp({ issuer, audience: AUDIENCE, origin: ORIGIN }).listen(Number(PORT), () => console.log(`http://localhost:${PORT} is the API, for pages of ${ORIGIN}`))
