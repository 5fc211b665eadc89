/*
 * What may stand in a record's lines: names and values. PROTOCOL.md sections 2 and 3; RFC 5646 for languages. Pure.
 */
#include "base/encode.h"
#include "base/limits.h"
#include "proof/record.h"

static bool is_lower(uint8_t byte) {
    return byte >= 'a' && byte <= 'z';
}

static bool is_upper(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z';
}

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(uint8_t byte) {
    return is_lower(byte) || is_upper(byte) || is_digit(byte);
}

bool instrument_valid(struct bytes id) {
    if (id.len == 0 || id.len > LIMIT_INSTRUMENT || id.data[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        if (!is_lower(id.data[i]) && !is_digit(id.data[i]) && id.data[i] != '-') {
            return false;
        }
    }
    return true;
}

bool eid_valid(struct bytes eid) {
    if (eid.len == 0 || eid.len > LIMIT_EID || !is_alphanumeric(eid.data[0])) {
        return false;
    }
    for (size_t i = 1; i < eid.len; i++) {
        uint8_t byte = eid.data[i];
        if (!is_alphanumeric(byte) && byte != '_' && byte != '.' && byte != '-') {
            return false;
        }
    }
    return true;
}

bool origin_valid(struct bytes origin) {
    if (origin.len == 0 || origin.len > LIMIT_ORIGIN || !is_alphanumeric(origin.data[0])) {
        return false;
    }
    for (size_t i = 1; i < origin.len; i++) {
        uint8_t byte = origin.data[i];
        if (!is_alphanumeric(byte) && byte != '.' && byte != '/' && byte != '_' && byte != '-') {
            return false;
        }
    }
    return true;
}

bool eid_is_inside(struct bytes eid, struct bytes other) {
    return bytes_take(&eid, other) && bytes_take(&eid, BYTES("__")) && eid.len > 0;
}

/* ---- languages: RFC 5646 section 2.1 for the form, section 2.1.1 for the case of each subtag */

static bool all_lower(struct bytes subtag) {
    for (size_t i = 0; i < subtag.len; i++) {
        if (!is_lower(subtag.data[i])) {
            return false;
        }
    }
    return true;
}

static bool all_upper(struct bytes subtag) {
    for (size_t i = 0; i < subtag.len; i++) {
        if (!is_upper(subtag.data[i])) {
            return false;
        }
    }
    return true;
}

static bool all_digits(struct bytes subtag) {
    for (size_t i = 0; i < subtag.len; i++) {
        if (!is_digit(subtag.data[i])) {
            return false;
        }
    }
    return true;
}

static bool all_lower_or_digits(struct bytes subtag) {
    for (size_t i = 0; i < subtag.len; i++) {
        if (!is_lower(subtag.data[i]) && !is_digit(subtag.data[i])) {
            return false;
        }
    }
    return true;
}

static bool is_language(struct bytes subtag) {
    return subtag.len >= 2 && subtag.len <= 8 && all_lower(subtag);
}

static bool is_extlang(struct bytes subtag) {
    return subtag.len == 3 && all_lower(subtag);
}

static bool is_script(struct bytes subtag) {
    return subtag.len == 4 && is_upper(subtag.data[0]) && all_lower(bytes_slice(subtag, 1, 3));
}

static bool is_region(struct bytes subtag) {
    return (subtag.len == 2 && all_upper(subtag)) || (subtag.len == 3 && all_digits(subtag));
}

static bool is_variant(struct bytes subtag) {
    bool length = (subtag.len >= 5 && subtag.len <= 8) || (subtag.len == 4 && is_digit(subtag.data[0]));
    return length && all_lower_or_digits(subtag);
}

static bool is_singleton(struct bytes subtag) {
    return subtag.len == 1 && subtag.data[0] != 'x' && all_lower_or_digits(subtag);
}

static bool is_extension(struct bytes subtag) {
    return subtag.len >= 2 && subtag.len <= 8 && all_lower_or_digits(subtag);
}

static bool is_private(struct bytes subtag) {
    return subtag.len >= 1 && subtag.len <= 8 && all_lower_or_digits(subtag);
}

/* The subtags that are left to judge. Within LIMIT_LANGUAGE there are at most 18 of them. */
struct subtags {
    struct bytes subtag[LIMIT_LANGUAGE / 2 + 1];
    size_t count;
    size_t at;
};

/* False where a subtag is empty: two hyphens together, or one at an end. */
static bool subtags_split(struct subtags *out, struct bytes tag) {
    size_t start = 0;
    out->count = 0;
    out->at = 0;
    for (size_t i = 0; i <= tag.len; i++) {
        if (i < tag.len && tag.data[i] != '-') {
            continue;
        }
        if (i == start || out->count == sizeof(out->subtag) / sizeof(out->subtag[0])) {
            return false;
        }
        out->subtag[out->count++] = bytes_slice(tag, start, i - start);
        start = i + 1;
    }
    return true;
}

/* Takes as many as `is` holds for, at most `most`; how many that was. */
static size_t subtags_take(struct subtags *subtags, bool (*is)(struct bytes), size_t most) {
    size_t taken = 0;
    while (taken < most && subtags->at < subtags->count && is(subtags->subtag[subtags->at])) {
        subtags->at++;
        taken++;
    }
    return taken;
}

/* Whether two of the count subtags from `from` are the same. RFC 5646 section 2.2.5: a variant stands at most once. */
static bool subtags_repeat(const struct subtags *subtags, size_t from, size_t count) {
    for (size_t i = from; i < from + count; i++) {
        for (size_t j = from; j < i; j++) {
            if (bytes_equal(subtags->subtag[i], subtags->subtag[j])) {
                return true;
            }
        }
    }
    return false;
}

/* Singletons, each followed by one subtag or more, none twice (section 2.2.6). */
static bool take_extensions(struct subtags *subtags) {
    bool seen[256] = {false};
    while (subtags_take(subtags, is_singleton, 1) == 1) {
        uint8_t singleton = subtags->subtag[subtags->at - 1].data[0];
        if (seen[singleton] || subtags_take(subtags, is_extension, SIZE_MAX) == 0) {
            return false;
        }
        seen[singleton] = true;
    }
    return true;
}

/* "x" and one subtag or more, or nothing. */
static bool take_private(struct subtags *subtags) {
    if (subtags->at == subtags->count || !bytes_equal(subtags->subtag[subtags->at], BYTES("x"))) {
        return true;
    }
    subtags->at++;
    return subtags_take(subtags, is_private, SIZE_MAX) > 0;
}

bool language_valid(struct bytes tag) {
    struct subtags subtags;
    if (tag.len == 0 || tag.len > LIMIT_LANGUAGE || !subtags_split(&subtags, tag)) {
        return false;
    }
    if (subtags_take(&subtags, is_language, 1) == 1) {
        if (subtags.subtag[0].len <= 3) {
            subtags_take(&subtags, is_extlang, 3);
        }
        subtags_take(&subtags, is_script, 1);
        subtags_take(&subtags, is_region, 1);
        size_t variants = subtags_take(&subtags, is_variant, SIZE_MAX);
        if (subtags_repeat(&subtags, subtags.at - variants, variants) || !take_extensions(&subtags)) {
            return false;
        }
    }
    return take_private(&subtags) && subtags.at == subtags.count;
}

/* ---- values of lines: PROTOCOL.md section 3 */

static bool is_forbidden(uint32_t code_point) {
    return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F) || code_point == 0x2028 ||
           code_point == 0x2029 || (code_point >= 0x202A && code_point <= 0x202E) ||
           (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xFEFF;
}

/* Unicode's White_Space property (PropList.txt; the same 25 code points since Unicode 6.3). */
static bool is_white_space(uint32_t code_point) {
    return (code_point >= 0x09 && code_point <= 0x0D) || code_point == 0x20 || code_point == 0x85 ||
           code_point == 0xA0 || code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200A) ||
           code_point == 0x2028 || code_point == 0x2029 || code_point == 0x202F || code_point == 0x205F ||
           code_point == 0x3000;
}

bool value_valid(struct bytes value) {
    if (value.len == 0 || !utf8_valid(value)) {
        return false;
    }
    uint32_t code_point = 0;
    struct bytes left = value;
    for (size_t len = utf8_next(&code_point, left); len > 0; len = utf8_next(&code_point, left)) {
        bool first = left.len == value.len;
        if (is_forbidden(code_point) || (first && is_white_space(code_point))) {
            return false;
        }
        left = bytes_slice(left, len, left.len);
    }
    return !is_white_space(code_point); /* the last one */
}
