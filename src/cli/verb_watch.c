/*
 * watch: prints each new checkpoint of the ledger. What is announced is only a reason to look: the note must verify, and what is printed was asked for and
 * proved to extend what was held. Announcements that were missed are caught up by asking now and then.
 */
#include "cli/cli.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/time.h"

enum { OPT_ANNOUNCE = CLI_OPT_OWN, OPT_EVERY, OPT_COUNT };

struct watching {
    const char *announce;
    uint64_t every_s;
    uint64_t count; /* 0: without end */
    nng_socket socket;
    bool has_socket;
    uint64_t size; /* printed last */
};

static bool take_own(void *context, int val, const char *argument) {
    struct watching *watching = context;
    if (val == OPT_ANNOUNCE) {
        watching->announce = argument;
        return true;
    }
    return val == OPT_EVERY ? cli_number("every", argument, 1, 86400, &watching->every_s)
                            : cli_number("count", argument, 1, UINT32_MAX, &watching->count);
}

static int subscribe(struct watching *watching, const char *origin) {
    char topic[LIMIT_ORIGIN + 2];
    int len = snprintf(topic, sizeof topic, "%s\n", origin);
    int error = nng_sub0_open(&watching->socket);
    watching->has_socket = error == 0;
    if (error == 0)
        error = nng_socket_set_size(watching->socket, NNG_OPT_RECVMAXSZ, LIMIT_NOTE);
    if (error == 0)
        error = nng_socket_set(watching->socket, NNG_OPT_SUB_SUBSCRIBE, topic, (size_t)len);
    if (error == 0)
        error = nng_socket_set_ms(watching->socket, NNG_OPT_RECVTIMEO, (nng_duration)watching->every_s * 1000);
    if (error == 0)
        error = nng_dial(watching->socket, watching->announce, NULL, NNG_FLAG_NONBLOCK);
    if (error == 0)
        return 0;
    cli_error("--announce %s: %s", watching->announce, nng_strerror(error));
    return CLI_USAGE;
}

/* Waits for an announcement that is true and new, or until it is time to ask; *size is what it says, 0 for none. False: a note that does not verify. */
static bool wait_for_news(struct cli *cli, struct watching *watching, uint64_t *size) {
    depositary_checkpoint checkpoint;
    depositary_failure failure;
    nng_msg *message;
    uint64_t until = clock_monotonic_ns() + watching->every_s * 1000000000u;
    *size = 0;
    if (!watching->has_socket) {
        const struct timespec pause = {(time_t)watching->every_s, 0};
        nanosleep(&pause, NULL);
        return true;
    }
    while (clock_monotonic_ns() < until && nng_recvmsg(watching->socket, &message, 0) == 0) {
        int error = depositary_checkpoint_verify(&checkpoint, cli->policy, nng_msg_body(message), nng_msg_len(message),
                                                 &failure);
        nng_msg_free(message);
        if (error != 0) {
            cli_error("what is announced does not verify: %s", failure.text);
            return false;
        }
        if (checkpoint.size > watching->size) {
            *size = checkpoint.size;
            return true;
        }
    }
    return true;
}

static int print_checkpoint(struct cli *cli, struct watching *watching, const depositary_answer *answer) {
    const depositary_ledger *ledger = depositary_answer_ledger(answer);
    if (ledger->size <= watching->size)
        return 0;
    watching->size = ledger->size;
    if (watching->count > 0 && --watching->count == 0)
        watching->count = UINT64_MAX; /* that was the last */
    if (cli->is_json) {
        json_t *object = cli_json_answer(answer);
        json_object_set_new(object, "checkpoint", json_stringn(ledger->checkpoint, ledger->checkpoint_len));
        int status = cli_json_print(object);
        fflush(stdout);
        return status;
    }
    printf("%llu  %s  ", (unsigned long long)ledger->size, ledger->register_time);
    for (size_t i = 0; i < sizeof ledger->root; i++)
        printf("%02x", ledger->root[i]);
    putchar('\n');
    return cli_finish();
}

/* Asks, and prints what is new. Where the service cannot be reached it is said, and asked again later. */
static int look(struct cli *cli, struct watching *watching) {
    depositary_answer *answer = NULL;
    int error = depositary_get_checkpoint(cli->client, &answer);
    int status = error != 0 ? cli_answer_failed(cli, answer, error) : print_checkpoint(cli, watching, answer);
    bool may_pass = (error == DEPOSITARY_E_UNREACHABLE || error == DEPOSITARY_E_TIMEOUT) && watching->size > 0;
    depositary_answer_free(&answer);
    return may_pass ? 0 : status;
}

static int watch(struct cli *cli, struct watching *watching) {
    uint64_t announced;
    int status = look(cli, watching);
    while (status == 0 && watching->count != UINT64_MAX) {
        if (!wait_for_news(cli, watching, &announced))
            return CLI_UNVERIFIED;
        status = look(cli, watching);
    }
    return status;
}

int verb_watch(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    static const struct option own[] = {{"announce", required_argument, NULL, OPT_ANNOUNCE},
                                        {"every", required_argument, NULL, OPT_EVERY},
                                        {"count", required_argument, NULL, OPT_COUNT},
                                        {0}};
    struct watching watching = {.every_s = 30};
    int status = cli_options(cli, verb, argc, argv, own, take_own, &watching, 0, 0);
    if (status >= 0)
        return status;
    status = cli_client(cli);
    if (status == 0 && watching.announce != NULL)
        status = subscribe(&watching, depositary_policy_origin(cli->policy));
    if (status == 0)
        status = watch(cli, &watching);
    if (watching.has_socket)
        nng_close(watching.socket);
    return status;
}
