/*
 * DepositaryService as a client meets it, without a network: a Request goes into dispatch, the Answer is read, and all
 * that it proves is checked with the proof room, as PROTOCOL.md section 6 has it.
 */
#include "base/time.h"
#include "catalog/page_sums.h"
#include "depositary/v1/depositary.pb-c.h"
#include "library_maker.h"
#include "rpc/call.h"
#include "server/cache.h"
#include "server/server.h"
#include "server/shelf.h"
#include "text/quote.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array)  (sizeof(array) / sizeof *(array))
#define TIMEOUT_NS    60000000000u
#define METHOD(name)  "/depositary.v1.DepositaryService/" #name
#define REGISTER_TIME LIBRARY_THIRD

static struct library library;
static struct catalog *catalog;
static struct server server;
static struct arena calls;   /* of the last call */
static struct arena answers; /* of all answers of a test */
static struct fault fault;

static unsigned shelf_answers; /* that ended in what lay ready */

/* One with few places for all editions of a state. */
static struct shelf *crowded;
static struct hash crowded_root;

/* The last answer. */
static struct call_answer answer;

/* What its proofs are judged by: the state that was last carried. */
static struct checkpoint checkpoint;
static struct register_record the_register;

static void set_up(void) {
    library_begin(&library);
    ck_assert_int_eq(catalog_open(&catalog, "", library.maker.ledger, &fault), 0);
    ck_assert_msg(catalog_update(catalog, &fault) == 0, "%s", fault_text(&fault));
    server = (struct server){
        .policy = library.maker.policy, .origin = MAKER_ORIGIN, .ledger = library.maker.ledger, .catalog = catalog};
    arena_init(&calls, CALL_ARENA_MAX);
    arena_init(&answers, 256u * 1024 * 1024);
}

static void tear_down(void) {
    shelf_free(crowded);
    crowded = NULL;
    arena_free(&answers);
    arena_free(&calls);
    catalog_close(catalog);
    library_end(&library);
}

/* ---- calls */

/* Tells the shelf that the clause stands where the first one does, so that it guesses wrong. */
static void mislead(struct shelf *shelf, struct call *call, const Depositary__V1__GetClauseRequest *input) {
    const Depositary__V1__ClauseName *name = input->name;
    struct shelf_edition *edition = NULL;
    size_t line;
    if (!name)
        return;
    const struct edition_question question = {"", name->instrument, name->language, 0, NULL};
    if (!edition_line(call, &question, &line) || shelf_edition(shelf, call, line, &edition) || !edition)
        return;
    shelf_learn(edition, name->eid, 0);
    shelf_edition_release(edition);
}

static struct shelf *crowded_shelf(const struct ledger_state *state) {
    if (crowded == NULL || !hash_equal(&crowded_root, &state->root)) {
        shelf_free(crowded);
        ck_assert_int_eq(shelf_new(&crowded, 4096), 0);
        crowded_root = state->root;
    }
    return crowded;
}

/* The same answer to the byte comes of a shelf, be it empty or crowded, or guess right or wrong: its own bytes, then the pieces that it ends in. */
static void ask_with_shelf(const struct ledger_state *state, const Depositary__V1__GetClauseRequest *input,
                           struct bytes request, struct bytes expected) {
    struct shelf *shelf;
    ck_assert_int_eq(shelf_new(&shelf, 1u << 20), 0);
    for (int round = 0; round < 5; round++) {
        struct server_call context = {
            .server = &server, .state = state, .shelf = round < 3 ? shelf : crowded_shelf(state)};
        struct buffer answered;
        struct bytes message, response = {0};
        buffer_init(&answered, LIMIT_RESPONSE);
        arena_reset(&calls);
        struct call call = {.arena = &calls, .context = &context, .peer = "test"};
        if (round == 2)
            mislead(shelf, &call, input);
        status_clear(&call.status);
        call.status = (struct status){0};
        if (call_accept(&call, request, TIMEOUT_NS, &message) == STATUS_OK)
            call_handle(&call, &depositary_service, 1, message, &response);
        size_t tail_len = 0;
        for (size_t i = 0; i < ANSWER_TAIL_MAX && context.tail[i]; i++)
            tail_len += context.tail[i]->bytes.len;
        shelf_answers += tail_len > 0;
        ck_assert_int_eq(call_answer_begin(&answered, &call, response, tail_len), 0);
        struct answer *whole = answer_new(buffer_bytes(&answered), context.tail);
        uint8_t *copy = malloc(whole->len + 1);
        ck_assert_ptr_eq(answer_write(copy, whole), copy + whole->len);
        ck_assert(bytes_equal(bytes_of(copy, whole->len), expected));
        struct hash digest;
        seal_digest(&digest, expected);
        ck_assert(hash_equal(&digest, &whole->digest));
        free(copy);
        answer_release(whole);
        piece_release(context.tail[0]);
        piece_release(context.tail[1]);
        call_clean_up(&call);
        buffer_free(&answered);
    }
    shelf_free(shelf);
}

static const void *ask_state(const char *name, const ProtobufCMessage *input, const struct ledger_state *state) {
    const struct method *method = method_find(bytes_text(name));
    struct server_call context = {.server = &server, .state = state};
    struct buffer request, answered;
    ck_assert_ptr_nonnull(method);
    buffer_init(&request, LIMIT_REQUEST);
    buffer_init(&answered, LIMIT_RESPONSE);
    ck_assert_int_eq(call_print(&request, method, input, BYTES("0123456789abcdef"), 0, NULL), 0);
    arena_reset(&calls);
    struct call call = {.arena = &calls, .context = &context, .peer = "test"};
    ck_assert_int_eq(dispatch(&call, &depositary_service, 1, buffer_bytes(&request), TIMEOUT_NS, &answered), 0);
    ck_assert_int_eq(answered.error, 0);
    uint8_t *kept = arena_alloc(&answers, answered.len + 1);
    ck_assert_ptr_nonnull(kept);
    if (answered.len)
        memcpy(kept, answered.data, answered.len);
    if (strcmp(name, METHOD(GetClause)) == 0)
        ask_with_shelf(state, (const void *)input, buffer_bytes(&request), buffer_bytes(&answered));
    ck_assert_msg(answer_read(&answer, method, bytes_of(kept, answered.len), &answers, &fault) == 0, "%s",
                  fault_text(&fault));
    buffer_free(&request);
    buffer_free(&answered);
    return answer.message;
}

static const void *ask(const char *name, const ProtobufCMessage *input) {
    return ask_state(name, input, library.state);
}

static void assert_status(int code, const char *reason) {
    ck_assert_msg(answer.status.code == code, "%s %s: %s", status_name(answer.status.code), answer.status.reason,
                  answer.status.message);
    ck_assert_str_eq(answer.status.reason, reason);
}

#define assert_ok() assert_status(STATUS_OK, "")

static void assert_bad_field(const char *field) {
    ck_assert_msg(answer.status.code == STATUS_INVALID_ARGUMENT, "%s: %s", status_name(answer.status.code),
                  answer.status.message);
    ck_assert_str_eq(answer.status.field, field);
    ck_assert_ptr_null(answer.message);
}

static struct shelf_edition *guesser;

static void assert_guess(const char *eid, int64_t place) {
    uint64_t found = 0;
    bool is_guessed = shelf_guess(guesser, eid, &found);
    ck_assert_msg(is_guessed == (place >= 0) && (!is_guessed || found == (uint64_t)place), "%s: %d, %d", eid,
                  (int)is_guessed, (int)found);
}

START_TEST(places_are_guessed_by_numbers) {
    static struct shelf_edition edition;
    guesser = &edition;
    edition.found.record.clauses = 100;
    assert_guess("cl_5", -1);
    shelf_learn(&edition, "cl_5", 7); /* preface and preamble come first */
    assert_guess("cl_5", 7);
    assert_guess("cl_1", 3);
    assert_guess("cl_97", 99);
    assert_guess("cl_98", -1); /* past the end */
    assert_guess("art_5", -1);
    assert_guess("cl_5a", -1);
    assert_guess("preamble", -1);
    assert_guess("cl_9999999999", -1);
    shelf_learn(&edition, "att_1__art_50", 10);
    assert_guess("att_1__art_41", 1);
    assert_guess("att_1__art_39", -1); /* before the beginning */
    shelf_learn(&edition, "preamble", 1);
    shelf_learn(&edition, "cl_5", UINT64_MAX);
    assert_guess("cl_5", 7);
}
END_TEST

/* Requests. A field that is left out is empty. */
#define TEXT(text) ((char *)(uintptr_t)(text))

static const Depositary__V1__GetClauseResponse *get_clause(const char *instrument, const char *language,
                                                           uint32_t edition, const char *eid,
                                                           const Google__Protobuf__Timestamp *as_of) {
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Depositary__V1__GetClauseRequest input = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    name.instrument = TEXT(instrument);
    name.language = TEXT(language);
    name.edition = edition;
    name.eid = TEXT(eid);
    input.name = &name;
    input.as_of = (Google__Protobuf__Timestamp *)(uintptr_t)as_of;
    return ask(METHOD(GetClause), &input.base);
}

static Google__Protobuf__Timestamp time_at(int64_t seconds, int32_t nanos) {
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.seconds = seconds;
    time.nanos = nanos;
    return time;
}

/* ---- what a client checks */

