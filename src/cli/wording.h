/* What differs between two texts, word by word. */
#ifndef CLI_WORDING_H
#define CLI_WORDING_H

#include <jansson.h>

#include "base/bytes.h"

/**
 * The places where two texts differ, as an array of {from, old, new}: offset in the old text (bytes), and both wordings with a little
 * around them, which "…" cuts short. Words are compared as bytes. NULL: no memory.
 */
json_t *wording_changes(struct bytes old, struct bytes new);
/** Prints it to standard output, two lines a place: "- " and "+ ". */
void wording_print(const json_t *changes);

#endif
