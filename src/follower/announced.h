/* Announcements of a source: a SUB0 socket, and a thread that is told of each. They are hints: what is announced is asked for again. */
#ifndef FOLLOWER_ANNOUNCED_H
#define FOLLOWER_ANNOUNCED_H

#include "base/error.h"

struct announced;

/** Checkpoints of this origin at an nng URL; heard is told of each, in a thread of its own. */
MUST_USE int announced_start(struct announced **out, const char *url, const char *origin, void (*heard)(void *context),
                             void *context, struct fault *fault);
void announced_stop(struct announced *announced); /* NULL is fine */

#endif
