/* Places of a quote under folds: a sieve of skeletons first, then the sets of folds from the smallest. PROTOCOL.md section 6. */
#include "text/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/search.h"
#include "text/skeleton.h"

#define FOLDS_COUNT 6u
#define FOLDS_ALL   ((1u << FOLDS_COUNT) - 1)

#define STEPS_OF_A_FOLD 7u /* a byte that is folded or made a skeleton costs as much as several that are read */

int match_add(struct match_list *list, struct quote_match match) {
    if (list->matches.count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        if (capacity > SIZE_MAX / sizeof match) {
            return DEPOSITARY_E_MEMORY;
        }
        struct quote_match *matches = realloc(list->matches.matches, capacity * sizeof match);
        if (!matches) {
            return DEPOSITARY_E_MEMORY;
        }
        list->matches.matches = matches;
        list->capacity = capacity;
    }
    list->matches.matches[list->matches.count++] = match;
    return 0;
}

static struct bytes folded_bytes(const struct folded *folded) {
    return bytes_of(folded->text, folded->len);
}

/* ---- one set of folds, in one stretch of the text */

/* A quote's pieces folded and made ready; without `ellipsis` the one piece is the whole quote. */
struct folded_pieces {
    struct folded *folded;
    struct needle *needles;
    size_t count;
};

static void folded_pieces_free(struct folded_pieces *pieces) {
    for (size_t i = 0; i < pieces->count; i++) {
        needle_free(&pieces->needles[i]);
        folded_free(&pieces->folded[i]);
    }
    free(pieces->needles);
    free(pieces->folded);
    *pieces = (struct folded_pieces){0};
}

/*
 * *searchable is false where the folded piece is nothing, or still has a space at an end although white space is folded (a soft
 * hyphen stood outside it): no place is equal to that by itself.
 */
static int folded_piece_add(struct folded_pieces *pieces, struct bytes piece, unsigned folds, bool *searchable) {
    struct folded folded;
    int error = fold_text(&folded, piece, folds, true);
    if (error != 0) {
        return error;
    }
    bool loose = folded.len == 0 || (folds & FOLD_WHITESPACE && trim(folded_bytes(&folded)).len != folded.len);
    if (loose) {
        folded_free(&folded);
        *searchable = false;
        return 0;
    }
    struct needle needle;
    error = needle_init(&needle, folded_bytes(&folded));
    if (error != 0) {
        folded_free(&folded);
        return error;
    }
    pieces->folded[pieces->count] = folded;
    pieces->needles[pieces->count] = needle;
    pieces->count++;
    return 0;
}

static int folded_pieces_make(struct folded_pieces *pieces, const struct bytes *items, size_t count, unsigned folds,
                              bool *searchable) {
    *pieces = (struct folded_pieces){0};
    *searchable = count > 0;
    if (count == 0) {
        return 0;
    }
    pieces->folded = calloc(count, sizeof *pieces->folded);
    pieces->needles = calloc(count, sizeof *pieces->needles);
    int error = pieces->folded && pieces->needles ? 0 : DEPOSITARY_E_MEMORY;
    for (size_t i = 0; i < count && error == 0 && *searchable; i++) {
        error = folded_piece_add(pieces, items[i], folds, searchable);
    }
    return error;
}

/* Whether the text can be cut at this byte of its fold: not within what came from one place of the source. */
static bool can_cut(const struct folded *text, size_t at) {
    return at == 0 || at == text->len || text->source[at] != text->source[at - 1];
}

/* The next place of a piece whose ends can be cut. */
static bool next_place(struct search *search, const struct folded *text, size_t *place) {
    while (search_next(search, place)) {
        if (can_cut(text, *place) && can_cut(text, *place + search->needle->bytes.len)) {
            return true;
        }
    }
    return false;
}

/* Start and end in folded text to a span of the source, without soft hyphens that were taken away after the last byte. */
static struct span source_span(const struct folded *folded, struct bytes source, size_t start, size_t end,
                               unsigned folds) {
    size_t from = folded->source[start];
    size_t to = folded->source[end];
    while (folds & FOLD_HYPHENS && to > from) {
        size_t before = utf8_before(source, to);
        if (utf8_at(source, before) != SOFT_HYPHEN) {
            break;
        }
        to = before;
    }
    return (struct span){.offset = (uint32_t)from, .length = (uint32_t)(to - from)};
}

struct attempt {
    struct match_list *list;
    struct bytes stretch;  /* of the text */
    size_t stretch_offset; /* in the text */
    unsigned folds;
};

