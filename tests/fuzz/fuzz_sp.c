/*
 * Frames of a connection's stream. The first byte chooses the carrier, the second the seed of the pieces in which the stream comes; the rest is the stream. However it
 * is cut, the same requests come out of it, and an answer's frame carries the trace of its request back.
 */
#include "fuzz.h"
#include "server/sp.h"

#include <string.h>

#define STREAM_MAX 8192
#define LIMIT      4096 /* bytes of a message here */
#define FRAMES_MAX 512

struct frame {
    enum sp_read kind;
    size_t at;
    size_t trace;
    size_t body;
};

struct frames {
    struct frame frames[FRAMES_MAX];
    size_t count;
};

static void keep(struct frames *out, enum sp_read kind, size_t at, const struct sp_request *request) {
    struct frame frame = {.kind = kind, .at = at};
    if (kind == SP_WHOLE) {
        frame.trace = request->trace.len;
        frame.body = request->body.len;
    }
    if (out->count < FRAMES_MAX)
        out->frames[out->count++] = frame;
}

static void judge_frame(const struct sp_request *request, struct bytes at, enum sp_carrier carrier) {
    uint8_t answer[STREAM_MAX + 64];
    struct sp_request read;
    HOLDS(request->frame_len <= at.len);
    HOLDS(request->trace.len % 4 == 0 && request->trace.len >= 4 && request->trace.len <= SP_TRACE_MAX);
    HOLDS(request->trace.data + request->trace.len == request->body.data || request->body.len == 0);
    HOLDS(request->trace.len + request->body.len <= LIMIT);
    size_t len = sp_frame_len(carrier, request->trace.len, request->body.len);
    HOLDS(len == request->frame_len && len <= sizeof answer);
    uint8_t *body = sp_frame_write(answer, carrier, request->trace, request->body.len);
    HOLDS(body + request->body.len == answer + len);
    if (request->body.len > 0)
        memcpy(body, request->body.data, request->body.len);
    HOLDS(bytes_equal(bytes_of(answer, len), bytes_slice(at, 0, len)));
    HOLDS(sp_read(&read, bytes_of(answer, len), carrier, LIMIT) == SP_WHOLE);
    HOLDS(bytes_equal(read.trace, request->trace) && bytes_equal(read.body, request->body));
}

/* What a connection makes of so much of the stream from one place on; where it stopped. */
static size_t take_frames(struct frames *out, bool *is_over, struct bytes stream, size_t at, enum sp_carrier carrier) {
    while (!*is_over && at < stream.len) {
        struct sp_request request = {0};
        struct bytes rest = bytes_slice(stream, at, stream.len);
        enum sp_read kind = sp_read(&request, rest, carrier, LIMIT);
        if (kind == SP_PART)
            break;
        keep(out, kind, at, &request);
        *is_over = kind == SP_GARBAGE;
        if (kind == SP_WHOLE)
            judge_frame(&request, rest, carrier);
        HOLDS(*is_over || (request.frame_len > 0 && request.frame_len <= rest.len));
        at += *is_over ? 0 : request.frame_len;
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct frames whole, cut;
    uint8_t greeting[SP_GREETING_LEN];
    bool is_over = false;
    if (size < 2 || size > STREAM_MAX)
        return 0;
    const enum sp_carrier carrier = data[0] % 2 == 0 ? SP_TCP : SP_IPC;
    uint32_t chance = data[1];
    struct bytes stream = bytes_of(data + 2, size - 2);
    sp_greeting(greeting, SP_REPLIER);
    HOLDS(!sp_is_greeting(greeting, SP_REQUESTER));
    if (stream.len >= SP_GREETING_LEN)
        (void)sp_is_greeting(stream.data, SP_REQUESTER);
    whole.count = cut.count = 0;
    (void)take_frames(&whole, &is_over, stream, 0, carrier);
    is_over = false;
    for (size_t at = 0, come = 0; come < stream.len && !is_over;) {
        chance = chance * 1664525u + 1013904223u;
        come += 1 + (chance >> 16) % 37;
        /* Only so many bytes exist yet: in memory of their own, so that a read past them is seen. */
        size_t len = come < stream.len ? come : stream.len;
        uint8_t *piece = malloc(len);
        HOLDS(piece != NULL);
        memcpy(piece, stream.data, len);
        at = take_frames(&cut, &is_over, bytes_of(piece, len), at, carrier);
        free(piece);
    }
    /* Garbage may be told earlier, and is the end all the same. */
    HOLDS(whole.count == cut.count);
    HOLDS(memcmp(whole.frames, cut.frames, whole.count * sizeof whole.frames[0]) == 0);
    return 0;
}
