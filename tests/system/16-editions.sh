#!/usr/bin/env bash
# Goal of this test: an office deposits a text of its own and corrects it; each edition stays readable, and clients are told which is the latest.
source "$(dirname "$0")/lib.sh"

start_daemon editions
office=$work/editions/office
printf 'A Treaty\n\n1. The Parties are freinds.\n\n2. This treaty has two clauses.\n\nDone at Baku\n' >"$work/one.txt"
sed 's/freinds/friends/' "$work/one.txt" >"$work/two.txt"
cat >"$work/treaty.about" <<'E2'
instrument a-treaty
language en
title A Treaty between Friends
date 2026-01-02
place Baku
party A
party B
authenticity authentic
E2

# A dry run signs nothing.
expect 0 depositary deposit "$work/one.txt" --about "$work/treaty.about" --office "$office" --dry-run
expect 1 depositary get a-treaty 1
contains "$work/err" proven

expect 0 depositary deposit "$work/one.txt" --about "$work/treaty.about" --office "$office" --yes
expect 0 depositary get a-treaty 1
contains "$work/out" "freinds"

# The same again does nothing, and says so.
size=$(depositary checkpoint 2>/dev/null | sed -n 2p)
expect 0 depositary deposit "$work/one.txt" --about "$work/treaty.about" --office "$office" --yes
[[ $(depositary checkpoint 2>/dev/null | sed -n 2p) == "$size" ]] || fail "the same file was deposited again"

sleep 1.1 # editions of one second could not be told apart by time
before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
sleep 1.1
expect 0 depositary rectify a-treaty "$work/two.txt" --remark 'clause 1: misprint' --office "$office" --yes
expect 0 depositary get a-treaty 1
contains "$work/out" "friends"
expect 0 depositary get a-treaty 1 --edition 1
contains "$work/out" "freinds"
contains "$work/err" "not the latest"
expect 0 depositary get a-treaty 1 --as-of "$before"
contains "$work/out" "freinds"
expect 5 depositary get a-treaty 1 --as-of 2199-01-01
no_text
expect 1 depositary get a-treaty 1 --edition 3 --language en
contains "$work/err" proven
expect 1 depositary get a-treaty 1 --as-of 2001-01-01 --language en
contains "$work/err" proven
expect 1 depositary get a-treaty 1 --edition 3 # which text is meant was the service's choice
contains "$work/err" claimed
expect 1 depositary get a-treaty 1 --language fr
contains "$work/err" proven

# An unchanged clause is the same record in both editions.
expect 0 depositary get a-treaty 2 --record
cp "$work/out" "$work/new.record"
expect 0 depositary get a-treaty 2 --record --edition 1
cmp "$work/out" "$work/new.record"
expect 0 depositary audit

# An old certified copy holds, and is known not to be the latest when it is asked online.
expect 0 depositary certify a-treaty 1 --edition 1 -o "$work/copies"
expect 0 depositary verify "$work/copies/a-treaty.en.1.cl_1.record"
expect 0 depositary verify "$work/copies/a-treaty.en.1.cl_1.record" --online
contains "$work/out" "no longer the latest"

# Receipts of a yes and of a no are checked offline, later.
expect 0 depositary get a-treaty 1 --receipt "$work/yes.receipt"
expect 1 depositary get no-such-treaty 1 --receipt "$work/no.receipt"
stop_daemon "$daemon"
expect 0 depositary verify "$work/yes.receipt"
contains "$work/out" GetClause
expect 0 depositary verify "$work/no.receipt"
contains "$work/out" proven
printf 'x' | dd of="$work/no.receipt" bs=1 seek=200 conv=notrunc status=none
expect 4 depositary verify "$work/no.receipt"
no_text
