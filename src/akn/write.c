/*
 * The document around the units: FRBR work, expression and manifestation, the edition record as the depositary's own metadata, then preface,
 * preamble, body, conclusions and attachments in the schema's order. A unit that stands elsewhere in the text becomes a container of the
 * body, so that the order of the text is never changed.
 */
#include "akn/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"

#define URI_MAX 512
#define PIECE   (64u * 1024) /* bytes; as many are given to the sink at one time, and what a unit adds to them: */
/* A clause of 1 MiB whose every byte becomes an instruction, and the tags of its provisions. */
#define PIECE_MAX (128u * 1024 * 1024)

/* Where a unit goes. */
enum stage { STAGE_PREFACE, STAGE_PREAMBLE, STAGE_BODY, STAGE_CONCLUSIONS, STAGE_ATTACHMENTS };

struct document {
    struct buffer *out; /* what the sink does not have yet */
    akn_sink *sink;
    void *context;
    const struct akn_edition *edition;
    const char *language; /* three letters, as far as there are */
    char work[URI_MAX];
    size_t body_end; /* units before it and after the front are in the body */
};

static int give(struct document *document) {
    int error = document->out->error;
    if (error == 0) {
        error = document->sink(document->context, buffer_bytes(document->out));
        buffer_clear(document->out);
    }
    return error;
}

/* Between units: the document may be larger than memory. */
static int pass_on(struct document *document) {
    return document->out->len < PIECE ? document->out->error : give(document);
}

/* FRBRlanguage has ISO 639-2 codes; a tag whose language is not in the list stays as it is. */
static const char *three_letters(const char *tag) {
    static const char *const codes[][2] = {
        {"ar", "ara"}, {"az", "aze"}, {"be", "bel"}, {"bg", "bul"}, {"cs", "ces"}, {"da", "dan"}, {"de", "deu"},
        {"el", "ell"}, {"en", "eng"}, {"es", "spa"}, {"et", "est"}, {"fa", "fas"}, {"fi", "fin"}, {"fr", "fra"},
        {"ga", "gle"}, {"he", "heb"}, {"hi", "hin"}, {"hr", "hrv"}, {"hu", "hun"}, {"hy", "hye"}, {"id", "ind"},
        {"it", "ita"}, {"ja", "jpn"}, {"ka", "kat"}, {"kk", "kaz"}, {"ko", "kor"}, {"ky", "kir"}, {"lt", "lit"},
        {"lv", "lav"}, {"mt", "mlt"}, {"nl", "nld"}, {"no", "nor"}, {"pl", "pol"}, {"pt", "por"}, {"ro", "ron"},
        {"ru", "rus"}, {"sk", "slk"}, {"sl", "slv"}, {"sv", "swe"}, {"sw", "swa"}, {"tg", "tgk"}, {"tr", "tur"},
        {"uk", "ukr"}, {"uz", "uzb"}, {"vi", "vie"}, {"zh", "zho"},
    };
    size_t len = strcspn(tag, "-");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (len == 2 && strncmp(tag, codes[i][0], 2) == 0) {
            return codes[i][1];
        }
    }
    return tag;
}

/* ---- metadata */

static void write_core(struct document *document, const char *level, const char *uri, const char *component,
                       const char *date, const char *date_name) {
    buffer_append_format(document->out,
                         "<%s><FRBRthis value=\"%s/!%s\"/><FRBRuri value=\"%s\"/>"
                         "<FRBRdate date=\"%s\" name=\"%s\"/><FRBRauthor href=\"#depositary\"/>",
                         level, uri, component, uri, date, date_name);
}

/* component: main, or the attachment's name. */
static void write_identification(struct document *document, const char *component) {
    const struct akn_edition *edition = document->edition;
    struct buffer *out = document->out;
    char expression[URI_MAX + 64];
    char manifestation[URI_MAX + 80];
    char deposited[11];
    const char *date =
        *edition->date != '\0' ? edition->date : "0001-01-01"; /* the schema wants one: it is not known */
    snprintf(deposited, sizeof deposited, "%.10s", edition->deposited_at);
    snprintf(expression, sizeof expression, "%s/%s@%s", document->work, document->language, deposited);
    snprintf(manifestation, sizeof manifestation, "%s.xml", expression);
    buffer_append_text(out, "<identification source=\"#depositary\">");
    write_core(document, "FRBRWork", document->work, component, date, *edition->date != '\0' ? "signature" : "unknown");
    buffer_append_text(out, "<FRBRcountry value=\"un\"/></FRBRWork>\n");
    write_core(document, "FRBRExpression", expression, component, deposited, "deposit");
    buffer_append_format(out, "<FRBRlanguage language=\"%s\"/></FRBRExpression>\n", document->language);
    write_core(document, "FRBRManifestation", manifestation, component, deposited, "deposit");
    buffer_append_text(out, "<FRBRformat value=\"application/akn+xml\"/></FRBRManifestation></identification>\n");
}

