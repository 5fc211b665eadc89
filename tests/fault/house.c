/* The service without its doors (house.h). */
#include "house.h"

#include "base/limits.h"
#include "base/time.h"
#include "grpc/health/v1/health.pb-c.h"
#include "rpc/call.h"
#include "rpc/wire.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_BYTES  (256u * 1024)
#define SHELF_BYTES  (64u * 1024)
#define PROVED_BYTES (64u * 1024)
#define DEPOSITARY   "/depositary.v1.DepositaryService/"
#define LEDGER       "/depositary.v1.LedgerService/"

/* ---- questions: messages by field number */

static void text(struct buffer *out, uint32_t field, const char *value) {
    wire_append_bytes(out, field, bytes_text(value));
}

static void add_question(struct house *house, const char *what, const char *method, const struct buffer *message) {
    ck_assert_uint_lt(house->questions_count, QUESTIONS_MAX);
    struct question *question = &house->questions[house->questions_count++];
    const struct method *found = method_find(bytes_text(method));
    const struct call_head head = {.nonce = BYTES("0123456789abcdef")};
    ck_assert_ptr_nonnull(found);
    question->what = what;
    buffer_init(&question->request, LIMIT_REQUEST);
    buffer_init(&question->answer, 2 * LIMIT_RESPONSE);
    ck_assert_int_eq(call_print_encoded(&question->request, found, buffer_bytes(message), &head), 0);
}

/* GetClause of a name; as_of 0: none. */
static void ask_clause(struct house *house, const char *what, const char *instrument, const char *eid, int64_t as_of) {
    struct buffer name, time, message;
    buffer_init(&name, 1024);
    buffer_init(&time, 1024);
    buffer_init(&message, 4096);
    text(&name, 1, instrument);
    text(&name, 4, eid);
    wire_append_varint(&time, 1, (uint64_t)as_of);
    wire_append_bytes(&message, 1, buffer_bytes(&name));
    if (as_of != 0)
        wire_append_bytes(&message, 2, buffer_bytes(&time));
    add_question(house, what, DEPOSITARY "GetClause", &message);
    buffer_free(&name);
    buffer_free(&time);
    buffer_free(&message);
}

/* A method whose message has at most two texts. */
static void ask_text(struct house *house, const char *what, const char *method, const char *first, const char *second) {
    struct buffer message;
    buffer_init(&message, 4096);
    if (first)
        text(&message, 1, first);
    if (second)
        text(&message, 2, second);
    add_question(house, what, method, &message);
    buffer_free(&message);
}

/* A method whose message is numbers. */
static void ask_numbers(struct house *house, const char *what, const char *method, uint64_t first, uint64_t second) {
    struct buffer message;
    buffer_init(&message, 4096);
    wire_append_varint(&message, 1, first);
    if (second != 0)
        wire_append_varint(&message, 2, second);
    add_question(house, what, method, &message);
    buffer_free(&message);
}

static void ask_key(struct house *house) {
    struct buffer message;
    buffer_init(&message, 4096);
    wire_append_bytes(&message, 1, bytes_of(house->key.public_key, PUBLIC_KEY_LEN));
    add_question(house, "GetAnswerKey", LEDGER "GetAnswerKey", &message);
    buffer_free(&message);
}

static void make_questions(struct house *house) {
    ask_text(house, "ListInstruments", DEPOSITARY "ListInstruments", NULL, NULL);
    ask_text(house, "GetInstrument", DEPOSITARY "GetInstrument", "pact", NULL);
    ask_clause(house, "GetClause", "pact", "cl_2", 0);
    ask_clause(house, "GetClause, as of", "pact", "cl_2__point_a", LIBRARY_FIRST);
    ask_clause(house, "GetClause, no such instrument", "nothing", "cl_2", 0);
    ask_clause(house, "GetClause, withdrawn", "gone", "cl_1", 0);
    ask_text(house, "ListClauses", DEPOSITARY "ListClauses", "accord", "zh-Hans");
    ask_text(house, "SearchClauses", DEPOSITARY "SearchClauses", "energy OR friendship", NULL);
    ask_text(house, "SearchClauses, none", DEPOSITARY "SearchClauses", "submarine", NULL);
    ask_text(house, "CheckQuote", DEPOSITARY "CheckQuote", "settled by friendly consultations", NULL);
    ask_text(house, "CheckQuote, differs", DEPOSITARY "CheckQuote", "settled by friendly negotiations", "pact");
    ask_text(house, "ResolveCitation", DEPOSITARY "ResolveCitation", "Pact on Peace and Energy, para 2(b)", NULL);
    ask_text(house, "GetCheckpoint", LEDGER "GetCheckpoint", NULL, NULL);
    ask_numbers(house, "GetInclusionProof", LEDGER "GetInclusionProof", house->library.pact_1, 0);
    ask_numbers(house, "GetConsistencyProof", LEDGER "GetConsistencyProof", 3, 0);
    ask_numbers(house, "ListEntries", LEDGER "ListEntries", 0, 0);
    ask_key(house);
    ask_text(house, "Health", "/grpc.health.v1.Health/Check", NULL, NULL);
    ask_text(house, "GetDescriptors", "/depositary.v1.ReflectionService/GetDescriptors", NULL, NULL);
}

/* ---- begin and end */

void house_begin(struct house *house) {
    *house = (struct house){0};
    ck_assert_int_ge(sodium_init(), 0);
    library_begin(&house->library);
    memcpy(house->key.public_key, house->library.maker.answer_key.verifier.public_key, PUBLIC_KEY_LEN);
    ledger_state_release(house->library.before);
    ledger_state_release(house->library.state);
    house->library.before = NULL;
    house->library.state = NULL;
    ledger_maker_close(&house->library.maker);
    snprintf(house->ledger_url, sizeof(house->ledger_url), "%s", house->library.maker.url);
    snprintf(house->catalog_path, sizeof(house->catalog_path), "%s/catalog.db", house->library.maker.dir);
    make_questions(house);
}

