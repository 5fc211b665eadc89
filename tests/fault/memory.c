/*
 * Memory that runs out (scarce.h) at each allocation in turn, once and for good: while each method is answered, while a service is opened, and while an
 * edition is deposited, at the server and at the office. What comes is the true answer, a status that says that the service failed, or no answer; nothing
 * crashes, nothing is lost, and afterwards all is whole. Leaks are the sanitizer's to find (tests/run --sanitize).
 *
 * Where an allocation takes long to come to, the normal run takes every STEPth, from another one each time; DEPOSITARY_EVERY_FAULT=1 takes all (three minutes).
 */
#include "house.h"
#include "office_maker.h"
#include "scarce.h"

#include "base/limits.h"
#include "base/log.h"
#include "depositary/v1/depositary.pb-c.h"
#include "rpc/call.h"
#include "rpc/wire.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LEDGER "/depositary.v1.LedgerService/"

static struct house house;
static unsigned refusals; /* of a test, in all */

#define STEP 23 /* a prime: loops of a few allocations are met everywhere */
static unsigned step, first;

static void choose_faults(void) {
    const char *every = getenv("DEPOSITARY_EVERY_FAULT");
    step = every && every[0] != '\0' ? 1 : STEP;
    first = (unsigned)getpid() % step;
    printf("from allocation %u every %u%s\n", first, step, step == 1 ? "" : "th");
}

/* SQLite takes many small pieces from memory that it has: here each is an allocation. */
static void set_up_sqlite(void) {
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

static void set_up(void) {
    struct fault fault = {0};
    set_up_sqlite();
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    choose_faults();
    refusals = 0;
    house_begin(&house);
    ck_assert_msg(house_open(&house, &fault) == 0, "%s", fault_text(&fault));
    house_learn(&house);
    house_is_whole(&house, "before");
}

static void tear_down(void) {
    house_end(&house);
}

/* ---- answers */

/* One question with one refusal. Returns whether there was one. */
static bool ask_with(const struct question *question, unsigned at, bool is_lasting) {
    struct exchange exchange;
    int code;
    scarce_arm(at, is_lasting);
    enum exchange_next next = house_exchange(&house, buffer_bytes(&question->request), &exchange);
    unsigned hits = scarce_disarm();
    enum house_said said = house_judge(question, next, &exchange, &code);
    exchange_end(&exchange);
    ck_assert_msg(said != SAID_SOMETHING && (hits > 0 || said == SAID_TRUE),
                  "%s, allocation %u: status %d is neither the true answer nor a failure", question->what, at, code);
    refusals += hits > 0;
    return hits > 0;
}

/* And the next one has its true answer. */
static void ask_again(const struct question *question, unsigned at) {
    int code;
    ck_assert_int_eq(views_advance(house.server.views), 0); /* the cache remembers nothing */
    ck_assert_msg(house_ask(&house, question, &code) == SAID_TRUE, "%s, after allocation %u: status %d", question->what,
                  at, code);
    ck_assert_int_eq(views_advance(house.server.views), 0);
}

START_TEST(every_method_answers_truly_or_fails) {
    for (size_t i = 0; i < house.questions_count; i++) {
        const struct question *question = &house.questions[i];
        unsigned before = refusals;
        for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
            ask_again(question, 0);
            for (unsigned at = 0; ask_with(question, at, is_lasting); at++)
                ask_again(question, at);
        }
        printf("%s: %u refusals\n", question->what, refusals - before);
        ck_assert_uint_gt(refusals, before);
    }
    house_is_whole(&house, "after");
    printf("%u allocations refused while methods were answered\n", refusals);
}
END_TEST

/* ---- opening, and what the first call opens */

static bool open_with(unsigned at, bool is_lasting) {
    struct fault fault = {0};
    scarce_arm(at, is_lasting);
    int error = house_open(&house, &fault);
    unsigned hits = scarce_disarm();
    ck_assert_msg(error == 0 || error == DEPOSITARY_E_MEMORY || (hits > 0 && error == DEPOSITARY_E_IO),
                  "opening, allocation %u: error %d, %s", at, error, fault_text(&fault));
    ck_assert(error == 0 || hits > 0);
    refusals += hits > 0;
    if (error == 0) { /* SQLite does without some of it */
        int code;
        ck_assert_int_eq(house_ask(&house, &house.questions[0], &code), SAID_TRUE);
    }
    house_close(&house);
    return hits > 0;
}

START_TEST(what_could_not_be_opened_is_whole_the_next_time) {
    house_close(&house);
    for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
        for (unsigned at = first; open_with(at, is_lasting); at += step) {
        }
    }
    ck_assert_int_eq(house_open(&house, NULL), 0);
    house_is_whole(&house, "after");
    printf("%u allocations refused while ledger and catalog were opened\n", refusals);
    ck_assert_uint_gt(refusals, 100 / step);
}
END_TEST

