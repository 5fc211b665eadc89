/* A whole edition: every clause in order, each proved, and together the deposited file: length and SHA-256 as the edition record says. */
#include "base/sha256.h"
#include "cli/cli.h"

#include <string.h>

static bool is_same_edition(const depositary_edition *a, const depositary_edition *b) {
    return a != NULL && b != NULL && a->record_len == b->record_len && memcmp(a->record, b->record, a->record_len) == 0;
}

/* The clauses that came so far, held against what the first page says of the edition. */
struct source {
    const depositary_edition *edition; /* NULL before the first page */
    struct sha256 hash;
    uint64_t length;
    uint64_t clauses;
    cli_page_sink *sink;
    void *context;
};

static void source_begin(struct source *source) {
    source->edition = NULL;
    source->length = source->clauses = 0;
    sha256_begin(&source->hash);
}

static int source_add(struct source *source, const depositary_answer *page) {
    const depositary_edition *edition = depositary_answer_edition(page, 0);
    if (source->edition == NULL)
        source->edition = edition;
    if (!is_same_edition(source->edition, edition))
        return DEPOSITARY_E_EDITION_MISMATCH;
    for (size_t i = 0; i < depositary_answer_clauses(page); i++) {
        const depositary_clause *clause = depositary_answer_clause(page, i);
        if (clause->place != source->clauses++)
            return DEPOSITARY_E_LIST_GAP;
        sha256_add(&source->hash, bytes_of(clause->text, clause->text_len));
        source->length += clause->text_len;
    }
    return 0;
}

static int source_end(struct source *source) {
    uint8_t digest[SHA256_LEN];
    sha256_end(&source->hash, digest);
    if (source->edition == NULL || source->clauses != source->edition->clauses)
        return DEPOSITARY_E_LIST_GAP;
    if (source->length != source->edition->source_length ||
        memcmp(digest, source->edition->source_sha256, sizeof digest) != 0)
        return DEPOSITARY_E_SOURCE;
    return 0;
}

/* The number of the edition that as_of means, since lists of clauses are asked by number. */
static int resolve_as_of(struct cli *cli, depositary_edition_query *which) {
    depositary_answer *answer = NULL;
    int error = depositary_get_instrument(cli->client, which, &(depositary_page){.size = 1}, &answer);
    int status = error != 0 ? cli_answer_failed(cli, answer, error) : 0;
    if (status == 0) {
        which->edition = depositary_answer_edition(answer, 0)->edition;
        which->as_of = NULL;
    }
    depositary_answer_free(&answer);
    return status;
}

static int fetch_clauses(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out) {
    return depositary_list_clauses(cli->client, context, 0, page, out);
}

/* Told, and an exit code; 0 where there is none. */
static int fail(struct cli *cli, int error) {
    if (error == 0)
        return 0;
    cli_error("%s", depositary_error_text(error));
    cli->error = error;
    return cli_exit_code(error);
}

struct reader {
    struct cli *cli;
    struct source source;
};

/* A cli_page_sink. */
static int take_page(void *context, const depositary_answer *page) {
    struct reader *reader = context;
    struct source *source = &reader->source;
    int status = 0;
    if (page == NULL)
        source_begin(source);
    else
        status = fail(reader->cli, source_add(source, page));
    return status != 0 ? status : source->sink(source->context, page);
}

int cli_whole(struct cli *cli, const depositary_edition_query *which, cli_page_sink *sink, void *context,
              struct cli_whole *out) {
    depositary_edition_query numbered = *which;
    struct reader reader = {.cli = cli, .source = {.sink = sink, .context = context}};
    *out = (struct cli_whole){0};
    int status = numbered.as_of != NULL ? resolve_as_of(cli, &numbered) : 0;
    source_begin(&reader.source);
    if (status == 0)
        status = cli_pages_tell(cli, fetch_clauses, &numbered, take_page, &reader, &out->pages);
    if (status != 0)
        return status;
    out->edition = reader.source.edition;
    status = fail(cli, source_end(&reader.source));
    if (status != 0)
        cli_whole_free(out);
    return status;
}

void cli_whole_free(struct cli_whole *whole) {
    cli_pages_free(&whole->pages);
    *whole = (struct cli_whole){0};
}
