#!/usr/bin/env bash
# Goal of this test: a text of many pages is told in the memory of a page or two: of each page that was verified no more is kept than what is held back of it, and
# that in a temporary file; and of all that is told nothing comes out before the last page held.
source "$(dirname "$0")/lib.sh"

start_daemon large
python3 - "$work/large.txt" <<'EOF'
import random, sys
random.seed(1)
words = "the of and to in treaty party shall article law state convention agreement signature accession protocol".split()
with open(sys.argv[1], "w") as out:
    for number in range(1, 12001):
        out.write(f"{number}. {' '.join(random.choice(words) for _ in range(60))}.\n\n")
EOF
printf 'instrument large\nlanguage en\ntitle Large\nauthenticity authentic\n' >"$work/about"
expect 0 depositary deposit "$work/large.txt" --about "$work/about" --yes --office "$work/large/office"
bytes=$(stat -c %s "$work/large.txt")

# peak CODE COMMAND...: its standard output to $work/out; prints the most memory that it had, in KiB.
peak() {
    python3 - "$work/out" "$@" <<'EOF'
import resource, subprocess, sys
with open(sys.argv[1], "wb") as out:
    code = subprocess.run(sys.argv[3:], stdout=out, stderr=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code != int(sys.argv[2]))
EOF
}

small=$(peak 0 depositary show "$instrument" --text)

# bounded CODE TIMES VERB...: takes no more than some pages of a thousand clauses with their proofs, and TIMES the text.
bounded() {
    local code=$1 times=$2 had
    shift 2
    had=$(peak "$code" depositary "$@") || fail "not exit code $code: $*"
    echo "$bytes bytes: $small KiB for the small text, $had for this one: $*"
    if is_sanitized; then
        echo "a sanitizer keeps what is freed: memory is not judged" >&2
    else
        ((had - small < times * bytes / 1024 + 12288)) || fail "$((had - small)) KiB more for a text of $bytes bytes: $*"
    fi
}

bounded 0 0 show large --text
cmp -s "$work/out" "$work/large.txt" || fail "it is not what was deposited"

bounded 0 0 show large --text --json
python3 - "$work/out" "$work/large.txt" <<'EOF'
import json, sys
told = json.load(open(sys.argv[1]))
assert told["verified"] is True and told["clauses"] == 12000, told["clauses"]
assert "".join(clause["text"] for clause in told["text"]) == open(sys.argv[2]).read()
assert [clause["place"] for clause in told["text"]] == list(range(12000))
EOF

bounded 0 0 show large --json
python3 - "$work/out" <<'EOF'
import json, sys
told = json.load(open(sys.argv[1]))
assert told["verified"] is True and [item["place"] for item in told["claimed"]["outline"]] == list(range(12000))
EOF

bounded 0 0 show large
[[ $(grep -cE '^ *[0-9]+  cl_' "$work/out") == 12000 ]] || fail "the outline has not 12000 lines"

bounded 0 1 show large --akn # its text is looked at in one piece, a file's
python3 - "$work/out" "$work/large.txt" <<'EOF'
import sys, xml.etree.ElementTree
space = "{http://docs.oasis-open.org/legaldocml/ns/akn/3.0}"
body = next(xml.etree.ElementTree.parse(sys.argv[1]).iter(space + "body"))
told = "".join("".join(part.itertext()) for part in body.iter() if part.tag in (space + "num", space + "heading", space + "p"))
assert told == open(sys.argv[2]).read()
EOF

# Tens of thousands of files: in memory where that can be, as a disk may take a minute for them.
files=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
folders+=("$files")
bounded 0 0 certify large -o "$files/copies"
[[ $(find "$files/copies" -name '*.proof' | wc -l) == 12000 ]] || fail "there are not 12000 proofs"
[[ $(find "$files/copies" | wc -l) == 24002 ]] || fail "something else was left in the folder"
[[ $(grep -c . "$work/out") == 24001 ]] || fail "not every copy is named"
cmp -s "$files/copies/large.en.1.txt" "$work/large.txt" || fail "the file is not what was deposited"
expect 0 depositary verify "$files/copies/large.en.1.cl_12000.record"

bounded 1 14 quote large "not in the whole of it" --whole
printf '%s\n' "$(sed -n 11999p "$work/large.txt")" "not in the whole of it" >"$work/quotes"
bounded 1 14 quote large --batch "$work/quotes" --whole
contains "$work/out" '"verdict": "VERBATIM"'

# With no folder for what is held back it stays in memory.
TMPDIR=$work/none bounded 0 2 show large --text
cmp -s "$work/out" "$work/large.txt" || fail "it is not what was deposited"

# cut VERB...: the last answer, that of the last page, is changed on its way: not a byte of the pages before it comes out.
cut() {
    local state=$XDG_STATE_HOME
    export XDG_STATE_HOME=$work/cut # the same calls each time
    rm -rf "$work/cut" "$files/lied"
    through -1 0 depositary --timeout 60 "$@" || fail "the proxy alone: $*"
    local last=$(($(wc -l <"$work/lengths") - 1)) status=0
    ((last >= 12)) || fail "only $last answers"
    rm -rf "$work/cut" "$files/lied"
    through "$last" 5000 depositary --timeout 60 "$@" || status=$?
    [[ $status == 4 ]] || { cat "$work/err" >&2; fail "exit code $status, not 4: $*"; }
    [[ $* == *--json ]] || no_text "$*"
    if grep -q cl_ "$work/out"; then fail "text came out: $*"; fi
    if [[ -e $files/lied && -n $(ls -A "$files/lied") ]]; then fail "files were written: $*"; fi
    export XDG_STATE_HOME=$state
}
cut show large
cut show large --json
cut show large --text
cut show large --text --json
cut show large --akn
cut show large --akn -o "$files/lied"
cut certify large -o "$files/lied"
