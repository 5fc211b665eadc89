/*
 * What the answers of one ledger state have in common, made once and encoded: the state itself, and of each text the latest edition's record, its path, and the
 * register's line. Read from the ledger, which checks it, when it is first asked for. Bounded in bytes: another edition takes the place of one. Thread-safe.
 */
#ifndef SERVER_SHELF_H
#define SERVER_SHELF_H

#include "server/depositary_parts.h"
#include "server/piece.h"

struct shelf;

#define SHELF_RULES 4u

/** The latest edition of a text; counted, and immutable but for its rules. */
struct shelf_edition {
    struct edition_found found;  /* without its proof, as a message */
    struct piece *proof;         /* its EditionProof, encoded as the only one of a response's field `editions` */
    uint64_t rules[SHELF_RULES]; /* atomic; for shelf_guess */
    unsigned long holders;       /* for shelf.c */
};

/** An empty one. DEPOSITARY_E_MEMORY. */
MUST_USE int shelf_new(struct shelf **out, size_t capacity);
void shelf_free(struct shelf *shelf); /* NULL is fine */

/**
 * The edition that the register's line names, held once more for the caller. The state is the call's, and the shelf's; the line is an edition's. 0, or an error
 * code after call->status was set. *out is NULL where it is too large to be kept: it is to be read as if there were no shelf.
 */
MUST_USE int shelf_edition(struct shelf *shelf, struct call *call, size_t line, struct shelf_edition **out);
void shelf_edition_release(struct shelf_edition *edition); /* NULL is fine */
/**
 * Where the clause may stand, by where one stood whose eId differs in its last number alone: numbers mostly go with places. Only a guess: whoever takes it reads
 * the clause, and its record, which is proved, says whether it is the one; eIds are unique within an edition. False where there is none.
 */
MUST_USE bool shelf_guess(const struct shelf_edition *edition, const char *eid, uint64_t *place);
/** That the clause with this eId stands there. */
void shelf_learn(struct shelf_edition *edition, const char *eid, uint64_t place);
/** The state, as a response's field `ledger`, held once more. 0, or an error code after call->status was set. */
MUST_USE int shelf_ledger(struct shelf *shelf, struct call *call, struct piece **out);

#endif
