/*
 * The dialling thread (dial.h). Its memory is its own and its caller's: who lets go last frees it. A thread that has ended is joined; one that was left
 * to itself may be inside libpq and the libraries under it when the process ends, which must then not take them down (postgres_is_dialling).
 */
#include "postgres/dial.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/time.h"
#include "postgres/postgres.h"

struct dial {
    char *url;
    bool is_any_good;
    pthread_t thread;
    int ended; /* an eventfd: readable once `connection` is set */
    _Atomic(PGconn *) connection;
    atomic_int holders;
};

/* Each host has its time; what is broken without a word is found out by TCP. The URL's own words go over those that stand before it. */
static PGconn *connect(const char *url, bool is_any_good) {
    const char *const names[] = {"fallback_application_name",
                                 "connect_timeout",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 "target_session_attrs",
                                 "dbname",
                                 "client_encoding",
                                 "target_session_attrs",
                                 NULL};
    const char *const values[] = {"depositary", "3", "5", "2", "3", "10000", "read-write", url, "UTF8", "any", NULL};
    const char *const plain_names[] = {names[0], names[1], names[2], names[3], names[4],
                                       names[5], names[6], names[7], names[8], NULL};
    return PQconnectdbParams(is_any_good ? names : plain_names, values, 1);
}

static atomic_bool was_any_left;

bool postgres_is_dialling(void) {
    return atomic_load(&was_any_left);
}

/* True: nobody holds it any more, and it is freed. */
static bool release(struct dial *dial) {
    if (atomic_fetch_sub(&dial->holders, 1) > 1)
        return false;
    PQfinish(atomic_load(&dial->connection));
    if (dial->ended >= 0)
        close(dial->ended);
    free(dial->url);
    free(dial);
    return true;
}

static void *run(void *argument) {
    const uint64_t one = 1;
    struct dial *dial = argument;
    PGconn *connection = connect(dial->url, false);
    if (dial->is_any_good && PQstatus(connection) != CONNECTION_OK) {
        PQfinish(connection);
        connection = connect(dial->url, true);
    }
    atomic_store(&dial->connection, connection);
    ssize_t written = write(dial->ended, &one, sizeof one);
    (void)written; /* there is room for one */
    (void)release(dial);
    return NULL;
}

struct dial *dial_start(const char *url, bool is_any_good) {
    struct dial *dial = calloc(1, sizeof *dial);
    if (dial == NULL)
        return NULL;
    atomic_init(&dial->holders, 1);
    atomic_init(&dial->connection, NULL);
    dial->is_any_good = is_any_good;
    dial->url = strdup(url);
    dial->ended = eventfd(0, EFD_CLOEXEC);
    if (dial->url != NULL && dial->ended >= 0) {
        atomic_store(&dial->holders, 2);
        if (pthread_create(&dial->thread, NULL, run, dial) == 0)
            return dial;
        atomic_store(&dial->holders, 1);
    }
    (void)release(dial);
    return NULL;
}

static int left_ms(uint64_t until_ns) {
    uint64_t now = clock_monotonic_ns();
    return now >= until_ns ? 0 : (int)((until_ns - now) / NS_PER_MS + 1);
}

int dial_wait(struct dial *dial, int stop, uint64_t until_ns, PGconn **out) {
    struct pollfd fds[] = {{.fd = dial->ended, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
    while (poll(fds, 2, left_ms(until_ns)) < 0)
        if (errno != EINTR)
            return DEPOSITARY_E_TIMEOUT;
    if (fds[1].revents != 0)
        return DEPOSITARY_E_CANCELLED;
    if (fds[0].revents == 0)
        return DEPOSITARY_E_TIMEOUT;
    pthread_t thread = dial->thread;
    *out = atomic_exchange(&dial->connection, NULL);
    (void)release(dial);
    (void)pthread_join(thread, NULL); /* it has nothing left to do */
    return DEPOSITARY_OK;
}

void dial_leave(struct dial *dial) {
    if (dial == NULL)
        return;
    pthread_t thread = dial->thread;
    if (release(dial)) {
        (void)pthread_join(thread, NULL);
    } else {
        atomic_store(&was_any_left, true);
        (void)pthread_detach(thread);
    }
}
