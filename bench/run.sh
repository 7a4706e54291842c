#!/usr/bin/env bash
#
# Measures asioctx beside its rivals, all in one go, and prints one table:
#
#     bash bench/run.sh              # every program
#     bash bench/run.sh 'P3|P4'      # the benchmarks whose names match
#     bash bench/run.sh --doc        # and puts the figures into doc/
#
# The figures are medians of REPETITIONS (5) runs. They are in build/bench as
# JSON, the table as table.md. Installs what it needs. Is built with the newest
# Boost headers that it can get; cancel_after needs 1.86. Go is measured where
# there is a go command.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

repetitions=${REPETITIONS:-5}
doc=
filter=.
for arg in "$@"; do
    case $arg in
    --doc) doc=1 ;;
    *) filter=$arg ;;
    esac
done

bash cmake/install-deps.sh
if [[ -n $doc ]] && ! command -v gnuplot > /dev/null; then
    echo "run: installing gnuplot"
    sudo=()
    ((EUID == 0)) || sudo=(sudo)
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends gnuplot-nox
fi

out=build/bench
options=()
if include=$(bash .ci/fetch-boost.sh newest build/boost/newest); then
    options+=(-D "Boost_INCLUDE_DIR=$include" -D Boost_NO_BOOST_CMAKE=ON)
else
    echo "run: no newer Boost to be had: with the one that is installed" >&2
fi
cmake -S . -B $out -G Ninja -D CMAKE_BUILD_TYPE=Release \
    -D ASIOCTX_BUILD_BENCH=ON "${options[@]}" \
    > $out.log || { cat $out.log >&2; exit 1; }
programs=(operations tree loopback stalls blocks idle)
cmake --build $out --target asioctx_lost_handlers asioctx_bench_http \
    "${programs[@]/#/asioctx_bench_}"

results=()
for program in "${programs[@]}"; do
    json=$out/$program.json
    rm -f "$json"
    echo "run: $program"
    if ! $out/bench/asioctx_bench_"$program" --benchmark_filter="$filter" \
        --benchmark_repetitions="$repetitions" \
        --benchmark_enable_random_interleaving=true \
        --benchmark_report_aggregates_only=true \
        --benchmark_min_time="${MIN_TIME:-0.2}" \
        --benchmark_out="$json" > $out.log 2>&1; then
        grep -q 'no benchmark\|Failed to match' $out.log && continue
        cat $out.log >&2
        exit 1
    fi
    results+=("$json")
done

if [[ P13 =~ $filter ]]; then
    echo "run: http"
    python3 bench/http.py $out/bench/asioctx_bench_http "$repetitions" \
        $out/http.json
    results+=($out/http.json)
fi
if [[ P14 =~ $filter ]]; then
    echo "run: compile_cost"
    python3 bench/compile_cost.py \
        "$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' $out/CMakeCache.txt)" \
        "${include:-/usr/include}" "$repetitions" $out/compile_cost.json
    results+=($out/compile_cost.json)
fi

rm -f $out/go.txt
if command -v go > /dev/null; then
    echo "run: go"
    (cd bench/go && go test -bench "${filter//\//.}" -benchmem \
        -count "$repetitions" -benchtime "${MIN_TIME:-0.2}s") > $out/go.txt
    results+=($out/go.txt)
else
    echo "run: there is no go here: without it"
fi

echo
python3 bench/table.py "${results[@]}" | tee $out/table.md
echo
$out/bench/asioctx_lost_handlers
if [[ -n $doc ]]; then
    python3 bench/growth.py "${results[@]}"
    python3 doc/check-numbers.py --update
fi
