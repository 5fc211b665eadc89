/*
 * What is held back until all of it is proved: in memory while it is small, then in a temporary file without a name (in $TMPDIR, or /tmp), so that a verb tells a
 * large instrument in the memory of a page, and nothing of it before the last page held. Where no folder takes a file it stays in memory (memfd_create).
 */
#ifndef CLI_SPOOL_H
#define CLI_SPOOL_H

#include "base/bytes.h"
#include "base/error.h"

#define SPOOL_MEMORY (2u * 1024 * 1024) /* bytes; more goes into the file */

struct spool {
    struct buffer memory; /* what is not in the file yet */
    int file;             /* -1: none yet */
    uint64_t written;     /* bytes in the file */
    void *map;            /* NULL: none */
    size_t map_len;
    struct fault fault; /* the first; what is added later is nothing */
};

void spool_init(struct spool *spool); /* no allocation */
void spool_free(struct spool *spool); /* back to empty; twice is fine */
/** Empty again, and without a fault. */
void spool_clear(struct spool *spool);
/** Its fault is kept, and looked at once, at the end. */
void spool_add(struct spool *spool, struct bytes in);
uint64_t spool_len(const struct spool *spool);

typedef void spool_take(void *context, struct bytes piece);
/** All of it in order, in pieces that end where a character does. 0, or the fault's error: then what was given is not all. */
MUST_USE int spool_each(struct spool *spool, spool_take *take, void *context);
/** All of it as one view, which lives until it is changed or freed. */
MUST_USE int spool_view(struct spool *spool, struct bytes *out);

#endif
