/*
 * One connection of a stream door (stream.h). What keeps it: the reading (a receive that is under way, or held back), each call until its answer is sent or
 * given up, a write under way, and a flush that is asked for. When nothing does, it has ended.
 */
#include "server/stream.h"

#include "base/limits.h"
#include "rpc/call.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define IN_LEAST    16384u               /* bytes of the buffer for what comes */
#define IN_MOST     (LIMIT_SOCKET + 16u) /* a whole frame */
#define OUT_MOST    (SIZE_MAX / 2)       /* of what goes: bounded by who is read from */
#define OUT_KEPT    (64u * 1024)         /* bytes of a buffer that is kept when it is empty */
#define OUT_WAITS   (1024u * 1024)       /* with so many bytes to send nothing more is read */
#define CALLS_MOST  256u                 /* nor with so many calls on their way */
#define GREETING_MS 10000                /* for the greeting */
#define PART_MS     30000                /* for the next bytes of a frame that has begun */

/* A call, and what of its request the answer carries back. */
struct call_in_stream {
    struct serving serving;
    struct stream *stream;
    struct call_in_stream *next;
    size_t trace_len;
    uint8_t trace[SP_TRACE_MAX];
};

/* Calls in the order in which they came. */
struct calls {
    struct call_in_stream *first;
    struct call_in_stream **last;
};

struct stream {
    struct listener *listener;
    void (*ended)(struct stream *stream, void *context);
    void *context;
    struct stream *next; /* the owner's */
    nng_stream *wire;
    enum sp_carrier carrier;
    uint32_t pipe;
    nng_aio *receiving;
    nng_aio *sending;
    pthread_mutex_t posting; /* recursive; between giving nng something to do and closing: see may_post */
    bool is_cut;

    /* of whoever reads: one at a time */
    uint8_t *in;
    size_t in_at; /* of these bytes so many are done with */
    size_t in_len;
    size_t in_capacity;
    bool is_greeted;
    bool is_pausing; /* of the aio: it waits, it does not receive */

    pthread_mutex_t lock; /* over what follows */
    unsigned holders;
    unsigned calls; /* on their way */
    bool is_closed;
    bool is_held_back; /* nothing is received; who makes room begins again */
    bool is_sending;
    bool is_flush_due;
    struct buffer out; /* answers that wait */
    struct calls out_calls;
    struct buffer going; /* what is being sent; the sender's */
    struct calls going_calls;
    size_t gone_len; /* of it */
    struct call_in_stream *idle;
    struct after_batch flush;
};

static void calls_clear(struct calls *calls) {
    calls->first = NULL;
    calls->last = &calls->first;
}

static void calls_add(struct calls *calls, struct call_in_stream *call) {
    call->next = NULL;
    *calls->last = call;
    calls->last = &call->next;
}

/* All of them, off the list. */
static struct call_in_stream *calls_take(struct calls *calls) {
    struct call_in_stream *first = calls->first;
    calls_clear(calls);
    return first;
}

/* ---- what keeps it */

static void release(struct stream *stream, unsigned count) {
    pthread_mutex_lock(&stream->lock);
    stream->holders -= count;
    bool is_last = stream->holders == 0;
    pthread_mutex_unlock(&stream->lock);
    if (is_last) {
        stream->ended(stream, stream->context);
    }
}

bool stream_hold(struct stream *stream) {
    pthread_mutex_lock(&stream->lock);
    bool is_open = !stream->is_closed;
    stream->holders += is_open;
    pthread_mutex_unlock(&stream->lock);
    return is_open;
}

void stream_release(struct stream *stream) {
    release(stream, 1);
}

/* Calls that are over; returns how many holds they leave. */
static unsigned end_calls(struct stream *stream, struct call_in_stream *first, bool are_sent) {
    unsigned count = 0;
    struct call_in_stream *last = NULL;
    for (struct call_in_stream *call = first; call; call = call->next) {
        if (are_sent) {
            connection_sent(call->serving.connection);
        }
        serving_end(&call->serving);
        last = call;
        count++;
    }
    if (last) {
        pthread_mutex_lock(&stream->lock);
        last->next = stream->idle;
        stream->idle = first;
        stream->calls -= count;
        pthread_mutex_unlock(&stream->lock);
    }
    return count;
}

