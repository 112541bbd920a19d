/** @gatehouse/next is the part for the server; @gatehouse/next/client that for the browser. See docs/howto/nextjs.md. */
export { createServerAuth, type ServerOptions } from './server.js'
export type { Action, ActionOptions, Guarded } from './action.js'
export type { PermissionOptions, RequireOptions } from './guards.js'
export type { Handler } from './handlers.js'
export type { Passing } from './proxy.js'
export { isRefused, type Refused } from './refused.js'
export { UnreachableError } from './who.js'
