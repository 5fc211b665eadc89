#!/usr/bin/env bash
# Goal of this test: a service whose office lies elsewhere has the ledger's secret key nowhere: not in its folder, not in its memory, though it was
# filled by that office and serves what that key signed. The same search does find the answer key, which is there.
source "$(dirname "$0")/lib.sh"

office=$work/office
export DEPOSITARY_OFFICE=$office DEPOSITARY_POLICY=$office/policy
expect 0 depositary office init "$office" --origin secrets.test/ledger --spare "$work/safe" --no-passphrase
url=tcp://127.0.0.1:$(free_port)
export DEPOSITARY_CONNECT=$url
depositaryd --data "$work/server" --policy "$office/policy" --listen "$url" --http none 2>>"$work/server.log" &
daemon=$!
daemons+=("$daemon")
key=$(depositaryd --data "$work/server" --print-key-request 2>/dev/null)
for _ in $(seq 100); do
    if depositary key authorise "$key" --holder server >/dev/null 2>&1 || depositary office push >/dev/null 2>&1; then break; fi
    sleep 0.1
done
wait_ready "$url" "$office/policy" "$daemon" || fail "not serving"
printf 'instrument a-treaty\nlanguage en\ntitle A Treaty\nauthenticity authentic\n' >"$work/about"
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"
expect 0 depositary deposit "$work/treaty.txt" --about "$work/about" --yes
expect 0 depositary get a-treaty 1

# search.py PLACE FILE-OF-A-SEED...: prints the files whose seed is found (raw, hex or base64) in a folder, or in the memory of a process; exit code 77
# where that cannot be read.
cat >"$work/search.py" <<'E2'
import base64, os, re, sys


def forms(path):
    with open(path) as file:
        seed = base64.b64decode(re.search(r'^(?:secret|seed) (\S+)$', file.read(), re.M).group(1))
    assert len(seed) == 32
    return [seed, seed.hex().encode(), seed.hex().upper().encode(), base64.b64encode(seed)[:42]]


def folder_parts(folder):
    for top, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(top, name), 'rb') as file:
                yield file.read()


def memory_parts(pid):
    count, empty = 0, bytes(4096)
    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in maps:
            area = line.split()
            start, end = (int(number, 16) for number in area[0].split('-'))
            if '[v' in line or end - start > 1 << 30:  # the kernel's own; a sanitizer's shadow
                continue
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            pages = (data[at:at + 4096] for at in range(0, len(data), 4096))
            data = b''.join(page for page in pages if page != empty)  # most of what is mapped was never touched
            count += len(data)
            yield data
    assert count > 1000000, 'almost nothing of the memory could be read'


wanted = {path: forms(path) for path in sys.argv[2:]}
found = set()
try:
    for data in folder_parts(sys.argv[1]) if os.path.isdir(sys.argv[1]) else memory_parts(sys.argv[1]):
        found.update(path for path, seeds in wanted.items() if any(seed in data for seed in seeds))
except PermissionError as why:
    print(why, file=sys.stderr)
    sys.exit(77)
print(*sorted(found), sep='\n')
E2
ledger_key=$office/key spare_key=$work/safe/spare-key answer_key=$work/server/keys/answer-key
search() { # PLACE, and what must be found there
    local code=0
    python3 "$work/search.py" "$1" "$ledger_key" "$spare_key" "$answer_key" >"$work/found" 2>"$work/search.log" || code=$?
    [[ $code != 77 ]] || { echo "the memory of a process cannot be read here: skipped" >&2; exit 77; }
    [[ $code == 0 && $(cat "$work/found") == "$2" ]] || { cat "$work/found" "$work/search.log" >&2; fail "in $1 other keys than: $2"; }
}

# The search finds what is there, in files and in memory, and of the ledger's two keys nothing where the service is.
search "$office" "$ledger_key"
search "$work/safe" "$spare_key"
search "$work/server" "$answer_key"
search "$daemon" "$answer_key"

# A first start makes an office, and so has its keys in memory for a moment: they are wiped before it serves, while they lie in its folder until the
# office is moved elsewhere, which changes nothing for the service.
unset DEPOSITARY_OFFICE
start_daemon first
ledger_key=$work/first/office/key spare_key=$work/first/office-spare/spare-key answer_key=$work/first/keys/answer-key
search "$daemon" "$answer_key"
mv "$work/first/office" "$work/first/office-spare" "$work/safe/"
ledger_key=$work/safe/office/key spare_key=$work/safe/office-spare/spare-key
search "$work/first" "$answer_key"
expect 0 depositary office renew --office "$work/safe/office"
expect 0 depositary get "$instrument" 11
stop_daemon "$daemon"
depositaryd --data "$work/first" --listen "$url" --http none 2>>"$work/first.log" &
daemon=$!
daemons+=("$daemon")
wait_ready "$url" "$policy" "$daemon" || fail "not serving without its office"
search "$daemon" "$answer_key"
