/*
 * From elements to units: in a body, the elements that hold no articles or sections of their own; preface, preamble and conclusions; in an
 * attachment the same, under its name. A unit begins where the one before ends, so that the slices are the file: the head of the file belongs
 * to its first unit, the tags and headings of containers to the unit after them.
 */
#include "akn/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/finding.h"
#include "text/markup.h"
#include "text/units.h"

#define DEPTH_MAX 256
#define NOWHERE   SIZE_MAX

/* What an element is for cutting. */
enum role {
    ROLE_OTHER,
    ROLE_FRONT,      /* preface, preamble, conclusions, coverPage: one unit each */
    ROLE_BODY,       /* holds the hierarchy */
    ROLE_ATTACHMENT, /* holds a document, under its name */
    ROLE_SKIPPED     /* meta */
};

struct element {
    struct bytes name;
    struct bytes eid;  /* as written */
    size_t offset;     /* of the start tag */
    size_t end;        /* after the end tag */
    uint32_t children; /* one past the last element inside it, by index */
    bool is_whole;     /* a document that is one unit: <doc name="unit"> */
};

struct elements {
    struct element *items;
    size_t count;
    size_t capacity;
};

struct cutting {
    struct bytes source;
    struct elements elements;
    struct units units;
    struct findings findings;
    char scope[LIMIT_EID + 3]; /* "" or att_1__ */
    size_t attachments;
    size_t eids;    /* elements that have one */
    size_t unnamed; /* units without an eId of their own, or with one that a record cannot hold */
    size_t next;    /* where the unit before ends: the next one begins there */
};

/* ---- the elements */

static int element_add(struct elements *elements, const struct tag *tag) {
    if (elements->count == elements->capacity) {
        size_t capacity = elements->capacity == 0 ? 256 : elements->capacity * 2;
        struct element *items = realloc(elements->items, capacity * sizeof *items);
        if (!items) {
            return DEPOSITARY_E_MEMORY;
        }
        elements->items = items;
        elements->capacity = capacity;
    }
    const size_t index = elements->count++;
    elements->items[index] = (struct element){
        .name = tag->name,
        .eid = markup_attribute(tag, "eId"),
        .offset = tag->offset,
        .end = tag->end,
        .children = (uint32_t)elements->count,
        .is_whole = bytes_equal(tag->name, BYTES("doc")) && bytes_equal(markup_attribute(tag, "name"), BYTES("unit"))};
    return 0;
}

static int read_elements(struct elements *out, struct bytes source) {
    size_t open[DEPTH_MAX];
    size_t depth = 0;
    size_t at = 0;
    struct tag tag;
    int error = 0;
    while (error == 0 && markup_next(&tag, source, &at)) {
        if (tag.kind == TAG_END) {
            if (depth == 0) {
                return DEPOSITARY_E_FORMAT;
            }
            struct element *element = &out->items[open[--depth]];
            element->end = tag.end;
            element->children = (uint32_t)out->count;
            continue;
        }
        error = element_add(out, &tag);
        if (error == 0 && tag.kind == TAG_START) {
            if (depth == DEPTH_MAX) {
                return DEPOSITARY_E_LIMIT;
            }
            open[depth++] = out->count - 1;
        }
        if (error == 0) {
            out->items[out->count - 1].children = (uint32_t)out->count;
        }
    }
    return error;
}

/* ---- kinds of elements */

static bool is_one_of(struct bytes name, const char *const *names) {
    for (; *names; names++) {
        if (bytes_equal(name, bytes_text(*names))) {
            return true;
        }
    }
    return false;
}

static enum role role_of(struct bytes name) {
    static const char *const fronts[] = {"preface", "preamble", "conclusions", "coverPage", "header", NULL};
    static const char *const bodies[] = {"body",          "mainBody",       "debateBody",  "judgmentBody",
                                         "amendmentBody", "collectionBody", "portionBody", NULL};
    static const char *const attachments[] = {"attachment", "component", NULL};
    if (is_one_of(name, fronts)) {
        return ROLE_FRONT;
    }
    if (is_one_of(name, bodies)) {
        return ROLE_BODY;
    }
    if (is_one_of(name, attachments)) {
        return ROLE_ATTACHMENT;
    }
    return bytes_equal(name, BYTES("meta")) ? ROLE_SKIPPED : ROLE_OTHER;
}

