#!/usr/bin/env bash
#
# Builds OpenSSL's static libraries for Windows, with MinGW-w64, from Debian's
# sources, and prints the directory that has their include/ and lib/:
#
#     root=$(bash .ci/fetch-openssl.sh build/openssl)
#
# Does nothing but print if they are there. Exit status 2: not to be had here (no
# apt, no Debian mirror).

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

mkdir -p "$1"
dir=$(cd "$1" && pwd)
root=$dir/mingw
made=$(cksum < "${BASH_SOURCE[0]}")
if [[ ! -r $root/.made || $(< "$root/.made") != "$made" ]]; then
    own_apt "$dir/.apt" deb-src bookworm
    rm -rf "$dir/src" "$root.new"
    mkdir -p "$dir/src" "$root.new/lib"
    cd "$dir/src"
    apt-get -qq "${options[@]}" --download-only source openssl >&2 \
        || no "apt-get source openssl failed"
    tar -xf openssl_*.orig.tar.gz --strip-components=1
    {
        ./Configure mingw64 --cross-compile-prefix=x86_64-w64-mingw32- no-shared \
            no-tests no-module no-engine no-asm
        make -s build_generated
        make -s -j "${JOBS:-$(nproc)}" libcrypto.a libssl.a
    } > "$dir/log" 2>&1 || no "OpenSSL was not built, see $dir/log"
    mv libcrypto.a libssl.a "$root.new/lib"
    mv include "$root.new"
    echo "$made" > "$root.new/.made"
    rm -rf "$root"
    mv "$root.new" "$root"
fi
echo "$root"