static void read_path(struct merkle_path *out, size_t count, const ProtobufCBinaryData *hashes) {
    ck_assert_uint_le(count, LIMIT_PATH);
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(hashes[i].len, HASH_LEN);
        memcpy(out->hashes[i].bytes, hashes[i].data, HASH_LEN);
    }
}

static struct bytes bytes_field(ProtobufCBinaryData field) {
    return bytes_of(field.data, field.len);
}

static void assert_included(struct bytes entry, uint64_t index, uint64_t size, size_t count,
                            const ProtobufCBinaryData *hashes, const struct hash *root) {
    struct merkle_path path;
    struct hash leaf;
    read_path(&path, count, hashes);
    merkle_leaf_hash(&leaf, entry);
    ck_assert_int_eq(merkle_inclusion_check(&leaf, index, size, &path, root), 0);
}

static void assert_ledger(const Depositary__V1__LedgerState *ledger) {
    ck_assert_ptr_nonnull(ledger);
    ck_assert_int_eq(
        policy_verify_checkpoint(&checkpoint, library.maker.policy, bytes_text(ledger->checkpoint), &fault), 0);
    assert_included(bytes_field(ledger->register_record), checkpoint.size - 1, checkpoint.size, ledger->n_register_path,
                    ledger->register_path, &checkpoint.root);
    ck_assert_int_eq(register_record_parse(&the_register, bytes_field(ledger->register_record), &fault), 0);
}

static struct shown_line shown(const Depositary__V1__RegisterLine *line) {
    struct shown_line out = {.line = bytes_text(line->line), .index = line->index};
    read_path(&out.path, line->n_path, line->path);
    return out;
}

/* The edition lies in the ledger, and its register line speaks of it. */
static struct edition_record assert_edition(const Depositary__V1__EditionProof *proof, bool is_latest) {
    struct edition_record record;
    struct register_line line;
    struct hash leaf;
    assert_included(bytes_field(proof->record), proof->index, checkpoint.size, proof->n_path, proof->path,
                    &checkpoint.root);
    ck_assert_int_eq(edition_record_parse(&record, bytes_field(proof->record), &fault), 0);
    ck_assert_ptr_nonnull(proof->latest);
    const struct shown_line latest = shown(proof->latest);
    ck_assert_int_eq(register_line_check(&latest, &the_register), 0);
    ck_assert_int_eq(register_line_parse(&line, latest.line), 0);
    ck_assert(bytes_equal(line.instrument, record.instrument) && bytes_equal(line.language, record.language));
    merkle_leaf_hash(&leaf, bytes_field(proof->record));
    ck_assert(hash_equal(&leaf, &line.record) == is_latest);
    return record;
}

static void assert_absent(const char *words, size_t count, Depositary__V1__RegisterLine *const *lines) {
    struct shown_line shown_lines[2];
    ck_assert_uint_gt(count, 0);
    ck_assert_uint_le(count, 2);
    for (size_t i = 0; i < count; i++)
        shown_lines[i] = shown(lines[i]);
    ck_assert_int_eq(register_absence_check(bytes_text(words), shown_lines, count, &the_register), 0);
}

static void assert_span(const Depositary__V1__Span *span, const char *text) {
    if (span)
        ck_assert_uint_le((size_t)span->offset + span->length, strlen(text));
}

/* The record that is printed from the answer lies at its place; what is claimed lies inside the text. */
static void assert_clause(const Depositary__V1__CertifiedClause *certified, const struct edition_record *edition) {
    const Depositary__V1__Clause *clause = certified->clause;
    const struct clause_record record = {bytes_text(clause->instrument), bytes_text(clause->language),
                                         bytes_text(clause->eid), bytes_text(clause->text)};
    struct buffer printed;
    buffer_init(&printed, LIMIT_CLAUSE_RECORD);
    ck_assert_int_eq(clause_record_print(&printed, &record, &fault), 0);
    assert_included(buffer_bytes(&printed), certified->place, edition->clauses, certified->n_path, certified->path,
                    &edition->clauses_root);
    ck_assert(bytes_equal(record.instrument, edition->instrument));
    ck_assert(bytes_equal(record.language, edition->language));
    ck_assert_int_eq((int)clause->kind, (int)clause_kind_of(record.eid));
    assert_span(clause->number, clause->text);
    assert_span(clause->heading, clause->text);
    for (size_t i = 0; i < clause->n_provisions; i++) {
        ck_assert(eid_is_inside(bytes_text(clause->provisions[i]->eid), record.eid));
        assert_span(clause->provisions[i]->span, clause->text);
    }
    buffer_free(&printed);
}

/* ---- GetClause */

START_TEST(a_clause_is_proved_down_to_its_bytes) {
    struct library_edition edition = library_clauses(&library, library.pact_2);
    for (size_t i = 0; i < edition.count; i++) {
        const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", 0, edition.clauses[i].eid, NULL);
        assert_ok();
        assert_ledger(response->ledger);
        ck_assert_uint_eq(response->n_editions, 1);
        const struct edition_record record = assert_edition(response->editions[0], true);
        ck_assert_uint_eq(record.edition, 2);
        assert_clause(response->clause, &record);
        ck_assert_uint_eq(response->clause->place, i);
        ck_assert_str_eq(response->clause->clause->eid, edition.clauses[i].eid);
        ck_assert_str_eq(response->clause->clause->text, edition.clauses[i].text);
        ck_assert_ptr_null(response->provision);
        ck_assert_uint_eq(response->n_absence, 0);
    }
    ck_assert_uint_gt(shelf_answers, 0);
}
END_TEST

/* Places on the shelf are fewer than editions. What each answer must be is seen in ask_with_shelf. */
START_TEST(editions_are_not_taken_for_each_other_on_the_shelf) {
    const struct register_lines *lines = library.state->lines;
    unsigned editions = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < register_lines_count(lines); i++) {
            struct register_line line;
            char instrument[LIMIT_INSTRUMENT + 1], language[LIMIT_LANGUAGE + 1];
            ck_assert_int_eq(register_line_parse(&line, register_lines_line(lines, i)), 0);
            if (line.instrument.len == 0)
                continue;
            snprintf(instrument, sizeof instrument, "%.*s", (int)line.instrument.len, line.instrument.data);
            snprintf(language, sizeof language, "%.*s", (int)line.language.len, line.language.data);
            get_clause(instrument, language, 0, "cl_1", NULL);
            editions++;
        }
    }
    ck_assert_uint_gt(editions, 2 * 4);
}
END_TEST

START_TEST(a_held_state_is_not_sent_again) {
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Depositary__V1__GetClauseRequest input = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    name.instrument = TEXT("pact");
    name.eid = TEXT("cl_1");
    input.name = &name;
    input.known_ledger_size = library.state->size;
    const Depositary__V1__GetClauseResponse *response = ask(METHOD(GetClause), &input.base);
    assert_ok();
    ck_assert_ptr_null(response->ledger);
    input.known_ledger_size = library.state->size - 1;
    response = ask(METHOD(GetClause), &input.base);
    assert_ledger(response->ledger);
}
END_TEST

START_TEST(an_old_edition_is_shown_as_old) {
    const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", 1, "cl_2", NULL);
    assert_ok();
    assert_ledger(response->ledger);
    ck_assert_uint_eq(response->n_editions, 1);
    const struct edition_record record = assert_edition(response->editions[0], false);
    ck_assert_uint_eq(record.edition, 1);
    assert_clause(response->clause, &record);
    ck_assert_ptr_nonnull(strstr(response->clause->clause->text, "oil"));
}
END_TEST

START_TEST(a_provision_finds_its_clause) {
    const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", 0, "cl_2", NULL);
    const Depositary__V1__Clause *clause = response->clause->clause;
    ck_assert_uint_gt(clause->n_provisions, 0);
    for (size_t i = 0; i < clause->n_provisions; i++) {
        const char *eid = clause->provisions[i]->eid;
        response = get_clause("pact", "en", 0, eid, NULL);
        assert_ok();
        ck_assert_str_eq(response->clause->clause->eid, "cl_2");
        ck_assert_str_eq(response->provision->eid, eid);
        assert_span(response->provision->span, response->clause->clause->text);
        ck_assert_uint_gt(response->provision->span->length, 0);
    }
}
END_TEST

START_TEST(an_unknown_eid_shows_the_edition_that_was_looked_in) {
    const char *const unknown[] = {"cl_4", "cl_2__p_99", "cl_99__p_1", "preface__p_1", "cl", "CL_1"};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", 0, unknown[i], NULL);
        assert_status(STATUS_NOT_FOUND, "");
        assert_ledger(response->ledger);
        ck_assert_ptr_null(response->clause);
        ck_assert_ptr_null(response->provision);
        ck_assert_uint_eq(response->n_editions, 1);
        ck_assert_uint_eq(assert_edition(response->editions[0], true).edition, 2);
    }
}
END_TEST

START_TEST(an_unknown_instrument_is_proved_absent) {
    const char *const unknown[] = {"a", "pac", "pact-2", "zzz", "0"};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        char words[128];
        const Depositary__V1__GetClauseResponse *response = get_clause(unknown[i], "", 0, "cl_1", NULL);
        assert_status(STATUS_NOT_FOUND, "");
        assert_ledger(response->ledger);
        snprintf(words, sizeof words, "edition %s ", unknown[i]);
        assert_absent(words, response->n_absence, response->absence);
        ck_assert_uint_eq(response->n_editions, 0);
        ck_assert_ptr_null(response->clause);
    }
}
END_TEST

