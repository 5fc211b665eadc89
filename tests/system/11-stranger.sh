#!/usr/bin/env bash
# Goal of this test: a client made of protoc, nngcat, openssl and sha256sum alone gets a clause and proves it: the seal, the clause in its
# edition, the edition in the ledger, the checkpoint's signature, the answer key's record. No code of ours is involved but the service.
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/merkle.sh
source "$(dirname "$0")/merkle.sh"

start_daemon stranger
cd "$work"
proto=(-I "$DEPOSITARY_SOURCE/proto" -I /usr/include)
encode() { protoc "${proto[@]}" --encode="$1" "$2"; }
decode() { protoc "${proto[@]}" --decode="$1" "$2"; }

# escape FILE: the file as the inside of a quoted string of protobuf's text format.
escape() { od -An -v -to1 "$1" | tr -d '\n' | sed 's/ /\\/g'; }
# field PATH-PATTERN FILE: bytes of the first string field with that name and indentation in a decoded message.
field() {
    local quoted
    quoted=$(grep -m1 -P "^$1: \"" "$2" | sed -E 's/^[^"]*"//; s/"$//; s/%/%%/g')
    # shellcheck disable=SC2059 # the escapes of protobuf's text format are those of printf
    printf -- "$quoted"
}
# fields PATTERN FILE: every such field, a line of hexadecimal each.
fields() {
    local line
    grep -P "^$1: \"" "$2" | sed -E 's/^[^"]*"//; s/"$//; s/%/%%/g' | while IFS= read -r line; do
        # shellcheck disable=SC2059
        printf -- "$line" | xxd -p -c 1000
    done || true
}
number() { grep -m1 -P "^$1: " "$2" | sed -E 's/^[^:]*: //' || echo 0; }

# call METHOD TEXT-OF-MESSAGE: makes `request`, sends it, takes the answer apart and checks its seal against `ledger_size` and so on.
call() {
    local method=$1 type=$2 text=$3
    printf '%s' "$text" | encode "depositary.v1.${type}Request" depositary/v1/depositary.proto >message 2>/dev/null ||
        printf '%s' "$text" | encode "depositary.v1.${type}Request" depositary/v1/ledger.proto >message
    head -c 32 /dev/urandom >nonce
    printf 'method: "/depositary.v1.%s/%s" message: "%s" nonce: "%s"' "$method" "$type" "$(escape message)" "$(escape nonce)" |
        encode depositary.v1.Request depositary/v1/rpc.proto >request
    nngcat --req0 --dial "$url" --file request --raw --recv-timeout 5 >response
    decode depositary.v1.Response depositary/v1/rpc.proto <response >response.txt
    field answer response.txt >answer
    field '  public_key' response.txt >key
    field '  head' response.txt >head
    field '  signature' response.txt >signature
    decode depositary.v1.Answer depositary/v1/rpc.proto <answer >answer.txt
    field message answer.txt >message
    decode depositary.v1.SealHead depositary/v1/seal.proto <head >head.txt

    # The seal, PROTOCOL.md section 5: DSSE pre-authentication encoding, then this answer in the batch.
    local kind=application/vnd.depositary.seal-head.v1
    { printf 'DSSEv1 %d %s %d ' "${#kind}" "$kind" "$(stat -c %s head)"; cat head; } >signed
    ed25519_verify key signature signed || fail "the seal's signature"
    local leaf
    leaf=$( { printf '\0depositary/answer/v1\n'; sha256_raw <request; sha256_raw <answer; } | sha256_hex)
    fields '  path' response.txt >path
    [[ $(inclusion_root "$leaf" "$(number '  index' response.txt)" "$(number size head.txt)" path) == "$(field root head.txt | xxd -p -c 64)" ]] ||
        fail "the answer is not in the sealed batch"
    [[ $(field origin head.txt) == "$origin" ]] || fail "the seal's origin"
}

# verify_ledger FILE: the state in a decoded response: checkpoint signed by the pinned key, register its last entry.
verify_ledger() {
    field '  checkpoint' "$1" >note
    head -n 3 note >note.text
    [[ $(sed -n 1p note) == "$origin" && -z $(sed -n 4p note) ]] || fail "the checkpoint's origin"
    ledger_size=$(sed -n 2p note)
    ledger_root=$(sed -n 3p note | base64 -d | xxd -p -c 64)
    sed -n 5p note | awk '{ print $3 }' | base64 -d | tail -c 64 >note.signature
    ed25519_verify ledger.key note.signature note.text || fail "the checkpoint's signature"
    field '  register_record' "$1" >register
    fields '  register_path' "$1" >register.path
    [[ $(inclusion_root "$(leaf_hash register)" $((ledger_size - 1)) "$ledger_size" register.path) == "$ledger_root" ]] ||
        fail "the register is not the last entry"
    register_root=$(sed -n 's/^root //p' register | base64 -d | xxd -p -c 64)
    register_lines=$(sed -n 's/^lines //p' register)
}

