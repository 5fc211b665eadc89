/* The server half of a call (dispatch.h): checks in the order of PROTOCOL.md section 4, then the handler. */
#include "rpc/dispatch.h"

#include "base/limits.h"
#include "base/time.h"
#include "depositary/v1/rpc.pb-c.h"
#include "rpc/guard.h"
#include "rpc/wire.h"

#include <stdint.h>
#include <string.h>

#define TIMEOUT_SECONDS_MAX 315576000000LL /* google.protobuf.Duration */
#define METADATA_KEY_MAX    128u
#define METADATA_MAX        8192u /* bytes of all pairs, as gRPC counts them: keys, values, and 32 for each */
#define METADATA_PAIR       32u
#define RESERVED_PREFIX     "grpc-"
#define TRACEPARENT         "traceparent"
#define ANSWER_STATUS       1 /* fields of Answer */
#define ANSWER_MESSAGE      2
#define ANSWER_METADATA     3
#define ANSWER_ROOM         4096u /* bytes of an answer beside its message and further details */

/* What stands before the copy of a service that is made for a call. */
struct call_service {
    _Alignas(max_align_t) struct call *call;
};

struct call *call_of(const void *service) {
    return ((const struct call_service *)service - 1)->call;
}

void call_clean_up(struct call *call) {
    status_clear(&call->status);
}

/* ---- the request */

/* gRPC over HTTP/2, "Custom-Metadata": the characters of a key, and "-bin" for bytes alone. */
static bool metadata_key_valid(const char *key, bool is_binary) {
    size_t len = strlen(key);
    if (len == 0 || len > METADATA_KEY_MAX || strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != len) {
        return false;
    }
    bool ends_in_bin = len >= 4 && strcmp(key + len - 4, "-bin") == 0;
    return ends_in_bin == is_binary;
}

static bool metadata_text_valid(const char *text) {
    for (; *text; text++) {
        if (*text < 0x20 || *text > 0x7E) {
            return false;
        }
    }
    return true;
}

/*
 * W3C Trace Context, section 3.2.2: version, trace id, parent id, flags, none of them forbidden values; a later version may say more. One that is
 * no such thing is as if it were not there (section 4.3).
 */
static bool traceparent_valid(const char *text) {
    static const char shape[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool is_hex = text[i] != '\0' && strchr("0123456789abcdef", text[i]);
        if (shape[i] == 'x' ? !is_hex : text[i] != '-') {
            return false;
        }
    }
    bool has_ids = strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
    const char *rest = text + sizeof(shape) - 1;
    bool ends = *rest == '\0' || (*rest == '-' && strncmp(text, "00", 2) != 0);
    return has_ids && ends && strncmp(text, "ff", 2) != 0 && strlen(text) < METADATA_KEY_MAX;
}

static int read_pair(struct call *call, const Depositary__V1__Metadata *pair, size_t *size) {
    bool is_text = pair->value_case == DEPOSITARY__V1__METADATA__VALUE_TEXT;
    bool is_binary = pair->value_case == DEPOSITARY__V1__METADATA__VALUE_BINARY;
    if (!metadata_key_valid(pair->key, is_binary)) {
        return status_bad_field(&call->status, "metadata.key",
                                "a key is lower-case letters, digits, _ - . and ends in -bin if its value is binary");
    }
    if (strncmp(pair->key, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) == 0) {
        return status_bad_field(&call->status, "metadata.key", "keys that begin with grpc- are reserved");
    }
    if (!is_binary && (!is_text || !metadata_text_valid(pair->text))) {
        return status_bad_field(&call->status, "metadata.value", "a text value is printable ASCII");
    }
    *size += strlen(pair->key) + (is_text ? strlen(pair->text) : pair->binary.len) + METADATA_PAIR;
    if (*size > METADATA_MAX) {
        return status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "METADATA_SIZE",
                          "the metadata has more than %u bytes, with %u counted for each pair", METADATA_MAX,
                          METADATA_PAIR);
    }
    if (is_text && strcmp(pair->key, TRACEPARENT) == 0 && traceparent_valid(pair->text)) {
        call->traceparent = pair->text;
    }
    return STATUS_OK;
}

static int read_metadata(struct call *call, const Depositary__V1__Request *request) {
    size_t size = 0;
    int code = STATUS_OK;
    for (size_t i = 0; i < request->n_metadata && code == STATUS_OK; i++) {
        code = read_pair(call, request->metadata[i], &size);
    }
    return code;
}

