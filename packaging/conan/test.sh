#!/usr/bin/env bash
#
# Runs the recipe with Conan itself: `conan create`, and test_package with what it
# has made; once as a static library, once as a shared one.
#
#     bash packaging/conan/test.sh            # in build/conan
#     bash packaging/conan/test.sh <dir>
#     CONAN="python3 /path/to/conan" bash packaging/conan/test.sh
#
# Conan keeps everything in that directory, and asks no remote: Boost is this
# machine's. Exit status 2: there is no Conan 2 here.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

dir=${1:-build/conan}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
export CONAN_HOME=$dir/home PYTHONDONTWRITEBYTECODE=1
read -ra conan <<< "${CONAN:-conan}"
[[ "$("${conan[@]}" --version 2> /dev/null)" == "Conan version 2."* ]] \
    || { echo "conan: there is no Conan 2 here" >&2; exit 2; }

rm -rf "$dir/home"
"${conan[@]}" profile detect > /dev/null 2>&1
"${conan[@]}" remote disable '*' > /dev/null
"${conan[@]}" create packaging/test/system_boost

# test_package would be built in the tree. The library is compiled in few large files,
# which takes a third of the time.
options=(-c "tools.cmake.cmake_layout:test_folder=$dir/test"
    -s compiler.cppstd=20 -s build_type=Release
    -c "tools.build:jobs=${JOBS:-1}" -c tools.cmake.cmaketoolchain:generator=Ninja
    -c "tools.cmake.cmaketoolchain:extra_variables={'CMAKE_UNITY_BUILD': 'ON',\
        'CMAKE_UNITY_BUILD_BATCH_SIZE': '20'}")
for shared in False True; do
    echo "==> shared: $shared"
    "${conan[@]}" create packaging/conan "${options[@]}" \
        -o "asioctx/*:shared=$shared"
done
echo "conan: the recipe made a static and a shared library, and a program of each ran"
