/*
 * The importers: plain text and Markdown, with each numbering; units that an outline names; parts of a file. The input is a file; after a NUL, which no file may
 * hold, come options: "n" and a numbering, "o" and an outline, "r" and where the part begins, a NUL, where it ends.
 */
#include "base/encode.h"
#include "units.h"

#define INPUT_MAX 65536
#define TEXT_MAX  4096

struct options {
    char kind; /* 0: none */
    struct bytes first;
    struct bytes second;
};

static struct bytes take_part(struct bytes *in) {
    const uint8_t *end = in->len > 0 ? memchr(in->data, 0, in->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - in->data) : in->len;
    struct bytes part = bytes_slice(*in, 0, len);
    *in = end != NULL ? bytes_slice(*in, len + 1, in->len) : bytes_of(NULL, 0);
    return part;
}

static struct options take_options(struct bytes rest) {
    struct options out = {0};
    if (rest.len > 0) {
        out.kind = (char)rest.data[0];
        rest = bytes_slice(rest, 1, rest.len);
        out.first = take_part(&rest);
        out.second = take_part(&rest);
    }
    return out;
}

/* A C string in the caller's room; NULL where there is nothing. */
static const char *text_of(char room[TEXT_MAX], struct bytes in) {
    if (in.len == 0 || in.len >= TEXT_MAX)
        return NULL;
    memcpy(room, in.data, in.len);
    room[in.len] = '\0';
    return room;
}

static void try_import(struct bytes source, const struct import_options *options) {
    struct outline outline = {0};
    struct fault fault = {0};
    if (import_plain(&outline, source, options, &fault) != 0) {
        HOLDS(fault.text[0] != '\0');
        return;
    }
    judge_units(&outline, source);
    for (size_t i = 0; i < outline.findings_count; i++) {
        HOLDS(outline.findings[i].line >= options->first_line && outline.findings[i].column > 0);
        HOLDS(memchr(outline.findings[i].text, 0, sizeof outline.findings[i].text) != NULL);
    }
    outline_free(&outline);
}

static void try_outlined(struct bytes source, struct bytes text) {
    struct outline outline = {0};
    struct fault fault = {0};
    if (import_outlined(&outline, source, text, &fault) != 0) {
        HOLDS(fault.text[0] != '\0');
        return;
    }
    judge_units(&outline, source);
    outline_free(&outline);
}

static void try_range(struct bytes file, const struct options *options) {
    char from[TEXT_MAX], to[TEXT_MAX];
    struct bytes part;
    struct fault fault = {0};
    size_t line = 0;
    if (import_range(&part, &line, file, text_of(from, options->first), text_of(to, options->second), &fault) != 0) {
        HOLDS(fault.text[0] != '\0');
        return;
    }
    HOLDS(line >= 1 && part.len <= file.len);
    HOLDS(part.len == 0 || (part.data >= file.data && part.data + part.len <= file.data + file.len));
    try_import(part, &(struct import_options){.first_line = line});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes rest = bytes_of(data, size);
    char numbering[TEXT_MAX];
    if (size > INPUT_MAX)
        return 0;
    struct bytes source = take_part(&rest);
    const struct options options = take_options(rest);
    switch (options.kind) {
    case 'o':
        if (utf8_valid(source))
            try_outlined(source, options.first);
        break;
    case 'r':
        try_range(source, &options);
        break;
    case 'n':
        try_import(source, &(struct import_options){.numbering = text_of(numbering, options.first)});
        break;
    default:
        try_import(source, &(struct import_options){0});
    }
    return 0;
}
