/*
 * A connection to PostgreSQL that is made when it is needed, and every call on it: bounded in time, cancelled from another thread, with
 * values in binary form, and libpq's errors as ours.
 */
#ifndef POSTGRES_CONNECTION_H
#define POSTGRES_CONNECTION_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "postgres/dial.h"
#include "proof/merkle.h"

enum pg_use {
    PG_WRITES, /* a server that takes writes; the schema is made, or brought to this version */
    PG_READS   /* the same where it can be had, else any that answers: a standby has what was committed, too */
};

struct pg {
    char *url;
    enum pg_use use;
    PGconn *connection;     /* NULL: none */
    int stop;               /* an eventfd: readable once it is cancelled */
    struct dial *dial;      /* under way; NULL: none */
    uint64_t dial_until_ns; /* nobody waits longer for it */
    uint64_t again_ns;      /* not before then is it tried again, where it could not be reached */
    bool is_warned;         /* the server gave a warning since this was last set to false */
};

MUST_USE int pg_init(struct pg *pg, const char *url, enum pg_use use);
void pg_clean_up(struct pg *pg); /* also after pg_init failed */
/** Connects where there is no connection, or a broken one. What takes longer than five seconds goes on behind, and callers are told that it is away. */
MUST_USE int pg_connect(struct pg *pg, struct fault *fault);
/** Lets go of the connection, with what was begun on it. */
void pg_disconnect(struct pg *pg);
/** From another thread: what is under way ends with DEPOSITARY_E_CANCELLED, and so does what comes later. */
void pg_cancel(struct pg *pg);
/** Waits for so long: DEPOSITARY_E_CANCELLED where it is cancelled. */
MUST_USE int pg_pause(struct pg *pg, unsigned pause_ms);
/** Waits until the server has said something, for at most so long: DEPOSITARY_E_TIMEOUT, and then the connection is good still. */
MUST_USE int pg_listen(struct pg *pg, unsigned timeout_ms, struct fault *fault);
/** Whether the server is a standby, which takes no writes and cannot be listened to. */
bool pg_is_standby(const struct pg *pg);

/* ---- values */

#define PG_PARAMS_MAX 6

/** Values of a statement, in order; what is added outlives the call. */
struct pg_params {
    int count;
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX];
    int formats[PG_PARAMS_MAX];
    uint8_t numbers[PG_PARAMS_MAX][8]; /* in network order */
};
void pg_add_number(struct pg_params *params, uint64_t number); /* int8; below 2^63 */
void pg_add_bytes(struct pg_params *params, struct bytes bytes);
void pg_add_hash(struct pg_params *params, const struct hash *hash);

/** An array of one dimension in binary form, to be given to pg_add_bytes; an error is in out->error. */
enum pg_element { PG_INT8 = 20, PG_BYTEA = 17 }; /* pg_type.oid */
void pg_array_begin(struct buffer *out, enum pg_element element, size_t count);
void pg_array_add(struct buffer *out, struct bytes value);
void pg_array_add_number(struct buffer *out, uint64_t number);

/** A value of a row: DEPOSITARY_E_DAMAGED where it is NULL or of another size. Bytes live as long as the result. */
MUST_USE int pg_number(const PGresult *result, int row, int column, uint64_t *out);
MUST_USE int pg_hash(const PGresult *result, int row, int column, struct hash *out);
struct bytes pg_bytes(const PGresult *result, int row, int column);

/* Conditions of a statement: rows that somebody made too long are not sent at all. */
#define PG_NOTE_FITS(column)   "octet_length(" column ") <= 16384"
#define PG_ENTRY_FITS(column)  "octet_length(" column ") <= 65535"
#define PG_CLAUSE_FITS(column) "octet_length(" column ") <= 1049088"
_Static_assert(LIMIT_NOTE == 16384 && LIMIT_ENTRY == 65535 && LIMIT_CLAUSE_RECORD == 1049088,
               "the words above say the same");

/* ---- calls, on a connection that was made before; params may be NULL. What does not end in its time ends the connection. */

#define PG_QUICK_MS 10000u
#define PG_LONG_MS  60000u /* what many clauses, or a synchronous standby, may take */

/** Runs statements without values and rows, together or not at all. */
MUST_USE int pg_run(struct pg *pg, const char *sql, unsigned timeout_ms, struct fault *fault);
/** Runs one statement; *out (may be NULL) is the caller's to PQclear. */
MUST_USE int pg_ask(struct pg *pg, const char *sql, const struct pg_params *params, unsigned timeout_ms, PGresult **out,
                    struct fault *fault);
/** The same for a statement without values that gives one number. */
MUST_USE int pg_ask_number(struct pg *pg, const char *sql, uint64_t *out, struct fault *fault);
/** Told of each row, which is row 0 of the result; a non-zero return ends the reading, and the connection, with that error. */
typedef int pg_row_sink(void *context, const PGresult *row);
/** The same for many rows, one after another as they come, each within PG_LONG_MS. The sink may not use the connection. */
MUST_USE int pg_stream(struct pg *pg, const char *sql, const struct pg_params *params, pg_row_sink *sink, void *context,
                       struct fault *fault);

/* ---- schema.c */

/** The schema of this version is there, or is made now where the server takes writes. DEPOSITARY_E_MISSING: it is not, here. */
MUST_USE int pg_prepare_schema(struct pg *pg, struct fault *fault);

#endif
