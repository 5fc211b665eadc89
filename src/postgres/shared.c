/* The database as the place to append (postgres.h): one transaction an append, and what became of it where its answer was lost. */
#include "postgres/shared.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* Held until the transaction has ended, the wait for a synchronous standby included: who has it knows what there is. */
#define LOCK_APPEND "SELECT pg_advisory_xact_lock(1146114898, 1)"
#define TRIES       16u
#define TRY_MS      500u /* between two tries to learn what became of a COMMIT */

#define ARRAY_BYTES (2 * LIMIT_REQUEST_APPEND)

/* ---- one transaction */

static void trace_clear(struct trace *trace) {
    trace->has_entry = false;
    trace->size = 0;
    buffer_clear(&trace->note);
}

static void shared_rollback(struct shared *shared) {
    struct postgres_shared *postgres = shared_of(shared);
    if (postgres->has_begun && postgres->pg.connection != NULL && pg_run(&postgres->pg, "ROLLBACK", PG_QUICK_MS, NULL))
        pg_disconnect(&postgres->pg);
    postgres->has_begun = false;
}

int shared_begin_locked(struct postgres_shared *postgres, const char *lock, struct fault *fault) {
    int error = pg_connect(&postgres->pg, fault);
    error = error ? error : pg_run(&postgres->pg, "BEGIN", PG_QUICK_MS, fault);
    if (error)
        return error;
    postgres->has_begun = true;
    return pg_run(&postgres->pg, lock, PG_QUICK_MS, fault);
}

static int shared_begin(struct shared *shared, uint64_t *out_entries, struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    trace_clear(&postgres->trace);
    int error = shared_begin_locked(postgres, LOCK_APPEND, fault);
    error = error ? error : pg_ask_number(&postgres->pg, SHARED_SIZE, out_entries, fault);
    if (error)
        shared_rollback(shared);
    return error;
}

static int shared_put_entries(struct shared *shared, uint64_t first, const struct bytes *records,
                              const struct hash *leaf_hashes, size_t count, struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    struct pg_params params = {0};
    struct buffer *hashes = &postgres->places;
    buffer_clear(hashes);
    buffer_clear(&postgres->records);
    pg_array_begin(hashes, PG_BYTEA, count);
    pg_array_begin(&postgres->records, PG_BYTEA, count);
    for (size_t i = 0; i < count; i++) {
        pg_array_add(hashes, hash_bytes(&leaf_hashes[i]));
        pg_array_add(&postgres->records, records[i]);
    }
    if (hashes->error || postgres->records.error)
        return fault_set(fault, DEPOSITARY_E_LIMIT, "too many entries for one append");
    pg_add_number(&params, first);
    pg_add_bytes(&params, buffer_bytes(hashes));
    pg_add_bytes(&params, buffer_bytes(&postgres->records));
    int error = pg_ask(&postgres->pg,
                       "INSERT INTO depositary.entry (idx, leaf_hash, record)"
                       " SELECT $1::int8 + n - 1, h, r FROM unnest($2::bytea[], $3::bytea[])"
                       " WITH ORDINALITY AS t (h, r, n) ORDER BY n",
                       &params, PG_LONG_MS, NULL, fault);
    if (error == 0 && count > 0) {
        postgres->trace.has_entry = true;
        postgres->trace.last = first + count - 1;
        postgres->trace.leaf_hash = leaf_hashes[count - 1];
    }
    return error;
}

/* ---- clauses */

int clauses_to_arrays(struct postgres_shared *shared, const struct placed_clause *clauses, size_t count) {
    buffer_clear(&shared->places);
    buffer_clear(&shared->records);
    pg_array_begin(&shared->places, PG_INT8, count);
    pg_array_begin(&shared->records, PG_BYTEA, count);
    for (size_t i = 0; i < count; i++) {
        pg_array_add_number(&shared->places, clauses[i].place);
        pg_array_add(&shared->records, clauses[i].record);
    }
    return shared->places.error ? shared->places.error : shared->records.error;
}

struct taken {
    store_clause_sink *sink;
    void *context;
    struct fault *fault;
};

