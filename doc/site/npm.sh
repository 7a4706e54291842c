#!/usr/bin/env bash
#
# Installs what doc/site/package.json names into build/site-work, and keeps it
# from one build to the next. For doc/build.sh and test/page/test.sh.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=build/site-work

mkdir -p $work
if ! cmp -s doc/site/package-lock.json $work/package-lock.json \
    || [[ ! -d $work/node_modules ]]; then
    cp doc/site/package.json doc/site/.npmrc $work
    cp doc/site/package-lock.json $work/lock.json
    mv $work/lock.json $work/package-lock.json
    (cd $work && npm ci) || { rm $work/package-lock.json; exit 1; }
fi
