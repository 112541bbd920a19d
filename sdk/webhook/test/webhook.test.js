import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Webhook } from "standardwebhooks";

import { verifyWebhook, WebhookError } from "../dist/index.js";

const vectors = JSON.parse(await readFile(new URL("../../../test/vectors/webhook.json", import.meta.url), "utf8"));

/** What verifyWebhook says of a message: good, or what is wrong. */
async function verdict(headers, body, secrets, options) {
	try {
		await verifyWebhook(headers, body, secrets, options);
		return "good";
	} catch (e) {
		assert.ok(e instanceof WebhookError, String(e));
		return e.verdict;
	}
}

test("says of what the server signs the same as the receiver in Go", async (t) => {
	assert.ok(vectors.length > 20);
	for (const v of vectors) {
		await t.test(v.name, async () => {
			const options = { now: v.now * 1000 };
			assert.equal(await verdict(v.header, v.body, v.secrets, options), v.verdict);
			assert.equal(await verdict(new Headers(v.header), new TextEncoder().encode(v.body), v.secrets, options), v.verdict);
		});
	}
});

test("the library of Standard Webhooks accepts what the server signs", (t) => {
	const good = vectors.filter((v) => v.verdict === "good");
	assert.ok(good.length > 5);
	for (const v of good) {
		t.mock.timers.enable({ apis: ["Date"], now: v.now * 1000 });
		const accepted = v.secrets.filter((s) => {
			try {
				return new Webhook(s).verify(v.body, v.header) !== undefined;
			} catch {
				return false;
			}
		});
		assert.ok(accepted.length > 0, v.name);
		t.mock.timers.reset();
	}
});

test("accepts what the library of Standard Webhooks signs", async () => {
	const secret = "whsec_" + Buffer.alloc(32, 7).toString("base64");
	const at = new Date();
	const body = '{"type":"user.created","data":{}}';
	const headers = {
		"webhook-id": "msg_1",
		"webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
		"webhook-signature": new Webhook(secret).sign("msg_1", at, body),
	};
	assert.equal((await verifyWebhook(headers, body, secret)).type, "user.created");
	assert.equal(await verdict({ ...headers, "webhook-id": ["msg_1", "msg_1"] }, body, secret), "header");
	const twice = new Headers(headers);
	twice.append("webhook-id", "msg_1");
	assert.equal(await verdict(twice, body, secret), "header");
	assert.equal(await verdict(headers, body, undefined ?? ""), "secret");
	assert.equal(await verdict(headers, body, [undefined]), "secret");
	for (const off of [{ now: NaN }, { tolerance: NaN }, { tolerance: -1 }]) {
		assert.equal(await verdict(headers, body, secret, off), "time", JSON.stringify(off));
	}
});
