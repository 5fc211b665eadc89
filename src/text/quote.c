/* The verdict on a quote: bytes first, then folds, then the nearest place. PROTOCOL.md section 6, CheckQuote. */
#define _GNU_SOURCE /* memmem */
#include "text/quote.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/match.h"
#include "text/pieces.h"
#include "text/search.h"

/* ---- what it costs */

int quote_work_spend(struct quote_work *work, uint64_t steps) {
    if (!work) {
        return 0;
    }
    bool enough = steps <= work->left;
    work->left = enough ? work->left - steps : 0;
    return enough ? 0 : DEPOSITARY_E_LIMIT;
}

/* ---- verbatim */

static int match_verbatim(struct match_list *list, struct bytes quote, struct bytes text) {
    const uint8_t *first = text.len < quote.len ? NULL : memmem(text.data, text.len, quote.data, quote.len);
    if (!first) {
        return 0;
    }
    struct needle needle;
    int error = needle_init(&needle, quote);
    if (error != 0) {
        return error;
    }
    struct search search = {.needle = &needle, .haystack = text, .at = (size_t)(first - text.data)};
    size_t place;
    while (error == 0 && search_next(&search, &place)) {
        struct span span = {.offset = (uint32_t)place, .length = (uint32_t)quote.len};
        error = match_add(list, (struct quote_match){.verdict = VERDICT_VERBATIM, .span = span});
    }
    needle_free(&needle);
    return error;
}

/* ---- all three */

static int check_input(struct bytes quote, struct bytes text) {
    if (quote.len > LIMIT_QUOTE || text.len >= UINT32_MAX) {
        return DEPOSITARY_E_LIMIT;
    }
    return utf8_valid(quote) && utf8_valid(text) ? 0 : DEPOSITARY_E_UTF8;
}

static int add_faithful(struct match_list *list, struct bytes quote, struct bytes text, struct quote_work *work) {
    int error = match_verbatim(list, quote, text);
    return error != 0 || list->matches.count > 0 ? error : match_folded(list, quote, text, work);
}

typedef int add_matches(struct match_list *list, struct bytes quote, struct bytes text, struct quote_work *work);

static int add_any(struct match_list *list, struct bytes quote, struct bytes text, struct quote_work *work) {
    int error = add_faithful(list, quote, text, work);
    return error != 0 || list->matches.count > 0 ? error : match_nearest(list, quote, text, work);
}

static int find(struct quote_matches *out, struct bytes quote, struct bytes text, struct quote_work *work,
                add_matches *add) {
    struct match_list list = {0};
    int error = check_input(quote, text);
    if (error == 0) {
        error = quote_work_spend(work, text.len);
    }
    if (error == 0 && quote.len > 0 && text.len > 0) {
        error = add(&list, quote, text, work);
    }
    if (error != 0) {
        quote_matches_free(&list.matches);
        return error;
    }
    *out = list.matches;
    return 0;
}

int quote_find(struct quote_matches *out, struct bytes quote, struct bytes text, struct quote_work *work) {
    return find(out, quote, text, work, add_any);
}

int quote_find_faithful(struct quote_matches *out, struct bytes quote, struct bytes text, struct quote_work *work) {
    return find(out, quote, text, work, add_faithful);
}

int quote_find_nearest(struct quote_matches *out, struct bytes quote, struct bytes text, struct quote_work *work) {
    return find(out, quote, text, work, match_nearest);
}

void quote_matches_free(struct quote_matches *matches) {
    if (matches) {
        for (size_t i = 0; i < matches->count; i++) {
            free(matches->matches[i].differences);
        }
        free(matches->matches);
        *matches = (struct quote_matches){0};
    }
}

/* ---- equality under exactly these folds */

static bool folded_starts(const struct folded *text, size_t at, const struct folded *piece) {
    return bytes_starts_with(bytes_slice(bytes_of(text->text, text->len), at, text->len - at),
                             bytes_of(piece->text, piece->len));
}

