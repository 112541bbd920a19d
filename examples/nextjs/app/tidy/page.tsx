import { TidyButton } from './tidy-button'

/** A page that no matcher knows and that guards nothing: its action guards itself. */
export default function Tidy() {
	return (
		<>
			<h1>Tidy up</h1>
			<TidyButton />
		</>
	)
}
