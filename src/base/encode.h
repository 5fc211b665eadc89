/* Reading of base64, hexadecimal and decimal: one canonical spelling each, anything else is refused. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/bytes.h"

/** Decodes exactly out_len bytes of RFC 4648 section 4 base64 with padding; other lengths, spellings or bytes: false. */
bool base64_decode_exact(uint8_t *out, size_t out_len, struct bytes in);
/** Decodes any length up to out_capacity. */
bool base64_decode(uint8_t *out, size_t out_capacity, size_t *out_len, struct bytes in);
/** Decodes exactly out_len bytes of lower-case hexadecimal. */
bool hex_decode_exact(uint8_t *out, size_t out_len, struct bytes in);
/** A decimal number without sign or leading zero, below 2^63. */
bool decimal_parse(uint64_t *out, struct bytes in);

/** Whether the bytes are UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing past U+10FFFF. */
bool utf8_valid(struct bytes in);
/** Whether offset is the start of a code point or the end; in must be valid. */
bool utf8_is_boundary(struct bytes in, size_t offset);
/** Decodes one code point of valid UTF-8 and returns its length in bytes (1 to 4); 0 at the end. */
size_t utf8_next(uint32_t *code_point, struct bytes in);

#endif
