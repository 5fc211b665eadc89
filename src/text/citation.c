/* Taking a citation apart: chains of parts, lists and ranges, and words of a title around them. What it may be called stands in citation_names.c. */
#include "text/citation.h"

#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/citation_part.h"
#include "text/cited_word.h"

/* ---- chains */

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

/* A comma of any script, or a semicolon, with the white space behind it; at, where there is none. */
static size_t skip_comma(struct bytes in, size_t at) {
    static const uint32_t commas[] = {',', ';', 0x3001, 0xFF0C, 0x060C};
    uint32_t c = utf8_at(in, at);
    for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++) {
        if (c == commas[i]) {
            return part_skip_spaces(in, at + utf8_next(&c, rest(in, at)));
        }
    }
    return at;
}

/* What may stand between two parts: white space, a comma, "of" and "of the". */
static size_t skip_joint(struct bytes in, size_t at) {
    at = skip_comma(in, part_skip_spaces(in, at));
    return part_skip_spaces(in, at + cited_joint(rest(in, at)));
}

static bool has_rank(const struct citation_chain *chain, int wanted) {
    for (size_t i = 0; i < chain->count; i++) {
        if (rank(chain->parts[i].kind) == wanted) {
            return true;
        }
    }
    return false;
}

/* "Satz 2" after a paragraph: no eId names a sentence, and the paragraph that holds it is the answer. */
static size_t skip_sentence(struct bytes in, size_t at) {
    size_t start = skip_joint(in, at);
    size_t len = cited_sentence(rest(in, start));
    struct number number;
    size_t number_at = len > 0 ? part_skip_spaces(in, start + len) : 0;
    size_t number_len = len > 0 ? number_digits(&number, rest(in, number_at)) : 0;
    return number_len > 0 ? number_at + number_len : at;
}

/* Adds the parts that follow; each worded kind comes once. */
static size_t take_rest(struct citation_chain *chain, struct bytes in, size_t at) {
    while (chain->count < CITATION_PARTS_MAX) {
        struct citation_part *part = &chain->parts[chain->count];
        at = skip_sentence(in, at);
        size_t len = part_take_dotted(part, rest(in, at));
        size_t start = len > 0 ? at : skip_joint(in, at);
        len = len > 0 ? len : part_take(part, rest(in, start));
        if (len == 0 || (rank(part->kind) >= 0 && has_rank(chain, rank(part->kind)))) {
            *part = (struct citation_part){0};
            break;
        }
        chain->count++;
        at = start + len;
    }
    return at;
}

/* The chain that begins at the front of `in`: length, or 0. */
static size_t take_chain(struct citation_chain *chain, struct bytes in) {
    *chain = (struct citation_chain){0};
    size_t at = part_take(&chain->parts[0], in);
    if (at == 0) {
        chain->parts[0] = (struct citation_part){0};
        at = part_take_listed(&chain->parts[0], in);
    }
    if (at == 0) {
        return 0;
    }
    chain->count = 1;
    return take_rest(chain, in, at);
}

/* Moves the part of least rank that is worded, with the numbers that hang on it, to the front. */
static void order_chain(struct citation_chain *chain) {
    struct citation_chain ordered = *chain;
    bool taken[CITATION_PARTS_MAX] = {false};
    ordered.count = 0;
    for (size_t round = 0; round < chain->count; round++) {
        size_t best = CITATION_PARTS_MAX;
        for (size_t i = 0; i < chain->count; i++) {
            int of = rank(chain->parts[i].kind);
            if (!taken[i] && (of >= 0 || i == 0) &&
                (best == CITATION_PARTS_MAX || of < rank(chain->parts[best].kind))) {
                best = i;
            }
        }
        if (best == CITATION_PARTS_MAX) {
            break;
        }
        do {
            taken[best] = true;
            ordered.parts[ordered.count++] = chain->parts[best++];
        } while (best < chain->count && !taken[best] && rank(chain->parts[best].kind) < 0);
    }
    *chain = ordered;
}

/* ---- lists and ranges */

/* The part that goes on in a list: the last that has a word, or the first where none has. */
static size_t listed_part(const struct citation_chain *chain) {
    size_t at = chain->count - 1;
    while (at > 0 && chain->parts[at].kind == KEYWORD_NONE) {
        at--;
    }
    return at;
}

