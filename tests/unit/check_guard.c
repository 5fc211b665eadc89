/* The wire guard: hostile bytes are refused before protobuf-c sees them, and what passes fits in the memory it was granted. */
#include "rpc/guard.h"

#include "base/limits.h"
#include "depositary/v1/ledger.pb-c.h"
#include "depositary/v1/rpc.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "rpc/wire.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PLENTY (16u * 1024 * 1024)

static struct fault fault;

static int check_request(struct bytes in) {
    fault = (struct fault){0};
    return guard_check(&depositary__v1__request__descriptor, in, PLENTY, &fault);
}

/* The least memory with which the guard lets the bytes pass. */
static size_t least_memory(const ProtobufCMessageDescriptor *descriptor, struct bytes in) {
    size_t low = 0;
    size_t high = PLENTY;
    ck_assert_int_eq(guard_check(descriptor, in, high, NULL), 0);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (guard_check(descriptor, in, middle, NULL) == 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* What passes with that memory unpacks in an arena of exactly that memory. */
static void assert_estimate_holds(const ProtobufCMessageDescriptor *descriptor, struct bytes in) {
    struct arena arena;
    arena_init(&arena, least_memory(descriptor, in));
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, descriptor, in, &arena, NULL), 0);
    ck_assert_ptr_nonnull(message);
    arena_free(&arena);
}

START_TEST(empty_bytes_are_an_empty_message) {
    ck_assert_int_eq(check_request(bytes_of(NULL, 0)), 0);
}
END_TEST

START_TEST(good_request_passes_and_unpacks) {
    struct buffer in;
    buffer_init(&in, PLENTY);
    wire_append_bytes(&in, 1, BYTES("/depositary.v1.LedgerService/GetCheckpoint"));
    wire_append_bytes(&in, 3, BYTES("0123456789abcdef"));
    struct arena arena;
    arena_init(&arena, PLENTY);
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, &depositary__v1__request__descriptor, buffer_bytes(&in), &arena, &fault),
                     0);
    const Depositary__V1__Request *request = (const Depositary__V1__Request *)message;
    ck_assert_str_eq(request->method, "/depositary.v1.LedgerService/GetCheckpoint");
    ck_assert_uint_eq(request->nonce.len, 16);
    arena_free(&arena);
    buffer_free(&in);
}
END_TEST

START_TEST(every_cut_of_a_good_request_is_refused_or_shorter) {
    struct buffer in;
    buffer_init(&in, PLENTY);
    wire_append_bytes(&in, 1, BYTES("/depositary.v1.LedgerService/GetCheckpoint"));
    size_t boundary = in.len;
    wire_append_bytes(&in, 3, BYTES("0123456789abcdef"));
    for (size_t len = 1; len < in.len; len++) {
        int expected = len == boundary ? 0 : DEPOSITARY_E_FORMAT;
        ck_assert_int_eq(check_request(bytes_of(in.data, len)), expected);
    }
    buffer_free(&in);
}
END_TEST

