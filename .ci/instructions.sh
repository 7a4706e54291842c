#!/usr/bin/env bash
#
# Compares the instructions that the library's cheapest things take, as
# callgrind counts them, with the recorded budget:
#
#     bash .ci/instructions.sh            # fails if one is over its budget
#     bash .ci/instructions.sh --record   # writes .ci/instructions.txt
#
# Counts do not depend on the machine's speed or load. They do on the compiler
# and on Boost: the budget is for those that the file names, and with others
# nothing is compared. Timers make a count vary by a tenth of an instruction; it
# may be over its budget by 0.2 % and one.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

budget=.ci/instructions.txt
build=build/release
count=20000

cmake --preset release > /dev/null
cmake --build --preset release --target asioctx_instructions
program=$build/bench/asioctx_instructions

compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' $build/CMakeCache.txt)
setting="$(uname -m), $("$compiler" --version | head -n 1), Boost $("$program")"

instructions() # <what> <count>: those of the whole process
{
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$program" "$1" "$2" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

each() # <what>: instructions of one, in tenths; start and end cancel out
{
    local some many
    some=$(instructions "$1" $count)
    many=$(instructions "$1" $((2 * count)))
    echo $(((many - some) * 10 / count))
}

measured=
for what in bare P1 P2 P3 P4 P7; do
    tenths=$(each $what)
    measured+="$what $((tenths / 10)).$((tenths % 10))"$'\n'
done

if [[ ${1:-} == --record ]]; then
    {
        echo "# Instructions of each, written by .ci/instructions.sh --record."
        echo "# bare: an operation that completes by post; P1: bound; P2: under"
        echo "# a timeout of its own; P3: with_cancel, cancel, drop; P4: the same"
        echo "# with_timeout; P7: done()."
        echo "$setting"
        printf %s "$measured"
    } > $budget
    cat $budget
    exit
fi

if ! grep -qxF "$setting" $budget; then
    echo "instructions: the budget is not for $setting: nothing to compare"
    printf %s "$measured"
    exit
fi

printf %s "$measured" | awk -v budget=$budget '
    BEGIN {
        while ((getline line < budget) > 0)
            if (split(line, f, " ") == 2 && line !~ /^#/)
                allowed[f[1]] = f[2]
    }
    {
        verdict = "ok"
        if (!($1 in allowed))
            verdict = "NO BUDGET"
        else if ($2 > allowed[$1] * 1.002 + 1)
            verdict = "OVER BUDGET"
        printf "%-5s %7.1f, budget %7.1f: %s\n", $1, $2, allowed[$1], verdict
        bad += verdict != "ok"
    }
    END {
        if (bad)
            print "instructions: make it cheaper, or record a new budget with" \
                " .ci/instructions.sh --record and say why"
        exit bad > 0
    }'
