/*
 * Drafts: records of one append, made and judged before anything is signed. PROTOCOL.md section 3 for the records, section 2 for the rules;
 * the office's own ledger checks all of them again. Memory is proportional to the files that are deposited.
 */
#include "base/encode.h"
#include "base/sha256.h"
#include "office/room.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* "edition <instrument> <language> " or "key <base64> ", with room. */
#define WORDS_MAX 256u

static int no_memory(struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for a draft");
}

/* ---- the draft */

int office_draft_new(struct office_draft **out, struct office *office) {
    struct office_draft *draft = calloc(1, sizeof(*draft));
    if (!draft) {
        return DEPOSITARY_E_MEMORY;
    }
    draft->office = office;
    draft->state = ledger_state_take(office->ledger);
    draft->last_time = draft->state->size > 0 ? draft->state->register_fields.time : 0;
    int error = draft->state->size > 0 ? register_lines_copy(&draft->lines, draft->state->lines)
                                       : register_lines_new(&draft->lines);
    if (error) {
        office_draft_free(draft);
        return error;
    }
    *out = draft;
    return 0;
}

static void draft_edition_free(struct draft_edition *edition) {
    free(edition->source);
    free(edition->units);
    merkle_tree_free(&edition->tree);
}

void office_draft_free(struct office_draft *draft) {
    if (!draft) {
        return;
    }
    for (size_t i = 0; i < draft->count; i++) {
        buffer_free(&draft->records[i]);
    }
    for (size_t i = 0; i < draft->editions_count; i++) {
        draft_edition_free(&draft->editions[i]);
    }
    free(draft->records);
    free(draft->editions);
    register_lines_free(draft->lines);
    ledger_state_release(draft->state);
    free(draft);
}

size_t office_draft_count(const struct office_draft *draft) {
    return draft->count;
}

struct bytes office_draft_record(const struct office_draft *draft, size_t index) {
    return index < draft->count ? buffer_bytes(&draft->records[index]) : bytes_of(NULL, 0);
}

/* Takes the record over on success, and notes the time that it carries. */
static int draft_add(struct office_draft *draft, struct buffer *record, int64_t time, struct fault *fault) {
    struct hash leaf;
    if (draft->count >= SIZE_MAX / sizeof(*draft->records) - 1) {
        return no_memory(fault);
    }
    struct buffer *records = realloc(draft->records, (draft->count + 1) * sizeof(*records));
    if (!records) {
        return no_memory(fault);
    }
    draft->records = records;
    merkle_leaf_hash(&leaf, buffer_bytes(record));
    int error = register_lines_apply(draft->lines, buffer_bytes(record), &leaf, fault);
    if (error) {
        return error;
    }
    draft->records[draft->count++] = *record;
    buffer_init(record, record->limit);
    if (time > draft->last_time) {
        draft->last_time = time;
    }
    return 0;
}

/* ---- what the register says, with the draft's own records */

static int find_line(const struct office_draft *draft, struct bytes words, bool *found, struct register_line *line,
                     struct fault *fault) {
    size_t index = 0;
    int error = register_lines_finish(draft->lines);
    if (error) {
        return fault_set(fault, error, "cannot sort the register");
    }
    bool is_there = register_lines_find(draft->lines, words, &index);
    if (is_there) {
        error = register_line_parse(line, register_lines_line(draft->lines, index));
    }
    if (error) {
        return fault_set(fault, error, "cannot read the register");
    }
    *found = is_there;
    return 0;
}

static int find_edition_line(const struct office_draft *draft, struct bytes instrument, struct bytes language,
                             bool *found, struct register_line *line, struct fault *fault) {
    struct buffer words;
    buffer_init(&words, WORDS_MAX);
    buffer_append_text(&words, "edition ");
    buffer_append(&words, instrument);
    buffer_append_byte(&words, ' ');
    buffer_append(&words, language);
    buffer_append_byte(&words, ' ');
    int error = words.error;
    if (error == DEPOSITARY_E_LIMIT) {
        error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "the name of an instrument is too long");
    } else if (error) {
        error = no_memory(fault);
    } else {
        error = find_line(draft, buffer_bytes(&words), found, line, fault);
    }
    buffer_free(&words);
    return error;
}

