/* After an append (growth.h). */
#include "server/growth.h"

#include "base/log.h"
#include "base/time.h"
#include "server/view.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_S    5                 /* after the catalog could not be written */
#define WAIT_NS    (5 * NS_PER_S)    /* that an append waits at most */
#define RENEWAL_NS (60 * NS_PER_S)   /* from one attempt to make the catalog anew to the next */
#define RESERVE_NS (500 * NS_PER_MS) /* of an append's time, kept for its answer */

struct growth {
    struct server *server;
    pthread_t thread;
    pthread_t inspector;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    pthread_cond_t done;
    uint64_t told;       /* appends told of */
    uint64_t served;     /* appends that are served, all up to this one */
    bool is_rotten;      /* the catalog is to be made anew */
    uint64_t renewed_ns; /* end of the last attempt; 0: none */
    bool is_stopping;
};

static bool catch_up(struct server *server) {
    struct fault fault = {0};
    int error = catalog_update(server->catalog, &fault);
    if (!error) {
        error = views_advance(server->views);
    }
    if (error) {
        fault.error = error;
        log_line(LOG_LEVEL_ERROR, "what was appended cannot be served yet", "reason", fault_text(&fault), NULL);
    } else if (server->served) {
        server->served(server->served_context);
    }
    return error == 0;
}

static void pause_before_retry(struct growth *growth) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    while (!growth->is_stopping && pthread_cond_timedwait(&growth->wake, &growth->lock, &until) != ETIMEDOUT) {
    }
}

/* What a start left out for the sake of its speed. */
static void *inspect(void *context) {
    struct fault fault = {0};
    if (catalog_inspect(context, &fault) != 0) {
        log_line(LOG_LEVEL_ERROR, "the catalog was looked through", "reason", fault_text(&fault), NULL);
    } else if (catalog_tidy(context, &fault) != 0) {
        log_line(LOG_LEVEL_WARNING, "the catalog's index could not be put in order", "reason", fault_text(&fault),
                 NULL);
    }
    return NULL;
}

static void rot_told(void *context) {
    struct growth *growth = context;
    pthread_mutex_lock(&growth->lock);
    growth->is_rotten = true;
    pthread_cond_signal(&growth->wake);
    pthread_mutex_unlock(&growth->lock);
}

/* Not again and again where a disk goes on rotting, or is full: the next call that fails asks again. */
static bool renewal_is_due(struct growth *growth) {
    bool is_wanted = growth->is_rotten;
    growth->is_rotten = false;
    return is_wanted && (growth->renewed_ns == 0 || clock_monotonic_ns() - growth->renewed_ns >= RENEWAL_NS);
}

static void renew(struct server *server) {
    struct fault fault = {0};
    log_line(LOG_LEVEL_ERROR,
             "the catalog is damaged; another is made beside it, and what is whole of it is used until then", NULL);
    int error = catalog_renew(server->catalog, &fault);
    if (!error) {
        log_line(LOG_LEVEL_INFO, "the catalog was made anew", NULL);
    } else if (error != DEPOSITARY_E_CANCELLED) {
        log_line(LOG_LEVEL_ERROR, "the catalog could not be made anew", "reason", fault_text(&fault), NULL);
    }
}

static void *run(void *context) {
    struct growth *growth = context;
    pthread_mutex_lock(&growth->lock);
    while (!growth->is_stopping) {
        if (renewal_is_due(growth)) {
            pthread_mutex_unlock(&growth->lock);
            renew(growth->server);
            pthread_mutex_lock(&growth->lock);
            growth->renewed_ns = clock_monotonic_ns();
            continue;
        }
        if (growth->served == growth->told) {
            pthread_cond_wait(&growth->wake, &growth->lock);
            continue;
        }
        uint64_t told = growth->told;
        pthread_mutex_unlock(&growth->lock);
        bool is_served = catch_up(growth->server);
        pthread_mutex_lock(&growth->lock);
        if (is_served) {
            growth->served = told;
            pthread_cond_broadcast(&growth->done);
        } else {
            pause_before_retry(growth);
        }
    }
    pthread_mutex_unlock(&growth->lock);
    return NULL;
}

void growth_told(void *context, uint64_t deadline_ns) {
    struct growth *growth = context;
    uint64_t now = clock_monotonic_ns();
    uint64_t end = now + WAIT_NS;
    if (deadline_ns > RESERVE_NS && deadline_ns - RESERVE_NS < end) {
        end = deadline_ns - RESERVE_NS;
    }
    const struct timespec until = {.tv_sec = (time_t)(end / NS_PER_S), .tv_nsec = (long)(end % NS_PER_S)};
    pthread_mutex_lock(&growth->lock);
    uint64_t mine = ++growth->told;
    pthread_cond_signal(&growth->wake);
    while (growth->served < mine && !growth->is_stopping &&
           pthread_cond_timedwait(&growth->done, &growth->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&growth->lock);
}

static void init_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void growth_free(struct growth *growth) {
    pthread_cond_destroy(&growth->done);
    pthread_cond_destroy(&growth->wake);
    pthread_mutex_destroy(&growth->lock);
    free(growth);
}

int growth_start(struct growth **out, struct server *server, struct fault *fault) {
    struct growth *growth = calloc(1, sizeof(*growth));
    if (!growth) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to follow the ledger");
    }
    growth->server = server;
    pthread_mutex_init(&growth->lock, NULL);
    init_condition(&growth->wake);
    init_condition(&growth->done);
    if (pthread_create(&growth->thread, NULL, run, growth) != 0) {
        growth_free(growth);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no thread to follow the ledger");
    }
    if (pthread_create(&growth->inspector, NULL, inspect, server->catalog) != 0) {
        growth->inspector = growth->thread; /* left out: what the catalog says is proved at every read */
    }
    catalog_on_rot(server->catalog, rot_told, growth);
    *out = growth;
    return 0;
}

void growth_stop(struct growth *growth) {
    if (!growth) {
        return;
    }
    pthread_mutex_lock(&growth->lock);
    growth->is_stopping = true;
    pthread_cond_broadcast(&growth->wake);
    pthread_cond_broadcast(&growth->done);
    pthread_mutex_unlock(&growth->lock);
    catalog_on_rot(growth->server->catalog, NULL, NULL);
    catalog_interrupt(growth->server->catalog);
    if (!pthread_equal(growth->inspector, growth->thread)) {
        pthread_join(growth->inspector, NULL);
    }
    pthread_join(growth->thread, NULL);
    growth_free(growth);
}
