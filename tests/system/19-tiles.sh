#!/usr/bin/env bash
# Goal of this test: the ledger can be rebuilt from its tiles alone, from the daemon, from files on any web server, and from a folder; and whoever
# serves wrong, cut, endless or slow tiles is told with what and where.
source "$(dirname "$0")/lib.sh"

port=$(free_port)
start_daemon tiles --http "127.0.0.1:$port"
web=http://127.0.0.1:$port
office=$work/tiles/office

# More than one full tile: 256 entries and some.
printf '1. One.\n\n2. Two.\n' >"$work/treaty.txt"
for language in en fr de; do
    printf 'instrument a-treaty\nlanguage %s\ntitle A Treaty\nauthenticity authentic\n' "$language" >"$work/about"
    expect 0 depositary deposit "$work/treaty.txt" --about "$work/about" --office "$office" --yes
done
printf '1. One.\n\n2. Two!\n' >"$work/treaty.txt"
expect 0 depositary rectify a-treaty "$work/treaty.txt" --language en --remark 'a mark' --office "$office" --yes
for _ in $(seq 125); do depositary key authorise "$(head -c 32 /dev/urandom | base64)" --holder nobody --office "$office" --offline >/dev/null 2>&1; done
expect 0 depositary office push --office "$office"
size=$(depositary checkpoint 2>/dev/null | sed -n 2p)
((size > 256)) || fail "only $size entries"

# Over HTTP as C2SP tlog-tiles has it: types, caching, one spelling of a name, nothing past the ledger.
header() { # PATH: headers in $work/headers, body in $work/body
    curl -s -o "$work/body" -D "$work/headers" "$web$1"
    tr -d '\r' <"$work/headers" >"$work/h" && mv "$work/h" "$work/headers"
}
header /checkpoint
contains "$work/headers" 'Content-Type: text/plain; charset=utf-8'
grep -qE '^Cache-Control: .*max-age=[0-9]$' "$work/headers" || fail "the checkpoint is cached for more than seconds"
[[ $(sed -n 2p "$work/body") == "$size" ]] || fail "another checkpoint over HTTP"
width=$((size - 256))
for path in /tile/0/000 "/tile/0/001.p/$width" /tile/1/000.p/1 /tile/entries/000 "/tile/entries/001.p/$width"; do
    header "$path"
    contains "$work/headers" '200 OK'
    contains "$work/headers" 'Content-Type: application/octet-stream'
    contains "$work/headers" 'immutable'
done
for path in /tile/0/000.p/256 /tile/0/0 /tile/0/x000/000 "/tile/0/001.p/$((width + 1))" /tile/0/001 /tile/2/000.p/1 /tile/8/000 /tile/entries/002.p/1; do
    header "$path"
    contains "$work/headers" '404 Not Found'
done
curl -s "$web/tile/0/000" | cmp - <(curl -s "$web/tile/0/000") || fail "a tile differs from itself"
[[ $(curl -s "$web/tile/0/000" | wc -c) == 8192 ]] || fail "a full tile has not 8192 bytes"

# A first hash by hand: a bundle's first entry, behind its length, is the first leaf.
curl -s "$web/tile/entries/000" >"$work/bundle"
length=$((16#$(head -c 2 "$work/bundle" | od -An -tx1 | tr -d ' ')))
leaf=$( (printf '\0'; head -c "$((length + 2))" "$work/bundle" | tail -c +3) | sha256sum | cut -d' ' -f1)
curl -s -o "$work/tile" "$web/tile/0/000"
[[ $(head -c 32 "$work/tile" | od -An -v -tx1 | tr -d ' \n') == "$leaf" ]] || fail "the first leaf is not the first entry's"

# From the daemon's tiles alone: the clauses are not there, which is said.
expect 0 depositary audit --http "$web"
contains "$work/out" "entries      $size, which give the checkpoint's root"
contains "$work/out" "were not audited"
expect 0 depositary --json audit --http "$web"
contains "$work/out" '"clauses_audited": false'

# From the service, and as files.
expect 0 depositary audit
contains "$work/out" "editions     5, whose"
cp "$work/out" "$work/by-service"
expect 0 depositary export "$work/files"
expect 0 depositary audit "$work/files"
tail -n +2 "$work/by-service" >"$work/a" && tail -n +2 "$work/out" >"$work/b"
cmp "$work/a" "$work/b" || fail "the folder's audit says something else than the service's"
for path in checkpoint tile/0/000 "tile/entries/001.p/$width" tile/1/000.p/1; do
    cmp "$work/files/$path" <(curl -s "$web/$path") || fail "$path is another file than over HTTP"
done
expect 0 depositary --json export "$work/files"
contains "$work/out" '"files_written": 0'
cp "$work/files/checkpoint" "$work/floor"

# It grows: what is there stays, and the partial tiles of before remain.
expect 0 depositary office renew --office "$office"
expect 0 depositary export "$work/files"
[[ -f $work/files/tile/0/001.p/$width && -f $work/files/tile/0/001.p/$((width + 1)) ]] || fail "partial tiles"
expect 0 depositary audit "$work/files" --floor "$work/floor"

# The floor: a ledger that does not extend it, or is behind it.
sed -i '2s/.*/3/' "$work/floor"
expect 4 depositary audit "$work/files" --floor "$work/floor" --json
contains "$work/err" signature
contains "$work/out" '"error": "E_CHECKPOINT_SIGNATURE"'

# Every file of a folder matters: each one changed, cut and taken away is named.
cp -r "$work/files" "$work/damaged"
now=$((width + 1))
edition=$(find "$work/files/clauses" -name 1 | sed 's|/1$||; s|.*/||' | sort | sed -n 1p)
for path in checkpoint tile/0/000 "tile/0/001.p/$now" tile/1/000.p/1 tile/entries/000 "tile/entries/001.p/$now" "clauses/$edition/0"; do
    for damage in flip cut gone more; do
        case $damage in
        flip) python3 -c 'import sys; p = sys.argv[1]; d = bytearray(open(p, "rb").read()); d[len(d) // 2] ^= 1; open(p, "wb").write(d)' "$work/damaged/$path" ;;
        cut) truncate -s -1 "$work/damaged/$path" ;;
        gone) rm "$work/damaged/$path" ;;
        more) printf x >>"$work/damaged/$path" ;;
        esac
        expect 4 depositary audit "$work/damaged"
        no_text
        expect 4 depositary audit "$work/damaged" --json
        [[ $(<"$work/out") == '{"verified": false, "error": "E_'*'", "message": "'*'"}' ]] || fail "$damage $path: $(<"$work/out")"
        cp "$work/files/$path" "$work/damaged/$path"
    done
