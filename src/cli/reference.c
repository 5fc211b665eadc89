/* From what a person writes, "7(2)", "cl_7", "preamble", to a verified clause. The outline that is looked through is claimed; what it leads to is proved. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "text/citation.h"

/* The eIds of an edition's outline, and the provisions of clauses that were looked into. */
struct eids {
    struct cli *cli;
    const depositary_edition_query *which;
    char (*clauses)[LIMIT_EID + 1];
    size_t count;
    depositary_answer *clause; /* the last that was looked into */
    int error;                 /* of looking */
};

static bool has_clause(const struct eids *eids, const char *eid) {
    for (size_t i = 0; i < eids->count; i++)
        if (strcmp(eids->clauses[i], eid) == 0)
            return true;
    return false;
}

/* The clause of the outline that holds the provision; NULL where there is none. */
static const char *holder(const struct eids *eids, const char *eid) {
    for (size_t i = 0; i < eids->count; i++) {
        size_t len = strlen(eids->clauses[i]);
        if (strncmp(eids->clauses[i], eid, len) == 0 && strncmp(eid + len, "__", 2) == 0 && eid[len + 2] != '\0')
            return eids->clauses[i];
    }
    return NULL;
}

static bool has_eid(void *context, const char *eid) {
    struct eids *eids = context;
    if (has_clause(eids, eid))
        return true;
    const char *name = holder(eids, eid);
    if (name == NULL || eids->error != 0)
        return false;
    const depositary_clause *clause = eids->clause != NULL ? depositary_answer_clause(eids->clause, 0) : NULL;
    if (clause == NULL || strcmp(clause->eid, name) != 0) {
        depositary_answer_free(&eids->clause);
        eids->error = depositary_get_clause(eids->cli->client, eids->which, name, &eids->clause);
        clause = eids->error == 0 ? depositary_answer_clause(eids->clause, 0) : NULL;
    }
    for (size_t i = 0; clause != NULL && i < clause->provisions_count; i++)
        if (strcmp(clause->provisions[i].eid, eid) == 0)
            return true;
    return false;
}

static int fetch_outline(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out) {
    const struct eids *eids = context;
    return depositary_get_instrument(cli->client, eids->which, page, out);
}

static int add_outline(struct eids *eids, const depositary_answer *answer) {
    size_t count = 0;
    const depositary_outline_item *items = depositary_answer_outline(answer, &count);
    void *more = realloc(eids->clauses, (eids->count + count + 1) * sizeof *eids->clauses);
    if (more == NULL) {
        cli_error("out of memory");
        return CLI_REFUSED;
    }
    eids->clauses = more;
    for (size_t i = 0; i < count; i++)
        snprintf(eids->clauses[eids->count++], sizeof *eids->clauses, "%s", items[i].eid);
    return 0;
}

static int read_outline(struct eids *eids) {
    struct cli_pages pages;
    int status = cli_pages_read(eids->cli, fetch_outline, NULL, eids, false, &pages);
    if (status != 0)
        return status;
    for (size_t i = 0; i < pages.count && status == 0; i++)
        status = add_outline(eids, pages.answers[i]);
    cli_pages_free(&pages);
    return status;
}

static void set_found(struct cli_found *out, depositary_answer *answer) {
    out->answer = answer;
    out->clause = depositary_answer_clause(answer, 0);
    out->provision = depositary_answer_provision(answer);
}

/* Asks for one eId. */
static int get_eid(struct cli *cli, const depositary_edition_query *which, const char *eid, struct cli_found *out) {
    depositary_answer *answer = NULL;
    int error = depositary_get_clause(cli->client, which, eid, &answer);
    int status = cli_receipt(cli, answer);
    if (error == 0 && status == 0) {
        set_found(out, answer);
        return 0;
    }
    if (error != 0)
        status = cli_answer_failed(cli, answer, error);
    depositary_answer_free(&answer);
    return status;
}

