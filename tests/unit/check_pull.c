/*
 * Following a source that lies: src/ledger/pull.c, and what it hands on to append.c and pending.c. Each lie in turn, in every answer that a source gives: it is
 * refused with a reason, the ledger that follows is as it was, and goes on when the truth is told. PROTOCOL.md section 2.
 */
#include "ledger_maker.h"

#include "base/limits.h"
#include "ledger/ledger_private.h"
#include "ledger/source.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define CLAUSES_COUNT 9u
#define HELD          4u /* entries that the follower has when it is lied to */
#define THERE         6u /* and the source: an edition and a register more */

static struct ledger_maker maker;
static struct ledger *follower;
static struct maker_clause *clauses;

/* ---- a source, and its lies */

enum lie {
    NO_LIE,
    NOTE_BIT,
    NOTE_OF_A_STRANGER,
    NOTE_TOO_LONG,
    ENTRY_BIT,
    ENTRY_TOO_LONG,
    ENTRY_LEFT_OUT,
    ENTRY_TWICE,
    ENTRIES_NONE,
    ENTRIES_ONE_MORE,
    PROOF_BIT,
    PROOF_CUT,
    PROOF_EMPTY,
    CLAUSE_BIT,
    CLAUSE_TOO_LONG,
    CLAUSE_LEFT_OUT,
    CLAUSE_OF_ANOTHER_PLACE,
    CLAUSE_PATH_BIT,
    CLAUSES_NONE,
    CLAUSE_BIT_UNPROVED,
};

/* What it tells is the truth of this ledger but for the lie. */
struct liar {
    struct source base;
    struct ledger *truth;
    enum lie lie;
    unsigned clauses_told, entries_asked;
};
static struct liar liar;

static void flip(uint8_t *data, size_t len) {
    data[len / 2] ^= 1u;
}

/* The checkpoint of the same state under a key that nobody pinned. */
static void sign_as_a_stranger(struct buffer *note, const struct ledger_state *state) {
    struct maker_key stranger;
    const struct checkpoint checkpoint = {.origin = BYTES(MAKER_ORIGIN), .size = state->size, .root = state->root};
    maker_key_make(&stranger, MAKER_ORIGIN, NOTE_TYPE_ED25519, 99);
    ck_assert_int_eq(checkpoint_sign(note, &checkpoint, &stranger.verifier, stranger.secret), 0);
}

static int liar_checkpoint(struct source *source, struct buffer *note, struct fault *fault) {
    const struct ledger_state *state = ledger_state_take(liar.truth);
    (void)source;
    (void)fault;
    if (liar.lie == NOTE_OF_A_STRANGER)
        sign_as_a_stranger(note, state);
    else
        buffer_append(note, state->checkpoint);
    if (liar.lie == NOTE_BIT)
        note->data[note->len - 10] ^= 1u; /* in the signature's base64 */
    while (liar.lie == NOTE_TOO_LONG && note->error == 0)
        buffer_append(note, state->checkpoint);
    ledger_state_release(state);
    return note->error;
}

static int tell_entry(struct buffer *record, source_entry_sink *sink, void *context) {
    if (liar.lie == ENTRY_BIT)
        flip(record->data, record->len);
    while (liar.lie == ENTRY_TOO_LONG && record->len <= LIMIT_ENTRY)
        buffer_append_byte(record, 'x');
    int error = sink(context, buffer_bytes(record));
    return error == 0 && liar.lie == ENTRY_TWICE ? sink(context, buffer_bytes(record)) : error;
}

static int liar_entries(struct source *source, uint64_t start, uint64_t count, source_entry_sink *sink, void *context,
                        struct fault *fault) {
    const struct ledger_state *state = ledger_state_take(liar.truth);
    const uint64_t end = start + count;
    liar.entries_asked++;
    int error = 0;
    (void)source;
    (void)fault;
    for (uint64_t i = start + (liar.lie == ENTRY_LEFT_OUT); error == 0 && i < end && liar.lie != ENTRIES_NONE; i++) {
        struct buffer record;
        buffer_init(&record, 2 * LIMIT_ENTRY);
        ck_assert_int_eq(ledger_entry(liar.truth, state, i, &record, NULL, NULL), 0);
        error = tell_entry(&record, sink, context);
        if (error == 0 && i + 1 == end && liar.lie == ENTRIES_ONE_MORE)
            error = sink(context, buffer_bytes(&record));
        buffer_free(&record);
    }
    ledger_state_release(state);
    return error;
}

static int liar_consistency(struct source *source, uint64_t old_size, uint64_t new_size, struct merkle_path *out,
                            struct fault *fault) {
    (void)source;
    (void)fault;
    ck_assert_int_eq(ledger_consistency(liar.truth, old_size, new_size, out), 0);
    ck_assert_uint_gt(out->count, 0);
    if (liar.lie == PROOF_BIT)
        flip(out->hashes[0].bytes, HASH_LEN);
    out->count -= liar.lie == PROOF_CUT;
    out->count = liar.lie == PROOF_EMPTY ? 0 : out->count;
    return 0;
}