/* A pg_row_sink. */
static int taken_row(void *context, const PGresult *row) {
    const struct taken *taken = context;
    uint64_t place;
    struct hash leaf_hash;
    if (pg_number(row, 0, 0, &place) != 0 || pg_hash(row, 0, 1, &leaf_hash) != 0)
        return fault_set(taken->fault, DEPOSITARY_E_DAMAGED, "the database: a clause's row is malformed");
    return taken->sink(taken->context, place, pg_bytes(row, 0, 2), &leaf_hash);
}

/* What is told is what the transaction has put: what would be committed is what was looked at. */
static int shared_take_clauses(struct shared *shared, const struct hash *root, const struct hash *edition,
                               uint64_t index, store_clause_sink *sink, void *context, struct fault *fault) {
    struct pg *pg = &shared_of(shared)->pg;
    struct taken taken = {sink, context, fault};
    struct pg_params staged = {0}, placed = {0}, mine = {0};
    pg_add_hash(&staged, root);
    pg_add_hash(&staged, edition);
    int error = pg_ask(pg,
                       "INSERT INTO depositary.clause (leaf_hash, record)"
                       " SELECT sha256('\\x00'::bytea || record), record FROM depositary.staged"
                       " WHERE root = $1::bytea AND edition = $2::bytea ON CONFLICT DO NOTHING",
                       &staged, PG_LONG_MS, NULL, fault);
    pg_add_hash(&placed, root);
    pg_add_hash(&placed, edition);
    pg_add_number(&placed, index);
    error = error ? error
                  : pg_ask(pg,
                           "INSERT INTO depositary.place (edition, place, leaf_hash)"
                           " SELECT $3::int8, place, sha256('\\x00'::bytea || record) FROM depositary.staged"
                           " WHERE root = $1::bytea AND edition = $2::bytea",
                           &placed, PG_LONG_MS, NULL, fault);
    pg_add_number(&mine, index);
    return error ? error
                 : pg_stream(pg,
                             "SELECT p.place, c.leaf_hash, c.record FROM depositary.place p"
                             " JOIN depositary.clause c USING (leaf_hash)"
                             " WHERE p.edition = $1::int8 AND " PG_CLAUSE_FITS("c.record") " ORDER BY p.place",
                             &mine, taken_row, &taken, fault);
}

static int shared_put_clauses(struct shared *shared, uint64_t index, const struct placed_clause *clauses, size_t count,
                              struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    struct pg_params texts = {0}, places = {0};
    int error = clauses_to_arrays(postgres, clauses, count);
    if (error)
        return fault_set(fault, error, "too many clauses at once");
    pg_add_bytes(&texts, buffer_bytes(&postgres->records));
    error = pg_ask(&postgres->pg,
                   "INSERT INTO depositary.clause (leaf_hash, record)"
                   " SELECT sha256('\\x00'::bytea || r), r FROM unnest($1::bytea[]) AS t (r) ON CONFLICT DO NOTHING",
                   &texts, PG_LONG_MS, NULL, fault);
    pg_add_number(&places, index);
    pg_add_bytes(&places, buffer_bytes(&postgres->places));
    pg_add_bytes(&places, buffer_bytes(&postgres->records));
    return error ? error
                 : pg_ask(&postgres->pg,
                          "INSERT INTO depositary.place (edition, place, leaf_hash)"
                          " SELECT $1::int8, p, sha256('\\x00'::bytea || r)"
                          " FROM unnest($2::int8[], $3::bytea[]) AS t (p, r)",
                          &places, PG_LONG_MS, NULL, fault);
}

/* ---- notes */

static int shared_note(struct shared *shared, uint64_t size, struct buffer *note, struct fault *fault) {
    struct pg_params params = {0};
    PGresult *result = NULL;
    pg_add_number(&params, size);
    int error = pg_ask(&shared_of(shared)->pg,
                       "SELECT note FROM depositary.checkpoint WHERE size = $1::int8 AND " PG_NOTE_FITS("note"),
                       &params, PG_QUICK_MS, &result, fault);
    if (error == 0 && PQntuples(result) == 0)
        error = DEPOSITARY_E_MISSING;
    if (error == 0) {
        buffer_append(note, pg_bytes(result, 0, 0));
        error = note->error;
    }
    PQclear(result);
    return error;
}

