'use client'
/** Who is signed in, for components of the browser. */
import { createAuth } from '@gatehouse/next/client'
import type { App } from './app'

export const { AuthProvider, useAuth, SignedIn, SignedOut } = createAuth<App>({ url: '/id/auth' })
