#!/usr/bin/env bash
# Goal of this test: a text that tries to move a terminal's cursor or to turn its direction is shown with escapes on a terminal, and goes byte for byte into a pipe.
source "$(dirname "$0")/lib.sh"

start_daemon terminal
printf '1. Pay \342\200\256nothing\342\200\254 to \033[2Jthe bearer.\n\n2. This is the second clause of it.\n' >"$work/hostile.txt"
cat >"$work/hostile.about" <<'E2'
instrument hostile
language en
title A hostile text
authenticity not established
E2
expect 0 depositary deposit "$work/hostile.txt" --about "$work/hostile.about" --office "$work/terminal/office" --yes

# Into a file: the bytes.
depositary show hostile --text >"$work/text"
cmp "$work/text" "$work/hostile.txt"

# On a terminal: escapes, and a word about it.
python3 - >"$work/seen" <<'PYTHON'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("depositary", ["depositary", "get", "hostile", "1"])
seen = b""
try:
    while chunk := os.read(terminal, 4096):
        seen += chunk
except OSError:
    pass
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
PYTHON
contains "$work/seen" '\u{202E}nothing\u{202C}'
contains "$work/seen" '\u{001B}[2J'
contains "$work/seen" 'shown as escapes'
if grep -qP '\x1b\[2J|\xe2\x80\xae' "$work/seen"; then fail "a control character reached the terminal"; fi
