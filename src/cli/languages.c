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

static int fetch_page(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out) {
    (void)context;
    return depositary_list_instruments(cli->client, page, out);
}

/* Whether the list has gone beyond the instrument. */
static bool is_past(const void *context, const depositary_answer *page) {
    const char *instrument = context;
    size_t count = depositary_answer_editions(page);
    return count > 0 && strcmp(depositary_answer_edition(page, count - 1)->instrument, instrument) > 0;
}

/* Keeps what a page has of the instrument. */
static int take_page(struct cli_languages *out, const depositary_answer *page, const char *instrument) {
    int status = 0;
    for (size_t i = 0; i < depositary_answer_editions(page) && status == 0; i++) {
        const depositary_edition *edition = depositary_answer_edition(page, i);
        if (strcmp(edition->instrument, instrument) == 0)
            status = add_language(out, edition);
    }
    return status;
}

int cli_languages(struct cli *cli, const char *instrument, struct cli_languages *out) {
    struct cli_pages pages;
    *out = (struct cli_languages){0};
    int status = cli_pages_read(cli, fetch_page, is_past, (void *)(uintptr_t)instrument, false, &pages);
    for (size_t i = 0; i < pages.count && status == 0; i++)
        status = take_page(out, pages.answers[i], instrument);
    if (status == 0 && out->count == 0) {
        cli_error("no instrument \"%s\" (proven: the list of instruments is complete up to where it would stand)",
                  instrument);
        status = cli_receipt(cli, pages.answers[pages.count - 1]); /* of the page on which it would stand */
        status = status != 0 ? status : CLI_NO;
    }
    cli_pages_free(&pages);
    if (status != 0)
        cli_languages_free(out);
    return status;
}

void cli_languages_free(struct cli_languages *languages) {
    free(languages->items);
    *languages = (struct cli_languages){0};
}
