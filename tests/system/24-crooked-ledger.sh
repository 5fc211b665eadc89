#!/usr/bin/env bash
# Goal of this test: an audit tells every broken rule of a ledger whose hashes and signatures are all right: what a depositary whose own people are
# crooked could publish.
source "$(dirname "$0")/lib.sh"

# What the audit must say, by the rule that is broken.
declare -A says=(
    [number]="number is its predecessor's plus 1" [previous]="previous is not the leaf hash"
    [backdated]="deposited-at runs backwards" [source]="source-sha256" [length]="source-length"
    [clauses_root]="clauses-root" [translation]="translation-of names no earlier edition" [eid_twice]="cl_1"
    [another_text]="instrument" [key_role]="is a ledger's or a witness's key" [key_twice]="has a key record already"
    [key_window]="400 days" [revocation_of_nothing]="no key record before its revocation"
    [revocation_twice]="is revoked already" [register_hides]="not what the entries before it say"
    [register_root]="not what the entries before it say" [register_time]="time runs backwards"
    [register_before_deposit]="before a deposit or revocation" [register_missing]="the last entry is not a register"
    [unknown_entry]="not an edition, key, revocation or register record"
    [clause_entry]="not an edition, key, revocation or register record")

# What --json calls it, where that is not E_RULE: a record of a form that there is none of, and a ledger that does not end in a register.
declare -A error=([key_window]=E_RECORD [unknown_entry]=E_RECORD [clause_entry]=E_RECORD [register_missing]=E_REGISTER_PROOF)

mapfile -t rules < <(crooked "$work")
((${#rules[@]} == ${#says[@]} + 1)) || fail "${#rules[@]} rules can be broken, and words are here for ${#says[@]}"
for rule in "${rules[@]}"; do
    mkdir "$work/$rule"
    crooked "$work/$rule" "$rule"
    if [[ $rule == none ]]; then
        expect 0 depositary --policy "$work/$rule/policy" audit "$work/$rule/files"
        continue
    fi
    expect 4 depositary --policy "$work/$rule/policy" audit "$work/$rule/files"
    no_text
    contains "$work/err" "${says[$rule]}"
    expect 4 depositary --json --policy "$work/$rule/policy" audit "$work/$rule/files"
    [[ $(cat "$work/out") == '{"verified": false, "error": "'${error[$rule]-E_RULE}'", "message": "'*'"}' ]] || fail "JSON of a failed audit, $rule: $(cat "$work/out")"
done
