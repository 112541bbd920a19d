import type { ReactNode } from 'react'
import { AuthProvider } from '../auth.client'
import { auth } from '../auth.server'
import { Bar } from './bar'

export const metadata = { title: 'Posts' }

/** Every page begins with who is signed in, so that none shows something else for a moment. */
export default async function Layout({ children }: { children: ReactNode }) {
	return (
		<html lang="en">
			<body>
				<AuthProvider initial={await auth()}>
					<Bar />
					<main>{children}</main>
				</AuthProvider>
			</body>
		</html>
	)
}
