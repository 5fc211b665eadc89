/* quote: is a quote verbatim, where, and if not, what differs. The verdict was computed here, from proven text. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/limits.h"

enum { OPT_INSTRUMENT = CLI_OPT_OWN, OPT_ALL };

static const struct option own_options[] = {
    CLI_WHICH_OPTIONS,
    {"instrument", required_argument, NULL, OPT_INSTRUMENT},
    {"all", no_argument, NULL, OPT_ALL},
    {0},
};

struct quote {
    struct cli_which which;
    bool is_all;
};

static const char *const verdict_names[] = {"NONE", "VERBATIM", "FOLDED", "DIFFERS", "NOT_FOUND"};

static bool take(void *context, int val, const char *argument) {
    struct quote *quote = context;
    if (val == OPT_INSTRUMENT) {
        quote->which.query.instrument = argument;
        return true;
    }
    if (val == OPT_ALL)
        return quote->is_all = true;
    return cli_take_which(&quote->which, val, argument);
}

/* The quote from standard input: all of it, without one last newline, which belongs to the shell. */
static int read_quote(struct buffer *out) {
    uint8_t chunk[4096];
    ssize_t got;
    while ((got = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
        buffer_append(out, bytes_of(chunk, (size_t)got));
    if (got < 0 || out->error != 0) {
        cli_error(got < 0 ? "standard input cannot be read" : "the quote is longer than %u bytes", LIMIT_QUOTE);
        return CLI_USAGE;
    }
    if (out->len > 0 && out->data[out->len - 1] == '\n')
        out->len--;
    return 0;
}

static void print_names(const depositary_quote_match *match) {
    for (size_t i = 0; i < match->folds_count; i++)
        printf("%s%s", i == 0 ? " (" : ", ", match->folds[i]);
    if (match->folds_count > 0)
        putchar(')');
}

static void print_run(const char *mark, const char *text, depositary_span span) {
    printf("    %s ", mark);
    cli_text_marked(text + span.offset, span.length);
    putchar('\n');
}

static void print_match(const char *quote, const depositary_quote_match *match, const depositary_ledger *ledger) {
    const depositary_edition *edition = match->clauses[0]->edition;
    printf("%s %s %u ", edition->instrument, edition->language, edition->edition);
    cli_text(match->provision_eid, strlen(match->provision_eid));
    putchar('\n');
    for (size_t i = 0; i < match->differences_count; i++) {
        print_run("quoted: ", quote, match->differences[i].quote);
        print_run("text:   ", match->text, match->differences[i].text);
    }
    if (match->cuts_word)
        cli_note("%s: the quote begins or ends inside a word", match->provision_eid);
    if (edition->is_latest == 0)
        cli_note("%s: edition %u is not the latest, which is %u as of %s", edition->instrument, edition->edition,
                 edition->latest_edition, ledger->register_time);
}

static json_t *match_json(const depositary_quote_match *match) {
    const depositary_edition *edition = match->clauses[0]->edition;
    json_t *clauses = json_array(), *folds = json_array(), *differences = json_array();
    for (size_t i = 0; i < match->clauses_count; i++)
        json_array_append_new(clauses, json_string(match->clauses[i]->eid));
    for (size_t i = 0; i < match->folds_count; i++)
        json_array_append_new(folds, json_string(match->folds[i]));
    for (size_t i = 0; i < match->differences_count; i++)
        json_array_append_new(differences, json_pack("{s:o, s:o}", "quote", cli_json_span(match->differences[i].quote),
                                                     "text", cli_json_span(match->differences[i].text)));
    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:s, s:o, s:s#, s:o, s:o, s:b}", "instrument", edition->instrument,
                     "language", edition->language, "edition", (json_int_t)edition->edition, "latest",
                     cli_json_latest(edition), "clauses", clauses, "provision", match->provision_eid, "span",
                     cli_json_span(match->span), "text", match->text + match->span.offset, (int)match->span.length,
                     "folds", folds, "differences", differences, "cuts_word", match->cuts_word);
}

static int print_answer(struct cli *cli, const struct quote *quote, const char *text, const depositary_answer *answer) {
    size_t count = 0;
    const depositary_quote_match *matches = depositary_answer_quote_matches(answer, &count);
    depositary_verdict verdict = depositary_answer_verdict(answer);
    uint64_t total = depositary_answer_total(answer), searched = depositary_answer_searched_size(answer);
    int status;
    if (cli->is_json) {
        json_t *object = cli_json_answer(answer), *rows = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(rows, match_json(&matches[i]));
        json_object_set_new(object, "verdict", json_string(verdict_names[verdict]));
        json_object_set_new(object, "matches", rows);
        json_object_set_new(object, "claimed",
                            json_pack("{s:I, s:I, s:b}", "total", (json_int_t)total, "searched_ledger_size",
                                      (json_int_t)searched, "not_found", verdict == DEPOSITARY_VERDICT_NOT_FOUND));
        if (verdict == DEPOSITARY_VERDICT_NOT_FOUND)
            json_object_del(object, "verified");
        status = cli_json_print(object);
    } else {
        fputs(verdict_names[verdict], stdout);
        if (count > 0)
            print_names(&matches[0]);
        putchar('\n');
        size_t shown = quote->is_all || count < 5 ? count : 5;
        for (size_t i = 0; i < shown; i++)
            print_match(text, &matches[i], depositary_answer_ledger(answer));
        status = cli_finish();
        if (total > shown)
            cli_note("%llu places in all (claimed); %s", (unsigned long long)total,
                     shown < count ? "--all shows more" : "name an instrument to narrow it");
        if (verdict == DEPOSITARY_VERDICT_NOT_FOUND)
            cli_note("claimed: the service found it nowhere in a ledger of %llu entries, and says so under its seal",
                     (unsigned long long)searched);
    }
    return status != 0 ? status : verdict == DEPOSITARY_VERDICT_VERBATIM ? CLI_YES : CLI_NO;
}

int verb_quote(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct quote quote = {0};
    struct buffer input;
    int status = cli_options(cli, verb, argc, argv, own_options, take, &quote, 1, 2);
    if (status >= 0)
        return status;
    if (argc - optind == 2)
        quote.which.query.instrument = argv[optind++];
    const char *text = argv[optind];
    buffer_init(&input, LIMIT_QUOTE + 1);
    if (strcmp(text, "-") == 0)
        status = read_quote(&input);
    else {
        buffer_append_text(&input, text);
        status = 0;
    }
    buffer_append_byte(&input, 0);
    if (status == 0 && input.error != 0)
        status = cli_usage(verb, "the quote is longer than %u bytes", LIMIT_QUOTE);
    if (status == 0)
        status = cli_client(cli);
    if (status == 0) {
        depositary_answer *answer = NULL;
        int error =
            depositary_check_quote(cli->client, (const char *)input.data, input.len - 1, &quote.which.query, &answer);
        status = cli_receipt(cli, answer);
        if (error != 0)
            status = cli_answer_failed(cli, answer, error);
        else if (status == 0)
            status = print_answer(cli, &quote, (const char *)input.data, answer);
        depositary_answer_free(&answer);
    }
    buffer_free(&input);
    return status;
}
