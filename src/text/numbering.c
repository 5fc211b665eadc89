/* The numbering that runs. A mark alone proves nothing: only the sequence tells units from lists and references. */
#include "text/numbering.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "text/character.h"

#define LOOK_AHEAD     256 /* marks, to tell a list inside a unit from the units */
#define FRESH_RUN      3   /* units that all began a paragraph, so that the next one is expected to */
#define CLAUSE_GAP_MAX 3   /* numbers that may be missing between two clauses "4." */

/* ---- marks */

static struct bytes line_at(struct bytes text, const struct lines *lines, size_t i) {
    return bytes_slice(text, lines->items[i].offset, lines->items[i].len);
}

static bool is_small_letter(uint32_t c) {
    return c != CODE_POINT_NOWHERE && utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LL;
}

static bool begins_paragraph(struct bytes text, const struct lines *lines, size_t i) {
    bool marked;
    if (i == 0 || lines->items[i - 1].blank) {
        return true;
    }
    line_body(line_at(text, lines, i - 1), &marked);
    return marked;
}

static struct mark mark_at(struct bytes text, const struct lines *lines, size_t i, struct label label) {
    struct bytes line = line_at(text, lines, i);
    struct mark mark = {.line = i, .label = label};
    mark.fresh = label.marked || begins_paragraph(text, lines, i);
    mark.prose = !label.alone && is_small_letter(utf8_at(line, label.rest));
    mark.closed = i > 0 && !lines->items[i - 1].blank && !is_heading_like(line_at(text, lines, i - 1));
    return mark;
}