static int tell_clause(const struct source_clauses *wanted, uint64_t place, source_clause_sink *sink, void *context) {
    struct buffer record;
    struct merkle_path path;
    const uint64_t read = liar.lie == CLAUSE_OF_ANOTHER_PLACE ? (place + 1) % wanted->record.clauses : place;
    buffer_init(&record, 2 * LIMIT_CLAUSE_RECORD);
    ck_assert_int_eq(ledger_clause(liar.truth, wanted->index, wanted->record.clauses, &wanted->record.clauses_root,
                                   read, &record, &path, NULL),
                     0);
    if (liar.lie == CLAUSE_BIT || liar.lie == CLAUSE_BIT_UNPROVED)
        record.data[record.len - 5] ^= 1u; /* in the text */
    while (liar.lie == CLAUSE_TOO_LONG && record.len <= LIMIT_CLAUSE_RECORD)
        buffer_append_byte(&record, 'x');
    if (liar.lie == CLAUSE_PATH_BIT)
        flip(path.hashes[path.count - 1].bytes, HASH_LEN);
    const struct placed_clause placed = {
        .place = place, .record = buffer_bytes(&record), .path = liar.lie == CLAUSE_BIT_UNPROVED ? NULL : &path};
    int error = sink(context, &placed, 1);
    buffer_free(&record);
    liar.clauses_told++;
    return error;
}

/* One a call, so that a lie about one is told before the others are there. */
static int liar_clauses(struct source *source, const struct source_clauses *wanted, source_clause_sink *sink,
                        void *context, struct fault *fault) {
    (void)source;
    (void)fault;
    if (liar.lie == CLAUSES_NONE)
        return 0;
    return tell_clause(wanted, wanted->from_place + (liar.lie == CLAUSE_LEFT_OUT), sink, context);
}

static void liar_nothing(struct source *source) {
    (void)source;
}

static const struct source_ops LIAR_OPS = {
    .close = liar_nothing,
    .cancel = liar_nothing,
    .checkpoint = liar_checkpoint,
    .entries = liar_entries,
    .consistency = liar_consistency,
    .clauses = liar_clauses,
};

/* ---- who follows */

static void deposit(struct ledger_maker *at, const char *instrument) {
    ledger_maker_deposit(
        at, &(struct maker_edition){.instrument = instrument, .clauses = clauses, .clauses_count = CLAUSES_COUNT});
}

static struct pull_result result;

static int pull(struct fault *fault) {
    buffer_free(&result.fork);
    return ledger_pull(follower, &liar.base, &result, fault);
}

static void ck_size(uint64_t size) {
    const struct ledger_state *state = ledger_state_take(follower);
    ck_assert_uint_eq(state->size, size);
    ledger_state_release(state);
}

static void follow_the_truth(uint64_t size) {
    struct fault fault = {0};
    liar.lie = NO_LIE;
    ck_assert_msg(pull(&fault) == 0, "%s", fault_text(&fault));
    ck_size(size);
}

static void set_up(void) {
    maker_clauses_make(&clauses, CLAUSES_COUNT, 60, 7);
    ledger_maker_begin_with_key(&maker);
    char url[160];
    snprintf(url, sizeof url, "sqlite:%s/follower.db", maker.dir);
    const struct ledger_config config = {
        .url = url, .policy = maker.policy, .create = true, .may_lack_checkpoints = true};
    ck_assert_int_eq(ledger_open(&follower, &config, NULL), 0);
    liar = (struct liar){.base = {&LIAR_OPS}, .truth = maker.ledger};
    deposit(&maker, "first");
    follow_the_truth(HELD);
    deposit(&maker, "second");
}

static void tear_down(void) {
    buffer_free(&result.fork);
    ledger_close(follower);
    ledger_maker_end(&maker); /* and with its folder the follower's file */
    maker_clauses_free(clauses, CLAUSES_COUNT);
}

/* ---- lies */

