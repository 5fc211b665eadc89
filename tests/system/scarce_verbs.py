"""Every verb of the command line while memory runs out, at each allocation in turn (scarce.py): it says the truth or a part of it, with the exit code of a
failure where it is not the whole, and never dies. scarce_verbs.py LIBRARY WORK; DEPOSITARY_EVERY_FAULT=1 takes every allocation, otherwise a few."""
import collections
import os
import random
import subprocess
import sys

import scarce

INSTRUMENT = "az-cn-joint-statement-2025"
POINTS = 5  # of each verb, once and for good
FAILED, UNREACHABLE = 5, 3
MANY = 1 << 30
every = bool(os.environ.get("DEPOSITARY_EVERY_FAULT"))
library, work = sys.argv[1:]
control = scarce.Scarce(f"{work}/scarce", library)
refusals = runs = 0
crashes = collections.Counter()


def run(arguments, state="state"):
    environment = {**os.environ, **control.environment, "XDG_STATE_HOME": f"{work}/{state}"}
    global runs
    runs += 1
    return subprocess.run(["depositary", "--timeout", "2", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def fail(what, at, done):
    sys.exit(f"{what}, allocation {at}: exit code {done.returncode}\n{done.stdout.decode(errors='replace')}\n"
             f"{done.stderr.decode(errors='replace')}\nrefused at {control.place()}")


def count(arguments):
    """How many allocations it makes."""
    control.arm(MANY)
    done = run(arguments)
    left = scarce.struct.unpack_from("=i", control.map, scarce.LEFT)[0]
    control.disarm()
    if done.returncode != 0:
        fail(f"{arguments} with memory", "none", done)
    return MANY - left, done.stdout


def places(total):
    if every:
        return range(total)
    width = max(total // POINTS, 1)
    return (at + random.randrange(width) for at in range(0, total, width))


def judge(what, at, done, truth, hits):
    """The truth, or what had come of it when it failed. nng's own crash for want of its memory is counted."""
    if done.returncode < 0 and hits and control.is_nngs():
        crashes[control.place()] += 1
        if not truth.startswith(done.stdout):
            fail(f"{what}: something else before nng crashed", at, done)
    elif done.returncode == 0:
        if done.stdout != truth:
            fail(f"{what}: another answer", at, done)
    elif not hits or done.returncode not in (FAILED, UNREACHABLE) or not truth.startswith(done.stdout):
        fail(what, at, done)
    elif not done.stderr:
        fail(f"{what}: no reason is given", at, done)
    return done.returncode


def try_verb(arguments):
    global refusals
    what = " ".join(arguments)
    total, truth = count(arguments)
    codes = collections.Counter()
    for is_lasting in (False, True):
        for at in places(total):
            fresh = at % 2 and f"state-{at % 64}"  # half of them remember a ledger already
            control.arm(at, is_lasting)
            done = run(arguments, fresh or "state")
            hits = control.disarm()
            codes[judge(what, at, done, truth, hits)] += 1
            refusals += hits > 0
    print(f"{what}: {total} allocations; exit codes {dict(sorted(codes.items()))}", flush=True)


def try_deposit():
    """What a deposit that failed left behind is signed and whole, or is not there; and the next one goes through."""
    global refusals
    text, about = f"{work}/treaty.txt", f"{work}/about"
    number = 0

    def prepare():
        nonlocal number
        number += 1
        with open(text, "w") as file:
            file.write("".join(f"Article {article}\nOf treaty {number}, article {article}.\n\n" for article in range(1, 4)))
        with open(about, "w") as file:
            file.write(f"instrument treaty-{number}\nlanguage en\ntitle Treaty {number}\nauthenticity authentic\n")

    arguments = ["deposit", text, "--about", about, "--yes"]
    prepare()
    total, _ = count(arguments)
    codes = collections.Counter()
    for is_lasting in (False, True):
        for at in places(total):
            prepare()
            control.arm(at, is_lasting)
            done = run(arguments)
            hits = control.disarm()
            refusals += hits > 0
            if done.returncode not in (0, FAILED, UNREACHABLE) or (done.returncode and not (hits and done.stderr)):
                fail("deposit", at, done)
            codes[done.returncode] += 1
            if done.returncode:
                done = run(["office", "push"])
                if done.returncode:
                    fail("office push after a deposit that failed", at, done)
                if run(["show", f"treaty-{number}", "--text"]).returncode and run(arguments).returncode:
                    fail("the deposit again", at, done)
            done = run(["show", f"treaty-{number}", "--text"])
            if done.returncode or done.stdout != open(text, "rb").read():
                fail("what was deposited", at, done)
    print(f"deposit: {total} allocations; exit codes {dict(sorted(codes.items()))}", flush=True)


copies = f"{work}/copies"
subprocess.run(["depositary", "certify", INSTRUMENT, "cl_11", "-o", copies], check=True, stdout=subprocess.DEVNULL)
verbs = [
    ["get", INSTRUMENT, "11"],
    ["get", INSTRUMENT, "4(2)", "--json"],
    ["show", INSTRUMENT],
    ["show", INSTRUMENT, "--text"],
    ["list"],
    ["history", INSTRUMENT],
    ["search", '"Belt and Road"'],
    ["quote", "firmly opposes any form of “Taiwan independence”"],
    ["cite", "Joint Statement, paras 4(2) and 11"],
    ["certify", INSTRUMENT, "cl_11", "-o", copies],
    ["verify", f"{copies}/{INSTRUMENT}.en.1.cl_11.record"],
    ["checkpoint"],
    ["health"],
    ["audit"],
    ["describe"],
    ["call", "grpc.health.v1.Health/Check", "{}"],
]
for verb in verbs:
    try_verb(verb)
try_deposit()
print(f"{refusals} refusals in {runs} runs of {len(verbs) + 1} verbs")
sys.exit(0 if refusals > len(verbs) else "hardly anything was refused")
