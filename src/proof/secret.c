/* Secrets in base64 (secret.h), by libsodium. */
#include "proof/secret.h"

#include <sodium.h>

#define VARIANT sodium_base64_VARIANT_ORIGINAL

/* The decoder lets some other spellings pass, so what it gave is spelled again. */
bool secret_decode(uint8_t *out, size_t out_len, struct bytes text) {
    char again[sodium_base64_ENCODED_LEN(SECRET_DECODED_MAX, VARIANT)];
    size_t len = 0;
    if (out_len > SECRET_DECODED_MAX || text.len != sodium_base64_encoded_len(out_len, VARIANT) - 1 ||
        sodium_base642bin(out, out_len, (const char *)text.data, text.len, NULL, &len, NULL, VARIANT) != 0 ||
        len != out_len) {
        return false;
    }
    sodium_bin2base64(again, sizeof(again), out, out_len, VARIANT);
    bool is_same = sodium_memcmp(again, text.data, text.len) == 0;
    sodium_memzero(again, sizeof(again));
    return is_same;
}
