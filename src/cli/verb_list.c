/* list: every instrument of the depositary, proved complete. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static void print_edition(const depositary_edition *edition) {
    printf("%s  %s  edition %u  %s  %s\n", edition->instrument, edition->language, edition->edition,
           *edition->date != '\0' ? edition->date : "no date", edition->authenticity);
    fputs("    ", stdout);
    cli_text(edition->title, strlen(edition->title));
    if (strcmp(edition->act, "withdrawal") == 0)
        fputs(" (withdrawn)", stdout);
    putchar('\n');
}

int verb_list(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 0, 0);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0)
        return status;

    json_t *rows = json_array(), *object = NULL;
    char *token = NULL;
    do {
        depositary_answer *answer = NULL;
        const depositary_page page = {.token = token};
        int error = depositary_list_instruments(cli->client, &page, &answer);
        free(token);
        token = NULL;
        status = cli_receipt(cli, answer);
        if (error != 0)
            status = cli_answer_failed(cli, answer, error);
        for (size_t i = 0; status == 0 && i < depositary_answer_editions(answer); i++)
            json_array_append_new(rows, cli_json_edition(depositary_answer_edition(answer, i)));
        for (size_t i = 0; status == 0 && !cli->is_json && i < depositary_answer_editions(answer); i++)
            print_edition(depositary_answer_edition(answer, i));
        if (status == 0 && *depositary_answer_next_page(answer) != '\0')
            token = strdup(depositary_answer_next_page(answer));
        else if (status == 0)
            object = cli_json_answer(answer);
        depositary_answer_free(&answer);
    } while (token != NULL);
    if (status == 0 && cli->is_json) {
        json_object_set(object, "instruments", rows);
        status = cli_json_print(json_incref(object));
    } else if (status == 0)
        status = cli_finish();
    json_decref(object);
    json_decref(rows);
    return status;
}
