/* The numbering that runs. A mark alone proves nothing: only the sequence tells units from lists and references. */
#include "text/numbering.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"

#define LOOK_AHEAD     256 /* marks, to tell a list inside a unit from the units */
#define FRESH_RUN      3   /* units that all began a paragraph, so that the next one is expected to */
#define CLAUSE_GAP_MAX 3   /* numbers that may be missing between two clauses "4." */
#define SERIES_MAX     8   /* that count for themselves: L123-4 and R123-4 */

/* ---- the sequence */

struct run {
    struct marks *marks;
    size_t first;
    size_t end;
    enum label_kind kind;
    enum label_shape shape; /* how most labels of the kind go on */
    uint8_t close;          /* what most labels of clauses end in */
    bool prose;             /* most go on in small letters, so that this says nothing */
    bool marked_only;       /* most labels of the kind are headings: one that is none is a reference */
    bool fresh_only;        /* all units so far began a paragraph */
    struct number lasts[SERIES_MAX];
    size_t series;         /* in use of lasts */
    size_t taken;          /* index of the mark taken last; end: none */
    struct number in_list; /* the last number of a list inside the unit; value 0: no such list */
    size_t chosen;
    size_t repeats;
    struct findings *findings;
};

static struct number *last_of(struct run *run, const struct number *number) {
    size_t i = 0;
    while (i < run->series && strcmp(run->lasts[i].series, number->series) != 0) {
        i++;
    }
    if (i == run->series && run->series < SERIES_MAX) {
        run->lasts[run->series++] = (struct number){0};
        memcpy(run->lasts[i].series, number->series, sizeof number->series);
    }
    return &run->lasts[i < SERIES_MAX ? i : SERIES_MAX - 1];
}

/* Whether a mark could be a unit at all. */
static bool is_candidate(const struct run *run, const struct mark *mark) {
    const struct label *label = &mark->label;
    if (label->kind != run->kind || (run->marked_only && !label->marked)) {
        return false;
    }
    if (label_is_worded(run->kind) && ((label->shape == SHAPE_JOINED && run->shape != SHAPE_JOINED) ||
                                       (mark->prose && !run->prose && !label->marked))) {
        return false; /* 第二条规定的, Article 5 of the Treaty: references */
    }
    bool headed = mark->heading < mark->line && !mark->prose;
    if (run->kind == LABEL_BARE || run->kind == LABEL_BRACKET) {
        return mark->fresh || (headed && mark->divided);
    }
    if (!label_is_worded(run->kind)) {
        return mark->fresh || label->alone || mark->closed || (headed && mark->divided);
    }
    return mark->fresh || label->marked || headed || (label->alone && !mark->prose) || (mark->closed && !mark->prose);
}

/* Strong enough to stand against a gap or a repeat in the sequence. */
static bool is_strong(const struct run *run, const struct mark *mark) {
    return is_candidate(run, mark) && (mark->fresh || mark->heading < mark->line) && !mark->prose;
}

static size_t next_candidate(const struct run *run, size_t i) {
    do {
        i++;
    } while (i < run->end && !is_candidate(run, &run->marks->items[i]));
    return i;
}

/* Whether a number comes again soon after i; as_usual: in a label that goes on as most do. */
static bool comes_later(const struct run *run, size_t i, const struct number *like, uint32_t value, bool as_usual) {
    size_t limit = run->end - i > LOOK_AHEAD ? i + LOOK_AHEAD : run->end;
    for (i = next_candidate(run, i); i < limit; i = next_candidate(run, i)) {
        const struct label *label = &run->marks->items[i].label;
        if (label->number.value == value && strcmp(label->number.series, like->series) == 0 &&
            (!as_usual ||
             (label->close == run->close && (label->shape == run->shape || !label_is_worded(run->kind))))) {
            return true;
        }
    }
    return false;
}

