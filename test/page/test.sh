#!/usr/bin/env bash
#
# Opens examples/gateway/contexts.html in headless Chromium, as test.mjs says:
#
#     bash test/page/test.sh                       # with a server of its own
#     bash test/page/test.sh --url http://127.0.0.1:8080/debug/contexts
#     bash test/page/test.sh --planted             # can each of its checks fail?
#     bash test/page/test.sh --screenshot doc/pictures/debug-page.png
#
# After a change to the page's script or style: node test/page/test.mjs --seal

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bash cmake/install-deps.sh page
bash doc/site/npm.sh
exec node test/page/test.mjs "$@"
