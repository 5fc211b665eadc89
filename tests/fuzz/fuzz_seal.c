/*
 * Seals: a batch of answers is made and sealed as the input says, 16 bytes and an origin, and one thing in one seal of it is changed, or nothing. Oracle: it holds
 * if and only if nothing was changed, for one who remembers every seal that held, too; and a head is printed if and only if it can be read again.
 */
#include "client/checked.h"
#include "fuzz.h"
#include "proof/seal.h"

#include <sodium.h>
#include <string.h>

#define HEAD_LEN  16
#define BATCH_MAX 1024u

enum change {
    CHANGE_NOTHING,
    CHANGE_KEY,
    CHANGE_HEAD,
    CHANGE_SIGNATURE,
    CHANGE_INDEX,
    CHANGE_PATH,
    CHANGE_PATH_LONGER,
    CHANGE_PATH_SHORTER,
    CHANGE_REQUEST,
    CHANGE_ANSWER,
    CHANGE_KEY_LEN,
    CHANGE_SIGNATURE_LEN,
    CHANGES_COUNT
};

struct batch {
    uint8_t public_key[32], secret_key[64], signature[64], head[LIMIT_SEAL_HEAD + 1];
    struct hash request, answer;
    struct seal seal;
    bool is_changed;
};

static struct checked *checked; /* over all inputs */

static void set_up(void) {
    static struct policy *policy;
    const uint8_t seed[32] = {9};
    uint8_t public_key[32], secret_key[64];
    struct verifier_key key;
    struct buffer text;
    HOLDS(sodium_init() >= 0 && crypto_sign_seed_keypair(public_key, secret_key, seed) == 0);
    HOLDS(verifier_key_make(&key, BYTES("seal.example/ledger"), NOTE_TYPE_ED25519, public_key) == 0);
    buffer_init(&text, 1024);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &key);
    buffer_append_text(&text, "\nquorum none\n");
    HOLDS(policy_parse(&policy, buffer_bytes(&text), NULL) == 0 && checked_new(&checked, policy) == 0);
    buffer_free(&text);
}

static uint64_t number_of(const uint8_t *data, size_t len) {
    uint64_t out = 0;
    for (size_t i = 0; i < len; i++)
        out = out << 8 | data[i];
    return out;
}

/* A batch of so many, and the seal of the one at index. */
static void make(struct batch *out, struct seal_head *head, uint64_t index) {
    const uint8_t seed[32] = {7};
    struct merkle_tree tree;
    struct hash leaf;
    HOLDS(crypto_sign_seed_keypair(out->public_key, out->secret_key, seed) == 0);
    HOLDS(merkle_tree_init(&tree, head->size) == 0);
    for (uint64_t i = 0; i < head->size; i++) {
        struct hash request, answer;
        seal_digest(&request, bytes_of(&i, sizeof i));
        seal_digest(&answer, BYTES("an answer"));
        seal_leaf(&leaf, &request, &answer);
        merkle_tree_append(&tree, &leaf);
        if (i == index) {
            out->request = request;
            out->answer = answer;
        }
    }
    merkle_tree_root(&head->root, &tree);
    merkle_tree_path(&out->seal.path, &tree, index);
    merkle_tree_free(&tree);
}

static void flip(uint8_t *bytes, size_t len, uint8_t which) {
    bytes[which % len] ^= (uint8_t)(1u << (which / len % 8));
}

static void change(struct batch *batch, enum change what, uint8_t which) {
    struct seal *seal = &batch->seal;
    batch->is_changed = what != CHANGE_NOTHING;
    switch (what) {
    case CHANGE_KEY:
        flip(batch->public_key, sizeof batch->public_key, which);
        break;
    case CHANGE_HEAD:
        flip(batch->head, seal->head.len, which);
        break;
    case CHANGE_SIGNATURE:
        flip(batch->signature, sizeof batch->signature, which);
        break;
    case CHANGE_INDEX:
        seal->index += 1u + which;
        break;
    case CHANGE_PATH:
        batch->is_changed = seal->path.count > 0;
        if (batch->is_changed)
            flip(seal->path.hashes[which % seal->path.count].bytes, HASH_LEN, which);
        break;
    case CHANGE_PATH_LONGER:
        memset(seal->path.hashes[seal->path.count++].bytes, which, HASH_LEN);
        break;
    case CHANGE_PATH_SHORTER:
        batch->is_changed = seal->path.count > 0;
        seal->path.count -= batch->is_changed ? 1 : 0;
        break;
    case CHANGE_REQUEST:
        flip(batch->request.bytes, HASH_LEN, which);
        break;
    case CHANGE_ANSWER:
        flip(batch->answer.bytes, HASH_LEN, which);
        break;
    case CHANGE_KEY_LEN:
        seal->public_key.len -= 1u + which % 32u;
        break;
    case CHANGE_SIGNATURE_LEN:
        seal->signature.len -= 1u + which % 64u;
        break;
    default:
        break;
    }
}

