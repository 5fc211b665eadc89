/* The follower's thread (follower.h): looks, waits, looks again. */
#include "follower/follower.h"

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "follower/announced.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEAST_PAUSE_NS INT64_C(200000000) /* between two looks, however often it is woken */
#define PATH_ROOM      4096

struct follower {
    struct follower_config config;
    char *evidence_dir;
    struct announced *announced;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t looking; /* held while the source is asked; taken before lock */
    pthread_mutex_t lock;    /* over what follows */
    pthread_cond_t wake;
    bool is_woken;
    bool is_stopping;
    struct follower_status status;
};

/* ---- a fork */

/* The ledger's own note, then the source's: who has both can judge for themselves. */
static void keep_evidence(const struct follower *follower, struct bytes other) {
    char name[64], path[PATH_ROOM];
    struct buffer both;
    struct fault fault = {0};
    const struct ledger_state *state = ledger_state_take(follower->config.ledger);
    buffer_init(&both, 2 * LIMIT_NOTE + 1);
    buffer_append(&both, state->checkpoint);
    buffer_append_byte(&both, '\n');
    buffer_append(&both, other);
    snprintf(name, sizeof name, "fork-%" PRIu64 ".txt", state->size);
    ledger_state_release(state);
    int error = file_path(path, sizeof path, follower->evidence_dir, name);
    error = error ? error : both.error;
    error = error ? error : file_write(path, buffer_bytes(&both), 0644, &fault);
    if (error == 0)
        log_line(LOG_LEVEL_ERROR,
                 "a fork: the ledger key has signed two ledgers; both notes are kept, and nothing more is followed",
                 "evidence", path, NULL);
    else
        log_line(LOG_LEVEL_ERROR, "a fork: the ledger key has signed two ledgers; the notes cannot be kept", "reason",
                 fault_text(&fault), NULL);
    buffer_free(&both);
}

/* ---- one look */

static void tell_growth(struct follower *follower, const struct pull_result *result) {
    char size[24];
    snprintf(size, sizeof size, "%" PRIu64, result->source_size);
    log_line(LOG_LEVEL_INFO, "ledger extended from its source", "size", size, NULL);
    if (follower->config.grown != NULL)
        follower->config.grown(follower->config.context);
}

/* Says so when it changes, not at every look. */
static void tell_trouble(const struct follower *follower, const char *trouble) {
    if (trouble[0] != '\0' && follower->status.trouble[0] == '\0')
        log_line(LOG_LEVEL_WARNING, "the source cannot be followed; what is held is served on", "reason", trouble,
                 NULL);
    else if (trouble[0] == '\0' && follower->status.trouble[0] != '\0')
        log_line(LOG_LEVEL_INFO, "the source is followed again", NULL);
}

static void set_status(struct follower *follower, const struct pull_result *result, int error,
                       const struct fault *fault) {
    const struct ledger_state *state = ledger_state_take(follower->config.ledger);
    pthread_mutex_lock(&follower->lock);
    struct follower_status *status = &follower->status;
    char trouble[sizeof status->trouble] = "";
    if (error)
        snprintf(trouble, sizeof trouble, "%s", fault_text(fault));
    if (error != DEPOSITARY_E_CANCELLED)
        tell_trouble(follower, trouble);
    snprintf(status->trouble, sizeof status->trouble, "%s", trouble);
    status->is_reached = error == 0;
    status->is_forked = status->is_forked || error == DEPOSITARY_E_FORK;
    status->ledger_size = state->size;
    if (result->source_size > status->source_size)
        status->source_size = result->source_size;
    if (error == 0)
        status->reached_s = clock_now_s();
    pthread_mutex_unlock(&follower->lock);
    ledger_state_release(state);
}

static void tell_behind(struct follower *follower, const struct pull_result *result) {
    const struct ledger_state *state = ledger_state_take(follower->config.ledger);
    bool is_behind = result->source_size < state->size;
    ledger_state_release(state);
    if (is_behind && follower->config.behind != NULL)
        follower->config.behind(follower->config.context);
}

static int look(struct follower *follower, struct fault *why) {
    struct pull_result result;
    struct fault fault = {0};
    int error = ledger_pull(follower->config.ledger, follower->config.source, &result, &fault);
    fault.error = error;
    *why = fault;
    if (error == DEPOSITARY_E_MISSING) /* an empty ledger is one that we are level with */
        error = 0;
    if (error == DEPOSITARY_E_FORK)
        keep_evidence(follower, buffer_bytes(&result.fork));
    set_status(follower, &result, error, &fault);
    if (error == 0 && result.added > 0)
        tell_growth(follower, &result);
    if (error == 0)
        tell_behind(follower, &result);
    buffer_free(&result.fork);
    return error;
}

