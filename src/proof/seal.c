/*
 * The seal: one signature over the root of a batch of answers. The head's one writer and one reader, signing and checking. PROTOCOL.md
 * section 5; DSSE v1 pre-authentication encoding. Pure.
 */
#include "proof/seal.h"

#include "base/arena.h"
#include "base/sha256.h"
#include "base/time.h"
#include "depositary/v1/seal.pb-c.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SIZE_END        (UINT64_C(1) << 63)
#define HEAD_MEMORY_MAX (64u * 1024) /* bytes that reading a head may allocate */
#define PAE_START_MAX   96           /* bytes before the head */

void seal_digest(struct hash *out, struct bytes in) {
    sha256(out->bytes, in);
}

void seal_leaf(struct hash *out, const struct hash *request_sha256, const struct hash *answer_sha256) {
    uint8_t digests[2 * HASH_LEN];

    memcpy(digests, request_sha256->bytes, HASH_LEN);
    memcpy(digests + HASH_LEN, answer_sha256->bytes, HASH_LEN);
    merkle_leaf_hash_2(out, BYTES("depositary/answer/v1\n"), bytes_of(digests, sizeof(digests)));
}

/* ---- the head */

static bool head_valid(const struct seal_head *head) {
    char time[TIME_TEXT_LEN + 1];

    return memchr(head->origin, '\0', sizeof(head->origin)) && origin_valid(bytes_text(head->origin)) &&
           head->size >= 1 && head->size <= LIMIT_BATCH && time_print(time, head->sealed_at) &&
           head->ledger_size < SIZE_END;
}

int seal_head_print(struct buffer *out, const struct seal_head *head) {
    struct seal_head copy = *head; /* the message's fields point at what may be written */
    Google__Protobuf__Timestamp sealed_at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Depositary__V1__SealHead message = DEPOSITARY__V1__SEAL_HEAD__INIT;

    if (!head_valid(&copy))
        return DEPOSITARY_E_SEAL_HEAD;
    sealed_at.seconds = copy.sealed_at;
    message.origin = copy.origin;
    message.size = copy.size;
    message.root = (ProtobufCBinaryData){HASH_LEN, copy.root.bytes};
    message.sealed_at = &sealed_at;
    message.ledger_size = copy.ledger_size;
    message.ledger_root = (ProtobufCBinaryData){HASH_LEN, copy.ledger_root.bytes};
    uint8_t *bytes = buffer_extend(out, depositary__v1__seal_head__get_packed_size(&message));
    if (!bytes)
        return out->error;
    depositary__v1__seal_head__pack(&message, bytes);
    return 0;
}

static void *head_alloc(void *arena, size_t size) {
    return arena_alloc(arena, size);
}

static void head_free(void *arena, void *memory) {
    (void)arena, (void)memory; /* all at once, with the arena */
}

/*
 * Whether the message packs to the bytes that it was read from. There is one spelling of a head: fields in their order, once, no zero
 * byte in the origin (which C strings would hide), and only then fields of later versions, which travel along unread.
 */
static bool is_canonical(const Depositary__V1__SealHead *message, struct bytes head) {
    uint8_t packed[LIMIT_SEAL_HEAD];

    return depositary__v1__seal_head__get_packed_size(message) == head.len &&
           depositary__v1__seal_head__pack(message, packed) == head.len &&
           bytes_equal(bytes_of(packed, head.len), head);
}

static bool head_read(struct seal_head *out, const Depositary__V1__SealHead *message) {
    const size_t origin_len = strlen(message->origin);

    if (origin_len > LIMIT_ORIGIN || message->root.len != HASH_LEN || message->ledger_root.len != HASH_LEN ||
        !message->sealed_at || message->sealed_at->nanos != 0)
        return false;
    memcpy(out->origin, message->origin, origin_len + 1);
    out->size = message->size;
    memcpy(out->root.bytes, message->root.data, HASH_LEN);
    out->sealed_at = message->sealed_at->seconds;
    out->ledger_size = message->ledger_size;
    memcpy(out->ledger_root.bytes, message->ledger_root.data, HASH_LEN);
    return head_valid(out);
}

int seal_head_parse(struct seal_head *out, struct bytes head) {
    struct arena arena;
    struct seal_head read;
    int error = DEPOSITARY_E_SEAL_HEAD;

    if (head.len > LIMIT_SEAL_HEAD)
        return error;
    arena_init(&arena, HEAD_MEMORY_MAX);
    ProtobufCAllocator allocator = {head_alloc, head_free, &arena};
    const Depositary__V1__SealHead *message = depositary__v1__seal_head__unpack(&allocator, head.len, head.data);
    if (message && is_canonical(message, head) && head_read(&read, message)) {
        *out = read;
        error = 0;
    } else if (arena.is_short) {
        error = DEPOSITARY_E_MEMORY;
    }
    arena_free(&arena);
    return error;
}

/* ---- signing and checking */

/* DSSE v1: "DSSEv1" SP len(type) SP type SP len(head) SP head. Returns its length; head.len is at most LIMIT_SEAL_HEAD. */
static size_t pre_authentication_encoding(uint8_t out[PAE_START_MAX + LIMIT_SEAL_HEAD], struct bytes head) {
    char start[PAE_START_MAX];
    const int len =
        snprintf(start, sizeof(start), "DSSEv1 %zu %s %zu ", strlen(SEAL_HEAD_TYPE), SEAL_HEAD_TYPE, head.len);

    memcpy(out, start, (size_t)len);
    bytes_write(out + len, head);
    return (size_t)len + head.len;
}

int seal_sign(uint8_t signature[64], struct bytes head, const uint8_t secret_key[64]) {
    uint8_t message[PAE_START_MAX + LIMIT_SEAL_HEAD];

    if (head.len > LIMIT_SEAL_HEAD)
        return DEPOSITARY_E_LIMIT;
    const size_t len = pre_authentication_encoding(message, head);
    return crypto_sign_detached(signature, NULL, message, len, secret_key) == 0 ? 0 : DEPOSITARY_E_STATE;
}

static bool signature_holds(const struct seal *seal) {
    uint8_t message[PAE_START_MAX + LIMIT_SEAL_HEAD];

    if (seal->public_key.len != crypto_sign_PUBLICKEYBYTES || seal->signature.len != crypto_sign_BYTES)
        return false;
    const size_t len = pre_authentication_encoding(message, seal->head);
    return crypto_sign_verify_detached(seal->signature.data, message, len, seal->public_key.data) == 0;
}

int seal_check(struct seal_head *out, const struct seal *seal, const struct hash *request_sha256,
               const struct hash *answer_sha256) {
    struct seal_head head;

    if (seal->head.len > LIMIT_SEAL_HEAD)
        return DEPOSITARY_E_SEAL_HEAD;
    if (!signature_holds(seal))
        return DEPOSITARY_E_SEAL_SIGNATURE;
    int error = seal_head_parse(&head, seal->head);
    if (error)
        return error;
    error = seal_check_place(&head, seal, request_sha256, answer_sha256);
    if (!error)
        *out = head;
    return error;
}

int seal_check_place(const struct seal_head *head, const struct seal *seal, const struct hash *request_sha256,
                     const struct hash *answer_sha256) {
    struct hash leaf;

    seal_leaf(&leaf, request_sha256, answer_sha256);
    return merkle_inclusion_check(&leaf, seal->index, head->size, &seal->path, &head->root) == 0
               ? 0
               : DEPOSITARY_E_SEAL_PROOF;
}
