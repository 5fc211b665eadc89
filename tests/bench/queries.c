/*
 * How long queries take over a large ledger, within the process, without network and seal: GetClause, SearchClauses and CheckQuote.
 *
 *     bench_queries DIR [CALLS [NAME]]
 *
 * DIR is a folder of makeledger, or of a daemon that is stopped. The catalog is made in it where it is not there. Words, phrases and
 * quotes are taken from the ledger itself. Prints the 50th and 99th of a hundred calls in milliseconds, by the
 * clock and by the time of the processor.
 */
#include "base/encode.h"
#include "base/file.h"
#include "base/time.h"
#include "depositary/v1/depositary.pb-c.h"
#include "rpc/call.h"
#include "server/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_NS   UINT64_C(60000000000)
#define SAMPLES      4000u /* clauses that words and quotes are taken from */
#define WORDS_MAX    200000u
#define CALLS_MAX    100000u
#define QUERY_MAX    512u
#define METHOD(name) "/depositary.v1.DepositaryService/" #name
#define TEXT(text)   ((char *)(uintptr_t)(text))

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "bench_queries: %s does not hold (line %d): %s\n", #condition, __LINE__,                   \
                    fault_text(&fault));                                                                               \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static struct fault fault;
static struct server server;
static const struct ledger_state *state;
static struct arena calls;
static uint64_t random_state = 1;

struct sample {
    char instrument[LIMIT_INSTRUMENT + 1];
    char eid[LIMIT_EID + 1];
    char *text;
};
static struct sample samples[SAMPLES];
static unsigned samples_count;

