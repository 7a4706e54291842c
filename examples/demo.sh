#!/usr/bin/env bash
#
# Shows what contexts do in a gateway, and checks it:
#
#     bash examples/demo.sh                  # from a fresh clone: installs what
#                                            # is missing, builds, runs
#     bash examples/demo.sh --server PATH    # with a server that is built
#
# It sends real requests to examples/server, which asks two more of its kind and
# a Redis, tells what became of them, and exits with 0 only if each ended as it
# should. Without redis-server it leaves Redis out and says so.

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/server/common.sh"
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

[[ -n $binary ]] || build_server

# What a slow machine may add to any time that is checked here.
readonly slack=3000

# What SIGTERM is called: on Windows it is a Ctrl-C.
signal=Terminated
[[ ! -e $binary.exe ]] || signal='Signal 2'
readonly signal

load=$(dirname "$binary")/asioctx_example_load

dir=$(mktemp -d)
name=server    # whose log is looked at
declare -A pid=() port=()
declare -A seen=() # lines of the logs that belong to steps before this one
steps=0
line=   # what log_line() found
clients=()

# What a server said, a line for each request; and what it should not have said.
log()
{
    echo "$dir/$name.log"
}

errors()
{
    echo "$dir/$name.errors"
}

cleanup()
{
    kill_all "${pid[@]}" "${clients[@]}"
    rm -rf "$dir"
}
clean_up_at_exit

# Reporting.

fail() # <what> <expected> <seen>
{
    {
        printf '\nFAILED: %s\n  expected: %s\n  seen:     %s\n' "$@"
        for name in "${!pid[@]}"; do
            printf '\nThe log of %s:\n' "$name"
            tail -n 100 "$(log)" | sed 's/^/  /'
            if [[ -s $(errors) ]]; then
                printf '\nIts standard error:\n'
                sed 's/^/  /' "$(errors)"
            fi
        done
    } >&2
    exit 1
}

step() # <title>
{
    steps=$((steps + 1))
    local name
    for name in "${!pid[@]}"; do
        seen[$name]=$(wc -l < "$(log)")
    done
    printf '\n%d. %s\n' "$steps" "$1"
}

