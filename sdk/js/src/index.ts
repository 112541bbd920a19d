/**
 * @gatehouse/client signs people in with Gatehouse and keeps them signed in. It has no dependencies and keeps nothing
 * in storage. See docs/reference/sdk.md.
 */
export { createClient, type Client, type Options } from './client.js'
export { AuthError, toError, type Challenge, type ClientCode, type Code, type ErrorInfo, type ServerCode } from './errors.js'
export type { StepUp } from './fetch.js'
export { safeReturnTo } from './return-to.js'
export type { Prompt, Proof, Step } from './sign-in.js'
export { holds } from './state.js'
export type { App, Loading, OutReason, Permission, Role, Session, SignedIn, SignedOut, State, Unreachable, User } from './state.js'
export type { Grant, MakeTransport, Transport } from './transport.js'
