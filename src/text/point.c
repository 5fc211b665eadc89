/* Labels of what is inside units: (1), a), (i), ①, 一、 and kin (label.h). */
#include "text/label.h"

#include <stdio.h>

#include "text/character.h"

static struct point_reading reading(enum point_style style, struct number number) {
    return (struct point_reading){.style = style, .number = number};
}

static struct number number_plain(uint32_t value) {
    struct number number = {.value = value};
    snprintf(number.text, sizeof number.text, "%u", value);
    return number;
}

/* A single Latin letter, a or A, as the order number of a list. */
static size_t take_list_letter(struct number *number, struct bytes in) {
    uint32_t c = utf8_at(in, 0);
    uint32_t lower = c < 0x80 ? c | 0x20 : 0;
    if (lower < 'a' || lower > 'z' || is_word(utf8_at(in, 1))) {
        return 0;
    }
    *number = (struct number){.value = lower - 'a' + 1, .text = {(char)c, '\0'}};
    return 1;
}

/* A single Cyrillic letter; ё and й are not used in lists. */
static size_t take_cyrillic_letter(struct number *number, struct bytes in) {
    static const uint8_t skipped = 0x0439 - 0x0430;
    uint32_t c = case_fold(utf8_at(in, 0));
    if (c < 0x0430 || c > 0x044F || c == 0x0439 || is_word(utf8_at(in, 2))) {
        return 0;
    }
    uint32_t value = c - 0x0430;
    *number = number_plain(value > skipped ? value : value + 1);
    return 2;
}

/* What stands in brackets, or before the closing one. */
static size_t take_bracketed(struct point *point, struct bytes in) {
    struct number number;
    size_t len = number_digits(&number, in);
    if (len > 0) {
        point->readings[0] = reading(POINT_DIGITS_PAREN, number);
        return len;
    }
    if ((len = number_chinese(&number, in)) > 0) {
        point->readings[0] = reading(POINT_CHINESE_PAREN, number);
        return len;
    }
    if ((len = take_cyrillic_letter(&number, in)) > 0) {
        point->readings[0] = reading(POINT_CYRILLIC_LETTER, number);
        return len;
    }
    size_t letter = take_list_letter(&number, in);
    if (letter > 0) {
        point->readings[0] = reading(POINT_LETTER, number);
    }
    struct number roman;
    len = number_roman(&roman, in);
    if (len > 0) {
        snprintf(roman.text, sizeof roman.text, "%.*s", (int)len, (const char *)in.data);
        point->readings[1] = reading(POINT_ROMAN, roman);
    }
    return len > letter ? len : letter;
}

static bool is_opening(uint32_t c) {
    return c == '(' || c == 0xFF08;
}

static bool is_closing(uint32_t c) {
    return c == ')' || c == 0xFF09;
}

static size_t mark_size(uint32_t c) {
    return c < 0x80 ? 1 : 3; /* the marks asked for are ASCII or of the basic plane's upper half */
}

/* （一） and ㈠, （1） and ⑴, ① : enclosed numbers that are one code point. */
static size_t take_enclosed(struct point *point, struct bytes in) {
    uint32_t c = utf8_at(in, 0);
    if (c >= 0x2460 && c <= 0x2473) {
        point->readings[0] = reading(POINT_CIRCLED, number_plain(c - 0x2460 + 1));
    } else if (c >= 0x2474 && c <= 0x2487) {
        point->readings[0] = reading(POINT_DIGITS_PAREN, number_plain(c - 0x2474 + 1));
    } else if (c >= 0x3220 && c <= 0x3229) {
        point->readings[0] = reading(POINT_CHINESE_PAREN, number_plain(c - 0x3220 + 1));
    } else {
        return 0;
    }
    return 3;
}

static size_t take_point(struct point *point, struct bytes in) {
    size_t len = take_enclosed(point, in);
    if (len > 0) {
        return len;
    }
    struct number number;
    len = label_dotted(&number, in);
    if (len > 0 && !is_closing(utf8_at(in, utf8_before(in, len)))) {
        bool chinese = utf8_at(in, utf8_before(in, len)) == 0x3001;
        point->readings[0] = reading(chinese ? POINT_CHINESE : POINT_DIGITS_DOT, number);
        return len;
    }
    len = take_list_letter(&number, in);
    if (len > 0 && utf8_at(in, len) == '.') {
        point->readings[0] = reading(POINT_LETTER_DOT, number);
        return len + 1;
    }
    uint32_t first = utf8_at(in, 0);
    size_t at = is_opening(first) ? mark_size(first) : 0;
    len = take_bracketed(point, bytes_from(in, at));
    uint32_t last = utf8_at(in, at + len);
    if (len == 0 || !is_closing(last)) {
        *point = (struct point){0};
        return 0;
    }
    return at + len + mark_size(last);
}

bool point_of(struct point *out, struct bytes line) {
    struct point point = {0};
    bool marked;
    size_t body = line_body(line, &marked);
    size_t len = take_point(&point, bytes_from(line, body));
    if (len == 0) {
        return false;
    }
    point.start = body;
    point.end = body + len;
    *out = point;
    return true;
}
