/* The ledger from outside: appends, pending clauses, checked reads, damage and crashes. src/ledger/ledger.h, PROTOCOL.md section 2. */
#include "ledger_maker.h"

#include "ledger/ledger_private.h"

#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ledger_maker maker;
static struct maker_append append;

static const struct maker_clause CLAUSES[] = {{"preface", "Agreed.\n\n"},
                                              {"cl_1", "1. One.\n"},
                                              {"cl_2", "2. Two.\n"},
                                              {"cl_3", "3. Three.\n"},
                                              {"cl_4", "4. Four.\n"}};
#define CLAUSES_COUNT 5u
static const struct maker_edition PLAN = {.instrument = "treaty", .clauses = CLAUSES, .clauses_count = CLAUSES_COUNT};

static void set_up(void) {
    ledger_maker_begin_with_key(&maker);
    maker_append_begin(&append, &maker);
}

static void tear_down(void) {
    maker_append_end(&append);
    ledger_maker_end(&maker);
}

static void next_append(void) {
    maker_append_end(&append);
    maker_append_begin(&append, &maker);
}

static uint64_t size_now(void) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

/* A draft of one edition, signed. */
static void draft_edition(void) {
    maker_append_edition(&append, &PLAN);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
}

/* A register alone: the shortest append there is. */
static void append_register(void) {
    next_append();
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    next_append();
}

static void ck_error(int error, int expected, const struct fault *fault, const char *words) {
    ck_assert_msg(error == expected, "error %d, expected %d: %s", error, expected, fault_text(fault));
    ck_assert_msg(strstr(fault_text(fault), words) != NULL, "\"%s\" does not say \"%s\"", fault_text(fault), words);
}

/* Every entry and every clause of the made edition, with proofs that hold. */
static void read_all(void) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct buffer record;
    struct merkle_path path;
    struct fault fault = {0};
    struct hash leaf;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    for (uint64_t i = 0; i < state->size; i++) {
        buffer_clear(&record);
        ck_assert_msg(ledger_entry(maker.ledger, state, i, &record, &path, &fault) == 0, "%s", fault_text(&fault));
        merkle_leaf_hash(&leaf, buffer_bytes(&record));
        ck_assert_int_eq(merkle_inclusion_check(&leaf, i, state->size, &path, &state->root), 0);
        if (record_type(buffer_bytes(&record)) != RECORD_EDITION)
            continue;
        struct edition_record edition;
        ck_assert_int_eq(edition_record_parse(&edition, buffer_bytes(&record), NULL), 0);
        uint64_t clauses = edition.clauses;
        struct hash root = edition.clauses_root;
        for (uint64_t place = 0; place < clauses; place++) {
            buffer_clear(&record);
            ck_assert_int_eq(ledger_clause(maker.ledger, i, clauses, &root, place, &record, &path, NULL), 0);
            merkle_leaf_hash(&leaf, buffer_bytes(&record));
            ck_assert_int_eq(merkle_inclusion_check(&leaf, place, clauses, &path, &root), 0);
            struct hash stored;
            uint64_t len;
            ck_assert_int_eq(ledger_clause_hash(maker.ledger, i, place, &stored, &len), 0);
            ck_assert(hash_equal(&stored, &leaf) && len == record.len);
        }
    }
    buffer_free(&record);
    ledger_state_release(state);
}

/* ---- what goes well */

START_TEST(empty_ledger) {
    tear_down();
    ledger_maker_begin(&maker);
    maker_append_begin(&append, &maker);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct hash empty, root;
    struct buffer note;
    uint64_t size;
    buffer_init(&note, LIMIT_NOTE);
    merkle_empty_root(&empty);
    ck_assert_uint_eq(state->size, 0);
    ck_assert(hash_equal(&state->root, &empty));
    ck_assert_int_eq(ledger_root_at(maker.ledger, 0, &root), 0);
    ck_assert(hash_equal(&root, &empty));
    ck_assert_int_eq(ledger_entry(maker.ledger, state, 0, &note, NULL, NULL), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(ledger_node(maker.ledger, 0, 0, &root), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, 0, &note, &size), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(ledger_probe(maker.ledger, NULL), 0);
    ledger_state_release(state);
    buffer_free(&note);
}
END_TEST

START_TEST(two_editions_are_read_back) {
    struct maker_clause changed[CLAUSES_COUNT];
    struct maker_edition plan = PLAN;
    memcpy(changed, CLAUSES, sizeof changed);
    changed[2].text = "2. Two, rectified.\n";
    plan.clauses = changed;
    ck_assert_uint_eq(ledger_maker_deposit(&maker, &PLAN), 2);
    plan.act = ACT_RECTIFICATION;
    ck_assert_uint_eq(ledger_maker_deposit(&maker, &plan), 4);
    read_all();
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_assert_uint_eq(size_now(), 6);
    read_all();
    /* what did not change is held once */
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT count(*) FROM clause"), CLAUSES_COUNT + 1);
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT count(*) FROM place"), 2 * CLAUSES_COUNT);
}
END_TEST

START_TEST(state_says_what_the_register_says) {
    ledger_maker_deposit(&maker, &PLAN);
    for (int round = 0; round < 2; round++) {
        const struct ledger_state *state = ledger_state_take(maker.ledger);
        struct hash leaf, root;
        size_t index;
        struct checkpoint checkpoint;
        ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, maker.policy, state->checkpoint, NULL), 0);
        ck_assert(checkpoint.size == state->size && hash_equal(&checkpoint.root, &state->root));
        merkle_leaf_hash(&leaf, state->register_record);
        ck_assert_int_eq(
            merkle_inclusion_check(&leaf, state->size - 1, state->size, &state->register_path, &state->root), 0);
        register_lines_root(&root, state->lines);
        ck_assert(hash_equal(&root, &state->register_fields.root));
        ck_assert_uint_eq(state->register_fields.lines, 2);
        ck_assert(register_lines_find(state->lines, BYTES("edition treaty en 1 "), &index));
        ledger_state_release(state);
        ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    }
}
END_TEST

