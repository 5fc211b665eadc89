/* show: one instrument's metadata and outline, or its whole text byte for byte. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "cli/show.h"

enum { OPT_TEXT = CLI_OPT_OWN, OPT_EXPLAIN, OPT_AKN, OPT_OUT };

static const struct option own_options[] = {
    CLI_WHICH_OPTIONS,
    {"text", no_argument, NULL, OPT_TEXT},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    {"akn", no_argument, NULL, OPT_AKN},
    {"output", required_argument, NULL, OPT_OUT},
    {0},
};

struct show {
    struct cli_which which;
    bool is_text;
    bool is_akn;
    const char *dir; /* where the document and its proofs go; NULL: the document to standard output */
    bool is_explained;
};

static bool take(void *context, int val, const char *argument) {
    struct show *show = context;
    switch (val) {
    case OPT_TEXT:
        show->is_text = true;
        return true;
    case OPT_EXPLAIN:
        show->is_explained = true;
        return true;
    case OPT_AKN:
        show->is_akn = true;
        return true;
    case OPT_OUT:
    case 'o':
        show->dir = argument;
        return true;
    default:
        return cli_take_which(&show->which, val, argument);
    }
}

static void print_line(const char *name, const char *value) {
    if (*value == '\0')
        return;
    printf("%-14s ", name);
    cli_text(value, strlen(value));
    putchar('\n');
}

static void print_edition(const depositary_answer *answer, const depositary_edition *edition) {
    char number[64];
    print_line("instrument", edition->instrument);
    print_line("language", edition->language);
    snprintf(number, sizeof number, "%u%s", edition->edition, edition->is_latest == 1 ? " (the latest)" : "");
    print_line("edition", number);
    print_line("act", edition->act);
    print_line("title", edition->title);
    print_line("date", edition->date);
    print_line("place", edition->place);
    for (size_t i = 0; i < edition->parties_count; i++)
        print_line("party", edition->parties[i]);
    print_line("authenticity", edition->authenticity);
    print_line("translation of", edition->translation_of);
    print_line("deposited at", edition->deposited_at);
    print_line("remark", edition->remark);
    snprintf(number, sizeof number, "%llu, %llu bytes", (unsigned long long)edition->clauses,
             (unsigned long long)edition->source_length);
    print_line("clauses", number);
    print_line("as of", depositary_answer_ledger(answer)->register_time);
}

/* Raw, as all that is held back: it is neutralised where it is printed. */
static void add_item(struct spool *out, const depositary_outline_item *item) {
    char column[64];
    int padding = strlen(item->eid) < 16 ? 16 - (int)strlen(item->eid) : 0;
    snprintf(column, sizeof column, "%5llu  ", (unsigned long long)item->place);
    spool_add(out, bytes_text(column));
    spool_add(out, bytes_text(item->eid));
    snprintf(column, sizeof column, "%*s %7u  ", padding, "", item->length);
    spool_add(out, bytes_text(column));
    spool_add(out, bytes_text(item->number));
    spool_add(out, BYTES(" "));
    spool_add(out, bytes_text(item->heading));
    spool_add(out, BYTES("\n"));
}

static json_t *item_json(const depositary_outline_item *item) {
    return json_pack("{s:s, s:s, s:s, s:I, s:I}", "eid", item->eid, "number", item->number, "heading", item->heading,
                     "place", (json_int_t)item->place, "length", (json_int_t)item->length);
}

static int fetch_outline(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out) {
    return depositary_get_instrument(cli->client, context, page, out);
}

/* The outline, page by page: cli_page_sinks. */

static int take_outline(void *context, const depositary_answer *page) {
    struct spool *out = context;
    size_t count = 0;
    if (page == NULL) {
        spool_clear(out);
        return 0;
    }
    const depositary_outline_item *items = depositary_answer_outline(page, &count);
    for (size_t i = 0; i < count; i++)
        add_item(out, &items[i]);
    return cli_spool_status(out);
}

/* A JSON object that is made page by page. */
struct listing {
    struct cli_json_list list;
    bool has_begun;
};

static void begin(struct listing *listing, const depositary_answer *page, const char *open, const char *close) {
    if (listing->has_begun)
        return;
    json_t *head = cli_json_answer(page), *edition = cli_json_edition(depositary_answer_edition(page, 0));
    json_object_update(head, edition);
    json_decref(edition);
    cli_json_list_begin(&listing->list, head, open, close);
    listing->has_begun = true;
}