void stream_close(struct stream *stream) {
    pthread_mutex_lock(&stream->lock);
    bool is_first = !stream->is_closed;
    bool was_held_back = stream->is_held_back;
    struct call_in_stream *given_up = NULL;
    if (is_first) {
        stream->is_closed = true;
        stream->is_held_back = false;
        given_up = calls_take(&stream->out_calls);
        stream->holders++; /* until this is over */
    }
    pthread_mutex_unlock(&stream->lock);
    if (!is_first) {
        return;
    }
    pthread_mutex_lock(&stream->posting);
    stream->is_cut = true;
    pthread_mutex_unlock(&stream->posting);
    peers_disconnect(stream->listener->parts.peers, stream->pipe);
    nng_stream_close(stream->wire);
    release(stream, end_calls(stream, given_up, false) + (was_held_back ? 1 : 0) + 1);
}

/* ---- answers */

/*
 * nng 1.5.2 never ends what it is given for a connection that has been closed: a receive would hold the stream for ever. So nothing is given after the
 * cut. True: give it, then unlock `posting`.
 */
static bool may_post(struct stream *stream) {
    pthread_mutex_lock(&stream->posting);
    if (stream->is_cut) {
        pthread_mutex_unlock(&stream->posting);
        return false;
    }
    return true;
}

static void set_iov(nng_aio *aio, void *data, size_t len) {
    nng_iov iov = {.iov_buf = data, .iov_len = len};
    nng_aio_set_iov(aio, 1, &iov);
}

/* One write for all that waits; returns false where there is nothing to do. Under the lock; the caller calls send_on after it. */
static bool take_to_send(struct stream *stream) {
    if (stream->is_sending || stream->is_closed || stream->out.len == 0) {
        return false;
    }
    struct buffer empty = stream->going;
    stream->going = stream->out;
    stream->out = empty;
    stream->going_calls.first = calls_take(&stream->out_calls); /* a list that is only taken needs no end */
    stream->gone_len = 0;
    stream->is_sending = true;
    stream->holders++;
    return true;
}

static void send_failed(struct stream *stream, int error);

static void send_on(struct stream *stream) {
    const struct call_in_stream *first = stream->going_calls.first;
    bool is_busy = first && connection_is_busy(stream->listener->parts.peers, first->serving.connection);
    nng_aio_set_timeout(stream->sending, is_busy ? LISTENER_SEND_BUSY_MS : LISTENER_SEND_MS);
    set_iov(stream->sending, stream->going.data + stream->gone_len, stream->going.len - stream->gone_len);
    if (!may_post(stream)) {
        send_failed(stream, NNG_ECLOSED);
        return;
    }
    nng_stream_send(stream->wire, stream->sending);
    pthread_mutex_unlock(&stream->posting);
}

static void flush(struct after_batch *after) {
    struct stream *stream = (struct stream *)((char *)after - offsetof(struct stream, flush));
    pthread_mutex_lock(&stream->lock);
    stream->is_flush_due = false;
    bool is_taken = take_to_send(stream);
    pthread_mutex_unlock(&stream->lock);
    if (is_taken) {
        send_on(stream);
    }
    release(stream, 1);
}

/* Into the buffer; false: no memory. */
static bool write_answer(struct stream *stream, const struct call_in_stream *call, const struct answer *answer,
                         const struct seal *seal) {
    const size_t body_len = response_len(answer->len, seal);
    uint8_t *at = buffer_extend(&stream->out, sp_frame_len(stream->carrier, call->trace_len, body_len));
    if (!at) {
        return false;
    }
    at = sp_frame_write(at, stream->carrier, bytes_of(call->trace, call->trace_len), body_len);
    response_end(answer_write(response_begin(at, answer->len), answer), seal);
    return true;
}

