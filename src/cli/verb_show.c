/* show: one instrument's metadata and outline, or its whole text byte for byte. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "akn/akn.h"
#include "base/file.h"

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

static void print_item(const depositary_outline_item *item) {
    int padding = strlen(item->eid) < 16 ? 16 - (int)strlen(item->eid) : 0;
    printf("%5llu  ", (unsigned long long)item->place);
    cli_text(item->eid, strlen(item->eid));
    printf("%*s %7u  ", padding, "", item->length);
    cli_text(item->number, strlen(item->number));
    putchar(' ');
    cli_text(item->heading, strlen(item->heading));
    putchar('\n');
}

static json_t *item_json(const depositary_outline_item *item) {
    return json_pack("{s:s, s:s, s:s, s:I, s:I}", "eid", item->eid, "number", item->number, "heading", item->heading,
                     "place", (json_int_t)item->place, "length", (json_int_t)item->length);
}

static int fetch_outline(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out) {
    return depositary_get_instrument(cli->client, context, page, out);
}

static void print_outline(const struct cli_pages *pages) {
    print_edition(pages->answers[0], depositary_answer_edition(pages->answers[0], 0));
    printf("\n%5s  %-16s %7s  outline (numbers and headings are claimed)\n", "place", "eId", "bytes");
    for (size_t i = 0; i < pages->count; i++) {
        size_t count = 0;
        const depositary_outline_item *items = depositary_answer_outline(pages->answers[i], &count);
        for (size_t j = 0; j < count; j++)
            print_item(&items[j]);
    }
}

static json_t *outline_json(const struct cli_pages *pages) {
    json_t *object = cli_json_answer(pages->answers[0]), *outline = json_array();
    json_t *edition = cli_json_edition(depositary_answer_edition(pages->answers[0], 0));
    json_object_update(object, edition);
    json_decref(edition);
    for (size_t i = 0; i < pages->count; i++) {
        size_t count = 0;
        const depositary_outline_item *items = depositary_answer_outline(pages->answers[i], &count);
        for (size_t j = 0; j < count; j++)
            json_array_append_new(outline, item_json(&items[j]));
    }
    json_object_set_new(object, "claimed", json_pack("{s:o}", "outline", outline));
    return object;
}

/* Metadata is proved; the outline's words are claimed, and said to be. */
static int show_outline(struct cli *cli, struct show *show) {
    struct cli_pages pages;
    int status = cli_pages_read(cli, fetch_outline, NULL, &show->which.query, true, &pages);
    if (status != 0)
        return status;
    if (show->is_explained)
        cli_text_error(depositary_answer_explanation(pages.answers[0]));
    if (cli->is_json)
        status = cli_json_print(outline_json(&pages));
    else {
        print_outline(&pages);
        status = cli_finish();
    }
    cli_pages_free(&pages);
    return status;
}

static json_t *whole_json(const struct cli_whole *whole) {
    json_t *object = cli_json_answer(whole->pages.answers[0]), *edition = cli_json_edition(whole->edition),
           *clauses = json_array();
    json_object_update(object, edition);
    json_decref(edition);
    for (size_t i = 0; i < whole->pages.count; i++)
        for (size_t j = 0; j < depositary_answer_clauses(whole->pages.answers[i]); j++)
            json_array_append_new(clauses, cli_json_clause(depositary_answer_clause(whole->pages.answers[i], j)));
    json_object_set_new(object, "text", clauses);
    return object;
}

/* Nothing is shown before all of it held, so the text is kept until then, and nothing else of each page. */
static int show_text(struct cli *cli, const struct show *show) {
    struct cli_whole whole;
    struct buffer text;
    buffer_init(&text, SIZE_MAX);
    int status = cli->is_json ? cli_whole(cli, &show->which.query, &whole)
                              : cli_whole_text(cli, &show->which.query, &text, &whole);
    if (status == 0) {
        if (whole.edition->is_latest == 0)
            cli_note("edition %u, not the latest, which is %u", whole.edition->edition, whole.edition->latest_edition);
        if (cli->is_json)
            status = cli_json_print(whole_json(&whole));
        else {
            cli_text((const char *)text.data, text.len);
            status = cli_finish();
        }
        cli_whole_free(&whole);
    }
    buffer_free(&text);
    return status;
}

/* ---- Akoma Ntoso */

/* The document and, for each clause, its certified copy: what proves the text of its elements. */
static int write_files(const struct show *show, const struct cli_whole *whole, struct bytes document) {
    char name[COPY_NAME_MAX], file[COPY_NAME_MAX + 8];
    struct fault fault = {0};
    if (file_make_dir(show->dir, 0755, &fault) != 0)
        return cli_error("%s: %s", show->dir, fault_text(&fault)), CLI_REFUSED;
    snprintf(file, sizeof file, "%s.%s.%u.xml", whole->edition->instrument, whole->edition->language,
             whole->edition->edition);
    int status = cli_write_file(show->dir, file, document);
    for (size_t i = 0; i < whole->pages.count && status == 0; i++)
        for (size_t j = 0; j < depositary_answer_clauses(whole->pages.answers[i]) && status == 0; j++)
            status = cli_write_copy(show->dir, whole->pages.answers[i],
                                    depositary_answer_clause(whole->pages.answers[i], j), name);
    if (status == 0)
        printf("%s/%s\n", show->dir, file);
    return status == 0 ? cli_finish() : status;
}

static int make_document(struct buffer *out, const struct cli_whole *whole, struct cli *cli) {
    const depositary_edition *edition = whole->edition;
    struct fault fault = {0};
    struct akn_unit *units = calloc((size_t)edition->clauses + 1, sizeof *units);
    size_t count = 0;
    if (units == NULL)
        return cli_error("out of memory"), CLI_REFUSED;
    for (size_t i = 0; i < whole->pages.count; i++)
        for (size_t j = 0; j < depositary_answer_clauses(whole->pages.answers[i]); j++) {
            const depositary_clause *clause = depositary_answer_clause(whole->pages.answers[i], j);
            units[count++] = (struct akn_unit){bytes_text(clause->eid), bytes_of(clause->text, clause->text_len)};
        }
    const struct akn_edition source = {.instrument = edition->instrument,
                                       .language = edition->language,
                                       .title = edition->title,
                                       .date = edition->date,
                                       .deposited_at = edition->deposited_at,
                                       .origin = depositary_policy_origin(cli->policy),
                                       .edition = edition->edition,
                                       .record = bytes_of(edition->record, edition->record_len),
                                       .units = units,
                                       .units_count = count};
    int error = akn_write(out, &source, &fault);
    free(units);
    return error != 0 ? (cli_error("%s", fault_text(&fault)), CLI_REFUSED) : 0;
}

static int show_akn(struct cli *cli, const struct show *show) {
    struct cli_whole whole;
    struct buffer document;
    int status = cli_whole(cli, &show->which.query, &whole);
    if (status != 0)
        return status;
    buffer_init(&document, SIZE_MAX);
    status = make_document(&document, &whole, cli);
    if (status == 0 && show->dir != NULL)
        status = write_files(show, &whole, buffer_bytes(&document));
    else if (status == 0) {
        cli_text((const char *)document.data, document.len);
        status = cli_finish();
    }
    buffer_free(&document);
    cli_whole_free(&whole);
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
        return show_akn(cli, &show);
    return show.is_text ? show_text(cli, &show) : show_outline(cli, &show);
}
