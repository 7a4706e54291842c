#!/usr/bin/env bash
#
# Puts the gateway of examples/server under load and accounts for everything:
#
#     bash bench/server.sh                   # builds; 2000 connections, 60 s
#     bash bench/server.sh --seconds 5 --connections 200
#     bash bench/server.sh --server PATH     # with a server that is built
#     bash bench/server.sh --threads 4       # that run one io_context
#     bash bench/server.sh --io-contexts 4   # with a thread each
#
# Each request has a deadline. A random fifth of them time out, and in a random
# tenth the client hangs up. It exits with 0 only if every request is accounted
# for, by the clients and by the server, and the server has nothing left at the
# end: no request, context or descriptor, and no more memory than it had when
# the load was at its height.

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../examples/server/common.sh"
export LC_ALL=C

seconds=60
connections=2000
binary=
options=()
while (($# >= 2)); do
    case $1 in
    --seconds) seconds=$2 ;;
    --connections) connections=$2 ;;
    --threads | --io-contexts) options+=("$1" "$2") ;;
    --server) binary=$2 ;;
    *) break ;;
    esac
    shift 2
done
if (($# != 0)); then
    sed -n 's/^# \{0,1\}//; 3,9p' "$0" >&2
    exit 2
fi

[[ -n $binary ]] || build_server
load=$(dirname "$binary")/asioctx_example_load

# A connection and the watch of it take a descriptor each.
ulimit -n "$(ulimit -Hn)"
room=$(($(ulimit -n) / 3))
if [[ $room =~ ^[0-9]+$ ]] && ((connections > room)); then
    echo "There are descriptors for $room connections only."
    connections=$room
fi

dir=$(mktemp -d)
pids=()
cleanup()
{
    kill_all "${pids[@]}"
    rm -rf "$dir"
}
clean_up_at_exit

fail()
{
    echo "FAILED: $*" >&2
    tail -n 5 "$dir/log" "$dir/errors" >&2
    exit 1
}

rss() # in KiB
{
    awk '/^VmRSS/ { print $2 }' "/proc/$server/status"
}

# A client that hangs up may be back before the server has seen that it was gone.
: > "$dir/log"
"$binary" --port 0 --limit $((2 * connections)) --max-timeout 60s --grace 30s \
    "${options[@]}" > "$dir/log" 2> "$dir/errors" &
server=$!
pids+=("$server")
wait_for_port "$dir/log"
[[ $port ]] || fail "the server does not listen"

"$load" --port "$port" --connections "$connections" --seconds "$seconds" \
    > "$dir/load" 2>&1 &
client=$!
pids+=("$client")

# Memory grows to what the load needs in the first half, and then no more.
samples=()
for ((i = 0; i != seconds; ++i)); do
    sleep 1
    samples+=("$(rss)")
done
status=0
wait "$client" || status=$?
pids=("$server")
echo "clients: $(cat "$dir/load")"
kill -TERM "$server"
ended=0
wait "$server" || ended=$?
pids=()
echo "server:  $(grep '^shutdown:' "$dir/log")"
left=$(grep '^left:' "$dir/log" || true)
echo "server:  $left"
early=0
for size in "${samples[@]::(seconds + 1) / 2}"; do
    ((size <= early)) || early=$size
done
late=${samples[-1]}
echo "memory:  at most $early KiB in the first half, $late KiB at the end"

((status == 0)) || fail "requests are not accounted for"
((ended == 0)) || fail "the server's exit code is $ended"
[[ ! -s $dir/errors ]] || fail "the server complains"
[[ $(cat "$dir/load") =~ ^sent\ ([0-9]+):\ ([0-9]+)\ answered,\ ([0-9]+)\ timed\ out,\ 0\ refused,\ 0\ closed,\ ([0-9]+)\ hung\ up ]] \
    || fail "requests were refused"
sent=${BASH_REMATCH[1]}
((BASH_REMATCH[2] && BASH_REMATCH[3] && BASH_REMATCH[4])) \
    || fail "there was not every kind of request"
[[ $left == "left: 0 requests, 0 contexts, 0 descriptors; served $sent requests" ]] \
    || fail "the server has not served $sent requests, or something is left"
# A sanitizer keeps what was freed, or what it knows of it.
grep -q '__asan_init\|__tsan_init' "$binary" || ((late <= early + early / 20 + 256)) \
    || fail "memory grows"
echo "Every request is accounted for, and nothing is left."
