#!/usr/bin/env bash
# Goal of this test: an office deposits texts of its own kind: two languages out of one file, with an outline, corrected, withdrawn; readers get each
# language and each edition, and are told what changed. What cannot be deposited says where it is wrong, and changes nothing.
source "$(dirname "$0")/lib.sh"

start_daemon instruments
office=$work/instruments/office
export DEPOSITARY_OFFICE=$office

about() { # INSTRUMENT LANGUAGE AUTHENTICITY [MORE LINES]
    printf 'instrument %s\nlanguage %s\ntitle A Treaty on Ferries\ndate 2031-03-03\nauthenticity %s\n%s' "$1" "$2" "$3" "${4:-}" >"$work/$1.$2.about"
}
size() { depositary checkpoint 2>/dev/null | sed -n 2p; }
deposit() { depositary deposit "$@" --yes; }

# Two languages in one file: each is a part of it, by heading or by line, and comes back byte for byte.
cp "$DEPOSITARY_SOURCE/tests/vectors/import/two-texts.txt" "$work/both.txt"
about ferries en authentic
about ferries fr authentic
about ferries de translation $'translation-of en\n'
expect 0 depositary deposit "$work/both.txt" --about "$work/ferries.en.about" --dry-run
contains "$work/out" "--from and --to"
expect 0 deposit "$work/both.txt" --about "$work/ferries.en.about" --to 'TRAITÉ SUR LES BACS'
expect 0 deposit "$work/both.txt" --about "$work/ferries.fr.about" --from 15
depositary show ferries --language en --text >"$work/en.txt" 2>/dev/null
depositary show ferries --language fr --text >"$work/fr.txt" 2>/dev/null
cat "$work/en.txt" "$work/fr.txt" | cmp - "$work/both.txt"
expect 2 depositary deposit "$work/both.txt" --about "$work/ferries.en.about" --from 'Article' --dry-run
contains "$work/err" "give the number of the line"

# With two authentic texts nobody guesses which is meant; all of them are given when that is asked.
expect 5 depositary get ferries 2
contains "$work/err" "en, fr"
no_text
expect 0 depositary get ferries 2 --language fr
contains "$work/out" "Le présent traité"
expect 0 depositary get ferries 2 1 --language all
contains "$work/out" "This Treaty enters"
contains "$work/out" "Le présent traité"
contains "$work/err" "art_2, fr, authentic"
expect 0 depositary --json get ferries 2 --language all
[[ $(grep -o '"eid": "art_2"' "$work/out" | wc -l) == 2 ]] || fail "not in two languages"

# A translation, whose units an outline gives; it lacks an article, and that is told.
printf 'Vertrag über Fähren\n\nArtikel eins. Fähren sind frei.\n\nGeschehen zu Oslo.\n' >"$work/de.txt"
printf 'preface 1-2\nart_1 3-4\nconclusions 5-5\n' >"$work/de.outline"
expect 0 deposit "$work/de.txt" --about "$work/ferries.de.about" --outline "$work/de.outline"
expect 0 depositary get ferries 1 --language all
contains "$work/out" "Fähren sind frei"
expect 1 depositary get ferries 2 --language all
contains "$work/err" "the text in de has no such clause"
contains "$work/out" "Le présent traité"
sed -i 's/3-4/2-4/' "$work/de.outline"
expect 5 depositary deposit "$work/de.txt" --about "$work/ferries.de.about" --outline "$work/de.outline" --dry-run
contains "$work/err" "outline, line 2, column 7: this overlaps the unit before"

# A correction: what changed is told in words before it is signed, and by history afterwards; the rest keeps its record.
sed 's/enters into force at once/enters into force on 1 May 2031/; s/Ferries are free/Ferries are free of charge/' "$work/en.txt" >"$work/en2.txt"
printf '\nArticle 3\n\nFerries float.\n' >"$work/more"
sed -i "/^Done at/{
r $work/more
N
}" "$work/en2.txt"
grep -v '^Done at' "$work/en2.txt" >"$work/en3.txt"
expect 0 depositary rectify ferries "$work/en3.txt" --language en --act amendment --remark 'Protocol of 2032' --dry-run
contains "$work/out" "enters into force at once."
expect 0 depositary rectify ferries "$work/en3.txt" --language en --act amendment --remark 'Protocol of 2032' --yes
expect 0 depositary history ferries --language en
contains "$work/out" "edition 2  amendment"
contains "$work/out" "remark: Protocol of 2032"
contains "$work/out" "changed art_1"
contains "$work/out" "Ferries are free of charge."
contains "$work/out" "added art_3"
contains "$work/out" "removed conclusions"
contains "$work/out" "2 clauses as before"
expect 0 depositary history ferries 1
contains "$work/out" "ferries  fr  edition 1"
contains "$work/out" "changed art_1"
expect 0 depositary --json history ferries conclusions --language en
contains "$work/out" '"change": "removed"'
expect 1 depositary history ferries art_9
expect 1 depositary history no-such-treaty
expect 0 depositary get ferries preamble --language en --record
cp "$work/out" "$work/record"
expect 0 depositary get ferries preamble --language en --record --edition 1
cmp "$work/out" "$work/record"

