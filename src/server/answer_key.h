/*
 * The answer key: what seals are signed with. Made at the first start, kept in DIR/keys/answer-key (0600, its folder 0700), in
 * guarded memory while the process lives. It can never vouch for text; a key record in the ledger authorises it. PROTOCOL.md sections 1 and 3.
 */
#ifndef SERVER_ANSWER_KEY_H
#define SERVER_ANSWER_KEY_H

#include "ledger/ledger.h"

struct answer_key {
    uint8_t public_key[PUBLIC_KEY_LEN];
    const uint8_t *secret_key; /* 64 bytes, libsodium's form; memory of sodium_malloc, read only */
};

/** Reads <dir>/keys/answer-key; makes it where it is not there. DEPOSITARY_E_PERMISSION, DEPOSITARY_E_FORMAT, DEPOSITARY_E_IO. */
MUST_USE int answer_key_open(struct answer_key *out, const char *dir, struct fault *fault);
void answer_key_close(struct answer_key *key);

/**
 * 0 where the ledger says, as of that state, that the key seals at now_s. DEPOSITARY_E_KEY_RECORD: it has no record, or the ledger is empty.
 * DEPOSITARY_E_KEY_REVOKED, DEPOSITARY_E_KEY_WINDOW.
 */
MUST_USE int answer_key_check(const uint8_t public_key[PUBLIC_KEY_LEN], struct ledger *ledger,
                              const struct ledger_state *state, int64_t now_s, struct fault *fault);

#endif
