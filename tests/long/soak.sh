#!/usr/bin/env bash
# Goal of this test: under a long mixed load (all methods, deposits and corrections, watchers, rude connections, slow readers) the daemon's memory stays
# flat, nothing leaks, and every sampled answer is verified and is word for word what was deposited. By hand; figures are in tests/README.md.
#
#   soak.sh [SECONDS] [plain|sanitize|threads|massif] [DOOR]     1800, plain, stream
#
# sanitize and threads: the daemon of .build/sanitize or .build/threads (tests/run --sanitize and --threads build them); the first tells of leaks when it ends, the
# second of races. massif: under valgrind's massif, whose figures of the heap are judged. The command line that verifies is always that of .build/plain.
# shellcheck source=tests/system/lib.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-1800} kind=${2:-plain} door=${3:-stream}
export DEPOSITARY_SOURCE=$top DEPOSITARY_BUILD=${DEPOSITARY_BUILD:-$top/.build} PYTHONPATH=$top/tests/system PYTHONDONTWRITEBYTECODE=1
export DEPOSITARY_BIN=$DEPOSITARY_BUILD/plain/bin
source "$top/tests/system/lib.sh"

server_bin=$DEPOSITARY_BIN
massif=$work/massif.out
case $kind in
plain) ;;
sanitize)
    server_bin=$DEPOSITARY_BUILD/sanitize/bin
    export ASAN_OPTIONS=quarantine_size_mb=8 LSAN_OPTIONS=suppressions=$top/tests/lsan.suppressions:print_suppressions=0
    ;;
threads)
    server_bin=$DEPOSITARY_BUILD/threads/bin
    export TSAN_OPTIONS=exitcode=66
    ;;
massif) WRAPPER="valgrind --tool=massif --massif-out-file=$massif --detailed-freq=1000000 --max-snapshots=200" ;;
*) fail "plain, sanitize, threads or massif, not $kind" ;;
esac

url=tcp://127.0.0.1:$(free_port)
announce=tcp://127.0.0.1:$(free_port)
policy=$work/house/policy office=$work/house/office
# shellcheck disable=SC2086 # WRAPPER is a command with arguments
${WRAPPER:-} "$server_bin/depositaryd" --data "$work/house" --listen "$url" --announce "$announce" --http none --door "$door" --log-level error 2>>"$work/house.log" &
daemon=$!
daemons+=("$daemon")
for _ in 1 2 3; do wait_ready "$url" "$policy" "$daemon" && break; done
export DEPOSITARY_CONNECT=$url DEPOSITARY_POLICY=$policy
end=$((SECONDS + seconds))
running() { ((SECONDS < end)); }

# told FILE COMMAND...: adds to the count of FILE, or tells of the failure. Exit code CODE is expected.
checked() {
    local code=$1 name=$2 status=0
    shift 2
    "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null || status=$?
    if [[ $status == "$code" ]]; then
        echo >>"$work/verified"
    else
        { echo "exit code $status, not $code: $*"; tail -n 3 "$work/$name.err"; } >>"$work/failures"
    fi
}
same() { cmp -s "$1" "$2" || echo "$1 is not word for word $2" >>"$work/failures"; }

depositary get "$instrument" 11 >"$work/clause-11" 2>/dev/null
reader() { # every verb that asks; each exit code 0 says that all was verified
    local name=reader-$1 turn=0
    while running; do
        case $((turn++ % 14)) in
        0) checked 0 "$name" depositary get "$instrument" 11; same "$work/$name.out" "$work/clause-11" ;;
        1) checked 0 "$name" depositary show "$instrument" --text; same "$work/$name.out" "$statement" ;;
        2) checked 0 "$name" depositary search '"Belt and Road"' ;;
        3) checked 0 "$name" depositary quote 'firmly opposes any form of “Taiwan independence”' ;;
        4) checked 1 "$name" depositary quote 'the Parties agree to disagree about everything' ;;
        5) checked 0 "$name" depositary cite 'Joint Statement, para 7(2)' ;;
        6) checked 0 "$name" depositary list ;;
        7) checked 0 "$name" depositary show "$instrument" ;;
        8) checked 0 "$name" depositary history "$instrument" ;;
        9) checked 1 "$name" depositary get no-such-treaty 1 ;;
        10) checked 0 "$name" depositary certify "$instrument" cl_11 -o "$work/$name.copies"
            checked 0 "$name" depositary verify "$work/$name.copies/$instrument.en.1.cl_11.record" ;;
        11) checked 0 "$name" depositary checkpoint ;;
        12) checked 0 "$name" depositary health; checked 0 "$name" depositary describe ;;
        13) ((turn % 5 > 0)) || checked 0 "$name" depositary audit ;;
        esac
        sleep 0.05
    done
}

