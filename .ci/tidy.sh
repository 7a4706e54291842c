#!/usr/bin/env bash
#
# Looks at the sources with clang-format, see .ci/format.sh, builds the plugin of
# clang-tidy, tests it, and runs it, with the checks that .clang-tidy names:
#
#     bash .ci/tidy.sh                  # over examples and the code of the guides
#     bash .ci/tidy.sh all              # bench and test, too: takes long
#     bash .ci/tidy.sh examples/server  # what is under these alone
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

build=build/tidy${ASIOCTX_LLVM:+-$ASIOCTX_LLVM}
cmake -S . -B "$build" -G Ninja -D CMAKE_BUILD_TYPE= \
    -D CMAKE_EXPORT_COMPILE_COMMANDS=ON -D CMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -D ASIOCTX_BUILD_TESTS=ON -D ASIOCTX_BUILD_EXAMPLES=ON \
    -D ASIOCTX_BUILD_BENCH=ON -D ASIOCTX_BUILD_TIDY=ON \
    -D ASIOCTX_LLVM="${ASIOCTX_LLVM:-}"
cmake --build "$build" --target asioctx_tidy
ctest --test-dir "$build" -L '^tidy$' --no-tests=error --output-on-failure \
    -j "$(nproc)"

case ${1:-} in
    '') roots=(examples doc/snippets) ;;
    all) roots=(examples doc/snippets bench test) ;;
    *) roots=("$@") ;;
esac

# Only what is compiled here, for clang-tidy needs to know how, and once, though
# several programs may have it.
tidy=$(sed -n 's/^ASIOCTX_CLANG_TIDY:FILEPATH=//p' "$build/CMakeCache.txt")
mkdir -p "$build/once"
python3 - "$build" "${roots[@]}" << 'END' \
    | xargs -r -0 -n 1 -P "$(nproc)" "$tidy" \
        --load="$build/tools/tidy/asioctx_tidy.so" --quiet -p "$build/once" \
        --extra-arg=-Wno-everything
import json, pathlib, sys

build = pathlib.Path(sys.argv[1])
commands = json.loads((build / "compile_commands.json").read_text())
known = {pathlib.Path(c["file"]).resolve(): c for c in commands}
roots = [pathlib.Path(r).resolve() for r in sys.argv[2:]]
files = sorted(
    k for k in known if any(k == r or r in k.parents for r in roots))
if not files:
    sys.exit("tidy: none of these is compiled here")
(build / "once/compile_commands.json").write_text(
    json.dumps([known[f] for f in files]))
print("\0".join(map(str, files)), end="\0")
print(f"tidy: {len(files)} files", file=sys.stderr)
END
echo "tidy: clean"
