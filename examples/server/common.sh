# What the scripts share that run the example server. To be sourced.

# Builds the server and the load program, from anywhere in the project; sets
# $binary.
build_server()
{
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    bash cmake/install-deps.sh demo
    cmake -S . -B build/demo -G Ninja -D CMAKE_BUILD_TYPE=Release \
        -D ASIOCTX_BUILD_EXAMPLES=ON
    cmake --build build/demo \
        --target asioctx_example_server --target asioctx_example_load
    binary=build/demo/examples/server/asioctx_example_server
}

# Calls cleanup when the script ends, and when it is interrupted.
clean_up_at_exit()
{
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

kill_all() # <process id>...
{
    local p
    for p in "$@"; do
        kill -KILL "$p" 2> /dev/null || true
        wait "$p" 2> /dev/null || true
    done
}

# Sets $port to what a server that was just started has written to its log; to
# nothing if it does not listen.
wait_for_port() # <log>
{
    local i
    for ((i = 0; i != 500; ++i)); do
        port=$(sed -n 's/^listening on .*://p' "$1")
        [[ -z $port ]] || break
        sleep 0.02
    done
}