START_TEST(an_unknown_language_is_proved_absent) {
    const char *const unknown[] = {"az", "e", "en-GB", "zh", "zh-Hant"};
    for (size_t i = 1; i < COUNT(unknown); i++) {
        char words[128];
        if (!language_valid(bytes_text(unknown[i])))
            continue;
        const Depositary__V1__GetClauseResponse *response = get_clause("accord", unknown[i], 0, "art_1", NULL);
        assert_status(STATUS_NOT_FOUND, "");
        assert_ledger(response->ledger);
        snprintf(words, sizeof words, "edition accord %s ", unknown[i]);
        assert_absent(words, response->n_absence, response->absence);
    }
}
END_TEST

START_TEST(an_unknown_edition_shows_the_latest) {
    const uint32_t unknown[] = {3, 4, UINT32_MAX};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", unknown[i], "cl_1", NULL);
        assert_status(STATUS_NOT_FOUND, "");
        assert_ledger(response->ledger);
        ck_assert_uint_eq(response->n_editions, 1);
        ck_assert_uint_eq(assert_edition(response->editions[0], true).edition, 2);
        ck_assert_ptr_null(response->clause);
    }
}
END_TEST

/* ---- languages */

START_TEST(the_only_authentic_text_is_chosen) {
    const Depositary__V1__GetClauseResponse *response = get_clause("accord", "", 0, "art_1", NULL);
    assert_ok();
    ck_assert_str_eq(response->clause->clause->language, "zh-Hans");
}
END_TEST

START_TEST(the_only_text_is_chosen) {
    const Depositary__V1__GetClauseResponse *response = get_clause("pact", "", 0, "cl_1", NULL);
    assert_ok();
    ck_assert_str_eq(response->clause->clause->language, "en");
}
END_TEST

START_TEST(several_authentic_texts_are_listed) {
    const Depositary__V1__GetClauseResponse *response = get_clause("twin", "", 0, "cl_1", NULL);
    assert_status(STATUS_FAILED_PRECONDITION, "LANGUAGE");
    ck_assert_ptr_null(response);
    ck_assert_ptr_nonnull(strstr(answer.status.message, "en, fr"));
}
END_TEST

/* ---- times */

START_TEST(as_of_answers_from_the_edition_of_then_and_shows_its_successor) {
    Google__Protobuf__Timestamp time = time_at(LIBRARY_SECOND - 1, 999999999);
    const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", 0, "cl_2", &time);
    assert_ok();
    assert_ledger(response->ledger);
    ck_assert_uint_eq(response->n_editions, 2);
    const struct edition_record record = assert_edition(response->editions[0], false);
    const struct edition_record successor = assert_edition(response->editions[1], true);
    struct hash leaf;
    ck_assert_uint_eq(record.edition, 1);
    ck_assert_int_le(record.deposited_at, time.seconds);
    assert_clause(response->clause, &record);
    merkle_leaf_hash(&leaf, bytes_field(response->editions[0]->record));
    ck_assert(successor.has_previous && hash_equal(&successor.previous, &leaf));
    ck_assert_int_gt(successor.deposited_at, time.seconds);
}
END_TEST

START_TEST(as_of_the_latest_shows_no_successor) {
    const int64_t times[] = {LIBRARY_SECOND, LIBRARY_SECOND + 1, REGISTER_TIME};
    for (size_t i = 0; i < COUNT(times); i++) {
        Google__Protobuf__Timestamp time = time_at(times[i], 0);
        const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", 0, "cl_2", &time);
        assert_ok();
        ck_assert_uint_eq(response->n_editions, 1);
        assert_ledger(response->ledger);
        ck_assert_uint_eq(assert_edition(response->editions[0], true).edition, 2);
    }
}
END_TEST

START_TEST(as_of_before_the_first_edition_shows_the_first) {
    const int64_t times[] = {LIBRARY_FIRST - 1, 0, -1, INT64_MIN};
    for (size_t i = 0; i < COUNT(times); i++) {
        Google__Protobuf__Timestamp time = time_at(times[i], 0);
        const Depositary__V1__GetClauseResponse *response = get_clause("pact", "en", 0, "cl_2", &time);
        assert_status(STATUS_NOT_FOUND, "");
        assert_ledger(response->ledger);
        ck_assert_uint_eq(response->n_editions, 1);
        const struct edition_record record = assert_edition(response->editions[0], false);
        ck_assert_uint_eq(record.edition, 1);
        ck_assert_int_gt(record.deposited_at, time.seconds);
        ck_assert_ptr_null(response->clause);
    }
}
END_TEST

START_TEST(as_of_after_the_register_is_too_late) {
    const Google__Protobuf__Timestamp times[] = {time_at(REGISTER_TIME, 1), time_at(REGISTER_TIME + 1, 0),
                                                 time_at(INT64_MAX, 0)};
    for (size_t i = 0; i < COUNT(times); i++) {
        get_clause("pact", "en", 0, "cl_2", &times[i]);
        assert_status(STATUS_FAILED_PRECONDITION, "AS_OF_TOO_LATE");
        ck_assert_ptr_null(answer.message);
    }
}
END_TEST

/* ---- withdrawals */

START_TEST(a_withdrawn_text_is_refused_with_its_proof) {
    const Google__Protobuf__Timestamp time = time_at(LIBRARY_THIRD, 0);
    for (size_t i = 0; i < 2; i++) {
        const Depositary__V1__GetClauseResponse *response = get_clause("gone", "en", 0, "cl_1", i ? &time : NULL);
        assert_status(STATUS_FAILED_PRECONDITION, "WITHDRAWN");
        assert_ledger(response->ledger);
        ck_assert_uint_eq(response->n_editions, 1);
        const struct edition_record record = assert_edition(response->editions[0], true);
        ck_assert_int_eq(record.act, ACT_WITHDRAWAL);
        ck_assert_ptr_null(response->clause);
    }
}
END_TEST

START_TEST(a_withdrawn_text_is_there_by_edition_and_time) {
    const Google__Protobuf__Timestamp time = time_at(LIBRARY_THIRD - 1, 0);
    const Depositary__V1__GetClauseResponse *response = get_clause("gone", "en", 1, "cl_1", NULL);
    assert_ok();
    ck_assert_ptr_nonnull(strstr(response->clause->clause->text, "whales"));
    response = get_clause("gone", "en", 0, "cl_1", &time);
    assert_ok();
    ck_assert_uint_eq(response->n_editions, 2);
    get_clause("gone", "en", 2, "cl_1", NULL);
    assert_status(STATUS_NOT_FOUND, "");
}
END_TEST

/* ---- arguments */

START_TEST(bad_names_are_refused_by_field) {
    const Google__Protobuf__Timestamp time = time_at(LIBRARY_SECOND, 0);
    const Google__Protobuf__Timestamp bad_nanos[] = {time_at(LIBRARY_SECOND, -1), time_at(LIBRARY_SECOND, 1000000000)};
    Depositary__V1__GetClauseRequest nameless = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    get_clause("", "", 0, "cl_1", NULL);
    assert_bad_field("name.instrument");
    get_clause("Pact", "", 0, "cl_1", NULL);
    assert_bad_field("name.instrument");
    get_clause("pact en 2", "", 0, "cl_1", NULL);
    assert_bad_field("name.instrument");
    get_clause("pact", "EN", 0, "cl_1", NULL);
    assert_bad_field("name.language");
    get_clause("pact", "en fr", 0, "cl_1", NULL);
    assert_bad_field("name.language");
    get_clause("pact", "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee", 0, "cl_1", NULL);
    assert_bad_field("name.language");
    get_clause("pact", "en", 0, "", NULL);
    assert_bad_field("name.eid");
    get_clause("pact", "en", 0, "cl 1", NULL);
    assert_bad_field("name.eid");
    get_clause("pact", "en", 1, "cl_1", &time);
    assert_bad_field("as_of");
    get_clause("pact", "en", 0, "cl_1", &bad_nanos[0]);
    assert_bad_field("as_of");
    get_clause("pact", "en", 0, "cl_1", &bad_nanos[1]);
    assert_bad_field("as_of");
    ask(METHOD(GetClause), &nameless.base);
    assert_bad_field("name");
}
END_TEST

START_TEST(an_index_that_lags_asks_to_try_again) {
    const struct maker_clause clause = {"cl_1", "1. New.\n"};
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "new", .clauses = &clause, .clauses_count = 1});
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Depositary__V1__GetClauseRequest input = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    name.instrument = TEXT("new");
    name.eid = TEXT("cl_1");
    input.name = &name;
    ask_state(METHOD(GetClause), &input.base, state);
    assert_status(STATUS_UNAVAILABLE, "INDEXING");
    ck_assert_int_gt(answer.status.retry_delay_ms, 0);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    ask_state(METHOD(GetClause), &input.base, state);
    assert_ok();
    ledger_state_release(state);
}
END_TEST

/* ---- ListInstruments */