/* The place alone is checked where head and key were known before. */
static bool is_in_signature(enum change what) {
    return what == CHANGE_KEY || what == CHANGE_SIGNATURE || what == CHANGE_KEY_LEN || what == CHANGE_SIGNATURE_LEN;
}

static void try_seal(const struct seal_head *wanted, uint64_t index, enum change what, uint8_t which) {
    struct seal_head head = *wanted, read, again;
    struct buffer out;
    struct batch batch = {.is_changed = false};
    make(&batch, &head, index);
    buffer_init(&out, LIMIT_SEAL_HEAD);
    HOLDS(seal_head_print(&out, &head) == 0 && seal_head_parse(&read, buffer_bytes(&out)) == 0);
    memcpy(batch.head, out.data, out.len);
    batch.seal.head = bytes_of(batch.head, out.len);
    batch.seal.public_key = bytes_of(batch.public_key, sizeof batch.public_key);
    batch.seal.signature = bytes_of(batch.signature, sizeof batch.signature);
    batch.seal.index = index;
    HOLDS(seal_sign(batch.signature, batch.seal.head, batch.secret_key) == 0);
    change(&batch, what, which);
    int error = seal_check(&again, &batch.seal, &batch.request, &batch.answer);
    HOLDS((error == 0) == !batch.is_changed);
    HOLDS(error == 0 || error == DEPOSITARY_E_SEAL_SIGNATURE || error == DEPOSITARY_E_SEAL_HEAD ||
          error == DEPOSITARY_E_SEAL_PROOF);
    HOLDS(checked_seal(checked, &again, &batch.seal, &batch.request, &batch.answer) == error);
    if (what != CHANGE_HEAD)
        HOLDS((seal_check_place(&read, &batch.seal, &batch.request, &batch.answer) == 0) ==
              (!batch.is_changed || is_in_signature(what)));
    buffer_free(&out);
}

/* Heads that were signed, whatever is in them. */
static void try_any_head(struct bytes head) {
    const uint8_t seed[32] = {7};
    uint8_t public_key[32], secret_key[64], signature[64];
    struct seal_head read;
    struct hash digest = {{0}};
    HOLDS(crypto_sign_seed_keypair(public_key, secret_key, seed) == 0);
    int error = seal_sign(signature, head, secret_key);
    HOLDS((error == 0) == (head.len <= LIMIT_SEAL_HEAD));
    const struct seal seal = {.public_key = bytes_of(public_key, sizeof public_key),
                              .head = head,
                              .signature = bytes_of(signature, sizeof signature)};
    error = seal_check(&read, &seal, &digest, &digest);
    HOLDS(error == DEPOSITARY_E_SEAL_SIGNATURE || error == DEPOSITARY_E_SEAL_HEAD || error == DEPOSITARY_E_SEAL_PROOF);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct seal_head head = {.size = 0}, again;
    struct buffer out;
    if (size < HEAD_LEN)
        return 0;
    if (checked == NULL)
        set_up();
    struct bytes rest = bytes_of(data + HEAD_LEN, size - HEAD_LEN);
    try_any_head(rest);
    head.size = number_of(data, 2) % (BATCH_MAX + 3);
    head.sealed_at = (int64_t)number_of(data + 2, 5) - 1000;
    head.ledger_size = number_of(data + 7, 1) << (data[8] % 64);
    memcpy(head.origin, rest.data, rest.len < sizeof head.origin ? rest.len : sizeof head.origin);
    buffer_init(&out, LIMIT_SEAL_HEAD);
    int error = seal_head_print(&out, &head);
    HOLDS(error == 0 || (error == DEPOSITARY_E_SEAL_HEAD && out.len == 0));
    if (error == 0) {
        HOLDS(seal_head_parse(&again, buffer_bytes(&out)) == 0 && strcmp(again.origin, head.origin) == 0);
        try_seal(&head, number_of(data + 9, 2) % head.size, (enum change)(data[11] % CHANGES_COUNT), data[12]);
    }
    buffer_free(&out);
    return 0;
}
