/* How a reason travels with an error code: what, where, what to do. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "depositary/error.h"

#define MUST_USE __attribute__((warn_unused_result))

/** A code and the words for it. All zero: nothing failed. */
struct fault {
    int error;
    char text[480];
};

/** Sets *fault (which may be NULL) and returns error. The words are cut at the size of text, between code points. */
int fault_set(struct fault *fault, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** The words of a fault: its text, or its code's text where it has none. */
const char *fault_text(const struct fault *fault);

#endif
