// @ts-check
// Passkeys in the JSON forms of the W3C, in browsers that cannot read and write them too.

/** @param {string} text */
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

/** @param {ArrayBuffer | null | undefined} buffer */
const base64url = (buffer) =>
	buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") : undefined;

/** @param {any[]} [list] */
const known = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

/** Reads the options of a passkey that is to be made.
 * @param {any} json */
export const toCreate = (json) =>
	PublicKeyCredential.parseCreationOptionsFromJSON?.(json) ?? {
		...json,
		challenge: bytes(json.challenge),
		user: { ...json.user, id: bytes(json.user.id) },
		excludeCredentials: known(json.excludeCredentials),
	};

/** Reads the options of a passkey that is asked for.
 * @param {any} json */
export const toGet = (json) =>
	PublicKeyCredential.parseRequestOptionsFromJSON?.(json) ?? {
		...json,
		challenge: bytes(json.challenge),
		allowCredentials: known(json.allowCredentials),
	};

/** Writes what the browser made of either.
 * @param {any} made */
export const written = (made) => JSON.stringify(made.toJSON ? made.toJSON() : {
	id: made.id,
	rawId: base64url(made.rawId),
	type: made.type,
	authenticatorAttachment: made.authenticatorAttachment,
	clientExtensionResults: made.getClientExtensionResults(),
	response: {
		clientDataJSON: base64url(made.response.clientDataJSON),
		attestationObject: base64url(made.response.attestationObject),
		transports: made.response.getTransports?.(),
		authenticatorData: base64url(made.response.authenticatorData),
		signature: base64url(made.response.signature),
		userHandle: base64url(made.response.userHandle),
	},
});
