#!/usr/bin/env bash
#
# Builds and tests on several Boosts, each with several compilers:
#
#     bash .ci/boost-matrix.sh                      # all
#     bash .ci/boost-matrix.sh 1.88 newest          # these Boosts
#     CXX=clang++ bash .ci/boost-matrix.sh 1.81     # with this compiler alone
#     TARGETS=asioctx_unit TESTS='^unit\.' bash .ci/boost-matrix.sh 1.88
#     RECORD=1 bash .ci/boost-matrix.sh             # keep the operations' results
#
# All Boosts are built with g++, and the oldest and the newest with clang++ as
# well, without debug information. The tree of a Boost is
# build/boost-<version>-<compiler>. A Boost or a compiler that is not to be had
# here is skipped, and the summary says so. So are the tests of Boost.MySQL,
# Boost.Redis and Boost.MQTT5 if there is no MariaDB, Redis or mosquitto. The exit
# status is 0 if nothing failed.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

versions=("$@")
(($# > 0)) || versions=(1.81 1.83 1.88 newest)
read -r -a targets <<< "${TARGETS:-all}"
jobs=${JOBS:-$(nproc)}

summary=()
failed=0

note() # <text>
{
    echo "==> $1"
    summary+=("$1")
}

# Boost.Context, and what Boost.MySQL needs where Debian has it.
libraries_of() # <version>
{
    echo context
    [[ $1 != 1.88 ]] || echo charconv
}

keep_results() # <version> <tree>
{
    local program record
    for program in "$2"/test/matrix/asioctx_matrix_*; do
        record=(python3 test/matrix/matrix.py record "$1" "$program")
        case $program in
        *_mysql | *_redis | *_mqtt5)
            record=(python3 test/matrix/servers.py "${program##*_}"
                "${record[@]}")
            ;;
        esac
        "${record[@]}" || echo "nothing is kept of $program" >&2
    done
    python3 test/matrix/matrix.py page
}

try() # <version> <compiler>
{
    local name="Boost $1, $2" tree=build/boost-$1-$2 include start=$SECONDS
    local status=0 kept libraries
    if ! command -v "$2" > /dev/null; then
        note "$name: skipped, there is no $2"
        return
    fi
    mapfile -t libraries < <(libraries_of "$1")
    include=$(bash .ci/fetch-boost.sh "$1" "build/boost/$1" \
        "${libraries[@]}") || status=$?
    if ((status == 2)); then
        note "$name: skipped, there is no such Boost"
        return
    elif ((status != 0)); then
        note "$name: FAILED to fetch"
        failed=1
        return
    fi
    kept=$(sed -n 's/^#define BOOST_LIB_VERSION "1_\([0-9]*\).*/1.\1/p' \
        "$include/boost/version.hpp")
    if ! cmake --preset dev -B "$tree" -D CMAKE_CXX_COMPILER="$2" \
        -D CMAKE_CXX_FLAGS_DEBUG= \
        -D CMAKE_PREFIX_PATH="$PWD/build/boost/$1/usr" \
        || ! cmake --build "$tree" -j "$jobs" -t "${targets[@]}" -- -k 0; then
        note "$name: FAILED to build"
        failed=1
        return
    fi
    [[ -z ${RECORD:-} ]] || keep_results "$kept" "$tree"
    if ! ctest --test-dir "$tree" -j "$jobs" --output-on-failure \
        --no-tests=error ${TESTS:+-R "$TESTS"}; then
        note "$name: FAILED"
        failed=1
        return
    fi
    [[ -z ${RECORD:-} || -n ${TESTS:-}${TARGETS:-} ]] \
        || python3 .ci/platforms.py "$2 $1" "$2 $("$2" -dumpversion)" "Boost $kept" all
    note "$name ($kept): passed, $((SECONDS - start)) s"
}

for version in "${versions[@]}"; do
    if [[ -n ${CXX:-} ]]; then
        compilers=("$CXX")
    elif [[ $version == 1.81 || $version == newest ]]; then
        compilers=(g++ clang++)
    else
        compilers=(g++)
    fi
    for compiler in "${compilers[@]}"; do
        try "$version" "$compiler"
    done
done

printf '%s\n' '' "${summary[@]}"
exit "$failed"
