/* Lengths of units: what no record can hold, and what looks as if more were in it than its label says. */
#include "text/lengths.h"

#include <stdlib.h>
#include <string.h>

#define LONG_UNIT  8192 /* bytes of a last unit that may have swallowed what follows it, */
#define LONG_TIMES 20   /* where it is so many times as long as the usual one */

static int by_length(const void *a, const void *b) {
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The length that half of the units do not reach; 0 where there are too few to tell. */
static size_t usual_length(const struct units *units) {
    size_t count = units->count;
    size_t *lengths = count >= 5 ? malloc(count * sizeof *lengths) : NULL;
    if (!lengths) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        lengths[i] = units->items[i].length;
    }
    qsort(lengths, count, sizeof *lengths, by_length);
    size_t median = lengths[count / 2];
    free(lengths);
    return median;
}

/* Whether a unit is the last of the text or of an annex: what follows there, and has no label, goes with it. */
static bool ends_scope(const struct units *units, size_t i) {
    if (i + 1 == units->count) {
        return true;
    }
    const char *next = units->items[i + 1].eid;
    size_t len = strlen(next);
    return strcmp(next, "conclusions") == 0 ||
           (strncmp(next, "att_", 4) == 0 &&
            (!strstr(next, "__") || (len > 9 && strcmp(next + len - 9, "__preface") == 0)));
}

void findings_of_lengths(struct findings *findings, const struct units *units, const struct lines *lines) {
    size_t usual = usual_length(units);
    for (size_t i = 0, line = 0; i < units->count; i++) {
        const struct unit *unit = &units->items[i];
        while (line + 1 < lines->count && lines->items[line + 1].offset <= unit->offset) {
            line++;
        }
        if (unit->length > LIMIT_CLAUSE_TEXT) {
            finding_add(findings, FINDING_OVER_LIMIT, line + 1, 1, "%s has %zu bytes, the limit is %u", unit->eid,
                        unit->length, LIMIT_CLAUSE_TEXT);
        } else if (usual > 0 && unit->length > LONG_UNIT && unit->length / LONG_TIMES > usual && ends_scope(units, i)) {
            finding_add(findings, FINDING_DOUBT, line + 1, 1,
                        "%s has %zu bytes, the usual unit %zu: does something else follow in it?", unit->eid,
                        unit->length, usual);
        }
    }
}
