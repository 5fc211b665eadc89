#!/usr/bin/env bash
# Goal of this test: whatever a service that holds a true answer key says falsely, `depositary` ends with exit code 4, nothing on standard output
# (with --json an object that says so), and the right reason; and true answers of the same service are accepted.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/liar.sh"

start_liar
told=0 failed=0
true_first=()
for row in "${lies[@]}"; do
    IFS=$'\t' read -r name error command <<<"$row"
    eval "arguments=($command)"
    # The truth first, once for each question.
    if [[ " ${true_first[*]} " != *" ${command// /_} "* ]]; then
        true_first+=("${command// /_}")
        rm -rf "$XDG_STATE_HOME"
        liar truth new
        status=0
        depositary --timeout 30 "${arguments[@]}" >"$work/out" 2>"$work/err" </dev/null || status=$?
        [[ $status == 0 || $status == 1 || $status == 5 ]] || { cat "$work/err" >&2; fail "the truth: exit code $status: $command"; }
    fi
    liar lie "$name"
    for json in "" --json; do
        rm -rf "$XDG_STATE_HOME"
        status=0
        depositary --timeout 30 $json "${arguments[@]}" >"$work/out" 2>"$work/err" </dev/null || status=$?
        said=$(<"$work/out")
        wanted=
        [[ -z $json ]] || wanted="{\"verified\": false, \"error\": \"$error\", "
        # An audit comes upon it before the root: the register counts what the entries before it say.
        [[ -z $json || $name != entry_changed ]] || wanted='{"verified": false, "error": "E_RULE", '
        if [[ $status != 4 || ! -s $work/err || $said != "$wanted"* || (-z $json && -n $said) ]]; then
            echo "$name: exit code $status, not $error: $said $(<"$work/err")" >&2
            failed=$((failed + 1))
        fi
    done
    told=$((told + 1))
done
echo "$told lies refused, each twice"
((failed == 0)) || fail "$failed answers were not refused as they should be"
((told >= 200)) || fail "only $told lies"
