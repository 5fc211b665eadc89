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
        cli_explain(found->answer);
    tell(found);
    if (get->is_record)
        cli_text(found->clause->record, found->clause->record_len);
    else if (found->provision != NULL) {
        cli_text(found->clause->text + found->provision->span.offset, found->provision->span.length);
        putchar('\n');
    } else
        cli_text(found->clause->text, found->clause->text_len);
}

/* ---- one language */

/* All of them, or nothing: a caller never mistakes a part for the whole. */
static int get_one(struct cli *cli, struct get *get, char **references, size_t references_count) {
    struct cli_found_list list = {0};
    int status = 0;
    for (size_t i = 0; i < references_count && status == 0; i++)
        status = cli_find_all(cli, &get->which.query, references[i], &list);
    const struct cli_found *found = list.items;
    size_t count = list.count;
    if (status == 0 && cli->is_json && count == 1)
        status = cli_json_print(found_json(&found[0]));
    else if (status == 0 && cli->is_json) {
        json_t *all = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(all, found_json(&found[i]));
        status = cli_json_print(json_pack("{s:b, s:o}", "verified", 1, "clauses", all));
    } else if (status == 0) {
        for (size_t i = 0; i < count; i++)
            print_found(get, &found[i]);
        status = cli_finish();
    }
    cli_found_list_free(&list);
    return status;
}

/* ---- all languages, clause by clause */

static void print_in(const struct get *get, const struct cli_found *found, const struct cli_language *language) {
    const depositary_clause *clause = found->clause;
    fflush(stdout);
    cli_note("%s, %s, %s:", clause->eid, language->tag, clause->edition->authenticity);
    print_found(get, found);
    if (found->provision == NULL && !get->is_record &&
        (clause->text_len == 0 || clause->text[clause->text_len - 1] != '\n'))
        putchar('\n');
}

/* The clause in one language: printed, or put into *all. A language that lacks it is told, and is no failure of the others. */
static int get_in(struct cli *cli, struct get *get, const struct cli_language *language, const char *reference,
                  json_t *all, bool *is_lacking) {
    struct cli_found_list list = {0};
    get->which.query.language = language->tag;
    int status = cli_find_all(cli, &get->which.query, reference, &list);
    if (status == CLI_NO) {
        cli_note("%s: the text in %s has no such clause", reference, language->tag);
        *is_lacking = true;
    }
    for (size_t i = 0; i < list.count && status == 0; i++)
        if (all != NULL)
            json_array_append_new(all, found_json(&list.items[i]));
        else
            print_in(get, &list.items[i], language);
    cli_found_list_free(&list);
    return status == CLI_NO ? 0 : status;
}

/* Authentic texts come first. */
static int get_each(struct cli *cli, struct get *get, const struct cli_languages *languages, const char *reference,
                    json_t *all, bool *is_lacking) {
    int status = 0;
    for (int authentic = 1; authentic >= 0; authentic--)
        for (size_t i = 0; i < languages->count && status == 0; i++) {
            const struct cli_language *language = &languages->items[i];
            bool is_wanted = !language->is_withdrawn || get->which.query.edition != 0 || get->which.query.as_of != NULL;
            if (language->is_authentic == authentic && is_wanted)
                status = get_in(cli, get, language, reference, all, is_lacking);
            else if (language->is_authentic == authentic)
                cli_note("the text in %s is withdrawn", language->tag);
        }
    return status;
}

static int get_all(struct cli *cli, struct get *get, char **references, size_t count) {
    struct cli_languages languages;
    bool is_lacking = false;
    int status = cli_languages(cli, get->which.query.instrument, &languages);
    if (status != 0)
        return status;
    json_t *all = cli->is_json ? json_array() : NULL;
    for (size_t i = 0; i < count && status == 0; i++)
        status = get_each(cli, get, &languages, references[i], all, &is_lacking);
    if (status == 0)
        status = all != NULL ? cli_json_print(json_pack("{s:b, s:O}", "verified", 1, "clauses", all)) : cli_finish();
    json_decref(all);
    cli_languages_free(&languages);
    return status == 0 && is_lacking ? CLI_NO : status;
}

int verb_get(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct get get = {0};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &get, 2, 1000);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;
    get.which.query.instrument = argv[optind++];
    size_t count = (size_t)(argc - optind);
    if (get.which.query.language != NULL && strcmp(get.which.query.language, "all") == 0)
        return get_all(cli, &get, argv + optind, count);
    return get_one(cli, &get, argv + optind, count);
}