/* Nothing in the outline is what was meant: the service is asked for what it would be called, and says no for itself, under its seal. */
static int get_unknown(struct cli *cli, const depositary_edition_query *which, const struct citation *citation,
                       const struct citation_names *names, struct eids *eids) {
    struct cli_found found = {0};
    char nearest[LIMIT_EID + 1];
    int status = get_eid(cli, which, names->missing, &found);
    cli_found_free(&found);
    if (status == CLI_NO && citation_nearest(nearest, citation, has_eid, eids))
        cli_note("no %s here; the nearest is %s", names->missing, nearest);
    return status == 0 ? CLI_NO : status;
}

bool cli_looks_like_eid(const char *reference) {
    static const char *const plain[] = {"preface", "preamble", "conclusions"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(reference, plain[i]) == 0)
            return true;
    return strchr(reference, '_') != NULL &&
           strspn(reference, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(reference);
}

static int add_found(struct cli *cli, const depositary_edition_query *which, const char *eid,
                     struct cli_found_list *out) {
    struct cli_found *items = realloc(out->items, (out->count + 1) * sizeof *items);
    if (items == NULL) {
        cli_error("out of memory");
        return CLI_REFUSED;
    }
    out->items = items;
    int status = get_eid(cli, which, eid, &items[out->count]);
    out->count += status == 0;
    return status;
}

static int ask_for_one(const char *reference, const struct citation_names *names) {
    cli_error("\"%s\" may be any of these; name one:", reference);
    for (size_t i = 0; i < names->count; i++)
        cli_error("  %s", names->eids[i]);
    return CLI_USAGE;
}

static int find_named(struct eids *eids, const char *reference, const struct citation *citation,
                      struct citation_names *names, struct cli_found_list *out) {
    int status = read_outline(eids);
    if (status != 0)
        return status;
    citation_resolve(names, citation, has_eid, eids);
    if (eids->error != 0)
        return cli_answer_failed(eids->cli, eids->clause, eids->error);
    if (names->is_cut) {
        cli_error("\"%s\" can be read in too many ways; name fewer parts, or one at a time", reference);
        return CLI_USAGE;
    }
    if (names->missing[0] != '\0')
        return get_unknown(eids->cli, eids->which, citation, names, eids);
    if (names->is_ambiguous)
        return ask_for_one(reference, names);
    for (size_t i = 0; i < names->count && status == 0; i++)
        status = add_found(eids->cli, eids->which, names->eids[i], out);
    return status;
}

int cli_find_all(struct cli *cli, const depositary_edition_query *which, const char *reference,
                 struct cli_found_list *out) {
    struct eids eids = {.cli = cli, .which = which};
    struct citation citation;
    if (cli_looks_like_eid(reference))
        return add_found(cli, which, reference, out);
    if (citation_read(&citation, bytes_text(reference)) != 0) {
        cli_error("\"%s\" is not a reference to a clause; write 7, 7(2), preamble, or an eId such as cl_7", reference);
        return CLI_USAGE;
    }
    struct citation_names *names = calloc(1, sizeof *names);
    if (names == NULL) {
        cli_error("out of memory");
        return CLI_REFUSED;
    }
    int status = find_named(&eids, reference, &citation, names, out);
    depositary_answer_free(&eids.clause);
    free(eids.clauses);
    free(names);
    return status;
}

int cli_find(struct cli *cli, const depositary_edition_query *which, const char *reference, struct cli_found *out) {
    struct cli_found_list list = {0};
    *out = (struct cli_found){0};
    int status = cli_find_all(cli, which, reference, &list);
    if (status == 0 && list.count > 1) {
        cli_error("\"%s\" names %zu clauses; name one", reference, list.count);
        status = CLI_USAGE;
    } else if (status == 0) {
        *out = list.items[--list.count];
    }
    cli_found_list_free(&list);
    return status;
}

void cli_found_list_free(struct cli_found_list *list) {
    for (size_t i = 0; i < list->count; i++)
        cli_found_free(&list->items[i]);
    free(list->items);
    *list = (struct cli_found_list){0};
}

void cli_found_free(struct cli_found *found) {
    depositary_answer_free(&found->answer);
    *found = (struct cli_found){0};
}
