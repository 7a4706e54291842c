#!/usr/bin/env bash
#
# Whether the sources are as clang-format writes them, but for those that
# .ci/format-by-hand.txt names:
#
#     bash .ci/format.sh           # says what is not
#     bash .ci/format.sh --fix     # and mends it
#
# Exit status 2: clang-format 14 is not here. Others do it another way.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v clang-format-14 > /dev/null; then
    echo "format: skipped: there is no clang-format-14 here" >&2
    exit 2
fi

mapfile -t by_hand < <(grep '^[^#]' .ci/format-by-hand.txt)
for file in "${by_hand[@]}"; do
    if [[ ! -e $file ]]; then
        echo "format: .ci/format-by-hand.txt: there is no $file" >&2
        exit 1
    fi
done
mapfile -t files < <(git ls-files --cached --others --exclude-standard \
    '*.cpp' '*.hpp' | grep -vxF "$(printf '%s\n' "${by_hand[@]}")")
((${#files[@]} > 0)) || { echo "format: git knows no sources" >&2; exit 1; }

if [[ ${1:-} == --fix ]]; then
    clang-format-14 -i "${files[@]}"
else
    clang-format-14 --dry-run -Werror "${files[@]}"
fi
echo "format: ${#files[@]} files are clean, ${#by_hand[@]} are by hand"
