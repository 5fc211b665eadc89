/* The inside of a unit whose text is Akoma Ntoso XML: what its own eIds say. Pure. */
#ifndef TEXT_MARKED_H
#define TEXT_MARKED_H

#include "text/structure.h"

/** Whether the text is XML: it begins with a tag, and has eIds in it or ends with a tag. */
bool is_marked_text(struct bytes text);

/**
 * Number, heading and provisions from the elements. The unit's element is the first whose eId is the record's, or its end after a
 * scope; what is in it and is named after it (its eId, "__", more) is a provision, under the record's name. Work: O(text).
 */
MUST_USE int structure_marked(struct structure *out, struct bytes eid, struct bytes text);

#endif