START_TEST(old_state_can_be_read_after_an_append) {
    const struct ledger_state *old = ledger_state_take(maker.ledger);
    ledger_maker_deposit(&maker, &PLAN);
    struct buffer record;
    struct merkle_path path;
    struct hash leaf;
    uint64_t index;
    buffer_init(&record, LIMIT_ENTRY);
    ck_assert_uint_eq(old->size, 2);
    ck_assert_int_eq(ledger_entry(maker.ledger, old, 0, &record, &path, NULL), 0);
    merkle_leaf_hash(&leaf, buffer_bytes(&record));
    ck_assert_int_eq(merkle_inclusion_check(&leaf, 0, 2, &path, &old->root), 0);
    ck_assert_int_eq(ledger_entry(maker.ledger, old, 2, &record, &path, NULL), DEPOSITARY_E_ARGUMENT);
    buffer_clear(&record);
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    ck_assert_int_eq(ledger_entry(maker.ledger, state, 2, &record, NULL, NULL), 0);
    merkle_leaf_hash(&leaf, buffer_bytes(&record));
    ck_assert_int_eq(ledger_find(maker.ledger, state, &leaf, &index), 0);
    ck_assert_uint_eq(index, 2);
    /* it is not in the ledger as it was */
    ck_assert_int_eq(ledger_find(maker.ledger, old, &leaf, &index), DEPOSITARY_E_MISSING);
    leaf.bytes[0] ^= 1;
    ck_assert_int_eq(ledger_find(maker.ledger, state, &leaf, &index), DEPOSITARY_E_MISSING);
    ledger_state_release(state);
    ledger_state_release(old);
    buffer_free(&record);
}
END_TEST

START_TEST(record_is_appended_to_what_the_buffer_holds) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    buffer_append_text(&record, "before ");
    ck_assert_int_eq(ledger_entry(maker.ledger, state, 0, &record, NULL, NULL), 0);
    ck_assert(bytes_starts_with(buffer_bytes(&record), BYTES("before depositary/key/v1\n")));
    buffer_free(&record);
    ledger_state_release(state);
}
END_TEST

START_TEST(proofs_between_all_sizes) {
    struct hash roots[40];
    struct merkle_path path;
    struct buffer note;
    uint64_t found;
    buffer_init(&note, LIMIT_NOTE);
    while (size_now() < 37)
        append_register();
    for (uint64_t size = 0; size <= 37; size++)
        ck_assert_int_eq(ledger_root_at(maker.ledger, size, &roots[size]), 0);
    for (uint64_t new_size = 0; new_size <= 37; new_size++) {
        for (uint64_t old_size = 0; old_size <= new_size; old_size++) {
            ck_assert_int_eq(ledger_consistency(maker.ledger, old_size, new_size, &path), 0);
            ck_assert_int_eq(merkle_consistency_check(old_size, &roots[old_size], new_size, &roots[new_size], &path),
                             0);
        }
        for (uint64_t index = 0; index < new_size; index++) {
            struct hash leaf;
            ck_assert_int_eq(ledger_node(maker.ledger, 0, index, &leaf), 0);
            ck_assert_int_eq(ledger_inclusion(maker.ledger, index, new_size, &path), 0);
            ck_assert_int_eq(merkle_inclusion_check(&leaf, index, new_size, &path, &roots[new_size]), 0);
        }
    }
    ck_assert_int_eq(ledger_inclusion(maker.ledger, 5, 5, &path), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(ledger_inclusion(maker.ledger, 5, 38, &path), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(ledger_consistency(maker.ledger, 6, 5, &path), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(ledger_consistency(maker.ledger, 6, 38, &path), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, 1, &note, &found), 0);
    ck_assert_uint_eq(found, 2);
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, 38, &note, &found), DEPOSITARY_E_MISSING);
    buffer_free(&note);
}
END_TEST

START_TEST(nodes_are_the_hash_of_their_children) {
    while (size_now() < 13)
        append_register();
    for (unsigned level = 1; level <= 3; level++) {
        for (uint64_t index = 0; index < 13u >> level; index++) {
            struct hash node, left, right, made;
            ck_assert_int_eq(ledger_node(maker.ledger, level, index, &node), 0);
            ck_assert_int_eq(ledger_node(maker.ledger, level - 1, index * 2, &left), 0);
            ck_assert_int_eq(ledger_node(maker.ledger, level - 1, index * 2 + 1, &right), 0);
            merkle_node_hash(&made, &left, &right);
            ck_assert(hash_equal(&made, &node));
        }
        /* one that is not complete is none */
        ck_assert_int_eq(ledger_node(maker.ledger, level, 13u >> level, &(struct hash){{0}}), DEPOSITARY_E_ARGUMENT);
    }
    ck_assert_int_eq(ledger_node(maker.ledger, 63, 0, &(struct hash){{0}}), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(ledger_node(maker.ledger, 64, 0, &(struct hash){{0}}), DEPOSITARY_E_ARGUMENT);
}
END_TEST

/* ---- appends that say what is there, or what is not */

START_TEST(replay_is_contained) {
    struct append_result result;
    draft_edition();
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), 0);
    ck_assert_uint_eq(result.size, 4);
    ck_assert_uint_eq(size_now(), 4);
    /* and later, too */
    struct maker_append later;
    maker_append_begin(&later, &maker);
    maker_append_register(&later, 0);
    ck_assert_int_eq(maker_append_submit(&later, NULL), 0);
    maker_append_end(&later);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), 0);
    ck_assert_uint_eq(result.size, 4);
    ck_assert_uint_eq(size_now(), 5);
}
END_TEST

START_TEST(replay_with_other_records_is_a_conflict) {
    struct append_result result;
    struct fault fault = {0};
    draft_edition();
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    struct bytes swapped[] = {append.records[1], append.records[0]};
    ck_error(ledger_append(maker.ledger, swapped, 2, buffer_bytes(&append.note), maker.now_s, &result, &fault),
             DEPOSITARY_E_CONFLICT, &fault, "other entries");
    ck_error(ledger_append(maker.ledger, append.records, 1, buffer_bytes(&append.note), maker.now_s, &result, &fault),
             DEPOSITARY_E_CONFLICT, &fault, "other entries");
    /* the last of them alone is the last before it */
    ck_assert_int_eq(
        ledger_append(maker.ledger, &append.records[1], 1, buffer_bytes(&append.note), maker.now_s, &result, NULL), 0);
    struct bytes five[] = {append.records[0], append.records[1], append.records[0], append.records[1],
                           append.records[0]};
    ck_error(ledger_append(maker.ledger, five, 5, buffer_bytes(&append.note), maker.now_s, &result, &fault),
             DEPOSITARY_E_CONFLICT, &fault, "more records");
}
END_TEST

START_TEST(stale_append_is_a_conflict) {
    struct maker_append stale;
    struct fault fault = {0};
    draft_edition();
    maker_append_begin(&stale, &maker);
    maker_append_register(&stale, 0);
    maker_append_sign(&stale, &maker.ledger_key);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_error(maker_append_send(&stale, NULL, &fault), DEPOSITARY_E_CONFLICT, &fault, "a fork");
    maker_append_end(&stale);
    ck_assert_uint_eq(size_now(), 4);
}
END_TEST

