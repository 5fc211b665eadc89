/*
 * The inside of a unit: its label, its heading, then its paragraphs and points in one pass over the lines. A label counts as one
 * only where its list runs: the first of a list, or the one after the last. Everything here is claimed, never proved.
 */
#include "text/structure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/character.h"
#include "text/division.h"
#include "text/label.h"
#include "text/lines.h"
#include "text/marked.h"

#define LEVELS_MAX         4  /* of lists in lists */
#define LINES_BEFORE_LABEL 24 /* headings of parts and chapters that may stand above a unit's label */

/* ---- eIds */

struct bytes eid_first_part(struct bytes eid) {
    for (size_t i = 0; i + 1 < eid.len; i++) {
        if (eid.data[i] == '_' && eid.data[i + 1] == '_') {
            return bytes_slice(eid, 0, i);
        }
    }
    return eid;
}

struct bytes eid_last_part(struct bytes eid) {
    for (size_t i = eid.len; i >= 2; i--) {
        if (eid.data[i - 1] == '_' && eid.data[i - 2] == '_') {
            return bytes_slice(eid, i, eid.len - i);
        }
    }
    return eid;
}

struct bytes eid_above(struct bytes eid) {
    size_t last = eid_last_part(eid).len;
    return bytes_slice(eid, 0, last == eid.len ? 0 : eid.len - last - 2);
}

/* ---- kinds */

enum clause_kind clause_kind_of(struct bytes eid) {
    struct bytes part = eid_first_part(eid);
    if (bytes_equal(part, BYTES("preface"))) {
        return KIND_PREFACE;
    }
    if (bytes_equal(part, BYTES("preamble"))) {
        return KIND_PREAMBLE;
    }
    if (bytes_equal(part, BYTES("conclusions"))) {
        return KIND_CONCLUSIONS;
    }
    return bytes_starts_with(part, BYTES("att_")) ? KIND_ANNEX : KIND_CLAUSE;
}

/* ---- the builder */

/* A list that is under way at some depth. */
struct level {
    enum point_style style;
    struct number last;
    size_t provision; /* index of the one that is open here, or NOT_NAMED */
    unsigned lists;   /* opened under the same parent, this one too */
};

#define NOT_NAMED SIZE_MAX

struct builder {
    struct structure structure;
    size_t capacity;
    struct bytes eid;
    struct bytes text;
    struct lines lines;
    bool section; /* sub-sections instead of paragraphs */
    struct level levels[LEVELS_MAX];
    unsigned depth;   /* levels that are open */
    size_t paragraph; /* the unnumbered paragraph that is open, or NOT_NAMED */
    unsigned paragraphs;
    int error;
};

static size_t provision_add(struct builder *builder, const char *eid, struct span number, size_t start) {
    struct structure *structure = &builder->structure;
    if (builder->error != 0 || structure->provisions_count == STRUCTURE_PROVISIONS_MAX) {
        return NOT_NAMED;
    }
    if (structure->provisions_count == builder->capacity) {
        size_t capacity = builder->capacity == 0 ? 8 : builder->capacity * 2;
        struct provision *provisions = realloc(structure->provisions, capacity * sizeof *provisions);
        if (!provisions) {
            builder->error = DEPOSITARY_E_MEMORY;
            return NOT_NAMED;
        }
        structure->provisions = provisions;
        builder->capacity = capacity;
    }
    struct provision *provision = &structure->provisions[structure->provisions_count];
    *provision = (struct provision){.number = number, .span = {.offset = (uint32_t)start}};
    memcpy(provision->eid, eid, strlen(eid) + 1);
    return structure->provisions_count++;
}

/* The provision ends before `end`, without the white space there. */
static void provision_close(struct builder *builder, size_t *index, size_t end) {
    if (*index != NOT_NAMED) {
        struct provision *provision = &builder->structure.provisions[*index];
        size_t start = provision->span.offset;
        struct bytes rest = bytes_slice(builder->text, start, end - start);
        while (rest.len > 0 && is_white_space(utf8_at(rest, utf8_before(rest, rest.len)))) {
            rest.len = utf8_before(rest, rest.len);
        }
        provision->span.length = (uint32_t)rest.len;
        *index = NOT_NAMED;
    }
}

