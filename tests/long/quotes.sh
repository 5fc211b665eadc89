#!/bin/bash
# Goal of this test: a million broken quotes without a wrong verdict, in four runs of different seeds, one a processor.
# Usage: tests/long/quotes.sh [BUILD [COUNT]]; the figures of a run are recorded in tests/README.md.
set -euo pipefail
build=${1:-.build/plain} count=${2:-1000000}
program=$build/bin/check_quotes
[[ -x $program ]] || { echo "no $program: build first, or name the build's folder" >&2; exit 2; }
status=0
seq 4 | xargs -P "$(nproc)" -I{} env DEPOSITARY_SEED={} DEPOSITARY_QUOTES=$((count / 4)) CK_FORK=no "$program" || status=$?
exit "$status"
