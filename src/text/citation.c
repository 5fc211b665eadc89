/*
 * From what people write to eIds. A reference is a chain of parts, each a word for its kind (or none) and a number; the eIds that
 * such a chain can have are tried, the likeliest first, and those that exist are the answer.
 */
#include "text/citation.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/keyword.h"
#include "text/numeral.h"

#define PARTS_MAX 6

/* One step of a reference: "Article 5", "(1)", "lit. a". */
struct part {
    enum keyword kind;    /* KEYWORD_NONE for a number alone */
    struct number number; /* text only, for letters and Roman numbers as they stand */
    struct number roman;  /* the other reading of i, v, x ...; value 0 for none */
};

struct chain {
    struct part parts[PARTS_MAX];
    size_t count;
};

static struct bytes from(struct bytes in, size_t offset) {
    return bytes_slice(in, offset, in.len - (offset < in.len ? offset : in.len));
}

static size_t skip_spaces(struct bytes in, size_t at) {
    uint32_t c;
    for (size_t len; (len = utf8_next(&c, from(in, at))) > 0 && is_white_space(c); at += len) {
    }
    return at;
}

/* ---- parts */

/* -1 after a number: one that was inserted. */
static size_t take_hyphenated(struct number *number, struct bytes in) {
    struct number order;
    size_t len = in.len > 0 && in.data[0] == '-' ? number_digits(&order, from(in, 1)) : 0;
    if (len == 0) {
        return 0;
    }
    size_t end = strlen(number->text);
    snprintf(number->text + end, sizeof number->text - end, "-%s", order.text);
    return len + 1;
}

/* A number, or a letter of a list, whole: nothing of a word goes on after it. */
static size_t take_number(struct part *part, struct bytes in) {
    size_t len = number_digits(&part->number, in);
    len += len > 0 ? take_hyphenated(&part->number, from(in, len)) : 0;
    size_t roman = number_roman(&part->roman, in);
    uint32_t c = utf8_at(in, 0);
    bool letter = c < 0x80 && (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && !is_word(utf8_at(in, 1));
    if (len == 0) {
        len = number_word(&part->number, in);
    }
    if (len == 0 && (len = number_chinese(&part->number, in)) > 0) {
        return len + number_inserted(&part->number, from(in, len));
    }
    if (len == 0 && (letter || roman > 0)) {
        len = roman > 0 ? roman : 1;
        part->number = (struct number){0};
        snprintf(part->number.text, sizeof part->number.text, "%.*s", (int)len, (const char *)in.data);
    }
    return len > 0 && !is_word(utf8_at(in, len)) ? len : 0;
}

/* 第一百二十条之一, 第二款, 第（三）项 */
static size_t take_chinese(struct part *part, struct bytes in) {
    static const struct {
        const char *unit;
        enum keyword kind;
    } units[] = {{"条", KEYWORD_ARTICLE},   {"條", KEYWORD_ARTICLE}, {"조", KEYWORD_ARTICLE},
                 {"款", KEYWORD_PARAGRAPH}, {"项", KEYWORD_POINT},   {"項", KEYWORD_POINT}};
    if (!bytes_starts_with(in, BYTES("第")) && !bytes_starts_with(in, BYTES("제"))) {
        return 0;
    }
    size_t at = BYTES("第").len;
    bool bracket = bytes_starts_with(from(in, at), BYTES("（"));
    at += bracket ? BYTES("（").len : 0;
    size_t len = number_chinese(&part->number, from(in, at));
    if (len == 0) {
        len = number_digits(&part->number, from(in, at));
    }
    at += len;
    at += bracket && bytes_starts_with(from(in, at), BYTES("）")) ? BYTES("）").len : 0;
    for (size_t i = 0; len > 0 && i < sizeof units / sizeof units[0]; i++) {
        struct bytes unit = bytes_text(units[i].unit);
        if (bytes_starts_with(from(in, at), unit)) {
            part->kind = units[i].kind;
            return at + unit.len + number_inserted(&part->number, from(in, at + unit.len));
        }
    }
    return 0;
}

/* (1), (a) */
static size_t take_bracketed(struct part *part, struct bytes in) {
    uint32_t open = utf8_at(in, 0);
    if (open != '(' && open != '[' && open != 0xFF08) {
        return 0;
    }
    size_t at = open < 0x80 ? 1 : 3;
    at = skip_spaces(in, at);
    size_t len = take_number(part, from(in, at));
    at = skip_spaces(in, at + len);
    uint32_t close = utf8_at(in, at);
    if (len == 0 || (close != ')' && close != ']' && close != 0xFF09)) {
        return 0;
    }
    return at + (close < 0x80 ? 1 : 3);
}

/* A word for a kind and a number, Article 5, or a word that is a unit by itself, Preamble. */
static size_t take_worded(struct part *part, struct bytes in) {
    static const enum keyword kinds[] = {KEYWORD_ARTICLE,   KEYWORD_SECTION, KEYWORD_CLAUSE,
                                         KEYWORD_PARAGRAPH, KEYWORD_POINT,   KEYWORD_ANNEX,
                                         KEYWORD_PREAMBLE,  KEYWORD_PREFACE, KEYWORD_CONCLUSIONS};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t at = keyword_take(in, kinds[i]);
        if (at == 0) {
            continue;
        }
        part->kind = kinds[i];
        if (kinds[i] >= KEYWORD_PREAMBLE) {
            return at;
        }
        at += at < in.len && in.data[at] == '.';
        at = skip_spaces(in, at);
        size_t len = take_bracketed(part, from(in, at));
        len = len > 0 ? len : take_number(part, from(in, at));
        if (len > 0) {
            return at + len;
        }
    }
    return 0;
}

