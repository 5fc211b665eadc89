#!/usr/bin/env bash
# Goal of this test: the library as a stranger gets it, installed under a prefix: pkg-config and CMake find it, shared and static; three programs of
# tests/examples build against it and run with the real daemon; its soname has a version, and it exports what the headers declare and nothing else.
source "$(dirname "$0")/lib.sh"

start_daemon library
cmake --install "$DEPOSITARY_BUILD" --prefix "$work/prefix" >"$work/install.log"
pkgconfig=$(dirname "$(find "$work/prefix" -name depositary.pc)")
libdir=$(dirname "$pkgconfig")
export LD_LIBRARY_PATH=$libdir
sanitize=
if is_sanitized SANITIZE; then sanitize=-fsanitize=address,undefined; fi

# Exported symbols are the headers' declarations, in both libraries; the offline one knows no network.
declared() { sed -e 's,/\*.*\*/,,' "$@" | tr '\n' ' ' | grep -oE 'DEPOSITARY_API[^;]*;' | grep -oE 'depositary_[a-z0-9_]+\(' | tr -d '(' | sort -u; }
exported() { nm -D --defined-only "$1" | awk '$2 == "T" { print $3 }' | sort -u; }
include=$work/prefix/include/depositary
declared "$include/client.h" "$include/verify.h" "$include/error.h" >"$work/declared"
exported "$libdir/libdepositary.so" >"$work/exported"
[[ $(wc -l <"$work/declared") -gt 80 ]] || fail "the headers declare only $(wc -l <"$work/declared") functions"
diff "$work/declared" "$work/exported" || fail "libdepositary exports other functions than the headers declare"
declared "$include/verify.h" "$include/error.h" >"$work/declared-verify"
exported "$libdir/libdepositary-verify.so" >"$work/exported-verify"
diff "$work/declared-verify" "$work/exported-verify" || fail "libdepositary-verify exports other functions than its headers declare"
if ldd "$libdir/libdepositary-verify.so" | grep -q nng; then fail "the offline library is linked with a network library"; fi

# Every function has its place in a manual page of section 3.
pages=$(find "$work/prefix" -path '*man3*' -type f)
[[ -n $pages ]] || fail "no manual pages of section 3 are installed"
while read -r name; do
    # shellcheck disable=SC2086 # pages are words
    grep -qw -- "$name" $pages || fail "no manual page tells of $name"
done <"$work/declared"
# ... and they speak of nothing that is not there.
# shellcheck disable=SC2086
grep -ohP '\bdepositary_[a-z0-9_]+ *\((?!3\))' $pages | tr -d ' (' | sort -u | comm -23 - "$work/declared" >"$work/invented"
[[ ! -s $work/invented ]] || fail "manual pages name functions that are not there: $(tr '\n' ' ' <"$work/invented")"

# The versioned name, and links to it.
for library in libdepositary libdepositary-verify; do
    soname=$(objdump -p "$libdir/$library.so" | awk '$1 == "SONAME" { print $2 }')
    [[ $soname =~ ^$library\.so\.[0-9]+$ && -e $libdir/$soname ]] || fail "$library has the soname $soname"
done

# The examples, as a project of a user's, by CMake: shared, then static.
for static in OFF ON; do
    cmake -G Ninja -S "$DEPOSITARY_SOURCE/tests/examples" -B "$work/examples-$static" -DCMAKE_PREFIX_PATH="$work/prefix" -DEXAMPLES_STATIC=$static \
        -DCMAKE_C_FLAGS="-Wall -Wextra -Werror $sanitize" >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log" >&2; fail "find_package(depositary)"; }
    cmake --build "$work/examples-$static" >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log" >&2; fail "the examples do not build ($static)"; }
done
# ... and by pkg-config, in C and in C++.
flags=$(PKG_CONFIG_PATH=$pkgconfig pkg-config --define-prefix --cflags --libs depositary)
verify_flags=$(PKG_CONFIG_PATH=$pkgconfig pkg-config --define-prefix --cflags --libs depositary-verify)
# shellcheck disable=SC2086 # flags are words
{
    cc -Wall -Wextra -Werror $sanitize -o "$work/verifier" "$DEPOSITARY_SOURCE/tests/examples/offline_verifier.c" $verify_flags
    printf '#include <depositary/client.h>\nint main() { depositary_client *client = nullptr; depositary_client_free(&client); return depositary_verify_init(); }\n' >"$work/plus.cc"
    c++ -std=c++11 -Wall -Wextra -Werror $sanitize -o "$work/plus" "$work/plus.cc" $flags
}
"$work/plus" || fail "the C++ program"

depositary certify "$instrument" cl_11 -o "$work/copies" >/dev/null 2>&1
copy=$work/copies/$instrument.en.1.cl_11
printf 'They wrote “firmly opposes any form of “Taiwan independence””? No: “ti engage”, and “never said by anyone at all”.\n' >"$work/article.txt"
printf 'The text has “ti engage”.\n' >"$work/true.txt"
for static in OFF ON; do
    bin=$work/examples-$static
    expect 0 "$bin/quote_checker" "$policy" "$url" "$work/true.txt"
    contains "$work/out" "VERBATIM"
    expect 1 "$bin/quote_checker" "$policy" "$url" "$work/article.txt"
    contains "$work/out" "NOT_FOUND"
    expect 0 "$bin/bulk_reader" "$policy" "$url" "$instrument" 100
    contains "$work/out" "2100 clauses, 1481200 bytes, 0 failed"
    expect 0 "$bin/offline_verifier" "$policy" "$copy.record" "$copy.proof"
    contains "$work/out" "ti engage"
done
expect 0 "$work/verifier" "$policy" "$copy.record" "$copy.proof"
sed 's/ti engage/to engage/' "$copy.record" >"$work/forged.record"
expect 1 "$work/verifier" "$policy" "$work/forged.record" "$copy.proof"
no_text "a forged copy"