static void close_levels(struct builder *builder, unsigned depth, size_t end) {
    for (unsigned i = builder->depth; i-- > depth;) {
        provision_close(builder, &builder->levels[i].provision, end);
    }
}

/* ---- lists */

/* Whether such a label at the top of a unit numbers its paragraphs; in a section only (1) does. Anything else is a list of points. */
static bool is_paragraph_style(const struct builder *builder, enum point_style style) {
    return style <= (builder->section ? POINT_DIGITS_PAREN : POINT_CHINESE);
}

/* "" where the parent has no name, or the name would be too long. */
static void name_point(const struct builder *builder, char out[LIMIT_EID + 1], unsigned depth,
                       const struct point_reading *reading) {
    const struct level *level = &builder->levels[depth];
    bool paragraph = depth == 0 && is_paragraph_style(builder, reading->style);
    const char *element = !paragraph ? "point" : builder->section ? "subsec" : "para";
    char parent[LIMIT_EID + 1];
    char again[16] = "";
    out[0] = '\0';
    if (depth == 0) {
        snprintf(parent, sizeof parent, "%.*s", (int)builder->eid.len, (const char *)builder->eid.data);
    } else if (builder->levels[depth - 1].provision != NOT_NAMED) {
        const struct provision *above = &builder->structure.provisions[builder->levels[depth - 1].provision];
        memcpy(parent, above->eid, sizeof parent);
    } else {
        return;
    }
    if (level->lists > 1) {
        snprintf(again, sizeof again, "_%u", level->lists);
    }
    int len = snprintf(out, LIMIT_EID + 1, "%s__%s_%s%s", parent, element, reading->number.text, again);
    if (len < 0 || len > (int)LIMIT_EID) {
        out[0] = '\0';
    }
}

/* The depth at which a reading goes on with a list that is open, or LEVELS_MAX. */
static unsigned depth_that_goes_on(const struct builder *builder, const struct point_reading *reading) {
    for (unsigned i = builder->depth; i-- > 0;) {
        const struct level *level = &builder->levels[i];
        if (level->style == reading->style && number_follows(&level->last, &reading->number)) {
            return i;
        }
    }
    return LEVELS_MAX;
}

/* Which reading runs, and at which depth: to go on comes before to begin. False where neither does. */
static bool choose(const struct builder *builder, const struct point *point, const struct point_reading **reading,
                   unsigned *depth) {
    for (size_t i = 0; i < 2; i++) {
        *reading = &point->readings[i];
        *depth = (*reading)->style == POINT_NONE ? LEVELS_MAX : depth_that_goes_on(builder, *reading);
        if (*depth < LEVELS_MAX) {
            return true;
        }
    }
    for (size_t i = 2; i-- > 0;) {
        *reading = &point->readings[i];
        if ((*reading)->style != POINT_NONE && (*reading)->number.value == 1 && builder->depth < LEVELS_MAX) {
            *depth = builder->depth;
            return true;
        }
    }
    return false;
}

/* A numbered paragraph or point; false where the label does not run. offset: of the line in the text. */
static bool open_point(struct builder *builder, const struct point *point, size_t offset) {
    const struct point_reading *reading;
    unsigned depth;
    if (!choose(builder, point, &reading, &depth)) {
        return false;
    }
    size_t start = offset + point->start;
    struct level *level = &builder->levels[depth];
    provision_close(builder, &builder->paragraph, start);
    close_levels(builder, depth, start);
    if (depth == builder->depth) {
        level->lists++;
        level->style = reading->style;
    }
    level->last = reading->number;
    builder->depth = depth + 1;
    if (builder->depth < LEVELS_MAX) {
        builder->levels[builder->depth].lists = 0;
    }
    char eid[LIMIT_EID + 1];
    name_point(builder, eid, depth, reading);
    struct span number = {.offset = (uint32_t)start, .length = (uint32_t)(point->end - point->start)};
    level->provision = eid[0] != '\0' ? provision_add(builder, eid, number, start) : NOT_NAMED;
    return true;
}

