/*
 * Descriptors that a service gives, and JSON both ways. The first byte: 0, the rest is a descriptor set; 1, a byte that chooses a type of the project's own, and JSON; 2, such a byte,
 * and an encoded message. What is printed is read as the same, and printed as the same again.
 */
#include "schema/schema.h"

#include "base/file.h"
#include "base/limits.h"
#include "mutate.h"
#include "rpc/guard.h"
#include "rpc/method.h"

#include <sodium.h>
#include <string.h>

#define HEAD_LEN 2

static struct schema *own;
static struct buffer own_set;

static void set_up(void) {
    HOLDS(sodium_init() >= 0);
    buffer_init(&own_set, LIMIT_SOCKET);
    HOLDS(file_read(&own_set, PROTOSET, NULL) == 0);
    HOLDS(schema_read(&own, buffer_bytes(&own_set), NULL) == 0);
}

/* Requests and responses, and what stands in none of them. */
static const char *choose(uint8_t choice) {
    static const char *const others[] = {"depositary.v1.Status",      "depositary.v1.Metadata", "google.rpc.ErrorInfo",
                                         "google.protobuf.Timestamp", "google.protobuf.Any",    "depositary.v1.Answer",
                                         "google.protobuf.Duration",  "google.rpc.BadRequest"};
    size_t count;
    const struct method *methods = method_table(&count);
    const size_t all = 2 * count + sizeof others / sizeof *others;
    choice = (uint8_t)(choice % all);
    return choice < count       ? methods[choice].input->name
           : choice < 2 * count ? methods[choice - count].output->name
                                : others[choice - 2 * count];
}

static char *dump(const json_t *in) {
    char *out = json_dumps(in, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    HOLDS(out != NULL);
    return out;
}

/* From a message to JSON, to a message, to the same JSON. */
static void go_round(const struct schema *schema, const char *type, struct bytes message) {
    json_t *object = NULL, *again = NULL;
    struct buffer encoded;
    struct fault fault = {0};
    if (schema_print_json(&object, schema, type, message, &fault) != 0) {
        HOLDS(object == NULL && fault.text[0] != '\0');
        return;
    }
    buffer_init(&encoded, LIMIT_REQUEST_APPEND);
    char *text = dump(object);
    int error = schema_parse_json(&encoded, schema, type, object, &fault);
    if (error != 0)
        fprintf(stderr, "%s: %s: %s\n", type, text, fault.text);
    HOLDS(error == 0);
    HOLDS(schema_print_json(&again, schema, type, buffer_bytes(&encoded), &fault) == 0);
    char *text_again = dump(again);
    HOLDS(strcmp(text, text_again) == 0);
    free(text_again);
    free(text);
    json_decref(object);
    json_decref(again);
    buffer_free(&encoded);
}

static void try_set(struct bytes set) {
    struct schema *schema = NULL;
    struct fault fault = {0};
    const char *name;
    if (schema_read(&schema, set, &fault) != 0) {
        HOLDS(schema == NULL && fault.text[0] != '\0');
        return;
    }
    for (size_t i = 0; i < 64; i++) {
        const schema_service *service = schema_service_at(schema, i, &name);
        for (size_t j = 0; service != NULL && j < service->n_method && j < 64; j++) {
            const schema_method *method = service->method[j];
            const char *type = method->input_type != NULL ? method->input_type : "";
            const schema_message *message = schema_find_message(schema, type);
            json_t *object = NULL;
            struct buffer encoded;
            if (message == NULL)
                continue;
            for (size_t k = 0; k < message->n_field && k < 64; k++)
                (void)schema_find_field(message, schema_json_name(message->field[k]));
            if (schema_print_json(&object, schema, type, BYTES("\x08\x01\x12\x02\x08\x01\x1a\x01\x61"), NULL) != 0)
                continue;
            buffer_init(&encoded, LIMIT_REQUEST_APPEND);
            (void)!schema_parse_json(&encoded, schema, type, object, NULL);
            buffer_free(&encoded);
            json_decref(object);
        }
    }
    schema_free(schema);
}

static void try_json(const char *type, struct bytes text) {
    json_t *object = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    struct buffer encoded;
    struct fault fault = {0};
    if (object == NULL)
        return;
    buffer_init(&encoded, LIMIT_REQUEST_APPEND);
    if (schema_parse_json(&encoded, own, type, object, &fault) == 0)
        go_round(own, type, buffer_bytes(&encoded));
    else
        HOLDS(fault.text[0] != '\0');
    buffer_free(&encoded);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD_LEN)
        return 0;
    if (own == NULL)
        set_up();
    struct bytes rest = bytes_of(data + HEAD_LEN, size - HEAD_LEN);
    if (data[0] % 3 == 0)
        try_set(rest);
    else if (data[0] % 3 == 1)
        try_json(choose(data[1]), rest);
    else
        go_round(own, choose(data[1]), rest);
    return 0;
}

static const ProtobufCMessageDescriptor *descriptor_of(const char *type) {
    size_t count;
    const struct method *methods = method_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(methods[i].input->name, type) == 0)
            return methods[i].input;
        if (strcmp(methods[i].output->name, type) == 0)
            return methods[i].output;
    }
    return NULL;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    if (size < HEAD_LEN || seed % 8 == 0)
        return LLVMFuzzerMutate(data, size, max);
    const ProtobufCMessageDescriptor *type = data[0] % 3 == 0   ? &google__protobuf__file_descriptor_set__descriptor
                                             : data[0] % 3 == 2 ? descriptor_of(choose(data[1]))
                                                                : NULL;
    if (type == NULL)
        return LLVMFuzzerMutate(data, size, max);
    return HEAD_LEN + mutate_message(type, data + HEAD_LEN, size - HEAD_LEN, max - HEAD_LEN, seed);
}
