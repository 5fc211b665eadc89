/* The folds, applied in the protocol's order in one pass, with the way back to the source. PROTOCOL.md section 6, CheckQuote. */
#include "text/fold.h"

#include <stdlib.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/folded.h"
#include "text/nfc.h"

static const struct {
    enum fold fold;
    const char *name;
} names[] = {
    {FOLD_NFC, "nfc"},   {FOLD_WHITESPACE, "whitespace"}, {FOLD_QUOTES, "quotes"}, {FOLD_HYPHENS, "hyphens"},
    {FOLD_CASE, "case"}, {FOLD_ELLIPSIS, "ellipsis"},
};

const char *fold_name(enum fold fold) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].fold == fold) {
            return names[i].name;
        }
    }
    return NULL;
}

unsigned fold_parse(struct bytes name) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (bytes_equal(name, bytes_text(names[i].name))) {
            return names[i].fold;
        }
    }
    return 0;
}

/* What comes after NFC, one code point at a time. */
struct folding {
    struct folded_writer writer;
    unsigned folds;
    unsigned effects; /* the folds that changed something */
    bool trim;
    bool in_space;       /* a run of white space is under way, not written yet */
    size_t space_source; /* where the last run of white space began */
    size_t space_last;   /* source of its last code point; a mark that NFC changed together with it has the same */
};

static void fold_letter(struct folding *folding, uint32_t c, size_t source) {
    if (folding->folds & FOLD_QUOTES && quote_fold(c) != c) {
        c = quote_fold(c);
        folding->effects |= FOLD_QUOTES;
    }
    if (folding->folds & FOLD_HYPHENS && (c == SOFT_HYPHEN || hyphen_fold(c) != c)) {
        folding->effects |= FOLD_HYPHENS;
        if (c == SOFT_HYPHEN) {
            return;
        }
        c = hyphen_fold(c);
    }
    if (folding->folds & FOLD_CASE && case_fold(c) != c) {
        c = case_fold(c);
        folding->effects |= FOLD_CASE;
    }
    folded_put(&folding->writer, c, source);
}

/* at_end: the run of white space that may be under way stands at an end of the input. */
static void end_space(struct folding *folding, bool at_end) {
    if (!folding->in_space) {
        return;
    }
    folding->in_space = false;
    if (at_end && folding->trim) {
        folding->effects |= FOLD_WHITESPACE;
        return;
    }
    folded_put(&folding->writer, ' ', folding->space_source);
}

static void fold_code_point(void *context, uint32_t c, size_t source) {
    struct folding *folding = context;
    if (folding->folds & FOLD_WHITESPACE && is_white_space(c)) {
        if (folding->in_space || c != ' ') {
            folding->effects |= FOLD_WHITESPACE;
        }
        if (!folding->in_space) {
            folding->in_space = true;
            folding->space_source = source;
        }
        folding->space_last = source;
        return;
    }
    end_space(folding, folding->space_source == 0);
    if (source == folding->space_last) {
        source = folding->space_source; /* not to be cut off from the space */
    }
    fold_letter(folding, c, source);
}

static int fold_each(struct folding *folding, struct bytes in) {
    if (folding->folds & FOLD_NFC) {
        bool changed = false;
        int error = nfc_each(in, fold_code_point, folding, &changed);
        folding->effects |= changed ? FOLD_NFC : 0u;
        return error;
    }
    size_t offset = 0;
    while (offset < in.len) {
        uint32_t c;
        size_t len = utf8_next(&c, bytes_slice(in, offset, UTF8_LEN_MAX));
        if (len == 0) {
            return DEPOSITARY_E_UTF8;
        }
        fold_code_point(folding, c, offset);
        offset += len;
    }
    return 0;
}

static int fold_all(struct folding *folding, struct bytes in) {
    if (in.len >= UINT32_MAX) {
        return DEPOSITARY_E_LIMIT;
    }
    folded_begin(&folding->writer, in.len);
    int error = fold_each(folding, in);
    end_space(folding, true);
    if (error != 0) {
        folding->writer.error = error;
    }
    return 0;
}

int fold_text(struct folded *out, struct bytes in, unsigned folds, bool trim) {
    struct folding folding = {.folds = folds, .trim = trim && folds & FOLD_WHITESPACE, .space_last = SIZE_MAX};
    int error = fold_all(&folding, in);
    return error != 0 ? error : folded_end(out, &folding.writer, in.len);
}

int fold_effects(unsigned *out, struct bytes in, bool trim) {
    const unsigned all = FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE;
    unsigned effects = 0;
    for (int composed = 0; composed < 2; composed++) {
        struct folding folding = {
            .folds = composed ? all : all & ~(unsigned)FOLD_NFC, .trim = trim, .space_last = SIZE_MAX};
        struct folded folded = {0};
        int error = fold_all(&folding, in);
        if (error == 0) {
            error = folded_end(&folded, &folding.writer, in.len);
        }
        folded_free(&folded);
        if (error != 0) {
            return error;
        }
        effects |= folding.effects;
    }
    *out = effects;
    return 0;
}

void folded_free(struct folded *folded) {
    if (folded) {
        free(folded->text);
        free(folded->source);
        *folded = (struct folded){0};
    }
}
