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
#include "text/division.h"
#include "text/layout.h"
#include "text/lengths.h"
#include "text/numbering.h"
#include "text/units.h"

#define SCOPE_MAX 64 /* bytes of att_, a number, a place and __, or of a division */

struct import {
    struct layout layout;
    struct marks marks;
    struct units units;
    struct findings findings;
    char numbering[32];
    size_t annexes;        /* seen so far */
    size_t first_unit;     /* mark of the first unit of the main text */
    size_t main_units;     /* of the main text */
    size_t contents;       /* line after a table of contents, or 0 */
    bool titled;           /* short paragraphs above the labels are their headings */
    char scope[SCOPE_MAX]; /* "" or "att_1__" */
};

/* ---- input */

static int fault_at(struct fault *fault, int error, struct bytes source, size_t first_line, size_t offset,
                    const char *words) {
    size_t line = first_line > 0 ? first_line : 1;
    size_t start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (source.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return fault_set(fault, error, "line %zu, column %zu: %s", line, offset - start + 1, words);
}

int import_check(struct bytes source, size_t first_line, struct fault *fault) {
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
            return fault_at(fault, DEPOSITARY_E_UTF8, source, first_line, valid, "not valid UTF-8");
        }
    }
    return nul ? fault_at(fault, DEPOSITARY_E_FORMAT, source, first_line, (size_t)(nul - source.data), "a NUL byte")
               : 0;
}

/* ---- units */

/* Opens a unit at a line; the first one of all begins where the text does. */
static bool open_unit(struct import *import, size_t line, const char *name) {
    char eid[SCOPE_MAX + LIMIT_EID + 1];
    size_t offset = import->units.count == 0 ? 0 : layout_offset(&import->layout, line);
    snprintf(eid, sizeof eid, "%s%s", import->scope, name);
    return units_open(&import->units, offset, eid);
}

static void open_labelled(struct import *import, size_t line, const struct label *label) {
    char name[2 * NUMBER_TEXT_MAX];
    snprintf(name, sizeof name, "%s_%s", label_prefix(label->kind), label->number.text);
    open_unit(import, line, name);
}

/* ---- what stands before the units */

static void open_front(struct import *import, size_t end) {
    const struct layout *layout = &import->layout;
    size_t first = layout_written(layout, 0, end);
    if (first == end) {
        return;
    }
    size_t contents =
        import->contents > first && import->contents < end ? layout_written(layout, import->contents, end) : first;
    enum preamble_sign sign;
    size_t preamble = layout_preamble(layout, first, contents, end, &sign);
    if (preamble > first) {
        open_unit(import, first, "preface");
    }
    if (preamble < end) {
        open_unit(import, preamble, "preamble");
    }
    if (sign == PREAMBLE_GUESSED) {
        finding_add(&import->findings, FINDING_DOUBT, preamble + 1, 1,
                    "the preamble is taken to begin here: nothing but the look of the text says so");
    }
}

/*
 * Headings of parts and chapters right above a label belong to the unit below them. `floor` is the line of the label before, or the
 * first line of the text. Where nothing but headings stands below a label without text of its own, they are that label's.
 */
static size_t start_with_divisions(const struct import *import, size_t start, size_t floor, bool floor_is_bare) {
    const struct layout *layout = &import->layout;
    size_t label = start;
    for (;;) {
        size_t above = line_written_before(&layout->lines, start, floor + 1);
        if (above == start) {
            return floor_is_bare ? label : start;
        }
        size_t title = line_written_before(&layout->lines, above, floor + 1);
        if (is_division(layout_line(layout, above)) && !layout_is_preamble_heading(layout, above)) {
            start = above;
        } else if (title < above && is_heading_like(layout_line(layout, above)) &&
                   is_division(layout_line(layout, title))) {
            start = title;
        } else {
            return start;
        }
    }
}

/* The first line of a short paragraph that stands alone above line `label`, below the text of the unit whose label is at `floor`. */
static size_t title_above(const struct import *import, size_t label, size_t floor, bool floor_is_bare) {
    const struct layout *layout = &import->layout;
    size_t last = line_written_before(&layout->lines, label, floor + 1);
    size_t start = last;
    if (last == label || last + 1 == label) {
        return label;
    }
    while (start > floor + 1 && !layout->lines.items[start - 1].blank) {
        start--;
    }
    bool is_text =
        floor_is_bare && line_written_before(&layout->lines, start, floor + 1) == start; /* the label's own */
    return !is_text && layout_is_title(layout, start, last + 1) ? start : label;
}

