#!/usr/bin/env bash
# Goal of this test: a client remembers the largest ledger that it verified, moves on only to one that extends it, tells a stale service from a fork, keeps
# both notes of a fork as evidence, and does so from many processes at once, after kills, and with a hostile memory file.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/liar.sh"

start_liar
memory=$XDG_STATE_HOME/depositary
note_of() { liar note "$1" && cp "$work/liar.out" "$work/$1.note"; }
for state in keys old new renewed fork long-fork; do note_of "$state"; done

# remembered STATE: the one file in the memory is that state's checkpoint, and nobody else reads it.
remembered() {
    local files=("$memory"/*.checkpoint)
    [[ ${#files[@]} == 1 ]] || fail "${#files[@]} files are remembered"
    cmp -s "${files[0]}" "$work/$1.note" || { cat "${files[0]}" >&2; fail "not $1 is remembered"; }
    [[ $(stat -c %a "$memory" "${files[0]}") == $'700\n600' ]] || fail "the memory is open to others"
}
# evidence: the file that the last command named has both notes of the fork.
evidence() {
    local path
    path=$(sed -n 's/.*kept as evidence in //p' "$work/err" | head -n 1)
    [[ -f $path && $path == "$memory"/fork-* && $(stat -c %a "$path") == 600 ]] || { cat "$work/err" >&2; fail "no evidence"; }
    contains "$path" "$(sed -n 3p "$work/$1.note")"
    contains "$path" "$(sed -n 3p "$work/$2.note")"
    contains "$path" "$(sed -n 5p "$work/$2.note")"
}

# A ledger that grows is followed; one that was seen to be larger is not fallen behind.
liar truth old
expect 0 depositary checkpoint
remembered old
liar truth new
expect 0 depositary get pact cl_2
remembered new
liar truth old
expect 4 depositary checkpoint --timeout 2
no_text
contains "$work/err" "was seen before"
remembered new
expect 4 depositary checkpoint --timeout 1 --json
contains "$work/out" E_STALE

# One that is not shown to extend what was seen is not taken, and neither is it called a fork.
liar truth renewed
liar no-consistency
expect 4 depositary get pact cl_2 --timeout 2
no_text
remembered new
[[ ! -e $(echo "$memory"/fork-*) ]] || fail "a fork is said to be there"
liar truth renewed
expect 0 depositary get pact cl_2
remembered renewed

# Another ledger of the same size, and a larger one of another history, are forks.
liar truth fork
expect 4 depositary get pact cl_2
no_text
contains "$work/err" "fork"
evidence renewed fork
remembered renewed
rm "$memory"/fork-*
liar truth long-fork
expect 4 depositary get pact cl_2
no_text
evidence renewed long-fork
remembered renewed
expect 4 depositary --json list
contains "$work/out" E_FORK
rm "$memory"/fork-*
liar truth renewed
expect 0 depositary get pact cl_2

# A frozen ledger is one whose register is too old for the caller.
expect 4 depositary get pact cl_2 --max-age 500
no_text
contains "$work/err" "register is of"
expect 0 depositary get pact cl_2 --max-age 2000

# A fresh machine is given a floor.
rm -rf "$XDG_STATE_HOME"
liar truth old
expect 4 depositary get pact cl_2 --floor "$work/new.note" --timeout 2
no_text
liar truth fork
expect 4 depositary get pact cl_2 --floor "$work/renewed.note"
no_text
evidence renewed fork
rm -rf "$XDG_STATE_HOME"
liar truth renewed
expect 0 depositary get pact cl_2 --floor "$work/old.note"
expect 0 depositary get pact cl_2 --floor "$work/renewed.note"
expect 4 depositary get pact cl_2 --floor "$work/long-fork.note" --timeout 1
no_text
for hostile in '' 'x' "$(sed 1d "$work/new.note")" "$(sed 's/^14$/15/' "$work/new.note")" "$(sed 's/^world/other/' "$work/new.note")"; do
    printf '%s' "$hostile" >"$work/hostile.note"
    status=0
    depositary get pact cl_2 --floor "$work/hostile.note" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [[ $status == 2 || $status == 4 || $status == 5 ]] || fail "a floor that is none: exit code $status"
    no_text
done

# A memory file that is torn or was tampered with is named, and never taken for a fresh start.
file=$(echo "$memory"/*.checkpoint)
hostile_memory() {
    local status=0
    depositary get pact cl_2 --timeout 5 >"$work/out" 2>"$work/err" </dev/null || status=$?
    [[ $status == 5 || $status == 4 ]] || { cat "$work/out" "$work/err" >&2; fail "$1: exit code $status"; }
    no_text "$1"
    contains "$work/err" "$file"
}
size=$(stat -c %s "$file")
for cut in 0 1 $((size / 2)) $((size - 1)); do
    head -c "$cut" "$work/renewed.note" >"$file"
    hostile_memory "cut after $cut bytes"
done
sed 's/^15$/16/' "$work/renewed.note" >"$file"
hostile_memory "another size"
sed 's/world.example/other.example/' "$work/renewed.note" >"$file"
hostile_memory "another origin"
head -c 100000 /dev/zero >"$file"
hostile_memory "zeros"
{ cat "$work/renewed.note"; echo more; } >"$file"
hostile_memory "bytes after it"
rm "$file" && mkdir "$file"
hostile_memory "a folder"
rmdir "$file"
mkfifo "$file"
hostile_memory "a pipe that nobody writes to"
rm "$file"
install -m 600 "$work/long-fork.note" "$file" # true, and signed: somebody was shown another history
expect 4 depositary get pact cl_2 --timeout 1
no_text
cmp -s "$file" "$work/long-fork.note" || fail "the larger checkpoint was forgotten"
rm "$file"

# Many at once, while the ledger grows; and some are killed. At the end the largest is remembered, whole.
liar truth old
expect 0 depositary checkpoint
pids=()
for i in $(seq 24); do
    ((i != 8)) || liar truth new
    ((i != 16)) || liar truth renewed
    if ((i % 3 == 0)); then
        timeout -s KILL "0.0$((RANDOM % 9))" depositary checkpoint >/dev/null 2>&1 &
    else
        depositary checkpoint >"$work/many.$i.out" 2>&1 &
        pids+=("$!")
    fi
done
for pid in "${pids[@]}"; do
    status=0
    wait "$pid" || status=$?
    [[ $status == 0 || $status == 4 ]] || { cat "$work"/many.*.out >&2; fail "one of many: exit code $status"; } # 4: overtaken by another, past the timeout
done
expect 0 depositary checkpoint
remembered renewed
[[ ! -e $(echo "$memory"/fork-*) ]] || fail "many at once made a fork"
for other in "$memory"/*; do
    [[ $other == "$file" || $other == "$file.lock" || $other == "$file".*.new ]] || fail "left behind: $other"
done
