/* What the auditor reads, from a service (auditor.h). The client's own checks hold; the auditor's come on top. */
#include "cli/auditor.h"

#include <stdio.h>

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

/* By places, not by page tokens: those are of one state of the ledger, which may grow while it is audited. */
int audit_rpc_clauses(void *context, struct auditor *auditor, const struct edition_record *edition) {
    struct cli *cli = context;
    char instrument[LIMIT_INSTRUMENT + 1], language[LIMIT_LANGUAGE + 1];
    const depositary_page page = {.size = LIMIT_PAGE};
    int status = 0;
    snprintf(instrument, sizeof(instrument), "%.*s", (int)edition->instrument.len,
             (const char *)edition->instrument.data);
    snprintf(language, sizeof(language), "%.*s", (int)edition->language.len, (const char *)edition->language.data);
    const depositary_edition_query which = {
        .instrument = instrument, .language = language, .edition = edition->edition};
    while (status == 0 && auditor->rebuild.edge.size < edition->clauses) {
        depositary_answer *answer = NULL;
        const uint64_t place = auditor->rebuild.edge.size;
        int error = depositary_list_clauses(cli->client, &which, place, &page, &answer);
        status = error ? cli_answer_failed(cli, answer, error) : take_page(auditor, answer);
        if (status == 0 && auditor->rebuild.edge.size == place) {
            status = audit_found(cli, DEPOSITARY_E_LIST_GAP,
                                 "%s, %s, edition %u: the service gives no clause at place %llu of %llu", instrument,
                                 language, (unsigned)edition->edition, (unsigned long long)place,
                                 (unsigned long long)edition->clauses);
        }
        depositary_answer_free(&answer);
    }
    return status;
}
