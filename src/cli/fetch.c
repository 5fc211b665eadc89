/* HTTP, as a client (fetch.h). One request at a time on a loop of its own, which a timer ends. */
#include "cli/fetch.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reserve.h"

#define URL_MAX     2048
#define HEADERS_MAX 8192 /* bytes of an answer's headers */

struct fetcher {
    char prefix[URL_MAX]; /* as given, without slashes at its end: for words */
    char host[256];
    char host_header[300];
    char path[URL_MAX];
    uint16_t port;
    unsigned timeout_s;
    struct event_base *base;
    struct evhttp_connection *connection; /* NULL: none yet, or lost */
};

/* One request under way. */
struct exchange {
    struct event_base *base;
    bool is_done;
    bool is_late;
    bool has_answer;
    bool has_head; /* of an answer, whole */
    bool has_failed;
    enum evhttp_request_error failure;
    unsigned status;
    bool is_encoded;
    struct buffer *body;
};

/* ---- the URL */

static bool copy_text(char *out, size_t capacity, const char *text) {
    int len = snprintf(out, capacity, "%s", text);
    return len >= 0 && (size_t)len < capacity;
}

static void cut_slashes(char *text) {
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '/') {
        text[--len] = '\0';
    }
}

static bool read_url(struct fetcher *fetcher, const char *prefix) {
    struct evhttp_uri *uri = evhttp_uri_parse(prefix);
    bool is_good = false;
    const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
    const char *host = uri ? evhttp_uri_get_host(uri) : NULL;
    if (scheme && strcmp(scheme, "http") == 0 && host && *host != '\0' && !evhttp_uri_get_query(uri) &&
        !evhttp_uri_get_fragment(uri) && !evhttp_uri_get_userinfo(uri)) {
        int port = evhttp_uri_get_port(uri) < 0 ? 80 : evhttp_uri_get_port(uri);
        const char *path = evhttp_uri_get_path(uri);
        int len = snprintf(fetcher->host_header, sizeof(fetcher->host_header), "%s:%d", host, port);
        is_good = port > 0 && port <= UINT16_MAX && len > 0 && (size_t)len < sizeof(fetcher->host_header) &&
                  copy_text(fetcher->prefix, sizeof(fetcher->prefix), prefix) &&
                  copy_text(fetcher->path, sizeof(fetcher->path), path ? path : "");
        fetcher->port = (uint16_t)port;
        size_t host_len = strlen(host);
        bool has_brackets = host[0] == '[' && host[host_len - 1] == ']';
        is_good = is_good && copy_text(fetcher->host, sizeof(fetcher->host), host + (has_brackets ? 1 : 0));
        if (is_good && has_brackets) {
            fetcher->host[host_len - 2] = '\0';
        }
        cut_slashes(fetcher->prefix);
        cut_slashes(fetcher->path);
    }
    if (uri) {
        evhttp_uri_free(uri);
    }
    return is_good;
}

static int no_memory(struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for HTTP");
}

int fetcher_new(struct fetcher **out, const char *prefix, unsigned timeout_s, struct fault *fault) {
    static bool has_reserve;
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher));
    int error = 0;
    if (!has_reserve) { /* before libevent has anything that is not from there */
        event_set_mem_functions(reserve_malloc, reserve_realloc, reserve_free);
        has_reserve = true;
    }
    (void)reserve_has_lacked();
    if (!fetcher) {
        return no_memory(fault);
    }
    fetcher->timeout_s = timeout_s;
    if (!read_url(fetcher, prefix)) {
        error = reserve_has_lacked() ? no_memory(fault)
                                     : fault_set(fault, DEPOSITARY_E_ARGUMENT,
                                                 "no URL of the form http://host[:port][/path]: %s", prefix);
    } else if (!(fetcher->base = event_base_new())) {
        error = no_memory(fault);
    }
    if (error) {
        fetcher_free(fetcher);
        return error;
    }
    *out = fetcher;
    return 0;
}

