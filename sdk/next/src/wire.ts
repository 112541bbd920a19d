/**
 * One request to Gatehouse and its answer, by Node's own client: fetch replaces Host and Sec-Fetch-Mode, which
 * Gatehouse judges by, and Next would keep what it fetched.
 */
import { request as http, type IncomingMessage } from 'node:http'
import { request as https } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import type { Fields } from './fields.js'

/** What is asked. */
export interface Question {
	method?: string
	headers: Fields
	body?: ReadableStream<Uint8Array> | null
	signal: AbortSignal
}

/** Asks, and returns the beginning of the answer: no redirect is followed, and the body is still to be read. */
export async function send(target: URL, question: Question): Promise<IncomingMessage> {
	const { method = 'GET', headers, body, signal } = question
	const request = target.protocol == 'https:' ? https : http
	let reused = false
	const once = () =>
		new Promise<IncomingMessage>((resolve, reject) => {
			const out = request(target, { method, headers, signal }, resolve)
			out.on('error', e => {
				reused = out.reusedSocket
				reject(e)
			})
			if (body) pipeline(Readable.fromWeb(body as NodeStream), out).catch(reject)
			else out.end()
		})
	try {
		return await once()
	} catch (e) {
		// A kept connection that Gatehouse closed meanwhile, as when it began anew: reading may be asked twice.
		if (!reused || method != 'GET' || signal.aborted) throw e
		return once()
	}
}

/** Reads an answer as JSON, at most a megabyte of it; undefined where it is none. */
export async function json(answer: IncomingMessage): Promise<unknown> {
	let text = ''
	answer.setEncoding('utf8')
	for await (const part of answer) {
		text += part
		if (text.length > 1 << 20) return undefined
	}
	try {
		return JSON.parse(text)
	} catch {
		return undefined
	}
}

/** The body of an answer, as it comes. */
export function stream(answer: IncomingMessage): ReadableStream<Uint8Array> {
	const parts = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
	return new ReadableStream<Uint8Array>({
		async pull(to) {
			const { done, value } = await parts.next()
			if (done) to.close()
			else to.enqueue(value)
		},
		cancel() {
			answer.destroy()
		},
	})
}
