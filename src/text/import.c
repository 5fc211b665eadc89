/*
 * From a file to units. Lines give marks, marks give the numbering that runs, and the units are cut at its labels; what stands
 * before, behind and in annexes is named after Akoma Ntoso. Nothing is changed: the slices in order are the source.
 */
#include "text/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/keyword.h"
#include "text/label.h"
#include "text/lines.h"
#include "text/numbering.h"

#define ANNEX_NAME_MAX 64  /* bytes of att_, a number and a place */
#define CLOSING_MAX    400 /* bytes of a paragraph of signatories */

struct import {
    struct bytes source;
    struct lines lines;
    struct marks marks;
    struct outline outline;
    struct findings findings;
    size_t capacity;                /* of units */
    uint32_t *slots;                /* the units' eIds by hash: index + 1, 0 is free */
    size_t slots_count;             /* a power of 2 */
    uint32_t *again;                /* for each unit: how many more asked for its eId */
    size_t annexes;                 /* seen so far */
    char scope[ANNEX_NAME_MAX + 2]; /* "" or "att_1__" */
    int error;
};

/* ---- input */

static int fault_at(struct fault *fault, int error, struct bytes source, size_t offset, const char *words) {
    size_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (source.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return fault_set(fault, error, "line %zu, column %zu: %s", line, offset - start + 1, words);
}

static int check_source(struct bytes source, struct fault *fault) {
    if (source.len == 0) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "line 1, column 1: the text is empty");
    }
    if (source.len >= UINT32_MAX) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "the text is larger than 4 GiB");
    }
    const uint8_t *nul = memchr(source.data, 0, source.len);
    size_t valid = 0;
    uint32_t c;
    if (!utf8_valid(source)) {
        for (size_t len; (len = utf8_next(&c, bytes_slice(source, valid, UTF8_LEN_MAX))) > 0; valid += len) {
        }
        if (!nul || (size_t)(nul - source.data) > valid) {
            return fault_at(fault, DEPOSITARY_E_UTF8, source, valid, "not valid UTF-8");
        }
    }
    return nul ? fault_at(fault, DEPOSITARY_E_FORMAT, source, (size_t)(nul - source.data), "a NUL byte") : 0;
}

/* ---- lines */

static struct bytes line_at(const struct import *import, size_t i) {
    return bytes_slice(import->source, import->lines.items[i].offset, import->lines.items[i].len);
}

static bool is_blank(const struct import *import, size_t i) {
    return import->lines.items[i].blank;
}

static bool is_marked(const struct import *import, size_t i) {
    bool marked;
    line_body(line_at(import, i), &marked);
    return marked;
}

/* The next line that is not blank, `end` where there is none. */
static size_t next_written(const struct import *import, size_t i, size_t end) {
    while (i < end && is_blank(import, i)) {
        i++;
    }
    return i;
}

/* The last line before i that is not blank and not before `first`; i itself where there is none. */
static size_t written_before(const struct import *import, size_t i, size_t first) {
    for (size_t j = i; j > first; j--) {
        if (!is_blank(import, j - 1)) {
            return j - 1;
        }
    }
    return i;
}

/* One past the last line of the paragraph that begins at i; a Markdown heading is a paragraph of its own. */
static size_t paragraph_end(const struct import *import, size_t i, size_t end) {
    if (is_marked(import, i)) {
        return i + 1;
    }
    do {
        i++;
    } while (i < end && !is_blank(import, i) && !is_marked(import, i));
    return i;
}

/* ---- units */

static size_t offset_of_line(const struct import *import, size_t i) {
    return i < import->lines.count ? import->lines.items[i].offset : import->source.len;
}

static uint32_t *slot_of(const struct import *import, const char *eid) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *at = eid; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    }
    size_t slot = (hash ^ hash >> 32) & (import->slots_count - 1);
    while (import->slots[slot] != 0 && strcmp(import->outline.units[import->slots[slot] - 1].eid, eid) != 0) {
        slot = (slot + 1) & (import->slots_count - 1);
    }
    return &import->slots[slot];
}