/* The first call after the start opens connections to both files, and prepares its statements. */
START_TEST(first_call_after_the_start_answers_truly_or_fails) {
    for (size_t i = 0; i < house.questions_count; i++) {
        bool hit = true;
        for (unsigned at = first; hit; at += step) {
            house_close(&house);
            ck_assert_int_eq(house_open(&house, NULL), 0);
            hit = ask_with(&house.questions[i], at, at % 2 == 1);
            if (hit)
                ask_again(&house.questions[i], at);
        }
    }
    house_is_whole(&house, "after");
    printf("%u allocations refused in first calls\n", refusals);
}
END_TEST

/* ---- a deposit at the server: AppendEntries, PutClauses, AppendEntries */

struct deposit {
    struct maker_append append;
    struct question requests[3]; /* without true answers */
    char instrument[32];
};

static const struct maker_clause articles[] = {
    {"art_1", "Article 1\nThe first.\n"}, {"art_2", "Article 2\nThe second.\n"}, {"art_3", "Article 3\nThe third.\n"}};
#define ARTICLES (sizeof(articles) / sizeof(articles[0]))

static void print_append(struct buffer *message, const struct maker_append *append) {
    for (size_t i = 0; i < append->count; i++)
        wire_append_bytes(message, 1, append->records[i]);
    wire_append_bytes(message, 2, buffer_bytes(&append->note));
}

static void print_clause(struct buffer *message, const struct made_edition *edition, uint64_t place) {
    struct merkle_path path;
    struct buffer clause;
    buffer_init(&clause, LIMIT_REQUEST);
    merkle_tree_path(&path, &edition->tree, place);
    wire_append_varint(&clause, 1, place);
    wire_append_bytes(&clause, 2, edition->records[place]);
    for (size_t i = 0; i < path.count; i++)
        wire_append_bytes(&clause, 3, bytes_of(path.hashes[i].bytes, HASH_LEN));
    wire_append_bytes(message, 2, buffer_bytes(&clause));
    buffer_free(&clause);
}

static void print_clauses(struct buffer *message, const struct made_edition *edition) {
    wire_append_bytes(message, 1, bytes_of(edition->leaf_hash.bytes, HASH_LEN));
    for (uint64_t place = 0; place < edition->count; place++)
        print_clause(message, edition, place);
}

static void request_init(struct question *out, const char *what, const char *method, const struct buffer *message) {
    const struct call_head head = {.nonce = BYTES("0123456789abcdef")};
    *out = (struct question){.what = what};
    buffer_init(&out->request, LIMIT_REQUEST_APPEND);
    buffer_init(&out->answer, 1);
    ck_assert_int_eq(call_print_encoded(&out->request, method_find(bytes_text(method)), buffer_bytes(message), &head),
                     0);
}

static void deposit_begin(struct deposit *deposit, unsigned number) {
    struct buffer message;
    house.library.maker.ledger = house.ledger;
    snprintf(deposit->instrument, sizeof(deposit->instrument), "treaty-%u", number);
    maker_append_begin(&deposit->append, &house.library.maker);
    maker_append_edition(
        &deposit->append,
        &(struct maker_edition){.instrument = deposit->instrument, .clauses = articles, .clauses_count = ARTICLES});
    maker_append_register(&deposit->append, 0);
    maker_append_sign(&deposit->append, &house.library.maker.ledger_key);
    buffer_init(&message, LIMIT_REQUEST_APPEND);
    print_append(&message, &deposit->append);
    request_init(&deposit->requests[0], "AppendEntries", LEDGER "AppendEntries", &message);
    request_init(&deposit->requests[2], "AppendEntries again", LEDGER "AppendEntries", &message);
    buffer_clear(&message);
    print_clauses(&message, &deposit->append.editions[0]);
    request_init(&deposit->requests[1], "PutClauses", LEDGER "PutClauses", &message);
    buffer_free(&message);
}

static void deposit_end(struct deposit *deposit) {
    for (size_t i = 0; i < 3; i++)
        buffer_free(&deposit->requests[i].request);
    maker_append_end(&deposit->append);
    house.library.maker.ledger = NULL;
}

