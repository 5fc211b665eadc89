/* Labels of units and of what is inside them. */
#include "text/label.h"

#include <stdio.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/keyword.h"

#define HEADING_MAX 240 /* bytes */

static struct bytes from(struct bytes in, size_t offset) {
    return bytes_slice(in, offset, in.len - (offset < in.len ? offset : in.len));
}

static size_t skip_spaces(struct bytes line, size_t at) {
    uint32_t c;
    for (size_t len; (len = utf8_next(&c, from(line, at))) > 0 && is_white_space(c); at += len) {
    }
    return at;
}

size_t line_body(struct bytes line, bool *marked) {
    size_t at = bytes_starts_with(line, BYTES("\xEF\xBB\xBF")) ? 3 : 0;
    at = skip_spaces(line, at);
    *marked = at < line.len && line.data[at] == '#';
    while (at < line.len && (line.data[at] == '#' || line.data[at] == '*' || line.data[at] == '_')) {
        at++;
    }
    return skip_spaces(line, at);
}

const char *label_prefix(enum label_kind kind) {
    static const char *const prefixes[] = {"", "cl", "art", "sec", "att"};
    return prefixes[kind];
}

/* ---- units */

static bool is_chinese_article(uint32_t c) {
    return c == 0x6761 || c == 0x689D || c == 0xC870; /* 条 條 조 */
}

/* 第一百二十条之一, 제3조의2 */
static size_t take_chinese_article(struct number *number, struct bytes in) {
    if (!bytes_starts_with(in, BYTES("第")) && !bytes_starts_with(in, BYTES("제"))) {
        return 0;
    }
    size_t at = skip_spaces(in, BYTES("第").len);
    size_t len = number_chinese(number, from(in, at));
    if (len == 0) {
        len = number_digits(number, from(in, at));
    }
    uint32_t c = utf8_at(in, skip_spaces(in, at + len));
    if (len == 0 || !is_chinese_article(c)) {
        return 0;
    }
    at = skip_spaces(in, at + len) + BYTES("条").len;
    return at + number_inserted(number, from(in, at));
}

static size_t take_any_number(struct number *number, struct bytes in) {
    size_t len = number_digits(number, in);
    if (len == 0) {
        len = number_word(number, in);
    }
    return len > 0 ? len : number_roman(number, in);
}

/* What may follow "Article 7": nothing, white space, or a mark that does not go on with a reference, as "(2)" and "," do. */
static bool ends_label(uint32_t next) {
    return next == CODE_POINT_NOWHERE || is_white_space(next) || next == '.' || next == ':' || next == ')' ||
           next == '-' || next == '*' || next == '_' || (next >= 0x2010 && next <= 0x2015);
}

/* Article 7, Статья 7, § 31a */
static size_t take_worded(struct number *number, struct bytes in, enum keyword keyword) {
    size_t at = keyword_take(in, keyword);
    if (at == 0) {
        return 0;
    }
    at += at < in.len && in.data[at] == '.';
    at = skip_spaces(in, at);
    size_t len = take_any_number(number, from(in, at));
    return len > 0 && ends_label(utf8_at(in, at + len)) ? at + len : 0;
}

/* 7-modda, 7-бап: the word after the number */
static size_t take_number_first(struct number *number, struct bytes in) {
    size_t at = number_digits(number, in);
    if (at == 0 || at >= in.len || in.data[at] != '-') {
        return 0;
    }
    size_t len = keyword_take(from(in, at + 1), KEYWORD_ARTICLE);
    return len > 0 && ends_label(utf8_at(in, at + 1 + len)) ? at + 1 + len : 0;
}

/* 4. or 4) or 4．, not 4.5; 四、 */
static size_t take_dotted(struct number *number, struct bytes in) {
    size_t at = number_digits(number, in);
    if (at == 0) {
        at = number_chinese(number, in);
        return at > 0 && utf8_at(in, at) == 0x3001 ? at + BYTES("、").len : 0;
    }
    uint32_t mark = utf8_at(in, at);
    if (mark != '.' && mark != ')' && mark != 0xFF0E && mark != 0xFF09) {
        return 0;
    }
    at += mark < 0x80 ? 1 : 3;
    struct number digits;
    return mark == '.' && number_digits(&digits, from(in, at)) > 0 ? 0 : at;
}

