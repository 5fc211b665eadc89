/*
 * NFC with offsets. utf8proc knows the decompositions and compositions; the canonical ordering is done here, by counting, because
 * an exchange sort takes quadratic time on a long run of combining marks. UAX 15; PROTOCOL.md section 6.
 */
#include "text/nfc.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/encode.h"
#include "text/character.h"

#define SIMPLE_END      0x0300 /* below it nothing combines and NFC changes nothing */
#define DECOMPOSED_MAX  8      /* code points: no canonical decomposition is longer than 4 */
#define COMBINING_LIMIT 255    /* greatest canonical combining class */
#define INSERTION_LIMIT 16     /* runs of marks up to this length are sorted by insertion */

struct code_points {
    utf8proc_int32_t *data;
    size_t len;
    size_t capacity;
};

/* What is needed for one stretch, kept from one to the next. */
struct workshop {
    struct code_points source;
    struct code_points composed;
    struct code_points sorted;
};

static int code_points_reserve(struct code_points *points, size_t room) {
    if (points->capacity - points->len >= room) {
        return 0;
    }
    size_t capacity = (points->len + room) * 2;
    if (capacity > SIZE_MAX / sizeof *points->data) {
        return DEPOSITARY_E_MEMORY;
    }
    utf8proc_int32_t *data = realloc(points->data, capacity * sizeof *data);
    if (!data) {
        return DEPOSITARY_E_MEMORY;
    }
    points->data = data;
    points->capacity = capacity;
    return 0;
}

static unsigned combining_class(utf8proc_int32_t c) {
    return c < SIMPLE_END ? 0 : (unsigned)utf8proc_get_property(c)->combining_class;
}

bool nfc_boundary(uint32_t c) {
    if (c < SIMPLE_END || (c >= 0x4E00 && c <= 0x9FFF)) {
        return true;
    }
    if ((c >= 0x1160 && c <= 0x11FF) || (c >= 0x16D40 && c <= 0x16D7F)) {
        return false; /* Hangul vowels and finals, Kirat Rai vowels: letters that compose with the one before */
    }
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return false;
    default:
        return combining_class((utf8proc_int32_t)c) == 0;
    }
}

static void sort_by_insertion(utf8proc_int32_t *marks, size_t len) {
    for (size_t i = 1; i < len; i++) {
        utf8proc_int32_t mark = marks[i];
        unsigned class = combining_class(mark);
        size_t j = i;
        for (; j > 0 && combining_class(marks[j - 1]) > class; j--) {
            marks[j] = marks[j - 1];
        }
        marks[j] = mark;
    }
}

static int sort_by_counting(struct code_points *sorted, utf8proc_int32_t *marks, size_t len) {
    size_t starts[COMBINING_LIMIT + 2] = {0};
    int error = code_points_reserve(sorted, len);
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < len; i++) {
        starts[combining_class(marks[i]) + 1]++;
    }
    for (size_t class = 1; class <= COMBINING_LIMIT; class ++) {
        starts[class] += starts[class - 1];
    }
    for (size_t i = 0; i < len; i++) {
        sorted->data[starts[combining_class(marks[i])]++] = marks[i];
    }
    memcpy(marks, sorted->data, len * sizeof *marks);
    return 0;
}

/* Canonical ordering: each run of marks (class not 0) by class, equal classes in their order. */
static int order_marks(struct workshop *work) {
    struct code_points *points = &work->composed;
    size_t i = 0;
    while (i < points->len) {
        size_t start = i;
        while (i < points->len && combining_class(points->data[i]) != 0) {
            i++;
        }
        if (i - start <= INSERTION_LIMIT) {
            sort_by_insertion(points->data + start, i - start);
        } else {
            int error = sort_by_counting(&work->sorted, points->data + start, i - start);
            if (error != 0) {
                return error;
            }
        }
        i += i == start;
    }
    return 0;
}

static int compose_stretch(struct workshop *work) {
    struct code_points *composed = &work->composed;
    composed->len = 0;
    for (size_t i = 0; i < work->source.len; i++) {
        int error = code_points_reserve(composed, DECOMPOSED_MAX);
        if (error != 0) {
            return error;
        }
        utf8proc_ssize_t len = utf8proc_decompose_char(work->source.data[i], composed->data + composed->len,
                                                       DECOMPOSED_MAX, UTF8PROC_DECOMPOSE, NULL);
        if (len < 0 || len > DECOMPOSED_MAX) {
            return DEPOSITARY_E_UTF8;
        }
        composed->len += (size_t)len;
    }
    int error = order_marks(work);
    if (error != 0) {
        return error;
    }
    utf8proc_ssize_t len = utf8proc_normalize_utf32(composed->data, (utf8proc_ssize_t)composed->len,
                                                    (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (len < 0) {
        return DEPOSITARY_E_UTF8;
    }
    composed->len = (size_t)len;
    return 0;
}

static bool is_same(const struct code_points *a, const struct code_points *b) {
    return a->len == b->len && memcmp(a->data, b->data, a->len * sizeof *a->data) == 0;
}

/* The stretch from *offset to the next boundary into work->source; *offset moves there. */
static int take_stretch(struct workshop *work, struct bytes in, size_t *offset) {
    uint32_t c;
    size_t len;
    work->source.len = 0;
    while ((len = utf8_next(&c, bytes_slice(in, *offset, UTF8_LEN_MAX))) > 0) {
        if (work->source.len > 0 && nfc_boundary(c)) {
            break;
        }
        int error = code_points_reserve(&work->source, 1);
        if (error != 0) {
            return error;
        }
        work->source.data[work->source.len++] = (utf8proc_int32_t)c;
        *offset += len;
    }
    return 0;
}

static int compose_each(struct workshop *work, struct bytes in, nfc_sink *sink, void *context, bool *changed) {
    size_t offset = 0;
    while (offset < in.len) {
        if (in.data[offset] < 0x80 && (offset + 1 == in.len || in.data[offset + 1] < 0x80)) {
            sink(context, in.data[offset], offset); /* most text; nothing that could combine follows */
            offset++;
            continue;
        }
        size_t start = offset;
        int error = take_stretch(work, in, &offset);
        if (error != 0) {
            return error;
        }
        if (offset == start) {
            return DEPOSITARY_E_UTF8;
        }
        bool simple = work->source.len == 1 && work->source.data[0] < SIMPLE_END;
        if (!simple && (error = compose_stretch(work)) != 0) {
            return error;
        }
        if (simple || is_same(&work->source, &work->composed)) {
            for (size_t i = 0, at = start; i < work->source.len; i++) {
                uint32_t c = 0;
                size_t len = utf8_next(&c, bytes_slice(in, at, UTF8_LEN_MAX));
                sink(context, c, at);
                at += len;
            }
            continue;
        }
        *changed = true;
        for (size_t i = 0; i < work->composed.len; i++) {
            sink(context, (uint32_t)work->composed.data[i], start);
        }
    }
    return 0;
}

int nfc_each(struct bytes in, nfc_sink *sink, void *context, bool *changed) {
    struct workshop work = {0};
    bool ignored = false;
    int error = compose_each(&work, in, sink, context, changed ? changed : &ignored);
    free(work.source.data);
    free(work.composed.data);
    free(work.sorted.data);
    return error;
}
