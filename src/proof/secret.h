/* Secrets in base64: decoded in the same time for every value, which base/encode.h does not promise. Pure. */
#ifndef PROOF_SECRET_H
#define PROOF_SECRET_H

#include "base/bytes.h"
#include "base/error.h"

#define SECRET_DECODED_MAX 64u /* bytes */

/** Decodes exactly out_len bytes, at most SECRET_DECODED_MAX, of standard base64 in its one spelling; false for anything else, and *out may be written then, too. */
MUST_USE bool secret_decode(uint8_t *out, size_t out_len, struct bytes text);

#endif
