/*
 * Which edition a request means. The latest one is the register's word, which is proved; older ones are found through
 * the catalog and read from the ledger. PROTOCOL.md section 6.
 */
#include <stdio.h>
#include <string.h>

#include "server/depositary_parts.h"

#define WORDS_MAX         (sizeof "edition " + LIMIT_INSTRUMENT + 1 + LIMIT_LANGUAGE + 1)
#define INDEXING_RETRY_MS 500

/* A line of the register that names an edition. */
struct latest {
    char language[LIMIT_LANGUAGE + 1];
    uint32_t edition;
    uint64_t index;
};

int edition_not_indexed(struct call *call) {
    status_set(&call->status, STATUS_UNAVAILABLE, "INDEXING", "the index has not read this edition yet");
    call->status.retry_delay_ms = INDEXING_RETRY_MS;
    return DEPOSITARY_E_STATE;
}

int edition_catalog_is_wrong(struct call *call) {
    catalog_condemn(call_server(call)->catalog);
    status_set(&call->status, STATUS_INTERNAL, "CATALOG", "the index does not agree with the ledger, and is made anew");
    return DEPOSITARY_E_DAMAGED;
}

int edition_read(struct call *call, uint64_t edition_index, struct edition_found *out) {
    out->index = edition_index;
    return answer_edition(call, edition_index, &out->proof, &out->record);
}

static int bad_field(struct call *call, const char *prefix, const char *field, const char *what) {
    char path[32];
    snprintf(path, sizeof path, "%s%s", prefix, field);
    status_bad_field(&call->status, path, "%s", what);
    return DEPOSITARY_E_ARGUMENT;
}

int edition_check_names(struct call *call, const struct edition_question *question) {
    if (question->instrument[0] && !instrument_valid(bytes_text(question->instrument)))
        return bad_field(call, question->prefix, "instrument", "an instrument's id is [a-z0-9][a-z0-9-]{0,63}");
    if (question->language[0] &&
        (strlen(question->language) > LIMIT_LANGUAGE || !language_valid(bytes_text(question->language))))
        return bad_field(call, question->prefix, "language",
                         "a language is a BCP 47 tag in canonical case, such as en or zh-Hans");
    return 0;
}

int edition_check_time(struct call *call, const struct edition_question *question, int64_t *as_of_s) {
    const Google__Protobuf__Timestamp *as_of = question->as_of;
    int64_t register_time = call_state(call)->register_fields.time;
    if (!as_of)
        return 0;
    if (question->edition)
        return bad_field(call, "", "as_of", "edition and as_of exclude each other");
    if (as_of->nanos < 0 || as_of->nanos > 999999999)
        return bad_field(call, "", "as_of", "nanos are 0 to 999999999");
    if (as_of->seconds > register_time || (as_of->seconds == register_time && as_of->nanos > 0)) {
        status_set(&call->status, STATUS_FAILED_PRECONDITION, "AS_OF_TOO_LATE",
                   "as_of is later than the register, which speaks for no time after its own");
        return DEPOSITARY_E_STATE;
    }
    *as_of_s = as_of->seconds;
    return 0;
}

/* "edition <instrument> " or "edition <instrument> <language> ". */
static struct bytes register_words(char out[WORDS_MAX + 1], const char *instrument, const char *language) {
    char *end = stpcpy(stpcpy(stpcpy(out, "edition "), instrument), " ");
    if (language[0])
        end = stpcpy(stpcpy(end, language), " ");
    return bytes_of(out, (size_t)(end - out));
}

static int not_there(struct call *call, struct bytes words, struct edition_choice *out) {
    int error = answer_absence(call, words, &out->n_absence, &out->absence);
    if (!error)
        status_set(&call->status, STATUS_NOT_FOUND, NULL, "the register has no line \"%.*s...\"", (int)words.len,
                   (const char *)words.data);
    return error;
}

