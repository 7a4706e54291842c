#!/usr/bin/env bash
#
# Installs what is needed and this machine lacks. For Debian 12, Ubuntu 24.04
# and newer. Silent when there is nothing to do.
#
#     bash cmake/install-deps.sh          # for the tests, which is everything
#     bash cmake/install-deps.sh demo     # for examples/demo.sh
#     bash cmake/install-deps.sh clients  # for .ci/clients.sh
#     bash cmake/install-deps.sh site     # for doc/build.sh and doc/site/test.sh
#     bash cmake/install-deps.sh page     # for test/page/test.sh
#     bash cmake/install-deps.sh tidy     # for .ci/tidy.sh, with ASIOCTX_LLVM
#     bash cmake/install-deps.sh canaries    # for .ci/canaries.sh
#     bash cmake/install-deps.sh everywhere  # for .ci/everywhere.sh

set -euo pipefail

what=${1:-tests}
if (($# > 1)) || [[ ! $what =~ ^(tests|demo|clients|site|page|tidy|canaries|everywhere)$ ]]; then
    echo "usage: bash cmake/install-deps.sh" \
        "[tests|demo|clients|site|page|tidy|canaries|everywhere]" >&2
    exit 2
fi

packages=()

need_command() # <command> <package>
{
    command -v "$1" > /dev/null || packages+=("$2")
}

# The Boost version in /usr/include or /usr/local/include as in BOOST_VERSION
# (108100 is 1.81), or 0.
boost_version()
{
    local file version
    for file in /usr/local/include/boost/version.hpp \
        /usr/include/boost/version.hpp; do
        if [[ -r $file ]]; then
            version=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' "$file")
            echo "${version:-0}"
            return
        fi
    done
    echo 0
}

has_library() # <name>
{
    compgen -G "/usr/lib/*/lib$1.so" > /dev/null \
        || compgen -G "/usr/lib/*/lib$1.a" > /dev/null \
        || compgen -G "/usr/local/lib/lib$1.*" > /dev/null
}

if [[ $what == site || $what == page ]]; then
    need_command chromium chromium
    need_command node nodejs
    need_command npm npm
    if [[ $what == site ]]; then
        need_command doxygen doxygen
        need_command python3 python3
    fi
elif [[ $what == canaries ]]; then
    need_command g++ g++
else
    need_command cmake cmake
    need_command ninja ninja-build
    need_command g++ g++
    need_command curl curl
    need_command openssl openssl
    need_command redis-server redis-server
    [[ -r /usr/include/openssl/ssl.h ]] || packages+=(libssl-dev)
fi
if [[ $what == tests ]]; then
    need_command doxygen doxygen
fi
if [[ $what == tests || $what == tidy || $what == clients ]]; then
    need_command ccache ccache
    need_command python3 python3
    # The server alone: the package mariadb-server would also run one.
    [[ -x /usr/sbin/mariadbd ]] || packages+=(mariadb-server-core)
    need_command my_print_defaults mariadb-client-core
fi
if [[ $what == clients ]]; then
    [[ -r /usr/include/postgresql/libpq-fe.h ]] || packages+=(libpq-dev)
    [[ -r /usr/include/grpcpp/grpcpp.h ]] || packages+=(libgrpc++-dev)
    need_command pkg-config pkg-config
    # Where there is systemd, these packages start servers.
    if [[ ! -d /run/systemd/system ]]; then
        compgen -G "/usr/lib/postgresql/*/bin/postgres" > /dev/null \
            || packages+=(postgresql)
        [[ -x /usr/sbin/mosquitto ]] || packages+=(mosquitto)
    fi
fi
if [[ $what == canaries || $what == everywhere ]]; then
    need_command x86_64-w64-mingw32-g++-posix g++-mingw-w64-x86-64-posix
    need_command clang++-22 clang-22
    [[ -d /usr/lib/llvm-22/include/c++ ]] || packages+=(libc++-22-dev)
fi
if [[ $what == everywhere ]]; then
    need_command ccache ccache
    [[ -x /usr/lib/wine/wine64 ]] || packages+=(wine64)
    [[ -e /usr/lib/llvm-22/lib/libc++abi.a ]] || packages+=(libc++abi-22-dev)
    need_command clang++-19 clang-19
    for cpu in aarch64 s390x i686; do
        need_command $cpu-linux-gnu-g++ g++-$cpu-linux-gnu
    done
    need_command qemu-aarch64 qemu-user
    [[ -r /usr/include/liburing.h ]] || packages+=(liburing-dev)
    [[ -r /usr/lib/x86_64-linux-musl/libc.a ]] || packages+=(musl-dev)
    need_command llvm-ar-22 llvm-22
    need_command ld.lld lld
    [[ -x /usr/lib/llvm-22/bin/ld.lld ]] || packages+=(lld-22)
    need_command npm npm
    need_command make make
    need_command perl perl
    need_command python3 python3
fi
if [[ $what == tests || $what == tidy ]]; then
    need_command valgrind valgrind
    need_command wrk wrk
    # Where there is systemd, these packages start servers.
    if [[ ! -d /run/systemd/system && ! -x /usr/sbin/nginx ]]; then
        packages+=(nginx-light)
    fi
    if [[ ! -d /run/systemd/system && ! -x /usr/sbin/haproxy ]]; then
        packages+=(haproxy)
    fi
    has_library benchmark || packages+=(libbenchmark-dev)
fi

boost=$(boost_version)
[[ -z ${BOOST_ROOT:-} ]] || boost=999999
if ((boost >= 108100)) && {
    ((boost == 999999)) || [[ $what =~ ^(demo|clients|canaries)$ ]] \
        || has_library boost_context
} || [[ $what == site || $what == page ]]; then
    boost=
fi

# As tools/tidy/CMakeLists.txt looks for it.
has_tidy()
{
    local prefix
    for prefix in /usr/lib/llvm-${ASIOCTX_LLVM:-*}; do
        [[ -x $prefix/bin/clang-tidy
            && -e $prefix/include/clang-tidy/ClangTidyCheck.h
            && -e $prefix/include/llvm/Config/llvm-config.h ]] && return
    done
    return 1
}

tidy=
format=
if [[ $what == tidy ]]; then
    has_tidy || tidy=1
    command -v clang-format-14 > /dev/null || format=1
fi

if [[ -z $boost && -z $tidy && -z $format ]] && ((${#packages[@]} == 0)); then
    exit 0
fi

if ! command -v apt-get > /dev/null; then
    echo "install-deps: there is no apt-get here. Missing:" \
        "${packages[*]}${tidy:+ clang-tidy}${format:+ clang-format-14}${boost:+ Boost 1.81 or newer, with Boost.Context}" \
        >&2
    exit 1
fi

sudo=()
if ((EUID != 0)); then
    sudo=(sudo)
fi
apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)

echo "install-deps: apt-get update"
"${apt[@]}" update

# gRPC is no reason to install anything: without it, its tests are skipped.
if [[ $what == tests && ! -r /usr/include/grpcpp/grpcpp.h \
    && -n $(apt-cache --names-only search '^libgrpc\+\+-dev$') ]]; then
    packages+=(libgrpc++-dev)
fi

# What apt does not offer, or for which it would remove something, is skipped by those
# who would use it.
if [[ $what == canaries || $what == everywhere ]]; then
    wanted=("${packages[@]}")
    packages=()
    for package in "${wanted[@]}"; do
        if apt-get -qq install -s --no-install-recommends --no-remove "$package" \
            &> /dev/null; then
            packages+=("$package")
        else
            echo "install-deps: $package cannot be installed here" >&2
        fi
    done
fi

# Each version of clang-format does it another way.
if [[ -n $format \
    && -n $(apt-cache --names-only search '^clang-format-14$') ]]; then
    packages+=(clang-format-14)
fi

# The version that is asked for, or the newest that apt offers, but none that the
# plugin was not yet built for.
if [[ -n $tidy ]]; then
    release=$(apt-cache --names-only search \
            "^clang-tidy-${ASIOCTX_LLVM:-[0-9]+}\$" \
        | sed -n 's/^clang-tidy-\([0-9]*\) .*/\1/p' | sort -n \
        | awk '$1 <= 22' | tail -n 1)
    if [[ -z $release ]]; then
        echo "install-deps: apt offers no clang-tidy${ASIOCTX_LLVM:+-$ASIOCTX_LLVM}" \
            >&2
        exit 1
    fi
    packages+=("clang-tidy-$release" "libclang-$release-dev"
        "llvm-$release-dev")
fi

# The headers, and for the tests Boost.Context, of one Boost: the installed one
# if it is new enough, else the newest that apt offers.
if [[ -n $boost ]]; then
    if ((boost >= 108100)); then
        release=1.$((boost / 100 % 1000))
    else
        release=$(apt-cache --names-only search '^libboost1\.[0-9]+-dev$' \
            | sed -n 's/^libboost\(1\.[0-9]*\)-dev .*/\1/p' \
            | sort -V | tail -n 1)
        if [[ -z $release ]] || ((${release#1.} < 81)); then
            echo "install-deps: apt offers no Boost 1.81 or newer" >&2
            exit 1
        fi
    fi
    packages+=("libboost$release-dev")
    [[ $what =~ ^(demo|clients|canaries)$ ]] \
        || packages+=("libboost-context$release-dev")
fi

((${#packages[@]} > 0)) || exit 0
echo "install-deps: installing ${packages[*]}"
"${apt[@]}" install -y --no-install-recommends --no-remove "${packages[@]}"
