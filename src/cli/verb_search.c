/* search: clauses that match a query. That they match is claimed; their text is proved. */
#include "cli/cli.h"

#include <string.h>

#include "base/encode.h"

enum { OPT_INSTRUMENT = CLI_OPT_OWN, OPT_KIND, OPT_LIMIT, OPT_PAGE };

static const struct option own_options[] = {
    CLI_WHICH_OPTIONS,
    {"instrument", required_argument, NULL, OPT_INSTRUMENT},
    {"kind", required_argument, NULL, OPT_KIND},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"page", required_argument, NULL, OPT_PAGE},
    {0},
};

struct search {
    struct cli_which which;
    int kind;
    depositary_page page;
};

static bool take_kind(const char *argument, int *out) {
    static const char *const kinds[] = {"", "preface", "preamble", "clause", "conclusions", "annex"};
    for (int i = 1; i <= 5; i++)
        if (strcmp(argument, kinds[i]) == 0) {
            *out = i;
            return true;
        }
    cli_error("--kind is preface, preamble, clause, conclusions or annex, not \"%s\"", argument);
    return false;
}

static bool take(void *context, int val, const char *argument) {
    struct search *search = context;
    uint64_t number;
    switch (val) {
    case OPT_INSTRUMENT:
        search->which.query.instrument = argument;
        return true;
    case OPT_KIND:
        return take_kind(argument, &search->kind);
    case OPT_LIMIT:
        if (!cli_number("limit", argument, 1, 1000, &number))
            return false;
        search->page.size = (int32_t)number;
        return true;
    case OPT_PAGE:
        search->page.token = argument;
        return true;
    default:
        return cli_take_which(&search->which, val, argument);
    }
}

/* Where a line of output around the first match begins and ends: at white space, at most `around` bytes away. */
static void excerpt(const depositary_clause *clause, depositary_span match, size_t around, size_t *begin, size_t *end) {
    struct bytes text = bytes_of(clause->text, clause->text_len);
    *begin = match.offset > around ? match.offset - around : 0;
    *end = match.offset + match.length + around < text.len ? match.offset + match.length + around : text.len;
    while (*begin > 0 && !utf8_is_boundary(text, *begin))
        --*begin;
    while (*end < text.len && !utf8_is_boundary(text, *end))
        ++*end;
}

static void print_hit(const depositary_hit *hit) {
    size_t begin = 0, end = 0;
    depositary_span first = hit->matches_count > 0 ? hit->matches[0] : (depositary_span){0, 0};
    printf("%s %s %u %s\n    ", hit->clause->edition->instrument, hit->clause->edition->language,
           hit->clause->edition->edition, hit->clause->eid);
    excerpt(hit->clause, first, 100, &begin, &end);
    size_t at = begin;
    for (size_t i = 0; i < hit->matches_count; i++) {
        size_t from = hit->matches[i].offset, to = from + hit->matches[i].length;
        if (from < at || to > end)
            continue;
        cli_text(hit->clause->text + at, from - at);
        cli_text_marked(hit->clause->text + from, to - from);
        at = to;
    }
    cli_text(hit->clause->text + at, end - at);
    putchar('\n');
}

static json_t *hit_json(const depositary_hit *hit) {
    json_t *object = cli_json_clause(hit->clause), *matches = json_array();
    for (size_t i = 0; i < hit->matches_count; i++)
        json_array_append_new(matches, cli_json_span(hit->matches[i]));
    json_t *claimed = json_object_get(object, "claimed");
    json_object_set_new(claimed, "score", json_real(hit->score));
    json_object_set_new(claimed, "matches", matches);
    return object;
}

int verb_search(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct search search = {.page = {.size = 20}};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &search, 1, 1);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;

    depositary_answer *answer = NULL;
    size_t count = 0;
    int error =
        depositary_search_clauses(cli->client, argv[optind], &search.which.query, search.kind, &search.page, &answer);
    status = cli_receipt(cli, answer);
    if (error != 0)
        status = cli_query_failed(cli, &search.which.query, answer, error);
    const depositary_hit *hits = status == 0 ? depositary_answer_hits(answer, &count) : NULL;
    if (status == 0 && cli->is_json) {
        json_t *object = cli_json_answer(answer), *rows = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(rows, hit_json(&hits[i]));
        json_object_set_new(object, "hits", rows);
        json_object_set_new(object, "claimed",
                            json_pack("{s:I, s:I, s:s}", "total", (json_int_t)depositary_answer_total(answer),
                                      "searched_ledger_size", (json_int_t)depositary_answer_searched_size(answer),
                                      "next_page", depositary_answer_next_page(answer)));
        status = cli_json_print(object);
    } else if (status == 0) {
        for (size_t i = 0; i < count; i++)
            print_hit(&hits[i]);
        status = cli_finish();
        cli_note("%llu of %llu (claimed: found in a ledger of %llu entries)", (unsigned long long)count,
                 (unsigned long long)depositary_answer_total(answer),
                 (unsigned long long)depositary_answer_searched_size(answer));
        if (count > 0 && hits[0].score == 0)
            cli_note("so many are not ranked: they come in the order of the ledger");
        if (*depositary_answer_next_page(answer) != '\0')
            cli_note("more with --page %s", depositary_answer_next_page(answer));
    }
    if (status == 0 && depositary_answer_total(answer) == 0)
        status = CLI_NO;
    depositary_answer_free(&answer);
    return status;
}