# The one thing that a stranger is told: the policy.
vkey=$(awk '$1 == "log" { print $2; exit }' "$policy")
origin=${vkey%%+*}
pinned=${vkey#*+} pinned=${pinned#*+} # base64 may hold a plus: what follows the second
printf '%s' "$pinned" | base64 -d | tail -c 32 >ledger.key

# GetClause.
call DepositaryService GetClause "name { instrument: \"$instrument\" eid: \"cl_11\" }"
decode depositary.v1.GetClauseResponse depositary/v1/depositary.proto <message >clause.txt
verify_ledger clause.txt
[[ $(number ledger_size head.txt) == "$ledger_size" && $(field ledger_root head.txt | xxd -p -c 64) == "$ledger_root" ]] ||
    fail "the seal speaks of another ledger state"
# The edition record lies in the ledger.
field '  record' clause.txt >edition
grep -m1 -n -P '^editions' clause.txt >/dev/null || fail "no edition"
sed -n '/^editions/,/^}/p' clause.txt >edition.txt
fields '  path' edition.txt >edition.path
[[ $(inclusion_root "$(leaf_hash edition)" "$(number '  index' edition.txt)" "$ledger_size" edition.path) == "$ledger_root" ]] ||
    fail "the edition is not in the ledger"
# It is the latest: the register's line names it.
field '    line' edition.txt >line
fields '    path' edition.txt >line.path
[[ $(cat line) == "edition $instrument en 1 $(leaf_hash edition | xxd -r -p | base64)" ]] || fail "the register names another edition"
[[ $(inclusion_root "$(leaf_hash line)" "$(number '    index' edition.txt)" "$register_lines" line.path) == "$register_root" ]] ||
    fail "the line is not in the register"
# The clause record, printed from the answer, lies in the edition at its place.
sed -n '/^clause/,/^}/p' clause.txt >certified.txt
field '    text' certified.txt >text
{
    printf 'depositary/clause/v1\ninstrument %s\nlanguage en\nclause cl_11\nlength %d\n\n' "$instrument" "$(stat -c %s text)"
    cat text
} >record
fields '  path' certified.txt >clause.path
clauses=$(sed -n 's/^clauses //p' edition)
[[ $(inclusion_root "$(leaf_hash record)" "$(number '  place' certified.txt)" "$clauses" clause.path) == \
    "$(sed -n 's/^clauses-root //p' edition | base64 -d | xxd -p -c 64)" ]] || fail "the clause is not in the edition"
contains text "ti engage"
cp key answer.key

# GetAnswerKey: the key that sealed has a record in the ledger, and is active.
call LedgerService GetAnswerKey "public_key: \"$(escape answer.key)\""
decode depositary.v1.GetAnswerKeyResponse depositary/v1/ledger.proto <message >key.txt
verify_ledger key.txt
field record key.txt >key.record
fields path key.txt >key.path
[[ $(inclusion_root "$(leaf_hash key.record)" "$(number index key.txt)" "$ledger_size" key.path) == "$ledger_root" ]] ||
    fail "the answer key's record is not in the ledger"
[[ $(sed -n 's/^public-key //p' key.record) == "$(base64 <answer.key)" ]] || fail "a record of another key"
field '  line' key.txt >line
[[ $(cat line) == "key $(base64 <answer.key) active $(leaf_hash key.record | xxd -r -p | base64)" ]] || fail "the key is not active"
fields '  path' key.txt | tail -n +1 >line.path
sed -n '/^status/,/^}/p' key.txt >status.txt
fields '  path' status.txt >line.path
[[ $(inclusion_root "$(leaf_hash line)" "$(number '  index' status.txt)" "$register_lines" line.path) == "$register_root" ]] ||
    fail "the key's line is not in the register"

# What cannot be read is answered too, sealed, over the bytes as received.
head -c 100 /dev/urandom >request
nngcat --req0 --dial "$url" --file request --raw --recv-timeout 5 >response
decode depositary.v1.Response depositary/v1/rpc.proto <response >response.txt
field answer response.txt >answer
decode depositary.v1.Answer depositary/v1/rpc.proto <answer >answer.txt
grep -q 'code: 13' answer.txt || fail "an unreadable request has code 13"
