/* A part of a file: one of two languages, a treaty without the law that ratifies it. */
#include "text/import.h"

#include <stdio.h>

#include "text/character.h"
#include "text/label.h"
#include "text/lines.h"

#define NAMED_MAX 120 /* bytes of the numbers of lines that would all do */

static struct bytes line_words(struct bytes file, const struct line *line) {
    bool marked;
    struct bytes bytes = bytes_slice(file, line->offset, line->len);
    size_t body = line_body(bytes, &marked);
    return trim(bytes_slice(bytes, body, bytes.len - body));
}

/* A number and nothing else. */
static bool parse_line_number(const char *text, size_t *out) {
    size_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && value < SIZE_MAX / 20; at++) {
        value = value * 10 + (size_t)(*at - '0');
    }
    *out = value;
    return at > text && *at == '\0';
}

/* How well a line fits: it is these words with its marks, it is these words, it begins with them. */
enum fit { FIT_EXACT, FIT_WORDS, FIT_BEGINNING, FIT_NONE };

static enum fit fit_of(struct bytes file, const struct line *line, struct bytes wanted) {
    struct bytes words = line_words(file, line);
    if (bytes_equal(trim(bytes_slice(file, line->offset, line->len)), wanted)) {
        return FIT_EXACT;
    }
    if (bytes_equal(words, wanted)) {
        return FIT_WORDS;
    }
    return bytes_starts_with(words, wanted) ? FIT_BEGINNING : FIT_NONE;
}

/* The index of the one line from `first` on that fits best. */
static int find_words(size_t *out, struct bytes file, const struct lines *lines, size_t first, const char *option,
                      const char *words, struct fault *fault) {
    struct bytes wanted = trim(bytes_text(words));
    for (enum fit fit = FIT_EXACT; fit < FIT_NONE && wanted.len > 0; fit++) {
        char named[NAMED_MAX] = "";
        size_t found = 0;
        size_t len = 0;
        for (size_t i = first; i < lines->count; i++) {
            if (fit_of(file, &lines->items[i], wanted) != fit) {
                continue;
            }
            *out = found++ == 0 ? i : *out;
            if (len + 24 < sizeof named) {
                len += (size_t)snprintf(named + len, sizeof named - len, "%s%zu", len > 0 ? ", " : "", i + 1);
            }
        }
        if (found == 1) {
            return 0;
        }
        if (found > 1) {
            return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                             "--%s \"%s\" stands in %zu lines (%s): give the number of the line", option, words, found,
                             named);
        }
    }
    return fault_set(fault, DEPOSITARY_E_ARGUMENT, "--%s \"%s\": no line%s begins with these words", option, words,
                     first > 0 ? " after --from" : "");
}

static int find_line(size_t *out, struct bytes file, const struct lines *lines, size_t first, const char *option,
                     const char *where, struct fault *fault) {
    size_t number;
    if (!parse_line_number(where, &number)) {
        return find_words(out, file, lines, first, option, where, fault);
    }
    if (number == 0 || number > lines->count) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "--%s %s: the file has lines 1 to %zu", option, where,
                         lines->count);
    }
    *out = number - 1;
    return 0;
}

static int cut(struct bytes *out, size_t *line, struct bytes file, const struct lines *lines, const char *from,
               const char *to, struct fault *fault) {
    size_t first = 0;
    size_t end = lines->count;
    int error = from ? find_line(&first, file, lines, 0, "from", from, fault) : 0;
    if (error == 0 && to) {
        error = find_line(&end, file, lines, from ? first + 1 : 0, "to", to, fault);
    }
    if (error == 0 && first >= end) {
        error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "--from is line %zu and --to line %zu: nothing lies between",
                          first + 1, end + 1);
    }
    if (error == 0) {
        size_t start = lines->items[first].offset;
        size_t stop = end < lines->count ? lines->items[end].offset : file.len;
        *out = bytes_slice(file, start, stop - start);
        *line = first + 1;
    }
    return error;
}

int import_range(struct bytes *out, size_t *line, struct bytes file, const char *from, const char *to,
                 struct fault *fault) {
    struct lines lines = {0};
    int error = lines_of(&lines, file);
    error =
        error != 0 ? fault_set(fault, error, "no memory for the lines") : cut(out, line, file, &lines, from, to, fault);
    lines_free(&lines);
    return error;
}
