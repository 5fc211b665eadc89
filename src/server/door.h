/*
 * The front door from outside: a real request through a listener, as any client would send it. A thread does so every few seconds, and opens a door
 * again that has died (nng's accept loop can end for good); readiness stands on it, and --probe is the same from another process. It also tries whether nng
 * still frees what is closed.
 */
#ifndef SERVER_DOOR_H
#define SERVER_DOOR_H

#include "server/knock.h"
#include "server/metrics.h"
#include "server/tls.h"

enum door {
    DOOR_SERVING,
    DOOR_NOT_SERVING, /* answered, but health says no */
    DOOR_SILENT,      /* a connection, but no answer in time */
    DOOR_SHUT,        /* no connection */
    DOOR_UNTRIED      /* this process has no descriptor or memory left to try it with */
};

#define DOOR_TIMEOUT_MS 3000

/**
 * Asks grpc.health.v1.Health at the URL on which somebody listens (a wildcard address is asked on loopback). The seal is not judged. tls: whose
 * certificate is shown to a door that wants one; may be NULL.
 */
enum door door_knock(const char *listen_url, const struct tls *tls, int timeout_ms);
/** Where to connect to for a URL that is listened on: an address that stands for all of them is asked on loopback. */
void door_address(char *out, size_t capacity, const char *listen_url);
/** What a knock tells of a door: one that was heard serves, unless what was heard says something else. */
enum door door_of_knock(enum knock knock);
/** Dials a URL of tls+tcp:// that is listened on, without waiting. An nng error. Others are knocked at by knock.h. */
int door_dial(nng_socket socket, const char *listen_url, const struct tls *tls);

/** A door that is looked after. */
struct watched_door {
    const char *url;
    void *context;
    enum door (*knock)(void *context, int timeout_ms);
    unsigned (*arrivals)(const void *context); /* connections that came, the ones that were turned away too */
    int (*reopen)(void *context, struct fault *fault);
};

#define DOORS_MAX 20

struct door_watch;

/** What the doors are of outlives it; the array is copied, at most DOORS_MAX of them. */
MUST_USE int door_watch_start(struct door_watch **out, const struct watched_door *doors, size_t count,
                              struct metrics *metrics, struct fault *fault);
void door_watch_stop(struct door_watch *watch); /* NULL is fine */
/** Whether every door answered when it was last knocked at; false before the first time. */
bool door_watch_is_open(const struct door_watch *watch);
/** Whether nng has stopped freeing connections that went (socket_frees), and does not go on: the process would run out of descriptors. */
bool door_watch_is_stuck(const struct door_watch *watch);
/** Whether every door answered, or at least took connections, lately: what a service manager's watchdog is fed with. */
bool door_watch_is_alive(const struct door_watch *watch);

#endif
