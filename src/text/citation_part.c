/* One part of a citation: words, numbers, letters, brackets. */
#include "text/citation_part.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/cited_word.h"

size_t part_skip_spaces(struct bytes in, size_t at) {
    uint32_t c;
    for (size_t len; (len = utf8_next(&c, rest(in, at))) > 0 && is_white_space(c); at += len) {
    }
    return at;
}

/* "2 bis 4" is a range; number_digits takes the word for one that was inserted. */
static size_t digits_of(struct number *out, struct bytes in) {
    struct number number;
    size_t len = number_digits(&number, in);
    size_t word = BYTES(" bis").len;
    if (len > word && bytes_equal(bytes_slice(in, len - word, word), BYTES(" bis"))) {
        struct number next;
        if (number_digits(&next, rest(in, part_skip_spaces(in, len))) > 0) {
            len = number_digits(&number, bytes_slice(in, 0, len - word));
        }
    }
    if (len > 0) {
        *out = number;
    }
    return len;
}

/* A number, or a letter of a list, whole: nothing of a word goes on after it. */
static size_t take_number(struct citation_part *part, struct bytes in) {
    size_t len = digits_of(&part->number, in);
    size_t roman = number_roman(&part->roman, in);
    uint32_t c = utf8_at(in, 0);
    bool is_latin = c < 0x80 && (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    bool is_cyrillic = c >= 0x0430 && c <= 0x044F;
    size_t letter = is_latin ? 1 : is_cyrillic ? 2 : 0;
    letter = is_word(utf8_at(in, letter)) ? 0 : letter;
    if (len == 0) {
        len = number_word(&part->number, in);
    }
    if (len == 0 && (len = number_chinese(&part->number, in)) > 0) {
        return len + number_inserted(&part->number, rest(in, len));
    }
    if (len == 0 && (letter > 0 || roman > 0)) {
        len = roman > 0 ? roman : letter;
        part->number = (struct number){0};
        snprintf(part->number.text, sizeof part->number.text, "%.*s", (int)len, (const char *)in.data);
    }
    return len > 0 && !is_word(utf8_at(in, len)) ? len : 0;
}

/* a) after a word: a number and what closes it. */
size_t part_take_listed(struct citation_part *part, struct bytes in) {
    size_t len = take_number(part, in);
    return len > 0 && utf8_at(in, len) == ')' ? len + 1 : len;
}

/* 第一百二十条之一, 第二款, 第（三）项 */
static size_t take_chinese(struct citation_part *part, struct bytes in) {
    static const struct {
        const char *unit;
        enum keyword kind;
    } units[] = {{"条", KEYWORD_ARTICLE},   {"條", KEYWORD_ARTICLE}, {"조", KEYWORD_ARTICLE},
                 {"款", KEYWORD_PARAGRAPH}, {"项", KEYWORD_POINT},   {"項", KEYWORD_PARAGRAPH},
                 {"항", KEYWORD_PARAGRAPH}, {"号", KEYWORD_POINT},   {"호", KEYWORD_POINT}};
    if (!bytes_starts_with(in, BYTES("第")) && !bytes_starts_with(in, BYTES("제"))) {
        return 0;
    }
    size_t at = BYTES("第").len;
    uint32_t open = utf8_at(in, at);
    bool bracket = open == 0xFF08 || open == '(';
    at += bracket ? (open == '(' ? 1 : BYTES("（").len) : 0;
    size_t len = number_chinese(&part->number, rest(in, at));
    if (len == 0) {
        len = number_digits(&part->number, rest(in, at));
    }
    at += len;
    uint32_t close = utf8_at(in, at);
    at += bracket && close == 0xFF09 ? BYTES("）").len : bracket && close == ')';
    for (size_t i = 0; len > 0 && i < sizeof units / sizeof units[0]; i++) {
        struct bytes unit = bytes_text(units[i].unit);
        if (bytes_starts_with(rest(in, at), unit)) {
            part->kind = units[i].kind;
            return at + unit.len + number_inserted(&part->number, rest(in, at + unit.len));
        }
    }
    return 0;
}

/* (1), (a) */
static size_t take_bracketed(struct citation_part *part, struct bytes in) {
    uint32_t open = utf8_at(in, 0);
    if (open != '(' && open != '[' && open != 0xFF08) {
        return 0;
    }
    size_t at = open < 0x80 ? 1 : 3;
    at = part_skip_spaces(in, at);
    size_t len = take_number(part, rest(in, at));
    at = part_skip_spaces(in, at + len);
    uint32_t close = utf8_at(in, at);
    if (len == 0 || (close != ')' && close != ']' && close != 0xFF09)) {
        return 0;
    }
    return at + (close < 0x80 ? 1 : 3);
}

/* A word for a kind and a number, Article 5, or a word that is a unit by itself, Preamble. */
static size_t take_worded(struct citation_part *part, struct bytes in) {
    static const enum keyword kinds[] = {KEYWORD_ARTICLE,   KEYWORD_SECTION, KEYWORD_CLAUSE,
                                         KEYWORD_PARAGRAPH, KEYWORD_POINT,   KEYWORD_ANNEX,
                                         KEYWORD_PREAMBLE,  KEYWORD_PREFACE, KEYWORD_CONCLUSIONS};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t at = cited_take(in, kinds[i]);
        if (at == 0) {
            continue;
        }
        part->kind = kinds[i];
        if (kinds[i] >= KEYWORD_PREAMBLE) {
            return at;
        }
        at += at < in.len && in.data[at] == '.';
        at = part_skip_spaces(in, at);
        size_t len = take_bracketed(part, rest(in, at));
        len = len > 0 ? len : part_take_listed(part, rest(in, at));
        if (len > 0) {
            return at + len;
        }
    }
    return 0;
}

