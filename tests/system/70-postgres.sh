#!/usr/bin/env bash
# Goal of this test: several daemons append to one PostgreSQL database, each serving from its own verified copy. What is acknowledged is never lost, what
# the database is made to say is never served, and reads go on without it.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/postgres.sh"

declare -A urls pids https
office=$work/office
export DEPOSITARY_POLICY=$office/policy DEPOSITARY_OFFICE=$office

database() { echo "postgresql://depositary@127.0.0.1:${1:-${pg_port[main]}}/depositary"; }

# start_replica NAME [STORE]: on $work/NAME; its address stays.
start_replica() {
    urls[$1]=${urls[$1]:-tcp://127.0.0.1:$(free_port)}
    https[$1]=${https[$1]:-127.0.0.1:$(free_port)}
    depositaryd --data "$work/$1" --listen "${urls[$1]}" --http "${https[$1]}" --follow-interval 1 --store "${2:-$(database)}" 2>>"$work/$1.log" &
    pids[$1]=$!
    daemons+=("$!")
}

# make_replica NAME: its folder, with an answer key that the office authorises when it is next asked to send.
make_replica() {
    mkdir -p "$work/$1"
    cp "$office/policy" "$work/$1/policy"
    expect 0 depositaryd --data "$work/$1" --print-key-request
    expect 0 depositary key authorise "$(cat "$work/out")" --holder "$1" --offline
}

kill_hard() {
    kill -KILL "$1"
    wait "$1" 2>/dev/null || true
}

at() { depositary --connect "${urls[$1]}" --timeout 10 "${@:2}"; }
size_of() { depositary --connect "${urls[$1]}" --timeout 2 checkpoint 2>/dev/null | sed -n 2p; }
entries() { sql main 'SELECT count(*) FROM depositary.entry'; }

wait_level() { # NAME SIZE
    local i
    for i in $(seq 300); do
        if [[ $(size_of "$1") == "$2" ]]; then return 0; fi
        sleep 0.05
    done
    fail "replica $1 is not level with $2 entries"
}

wait_for() { # FILE WORDS
    local i
    for i in $(seq 300); do
        if grep -qF -- "$2" "$1"; then return 0; fi
        sleep 0.05
    done
    fail "never in ${1##*/}: $2"
}

# write_treaty NAME ARTICLES: $work/NAME.txt and .about.
write_treaty() {
    printf 'instrument %s\nlanguage en\ntitle Treaty %s\nauthenticity authentic\n' "$1" "$1" >"$work/$1.about"
    python3 -c 'import sys
for article in range(1, int(sys.argv[2]) + 1):
    print(f"Article {article}\nOf {sys.argv[1]}, article {article}: " + "the Parties keep what they promised. " * 20 + "\n")' "$1" "$2" >"$work/$1.txt"
}
deposit() { # REPLICA NAME
    depositary --connect "${urls[$1]}" --timeout 10 deposit "$work/$2.txt" --about "$work/$2.about" --yes
}
is_whole() { # REPLICA NAME: every byte, proved, is what was deposited.
    eventually 20 depositary --connect "${urls[$1]}" show "$2" --text # the catalog comes after the ledger: on a slow machine noticeably
    cmp "$work/out" "$work/$2.txt"
}

# ---- two replicas, one database

pg_make main
pg_start main
pg_database main
expect 0 depositary office init "$office" --spare "$work/spare" --no-passphrase --origin postgres.test/ledger
make_replica a
make_replica b
start_replica a
start_replica b
wait_for "$work/a.log" "not serving"
wait_for "$work/b.log" "not serving"
expect 0 at a office push
wait_level b "$(entries)"
write_treaty first 12
expect 0 deposit a first
wait_level b "$(entries)"
is_whole b first
expect 0 at b audit

# A balancer sends each call of one deposit to the next replica: AppendEntries here, PutClauses there.
urls[both]=tcp://127.0.0.1:$(free_port)
python3 "$DEPOSITARY_SOURCE/tests/system/balancer.py" "${urls[both]##*:}" "${urls[a]##*:}" "${urls[b]##*:}" &
daemons+=($!)
for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/"${urls[both]##*:}") 2>/dev/null && break || sleep 0.05; done
write_treaty balanced 4000
expect 0 deposit both balanced
grep -q PutClauses "$work/a.log" || fail "no clauses came to a"
grep -q PutClauses "$work/b.log" || fail "no clauses came to b"
wait_level a "$(entries)"
is_whole a balanced
[[ $(sql main 'SELECT (SELECT count(*) FROM depositary.offer) + (SELECT count(*) FROM depositary.staged)') == 0 ]] || fail "what was staged is still there"

