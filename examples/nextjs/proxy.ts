/** Comfort only: whoever has no cookie is sent to sign in before anything is rendered. Pages and actions verify. */
export { proxy } from './auth.server'

// Next reads this without running it, so it is written out. Prefetches pass: nobody asked to sign in.
export const config = {
	matcher: [
		{
			source: '/dashboard/:path*',
			missing: [
				{ type: 'header', key: 'next-router-prefetch' },
				{ type: 'header', key: 'purpose', value: 'prefetch' },
			],
		},
	],
}
