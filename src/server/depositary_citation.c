/*
 * ResolveCitation: a reference ("para 7(2)", "Article 5") with or without words of a title around it. All of it is
 * claimed; who wants a clause asks for it by the name given here. PROTOCOL.md section 6.
 */
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "server/depositary_parts.h"
#include "text/citation.h"
#include "text/fold.h"

#define NAMES_MAX   64u /* names in an answer */
#define TITLE_FOLDS (FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE)

/* One call. */
struct resolution {
    struct call *call;
    struct bytes citation;
    struct folded title; /* words of a title in it, folded; empty: any instrument */
    const struct edition_found *edition;
    int error; /* of a look-up */
    Depositary__V1__ResolveCitationResponse *response;
};

/* ---- words of a title around the reference */

/* Which eIds a text may mean, as a digest of what the parser asks about: the text itself, which may be an eId, left
 * out. */
struct meaning {
    struct bytes text;
    struct hash asked;
    bool is_reference;
};

static bool note_question(void *context, const char *eid) {
    struct meaning *meaning = context;
    if (!bytes_equal(bytes_text(eid), meaning->text))
        merkle_leaf_hash_2(&meaning->asked, hash_bytes(&meaning->asked), bytes_text(eid));
    return false;
}

static struct meaning meaning_of(struct bytes text) {
    struct citation_names names;
    struct meaning meaning = {.text = text};
    meaning.is_reference = citation_resolve(&names, text, note_question, &meaning) == 0;
    return meaning;
}

