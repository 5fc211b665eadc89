#!/usr/bin/env bash
# Goal of this test: a million clauses are audited in bounded memory, over RPC, and as files. By hand: audit.sh [CLAUSES [EDITIONS]]; the programs are those of
# .build/plain. Takes some minutes and, for a million clauses, 1 GB of disk and 4 GB more for the files.
clauses=${1:-1000000} editions=${2:-1000}
DEPOSITARY_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
: "${DEPOSITARY_BUILD:=$DEPOSITARY_SOURCE/.build/plain}"
export DEPOSITARY_SOURCE DEPOSITARY_BUILD DEPOSITARY_BIN=$DEPOSITARY_BUILD/bin
source "$DEPOSITARY_SOURCE/tests/system/lib.sh"

# peak COMMAND...: runs it, and prints its seconds and its greatest memory in KB.
peak() {
    python3 -c 'import resource, subprocess, sys, time
begin = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=False).returncode
print("%6.1f s %7d KB  %s" % (time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, " ".join(sys.argv[1:])))
sys.exit(code)' "$@"
}

makeledger "$work/data" "$clauses" "$editions"
url=tcp://127.0.0.1:$(free_port)
policy=$work/data/policy
depositaryd --data "$work/data" --policy "$policy" --listen "$url" --http none 2>"$work/daemon.log" &
daemon=$!
daemons+=("$daemon")
until depositary --connect "$url" --policy "$policy" --timeout 2 health >/dev/null 2>&1; do
    kill -0 "$daemon" || fail "the daemon ended"
    sleep 1
done
export DEPOSITARY_CONNECT=$url DEPOSITARY_POLICY=$policy
peak depositary --timeout 60 audit
peak depositary --timeout 60 export "$work/files"
peak depositary audit "$work/files"
