/*
 * The check of a whole ledger when it is opened. PROTOCOL.md section 2: first every entry and every node against the root that is
 * signed, then every rule in the order of the entries, with every clause of every edition. Clauses are streamed; memory
 * grows with the number of entries and with the clauses of one edition, not with texts.
 *
 * Where the store has a mark, the rules about clauses were checked up to it, and the root there says that they are the same
 * clauses: then it is enough to hash them (check_clauses.c). The mark is a hint: without it, or with a wrong one, all is done again.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "ledger/check_clauses.h"
#include "ledger/ledger_private.h"
#include "ledger/rebuild.h"

/* Old registers are rebuilt until so many lines were hashed, some seconds' work; after that only the last one is, and of those between
 * the number of lines is compared. All of them are proved by the root, and each was rebuilt when it was appended. */
#define REGISTER_LINES_MAX 8000000u

struct check {
    const struct policy *policy;
    struct proved *proved;
    bool may_lack_checkpoints;
    const struct store_ops *ops;
    struct store_reader *reader;
    struct fault *fault;
    uint64_t size;
    struct buffer note;   /* the last checkpoint */
    struct buffer record; /* the entry at hand */
    struct hash leaf_hash;
    struct merkle_edge edge;
    struct merkle_path register_path;
    struct rules rules;
    struct register_lines *lines;
    uint64_t lines_hashed;
    struct store_counts expected; /* rows that there should be */
    struct store_mark mark;       /* size 0: none that holds */
    struct check_edition *quick;  /* editions before the mark, whose clauses are only hashed */
    size_t quick_count, quick_capacity;
};

static void check_free(struct check *check) {
    buffer_free(&check->note);
    buffer_free(&check->record);
    rules_free(&check->rules);
    register_lines_free(check->lines);
    free(check->quick);
}

/* An error of the machine stays what it is; whatever else is wrong with stored bytes is damage. */
static int damaged(struct check *check, int error, const struct fault *why, const char *what, uint64_t number) {
    if (error == DEPOSITARY_E_MEMORY || error == DEPOSITARY_E_IO || error == DEPOSITARY_E_STATE)
        return fault_set(check->fault, error, "%s", fault_text(why));
    return fault_set(check->fault, DEPOSITARY_E_DAMAGED, "%s %" PRIu64 ": %s", what, number, fault_text(why));
}

static int read_entry(struct check *check, uint64_t index) {
    struct fault why = {0};
    struct hash stored;
    buffer_clear(&check->record);
    int error = check->ops->entry(check->reader, index, &check->record, &stored, &why);
    if (error == DEPOSITARY_E_MEMORY || error == DEPOSITARY_E_IO)
        return fault_set(check->fault, error, "%s", fault_text(&why));
    if (error)
        return fault_set(check->fault, DEPOSITARY_E_DAMAGED, "%s",
                         error == DEPOSITARY_E_LIMIT ? "an entry is longer than 65,535 bytes" : fault_text(&why));
    merkle_leaf_hash(&check->leaf_hash, buffer_bytes(&check->record));
    if (!hash_equal(&check->leaf_hash, &stored))
        return fault_set(check->fault, DEPOSITARY_E_DAMAGED, "entry %" PRIu64 " is not what its leaf hash says", index);
    return DEPOSITARY_OK;
}

/* ---- the checkpoints */

/* The checkpoint with the smallest size >= size must be of exactly that size, and say that root. */
static int read_checkpoint(struct check *check, uint64_t size, struct checkpoint *out) {
    struct fault why = {0};
    uint64_t found = 0;
    struct note note;
    buffer_clear(&check->note);
    int error = check->ops->checkpoint_from(check->reader, size, &check->note, &found, &why);
    if (error == DEPOSITARY_E_MISSING || (error == 0 && found != size))
        error = fault_set(&why, DEPOSITARY_E_MISSING, "it is not there");
    if (error == 0)
        error = note_parse(&note, buffer_bytes(&check->note), &why);
    if (error == 0)
        error = checkpoint_parse(out, note.text, &why);
    if (error == 0 && out->size != size)
        error = fault_set(&why, DEPOSITARY_E_DAMAGED, "it is one of size %" PRIu64, out->size);
    return error ? damaged(check, error, &why, "checkpoint of size", size) : DEPOSITARY_OK;
}

