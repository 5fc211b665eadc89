/*
 * A PostgreSQL database as the place where several daemons append to one ledger (ledger/shared.h), and as the source that each follows
 * (ledger/source.h). Without DEPOSITARY_POSTGRESQL, absent.c is built instead, and says so.
 */
#ifndef POSTGRES_POSTGRES_H
#define POSTGRES_POSTGRES_H

#include <stdbool.h>

#include "ledger/shared.h"
#include "ledger/source.h"

/** Whether this may be a --store: a URL that libpq reads, without a password in it. DEPOSITARY_E_ARGUMENT, in words that hold nothing of it. */
MUST_USE int postgres_check_url(const char *url, struct fault *fault);

/** Nothing is connected yet: each call connects where it has to. */
MUST_USE int postgres_shared_new(struct shared **out, const char *url, struct fault *fault);
MUST_USE int postgres_source_new(struct source **out, const char *url, struct fault *fault);

struct postgres_listener;
/** heard is told after each append that is committed, in a thread of its own; a standby cannot be listened to, and is not. */
MUST_USE int postgres_listener_start(struct postgres_listener **out, const char *url, void (*heard)(void *context),
                                     void *context, struct fault *fault);
void postgres_listener_stop(struct postgres_listener *listener); /* NULL is fine */

/** Whether a thread that was connecting when all of the above was stopped may be at it still: the process has to end by _exit. */
bool postgres_is_dialling(void);

#endif
