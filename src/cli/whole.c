/* A whole edition: every clause in order, each proved, and together the deposited file: length and SHA-256 as the edition record says. */
#include "cli/cli.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* One more page behind the others. */
static int add_page(struct cli_whole *whole, depositary_answer *answer) {
    void *more = realloc(whole->pages, (whole->pages_count + 1) * sizeof *whole->pages);
    if (more == NULL)
        return DEPOSITARY_E_MEMORY;
    whole->pages = more;
    whole->pages[whole->pages_count++] = answer;
    return 0;
}

static bool is_same_edition(const depositary_edition *a, const depositary_edition *b) {
    return a != NULL && b != NULL && a->record_len == b->record_len && memcmp(a->record, b->record, a->record_len) == 0;
}

static int check_source(const struct cli_whole *whole) {
    crypto_hash_sha256_state state;
    uint8_t sha256[crypto_hash_sha256_BYTES];
    uint64_t length = 0, clauses = 0;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < whole->pages_count; i++)
        for (size_t j = 0; j < depositary_answer_clauses(whole->pages[i]); j++) {
            const depositary_clause *clause = depositary_answer_clause(whole->pages[i], j);
            if (clause->place != clauses++)
                return DEPOSITARY_E_LIST_GAP;
            crypto_hash_sha256_update(&state, (const unsigned char *)clause->text, clause->text_len);
            length += clause->text_len;
        }
    crypto_hash_sha256_final(&state, sha256);
    if (clauses != whole->edition->clauses)
        return DEPOSITARY_E_LIST_GAP;
    if (length != whole->edition->source_length || memcmp(sha256, whole->edition->source_sha256, sizeof sha256) != 0)
        return DEPOSITARY_E_SOURCE;
    return 0;
}

int cli_whole(struct cli *cli, const depositary_edition_query *which, struct cli_whole *out) {
    depositary_edition_query pinned = *which;
    char *token = NULL;
    int status = 0;
    *out = (struct cli_whole){0};
    do {
        depositary_answer *answer = NULL;
        const depositary_page page = {.token = token};
        int error = depositary_list_clauses(cli->client, &pinned, 0, &page, &answer);
        free(token);
        token = NULL;
        if (out->pages_count == 0 && (status = cli_receipt(cli, answer)) == 0 && error == 0)
            out->edition = depositary_answer_edition(answer, 0);
        if (error != 0) {
            status = cli_answer_failed(cli, answer, error);
            depositary_answer_free(&answer);
        } else if (status == 0 && !is_same_edition(out->edition, depositary_answer_edition(answer, 0))) {
            cli_error("a page of another edition than the first");
            status = CLI_UNVERIFIED;
            depositary_answer_free(&answer);
        } else if (status != 0 || add_page(out, answer) != 0) {
            depositary_answer_free(&answer);
            status = status != 0 ? status : CLI_REFUSED;
        } else if (*depositary_answer_next_page(answer) != '\0') {
            token = strdup(depositary_answer_next_page(answer));
        }
    } while (status == 0 && token != NULL);
    if (status == 0) {
        int error = check_source(out);
        if (error != 0) {
            cli_error("%s", depositary_error_text(error));
            status = cli_exit_code(error);
        }
    }
    if (status != 0)
        cli_whole_free(out);
    return status;
}

void cli_whole_free(struct cli_whole *whole) {
    for (size_t i = 0; i < whole->pages_count; i++)
        depositary_answer_free(&whole->pages[i]);
    free(whole->pages);
    *whole = (struct cli_whole){0};
}
