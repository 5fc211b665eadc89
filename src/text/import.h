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
    size_t line;   /* in the source, from 1 */
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
};

/** Plain text. DEPOSITARY_E_UTF8 or DEPOSITARY_E_FORMAT (NUL, empty) with line and column. */
MUST_USE int import_plain(struct outline *out, struct bytes source, const struct import_options *options,
                          struct fault *fault);
void outline_free(struct outline *outline);

#endif
