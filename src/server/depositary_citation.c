/*
 * ResolveCitation: a reference ("para 7(2)", "Article 5") with or without words of a title around it. All of it is
 * claimed; who wants a clause asks for it by the name given here. PROTOCOL.md section 6.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "server/depositary_parts.h"
#include "text/citation.h"
#include "text/title.h"

#define NAMES_MAX 64u /* names in an answer */

/* What one call may cost, in steps of about a nanosecond: a citation can have thousands of readings, a service thousands of texts. */
#define WORK_MAX             UINT64_C(150000000)
#define WORK_OF_NEAREST      UINT64_C(40000000) /* besides: where it is not enough, nothing is told to be near */
#define STEPS_OF_A_TEXT      30000u             /* whose title is held against the citation's words */
#define STEPS_OF_A_LOOK_UP   6000u
#define STEPS_OF_A_CLAUSE    30000u /* that is read and proved */
#define STEPS_OF_A_BYTE      3u     /* of a clause that is read */
#define STEPS_OF_A_BYTE_MORE 40u    /* that is taken apart, too */
#define STEPS_OF_A_PROVISION 10u

/* The clause whose provisions were looked at last: the readings of a citation often lie in one. */
struct clause_apart {
    bool is_there;
    uint64_t edition_index;
    uint64_t place;
    char eid[LIMIT_EID + 1];
    struct structure structure;
};

/* One call. */
struct resolution {
    struct call *call;
    struct citation citation;
    const struct edition_found *edition;
    struct clause_apart apart;
    uint64_t *work; /* what is left of one of these; 0: it did not suffice */
    uint64_t work_left;
    uint64_t nearest_left;
    int error;                   /* of a look-up */
    unsigned looked_in;          /* editions that the words of a title, or the request, name */
    char missing[LIMIT_EID + 1]; /* in the last of them */
    char nearest[LIMIT_EID + 1]; /* to it, in all of them; "" for none */
    Depositary__V1__ResolveCitationResponse *response;
};

/* ---- looking it up */

static int edition_is_meant(bool *out, const struct resolution *resolution, const struct edition_record *edition) {
    const struct title_names names = {
        .title = edition->title, .instrument = edition->instrument, .date = edition->date};
    return title_matches(out, resolution->citation.title, &names);
}

static bool spend(struct resolution *resolution, uint64_t steps) {
    bool is_enough = steps < *resolution->work;
    *resolution->work -= is_enough ? steps : *resolution->work;
    return is_enough;
}

static void apart_clean_up(struct clause_apart *apart) {
    if (apart->is_there)
        structure_free(&apart->structure);
    apart->is_there = false;
}

/* Reads the clause at a place. *is_it: it has that eId itself; else it is taken apart, unless that would be too much work. */
static int take_apart(struct resolution *resolution, uint64_t place, const char *eid, bool *is_it) {
    const struct edition_found *edition = resolution->edition;
    struct clause_apart *apart = &resolution->apart;
    struct clause_record clause;
    struct buffer record;
    apart_clean_up(apart);
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    int error = ledger_clause(call_server(resolution->call)->ledger, edition->index, edition->record.clauses,
                              &edition->record.clauses_root, place, &record, NULL, NULL);
    if (!error)
        error = clause_record_parse(&clause, buffer_bytes(&record), NULL);
    bool is_enough = !error && spend(resolution, STEPS_OF_A_CLAUSE + STEPS_OF_A_BYTE * (uint64_t)clause.text.len);
    *is_it = is_enough && bytes_equal(clause.eid, bytes_text(eid));
    if (is_enough && !*is_it && spend(resolution, STEPS_OF_A_BYTE_MORE * (uint64_t)clause.text.len)) {
        error = structure_of(&apart->structure, clause.eid, clause.text);
        apart->is_there = !error;
        apart->edition_index = edition->index;
        apart->place = place;
        bytes_write_text(apart->eid, sizeof apart->eid, clause.eid);
    }
    buffer_free(&record);
    return error;
}

static bool has_provision(struct resolution *resolution, const struct structure *structure, const char *eid) {
    bool has = false;
    if (!spend(resolution, STEPS_OF_A_PROVISION * (uint64_t)structure->provisions_count))
        return false;
    for (size_t i = 0; !has && i < structure->provisions_count; i++)
        has = strcmp(structure->provisions[i].eid, eid) == 0;
    return has;
}

/* Whether the clause that the catalog names has that eId or holds that provision. */
static int look_in_clause(struct resolution *resolution, uint64_t place, const char *eid, bool *out) {
    const struct clause_apart *apart = &resolution->apart;
    int error = 0;
    if (!apart->is_there || apart->edition_index != resolution->edition->index || apart->place != place)
        error = take_apart(resolution, place, eid, out);
    if (!error && !*out && apart->is_there)
        *out = strcmp(apart->eid, eid) == 0 || has_provision(resolution, &apart->structure, eid);
    return error;
}

