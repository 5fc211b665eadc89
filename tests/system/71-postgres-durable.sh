#!/usr/bin/env bash
# Goal of this test: what a PostgreSQL database does not keep for sure is not called appended: one with fsync off is not written to, and a COMMIT whose wait for
# its standby somebody ended is said to be of unknown outcome; the same may be sent again.
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

# A standby that never comes, and an administrator who ends the wait: the server says COMMIT, and means it for this machine alone.
sql main "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
sql main "SELECT pg_reload_conf()" >/dev/null
waiting() { sql main "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' LIMIT 1"; }
depositary --timeout 60 office renew >"$work/renew.out" 2>"$work/renew.err" &
renewing=$!
waits() { [[ -n $(waiting) ]]; }
eventually 60 waits
sql main "SELECT pg_cancel_backend($(waiting))" >/dev/null
code=0
wait "$renewing" || code=$?
[[ $code == 5 || $code == 0 ]] || { cat "$work/renew.err"; fail "an append without its standby ended with $code"; } # the command line asks again by itself
contains "$work/renew.err" "whether the database has committed this append is not known; send the same again"
sql main "ALTER SYSTEM RESET synchronous_standby_names"
sql main "SELECT pg_reload_conf()" >/dev/null
eventually 60 depositary --timeout 10 office push
expect 0 depositary audit
stop_daemon "$daemon"
