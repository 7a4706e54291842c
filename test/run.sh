#!/usr/bin/env bash
#
# From a fresh clone on a bare machine: installs what is missing, builds
# preset asan and runs every test. Arguments go to ctest:
#
#     bash test/run.sh -R '^unit\.'

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash cmake/install-deps.sh
cmake --preset asan
cmake --build --preset asan
ctest --preset asan "$@"
