#!/usr/bin/env bash
#
# Compiles all of the library for other platforms, to nothing: for Windows with
# <windows.h> and its macros before it; with LLVM's libc++; and as MSVC reads it, by
# clang-cl, into a program and into a DLL. That it runs there is for .ci/everywhere.sh
# to show, but for MSVC, which is not to be had. What it is without RTTI, with hidden
# symbols, and with the sources in one file, consumers in test/ show.
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
    printf '#include <%s>\n' "$first" asioctx.hpp asioctx/src.hpp > "$out/all.cpp"
    try "$name" "$@" -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I include -I src \
        -isystem "$out/boost" "$out/all.cpp"
}

try() # <name> <compiler> [<argument>...]
{
    local name=$1
    shift
    if ! command -v "$1" > /dev/null; then
        echo "canaries: $name: skipped, there is no compiler for it"
        return
    fi
    echo "canaries: $name"
    "$@"
}

# Not <windows.h>, which would bring the sockets of Windows 3.1.
compile Windows winsock2.h x86_64-w64-mingw32-g++-posix -D_WIN32_WINNT=0x0A00
llvm=$(printf '%s\n' /usr/lib/llvm-*/include/c++ | sort -V | tail -n 1)
compile libc++ version "${llvm%/include/*}/bin/clang++" -stdlib=libc++

# A user's warnings, in what a program instantiates, as the consumers have them with
# the compiler at hand; and what GCC sees when it optimizes the sources in one file.
for main in find_package hidden_visibility; do
    try "Clang's warnings, $main" "${llvm%/include/*}/bin/clang++" -std=c++20 \
        -fsyntax-only -Werror @test/consumer/clang-warnings.rsp -I include \
        -isystem "$out/boost" "test/consumer/$main/main.cpp"
done
echo '#include <asioctx/src.hpp>' > "$out/optimized.cpp"
try 'GCC, optimized' g++ -std=c++20 -O2 @test/consumer/warnings.rsp \
    -Wno-non-virtual-dtor -I include -isystem "$out/boost" \
    -c "$out/optimized.cpp" -o "$out/optimized.o"

# With libc++ and MinGW's headers, and stand-ins for what is MSVC's own. Boost 1.81
# does not know that Clang has coroutines, which MSVC has. Clang knows
# __PRETTY_FUNCTION__, and MSVC does not.
msvc() # <name> <argument>...
{
    local name=$1
    shift
    try "$name" clang-cl-22 /std:c++20 /permissive- /W4 /WX /EHsc /MD /Zs \
        -fms-compatibility-version=19.44 -D_UCRT -D_WIN32_WINNT=0x0A00 \
        -D_HAS_EXCEPTIONS=0 -D__PRETTY_FUNCTION__=not_with_MSVC \
        -DBOOST_ASIO_HAS_CO_AWAIT -DBOOST_ASIO_HAS_STD_COROUTINE \
        "/clang:-isystem$llvm/v1" -imsvc .ci/msvc -imsvc /usr/share/mingw-w64/include \
        -imsvc "$out/boost" -I include -I src "$@"
}
printf '#include <%s>\n' winsock2.h windows.h asioctx.hpp asioctx/src.hpp > "$out/msvc.cpp"
msvc 'as MSVC' "$out/msvc.cpp"
printf '#include "%s"\n' src/*.cpp | sed 's|src/||' > "$out/dll.cpp"
msvc 'as MSVC, a DLL' -DASIOCTX_DYN_LINK -DASIOCTX_SOURCE "$out/dll.cpp"
