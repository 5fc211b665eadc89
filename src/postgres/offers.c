/*
 * Appends that wait for their clauses, in the database (postgres.h): a balancer sends AppendEntries to one daemon and PutClauses to others.
 * Few are kept, and not for long; each place of an edition has one row at most, and only what the edition's root proves is ever put there.
 */
#include "postgres/shared.h"

#include "base/limits.h"

#define OFFERS_MAX  "8"
#define IDLE_S      "600" /* PENDING_IDLE_S */
#define LOCK_OFFERS "SELECT pg_advisory_xact_lock(1146114898, 2)"

_Static_assert(PENDING_IDLE_S == 600, "the words above say the same");

/* ---- an offer */

static int clean(struct pg *pg, struct fault *fault) {
    return pg_run(pg,
                  "DELETE FROM depositary.offer WHERE touched < now() - interval '" IDLE_S " s' OR root IN"
                  " (SELECT root FROM depositary.offer ORDER BY touched DESC OFFSET " OFFERS_MAX ")",
                  PG_LONG_MS, fault);
}

/* Where another was faster nothing waits any more; perhaps it was this very append, and its answer was lost. */
static int check_size(struct pg *pg, const struct shared_offer *offer, struct fault *fault) {
    uint64_t entries = 0;
    int error = pg_ask_number(pg, SHARED_SIZE, &entries, fault);
    return error == 0 && entries > offer->size - offer->count
               ? fault_set(fault, DEPOSITARY_E_STATE, "another service has appended to this ledger")
               : error;
}

static int put_head(struct postgres_shared *postgres, const struct shared_offer *offer, struct fault *fault) {
    struct pg_params params = {0};
    struct buffer *editions = &postgres->places;
    buffer_clear(editions);
    pg_array_begin(editions, PG_BYTEA, offer->editions_count);
    for (size_t i = 0; i < offer->editions_count; i++)
        pg_array_add(editions, hash_bytes(&offer->editions[i]));
    if (editions->error)
        return editions->error;
    pg_add_hash(&params, offer->root);
    pg_add_number(&params, offer->size);
    pg_add_bytes(&params, offer->note);
    pg_add_bytes(&params, buffer_bytes(editions));
    return pg_ask(&postgres->pg,
                  "INSERT INTO depositary.offer (root, size, note, editions)"
                  " VALUES ($1::bytea, $2::int8, $3::bytea, $4::bytea[])"
                  " ON CONFLICT (root) DO UPDATE SET touched = now(), note = excluded.note",
                  &params, PG_QUICK_MS, NULL, fault);
}

/* Anew: what stands there may have been changed. */
static int put_records(struct postgres_shared *postgres, const struct shared_offer *offer, struct fault *fault) {
    struct pg_params params = {0};
    struct buffer *records = &postgres->records;
    buffer_clear(records);
    pg_array_begin(records, PG_BYTEA, offer->count);
    for (size_t i = 0; i < offer->count; i++)
        pg_array_add(records, offer->records[i]);
    if (records->error)
        return records->error;
    pg_add_hash(&params, offer->root);
    int error = pg_ask(&postgres->pg, "DELETE FROM depositary.offer_record WHERE root = $1::bytea", &params,
                       PG_QUICK_MS, NULL, fault);
    pg_add_bytes(&params, buffer_bytes(records));
    return error ? error
                 : pg_ask(&postgres->pg,
                          "INSERT INTO depositary.offer_record (root, number, record)"
                          " SELECT $1::bytea, n - 1, r FROM unnest($2::bytea[]) WITH ORDINALITY AS t (r, n)",
                          &params, PG_LONG_MS, NULL, fault);
}

int offers_put(struct shared *shared, const struct shared_offer *offer, struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    struct pg *pg = &postgres->pg;
    int error = shared_begin_locked(postgres, LOCK_OFFERS, fault);
    error = error ? error : check_size(pg, offer, fault);
    error = error ? error : put_head(postgres, offer, fault);
    error = error ? error : put_records(postgres, offer, fault);
    error = error ? error : clean(pg, fault);
    error = error ? error : pg_run(pg, "COMMIT", PG_LONG_MS, fault);
    if (error)
        shared->ops->rollback(shared);
    postgres->has_begun = false;
    return error;
}

struct found {
    struct buffer *note;
    shared_record_sink *sink;
    void *context;
};

