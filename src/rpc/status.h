/* gRPC's status codes, and the google.rpc details that travel with them. PROTOCOL.md section 4. */
#ifndef RPC_STATUS_H
#define RPC_STATUS_H

#include "base/bytes.h"
#include "base/error.h"
#include "depositary/v1/rpc.pb-c.h"

enum status_code {
    STATUS_OK = 0,
    STATUS_CANCELLED = 1,
    STATUS_UNKNOWN = 2,
    STATUS_INVALID_ARGUMENT = 3,
    STATUS_DEADLINE_EXCEEDED = 4,
    STATUS_NOT_FOUND = 5,
    STATUS_ALREADY_EXISTS = 6,
    STATUS_PERMISSION_DENIED = 7,
    STATUS_RESOURCE_EXHAUSTED = 8,
    STATUS_FAILED_PRECONDITION = 9,
    STATUS_ABORTED = 10,
    STATUS_OUT_OF_RANGE = 11,
    STATUS_UNIMPLEMENTED = 12,
    STATUS_INTERNAL = 13,
    STATUS_UNAVAILABLE = 14,
    STATUS_DATA_LOSS = 15,
    STATUS_UNAUTHENTICATED = 16
};

/** "NOT_FOUND"; "CODE_99" style is never needed: codes outside 0 to 16 give "UNKNOWN". */
const char *status_name(int code);

/** What a handler says when it does not answer OK. All zero: OK. */
struct status {
    enum status_code code;
    char message[480];
    char reason[64];        /* ErrorInfo, "" for none */
    char field[64];         /* BadRequest, "" for none; its description is the message */
    int64_t retry_delay_ms; /* RetryInfo, 0 for none */
    struct buffer
        extra; /* further details, encoded google.protobuf.Any messages, each with its field tag; see status_add_detail */
};

/** Sets code, reason (may be NULL) and message; returns the code. */
int status_set(struct status *status, enum status_code code, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** INVALID_ARGUMENT for a field of the request message. */
int status_bad_field(struct status *status, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Adds a message as a further detail, "type.googleapis.com/<full name>". */
MUST_USE int status_add_detail(struct status *status, const ProtobufCMessage *message);
void status_clear(struct status *status);
/** Appends the encoded depositary.v1.Status; one writer ... */
MUST_USE int status_print(struct buffer *out, const struct status *status);

/** ... and one reader: what a client learns from a Status. Views into the message. */
struct status_view {
    int code;
    const char *message;
    const char *reason; /* "" for none */
    const char *field;
    int64_t retry_delay_ms; /* negative: not to be tried again */
};
/** The storage of reason and field is the arena's. */
struct arena;
MUST_USE int status_read(struct status_view *out, const Depositary__V1__Status *status, struct arena *arena);

#endif
