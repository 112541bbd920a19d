/** Gatehouse on this origin: its API below /id/auth, its pages below /id. */
import { handlers } from '../../../auth.server'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers
