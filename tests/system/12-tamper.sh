#!/usr/bin/env bash
# Goal of this test: one changed byte, in an answer in flight, in a certified copy, or in the stored ledger, ends in exit code 4 and no text.
source "$(dirname "$0")/lib.sh"

start_daemon tamper
# Through the proxy with nothing changed it works; then each answer that the call needs is changed in places spread over it.
rm -rf "$XDG_STATE_HOME"
through -1 0 depositary get "$instrument" cl_11 --timeout 5 || fail "the proxy alone"
mapfile -t lengths <"$work/lengths"
tried=0
for answer in "${!lengths[@]}"; do
    for ((offset = 0; offset < lengths[answer]; offset += lengths[answer] / 12 + 1)); do
        rm -rf "$XDG_STATE_HOME"
        status=0
        through "$answer" "$offset" depositary get "$instrument" cl_11 --timeout 5 || status=$?
        [[ $status == 4 ]] || { cat "$work/err" >&2; fail "answer $answer, byte $offset: exit code $status, not 4"; }
        no_text "answer $answer, byte $offset"
        tried=$((tried + 1))
    done
done
((tried >= 20)) || fail "only $tried places were tried"
echo "$tried changed answers refused"

# A certified copy: each byte of the record and of the proof in turn is changed.
depositary certify "$instrument" cl_3 -o "$work/copy" >/dev/null
record=$work/copy/$instrument.en.1.cl_3.record
proof=${record%.record}.proof
expect 0 depositary verify "$record"
python3 - "$record" "$proof" <<'PYTHON' || fail "a changed certified copy was taken"
import subprocess, sys
record, proof = (open(name, "rb").read() for name in sys.argv[1:3])
for name, bytes_, other in (("record", record, proof), ("proof", proof, record)):
    for offset in range(0, len(bytes_), 7):
        changed = bytearray(bytes_)
        changed[offset] ^= 0x01
        open(sys.argv[1] + ".x", "wb").write(changed if name == "record" else other)
        open(sys.argv[2] + ".x", "wb").write(other if name == "record" else changed)
        result = subprocess.run(["depositary", "verify", sys.argv[1] + ".x", sys.argv[2] + ".x"], capture_output=True)
        if result.returncode != 4 or result.stdout:
            sys.exit(f"{name}, byte {offset}: exit code {result.returncode}, {result.stdout!r} {result.stderr!r}")
PYTHON

# The stored ledger: a byte of a stored clause is changed under the running service, then it is asked, then started again.
sqlite3 "$work/tamper/ledger.db" "PRAGMA writable_schema=OFF; DROP TRIGGER IF EXISTS clause_no_update;" 2>/dev/null || true
python3 - "$work/tamper/ledger.db" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
    database.execute(f"DROP TRIGGER {name}")
rows = database.execute("SELECT id, record FROM clause").fetchall()
(id_, record), = [row for row in rows if b"\nclause cl_17\n" in bytes(row[1])]
changed = bytes(record).replace(b"Stronger CICA", b"Weaker CICA")
assert changed != record
database.execute("UPDATE clause SET record = ? WHERE id = ?", (changed, id_))
database.commit()
PYTHON
expect 4 depositary get "$instrument" cl_17
no_text "a changed stored record"
expect 0 depositary get "$instrument" cl_12
stop_daemon "$daemon"
status=0
depositaryd --data "$work/tamper" --check >"$work/out" 2>"$work/err" || status=$?
[[ $status != 0 ]] || fail "a damaged ledger was opened"
contains "$work/err" "place 18"
