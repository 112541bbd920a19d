/** Who there is, and what they may do. It is for administrators; the house itself keeps everybody else out. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Navigate } from 'react-router'
import { accounts, type Account } from '../api.ts'
import { RequireRole, useAuth, type App } from '../auth.ts'
import { Problem } from '../parts/form.tsx'
import { Heading } from '../parts/heading.tsx'
import { Waiting } from '../parts/waiting.tsx'

export function Admin() {
	return (
		<RequireRole role="admin" fallback={<Navigate to="/403" replace />}>
			<People />
		</RequireRole>
	)
}

function People() {
	const { data, error, isPending } = useQuery({ queryKey: ['accounts'], queryFn: accounts.list })
	return (
		<>
			<Heading>People</Heading>
			<p>What you change here holds with the next thing they do; nobody has to sign in again.</p>
			<Problem error={error} />
			{isPending && <Waiting />}
			{data?.map(account => <Person key={account.id} account={account} />)}
		</>
	)
}

const given: App['role'][] = ['moderator', 'admin'] // everybody is a user

/** Changing roles wants a proof of the last five minutes, like deleting a post. */
function Person({ account }: { account: Account }) {
	const { user } = useAuth()
	const queries = useQueryClient()
	const { mutate, isPending, error } = useMutation({
		mutationFn: (roles: App['role'][]) => accounts.setRoles(account.id, roles),
		onSuccess: () => queries.invalidateQueries({ queryKey: ['accounts'] }),
	})
	const turn = (role: App['role'], on: boolean) => mutate(on ? [...account.roles, role] : account.roles.filter(other => other != role))
	return (
		<fieldset className="card" disabled={isPending || account.id == user?.id}>
			<legend>{account.name || account.email}</legend>
			<p className="quiet">{account.email}</p>
			<div className="row">
				{given.map(role => (
					<label key={role}>
						<input type="checkbox" checked={account.roles.includes(role)} onChange={e => turn(role, e.target.checked)} /> {role}
					</label>
				))}
			</div>
			<Problem error={error} />
		</fieldset>
	)
}
