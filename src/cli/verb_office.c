/* office init, show, renew, cosign, push, backup, retire: the office's folder and its own ledger. */
#include "cli/desk.h"

#include "base/time.h"
#include "office/key.h"

#include <sodium.h>
#include <string.h>

enum { OPT_ORIGIN = DESK_OPT_OWN, OPT_SPARE, OPT_SPARE_KEY, OPT_NO_PASSPHRASE };

static const struct option options[] = {
    DESK_OPTIONS,
    {"origin", required_argument, NULL, OPT_ORIGIN},
    {"spare", required_argument, NULL, OPT_SPARE},
    {"spare-key", required_argument, NULL, OPT_SPARE_KEY},
    {"no-passphrase", no_argument, NULL, OPT_NO_PASSPHRASE},
    {0},
};

struct office_options {
    struct desk desk;
    const char *origin;
    const char *spare;
    const char *spare_key;
};

static bool take(void *context, int val, const char *argument) {
    struct office_options *wanted = context;
    if (val == OPT_ORIGIN) {
        wanted->origin = argument;
    } else if (val == OPT_SPARE) {
        wanted->spare = argument;
    } else if (val == OPT_SPARE_KEY) {
        wanted->spare_key = argument;
    } else if (val == OPT_NO_PASSPHRASE) {
        wanted->desk.has_no_passphrase = true;
    } else {
        desk_take(&wanted->desk, val, argument);
    }
    return true;
}

/* ---- what is shown */

static json_t *json_key(const struct verifier_key *key) {
    struct buffer text;
    buffer_init(&text, 512);
    verifier_key_print(&text, key);
    return cli_json_text(&text);
}

static json_t *json_state(const struct ledger_state *state) {
    char time[TIME_TEXT_LEN + 1] = "";
    char root[CLI_BASE64_LEN];
    json_t *out = json_object();
    json_object_set_new(out, "size", json_integer((json_int_t)state->size));
    if (state->size > 0 && time_print(time, state->register_fields.time)) {
        cli_base64(root, state->root.bytes);
        json_object_set_new(out, "root", json_string(root));
        json_object_set_new(out, "register_time", json_string(time));
        json_object_set_new(out, "lines", json_integer((json_int_t)register_lines_count(state->lines)));
    }
    return out;
}

/* The office as an object, which the text is printed from, too. */
static json_t *describe(const struct desk *desk) {
    struct fault fault = {0};
    bool is_sealed = false;
    const struct policy *policy = office_policy(desk->office);
    struct bytes origin = policy_origin(policy);
    const struct ledger_state *state = ledger_state_take(office_ledger(desk->office));
    json_t *keys = json_array();
    json_t *out = json_object();
    for (size_t i = 0; i < policy_logs_count(policy); i++) {
        json_array_append_new(keys, json_key(policy_log(policy, i)));
    }
    json_object_set_new(out, "office", json_string(desk->dir));
    json_object_set_new(out, "origin", json_stringn((const char *)origin.data, origin.len));
    json_object_set_new(out, "keys", keys);
    if (office_needs_passphrase(&is_sealed, desk->dir, &fault) == 0) {
        json_object_set_new(out, "sealed", json_boolean(is_sealed));
    }
    json_object_set_new(out, "policy", json_string(desk->policy_path));
    json_object_set_new(out, "witnesses", json_integer((json_int_t)policy_witnesses_count(policy)));
    json_object_set_new(out, "quorum",
                        json_string(!policy_has_quorum(policy)        ? "none"
                                    : office_has_quorum(desk->office) ? "met"
                                                                      : "not met"));
    json_object_set_new(out, "ledger", json_state(state));
    ledger_state_release(state);
    return out;
}

static void print_text(json_t *described) {
    size_t i;
    json_t *key;
    const json_t *ledger = json_object_get(described, "ledger");
    const json_t *sealed = json_object_get(described, "sealed");
    printf("office    %s\norigin    %s\n", json_string_value(json_object_get(described, "office")),
           json_string_value(json_object_get(described, "origin")));
    json_array_foreach(json_object_get(described, "keys"), i, key) {
        printf("key       %s\n", json_string_value(key));
    }
    printf("key file  %s\n", !sealed                ? "cannot be read"
                             : json_is_true(sealed) ? "sealed with a passphrase"
                                                    : "open: whoever reads it can sign");
    printf("policy    %s\n", json_string_value(json_object_get(described, "policy")));
    printf("witnesses %lld, quorum %s\n", (long long)json_integer_value(json_object_get(described, "witnesses")),
           json_string_value(json_object_get(described, "quorum")));
    printf("entries   %lld\n", (long long)json_integer_value(json_object_get(ledger, "size")));
    if (json_object_get(ledger, "root")) {
        printf("root      %s\nas of     %s\n", json_string_value(json_object_get(ledger, "root")),
               json_string_value(json_object_get(ledger, "register_time")));
    }
}

