#!/usr/bin/env bash
# Goal of this test: a certified copy is verified by verify-copy.sh, which knows nothing of ours but this page's files: a POSIX shell,
# openssl and the ledger's verifier key. A changed byte, another clause's record, or another key fails.
source "$(dirname "$0")/lib.sh"

script=$DEPOSITARY_SOURCE/tests/system/verify-copy.sh
vectors=$DEPOSITARY_SOURCE/tests/vectors/copy

# stranger ARGUMENTS...: the script where no program of ours can be found.
stranger() { env -i PATH=/usr/bin:/bin sh "$script" "$@"; }
verifier_key() { awk '$1 == "log" { print $2; exit }' "$1"; }

# refused WHAT ARGUMENTS...: it must be refused, in words, with nothing on standard output.
refused() {
    local what=$1
    shift
    expect 1 stranger "$@"
    no_text "$what"
    contains "$work/err" "NOT VERIFIED"
}

# change FILE OFFSET: the file with one bit of that byte changed, in $work/changed.
change() {
    python3 - "$1" "$2" "$work/changed" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 1
open(sys.argv[3], "wb").write(data)
PYTHON
}

# every_change STEP RECORD PROOF KEY: every STEPth byte of both files, changed, is refused.
every_change() {
    local step=$1 record=$2 proof=$3 key=$4 offset size
    size=$(stat -c %s "$record")
    for ((offset = 0; offset < size; offset += step)); do
        change "$record" "$offset"
        refused "byte $offset of the record" "$work/changed" "$proof" "$key"
    done
    size=$(stat -c %s "$proof")
    for ((offset = 0; offset < size; offset += step)); do
        change "$proof" "$offset"
        refused "byte $offset of the proof" "$record" "$work/changed" "$key"
    done
}

# A copy that was made by no program of ours either.
copy=$vectors/example-treaty.en.1.art_2
expect 0 stranger "$copy.record" "$copy.proof" "$(verifier_key "$vectors/policy")"
contains "$work/out" "verified: clause art_2 of example-treaty (en), edition 1, place 1 of 3"
every_change 29 "$copy.record" "$copy.proof" "$(verifier_key "$vectors/policy")"

# Copies made by the command line, of the built-in instrument.
start_daemon certify
key=$(verifier_key "$policy")
expect 0 depositary certify "$instrument" -o "$work/copies"
count=0
for record in "$work"/copies/*.record; do
    expect 0 stranger "$record" "${record%.record}.proof" "$key"
    contains "$work/out" "of $instrument (en), edition 1"
    count=$((count + 1))
done
[[ $count == 21 ]] || fail "$count copies, not 21"
copy=$work/copies/$instrument.en.1
every_change 149 "$copy.cl_11.record" "$copy.cl_11.proof" "$key"

# Whatever does not belong together.
refused "another clause's record" "$copy.cl_12.record" "$copy.cl_11.proof" "$key"
refused "another clause's proof" "$copy.cl_11.record" "$copy.cl_12.proof" "$key"
refused "another ledger's key" "$copy.cl_11.record" "$copy.cl_11.proof" "$(verifier_key "$vectors/policy")"
# the same origin and another key, well formed; base64 may hold a plus, so the key is what follows the second
typed_key=${key#*+*+}
other=$(printf '%s' "$typed_key" | base64 -d | tail -c 32 | tr '\000-\377' '\001-\377\000' | { printf '\001'; cat; } | base64 -w 0)
other_id=$({ printf '%s\n' "${key%%+*}"; printf '%s' "$other" | base64 -d; } | sha256sum | cut -c 1-8)
refused "another key of that origin" "$copy.cl_11.record" "$copy.cl_11.proof" "${key%%+*}+$other_id+$other"
refused "a key with another id" "$copy.cl_11.record" "$copy.cl_11.proof" "${key%%+*}+$other_id+$typed_key"
{ cat "$copy.cl_11.record"; echo; } >"$work/changed"
refused "a byte more in the record" "$work/changed" "$copy.cl_11.proof" "$key"
{ cat "$copy.cl_11.proof"; echo; } >"$work/changed"
refused "a byte more in the proof" "$copy.cl_11.record" "$work/changed" "$key"
expect 2 stranger "$copy.cl_11.record" "$copy.cl_11.proof"
