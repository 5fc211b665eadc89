/* What the lengths of units say. Pure. */
#ifndef TEXT_LENGTHS_H
#define TEXT_LENGTHS_H

#include "text/finding.h"
#include "text/lines.h"
#include "text/units.h"

/** Finds units over the limit of a clause, and last units that are many times as long as the usual one: something else may follow there. */
void findings_of_lengths(struct findings *findings, const struct units *units, const struct lines *lines);

#endif
