/* A part of a file: one of two languages, a treaty without the law that ratifies it. */
#include "text/import.h"

#include "text/character.h"
#include "text/label.h"
#include "text/lines.h"

#define NAMED_MAX 3 /* lines that are named where several would do */

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

/* The index of the one line that has these words, or begins with them where no line is just that. */
static int find_words(size_t *out, struct bytes file, const struct lines *lines, const char *option, const char *words,
                      struct fault *fault) {
    struct bytes wanted = trim(bytes_text(words));
    for (int whole = 1; whole >= 0 && wanted.len > 0; whole--) {
        size_t found = 0;
        size_t at[NAMED_MAX];
        for (size_t i = 0; i < lines->count; i++) {
            struct bytes line = line_words(file, &lines->items[i]);
            if (whole ? bytes_equal(line, wanted) : bytes_starts_with(line, wanted)) {
                at[found < NAMED_MAX ? found : NAMED_MAX - 1] = i;
                found++;
            }
        }
        if (found == 1) {
            *out = at[0];
            return 0;
        }
        if (found > 1) {
            return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                             "--%s \"%s\" stands in %zu lines, %zu and %zu among them: give the number of the line",
                             option, words, found, at[0] + 1, at[1] + 1);
        }
    }
    return fault_set(fault, DEPOSITARY_E_ARGUMENT, "--%s \"%s\": no line begins with these words", option, words);
}

static int find_line(size_t *out, struct bytes file, const struct lines *lines, const char *option, const char *where,
                     struct fault *fault) {
    size_t number;
    if (!parse_line_number(where, &number)) {
        return find_words(out, file, lines, option, where, fault);
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
    int error = from ? find_line(&first, file, lines, "from", from, fault) : 0;
    if (error == 0 && to) {
        error = find_line(&end, file, lines, "to", to, fault);
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
