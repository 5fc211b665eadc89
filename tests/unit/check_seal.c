/* The seal: the head's one spelling, signatures and places against bytes made by protoc and openssl, and every way of bending them. */
#include "proof_keys.h"

#include "proof/seal.h"

#define ORIGIN "example.org/treaties"

/* RFC 8032 section 7.1, test 3 */
static const uint8_t answer_seed[32] = {0xc5, 0xaa, 0x8d, 0xf4, 0x3f, 0x9f, 0x83, 0x7b, 0xed, 0xb7, 0x44,
                                        0x2f, 0x31, 0xdc, 0xb7, 0xb1, 0x66, 0xd3, 0x85, 0x35, 0x07, 0x6f,
                                        0x09, 0x4b, 0x85, 0xce, 0x3a, 0x2e, 0x0b, 0x44, 0x58, 0xf7};

/* What tests/vectors/seal-head.bin says. */
static struct seal_head head_of_vector(void) {
    struct seal_head head = {.origin = ORIGIN, .size = 2, .sealed_at = 1745366400, .ledger_size = 3};
    memset(head.root.bytes, 'r', HASH_LEN);
    memset(head.ledger_root.bytes, 'l', HASH_LEN);
    return head;
}

static bool head_equal(const struct seal_head *a, const struct seal_head *b) {
    return strcmp(a->origin, b->origin) == 0 && a->size == b->size && hash_equal(&a->root, &b->root) &&
           a->sealed_at == b->sealed_at && a->ledger_size == b->ledger_size &&
           hash_equal(&a->ledger_root, &b->ledger_root);
}

/* ---- the head */

START_TEST(a_head_is_written_as_protoc_writes_it_and_read_back) {
    const struct seal_head head = head_of_vector();
    struct seal_head read;
    struct buffer file, printed;

    buffer_init(&file, LIMIT_SEAL_HEAD);
    buffer_init(&printed, LIMIT_SEAL_HEAD);
    read_vector(&file, "seal-head.bin");
    ck_assert_int_eq(seal_head_print(&printed, &head), 0);
    ck_assert(bytes_equal(buffer_bytes(&printed), buffer_bytes(&file)));
    ck_assert_int_eq(seal_head_parse(&read, buffer_bytes(&file)), 0);
    ck_assert(head_equal(&read, &head));
    buffer_free(&file);
    buffer_free(&printed);
}
END_TEST

START_TEST(heads_at_their_bounds_are_read_back) {
    struct seal_head head = head_of_vector(), read;
    struct buffer printed;

    buffer_init(&printed, LIMIT_SEAL_HEAD);
    memset(head.origin, 'o', LIMIT_ORIGIN);
    head.origin[LIMIT_ORIGIN] = '\0';
    head.size = LIMIT_BATCH;
    head.sealed_at = 253402300799;
    head.ledger_size = INT64_MAX;
    ck_assert_int_eq(seal_head_print(&printed, &head), 0);
    ck_assert_int_eq(seal_head_parse(&read, buffer_bytes(&printed)), 0);
    ck_assert(head_equal(&read, &head));
    buffer_clear(&printed);
    head = (struct seal_head){.origin = "o", .size = 1}; /* zeros are left out of the encoding */
    ck_assert_int_eq(seal_head_print(&printed, &head), 0);
    ck_assert_int_eq(seal_head_parse(&read, buffer_bytes(&printed)), 0);
    ck_assert(head_equal(&read, &head));
    buffer_free(&printed);
}
END_TEST