static bool is_division_name(struct bytes name) {
    static const char *const names[] = {
        "book",       "tome",    "part",     "title",      "chapter",     "division",    "subPart",      "subTitle",
        "subChapter", "subpart", "subtitle", "subchapter", "subdivision", "subDivision", "transitional", NULL};
    return is_one_of(name, names);
}

/* Elements that are units wherever they stand; a division that holds one is not. */
static bool is_basic_name(struct bytes name) {
    static const char *const names[] = {"article",    "section", "rule",    "clause", "paragraph",
                                        "hcontainer", "level",   "proviso", "list",   NULL};
    return is_one_of(name, names);
}

static bool holds(const struct elements *elements, size_t i, bool articles_only) {
    for (size_t j = i + 1; j < elements->items[i].children; j++) {
        struct bytes name = elements->items[j].name;
        if (articles_only ? bytes_equal(name, BYTES("article")) : is_basic_name(name) || is_division_name(name)) {
            return true;
        }
    }
    return false;
}

/* Whether the hierarchy goes on inside: its units are in it. */
static bool is_container(const struct elements *elements, size_t i) {
    struct bytes name = elements->items[i].name;
    if (is_division_name(name)) {
        return holds(elements, i, false);
    }
    return bytes_equal(name, BYTES("section")) && holds(elements, i, true);
}

/* What the text of a hierarchy is beside its units. */
static bool is_heading_name(struct bytes name) {
    static const char *const names[] = {"num", "heading", "subheading", "crossHeading", "intro", "wrapUp", NULL};
    return is_one_of(name, names);
}

/* ---- names */

static bool is_record_eid(struct bytes eid) {
    if (eid.len == 0 || eid.len > LIMIT_EID || !is_word(eid.data[0])) {
        return false;
    }
    for (size_t i = 0; i < eid.len; i++) {
        if (eid.data[i] >= 0x80 || (!is_word(eid.data[i]) && !memchr("_.-", eid.data[i], 3))) {
            return false;
        }
    }
    return true;
}

/* The name of a unit: its eId, under the scope unless it has that already; else its element's name and place. */
static void name_unit(struct cutting *cutting, char out[LIMIT_EID + 1], const struct element *element) {
    size_t scope = strlen(cutting->scope);
    if (!is_record_eid(element->eid)) {
        bool front = role_of(element->name) == ROLE_FRONT;
        cutting->unnamed += !front;
        snprintf(out, LIMIT_EID + 1, "%s%.*s", cutting->scope, (int)(element->name.len < 32 ? element->name.len : 32),
                 (const char *)element->name.data);
        size_t len = strlen(out);
        if (!front) {
            snprintf(out + len, LIMIT_EID + 1 - len, "_%zu", cutting->units.count + 1);
        }
    } else if (scope == 0 || bytes_starts_with(element->eid, bytes_text(cutting->scope))) {
        snprintf(out, LIMIT_EID + 1, "%.*s", (int)element->eid.len, (const char *)element->eid.data);
    } else {
        snprintf(out, LIMIT_EID + 1, "%s%.*s", cutting->scope, (int)element->eid.len, (const char *)element->eid.data);
    }
}

/* ---- cutting */

/* The unit takes the rest of its line with it. */
static size_t end_of_unit(struct bytes source, size_t end) {
    size_t at = end;
    while (at < source.len && (source.data[at] == ' ' || source.data[at] == '\t' || source.data[at] == '\r')) {
        at++;
    }
    return at < source.len && source.data[at] == '\n' ? at + 1 : end;
}

