/* sd_notify(3) (notify.h). */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "server/notify.h"

#include "base/encode.h"
#include "base/time.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define US_PER_MS 1000u
#define NS_PER_US 1000u

/* The socket's name is a path, or an abstract one that begins with @. False where there is none that can be used. */
static bool find_socket(struct sockaddr_un *out, socklen_t *len) {
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || (name[0] != '/' && name[0] != '@') || strlen(name) >= sizeof(out->sun_path)) {
        return false;
    }
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t name_len = strlen(name);
    memcpy(out->sun_path, name, name_len);
    if (name[0] == '@') {
        out->sun_path[0] = '\0';
    }
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_len);
    return true;
}

/* That it was not heard changes nothing: the manager has its own time limits. */
static void tell(const char *text) {
    struct sockaddr_un address;
    socklen_t len;
    if (!find_socket(&address, &len)) {
        return;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, len);
        close(fd);
    }
}

void notify_ready(void) {
    tell("READY=1");
}

void notify_reloading(void) {
    char text[64];
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_ns() / NS_PER_US);
    tell(text);
}

void notify_stopping(void) {
    tell("STOPPING=1");
}

void notify_alive(void) {
    tell("WATCHDOG=1");
}

void notify_status(const char *text) {
    char line[512];
    snprintf(line, sizeof(line), "STATUS=%s", text);
    for (char *at = line; *at; at++) {
        if (*at == '\n') { /* another line would be another message */
            *at = ' ';
        }
    }
    tell(line);
}

uint64_t notify_watchdog_ms(void) {
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t wanted_us;
    uint64_t wanted_pid;
    if (!usec || !decimal_parse(&wanted_us, bytes_text(usec))) {
        return 0;
    }
    if (pid && (!decimal_parse(&wanted_pid, bytes_text(pid)) || wanted_pid != (uint64_t)getpid())) {
        return 0;
    }
    uint64_t half_ms = wanted_us / US_PER_MS / 2;
    return wanted_us > 0 && half_ms == 0 ? 1 : half_ms;
}
