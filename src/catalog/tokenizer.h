/*
 * How texts and queries are cut into words: runs of letters, digits and their marks, small and without accents (й and its kin are
 * letters of their own); Han, Kana and Hangul letter by letter, since they are written without spaces and a word of two of them must be
 * found. By Unicode's properties and nothing of SQLite's, so that an index does not depend on its version.
 */
#ifndef CATALOG_TOKENIZER_H
#define CATALOG_TOKENIZER_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/error.h"

#define TOKENIZER_NAME "depositary"

/** Makes the tokenizer known to FTS5 on this connection, by TOKENIZER_NAME. DEPOSITARY_E_IO where this SQLite has no
 * FTS5. */
MUST_USE int tokenizer_register(sqlite3 *db);

/** One for direct use, of one thread at a time; the connection must have it registered and outlive it. */
struct tokenizer;
MUST_USE int tokenizer_new(struct tokenizer **out, sqlite3 *db);
void tokenizer_free(struct tokenizer *tokenizer);

/** Told of each token, folded as it is indexed, and where it stands in the text, in bytes; not 0 ends the walk. */
typedef int token_sink(void *context, struct bytes token, size_t start, size_t end);
/** Walks the tokens of valid UTF-8 of at most INT_MAX bytes, in order; returns what the sink returned, or
 * DEPOSITARY_E_MEMORY. */
MUST_USE int tokenizer_walk(struct tokenizer *tokenizer, struct bytes text, token_sink *sink, void *context);

/** Whether a token is a letter that is never a part of a longer one. */
bool tokenizer_stands_alone(struct bytes token);

/** The connection's FTS5 interface; NULL where there is none. */
fts5_api *tokenizer_fts5(sqlite3 *db);

#endif