static void write_meta(struct document *document) {
    struct buffer *out = document->out;
    buffer_append_text(out, "<meta>");
    write_identification(document, "main");
    buffer_append_text(out, "<references source=\"#depositary\"><TLCOrganization eId=\"depositary\" "
                            "href=\"/ontology/organization/depositary\" showAs=\"");
    akn_escape(out, bytes_text(document->edition->origin));
    buffer_append_text(out, "\"/></references>\n<proprietary source=\"#depositary\">"
                            "<edition xmlns=\"urn:depositary:v1\" origin=\"");
    akn_escape(out, bytes_text(document->edition->origin));
    buffer_append_text(out, "\">");
    akn_escape(out, document->edition->record);
    buffer_append_text(out, "</edition></proprietary></meta>\n");
}

static void write_annex_meta(struct document *document, const char *component) {
    buffer_append_text(document->out, "<meta>");
    write_identification(document, component);
    buffer_append_text(document->out, "</meta>");
}

/* ---- units */

static enum stage natural_stage(struct bytes eid) {
    if (bytes_equal(eid, BYTES("preface"))) {
        return STAGE_PREFACE;
    }
    if (bytes_equal(eid, BYTES("preamble"))) {
        return STAGE_PREAMBLE;
    }
    if (bytes_equal(eid, BYTES("conclusions"))) {
        return STAGE_CONCLUSIONS;
    }
    return clause_kind_of(eid) == KIND_ANNEX ? STAGE_ATTACHMENTS : STAGE_BODY;
}

/* The element of a unit by its eId's abbreviation; *name for a container that has none of its own. */
static const char *element_of(struct bytes eid, const char **name) {
    static const char *const names[][2] = {
        {"art_", "article"}, {"sec_", "section"}, {"cl_", "clause"}, {"rule_", "rule"}, {"para_", "paragraph"}};
    struct bytes part = eid_last_part(eid);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (bytes_starts_with(part, bytes_text(names[i][0]))) {
            *name = NULL;
            return names[i][1];
        }
    }
    *name = "unit";
    return "hcontainer";
}

static int write_hierarchical(struct document *document, const struct akn_unit *unit) {
    const char *name;
    const char *element = element_of(unit->eid, &name);
    int error = akn_write_unit(document->out, unit, element, name);
    return error != 0 ? error : pass_on(document);
}

/* ---- attachments */

static bool is_of_annex(const struct akn_unit *unit, struct bytes annex) {
    return bytes_equal(eid_first_part(unit->eid), annex);
}

static int write_whole_annex(struct document *document, const struct akn_unit *unit, const char *component) {
    struct buffer body;
    buffer_init(&body, document->out->limit);
    buffer_append_format(document->out, "<attachment eId=\"%s\">", component);
    int error = akn_write_annex(document->out, &body, unit);
    if (error == 0) {
        buffer_append_text(document->out, "<doc name=\"unit\">");
        write_annex_meta(document, component);
        buffer_append_text(document->out, "<mainBody>");
        buffer_append(document->out, buffer_bytes(&body));
        buffer_append_text(document->out, "</mainBody></doc></attachment>\n");
    }
    buffer_free(&body);
    return error;
}

/* The units [first, end) of one annex: its title, then what is numbered in it. */
static int write_annex(struct document *document, size_t first, size_t end, const char *component) {
    const struct akn_unit *units = document->edition->units;
    bool has_title = bytes_equal(eid_last_part(units[first].eid), BYTES("preface"));
    size_t i = first;
    int error = 0;
    buffer_append_format(document->out, "<attachment eId=\"%s\"><doc name=\"annex\">", component);
    write_annex_meta(document, component);
    if (has_title && end - first > 1) {
        error = akn_write_blocks(document->out, &units[i++], "preface");
    }
    buffer_append_text(document->out, "<mainBody>\n");
    for (; i < end && error == 0; i++) {
        error = write_hierarchical(document, &units[i]);
    }
    buffer_append_text(document->out, "</mainBody></doc></attachment>\n");
    return error;
}