# ---- two at once

# The same bytes at both: both are told that it is done. Another ledger of the same size: one is, the other is refused.
cp -r "$office" "$work/twin"
write_treaty same 3
expect 0 depositary --offline deposit "$work/same.txt" --about "$work/same.about" --yes
rm -rf "$work/twin"
cp -r "$office" "$work/twin"
at a office push >"$work/push-a" 2>&1 &
first=$!
status=0
at b office push --office "$work/twin" >"$work/push-b" 2>&1 || status=$?
wait "$first" || fail "one of two that sent the same was refused: $(cat "$work/push-a")"
[[ $status == 0 ]] || fail "one of two that sent the same was refused: $(cat "$work/push-b")"
wait_level a "$(entries)"
wait_level b "$(entries)"
write_treaty mine 3
write_treaty theirs 3
rm -rf "$work/twin"
cp -r "$office" "$work/twin"
expect 0 depositary --offline deposit "$work/mine.txt" --about "$work/mine.about" --yes
expect 0 depositary --offline deposit "$work/theirs.txt" --about "$work/theirs.about" --office "$work/twin" --yes
at a office push >"$work/push-a" 2>&1 &
first=$!
theirs=0 mine=0
at b office push --office "$work/twin" >"$work/push-b" 2>&1 || theirs=$?
wait "$first" || mine=$?
((mine == 0 && theirs != 0 || mine != 0 && theirs == 0)) || fail "of two ledgers $mine and $theirs were taken"
if ((mine != 0)); then # the office that was refused is no more
    rm -rf "$office"
    mv "$work/twin" "$office"
fi
wait_level a "$(entries)"
wait_level b "$(entries)"
expect 0 at a audit
expect 0 at b audit

# ---- what was deposited is only ever added to

for role in depositary postgres; do
    refused=0
    while read -r words; do
        ((++refused))
        echo "$words;"
    done >"$work/forbidden.sql" <<'SQL'
UPDATE depositary.entry SET record = 'x'
DELETE FROM depositary.entry
TRUNCATE depositary.entry
UPDATE depositary.clause SET record = 'x'
DELETE FROM depositary.clause
TRUNCATE depositary.clause
UPDATE depositary.place SET place = 9
DELETE FROM depositary.place
TRUNCATE depositary.place
UPDATE depositary.checkpoint SET note = 'x'
UPDATE depositary.checkpoint SET size = size + 1
DELETE FROM depositary.checkpoint
TRUNCATE depositary.checkpoint
INSERT INTO depositary.entry VALUES (100000, sha256('\x00'::bytea || 'x'), 'x')
INSERT INTO depositary.entry SELECT max(idx) + 1, sha256('x'), 'x' FROM depositary.entry
INSERT INTO depositary.checkpoint VALUES (100000, 'x')
SQL
    "$pg_bin/psql" -X -q -h 127.0.0.1 -p "${pg_port[main]}" -U "$role" -d depositary -f "$work/forbidden.sql" >/dev/null 2>"$work/err"
    told=$(grep -cE "append-only|permission denied|next index|check constraint|only gains|number of entries" "$work/err")
    [[ $told == "$refused" ]] || { cat "$work/err" >&2; fail "$role was refused $told of $refused"; }
done

# A role that can only add, as docker/README.md has it, is enough for a server.
sql main "$(sed -n '/^```sql$/,/^```$/{/^```/d;p}' "$DEPOSITARY_SOURCE/docker/README.md")" >/dev/null
sql main "ALTER ROLE depositary_server PASSWORD '$pg_password'"
stop_daemon "${pids[b]}"
database() { echo "postgresql://depositary_server@127.0.0.1:${1:-${pg_port[main]}}/depositary"; }
start_replica b
wait_ready "${urls[b]}" "$DEPOSITARY_POLICY" "${pids[b]}" || fail "b does not serve as a role that can only add"
write_treaty granted 30
expect 0 deposit b granted
wait_level a "$(entries)"
is_whole a granted
database() { echo "postgresql://depositary@127.0.0.1:${1:-${pg_port[main]}}/depositary"; }

# ---- the database away

