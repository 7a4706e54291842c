#!/usr/bin/env bash
#
# Installs the packages that build.sh has made into a bare Debian, and builds and
# runs programs there (debian/tests/consumer); then one with the shared library
# alone.
#
#     bash packaging/debian/test.sh            # of build/debian
#     bash packaging/debian/test.sh <dir>
#     bash packaging/debian/test.sh --keep     # leaves the bare Debian there
#
# It needs root and debootstrap. The mirror and the suite are those of this
# machine's apt. Exit status 2: it cannot be done here.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

no()
{
    echo "test: $*" >&2
    exit 2
}

keep=
if [[ ${1:-} == --keep ]]; then
    keep=1
    shift
fi
dir=$(cd "${1:-build/debian}" && pwd) || no "run packaging/debian/build.sh first"
compgen -G "$dir/libasioctx-dev_*.deb" > /dev/null \
    || no "run packaging/debian/build.sh first"
((EUID == 0)) || no "debootstrap and chroot need root"
command -v debootstrap > /dev/null || no "there is no debootstrap here"

mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
    'Created-By: Packages' | sed -n 's/^Debian //p' | head -n 1)
[[ -n $mirror ]] || no "apt has no Debian mirror here (or: run apt-get update)"
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[[ -n $suite ]] || no "/etc/os-release names no suite"

root=$dir/root
inside()
{
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
        DEBIAN_FRONTEND=noninteractive MAKEFLAGS= \
        ${http_proxy:+http_proxy="$http_proxy"} \
        chroot "$root" "$@"
}
[[ -n $keep ]] || trap 'rm -rf --one-file-system "$root"' EXIT
rm -rf --one-file-system "$root"

echo "==> a bare Debian ($suite)"
debootstrap --variant=minbase "$suite" "$root" "$mirror" > "$dir/debootstrap.log" \
    || { tail "$dir/debootstrap.log" >&2; exit 1; }
for file in /etc/resolv.conf /etc/hosts; do
    [[ ! -e $file ]] || cat $file > "$root$file"
done

# What debootstrap leaves knows no packages but those of the suite itself.
mkdir "$root/packages"
cp "$dir"/*.deb "$root/packages"
cp -a "$dir"/asioctx-*/ "$root/source"

echo "==> the packages and what they depend on"
echo 'Dpkg::Use-Pty "0";' > "$root/etc/apt/apt.conf.d/test"
{
    inside apt-get -qq update &&
    inside sh -c 'apt-get -qq install -y --no-install-recommends \
        /packages/libasioctx0.1_*.deb /packages/libasioctx-dev_*.deb' &&
    inside apt-get -qq install -y --no-install-recommends \
        cmake g++ make pkg-config
} > "$dir/install.log" 2>&1 || { tail "$dir/install.log" >&2; exit 1; }

echo "==> debian/tests/consumer"
rm -rf "$root/tmp/test"
mkdir "$root/tmp/test"
inside sh -c 'cd /source && AUTOPKGTEST_TMP=/tmp/test sh debian/tests/consumer'

echo "==> without libasioctx-dev"
inside apt-get -qq remove -y libasioctx-dev > /dev/null
inside /tmp/test/shared
inside /tmp/test/static
echo "test: all passed"