int marks_of(struct marks *out, struct bytes text, const struct lines *lines) {
    struct marks marks = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < lines->count; i++) {
        struct label label = {0};
        if (!lines->items[i].blank) {
            label = label_of(line_at(text, lines, i));
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

/* ---- findings */

void finding_add(struct findings *findings, enum finding_kind kind, size_t line, size_t column, const char *format,
                 ...) {
    if (!findings || findings->error != 0 || findings->count == FINDINGS_MAX) {
        return;
    }
    if (findings->count == findings->capacity) {
        size_t capacity = findings->capacity == 0 ? 16 : findings->capacity * 2;
        struct finding *items = realloc(findings->items, capacity * sizeof *items);
        if (!items) {
            findings->error = DEPOSITARY_E_MEMORY;
            return;
        }
        findings->items = items;
        findings->capacity = capacity;
    }
    struct finding *finding = &findings->items[findings->count++];
    *finding = (struct finding){.kind = kind, .line = line, .column = column};
    if (findings->count == FINDINGS_MAX) {
        snprintf(finding->text, sizeof finding->text, "there is more to look at than can be listed");
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
}

static void mark_finding(struct findings *findings, const struct mark *mark, enum finding_kind kind, const char *words,
                         const struct number *last) {
    const char *prefix = label_prefix(mark->label.kind);
    if (last->value == 0) {
        finding_add(findings, kind, mark->line + 1, mark->label.start + 1, "%s_%s %s the beginning", prefix,
                    mark->label.number.text, words);
    } else {
        finding_add(findings, kind, mark->line + 1, mark->label.start + 1, "%s_%s %s %s_%s", prefix,
                    mark->label.number.text, words, prefix, last->text);
    }
}

/* ---- the sequence */

struct run {
    struct marks *marks;
    size_t end;
    enum label_kind kind;
    bool marked_only; /* most labels of the kind are headings: one that is none is a reference */
    bool fresh_only;  /* all units so far began a paragraph */
    struct number last;
    struct number in_list; /* the last number of a list inside the unit; value 0: no such list */
    size_t chosen;
    struct findings *findings;
};

static bool is_worded(enum label_kind kind) {
    return kind == LABEL_ARTICLE || kind == LABEL_SECTION;
}

/* Whether a mark could be a unit at all. */
static bool is_candidate(const struct run *run, const struct mark *mark) {
    if (mark->label.kind != run->kind || (run->marked_only && !mark->label.marked)) {
        return false;
    }
    if (!is_worded(run->kind)) {
        return mark->fresh || mark->label.alone || mark->closed;
    }
    return mark->fresh || mark->label.alone || mark->label.marked || (mark->closed && !mark->prose);
}

/* Strong enough to stand against a gap or a repeat in the sequence. */
static bool is_strong(const struct run *run, const struct mark *mark) {
    return is_candidate(run, mark) && mark->fresh && !mark->prose;
}

static size_t next_candidate(const struct run *run, size_t i) {
    do {
        i++;
    } while (i < run->end && !is_candidate(run, &run->marks->items[i]));
    return i;
}

/* Whether a number comes again soon after i. */
static bool comes_later(const struct run *run, size_t i, uint32_t value) {
    size_t limit = run->end - i > LOOK_AHEAD ? i + LOOK_AHEAD : run->end;
    for (i = next_candidate(run, i); i < limit; i = next_candidate(run, i)) {
        if (run->marks->items[i].label.number.value == value) {
            return true;
        }
    }
    return false;
}

static bool next_goes_on(const struct run *run, size_t i) {
    size_t next = next_candidate(run, i);
    return next < run->end && number_follows(&run->marks->items[i].label.number, &run->marks->items[next].label.number);
}

static void take(struct run *run, size_t i) {
    struct mark *mark = &run->marks->items[i];
    mark->chosen = true;
    run->fresh_only = run->fresh_only && mark->fresh;
    run->last = mark->label.number;
    run->in_list = (struct number){0};
    run->chosen++;
}

/* The number goes on; but it may go on with a list inside the unit just as well. */
static bool belongs_to_list(struct run *run, size_t i) {
    struct mark *mark = &run->marks->items[i];
    if (run->kind != LABEL_CLAUSE) {
        return false;
    }
    if (run->chosen >= FRESH_RUN && run->fresh_only && !mark->fresh) {
        return true;
    }
    if (run->in_list.value == 0 || !number_follows(&run->in_list, &mark->label.number)) {
        return false;
    }
    bool list = comes_later(run, i, mark->label.number.value);
    mark_finding(run->findings, mark, FINDING_DOUBT,
                 list ? "is taken for a point of a list, not for the one after" : "is taken for the one after",
                 &run->last);
    return list;
}

static bool accept_gap(const struct run *run, size_t i) {
    const struct mark *mark = &run->marks->items[i];
    const struct number *number = &mark->label.number;
    if (!is_strong(run, mark) || comes_later(run, i, run->last.value + 1)) {
        return false;
    }
    if (is_worded(run->kind)) {
        return mark->label.marked || mark->label.alone || next_goes_on(run, i);
    }
    return number->value - run->last.value <= CLAUSE_GAP_MAX + 1 && next_goes_on(run, i);
}

/* A number that was there before: a new beginning (another language, a part that counts anew), or the same number twice. */
static bool accept_repeat(const struct run *run, size_t i) {
    const struct mark *mark = &run->marks->items[i];
    if (!is_worded(run->kind) || !is_strong(run, mark)) {
        return false;
    }
    return mark->label.number.value == 1 ? next_goes_on(run, i) : mark->label.alone || mark->label.marked;
}

static void reject(struct run *run, size_t i) {
    const struct mark *mark = &run->marks->items[i];
    const struct number *number = &mark->label.number;
    if (is_worded(run->kind) || number_compare(number, &run->last) == 0) {
        if (mark->fresh) {
            mark_finding(run->findings, mark, FINDING_DOUBT, "is not taken for a unit, after", &run->last);
        }
    }
    if (number->value == 1 || number_follows(&run->in_list, number)) {
        run->in_list = *number;
    }
}

static void consider(struct run *run, size_t i) {
    struct mark *mark = &run->marks->items[i];
    const struct number *number = &mark->label.number;
    if (number_follows(&run->last, number)) {
        if (belongs_to_list(run, i)) {
            run->in_list = *number;
        } else {
            take(run, i);
        }
    } else if (number_compare(number, &run->last) > 0) {
        if (accept_gap(run, i)) {
            mark_finding(run->findings, mark, FINDING_GAP, "follows", &run->last);
            take(run, i);
        } else {
            reject(run, i);
        }
    } else if (accept_repeat(run, i)) {
        mark_finding(run->findings, mark, FINDING_REPEAT, "stands again, after", &run->last);
        mark->repeat = true;
        take(run, i);
    } else {
        reject(run, i);
    }
}

static bool most_are_marked(const struct marks *marks, size_t first, size_t end, enum label_kind kind) {
    size_t marked = 0;
    size_t all = 0;
    for (size_t i = first; i < end; i++) {
        if (marks->items[i].label.kind == kind) {
            all++;
            marked += marks->items[i].label.marked;
        }
    }
    return marked * 2 > all;
}

size_t numbering_choose(struct marks *marks, size_t first, size_t end, enum label_kind kind,
                        struct findings *findings) {
    struct run run = {.marks = marks, .end = end, .kind = kind, .fresh_only = true, .findings = findings};
    run.marked_only = most_are_marked(marks, first, end, kind);
    for (size_t i = first; i < end; i++) {
        struct mark *mark = &marks->items[i];
        mark->chosen = false;
        mark->repeat = false;
        if (is_candidate(&run, mark)) {
            consider(&run, i);
        }
    }
    return run.chosen;
}

static size_t first_chosen(const struct marks *marks, size_t first, size_t end) {
    while (first < end && !marks->items[first].chosen) {
        first++;
    }
    return first;
}

enum label_kind numbering_best(struct marks *marks, size_t first, size_t end) {
    size_t articles = numbering_choose(marks, first, end, LABEL_ARTICLE, NULL);
    size_t first_article = first_chosen(marks, first, end);
    size_t sections = numbering_choose(marks, first, end, LABEL_SECTION, NULL);
    size_t first_section = first_chosen(marks, first, end);
    size_t clauses = numbering_choose(marks, first, end, LABEL_CLAUSE, NULL);
    size_t first_clause = first_chosen(marks, first, end);
    bool by_article = articles >= sections;
    size_t worded = by_article ? articles : sections;
    size_t first_worded = by_article ? first_article : first_section;
    /* Clauses before the first article are units that mention articles; after it they are paragraphs of articles. */
    if (worded >= 2 && (first_worded < first_clause || worded >= clauses)) {
        return by_article ? LABEL_ARTICLE : LABEL_SECTION;
    }
    return clauses >= 2 ? LABEL_CLAUSE : LABEL_NONE;
}