/* From the sealer: the answers of a batch wait for its end, so that one write takes them. */
static void answered(struct serving *serving, const struct answer *answer, const struct seal *seal) {
    struct call_in_stream *call = (struct call_in_stream *)((char *)serving - offsetof(struct call_in_stream, serving));
    struct stream *stream = call->stream;
    struct sealer *sealer = serving->parts->exchanger->server->sealer;
    pthread_mutex_lock(&stream->lock);
    bool is_written = !stream->is_closed && write_answer(stream, call, answer, seal);
    bool is_broken = !stream->is_closed && !is_written;
    serving_leave(serving); /* once it is in the list the call may be sent, over, and another */
    if (is_written) {
        calls_add(&stream->out_calls, call);
        if (!stream->is_flush_due) {
            stream->is_flush_due = true;
            stream->holders++;
            sealer_after_batch(sealer, &stream->flush);
        }
    }
    pthread_mutex_unlock(&stream->lock);
    if (is_broken) { /* an answer that is missing would be waited for */
        stream_close(stream);
    }
    if (!is_written) {
        call->next = NULL;
        release(stream, end_calls(stream, call, false));
    }
}

static void go_on_reading(struct stream *stream);

static void dropped(struct serving *serving) {
    struct call_in_stream *call = (struct call_in_stream *)((char *)serving - offsetof(struct call_in_stream, serving));
    struct stream *stream = call->stream;
    serving_leave(serving);
    call->next = NULL;
    unsigned holds = end_calls(stream, call, false);
    go_on_reading(stream); /* it may have been the last that reading waited for */
    release(stream, holds);
}

static const struct serving_ops serving_ops = {.answered = answered, .dropped = dropped};

/* ---- requests */

static struct call_in_stream *call_take(struct stream *stream) {
    pthread_mutex_lock(&stream->lock);
    struct call_in_stream *call = stream->is_closed ? NULL : stream->idle;
    if (call) {
        stream->idle = call->next;
    }
    pthread_mutex_unlock(&stream->lock);
    if (!call && (call = calloc(1, sizeof(*call)))) {
        call->stream = stream;
        call->serving =
            (struct serving){.ops = &serving_ops, .parts = &stream->listener->parts, .calls = &stream->listener->calls};
    }
    return call;
}

enum progress { PROGRESS_MORE, PROGRESS_PAUSE, PROGRESS_HELD_BACK, PROGRESS_GARBAGE };

/* PROGRESS_GARBAGE: the connection is to be closed; PROGRESS_PAUSE: the call was refused, and nothing is to be read for a while. */
static enum progress begin_call(struct stream *stream, const struct sp_request *request) {
    struct call_in_stream *call = call_take(stream);
    if (!call) {
        return PROGRESS_GARBAGE;
    }
    if (!serving_hold(&call->serving, stream->pipe)) {
        free(call);
        return PROGRESS_GARBAGE;
    }
    if (connection_is_stalled(stream->listener->parts.peers, call->serving.connection)) {
        serving_tell_stalled(&call->serving);
        serving_end(&call->serving);
        free(call);
        return PROGRESS_GARBAGE;
    }
    call->trace_len = request->trace.len;
    memcpy(call->trace, request->trace.data, request->trace.len);
    pthread_mutex_lock(&stream->lock);
    stream->holders++;
    stream->calls++;
    pthread_mutex_unlock(&stream->lock);
    return serving_begin(&call->serving, request->body) ? PROGRESS_MORE : PROGRESS_PAUSE;
}

/* Under the lock. */
static bool has_room(const struct stream *stream) {
    return stream->calls < CALLS_MOST && stream->out.len + (stream->is_sending ? stream->going.len : 0) < OUT_WAITS;
}

/* Whether to go on reading; else it is held back, and who makes room begins again. */
static bool may_read(struct stream *stream) {
    pthread_mutex_lock(&stream->lock);
    bool may = has_room(stream) || stream->is_closed;
    stream->is_held_back = !may;
    pthread_mutex_unlock(&stream->lock);
    return may;
}

