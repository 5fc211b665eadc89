/* Connecting to PostgreSQL, and calls (connection.h). */
#include "postgres/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"

#define PAUSE_NS (500 * NS_PER_MS) /* between two tries to connect: callers do not queue behind a server that is away */
#define DIAL_NS                                                                                                        \
    (5000 * NS_PER_MS) /* nobody is held up longer by a database that is away: a caller has a deadline, too */
#define WORDS_ROOM   400
#define ROWS_MOST    64u /* of all statements of a pg_run: each has one at most */
#define UNASKED_MOST 64u /* readings of what a server says unasked, between two calls */

/* ---- connecting */

int pg_init(struct pg *pg, const char *url, enum pg_use use) {
    *pg = (struct pg){.url = strdup(url), .use = use, .stop = -1};
    if (pg->url == NULL)
        return DEPOSITARY_E_MEMORY;
    pg->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return pg->stop >= 0 ? DEPOSITARY_OK : DEPOSITARY_E_MEMORY;
}

void pg_disconnect(struct pg *pg) {
    PQfinish(pg->connection);
    pg->connection = NULL;
}

void pg_clean_up(struct pg *pg) {
    pg_disconnect(pg);
    dial_leave(pg->dial);
    if (pg->stop >= 0)
        close(pg->stop);
    free(pg->url);
    *pg = (struct pg){.stop = -1};
}

void pg_cancel(struct pg *pg) {
    const uint64_t one = 1;
    ssize_t written = write(pg->stop, &one, sizeof one);
    (void)written; /* one that is full is readable, too */
}

bool pg_is_standby(const struct pg *pg) {
    const char *value = PQparameterStatus(pg->connection, "in_hot_standby");
    return value != NULL && strcmp(value, "on") == 0;
}

/* What libpq says, in one line. */
static void one_line(char *out, size_t capacity, const char *words) {
    snprintf(out, capacity, "%s", words);
    for (char *at = out; *at != '\0'; at++)
        if (*at == '\n')
            *at = at[1] == '\0' ? '\0' : ' ';
}

/* Only that there was one is of interest, and then only after a COMMIT. */
static void note_warning(void *context, const PGresult *notice) {
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        ((struct pg *)context)->is_warned = true;
}

static int unreachable(struct pg *pg, const char *reason, struct fault *fault) {
    char words[WORDS_ROOM];
    one_line(words, sizeof words, reason);
    pg_disconnect(pg);
    pg->again_ns = clock_monotonic_ns() + PAUSE_NS;
    /* The words name the machine that the database is on: they are for who operates the daemon, not for a caller. */
    if (pg->use == PG_READS)
        return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the database cannot be reached: %s", words);
    log_line(LOG_LEVEL_WARNING, "the database cannot be reached to append", "reason", words, NULL);
    return fault_set(fault, DEPOSITARY_E_UNREACHABLE,
                     "the database that this service appends to cannot be reached; try again later");
}

/*
 * What a session is like. COMMIT is never ended by a timeout of the server's: it would then be told as done without the standby. fsync off is a
 * database that forgets what it acknowledged.
 */
static int set_up(struct pg *pg, struct fault *fault) {
    static const char words[] =
        "SELECT set_config('statement_timeout', '60s', false), set_config('lock_timeout', '8s', false),"
        " set_config('idle_in_transaction_session_timeout', '120s', false), set_config('search_path', 'pg_catalog', "
        "false), set_config('client_min_messages', 'warning', false), set_config('bytea_output', 'hex', false),"
        " set_config('default_transaction_isolation', 'read committed', false),"
        " set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')"
        " THEN 'on' ELSE current_setting('synchronous_commit') END, false), current_setting('fsync')";
    PGresult *result = NULL;
    int error = pg_ask(pg, words, NULL, PG_QUICK_MS, &result, fault);
    if (error == 0 && pg->use == PG_WRITES && !bytes_equal(pg_bytes(result, 0, PQnfields(result) - 1), BYTES("on")))
        error = fault_set(fault, DEPOSITARY_E_IO, "the database has fsync off: it does not write durably");
    PQclear(result);
    return error;
}

int pg_pause(struct pg *pg, unsigned pause_ms) {
    struct pollfd stop = {.fd = pg->stop, .events = POLLIN};
    return poll(&stop, 1, (int)pause_ms) == 1 ? DEPOSITARY_E_CANCELLED : DEPOSITARY_OK;
}

/* A server that went away has said so, or closed: that is read before the connection is used again. */
static bool is_alive(const struct pg *pg) {
    struct pollfd socket = {.fd = PQsocket(pg->connection), .events = POLLIN};
    for (unsigned i = 0; PQstatus(pg->connection) == CONNECTION_OK && poll(&socket, 1, 0) == 1; i++)
        if (i == UNASKED_MOST || PQconsumeInput(pg->connection) != 1)
            return false;
    return PQstatus(pg->connection) == CONNECTION_OK;
}

