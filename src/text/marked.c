/* Reading a unit's elements: AKN Naming Convention 1.0, section 5 (eIds), with the names that a scope or a repeat gave them. */
#include "text/marked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/markup.h"

#define DEPTH_MAX 256
#define NOT_NAMED SIZE_MAX

/* An element that is open. */
struct open {
    size_t provision; /* its index, or NOT_NAMED */
    bool is_main;
    size_t content; /* of num or heading: where it begins; 0: another element */
    bool is_heading;
};

struct reading {
    struct structure structure;
    size_t capacity;
    struct bytes eid;
    struct bytes text;
    struct bytes main; /* the eId of the unit's element, as written; empty: not seen yet */
    struct open stack[DEPTH_MAX];
    size_t depth;
    int error;
};

/* Whether `sign` stands in the text; its first letter is looked for first. */
static bool contains(struct bytes text, struct bytes sign) {
    for (size_t at = 0; at + sign.len <= text.len; at++) {
        const uint8_t *next = memchr(text.data + at, sign.data[0], text.len - at);
        if (!next) {
            return false;
        }
        at = (size_t)(next - text.data);
        if (bytes_starts_with(bytes_slice(text, at, sign.len), sign)) {
            return true;
        }
    }
    return false;
}

bool is_marked_text(struct bytes text) {
    struct bytes in = trim(text);
    if (in.len == 0 || in.data[0] != '<') {
        return false;
    }
    return contains(text, BYTES("eId=")) || (in.data[in.len - 1] == '>' && contains(text, BYTES("</")));
}

/* Whether part is `name`, or `name` and the number that a repeat got: art_5_2. */
static bool is_named(struct bytes part, struct bytes name) {
    if (!bytes_starts_with(part, name)) {
        return false;
    }
    struct bytes rest = bytes_slice(part, name.len, part.len - name.len);
    bool number = rest.len > 1 && rest.data[0] == '_';
    for (size_t i = 1; i < rest.len; i++) {
        number = number && rest.data[i] >= '0' && rest.data[i] <= '9';
    }
    return rest.len == 0 || number;
}

/* Whether the record's eId is this one, perhaps after a scope. */
static bool is_main_eid(struct bytes record, struct bytes written) {
    if (written.len == 0) {
        return false;
    }
    for (size_t i = 0; i < record.len; i++) {
        bool begins = i == 0 || (i >= 2 && record.data[i - 1] == '_' && record.data[i - 2] == '_');
        if (begins && is_named(bytes_slice(record, i, record.len - i), written)) {
            return true;
        }
    }
    return false;
}

static size_t provision_add(struct reading *reading, struct bytes more, size_t offset) {
    struct structure *structure = &reading->structure;
    if (reading->error != 0 || structure->provisions_count == STRUCTURE_PROVISIONS_MAX ||
        reading->eid.len + more.len > LIMIT_EID) {
        return NOT_NAMED;
    }
    if (structure->provisions_count == reading->capacity) {
        size_t capacity = reading->capacity == 0 ? 16 : reading->capacity * 2;
        struct provision *items = realloc(structure->provisions, capacity * sizeof *items);
        if (!items) {
            reading->error = DEPOSITARY_E_MEMORY;
            return NOT_NAMED;
        }
        structure->provisions = items;
        reading->capacity = capacity;
    }
    struct provision *provision = &structure->provisions[structure->provisions_count];
    *provision = (struct provision){.span = {.offset = (uint32_t)offset}};
    snprintf(provision->eid, sizeof provision->eid, "%.*s%.*s", (int)reading->eid.len, (const char *)reading->eid.data,
             (int)more.len, (const char *)more.data);
    return structure->provisions_count++;
}

/* An eId's letters, digits and marks, as a record's eId may have them. */
static bool is_plain_eid(struct bytes eid) {
    for (size_t i = 0; i < eid.len; i++) {
        uint8_t c = eid.data[i];
        if (c >= 0x80 || (!is_word(c) && c != '_' && c != '.' && c != '-')) {
            return false;
        }
    }
    return true;
}

static struct open open_of(struct reading *reading, const struct tag *tag) {
    struct open open = {.provision = NOT_NAMED};
    struct bytes eid = markup_attribute(tag, "eId");
    const struct open *parent = reading->depth > 0 ? &reading->stack[reading->depth - 1] : NULL;
    if (reading->main.len == 0 && is_main_eid(reading->eid, eid)) {
        reading->main = eid;
        open.is_main = true;
    } else if (reading->main.len > 0 && eid.len > reading->main.len + 2 && bytes_starts_with(eid, reading->main) &&
               bytes_starts_with(bytes_slice(eid, reading->main.len, 2), BYTES("__")) && is_plain_eid(eid)) {
        struct bytes more = bytes_slice(eid, reading->main.len, eid.len - reading->main.len);
        open.provision = provision_add(reading, more, tag->offset);
    }
    bool of_named = parent && (parent->is_main || parent->provision != NOT_NAMED);
    open.is_heading = bytes_equal(tag->name, BYTES("heading"));
    if (of_named && (open.is_heading || bytes_equal(tag->name, BYTES("num")))) {
        open.content = tag->end;
    }
    return open;
}

static void close_provision(struct reading *reading, const struct open *open, size_t end) {
    if (open->provision != NOT_NAMED) {
        struct provision *provision = &reading->structure.provisions[open->provision];
        provision->span.length = (uint32_t)(end - provision->span.offset);
    }
}

/* The content of num or heading belongs to the element around it. */
static void close_content(struct reading *reading, const struct open *open, size_t end) {
    const struct open *parent = &reading->stack[reading->depth - 1];
    struct bytes content = trim(bytes_slice(reading->text, open->content, end - open->content));
    struct span span = {(uint32_t)(content.len > 0 ? (size_t)(content.data - reading->text.data) : open->content),
                        (uint32_t)content.len};
    if (parent->is_main && open->is_heading) {
        reading->structure.heading = span;
    } else if (parent->is_main) {
        reading->structure.number = span;
    } else if (parent->provision != NOT_NAMED && !open->is_heading) {
        reading->structure.provisions[parent->provision].number = span;
    }
}

static void read_tag(struct reading *reading, const struct tag *tag) {
    if (tag->kind == TAG_END) {
        if (reading->depth == 0) {
            return; /* of an element that began in a unit before */
        }
        struct open open = reading->stack[--reading->depth];
        close_provision(reading, &open, tag->end);
        if (open.content > 0 && reading->depth > 0) {
            close_content(reading, &open, tag->offset);
        }
        return;
    }
    struct open open = open_of(reading, tag);
    if (tag->kind == TAG_EMPTY) {
        close_provision(reading, &open, tag->end);
    } else {
        reading->stack[reading->depth++] = open;
    }
}

int structure_marked(struct structure *out, struct bytes eid, struct bytes text) {
    struct reading *reading = calloc(1, sizeof *reading);
    struct tag tag;
    size_t at = 0;
    if (!reading) {
        return DEPOSITARY_E_MEMORY;
    }
    reading->eid = eid;
    reading->text = text;
    while (reading->error == 0 && reading->depth < DEPTH_MAX && markup_next(&tag, text, &at)) {
        read_tag(reading, &tag);
    }
    while (reading->depth > 0) { /* what goes on behind the unit */
        struct open open = reading->stack[--reading->depth];
        close_provision(reading, &open, text.len);
    }
    int error = reading->error;
    if (error != 0) {
        structure_free(&reading->structure);
    } else {
        *out = reading->structure;
    }
    free(reading);
    return error;
}
