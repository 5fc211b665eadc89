#!/usr/bin/env bash
# Goal of this test: the commands of depositary(1), KEEPING AN OFFICE, run in their order, and lead to what the page says.
source "$(dirname "$0")/lib.sh"

page=$DEPOSITARY_SOURCE/src/cli/depositary.1
awk '/^\.SH / { on = $0 == ".SH KEEPING AN OFFICE" } on && /^\.EX$/ { code = 1; next } /^\.EE$/ { code = 0 } on && code' "$page" |
    sed -e 's/\\-/-/g' -e "s|/media/safe|$work/safe|g" -e "s|/var/lib/depositary|$work/server|g" \
        -e 's/office init office/& --no-passphrase/' -e 's/office retire/& --yes/' -e 's/^depositary deposit .*/& --yes/' >"$work/commands"
(($(wc -l <"$work/commands") > 12)) || fail "the page has lost its commands"
mkdir "$work/desk" "$work/safe"
printf 'instrument a-treaty\nlanguage en\ntitle A Treaty\nauthenticity authentic\n' >"$work/desk/treaty.about"
printf '1. One.\n\n2. Two.\n' >"$work/desk/treaty.txt"

# The server of the page: it starts once it has a policy and a key, and stands where the page's commands look for it.
url=tcp://127.0.0.1:$(free_port)
export DEPOSITARY_CONNECT=$url
start_server() {
    depositaryd --data "$work/server" --policy "$work/desk/office/policy" --listen "$url" --http none 2>>"$work/server.log" &
    daemon=$!
    daemons+=("$daemon")
    for _ in $(seq 100); do # until it answers, whatever it says of its empty ledger
        code=0
        depositary --policy "$work/desk/office/policy" --timeout 1 health >/dev/null 2>&1 || code=$?
        [[ $code == 3 ]] || return 0
        sleep 0.1
    done
    fail "the server does not answer"
}

cd "$work/desk"
while read -r line; do
    echo "+ $line" >>"$work/commands.log"
    eval "$line" >>"$work/commands.log" 2>&1 </dev/null || fail "exit code $? of: $line"
    [[ $line != *--print-key-request* ]] || start_server
    if [[ $line == *next-key*--holder* ]]; then # "goes on with it by itself"
        for _ in $(seq 100); do ! grep -q "seals from now on" "$work/server.log" || break; sleep 0.1; done
        contains "$work/server.log" "seals from now on"
    fi
done <"$work/commands"

export DEPOSITARY_POLICY=$work/desk/office/policy
expect 0 depositary get a-treaty 2
expect 0 depositary audit
contains "$work/out" "keys         2"
contains "$work/out" "revocations  1"
ls "$work/desk/office"/policy-until-* >/dev/null
[[ -f $work/safe/spare-2/spare-key ]] || fail "no new spare"