START_TEST(fork_at_the_current_size_is_a_conflict) {
    struct maker_append fork;
    struct fault fault = {0};
    maker_append_begin(&fork, &maker);
    maker_append_register(&fork, MAKER_NOW + 1);
    maker_append_sign(&fork, &maker.ledger_key);
    append_register();
    ck_error(maker_append_send(&fork, NULL, &fault), DEPOSITARY_E_CONFLICT, &fault, "a fork");
    maker_append_end(&fork);
}
END_TEST

static void sign_with(uint64_t size, const struct hash *root, const struct maker_key *key, const char *origin) {
    const struct checkpoint checkpoint = {bytes_text(origin), size, *root};
    buffer_clear(&append.note);
    ck_assert_int_eq(checkpoint_sign(&append.note, &checkpoint, &key->verifier, key->secret), 0);
}

START_TEST(wrong_root_is_a_conflict) {
    uint64_t size;
    struct hash root;
    struct fault fault = {0};
    draft_edition();
    ck_assert_int_eq(ledger_preview(maker.ledger, append.records, append.count, &size, &root), 0);
    ck_assert_uint_eq(size, 4);
    root.bytes[5] ^= 1;
    sign_with(size, &root, &maker.ledger_key, MAKER_ORIGIN);
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_CONFLICT, &fault, "checkpoint's root");
}
END_TEST

START_TEST(wrong_size_is_a_conflict) {
    uint64_t size;
    struct hash root;
    struct fault fault = {0};
    draft_edition();
    ck_assert_int_eq(ledger_preview(maker.ledger, append.records, append.count, &size, &root), 0);
    sign_with(5, &root, &maker.ledger_key, MAKER_ORIGIN);
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_CONFLICT, &fault, "checkpoint's size");
    sign_with(INT64_MAX, &root, &maker.ledger_key, MAKER_ORIGIN);
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_CONFLICT, &fault, "checkpoint's size");
    ck_assert_uint_eq(size_now(), 2);
}
END_TEST

START_TEST(spare_key_may_sign) {
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.spare_key);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
}
END_TEST

START_TEST(nothing_is_looked_at_before_the_signature) {
    struct maker_key stranger, elsewhere;
    struct append_result result;
    uint64_t size;
    struct hash root;
    maker_key_make(&stranger, MAKER_ORIGIN, NOTE_TYPE_ED25519, 77);
    maker_key_make(&elsewhere, "another.example/ledger", NOTE_TYPE_ED25519, 1);
    draft_edition();
    maker_append_sign(&append, &stranger);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CHECKPOINT_KEY);
    /* records that could never be read give the same */
    struct bytes nowhere = {NULL, SIZE_MAX};
    ck_assert_int_eq(ledger_append(maker.ledger, &nowhere, 1, buffer_bytes(&append.note), maker.now_s, &result, NULL),
                     DEPOSITARY_E_CHECKPOINT_KEY);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 1, NULL), DEPOSITARY_E_STATE);
    ck_assert_int_eq(ledger_preview(maker.ledger, append.records, append.count, &size, &root), 0);
    sign_with(size, &root, &elsewhere, "another.example/ledger");
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CHECKPOINT_ORIGIN);
    maker_append_sign(&append, &maker.ledger_key);
    append.note.data[append.note.len - 8] ^= 1;
    ck_assert_int_ne(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_uint_eq(size_now(), 2);
}
END_TEST

/* ---- cosignatures */

START_TEST(cosignature_is_merged_and_kept) {
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_cosign(&append, &maker.witness_key);
    /* with its records, or with none: both are contained */
    struct append_result result;
    ck_assert_int_eq(ledger_append(maker.ledger, NULL, 0, buffer_bytes(&append.note), maker.now_s, &result, NULL), 0);
    for (int round = 0; round < 2; round++) {
        const struct ledger_state *state = ledger_state_take(maker.ledger);
        struct note note;
        ck_assert_int_eq(note_parse(&note, state->checkpoint, NULL), 0);
        ck_assert_uint_eq(note.signatures_count, 2);
        ck_assert_int_eq(note_verify(&note, &maker.ledger_key.verifier, NULL), 0);
        ck_assert_int_eq(note_verify(&note, &maker.witness_key.verifier, NULL), 0);
        ledger_state_release(state);
        ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    }
    /* a note with fewer takes none away */
    maker_append_sign(&append, &maker.ledger_key);
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT count(*) FROM checkpoint"), 2);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
}
END_TEST

START_TEST(cosignature_of_a_stranger_is_not_merged) {
    struct maker_key stranger;
    struct append_result result;
    maker_key_make(&stranger, "stranger.example", NOTE_TYPE_COSIGNATURE, 78);
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    size_t len = append.note.len;
    maker_append_cosign(&append, &stranger);
    ck_assert_int_eq(ledger_append(maker.ledger, NULL, 0, buffer_bytes(&append.note), maker.now_s, &result, NULL), 0);
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    ck_assert_uint_eq(state->checkpoint.len, len);
    ledger_state_release(state);
}
END_TEST

START_TEST(cosignature_for_an_older_checkpoint_changes_nothing) {
    struct append_result result;
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_cosign(&append, &maker.witness_key);
    struct buffer note = append.note;
    buffer_init(&append.note, LIMIT_NOTE);
    append_register();
    ck_assert_int_eq(ledger_append(maker.ledger, NULL, 0, buffer_bytes(&note), maker.now_s, &result, NULL), 0);
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct note parsed;
    ck_assert_int_eq(note_parse(&parsed, state->checkpoint, NULL), 0);
    ck_assert_uint_eq(parsed.signatures_count, 1);
    ledger_state_release(state);
    buffer_free(&note);
}
END_TEST

/* ---- clauses that are awaited */

START_TEST(missing_clauses_are_told_in_runs) {
    struct append_result result;
    draft_edition();
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_uint_eq(result.missing_count, 1);
    ck_assert(hash_equal(&result.missing[0].edition, &append.editions[0].leaf_hash));
    ck_assert(result.missing[0].from_place == 0 && result.missing[0].count == CLAUSES_COUNT);
    ck_assert_int_eq(maker_append_put(&append, 0, 2, 3, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_uint_eq(result.missing_count, 2);
    ck_assert(result.missing[0].from_place == 0 && result.missing[0].count == 2);
    ck_assert(result.missing[1].from_place == 3 && result.missing[1].count == 2);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 2, NULL), 0);
    ck_assert_int_eq(maker_append_put(&append, 0, 3, 5, NULL), 0);
    ck_assert_uint_eq(size_now(), 2);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), 0);
    ck_assert_uint_eq(result.size, 4);
    ck_assert_uint_eq(size_now(), 4);
    read_all();
}
END_TEST

