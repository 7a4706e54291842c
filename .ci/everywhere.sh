#!/usr/bin/env bash
#
# Builds the library and a small program with what this machine has for other
# platforms, and runs the program where it can be run:
#
#     bash .ci/everywhere.sh              # all
#     bash .ci/everywhere.sh windows      # one
#
# On Debian 12, all of it needs g++-mingw-w64-x86-64-posix, wine64, clang,
# libc++-14-dev, libc++abi-14-dev and g++-multilib. What is not here is skipped, and
# the table at the end says so. The exit status is 0 if nothing failed.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

names=("$@")
(($# > 0)) || names=(windows libc++ select no_threads handler_tracking i686)
root=build/everywhere
table=()
failed=0

export WINEDEBUG=-all
PATH=$PATH:/usr/lib/wine

# Boost's headers without the system's other ones.
boost=$(dirname "$(echo '#include <boost/version.hpp>' \
    | g++ -M -x c++ - | grep -o '/[^ ]*/boost/version.hpp')")
mkdir -p "$root/boost/include"
ln -sfn "$boost" "$root/boost/include/boost"

row() # <name> <what>
{
    table+=("$(printf '%-18s %s' "$1" "$2")")
    [[ $2 != FAILED* ]] || failed=1
}

try() # <name> <command that is needed> <how to run> [<cmake argument>...]
{
    local name=$1 needed=$2 run=$3 tree=$root/$1
    shift 3
    if ! command -v "$needed" > /dev/null; then
        row "$name" "skipped, there is no $needed"
        return
    fi
    echo "==> $name"
    if ! cmake -S test/consumer/add_subdirectory -B "$tree" -G Ninja \
        -D ASIOCTX_SOURCE_DIR="$PWD" -D CMAKE_CXX_COMPILER_LAUNCHER=ccache \
        "$@" > "$root/$name.log" 2>&1; then
        tail -n 20 "$root/$name.log"
        row "$name" "FAILED to configure"
        return
    elif ! cmake --build "$tree" >> "$root/$name.log" 2>&1; then
        grep -E 'error|undefined' "$root/$name.log" | head -n 20
        row "$name" "FAILED to build"
        return
    fi
    local program=$tree/consumer
    [[ ! -e $program.exe ]] || program+=.exe
    if [[ -n $run ]] && ! command -v "$run" > /dev/null; then
        row "$name" "compiled; not run, there is no $run"
    elif $run "$program" 2>> "$root/$name.log"; then
        row "$name" "ran"
    else
        row "$name" "FAILED when run"
    fi
}

for name in "${names[@]}"; do
    case $name in
    windows)
        try "$name" x86_64-w64-mingw32-g++-posix wine64 \
            -D CMAKE_TOOLCHAIN_FILE="$PWD/cmake/mingw.cmake" \
            -D BOOST_ROOT="$PWD/$root/boost" -D Boost_NO_BOOST_CMAKE=ON
        ;;
    libc++)
        try "$name" clang++ '' -D CMAKE_CXX_COMPILER=clang++ \
            -D CMAKE_CXX_FLAGS=-stdlib=libc++
        ;;
    select)
        try "$name" g++ '' -D CMAKE_CXX_FLAGS=-DBOOST_ASIO_DISABLE_EPOLL
        ;;
    no_threads)
        try "$name" g++ '' -D CMAKE_CXX_FLAGS=-DBOOST_ASIO_DISABLE_THREADS
        ;;
    handler_tracking)
        try "$name" g++ '' \
            -D CMAKE_CXX_FLAGS=-DBOOST_ASIO_ENABLE_HANDLER_TRACKING
        ;;
    i686)
        try "$name" g++ '' -D CMAKE_CXX_FLAGS=-m32 \
            -D BOOST_ROOT="$PWD/$root/boost" -D Boost_NO_BOOST_CMAKE=ON
        ;;
    *)
        row "$name" "FAILED, there is no such platform here"
        ;;
    esac
done

printf '%s\n' '' "${table[@]}"
exit "$failed"
