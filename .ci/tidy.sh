#!/usr/bin/env bash
#
# Looks at the sources with clang-format, see .ci/format.sh, builds the plugin of
# clang-tidy, tests it, and runs it, with the checks that .clang-tidy names:
#
#     bash .ci/tidy.sh                  # over what has changed of examples, the code
#                                       # of the guides, bench and test
#     bash .ci/tidy.sh all              # over all of them
#     bash .ci/tidy.sh examples/server  # over what is under these alone
#
# What has changed is what .ci/tidy-seen.txt has not, or has with another digest. `all`
# writes that file when everything is clean.
#
# On one machine, a file that was clean is not looked at again until it changes, or
# something that it depends on, see .ci/tidy.py.
#
# ASIOCTX_LLVM names a version of LLVM; without it, the newest that is there.
# Exit status 2: there is no clang-tidy with its headers here, and none could be
# installed.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

code=(examples doc/snippets bench test)

# The digest of each file that decides what is said, but for the library, in whose
# headers nothing is looked for.
digests()
{
    git ls-files --cached --others --exclude-standard -- \
        .clang-tidy "${code[@]}" tools/tidy ':!tools/tidy/test' \
        | grep -E '\.(cpp|hpp|clang-tidy)$' | LC_ALL=C sort | xargs -d '\n' sha1sum
}

# What is to be looked at. For a header, that is a file of test that includes it, or all
# beside it.
changed()
{
    local file name user
    while read -r file; do
        name=${file#test/}
        case $file in
            tools/* | *.clang-tidy) printf '%s\n' "${code[@]}" ;;
            *.cpp) echo "$file" ;;
            test/*.hpp)
                user=$(git grep -l -e "[\"<]$name[\">]" -e "\"${name##*/}\"" -- \
                    'test/*.cpp' ':!test/compile_fail' ':!test/consumer' \
                    ':!test/grpc' | head -n 1) || true
                echo "${user:-${file%/*}}"
                ;;
            *) echo "${file%/*}" ;;
        esac
    done < <(comm -13 <(LC_ALL=C sort .ci/tidy-seen.txt) \
        <(digests | LC_ALL=C sort) | sed 's/^[0-9a-f]*  //')
}

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
    '')
        mapfile -t roots < <(echo --changed; changed | LC_ALL=C sort -u)
        ;;
    all) roots=("${code[@]}") ;;
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

python3 .ci/tidy.py "$build" "${roots[@]}"

if [[ ${1:-} == all && -z ${ASIOCTX_LLVM:-} ]]; then
    digests > .ci/tidy-seen.txt
fi
