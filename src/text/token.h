/* Words for alignment: a text cut into words and marks, each with the number of its skeleton. Pure. */
#ifndef TEXT_TOKEN_H
#define TEXT_TOKEN_H

#include "base/bytes.h"
#include "base/error.h"

/** A word, one character of a script without spaces, or one mark; white space stands between tokens. */
struct token {
    uint32_t offset; /* bytes */
    uint32_t length;
    uint32_t weight; /* code points of its skeleton, at least 1 */
    uint32_t word;   /* index into words; equal skeletons, equal words */
};

/** A distinct skeleton. */
struct word {
    struct bytes key;
    uint64_t letters; /* a set bit for each letter's hash: disjoint sets, different letters */
    uint32_t weight;
};

struct token_list {
    struct token *tokens;
    size_t count;
};

/** The words of two texts that are compared. */
struct vocabulary {
    struct word *words;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* open addressing, index + 1, 0 is free */
    size_t slots_count;
    void *keys[2]; /* what the words' keys point into */
    size_t keys_count;
};

/** Cuts a text (valid UTF-8 below 4 GiB) and numbers its words; at most two texts a vocabulary. Work: O(n). */
MUST_USE int tokens_of(struct token_list *out, struct vocabulary *vocabulary, struct bytes text);
void token_list_free(struct token_list *list);
void vocabulary_free(struct vocabulary *vocabulary);

#endif
