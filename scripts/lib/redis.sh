# A Redis server of our own for one test run: private, on a port of chance, gone afterwards.

redis_dir=
redis_pid=

# start_redis starts it and exports GATEHOUSE_TEST_REDIS.
start_redis() {
	redis_dir=$(mktemp -d "${TMPDIR:-/tmp}/gatehouse-redis.XXXXXX")
	# A password, because the port is open to every user of this machine. It stands in a file, not among the arguments, which all can read.
	local password port
	password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	for _ in 1 2 3 4 5; do # a port may be taken
		port=$((20000 + RANDOM % 12000)) # below the ports that systems give to outgoing connections
		printf '%s\n' "port $port" 'bind 127.0.0.1' "requirepass $password" 'save ""' 'appendonly no' "dir $redis_dir" \
			>"$redis_dir/redis.conf"
		redis-server "$redis_dir/redis.conf" >"$redis_dir/server.log" 2>&1 </dev/null &
		redis_pid=$!
		if await_redis; then
			export GATEHOUSE_TEST_REDIS="redis://:$password@127.0.0.1:$port"
			return
		fi
	done
	cat "$redis_dir/server.log" >&2
	return 1
}

# await_redis waits until the server accepts connections, and is false if it ends instead.
await_redis() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		! grep -q 'Ready to accept connections' "$redis_dir/server.log" || return 0
		kill -0 "$redis_pid" 2>/dev/null || break
		sleep 0.1
	done
	stop_redis_server
	return 1
}

stop_redis_server() {
	[ -n "$redis_pid" ] || return 0
	kill -KILL "$redis_pid" 2>/dev/null || true
	wait "$redis_pid" 2>/dev/null || true
	redis_pid=
}

# stop_redis stops it, if it runs, and removes every trace.
stop_redis() {
	stop_redis_server
	[ -z "$redis_dir" ] || rm -rf "$redis_dir"
	redis_dir=
}
