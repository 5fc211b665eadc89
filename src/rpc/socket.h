/*
 * Closing a socket of nng in bounded time. In nng 1.5.2, and now and then in later ones, nng_close can wait for ever for a connection that has gone
 * already (seen after a load that ended at once, with REP and with REQ): a daemon must end all the same, and so must a program that used the library.
 */
#ifndef RPC_SOCKET_H
#define RPC_SOCKET_H

#include <nng/nng.h>
#include <stdbool.h>

#define SOCKET_CLOSE_MS 2000u

/**
 * Closes it, and waits for SOCKET_CLOSE_MS at most. False: nng has not finished, a thread goes on waiting for it, and what the socket's own call-backs (of
 * nng_pipe_notify) read must stay where it is. Operations under way have ended, or end, in either case.
 */
bool socket_close(nng_socket socket);
/** Whether every socket given to socket_close was closed: only then may nng_fini be called, which waits for all of them. */
bool socket_none_left(void);
/**
 * Whether nng still finishes with what is closed, tried with a socket of its own, which takes microseconds, and waits for SOCKET_CLOSE_MS at most. One thread of
 * nng's frees all that is closed, and one connection for which it waits for ever is the end of it: from then on the descriptor of every connection that goes is
 * lost. After a false, socket_none_left tells whether it went on. True also where there was no memory to try.
 */
bool socket_frees(void);

#endif
