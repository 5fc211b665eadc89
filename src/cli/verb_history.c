/*
 * history: each edition of an instrument with its act and remark, and what it changed, in words. Which clauses changed is proved: the leaf
 * hashes of both outlines rebuild the roots of their editions. Their words are those of the clauses, each with its proof.
 */
#include "cli/cli.h"
#include "cli/wording.h"

#include <stdlib.h>
#include <string.h>

static const struct option own_options[] = {{"language", required_argument, NULL, CLI_OPT_LANGUAGE}, {0}};

/* The clauses of one edition. */
struct snapshot {
    struct cli_pages pages;    /* empty for a withdrawal */
    depositary_answer *answer; /* of a withdrawal */
    const depositary_edition *edition;
    const depositary_outline_item **items; /* by eId */
    size_t count;
};

struct history {
    struct cli *cli;
    struct cli_which which;
    const char *reference; /* NULL: all clauses */
    char eid[256];         /* the clause that is followed; "" for all */
    bool is_seen;          /* some edition has it */
    json_t *editions;
    bool is_kept; /* the receipt */
};

static bool take(void *context, int val, const char *argument) {
    struct history *history = context;
    return cli_take_which(&history->which, val, argument);
}

/* ---- one edition */

static void snapshot_free(struct snapshot *snapshot) {
    cli_pages_free(&snapshot->pages);
    depositary_answer_free(&snapshot->answer);
    free(snapshot->items);
    *snapshot = (struct snapshot){0};
}

static int by_eid(const void *a, const void *b) {
    return strcmp((*(const depositary_outline_item *const *)a)->eid, (*(const depositary_outline_item *const *)b)->eid);
}

static int index_items(struct snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->pages.count; i++) {
        size_t count = 0;
        const depositary_outline_item *items = depositary_answer_outline(snapshot->pages.answers[i], &count);
        void *more = realloc(snapshot->items, (snapshot->count + count + 1) * sizeof *snapshot->items);
        if (more == NULL) {
            cli_error("out of memory");
            return CLI_REFUSED;
        }
        snapshot->items = more;
        for (size_t j = 0; j < count; j++)
            snapshot->items[snapshot->count++] = &items[j];
    }
    if (snapshot->count > 0)
        qsort(snapshot->items, snapshot->count, sizeof *snapshot->items, by_eid);
    return 0;
}

static const depositary_outline_item *find_item(const struct snapshot *snapshot, const char *eid) {
    const depositary_outline_item key = {.eid = eid}, *at = &key;
    const depositary_outline_item **found =
        snapshot->count > 0 ? bsearch(&at, snapshot->items, snapshot->count, sizeof *snapshot->items, by_eid) : NULL;
    return found != NULL ? *found : NULL;
}

static int fetch_outline(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out) {
    return depositary_get_instrument(cli->client, context, page, out);
}

/* A withdrawal is shown with its proof, and has no outline. */
static int read_withdrawal(struct snapshot *out, struct history *history, const depositary_edition_query *query,
                           bool *is_one) {
    depositary_answer *answer = NULL;
    int error = depositary_get_instrument(history->cli->client, query, &(depositary_page){.size = 1}, &answer);
    *is_one = error == DEPOSITARY_E_STATUS && strcmp(depositary_answer_status_reason(answer), "WITHDRAWN") == 0;
    if (error == 0 || *is_one) {
        out->answer = answer;
        out->edition = depositary_answer_edition(answer, 0);
        return 0;
    }
    int status = cli_answer_failed(history->cli, answer, error);
    depositary_answer_free(&answer);
    return status;
}

/* What there is of several calls that may be kept: the answer that proves the latest edition of the first text told. */
static int keep_receipt(struct history *history, const struct snapshot *latest) {
    if (history->is_kept)
        return 0;
    history->is_kept = true;
    return cli_receipt(history->cli, latest->pages.count > 0 ? latest->pages.answers[0] : latest->answer);
}

