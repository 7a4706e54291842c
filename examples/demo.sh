#!/usr/bin/env bash
#
# Shows what contexts do in a server, and checks it:
#
#     bash examples/demo.sh                  # from a fresh clone: installs what
#                                            # is missing, builds, runs
#     bash examples/demo.sh --server PATH    # with a server that is built
#
# It sends real requests to examples/server, tells what became of them, and
# exits with 0 only if each ended as it should.

set -euo pipefail
export LC_ALL=C

usage()
{
    echo "usage: bash examples/demo.sh [--server PATH]" >&2
    exit 2
}

binary=
if (($# == 2)) && [[ $1 == --server ]]; then
    binary=$2
elif (($# != 0)); then
    usage
fi

if [[ -z $binary ]]; then
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    bash cmake/install-deps.sh
    cmake --preset release
    cmake --build --preset release --target asioctx_example_server
    binary=build/release/examples/server/asioctx_example_server
fi

# What a slow machine may add to any time that is checked here.
readonly slack=3000

dir=$(mktemp -d)
log=$dir/log       # what the server said, a line for each request
errors=$dir/errors # what it should not have said
server=            # its process
port=
seen=0  # lines of the log that belong to steps before this one
steps=0
line=   # what log_line() found
clients=()

cleanup()
{
    local pid
    for pid in $server "${clients[@]}"; do
        kill -KILL "$pid" 2> /dev/null || true
        wait "$pid" 2> /dev/null || true
    done
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Reporting.

fail() # <what> <expected> <seen>
{
    {
        printf '\nFAILED: %s\n  expected: %s\n  seen:     %s\n' "$@"
        printf '\nThe whole log of the server:\n'
        sed 's/^/  /' "$log"
        if [[ -s $errors ]]; then
            printf '\nIts standard error:\n'
            sed 's/^/  /' "$errors"
        fi
    } >&2
    exit 1
}

step() # <title>
{
    steps=$((steps + 1))
    seen=$(wc -l < "$log")
    printf '\n%d. %s\n' "$steps" "$1"
}

did()
{
    printf '   %-8s %s\n' "$1:" "$2"
}

check() # <what> <regular expression> <seen>
{
    [[ $3 =~ ^($2)$ ]] || fail "$1" "$2" "$3"
}

check_ms() # <what> <at least> <at most> <seen>
{
    (($4 >= $2 && $4 <= $3)) || fail "$1" "$2 to $3 ms" "$4 ms"
}

now() # in ms
{
    echo $((${EPOCHREALTIME/./} / 1000))
}

# Waits until a command succeeds, at most ten seconds.
poll()
{
    local end=$(($(now) + 10000))
    until "$@"; do
        (($(now) < end)) || return 1
        sleep 0.02
    done
}

# The server's log.

find_line() # <regular expression>
{
    line=$(tail -n +$((seen + 1)) "$log" | grep -m 1 -xE "$1") && [[ $line ]]
}

log_line() # <regular expression>: a line of this step
{
    poll find_line "$1" \
        || fail "the server's log" "$1" "$(tail -n +$((seen + 1)) "$log")"
    did server "$line"
}

log_line_in() # <regular expression> <at least> <at most>: checks the time, too
{
    log_line "$1 in [0-9]+ms"
    [[ $line =~ ([0-9]+)ms$ ]]
    check_ms "the time in the server's log" "$2" "$3" "${BASH_REMATCH[1]}"
}

# The server.

start() # <option>...
{
    : > "$log"
    seen=0
    "$binary" --port 0 "$@" > "$log" 2> "$errors" &
    server=$!
    poll find_line 'listening on 127\.0\.0\.1:[0-9]+' \
        || fail "the server's first line" "listening on 127.0.0.1:PORT" ""
    port=${line##*:}
    printf '\nA server is %s\n' "$line"
    did options "$*"
}

is_gone()
{
    ! kill -0 "$server" 2> /dev/null
}

# The server must have ended, with success and without a word of complaint.
check_end() # <started at> <at least> <at most>
{
    local status=0
    poll is_gone || fail "the server" "ends" "it runs"
    local took=$(($(now) - $1))
    wait "$server" || status=$?
    server=
    check "the server's exit code" 0 "$status"
    check_ms "the time of the shutdown" "$2" "$3" "$took"
    check "the server's standard error" "" "$(cat "$errors")"
    did server "ended with exit code 0, ${took}ms after the signal"
}

# The clients.

curl() # <argument>...
{
    command curl -q --noproxy '*' --silent --show-error --max-time 30 "$@"
}

get() # <expected status> <expected body> <path> [<header>]
{
    local url=http://127.0.0.1:$port$3 status
    : > "$dir/body"
    did client "curl ${4:+-H \"$4\" }$url"
    status=$(curl -o "$dir/body" -w '%{http_code}' ${4:+-H "$4"} "$url") || true
    did client "$status $(cat "$dir/body")"
    check "the status that the client sees" "$1" "$status"
    check "the body that the client sees" "$2" "$(cat "$dir/body")"
}

get_in_background() # <name> <path>: the answer goes to the file <name>
{
    did client "curl http://127.0.0.1:$port$2 &"
    curl -w '%{http_code}' "http://127.0.0.1:$port$2" > "$dir/$1" 2>&1 &
    clients+=($!)
}

# Requests that the server is handling, without the one that asks.
handles() # <number>
{
    [[ $(curl "http://127.0.0.1:$port/requests") == $(($1 + 1)) ]]
}

is_refused()
{
    local status=0
    curl "http://127.0.0.1:$port/hello" > "$dir/body" 2>&1 || status=$?
    ((status == 7))
}

# The story.

start --grace 10s --max-timeout 2s --read-timeout 500ms

step "A request is answered."
get 200 'slept 50ms' /sleep/50
log_line_in 'GET /sleep/50 finished 200' 50 $((50 + slack))

step "A deadline passes. All three things that the handler awaits are aborted."
get 504 '.*' /fanout/5000 'Request-Timeout: 250ms'
log_line_in 'GET /fanout/5000 deadline exceeded 504' 250 $((250 + slack))

step "gRPC's header says the same."
get 504 '.*' /sleep/60000 'grpc-timeout: 250m'
log_line_in 'GET /sleep/60000 deadline exceeded 504' 250 $((250 + slack))

step "A client asks for more time than the server gives."
get 504 '.*' /sleep/60000 'Request-Timeout: 1m'
log_line_in 'GET /sleep/60000 deadline exceeded 504' 2000 $((2000 + slack))

step "A header is malformed."
get 400 'The timeout is malformed: .*' /hello 'Request-Timeout: soon'
log_line 'GET /hello rejected 400 in .*'

step "A client does not wait for the answer."
status=0
did client "curl --max-time 0.3 http://127.0.0.1:$port/sleep/60000"
curl --max-time 0.3 "http://127.0.0.1:$port/sleep/60000" > "$dir/body" 2>&1 \
    || status=$?
did client "$(cat "$dir/body")"
check "curl's exit code (28 is a timeout)" 28 "$status"
log_line_in 'GET /sleep/60000 canceled by client' 0 1999

step "A client sends its next request before it has the answer to the first."
did client "GET /sleep/1000, and GET /hello while the server sleeps"
exec {socket}<> "/dev/tcp/127.0.0.1/$port"
printf 'GET /sleep/1000 HTTP/1.1\r\n\r\n' >&"$socket"
poll handles 1 || fail "requests that the server handles" 1 "another number"
printf 'GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n' >&"$socket"
answers=$(timeout 10 cat <&"$socket" | tr -d '\r' | grep -E '^(HTTP|slept|hello)' \
    | paste -s -d ' ')
exec {socket}>&-
did client "$answers"
check "the answers" 'HTTP/1.1 200 OK slept 1000ms HTTP/1.1 200 OK hello' \
    "$answers"
log_line_in 'GET /sleep/1000 finished 200' 1000 $((1000 + slack))
log_line 'GET /hello finished 200 in .*'

step "A client does not finish its request."
did client "GET /hello, and no end of the header"
exec {socket}<> "/dev/tcp/127.0.0.1/$port"
printf 'GET /hello HTTP/1.1\r\n' >&"$socket"
answers=$(timeout 10 cat <&"$socket" | tr -d '\r' | head -n 1)
exec {socket}>&-
did client "$answers"
check "the answer" 'HTTP/1.1 408 Request Timeout' "$answers"
log_line_in '.* not received 408' 500 $((500 + slack))

step "SIGTERM, while one connection is open and idle: it is closed at once."
exec {socket}<> "/dev/tcp/127.0.0.1/$port"
printf 'GET /hello HTTP/1.1\r\n\r\n' >&"$socket"
log_line 'GET /hello finished 200 in .*'
began=$(now)
kill -TERM "$server"
log_line 'shutdown: signal Terminated; 0 finished, 0 aborted .*'
check_end "$began" 0 9000 # the grace is 10 s
exec {socket}>&-

start --grace 3s --max-timeout 1m

step "SIGTERM, while one request needs less than the grace and one needs more."
get_in_background long /sleep/60000
poll handles 1 || fail "requests that the server handles" 1 "another number"
get_in_background short /sleep/1500
poll handles 2 || fail "requests that the server handles" 2 "another number"
did signal "kill -TERM $server"
began=$(now)
kill -TERM "$server"
poll is_refused || fail "a new client" "is refused" "$(cat "$dir/body")"
grep -q shutdown "$log" && fail "the server" "runs for the grace" "it has ended"
did client "a new one is refused"
log_line_in 'GET /sleep/1500 finished 200' 1500 $((1500 + slack))
log_line_in 'GET /sleep/60000 canceled by signal Terminated 503' 3000 20000
log_line 'shutdown: signal Terminated; 1 finished, 1 aborted after a grace of 3000ms'
check_end "$began" 3000 $((3000 + slack))
wait "${clients[@]}" || true
clients=()
short=$(paste -s -d ' ' "$dir/short")
long=$(paste -s -d ' ' "$dir/long")
did client "/sleep/1500: $short"
did client "/sleep/60000: $long"
check "the answer to the short request" 'slept 1500ms 200' "$short"
check "the answer to the long request" '.* 503' "$long"

printf '\nAll %d steps ended as they should.\n' "$steps"
