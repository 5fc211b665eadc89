/*
 * Both halves of a call against each other: what the client's half prints, the server's half accepts as it was meant, whatever the handler does then is an answer that
 * can be read, and so are statuses and seals. The first bytes choose the method, what the handler does, and lengths; the rest is cut into nonce, metadata, message and
 * status, see struct plan.
 */
#include "rpc/call.h"

#include "base/encode.h"
#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "fuzz.h"
#include "rpc/dispatch.h"
#include "rpc/guard.h"
#include "rpc/wire.h"

#include <string.h>

#define HEAD_LEN  8
#define PAIRS_MAX 8

enum deed {
    DEED_ANSWER,
    DEED_NOTHING,
    DEED_TWICE,
    DEED_NO_MESSAGE,
    DEED_TOO_LARGE,
    DEED_STATUS,
    DEED_BOTH,
    DEEDS_COUNT
};

struct plan {
    const struct method *method;
    enum deed deed;
    bool is_served;
    bool is_raw;  /* metadata is sent as it is, past the client's half */
    bool is_late; /* there is no time */
    bool is_gone;
    uint64_t timeout_ms;
    struct bytes nonce;
    struct bytes pairs; /* key NUL value NUL, and on */
    struct bytes message;
    size_t padding;     /* zero bytes after it */
    struct bytes words; /* of the status: message NUL reason NUL field */
    unsigned code;
    int64_t retry_ms;
};

static struct bytes take(struct bytes *in, size_t len) {
    struct bytes out = bytes_slice(*in, 0, len);
    *in = bytes_slice(*in, len, in->len);
    return out;
}

static struct bytes take_part(struct bytes *in) {
    const uint8_t *end = in->len > 0 ? memchr(in->data, 0, in->len) : NULL;
    struct bytes part = take(in, end != NULL ? (size_t)(end - in->data) : in->len);
    (void)take(in, 1);
    return part;
}

static void read_plan(struct plan *plan, const uint8_t *data, size_t size) {
    size_t count;
    const struct method *methods = method_table(&count);
    struct bytes rest = bytes_of(data + HEAD_LEN, size - HEAD_LEN);
    *plan = (struct plan){.method = &methods[data[0] % count],
                          .deed = (enum deed)(data[1] % DEEDS_COUNT),
                          .is_raw = (data[1] & 0x20) != 0,
                          .is_served = (data[1] & 0x40) == 0,
                          .is_late = data[2] == 1,
                          .is_gone = (data[1] & 0x80) != 0,
                          .timeout_ms = data[2] < 8 ? 0 : (uint64_t)data[2] << (data[2] % 56),
                          .code = 1 + data[3] % 16,
                          .retry_ms = data[3] < 128 ? 0 : data[3]};
    plan->nonce = take(&rest, data[4] % 80);
    plan->pairs = take(&rest, data[5]);
    plan->words = take(&rest, data[6]);
    plan->message = rest;
    plan->padding = (size_t)data[7] * 24 * 1024;
}

/* A C string of the arena. */
static const char *text_of(struct arena *arena, struct bytes in) {
    const char *out = arena_text(arena, in.data, in.len);
    HOLDS(out != NULL);
    return out;
}

/* ---- the server's half */

struct context {
    const struct plan *plan;
    struct arena *arena;
};

