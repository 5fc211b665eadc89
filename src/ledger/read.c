/*
 * Reads of the ledger. What is handed out was checked at that read: records and nodes by their paths to the root of a state,
 * clauses by theirs to clauses-root. So bytes that rot under a running server are found when they are asked for.
 */
#include <inttypes.h>

#include "ledger/ledger_private.h"
#include "ledger/proved.h"

/* One read of one tree: begin, work, end. */
struct reading {
    struct ledger *ledger;
    struct nodes nodes;
};

static int reading_begin(struct reading *reading, struct ledger *ledger, store_tree tree, struct fault *fault) {
    *reading = (struct reading){ledger, {ledger->store->ops, NULL, tree, fault}};
    return reading->nodes.ops->read_begin(ledger->store, &reading->nodes.reader, fault);
}

static void reading_end(struct reading *reading) {
    reading->nodes.ops->read_end(reading->ledger->store, reading->nodes.reader);
}

/* Whether what was appended to *record since `start` is the leaf; takes it off again where not. */
static int check_record(struct buffer *record, size_t start, int error, uint64_t index, uint64_t size,
                        const struct merkle_path *path, const struct hash *root) {
    if (error == 0) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, bytes_slice(buffer_bytes(record), start, record->len - start));
        if (merkle_inclusion_check(&leaf, index, size, path, root))
            error = DEPOSITARY_E_DAMAGED;
    }
    if (error)
        record->len = start;
    return error;
}

int ledger_entry(struct ledger *ledger, const struct ledger_state *state, uint64_t index, struct buffer *record,
                 struct merkle_path *path, struct fault *fault) {
    if (index >= state->size)
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "no entry %" PRIu64 " in a ledger of %" PRIu64, index,
                         state->size);
    if (record->error)
        return record->error;
    struct reading reading;
    int error = reading_begin(&reading, ledger, 0, fault);
    if (error)
        return error;
    size_t start = record->len;
    struct merkle_path found = {0};
    struct hash stored;
    error = must_be_there(reading.nodes.ops->entry(reading.nodes.reader, index, record, &stored, fault), fault);
    if (error == 0)
        error = merkle_inclusion_path(&found, index, state->size, nodes_read, &reading.nodes);
    reading_end(&reading);
    if (error == 0) {
        error = check_record(record, start, error, index, state->size, &found, &state->root);
        if (error)
            return fault_set(fault, error, "entry %" PRIu64 " does not match the ledger's root", index);
    }
    if (error) {
        record->len = start;
        return error;
    }
    if (path != NULL)
        *path = found;
    return DEPOSITARY_OK;
}

int ledger_clause(struct ledger *ledger, uint64_t edition_index, uint64_t clauses, const struct hash *clauses_root,
                  uint64_t place, struct buffer *record, struct merkle_path *path, struct fault *fault) {
    if (place >= clauses)
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "no place %" PRIu64 " among %" PRIu64 " clauses", place,
                         clauses);
    if (record->error)
        return record->error;
    struct reading reading;
    int error = reading_begin(&reading, ledger, edition_index + 1, fault);
    if (error)
        return error;
    const struct proved_tree tree = {edition_index + 1, clauses, clauses_root};
    const size_t start = record->len;
    struct merkle_path found = {0};
    error = proved_clause(ledger->proved, &tree, place, &reading.nodes, record, &found);
    reading_end(&reading);
    if (error == DEPOSITARY_E_DAMAGED && (fault == NULL || fault->error == 0))
        fault_set(fault, error,
                  "clause at place %" PRIu64 " of the edition at entry %" PRIu64
                  " does not match the edition's clauses-root",
                  place, edition_index);
    if (error) {
        record->len = start;
        return error;
    }
    if (path != NULL)
        *path = found;
    return DEPOSITARY_OK;
}

int ledger_clause_hash(struct ledger *ledger, uint64_t edition_index, uint64_t place, struct hash *hash,
                       uint64_t *record_len) {
    struct reading reading;
    int error = reading_begin(&reading, ledger, edition_index + 1, NULL);
    if (error)
        return error;
    error = reading.nodes.ops->clause_hash(reading.nodes.reader, edition_index, place, hash, record_len, NULL);
    reading_end(&reading);
    return error;
}

