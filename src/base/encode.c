/* Strict readers of base64, hexadecimal, decimal and UTF-8. One spelling each; the writers are in bytes.c. */
#include "base/encode.h"

#include <string.h>

/* Value of a base64 digit, plus 1; 0 for what is none. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

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

/* The 24 bits of four digits, the first one's highest; false where one is none. Fewer are filled up with 'A', which is zero. */
static bool base64_quad(uint32_t *out, const uint8_t digits[4]) {
    const uint8_t a = base64_values[digits[0]], b = base64_values[digits[1]], c = base64_values[digits[2]],
                  d = base64_values[digits[3]];
    *out = ((uint32_t)(a - 1) << 18 | (uint32_t)(b - 1) << 12 | (uint32_t)(c - 1) << 6 | (uint32_t)(d - 1)) & 0xffffffu;
    return a != 0 && b != 0 && c != 0 && d != 0;
}

/* Decodes len bytes, told by base64_len; with out NULL it only judges. Bits that the padding leaves over must be zero. */
static bool base64_walk(uint8_t *out, size_t len, struct bytes in) {
    const size_t whole = len / 3, rest = len % 3;
    uint32_t bits;
    for (size_t i = 0; i < whole; i++) {
        if (!base64_quad(&bits, in.data + 4 * i)) {
            return false;
        }
        if (out) {
            out[3 * i] = (uint8_t)(bits >> 16);
            out[3 * i + 1] = (uint8_t)(bits >> 8);
            out[3 * i + 2] = (uint8_t)bits;
        }
    }
    if (rest == 0) {
        return true;
    }
    const uint8_t *last = in.data + 4 * whole;
    const uint8_t filled[4] = {last[0], last[1], rest == 2 ? last[2] : 'A', 'A'};
    if (!base64_quad(&bits, filled) || (bits & (rest == 2 ? 0xffu : 0xffffu)) != 0) {
        return false;
    }
    for (size_t i = 0; out && i < rest; i++) {
        out[3 * whole + i] = (uint8_t)(bits >> (16 - 8 * i));
    }
    return true;
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
