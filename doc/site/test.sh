#!/usr/bin/env bash
#
# Builds the site and opens it in headless Chromium, as doc/site/test.mjs says:
#
#     bash doc/site/test.sh             # builds, tests
#     bash doc/site/test.sh --built     # tests what is in build/site
#
# Pictures of what the browser saw last in each test are in
# build/site-work/screens.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[[ ${1:-} == --built ]] || bash doc/build.sh
bash cmake/install-deps.sh site
mkdir -p build/site-work/screens
node doc/site/test.mjs build/site build/site-work build/site-work/screens
