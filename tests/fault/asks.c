/*
 * A program of a user's, for memory that runs out (scarce.h): a client with many calls under way at once, each told when it has ended, and a watch of the ledger
 * beside them. asks URL POLICY STATE-FOLDER prints the clauses that came, in their order, up to the first that did not; 0: all came; 5: some did not, for want of
 * memory or of an answer; 4: an error that should not be.
 */
#include <depositary/client.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS      24
#define TIMEOUT_MS 2000
#define CLAUSES    15

enum { EXIT_ALL = 0, EXIT_WRONG = 4, EXIT_FAILED = 5 };

struct call {
    depositary_answer *answer;
    unsigned started, told; /* once or never, and as often */
};

static bool may_be(int error) {
    return error == DEPOSITARY_E_MEMORY || error == DEPOSITARY_E_UNREACHABLE || error == DEPOSITARY_E_TIMEOUT;
}

static void take(void *context, depositary_answer *answer) {
    struct call *call = context;
    call->told++;
    call->answer = answer;
}

static void watched(void *context, const depositary_answer *answer) {
    int *wrong = context;
    int error = depositary_answer_error(answer);
    if (error != 0 && !may_be(error))
        *wrong = error;
}

static int ask_all(depositary_client *client, struct call *calls) {
    const depositary_edition_query which = {.instrument = "az-cn-joint-statement-2025"};
    for (int i = 0; i < CALLS; i++) {
        char eid[16];
        snprintf(eid, sizeof eid, "cl_%d", i % CLAUSES + 1);
        calls[i].started =
            depositary_start(client, depositary_question_get_clause(&which, eid), NULL, take, &calls[i]) != 0;
    }
    return depositary_client_wait(client);
}

/* What came, and the error of the first that did not. */
static int print_all(const struct call *calls) {
    for (int i = 0; i < CALLS; i++) {
        if (calls[i].told != calls[i].started)
            return DEPOSITARY_E_STATE;
        int error = calls[i].answer != NULL ? depositary_answer_error(calls[i].answer) : DEPOSITARY_E_MEMORY;
        if (error)
            return error;
        const depositary_clause *clause = depositary_answer_clause(calls[i].answer, 0);
        fwrite(clause->text, 1, clause->text_len, stdout);
    }
    return 0;
}

static int run(const char *url, const char *policy_path, const char *state_dir) {
    static struct call calls[CALLS];
    depositary_policy *policy = NULL;
    depositary_client *client = NULL;
    depositary_watch *watch = NULL;
    int wrong = 0;
    int error = depositary_policy_load(&policy, policy_path, NULL);
    if (!error) {
        const depositary_client_config config = {
            .endpoints = url, .policy = policy, .timeout_ms = TIMEOUT_MS, .state_dir = state_dir};
        error = depositary_client_new(&client, &config, NULL);
    }
    if (!error) {
        int without =
            depositary_watch_new(&watch, client, &(depositary_watch_config){.every_s = 30}, watched, &wrong, NULL);
        error = ask_all(client, calls);
        error = error ? error : print_all(calls);
        error = error ? error : without;
    }
    depositary_watch_free(&watch);
    for (int i = 0; i < CALLS; i++)
        depositary_answer_free(&calls[i].answer);
    depositary_client_free(&client);
    depositary_policy_free(&policy);
    return wrong ? wrong : error;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    int error = run(argv[1], argv[2], argv[3]);
    if (error)
        fprintf(stderr, "asks: %s\n", depositary_error_name(error));
    return error == 0 ? EXIT_ALL : may_be(error) ? EXIT_FAILED : EXIT_WRONG;
}
