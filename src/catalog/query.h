/*
 * The query language of SearchClauses: words, "phrases", prefix*, AND OR NOT, parentheses, NEAR(a b, n), a NEAR/n b.
 * Words side by side are joined by AND; NOT binds closest, then AND, then OR. Operators are written in capitals.
 */
#ifndef CATALOG_QUERY_H
#define CATALOG_QUERY_H

#include "catalog/tokenizer.h"

#define QUERY_NESTING_MAX  16u
#define QUERY_DISTANCE     10u /* of NEAR without a number */
#define QUERY_DISTANCE_MAX 1000u
#define QUERY_NEAR_MAX     8u /* words and phrases of one NEAR: FTS5 compares all their places in a text without a pause */

/**
 * Appends the query as an expression of FTS5 in which every word is quoted, so that nothing of the user's text is
 * syntax. DEPOSITARY_E_QUERY with the byte (from 1) and what is wrong there; LIMIT_QUERY and LIMIT_QUERY_TERMS hold.
 */
MUST_USE int query_print(struct buffer *out, struct bytes query, struct tokenizer *tokenizer, struct fault *fault);

/** Appends `text` as one FTS5 string; it must hold no '"', or each is doubled. */
void query_print_string(struct buffer *out, struct bytes text);

#endif