/* A label that goes on in its line as others do not: it may be a reference at the start of a line. Or "4)" among "4.": it may be of
 * a list. */
static bool is_unusual(const struct run *run, const struct mark *mark) {
    const struct label *label = &mark->label;
    return label->close != run->close || (label_is_worded(run->kind) && label->shape != run->shape &&
                                          label->shape != SHAPE_BRACKET && !label->alone && !label->marked);
}

static bool next_goes_on(const struct run *run, size_t i) {
    size_t next = next_candidate(run, i);
    return next < run->end && number_follows(&run->marks->items[i].label.number, &run->marks->items[next].label.number);
}

/* ---- words for what is doubtful */

static void mark_finding(struct run *run, const struct mark *mark, enum finding_kind kind, const char *words,
                         const char *more) {
    const char *prefix = label_prefix(mark->label.kind);
    const struct number *last = run->taken < run->end ? &run->marks->items[run->taken].label.number : NULL;
    char after[2 * NUMBER_TEXT_MAX];
    snprintf(after, sizeof after, last ? "%s_%s" : "the beginning", prefix, last ? last->text : "");
    finding_add(run->findings, kind, mark->line + 1, mark->label.start + 1, "%s_%s %s %s%s", prefix,
                mark->label.number.text, words, after, more);
}