# A withdrawn text is not answered from, and stays readable when an edition is named.
expect 0 depositary rectify ferries --language fr --act withdrawal --remark 'deposited by mistake' --yes
expect 5 depositary get ferries 1 --language fr
contains "$work/err" "withdrawn"
contains "$work/err" "--edition"
expect 0 depositary get ferries 1 --language fr --edition 1
contains "$work/out" "Les bacs sont libres"
contains "$work/err" "not the latest"
expect 0 depositary history ferries --language fr
contains "$work/out" "edition 2  withdrawal"
contains "$work/out" "removed art_1"
depositary list >"$work/out" 2>/dev/null
contains "$work/out" "(withdrawn)"

# The receipt of a history is the answer that proves the latest edition; of a text that is not there, the page of the list on which it would stand.
kept() {
    DEPOSITARY_CONNECT=tcp://127.0.0.1:9 expect 0 depositary --json verify "$work/kept.receipt"
    contains "$work/out" '"verified": true'
    contains "$work/out" "$1"
    contains "$work/out" "$2"
    rm "$work/kept.receipt"
}
expect 0 depositary --receipt "$work/kept.receipt" history ferries --language en
kept DepositaryService/GetInstrument '\"edition\": 2'
expect 0 depositary --receipt "$work/kept.receipt" history ferries --language fr
kept 'language\": \"fr' '\"edition\": 2'
expect 1 depositary --receipt "$work/kept.receipt" history no-such-treaty
kept DepositaryService/ListInstruments '"status": 0'
# What the office does is evidence by its own signature: no verb of its keeps a receipt, and none begins its work.
size=$(depositary checkpoint | sed -n 2p)
for words in "deposit $work/en.txt --about $work/ferries.en.about --yes" "rectify ferries $work/en.txt --remark a --language en --yes" \
    "office renew" "office show" "office push" "key list"; do
    # shellcheck disable=SC2086 # words
    expect 2 depositary --receipt "$work/kept.receipt" $words
    contains "$work/err" "--receipt FILE checkpoint"
    [[ ! -e $work/kept.receipt ]] || fail "a receipt of: $words"
done
[[ $(depositary checkpoint | sed -n 2p) == "$size" ]] || fail "something was signed"
for words in "watch --count 1" describe "call depositary.v1.LedgerService/GetCheckpoint" "verify $work/record"; do
    # shellcheck disable=SC2086
    expect 2 depositary --receipt "$work/kept.receipt" $words
done

# The same file again does nothing; two deposits at once do not disturb each other.
before=$(size)
expect 0 depositary rectify ferries "$work/en3.txt" --language en --act amendment --remark 'Protocol of 2032' --yes
contains "$work/err" "nothing to do"
[[ $(size) == "$before" ]] || fail "the same text was signed again"
about one en authentic
about two en authentic
printf 'One\n\nArticle 1\n\nOne.\n\nArticle 2\n\nMore.\n' >"$work/one.txt"
(flock 9 && touch "$work/held" && until [[ -e $work/let-go ]]; do sleep 0.05; done) 9>>"$office/lock" &
eventually 20 test -e "$work/held"
deposit "$work/one.txt" --about "$work/one.en.about" >"$work/one.log" 2>&1 &
first=$!
eventually 20 grep -q "waiting for it" "$work/one.log"
touch "$work/let-go"
wait "$first" || fail "the deposit that waited failed"
deposit "$work/one.txt" --about "$work/two.en.about" >"$work/two.log" 2>&1 &
other=$!
expect 0 depositary rectify one "$work/en.txt" --remark 'another text' --yes
wait "$other" || fail "the other deposit failed"
expect 0 depositary get two 1

# Bytes are kept: CRLF, a byte order mark, no newline at the end.
about crlf en authentic
expect 0 deposit "$DEPOSITARY_SOURCE/tests/vectors/import/crlf.txt" --about "$work/crlf.en.about"
depositary show crlf --text 2>/dev/null | cmp - "$DEPOSITARY_SOURCE/tests/vectors/import/crlf.txt"

# What cannot be deposited says where it is wrong, and changes nothing.
before=$(size)
about bad en authentic
refused() { # WORDS: $work/bad.txt is refused with them
    expect 5 deposit "$work/bad.txt" --about "$work/bad.en.about"
    contains "$work/err" "$1"
}
printf 'Article 1\n\nbad \xff byte\n' >"$work/bad.txt"
refused "line 3, column 5: not valid UTF-8"
printf 'Article 1\n\nnul \0 byte\n' >"$work/bad.txt"
refused "line 3, column 5: a NUL byte"
: >"$work/bad.txt"
refused "line 1, column 1: the text is empty"
head -c 10485760 /dev/zero | tr '\0' a >"$work/bad.txt"
refused "line 1, column 1: para_1 has 10485760 bytes"
[[ $(size) == "$before" ]] || fail "something was signed"
expect 1 depositary get bad 1
expect 0 depositary audit
