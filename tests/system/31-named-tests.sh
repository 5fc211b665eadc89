#!/usr/bin/env bash
# Goal of this test: every test that the tables of proto/PROTOCOL.md, tests/README.md and README.md name is there, so that no row rests on a test that was
# renamed or went; and a row of conventions, attacks, limits or threats names one at all. The same of the lines of the program that are defences.
source "$(dirname "$0")/lib.sh"

python3 - "$DEPOSITARY_SOURCE" <<'PYTHON'
import glob
import os
import re
import sys

top = sys.argv[1]
wrong = []


def read(path):
    with open(os.path.join(top, path), encoding="utf-8") as file:
        return file.read()


def functions(path):
    """Names of the tests of a unit test's program, with those of the files that it includes or is built with."""
    return set(re.findall(r"START_TEST\((\w+)\)", read(path)))


units = {os.path.basename(path)[len("check_"):-2]: functions(os.path.relpath(path, top))
         for path in glob.glob(top + "/tests/unit/check_*.c")}
scripts = {os.path.basename(path)[:-3] for path in glob.glob(top + "/tests/system/[0-9]*.sh")}
others = {os.path.basename(path) for folder in ("long", "fault", "container", "fuzz")
          for path in glob.glob(f"{top}/tests/{folder}/*")}
lies = set()
for path in glob.glob(top + "/tests/unit/lies/*.def"):
    for row in re.findall(r"^\w+\(\w+, (\w+),", open(path, encoding="utf-8").read(), re.M):
        lies.add(row)


def script_named(name):
    """50 is 50-conventions, as the table of conventions says."""
    return [script for script in scripts if script == name or script.startswith(name + "-")]


def judge(where, cell):
    """How many tests a cell names; what it names and is not there is told."""
    found = 0
    unit = None
    # `unit.x`: `a_test`, or `unit.x` a_test, another_test; lies a_lie, another; `system.NN-what`, `NN-what` or `NN`
    for token in re.findall(r"`[^`]+`|\blies?\b|[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?:_?\.\.\.)?|\.\.\._[a-z0-9_]+", cell):
        word = token.strip("`")
        if word.startswith("unit."):
            unit = word[len("unit."):]
            found += 1
            if unit not in units:
                wrong.append(f"{where}: no {word}")
        elif re.fullmatch(r"(system\.)?\d\d(-[a-z-]+)?", word):
            unit = None
            found += 1
            if not script_named(word.removeprefix("system.")):
                wrong.append(f"{where}: no system test {word}")
        elif word in ("lie", "lies"):
            unit = "lies"
        elif re.fullmatch(r"fault\.\w+", word):
            unit = None
            found += 1
            if word[len("fault."):] + ".c" not in others:
                wrong.append(f"{where}: no {word}")
        elif unit is not None and re.fullmatch(r"[a-z0-9_]+", word) and "_" in word:
            found += 1
            known = lies if unit == "lies" else units.get(unit, set())
            if word not in known:
                wrong.append(f"{where}: no {word} in {unit}")
        elif unit == "lies" and "..." in word:
            found += 1
            part = word.replace("...", "").strip("_")
            if not any(part in lie for lie in lies):
                wrong.append(f"{where}: no lie like {word}")
    return found


def rows(text, heading):
    """Rows of the first table under a heading, as cells."""
    part = re.split(r"^## ", text.split("\n" + heading + "\n")[1], maxsplit=1, flags=re.M)[0]
    table = re.search(r"(?:^\|.*\n)+", part, re.M)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


count = 0
tables = [
    ("proto/PROTOCOL.md", "## 11. Conventions of gRPC", [2, 3], lambda row: row[1].startswith("none")),
    ("tests/README.md", "## Attacks, and the tests that see them fail", [1], None),
    ("tests/README.md", "## Limits, row by row", [1], None),
    ("tests/README.md", "## Defences that were taken out", [2], None),
    ("README.md", "## Security", [-1], None),
]
for path, heading, columns, is_excused in tables:
    for row in rows(read(path), heading):
        where = f"{path}, {row[0][:50]}"
        named = sum(judge(where, row[column]) for column in columns)
        count += named
        if named == 0 and not (is_excused and is_excused(row)):
            wrong.append(f"{where}: names no test")
for line in wrong:
    print(line)
assert count > 200, f"only {count} tests are named: are these the tables?"
print(f"{count} tests named")
sys.exit(len(wrong) > 0)
PYTHON

# The defences that are taken out to see tests fail still stand where the table of them says, and tests/README.md shows that table.
"$DEPOSITARY_SOURCE/tests/defences/run" --check