static int units_grow(struct import *import) {
    size_t capacity = import->capacity == 0 ? 64 : import->capacity * 2;
    struct unit *units = realloc(import->outline.units, capacity * sizeof *units);
    if (!units) {
        return DEPOSITARY_E_MEMORY;
    }
    import->outline.units = units;
    uint32_t *again = realloc(import->again, capacity * sizeof *again);
    if (!again) {
        return DEPOSITARY_E_MEMORY;
    }
    memset(again + import->capacity, 0, (capacity - import->capacity) * sizeof *again);
    import->again = again;
    import->capacity = capacity;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (!slots) {
        return DEPOSITARY_E_MEMORY;
    }
    free(import->slots);
    import->slots = slots;
    import->slots_count = capacity * 2;
    for (size_t i = 0; i < import->outline.units_count; i++) {
        *slot_of(import, units[i].eid) = (uint32_t)i + 1;
    }
    return 0;
}

static bool is_taken(const struct import *import, const char *eid) {
    return import->slots_count > 0 && *slot_of(import, eid) != 0;
}

/* Opens a unit at a line; a name that is taken gets _2, _3 ... The unit before ends there. */
static void unit_open(struct import *import, size_t line, const char *name) {
    if (import->error == 0 && import->outline.units_count == import->capacity) {
        import->error = units_grow(import);
    }
    if (import->error != 0) {
        return;
    }
    struct unit *unit = &import->outline.units[import->outline.units_count];
    *unit = (struct unit){.offset = import->outline.units_count == 0 ? 0 : offset_of_line(import, line)};
    int len = snprintf(unit->eid, sizeof unit->eid, "%s%s", import->scope, name);
    uint32_t *slot = slot_of(import, unit->eid);
    if (*slot != 0) {
        uint32_t *again =
            &import->again[*slot - 1]; /* counted at the first of the name, so that repeats are not quadratic */
        do {
            len = snprintf(unit->eid, sizeof unit->eid, "%s%s_%u", import->scope, name, ++*again + 1);
            slot = slot_of(import, unit->eid);
        } while (*slot != 0 && len > 0);
    }
    if (len < 0 || len > (int)LIMIT_EID) {
        import->error = DEPOSITARY_E_LIMIT;
        return;
    }
    *slot = (uint32_t)++import->outline.units_count;
}

static void unit_open_label(struct import *import, size_t line, const struct label *label) {
    char name[LIMIT_EID + 1];
    snprintf(name, sizeof name, "%s_%s", label_prefix(label->kind), label->number.text);
    unit_open(import, line, name);
}

/* Lengths, and what structure says of number and heading; units past the limit are found. */
static void units_finish(struct import *import) {
    struct outline *outline = &import->outline;
    for (size_t i = 0; i < outline->units_count && import->error == 0; i++) {
        struct unit *unit = &outline->units[i];
        size_t end = i + 1 < outline->units_count ? outline->units[i + 1].offset : import->source.len;
        struct structure structure;
        unit->length = end - unit->offset;
        import->error =
            structure_of(&structure, bytes_text(unit->eid), bytes_slice(import->source, unit->offset, unit->length));
        if (import->error == 0) {
            unit->number = structure.number;
            unit->heading = structure.heading;
            structure_free(&structure);
        }
    }
}

/* ---- what stands before the units */

/* A line that is nothing but the word for preamble. */
static bool is_preamble_heading(const struct import *import, size_t i) {
    bool marked;
    struct bytes line = line_at(import, i);
    size_t body = line_body(line, &marked);
    struct bytes in = trim(bytes_slice(line, body, line.len - body));
    size_t len = keyword_take(in, KEYWORD_PREAMBLE);
    while (len > 0 && len < in.len && (in.data[len] == ':' || in.data[len] == '.' || in.data[len] == '*')) {
        len++;
    }
    return len > 0 && len == in.len;
}

static bool is_comment(const struct import *import, size_t i) {
    struct bytes line = trim(line_at(import, i));
    return bytes_starts_with(line, BYTES("<!--")) && line.len >= 7 &&
           bytes_equal(bytes_slice(line, line.len - 3, 3), BYTES("-->"));
}

