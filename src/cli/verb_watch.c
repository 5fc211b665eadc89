/* watch: prints each new checkpoint of the ledger, as the library tells of it: verified, and proved to extend what was held. */
#include "cli/cli.h"

#include <pthread.h>

enum { OPT_ANNOUNCE = CLI_OPT_OWN, OPT_EVERY, OPT_COUNT };

struct watching {
    struct cli *cli;
    depositary_watch_config config;
    uint64_t left; /* checkpoints to print; 0: without end */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_printed;
    bool is_over;
    int status;
};

static bool take_own(void *context, int val, const char *argument) {
    struct watching *watching = context;
    uint64_t number;
    if (val == OPT_ANNOUNCE) {
        watching->config.announce = argument;
        return true;
    }
    if (val == OPT_COUNT)
        return cli_number("count", argument, 1, UINT32_MAX, &watching->left);
    if (!cli_number("every", argument, 1, 86399, &number))
        return false;
    watching->config.every_s = (uint32_t)number;
    return true;
}

static int print_checkpoint(const struct cli *cli, const depositary_answer *answer) {
    const depositary_ledger *ledger = depositary_answer_ledger(answer);
    if (cli->is_json) {
        json_t *object = cli_json_answer(answer);
        json_object_set_new(object, "checkpoint", json_stringn(ledger->checkpoint, ledger->checkpoint_len));
        return cli_json_print(object);
    }
    printf("%llu  %s  ", (unsigned long long)ledger->size, ledger->register_time);
    for (size_t i = 0; i < sizeof ledger->root; i++)
        printf("%02x", ledger->root[i]);
    putchar('\n');
    return cli_finish();
}

/* A service that was there and is not now may come again; anything else that fails ends it. */
static void told(void *context, const depositary_answer *answer) {
    struct watching *watching = context;
    int error = depositary_answer_error(answer);
    bool may_pass = (error == DEPOSITARY_E_UNREACHABLE || error == DEPOSITARY_E_TIMEOUT) && watching->has_printed;
    int status = error != 0 ? cli_answer_failed(watching->cli, answer, error) : print_checkpoint(watching->cli, answer);
    watching->has_printed = watching->has_printed || error == 0;
    bool is_last = error == 0 && watching->left > 0 && --watching->left == 0;
    if (!is_last && (status == 0 || may_pass))
        return;
    pthread_mutex_lock(&watching->lock);
    if (!watching->is_over)
        watching->status = status;
    watching->is_over = true;
    pthread_cond_signal(&watching->ended);
    pthread_mutex_unlock(&watching->lock);
}

static int watch(struct cli *cli, struct watching *watching) {
    depositary_watch *followed = NULL;
    depositary_failure failure;
    int error = depositary_watch_new(&followed, cli->client, &watching->config, told, watching, &failure);
    if (error != 0) {
        cli_error("%s", failure.text);
        return cli_exit_code(error);
    }
    pthread_mutex_lock(&watching->lock);
    while (!watching->is_over)
        pthread_cond_wait(&watching->ended, &watching->lock);
    pthread_mutex_unlock(&watching->lock);
    depositary_watch_free(&followed);
    return watching->status;
}

int verb_watch(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    static const struct option own[] = {{"announce", required_argument, NULL, OPT_ANNOUNCE},
                                        {"every", required_argument, NULL, OPT_EVERY},
                                        {"count", required_argument, NULL, OPT_COUNT},
                                        {0}};
    struct watching watching = {.cli = cli, .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    cli->no_receipt = "keeps one call, and watch makes many: use depositary checkpoint";
    int status = cli_options(cli, verb, argc, argv, own, take_own, &watching, 0, 0);
    if (status >= 0)
        return status;
    status = cli_client(cli);
    return status != 0 ? status : watch(cli, &watching);
}