void house_end(struct house *house) {
    house_close(house);
    for (size_t i = 0; i < house->questions_count; i++) {
        buffer_free(&house->questions[i].request);
        buffer_free(&house->questions[i].answer);
    }
    library_end(&house->library);
}

/* In place of growth.c: what was appended is served at once, or an error leaves the state of before. */
static void serve_at_once(void *context, uint64_t deadline_ns) {
    struct house *house = context;
    (void)deadline_ns;
    if (catalog_update(house->catalog, NULL) == 0)
        (void)!views_advance(house->server.views);
}

int house_open(struct house *house, struct fault *fault) {
    const struct ledger_config config = {.url = house->ledger_url,
                                         .policy = house->library.maker.policy,
                                         .may_lack_checkpoints = true,
                                         .proved_capacity = PROVED_BYTES};
    int error = ledger_open(&house->ledger, &config, fault);
    if (!error)
        error = catalog_open(&house->catalog, house->catalog_path, house->ledger, fault);
    if (!error)
        error = catalog_update(house->catalog, fault);
    house->server = (struct server){.policy = house->library.maker.policy,
                                    .origin = MAKER_ORIGIN,
                                    .ledger = house->ledger,
                                    .catalog = house->catalog,
                                    .key = &house->key,
                                    .grown = serve_at_once,
                                    .grown_context = house};
    if (!error)
        error = views_new(&house->server.views, house->ledger, CACHE_BYTES, SHELF_BYTES);
    if (!error)
        error = exchanger_init(&house->exchanger, &house->server);
    if (error)
        house_close(house);
    return error;
}

void house_close(struct house *house) {
    exchanger_clean_up(&house->exchanger);
    views_free(house->server.views);
    house->server.views = NULL;
    catalog_close(house->catalog);
    house->catalog = NULL;
    ledger_close(house->ledger);
    house->ledger = NULL;
}

/* ---- asking */

static bool is_failure(int code) {
    return code == STATUS_INTERNAL || code == STATUS_RESOURCE_EXHAUSTED || code == STATUS_UNAVAILABLE ||
           code == STATUS_DATA_LOSS;
}

static enum house_said judge_answer(const struct question *question, struct bytes answer, int *code) {
    struct arena arena;
    struct call_request asked;
    struct call_answer said;
    enum house_said judgement = SAID_SOMETHING;
    arena_init(&arena, 4 * CALL_ARENA_MAX);
    ck_assert_int_eq(call_read(&asked, buffer_bytes(&question->request), &arena, NULL), 0);
    ck_assert_int_eq(answer_read(&said, asked.method, answer, &arena, NULL), 0);
    *code = said.status.code;
    bool is_health = asked.method->output == &grpc__health__v1__health_check_response__descriptor;
    if (bytes_equal(answer, buffer_bytes(&question->answer)))
        judgement = SAID_TRUE;
    else if ((is_failure(*code) && said.message_bytes.len == 0) || (is_health && *code == STATUS_OK))
        judgement = SAID_FAILURE;
    arena_free(&arena);
    return judgement;
}

void house_answer(const struct exchange *exchange, struct buffer *out) {
    buffer_init(out, exchange->answer->len + 1);
    uint8_t *at = buffer_extend(out, exchange->answer->len);
    ck_assert_ptr_nonnull(at);
    answer_write(at, exchange->answer);
}

enum house_said house_judge(const struct question *question, enum exchange_next next, const struct exchange *exchange,
                            int *code) {
    *code = -1;
    if (next != EXCHANGE_ANSWERED)
        return SAID_NOTHING;
    struct buffer answer;
    house_answer(exchange, &answer);
    enum house_said said = judge_answer(question, buffer_bytes(&answer), code);
    buffer_free(&answer);
    return said;
}

enum exchange_next house_exchange(struct house *house, struct bytes request, struct exchange *out) {
    static const struct caller caller = {.peer = "test"};
    enum exchange_next next = exchange_begin(out, &house->exchanger, request, &caller);
    return next == EXCHANGE_QUICK || next == EXCHANGE_SLOW ? exchange_finish(out) : next;
}

enum house_said house_ask(struct house *house, const struct question *question, int *code) {
    struct exchange exchange;
    enum exchange_next next = house_exchange(house, buffer_bytes(&question->request), &exchange);
    enum house_said said = house_judge(question, next, &exchange, code);
    exchange_end(&exchange);
    return said;
}

void house_learn(struct house *house) {
    for (size_t i = 0; i < house->questions_count; i++) {
        struct question *question = &house->questions[i];
        struct exchange exchange;
        int code;
        enum exchange_next next = house_exchange(house, buffer_bytes(&question->request), &exchange);
        (void)house_judge(question, next, &exchange, &code);
        ck_assert_msg(code >= 0 && !is_failure(code), "%s: status %d", question->what, code);
        buffer_free(&question->answer);
        house_answer(&exchange, &question->answer);
        exchange_end(&exchange);
    }
}

void house_is_whole(struct house *house, const char *when) {
    ck_assert_int_eq(views_advance(house->server.views), 0); /* nothing is remembered */
    for (size_t i = 0; i < house->questions_count; i++) {
        int code;
        enum house_said said = house_ask(house, &house->questions[i], &code);
        ck_assert_msg(said == SAID_TRUE, "%s: %s: %d, status %d", when, house->questions[i].what, (int)said, code);
    }
}
