#!/usr/bin/env bash
# Goal of this test: a client on Node, with the package nanomsg and no code of the project, proves a clause from the policy down. Skipped, plainly, where
# Node or that package is not there: npm install nanomsg, and NODE_PATH=.../node_modules.
source "$(dirname "$0")/lib.sh"
node -e 'require("nanomsg")' 2>/dev/null || { echo "skipped: no node with the package nanomsg (NODE_PATH)"; exit 77; }

start_daemon node
stranger=$DEPOSITARY_SOURCE/tests/system/stranger.js
expect 0 node "$stranger" "$policy" "$url" "$instrument" cl_11
contains "$work/out" "ti engage"
depositary get "$instrument" --record cl_11 2>/dev/null | sed '1,/^$/d' >"$work/text"
cmp "$work/out" "$work/text" || fail "the text differs from what the command line proves"
# Another ledger's key: nothing comes out.
other=$(awk '$1 == "log" { print $2; exit }' "$policy" | sed 's/+.*//')
printf 'log %s+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nquorum none\n' "$other" >"$work/other"
expect 4 node "$stranger" "$work/other" "$url" "$instrument" cl_11
no_text "another ledger's key"