/* The instrument's only text, by the register; false where it has several. out may be NULL. */
static bool only_language(const struct ledger_state *state, struct bytes words, size_t line,
                          char out[LIMIT_LANGUAGE + 1]) {
    struct register_line parsed;
    bool has_next = line + 1 < register_lines_count(state->lines) &&
                    bytes_starts_with(register_lines_line(state->lines, line + 1), words);
    if (has_next || !out)
        return !has_next;
    if (register_line_parse(&parsed, register_lines_line(state->lines, line)) || parsed.language.len > LIMIT_LANGUAGE)
        return false;
    memcpy(out, parsed.language.data, parsed.language.len);
    out[parsed.language.len] = '\0';
    return true;
}

bool edition_line(const struct call *call, const struct edition_question *question, size_t *line) {
    const struct ledger_state *state = call_state(call);
    char text[WORDS_MAX + 1];
    if (!instrument_valid(bytes_text(question->instrument)) || strlen(question->language) > LIMIT_LANGUAGE ||
        (question->language[0] && !language_valid(bytes_text(question->language))))
        return false;
    struct bytes words = register_words(text, question->instrument, question->language);
    return register_lines_find(state->lines, words, line) &&
           (question->language[0] || only_language(state, words, *line, NULL));
}

static size_t count_lines(const struct ledger_state *state, struct bytes words, size_t line) {
    size_t count = 0;
    while (line + count < register_lines_count(state->lines) &&
           bytes_starts_with(register_lines_line(state->lines, line + count), words))
        count++;
    return count;
}

static int ask_for_language(struct call *call, const struct catalog_edition *texts, size_t count) {
    struct buffer list;
    buffer_init(&list, sizeof call->status.message / 2);
    for (size_t i = 0; i < count && !list.error; i++)
        buffer_append_format(&list, "%s%s", i ? ", " : "", texts[i].language);
    status_set(&call->status, STATUS_FAILED_PRECONDITION, "LANGUAGE", "name a language: %.*s%s", (int)list.len,
               list.len ? (const char *)list.data : "", list.error ? " ..." : "");
    buffer_free(&list);
    return DEPOSITARY_E_STATE;
}

/* Of several texts: the only authentic one, else the only one, where withdrawn ones do not count. */
static int choose_among(struct call *call, const struct catalog_edition *texts, size_t count,
                        char out[LIMIT_LANGUAGE + 1]) {
    const struct catalog_edition *authentic = NULL, *live = NULL;
    size_t authentic_count = 0, live_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].act == ACT_WITHDRAWAL)
            continue;
        live = &texts[i];
        live_count++;
        if (texts[i].authenticity == AUTHENTICITY_AUTHENTIC) {
            authentic = &texts[i];
            authentic_count++;
        }
    }
    const struct catalog_edition *chosen = authentic_count == 1 ? authentic : live_count == 1 ? live : NULL;
    if (!chosen)
        return ask_for_language(call, texts, count);
    strcpy(out, chosen->language);
    return 0;
}

static int choose_language(struct call *call, const char *instrument, struct bytes words, size_t line,
                           char out[LIMIT_LANGUAGE + 1]) {
    const struct ledger_state *state = call_state(call);
    size_t count = 0;
    if (only_language(state, words, line, out))
        return 0;
    size_t lines = count_lines(state, words, line);
    struct catalog_edition *texts = answer_alloc(call, lines * sizeof *texts);
    if (!texts)
        return DEPOSITARY_E_LIMIT;
    int error = catalog_languages(call_server(call)->catalog, state, instrument, texts, lines, &count);
    if (error)
        return answer_error(call, error);
    if (count != lines)
        return edition_not_indexed(call);
    return choose_among(call, texts, count, out);
}

/* The latest edition of a text, by the register's line. */
static int read_latest(struct call *call, size_t line, struct latest *out) {
    const struct ledger_state *state = call_state(call);
    struct register_line parsed;
    int error = register_line_parse(&parsed, register_lines_line(state->lines, line));
    if (!error)
        error = ledger_find_named(call_server(call)->ledger, state, &parsed.record, &out->index);
    if (error)
        return answer_error(call, error);
    out->edition = parsed.edition;
    if (out->index >= catalog_size(call_server(call)->catalog))
        return edition_not_indexed(call);
    return 0;
}

int edition_read_latest(struct call *call, size_t line, struct edition_found *out) {
    struct latest latest;
    int error = read_latest(call, line, &latest);
    return error ? error : edition_read(call, latest.index, out);
}

