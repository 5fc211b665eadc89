#!/bin/bash
# Goal of this test: quotes, citations and searches as an editor and a citation checker meet them: where a quote stands and where else,
# a file of quotes over one connection, NOT_FOUND proven by the whole edition, lists and ranges of clauses, and the nearest to what is not there.
# shellcheck source=tests/system/lib.sh
source "$DEPOSITARY_SOURCE/tests/system/lib.sh"

start_daemon main

# A second instrument, of which the first has no sentence.
cat >"$work/pact.txt" <<'END'
PACT ON RIVERS

Article 1
The rivers of both countries stay open to every ship.

Article 2
The Parties share data on floods weekly.

Article 3
This Pact enters into force on signature.
END
cat >"$work/about" <<'END'
instrument river-pact
language en
title Pact on Rivers
date 2025-06-01
authenticity authentic
END
expect 0 depositary deposit "$work/pact.txt" --about "$work/about" --office "$work/main/office" --yes

# ---- one quote
expect 0 depositary quote river-pact 'stay open to every ship'
contains "$work/out" "river-pact en 1 art_1"
expect 1 depositary quote river-pact 'the rivers of both countries stay closed to every ship'
contains "$work/out" DIFFERS
expect 1 depositary quote river-pact 'every ship and every raft of the moon'
contains "$work/out" NOT_FOUND
contains "$work/err" claimed

# Not where it was said, but here.
expect 1 depositary quote "$instrument" 'stay open to every ship'
contains "$work/out" "elsewhere: VERBATIM"
contains "$work/out" "river-pact en 1 art_1"
expect 1 depositary quote "$instrument" 'stay open to every ship' --json
python3 - "$work/out" <<'END'
import json, sys
answer = json.load(open(sys.argv[1]))
assert answer["verdict"] == "NOT_FOUND" and "verified" not in answer, answer
assert answer["elsewhere"]["verdict"] == "VERBATIM", answer
assert answer["elsewhere"]["matches"][0]["instrument"] == "river-pact", answer
assert "elsewhere" in answer["warnings"], answer
END

# Warnings: short, inside a word, over the end of a clause.
expect 0 depositary quote "$instrument" the
contains "$work/err" "so short a quote"
expect 0 depositary quote river-pact 'ivers of both countr'
contains "$work/err" "inside a word"
expect 0 depositary quote river-pact $'every ship.\n\nArticle 2'
contains "$work/out" "art_1 to art_2"

# The whole edition decides.
expect 1 depositary quote river-pact 'every ship and every raft of the moon' --whole
contains "$work/out" NOT_FOUND
contains "$work/err" "proven: it is not in the whole edition"
expect 1 depositary quote river-pact 'every ship and every raft of the moon' --whole --json
python3 -c 'import json, sys; answer = json.load(open(sys.argv[1])); assert answer["verified"] and answer["proven"]["not_found"], answer' "$work/out"
expect 0 depositary quote "$instrument" 'firmly opposes any form of “Taiwan independence”' --whole
expect 2 depositary quote 'a quote' --whole
expect 2 depositary quote ''

# ---- many quotes
cat >"$work/quotes" <<'END'
stay open to every ship
{"quote": "Stay open to every ship", "instrument": "river-pact", "id": 7}
{"quote": "The Parties share data on droughts weekly", "instrument": "river-pact", "edition": 1}
an invented sentence about bananas and the moon

{"quote": "stay open to every ship", "instrument": "az-cn-joint-statement-2025"}
{"quote": 5}
{"quote": "x", "instrument": "no-such-pact"}
not json but a quote
END
expect 2 depositary quote --batch "$work/quotes"
python3 - "$work/out" <<'END'
import json, sys
answers = [json.loads(line) for line in open(sys.argv[1])]
assert [answer["line"] for answer in answers] == [1, 2, 3, 4, 6, 7, 8, 9], answers
verdicts = [answer.get("verdict", answer.get("error")) for answer in answers]
assert verdicts == ["VERBATIM", "FOLDED", "DIFFERS", "NOT_FOUND", "NOT_FOUND", "E_ARGUMENT", "E_NO", "NOT_FOUND"], verdicts
assert answers[1]["id"] == 7 and answers[1]["matches"][0]["folds"] == ["case"], answers[1]
difference = answers[2]["matches"][0]["differences"]
assert len(difference) == 1, difference
assert answers[4]["elsewhere"]["matches"][0]["clauses"] == ["art_1"], answers[4]
END

