#!/usr/bin/env bash
# Goal of this test: whoever else has an account on the machine gets no secret of the service's or the office's: not from files, the environment, arguments,
# logs, swap or core dumps; and a key file that others could have read or written is refused, with the reason. As root the service runs as another user,
# and a third one tries to read; else what only root can arrange is left out, and said.
source "$(dirname "$0")/lib.sh"

as() { # as USER-NUMBER COMMAND...
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"
}
is_root=false
run=()
if [[ $(id -u) == 0 ]]; then
    is_root=true
    run=(setpriv --reuid 65533 --regid 65533 --clear-groups --)
    chmod 755 "$work"
fi

# serve: the daemon on $work/home, as a user of its own where that can be; sets pid.
mkdir "$work/home"
if $is_root; then chown 65533:65533 "$work/home"; fi
url=tcp://127.0.0.1:$(free_port)
serve() {
    "${run[@]}" depositaryd --data "$work/home/data" --listen "$url" --http none >>"$work/home.log" 2>&1 &
    pid=$!
    daemons+=("$pid")
    wait_ready "$url" "$work/home/data/policy" "$pid"
}
serve || fail "not ready"
for _ in $(seq 50); do [[ $(readlink "/proc/$pid/exe") == */depositaryd ]] && break; sleep 0.1; done

# Files: nobody else enters, and what holds a secret is closed by itself.
data=$work/home/data
[[ $(stat -c %a "$data/keys") == 700 && $(stat -c %a "$data/office") == 700 ]] || fail "a folder is open"
for secret in keys/answer-key office/key office-spare/spare-key ledger.db; do
    [[ $(stat -c %a "$data/$secret") == 600 ]] || fail "$secret is open"
    if $is_root && as 65534 cat "$data/$secret" >/dev/null 2>&1; then fail "$secret can be read by others"; fi
done

# The process: no core dump, nobody may look into it, and the memory of its key is locked.
grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits" || fail "the service may leave a core dump"
if $is_root; then
    [[ $(stat -c %u "/proc/$pid/environ") == 0 ]] || fail "the service may be looked into by its own user"
    as 65533 cat "/proc/$pid/maps" >/dev/null 2>&1 && fail "its own user looks into its memory"
fi
if is_sanitized; then
    echo "sanitizers lock no memory: that it is locked is left out" >&2
else
    locked=$(awk '$1 == "VmLck:" { print $2 }' "/proc/$pid/status")
    [[ $locked -gt 0 ]] || fail "no memory is locked: a key could go to swap"
fi
python3 - "$pid" "$work/home.log" "$data" <<'PYTHON' || fail "a secret stands in arguments, environment or log"
import base64, re, sys
pid, log, data = sys.argv[1:4]
places = [open(path, "rb").read() for path in (f"/proc/{pid}/cmdline", f"/proc/{pid}/environ", log)]
for name in ("keys/answer-key", "office/key", "office-spare/spare-key"):
    text = open(f"{data}/{name}").read()
    seed = base64.b64decode(re.search(r"^(?:secret|seed) (\S+)$", text, re.M)[1])
    assert len(seed) == 32
    for form in (seed, seed.hex().encode(), base64.b64encode(seed)[:42]):
        assert not any(form in place for place in places), name
PYTHON
kill -TERM "$pid"
wait "$pid" || fail "it ended with $?"

# A key that others could have read, put there or exchanged for another is not used, and the reason is told.
refused() {
    local status=0
    "${run[@]}" depositaryd --data "$data" --listen "$url" --http none >"$work/out" 2>&1 </dev/null || status=$?
    [[ $status != 0 ]] || fail "served with a key $1"
    contains "$work/out" "$2"
}
for mode in 640 604 620 602; do
    chmod "$mode" "$data/keys/answer-key"
    refused "of mode $mode" "is open to group or others"
done
chmod 600 "$data/keys/answer-key"
mv "$data/keys/answer-key" "$data/keys/elsewhere"
ln -s elsewhere "$data/keys/answer-key"
refused "behind a link" "is a symbolic link"
rm "$data/keys/answer-key"
mv "$data/keys/elsewhere" "$data/keys/answer-key"
if $is_root; then
    chown 65534 "$data/keys/answer-key"
    refused "of another user" "answer-key"
    chown 65533 "$data/keys/answer-key"
    # A folder of another user's, as a volume or a restored backup may be: whose it is, and what to do.
    for other in "$data/ledger.db" "$data/lock" "$data"; do
        chown 65534:65534 "$other"
        [[ $other == */ledger.db ]] || refused "in another user's folder" "$other belongs to user 65534, and user 65533, who runs this, may not write there: run it as its owner, or chown -R 65533:65533 $data"
        code=0
        "${run[@]}" depositaryd --data "$data" --check >"$work/out" 2>&1 || code=$?
        [[ $other != */ledger.db ]] || { [[ $code == 1 ]] && contains "$work/out" "$other belongs to user 65534"; } || fail "--check: $code"
        chown 65533:65533 "$other"
    done
    mkdir "$work/roots"
    code=0
    "${run[@]}" depositaryd --data "$work/roots" --listen "$url" --http none >"$work/out" 2>&1 </dev/null || code=$?
    [[ $code == 1 ]] || fail "served from root's folder: $code"
    contains "$work/out" "$work/roots belongs to user 0, and user 65533"
else
    echo "not root: other users were not tried"
fi
serve || fail "not ready with all as it was"

# The office: neither its key nor its passphrase's file is taken where others could read it; and its process is as closed, before it asks for anything.
office=$work/office
depositary office init "$office" --origin local.test/ledger --spare "$work/safe" --no-passphrase >/dev/null 2>&1
export DEPOSITARY_OFFICE=$office DEPOSITARY_POLICY=$office/policy
key=$(head -c 32 /dev/urandom | base64)
chmod 640 "$office/key"
expect 5 depositary key authorise "$key" --holder a --offline
contains "$work/err" "is open to group or others"
chmod 600 "$office/key"
echo 'correct horse' >"$work/pass"
chmod 600 "$work/pass"
expect 0 depositary office init "$work/sealed" --origin sealed.test/ledger --spare "$work/sealed-safe" --passphrase-file "$work/pass"
chmod 644 "$work/pass"
code=0
depositary key authorise "$key" --holder a --offline --office "$work/sealed" --passphrase-file "$work/pass" >"$work/out" 2>"$work/err" || code=$?
[[ $code != 0 ]] || fail "a passphrase that others can read was taken"
contains "$work/err" "is open to group or others"
port=$(free_port)
python3 -c 'import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
time.sleep(60)' "$port" >"$work/silent" &
daemons+=("$!")
for _ in $(seq 100); do [[ -s $work/silent ]] && break; sleep 0.1; done
depositary --connect "tcp://127.0.0.1:$port" --timeout 20 office renew >/dev/null 2>&1 &
clerk=$!
daemons+=("$clerk")
closed() { grep -qE '^Max core file size +0 +0 ' "/proc/$clerk/limits"; }
for _ in $(seq 50); do closed && break; sleep 0.1; done
closed || fail "the office's process may leave a core dump"
