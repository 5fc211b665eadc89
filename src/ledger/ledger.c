/*
 * The ledger object: opening, closing. PROTOCOL.md section 2. Reads are in read.c, appends in append.c and pending.c, the
 * check of a whole store in check.c, the rules in rules.c and rebuild.c; the store is behind store.h.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_private.h"
#include "ledger/proved.h"

static int open_store(struct store **out, const struct ledger_config *config, struct fault *fault) {
    static const char scheme[] = "sqlite:";
    if (strncmp(config->url, scheme, sizeof scheme - 1) == 0 && config->url[sizeof scheme - 1] != '\0')
        return store_sqlite_open(out, config->url + sizeof scheme - 1, config->create, fault);
    return fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s: not a store that this program knows", config->url);
}

static int ledger_new(struct ledger **out) {
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return DEPOSITARY_E_MEMORY;
    if (pthread_mutex_init(&ledger->state_lock, NULL) != 0) {
        free(ledger);
        return DEPOSITARY_E_MEMORY;
    }
    if (pthread_mutex_init(&ledger->write_lock, NULL) != 0) {
        pthread_mutex_destroy(&ledger->state_lock);
        free(ledger);
        return DEPOSITARY_E_MEMORY;
    }
    merkle_edge_init(&ledger->edge);
    *out = ledger;
    return DEPOSITARY_OK;
}

int ledger_open(struct ledger **out, const struct ledger_config *config, struct fault *fault) {
    struct ledger *ledger;
    int error = ledger_new(&ledger);
    if (error)
        return error;
    ledger->shared = config->shared;
    error = policy_copy(&ledger->policy, config->policy);
    if (error == 0)
        error = proved_new(&ledger->proved, config->proved_capacity);
    if (error == 0)
        error = open_store(&ledger->store, config, fault);
    if (error == 0)
        error = check_all(ledger, config, fault);
    if (error) {
        ledger_close(ledger);
        return error;
    }
    *out = ledger;
    return DEPOSITARY_OK;
}

void ledger_close(struct ledger *ledger) {
    if (ledger == NULL)
        return;
    if (ledger->pending != NULL)
        pending_drop(ledger);
    ledger_state_release(ledger->state);
    rules_free(&ledger->rules);
    if (ledger->store != NULL)
        ledger->store->ops->close(ledger->store);
    policy_free(ledger->policy);
    proved_free(ledger->proved);
    pthread_mutex_destroy(&ledger->write_lock);
    pthread_mutex_destroy(&ledger->state_lock);
    free(ledger);
}
