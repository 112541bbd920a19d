// Asks ALTCHA's own library about our challenges: reads {do, …} and writes {payload, verified}.
import { createChallenge, solveChallenge, verifySolution } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";

let text = "";
for await (const part of process.stdin) {
	text += part;
}
const { make, challenge: given, payload: answered, secret } = JSON.parse(text);
const verify = async ({ challenge, solution }) => verifySolution({ challenge, solution, deriveKey, hmacSignatureSecret: secret });

if (answered) {
	const { verified } = await verify(JSON.parse(atob(answered)));
	console.log(JSON.stringify({ verified }));
} else {
	const challenge = given ?? await createChallenge({ ...make, deriveKey, hmacSignatureSecret: secret });
	const solution = await solveChallenge({ challenge, deriveKey });
	const { verified } = await verify({ challenge, solution });
	console.log(JSON.stringify({ verified, payload: btoa(JSON.stringify({ challenge, solution })) }));
}
