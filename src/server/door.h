/*
 * The front door from outside: a real request through a listener, as any client would send it. A thread does so every few seconds and opens a door
 * again that has died (nng's accept loop can end for good); readiness stands on it, and --probe is the same from another process.
 */
#ifndef SERVER_DOOR_H
#define SERVER_DOOR_H

#include "server/listener.h"

enum door {
    DOOR_SERVING,
    DOOR_NOT_SERVING, /* answered, but health says no */
    DOOR_SILENT,      /* a connection, but no answer in time */
    DOOR_SHUT         /* no connection */
};

#define DOOR_TIMEOUT_MS 3000

/** Asks grpc.health.v1.Health at the URL on which somebody listens (a wildcard address is asked on loopback). The seal is not judged. */
enum door door_knock(const char *listen_url, int timeout_ms);

struct door_watch;

/** The listeners outlive it. */
MUST_USE int door_watch_start(struct door_watch **out, struct listener *const *listeners, size_t count,
                              struct fault *fault);
void door_watch_stop(struct door_watch *watch); /* NULL is fine */
/** Whether every door answered when it was last knocked at; false before the first time. */
bool door_watch_is_open(const struct door_watch *watch);

#endif
