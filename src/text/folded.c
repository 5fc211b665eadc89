/* Folded text as it grows. */
#include "text/folded.h"

#include <stdlib.h>

#include "text/character.h"

static void folded_grow(struct folded_writer *writer, size_t capacity) {
    uint8_t *text = NULL;
    uint32_t *source = NULL;
    if (capacity > SIZE_MAX / sizeof(uint32_t)) {
        writer->error = DEPOSITARY_E_MEMORY;
        return;
    }
    text = realloc(writer->folded.text, capacity);
    if (text) {
        writer->folded.text = text;
    }
    source = realloc(writer->folded.source, capacity * sizeof *source);
    if (source) {
        writer->folded.source = source;
    }
    if (!text || !source) {
        writer->error = DEPOSITARY_E_MEMORY;
        return;
    }
    writer->capacity = capacity;
}

void folded_begin(struct folded_writer *writer, size_t size) {
    *writer = (struct folded_writer){0};
    folded_grow(writer, size + 2 * UTF8_LEN_MAX);
}

void folded_put(struct folded_writer *writer, uint32_t c, size_t source) {
    struct folded *folded = &writer->folded;
    if (writer->error == 0 && writer->capacity - folded->len <= UTF8_LEN_MAX) {
        folded_grow(writer, writer->capacity + writer->capacity / 2);
    }
    if (writer->error != 0) {
        return;
    }
    size_t len = utf8_put(folded->text + folded->len, c);
    for (size_t i = 0; i < len; i++) {
        folded->source[folded->len + i] = (uint32_t)source;
    }
    folded->len += len;
}

int folded_end(struct folded *out, struct folded_writer *writer, size_t end) {
    if (writer->error != 0) {
        folded_free(&writer->folded);
        return writer->error;
    }
    writer->folded.source[writer->folded.len] = (uint32_t)end;
    *out = writer->folded;
    return 0;
}