START_TEST(missing_runs_are_bounded) {
    struct maker_clause *clauses;
    struct append_result result;
    maker_clauses_make(&clauses, 300, 40, 1);
    const struct maker_edition plan = {.instrument = "long", .clauses = clauses, .clauses_count = 300};
    maker_append_edition(&append, &plan);
    maker_append_edition(&append, &PLAN);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_uint_eq(result.missing_count, 2);
    for (uint64_t place = 1; place < 300; place += 2)
        ck_assert_int_eq(maker_append_put(&append, 0, place, place + 1, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_uint_eq(result.missing_count, LEDGER_MISSING_MAX);
    ck_assert_uint_eq(result.missing[LEDGER_MISSING_MAX - 1].from_place, 2 * (LEDGER_MISSING_MAX - 1));
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    read_all();
    maker_clauses_free(clauses, 300);
}
END_TEST

/* One clause with its path, to be made wrong. */
static int put_one(uint64_t place, struct bytes record, struct merkle_path *path, struct fault *fault) {
    const struct placed_clause placed = {place, record, path};
    uint64_t received = 99;
    int error =
        ledger_put_clauses(maker.ledger, &append.editions[0].leaf_hash, &placed, 1, maker.now_s, &received, fault);
    ck_assert_uint_eq(received, error ? 99 : 1);
    return error;
}

START_TEST(clause_that_does_not_verify_is_refused) {
    struct merkle_path path, other;
    struct fault fault = {0};
    struct bytes *records;
    draft_edition();
    records = append.editions[0].records;
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    merkle_tree_path(&path, &append.editions[0].tree, 1);
    other = path;
    other.hashes[0].bytes[0] ^= 1;
    ck_error(put_one(1, records[1], &other, &fault), DEPOSITARY_E_CLAUSE_PROOF, &fault, "place 1");
    other = path;
    other.count--;
    ck_error(put_one(1, records[1], &other, &fault), DEPOSITARY_E_CLAUSE_PROOF, &fault, "place 1");
    ck_error(put_one(2, records[1], &path, &fault), DEPOSITARY_E_CLAUSE_PROOF, &fault, "place 2");
    ck_error(put_one(1, records[2], &path, &fault), DEPOSITARY_E_CLAUSE_PROOF, &fault, "place 1");
    ck_error(put_one(CLAUSES_COUNT, records[1], &path, &fault), DEPOSITARY_E_CLAUSE_PROOF, &fault, "place 5");
    ck_error(put_one(UINT64_MAX, records[1], &path, &fault), DEPOSITARY_E_CLAUSE_PROOF, &fault,
             "place 18446744073709551615");
    ck_error(put_one(1, bytes_of(records[1].data, LIMIT_CLAUSE_RECORD + 1u), &path, &fault), DEPOSITARY_E_LIMIT, &fault,
             "too long");
    ck_assert_int_eq(put_one(1, records[1], &path, &fault), 0);
}
END_TEST

START_TEST(nothing_of_a_refused_call_is_kept) {
    struct merkle_path paths[2];
    struct append_result result;
    uint64_t received;
    draft_edition();
    const struct made_edition *made = &append.editions[0];
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    merkle_tree_path(&paths[0], &made->tree, 0);
    merkle_tree_path(&paths[1], &made->tree, 1);
    const struct placed_clause placed[] = {{0, made->records[0], &paths[0]}, {1, made->records[0], &paths[1]}};
    ck_assert_int_eq(ledger_put_clauses(maker.ledger, &made->leaf_hash, placed, 2, maker.now_s, &received, NULL),
                     DEPOSITARY_E_CLAUSE_PROOF);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert(result.missing_count == 1 && result.missing[0].count == CLAUSES_COUNT);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
}
END_TEST

START_TEST(clause_twice_counts_once) {
    draft_edition();
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(maker_append_put(&append, 0, 0, 2, NULL), 0);
    ck_assert_int_eq(maker_append_put(&append, 0, 1, CLAUSES_COUNT, NULL), 0);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, CLAUSES_COUNT, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    read_all();
}
END_TEST

START_TEST(clauses_without_a_pending_append) {
    draft_edition();
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 1, NULL), DEPOSITARY_E_STATE);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 1, NULL), DEPOSITARY_E_STATE);
}
END_TEST

START_TEST(pending_append_is_dropped_when_idle) {
    draft_edition();
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    maker.now_s += PENDING_IDLE_S;
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 1, NULL), 0);
    maker.now_s += PENDING_IDLE_S;
    ck_assert_int_eq(maker_append_put(&append, 0, 1, 2, NULL), 0);
    maker.now_s += PENDING_IDLE_S + 1;
    ck_assert_int_eq(maker_append_put(&append, 0, 2, 3, NULL), DEPOSITARY_E_STATE);
    /* it can be begun again, from nothing */
    struct append_result result;
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert(result.missing_count == 1 && result.missing[0].count == CLAUSES_COUNT);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
}
END_TEST

START_TEST(pending_append_gives_way_to_another_good_one) {
    struct maker_append other;
    const struct maker_edition plan = {.instrument = "other", .clauses = CLAUSES, .clauses_count = 2};
    draft_edition();
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 3, NULL), 0);
    maker_append_begin(&other, &maker);
    maker_append_edition(&other, &plan);
    maker_append_register(&other, 0);
    ck_assert_int_eq(maker_append_submit(&other, NULL), 0);
    ck_assert_int_eq(maker_append_put(&append, 0, 3, 4, NULL), DEPOSITARY_E_STATE);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CONFLICT);
    maker_append_end(&other);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    read_all();
}
END_TEST

START_TEST(pending_append_stays_when_a_bad_one_comes) {
    struct maker_append bad;
    draft_edition();
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 3, NULL), 0);
    maker_append_begin(&bad, &maker);
    maker_append_key(&bad, maker.answer_key.verifier.public_key);
    maker_append_register(&bad, 0);
    ck_assert_int_eq(maker_append_submit(&bad, NULL), DEPOSITARY_E_RULE);
    maker_append_end(&bad);
    ck_assert_int_eq(maker_append_put(&append, 0, 3, CLAUSES_COUNT, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
}
END_TEST

START_TEST(staged_clauses_do_not_outlive_the_process) {
    draft_edition();
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 3, NULL), 0);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_assert_int_eq(maker_append_put(&append, 0, 3, 4, NULL), DEPOSITARY_E_STATE);
    ck_assert_uint_eq(size_now(), 2);
}
END_TEST

