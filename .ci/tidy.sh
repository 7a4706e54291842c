#!/usr/bin/env bash
#
# Looks at the sources with clang-format, see .ci/format.sh, builds the plugin of
# clang-tidy, tests it, and runs it, with the checks that .clang-tidy names:
#
#     bash .ci/tidy.sh                  # over examples and the code of the guides
#     bash .ci/tidy.sh all              # bench and test, too: takes long
#     bash .ci/tidy.sh examples/server  # what is under these alone
#
# A file that was clean is not looked at again until it changes, or something that
# it may depend on, see .ci/tidy.py.
#
# ASIOCTX_LLVM names a version of LLVM; without it, the newest that is there.
# Exit status 2: there is no clang-tidy with its headers here, and none could be
# installed.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=
bash cmake/install-deps.sh tidy || missing=1

status=0
bash .ci/format.sh || status=$?
((status == 0 || status == 2)) || exit 1

if [[ $missing ]]; then
    echo "tidy: skipped: clang-tidy with its headers is not here, and could" \
        "not be installed" >&2
    exit 2
fi

case ${1:-} in
    '') roots=(examples doc/snippets) ;;
    all) roots=(examples doc/snippets bench test) ;;
    *) roots=("$@") ;;
esac

build=build/tidy${ASIOCTX_LLVM:+-$ASIOCTX_LLVM}
cmake -S . -B "$build" -G Ninja -D CMAKE_BUILD_TYPE= \
    -D CMAKE_EXPORT_COMPILE_COMMANDS=ON -D CMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -D ASIOCTX_BUILD_TESTS=ON -D ASIOCTX_BUILD_EXAMPLES=ON \
    -D ASIOCTX_BUILD_BENCH=ON -D ASIOCTX_BUILD_TIDY=ON \
    -D ASIOCTX_LLVM="${ASIOCTX_LLVM:-}"
# And the headers that are made by the build.
mapfile -t made < <(ninja -C "$build" -t targets all \
    | sed -n 's/^\([^/].*\.hpp\): CUSTOM_COMMAND$/\1/p')
cmake --build "$build" --target asioctx_tidy "${made[@]}"
ctest --test-dir "$build" -L '^tidy$' --no-tests=error --output-on-failure \
    -j "$(nproc)"

exec python3 .ci/tidy.py "$build" "${roots[@]}"