static int shared_put_note(struct shared *shared, uint64_t size, struct bytes note, struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    struct pg_params params = {0};
    pg_add_number(&params, size);
    pg_add_bytes(&params, note);
    int error = pg_ask(&postgres->pg,
                       "INSERT INTO depositary.checkpoint (size, note) VALUES ($1::int8, $2::bytea)"
                       " ON CONFLICT (size) DO UPDATE SET note = excluded.note",
                       &params, PG_QUICK_MS, NULL, fault);
    if (error)
        return error;
    postgres->trace.size = size;
    buffer_clear(&postgres->trace.note);
    buffer_append(&postgres->trace.note, note);
    return postgres->trace.note.error;
}

/* ---- COMMIT */

static int unknown(struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_UNREACHABLE,
                     "whether the database has committed this append is not known; send the same again");
}

/* Whether the entry that the transaction put last is there. */
static int has_entry(struct postgres_shared *postgres, bool *out, struct fault *fault) {
    const struct trace *trace = &postgres->trace;
    struct pg_params params = {0};
    PGresult *result = NULL;
    pg_add_number(&params, trace->last);
    int error = pg_ask(&postgres->pg, "SELECT leaf_hash FROM depositary.entry WHERE idx = $1::int8", &params,
                       PG_QUICK_MS, &result, fault);
    *out = error == 0 && PQntuples(result) == 1 && bytes_equal(pg_bytes(result, 0, 0), hash_bytes(&trace->leaf_hash));
    PQclear(result);
    return error;
}

static int has_note(struct postgres_shared *postgres, bool *out, struct fault *fault) {
    struct buffer note;
    buffer_init(&note, LIMIT_NOTE);
    int error = shared_note(&postgres->base, postgres->trace.size, &note, fault);
    *out = error == 0 && bytes_equal(buffer_bytes(&note), buffer_bytes(&postgres->trace.note));
    buffer_free(&note);
    return error == DEPOSITARY_E_MISSING ? DEPOSITARY_OK : error;
}

/* COMMIT, which waits for a synchronous standby. DEPOSITARY_E_UNREACHABLE: what became of it is not known; *is_lost, which may be NULL: for want of an
 * answer, else since somebody ended that wait. */