pg_stop main
wait_for "$work/a.log" "cannot be followed"
is_whole a first
is_whole b balanced
write_treaty away 5
expect 5 at a --timeout 3 deposit "$work/away.txt" --about "$work/away.about" --yes
contains "$work/err" "UNAVAILABLE"
contains "$work/err" "asking again for a while"
curl -sf "http://${https[a]}/readyz" >/dev/null || fail "a is not ready to serve reads"
curl -sf "http://${https[a]}/metrics" >"$work/metrics"
grep -qE '^depositary_follower_age_seconds [0-9]' "$work/metrics" || fail "the metrics do not say how long it is away"
stop_daemon "${pids[b]}" # a replica starts without it, too
start_replica b
wait_ready "${urls[b]}" "$DEPOSITARY_POLICY" "${pids[b]}" || fail "b does not serve without the database"
is_whole b first
# Back while an office asks again: it never knew.
at a office push >"$work/push" 2>&1 &
push=$!
wait_for "$work/push" "asking again for a while"
pg_start main
wait "$push" || fail "what was sent while the database was away: $(cat "$work/push")"
wait_for "$work/a.log" "followed again"
wait_level b "$(entries)"
is_whole b away

# ---- hosts that take connections and say nothing

# libpq gives each three seconds, fifteen in all. Who deposits is told sooner that the database is away; the answer is the service's own, not a time that ran out.
python3 - "$work/silent" <<'EOF' &
import os, socket, sys, time
doors = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(5)]
with open(sys.argv[1] + ".new", "w") as file:
    file.write(",".join(f"127.0.0.1:{door.getsockname()[1]}" for door in doors))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
EOF
silent=$!
daemons+=("$silent")
eventually 20 test -e "$work/silent"
stop_daemon "${pids[b]}"
start_replica b "postgresql://depositary@$(cat "$work/silent")/depositary"
wait_ready "${urls[b]}" "$DEPOSITARY_POLICY" "${pids[b]}" || fail "b does not serve while its database says nothing"
write_treaty silent 3
expect 5 deposit b silent
contains "$work/err" "UNAVAILABLE"
expect 5 at b --timeout 2 office push # it is known
wait_for "$work/b.log" "it does not answer yet"
is_whole b away
stop_daemon "${pids[b]}"
kill "$silent"
start_replica b
wait_ready "${urls[b]}" "$DEPOSITARY_POLICY" "${pids[b]}" || fail "b does not serve"
expect 0 at b office push
is_whole b silent

# ---- killed in the middle of a deposit

for moment in 0.05 0.25 0.5; do
    name=killed-${moment/./-}
    write_treaty "$name" 2500
    status=0
    # For so long it asks again, and the database is not back before it has given up.
    at a --timeout 3 deposit "$work/$name.txt" --about "$work/$name.about" --yes >"$work/deposit" 2>&1 &
    deposit=$!
    sleep "$moment"
    pg_kill main
    wait "$deposit" || status=$?
    pg_start main
    if [[ $status == 0 ]]; then # acknowledged: nothing is left to send
        wait_level b "$(entries)"
    else
        expect 0 at b office push
    fi
    is_whole b "$name"
done
wait_level a "$(entries)"
expect 0 at a audit

# ---- the answer to COMMIT is lost

port=$(free_port)
python3 "$DEPOSITARY_SOURCE/tests/system/pg_proxy.py" "$port" "${pg_port[main]}" "$work/order" &
daemons+=($!)
make_replica c
make_replica new # for later
start_replica c "$(database "$port")"
expect 0 at b office push
wait_ready "${urls[c]}" "$DEPOSITARY_POLICY" "${pids[c]}" || fail "c does not serve"
wait_level c "$(entries)"
before=$(entries)
echo answer >"$work/order" # it was committed: c finds the entry, and says so
expect 0 at c office renew
[[ ! -e $work/order ]] || fail "no COMMIT came by"
[[ $(entries) == $((before + 1)) ]] || fail "not committed once"
wait_level c $((before + 1))
echo commit >"$work/order" # it was not: c finds none, and says so; the office sends the same again
expect 0 at c office renew
contains "$work/err" "send the same again"
[[ $(entries) == $((before + 2)) ]] || fail "committed, and told that it was not"
echo answer deaf >"$work/order" # committed, and c cannot ask: it says that it does not know
at c --timeout 40 office renew >"$work/renew" 2>&1 &
renew=$!
eventually 60 grep -q "not known" "$work/renew"
[[ $(entries) == $((before + 3)) ]] || fail "not committed"
rm "$work/order"
wait "$renew" || fail "sent again, it was not known to be there: $(cat "$work/renew")"
wait_level c $((before + 3))
[[ $(entries) == $((before + 3)) ]] || fail "committed twice"

