/*
 * The commit of an append whose clauses are there: everything of it in one transaction of the store. Where others append to the same
 * ledger, in one of the database first; the own store follows, and would come to the same by itself. PROTOCOL.md section 2, "Appending".
 */
#include <inttypes.h>

#include "ledger/ledger_private.h"
#include "ledger/rebuild.h"

/* A merkle_node_sink that stores; leaves are stored with their entry or clause. */
struct put_nodes {
    struct store *store;
    store_tree tree;
    struct fault *fault;
};

static int put_node(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    const struct put_nodes *nodes = context;
    if (level == 0)
        return DEPOSITARY_OK;
    return nodes->store->ops->put_node(nodes->store, nodes->tree, level, index, hash, nodes->fault);
}

struct put_edition {
    struct store *store;
    const struct pending_edition *edition;
    struct rebuild rebuild;
    struct put_nodes nodes;
    struct fault *fault;
};

/* A store_clause_sink: from staging into the ledger, rebuilding the edition on the way. Our own staging has no leaf hashes. */
static int put_clause(void *context, uint64_t place, struct bytes record, const struct hash *leaf_hash) {
    struct put_edition *put = context;
    if (place != put->rebuild.edge.size)
        return fault_set(put->fault, DEPOSITARY_E_RULE, "place %" PRIu64 ": there is no clause",
                         put->rebuild.edge.size);
    struct hash computed;
    struct fault why = {0};
    merkle_leaf_hash(&computed, record);
    if (leaf_hash != NULL && !hash_equal(leaf_hash, &computed))
        return fault_set(put->fault, DEPOSITARY_E_DAMAGED,
                         "entry %" PRIu64 ", place %" PRIu64 ": the database's clause is not what its leaf hash says",
                         put->edition->index, place);
    int error = put->store->ops->put_clause(put->store, put->edition->index, place, record, &computed, put->fault);
    if (error)
        return error;
    error = rebuild_clause(&put->rebuild, record, &computed, put_node, &put->nodes, &why);
    if (error == DEPOSITARY_E_RULE || error == DEPOSITARY_E_RECORD)
        return fault_set(put->fault, error, "entry %" PRIu64 ", place %" PRIu64 ": %s", put->edition->index, place,
                         fault_text(&why));
    return error;
}

static int each_clause(struct ledger *ledger, const struct pending_edition *edition, struct put_edition *put,
                       struct fault *fault) {
    if (pending_is_shared(ledger))
        return ledger->shared->ops->take_clauses(ledger->shared, &ledger->pending->root, &edition->leaf_hash,
                                                 edition->index, put_clause, put, fault);
    return ledger->store->ops->stage_clauses(ledger->store, edition->index, put_clause, put, fault);
}

static int put_edition(struct ledger *ledger, const struct pending_edition *edition, struct fault *fault) {
    struct put_edition put = {.store = ledger->store,
                              .edition = edition,
                              .nodes = {ledger->store, edition->index + 1, fault},
                              .fault = fault};
    struct fault why = {0};
    rebuild_init(&put.rebuild, &edition->record);
    int error = each_clause(ledger, edition, &put, fault);
    if (error == 0) {
        error = rebuild_finish(&put.rebuild, &why);
        if (error)
            fault_set(fault, error, "entry %" PRIu64 ": %s", edition->index, fault_text(&why));
    }
    rebuild_free(&put.rebuild);
    return error;
}

static int put_entries(struct ledger *ledger, const struct pending *pending, struct fault *fault) {
    struct store *store = ledger->store;
    struct put_nodes nodes = {store, 0, fault};
    struct merkle_edge edge = ledger->edge;
    for (size_t i = 0; i < pending->count; i++) {
        int error =
            store->ops->put_entry(store, pending->first + i, pending->records[i], &pending->leaf_hashes[i], fault);
        if (error == 0)
            error = merkle_edge_append(&edge, &pending->leaf_hashes[i], put_node, &nodes);
        if (error)
            return error;
    }
    return DEPOSITARY_OK;
}

