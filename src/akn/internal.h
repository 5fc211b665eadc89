/* What the files of this room share. */
#ifndef AKN_INTERNAL_H
#define AKN_INTERNAL_H

#include "akn/akn.h"

/** Whether the document is well-formed, in UTF-8, without document type, and Akoma Ntoso; with line and column where it is not. */
MUST_USE int akn_judge(struct bytes source, struct fault *fault);

/** Appends text as character data. */
void akn_escape(struct buffer *out, struct bytes text);
/** Appends the hierarchical element of a unit: its number, heading, provisions, and all its text. */
MUST_USE int akn_write_unit(struct buffer *out, const struct akn_unit *unit, const char *element, const char *name);
/** Appends a unit as an element of blocks: preface, preamble, conclusions. */
MUST_USE int akn_write_blocks(struct buffer *out, const struct akn_unit *unit, const char *element);
/** Appends the blocks of an annex that is one unit: what stands after its heading. *head gets the number and heading elements. */
MUST_USE int akn_write_annex(struct buffer *head, struct buffer *body, const struct akn_unit *unit);

#endif