/* The current checkpoint must verify under the policy: where it does not, the policy may be another ledger's. */
static int check_last_checkpoint(struct check *check, struct checkpoint *out) {
    int error = read_checkpoint(check, check->size, out);
    if (error)
        return error;
    struct fault why = {0};
    bool has_quorum; /* one that lacks it may be here: it waits for cosignatures, or for the next append */
    error = policy_verify_signatures(out, &has_quorum, check->policy, buffer_bytes(&check->note), &why);
    if (error == DEPOSITARY_E_CHECKPOINT_ORIGIN || error == DEPOSITARY_E_CHECKPOINT_KEY)
        return fault_set(check->fault, error, "checkpoint of size %" PRIu64 ": %s", check->size, fault_text(&why));
    return error ? damaged(check, error, &why, "checkpoint of size", check->size) : DEPOSITARY_OK;
}

/* That it cannot be read is not that it is lacking: it would be counted as one that belongs to nothing. */
static int look_for_checkpoint(struct check *check, uint64_t size, bool *is_there) {
    uint64_t found = 0;
    buffer_clear(&check->note);
    int error = check->ops->checkpoint_from(check->reader, size, &check->note, &found, check->fault);
    *is_there = error == 0 && found == size;
    return error == DEPOSITARY_E_MISSING ? DEPOSITARY_OK : error;
}

/* An earlier one may be under a key that has been retired since, or have fewer cosignatures than are asked for now. The last one
 * was read before all of them. */
static int check_old_checkpoint(struct check *check, uint64_t size) {
    bool is_there = true;
    int error = check->may_lack_checkpoints ? look_for_checkpoint(check, size, &is_there) : DEPOSITARY_OK;
    if (error || !is_there)
        return error;
    check->expected.checkpoints++;
    struct checkpoint checkpoint, verified;
    struct hash root;
    struct fault why = {0};
    struct nodes nodes = {check->ops, check->reader, 0, check->fault};
    error = read_checkpoint(check, size, &checkpoint);
    if (error == 0)
        error = merkle_stored_root(&root, size, nodes_read, &nodes);
    if (error)
        return error;
    if (!hash_equal(&root, &checkpoint.root))
        return fault_set(check->fault, DEPOSITARY_E_DAMAGED,
                         "checkpoint of size %" PRIu64 ": its root is not the ledger's at that size", size);
    error = policy_verify_checkpoint(&verified, check->policy, buffer_bytes(&check->note), &why);
    if (error == 0 || error == DEPOSITARY_E_CHECKPOINT_KEY || error == DEPOSITARY_E_QUORUM)
        return DEPOSITARY_OK;
    return damaged(check, error, &why, "checkpoint of size", size);
}

/* ---- the entries */

/* The mark, where there is one for the rules of today and a size that the ledger has had; whether its root was that is seen later. */
static int read_mark(struct check *check, bool is_thorough) {
    struct store_mark mark;
    int error = is_thorough ? DEPOSITARY_E_MISSING : check->ops->mark(check->reader, &mark, check->fault);
    if (error == 0 && mark.rules == CHECK_RULES && mark.size <= check->size)
        check->mark = mark;
    return error == DEPOSITARY_E_MISSING ? DEPOSITARY_OK : error;
}

static void try_mark(struct check *check) {
    struct hash root;
    merkle_edge_root(&root, &check->edge);
    if (check->edge.size == check->mark.size && !hash_equal(&root, &check->mark.root))
        check->mark.size = 0;
}

/* Every entry and every node of the ledger's tree; then the root that is signed. */
static int check_tree(struct check *check, const struct checkpoint *checkpoint) {
    struct nodes nodes = {check->ops, check->reader, 0, check->fault};
    for (uint64_t index = 0; index < check->size; index++) {
        int error = read_entry(check, index);
        nodes_last_path(&check->register_path, &check->edge);
        if (error == 0)
            error = merkle_edge_append(&check->edge, &check->leaf_hash, nodes_compare, &nodes);
        if (error)
            return error;
        if (index + 1 == check->mark.size)
            try_mark(check);
    }
    struct hash root;
    merkle_edge_root(&root, &check->edge);
    if (!hash_equal(&root, &checkpoint->root))
        return fault_set(check->fault, DEPOSITARY_E_DAMAGED,
                         "the entries do not rebuild the root of the last checkpoint");
    return DEPOSITARY_OK;
}

/* ---- the clauses of an edition */

struct thorough {
    struct check *check;
    uint64_t index;
    struct rebuild rebuild;
    struct nodes nodes;
};

static int clause_damaged(struct thorough *edition, uint64_t place, const char *why) {
    return fault_set(edition->check->fault, DEPOSITARY_E_DAMAGED,
                     "clause at place %" PRIu64 " of the edition at entry %" PRIu64 ": %s", place, edition->index, why);
}

