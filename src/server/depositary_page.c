/*
 * Page tokens: "<ledger size>.<entries searched>.<position>.<digest of the question>". Nothing in them is secret or
 * trusted: a made-up one gives a page of the list that anyone may ask for. PROTOCOL.md section 9, AIP-158.
 */
#include <string.h>

#include "base/encode.h"
#include "server/depositary_parts.h"

#define TOKEN_MAX 96u

int page_question_of(struct call *call, const ProtobufCMessage *blanked, struct page_question *out) {
    struct hash digest;
    size_t size = protobuf_c_message_get_packed_size(blanked);
    uint8_t *packed = answer_alloc(call, size ? size : 1);
    if (!packed)
        return DEPOSITARY_E_LIMIT;
    merkle_leaf_hash_2(&digest, bytes_text(call->method->full_name),
                       bytes_of(packed, protobuf_c_message_pack(blanked, packed)));
    memcpy(out->digest, digest.bytes, sizeof out->digest);
    return 0;
}

static bool take_number(struct bytes *in, uint64_t *out) {
    size_t len = 0;
    while (len < in->len && in->data[len] != '.')
        len++;
    if (len == in->len || !decimal_parse(out, bytes_slice(*in, 0, len)))
        return false;
    *in = bytes_slice(*in, len + 1, in->len - len - 1);
    return true;
}

int page_expired(struct call *call) {
    status_set(&call->status, STATUS_FAILED_PRECONDITION, "PAGE_EXPIRED",
               "the ledger has grown since the page before: start again with the first page");
    return DEPOSITARY_E_STATE;
}

int page_token_read(struct call *call, const char *token, const struct page_question *question, struct page *page) {
    struct bytes in = bytes_text(token);
    struct page read = *page;
    uint64_t ledger_size = 0;
    uint8_t digest[sizeof question->digest];
    if (in.len == 0)
        return 0;
    if (in.len > TOKEN_MAX || !take_number(&in, &ledger_size) || !take_number(&in, &read.searched) ||
        !take_number(&in, &read.position) || !hex_decode_exact(digest, sizeof digest, in)) {
        status_bad_field(&call->status, "page_token", "not a page token of this service");
        return DEPOSITARY_E_ARGUMENT;
    }
    if (memcmp(digest, question->digest, sizeof digest) != 0) {
        status_bad_field(&call->status, "page_token", "the token is of another request than this");
        return DEPOSITARY_E_ARGUMENT;
    }
    if (ledger_size != call_state(call)->size)
        return page_expired(call);
    *page = read;
    return 0;
}

int page_token_print(struct call *call, const struct page_question *question, const struct page *page, char **out) {
    struct buffer token;
    buffer_init(&token, TOKEN_MAX);
    buffer_append_decimal(&token, call_state(call)->size);
    buffer_append_byte(&token, '.');
    buffer_append_decimal(&token, page->searched);
    buffer_append_byte(&token, '.');
    buffer_append_decimal(&token, page->position);
    buffer_append_byte(&token, '.');
    buffer_append_hex(&token, bytes_of(question->digest, sizeof question->digest));
    int error = token.error ? answer_error(call, token.error) : 0;
    if (!error) {
        *out = answer_text(call, buffer_bytes(&token));
        error = *out ? 0 : DEPOSITARY_E_LIMIT;
    }
    buffer_free(&token);
    return error;
}