did()
{
    printf '   %-10s %s\n' "$1:" "$2"
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

# The logs.

# Does something with the log of another server.
on() # <name> <command>...
{
    local name=$1
    shift
    "$@"
}

new_lines()
{
    tail -n +$((seen[$name] + 1)) "$(log)"
}

find_line() # <regular expression>
{
    line=$(new_lines | grep -m 1 -xE "$1") && [[ $line ]]
}

log_line() # <regular expression>: a line of this step
{
    poll find_line "$1" || fail "the log of $name" "$1" "$(new_lines)"
    did "$name" "$line"
}

log_line_in() # <regular expression> <at least> <at most>: checks the time, too
{
    log_line "$1 in [0-9]+ms(, .*)?"
    [[ $line =~ in\ ([0-9]+)ms ]]
    check_ms "the time in the log of $name" "$2" "$3" "${BASH_REMATCH[1]}"
}

# The servers.

start() # <option>...
{
    : > "$(log)"
    seen[$name]=0
    "$binary" --port 0 "$@" > "$(log)" 2> "$(errors)" &
    pid[$name]=$!
    poll find_line 'listening on 127\.0\.0\.1:[0-9]+' \
        || fail "the first line of $name" "listening on 127.0.0.1:PORT" ""
    port[$name]=${line##*:}
    printf '\nA server is %s\n' "$line"
    did options "$*"
}

# A Redis on some port; if that is taken, on another.
start_redis()
{
    local name=redis try
    for try in 1 2 3 4 5; do
        port[redis]=$((20000 + RANDOM % 12000))
        : > "$(log)"
        seen[redis]=0
        redis-server --bind 127.0.0.1 --port "${port[redis]}" --save '' \
            --appendonly no --dir "$dir" --loglevel verbose \
            > "$(log)" 2> "$(errors)" &
        pid[redis]=$!
        if poll find_line '.*(Ready to accept connections.*|bind:.*)' \
            && [[ $line == *Ready* ]]; then
            printf '\nA Redis is listening on 127.0.0.1:%s\n' "${port[redis]}"
            return
        fi
        wait "${pid[redis]}" || true
    done
    fail "redis-server" "listens" "it does not"
}

is_gone()
{
    ! kill -0 "${pid[$name]}" 2> /dev/null
}

# The server must have ended, with success, without a word of complaint, and
# with nothing left.
check_end() # <started at> <at least> <at most> [<what was then>]
{
    local status=0
    poll is_gone || fail "the server" "ends" "it runs"
    local took=$(($(now) - $1))
    wait "${pid[$name]}" || status=$?
    unset "pid[$name]"
    log_line 'left: 0 requests, 0 contexts, 0 descriptors; served .*'
    check "the server's exit code" 0 "$status"
    check_ms "the time of the shutdown" "$2" "$3" "$took"
    check "the server's standard error" "" "$(cat "$(errors)")"
    did server "ended with exit code 0, ${took}ms after ${4:-the signal}"
}

# The clients.

curl() # <argument>...
{
    command curl -q --noproxy '*' --silent --show-error --max-time 30 "$@"
}

get() # <expected status> <expected body> <path> [<argument of curl>...]
{
    local url=http://127.0.0.1:${port[server]}$3 status expected=("$1" "$2")
    shift 3
    : > "$dir/body"
    did client "curl $url $*"
    status=$(curl -o "$dir/body" -w '%{http_code}' "$@" "$url") || true
    did client "$status $(cat "$dir/body")"
    check "the status that the client sees" "${expected[0]}" "$status"
    check "the body that the client sees" "${expected[1]}" "$(cat "$dir/body")"
}

get_in_background() # <name> <path>: the answer goes to the file <name>
{
    local url=http://127.0.0.1:${port[server]}$2
    did client "curl $url &"
    curl -w '%{http_code}' "$url" > "$dir/$1" 2>&1 &
    clients+=($!)
}

hang_up_after() # <seconds> <path>
{
    local url=http://127.0.0.1:${port[server]}$2 status=0
    did client "curl --max-time $1 $url"
    curl --max-time "$1" "$url" > "$dir/body" 2>&1 || status=$?
    did client "$(cat "$dir/body")"
    check "curl's exit code (28 is a timeout)" 28 "$status"
}

# Requests that the server is handling.
handles() # <number>
{
    [[ $(curl "http://127.0.0.1:${port[server]}/requests") == "$1" ]]
}

blocked_in_redis() # <number>
{
    redis-cli -p "${port[redis]}" info clients | tr -d '\r' \
        | grep -qx "blocked_clients:$1"
}

is_refused()
{
    local status=0
    curl "http://127.0.0.1:${port[server]}/hello" > "$dir/body" 2>&1 \
        || status=$?
    ((status == 7))
}

# The story.

on upstream1 start --max-timeout 400ms
on upstream2 start --max-timeout 1m
upstreams=(--upstream "${port[upstream1]}" --upstream "${port[upstream2]}")
redis=
if command -v redis-server redis-cli > /dev/null; then
    start_redis
    redis=yes
    upstreams+=(--redis "${port[redis]}")
else
    printf '\nThere is no redis-server here: the steps go without a Redis.\n'
fi
start "${upstreams[@]}" --grace 10s --max-timeout 2s --read-timeout 500ms

step "A request is answered. The gateway has asked all others at once."
get 200 "slept 50ms, slept 80ms, ${redis:+[0-9]+}" /fan-out/50/80/0
log_line_in 'GET /fan-out/50/80/0 finished 200' 80 $((80 + slack))
on upstream1 log_line_in 'GET /sleep/50 finished 200' 50 $((50 + slack))
on upstream2 log_line_in 'GET /sleep/80 finished 200' 80 $((80 + slack))

step "An upstream is too slow, and says so. The other calls are aborted at once."
get 504 'upstream 1: 504 The deadline has passed.*' /fan-out/60000/50000/40000
log_line_in 'GET /fan-out/60000/50000/40000 upstream failed 504' \
    400 1999
on upstream1 log_line_in 'GET /sleep/60000 deadline exceeded 504' \
    400 1999
on upstream2 log_line_in 'GET /sleep/50000 canceled by client' 0 1900
if [[ $redis ]]; then
    on redis log_line '.*Client closed connection.*'
    poll blocked_in_redis 0 || fail "clients that Redis blocks" 0 "another number"
fi

step "A request has a trace. It is in the logs of all who work on it."
trace=4bf92f3577b34da6a3ce929d0e0e4736
get 200 "slept 1ms, slept 2ms, .*" /fan-out/1/2/0 \
    -H "traceparent: 00-$trace-00f067aa0ba902b7-01"
log_line "GET /fan-out/1/2/0 finished 200 in .*, trace $trace"
on upstream1 log_line "GET /sleep/1 finished 200 in .*, trace $trace"
on upstream2 log_line "GET /sleep/2 finished 200 in .*, trace $trace"
get 200 hello /hello -H "traceparent: 00-${trace^^}-00f067aa0ba902b7-01"
log_line 'GET /hello finished 200 in .*, trace [0-9a-f]{32}'
[[ $line != *$trace ]] \
    || fail "the trace of a request with a malformed header" another "$line"

# The upstreams give up first, unless this machine is so slow that it takes the
# reserve to reach them.
step "A deadline passes. The upstreams have a bit less time than the gateway."
get 504 '(upstream [12]: 504 )?The deadline has passed.*' \
    /fan-out/9000/9000/9000 -H 'Request-Timeout: 250ms'
log_line_in 'GET /fan-out/9000/9000/9000 (upstream failed|deadline exceeded) 504' \
    200 $((250 + slack))

step "gRPC's header says the same."
get 504 'The deadline has passed. It waited for sleep.' /sleep/60000 \
    -H 'grpc-timeout: 250m'
log_line_in 'GET /sleep/60000 deadline exceeded 504' 250 $((250 + slack))

step "So do Connect's and Envoy's. The answer says that nobody is to ask again."
get 504 '\{"code":"deadline_exceeded"\}' /sleep/60000 -D "$dir/headers" \
    -H 'Connect-Timeout-Ms: 250' -H 'Connect-Protocol-Version: 1'
said=$(tr -d '\r' < "$dir/headers" | grep -E '^grpc-' | sort | paste -s -d ' ')
did client "$said"
check "what gRPC is told" 'grpc-retry-pushback-ms: -1 grpc-status: 4' "$said"
log_line_in 'GET /sleep/60000 deadline exceeded 504' 250 $((250 + slack))
get 504 'The deadline has passed. It waited for sleep.' /sleep/60000 \
    -H 'grpc-timeout: 9S' -H 'x-envoy-expected-rq-timeout-ms: 250'
log_line_in 'GET /sleep/60000 deadline exceeded 504' 250 $((250 + slack))

step "A client asks for more time than the server gives."
get 504 '.*' /sleep/60000 -H 'Request-Timeout: 1m'
log_line_in 'GET /sleep/60000 deadline exceeded 504' 2000 $((2000 + slack))

step "A header is malformed."
get 400 'The timeout is malformed: .*' /hello -H 'Request-Timeout: soon'
log_line 'GET /hello rejected 400 in .*'

step "A client hangs up. The upstreams see their calls aborted at once."
hang_up_after 0.3 /fan-out/60000/50000/40000
log_line_in 'GET /fan-out/60000/50000/40000 canceled by client' 0 1999
on upstream2 log_line_in 'GET /sleep/50000 canceled by client' 0 1999
[[ ! $redis ]] || on redis log_line '.*Client closed connection.*'

step "A client sends its next request before it has the answer to the first."
did client "GET /sleep/1000, and GET /hello while the server sleeps"
exec {socket}<> "/dev/tcp/127.0.0.1/${port[server]}"
printf 'GET /sleep/1000 HTTP/1.1\r\n\r\n' >&"$socket"
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
began=$(now)
exec {socket}<> "/dev/tcp/127.0.0.1/${port[server]}"
printf 'GET /hello HTTP/1.1\r\n' >&"$socket"
answers=$(timeout 10 cat <&"$socket" | tr -d '\r' | head -n 1)
exec {socket}>&-
did client "$answers"
check "the answer" 'HTTP/1.1 408 Request Timeout' "$answers"
# The log counts from the first bytes on, the server from when it could be sent any.
check_ms "the time until the client has the answer" 500 $((500 + slack)) \
    $(($(now) - began))
log_line_in '.* not received 408' 0 $((500 + slack))

step "SIGTERM, while one connection is open and idle: it is closed at once."
exec {socket}<> "/dev/tcp/127.0.0.1/${port[server]}"
printf 'GET /hello HTTP/1.1\r\n\r\n' >&"$socket"
log_line 'GET /hello finished 200 in .*'
began=$(now)
kill -TERM "${pid[server]}"
log_line "shutdown: signal $signal; 0 finished, 0 aborted, in .*"
check_end "$began" 0 9000 # the grace is 10 s
exec {socket}>&-

start --grace 20s
step "SIGTERM, while a request needs a bit of the grace: the server ends with it."
get_in_background last /sleep/1000
poll handles 1 || fail "requests that the server handles" 1 "another number"
did signal "kill -TERM ${pid[server]}"
kill -TERM "${pid[server]}"
log_line_in 'GET /sleep/1000 finished 200' 1000 $((1000 + slack))
wait "${clients[@]}" || true
clients=()
began=$(now)
last=$(paste -s -d ' ' "$dir/last")
did client "$last"
check "the answer to the last request" 'slept 1000ms 200' "$last"
log_line "shutdown: signal $signal; 1 finished, 0 aborted, in .*"
check_end "$began" 0 "$slack" "the last client's end"

start --drain 3s --grace 20s --max-timeout 20s

step "SIGTERM, while clients are still sent here. The server says that it is not ready,
   serves who comes, and tells them to go. After the drain, a new client is refused.
   What was begun by then ends."
get_in_background begun /sleep/6000
poll handles 1 || fail "requests that the server handles" 1 "another number"
get 200 ready /ready
did signal "kill -TERM ${pid[server]}"
kill -TERM "${pid[server]}"
get 503 'Shutting down.' /ready
curl -i "http://127.0.0.1:${port[server]}/hello" | tr -d '\r' > "$dir/body"
did client "a new one: $(head -n 1 "$dir/body"), $(grep -i '^Connection' "$dir/body")"
check "what a client that comes now is told" 'HTTP/1.1 200 OK' \
    "$(head -n 1 "$dir/body")"
grep -qx 'Connection: close' "$dir/body" \
    || fail "the answer during the drain" "Connection: close" "$(cat "$dir/body")"
poll is_refused || fail "a client after the drain" "is refused" "$(cat "$dir/body")"
did client "one that comes later is refused"
log_line_in 'GET /sleep/6000 finished 200' 6000 $((6000 + slack))
wait "${clients[@]}" || true
clients=()
began=$(now)
begun=$(paste -s -d ' ' "$dir/begun")
did client "/sleep/6000: $begun"
check "the answer to what was begun" 'slept 6000ms 200' "$begun"
log_line "shutdown: signal $signal; [0-9]+ finished, 0 aborted, in .*"
check_end "$began" 0 "$slack" "the last client's end"

start --grace 6s --max-timeout 1m --limit 2

step "Two requests are all that this server handles at a time. A third is refused.
   SIGTERM, while one needs less than the grace and one needs more."
get_in_background long /sleep/60000
poll handles 1 || fail "requests that the server handles" 1 "another number"
get_in_background short /sleep/4000
poll handles 2 || fail "requests that the server handles" 2 "another number"
get 503 'There are too many requests.' /hello
log_line 'GET /hello refused 503 in .*'
curl -i "http://127.0.0.1:${port[server]}/hello" | tr -d '\r' > "$dir/body"
grep -qx 'Retry-After: 1' "$dir/body" \
    || fail "the header of a refusal" "Retry-After: 1" "$(cat "$dir/body")"
did signal "kill -TERM ${pid[server]}"
began=$(now)
kill -TERM "${pid[server]}"
poll is_refused || fail "a new client" "is refused" "$(cat "$dir/body")"
grep -q shutdown "$(log)" && fail "the server" "runs for the grace" "it has ended"
did client "a new one is refused"
log_line_in 'GET /sleep/4000 finished 200' 4000 $((4000 + slack))
log_line_in "GET /sleep/60000 canceled by signal $signal 503" 6000 20000
log_line "shutdown: signal $signal; 1 finished, 1 aborted, in [0-9]+ms; GET /sleep/60000 waited for sleep"
check_end "$began" 6000 $((6000 + slack))
wait "${clients[@]}" || true
clients=()
short=$(paste -s -d ' ' "$dir/short")
long=$(paste -s -d ' ' "$dir/long")
did client "/sleep/4000: $short"
did client "/sleep/60000: $long"
check "the answer to the short request" 'slept 4000ms 200' "$short"
check "the answer to the long request" '.* 503' "$long"

start --grace 1s --max-timeout 1m --report-stuck 500ms --debug-port 0
debug=$(grep -o 'debug on .*' "$(log)")

step "SIGTERM, while a request waits for what cannot be canceled.
   The server says what holds it up, and where in the source that was begun."
get_in_background stuck /old/4000
poll handles 1 || fail "requests that the server handles" 1 "another number"
did signal "kill -TERM ${pid[server]}"
kill -TERM "${pid[server]}"
log_line 'asioctx: held up for .*: [0-9] operations? asked and not ended'
log_line "canceled .* ago, main\.cpp:[0-9]+, $signal"
log_line '.* ask_old_library +handlers\.cpp:[0-9]+ +never heard: it cannot be canceled; use detach_on_cancel'
log_line ' +below server > with_grace\(1s\) > GET /old/4000 > .*'
shown=$(curl "http://${debug#debug on }/debug/contexts?format=text")
[[ $shown == *"GET /old/4000"*ask_old_library*"never heard"* ]] \
    || fail "/debug/contexts" "the same" "$shown"
did client "http://${debug#debug on }/debug/contexts shows the same"
log_line_in 'GET /old/4000 finished 200' 4000 $((4000 + slack))
wait "${clients[@]}" || true
clients=()
began=$(now)
check_end "$began" 0 "$slack" "the last client's end"

start --grace 20s --max-timeout 30s
step "SIGTERM, while 50 clients send requests: none is lost."
"$load" --port "${port[server]}" --connections 50 --seconds 10 \
    > "$dir/load" 2>&1 &
clients+=($!)
served() # <number>
{
    (($(new_lines | wc -l) >= $1))
}
poll served 300 || fail "requests that were served" 300 "$(new_lines | wc -l)"
did signal "kill -TERM ${pid[server]}"
began=$(now)
kill -TERM "${pid[server]}"
status=0
wait "${clients[@]}" || status=$?
clients=()
did clients "$(cat "$dir/load")"
check "what has become of the requests" \
    'sent [0-9]+: [0-9]+ answered, .* 0 wrong' "$(cat "$dir/load")"
check "the exit code of the clients" 0 "$status"
log_line "shutdown: signal $signal; [0-9]+ finished, 0 aborted, in .*"
check_end "$began" 0 20000
answers=$(grep -cE '^GET .* [0-9]{3} in [0-9]+ms(, waited for [a-z]+)?, trace [0-9a-f]{32}$' "$(log)")
[[ $(cat "$dir/load") =~ :\ ([0-9]+)\ answered,\ ([0-9]+)\ timed\ out,\ ([0-9]+)\ refused ]]
check "answers that the server has sent, and the clients have received" \
    "$answers" $((BASH_REMATCH[1] + BASH_REMATCH[2] + BASH_REMATCH[3]))
did counted "$answers answers were sent, and as many received"

if command -v openssl > /dev/null; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -days 1 -subj /CN=gateway -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$dir/key" -out "$dir/certificate" 2> "$dir/body" \
        || fail "openssl" "makes a certificate" "$(cat "$dir/body")"
    start --certificate "$dir/certificate" --key "$dir/key"
    step "The same with TLS: a request is answered, a client hangs up."
    url=https://127.0.0.1:${port[server]}
    answers=$(curl --cacert "$dir/certificate" "$url/hello") || true
    did client "$answers"
    check "the answer over TLS" hello "$answers"
    log_line 'GET /hello finished 200 in .*'
    # On Wine, TLS' last word to the server hides that the client has gone.
    if [[ ! -e $binary.exe ]]; then
        curl --cacert "$dir/certificate" --max-time 0.3 "$url/sleep/60000" \
            > "$dir/body" 2>&1 || true
        log_line_in 'GET /sleep/60000 canceled by client' 0 1999
    fi
    began=$(now)
    kill -TERM "${pid[server]}"
    check_end "$began" 0 "$slack"
fi

printf '\nAll %d steps ended as they should.\n' "$steps"
