/* What the importer is not sure of, and what a human should look at before it is signed. Pure. */
#ifndef TEXT_FINDING_H
#define TEXT_FINDING_H

#include "text/import.h"

#define FINDINGS_MAX 1000

/** A list of findings that stops at FINDINGS_MAX. */
struct findings {
    struct finding *items;
    size_t count;
    size_t capacity;
    int error;
};

/** NULL keeps nothing. Line and column are counted from 1. */
void finding_add(struct findings *findings, enum finding_kind kind, size_t line, size_t column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/** In the order of the text. */
void findings_sort(struct findings *findings);

#endif
