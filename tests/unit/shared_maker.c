/* A database in memory (shared_maker.h). */
#include "shared_maker.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(what)                                                                                                     \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                                                 \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static struct shared_maker *maker_of(struct shared *shared) {
    return (struct shared_maker *)shared;
}

/* ---- copies, which live as long as the process: few, and small; what is rolled back may still be shown */

struct copy {
    struct copy *next;
    uint8_t data[];
};
static struct copy *copies;

static struct bytes copy(struct bytes in) {
    struct copy *made = malloc(sizeof *made + in.len + 1);
    MUST(made != NULL);
    made->next = copies;
    copies = made;
    if (in.len > 0)
        memcpy(made->data, in.data, in.len);
    return bytes_of(made->data, in.len);
}

void shared_maker_replace(struct bytes *kept, struct bytes with) {
    *kept = copy(with);
}

/* ---- a transaction */

static int away(struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the database is away");
}

static int maker_begin(struct shared *shared, uint64_t *out_entries, struct fault *fault) {
    struct shared_maker *maker = maker_of(shared);
    if (maker->is_away)
        return away(fault);
    MUST(!maker->has_begun);
    maker->has_begun = true;
    maker->before = maker->content;
    *out_entries = maker->content.entries_count;
    return 0;
}

static void maker_rollback(struct shared *shared) {
    struct shared_maker *maker = maker_of(shared);
    if (maker->has_begun)
        maker->content = maker->before;
    maker->has_begun = false;
}

static int maker_put_entries(struct shared *shared, uint64_t first, const struct bytes *records,
                             const struct hash *leaf_hashes, size_t count, struct fault *fault) {
    struct shared_content *content = &maker_of(shared)->content;
    (void)fault;
    MUST(maker_of(shared)->has_begun && first == content->entries_count);
    for (size_t i = 0; i < count; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, records[i]);
        MUST(hash_equal(&leaf, &leaf_hashes[i]) && content->entries_count < SHARED_ENTRIES_MAX);
        content->entries[content->entries_count++] = copy(records[i]);
    }
    return 0;
}

static void add_row(struct shared_content *content, const struct shared_row *row) {
    MUST(content->rows_count < SHARED_CLAUSES_MAX);
    content->rows[content->rows_count] = *row;
    content->rows[content->rows_count++].record = copy(row->record);
}

static struct shared_row *find_row(struct shared_content *content, uint64_t index, const struct hash *edition,
                                   uint64_t place) {
    for (size_t i = 0; i < content->rows_count; i++) {
        struct shared_row *row = &content->rows[i];
        if (row->index == index && row->place == place && (edition == NULL || hash_equal(&row->edition, edition)))
            return row;
    }
    return NULL;
}

static int maker_put_clauses(struct shared *shared, uint64_t index, const struct placed_clause *clauses, size_t count,
                             struct fault *fault) {
    (void)fault;
    for (size_t i = 0; i < count; i++) {
        const struct shared_row row = {.index = index, .place = clauses[i].place, .record = clauses[i].record};
        add_row(&maker_of(shared)->content, &row);
    }
    return 0;
}

static int maker_take_clauses(struct shared *shared, const struct hash *root, const struct hash *edition,
                              uint64_t index, store_clause_sink *sink, void *context, struct fault *fault) {
    struct shared_content *content = &maker_of(shared)->content;
    struct shared_row *row;
    (void)fault;
    (void)root;
    for (uint64_t place = 0; (row = find_row(content, SHARED_STAGED, edition, place)) != NULL; place++) {
        struct hash leaf;
        row->index = index;
        merkle_leaf_hash(&leaf, row->record);
        int error = sink(context, place, row->record, &leaf);
        if (error)
            return error;
    }
    return 0;
}

