/* get: one or more clauses or provisions, verified before anything is printed. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { OPT_RECORD = CLI_OPT_OWN, OPT_EXPLAIN };

static const struct option own_options[] = {
    CLI_WHICH_OPTIONS,
    {"record", no_argument, NULL, OPT_RECORD},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    {0},
};

struct get {
    struct cli_which which;
    bool is_record;
    bool is_explained;
};

static bool take(void *context, int val, const char *argument) {
    struct get *get = context;
    switch (val) {
    case OPT_RECORD:
        get->is_record = true;
        return true;
    case OPT_EXPLAIN:
        get->is_explained = true;
        return true;
    default:
        return cli_take_which(&get->which, val, argument);
    }
}

static json_t *found_json(const struct cli_found *found) {
    json_t *object = cli_json_answer(found->answer);
    json_t *clause = cli_json_clause(found->clause);
    json_object_update(object, clause);
    json_decref(clause);
    if (found->provision != NULL) {
        json_t *provision = cli_json_span(found->provision->span);
        json_object_set_new(provision, "eid", json_string(found->provision->eid));
        json_object_set_new(
            provision, "text",
            json_stringn(found->clause->text + found->provision->span.offset, found->provision->span.length));
        json_object_set_new(json_object_get(object, "claimed"), "provision", provision);
    }
    return object;
}

/* What a reader must know beside the text. */
static void tell(const struct cli_found *found) {
    const depositary_edition *edition = found->clause->edition;
    const depositary_ledger *ledger = depositary_answer_ledger(found->answer);
    if (edition->is_latest == 0)
        cli_note("%s: edition %u, not the latest, which is %u as of %s", found->clause->eid, edition->edition,
                 edition->latest_edition, ledger->register_time);
    if (strcmp(edition->act, "withdrawal") == 0)
        cli_note("%s: withdrawn", edition->instrument);
    if (found->provision != NULL)
        cli_note("the text is proved as part of %s; that these bytes of it are %s is claimed", found->clause->eid,
                 found->provision->eid);
}

static void print_found(const struct get *get, const struct cli_found *found) {
    if (get->is_explained)
        cli_text_error(depositary_answer_explanation(found->answer));
    tell(found);
    if (get->is_record)
        cli_text(found->clause->record, found->clause->record_len);
    else if (found->provision != NULL) {
        cli_text(found->clause->text + found->provision->span.offset, found->provision->span.length);
        putchar('\n');
    } else
        cli_text(found->clause->text, found->clause->text_len);
}

int verb_get(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct get get = {0};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &get, 2, 1000);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;
    get.which.query.instrument = argv[optind++];

    /* All of them, or nothing: a caller never mistakes a part for the whole. */
    size_t count = (size_t)(argc - optind), done = 0;
    struct cli_found *found = calloc(count, sizeof *found);
    if (found == NULL)
        return cli_error("out of memory"), CLI_REFUSED;
    while (done < count && status == 0)
        status = cli_find(cli, &get.which.query, argv[optind + (int)done], &found[done]), done++;
    if (status == 0 && cli->is_json && count == 1)
        status = cli_json_print(found_json(&found[0]));
    else if (status == 0 && cli->is_json) {
        json_t *all = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(all, found_json(&found[i]));
        status = cli_json_print(json_pack("{s:b, s:o}", "verified", 1, "clauses", all));
    } else if (status == 0) {
        for (size_t i = 0; i < count; i++)
            print_found(&get, &found[i]);
        status = cli_finish();
    }
    for (size_t i = 0; i < done; i++)
        cli_found_free(&found[i]);
    free(found);
    return status;
}
