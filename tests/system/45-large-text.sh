#!/usr/bin/env bash
# Goal of this test: a text of many pages is shown byte for byte, in about as much memory as it has bytes: of each page that was verified no more is kept.
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

# peak COMMAND...: its standard output to $work/out; prints the most memory that it had, in KiB.
peak() {
    python3 - "$work/out" "$@" <<'EOF'
import resource, subprocess, sys
with open(sys.argv[1], "wb") as out:
    subprocess.run(sys.argv[2:], stdout=out, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
EOF
}

small=$(peak depositary show "$instrument" --text)
large=$(peak depositary show large --text)
cmp -s "$work/out" "$work/large.txt" || fail "it is not what was deposited"
bytes=$(stat -c %s "$work/large.txt")
if is_sanitized; then
    echo "a sanitizer keeps what is freed: memory is not judged" >&2
else
    # Twice for the buffer that grows, and some pages of a thousand clauses with their proofs.
    ((large - small < 2 * bytes / 1024 + 16384)) || fail "$((large - small)) KiB more for a text of $bytes bytes"
fi
echo "$bytes bytes: $small KiB for the small text, $large for this one"
