/*
 * What the services share when they answer: builders for the proofs that travel in messages, and faults turned into statuses.
 * Everything is made in the call's arena from the call's ledger state, so an answer is of one state. PROTOCOL.md sections 4 and 6.
 *
 * Builders return 0 and set their outputs, or an error code after they have set call->status: a handler that gets one calls its
 * closure with NULL and returns.
 */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "depositary/v1/proof.pb-c.h"
#include "server/server.h"

/**
 * Sets call->status from a fault; returns fault->error. The reason is the error's name without "E_" (RULE, CONFLICT, DAMAGED ...).
 * What is damaged or cannot be read or written goes into the log as well. The table stands in answer.c.
 */
int answer_fault(struct call *call, const struct fault *fault);
/** The same for a code without words. */
int answer_error(struct call *call, int error);

/** A copy in the arena; NULL, with the status set, where it is full. */
char *answer_text(struct call *call, struct bytes in);
MUST_USE int answer_bytes(struct call *call, struct bytes in, ProtobufCBinaryData *out);
/** Zeroed memory of the arena; NULL, with the status set, where it is full. */
void *answer_alloc(struct call *call, size_t size);

/** Hashes of a path, as messages carry them. */
MUST_USE int answer_path(struct call *call, const struct merkle_path *path, size_t *n, ProtobufCBinaryData **out);

/** The state that the call is answered from; *out is NULL where the client holds it (known_size is its size). 0: it is sent. */
MUST_USE int answer_ledger_state(struct call *call, uint64_t known_size, Depositary__V1__LedgerState **out);

/** A line of the register, by its index. */
MUST_USE int answer_register_line(struct call *call, size_t line_index, Depositary__V1__RegisterLine **out);

/** The neighbours in the register that prove that no line begins with `words` ("edition <id> "): 0, 1 or 2 of them. The caller
 * knows that there is no such line; DEPOSITARY_E_STATE, answered as INTERNAL, where there is one. */
MUST_USE int answer_absence(struct call *call, struct bytes words, size_t *n, Depositary__V1__RegisterLine ***out);

/**
 * The edition that is entry edition_index, with its path and the register's line of its text. parsed may be NULL; its views are
 * into the arena. DEPOSITARY_E_DAMAGED where the entry does not verify or is no edition.
 */
MUST_USE int answer_edition(struct call *call, uint64_t edition_index, Depositary__V1__EditionProof **out,
                            struct edition_record *parsed);

/** call_is_over, for between the items of a long answer. */
bool answer_is_late(struct call *call);

/** page_size of a request: 0 is `by_default`, more than LIMIT_PAGE is LIMIT_PAGE. False, with the status set, where it is negative. */
bool answer_page_size(struct call *call, int32_t page_size, unsigned by_default, unsigned *out);

#endif
