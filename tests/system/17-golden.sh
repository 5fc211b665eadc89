#!/usr/bin/env bash
# Goal of this test: the ledger that version 0.1.0 wrote opens, is brought to the version of today, and every hash of it holds; its certified copy still verifies; one changed byte of it is refused.
source "$(dirname "$0")/lib.sh"

golden=$DEPOSITARY_SOURCE/tests/vectors/ledger
mkdir -m 0700 "$work/golden"
install -m 0600 "$golden/ledger.db" "$work/golden/ledger.db"
install -m 0644 "$golden/policy" "$work/golden/policy"
expect 0 depositaryd --data "$work/golden" --check
[ "$(sqlite3 "$work/golden/ledger.db" 'PRAGMA user_version')" -gt "$(sqlite3 "$golden/ledger.db" 'PRAGMA user_version')" ] ||
    fail "the ledger's file was not brought to this version"
expect 0 depositaryd --data "$work/golden" --check
expect 0 depositary verify "$golden/$instrument.en.1.cl_11.record" --policy "$golden/policy"
contains "$work/out" "cl_11"

python3 - "$work/golden/ledger.db" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"sincere and friendly")
data[at] ^= 1
open(sys.argv[1], "wb").write(data)
PYTHON
expect 4 depositaryd --data "$work/golden" --check
contains "$work/err" "place 1"