static uint64_t size_of(struct ledger *ledger) {
    const struct ledger_state *state = ledger_state_take(ledger);
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

/* Sends one of the three; its status, -1 for no answer. */
static int send_call(const struct deposit *deposit, size_t call) {
    struct exchange exchange;
    int code;
    const struct question *request = &deposit->requests[call];
    enum exchange_next next = house_exchange(&house, buffer_bytes(&request->request), &exchange);
    scarce_disarm();
    (void)house_judge(request, next, &exchange, &code);
    exchange_end(&exchange);
    return code;
}

static const int expected[3] = {STATUS_FAILED_PRECONDITION, STATUS_OK, STATUS_OK};

static void send_as_expected(const struct deposit *deposit, size_t from, size_t until) {
    for (size_t call = from; call < until; call++) {
        int code = send_call(deposit, call);
        ck_assert_msg(code == expected[call], "%s: status %d", deposit->requests[call].what, code);
    }
}

static void every_clause_is_there(const struct deposit *deposit) {
    const struct made_edition *edition = &deposit->append.editions[0];
    struct hash root;
    struct buffer record;
    struct merkle_path path;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    merkle_tree_root(&root, &edition->tree);
    for (uint64_t place = 0; place < edition->count; place++) {
        buffer_clear(&record);
        ck_assert_int_eq(
            ledger_clause(house.ledger, edition->index, edition->count, &root, place, &record, &path, NULL), 0);
        ck_assert(bytes_equal(buffer_bytes(&record), edition->records[place]));
    }
    buffer_free(&record);
}

static size_t search_at; /* among the questions */
static uint64_t hits_before;

/* The hits of the search, which finds as many as ever however the deposit went. */
static uint64_t count_hits(void) {
    const struct question *search = &house.questions[search_at];
    struct exchange exchange;
    struct arena arena;
    struct call_answer answer;
    struct buffer bytes;
    arena_init(&arena, CALL_ARENA_MAX);
    ck_assert_int_eq(house_exchange(&house, buffer_bytes(&search->request), &exchange), EXCHANGE_ANSWERED);
    house_answer(&exchange, &bytes);
    ck_assert_int_eq(answer_read(&answer, method_find(BYTES("/depositary.v1.DepositaryService/SearchClauses")),
                                 buffer_bytes(&bytes), &arena, NULL),
                     0);
    ck_assert_int_eq(answer.status.code, STATUS_OK);
    uint64_t total = ((const Depositary__V1__SearchClausesResponse *)answer.message)->total;
    exchange_end(&exchange);
    buffer_free(&bytes);
    arena_free(&arena);
    return total;
}

/* As growth.c tries again after a while what it could not do. */
static void serve_what_was_appended(void) {
    ck_assert_int_eq(catalog_update(house.catalog, NULL), 0);
    ck_assert_int_eq(views_advance(house.server.views), 0);
}

static bool is_failed(int code) {
    return code == -1 || code == STATUS_RESOURCE_EXHAUSTED || code == STATUS_INTERNAL || code == STATUS_UNAVAILABLE;
}

/* One deposit, with one refusal in one of its calls; and then it goes through. Returns whether there was one. */
static bool deposit_with(unsigned number, size_t call, unsigned at, bool is_lasting) {
    struct deposit deposit;
    deposit_begin(&deposit, number);
    uint64_t before = size_of(house.ledger);
    send_as_expected(&deposit, 0, call);
    scarce_arm(at, is_lasting);
    int code = send_call(&deposit, call);
    unsigned hits = scarce_refused();
    uint64_t after = size_of(house.ledger);
    ck_assert_msg(code == expected[call] || (hits > 0 && is_failed(code)), "%s, allocation %u: status %d",
                  deposit.requests[call].what, at, code);
    ck_assert_msg(after == before || (call == 2 && after == before + 2), "%s, allocation %u: half a deposit",
                  deposit.requests[call].what, at);
    ck_assert(call != 2 || code != STATUS_OK || after == before + 2);
    if (send_call(&deposit, 0) != STATUS_OK) /* contained already */
        send_as_expected(&deposit, 1, 3);
    ck_assert_uint_eq(size_of(house.ledger), before + 2);
    every_clause_is_there(&deposit);
    serve_what_was_appended();
    ck_assert_uint_eq(count_hits(), hits_before);
    deposit_end(&deposit);
    refusals += hits > 0;
    return hits > 0;
}

static void reopen(void) {
    struct fault fault = {0};
    house_close(&house);
    ck_assert_msg(house_open(&house, &fault) == 0, "%s", fault_text(&fault));
}

START_TEST(a_deposit_is_whole_or_not_there) {
    unsigned number = 0;
    while (strcmp(house.questions[search_at].what, "SearchClauses") != 0)
        search_at++;
    hits_before = count_hits();
    ck_assert_uint_gt(hits_before, 0);
    for (size_t call = 0; call < 3; call++) {
        unsigned before = refusals;
        for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
            for (unsigned at = first; deposit_with(number++, call, at, is_lasting); at += step) {
                if (number % 32 == 0)
                    reopen(); /* it reads and judges all of it */
            }
        }
        printf("%s: %u refusals\n", call == 1 ? "PutClauses" : "AppendEntries", refusals - before);
        ck_assert(refusals > before || step > 1);
    }
    reopen();
    ck_assert_uint_gt(size_of(house.ledger), 2 * number);
    printf("%u allocations refused in %u deposits\n", refusals, number);
}
END_TEST

