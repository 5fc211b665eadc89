/* Unicode NFC (UAX 15), code point by code point with the offset of each in the source. Pure. */
#ifndef TEXT_NFC_H
#define TEXT_NFC_H

#include "base/bytes.h"
#include "base/error.h"

typedef void nfc_sink(void *context, uint32_t c, size_t source);

/**
 * Hands the NFC of valid UTF-8 to the sink. A stretch that cannot be composed apart and that NFC changes comes with the
 * stretch's start as the source of all its code points; elsewhere each has its own. *changed (may be NULL) tells whether there
 * was such a stretch. Work: O(n), also for long runs of combining marks.
 */
MUST_USE int nfc_each(struct bytes in, nfc_sink *sink, void *context, bool *changed);

/** Whether NFC of what stands before and from c on can be taken apart here. Errs towards false. */
bool nfc_boundary(uint32_t c);

#endif
