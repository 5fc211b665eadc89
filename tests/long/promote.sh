#!/usr/bin/env bash
# Goal of this test: a PostgreSQL primary with a synchronous standby is killed while 10,000 clauses are deposited through two replicas, and the standby is promoted.
# No deposit that was acknowledged is lost, a reader who verifies is answered all the while, and depositing goes on by itself.
# promote.sh [DEPOSITS] [CLAUSES]; 100 of 100 where nothing is said; built in .build/plain with DEPOSITARY_POSTGRESQL.
# shellcheck source=tests/system/lib.sh
top=$(cd "$(dirname "$0")/../.." && pwd)
DEPOSITARY_SOURCE=$top DEPOSITARY_BUILD=${DEPOSITARY_BUILD:-$top/.build/plain}
export DEPOSITARY_SOURCE DEPOSITARY_BUILD DEPOSITARY_BIN=$DEPOSITARY_BUILD/bin
source "$DEPOSITARY_SOURCE/tests/system/lib.sh"
source "$DEPOSITARY_SOURCE/tests/system/postgres.sh"
deposits=${1:-100} clauses=${2:-100}

office=$work/office
export DEPOSITARY_POLICY=$office/policy DEPOSITARY_OFFICE=$office
declare -A urls pids

start_replica() {
    urls[$1]=${urls[$1]:-tcp://127.0.0.1:$(free_port)}
    depositaryd --data "$work/$1" --listen "${urls[$1]}" --http none --follow-interval 1 \
        --store "postgresql://depositary@127.0.0.1:${pg_port[primary]},127.0.0.1:${pg_port[standby]}/depositary?target_session_attrs=read-write" 2>>"$work/$1.log" &
    pids[$1]=$!
    daemons+=("$!")
}
size_of() { depositary --connect "${urls[$1]}" --timeout 2 checkpoint 2>/dev/null | sed -n 2p; }
write_treaty() { # NUMBER
    printf 'instrument treaty-%d\nlanguage en\ntitle Treaty %d\nauthenticity authentic\n' "$1" "$1" >"$work/treaty-$1.about"
    python3 -c 'import sys
for article in range(1, int(sys.argv[2]) + 1):
    print(f"Article {article}\nOf treaty {sys.argv[1]}, article {article}: " + "the Parties keep what they promised. " * 10 + "\n")' "$1" "$clauses" >"$work/treaty-$1.txt"
}

# ---- primary, synchronous standby, two replicas

pg_make primary "synchronous_standby_names = '*'" "wal_keep_size = '1GB'"
pg_port[standby]=$(free_port)
echo "host replication postgres 127.0.0.1/32 scram-sha-256" >>"$pg_dir/primary/pg_hba.conf"
sed -i "s/^synchronous_standby_names/#&/" "$pg_dir/primary/postgresql.conf" # until there is one
pg_start primary
pg_database primary
pg_copy=("${pg_user[@]}")
[[ ${#pg_copy[@]} == 0 ]] || { cp "$PGPASSFILE" "$pg_dir/pgpass"; chown nobody "$pg_dir/pgpass"; pg_copy+=(PGPASSFILE="$pg_dir/pgpass"); }
"${pg_copy[@]}" "$pg_bin/pg_basebackup" -h 127.0.0.1 -p "${pg_port[primary]}" -U postgres -D "$pg_dir/standby" -R -X stream --no-sync >"$work/basebackup.log" 2>&1 ||
    fail "no copy of the primary: $(cat "$work/basebackup.log")"
echo "port = ${pg_port[standby]}" >>"$pg_dir/standby/postgresql.conf"
echo "cluster_name = 'standby'" >>"$pg_dir/standby/postgresql.conf"
pg_start standby
sql primary "ALTER SYSTEM SET synchronous_standby_names = '*'" postgres
sql primary "SELECT pg_reload_conf()" postgres >/dev/null
for _ in $(seq 100); do
    [[ $(sql primary "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'" postgres) == 1 ]] && break
    sleep 0.1
done
[[ $(sql primary "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'" postgres) == 1 ]] || fail "the standby is not synchronous"

expect 0 depositary office init "$office" --spare "$work/spare" --no-passphrase --origin promoted.test/ledger
for name in a b; do
    mkdir "$work/$name"
    cp "$office/policy" "$work/$name/policy"
    expect 0 depositaryd --data "$work/$name" --print-key-request
    expect 0 depositary key authorise "$(cat "$work/out")" --holder "$name" --offline
    start_replica "$name"
done
for _ in $(seq 100); do
    depositary --connect "${urls[a]}" office push >"$work/out" 2>&1 && break
    sleep 0.1
done
write_treaty 0
expect 0 depositary --connect "${urls[a]}" deposit "$work/treaty-0.txt" --about "$work/treaty-0.about" --yes
wait_ready "${urls[b]}" "$DEPOSITARY_POLICY" "${pids[b]}" || fail "b does not serve"

# ---- a reader all the while, who verifies each answer

(
    until [[ -e $work/enough ]]; do
        for name in a b; do
            depositary --connect "${urls[$name]}" --timeout 10 get treaty-0 7 >"$work/read" 2>"$work/read.err" || { echo "$name: $(cat "$work/read.err")" >>"$work/failures"; }
            echo >>"$work/reads"
        done
        sleep 0.05
    done
) &
reader=$!
for _ in $(seq 100); do
    depositary --connect "${urls[b]}" get treaty-0 7 >/dev/null 2>&1 && break
    sleep 0.1
done
rm -f "$work/failures"

# ---- deposits, and the end of the primary in the middle of them

# An operator promotes the standby two seconds after the kill; who deposits meanwhile is not to notice.
fail_over() {
    sleep "0.0$((RANDOM % 10))"
    kill -KILL "$(head -n 1 "$pg_dir/primary/postmaster.pid")" 2>/dev/null || true
    pkill -KILL -P "${pg_pid[primary]}" 2>/dev/null || true # they end by themselves, too
    sleep 2
    "${pg_user[@]}" "$pg_bin/pg_ctl" -D "$pg_dir/standby" promote >"$work/promote.log" 2>&1 || echo "no promotion" >>"$work/promote.log"
}
acknowledged=() waited=0 refused=0
for ((i = 1; i <= deposits; i++)); do
    write_treaty "$i"
    replica=a
    ((i % 2 == 0)) && replica=b
    if ((i == deposits * 4 / 10)); then
        fail_over &
        killer=$!
        killed_at=$EPOCHREALTIME
    fi
    if depositary --connect "${urls[$replica]}" deposit "$work/treaty-$i.txt" --about "$work/treaty-$i.about" --yes >"$work/out" 2>"$work/err"; then
        acknowledged+=("$i")
        grep -q "asking again for a while" "$work/err" || continue
        ((++waited))
    else # an answer that was lost with its connection is not asked for again: it is sent by hand
        ((++refused))
        grep -q "signed and kept" "$work/err" || fail "deposit $i: $(cat "$work/err")"
        for _ in $(seq 100); do
            depositary --connect "${urls[$replica]}" office push >"$work/out" 2>"$work/err" && break
            sleep 0.2
        done
        contains "$work/out" "entries"
        acknowledged+=("$i")
    fi
    [[ -n ${again_at:-} ]] || again_at=$EPOCHREALTIME
done
((waited + refused > 0)) || fail "the primary was killed, and no deposit noticed"
wait "$killer"
if grep -q "no promotion" "$work/promote.log"; then fail "$(cat "$work/promote.log")"; fi
touch "$work/enough"
wait "$reader"
[[ ! -s $work/failures ]] || fail "a read failed: $(head -3 "$work/failures")"

# ---- what is there

entries=$(sql standby 'SELECT count(*) FROM depositary.entry')
for name in a b; do
    for _ in $(seq 200); do
        [[ $(size_of "$name") == "$entries" ]] && break
        sleep 0.1
    done
    [[ $(size_of "$name") == "$entries" ]] || fail "$name is not level with the new primary"
    expect 0 depositary --connect "${urls[$name]}" audit
    for i in "${acknowledged[@]}"; do
        depositary --connect "${urls[$name]}" show "treaty-$i" --text 2>/dev/null | cmp - "$work/treaty-$i.txt" || fail "$name: deposit $i was acknowledged, and is not there"
    done
done
[[ $(sql standby 'SELECT count(*) FROM depositary.place') == $(((deposits + 1) * clauses)) ]] || fail "clauses are missing, or twice"
for name in a b; do stop_daemon "${pids[$name]}"; done
expect 0 depositaryd --data "$work/a" --check
python3 -c 'import sys
deposits, clauses, waited, refused, reads = map(int, sys.argv[1:6])
print(f"{deposits} deposits, {deposits * clauses} clauses: {waited} had to wait, {refused} were refused at first, all acknowledged in the end and none lost; {reads} reads, none failed; from kill to the next deposit {float(sys.argv[7]) - float(sys.argv[6]):.1f} s")' \
    "$deposits" "$clauses" "$waited" "$refused" "$(wc -l <"$work/reads")" "$killed_at" "$again_at"
