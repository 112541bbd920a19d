/** The API: posts, which who may writes and deletes. */
import { randomUUID } from 'node:crypto'
import express from 'express'
import { createGuard, Refusal } from './tokens.js'

/** Makes it, for the tokens of an issuer and for pages of one origin. */
export function createApp({ origin, ...tokens }) {
	const allow = createGuard(tokens)
	const posts = new Map()
	const app = express().disable('x-powered-by')
	app.use(cors(origin))
	app.get('/me', allow(), ({ caller }, response) => response.json({ id: caller.sub, roles: caller.roles, permissions: caller.perms }))
	app.get('/posts', allow('posts:read'), (_request, response) => response.json({ items: [...posts.values()] }))
	app.post('/posts', allow('posts:create'), express.json({ limit: '64kb' }), ({ caller, body }, response) => {
		if (typeof body?.text != 'string') throw new Refusal(400, 'VALIDATION_FAILED', 'A post needs a text.')
		const post = { id: randomUUID(), author: caller.sub, text: body.text }
		posts.set(post.id, post)
		response.status(201).json(post)
	})
	app.delete('/posts/:id', allow('posts:delete', ({ params }) => posts.get(params.id)?.author), ({ params }, response) => {
		if (!posts.delete(params.id)) throw new Refusal(404, 'NOT_FOUND', 'There is no such thing.')
		response.sendStatus(204)
	})
	app.use(() => {
		throw new Refusal(404, 'NOT_FOUND', 'There is no such thing.')
	})
	app.use(answer)
	return app
}

/** Lets pages of one origin call, with a token that their script holds. No cookie counts here, so none is asked for. */
function cors(origin) {
	const everywhere = { Vary: 'Origin', 'Access-Control-Expose-Headers': 'WWW-Authenticate, X-Request-Id, Retry-After' }
	const preflight = { 'Access-Control-Allow-Methods': 'GET, POST, DELETE', 'Access-Control-Allow-Headers': 'Authorization, Content-Type', 'Access-Control-Max-Age': '600' }
	return (request, response, next) => {
		response.set({ ...everywhere, 'X-Content-Type-Options': 'nosniff' })
		if (request.get('origin') == origin) response.set('Access-Control-Allow-Origin', origin)
		if (request.method != 'OPTIONS') return next()
		response.set(preflight).sendStatus(204)
	}
}

/** Answers what was thrown, as Gatehouse does: a sentence for people, a code for programs. */
function answer(error, _request, response, _next) {
	const requestId = 'req_' + randomUUID()
	const { status = 500, headers = {}, code = status < 500 ? 'VALIDATION_FAILED' : 'INTERNAL' } = error
	if (status == 500) console.error(requestId, error)
	const message = error instanceof Refusal ? error.message : status < 500 ? 'This request is malformed.' : 'Something went wrong.'
	response.status(status).set({ 'Cache-Control': 'no-store', 'X-Request-Id': requestId, ...headers }).json({ error: message, code, requestId })
}