int ledger_find(struct ledger *ledger, const struct ledger_state *state, const struct hash *leaf_hash,
                uint64_t *index) {
    struct reading reading;
    uint64_t found = 0;
    struct hash stored;
    struct merkle_path path;
    int error = reading_begin(&reading, ledger, 0, NULL);
    if (error)
        return error;
    error = reading.nodes.ops->find(reading.nodes.reader, leaf_hash, &found, NULL);
    if (error == 0 && found >= state->size)
        error = DEPOSITARY_E_MISSING;
    /* The index over leaf hashes may be damaged, too: what it says is checked like everything else. */
    if (error == 0)
        error = nodes_read(&reading.nodes, 0, found, &stored);
    if (error == 0)
        error = merkle_inclusion_path(&path, found, state->size, nodes_read, &reading.nodes);
    reading_end(&reading);
    if (error == 0 &&
        (!hash_equal(&stored, leaf_hash) || merkle_inclusion_check(leaf_hash, found, state->size, &path, &state->root)))
        error = DEPOSITARY_E_DAMAGED;
    if (error == 0)
        *index = found;
    return error;
}

int ledger_find_named(struct ledger *ledger, const struct ledger_state *state, const struct hash *leaf_hash,
                      uint64_t *index) {
    return must_be_there(ledger_find(ledger, state, leaf_hash, index), NULL);
}

/* Root of the first size leaves, proved consistent with the state. */
static int checked_root(struct reading *reading, const struct ledger_state *state, uint64_t size, struct hash *out) {
    struct merkle_path path;
    struct hash root;
    if (size > state->size)
        return DEPOSITARY_E_ARGUMENT;
    int error = merkle_stored_root(&root, size, nodes_read, &reading->nodes);
    if (error == 0)
        error = merkle_consistency_path(&path, size, state->size, nodes_read, &reading->nodes);
    if (error == 0 && merkle_consistency_check(size, &root, state->size, &state->root, &path))
        error = DEPOSITARY_E_DAMAGED;
    if (error == 0)
        *out = root;
    return error;
}

/* The three that follow take the current state, as all sizes that are asked for lie within it. */

static int inclusion(struct reading *reading, const struct ledger_state *state, uint64_t index, uint64_t size,
                     struct merkle_path *out) {
    struct hash root, leaf;
    struct merkle_path path;
    int error = checked_root(reading, state, size, &root);
    if (error == 0)
        error = merkle_inclusion_path(&path, index, size, nodes_read, &reading->nodes);
    if (error == 0)
        error = nodes_read(&reading->nodes, 0, index, &leaf);
    if (error == 0 && merkle_inclusion_check(&leaf, index, size, &path, &root))
        error = DEPOSITARY_E_DAMAGED;
    if (error == 0)
        *out = path;
    return error;
}

int ledger_inclusion(struct ledger *ledger, uint64_t index, uint64_t size, struct merkle_path *out) {
    struct reading reading;
    const struct ledger_state *state = ledger_state_take(ledger);
    int error = reading_begin(&reading, ledger, 0, NULL);
    if (error == 0) {
        error = inclusion(&reading, state, index, size, out);
        reading_end(&reading);
    }
    ledger_state_release(state);
    return error;
}

static int consistency(struct reading *reading, const struct ledger_state *state, uint64_t old_size, uint64_t new_size,
                       struct merkle_path *out) {
    struct hash old_root, new_root;
    struct merkle_path path;
    if (old_size > new_size)
        return DEPOSITARY_E_ARGUMENT;
    int error = checked_root(reading, state, old_size, &old_root);
    if (error == 0)
        error = checked_root(reading, state, new_size, &new_root);
    if (error == 0)
        error = merkle_consistency_path(&path, old_size, new_size, nodes_read, &reading->nodes);
    if (error == 0 && merkle_consistency_check(old_size, &old_root, new_size, &new_root, &path))
        error = DEPOSITARY_E_DAMAGED;
    if (error == 0)
        *out = path;
    return error;
}

int ledger_consistency(struct ledger *ledger, uint64_t old_size, uint64_t new_size, struct merkle_path *out) {
    struct reading reading;
    const struct ledger_state *state = ledger_state_take(ledger);
    int error = reading_begin(&reading, ledger, 0, NULL);
    if (error == 0) {
        error = consistency(&reading, state, old_size, new_size, out);
        reading_end(&reading);
    }
    ledger_state_release(state);
    return error;
}

