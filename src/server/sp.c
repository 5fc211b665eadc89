/* The SP protocol on a byte stream (sp.h). */
#include "server/sp.h"

#include <string.h>

#define LENGTH_LEN  8u
#define WORD_LEN    4u
#define IPC_MESSAGE 1u /* the first byte of a frame over ipc */

_Static_assert(SP_HEAD_MAX == 1 + LENGTH_LEN, "the longest head is that over ipc");

void sp_greeting(uint8_t out[SP_GREETING_LEN], enum sp_role role) {
    memcpy(out, (const uint8_t[]){0, 'S', 'P', 0, 0, (uint8_t)role, 0, 0}, SP_GREETING_LEN);
}

bool sp_is_greeting(const uint8_t greeting[SP_GREETING_LEN], enum sp_role role) {
    uint8_t wanted[SP_GREETING_LEN];
    sp_greeting(wanted, role);
    return memcmp(greeting, wanted, sizeof(wanted)) == 0;
}

size_t sp_head_len(enum sp_carrier carrier) {
    return (carrier == SP_IPC ? 1u : 0u) + LENGTH_LEN;
}

uint64_t sp_len(const uint8_t *head, enum sp_carrier carrier) {
    const size_t head_len = sp_head_len(carrier);
    uint64_t len = 0;
    for (size_t i = head_len - LENGTH_LEN; i < head_len; i++) {
        len = len << 8 | head[i];
    }
    return len;
}

/* Words up to the one with the highest bit, the requester's own number; 0: there is none, SIZE_MAX: too many before it. */
static size_t trace_len(struct bytes message) {
    for (size_t at = 0; at + WORD_LEN <= message.len; at += WORD_LEN) {
        if (at > WORD_LEN * SP_HOPS_MAX) {
            return SIZE_MAX;
        }
        if (message.data[at] & 0x80u) {
            return at + WORD_LEN;
        }
    }
    return 0;
}

enum sp_read sp_read(struct sp_request *out, struct bytes in, enum sp_carrier carrier, uint64_t limit) {
    const size_t head = sp_head_len(carrier);
    if (in.len > 0 && carrier == SP_IPC && in.data[0] != IPC_MESSAGE) {
        return SP_GARBAGE;
    }
    if (in.len < head) {
        return SP_PART;
    }
    const uint64_t len = sp_len(in.data, carrier);
    if (len > limit || len < WORD_LEN) {
        return SP_GARBAGE;
    }
    if (in.len - head < len) {
        return SP_PART;
    }
    const struct bytes message = bytes_of(in.data + head, (size_t)len);
    const size_t trace = trace_len(message);
    if (trace == 0) {
        return SP_GARBAGE;
    }
    out->frame_len = head + (size_t)len;
    if (trace == SIZE_MAX) {
        return SP_LOST;
    }
    out->trace = bytes_of(message.data, trace);
    out->body = bytes_of(message.data + trace, message.len - trace);
    return SP_WHOLE;
}

size_t sp_frame_len(enum sp_carrier carrier, size_t trace, size_t body_len) {
    return sp_head_len(carrier) + trace + body_len;
}

uint8_t *sp_frame_write(uint8_t *out, enum sp_carrier carrier, struct bytes trace, size_t body_len) {
    const uint64_t len = trace.len + body_len;
    if (carrier == SP_IPC) {
        *out++ = IPC_MESSAGE;
    }
    for (unsigned i = 0; i < LENGTH_LEN; i++) {
        *out++ = (uint8_t)(len >> (8 * (LENGTH_LEN - 1 - i)));
    }
    memcpy(out, trace.data, trace.len);
    return out + trace.len;
}
