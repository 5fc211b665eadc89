/* Scanning tags: XML 1.0 sections 2.5 to 3.1, as far as well-formed documents without a document type use them. */
#include "text/markup.h"

#include <string.h>

static struct bytes from(struct bytes in, size_t offset) {
    return bytes_slice(in, offset, in.len - (offset < in.len ? offset : in.len));
}

/* The offset after the next `mark` from `at` on; the end where there is none. */
static size_t after_mark(struct bytes text, size_t at, struct bytes mark) {
    for (; at + mark.len <= text.len; at++) {
        const uint8_t *next = memchr(text.data + at, mark.data[0], text.len - at);
        if (!next) {
            return text.len;
        }
        at = (size_t)(next - text.data);
        if (bytes_starts_with(from(text, at), mark)) {
            return at + mark.len;
        }
    }
    return text.len;
}

/* Past what begins with '<' and is no tag; `at` itself where it is one. */
static size_t skip_other(struct bytes text, size_t at) {
    static const char *const marks[][2] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct bytes start = bytes_text(marks[i][0]);
        if (bytes_starts_with(from(text, at), start)) {
            return after_mark(text, at + start.len, bytes_text(marks[i][1]));
        }
    }
    return at;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The '>' of a tag; values in quotes may hold one. text.len where there is none. */
static size_t tag_close(struct bytes text, size_t at) {
    uint8_t quote = 0;
    for (; at < text.len; at++) {
        uint8_t c = text.data[at];
        if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            break;
        }
    }
    return at;
}

static struct bytes local_name(struct bytes name) {
    const uint8_t *colon = name.len > 0 ? memchr(name.data, ':', name.len) : NULL;
    return colon ? from(name, (size_t)(colon - name.data) + 1) : name;
}

static bool take_tag(struct tag *out, struct bytes text, size_t at) {
    size_t close = tag_close(text, at);
    if (close == text.len) {
        return false;
    }
    bool is_end = at + 1 < close && text.data[at + 1] == '/';
    bool is_empty = !is_end && text.data[close - 1] == '/';
    size_t name = at + 1 + is_end;
    size_t name_end = name;
    size_t end = close - is_empty;
    while (name_end < end && !is_space(text.data[name_end])) {
        name_end++;
    }
    *out = (struct tag){.kind = is_end     ? TAG_END
                                : is_empty ? TAG_EMPTY
                                           : TAG_START,
                        .name = local_name(bytes_slice(text, name, name_end - name)),
                        .offset = at,
                        .end = close + 1,
                        .attributes = bytes_slice(text, name_end, end - name_end)};
    return true;
}

bool markup_next(struct tag *out, struct bytes text, size_t *at) {
    while (*at < text.len) {
        const uint8_t *next = memchr(text.data + *at, '<', text.len - *at);
        if (!next) {
            break;
        }
        size_t start = (size_t)(next - text.data);
        size_t after = skip_other(text, start);
        if (after == start) {
            if (!take_tag(out, text, start)) {
                break;
            }
            *at = out->end;
            return true;
        }
        *at = after;
    }
    *at = text.len;
    return false;
}

struct bytes markup_attribute(const struct tag *tag, const char *name) {
    struct bytes in = tag->attributes;
    struct bytes wanted = bytes_text(name);
    size_t at = 0;
    while (at < in.len) {
        while (at < in.len && is_space(in.data[at])) {
            at++;
        }
        size_t start = at;
        while (at < in.len && in.data[at] != '=' && !is_space(in.data[at])) {
            at++;
        }
        struct bytes found = bytes_slice(in, start, at - start);
        while (at < in.len && (in.data[at] == '=' || is_space(in.data[at]))) {
            at++;
        }
        if (at == in.len || (in.data[at] != '"' && in.data[at] != '\'')) {
            break;
        }
        size_t close = at + 1;
        while (close < in.len && in.data[close] != in.data[at]) {
            close++;
        }
        if (bytes_equal(found, wanted)) {
            return bytes_slice(in, at + 1, close - at - 1);
        }
        at = close + 1;
    }
    return (struct bytes){0};
}
