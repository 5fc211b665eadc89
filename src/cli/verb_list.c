/* list: every instrument of the depositary, proved complete. */
#include "cli/cli.h"

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

static int fetch_page(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out) {
    (void)context;
    return depositary_list_instruments(cli->client, page, out);
}

static json_t *list_json(const struct cli_pages *pages) {
    json_t *object = cli_json_answer(pages->answers[pages->count - 1]), *rows = json_array();
    for (size_t i = 0; i < pages->count; i++)
        for (size_t j = 0; j < depositary_answer_editions(pages->answers[i]); j++)
            json_array_append_new(rows, cli_json_edition(depositary_answer_edition(pages->answers[i], j)));
    json_object_set_new(object, "instruments", rows);
    return object;
}

int verb_list(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct cli_pages pages;
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 0, 0);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0 || (status = cli_pages_read(cli, fetch_page, NULL, NULL, true, &pages)) != 0)
        return status;
    if (cli->is_json)
        status = cli_json_print(list_json(&pages));
    else {
        for (size_t i = 0; i < pages.count; i++)
            for (size_t j = 0; j < depositary_answer_editions(pages.answers[i]); j++)
                print_edition(depositary_answer_edition(pages.answers[i], j));
        status = cli_finish();
    }
    cli_pages_free(&pages);
    return status;
}
