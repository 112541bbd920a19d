# The linters, built once into the user's cache: as slow to build as they are quick to run.

tools=${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse/bin
tools_log=
tools_builder= # the background build's process group

# start_tools LOG builds what the cache lacks, gently, while other steps run.
start_tools() {
	tools_log=$1
	set -m
	(set +m; build_tools) >"$tools_log" 2>&1 </dev/null &
	tools_builder=$!
	set +m
}

build_tools() {
	build_tool golang.org/x/vuln v1.9.0 cmd/govulncheck
	build_tool github.com/golangci/golangci-lint/v2 v2.15.0 cmd/golangci-lint
}

# build_tool MODULE VERSION PACKAGE builds it unless the cache has it, made by the Go of today.
build_tool() {
	local built
	built=$(go version -m "$tools/${3##*/}" 2>/dev/null || true)
	case $built in
	*": $(go env GOVERSION)"*mod$'\t'"$1"$'\t'"$2"$'\t'*) return ;;
	esac
	GOBIN=$tools nice -n 10 go install "$1/$3@$2"
}

# await_tools is the step that waits for them; only the shell that started a job can.
await_tools() {
	local status=0
	begin 'lint tools'
	wait "$tools_builder" || status=$?
	tools_builder=
	((status == 0)) || cat "$tools_log"
	finish "$status"
}
