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
        {"google.protobuf.Any", "{}", "{}"},
        {"google.protobuf.Any", "{\"typeUrl\": \"x/no.such.Type\", \"value\": \"YQ==\"}",
         "{\"typeUrl\":\"x/no.such.Type\",\"value\":\"YQ==\"}"},
        {"google.protobuf.Any", "{\"typeUrl\": \"x/google.protobuf.Duration\", \"value\": \"CAE=\"}",
         "{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1s\"}"},
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
        {"depositary.v1.Status", "{\"@type\": \"x/depositary.v1.Status\"}"},
        {"google.protobuf.Any", "{\"@type\": 5}"},
        {"google.protobuf.Any", "{\"@type\": \"x/google.rpc.RetryInfo\", \"typeUrl\": \"x/y\"}"},
        {"google.rpc.ErrorInfo", "{\"metadata\": {\"a\": null}}"},
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

START_TEST(a_refusal_names_the_way_to_the_value) {
    static const struct {
        const char *type, *in, *words;
    } rows[] = {
        {"depositary.v1.GetClauseRequest", "{\"name\": {\"eid\": 5}}", "name.eid: not a text"},
        {"depositary.v1.GetClauseRequest", "{\"nam\": {}}", "nam: there is no such field"},
        {"depositary.v1.GetClauseRequest", "[]", "the message: not an object"},
        {"depositary.v1.PutClausesRequest", "{\"clauses\": [{}, {\"path\": [\"YQ==\", \"?\"]}]}",
         "clauses[1].path[1]: not base64"},
        {"google.rpc.ErrorInfo", "{\"metadata\": {\"a\": \"b\", \"c\": 5}}", "metadata[\"c\"]: not a text"},
        {"depositary.v1.Status", "{\"details\": [{\"@type\": \"x/google.rpc.RetryInfo\", \"retryDelay\": 1}]}",
         "details[0].retryDelay: not a duration like 1.5s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer message;
        json_t *object = json_loads(rows[i].in, JSON_DECODE_ANY, NULL);
        buffer_init(&message, LIMIT_REQUEST_APPEND);
        ck_assert_int_ne(schema_parse_json(&message, schema, rows[i].type, object, &fault), 0);
        ck_assert_str_eq(fault_text(&fault), rows[i].words);
        buffer_free(&message);
        json_decref(object);
    }
}
END_TEST

START_TEST(a_way_that_is_long_is_cut) {
    struct buffer message;
    char key[1024] = "";
    memset(key, 'k', sizeof key - 1);
    json_t *object = json_pack("{s:{s:i}}", "metadata", key, 5);
    buffer_init(&message, LIMIT_REQUEST_APPEND);
    ck_assert_int_ne(schema_parse_json(&message, schema, "google.rpc.ErrorInfo", object, &fault), 0);
    ck_assert_str_eq(fault_text(&fault), "metadata and further in: not a text");
    buffer_free(&message);
    json_decref(object);
}
END_TEST

/* ---- sets of a test's own */

#define MADE_MAX 8192

static schema_field made_fields[1025], *made_field_list[1025];
static schema_message made_messages[MADE_MAX + 1], *made_message_list[MADE_MAX + 1];

static schema_field *make_field(const char *name, int32_t number, int type) {
    schema_field *field = &made_fields[number - 1];
    google__protobuf__field_descriptor_proto__init(field);
    field->name = (char *)(uintptr_t)name;
    field->has_number = field->has_type = true;
    field->number = number;
    field->type = (Google__Protobuf__FieldDescriptorProto__Type)type;
    made_field_list[number - 1] = field;
    return field;
}

static schema_message *make_message(size_t at, const char *name) {
    google__protobuf__descriptor_proto__init(&made_messages[at]);
    made_messages[at].name = (char *)(uintptr_t)name;
    made_message_list[at] = &made_messages[at];
    return &made_messages[at];
}

/* What schema_read makes of so many of the messages. */
static int read_made(struct schema **out, size_t count) {
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT, *files[] = {&file};
    Google__Protobuf__FileDescriptorSet all = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    struct buffer encoded;
    file.package = (char *)(uintptr_t) "made";
    file.n_message_type = count;
    file.message_type = made_message_list;
    all.n_file = 1;
    all.file = files;
    buffer_init(&encoded, LIMIT_SOCKET);
    uint8_t *place = buffer_extend(&encoded, google__protobuf__file_descriptor_set__get_packed_size(&all));
    ck_assert_ptr_nonnull(place);
    google__protobuf__file_descriptor_set__pack(&all, place);
    int error = schema_read(out, buffer_bytes(&encoded), &fault);
    buffer_free(&encoded);
    return error;
}

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name

/* message Made { map<KEY, int32> map = 1; } */
static void make_map(struct schema **out, int key_type) {
    static Google__Protobuf__MessageOptions options = GOOGLE__PROTOBUF__MESSAGE_OPTIONS__INIT;
    static schema_field map, *map_list[] = {&map};
    schema_message *entry = make_message(0, "Entry"), *made = make_message(1, "Made");
    options.has_map_entry = options.map_entry = true;
    (void)make_field("key", 1, key_type);
    (void)make_field("value", 2, TYPE(INT32));
    entry->options = &options;
    entry->n_field = 2;
    entry->field = made_field_list;
    google__protobuf__field_descriptor_proto__init(&map);
    map.name = (char *)(uintptr_t) "map";
    map.has_number = map.has_type = map.has_label = true;
    map.number = 1;
    map.type = TYPE(MESSAGE);
    map.label = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
    map.type_name = (char *)(uintptr_t) ".made.Entry";
    made->n_field = 1;
    made->field = map_list;
    schema_free(schema);
    schema = NULL;
    ck_assert_msg(read_made(out, 2) == 0, "%s", fault_text(&fault));
}

static void refuse_map(const char *in, const char *words) {
    struct buffer message;
    json_t *object = json_loads(in, 0, NULL);
    buffer_init(&message, LIMIT_REQUEST_APPEND);
    ck_assert_int_ne(schema_parse_json(&message, schema, "made.Made", object, &fault), 0);
    ck_assert_str_eq(fault_text(&fault), words);
    buffer_free(&message);
    json_decref(object);
}

START_TEST(keys_of_a_map_are_texts_whatever_their_type) {
    make_map(&schema, TYPE(BOOL));
    round_trip("made.Made", "{\"map\": {\"true\": 1, \"false\": 0}}", "{\"map\":{\"false\":0,\"true\":1}}");
    refuse_map("{\"map\": {\"True\": 1}}", "map[\"True\"]: neither true nor false");
    refuse_map("{\"map\": {\"true\": \"a\"}}", "map[\"true\"]: not a whole number in its range");
    refuse_map("{\"map\": []}", "map: not an object");
    make_map(&schema, TYPE(SINT64));
    round_trip("made.Made", "{\"map\": {\"-5\": 1}}", "{\"map\":{\"-5\":1}}");
    refuse_map("{\"map\": {\"true\": 1}}", "map[\"true\"]: not a whole number in its range");
}
END_TEST

START_TEST(what_an_entry_of_a_map_lacks_is_its_default) {
    static const int types[] = {TYPE(BOOL), TYPE(STRING), TYPE(UINT32)};
    static const char *const wanted[] = {"{\"map\":{\"false\":0}}", "{\"map\":{\"\":0}}", "{\"map\":{\"0\":0}}"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        json_t *out = NULL;
        make_map(&schema, types[i]);
        ck_assert_int_eq(schema_print_json(&out, schema, "made.Made", BYTES("\x0a\x00"), &fault), 0);
        char *text = json_dumps(out, JSON_COMPACT);
        ck_assert_str_eq(text, wanted[i]);
        round_trip("made.Made", text, text);
        free(text);
        json_decref(out);
    }
}
END_TEST

START_TEST(each_of_as_many_names_as_there_may_be_is_found) {
    static char names[MADE_MAX + 1][8];
    struct schema *many = NULL;
    for (size_t i = 0; i <= MADE_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "M%zu", i * 7919 % (MADE_MAX + 1));
        (void)make_message(i, names[i]);
    }
    ck_assert_int_eq(read_made(&many, MADE_MAX), 0);
    for (size_t i = 0; i < MADE_MAX; i++) {
        char full[32];
        (void)snprintf(full, sizeof full, "%smade.%.7s", i % 2 == 0 ? "." : "", names[i]);
        const schema_message *found = schema_find_message(many, full);
        ck_assert_ptr_nonnull(found);
        ck_assert_str_eq(found->name, names[i]);
        ck_assert_ptr_null(schema_find_enum(many, full));
    }
    ck_assert_ptr_null(schema_find_message(many, "made.M"));
    schema_free(many);
    ck_assert_int_eq(read_made(&many, MADE_MAX + 1), DEPOSITARY_E_LIMIT);
}
END_TEST

