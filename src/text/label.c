/* Labels of units and of what is inside them. */
#include "text/label.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/keyword.h"

#define HEADING_MAX 240 /* bytes */

size_t line_body(struct bytes line, bool *marked) {
    size_t at = bytes_starts_with(line, BYTES("\xEF\xBB\xBF")) ? 3 : 0;
    at = skip_white_space(line, at);
    *marked = at < line.len && line.data[at] == '#';
    while (at < line.len && (line.data[at] == '#' || line.data[at] == '*' || line.data[at] == '_')) {
        at++;
    }
    return skip_white_space(line, at);
}

const char *label_prefix(enum label_kind kind) {
    static const char *const prefixes[] = {"", "cl", "art", "sec", "rule", "cl", "cl", "sec", "cl", "att"};
    return prefixes[kind];
}

bool label_is_worded(enum label_kind kind) {
    return kind >= LABEL_ARTICLE && kind <= LABEL_ITEM;
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
    size_t at = skip_white_space(in, BYTES("第").len);
    size_t len = number_chinese(number, bytes_from(in, at));
    if (len == 0) {
        len = number_digits(number, bytes_from(in, at));
    }
    uint32_t c = utf8_at(in, skip_white_space(in, at + len));
    if (len == 0 || !is_chinese_article(c)) {
        return 0;
    }
    at = skip_white_space(in, at + len) + BYTES("条").len;
    return at + number_inserted(number, bytes_from(in, at));
}

size_t label_number(struct number *number, struct bytes in) {
    size_t len = number_of_article(number, in);
    if (len == 0) {
        len = number_word(number, in);
    }
    if (len == 0 && bytes_starts_with(in, BYTES("Ier"))) { /* Titre Ier */
        *number = (struct number){.value = 1, .text = "1"};
        len = is_word(utf8_at(in, 3)) ? 0 : 3;
    }
    return len > 0 ? len : number_roman(number, in);
}

/* What may follow "Article 7": nothing, white space, or a mark that does not go on with a reference, as "(2)" and "," do. */
static bool ends_label(uint32_t next) {
    return next == CODE_POINT_NOWHERE || is_white_space(next) || next == '.' || next == ':' || next == ')' ||
           next == '-' || next == '*' || next == '[' || next == '_' || (next >= 0x2010 && next <= 0x2015);
}

/* Forms of the word that speak of several, or of one that stands elsewhere. */
static bool is_cited_form(struct bytes word) {
    static const char *const forms[] = {"articles", "artikels", "§§", "статьи", "статье",
                                        "статью",   "статьей",  "ст", "статті"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (keyword_len(word, forms[i]) == word.len) {
            return true;
        }
    }
    return false;
}

