/* checkpoint: the ledger's current state, a signed note, verified and held against what was seen before. */
#include "cli/cli.h"

int verb_checkpoint(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 0, 0);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;
    depositary_answer *answer = NULL;
    int error = depositary_get_checkpoint(cli->client, &answer);
    status = cli_receipt(cli, answer);
    if (error != 0)
        status = cli_answer_failed(cli, answer, error);
    else if (status == 0) {
        const depositary_ledger *ledger = depositary_answer_ledger(answer);
        if (cli->is_json) {
            json_t *object = cli_json_answer(answer);
            json_object_set_new(object, "checkpoint", json_stringn(ledger->checkpoint, ledger->checkpoint_len));
            status = cli_json_print(object);
        } else {
            cli_text(ledger->checkpoint, ledger->checkpoint_len);
            cli_note("as of %s", ledger->register_time);
            status = cli_finish();
        }
    }
    depositary_answer_free(&answer);
    return status;
}