# ---- a database that lies

# A superuser writes around the triggers: an entry more, under a checkpoint that no pinned key signed. Nobody takes it over, all serve on, appends are refused.
before=$(entries)
sql main "SET session_replication_role = replica;
    INSERT INTO depositary.entry SELECT idx + 1, leaf_hash, record FROM depositary.entry ORDER BY idx DESC LIMIT 1;
    INSERT INTO depositary.checkpoint SELECT $before + 1, convert_to(replace(convert_from(note, 'UTF8'), E'\n$before\n', E'\n$((before + 1))\n'), 'UTF8') FROM depositary.checkpoint WHERE size = $before;
    NOTIFY depositary"
wait_for "$work/b.log" "signature is wrong"
is_whole b first
expect 4 at b office renew
contains "$work/err" "does not hold what was signed"
[[ $(size_of b) == "$before" ]] || fail "b took over what nobody signed"
curl -sf "http://${https[b]}/metrics" >"$work/metrics"
grep -qE '^depositary_follower_age_seconds [0-9]' "$work/metrics" || fail "the metrics say nothing"
sql main "SET session_replication_role = replica; DELETE FROM depositary.entry WHERE idx >= $before; DELETE FROM depositary.checkpoint WHERE size > $before"
expect 0 at b office push

# A clause changed: replicas that have it serve the true one, and a new one does not believe the other.
sql main "SET session_replication_role = replica; ALTER TABLE depositary.clause DROP CONSTRAINT clause_check;
    UPDATE depositary.clause SET record = convert_to(replace(convert_from(record, 'UTF8'), 'promised', 'premised'), 'UTF8')
    WHERE leaf_hash = (SELECT leaf_hash FROM depositary.place ORDER BY edition, place LIMIT 1)"
is_whole a first
start_replica new
wait_for "$work/new.log" "cannot be followed"
contains "$work/new.log" "do not rebuild"
depositary --connect "${urls[new]}" show first --text >"$work/out" 2>"$work/err" && fail "a new replica serves what nobody signed"
no_text
sql main "SET session_replication_role = replica; UPDATE depositary.clause SET record = convert_to(replace(convert_from(record, 'UTF8'), 'premised', 'promised'), 'UTF8') WHERE position('premised'::bytea IN record) > 0"
wait_level new "$(entries)"

# ---- a database that has lost everything, or is of another version

for name in a b c new; do stop_daemon "${pids[$name]}"; done
before=$(entries)
# Version 1, as an older daemon made it: the first step of the schema.
sql -u depositary main "DROP TABLE depositary.staged, depositary.offer_record, depositary.offer; DELETE FROM depositary.version WHERE number > 1"
start_replica a
wait_ready "${urls[a]}" "$DEPOSITARY_POLICY" "${pids[a]}" || fail "a does not serve"
write_treaty migrated 3
expect 0 deposit a migrated
[[ $(sql main 'SELECT max(number) FROM depositary.version') == 2 ]] || fail "the schema was not brought to version 2"
sql -u depositary main "INSERT INTO depositary.version VALUES (99)"
stop_daemon "${pids[a]}"
start_replica a
wait_for "$work/a.log" "of version 99"
is_whole a migrated
expect 5 at a --timeout 3 office renew
contains "$work/err" "UNAVAILABLE"
# Lost: what a replica holds is given back to it, and another comes to the same from there.
sql main "DELETE FROM depositary.version WHERE number = 99"
stop_daemon "${pids[a]}"
start_replica a
wait_ready "${urls[a]}" "$DEPOSITARY_POLICY" "${pids[a]}" || fail "a does not serve"
expect 0 at a office push # it is connected
sql main "DROP SCHEMA depositary CASCADE"
wait_for "$work/a.log" "was given the rest"
expect 0 at a office push
start_replica b
wait_level b "$(entries)"
[[ $(entries) == $((before + 3)) ]] || fail "not all is there again: $(entries)"
rm "$work/new"/*.db*
start_replica new
wait_level new "$(entries)"
is_whole new balanced
for name in a b new; do stop_daemon "${pids[$name]}"; done
expect 0 depositaryd --data "$work/new" --check
