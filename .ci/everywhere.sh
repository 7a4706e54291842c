#!/usr/bin/env bash
#
# Builds the library for what this machine has of other platforms, and runs there
# the unit tests, the race programs and the numbered examples, or a small program. For
# systems of which there are headers alone, it compiles:
#
#     bash .ci/everywhere.sh              # all
#     bash .ci/everywhere.sh windows      # one
#     JOBS=1 TESTS='^unit\.' bash .ci/everywhere.sh windows
#     RECORD=1 bash .ci/everywhere.sh     # and puts the table into doc/
#
# `bash cmake/install-deps.sh everywhere` installs on Debian 12 what it needs. A
# compiler that is not here is skipped, and the table at the end says so. The exit
# status is 0 if nothing failed.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

names=("$@")
(($# > 0)) || names=(select io_uring i686 aarch64 s390x windows standalone libc++ musl
    macos freebsd openbsd old_libc++ no_threads handler_tracking separate_compilation
    glibcxx_debug lto c++26)
root=build/everywhere
table=()
failed=0

# Wine's own files are here, too.
export WINEDEBUG=-all WINEPREFIX=$PWD/$root/wine
PATH=$PATH:/usr/lib/wine
jobs=${JOBS:-$(nproc)}

version_of() # <directory of Boost's headers>
{
    sed -n 's/^#define BOOST_LIB_VERSION "1_\([0-9]*\).*/1.\1/p' "$1/version.hpp"
}

# Boost's headers without the system's other ones.
boost=$(dirname "$(echo '#include <boost/version.hpp>' \
    | g++ -M -x c++ - | grep -o '/[^ ]*/boost/version.hpp')")
mkdir -p "$root/boost/include"
ln -sfn "$boost" "$root/boost/include/boost"
boost_version=$(version_of "$boost")

row() # <name> <what is there> <what came of it>
{
    table+=("$(printf '%-18s %s' "$1" "$3")")
    if [[ $3 == FAILED* ]]; then
        failed=1
    elif [[ $3 != skipped* && -n ${RECORD:-} && -z ${TESTS:-} ]]; then
        python3 .ci/platforms.py "$1" "$2" "Boost $boost_version" "$3"
    fi
}

configure() # <name> <source directory> <compiler> [<cmake argument>...]
{
    local name=$1 source=$2
    if ! command -v "$3" > /dev/null; then
        row "$name" '' "skipped, there is no $3"
        return 1
    fi
    shift 3
    echo "==> $name"
    cmake -S "$source" -B "$root/$name" -G Ninja \
        -D CMAKE_CXX_COMPILER_LAUNCHER=ccache "$@" > "$root/$name.log" 2>&1 \
        && return
    tail -n 20 "$root/$name.log"
    row "$name" '' 'FAILED to configure'
    return 1
}

build() # <name> [<target>...]
{
    local name=$1
    shift
    cmake --build "$root/$name" -j "$jobs" ${1:+-t "$@"} >> "$root/$name.log" 2>&1 \
        && return
    grep -E 'error|undefined' "$root/$name.log" | head -n 20
    row "$name" '' 'FAILED to build'
    return 1
}

# What a script has fetched, for the row of $name. Its status is 2 if that is not to be
# had.
fetched() # <variable> <script> <argument>...
{
    local variable=$1 status=0 directory
    directory=$(bash ".ci/fetch-$2" "${@:3}") || status=$?
    if ((status == 0)); then
        printf -v "$variable" %s "$directory"
    elif ((status == 2)); then
        row "$name" '' "skipped, $2 has found nothing"
    else
        row "$name" '' "FAILED, $2"
    fi
    return "$status"
}

# The compiler that a tree was configured for, and its version.
compiler() # <name>
{
    sed -n 's/^set(CMAKE_CXX_COMPILER_\(ID\|VERSION\) "\(.*\)")/\2/p' \
        "$root/$1"/CMakeFiles/*/CMakeCXXCompiler.cmake | xargs | sed 's/GNU/GCC/'
}

# The tests that link the library, under the toolchain's emulator.
gateway= # the target of examples/server, if that is to be tested
tests() # <name> <what it is> <compiler> [<cmake argument>...]
{
    local name=$1 what=$2 compiler=$3 log=$root/$1.log start=$SECONDS
    shift 3
    configure "$name" . "$compiler" -D ASIOCTX_BUILD_TESTS=ON -D ASIOCTX_BUILD_EXAMPLES=ON \
        "$@" || return
    # Not asioctx_race, to which the explorers belong: they are one platform's.
    local targets
    mapfile -t targets < <(ninja -C "$root/$name" -t targets all \
        | sed -n 's/^\(asioctx_race_[a-z_]*\): phony$/\1/p')
    build "$name" asioctx_unit "${targets[@]}" asioctx_bare asioctx_examples \
        ${gateway:+"$gateway"} || return
    what="$(compiler "$name"), $what"
    ! grep -q '^ASIOCTX_QEMU:' "$root/$name/CMakeCache.txt" || what+=', on QEMU'
    if ! ctest --test-dir "$root/$name" -j "$jobs" --output-on-failure --no-tests=error \
        -FA '.*' -R "${TESTS:-^(unit|race|bare)\.|^example\.([0-9]${gateway:+|server})}" \
        | tee -a "$log"; then
        row "$name" "$what" 'FAILED when run'
    else
        row "$name" "$what" "$(sed -n \
            's/.* out of \([0-9]*\)$/\1 tests/p' "$log" | tail -n 1)"
    fi
    echo "==> $name: $((SECONDS - start)) s"
}

# A program that cancels a wait in place, one through a polymorphic executor, and a
# coroutine.
program() # <name> <what it is> <compiler> [<cmake argument>...]
{
    local name=$1 what=$2 compiler=$3
    shift 3
    configure "$name" test/consumer/add_subdirectory "$compiler" \
        -D ASIOCTX_SOURCE_DIR="$PWD" -D CMAKE_UNITY_BUILD=ON \
        -D CMAKE_UNITY_BUILD_BATCH_SIZE=20 "$@" || return
    build "$name" || return
    what="$(compiler "$name"), $what"
    if "$root/$name/consumer" >> "$root/$name.log" 2>&1; then
        row "$name" "$what" 'program'
    else
        row "$name" "$what" 'FAILED when run'
    fi
}

# The same with a macro, which is the name in the table.
flags() # <macro>
{
    program "$name" "$1" g++ -D CMAKE_CXX_FLAGS="-D$1"
}

# All of the library, and the tests of what is a system's own, to nothing. With the
# newest Boost: with_peer needs one on a kqueue.
compiled() # <name> <what it is> <target> [<directory of its C library>...]
{
    local name=$1 what=$2 target=$3 libc boost include out=$root/$1
    shift 3
    fetched libc libc.sh "$root/libc" || return
    fetched boost boost.sh newest build/boost/newest context || return
    echo "==> $name"
    mkdir -p "$out"
    include=(-isystem "$libc/package/libcxx/include"
        -isystem "$(clang++-22 -print-resource-dir)/include")
    for directory in "$@"; do
        include+=(-isystem "$libc/package/libc/include/$directory")
    done
    printf '#include <%s>\n' asioctx.hpp asioctx/src.hpp > "$out/all.cpp"
    : > "$out.log"
    for source in "$out/all.cpp" test/unit/{operations,with_peer,with_signals}.cpp \
        test/consumer/add_subdirectory/main.cpp; do
        if ! clang++-22 --target="$target" -std=c++20 -nostdinc -nostdinc++ \
            "${include[@]}" -isystem "$boost" -I include -I src -I test \
            -DBOOST_TEST_NO_LIB -Wall -Wextra -Werror -c "$source" -o "$out/object.o" \
            2>> "$out.log"; then
            grep -E 'error' "$out.log" | head -n 20
            row "$name" '' 'FAILED to build'
            return
        fi
    done
    boost_version=$(version_of "$boost/boost") \
        row "$name" "Clang $(clang++-22 -dumpversion), $what" 'compiled'
}

# Boost's headers alone: its libraries are this machine's.
headers=(-D BOOST_ROOT="$PWD/$root/boost")
cross=("${headers[@]}" -D CMAKE_TOOLCHAIN_FILE="$PWD/cmake/cross.cmake")
libcxx=("${headers[@]}" -D CMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON
    -D CMAKE_CXX_FLAGS=-stdlib=libc++ -D CMAKE_EXE_LINKER_FLAGS=-static-libstdc++)

for name in "${names[@]}"; do
    case $name in
    select)
        tests "$name" 'select in place of epoll' g++ \
            -D CMAKE_CXX_FLAGS=-DBOOST_ASIO_DISABLE_EPOLL
        ;;
    io_uring)
        if [[ -r /usr/include/liburing.h ]]; then
            tests "$name" 'io_uring alone' g++ -D CMAKE_CXX_STANDARD_LIBRARIES=-luring \
                -D CMAKE_CXX_FLAGS='-DBOOST_ASIO_HAS_IO_URING -DBOOST_ASIO_DISABLE_EPOLL'
        else
            row "$name" '' 'skipped, there is no liburing'
        fi
        ;;
    i686)
        tests "$name" 'i686' i686-linux-gnu-g++ \
            "${cross[@]}" -D ASIOCTX_CROSS=i686
        ;;
    aarch64)
        tests "$name" 'AArch64' aarch64-linux-gnu-g++ \
            "${cross[@]}" -D ASIOCTX_CROSS=aarch64
        ;;
    s390x)
        tests "$name" 's390x (big-endian)' s390x-linux-gnu-g++ \
            "${cross[@]}" -D ASIOCTX_CROSS=s390x
        ;;
    windows)
        what='MinGW-w64, on Wine, without the gateway' ssl=()
        if openssl=$(bash .ci/fetch-openssl.sh build/openssl); then
            gateway=examples/server/all
            what='MinGW-w64, on Wine'
            ssl=(-D OPENSSL_ROOT_DIR="$openssl" -D OPENSSL_USE_STATIC_LIBS=ON
                -D OPENSSL_INCLUDE_DIR="$openssl/include")
        fi
        # Wine's services keep the pipes of the program that starts them, and ctest would
        # wait for them while any other runs: this one does, until the script has ended.
        coproc wine { exec wine64 cmd &> /dev/null; }
        tests "$name" "$what" x86_64-w64-mingw32-g++-posix \
            "${headers[@]}" -D CMAKE_TOOLCHAIN_FILE="$PWD/cmake/mingw.cmake" "${ssl[@]}"
        gateway=
        ;;
    libc++)
        tests "$name" 'libc++' clang++-22 "${libcxx[@]}" \
            -D CMAKE_CXX_COMPILER=clang++-22
        ;;
    standalone)
        fetched asio boost.sh asio build/boost/asio \
            && tests "$name" "Asio $(sed -n 's|^#define ASIO_VERSION .*// ||p' \
                "$asio/asio/version.hpp") without Boost, which the tests have" g++ \
                -D ASIOCTX_STANDALONE=ON -D ASIO_INCLUDE_DIR="$asio"
        ;;
    musl)
        fetched libc libc.sh "$root/libc" \
            && tests "$name" 'musl, libc++' clang++-22 "${headers[@]}" \
                -D CMAKE_TOOLCHAIN_FILE="$PWD/cmake/musl.cmake" -D ASIOCTX_LIBC="$libc"
        ;;
    macos)
        compiled "$name" 'macOS, libc++' arm64-apple-macos14 any-darwin-any
        ;;
    freebsd)
        compiled "$name" 'FreeBSD, libc++' x86_64-unknown-freebsd14 \
            x86_64-freebsd-none generic-freebsd
        ;;
    openbsd)
        compiled "$name" 'OpenBSD, libc++' x86_64-unknown-openbsd \
            x86_64-openbsd-none generic-openbsd
        ;;
    old_libc++)
        # Two versions of it cannot be installed beside each other.
        old=$PWD/$root/libc++-19
        mkdir -p "$old"
        if (cd "$old" && apt-get -qq download \
                libc++-19-dev libc++abi-19-dev libunwind-19-dev \
            && for deb in *.deb; do dpkg -x "$deb" .; done) &> "$root/$name.log"; then
            old+=/usr/lib/llvm-19
            program "$name" 'libc++ 19, which has no std::stop_token' clang++-19 \
                "${headers[@]}" -D CMAKE_CXX_COMPILER=clang++-19 \
                -D CMAKE_CXX_FLAGS="-nostdinc++ -isystem $old/include/c++/v1" \
                -D CMAKE_EXE_LINKER_FLAGS=-nostdlib++ \
                -D CMAKE_CXX_STANDARD_LIBRARIES="$old/lib/libc++.a $old/lib/libc++abi.a"
        else
            row "$name" '' 'skipped, there is no libc++ 19'
        fi
        ;;
    no_threads) flags BOOST_ASIO_DISABLE_THREADS ;;
    handler_tracking) flags BOOST_ASIO_ENABLE_HANDLER_TRACKING ;;
    separate_compilation) flags BOOST_ASIO_SEPARATE_COMPILATION ;;
    glibcxx_debug) flags _GLIBCXX_DEBUG ;;
    lto)
        program "$name" '-O2 -flto -march=native' g++ \
            -D CMAKE_CXX_FLAGS='-O2 -flto=auto -march=native' \
            -D CMAKE_CXX_COMPILER_AR="$(command -v gcc-ar)"
        ;;
    c++26)
        program "$name" 'libc++, -std=c++26' clang++-22 "${libcxx[@]}" \
            -D CMAKE_CXX_COMPILER=clang++-22 \
            -D CMAKE_CXX_FLAGS='-stdlib=libc++ -std=c++26'
        ;;
    *)
        row "$name" '' 'FAILED, there is no such platform here'
        ;;
    esac
done

printf '%s\n' '' "${table[@]}"
exit "$failed"
