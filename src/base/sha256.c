/* SHA-256 over nettle. */
#include "base/sha256.h"

_Static_assert(SHA256_LEN == SHA256_DIGEST_SIZE, "SHA-256 has 32 bytes");

void sha256_begin(struct sha256 *hash) {
    sha256_init(&hash->state);
}

void sha256_add(struct sha256 *hash, struct bytes in) {
    if (in.len > 0)
        sha256_update(&hash->state, in.len, in.data);
}

void sha256_end(struct sha256 *hash, uint8_t out[SHA256_LEN]) {
    sha256_digest(&hash->state, SHA256_LEN, out);
}

void sha256(uint8_t out[SHA256_LEN], struct bytes in) {
    struct sha256 hash;

    sha256_begin(&hash);
    sha256_add(&hash, in);
    sha256_end(&hash, out);
}