static int find_key_line(const struct office_draft *draft, const uint8_t public_key[PUBLIC_KEY_LEN], bool *found,
                         struct register_line *line, struct fault *fault) {
    struct buffer words;
    buffer_init(&words, WORDS_MAX);
    buffer_append_text(&words, "key ");
    buffer_append_base64(&words, bytes_of(public_key, PUBLIC_KEY_LEN));
    buffer_append_byte(&words, ' ');
    int error = words.error ? no_memory(fault) : find_line(draft, buffer_bytes(&words), found, line, fault);
    buffer_free(&words);
    return error;
}

/* Appends the record with this leaf hash, of the draft or of the ledger. */
static int read_record(const struct office_draft *draft, const struct hash *leaf, struct buffer *out,
                       struct fault *fault) {
    struct hash own;
    for (size_t i = draft->count; i-- > 0;) {
        merkle_leaf_hash(&own, buffer_bytes(&draft->records[i]));
        if (hash_equal(&own, leaf)) {
            buffer_append(out, buffer_bytes(&draft->records[i]));
            return out->error ? no_memory(fault) : 0;
        }
    }
    uint64_t index = 0;
    int error = ledger_find(draft->office->ledger, draft->state, leaf, &index);
    if (error) {
        return fault_set(fault, error, "no record with this leaf hash in the office's ledger");
    }
    return ledger_entry(draft->office->ledger, draft->state, index, out, NULL, fault);
}

int office_latest(struct office *office, struct bytes instrument, struct bytes language, struct buffer *record,
                  struct fault *fault) {
    struct office_draft *draft = NULL;
    struct register_line line;
    bool found = false;
    int error = office_draft_new(&draft, office);
    if (error) {
        return no_memory(fault);
    }
    error = find_edition_line(draft, instrument, language, &found, &line, fault);
    if (!error && !found) {
        error = fault_set(fault, DEPOSITARY_E_MISSING, "no edition of \"%.*s\" in \"%.*s\"", (int)instrument.len,
                          (const char *)instrument.data, (int)language.len, (const char *)language.data);
    }
    if (!error) {
        error = read_record(draft, &line.record, record, fault);
    }
    office_draft_free(draft);
    return error;
}

/* ---- units: the source, whole, under eIds that do not clash */

static int judge_slices(const struct outline *outline, struct bytes source, struct fault *fault) {
    size_t next = 0;
    for (size_t i = 0; i < outline->units_count; i++) {
        const struct unit *unit = &outline->units[i];
        if (unit->offset != next || unit->length > source.len - next) {
            return fault_set(fault, DEPOSITARY_E_SOURCE, "unit %s does not begin where the one before it ends",
                             unit->eid);
        }
        next += unit->length;
    }
    if (next != source.len) {
        return fault_set(fault, DEPOSITARY_E_SOURCE, "the units end at byte %zu of %zu", next, source.len);
    }
    return 0;
}

static int compare_eids(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether the first len bytes of eid are an eId of the sorted ones. */
static bool is_eid(const char *const *eids, size_t count, const char *eid, size_t len) {
    char start[LIMIT_EID + 1];
    memcpy(start, eid, len);
    start[len] = '\0';
    const char *key = start;
    return bsearch(&key, eids, count, sizeof(*eids), compare_eids) != NULL;
}

/* No eId twice, and none another's followed by "__": then a provision's eId would name two things. */
static int judge_sorted_eids(const char *const *eids, size_t count, struct fault *fault) {
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(eids[i - 1], eids[i]) == 0) {
            return fault_set(fault, DEPOSITARY_E_RULE, "two units have the eId %s", eids[i]);
        }
        for (const char *cut = strstr(eids[i], "__"); cut; cut = strstr(cut + 1, "__")) {
            size_t len = (size_t)(cut - eids[i]);
            if (len > 0 && is_eid(eids, count, eids[i], len)) {
                return fault_set(fault, DEPOSITARY_E_RULE, "unit %s lies by its eId in unit %.*s", eids[i], (int)len,
                                 eids[i]);
            }
        }
    }
    return 0;
}

static int judge_eids(const struct outline *outline, struct fault *fault) {
    const char **eids = calloc(outline->units_count, sizeof(*eids));
    if (!eids) {
        return no_memory(fault);
    }
    int error = 0;
    for (size_t i = 0; i < outline->units_count && !error; i++) {
        eids[i] = outline->units[i].eid;
        if (!memchr(eids[i], '\0', sizeof(outline->units[i].eid))) {
            error = fault_set(fault, DEPOSITARY_E_RULE, "an eId is too long");
        }
    }
    if (!error) {
        qsort(eids, outline->units_count, sizeof(*eids), compare_eids);
        error = judge_sorted_eids(eids, outline->units_count, fault);
    }
    free(eids);
    return error;
}

