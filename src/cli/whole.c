/* A whole edition: every clause in order, each proved, and together the deposited file: length and SHA-256 as the edition record says. */
#include "base/sha256.h"
#include "cli/cli.h"

#include <string.h>

static bool is_same_edition(const depositary_edition *a, const depositary_edition *b) {
    return a != NULL && b != NULL && a->record_len == b->record_len && memcmp(a->record, b->record, a->record_len) == 0;
}

static int check_source(const struct cli_whole *whole) {
    struct sha256 hash;
    uint8_t digest[SHA256_LEN];
    uint64_t length = 0, clauses = 0;
    sha256_begin(&hash);
    for (size_t i = 0; i < whole->pages.count; i++) {
        const depositary_answer *page = whole->pages.answers[i];
        if (!is_same_edition(whole->edition, depositary_answer_edition(page, 0)))
            return DEPOSITARY_E_EDITION_MISMATCH;
        for (size_t j = 0; j < depositary_answer_clauses(page); j++) {
            const depositary_clause *clause = depositary_answer_clause(page, j);
            if (clause->place != clauses++)
                return DEPOSITARY_E_LIST_GAP;
            sha256_add(&hash, bytes_of(clause->text, clause->text_len));
            length += clause->text_len;
        }
    }
    sha256_end(&hash, digest);
    if (clauses != whole->edition->clauses)
        return DEPOSITARY_E_LIST_GAP;
    if (length != whole->edition->source_length || memcmp(digest, whole->edition->source_sha256, sizeof digest) != 0)
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

int cli_whole(struct cli *cli, const depositary_edition_query *which, struct cli_whole *out) {
    depositary_edition_query numbered = *which;
    *out = (struct cli_whole){0};
    int status = numbered.as_of != NULL ? resolve_as_of(cli, &numbered) : 0;
    if (status == 0)
        status = cli_pages_read(cli, fetch_clauses, NULL, &numbered, true, &out->pages);
    if (status != 0)
        return status;
    out->edition = depositary_answer_edition(out->pages.answers[0], 0);
    int error = check_source(out);
    if (error == 0)
        return 0;
    cli_error("%s", depositary_error_text(error));
    cli_whole_free(out);
    return cli_exit_code(error);
}

void cli_whole_free(struct cli_whole *whole) {
    cli_pages_free(&whole->pages);
    *whole = (struct cli_whole){0};
}
