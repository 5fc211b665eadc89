#!/usr/bin/env bash
# Goal of this test: a client without memory behind a balancer that gives each call to another service, each with an answer key of its own, verifies what it is
# answered: the record of a key comes under the seal of the next one, whose record has to be asked for in turn.
source "$(dirname "$0")/lib.sh"

start_daemon origin
origin_url=$url
ports=("${url##*:}")
for name in second third; do
    mkdir -p "$work/$name"
    cp "$policy" "$work/$name/policy"
    expect 0 depositaryd --data "$work/$name" --print-key-request
    expect 0 depositary key authorise "$(cat "$work/out")" --holder "$name" --office "$work/origin/office"
    mirror_url=tcp://127.0.0.1:$(free_port)
    depositaryd --data "$work/$name" --listen "$mirror_url" --http none --follow "$origin_url" --follow-interval 1 2>>"$work/$name.log" &
    daemons+=($!)
    wait_ready "$mirror_url" "$policy" $! || fail "$name does not serve"
    ports+=("${mirror_url##*:}")
done
size_of() { depositary --connect "tcp://127.0.0.1:$1" checkpoint | sed -n 2p; }
for port in "${ports[@]}"; do
    are_level() { [[ $(size_of "$port") == "$(size_of "${ports[0]}")" ]]; }
    eventually 60 are_level
done

# balance PORT...: a balancer over them; DEPOSITARY_CONNECT is its.
balance() {
    local port
    port=$(free_port)
    python3 "$DEPOSITARY_SOURCE/tests/system/balancer.py" "$port" "$@" &
    daemons+=($!)
    is_there() { (exec 3<>"/dev/tcp/127.0.0.1/$port"); }
    eventually 20 is_there
    export DEPOSITARY_CONNECT=tcp://127.0.0.1:$port
}

# Each command is a client of its own, and remembers nothing.
fresh() {
    rm -rf "$XDG_STATE_HOME"
    "$@"
}

for count in 2 3; do
    balance "${ports[@]:0:count}"
    expect 0 fresh depositary get $instrument 11
    contains "$work/out" "World Urban Forum"
    expect 0 fresh depositary list
    expect 0 fresh depositary search '"Belt and Road"'
    expect 1 fresh depositary get $instrument 99
    expect 1 fresh depositary get no-such-treaty 1
    expect 0 fresh depositary cite 'Joint Statement, para 11' # its answer carries no state
    expect 0 fresh depositary get $instrument 4 --receipt "$work/$count.receipt"
    expect 0 depositary verify "$work/$count.receipt"
done

# What was not authorised is not believed, whatever is around it.
mkdir -p "$work/stranger"
cp "$policy" "$work/stranger/policy"
stranger_url=tcp://127.0.0.1:$(free_port)
depositaryd --data "$work/stranger" --listen "$stranger_url" --http none --follow "$origin_url" --follow-interval 1 2>>"$work/stranger.log" &
daemons+=($!)
has_entries() { grep -q "ledger extended from its source" "$work/stranger.log"; }
eventually 60 has_entries
balance "${stranger_url##*:}" "${ports[0]}"
expect 4 fresh depositary get $instrument 11
no_text "from a service without a key of the ledger"