/* Goes on with what an earlier call has begun: it may have been made meanwhile. Where that came to nothing, it is no news, and another is begun. */
static int dial(struct pg *pg, struct fault *fault) {
    bool is_left_over = pg->dial != NULL;
    if (!is_left_over) {
        pg->dial = dial_start(pg->url, pg->use == PG_READS);
        pg->dial_until_ns = clock_monotonic_ns() + DIAL_NS;
    }
    if (pg->dial == NULL)
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no thread to connect to the database");
    int error = dial_wait(pg->dial, pg->stop, pg->dial_until_ns, &pg->connection);
    if (error == DEPOSITARY_E_CANCELLED)
        return fault_set(fault, error, "stopped");
    if (error)
        return unreachable(pg, "it does not answer yet", fault);
    pg->dial = NULL;
    if (PQstatus(pg->connection) != CONNECTION_OK && is_left_over) {
        pg_disconnect(pg);
        return dial(pg, fault);
    }
    if (PQstatus(pg->connection) != CONNECTION_OK)
        return unreachable(pg, PQerrorMessage(pg->connection), fault);
    return is_alive(pg) && PQsetnonblocking(pg->connection, 1) == 0 ? DEPOSITARY_OK
                                                                    : unreachable(pg, "the connection broke", fault);
}

int pg_connect(struct pg *pg, struct fault *fault) {
    if (pg_pause(pg, 0) != 0)
        return fault_set(fault, DEPOSITARY_E_CANCELLED, "stopped");
    if (pg->connection != NULL && is_alive(pg))
        return DEPOSITARY_OK;
    pg_disconnect(pg);
    if (clock_monotonic_ns() < pg->again_ns)
        return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the database could not be reached a moment ago");
    int error = dial(pg, fault);
    if (error)
        return error;
    PQsetNoticeReceiver(pg->connection, note_warning, pg);
    error = set_up(pg, fault);
    error = error ? error : pg_prepare_schema(pg, fault);
    if (error)
        pg_disconnect(pg);
    return error;
}

/* ---- errors */

/* By SQLSTATE; PostgreSQL's appendix A. */
static int error_of(const char *state) {
    static const char *const away[] = {
        "08",    /* connection exception */
        "25006", /* a standby takes no writes */
        "40",    /* rolled back for another's sake */
        "53",    /* out of disk, memory, connections */
        "55P03", /* the lock was not had in time */
        "57",    /* shut down, or ended by a timeout */
    };
    for (size_t i = 0; i < sizeof away / sizeof *away; i++)
        if (strncmp(state, away[i], strlen(away[i])) == 0)
            return DEPOSITARY_E_UNREACHABLE;
    if (strcmp(state, "23503") == 0) /* what it belongs to is gone */
        return DEPOSITARY_E_STATE;
    return DEPOSITARY_E_IO;
}

static int broken(struct pg *pg, struct fault *fault, const char *words) {
    pg_disconnect(pg);
    return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the database: %s", words);
}

static int failed(struct pg *pg, const PGresult *result, struct fault *fault) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL || PQstatus(pg->connection) != CONNECTION_OK)
        return broken(pg, fault, "the connection broke");
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    int error = fault_set(fault, error_of(state), "the database: %s", words != NULL ? words : state);
    /* Another host may take writes now; a schema that is gone is made again where one connects. */
    if (strcmp(state, "25006") == 0 || strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0)
        pg_disconnect(pg);
    return error;
}

/* ---- waiting */

static int left_ms(uint64_t until_ns) {
    uint64_t now = clock_monotonic_ns();
    return now >= until_ns ? 0 : (int)((until_ns - now) / NS_PER_MS + 1);
}

/* Until the connection can be read (or written, where asked for): DEPOSITARY_E_TIMEOUT, _E_CANCELLED. */
static int await(struct pg *pg, bool writes, uint64_t until_ns, struct fault *fault) {
    struct pollfd fds[] = {{.fd = PQsocket(pg->connection), .events = (short)(writes ? POLLIN | POLLOUT : POLLIN)},
                           {.fd = pg->stop, .events = POLLIN}};
    for (;;) {
        int left = left_ms(until_ns);
        int ready = left == 0 ? 0 : poll(fds, 2, left);
        if (ready == 0)
            return fault_set(fault, DEPOSITARY_E_TIMEOUT, "the database does not answer");
        if (ready > 0)
            break;
        if (errno != EINTR)
            return fault_set(fault, DEPOSITARY_E_IO, "the database: %s", strerror(errno));
    }
    return fds[1].revents != 0 ? fault_set(fault, DEPOSITARY_E_CANCELLED, "stopped") : DEPOSITARY_OK;
}

int pg_listen(struct pg *pg, unsigned timeout_ms, struct fault *fault) {
    int error = await(pg, false, clock_monotonic_ns() + timeout_ms * NS_PER_MS, fault);
    if (error == 0 && PQconsumeInput(pg->connection) != 1)
        error = broken(pg, fault, "the connection broke");
    return error;
}

/* What goes wrong while a call is under way ends the connection: its answer would be taken for that of the next. */
static int advance(struct pg *pg, bool writes, uint64_t until_ns, struct fault *fault) {
    int error = await(pg, writes, until_ns, fault);
    if (error) {
        pg_disconnect(pg);
        return error == DEPOSITARY_E_TIMEOUT
                   ? fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the database does not answer")
                   : error;
    }
    return PQconsumeInput(pg->connection) == 1 ? DEPOSITARY_OK : broken(pg, fault, "the connection broke");
}

