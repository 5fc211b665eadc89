/* What the auditor reads, from a service (auditor.h). The client's own checks hold; the auditor's come on top. */
#include "cli/auditor.h"

#include <stdlib.h>
#include <string.h>

int audit_rpc_entries(void *context, struct auditor *auditor, uint64_t start) {
    struct cli *cli = context;
    depositary_answer *answer = NULL;
    size_t count = 0;
    int error = depositary_list_entries(cli->client, start, LIMIT_PAGE, &answer);
    int status = error ? cli_answer_failed(cli, answer, error) : 0;
    const depositary_blob *records = status == 0 ? depositary_answer_records(answer, &count) : NULL;
    for (size_t i = 0; i < count && status == 0; i++) {
        status = auditor_entry(auditor, bytes_of(records[i].data, records[i].len));
    }
    depositary_answer_free(&answer);
    return status;
}

static int take_page(struct auditor *auditor, const depositary_answer *answer) {
    int status = 0;
    for (size_t i = 0; i < depositary_answer_clauses(answer) && status == 0; i++) {
        const depositary_clause *clause = depositary_answer_clause(answer, i);
        status = auditor_clause(auditor, bytes_of(clause->record, clause->record_len));
    }
    return status;
}

int audit_rpc_clauses(void *context, struct auditor *auditor, const struct edition_record *edition) {
    struct cli *cli = context;
    char instrument[LIMIT_INSTRUMENT + 1], language[LIMIT_LANGUAGE + 1];
    char *token = NULL;
    int status = 0;
    snprintf(instrument, sizeof(instrument), "%.*s", (int)edition->instrument.len,
             (const char *)edition->instrument.data);
    snprintf(language, sizeof(language), "%.*s", (int)edition->language.len, (const char *)edition->language.data);
    const depositary_edition_query which = {
        .instrument = instrument, .language = language, .edition = edition->edition};
    do {
        depositary_answer *answer = NULL;
        const depositary_page page = {.size = LIMIT_PAGE, .token = token};
        int error = depositary_list_clauses(cli->client, &which, 0, &page, &answer);
        free(token);
        token = NULL;
        status = error ? cli_answer_failed(cli, answer, error) : take_page(auditor, answer);
        if (status == 0 && *depositary_answer_next_page(answer) != '\0') {
            token = strdup(depositary_answer_next_page(answer));
            status = token ? 0 : audit_failed(DEPOSITARY_E_MEMORY, &(struct fault){0});
        }
        depositary_answer_free(&answer);
    } while (status == 0 && token);
    free(token);
    return status;
}
