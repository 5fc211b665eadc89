/* What is asked (questions.h). */
#define _GNU_SOURCE /* memmem */
#include "questions.h"

#include "depositary/v1/depositary.pb-c.h"
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
static struct load_request make_request(const char *instrument, const char *eid) {
    static const uint8_t nonce[32] = "bench-nonce-0123456789-abcdefgh";
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Depositary__V1__GetClauseRequest message = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    struct buffer out;
    name.instrument = (char *)instrument;
    name.eid = (char *)eid;
    message.name = &name;
    buffer_init(&out, 65536);
    if (call_print(&out, method_find(BYTES("/depositary.v1.DepositaryService/GetClause")), &message.base,
                   bytes_of(nonce, 32), 0, NULL) != 0)
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
        struct load_request kept = questions->requests[i];
        questions->requests[i] = questions->requests[j];
        questions->requests[j] = kept;
    }
}

void questions_make(struct questions *out, const struct options *options) {
    size_t all = options->data != NULL ? options->clauses : STATEMENT_CLAUSES;
    char instrument[64] = STATEMENT, eid[32];
    *out = (struct questions){.count = all < QUESTIONS_MAX ? all : QUESTIONS_MAX, .random = 1};
    out->requests = calloc(out->count, sizeof *out->requests);
    if (out->requests == NULL)
        fail("no memory for the requests");
    for (size_t i = 0; i < out->count; i++) {
        size_t clause = i * (all / out->count);
        if (options->data != NULL) {
            size_t each = options->clauses / options->editions;
            snprintf(instrument, sizeof instrument, "made-up-%06zu", clause / each + 1);
            clause %= each;
        }
        snprintf(eid, sizeof eid, "cl_%zu", clause + 1);
        out->requests[i] = make_request(instrument, eid);
    }
    shuffle(out);
    if (options->data != NULL && !options->is_uniform)
        make_shares(out);
}

void questions_free(struct questions *questions) {
    for (size_t i = 0; i < questions->count; i++)
        free(questions->requests[i].data);
    free(questions->requests);
    free(questions->share);
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
