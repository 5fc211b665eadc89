#define _GNU_SOURCE /* memmem */
/*
 * The HTTP side door, and paths of tiles. The first byte: even, the rest is a path, and what is served for it is exactly the tile that it names; odd, the rest
 * is what a client sends. Paths of tiles are also taken apart and printed, and bundles of entries taken apart, without the network.
 */
#include "ledger_maker.h"

#include "fuzz.h"
#include "ledger/tiles.h"
#include "server/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX (1u << 20)
#define WAIT_MS   20000

static struct ledger_maker maker;
static struct http *http;
static struct sockaddr_in address;

static bool is_ready(void *context, char *why, size_t capacity) {
    (void)context;
    snprintf(why, capacity, "fuzzed");
    return true;
}

static int print_metrics(void *context, struct buffer *out) {
    (void)context;
    buffer_append_text(out, "fuzzed 1\n");
    return out->error;
}

static uint16_t free_port(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    HOLDS(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0);
    HOLDS(getsockname(fd, (struct sockaddr *)&any, &len) == 0 && close(fd) == 0);
    return ntohs(any.sin_port);
}

static void clean_up(void) {
    http_stop(http);
    ledger_maker_end(&maker);
}

static void set_up(void) {
    struct http_source source = {.ready = is_ready, .metrics = print_metrics};
    const struct maker_clause clauses[] = {{"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}};
    char name[64];
    ledger_maker_begin_with_key(&maker);
    for (unsigned i = 0; i < 3; i++)
        ledger_maker_deposit(&maker, &(struct maker_edition){.instrument = "pact",
                                                             .act = i > 0 ? ACT_AMENDMENT : ACT_DEPOSIT,
                                                             .clauses = clauses,
                                                             .clauses_count = 2,
                                                             .remark = i == 2 ? "again" : NULL});
    source.ledger = maker.ledger;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (unsigned tries = 0; http == NULL && tries < 20; tries++) { /* another program may be quicker */
        const uint16_t port = free_port();
        address.sin_port = htons(port);
        snprintf(name, sizeof name, "127.0.0.1:%u", (unsigned)port);
        if (http_start(&http, name, &source, NULL) != 0)
            http = NULL;
    }
    HOLDS(http != NULL);
    (void)atexit(clean_up);
}

/* ---- a client */

/* Sends all of it, and nothing after; what came back until the door closed the connection. */
static void ask(struct buffer *reply, struct bytes request) {
    const struct linger at_once = {.l_onoff = 1};
    uint8_t piece[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    HOLDS(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    HOLDS(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    for (size_t at = 0; at < request.len;) {
        ssize_t sent = send(fd, request.data + at, request.len - at, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    (void)shutdown(fd, SHUT_WR);
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        HOLDS(poll(&wait, 1, WAIT_MS) == 1); /* it always answers or closes */
        ssize_t got = recv(fd, piece, sizeof piece, 0);
        if (got <= 0)
            break;
        buffer_append(reply, bytes_of(piece, (size_t)got));
    }
    HOLDS(reply->error == 0);
    (void)close(fd);
}

static struct bytes body_of(struct bytes reply) {
    const uint8_t *end = reply.len > 0 ? memmem(reply.data, reply.len, "\r\n\r\n", 4) : NULL;
    HOLDS(end != NULL);
    return bytes_slice(reply, (size_t)(end - reply.data) + 4, reply.len);
}

/* ---- what is served */

/* A path that reaches the door as it is: nothing that a URI gives a meaning. */
static bool is_plain(struct bytes path) {
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] <= ' ' || path.data[i] >= 0x7F || memchr("?#%\\^`{}|\"<>[]", path.data[i], 14) != NULL)
            return false;
    return path.len > 0 && path.len < 2000 && path.data[0] == '/' && !bytes_starts_with(path, BYTES("//"));
}

static void judge_tile(struct bytes reply, struct bytes path) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct tile tile;
    struct buffer bytes;
    buffer_init(&bytes, TILE_BYTES_MAX);
    bool is_there = bytes_take(&path, BYTES("/tile/")) && tile_parse(&tile, path) && tile_is_in(&tile, state->size);
    HOLDS(bytes_starts_with(reply, is_there ? BYTES("HTTP/1.0 200 ") : BYTES("HTTP/1.0 404 ")));
    if (is_there) {
        HOLDS(tile_make(&bytes, maker.ledger, state, &tile, NULL) == 0);
        HOLDS(bytes_equal(body_of(reply), buffer_bytes(&bytes)));
    }
    buffer_free(&bytes);
    ledger_state_release(state);
}

static void try_path(struct bytes path) {
    static const char *const pages[] = {"/checkpoint", "/healthz", "/readyz", "/metrics"};
    struct buffer request, reply;
    bool is_page = false;
    if (!is_plain(path))
        return;
    buffer_init(&request, 4096);
    buffer_init(&reply, REPLY_MAX);
    buffer_append_text(&request, "GET ");
    buffer_append(&request, path);
    buffer_append_text(&request, " HTTP/1.0\r\n\r\n");
    ask(&reply, buffer_bytes(&request));
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        is_page = is_page || bytes_equal(path, bytes_text(pages[i]));
    if (is_page)
        HOLDS(bytes_starts_with(buffer_bytes(&reply), BYTES("HTTP/1.0 200 ")) && body_of(buffer_bytes(&reply)).len > 0);
    else
        judge_tile(buffer_bytes(&reply), path);
    buffer_free(&request);
    buffer_free(&reply);
}

static void try_bytes(struct bytes request) {
    struct buffer reply;
    buffer_init(&reply, REPLY_MAX);
    ask(&reply, request);
    HOLDS(reply.len == 0 || bytes_starts_with(buffer_bytes(&reply), BYTES("HTTP/")));
    buffer_free(&reply);
}

/* ---- without the network */

static void try_bundle(struct bytes whole) {
    struct bytes entry, rest = whole;
    size_t taken = 0;
    while (tile_take_entry(&entry, &rest))
        taken += 2 + entry.len;
    HOLDS(taken + rest.len == whole.len);
}

static void try_tile(struct bytes path) {
    struct tile tile;
    struct buffer out;
    buffer_init(&out, 256);
    (void)bytes_take(&path, BYTES("/tile/"));
    if (tile_parse(&tile, path)) {
        HOLDS(tile.width >= 1 && tile.width <= TILE_WIDTH && tile.level <= 7 && (!tile.is_entries || tile.level == 0));
        tile_print(&out, &tile);
        HOLDS(bytes_equal(buffer_bytes(&out), path));
        HOLDS(!tile_is_in(&tile, 0));
    }
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > 32768)
        return 0;
    if (http == NULL)
        set_up();
    struct bytes rest = bytes_of(data + 1, size - 1);
    try_tile(rest);
    try_bundle(rest);
    if (data[0] % 2 == 0)
        try_path(rest);
    else
        try_bytes(rest);
    return 0;
}
