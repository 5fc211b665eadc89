# Completion of depositary(1) for bash.
_depositary() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' i
    local verbs='get list show history search quote cite certify verify audit export backup restore checkpoint watch health describe call deposit rectify office key'
    local common='--connect --policy --json --timeout --receipt --max-age --floor --ca --cert --key --insecure --help --version'
    local which='--language --edition --as-of' own=''
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ " $verbs " == *" ${COMP_WORDS[i]} "* ]] && { verb=${COMP_WORDS[i]}; break; }
    done
    case $previous in
    --policy | --receipt | --floor | --ca | --cert | --key | --about | --passphrase-file | --spare-key)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --office | --spare | --data | --output | -o)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --kind)
        mapfile -t COMPREPLY < <(compgen -W 'preface preamble clause conclusions annex' -- "$word")
        return
        ;;
    esac
    case $verb in
    '') own=$verbs ;;
    get) own="$which --record --explain" ;;
    show) own="$which --text --akn --output --explain" ;;
    history) own='--language' ;;
    search) own="$which --instrument --kind --limit --page" ;;
    quote) own="$which --instrument --all --whole --batch" ;;
    cite) own="$which --instrument" ;;
    certify) own="$which --output" ;;
    watch) own='--announce --every --count' ;;
    verify) own='--explain --online' ;;
    audit) own='--http' ;;
    backup | restore) own='--data' ;;
    deposit) own='--about --numbering --outline --from --to --office --passphrase-file --offline --yes --dry-run --records' ;;
    rectify) own='--remark --act --language --about --numbering --outline --from --to --office --passphrase-file --offline --yes --dry-run --records' ;;
    office) own='init show renew cosign push backup retire --office --origin --spare --spare-key --passphrase-file --no-passphrase --offline --yes' ;;
    key) own='authorise revoke list --office --holder --days --from --until --remark --passphrase-file --offline --dry-run --records' ;;
    esac
    if [[ $word == -* || -z $verb || $verb == office || $verb == key ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$word")
    elif [[ $verb == verify || $verb == deposit || $verb == rectify || $verb == audit || $verb == export || $verb == backup || $verb == restore ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _depositary depositary