static int flush(struct pg *pg, uint64_t until_ns, struct fault *fault) {
    int error = DEPOSITARY_OK;
    while (error == 0) {
        int left = PQflush(pg->connection);
        if (left == 0)
            return DEPOSITARY_OK;
        error = left < 0 ? broken(pg, fault, "the connection broke") : advance(pg, true, until_ns, fault);
    }
    return error;
}

/* The next result of what was sent; *out is NULL after the last. */
static int next_result(struct pg *pg, uint64_t until_ns, PGresult **out, struct fault *fault) {
    while (PQisBusy(pg->connection)) {
        int error = advance(pg, false, until_ns, fault);
        if (error)
            return error;
    }
    *out = PQgetResult(pg->connection);
    return DEPOSITARY_OK;
}

static bool is_good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE;
}

/* ---- calls */

static int send(struct pg *pg, const char *sql, const struct pg_params *params) {
    static const struct pg_params none = {0};
    const struct pg_params *given = params != NULL ? params : &none;
    return PQsendQueryParams(pg->connection, sql, given->count, NULL, given->values, given->lengths, given->formats, 1);
}

static bool is_copying(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* An honest server gives no more rows than were asked for, and copies nothing; of one that does there may be no end. */
static int no_end(struct pg *pg, struct fault *fault) {
    pg_disconnect(pg);
    return fault_set(fault, DEPOSITARY_E_IO, "the database gives more than was asked for");
}

/* The row that was asked for is a result of its own, before one without rows that ends it. */
static void keep_result(PGresult **kept, PGresult *result) {
    if (*kept != NULL && PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 0) {
        PQclear(result);
        return;
    }
    PQclear(*kept);
    *kept = result;
}

/* All results, row by row so that libpq gathers none, and at most so many rows; the last good one is kept where out is given. */
static int gather(struct pg *pg, unsigned timeout_ms, unsigned rows_most, PGresult **out, struct fault *fault) {
    unsigned rows = 0;
    uint64_t until_ns = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    PGresult *kept = NULL, *result = NULL;
    int error = flush(pg, until_ns, fault), unread = error;
    while (unread == 0 && (unread = next_result(pg, until_ns, &result, fault)) == 0 && result != NULL) {
        rows += PQresultStatus(result) == PGRES_SINGLE_TUPLE;
        if (rows > rows_most || is_copying(result))
            error = no_end(pg, fault);
        else if (error == 0 && !is_good(result))
            error = failed(pg, result, fault);
        keep_result(&kept, result);
        if (pg->connection == NULL)
            break;
    }
    error = error ? error : unread;
    if (error == 0 && out != NULL)
        *out = kept;
    else
        PQclear(kept);
    return error;
}

int pg_run(struct pg *pg, const char *sql, unsigned timeout_ms, struct fault *fault) {
    if (PQsendQuery(pg->connection, sql) != 1 || PQsetSingleRowMode(pg->connection) != 1)
        return broken(pg, fault, "the connection broke");
    return gather(pg, timeout_ms, ROWS_MOST, NULL, fault);
}

int pg_ask(struct pg *pg, const char *sql, const struct pg_params *params, unsigned timeout_ms, PGresult **out,
           struct fault *fault) {
    if (send(pg, sql, params) != 1 || PQsetSingleRowMode(pg->connection) != 1)
        return broken(pg, fault, "the connection broke");
    return gather(pg, timeout_ms, 1, out, fault);
}

int pg_ask_number(struct pg *pg, const char *sql, uint64_t *out, struct fault *fault) {
    PGresult *result = NULL;
    int error = pg_ask(pg, sql, NULL, PG_QUICK_MS, &result, fault);
    error = error ? error : pg_number(result, 0, 0, out);
    PQclear(result);
    return error;
}

int pg_stream(struct pg *pg, const char *sql, const struct pg_params *params, pg_row_sink *sink, void *context,
              struct fault *fault) {
    if (send(pg, sql, params) != 1 || PQsetSingleRowMode(pg->connection) != 1)
        return broken(pg, fault, "the connection broke");
    uint64_t until_ns = clock_monotonic_ns() + PG_LONG_MS * NS_PER_MS;
    int error = flush(pg, until_ns, fault), unread = error;
    PGresult *result = NULL;
    while (unread == 0 && (unread = next_result(pg, until_ns, &result, fault)) == 0 && result != NULL) {
        if (is_copying(result))
            error = no_end(pg, fault);
        else if (error == 0 && !is_good(result))
            error = failed(pg, result, fault);
        else if (error == 0 && PQntuples(result) == 1 && (error = sink(context, result)) != 0)
            pg_disconnect(pg); /* there may be no end of rows */
        PQclear(result);
        until_ns = clock_monotonic_ns() + PG_LONG_MS * NS_PER_MS;
        if (pg->connection == NULL)
            break;
    }
    return error ? error : unread;
}