/* ---- a deposit at the office: drafted, signed, kept, pushed */

static struct made_office office;
static struct made_server server;

static void set_up_office(void) {
    set_up_sqlite();
    choose_faults();
    refusals = 0;
    made_office_init(&office);
    made_sign_key(&office, 1);
    made_server_init(&server, &office, "server.db");
}

static void tear_down_office(void) {
    made_server_free(&server);
    made_office_free(&office);
}

struct errand {
    struct description about;
    struct outline outline;
    struct bytes text;
};

/* The whole errand; its error. */
static int run_errand(const struct errand *errand, struct fault *fault) {
    struct office_draft *draft = NULL;
    struct office_link link;
    uint64_t sent;
    office_link_local(&link, server.ledger);
    int error = office_draft_new(&draft, office.office_open);
    if (!error)
        error = office_draft_edition(draft, &errand->about, ACT_DEPOSIT, NULL, errand->text, &errand->outline, MADE_NOW,
                                     fault);
    if (!error)
        error = office_sign(office.office_open, draft, &link, MADE_NOW, fault);
    office_draft_free(draft);
    return error ? error : office_push(office.office_open, &link, &sent, fault);
}

static void finish_errand(const struct errand *errand, bool is_signed) {
    struct office_link link;
    struct fault fault = {0};
    uint64_t sent;
    office_link_local(&link, server.ledger);
    int error = is_signed ? office_push(office.office_open, &link, &sent, &fault) : run_errand(errand, &fault);
    ck_assert_msg(error == 0, "%s", fault_text(&fault));
}

static bool errand_with(unsigned number, unsigned at, bool is_lasting) {
    char instrument[32];
    struct errand errand = {.text = BYTES("one\ntwo\nthree\n")};
    struct fault fault = {0};
    snprintf(instrument, sizeof(instrument), "treaty-%u", number);
    made_outline(&errand.outline, errand.text);
    made_description(&errand.about, instrument);
    uint64_t before = made_office_size(&office);
    scarce_arm(at, is_lasting);
    int error = run_errand(&errand, &fault);
    unsigned hits = scarce_disarm();
    uint64_t after = made_office_size(&office);
    ck_assert_msg(error == 0 || (hits > 0 && (error == DEPOSITARY_E_MEMORY || error == DEPOSITARY_E_IO)),
                  "allocation %u: error %d, %s", at, error, fault_text(&fault));
    ck_assert_msg(after == before || after == before + 2, "allocation %u: half a deposit is signed", at);
    ck_assert(error != 0 || made_server_equals(&server, &office));
    if (error)
        finish_errand(&errand, after != before);
    ck_assert_uint_eq(made_office_size(&office), before + 2);
    ck_assert(made_server_equals(&server, &office));
    free(errand.outline.units);
    description_free(&errand.about);
    refusals += hits > 0;
    return hits > 0;
}

START_TEST(what_an_office_deposits_is_signed_and_sent_whole_or_not_at_all) {
    unsigned number = 0;
    for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
        for (unsigned at = first; errand_with(number++, at, is_lasting); at += step) {
            if (number % 64 == 0) {
                made_office_close(&office);
                made_office_open(&office, NULL);
            }
        }
    }
    printf("%u allocations refused in %u errands of the office\n", refusals, number);
    ck_assert_uint_gt(refusals, 100 / step);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory");
    TCase *served = tcase_create("served");
    tcase_add_checked_fixture(served, set_up, tear_down);
    tcase_set_timeout(served, 240);
    tcase_add_test(served, every_method_answers_truly_or_fails);
    tcase_add_test(served, what_could_not_be_opened_is_whole_the_next_time);
    tcase_add_test(served, first_call_after_the_start_answers_truly_or_fails);
    tcase_add_test(served, a_deposit_is_whole_or_not_there);
    suite_add_tcase(suite, served);
    TCase *signing = tcase_create("office");
    tcase_add_checked_fixture(signing, set_up_office, tear_down_office);
    tcase_set_timeout(signing, 240);
    tcase_add_test(signing, what_an_office_deposits_is_signed_and_sent_whole_or_not_at_all);
    suite_add_tcase(suite, signing);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
