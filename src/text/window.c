/*
 * The sieve before an alignment. The number of letter triples that quote and window share bounds how alike they can be; counting
 * them while the window slides costs two table look-ups a letter. (Q-gram distance: Ukkonen 1992.)
 */
#include "text/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/skeleton.h"

#define TRIPLE       3
#define SHARED_NUM   3 /* a window must share 3/8 of the quote's triples */
#define SHARED_DEN   8
#define MARGIN_EXTRA 64 /* letters on either side, beside half a quote */
#define NO_TRIPLE    0u /* not one of the quote's */

/* The distinct triples of the quote; number 0 is kept for all others. */
struct triple {
    uint64_t key;
    uint32_t in_quote;
    uint32_t in_window;
};

struct triples {
    struct triple *table; /* by number */
    uint32_t count;
    uint32_t *slots;
    uint32_t slots_mask;
};

/* Skeleton by letters instead of bytes. */
struct letters {
    uint32_t *letters;
    uint32_t *source;
    size_t count;
};

static int letters_of(struct letters *out, struct bytes in) {
    struct folded bones;
    int error = skeleton_of(&bones, in);
    if (error != 0) {
        return error;
    }
    struct letters letters = {.letters = malloc((bones.len + 1) * sizeof *letters.letters),
                              .source = malloc((bones.len + 1) * sizeof *letters.source)};
    if (!letters.letters || !letters.source) {
        free(letters.letters);
        free(letters.source);
        folded_free(&bones);
        return DEPOSITARY_E_MEMORY;
    }
    for (size_t at = 0; at < bones.len;) {
        uint32_t c = 0;
        size_t len = utf8_next(&c, bytes_slice(bytes_of(bones.text, bones.len), at, UTF8_LEN_MAX));
        letters.letters[letters.count] = c;
        letters.source[letters.count++] = bones.source[at];
        at += len > 0 ? len : 1;
    }
    letters.source[letters.count] = (uint32_t)in.len;
    folded_free(&bones);
    *out = letters;
    return 0;
}

static void letters_free(struct letters *letters) {
    free(letters->letters);
    free(letters->source);
    *letters = (struct letters){0};
}

static uint64_t triple_key(const uint32_t *letters) {
    return (uint64_t)letters[0] << 42 | (uint64_t)letters[1] << 21 | letters[2];
}

static uint32_t *triple_slot(const struct triples *triples, uint64_t key) {
    uint32_t at = (uint32_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & triples->slots_mask;
    while (triples->slots[at] != NO_TRIPLE && triples->table[triples->slots[at]].key != key) {
        at = (at + 1) & triples->slots_mask;
    }
    return &triples->slots[at];
}

static int triples_make(struct triples *out, const struct letters *quote) {
    uint32_t slots = 64;
    while (slots < quote->count * 4) {
        slots *= 2;
    }
    struct triples triples = {.count = 1, .slots_mask = slots - 1};
    triples.slots = calloc(slots, sizeof *triples.slots);
    triples.table = calloc(quote->count + 1, sizeof *triples.table);
    if (!triples.slots || !triples.table) {
        free(triples.slots);
        free(triples.table);
        return DEPOSITARY_E_MEMORY;
    }
    for (size_t i = 0; i + TRIPLE <= quote->count; i++) {
        uint64_t key = triple_key(quote->letters + i);
        uint32_t *slot = triple_slot(&triples, key);
        if (*slot == NO_TRIPLE) {
            *slot = triples.count;
            triples.table[triples.count++].key = key;
        }
        triples.table[*slot].in_quote++;
    }
    *out = triples;
    return 0;
}

/* Keeps the best windows that do not overlap; a better one takes the place of those that it overlaps. */
static void windows_offer(struct windows *windows, struct window offer) {
    for (size_t i = 0; i < windows->count; i++) {
        const struct window *kept = &windows->items[i];
        if (offer.start < kept->end && kept->start < offer.end && kept->shared >= offer.shared) {
            return;
        }
    }
    size_t count = 0;
    for (size_t i = 0; i < windows->count; i++) {
        struct window kept = windows->items[i];
        if (offer.start >= kept.end || kept.start >= offer.end) {
            windows->items[count++] = kept;
        }
    }
    size_t at = count;
    while (at > 0 && windows->items[at - 1].shared < offer.shared) {
        at--;
    }
    if (at == WINDOWS_MAX) {
        windows->count = count;
        return;
    }
    count -= count == WINDOWS_MAX;
    memmove(&windows->items[at + 1], &windows->items[at], (count - at) * sizeof windows->items[0]);
    windows->items[at] = offer;
    windows->count = count + 1;
}

/* Offers every window, in letters of the text. */
static void slide(struct windows *windows, struct triples *triples, const struct letters *text, size_t width,
                  uint32_t least) {
    uint32_t shared = 0;
    for (size_t end = TRIPLE; end <= text->count; end++) {
        struct triple *entering = &triples->table[*triple_slot(triples, triple_key(text->letters + end - TRIPLE))];
        shared += entering->in_window++ < entering->in_quote;
        if (end > width) {
            struct triple *leaving =
                &triples->table[*triple_slot(triples, triple_key(text->letters + end - width - 1))];
            shared -= leaving->in_window-- <= leaving->in_quote;
        }
        if (shared >= least) {
            windows_offer(windows,
                          (struct window){.start = end > width ? end - width : 0, .end = end, .shared = shared});
        }
    }
}

/* Letters to bytes, wider by what an insertion may have moved out. */
static void widen(struct window *window, const struct letters *text, size_t width) {
    size_t margin = width / 2 + MARGIN_EXTRA;
    size_t start = window->start > margin ? window->start - margin : 0;
    size_t end = text->count - window->end > margin ? window->end + margin : text->count;
    window->start = start == 0 ? 0 : text->source[start];
    window->end = text->source[end];
}

int windows_find(struct windows *out, struct bytes quote, struct bytes text) {
    struct letters quote_letters = {0};
    struct letters text_letters = {0};
    struct triples triples = {0};
    struct windows windows = {0};
    int error = letters_of(&quote_letters, quote);
    if (error != 0 || quote_letters.count < TRIPLE) {
        letters_free(&quote_letters);
        *out = windows;
        return error;
    }
    error = letters_of(&text_letters, text);
    if (error == 0) {
        error = triples_make(&triples, &quote_letters);
    }
    if (error == 0) {
        size_t width = quote_letters.count;
        size_t total = width - TRIPLE + 1;
        slide(&windows, &triples, &text_letters, width, (uint32_t)((total * SHARED_NUM + SHARED_DEN - 1) / SHARED_DEN));
        for (size_t i = 0; i < windows.count; i++) {
            widen(&windows.items[i], &text_letters, width);
        }
        *out = windows;
    }
    free(triples.slots);
    free(triples.table);
    letters_free(&text_letters);
    letters_free(&quote_letters);
    return error;
}