static int write_attachments(struct document *document, size_t i) {
    const struct akn_edition *edition = document->edition;
    int error = 0;
    if (i == edition->units_count) {
        return 0;
    }
    buffer_append_text(document->out, "<attachments>\n");
    for (size_t end; i < edition->units_count && error == 0; i = end) {
        char component[LIMIT_EID + 1];
        struct bytes annex = eid_first_part(edition->units[i].eid);
        snprintf(component, sizeof component, "%.*s", (int)annex.len, (const char *)annex.data);
        for (end = i + 1; end < edition->units_count && is_of_annex(&edition->units[end], annex); end++) {
        }
        bool whole = end - i == 1 && bytes_equal(edition->units[i].eid, annex);
        error = whole ? write_whole_annex(document, &edition->units[i], component)
                      : write_annex(document, i, end, component);
        error = error != 0 ? error : pass_on(document);
    }
    buffer_append_text(document->out, "</attachments>\n");
    return error;
}

/* ---- the whole */

/* One past the last unit that belongs into the body: what stands between such units is kept between them. */
static size_t find_body_end(const struct akn_edition *edition) {
    size_t end = edition->units_count;
    while (end > 0 && natural_stage(edition->units[end - 1].eid) == STAGE_ATTACHMENTS) {
        end--;
    }
    if (end > 0 && natural_stage(edition->units[end - 1].eid) == STAGE_CONCLUSIONS) {
        end--;
    }
    return end;
}

static int write_main(struct document *document) {
    const struct akn_edition *edition = document->edition;
    const struct akn_unit *units = edition->units;
    size_t end = find_body_end(edition);
    size_t i = 0;
    int error = 0;
    for (enum stage stage = STAGE_PREFACE; stage <= STAGE_PREAMBLE && error == 0; stage++) {
        if (i + 1 < end && natural_stage(units[i].eid) == stage) { /* the body has one unit at least */
            error = akn_write_blocks(document->out, &units[i++], stage == STAGE_PREFACE ? "preface" : "preamble");
        }
    }
    buffer_append_text(document->out, "<body>\n");
    for (; i < end && error == 0; i++) {
        error = write_hierarchical(document, &units[i]);
    }
    buffer_append_text(document->out, "</body>\n");
    if (error == 0 && i < edition->units_count && natural_stage(units[i].eid) == STAGE_CONCLUSIONS) {
        error = akn_write_blocks(document->out, &units[i++], "conclusions");
    }
    return error != 0 ? error : write_attachments(document, i);
}

static int write_source(const struct document *document) {
    int error = 0;
    for (size_t i = 0; i < document->edition->units_count && error == 0; i++) {
        error = document->sink(document->context, document->edition->units[i].text);
    }
    return error;
}

static int write_document(struct document *document) {
    const struct akn_edition *edition = document->edition;
    struct buffer *out = document->out;
    snprintf(document->work, sizeof document->work, "/akn/un/act/%.4s/%s",
             *edition->date != '\0' ? edition->date : edition->deposited_at, edition->instrument);
    buffer_append_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<akomaNtoso xmlns=\"http://docs.oasis-open.org/legaldocml/ns/akn/3.0\">\n");
    buffer_append_format(out, "<act name=\"%s\" contains=\"singleVersion\">\n", edition->instrument);
    write_meta(document);
    int error = write_main(document);
    buffer_append_text(out, "</act>\n</akomaNtoso>\n");
    return error != 0 ? error : give(document);
}

int akn_write(akn_sink *sink, void *context, const struct akn_edition *edition, struct fault *fault) {
    struct buffer out;
    struct document document = {.out = &out,
                                .sink = sink,
                                .context = context,
                                .edition = edition,
                                .language = three_letters(edition->language)};
    if (edition->units_count == 0) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "the edition has no text");
    }
    buffer_init(&out, PIECE_MAX);
    int error = akn_is(edition->units[0].text) ? write_source(&document) /* it is such a document already */
                                               : write_document(&document);
    buffer_free(&out);
    return error != 0 ? fault_set(fault, error, "the document cannot be written: %s", depositary_error_text(error)) : 0;
}
