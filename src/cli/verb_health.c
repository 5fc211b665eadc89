/* health: whether the service, or one of its services, is serving. */
#include "cli/cli.h"

int verb_health(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 0, 1);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;
    depositary_answer *answer = NULL;
    const char *service = optind < argc ? argv[optind] : "";
    int error = depositary_check_health(cli->client, service, &answer);
    status = cli_receipt(cli, answer);
    if (error != 0)
        status = cli_answer_failed(cli, answer, error);
    else if (status == 0 && cli->is_json) {
        json_t *object = cli_json_answer(answer);
        json_object_set_new(object, "status", json_string("SERVING"));
        status = cli_json_print(object);
    } else if (status == 0) {
        puts("SERVING");
        status = cli_finish();
    }
    depositary_answer_free(&answer);
    return status;
}
