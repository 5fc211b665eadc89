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
/** The same for <dir>/keys/answer-key.next, which is to take over; DEPOSITARY_E_MISSING where it is not there, and create is false. */
MUST_USE int answer_key_open_next(struct answer_key *out, const char *dir, bool create, struct fault *fault);
/** Puts answer-key.next in the place of answer-key, durably; what was there is gone. */
MUST_USE int answer_key_promote(const char *dir, struct fault *fault);
void answer_key_close(struct answer_key *key);

/** When a key may seal, by its record. */
struct key_window {
    int64_t not_before; /* seconds; [not_before, not_after) */
    int64_t not_after;
};

/** The window of a key that is active in the register of that state. Errors as answer_key_check, but for the time. */
MUST_USE int answer_key_window(struct key_window *out, const uint8_t public_key[PUBLIC_KEY_LEN], struct ledger *ledger,
                               const struct ledger_state *state, struct fault *fault);

/**
 * 0 where the ledger says, as of that state, that the key seals at now_s. DEPOSITARY_E_KEY_RECORD: it has no record, or the ledger is empty.
 * DEPOSITARY_E_KEY_REVOKED, DEPOSITARY_E_KEY_WINDOW.
 */
MUST_USE int answer_key_check(const uint8_t public_key[PUBLIC_KEY_LEN], struct ledger *ledger,
                              const struct ledger_state *state, int64_t now_s, struct fault *fault);

#endif
