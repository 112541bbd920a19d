# The packages for browsers and the examples that use them. They wait for browsers and servers more than they work, so they
# run beside those tests in Go that wait, too.

sdk_log=
sdk_runner= # the process group of the run under way

# start_sdk LOG PROGRAM begins, with the program that was built and passwords that cost little.
start_sdk() {
	sdk_log=$1
	set -m
	(set +m; GATEHOUSE_TEST_BINARY=$2 GATEHOUSE_PASSWORD_HASH=m=64,t=1,p=1 sdk) >"$sdk_log" 2>&1 </dev/null &
	sdk_runner=$!
	set +m
}

sdk() {
	local install='npm ci --silent --no-audit --no-fund --ignore-scripts' failed=
	part 'install' sdk $install || return 1
	part 'check' sdk npm run check --silent || failed=yes
	part 'tests' sdk npm test --silent || failed=yes
	part 'cases in Chromium' sdk/e2e npm test --silent || failed=yes
	for example in express spa-react; do
		part "$example: install" "examples/$example" $install || failed=yes
		part "$example: tests" "examples/$example" npm test --silent || failed=yes
	done
	part 'nextjs: tests' examples/nextjs npm test --silent || failed=yes # which installs what it needs
	# Next 15 too, in short: who gets in, who is taken for whom, whether cookies grow. All cases would take a minute more.
	part 'nextjs: tests on Next 15' examples/nextjs npm test --silent -- --next 15.5.29 --short || failed=yes
	[ -z "$failed" ]
}

# part NAME FOLDER COMMAND... runs a command in a folder, and says how long it took. What the command said is shown
# where it failed: the rest would hide that.
part() {
	local name=$1 folder=$2 began=$SECONDS status=0
	shift 2
	(cd "$folder" && limited "$@") >"$sdk_log.part" 2>&1 || status=$?
	((status == 0)) || { printf '\n-- %s\n' "$name" && cat "$sdk_log.part"; }
	printf -- '-- %s: status %d (%d s)\n' "$name" "$status" $((SECONDS - began))
	return "$status"
}

# limited runs a command for a quarter of an hour at the most, where the system can say so.
limited() {
	if command -v timeout >/dev/null; then timeout --foreground --kill-after=10 15m "$@"; else "$@"; fi
}

# await_sdk is the step that waits for all of it, and shows what came of it.
await_sdk() {
	local status=0
	begin 'SDK and its examples'
	wait "$sdk_runner" || status=$?
	end_group "$sdk_runner"
	sdk_runner=
	cat "$sdk_log"
	finish "$status"
}
