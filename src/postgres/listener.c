/* LISTEN (postgres.h): a connection and a thread of its own, which is told of each append. They are hints: what is told is asked for again. */
#include <stdlib.h>

#include "postgres/connection.h"
#include "postgres/postgres.h"

#define PAUSE_MS   1000u  /* before it connects again */
#define QUIET_MS   30000u /* after so long without a word the connection is tried */
#define STANDBY_MS 5000u  /* a standby may be promoted */

struct postgres_listener {
    struct pg pg;
    pthread_t thread;
    void (*heard)(void *context);
    void *context;
};

/* Whether there were any. */
static bool take_notices(struct pg *pg) {
    bool has_any = false;
    for (PGnotify *notice; (notice = PQnotifies(pg->connection)) != NULL; PQfreemem(notice))
        has_any = true;
    return has_any;
}

/* Until the connection breaks. What came before it was made is looked for, too. */
static int listen(struct postgres_listener *listener) {
    struct pg *pg = &listener->pg;
    int error = pg_connect(pg, NULL);
    error = error ? error : pg_run(pg, "LISTEN depositary", PG_QUICK_MS, NULL);
    if (error == 0)
        listener->heard(listener->context);
    while (error == 0) {
        error = pg_listen(pg, QUIET_MS, NULL);
        if (error == DEPOSITARY_E_TIMEOUT)
            error = pg_run(pg, "SELECT", PG_QUICK_MS, NULL);
        if (error == 0 && take_notices(pg))
            listener->heard(listener->context);
    }
    return error;
}

static void *run(void *context) {
    struct postgres_listener *listener = context;
    while (listen(listener) != DEPOSITARY_E_CANCELLED) {
        bool is_standby = listener->pg.connection != NULL && pg_is_standby(&listener->pg);
        pg_disconnect(&listener->pg);
        if (pg_pause(&listener->pg, is_standby ? STANDBY_MS : PAUSE_MS) != 0)
            break;
    }
    return NULL;
}

int postgres_listener_start(struct postgres_listener **out, const char *url, void (*heard)(void *context),
                            void *context, struct fault *fault) {
    struct postgres_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return DEPOSITARY_E_MEMORY;
    listener->heard = heard;
    listener->context = context;
    int error = pg_init(&listener->pg, url, PG_READS);
    if (error == 0 && pthread_create(&listener->thread, NULL, run, listener) != 0)
        error = DEPOSITARY_E_MEMORY;
    if (error) {
        pg_clean_up(&listener->pg);
        free(listener);
        return fault_set(fault, error, "no thread to listen to a database");
    }
    *out = listener;
    return DEPOSITARY_OK;
}

void postgres_listener_stop(struct postgres_listener *listener) {
    if (listener == NULL)
        return;
    pg_cancel(&listener->pg);
    pthread_join(listener->thread, NULL);
    pg_clean_up(&listener->pg);
    free(listener);
}
