/* See told_service.h. */
#include "told_service.h"

#include "base/limits.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static nng_socket listener;

bool told_service_open(const char *url) {
    if (nng_rep0_open(&listener) != 0 || nng_socket_set_size(listener, NNG_OPT_RECVMAXSZ, LIMIT_SOCKET) != 0 ||
        nng_listen(listener, url, NULL, 0) != 0) {
        fprintf(stderr, "cannot listen on %s\n", url);
        return false;
    }
    return true;
}

static void serve_one(const struct told_service *service) {
    nng_msg *message;
    struct buffer response;
    if (nng_recvmsg(listener, &message, NNG_FLAG_NONBLOCK) != 0) {
        return;
    }
    buffer_init(&response, LIMIT_SOCKET);
    service->answer(service->context, bytes_of(nng_msg_body(message), nng_msg_len(message)), &response);
    nng_msg_clear(message);
    if (response.error || nng_msg_append(message, response.data, response.len) != 0) {
        fprintf(stderr, "no room for an answer\n");
        abort();
    }
    buffer_free(&response);
    if (nng_sendmsg(listener, message, 0) != 0) {
        nng_msg_free(message);
    }
}

/* Takes what there is of standard input, whole lines of it. False at its end. */
static bool read_orders(const struct told_service *service) {
    static char line[4096];
    static size_t len;
    char byte;
    ssize_t got = read(STDIN_FILENO, &byte, 1);
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    if (byte != '\n' && len + 1 < sizeof line) {
        line[len++] = byte;
        return true;
    }
    line[len] = '\0';
    len = 0;
    puts(service->obey(service->context, line) ? "ok" : "what?");
    fflush(stdout);
    return true;
}

void told_service_run(const struct told_service *service) {
    int fd;
    if (nng_socket_get_int(listener, NNG_OPT_RECVFD, &fd) != 0) {
        abort();
    }
    struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    bool is_wanted = true;
    while (is_wanted && poll(ready, 2, -1) >= 0) {
        if (ready[0].revents != 0) {
            is_wanted = read_orders(service);
        }
        if (ready[1].revents != 0) {
            serve_one(service);
        }
    }
    nng_close(listener);
}
