/* Where a quote leaves text out. */
#include "text/pieces.h"

#include <stdlib.h>

#include "text/character.h"

#define SHORTEST_MARK 3 /* bytes: "..." and "…" alike */

/* Length of a mark without brackets that begins here, 0 for none. Of a longer row of dots only the last three are one. */
static size_t bare_mark_len(struct bytes in) {
    if (bytes_starts_with(in, BYTES("…"))) {
        return BYTES("…").len;
    }
    if (bytes_starts_with(in, BYTES("...")) && (in.len == 3 || in.data[3] != '.')) {
        return 3;
    }
    return 0;
}

static size_t mark_len(struct bytes in) {
    if (in.len > 0 && in.data[0] == '[') {
        size_t len = bare_mark_len(bytes_slice(in, 1, in.len - 1));
        return len > 0 && 1 + len < in.len && in.data[1 + len] == ']' ? len + 2 : 0;
    }
    return bare_mark_len(in);
}

static void add_piece(struct pieces *pieces, struct bytes piece) {
    piece = trim(piece);
    if (piece.len > 0) {
        pieces->items[pieces->count++] = piece;
    }
}

int pieces_cut(struct pieces *out, struct bytes quote) {
    struct pieces pieces = {.items = malloc((quote.len / SHORTEST_MARK + 2) * sizeof *pieces.items)};
    if (!pieces.items) {
        return DEPOSITARY_E_MEMORY;
    }
    size_t start = 0;
    for (size_t at = 0; at < quote.len;) {
        size_t len = mark_len(bytes_slice(quote, at, quote.len - at));
        if (len == 0) {
            at++;
            continue;
        }
        add_piece(&pieces, bytes_slice(quote, start, at - start));
        pieces.marked = true;
        at += len;
        start = at;
    }
    add_piece(&pieces, bytes_slice(quote, start, quote.len - start));
    *out = pieces;
    return 0;
}

void pieces_free(struct pieces *pieces) {
    if (pieces) {
        free(pieces->items);
        *pieces = (struct pieces){0};
    }
}
