/* What is asked (questions.h). */
#define _GNU_SOURCE /* memmem */
#include "questions.h"

#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/rpc.pb-c.h"
#include "rpc/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT         "az-cn-joint-statement-2025"
#define STATEMENT_CLAUSES 18u

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* The nonce's first bytes are a counter: no two calls are the same. */
static struct load_request make_request(const char *method, const ProtobufCMessage *message) {
    static const uint8_t nonce[32] = "bench-nonce-0123456789-abcdefgh";
    struct buffer out;
    buffer_init(&out, 65536);
    if (call_print(&out, method_find(bytes_text(method)), message, bytes_of(nonce, 32), 0, NULL) != 0)
        fail("a request cannot be made");
    const uint8_t *at = memmem(out.data, out.len, nonce, 32);
    uint8_t *data = malloc(out.len); /* of its size: there may be a million */
    if (data == NULL || at == NULL)
        fail("no memory for the requests");
    memcpy(data, out.data, out.len);
    struct load_request request = {.data = data, .len = out.len, .nonce_offset = (size_t)(at - out.data)};
    buffer_free(&out);
    return request;
}

static struct load_request ask_clause(char *instrument, char *eid) {
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Depositary__V1__GetClauseRequest message = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    name.instrument = instrument;
    name.eid = eid;
    message.name = &name;
    return make_request("/depositary.v1.DepositaryService/GetClause", &message.base);
}

/* How often: the n-th question 1/n times as often as the first. */
static void make_shares(struct questions *questions) {
    double sum = 0;
    questions->share = calloc(questions->count, sizeof *questions->share);
    if (questions->share == NULL)
        fail("no memory for the requests");
    for (size_t i = 0; i < questions->count; i++)
        questions->share[i] = sum += 1.0 / (double)(i + 1);
    for (size_t i = 0; i < questions->count; i++)
        questions->share[i] /= sum;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The favourites lie anywhere in the ledger. */
static void shuffle(struct questions *questions) {
    for (size_t i = questions->count - 1; i > 0; i--) {
        size_t j = next_random(&questions->random) % (i + 1);
        uint32_t kept = questions->clauses[i];
        questions->clauses[i] = questions->clauses[j];
        questions->clauses[j] = kept;
    }
}

static void make_room(struct questions *out, size_t count) {
    out->count = count;
    out->requests = calloc(count, sizeof *out->requests);
    out->clauses = calloc(count, sizeof *out->clauses);
    if (out->requests == NULL || out->clauses == NULL)
        fail("no memory for the requests");
}

void questions_name(const struct questions *questions, size_t index, char instrument[64], char eid[32]) {
    const struct bench_ledger *ledger = &questions->ledger;
    size_t clause = questions->clauses[index];
    snprintf(instrument, 64, STATEMENT);
    if (ledger->data != NULL) {
        size_t each = ledger->clauses / ledger->editions;
        snprintf(instrument, 64, "made-up-%06zu", clause / each + 1);
        clause %= each;
    }
    snprintf(eid, 32, "cl_%zu", clause + 1);
}

void questions_make(struct questions *out, const struct bench_ledger *ledger) {
    size_t all = ledger->data != NULL ? ledger->clauses : STATEMENT_CLAUSES;
    char instrument[64], eid[32];
    *out = (struct questions){.ledger = *ledger, .random = 1};
    make_room(out, all < QUESTIONS_MAX ? all : QUESTIONS_MAX);
    for (size_t i = 0; i < out->count; i++)
        out->clauses[i] = (uint32_t)(i * (all / out->count));
    shuffle(out);
    for (size_t i = 0; i < out->count; i++) {
        questions_name(out, i, instrument, eid);
        out->requests[i] = ask_clause(instrument, eid);
    }
    if (ledger->data != NULL && !ledger->is_uniform)
        make_shares(out);
}

/* ---- searches and quotes */

char *questions_text(const uint8_t *response, size_t len) {
    Depositary__V1__Response *read = depositary__v1__response__unpack(NULL, len, response);
    Depositary__V1__Answer *answer =
        read != NULL ? depositary__v1__answer__unpack(NULL, read->answer.len, read->answer.data) : NULL;
    Depositary__V1__GetClauseResponse *message =
        answer != NULL ? depositary__v1__get_clause_response__unpack(NULL, answer->message.len, answer->message.data)
                       : NULL;
    bool is_there = message != NULL && message->clause != NULL && message->clause->clause != NULL;
    char *text = is_there ? strdup(message->clause->clause->text) : NULL;
    if (message != NULL)
        depositary__v1__get_clause_response__free_unpacked(message, NULL);
    if (answer != NULL)
        depositary__v1__answer__free_unpacked(answer, NULL);
    if (read != NULL)
        depositary__v1__response__free_unpacked(read, NULL);
    return text;
}

/* From the middle on to the end of a word, some bytes of whole words. */
static char *cut_words(const char *text, size_t want) {
    const char *at = text + strlen(text) / 2, *end;
    at += strcspn(at, " \n");
    at += strspn(at, " \n");
    end = at + (strlen(at) < want ? strlen(at) : want);
    while (end > at && *end != '\0' && *end != ' ' && *end != '\n')
        end--;
    return strndup(at, (size_t)(end - at));
}

static struct load_request ask_quote(const char *text) {
    Depositary__V1__CheckQuoteRequest message = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    message.quote = cut_words(text, 60);
    struct load_request request = make_request("/depositary.v1.DepositaryService/CheckQuote", &message.base);
    free(message.quote);
    return request;
}

/* The longest word: letters of ASCII alone, which is what both kinds of texts are mostly made of. */
static struct load_request ask_search(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *best = "the";
    size_t best_len = 3;
    for (const char *at = text; *at != '\0'; at += strcspn(at, letters)) {
        size_t len = strspn(at, letters);
        if (len > best_len) {
            best = at;
            best_len = len;
        }
        at += len;
    }
    Depositary__V1__SearchClausesRequest message = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    message.query = strndup(best, best_len);
    message.page_size = 10;
    struct load_request request = make_request("/depositary.v1.DepositaryService/SearchClauses", &message.base);
    free(message.query);
    return request;
}

void questions_make_texts(struct questions *out, enum question_kind kind, char *const *texts, size_t count) {
    *out = (struct questions){.random = 1};
    make_room(out, count);
    for (size_t i = 0; i < count; i++)
        out->requests[i] = kind == QUESTION_QUOTE ? ask_quote(texts[i]) : ask_search(texts[i]);
}

/* ---- */

void questions_free(struct questions *questions) {
    for (size_t i = 0; i < questions->count; i++)
        free(questions->requests[i].data);
    free(questions->requests);
    free(questions->clauses);
    free(questions->share);
}

size_t questions_next(void *context) {
    struct questions *questions = context;
    return questions->next++ % questions->count;
}

size_t questions_pick(void *context) {
    struct questions *questions = context;
    uint64_t random = next_random(&questions->random);
    if (questions->share == NULL)
        return random % questions->count;
    double wanted = (double)(random >> 11) / (double)(UINT64_C(1) << 53);
    size_t low = 0, high = questions->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (questions->share[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