START_TEST(heads_that_cannot_be_are_not_written) {
    struct seal_head bad[8];
    struct buffer printed;

    for (size_t i = 0; i < 8; i++)
        bad[i] = head_of_vector();
    bad[0].size = 0;
    bad[1].size = LIMIT_BATCH + 1;
    bad[2].origin[0] = '\0';
    bad[3].origin[3] = ' ';
    memset(bad[4].origin, 'o', sizeof(bad[4].origin)); /* no NUL */
    bad[5].sealed_at = -1;
    bad[6].sealed_at = 253402300800; /* year 10000 */
    bad[7].ledger_size = UINT64_C(1) << 63;
    buffer_init(&printed, LIMIT_SEAL_HEAD);
    for (size_t i = 0; i < 8; i++)
        ck_assert_msg(seal_head_print(&printed, &bad[i]) == DEPOSITARY_E_SEAL_HEAD, "head %zu", i);
    ck_assert_uint_eq(printed.len, 0);
    buffer_free(&printed);
    buffer_init(&printed, 10);
    bad[0].size = 1;
    ck_assert_int_eq(seal_head_print(&printed, &bad[0]), DEPOSITARY_E_LIMIT);
    buffer_free(&printed);
}
END_TEST

/* A head, field by field; a field's length of 0 bytes leaves it out. */
struct wire {
    const char *origin, *size, *root, *time, *ledger_size, *ledger_root, *more;
    size_t origin_len, size_len, root_len, time_len, ledger_size_len, ledger_root_len, more_len;
};

#define R                    "\x1A\x20rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
#define L                    "\x32\x20llllllllllllllllllllllllllllllll"
#define FIELD(name, literal) .name = literal, .name##_len = sizeof(literal) - 1
#define GOOD                                                                                                           \
    FIELD(origin, "\x0A\x01o"), FIELD(size, "\x10\x02"), FIELD(root, R), FIELD(time, "\x22\x02\x08\x01"),              \
        FIELD(ledger_size, "\x28\x03"), FIELD(ledger_root, L)