static struct clause_record clause_of(const struct draft_edition *edition, struct bytes instrument,
                                      struct bytes language, size_t place) {
    const struct unit *unit = &edition->units[place];
    return (struct clause_record){.instrument = instrument,
                                  .language = language,
                                  .eid = bytes_text(unit->eid),
                                  .text = bytes_of(edition->source + unit->offset, unit->length)};
}

static int hash_clauses(struct draft_edition *edition, const struct description *about, struct fault *fault) {
    struct hash leaf;
    struct fault reason = {0};
    if (merkle_tree_init(&edition->tree, edition->units_count) != 0) {
        return no_memory(fault);
    }
    for (size_t i = 0; i < edition->units_count; i++) {
        struct clause_record record = clause_of(edition, bytes_text(about->instrument), bytes_text(about->language), i);
        int error = clause_record_hash(&leaf, &record, &reason);
        if (error) {
            return fault_set(fault, error, "unit %s: %s", edition->units[i].eid, fault_text(&reason));
        }
        merkle_tree_append(&edition->tree, &leaf);
    }
    return 0;
}

/* Copies source and units, and hashes the clauses. On failure the caller frees what is there. */
static int draft_edition_fill(struct draft_edition *edition, const struct description *about, struct bytes source,
                              const struct outline *outline, struct fault *fault) {
    if (!outline || outline->units_count == 0 || source.len == 0) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "there is no text to deposit");
    }
    int error = judge_slices(outline, source, fault);
    if (!error) {
        error = judge_eids(outline, fault);
    }
    if (error) {
        return error;
    }
    edition->source = malloc(source.len);
    edition->units = calloc(outline->units_count, sizeof(*edition->units));
    if (!edition->source || !edition->units) {
        return no_memory(fault);
    }
    memcpy(edition->source, source.data, source.len);
    memcpy(edition->units, outline->units, outline->units_count * sizeof(*edition->units));
    edition->units_count = outline->units_count;
    return hash_clauses(edition, about, fault);
}

int draft_clause(void *context, size_t entry, const struct edition_record *edition, uint64_t place,
                 struct buffer *record, struct merkle_path *path, struct fault *fault) {
    const struct office_draft *draft = context;
    for (size_t i = 0; i < draft->editions_count; i++) {
        const struct draft_edition *own = &draft->editions[i];
        if (own->entry == entry && place < own->units_count) {
            struct clause_record clause = clause_of(own, edition->instrument, edition->language, (size_t)place);
            merkle_tree_path(path, &own->tree, place);
            return clause_record_print(record, &clause, fault);
        }
    }
    return fault_set(fault, DEPOSITARY_E_ARGUMENT, "no clause at place %" PRIu64, place);
}

/* ---- the edition record */

/* What the description says, as a record has it. Views into the description and *parties. */
static int describe(struct edition_record *out, struct buffer *parties, const struct description *about,
                    const char *remark, struct fault *fault) {
    out->instrument = bytes_text(about->instrument);
    out->language = bytes_text(about->language);
    out->title = bytes_text(about->title);
    out->date = bytes_text(about->date);
    out->place = bytes_text(about->place);
    out->remark = bytes_text(remark ? remark : about->remark);
    for (size_t i = 0; i < about->parties_count; i++) {
        buffer_append_text(parties, "party ");
        buffer_append_text(parties, about->parties[i]);
        buffer_append_byte(parties, '\n');
    }
    out->parties = buffer_bytes(parties);
    out->parties_count = about->parties_count;
    if (parties->error) {
        return fault_set(fault, parties->error, "too many parties for one record");
    }
    if (!about->authenticity || !authenticity_parse(&out->authenticity, bytes_text(about->authenticity))) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "authenticity is authentic, translation or not established");
    }
    return 0;
}

