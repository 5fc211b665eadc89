/*
 * Signatures that are known again: a batch of answers costs one, whoever asks; and nothing that differs from what held in a single bit is taken for it, in
 * the seal, in the place that it gives to an answer, or in the checkpoint.
 */
#include "proof_keys.h"

#include "count_signatures.h"

#include "client/checked.h"

#include <pthread.h>

#define ORIGIN  "example.org/treaties"
#define ANSWERS 64

struct batch {
    uint8_t public_key[32], secret[64], signature[64];
    struct hash requests[ANSWERS], answers[ANSWERS];
    struct merkle_tree tree;
    struct buffer head;
};

/* number makes it another batch than others. */
static void seal_batch(struct batch *batch, unsigned number) {
    struct seal_head head = {.origin = ORIGIN, .size = ANSWERS, .sealed_at = 1745366400 + number, .ledger_size = 5};

    merkle_tree_reset(&batch->tree);
    for (unsigned i = 0; i < ANSWERS; i++) {
        const uint8_t words[] = {(uint8_t)i, (uint8_t)number, (uint8_t)(number >> 8)};
        struct hash leaf;
        seal_digest(&batch->requests[i], bytes_of(words, 1));
        seal_digest(&batch->answers[i], bytes_of(words, 3));
        seal_leaf(&leaf, &batch->requests[i], &batch->answers[i]);
        merkle_tree_append(&batch->tree, &leaf);
    }
    merkle_tree_root(&head.root, &batch->tree);
    buffer_clear(&batch->head);
    ck_assert_int_eq(seal_head_print(&batch->head, &head), 0);
    ck_assert_int_eq(seal_sign(batch->signature, buffer_bytes(&batch->head), batch->secret), 0);
}

static struct batch *make_batch(void) {
    struct batch *batch = calloc(1, sizeof(*batch));

    ck_assert_ptr_nonnull(batch);
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_keypair(batch->public_key, batch->secret);
    ck_assert_int_eq(merkle_tree_init(&batch->tree, ANSWERS), 0);
    buffer_init(&batch->head, LIMIT_SEAL_HEAD);
    seal_batch(batch, 0);
    return batch;
}

static void free_batch(struct batch *batch) {
    merkle_tree_free(&batch->tree);
    buffer_free(&batch->head);
    free(batch);
}

static struct seal seal_of(const struct batch *batch, uint64_t index) {
    struct seal seal = {.public_key = bytes_of(batch->public_key, 32),
                        .head = buffer_bytes(&batch->head),
                        .signature = bytes_of(batch->signature, 64),
                        .index = index};
    merkle_tree_path(&seal.path, &batch->tree, index);
    return seal;
}

static struct policy *make_policy(const struct test_key *log) {
    struct policy *policy;
    struct buffer text;

    buffer_init(&text, 1024);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &log->verifier);
    buffer_append_text(&text, "\nquorum none\n");
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), 0);
    buffer_free(&text);
    return policy;
}

static struct checked *make_checked(struct policy **policy) {
    const struct test_key log = test_key(ORIGIN, NOTE_TYPE_ED25519, 9);
    struct checked *checked;

    *policy = make_policy(&log);
    ck_assert_int_eq(checked_new(&checked, *policy), 0);
    return checked;
}

/* As seal_check judges it, which remembers nothing; a failure sets nothing. */
static int check(struct checked *checked, const struct seal *seal, const struct hash *request,
                 const struct hash *answer) {
    struct seal_head head = {.size = 77}, anew = {.size = 77};
    const int error = checked_seal(checked, &head, seal, request, answer);
    const unsigned before = signatures_checked;

    ck_assert_int_eq(seal_check(&anew, seal, request, answer), error);
    signatures_checked = before;
    ck_assert_uint_eq(head.size, anew.size);
    if (!error)
        ck_assert(head.size == ANSWERS && head.sealed_at == anew.sealed_at && hash_equal(&head.root, &anew.root) &&
                  strcmp(head.origin, anew.origin) == 0 && head.ledger_size == anew.ledger_size &&
                  hash_equal(&head.ledger_root, &anew.ledger_root));
    return error;
}

START_TEST(a_batch_costs_one_signature) {
    struct policy *policy;
    struct checked *checked = make_checked(&policy);
    struct batch *batch = make_batch();

    for (unsigned number = 0; number < 10; number++) {
        seal_batch(batch, number);
        for (unsigned i = 0; i < ANSWERS; i++) {
            const struct seal seal = seal_of(batch, i);
            ck_assert_int_eq(check(checked, &seal, &batch->requests[i], &batch->answers[i]), 0);
        }
        ck_assert_uint_eq(signatures_checked, number + 1);
    }
    free_batch(batch);
    checked_free(checked);
    policy_free(policy);
}
END_TEST

