/*
 * audit: rebuilds the whole ledger and checks it as if nobody were trusted, from a service, from a web server's tiles, or from a folder
 * (auditor.h). Every entry and the root, every rule of PROTOCOL.md section 2, every register, every edition's clauses.
 */
#include "cli/auditor.h"

#include "base/file.h"
#include "base/time.h"

#include <inttypes.h>
#include <string.h>

enum { OPT_HTTP = CLI_OPT_OWN };

static const struct option options[] = {{"http", required_argument, NULL, OPT_HTTP}, {0}};

struct audit_options {
    const char *http;
};

static bool take(void *context, int val, const char *argument) {
    struct audit_options *wanted = context;
    (void)val;
    wanted->http = argument;
    return true;
}

/* ---- the report */

static void report_json(json_t *object, const struct auditor *auditor) {
    const struct audit_counts *counts = &auditor->counts;
    json_object_set_new(object, "entries", json_integer((json_int_t)auditor->checkpoint.size));
    json_object_set_new(object, "editions", json_integer((json_int_t)counts->editions));
    json_object_set_new(object, "clauses", json_integer((json_int_t)counts->clauses));
    json_object_set_new(object, "clauses_audited", json_boolean(!auditor->has_no_clauses));
    json_object_set_new(object, "keys", json_integer((json_int_t)counts->keys));
    json_object_set_new(object, "revocations", json_integer((json_int_t)counts->revocations));
    json_object_set_new(object, "registers", json_integer((json_int_t)counts->registers));
}

static void report_text(const struct auditor *auditor, const char *time) {
    const struct audit_counts *counts = &auditor->counts;
    struct bytes origin = policy_origin(auditor->policy);
    printf("%.*s, as of %s: the ledger is whole\n"
           "  entries      %" PRIu64 ", which give the checkpoint's root and keep every rule\n"
           "  registers    %" PRIu64 ", each of which says what the entries before it say\n",
           (int)origin.len, (const char *)origin.data, time, auditor->checkpoint.size, counts->registers);
    if (auditor->has_no_clauses) {
        printf("  editions     %" PRIu64 ", whose clauses are not to be had there, and were not audited\n",
               counts->editions);
    } else {
        printf("  editions     %" PRIu64 ", whose clauses, %" PRIu64 " in all, rebuild clauses-root and source\n",
               counts->editions, counts->clauses);
    }
    printf("  keys         %" PRIu64 "\n"
           "  revocations  %" PRIu64 "\n",
           counts->keys, counts->revocations);
}

/* ---- from a service */

static int audit_service(struct cli *cli, const struct policy *policy) {
    struct auditor auditor = {0};
    struct checkpoint checkpoint = {0};
    depositary_answer *answer = NULL;
    const struct audit_source source = {.context = cli, .entries = audit_rpc_entries, .clauses = audit_rpc_clauses};
    int status = cli_client(cli);
    int error = status == 0 ? depositary_get_checkpoint(cli->client, &answer) : 0;
    if (error) {
        status = cli_answer_failed(cli, answer, error);
    }
    if (status == 0) {
        status = cli_receipt(cli, answer);
    }
    if (status == 0) {
        const depositary_ledger *ledger = depositary_answer_ledger(answer);
        checkpoint.size = ledger->size;
        memcpy(checkpoint.root.bytes, ledger->root, HASH_LEN);
        status = audit(&auditor, cli, &source, policy, &checkpoint, NULL);
    }
    if (status == 0 && cli->is_json) {
        json_t *object = cli_json_answer(answer);
        report_json(object, &auditor);
        status = cli_json_print(object);
    } else if (status == 0) {
        report_text(&auditor, depositary_answer_ledger(answer)->register_time);
        status = cli_finish();
    }
    auditor_free(&auditor);
    depositary_answer_free(&answer);
    return status;
}

/* ---- from files */

