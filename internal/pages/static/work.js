// @ts-check
// Proof of work, in the form of ALTCHA v2: which counter has a key that begins as it must?

/** @param {string} text */
const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
/** @param {ArrayBuffer} buffer */
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** One try: the key of a counter.
 * @param {any} p @param {Uint8Array<ArrayBuffer>} nonce @param {Uint8Array<ArrayBuffer>} salt @param {number} counter */
const derive = async (p, nonce, salt, counter) => {
	const password = new Uint8Array(nonce.length + 4);
	password.set(nonce);
	new DataView(password.buffer).setUint32(nonce.length, counter);
	const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
	return hex(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: p.cost }, key, p.keyLength * 8));
};

/** Tries until there is one, or nobody wants it any more. The browser computes beside the page, a
 * few tries at once, so the page stays alive.
 * @param {any} p the parameters of a challenge @param {() => boolean} wanted */
export const solve = async (p, wanted) => {
	const began = performance.now();
	const nonce = bytes(p.nonce), salt = bytes(p.salt);
	const together = Math.min(Math.max(navigator.hardwareConcurrency || 2, 2), 8);
	for (let first = 0; wanted(); first += together) {
		const keys = await Promise.all(Array.from({ length: together }, (_, i) => derive(p, nonce, salt, first + i)));
		const found = keys.findIndex((key) => key.startsWith(p.keyPrefix));
		if (found >= 0) {
			return { counter: first + found, derivedKey: keys[found], time: Math.round(performance.now() - began) };
		}
	}
	throw new Error("nobody wants it any more");
};
