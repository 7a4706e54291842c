#!/usr/bin/env bash
#
# Builds the plugin of clang-tidy, tests it, and runs it, with the checks that
# .clang-tidy names, over the project's own sources:
#
#     bash .ci/tidy.sh                      # examples and the code of the guides
#     bash .ci/tidy.sh all                  # bench and test, too: takes long
#     bash .ci/tidy.sh examples/server/*.cpp
#
# ASIOCTX_LLVM names a version of LLVM; without it, the newest that is there.
# Exit status 2: there is no clang-tidy with headers here, and apt has none.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash cmake/install-deps.sh tidy
if ! compgen -G '/usr/lib/llvm-*/include/clang-tidy/ClangTidyCheck.h' \
    > /dev/null; then
    echo "tidy: there is no clang-tidy with its headers here" >&2
    exit 2
fi

build=build/tidy${ASIOCTX_LLVM:+-$ASIOCTX_LLVM}
cmake -S . -B "$build" -G Ninja -D CMAKE_BUILD_TYPE=Debug \
    -D CMAKE_EXPORT_COMPILE_COMMANDS=ON -D CMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -D ASIOCTX_BUILD_TESTS=ON -D ASIOCTX_BUILD_EXAMPLES=ON \
    -D ASIOCTX_BUILD_BENCH=ON -D ASIOCTX_BUILD_TIDY=ON \
    -D ASIOCTX_LLVM="${ASIOCTX_LLVM:-}"
cmake --build "$build" --target asioctx_tidy
ctest --test-dir "$build" -L '^tidy$' --no-tests=error --output-on-failure -j2

case ${1:-} in
    '') roots=(examples doc/snippets) ;;
    all) roots=(examples doc/snippets bench test) ;;
    *) roots=("$@") ;;
esac

# Only what is compiled here, for clang-tidy needs to know how.
tidy=$(sed -n 's/^ASIOCTX_CLANG_TIDY:FILEPATH=//p' "$build/CMakeCache.txt")
python3 - "$build/compile_commands.json" "${roots[@]}" << 'END' \
    | xargs -r -0 -n 1 -P 2 "$tidy" --load="$build/tools/tidy/asioctx_tidy.so" \
        --quiet -p "$build" --extra-arg=-Wno-everything
import json, pathlib, sys

with open(sys.argv[1]) as f:
    known = {pathlib.Path(c["file"]).resolve() for c in json.load(f)}
roots = [pathlib.Path(r).resolve() for r in sys.argv[2:]]
files = sorted(
    k for k in known if any(k == r or r in k.parents for r in roots))
if not files:
    sys.exit("tidy: none of these is compiled here")
print("\0".join(map(str, files)), end="\0")
print(f"tidy: {len(files)} files", file=sys.stderr)
END
echo "tidy: clean"