/* Annex II, 附件一, Annex: with a number, or alone. */
static size_t take_annex(struct number *number, struct bytes in) {
    size_t at = keyword_take(in, KEYWORD_ANNEX);
    if (at == 0) {
        return 0;
    }
    size_t start = skip_spaces(in, at);
    struct bytes rest = from(in, start);
    size_t len = take_any_number(number, rest);
    if (len == 0) {
        len = number_chinese(number, rest);
    }
    if (len == 0 && rest.len > 0 && rest.data[0] >= 'A' && rest.data[0] <= 'Z' && !is_word(utf8_at(rest, 1))) {
        *number = (struct number){.value = (uint32_t)(rest.data[0] - 'A') + 1, .text = {(char)rest.data[0], '\0'}};
        len = 1;
    }
    if (len == 0) {
        *number = (struct number){0};
        return rest.len == 0 ? at : 0;
    }
    return ends_label(utf8_at(in, start + len)) && is_heading_like(in) ? start + len : 0;
}

struct label label_of(struct bytes line) {
    struct label label = {0};
    size_t body = line_body(line, &label.marked);
    struct bytes in = trim(from(line, body));
    size_t len = take_dotted(&label.number, in);
    if (len > 0) {
        label.kind = LABEL_CLAUSE;
    } else if ((len = take_chinese_article(&label.number, in)) > 0 ||
               (len = take_worded(&label.number, in, KEYWORD_ARTICLE)) > 0 ||
               (len = take_number_first(&label.number, in)) > 0) {
        label.kind = LABEL_ARTICLE;
    } else if (!bytes_starts_with(in, BYTES("§§")) && (len = take_worded(&label.number, in, KEYWORD_SECTION)) > 0) {
        label.kind = LABEL_SECTION;
    } else if ((len = take_annex(&label.number, in)) > 0) {
        label.kind = LABEL_ANNEX;
    } else {
        return label;
    }
    label.start = body;
    label.end = body + len;
    label.rest = label.end;
    for (uint32_t c; (c = utf8_at(line, label.rest)) != CODE_POINT_NOWHERE;) {
        uint8_t bytes[UTF8_LEN_MAX];
        if (!is_white_space(c) && c != '.' && c != ':' && c != '*' && c != '_') {
            break;
        }
        label.rest += utf8_put(bytes, c);
    }
    label.alone = label.rest == line.len;
    return label;
}

/* ---- headings */

static bool is_closing_mark(uint32_t c) {
    return c == ')' || c == ']' || c == '*' || c == '_' || c == '"' || c == '\'' || c == 0x201D || c == 0x2019 ||
           c == 0xBB || c == 0xFF09 || c == 0x300D || c == 0x300F;
}

bool is_heading_like(struct bytes line) {
    line = trim(line);
    if (line.len == 0 || line.len > HEADING_MAX) {
        return false;
    }
    while (line.len > 0) {
        size_t before = utf8_before(line, line.len);
        uint32_t c = utf8_at(line, before);
        if (!is_closing_mark(c)) {
            return !is_terminal(c);
        }
        line.len = before;
    }
    return false;
}

bool is_division(struct bytes line) {
    bool marked;
    struct bytes in = trim(from(line, line_body(line, &marked)));
    if (marked) {
        return true;
    }
    if (!is_heading_like(in)) {
        return false;
    }
    if (bytes_starts_with(in, BYTES("第"))) {
        static const char *const divisions[] = {"编", "章", "节", "部分", "編", "節", "分编"};
        struct number number;
        size_t len = number_chinese(&number, from(in, BYTES("第").len));
        for (size_t i = 0; len > 0 && i < sizeof divisions / sizeof divisions[0]; i++) {
            if (bytes_starts_with(from(in, BYTES("第").len + len), bytes_text(divisions[i]))) {
                return true;
            }
        }
        return false;
    }
    size_t len = keyword_take(in, KEYWORD_DIVISION);
    struct number number;
    struct bytes rest = from(in, skip_spaces(in, len));
    return len > 0 && take_any_number(&number, rest) > 0;
}

/* ---- points */

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
    len = take_dotted(&number, in);
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
    len = take_bracketed(point, from(in, at));
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
    size_t len = take_point(&point, from(line, body));
    if (len == 0) {
        return false;
    }
    point.start = body;
    point.end = body + len;
    *out = point;
    return true;
}
