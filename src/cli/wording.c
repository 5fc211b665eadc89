/*
 * The difference in words: the shortest edit script (Myers 1986) over words, marks and white space. Where the texts have little in
 * common, one change from the first difference to the last says as much.
 */
#include "cli/wording.h"

#include "base/encode.h"
#include "cli/cli.h"
#include "text/character.h"

#include <stdlib.h>
#include <string.h>

#define EDITS_MAX  512u /* words that may differ before it is told as one change; memory grows with its square */
#define AROUND     8u   /* words shown around a change */
#define SHOWN_MAX  600u /* bytes of a side that are shown */
#define NOWHERE    (INT64_MIN / 2) /* past the end of a text */
#define SAME_WORDS 2u              /* fewer equal words between two changes make them one */

/* A text as tokens: token i is bytes [ends[i - 1], ends[i]). */
struct tokens {
    struct bytes text;
    size_t *ends;
    size_t count;
};

/* A change: tokens [old_from, old_to) became [new_from, new_to). */
struct edit {
    size_t old_from, old_to, new_from, new_to;
};

struct edits {
    struct edit *items; /* of EDITS_MAX + 1 */
    size_t count;
};

static size_t token_len(struct bytes in) {
    uint32_t c;
    size_t len = utf8_next(&c, in);
    bool word = is_word(c) && !is_unspaced(c);
    bool white = is_white_space(c);
    for (size_t step; word || white; len += step) {
        step = utf8_next(&c, bytes_slice(in, len, UTF8_LEN_MAX));
        if (step == 0 || (word ? !is_word(c) || is_unspaced(c) : !is_white_space(c))) {
            break;
        }
    }
    return len;
}

static bool tokens_init(struct tokens *out, struct bytes text) {
    *out = (struct tokens){.text = text, .ends = malloc((text.len + 1) * sizeof *out->ends)};
    for (size_t at = 0; out->ends && at < text.len;) {
        at += token_len(bytes_slice(text, at, text.len - at));
        out->ends[out->count++] = at;
    }
    return out->ends != NULL;
}

static size_t token_start(const struct tokens *tokens, size_t i) {
    return i == 0 ? 0 : tokens->ends[i - 1];
}

static struct bytes token_bytes(const struct tokens *tokens, size_t i) {
    return bytes_slice(tokens->text, token_start(tokens, i), tokens->ends[i] - token_start(tokens, i));
}

static bool is_same(const struct tokens *a, size_t i, const struct tokens *b, size_t j) {
    return bytes_equal(token_bytes(a, i), token_bytes(b, j));
}

/* ---- the edit script */

/* Adds a step that goes backwards through the texts: one token taken out (is_old) or put in. */
static void add_step(struct edits *edits, size_t x, size_t y, bool is_old) {
    struct edit *last = edits->count > 0 ? &edits->items[edits->count - 1] : NULL;
    struct edit step = {x, x + is_old, y, y + !is_old};
    if (last && last->old_from == step.old_to && last->new_from == step.new_to) {
        last->old_from = step.old_from;
        last->new_from = step.new_from;
    } else {
        edits->items[edits->count++] = step;
    }
}

/* Whether the furthest point of d edits on diagonal k was reached by putting a token in, from the points of d - 1 edits. */
static bool is_down(const int64_t *before, int64_t k, int64_t d) {
    return k == -d || (k != d && before[k - 1] < before[k + 1]);
}

/* Back from the ends through the furthest points that were kept for each number of edits. */
static void trace_back(struct edits *edits, const int64_t *trace, size_t d, int64_t x, int64_t y) {
    for (; d > 0; d--) {
        const int64_t *v = trace + (d - 1) * (2 * EDITS_MAX + 3) + EDITS_MAX + 1;
        int64_t k = x - y;
        bool down = is_down(v, k, (int64_t)d);
        int64_t before_k = down ? k + 1 : k - 1;
        x = v[before_k];
        y = x - before_k;
        add_step(edits, (size_t)x, (size_t)y, !down);
    }
}

/* The edits between a[from..a_end) and b[from..b_end), last first; false where there are too many, or no memory. */
static bool find_edits(struct edits *edits, const struct tokens *a, const struct tokens *b, size_t a_end, size_t b_end,
                       size_t from) {
    int64_t row = 2 * EDITS_MAX + 3;
    int64_t *trace = calloc((size_t)row * (EDITS_MAX + 1), sizeof *trace);
    bool is_found = false;
    if (!trace) {
        return false;
    }
    for (int64_t d = 0; d <= (int64_t)EDITS_MAX && !is_found; d++) {
        int64_t *v = trace + d * row + EDITS_MAX + 1;
        const int64_t *w = v - row; /* of d - 1 */
        for (int64_t k = -d; k <= d; k += 2) {
            int64_t x = d == 0 ? (int64_t)from : is_down(w, k, d) ? w[k + 1] : w[k - 1] + 1;
            int64_t y = x - k;
            if (x < 0 || x > (int64_t)a_end || y > (int64_t)b_end) {
                v[k] = NOWHERE;
                continue;
            }
            while (x < (int64_t)a_end && y < (int64_t)b_end && is_same(a, (size_t)x, b, (size_t)y)) {
                x++;
                y++;
            }
            v[k] = x;
            if (x == (int64_t)a_end && y == (int64_t)b_end) {
                trace_back(edits, trace, (size_t)d, x, y);
                is_found = true;
                break;
            }
        }
    }
    free(trace);
    return is_found;
}

