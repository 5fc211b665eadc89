/* The sealer (sealer.h). */
#include "server/sealer.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A caller that waits for each answer before it asks again needs longer than this from one to the other, if only for two turns of the scheduler; what comes
 * sooner had been waiting.
 */
#define LONE_GAP_NS 6000u

struct sealer {
    char origin[LIMIT_ORIGIN + 1];
    size_t batch_max;

    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    struct sealing *first;
    struct sealing **last; /* where the next one is linked */
    bool is_asleep;
    bool is_stopping;

    struct sealing *batch[LIMIT_BATCH]; /* the thread's own */

    pthread_mutex_t desk; /* over what follows: who seals, the thread or the caller with a lone answer */
    const uint8_t *secret_key;
    uint8_t public_key[PUBLIC_KEY_LEN];
    struct merkle_tree tree;
    struct buffer head;
    struct after_batch *after;
    uint64_t ended_ns; /* when the last batch was on its way, by the monotonic clock */
};

/* Answers of one state can be told in one head; the note may have got more signatures meanwhile. */
static bool same_state(const struct ledger_state *a, const struct ledger_state *b) {
    return a == b || (a->size == b->size && hash_equal(&a->root, &b->root));
}

/* Takes the next batch: what waits at the front, as far as it is of one state. 0 only when the sealer stops. */
static size_t take_batch(struct sealer *sealer) {
    size_t count = 0;
    pthread_mutex_lock(&sealer->lock);
    while (!sealer->first && !sealer->is_stopping) {
        sealer->is_asleep = true;
        pthread_cond_wait(&sealer->wake, &sealer->lock);
    }
    sealer->is_asleep = false;
    while (sealer->first && count < sealer->batch_max &&
           (count == 0 || same_state(sealer->first->state, sealer->batch[0]->state))) {
        sealer->batch[count++] = sealer->first;
        sealer->first = sealer->first->next;
    }
    if (!sealer->first) {
        sealer->last = &sealer->first;
    }
    pthread_mutex_unlock(&sealer->lock);
    return count;
}

static void build_tree(struct sealer *sealer, struct sealing *const batch[], size_t count) {
    merkle_tree_reset(&sealer->tree);
    for (size_t i = 0; i < count; i++) {
        struct hash leaf;
        seal_leaf(&leaf, &batch[i]->request_digest, &batch[i]->answer_digest);
        merkle_tree_append(&sealer->tree, &leaf);
    }
    merkle_tree_finish(&sealer->tree);
}

static int sign_head(struct sealer *sealer, const struct ledger_state *state, size_t count,
                     uint8_t signature[SIGNATURE_LEN]) {
    struct seal_head head = {
        .size = count, .sealed_at = clock_now_s(), .ledger_size = state->size, .ledger_root = state->root};
    memcpy(head.origin, sealer->origin, sizeof(head.origin));
    merkle_tree_root(&head.root, &sealer->tree);
    buffer_clear(&sealer->head);
    int error = seal_head_print(&sealer->head, &head);
    return error ? error : seal_sign(signature, buffer_bytes(&sealer->head), sealer->secret_key);
}

/* At the desk. */
static void seal_batch(struct sealer *sealer, struct sealing *const batch[], size_t count) {
    uint8_t signature[SIGNATURE_LEN];
    build_tree(sealer, batch, count);
    int error = sign_head(sealer, batch[0]->state, count, signature);
    if (error) {
        log_line(LOG_LEVEL_ERROR, "answers could not be sealed", "reason", depositary_error_text(error), NULL);
    }
    struct seal seal = {.public_key = bytes_of(sealer->public_key, sizeof(sealer->public_key)),
                        .head = buffer_bytes(&sealer->head),
                        .signature = bytes_of(signature, sizeof(signature))};
    uint64_t now = clock_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        batch[i]->batch = count;
        batch[i]->sealed_ns = now;
        seal.index = i;
        merkle_tree_path(&seal.path, &sealer->tree, i);
        batch[i]->sealed(batch[i], error ? NULL : &seal); /* it may be gone after this */
    }
    while (sealer->after) {
        struct after_batch *after = sealer->after;
        sealer->after = after->next;
        after->run(after);
    }
    sealer->ended_ns = clock_monotonic_ns();
}

