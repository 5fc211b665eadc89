/*
 * One connection of a stream door: bytes in, taken apart into requests; answers, gathered into one write. Bounded on every side: a frame is believed only as
 * far as its bytes have come, who does not read is not read from, and is let go in the end. PROTOCOL.md sections 4 and 9.
 */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include "server/listener_private.h"
#include "server/sp.h"

struct stream;

/** Takes the connection over, in any case; `pipe` is its number among the peers, who have welcomed it. ended: told once, when nothing of it is under way any
 *  more, from a thread in which stream_free must not be called. DEPOSITARY_E_MEMORY: it is closed. */
MUST_USE int stream_new(struct stream **out, nng_stream *wire, uint32_t pipe, enum sp_carrier carrier,
                        struct listener *listener, void (*ended)(struct stream *stream, void *context), void *context);
/** Begins to read. */
void stream_start(struct stream *stream);
/** Ends it soon; from any thread, any number of times. */
void stream_close(struct stream *stream);
/** For who goes through a list of them: holds one that is open; false where it is closed. */
MUST_USE bool stream_hold(struct stream *stream);
void stream_release(struct stream *stream);
/** After it has ended. */
void stream_free(struct stream *stream);
/** For the owner's list. */
struct stream **stream_next(struct stream *stream);

#endif
