"""Every verb of the command line while memory runs out, at each allocation in turn (scarce.py): it says the truth, or a part of it and the exit code of a
failure; it never dies, and never says that something is forged. Where nng asks for the memory, nng 1.5.2 may die of it, or stand still while it sets itself up:
that is counted. scarce_verbs.py LIBRARY WORK; DEPOSITARY_EVERY_FAULT=1 takes every allocation (of a deposit every 16th, and fault.memory the rest), otherwise a few."""
import collections
import os
import random
import re
import subprocess
import sys

import scarce

INSTRUMENT = "az-cn-joint-statement-2025"
POINTS = 3  # of each verb, once and for good
LAST = 24  # of those that print JSON, once
NO, FAILED, UNREACHABLE = 1, 5, 3
STANDS_STILL_S = 90  # more than any verb takes here
NNG_STANDS_STILL_S = 6
MANY = 1 << 30
every = bool(os.environ.get("DEPOSITARY_EVERY_FAULT"))
library, work = sys.argv[1:]
control = scarce.Scarce(f"{work}/scarce", library)
refusals = runs = failures = 0
ended_by_nng = collections.Counter()


class StandsStill:
    """Of a program that does not end."""
    returncode, stdout, stderr = "none, it stands still", b"", b""


def run(arguments, state="state", patience_s=STANDS_STILL_S):
    """Armed it does not wait long; else as long as it takes on a machine that does much else."""
    global runs
    runs += 1
    state = f"{work}/{state}"
    waits = "2" if control.left() >= 0 else "60"
    if arguments[0] == "asks":
        command = ["asks", os.environ["DEPOSITARY_CONNECT"], os.environ["DEPOSITARY_POLICY"], state]
    else:
        command = ["depositary", "--timeout", waits, *arguments]
    try:
        return subprocess.run(command, env={**os.environ, **control.environment, "XDG_STATE_HOME": state}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=patience_s)
    except subprocess.TimeoutExpired:
        return StandsStill


def fail(what, at, done):
    global failures
    failures += 1
    print(f"{what}, allocation {at}: exit code {done.returncode}\n{done.stdout.decode(errors='replace')[-300:]}\n"
          f"{done.stderr.decode(errors='replace')}\nrefused at {control.place()}", file=sys.stderr, flush=True)


def count(arguments, whose):
    """How many allocations it makes, and what it says."""
    control.arm(MANY, whose=whose)
    done = run(arguments)
    total = MANY - control.left()
    control.disarm()
    if done.returncode not in ((0, NO) if arguments[0] == "quote" else (0,)):
        fail(f"{arguments} with memory", "none", done)
    return total, done