static void set_status(struct call *call, const struct context *context) {
    struct bytes rest = context->plan->words;
    const char *words = text_of(context->arena, take_part(&rest));
    const char *reason = text_of(context->arena, take_part(&rest));
    const char *field = text_of(context->arena, take_part(&rest));
    if (*field != '\0')
        status_bad_field(&call->status, field, "%s", words);
    else
        status_set(&call->status, (enum status_code)context->plan->code, *reason != '\0' ? reason : NULL, "%s", words);
    call->status.retry_delay_ms = context->plan->retry_ms;
    Depositary__V1__MissingClauses missing = DEPOSITARY__V1__MISSING_CLAUSES__INIT;
    missing.count = 3;
    if (context->plan->code % 2 == 0)
        HOLDS(status_add_detail(&call->status, &missing.base) == 0);
}

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *input, ProtobufCClosure closure,
                   void *closure_data) {
    struct call *call = call_of(service);
    const struct context *context = call->context;
    const ProtobufCMessageDescriptor *type = call->method->output;
    HOLDS(call->method == context->plan->method && call->method->index == index);
    HOLDS(input->descriptor == call->method->input);
    ProtobufCMessage *output = arena_zalloc(context->arena, type->sizeof_message);
    HOLDS(output != NULL);
    type->message_init(output);
    Depositary__V1__ListEntriesResponse large = DEPOSITARY__V1__LIST_ENTRIES_RESPONSE__INIT;
    ProtobufCBinaryData records[80];
    switch (context->plan->deed) {
    case DEED_NOTHING:
        return;
    case DEED_TWICE:
        closure(output, closure_data);
        break;
    case DEED_NO_MESSAGE:
        output = NULL;
        break;
    case DEED_TOO_LARGE:
        for (size_t i = 0; i < 80; i++)
            records[i] = (ProtobufCBinaryData){LIMIT_ENTRY, arena_zalloc(context->arena, LIMIT_ENTRY)};
        large.n_records = 80;
        large.records = records;
        closure(&large.base, closure_data);
        return;
    case DEED_STATUS:
        output = NULL;
        set_status(call, context);
        break;
    case DEED_BOTH:
        set_status(call, context);
        break;
    default:
        break;
    }
    closure(output, closure_data);
}

static void serve(struct buffer *answer, const struct plan *plan, struct bytes request, bool is_accepted,
                  struct arena *arena) {
    const ProtobufCService service = {.descriptor = plan->method->service, .invoke = invoke};
    const struct service_entry entry = {plan->method->service, &service, sizeof service};
    struct context context = {plan, arena};
    struct arena calls;
    arena_init(&calls, CALL_ARENA_MAX);
    struct call call = {.arena = &calls, .context = &context, .peer = "fuzz", .is_gone = &plan->is_gone};
    HOLDS(dispatch(&call, &entry, plan->is_served ? 1 : 0, request, plan->is_late ? 0 : 3600000000000ull, answer) == 0);
    /* Only the size of all pairs together is the server's alone to judge. */
    if (is_accepted)
        HOLDS(call.method == plan->method || strcmp(call.status.reason, "METADATA_SIZE") == 0);
    arena_free(&calls);
}

/* ---- the client's half */

static void print_raw(struct buffer *out, struct bytes key, struct bytes value, bool is_binary) {
    struct buffer pair;
    buffer_init(&pair, LIMIT_REQUEST);
    wire_append_bytes(&pair, 1, key);
    wire_append_bytes(&pair, is_binary ? 3 : 2, value);
    wire_append_bytes(out, 5, buffer_bytes(&pair));
    buffer_free(&pair);
}

static void print_pairs(struct buffer *out, const struct plan *plan) {
    struct bytes pairs = plan->pairs;
    for (size_t i = 0; i < PAIRS_MAX && pairs.len > 0; i++) {
        struct bytes key = take_part(&pairs), value = take_part(&pairs);
        struct fault fault = {0};
        size_t before = out->len;
        if (plan->is_raw)
            print_raw(out, key, value, plan->code % 2 == 1);
        else if (call_metadata_print(out, key, value, &fault) != 0)
            HOLDS(fault.text[0] != '\0' && out->len == before);
    }
}

static void judge_request(const struct plan *plan, struct bytes request, struct arena *arena) {
    struct call_request read;
    if (call_read(&read, request, arena, NULL) != 0)
        return; /* the message is no such message */
    HOLDS(read.method == plan->method && bytes_equal(read.nonce, plan->nonce));
    HOLDS(method_find(bytes_text(read.method->full_name)) == method_of(read.method->service, read.method->index));
    struct buffer again;
    buffer_init(&again, LIMIT_REQUEST_APPEND + LIMIT_REQUEST);
    if (call_print(&again, read.method, read.message, read.nonce, plan->timeout_ms,
                   plan->code % 2 == 0 ? "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" : NULL) == 0) {
        struct call_request second;
        HOLDS(call_read(&second, buffer_bytes(&again), arena, NULL) == 0 && bytes_equal(second.nonce, read.nonce));
    }
    buffer_free(&again);
}

