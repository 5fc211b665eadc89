/* Which labels of a text are its units: the numbering that runs. Pure. */
#ifndef TEXT_NUMBERING_H
#define TEXT_NUMBERING_H

#include "text/finding.h"
#include "text/mark.h"

/**
 * Chooses among the marks [first, end) of one kind those whose numbers run (1, 2, 3 ...), and says what is doubtful. Lists inside
 * units, references at the start of a line and numbers in running text do not run. Returns how many were chosen. Work: O(marks).
 */
size_t numbering_choose(struct marks *marks, size_t first, size_t end, enum label_kind kind, struct findings *findings);

/** The kind whose numbering runs best in [first, end), LABEL_NONE where none does. *other: another that runs too, or LABEL_NONE. */
enum label_kind numbering_best(struct marks *marks, size_t first, size_t end, enum label_kind *other);

/**
 * Where a table of contents that lists labels of the kind ends: the index of the first mark after it, or `first` where there is
 * none. Its entries have no text between them, and their numbers stand again behind it.
 */
size_t numbering_contents_end(const struct marks *marks, size_t first, size_t end, enum label_kind kind);

#endif