/* A store_clause_sink. */
static int check_clause(void *context, uint64_t place, struct bytes record, const struct hash *leaf_hash) {
    struct thorough *edition = context;
    if (place != edition->rebuild.edge.size)
        return clause_damaged(edition, edition->rebuild.edge.size, "it is not there");
    struct hash computed;
    merkle_leaf_hash(&computed, record);
    if (!hash_equal(&computed, leaf_hash))
        return clause_damaged(edition, place, "it is not what its leaf hash says");
    struct fault why = {0};
    int error = rebuild_clause(&edition->rebuild, record, &computed, nodes_compare, &edition->nodes, &why);
    if (error == DEPOSITARY_E_RULE || error == DEPOSITARY_E_RECORD)
        return clause_damaged(edition, place, fault_text(&why));
    return error;
}

static int check_thoroughly(struct check *check, uint64_t index, const struct edition_record *record) {
    struct thorough edition = {
        .check = check, .index = index, .nodes = {check->ops, check->reader, index + 1, check->fault}};
    struct fault why = {0};
    rebuild_init(&edition.rebuild, record);
    /* One more than there should be, to see that it is not there. */
    int error = check->ops->clauses(check->reader, index, 0, record->clauses + 1, check_clause, &edition, check->fault);
    if (error == 0 && edition.rebuild.edge.size < record->clauses)
        error = clause_damaged(&edition, edition.rebuild.edge.size, "it is not there");
    if (error == 0) {
        error = rebuild_finish(&edition.rebuild, &why);
        if (error)
            error = damaged(check, error, &why, "the edition at entry", index);
    }
    rebuild_free(&edition.rebuild);
    return error;
}

static int note_quick(struct check *check, uint64_t index, const struct edition_record *record) {
    if (check->quick_count == check->quick_capacity) {
        size_t capacity = check->quick_capacity == 0 ? 64 : 2 * check->quick_capacity;
        struct check_edition *quick = reallocarray(check->quick, capacity, sizeof *quick);
        if (quick == NULL)
            return DEPOSITARY_E_MEMORY;
        check->quick = quick;
        check->quick_capacity = capacity;
    }
    check->quick[check->quick_count++] = (struct check_edition){index, record->clauses, record->clauses_root};
    return DEPOSITARY_OK;
}

static int check_clauses(struct check *check, uint64_t index) {
    struct edition_record record;
    int error = edition_record_parse(&record, buffer_bytes(&check->record), check->fault);
    if (error)
        return error;
    check->expected.places += record.clauses;
    check->expected.nodes += nodes_count(record.clauses);
    bool is_quick = index < check->mark.size && record.clauses > 0;
    return is_quick ? note_quick(check, index, &record) : check_thoroughly(check, index, &record);
}

/* The first that is wrong among those that were to be hashed only. */
static int find_damage(struct check *check) {
    int error = DEPOSITARY_OK;
    for (size_t i = 0; error == 0 && i < check->quick_count; i++) {
        struct edition_record record;
        error = read_entry(check, check->quick[i].index);
        if (error == 0)
            error = edition_record_parse(&record, buffer_bytes(&check->record), check->fault);
        if (error == 0)
            error = check_thoroughly(check, check->quick[i].index, &record);
    }
    return error;
}

static int check_quick(struct check *check, struct store *store) {
    int error = check_clauses_quickly(store, check->proved, check->quick, check->quick_count);
    if (error != DEPOSITARY_E_DAMAGED)
        return error;
    error = find_damage(check);
    return error ? error
                 : fault_set(check->fault, DEPOSITARY_E_DAMAGED, "clauses are not what their editions' roots say");
}

/* ---- the rules */

/* Whether the register at index is not rebuilt; counts the lines where it is. */
static bool skip_register(struct check *check, uint64_t index) {
    uint64_t lines = rules_register_lines(&check->rules);
    bool is_last = index + 1 == check->size;
    if (!is_last && lines > REGISTER_LINES_MAX - check->lines_hashed)
        return true;
    if (!is_last)
        check->lines_hashed += lines;
    return false;
}

static int check_rules_of(struct check *check, uint64_t index) {
    struct fault why = {0};
    const enum record_type type = record_type(buffer_bytes(&check->record));
    const struct rules_entry entry = {
        .index = index,
        .record = buffer_bytes(&check->record),
        .leaf_hash = &check->leaf_hash,
        .policy = check->policy,
        .now_s = RULES_ANY_TIME,
        .skip_register_root = type == RECORD_REGISTER && skip_register(check, index),
    };
    int error = rules_follow(&check->rules, check->lines, &entry, &why);
    if (error == DEPOSITARY_E_RULE || error == DEPOSITARY_E_RECORD)
        return fault_set(check->fault, DEPOSITARY_E_DAMAGED, "%s", fault_text(&why));
    if (error)
        return fault_set(check->fault, error, "%s", fault_text(&why));

    switch (type) {
    case RECORD_EDITION:
        return check_clauses(check, index);
    case RECORD_REGISTER: /* the end of an append: it had its checkpoint */
        return check_old_checkpoint(check, index + 1);
    default:
        return DEPOSITARY_OK;
    }
}