static int show(struct call *call, uint64_t edition_index, struct edition_choice *out) {
    struct edition_found shown;
    int error = edition_read(call, edition_index, &shown);
    if (!error)
        out->editions[out->n_editions++] = shown.proof;
    return error;
}

static int ask_catalog(struct call *call, const struct catalog_question *question, struct catalog_edition *out) {
    int error = catalog_edition(call_server(call)->catalog, call_state(call), question, out);
    return error && error != DEPOSITARY_E_MISSING ? answer_error(call, error) : error;
}

static int no_such_edition(struct call *call, const struct latest *latest, uint32_t edition,
                           struct edition_choice *out) {
    int error = show(call, latest->index, out);
    if (!error)
        status_set(&call->status, STATUS_NOT_FOUND, NULL, "there is no edition %u: the latest is %u", edition,
                   latest->edition);
    return error;
}

static int before_first_edition(struct call *call, struct catalog_question *question, struct edition_choice *out) {
    struct catalog_edition first;
    question->has_as_of = false;
    question->edition = 1;
    int error = ask_catalog(call, question, &first);
    if (error == DEPOSITARY_E_MISSING)
        return edition_catalog_is_wrong(call);
    if (!error)
        error = show(call, first.index, out);
    if (!error)
        status_set(&call->status, STATUS_NOT_FOUND, NULL, "the first edition was deposited after that time");
    return error;
}

/* The index of the edition that is meant; *is_found is false where there is none, and *out shows it. */
static int find_index(struct call *call, const struct latest *latest, struct catalog_question *question,
                      uint64_t *index, bool *is_found, struct edition_choice *out) {
    struct catalog_edition edition;
    *is_found = true;
    *index = latest->index;
    if (!question->has_as_of && (question->edition == 0 || question->edition == latest->edition))
        return 0;
    *is_found = false;
    if (question->edition > latest->edition)
        return no_such_edition(call, latest, question->edition, out);
    int error = ask_catalog(call, question, &edition);
    if (error == DEPOSITARY_E_MISSING && question->has_as_of)
        return before_first_edition(call, question, out);
    if (error == DEPOSITARY_E_MISSING)
        return edition_catalog_is_wrong(call);
    *is_found = !error;
    *index = edition.index;
    return error;
}

/* Reads the edition and, with as_of, its successor; a withdrawal is shown, and not answered from. */
static int read_choice(struct call *call, const struct latest *latest, const struct catalog_question *question,
                       uint64_t index, struct edition_choice *out) {
    struct edition_record *record = &out->edition.record;
    uint64_t successor = 0;
    int error = edition_read(call, index, &out->edition);
    if (error)
        return error;
    if (!bytes_equal(record->instrument, bytes_text(question->instrument)) ||
        !bytes_equal(record->language, bytes_text(question->language)) ||
        (question->edition && record->edition != question->edition))
        return edition_catalog_is_wrong(call);
    out->editions[out->n_editions++] = out->edition.proof;
    if (question->has_as_of && index != latest->index) {
        error = catalog_successor(call_server(call)->catalog, call_state(call), index, &successor);
        if (error)
            return error == DEPOSITARY_E_MISSING ? edition_catalog_is_wrong(call) : answer_error(call, error);
        error = show(call, successor, out);
        if (error)
            return error;
    }
    out->is_found = question->edition != 0 || record->act != ACT_WITHDRAWAL;
    if (!out->is_found)
        status_set(&call->status, STATUS_FAILED_PRECONDITION, "WITHDRAWN", "the text was withdrawn by edition %u",
                   record->edition);
    return 0;
}

