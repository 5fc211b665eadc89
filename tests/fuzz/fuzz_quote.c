#define _GNU_SOURCE /* memmem */
/*
 * Quotes against texts: the input is a quote, a NUL, a text. VERBATIM only of bytes, FOLDED only where the oracle of tests/unit, which shares no code with src/text,
 * folds both to the same, DIFFERS with every difference named; what stands there is found; less work allowed never changes a verdict.
 */
#include "base/encode.h"
#include "text/quote.h"

#include <string.h>

#include "quote_oracle.h"
#undef HOLDS
#include "fuzz.h"

#define INPUT_MAX  65536
#define ORACLE_MAX 8000 /* bytes */

_Static_assert((int)NFC == (int)FOLD_NFC && (int)CASE == (int)FOLD_CASE && (int)ELLIPSIS == (int)FOLD_ELLIPSIS,
               "the oracle's folds are the room's");

static bool is_inside(struct span span, size_t len) {
    return span.offset <= len && span.length <= len - span.offset;
}

static bool is_ascii(struct bytes in) {
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] >= 0x80)
            return false;
    return true;
}

/* The oracle folds bytes with an end, and case by another table than Unicode's: what it cannot tell is left to the unit tests. */
static bool is_for_oracle(struct bytes in, unsigned folds) {
    return in.len < ORACLE_MAX && memchr(in.data, 0, in.len) == NULL && !(folds & FOLD_ELLIPSIS) &&
           (!(folds & FOLD_CASE) || is_ascii(in));
}

static void ask_oracle(struct bytes quote, struct bytes found, unsigned folds) {
    static struct string a, b;
    if (!is_for_oracle(quote, folds) || !is_for_oracle(found, folds))
        return;
    fold(&a, (const char *)quote.data, quote.len, folds, true);
    fold(&b, (const char *)found.data, found.len, folds, true);
    HOLDS(a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0);
}

static void judge_folded(const struct quote_match *match, struct bytes quote, struct bytes text) {
    struct bytes found = bytes_slice(text, match->span.offset, match->span.length);
    bool is_equal = false;
    HOLDS(match->folds != 0 && (match->folds & ~(2u * FOLD_ELLIPSIS - 1)) == 0);
    HOLDS(quote_equal(&is_equal, quote, text, match->span, match->folds) == 0 && is_equal);
    for (unsigned one = FOLD_NFC; one <= FOLD_ELLIPSIS; one <<= 1)
        if (match->folds & one)
            HOLDS(quote_equal(&is_equal, quote, text, match->span, match->folds & ~one) == 0 && !is_equal);
    ask_oracle(quote, found, match->folds);
}

static bool is_same(struct bytes quote, size_t quote_at, size_t quote_end, struct bytes text, size_t text_at,
                    size_t text_end) {
    return bytes_equal(bytes_slice(quote, quote_at, quote_end - quote_at),
                       bytes_slice(text, text_at, text_end - text_at));
}

static void judge_differs(const struct quote_match *match, struct bytes quote, struct bytes text) {
    size_t quote_at = 0, text_at = match->span.offset;
    const size_t text_end = text_at + match->span.length;
    HOLDS(match->differences_count > 0 && match->score >= 0 && match->score <= 1);
    for (size_t i = 0; i < match->differences_count; i++) {
        const struct difference *difference = &match->differences[i];
        HOLDS(is_inside(difference->quote, quote.len) && is_inside(difference->text, text.len));
        HOLDS(difference->quote.offset >= quote_at && difference->text.offset >= text_at);
        HOLDS(difference->quote.length + difference->text.length > 0);
        HOLDS(is_same(quote, quote_at, difference->quote.offset, text, text_at, difference->text.offset));
        quote_at = (size_t)difference->quote.offset + difference->quote.length;
        text_at = (size_t)difference->text.offset + difference->text.length;
        HOLDS(text_at <= text_end);
    }
    HOLDS(is_same(quote, quote_at, quote.len, text, text_at, text_end));
}

static void judge_match(const struct quote_match *match, struct bytes quote, struct bytes text) {
    HOLDS(is_inside(match->span, text.len));
    HOLDS(utf8_is_boundary(text, match->span.offset));
    HOLDS(utf8_is_boundary(text, match->span.offset + match->span.length));
    (void)span_cuts_word(text, match->span);
    HOLDS((match->verdict == VERDICT_FOLDED) == (match->folds != 0));
    if (match->verdict == VERDICT_VERBATIM)
        HOLDS(bytes_equal(bytes_slice(text, match->span.offset, match->span.length), quote));
    else if (match->verdict == VERDICT_FOLDED)
        judge_folded(match, quote, text);
    else
        judge_differs(match, quote, text);
}

/* With so much work, the same comes out, or that it was too much. */
static void try_bounded(const struct quote_matches *whole, struct bytes quote, struct bytes text, uint64_t work) {
    struct quote_work left = {work};
    struct quote_matches matches;
    int error = quote_find(&matches, quote, text, &left);
    HOLDS(error == 0 || error == DEPOSITARY_E_LIMIT);
    if (error == 0) {
        HOLDS(matches.count == whole->count);
        HOLDS(matches.count == 0 || matches.matches[0].verdict == whole->matches[0].verdict);
        quote_matches_free(&matches);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *cut = size > 0 ? memchr(data, 0, size) : NULL;
    struct quote_matches matches;
    if (cut == NULL || cut == data || size > INPUT_MAX)
        return 0;
    struct bytes quote = bytes_of(data, (size_t)(cut - data));
    struct bytes text = bytes_of(cut + 1, size - quote.len - 1);
    if (!utf8_valid(quote) || !utf8_valid(text)) {
        HOLDS(quote_find(&matches, quote, text, NULL) == DEPOSITARY_E_UTF8);
        return 0;
    }
    int error = quote_find(&matches, quote, text, NULL);
    HOLDS(error == 0 || (error == DEPOSITARY_E_LIMIT && quote.len > LIMIT_QUOTE));
    if (error != 0)
        return 0;
    for (size_t i = 0; i < matches.count; i++) {
        judge_match(&matches.matches[i], quote, text);
        HOLDS(matches.matches[i].verdict == matches.matches[0].verdict);
        HOLDS(i == 0 || matches.matches[i].span.offset > matches.matches[i - 1].span.offset);
    }
    if (text.len >= quote.len && memmem(text.data, text.len, quote.data, quote.len) != NULL)
        HOLDS(matches.count > 0 && matches.matches[0].verdict == VERDICT_VERBATIM);
    try_bounded(&matches, quote, text, 100 * (uint64_t)size);
    try_bounded(&matches, quote, text, (uint64_t)size);
    quote_matches_free(&matches);
    return 0;
}
