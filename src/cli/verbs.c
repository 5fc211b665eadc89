/* The table of verbs, with the help of each. */
#include "cli/cli.h"

typedef int verb_run(struct cli *cli, const struct verb *verb, int argc, char **argv);
verb_run verb_get, verb_list, verb_show, verb_search, verb_quote, verb_cite, verb_certify, verb_verify, verb_audit,
    verb_export, verb_checkpoint, verb_health, verb_history, verb_office, verb_deposit, verb_rectify, verb_key,
    verb_describe, verb_call, verb_watch, verb_backup, verb_restore;

#define WHICH_HELP                                                                                                     \
    "  --language TAG     the text in this language (the authentic one, or the only one)\n"                            \
    "  --edition N        this edition (the latest)\n"                                                                 \
    "  --as-of TIME       the latest by then: 2025-04-23T00:00:00Z, or a date for the end of that day in UTC\n"

#define OFFICE_HELP                                                                                                    \
    "  --office DIR       the office's folder (DEPOSITARY_OFFICE; `office` in the daemon's data folder)\n"             \
    "  --passphrase-file FILE  the passphrase (asked for on the terminal)\n"                                           \
    "  --offline          sign without asking the server, and send later with: depositary office push\n"

const struct verb verbs[] = {
    {"get", verb_get, "INSTRUMENT REF...", "one or more clauses or provisions, verified",
     WHICH_HELP "  --language all     the text in each language, the authentic ones first\n"
                "  --record           print the clause record's exact bytes, which are what is proved\n"
                "  --explain          print each step of the proof\n\n"
                "REF is an eId (cl_7, preamble, cl_4__p_2) or what people write: 7, 7(2), \"paras 2 to 4\".\n\n"
                "Example: depositary get az-cn-joint-statement-2025 11 '4(2)'\n"},
    {"list", verb_list, "", "the instruments, proved complete", "Example: depositary list --json\n"},
    {"show", verb_show, "INSTRUMENT", "one instrument's metadata and outline, or its whole text",
     WHICH_HELP "  --text             the whole text, byte for byte as deposited\n"
                "  --akn              the whole text as Akoma Ntoso 3.0, unchanged inside its elements\n"
                "  -o, --output DIR   with --akn: write it there, and the certified copies that prove its text\n"
                "  --explain          print each step of the proof\n\n"
                "Example: depositary show az-cn-joint-statement-2025 --text | sha256sum\n"},
    {"history", verb_history, "INSTRUMENT [REF]", "its editions, their acts and remarks, and what changed, in words",
     "  --language TAG     the text in this language (all)\n\n"
     "Example: depositary history az-cn-joint-statement-2025 11\n"},
    {"search", verb_search, "QUERY", "clauses that match words, \"phrases\", prefix*, AND OR NOT, NEAR",
     WHICH_HELP "  --instrument ID    in this instrument only\n"
                "  --kind KIND        preface, preamble, clause, conclusions or annex\n"
                "  --limit N          at most N hits (20)\n"
                "  --page TOKEN       the next page, as the page before said\n\n"
                "Example: depositary search '\"Belt and Road\" OR silk*'\n"},
    {"quote", verb_quote, "[INSTRUMENT] TEXT|-", "is a quote verbatim, where, and if not, what differs",
     WHICH_HELP
     "  --instrument ID    in this instrument; where it is not there, the others are looked through, too\n"
     "  --all              show every place\n"
     "  --whole            fetch the whole edition and decide here, so that NOT_FOUND is proven\n"
     "  --batch FILE       a quote a line, or a JSON object a line; a JSON line each (\"-\": standard input)\n\n"
     "Says VERBATIM, FOLDED, DIFFERS or NOT_FOUND; exit code 0 for VERBATIM only. \"-\" reads the quote from standard input.\n\n"
     "Example: depositary quote az-cn-joint-statement-2025 'mutually beneficial strategic partner'\n"
     "         printf '%s\\n' 'Belt and Road' 'a made-up quote' | depositary quote --batch -\n"},
    {"cite", verb_cite, "TEXT", "a citation to clause names",
     WHICH_HELP "  --instrument ID    of this instrument\n\nExample: depositary cite 'Joint Statement, para 7(2)'\n"},
    {"certify", verb_certify, "INSTRUMENT [REF...] [-o DIR]", "writes certified copies, .record and .proof",
     WHICH_HELP "  -o, --output DIR   into this folder (.)\n\n"
                "Without REF of the whole instrument, and then the file too.\n\n"
                "Example: depositary certify az-cn-joint-statement-2025 11 -o copies\n"},
    {"verify", verb_verify, "RECORD [PROOF] | FILE.record|FILE.receipt...", "checks certified copies and receipts, offline",
     "  --explain          print each step of the proof\n"
     "  --online           ask, too, whether the copy's edition is still the latest, or the receipt's key still good,\n"
     "                     in a ledger that extends the one of then\n\n"
     "Of several files each is told in a line with its name, and exit code 4 says that one did not verify.\n\n"
     "Example: depositary verify copies/az-cn-joint-statement-2025.en.1.cl_11.record --policy policy\n"},
    {"audit", verb_audit, "[DIR]", "rebuilds the whole ledger and checks every rule",
     "  --http URL         from a web server's tiles (C2SP tlog-tiles), instead of the service\n\n"
     "DIR is a folder that export made. With --floor the ledger must extend that checkpoint.\n\n"
     "Example: depositary audit --http http://127.0.0.1:7780\n"},
    {"export", verb_export, "DIR", "writes the ledger as static files: checkpoint, tiles, clauses",
     "Any web server can serve them, and audit checks them. Again on the same folder it writes what is new.\n\n"
     "Example: depositary export ledger-files\n"},
    {"backup", verb_backup, "FILE", "writes a daemon's ledger to one file, while it is served, and checks it",
     "  --data DIR         the daemon's data folder (DEPOSITARY_DATA; the daemon's default)\n\n"
     "The ledger and no secret: the answer key stays where it is, the office has a backup of its own. FILE must be new.\n\n"
     "Example: depositary backup ledger.backup --data /var/lib/depositary\n"},
    {"restore", verb_restore, "FILE", "checks a backup, and makes it the ledger of a data folder",
     "  --data DIR         the daemon's data folder (DEPOSITARY_DATA; the daemon's default)\n\n"
     "Checked by --policy, or by DIR/policy; a folder without one gets a copy. Refused while a daemon runs on the folder,\n"
     "and where its ledger is not the backup's beginning: nothing is taken back that clients may have seen.\n\n"
     "Example: depositary restore ledger.backup --data /srv/depositary --policy policy\n"},
    {"checkpoint", verb_checkpoint, "", "prints the ledger's checkpoint, verified",
     "Example: depositary checkpoint >az-cn.checkpoint\n"},
    {"health", verb_health, "[SERVICE]", "whether the service is serving",
     "Example: depositary health depositary.v1.LedgerService\n"},
    {"watch", verb_watch, "", "follows the ledger: prints each new checkpoint, verified",
     "  --announce URL     where the service announces checkpoints; without it the service is asked now and then\n"
     "  --every SECONDS    ask at least so often (30)\n"
     "  --count N          end after so many (never)\n\n"
     "Example: depositary watch --count 1\n"},
    {"describe", verb_describe, "[NAME]", "services, methods and messages, as the service tells of them",
     "NAME is a service, a method, a message or an enumeration.\n\n"
     "Example: depositary describe depositary.v1.LedgerService\n"},
    {"call", verb_call, "METHOD [JSON|-]", "any method by its name; the answer is claimed, not proved",
     "METHOD is package.Service/Method; its message is proto3 JSON, {} where there is none, \"-\" for standard input.\n\n"
     "Example: depositary call depositary.v1.LedgerService/ListEntries '{\"start\": \"0\", \"pageSize\": 1}'\n"},
    {"deposit", verb_deposit, "FILE --about DESCRIPTION",
     "the office: deposits an instrument, after showing what it is taken for",
     "  --about FILE       the description: instrument, language, title, date, place, party, authenticity, remark lines\n"
     "  --numbering NAME   clause, article, section, rule, item, roman, bare, bracket, paragraph or none (what fits best)\n"
     "  --outline FILE     the units as this file says: lines such as `art_1 4-10`\n"
     "  --from, --to WHERE  a part of FILE: from one line on, up to another and without it; each a number or the line's words\n" OFFICE_HELP
     "  --yes              do not ask\n"
     "  --dry-run          show, and sign nothing\n"
     "  --records          show the records that are signed, byte for byte\n\n"
     "Example: depositary deposit treaty.txt --about treaty.about --dry-run\n"},
    {"rectify", verb_rectify, "INSTRUMENT [FILE] --remark TEXT", "the office: adds a corrected edition",
     "  --remark TEXT      what was corrected, and why\n"
     "  --act ACT          rectification, amendment or withdrawal, which has no FILE (rectification)\n"
     "  --language TAG     the text in this language (the only one)\n"
     "  --about FILE       a new description (that of the edition before)\n" OFFICE_HELP
     "  --yes, --dry-run, --records, --numbering, --outline, --from, --to   as for deposit\n\n"
     "Example: depositary rectify az-cn-joint-statement-2025 corrected.txt --remark 'item 11: misprint' --dry-run\n"},
    {"office", verb_office, "init [DIR]|show|renew|cosign [URL]|push|backup DIR|retire",
     "the office: its folder and its ledger",
     OFFICE_HELP
     "  --origin NAME      init: the name of the ledger\n"
     "  --spare DIR        init, retire: where the (new) spare key goes, apart from the office\n"
     "  --spare-key FILE   retire: the spare that takes over\n"
     "  --yes              retire: do not ask\n"
     "  --no-passphrase    init: leave the keys open, for machines\n\n"
     "renew signs the register as of now; cosign collects cosignatures of the policy's witnesses; push sends what the\n"
     "server lacks. backup copies the office and checks the copy. retire lets the spare key take over.\n\n"
     "Example: depositary office show --office office\n"},
    {"key", verb_key, "authorise|revoke|list [KEY]", "the office: the services' answer keys",
     OFFICE_HELP "  --holder TEXT      authorise: who holds it\n"
                 "  --days N           authorise: how long it is good (365; at most 400)\n"
                 "  --from TIME, --until TIME  authorise: the same by times: 2026-01-31T00:00:00Z\n"
                 "  --remark TEXT      revoke: why\n"
                 "  --dry-run, --records   as for deposit\n\n"
                 "KEY is what depositaryd --print-key-request shows.\n\n"
                 "Example: depositary key list\n"},
};
const size_t verbs_count = sizeof verbs / sizeof *verbs;