/* ---- keys that change */

static void policy_of(const struct maker_key *key) {
    struct buffer text;
    buffer_init(&text, 4096);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &key->verifier);
    buffer_append_text(&text, "\nquorum none\n");
    policy_free(maker.policy);
    ck_assert_int_eq(policy_parse(&maker.policy, buffer_bytes(&text), NULL), 0);
    buffer_free(&text);
}

/* From now on the witness's cosignature is asked for. */
static void ask_for_a_quorum(void) {
    struct buffer text;
    buffer_init(&text, 4096);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &maker.ledger_key.verifier);
    buffer_append_text(&text, "\nwitness w ");
    verifier_key_print(&text, &maker.witness_key.verifier);
    buffer_append_text(&text, "\nquorum w\n");
    policy_free(maker.policy);
    ck_assert_int_eq(policy_parse(&maker.policy, buffer_bytes(&text), NULL), 0);
    buffer_free(&text);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
}

START_TEST(without_the_quorum_nothing_follows_what_has_it) {
    struct fault fault = {0};
    ask_for_a_quorum(); /* over a ledger of before the witness's time, which is opened and may grow */
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    /* the cosignature is merged */
    maker_append_cosign(&append, &maker.witness_key);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    maker_append_end(&append);
    /* from here on there is no way back to less */
    maker_append_begin(&append, &maker);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_QUORUM, &fault, "too few");
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT count(*) FROM entry"), 3);
    maker_append_cosign(&append, &maker.witness_key);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT count(*) FROM entry"), 4);
}
END_TEST

/* A checkpoint of before, as it is kept, with a line of the spare key more. */
static void amended(struct buffer *out, uint64_t size) {
    struct buffer kept, by_spare;
    struct note note;
    struct checkpoint checkpoint;
    uint64_t found;
    buffer_init(&kept, LIMIT_NOTE);
    buffer_init(&by_spare, LIMIT_NOTE);
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, size, &kept, &found), 0);
    ck_assert_uint_eq(found, size);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&kept), NULL), 0);
    ck_assert_int_eq(checkpoint_parse(&checkpoint, note.text, NULL), 0);
    ck_assert_int_eq(checkpoint_sign(&by_spare, &checkpoint, &maker.spare_key.verifier, maker.spare_key.secret), 0);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&by_spare), NULL), 0);
    buffer_append(out, buffer_bytes(&kept));
    buffer_append(out, note.signatures[0].line);
    buffer_free(&kept);
    buffer_free(&by_spare);
}

START_TEST(a_checkpoint_of_before_gets_the_line_of_another_key) {
    struct buffer more, kept;
    struct fault fault = {0};
    uint64_t found;
    buffer_init(&more, LIMIT_NOTE);
    buffer_init(&kept, LIMIT_NOTE);
    ledger_maker_deposit(&maker, &PLAN);
    amended(&more, 2);
    /* not what is kept, less of it, or with a line that does not verify */
    more.data[more.len - 10] ^= 1;
    ck_assert_int_ne(ledger_amend_checkpoint(maker.ledger, buffer_bytes(&more), &fault), 0);
    more.data[more.len - 10] ^= 1;
    struct buffer other;
    buffer_init(&other, LIMIT_NOTE);
    struct note note;
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&more), NULL), 0);
    buffer_append(&other, note.text);
    buffer_append_byte(&other, '\n');
    buffer_append(&other, note.signatures[1].line); /* the spare's alone: the ledger key's line would be gone */
    ck_error(ledger_amend_checkpoint(maker.ledger, buffer_bytes(&other), &fault), DEPOSITARY_E_CONFLICT, &fault,
             "another checkpoint of size 2");
    /* the current one is ledger_append's */
    buffer_clear(&other);
    amended(&other, 4);
    ck_error(ledger_amend_checkpoint(maker.ledger, buffer_bytes(&other), &fault), DEPOSITARY_E_ARGUMENT, &fault,
             "size 4");
    ck_assert_int_eq(ledger_amend_checkpoint(maker.ledger, buffer_bytes(&more), &fault), 0);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, 2, &kept, &found), 0);
    ck_assert(bytes_equal(buffer_bytes(&kept), buffer_bytes(&more)));
    buffer_free(&other);
    buffer_free(&kept);
    buffer_free(&more);
}
END_TEST

START_TEST(retired_key_needs_a_newer_checkpoint) {
    struct fault fault = {0};
    ledger_maker_deposit(&maker, &PLAN);
    ledger_maker_close(&maker);
    struct policy *both;
    ck_assert_int_eq(policy_copy(&both, maker.policy), 0);
    policy_of(&maker.spare_key);
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_CHECKPOINT_KEY, &fault, "checkpoint of size 4");
    policy_free(maker.policy);
    maker.policy = both;
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.spare_key);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    policy_of(&maker.spare_key);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    read_all();
}
END_TEST

/* ---- damage */

