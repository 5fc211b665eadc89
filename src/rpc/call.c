/* The client half of a call (call.h), and both directions of Response. PROTOCOL.md sections 4 and 5. */
#include "rpc/call.h"

#include "base/limits.h"
#include "base/time.h"
#include "depositary/v1/rpc.pb-c.h"
#include "rpc/guard.h"
#include "rpc/wire.h"

/* Fields of Request, Response and Seal that are written by hand. */
enum { REQUEST_METHOD = 1, REQUEST_MESSAGE = 2, REQUEST_NONCE = 3, REQUEST_TIMEOUT = 4, REQUEST_METADATA = 5 };
enum { RESPONSE_ANSWER = 1, RESPONSE_SEAL = 2 };
enum { METADATA_KEY = 1, METADATA_TEXT = 2, METADATA_BINARY = 3 };
enum { SEAL_PUBLIC_KEY = 1, SEAL_HEAD = 2, SEAL_SIGNATURE = 3, SEAL_INDEX = 4, SEAL_PATH = 5 };

/* ---- Request */

#define TIMEOUT_MS_MAX UINT64_C(315576000000000) /* google.protobuf.Duration: about 10,000 years */

static void append_timeout(struct buffer *out, uint64_t asked_ms) {
    const uint64_t timeout_ms = asked_ms < TIMEOUT_MS_MAX ? asked_ms : TIMEOUT_MS_MAX;
    Google__Protobuf__Duration timeout = GOOGLE__PROTOBUF__DURATION__INIT;
    timeout.seconds = (int64_t)(timeout_ms / 1000);
    timeout.nanos = (int32_t)(timeout_ms % 1000 * NS_PER_MS);
    wire_append_message_field(out, REQUEST_TIMEOUT, &timeout.base);
}

/* ---- metadata */

static bool is_key(struct bytes key) {
    for (size_t i = 0; i < key.len; i++) {
        bool is_fine = (key.data[i] >= 'a' && key.data[i] <= 'z') || (key.data[i] >= '0' && key.data[i] <= '9') ||
                       key.data[i] == '_' || key.data[i] == '-' || key.data[i] == '.';
        if (!is_fine) {
            return false;
        }
    }
    return key.len > 0 && key.len <= LIMIT_METADATA_KEY && !bytes_starts_with(key, BYTES("grpc-"));
}

static bool is_printable(struct bytes value) {
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static bool is_hex(struct bytes in, bool may_be_zero) {
    bool is_zero = true;
    for (size_t i = 0; i < in.len; i++) {
        if (!(in.data[i] >= '0' && in.data[i] <= '9') && !(in.data[i] >= 'a' && in.data[i] <= 'f')) {
            return false;
        }
        is_zero = is_zero && in.data[i] == '0';
    }
    return may_be_zero || !is_zero;
}

/* Version 00: "00-", 32 digits of the trace, "-", 16 of the parent, "-", 2 of the flags. */
static bool is_traceparent(struct bytes value) {
    return value.len == 55 && bytes_starts_with(value, BYTES("00-")) && value.data[35] == '-' &&
           value.data[52] == '-' && is_hex(bytes_slice(value, 3, 32), false) &&
           is_hex(bytes_slice(value, 36, 16), false) && is_hex(bytes_slice(value, 53, 2), true);
}

static bool is_binary_key(struct bytes key) {
    return key.len >= 4 && bytes_equal(bytes_slice(key, key.len - 4, 4), BYTES("-bin"));
}

static void append_pair(struct buffer *out, struct bytes key, struct bytes value, bool is_binary) {
    struct buffer pair;
    buffer_init(&pair, LIMIT_REQUEST);
    wire_append_bytes(&pair, METADATA_KEY, key);
    wire_append_bytes(&pair, is_binary ? METADATA_BINARY : METADATA_TEXT, value);
    wire_append_bytes(out, REQUEST_METADATA, buffer_bytes(&pair));
    out->error = out->error ? out->error : pair.error;
    buffer_free(&pair);
}

int call_metadata_print(struct buffer *out, struct bytes key, struct bytes value, struct fault *fault) {
    bool is_binary = is_binary_key(key);
    if (!is_key(key)) {
        return fault_set(
            fault, DEPOSITARY_E_ARGUMENT,
            "a key of metadata is made of a-z, 0-9, \"_\", \"-\" and \".\", and does not begin with \"grpc-\"");
    }
    if (!is_binary && !is_printable(value)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "a value of metadata is printable ASCII, unless its key ends in \"-bin\"");
    }
    if (bytes_equal(key, BYTES("traceparent")) && !is_traceparent(value)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "a traceparent is 00-<32 hexadecimal digits>-<16>-<2>, not all zero");
    }
    append_pair(out, key, value, is_binary);
    return out->error ? fault_set(fault, out->error, "the metadata is too large") : 0;
}

