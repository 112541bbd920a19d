# Named steps, one after the other. A failed step does not stop the next; the summary tells.

passed=0
failed=()
current= # the step under way
began=0
group= # its process group

begin() {
	current=$1 began=$SECONDS
	printf '\n== %s\n' "$current"
}

# finish STATUS closes the current step.
finish() {
	if (($1 == 0)); then
		passed=$((passed + 1))
		printf 'passed: %s (%d s)\n' "$current" $((SECONDS - began))
	else
		failed+=("$current")
		printf 'failed: %s (%d s, status %d)\n' "$current" $((SECONDS - began)) "$1"
	fi
	current=
}

# step NAME COMMAND... runs a command or function under errexit, without input and in a process group
# of its own, so that nothing it started outlives it.
step() {
	local status=0
	begin "$1"
	shift
	set -m
	(set +m; "$@") </dev/null &
	group=$!
	set +m
	wait "$group" || status=$?
	end_group "$group"
	group=
	finish "$status"
}

# end_group ID ends what is left of a process group.
end_group() {
	[ -z "$1" ] || kill -- "-$1" 2>/dev/null || true
}

# summary prints the last lines and is false if a step failed.
summary() {
	[ -z "$current" ] || finish 1
	printf '\n== summary (%d s)\n' "$SECONDS"
	((${#failed[@]} == 0)) || printf 'failed: %s\n' "${failed[@]}"
	printf '%d passed, %d failed\n' "$passed" "${#failed[@]}"
	((${#failed[@]} == 0))
}
