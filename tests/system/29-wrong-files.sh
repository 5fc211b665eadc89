#!/usr/bin/env bash
# Goal of this test: a file that decides whom to believe, or holds a key, is refused where somebody else could have written or read it, by every program that
# reads it, with its name, the reason and what to do; and is taken again when that is mended. Owners are tried where the test runs as root.
source "$(dirname "$0")/lib.sh"

start_daemon house
unset DEPOSITARY_POLICY
mkdir -m 700 "$work/pki"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/pki/key.pem" -out "$work/pki/cert.pem" -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null
chmod 600 "$work/pki/key.pem"
mkdir -m 755 "$work/reader"
cp "$policy" "$work/reader/policy"
chmod 644 "$work/reader/policy"
expect 0 depositary --policy "$policy" certify "$instrument" cl_11 -o "$work/copies"
expect 0 depositary --policy "$policy" export "$work/files"
office=$work/office
(umask 077 && echo 'a passphrase of ours' >"$work/passphrase")
expect 0 depositary office init "$office" --origin wrong.test/ledger --spare "$work/spare" --no-passphrase
expect 0 depositary key authorise "$(head -c 32 /dev/urandom | base64)" --holder a --offline --office "$office"
expect 0 depositary office init "$work/sealed" --origin sealed.test/ledger --spare "$work/sealed-spare" --passphrase-file "$work/passphrase"
expect 0 depositary --policy "$work/reader/policy" get "$instrument" 11 # which leaves a memory of the ledger
memory=$(find "$XDG_STATE_HOME" -name '*.checkpoint')
[[ -f $memory ]] || fail "nothing was remembered"

# tls_daemon: a daemon with that key; "listening" is as far as it gets.
tls_daemon() {
    timeout --preserve-status -s TERM 2 depositaryd --data "$work/tls" --listen "tls+tcp://localhost:$(free_port)" --http none --tls-cert "$work/pki/cert.pem" --tls-key "$work/pki/key.pem"
}

# What reads which file: its name, then the exit code when it is refused and the one when it is taken, then the command. For --check 1 is "no".
readers=(
    "secret $work/house/keys/answer-key|1 0|depositaryd --data $work/house --print-key-request"
    "secret $office/key|5 0|depositary office renew --offline --office $office"
    "secret $work/passphrase|5 5|depositary office renew --offline --office $work/sealed --passphrase-file $work/passphrase"
    "secret $memory|5 0|depositary --policy $work/reader/policy get $instrument 11"
    "private $work/pki/key.pem|1 0|tls_daemon"
    "private $work/pki/key.pem|5 3|depositary --connect tls+tcp://localhost:1 --timeout 1 --policy $work/reader/policy --ca $work/pki/cert.pem --cert $work/pki/cert.pem --key $work/pki/key.pem health"
    "trusted $work/reader/policy|2 0|depositary --policy $work/reader/policy health"
    "trusted $work/reader/policy|2 0|depositary --policy $work/reader/policy verify $work/copies/$instrument.en.1.cl_11.record"
    "trusted $work/reader/policy|2 0|depositary --policy $work/reader/policy audit $work/files"
    "trusted $work/reader/policy|2 0|depositary --policy $work/reader/policy audit"
    "trusted $office/policy|5 0|depositary office renew --offline --office $office"
    "trusted $work/tls/policy|1 0|depositaryd --data $work/tls --check"
)
mkdir "$work/tls"
cp "$policy" "$work/tls/policy"
expect 0 depositary --policy "$policy" backup "$work/backup" --data "$work/house"
expect 0 depositary restore "$work/backup" --data "$work/tls"
readers+=("trusted $work/reader/policy|2 0|depositary restore $work/backup --data $work/tls --policy $work/reader/policy")

refused=0
# refuse CODE FILE WHAT WORDS COMMAND: the reason names the file, and says what to do.
refuse() {
    local code=$1 file=$2 what=$3 words=$4
    shift 4
    expect "$code" "$@"
    contains "$work/err" "$file"
    contains "$work/err" "$words"
    [[ ! -s $work/out ]] || fail "$file $what: something came out: $(cat "$work/out")"
    ((++refused))
}

for reader in "${readers[@]}"; do
    IFS='|' read -r what codes command <<<"$reader"
    read -r kind file <<<"$what"
    read -r code sound <<<"$codes"
    read -ra command <<<"$command"
    expect "$sound" "${command[@]}"
    mode=$(stat -c %a "$file")
    case $kind in
    secret) modes=(640 604 620 602 777) words="chmod 600 $file" ;;
    private) modes=(604 602 606 666) words="chmod g-w,o= $file" ;;
    trusted) modes=(602 646 666 777) words="chmod go-w $file" ;;
    esac
    for wrong in "${modes[@]}"; do
        chmod "$wrong" "$file"
        refuse "$code" "$file" "of mode $wrong" "$words" "${command[@]}"
    done
    chmod "$mode" "$file"
    if [[ $(id -u) == 0 ]]; then
        chown 65534 "$file"
        refuse "$code" "$file" "of another user" "belongs to another user" "${command[@]}"
        chown 0 "$file"
        chgrp 65534 "$file"
        chmod 660 "$file"
        refuse "$code" "$file" "of a group" "$words" "${command[@]}"
        chgrp 0 "$file"
        chmod "$mode" "$file"
    fi
    mv "$file" "$file.away"
    mkfifo -m 600 "$file"
    refuse "$code" "$file" "a pipe" "is not a regular file" "${command[@]}"
    rm "$file"
    if [[ $kind == secret ]]; then
        ln -s "$file.away" "$file"
        refuse "$code" "$file" "a link" "is a symbolic link" "${command[@]}"
        rm "$file"
    fi
    mv "$file.away" "$file"
done
((refused >= ${#readers[@]} * 5)) || fail "only $refused were tried"
[[ $(id -u) == 0 ]] || echo "not root: other owners were not tried" >&2

# A policy may come out of a pipe that the shell hands over, however late.
expect 0 depositary --policy <(sleep 1; cat "$work/reader/policy") health

# A group may read a certificate's key, and the owner of a folder is believed about the policy in it: that of a service's folder, read by another user.
chmod 640 "$work/pki/key.pem"
expect 0 tls_daemon
if [[ $(id -u) == 0 ]]; then
    chown -R 65534 "$work/reader"
    expect 0 depositary --policy "$work/reader/policy" health
fi
