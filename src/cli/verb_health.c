/* health: whether the service, or one of its services, is serving; and how long its answer key is still good, which the ledger proves. */
#include "cli/cli.h"

#include "base/time.h"
#include "proof/record.h"

#include <inttypes.h>

#define KEY_WARNING_S (14 * 86400) /* before its end a key is warned of */

/* The end of the window of the key that sealed the answer, by its proven record. False where that cannot be had. */
static bool key_end(struct cli *cli, const depositary_answer *health, int64_t *out) {
    const depositary_seal *seal = depositary_answer_seal(health);
    depositary_answer *answer = NULL;
    struct key_record record;
    size_t count = 0;
    bool is_there = false;
    if (seal != NULL && depositary_get_answer_key(cli->client, seal->public_key, &answer) == 0) {
        const depositary_blob *records = depositary_answer_records(answer, &count);
        is_there = count == 1 && key_record_parse(&record, bytes_of(records[0].data, records[0].len), NULL) == 0;
    }
    if (is_there)
        *out = record.not_after;
    depositary_answer_free(&answer);
    return is_there;
}

static int report(struct cli *cli, const depositary_answer *answer) {
    char time[TIME_TEXT_LEN + 1] = "";
    int64_t end = 0;
    bool has_end = key_end(cli, answer, &end) && time_print(time, end);
    int64_t left = end - clock_now_s();
    if (has_end && left <= KEY_WARNING_S)
        cli_note("its answer key is good until %s, %" PRId64 " days: the office should authorise another", time,
                 left / 86400);
    if (!cli->is_json) {
        puts("SERVING");
        return cli_finish();
    }
    json_t *object = cli_json_answer(answer);
    json_object_set_new(object, "status", json_string("SERVING"));
    if (has_end)
        json_object_set_new(object, "key_not_after", json_string(time));
    return cli_json_print(object);
}

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
    else if (status == 0)
        status = report(cli, answer);
    depositary_answer_free(&answer);
    return status;
}