/* The checkpoint of --floor, verified. */
static int read_floor(struct cli *cli, const struct policy *policy, struct buffer *note, struct checkpoint *out) {
    struct fault fault = {0};
    int error = file_read(note, cli->floor_path, &fault);
    if (!error) {
        error = policy_verify_checkpoint(out, policy, buffer_bytes(note), &fault);
    }
    if (error) {
        cli_error("--floor %s: %s", cli->floor_path, fault_text(&fault));
        cli->error = error;
        return depositary_error_is_verification(error) ? CLI_UNVERIFIED : cli_unusable(error);
    }
    return 0;
}

static int check_age(struct cli *cli, const struct auditor *auditor) {
    int64_t age = clock_now_s() - auditor->rules.register_time;
    if (cli->max_age_s == 0 || age <= (int64_t)cli->max_age_s) {
        return 0;
    }
    return audit_found(cli, DEPOSITARY_E_TOO_OLD, "the ledger is whole, but its register is of %" PRId64 " s ago", age);
}

static int report_files(struct cli *cli, const struct auditor *auditor, const char *place) {
    char time[TIME_TEXT_LEN + 1] = "", root[CLI_BASE64_LEN];
    (void)time_print(time, auditor->rules.register_time);
    if (!cli->is_json) {
        report_text(auditor, time);
        return cli_finish();
    }
    cli_base64(root, auditor->checkpoint.root.bytes);
    struct bytes origin = policy_origin(auditor->policy);
    json_t *object = json_pack("{s:s, s:s%, s:b, s:I, s:s, s:s}", "place", place, "origin", (const char *)origin.data,
                               origin.len, "verified", 1, "ledger_size", (json_int_t)auditor->checkpoint.size, "root",
                               root, "register_time", time);
    report_json(object, auditor);
    return cli_json_print(object);
}

static int audit_place(struct cli *cli, const struct policy *policy, const char *place) {
    struct auditor auditor = {0};
    struct audit_files *files = NULL;
    struct audit_source source;
    struct checkpoint checkpoint, floor = {0};
    struct fault fault = {0};
    struct buffer note, floor_note;
    buffer_init(&note, LIMIT_NOTE);
    buffer_init(&floor_note, LIMIT_NOTE);
    int status = cli->floor_path ? read_floor(cli, policy, &floor_note, &floor) : 0;
    if (status == 0) {
        status = audit_files_open(&files, cli, place);
    }
    if (status == 0) {
        status = audit_files_checkpoint(files, &note);
    }
    if (status == 0) {
        int error = policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&note), &fault);
        status = error ? audit_failed(cli, error, &fault) : 0;
    }
    if (status == 0) {
        audit_files_source(&source, files);
        status = audit(&auditor, cli, &source, policy, &checkpoint, &floor);
    }
    if (status == 0) {
        status = check_age(cli, &auditor);
    }
    if (status == 0) {
        status = report_files(cli, &auditor, place);
    }
    auditor_free(&auditor);
    audit_files_free(files);
    buffer_free(&note);
    buffer_free(&floor_note);
    return status;
}

int verb_audit(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct audit_options wanted = {0};
    struct policy *policy = NULL;
    int status = cli_options(cli, verb, argc, argv, options, take, &wanted, 0, 1);
    if (status >= 0) {
        return status;
    }
    const char *place = argc > optind ? argv[optind] : wanted.http;
    if (wanted.http && argc > optind) {
        return cli_usage(verb, "--http URL or a folder, not both");
    }
    if (wanted.http && strncmp(wanted.http, "http://", strlen("http://")) != 0) {
        return cli_usage(verb, "--http takes http://host[:port][/path]");
    }
    if (place && cli->receipt_path) {
        return cli_usage(verb, "--receipt keeps a service's answer, and none is asked here");
    }
    status = audit_policy(cli, &policy);
    if (status == 0) {
        status = place ? audit_place(cli, policy, place) : audit_service(cli, policy);
    }
    policy_free(policy);
    return status;
}
