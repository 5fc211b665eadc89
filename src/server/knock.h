/*
 * A stranger at an own door (tcp:// or ipc://), on a plain socket: one request and its answer, or one announcement. Not by a socket of nng's: a daemon that
 * knocks every few seconds for years would meet the case in which nng 1.5.2 never finishes with a connection (rpc/socket.h), and with that its one thread
 * that frees connections stands still: every descriptor of later connections would be lost.
 */
#ifndef SERVER_KNOCK_H
#define SERVER_KNOCK_H

#include "base/bytes.h"

enum knock {
    KNOCK_HEARD,   /* an answer, or an announcement, came */
    KNOCK_SILENT,  /* greeted, but nothing more in time */
    KNOCK_SHUT,    /* nobody there, or no greeting in time */
    KNOCK_UNTRIED, /* this process has no descriptor or memory for it */
};

/** Whether one more connection could be opened: without it one that comes cannot be taken in either, and a door that answers nobody need not be dead. */
bool knock_has_room(void);
/** Sends the request as REQ0 does, and appends the body of the answer to *response, within its limit. */
enum knock knock_ask(const char *url, struct bytes request, int timeout_ms, struct buffer *response);
/** Listens as SUB0 does until anything is announced; say(context) is called now and then to have it said. */
enum knock knock_listen(const char *url, int timeout_ms, void (*say)(void *context), void *context);

#endif