static bool edition_has(void *context, const char *eid) {
    struct resolution *resolution = context;
    uint64_t place = 0;
    bool has = false;
    if (resolution->error || !spend(resolution, STEPS_OF_A_LOOK_UP))
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

/* What comes nearest in this edition; none is told where another edition has another. */
static void note_nearest(struct resolution *resolution, const char *missing) {
    char nearest[LIMIT_EID + 1] = "";
    resolution->work = &resolution->nearest_left;
    if (resolution->nearest_left == 0 || !citation_nearest(nearest, &resolution->citation, edition_has, resolution))
        nearest[0] = '\0';
    if (resolution->looked_in > 1 && strcmp(nearest, resolution->nearest) != 0)
        nearest[0] = '\0';
    resolution->work = &resolution->work_left;
    memcpy(resolution->nearest, nearest, sizeof nearest);
    snprintf(resolution->missing, sizeof resolution->missing, "%s", missing);
}

static int too_many_ways(struct call *call) {
    status_bad_field(&call->status, "citation", "it can be read in too many ways; name fewer parts, or one at a time");
    return DEPOSITARY_E_ARGUMENT;
}

static int too_much_work(struct call *call) {
    status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT",
               "resolving this citation takes more work than one call may cost: name an instrument, or fewer parts");
    return DEPOSITARY_E_LIMIT;
}

static int resolve_in(struct resolution *resolution, const struct edition_found *edition) {
    struct citation_names *names = answer_alloc(resolution->call, sizeof *names);
    int error = 0;
    if (!names)
        return DEPOSITARY_E_LIMIT;
    resolution->edition = edition;
    resolution->looked_in++;
    citation_resolve(names, &resolution->citation, edition_has, resolution);
    if (!resolution->error && resolution->work_left == 0)
        return too_much_work(resolution->call);
    if (!resolution->error && names->is_cut)
        return too_many_ways(resolution->call);
    if (!resolution->error && names->count == 0)
        note_nearest(resolution, names->missing);
    if (resolution->error)
        return answer_error(resolution->call, resolution->error);
    for (size_t i = 0; !error && i < names->count; i++)
        error = add_name(resolution, names->eids[i]);
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
    int error = ledger_find_named(call_server(call)->ledger, call_state(call), &parsed.record, &edition.index);
    if (!error)
        error = ledger_entry(call_server(call)->ledger, call_state(call), edition.index, &record, NULL, NULL);
    if (!error)
        error = edition_record_parse(&edition.record, buffer_bytes(&record), NULL);
    if (!error)
        error = edition_is_meant(&matches, resolution, &edition.record);
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
        if (answer_is_late(resolution->call))
            return DEPOSITARY_E_TIMEOUT;
        error = spend(resolution, STEPS_OF_A_TEXT) ? resolve_in_line(resolution, text, language)
                                                   : too_much_work(resolution->call);
    }
    return error;
}

/* What comes nearest is told where it is clear in which text it was looked for. */
static void say_not_found(struct resolution *resolution) {
    struct status *status = &resolution->call->status;
    struct bytes title = resolution->citation.title;
    if (resolution->looked_in == 0)
        status_set(status, STATUS_NOT_FOUND, NULL, "no instrument here has these words in its title: %.*s",
                   (int)title.len, (const char *)title.data);
    else if (resolution->nearest[0])
        status_set(status, STATUS_NOT_FOUND, NULL, "no clause or provision %s; the nearest is %s", resolution->missing,
                   resolution->nearest);
    else
        status_set(status, STATUS_NOT_FOUND, NULL, "no clause or provision answers to that citation");
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
        say_not_found(resolution);
        error = DEPOSITARY_E_NO;
    }
    return error;
}

static int resolve_citation(struct call *call, const Depositary__V1__ResolveCitationRequest *input,
                            Depositary__V1__ResolveCitationResponse *response) {
    struct edition_question question = {"", input->instrument, input->language, 0, NULL};
    struct resolution *resolution = answer_alloc(call, sizeof *resolution);
    if (!resolution)
        return DEPOSITARY_E_LIMIT;
    *resolution =
        (struct resolution){.call = call, .response = response, .work_left = WORK_MAX, .nearest_left = WORK_OF_NEAREST};
    resolution->work = &resolution->work_left;
    if (citation_read(&resolution->citation, bytes_text(input->citation))) {
        status_bad_field(&call->status, "citation", "no reference such as \"7(2)\" or \"Article 5\", at most %u bytes",
                         LIMIT_CITATION);
        return DEPOSITARY_E_ARGUMENT;
    }
    response->names = answer_alloc(call, NAMES_MAX * sizeof(Depositary__V1__ClauseName *));
    int error = response->names ? resolve(resolution, &question) : DEPOSITARY_E_LIMIT;
    apart_clean_up(&resolution->apart);
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
