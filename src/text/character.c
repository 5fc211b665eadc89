/* Code points: the small sets and maps that folds, importer and quotes share. PROTOCOL.md section 6; Unicode 15. */
#include "text/character.h"

#include <utf8proc.h>

#include "base/encode.h"

bool is_white_space(uint32_t c) {
    if (c <= 0x20)
        return c == 0x20 || (c >= 0x09 && c <= 0x0D);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_word(uint32_t c) {
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (c == CODE_POINT_NOWHERE)
        return false;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

bool is_unspaced(uint32_t c) {
    static const struct {
        uint32_t first, last;
    } scripts[] = {
        {0x0E00, 0x0EFF},                                       /* Thai, Lao */
        {0x1000, 0x109F},                                       /* Myanmar */
        {0x1780, 0x17FF},                                       /* Khmer */
        {0x2E80, 0x2FDF},                                       /* radicals */
        {0x3005, 0x3007},                                       /* ideographic iteration mark, zero */
        {0x3040, 0x30FF},                                       /* Hiragana, Katakana */
        {0x3400, 0x4DBF},                                       /* Han */
        {0x4E00, 0x9FFF},   {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, /* half-width Katakana */
        {0x20000, 0x3FFFD},
    };
    if (c < 0x0E00)
        return false;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (c >= scripts[i].first && c <= scripts[i].last)
            return true;
    return false;
}

bool is_terminal(uint32_t c) {
    static const uint16_t marks[] = {'.',    ',',    ';',    ':',    '!',    '?',    0x037E, 0x0387,
                                     0x0589, 0x05C3, 0x060C, 0x061B, 0x061F, 0x06D4, 0x0964, 0x0965,
                                     0x104A, 0x104B, 0x1362, 0x17D4, 0x17D5, 0x2026, 0x3001, 0x3002,
                                     0xFF01, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F, 0xFF61, 0xFF64};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (c == marks[i])
            return true;
    return false;
}

uint32_t quote_fold(uint32_t c) {
    if (c == 0x60 || c == 0xB4 || (c >= 0x2018 && c <= 0x201B) || c == 0x2032)
        return '\'';
    if (c == 0xAB || c == 0xBB || (c >= 0x201C && c <= 0x201F) || c == 0x2033)
        return '"';
    return c;
}

uint32_t hyphen_fold(uint32_t c) {
    return (c >= 0x2010 && c <= 0x2015) || c == 0x2212 ? '-' : c;
}

size_t utf8_put(uint8_t out[UTF8_LEN_MAX], uint32_t c) {
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

size_t utf8_before(struct bytes in, size_t offset) {
    do
        offset--;
    while (offset > 0 && (in.data[offset] & 0xC0) == 0x80);
    return offset;
}

uint32_t utf8_at(struct bytes in, size_t offset) {
    uint32_t c;
    if (offset < in.len && utf8_next(&c, bytes_slice(in, offset, UTF8_LEN_MAX)) > 0)
        return c;
    return CODE_POINT_NOWHERE;
}

struct bytes trim(struct bytes in) {
    uint32_t c;
    size_t len;
    while ((len = utf8_next(&c, in)) > 0 && is_white_space(c))
        in = bytes_slice(in, len, in.len - len);
    while (in.len > 0) {
        size_t start = utf8_before(in, in.len);
        if (!is_white_space(utf8_at(in, start)))
            break;
        in.len = start;
    }
    return in;
}

struct bytes bytes_from(struct bytes in, size_t offset) {
    return bytes_slice(in, offset, in.len - (offset < in.len ? offset : in.len));
}

size_t skip_white_space(struct bytes in, size_t at) {
    uint32_t c;
    for (size_t len; (len = utf8_next(&c, bytes_from(in, at))) > 0 && is_white_space(c); at += len) {
    }
    return at;
}
