/* Which words of a found text match a query: an auxiliary function of FTS5, and the way from words to bytes. */
#ifndef CATALOG_RANGES_H
#define CATALOG_RANGES_H

#include "catalog/tokenizer.h"
#include "text/structure.h"

#define RANGES_FUNCTION "depositary_ranges"

/** A run of tokens, counted from 0 in the order of the text. As it travels through SQLite: two words in host order. */
struct token_range {
    uint32_t first;
    uint32_t count;
};

/** Makes depositary_ranges(table) known: a blob of struct token_range, at most RANGES_MAX, in the order of the text. */
#define RANGES_MAX 256
MUST_USE int ranges_register(sqlite3 *db);

/** Where the ranges stand in the text, in bytes, in order; overlapping ones become one. The caller frees *out. */
MUST_USE int ranges_to_spans(struct span **out, size_t *count, struct tokenizer *tokenizer, struct bytes text,
                             const struct token_range *ranges, size_t ranges_count);

#endif