/* Where the preamble begins in [first, end): at its heading, after a comment that ends a header, after the first paragraph. */
static size_t preamble_start(const struct import *import, size_t first, size_t end) {
    size_t after_comment = first;
    for (size_t i = first; i < end; i++) {
        if (is_preamble_heading(import, i)) {
            return i;
        }
        if (is_comment(import, i)) {
            after_comment = next_written(import, i + 1, end);
        }
    }
    if (after_comment > first) {
        return after_comment;
    }
    size_t i = next_written(import, paragraph_end(import, first, end), end);
    while (i < end && is_marked(import, i)) {
        i = next_written(import, i + 1, end); /* the title goes on */
    }
    return i;
}

static void open_front(struct import *import, size_t end) {
    size_t first = next_written(import, 0, end);
    if (first == end) {
        return;
    }
    size_t preamble = preamble_start(import, first, end);
    if (preamble > first) {
        unit_open(import, first, "preface");
    }
    if (preamble < end) {
        unit_open(import, preamble, "preamble");
    }
}

/*
 * Headings of parts and chapters right above a label belong to the unit below them. `floor` is the line of the label before, or the
 * first line of the text. Where nothing but headings stands below a label without text of its own, they are that label's.
 */
static size_t start_with_divisions(const struct import *import, size_t label, size_t floor, bool floor_is_bare) {
    size_t start = label;
    for (;;) {
        size_t above = written_before(import, start, floor + 1);
        if (above == start) {
            return floor_is_bare ? label : start;
        }
        size_t title = written_before(import, above, floor + 1);
        if (is_division(line_at(import, above)) && !is_preamble_heading(import, above)) {
            start = above;
        } else if (title < above && is_heading_like(line_at(import, above)) && is_division(line_at(import, title))) {
            start = title;
        } else {
            return start;
        }
    }
}

/* ---- what stands after the last unit */

/* Whether a paragraph can be names of signatories, place and date: short, and no sentence. */
static bool is_closing_paragraph(const struct import *import, size_t i, size_t end) {
    size_t last = end - 1;
    size_t start = offset_of_line(import, i);
    size_t len = import->lines.items[last].offset + import->lines.items[last].len - start;
    struct point point;
    return len <= CLOSING_MAX && is_heading_like(line_at(import, last)) && !point_of(&point, line_at(import, i)) &&
           !is_comment(import, i);
}

/* The line where the closing words begin in the last unit, whose label stands in line `label`; `end` where there are none. */
static size_t conclusions_start(const struct import *import, size_t label, size_t end) {
    size_t candidate = end;
    bool content = !import->lines.items[label].blank && !label_of(line_at(import, label)).alone;
    size_t i = paragraph_end(import, label, end);
    content = content || i > label + 1;
    for (i = next_written(import, i, end); i < end; i = next_written(import, i, end)) {
        size_t after = paragraph_end(import, i, end);
        bool marked;
        struct bytes line = line_at(import, i);
        size_t body = line_body(line, &marked);
        if (content && keyword_take(bytes_slice(line, body, line.len - body), KEYWORD_CLOSING) > 0) {
            return i;
        }
        if (!content || !is_closing_paragraph(import, i, after)) {
            candidate = end;
        } else if (candidate == end) {
            candidate = i;
        }
        content = true;
        i = after;
    }
    return candidate;
}

/* ---- a scope: the main text, or an annex */

static enum label_kind kind_by_name(const char *name) {
    static const struct {
        const char *name;
        enum label_kind kind;
    } names[] = {{"clause", LABEL_CLAUSE}, {"article", LABEL_ARTICLE}, {"section", LABEL_SECTION}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].kind;
        }
    }
    return LABEL_NONE;
}

static const char *kind_name(enum label_kind kind) {
    static const char *const names[] = {"paragraph", "clause", "article", "section", "annex"};
    return names[kind];
}

