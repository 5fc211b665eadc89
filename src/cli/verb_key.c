/* key authorise, revoke, list: the answer keys, by records in the office's ledger. PROTOCOL.md section 3. */
#include "cli/desk.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/time.h"

#include <string.h>

#define DAY_S        86400
#define DAYS_DEFAULT 365u
#define DAYS_MAX     400u /* KEY_WINDOW_MAX_S */

enum { OPT_HOLDER = DESK_OPT_OWN, OPT_DAYS, OPT_FROM, OPT_UNTIL, OPT_REMARK };

static const struct option options[] = {
    DESK_OPTIONS,
    {"holder", required_argument, NULL, OPT_HOLDER},
    {"days", required_argument, NULL, OPT_DAYS},
    {"from", required_argument, NULL, OPT_FROM},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"remark", required_argument, NULL, OPT_REMARK},
    {0},
};

struct key_options {
    struct desk desk;
    const char *holder;
    const char *remark;
    uint64_t days;
    int64_t from;  /* 0: now */
    int64_t until; /* 0: by days */
};

static bool take_time(const char *name, const char *argument, int64_t *out) {
    if (time_parse(out, bytes_text(argument))) {
        return true;
    }
    cli_error("--%s takes a time in UTC, such as 2026-01-31T00:00:00Z, not \"%s\"", name, argument);
    return false;
}

static bool take(void *context, int val, const char *argument) {
    struct key_options *wanted = context;
    if (val == OPT_HOLDER) {
        wanted->holder = argument;
    } else if (val == OPT_DAYS) {
        return cli_number("days", argument, 1, DAYS_MAX, &wanted->days);
    } else if (val == OPT_FROM) {
        return take_time("from", argument, &wanted->from);
    } else if (val == OPT_UNTIL) {
        return take_time("until", argument, &wanted->until);
    } else if (val == OPT_REMARK) {
        wanted->remark = argument;
    } else {
        desk_take(&wanted->desk, val, argument);
    }
    return true;
}

/* ---- signing one record */

static int finish(struct desk *desk, struct office_draft *draft, const char *what, const char *key) {
    uint64_t sent = 0;
    bool is_signed = !desk->is_dry_run;
    if (!desk->cli->is_json && (desk->shows_records || desk->is_dry_run)) {
        desk_print_records(draft);
    }
    int status = is_signed ? desk_sign(desk, draft, &sent) : 0;
    if (status != 0) {
        return status;
    }
    if (desk->cli->is_json) {
        struct bytes record = office_draft_record(draft, 0);
        return cli_json_print(json_pack("{s:s, s:s, s:b, s:I, s:s%}", "key", key, "status", what, "signed", is_signed,
                                        "checkpoints_sent", (json_int_t)sent, "record", (const char *)record.data,
                                        record.len));
    }
    if (is_signed) {
        printf("%s %s\n", what, key);
    }
    return cli_finish();
}

typedef int add_record(struct office_draft *draft, const struct key_options *wanted,
                       const uint8_t public_key[PUBLIC_KEY_LEN], struct fault *fault);

static int add_key(struct office_draft *draft, const struct key_options *wanted,
                   const uint8_t public_key[PUBLIC_KEY_LEN], struct fault *fault) {
    int64_t from = wanted->from != 0 ? wanted->from : clock_now_s();
    int64_t until = wanted->until != 0 ? wanted->until : from + (int64_t)wanted->days * DAY_S;
    return office_draft_key(draft, public_key, wanted->holder, from, until, fault);
}

static int add_revocation(struct office_draft *draft, const struct key_options *wanted,
                          const uint8_t public_key[PUBLIC_KEY_LEN], struct fault *fault) {
    return office_draft_revocation(draft, public_key, clock_now_s(), wanted->remark, fault);
}

static int sign_record(struct key_options *wanted, const struct verb *verb, const char *key, const char *what,
                       add_record *add) {
    uint8_t public_key[PUBLIC_KEY_LEN];
    struct office_draft *draft = NULL;
    struct fault fault = {0};
    if (!key || !base64_decode_exact(public_key, sizeof(public_key), bytes_text(key))) {
        return cli_usage(verb, "a public key is 44 characters of base64, as depositaryd --print-key-request shows it");
    }
    int status = desk_open(&wanted->desk);
    if (status != 0) {
        return status;
    }
    int error = office_draft_new(&draft, wanted->desk.office);
    if (!error) {
        error = add(draft, wanted, public_key, &fault);
    }
    status = error ? desk_fail(&fault, error) : finish(&wanted->desk, draft, what, key);
    office_draft_free(draft);
    return status;
}