/* Room for more of what comes, behind what is not done with: twice as much as has come. */
static bool make_room(struct stream *stream) {
    if (stream->in_at > 0) {
        stream->in_len -= stream->in_at;
        memmove(stream->in, stream->in + stream->in_at, stream->in_len);
        stream->in_at = 0;
    }
    size_t wanted = stream->in_capacity;
    if (stream->in_len == stream->in_capacity) {
        wanted = wanted < IN_LEAST ? IN_LEAST : wanted * 2 < IN_MOST ? wanted * 2 : IN_MOST;
    } else if (stream->in_len == 0 && stream->in_capacity > IN_LEAST) {
        wanted = IN_LEAST;
    }
    if (wanted == stream->in_capacity) {
        return stream->in_len < stream->in_capacity;
    }
    uint8_t *in = realloc(stream->in, wanted);
    if (!in) {
        return false;
    }
    stream->in = in;
    stream->in_capacity = wanted;
    return true;
}

static void receive(struct stream *stream) {
    bool is_between = stream->is_greeted && stream->in_len == 0;
    nng_aio_set_timeout(stream->receiving, is_between           ? NNG_DURATION_INFINITE
                                           : stream->is_greeted ? PART_MS
                                                                : GREETING_MS);
    set_iov(stream->receiving, stream->in + stream->in_len, stream->in_capacity - stream->in_len);
    if (!may_post(stream)) {
        release(stream, 1);
        return;
    }
    nng_stream_recv(stream->wire, stream->receiving);
    pthread_mutex_unlock(&stream->posting);
}

/* Reading goes on after it; what comes meanwhile waits, at last at the sender. */
static void pause(struct stream *stream) {
    stream->is_pausing = true;
    nng_aio_set_timeout(stream->receiving, NNG_DURATION_INFINITE);
    nng_sleep_aio(SERVING_REFUSED_MS, stream->receiving);
}

static enum progress take_greeting(struct stream *stream) {
    if (stream->in_len < SP_GREETING_LEN) {
        return PROGRESS_MORE;
    }
    if (!sp_is_greeting(stream->in, SP_REQUESTER)) {
        return PROGRESS_GARBAGE;
    }
    stream->is_greeted = true;
    stream->in_at = SP_GREETING_LEN;
    return PROGRESS_MORE;
}

/* Requests, as far as they are whole. Held back, the reader's part of the stream may be another's already. */
static enum progress take_requests(struct stream *stream) {
    for (;;) {
        struct sp_request request;
        struct bytes in = bytes_of(stream->in + stream->in_at, stream->in_len - stream->in_at);
        enum sp_read read = sp_read(&request, in, stream->carrier, LIMIT_SOCKET);
        if (read == SP_PART) {
            return PROGRESS_MORE;
        }
        enum progress progress = read == SP_WHOLE     ? begin_call(stream, &request)
                                 : read == SP_GARBAGE ? PROGRESS_GARBAGE
                                                      : PROGRESS_MORE;
        if (progress == PROGRESS_GARBAGE) {
            return progress;
        }
        stream->in_at += request.frame_len;
        if (!may_read(stream)) {
            return PROGRESS_HELD_BACK;
        }
        if (progress == PROGRESS_PAUSE) {
            return progress;
        }
    }
}

/* The reader's turn: takes in what is there, and asks for more. */
static void read_on(struct stream *stream) {
    enum progress progress = stream->is_greeted ? PROGRESS_MORE : take_greeting(stream);
    if (progress == PROGRESS_MORE && stream->is_greeted) {
        progress = take_requests(stream);
    }
    if (progress == PROGRESS_HELD_BACK) {
        return;
    }
    if (progress == PROGRESS_PAUSE) {
        pause(stream);
        return;
    }
    if (progress == PROGRESS_GARBAGE || !make_room(stream)) {
        stream_close(stream);
        release(stream, 1);
        return;
    }
    receive(stream);
}

/* Where reading was held back, and there is room now. */
static void go_on_reading(struct stream *stream) {
    pthread_mutex_lock(&stream->lock);
    bool begins_again = stream->is_held_back && has_room(stream);
    if (begins_again) {
        stream->is_held_back = false;
    }
    pthread_mutex_unlock(&stream->lock);
    if (begins_again) {
        read_on(stream);
    }
}

