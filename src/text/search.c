/* Knuth-Morris-Pratt, because overlapping places are counted and a hostile needle must not make that quadratic. */
#include "text/search.h"

#include <stdlib.h>
#include <string.h>

int needle_init(struct needle *needle, struct bytes bytes) {
    if (bytes.len == 0 || bytes.len >= UINT32_MAX) {
        return DEPOSITARY_E_ARGUMENT;
    }
    uint32_t *failure = malloc(bytes.len * sizeof *failure);
    if (!failure) {
        return DEPOSITARY_E_MEMORY;
    }
    failure[0] = 0;
    uint32_t border = 0;
    for (size_t i = 1; i < bytes.len; i++) {
        while (border > 0 && bytes.data[i] != bytes.data[border]) {
            border = failure[border - 1];
        }
        border += bytes.data[i] == bytes.data[border];
        failure[i] = border;
    }
    *needle = (struct needle){.bytes = bytes, .failure = failure};
    return 0;
}

void needle_free(struct needle *needle) {
    if (needle) {
        free(needle->failure);
        *needle = (struct needle){0};
    }
}

/* Nothing of the needle stands before `at`: on to the next byte that can begin it. False where there is none. */
static bool skip_to_start(struct search *search) {
    const uint8_t *from = search->haystack.data + search->at;
    const uint8_t *start = memchr(from, search->needle->bytes.data[0], search->haystack.len - search->at);
    if (!start) {
        search->at = search->haystack.len;
        return false;
    }
    search->at += (size_t)(start - from);
    return true;
}

bool search_next(struct search *search, size_t *place) {
    struct bytes needle = search->needle->bytes;
    const uint32_t *failure = search->needle->failure;
    while (search->at < search->haystack.len) {
        if (search->state == 0 && !skip_to_start(search)) {
            break;
        }
        uint8_t byte = search->haystack.data[search->at];
        while (search->state > 0 && byte != needle.data[search->state]) {
            search->state = failure[search->state - 1];
        }
        search->state += byte == needle.data[search->state];
        search->at++;
        if (search->state == needle.len) {
            search->state = failure[search->state - 1];
            *place = search->at - needle.len;
            return true;
        }
    }
    return false;
}
