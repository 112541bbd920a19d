/** Who is signed in, for pages, actions, the route file and the proxy. */
import { createServerAuth } from '@gatehouse/next'
import type { App } from './app'

export const { auth, requireUser, requirePermission, withPermission, handlers, proxy } = createServerAuth<App>({
	url: process.env.GATEHOUSE_URL, // http://127.0.0.1:8080/id: where it listens, and the path of its public URL
})
