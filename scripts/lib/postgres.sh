# A PostgreSQL server of our own for one test run: private, on a port of chance, gone afterwards.

postgres_dir=

# start_postgres starts it and exports GATEHOUSE_TEST_POSTGRES.
start_postgres() {
	postgres_dir=$(mktemp -d /tmp/gatehouse-postgres.XXXXXX) # not TMPDIR: a socket's path is short, and the server's user must reach it
	# A password, because the port is open to every user of this machine and a superuser may run programs.
	local password port
	password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	echo "$password" >"$postgres_dir/password"
	[ "$(id -u)" != 0 ] || chown -R postgres "$postgres_dir"
	as_postgres initdb --no-instructions --username=postgres --pwfile="$postgres_dir/password" \
		--auth=password --encoding=UTF8 --locale=C -D "$postgres_dir/data" >"$postgres_dir/initdb.log" 2>&1 ||
		{ cat "$postgres_dir/initdb.log" >&2; return 1; }
	for _ in 1 2 3 4 5; do # a port may be taken
		port=$((20000 + RANDOM % 12000)) # below the ports that systems give to outgoing connections
		if as_postgres pg_ctl start --silent --wait --timeout=60 -D "$postgres_dir/data" -l "$postgres_dir/server.log" \
			-o "-p $port -h 127.0.0.1 -k $postgres_dir -c max_connections=300 -c fsync=on"; then
			export GATEHOUSE_TEST_POSTGRES="postgres://postgres:$password@127.0.0.1:$port/postgres?sslmode=disable"
			return
		fi
	done
	cat "$postgres_dir/server.log" >&2
	return 1
}

# stop_postgres stops it, if it runs, and removes every trace.
stop_postgres() {
	[ -n "$postgres_dir" ] || return 0
	if [ -f "$postgres_dir/data/postmaster.pid" ]; then
		as_postgres pg_ctl stop --silent --mode=immediate -D "$postgres_dir/data" || true
	fi
	rm -rf "$postgres_dir"
	postgres_dir=
}

# as_postgres runs a program of the server, which refuses to run as root.
as_postgres() {
	local program
	program="$(postgres_bin)/$1"
	shift
	if [ "$(id -u)" = 0 ]; then
		(cd "$postgres_dir" && runuser -u postgres -- "$program" "$@")
	else
		"$program" "$@"
	fi
}
