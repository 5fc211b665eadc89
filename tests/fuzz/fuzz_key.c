/* Key files of the office: one spelling each; none opens that is sealed, and none whose secret is another key's. */
#include "base/file.h"
#include "office/key.h"
#include "scratch.h"

#include <sodium.h>

static void judge_secret(const struct verifier_key *key, const uint8_t *secret) {
    uint8_t public_key[PUBLIC_KEY_LEN];
    HOLDS(crypto_sign_ed25519_sk_to_pk(public_key, secret) == 0);
    HOLDS(memcmp(public_key, key->public_key, PUBLIC_KEY_LEN) == 0);
}

/* An open file is made of the key and the seed alone. */
static void judge_spelling(const struct verifier_key *key, const uint8_t *secret, struct bytes in) {
    uint8_t seed[32];
    struct buffer out;
    buffer_init(&out, 2048);
    HOLDS(crypto_sign_ed25519_sk_to_seed(seed, secret) == 0);
    buffer_append_text(&out, "depositary/office-key/v1\nkey ");
    verifier_key_print(&out, key);
    buffer_append_text(&out, "\nprotection none\nsecret ");
    buffer_append_base64(&out, bytes_of(seed, sizeof seed));
    buffer_append_byte(&out, '\n');
    HOLDS(bytes_equal(buffer_bytes(&out), in));
    buffer_free(&out);
}

static void judge_copy(const char *path, struct bytes in) {
    char to[128];
    struct buffer copy;
    buffer_init(&copy, 4096);
    snprintf(to, sizeof to, "%s/copy", scratch());
    HOLDS(key_copy(path, to, NULL) == 0);
    HOLDS(file_read(&copy, to, NULL) == 0 && bytes_equal(buffer_bytes(&copy), in));
    buffer_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[128];
    struct verifier_key key;
    uint8_t *secret = NULL;
    bool is_sealed = false;
    struct bytes in = bytes_of(data, size);
    struct fault fault = {0};
    if (size > 4096)
        return 0;
    snprintf(path, sizeof path, "%s/key", scratch());
    scratch_write(path, in);
    int error = key_is_sealed(&is_sealed, path, &fault);
    int read = key_read(&key, &secret, path, NULL, &fault);
    HOLDS(error == 0 || (read != 0 && fault.text[0] != '\0'));
    HOLDS(read == 0 || secret == NULL);
    if (error == 0)
        judge_copy(path, in);
    if (read == 0) {
        HOLDS(!is_sealed);
        judge_secret(&key, secret);
        judge_spelling(&key, secret, in);
        key_free(secret);
    }
    return 0;
}
