/* The list of findings. */
#include "text/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

static int by_line(const void *a, const void *b) {
    const struct finding *x = a;
    const struct finding *y = b;
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return x->column < y->column ? -1 : x->column > y->column;
}

void findings_sort(struct findings *findings) {
    if (findings->count > 0) {
        qsort(findings->items, findings->count, sizeof *findings->items, by_line);
    }
}
