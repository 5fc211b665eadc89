/* Names of endpoints (url.h). */
#include "base/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const char *after(const char *url, const char *scheme) {
    size_t len = strlen(scheme);
    return strncmp(url, scheme, len) == 0 ? url + len : NULL;
}

bool url_is_tls(const char *url) {
    return after(url, "tls+tcp://") != NULL;
}

bool url_is_tcp(const char *url) {
    return after(url, "tcp://") != NULL;
}

const char *url_ipc_path(const char *url) {
    return after(url, "ipc://");
}

bool url_is_ipc(const char *url) {
    return url_ipc_path(url) != NULL;
}

bool url_is_known(const char *url) {
    return url_is_tls(url) || url_is_tcp(url) || url_is_ipc(url);
}

bool url_host(char out[URL_HOST_MAX + 1], const char *url) {
    const char *host = url_is_tls(url) ? after(url, "tls+tcp://") : after(url, "tcp://");
    if (host == NULL) {
        return false;
    }
    bool is_bracketed = *host == '[';
    host += is_bracketed;
    size_t len = strcspn(host, is_bracketed ? "]" : ":/");
    if (len == 0 || len > URL_HOST_MAX) {
        return false;
    }
    memcpy(out, host, len);
    out[len] = '\0';
    return true;
}

/* By what the address is, not by how it begins: "127.example.org" is a name that anyone may own. */
bool url_is_loopback(const char *url) {
    char host[URL_HOST_MAX + 1];
    struct in_addr four;
    struct in6_addr six;
    if (url_is_ipc(url)) {
        return true;
    }
    if (!url_host(host, url)) {
        return false;
    }
    return strcasecmp(host, "localhost") == 0 ||
           (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127) ||
           (inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six));
}
