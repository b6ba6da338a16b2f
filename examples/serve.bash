# What the examples' `run` scripts share: a temporary folder, servers that end with the script, and the bridge before them. Each begins with
# `. "$(dirname "$0")/../serve.bash"`. These variables of the environment change what is started:
#   LDAP_PORT               of the directory; 3890
#   SCIMBRIDGE_ACCESS_TOKEN what clients show; try-it-yourself
# and those of the bridge's configuration besides.
set -euo pipefail
example=$(cd "$(dirname "$0")" && pwd)
cd "$example/../.."
port=${LDAP_PORT:-3890}
export SCIMBRIDGE_ACCESS_TOKEN=${SCIMBRIDGE_ACCESS_TOKEN:-try-it-yourself}
dir=$(mktemp -d "${TMPDIR:-/tmp}/scimbridge.XXXXXX")
pids=()

# stop ends the server that was started last.
stop() {
	local pid=${pids[-1]}
	unset 'pids[-1]'
	kill "$pid" 2>/dev/null || true # it may have ended
	wait "$pid" 2>/dev/null || true
}
end() {
	trap '' INT TERM
	while [ ${#pids[@]} -gt 0 ]; do stop; done
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# free ends the script where something listens at one of the ports already: it would be taken for the example's own server.
free() {
	local at
	for at in "$@"; do
		(exec 3<>"/dev/tcp/127.0.0.1/$at") 2>/dev/null || continue
		echo "127.0.0.1:$at is in use. Stop what listens there; LDAP_PORT names another port, but not for Samba." >&2
		exit 1
	done
}
# start starts a server that stays in the foreground; what it says stands in $dir/said.
start() {
	"$@" >>"$dir/said" 2>&1 &
	pids+=($!)
}
# answers waits until the command succeeds, while the server that was started last runs.
answers() {
	until "$@" >/dev/null 2>&1; do
		kill -0 "${pids[-1]}" 2>/dev/null || { cat "$dir/said" >&2; exit 1; }
		sleep 0.1
	done
}
# slapd loads the LDIF and starts a slapd as the slapd.conf says, with its data in $dir.
slapd() {
	free "$port"
	mkdir "$dir/data"
	sed "s|^directory .*|directory $dir/data|" "$1" >"$dir/slapd.conf"
	/usr/sbin/slapadd -q -f "$dir/slapd.conf" -l "$2"
	start /usr/sbin/slapd -f "$dir/slapd.conf" -h "ldap://127.0.0.1:$port" -d none
	answers ldapsearch -x -H "ldap://127.0.0.1:$port" -b '' -s base
}
# environment is what the program's other commands (journal, undo, hold, token) need to find the store and the directory.
environment() {
	local name
	printf 'export PATH=%q:$PATH STATE_DIRECTORY=%q SCIMBRIDGE_CONFIG=%q\n' "$dir" "$dir/store" "$example/scimbridge.yaml"
	for name in "${!SCIMBRIDGE_DIRECTORY_@}"; do printf 'export %s=%q\n' "$name" "${!name}"; done
}
# bridge serves before the directory until Ctrl-C, or until one of the two ends.
bridge() {
	echo 'Building the bridge, which takes a minute or more the first time.' >&2
	GOTMPDIR=$dir go build -o "$dir/scimbridge" ./cmd/scimbridge
	mkdir "$dir/store" # as systemd makes it for the store
	environment >"$dir/environment"
	echo "What is done stands in the journal. In another terminal: . $dir/environment; scimbridge journal list" >&2
	STATE_DIRECTORY=$dir/store "$dir/scimbridge" serve --config "$example/scimbridge.yaml" &
	pids+=($!)
	local status=0
	wait -n "${pids[@]}" || status=$?
	kill -0 "${pids[0]}" 2>/dev/null || cat "$dir/said" >&2 # the directory ended first
	return $status
}
