#!/usr/bin/env bash
#
# Tries the clients of examples/clients with real servers. Those of Boost that the
# system's Boost has not are built with 1.88, see .ci/fetch-boost.sh:
#
#     bash .ci/clients.sh
#     CXX=clang++ JOBS=1 bash .ci/clients.sh
#
# The trees are build/clients and build/clients-1.88. Each client has to pass in one
# of them.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash cmake/install-deps.sh clients

jobs=${JOBS:-$(nproc)}
declare -A passed=()

try() # <tree> <option>...
{
    local tree=$1 name
    shift
    cmake --preset dev -B "$tree" -D ASIOCTX_BUILD_TESTS=OFF \
        -D ASIOCTX_BUILD_BENCH=OFF -D CMAKE_CXX_FLAGS_DEBUG=-g1 "$@"
    cmake --build "$tree" -j "$jobs" -t asioctx_clients
    ctest --test-dir "$tree" -L '^client$' --no-tests=error \
        --output-on-failure | tee "$tree/clients.log"
    while read -r name; do
        passed[$name]=1
    done < <(sed -n 's/.*: client\.\([a-z0-9]*\) \.* *Passed.*/\1/p' \
        "$tree/clients.log")
}

try build/clients
include=$(bash .ci/fetch-boost.sh 1.88 build/boost/clients-1.88 charconv)
try build/clients-1.88 -D CMAKE_PREFIX_PATH="${include%/include}"

failed=0
for expected in examples/clients/*.expected; do
    name=$(basename "$expected" .expected)
    if [[ -z ${passed[$name]:-} ]]; then
        echo "==> client.$name: passed nowhere" >&2
        failed=1
    fi
done
((failed)) || echo "==> all clients passed"
exit "$failed"