/* A unit from where the one before ended up to `end`. */
static void cut(struct cutting *cutting, const char *eid, size_t end) {
    units_open(&cutting->units, cutting->next, eid);
    cutting->next = end_of_unit(cutting->source, end);
}

static void cut_element(struct cutting *cutting, const struct element *element) {
    char eid[LIMIT_EID + 1];
    name_unit(cutting, eid, element);
    cut(cutting, eid, element->end);
}

static void cut_body(struct cutting *cutting, size_t body) {
    const struct elements *elements = &cutting->elements;
    for (size_t i = body + 1; i < elements->items[body].children && cutting->units.error == 0;) {
        const struct element *element = &elements->items[i];
        if (is_container(elements, i)) {
            i++; /* into it */
        } else if (is_heading_name(element->name)) {
            i = element->children;
        } else {
            cut_element(cutting, element);
            i = element->children;
        }
    }
}

static bool has_named_units(const struct elements *elements, size_t attachment) {
    for (size_t i = attachment + 1; i < elements->items[attachment].children; i++) {
        const struct element *element = &elements->items[i];
        if (element->is_whole) {
            return false;
        }
        if ((is_basic_name(element->name) || is_division_name(element->name)) && element->eid.len > 0) {
            return true;
        }
    }
    return false;
}

/* The first element of the role in (i, end), or NOWHERE. */
static size_t find_role(const struct elements *elements, size_t i, size_t end, enum role role) {
    for (size_t j = i + 1; j < end; j++) {
        if (role_of(elements->items[j].name) == role) {
            return j;
        }
    }
    return NOWHERE;
}

static bool is_preface(const struct element *element) {
    return bytes_equal(element->name, BYTES("preface")) || bytes_equal(element->name, BYTES("coverPage")) ||
           bytes_equal(element->name, BYTES("header"));
}

/* What stands before a preamble or body and has no preface of its own: the head of the file, the title of an annex. */
static void cut_head(struct cutting *cutting, size_t document) {
    const struct elements *elements = &cutting->elements;
    size_t end = elements->items[document].children;
    size_t first = find_role(elements, document, end, ROLE_BODY);
    size_t front = find_role(elements, document, end, ROLE_FRONT);
    first = front < first ? front : first;
    if (first == NOWHERE || is_preface(&elements->items[first])) {
        return;
    }
    char eid[LIMIT_EID + 1];
    snprintf(eid, sizeof eid, "%.*s%s", (int)(LIMIT_EID - sizeof "preface"), cutting->scope, "preface");
    units_open(&cutting->units, cutting->next, eid);
    cutting->next = elements->items[first].offset;
}

static void name_attachment(struct cutting *cutting, char out[LIMIT_EID + 1], const struct element *element) {
    cutting->attachments++;
    if (is_record_eid(element->eid) && element->eid.len + 10 < LIMIT_EID) {
        snprintf(out, LIMIT_EID + 1, "%.*s", (int)element->eid.len, (const char *)element->eid.data);
    } else {
        snprintf(out, LIMIT_EID + 1, "att_%zu", cutting->attachments);
    }
}

/* Returns the element after what was cut. An attachment in an attachment is part of it. */
static size_t cut_attachment(struct cutting *cutting, size_t i) {
    const struct elements *elements = &cutting->elements;
    const struct element *element = &elements->items[i];
    char eid[LIMIT_EID + 1];
    name_attachment(cutting, eid, element);
    if (!has_named_units(elements, i)) {
        cut(cutting, eid, element->end);
        return element->children;
    }
    snprintf(cutting->scope, sizeof cutting->scope, "%s__", eid);
    cut_head(cutting, i);
    for (size_t j = i + 1; j < element->children && cutting->units.error == 0;) {
        enum role role = role_of(elements->items[j].name);
        if (role == ROLE_BODY) {
            cut_body(cutting, j);
        } else if (role == ROLE_FRONT) {
            cut_element(cutting, &elements->items[j]);
        }
        j = role == ROLE_OTHER || role == ROLE_ATTACHMENT ? j + 1 : elements->items[j].children;
    }
    cutting->scope[0] = '\0';
    return element->children;
}