/* Reads all pages of that size; rows are consecutive lines of the register, each proved. Returns how many. */
static size_t list_all(int32_t page_size, size_t *pages) {
    Depositary__V1__ListInstrumentsRequest input = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    size_t rows = 0;
    input.page_size = page_size;
    for (*pages = 1;; ++*pages) {
        const Depositary__V1__ListInstrumentsResponse *response = ask(METHOD(ListInstruments), &input.base);
        assert_ok();
        assert_ledger(response->ledger);
        ck_assert_uint_eq(response->n_instruments, response->n_editions);
        for (size_t i = 0; i < response->n_instruments; i++, rows++) {
            const Depositary__V1__Instrument *row = response->instruments[i];
            const struct edition_record record = assert_edition(response->editions[i], true);
            ck_assert_uint_eq(response->editions[i]->latest->index, rows);
            ck_assert(bytes_equal(bytes_text(row->instrument), record.instrument));
            ck_assert(bytes_equal(bytes_text(row->language), record.language));
            ck_assert(bytes_equal(bytes_text(row->title), record.title));
            ck_assert(bytes_equal(bytes_text(row->remark), record.remark));
            ck_assert_str_eq(row->act, edition_act_text(record.act));
            ck_assert_uint_eq(row->clauses, record.clauses);
        }
        if (!response->next_page_token[0]) {
            const struct shown_line end = shown(response->end);
            ck_assert_int_eq(register_line_check(&end, &the_register), 0);
            ck_assert_uint_eq(end.index, rows);
            ck_assert(bytes_starts_with(end.line, BYTES("key ")));
            return rows;
        }
        ck_assert_ptr_null(response->end);
        ck_assert_uint_eq(response->n_instruments, (size_t)page_size);
        input.page_token = response->next_page_token;
    }
}

START_TEST(instruments_are_listed_in_the_registers_order_to_its_end) {
    size_t pages = 0;
    ck_assert_uint_eq(list_all(0, &pages), 6);
    ck_assert_uint_eq(pages, 1);
    ck_assert_uint_eq(list_all(1, &pages), 6);
    ck_assert_uint_eq(pages, 6);
    ck_assert_uint_eq(list_all(4, &pages), 6);
    ck_assert_uint_eq(pages, 2);
    ck_assert_uint_eq(list_all(INT32_MAX, &pages), 6);
}
END_TEST

/* ---- page tokens */

static const char *page_token(int32_t page_size) {
    Depositary__V1__ListInstrumentsRequest input = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    input.page_size = page_size;
    const Depositary__V1__ListInstrumentsResponse *response = ask(METHOD(ListInstruments), &input.base);
    assert_ok();
    ck_assert_ptr_nonnull(response);
    return response->next_page_token;
}

static void list_with(const char *token) {
    Depositary__V1__ListInstrumentsRequest input = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    input.page_token = TEXT(token);
    ask(METHOD(ListInstruments), &input.base);
}

START_TEST(made_up_tokens_are_refused) {
    const char *const tokens[] = {"x",
                                  ".",
                                  "...",
                                  "1.2.3.4",
                                  "-1.0.0.0000000000000000",
                                  "99999999999999999999.0.0.00",
                                  "1.0.0.00000000000000000",
                                  "1.0.0.000000000000000g",
                                  " "};
    for (size_t i = 0; i < COUNT(tokens); i++) {
        list_with(tokens[i]);
        assert_bad_field("page_token");
    }
    char longer[256];
    snprintf(longer, sizeof longer, "%s0", page_token(1));
    list_with(longer);
    assert_bad_field("page_token");
    memset(longer, '1', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    list_with(longer);
    assert_bad_field("page_token");
}
END_TEST

START_TEST(a_token_of_another_question_is_refused) {
    Depositary__V1__ListClausesRequest clauses = DEPOSITARY__V1__LIST_CLAUSES_REQUEST__INIT;
    clauses.instrument = TEXT("pact");
    clauses.page_token = TEXT(page_token(1));
    ask(METHOD(ListClauses), &clauses.base);
    assert_bad_field("page_token");
    clauses.page_token = TEXT("");
    clauses.page_size = 2;
    const Depositary__V1__ListClausesResponse *response = ask(METHOD(ListClauses), &clauses.base);
    assert_ok();
    clauses.page_token = response->next_page_token;
    clauses.edition = 1;
    ask(METHOD(ListClauses), &clauses.base);
    assert_bad_field("page_token");
    clauses.edition = 0;
    clauses.page_size = 3; /* another size of page is the same question */
    ask(METHOD(ListClauses), &clauses.base);
    assert_ok();
}
END_TEST

START_TEST(a_token_of_another_ledger_size_has_expired) {
    const char *token = page_token(1);
    Depositary__V1__ListInstrumentsRequest input = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    input.page_token = TEXT(token);
    ask_state(METHOD(ListInstruments), &input.base, library.before);
    assert_status(STATUS_FAILED_PRECONDITION, "PAGE_EXPIRED");
}
END_TEST

START_TEST(a_negative_page_size_is_refused) {
    Depositary__V1__ListInstrumentsRequest input = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    input.page_size = -1;
    ask(METHOD(ListInstruments), &input.base);
    ck_assert_int_eq(answer.status.code, STATUS_INVALID_ARGUMENT);
}
END_TEST

/* ---- GetInstrument */

START_TEST(an_outline_rebuilds_its_edition) {
    Depositary__V1__GetInstrumentRequest input = DEPOSITARY__V1__GET_INSTRUMENT_REQUEST__INIT;
    struct library_edition edition = library_clauses(&library, library.pact_2);
    for (int32_t page_size = 0; page_size <= 7; page_size++) {
        struct merkle_edge edge;
        struct hash root;
        struct edition_record record;
        size_t rows = 0;
        merkle_edge_init(&edge);
        input.instrument = TEXT("pact");
        input.page_size = page_size;
        input.page_token = TEXT("");
        do {
            const Depositary__V1__GetInstrumentResponse *response = ask(METHOD(GetInstrument), &input.base);
            assert_ok();
            assert_ledger(response->ledger);
            record = assert_edition(response->editions[0], true);
            ck_assert_uint_eq(response->instrument->edition, 2);
            ck_assert_str_eq(response->instrument->authenticity, "authentic");
            for (size_t i = 0; i < response->n_outline; i++, rows++) {
                struct hash leaf;
                ck_assert_uint_eq(response->outline[i]->place, rows);
                ck_assert_str_eq(response->outline[i]->eid, edition.clauses[rows].eid);
                ck_assert_uint_eq(response->outline[i]->length, strlen(edition.clauses[rows].text));
                memcpy(leaf.bytes, response->outline[i]->leaf_hash.data, HASH_LEN);
                ck_assert_int_eq(merkle_edge_append(&edge, &leaf, NULL, NULL), 0);
            }
            input.page_token = response->next_page_token;
        } while (input.page_token[0]);
        ck_assert_uint_eq(rows, edition.count);
        merkle_edge_root(&root, &edge);
        ck_assert(hash_equal(&root, &record.clauses_root));
    }
}
END_TEST

START_TEST(an_instrument_that_is_not_there_is_proved_absent) {
    Depositary__V1__GetInstrumentRequest input = DEPOSITARY__V1__GET_INSTRUMENT_REQUEST__INIT;
    input.instrument = TEXT("nothing");
    const Depositary__V1__GetInstrumentResponse *response = ask(METHOD(GetInstrument), &input.base);
    assert_status(STATUS_NOT_FOUND, "");
    assert_ledger(response->ledger);
    assert_absent("edition nothing ", response->n_absence, response->absence);
    ck_assert_ptr_null(response->instrument);
}
END_TEST

START_TEST(a_withdrawal_by_its_number_has_an_empty_outline) {
    Depositary__V1__GetInstrumentRequest input = DEPOSITARY__V1__GET_INSTRUMENT_REQUEST__INIT;
    input.instrument = TEXT("gone");
    input.edition = 2;
    const Depositary__V1__GetInstrumentResponse *response = ask(METHOD(GetInstrument), &input.base);
    assert_ok();
    ck_assert_str_eq(response->instrument->act, "withdrawal");
    ck_assert_uint_eq(response->n_outline, 0);
    ck_assert_str_eq(response->next_page_token, "");
}
END_TEST

/* ---- ListClauses */

START_TEST(clauses_are_listed_in_order_each_proved) {
    Depositary__V1__ListClausesRequest input = DEPOSITARY__V1__LIST_CLAUSES_REQUEST__INIT;
    struct library_edition edition = library_clauses(&library, library.pact_1);
    for (uint64_t from = 0; from <= edition.count; from++) {
        uint64_t place = from;
        input.instrument = TEXT("pact");
        input.edition = 1;
        input.from_place = from;
        input.page_size = 3;
        input.page_token = TEXT("");
        do {
            const Depositary__V1__ListClausesResponse *response = ask(METHOD(ListClauses), &input.base);
            assert_ok();
            assert_ledger(response->ledger);
            const struct edition_record record = assert_edition(response->editions[0], false);
            for (size_t i = 0; i < response->n_clauses; i++, place++) {
                ck_assert_uint_eq(response->clauses[i]->place, place);
                ck_assert_str_eq(response->clauses[i]->clause->text, edition.clauses[place].text);
                assert_clause(response->clauses[i], &record);
            }
            input.page_token = response->next_page_token;
        } while (input.page_token[0]);
        ck_assert_uint_eq(place, edition.count);
    }
    input.from_place = edition.count + 1;
    ask(METHOD(ListClauses), &input.base);
    assert_status(STATUS_OUT_OF_RANGE, "");
    input.from_place = UINT64_MAX;
    ask(METHOD(ListClauses), &input.base);
    assert_status(STATUS_OUT_OF_RANGE, "");
}
END_TEST

START_TEST(a_list_of_large_clauses_is_cut_at_the_largest_response) {
    static char text[LIMIT_CLAUSE_TEXT + 1];
    struct maker_clause clauses[8];
    static const char *const eids[] = {"cl_1", "cl_2", "cl_3", "cl_4", "cl_5", "cl_6", "cl_7", "cl_8"};
    Depositary__V1__ListClausesRequest input = DEPOSITARY__V1__LIST_CLAUSES_REQUEST__INIT;
    memset(text, 'x', LIMIT_CLAUSE_TEXT);
    for (size_t i = 0; i < COUNT(clauses); i++)
        clauses[i] = (struct maker_clause){eids[i], text};
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "large", .clauses = clauses, .clauses_count = 8});
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    uint64_t place = 0;
    input.instrument = TEXT("large");
    do {
        const Depositary__V1__ListClausesResponse *response = ask_state(METHOD(ListClauses), &input.base, state);
        assert_ok();
        ck_assert_uint_le(protobuf_c_message_get_packed_size(&response->base), LIMIT_RESPONSE - 64u * 1024);
        ck_assert_uint_ge(response->n_clauses, 2);
        for (size_t i = 0; i < response->n_clauses; i++)
            ck_assert_uint_eq(response->clauses[i]->place, place++);
        input.page_token = response->next_page_token;
    } while (input.page_token[0]);
    ck_assert_uint_eq(place, 8);
    ledger_state_release(state);
}
END_TEST