static size_t take_part(struct part *part, struct bytes in) {
    *part = (struct part){0};
    size_t len = take_chinese(part, in);
    if (len == 0) {
        len = take_worded(part, in);
    }
    if (len == 0) {
        *part = (struct part){0};
        len = take_bracketed(part, in);
    }
    return len;
}

/* What may stand between two parts: white space, a comma, "of" and "of the". */
static size_t skip_joint(struct bytes in, size_t at) {
    static const char *const joints[] = {"of", "of the", "in", "and", "de", "de l’", "de l'", "der", "des", "del"};
    at = skip_spaces(in, at);
    if (at < in.len && (in.data[at] == ',' || in.data[at] == ';')) {
        at = skip_spaces(in, at + 1);
    }
    size_t longest = 0;
    for (size_t i = 0; i < sizeof joints / sizeof joints[0]; i++) {
        size_t len = keyword_len(from(in, at), joints[i]);
        longest = len > longest ? len : longest;
    }
    return skip_spaces(in, at + longest);
}

/* 7.2 and 7.2.a: parts after a dot. */
static size_t take_dotted(struct part *part, struct bytes in) {
    if (in.len < 2 || in.data[0] != '.') {
        return 0;
    }
    *part = (struct part){0};
    size_t len = take_number(part, from(in, 1));
    return len > 0 ? len + 1 : 0;
}

/* The chain that begins at the front of `in`: length, or 0. */
static size_t take_chain(struct chain *chain, struct bytes in) {
    *chain = (struct chain){0};
    struct part *first = &chain->parts[0];
    size_t at = take_part(first, in);
    if (at == 0) {
        *first = (struct part){0};
        at = take_number(first, in);
    }
    if (at == 0) {
        return 0;
    }
    for (chain->count = 1; chain->count < PARTS_MAX; chain->count++) {
        struct part *part = &chain->parts[chain->count];
        size_t len = take_dotted(part, from(in, at));
        size_t start = len > 0 ? at : skip_joint(in, at);
        len = len > 0 ? len : take_part(part, from(in, start));
        if (len == 0) {
            break;
        }
        at = start + len;
    }
    return at;
}

/* ---- the chain in order */

/* From the whole to the part: annex, article, paragraph, point. "para 2 of Article 5" is written the other way round. */
static int rank(enum keyword kind) {
    switch (kind) {
    case KEYWORD_ANNEX:
        return 0;
    case KEYWORD_ARTICLE:
    case KEYWORD_SECTION:
    case KEYWORD_CLAUSE:
    case KEYWORD_PREAMBLE:
    case KEYWORD_PREFACE:
    case KEYWORD_CONCLUSIONS:
        return 1;
    case KEYWORD_PARAGRAPH:
        return 2;
    case KEYWORD_POINT:
        return 3;
    default:
        return -1; /* goes with the part before it */
    }
}

