#!/bin/sh
# Verifies a certified copy with a POSIX shell and openssl alone: no program of this project is needed.
#
# Usage: verify-copy.sh RECORD PROOF VERIFIER-KEY
#
# RECORD is the clause as it was deposited, PROOF leads from it to a signed state of the ledger (PROTOCOL.md section 3, "Certified
# copy"). VERIFIER-KEY is the ledger's, as C2SP signed-note writes it: <origin>+<key id>+<base64>. Get it from the depositary by a way
# that you trust; it is the one thing here that must be believed. Exit code 0: verified, and what was proved is printed. 1: not.
set -eu
LC_ALL=C
export LC_ALL
[ $# -eq 3 ] || { echo "usage: verify-copy.sh RECORD PROOF VERIFIER-KEY" >&2; exit 2; }
record=$1 proof=$2 key=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "NOT VERIFIED: $*" >&2; exit 1; }

# ---- Small tools. Hashes are kept as files of 32 raw bytes.

sha256() { openssl dgst -sha256 -binary; }
encode() { openssl base64 -A; }
hex() { od -An -v -tx1 | tr -d ' \n'; }

# decode BASE64 LENGTH FILE: to a file of that many bytes; each has one spelling, which encoding gives back.
decode() {
    printf '%s' "$1" | openssl base64 -d -A >"$3" 2>/dev/null || fail "bad base64: $1"
    [ "$(encode <"$3")" = "$1" ] || fail "not the one spelling in base64: $1"
    [ "$(wc -c <"$3")" -eq "$2" ] || fail "not $2 bytes in base64: $1"
}

# number TEXT: a decimal number without leading zeros, small enough for the shell to reckon with.
number() {
    case $1 in '' | *[!0-9]* | 0?* | ???????????????????*) fail "not a number: $1" ;; esac
}

# root LEAF-FILE INDEX SIZE PATH-FILE: walks from a leaf up to the root of a Merkle tree, RFC 9162 section 2.1.3.2, and leaves the root
# in $work/root. A leaf's hash is H(0x00 || leaf), a node's H(0x01 || left || right).
root() {
    { printf '\000'; cat "$1"; } | sha256 >"$work/root"
    node=$2 last=$(($3 - 1))
    [ "$node" -le "$last" ] || fail "number $2 of $3"
    while IFS= read -r line; do
        [ "$last" -gt 0 ] || fail "a path is too long"
        decode "$line" 32 "$work/sibling"
        if [ $((node % 2)) -eq 1 ] || [ "$node" -eq "$last" ]; then
            cat "$work/sibling" "$work/root" >"$work/children" # the sibling stands to the left
            while [ $((node % 2)) -eq 0 ]; do node=$((node / 2)) last=$((last / 2)); done
        else
            cat "$work/root" "$work/sibling" >"$work/children"
        fi
        { printf '\001'; cat "$work/children"; } | sha256 >"$work/root"
        node=$((node / 2)) last=$((last / 2))
    done <"$4"
    [ "$last" -eq 0 ] || fail "a path is too short"
}

# ---- 1. Take the proof apart.

