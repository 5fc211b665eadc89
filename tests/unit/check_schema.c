/* Descriptors from a service, and JSON both ways: src/schema. The set is the project's own; what is done to it is not. */
#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "schema/schema.h"

static struct buffer set;
static struct schema *schema;
static struct fault fault;

static void set_up(void) {
    fault = (struct fault){0};
    ck_assert_int_ge(sodium_init(), 0);
    buffer_init(&set, LIMIT_SOCKET);
    ck_assert_int_eq(file_read(&set, PROTOSET, &fault), 0);
    ck_assert_msg(schema_read(&schema, buffer_bytes(&set), &fault) == 0, "%s", fault_text(&fault));
}

static void tear_down(void) {
    schema_free(schema);
    schema = NULL;
    buffer_free(&set);
}

/* JSON in, message, JSON out. */
static void round_trip(const char *type, const char *in, const char *out) {
    struct buffer message;
    json_t *object = json_loads(in, JSON_DECODE_ANY, NULL), *back = NULL;
    ck_assert_ptr_nonnull(object);
    buffer_init(&message, LIMIT_REQUEST_APPEND);
    ck_assert_msg(schema_parse_json(&message, schema, type, object, &fault) == 0, "%s: %s", in, fault_text(&fault));
    ck_assert_int_eq(schema_print_json(&back, schema, type, buffer_bytes(&message), &fault), 0);
    char *text = json_dumps(back, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    ck_assert_str_eq(text, out);
    free(text);
    json_decref(back);
    json_decref(object);
    buffer_free(&message);
}

START_TEST(forms_of_json_go_both_ways) {
    static const struct {
        const char *type, *in, *out;
    } rows[] = {
        {"google.protobuf.Timestamp", "\"2025-04-23T00:00:00Z\"", "\"2025-04-23T00:00:00Z\""},
        {"google.protobuf.Timestamp", "\"1969-12-31T23:59:59.5Z\"", "\"1969-12-31T23:59:59.500Z\""},
        {"google.protobuf.Timestamp", "\"0001-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\""},
        {"google.protobuf.Timestamp", "\"9999-12-31T23:59:59.999999999Z\"", "\"9999-12-31T23:59:59.999999999Z\""},
        {"google.protobuf.Timestamp", "\"2024-02-29T01:30:00+01:30\"", "\"2024-02-29T00:00:00Z\""},
        {"google.protobuf.Duration", "\"1.5s\"", "\"1.500s\""},
        {"google.protobuf.Duration", "\"-0.000001s\"", "\"-0.000001s\""},
        {"google.protobuf.Duration", "\"-3s\"", "\"-3s\""},
        {"depositary.v1.SearchHit", "{\"score\": \"NaN\"}", "{\"score\":\"NaN\"}"},
        {"depositary.v1.SearchHit", "{\"score\": \"-Infinity\"}", "{\"score\":\"-Infinity\"}"},
        {"depositary.v1.SearchHit", "{\"score\": \"1.5\"}", "{\"score\":1.5}"},
        {"depositary.v1.ListEntriesRequest", "{\"start\": \"18446744073709551615\"}",
         "{\"start\":\"18446744073709551615\"}"},
        {"depositary.v1.ListEntriesRequest", "{\"pageSize\": -2147483648}", "{\"pageSize\":-2147483648}"},
        {"depositary.v1.ListEntriesRequest", "{\"page_size\": \"7\"}", "{\"pageSize\":7}"},
        {"depositary.v1.ListEntriesRequest", "{\"pageSize\": 1.0, \"start\": null}", "{\"pageSize\":1}"},
        {"depositary.v1.Metadata", "{\"key\": \"k-bin\", \"binary\": \"_-8\"}",
         "{\"binary\":\"/+8=\",\"key\":\"k-bin\"}"},
        {"depositary.v1.Clause", "{\"kind\": \"CLAUSE_KIND_ANNEX\"}", "{\"kind\":\"CLAUSE_KIND_ANNEX\"}"},
        {"depositary.v1.Clause", "{\"kind\": 99}", "{\"kind\":99}"},
        {"depositary.v1.Status", "{\"details\": [{\"@type\": \"x/google.rpc.RetryInfo\", \"retryDelay\": \"2s\"}]}",
         "{\"details\":[{\"@type\":\"x/google.rpc.RetryInfo\",\"retryDelay\":\"2s\"}]}"},
        {"google.protobuf.Any", "{\"@type\": \"x/google.protobuf.Duration\", \"value\": \"1s\"}",
         "{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1s\"}"},
        {"google.protobuf.Any",
         "{\"@type\": \"x/google.protobuf.Any\", \"value\": {\"@type\": \"y/google.rpc.RetryInfo\"}}",
         "{\"@type\":\"x/google.protobuf.Any\",\"value\":{\"@type\":\"y/google.rpc.RetryInfo\"}}"},
        {"google.rpc.ErrorInfo", "{\"metadata\": {\"a\": \"b\"}}", "{\"metadata\":{\"a\":\"b\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        round_trip(rows[i].type, rows[i].in, rows[i].out);
    }
}
END_TEST

START_TEST(what_json_may_not_hold_is_refused_and_nothing_is_written) {
    static const struct {
        const char *type, *in;
    } rows[] = {
        {"google.protobuf.Timestamp", "\"2025-02-29T00:00:00Z\""},
        {"google.protobuf.Timestamp", "\"2025-04-23 00:00:00Z\""},
        {"google.protobuf.Timestamp", "\"2025-04-23T24:00:00Z\""},
        {"google.protobuf.Timestamp", "\"2025-04-23T00:00:00.1234567890Z\""},
        {"google.protobuf.Timestamp", "\"0000-01-01T00:00:00Z\""},
        {"google.protobuf.Timestamp", "\"0001-01-01T00:00:00+00:01\""},
        {"google.protobuf.Timestamp", "5"},
        {"google.protobuf.Duration", "\"1.5\""},
        {"google.protobuf.Duration", "\"315576000001s\""},
        {"google.protobuf.Duration", "\"1.s\""},
        {"depositary.v1.ListEntriesRequest", "{\"start\": \"18446744073709551616\"}"},
        {"depositary.v1.ListEntriesRequest", "{\"start\": -1}"},
        {"depositary.v1.ListEntriesRequest", "{\"start\": \" 1\"}"},
        {"depositary.v1.ListEntriesRequest", "{\"pageSize\": 2147483648}"},
        {"depositary.v1.ListEntriesRequest", "{\"pageSize\": \"\"}"},
        {"depositary.v1.ListEntriesRequest", "{\"size\": 1}"},
        {"depositary.v1.SearchHit", "{\"score\": \"nan\"}"},
        {"depositary.v1.SearchHit", "{\"score\": \"0x10\"}"},
        {"depositary.v1.Metadata", "{\"text\": \"a\", \"binary\": \"YQ==\"}"},
        {"depositary.v1.Metadata", "{\"binary\": \"YR==\"}"},
        {"depositary.v1.Metadata", "{\"binary\": \"Y\"}"},
        {"depositary.v1.Status", "{\"details\": [{\"@type\": \"x/no.such.Type\"}]}"},
        {"depositary.v1.Status", "{\"details\": [null]}"},
        {"no.such.Type", "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer message;
        json_t *object = json_loads(rows[i].in, JSON_DECODE_ANY, NULL);
        buffer_init(&message, LIMIT_REQUEST_APPEND);
        ck_assert_msg(schema_parse_json(&message, schema, rows[i].type, object, &fault) != 0, "taken: %s", rows[i].in);
        buffer_free(&message);
        json_decref(object);
    }
}
END_TEST

START_TEST(bytes_that_are_no_such_message_are_refused) {
    static const struct {
        const char *type;
        struct bytes in;
    } rows[] = {
        {"depositary.v1.Clause",
         {(const uint8_t *)"\x0a\x05"
                           "a",
          3}},                                                                           /* a length past the end */
        {"depositary.v1.Clause", {(const uint8_t *)"\x08\x01", 2}},                      /* a text as a number */
        {"depositary.v1.Clause", {(const uint8_t *)"\x0a\x01\xff", 3}},                  /* a text that is not UTF-8 */
        {"depositary.v1.Clause", {(const uint8_t *)"\x0b", 1}},                          /* a group */
        {"depositary.v1.Clause", {(const uint8_t *)"\x02\x00", 2}},                      /* field 0 */
        {"google.protobuf.Timestamp", {(const uint8_t *)"\x10\x80\x94\xeb\xdc\x03", 6}}, /* 10^9 nanoseconds */
        {"google.protobuf.Timestamp", {(const uint8_t *)"\x0a\x00", 2}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *out = NULL;
        ck_assert_msg(schema_print_json(&out, schema, rows[i].type, rows[i].in, &fault) != 0, "row %zu", i);
        ck_assert_ptr_null(out);
    }
}
END_TEST

/* Found by fuzzing: both were shown, and nothing reads that back. */
START_TEST(of_a_choice_the_last_is_meant) {
    json_t *out = NULL;
    ck_assert_int_eq(schema_print_json(&out, schema, "depositary.v1.Metadata",
                                       bytes_of("\x12\x01"
                                                "a\x1a\x01"
                                                "b",
                                                6),
                                       &fault),
                     0);
    char *text = json_dumps(out, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"binary\":\"Yg==\"}");
    free(text);
    json_decref(out);
}
END_TEST

/* Thousands of damaged sets: read or refused, and JSON through what was read, without harm (the sanitizers look on). */
START_TEST(damaged_descriptors_do_no_harm) {
    static const char request[] =
        "{\"name\": {\"instrument\": \"a\", \"edition\": 1}, \"asOf\": \"2025-04-23T00:00:00Z\"}";
    json_t *object = json_loads(request, 0, NULL);
    unsigned taken = 0;
    for (int round = 0; round < 3000; round++) {
        struct schema *damaged = NULL;
        struct buffer message;
        json_t *back = NULL;
        uint8_t *copy = malloc(set.len);
        memcpy(copy, set.data, set.len);
        for (unsigned i = 0; i <= randombytes_uniform(4); i++) {
            copy[randombytes_uniform((uint32_t)set.len)] = (uint8_t)randombytes_uniform(256);
        }
        size_t len = randombytes_uniform(8) == 0 ? randombytes_uniform((uint32_t)set.len) : set.len;
        buffer_init(&message, LIMIT_REQUEST_APPEND);
        if (schema_read(&damaged, bytes_of(copy, len), NULL) == 0) {
            taken++;
            if (schema_parse_json(&message, damaged, "depositary.v1.GetClauseRequest", object, NULL) == 0 &&
                schema_print_json(&back, damaged, "depositary.v1.GetClauseRequest", buffer_bytes(&message), NULL) ==
                    0) {
                json_decref(back);
            }
        }
        schema_free(damaged);
        buffer_free(&message);
        free(copy);
    }
    json_decref(object);
    ck_assert_uint_gt(taken, 100); /* damage that is not seen at once is the point */
}
END_TEST

int main(void) {
    Suite *suite = suite_create("schema");
    TCase *tcase = tcase_create("schema");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, forms_of_json_go_both_ways);
    tcase_add_test(tcase, what_json_may_not_hold_is_refused_and_nothing_is_written);
    tcase_add_test(tcase, bytes_that_are_no_such_message_are_refused);
    tcase_add_test(tcase, of_a_choice_the_last_is_meant);
    tcase_add_test(tcase, damaged_descriptors_do_no_harm);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