START_TEST(nothing_that_differs_in_a_bit_is_taken_for_what_held) {
    struct policy *policy;
    struct checked *checked = make_checked(&policy);
    struct batch *batch = make_batch();
    struct seal seal = seal_of(batch, 5);

    ck_assert_int_eq(check(checked, &seal, &batch->requests[5], &batch->answers[5]), 0);
    const struct {
        uint8_t *data;
        size_t len;
    } parts[] = {{batch->signature, 64},
                 {batch->public_key, 32},
                 {batch->head.data, batch->head.len},
                 {batch->requests[5].bytes, HASH_LEN},
                 {batch->answers[5].bytes, HASH_LEN},
                 {seal.path.hashes[0].bytes, seal.path.count * HASH_LEN}};
    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
            parts[part].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            ck_assert_msg(check(checked, &seal, &batch->requests[5], &batch->answers[5]) != 0, "part %zu, bit %zu",
                          part, bit);
            parts[part].data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    ck_assert_int_eq(check(checked, &seal, &batch->requests[5], &batch->answers[5]), 0);
    ck_assert_int_eq(check(checked, &seal, &batch->requests[6], &batch->answers[6]), DEPOSITARY_E_SEAL_PROOF);
    seal.index = 6;
    ck_assert_int_eq(check(checked, &seal, &batch->requests[5], &batch->answers[5]), DEPOSITARY_E_SEAL_PROOF);
    seal.index = ANSWERS;
    ck_assert_int_eq(check(checked, &seal, &batch->requests[5], &batch->answers[5]), DEPOSITARY_E_SEAL_PROOF);
    seal = seal_of(batch, 5);
    seal.path.count--;
    ck_assert_int_eq(check(checked, &seal, &batch->requests[5], &batch->answers[5]), DEPOSITARY_E_SEAL_PROOF);
    seal = seal_of(batch, 5);
    for (unsigned i = 0; i < 3; i++) { /* cut short */
        struct seal cut = seal;
        (i == 0 ? &cut.signature : i == 1 ? &cut.public_key : &cut.head)->len--;
        ck_assert_int_ne(check(checked, &cut, &batch->requests[5], &batch->answers[5]), 0);
        (i == 0 ? &cut.signature : i == 1 ? &cut.public_key : &cut.head)->len = 0;
        ck_assert_int_ne(check(checked, &cut, &batch->requests[5], &batch->answers[5]), 0);
    }
    free_batch(batch);
    checked_free(checked);
    policy_free(policy);
}
END_TEST

/* A head's signature does not pass for another head, nor with a byte moved from one to the other. */
START_TEST(parts_of_two_seals_that_held_make_no_third) {
    struct policy *policy;
    struct checked *checked = make_checked(&policy);
    struct batch *one = make_batch(), *two = make_batch();

    seal_batch(two, 1);
    for (unsigned i = 0; i < 2; i++) {
        const struct batch *batch = i == 0 ? one : two;
        const struct seal seal = seal_of(batch, 1);
        ck_assert_int_eq(check(checked, &seal, &batch->requests[1], &batch->answers[1]), 0);
    }
    for (unsigned mix = 1; mix < 7; mix++) {
        struct seal seal = seal_of(one, 1);
        const struct seal other = seal_of(two, 1);
        seal.signature = mix & 1 ? other.signature : seal.signature;
        seal.public_key = mix & 2 ? other.public_key : seal.public_key;
        seal.head = mix & 4 ? other.head : seal.head;
        const struct batch *batch = mix & 4 ? two : one;
        seal.path = mix & 4 ? other.path : seal.path;
        ck_assert_int_eq(check(checked, &seal, &batch->requests[1], &batch->answers[1]), DEPOSITARY_E_SEAL_SIGNATURE);
    }
    free_batch(one);
    free_batch(two);
    checked_free(checked);
    policy_free(policy);
}
END_TEST

