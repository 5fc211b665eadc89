/*
 * Several calls at once on one client: at_once INSTRUMENT EID..., by DEPOSITARY_CONNECT and DEPOSITARY_POLICY. The first is made alone, so that key and
 * checkpoint are known; then all at once, from a thread each. Prints a line for each: the eId asked, the error's name, and the eId answered or "-".
 */
#include <depositary/client.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS_MAX 16

struct ask {
    depositary_client *client;
    depositary_edition_query which;
    const char *eid;
    depositary_answer *answer;
    int error;
};

static void *run(void *argument) {
    struct ask *ask = argument;
    ask->error = depositary_get_clause(ask->client, &ask->which, ask->eid, &ask->answer);
    return NULL;
}

int main(int argc, char **argv) {
    depositary_failure failure;
    depositary_policy *policy = NULL;
    depositary_client *client = NULL;
    struct ask asks[CALLS_MAX];
    pthread_t threads[CALLS_MAX];
    int count = argc - 2;
    if (count < 1 || count > CALLS_MAX || depositary_policy_load(&policy, getenv("DEPOSITARY_POLICY"), &failure) != 0 ||
        depositary_client_new(&client,
                              &(depositary_client_config){.endpoints = getenv("DEPOSITARY_CONNECT"), .policy = policy},
                              &failure) != 0) {
        fprintf(stderr, "at_once: %s\n", count < 1 ? "at_once INSTRUMENT EID..." : failure.text);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        asks[i] = (struct ask){.client = client, .which = {.instrument = argv[1]}, .eid = argv[i + 2]};
    }
    run(&asks[0]);
    depositary_answer_free(&asks[0].answer);
    for (int i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, run, &asks[i]) != 0) {
            return 3;
        }
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
        const depositary_clause *clause = asks[i].answer != NULL ? depositary_answer_clause(asks[i].answer, 0) : NULL;
        printf("%s %s %s\n", asks[i].eid, depositary_error_name(asks[i].error), clause != NULL ? clause->eid : "-");
        depositary_answer_free(&asks[i].answer);
    }
    depositary_client_free(&client);
    depositary_policy_free(&policy);
    return 0;
}
