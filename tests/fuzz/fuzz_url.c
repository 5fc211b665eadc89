/* Endpoints: what is taken for this machine's own is nothing else. */
#include "base/url.h"
#include "fuzz.h"

#include <string.h>

static bool has_scheme(const char *url, const char *scheme) {
    return strncmp(url, scheme, strlen(scheme)) == 0;
}

/* 127.0.0.0/8 by its spelling: four numbers with dots between, of which the first is 127. */
static bool is_dotted_127(const char *host) {
    unsigned a, b, c, d;
    char rest;
    return strspn(host, "0123456789.") == strlen(host) && sscanf(host, "%u.%u.%u.%u%c", &a, &b, &c, &d, &rest) == 4 &&
           a == 127 && b < 256 && c < 256 && d < 256;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char host[URL_HOST_MAX + 1];
    if (size > 1024)
        return 0;
    char *url = malloc(size + 1);
    HOLDS(url != NULL);
    if (size > 0)
        memcpy(url, data, size);
    url[size] = '\0';
    const bool has_host = url_host(host, url);
    HOLDS(!url_is_tls(url) || url_is_known(url));
    HOLDS(!has_host || (host[0] != '\0' && strstr(url, host) != NULL && !has_scheme(url, "ipc://")));
    if (url_is_loopback(url))
        HOLDS(has_scheme(url, "ipc://") ||
              (has_host && (strcasecmp(host, "localhost") == 0 || is_dotted_127(host) || strchr(host, ':') != NULL)));
    free(url);
    return 0;
}