static int check_rules(struct check *check) {
    for (uint64_t index = 0; index < check->size; index++) {
        int error = read_entry(check, index);
        if (error == 0)
            error = check_rules_of(check, index);
        if (error)
            return error;
    }
    if (record_type(buffer_bytes(&check->record)) != RECORD_REGISTER)
        return fault_set(check->fault, DEPOSITARY_E_DAMAGED, "entry %" PRIu64 ": the last entry is not a register",
                         check->size - 1);
    return DEPOSITARY_OK;
}

/* Nothing is there that was not looked at: rows of no entry and no edition. */
static int check_counts(struct check *check) {
    struct store_counts found;
    int error = check->ops->counts(check->reader, &found, check->fault);
    if (error)
        return error;
    check->expected.entries = check->size;
    check->expected.nodes += nodes_count(check->size);
    const char *what = found.entries != check->expected.entries           ? "entries"
                       : found.nodes != check->expected.nodes             ? "nodes"
                       : found.places != check->expected.places           ? "places of clauses"
                       : found.checkpoints != check->expected.checkpoints ? "checkpoints"
                                                                          : NULL;
    if (what == NULL)
        return DEPOSITARY_OK;
    error = find_damage(check);
    return error ? error
                 : fault_set(check->fault, DEPOSITARY_E_DAMAGED, "the store holds %s that belong to nothing", what);
}

/* ---- the whole */

static int check_entries(struct check *check, struct store *store) {
    struct checkpoint checkpoint;
    int error = check_last_checkpoint(check, &checkpoint);
    if (error == 0)
        error = check_tree(check, &checkpoint);
    if (error == 0)
        error = check_rules(check);
    if (error == 0)
        error = check_quick(check, store);
    return error;
}

/* Only speeds up the next opening: where it cannot be written now, that one is as slow as this. */
static void put_mark(struct ledger *ledger, const struct store_mark *before) {
    const struct store_ops *ops = ledger->store->ops;
    const struct store_mark mark = {CHECK_RULES, ledger->state->size, ledger->state->root};
    uint64_t entries;
    if (mark.size == before->size || ops->begin(ledger->store, &entries, NULL) != 0)
        return;
    if (ops->put_mark(ledger->store, &mark, NULL) != 0 || ops->commit(ledger->store, NULL) != 0)
        ops->rollback(ledger->store);
}

static int check_into(struct ledger *ledger, struct check *check) {
    struct ledger_state *state;
    int error;
    if (check->size == 0) {
        error = state_new_empty(&state);
    } else {
        struct state_parts parts = {.size = check->size,
                                    .checkpoint = buffer_bytes(&check->note),
                                    .register_record = buffer_bytes(&check->record),
                                    .register_path = check->register_path,
                                    .lines = check->lines};
        merkle_edge_root(&parts.root, &check->edge);
        error = state_new(&state, &parts);
    }
    if (error)
        return error;
    if (check->size > 0)
        check->lines = NULL; /* the state's now */
    ledger->state = state;
    ledger->edge = check->edge;
    ledger->rules = check->rules;
    check->rules = (struct rules){0};
    return DEPOSITARY_OK;
}

int check_all(struct ledger *ledger, const struct ledger_config *config, struct fault *fault) {
    struct check check = {.policy = ledger->policy,
                          .proved = ledger->proved,
                          .ops = ledger->store->ops,
                          .fault = fault,
                          .may_lack_checkpoints = config->may_lack_checkpoints};
    buffer_init(&check.note, LIMIT_NOTE);
    buffer_init(&check.record, LIMIT_ENTRY);
    merkle_edge_init(&check.edge);
    int error = check.ops->read_begin(ledger->store, &check.reader, fault);
    if (error == 0)
        error = register_lines_new(&check.lines);
    if (error == 0)
        error = check.ops->size(check.reader, &check.size, fault);
    if (error == 0)
        error = read_mark(&check, config->is_thorough);
    if (error == 0 && check.size > 0)
        error = check_entries(&check, ledger->store);
    if (error == 0)
        error = check_counts(&check);
    if (error == 0)
        error = check_into(ledger, &check);
    check.ops->read_end(ledger->store, check.reader);
    if (error == 0)
        put_mark(ledger, &check.mark);
    check_free(&check);
    return error;
}
