/* The eIds of one edition, to see that they are unique and that none is another's followed by "__". PROTOCOL.md section 2. */
#ifndef LEDGER_EIDS_H
#define LEDGER_EIDS_H

#include "ledger/table.h"

/** All zero: none. 40 to 120 bytes of memory for each eId, whatever its length. */
struct eids {
    struct table known; /* H(eId, or what stands before a "__" of one) -> what it is */
};

void eids_free(struct eids *eids);
/** Adds an eId (at most LIMIT_EID bytes). DEPOSITARY_E_RULE with the reason; then the edition is not valid in any order. */
MUST_USE int eids_add(struct eids *eids, struct bytes eid, struct fault *fault);

#endif
