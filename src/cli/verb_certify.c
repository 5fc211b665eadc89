/* certify: writes certified copies, a .record and a .proof for each clause; of a whole instrument the file as well. PROTOCOL.md section 3. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "proof/copy.h"

enum { OPT_OUT = CLI_OPT_OWN };

static const struct option own_options[] = {CLI_WHICH_OPTIONS, {"output", required_argument, NULL, OPT_OUT}, {0}};

struct certify {
    struct cli_which which;
    const char *dir;
};

static bool take(void *context, int val, const char *argument) {
    struct certify *certify = context;
    if (val == OPT_OUT || val == 'o') {
        certify->dir = argument;
        return true;
    }
    return cli_take_which(&certify->which, val, argument);
}

static void tell(struct cli *cli, json_t *names, const char *dir, const char *name) {
    if (cli->is_json)
        json_array_append_new(names, json_string(name));
    else
        printf("%s/%s.record\n%s/%s.proof\n", dir, name, dir, name);
}

/* The copies of a whole instrument, page by page, and what is said of them, which is held back until they have their names. */
struct writing {
    struct cli *cli;
    struct cli_staging staging;
    struct spool said;
    struct cli_json_list listed;
};

static void note(struct writing *writing, const char *name) {
    static const char *const endings[] = {".record\n", ".proof\n"};
    if (writing->cli->is_json) {
        cli_json_list_add(&writing->listed, json_string(name));
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        spool_add(&writing->said, bytes_text(writing->staging.dir));
        spool_add(&writing->said, BYTES("/"));
        spool_add(&writing->said, bytes_text(name));
        spool_add(&writing->said, bytes_text(endings[i]));
    }
}

static void begin(struct writing *writing) {
    spool_clear(&writing->said);
    cli_json_list_begin(&writing->listed, json_pack("{s:b, s:s}", "verified", 1, "dir", writing->staging.dir),
                        "\"copies\": [", "]}");
}

static int begin_anew(struct writing *writing) {
    begin(writing);
    return cli_staging_clear(&writing->staging);
}

/* A cli_page_sink. */
static int take_page(void *context, const depositary_answer *page) {
    struct writing *writing = context;
    char name[COPY_NAME_MAX];
    int status = page == NULL ? begin_anew(writing) : 0;
    for (size_t i = 0; page != NULL && i < depositary_answer_clauses(page) && status == 0; i++) {
        const depositary_clause *clause = depositary_answer_clause(page, i);
        status = cli_staging_copy(&writing->staging, page, clause, name);
        if (status == 0 && cli_staging_append(&writing->staging, bytes_of(clause->text, clause->text_len)) != 0)
            status = CLI_REFUSED;
        if (status == 0)
            note(writing, name);
    }
    if (status == 0)
        status = cli_spool_status(writing->cli->is_json ? &writing->listed.spool : &writing->said);
    return status;
}

static int tell_whole(struct writing *writing, const char *file) {
    if (writing->cli->is_json)
        return cli_json_list_print(&writing->listed);
    int status = cli_text_spool(&writing->said);
    if (status == 0)
        printf("%s/%s\n", writing->staging.dir, file);
    return status != 0 ? status : cli_finish();
}

static int certify_whole(struct cli *cli, struct certify *certify) {
    struct writing writing = {.cli = cli};
    struct cli_whole whole;
    char file[COPY_NAME_MAX + 8];
    cli_staging_init(&writing.staging);
    spool_init(&writing.said);
    cli_json_list_init(&writing.listed);
    int status = cli_staging_open(&writing.staging, certify->dir);
    if (status == 0) {
        begin(&writing);
        status = cli_whole(cli, &certify->which.query, take_page, &writing, &whole);
    }
    if (status == 0) {
        snprintf(file, sizeof file, "%s.%s.%u.txt", whole.edition->instrument, whole.edition->language,
                 whole.edition->edition);
        status = cli_staging_place(&writing.staging, file);
        if (status == 0)
            status = tell_whole(&writing, file);
        cli_whole_free(&whole);
    }
    cli_staging_free(&writing.staging);
    spool_free(&writing.said);
    cli_json_list_free(&writing.listed);
    return status;
}

static int certify_clauses(struct cli *cli, struct certify *certify, char **references, size_t count, json_t *names) {
    char name[COPY_NAME_MAX];
    struct cli_found_list list = {0};
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++)
        status = cli_find_all(cli, &certify->which.query, references[i], &list);
    for (size_t i = 0; i < list.count && status == 0; i++) {
        status = cli_write_copy(certify->dir, list.items[i].answer, list.items[i].clause, name);
        if (status == 0)
            tell(cli, names, certify->dir, name);
    }
    cli_found_list_free(&list);
    return status;
}

static int certify_some(struct cli *cli, struct certify *certify, char **references, size_t count) {
    struct fault fault = {0};
    if (file_make_dir(certify->dir, 0755, &fault) != 0)
        return cli_error("%s: %s", certify->dir, fault_text(&fault)), CLI_REFUSED;
    json_t *names = json_array();
    int status = certify_clauses(cli, certify, references, count, names);
    if (status == 0)
        status = cli->is_json
                     ? cli_json_print(json_pack("{s:b, s:s, s:O}", "verified", 1, "dir", certify->dir, "copies", names))
                     : cli_finish();
    json_decref(names);
    return status;
}

int verb_certify(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct certify certify = {.dir = "."};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &certify, 1, 1000);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;
    certify.which.query.instrument = argv[optind++];
    size_t count = (size_t)(argc - optind);
    return count == 0 ? certify_whole(cli, &certify) : certify_some(cli, &certify, argv + optind, count);
}
