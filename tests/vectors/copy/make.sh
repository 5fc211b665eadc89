#!/bin/sh
# Makes the certified copy in this folder with openssl, sha256sum and POSIX tools alone: three clauses, of which the copy is of the second
# (place 1), in an edition that is entry 1 of a ledger with three entries. The ledger key is RFC 8032 section 7.1, test 1.
# Usage: make.sh, in the folder where the files go
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
origin=example.org/treaties
name=example-treaty.en.1.art_2

sha256() { sha256sum | cut -d ' ' -f 1; }
leaf() { { printf '\000'; cat "$1"; } | sha256; }                                # H(0x00 || file)
node() { { printf '\001'; printf %s%s "$1" "$2" | xxd -r -p; } | sha256; }       # H(0x01 || left || right)
base64_of() { printf %s "$1" | xxd -r -p | base64 -w 0; }

printf 'Article 1\n\nThe Parties shall keep the peace.\n\n' >"$work/text.1"
printf 'Article 2\n\n1. The Parties shall meet \342\200\234once a year\342\200\235.\n\n2. They may meet more often.\n\n' >"$work/text.2"
printf 'Done at Baku in two copies.\n' >"$work/text.3"
clause_record() { # eId text
    printf 'depositary/clause/v1\ninstrument example-treaty\nlanguage en\nclause %s\nlength %s\n\n' "$1" "$(wc -c <"$2")"
    cat "$2"
}
clause_record art_1 "$work/text.1" >"$work/record.1"
clause_record art_2 "$work/text.2" >"$work/record.2"
clause_record conclusions "$work/text.3" >"$work/record.3"

cp "$work/record.2" "$name.record"
one=$(leaf "$work/record.1") two=$(leaf "$work/record.2") three=$(leaf "$work/record.3")
cat "$work/text.1" "$work/text.2" "$work/text.3" >"$work/source"

cat >"$work/edition" <<RECORD
depositary/edition/v1
instrument example-treaty
language en
edition 1
act deposit
title An example treaty
date 2025-04-23
place Baku
party The First Party
party The Second Party
authenticity authentic
translation-of none
source-sha256 $(sha256 <"$work/source")
source-length $(wc -c <"$work/source")
clauses 3
clauses-root $(base64_of "$(node "$(node "$one" "$two")" "$three")")
previous none
deposited-at 2025-04-23T00:00:00Z
remark none

RECORD
first=$(printf first | { printf '\000'; cat; } | sha256)
last=$(printf last | { printf '\000'; cat; } | sha256)
root=$(node "$(node "$first" "$(leaf "$work/edition")")" "$last")

{ printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040'
  printf 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60 | xxd -r -p; } >"$work/key.der"
openssl pkey -inform DER -in "$work/key.der" -pubout -outform DER | tail -c 32 >"$work/key.pub"
id=$({ printf '%s\n\001' "$origin"; cat "$work/key.pub"; } | sha256 | cut -c 1-8)
printf '%s\n3\n%s\n' "$origin" "$(base64_of "$root")" >"$work/checkpoint"
signature=$(openssl pkeyutl -sign -rawin -keyform DER -inkey "$work/key.der" -in "$work/checkpoint" | xxd -p | tr -d '\n')
{
    printf 'depositary/copy/v1\nplace 1\n%s\n%s\n\n' "$(base64_of "$one")" "$(base64_of "$three")"
    cat "$work/edition"
    printf 'c2sp.org/tlog-proof@v1\nindex 1\n%s\n%s\n\n' "$(base64_of "$first")" "$(base64_of "$last")"
    cat "$work/checkpoint"
    printf '\n\342\200\224 %s %s\n' "$origin" "$(base64_of "$id$signature")"
} >"$name.proof"
printf 'log %s+%s+%s\nquorum none\n' "$origin" "$id" "$({ printf '\001'; cat "$work/key.pub"; } | base64 -w 0)" >policy
