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

/* Reads the outline, page by page. */
static int read_outline(struct eids *eids) {
    char *token = NULL;
    int status = 0;
    do {
        depositary_answer *answer = NULL;
        const depositary_page page = {.token = token};
        int error = depositary_get_instrument(eids->cli->client, eids->which, &page, &answer);
        size_t count = 0;
        const depositary_outline_item *items = error == 0 ? depositary_answer_outline(answer, &count) : NULL;
        free(token);
        token = NULL;
        if (error != 0) {
            status = cli_answer_failed(eids->cli, answer, error);
            (void)cli_receipt(eids->cli, answer);
        } else {
            void *more = realloc(eids->clauses, (eids->count + count + 1) * sizeof *eids->clauses);
            if (more == NULL) {
                cli_error("out of memory");
                status = CLI_REFUSED;
            } else {
                eids->clauses = more;
                for (size_t i = 0; i < count; i++)
                    snprintf(eids->clauses[eids->count++], sizeof *eids->clauses, "%s", items[i].eid);
                if (*depositary_answer_next_page(answer) != '\0')
                    token = strdup(depositary_answer_next_page(answer));
            }
        }
        depositary_answer_free(&answer);
    } while (status == 0 && token != NULL);
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

static int not_in_outline(struct cli *cli, const char *reference) {
    cli_error("no clause \"%s\" in this edition", reference);
    cli_note("claimed: the outline that the service gave, under its seal, has none; nothing more proves it");
    if (cli->is_json)
        cli_json_print(json_pack("{s:b, s:s, s:s}", "found", 0, "absence", "claimed", "reference", reference));
    return CLI_NO;
}

/* Whether it is written as an eId and not as a number or citation. */
static bool looks_like_eid(const char *reference) {
    static const char *const plain[] = {"preface", "preamble", "conclusions"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(reference, plain[i]) == 0)
            return true;
    return strchr(reference, '_') != NULL &&
           strspn(reference, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(reference);
}

int cli_find(struct cli *cli, const depositary_edition_query *which, const char *reference, struct cli_found *out) {
    struct eids eids = {.cli = cli, .which = which};
    struct citation_names names = {0};
    *out = (struct cli_found){0};
    if (looks_like_eid(reference))
        return get_eid(cli, which, reference, out);

    int status = read_outline(&eids);
    int error = status == 0 ? citation_resolve(&names, bytes_text(reference), has_eid, &eids) : 0;
    if (status == 0 && eids.error != 0)
        status = cli_answer_failed(cli, eids.clause, eids.error);
    else if (status == 0 && error != 0) {
        cli_error("\"%s\" is not a reference to a clause; write 7, 7(2), preamble, or an eId such as cl_7", reference);
        status = CLI_USAGE;
    } else if (status == 0 && names.count == 0)
        /* The service says no for itself, under its seal. */
        status =
            get_eid(cli, which,
                    eids.count > 0 && strspn(reference, "0123456789") == strlen(reference) ? reference : "none", out);
    else if (status == 0 && names.count > 1) {
        cli_error("\"%s\" may be any of these; name one:", reference);
        for (size_t i = 0; i < names.count; i++)
            cli_error("  %s", names.eids[i]);
        status = CLI_USAGE;
    } else if (status == 0)
        status = get_eid(cli, which, names.eids[0], out);
    depositary_answer_free(&eids.clause);
    free(eids.clauses);
    return status;
}

void cli_found_free(struct cli_found *found) {
    depositary_answer_free(&found->answer);
    *found = (struct cli_found){0};
}
