#!/usr/bin/env bash
# Goal of this test: an instrument goes out as Akoma Ntoso with its text unchanged and its proofs beside it, and comes in again as the same structure;
# a file that is Akoma Ntoso is deposited byte for byte; a bad one is refused with its line, and nothing is signed.
source "$(dirname "$0")/lib.sh"

start_daemon akn
export DEPOSITARY_OFFICE=$work/akn/office

# text_of FILE: the character data of num, heading and p outside meta.
cat >"$work/text_of.py" <<'E2'
import sys
import xml.etree.ElementTree as tree

AKN = "{http://docs.oasis-open.org/legaldocml/ns/akn/3.0}"


def collect(element, inside):
    if element.tag == AKN + "meta":
        return
    inside = inside or element.tag in (AKN + "num", AKN + "heading", AKN + "p")
    if inside:
        sys.stdout.write(element.text or "")
    for child in element:
        collect(child, inside)
        if inside:
            sys.stdout.write(child.tail or "")


sys.stdout.reconfigure(encoding="utf-8", newline="")
collect(tree.parse(sys.argv[1]).getroot(), False)
E2

eids() { # FILE.json: the units of a dry run
    python3 -c 'import json, sys; print("\n".join(u["eid"] for u in json.load(open(sys.argv[1]))["units"]))' "$1"
}

# Out: the document, and the certified copies that prove what its elements say.
expect 0 depositary show $instrument --akn
cp "$work/out" "$work/statement.xml"
python3 "$work/text_of.py" "$work/statement.xml" | cmp - "$statement"
expect 0 depositary show $instrument --akn -o "$work/folder"
cmp "$work/folder/$instrument.en.1.xml" "$work/statement.xml"
expect 0 depositary verify "$work/folder/$instrument.en.1.cl_11.record"
contains "$work/statement.xml" '<clause eId="cl_11"><num>11.</num>'
contains "$work/statement.xml" 'depositary/edition/v1'
expect 2 depositary show $instrument -o "$work/folder"

# In again: the same units, and the file byte for byte.
printf 'instrument statement-akn\nlanguage en\ntitle The statement as XML\nauthenticity not established\n' >"$work/about"
expect 0 depositary --json deposit "$work/statement.xml" --about "$work/about" --dry-run
cp "$work/out" "$work/xml.json"
printf 'instrument statement-txt\nlanguage en\ntitle The statement again\nauthenticity not established\n' >"$work/about.txt"
expect 0 depositary --json deposit "$statement" --about "$work/about.txt" --dry-run
diff <(eids "$work/xml.json") <(eids "$work/out")
expect 0 depositary deposit "$work/statement.xml" --about "$work/about" --yes
depositary show statement-akn --text 2>/dev/null | cmp - "$work/statement.xml"
depositary show statement-akn --akn 2>/dev/null | cmp - "$work/statement.xml"
expect 0 depositary get statement-akn cl_4__p_2
contains "$work/out" '<p eId="cl_4__p_2">'

# A document that is none, or that would have more read than it holds, is refused with line and column.
before=$(depositary checkpoint 2>/dev/null | sed -n 2p)
printf 'instrument bad\nlanguage en\ntitle Bad\nauthenticity not established\n' >"$work/bad.about"
printf '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>\n<akomaNtoso>&c;</akomaNtoso>\n' >"$work/bomb.xml"
expect 5 depositary deposit "$work/bomb.xml" --about "$work/bad.about" --yes
contains "$work/err" "bomb.xml: line 2, column"
contains "$work/err" "document type"
sed 's/<\/clause>/<\/claus>/' "$work/statement.xml" >"$work/broken.xml"
expect 5 depositary deposit "$work/broken.xml" --about "$work/bad.about" --yes
contains "$work/err" "not well-formed XML"
[[ $(depositary checkpoint 2>/dev/null | sed -n 2p) == "$before" ]] || fail "something was signed"
expect 0 depositary audit
