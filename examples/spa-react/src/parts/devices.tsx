/** Where somebody is signed in, and how to end that. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { client } from '../auth.ts'
import { Problem } from './form.tsx'
import { Waiting } from './waiting.tsx'

interface Device {
	id: string
	device: string
	lastSeen: string
	current: boolean
}

/** Devices may have the same name, so that a button says also when its own was seen. */
const seen = (time: string) => new Date(time).toLocaleString()

export function Devices() {
	const queries = useQueryClient()
	const { data, error, isPending } = useQuery({
		queryKey: ['devices'],
		queryFn: () => client.call<{ items: Device[] }>('/sessions', undefined, { method: 'GET' }).then(answer => answer.items),
	})
	const changed = () => queries.invalidateQueries({ queryKey: ['devices'] })
	const end = useMutation({ mutationFn: (id: string) => client.call('/sessions/' + id, undefined, { method: 'DELETE' }), onSuccess: changed })
	const endOthers = useMutation({ mutationFn: () => client.call('/logout-all', { except: 'current' }), onSuccess: changed })
	const busy = end.isPending || endOthers.isPending
	return (
		<section className="card">
			<h2>Where you are signed in</h2>
			<Problem error={error ?? end.error ?? endOthers.error} />
			{isPending && <Waiting />}
			<ul>
				{data?.map(({ id, device, lastSeen, current }) => (
					<li key={id} className="row">
						<span>
							{device} <span className="quiet">{current ? 'this one' : seen(lastSeen)}</span>
						</span>
						{!current && (
							<button type="button" aria-label={`Sign out ${device}, ${seen(lastSeen)}`} disabled={busy} onClick={() => end.mutate(id)}>
								Sign out
							</button>
						)}
					</li>
				))}
			</ul>
			{data && data.length > 1 && (
				<button type="button" disabled={busy} onClick={() => endOthers.mutate()}>
					Sign out all others
				</button>
			)}
		</section>
	)
}
