/* Units by an outline file: what the importer is told, checked to be every byte of the source once. */
#include "text/import.h"

#include <stdio.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/lines.h"
#include "text/units.h"

/* A line of the outline that is being read. */
struct reading {
    struct bytes source;
    struct lines lines; /* of the source */
    struct bytes line;  /* of the outline */
    size_t number;      /* of that line, from 1 */
    size_t at;          /* byte in it */
    size_t covered;     /* bytes of the source that have a unit */
    struct units units;
    struct fault *fault;
};

static int bad(const struct reading *reading, const char *words) {
    return fault_set(reading->fault, DEPOSITARY_E_FORMAT, "outline, line %zu, column %zu: %s", reading->number,
                     reading->at + 1, words);
}

static void skip_blanks(struct reading *reading) {
    while (reading->at < reading->line.len &&
           (reading->line.data[reading->at] == ' ' || reading->line.data[reading->at] == '\t')) {
        reading->at++;
    }
}

static int take_eid(struct reading *reading, char eid[LIMIT_EID + 1]) {
    size_t len = 0;
    struct bytes in = bytes_slice(reading->line, reading->at, reading->line.len - reading->at);
    while (len < in.len &&
           (is_word(in.data[len]) || in.data[len] == '_' || in.data[len] == '.' || in.data[len] == '-') &&
           in.data[len] < 0x80) {
        len++;
    }
    if (len == 0 || !is_word(in.data[0])) {
        return bad(reading, "an eId begins with a letter or digit, as art_5 does");
    }
    if (len > LIMIT_EID) {
        return bad(reading, "the eId is too long");
    }
    snprintf(eid, LIMIT_EID + 1, "%.*s", (int)len, (const char *)in.data);
    if (units_has(&reading->units, eid)) {
        return bad(reading, "this eId stands before already");
    }
    reading->at += len;
    return 0;
}

static int take_number(struct reading *reading, size_t *out) {
    size_t value = 0;
    size_t start = reading->at;
    for (; reading->at < reading->line.len; reading->at++) {
        uint8_t c = reading->line.data[reading->at];
        if (c < '0' || c > '9' || value > SIZE_MAX / 20) {
            break;
        }
        value = value * 10 + (size_t)(c - '0');
    }
    *out = value;
    return reading->at > start ? 0 : bad(reading, "a number is missing: art_1 4-10 for lines, art_1 120+300 for bytes");
}

/* "4-10" or "120+300" to bytes [*start, *end). */
static int take_place(struct reading *reading, size_t *start, size_t *end) {
    size_t first;
    size_t second;
    size_t from = reading->at;
    int error = take_number(reading, &first);
    if (error != 0) {
        return error;
    }
    uint8_t sign = reading->at < reading->line.len ? reading->line.data[reading->at] : 0;
    if (sign != '-' && sign != '+') {
        return bad(reading, "'-' (lines) or '+' (bytes) is missing");
    }
    reading->at++;
    error = take_number(reading, &second);
    if (error != 0) {
        return error;
    }
    skip_blanks(reading);
    if (reading->at < reading->line.len) {
        return bad(reading, "something follows the place");
    }
    reading->at = from;
    if (sign == '+') {
        *start = first;
        *end = second > reading->source.len ? SIZE_MAX : first + second;
    } else if (first == 0 || second < first || second > reading->lines.count) {
        return bad(reading, "there are no such lines");
    } else {
        *start = reading->lines.items[first - 1].offset;
        *end = second < reading->lines.count ? reading->lines.items[second].offset : reading->source.len;
    }
    if (*end > reading->source.len || *start >= *end) {
        return bad(reading, "there are no such bytes");
    }
    return 0;
}

static int judge_place(struct reading *reading, size_t start, size_t end) {
    if (start < reading->covered) {
        return bad(reading, "this overlaps the unit before");
    }
    if (start > reading->covered) {
        return bad(reading, "this leaves out what stands between the unit before and it");
    }
    if (!utf8_is_boundary(reading->source, start) || !utf8_is_boundary(reading->source, end)) {
        return bad(reading, "this cuts a character");
    }
    return end - start > LIMIT_CLAUSE_TEXT ? bad(reading, "the unit is over the limit of 1 MiB") : 0;
}

static int read_line(struct reading *reading) {
    char eid[LIMIT_EID + 1];
    size_t start = 0;
    size_t end = 0;
    reading->at = 0;
    skip_blanks(reading);
    if (reading->at == reading->line.len || reading->line.data[reading->at] == '#') {
        return 0;
    }
    int error = take_eid(reading, eid);
    if (error == 0) {
        skip_blanks(reading);
        error = take_place(reading, &start, &end);
    }
    if (error == 0) {
        error = judge_place(reading, start, end);
    }
    if (error == 0) {
        units_open(&reading->units, start, eid);
        reading->covered = end;
    }
    return error;
}

static int read_all(struct reading *reading, struct bytes outline) {
    struct lines lines = {0};
    int error = lines_of(&lines, outline);
    for (size_t i = 0; i < lines.count && error == 0; i++) {
        reading->line = bytes_slice(outline, lines.items[i].offset, lines.items[i].len);
        reading->number = i + 1;
        error = read_line(reading);
    }
    if (error == 0 && reading->covered < reading->source.len) {
        reading->at = 0;
        error = bad(reading, "the outline ends before the text does");
    }
    lines_free(&lines);
    return error;
}

int import_outlined(struct outline *out, struct bytes source, struct bytes outline, struct fault *fault) {
    struct reading reading = {.source = source, .fault = fault};
    int error = import_check(source, 1, fault);
    if (error == 0) {
        error = lines_of(&reading.lines, source);
    }
    if (error == 0) {
        error = read_all(&reading, outline);
    }
    if (error == 0) {
        units_finish(&reading.units, source);
        error = reading.units.error;
    }
    if (error == 0) {
        *out = (struct outline){.numbering = "outline"};
        units_give(&reading.units, out);
    } else if (fault->error == 0) {
        fault_set(fault, error, "%s", depositary_error_text(error));
    }
    units_free(&reading.units);
    lines_free(&reading.lines);
    return error;
}
