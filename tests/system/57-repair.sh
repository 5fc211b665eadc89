#!/usr/bin/env bash
# Goal of this test: a ledger with a page that has rotted is not served, and says what to do; and what it says does it: from a mirror as docker/README.md has it,
# from a backup, and from the office. Afterwards all that was deposited is there, byte for byte, and it takes deposits.
source "$(dirname "$0")/lib.sh"

start_daemon main
main_url=$url data=$work/main
export DEPOSITARY_OFFICE=$work/office
mv "$data/office" "$work/office" # which belongs elsewhere
deposit() { # N
    printf 'instrument treaty-%d\nlanguage en\ntitle Treaty %d\nauthenticity authentic\n' "$1" "$1" >"$work/about-$1"
    python3 -c 'import sys
for article in range(1, 21):
    print(f"Article {article}\nOf treaty {sys.argv[1]}, article {article}: " + "the Parties keep what they promised. " * 20 + "\n")' "$1" >"$work/treaty-$1.txt"
    expect 0 depositary --connect "$main_url" deposit "$work/treaty-$1.txt" --about "$work/about-$1" --yes
}
for i in 1 2 3; do deposit $i; done
mkdir "$work/mirror"
cp "$policy" "$work/mirror/policy"
expect 0 depositaryd --data "$work/mirror" --print-key-request
expect 0 depositary key authorise "$(cat "$work/out")" --holder mirror
mirror_url=tcp://127.0.0.1:$(free_port)
depositaryd --data "$work/mirror" --listen "$mirror_url" --http none --follow "$main_url" --follow-interval 1 2>>"$work/mirror.log" &
daemons+=($!)
mirror=$!
wait_ready "$mirror_url" "$policy" "$mirror" || fail "the mirror does not serve"
expect 0 depositary backup "$work/backup" --data "$data"
deposit 4 # later than the backup
is_level() { [[ $(depositary --connect "$mirror_url" checkpoint 2>/dev/null) == "$(depositary --connect "$main_url" checkpoint 2>/dev/null)" ]]; }
eventually 60 is_level
stop_daemon "$daemon"
[[ ! -e $data/ledger.db-wal ]] || fail "the log was not merged"
cp "$data/ledger.db" "$work/sound"
export POLICY=$policy DATA=$data SERVICE=$main_url MIRROR=$mirror_url

# rot: a bit of a clause's text, on the disk.
rot() {
    python3 - "$data/ledger.db" <<'EOF'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"Of treaty 2, article 7")
data[at + 3] ^= 1
open(sys.argv[1], "wb").write(data)
EOF
}

# is_whole HOW [COMMAND...]: serves, where a command is named after that, has all, and takes appends.
is_whole() {
    depositaryd --data "$data" --listen "$main_url" --http none 2>>"$work/main.log" &
    daemon=$!
    daemons+=("$daemon")
    [[ $# == 1 ]] || eventually 60 "${@:2}"
    wait_ready "$main_url" "$policy" "$daemon" || fail "not served after the repair $1"
    for i in 1 2 3 4; do
        expect 0 depositary --connect "$main_url" show "treaty-$i" --text
        cmp "$work/out" "$work/treaty-$i.txt" || fail "treaty-$i is another text after the repair $1"
    done
    expect 0 depositary --connect "$main_url" audit
    expect 0 depositary --connect "$main_url" office renew
    stop_daemon "$daemon"
}

refused() {
    expect 4 depositaryd --data "$data" --listen "$main_url" --http none
    contains "$work/err" "clause at place 6 of the edition at entry"
    contains "$work/err" "move ledger.db away and make it anew from a mirror, a backup or the office"
    expect 4 depositaryd --data "$data" --check
    contains "$work/err" "clause at place 6 of the edition at entry"
}

# From the mirror, by the words of docker/README.md.
rot
refused
awk '/^```sh repair$/ { on = 1; next } /^```$/ { on = 0 } on' "$DEPOSITARY_SOURCE/docker/README.md" >"$work/repair.sh"
[[ $(wc -l <"$work/repair.sh") -ge 5 ]] || fail "no repair in docker/README.md"
(cd "$work" && bash -meuo pipefail "$work/repair.sh") >"$work/repair.out" 2>"$work/repair.err" || {
    cat "$work/repair.out" "$work/repair.err" >&2
    fail "the repair from a mirror"
}
contains "$work/repair.out" "every one of them, and every clause, as the checkpoint says"
rm -r "$data/damaged"
is_whole "from a mirror"

# From the backup, and the office for what came later.
rot
refused
mkdir "$work/damaged" && mv "$data"/ledger.db* "$work/damaged/"
expect 0 depositary restore "$work/backup" --data "$data"
is_whole "from a backup" depositary --connect "$main_url" office push

# From the office alone. The catalog beside it is of no use now, and made again.
rot
refused
rm "$data"/ledger.db*
is_whole "from the office" depositary --connect "$main_url" office push
stop_daemon "$mirror"
