#!/usr/bin/env bash
# Goal of this test: no request costs the daemon more than a quarter of a second of its processor, whatever its bytes and whatever is in the ledger: the dearest
# ones that we can think of, for each method, against hundreds of thousands of clauses, and against clauses of a MiB made of one word, of marks, of points. Ends
# with 1 where one did. By hand, some five minutes:
#
#     costly.sh [CLAUSES [EDITIONS]]        the programs are those of .build/plain; MAX_MS is the bound
#
# The daemon has no cache. What it prints last is the table of tests/README.md.
clauses=${1:-300000} editions=${2:-300}
DEPOSITARY_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
: "${DEPOSITARY_BUILD:=$DEPOSITARY_SOURCE/.build/plain}"
export DEPOSITARY_SOURCE DEPOSITARY_BUILD DEPOSITARY_BIN=$DEPOSITARY_BUILD/bin
source "$DEPOSITARY_SOURCE/tests/system/lib.sh"

# serve NAME: sets daemon and port, when what is read of the ledger can be searched.
serve() {
    port=$(free_port)
    depositaryd --data "$work/$1" --listen "tcp://127.0.0.1:$port" --http none --cache 0 2>"$work/$1.log" &
    daemon=$!
    daemons+=("$daemon")
    export DEPOSITARY_CONNECT=tcp://127.0.0.1:$port DEPOSITARY_POLICY=$work/$1/policy
    until depositary --timeout 2 health >/dev/null 2>&1; do
        kill -0 "$daemon" || fail "the daemon ended"
        sleep 0.5
    done
}

makeledger "$work/words" "$clauses" "$editions"
serve words
words=$port words_pid=$daemon

serve texts
mkdir "$work/files"
python3 "$DEPOSITARY_SOURCE/tests/long/costly.py" write "$work/files"
for file in "$work"/files/*.txt; do
    expect 0 depositary deposit "$file" --about "${file%.txt}.about" --office "$work/texts/office" --yes
done

python3 "$DEPOSITARY_SOURCE/tests/long/costly.py" measure "$words" "$words_pid" "$port" "$daemon"
