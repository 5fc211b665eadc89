/* Folds, which exist only to compare. PROTOCOL.md section 6, CheckQuote. Pure. */
#ifndef TEXT_FOLD_H
#define TEXT_FOLD_H

#include "base/bytes.h"
#include "base/error.h"

/* In the order in which they are applied. */
enum fold {
    FOLD_NFC = 1u << 0,
    FOLD_WHITESPACE = 1u << 1,
    FOLD_QUOTES = 1u << 2,
    FOLD_HYPHENS = 1u << 3,
    FOLD_CASE = 1u << 4,
    FOLD_ELLIPSIS = 1u << 5 /* of the quote only: it is cut into pieces */
};

/** Names as the protocol spells them: "nfc" ...; NULL for none. */
const char *fold_name(enum fold fold);
/** 0 for an unknown name. */
unsigned fold_parse(struct bytes name);

/** Folded text, with the way back: source[i] is the offset in the input of what byte i came from; source[len] is the input's length. */
struct folded {
    uint8_t *text;
    uint32_t *source;
    size_t len;
};

/**
 * Applies the folds of the set but FOLD_ELLIPSIS. in is valid UTF-8 (else DEPOSITARY_E_UTF8) below 4 GiB (DEPOSITARY_E_LIMIT).
 * trim: whether white space at the ends goes (FOLD_WHITESPACE only). A stretch that NFC changes as a whole has its start as the
 * source of all its bytes. A match of [i,j) in the folded text stands at [source[i], source[j]) of the input, provided that
 * neither i nor j lies within bytes of one source. Work: O(n).
 */
MUST_USE int fold_text(struct folded *out, struct bytes in, unsigned folds, bool trim);
/** The folds, FOLD_ELLIPSIS apart, that change anything in the text, whichever others are applied before them. */
MUST_USE int fold_effects(unsigned *out, struct bytes in, bool trim);
void folded_free(struct folded *folded);

#endif