/* Opens the units chosen among the marks [first, end), with the headings above. *last_label: line of the last label. */
static void open_chosen(struct import *import, size_t first, size_t end, size_t floor, size_t *last_label) {
    bool floor_is_bare = import->scope[0] != '\0'; /* the heading of an annex */
    for (size_t i = first; i < end && import->error == 0; i++) {
        const struct mark *mark = &import->marks.items[i];
        if (!mark->chosen) {
            continue;
        }
        size_t start = start_with_divisions(import, mark->line, floor, floor_is_bare);
        if (import->outline.units_count == 0) {
            open_front(import, start);
        }
        unit_open_label(import, start, &mark->label);
        floor = mark->line;
        floor_is_bare = mark->label.alone;
        *last_label = mark->line;
    }
}

/* A name for an annex that no other has, with the number that is printed or else its place; a second one gets its place too. */
static void name_annex(const struct import *import, char out[ANNEX_NAME_MAX], const struct label *label) {
    char inside[ANNEX_NAME_MAX + sizeof "__preface"];
    if (label->number.value > 0) {
        snprintf(out, ANNEX_NAME_MAX, "att_%s", label->number.text);
    } else {
        snprintf(out, ANNEX_NAME_MAX, "att_%zu", import->annexes);
    }
    snprintf(inside, sizeof inside, "%s__preface", out);
    if (is_taken(import, out) || is_taken(import, inside)) {
        size_t len = strlen(out);
        snprintf(out + len, ANNEX_NAME_MAX - len, "_%zu", import->annexes);
    }
}

/* An annex from its heading on: one unit, or a unit for each label in it and one for what stands above them. */
static void open_annex(struct import *import, size_t at, size_t end, enum label_kind main_kind) {
    const struct mark *heading = &import->marks.items[at];
    enum label_kind kind = main_kind;
    size_t chosen = numbering_choose(&import->marks, at + 1, end, kind, NULL);
    if (chosen == 0) {
        kind = numbering_best(&import->marks, at + 1, end);
    }
    if (kind != LABEL_NONE) {
        chosen = numbering_choose(&import->marks, at + 1, end, kind, &import->findings);
    }
    char name[ANNEX_NAME_MAX];
    import->annexes++;
    name_annex(import, name, &heading->label);
    if (chosen == 0) {
        unit_open(import, heading->line, name);
        return;
    }
    size_t last_label;
    snprintf(import->scope, sizeof import->scope, "%s__", name);
    unit_open(import, heading->line, "preface");
    open_chosen(import, at + 1, end, heading->line, &last_label);
    import->scope[0] = '\0';
}

/* An annex heading counts from the first unit on; before it, it is a table of contents or a title. */
static size_t next_annex(const struct import *import, size_t i) {
    while (i < import->marks.count) {
        const struct mark *mark = &import->marks.items[i];
        if (mark->label.kind == LABEL_ANNEX && mark->fresh) {
            break;
        }
        i++;
    }
    return i;
}

static void open_numbered(struct import *import, enum label_kind kind, size_t main_end) {
    size_t last_label = 0;
    size_t floor = next_written(import, 0, import->lines.count);
    open_chosen(import, 0, main_end, floor, &last_label);
    size_t end_line = main_end < import->marks.count ? import->marks.items[main_end].line : import->lines.count;
    size_t conclusions = conclusions_start(import, last_label, end_line);
    if (conclusions < end_line) {
        unit_open(import, conclusions, "conclusions");
    }
    for (size_t at = main_end; at < import->marks.count && import->error == 0;) {
        size_t next = next_annex(import, at + 1);
        open_annex(import, at, next, kind);
        at = next;
    }
}

static void open_paragraphs(struct import *import) {
    size_t number = 0;
    size_t end = import->lines.count;
    for (size_t i = next_written(import, 0, end); i < end && import->error == 0;) {
        char name[32];
        snprintf(name, sizeof name, "para_%zu", ++number);
        unit_open(import, i, name);
        i = next_written(import, paragraph_end(import, i, end), end);
    }
}

/* ---- the whole */

