/* Whether the service serves: the ledger can be read, the answer key is authorised, and nobody told it to stop. */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

#include "server/server.h"

/** 0, or an error code with the reason: DEPOSITARY_E_STATE when draining, the ledger's, or answer_key_check's. For that state of the ledger. */
MUST_USE int health_check(struct server *server, const struct ledger_state *state, struct fault *fault);

#endif