/* Moves the part of least rank that is worded, with the numbers that hang on it, to the front; stops at a second unit. */
static void order_chain(struct chain *chain) {
    struct chain ordered = {0};
    bool taken[PARTS_MAX] = {false};
    int last = 0;
    for (size_t round = 0; round < chain->count; round++) {
        size_t best = PARTS_MAX;
        for (size_t i = 0; i < chain->count; i++) {
            int of = rank(chain->parts[i].kind);
            if (!taken[i] && (of >= 0 || i == 0) && (best == PARTS_MAX || of < rank(chain->parts[best].kind))) {
                best = i;
            }
        }
        if (best == PARTS_MAX) {
            break;
        }
        int of = rank(chain->parts[best].kind);
        if (ordered.count > 0 && of == last && of <= 1) {
            break; /* "Articles 5 and Article 6": the first is meant */
        }
        last = of;
        do {
            taken[best] = true;
            ordered.parts[ordered.count++] = chain->parts[best++];
        } while (best < chain->count && !taken[best] && rank(chain->parts[best].kind) < 0);
    }
    *chain = ordered;
}

/* ---- eIds */

struct resolving {
    struct citation_names *out;
    citation_has *has;
    void *context;
    const struct chain *chain;
};

static void offer(const struct resolving *resolving, const char *eid) {
    struct citation_names *out = resolving->out;
    if (out->count == sizeof out->eids / sizeof out->eids[0] || !resolving->has(resolving->context, eid)) {
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (strcmp(out->eids[i], eid) == 0) {
            return;
        }
    }
    snprintf(out->eids[out->count++], sizeof out->eids[0], "%s", eid);
}

/* The element names that a part may have, the likeliest first; ends with NULL. */
static const char *const *elements_of(const struct resolving *resolving, size_t at) {
    static const char *const units[] = {"cl", "art", "sec", "para", NULL};
    static const char *const article[] = {"art", NULL};
    static const char *const section[] = {"sec", NULL};
    static const char *const clause[] = {"cl", NULL};
    static const char *const annex[] = {"att", NULL};
    static const char *const inside[] = {"p", "para", "subsec", "point", NULL};
    static const char *const paragraph[] = {"para", "subsec", "p", "point", NULL};
    static const char *const point[] = {"point", "para", "p", NULL};
    const struct part *part = &resolving->chain->parts[at];
    bool top = at == 0 || (at == 1 && resolving->chain->parts[0].kind == KEYWORD_ANNEX);
    switch (part->kind) {
    case KEYWORD_ARTICLE:
        return article;
    case KEYWORD_SECTION:
        return section;
    case KEYWORD_CLAUSE:
        return clause;
    case KEYWORD_ANNEX:
        return annex;
    case KEYWORD_PARAGRAPH:
        return top ? units : paragraph;
    case KEYWORD_POINT:
        return top ? units : point;
    default:
        return top ? units : inside;
    }
}

static const char *whole_unit(enum keyword kind) {
    return kind == KEYWORD_PREAMBLE ? "preamble" : kind == KEYWORD_PREFACE ? "preface" : "conclusions";
}

/* Tries every eId of the parts from `at` on below `above`. At most 4^PARTS_MAX names, each looked up once. */
static void resolve(const struct resolving *resolving, size_t at, const char *above);

static void resolve_number(const struct resolving *resolving, size_t at, const char *above, const char *number) {
    const char *const *elements = elements_of(resolving, at);
    for (size_t i = 0; elements[i]; i++) {
        char eid[LIMIT_EID + 1];
        int len = snprintf(eid, sizeof eid, "%s%s%s_%s", above, above[0] != '\0' ? "__" : "", elements[i], number);
        if (len > 0 && len <= (int)LIMIT_EID) {
            resolve(resolving, at + 1, eid);
        }
    }
}

static void resolve_preface(const struct resolving *resolving, const char *annex) {
    char eid[LIMIT_EID + 1];
    int len = snprintf(eid, sizeof eid, "%s__preface", annex);
    if (len > 0 && len <= (int)LIMIT_EID) {
        offer(resolving, eid);
    }
}