static int take_outline_json(void *context, const depositary_answer *page) {
    struct listing *listing = context;
    size_t count = 0;
    if (page == NULL) {
        listing->has_begun = false;
        return 0;
    }
    begin(listing, page, "\"claimed\": {\"outline\": [", "]}}");
    const depositary_outline_item *items = depositary_answer_outline(page, &count);
    for (size_t i = 0; i < count; i++)
        cli_json_list_add(&listing->list, item_json(&items[i]));
    return cli_spool_status(&listing->list.spool);
}

static int take_texts_json(void *context, const depositary_answer *page) {
    struct listing *listing = context;
    if (page == NULL) {
        listing->has_begun = false;
        return 0;
    }
    begin(listing, page, "\"text\": [", "]}");
    for (size_t i = 0; i < depositary_answer_clauses(page); i++)
        cli_json_list_add(&listing->list, cli_json_clause(depositary_answer_clause(page, i)));
    return cli_spool_status(&listing->list.spool);
}

static int take_texts(void *context, const depositary_answer *page) {
    struct spool *text = context;
    if (page == NULL)
        spool_clear(text);
    for (size_t i = 0; page != NULL && i < depositary_answer_clauses(page); i++) {
        const depositary_clause *clause = depositary_answer_clause(page, i);
        spool_add(text, bytes_of(clause->text, clause->text_len));
    }
    return cli_spool_status(text);
}

/* Metadata is proved; the outline's words are claimed, and said to be. */
static int print_outline(const struct cli_pages *pages, struct spool *outline) {
    print_edition(pages->answers[0], depositary_answer_edition(pages->answers[0], 0));
    printf("\n%5s  %-16s %7s  outline (numbers and headings are claimed)\n", "place", "eId", "bytes");
    int status = cli_text_spool(outline);
    return status != 0 ? status : cli_finish();
}

static int show_outline(struct cli *cli, struct show *show) {
    struct cli_pages pages;
    struct listing listing = {0};
    struct spool outline;
    spool_init(&outline);
    cli_json_list_init(&listing.list);
    int status = cli->is_json
                     ? cli_pages_tell(cli, fetch_outline, &show->which.query, take_outline_json, &listing, &pages)
                     : cli_pages_tell(cli, fetch_outline, &show->which.query, take_outline, &outline, &pages);
    if (status == 0) {
        if (show->is_explained)
            cli_explain(pages.answers[0]);
        status = cli->is_json ? cli_json_list_print(&listing.list) : print_outline(&pages, &outline);
        cli_pages_free(&pages);
    }
    cli_json_list_free(&listing.list);
    spool_free(&outline);
    return status;
}

static int print_text(struct spool *text) {
    int status = cli_text_spool(text);
    return status != 0 ? status : cli_finish();
}

/* Nothing is shown before all of it held, so it is held back until then, and nothing else of each page. */
static int show_text(struct cli *cli, const struct show *show) {
    struct cli_whole whole;
    struct listing listing = {0};
    struct spool text;
    spool_init(&text);
    cli_json_list_init(&listing.list);
    int status = cli->is_json ? cli_whole(cli, &show->which.query, take_texts_json, &listing, &whole)
                              : cli_whole(cli, &show->which.query, take_texts, &text, &whole);
    if (status == 0) {
        if (whole.edition->is_latest == 0)
            cli_note("edition %u, not the latest, which is %u", whole.edition->edition, whole.edition->latest_edition);
        status = cli->is_json ? cli_json_list_print(&listing.list) : print_text(&text);
        cli_whole_free(&whole);
    }
    cli_json_list_free(&listing.list);
    spool_free(&text);
    return status;
}

int verb_show(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct show show = {0};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &show, 1, 1);
    if (status >= 0)
        return status;
    if (show.dir != NULL && !show.is_akn)
        return cli_usage(verb, "--output is for --akn; to write text and proofs, certify");
    if (show.is_akn && (show.is_text || cli->is_json))
        return cli_usage(verb, "--akn excludes --text and --json");
    if ((status = cli_client(cli)) != 0)
        return status;
    show.which.query.instrument = argv[optind];
    if (show.is_akn)
        return show_akn(cli, &show.which.query, show.dir);
    return show.is_text ? show_text(cli, &show) : show_outline(cli, &show);
}
