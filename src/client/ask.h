/*
 * One call from question to judged answer: sending, trying again, and the further calls that a judgement needs (checkpoint, consistency, answer
 * key). PROTOCOL.md sections 5 and 8. Asynchronous: each step runs when the one before has ended, on a thread of the connection.
 */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include "client/answer.h"
#include "client/connect.h"
#include "client/courier.h"
#include "client/memory.h"
#include "client/pages.h"
#include "client/retry.h"

#include <pthread.h>

#define CALL_SLOTS 256u

struct ask;

struct depositary_client {
    depositary_policy *policy;
    struct connection *connection;
    struct courier *courier;
    struct retry_throttle throttle;
    unsigned attempts;
    bool is_waiting_for_ready;
    atomic_bool is_closing;
    atomic_uint_fast64_t calls_count; /* ever: their numbers */
    pthread_mutex_t calls_lock;       /* of calls */
    struct ask *calls[CALL_SLOTS];    /* those that can be cancelled, by their numbers */
    struct trust *trust;
    struct pages *pages;
    struct memory memory;
    uint32_t timeout_ms;
    uint32_t clock_tolerance_s;
    uint32_t max_age_s;
    bool for_office;
    pthread_mutex_t lock; /* of evidence */
    char evidence[4096];  /* file of a fork; set once, before trust is forked */
};

/** Told once; *answer is the listener's to free. On a thread of the connection, or of the caller where it fails at once. */
typedef void ask_done(void *context, struct depositary_answer *answer);

struct ask_options {
    uint64_t deadline_ns; /* monotonic */
    bool is_waiting_for_ready;
    struct bytes metadata; /* by call_metadata_print; copied */
    uint64_t number;       /* 0: cannot be cancelled */
};

/** Begins; the question is freed. done is told in every case; the answer is NULL only where there was no memory for one. */
void ask_start(struct depositary_client *client, struct depositary_question *question,
               const struct ask_options *options, ask_done *done, void *context);
/** Ends the call of that number, where there is one. It is told as every other. */
void ask_cancel(struct depositary_client *client, uint64_t number);

#endif
