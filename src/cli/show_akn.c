/* show --akn: the whole text as Akoma Ntoso; in a folder with, for each clause, its certified copy: what proves the text of its elements. */
#include "cli/show.h"

#include <stdlib.h>

#include "akn/akn.h"

/* What is kept of a page, and (where there is a folder) the copies that are made of it. */
struct reading {
    struct cli_texts texts;
    struct cli_staging *staging; /* NULL: to standard output */
};

/* A cli_page_sink. */
static int take_page(void *context, const depositary_answer *page) {
    struct reading *reading = context;
    char name[COPY_NAME_MAX];
    int status = cli_texts_take(&reading->texts, page);
    if (status == 0 && page == NULL && reading->staging != NULL)
        status = cli_staging_clear(reading->staging);
    for (size_t i = 0; reading->staging != NULL && page != NULL && i < depositary_answer_clauses(page) && status == 0;
         i++)
        status = cli_staging_copy(reading->staging, page, depositary_answer_clause(page, i), name);
    return status;
}

/* An akn_sink. */
static int put(void *context, struct bytes piece) {
    struct cli_staging *staging = context;
    if (staging != NULL)
        return cli_staging_append(staging, piece);
    cli_text((const char *)piece.data, piece.len);
    return 0;
}

static int write_document(const struct reading *reading, struct cli *cli, const depositary_edition *edition,
                          struct bytes text, struct akn_unit *units) {
    const struct cli_texts *texts = &reading->texts;
    struct fault fault = {0};
    for (size_t i = 0; i < cli_texts_count(texts); i++) {
        const struct cli_text *clause = cli_texts_clause(texts, i);
        const size_t begin = cli_texts_begin(texts, i);
        units[i] = (struct akn_unit){bytes_text(cli_texts_eid(texts, clause->eid)),
                                     bytes_slice(text, begin, clause->end - begin)};
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
                                       .units_count = cli_texts_count(texts)};
    int error = akn_write(put, reading->staging, &source, &fault);
    return error != 0 ? (cli_error("%s", fault_text(&fault)), CLI_REFUSED) : 0;
}

static int write_whole(struct reading *reading, struct cli *cli, const depositary_edition *edition) {
    struct akn_unit *units = calloc(cli_texts_count(&reading->texts) + 1, sizeof *units);
    struct bytes text;
    int status = CLI_REFUSED;
    if (units == NULL)
        cli_error("no memory for the document");
    else if (spool_view(&reading->texts.text, &text) != 0)
        status = cli_spool_status(&reading->texts.text);
    else
        status = write_document(reading, cli, edition, text, units);
    free(units);
    return status;
}

static int place(struct cli_staging *staging, const depositary_edition *edition) {
    char file[COPY_NAME_MAX + 8];
    snprintf(file, sizeof file, "%s.%s.%u.xml", edition->instrument, edition->language, edition->edition);
    int status = cli_staging_place(staging, file);
    if (status == 0)
        printf("%s/%s\n", staging->dir, file);
    return status;
}

int show_akn(struct cli *cli, const depositary_edition_query *which, const char *dir) {
    struct cli_whole whole;
    struct cli_staging staging;
    cli_staging_init(&staging);
    struct reading reading = {.staging = dir != NULL ? &staging : NULL};
    cli_texts_init(&reading.texts);
    int status = dir != NULL ? cli_staging_open(&staging, dir) : 0;
    if (status == 0)
        status = cli_whole(cli, which, take_page, &reading, &whole);
    if (status == 0) {
        status = write_whole(&reading, cli, whole.edition);
        if (status == 0 && dir != NULL)
            status = place(&staging, whole.edition);
        if (status == 0)
            status = cli_finish();
        cli_whole_free(&whole);
    }
    cli_staging_free(&staging);
    cli_texts_free(&reading.texts);
    return status;
}