static int read_snapshot(struct snapshot *out, struct history *history, uint32_t edition) {
    depositary_edition_query query = history->which.query;
    bool is_withdrawal = false;
    query.edition = edition;
    *out = (struct snapshot){0};
    int status = read_withdrawal(out, history, &query, &is_withdrawal);
    if (status == 0 && !is_withdrawal)
        status = cli_pages_read(history->cli, fetch_outline, NULL, &query, false, &out->pages);
    if (status == 0 && !is_withdrawal)
        status = index_items(out);
    if (status != 0)
        snapshot_free(out);
    return status;
}

/* ---- what changed */

static int get_clause(struct history *history, uint32_t edition, const char *eid, depositary_answer **out) {
    depositary_edition_query query = history->which.query;
    query.edition = edition;
    int error = depositary_get_clause(history->cli->client, &query, eid, out);
    return error != 0 ? cli_answer_failed(history->cli, *out, error) : 0;
}

static struct bytes clause_text(const depositary_answer *answer) {
    const depositary_clause *clause = depositary_answer_clause(answer, 0);
    return bytes_of(clause->text, clause->text_len);
}

static int add_changed(json_t *changes, struct history *history, const struct snapshot *before,
                       const struct snapshot *now, const char *eid) {
    depositary_answer *old = NULL, *new = NULL;
    int status = get_clause(history, before->edition->edition, eid, &old);
    if (status == 0)
        status = get_clause(history, now->edition->edition, eid, &new);
    if (status == 0)
        json_array_append_new(changes, json_pack("{s:s, s:s, s:o}", "eid", eid, "change", "changed", "words",
                                                 wording_changes(clause_text(old), clause_text(new))));
    depositary_answer_free(&old);
    depositary_answer_free(&new);
    return status;
}

static bool is_followed(const struct history *history, const char *eid) {
    return *history->eid == '\0' || strcmp(history->eid, eid) == 0;
}

static void add_change(json_t *changes, const char *eid, const char *change) {
    json_array_append_new(changes, json_pack("{s:s, s:s}", "eid", eid, "change", change));
}

/* In the order of the text: by place in this edition, then what it no longer has. */
static int compare(json_t *changes, struct history *history, const struct snapshot *before,
                   const struct snapshot *now) {
    int status = 0;
    for (size_t i = 0; i < now->pages.count && status == 0; i++) {
        size_t count = 0;
        const depositary_outline_item *items = depositary_answer_outline(now->pages.answers[i], &count);
        for (size_t j = 0; j < count && status == 0; j++) {
            const depositary_outline_item *old = find_item(before, items[j].eid);
            if (!is_followed(history, items[j].eid))
                continue;
            if (old == NULL)
                add_change(changes, items[j].eid, "added");
            else if (memcmp(old->leaf_hash, items[j].leaf_hash, sizeof old->leaf_hash) != 0)
                status = add_changed(changes, history, before, now, items[j].eid);
        }
    }
    for (size_t i = 0; i < before->count && status == 0; i++)
        if (is_followed(history, before->items[i]->eid) && find_item(now, before->items[i]->eid) == NULL)
            add_change(changes, before->items[i]->eid, "removed");
    return status;
}

/* ---- telling it */

static json_t *edition_json(const struct snapshot *now, json_t *changes) {
    json_t *object = cli_json_edition(now->edition);
    json_object_set(object, "changes", changes);
    return object;
}

static void print_edition(const depositary_edition *edition) {
    printf("%s  %s  edition %u  %s  %s%s\n", edition->instrument, edition->language, edition->edition, edition->act,
           edition->deposited_at, edition->is_latest == 1 ? "  (the latest)" : "");
    if (*edition->remark != '\0') {
        fputs("  remark: ", stdout);
        cli_text(edition->remark, strlen(edition->remark));
        putchar('\n');
    }
}

static void print_changes(const struct history *history, const struct snapshot *now, json_t *changes) {
    size_t i, touched = 0;
    json_t *change;
    json_array_foreach(changes, i, change) {
        const char *what = json_string_value(json_object_get(change, "change"));
        printf("  %s %s\n", what, json_string_value(json_object_get(change, "eid")));
        touched += strcmp(what, "removed") != 0;
        wording_print(json_object_get(change, "words"));
    }
    if (*history->eid == '\0')
        printf("  %zu clauses as before\n", now->count - touched);
    else if (json_array_size(changes) == 0)
        printf("  %s %s\n", history->eid, find_item(now, history->eid) != NULL ? "as before" : "is not in it");
}

