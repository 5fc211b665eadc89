/* Knocking (knock.h). Nothing here waits past its end; the socket never blocks. */
#include "server/knock.h"

#include "base/time.h"
#include "base/url.h"
#include "server/sp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SAY_AGAIN_MS 200
#define REQUEST_ID                                                                                                     \
    { 0x80, 0, 0, 1 }

struct knocker {
    int fd; /* -1: none */
    enum sp_carrier carrier;
    uint64_t end_ns;
};

/* ---- waiting and moving bytes */

static bool wait_for(const struct knocker *knocker, short events, uint64_t end_ns) {
    struct pollfd one = {.fd = knocker->fd, .events = events};
    for (;;) {
        uint64_t now = clock_monotonic_ns();
        int left_ms = now >= end_ns ? 0 : (int)((end_ns - now + NS_PER_MS - 1) / NS_PER_MS);
        int ready = poll(&one, 1, left_ms);
        if (ready > 0 || (ready == 0 && left_ms == 0)) {
            return ready > 0;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

static bool send_all(const struct knocker *knocker, struct bytes in) {
    while (in.len > 0) {
        ssize_t sent = send(knocker->fd, in.data, in.len, MSG_NOSIGNAL);
        if (sent > 0) {
            in = bytes_slice(in, (size_t)sent, in.len);
        } else if (sent == 0 || (errno != EAGAIN && errno != EINTR) || !wait_for(knocker, POLLOUT, knocker->end_ns)) {
            return false;
        }
    }
    return true;
}

/* len bytes to out; those that are not wanted go to NULL. */
static bool receive_all(const struct knocker *knocker, uint8_t *out, size_t len) {
    uint8_t unwanted[256];
    while (len > 0) {
        uint8_t *place = out ? out : unwanted;
        size_t room = out || len < sizeof(unwanted) ? len : sizeof(unwanted);
        ssize_t got = recv(knocker->fd, place, room, 0);
        if (got > 0) {
            len -= (size_t)got;
            out = out ? out + got : NULL;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR) || !wait_for(knocker, POLLIN, knocker->end_ns)) {
            return false;
        }
    }
    return true;
}

/* ---- connecting */

static bool is_for_want_of_room(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

bool knock_has_room(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return !is_for_want_of_room(errno);
    }
    close(fd);
    return true;
}

/* KNOCK_HEARD: connected. */
static enum knock connect_to(struct knocker *knocker, const struct sockaddr *address, socklen_t len) {
    int error = 0;
    socklen_t error_len = sizeof(error);
    knocker->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (knocker->fd < 0) {
        return is_for_want_of_room(errno) ? KNOCK_UNTRIED : KNOCK_SHUT;
    }
    if (connect(knocker->fd, address, len) == 0) {
        return KNOCK_HEARD;
    }
    bool is_there = errno == EINPROGRESS && wait_for(knocker, POLLOUT, knocker->end_ns) &&
                    getsockopt(knocker->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == 0 && error == 0;
    return is_there ? KNOCK_HEARD : KNOCK_SHUT;
}

static enum knock connect_ipc(struct knocker *knocker, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return KNOCK_SHUT;
    }
    memcpy(address.sun_path, path, strlen(path));
    knocker->carrier = SP_IPC;
    return connect_to(knocker, (const struct sockaddr *)&address, sizeof(address));
}

static enum knock connect_tcp(struct knocker *knocker, const char *url) {
    char host[URL_HOST_MAX + 1];
    const char *colon = strrchr(url, ':');
    if (!colon || !url_host(host, url)) {
        return KNOCK_SHUT;
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, colon + 1, &hints, &found);
    if (error) {
        return error == EAI_MEMORY || (error == EAI_SYSTEM && is_for_want_of_room(errno)) ? KNOCK_UNTRIED : KNOCK_SHUT;
    }
    knocker->carrier = SP_TCP;
    enum knock knock = connect_to(knocker, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return knock;
}

/* Connects and exchanges greetings. KNOCK_HEARD: it stands. */
static enum knock greet(struct knocker *knocker, const char *url, enum sp_role ours, enum sp_role theirs) {
    uint8_t greeting[SP_GREETING_LEN], got[SP_GREETING_LEN];
    enum knock knock = KNOCK_SHUT;
    if (url_is_ipc(url)) {
        knock = connect_ipc(knocker, url_ipc_path(url));
    } else if (url_is_tcp(url)) {
        knock = connect_tcp(knocker, url);
    }
    if (knock != KNOCK_HEARD) {
        return knock;
    }
    sp_greeting(greeting, ours);
    bool is_greeted = send_all(knocker, bytes_of(greeting, sizeof(greeting))) &&
                      receive_all(knocker, got, sizeof(got)) && sp_is_greeting(got, theirs);
    return is_greeted ? KNOCK_HEARD : KNOCK_SHUT;
}

static void begin(struct knocker *knocker, int timeout_ms) {
    *knocker = (struct knocker){.fd = -1, .end_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS};
}

/* What came of it. The room is looked for while ours is still taken: who should have taken us in had no more than that. */
static enum knock end(struct knocker *knocker, enum knock knock) {
    if (knock == KNOCK_SHUT && !knock_has_room()) {
        knock = KNOCK_UNTRIED;
    }
    if (knocker->fd >= 0) {
        close(knocker->fd);
    }
    return knock;
}

/* ---- frames */

/* The length of the frame that comes. */
static bool receive_head(const struct knocker *knocker, uint64_t *len) {
    uint8_t head[SP_HEAD_MAX];
    if (!receive_all(knocker, head, sp_head_len(knocker->carrier))) {
        return false;
    }
    *len = sp_len(head, knocker->carrier);
    return true;
}

static bool send_request(const struct knocker *knocker, struct bytes request) {
    static const uint8_t id[] = REQUEST_ID;
    uint8_t head[SP_HEAD_MAX + sizeof(id)];
    const uint8_t *body = sp_frame_write(head, knocker->carrier, bytes_of(id, sizeof(id)), request.len);
    return send_all(knocker, bytes_of(head, (size_t)(body - head))) && send_all(knocker, request);
}

static bool receive_answer(const struct knocker *knocker, struct buffer *response) {
    static const uint8_t id[] = REQUEST_ID;
    uint8_t got[sizeof(id)];
    uint64_t len;
    if (!receive_head(knocker, &len) || len < sizeof(id) || !receive_all(knocker, got, sizeof(got)) ||
        memcmp(got, id, sizeof(id)) != 0 || len - sizeof(id) > response->limit) {
        return false;
    }
    uint8_t *place = buffer_extend(response, (size_t)len - sizeof(id));
    return place && receive_all(knocker, place, (size_t)len - sizeof(id));
}

/* ---- what others ask for */

enum knock knock_ask(const char *url, struct bytes request, int timeout_ms, struct buffer *response) {
    struct knocker knocker;
    begin(&knocker, timeout_ms);
    enum knock knock = greet(&knocker, url, SP_REQUESTER, SP_REPLIER);
    if (knock == KNOCK_HEARD && !(send_request(&knocker, request) && receive_answer(&knocker, response))) {
        knock = KNOCK_SILENT;
    }
    return end(&knocker, knock);
}

/* What is said before the publisher knows of us is not heard: so it is said again. */
static bool hear(const struct knocker *knocker, void (*say)(void *context), void *context) {
    uint64_t len;
    do {
        say(context);
        uint64_t pause_end = clock_monotonic_ns() + SAY_AGAIN_MS * NS_PER_MS;
        if (wait_for(knocker, POLLIN, pause_end < knocker->end_ns ? pause_end : knocker->end_ns)) {
            return receive_head(knocker, &len) && receive_all(knocker, NULL, (size_t)len);
        }
    } while (clock_monotonic_ns() < knocker->end_ns);
    return false;
}

enum knock knock_listen(const char *url, int timeout_ms, void (*say)(void *context), void *context) {
    struct knocker knocker;
    begin(&knocker, timeout_ms);
    enum knock knock = greet(&knocker, url, SP_SUBSCRIBER, SP_PUBLISHER);
    if (knock == KNOCK_HEARD && !hear(&knocker, say, context)) {
        knock = KNOCK_SILENT;
    }
    return end(&knocker, knock);
}
