/* The lean load client. The wire: nanomsg RFCs sp-tcp-mapping-01, sp-ipc-mapping and sp-request-reply-01. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define IN_BUFFER       (1u << 20)
#define OUT_BUFFER      (1u << 18)
#define HISTOGRAM       200000 /* slots of 1 us */

struct connection {
    int fd;
    bool is_ipc;
    uint8_t *in, *out;
    size_t in_len, in_capacity, out_len;
};

struct load {
    struct connection connections[CONNECTIONS_MAX];
    unsigned connections_count;
    double *sent_at; /* by slot, which is the request id's low bits */
    uint32_t slots;
    uint32_t *histogram;
    uint64_t counter;
    struct load_result result;
};

double load_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int fail(const char *what) {
    perror(what);
    return -1;
}

static int open_socket(const char *url, bool *is_ipc) {
    int fd;
    *is_ipc = strncmp(url, "ipc://", 6) == 0;
    if (*is_ipc) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof address.sun_path, "%s", url + 6);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : fail(url);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : fail(url);
}

static int greet(int fd) {
    const uint8_t mine[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    uint8_t theirs[8];
    if (write(fd, mine, 8) != 8 || recv(fd, theirs, 8, MSG_WAITALL) != 8)
        return fail("greeting");
    return memcmp(theirs, "\0SP\0\0\x31\0\0", 8) == 0 ? 0 : -1;
}

static void put_be(uint8_t *out, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t get_be(const uint8_t *in, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | in[i];
    return value;
}

static int flush(struct connection *connection) {
    for (size_t at = 0; at < connection->out_len;) {
        ssize_t wrote = write(connection->fd, connection->out + at, connection->out_len - at);
        if (wrote < 0)
            return fail("write");
        at += (size_t)wrote;
    }
    connection->out_len = 0;
    return 0;
}

/* Queues one request under a slot; the slot is free again when its answer came. */
static int queue_request(struct load *load, struct connection *connection, uint32_t slot,
                         const struct load_request *request) {
    size_t need = 9 + 8 + 4 + request->len;
    if (connection->out_len + need > OUT_BUFFER && flush(connection) != 0)
        return -1;
    uint8_t *out = connection->out + connection->out_len;
    if (connection->is_ipc)
        *out++ = 1;
    put_be(out, request->len + 4, 8);
    put_be(out + 8, 0x80000000u | slot, 4);
    memcpy(out + 12, request->data, request->len);
    if (request->nonce_offset != SIZE_MAX)
        memcpy(out + 12 + request->nonce_offset, &load->counter, sizeof load->counter);
    load->counter++;
    connection->out_len = (size_t)(out + 12 + request->len - connection->out);
    load->sent_at[slot] = load_now();
    return 0;
}

static void count_answer(struct load *load, uint32_t slot, double now) {
    double us = (now - load->sent_at[slot]) * 1e6;
    load->histogram[us < HISTOGRAM - 1 ? (size_t)us : HISTOGRAM - 1]++;
    load->result.calls++;
}

static double percentile(const struct load *load, double part) {
    uint64_t want = (uint64_t)((double)load->result.calls * part), seen = 0;
    for (size_t i = 0; i < HISTOGRAM; i++) {
        seen += load->histogram[i];
        if (seen > want)
            return (double)i + 0.5;
    }
    return HISTOGRAM;
}

/* Takes whole answers out of the buffer and sends the next request for each, until `end`. */
static int take_answers(struct load *load, struct connection *connection, const struct load_request *requests,
                        size_t (*pick)(void *), void *context, load_answer *answer, double end) {
    size_t at = 0, extra = connection->is_ipc ? 1 : 0;
    double now = load_now();
    while (connection->in_len - at >= extra + 12) {
        const uint8_t *in = connection->in + at + extra;
        uint64_t len = get_be(in, 8);
        uint32_t slot = (uint32_t)get_be(in + 8, 4) & 0x7fffffffu;
        if (len < 4 || slot >= load->slots || len > (16u << 20)) {
            fprintf(stderr, "no answer to a request of ours\n");
            return -1;
        }
        if (len + 8 + extra > connection->in_capacity) {
            connection->in_capacity = (size_t)len + 8 + extra;
            connection->in = realloc(connection->in, connection->in_capacity);
            if (connection->in == NULL)
                return -1;
            break;
        }
        if (connection->in_len - at < extra + 8 + len)
            break;
        count_answer(load, slot, now);
        load->result.bytes += len;
        if (answer != NULL)
            load->result.batches += answer(in + 12, (size_t)len - 4);
        if (now < end && queue_request(load, connection, slot, &requests[pick(context)]) != 0)
            return -1;
        at += extra + 8 + (size_t)len;
    }
    memmove(connection->in, connection->in + at, connection->in_len - at);
    connection->in_len -= at;
    return flush(connection);
}

static int read_some(struct connection *connection) {
    ssize_t got =
        read(connection->fd, connection->in + connection->in_len, connection->in_capacity - connection->in_len);
    if (got <= 0) {
        fprintf(stderr, "the server closed the connection\n");
        return -1;
    }
    connection->in_len += (size_t)got;
    return 0;
}

static int open_all(struct load *load, const char *url, unsigned connections) {
    for (; load->connections_count < connections; load->connections_count++) {
        struct connection *connection = &load->connections[load->connections_count];
        connection->fd = open_socket(url, &connection->is_ipc);
        connection->in = malloc(IN_BUFFER);
        connection->out = malloc(OUT_BUFFER);
        connection->in_capacity = IN_BUFFER;
        if (connection->fd < 0 || connection->in == NULL || connection->out == NULL || greet(connection->fd) != 0)
            return -1;
    }
    return 0;
}

static void close_all(struct load *load) {
    for (unsigned i = 0; i < load->connections_count; i++) {
        close(load->connections[i].fd);
        free(load->connections[i].in);
        free(load->connections[i].out);
    }
    free(load->sent_at);
    free(load->histogram);
    free(load);
}

int load_run(struct load_result *out, const char *url, const struct load_request *requests, size_t count,
             size_t (*pick)(void *context), void *context, unsigned in_flight, unsigned connections, double seconds,
             load_answer *answer) {
    struct load *load = calloc(1, sizeof *load);
    struct pollfd polls[CONNECTIONS_MAX];
    int error = -1;
    (void)count;
    if (load == NULL)
        return -1;
    load->slots = in_flight;
    load->sent_at = calloc(in_flight, sizeof *load->sent_at);
    load->histogram = calloc(HISTOGRAM, sizeof *load->histogram);
    if (connections > in_flight)
        connections = in_flight;
    if (load->sent_at == NULL || load->histogram == NULL || open_all(load, url, connections) != 0)
        goto done;

    double start = load_now(), end = start + seconds;
    for (uint32_t slot = 0; slot < in_flight; slot++)
        if (queue_request(load, &load->connections[slot % connections], slot, &requests[pick(context)]) != 0)
            goto done;
    for (unsigned i = 0; i < connections; i++) {
        polls[i] = (struct pollfd){.fd = load->connections[i].fd, .events = POLLIN};
        if (flush(&load->connections[i]) != 0)
            goto done;
    }
    while (load_now() < end) {
        if (connections > 1 && poll(polls, connections, 1000) < 0)
            goto done;
        for (unsigned i = 0; i < connections; i++)
            if (connections == 1 || (polls[i].revents & POLLIN))
                if (read_some(&load->connections[i]) != 0 ||
                    take_answers(load, &load->connections[i], requests, pick, context, answer, end) != 0)
                    goto done;
    }
    load->result.seconds = load_now() - start;
    load->result.p50_us = percentile(load, 0.50);
    load->result.p99_us = percentile(load, 0.99);
    *out = load->result;
    error = 0;
done:
    close_all(load);
    return error;
}