START_TEST(forged_length_is_refused) {
    ck_assert_int_eq(check_request(BYTES("\x0A\xFF\xFF\xFF\xFF\x07")), DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(check_request(BYTES("\x0A\x02x")), DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(check_request(BYTES("\x0A\x81\x80\x80\x80\x80\x00x")),
                     DEPOSITARY_E_FORMAT); /* six bytes of length */
}
END_TEST

START_TEST(groups_and_reserved_wire_types_are_refused) {
    ck_assert_int_eq(check_request(BYTES("\x3B\x3C")), DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(check_request(BYTES("\x3E\x00")), DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(check_request(BYTES("\x3F\x00")), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(field_number_zero_is_refused) {
    ck_assert_int_eq(check_request(BYTES("\x00\x00")), DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(check_request(BYTES("\x02\x00")), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(tag_past_32_bits_is_refused) {
    ck_assert_int_eq(check_request(BYTES("\x82\x80\x80\x80\x10\x00")), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(unterminated_varint_is_refused) {
    ck_assert_int_eq(guard_check(&depositary__v1__placed_clause__descriptor,
                                 BYTES("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), PLENTY, &fault),
                     DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(guard_check(&depositary__v1__placed_clause__descriptor,
                                 BYTES("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), PLENTY, &fault),
                     DEPOSITARY_E_FORMAT); /* past 64 bits */
    ck_assert_int_eq(guard_check(&depositary__v1__placed_clause__descriptor,
                                 BYTES("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), PLENTY, &fault),
                     0);
}
END_TEST

START_TEST(other_wire_type_is_refused) {
    ck_assert_int_eq(check_request(BYTES("\x08\x01")), DEPOSITARY_E_FORMAT);                             /* method */
    ck_assert_int_eq(check_request(BYTES("\x21\x00\x00\x00\x00\x00\x00\x00\x00")), DEPOSITARY_E_FORMAT); /* timeout */
    ck_assert_int_eq(check_request(BYTES("\x28\x01")), DEPOSITARY_E_FORMAT);                             /* metadata */
    ck_assert_int_eq(guard_check(&depositary__v1__placed_clause__descriptor, BYTES("\x0A\x01\x01"), PLENTY, &fault),
                     DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(string_with_nul_is_refused) {
    ck_assert_int_eq(check_request(BYTES("\x0A\x03/\0a")), DEPOSITARY_E_UTF8);
}
END_TEST

START_TEST(string_that_is_not_utf8_is_refused) {
    ck_assert_int_eq(check_request(BYTES("\x0A\x02\xC0\x80")), DEPOSITARY_E_UTF8);         /* overlong */
    ck_assert_int_eq(check_request(BYTES("\x0A\x03\xED\xA0\x80")), DEPOSITARY_E_UTF8);     /* surrogate */
    ck_assert_int_eq(check_request(BYTES("\x0A\x04\xF4\x90\x80\x80")), DEPOSITARY_E_UTF8); /* past U+10FFFF */
    ck_assert_int_eq(check_request(BYTES("\x0A\x01\xE2")), DEPOSITARY_E_UTF8);             /* cut */
}
END_TEST

START_TEST(bytes_may_hold_anything) {
    ck_assert_int_eq(check_request(BYTES("\x12\x03\x00\xC0\xFF")), 0);
}
END_TEST

START_TEST(fault_names_path_and_offset) {
    struct buffer pair;
    buffer_init(&pair, PLENTY);
    wire_append_bytes(&pair, 1, BYTES("ab\xFF"));
    struct buffer in;
    buffer_init(&in, PLENTY);
    wire_append_bytes(&in, 3, BYTES("0123456789abcdef"));
    wire_append_bytes(&in, 5, buffer_bytes(&pair));
    ck_assert_int_eq(check_request(buffer_bytes(&in)), DEPOSITARY_E_UTF8);
    ck_assert_ptr_nonnull(strstr(fault.text, "metadata.key"));
    ck_assert_ptr_nonnull(strstr(fault.text, "byte 22"));
    buffer_free(&pair);
    buffer_free(&in);
}
END_TEST

/* DescriptorProto holds DescriptorProtos (field 3): the one type here that can nest without end. */
static void nest(struct buffer *out, unsigned levels) {
    buffer_clear(out);
    for (unsigned i = 1; i < levels; i++) {
        struct buffer outer;
        buffer_init(&outer, PLENTY);
        wire_append_bytes(&outer, 3, buffer_bytes(out));
        buffer_free(out);
        *out = outer;
    }
}

START_TEST(nesting_ends_at_the_limit) {
    struct buffer in;
    buffer_init(&in, PLENTY);
    nest(&in, LIMIT_DEPTH);
    ck_assert_int_eq(guard_check(&google__protobuf__descriptor_proto__descriptor, buffer_bytes(&in), PLENTY, &fault),
                     0);
    nest(&in, LIMIT_DEPTH + 1);
    ck_assert_int_eq(guard_check(&google__protobuf__descriptor_proto__descriptor, buffer_bytes(&in), PLENTY, &fault),
                     DEPOSITARY_E_FORMAT);
    nest(&in, 5000);
    ck_assert_int_eq(guard_check(&google__protobuf__descriptor_proto__descriptor, buffer_bytes(&in), PLENTY, &fault),
                     DEPOSITARY_E_FORMAT);
    buffer_free(&in);
}
END_TEST

START_TEST(singular_message_given_twice_is_refused) {
    ck_assert_int_eq(check_request(BYTES("\x22\x02\x08\x01")), 0);
    ck_assert_int_eq(check_request(BYTES("\x22\x02\x08\x01\x22\x02\x08\x02")), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(scalar_given_twice_passes_and_the_last_holds) {
    struct arena arena;
    arena_init(&arena, PLENTY);
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(
        guard_unpack(&message, &depositary__v1__request__descriptor, BYTES("\x0A\x01y\x0A\x01z"), &arena, &fault), 0);
    ck_assert_str_eq(((const Depositary__V1__Request *)message)->method, "z");
    arena_free(&arena);
}
END_TEST

START_TEST(oneof_given_twice_passes_and_the_last_holds) {
    struct arena arena;
    arena_init(&arena, PLENTY);
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, &depositary__v1__metadata__descriptor,
                                  BYTES("\x12\x02hi\x1A\x03\x00\x01\x02"), &arena, &fault),
                     0);
    const Depositary__V1__Metadata *pair = (const Depositary__V1__Metadata *)message;
    ck_assert_int_eq(pair->value_case, DEPOSITARY__V1__METADATA__VALUE_BINARY);
    ck_assert_uint_eq(pair->binary.len, 3);
    arena_free(&arena);
}
END_TEST

/* 4 MiB of two-byte empty submessages would be some 235 MB once unpacked. */
START_TEST(flood_of_empty_messages_ends_at_the_memory) {
    size_t len = LIMIT_REQUEST_APPEND;
    uint8_t *flood = malloc(len);
    ck_assert_ptr_nonnull(flood);
    for (size_t i = 0; i < len; i += 2) {
        flood[i] = 0x2A; /* metadata, length 0 */
        flood[i + 1] = 0;
    }
    struct arena arena;
    arena_init(&arena, PLENTY);
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, &depositary__v1__request__descriptor, bytes_of(flood, len), &arena, &fault),
                     DEPOSITARY_E_LIMIT);
    ck_assert_uint_eq(arena.used, 0);
    arena_free(&arena);
    free(flood);
}
END_TEST

START_TEST(flood_of_unknown_fields_ends_at_the_memory) {
    size_t len = LIMIT_REQUEST_APPEND;
    uint8_t *flood = malloc(len);
    ck_assert_ptr_nonnull(flood);
    for (size_t i = 0; i < len; i += 2) {
        flood[i] = 0x38; /* field 7, varint 0 */
        flood[i + 1] = 0;
    }
    ck_assert_int_eq(check_request(bytes_of(flood, len)), DEPOSITARY_E_LIMIT);
    ck_assert_int_eq(check_request(bytes_of(flood, 2000)), 0);
    free(flood);
}
END_TEST

/* SourceCodeInfo.Location: path (1) is packed int32; it is taken unpacked as well. */
START_TEST(packed_and_unpacked_elements_both_pass) {
    const ProtobufCMessageDescriptor *location = &google__protobuf__source_code_info__location__descriptor;
    struct arena arena;
    arena_init(&arena, PLENTY);
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, location, BYTES("\x0A\x03\x01\x96\x01\x08\x07"), &arena, &fault), 0);
    const Google__Protobuf__SourceCodeInfo__Location *read =
        (const Google__Protobuf__SourceCodeInfo__Location *)message;
    ck_assert_uint_eq(read->n_path, 3);
    ck_assert_int_eq(read->path[0], 1);
    ck_assert_int_eq(read->path[1], 150);
    ck_assert_int_eq(read->path[2], 7);
    arena_free(&arena);
}
END_TEST

START_TEST(torn_packed_elements_are_refused) {
    const ProtobufCMessageDescriptor *location = &google__protobuf__source_code_info__location__descriptor;
    ck_assert_int_eq(guard_check(location, BYTES("\x0A\x02\x01\x96"), PLENTY, &fault), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(memory_estimate_is_never_below_what_unpacking_takes) {
    struct buffer in;
    buffer_init(&in, PLENTY);
    for (unsigned i = 0; i < 500; i++) {
        struct buffer clause;
        buffer_init(&clause, PLENTY);
        wire_append_varint(&clause, 1, i);
        wire_append_bytes(&clause, 2, bytes_of("a record of some bytes", i % 22));
        for (unsigned j = 0; j < i % 40; j++) {
            wire_append_bytes(&clause, 3, bytes_of("0123456789abcdef0123456789abcdef", 32));
        }
        wire_append_varint(&clause, 9, i); /* unknown */
        wire_append_bytes(&in, 2, buffer_bytes(&clause));
        buffer_free(&clause);
        if (i == 0 || i == 14 || i == 15 || i == 16 || i == 17 || i == 47 || i == 48 || i == 49 || i == 499) {
            assert_estimate_holds(&depositary__v1__put_clauses_request__descriptor, buffer_bytes(&in));
        }
    }
    buffer_free(&in);
    assert_estimate_holds(&google__protobuf__source_code_info__location__descriptor,
                          BYTES("\x0A\x03\x01\x02\x03\x1A\x01z"));
}
END_TEST

/* Whatever the guard lets pass, protobuf-c unpacks: flipping bytes of a good message never gives another outcome. */
START_TEST(what_passes_unpacks) {
    struct buffer good;
    buffer_init(&good, PLENTY);
    wire_append_bytes(&good, 1, BYTES("/depositary.v1.LedgerService/GetCheckpoint"));
    wire_append_bytes(&good, 4, BYTES("\x08\x01\x10\x02"));
    wire_append_bytes(&good, 5, BYTES("\x0A\x01k\x12\x01v"));
    wire_append_bytes(&good, 5, BYTES("\x0A\x05k-bin\x1A\x01v"));
    wire_append_varint(&good, 12, 5);
    uint8_t seed[randombytes_SEEDBYTES] = {5};
    enum { ROUNDS = 20000, NOISE = 4 };
    static uint8_t noise[ROUNDS * NOISE];
    randombytes_buf_deterministic(noise, sizeof(noise), seed);
    unsigned passed = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t bytes[256];
        ck_assert_uint_le(good.len, sizeof(bytes));
        memcpy(bytes, good.data, good.len);
        bytes[noise[i * NOISE] % good.len] = noise[i * NOISE + 1];
        bytes[noise[i * NOISE + 2] % good.len] = noise[i * NOISE + 3];
        struct arena arena;
        arena_init(&arena, PLENTY);
        ProtobufCMessage *message = NULL;
        int error =
            guard_unpack(&message, &depositary__v1__request__descriptor, bytes_of(bytes, good.len), &arena, NULL);
        ck_assert_int_ne(error, DEPOSITARY_E_MEMORY);
        passed += error == 0;
        arena_free(&arena);
    }
    ck_assert_uint_gt(passed, ROUNDS / 10);
    buffer_free(&good);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("guard");
    TCase *refused = tcase_create("refused");
    tcase_add_test(refused, every_cut_of_a_good_request_is_refused_or_shorter);
    tcase_add_test(refused, forged_length_is_refused);
    tcase_add_test(refused, groups_and_reserved_wire_types_are_refused);
    tcase_add_test(refused, field_number_zero_is_refused);
    tcase_add_test(refused, tag_past_32_bits_is_refused);
    tcase_add_test(refused, unterminated_varint_is_refused);
    tcase_add_test(refused, other_wire_type_is_refused);
    tcase_add_test(refused, string_with_nul_is_refused);
    tcase_add_test(refused, string_that_is_not_utf8_is_refused);
    tcase_add_test(refused, fault_names_path_and_offset);
    tcase_add_test(refused, nesting_ends_at_the_limit);
    tcase_add_test(refused, singular_message_given_twice_is_refused);
    tcase_add_test(refused, flood_of_empty_messages_ends_at_the_memory);
    tcase_add_test(refused, flood_of_unknown_fields_ends_at_the_memory);
    tcase_add_test(refused, torn_packed_elements_are_refused);
    suite_add_tcase(suite, refused);
    TCase *taken = tcase_create("taken");
    tcase_add_test(taken, empty_bytes_are_an_empty_message);
    tcase_add_test(taken, good_request_passes_and_unpacks);
    tcase_add_test(taken, bytes_may_hold_anything);
    tcase_add_test(taken, scalar_given_twice_passes_and_the_last_holds);
    tcase_add_test(taken, oneof_given_twice_passes_and_the_last_holds);
    tcase_add_test(taken, packed_and_unpacked_elements_both_pass);
    tcase_add_test(taken, memory_estimate_is_never_below_what_unpacking_takes);
    tcase_add_test(taken, what_passes_unpacks);
    suite_add_tcase(suite, taken);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