static uint64_t random_below(uint64_t below) {
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

/* ---- the ledger */

static void open_all(const char *dir) {
    char path[4096], url[4112];
    struct policy *policy = NULL;
    struct buffer text;
    buffer_init(&text, 1024 * 1024);
    MUST(file_path(path, sizeof path, dir, "policy") == 0 && file_read(&text, path, &fault) == 0);
    MUST(policy_parse(&policy, buffer_bytes(&text), &fault) == 0);
    MUST(file_path(path, sizeof path, dir, "ledger.db") == 0);
    snprintf(url, sizeof url, "sqlite:%s", path);
    const struct ledger_config config = {.url = url, .policy = policy};
    uint64_t start = clock_monotonic_ns();
    MUST(ledger_open(&server.ledger, &config, &fault) == 0);
    printf("ledger opened in %.1f s\n", (double)(clock_monotonic_ns() - start) / 1e9);
    MUST(file_path(path, sizeof path, dir, "catalog.db") == 0);
    start = clock_monotonic_ns();
    MUST(catalog_open(&server.catalog, path, server.ledger, &fault) == 0);
    MUST(catalog_update(server.catalog, &fault) == 0);
    printf("catalog opened, or made, in %.1f s\n", (double)(clock_monotonic_ns() - start) / 1e9);
    start = clock_monotonic_ns();
    MUST(catalog_tidy(server.catalog, &fault) == 0);
    printf("its index put in order in %.1f s\n", (double)(clock_monotonic_ns() - start) / 1e9);
    server.policy = policy;
    server.origin = "";
    state = ledger_state_take(server.ledger);
    buffer_free(&text);
}

static void read_sample(uint64_t index, const struct edition_record *edition, struct buffer *record) {
    struct sample *sample = &samples[samples_count];
    struct clause_record clause;
    buffer_clear(record);
    MUST(ledger_clause(server.ledger, index, edition->clauses, &edition->clauses_root, random_below(edition->clauses),
                       record, NULL, &fault) == 0);
    MUST(clause_record_parse(&clause, buffer_bytes(record), &fault) == 0);
    snprintf(sample->instrument, sizeof sample->instrument, "%.*s", (int)clause.instrument.len,
             (const char *)clause.instrument.data);
    snprintf(sample->eid, sizeof sample->eid, "%.*s", (int)clause.eid.len, (const char *)clause.eid.data);
    sample->text = malloc(clause.text.len + 1);
    MUST(sample->text != NULL);
    memcpy(sample->text, clause.text.data, clause.text.len);
    sample->text[clause.text.len] = '\0';
    samples_count += clause.text.len > 120;
}

static void read_samples(void) {
    struct buffer entry, record;
    buffer_init(&entry, LIMIT_ENTRY);
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    for (unsigned tries = 0; samples_count < SAMPLES && tries < 100 * SAMPLES; tries++) {
        uint64_t index = random_below(state->size);
        struct edition_record edition;
        buffer_clear(&entry);
        MUST(ledger_entry(server.ledger, state, index, &entry, NULL, &fault) == 0);
        if (record_type(buffer_bytes(&entry)) != RECORD_EDITION)
            continue;
        MUST(edition_record_parse(&edition, buffer_bytes(&entry), &fault) == 0);
        if (edition.clauses > 0)
            read_sample(index, &edition, &record);
    }
    MUST(samples_count > 0);
    buffer_free(&record);
    buffer_free(&entry);
}

/* ---- calls */

static char answer_status[256];
static uint64_t answer_total;
static double answer_cpu;
static const char *only = ""; /* what is measured begins so */

/* Of this thread, which is alone: on a machine that does other work, too, this is what a call costs. */
static double cpu_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double ask(const char *name, const ProtobufCMessage *input) {
    const struct method *method = method_find(bytes_text(name));
    struct server_call context = {.server = &server, .state = state};
    struct buffer request, answered;
    struct call_answer answer;
    buffer_init(&request, LIMIT_REQUEST);
    buffer_init(&answered, 2 * LIMIT_RESPONSE);
    MUST(call_print(&request, method, input, BYTES("0123456789abcdef"), 0, NULL) == 0);
    arena_reset(&calls);
    struct call call = {.arena = &calls, .context = &context, .peer = "bench"};
    double cpu = cpu_ms();
    uint64_t start = clock_monotonic_ns();
    MUST(dispatch(&call, &depositary_service, 1, buffer_bytes(&request), TIMEOUT_NS, &answered) == 0);
    double ms = (double)(clock_monotonic_ns() - start) / 1e6;
    answer_cpu = cpu_ms() - cpu;
    MUST(answer_read(&answer, method, buffer_bytes(&answered), &calls, &fault) == 0);
    snprintf(answer_status, sizeof answer_status, "%s %s", status_name(answer.status.code), answer.status.message);
    answer_total = 0;
    if (answer.message && strcmp(name, METHOD(SearchClauses)) == 0)
        answer_total = ((const Depositary__V1__SearchClausesResponse *)answer.message)->total;
    if (answer.message && strcmp(name, METHOD(CheckQuote)) == 0)
        answer_total = (uint64_t)((const Depositary__V1__CheckQuoteResponse *)answer.message)->verdict;
    buffer_free(&answered);
    buffer_free(&request);
    return ms;
}

static double get(void) {
    const struct sample *sample = &samples[random_below(samples_count)];
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Depositary__V1__GetClauseRequest input = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    name.instrument = TEXT(sample->instrument);
    name.eid = TEXT(sample->eid);
    input.name = &name;
    return ask(METHOD(GetClause), &input.base);
}

static double search(const char *query) {
    Depositary__V1__SearchClausesRequest input = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    input.query = TEXT(query);
    return ask(METHOD(SearchClauses), &input.base);
}

static double quote(const char *words) {
    Depositary__V1__CheckQuoteRequest input = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    input.quote = TEXT(words);
    return ask(METHOD(CheckQuote), &input.base);
}

/* ---- what is asked */

/* `count` words that follow one another in some clause, with one space between. */
static void take_words(char out[QUERY_MAX], unsigned count) {
    const char *text = samples[random_below(samples_count)].text;
    size_t at = 8 + random_below(strlen(text) / 2);
    at += strcspn(text + at, " ");
    out[0] = '\0';
    for (unsigned i = 0; i < count && text[at] != '\0'; i++) {
        at += strspn(text + at, " \n");
        size_t len = strcspn(text + at, " \n");
        if (strlen(out) + len + 2 >= QUERY_MAX)
            break;
        strncat(out, i > 0 ? " " : "", 2);
        strncat(out, text + at, len);
        at += len;
    }
}

static double search_word(void) {
    char word[QUERY_MAX];
    take_words(word, 1);
    return search(word);
}

static double search_two(void) {
    char words[QUERY_MAX];
    take_words(words, 2);
    return search(words);
}

static double search_either(void) {
    char query[2 * QUERY_MAX + 8], other[QUERY_MAX];
    take_words(query, 1);
    take_words(other, 1);
    strcat(query, " OR ");
    strcat(query, other);
    return search(query);
}

static double search_phrase(void) {
    char query[QUERY_MAX + 4] = "\"";
    take_words(query + 1, 3);
    strcat(query, "\"");
    return search(query);
}

static double search_near(void) {
    char query[2 * QUERY_MAX], other[QUERY_MAX];
    take_words(query, 1);
    take_words(other, 1);
    strcat(query, " NEAR/5 ");
    strcat(query, other);
    return search(query);
}

static double quote_verbatim(void) {
    char words[QUERY_MAX];
    take_words(words, 4 + (unsigned)random_below(40));
    return quote(words);
}

static double quote_folded(void) {
    char words[QUERY_MAX];
    take_words(words, 8 + (unsigned)random_below(30));
    for (char *at = words; *at; at++)
        *at = *at >= 'a' && *at <= 'z' && random_below(4) == 0 ? (char)(*at - 32) : *at;
    return quote(words);
}

static double quote_differs(void) {
    char words[QUERY_MAX], changed[2 * QUERY_MAX];
    take_words(words, 12 + (unsigned)random_below(25));
    char *space = strchr(words + strlen(words) / 2, ' ');
    if (!space)
        return quote_differs();
    snprintf(changed, sizeof changed, "%.*s xyzzy%s", (int)(space - words), words, space);
    return quote(changed);
}

static double quote_invented(void) {
    char words[QUERY_MAX] = "", word[QUERY_MAX];
    for (unsigned i = 0; i < 15; i++) {
        take_words(word, 1);
        if (strlen(words) + strlen(word) + 2 < sizeof words) {
            strcat(words, i > 0 ? " " : "");
            strcat(words, word);
        }
    }
    return quote(words);
}

static double quote_short(void) {
    char words[QUERY_MAX];
    take_words(words, 1);
    return quote(words);
}

/* ---- figures */

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* limit: of a search, only those with at most so many hits count; 0: all. */
static void measure(const char *name, double (*call)(void), unsigned count, uint64_t least, uint64_t limit) {
    static double times[CALLS_MAX], cpu_times[CALLS_MAX];
    double sum_total = 0;
    unsigned kept = 0;
    if (strncmp(name, only, strlen(only)) != 0)
        return;
    for (unsigned i = 0; i < count / 10; i++)
        (void)call();
    for (unsigned tries = 0; kept < count && tries < 20 * count; tries++) {
        double ms = call();
        if (limit > 0 && (answer_total < least || answer_total > limit))
            continue;
        cpu_times[kept] = answer_cpu;
        times[kept++] = ms;
        sum_total += (double)answer_total;
    }
    if (kept == 0) {
        printf("%-28s none of them\n", name);
        return;
    }
    qsort(times, kept, sizeof times[0], by_size);
    qsort(cpu_times, kept, sizeof cpu_times[0], by_size);
    printf("%-28s %6u %9.3f %9.3f %9.3f %9.3f  %.1f  %s\n", name, kept, times[kept / 2], times[(size_t)(kept * 0.99)],
           cpu_times[kept / 2], cpu_times[(size_t)(kept * 0.99)], sum_total / kept,
           strncmp(answer_status, "OK", 2) == 0 ? "" : answer_status);
    fflush(stdout);
}

int main(int argc, char **argv) {
    uint64_t count = 300;
    if (argc < 2 || argc > 4 || (argc > 2 && (!decimal_parse(&count, bytes_text(argv[2])) || count > CALLS_MAX))) {
        fprintf(stderr, "Usage: bench_queries DIR [CALLS [NAME]]\n");
        return 2;
    }
    only = argc == 4 ? argv[3] : only;
    const unsigned calls_count = (unsigned)count;
    open_all(argv[1]);
    arena_init(&calls, 4 * CALL_ARENA_MAX);
    read_samples();
    printf("%-28s %6s %9s %9s %9s %9s  %s\n", "", "calls", "p50 ms", "p99 ms", "CPU p50", "CPU p99",
           "mean hits, or verdict");
    fflush(stdout);
    measure("get", get, calls_count, 0, 0);
    measure("search word, <= 10,000", search_word, calls_count, 1, 10000);
    measure("search word, > 10,000", search_word, calls_count / 4, 10001, UINT64_MAX);
    measure("search two words", search_two, calls_count, 1, 10000);
    measure("search a OR b", search_either, calls_count / 4, 0, 0);
    measure("search phrase", search_phrase, calls_count, 1, 10000);
    measure("search a NEAR/5 b", search_near, calls_count, 0, 10000);
    measure("quote verbatim", quote_verbatim, calls_count, 0, 0);
    measure("quote folded", quote_folded, calls_count, 0, 0);
    measure("quote differs", quote_differs, calls_count, 0, 0);
    measure("quote invented", quote_invented, calls_count, 0, 0);
    measure("quote of one word", quote_short, calls_count / 4, 0, 0);
    return 0;
}