/* A translation names the record that was translated: by its leaf hash, or by the language whose latest edition is meant. */
static int resolve_translation(struct edition_record *out, const struct office_draft *draft,
                               const struct description *about, struct fault *fault) {
    struct bytes name = bytes_text(about->translation_of);
    if (out->authenticity != AUTHENTICITY_TRANSLATION) {
        return name.len == 0 ? 0 : fault_set(fault, DEPOSITARY_E_ARGUMENT, "translation-of is for a translation only");
    }
    if (name.len == 0) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "a translation says what was translated: translation-of with a language or a leaf hash");
    }
    out->has_translation_of = true;
    if (base64_decode_exact(out->translation_of.bytes, HASH_LEN, name)) {
        return 0;
    }
    bool found = false;
    struct register_line line;
    int error = language_valid(name) ? find_edition_line(draft, out->instrument, name, &found, &line, fault) : 0;
    if (error) {
        return error;
    }
    if (!found) {
        return fault_set(fault, DEPOSITARY_E_MISSING, "translation-of: no edition of %s in \"%s\"", about->instrument,
                         about->translation_of);
    }
    out->translation_of = line.record;
    return 0;
}

/* Whether two editions say the same of the same bytes in the same clauses. */
static bool same_content(const struct edition_record *a, const struct edition_record *b) {
    return memcmp(a->source_sha256, b->source_sha256, sizeof(a->source_sha256)) == 0 &&
           a->source_length == b->source_length && a->clauses == b->clauses &&
           hash_equal(&a->clauses_root, &b->clauses_root) && bytes_equal(a->title, b->title) &&
           bytes_equal(a->date, b->date) && bytes_equal(a->place, b->place) && bytes_equal(a->parties, b->parties) &&
           a->authenticity == b->authenticity && a->has_translation_of == b->has_translation_of &&
           (!a->has_translation_of || hash_equal(&a->translation_of, &b->translation_of)) &&
           bytes_equal(a->remark, b->remark);
}

static bool is_withdrawn_again(const struct edition_record *record, const struct edition_record *latest) {
    return record->act == ACT_WITHDRAWAL && latest->act == ACT_WITHDRAWAL;
}

static int follow(struct edition_record *out, const struct edition_record *latest, const struct hash *latest_leaf,
                  struct fault *fault) {
    int name_len = (int)out->instrument.len;
    const char *name = (const char *)out->instrument.data;
    if (same_content(out, latest) || is_withdrawn_again(out, latest)) {
        return fault_set(fault, DEPOSITARY_E_EXISTS, "edition %" PRIu32 " of %.*s is this already: nothing to do",
                         latest->edition, name_len, name);
    }
    if (out->act == ACT_DEPOSIT) {
        return fault_set(fault, DEPOSITARY_E_STATE,
                         "%.*s has an edition %" PRIu32 " already: this is a rectification or an amendment of it",
                         name_len, name, latest->edition);
    }
    if (latest->edition == UINT32_MAX) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%.*s has no number left for an edition", name_len, name);
    }
    out->edition = latest->edition + 1;
    out->has_previous = true;
    out->previous = *latest_leaf;
    return 0;
}

/* Number and predecessor, from the latest edition, whose record is kept in *latest_record. */
static int place_in_history(struct edition_record *out, const struct office_draft *draft, struct fault *fault) {
    struct register_line line;
    struct edition_record latest;
    struct buffer record;
    bool found = false;
    int error = find_edition_line(draft, out->instrument, out->language, &found, &line, fault);
    if (error) {
        return error;
    }
    if (!found) {
        out->edition = 1;
        return out->act == ACT_DEPOSIT
                   ? 0
                   : fault_set(fault, DEPOSITARY_E_MISSING, "no edition of %.*s in %.*s yet: a first one is a deposit",
                               (int)out->instrument.len, (const char *)out->instrument.data, (int)out->language.len,
                               (const char *)out->language.data);
    }
    buffer_init(&record, LIMIT_ENTRY);
    struct hash leaf = line.record;
    error = read_record(draft, &leaf, &record, fault);
    if (!error) {
        error = edition_record_parse(&latest, buffer_bytes(&record), fault);
    }
    if (!error) {
        error = follow(out, &latest, &leaf, fault);
    }
    buffer_free(&record);
    return error;
}

static void describe_source(struct edition_record *out, const struct draft_edition *edition, struct bytes source) {
    sha256(out->source_sha256, source);
    out->source_length = source.len;
    out->clauses = edition->units_count;
    if (edition->units_count > 0) {
        merkle_tree_root(&out->clauses_root, &edition->tree);
    } else {
        merkle_empty_root(&out->clauses_root);
    }
}

