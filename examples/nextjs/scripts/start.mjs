/** npm start: builds everything, runs it, and ends it at ^C. */
import { build, password, people, serve } from './stage.mjs'

build()
const running = await serve({ port: Number(process.env.PORT ?? 3000) })
console.log(`
  ${running.url}
  Sign in as ${people.map(p => `${p.email} (${p.role})`).join(' or ')}; the password is: ${password}
`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void running.stop().then(() => process.exit(0)))
