/* The languages that an instrument has, by the list of instruments, which is sorted: proved complete as far as it was read. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static int add_language(struct cli_languages *out, const depositary_edition *edition) {
    void *more = realloc(out->items, (out->count + 1) * sizeof *out->items);
    if (more == NULL) {
        cli_error("out of memory");
        return CLI_REFUSED;
    }
    out->items = more;
    struct cli_language *language = &out->items[out->count++];
    snprintf(language->tag, sizeof language->tag, "%s", edition->language);
    language->latest = edition->edition;
    language->is_withdrawn = strcmp(edition->act, "withdrawal") == 0;
    language->is_authentic = strcmp(edition->authenticity, "authentic") == 0;
    return 0;
}

/* Keeps what a page has of the instrument; *is_past where the list has gone beyond it. */
static int take_page(struct cli_languages *out, const depositary_answer *answer, const char *instrument,
                     bool *is_past) {
    int status = 0;
    for (size_t i = 0; i < depositary_answer_editions(answer) && status == 0 && !*is_past; i++) {
        const depositary_edition *edition = depositary_answer_edition(answer, i);
        int order = strcmp(edition->instrument, instrument);
        if (order == 0)
            status = add_language(out, edition);
        *is_past = order > 0;
    }
    return status;
}

int cli_languages(struct cli *cli, const char *instrument, struct cli_languages *out) {
    depositary_answer *answer = NULL;
    bool is_past = false;
    int status = 0;
    *out = (struct cli_languages){0};
    do {
        depositary_answer *before = answer;
        const depositary_page page = {.token = before != NULL ? depositary_answer_next_page(before) : NULL};
        answer = NULL;
        int error = depositary_list_instruments(cli->client, &page, &answer);
        depositary_answer_free(&before);
        status = error != 0 ? cli_answer_failed(cli, answer, error) : take_page(out, answer, instrument, &is_past);
    } while (status == 0 && !is_past && *depositary_answer_next_page(answer) != '\0');
    if (status == 0 && out->count == 0) {
        cli_error("no instrument \"%s\" (proven: the list of instruments is complete up to where it would stand)",
                  instrument);
        status = cli_receipt(cli, answer); /* of the page on which it would stand */
        status = status != 0 ? status : CLI_NO;
    }
    depositary_answer_free(&answer);
    if (status != 0)
        cli_languages_free(out);
    return status;
}

void cli_languages_free(struct cli_languages *languages) {
    free(languages->items);
    *languages = (struct cli_languages){0};
}
