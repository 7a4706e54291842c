#!/usr/bin/env bash
#
# Builds the library and a small program with what this machine has for other
# platforms, and runs the program where it can be run; for Windows, the unit tests,
# the race programs and the examples as well:
#
#     bash .ci/everywhere.sh              # all
#     bash .ci/everywhere.sh windows      # one
#     JOBS=1 TESTS='^unit\.' bash .ci/everywhere.sh windows
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

# Wine's own files are here, too.
export WINEDEBUG=-all WINEPREFIX=$PWD/$root/wine
PATH=$PATH:/usr/lib/wine
jobs=${JOBS:-$(nproc)}

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

# The tests that link the library, under the toolchain's emulator.
tests() # <name> <command that is needed> <how to run> [<cmake argument>...]
{
    local name=$1 tree=$root/$1-tests log=$root/$1-tests.log passed
    if ! command -v "$2" > /dev/null || ! command -v "$3" > /dev/null; then
        row "$name, tests" "skipped, there is no $2 or no $3"
        return
    fi
    shift 3
    echo "==> $name, tests"
    if ! cmake -S . -B "$tree" -G Ninja -D CMAKE_CXX_COMPILER_LAUNCHER=ccache \
        -D ASIOCTX_BUILD_TESTS=ON -D ASIOCTX_BUILD_EXAMPLES=ON \
        "$@" > "$log" 2>&1; then
        tail -n 20 "$log"
        row "$name, tests" "FAILED to configure"
    elif ! cmake --build "$tree" -j "$jobs" \
        -t asioctx_unit asioctx_race asioctx_bare asioctx_examples \
        >> "$log" 2>&1; then
        grep -E 'error|undefined' "$log" | head -n 20
        row "$name, tests" "FAILED to build"
    elif ! ctest --test-dir "$tree" --output-on-failure --no-tests=error \
        -R "${TESTS:-^(unit|race|bare)\.|^example\.[0-9]}" | tee -a "$log"; then
        row "$name, tests" "FAILED when run"
    else
        passed=$(sed -n 's/.* out of \([0-9]*\)$/\1/p' "$log" | tail -n 1)
        row "$name, tests" "ran, $passed passed"
    fi
}

mingw=(
    -D CMAKE_TOOLCHAIN_FILE="$PWD/cmake/mingw.cmake"
    -D BOOST_ROOT="$PWD/$root/boost" -D Boost_NO_BOOST_CMAKE=ON
)

for name in "${names[@]}"; do
    case $name in
    windows)
        try "$name" x86_64-w64-mingw32-g++-posix wine64 "${mingw[@]}"
        tests "$name" x86_64-w64-mingw32-g++-posix wine64 "${mingw[@]}"
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