def places(total, every_th=1):
    if every:
        return range(0, total, every_th)
    width = max(total // POINTS, 1)
    return (at + random.randrange(width) for at in range(0, total, width))


def places_of_output(arguments, total, is_lasting):
    """Where an object is printed: the last allocations, each of them."""
    return range(max(total - LAST, 0), total) if "--json" in arguments and not is_lasting and not every else ()


def died_in_nng(done):
    """By a signal, or of what AddressSanitizer saw it do: nng 1.5.2 goes on with a dialer that it has freed."""
    report = re.search(rb"ERROR: AddressSanitizer.*?\n\n", done.stderr, re.DOTALL)
    frames = [line for line in report.group().splitlines() if re.match(rb" +#", line) and b"__interceptor" not in line] if report else []
    return done.returncode < 0 or (bool(frames) and b"libnng" in frames[0])


def is_nngs_end(done, hits):
    if hits and control.is_nngs() and (done is StandsStill or died_in_nng(done)):
        ended_by_nng[control.place()] += 1
        return True
    return False


def timeless(said):
    """What is said without when it was sealed, and among how many."""
    return re.sub(rb'"(sealed_at|batch_size|batch_index|age_s)": ?("[^"]*"|[0-9]+)', b"", said)


def judge(what, at, done, true, hits):
    """The truth, or what had come of it when it failed."""
    said, truth = timeless(done.stdout), timeless(true.stdout)
    if "--batch" in what and done.returncode == FAILED:  # a line that failed says so, or is not there; those beside it are the truth
        said = b"".join(line for line in said.splitlines(True) if b'{"error": "E_MEMORY"' not in line)
        if all(line in truth.splitlines(True) for line in said.splitlines(True)):
            truth = said
    if is_nngs_end(done, hits):
        if not truth.startswith(said):
            fail(f"{what}: something else before nng's end", at, done)
        return "nng"
    if done.returncode == true.returncode:
        if said != truth:
            fail(f"{what}: another answer", at, done)
    elif not hits or done.returncode not in (FAILED, UNREACHABLE) or not truth.startswith(said):
        fail(what, at, done)
    elif not done.stderr and b'{"error"' not in done.stdout:
        fail(f"{what}: no reason is given", at, done)
    return done.returncode


def try_verb(arguments, whose):
    global refusals
    what = " ".join(arguments)
    total, true = count(arguments, whose)
    codes = collections.Counter()
    for is_lasting in (False, True):
        for at in (*places(total), *places_of_output(arguments, total, is_lasting)):
            state = f"state-{runs}" if at % 2 else "state"  # half of them remember the ledger already
            control.arm(at, is_lasting, whose)
            done = run(arguments, state, NNG_STANDS_STILL_S if whose == scarce.OF_NNG else STANDS_STILL_S)
            hits = control.disarm()
            codes[judge(what, at, done, true, hits)] += 1
            refusals += hits > 0
    print(f"{what}: {total} allocations{' of nng' if whose == scarce.OF_NNG else ''}; exit codes {dict(codes)}", flush=True)


def try_deposit():
    """What a deposit that failed left behind is signed and whole, or is not there; and then it goes through."""
    global refusals
    text, about = f"{work}/treaty.txt", f"{work}/about"
    arguments = ["deposit", text, "--about", about, "--yes"]
    number = 0

    def prepare():
        nonlocal number
        number += 1
        with open(text, "w") as file:
            file.write("".join(f"Article {article}\nOf treaty {number}, article {article}.\n\n" for article in range(1, 4)))
        with open(about, "w") as file:
            file.write(f"instrument treaty-{number}\nlanguage en\ntitle Treaty {number}\nauthenticity authentic\n")

    prepare()
    total, _ = count(arguments, scarce.BUT_NNG)
    codes = collections.Counter()
    for is_lasting in (False, True):
        for at in places(total, 16):
            prepare()
            control.arm(at, is_lasting, scarce.BUT_NNG)
            done = run(arguments)
            hits = control.disarm()
            refusals += hits > 0
            if done.returncode not in (0, FAILED, UNREACHABLE) or (done.returncode and not (hits and done.stderr)):
                fail("deposit", at, done)
            codes[done.returncode] += 1
            if done.returncode:
                pushed = run(["office", "push"])
                if pushed.returncode:
                    fail("office push after a deposit that failed", at, pushed)
                if run(["show", f"treaty-{number}", "--text"]).returncode:
                    again = run(arguments)
                    if again.returncode:
                        fail("the deposit again", at, again)
            shown = run(["show", f"treaty-{number}", "--text"])
            with open(text, "rb") as file:
                if shown.returncode or shown.stdout != file.read():
                    fail("what was deposited", at, shown)
    print(f"deposit: {total} allocations; exit codes {dict(codes)}", flush=True)


copies = f"{work}/copies"
subprocess.run(["depositary", "certify", INSTRUMENT, "cl_11", "-o", copies], check=True, stdout=subprocess.DEVNULL)
subprocess.run(["depositary", "--receipt", f"{work}/kept.receipt", "get", INSTRUMENT, "11"], check=True, stdout=subprocess.DEVNULL)
with open(f"{work}/quotes", "w") as file:
    file.write("Belt and Road\nWorld Urban Forum\n")
subprocess.run(["depositary", "export", f"{work}/files"], check=True, stdout=subprocess.DEVNULL)
verbs = [
    ["get", INSTRUMENT, "11"],
    ["get", INSTRUMENT, "4(2)", "11"],
    ["show", INSTRUMENT],
    ["show", INSTRUMENT, "--text"],
    ["show", INSTRUMENT, "--json"],
    ["show", INSTRUMENT, "--akn", "--output", f"{work}/akn"],
    ["certify", INSTRUMENT, "--output", f"{work}/all"],
    ["quote", INSTRUMENT, "firmly opposes each form of Taiwan independence", "--whole"],
    ["quote", "--batch", f"{work}/quotes"],
    ["list"],
    ["history", INSTRUMENT],
    ["search", '"Belt and Road"'],
    ["quote", "firmly opposes any form of “Taiwan independence”"],
    ["quote", "firmly opposes each form of Taiwan  independence"],
    ["list", "--json"],
    ["get", INSTRUMENT, "4(2)", "--json"],
    ["quote", "firmly opposes each form of Taiwan independence", "--json"],
    ["verify", f"{copies}/{INSTRUMENT}.en.1.cl_11.record", "--json"],
    ["cite", "Joint Statement, paras 4(2) and 11"],
    ["certify", INSTRUMENT, "cl_11", "-o", copies],
    ["verify", f"{copies}/{INSTRUMENT}.en.1.cl_11.record"],
    ["checkpoint"],
    ["health"],
    ["audit"],
    ["audit", f"{work}/files"],
    ["audit", "--http", os.environ["TILES"]],
    ["--receipt", f"{work}/again.receipt", "get", INSTRUMENT, "11"],
    ["verify", f"{work}/kept.receipt"],
    ["office", "show"],
    ["key", "list"],
    ["describe"],
    ["call", "grpc.health.v1.Health/Check", "{}"],
    ["asks"],  # a program with the library
]
for verb in verbs:
    try_verb(verb, scarce.BUT_NNG)
try_verb(verbs[0], scarce.OF_NNG)  # the same in all
try_deposit()
print(f"{refusals} refusals in {runs} runs of {len(verbs) + 1} verbs; nng ended {sum(ended_by_nng.values())} of them, at {len(ended_by_nng)} places")
if failures or refusals < 2 * len(verbs):
    sys.exit(f"{failures} failures, {refusals} refusals")
