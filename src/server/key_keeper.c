/* The answer key while the daemon runs (key_keeper.h). */
#include "server/key_keeper.h"

#include "base/log.h"
#include "base/time.h"
#include "server/sealer.h"
#include "server/view.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_S  1     /* between two looks at the ledger that is served and at the next key's file */
#define DAY_S   86400 /* between two warnings */
#define DIR_MAX 4096u

/* A key that seals, or did: public keys are read by calls that are under way, so they stay until the end. */
struct kept_key {
    struct answer_key key;
    struct kept_key *before;
};

struct key_keeper {
    char dir[DIR_MAX];
    struct server *server;
    struct kept_key *current;
    struct answer_key next; /* secret_key NULL: none */
    int64_t warned_at;      /* 0: never */
    bool is_end_told;
    bool is_trouble_told; /* with the next key: once is enough */
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    bool is_stopping;
};

/* ---- warnings */

static void print_key(char out[64], const uint8_t public_key[PUBLIC_KEY_LEN]) {
    struct buffer text;
    buffer_init(&text, 64);
    buffer_append_base64(&text, bytes_of(public_key, PUBLIC_KEY_LEN));
    snprintf(out, 64, "%.*s", (int)text.len, (const char *)text.data);
    buffer_free(&text);
}

/* A warning a day from 14 days before the end on, and an error once it came. */
static void warn(struct key_keeper *keeper, const struct key_window *window, int64_t now) {
    char key[64], time[TIME_TEXT_LEN + 1] = "", days[24];
    int64_t left = window->not_after - now;
    if (left > KEY_WARNING_S) {
        return;
    }
    print_key(key, keeper->current->key.public_key);
    (void)time_print(time, window->not_after);
    if (left <= 0) {
        if (!keeper->is_end_told) {
            log_line(LOG_LEVEL_ERROR, "the answer key's time is over: not serving until the office authorises another",
                     "key", key, "not-after", time, NULL);
        }
        keeper->is_end_told = true;
    } else if (keeper->warned_at == 0 || now - keeper->warned_at >= DAY_S) {
        snprintf(days, sizeof(days), "%" PRId64, left / DAY_S);
        log_line(
            LOG_LEVEL_WARNING,
            "the answer key's time is nearly over; authorise the one that depositaryd --print-next-key-request shows",
            "key", key, "not-after", time, "days", days, NULL);
        keeper->warned_at = now;
    }
}

/* ---- the successor */

static void tell_trouble(struct key_keeper *keeper, const char *what, const struct fault *fault) {
    if (!keeper->is_trouble_told) {
        log_line(LOG_LEVEL_ERROR, what, "reason", fault_text(fault), NULL);
        keeper->is_trouble_told = true;
    }
}

static void load_next(struct key_keeper *keeper) {
    struct fault fault = {0};
    if (keeper->next.secret_key) {
        return;
    }
    int error = answer_key_open_next(&keeper->next, keeper->dir, false, &fault);
    if (!error) {
        keeper->is_trouble_told = false;
    } else if (error != DEPOSITARY_E_MISSING) {
        tell_trouble(keeper, "the next answer key cannot be read", &fault);
    }
}

/* The file first: after a crash the daemon must come up with the key that seals. Then the sealer, and then nobody needs the old secret. */
static int promote(struct key_keeper *keeper, struct fault *fault) {
    struct kept_key *kept = calloc(1, sizeof(*kept));
    if (!kept) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for a key");
    }
    int error = answer_key_promote(keeper->dir, fault);
    if (error) {
        free(kept);
        return error;
    }
    kept->key = keeper->next;
    kept->before = keeper->current;
    keeper->next = (struct answer_key){0};
    sealer_use_key(keeper->server->sealer, kept->key.secret_key, kept->key.public_key);
    __atomic_store_n(&keeper->server->key, &kept->key, __ATOMIC_RELEASE);
    answer_key_close(&keeper->current->key);
    keeper->current = kept;
    keeper->warned_at = 0;
    keeper->is_end_told = false;
    return 0;
}

/* Asked of the state that is served, since clients ask the same for the record of the key that sealed. */
static void try_next(struct key_keeper *keeper, const struct ledger_state *state, int64_t now) {
    struct fault fault = {0};
    char key[64];
    load_next(keeper);
    if (!keeper->next.secret_key ||
        answer_key_check(keeper->next.public_key, keeper->server->ledger, state, now, NULL) != 0) {
        return;
    }
    int error = promote(keeper, &fault);
    print_key(key, keeper->current->key.public_key);
    if (error) {
        tell_trouble(keeper, "the next answer key cannot take over", &fault);
    } else {
        keeper->is_trouble_told = false;
        log_line(LOG_LEVEL_INFO, "another answer key seals from now on", "key", key, NULL);
    }
}

/* ---- the thread */

static void look(struct key_keeper *keeper) {
    struct view *view = view_take(keeper->server->views);
    int64_t now = clock_now_s();
    struct key_window window = {0};
    try_next(keeper, view->state, now);
    if (answer_key_window(&window, keeper->current->key.public_key, keeper->server->ledger, view->state, NULL) == 0) {
        warn(keeper, &window, now);
    }
    __atomic_store_n(&keeper->server->key_not_after, window.not_after, __ATOMIC_RELAXED);
    view_release(view);
}

static void *run(void *context) {
    struct key_keeper *keeper = context;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->is_stopping) {
        pthread_mutex_unlock(&keeper->lock);
        look(keeper);
        pthread_mutex_lock(&keeper->lock);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LOOK_S;
        while (!keeper->is_stopping && pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until) != ETIMEDOUT) {
        }
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

void key_keeper_free(struct key_keeper *keeper) {
    if (!keeper) {
        return;
    }
    while (keeper->current) {
        struct kept_key *before = keeper->current->before;
        answer_key_close(&keeper->current->key);
        free(keeper->current);
        keeper->current = before;
    }
    answer_key_close(&keeper->next);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

int key_keeper_start(struct key_keeper **out, const char *dir, struct answer_key *key, struct server *server,
                     struct fault *fault) {
    struct key_keeper *keeper = calloc(1, sizeof(*keeper));
    struct kept_key *current = calloc(1, sizeof(*current));
    if (!keeper || !current || strlen(dir) >= sizeof(keeper->dir)) {
        free(keeper);
        free(current);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the answer key");
    }
    snprintf(keeper->dir, sizeof(keeper->dir), "%s", dir);
    keeper->server = server;
    keeper->current = current;
    current->key = *key;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&keeper->lock, NULL);
    __atomic_store_n(&server->key, &current->key, __ATOMIC_RELEASE);
    if (pthread_create(&keeper->thread, NULL, run, keeper) != 0) {
        __atomic_store_n(&server->key, key, __ATOMIC_RELEASE);
        current->key = (struct answer_key){0}; /* still the caller's */
        key_keeper_free(keeper);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no thread for the answer key");
    }
    *key = (struct answer_key){0};
    *out = keeper;
    return 0;
}

void key_keeper_words(struct key_keeper *keeper, char *out, size_t capacity) {
    char time[TIME_TEXT_LEN + 1] = "";
    int64_t not_after = __atomic_load_n(&keeper->server->key_not_after, __ATOMIC_RELAXED);
    int64_t left = not_after - clock_now_s();
    out[0] = '\0';
    if (not_after != 0 && left <= KEY_WARNING_S && time_print(time, not_after)) {
        snprintf(out, capacity, "the answer key is good until %s, %" PRId64 " days", time, left / DAY_S);
    }
}

void key_keeper_stop(struct key_keeper *keeper) {
    if (!keeper) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->is_stopping = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
}