int edition_choose(struct call *call, const struct edition_question *question, struct edition_choice *out) {
    const struct ledger_state *state = call_state(call);
    struct catalog_question asked = {.instrument = question->instrument, .edition = question->edition};
    struct latest latest;
    char text[WORDS_MAX + 1];
    size_t line = 0;
    uint64_t index = 0;
    bool is_there = false;
    memset(out, 0, sizeof *out);
    int error = question->instrument[0] ? 0 : bad_field(call, question->prefix, "instrument", "name an instrument");
    if (!error)
        error = edition_check_names(call, question);
    if (!error)
        error = edition_check_time(call, question, &asked.as_of);
    if (error)
        return error;
    struct bytes words = register_words(text, question->instrument, question->language);
    if (!register_lines_find(state->lines, words, &line))
        return not_there(call, words, out);
    if (question->language[0])
        strcpy(latest.language, question->language);
    else
        error = choose_language(call, question->instrument, words, line, latest.language);
    if (error)
        return error;
    words = register_words(text, question->instrument, latest.language);
    if (!register_lines_find(state->lines, words, &line))
        return not_there(call, words, out);
    asked.language = latest.language;
    asked.has_as_of = question->as_of != NULL;
    error = read_latest(call, line, &latest);
    if (!error)
        error = find_index(call, &latest, &asked, &index, &is_there, out);
    if (error || !is_there)
        return error;
    return read_choice(call, &latest, &asked, index, out);
}

int edition_choice_proofs(struct call *call, const struct edition_choice *choice, size_t *n,
                          Depositary__V1__EditionProof ***out) {
    Depositary__V1__EditionProof **proofs = answer_alloc(call, sizeof choice->editions);
    if (!proofs)
        return DEPOSITARY_E_LIMIT;
    memcpy(proofs, choice->editions, sizeof choice->editions);
    *n = choice->n_editions;
    *out = proofs;
    return 0;
}

int query_scope(struct call *call, const struct edition_question *question, struct edition_choice *choice,
                struct catalog_scope *out) {
    struct catalog_scope scope = {.instrument = question->instrument,
                                  .language = question->language,
                                  .edition = question->edition,
                                  .deadline_ns = call->deadline_ns};
    int error;
    memset(choice, 0, sizeof *choice);
    if (question->instrument[0]) {
        error = edition_choose(call, question, choice);
        if (!error && choice->is_found) {
            scope.language = answer_text(call, choice->edition.record.language);
            scope.edition = choice->edition.record.edition;
            error = scope.language ? 0 : DEPOSITARY_E_LIMIT;
        }
    } else {
        error = edition_check_names(call, question);
        if (!error)
            error = edition_check_time(call, question, &scope.as_of);
        scope.has_as_of = question->as_of != NULL;
        choice->is_found = !error;
    }
    if (!error)
        *out = scope;
    return error;
}

int edition_set_init(struct call *call, struct edition_set *set, size_t capacity, bool with_successors) {
    memset(set, 0, sizeof *set);
    set->with_successors = with_successors;
    set->capacity = with_successors ? 2 * capacity : capacity;
    set->found = answer_alloc(call, (set->capacity + 1) * sizeof *set->found);
    set->proofs = answer_alloc(call, (set->capacity + 1) * sizeof(Depositary__V1__EditionProof *));
    return set->found && set->proofs ? 0 : DEPOSITARY_E_LIMIT;
}

static bool find_slot(const struct edition_set *set, uint64_t edition_index, uint32_t *slot) {
    for (size_t i = set->count; i-- > 0;) {
        if (set->found[i].index == edition_index) {
            *slot = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static int add_to_set(struct call *call, struct edition_set *set, uint64_t edition_index, uint32_t *slot) {
    if (find_slot(set, edition_index, slot))
        return 0;
    if (set->count == set->capacity)
        return answer_error(call, DEPOSITARY_E_LIMIT);
    struct edition_found *found = &set->found[set->count];
    int error = edition_read(call, edition_index, found);
    if (error)
        return error;
    *slot = (uint32_t)set->count;
    set->proofs[set->count++] = found->proof;
    set->packed_size += item_size(&found->proof->base);
    return 0;
}

int edition_set_add(struct call *call, struct edition_set *set, uint64_t edition_index, uint32_t *slot) {
    uint64_t successor = 0;
    uint32_t unused = 0;
    if (find_slot(set, edition_index, slot))
        return 0;
    int error = add_to_set(call, set, edition_index, slot);
    if (error || !set->with_successors)
        return error;
    error = catalog_successor(call_server(call)->catalog, call_state(call), edition_index, &successor);
    if (error == DEPOSITARY_E_MISSING)
        return 0;
    return error ? answer_error(call, error) : add_to_set(call, set, successor, &unused);
}
