#!/usr/bin/env bash
# Goal of this test: what README.md shows works: its shell commands run in order, and its C client compiles against an installed tree and runs.
source "$(dirname "$0")/lib.sh"

start_daemon readme
port=${url##*:}
readme=$DEPOSITARY_SOURCE/README.md

# block LANGUAGE: the fenced blocks of README.md in that language, one after another.
block() { awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```$/ { on = 0 } on' "$readme"; }

# The shell blocks, with this test's port and a folder of its own.
mkdir "$work/shell"
ln -s "$DEPOSITARY_SOURCE/proto" "$DEPOSITARY_SOURCE/tests" "$work/shell/"
block sh | sed "s/127.0.0.1:7769/127.0.0.1:$port/" >"$work/commands.sh"
[[ -s $work/commands.sh ]] || fail "no shell commands in README.md"
(cd "$work/shell" && bash -euo pipefail "$work/commands.sh") >"$work/shell.out" 2>"$work/shell.err" || {
    cat "$work/shell.out" "$work/shell.err" >&2
    fail "a command of README.md"
}
contains "$work/shell.out" "ti engage"
contains "$work/shell.out" "e96b62a619da88a8728b10851cf9c9b80bd7b8caec352d938bdaa21a997be3fe"
contains "$work/shell.out" "VERBATIM"
contains "$work/shell.out" "seal {"

# The C client, built as a stranger would, from an installed tree.
cmake --install "$DEPOSITARY_BUILD" --prefix "$work/prefix" >"$work/install.log"
block c >"$work/client.c"
[[ -s $work/client.c ]] || fail "no C client in README.md"
pkgconfig=$(dirname "$(find "$work/prefix" -name depositary.pc)")
sanitize=
if is_sanitized SANITIZE; then sanitize=-fsanitize=address,undefined; fi
# shellcheck disable=SC2046,SC2086 # flags are words
cc -Wall -Wextra -Werror $sanitize -o "$work/client" "$work/client.c" \
    $(PKG_CONFIG_PATH=$pkgconfig pkg-config --define-prefix --cflags --libs depositary)
LD_LIBRARY_PATH=$(dirname "$pkgconfig") "$work/client" >"$work/client.out"
contains "$work/client.out" "ti engage"
[[ $(wc -l < <(block c | sed -n '/^int main/,$p')) -le 25 ]] || fail "the client in README.md is no longer short"