/* A paragraph without number: inside a numbered paragraph it only ends the points; elsewhere it is named by its place. */
static void open_paragraph(struct builder *builder, size_t start) {
    bool inside = builder->depth > 0 && is_paragraph_style(builder, builder->levels[0].style);
    close_levels(builder, inside ? 1 : 0, start);
    builder->depth = inside ? 1 : 0;
    if (inside) {
        return;
    }
    provision_close(builder, &builder->paragraph, start);
    char eid[LIMIT_EID + 1];
    int len = snprintf(eid, sizeof eid, "%.*s__p_%u", (int)builder->eid.len, (const char *)builder->eid.data,
                       ++builder->paragraphs);
    if (len > 0 && len <= (int)LIMIT_EID) {
        builder->paragraph = provision_add(builder, eid, (struct span){0, 0}, start);
    }
}

/* ---- lines */

static struct bytes line_bytes(const struct builder *builder, size_t i) {
    return bytes_slice(builder->text, builder->lines.items[i].offset, builder->lines.items[i].len);
}

static bool is_blank(const struct builder *builder, size_t i) {
    return i >= builder->lines.count || builder->lines.items[i].blank;
}

/* What follows the label in its line, and every line after it. `at` is where in line i the body begins. */
static void read_body(struct builder *builder, size_t i, size_t at) {
    bool fresh = true; /* a paragraph begins with the next line that is not blank */
    for (; i < builder->lines.count; i++, at = 0) {
        if (is_blank(builder, i)) {
            fresh = true;
            continue;
        }
        struct bytes line = line_bytes(builder, i);
        line = bytes_slice(line, at, line.len - at);
        size_t offset = builder->lines.items[i].offset + at;
        bool marked;
        size_t body = line_body(line, &marked);
        struct point point;
        if (body == line.len) {
            continue;
        }
        fresh = fresh || marked;
        if (!(point_of(&point, line) && open_point(builder, &point, offset)) && fresh) {
            open_paragraph(builder, offset + (marked ? 0 : body));
        }
        fresh = marked;
    }
    close_levels(builder, 0, builder->text.len);
    provision_close(builder, &builder->paragraph, builder->text.len);
}

/* Whether the eId's part is named after some label: art_5, cl_7. */
static bool is_named_after_label(struct bytes part) {
    for (int kind = LABEL_CLAUSE; kind <= LABEL_ANNEX; kind++) {
        struct bytes prefix = bytes_text(label_prefix((enum label_kind)kind));
        if (bytes_starts_with(part, prefix) && part.len > prefix.len && part.data[prefix.len] == '_') {
            return true;
        }
    }
    return false;
}

/* Whether the eId's part names this label: art_5 and art_5_2 (the second of that name) are both "Article 5". */
static bool names_label(struct bytes part, const struct label *label) {
    char name[LIMIT_EID + 1];
    if (label->kind == LABEL_ANNEX) {
        return bytes_starts_with(part, BYTES("att_")); /* named by its place, where two have one number */
    }
    int len = snprintf(name, sizeof name, "%s_%s", label_prefix(label->kind), label->number.text);
    if (len < 0 || !bytes_starts_with(part, bytes_text(name))) {
        return false;
    }
    return part.len == (size_t)len || part.data[len] == '_';
}

/* "I. General" may be the heading above "1."; "4." and the worded labels are never that. */
static bool may_be_heading(enum label_kind kind) {
    return kind == LABEL_ROMAN || kind == LABEL_BARE || kind == LABEL_BRACKET;
}

/* The line of the unit's label; headings of parts and chapters may stand above it. False where there is none. */
static bool find_label(const struct builder *builder, size_t *line, struct label *label) {
    struct bytes part = eid_last_part(builder->eid);
    if (bytes_equal(
            part, BYTES("preface"))) { /* what stands above the units of an annex begins with the annex's own heading */
        part = eid_first_part(builder->eid);
    }
    bool named = is_named_after_label(part);
    bool found = false;
    for (size_t i = 0, seen = 0; named && i < builder->lines.count && seen < LINES_BEFORE_LABEL; i++) {
        if (is_blank(builder, i)) {
            continue;
        }
        struct bytes bytes = line_bytes(builder, i);
        struct label here = label_of(bytes);
        if (here.kind != LABEL_NONE && names_label(part, &here) && (!found || !may_be_heading(here.kind))) {
            *line = i;
            *label = here;
            found = true;
            if (!may_be_heading(here.kind)) {
                return true;
            }
        }
        if (!is_heading_like(bytes) && !is_division(bytes)) {
            return found;
        }
        seen++;
    }
    return found;
}

