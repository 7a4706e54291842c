#!/usr/bin/env bash
#
# Compares what the library's cheapest things cost with the recorded budget:
#
#     bash .ci/instructions.sh            # fails if one is over its budget
#     bash .ci/instructions.sh --record   # writes .ci/instructions.txt
#
# See .ci/instructions.py.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/release
cmake --preset release > /dev/null
cmake --build --preset release --target asioctx_instructions
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' $build/CMakeCache.txt)
exec python3 .ci/instructions.py $build/bench/asioctx_instructions \
    "$(uname -m), $("$compiler" --version | head -n 1)" "$@"
