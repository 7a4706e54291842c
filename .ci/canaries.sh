#!/usr/bin/env bash
#
# Compiles all of the library for other platforms, to nothing: for Windows with
# <windows.h> and its macros before it, and with LLVM's libc++. That it runs there is
# for .ci/everywhere.sh to show. What it is without RTTI, with hidden symbols, and with
# the sources in one file, consumers in test/ show.
#
#     bash .ci/canaries.sh
#
# Installs the compilers where apt has them. What is not to be had is skipped.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash cmake/install-deps.sh canaries || echo "canaries: with what is here" >&2
out=build/canaries
mkdir -p "$out/boost"
boost=$(echo '#include <boost/version.hpp>' \
    | g++ ${BOOST_ROOT:+-I "$BOOST_ROOT/include" -I "$BOOST_ROOT"} -M -x c++ - \
    | grep -o '/[^ ]*/boost/version.hpp')
ln -sfn "$(dirname "$boost")" "$out/boost/boost"

compile() # <name> <header that comes first> <compiler> [<argument>...]
{
    local name=$1 first=$2
    shift 2
    if ! command -v "$1" > /dev/null; then
        echo "canaries: $name: skipped, there is no compiler for it"
        return
    fi
    echo "canaries: $name"
    printf '#include <%s>\n' "$first" asioctx.hpp asioctx/src.hpp > "$out/all.cpp"
    "$@" -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I include -I src \
        -isystem "$out/boost" "$out/all.cpp"
}

# Not <windows.h>, which would bring the sockets of Windows 3.1.
compile Windows winsock2.h x86_64-w64-mingw32-g++-posix -D_WIN32_WINNT=0x0A00
llvm=$(printf '%s\n' /usr/lib/llvm-*/include/c++ | sort -V | tail -n 1)
compile libc++ version "${llvm%/include/*}/bin/clang++" -stdlib=libc++
