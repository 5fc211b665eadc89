/*
 * Citations: what is read lies inside the text, and every name that it is resolved to is one that is there, each once. The input is a citation; after a NUL the
 * eIds that are there, a line for each (without them, some of every form), then after another an instrument's title.
 */
#include "base/encode.h"
#include "proof/record.h"
#include "text/citation.h"
#include "text/title.h"

#include "fuzz.h"

#include <string.h>

static const char some_eids[] =
    "preface\npreamble\ncl_1\ncl_2\ncl_4\ncl_4__p_2\ncl_4__para_2\ncl_4__point_a\ncl_7\ncl_11\nart_1\nart_2\nart_5\n"
    "art_5__para_1\nart_5__para_1__point_a\nart_5__para_2\nart_5__point_a\nart_31a\nart_120-1\nart_120bis\n"
    "sec_1\nsec_31a__subsec_2\nchp_I__art_9\npart_II__chp_1__art_12\nrule_3\nitem_4\nconclusions\natt_1\n"
    "att_1__art_2\natt_1__para_3\natt_A__cl_1\natt_2__sec_1\n";

struct known {
    struct bytes lines;
    unsigned asked;
};

static bool has(void *context, const char *eid) {
    struct known *known = context;
    struct bytes lines = known->lines, line;
    known->asked++;
    HOLDS(strlen(eid) <= LIMIT_EID);
    while (bytes_take_line(&lines, &line))
        if (bytes_equal(line, bytes_text(eid)))
            return true;
    return false;
}

static void try_names(const struct citation *citation, struct known *known) {
    static struct citation_names names;
    char nearest[LIMIT_EID + 1];
    memset(&names, 0xA5, sizeof names);
    citation_resolve(&names, citation, has, known);
    HOLDS(names.count <= CITATION_NAMES_MAX);
    for (size_t i = 0; i < names.count; i++) {
        HOLDS(has(known, names.eids[i]));
        for (size_t j = 0; j < i; j++)
            HOLDS(strcmp(names.eids[i], names.eids[j]) != 0);
    }
    HOLDS(memchr(names.missing, 0, sizeof names.missing) != NULL);
    HOLDS(names.missing[0] == '\0' || !has(known, names.missing));
    if (citation_nearest(nearest, citation, has, known))
        HOLDS(has(known, nearest));
    HOLDS(known->asked <= 2 * (CITATION_STEPS_MAX + 2 * CITATION_NAMES_MAX * 2));
}

static struct bytes take_part(struct bytes *in) {
    const uint8_t *end = in->len > 0 ? memchr(in->data, 0, in->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - in->data) : in->len;
    struct bytes part = bytes_slice(*in, 0, len);
    *in = end != NULL ? bytes_slice(*in, len + 1, in->len) : bytes_of(NULL, 0);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct citation citation;
    struct bytes rest = bytes_of(data, size);
    struct bytes text = take_part(&rest);
    struct known known = {.lines = take_part(&rest)};
    const struct title_names title = {
        .title = rest.len > 0 ? rest : BYTES("Joint Statement on a Partnership"),
        .instrument = BYTES("joint-statement-2025"),
        .date = BYTES("2025-04-23"),
    };
    bool matches;
    if (size > 8192)
        return 0;
    if (known.lines.len == 0)
        known.lines = bytes_text(some_eids);
    int error = citation_read(&citation, text);
    HOLDS(error == 0 || error == DEPOSITARY_E_FORMAT || error == DEPOSITARY_E_LIMIT || error == DEPOSITARY_E_UTF8);
    if (error != 0)
        return 0;
    HOLDS(text.len <= LIMIT_CITATION && utf8_valid(text));
    HOLDS(citation.count <= CITATION_ITEMS_MAX && citation.eid.len <= LIMIT_EID);
    HOLDS(citation.reference.offset <= text.len && citation.reference.length <= text.len - citation.reference.offset);
    for (size_t i = 0; i < citation.count; i++)
        HOLDS(citation.items[i].count > 0 && citation.items[i].count <= CITATION_PARTS_MAX);
    try_names(&citation, &known);
    if (utf8_valid(title.title))
        HOLDS(title_matches(&matches, citation.title, &title) == 0);
    return 0;
}