/* ---- printing */

int call_print_encoded(struct buffer *out, const struct method *method, struct bytes message,
                       const struct call_head *head) {
    if (head->nonce.len < LIMIT_NONCE_MIN || head->nonce.len > LIMIT_NONCE_MAX) {
        return DEPOSITARY_E_ARGUMENT;
    }
    size_t start = out->len;
    wire_append_bytes(out, REQUEST_METHOD, bytes_text(method->full_name));
    wire_append_bytes(out, REQUEST_MESSAGE, message);
    wire_append_bytes(out, REQUEST_NONCE, head->nonce);
    if (head->timeout_ms > 0) {
        append_timeout(out, head->timeout_ms);
    }
    buffer_append(out, head->metadata);
    if (out->error) {
        return out->error;
    }
    return out->len - start > (method->is_large ? LIMIT_REQUEST_APPEND : LIMIT_REQUEST) ? DEPOSITARY_E_LIMIT : 0;
}

int call_print_head(struct buffer *out, const struct method *method, const ProtobufCMessage *message,
                    const struct call_head *head) {
    struct buffer encoded;
    if (message->descriptor != method->input) {
        return DEPOSITARY_E_ARGUMENT;
    }
    buffer_init(&encoded, LIMIT_REQUEST_APPEND);
    wire_append_message(&encoded, message);
    int error = encoded.error ? encoded.error : call_print_encoded(out, method, buffer_bytes(&encoded), head);
    buffer_free(&encoded);
    return error;
}

int call_print(struct buffer *out, const struct method *method, const ProtobufCMessage *message, struct bytes nonce,
               uint64_t timeout_ms, const char *traceparent) {
    struct buffer metadata;
    buffer_init(&metadata, LIMIT_REQUEST);
    if (traceparent) {
        append_pair(&metadata, BYTES("traceparent"), bytes_text(traceparent), false);
    }
    const struct call_head head = {nonce, timeout_ms, buffer_bytes(&metadata)};
    int error = metadata.error ? metadata.error : call_print_head(out, method, message, &head);
    buffer_free(&metadata);
    return error;
}

int call_read(struct call_request *out, struct bytes request, struct arena *arena, struct fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    int error = guard_unpack(&unpacked, &depositary__v1__request__descriptor, request, arena, fault);
    if (error) {
        return error;
    }
    const Depositary__V1__Request *read = (const Depositary__V1__Request *)unpacked;
    const struct method *method = method_find(bytes_text(read->method));
    if (!method) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "the request names no known method");
    }
    ProtobufCMessage *message = NULL;
    error = guard_unpack(&message, method->input, bytes_of(read->message.data, read->message.len), arena, fault);
    if (error) {
        return error;
    }
    out->method = method;
    out->message = message;
    out->nonce = bytes_of(read->nonce.data, read->nonce.len);
    return 0;
}

/* ---- Response */

static int unpack_response(ProtobufCMessage **out, const ProtobufCMessageDescriptor *descriptor, struct bytes in,
                           struct arena *arena, struct fault *fault) {
    struct fault inner = {0};
    int error = guard_unpack(out, descriptor, in, arena, &inner);
    if (error == DEPOSITARY_E_MEMORY) {
        return fault_set(fault, error, "%s", fault_text(&inner));
    }
    return error ? fault_set(fault, DEPOSITARY_E_RESPONSE, "%s", fault_text(&inner)) : 0;
}

