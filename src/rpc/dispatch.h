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
    uint64_t deadline_ns;        /* monotonic; 0: none */
    struct status status;        /* set by the handler when it does not answer OK */
    void *context;               /* the server's: see server/server.h */
    const char *traceparent;     /* "" for none */
    const char *peer;            /* for the log */
};

/** Generated services are handed out wrapped, one a call, so that a handler finds its call. */
struct call_service {
    /* a generated *_Service struct follows `call` in memory: see dispatch.c */
    struct call *call;
};

/** Implementation of one service: the generated struct (its function pointers filled in) and its size. */
struct service_entry {
    const ProtobufCServiceDescriptor *descriptor;
    const ProtobufCService *service; /* a generated Xxx_Service, const */
    size_t size;                     /* sizeof that struct */
};

/** The call that a handler's service argument belongs to. */
struct call *call_of(const void *service);

/**
 * Reads the request, finds method and service, guards and unpacks the message, calls the handler, appends the encoded Answer
 * (status, message, metadata) to *answer. Every failure is an Answer with a status; the return value is non-zero only where memory ran out for even that.
 * A handler calls its closure once, with the response message or NULL; it may set call->status as well (NOT_FOUND with a message).
 * default_timeout_ns is used where the request has no timeout, and is the longest that is granted.
 */
MUST_USE int dispatch(struct call *call, const struct service_entry *services, size_t count, struct bytes request,
                      uint64_t default_timeout_ns, struct buffer *answer);

#endif