/* Where a unit begins: at its label, or at the headings above it that are its own. */
static size_t unit_start(const struct import *import, const struct mark *mark, size_t floor, bool floor_is_bare) {
    size_t start = mark->heading > floor ? mark->heading : mark->line;
    if (import->titled && start == mark->line) {
        start = title_above(import, start, floor, floor_is_bare);
    }
    return start_with_divisions(import, start, floor, floor_is_bare);
}

/* Whether two thirds of the labels after the first have a short paragraph above them, as in "Scope" over "MADDE 2". */
static bool are_titled(struct import *import, size_t first, size_t end) {
    const struct mark *before = NULL;
    size_t titled = 0;
    size_t all = 0;
    for (size_t i = first; i < end; i++) {
        const struct mark *mark = &import->marks.items[i];
        if (!mark->chosen) {
            continue;
        }
        if (before) {
            size_t above = title_above(import, mark->line, before->line, before->label.alone);
            all++;
            titled += above < mark->line && !is_division(layout_line(&import->layout, above));
        }
        before = mark;
    }
    return titled >= 2 && titled * 3 >= all * 2;
}

/* ---- a scope: the main text, or an annex */

static const struct {
    const char *name;
    enum label_kind kind;
} kinds[] = {{"clause", LABEL_CLAUSE}, {"article", LABEL_ARTICLE}, {"section", LABEL_SECTION},
             {"rule", LABEL_RULE},     {"item", LABEL_ITEM},       {"roman", LABEL_ROMAN},
             {"bare", LABEL_BARE},     {"bracket", LABEL_BRACKET}};

static enum label_kind kind_by_name(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].kind;
        }
    }
    return LABEL_NONE;
}

static const char *kind_name(enum label_kind kind) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].name;
        }
    }
    return "paragraph";
}

/* From a unit that is numbered 1 again under "Part II": the scope is the part, part_2__. */
static void enter_division(struct import *import, const char *outer, size_t start, size_t label) {
    for (size_t i = start; i < label; i++) {
        char name[DIVISION_NAME_MAX];
        char scope[2 * SCOPE_MAX];
        if (!import->layout.lines.items[i].blank && division_name(name, layout_line(&import->layout, i))) {
            snprintf(scope, sizeof scope, "%s%s__", outer, name);
            if (strlen(scope) < sizeof import->scope) {
                memcpy(import->scope, scope, strlen(scope) + 1);
            }
            return;
        }
    }
}

/* Opens the units chosen among the marks [first, end), with the headings above. *last_label: line of the last label. */
static void open_chosen(struct import *import, size_t first, size_t end, size_t floor, size_t *last_label) {
    char outer[SCOPE_MAX];
    memcpy(outer, import->scope, sizeof outer);
    bool floor_is_bare = outer[0] != '\0'; /* the heading of an annex */
    import->titled = are_titled(import, first, end);
    for (size_t i = first; i < end && import->units.error == 0; i++) {
        const struct mark *mark = &import->marks.items[i];
        if (!mark->chosen) {
            continue;
        }
        size_t start = unit_start(import, mark, floor, floor_is_bare);
        if (import->units.count == 0) {
            open_front(import, start);
        }
        if (mark->repeat && mark->divided && mark->label.number.value == 1) {
            enter_division(import, outer, start, mark->line);
        }
        open_labelled(import, start, &mark->label);
        floor = mark->line;
        floor_is_bare = mark->label.alone;
        *last_label = mark->line;
    }
    if (import->titled) {
        finding_add(&import->findings, FINDING_DOUBT, floor + 1, 1,
                    "here and before, the short paragraph above a label is taken for its heading");
    }
    memcpy(import->scope, outer, sizeof outer);
}

static bool is_annex_taken(const struct import *import, const char *name) {
    char inside[SCOPE_MAX + sizeof "__preface"];
    snprintf(inside, sizeof inside, "%s__preface", name);
    return units_has(&import->units, name) || units_has(&import->units, inside);
}

/* A name for an annex that no other has: by the number that is printed, else by its place, else by both. */
static void name_annex(const struct import *import, char out[SCOPE_MAX], const struct label *label) {
    char place[SCOPE_MAX];
    snprintf(place, sizeof place, "att_%zu", import->annexes);
    snprintf(out, SCOPE_MAX, "att_%s", label->number.text);
    if (label->number.value > 0 && !is_annex_taken(import, out)) {
        return;
    }
    if (!is_annex_taken(import, place)) {
        memcpy(out, place, sizeof place);
    } else {
        snprintf(out, SCOPE_MAX, "att_%.*s_%zu", NUMBER_TEXT_MAX, label->number.text, import->annexes);
    }
}

