/*
 * The SP protocol on a byte stream: greetings, frames, and on the replier's side the trace of a request that its answer carries back. Pure. nanomsg RFCs
 * sp-tcp-mapping-01 and sp-request-reply-01; over ipc a frame has a byte more in front (sp-ipc-mapping).
 */
#ifndef SERVER_SP_H
#define SERVER_SP_H

#include "base/bytes.h"

#define SP_GREETING_LEN 8
#define SP_HEAD_MAX     9
#define SP_HOPS_MAX     8 /* devices between, as nng allows where nothing else is said */
#define SP_TRACE_MAX    (4 * (SP_HOPS_MAX + 1))

enum sp_carrier { SP_TCP, SP_IPC };

enum sp_role { SP_PUBLISHER = 0x20, SP_SUBSCRIBER = 0x21, SP_REQUESTER = 0x30, SP_REPLIER = 0x31 };

void sp_greeting(uint8_t out[SP_GREETING_LEN], enum sp_role role);
bool sp_is_greeting(const uint8_t greeting[SP_GREETING_LEN], enum sp_role role);

/** Bytes before what a frame carries, at most SP_HEAD_MAX. */
size_t sp_head_len(enum sp_carrier carrier);
/** Bytes that it carries, by its head. */
uint64_t sp_len(const uint8_t *head, enum sp_carrier carrier);

struct sp_request {
    size_t frame_len; /* of the whole frame */
    struct bytes trace;
    struct bytes body;
};

enum sp_read {
    SP_WHOLE,
    SP_PART,   /* more bytes are needed */
    SP_LOST,   /* went through too many devices, so it is passed over; only frame_len is set */
    SP_GARBAGE /* no frame of a request, or longer than `limit` */
};

/** The frame at the front of `in`; its parts point into it. limit: bytes of trace and body. */
enum sp_read sp_read(struct sp_request *out, struct bytes in, enum sp_carrier carrier, uint64_t limit);

/** Bytes of the frame of an answer. */
size_t sp_frame_len(enum sp_carrier carrier, size_t trace_len, size_t body_len);
/** Writes all of it but the body, whose place is returned. */
uint8_t *sp_frame_write(uint8_t *out, enum sp_carrier carrier, struct bytes trace, size_t body_len);

#endif