/* ---- SearchClauses */

static const Depositary__V1__SearchClausesResponse *search(const char *query, const char *instrument, uint32_t edition,
                                                           const Google__Protobuf__Timestamp *as_of) {
    Depositary__V1__SearchClausesRequest input = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    input.query = TEXT(query);
    input.instrument = TEXT(instrument);
    input.edition = edition;
    input.as_of = (Google__Protobuf__Timestamp *)(uintptr_t)as_of;
    return ask(METHOD(SearchClauses), &input.base);
}

/* Every hit is a proved clause of an edition that is there once. */
static void assert_hits(const Depositary__V1__SearchClausesResponse *response) {
    assert_ledger(response->ledger);
    ck_assert_uint_le(response->searched_ledger_size, checkpoint.size);
    for (size_t i = 0; i < response->n_hits; i++) {
        const Depositary__V1__CertifiedClause *clause = response->hits[i]->clause;
        struct edition_record record;
        ck_assert_uint_lt(clause->edition, response->n_editions);
        ck_assert_int_eq(
            edition_record_parse(&record, bytes_field(response->editions[clause->edition]->record), &fault), 0);
        assert_clause(clause, &record);
        ck_assert_uint_gt(response->hits[i]->n_matches, 0);
        for (size_t k = 0; k < response->hits[i]->n_matches; k++)
            assert_span(response->hits[i]->matches[k], clause->clause->text);
    }
    for (size_t i = 0; i < response->n_editions; i++) {
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_ne(response->editions[i]->index, response->editions[k]->index);
    }
}

START_TEST(hits_are_proved_clauses) {
    const Depositary__V1__SearchClausesResponse *response = search("signature OR friendship", "", 0, NULL);
    assert_ok();
    assert_hits(response);
    ck_assert_uint_eq(response->total, 4);
    ck_assert_uint_eq(response->n_hits, 4);
    ck_assert_uint_eq(response->n_editions, 2);
    ck_assert_str_eq(response->next_page_token, "");
    response = search("parties", "pact", 0, NULL);
    assert_hits(response);
    ck_assert_uint_eq(response->total, 3);
    ck_assert_uint_eq(response->n_editions, 1);
}
END_TEST

START_TEST(search_pages_go_on) {
    Depositary__V1__SearchClausesRequest input = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    size_t hits = 0;
    input.query = TEXT("signature OR friendship");
    input.page_size = 1;
    do {
        const Depositary__V1__SearchClausesResponse *response = ask(METHOD(SearchClauses), &input.base);
        assert_ok();
        assert_hits(response);
        ck_assert_uint_eq(response->total, 4);
        ck_assert_uint_eq(response->n_hits, 1);
        hits++;
        input.page_token = response->next_page_token;
    } while (input.page_token[0]);
    ck_assert_uint_eq(hits, 4);
}
END_TEST

START_TEST(search_as_of_shows_successors) {
    const Google__Protobuf__Timestamp time = time_at(LIBRARY_SECOND - 1, 0);
    for (size_t i = 0; i < 2; i++) {
        const Depositary__V1__SearchClausesResponse *response = search("oil", i ? "pact" : "", 0, &time);
        assert_ok();
        assert_hits(response);
        ck_assert_uint_eq(response->total, 1);
        ck_assert_uint_eq(response->n_editions, 2);
        assert_edition(response->editions[0], false);
        assert_edition(response->editions[1], true);
    }
}
END_TEST

START_TEST(search_refuses_what_it_cannot_answer) {
    const Google__Protobuf__Timestamp time = time_at(LIBRARY_SECOND - 1, 0);
    const Google__Protobuf__Timestamp late = time_at(REGISTER_TIME + 1, 0);
    Depositary__V1__SearchClausesRequest input = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    search("", "", 0, NULL);
    assert_bad_field("query");
    search("a AND", "", 0, NULL);
    assert_bad_field("query");
    search("a", "Bad Name", 0, NULL);
    assert_bad_field("instrument");
    search("a", "", 1, &time);
    assert_bad_field("as_of");
    search("a", "", 0, &late);
    assert_status(STATUS_FAILED_PRECONDITION, "AS_OF_TOO_LATE");
    search("a", "nothing", 0, NULL);
    assert_status(STATUS_NOT_FOUND, "");
    search("a", "twin", 0, NULL);
    assert_status(STATUS_FAILED_PRECONDITION, "LANGUAGE");
    const Depositary__V1__SearchClausesResponse *response = search("whales", "gone", 0, NULL);
    assert_status(STATUS_FAILED_PRECONDITION, "WITHDRAWN");
    ck_assert_uint_eq(response->n_editions, 1);
    ck_assert_uint_eq(response->n_hits, 0);
    input.query = TEXT("a");
    input.kind = (Depositary__V1__ClauseKind)9;
    ask(METHOD(SearchClauses), &input.base);
    assert_bad_field("kind");
}
END_TEST

/* ---- CheckQuote */

static const Depositary__V1__CheckQuoteResponse *check_quote(const char *quote, const char *instrument,
                                                             uint32_t edition) {
    Depositary__V1__CheckQuoteRequest input = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    input.quote = TEXT(quote);
    input.instrument = TEXT(instrument);
    input.edition = edition;
    return ask(METHOD(CheckQuote), &input.base);
}

/* As a client judges a verdict: from the proved texts alone. */
static void assert_matches(const Depositary__V1__CheckQuoteResponse *response, const char *quote) {
    assert_ledger(response->ledger);
    for (size_t i = 0; i < response->n_matches; i++) {
        const Depositary__V1__QuoteMatch *match = response->matches[i];
        struct edition_record record;
        struct buffer text;
        unsigned folds = 0;
        bool is_equal = false;
        buffer_init(&text, 8u * 1024 * 1024);
        ck_assert_uint_gt(match->n_clauses, 0);
        for (size_t k = 0; k < match->n_clauses; k++) {
            const Depositary__V1__CertifiedClause *clause = match->clauses[k];
            ck_assert_uint_eq(clause->edition, match->clauses[0]->edition);
            ck_assert_uint_eq(clause->place, match->clauses[0]->place + k);
            ck_assert_int_eq(
                edition_record_parse(&record, bytes_field(response->editions[clause->edition]->record), &fault), 0);
            assert_clause(clause, &record);
            buffer_append_text(&text, clause->clause->text);
        }
        const struct span span = {match->span->offset, match->span->length};
        ck_assert_uint_le((size_t)span.offset + span.length, text.len);
        ck_assert_uint_lt(span.offset, strlen(match->clauses[0]->clause->text));
        for (size_t k = 0; k < match->n_folds; k++)
            folds |= fold_parse(bytes_text(match->folds[k]));
        ck_assert_int_eq(quote_equal(&is_equal, bytes_text(quote), buffer_bytes(&text), span, folds), 0);
        ck_assert(is_equal == (response->verdict != DEPOSITARY__V1__QUOTE_VERDICT__QUOTE_VERDICT_DIFFERS));
        ck_assert((folds != 0) == (response->verdict == DEPOSITARY__V1__QUOTE_VERDICT__QUOTE_VERDICT_FOLDED));
        for (size_t k = 0; k < match->n_differences; k++) {
            const Depositary__V1__Difference *difference = match->differences[k];
            ck_assert_uint_le((size_t)difference->quote->offset + difference->quote->length, strlen(quote));
            ck_assert_uint_ge(difference->text->offset, span.offset);
            ck_assert_uint_le((size_t)difference->text->offset + difference->text->length,
                              (size_t)span.offset + span.length);
        }
        buffer_free(&text);
    }
}