int ledger_root_at(struct ledger *ledger, uint64_t size, struct hash *out) {
    struct reading reading;
    const struct ledger_state *state = ledger_state_take(ledger);
    int error = reading_begin(&reading, ledger, 0, NULL);
    if (error == 0) {
        error = checked_root(&reading, state, size, out);
        reading_end(&reading);
    }
    ledger_state_release(state);
    return error;
}

/* A complete node is a leaf of the tree that begins at its level: the upper part of the path of a leaf below it leads to the root. */
static int node(struct reading *reading, const struct ledger_state *state, unsigned level, uint64_t index,
                struct hash *out) {
    if (level >= LIMIT_PATH || index >= state->size >> level)
        return DEPOSITARY_E_ARGUMENT;
    struct hash stored;
    struct merkle_path path, upper = {0};
    int error = nodes_read(&reading->nodes, level, index, &stored);
    if (error == 0)
        error = merkle_inclusion_path(&path, index << level, state->size, nodes_read, &reading->nodes);
    if (error)
        return error;
    for (size_t i = level; i < path.count; i++)
        upper.hashes[upper.count++] = path.hashes[i];
    if (merkle_inclusion_check(&stored, index, ((state->size - 1) >> level) + 1, &upper, &state->root))
        return DEPOSITARY_E_DAMAGED;
    *out = stored;
    return DEPOSITARY_OK;
}

int ledger_node(struct ledger *ledger, unsigned level, uint64_t index, struct hash *out) {
    struct reading reading;
    const struct ledger_state *state = ledger_state_take(ledger);
    int error = reading_begin(&reading, ledger, 0, NULL);
    if (error == 0) {
        error = node(&reading, state, level, index, out);
        reading_end(&reading);
    }
    ledger_state_release(state);
    return error;
}

/* The stored note speaks of the ledger as it is. Its signatures are for who reads it. */
static int checkpoint_holds(struct reading *reading, const struct ledger_state *state, struct bytes stored,
                            uint64_t size) {
    struct note note;
    struct checkpoint checkpoint;
    struct hash root;
    if (note_parse(&note, stored, NULL) || checkpoint_parse(&checkpoint, note.text, NULL) || checkpoint.size != size)
        return DEPOSITARY_E_DAMAGED;
    int error = checked_root(reading, state, size, &root);
    if (error == 0 && !hash_equal(&root, &checkpoint.root))
        error = DEPOSITARY_E_DAMAGED;
    return error;
}

int ledger_checkpoint_from(struct ledger *ledger, uint64_t size, struct buffer *note, uint64_t *out_size) {
    if (note->error)
        return note->error;
    struct reading reading;
    const struct ledger_state *state = ledger_state_take(ledger);
    uint64_t found = 0;
    size_t start = note->len;
    int error = size > state->size ? DEPOSITARY_E_MISSING : reading_begin(&reading, ledger, 0, NULL);
    if (error == 0) {
        error = reading.nodes.ops->checkpoint_from(reading.nodes.reader, size, note, &found, NULL);
        if (error == 0 && found > state->size) /* committed since, and not yet the state */
            error = DEPOSITARY_E_MISSING;
        if (error == 0)
            error = checkpoint_holds(&reading, state, bytes_slice(buffer_bytes(note), start, note->len - start), found);
        reading_end(&reading);
    }
    ledger_state_release(state);
    if (error)
        note->len = start;
    else
        *out_size = found;
    return error;
}

int ledger_probe(struct ledger *ledger, struct fault *fault) {
    struct reading reading;
    const struct ledger_state *state = ledger_state_take(ledger);
    uint64_t size = 0;
    int error = reading_begin(&reading, ledger, 0, fault);
    if (error == 0) {
        error = reading.nodes.ops->size(reading.nodes.reader, &size, fault);
        reading_end(&reading);
    }
    if (error == 0 && size < state->size)
        error = fault_set(fault, DEPOSITARY_E_DAMAGED, "entry %" PRIu64 " is not there", size);
    ledger_state_release(state);
    return error;
}
