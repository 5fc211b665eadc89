/*
 * The thread on which callers are told of their calls: one at a time, in the order in which the calls ended, with no lock held. It is made with the
 * first asynchronous call. A callback may therefore ask again, wait for an answer, cancel, or free the client.
 */
#ifndef CLIENT_COURIER_H
#define CLIENT_COURIER_H

#include "base/error.h"
#include "depositary/client.h"

struct courier;

/** What one caller is to be told; made when the call begins, so that telling needs no memory. */
struct parcel {
    struct parcel *next;
    depositary_done *done;
    void *context;
    depositary_answer *answer; /* NULL: no memory for one */
};

MUST_USE int courier_new(struct courier **out);
/** A parcel for a call that begins; NULL without memory or a thread. It is the courier's again with courier_post. */
struct parcel *courier_expect(struct courier *courier, depositary_done *done, void *context);
void courier_post(struct courier *courier, struct parcel *parcel, depositary_answer *answer);
/** Whether this is its thread, so that the caller is a callback. */
bool courier_is_here(struct courier *courier);
/** Waits until every parcel that is expected was delivered. Not on its thread. */
void courier_wait(struct courier *courier);
/** Only on its thread: after the callback has returned, calls last(context), which ends with courier_close. */
void courier_leave(struct courier *courier, void (*last)(void *context), void *context);
/** Delivers what is left, ends the thread and frees. Every parcel has been posted. NULL is fine. */
void courier_close(struct courier *courier);

#endif
