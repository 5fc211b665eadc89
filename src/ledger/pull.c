/* Following a source (source.h): checkpoint, then entries, then clauses; each checked as soon as it can be. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/time.h"
#include "ledger/ledger_private.h"
#include "ledger/source.h"

#define ENTRIES_BYTES_MAX                                                                                              \
    (512u * 1024 * 1024)      /* of one pull, in memory; a mirror further behind begins from a backup */
#define ROUNDS_MAX (1u << 20) /* of asking for missing clauses; each brings some */

struct pull {
    struct ledger *ledger;
    struct source *source;
    struct fault *fault;
    struct checkpoint checkpoint; /* the source's, verified; views into note */
    struct buffer note;
    uint64_t first;          /* entries that the ledger has */
    struct merkle_edge edge; /* after the entries that were read */
    struct buffer data;      /* the entries, one after another */
    size_t *ends;            /* of each in data */
    struct hash *leaf_hashes;
    size_t count, capacity;
    size_t found;          /* where the last edition was found: they are asked for in order */
    struct bytes *records; /* views, once all are there */
};

static void pull_free(struct pull *pull) {
    buffer_free(&pull->note);
    buffer_free(&pull->data);
    free(pull->ends);
    free(pull->leaf_hashes);
    free(pull->records);
}

/* ---- the checkpoint */

static int fork_at(struct pull *pull, struct pull_result *result, uint64_t size) {
    buffer_clear(&result->fork);
    buffer_append(&result->fork, buffer_bytes(&pull->note));
    return fault_set(pull->fault, DEPOSITARY_E_FORK,
                     "the ledger key has signed another ledger of size %" PRIu64 " than the one held here", size);
}

/* A checkpoint no larger than the state: it must be the ledger's own past. */
static int judge_past(struct pull *pull, const struct ledger_state *state, struct pull_result *result) {
    struct hash root;
    int error = ledger_root_at(pull->ledger, pull->checkpoint.size, &root);
    if (error)
        return fault_set(pull->fault, error, "the ledger's root at size %" PRIu64 " cannot be read",
                         pull->checkpoint.size);
    if (!hash_equal(&root, &pull->checkpoint.root))
        return fork_at(pull, result, pull->checkpoint.size);
    if (pull->checkpoint.size < state->size)
        return DEPOSITARY_OK;      /* the source is behind */
    struct append_result unwanted; /* its cosignatures */
    return ledger_follow(pull->ledger, NULL, 0, buffer_bytes(&pull->note), clock_now_s(), &unwanted, pull->fault);
}

static int read_checkpoint(struct pull *pull) {
    bool has_quorum; /* what is missing of it is judged where the checkpoint is taken */
    int error = pull->source->ops->checkpoint(pull->source, &pull->note, pull->fault);
    if (error == 0)
        error = pull->note.error;
    return error ? error
                 : policy_verify_signatures(&pull->checkpoint, &has_quorum, pull->ledger->policy,
                                            buffer_bytes(&pull->note), pull->fault);
}

/* ---- the entries */

static int make_room(struct pull *pull) {
    if (pull->count < pull->capacity)
        return DEPOSITARY_OK;
    size_t capacity = pull->capacity == 0 ? 256 : 2 * pull->capacity;
    size_t *ends = reallocarray(pull->ends, capacity, sizeof *ends);
    if (ends != NULL)
        pull->ends = ends;
    struct hash *leaf_hashes = reallocarray(pull->leaf_hashes, capacity, sizeof *leaf_hashes);
    if (leaf_hashes != NULL)
        pull->leaf_hashes = leaf_hashes;
    if (ends == NULL || leaf_hashes == NULL)
        return DEPOSITARY_E_MEMORY;
    pull->capacity = capacity;
    return DEPOSITARY_OK;
}

/* A source_entry_sink. */
static int take_entry(void *context, struct bytes record) {
    struct pull *pull = context;
    if (pull->edge.size >= pull->checkpoint.size)
        return fault_set(pull->fault, DEPOSITARY_E_RESPONSE, "the source gives more entries than were asked for");
    if (record.len > LIMIT_ENTRY)
        return fault_set(pull->fault, DEPOSITARY_E_RECORD, "entry %" PRIu64 ": longer than %u bytes", pull->edge.size,
                         LIMIT_ENTRY);
    if (make_room(pull) != 0)
        return DEPOSITARY_E_MEMORY;
    buffer_append(&pull->data, record);
    if (pull->data.error == DEPOSITARY_E_LIMIT)
        return fault_set(
            pull->fault, DEPOSITARY_E_LIMIT,
            "this ledger is too far behind its source to be brought up at once; begin from a backup of the "
            "source: depositary backup FILE there, depositary restore FILE here");
    if (pull->data.error)
        return pull->data.error;
    struct hash *leaf = &pull->leaf_hashes[pull->count];
    pull->ends[pull->count++] = pull->data.len;
    merkle_leaf_hash(leaf, record);
    return merkle_edge_append(&pull->edge, leaf, NULL, NULL);
}

/* Whether what was read so far begins what was signed: a source that makes entries up is found out here, not at the end. */
static int check_entries(struct pull *pull) {
    struct hash root;
    struct merkle_path path;
    int error = DEPOSITARY_OK;
    merkle_edge_root(&root, &pull->edge);
    if (pull->edge.size == pull->checkpoint.size) {
        error = hash_equal(&root, &pull->checkpoint.root) ? DEPOSITARY_OK : DEPOSITARY_E_CONSISTENCY;
    } else if (pull->source->ops->consistency != NULL) {
        error =
            pull->source->ops->consistency(pull->source, pull->edge.size, pull->checkpoint.size, &path, pull->fault);
        if (error)
            return error;
        error = merkle_consistency_check(pull->edge.size, &root, pull->checkpoint.size, &pull->checkpoint.root, &path);
    }
    return error ? fault_set(pull->fault, error,
                             "the first %" PRIu64 " entries, as the source gives them, do not lead to its checkpoint",
                             pull->edge.size)
                 : DEPOSITARY_OK;
}

