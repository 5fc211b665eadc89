#!/usr/bin/env bash
# Goal of this test: tls+tcp:// serves with a server certificate and, where it is asked for, only clients with one; certificate and key are taken anew on
# SIGHUP and when their files change, connections live on, and what cannot be used is refused; plain tcp beyond this machine needs to be asked for.
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$DEPOSITARY_SOURCE/tests/system

pki=$work/pki
mkdir -m 700 "$pki"
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/$1.key" -out "$pki/$1.pem" -days 2 \
        -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
certificate() { # NAME AUTHORITY
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/$1.key" -out "$pki/$1.csr" -subj "/CN=$1" 2>/dev/null
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -days 2 -out "$pki/$1.pem" \
        -extfile <(printf '%s\n' subjectAltName=DNS:localhost subjectKeyIdentifier=hash authorityKeyIdentifier=keyid) 2>/dev/null
}
authority servers
authority clients
certificate one servers
certificate two servers
certificate both clients
certificate friend clients
certificate stranger servers
cp "$pki/one.pem" "$work/cert.pem"
cp "$pki/one.key" "$work/key.pem"
chmod 600 "$work/key.pem"

tls_port=$(free_port)
tls=(--listen "tls+tcp://localhost:$tls_port" --tls-cert "$work/cert.pem" --tls-key "$work/key.pem")
start_daemon safe "${tls[@]}"

# ask_tls [PYTHON-EXPRESSION OF CA] [CERT]: one call over TLS; prints the code and the certificate's serial number.
ask_tls() {
    PORT=$tls_port CA=${1:-$pki/servers.pem} CERT=${2:-} python3 - <<'EOF'
import os, ssl, rpc
context = ssl.create_default_context(cafile=os.environ["CA"])
context.verify_flags |= ssl.VERIFY_X509_STRICT  # as a newer Python does by itself
if os.environ["CERT"]:
    context.load_cert_chain(os.environ["CERT"] + ".pem", os.environ["CERT"] + ".key")
connection = rpc.Connection(("localhost", int(os.environ["PORT"])), tls=context, timeout=5)
print(connection.ask(rpc.GET_CLAUSE, rpc.clause("cl_1")).code, connection.socket.version(), connection.socket.getpeercert()["serialNumber"])
EOF
}
serial() {
    openssl x509 -in "$pki/$1.pem" -noout -serial | cut -d= -f2
}
# shows NAME: within seconds every new connection gets that certificate.
shows() {
    local i want
    want=$(serial "$1")
    for i in $(seq 60); do
        [[ $(ask_tls) == "OK TLSv1."[23]" $want" ]] && [[ $(ask_tls) == *" $want" ]] && return
        sleep 0.2
    done
    fail "the certificate is not $1's"
}

shows one
expect 1 ask_tls "$pki/clients.pem" # a client that does not know the authority hears nothing
contains "$work/err" "CERTIFICATE_VERIFY_FAILED"
! timeout 5 openssl s_client -connect "localhost:$tls_port" -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null >/dev/null 2>&1 ||
    fail "TLS 1.1 is taken"
depositaryd --data "$work/safe" "${tls[@]}" --probe >"$work/out" || fail "the probe does not get through TLS"
contains "$work/out" ": serving"
# A health check that knows the environment alone: it asks there, and so needs neither certificate nor leave for plain TCP.
DEPOSITARY_LISTEN="tls+tcp://localhost:$tls_port" depositaryd --data "$work/safe" --probe >"$work/out" || fail "the probe without a certificate"
contains "$work/out" "tls+tcp://localhost:$tls_port: serving"
expect 1 env DEPOSITARY_LISTEN="tcp://0.0.0.0:$(free_port)" depositaryd --data "$work/safe" --probe
contains "$work/out" ": no connection"
if grep -q DEPOSITARY_LISTEN "$work/out"; then fail "a hint where a listener was named"; fi
expect 1 depositaryd --data "$work/nowhere" --probe
contains "$work/out" "name them in DEPOSITARY_LISTEN"

# A connection lives through everything that follows.
PORT=$tls_port python3 - "$pki/servers.pem" "$work/stop" <<'EOF' &
import os, ssl, sys, time, rpc
context = ssl.create_default_context(cafile=sys.argv[1])
connection = rpc.Connection(("localhost", int(os.environ["PORT"])), tls=context)
while not os.path.exists(sys.argv[2]):
    assert connection.ask(rpc.GET_CHECKPOINT).code == "OK"
    time.sleep(0.1)
EOF
held=$!

# On SIGHUP.
cp "$pki/two.pem" "$work/cert.new" && cp "$pki/two.key" "$work/key.new" && chmod 600 "$work/key.new"
mv "$work/key.new" "$work/key.pem" && mv "$work/cert.new" "$work/cert.pem"
kill -HUP "$daemon"
shows two

# A pair that does not belong together, a key that others may read, and what is no certificate: the one from before stays.
refused() {
    kill -HUP "$daemon"
    for _ in $(seq 60); do
        grep -q "$1" "$work/safe.log" && break
        sleep 0.1
    done
    contains "$work/safe.log" "$1"
    shows two
}
cp "$pki/one.pem" "$work/cert.pem"
refused "do certificate and key belong together"
echo "no certificate" >"$work/cert.pem"
refused "no certificate and key in PEM"
chmod 644 "$work/key.pem"
refused "is open to others, or can be changed by its group"
chmod 600 "$work/key.pem"

# By the files alone, in the order in which a careless script writes them.
cp "$pki/one.pem" "$work/cert.pem"
cp "$pki/one.key" "$work/key.pem"
shows one
touch "$work/stop"
wait "$held" || fail "a connection did not live through a reload"
stop_daemon "$daemon"
! grep -qF "$(sed -n 2p "$pki/one.key")" "$work/safe.log" || fail "the key is in the log"

# Client certificates: with one, of the right authority, and not otherwise. The daemon's own is of that authority too, so that it can knock.
cp "$pki/both.pem" "$work/cert.pem"
cp "$pki/both.key" "$work/key.pem"
start_daemon closed "${tls[@]}" --tls-client-ca "$pki/clients.pem"
[[ $(ask_tls "$pki/clients.pem" "$pki/friend") == OK* ]] || fail "a client with a certificate is not let in"
expect 1 ask_tls "$pki/clients.pem"
expect 1 ask_tls "$pki/clients.pem" "$pki/stranger"
depositaryd --data "$work/closed" "${tls[@]}" --tls-client-ca "$pki/clients.pem" --probe >"$work/out" ||
    fail "the probe does not show the certificate"
! grep -q "not watched" "$work/closed.log" || fail "a door that could be watched is not"
stop_daemon "$daemon"

# What does not go together is told before anything is served.
expect 2 depositaryd --data "$work/no" --listen tls+tcp://localhost:1 --http none
contains "$work/err" "needs --tls-cert and --tls-key"
expect 2 depositaryd --data "$work/no" --tls-cert "$work/cert.pem" --http none
expect 2 depositaryd --data "$work/no" --listen tcp://192.0.2.1:1 --http none
contains "$work/err" "--allow-plaintext"
expect 2 depositaryd --data "$work/no" --listen tcp://127.example.org:1 --http none # a name that anybody may own
contains "$work/err" "--allow-plaintext"
expect 1 depositaryd --data "$work/closed" "${tls[@]}" --tls-key "$pki/one.key" --http none
contains "$work/err" "do certificate and key belong together"
