/* cite: a citation to clause names. Claimed. */
#include "cli/cli.h"

#include <string.h>

enum { OPT_INSTRUMENT = CLI_OPT_OWN };

static const struct option own_options[] = {
    CLI_WHICH_OPTIONS, {"instrument", required_argument, NULL, OPT_INSTRUMENT}, {0}};

static bool take(void *context, int val, const char *argument) {
    struct cli_which *which = context;
    if (val == OPT_INSTRUMENT) {
        which->query.instrument = argument;
        return true;
    }
    return cli_take_which(which, val, argument);
}

/* Nothing of a name is proved, so all of it may be hostile. */
static void print_name(const depositary_name *name) {
    cli_text(name->instrument, strlen(name->instrument));
    putchar(' ');
    cli_text(name->language, strlen(name->language));
    printf(" %u ", name->edition);
    cli_text(name->eid, strlen(name->eid));
    putchar('\n');
}

int verb_cite(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct cli_which which = {0};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &which, 1, 1);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;
    depositary_answer *answer = NULL;
    int error = depositary_resolve_citation(cli->client, argv[optind], &which.query, &answer);
    status = cli_receipt(cli, answer);
    if (error != 0)
        status = cli_query_failed(cli, &which.query, answer, error);
    else if (status == 0) {
        size_t count = 0;
        json_t *rows = json_array();
        const depositary_name *names = depositary_answer_names(answer, &count);
        for (size_t i = 0; i < count; i++) {
            json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:s}", "instrument", names[i].instrument, "language",
                                                  names[i].language, "edition", (json_int_t)names[i].edition, "eid",
                                                  names[i].eid));
            if (!cli->is_json)
                print_name(&names[i]);
        }
        if (cli->is_json)
            status = cli_json_print(json_pack("{s:{s:O}}", "claimed", "names", rows));
        else {
            status = cli_finish();
            cli_note("claimed: get what is named to prove it");
        }
        json_decref(rows);
        if (status == 0 && count == 0)
            status = CLI_NO;
    }
    depositary_answer_free(&answer);
    return status;
}
