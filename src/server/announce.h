/*
 * Announcements: a PUB0 socket whose message is the checkpoint's note, which proves itself; subscribers ask for origin and "\n". Said when the ledger has
 * grown, and again every few seconds, by who watches the doors, for subscribers that came late or missed one. PROTOCOL.md section 6.
 */
#ifndef SERVER_ANNOUNCE_H
#define SERVER_ANNOUNCE_H

#include "server/door.h"
#include "server/server.h"
#include "server/tls.h"

struct announcer;

/** Publishes at the URL what the server serves. tls may be NULL where the URL is not tls+tcp://. All of them outlive it. */
MUST_USE int announcer_start(struct announcer **out, const char *url, unsigned subscribers_max, struct server *server,
                             struct tls *tls, struct fault *fault);
void announcer_stop(struct announcer *announcer); /* NULL is fine */
/** Says the checkpoint that is served now; nothing while the ledger is empty. */
void announcer_say(struct announcer *announcer);
/** Gives new connections the certificate that tls has now. */
MUST_USE int announcer_retake_tls(struct announcer *announcer, struct fault *fault);
unsigned announcer_subscribers(const struct announcer *announcer);
/** For who watches the doors: it is tried as a subscriber, and that says the note to all. */
struct watched_door announcer_watched(struct announcer *announcer);

#endif