static int parse_wire(const struct wire *wire) {
    struct seal_head head;
    struct buffer bytes;

    buffer_init(&bytes, 4096);
    buffer_append(&bytes, bytes_of(wire->origin, wire->origin_len));
    buffer_append(&bytes, bytes_of(wire->size, wire->size_len));
    buffer_append(&bytes, bytes_of(wire->root, wire->root_len));
    buffer_append(&bytes, bytes_of(wire->time, wire->time_len));
    buffer_append(&bytes, bytes_of(wire->ledger_size, wire->ledger_size_len));
    buffer_append(&bytes, bytes_of(wire->ledger_root, wire->ledger_root_len));
    buffer_append(&bytes, bytes_of(wire->more, wire->more_len));
    const int error = seal_head_parse(&head, buffer_bytes(&bytes));
    buffer_free(&bytes);
    return error;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* each case is the good head with one field replaced */
START_TEST(heads_in_another_form_are_refused) {
    static const struct wire good[] = {
        {GOOD},
        {GOOD, FIELD(ledger_size, "")},         /* 0 */
        {GOOD, FIELD(more, "\x3A\x02hi")},      /* a field of a later version: 7, bytes */
        {GOOD, FIELD(more, "\x38\x05\x40\x06")} /* 7 and 8, numbers */
    };
    static const struct wire bad[] = {
        {FIELD(origin, "")},
        {GOOD, FIELD(origin, "")},
        {GOOD, FIELD(origin, "\x0A\x00")},
        {GOOD, FIELD(origin, "\x0A\x03o\0x")}, /* a zero byte, which a C string hides */
        {GOOD, FIELD(origin, "\x0A\x02o\0")},
        {GOOD, FIELD(origin, "\x0A\x02o ")},
        {GOOD, FIELD(origin, "\x0A\x02\xC3\xA9")},
        {GOOD, FIELD(origin, "\x0A\x01o\x0A\x01o")}, /* twice */
        {GOOD, FIELD(origin, "\x0A\x01x\x0A\x01o")},
        {GOOD, FIELD(origin, "\x0A\x81\x00o")}, /* a length in two bytes where one is enough */
        {GOOD, FIELD(size, "")},                /* 0 */
        {GOOD, FIELD(size, "\x10\x00")},
        {GOOD, FIELD(size, "\x10\x82\x00")},
        {GOOD, FIELD(size, "\x10\x81\x08")}, /* 1025 */
        {GOOD, FIELD(size, "\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")},
        {GOOD, FIELD(size, "\x12\x01\x02")}, /* of another wire type */
        {GOOD, FIELD(root, "")},
        {GOOD, FIELD(root, "\x1A\x1Frrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr")},
        {GOOD, FIELD(root, "\x1A\x21rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr")},
        {GOOD, FIELD(root, R R)},
        {GOOD, FIELD(time, "")},                                                     /* no time at all */
        {GOOD, FIELD(time, "\x22\x04\x08\x01\x10\x01")},                             /* a nanosecond */
        {GOOD, FIELD(time, "\x22\x0B\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")}, /* before 1970 */
        {GOOD, FIELD(time, "\x22\x07\x08\x80\xDC\x85\xAB\xC4\x75")},                 /* far in the future */
        {GOOD, FIELD(time, "\x22\x02\x08\x01\x22\x02\x08\x02")},
        {GOOD, FIELD(ledger_size, "\x28\x00")},                                     /* a zero that is written out */
        {GOOD, FIELD(ledger_size, "\x28\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")}, /* 2^63 */
        {GOOD, FIELD(ledger_root, "")},
        {GOOD, FIELD(ledger_root, "\x32\x1Flllllllllllllllllllllllllllllll")},
        {GOOD, FIELD(more, "\x10\x02")},   /* out of order */
        {GOOD, FIELD(more, "\x3A\x7Fhi")}, /* longer than there is */
        {GOOD, FIELD(more, "\x3B")},       /* a group */
        {GOOD, FIELD(more, "\xFF")},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(parse_wire(&good[i]) == 0, "good head %zu", i);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(parse_wire(&bad[i]) == DEPOSITARY_E_SEAL_HEAD, "head %zu", i);
}
END_TEST
#pragma GCC diagnostic pop

START_TEST(a_cut_or_changed_head_is_refused_or_read_as_another) {
    const struct seal_head want = head_of_vector();
    struct seal_head head;
    struct buffer file;

    buffer_init(&file, LIMIT_SEAL_HEAD);
    read_vector(&file, "seal-head.bin");
    for (size_t len = 0; len < file.len; len++)
        ck_assert_int_eq(seal_head_parse(&head, bytes_of(file.data, len)), DEPOSITARY_E_SEAL_HEAD);
    for (size_t i = 0; i < file.len; i++) {
        for (unsigned change = 1; change < 256; change <<= 1) {
            file.data[i] = (uint8_t)(file.data[i] ^ change);
            ck_assert_msg(seal_head_parse(&head, buffer_bytes(&file)) != 0 || !head_equal(&head, &want), "byte %zu", i);
            file.data[i] = (uint8_t)(file.data[i] ^ change);
        }
    }
    buffer_free(&file);
}
END_TEST

START_TEST(an_overlong_head_is_not_unpacked) {
    static uint8_t bytes[LIMIT_SEAL_HEAD + 1];
    struct seal_head head;
    uint8_t signature[64], secret[64], public_key[32];
    struct seal seal = {.public_key = {public_key, 32}, .head = {bytes, sizeof(bytes)}, .signature = {signature, 64}};
    const struct hash any = {{0}};

    ck_assert_int_eq(seal_head_parse(&head, bytes_of(bytes, sizeof(bytes))), DEPOSITARY_E_SEAL_HEAD);
    crypto_sign_seed_keypair(public_key, secret, answer_seed);
    ck_assert_int_eq(seal_sign(signature, seal.head, secret), DEPOSITARY_E_LIMIT);
    memset(signature, 0, sizeof(signature));
    ck_assert_int_eq(seal_check(&head, &seal, &any, &any), DEPOSITARY_E_SEAL_HEAD);
    /* as much as fits, all of it unknown fields of two bytes: little memory, and no crash */
    for (size_t i = 0; i + 1 < LIMIT_SEAL_HEAD; i += 2) {
        bytes[i] = 0x38;
        bytes[i + 1] = 1;
    }
    ck_assert_int_eq(seal_head_parse(&head, bytes_of(bytes, LIMIT_SEAL_HEAD)), DEPOSITARY_E_SEAL_HEAD);
    /* as much as fits, one submessage again and again */
    for (size_t i = 0; i + 1 < LIMIT_SEAL_HEAD; i += 2) {
        bytes[i] = 0x22;
        bytes[i + 1] = 0;
    }
    ck_assert_int_eq(seal_head_parse(&head, bytes_of(bytes, LIMIT_SEAL_HEAD)), DEPOSITARY_E_SEAL_HEAD);
}
END_TEST

/* ---- signatures */

START_TEST(the_signature_is_the_one_that_openssl_makes) {
    uint8_t signature[64], secret[64], public_key[32];
    struct buffer head, file;

    buffer_init(&head, LIMIT_SEAL_HEAD);
    buffer_init(&file, 64);
    read_vector(&head, "seal-head.bin");
    read_vector(&file, "seal-signature.bin");
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_seed_keypair(public_key, secret, answer_seed);
    ck_assert_int_eq(seal_sign(signature, buffer_bytes(&head), secret), 0);
    ck_assert(bytes_equal(bytes_of(signature, 64), buffer_bytes(&file)));
    buffer_free(&head);
    buffer_free(&file);
}
END_TEST

/* ---- whole seals */

/* A batch of answers, sealed. */
struct batch {
    uint8_t public_key[32], secret[64], signature[64];
    struct hash requests[LIMIT_BATCH], answers[LIMIT_BATCH];
    struct merkle_tree tree;
    struct buffer head;
    uint64_t size;
};

static void sign_batch(struct batch *batch) {
    ck_assert_int_eq(seal_sign(batch->signature, buffer_bytes(&batch->head), batch->secret), 0);
}

static struct batch *make_batch(uint64_t size) {
    struct batch *batch = calloc(1, sizeof(*batch));
    struct seal_head head = head_of_vector();

    ck_assert_ptr_nonnull(batch);
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_seed_keypair(batch->public_key, batch->secret, answer_seed);
    ck_assert_int_eq(merkle_tree_init(&batch->tree, LIMIT_BATCH), 0);
    for (uint64_t i = 0; i < size; i++) {
        struct hash leaf;
        seal_digest(&batch->requests[i], bytes_of(&i, sizeof(i)));
        seal_digest(&batch->answers[i], bytes_of(&batch->requests[i], HASH_LEN));
        seal_leaf(&leaf, &batch->requests[i], &batch->answers[i]);
        merkle_tree_append(&batch->tree, &leaf);
    }
    merkle_tree_finish(&batch->tree);
    head.size = batch->size = size;
    merkle_tree_root(&head.root, &batch->tree);
    buffer_init(&batch->head, LIMIT_SEAL_HEAD);
    ck_assert_int_eq(seal_head_print(&batch->head, &head), 0);
    sign_batch(batch);
    return batch;
}

static void free_batch(struct batch *batch) {
    merkle_tree_free(&batch->tree);
    buffer_free(&batch->head);
    free(batch);
}

static struct seal seal_of(struct batch *batch, uint64_t index) {
    struct seal seal = {.public_key = {batch->public_key, 32},
                        .head = buffer_bytes(&batch->head),
                        .signature = {batch->signature, 64},
                        .index = index};
    merkle_tree_path(&seal.path, &batch->tree, index);
    return seal;
}

static int check(struct batch *batch, const struct seal *seal, uint64_t request, uint64_t answer) {
    struct seal_head head = {.size = 7777};
    const int error = seal_check(&head, seal, &batch->requests[request], &batch->answers[answer]);
    ck_assert_uint_eq(head.size, error ? 7777 : batch->size);
    return error;
}

START_TEST(every_answer_of_a_batch_is_proved_by_its_seal) {
    static const uint64_t sizes[] = {1, 2, 3, 5, 8, 100, 1023, LIMIT_BATCH};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct batch *batch = make_batch(sizes[i]);
        for (uint64_t j = 0; j < sizes[i]; j += 1 + sizes[i] / 50) {
            const struct seal seal = seal_of(batch, j);
            ck_assert_int_eq(check(batch, &seal, j, j), 0);
        }
        free_batch(batch);
    }
}
END_TEST

START_TEST(a_leaf_is_the_one_of_the_protocol) {
    /* printf '\0depositary/answer/v1\n' ; the digest of "request" ; the digest of "answer" | sha256sum */
    static const uint8_t want[HASH_LEN] = {0xe4, 0x83, 0x2a, 0x3d, 0x8c, 0x34, 0xfa, 0x4f, 0x28, 0x0b, 0xeb,
                                           0xcd, 0xb1, 0xc8, 0xdd, 0x7b, 0xab, 0xdc, 0x75, 0x73, 0x4d, 0xa9,
                                           0xb2, 0xbe, 0x9f, 0x5d, 0x2d, 0x33, 0x15, 0x3d, 0x31, 0xdf};
    struct hash request, answer, leaf;
    seal_digest(&request, BYTES("request"));
    seal_digest(&answer, BYTES("answer"));
    seal_leaf(&leaf, &request, &answer);
    ck_assert_mem_eq(leaf.bytes, want, HASH_LEN);
}
END_TEST

START_TEST(another_request_answer_or_place_is_refused) {
    struct batch *batch = make_batch(5);
    for (uint64_t i = 0; i < 5; i++) {
        struct seal seal = seal_of(batch, i);
        for (uint64_t j = 0; j < 5; j++) {
            if (j == i)
                continue;
            ck_assert_int_eq(check(batch, &seal, j, i), DEPOSITARY_E_SEAL_PROOF);
            ck_assert_int_eq(check(batch, &seal, i, j), DEPOSITARY_E_SEAL_PROOF);
            ck_assert_int_eq(check(batch, &seal, j, j), DEPOSITARY_E_SEAL_PROOF);
            seal.index = j;
            ck_assert_int_eq(check(batch, &seal, i, i), DEPOSITARY_E_SEAL_PROOF);
            seal.index = i;
        }
        seal.index = 5;
        ck_assert_int_eq(check(batch, &seal, i, i), DEPOSITARY_E_SEAL_PROOF);
        seal.index = i + (UINT64_C(1) << 32);
        ck_assert_int_eq(check(batch, &seal, i, i), DEPOSITARY_E_SEAL_PROOF);
        seal.index = i;
        seal.path.count--;
        ck_assert_int_eq(check(batch, &seal, i, i), DEPOSITARY_E_SEAL_PROOF);
        seal.path.count += 2;
        ck_assert_int_eq(check(batch, &seal, i, i), DEPOSITARY_E_SEAL_PROOF);
        seal.path.count--;
        ck_assert_int_eq(check(batch, &seal, i, i), 0);
        seal.path.hashes[0].bytes[0] ^= 1;
        ck_assert_int_eq(check(batch, &seal, i, i), DEPOSITARY_E_SEAL_PROOF);
    }
    free_batch(batch);
}
END_TEST

START_TEST(a_changed_signature_key_or_head_is_refused) {
    struct batch *batch = make_batch(3);
    const struct seal seal = seal_of(batch, 1);

    for (size_t i = 0; i < 64; i++) {
        batch->signature[i] ^= 1;
        ck_assert_int_eq(check(batch, &seal, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
        batch->signature[i] ^= 1;
    }
    for (size_t i = 0; i < 32; i++) {
        batch->public_key[i] ^= 1;
        ck_assert_int_eq(check(batch, &seal, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
        batch->public_key[i] ^= 1;
    }
    for (size_t i = 0; i < batch->head.len; i++) { /* before it is read */
        batch->head.data[i] ^= 1;
        ck_assert_int_eq(check(batch, &seal, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
        batch->head.data[i] ^= 1;
    }
    struct seal bad = seal;
    bad.public_key.len = 31;
    ck_assert_int_eq(check(batch, &bad, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
    bad = seal;
    bad.public_key = bytes_of(NULL, 0);
    ck_assert_int_eq(check(batch, &bad, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
    bad = seal;
    bad.signature.len = 63;
    ck_assert_int_eq(check(batch, &bad, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
    bad = seal;
    bad.signature = bytes_of(NULL, 0);
    ck_assert_int_eq(check(batch, &bad, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
    bad = seal;
    bad.head = bytes_of(NULL, 0);
    ck_assert_int_eq(check(batch, &bad, 1, 1), DEPOSITARY_E_SEAL_SIGNATURE);
    ck_assert_int_eq(check(batch, &seal, 1, 1), 0);
    free_batch(batch);
}
END_TEST

START_TEST(a_small_order_key_signs_nothing) {
    struct batch *batch = make_batch(1);
    const struct seal seal = seal_of(batch, 0);

    /* the neutral element as key and R, with S = 0, satisfies the bare equation for every message */
    memset(batch->public_key, 0, 32);
    batch->public_key[0] = 1;
    memset(batch->signature, 0, 64);
    batch->signature[0] = 1;
    ck_assert_int_eq(check(batch, &seal, 0, 0), DEPOSITARY_E_SEAL_SIGNATURE);
    free_batch(batch);
}
END_TEST

START_TEST(the_head_is_signed_under_its_type_and_length) {
    struct batch *batch = make_batch(1);
    const struct seal seal = seal_of(batch, 0);

    crypto_sign_detached(batch->signature, NULL, batch->head.data, batch->head.len, batch->secret); /* bare */
    ck_assert_int_eq(check(batch, &seal, 0, 0), DEPOSITARY_E_SEAL_SIGNATURE);
    struct buffer other;
    buffer_init(&other, 4096);
    buffer_append_format(&other, "DSSEv1 %zu %s %zu ", strlen("application/other"), "application/other",
                         batch->head.len);
    buffer_append(&other, buffer_bytes(&batch->head));
    crypto_sign_detached(batch->signature, NULL, other.data, other.len, batch->secret);
    ck_assert_int_eq(check(batch, &seal, 0, 0), DEPOSITARY_E_SEAL_SIGNATURE);
    sign_batch(batch);
    ck_assert_int_eq(check(batch, &seal, 0, 0), 0);
    buffer_free(&other);
    free_batch(batch);
}
END_TEST

START_TEST(a_signed_head_that_cannot_be_read_is_refused_as_such) {
    struct batch *batch = make_batch(2);
    buffer_clear(&batch->head);
    buffer_append_text(&batch->head, "no head");
    sign_batch(batch);
    const struct seal seal = seal_of(batch, 0);
    ck_assert_int_eq(check(batch, &seal, 0, 0), DEPOSITARY_E_SEAL_HEAD);
    free_batch(batch);
}
END_TEST

START_TEST(a_place_is_proved_without_the_signature_where_it_was_verified_before) {
    struct batch *batch = make_batch(3);
    struct seal seal = seal_of(batch, 2);
    struct seal_head head;

    ck_assert_int_eq(seal_check(&head, &seal, &batch->requests[2], &batch->answers[2]), 0);
    memset(batch->signature, 0, 64);
    ck_assert_int_eq(seal_check_place(&head, &seal, &batch->requests[2], &batch->answers[2]), 0);
    ck_assert_int_eq(seal_check_place(&head, &seal, &batch->requests[1], &batch->answers[2]), DEPOSITARY_E_SEAL_PROOF);
    seal.index--;
    ck_assert_int_eq(seal_check_place(&head, &seal, &batch->requests[2], &batch->answers[2]), DEPOSITARY_E_SEAL_PROOF);
    free_batch(batch);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_head_is_written_as_protoc_writes_it_and_read_back,
        heads_at_their_bounds_are_read_back,
        heads_that_cannot_be_are_not_written,
        heads_in_another_form_are_refused,
        a_cut_or_changed_head_is_refused_or_read_as_another,
        an_overlong_head_is_not_unpacked,
        the_signature_is_the_one_that_openssl_makes,
        a_leaf_is_the_one_of_the_protocol,
        every_answer_of_a_batch_is_proved_by_its_seal,
        another_request_answer_or_place_is_refused,
        a_changed_signature_key_or_head_is_refused,
        a_small_order_key_signs_nothing,
        the_head_is_signed_under_its_type_and_length,
        a_signed_head_that_cannot_be_read_is_refused_as_such,
        a_place_is_proved_without_the_signature_where_it_was_verified_before,
    };
    return run_tests("seal", tests, sizeof(tests) / sizeof(tests[0]));
}
