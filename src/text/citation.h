/* References as people write them, "7", "7(2)", "cl_7", "Article 5 (1) (a)", to eIds. Pure; one parser for service and command line. */
#ifndef TEXT_CITATION_H
#define TEXT_CITATION_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"

/** Tells whether an edition has a clause or provision with this eId. */
typedef bool citation_has(void *context, const char *eid);

struct citation_names {
    size_t count;
    char eids[16][LIMIT_EID + 1];
};

/** Every eId that the reference may mean and that `has` knows, best first. DEPOSITARY_E_FORMAT for what is no reference. */
MUST_USE int citation_resolve(struct citation_names *out, struct bytes reference, citation_has *has, void *context);

#endif