static void resolve(const struct resolving *resolving, size_t at, const char *above) {
    if (at == resolving->chain->count) {
        offer(resolving, above);
        if (resolving->chain->parts[at - 1].kind == KEYWORD_ANNEX) {
            resolve_preface(resolving, above); /* an annex that is cut into units begins there */
        }
        return;
    }
    const struct part *part = &resolving->chain->parts[at];
    if (part->kind >= KEYWORD_PREAMBLE) {
        char eid[LIMIT_EID + 1];
        int len = snprintf(eid, sizeof eid, "%s%s%s", above, above[0] != '\0' ? "__" : "", whole_unit(part->kind));
        if (len > 0 && len <= (int)LIMIT_EID) {
            resolve(resolving, at + 1, eid);
        }
        return;
    }
    resolve_number(resolving, at, above, part->number.text);
    char other[NUMBER_TEXT_MAX];
    snprintf(other, sizeof other, "%s", part->number.text);
    if (part->number.value == 0 && other[0] >= 'A' && other[0] <= 'Z') {
        for (char *letter = other; *letter != '\0'; letter++) {
            *letter = (char)(*letter | 0x20);
        }
        resolve_number(resolving, at, above, other);
    }
    if (part->roman.value > 0) {
        resolve_number(resolving, at, above, part->roman.text);
    }
}

/* ---- the reference */

/* The whole is an eId as it stands. */
static void offer_eid(const struct resolving *resolving, struct bytes in) {
    char eid[LIMIT_EID + 1];
    for (size_t i = 0; i < in.len; i++) {
        bool allowed = is_word(in.data[i]) || in.data[i] == '_' || in.data[i] == '.' || in.data[i] == '-';
        if (in.data[i] >= 0x80 || !allowed) {
            return;
        }
    }
    if (in.len > 0 && in.len <= LIMIT_EID) {
        snprintf(eid, sizeof eid, "%.*s", (int)in.len, (const char *)in.data);
        offer(resolving, eid);
    }
}

/* Whether a word begins at this offset. */
static bool begins_word(struct bytes in, size_t at) {
    uint32_t c = utf8_at(in, at);
    return at == 0 || is_unspaced(c) || !is_word(utf8_at(in, utf8_before(in, at)));
}

/*
 * The first chain in the words: one that begins with a word for its kind may stand anywhere ("Joint Statement, para 7(2)"), a number
 * alone only at the end ("Joint Statement 7(2)").
 */
static bool find_chain(struct chain *out, struct bytes in) {
    for (size_t at = 0; at < in.len;) {
        struct chain chain;
        size_t len = begins_word(in, at) ? take_chain(&chain, from(in, at)) : 0;
        bool ends = len > 0 && trim(from(in, at + len)).len == 0;
        bool bare = len > 0 && chain.parts[0].kind == KEYWORD_NONE;
        if (len > 0 && (ends || (!bare && !is_word(utf8_at(in, at + len))) || is_unspaced(utf8_at(in, at)))) {
            *out = chain;
            return true;
        }
        uint32_t c;
        size_t step = utf8_next(&c, from(in, at));
        at += step > 0 ? step : 1;
    }
    return false;
}

int citation_resolve(struct citation_names *out, struct bytes reference, citation_has *has, void *context) {
    struct citation_names names = {0};
    struct chain chain;
    if (reference.len > LIMIT_CITATION) {
        return DEPOSITARY_E_LIMIT;
    }
    if (!utf8_valid(reference)) {
        return DEPOSITARY_E_UTF8;
    }
    struct bytes in = trim(reference);
    while (in.len > 0 && (in.data[in.len - 1] == '.' || in.data[in.len - 1] == ',')) {
        in.len--;
    }
    struct resolving resolving = {.out = &names, .has = has, .context = context, .chain = &chain};
    offer_eid(&resolving, in);
    if (names.count == 0) {
        if (!find_chain(&chain, in)) {
            return DEPOSITARY_E_FORMAT;
        }
        order_chain(&chain);
        resolve(&resolving, 0, "");
    }
    *out = names;
    return 0;
}
