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

static int certify_whole(struct cli *cli, struct certify *certify, json_t *names) {
    struct cli_whole whole;
    struct buffer text;
    char name[COPY_NAME_MAX], file[COPY_NAME_MAX + 8];
    int status = cli_whole(cli, &certify->which.query, &whole);
    if (status != 0)
        return status;
    buffer_init(&text, SIZE_MAX);
    for (size_t i = 0; i < whole.pages.count && status == 0; i++)
        for (size_t j = 0; j < depositary_answer_clauses(whole.pages.answers[i]) && status == 0; j++) {
            const depositary_clause *clause = depositary_answer_clause(whole.pages.answers[i], j);
            status = cli_write_copy(certify->dir, whole.pages.answers[i], clause, name);
            buffer_append(&text, bytes_of(clause->text, clause->text_len));
            if (status == 0)
                tell(cli, names, certify->dir, name);
        }
    if (status == 0 && text.error != 0) {
        cli_error("out of memory");
        status = CLI_REFUSED;
    }
    snprintf(file, sizeof file, "%s.%s.%u.txt", whole.edition->instrument, whole.edition->language,
             whole.edition->edition);
    if (status == 0)
        status = cli_write_file(certify->dir, file, buffer_bytes(&text));
    if (status == 0 && !cli->is_json)
        printf("%s/%s\n", certify->dir, file);
    buffer_free(&text);
    cli_whole_free(&whole);
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

int verb_certify(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct certify certify = {.dir = "."};
    struct fault fault = {0};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &certify, 1, 1000);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;
    if (file_make_dir(certify.dir, 0755, &fault) != 0)
        return cli_error("%s: %s", certify.dir, fault_text(&fault)), CLI_REFUSED;
    certify.which.query.instrument = argv[optind++];
    json_t *names = json_array();
    size_t count = (size_t)(argc - optind);
    status =
        count == 0 ? certify_whole(cli, &certify, names) : certify_clauses(cli, &certify, argv + optind, count, names);
    if (status == 0)
        status = cli->is_json
                     ? cli_json_print(json_pack("{s:b, s:s, s:O}", "verified", 1, "dir", certify.dir, "copies", names))
                     : cli_finish();
    json_decref(names);
    return status;
}
