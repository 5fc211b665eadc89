"""What one request costs a daemon at most: the dearest ones that we can think of, for each method, in milliseconds of the daemon's processor time (that of all
its threads, as the kernel counts it). See costly.sh.

    costly.py write DIR                       the texts that are to be deposited
    costly.py measure PORT PID PORT PID       a daemon with the ledger of makeledger, and one with those texts
"""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import rpc  # noqa: E402
from rpc import field  # noqa: E402

SERVICE = "/depositary.v1.DepositaryService/"
LEDGER = "/depositary.v1.LedgerService/"
KIND, PAGE_SIZE, PAGE_TOKEN = 4, 5, 6  # fields of SearchClausesRequest
MAX_MS = float(os.environ.get("MAX_MS", "250"))
TEXTS = "one-word many-words points numbers nested marks letters han short".split()
ROUNDS = 2  # the cheapest counts: the first one may read pages from the disk


class Daemon:
    def __init__(self, port, pid):
        self.connection = rpc.Connection(("127.0.0.1", int(port)), timeout=60)
        self.pid = int(pid)
        self.rows = []

    def spent_ns(self):
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                pass
        return total

    def at_rest(self):
        """Waits until the daemon does nothing by itself."""
        before = self.spent_ns()
        while True:
            time.sleep(0.05)
            now = self.spent_ns()
            if now - before < 1_000_000:
                return
            before = now

    def cost(self, what, method, message, **options):
        """Asks, and keeps a row."""
        spent = []
        for _ in range(ROUNDS):
            self.at_rest()
            before = self.spent_ns()
            answer = self.connection.ask(method, message, **options)
            spent.append((self.spent_ns() - before) / 1e6)
        said = answer.code + (" " + answer.reason if answer.reason else "")
        self.rows.append((min(spent), method.rsplit("/", 1)[1], what, len(message), len(answer.message), said))
        print(f"{min(spent):9.1f} ms  {method.rsplit('/', 1)[1]:20} {what:60} {len(message):8} bytes  {said}", flush=True)
        return answer


def search(query, page_size=1000, **more):
    options = {"instrument": 2, "language": 3, "kind": KIND, "token": PAGE_TOKEN, "edition": 7, "as_of": 8}
    return field(1, query) + field(PAGE_SIZE, page_size) + b"".join(field(options[name], value) for name, value in more.items())


def common_words(count):
    """The commonest of makeledger, commonest first: small numbers in its twenty syllables."""
    syllables = "ra te no si lu ma pe do vi ke sta tri con mer pol lin gar dun fes hal".split()
    return (syllables + [a + b for b in syllables[1:] for a in syllables])[:count]