/* Whether a number follows, and the word before it is of that number; not where that, too, has a word after it: "2-ci bəndi". */
static bool is_of_next(struct bytes in) {
    struct number next;
    size_t at = part_skip_spaces(in, 0);
    size_t len = number_digits(&next, rest(in, at));
    return len > 0 && cited_ordinal(rest(in, at + len)) == 0;
}

/* "3-cü maddə", "5-бап", "2. madde": the word after the number. */
static size_t take_word_after(struct citation_part *part, struct bytes in) {
    static const enum keyword kinds[] = {KEYWORD_ARTICLE, KEYWORD_CLAUSE, KEYWORD_PARAGRAPH, KEYWORD_POINT,
                                         KEYWORD_ANNEX};
    struct number number;
    size_t at = number_digits(&number, in);
    size_t ordinal = at > 0 ? cited_ordinal(rest(in, at)) : 0;
    size_t word_at = part_skip_spaces(in, at + ordinal);
    if (at == 0 || (ordinal == 0 && word_at == at)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = cited_take(rest(in, word_at), kinds[i]);
        if (len > 0 && !is_of_next(rest(in, word_at + len))) {
            *part = (struct citation_part){.kind = kinds[i], .number = number};
            return word_at + len;
        }
    }
    /* The ending of an ordinal and the word are one: 5-бап. */
    if (bytes_starts_with(rest(in, at), BYTES("-бап"))) {
        *part = (struct citation_part){.kind = KEYWORD_ARTICLE, .number = number};
        return at + BYTES("-бап").len;
    }
    return 0;
}

size_t part_take(struct citation_part *part, struct bytes in) {
    *part = (struct citation_part){0};
    size_t len = take_chinese(part, in);
    if (len == 0) {
        len = take_worded(part, in);
    }
    if (len == 0) {
        *part = (struct citation_part){0};
        len = take_word_after(part, in);
    }
    if (len == 0) {
        *part = (struct citation_part){0};
        len = take_bracketed(part, in);
    }
    return len;
}

/* 7.2, 7.2.a and 7/2: parts after a dot. */
size_t part_take_dotted(struct citation_part *part, struct bytes in) {
    if (in.len < 2 || (in.data[0] != '.' && in.data[0] != '/')) {
        return 0;
    }
    *part = (struct citation_part){0};
    size_t len = part_take_listed(part, rest(in, 1));
    return len > 0 ? len + 1 : 0;
}
