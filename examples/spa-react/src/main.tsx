/** The beginning: who is signed in goes around everything, then what was asked for, then the pages. */
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { AuthProvider, StepUpDialog } from './auth.ts'
import { Queries } from './queries.tsx'
import { router } from './routes.tsx'
import './style.css'

createRoot(document.getElementById('root')!).render(
	<StrictMode>
		<AuthProvider>
			<Queries>
				<RouterProvider router={router} />
				<StepUpDialog texts={{ title: 'Is it you?', confirm: 'Continue', cancel: 'Not now' }} />
			</Queries>
		</AuthProvider>
	</StrictMode>,
)