/* Where the annexes begin, as an index of marks: the first annex heading after the first label that is numbered 1. */
static size_t find_main_end(const struct import *import) {
    size_t i = 0;
    while (i < import->marks.count &&
           (import->marks.items[i].label.kind == LABEL_ANNEX || import->marks.items[i].label.number.value != 1)) {
        i++;
    }
    return next_annex(import, i);
}

static int import_numbered(struct import *import, const char *forced, struct fault *fault) {
    size_t main_end = find_main_end(import);
    enum label_kind kind = forced ? kind_by_name(forced) : numbering_best(&import->marks, 0, main_end);
    if (kind == LABEL_NONE) {
        finding_add(&import->findings, FINDING_DOUBT, 1, 1, "no numbering runs: each paragraph is a unit");
    } else if (numbering_choose(&import->marks, 0, main_end, kind, &import->findings) == 0) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "line 1, column 1: no %s begins a line of the text", forced);
    }
    snprintf(import->outline.numbering, sizeof import->outline.numbering, "%s", kind_name(kind));
    if (kind == LABEL_NONE) {
        open_paragraphs(import);
    } else {
        open_numbered(import, kind, main_end);
    }
    return 0;
}

static int import_lines(struct import *import, const char *numbering, struct fault *fault) {
    if (numbering && (strcmp(numbering, "none") == 0 || strcmp(numbering, "paragraph") == 0)) {
        snprintf(import->outline.numbering, sizeof import->outline.numbering, "%s", numbering);
        if (numbering[0] == 'p') {
            open_paragraphs(import);
        }
        return 0;
    }
    if (numbering && kind_by_name(numbering) == LABEL_NONE) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "unknown numbering: %s", numbering);
    }
    import->error = marks_of(&import->marks, import->source, &import->lines);
    return import->error == 0 ? import_numbered(import, numbering, fault) : 0;
}

static void find_over_limit(struct import *import) {
    for (size_t i = 0, line = 0; i < import->outline.units_count; i++) {
        const struct unit *unit = &import->outline.units[i];
        while (line + 1 < import->lines.count && import->lines.items[line + 1].offset <= unit->offset) {
            line++;
        }
        if (unit->length > LIMIT_CLAUSE_TEXT) {
            finding_add(&import->findings, FINDING_OVER_LIMIT, line + 1, 1, "%s has %zu bytes, the limit is %u",
                        unit->eid, unit->length, LIMIT_CLAUSE_TEXT);
        }
    }
}

static int by_line(const void *a, const void *b) {
    const struct finding *x = a;
    const struct finding *y = b;
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return x->column < y->column ? -1 : x->column > y->column;
}

int import_plain(struct outline *out, struct bytes source, const struct import_options *options, struct fault *fault) {
    int error = check_source(source, fault);
    if (error != 0) {
        return error;
    }
    struct import import = {.source = source};
    import.error = lines_of(&import.lines, source);
    if (import.error == 0) {
        error = import_lines(&import, options ? options->numbering : NULL, fault);
    }
    if (error == 0 && import.error == 0 && import.outline.units_count == 0) {
        unit_open(&import, 0, "body"); /* no units wanted, or nothing but white space */
    }
    if (error == 0 && import.error == 0) {
        units_finish(&import);
        find_over_limit(&import);
    }
    if (error == 0 && (import.error != 0 || (import.error = import.findings.error) != 0)) {
        error = fault_set(fault, import.error, "%s", depositary_error_text(import.error));
    }
    if (import.findings.count > 0) {
        qsort(import.findings.items, import.findings.count, sizeof *import.findings.items, by_line);
    }
    import.outline.findings = import.findings.items;
    import.outline.findings_count = import.findings.count;
    marks_free(&import.marks);
    lines_free(&import.lines);
    free(import.slots);
    free(import.again);
    if (error != 0) {
        outline_free(&import.outline);
        return error;
    }
    *out = import.outline;
    return 0;
}

void outline_free(struct outline *outline) {
    if (outline) {
        free(outline->units);
        free(outline->findings);
        *outline = (struct outline){0};
    }
}