static void reverse(struct edits *edits) {
    for (size_t i = 0; i < edits->count / 2; i++) {
        struct edit kept = edits->items[i];
        edits->items[i] = edits->items[edits->count - 1 - i];
        edits->items[edits->count - 1 - i] = kept;
    }
}

/* Changes with hardly a word between them are one. */
static void join(struct edits *edits) {
    size_t kept = 0;
    for (size_t i = 1; i < edits->count; i++) {
        if (edits->items[i].old_from - edits->items[kept].old_to <= SAME_WORDS) {
            edits->items[kept].old_to = edits->items[i].old_to;
            edits->items[kept].new_to = edits->items[i].new_to;
        } else {
            edits->items[++kept] = edits->items[i];
        }
    }
    edits->count = edits->count > 0 ? kept + 1 : 0;
}

static void compare(struct edits *edits, const struct tokens *a, const struct tokens *b) {
    size_t from = 0;
    size_t a_end = a->count;
    size_t b_end = b->count;
    while (from < a_end && from < b_end && is_same(a, from, b, from)) {
        from++;
    }
    while (a_end > from && b_end > from && is_same(a, a_end - 1, b, b_end - 1)) {
        a_end--;
        b_end--;
    }
    if (a_end == from && b_end == from) {
        return;
    }
    if (find_edits(edits, a, b, a_end, b_end, from)) {
        reverse(edits);
        join(edits);
    } else {
        edits->items[0] = (struct edit){from, a_end, from, b_end};
        edits->count = 1;
    }
}

/* ---- telling it */

/* Tokens [from, to) with some words around them. */
static json_t *side(const struct tokens *tokens, size_t from, size_t to) {
    size_t first = from > AROUND ? from - AROUND : 0;
    size_t end = tokens->count - to > AROUND ? to + AROUND : tokens->count;
    size_t start = token_start(tokens, first);
    struct bytes text = bytes_slice(tokens->text, start, token_start(tokens, end) - start);
    bool is_cut = text.len > SHOWN_MAX;
    if (is_cut) {
        text.len = SHOWN_MAX;
        while (text.len > 0 && !utf8_is_boundary(tokens->text, start + text.len)) {
            text.len--;
        }
    }
    return json_sprintf("%s%.*s%s", first > 0 ? "…" : "", (int)text.len, (const char *)text.data,
                        is_cut || end < tokens->count ? "…" : "");
}

json_t *wording_changes(struct bytes old, struct bytes new) {
    struct tokens a;
    struct tokens b = {0};
    struct edits edits = {.items = calloc(EDITS_MAX + 2, sizeof *edits.items)};
    json_t *out = NULL;
    if (tokens_init(&a, old) && tokens_init(&b, new) && edits.items) {
        compare(&edits, &a, &b);
        out = json_array();
        for (size_t i = 0; i < edits.count; i++) {
            const struct edit *edit = &edits.items[i];
            json_array_append_new(out, json_pack("{s:I, s:o, s:o}", "from", (json_int_t)token_start(&a, edit->old_from),
                                                 "old", side(&a, edit->old_from, edit->old_to), "new",
                                                 side(&b, edit->new_from, edit->new_to)));
        }
    }
    free(edits.items);
    free(a.ends);
    free(b.ends);
    return out;
}

/* A side on one line: its line breaks as spaces. */
static void print_side(const char *mark, const json_t *text) {
    const char *at = json_string_value(text);
    fputs(mark, stdout);
    while (at && *at != '\0') {
        size_t len = strcspn(at, "\r\n");
        cli_text(at, len);
        at += len;
        size_t breaks = strspn(at, "\r\n");
        at += breaks;
        if (breaks > 0 && *at != '\0') {
            putchar(' ');
        }
    }
    putchar('\n');
}

void wording_print(const json_t *changes) {
    size_t i;
    json_t *change;
    json_array_foreach((json_t *)(uintptr_t)changes, i, change) {
        print_side("  - ", json_object_get(change, "old"));
        print_side("  + ", json_object_get(change, "new"));
    }
}