static const Depositary__V1__CheckQuoteResponse *assert_verdict(const char *quote, const char *instrument,
                                                                int verdict) {
    const Depositary__V1__CheckQuoteResponse *response = check_quote(quote, instrument, 0);
    assert_ok();
    ck_assert_msg((int)response->verdict == verdict, "%s: %d", quote, (int)response->verdict);
    ck_assert((response->n_matches > 0) == (verdict != VERDICT_NOT_FOUND));
    ck_assert_uint_ge(response->total, response->n_matches);
    assert_matches(response, quote);
    return response;
}

START_TEST(verbatim_quotes_are_found_everywhere) {
    const Depositary__V1__CheckQuoteResponse *response;
    assert_verdict("wind and solar power", "pact", VERDICT_VERBATIM);
    assert_verdict("wind and solar power", "", VERDICT_VERBATIM);
    assert_verdict("rtie", "pact", VERDICT_VERBATIM);
    assert_verdict(";\n(b)", "pact", VERDICT_VERBATIM);
    assert_verdict("\xE2\x80\x9C", "", VERDICT_VERBATIM);
    assert_verdict("\xE8\x83\xBD\xE6\xBA\x90", "", VERDICT_VERBATIM);
    response = assert_verdict("friendship", "pact", VERDICT_VERBATIM);
    ck_assert_uint_eq(response->total, 2);
    response = assert_verdict("e", "pact", VERDICT_VERBATIM);
    ck_assert_uint_gt(response->total, 40);
}
END_TEST

START_TEST(a_quote_over_two_clauses_names_both) {
    const Depositary__V1__CheckQuoteResponse *response =
        assert_verdict("solar power.\n\n3. Disputes are", "pact", VERDICT_VERBATIM);
    ck_assert_uint_eq(response->n_matches, 1);
    ck_assert_uint_eq(response->matches[0]->n_clauses, 2);
    ck_assert_str_eq(response->matches[0]->clauses[0]->clause->eid, "cl_2");
    response = assert_verdict("signature.\n\nDone", "pact", VERDICT_VERBATIM);
    ck_assert_uint_eq(response->matches[0]->n_clauses, 2);
}
END_TEST

/* Every slice of the joined text, cut anywhere, is verbatim. */
START_TEST(every_slice_of_an_edition_is_verbatim) {
    struct library_edition edition = library_clauses(&library, library.pact_2);
    struct buffer joined;
    unsigned tried = 0;
    buffer_init(&joined, 64 * 1024);
    for (size_t i = 0; i < edition.count; i++)
        buffer_append_text(&joined, edition.clauses[i].text);
    srand(7);
    while (tried < 150) {
        size_t start = (size_t)rand() % joined.len;
        size_t len = 1 + (size_t)rand() % 160;
        if (start + len > joined.len || (joined.data[start] & 0xC0) == 0x80 ||
            (start + len < joined.len && (joined.data[start + len] & 0xC0) == 0x80))
            continue;
        char quote[256];
        memcpy(quote, joined.data + start, len);
        quote[len] = '\0';
        assert_verdict(quote, tried % 2 ? "pact" : "", VERDICT_VERBATIM);
        arena_reset(&answers);
        tried++;
    }
    buffer_free(&joined);
}
END_TEST

START_TEST(folded_quotes_name_their_folds) {
    const Depositary__V1__CheckQuoteResponse *response =
        assert_verdict("the \"Contracting Parties\".", "pact", VERDICT_FOLDED);
    ck_assert_uint_eq(response->matches[0]->n_folds, 1);
    ck_assert_str_eq(response->matches[0]->folds[0], "quotes");
    assert_verdict("WIND AND SOLAR POWER", "pact", VERDICT_FOLDED);
    assert_verdict("in hydrogen; (b) in wind", "pact", VERDICT_FOLDED);
    assert_verdict("The Parties [...] solar power", "pact", VERDICT_FOLDED);
}
END_TEST

START_TEST(changed_quotes_differ_where_they_were_changed) {
    const Depositary__V1__CheckQuoteResponse *response =
        assert_verdict("Disputes are settled by friendly negotiations.", "pact", VERDICT_DIFFERS);
    ck_assert_uint_eq(response->n_matches, 1);
    ck_assert_uint_gt(response->matches[0]->n_differences, 0);
    ck_assert_str_eq(response->matches[0]->clauses[0]->clause->eid, "cl_3");
    /* The words that it is looked for by are all there, and the one that is not stands before them. */
    response = assert_verdict("Quarrels are settled by friendly consultations.", "pact", VERDICT_DIFFERS);
    ck_assert_uint_eq(response->n_matches, 1);
    ck_assert_uint_eq(response->total, 1);
    ck_assert_uint_eq(response->matches[0]->n_differences, 1);
    ck_assert_uint_eq(response->matches[0]->differences[0]->quote->length, strlen("Quarrels"));
}
END_TEST

START_TEST(invented_quotes_are_not_found) {
    const Depositary__V1__CheckQuoteResponse *response =
        assert_verdict("The moon belongs to whoever reaches it first.", "pact", VERDICT_NOT_FOUND);
    ck_assert_uint_eq(response->total, 0);
    ck_assert_uint_eq(response->n_editions, 1);
    assert_verdict("whales", "", VERDICT_NOT_FOUND);
    response = check_quote("promise about whales", "gone", 1);
    assert_ok();
    ck_assert_int_eq((int)response->verdict, VERDICT_VERBATIM);
}
END_TEST

START_TEST(matches_are_at_most_a_hundred_of_an_exact_total) {
    struct maker_clause *clauses = NULL;
    maker_clauses_make(&clauses, 300, 80, 3);
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "many", .clauses = clauses, .clauses_count = 300});
    maker_clauses_free(clauses, 300);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    Depositary__V1__CheckQuoteRequest input = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    input.quote = TEXT(". (3) ");
    input.instrument = TEXT("many");
    const Depositary__V1__CheckQuoteResponse *response = ask_state(METHOD(CheckQuote), &input.base, state);
    assert_ok();
    ck_assert_int_eq((int)response->verdict, VERDICT_VERBATIM);
    ck_assert_uint_eq(response->n_matches, LIMIT_QUOTE_MATCHES);
    ck_assert_uint_eq(response->total, 300);
    ledger_state_release(state);
}
END_TEST

/* A megabyte of one word, and quotes of 16 KiB of it that are not quite there: bounded work, and a refusal that says so. */
START_TEST(a_quote_of_one_word_again_and_again_takes_bounded_work) {
    static char text[1000 * 1000];
    static char quote[LIMIT_QUOTE + 1];
    unsigned refused = 0;
    const char *const units[] = {"a ", "war ", "\xE4\xB8\x80 "};
    for (size_t i = 0; i < COUNT(units); i++) {
        char instrument[32];
        size_t unit = strlen(units[i]);
        for (size_t at = 0; at + unit < sizeof text; at += unit)
            memcpy(text + at, units[i], unit);
        for (size_t at = 0; at + unit + 4 < sizeof quote; at += unit)
            memcpy(quote + at, units[i], unit);
        memcpy(quote + (sizeof quote - 12) / unit * unit, "zz \0", 4);
        snprintf(instrument, sizeof instrument, "flood-%zu", i);
        const struct maker_clause clause = {"cl_1", text};
        ledger_maker_deposit(&library.maker,
                             &(struct maker_edition){.instrument = instrument, .clauses = &clause, .clauses_count = 1});
        ck_assert_int_eq(catalog_update(catalog, &fault), 0);
        const struct ledger_state *state = ledger_state_take(library.maker.ledger);
        Depositary__V1__CheckQuoteRequest input = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
        input.quote = quote;
        input.instrument = instrument;
        uint64_t start = clock_monotonic_ns();
        ask_state(METHOD(CheckQuote), &input.base, state);
        ck_assert_uint_lt(clock_monotonic_ns() - start, UINT64_C(30000000000)); /* ten times what it takes */
        if (answer.status.code != STATUS_OK) {
            assert_status(STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT");
            ck_assert_ptr_null(answer.message);
            refused++;
        }
        ledger_state_release(state);
    }
    ck_assert_uint_gt(refused, 0); /* the dearest, at least */
}
END_TEST

START_TEST(quotes_are_limited) {
    static char quote[LIMIT_QUOTE + 2];
    memset(quote, 'a', LIMIT_QUOTE + 1);
    check_quote("", "", 0);
    assert_bad_field("quote");
    check_quote(quote, "", 0);
    assert_bad_field("quote");
    quote[LIMIT_QUOTE] = '\0';
    check_quote(quote, "", 0);
    assert_ok();
    check_quote("a", "nothing", 0);
    assert_status(STATUS_NOT_FOUND, "");
    check_quote("a", "gone", 0);
    assert_status(STATUS_FAILED_PRECONDITION, "WITHDRAWN");
}
END_TEST

/* It stands in each, word for word, and they are 48 MiB: reading and proving them is work, too. */
START_TEST(a_quote_that_stands_in_many_large_clauses_takes_bounded_work) {
    enum { LARGE = 48, SMALL = 4 };
    static char text[LIMIT_CLAUSE_TEXT - 64];
    struct maker_clause clauses[LARGE];
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "the river ocean of ", 19);
    for (size_t i = 0; i < LARGE; i++) {
        char eid[16];
        snprintf(eid, sizeof eid, "cl_%zu", i + 1);
        clauses[i] = (struct maker_clause){strdup(eid), strdup(text)};
        ck_assert(clauses[i].eid && clauses[i].text);
        snprintf((char *)(uintptr_t)clauses[i].text + sizeof text - 16, 16, "%zu\n", i); /* each its own */
    }
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "some", .clauses = clauses, .clauses_count = SMALL});
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "many", .clauses = clauses, .clauses_count = LARGE});
    for (size_t i = 0; i < LARGE; i++) {
        free((void *)(uintptr_t)clauses[i].eid);
        free((void *)(uintptr_t)clauses[i].text);
    }
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    Depositary__V1__CheckQuoteRequest input = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    input.quote = TEXT(" river ocean ");
    input.instrument = TEXT("many");
    ask_state(METHOD(CheckQuote), &input.base, state);
    assert_status(STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT");
    ck_assert_ptr_null(answer.message);
    input.instrument = TEXT("some");
    const Depositary__V1__CheckQuoteResponse *response = ask_state(METHOD(CheckQuote), &input.base, state);
    assert_ok();
    ck_assert_int_eq((int)response->verdict, VERDICT_VERBATIM);
    ck_assert_uint_eq(response->total, SMALL);
    ledger_state_release(state);
}
END_TEST

