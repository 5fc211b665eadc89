/* Which labels of a text are its units: the numbering that runs. Pure. */
#ifndef TEXT_NUMBERING_H
#define TEXT_NUMBERING_H

#include "text/import.h"
#include "text/label.h"
#include "text/lines.h"

/** A line that begins with the label of a unit or of an annex. */
struct mark {
    size_t line; /* index */
    struct label label;
    bool fresh;  /* begins a paragraph */
    bool prose;  /* goes on as a sentence does: "Article 5 of the Treaty ..." */
    bool closed; /* the line before ends a sentence */
    bool chosen; /* is a unit */
    bool repeat; /* chosen, though its number was there before */
};

struct marks {
    struct mark *items;
    size_t count;
};

/** All marks, none chosen. */
MUST_USE int marks_of(struct marks *out, struct bytes text, const struct lines *lines);
void marks_free(struct marks *marks);

/** A list of findings that stops at FINDINGS_MAX. */
#define FINDINGS_MAX 1000

struct findings {
    struct finding *items;
    size_t count;
    size_t capacity;
    int error;
};

/** NULL keeps nothing. */
void finding_add(struct findings *findings, enum finding_kind kind, size_t line, size_t column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/**
 * Chooses among the marks [first, end) of one kind those whose numbers run (1, 2, 3 ...), and says what is doubtful. Lists inside
 * units, references at the start of a line and numbers in running text do not run. Returns how many were chosen. Work: O(marks).
 */
size_t numbering_choose(struct marks *marks, size_t first, size_t end, enum label_kind kind, struct findings *findings);

/** The kind whose numbering runs best in [first, end), LABEL_NONE where none has two units. */
enum label_kind numbering_best(struct marks *marks, size_t first, size_t end);

#endif