static int add_place(const struct attempt *attempt, const struct folded *text, size_t start, size_t end) {
    struct span span = source_span(text, attempt->stretch, start, end, attempt->folds);
    span.offset += (uint32_t)attempt->stretch_offset;
    return match_add(attempt->list,
                     (struct quote_match){.verdict = VERDICT_FOLDED, .span = span, .folds = attempt->folds});
}

static int find_whole(const struct attempt *attempt, const struct needle *needle, const struct folded *text) {
    struct search search = {.needle = needle, .haystack = folded_bytes(text)};
    size_t place;
    while (next_place(&search, text, &place)) {
        int error = add_place(attempt, text, place, place + needle->bytes.len);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* The last place of the first piece in [from, bound), where one is known to begin at `from`. */
static size_t last_start(const struct needle *first, const struct folded *text, size_t from, size_t bound) {
    struct search search = {.needle = first, .haystack = bytes_of(text->text, bound), .at = from};
    size_t start = from;
    size_t place;
    while (next_place(&search, text, &place)) {
        start = place;
    }
    return start;
}

/* Pieces one after another from `from` on. */
static bool find_chain(const struct folded_pieces *pieces, const struct folded *text, size_t from, size_t *start,
                       size_t *end) {
    size_t first = 0;
    size_t second = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        struct search search = {.needle = &pieces->needles[i], .haystack = folded_bytes(text), .at = from};
        size_t place;
        if (!next_place(&search, text, &place)) {
            return false;
        }
        if (i == 0) {
            first = place;
        } else if (i == 1) {
            second = place;
        }
        from = place + pieces->needles[i].bytes.len;
    }
    *start = pieces->count > 1 ? last_start(&pieces->needles[0], text, first, second) : first;
    *end = from;
    return true;
}

static int find_pieces(const struct attempt *attempt, const struct folded_pieces *pieces, const struct folded *text) {
    size_t from = 0;
    size_t start;
    size_t end;
    while (find_chain(pieces, text, from, &start, &end)) {
        int error = add_place(attempt, text, start, end);
        if (error != 0) {
            return error;
        }
        from = end;
    }
    return 0;
}

static int try_folds(const struct attempt *attempt, struct bytes quote, const struct pieces *cut) {
    struct folded_pieces pieces;
    struct folded text = {0};
    bool searchable;
    bool ellipsis = (attempt->folds & FOLD_ELLIPSIS) != 0;
    const struct bytes *items = ellipsis ? cut->items : &quote;
    int error = folded_pieces_make(&pieces, items, ellipsis ? cut->count : 1, attempt->folds, &searchable);
    if (error == 0 && searchable) {
        error = fold_text(&text, attempt->stretch, attempt->folds, false);
    }
    if (error == 0 && searchable) {
        error = ellipsis ? find_pieces(attempt, &pieces, &text) : find_whole(attempt, &pieces.needles[0], &text);
    }
    folded_free(&text);
    folded_pieces_free(&pieces);
    return error;
}

/* ---- the sieve */

/* Where the skeletons say that a place may be: from the first to the last, with one letter more on either side. */
struct stretch {
    bool any;
    size_t start; /* in the text */
    size_t end;
};

/* Start and end in the skeleton; the letter before and the one after belong to the stretch, and what was dropped between. */
static void stretch_set(struct stretch *stretch, const struct folded *bones, struct bytes text, size_t start,
                        size_t end) {
    stretch->any = true;
    stretch->start = start == 0 ? 0 : bones->source[start - 1];
    stretch->end = text.len;
    if (end < bones->len) {
        uint32_t c;
        size_t after = bones->source[end];
        stretch->end = after + utf8_next(&c, bytes_slice(text, after, UTF8_LEN_MAX));
    }
}

/* First place of a needle from `from` on, and the last one where that is wanted (last not NULL). */
static int first_and_last(bool *found, struct bytes bone, struct bytes haystack, size_t from, size_t *first,
                          size_t *last) {
    struct needle needle;
    int error = needle_init(&needle, bone);
    if (error != 0) {
        return error;
    }
    struct search search = {.needle = &needle, .haystack = haystack, .at = from};
    *found = search_next(&search, first);
    if (last && *found) {
        *last = *first;
        while (search_next(&search, last)) {
        }
    }
    needle_free(&needle);
    return 0;
}

/*
 * Pieces in order (one piece: the whole quote). A piece without bones may stand anywhere: at an end it opens the stretch to that
 * end of the text.
 */
static int sieve(struct stretch *out, const struct bytes *items, size_t count, const struct folded *bones,
                 struct bytes text) {
    struct bytes haystack = folded_bytes(bones);
    struct stretch stretch = {.any = true, .start = 0, .end = text.len};
    size_t start = 0;
    size_t from = 0;
    size_t end = bones->len;
    int error = 0;
    for (size_t i = 0; i < count && stretch.any && error == 0; i++) {
        struct folded bone;
        error = skeleton_of(&bone, items[i]);
        if (error != 0) {
            break;
        }
        if (bone.len > 0) {
            size_t first = 0;
            size_t last = 0;
            bool final = i + 1 == count;
            error = first_and_last(&stretch.any, folded_bytes(&bone), haystack, from, &first, final ? &last : NULL);
            start = i == 0 ? first : start;
            end = final ? last + bone.len : end;
            from = first + bone.len;
        }
        folded_free(&bone);
    }
    if (error == 0 && stretch.any) {
        stretch_set(&stretch, bones, text, start, end);
    }
    *out = stretch;
    return error;
}

/* ---- all sets, the smallest first */

static unsigned set_size(unsigned folds) {
    unsigned size = 0;
    for (; folds != 0; folds &= folds - 1) {
        size++;
    }
    return size;
}

/* The order number of a set among those of its size: the set with an earlier name in it comes first. */
static unsigned set_reversed(unsigned number) {
    unsigned folds = 0;
    for (unsigned i = 0; i < FOLDS_COUNT; i++) {
        folds |= (number >> i & 1u) << (FOLDS_COUNT - 1 - i);
    }
    return folds;
}

/* The folds that can make a difference: a set with any other finds what the set without it finds. */
static int useful_folds(unsigned *out, struct bytes quote, const struct pieces *cut, struct bytes stretch) {
    unsigned in_quote;
    unsigned in_text;
    unsigned in_pieces = 0;
    int error = fold_effects(&in_quote, quote, true);
    if (error == 0) {
        error = fold_effects(&in_text, stretch, false);
    }
    for (size_t i = 0; i < cut->count && cut->marked && error == 0; i++) {
        unsigned in_piece;
        error = fold_effects(&in_piece, cut->items[i], true);
        in_pieces |= error == 0 ? in_piece : 0u;
    }
    if (error == 0) {
        *out = in_quote | in_text | in_pieces | (cut->marked ? (unsigned)FOLD_ELLIPSIS : 0u);
    }
    return error;
}

static int try_sets(struct match_list *list, struct bytes quote, const struct pieces *cut, struct bytes text,
                    const struct stretch *whole, const struct stretch *parts, struct quote_work *work) {
    struct stretch both = whole->any ? *whole : *parts;
    if (whole->any && parts->any) {
        both.start = whole->start < parts->start ? whole->start : parts->start;
        both.end = whole->end > parts->end ? whole->end : parts->end;
    }
    unsigned useful;
    int error = useful_folds(&useful, quote, cut, bytes_slice(text, both.start, both.end - both.start));
    for (unsigned size = 1; size <= FOLDS_COUNT && error == 0 && list->matches.count == 0; size++) {
        for (unsigned number = FOLDS_ALL; number > 0 && error == 0 && list->matches.count == 0; number--) {
            unsigned folds = set_reversed(number);
            const struct stretch *stretch = folds & FOLD_ELLIPSIS ? parts : whole;
            if (set_size(folds) != size || (folds & ~useful) != 0 || !stretch->any) {
                continue;
            }
            struct attempt attempt = {.list = list,
                                      .stretch = bytes_slice(text, stretch->start, stretch->end - stretch->start),
                                      .stretch_offset = stretch->start,
                                      .folds = folds};
            error = quote_work_spend(work, STEPS_OF_A_FOLD * attempt.stretch.len);
            error = error ? error : try_folds(&attempt, quote, cut);
        }
    }
    return error;
}

int match_folded(struct match_list *list, struct bytes quote, struct bytes text, struct quote_work *work) {
    struct folded bones = {0};
    struct pieces cut = {0};
    struct stretch whole = {0};
    struct stretch parts = {0};
    int error = quote_work_spend(work, STEPS_OF_A_FOLD * text.len);
    if (error == 0) {
        error = skeleton_of(&bones, text);
    }
    if (error == 0) {
        error = pieces_cut(&cut, quote);
    }
    if (error == 0) {
        error = sieve(&whole, &quote, 1, &bones, text);
    }
    if (error == 0 && cut.marked && cut.count > 0) {
        error = sieve(&parts, cut.items, cut.count, &bones, text);
    }
    if (error == 0 && (whole.any || parts.any)) {
        error = try_sets(list, quote, &cut, text, &whole, &parts, work);
    }
    pieces_free(&cut);
    folded_free(&bones);
    return error;
}
