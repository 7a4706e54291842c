#!/usr/bin/env bash
#
# Builds the site with the documentation:
#
#     bash doc/build.sh            # into build/site
#     bash doc/build.sh --serve    # and shows it on localhost:4173
#     bash doc/build.sh --check    # makes its pages alone, which takes seconds
#
# The guide is doc/, the reference is made from the headers by Doxygen and
# doc/site/reference.py, and VitePress makes the site of both. Fails if Doxygen
# warns, a public name has no text, or a link leads nowhere. Needs Doxygen,
# Python 3 and Node.js: bash cmake/install-deps.sh site.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=build/site-work

if [[ ${1:-} == --check ]]; then
    work=build/site-check
else
    bash cmake/install-deps.sh site
    bash doc/site/npm.sh
    rm -rf build/site
fi

rm -rf $work/pages $work/doxygen
mkdir -p $work/pages/public
python3 doc/check-snippets.py
(cat doc/site/Doxyfile && echo "OUTPUT_DIRECTORY = $work/doxygen") | doxygen -
cp -r doc/site/vitepress $work/pages/.vitepress
cp doc/site/logo.svg $work/pages/public
PYTHONDONTWRITEBYTECODE=1 \
    python3 doc/site/stage.py $work/doxygen/xml $work/pages
[[ ${1:-} != --check ]] || exit 0

(cd $work && npx vitepress build pages --outDir "$PWD/../site")
python3 doc/site/check-links.py build/site
echo "The site is in build/site."

if [[ ${1:-} == --serve ]]; then
    python3 -m http.server --bind 127.0.0.1 --directory build/site 4173
fi
