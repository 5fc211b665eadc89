#!/usr/bin/env bash
# Goal of this test: files that are kept for decades rot, and it is noticed: a bit of each byte in turn of a ledger's exported files, of a certified copy, of a
# receipt and of the policy is another, and what is said of them is what was said before, to the byte, or a refusal with its reason and no text.
# Some minutes; by hand. Figures are in tests/README.md. What a daemon and an office hold for themselves has unit tests: unit.memory, unit.policy,
# unit.answer_key, unit.key, unit.page_sums, fault.pages.
#
#   rot.sh [BUILD]      the folder of a build, .build/plain
DEPOSITARY_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
DEPOSITARY_BUILD=$(cd "${1:-$DEPOSITARY_SOURCE/.build/plain}" && pwd)
DEPOSITARY_BIN=$DEPOSITARY_BUILD/bin
export DEPOSITARY_SOURCE DEPOSITARY_BUILD DEPOSITARY_BIN
source "$DEPOSITARY_SOURCE/tests/system/lib.sh"

start_daemon main
expect 0 depositary export "$work/files"
expect 0 depositary certify "$instrument" cl_11 -o "$work/copies"
expect 0 depositary --receipt "$work/answer.receipt" get "$instrument" cl_11
stop_daemon "$daemon"
cp "$policy" "$work/policy"

python3 - "$work" <<'EOF'
import glob, os, subprocess, sys
work = sys.argv[1]
policy = work + "/policy"
REFUSED = {2, 4}  # a policy that is none is wrong usage

def say(arguments):
    done = subprocess.run(["depositary", "--policy", policy, *arguments], capture_output=True)
    return done.returncode, done.stdout, done.stderr

def rot(what, paths, arguments):
    code, truth, err = say(arguments)
    assert code == 0, (what, err)
    refused = harmless = 0
    for path in paths:
        whole = open(path, "rb").read()
        for at in range(len(whole)):
            changed = bytearray(whole)
            changed[at] ^= 1 << at % 8
            open(path, "wb").write(changed)
            code, out, err = say(arguments)
            if code == 0 and out == truth:
                harmless += 1
            elif code in REFUSED and not out and err.strip():
                refused += 1
            else:
                sys.exit(f"FAILED: {what}: {path}, byte {at}: exit code {code}, {out[:200]} {err[:200]}")
        open(path, "wb").write(whole)
    assert say(arguments)[:2] == (0, truth), what
    print(f"{what}: {refused + harmless} bytes in {len(paths)} files: {refused} refused, {harmless} harmless", flush=True)
    return harmless

files = [path for path in glob.glob(work + "/files/**", recursive=True) if os.path.isfile(path)]
copy = glob.glob(work + "/copies/*.record")[0]
assert rot("copy", [copy, copy.replace(".record", ".proof")], ["verify", copy]) == 0
rot("receipt", [work + "/answer.receipt"], ["verify", work + "/answer.receipt"])
rot("policy", [policy], ["verify", copy])
assert rot("exported files", files, ["audit", work + "/files"]) == 0
EOF