static void judge_answer(const struct plan *plan, struct bytes answer, struct arena *arena) {
    struct call_answer read;
    HOLDS(answer_read(&read, plan->method, answer, arena, NULL) == 0);
    HOLDS(read.status.code >= 0 && read.status.code <= 16 && status_name(read.status.code)[0] != '\0');
    HOLDS(utf8_valid(bytes_text(read.status.message)));
    if (read.status.code == (int)plan->code && plan->deed == DEED_STATUS && read.status.retry_delay_ms != 0)
        HOLDS(read.status.retry_delay_ms == plan->retry_ms);
}

/* A seal of the input's bytes goes out and comes back. */
static void judge_seal(const struct plan *plan, struct bytes answer, struct arena *arena) {
    uint8_t key[PUBLIC_KEY_LEN] = {1}, signature[64] = {2};
    struct seal seal = {.public_key = bytes_of(key, sizeof key),
                        .head = plan->words,
                        .signature = bytes_of(signature, sizeof signature),
                        .index = plan->timeout_ms,
                        .path = {.count = plan->nonce.len % LIMIT_PATH}};
    struct buffer out;
    struct seal read;
    struct bytes read_answer;
    for (size_t i = 0; i < seal.path.count; i++)
        memset(seal.path.hashes[i].bytes, (int)i, HASH_LEN);
    buffer_init(&out, LIMIT_SOCKET);
    HOLDS(response_print(&out, answer, &seal) == 0);
    HOLDS(out.len == response_len(answer.len, &seal));
    uint8_t *written = malloc(out.len);
    HOLDS(written != NULL);
    response_write(written, answer, &seal);
    HOLDS(memcmp(written, out.data, out.len) == 0);
    free(written);
    if (response_read(&read_answer, &read, buffer_bytes(&out), arena, NULL) == 0) {
        HOLDS(bytes_equal(read_answer, answer) && bytes_equal(read.head, seal.head) && read.index == seal.index);
        HOLDS(bytes_equal(read.signature, seal.signature) && read.path.count == seal.path.count);
        HOLDS(memcmp(read.path.hashes, seal.path.hashes, seal.path.count * HASH_LEN) == 0);
    } else {
        HOLDS(seal.head.len == 0 || answer.len == 0);
    }
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer metadata, request, answer;
    struct arena arena;
    struct plan plan;
    if (size < HEAD_LEN || size > 8 * LIMIT_REQUEST)
        return 0;
    read_plan(&plan, data, size);
    arena_init(&arena, 128u * 1024 * 1024);
    buffer_init(&metadata, LIMIT_REQUEST);
    buffer_init(&request, 2 * LIMIT_REQUEST_APPEND);
    buffer_init(&answer, 2 * LIMIT_RESPONSE);
    print_pairs(&metadata, &plan);
    if (plan.padding > 0) {
        uint8_t *padded = arena_zalloc(&arena, plan.message.len + plan.padding);
        HOLDS(padded != NULL);
        if (plan.message.len > 0)
            memcpy(padded, plan.message.data, plan.message.len);
        plan.message = bytes_of(padded, plan.message.len + plan.padding);
    }
    const struct call_head head = {plan.nonce, plan.timeout_ms, buffer_bytes(&metadata)};
    int error = call_print_encoded(&request, plan.method, plan.message, &head);
    HOLDS((error == DEPOSITARY_E_ARGUMENT) == (plan.nonce.len < LIMIT_NONCE_MIN || plan.nonce.len > LIMIT_NONCE_MAX) ||
          error == DEPOSITARY_E_LIMIT);
    if (error == 0)
        judge_request(&plan, buffer_bytes(&request), &arena);
    serve(&answer, &plan, buffer_bytes(&request), error == 0 && !plan.is_raw && !plan.is_late, &arena);
    judge_answer(&plan, buffer_bytes(&answer), &arena);
    judge_seal(&plan, buffer_bytes(&answer), &arena);
    buffer_free(&metadata);
    buffer_free(&request);
    buffer_free(&answer);
    arena_free(&arena);
    return 0;
}
