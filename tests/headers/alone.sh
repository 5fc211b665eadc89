#!/bin/sh
# Goal of this test: a public header compiles alone and twice in one file, as C11 and as C++11, with every warning an error, and with no macro but the
# project's own. alone.sh HEADER INCLUDE-FOLDER
set -eu
header=$1 include=$2
name=depositary/${header##*/}
twice="#include <$name>
#include <$name>
extern int used; int used;"
strict="-pedantic-errors -Wall -Wextra -Wconversion -Wshadow -Wundef -Werror -fsyntax-only -I $include"
# shellcheck disable=SC2086 # flags are words
compile() { # COMPILER LANGUAGE STANDARD FLAGS...
    compiler=$1 language=$2 standard=$3
    shift 3
    command -v "$compiler" >/dev/null || { [ "$compiler" = clang ] || [ "$compiler" = clang++ ]; return; }
    printf '%s\n' "$twice" | "$compiler" -x "$language" -std="$standard" $strict "$@" -
}
compile cc c c11 -Wstrict-prototypes -Wmissing-prototypes
compile clang c c11 -Wstrict-prototypes
compile c++ c++ c++11 -Wold-style-cast
compile clang++ c++ c++17 -Wold-style-cast
# Names that are not ours would collide with a user's.
foreign=$(printf '%s\n' "$twice" | cc -x c -std=c11 -I "$include" -dM -E - | awk '{ print $2 }' | sed 's/(.*//' | sort >"${TMPDIR:-/tmp}/macros.$$"
    printf '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n' | cc -x c -std=c11 -dM -E - | awk '{ print $2 }' | sed 's/(.*//' | sort |
        comm -23 "${TMPDIR:-/tmp}/macros.$$" - | grep -v '^DEPOSITARY_' || true
    rm -f "${TMPDIR:-/tmp}/macros.$$")
[ -z "$foreign" ] || { echo "macros that are not the project's: $foreign" >&2; exit 1; }
