/**
 * Verifies webhooks of Gatehouse, and of all others that follow Standard Webhooks. It has no
 * dependencies and needs WebCrypto only, so it runs in Node.js 20, Deno, Bun, workers and browsers.
 */

/** What is wrong with a webhook. Answer each with 400 or 401; the sender tries again. */
export type Verdict =
	/** webhook-id, webhook-timestamp or webhook-signature is missing or malformed. */
	| "header"
	/** It is too old, or of the future: somebody recorded it, or a clock is wrong. */
	| "time"
	/** None of the secrets signed it. */
	| "signature"
	/** A secret of ours is none: nothing could be verified by it. */
	| "secret";

const sentences: Record<Verdict, string> = {
	header: "webhook-id, webhook-timestamp or webhook-signature is missing or malformed",
	time: "the webhook-timestamp is too far off",
	signature: "no webhook-signature is of a secret of ours",
	secret: "a secret of a webhook must be whsec_ and the base64 of 24 bytes at least",
};

/** The error of verifyWebhook. Its message never holds a secret. */
export class WebhookError extends Error {
	constructor(readonly verdict: Verdict) {
		super(sentences[verdict]);
		this.name = "WebhookError";
	}
}

/** The header fields of a request: those of fetch, or those of Node.js (lower case). */
export type WebhookHeaders =
	| { get(name: string): string | null }
	| Readonly<Record<string, string | readonly string[] | undefined>>;

/** How strictly times are judged. */
export interface WebhookOptions {
	/** What the time is, in milliseconds since 1970. The default is Date.now(). */
	now?: number;
	/** How far the timestamp may be off, in seconds. The default is 300. */
	tolerance?: number;
}

/** What Gatehouse sends. The types of events are listed in its reference. */
export interface GatehouseEvent {
	type: string;
	/** When it happened (RFC 3339). */
	timestamp: string;
	data: {
		id: string;
		/** Its place in the audit log; 0 for a test. */
		seq: number;
		type: string;
		at: string;
		actor: string;
		subject: string;
		org: string | null;
		/** Only to endpoints of the deployment. */
		ip?: string;
		/** Only to endpoints of the deployment. */
		userAgent?: string;
		requestId: string;
		data: Record<string, string>;
	};
}

const shortestSecret = 24; // bytes; Standard Webhooks makes none below

/**
 * Verifies a webhook and returns its body, read as JSON. While a secret is being changed give the
 * new and the old one. The body must be as it came: JSON that was read and written again has
 * another signature. The same webhook-id can come more than once: remember those that you have done.
 *
 * @throws WebhookError if it is not to be trusted, SyntaxError if its body is no JSON.
 */
export async function verifyWebhook<T = GatehouseEvent>(
	headers: WebhookHeaders,
	body: string | Uint8Array,
	secrets: string | readonly string[],
	options: WebhookOptions = {},
): Promise<T> {
	const keys = (typeof secrets === "string" ? [secrets] : secrets).map(readSecret);
	if (keys.length === 0) throw new WebhookError("secret");
	const id = field(headers, "webhook-id");
	const timestamp = field(headers, "webhook-timestamp");
	const signatures = field(headers, "webhook-signature");
	if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError("header");

	const now = Math.floor((options.now ?? Date.now()) / 1000);
	// Written so that a tolerance or a time that is no number lets nothing pass.
	if (!(Math.abs(now - Number(timestamp)) <= (options.tolerance ?? 300))) throw new WebhookError("time");

	const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
	const message = concat(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
	const sent = signatures.split(" ").flatMap((s) => (s.startsWith("v1,") ? [decode(s.slice(3))] : []));
	for (const key of keys) {
		for (const signature of sent) {
			if (signature !== null && (await signed(key, signature, message))) {
				return JSON.parse(new TextDecoder().decode(bytes)) as T;
			}
		}
	}
	throw new WebhookError("signature");
}

type Bytes = Uint8Array<ArrayBuffer>;

/** WebCrypto compares in constant time. */
async function signed(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
	const hmac = { name: "HMAC", hash: "SHA-256" };
	const imported = await crypto.subtle.importKey("raw", key, hmac, false, ["verify"]);
	return crypto.subtle.verify("HMAC", imported, signature, message);
}

/** An empty secret, of a setting that was forgotten, would be a key that everybody has. */
function readSecret(secret: string): Bytes {
	const key = typeof secret === "string" && secret.startsWith("whsec_") ? decode(secret.slice(6)) : null;
	if (key === null || key.length < shortestSecret) throw new WebhookError("secret");
	return key;
}

/** A field that stands twice counts as none: others could read the other one. */
function field(headers: WebhookHeaders, name: string): string {
	const value = typeof headers["get"] === "function" ? headers["get"](name) : (headers as Record<string, unknown>)[name];
	if (typeof value !== "string" || value === "" || (name !== "webhook-signature" && value.includes(","))) {
		throw new WebhookError("header");
	}
	return value;
}

function decode(base64: string): Bytes | null {
	if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return null;
	return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function concat(a: Uint8Array, b: Uint8Array): Bytes {
	const all = new Uint8Array(a.length + b.length);
	all.set(a);
	all.set(b, a.length);
	return all;
}
