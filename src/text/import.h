/*
 * From a file to units: which slices of the source are the clauses, and what is doubtful about it. Pure.
 * Slices in order are the source, every byte.
 */
#ifndef TEXT_IMPORT_H
#define TEXT_IMPORT_H

#include "text/structure.h"

struct unit {
    char eid[LIMIT_EID + 1];
    size_t offset; /* bytes in the source */
    size_t length;
    struct span number; /* in the unit's text */
    struct span heading;
};

enum finding_kind { FINDING_GAP, FINDING_REPEAT, FINDING_OVER_LIMIT, FINDING_DOUBT };

/** Something that a human should look at before it is signed. */
struct finding {
    enum finding_kind kind;
    size_t line;   /* in the file, from 1 */
    size_t column; /* bytes, from 1 */
    char text[240];
};

struct outline {
    struct unit *units;
    size_t units_count;
    struct finding *findings;
    size_t findings_count;
    char numbering[32]; /* the numbering chosen: "clause" (1.), "article", "section", "none" ... */
};

struct import_options {
    const char *numbering; /* NULL: choose */
    size_t first_line;     /* the source's first line in its file; 0 is 1 */
};

/** The names that import_options.numbering may have, with commas. */
#define IMPORT_NUMBERINGS "clause, article, section, rule, item, roman, bare, bracket, paragraph or none"

/** Plain text and Markdown. DEPOSITARY_E_UTF8 or DEPOSITARY_E_FORMAT (NUL, empty) with line and column. */
MUST_USE int import_plain(struct outline *out, struct bytes source, const struct import_options *options,
                          struct fault *fault);

/**
 * Units as an outline file says, instead of what the importer finds. A line for each, in the order of the text: the eId and its
 * lines, `art_1 4-10`, or its bytes, `art_1 120+300` (offset and length); empty lines and those that begin with # do not count.
 * DEPOSITARY_E_FORMAT with line and column in the outline where units overlap, leave something out, or share a name.
 */
MUST_USE int import_outlined(struct outline *out, struct bytes source, struct bytes outline, struct fault *fault);

/** Checks what every import asks of a source: valid UTF-8, no NUL, not empty. */
MUST_USE int import_check(struct bytes source, size_t first_line, struct fault *fault);

/**
 * The part of a file from one line on and up to another, which does not belong to it. Each is a line's number, from 1, or the words
 * of a line that stands once (--to: after --from), its marks of a heading with them or without; NULL: the file's start or end. *line: of the part's first line, from 1.
 */
MUST_USE int import_range(struct bytes *out, size_t *line, struct bytes file, const char *from, const char *to,
                          struct fault *fault);

void outline_free(struct outline *outline);

#endif