static void hang_up(struct fetcher *fetcher) {
    if (fetcher->connection) {
        evhttp_connection_free(fetcher->connection); /* what is under way on it ends, too */
        fetcher->connection = NULL;
    }
}

void fetcher_free(struct fetcher *fetcher) {
    if (!fetcher) {
        return;
    }
    hang_up(fetcher);
    if (fetcher->base) {
        event_base_free(fetcher->base);
    }
    free(fetcher);
}

/* ---- one request */

static void take_headers(struct exchange *exchange, struct evhttp_request *request) {
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    const char *encoding = evhttp_find_header(headers, "Content-Encoding");
    exchange->is_encoded = encoding && strcmp(encoding, "identity") != 0;
}

static void take_answer(struct evhttp_request *request, void *context) {
    struct exchange *exchange = context;
    exchange->is_done = true;
    event_base_loopbreak(exchange->base);
    if (!request || evhttp_request_get_response_code(request) == 0) {
        return;
    }
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(input);
    exchange->has_answer = true;
    exchange->status = (unsigned)evhttp_request_get_response_code(request);
    take_headers(exchange, request);
    const uint8_t *data = len > 0 ? evbuffer_pullup(input, -1) : NULL;
    if (data) {
        buffer_append(exchange->body, bytes_of(data, len));
    }
}

static int take_head(struct evhttp_request *request, void *context) {
    struct exchange *exchange = context;
    (void)request;
    exchange->has_head = true;
    return 0;
}

static void take_failure(enum evhttp_request_error failure, void *context) {
    struct exchange *exchange = context;
    exchange->has_failed = true;
    exchange->failure = failure;
}

static void take_timeout(evutil_socket_t fd, short events, void *context) {
    struct exchange *exchange = context;
    (void)fd;
    (void)events;
    exchange->is_late = true;
    event_base_loopbreak(exchange->base);
}

static bool connect_to(struct fetcher *fetcher, size_t limit) {
    if (!fetcher->connection) {
        fetcher->connection = evhttp_connection_base_new(fetcher->base, NULL, fetcher->host, fetcher->port);
        if (!fetcher->connection) {
            return false;
        }
        evhttp_connection_set_retries(fetcher->connection, 0);
        evhttp_connection_set_timeout(fetcher->connection, (int)fetcher->timeout_s);
        evhttp_connection_set_max_headers_size(fetcher->connection, HEADERS_MAX);
    }
    evhttp_connection_set_max_body_size(fetcher->connection, (ev_ssize_t)limit);
    return true;
}

static bool post(struct fetcher *fetcher, struct exchange *exchange, const struct fetch_request *wanted) {
    char path[URL_MAX];
    struct evhttp_request *request = evhttp_request_new(take_answer, exchange);
    int len = snprintf(path, sizeof(path), "%s/%s", fetcher->path, wanted->path);
    if (!request || len < 0 || (size_t)len >= sizeof(path)) {
        if (request) {
            evhttp_request_free(request);
        }
        return false;
    }
    evhttp_request_set_error_cb(request, take_failure);
    evhttp_request_set_header_cb(request, take_head);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Host", fetcher->host_header);
    evhttp_add_header(headers, "Accept-Encoding", "identity");
    if (wanted->post) {
        evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
        evbuffer_add(evhttp_request_get_output_buffer(request), wanted->post->data, wanted->post->len);
    }
    /* from here on the request is the connection's, also where this fails */
    return evhttp_make_request(fetcher->connection, request, wanted->post ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, path) ==
           0;
}