static int read_entries(struct pull *pull) {
    /* Before anything is read: whether the checkpoint extends what is held. */
    int extends = pull->first > 0 ? check_entries(pull) : DEPOSITARY_OK;
    if (extends != 0)
        return extends;
    while (pull->edge.size < pull->checkpoint.size) {
        uint64_t before = pull->edge.size;
        int error = pull->source->ops->entries(pull->source, before, pull->checkpoint.size - before, take_entry, pull,
                                               pull->fault);
        if (error == 0 && pull->edge.size == before)
            error = fault_set(pull->fault, DEPOSITARY_E_RESPONSE, "the source gives no entry %" PRIu64, before);
        if (error == 0)
            error = check_entries(pull);
        if (error)
            return error;
    }
    pull->records = calloc(pull->count, sizeof *pull->records);
    if (pull->records == NULL)
        return DEPOSITARY_E_MEMORY;
    for (size_t i = 0; i < pull->count; i++) {
        size_t start = i == 0 ? 0 : pull->ends[i - 1];
        pull->records[i] = bytes_slice(buffer_bytes(&pull->data), start, pull->ends[i] - start);
    }
    return DEPOSITARY_OK;
}

/* ---- the clauses */

struct put {
    struct pull *pull;
    const struct hash *edition;
    uint64_t place; /* the next that is expected */
};

/* A source_clause_sink. */
static int put_clauses(void *context, const struct placed_clause *clauses, size_t count) {
    struct put *put = context;
    uint64_t received;
    for (size_t i = 0; i < count; i++)
        if (clauses[i].place != put->place++)
            return fault_set(put->pull->fault, DEPOSITARY_E_RESPONSE,
                             "the source leaves out clauses before place %" PRIu64, clauses[i].place);
    return ledger_put_clauses(put->pull->ledger, put->edition, clauses, count, clock_now_s(), &received,
                              put->pull->fault);
}

static int find_edition(struct pull *pull, const struct hash *leaf_hash, struct source_clauses *wanted) {
    for (size_t n = 0; n < pull->count; n++) {
        size_t i = (pull->found + n) % pull->count;
        if (!hash_equal(&pull->leaf_hashes[i], leaf_hash))
            continue;
        pull->found = i;
        wanted->index = pull->first + i;
        return edition_record_parse(&wanted->record, pull->records[i], pull->fault);
    }
    return DEPOSITARY_E_DAMAGED;
}

/* All of one run, in as many calls as it takes. */
static int fetch_run(struct pull *pull, const struct missing_run *run) {
    struct source_clauses wanted = {0};
    struct put put = {pull, &run->edition, run->from_place};
    uint64_t end = run->from_place + run->count;
    int error = find_edition(pull, &run->edition, &wanted);
    while (error == 0 && put.place < end) {
        uint64_t before = put.place;
        wanted.from_place = before;
        wanted.count = end - before;
        error = pull->source->ops->clauses(pull->source, &wanted, put_clauses, &put, pull->fault);
        if (error == 0 && put.place == before)
            error =
                fault_set(pull->fault, DEPOSITARY_E_RESPONSE, "the source gives no clause at place %" PRIu64, before);
    }
    return error;
}

static int follow(struct pull *pull) {
    struct append_result result;
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        int error = ledger_follow(pull->ledger, pull->records, pull->count, buffer_bytes(&pull->note), clock_now_s(),
                                  &result, pull->fault);
        if (error != DEPOSITARY_E_CLAUSES_MISSING)
            return error;
        error = DEPOSITARY_OK;
        for (size_t i = 0; error == 0 && i < result.missing_count; i++)
            error = fetch_run(pull, &result.missing[i]);
        if (error)
            return error;
    }
    return fault_set(pull->fault, DEPOSITARY_E_RESPONSE, "the source does not give the clauses");
}

/* ---- the whole */

static int pull_all(struct pull *pull, struct pull_result *result) {
    int error = read_checkpoint(pull);
    if (error)
        return error;
    result->source_size = pull->checkpoint.size;
    const struct ledger_state *state = ledger_state_take(pull->ledger);
    bool is_past = pull->checkpoint.size <= state->size && state->size > 0;
    if (is_past)
        error = judge_past(pull, state, result);
    ledger_state_release(state);
    if (error || is_past)
        return error;
    error = read_entries(pull);
    if (error == 0)
        error = follow(pull);
    if (error == 0)
        result->added = pull->checkpoint.size - pull->first;
    return error;
}

int ledger_pull(struct ledger *ledger, struct source *source, struct pull_result *result, struct fault *fault) {
    struct pull pull = {.ledger = ledger, .source = source, .fault = fault};
    *result = (struct pull_result){0};
    buffer_init(&result->fork, LIMIT_NOTE);
    buffer_init(&pull.note, LIMIT_NOTE);
    buffer_init(&pull.data, ENTRIES_BYTES_MAX);
    pthread_mutex_lock(&ledger->write_lock);
    pull.edge = ledger->edge;
    pthread_mutex_unlock(&ledger->write_lock);
    pull.first = pull.edge.size;
    int error = pull_all(&pull, result);
    /* For want of the source it goes on later; anything else will not get better by waiting. */
    if (error && error != DEPOSITARY_E_UNREACHABLE && error != DEPOSITARY_E_TIMEOUT)
        ledger_unfollow(ledger);
    pull_free(&pull);
    return error;
}