static size_t next_line(const struct builder *builder, size_t i) {
    while (i < builder->lines.count && is_blank(builder, i)) {
        i++;
    }
    return i;
}

/* A line that can be a heading and is no point of a list, with more of the unit after it. */
static bool is_heading(const struct builder *builder, size_t i, struct bytes line) {
    struct point point;
    return is_heading_like(line) && !point_of(&point, line) && next_line(builder, i + 1) < builder->lines.count;
}

static void set_heading(struct builder *builder, size_t offset, struct bytes line) {
    bool marked;
    size_t body = line_body(line, &marked);
    struct bytes heading = bytes_slice(line, body, line.len - body);
    size_t len = trim(heading).len;
    builder->structure.heading = (struct span){(uint32_t)(offset + body), (uint32_t)len};
}

/* A number without a word: what follows is text, unless it stands alone on its line. */
static bool is_plain(enum label_kind kind) {
    return kind == LABEL_CLAUSE || kind == LABEL_ROMAN || kind == LABEL_BRACKET;
}

/* The heading after the label, in its line or on its own; *line and *at move past it. */
static void read_heading(struct builder *builder, const struct label *label, size_t *line, size_t *at) {
    size_t i = *line;
    struct bytes rest = line_bytes(builder, i);
    rest = bytes_slice(rest, label->rest, rest.len - label->rest);
    if (trim(rest).len > 0) {
        bool own_line = !is_plain(label->kind) || is_blank(builder, i + 1);
        if (label->marked || (own_line && is_heading(builder, i, rest))) {
            set_heading(builder, builder->lines.items[i].offset + label->rest, rest);
            *line = i + 1;
            *at = 0;
        }
        return;
    }
    *line = i + 1;
    *at = 0;
    size_t next = next_line(builder, i + 1);
    if (is_plain(label->kind) || next == builder->lines.count) {
        return;
    }
    struct bytes candidate = line_bytes(builder, next);
    bool marked;
    size_t body = line_body(candidate, &marked);
    if (body < candidate.len && (marked || (is_blank(builder, next + 1) && is_heading(builder, next, candidate)))) {
        set_heading(builder, builder->lines.items[next].offset, candidate);
        *line = next + 1;
    }
}

static void read_unit(struct builder *builder) {
    struct label label = {0};
    size_t line = 0;
    size_t at = 0;
    if (find_label(builder, &line, &label)) {
        builder->structure.number = (struct span){(uint32_t)(builder->lines.items[line].offset + label.start),
                                                  (uint32_t)(label.end - label.start)};
        at = label.rest;
        read_heading(builder, &label, &line, &at);
    }
    read_body(builder, line, at);
}

int structure_of(struct structure *out, struct bytes eid, struct bytes text) {
    struct builder builder = {.eid = eid, .text = text, .paragraph = NOT_NAMED};
    enum clause_kind kind = clause_kind_of(eid);
    if (eid.len > LIMIT_EID || text.len >= UINT32_MAX) {
        return DEPOSITARY_E_LIMIT;
    }
    if (is_marked_text(text)) {
        return structure_marked(out, eid, text);
    }
    if (kind != KIND_CLAUSE && kind != KIND_ANNEX) {
        *out = builder.structure;
        return 0;
    }
    for (size_t i = 0; i < LEVELS_MAX; i++) {
        builder.levels[i].provision = NOT_NAMED;
    }
    builder.section = bytes_starts_with(eid_last_part(eid), BYTES("sec_"));
    builder.error = lines_of(&builder.lines, text);
    if (builder.error == 0) {
        read_unit(&builder);
    }
    lines_free(&builder.lines);
    if (builder.error != 0) {
        structure_free(&builder.structure);
        return builder.error;
    }
    *out = builder.structure;
    return 0;
}

void structure_free(struct structure *structure) {
    if (structure) {
        free(structure->provisions);
        *structure = (struct structure){0};
    }
}
