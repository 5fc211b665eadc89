# shellcheck shell=bash disable=SC2034
# A service that lies (liar.c), beside lib.sh: start_liar sets url, policy, and the table's lines in lies; liar ORDER... gives it an order.
start_liar() {
    local line
    url=tcp://127.0.0.1:$(free_port)
    policy=$work/liar.policy
    coproc LIAR { exec "$DEPOSITARY_BIN/liar" "$url" "$policy" 2>"$work/liar.log"; }
    daemons+=("$LIAR_PID")
    lies=()
    while read -r line <&"${LIAR[0]}" && [[ -n $line ]]; do lies+=("$line"); done
    ((${#lies[@]} > 200)) || fail "the table of lies has ${#lies[@]} rows"
    export DEPOSITARY_CONNECT=$url DEPOSITARY_POLICY=$policy
}

# liar ORDER...: what it prints goes to $work/liar.out.
liar() {
    local line
    echo "$*" >&"${LIAR[1]}"
    : >"$work/liar.out"
    while read -r line <&"${LIAR[0]}" && [[ $line != ok ]]; do
        [[ $line != "what?" ]] || fail "the liar does not understand: $*"
        echo "$line" >>"$work/liar.out"
    done
    [[ $line == ok ]] || fail "the liar is gone"
}
