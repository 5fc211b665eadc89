/* Showing a deposit before it is signed (preview.h). Texts are untrusted, and go through cli_text. */
#include "cli/preview.h"

#include "base/encode.h"

#include <string.h>

#define GLIMPSE_MAX 56u /* bytes of a text that a line has room for */

static const char *finding_name(enum finding_kind kind) {
    static const char *const names[] = {"gap", "repeat", "over the limit", "doubt"};
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "finding";
}

/* The start of a text, cut between code points. */
static struct bytes glimpse(struct bytes text) {
    struct bytes out = bytes_slice(text, 0, GLIMPSE_MAX);
    while (out.len > 0 && out.len < text.len && (text.data[out.len] & 0xC0) == 0x80) {
        out.len--;
    }
    return out;
}

/* Prints a glimpse on the line: its line breaks as spaces. */
static void print_glimpse(struct bytes text) {
    struct bytes shown = glimpse(text);
    for (size_t start = 0; start < shown.len;) {
        size_t end = start;
        while (end < shown.len && shown.data[end] != '\n' && shown.data[end] != '\r' && shown.data[end] != '\t') {
            end++;
        }
        cli_text((const char *)shown.data + start, end - start);
        if (end < shown.len) {
            putchar(' ');
        }
        start = end + 1;
    }
    if (shown.len < text.len) {
        fputs("…", stdout);
    }
}

static void print_field(const char *name, struct bytes value) {
    printf("  %-14s ", name);
    cli_text(value.len > 0 ? (const char *)value.data : "none", value.len > 0 ? value.len : 4);
    putchar('\n');
}

static void print_record(const struct edition_record *edition) {
    struct bytes parties = edition->parties;
    struct bytes party;
    printf("%.*s  %.*s  edition %u  %s\n", (int)edition->instrument.len, (const char *)edition->instrument.data,
           (int)edition->language.len, (const char *)edition->language.data, (unsigned)edition->edition,
           edition_act_text(edition->act));
    print_field("title", edition->title);
    print_field("date", edition->date);
    print_field("place", edition->place);
    while (edition_record_party(&party, &parties)) {
        print_field("party", party);
    }
    print_field("authenticity", bytes_text(authenticity_text(edition->authenticity)));
    print_field("remark", edition->remark);
}

static struct bytes unit_text(const struct preview *preview, const struct unit *unit) {
    return bytes_slice(preview->source, unit->offset, unit->length);
}

static struct bytes span_text(struct bytes text, struct span span) {
    return bytes_slice(text, span.offset, span.length);
}

static size_t covered(const struct preview *preview) {
    size_t bytes = 0;
    for (size_t i = 0; i < preview->outline->units_count; i++) {
        bytes += preview->outline->units[i].length;
    }
    return bytes;
}

void preview_print(const struct preview *preview) {
    const struct outline *outline = preview->outline;
    print_record(&preview->edition);
    printf("%zu units, %zu of %zu bytes; numbering: %s\n", outline->units_count, covered(preview), preview->source.len,
           outline->numbering);
    for (size_t i = 0; i < outline->units_count; i++) {
        const struct unit *unit = &outline->units[i];
        struct bytes text = unit_text(preview, unit);
        printf("  %-24s %9zu bytes  ", unit->eid, unit->length);
        print_glimpse(unit->heading.length > 0 ? span_text(text, unit->heading) : text);
        putchar('\n');
    }
    for (size_t i = 0; i < outline->findings_count; i++) {
        const struct finding *finding = &outline->findings[i];
        printf("line %zu, column %zu: %s: ", finding->line, finding->column, finding_name(finding->kind));
        cli_text(finding->text, strnlen(finding->text, sizeof(finding->text)));
        putchar('\n');
    }
}

static json_t *json_bytes(struct bytes text) {
    return json_stringn(text.len > 0 ? (const char *)text.data : "", text.len);
}

static json_t *json_units(const struct preview *preview) {
    json_t *out = json_array();
    for (size_t i = 0; i < preview->outline->units_count; i++) {
        const struct unit *unit = &preview->outline->units[i];
        struct bytes text = unit_text(preview, unit);
        json_array_append_new(out, json_pack("{s:s, s:o, s:o, s:I, s:I}", "eid", unit->eid, "number",
                                             json_bytes(span_text(text, unit->number)), "heading",
                                             json_bytes(span_text(text, unit->heading)), "offset",
                                             (json_int_t)unit->offset, "length", (json_int_t)unit->length));
    }
    return out;
}

static json_t *json_findings(const struct outline *outline) {
    json_t *out = json_array();
    for (size_t i = 0; i < outline->findings_count; i++) {
        const struct finding *finding = &outline->findings[i];
        json_array_append_new(out, json_pack("{s:s, s:I, s:I, s:s}", "kind", finding_name(finding->kind), "line",
                                             (json_int_t)finding->line, "column", (json_int_t)finding->column, "text",
                                             finding->text));
    }
    return out;
}

json_t *preview_json(const struct preview *preview) {
    const struct edition_record *edition = &preview->edition;
    struct bytes parties = edition->parties;
    struct bytes party;
    json_t *names = json_array();
    while (edition_record_party(&party, &parties)) {
        json_array_append_new(names, json_bytes(party));
    }
    json_t *out = json_object();
    json_object_set_new(out, "instrument", json_bytes(edition->instrument));
    json_object_set_new(out, "language", json_bytes(edition->language));
    json_object_set_new(out, "edition", json_integer(edition->edition));
    json_object_set_new(out, "act", json_string(edition_act_text(edition->act)));
    json_object_set_new(out, "title", json_bytes(edition->title));
    json_object_set_new(out, "date", json_bytes(edition->date));
    json_object_set_new(out, "place", json_bytes(edition->place));
    json_object_set_new(out, "parties", names);
    json_object_set_new(out, "authenticity", json_string(authenticity_text(edition->authenticity)));
    json_object_set_new(out, "remark", json_bytes(edition->remark));
    json_object_set_new(out, "source_length", json_integer((json_int_t)preview->source.len));
    json_object_set_new(out, "covered", json_integer((json_int_t)covered(preview)));
    json_object_set_new(out, "numbering", json_string(preview->outline->numbering));
    json_object_set_new(out, "units", json_units(preview));
    json_object_set_new(out, "findings", json_findings(preview->outline));
    return out;
}