def searches(daemon):
    def ask(what, query, **more):
        return daemon.cost(what, SERVICE + "SearchClauses", search(query, **more))

    words = common_words(400)
    few, all_ = words[:31], words[:32]
    first = ask("the commonest word", words[0])
    ask("the commonest word, 20 hits", words[0], page_size=20)
    token = rpc.fields(first.message).get(3, [b""])[0].decode()
    if token:
        size, searched, _, digest = token.split(".")
        for position in ("1", "100000", "4611686018427387904", "9223372036854775807"):
            ask(f"the commonest word, from a forged token of {position}", words[0], token=f"{size}.{searched}.{position}.{digest}")
    ask("a forged token of 60,000 bytes", words[0], token="9" * 60000)
    ask("the two commonest words", " ".join(words[:2]))
    ask("the two commonest words, as a phrase", f'"{words[0]} {words[1]}"')
    ask("two words, one rare", f"hallinhal {words[0]}")
    ask("three words of middle frequency", " ".join(words[100:103]))
    ask("the 32 commonest words, OR", " OR ".join(all_))
    ask("the 32 commonest words, AND", " ".join(all_))
    ask("the commonest word 32 times, OR", " OR ".join([words[0]] * 32))
    ask("32 words of middle frequency, OR", " OR ".join(words[200:232]))
    ask("one word NOT 31 common ones", f"{words[0]} NOT ({' OR '.join(words[1:32])})")
    ask("a NOT a", f"{words[0]} NOT {words[0]}")
    ask("a rare word AND (31 common ones, OR)", f"hallinhal AND ({' OR '.join(few)})")
    ask("nothing AND (31 common ones, OR)", f"zzzz AND ({' OR '.join(few)})")
    ask("a phrase of 32 times one word", '"' + " ".join([words[0]] * 32) + '"')
    ask("16 phrases of two common words, OR", " OR ".join(f'"{a} {b}"' for a in words[:4] for b in words[:4]))
    ask("16 phrases of two common words, AND", " ".join(f'"{a} {b}"' for a in words[:4] for b in words[:4]))
    ask("a phrase that nobody has, of common words", '"' + " ".join(words[0:16]) + '"')
    ask("NEAR of 32 common words, 1000", "NEAR(" + " ".join(all_) + ", 1000)")
    ask("NEAR of 32 times one word, 1000", "NEAR(" + " ".join([words[0]] * 32) + ", 1000)")
    ask("NEAR/1000, a chain of 32", " NEAR/1000 ".join(all_))
    ask("a prefix of one letter", "r*")
    ask("a prefix of one letter, 20 hits", "r*", page_size=20)
    ask("32 prefixes of one letter, OR", " OR ".join(c + "*" for c in "rtnslmpdvkcghf" * 2 + "rtns"))
    ask("32 prefixes of one letter, AND", " ".join(c + "*" for c in "rtnslmpdvkcghf" * 2 + "rtns"))
    ask("one prefix 32 times, OR", " OR ".join(["r*"] * 32))
    ask("a rare word AND a prefix of one letter", "hallinhal r*")
    ask("NEAR of 32 prefixes, 1000", "NEAR(" + " ".join(["r*"] * 32) + ", 1000)")
    ask("16 parentheses deep, OR of common words", "(" * 16 + " OR ".join(all_) + ")" * 16)
    ask("400 words that are one to the limit (a phrase), 1000 bytes", '"' + "ra " * 330 + '"')
    ask("one word of 1000 bytes", "a" * 1000)
    ask("a prefix of 1000 bytes", "a" * 1000 + "*")
    ask("1000 bytes of (", "(" * 1000)
    ask("340 letters of Han", "\u4e00" * 340)
    ask("340 letters of Han, apart", "\u4e00 " * 32)
    ask("the commonest word, a kind that nothing has", words[0], kind=5)
    ask("the commonest word, a language that nothing has", words[0], language="az")
    ask("the commonest word, an edition that nothing has", words[0], edition=2)
    ask("the commonest word, as of the first day", words[0], as_of=field(1, 1))
    ask("the commonest word, as of a day ago", words[0], as_of=field(1, int(time.time()) - 86400))
    ask("32 prefixes in one instrument", " OR ".join(c + "*" for c in "rtnslmpdvkcghf" * 2 + "rtns"), instrument="made-up-000001")
    ask("the 32 commonest words in one instrument, OR", " OR ".join(all_), instrument="made-up-000001")