expect 2 depositary quote --batch "$work/quotes" --receipt "$work/receipt"
expect 3 depositary quote --batch "$work/quotes" --connect "tcp://127.0.0.1:$(free_port)" --timeout 1
[[ $(wc -l <"$work/out") -le 8 ]] || fail "more lines than quotes"

# Thousands, in their order, and the same as one by one.
python3 - "$work/main" "$statement" >"$work/many" <<'END'
import random, sys
random.seed(7)
words = open(sys.argv[2], encoding="utf-8").read().split(" ")
for i in range(2000):
    at = random.randrange(len(words) - 12)
    quote = " ".join(words[at:at + 3 + random.randrange(9)]).strip()
    print(quote.replace("\n", " ") if i % 3 else "zz " + quote.replace("\n", " "))
END
expect 1 depositary quote --batch "$work/many"
[[ $(wc -l <"$work/out") == "$(grep -c . "$work/many")" ]] || fail "not a line for each quote"
python3 - "$work/out" "$work/many" <<'END'
import json, sys
quotes = [line.rstrip("\n") for line in open(sys.argv[2], encoding="utf-8")]
for answer in map(json.loads, open(sys.argv[1], encoding="utf-8")):
    assert answer["quote"] == quotes[answer["line"] - 1], answer
    for match in answer["matches"]:
        assert answer["verdict"] != "VERBATIM" or match["text"] == answer["quote"], answer
END
head -n 40 "$work/many" | depositary quote --batch - --whole "$instrument" >"$work/whole" || [[ $? == 1 ]]
head -n 40 "$work/many" | depositary quote --batch - "$instrument" >"$work/asked" || [[ $? == 1 ]]
python3 - "$work/whole" "$work/asked" <<'END'
import json, sys
for whole, asked in zip(map(json.loads, open(sys.argv[1])), map(json.loads, open(sys.argv[2])), strict=True):
    assert whole["verdict"] == asked["verdict"], (whole, asked)
END

# An instrument that is not there is proven to be absent, whatever was asked of it.
for query in "quote no-such-pact text" "search --instrument no-such-pact text" "cite --instrument no-such-pact 7"; do
    # shellcheck disable=SC2086 # words of a command
    expect 1 depositary $query
    contains "$work/err" "proven: the register"
done

# ---- citations
expect 0 depositary cite 'Joint Statement, para 7(2)'
contains "$work/out" "$instrument en 1 cl_7__p_2"
expect 0 depositary cite 'Pact on Rivers, Articles 1 to 3'
[[ $(grep -c 'river-pact en 1 art_[123]$' "$work/out") == 3 ]] || fail "a range names each"
expect 1 depositary cite 'Pact on Rivers, Article 9'
contains "$work/err" "the nearest is art_3"
expect 0 depositary get river-pact '1 and 3'
contains "$work/out" "every ship"
contains "$work/out" "into force"
expect 1 depositary get river-pact 'Articles 2 and 9'
no_text "an article that is not there"
contains "$work/err" "the nearest is art_3"
expect 5 depositary cite 'nothing of the kind'

# ---- searches
expect 0 depositary search 'NEAR(rivers ship, 8)'
contains "$work/out" "river-pact en 1 art_1"
expect 0 depositary search 'floods NOT rivers'
contains "$work/out" art_2
expect 5 depositary search '(floods'
contains "$work/err" "at byte 1"
expect 1 depositary search zyzzyva
contains "$work/err" "found in a ledger of"
expect 1 depositary search zyzzyva --json
python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["claimed"]["searched_ledger_size"] > 0' "$work/out"

stop_daemon "$daemon"
