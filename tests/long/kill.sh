#!/usr/bin/env bash
# Goal of this test: depositaryd is killed (SIGKILL) at random moments during many deposits. After every start the ledger verifies, and in the end all that was
# acknowledged is there, word for word. kill.sh [DEPOSITS] [SEED]; 20 where none is said; built in .build/plain. The normal run has a few (system.27-kill).
# shellcheck source=tests/system/lib.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
DEPOSITARY_SOURCE=$top DEPOSITARY_BUILD=${DEPOSITARY_BUILD:-$top/.build/plain}
export DEPOSITARY_SOURCE DEPOSITARY_BUILD DEPOSITARY_BIN=$DEPOSITARY_BUILD/bin
source "$DEPOSITARY_SOURCE/tests/system/lib.sh"
deposits=${1:-20}
RANDOM=${2:-$$}
echo "seed ${2:-$$}"
kills=0 unsure=0

start_daemon main
office=$work/main/office

# start_again: on the same folder and URL; a ledger that does not verify would not be served.
start_again() {
    depositaryd --data "$work/main" --listen "$url" --http none 2>>"$work/main.log" &
    daemon=$!
    daemons=("$daemon")
    local i
    for ((i = 0; i < 1000; i++)); do
        if depositary --timeout 1 health >/dev/null 2>&1; then return 0; fi
        kill -0 "$daemon" 2>/dev/null || fail "after a kill it did not start"
        sleep 0.02
    done
    fail "after a kill it did not become ready"
}
size_now() { depositary checkpoint 2>/dev/null | sed -n 2p; }

words=$(printf 'the Parties keep what they promised. %.0s' {1..20})
write_treaty() {
    local article
    printf 'instrument treaty-%d\nlanguage en\ntitle Treaty %d\nauthenticity authentic\n' "$1" "$1" >"$work/about"
    for article in {1..12}; do printf 'Article %d\nOf treaty %d, article %d: %s\n\n' "$article" "$1" "$article" "$words"; done >"$work/treaty-$1.txt"
}

before=$(size_now)
# As many as were asked for, and more until a kill came in time to interrupt one.
for ((i = 1; i <= deposits || (unsure == 0 && i <= 20 * deposits); i++)); do
    write_treaty "$i"
    # The killer strikes after 0 to 79 ms, in the middle of the deposit or after it.
    (sleep "0.0$((RANDOM % 8))$((RANDOM % 10))"; kill -KILL "$daemon" 2>/dev/null) &
    killer=$!
    code=0
    depositary --timeout 1 deposit "$work/treaty-$i.txt" --about "$work/about" --office "$office" --yes >"$work/out" 2>"$work/err" || code=$?
    wait "$killer" || true
    { wait "$daemon" || true; } 2>/dev/null
    kills=$((kills + 1))
    start_again
    size=$(size_now)
    [[ $size -ge $before ]] || fail "deposit $i: $before entries were acknowledged, $size are there"
    if [[ $code == 0 ]]; then
        expect 0 depositary get "treaty-$i" 7
        contains "$work/out" "Of treaty $i, article 7"
    else
        unsure=$((unsure + 1))
        expect 0 depositary office push --office "$office" # what was signed goes through now, or was there already
        code=0
        depositary show "treaty-$i" --text >"$work/text" 2>"$work/err" || code=$?
        # Not signed before the kill: nothing of it is there, and it is deposited now.
        [[ $code == 0 ]] || expect 0 depositary deposit "$work/treaty-$i.txt" --about "$work/about" --office "$office" --yes
        size=$(size_now)
    fi
    before=$size
    ((i % 100 > 0)) || echo "$i deposits, $unsure interrupted, $size entries" >&2
done

deposits=$((i - 1))

# All that was acknowledged, word for word, and every rule by an auditor who trusts nobody.
for ((i = 1; i <= deposits; i++)); do
    depositary show "treaty-$i" --text >"$work/text" 2>"$work/err" || { cat "$work/err" >&2; fail "treaty-$i is not there"; }
    cmp -s "$work/text" "$work/treaty-$i.txt" || fail "treaty-$i is not what was deposited"
done
expect 0 depositary audit
stop_daemon "$daemon"
[[ $unsure -gt 0 ]] || fail "no kill came in time to interrupt a deposit"
echo "$deposits deposits, $kills kills, $unsure interrupted a deposit; nothing lost"
