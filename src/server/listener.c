/* Front doors of both kinds (listener.h). */
#include "server/listener_private.h"

#include "base/url.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int listener_fault(struct fault *fault, int nng_error, const char *what, const char *url) {
    int code = nng_error == NNG_ENOMEM       ? DEPOSITARY_E_MEMORY
               : nng_error == NNG_EADDRINVAL ? DEPOSITARY_E_ARGUMENT
                                             : DEPOSITARY_E_IO;
    return fault_set(fault, code, "%s: %s: %s", url, what, nng_strerror(nng_error));
}

int listener_new(struct listener **out, size_t size, const struct listener_ops *ops, const char *url,
                 const struct listener_parts *parts, struct fault *fault) {
    if (strlen(url) >= sizeof((*out)->url)) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the URL is too long", url);
    }
    struct listener *listener = calloc(1, size);
    if (!listener) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "%s: no memory to listen", url);
    }
    snprintf(listener->url, sizeof(listener->url), "%s", url);
    listener->ops = ops;
    listener->parts = *parts;
    *out = listener;
    return 0;
}

int listener_start(struct listener **out, enum listener_kind kind, const char *url, const struct listener_parts *parts,
                   struct fault *fault) {
    bool is_stream = kind == LISTENER_STREAM && !url_is_tls(url);
    return (is_stream ? stream_listener_start : rep_listener_start)(out, url, parts, fault);
}

void listener_stop(struct listener *listener) {
    if (listener) {
        listener->ops->stop(listener);
    }
}

int listener_retake_tls(struct listener *listener, struct fault *fault) {
    return listener->ops->retake_tls(listener, fault);
}

const char *listener_url(const struct listener *listener) {
    return listener->url;
}

unsigned listener_calls(const struct listener *listener) {
    return __atomic_load_n(&listener->calls, __ATOMIC_ACQUIRE);
}

/* ---- connections */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* As the system writes it down. */
static union address address_of(const nng_sockaddr *address) {
    union address out = {.any = {.sa_family = AF_UNIX}};
    if (address->s_family == NNG_AF_INET) {
        out.in = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = address->s_in.sa_port, .sin_addr = {.s_addr = address->s_in.sa_addr}};
    } else if (address->s_family == NNG_AF_INET6) {
        out.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = address->s_in6.sa_port};
        memcpy(&out.in6.sin6_addr, address->s_in6.sa_addr, sizeof(out.in6.sin6_addr));
    }
    return out;
}

bool listener_welcomes(struct listener *listener, uint32_t pipe, const nng_sockaddr *from) {
    static const enum metric counted[] = {[PEERS_WELCOME] = METRIC_CONNECTIONS,
                                          [PEERS_FULL] = METRIC_CONNECTIONS_FULL,
                                          [PEERS_PEER_HAS_MANY] = METRIC_CONNECTIONS_PEER};
    union address address = address_of(from);
    enum peers_answer answer = peers_connect(listener->parts.peers, pipe, &address.any);
    metrics_add(listener->parts.exchanger->server->metrics, counted[answer]);
    __atomic_add_fetch(&listener->arrivals, 1, __ATOMIC_RELAXED);
    return answer == PEERS_WELCOME;
}

/* ---- watched */

static enum door knock(void *context, int timeout_ms) {
    const struct listener *listener = context;
    return door_knock(listener->url, listener->parts.tls, timeout_ms);
}

static unsigned arrivals(const void *context) {
    const struct listener *listener = context;
    return __atomic_load_n(&listener->arrivals, __ATOMIC_RELAXED);
}

static int reopen(void *context, struct fault *fault) {
    struct listener *listener = context;
    return listener->ops->reopen(listener, fault);
}

struct watched_door listener_watched(struct listener *listener) {
    return (struct watched_door){
        .url = listener->url, .context = listener, .knock = knock, .arrivals = arrivals, .reopen = reopen};
}