/* Two words of it were changed for others of the same text. Whoever has all words is compared, and again with whoever has some: both are of one call. */
START_TEST(both_looks_of_a_quote_share_its_work) {
    static char text[900 * 1000];
    struct maker_edition edition = {.clauses_count = 1};
    const struct maker_clause clause = {"cl_1", text};
    const char begins[] = "wide river narrow ocean and then ";
    memset(text, 'a', sizeof text - 1);
    memcpy(text, begins, sizeof begins - 1);
    edition.clauses = &clause;
    for (unsigned i = 0; i < 4; i++) {
        char instrument[16];
        snprintf(instrument, sizeof instrument, "large-%u", i);
        snprintf(text + sizeof text - 64, 64, " wide river%u narrow ocean and beyond it\n", i);
        edition.instrument = instrument;
        ledger_maker_deposit(&library.maker, &edition);
        if (i != 0 && i != 3)
            continue;
        ck_assert_int_eq(catalog_update(catalog, &fault), 0);
        const struct ledger_state *state = ledger_state_take(library.maker.ledger);
        Depositary__V1__CheckQuoteRequest input = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
        input.quote = TEXT(" wide river, narrow: ocean ");
        ask_state(METHOD(CheckQuote), &input.base, state);
        if (i == 0)
            assert_ok();
        else
            assert_status(STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT");
        ledger_state_release(state);
    }
}
END_TEST

/* Words of a few, one after another: clauses that are all much alike, as those of a long law are. */
static size_t put_words(char *out, size_t least, uint32_t *seed) {
    static const char *const words[] = {
        "party",     "the",        "of",       "contract", "shall",  "performance", "creditor", "claim",
        "paragraph", "applies",    "if",       "damages",  "period", "may",         "demand",   "notice",
        "a",         "debtor",     "thing",    "sale",     "to",     "and",         "or",       "by",
        "not",       "price",      "lease",    "tenant",   "estate", "heir",        "court",    "within",
        "month",     "year",       "consent",  "other",    "this",   "section",     "right",    "duty",
        "owner",     "possession", "delivery", "defect",   "which",  "with",        "from",     "in",
        "is",        "be",         "has",      "been",     "made",   "before",      "after",    "until",
        "where",     "law",        "act",      "term",     "force",  "loss",        "third",    "value"};
    size_t len = 0;
    while (len < least) {
        *seed = *seed * 1664525 + 1013904223;
        len += (size_t)sprintf(out + len, "%s ", words[*seed >> 26]);
    }
    out[len - 1] = '\n';
    out[len] = '\0';
    return len;
}

/* Six thousand bytes of four clauses, faithful but for their white space, and with a word changed here and there. */
START_TEST(a_long_passage_is_found_among_others_that_are_like_it) {
    enum { CLAUSES = 400, TEXT_LEN = 1500, FIRST = 301 };
    static char texts[CLAUSES][TEXT_LEN + 32], eids[CLAUSES][16], quote[4 * (TEXT_LEN + 32)];
    static struct maker_clause clauses[CLAUSES];
    uint32_t seed = 7;
    for (size_t i = 0; i < CLAUSES; i++) {
        put_words(texts[i], TEXT_LEN, &seed);
        sprintf(eids[i], "cl_%zu", i + 1);
        clauses[i] = (struct maker_clause){eids[i], texts[i]};
    }
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "law", .clauses = clauses, .clauses_count = CLAUSES});
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    for (size_t i = 0; i < 4; i++)
        strcat(quote, texts[FIRST + i]);
    for (char *end = quote; (end = strchr(end, '\n')) != NULL;)
        *end = ' ';
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    Depositary__V1__CheckQuoteRequest input = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    input.quote = quote;
    for (unsigned i = 0; i < 2; i++) {
        const Depositary__V1__CheckQuoteResponse *response = ask_state(METHOD(CheckQuote), &input.base, state);
        assert_ok();
        ck_assert_int_eq((int)response->verdict, i == 0 ? VERDICT_FOLDED : VERDICT_DIFFERS);
        ck_assert_uint_eq(response->n_matches, 1);
        ck_assert_uint_eq(response->matches[0]->n_clauses, 4);
        ck_assert_uint_eq(response->matches[0]->clauses[0]->place, FIRST);
        for (char *word = quote; (word = strstr(word, "creditor")) != NULL; word++)
            *word = 'd';
    }
    ledger_state_release(state);
}
END_TEST

/* In place of the clock of the processor: each look at it takes so long. */
static uint64_t look_ns, looked_ns;
uint64_t __wrap_clock_thread_ns(void);
uint64_t __wrap_clock_thread_ns(void) {
    return looked_ns += look_ns;
}

/* So many that a look is taken. Nothing is answered, and the next one who asks is. */
START_TEST(searches_and_quotes_past_their_work_say_so) {
    struct maker_clause *clauses = NULL;
    maker_clauses_make(&clauses, 2000, 80, 3);
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "many", .clauses = clauses, .clauses_count = 2000});
    maker_clauses_free(clauses, 2000);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    Depositary__V1__SearchClausesRequest search = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    Depositary__V1__CheckQuoteRequest quote = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    search.query = TEXT("3*");
    quote.quote = TEXT(". (3) (3) (3) ");
    for (unsigned round = 0; round < 2; round++) {
        look_ns = UINT64_C(1000000000);
        ask_state(METHOD(SearchClauses), &search.base, state);
        assert_status(STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT");
        ck_assert_ptr_null(answer.message);
        ask_state(METHOD(CheckQuote), &quote.base, state);
        assert_status(STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT");
        ck_assert_ptr_null(answer.message);
        look_ns = 0;
        ask_state(METHOD(SearchClauses), &search.base, state);
        assert_ok();
        ask_state(METHOD(CheckQuote), &quote.base, state);
        assert_ok();
    }
    ledger_state_release(state);
}
END_TEST

/* ---- ResolveCitation */

static const Depositary__V1__ResolveCitationResponse *cite(const char *citation, const char *instrument) {
    Depositary__V1__ResolveCitationRequest input = DEPOSITARY__V1__RESOLVE_CITATION_REQUEST__INIT;
    input.citation = TEXT(citation);
    input.instrument = TEXT(instrument);
    return ask(METHOD(ResolveCitation), &input.base);
}

START_TEST(citations_resolve_to_names_that_exist) {
    const char *const citations[][3] = {{"2", "pact", "cl_2"},
                                        {"para 3", "pact", "cl_3"},
                                        {"Pact on Peace and Energy, para 10", "", "cl_10"},
                                        {"pact on peace, 1", "", "cl_1"},
                                        {"paragraph 3 of the Pact on Peace", "", "cl_3"},
                                        {"cl_10", "pact", "cl_10"},
                                        {"2(b)", "pact", "cl_2__point_b"},
                                        {"Pact 2026, 3 and 10", "", "cl_3"},
                                        {"accord art 1", "", "art_1"},
                                        {"Article 2", "accord", "art_2"}};
    for (size_t i = 0; i < COUNT(citations); i++) {
        const Depositary__V1__ResolveCitationResponse *response = cite(citations[i][0], citations[i][1]);
        ck_assert_msg(answer.message != NULL, "%s", citations[i][0]);
        assert_ok();
        ck_assert_uint_gt(response->n_names, 0);
        ck_assert_str_eq(response->names[0]->eid, citations[i][2]);
        get_clause(response->names[0]->instrument, response->names[0]->language, response->names[0]->edition,
                   response->names[0]->eid, NULL);
        assert_ok();
    }
}
END_TEST

START_TEST(a_citation_of_very_many_names_is_refused) {
    const char *const many = "I&A.LI.o .L&oo .L&o.LI.o.LI.LI.o.LII.LI.I, 2";
    cite(many, "pact");
    assert_bad_field("citation");
}
END_TEST

/* One clause with so many points, and `filling` bytes before them. */
static void deposit_points(const char *instrument, unsigned points, size_t filling) {
    struct buffer text;
    buffer_init(&text, LIMIT_CLAUSE_TEXT);
    buffer_append_text(&text, "1. These are the points");
    for (size_t i = 0; i < filling; i += 4)
        buffer_append_text(&text, " all");
    for (unsigned i = 0; i < points; i++)
        buffer_append_format(&text, "\n(%u) one", i + 1);
    buffer_append_text(&text, "\n");
    buffer_append_byte(&text, '\0');
    ck_assert_int_eq(text.error, 0);
    const struct maker_clause clause = {"cl_1", (char *)text.data};
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = instrument, .clauses = &clause, .clauses_count = 1});
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    buffer_free(&text);
}