int response_read(struct bytes *answer, struct seal *seal, struct bytes response, struct arena *arena,
                  struct fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    int error = unpack_response(&unpacked, &depositary__v1__response__descriptor, response, arena, fault);
    if (error) {
        return error;
    }
    const Depositary__V1__Response *read = (const Depositary__V1__Response *)unpacked;
    if (!read->seal) {
        return fault_set(fault, DEPOSITARY_E_SEAL_MISSING, "the response has no seal");
    }
    struct merkle_path path;
    if (!merkle_path_read(&path, read->seal->n_path, read->seal->path)) {
        return fault_set(fault, DEPOSITARY_E_RESPONSE, "the seal's path is not one of hashes");
    }
    *seal = (struct seal){
        .public_key = bytes_of(read->seal->public_key.data, read->seal->public_key.len),
        .head = bytes_of(read->seal->head.data, read->seal->head.len),
        .signature = bytes_of(read->seal->signature.data, read->seal->signature.len),
        .index = read->seal->index,
        .path = path,
    };
    *answer = bytes_of(read->answer.data, read->answer.len);
    return 0;
}

/* Length of a field of bytes with its tag, which is one byte here. */
static size_t field_len(size_t len) {
    return 1 + wire_varint_len(len) + len;
}

static size_t seal_len(const struct seal *seal) {
    return field_len(seal->public_key.len) + field_len(seal->head.len) + field_len(seal->signature.len) +
           (seal->index > 0 ? 1 + wire_varint_len(seal->index) : 0) + seal->path.count * field_len(HASH_LEN);
}

size_t response_len(size_t answer_len, const struct seal *seal) {
    return field_len(answer_len) + field_len(seal_len(seal));
}

static uint8_t *put_length(uint8_t *at, unsigned field, size_t len) {
    *at++ = (uint8_t)(field << 3 | WIRE_BYTES);
    return wire_put_varint(at, len);
}

static uint8_t *put_bytes(uint8_t *at, unsigned field, struct bytes value) {
    return bytes_write(put_length(at, field, value.len), value);
}

uint8_t *response_begin(uint8_t *at, size_t answer_len) {
    return put_length(at, RESPONSE_ANSWER, answer_len);
}

void response_end(uint8_t *at, const struct seal *seal) {
    at = put_length(at, RESPONSE_SEAL, seal_len(seal));
    at = put_bytes(at, SEAL_PUBLIC_KEY, seal->public_key);
    at = put_bytes(at, SEAL_HEAD, seal->head);
    at = put_bytes(at, SEAL_SIGNATURE, seal->signature);
    if (seal->index > 0) {
        *at++ = SEAL_INDEX << 3 | WIRE_VARINT;
        at = wire_put_varint(at, seal->index);
    }
    for (size_t i = 0; i < seal->path.count; i++) {
        at = put_bytes(at, SEAL_PATH, hash_bytes(&seal->path.hashes[i]));
    }
}

void response_write(uint8_t *at, struct bytes answer, const struct seal *seal) {
    response_end(bytes_write(response_begin(at, answer.len), answer), seal);
}

int response_print(struct buffer *out, struct bytes answer, const struct seal *seal) {
    uint8_t *at = buffer_extend(out, response_len(answer.len, seal));
    if (!at) {
        return out->error;
    }
    response_write(at, answer, seal);
    return 0;
}

/* ---- Answer */

int answer_read(struct call_answer *out, const struct method *method, struct bytes answer, struct arena *arena,
                struct fault *fault) {
    ProtobufCMessage *unpacked = NULL;
    int error = unpack_response(&unpacked, &depositary__v1__answer__descriptor, answer, arena, fault);
    if (error) {
        return error;
    }
    const Depositary__V1__Answer *read = (const Depositary__V1__Answer *)unpacked;
    struct call_answer result = {.status = {.code = STATUS_OK, .message = "", .reason = "", .field = ""}};
    if (read->status) {
        error = status_read(&result.status, read->status, arena);
        if (error) {
            return error;
        }
    }
    if (result.status.code != STATUS_OK) {
        result.raw_status = read->status;
    }
    result.message_bytes = bytes_of(read->message.data, read->message.len);
    result.metadata = read->metadata;
    result.metadata_count = read->n_metadata;
    if (method->output != NULL && (read->message.len > 0 || result.status.code == STATUS_OK)) {
        ProtobufCMessage *message = NULL;
        error =
            unpack_response(&message, method->output, bytes_of(read->message.data, read->message.len), arena, fault);
        if (error) {
            return error;
        }
        result.message = message;
    }
    *out = result;
    return 0;
}
