/* The HTTP side door. See http.h. */
#include "server/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/reserve.h"
#include "ledger/tiles.h"

#define HTTP_HEADERS_MAX (16 * 1024) /* bytes of a request's head */
#define HTTP_BODY_MAX    1024        /* no request here has a body */
#define HTTP_TIMEOUT_S   10
#define ACCEPT_PAUSE_MS  200           /* after an error of accept(2) */
#define METRICS_MAX      (256u * 1024) /* bytes of the page */

struct http {
    struct event_base *base;
    struct evhttp *server;
    struct event *stop;
    int stop_pipe[2];
    struct http_source source;
    pthread_t thread;
    bool has_thread;
};

static void reply_bytes(struct evhttp_request *request, int code, const char *reason, const char *type,
                        const char *caching, struct bytes body) {
    struct evbuffer *buffer = evbuffer_new();
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    if (buffer == NULL || evbuffer_add(buffer, body.data, body.len) != 0) {
        evhttp_send_error(request, HTTP_INTERNAL, NULL);
    } else {
        evhttp_add_header(headers, "Content-Type", type);
        evhttp_add_header(headers, "Cache-Control", caching);
        evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
        evhttp_send_reply(request, code, reason, buffer);
    }
    if (buffer != NULL)
        evbuffer_free(buffer);
}

static void reply(struct evhttp_request *request, int code, const char *reason, const char *text) {
    reply_bytes(request, code, reason, "text/plain; charset=utf-8", "no-store", bytes_text(text));
}

static void serve_health(struct evhttp_request *request, void *context) {
    (void)context;
    reply(request, HTTP_OK, "OK", "ok\n");
}

static void serve_readiness(struct evhttp_request *request, void *context) {
    const struct http *http = context;
    char why[256] = "";
    char text[300];
    if (http->source.ready(http->source.context, why, sizeof why - 1)) {
        snprintf(text, sizeof text, "ready\n%s%s", why, *why != '\0' ? "\n" : "");
        reply(request, HTTP_OK, "OK", text);
        return;
    }
    if (*why == '\0')
        snprintf(why, sizeof why, "not ready");
    why[strlen(why)] = '\n';
    reply(request, HTTP_SERVUNAVAIL, "Service Unavailable", why);
}

static void serve_metrics(struct evhttp_request *request, void *context) {
    const struct http *http = context;
    struct buffer out;
    buffer_init(&out, METRICS_MAX);
    if (http->source.metrics(http->source.context, &out) == 0)
        reply_bytes(request, HTTP_OK, "OK", "text/plain; version=0.0.4; charset=utf-8", "no-store", buffer_bytes(&out));
    else
        reply(request, HTTP_INTERNAL, "Internal Server Error", "the metrics cannot be printed\n");
    buffer_free(&out);
}

/* The checkpoint changes with each append: it is kept for seconds only. */
static void serve_checkpoint(struct evhttp_request *request, void *context) {
    const struct http *http = context;
    const struct ledger_state *state = ledger_state_take(http->source.ledger);
    if (state->size == 0)
        reply(request, HTTP_NOTFOUND, "Not Found", "the ledger is empty\n");
    else
        reply_bytes(request, HTTP_OK, "OK", "text/plain; charset=utf-8", "public, max-age=5", state->checkpoint);
    ledger_state_release(state);
}

/* A tile that is there never changes. */
static void serve_tile(struct evhttp_request *request, const struct http *http, struct bytes path) {
    const struct ledger_state *state = ledger_state_take(http->source.ledger);
    struct fault fault = {0};
    struct tile tile;
    struct buffer out;
    buffer_init(&out, TILE_BYTES_MAX);
    int error =
        tile_parse(&tile, path) ? tile_make(&out, http->source.ledger, state, &tile, &fault) : DEPOSITARY_E_MISSING;
    if (error == 0)
        reply_bytes(request, HTTP_OK, "OK", "application/octet-stream", "public, max-age=31536000, immutable",
                    buffer_bytes(&out));
    else if (error == DEPOSITARY_E_MISSING)
        reply(request, HTTP_NOTFOUND, "Not Found", "no such tile\n");
    else
        reply(request, HTTP_INTERNAL, "Internal Server Error", "the tile cannot be read\n");
    buffer_free(&out);
    ledger_state_release(state);
}

static void serve_other(struct evhttp_request *request, void *context) {
    const struct http *http = context;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    struct bytes rest = bytes_text(path);
    if (http->source.ledger != NULL && bytes_take(&rest, BYTES("/tile/")))
        serve_tile(request, http, rest);
    else
        reply(request, HTTP_NOTFOUND, "Not Found", "not found\n");
}