int follower_catch_up(struct follower *follower, struct fault *fault) {
    struct fault why = {0};
    pthread_mutex_lock(&follower->looking);
    pthread_mutex_lock(&follower->lock);
    bool is_forked = follower->status.is_forked;
    pthread_mutex_unlock(&follower->lock);
    int error =
        is_forked ? fault_set(&why, DEPOSITARY_E_FORK, "the ledger key has signed two ledgers") : look(follower, &why);
    pthread_mutex_unlock(&follower->looking);
    return error ? fault_set(fault, error, "%s", fault_text(&why)) : 0;
}

/* ---- the thread */

static struct timespec after(int64_t ns) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    int64_t sum = time.tv_nsec + ns;
    time.tv_sec += (time_t)(sum / NS_PER_S);
    time.tv_nsec = (long)(sum % NS_PER_S);
    return time;
}

/* Waits under the lock until it is woken, or the time is over. */
static void wait_for_wake(struct follower *follower) {
    struct timespec until = after(LEAST_PAUSE_NS);
    while (!follower->is_stopping && pthread_cond_timedwait(&follower->wake, &follower->lock, &until) != ETIMEDOUT) {
    }
    until = after(follower->config.interval_s * NS_PER_S - LEAST_PAUSE_NS);
    while (!follower->is_stopping && !follower->is_woken &&
           pthread_cond_timedwait(&follower->wake, &follower->lock, &until) != ETIMEDOUT) {
    }
}

static void *run(void *context) {
    struct follower *follower = context;
    pthread_mutex_lock(&follower->lock);
    while (!follower->is_stopping && !follower->status.is_forked) {
        follower->is_woken = false;
        pthread_mutex_unlock(&follower->lock);
        int error = follower_catch_up(follower, NULL);
        (void)error; /* it was told, and the next look may go better */
        pthread_mutex_lock(&follower->lock);
        wait_for_wake(follower);
    }
    pthread_mutex_unlock(&follower->lock);
    return NULL;
}

/* ---- from outside */

static void heard(void *context) {
    follower_wake(context);
}

void follower_wake(struct follower *follower) {
    pthread_mutex_lock(&follower->lock);
    follower->is_woken = true;
    pthread_cond_signal(&follower->wake);
    pthread_mutex_unlock(&follower->lock);
}

void follower_status(struct follower *follower, struct follower_status *out) {
    pthread_mutex_lock(&follower->lock);
    *out = follower->status;
    pthread_mutex_unlock(&follower->lock);
}

static int follower_new(struct follower **out, const struct follower_config *config) {
    struct follower *follower = calloc(1, sizeof *follower);
    pthread_condattr_t attributes;
    if (follower == NULL)
        return DEPOSITARY_E_MEMORY;
    follower->config = *config;
    follower->evidence_dir = strdup(config->evidence_dir);
    pthread_mutex_init(&follower->lock, NULL); /* a plain mutex: it cannot fail on Linux */
    pthread_mutex_init(&follower->looking, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&follower->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    *out = follower;
    return follower->evidence_dir != NULL ? 0 : DEPOSITARY_E_MEMORY;
}

int follower_start(struct follower **out, const struct follower_config *config, struct fault *fault) {
    struct follower *follower = NULL;
    int error = follower_new(&follower, config);
    if (follower == NULL) {
        config->source->ops->close(config->source);
        return error;
    }
    if (error == 0 && pthread_create(&follower->thread, NULL, run, follower) != 0)
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "no thread to follow the source");
    else if (error == 0)
        follower->has_thread = true;
    if (error == 0 && config->announce_url != NULL)
        error = announced_start(&follower->announced, config->announce_url, config->origin, heard, follower, fault);
    if (error) {
        follower_stop(follower);
        follower_free(follower);
        return error;
    }
    *out = follower;
    return 0;
}

void follower_stop(struct follower *follower) {
    if (follower == NULL)
        return;
    struct source *source = follower->config.source;
    announced_stop(follower->announced);
    follower->announced = NULL;
    pthread_mutex_lock(&follower->lock);
    follower->is_stopping = true;
    pthread_cond_signal(&follower->wake);
    pthread_mutex_unlock(&follower->lock);
    if (follower->has_thread) {
        source->ops->cancel(source);
        pthread_join(follower->thread, NULL);
        follower->has_thread = false;
    }
}

void follower_free(struct follower *follower) {
    if (follower == NULL)
        return;
    struct source *source = follower->config.source;
    source->ops->close(source);
    pthread_mutex_destroy(&follower->looking);
    pthread_cond_destroy(&follower->wake);
    pthread_mutex_destroy(&follower->lock);
    free(follower->evidence_dir);
    free(follower);
}
