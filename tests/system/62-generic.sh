#!/usr/bin/env bash
# Goal of this test: describe and call work for every method from the descriptors that the service gives, with proto3 JSON both ways and strictly; what
# they print is marked as claimed, never as verified; and watch prints new checkpoints as they are announced, and without announcements too.
source "$(dirname "$0")/lib.sh"

announce=tcp://127.0.0.1:$(free_port)
start_daemon generic --announce "$announce"
service=depositary.v1.DepositaryService

# What there is: every method of the .proto files.
expect 0 depositary describe
grep -hoE 'rpc [A-Za-z]+' "$DEPOSITARY_SOURCE"/proto/depositary/v1/*.proto "$DEPOSITARY_SOURCE"/proto/grpc/health/v1/*.proto | sort -u >"$work/wanted"
grep -oE 'rpc [A-Za-z]+' "$work/out" | sort -u >"$work/told"
diff "$work/wanted" "$work/told" || fail "describe tells of other methods than the .proto files"
expect 0 depositary describe depositary.v1.GetClauseRequest
contains "$work/out" "depositary.v1.ClauseName name = 1"
expect 0 depositary describe depositary.v1.QuoteVerdict
contains "$work/out" "QUOTE_VERDICT_FOLDED = 2"
expect 0 depositary describe "$service.GetClause"
expect 1 depositary describe no.such.Thing
expect 0 depositary --json describe
python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["services"]))' "$work/out" | grep -qx 4 || fail "describe --json"

# Calls, their JSON read by another program. 64-bit numbers are texts, bytes are base64, enumerations have names.
json() { python3 -c "import json, base64, hashlib, sys; m = json.load(open('$work/out')); $1"; }
expect 0 depositary call $service/GetClause "{\"name\": {\"instrument\": \"$instrument\", \"eid\": \"cl_11\"}}"
json 'c = m["clause"]; assert "ti engage" in c["clause"]["text"] and c["clause"]["kind"] == "CLAUSE_KIND_CLAUSE" and c["place"] == "12", c' || fail "GetClause"
json 'assert all(len(base64.b64decode(p)) == 32 for p in m["clause"]["path"])' || fail "bytes are not base64"
contains "$work/err" "claimed"
if grep -q verified "$work/out"; then fail "a call by name says that something is verified"; fi
expect 0 depositary --json call /$service/ListInstruments
json 'assert m["claimed"] is True and "verified" not in m and m["message"]["instruments"][0]["instrument"] == "az-cn-joint-statement-2025"' || fail "--json"
expect 0 depositary call $service/SearchClauses '{"query": "tourism", "page_size": 1}'
json 'assert isinstance(m["hits"][0]["score"], float) and m["total"].isdigit()' || fail "SearchClauses"
expect 0 depositary call $service/CheckQuote '{"quote": "ti engage"}'
json 'assert m["verdict"] == "QUOTE_VERDICT_VERBATIM"' || fail "CheckQuote"
expect 0 depositary call $service/GetInstrument "{\"instrument\": \"$instrument\", \"pageSize\": \"2\"}"
expect 0 depositary call $service/ListClauses "{\"instrument\": \"$instrument\", \"fromPlace\": \"20\"}"
expect 0 depositary call $service/ResolveCitation '{"citation": "Joint Statement, para 7(2)"}'
for method in GetCheckpoint ListEntries; do expect 0 depositary call depositary.v1.LedgerService/$method; done
json 'print(m["records"][0])' >"$work/record"
leaf=$( { printf '\0'; base64 -d "$work/record"; } | openssl dgst -sha256 -binary | base64)
expect 0 depositary call depositary.v1.LedgerService/GetInclusionProof "{\"leafHash\": \"$leaf\"}"
expect 0 depositary call depositary.v1.LedgerService/GetConsistencyProof '{"oldSize": "1"}'
expect 0 depositary call grpc.health.v1.Health/Check
json 'assert m["status"] == "SERVING"' || fail "Health"
expect 0 depositary call depositary.v1.ReflectionService/GetDescriptors
key=$(depositary --json health | python3 -c 'import json, sys, base64; print(base64.b64encode(bytes.fromhex(json.load(sys.stdin)["answer_key"])).decode())')
expect 0 depositary call depositary.v1.LedgerService/GetAnswerKey "{\"publicKey\": \"$key\"}"
# The office's: refused by the service for what they say, not for how they were asked.
expect 5 depositary call depositary.v1.LedgerService/AppendEntries '{"records": ["eA=="], "checkpoint": "x"}'
expect 5 depositary call depositary.v1.LedgerService/PutClauses '{"edition": "AAAA", "clauses": [{"place": 0, "record": "eA"}]}'
# A time in both directions is one of JSON's own forms; standard input is taken; a later field's name is not.
expect 5 depositary call $service/GetClause "{\"name\": {\"instrument\": \"$instrument\", \"eid\": \"cl_1\"}, \"asOf\": \"2001-01-01T01:00:00.5+01:00\"}"
printf '{"query": "tourism"}' | depositary call $service/SearchClauses - >"$work/out" 2>/dev/null || fail "standard input"

# What is refused here, before anything is sent.
refused() { expect 2 depositary call "$1" "$2"; [[ ! -s $work/out ]] || fail "output for $2"; contains "$work/err" "$3"; }
refused $service/GetClause '{"nam": {}}' "nam: there is no such field"
refused $service/GetClause '{"name": {"edition": -1}}' "edition"
refused $service/GetClause '{"name": {"edition": 4294967296}}' "edition"
refused $service/GetClause '{"name": {"edition": 1.5}}' "edition"
refused $service/GetClause '{"name": {"eid": 5}}' "eid: not a text"
refused $service/GetClause '{"name": []}' "name: not an object"
refused $service/GetClause '{"asOf": "2001-02-29T00:00:00Z"}' "asOf: not a time"
refused $service/SearchClauses '{"kind": "NO_KIND"}' "kind"
refused $service/SearchClauses '{"pageSize": 1, "page_size": 2}' "twice"
refused depositary.v1.LedgerService/GetInclusionProof '{"index": "1", "leafHash": "AAAA"}' "same choice"
refused depositary.v1.LedgerService/GetInclusionProof '{"leafHash": "A*=="}' "not base64"
refused $service/GetClause '{"name": {}, "name": {}}' "JSON"
refused $service/GetClause 'no' "JSON"
refused $service/Nothing '{}' "no method"

# watch: the first at once, the next as it is announced (asked only every 60 s), and, without announcements, by asking.
depositary watch --announce "$announce" --every 60 --count 2 >"$work/watched" 2>"$work/watch.err" &
watcher=$!
depositary watch --every 1 --count 2 >"$work/asked" 2>>"$work/watch.err" &
asker=$!
daemons+=("$watcher" "$asker")
for _ in $(seq 200); do [[ -s $work/watched && -s $work/asked ]] && break; sleep 0.05; done
[[ -s $work/watched ]] || fail "watch prints nothing"
before=$(head -n 1 "$work/watched")
DEPOSITARY_OFFICE=$work/generic/office depositary key authorise "$(head -c 32 /dev/urandom | base64 -w0)" --holder another >/dev/null 2>&1 || fail "no new entry"
wait "$watcher" || fail "watch ended with $?"
wait "$asker" || fail "watch without announcements ended with $?"
for heard in watched asked; do
    (($(wc -l <"$work/$heard") == 2)) || fail "$heard: $(cat "$work/$heard")"
    (($(tail -n 1 "$work/$heard" | cut -d ' ' -f 1) > ${before%% *})) || fail "$heard: the second is not a later one"
done
# A note that does not verify ends it.
printf '%s\n9999\nAAAA\n\nnothing\n' "$(awk '$1 == "log" { print $2; exit }' "$policy" | sed 's/+.*//')" >"$work/false"
liar=tcp://127.0.0.1:$(free_port)
nngcat --pub0 --listen "$liar" --interval 1 --file "$work/false" &
daemons+=($!)
expect 4 timeout 30 depositary watch --announce "$liar"
contains "$work/err" "does not verify"