static void stop_loop(evutil_socket_t fd, short events, void *context) {
    struct http *http = context;
    (void)fd;
    (void)events;
    event_base_loopbreak(http->base);
}

/* ---- accepting */

static void accept_again(evutil_socket_t fd, short events, void *listener) {
    (void)fd;
    (void)events;
    evconnlistener_enable(listener);
}

/* After an error of accept(2), such as no descriptor left: what waits would be told of at once again, without end. The context is evhttp's. */
static void pause_accepting(struct evconnlistener *listener, void *context) {
    const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MS * 1000};
    (void)context;
    log_line(LOG_LEVEL_WARNING, "no connection can be taken", "listen", "http", "reason",
             evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()), NULL);
    evconnlistener_disable(listener);
    if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, accept_again, listener, &pause) != 0)
        evconnlistener_enable(listener); /* spinning is better than deafness */
}

static int listen_on(struct http *http, const char *address, const char *host, uint16_t port, struct fault *fault) {
    struct evhttp_bound_socket *socket = evhttp_bind_socket_with_handle(http->server, host, port);
    if (socket == NULL)
        return fault_set(fault, DEPOSITARY_E_IO, "--http %s: %s", address, strerror(errno));
    evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(socket), pause_accepting);
    return 0;
}

static void *run(void *context) {
    struct http *http = context;
    event_base_dispatch(http->base);
    return NULL;
}

/* "HOST:PORT" taken apart. */
static bool read_address(const char *address, char *host, size_t capacity, uint16_t *port) {
    const char *colon = strrchr(address, ':');
    uint64_t number;
    if (colon == NULL || colon == address || !decimal_parse(&number, bytes_text(colon + 1)) || number > UINT16_MAX)
        return false;
    size_t len = (size_t)(colon - address);
    if (address[0] == '[' && colon[-1] == ']') {
        address++;
        len -= 2;
    }
    if (len == 0 || len >= capacity)
        return false;
    memcpy(host, address, len);
    host[len] = '\0';
    *port = (uint16_t)number;
    return true;
}

static bool set_up(struct http *http) {
    event_set_mem_functions(reserve_malloc, reserve_realloc, reserve_free); /* the same ones each time */
    http->base = event_base_new();
    http->server = http->base != NULL ? evhttp_new(http->base) : NULL;
    if (http->server == NULL || pipe(http->stop_pipe) != 0)
        return false;
    http->stop = event_new(http->base, http->stop_pipe[0], EV_READ | EV_PERSIST, stop_loop, http);
    if (http->stop == NULL || event_add(http->stop, NULL) != 0)
        return false;
    evhttp_set_max_headers_size(http->server, HTTP_HEADERS_MAX);
    evhttp_set_max_body_size(http->server, HTTP_BODY_MAX);
    evhttp_set_timeout(http->server, HTTP_TIMEOUT_S);
    evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(http->server, serve_other, http);
    if (http->source.ledger != NULL && evhttp_set_cb(http->server, "/checkpoint", serve_checkpoint, http) != 0)
        return false;
    if (http->source.metrics != NULL && evhttp_set_cb(http->server, "/metrics", serve_metrics, http) != 0)
        return false;
    return evhttp_set_cb(http->server, "/healthz", serve_health, http) == 0 &&
           evhttp_set_cb(http->server, "/readyz", serve_readiness, http) == 0;
}

int http_start(struct http **out, const char *address, const struct http_source *source, struct fault *fault) {
    char host[256];
    uint16_t port;
    if (!read_address(address, host, sizeof host, &port))
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "--http takes HOST:PORT, not \"%s\"", address);
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the HTTP listener");
    http->source = *source;
    http->stop_pipe[0] = http->stop_pipe[1] = -1;
    int error = 0;
    if (!set_up(http))
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "the HTTP listener cannot be made");
    else
        error = listen_on(http, address, host, port, fault);
    if (error == 0 && pthread_create(&http->thread, NULL, run, http) != 0)
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "no thread for the HTTP listener");
    http->has_thread = error == 0;
    if (error != 0) {
        http_stop(http);
        return error;
    }
    *out = http;
    return 0;
}

void http_stop(struct http *http) {
    if (http == NULL)
        return;
    if (http->has_thread) {
        while (write(http->stop_pipe[1], "", 1) < 0 && errno == EINTR)
            ;
        pthread_join(http->thread, NULL);
    }
    if (http->stop != NULL)
        event_free(http->stop);
    if (http->server != NULL)
        evhttp_free(http->server);
    if (http->base != NULL)
        event_base_free(http->base);
    for (int i = 0; i < 2; i++)
        if (http->stop_pipe[i] >= 0)
            close(http->stop_pipe[i]);
    free(http);
}
