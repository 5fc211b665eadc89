/* The database as a source to follow (postgres.h): its newest checkpoint, entries and clauses. Nothing is believed; see ledger/source.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "postgres/connection.h"
#include "postgres/postgres.h"

#define ENTRIES_PAGE  LIMIT_PAGE
#define CLAUSES_PAGE  256u
#define CLAUSES_BYTES (4u * 1024 * 1024) /* handed on at a time */

struct postgres_source {
    struct source base;
    struct pg pg;
    struct buffer records; /* of clauses that are gathered */
};

static struct postgres_source *source_of(struct source *source) {
    return (struct postgres_source *)source;
}

/* A server that is back is better than the standby that stood in for it. */
static int connect(struct postgres_source *postgres, struct fault *fault) {
    if (postgres->pg.connection != NULL && pg_is_standby(&postgres->pg))
        pg_disconnect(&postgres->pg);
    return pg_connect(&postgres->pg, fault);
}

static int source_checkpoint(struct source *source, struct buffer *note, struct fault *fault) {
    struct postgres_source *postgres = source_of(source);
    PGresult *result = NULL;
    int error = connect(postgres, fault);
    error =
        error
            ? error
            : pg_ask(&postgres->pg,
                     "SELECT note FROM depositary.checkpoint WHERE " PG_NOTE_FITS("note") " ORDER BY size DESC LIMIT 1",
                     NULL, PG_QUICK_MS, &result, fault);
    if (error == 0 && PQntuples(result) == 0)
        error = fault_set(fault, DEPOSITARY_E_MISSING, "the database holds no ledger yet");
    if (error == 0) {
        buffer_append(note, pg_bytes(result, 0, 0));
        error = note->error;
    }
    PQclear(result);
    return error;
}

/* ---- entries */

struct entries {
    source_entry_sink *sink;
    void *context;
    uint64_t next;
    struct fault *fault;
};

/* A pg_row_sink. */
static int entry_row(void *context, const PGresult *row) {
    struct entries *entries = context;
    uint64_t index = 0;
    if (pg_number(row, 0, 0, &index) != 0 || index != entries->next)
        return fault_set(entries->fault, DEPOSITARY_E_DAMAGED, "the database has no entry %" PRIu64, entries->next);
    entries->next++;
    return entries->sink(entries->context, pg_bytes(row, 0, 1));
}

static int source_entries(struct source *source, uint64_t start, uint64_t count, source_entry_sink *sink, void *context,
                          struct fault *fault) {
    struct postgres_source *postgres = source_of(source);
    struct entries entries = {sink, context, start, fault};
    struct pg_params params = {0};
    pg_add_number(&params, start);
    pg_add_number(&params, count < ENTRIES_PAGE ? count : ENTRIES_PAGE);
    int error = pg_connect(&postgres->pg, fault);
    return error ? error
                 : pg_stream(&postgres->pg,
                             "SELECT idx, record FROM depositary.entry WHERE idx >= $1::int8 AND " PG_ENTRY_FITS(
                                 "record") " ORDER BY idx LIMIT $2::int8",
                             &params, entry_row, &entries, fault);
}

/* ---- clauses */

struct clauses {
    source_clause_sink *sink;
    void *context;
    struct buffer *records;
    struct placed_clause placed[CLAUSES_PAGE]; /* records: their lengths until all are there */
    size_t lengths[CLAUSES_PAGE];
    size_t count;
};

static int hand_on(struct clauses *clauses) {
    size_t at = 0;
    for (size_t i = 0; i < clauses->count; i++) {
        clauses->placed[i].record = bytes_slice(buffer_bytes(clauses->records), at, clauses->lengths[i]);
        at += clauses->lengths[i];
    }
    int error = clauses->count > 0 ? clauses->sink(clauses->context, clauses->placed, clauses->count) : DEPOSITARY_OK;
    buffer_clear(clauses->records);
    clauses->count = 0;
    return error;
}

/* A pg_row_sink. */
static int clause_row(void *context, const PGresult *row) {
    struct clauses *clauses = context;
    struct bytes record = pg_bytes(row, 0, 1);
    int error = DEPOSITARY_OK;
    if (clauses->count == CLAUSES_PAGE || clauses->records->len + record.len > CLAUSES_BYTES)
        error = hand_on(clauses);
    if (error)
        return error;
    struct placed_clause *placed = &clauses->placed[clauses->count];
    *placed = (struct placed_clause){0};
    error = pg_number(row, 0, 0, &placed->place);
    buffer_append(clauses->records, record);
    clauses->lengths[clauses->count++] = record.len;
    return error ? error : clauses->records->error;
}

static int source_clauses(struct source *source, const struct source_clauses *wanted, source_clause_sink *sink,
                          void *context, struct fault *fault) {
    struct postgres_source *postgres = source_of(source);
    struct pg_params params = {0};
    struct clauses *clauses = calloc(1, sizeof *clauses);
    if (clauses == NULL)
        return DEPOSITARY_E_MEMORY;
    clauses->sink = sink;
    clauses->context = context;
    clauses->records = &postgres->records;
    pg_add_number(&params, wanted->index);
    pg_add_number(&params, wanted->from_place);
    pg_add_number(&params, wanted->count);
    int error = pg_connect(&postgres->pg, fault);
    error = error ? error
                  : pg_stream(&postgres->pg,
                              "SELECT p.place, c.record FROM depositary.place p JOIN depositary.clause c USING "
                              "(leaf_hash) WHERE p.edition = $1::int8 AND p.place >= $2::int8 AND " PG_CLAUSE_FITS(
                                  "c.record") " ORDER BY p.place LIMIT $3::int8",
                              &params, clause_row, clauses, fault);
    error = error ? error : hand_on(clauses);
    buffer_clear(&postgres->records);
    free(clauses);
    return error;
}

/* ---- the source */

static void source_cancel(struct source *source) {
    pg_cancel(&source_of(source)->pg);
}

static void source_close(struct source *source) {
    struct postgres_source *postgres = source_of(source);
    pg_clean_up(&postgres->pg);
    buffer_free(&postgres->records);
    free(postgres);
}

static const struct source_ops POSTGRES_SOURCE = {
    .close = source_close,
    .cancel = source_cancel,
    .checkpoint = source_checkpoint,
    .entries = source_entries,
    .clauses = source_clauses,
};

int postgres_source_new(struct source **out, const char *url, struct fault *fault) {
    struct postgres_source *postgres = calloc(1, sizeof *postgres);
    if (postgres == NULL)
        return DEPOSITARY_E_MEMORY;
    postgres->base.ops = &POSTGRES_SOURCE;
    buffer_init(&postgres->records, CLAUSES_BYTES + LIMIT_CLAUSE_RECORD);
    int error = pg_init(&postgres->pg, url, PG_READS);
    if (error) {
        source_close(&postgres->base);
        return fault_set(fault, error, "no memory to follow a database");
    }
    *out = &postgres->base;
    return DEPOSITARY_OK;
}
