/*
 * The server half of a call: Request bytes in, Answer bytes out, through the generated service stubs. No network, no seal.
 * PROTOCOL.md section 4. Sibling of call.c.
 */
#ifndef RPC_DISPATCH_H
#define RPC_DISPATCH_H

#include "base/arena.h"
#include "rpc/method.h"
#include "rpc/status.h"

/** One call while it is being answered. Handlers find it from their service argument with call_of. */
struct call {
    const struct method *method; /* NULL until the request was read */
    struct arena *arena;         /* for the request and the response; gone after the call */
    uint64_t begun_ns;           /* monotonic: when the request was read; 0: it could not be */
    uint64_t deadline_ns;        /* monotonic; 0: none */
    const bool *is_gone;         /* atomic: nobody waits for the answer any more; NULL: nobody can tell */
    struct status status;        /* set by the handler when it does not answer OK */
    void *context;               /* the server's: see server/server.h */
    const char *traceparent;     /* W3C Trace Context, a valid one, or "" */
    const char *peer;            /* for the log */
};

/** Implementation of one service: the generated struct (its function pointers filled in) and its size. */
struct service_entry {
    const ProtobufCServiceDescriptor *descriptor;
    const ProtobufCService *service; /* a generated Xxx_Service, const */
    size_t size;                     /* sizeof that struct */
};

/**
 * The call that a handler's service argument belongs to. Handlers are not given `service_entry.service` itself but a copy of it, made for
 * the call in its arena, with a pointer to the call right before it.
 */
struct call *call_of(const void *service);

/**
 * Whether the work is for nothing: the deadline has passed, or the caller has gone; the status is set then. Asked before the handler is called;
 * a handler asks it between the steps of a long answer.
 */
bool call_is_over(struct call *call);

/** A generous cap for a call's arena: the largest request twice over, and the largest response twice over. */
#define CALL_ARENA_MAX (24u * 1024 * 1024)

/**
 * Reads the request, finds method and service, guards and unpacks the message, calls the handler, appends the encoded Answer
 * (status, message, metadata) to *answer. Every failure is an Answer with a status; the return value is non-zero only where memory ran out for even that.
 * A handler calls its closure once, with the response message or NULL; it may set call->status as well (NOT_FOUND with a message).
 * default_timeout_ns is used where the request has no timeout, and is the longest that is granted.
 * The caller sets arena, context, peer and is_gone of *call and zeroes the rest; afterwards call->status may be looked at, and needs no freeing.
 */
MUST_USE int dispatch(struct call *call, const struct service_entry *services, size_t count, struct bytes request,
                      uint64_t default_timeout_ns, struct buffer *answer);

/* The same in three steps, for a caller that looks between them, at a cache or at its own state; it ends with call_clean_up. */

/** Reads the request: method, deadline, traceparent, and the method's message, still encoded, in the arena. 0, or the status's code, which is set. */
MUST_USE int call_accept(struct call *call, struct bytes request, uint64_t default_timeout_ns, struct bytes *message);
/** Guards and unpacks the message and calls the handler; *response is the encoded response message, in the arena, or nothing. */
void call_handle(struct call *call, const struct service_entry *services, size_t count, struct bytes message,
                 struct bytes *response);
/** Appends the Answer of call->status and response. Non-zero only where memory ran out. */
MUST_USE int call_answer_print(struct buffer *answer, const struct call *call, struct bytes response);
/** The same up to where the response ends, of which tail_len bytes more are to follow; for a call without traceparent, whose answer ends there. */
MUST_USE int call_answer_begin(struct buffer *answer, const struct call *call, struct bytes response, size_t tail_len);
/** Frees what is not in the arena. */
void call_clean_up(struct call *call);

#endif