/* The first piece at the start, the last at the end, the others between them in order. */
static int pieces_equal(bool *out, const struct pieces *pieces, const struct folded *text, unsigned folds) {
    size_t from = 0;
    bool equal = pieces->count > 0;
    for (size_t i = 0; i < pieces->count && equal; i++) {
        struct folded piece;
        int error = fold_text(&piece, pieces->items[i], folds, true);
        if (error != 0) {
            return error;
        }
        bool first = i == 0;
        bool last = i + 1 == pieces->count;
        size_t left = text->len - from;
        if (piece.len == 0 || piece.len > left || (first && last && piece.len != left)) {
            equal = false;
        } else if (last) {
            equal = folded_starts(text, text->len - piece.len, &piece);
        } else if (first) {
            equal = folded_starts(text, 0, &piece);
            from = piece.len;
        } else {
            const uint8_t *place = memmem(text->text + from, left, piece.text, piece.len);
            equal = place != NULL;
            from = place ? (size_t)(place - text->text) + piece.len : from;
        }
        folded_free(&piece);
    }
    *out = equal;
    return 0;
}

static int folded_equal(bool *out, struct bytes quote, struct bytes part, unsigned folds) {
    struct folded text = {0};
    struct folded whole = {0};
    struct pieces pieces = {0};
    int error = fold_text(&text, part, folds, true);
    if (error == 0 && folds & FOLD_ELLIPSIS) {
        error = pieces_cut(&pieces, quote);
        if (error == 0) {
            error = pieces_equal(out, &pieces, &text, folds);
        }
    } else if (error == 0) {
        error = fold_text(&whole, quote, folds, true);
        if (error == 0) {
            *out = whole.len > 0 && bytes_equal(bytes_of(whole.text, whole.len), bytes_of(text.text, text.len));
        }
    }
    pieces_free(&pieces);
    folded_free(&whole);
    folded_free(&text);
    return error;
}

int quote_equal(bool *out, struct bytes quote, struct bytes text, struct span span, unsigned folds) {
    const unsigned all = FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE | FOLD_ELLIPSIS;
    int error = check_input(quote, text);
    if (error != 0) {
        return error;
    }
    if ((folds & ~all) != 0) {
        return DEPOSITARY_E_ARGUMENT;
    }
    size_t end = (size_t)span.offset + span.length;
    if (end > text.len || !utf8_is_boundary(text, span.offset) || !utf8_is_boundary(text, end)) {
        *out = false;
        return 0;
    }
    struct bytes part = bytes_slice(text, span.offset, span.length);
    if (folds == 0) {
        *out = quote.len > 0 && bytes_equal(quote, part);
        return 0;
    }
    return folded_equal(out, quote, part, folds);
}

/* ---- words */

/* Whether a mark between two letters or digits keeps them one word, as in "China's" and "14,812" (UAX 29, in short). */
static bool joins_word(uint32_t before, uint32_t mark, uint32_t after) {
    bool digits = before >= '0' && before <= '9' && after >= '0' && after <= '9';
    if (mark == '.' || mark == ',') {
        return digits;
    }
    return (mark == '\'' || mark == 0x2019 || mark == SOFT_HYPHEN) && is_word(before) && is_word(after);
}

static bool cuts_word_at(struct bytes text, size_t at) {
    if (at == 0 || at >= text.len) {
        return false;
    }
    size_t before_at = utf8_before(text, at);
    uint32_t before = utf8_at(text, before_at);
    uint32_t after = utf8_at(text, at);
    if (is_unspaced(before) || is_unspaced(after)) {
        return false;
    }
    if (is_word(before) && is_word(after)) {
        return true;
    }
    uint8_t bytes[UTF8_LEN_MAX];
    uint32_t before_that = before_at == 0 ? CODE_POINT_NOWHERE : utf8_at(text, utf8_before(text, before_at));
    uint32_t after_that = utf8_at(text, at + utf8_put(bytes, after));
    return joins_word(before, after, after_that) || joins_word(before_that, before, after);
}

bool span_cuts_word(struct bytes text, struct span span) {
    return cuts_word_at(text, span.offset) || cuts_word_at(text, (size_t)span.offset + span.length);
}
