/* The text of an edition as one piece, for what looks at all of it; names and places of its clauses beside it, and nothing else of a page. */
#include "cli/cli.h"

#include <string.h>

#define NAMES_MAX (1024u * 1024 * 1024) /* bytes: of what a service says beside a text there is an end, too */

void cli_texts_init(struct cli_texts *texts) {
    spool_init(&texts->text);
    buffer_init(&texts->names, NAMES_MAX);
    buffer_init(&texts->clauses, NAMES_MAX);
    buffer_init(&texts->provisions, NAMES_MAX);
}

void cli_texts_free(struct cli_texts *texts) {
    spool_free(&texts->text);
    buffer_free(&texts->names);
    buffer_free(&texts->clauses);
    buffer_free(&texts->provisions);
}

static void clear(struct cli_texts *texts) {
    spool_clear(&texts->text);
    buffer_clear(&texts->names);
    buffer_clear(&texts->clauses);
    buffer_clear(&texts->provisions);
}

static size_t add_name(struct cli_texts *texts, const char *eid) {
    const size_t at = texts->names.len;
    buffer_append(&texts->names, bytes_of(eid, strlen(eid) + 1));
    return at;
}

static void add_clause(struct cli_texts *texts, const depositary_clause *clause) {
    spool_add(&texts->text, bytes_of(clause->text, clause->text_len));
    for (size_t i = 0; i < clause->provisions_count; i++) {
        const struct cli_text_provision provision = {.eid = add_name(texts, clause->provisions[i].eid),
                                                     .span = clause->provisions[i].span};
        buffer_append(&texts->provisions, bytes_of(&provision, sizeof provision));
    }
    const struct cli_text text = {.eid = add_name(texts, clause->eid),
                                  .end = (size_t)spool_len(&texts->text),
                                  .provisions_end = texts->provisions.len / sizeof(struct cli_text_provision)};
    buffer_append(&texts->clauses, bytes_of(&text, sizeof text));
}

int cli_texts_take(void *context, const depositary_answer *page) {
    struct cli_texts *texts = context;
    if (page == NULL) {
        clear(texts);
        return 0;
    }
    for (size_t i = 0; i < depositary_answer_clauses(page); i++)
        add_clause(texts, depositary_answer_clause(page, i));
    if (texts->names.error != 0 || texts->clauses.error != 0 || texts->provisions.error != 0) {
        cli_error("no memory for the clauses of the whole text");
        return CLI_REFUSED;
    }
    return cli_spool_status(&texts->text);
}

size_t cli_texts_count(const struct cli_texts *texts) {
    return texts->clauses.len / sizeof(struct cli_text);
}

const struct cli_text *cli_texts_clause(const struct cli_texts *texts, size_t i) {
    return &((const struct cli_text *)(const void *)texts->clauses.data)[i];
}

const char *cli_texts_eid(const struct cli_texts *texts, size_t eid) {
    return (const char *)texts->names.data + eid;
}

size_t cli_texts_begin(const struct cli_texts *texts, size_t i) {
    return i > 0 ? cli_texts_clause(texts, i - 1)->end : 0;
}