static void received(void *context) {
    struct stream *stream = context;
    if (nng_aio_result(stream->receiving) != 0) {
        stream_close(stream);
        release(stream, 1);
        return;
    }
    stream->in_len += stream->is_pausing ? 0 : nng_aio_count(stream->receiving);
    stream->is_pausing = false;
    read_on(stream);
}

/* ---- what was sent */

static void keep_or_free(struct buffer *buffer) {
    if (buffer->capacity > OUT_KEPT) {
        buffer_free(buffer);
    }
    buffer_clear(buffer);
}

/* All of it: the calls are over, and what was held back can go on. */
static void sent_all(struct stream *stream) {
    unsigned holds = end_calls(stream, calls_take(&stream->going_calls), true);
    pthread_mutex_lock(&stream->lock);
    keep_or_free(&stream->going); /* whoever asks for room counts it until it is no longer being sent */
    stream->is_sending = false;
    bool is_taken = take_to_send(stream);
    pthread_mutex_unlock(&stream->lock);
    if (is_taken) {
        send_on(stream);
    }
    go_on_reading(stream);
    release(stream, holds + 1);
}

static void send_failed(struct stream *stream, int error) {
    if (error == NNG_ETIMEDOUT && stream->going_calls.first) {
        serving_tell_stalled(&stream->going_calls.first->serving);
    }
    stream_close(stream);
    release(stream, end_calls(stream, calls_take(&stream->going_calls), false) + 1);
}

static void sent(void *context) {
    struct stream *stream = context;
    int error = nng_aio_result(stream->sending);
    if (error != 0) {
        send_failed(stream, error);
        return;
    }
    stream->gone_len += nng_aio_count(stream->sending);
    if (stream->gone_len < stream->going.len) {
        send_on(stream);
    } else {
        sent_all(stream);
    }
}

/* ---- begin and end */

int stream_new(struct stream **out, nng_stream *wire, uint32_t pipe, enum sp_carrier carrier, struct listener *listener,
               void (*ended)(struct stream *stream, void *context), void *context) {
    pthread_mutexattr_t recursive; /* nng may tell of the end of something within giving it */
    struct stream *stream = calloc(1, sizeof(*stream));
    if (!stream) {
        peers_disconnect(listener->parts.peers, pipe);
        nng_stream_free(wire);
        return DEPOSITARY_E_MEMORY;
    }
    pthread_mutex_init(&stream->lock, NULL);
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&stream->posting, &recursive);
    pthread_mutexattr_destroy(&recursive);
    stream->listener = listener;
    stream->ended = ended;
    stream->context = context;
    stream->wire = wire;
    stream->carrier = carrier;
    stream->pipe = pipe;
    stream->flush.run = flush;
    stream->is_sending = true;
    stream->holders = 2; /* the greeting that is sent first, and the reading */
    calls_clear(&stream->out_calls);
    calls_clear(&stream->going_calls);
    buffer_init(&stream->out, OUT_MOST);
    buffer_init(&stream->going, OUT_MOST);
    uint8_t *greeting = buffer_extend(&stream->going, SP_GREETING_LEN);
    if (!greeting || nng_aio_alloc(&stream->receiving, received, stream) != 0 ||
        nng_aio_alloc(&stream->sending, sent, stream) != 0 || !make_room(stream)) {
        peers_disconnect(listener->parts.peers, pipe);
        stream_free(stream);
        return DEPOSITARY_E_MEMORY;
    }
    sp_greeting(greeting, SP_REPLIER);
    *out = stream;
    return 0;
}

void stream_start(struct stream *stream) {
    send_on(stream);
    receive(stream);
}

void stream_free(struct stream *stream) {
    if (!stream) {
        return;
    }
    nng_aio_free(stream->receiving);
    nng_aio_free(stream->sending);
    nng_stream_free(stream->wire);
    while (stream->idle) {
        struct call_in_stream *call = stream->idle;
        stream->idle = call->next;
        free(call);
    }
    buffer_free(&stream->out);
    buffer_free(&stream->going);
    free(stream->in);
    pthread_mutex_destroy(&stream->posting);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

struct stream **stream_next(struct stream *stream) {
    return &stream->next;
}
