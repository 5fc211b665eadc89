#!/usr/bin/env bash
# Goal of this test: many certified copies and receipts are checked in one call, each told by its name, and one that was changed, wherever it stands among
# them and whatever byte it was, is refused alone and tells in the exit code.
source "$(dirname "$0")/lib.sh"

start_daemon many
depositary certify "$instrument" -o "$work/copies" >/dev/null
depositary --receipt "$work/copies/asked.receipt" get "$instrument" cl_11 >/dev/null
cd "$work/copies"
records=(*.record)
count=${#records[@]}
((count >= 20)) || fail "only $count copies"

DEPOSITARY_CONNECT=tcp://127.0.0.1:9 expect 0 depositary verify "${records[@]}" asked.receipt
contains "$work/err" "$((count + 1)) of $((count + 1)) verified"
for record in "${records[@]}"; do
    eid=${record#"$instrument".en.1.}
    grep -qE "^$record: verified: $instrument, en, edition 1, ${eid%.record} \(place [0-9]+\)" "$work/out" || fail "nothing of $record"
done
grep -qE '^asked.receipt: verified: sealed at 20[0-9T:Z-]+, /depositary.v1.DepositaryService/GetClause, status 0$' "$work/out" || fail "nothing of the receipt"
[[ $(wc -l <"$work/out") == $((count + 1)) ]] || fail "$(wc -l <"$work/out") lines of $((count + 1)) files"

expect 0 depositary --json verify "${records[@]}" asked.receipt
python3 - "$work/out" $((count + 1)) <<'PYTHON' || fail "not an object for each file"
import json, sys
objects = [json.loads(line) for line in open(sys.argv[1])]
files = {o["file"] for o in objects}
assert len(objects) == len(files) == int(sys.argv[2]) and all(o["verified"] is True for o in objects), objects
PYTHON

# In each file a byte is changed, record and proof in turn, while what it shares with the others has been proved already.
changed=0
for number in "${!records[@]}"; do
    record=${records[number]}
    file=$record
    ((number % 2 == 0)) || file=${record%.record}.proof
    cp "$file" "$work/kept"
    size=$(stat -c %s "$file")
    at=$((number * size / count))
    ((at != 0)) || at=$((size - 2))
    byte=$(od -An -j "$at" -N 1 -tu1 "$file")
    # shellcheck disable=SC2059 # the byte
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
    expect 4 depositary verify "${records[@]}" "${records[@]}"
    contains "$work/err" "$record: not verified: "
    contains "$work/err" "$((2 * count - 2)) of $((2 * count)) verified"
    if grep -qF "$record: " "$work/out"; then fail "$record, byte $at of $file: verified"; fi
    [[ $(wc -l <"$work/out") == $((2 * count - 2)) ]] || fail "others than $record were refused"
    cp "$work/kept" "$file"
    changed=$((changed + 1))
done
((changed == count)) || fail "$changed files were changed"

# As objects: what failed says so by its name; and a file that is not there is told, while the rest is checked.
printf 'x' >>"${records[3]}"
expect 4 depositary --json verify "${records[@]}"
python3 - "$work/out" "${records[3]}" "$count" <<'PYTHON' || fail "the changed file is not told as an object"
import json, sys
objects = {o["file"]: o for o in map(json.loads, open(sys.argv[1]))}
assert len(objects) == int(sys.argv[3]), objects
bad = objects.pop(sys.argv[2])
assert bad["verified"] is False and bad["error"] == "E_CLAUSE_RECORD" and "text" not in bad, bad
assert all(o["verified"] is True for o in objects.values()), objects
PYTHON
expect 2 depositary verify "${records[0]}" none.record "${records[1]}"
contains "$work/err" "2 of 3 verified"
expect 4 depositary verify none.record "${records[3]}" "${records[1]}"
contains "$work/err" "1 of 3 verified"