static int print_office(const struct desk *desk) {
    json_t *described = describe(desk);
    if (desk->cli->is_json) {
        return cli_json_print(described);
    }
    int status = cli_json_is_whole();
    if (status == 0) {
        print_text(described);
        status = cli_finish();
    }
    json_decref(described);
    return status;
}

/* ---- the actions */

static int run_init(struct office_options *wanted, const struct verb *verb, const char *dir) {
    struct desk *desk = &wanted->desk;
    struct fault fault = {0};
    if (dir && desk->office_option) {
        return cli_usage(verb, "the office's folder is given twice");
    }
    if (dir) {
        desk->office_option = dir;
    }
    if (!wanted->origin) {
        return cli_usage(verb, "--origin NAME: the ledger needs a name, such as treaties.example.org/ledger");
    }
    if (!wanted->spare) {
        return cli_usage(verb,
                         "--spare DIR: the spare key is kept apart from the office, best on another machine or medium");
    }
    if (desk->has_no_passphrase && desk->passphrase_file) {
        return cli_usage(verb, "--no-passphrase and --passphrase-file exclude each other");
    }
    char *passphrase = NULL;
    int status = desk_find(desk);
    if (status == 0 && !desk->has_no_passphrase) {
        status = passphrase_read(&passphrase, desk->passphrase_file, true);
    }
    if (status != 0) {
        return status;
    }
    const struct office_init init = {.origin = wanted->origin, .passphrase = passphrase, .spare_dir = wanted->spare};
    int error = office_create(desk->dir, &init, &fault);
    sodium_free(passphrase);
    if (!error) {
        error = office_open(&desk->office, desk->dir, NULL, &fault);
    }
    if (error) {
        return desk_fail(&fault, error);
    }
    cli_note("the spare key is %s/spare-key: keep it apart. %s is for clients and servers", wanted->spare,
             desk->policy_path);
    cli_note(
        "next: depositary key authorise, with the public key that the server's depositaryd --print-key-request shows");
    return print_office(desk);
}

static int run_show(struct desk *desk) {
    int status = desk_open(desk);
    return status != 0 ? status : print_office(desk);
}

static int print_sent(const struct desk *desk, uint64_t sent) {
    uint64_t size = desk_size(desk);
    if (desk->cli->is_json) {
        return cli_json_print(
            json_pack("{s:I, s:I}", "checkpoints_sent", (json_int_t)sent, "ledger_size", (json_int_t)size));
    }
    printf("%llu checkpoints sent, %llu entries\n", (unsigned long long)sent, (unsigned long long)size);
    return cli_finish();
}

static int run_push(struct desk *desk) {
    uint64_t sent = 0;
    int status = desk_open(desk);
    if (status == 0) {
        status = desk_connect(desk);
    }
    if (status == 0) {
        status = desk_push(desk, &sent);
    }
    return status != 0 ? status : print_sent(desk, sent);
}

/* Collects cosignatures, and sends them with what the server lacks; with --offline they are only kept. */
static int run_cosign(struct desk *desk, const char *url) {
    uint64_t sent = 0;
    size_t added = 0;
    int status = desk_open(desk);
    if (status == 0) {
        status = desk_connect(desk);
    }
    if (status == 0) {
        status = desk_cosign(desk, url, &added);
    }
    if (status == 0 && !desk->is_offline) {
        status = desk_push(desk, &sent);
    }
    if (status != 0) {
        return status;
    }
    if (desk->cli->is_json) {
        return cli_json_print(json_pack("{s:I, s:I, s:I}", "cosignatures_added", (json_int_t)added, "checkpoints_sent",
                                        (json_int_t)sent, "ledger_size", (json_int_t)desk_size(desk)));
    }
    printf("%zu cosignatures more on the checkpoint of %llu entries\n", added, (unsigned long long)desk_size(desk));
    return cli_finish();
}

/* Signs a register alone: what is the latest is then so as of now. */
static int run_renew(struct desk *desk) {
    uint64_t sent = 0;
    struct office_draft *draft = NULL;
    int status = desk_open(desk);
    if (status != 0) {
        return status;
    }
    int error = office_draft_new(&draft, desk->office);
    status = error ? desk_fail(&(struct fault){0}, error) : desk_sign(desk, draft, &sent);
    office_draft_free(draft);
    return status != 0 ? status : print_sent(desk, sent);
}

