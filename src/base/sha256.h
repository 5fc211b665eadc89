/*
 * SHA-256 (FIPS 180-4): the one place where it is done. Everything here is proved by hashes, and their cost is what an audit, a deposit, a start-up and an
 * answer that is not in the cache cost most, so it is nettle's, which uses the processor's own instructions where there are any: a quarter of the time of
 * libsodium's, whose SHA-256 is portable C. Keys, signatures and random numbers are libsodium's.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/bytes.h"

#include <nettle/sha2.h>

#define SHA256_LEN 32

/** A hash of bytes that come in pieces. */
struct sha256 {
    struct sha256_ctx state;
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, struct bytes in);
/** Ends it; *hash must begin again before it takes more. */
void sha256_end(struct sha256 *hash, uint8_t out[SHA256_LEN]);

/** Of bytes that are there as a whole. */
void sha256(uint8_t out[SHA256_LEN], struct bytes in);

#endif
