#!/bin/sh
# Makes checkpoint-cosigned.txt, checkpoint-cosigned.policy, seal-head.bin and seal-signature.bin in the folder it runs in, with
# openssl and protoc alone. The keys are those of RFC 8032 section 7.1, tests 1 (ledger), 2 (witness) and 3 (answer key).
# Usage: make-notes.sh FOLDER-WITH-PROTO
set -eu
proto=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# secret SEED NAME: an Ed25519 secret key as RFC 8410 wraps it, and its public half.
secret() {
    { printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040'; printf %s "$1" | xxd -r -p; } >"$work/$2.der"
    openssl pkey -inform DER -in "$work/$2.der" -pubout -outform DER | tail -c 32 >"$work/$2.pub"
}
secret 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60 log
secret 4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb witness
secret c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7 answer

# key_id NAME TYPE KEY and verifier_key NAME TYPE KEY: as C2SP signed-note has them. TYPE is an escape of printf.
key_id() { { printf '%s\n%b' "$1" "$2"; cat "$work/$3.pub"; } | openssl dgst -sha256 -binary | head -c 4; }
verifier_key() { printf '%s+%s+%s' "$1" "$(key_id "$1" "$2" "$3" | xxd -p)" "$({ printf %b "$2"; cat "$work/$3.pub"; } | base64 -w 0)"; }
sign() { openssl pkeyutl -sign -rawin -keyform DER -inkey "$work/$1.der" -in "$2"; }
sha256() { openssl dgst -sha256 -binary; }

origin=example.org/treaties
witness=witness.example/w1
printf '%s\n%s\n%s\n' "$origin" 3 "$(printf 'any root' | sha256 | base64)" >"$work/text"
{ printf 'cosignature/v1\ntime 1745366400\n'; cat "$work/text"; } >"$work/cosigned"
{
    cat "$work/text"
    echo
    printf '\342\200\224 %s %s\n' "$origin" "$({ key_id "$origin" '\0001' log; sign log "$work/text"; } | base64 -w 0)"
    # the time again, in eight bytes, before the witness's signature
    printf '\342\200\224 %s %s\n' "$witness" \
        "$({ key_id "$witness" '\0004' witness; printf '\0\0\0\0\150\010\055\200'; sign witness "$work/cosigned"; } | base64 -w 0)"
} >checkpoint-cosigned.txt
{
    echo "log $(verifier_key "$origin" '\0001' log)"
    echo "witness w1 $(verifier_key "$witness" '\0004' witness)"
    echo "quorum w1"
} >checkpoint-cosigned.policy

printf 'origin: "%s" size: 2 root: "%s" sealed_at { seconds: 1745366400 } ledger_size: 3 ledger_root: "%s"' "$origin" \
    rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr llllllllllllllllllllllllllllllll |
    protoc -I "$proto" -I /usr/include --encode=depositary.v1.SealHead depositary/v1/seal.proto >seal-head.bin
type=application/vnd.depositary.seal-head.v1
{ printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(wc -c <seal-head.bin)"; cat seal-head.bin; } >"$work/encoded"
sign answer "$work/encoded" >seal-signature.bin
