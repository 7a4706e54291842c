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

suites=(bookworm trixie sid)

no()
{
    echo "fetch-boost: $*" >&2
    exit 2
}

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

command -v apt-get > /dev/null || no "there is no apt-get here"
command -v dpkg > /dev/null || no "there is no dpkg here"

# The first archive labelled Debian. The machine may know several.
mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
    'Created-By: Packages' | sed -n 's/^Debian //p' | head -n 1)
[[ -n $mirror ]] || no "apt has no Debian mirror here (or: run apt-get update)"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -r $keyring ]] || no "$keyring is missing (debian-archive-keyring)"
architecture=$(dpkg --print-architecture)

# Lists and state of our own, beside the directory: the machine's are not
# touched, and other versions share them.
apt=$(dirname "$dir")/.apt
mkdir -p "$apt"/{lists/partial,cache/archives/partial,etc,parts}
exec 9> "$apt/lock"
flock 9 2> /dev/null || true
for suite in "${suites[@]}"; do
    echo "deb [signed-by=$keyring] $mirror $suite main"
done > "$apt/etc/sources.list"
: > "$apt/status"
options=(
    -o "Dir::Etc::SourceList=$apt/etc/sources.list"
    -o "Dir::Etc::SourceParts=$apt/parts"
    -o "Dir::Etc::Preferences=/dev/null"
    -o "Dir::Etc::PreferencesParts=$apt/parts"
    -o "Dir::State=$apt"
    -o "Dir::State::Lists=$apt/lists"
    -o "Dir::State::Status=$apt/status"
    -o "Dir::Cache=$apt/cache"
    -o "APT::Architecture=$architecture"
    -o "APT::Architectures=$architecture"
    -o "Acquire::Languages=none"
    -o "APT::Get::List-Cleanup=false"
    -o "APT::Sandbox::User=root"
    -o "APT::Update::Post-Invoke-Success::="
    -o "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"
    -o "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false"
)

# Once a day: sid moves.
if [[ -z $(find "$apt/updated" -mmin -1440 2> /dev/null) ]]; then
    apt-get -qq "${options[@]}" update >&2 \
        || no "apt-get update from $mirror failed"
    touch "$apt/updated"
fi

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