/* A pg_row_sink. */
static int found_row(void *context, const PGresult *row) {
    const struct found *found = context;
    if (found->note->len == 0)
        buffer_append(found->note, pg_bytes(row, 0, 0));
    return found->note->error ? found->note->error : found->sink(found->context, pg_bytes(row, 0, 1));
}

int offers_find(struct shared *shared, const struct hash *edition, struct buffer *note, shared_record_sink *sink,
                void *context, struct fault *fault) {
    struct pg *pg = &shared_of(shared)->pg;
    struct found found = {note, sink, context};
    struct pg_params params = {0};
    pg_add_hash(&params, edition);
    int error = pg_connect(pg, fault);
    error =
        error ? error
              : pg_stream(pg,
                          "SELECT o.note, r.record FROM depositary.offer o JOIN depositary.offer_record r USING (root)"
                          " WHERE o.root = (SELECT root FROM depositary.offer WHERE $1::bytea = ANY (editions)"
                          "  ORDER BY touched DESC LIMIT 1)"
                          " AND " PG_NOTE_FITS("o.note") " AND " PG_ENTRY_FITS("r.record") " ORDER BY r.number",
                          &params, found_row, &found, fault);
    return error == 0 && note->len == 0 ? DEPOSITARY_E_MISSING : error;
}

void offers_drop(struct shared *shared, const struct hash *root) {
    struct pg *pg = &shared_of(shared)->pg;
    struct pg_params params = {0};
    pg_add_hash(&params, root);
    int error = pg_connect(pg, NULL);
    error = error ? error
                  : pg_ask(pg, "DELETE FROM depositary.offer WHERE root = $1::bytea", &params, PG_LONG_MS, NULL, NULL);
    (void)error; /* it is forgotten in its time */
}

/* ---- what is staged for it */

int offers_stage(struct shared *shared, const struct hash *root, const struct hash *edition,
                 const struct placed_clause *clauses, size_t count, struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    struct pg *pg = &postgres->pg;
    struct pg_params params = {0}, touched = {0};
    int error = clauses_to_arrays(postgres, clauses, count);
    if (error)
        return fault_set(fault, error, "too many clauses at once");
    pg_add_hash(&params, root);
    pg_add_hash(&params, edition);
    pg_add_bytes(&params, buffer_bytes(&postgres->places));
    pg_add_bytes(&params, buffer_bytes(&postgres->records));
    error = pg_connect(pg, fault);
    error = error ? error
                  : pg_ask(pg,
                           "INSERT INTO depositary.staged (root, edition, place, record)"
                           " SELECT $1::bytea, $2::bytea, p, r FROM unnest($3::int8[], $4::bytea[]) AS t (p, r)"
                           " ON CONFLICT DO NOTHING",
                           &params, PG_LONG_MS, NULL, fault);
    if (error == DEPOSITARY_E_STATE)
        return fault_set(fault, error, "no pending append has that edition");
    pg_add_hash(&touched, root);
    return error ? error
                 : pg_ask(pg,
                          "UPDATE depositary.offer SET touched = now()"
                          " WHERE root = $1::bytea AND touched < now() - interval '10 s'",
                          &touched, PG_QUICK_MS, NULL, fault);
}

struct places {
    store_place_sink *sink;
    void *context;
    struct fault *fault;
};

/* A pg_row_sink. */
static int place_row(void *context, const PGresult *row) {
    const struct places *places = context;
    uint64_t place;
    if (pg_number(row, 0, 0, &place) != 0)
        return fault_set(places->fault, DEPOSITARY_E_DAMAGED, "the database: a place's row is malformed");
    return places->sink(places->context, place);
}

int offers_staged_places(struct shared *shared, const struct hash *root, const struct hash *edition,
                         store_place_sink *sink, void *context, struct fault *fault) {
    struct pg *pg = &shared_of(shared)->pg;
    struct places places = {sink, context, fault};
    struct pg_params params = {0};
    pg_add_hash(&params, root);
    pg_add_hash(&params, edition);
    int error = pg_connect(pg, fault);
    return error ? error
                 : pg_stream(pg,
                             "SELECT place FROM depositary.staged WHERE root = $1::bytea AND edition = $2::bytea"
                             " ORDER BY place",
                             &params, place_row, &places, fault);
}