static int read_timeout(struct call *call, const Google__Protobuf__Duration *timeout, uint64_t default_timeout_ns) {
    uint64_t granted_ns = default_timeout_ns;
    if (timeout) {
        if (timeout->seconds < 0 || timeout->seconds > TIMEOUT_SECONDS_MAX || timeout->nanos < 0 ||
            timeout->nanos >= NS_PER_S) {
            return status_bad_field(&call->status, "timeout", "a timeout is a duration that is not negative");
        }
        if (timeout->seconds == 0 && timeout->nanos == 0) {
            return status_set(&call->status, STATUS_DEADLINE_EXCEEDED, "DEADLINE", "no time was left for the call");
        }
        bool fits = timeout->seconds < INT64_MAX / NS_PER_S;
        uint64_t asked_ns = fits ? (uint64_t)(timeout->seconds * NS_PER_S + timeout->nanos) : UINT64_MAX;
        granted_ns = asked_ns < granted_ns ? asked_ns : granted_ns;
    }
    call->deadline_ns = call->begun_ns + granted_ns;
    return STATUS_OK;
}

bool call_is_over(struct call *call) {
    if (call->is_gone && __atomic_load_n(call->is_gone, __ATOMIC_ACQUIRE)) {
        status_set(&call->status, STATUS_CANCELLED, "GONE", "nobody waits for the answer any more");
        return true;
    }
    if (call->deadline_ns == 0 || clock_monotonic_ns() < call->deadline_ns) {
        return false;
    }
    status_set(&call->status, STATUS_DEADLINE_EXCEEDED, "DEADLINE", "the call's time is over");
    return true;
}

static int read_request(struct call *call, const Depositary__V1__Request *request, size_t size,
                        uint64_t default_timeout_ns) {
    const struct method *method = method_find(bytes_text(request->method));
    if (!method) {
        return status_set(&call->status, STATUS_UNIMPLEMENTED, "METHOD", "there is no method of that name");
    }
    if (size > LIMIT_REQUEST && !method->is_large) {
        return status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "REQUEST_SIZE",
                          "the request has %zu bytes; %u is the limit", size, LIMIT_REQUEST);
    }
    if (request->nonce.len < LIMIT_NONCE_MIN || request->nonce.len > LIMIT_NONCE_MAX) {
        return status_bad_field(&call->status, "nonce", "a nonce has %u to %u bytes, this one %zu", LIMIT_NONCE_MIN,
                                LIMIT_NONCE_MAX, request->nonce.len);
    }
    int code = read_metadata(call, request);
    if (code == STATUS_OK) {
        code = read_timeout(call, request->timeout, default_timeout_ns);
    }
    if (code == STATUS_OK) {
        call->method = method;
    }
    return code;
}

/* What the guard said, as a status. */
static int refuse_unreadable(struct call *call, const char *what, const struct fault *fault) {
    if (fault->error == DEPOSITARY_E_LIMIT || fault->error == DEPOSITARY_E_MEMORY) {
        return status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "REQUEST_SIZE", "%s: %s", what, fault_text(fault));
    }
    return status_set(&call->status, STATUS_INTERNAL, "UNREADABLE", "%s is unreadable: %s", what, fault_text(fault));
}

int call_accept(struct call *call, struct bytes request, uint64_t default_timeout_ns, struct bytes *message) {
    call->traceparent = "";
    call->begun_ns = clock_monotonic_ns();
    if (request.len > LIMIT_REQUEST_APPEND) {
        return status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "REQUEST_SIZE",
                          "the request has %zu bytes; %u is the limit", request.len, LIMIT_REQUEST_APPEND);
    }
    struct fault fault = {0};
    ProtobufCMessage *unpacked = NULL;
    if (guard_unpack(&unpacked, &depositary__v1__request__descriptor, request, call->arena, &fault) != 0) {
        return refuse_unreadable(call, "the request", &fault);
    }
    const Depositary__V1__Request *read = (const Depositary__V1__Request *)unpacked;
    int code = read_request(call, read, request.len, default_timeout_ns);
    if (code == STATUS_OK) {
        *message = bytes_of(read->message.data, read->message.len);
    }
    return code;
}

/* ---- the handler */

/* What the closure brings out of a handler. */
struct outcome {
    struct call *call;
    struct bytes response; /* encoded */
    unsigned times;        /* that the closure was called */
};

/* Encodes the response at once: the handler may hold it in memory that ends with it. */
static void take_response(const ProtobufCMessage *message, void *closure_data) {
    struct outcome *outcome = closure_data;
    if (outcome->times++ > 0 || !message) {
        return;
    }
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = len <= LIMIT_RESPONSE ? arena_alloc(outcome->call->arena, len) : NULL;
    if (!bytes) {
        status_set(&outcome->call->status, STATUS_RESOURCE_EXHAUSTED, "RESPONSE_SIZE",
                   "the answer would have %zu bytes; %u is the limit", len, LIMIT_RESPONSE);
        return;
    }
    outcome->response = bytes_of(bytes, protobuf_c_message_pack(message, bytes));
}