/* Prints the record and puts it into the draft, with its edition. */
static int draft_add_edition(struct office_draft *draft, struct draft_edition *edition,
                             const struct edition_record *fields, struct fault *fault) {
    struct buffer record;
    if (draft->editions_count >= SIZE_MAX / sizeof(*draft->editions) - 1) {
        return no_memory(fault);
    }
    struct draft_edition *editions = realloc(draft->editions, (draft->editions_count + 1) * sizeof(*editions));
    if (!editions) {
        return no_memory(fault);
    }
    draft->editions = editions;
    buffer_init(&record, LIMIT_ENTRY);
    int error = edition_record_print(&record, fields, fault);
    if (!error) {
        edition->entry = draft->count;
        error = draft_add(draft, &record, fields->deposited_at, fault);
    }
    if (!error) {
        draft->editions[draft->editions_count++] = *edition;
        *edition = (struct draft_edition){0};
    }
    buffer_free(&record);
    return error;
}

int office_draft_edition(struct office_draft *draft, const struct description *about, enum edition_act act,
                         const char *remark, struct bytes source, const struct outline *outline, int64_t now_s,
                         struct fault *fault) {
    struct edition_record fields = {.act = act};
    struct draft_edition edition = {0};
    struct buffer parties;
    buffer_init(&parties, LIMIT_ENTRY);
    int error = describe(&fields, &parties, about, remark, fault);
    if (!error && act == ACT_WITHDRAWAL && source.len > 0) {
        error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "a withdrawal has no text");
    }
    if (!error && act != ACT_WITHDRAWAL) {
        error = draft_edition_fill(&edition, about, source, outline, fault);
    }
    if (!error) {
        describe_source(&fields, &edition, source);
        error = resolve_translation(&fields, draft, about, fault);
    }
    if (!error) {
        error = place_in_history(&fields, draft, fault);
    }
    if (!error) { /* never before a time that the ledger holds, whatever this clock says */
        fields.deposited_at = now_s > draft->last_time ? now_s : draft->last_time;
        error = draft_add_edition(draft, &edition, &fields, fault);
    }
    draft_edition_free(&edition);
    buffer_free(&parties);
    return error;
}

/* ---- keys */

int office_draft_key(struct office_draft *draft, const uint8_t public_key[PUBLIC_KEY_LEN], const char *holder,
                     int64_t not_before, int64_t not_after, struct fault *fault) {
    struct key_record fields = {.holder = bytes_text(holder), .not_before = not_before, .not_after = not_after};
    struct register_line line;
    struct buffer record;
    bool found = false;
    memcpy(fields.public_key, public_key, PUBLIC_KEY_LEN);
    if (policy_has_key(draft->office->policy, public_key)) {
        return fault_set(fault, DEPOSITARY_E_KEY_ROLE, "this is a ledger key; an answer key is another one");
    }
    int error = find_key_line(draft, public_key, &found, &line, fault);
    if (!error && found) {
        error = fault_set(fault, DEPOSITARY_E_EXISTS, "this key has a record already, and is %s",
                          line.active ? "active" : "revoked");
    }
    if (error) {
        return error;
    }
    buffer_init(&record, LIMIT_ENTRY);
    error = key_record_print(&record, &fields, fault);
    if (!error) {
        error = draft_add(draft, &record, 0, fault);
    }
    buffer_free(&record);
    return error;
}

int office_draft_revocation(struct office_draft *draft, const uint8_t public_key[PUBLIC_KEY_LEN], int64_t revoked_at,
                            const char *remark, struct fault *fault) {
    struct revocation_record fields = {.revoked_at = revoked_at, .remark = bytes_text(remark)};
    struct register_line line;
    struct buffer record;
    bool found = false;
    memcpy(fields.public_key, public_key, PUBLIC_KEY_LEN);
    int error = find_key_line(draft, public_key, &found, &line, fault);
    if (!error && !found) {
        error = fault_set(fault, DEPOSITARY_E_MISSING, "there is no such answer key");
    } else if (!error && !line.active) {
        error = fault_set(fault, DEPOSITARY_E_EXISTS, "this key is revoked already");
    }
    if (error) {
        return error;
    }
    buffer_init(&record, LIMIT_ENTRY);
    error = revocation_record_print(&record, &fields, fault);
    if (!error) {
        error = draft_add(draft, &record, revoked_at, fault);
    }
    buffer_free(&record);
    return error;
}
