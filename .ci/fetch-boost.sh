#!/usr/bin/env bash
#
# Fetches the headers of another Boost from the Debian suites, without
# installing anything, and prints the include directory:
#
#     include=$(bash .ci/fetch-boost.sh 1.88 build/boost/1.88)
#     bash .ci/fetch-boost.sh newest build/boost/newest
#     bash .ci/fetch-boost.sh 1.88 build/boost/1.88 context   # and Boost.Context
#     bash .ci/fetch-boost.sh asio build/boost/asio   # Asio without Boost, the newest
#
# The mirror is the one that this machine's apt uses; what it needs of apt is
# kept in .apt beside the directory. Does nothing but print
# if the directory holds that version already. Exit status 2: not to be had
# here (no apt, no Debian mirror, no such version).

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

suites=(bookworm trixie sid)

if (($# < 2)); then
    echo "usage: fetch-boost.sh <1.NN|newest|asio> <dir> [<library>...]" >&2
    exit 1
fi
version=$1
mkdir -p "$(dirname "$2")"
dir=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
shift 2
libraries=("$@")
include=$dir/usr/include
header=boost/version.hpp
[[ $version != asio ]] || header=asio/version.hpp

# What is wanted is noted last of all, so that an interrupted run starts anew.
stamp=$dir/.fetched
wanted="$version${libraries[*]:+ ${libraries[*]}}"
if [[ -r $stamp && $(< "$stamp") == "$wanted" \
    && -r $include/$header ]]; then
    echo "$include"
    exit
fi

# Other versions share it.
own_apt "$(dirname "$dir")/.apt" deb "${suites[@]}"

if [[ $version == newest ]]; then
    version=$(apt-cache "${options[@]}" --names-only search \
        '^libboost1\.[0-9]+-dev$' \
        | sed -n 's/^libboost\(1\.[0-9]*\)-dev .*/\1/p' \
        | sort -V | tail -n 1)
    [[ -n $version ]] || no "the Debian suites have no Boost"
fi

packages=("libboost$version-dev")
[[ $version != asio ]] || packages=(libasio-dev)
for library in ${libraries[@]+"${libraries[@]}"}; do
    packages+=("libboost-$library$version-dev" "libboost-$library$version.0")
done
for package in "${packages[@]}"; do
    apt-cache "${options[@]}" show "$package" > /dev/null 2>&1 \
        || no "there is no $package in ${suites[*]} (have:" \
            "$(apt-cache "${options[@]}" --names-only search \
                '^libboost1\.[0-9]+-dev$' \
                | sed -n 's/^libboost\(1\.[0-9]*\)-dev .*/\1/p' \
                | sort -V | tr '\n' ' '))"
done

# Unpacked elsewhere first: what was there before is replaced whole.
new=$dir.new
rm -rf "$new"
mkdir -p "$new/debs"
(cd "$new/debs" && apt-get -qq "${options[@]}" download "${packages[@]}" >&2) \
    || no "apt-get download ${packages[*]} failed"
for deb in "$new"/debs/*.deb; do
    dpkg -x "$deb" "$new"
done
rm -rf "$new/debs" "$new/usr/share"
[[ -r $new/usr/include/$header ]] || no "${packages[0]} holds no $header"
rm -rf "$dir"
mv "$new" "$dir"
echo "$wanted" > "$stamp"
echo "$include"