/* In an annex stands what looks like another main text: labels with another word, or more of them than the main text has. */
static void judge_annex(struct import *import, size_t first, size_t end, size_t chosen) {
    size_t i = first;
    while (i < end && !import->marks.items[i].chosen) {
        i++;
    }
    if (i == end || import->main_units == 0 || chosen < 2) {
        return;
    }
    const struct mark *mark = &import->marks.items[i];
    const struct mark *main_mark = &import->marks.items[import->first_unit];
    bool other_word = mark->label.kind == main_mark->label.kind && label_is_worded(mark->label.kind) &&
                      !bytes_equal(mark_word(&import->marks, mark), mark_word(&import->marks, main_mark));
    if (other_word || (chosen > 20 && chosen >= import->main_units)) {
        finding_add(
            &import->findings, FINDING_DOUBT, mark->line + 1, mark->label.start + 1,
            "the %zu units from here on are taken for those of an annex: if another text begins here, deposit each for "
            "itself, with --from and --to",
            chosen);
    }
}

/* An annex from its heading on: one unit, or a unit for each label in it and one for what stands above them. */
static void open_annex(struct import *import, size_t at, size_t end, enum label_kind main_kind) {
    const struct mark *heading = &import->marks.items[at];
    enum label_kind kind = main_kind;
    enum label_kind other;
    size_t chosen = numbering_choose(&import->marks, at + 1, end, kind, NULL);
    if (chosen == 0) {
        kind = numbering_best(&import->marks, at + 1, end, &other);
    }
    if (kind != LABEL_NONE) {
        chosen = numbering_choose(&import->marks, at + 1, end, kind, &import->findings);
        judge_annex(import, at + 1, end, chosen);
    }
    char name[SCOPE_MAX];
    import->annexes++;
    name_annex(import, name, &heading->label);
    if (chosen == 0) {
        open_unit(import, heading->line, name);
        return;
    }
    size_t last_label;
    snprintf(import->scope, sizeof import->scope, "%.*s__", SCOPE_MAX - 3, name);
    open_unit(import, heading->line, "preface");
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

static void open_numbered(struct import *import, enum label_kind kind, size_t main_start, size_t main_end) {
    size_t last_label = 0;
    size_t floor = layout_written(&import->layout, 0, import->layout.lines.count);
    import->first_unit = main_start;
    while (import->first_unit < main_end && !import->marks.items[import->first_unit].chosen) {
        import->first_unit++;
    }
    open_chosen(import, main_start, main_end, floor, &last_label);
    import->main_units = import->units.count;
    size_t end_line = main_end < import->marks.count ? import->marks.items[main_end].line : import->layout.lines.count;
    size_t conclusions = layout_conclusions(&import->layout, last_label, end_line);
    if (conclusions < end_line) {
        open_unit(import, conclusions, "conclusions");
    }
    for (size_t at = main_end; at < import->marks.count && import->units.error == 0;) {
        size_t next = next_annex(import, at + 1);
        open_annex(import, at, next, kind);
        at = next;
    }
}

static void open_paragraphs(struct import *import) {
    size_t number = 0;
    size_t end = import->layout.lines.count;
    for (size_t i = layout_written(&import->layout, 0, end); i < end && import->units.error == 0;) {
        char name[32];
        snprintf(name, sizeof name, "para_%zu", ++number);
        open_unit(import, i, name);
        i = layout_written(&import->layout, layout_paragraph_end(&import->layout, i, end), end);
    }
}

/* ---- the whole */

/* Where the annexes begin, as an index of marks: the first annex heading after the first label of a unit that could be the first. */
static size_t find_main_end(const struct import *import, size_t start) {
    size_t i = start;
    while (i < import->marks.count &&
           (import->marks.items[i].label.kind == LABEL_ANNEX ||
            (import->marks.items[i].label.number.value != 1 && !label_is_worded(import->marks.items[i].label.kind)))) {
        i++;
    }
    return next_annex(import, i);
}

/* Past a table of contents of any kind of label: its entries are no units. */
static size_t skip_contents(struct import *import) {
    size_t start = 0;
    for (int kind = LABEL_CLAUSE; kind < LABEL_ANNEX; kind++) {
        size_t end = numbering_contents_end(&import->marks, 0, import->marks.count, (enum label_kind)kind);
        start = end > start ? end : start;
    }
    if (start > 0) {
        const struct mark *last = &import->marks.items[start - 1];
        import->contents = last->line + 1;
        finding_add(&import->findings, FINDING_DOUBT, import->marks.items[0].line + 1, 1,
                    "lines %zu to %zu are taken for a table of contents", import->marks.items[0].line + 1,
                    last->line + 1);
    }
    return start;
}

static int import_numbered(struct import *import, const char *forced, struct fault *fault) {
    size_t start = skip_contents(import);
    size_t main_end = find_main_end(import, start);
    enum label_kind other = LABEL_NONE;
    enum label_kind kind = forced ? kind_by_name(forced) : numbering_best(&import->marks, start, main_end, &other);
    if (kind == LABEL_NONE) {
        finding_add(&import->findings, FINDING_DOUBT, 1, 1, "no numbering runs: each paragraph is a unit");
    } else if (numbering_choose(&import->marks, start, main_end, kind, &import->findings) == 0) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "line 1, column 1: no %s begins a line of the text", forced);
    }
    if (other != LABEL_NONE) {
        finding_add(&import->findings, FINDING_DOUBT, 1, 1,
                    "the numbering \"%s\" is taken for that of the units; \"%s\" runs too: choose with --numbering",
                    kind_name(kind), kind_name(other));
    }
    snprintf(import->numbering, sizeof import->numbering, "%s", kind_name(kind));
    if (kind == LABEL_NONE) {
        open_paragraphs(import);
    } else {
        open_numbered(import, kind, start, main_end);
    }
    return 0;
}

