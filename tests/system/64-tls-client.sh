#!/usr/bin/env bash
# Goal of this test: the client's half of TLS. The service's certificate must come from the authority that was given and be for the name that was asked
# for; a client's own certificate is shown where it is wanted; --insecure is for loopback alone; and answers are verified in any case.
source "$(dirname "$0")/lib.sh"

pki=$work/pki
mkdir -m 700 "$pki"
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/$1.key" -out "$pki/$1.pem" -days 2 \
        -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE 2>/dev/null
}
certificate() { # NAME AUTHORITY DNS-NAME
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/$1.key" -out "$pki/$1.csr" -subj "/CN=$3" 2>/dev/null
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -days 2 -out "$pki/$1.pem" \
        -extfile <(echo "subjectAltName=DNS:$3") 2>/dev/null
}
authority good
authority other
certificate right good localhost
certificate wrong good elsewhere.example
certificate caller good caller.example
chmod 600 "$pki"/*.key

# serve NAME CERTIFICATE [OPTIONS...]: sets tls_url.
serve() {
    local name=$1 certificate=$2 port
    shift 2
    port=$(free_port)
    start_daemon "$name" --listen "tls+tcp://localhost:$port" --tls-cert "$pki/$certificate.pem" --tls-key "$pki/$certificate.key" "$@"
    tls_url=tls+tcp://localhost:$port
}
get() { depositary --connect "$tls_url" --timeout 2 "$@" get "$instrument" cl_11; }

serve right right
expect 0 get --ca "$pki/good.pem"
contains "$work/out" "ti engage"
expect 3 get --ca "$pki/other.pem"
no_text "another authority"
expect 2 get
contains "$work/err" "authority"
expect 0 get --insecure
expect 2 depositary --connect tls+tcp://service.example:7769 --insecure health
contains "$work/err" "loopback"

serve wrong wrong
expect 3 get --ca "$pki/good.pem"
no_text "a certificate for another name"

serve mutual right --tls-client-ca "$pki/good.pem"
expect 3 get --ca "$pki/good.pem"
no_text "no certificate of the caller's"
expect 0 get --ca "$pki/good.pem" --cert "$pki/caller.pem" --key "$pki/caller.key"
expect 2 get --ca "$pki/good.pem" --cert "$pki/caller.pem"
contains "$work/err" "key"