START_TEST(a_name_that_stands_twice_is_refused) {
    struct schema *twice = NULL;
    (void)make_message(0, "A");
    (void)make_message(1, "B");
    (void)make_message(2, "A");
    ck_assert_int_eq(read_made(&twice, 3), DEPOSITARY_E_FORMAT);
    ck_assert_str_eq(fault_text(&fault), "the descriptors name made.A twice");
    ck_assert_ptr_null(twice);
}
END_TEST

START_TEST(a_message_has_a_thousand_fields_at_most) {
    struct schema *wide = NULL;
    schema_message *message = make_message(0, "Wide");
    for (int32_t i = 1; i <= 1025; i++) {
        (void)make_field("f", i, TYPE(INT32));
    }
    message->field = made_field_list;
    message->n_field = 1024;
    ck_assert_int_eq(read_made(&wide, 1), 0);
    schema_free(wide);
    message->n_field = 1025;
    ck_assert_int_eq(read_made(&wide, 1), DEPOSITARY_E_LIMIT);
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
    tcase_add_test(tcase, a_refusal_names_the_way_to_the_value);
    tcase_add_test(tcase, a_way_that_is_long_is_cut);
    tcase_add_test(tcase, keys_of_a_map_are_texts_whatever_their_type);
    tcase_add_test(tcase, what_an_entry_of_a_map_lacks_is_its_default);
    tcase_add_test(tcase, each_of_as_many_names_as_there_may_be_is_found);
    tcase_add_test(tcase, a_name_that_stands_twice_is_refused);
    tcase_add_test(tcase, a_message_has_a_thousand_fields_at_most);
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
