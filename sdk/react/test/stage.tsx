/** The page in which each test renders, and what was complained of there. */
import type { Client } from '@gatehouse/client'
import type { Cast } from '@gatehouse/client/testing'
import { act, StrictMode, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, vi } from 'vitest'
import { AuthProvider } from '../src/provider.js'

export const stage = { root: undefined as Root | undefined, place: undefined as unknown as HTMLElement }
export const problems: unknown[][] = []

beforeEach(() => {
	Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
	problems.length = 0
	vi.spyOn(console, 'error').mockImplementation((...a) => void problems.push(a))
	vi.spyOn(console, 'warn').mockImplementation(() => {})
	document.body.innerHTML = '<div id="r"></div>'
	document.cookie = 'gh_left=; path=/; max-age=0'
	stage.place = document.getElementById('r')!
})
afterEach(async () => {
	await act(async () => stage.root?.unmount())
	stage.root = undefined
	vi.restoreAllMocks()
})

export async function show(client: Client, children: ReactNode) {
	stage.root = createRoot(stage.place)
	await act(async () => stage.root!.render(<StrictMode><AuthProvider client={client}>{children}</AuthProvider></StrictMode>))
}

export const text = () => stage.place.textContent
export const ada = { id: 'usr_1', email: 'ada@example.com', roles: ['editor'], permissions: ['posts:read', 'posts:delete:own'] } satisfies Cast
export const bob = { id: 'usr_2', email: 'bob@example.com' } satisfies Cast