static const struct damage {
    const char *sql;
    const char *words; /* what opening says */
} damages[] = {
    {"UPDATE entry SET record = flip(record, 30) WHERE idx = 2", "entry 2 is not what its leaf hash says"},
    {"UPDATE entry SET record = flip(record, -1) WHERE idx = 0", "entry 0 is not what its leaf hash says"},
    {"UPDATE entry SET leaf_hash = flip(leaf_hash, 31) WHERE idx = 3", "entry 3 is not what its leaf hash says"},
    {"UPDATE entry SET idx = 77 WHERE idx = 5", "checkpoint of size 78"},
    {"DELETE FROM entry WHERE idx = 1", "entry 1 is not there"},
    {"DELETE FROM entry WHERE idx = 5", "checkpoint of size 5: it is not there"},
    {"DELETE FROM entry", "that belong to nothing"},
    {"INSERT INTO entry SELECT 6, leaf_hash, record FROM entry WHERE idx = 5", "checkpoint of size 7"},
    {"UPDATE node SET hash = flip(hash, 0) WHERE tree = 0 AND level = 1 AND idx = 1", "node 1/1 of the ledger"},
    {"UPDATE node SET hash = flip(hash, 9) WHERE tree = 0 AND level = 2", "node 2/0 of the ledger"},
    {"UPDATE node SET hash = flip(hash, 9) WHERE tree = 3 AND level = 1 AND idx = 0",
     "node 1/0 of the edition at entry 2"},
    {"UPDATE node SET tree = 9 WHERE tree = 3 AND level = 2", "node 2/0 of the edition at entry 2"},
    {"DELETE FROM node WHERE tree = 5 AND level = 1 AND idx = 1", "node 1/1 of the edition at entry 4"},
    {"INSERT INTO node VALUES (9, 1, 0, zeroblob(32))", "that belong to nothing"},
    {"UPDATE clause SET record = flip(record, -2) WHERE id = 4",
     "clause at place 3 of the edition at entry 2: it is not"},
    {"UPDATE clause SET record = flip(record, 0) WHERE id = 6",
     "clause at place 2 of the edition at entry 4: it is not"},
    {"UPDATE clause SET leaf_hash = flip(leaf_hash, 3) WHERE id = 1", "clause at place 0 of the edition at entry 2"},
    {"UPDATE clause SET id = 99 WHERE id = 2", "clause at place 1 of the edition at entry 2: it is not there"},
    {"UPDATE place SET clause = 5 WHERE edition = 2 AND place = 3", "node 1/1 of the edition at entry 2"},
    {"UPDATE place SET clause = 4 WHERE edition = 4 AND place = 4", "clause at place 4 of the edition at entry 4"},
    {"UPDATE place SET edition = 3 WHERE edition = 4 AND place = 4",
     "clause at place 4 of the edition at entry 4: it is not"},
    {"UPDATE place SET place = 9 WHERE edition = 4 AND place = 1",
     "clause at place 1 of the edition at entry 4: it is not"},
    {"INSERT INTO place VALUES (2, 5, 1)", "clause at place 5 of the edition at entry 2"},
    {"INSERT INTO place VALUES (3, 0, 1)", "that belong to nothing"},
    {"UPDATE checkpoint SET note = flip(note, 2) WHERE size = 6", "checkpoint of size 6"},
    {"UPDATE checkpoint SET note = flip(note, 30) WHERE size = 6", "checkpoint of size 6"},
    {"UPDATE checkpoint SET note = flip(note, -10) WHERE size = 6", "checkpoint of size 6"},
    {"UPDATE checkpoint SET note = flip(note, 30) WHERE size = 4", "checkpoint of size 4"},
    {"UPDATE checkpoint SET note = flip(note, -10) WHERE size = 4", "checkpoint of size 4"},
    {"UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 4) WHERE size = 6",
     "checkpoint of size 6"},
    {"DELETE FROM checkpoint WHERE size = 6", "checkpoint of size 6: it is not there"},
    {"DELETE FROM checkpoint WHERE size = 2", "checkpoint of size 2: it is not there"},
    {"INSERT INTO checkpoint SELECT 5, note FROM checkpoint WHERE size = 6", "that belong to nothing"},
    {"DELETE FROM entry; DELETE FROM node; DELETE FROM place", "that belong to nothing"},
};

/* Two editions of five clauses, at entries 2 and 4. */
static void make_two_editions(void) {
    struct maker_clause changed[CLAUSES_COUNT];
    struct maker_edition plan = PLAN;
    ledger_maker_deposit(&maker, &PLAN);
    memcpy(changed, CLAUSES, sizeof changed);
    changed[2].text = "2. Two, rectified.\n";
    plan.clauses = changed;
    plan.act = ACT_RECTIFICATION;
    ledger_maker_deposit(&maker, &plan);
}

START_TEST(damage_is_named_when_opened) {
    const struct damage *damage = &damages[_i];
    struct fault fault = {0};
    make_two_editions();
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, damage->sql);
    int error = ledger_maker_reopen(&maker, &fault);
    ck_assert_msg(error == DEPOSITARY_E_DAMAGED || error == DEPOSITARY_E_CHECKPOINT_KEY ||
                      error == DEPOSITARY_E_CHECKPOINT_ORIGIN,
                  "%s: %d %s", damage->sql, error, fault_text(&fault));
    ck_assert_msg(strstr(fault_text(&fault), damage->words) != NULL, "%s: \"%s\"", damage->sql, fault_text(&fault));
}
END_TEST

/* A bit of the last entry, and with it the hash that is stored. */
static void change_last_entry(void) {
    struct hash leaf;
    struct buffer sql;
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    const uint64_t last = state->size - 1;
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    ck_assert_int_eq(ledger_entry(maker.ledger, state, last, &record, NULL, NULL), 0);
    ledger_state_release(state);
    record.data[record.len - 3] ^= 1;
    merkle_leaf_hash(&leaf, buffer_bytes(&record));
    buffer_init(&sql, 4096);
    buffer_append_text(&sql, "UPDATE entry SET record = flip(record, -3), leaf_hash = x'");
    buffer_append_hex(&sql, hash_bytes(&leaf));
    buffer_append_format(&sql, "' WHERE idx = %u", (unsigned)last);
    buffer_append_byte(&sql, 0);
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, (const char *)sql.data);
    buffer_free(&sql);
    buffer_free(&record);
}

/* An entry that was changed with all that is derived from it still is not what was signed. */
START_TEST(entry_and_its_hash_changed_together) {
    struct fault fault = {0};
    make_two_editions();
    change_last_entry();
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault,
             "node 1/2 of the ledger is not its hash");
}
END_TEST

/* The last of an odd number has no node above it but the root, which is signed. */
START_TEST(entry_and_all_above_it_changed_together) {
    struct fault fault = {0};
    make_two_editions();
    maker_append_end(&append);
    maker_append_begin(&append, &maker);
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    change_last_entry();
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault,
             "the entries do not rebuild the root of the last checkpoint");
}
END_TEST

START_TEST(rotten_entry_is_found_while_running) {
    struct buffer record;
    struct fault fault = {0};
    struct merkle_path path = {.count = 77};
    make_two_editions();
    buffer_init(&record, LIMIT_ENTRY);
    buffer_append_text(&record, "kept");
    ledger_maker_sql(&maker, "UPDATE entry SET record = flip(record, 40) WHERE idx = 2");
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    ck_error(ledger_entry(maker.ledger, state, 2, &record, &path, &fault), DEPOSITARY_E_DAMAGED, &fault, "entry 2 ");
    /* nothing was handed out */
    ck_assert(bytes_equal(buffer_bytes(&record), BYTES("kept")) && path.count == 77);
    ck_assert_int_eq(ledger_entry(maker.ledger, state, 1, &record, NULL, NULL), 0);
    ledger_maker_sql(&maker, "DELETE FROM entry WHERE idx = 2");
    ck_error(ledger_entry(maker.ledger, state, 2, &record, NULL, &fault), DEPOSITARY_E_DAMAGED, &fault, "entry 2 ");
    ledger_state_release(state);
    buffer_free(&record);
}
END_TEST

