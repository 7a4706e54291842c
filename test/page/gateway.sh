#!/usr/bin/env bash
#
# Opens the page of a real gateway that is under load and has a request that does
# not end, as test.mjs says:
#
#     bash test/page/gateway.sh <server> <load>
#     bash test/page/gateway.sh build/release/examples/server/asioctx_example_{server,load}

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

server=$1 load=$2
log=$(mktemp)
pids=()
finish()
{
    kill "${pids[@]}" 2> /dev/null || true
    wait "${pids[@]}" 2> /dev/null || true
    rm -f "$log"
}
trap finish EXIT

"$server" --port 0 --debug-port 0 --max-timeout 10m > "$log" &
pids+=($!)
for ((i = 0; i != 100; ++i)); do
    grep -q listening "$log" && break
    sleep 0.1
done
port=$(sed -n 's/^listening on .*://p' "$log")
debug=$(sed -n 's/^debug on //p' "$log")

# Its deadline passes, and what it waits for goes on.
curl -q -s -H 'Request-Timeout: 100ms' "http://127.0.0.1:$port/old/120000" \
    > /dev/null &
pids+=($!)
"$load" --port "$port" --connections 50 --seconds 120 > /dev/null 2>&1 &
pids+=($!)
bash test/page/test.sh --url "http://$debug/debug/contexts"