/* Ek Madde 1, Geçici Madde 1: articles that count for themselves. */
static size_t take_series_word(const char **series, struct bytes in) {
    static const char *const words[][2] = {
        {"ek", "ek"}, {"geçici", "gecici"}, {"GEÇİCİ", "gecici"}, {"mükerrer", "mukerrer"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = keyword_len(in, words[i][0]);
        if (len > 0 && keyword_len(bytes_from(in, skip_white_space(in, len)), "madde") > 0) {
            *series = words[i][1];
            return skip_white_space(in, len);
        }
    }
    return 0;
}

/* Article 7, Статья 7, § 31a */
static size_t take_worded(struct number *number, struct bytes in, enum keyword keyword) {
    const char *series = NULL;
    size_t start = keyword == KEYWORD_ARTICLE ? take_series_word(&series, in) : 0;
    size_t at = start + keyword_take(bytes_from(in, start), keyword);
    if (at == start || is_cited_form(bytes_slice(in, start, at - start))) {
        return 0;
    }
    at += at < in.len && in.data[at] == '.';
    at = skip_white_space(in, at);
    size_t len = label_number(number, bytes_from(in, at));
    if (len == 0 || !ends_label(utf8_at(in, at + len))) {
        return 0;
    }
    if (series) {
        char text[NUMBER_TEXT_MAX];
        memcpy(text, number->text, sizeof text);
        snprintf(number->series, sizeof number->series, "%.*s", (int)sizeof number->series - 1, series);
        snprintf(number->text, sizeof number->text, "%s-%.*s", number->series, 12, text);
    }
    return at + len;
}

bool is_range_of(enum label_kind kind, struct bytes line) {
    static const enum keyword keywords[] = {KEYWORD_NONE, KEYWORD_NONE, KEYWORD_ARTICLE, KEYWORD_SECTION};
    bool marked;
    struct bytes in = trim(bytes_from(line, line_body(line, &marked)));
    if (kind != LABEL_ARTICLE && kind != LABEL_SECTION) {
        return false;
    }
    if (bytes_starts_with(in, BYTES("("))) { /* a remark before it: "(XXXX) §§ 3 bis 6" */
        const uint8_t *close = memchr(in.data, ')', in.len);
        in = close ? trim(bytes_from(in, (size_t)(close - in.data) + 1)) : in;
    }
    size_t len = keyword_take(in, keywords[kind]);
    struct number number;
    return len > 0 && is_cited_form(bytes_slice(in, 0, len)) &&
           label_number(&number, bytes_from(in, skip_white_space(in, len))) > 0;
}

/* The letter of "2 a §". */
static size_t take_apart_letter(struct number *number, struct bytes in) {
    if (number->inserted != 0 || in.len < 2 || in.data[0] < 'a' || in.data[0] > 'z' || in.data[1] != ' ') {
        return 0;
    }
    struct number joined;
    char text[NUMBER_TEXT_MAX];
    int len = snprintf(text, sizeof text, "%u%c", number->value, in.data[0]);
    if (len > 0 && number_digits(&joined, bytes_of(text, (size_t)len)) == (size_t)len) {
        *number = joined;
    }
    return 2;
}

/* 7-modda, 7-бап, 7 straipsnis, 7. cikk, 7 §: languages that have the word after the number. */
static size_t take_number_first(struct number *number, struct bytes in, bool section) {
    static const char *const articles[] = {"modda", "бап", "straipsnis", "pants", "cikk", "artikulua", "зүйл"};
    static const char *const sections[] = {"§"};
    size_t at = number_digits(number, in);
    if (at == 0) {
        return 0;
    }
    at += at < in.len && (in.data[at] == '-' || in.data[at] == '.');
    at = skip_white_space(in, at);
    at += section ? take_apart_letter(number, bytes_from(in, at)) : 0;
    const char *const *words = section ? sections : articles;
    size_t count = section ? sizeof sections / sizeof sections[0] : sizeof articles / sizeof articles[0];
    for (size_t i = 0; i < count; i++) {
        size_t len = keyword_len(bytes_from(in, at), words[i]);
        if (len > 0) {
            return ends_label(utf8_at(in, at + len)) ? at + len : 0;
        }
    }
    return 0;
}

/* 4. or 4) or 4． or "4 - ", not 4.5; 四、 */
size_t label_dotted(struct number *number, struct bytes in) {
    size_t at = number_digits(number, in);
    if (at == 0) {
        at = number_chinese(number, in);
        return at > 0 && utf8_at(in, at) == 0x3001 ? at + BYTES("、").len : 0;
    }
    struct number digits;
    uint32_t mark = utf8_at(in, at);
    if (mark == '.' || mark == ')' || mark == 0xFF0E || mark == 0xFF09) {
        at += mark < 0x80 ? 1 : 3;
        return mark == '.' && number_digits(&digits, bytes_from(in, at)) > 0 ? 0 : at;
    }
    at = skip_white_space(in, at);
    mark = utf8_at(in, at);
    at += mark == '-' ? 1 : 3;
    bool dash = mark == '-' || (mark >= 0x2010 && mark <= 0x2015);
    return dash && is_white_space(utf8_at(in, at)) &&
                   number_digits(&digits, bytes_from(in, skip_white_space(in, at))) == 0
               ? at
               : 0;
}

/* IV. and a space; I) is a point of a list. */
size_t label_roman(struct number *number, struct bytes in) {
    size_t at = in.len > 0 && in.data[0] < 'a' ? number_roman(number, in) : 0;
    uint32_t next = utf8_at(in, at + 1);
    return at > 0 && in.data[at < in.len ? at : 0] == '.' && (is_white_space(next) || next == CODE_POINT_NOWHERE)
               ? at + 1
               : 0;
}

static bool is_capital_or_uncased(uint32_t c) {
    return c != CODE_POINT_NOWHERE && is_word(c) && (case_fold(c) != c || (c >= 0x0E00 && c < 0x10000));
}

/* "4 Heading": the number alone before a heading; not a date, which ends in a year. */
static size_t take_bare(struct number *number, struct bytes in) {
    size_t at = number_digits(number, in);
    size_t rest = skip_white_space(in, at);
    if (at == 0 || rest == at || !is_heading_like(in) || !is_capital_or_uncased(utf8_at(in, rest))) {
        return 0;
    }
    uint32_t last = in.data[in.len - 1];
    return last >= '0' && last <= '9' ? 0 : at;
}

/* (4) */
static size_t take_bracketed_number(struct number *number, struct bytes in) {
    uint32_t first = utf8_at(in, 0);
    size_t at = first == '(' ? 1 : first == 0xFF08 ? 3 : 0;
    size_t len = at > 0 ? number_digits(number, bytes_from(in, at)) : 0;
    uint32_t last = utf8_at(in, at + len);
    return len > 0 && (last == ')' || last == 0xFF09) ? at + len + (last < 0x80 ? 1 : 3) : 0;
}

/* № 1, No. 1, Nr. 1 */
static size_t skip_number_sign(struct bytes in, size_t at) {
    static const char *const signs[] = {"№", "n°", "nº", "no", "nr"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t len = keyword_len(bytes_from(in, at), signs[i]);
        if (len > 0) {
            at += len;
            at += at < in.len && in.data[at] == '.';
            return skip_white_space(in, at);
        }
    }
    return at;
}

/* II, 一, 1, A; 0 where there is none. */
static size_t take_annex_number(struct number *number, struct bytes in) {
    size_t len = label_number(number, in);
    if (len == 0) {
        len = number_chinese(number, in);
    }
    if (len == 0 && in.len > 0 && in.data[0] >= 'A' && in.data[0] <= 'Z' && !is_word(utf8_at(in, 1))) {
        *number = (struct number){.value = (uint32_t)(in.data[0] - 'A') + 1, .text = {(char)in.data[0], '\0'}};
        len = 1;
    }
    return len;
}

/* Annex II, 附件一, First Schedule, Annex: with a number, or alone. */
static size_t take_annex_words(struct number *number, struct bytes in) {
    struct number ordinal = {0};
    size_t start = skip_white_space(in, number_word(&ordinal, in));
    size_t at = start + keyword_take(bytes_from(in, start), KEYWORD_ANNEX);
    bool companion = at == start && ordinal.value == 0; /* Protocol 1: only with its number */
    at += companion ? keyword_take(in, KEYWORD_COMPANION) : 0;
    if (at == start) {
        return 0;
    }
    if (ordinal.value > 0) {
        *number = ordinal;
        return ends_label(utf8_at(in, at)) && is_heading_like(in) ? at : 0;
    }
    start = skip_white_space(in, at);
    start += start < in.len && in.data[start] == '('; /* Protocol (No 1) */
    start = skip_number_sign(in, start);
    size_t len = take_annex_number(number, bytes_from(in, start));
    if (len == 0) {
        uint32_t next = utf8_at(in, start);
        *number = (struct number){0};
        return companion ? 0 : start == in.len || next == ':' || (next >= 0x2010 && next <= 0x2015) ? at : 0;
    }
    return ends_label(utf8_at(in, start + len)) && is_heading_like(in) ? start + len : 0;
}

static size_t take_annex(struct number *number, struct bytes in) {
    size_t article = skip_white_space(in, keyword_len(in, "the")); /* The Schedule */
    size_t len = take_annex_words(number, bytes_from(in, article));
    return len > 0 ? article + len : 0;
}

/* 附　則: what a statute says of its own coming into force counts anew there. */
static size_t take_supplement(struct number *number, struct bytes in) {
    *number = (struct number){0};
    return bytes_equal(in, BYTES("附則")) || bytes_equal(in, BYTES("附　則")) ? in.len : 0;
}

/* A number that is all of a heading. */
static size_t take_lone_number(struct number *number, struct bytes in) {
    return number_digits(number, in) == in.len ? in.len : 0;
}

static size_t take_label(struct label *label, struct bytes in) {
    struct number *number = &label->number;
    size_t len;
    if ((len = take_number_first(number, in, false)) > 0) {
        label->kind = LABEL_ARTICLE;
    } else if ((len = take_number_first(number, in, true)) > 0) {
        label->kind = LABEL_SECTION;
    } else if ((len = label_dotted(number, in)) > 0 || (label->marked && (len = take_lone_number(number, in)) > 0)) {
        label->kind = LABEL_CLAUSE;
        label->close = in.data[len - 1];
    } else if ((len = take_chinese_article(number, in)) > 0 || (len = take_worded(number, in, KEYWORD_ARTICLE)) > 0) {
        label->kind = LABEL_ARTICLE;
    } else if ((len = take_worded(number, in, KEYWORD_SECTION)) > 0) {
        label->kind = LABEL_SECTION;
    } else if ((len = take_worded(number, in, KEYWORD_RULE)) > 0) {
        label->kind = LABEL_RULE;
    } else if ((len = take_annex(number, in)) > 0 || (len = take_supplement(number, in)) > 0) {
        label->kind = LABEL_ANNEX;
    } else if ((len = take_worded(number, in, KEYWORD_ITEM)) > 0) {
        label->kind = LABEL_ITEM;
    } else if ((len = label_roman(number, in)) > 0) {
        label->kind = LABEL_ROMAN;
    } else if ((len = take_bracketed_number(number, in)) > 0) {
        label->kind = LABEL_BRACKET;
    } else if ((len = take_bare(number, in)) > 0) {
        label->kind = LABEL_BARE;
    }
    return len;
}

static enum label_shape shape_after(struct bytes line, size_t end) {
    while (end < line.len && (line.data[end] == '*' || line.data[end] == '_')) {
        end++; /* **Article 1** */
    }
    uint32_t c = utf8_at(line, end);
    size_t at = skip_white_space(line, end);
    uint32_t next = utf8_at(line, at);
    if (next == '-' || (next >= 0x2010 && next <= 0x2015)) {
        return SHAPE_DASH;
    }
    if (next == '(' || next == '[' || next == 0xFF08 || next == 0x3010) {
        return SHAPE_BRACKET;
    }
    if (c == '.' || c == ':') {
        return c == '.' ? SHAPE_DOT : SHAPE_COLON;
    }
    return at > end ? SHAPE_SPACE : SHAPE_JOINED;
}

struct label label_of(struct bytes line) {
    struct label label = {0};
    size_t body = line_body(line, &label.marked);
    size_t len = take_label(&label, trim(bytes_from(line, body)));
    if (len == 0) {
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
    label.shape = label.alone ? SHAPE_ALONE : shape_after(line, label.end);
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
