/* Finding the marks. A mark alone proves nothing: only the sequence tells units from lists and references (numbering.h). */
#include "text/mark.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/division.h"

#define SHORT_LINE      120 /* bytes of a line that may be a heading right above a label */
#define HEADING_LINES   4
#define BETWEEN_ENTRIES 4 /* lines of headings between two entries of a table of contents */

struct bytes text_line(struct bytes text, const struct lines *lines, size_t i) {
    return bytes_slice(text, lines->items[i].offset, lines->items[i].len);
}

size_t line_written_before(const struct lines *lines, size_t i, size_t first) {
    for (size_t j = i; j > first; j--) {
        if (!lines->items[j - 1].blank) {
            return j - 1;
        }
    }
    return i;
}

static bool is_small_letter(uint32_t c) {
    return c != CODE_POINT_NOWHERE && utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LL;
}

static bool begins_paragraph(struct bytes text, const struct lines *lines, size_t i) {
    bool marked;
    if (i == 0 || lines->items[i - 1].blank) {
        return true;
    }
    line_body(text_line(text, lines, i - 1), &marked);
    return marked;
}

/* The first of the short lines without punctuation that stand right above line i and begin a paragraph; i where they do not. */
static size_t heading_above(struct bytes text, const struct lines *lines, size_t i) {
    size_t start = i;
    while (start > 0 && i - start <= HEADING_LINES && !begins_paragraph(text, lines, start)) {
        struct bytes above = text_line(text, lines, start - 1);
        bool division = is_division(above);
        if (above.len > SHORT_LINE || (!is_heading_like(above) && !division)) {
            return i;
        }
        start--;
    }
    return i - start <= HEADING_LINES ? start : i;
}

static bool is_divided(struct bytes text, const struct lines *lines, size_t i) {
    size_t above = line_written_before(lines, i, 0);
    if (above == i) {
        return false;
    }
    if (is_division(text_line(text, lines, above))) {
        return true;
    }
    size_t title = line_written_before(lines, above, 0);
    return title < above && is_heading_like(text_line(text, lines, above)) &&
           is_division(text_line(text, lines, title));
}

/* Whether a sentence goes on after the label, in its line or, where it stands alone at the end of a line, in the next one. */
static bool goes_on(struct bytes text, const struct lines *lines, const struct mark *mark) {
    size_t i = mark->line;
    if (!mark->label.alone) {
        return is_small_letter(utf8_at(text_line(text, lines, i), mark->label.rest));
    }
    if (mark->fresh || mark->closed || i + 1 >= lines->count) {
        return false;
    }
    bool marked;
    struct bytes next = text_line(text, lines, i + 1);
    return is_small_letter(utf8_at(next, line_body(next, &marked)));
}

static struct mark mark_at(struct bytes text, const struct lines *lines, size_t i, struct label label) {
    struct mark mark = {.line = i, .label = label};
    mark.fresh = label.marked || begins_paragraph(text, lines, i);
    mark.closed = i > 0 && !lines->items[i - 1].blank && !is_heading_like(text_line(text, lines, i - 1));
    mark.heading = mark.fresh ? i : heading_above(text, lines, i);
    mark.divided = is_divided(text, lines, i);
    mark.prose = goes_on(text, lines, &mark);
    return mark;
}

int marks_of(struct marks *out, struct bytes text, const struct lines *lines) {
    struct marks marks = {.text = text, .lines = lines};
    size_t capacity = 0;
    for (size_t i = 0; i < lines->count; i++) {
        struct label label = {0};
        if (!lines->items[i].blank) {
            label = label_of(text_line(text, lines, i));
        }
        if (label.kind == LABEL_NONE) {
            continue;
        }
        if (marks.count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            struct mark *items = realloc(marks.items, capacity * sizeof *items);
            if (!items) {
                marks_free(&marks);
                return DEPOSITARY_E_MEMORY;
            }
            marks.items = items;
        }
        marks.items[marks.count++] = mark_at(text, lines, i, label);
    }
    *out = marks;
    return 0;
}

void marks_free(struct marks *marks) {
    if (marks) {
        free(marks->items);
        *marks = (struct marks){0};
    }
}

struct bytes mark_word(const struct marks *marks, const struct mark *mark) {
    struct bytes line = text_line(marks->text, marks->lines, mark->line);
    struct bytes label = bytes_slice(line, mark->label.start, mark->label.end - mark->label.start);
    size_t len = 0;
    uint32_t c;
    for (size_t step; (step = utf8_next(&c, bytes_slice(label, len, label.len - len))) > 0 && is_word(c); len += step) {
    }
    return bytes_slice(label, 0, len);
}

bool marks_are_bare(const struct marks *marks, size_t i, size_t j) {
    size_t written = 0;
    for (size_t line = marks->items[i].line; line < marks->items[j].line; line++) {
        struct bytes bytes = text_line(marks->text, marks->lines, line);
        if (!marks->lines->items[line].blank && (++written > BETWEEN_ENTRIES || !is_heading_like(bytes))) {
            return false;
        }
    }
    return true;
}
