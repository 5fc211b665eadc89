/*
 * bulk_reader POLICY ENDPOINTS INSTRUMENT TIMES: reads every clause of an instrument TIMES over, all of them asked at once on one client, and says
 * how many were verified. Callbacks come one at a time, so the counters need no lock.
 */
#include <depositary/client.h>

#include <stdio.h>
#include <stdlib.h>

struct tally {
    unsigned long clauses;
    unsigned long bytes;
    unsigned long failed;
};

static void take_clause(void *context, depositary_answer *answer) {
    struct tally *tally = context;
    const depositary_clause *clause = answer != NULL ? depositary_answer_clause(answer, 0) : NULL;
    if (clause != NULL) {
        tally->clauses++;
        tally->bytes += clause->text_len;
    } else {
        tally->failed++;
        fprintf(stderr, "%s\n", answer != NULL ? depositary_answer_error_text(answer) : "no memory");
    }
    depositary_answer_free(&answer);
}

static int read_all(depositary_client *client, const char *instrument, long times) {
    const depositary_edition_query which = {.instrument = instrument};
    const depositary_call_options patient = {.timeout_ms = 120000};
    depositary_answer *outline = NULL;
    struct tally tally = {0, 0, 0};
    size_t count = 0;
    int error = depositary_get_instrument(client, &which, NULL, &outline);
    const depositary_outline_item *items = outline != NULL ? depositary_answer_outline(outline, &count) : NULL;
    if (error != 0)
        fprintf(stderr, "%s\n", outline != NULL ? depositary_answer_error_text(outline) : depositary_error_text(error));
    for (long i = 0; i < times; i++)
        for (size_t j = 0; j < count; j++)
            if (depositary_start(client, depositary_question_get_clause(&which, items[j].eid), &patient, take_clause,
                                 &tally) == 0)
                return 1;
    if (depositary_client_wait(client) != 0)
        return 1;
    printf("%lu clauses, %lu bytes, %lu failed\n", tally.clauses, tally.bytes, tally.failed);
    depositary_answer_free(&outline);
    return error != 0 || tally.failed != 0;
}

int main(int argc, char **argv) {
    depositary_failure failure;
    depositary_policy *policy = NULL;
    depositary_client *client = NULL;
    int status = 2;
    if (argc != 5)
        fputs("usage: bulk_reader POLICY ENDPOINTS INSTRUMENT TIMES\n", stderr);
    else if (depositary_policy_load(&policy, argv[1], &failure) != 0 ||
             depositary_client_new(&client, &(depositary_client_config){.endpoints = argv[2], .policy = policy},
                                   &failure) != 0)
        fprintf(stderr, "%s\n", failure.text);
    else
        status = read_all(client, argv[3], strtol(argv[4], NULL, 10));
    depositary_client_free(&client);
    depositary_policy_free(&policy);
    return status;
}
