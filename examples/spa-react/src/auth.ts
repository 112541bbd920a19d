/** Who is signed in, and what this application calls its roles and permissions. Those of the Go program are in main.go. */
import { createAuth } from '@gatehouse/react'
import { createStepUp } from '@gatehouse/react/step-up'

/** A name that is not here is an error of the compiler. `gatehouse gen types` writes it from a policy file. */
export type App = {
	role: 'user' | 'moderator' | 'admin'
	permission: 'posts:read' | 'posts:create' | 'posts:edit' | 'posts:edit:own' | 'posts:delete' | 'posts:delete:own'
}

/** The dialog that asks again who somebody is, when an API wants a newer proof. */
const { onStepUp, StepUpDialog } = createStepUp()
export { StepUpDialog }

export const { client, AuthProvider, AuthReady, RequireAuth, RequireRole, SignedIn, SignedOut, useAuth } = createAuth<App>({
	url: '/id/auth', // the house has /id to itself
	loginPath: '/sign-in', // and the form is ours
	onStepUp,
})