START_TEST(rotten_node_is_found_while_running) {
    struct buffer record;
    struct merkle_path path;
    struct hash root;
    make_two_editions();
    buffer_init(&record, LIMIT_ENTRY);
    ledger_maker_sql(&maker, "UPDATE node SET hash = flip(hash, 4) WHERE tree = 0 AND level = 2");
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    ck_assert_int_eq(ledger_entry(maker.ledger, state, 5, &record, NULL, NULL), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(ledger_root_at(maker.ledger, 5, &root), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(ledger_consistency(maker.ledger, 4, 6, &path), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(ledger_inclusion(maker.ledger, 5, 6, &path), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(ledger_node(maker.ledger, 2, 0, &root), DEPOSITARY_E_DAMAGED);
    ledger_maker_sql(&maker, "UPDATE entry SET leaf_hash = flip(leaf_hash, 4) WHERE idx = 5");
    ck_assert_int_eq(ledger_node(maker.ledger, 0, 5, &root), DEPOSITARY_E_DAMAGED);
    ledger_state_release(state);
    buffer_free(&record);
}
END_TEST

/* Two entries that have changed places in what hashes are looked up in. */
START_TEST(rotten_index_of_hashes_is_found_while_running) {
    struct buffer record;
    struct hash leaf;
    uint64_t index = 99;
    make_two_editions();
    buffer_init(&record, LIMIT_ENTRY);
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    ck_assert_int_eq(ledger_entry(maker.ledger, state, 2, &record, NULL, NULL), 0);
    merkle_leaf_hash(&leaf, buffer_bytes(&record));
    ck_assert_int_eq(ledger_find(maker.ledger, state, &leaf, &index), 0);
    ck_assert_uint_eq(index, 2);
    ledger_maker_sql(&maker,
                     "UPDATE entry SET leaf_hash = o.leaf_hash FROM (SELECT 6 - idx AS idx, leaf_hash FROM entry"
                     " WHERE idx IN (2, 4)) AS o WHERE o.idx = entry.idx");
    index = 99;
    ck_assert_int_eq(ledger_find(maker.ledger, state, &leaf, &index), DEPOSITARY_E_DAMAGED);
    ck_assert_uint_eq(index, 99);
    ledger_state_release(state);
    buffer_free(&record);
}
END_TEST

START_TEST(rotten_clause_is_found_while_running) {
    struct buffer record;
    struct fault fault = {0};
    draft_edition();
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    struct hash root;
    merkle_tree_root(&root, &append.editions[0].tree);
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    ledger_maker_sql(&maker, "UPDATE clause SET record = flip(record, -2) WHERE id = 4");
    ck_error(ledger_clause(maker.ledger, 2, CLAUSES_COUNT, &root, 3, &record, NULL, &fault), DEPOSITARY_E_DAMAGED,
             &fault, "clause at place 3 of the edition at entry 2 ");
    ck_assert_uint_eq(record.len, 0);
    ck_assert_int_eq(ledger_clause(maker.ledger, 2, CLAUSES_COUNT, &root, 2, &record, NULL, &fault), 0);
    ledger_maker_sql(&maker, "DELETE FROM place WHERE place = 1");
    ck_error(ledger_clause(maker.ledger, 2, CLAUSES_COUNT, &root, 1, &record, NULL, &fault), DEPOSITARY_E_DAMAGED,
             &fault, "clause at place 1 of the edition at entry 2 ");
    ck_assert_int_eq(ledger_clause(maker.ledger, 2, CLAUSES_COUNT, &root, CLAUSES_COUNT, &record, NULL, &fault),
                     DEPOSITARY_E_ARGUMENT);
    buffer_free(&record);
}
END_TEST

START_TEST(rotten_clause_is_not_used_for_another_edition) {
    struct fault fault = {0};
    struct maker_edition plan = PLAN;
    ledger_maker_deposit(&maker, &PLAN);
    ledger_maker_sql(&maker, "UPDATE clause SET record = flip(record, -2) WHERE id = 4");
    plan.act = ACT_AMENDMENT;
    maker_append_edition(&append, &plan);
    maker_append_register(&append, 0);
    ck_error(maker_append_submit(&append, &fault), DEPOSITARY_E_DAMAGED, &fault, "clause record 4");
    ck_assert_uint_eq(size_now(), 4);
}
END_TEST

START_TEST(rotten_checkpoint_is_found_while_running) {
    struct buffer note;
    uint64_t size;
    make_two_editions();
    buffer_init(&note, LIMIT_NOTE);
    ledger_maker_sql(&maker, "UPDATE checkpoint SET note = flip(note, 30) WHERE size = 4");
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, 3, &note, &size), DEPOSITARY_E_DAMAGED);
    ck_assert_uint_eq(note.len, 0);
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, 5, &note, &size), 0);
    buffer_free(&note);
}
END_TEST

START_TEST(another_process_has_appended) {
    struct fault fault = {0};
    struct ledger *other;
    const struct ledger_config config = {.url = maker.url, .policy = maker.policy};
    draft_edition();
    ck_assert_int_eq(ledger_open(&other, &config, NULL), 0);
    append_register();
    struct ledger *ours = maker.ledger;
    maker.ledger = other; /* which does not know of it */
    maker_append_register(&append, MAKER_NOW + 1);
    ck_error(maker_append_submit(&append, &fault), DEPOSITARY_E_STATE, &fault, "another process");
    maker.ledger = ours;
    ledger_close(other);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_assert_uint_eq(size_now(), 3);
}
END_TEST

/* ---- crashes: a child that ends without a word at the n-th step of writing */

static const struct store_ops *real_ops;
static int steps_left;

static void step(void) {
    if (steps_left-- == 0)
        _exit(7);
}

static int crash_put_entry(struct store *store, uint64_t index, struct bytes record, const struct hash *leaf_hash,
                           struct fault *fault) {
    step();
    return real_ops->put_entry(store, index, record, leaf_hash, fault);
}

static int crash_put_node(struct store *store, store_tree tree, unsigned level, uint64_t index, const struct hash *hash,
                          struct fault *fault) {
    step();
    return real_ops->put_node(store, tree, level, index, hash, fault);
}