static const struct {
    const char *name;
    enum lie lie;
    int error;
    unsigned clauses_told; /* until it was noticed, at most */
} lies[] = {
    {"a bit of the checkpoint's signature", NOTE_BIT, DEPOSITARY_E_CHECKPOINT_SIGNATURE, 0},
    {"a checkpoint that a stranger signed", NOTE_OF_A_STRANGER, DEPOSITARY_E_CHECKPOINT_KEY, 0},
    {"a checkpoint without an end", NOTE_TOO_LONG, DEPOSITARY_E_LIMIT, 0},
    {"a bit of an entry", ENTRY_BIT, DEPOSITARY_E_CONSISTENCY, 0},
    {"an entry that is too long", ENTRY_TOO_LONG, DEPOSITARY_E_RECORD, 0},
    {"an entry that is left out", ENTRY_LEFT_OUT, DEPOSITARY_E_CONSISTENCY, 0},
    {"an entry twice", ENTRY_TWICE, DEPOSITARY_E_RESPONSE, 0},
    {"no entry", ENTRIES_NONE, DEPOSITARY_E_RESPONSE, 0},
    {"an entry more than was asked for", ENTRIES_ONE_MORE, DEPOSITARY_E_RESPONSE, 0},
    {"a bit of a consistency proof", PROOF_BIT, DEPOSITARY_E_CONSISTENCY, 0},
    {"a consistency proof that is cut", PROOF_CUT, DEPOSITARY_E_CONSISTENCY, 0},
    {"a consistency proof of nothing", PROOF_EMPTY, DEPOSITARY_E_CONSISTENCY, 0},
    {"a bit of a clause", CLAUSE_BIT, DEPOSITARY_E_CLAUSE_PROOF, 1},
    {"a clause that is too long", CLAUSE_TOO_LONG, DEPOSITARY_E_LIMIT, 1},
    {"a clause that is left out", CLAUSE_LEFT_OUT, DEPOSITARY_E_RESPONSE, 1},
    {"another place's clause", CLAUSE_OF_ANOTHER_PLACE, DEPOSITARY_E_CLAUSE_PROOF, 1},
    {"a bit of a clause's path", CLAUSE_PATH_BIT, DEPOSITARY_E_CLAUSE_PROOF, 1},
    {"no clause", CLAUSES_NONE, DEPOSITARY_E_RESPONSE, 0},
    {"a bit of a clause without a path", CLAUSE_BIT_UNPROVED, DEPOSITARY_E_RULE, CLAUSES_COUNT},
};

START_TEST(a_lie_of_the_source_changes_nothing) {
    struct fault fault = {0};
    liar.lie = lies[_i].lie;
    int error = pull(&fault);
    ck_assert_msg(error == lies[_i].error, "%s: error %d, not %d: %s", lies[_i].name, error, lies[_i].error,
                  fault_text(&fault));
    ck_assert_uint_le(liar.clauses_told - CLAUSES_COUNT,
                      lies[_i].clauses_told); /* those of the first edition were true */
    /* nothing is read for a checkpoint that nobody signed, or that does not extend what is held; the first edition's were true */
    ck_assert_uint_eq(liar.entries_asked - 1,
                      liar.lie >= ENTRY_BIT && (liar.lie < PROOF_BIT || liar.lie > PROOF_EMPTY));
    ck_assert_uint_eq(result.added, 0);
    ck_size(HELD);
    follow_the_truth(THERE);
}
END_TEST

/* ---- other ledgers under the same keys */

/* The same office's, with these deposits. */
static struct ledger_maker twin;

static void show_twin(const char *const instruments[], size_t count) {
    ledger_maker_begin_with_key(&twin);
    for (size_t i = 0; i < count; i++)
        deposit(&twin, instruments[i]);
    liar.truth = twin.ledger;
}

START_TEST(a_source_that_is_behind_takes_nothing_back) {
    struct fault fault = {0};
    follow_the_truth(THERE);
    show_twin((const char *const[]){"first"}, 1);
    ck_assert_msg(pull(&fault) == 0, "%s", fault_text(&fault));
    ck_assert_uint_eq(result.source_size, HELD);
    ck_assert_uint_eq(result.added, 0);
    ck_size(THERE);
    ledger_maker_end(&twin);
}
END_TEST

static const struct {
    const char *instruments[3];
    size_t count;
    int error; /* DEPOSITARY_E_FORK where the two checkpoints alone prove it */
} forks[] = {
    {{"first", "another"}, 2, DEPOSITARY_E_FORK},
    {{"another"}, 1, DEPOSITARY_E_FORK},
    {{"first", "another", "third"}, 3, DEPOSITARY_E_CONSISTENCY},
};

START_TEST(another_ledger_under_the_same_key_is_not_followed) {
    struct fault fault = {0};
    follow_the_truth(THERE);
    show_twin(forks[_i].instruments, forks[_i].count);
    ck_assert_int_eq(pull(&fault), forks[_i].error);
    const struct ledger_state *state = ledger_state_take(twin.ledger);
    if (forks[_i].error == DEPOSITARY_E_FORK) /* the evidence, to be kept */
        ck_assert(bytes_equal(buffer_bytes(&result.fork), state->checkpoint));
    ledger_state_release(state);
    ck_size(THERE);
    liar.truth = maker.ledger;
    follow_the_truth(THERE);
    ledger_maker_end(&twin);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pull");
    TCase *tcase = tcase_create("lies");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_lie_of_the_source_changes_nothing, 0, (int)(sizeof lies / sizeof lies[0]));
    tcase_add_test(tcase, a_source_that_is_behind_takes_nothing_back);
    tcase_add_loop_test(tcase, another_ledger_under_the_same_key_is_not_followed, 0,
                        (int)(sizeof forks / sizeof forks[0]));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
