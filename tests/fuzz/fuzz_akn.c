/*
 * Akoma Ntoso: what is imported is cut into units that are the file; any text that is written is a document that is imported again, with its
 * units and their provisions.
 */
#include "akn/akn.h"
#include "base/encode.h"
#include "units.h"

#include <libxml/parser.h>
#include <string.h>

static void try_import(struct bytes in) {
    struct outline outline = {0};
    struct fault fault = {0};
    if (akn_import(&outline, in, &fault) != 0) {
        HOLDS(fault.text[0] != '\0');
        return;
    }
    judge_units(&outline, in);
    outline_free(&outline);
}

static int take_piece(void *context, struct bytes piece) {
    struct buffer *document = context;
    buffer_append(document, piece);
    return document->error;
}

static void try_write(struct bytes in) {
    struct outline outline = {0}, again = {0};
    struct buffer document;
    struct akn_unit units[64];
    if (akn_is(in) || import_plain(&outline, in, NULL, NULL) != 0)
        return;
    size_t count = outline.units_count;
    if (count <= sizeof units / sizeof units[0]) {
        for (size_t i = 0; i < count; i++)
            units[i] = (struct akn_unit){bytes_text(outline.units[i].eid),
                                         bytes_slice(in, outline.units[i].offset, outline.units[i].length)};
        const struct akn_edition edition = {.instrument = "a",
                                            .language = "en",
                                            .title = "A",
                                            .date = "",
                                            .deposited_at = "2032-01-01T00:00:00Z",
                                            .origin = "a",
                                            .record = BYTES("a"),
                                            .units = units,
                                            .units_count = count};
        buffer_init(&document, 1 << 26);
        HOLDS(akn_write(take_piece, &document, &edition, NULL) == 0);
        HOLDS(akn_import(&again, buffer_bytes(&document), NULL) == 0);
        judge_units(&again, buffer_bytes(&document));
        HOLDS(again.units_count == count || again.units_count == count + 1);
        for (size_t i = 0; i < count; i++)
            HOLDS(strcmp(again.units[again.units_count - count + i].eid, outline.units[i].eid) == 0);
        buffer_free(&document);
        outline_free(&again);
    }
    outline_free(&outline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes in = bytes_of(data, size);
    if (size > 65536)
        return 0;
    try_import(in);
    if (utf8_valid(in))
        try_write(in);
    return 0;
}
