/*
 * A user of libdepositary: asks for clauses by the asynchronous calls, so many at a time, and lets the library verify every answer.
 *
 *     bench_client URL POLICY IN_FLIGHT SECONDS [CLAUSES EDITIONS zipf|uniform]
 *
 * With CLAUSES it asks a ledger of makeledger, else for the built-in statement. Prints calls a second, p50 and p99 in us, processor time in us a call of this
 * process, and signatures that it checked a call. Ends with 1 where an answer did not verify.
 */
#include "questions.h"

#include "depositary/client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define HISTOGRAM  200000 /* slots of 1 us */
#define CONNECTION 64u    /* calls under way on one */

/* The linker sends libsodium's callers here. */
int __real_crypto_sign_verify_detached(const unsigned char *, const unsigned char *, unsigned long long,
                                       const unsigned char *);
int __wrap_crypto_sign_verify_detached(const unsigned char *, const unsigned char *, unsigned long long,
                                       const unsigned char *);

static atomic_ulong signatures;

int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *public_key) {
    atomic_fetch_add(&signatures, 1);
    return __real_crypto_sign_verify_detached(signature, message, len, public_key);
}

struct asker;

/* One of the calls under way. */
struct flight {
    struct asker *asker;
    double sent_at;
    char eid[32];
};

struct asker {
    depositary_client *client;
    struct questions questions;
    double end;
    unsigned long calls, failed;
    unsigned *histogram;
};

static void ask(struct flight *flight);

/* On the client's thread, one at a time. */
static void told(void *context, depositary_answer *answer) {
    struct flight *flight = context;
    struct asker *asker = flight->asker;
    const double now = load_now(), us = (now - flight->sent_at) * 1e6;
    const depositary_clause *clause = answer != NULL ? depositary_answer_clause(answer, 0) : NULL;
    if (clause == NULL || strcmp(clause->eid, flight->eid) != 0) {
        if (asker->failed++ == 0)
            fprintf(stderr, "%s: %s\n", flight->eid,
                    answer != NULL ? depositary_answer_error_text(answer) : "no memory");
    }
    depositary_answer_free(&answer);
    asker->histogram[us < HISTOGRAM - 1 ? (size_t)us : HISTOGRAM - 1]++;
    asker->calls++;
    if (now < asker->end)
        ask(flight);
}

static void ask(struct flight *flight) {
    struct asker *asker = flight->asker;
    char instrument[64];
    questions_name(&asker->questions, questions_pick(&asker->questions), instrument, flight->eid);
    const depositary_edition_query which = {.instrument = instrument};
    flight->sent_at = load_now();
    if (depositary_start(asker->client, depositary_question_get_clause(&which, flight->eid), NULL, told, flight) == 0)
        asker->failed++;
}

static double percentile(const struct asker *asker, double part) {
    unsigned long want = (unsigned long)((double)asker->calls * part), seen = 0;
    for (size_t i = 0; i < HISTOGRAM; i++) {
        seen += asker->histogram[i];
        if (seen > want)
            return (double)i + 0.5;
    }
    return HISTOGRAM;
}

static double spent_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* One connection for each 64 calls. */
static depositary_client *open_client(const char *url, const char *policy_path, unsigned in_flight) {
    depositary_failure failure;
    depositary_policy *policy = NULL;
    depositary_client *client = NULL;
    char endpoints[4096] = "";
    for (unsigned left = in_flight; left > 0 && strlen(endpoints) + strlen(url) + 2 < sizeof endpoints;
         left -= left < CONNECTION ? left : CONNECTION)
        snprintf(endpoints + strlen(endpoints), sizeof endpoints - strlen(endpoints), "%s%s",
                 endpoints[0] != '\0' ? "," : "", url);
    int error = depositary_verify_init();
    if (error == 0)
        error = depositary_policy_load(&policy, policy_path, &failure);
    const depositary_client_config config = {.endpoints = endpoints, .policy = policy, .max_in_flight = CONNECTION};
    if (error == 0)
        error = depositary_client_new(&client, &config, &failure);
    if (error != 0)
        fprintf(stderr, "%s\n", failure.text);
    depositary_policy_free(&policy);
    return client;
}

static void run(struct asker *asker, unsigned in_flight, double seconds) {
    struct flight *flights = calloc(in_flight, sizeof *flights);
    asker->end = load_now() + seconds;
    for (unsigned i = 0; flights != NULL && i < in_flight; i++) {
        flights[i].asker = asker;
        ask(&flights[i]);
    }
    if (depositary_client_wait(asker->client) != 0)
        asker->failed++;
    free(flights);
}

int main(int argc, char **argv) {
    static struct asker asker;
    struct bench_ledger ledger = {0};
    if (argc != 5 && argc != 8) {
        fprintf(stderr, "usage: bench_client URL POLICY IN_FLIGHT SECONDS [CLAUSES EDITIONS zipf|uniform]\n");
        return 2;
    }
    if (argc == 8)
        ledger = (struct bench_ledger){.data = "",
                                       .clauses = strtoul(argv[5], NULL, 10),
                                       .editions = strtoul(argv[6], NULL, 10),
                                       .is_uniform = strcmp(argv[7], "uniform") == 0};
    const unsigned in_flight = (unsigned)atoi(argv[3]);
    asker.client = open_client(argv[1], argv[2], in_flight);
    asker.histogram = calloc(HISTOGRAM, sizeof *asker.histogram);
    if (asker.client == NULL || asker.histogram == NULL)
        return 1;
    questions_make(&asker.questions, &ledger);
    run(&asker, in_flight, 0.1); /* the state and the key are known afterwards, as to any client that lives on */
    asker.calls = 0;
    memset(asker.histogram, 0, HISTOGRAM * sizeof *asker.histogram);
    const unsigned long checked = atomic_load(&signatures);
    const double start = load_now(), spent = spent_s();
    run(&asker, in_flight, atof(argv[4]));
    const double calls = (double)asker.calls;
    printf("%.0f %.1f %.1f %.2f %.4f\n", calls / (load_now() - start), percentile(&asker, 0.5),
           percentile(&asker, 0.99), (spent_s() - spent) * 1e6 / calls,
           (double)(atomic_load(&signatures) - checked) / calls);
    depositary_client_free(&asker.client);
    questions_free(&asker.questions);
    free(asker.histogram);
    return asker.failed != 0;
}