static bool is_ascii_word(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Whether a citation may be cut there: between code points, and not inside a word. */
static bool may_cut(struct bytes citation, size_t at) {
    if (at == 0 || at == citation.len)
        return true;
    return utf8_is_boundary(citation, at) &&
           !(is_ascii_word(citation.data[at - 1]) && is_ascii_word(citation.data[at]));
}

static bool means_the_same(const struct meaning *meaning, struct bytes text) {
    const struct meaning other = meaning_of(text);
    return other.is_reference && hash_equal(&other.asked, &meaning->asked);
}

/* Where the reference begins: what is before can be left out, and the same is meant. */
static size_t last_start(struct bytes text, size_t len, const struct meaning *meaning) {
    size_t start = len;
    for (size_t at = 0; at < len; at++) {
        if (may_cut(text, at) && means_the_same(meaning, bytes_slice(text, at, text.len - at)))
            start = at;
    }
    return start;
}

/* A number with a word for its kind ("para 7") is a reference in the midst of words too, and a bare one at the end
 * only: so a word that follows tells whether "para" belongs to the reference or to the title. */
static size_t reference_start(struct bytes citation, const struct meaning *meaning) {
    uint8_t followed[LIMIT_CITATION + 3];
    memcpy(followed, citation.data, citation.len);
    memcpy(followed + citation.len, " zz", 3);
    size_t start = last_start(bytes_of(followed, citation.len + 3), citation.len, meaning);
    if (start == citation.len)
        start = last_start(citation, citation.len, meaning);
    return start == citation.len ? 0 : start;
}

static size_t reference_end(struct bytes citation, const struct meaning *meaning) {
    size_t end = citation.len;
    for (size_t at = citation.len; at-- > 1;) {
        if (may_cut(citation, at) && means_the_same(meaning, bytes_slice(citation, 0, at)))
            end = at;
    }
    return end;
}

static bool is_filler(uint8_t byte) {
    return strchr(" ,;:.-\t\n", byte) != NULL; /* NUL is none: the guard lets none in */
}

static struct bytes trim_filler(struct bytes in) {
    while (in.len > 0 && is_filler(in.data[in.len - 1]))
        in.len--;
    while (in.len > 0 && is_filler(in.data[0]))
        in = bytes_slice(in, 1, in.len - 1);
    return in;
}

/* "of the Joint Statement" to "Joint Statement". */
static struct bytes skip_of_the(struct bytes in) {
    in = trim_filler(in);
    if (bytes_starts_with(in, BYTES("of ")))
        in = trim_filler(bytes_slice(in, 3, in.len - 3));
    if (bytes_starts_with(in, BYTES("the ")))
        in = trim_filler(bytes_slice(in, 4, in.len - 4));
    return in;
}

/* Words before the reference or, where there are none, after it: of a title. False where there is no reference. */
static bool find_title(struct bytes citation, struct bytes *title) {
    const struct meaning meaning = meaning_of(citation);
    if (!meaning.is_reference)
        return false;
    size_t start = reference_start(citation, &meaning);
    *title = skip_of_the(bytes_slice(citation, 0, start));
    if (title->len == 0) {
        size_t end = reference_end(citation, &meaning);
        *title = skip_of_the(bytes_slice(citation, end, citation.len - end));
    }
    return true;
}

/* ---- looking it up */

static bool holds(struct bytes text, struct bytes part) {
    return part.len == 0 || (text.len > 0 && memmem(text.data, text.len, part.data, part.len));
}

static int title_matches(bool *out, const struct resolution *resolution, const struct edition_record *edition) {
    struct bytes wanted = bytes_of(resolution->title.text, resolution->title.len);
    struct folded title;
    int error = fold_text(&title, edition->title, TITLE_FOLDS, true);
    if (error)
        return error;
    *out = holds(bytes_of(title.text, title.len), wanted) || bytes_equal(edition->instrument, wanted);
    folded_free(&title);
    return 0;
}

static int has_provision(bool *out, const struct clause_record *clause, const char *eid) {
    struct structure structure;
    int error = structure_of(&structure, clause->eid, clause->text);
    *out = false;
    if (error)
        return error;
    for (size_t i = 0; !*out && i < structure.provisions_count; i++)
        *out = strcmp(structure.provisions[i].eid, eid) == 0;
    structure_free(&structure);
    return 0;
}

/* Reads the clause that the catalog names, and whether it has that eId or holds that provision. */
static int look_in_clause(struct resolution *resolution, uint64_t place, const char *eid, bool *out) {
    const struct edition_found *edition = resolution->edition;
    struct clause_record clause;
    struct buffer record;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    int error = ledger_clause(call_server(resolution->call)->ledger, edition->index, edition->record.clauses,
                              &edition->record.clauses_root, place, &record, NULL, NULL);
    if (!error)
        error = clause_record_parse(&clause, buffer_bytes(&record), NULL);
    if (!error && bytes_equal(clause.eid, bytes_text(eid)))
        *out = true;
    else if (!error)
        error = has_provision(out, &clause, eid);
    buffer_free(&record);
    return error;
}

static bool edition_has(void *context, const char *eid) {
    struct resolution *resolution = context;
    uint64_t place = 0;
    bool has = false;
    if (resolution->error)
        return false;
    int error = catalog_place(call_server(resolution->call)->catalog, resolution->edition->index, eid, &place);
    if (error == DEPOSITARY_E_MISSING)
        return false;
    if (!error && place < resolution->edition->record.clauses)
        error = look_in_clause(resolution, place, eid, &has);
    resolution->error = error;
    return has;
}

static int add_name(struct resolution *resolution, const char *eid) {
    Depositary__V1__ResolveCitationResponse *response = resolution->response;
    const struct edition_record *edition = &resolution->edition->record;
    if (response->n_names == NAMES_MAX)
        return 0;
    Depositary__V1__ClauseName *name = answer_alloc(resolution->call, sizeof *name);
    if (!name)
        return DEPOSITARY_E_LIMIT;
    depositary__v1__clause_name__init(name);
    name->instrument = answer_text(resolution->call, edition->instrument);
    name->language = answer_text(resolution->call, edition->language);
    name->edition = edition->edition;
    name->eid = answer_text(resolution->call, bytes_text(eid));
    if (!name->instrument || !name->language || !name->eid)
        return DEPOSITARY_E_LIMIT;
    response->names[response->n_names++] = name;
    return 0;
}

static int resolve_in(struct resolution *resolution, const struct edition_found *edition) {
    struct citation_names names = {.count = 0};
    resolution->edition = edition;
    int error = citation_resolve(&names, resolution->citation, edition_has, resolution);
    if (resolution->error || error)
        return answer_error(resolution->call, resolution->error ? resolution->error : error);
    for (size_t i = 0; !error && i < names.count; i++)
        error = add_name(resolution, names.eids[i]);
    return error;
}

/* The latest edition of a register line, if the citation may mean it. */
static int resolve_in_line(struct resolution *resolution, struct bytes line, const char *language) {
    struct call *call = resolution->call;
    struct edition_found edition = {.index = 0};
    struct register_line parsed;
    struct buffer record;
    bool matches = false;
    if (register_line_parse(&parsed, line))
        return answer_error(call, DEPOSITARY_E_DAMAGED);
    if (language[0] && !bytes_equal(parsed.language, bytes_text(language)))
        return 0;
    buffer_init(&record, LIMIT_ENTRY);
    int error = ledger_find(call_server(call)->ledger, call_state(call), &parsed.record, &edition.index);
    if (!error)
        error = ledger_entry(call_server(call)->ledger, call_state(call), edition.index, &record, NULL, NULL);
    if (!error)
        error = edition_record_parse(&edition.record, buffer_bytes(&record), NULL);
    if (!error)
        error = title_matches(&matches, resolution, &edition.record);
    if (error)
        answer_error(call, error);
    else if (matches && edition.record.act != ACT_WITHDRAWAL)
        error = resolve_in(resolution, &edition);
    buffer_free(&record);
    return error;
}

static int resolve_anywhere(struct resolution *resolution, const char *language) {
    const struct register_lines *lines = call_state(resolution->call)->lines;
    size_t line = register_lines_lower_bound(lines, BYTES("edition "));
    int error = 0;
    for (; !error && line < register_lines_count(lines) && resolution->response->n_names < NAMES_MAX; line++) {
        struct bytes text = register_lines_line(lines, line);
        if (!bytes_starts_with(text, BYTES("edition ")))
            break;
        error = answer_is_late(resolution->call) ? DEPOSITARY_E_TIMEOUT : resolve_in_line(resolution, text, language);
    }
    return error;
}

static int resolve(struct resolution *resolution, const struct edition_question *question) {
    struct edition_choice choice;
    int error;
    if (question->instrument[0]) {
        error = edition_choose(resolution->call, question, &choice);
        if (!error && !choice.is_found)
            return DEPOSITARY_E_NO;
        if (!error)
            error = resolve_in(resolution, &choice.edition);
    } else {
        error = edition_check_names(resolution->call, question);
        if (!error)
            error = resolve_anywhere(resolution, question->language);
    }
    if (!error && resolution->response->n_names == 0) {
        status_set(&resolution->call->status, STATUS_NOT_FOUND, NULL,
                   "no clause or provision answers to that citation");
        error = DEPOSITARY_E_NO;
    }
    return error;
}

static int resolve_citation(struct call *call, const Depositary__V1__ResolveCitationRequest *input,
                            Depositary__V1__ResolveCitationResponse *response) {
    struct edition_question question = {"", input->instrument, input->language, 0, NULL};
    struct bytes citation = bytes_text(input->citation);
    struct resolution resolution = {.call = call, .citation = citation, .response = response};
    struct bytes title;
    if (citation.len == 0 || citation.len > LIMIT_CITATION || !find_title(citation, &title)) {
        status_bad_field(&call->status, "citation", "no reference such as \"7(2)\" or \"Article 5\", at most %u bytes",
                         LIMIT_CITATION);
        return DEPOSITARY_E_ARGUMENT;
    }
    response->names = answer_alloc(call, NAMES_MAX * sizeof(Depositary__V1__ClauseName *));
    if (!response->names)
        return DEPOSITARY_E_LIMIT;
    int error = fold_text(&resolution.title, title, TITLE_FOLDS, true);
    if (error)
        return answer_error(call, error);
    error = resolve(&resolution, &question);
    folded_free(&resolution.title);
    return error;
}

void depositary_resolve_citation(Depositary__V1__DepositaryService_Service *service,
                                 const Depositary__V1__ResolveCitationRequest *input,
                                 Depositary__V1__ResolveCitationResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    Depositary__V1__ResolveCitationResponse *response = answer_alloc(call, sizeof *response);
    if (response)
        depositary__v1__resolve_citation_response__init(response);
    int error = response ? resolve_citation(call, input, response) : DEPOSITARY_E_LIMIT;
    closure(error ? NULL : response, closure_data);
}