def quotes(daemon):
    def ask(what, quote, **options):
        message = field(1, quote) + b"".join(field({"instrument": 2}[name], value) for name, value in options.items())
        return daemon.cost(what, SERVICE + "CheckQuote", message)

    def long(part):
        return (part * (16384 // len(part) + 1))[:16384]

    words = common_words(400)
    ask("the commonest word", words[0])
    ask("the commonest word, cut at both ends", words[0][1:] + " " + words[1][:1])
    ask("the two commonest words", " ".join(words[:2]))
    ask("five of the commonest words", " ".join(words[:5]))
    ask("the commonest word, 4 times", " ".join([words[0]] * 4))
    ask("the commonest word, 12 times", " ".join([words[0]] * 12))
    ask("the commonest word to the limit", long(words[0] + " "))
    ask("the 16 commonest words to the limit", long(" ".join(words[:16]) + " "))
    ask("the 400 commonest words to the limit", long(" ".join(words) + " "))
    ask("the 400 commonest words, once", " ".join(words))
    ask("24 of the commonest words", " ".join(words[:24]))
    ask("24 of the commonest words, long first", " ".join(words[20:44]))
    ask("a letter that no word ends with", "q")
    ask("two letters inside words", "ll")
    ask("16 KiB of letters without a space", "hallin" * 2730)
    ask("16 KiB of points", "." * 16384)
    ask("16 KiB of spaces", " " * 16384)
    ask("16 KiB of marks of left-out text", long("... "))
    ask("left-out text between common words", long(words[0] + " ... "))
    ask("left-out text between letters", long("a ... e ... "))
    ask("16 KiB of Han", "\u4e00" * 5461)
    ask("16 KiB of combining marks", "a" + "\u0301\u0323" * 4095)
    ask("16 KiB of soft hyphens", "\u00ad" * 8192)


def citations(daemon, instrument=""):
    def ask(what, citation):
        message = field(1, citation) + (field(2, instrument) if instrument else b"")
        return daemon.cost(what + (", in one text" if instrument else ""), SERVICE + "ResolveCitation", message)

    ask("one clause", "7")
    ask("one clause and a point", "7(2)")
    ask("a clause that is not there", "99999")
    ask("a clause that is not there, in a part", "Article 99999(2)(a)(i)")
    ask("a range of a thousand", "Articles 1 to 1000")
    ask("a range of a million", "Articles 1 to 1000000")
    ask("a list to the limit", "Articles " + ", ".join(str(i) for i in range(1, 230)))
    ask("ranges to the limit", "Articles " + ", ".join(f"{i} to {i + 900}" for i in range(1, 90)))
    ask("many points", "1(1)(2)(3)(4)(5)(6)(7)(8)(9)(10)(11)(12)")
    ask("words of a title to the limit", "para 7 " + "made up " * 125)
    ask("another title to the limit", "para 7 " + "aeiou " * 165)
    ask("parts to the limit", "(1)" * 330)
    ask("letters that may be numbers", "Article " + "i" * 900)
    ask("roman numbers and letters", "Part I, Chapter II, Section C, Article V(i)(v)(x)(c)(i)")
    ask("a citation with over a million names", "1(i)(v)(x)(c)(d)(i)(v)(x)(c)(d)(l)(m)(i)(v)")


def lists(daemon, instrument):
    def ask(what, method, message=b"", service=SERVICE, **options):
        return daemon.cost(what, service + method, message, **options)

    name = field(1, instrument)
    first = ask("a page of 1000", "ListInstruments", field(1, 1000))
    for token in rpc.fields(first.message).get(2, []):
        size, searched, _, digest = token.decode().split(".")
        ask("from a forged token", "ListInstruments", field(1, 1000) + field(2, f"{size}.{searched}.9223372036854775807.{digest}"))
    ask("a page of 2147483647", "ListInstruments", field(1, 2147483647))
    ask("an outline of 1000", "GetInstrument", name + field(5, 1000))
    ask("none of that name", "GetInstrument", field(1, "none-such") + field(5, 1000))
    ask("as of a day ago", "GetInstrument", name + field(4, field(1, int(time.time()) - 86400)) + field(5, 1000))
    ask("a page of 1000", "ListClauses", name + field(5, 1000))
    ask("the last place", "ListClauses", name + field(4, 2 ** 63 - 1) + field(5, 1000))
    ask("the first clause", "GetClause", field(1, name + field(4, "cl_1")))
    ask("a name that is not there", "GetClause", field(1, name + field(4, "cl_1" + "__a" * 40)))
    ask("the checkpoint", "GetCheckpoint", service=LEDGER)
    ask("by number", "GetInclusionProof", field(1, 1), service=LEDGER)
    ask("a leaf hash that is not there", "GetInclusionProof", field(2, b"\xff" * 32), service=LEDGER)
    ask("from 1 on", "GetConsistencyProof", field(1, 1), service=LEDGER)
    ask("1000 from the start", "ListEntries", field(2, 1000), service=LEDGER)
    ask("a key without record", "GetAnswerKey", field(1, b"\x01" * 32), service=LEDGER)
    ask("all", "GetDescriptors", service="/depositary.v1.ReflectionService/")
    ask("of the service", "Check", service="/grpc.health.v1.Health/")
    large = 4 * 1024 * 1024 - 200
    ask("4 MiB of empty records", "AppendEntries", (field(1, b"") * (large // 2))[:large // 2 * 2], service=LEDGER)
    ask("records of 64 KiB, no signature", "AppendEntries", field(1, b"a" * 65000) * 64 + field(2, "x" * 1000), service=LEDGER)
    note = "a\n1\n" + "A" * 43 + "=\n\n" + "\u2014 a AAAAAAAA\n" * 2000
    ask("a checkpoint with 2000 signatures", "AppendEntries", field(1, b"depositary/edition/v1\n") + field(2, note), service=LEDGER)
    ask("empty clauses", "PutClauses", field(1, b"\1" * 32) + field(2, b"") * (large // 2 - 100), service=LEDGER)
    ask("clauses with long paths", "PutClauses", field(1, b"\1" * 32) + field(2, field(3, b"\2" * 32) * 2000) * 60, service=LEDGER)
    ask("4 MiB of one clause", "PutClauses", field(1, b"\1" * 32) + field(2, field(2, b"a" * (large - 100))), service=LEDGER)
    shown = rpc.fields(rpc.fields(ask("for what follows", "GetCheckpoint", service=LEDGER).message)[15][0])[1][0]
    total = int(shown.split(b"\n")[1])
    entries = rpc.fields(ask("the last 1000", "ListEntries", field(1, max(0, total - 1000)) + field(2, 1000), service=LEDGER).message)[1]
    ask("the last entries again, as they are", "AppendEntries", b"".join(field(1, entry) for entry in entries) + field(2, shown), service=LEDGER)
    ask("other entries under the ledger's checkpoint", "AppendEntries", field(1, b"depositary/edition/v1\n" + b"a" * 65000) * 64 + field(2, shown), service=LEDGER)
    ask("small entries under the ledger's checkpoint", "AppendEntries", field(1, entries[-1][:100]) * 40000 + field(2, shown), service=LEDGER)
    ask("metadata to their limit", "GetCheckpoint", service=LEDGER, metadata=[("a" * 120, "b")] * 50)
    ask("9,000 empty pairs of metadata", "GetCheckpoint", service=LEDGER, metadata=[("", "")] * 9000)
    ask("60 KiB of unknown fields", "GetCheckpoint", (field(99, b"") * 20000)[:60000], service=LEDGER)


def texts(daemon):
    """Against clauses of a MiB each, and against twenty thousand of ten bytes."""
    def quote(what, quote_, instrument):
        daemon.cost(f"{what}, in {instrument}", SERVICE + "CheckQuote", field(1, quote_) + field(2, instrument))

    def long(part, size=16384):
        return (part.encode() * (size // len(part.encode()) + 1))[:size].decode(errors="ignore")

    for name in TEXTS:
        daemon.cost(f"the first clause of {name}", SERVICE + "GetClause", field(1, field(1, name) + field(4, "cl_1")))
        daemon.cost(f"{name}, a page of 1000", SERVICE + "ListClauses", field(1, name) + field(5, 1000))
        daemon.cost(f"{name}, an outline of 1000", SERVICE + "GetInstrument", field(1, name) + field(5, 1000))
        daemon.cost(f"{name}, a clause that is not there", SERVICE + "ResolveCitation", field(1, "cl 9999999") + field(2, name))
        for what in ("1(2)(3)", "1(a)(ii)(z)(z)", "Articles 1(a) to 1(z)", "1(i)(v)(x)(c)(d)(i)(v)(x)(c)(d)(l)(m)(i)(v)", "paras 1 to 1000", "1(1) to 1(900)"):
            daemon.cost(f"{name}, {what}", SERVICE + "ResolveCitation", field(1, what) + field(2, name))
    many = " ".join(common_words(400)) + " "
    for name in TEXTS:
        for what, part in (("one word to the limit", "ra "), ("many words to the limit", many), ("another word for each third", "ra ra x "), ("points to the limit", "(a) te "),
                           ("left-out text between words", "ra ... te ... "), ("combining marks", "a\u0301\u0323 "), ("letters without a space", "hallin"), ("Han", "\u4e00"),
                           ("Han of another kind at times", "\u4e00" * 20 + "\u4e8c"), ("capitals", "RA TE NO "), ("words with wrong letters", "rb tc nn sk la mi "),
                           ("dashes", "ra-te "), ("one letter and a space", "a ")):
            quote(what, long(part), name)
            quote(what + ", half", long(part, 8000) + "zz", name)
        quote("one letter", "a", name)
        quote("one letter that is not there", "q", name)
        quote("one point that is not there", "!", name)
        quote("two words", "ra te", name)
        for word in ("ra", "te", "r*", "ra OR te"):
            daemon.cost(f"{word}, page of 1000, in {name}", SERVICE + "SearchClauses", search(word, instrument=name))
    for word in ("ra", "te", "a", "hallin", "r*", "\u4e00", "ra te no", '"ra ra ra ra"', "NEAR(ra ra ra ra, 10)"):
        daemon.cost(f"{word}, page of 1000", SERVICE + "SearchClauses", search(word))
    daemon.cost("NEAR of 32 times one word", SERVICE + "SearchClauses", search("NEAR(" + " ".join(["ra"] * 32) + ", 1000)"))
    daemon.cost("NEAR of 32 words", SERVICE + "SearchClauses", search("NEAR(" + " ".join(common_words(32)) + ", 1000)"))
    daemon.cost("a phrase of 32 words", SERVICE + "SearchClauses", search('"' + " ".join(["ra"] * 32) + '"'))
    daemon.cost("32 words, OR", SERVICE + "SearchClauses", search(" OR ".join(common_words(32))))
    citations(daemon)


def table(rows):
    """The dearest of each method, as it stands in tests/README.md."""
    worst = {}
    for row in rows:
        if row[0] > worst.get(row[1], (0,))[0]:
            worst[row[1]] = row
    for ms, method, what, size, _, said in sorted(worst.values(), reverse=True):
        print(f"| {method} | {what} | {size:,} | {ms:.1f} | {said} |")


MIB = 1024 * 1024


def clause(number, body, size=MIB - 100):
    """A numbered clause of so many bytes."""
    return f"{number}. " + (body * (size // len(body.encode()) + 1)).encode()[:size].decode(errors="ignore").rstrip() + "\n\n"


def write(folder):
    letters = "abcdefghijklmnopqrstuvwxyz"
    made = {
        "one-word": [clause(i, "ra ") for i in range(1, 9)],
        "many-words": [clause(i, " ".join(common_words(400)) + " ") for i in range(1, 9)],
        "points": [clause(i, "".join(f"\n({c}) te" for c in letters[:8])) for i in range(1, 4)],
        "numbers": [clause(1, "".join(f"\n{n}. te" for n in range(1, 10))), "2. ra\n\n"],
        "nested": [clause(i, "".join(f"\n({c})\n(i) te\n(ii) te" for c in letters)) for i in range(1, 9)],
        "marks": [clause(i, "a\u0301\u0323 ") for i in range(1, 4)],
        "letters": [clause(i, "hallin") for i in range(1, 4)],
        "han": [clause(i, "\u4e00") for i in range(1, 4)],
        "short": [f"{i}. te\n\n" for i in range(1, 20001)],
    }
    assert sorted(made) == sorted(TEXTS)
    for name, parts in made.items():
        pathlib.Path(folder, name + ".txt").write_text("".join(parts))
        pathlib.Path(folder, name + ".about").write_text(f"instrument {name}\nlanguage en\ntitle {name}\nauthenticity not established\n")


def measure(words_port, words_pid, texts_port, texts_pid):
    words, texts_ = Daemon(words_port, words_pid), Daemon(texts_port, texts_pid)
    searches(words)
    quotes(words)
    citations(words)
    lists(words, "made-up-000001")
    texts(texts_)
    rows = words.rows + texts_.rows
    print()
    table(rows)
    return any(row[0] > MAX_MS for row in rows)


if __name__ == "__main__":
    sys.exit({"write": write, "measure": measure}[sys.argv[1]](*sys.argv[2:]))