static void print_first(const struct history *history, const struct snapshot *now) {
    if (*history->eid == '\0')
        printf("  %zu clauses\n", now->count);
    else
        printf("  %s %s\n", history->eid, find_item(now, history->eid) != NULL ? "stands in it" : "is not in it");
}

static int tell(struct history *history, const struct snapshot *before, const struct snapshot *now) {
    json_t *changes = json_array();
    int status = before->edition != NULL ? compare(changes, history, before, now) : 0;
    history->is_seen = history->is_seen || find_item(now, history->eid) != NULL;
    if (status == 0 && history->editions != NULL)
        json_array_append_new(history->editions, edition_json(now, changes));
    else if (status == 0) {
        print_edition(now->edition);
        if (before->edition != NULL)
            print_changes(history, now, changes);
        else
            print_first(history, now);
    }
    json_decref(changes);
    return status;
}

/* ---- the whole */

/* What a person wrote, as the eId of a clause: found in the latest edition that has a text, unless it is an eId. */
static int resolve(struct history *history, const struct cli_language *language) {
    struct cli_found found;
    depositary_edition_query query = history->which.query;
    if (cli_looks_like_eid(history->reference)) {
        snprintf(history->eid, sizeof history->eid, "%s", history->reference);
        return 0;
    }
    query.edition = language->is_withdrawn && language->latest > 1 ? language->latest - 1 : language->latest;
    int status = cli_find(history->cli, &query, history->reference, &found);
    if (status == 0) {
        snprintf(history->eid, sizeof history->eid, "%s", found.clause->eid);
        if (found.provision != NULL)
            cli_note("%s is in %s, which is followed", found.provision->eid, found.clause->eid);
        cli_found_free(&found);
    }
    return status;
}

static int tell_language(struct history *history, const struct cli_language *language) {
    struct snapshot before = {0}, now = {0};
    history->which.query.language = language->tag;
    int status = history->reference != NULL ? resolve(history, language) : 0;
    for (uint32_t edition = 1; edition <= language->latest && status == 0; edition++) {
        status = read_snapshot(&now, history, edition);
        if (status == 0 && edition == language->latest)
            status = keep_receipt(history, &now);
        if (status == 0)
            status = tell(history, &before, &now);
        snapshot_free(&before);
        before = now;
        now = (struct snapshot){0};
    }
    snapshot_free(&before);
    return status;
}

static int tell_all(struct history *history, const struct cli_languages *languages) {
    const char *wanted = history->which.query.language;
    int status = 0;
    size_t told = 0;
    for (size_t i = 0; i < languages->count && status == 0; i++)
        if (wanted == NULL || strcmp(wanted, languages->items[i].tag) == 0) {
            status = tell_language(history, &languages->items[i]);
            told++;
        }
    if (status == 0 && told == 0) {
        cli_error("no text in \"%s\" (proven)", wanted);
        status = CLI_NO;
    }
    if (status == 0 && history->reference != NULL && !history->is_seen) {
        cli_error("no edition has a clause %s (proven: each outline rebuilds its edition's root)", history->eid);
        status = CLI_NO;
    }
    return status;
}

int verb_history(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct history history = {.cli = cli};
    struct cli_languages languages = {0};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &history, 1, 2);
    if (status >= 0)
        return status;
    history.which.query.instrument = argv[optind];
    history.reference = argc - optind > 1 ? argv[optind + 1] : NULL;
    history.editions = cli->is_json ? json_array() : NULL;
    status = cli_client(cli);
    if (status == 0)
        status = cli_languages(cli, argv[optind], &languages);
    if (status == 0)
        status = tell_all(&history, &languages);
    if (status == 0)
        status = cli->is_json ? cli_json_print(json_pack("{s:b, s:O}", "verified", 1, "editions", history.editions))
                              : cli_finish();
    json_decref(history.editions);
    cli_languages_free(&languages);
    return status;
}