/* What the append is in the own store, in the transaction that was begun there. */
static int put_contents(struct ledger *ledger, const struct pending *pending, struct fault *fault) {
    struct store *store = ledger->store;
    int error = put_entries(ledger, pending, fault);
    for (size_t i = 0; error == 0 && i < pending->editions_count; i++)
        error = put_edition(ledger, &pending->editions[i], fault);
    if (error == 0)
        error = store->ops->put_checkpoint(store, pending->first + pending->count, buffer_bytes(&pending->note), fault);
    /* What was checked up to here, and this append now, need not be again. */
    const struct store_mark mark = {CHECK_RULES, pending->first + pending->count, pending->root};
    return error ? error : store->ops->put_mark(store, &mark, fault);
}

/* The same in the database. Its clauses are taken from what is staged there, and told to the own store, which judges them. */
static int put_shared(struct ledger *ledger, const struct pending *pending, struct fault *fault) {
    struct shared *shared = ledger->shared;
    int error = sharing_begin(ledger, fault);
    if (error)
        return error;
    error =
        shared->ops->put_entries(shared, pending->first, pending->records, pending->leaf_hashes, pending->count, fault);
    error = error ? error : put_contents(ledger, pending, fault);
    error = error ? error
                  : shared->ops->put_note(shared, pending->first + pending->count, buffer_bytes(&pending->note), fault);
    error = error ? error : shared->ops->commit(shared, fault);
    if (error)
        shared->ops->rollback(shared);
    else
        ledger->confirmed = pending->first + pending->count;
    return error;
}

/* Everything of the append, in one transaction. */
static int put_all(struct ledger *ledger, const struct pending *pending, struct fault *fault) {
    struct store *store = ledger->store;
    uint64_t entries;
    int error = store->ops->begin(store, &entries, fault);
    if (error)
        return error;
    if (entries != pending->first)
        error = fault_set(fault, DEPOSITARY_E_STATE, "another process has appended to this ledger");
    if (error == 0)
        error = pending_is_shared(ledger) ? put_shared(ledger, pending, fault) : put_contents(ledger, pending, fault);
    if (error == 0)
        error = store->ops->commit(store, fault);
    if (error)
        store->ops->rollback(store);
    return error;
}

/* No clauses will ever make it good; those that are staged are forgotten with it. */
static void give_up(struct ledger *ledger) {
    if (pending_is_shared(ledger))
        ledger->shared->ops->drop_offer(ledger->shared, &ledger->pending->root);
    pending_drop(ledger);
}

int pending_commit(struct ledger *ledger, struct fault *fault) {
    struct pending *pending = ledger->pending;
    /* All that can fail is done before the commit: after it the new state is what there is. */
    struct ledger_state *state;
    const struct state_parts parts = {.size = pending->first + pending->count,
                                      .root = pending->root,
                                      .checkpoint = buffer_bytes(&pending->note),
                                      .register_record = pending->records[pending->count - 1],
                                      .register_path = pending->register_path,
                                      .lines = pending->lines};
    int error = state_new(&state, &parts);
    if (error)
        return error;
    pending->lines = NULL; /* the state's now */
    error = put_all(ledger, pending, fault);
    if (error) {
        pending->lines = (struct register_lines *)state->lines;
        state->lines = NULL;
        ledger_state_release(state);
        bool is_damaged = error == DEPOSITARY_E_DAMAGED && pending_is_shared(ledger);
        if (error == DEPOSITARY_E_RULE || error == DEPOSITARY_E_RECORD || is_damaged)
            give_up(ledger);
        return error;
    }
    rules_free(&ledger->rules);
    ledger->rules = pending->rules;
    pending->rules = (struct rules){0};
    ledger->edge = pending->edge;
    state_publish(ledger, state);
    pending_drop(ledger);
    return DEPOSITARY_OK;
}