static int commit(struct postgres_shared *postgres, bool *is_lost, struct fault *fault) {
    struct pg *pg = &postgres->pg;
    PGresult *result = NULL;
    int error = pg_run(pg, "SET LOCAL statement_timeout = 0", PG_QUICK_MS, fault);
    if (error)
        return error;
    pg->is_warned = false;
    postgres->has_begun = false;
    error = pg_ask(pg, "COMMIT", NULL, PG_LONG_MS, &result, fault);
    if (is_lost != NULL)
        *is_lost = error == DEPOSITARY_E_UNREACHABLE;
    if (error == DEPOSITARY_E_UNREACHABLE)
        pg_disconnect(pg); /* it may still wait for its standby; what comes of it is told by the lock */
    else if (error == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        error = fault_set(fault, DEPOSITARY_E_IO, "the database did not commit");
    else if (error == 0 && pg->is_warned)
        error = unknown(fault);
    PQclear(result);
    return error;
}

/* A commit waits for all that was logged before it, that of transactions whose own wait was cut short included: by an administrator, a lost connection, or
 * the server's restart. One without a change would not wait; a message that nobody reads is the least change. */
static int confirm(struct postgres_shared *postgres, struct fault *fault) {
    int error = pg_run(&postgres->pg, "SELECT pg_logical_emit_message(true, 'depositary', '')", PG_QUICK_MS, fault);
    return error ? error : commit(postgres, NULL, fault);
}

static int shared_confirm(struct shared *shared, struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    int error = shared_begin_locked(postgres, LOCK_APPEND, fault);
    error = error ? error : confirm(postgres, fault);
    shared_rollback(shared);
    return error;
}

/* With the lock: the transaction in question has ended, whichever way. */
static int look(struct postgres_shared *postgres, bool *is_there, struct fault *fault) {
    int error = shared_begin_locked(postgres, LOCK_APPEND, fault);
    if (error == 0)
        error = postgres->trace.has_entry ? has_entry(postgres, is_there, fault) : has_note(postgres, is_there, fault);
    if (error == 0 && *is_there)
        error = confirm(postgres, fault);
    shared_rollback(&postgres->base);
    return error;
}

/* The answer to COMMIT was lost. */
static int resolve(struct postgres_shared *postgres, struct fault *fault) {
    bool is_there = false;
    int error = DEPOSITARY_E_UNREACHABLE;
    for (unsigned i = 0; i < TRIES && error == DEPOSITARY_E_UNREACHABLE; i++) {
        if (i > 0 && pg_pause(&postgres->pg, TRY_MS) != 0)
            break;
        error = look(postgres, &is_there, NULL);
    }
    if (error)
        return unknown(fault);
    return is_there ? DEPOSITARY_OK
                    : fault_set(fault, DEPOSITARY_E_UNREACHABLE,
                                "the database was lost before it committed this append; send the same again");
}

static int shared_commit(struct shared *shared, struct fault *fault) {
    struct postgres_shared *postgres = shared_of(shared);
    bool is_lost = false;
    int error =
        pg_run(&postgres->pg, "DELETE FROM depositary.offer WHERE size <= (SELECT max(idx) + 1 FROM depositary.entry)",
               PG_LONG_MS, fault);
    error = error ? error : commit(postgres, &is_lost, fault);
    return is_lost ? resolve(postgres, fault) : error;
}

/* ---- the store */

static void shared_cancel(struct shared *shared) {
    pg_cancel(&shared_of(shared)->pg);
}

static void shared_close(struct shared *shared) {
    struct postgres_shared *postgres = shared_of(shared);
    pg_clean_up(&postgres->pg);
    buffer_free(&postgres->trace.note);
    buffer_free(&postgres->places);
    buffer_free(&postgres->records);
    free(postgres);
}

static const struct shared_ops POSTGRES_SHARED = {
    .close = shared_close,
    .cancel = shared_cancel,
    .begin = shared_begin,
    .put_entries = shared_put_entries,
    .take_clauses = shared_take_clauses,
    .put_clauses = shared_put_clauses,
    .note = shared_note,
    .put_note = shared_put_note,
    .commit = shared_commit,
    .rollback = shared_rollback,
    .confirm = shared_confirm,
    .put_offer = offers_put,
    .find_offer = offers_find,
    .drop_offer = offers_drop,
    .stage = offers_stage,
    .staged_places = offers_staged_places,
};

int postgres_shared_new(struct shared **out, const char *url, struct fault *fault) {
    struct postgres_shared *postgres = calloc(1, sizeof *postgres);
    if (postgres == NULL)
        return DEPOSITARY_E_MEMORY;
    postgres->base.ops = &POSTGRES_SHARED;
    buffer_init(&postgres->trace.note, LIMIT_NOTE);
    buffer_init(&postgres->places, ARRAY_BYTES);
    buffer_init(&postgres->records, ARRAY_BYTES);
    int error = pg_init(&postgres->pg, url, PG_WRITES);
    if (error) {
        shared_close(&postgres->base);
        return fault_set(fault, error, "no memory to append to a database");
    }
    *out = &postgres->base;
    return DEPOSITARY_OK;
}

int postgres_check_url(const char *url, struct fault *fault) {
    char *words = NULL;
    int error = DEPOSITARY_OK;
    PQconninfoOption *options = PQconninfoParse(url, &words);
    PQfreemem(words); /* it quotes what it cannot read, which may be a password */
    if (options == NULL || (strncmp(url, "postgresql://", strlen("postgresql://")) != 0 &&
                            strncmp(url, "postgres://", strlen("postgres://")) != 0))
        error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "it is no URL of PostgreSQL: postgresql://USER@HOST/DATABASE");
    for (const PQconninfoOption *option = options; error == 0 && option->keyword != NULL; option++)
        if (option->val != NULL &&
            (strcmp(option->keyword, "password") == 0 || strcmp(option->keyword, "sslpassword") == 0))
            error = fault_set(
                fault, DEPOSITARY_E_ARGUMENT,
                "it has a password in it, which every user of this machine can see among the processes; put it "
                "into a file (~/.pgpass, PGPASSFILE or passfile=FILE), and change it");
    PQconninfoFree(options);
    return error;
}