static int import_lines(struct import *import, const char *numbering, struct fault *fault) {
    if (numbering && (strcmp(numbering, "none") == 0 || strcmp(numbering, "paragraph") == 0)) {
        snprintf(import->numbering, sizeof import->numbering, "%s", numbering);
        if (numbering[0] == 'p') {
            open_paragraphs(import);
        }
        return 0;
    }
    if (numbering && kind_by_name(numbering) == LABEL_NONE) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "unknown numbering \"%s\": it is " IMPORT_NUMBERINGS, numbering);
    }
    import->units.error = marks_of(&import->marks, import->layout.source, &import->layout.lines);
    return import->units.error == 0 ? import_numbered(import, numbering, fault) : 0;
}

/* Lines of the source become lines of the file that it is a part of. */
static void shift_findings(struct findings *findings, size_t first_line) {
    for (size_t i = 0; i < findings->count && first_line > 1; i++) {
        findings->items[i].line += first_line - 1;
    }
}

static void import_give(struct import *import, struct outline *out) {
    *out = (struct outline){.findings = import->findings.items, .findings_count = import->findings.count};
    memcpy(out->numbering, import->numbering, sizeof out->numbering);
    units_give(&import->units, out);
    import->findings = (struct findings){0};
}

static void import_free(struct import *import) {
    marks_free(&import->marks);
    lines_free(&import->layout.lines);
    units_free(&import->units);
    free(import->findings.items);
}

int import_plain(struct outline *out, struct bytes source, const struct import_options *options, struct fault *fault) {
    static const struct import_options none = {0};
    options = options ? options : &none;
    int error = import_check(source, options->first_line, fault);
    if (error != 0) {
        return error;
    }
    struct import import = {.layout = {.source = source}};
    import.units.error = lines_of(&import.layout.lines, source);
    if (import.units.error == 0) {
        error = import_lines(&import, options->numbering, fault);
    }
    if (error == 0 && import.units.error == 0 && import.units.count == 0) {
        open_unit(&import, 0, "body"); /* no units wanted, or nothing but white space */
    }
    if (error == 0) {
        units_finish(&import.units, source);
        findings_of_lengths(&import.findings, &import.units, &import.layout.lines);
        int failed = import.units.error != 0 ? import.units.error : import.findings.error;
        error = failed != 0 ? fault_set(fault, failed, "%s", depositary_error_text(failed)) : 0;
    }
    if (error == 0) {
        findings_sort(&import.findings);
        shift_findings(&import.findings, options->first_line);
        import_give(&import, out);
    }
    import_free(&import);
    return error;
}

void outline_free(struct outline *outline) {
    if (outline) {
        free(outline->units);
        free(outline->findings);
        *outline = (struct outline){0};
    }
}
