/* Notes, checkpoints, verifier keys: what parses prints as the same bytes, and no note that was not signed verifies. */
#include "fuzz.h"
#include "proof/policy.h"

#include <sodium.h>

/* A policy whose key nobody has: made from a seed that no input holds. */
static struct policy *make_policy(void) {
    uint8_t seed[32] = {42}, public_key[32], secret_key[64];
    struct verifier_key key;
    struct buffer text;
    struct policy *policy = NULL;
    buffer_init(&text, 1024);
    HOLDS(crypto_sign_seed_keypair(public_key, secret_key, seed) == 0);
    HOLDS(verifier_key_make(&key, BYTES("fuzz.example/ledger"), NOTE_TYPE_ED25519, public_key) == 0);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &key);
    buffer_append_text(&text, "\nquorum none\n");
    HOLDS(policy_parse(&policy, buffer_bytes(&text), NULL) == 0);
    buffer_free(&text);
    return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct policy *policy;
    struct bytes in = bytes_of(data, size);
    struct note note;
    struct checkpoint checkpoint;
    struct verifier_key key;
    struct buffer out;
    if (policy == NULL)
        policy = make_policy();
    buffer_init(&out, LIMIT_NOTE);
    if (note_parse(&note, in, NULL) == 0)
        HOLDS(note.text.len < size && note.signatures_count > 0);
    if (checkpoint_parse(&checkpoint, in, NULL) == 0) {
        checkpoint_print(&out, &checkpoint);
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    if (verifier_key_parse(&key, in, NULL) == 0) {
        buffer_clear(&out);
        verifier_key_print(&out, &key);
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    HOLDS(policy_verify_checkpoint(&checkpoint, policy, in, NULL) != 0);
    buffer_free(&out);
    return 0;
}