static int maker_note(struct shared *shared, uint64_t size, struct buffer *note, struct fault *fault) {
    const struct shared_content *content = &maker_of(shared)->content;
    if (maker_of(shared)->refuses_notes)
        return fault_set(fault, DEPOSITARY_E_IO, "the database refuses");
    if (size > SHARED_ENTRIES_MAX || content->notes[size].len == 0)
        return DEPOSITARY_E_MISSING;
    buffer_append(note, content->notes[size]);
    return note->error;
}

static int maker_put_note(struct shared *shared, uint64_t size, struct bytes note, struct fault *fault) {
    (void)fault;
    MUST(size == maker_of(shared)->content.entries_count);
    maker_of(shared)->content.notes[size] = copy(note);
    return 0;
}

static int maker_commit(struct shared *shared, struct fault *fault) {
    struct shared_maker *maker = maker_of(shared);
    enum shared_commit what = maker->next_commit;
    MUST(maker->has_begun);
    maker->next_commit = COMMITS;
    if (what == COMMIT_IS_LOST) {
        maker_rollback(shared);
        return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "lost before it committed");
    }
    maker->has_begun = false;
    maker->offer_count = 0;
    return what == COMMITS ? 0 : fault_set(fault, DEPOSITARY_E_UNREACHABLE, "whether it committed is not known");
}

static int maker_confirm(struct shared *shared, struct fault *fault) {
    struct shared_maker *maker = maker_of(shared);
    MUST(!maker->has_begun);
    maker->confirmed++;
    return maker->is_away     ? away(fault)
           : maker->is_unsure ? fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the standby is away")
                              : 0;
}

/* ---- what waits */

static int maker_put_offer(struct shared *shared, const struct shared_offer *offer, struct fault *fault) {
    struct shared_maker *maker = maker_of(shared);
    if (maker->is_away)
        return away(fault);
    if (maker->content.entries_count > offer->size - offer->count)
        return fault_set(fault, DEPOSITARY_E_STATE, "another service has appended to this ledger");
    MUST(offer->count <= SHARED_ENTRIES_MAX);
    maker->offer_root = *offer->root;
    maker->offer_note = copy(offer->note);
    maker->offer_count = offer->count;
    for (size_t i = 0; i < offer->count; i++)
        maker->offer[i] = copy(offer->records[i]);
    return 0;
}

static int maker_find_offer(struct shared *shared, const struct hash *edition, struct buffer *note,
                            shared_record_sink *sink, void *context, struct fault *fault) {
    struct shared_maker *maker = maker_of(shared);
    int error = maker->offer_count == 0 ? DEPOSITARY_E_MISSING : 0;
    (void)edition; /* there is one at most */
    if (maker->is_away)
        return away(fault);
    if (error == 0)
        buffer_append(note, maker->offer_note);
    for (size_t i = 0; error == 0 && i < maker->offer_count; i++)
        error = sink(context, maker->offer[i]);
    return error;
}

static void maker_drop_offer(struct shared *shared, const struct hash *root) {
    struct shared_maker *maker = maker_of(shared);
    size_t kept = 0;
    (void)root;
    maker->offer_count = 0;
    for (size_t i = 0; i < maker->content.rows_count; i++)
        if (maker->content.rows[i].index != SHARED_STAGED)
            maker->content.rows[kept++] = maker->content.rows[i];
    maker->content.rows_count = kept;
}

static int maker_stage(struct shared *shared, const struct hash *root, const struct hash *edition,
                       const struct placed_clause *clauses, size_t count, struct fault *fault) {
    struct shared_maker *maker = maker_of(shared);
    if (maker->is_away)
        return away(fault);
    if (maker->offer_count == 0 || !hash_equal(root, &maker->offer_root))
        return fault_set(fault, DEPOSITARY_E_STATE, "no such offer");
    for (size_t i = 0; i < count; i++) {
        const struct shared_row row = {SHARED_STAGED, *edition, clauses[i].place, clauses[i].record};
        if (find_row(&maker->content, SHARED_STAGED, edition, clauses[i].place) == NULL)
            add_row(&maker->content, &row);
    }
    return 0;
}

