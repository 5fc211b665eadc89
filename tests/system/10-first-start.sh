#!/usr/bin/env bash
# Goal of this test: a first start on an empty folder gives the whole statement, proved, and says no where no is the answer.
source "$(dirname "$0")/lib.sh"

start_daemon first
for _ in $(seq 100); do # health is answered a moment before the line is written
    grep -qF ready "$work/first.log" && break
    sleep 0.1
done
contains "$work/first.log" "ready"
contains "$work/first.log" "$(awk '$1 == "log" { print $2; exit }' "$policy")"

# The whole text, byte for byte.
depositary show "$instrument" --text >"$work/text"
cmp "$work/text" "$statement"
[[ $(sha256sum <"$work/text") == "e96b62a619da88a8728b10851cf9c9b80bd7b8caec352d938bdaa21a997be3fe  -" ]] ||
    fail "another text than the one that was deposited"

# Clauses and provisions by the names that people use.
expect 0 depositary get "$instrument" 11
contains "$work/out" "ti engage"
contains "$work/out" "11.China"
cp "$work/out" "$work/eleven"
expect 0 depositary get "$instrument" cl_11
cmp "$work/out" "$work/eleven"
expect 0 depositary get "$instrument" 'cl_4__p_2'
[[ $(head -c 40 "$work/out") == "The Parties intend to gradually expand r" ]] || fail "cl_4__p_2 is another paragraph"
expect 0 depositary get "$instrument" '4(2)'
[[ $(head -c 40 "$work/out") == "The Parties intend to gradually expand r" ]] || fail "4(2) is another paragraph"
expect 0 depositary --json get "$instrument" preamble
contains "$work/out" '"verified": true'

# 35 paragraphs in the 18 clauses, 21 units.
expect 0 depositary --json show "$instrument"
[[ $(grep -o '"eid": "cl_[0-9]*"' "$work/out" | wc -l) == 18 ]] || fail "not 18 clauses"

# Quotes.
expect 0 depositary quote "$instrument" 'firmly opposes any form of “Taiwan independence”'
contains "$work/out" VERBATIM
contains "$work/out" cl_1__p_1
expect 1 depositary quote "$instrument" 'firmly opposes any form of "Taiwan independence"'
contains "$work/out" "FOLDED (quotes)"
expect 1 depositary quote "$instrument" 'The Parties agreed to abolish the calendar and to meet on the moon every Tuesday.'
contains "$work/out" NOT_FOUND
contains "$work/err" claimed

# Search.
expect 0 depositary search '"Belt and Road"'
contains "$work/out" cl_3

# No, proven and claimed.
expect 1 depositary get no-such-instrument cl_1
no_text
contains "$work/err" proven
expect 1 depositary get "$instrument" cl_99
no_text
contains "$work/err" claimed
expect 2 depositary get
expect 3 depositary --connect "tcp://127.0.0.1:$(free_port)" --timeout 2 get "$instrument" cl_1

# Audit, checkpoint, health.
expect 0 depositary audit
expect 0 depositary checkpoint
head -n 1 "$work/out" | grep -q '^depositary.localhost/' || fail "a checkpoint begins with its origin"
expect 0 depositary health

# A second start finds what the first one left.
stop_daemon "$daemon"
url2=tcp://127.0.0.1:$(free_port)
depositaryd --data "$work/first" --listen "$url2" --http none 2>"$work/second.log" &
daemons+=($!)
wait_ready "$url2" "$policy" $! || fail "a second start"
expect 0 depositary --connect "$url2" get "$instrument" 11
cmp "$work/out" "$work/eleven"
