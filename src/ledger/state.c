/* States of the ledger: immutable, counted, one of them current. See ledger.h. */
#include <stdlib.h>

#include "ledger/ledger_private.h"

static void state_free(struct ledger_state *state) {
    register_lines_free((struct register_lines *)state->lines);
    free((void *)state->checkpoint.data);
    free((void *)state->register_record.data);
    free(state);
}

/* A copy that the state owns. */
static bool copy_bytes(struct bytes *out, struct bytes in) {
    uint8_t *data = malloc(in.len == 0 ? 1 : in.len);
    if (data == NULL)
        return false;
    bytes_write(data, in);
    *out = bytes_of(data, in.len);
    return true;
}

int state_new(struct ledger_state **out, const struct state_parts *parts) {
    struct ledger_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return DEPOSITARY_E_MEMORY;
    int error = DEPOSITARY_OK;
    if (!copy_bytes(&state->checkpoint, parts->checkpoint) ||
        !copy_bytes(&state->register_record, parts->register_record))
        error = DEPOSITARY_E_MEMORY;
    if (error == 0)
        error = register_record_parse(&state->register_fields, state->register_record, NULL);
    if (error) {
        state_free(state);
        return error;
    }
    state->size = parts->size;
    state->root = parts->root;
    state->register_path = parts->register_path;
    state->lines = parts->lines;
    state->count = 1;
    *out = state;
    return DEPOSITARY_OK;
}

int state_new_empty(struct ledger_state **out) {
    struct ledger_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return DEPOSITARY_E_MEMORY;
    merkle_empty_root(&state->root);
    state->count = 1;
    *out = state;
    return DEPOSITARY_OK;
}

void state_publish(struct ledger *ledger, struct ledger_state *state) {
    pthread_mutex_lock(&ledger->state_lock);
    const struct ledger_state *before = ledger->state;
    ledger->state = state;
    pthread_mutex_unlock(&ledger->state_lock);
    ledger_state_release(before);
}

const struct ledger_state *ledger_state_take(struct ledger *ledger) {
    /* Under the lock the ledger's own hold keeps the state alive until it is counted. */
    pthread_mutex_lock(&ledger->state_lock);
    struct ledger_state *state = ledger->state;
    __atomic_fetch_add(&state->count, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&ledger->state_lock);
    return state;
}

void ledger_state_release(const struct ledger_state *state) {
    struct ledger_state *held = (struct ledger_state *)state;
    if (held != NULL && __atomic_fetch_sub(&held->count, 1, __ATOMIC_ACQ_REL) == 1)
        state_free(held);
}