static int maker_staged_places(struct shared *shared, const struct hash *root, const struct hash *edition,
                               store_place_sink *sink, void *context, struct fault *fault) {
    struct shared_maker *maker = maker_of(shared);
    int error = 0;
    (void)root;
    if (maker->is_away)
        return away(fault);
    for (size_t i = 0; error == 0 && i < maker->places_count; i++)
        error = sink(context, maker->places[i]);
    for (uint64_t place = 0; error == 0 && maker->places == NULL && place < SHARED_CLAUSES_MAX; place++)
        if (find_row(&maker->content, SHARED_STAGED, edition, place) != NULL)
            error = sink(context, place);
    return error;
}

static void nothing_to_close(struct shared *shared) {
    (void)shared;
}

static const struct shared_ops SHARED_OPS = {
    .close = nothing_to_close,
    .cancel = nothing_to_close,
    .begin = maker_begin,
    .put_entries = maker_put_entries,
    .take_clauses = maker_take_clauses,
    .put_clauses = maker_put_clauses,
    .note = maker_note,
    .put_note = maker_put_note,
    .commit = maker_commit,
    .confirm = maker_confirm,
    .rollback = maker_rollback,
    .put_offer = maker_put_offer,
    .find_offer = maker_find_offer,
    .drop_offer = maker_drop_offer,
    .stage = maker_stage,
    .staged_places = maker_staged_places,
};

/* ---- as a source */

static struct shared_maker *followed(struct source *source) {
    return (struct shared_maker *)((char *)source - offsetof(struct shared_maker, source));
}

static void source_nothing(struct source *source) {
    (void)source;
}

static int source_checkpoint(struct source *source, struct buffer *note, struct fault *fault) {
    struct shared_maker *maker = followed(source);
    return maker->is_away ? away(fault) : maker_note(&maker->base, maker->content.entries_count, note, fault);
}

static int source_entries(struct source *source, uint64_t start, uint64_t count, source_entry_sink *sink, void *context,
                          struct fault *fault) {
    const struct shared_content *content = &followed(source)->content;
    int error = 0;
    (void)fault;
    for (uint64_t i = start; error == 0 && i < start + count && i < content->entries_count; i++)
        error = sink(context, content->entries[i]);
    return error;
}

static int source_clauses(struct source *source, const struct source_clauses *wanted, source_clause_sink *sink,
                          void *context, struct fault *fault) {
    struct shared_content *content = &followed(source)->content;
    int error = 0;
    (void)fault;
    for (uint64_t place = wanted->from_place; error == 0 && place < wanted->from_place + wanted->count; place++) {
        const struct shared_row *row = find_row(content, wanted->index, NULL, place);
        if (row == NULL)
            break;
        const struct placed_clause placed = {.place = place, .record = row->record};
        error = sink(context, &placed, 1);
    }
    return error;
}

static const struct source_ops SOURCE_OPS = {
    .close = source_nothing,
    .cancel = source_nothing,
    .checkpoint = source_checkpoint,
    .entries = source_entries,
    .clauses = source_clauses,
};

void shared_maker_begin(struct shared_maker *shared) {
    *shared = (struct shared_maker){.base = {&SHARED_OPS}, .source = {&SOURCE_OPS}};
}

void shared_maker_end(struct shared_maker *shared) {
    *shared = (struct shared_maker){0};
    while (copies != NULL) {
        struct copy *next = copies->next;
        free(copies);
        copies = next;
    }
}

void shared_maker_forget(struct shared_maker *shared, size_t entries) {
    struct shared_content *content = &shared->content;
    size_t kept = 0;
    for (size_t i = entries + 1; i <= SHARED_ENTRIES_MAX; i++)
        content->notes[i] = (struct bytes){0};
    for (size_t i = 0; i < content->rows_count; i++)
        if (content->rows[i].index < entries)
            content->rows[kept++] = content->rows[i];
    content->rows_count = kept;
    content->entries_count = entries;
}