done
expect 0 depositary audit "$work/damaged"

mkfifo "$work/pipe" && rm "$work/damaged/tile/0/000" && mv "$work/pipe" "$work/damaged/tile/0/000"
expect 4 depositary audit "$work/damaged"
contains "$work/err" "tile/0/000: is not a file"

# From any web server, whatever types it tells; this one knows nothing of ledgers.
port=$(free_port)
python3 -m http.server --bind 127.0.0.1 --directory "$work/files" "$port" >/dev/null 2>&1 &
daemons+=($!)
for _ in $(seq 100); do curl -sf "http://127.0.0.1:$port/checkpoint" >/dev/null && break; sleep 0.1; done
expect 0 depositary audit --http "http://127.0.0.1:$port/"
contains "$work/out" "editions     5, whose"

# The same from a web server, and what a web server can do besides. A tile that is gone is made up for by a full one, which there is none of here.
port=$(free_port)
python3 "$DEPOSITARY_SOURCE/tests/system/tiles_server.py" "$port" "$work/files" "$work/lie" 2>"$work/tiles_server.log" &
daemons+=($!)
static=http://127.0.0.1:$port
for _ in $(seq 100); do curl -sf "$static/checkpoint" >/dev/null && break; sleep 0.1; done
expect 0 depositary audit --http "$static"
contains "$work/out" "editions     5, whose"
for kind in gone cut more flip huge endless torn noise moved gzip error; do
    for path in checkpoint tile/0/000 "tile/entries/001.p/$now"; do
        echo "$kind $path" >"$work/lie"
        code=0
        depositary audit --http "$static" >"$work/out" 2>"$work/err" || code=$?
        [[ $code == 4 ]] || { cat "$work/err" >&2; fail "exit code $code where $path was served $kind"; }
        no_text
        [[ $path == checkpoint && $kind =~ ^(cut|more|flip)$ ]] || [[ $path == tile/entries* && $kind == flip ]] || contains "$work/err" "$path"
    done
done
echo "slow tile/0/000" >"$work/lie"
expect 3 depositary --timeout 2 audit --http "$static"
contains "$work/err" "tile/0/000: no whole answer within 2 s"
echo "gone clauses/$edition/1" >"$work/lie"
expect 4 depositary audit --http "$static"
contains "$work/err" "clauses/$edition/1"
expect 3 depositary --timeout 2 audit --http http://127.0.0.1:1
expect 2 depositary audit --http ftp://127.0.0.1/

# A ledger may grow while it is audited, in the middle of an edition's clauses too: the audit is of the checkpoint that it began with.
for i in $(seq 2500); do printf '%d. Clause number %d.\n\n' "$i" "$i"; done >"$work/long.txt"
printf 'instrument a-long-treaty\nlanguage en\ntitle A Long Treaty\nauthenticity authentic\n' >"$work/about"
expect 0 depositary deposit "$work/long.txt" --about "$work/about" --office "$office" --yes
touch "$work/growing"
(while [[ -f $work/growing ]]; do depositary office renew --office "$office" >/dev/null 2>&1 || true; done) &
grower=$!
for _ in 1 2 3; do
    expect 0 depositary audit
    contains "$work/out" "editions     6, whose"
done
rm "$work/growing"
wait "$grower"
