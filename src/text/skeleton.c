/* Skeletons: a sieve for the search of quotes. */
#include "text/skeleton.h"

#include <utf8proc.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/folded.h"

#define DECOMPOSED_MAX 8
#define SMALL_IOTA     0x03B9

static void put_bone(struct folded_writer *writer, uint32_t c, size_t source) {
    if (is_white_space(c) || c == SOFT_HYPHEN || utf8proc_get_property((utf8proc_int32_t)c)->combining_class != 0) {
        return;
    }
    c = case_fold(hyphen_fold(quote_fold(c)));
    if (c != SMALL_IOTA) {
        folded_put(writer, c, source);
    }
}

static void put_decomposed(struct folded_writer *writer, uint32_t c, size_t source) {
    utf8proc_int32_t parts[DECOMPOSED_MAX];
    utf8proc_ssize_t len =
        utf8proc_decompose_char((utf8proc_int32_t)c, parts, DECOMPOSED_MAX, UTF8PROC_DECOMPOSE, NULL);
    if (len < 0 || len > DECOMPOSED_MAX) {
        put_bone(writer, c, source);
        return;
    }
    for (utf8proc_ssize_t i = 0; i < len; i++) {
        put_bone(writer, (uint32_t)parts[i], source);
    }
}

static void put_ascii(struct folded_writer *writer, uint32_t c, size_t source) {
    if (!is_white_space(c)) {
        folded_put(writer, case_fold(quote_fold(c)), source);
    }
}

int skeleton_of(struct folded *out, struct bytes in) {
    struct folded_writer writer;
    if (in.len >= UINT32_MAX) {
        return DEPOSITARY_E_LIMIT;
    }
    folded_begin(&writer, in.len);
    for (size_t offset = 0; offset < in.len;) {
        uint32_t c;
        size_t len = utf8_next(&c, bytes_slice(in, offset, UTF8_LEN_MAX));
        if (len == 0) {
            writer.error = DEPOSITARY_E_UTF8;
            break;
        }
        if (len == 1) {
            put_ascii(&writer, c, offset);
        } else {
            put_decomposed(&writer, c, offset);
        }
        offset += len;
    }
    return folded_end(out, &writer, in.len);
}