static int crash_put_clause(struct store *store, uint64_t edition_index, uint64_t place, struct bytes record,
                            const struct hash *leaf_hash, struct fault *fault) {
    step();
    return real_ops->put_clause(store, edition_index, place, record, leaf_hash, fault);
}

static int crash_put_checkpoint(struct store *store, uint64_t size, struct bytes note, struct fault *fault) {
    step();
    return real_ops->put_checkpoint(store, size, note, fault);
}

static int crash_stage_commit(struct store *store, struct fault *fault) {
    step();
    return real_ops->stage_commit(store, fault);
}

static int crash_commit(struct store *store, struct fault *fault) {
    step();
    int error = real_ops->commit(store, fault);
    step();
    return error;
}

/* The whole deposit in a child, which ends at that step. Its exit status: 7, or 0 where there are no so many steps. */
static int deposit_and_crash(int at) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (ledger_maker_reopen(&maker, NULL) != 0)
            _exit(1);
        real_ops = maker.ledger->store->ops;
        struct store_ops ops = *real_ops;
        ops.put_entry = crash_put_entry;
        ops.put_node = crash_put_node;
        ops.put_clause = crash_put_clause;
        ops.put_checkpoint = crash_put_checkpoint;
        ops.stage_commit = crash_stage_commit;
        ops.commit = crash_commit;
        maker.ledger->store->ops = &ops;
        steps_left = at;
        struct maker_edition plan = PLAN;
        maker_append_edition(&append, &plan);
        maker_append_register(&append, 0);
        _exit(maker_append_submit(&append, NULL) == 0 ? 0 : 2);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(crash_leaves_the_old_ledger_or_the_new) {
    struct fault fault = {0};
    bool was_new = false;
    int at = 0;
    /* SQLite's files do not survive a fork: the child opens them itself. */
    ledger_maker_close(&maker);
    for (;; at++) {
        int status = deposit_and_crash(at);
        ck_assert_int_eq(ledger_maker_reopen(&maker, &fault), 0);
        uint64_t size = size_now();
        ck_assert(size == 2 || size == 4);
        read_all();
        ledger_maker_close(&maker);
        if (size == 4) {
            /* only the last step is after the commit */
            ck_assert_int_eq(status, 7);
            was_new = true;
            break;
        }
        ck_assert_int_eq(status, 7);
    }
    ck_assert(was_new);
    ck_assert_int_ge(at, 10);
}
END_TEST

static int failing_commit(struct store *store, struct fault *fault) {
    (void)store;
    return fault_set(fault, DEPOSITARY_E_IO, "no space left");
}

START_TEST(commit_that_fails_changes_nothing) {
    struct fault fault = {0};
    const struct store_ops *ops = maker.ledger->store->ops;
    struct store_ops failing = *ops;
    failing.commit = failing_commit;
    maker.ledger->store->ops = &failing;
    draft_edition();
    ck_error(maker_append_submit(&append, &fault), DEPOSITARY_E_IO, &fault, "no space left");
    ck_assert_uint_eq(size_now(), 2);
    /* the clauses are still there: the same append again is enough */
    maker.ledger->store->ops = ops;
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    read_all();
}
END_TEST

/* ---- many readers while it grows */

static bool readers_stop;
static sem_t readers_begun; /* one from each reader, after its first entry */

static void *reader_main(void *unused) {
    (void)unused;
    struct buffer record;
    uintptr_t reads = 0;
    buffer_init(&record, LIMIT_ENTRY);
    while (!__atomic_load_n(&readers_stop, __ATOMIC_ACQUIRE)) {
        const struct ledger_state *state = ledger_state_take(maker.ledger);
        struct merkle_path path;
        for (uint64_t i = 0; i < state->size; i++) {
            buffer_clear(&record);
            int error = ledger_entry(maker.ledger, state, i, &record, &path, NULL);
            if (reads++ == 0)
                sem_post(&readers_begun);
            if (error)
                return NULL;
        }
        ledger_state_release(state);
    }
    buffer_free(&record);
    return (void *)reads;
}

START_TEST(readers_are_not_disturbed_by_appends) {
    pthread_t threads[4];
    readers_stop = false;
    ck_assert_int_eq(sem_init(&readers_begun, 0, 0), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, reader_main, NULL), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(sem_wait(&readers_begun), 0);
    for (int i = 0; i < 40; i++)
        append_register();
    __atomic_store_n(&readers_stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 4; i++) {
        void *reads;
        ck_assert_int_eq(pthread_join(threads[i], &reads), 0);
        ck_assert_ptr_nonnull(reads);
    }
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        empty_ledger,
        two_editions_are_read_back,
        state_says_what_the_register_says,
        old_state_can_be_read_after_an_append,
        record_is_appended_to_what_the_buffer_holds,
        proofs_between_all_sizes,
        nodes_are_the_hash_of_their_children,
        replay_is_contained,
        replay_with_other_records_is_a_conflict,
        stale_append_is_a_conflict,
        fork_at_the_current_size_is_a_conflict,
        wrong_root_is_a_conflict,
        wrong_size_is_a_conflict,
        spare_key_may_sign,
        nothing_is_looked_at_before_the_signature,
        cosignature_is_merged_and_kept,
        cosignature_of_a_stranger_is_not_merged,
        cosignature_for_an_older_checkpoint_changes_nothing,
        missing_clauses_are_told_in_runs,
        missing_runs_are_bounded,
        clause_that_does_not_verify_is_refused,
        nothing_of_a_refused_call_is_kept,
        clause_twice_counts_once,
        clauses_without_a_pending_append,
        pending_append_is_dropped_when_idle,
        pending_append_gives_way_to_another_good_one,
        pending_append_stays_when_a_bad_one_comes,
        staged_clauses_do_not_outlive_the_process,
        without_the_quorum_nothing_follows_what_has_it,
        a_checkpoint_of_before_gets_the_line_of_another_key,
        retired_key_needs_a_newer_checkpoint,
        entry_and_its_hash_changed_together,
        entry_and_all_above_it_changed_together,
        rotten_entry_is_found_while_running,
        rotten_node_is_found_while_running,
        rotten_index_of_hashes_is_found_while_running,
        rotten_clause_is_found_while_running,
        rotten_clause_is_not_used_for_another_edition,
        rotten_checkpoint_is_found_while_running,
        another_process_has_appended,
        crash_leaves_the_old_ledger_or_the_new,
        commit_that_fails_changes_nothing,
        readers_are_not_disturbed_by_appends,
    };
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, damage_is_named_when_opened, 0, (int)(sizeof damages / sizeof damages[0]));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