void sealer_after_batch(struct sealer *sealer, struct after_batch *after) {
    after->next = sealer->after;
    sealer->after = after;
}

static void *run(void *context) {
    struct sealer *sealer = context;
    for (size_t count; (count = take_batch(sealer)) > 0;) {
        pthread_mutex_lock(&sealer->desk);
        seal_batch(sealer, sealer->batch, count);
        pthread_mutex_unlock(&sealer->desk);
    }
    return NULL;
}

void sealer_submit(struct sealer *sealer, struct sealing *sealing) {
    sealing->next = NULL;
    pthread_mutex_lock(&sealer->lock);
    *sealer->last = sealing;
    sealer->last = &sealing->next;
    bool is_asleep = sealer->is_asleep;
    sealer->is_asleep = false;
    pthread_mutex_unlock(&sealer->lock);
    if (is_asleep) {
        pthread_cond_signal(&sealer->wake);
    }
}

void sealer_submit_lone(struct sealer *sealer, struct sealing *sealing) {
    bool is_at_desk = pthread_mutex_trylock(&sealer->desk) == 0;
    bool is_lone = is_at_desk && sealing->begun_ns > sealer->ended_ns + LONE_GAP_NS;
    if (is_lone) {
        seal_batch(sealer, &sealing, 1);
    }
    if (is_at_desk) {
        pthread_mutex_unlock(&sealer->desk);
    }
    if (!is_lone) { /* the next batch takes it along */
        sealer_submit(sealer, sealing);
    }
}

void sealer_use_key(struct sealer *sealer, const uint8_t *secret_key, const uint8_t *public_key) {
    pthread_mutex_lock(&sealer->desk);
    sealer->secret_key = secret_key;
    memcpy(sealer->public_key, public_key, sizeof(sealer->public_key));
    pthread_mutex_unlock(&sealer->desk);
}

static void sealer_free(struct sealer *sealer) {
    merkle_tree_free(&sealer->tree);
    buffer_free(&sealer->head);
    pthread_cond_destroy(&sealer->wake);
    pthread_mutex_destroy(&sealer->desk);
    pthread_mutex_destroy(&sealer->lock);
    free(sealer);
}

int sealer_start(struct sealer **out, const char *origin, size_t batch_max, const uint8_t *secret_key,
                 const uint8_t *public_key, struct fault *fault) {
    struct sealer *sealer = calloc(1, sizeof(*sealer));
    if (!sealer) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the sealer");
    }
    pthread_mutex_init(&sealer->lock, NULL);
    pthread_mutex_init(&sealer->desk, NULL);
    pthread_cond_init(&sealer->wake, NULL);
    buffer_init(&sealer->head, LIMIT_SEAL_HEAD);
    snprintf(sealer->origin, sizeof(sealer->origin), "%s", origin);
    sealer->batch_max = batch_max;
    sealer->secret_key = secret_key;
    memcpy(sealer->public_key, public_key, sizeof(sealer->public_key));
    sealer->last = &sealer->first;
    int error = merkle_tree_init(&sealer->tree, LIMIT_BATCH);
    if (!error && pthread_create(&sealer->thread, NULL, run, sealer) != 0) {
        error = DEPOSITARY_E_MEMORY;
    }
    if (error) {
        sealer_free(sealer);
        return fault_set(fault, error, "the sealer cannot be started");
    }
    *out = sealer;
    return 0;
}

void sealer_stop(struct sealer *sealer) {
    if (!sealer) {
        return;
    }
    pthread_mutex_lock(&sealer->lock);
    sealer->is_stopping = true;
    pthread_mutex_unlock(&sealer->lock);
    pthread_cond_signal(&sealer->wake);
    pthread_join(sealer->thread, NULL);
    sealer_free(sealer);
}
