/* Proven records as the public API's structs, stored in an arena. PROTOCOL.md section 3 says what their fields are. */
#include "client/view.h"

#include "base/time.h"
#include "proof/record.h"
#include "text/structure.h"

#include <stdio.h>
#include <string.h>

int view_failure(depositary_failure *out, int error, const struct fault *fault) {
    if (!out)
        return error;
    memset(out, 0, sizeof(*out));
    out->error = error;
    if (error)
        snprintf(out->text, sizeof(out->text), "%s",
                 fault->error == error ? fault_text(fault) : depositary_error_text(error));
    return error;
}

/* Copies in an arena; the first that has no room sets failed, so that a filler looks once. */
struct copier {
    struct arena *arena;
    bool failed;
};

static const char *copy_text(struct copier *copier, struct bytes in) {
    const char *text = arena_text(copier->arena, in.data, in.len);

    copier->failed = copier->failed || !text;
    return text;
}

static const char *copy_hash(struct copier *copier, const struct hash *hash) {
    struct buffer base64;

    buffer_init(&base64, 64);
    buffer_append_base64(&base64, hash_bytes(hash));
    copier->failed = copier->failed || base64.error;
    const char *text = copy_text(copier, buffer_bytes(&base64));
    buffer_free(&base64);
    return text;
}

static const char *copy_time(struct copier *copier, int64_t time_s) {
    char time[TIME_TEXT_LEN + 1] = "";

    (void)time_print(time, time_s); /* a parsed record's time can be printed */
    return copy_text(copier, bytes_text(time));
}

static const char **copy_parties(struct copier *copier, const struct edition_record *record) {
    struct bytes parties = record->parties, party;
    const char **out = arena_alloc(copier->arena, record->parties_count * sizeof(*out));
    size_t count = 0;

    if (!out) {
        copier->failed = true;
        return NULL;
    }
    while (count < record->parties_count && edition_record_party(&party, &parties))
        out[count++] = copy_text(copier, party);
    return out;
}

int view_edition(depositary_edition *out, struct arena *arena, const struct edition_record *edition,
                 struct bytes record, uint64_t index) {
    struct copier copier = {.arena = arena};
    depositary_edition view = {
        .instrument = copy_text(&copier, edition->instrument),
        .language = copy_text(&copier, edition->language),
        .edition = edition->edition,
        .act = edition_act_text(edition->act),
        .title = copy_text(&copier, edition->title),
        .date = copy_text(&copier, edition->date),
        .place = copy_text(&copier, edition->place),
        .parties = copy_parties(&copier, edition),
        .parties_count = edition->parties_count,
        .authenticity = authenticity_text(edition->authenticity),
        .translation_of = edition->has_translation_of ? copy_hash(&copier, &edition->translation_of) : "",
        .source_length = edition->source_length,
        .clauses = edition->clauses,
        .deposited_at = copy_time(&copier, edition->deposited_at),
        .remark = copy_text(&copier, edition->remark),
        .index = index,
        .record = copy_text(&copier, record),
        .record_len = record.len,
        .latest_edition = 0,
        .is_latest = -1,
    };
    memcpy(view.source_sha256, edition->source_sha256, sizeof(view.source_sha256));
    memcpy(view.clauses_root, edition->clauses_root.bytes, sizeof(view.clauses_root));
    if (copier.failed)
        return DEPOSITARY_E_MEMORY;
    *out = view;
    return 0;
}

static depositary_span view_span(struct span span) {
    return (depositary_span){.offset = span.offset, .length = span.length};
}

int view_clause(depositary_clause *out, struct arena *arena, const struct clause_record *clause, struct bytes record,
                uint64_t place, const depositary_edition *edition) {
    struct copier copier = {.arena = arena};
    const char *copy = copy_text(&copier, record);
    const char *eid = copy_text(&copier, clause->eid);

    if (copier.failed)
        return DEPOSITARY_E_MEMORY;
    *out = (depositary_clause){
        .edition = edition,
        .eid = eid,
        .place = place,
        .text = copy + (record.len - clause->text.len), /* the text is the record's end, and so is its NUL */
        .text_len = clause->text.len,
        .record = copy,
        .record_len = record.len,
        .kind = (int)clause_kind_of(clause->eid),
    };
    return 0;
}

int view_structure(depositary_clause *out, struct arena *arena) {
    struct copier copier = {.arena = arena};
    struct structure structure;
    int error = structure_of(&structure, bytes_text(out->eid), bytes_of(out->text, out->text_len));

    if (error)
        return error;
    const size_t count = structure.provisions_count;
    depositary_provision *provisions = arena_alloc(arena, count * sizeof(*provisions));
    copier.failed = !provisions;
    for (size_t i = 0; i < count && !copier.failed; i++) {
        const struct provision *provision = &structure.provisions[i];
        provisions[i].eid = copy_text(&copier, bytes_text(provision->eid));
        provisions[i].number = view_span(provision->number);
        provisions[i].span = view_span(provision->span);
    }
    if (!copier.failed) {
        out->number = view_span(structure.number);
        out->heading = view_span(structure.heading);
        out->provisions = provisions;
        out->provisions_count = count;
    }
    structure_free(&structure);
    return copier.failed ? DEPOSITARY_E_MEMORY : 0;
}