words=$(printf 'the Parties keep what they promised. %.0s' {1..20})
depositor() {
    local i=0 article
    while running; do
        i=$((i + 1))
        printf 'instrument treaty-%d\nlanguage en\ntitle Treaty %d\nauthenticity authentic\n' "$i" "$i" >"$work/about"
        for article in {1..12}; do printf 'Article %d\nOf treaty %d, article %d: %s\n\n' "$article" "$i" "$article" "$words"; done >"$work/treaty.txt"
        checked 0 depositor depositary --timeout 60 deposit "$work/treaty.txt" --about "$work/about" --office "$office" --yes
        checked 0 depositor depositary show "treaty-$i" --text
        same "$work/depositor.out" "$work/treaty.txt"
        if ((i % 5 == 0)); then
            sed -i 's/promised/have promised/' "$work/treaty.txt"
            checked 0 depositor depositary --timeout 60 rectify "treaty-$i" "$work/treaty.txt" --remark 'a word was missing' --office "$office" --yes
            checked 0 depositor depositary show "treaty-$i" --text
            same "$work/depositor.out" "$work/treaty.txt"
        fi
        echo "$i" >"$work/deposits"
        sleep 4
    done
}

watcher() {
    while running; do
        checked 0 watcher depositary watch --announce "$announce" --count 3
        sleep 1
    done
}

reader 1 &
loads=("$!")
reader 2 &
loads+=("$!")
depositor &
loads+=("$!")
watcher &
loads+=("$!")
python3 "$top/tests/long/soak.py" "${url##*:}" "$seconds" "$instrument" >"$work/raw" 2>>"$work/failures" &
loads+=("$!")
daemons+=("${loads[@]}")

# Memory and open files, over and over.
while running; do
    awk -v now="$SECONDS" -v files="$(find "/proc/$daemon/fd" 2>/dev/null | wc -l)" '/^VmRSS:/ { print now, $2, files }' "/proc/$daemon/status" >>"$work/memory" || break
    sleep 5
done
kill -0 "$daemon" 2>/dev/null || fail "the daemon ended"
for load in "${loads[@]:0:3}" "${loads[4]}"; do wait "$load" || true; done
kill "${loads[3]}" 2>/dev/null || true

status=0
kill -TERM "$daemon"
wait "$daemon" || status=$?
[[ $status == 0 ]] || fail "depositaryd ended with $status"
daemons=()

python3 - "$work/memory" "$massif" "$kind" <<'E2' || fail "the memory grows"
import re, statistics, sys
rows = [tuple(map(int, line.split())) for line in open(sys.argv[1])]
if sys.argv[3] == "massif":
    values = [int(value) for value in re.findall(r"^mem_heap_B=(\d+)", open(sys.argv[2]).read(), re.M)]
    values, unit = [value // 1024 for value in values if value > 0][:-1], "KiB of heap"
else:
    values, unit = [row[1] for row in rows], "KiB resident"
quarters = [statistics.median(values[len(values) * i // 4:len(values) * (i + 1) // 4]) for i in range(4)]
print("memory, medians of the four quarters:", *map(int, quarters), unit, "- most", max(values), "- open files at most", max(row[2] for row in rows))
# A sanitizer's allocator keeps what is freed and does not use it again for a while: there the leaks that it tells of at the end are what counts.
sys.exit(quarters[3] > (1.1 if sys.argv[3] in ("plain", "massif") else 1.5) * quarters[1] + 2048)
E2
[[ ! -s $work/failures ]] || { head -40 "$work/failures" >&2; fail "$(wc -l <"$work/failures") lines of failures"; }
echo "$seconds s, $kind, door $door: $(wc -l <"$work/verified") commands verified what they were answered, $(cat "$work/deposits") deposits; $(cat "$work/raw")"
