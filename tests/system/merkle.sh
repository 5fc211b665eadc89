# shellcheck shell=bash disable=SC2034
# SHA-256, RFC 9162 inclusion and Ed25519 with sha256sum and openssl alone, for the stranger's scripts. Hashes are lines of hexadecimal.

sha256_hex() { sha256sum | cut -d ' ' -f 1; }
sha256_raw() { openssl dgst -sha256 -binary; }

# leaf_hash FILE: H(0x00 || file)
leaf_hash() { { printf '\0'; cat "$1"; } | sha256_hex; }

# node_hash LEFT RIGHT: H(0x01 || left || right)
node_hash() { { printf '\001'; printf '%s%s' "$1" "$2" | xxd -r -p; } | sha256_hex; }

# inclusion_root LEAF INDEX SIZE PATH-FILE: the root that the path leads to (RFC 9162 section 2.1.3.2); "bad" for a path of another length.
inclusion_root() {
    local root=$1 fn=$2 sn=$(($3 - 1)) step
    ((fn <= sn)) || { echo bad; return; }
    while read -r step; do
        ((sn > 0)) || { echo bad; return; }
        if ((fn % 2 == 1 || fn == sn)); then
            root=$(node_hash "$step" "$root")
            while ((fn % 2 == 0 && fn != 0)); do
                ((fn >>= 1, sn >>= 1)) || true
            done
        else
            root=$(node_hash "$root" "$step")
        fi
        ((fn >>= 1, sn >>= 1)) || true
    done <"$4"
    ((sn == 0)) && echo "$root" || echo bad
}

# ed25519_verify RAW-KEY-FILE SIGNATURE-FILE MESSAGE-FILE: the key wrapped as RFC 8410 has it.
ed25519_verify() {
    { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cat "$1"; } >"$1.der"
    openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$1.der" -sigfile "$2" -in "$3" >/dev/null 2>&1
}