/* The line between two units that names several numbers at once, as repealed ones are; SIZE_MAX where there is none. */
static size_t range_between(const struct run *run, const struct mark *mark) {
    size_t start = run->taken < run->end ? run->marks->items[run->taken].line + 1 : 0;
    for (size_t i = start; i < mark->line; i++) {
        if (is_range_of(run->kind, text_line(run->marks->text, run->marks->lines, i))) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void gap_finding(struct run *run, const struct mark *mark, const struct number *last) {
    char words[160];
    const char *prefix = label_prefix(mark->label.kind);
    uint32_t from = last->value + 1;
    uint32_t to = mark->label.number.value - 1;
    size_t range = range_between(run, mark);
    if (run->findings == NULL) {
        return;
    }
    if (mark->label.number.compound) {
        mark_finding(run, mark, FINDING_GAP, "follows", "");
        return;
    }
    int len = from == to ? snprintf(words, sizeof words, ": there is no %s_%u", prefix, from)
                         : snprintf(words, sizeof words, ": there is no %s_%u to %s_%u", prefix, from, prefix, to);
    if (range != SIZE_MAX && len > 0) {
        snprintf(words + len, sizeof words - (size_t)len, "; line %zu speaks of several", range + 1);
    }
    mark_finding(run, mark, FINDING_GAP, "follows", words);
}

/* Numbered 1 again: a part that counts anew, or another text, perhaps in another language. */
static bool begins_other_text(const struct run *run, const struct mark *mark) {
    if (mark->label.number.value != 1 || !label_is_worded(run->kind) || run->taken == run->end) {
        return false;
    }
    return !mark->divided ||
           !bytes_equal(mark_word(run->marks, mark), mark_word(run->marks, &run->marks->items[run->taken]));
}

static void repeat_finding(struct run *run, const struct mark *mark) {
    bool anew = begins_other_text(run, mark);
    mark_finding(run, mark, FINDING_REPEAT, "stands again, after",
                 anew ? ": if another text begins here, deposit each for itself, with --from and --to" : "");
}

/* ---- taking and leaving */

static void take(struct run *run, size_t i) {
    struct mark *mark = &run->marks->items[i];
    mark->chosen = true;
    run->fresh_only = run->fresh_only && mark->fresh;
    *last_of(run, &mark->label.number) = mark->label.number;
    run->taken = i;
    run->in_list = (struct number){0};
    run->chosen++;
}

/* The number goes on; but it may go on with a list inside the unit just as well. */
static bool belongs_to_list(struct run *run, size_t i) {
    struct mark *mark = &run->marks->items[i];
    if (label_is_worded(run->kind)) {
        return false;
    }
    bool goes_on = run->in_list.value > 0 && number_follows(&run->in_list, &mark->label.number);
    bool stale = run->chosen >= FRESH_RUN && run->fresh_only && !mark->fresh; /* not where the others stood */
    if (!goes_on && !stale) {
        return false;
    }
    bool list = comes_later(run, i, &mark->label.number, mark->label.number.value, false);
    mark_finding(run, mark, FINDING_DOUBT,
                 list ? "is taken for a point of a list, not for the one after" : "is taken for the one after", "");
    return list;
}

static bool accept_gap(struct run *run, size_t i) {
    const struct mark *mark = &run->marks->items[i];
    const struct number *number = &mark->label.number;
    const struct number *last = last_of(run, number);
    if (!is_strong(run, mark) || comes_later(run, i, number, last->value + 1, false)) {
        return false;
    }
    if (label_is_worded(run->kind)) {
        return mark->label.marked || mark->label.alone || mark->label.shape == run->shape || next_goes_on(run, i);
    }
    return number->value - last->value <= CLAUSE_GAP_MAX + 1 && next_goes_on(run, i);
}

/* A number that was there before: a new beginning (another language, a part that counts anew), or the same number twice. */
static bool accept_repeat(struct run *run, size_t i) {
    const struct mark *mark = &run->marks->items[i];
    if (!is_strong(run, mark)) {
        return false;
    }
    if (mark->label.number.value == 1 && (label_is_worded(run->kind) || (mark->divided && mark->fresh))) {
        return next_goes_on(run, i);
    }
    return label_is_worded(run->kind) && (mark->label.alone || mark->label.marked);
}

static void reject(struct run *run, size_t i) {
    const struct mark *mark = &run->marks->items[i];
    const struct number *number = &mark->label.number;
    if (label_is_worded(run->kind) || number_compare(number, last_of(run, number)) == 0) {
        if (mark->fresh) {
            mark_finding(run, mark, FINDING_DOUBT, "is not taken for a unit, after", "");
        }
    }
    if (number->value == 1 || number_follows(&run->in_list, number)) {
        run->in_list = *number;
    }
}

static void consider(struct run *run, size_t i) {
    struct mark *mark = &run->marks->items[i];
    const struct number *number = &mark->label.number;
    const struct number *last = last_of(run, number);
    if (number->value == 0) {
        if (run->taken == run->end && mark->fresh && next_goes_on(run, i)) { /* "0. Definitions", then "1." */
            take(run, i);
        } else {
            reject(run, i);
        }
    } else if (number_follows(last, number)) {
        bool unusual = is_unusual(run, mark);
        if (unusual && comes_later(run, i, number, number->value, true)) {
            reject(run, i);
        } else if (belongs_to_list(run, i)) {
            run->in_list = *number;
        } else {
            if (unusual && run->chosen >= FRESH_RUN &&
                !is_heading_like(text_line(run->marks->text, run->marks->lines, mark->line))) {
                mark_finding(run, mark, FINDING_DOUBT,
                             "goes on in its line as most do not; it is taken for the one after", "");
            }
            take(run, i);
        }
    } else if (number_compare(number, last) > 0) {
        if (accept_gap(run, i)) {
            gap_finding(run, mark, last);
            take(run, i);
        } else {
            reject(run, i);
        }
    } else if (accept_repeat(run, i)) {
        repeat_finding(run, mark);
        mark->repeat = true;
        run->repeats++;
        take(run, i);
    } else {
        reject(run, i);
    }
}

/* ---- the run of one kind */

static void survey(struct run *run) {
    size_t shapes[SHAPE_JOINED + 1] = {0};
    size_t closes[UINT8_MAX + 1] = {0};
    size_t marked = 0;
    size_t prose = 0;
    size_t all = 0;
    for (size_t i = run->first; i < run->end; i++) {
        const struct mark *mark = &run->marks->items[i];
        if (mark->label.kind == run->kind) {
            all++;
            marked += mark->label.marked;
            prose += mark->prose && mark->fresh;
            closes[mark->label.close] += mark->fresh;
            shapes[mark->label.shape] += !mark->prose && (mark->fresh || mark->heading < mark->line);
        }
    }
    run->marked_only = marked * 2 > all;
    run->prose = prose * 2 > all;
    for (int shape = 0; shape <= SHAPE_JOINED; shape++) {
        if (shapes[shape] > shapes[run->shape]) {
            run->shape = (enum label_shape)shape;
        }
    }
    for (size_t close = 0; close <= UINT8_MAX; close++) {
        if (closes[close] > closes[run->close]) {
            run->close = (uint8_t)close;
        }
    }
}

static struct run choose(struct marks *marks, size_t first, size_t end, enum label_kind kind,
                         struct findings *findings) {
    struct run run = {.marks = marks,
                      .first = first,
                      .end = end,
                      .kind = kind,
                      .fresh_only = true,
                      .taken = end,
                      .findings = findings};
    survey(&run);
    for (size_t i = first; i < end; i++) {
        struct mark *mark = &marks->items[i];
        mark->chosen = false;
        mark->repeat = false;
        if (is_candidate(&run, mark)) {
            consider(&run, i);
        }
    }
    return run;
}

size_t numbering_choose(struct marks *marks, size_t first, size_t end, enum label_kind kind,
                        struct findings *findings) {
    return choose(marks, first, end, kind, findings).chosen;
}

/* ---- which kind */

struct candidate {
    enum label_kind kind;
    size_t chosen;
    size_t first; /* mark of its first and of its last unit */
    size_t last;
    size_t restarts; /* units that are numbered 1 */
};

static struct candidate candidate_of(struct marks *marks, size_t first, size_t end, enum label_kind kind) {
    size_t start = numbering_contents_end(marks, first, end, kind);
    struct candidate out = {.kind = kind, .chosen = numbering_choose(marks, start, end, kind, NULL)};
    out.first = out.last = end;
    for (size_t i = start; i < end; i++) {
        if (marks->items[i].chosen) {
            out.first = out.first == end ? i : out.first;
            out.last = i;
            out.restarts += marks->items[i].label.number.value == 1 && marks->items[i].label.number.inserted == 0;
        }
    }
    return out;
}

/* Whether `inner`, whose units are chosen now, counts anew in the units of `outer`: Article I, Section 1. */
static bool is_nested(const struct marks *marks, size_t end, const struct candidate *inner, enum label_kind outer) {
    bool seen = false; /* a label of the outer kind since the last unit of the inner */
    size_t nested = 0;
    size_t restarts = 0;
    for (size_t i = 0; i < end; i++) {
        const struct mark *mark = &marks->items[i];
        if (mark->chosen && mark->label.kind == inner->kind) {
            bool restart = mark->label.number.value == 1 && mark->label.number.inserted == 0;
            restarts += restart;
            nested += restart && seen;
            seen = false;
        } else if (mark->label.kind == outer && (mark->fresh || mark->label.alone)) {
            seen = true;
        }
    }
    return restarts >= 2 && nested == restarts;
}

static enum label_kind best_worded(struct marks *marks, size_t first, size_t end, struct candidate *out) {
    struct candidate best = {0};
    for (int kind = LABEL_ARTICLE; kind <= LABEL_ITEM; kind++) {
        struct candidate candidate = candidate_of(marks, first, end, (enum label_kind)kind);
        bool enough = candidate.chosen >= 2 ||
                      (candidate.chosen == 1 && marks->items[candidate.first].label.number.value == 1 &&
                       (marks->items[candidate.first].label.alone || marks->items[candidate.first].label.marked));
        if (!enough) {
            continue;
        }
        if (best.chosen == 0) {
            best = candidate;
            continue;
        }
        bool inside = is_nested(marks, end, &candidate, best.kind); /* its units are chosen now */
        size_t chosen = numbering_choose(marks, first, end, best.kind, NULL);
        bool around = chosen > 0 && is_nested(marks, end, &best, candidate.kind);
        if (around || (!inside && candidate.chosen > best.chosen)) {
            best = candidate;
        }
    }
    *out = best;
    return best.kind;
}

/* Numberings without a word that are looked for only where no other runs. */
static enum label_kind best_weak(struct marks *marks, size_t first, size_t end) {
    static const enum label_kind weak[] = {LABEL_ROMAN, LABEL_BARE, LABEL_BRACKET};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        if (candidate_of(marks, first, end, weak[i]).chosen >= 2) {
            return weak[i];
        }
    }
    return LABEL_NONE;
}

enum label_kind numbering_best(struct marks *marks, size_t first, size_t end, enum label_kind *other) {
    struct candidate worded;
    best_worded(marks, first, end, &worded);
    struct candidate clauses = candidate_of(marks, first, end, LABEL_CLAUSE);
    *other = LABEL_NONE;
    if (worded.chosen > 0) {
        /* Clauses before the first article are units that mention articles, or a list that stands before them; after it they are
         * paragraphs of articles. */
        bool paragraphs = worded.first < clauses.first;
        bool list_before = clauses.chosen < 2 || clauses.last < worded.first;
        if (paragraphs || list_before || worded.chosen >= clauses.chosen) {
            bool few = clauses.chosen < 2 || clauses.chosen < worded.chosen / 4;
            *other = paragraphs || list_before || few ? LABEL_NONE : LABEL_CLAUSE;
            return worded.kind;
        }
        *other = worded.chosen >= 2 ? worded.kind : LABEL_NONE;
    }
    struct candidate roman = candidate_of(marks, first, end, LABEL_ROMAN);
    if (roman.chosen >= 2) {
        size_t again = numbering_choose(marks, first, end, LABEL_CLAUSE, NULL);
        if (again > 0 && clauses.restarts >= 2 && is_nested(marks, end, &clauses, LABEL_ROMAN)) {
            return LABEL_ROMAN;
        }
    }
    return clauses.chosen >= 2 ? LABEL_CLAUSE : best_weak(marks, first, end);
}

/* ---- a table of contents */

static size_t next_of_kind(const struct marks *marks, size_t i, size_t end, enum label_kind kind) {
    while (i < end && marks->items[i].label.kind != kind) {
        i++;
    }
    return i;
}

/* How many of the entries [start, again) stand again from `again` on, in order. */
static size_t entries_again(const struct marks *marks, size_t start, size_t again, size_t end, enum label_kind kind) {
    size_t found = 0;
    size_t i = start;
    size_t j = again;
    while (i < again && j < end) {
        const struct number *entry = &marks->items[i].label.number;
        int order = number_compare(entry, &marks->items[j].label.number);
        found += order == 0;
        i = order <= 0 ? next_of_kind(marks, i + 1, again, kind) : i;
        j = order >= 0 ? next_of_kind(marks, j + 1, end, kind) : j;
    }
    return found;
}

size_t numbering_contents_end(const struct marks *marks, size_t first, size_t end, enum label_kind kind) {
    size_t start = next_of_kind(marks, first, end, kind);
    size_t entries = start < end;
    for (size_t last = start; last < end;) {
        size_t next = next_of_kind(marks, last + 1, end, kind);
        if (next == end) {
            return first;
        }
        if (strcmp(marks->items[next].label.number.text, marks->items[start].label.number.text) == 0) {
            bool again = entries >= 2 && entries_again(marks, start, next, end, kind) * 3 >= entries * 2;
            return again ? next : first;
        }
        if (!marks_are_bare(marks, last, next)) {
            return first;
        }
        entries++;
        last = next;
    }
    return first;
}
