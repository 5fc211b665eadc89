/* Instruments made by chance, from a seed, with the names that their units have. */
#ifndef TESTS_INSTRUMENT_MAKER_H
#define TESTS_INSTRUMENT_MAKER_H

#include "base/bytes.h"

struct made {
    const char *style;   /* the name of its numbering */
    struct buffer text;  /* the file */
    struct buffer units; /* the eIds, a line each */
};

/** The same seed makes the same instrument. */
void made_new(struct made *out, uint32_t seed);
void made_free(struct made *made);

#endif
