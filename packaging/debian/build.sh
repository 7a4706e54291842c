#!/usr/bin/env bash
#
# Makes the Debian packages of this tree, and has lintian look at them if it is
# here:
#
#     bash packaging/debian/build.sh           # in build/debian
#     bash packaging/debian/build.sh <dir>
#
# It needs dpkg-dev, debhelper, CMake, a compiler, and a libboost<version>-dev of
# 1.81 or newer. The tree is copied: debian/ is in no other place than the copy.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

dir=${1:-build/debian}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

command -v dpkg-buildpackage > /dev/null \
    || { echo "build: there is no dpkg-buildpackage here (dpkg-dev)" >&2; exit 2; }
upstream=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
upstream=${upstream%-*}
tree=$dir/asioctx-$upstream
rm -rf "$tree" "$dir"/*asioctx*.{deb,dsc,tar.*,changes,buildinfo}
mkdir "$tree"

# What git knows and what it does not ignore, or all but the builds.
if [[ -e .git ]]; then
    git ls-files -z --cached --others --exclude-standard -- ':!packaging/debian' \
        | tar -c --null -T - | tar -x -C "$tree"
else
    tar -c --exclude=./build --exclude=./packaging/debian . | tar -x -C "$tree"
fi
tar -C "$dir" -czf "$dir/asioctx_$upstream.orig.tar.gz" "asioctx-$upstream"
mkdir "$tree/debian"
tar -C packaging/debian -c --exclude=./build.sh --exclude=./test.sh . \
    | tar -x -C "$tree/debian"

(cd "$tree" && dpkg-buildpackage -us -uc)

if command -v lintian > /dev/null; then
    # Root is who builds in a container.
    user=()
    ((EUID != 0)) || user=(--allow-root)
    (cd "$dir" && lintian "${user[@]}" --fail-on error \
        --suppress-tags bad-distribution-in-changes-file ./asioctx_*.changes)
    echo "build: lintian has found no errors"
else
    echo "build: there is no lintian here"
fi
ls "$dir"/*.deb
