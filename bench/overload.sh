#!/usr/bin/env bash
#
# Overloads the gateway of examples/server, without and with its limiter:
#
#     bash bench/overload.sh                 # builds; 10 s for each figure
#     bash bench/overload.sh --seconds 5
#     bash bench/overload.sh --server PATH   # with a server that is built
#
# Behind the gateway is a service that does 8 things at a time, each of which
# takes 100 ms: 80 in a second. It knows nothing of deadlines. Requests come at
# up to three times that rate, and each has a second. So little is asked of the
# machine itself.

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../examples/server/common.sh"
export LC_ALL=C

seconds=10
binary=
while (($# >= 2)); do
    case $1 in
    --seconds) seconds=$2 ;;
    --server) binary=$2 ;;
    *) break ;;
    esac
    shift 2
done
if (($# != 0)); then
    sed -n 's/^# \{0,1\}//; 3,7p' "$0" >&2
    exit 2
fi

[[ -n $binary ]] || build_server
load=$(dirname "$binary")/asioctx_example_load
ulimit -n "$(ulimit -Hn)"

dir=$(mktemp -d)
pids=()
cleanup()
{
    kill_all "${pids[@]}"
    rm -rf "$dir"
}
clean_up_at_exit

run() # <name> <rate> <option of the server>...
{
    local name=$1 rate=$2 port refused at_once
    shift 2
    : > "$dir/log" # the last one's
    "$binary" --port 0 --grace 100ms "$@" > "$dir/log" &
    pids=("$!")
    wait_for_port "$dir/log"
    "$load" --port "$port" --rate "$rate" --seconds "$seconds" > "$dir/load"
    kill -TERM "${pids[0]}"
    wait "${pids[0]}" || true
    pids=()
    refused=$(grep -c ' refused 503 ' "$dir/log" || true)
    at_once=$(grep -cE ' refused 503 in 0ms(,|$)' "$dir/log" || true)
    printf '%-14s %5s/s  %s; by the server, %s of %s within 1 ms\n' \
        "$name" "$rate" "$(cat "$dir/load")" "$at_once" "$refused"
    goodput=$(sed 's/.*goodput \([0-9]*\).*/\1/' "$dir/load")
}

best=0
for rate in 40 80 120 240; do
    run "no limit" "$rate" --limit 1000000
    ((goodput <= best)) || best=$goodput
done
# Who is overtaken by as many as the queue has is told so: that is to be soon.
for options in '--queue 1000 --order oldest' '--queue 8 --order newest'; do
    for rate in 40 80 120 240; do
        # shellcheck disable=SC2086 # these are several
        run "limit, ${options##* }" "$rate" --limit 8 $options
        ((goodput <= best)) || best=$goodput
    done
    echo "goodput at three times the capacity: $((100 * goodput / best)) % of the best"
done
for rate in 40 80 120 240; do
    run "adaptive" "$rate" --limit 50 --queue 1000 --target 200ms
done
echo "goodput at three times the capacity: $((100 * goodput / best)) % of the best"
