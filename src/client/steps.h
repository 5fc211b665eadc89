/*
 * Proofs in words, step by step with every hash, so that a person can go the same way with sha256sum, base64 and openssl. PROTOCOL.md sections 2 and 3.
 * Used for answers (explain.c) and for certified copies (verify.c); no network.
 */
#ifndef CLIENT_STEPS_H
#define CLIENT_STEPS_H

#include "proof/note.h"

/** From a leaf to the root of a tree of `size` leaves: a line for each hash of the path, with what comes of it. The path was verified. */
void steps_path(struct buffer *out, const struct hash *leaf, uint64_t index, uint64_t size,
                const struct merkle_path *path);
/** The clause record, and the way from it to the edition's clauses-root. */
void steps_clause(struct buffer *out, struct bytes record, const struct clause_record *clause, uint64_t place,
                  const struct merkle_path *path, const struct edition_record *edition);
/** The edition record, and the way from it to the ledger's root. */
void steps_edition(struct buffer *out, struct bytes record, const struct edition_record *edition, uint64_t index,
                   const struct merkle_path *path, const struct checkpoint *checkpoint);
/** The note, line by line, and what is signed of it. */
void steps_checkpoint(struct buffer *out, struct bytes note);

/** Words, a hash in base64, words. */
void steps_hash(struct buffer *out, const char *before, const struct hash *hash, const char *after);

#endif