START_TEST(a_failure_is_not_remembered_and_what_went_is_checked_anew) {
    struct policy *policy;
    struct checked *checked = make_checked(&policy);
    struct batch *batch = make_batch(), *first = make_batch();
    const struct seal seal = seal_of(first, 9);

    first->signature[3] ^= 1;
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_int_eq(check(checked, &seal, &first->requests[9], &first->answers[9]), DEPOSITARY_E_SEAL_SIGNATURE);
        ck_assert_uint_eq(signatures_checked, i);
    }
    first->signature[3] ^= 1;
    ck_assert_int_eq(check(checked, &seal, &first->requests[9], &first->answers[9]), 0);
    for (unsigned number = 0; number < 300; number++) {
        seal_batch(batch, number);
        const struct seal other = seal_of(batch, 1);
        ck_assert_int_eq(check(checked, &other, &batch->requests[1], &batch->answers[1]), 0);
    }
    ck_assert_uint_eq(signatures_checked, 304);
    ck_assert_int_eq(check(checked, &seal, &first->requests[9], &first->answers[9]), 0);
    ck_assert_uint_eq(signatures_checked, 305);
    free_batch(batch);
    free_batch(first);
    checked_free(checked);
    policy_free(policy);
}
END_TEST

struct reader {
    struct checked *checked;
    const struct batch *batches;
    size_t count;
    unsigned wrong;
};

static void *read_all(void *argument) {
    struct reader *reader = argument;
    struct seal_head head;

    for (size_t i = 0; i < reader->count * ANSWERS; i++) {
        const struct batch *batch = &reader->batches[i / ANSWERS];
        const unsigned place = i % ANSWERS;
        const struct seal seal = seal_of(batch, place);
        const int error = checked_seal(reader->checked, &head, &seal, &batch->requests[place], &batch->answers[place]);
        const int other = checked_seal(reader->checked, &head, &seal, &batch->requests[place],
                                       &batch->answers[(place + 1) % ANSWERS]);
        reader->wrong += error != 0 || other != DEPOSITARY_E_SEAL_PROOF;
    }
    return NULL;
}

START_TEST(many_threads_share_what_held) {
    struct policy *policy;
    struct checked *checked = make_checked(&policy);
    struct batch *batches[8], together[8];
    struct reader readers[4];
    pthread_t threads[4];

    for (unsigned i = 0; i < 8; i++) {
        batches[i] = make_batch();
        seal_batch(batches[i], i);
        together[i] = *batches[i];
    }
    for (unsigned i = 0; i < 4; i++) {
        readers[i] = (struct reader){.checked = checked, .batches = together, .count = 8};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(readers[i].wrong, 0);
    }
    ck_assert_uint_ge(signatures_checked, 8);
    ck_assert_uint_le(signatures_checked, 4 * 8); /* at most once for each that met it at the same time */
    for (unsigned i = 0; i < 8; i++)
        free_batch(batches[i]);
    checked_free(checked);
    policy_free(policy);
}
END_TEST

START_TEST(a_checkpoint_costs_one_signature_and_no_other_is_taken_for_it) {
    const struct test_key log = test_key(ORIGIN, NOTE_TYPE_ED25519, 9);
    struct policy *policy;
    struct checked *checked = make_checked(&policy);
    struct checkpoint checkpoint = {.origin = BYTES(ORIGIN), .size = 7}, out;
    struct buffer note;

    memset(checkpoint.root.bytes, 5, HASH_LEN);
    buffer_init(&note, LIMIT_NOTE);
    ck_assert_int_eq(checkpoint_sign(&note, &checkpoint, &log.verifier, log.secret), 0);
    for (unsigned i = 0; i < 10; i++) {
        memset(&out, 0, sizeof(out));
        ck_assert_int_eq(checked_checkpoint(checked, &out, buffer_bytes(&note), NULL), 0);
        ck_assert_uint_eq(out.size, 7);
        ck_assert(bytes_equal(out.origin, BYTES(ORIGIN)));
        ck_assert(hash_equal(&out.root, &checkpoint.root));
    }
    ck_assert_uint_eq(signatures_checked, 1);
    for (size_t i = 0; i < note.len; i++) {
        struct fault fault = {.error = 0};
        note.data[i] ^= 1;
        const int error = checked_checkpoint(checked, &out, buffer_bytes(&note), &fault);
        ck_assert_msg(error != 0 && fault.error == error, "byte %zu", i);
        ck_assert_int_eq(policy_verify_checkpoint(&out, policy, buffer_bytes(&note), NULL), error);
        note.data[i] ^= 1;
    }
    ck_assert_int_eq(checked_checkpoint(checked, &out, buffer_bytes(&note), NULL), 0);
    buffer_free(&note);
    checked_free(checked);
    policy_free(policy);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_batch_costs_one_signature,
        nothing_that_differs_in_a_bit_is_taken_for_what_held,
        parts_of_two_seals_that_held_make_no_third,
        a_failure_is_not_remembered_and_what_went_is_checked_anew,
        many_threads_share_what_held,
        a_checkpoint_costs_one_signature_and_no_other_is_taken_for_it,
    };
    return run_tests("checked", tests, sizeof(tests) / sizeof(tests[0]));
}