static void cite_now(const char *citation, const char *instrument) {
    Depositary__V1__ResolveCitationRequest input = DEPOSITARY__V1__RESOLVE_CITATION_REQUEST__INIT;
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    input.citation = TEXT(citation);
    input.instrument = TEXT(instrument);
    ask_state(METHOD(ResolveCitation), &input.base, state);
    ledger_state_release(state);
}

/* Ten thousand points are compared with each of hundreds of readings. */
START_TEST(a_citation_that_takes_too_much_work_is_refused) {
    deposit_points("points", 9900, 0);
    cite_now("1(9901)", "points");
    assert_status(STATUS_NOT_FOUND, "");
    cite_now("1(9901) to (9964) and 1(10001) to (10064) and 1(10101) to (10164)", "points");
    assert_status(STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT");
    cite_now("1(9900)", "points");
    assert_ok();
}
END_TEST

/* Half a MiB, which would be too much work by the tenth reading. */
START_TEST(a_clause_is_taken_apart_once_for_all_readings_of_a_citation) {
    deposit_points("points", 3, 512 * 1024);
    cite_now("1(11) to (74)", "points");
    assert_status(STATUS_NOT_FOUND, "");
}
END_TEST

START_TEST(a_range_and_a_list_name_each_of_theirs) {
    static const char *const wanted[] = {"cl_1", "cl_2", "cl_3", "cl_10"};
    const Depositary__V1__ResolveCitationResponse *response = cite("paras 1 to 3 and 10", "pact");
    assert_ok();
    ck_assert_uint_eq(response->n_names, COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++)
        ck_assert_str_eq(response->names[i]->eid, wanted[i]);
}
END_TEST

START_TEST(what_is_not_there_is_told_with_what_comes_nearest) {
    cite("para 99", "pact");
    assert_status(STATUS_NOT_FOUND, "");
    ck_assert_msg(strstr(answer.status.message, "cl_99; the nearest is cl_10") != NULL, "%s", answer.status.message);
    cite("Pact on Peace, para 2(c)", "");
    assert_status(STATUS_NOT_FOUND, "");
    ck_assert_msg(strstr(answer.status.message, "the nearest is cl_2") != NULL, "%s", answer.status.message);
    cite("accord, Article 9", ""); /* in both languages */
    ck_assert_msg(strstr(answer.status.message, "art_9; the nearest is art_2") != NULL, "%s", answer.status.message);
    cite("Treaty of Nowhere, para 1", "");
    ck_assert_msg(strstr(answer.status.message, "Treaty of Nowhere") != NULL, "%s", answer.status.message);
}
END_TEST

START_TEST(citations_that_mean_nothing_are_refused) {
    cite("", "pact");
    assert_bad_field("citation");
    cite("hello", "pact");
    assert_bad_field("citation");
    cite("para 99", "pact");
    assert_status(STATUS_NOT_FOUND, "");
    cite("Treaty of Nowhere, para 1", "");
    assert_status(STATUS_NOT_FOUND, "");
    cite("para 1", "nothing");
    assert_status(STATUS_NOT_FOUND, "");
}
END_TEST

/* ---- damage */

START_TEST(a_catalog_that_lies_is_found_out) {
    char path[128];
    char sql[256];
    sqlite3 *db = NULL;
    catalog_close(catalog);
    snprintf(path, sizeof path, "%s/catalog.db", library.maker.dir);
    ck_assert_int_eq(catalog_open(&catalog, path, library.maker.ledger, &fault), 0);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    server.catalog = catalog;
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, PAGE_SUMS_VFS), SQLITE_OK);
    snprintf(sql, sizeof sql,
             "UPDATE clause SET eid = 'x' WHERE eid = 'cl_1' AND edition = %llu;"
             "UPDATE clause SET eid = 'cl_1' WHERE eid = 'cl_3' AND edition = %llu;",
             (unsigned long long)library.pact_2, (unsigned long long)library.pact_2);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    get_clause("pact", "en", 0, "cl_1", NULL);
    assert_status(STATUS_INTERNAL, "CATALOG");
    ck_assert_ptr_null(answer.message);
    catalog_close(catalog);
    ck_assert_int_eq(catalog_open(&catalog, path, library.maker.ledger, &fault), 0);
    ck_assert_uint_eq(catalog_size(catalog), 0);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    server.catalog = catalog;
    get_clause("pact", "en", 0, "cl_1", NULL);
    assert_ok();
}
END_TEST

static TCase *new_case(Suite *suite, const char *name) {
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void) {
    Suite *suite = suite_create("depositary_service");
    TCase *clause = new_case(suite, "GetClause");
    tcase_add_test(clause, a_clause_is_proved_down_to_its_bytes);
    tcase_add_test(clause, places_are_guessed_by_numbers);
    tcase_add_test(clause, editions_are_not_taken_for_each_other_on_the_shelf);
    tcase_add_test(clause, a_held_state_is_not_sent_again);
    tcase_add_test(clause, an_old_edition_is_shown_as_old);
    tcase_add_test(clause, a_provision_finds_its_clause);
    tcase_add_test(clause, an_unknown_eid_shows_the_edition_that_was_looked_in);
    tcase_add_test(clause, an_unknown_instrument_is_proved_absent);
    tcase_add_test(clause, an_unknown_language_is_proved_absent);
    tcase_add_test(clause, an_unknown_edition_shows_the_latest);
    tcase_add_test(clause, the_only_authentic_text_is_chosen);
    tcase_add_test(clause, the_only_text_is_chosen);
    tcase_add_test(clause, several_authentic_texts_are_listed);
    tcase_add_test(clause, as_of_answers_from_the_edition_of_then_and_shows_its_successor);
    tcase_add_test(clause, as_of_the_latest_shows_no_successor);
    tcase_add_test(clause, as_of_before_the_first_edition_shows_the_first);
    tcase_add_test(clause, as_of_after_the_register_is_too_late);
    tcase_add_test(clause, a_withdrawn_text_is_refused_with_its_proof);
    tcase_add_test(clause, a_withdrawn_text_is_there_by_edition_and_time);
    tcase_add_test(clause, bad_names_are_refused_by_field);
    tcase_add_test(clause, an_index_that_lags_asks_to_try_again);
    tcase_add_test(clause, a_catalog_that_lies_is_found_out);
    TCase *list = new_case(suite, "lists");
    tcase_add_test(list, instruments_are_listed_in_the_registers_order_to_its_end);
    tcase_add_test(list, made_up_tokens_are_refused);
    tcase_add_test(list, a_token_of_another_question_is_refused);
    tcase_add_test(list, a_token_of_another_ledger_size_has_expired);
    tcase_add_test(list, a_negative_page_size_is_refused);
    tcase_add_test(list, an_outline_rebuilds_its_edition);
    tcase_add_test(list, an_instrument_that_is_not_there_is_proved_absent);
    tcase_add_test(list, a_withdrawal_by_its_number_has_an_empty_outline);
    tcase_add_test(list, clauses_are_listed_in_order_each_proved);
    tcase_add_test(list, a_list_of_large_clauses_is_cut_at_the_largest_response);
    TCase *search_case = new_case(suite, "SearchClauses");
    tcase_add_test(search_case, hits_are_proved_clauses);
    tcase_add_test(search_case, search_pages_go_on);
    tcase_add_test(search_case, search_as_of_shows_successors);
    tcase_add_test(search_case, search_refuses_what_it_cannot_answer);
    TCase *quote = new_case(suite, "CheckQuote");
    tcase_add_test(quote, verbatim_quotes_are_found_everywhere);
    tcase_add_test(quote, a_quote_over_two_clauses_names_both);
    tcase_add_test(quote, every_slice_of_an_edition_is_verbatim);
    tcase_add_test(quote, folded_quotes_name_their_folds);
    tcase_add_test(quote, changed_quotes_differ_where_they_were_changed);
    tcase_add_test(quote, invented_quotes_are_not_found);
    tcase_add_test(quote, matches_are_at_most_a_hundred_of_an_exact_total);
    tcase_add_test(quote, a_quote_of_one_word_again_and_again_takes_bounded_work);
    tcase_add_test(quote, quotes_are_limited);
    tcase_add_test(quote, both_looks_of_a_quote_share_its_work);
    tcase_add_test(quote, a_long_passage_is_found_among_others_that_are_like_it);
    tcase_add_test(quote, a_quote_that_stands_in_many_large_clauses_takes_bounded_work);
    tcase_add_test(quote, searches_and_quotes_past_their_work_say_so);
    TCase *citation = new_case(suite, "ResolveCitation");
    tcase_add_test(citation, citations_resolve_to_names_that_exist);
    tcase_add_test(citation, a_citation_of_very_many_names_is_refused);
    tcase_add_test(citation, a_citation_that_takes_too_much_work_is_refused);
    tcase_add_test(citation, a_clause_is_taken_apart_once_for_all_readings_of_a_citation);
    tcase_add_test(citation, a_range_and_a_list_name_each_of_theirs);
    tcase_add_test(citation, what_is_not_there_is_told_with_what_comes_nearest);
    tcase_add_test(citation, citations_that_mean_nothing_are_refused);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
