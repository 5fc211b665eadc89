/* Cutting into lines. */
#include "text/lines.h"

#include <stdlib.h>

#include "text/character.h"

/* Takes one line at `at`; returns where the next one begins. */
static size_t take_line(struct line *out, struct bytes text, size_t at) {
    size_t end = at;
    while (end < text.len && text.data[end] != '\n' && text.data[end] != '\r') {
        end++;
    }
    size_t next = end;
    if (next < text.len) {
        next += text.data[next] == '\r' && next + 1 < text.len && text.data[next + 1] == '\n' ? 2 : 1;
    }
    if (out) {
        *out = (struct line){.offset = at, .len = end - at, .blank = trim(bytes_slice(text, at, end - at)).len == 0};
    }
    return next;
}

int lines_of(struct lines *out, struct bytes text) {
    size_t count = 0;
    for (size_t at = 0; at < text.len; count++) {
        at = take_line(NULL, text, at);
    }
    struct lines lines = {.items = calloc(count + 1, sizeof *lines.items)};
    if (!lines.items) {
        return DEPOSITARY_E_MEMORY;
    }
    for (size_t at = 0; at < text.len;) {
        at = take_line(&lines.items[lines.count++], text, at);
    }
    *out = lines;
    return 0;
}

void lines_free(struct lines *lines) {
    if (lines) {
        free(lines->items);
        *lines = (struct lines){0};
    }
}