/* The next of a list, as far as it is not written: "5" after "Article 4 (1)", "(2)" after "5 (1)". False where it is none. */
static bool inherit(struct citation_chain *next, const struct citation_chain *before, bool is_bracketed) {
    struct citation_chain chain = *before;
    if (rank(next->parts[0].kind) >= 0) {
        return true;
    }
    size_t at = is_bracketed ? before->count - 1 : listed_part(before);
    if (is_bracketed && at == 0) {
        return false;
    }
    enum keyword kind = before->parts[at].kind;
    chain.count = at;
    for (size_t i = 0; i < next->count && chain.count < CITATION_PARTS_MAX; i++) {
        chain.parts[chain.count++] = next->parts[i];
    }
    chain.parts[at].kind = kind;
    chain.to = (struct number){0};
    chain.is_hyphenated = false;
    *next = chain;
    return true;
}

static bool is_open(struct bytes in, size_t at) {
    uint32_t c = utf8_at(in, at);
    return c == '(' || c == '[' || c == 0xFF08;
}

/* "to 4", "-4", "bis (c)" behind a chain: the end of a range in its last part. Length, or 0. */
static size_t take_range(struct citation_chain *chain, struct bytes in) {
    size_t at = part_skip_spaces(in, 0);
    size_t joint = cited_to(rest(in, at));
    bool is_hyphen = joint == 1 && in.data[at] == '-';
    struct citation_part end = {0};
    if (joint == 0) {
        return 0;
    }
    size_t spaced = part_skip_spaces(in, at + joint);
    size_t len = part_take(&end, rest(in, spaced));
    if (len == 0) {
        end = (struct citation_part){0};
        len = part_take_listed(&end, rest(in, spaced));
    }
    if (len == 0 || (end.kind != KEYWORD_NONE && end.kind != chain->parts[chain->count - 1].kind)) {
        return 0;
    }
    chain->to = end.number;
    chain->is_hyphenated = is_hyphen && at == 0 && spaced == 1;
    return spaced + len;
}

/* What stands before the next chain of a list: a comma, a word, or a comma and a word. Length, or 0. */
static size_t take_and(struct bytes in, bool *is_wanted) {
    size_t at = part_skip_spaces(in, 0);
    size_t comma = skip_comma(in, at);
    size_t word = cited_and(rest(in, comma));
    *is_wanted = word > 0;
    return word > 0 ? part_skip_spaces(in, comma + word) : comma > at ? comma : 0;
}

/* "paragraphs 1 and 2 of Article 5": what the last is in, those before it are in. */
static void share_whole(struct citation *citation) {
    const struct citation_chain *last = &citation->items[citation->count - 1];
    if (citation->count < 2 || last->count < 2 || rank(last->parts[last->count - 1].kind) > 1 ||
        rank(last->parts[last->count - 1].kind) < 0) {
        return;
    }
    const struct citation_part whole = last->parts[last->count - 1];
    for (size_t i = 0; i + 1 < citation->count; i++) {
        struct citation_chain *chain = &citation->items[i];
        if (!has_rank(chain, 1) && chain->count < CITATION_PARTS_MAX) {
            chain->parts[chain->count++] = whole;
        }
    }
}

/* The chains that follow the first, which ends at `at`. Returns where the last ends. */
static size_t take_list(struct citation *citation, struct bytes in, size_t at) {
    at += take_range(&citation->items[0], rest(in, at));
    while (citation->count < CITATION_ITEMS_MAX) {
        struct citation_chain *next = &citation->items[citation->count];
        bool is_wanted = false;
        size_t joint = take_and(rest(in, at), &is_wanted);
        size_t len = joint > 0 ? take_chain(next, rest(in, at + joint)) : 0;
        if (len == 0 || !inherit(next, &citation->items[citation->count - 1], is_open(in, at + joint))) {
            break;
        }
        next->is_wanted = is_wanted;
        at += joint + len;
        at += take_range(next, rest(in, at));
        citation->count++;
    }
    share_whole(citation);
    for (size_t i = 0; i < citation->count; i++) {
        order_chain(&citation->items[i]);
    }
    return at;
}

/* ---- where it stands */

/* Whether a word begins at this offset. */
static bool begins_word(struct bytes in, size_t at) {
    uint32_t c = utf8_at(in, at);
    return at == 0 || is_unspaced(c) || !is_word(utf8_at(in, utf8_before(in, at)));
}

/* A letter that stands alone in the midst of words is a word: "a", "y". */
static bool is_lone_letter(const struct citation *citation) {
    const struct citation_chain *chain = &citation->items[0];
    return citation->count == 1 && chain->count == 1 && number_is_letter(&chain->parts[0].number);
}

static bool has_word(const struct citation_chain *chain) {
    return has_rank(chain, 0) || has_rank(chain, 1) || has_rank(chain, 2) || has_rank(chain, 3);
}