exec 3<"$proof"
next() { IFS= read -r line <&3 || fail "the proof ends too early"; }
lines_to() { # FILE: lines up to an empty one, which is read too
    : >"$1"
    while next && [ -n "$line" ]; do printf '%s\n' "$line" >>"$1"; done
}
next
[ "$line" = "depositary/copy/v1" ] || fail "not a proof of a certified copy"
next
place=${line#place }
lines_to "$work/clause.path"
lines_to "$work/edition"
echo >>"$work/edition" # an edition record ends with its empty line
next
[ "$line" = "c2sp.org/tlog-proof@v1" ] || fail "no proof of the edition"
next
index=${line#index }
lines_to "$work/ledger.path"
cat <&3 >"$work/note"
number "$place"
number "$index"

# Put together again, the parts must be the file, byte for byte: so nothing was passed over.
{
    printf 'depositary/copy/v1\nplace %s\n' "$place"
    cat "$work/clause.path" && echo
    cat "$work/edition"
    printf 'c2sp.org/tlog-proof@v1\nindex %s\n' "$index"
    cat "$work/ledger.path" && echo
    cat "$work/note"
} | cmp -s - "$proof" || fail "the proof has another form"

# ---- 2. The verifier key: its id is H(origin || "\n" || 0x01 || public key), the first four bytes.

origin=${key%%+*}
key_rest=${key#*+}
key_id=${key_rest%%+*}
decode "${key_rest#*+}" 33 "$work/key.typed"
[ "$(dd if="$work/key.typed" bs=1 count=1 2>/dev/null | hex)" = 01 ] || fail "the verifier key is not Ed25519"
[ "$({ printf '%s\n' "$origin"; cat "$work/key.typed"; } | sha256 | hex | cut -c 1-8)" = "$key_id" ] ||
    fail "the verifier key was changed: its id is another"
# openssl wants the 32 raw bytes in an envelope that says "Ed25519" (RFC 8410).
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; tail -c 32 "$work/key.typed"; } >"$work/key.der"

# ---- 3. The checkpoint: origin, size and root of the ledger, signed. C2SP tlog-checkpoint.

[ "$(sed -n 1p "$work/note")" = "$origin" ] || fail "the checkpoint is of another origin"
size=$(sed -n 2p "$work/note")
number "$size"
decode "$(sed -n 3p "$work/note")" 32 "$work/ledger.root"
[ -z "$(sed -n 4p "$work/note")" ] || fail "the checkpoint has more than three lines"
sed -n 1,3p "$work/note" >"$work/signed"
[ -z "$(tail -c 1 "$work/note")" ] || fail "the checkpoint does not end in a newline"
dash=$(printf '\342\200\224') # before each signature; those by others than the ledger (witnesses) are passed over
sed 1,4d "$work/note" >"$work/signatures"
signatures=0
while read -r start name signature rest; do
    [ "$start $rest" = "$dash " ] || fail "a signature line has another form"
    [ "$name" = "$origin" ] || continue
    printf '%s' "$signature" | openssl base64 -d -A >"$work/signature" 2>/dev/null || fail "a signature is not base64"
    [ "$(dd if="$work/signature" bs=1 count=4 2>/dev/null | hex)" = "$key_id" ] || continue
    decode "$signature" 68 "$work/signature"
    grep -qxF "$dash $origin $signature" "$work/signatures" || fail "a signature line has another form"
    tail -c 64 "$work/signature" >"$work/signature.raw"
    openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key.der" \
        -sigfile "$work/signature.raw" -in "$work/signed" </dev/null >/dev/null 2>&1 || fail "the checkpoint's signature is wrong"
    signatures=$((signatures + 1))
done <"$work/signatures"
[ "$signatures" -eq 1 ] || fail "the checkpoint has $signatures signatures of the verifier key, not one"

# ---- 4. The edition record lies in the ledger.

[ "$(sed -n 1p "$work/edition")" = "depositary/edition/v1" ] || fail "not an edition record"
root "$work/edition" "$index" "$size" "$work/ledger.path"
cmp -s "$work/root" "$work/ledger.root" || fail "the edition is not in the ledger"

# ---- 5. The clause record lies in the edition, and is of its instrument and language.

value() { sed -n "s/^$1 //p" "$work/edition"; }
[ "$(sed -n 1p "$record")" = "depositary/clause/v1" ] || fail "not a clause record"
[ "$(sed -n 2p "$record")" = "instrument $(value instrument)" ] || fail "the clause is of another instrument"
[ "$(sed -n 3p "$record")" = "language $(value language)" ] || fail "the clause is in another language"
clauses=$(value clauses)
number "$clauses"
decode "$(value clauses-root)" 32 "$work/clauses.root"
root "$record" "$place" "$clauses" "$work/clause.path"
cmp -s "$work/root" "$work/clauses.root" || fail "the clause is not in the edition"

echo "verified: $(sed -n 4p "$record") of $(value instrument) ($(value language)), edition $(value edition), place $place of $clauses"
echo "edition: $(value title); $(value act) of $(value deposited-at); sha256 of the whole source $(value source-sha256)"
echo "ledger: $origin, entry $index of $size"
