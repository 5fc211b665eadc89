/*
 * Keeps the answer key while the daemon runs: tells in time that it expires, and puts its successor in its place as soon as the ledger that is
 * served authorises that one (`depositaryd --print-next-key-request` makes it). PROTOCOL.md sections 1 and 3. A thread of its own.
 */
#ifndef SERVER_KEY_KEEPER_H
#define SERVER_KEY_KEEPER_H

#include "server/answer_key.h"
#include "server/server.h"

#define KEY_WARNING_S (14 * 86400) /* before its end a key is warned of */

struct key_keeper;

/** Takes the key over (it is then all zero), and sets server->key. dir is the data folder, copied. The sealer and the views are there. */
MUST_USE int key_keeper_start(struct key_keeper **out, const char *dir, struct answer_key *key, struct server *server,
                              struct fault *fault);
/** Stops the thread, which asks the sealer to change keys: before the sealer stops. NULL is fine. */
void key_keeper_stop(struct key_keeper *keeper);
/** Wipes the keys: after the sealer stopped. NULL is fine. */
void key_keeper_free(struct key_keeper *keeper);

/** Words on a key whose end is near, or "": "the answer key is good until 2026-01-01T00:00:00Z, 3 days". For /readyz. */
void key_keeper_words(struct key_keeper *keeper, char *out, size_t capacity);

#endif
