#!/usr/bin/env bash
# Goal of this test: every verb keeps a receipt, which says offline, later, what was asked, what was answered, by which key and when; copies and receipts
# are held against the ledger of today; keys that were retired or revoked, and quorums that are not met, fail closed; and a person can follow a proof by hand.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/liar.sh"

start_liar
key_of() { sed -n 's/^key  *//p' "$work/out"; }

# Every verb. The service is not asked again to check a receipt.
liar truth new
number=0
while IFS=$'\t' read -r code method said arguments; do
    number=$((number + 1))
    receipt=$work/$number.receipt
    eval "words=($arguments)"
    expect "$code" depositary --receipt "$receipt" "${words[@]}"
    DEPOSITARY_CONNECT=tcp://127.0.0.1:9 expect 0 depositary verify "$receipt"
    contains "$work/out" "method    /$method"
    contains "$work/out" "$said"
    grep -qE '^verified: sealed at 20[0-9-]+T[0-9:]+Z$' "$work/out" || fail "no time in the receipt of $arguments"
    [[ $(key_of) == *= ]] || fail "no key in the receipt of $arguments"
    DEPOSITARY_CONNECT=tcp://127.0.0.1:9 expect 0 depositary --json verify "$receipt"
    contains "$work/out" '"verified": true'
    # A byte changed anywhere is found.
    for at in 20 200 $(($(stat -c %s "$receipt") / 2)) $(($(stat -c %s "$receipt") - 5)); do
        cp "$receipt" "$work/changed.receipt"
        printf '\xa5' | dd of="$work/changed.receipt" bs=1 seek="$at" conv=notrunc status=none
        cmp -s "$receipt" "$work/changed.receipt" && continue
        expect 4 depositary verify "$work/changed.receipt"
        no_text "the receipt of $arguments, byte $at"
    done
done <<'END'
0	depositary.v1.DepositaryService/GetClause	proven    pact en 2 cl_2	get pact cl_2
1	depositary.v1.DepositaryService/GetClause	absence   proven	get none-such cl_2
1	depositary.v1.DepositaryService/GetClause	absence   claimed	get pact cl_99
5	depositary.v1.DepositaryService/GetClause	status    9	get gone cl_2
0	depositary.v1.DepositaryService/GetInstrument	pact	show pact
0	depositary.v1.DepositaryService/ListClauses	proven    pact en 2 cl_1	show pact --text
0	depositary.v1.DepositaryService/ListInstruments	status    0	list
0	depositary.v1.DepositaryService/SearchClauses	parties	search parties
0	depositary.v1.DepositaryService/CheckQuote	rivers stay open	quote 'rivers stay open'
1	depositary.v1.DepositaryService/CheckQuote	bread and circuses	quote 'bread and circuses for the people'
0	depositary.v1.LedgerService/GetCheckpoint	status    0	checkpoint
0	grpc.health.v1.Health/Check	status    0	health
0	depositary.v1.DepositaryService/ResolveCitation	Pact, para 2	cite 'Pact, para 2'
0	depositary.v1.DepositaryService/GetClause	proven    pact en 2 cl_2	certify pact cl_2 -o "$work/certified"
5	depositary.v1.LedgerService/GetCheckpoint	status    0	audit
END

# Held against the ledger of today: it grew; it lags; it is another one.
depositary certify pact cl_2 -o "$work/copies" >/dev/null
copy=$work/copies/pact.en.2.cl_2.record
expect 0 depositary verify "$copy" --online
contains "$work/out" "the latest edition as of"
expect 0 depositary verify "$work/1.receipt" --online
contains "$work/out" "active    as of"
liar truth renewed
expect 0 depositary verify "$copy" --online
expect 0 depositary verify "$work/1.receipt" --online
depositary certify pact cl_2 -o "$work/renewed" >/dev/null
expect 0 depositary get pact cl_2 --receipt "$work/renewed.receipt"
for state in old fork long-fork; do
    liar truth "$state"
    for what in "$work/renewed/pact.en.2.cl_2.record" "$work/renewed.receipt"; do
        rm -rf "$XDG_STATE_HOME" # a machine that saw nothing before
        expect 4 depositary verify "$what" --online --timeout 5
        no_text "$state"
        expect 0 depositary verify "$what"
    done
