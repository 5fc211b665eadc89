/* Strict readers of base64, hexadecimal, decimal and UTF-8. One spelling each; the writers are in bytes.c. */
#include "base/encode.h"

#include <string.h>

/* Value of a base64 digit, or -1. */
static int base64_digit(uint8_t byte) {
    if (byte >= 'A' && byte <= 'Z') {
        return byte - 'A';
    }
    if (byte >= 'a' && byte <= 'z') {
        return byte - 'a' + 26;
    }
    if (byte >= '0' && byte <= '9') {
        return byte - '0' + 52;
    }
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* The length that well-formed base64 decodes to, told by its length and padding alone. */
static bool base64_len(size_t *out, struct bytes in) {
    if (in.len % 4 != 0) {
        return false;
    }
    size_t padding = 0;
    if (in.len > 0 && in.data[in.len - 1] == '=') {
        padding = in.data[in.len - 2] == '=' ? 2 : 1;
    }
    *out = in.len / 4 * 3 - padding;
    return true;
}

/* Decodes len bytes, told by base64_len; with out NULL it only judges. Bits that the padding leaves over must be zero. */
static bool base64_walk(uint8_t *out, size_t len, struct bytes in) {
    size_t digits = in.len - (in.len / 4 * 3 - len);
    uint32_t bits = 0;
    unsigned held = 0;
    size_t written = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(in.data[i]);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            if (out) {
                out[written] = (uint8_t)(bits >> held);
            }
            written++;
            bits &= (1u << held) - 1;
        }
    }
    return bits == 0 && written == len;
}

bool base64_decode(uint8_t *out, size_t out_capacity, size_t *out_len, struct bytes in) {
    size_t len;
    if (!base64_len(&len, in) || len > out_capacity || !base64_walk(NULL, len, in)) {
        return false;
    }
    *out_len = len;
    return base64_walk(out, len, in);
}

bool base64_decode_exact(uint8_t *out, size_t out_len, struct bytes in) {
    size_t len;
    return base64_len(&len, in) && len == out_len && base64_decode(out, out_len, &len, in);
}

static int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

bool hex_decode_exact(uint8_t *out, size_t out_len, struct bytes in) {
    if (in.len % 2 != 0 || in.len / 2 != out_len) {
        return false;
    }
    for (size_t i = 0; i < in.len; i++) {
        if (hex_digit(in.data[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < out_len; i++) {
        out[i] = (uint8_t)(hex_digit(in.data[2 * i]) << 4 | hex_digit(in.data[2 * i + 1]));
    }
    return true;
}

bool decimal_parse(uint64_t *out, struct bytes in) {
    if (in.len == 0 || in.len > 19 || (in.len > 1 && in.data[0] == '0')) {
        return false;
    }
    uint64_t number = 0; /* 19 digits stay below 2^64 */
    for (size_t i = 0; i < in.len; i++) {
        if (in.data[i] < '0' || in.data[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(in.data[i] - '0');
    }
    if (number > INT64_MAX) {
        return false;
    }
    *out = number;
    return true;
}

/* Length of the well-formed sequence at the front (RFC 3629 section 4), 0 where there is none. */
static size_t utf8_sequence(const uint8_t *at, size_t left) {
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t len;
    if (at[0] < 0x80) {
        return 1;
    } else if (at[0] >= 0xC2 && at[0] <= 0xDF) {
        len = 2;
    } else if (at[0] >= 0xE0 && at[0] <= 0xEF) {
        len = 3;
        low = at[0] == 0xE0 ? 0xA0 : 0x80;  /* overlong */
        high = at[0] == 0xED ? 0x9F : 0xBF; /* surrogates */
    } else if (at[0] >= 0xF0 && at[0] <= 0xF4) {
        len = 4;
        low = at[0] == 0xF0 ? 0x90 : 0x80;  /* overlong */
        high = at[0] == 0xF4 ? 0x8F : 0xBF; /* past U+10FFFF */
    } else {
        return 0;
    }
    if (left < len || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool utf8_valid(struct bytes in) {
    size_t i = 0;
    while (i < in.len) {
        uint64_t word;
        if (in.len - i >= sizeof(word)) { /* most text is runs of ASCII */
            memcpy(&word, in.data + i, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof(word);
                continue;
            }
        }
        size_t len = utf8_sequence(in.data + i, in.len - i);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

bool utf8_is_boundary(struct bytes in, size_t offset) {
    return offset == in.len || (offset < in.len && (in.data[offset] & 0xC0) != 0x80);
}

size_t utf8_next(uint32_t *code_point, struct bytes in) {
    static const uint8_t first_bits[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t len = in.len == 0 ? 0 : utf8_sequence(in.data, in.len);
    if (len == 0) {
        return 0;
    }
    uint32_t value = in.data[0] & first_bits[len];
    for (size_t i = 1; i < len; i++) {
        value = value << 6 | (in.data[i] & 0x3Fu);
    }
    *code_point = value;
    return len;
}