static const struct service_entry *find_service(const struct service_entry *services, size_t count,
                                                const ProtobufCServiceDescriptor *descriptor) {
    for (size_t i = 0; i < count; i++) {
        if (services[i].descriptor == descriptor) {
            return &services[i];
        }
    }
    return NULL;
}

/* The service as a handler gets it: call_of finds the call from it. */
static ProtobufCService *wrap_service(struct call *call, const struct service_entry *entry) {
    struct call_service *wrapped = arena_alloc(call->arena, sizeof(*wrapped) + entry->size);
    if (!wrapped) {
        return NULL;
    }
    wrapped->call = call;
    return memcpy(wrapped + 1, entry->service, entry->size);
}

static void call_handler(struct call *call, const struct service_entry *entry, const ProtobufCMessage *input,
                         struct bytes *response) {
    ProtobufCService *service = wrap_service(call, entry);
    if (!service) {
        status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "REQUEST_SIZE", "no memory is left for the call");
        return;
    }
    struct outcome outcome = {.call = call};
    service->invoke(service, call->method->index, input, take_response, &outcome);
    if (outcome.times != 1 || (!outcome.response.data && call->status.code == STATUS_OK)) {
        status_set(&call->status, STATUS_INTERNAL, "NO_ANSWER", "the method gave no answer");
    }
    *response = outcome.response;
}

void call_handle(struct call *call, const struct service_entry *services, size_t count, struct bytes message,
                 struct bytes *response) {
    *response = bytes_of(NULL, 0);
    const struct service_entry *entry = find_service(services, count, call->method->service);
    if (!entry) {
        status_set(&call->status, STATUS_UNIMPLEMENTED, "METHOD", "%s is not served here", call->method->full_name);
        return;
    }
    if (call_is_over(call)) { /* it may have waited */
        return;
    }
    struct fault fault = {0};
    ProtobufCMessage *input = NULL;
    if (guard_unpack(&input, call->method->input, message, call->arena, &fault) != 0) {
        refuse_unreadable(call, "the method's message", &fault);
        return;
    }
    call_handler(call, entry, input, response);
}

/* ---- the answer */

static int append_status(struct buffer *answer, const struct status *status) {
    struct buffer encoded;
    buffer_init(&encoded, answer->limit);
    int error = status_print(&encoded, status);
    if (!error) {
        wire_append_bytes(answer, ANSWER_STATUS, buffer_bytes(&encoded));
        error = answer->error;
    }
    buffer_free(&encoded);
    return error;
}

static void append_traceparent(struct buffer *answer, const struct call *call) {
    char key[] = TRACEPARENT;
    char value[METADATA_KEY_MAX];
    size_t len = strlen(call->traceparent);
    if (len == 0 || len >= sizeof(value)) {
        return;
    }
    memcpy(value, call->traceparent, len + 1);
    Depositary__V1__Metadata pair = DEPOSITARY__V1__METADATA__INIT;
    pair.key = key;
    pair.value_case = DEPOSITARY__V1__METADATA__VALUE_TEXT;
    pair.text = value;
    wire_append_message_field(answer, ANSWER_METADATA, &pair.base);
}

int call_answer_begin(struct buffer *answer, const struct call *call, struct bytes response, size_t tail_len) {
    if (call->status.code != STATUS_OK) {
        int error = append_status(answer, &call->status);
        if (error) {
            return error;
        }
    }
    if (response.len + tail_len > 0) {
        wire_append_length(answer, ANSWER_MESSAGE, response.len + tail_len);
        buffer_append(answer, response);
    }
    return answer->error;
}

int call_answer_print(struct buffer *answer, const struct call *call, struct bytes response) {
    int error = call_answer_begin(answer, call, response, 0);
    if (error) {
        return error;
    }
    append_traceparent(answer, call);
    return answer->error;
}

int dispatch(struct call *call, const struct service_entry *services, size_t count, struct bytes request,
             uint64_t default_timeout_ns, struct buffer *answer) {
    struct bytes message;
    struct bytes response = {0};
    if (call_accept(call, request, default_timeout_ns, &message) == STATUS_OK) {
        call_handle(call, services, count, message, &response);
    }
    int error = call_answer_print(answer, call, response);
    buffer_free(&call->status.extra); /* the rest of the status stays for the caller to look at */
    return error;
}
