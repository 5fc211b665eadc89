/* The client half of a call: message to Request bytes, Response bytes to Answer. No network, no verification. Sibling of dispatch.c. */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include "base/arena.h"
#include "proof/seal.h"
#include "rpc/method.h"
#include "rpc/status.h"

/** What a Request holds beside its message. */
struct call_head {
    struct bytes nonce;
    uint64_t timeout_ms;   /* time left; 0: absent */
    struct bytes metadata; /* encoded fields, by call_metadata_print */
};

/** Appends the encoded Request. */
MUST_USE int call_print_head(struct buffer *out, const struct method *method, const ProtobufCMessage *message,
                             const struct call_head *head);
/** The same with a message that is encoded already. */
MUST_USE int call_print_encoded(struct buffer *out, const struct method *method, struct bytes message,
                                const struct call_head *head);
/** The same in short. timeout_ms 0: absent. traceparent NULL: absent. */
MUST_USE int call_print(struct buffer *out, const struct method *method, const ProtobufCMessage *message,
                        struct bytes nonce, uint64_t timeout_ms, const char *traceparent);

/**
 * Appends one pair of metadata, as a field of a Request. gRPC's rules: a key of a-z, 0-9, "_", "-" and ".", not beginning with "grpc-"; a value of any
 * bytes where the key ends in "-bin", else of printable ASCII; a traceparent as W3C Trace Context has it. DEPOSITARY_E_ARGUMENT.
 */
MUST_USE int call_metadata_print(struct buffer *out, struct bytes key, struct bytes value, struct fault *fault);

/** A Request read back, for receipts. Views into the input or the arena. */
struct call_request {
    const struct method *method;
    const ProtobufCMessage *message;
    struct bytes nonce;
};
MUST_USE int call_read(struct call_request *out, struct bytes request, struct arena *arena, struct fault *fault);

/** A Response taken apart: the answer's bytes and its seal, nothing verified. DEPOSITARY_E_RESPONSE, DEPOSITARY_E_SEAL_MISSING. */
MUST_USE int response_read(struct bytes *answer, struct seal *seal, struct bytes response, struct arena *arena,
                           struct fault *fault);
/** Appends an encoded Response. */
MUST_USE int response_print(struct buffer *out, struct bytes answer, const struct seal *seal);
/** The same into memory of the caller's: the bytes that it takes, and the writing of exactly them; */
size_t response_len(size_t answer_len, const struct seal *seal);
void response_write(uint8_t *at, struct bytes answer, const struct seal *seal);
/** and for an answer that lies in pieces: response_begin, the answer's bytes by the caller, response_end. */
uint8_t *response_begin(uint8_t *at, size_t answer_len);
void response_end(uint8_t *at, const struct seal *seal);

/** An Answer, read after its seal held. message is NULL where the answer has none and the status is not OK. */
struct call_answer {
    struct status_view status;
    const ProtobufCMessage *message; /* of method->output; NULL, too, where that is */
    struct bytes message_bytes;      /* as received */
    Depositary__V1__Metadata **metadata;
    size_t metadata_count;
    const Depositary__V1__Status *raw_status; /* NULL: OK */
};
MUST_USE int answer_read(struct call_answer *out, const struct method *method, struct bytes answer, struct arena *arena,
                         struct fault *fault);

#endif