/* ---- listing them */

static json_t *json_key_record(const struct register_line *line, const struct key_record *record) {
    char not_before[TIME_TEXT_LEN + 1] = "";
    char not_after[TIME_TEXT_LEN + 1] = "";
    char key[CLI_BASE64_LEN];
    cli_base64(key, record->public_key);
    if (!time_print(not_before, record->not_before) || !time_print(not_after, record->not_after)) {
        not_after[0] = '\0';
    }
    int64_t now = clock_now_s();
    bool is_good = line->active && now >= record->not_before && now < record->not_after;
    json_t *out =
        json_pack("{s:s, s:s, s:b, s:s%, s:s, s:s}", "key", key, "status", line->active ? "active" : "revoked",
                  "good_now", is_good, "holder", (const char *)record->holder.data, record->holder.len, "not_before",
                  not_before, "not_after", not_after);
    return out;
}

static int add_row(json_t *rows, struct ledger *ledger, const struct ledger_state *state,
                   const struct register_line *line, struct fault *fault) {
    uint64_t index = 0;
    struct buffer bytes;
    struct key_record record;
    buffer_init(&bytes, LIMIT_ENTRY);
    int error = ledger_find(ledger, state, &line->record, &index);
    if (!error) {
        error = ledger_entry(ledger, state, index, &bytes, NULL, fault);
    }
    if (!error) {
        error = key_record_parse(&record, buffer_bytes(&bytes), fault);
    }
    if (!error) {
        json_array_append_new(rows, json_key_record(line, &record));
    }
    buffer_free(&bytes);
    return error;
}

static int collect(json_t *rows, struct ledger *ledger, const struct ledger_state *state, struct fault *fault) {
    struct register_line line;
    int error = 0;
    size_t count = state->size > 0 ? register_lines_count(state->lines) : 0;
    size_t i = count > 0 ? register_lines_lower_bound(state->lines, BYTES("key ")) : 0;
    for (; i < count && !error; i++) {
        error = register_line_parse(&line, register_lines_line(state->lines, i));
        if (!error && line.is_key) {
            error = add_row(rows, ledger, state, &line, fault);
        }
    }
    return error;
}

static void print_rows(json_t *rows) {
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        const char *holder = json_string_value(json_object_get(row, "holder"));
        bool is_active = strcmp(json_string_value(json_object_get(row, "status")), "active") == 0;
        bool is_good = json_is_true(json_object_get(row, "good_now"));
        printf("%s  %s  %s to %s  ", json_string_value(json_object_get(row, "key")),
               !is_active ? "revoked"
               : is_good  ? "active"
                          : "outside its time",
               json_string_value(json_object_get(row, "not_before")),
               json_string_value(json_object_get(row, "not_after")));
        cli_text(holder, strlen(holder));
        putchar('\n');
    }
}

static int run_list(struct desk *desk) {
    struct fault fault = {0};
    int status = desk_open(desk);
    if (status != 0) {
        return status;
    }
    json_t *rows = json_array();
    const struct ledger_state *state = ledger_state_take(office_ledger(desk->office));
    int error = collect(rows, office_ledger(desk->office), state, &fault);
    ledger_state_release(state);
    if (error) {
        status = desk_fail(&fault, error);
    } else if (desk->cli->is_json) {
        status = cli_json_print(json_pack("{s:O}", "keys", rows));
    } else if ((status = cli_json_is_whole()) == 0) {
        print_rows(rows);
        status = cli_finish();
    }
    json_decref(rows);
    return status;
}

int verb_key(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct key_options wanted = {.days = DAYS_DEFAULT};
    desk_init(&wanted.desk, cli);
    int status = cli_options(cli, verb, argc, argv, options, take, &wanted, 1, 2);
    if (status >= 0) {
        return status;
    }
    const char *action = argv[optind];
    const char *key = argc - optind > 1 ? argv[optind + 1] : NULL;
    if (strcmp(action, "list") == 0) {
        status = key ? cli_usage(verb, "list takes no key") : run_list(&wanted.desk);
    } else if (strcmp(action, "revoke") == 0) {
        status = sign_record(&wanted, verb, key, "revoked", add_revocation);
    } else if (strcmp(action, "authorise") != 0) {
        status = cli_usage(verb, "key does authorise, revoke and list, not \"%s\"", action);
    } else if (!wanted.holder) {
        status = cli_usage(verb, "--holder TEXT: who holds the key");
    } else {
        status = sign_record(&wanted, verb, key, "authorised", add_key);
    }
    desk_close(&wanted.desk);
    return status;
}
