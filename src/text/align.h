/* The best alignment of a quote's words with words that follow one another in a text. Pure. */
#ifndef TEXT_ALIGN_H
#define TEXT_ALIGN_H

#include "text/token.h"

/** Longer words (code points) are equal or different, never compared letter by letter. */
#define ALIGN_LETTERS_MAX 64u

enum pair_kind { PAIR_EQUAL, PAIR_ALIKE, PAIR_OTHER };

/** A token of the quote that stands against one of the text; by index, both increasing. Tokens in no pair stand alone. */
struct pair {
    uint32_t quote;
    uint32_t text;
    enum pair_kind kind;
};

struct alignment {
    struct pair *pairs;
    size_t count;
    uint64_t stands; /* letters of the quote that stand in equal and alike words */
    double score;    /* these as a part of all its letters, 0 to 1 */
};

/** One side of an alignment. */
struct aligned {
    struct bytes bytes;
    const struct token_list *tokens;
};

/**
 * Edit distance over words weighted by their letters, with a little more for each letter of the quote that does not stand; the
 * quote is aligned as a whole, the text from and to anywhere. Words are alike when at most a third of their letters differ, or one
 * letter of a short word, or when the quote begins or ends inside the text's word. Of places at one distance the one that is spelled
 * as the quote is wins.
 * Work and memory: at most 64 Mi cells of 2 bits; beyond that only a band around the middle of the text is looked at.
 */
MUST_USE int align(struct alignment *out, const struct aligned *quote, const struct aligned *text,
                   const struct vocabulary *vocabulary);
/** Cells that an alignment of so many tokens fills: what it costs. */
uint64_t align_cells(size_t quote_tokens, size_t text_tokens);
/** Pairs of distinct words, one of them the quote's, whose likeness it looks at. */
uint64_t align_likenesses(size_t quote_words, size_t words);
void alignment_free(struct alignment *alignment);

/** Edit distance of two strings of code points, each at most ALIGN_LETTERS_MAX long; anything above limit is limit + 1. */
uint32_t edit_distance(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len, uint32_t limit);
/** Decodes at most ALIGN_LETTERS_MAX code points; false, where there are more. */
bool letters_decode(uint32_t out[ALIGN_LETTERS_MAX], size_t *len, struct bytes in);

#endif
