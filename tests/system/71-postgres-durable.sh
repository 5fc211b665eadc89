#!/usr/bin/env bash
# Goal of this test: what a PostgreSQL database does not keep for sure is not called appended: one with fsync off is not written to, and a COMMIT whose wait for
# its standby was cut short is acknowledged to nobody before the standby has it.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/postgres.sh"

pg_make main
pg_start main
pg_database main
office=$work/office
expect 0 depositary office init "$office" --origin durable.test/ledger --spare "$work/spare" --no-passphrase
export DEPOSITARY_POLICY=$office/policy DEPOSITARY_OFFICE=$office
mkdir "$work/a"
cp "$office/policy" "$work/a/policy"
expect 0 depositaryd --data "$work/a" --print-key-request
expect 0 depositary key authorise "$(cat "$work/out")" --holder a --offline
export DEPOSITARY_CONNECT=tcp://127.0.0.1:$(free_port)
serve() {
    depositaryd --data "$work/a" --listen "$DEPOSITARY_CONNECT" --http none --store "postgresql://depositary@127.0.0.1:${pg_port[main]}/depositary" 2>>"$work/a.log" &
    daemon=$!
    daemons+=("$daemon")
}

# Without fsync: nothing is written.
sql main "ALTER SYSTEM SET fsync = off"
sql main "SELECT pg_reload_conf()" >/dev/null
serve
eventually 20 grep -qF listen= "$work/a.log"
expect 5 depositary --timeout 5 office push
[[ $(sql main "SELECT count(*) FROM pg_namespace WHERE nspname = 'depositary'") == 0 || $(sql main 'SELECT count(*) FROM depositary.entry') == 0 ]] || fail "something was written without fsync"
contains "$work/a.log" "fsync off"
stop_daemon "$daemon"
sql main "ALTER SYSTEM RESET fsync"
sql main "SELECT pg_reload_conf()" >/dev/null
serve
eventually 60 depositary --timeout 5 office push
wait_ready "$DEPOSITARY_CONNECT" "$DEPOSITARY_POLICY" "$daemon" || fail "not served with fsync"

# A standby that does not come, and a wait for it that is cut short: by a connection that ends; by an administrator, after which the server says COMMIT and means
# it for this machine alone; by a restart, after which the commit is there and nobody has waited. Nothing is acknowledged before there is no standby to wait for.
standby() {
    sql main "ALTER SYSTEM SET synchronous_standby_names = '$1'"
    sql main "SELECT pg_reload_conf()" >/dev/null
}
waiting() { sql main "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' LIMIT 1"; }
waits() { [[ -n $(waiting 2>/dev/null) ]]; }
renew() {
    standby nobody
    depositary --timeout 150 office renew >"$work/renew.out" 2>"$work/renew.err" &
    renewing=$!
    still_waits "at first"
}
still_waits() {
    eventually 30 waits
    kill -0 "$renewing" 2>/dev/null || { cat "$work/renew.err"; fail "acknowledged without the standby, $1"; }
}
ends_well() {
    local code=0
    standby ''
    wait "$renewing" || code=$?
    [[ $code == 0 ]] || { cat "$work/renew.err"; fail "with all that it waited for, renewing ended with $code"; }
}
renew
sql main "SELECT pg_terminate_backend($(waiting))" >/dev/null
still_waits "after the connection was ended"
ends_well
renew
sql main "SELECT pg_cancel_backend($(waiting))" >/dev/null
eventually 30 grep -qF "whether the database has committed this append is not known; send the same again" "$work/renew.err"
still_waits "after the wait was ended"
pg_stop main
pg_start main
still_waits "after a restart"
ends_well
eventually 60 depositary --timeout 10 office push
expect 0 depositary audit
stop_daemon "$daemon"