static void cut_all(struct cutting *cutting) {
    const struct elements *elements = &cutting->elements;
    cut_head(cutting, 0);
    for (size_t i = 1; i < elements->count && cutting->units.error == 0;) {
        enum role role = role_of(elements->items[i].name);
        if (role == ROLE_ATTACHMENT) {
            i = cut_attachment(cutting, i);
            continue;
        }
        if (role == ROLE_BODY) {
            cut_body(cutting, i);
        } else if (role == ROLE_FRONT) {
            cut_element(cutting, &elements->items[i]);
        }
        i = role == ROLE_OTHER ? i + 1 : elements->items[i].children;
    }
}

/* ---- telling what was found */

static int count_provisions(const struct cutting *cutting, size_t *out) {
    *out = 0;
    for (size_t i = 0; i < cutting->units.count; i++) {
        const struct unit *unit = &cutting->units.items[i];
        struct structure structure;
        int error =
            structure_of(&structure, bytes_text(unit->eid), bytes_slice(cutting->source, unit->offset, unit->length));
        if (error != 0) {
            return error;
        }
        *out += structure.provisions_count;
        structure_free(&structure);
    }
    return 0;
}

static size_t line_of(struct bytes source, size_t offset) {
    size_t line = 1;
    for (size_t i = 0; i < offset; i++) {
        line += source.data[i] == '\n';
    }
    return line;
}

static int tell(struct cutting *cutting) {
    size_t provisions;
    size_t eids = 0;
    int error = count_provisions(cutting, &provisions);
    for (size_t i = 0; i < cutting->elements.count; i++) {
        eids += cutting->elements.items[i].eid.len > 0;
    }
    finding_add(
        &cutting->findings, FINDING_DOUBT, 1, 1,
        "of %zu eIds, %zu can be asked for: %zu units and %zu provisions in them; the others name what units stand in",
        eids, cutting->units.count + provisions - cutting->unnamed, cutting->units.count, provisions);
    if (cutting->unnamed > 0) {
        finding_add(&cutting->findings, FINDING_DOUBT, 1, 1,
                    "%zu units have no eId, or one that a record cannot hold: they are named by their place",
                    cutting->unnamed);
    }
    for (size_t i = 0; i < cutting->units.count; i++) {
        const struct unit *unit = &cutting->units.items[i];
        if (unit->length > LIMIT_CLAUSE_TEXT) {
            finding_add(&cutting->findings, FINDING_OVER_LIMIT, line_of(cutting->source, unit->offset), 1,
                        "%s has %zu bytes, the limit is %u", unit->eid, unit->length, LIMIT_CLAUSE_TEXT);
        }
    }
    return error != 0 ? error : cutting->findings.error;
}

int akn_import(struct outline *out, struct bytes source, struct fault *fault) {
    struct cutting *cutting = calloc(1, sizeof *cutting);
    if (!cutting) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for an import");
    }
    cutting->source = source;
    int error = import_check(source, 1, fault);
    if (error == 0) {
        error = akn_judge(source, fault);
    }
    if (error == 0) {
        error = read_elements(&cutting->elements, source);
        if (error == 0) {
            cut_all(cutting);
            if (cutting->units.count == 0) {
                units_open(&cutting->units, 0, "body");
            }
            units_finish(&cutting->units, source);
            error = cutting->units.error;
        }
        error = error == 0 ? tell(cutting) : error;
        error = error == 0 ? 0 : fault_set(fault, error, "%s", depositary_error_text(error));
    }
    if (error == 0) {
        *out = (struct outline){
            .findings = cutting->findings.items, .findings_count = cutting->findings.count, .numbering = "eId"};
        cutting->findings = (struct findings){0};
        units_give(&cutting->units, out);
    }
    units_free(&cutting->units);
    free(cutting->findings.items);
    free(cutting->elements.items);
    free(cutting);
    return error;
}