/* Length of what is read as a number there, at least a letter. */
static size_t number_len(struct bytes in, size_t at) {
    struct citation_part part = {0};
    uint32_t c;
    size_t len = part_take_listed(&part, rest(in, at));
    len = len > 0 ? len : utf8_next(&c, rest(in, at));
    return len > 0 ? len : 1;
}

/*
 * The first list of chains in the words: one that begins with a word for its kind may stand anywhere ("Joint Statement, para 7(2)"),
 * a number alone only at the end ("Joint Statement 7(2)").
 */
static bool find_reference(struct citation *citation, struct bytes in) {
    for (size_t at = 0; at < in.len;) {
        struct citation_chain *first = &citation->items[0];
        size_t len = begins_word(in, at) ? take_chain(first, rest(in, at)) : 0;
        if (len > 0) {
            bool bare = first->parts[0].kind == KEYWORD_NONE;
            bool is_year = bare && at > 0 && has_word(first); /* "Statement of 2025, para 4" */
            citation->count = 1;
            size_t end = take_list(citation, in, at + len);
            bool ends = trim(rest(in, end)).len == 0 && (!is_lone_letter(citation) || at == 0);
            if (is_year) {
                at += number_len(in, at);
                continue;
            }
            if (ends || (!bare && !is_word(utf8_at(in, end))) || (is_unspaced(utf8_at(in, at)) && !bare)) {
                citation->reference = (struct span){(uint32_t)at, (uint32_t)(end - at)};
                return true;
            }
        }
        uint32_t c;
        size_t step = utf8_next(&c, rest(in, at));
        at += step > 0 ? step : 1;
    }
    citation->count = 0;
    return false;
}

/* ---- words of a title */

static bool is_filler(uint32_t c) {
    static const uint32_t marks[] = {',',    ';',    ':',  '.',  '-',    '(',    ')',    '"',
                                     0x201C, 0x201D, 0xAB, 0xBB, 0x300A, 0x300B, 0xFF0C, 0x3001};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (c == marks[i]) {
            return true;
        }
    }
    return is_white_space(c);
}

static struct bytes trim_filler(struct bytes in) {
    while (in.len > 0 && is_filler(utf8_at(in, utf8_before(in, in.len)))) {
        in.len = utf8_before(in, in.len);
    }
    for (uint32_t c; in.len > 0 && is_filler(utf8_at(in, 0));) {
        in = rest(in, utf8_next(&c, in));
    }
    return in;
}

/* "of the Joint Statement" to "Joint Statement". */
static struct bytes title_of(struct bytes in) {
    static const char *const articles[] = {"the", "la", "le", "les", "los", "las", "el", "die", "das", "den", "dem"};
    in = trim_filler(in);
    in = trim_filler(rest(in, cited_joint(in)));
    for (size_t i = 0; i < sizeof articles / sizeof articles[0]; i++) {
        size_t len = keyword_len(in, articles[i]);
        if (len > 0) {
            return trim_filler(rest(in, len));
        }
    }
    return in;
}

/* ---- the whole */

static struct bytes eid_in(struct bytes in) {
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.data[i];
        bool allowed = (c < 0x80 && is_word(c)) || c == '_' || c == '.' || c == '-';
        if (!allowed) {
            return bytes_of(NULL, 0);
        }
    }
    return in.len <= LIMIT_EID ? in : bytes_of(NULL, 0);
}

int citation_read(struct citation *out, struct bytes text) {
    struct citation citation = {.count = 0};
    if (text.len > LIMIT_CITATION) {
        return DEPOSITARY_E_LIMIT;
    }
    if (!utf8_valid(text)) {
        return DEPOSITARY_E_UTF8;
    }
    struct bytes in = trim(text);
    while (in.len > 0 && (in.data[in.len - 1] == '.' || in.data[in.len - 1] == ',')) {
        in.len--;
    }
    citation.eid = eid_in(in);
    bool is_eid = citation.eid.len > 0 && memchr(citation.eid.data, '_', citation.eid.len) != NULL;
    if (is_eid) {
        citation.reference = (struct span){(uint32_t)(in.data - text.data), (uint32_t)in.len};
    } else if (find_reference(&citation, in)) {
        citation.title = title_of(bytes_slice(in, 0, citation.reference.offset));
        size_t end = (size_t)citation.reference.offset + citation.reference.length;
        if (citation.title.len == 0) {
            citation.title = title_of(rest(in, end));
        }
        citation.reference.offset += (uint32_t)(in.data - text.data);
    } else {
        return DEPOSITARY_E_FORMAT;
    }
    *out = citation;
    return 0;
}