done

# A key that was good when it sealed, and is revoked by a newer register.
rm -rf "$XDG_STATE_HOME"
liar truth old
liar seal revoked
expect 0 depositary checkpoint --receipt "$work/revoked.receipt"
expect 0 depositary verify "$work/revoked.receipt"
expect 0 depositary verify "$work/revoked.receipt" --online
liar truth new
expect 0 depositary verify "$work/revoked.receipt"
expect 4 depositary verify "$work/revoked.receipt" --online
no_text
contains "$work/err" "revoked as of"
liar seal revoked # and a service that still uses it
expect 4 depositary get pact cl_2
no_text
contains "$work/err" "revoked"

# The ledger key was retired: the policy of today pins the other one. What was signed before verifies under the policy of its time.
liar truth new
awk '/^log/ && !seen++ { next } { print }' "$policy" >"$work/today.policy"
expect 4 depositary get pact cl_2 --policy "$work/today.policy"
no_text
contains "$work/err" "retired"
expect 4 depositary verify "$copy" --policy "$work/today.policy"
no_text
contains "$work/err" "retired"
expect 4 depositary verify "$work/1.receipt" --policy "$work/today.policy"
no_text
expect 0 depositary verify "$copy" --policy "$policy"

# Witnesses that the policy wants and nobody cosigned: nothing is taken, of a copy or a receipt neither.
python3 - "$policy" "$work/witnessed.policy" <<'PYTHON'
import base64, hashlib, sys
key = bytes(range(32))
name = "witness.example/one"
identity = hashlib.sha256(name.encode() + b"\n\x04" + key).hexdigest()[:8]
lines = open(sys.argv[1]).read().replace("quorum none\n", "")
open(sys.argv[2], "w").write(f"{lines}witness one {name}+{identity}+{base64.b64encode(bytes([4]) + key).decode()}\nquorum one\n")
PYTHON
expect 4 depositary get pact cl_2 --policy "$work/witnessed.policy"
no_text
contains "$work/err" "witnesses"
expect 4 depositary verify "$copy" --policy "$work/witnessed.policy"
no_text
expect 4 depositary verify "$work/1.receipt" --policy "$work/witnessed.policy"
no_text

# Each step that --explain tells is done again here; the last hashes are the record's own root and the signed one.
expect 0 depositary verify "$copy" --explain
cp "$work/err" "$work/steps"
follow() {
    python3 - "$@" <<'PYTHON' || fail "the steps do not lead from the record to the signature"
import base64, hashlib, re, sys
record = open(sys.argv[2], "rb").read()
node, steps, roots, leaves = None, 0, [], []
for line in open(sys.argv[1], encoding="utf-8"):
    leaf = re.search(r"leaf (?:H\(0x00 \|\| record\) = |of its record )?([A-Za-z0-9+/]{43}=)$", line)
    step = re.match(r"    \d+\. H\(0x01 \|\| (?:(it) \|\| )?([A-Za-z0-9+/]{43}=)(?: \|\| (it))?\) = ([A-Za-z0-9+/]{43}=)$", line)
    root = re.search(r"root ([A-Za-z0-9+/]{43}=)$", line)
    if leaf:
        node = base64.b64decode(leaf[1])
        leaves.append(node)
    elif step:
        other = base64.b64decode(step[2])
        node = hashlib.sha256(b"\x01" + (node + other if step[1] else other + node)).digest()
        assert node == base64.b64decode(step[4]), line
        steps += 1
    elif root and node is not None:
        assert node == base64.b64decode(root[1]), line
        roots.append(node)
assert leaves[0] == hashlib.sha256(b"\x00" + record).digest(), "the first leaf is not the record's"
signed = re.findall(r"^  \| ([A-Za-z0-9+/]{43}=)$", open(sys.argv[1], encoding="utf-8").read(), re.M)
assert steps >= 5 and len(roots) >= 2 and signed == [base64.b64encode(roots[1]).decode()], (steps, roots, signed)
PYTHON
}
follow "$work/steps" "$copy"
expect 0 depositary get pact cl_2 --explain
follow "$work/err" "$copy"
