#!/usr/bin/env bash
# Goal of this test: a backup is taken while deposits come in, and holds the ledger of one moment; restored into an empty folder it serves and takes further
# deposits; a damaged one, one that would take something back, and one onto a folder in use are refused. The drill of docker/README.md runs as it stands there.
source "$(dirname "$0")/lib.sh"

start_daemon main
main=$daemon main_url=$url
export DEPOSITARY_OFFICE=$work/main/office

# deposit N [URL]: treaty-N of thirty articles.
deposit() {
    printf 'instrument treaty-%d\nlanguage en\ntitle Treaty %d\nauthenticity authentic\n' "$1" "$1" >"$work/about-$1"
    python3 -c 'import sys
for article in range(1, 31):
    print(f"Article {article}\nOf treaty {sys.argv[1]}, article {article}: " + "the Parties keep what they promised. " * 20 + "\n")' "$1" >"$work/treaty-$1.txt"
    depositary --connect "${2:-$main_url}" deposit "$work/treaty-$1.txt" --about "$work/about-$1" --yes >"$work/deposit.out" 2>&1
}
entries_of() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["ledger_size"])' "$1"; }

# Backups one after another while deposits come in: each is a whole ledger, none smaller than the one before.
(for ((i = 1; i <= 12; i++)); do deposit $i || touch "$work/deposit-failed"; done; touch "$work/deposited") &
depositor=$!
backups=0 before=0
until [[ -e $work/deposited && $backups -ge 3 ]]; do
    ((++backups))
    expect 0 depositary --json backup "$work/backup-$backups" --data "$work/main"
    entries=$(entries_of "$work/out")
    ((entries >= before && entries % 2 == 1)) || fail "a backup of $entries entries after one of $before"
    before=$entries
done
wait $depositor
[[ ! -e $work/deposit-failed ]] || { cat "$work/deposit.out" >&2; fail "a deposit failed while backups were made"; }
echo "$backups backups while 12 deposits came in"
[[ $(stat -c %a "$work/backup-1") == 600 ]] || fail "others can read a backup"
[[ -z $(find "$work" -maxdepth 1 -name 'backup-*.part-*' -print -quit) ]] || fail "parts of a backup are left"
expect 0 depositary backup "$work/last" --data "$work/main"
contains "$work/out" "27 entries"
expect 5 depositary backup "$work/last" --data "$work/main"
contains "$work/err" "is there already"

# Into an empty folder, under the policy that the reader has; it serves under a key of its own, once the office has authorised that.
expect 2 env -u DEPOSITARY_POLICY depositary restore "$work/last" --data "$work/new"
contains "$work/err" "--policy"
expect 0 depositary restore "$work/last" --data "$work/new" --policy "$work/main/policy"
contains "$work/out" "27 entries"
cmp "$work/main/policy" "$work/new/policy"
expect 0 depositaryd --data "$work/new" --print-key-request
expect 0 depositary key authorise "$(cat "$work/out")" --holder new
new_url=tcp://127.0.0.1:$(free_port)
depositaryd --data "$work/new" --listen "$new_url" --http none 2>>"$work/new.log" &
new=$!
daemons+=("$new")
for _ in $(seq 100); do # until then its own key has no record in its ledger, and it says nothing that can be believed
    grep -qF listen= "$work/new.log" && break
    sleep 0.1
done
expect 0 depositary --connect "$new_url" office push
wait_ready "$new_url" "$policy" "$new" || fail "the restored ledger is not served"
deposit 13 "$new_url" || { cat "$work/deposit.out" >&2; fail "the restored ledger takes no deposit"; }
expect 0 depositary --connect "$new_url" get treaty-13 7
contains "$work/out" "Of treaty 13, article 7"
expect 0 depositary --connect "$new_url" audit

# Not while a daemon runs there; not where the folder is ahead of the backup; and then all is as it was.
expect 5 depositary restore "$work/last" --data "$work/new"
contains "$work/err" "stop it first"
stop_daemon "$new"
expect 5 depositary restore "$work/last" --data "$work/new"
contains "$work/err" "nothing is taken back"
# Behind it: the office's later deposits come with a later backup.
expect 0 depositary --connect "$main_url" office push
expect 0 depositary backup "$work/later" --data "$work/main"
expect 0 depositary restore "$work/last" --data "$work/again" --policy "$work/main/policy"
expect 0 depositary restore "$work/later" --data "$work/again"
contains "$work/err" "of 27 entries, is the backup's beginning"
expect 0 depositaryd --data "$work/again" --check

# Damaged: cut off, a changed text, not a ledger at all. Refused, and nothing is left in the folder.
cp "$work/last" "$work/cut"
truncate -s -5000 "$work/cut"
sed 's/the Parties keep/the Parties kept/' "$work/last" >"$work/forged"
! cmp -s "$work/last" "$work/forged" || fail "nothing was forged"
echo "no ledger" >"$work/words"
for bad in cut forged words; do
    expect 4 depositary restore "$work/$bad" --data "$work/refused" --policy "$work/main/policy"
    [[ ! -e $work/refused/ledger.db && ! -e $work/refused/ledger.db.restored ]] || fail "something is left of $bad"
done
# A source of a backup that is damaged is told when the backup is made, not when it is needed.
stop_daemon "$main"
cp "$work/forged" "$work/main/ledger.db"
rm -f "$work/main/ledger.db-wal" "$work/main/ledger.db-shm"
expect 4 depositary backup "$work/bad" --data "$work/main"
[[ ! -e $work/bad ]] || fail "a backup that does not verify is left"
# And this folder is healed by a backup that has all that its last checkpoint promised.
expect 0 depositary restore "$work/later" --data "$work/main"
depositaryd --data "$work/main" --listen "$main_url" --http none 2>>"$work/main.log" &
main=$!
daemons+=("$main")
wait_ready "$main_url" "$policy" "$main" || fail "the healed folder is not served"
expect 0 depositary --connect "$main_url" audit

# The drill as docker/README.md has it.
awk '/^```sh drill$/ { on = 1; next } /^```$/ { on = 0 } on' "$DEPOSITARY_SOURCE/docker/README.md" >"$work/drill.sh"
[[ $(wc -l <"$work/drill.sh") -ge 6 ]] || fail "no drill in docker/README.md"
mkdir "$work/drill"
(
    cd "$work/drill"
    export DATA=$work/main SERVICE=$main_url POLICY=$work/main/policy DRILL=tcp://127.0.0.1:$(free_port) TILES=127.0.0.1:$(free_port)
    # shellcheck disable=SC2031
    bash -meuo pipefail "$work/drill.sh"
) >"$work/drill.out" 2>"$work/drill.err" || {
    cat "$work/drill.out" "$work/drill.err" >&2
    fail "the drill"
}
contains "$work/drill.out" "is the same ledger"