/* A copy that is checked; the office itself need not be opened for it. */
static int run_backup(struct desk *desk, const struct verb *verb, const char *to) {
    struct fault fault = {0};
    uint64_t size = 0;
    if (!to) {
        return cli_usage(verb, "backup DIR: where the copy goes, best on another machine or medium");
    }
    int status = desk_find(desk);
    if (status != 0) {
        return status;
    }
    int error = office_back_up(desk->dir, to, &size, &fault);
    if (error) {
        return desk_fail(&fault, error);
    }
    if (desk->cli->is_json) {
        return cli_json_print(json_pack("{s:s, s:I}", "backup", to, "ledger_size", (json_int_t)size));
    }
    printf("%s: a copy of the office with %llu entries, every one of them checked\n", to, (unsigned long long)size);
    return cli_finish();
}

static int read_spare_passphrase(struct office_options *wanted, char **out) {
    struct fault fault = {0};
    bool is_sealed = false;
    int error = key_is_sealed(&is_sealed, wanted->spare_key, &fault);
    if (error) {
        return desk_fail(&fault, error);
    }
    return is_sealed ? passphrase_read(out, wanted->desk.passphrase_file, false) : 0;
}

static int sign_retirement(struct office_options *wanted) {
    struct desk *desk = &wanted->desk;
    struct fault fault = {0};
    char *passphrase = NULL;
    int status = read_spare_passphrase(wanted, &passphrase);
    if (status == 0) {
        const struct office_retire how = {.dir = desk->dir,
                                          .spare_path = wanted->spare_key,
                                          .passphrase = passphrase,
                                          .new_spare_dir = wanted->spare};
        int error = office_retire(desk->office, &how, desk->is_offline ? NULL : &desk->link, clock_now_s(), &fault);
        status = error ? desk_fail(&fault, error) : 0;
    }
    sodium_free(passphrase);
    return status;
}

/* The spare takes over; then the office is opened again under its new policy. */
static int run_retire(struct office_options *wanted, const struct verb *verb) {
    struct desk *desk = &wanted->desk;
    struct fault fault = {0};
    if (!wanted->spare_key || !wanted->spare) {
        return cli_usage(verb,
                         "retire --spare-key FILE --spare DIR: the spare that takes over, and where a new one goes");
    }
    int status = desk_open(desk);
    if (status == 0) {
        status = desk_ask(desk, "Retire the ledger key, and let the spare take over?");
    }
    if (status == 0 && !desk->is_offline) {
        status = desk_connect(desk);
    }
    if (status == 0) {
        status = sign_retirement(wanted);
    }
    office_close(desk->office);
    desk->office = NULL;
    if (status != 0) {
        return status;
    }
    cli_note("%s is the office's key now: destroy that copy. The new spare is %s/spare-key: keep it apart",
             wanted->spare_key, wanted->spare);
    cli_note(
        "give the new policy, %s, to clients and servers; what was certified before is verified with the old one, which is "
        "kept beside it as policy-until-...",
        desk->policy_path);
    int error = office_open(&desk->office, desk->dir, NULL, &fault);
    if (error) {
        return desk_fail(&fault, error);
    }
    uint64_t sent = 0;
    status = desk->is_offline ? 0 : desk_deliver(desk, &sent);
    return status != 0 ? status : print_office(desk);
}

int verb_office(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct office_options wanted = {0};
    desk_init(&wanted.desk, cli);
    int status = cli_options(cli, verb, argc, argv, options, take, &wanted, 1, 2);
    if (status >= 0) {
        return status;
    }
    const char *action = argv[optind];
    const char *operand = argc - optind > 1 ? argv[optind + 1] : NULL;
    if (strcmp(action, "init") == 0) {
        status = run_init(&wanted, verb, operand);
    } else if (strcmp(action, "cosign") == 0) {
        status = run_cosign(&wanted.desk, operand);
    } else if (strcmp(action, "backup") == 0) {
        status = run_backup(&wanted.desk, verb, operand);
    } else if (operand) {
        status = cli_usage(verb, "too many arguments, from \"%s\" on", operand);
    } else if (strcmp(action, "show") == 0) {
        status = run_show(&wanted.desk);
    } else if (strcmp(action, "push") == 0) {
        status = run_push(&wanted.desk);
    } else if (strcmp(action, "retire") == 0) {
        status = run_retire(&wanted, verb);
    } else if (strcmp(action, "renew") == 0) {
        status = run_renew(&wanted.desk);
    } else {
        status = cli_usage(verb, "office does init, show, renew, cosign, push, backup and retire, not \"%s\"", action);
    }
    desk_close(&wanted.desk);
    return status;
}