/* Runs one request to its end. False: it could not even begin. */
static bool run(struct fetcher *fetcher, struct exchange *exchange, const struct fetch_request *wanted) {
    const struct timeval time = {.tv_sec = (time_t)fetcher->timeout_s};
    struct event *timer = evtimer_new(fetcher->base, take_timeout, exchange);
    bool has_begun = timer && evtimer_add(timer, &time) == 0 && connect_to(fetcher, exchange->body->limit) &&
                     post(fetcher, exchange, wanted);
    while (has_begun && !exchange->is_done && !exchange->is_late && event_base_loop(fetcher->base, EVLOOP_ONCE) == 0) {
    }
    if (timer) {
        event_free(timer);
    }
    if (!exchange->has_answer) {
        hang_up(fetcher);
    }
    return has_begun;
}

/* A peer that goes away while it is written to is an error of that request, not the end of the program. */
static bool run_quietly(struct fetcher *fetcher, struct exchange *exchange, const struct fetch_request *wanted) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &before);
    bool has_begun = run(fetcher, exchange, wanted);
    sigaction(SIGPIPE, &before, NULL);
    return has_begun;
}

static int failed(const struct fetcher *fetcher, const struct exchange *exchange, const struct fetch_request *wanted,
                  struct fault *fault) {
    const char *path = wanted->path;
    if (exchange->is_late || (exchange->has_failed && exchange->failure == EVREQ_HTTP_TIMEOUT)) {
        return fault_set(fault, DEPOSITARY_E_TIMEOUT, "%s/%s: no whole answer within %u s", fetcher->prefix, path,
                         fetcher->timeout_s);
    }
    if (exchange->has_failed && exchange->failure == EVREQ_HTTP_DATA_TOO_LONG) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s/%s: an answer of more than %zu bytes", fetcher->prefix, path,
                         exchange->body->limit);
    }
    if (exchange->has_failed && exchange->failure == EVREQ_HTTP_INVALID_HEADER) {
        return fault_set(fault, DEPOSITARY_E_RESPONSE, "%s/%s: the answer is no HTTP", fetcher->prefix, path);
    }
    if (exchange->has_failed && exchange->failure == EVREQ_HTTP_EOF && exchange->has_head) {
        return fault_set(fault, DEPOSITARY_E_RESPONSE, "%s/%s: the connection ended before the answer did",
                         fetcher->prefix, path);
    }
    return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "%s/%s: no answer", fetcher->prefix, path);
}

static int judge(const struct fetcher *fetcher, const struct exchange *exchange, const struct fetch_request *wanted,
                 struct fault *fault) {
    if (exchange->body->error == DEPOSITARY_E_MEMORY) {
        return no_memory(fault);
    }
    if (exchange->body->error) {
        return fault_set(fault, exchange->body->error, "%s/%s: an answer of more than %zu bytes", fetcher->prefix,
                         wanted->path, exchange->body->limit);
    }
    if (exchange->is_encoded) {
        return fault_set(fault, DEPOSITARY_E_RESPONSE,
                         "%s/%s: the answer has a Content-Encoding, which was not asked for", fetcher->prefix,
                         wanted->path);
    }
    return 0;
}

int fetch(struct fetcher *fetcher, const struct fetch_request *request, unsigned *status, struct buffer *body,
          struct fault *fault) {
    bool was_kept = fetcher->connection != NULL;
    (void)reserve_has_lacked();
    struct exchange exchange = {.base = fetcher->base, .body = body};
    bool has_begun = run_quietly(fetcher, &exchange, request);
    bool has_lacked = reserve_has_lacked();
    if (!has_lacked && was_kept && has_begun && !exchange.has_answer &&
        !exchange.is_late) { /* a kept connection may have ended meanwhile */
        exchange = (struct exchange){.base = fetcher->base, .body = body};
        has_begun = run_quietly(fetcher, &exchange, request);
        has_lacked = reserve_has_lacked();
    }
    if (has_lacked) { /* what came, or did not, may have been cut short by that */
        hang_up(fetcher);
        return no_memory(fault);
    }
    if (!has_begun || !exchange.has_answer) {
        return failed(fetcher, &exchange, request, fault);
    }
    int error = judge(fetcher, &exchange, request, fault);
    if (!error) {
        *status = exchange.status;
    }
    return error;
}
