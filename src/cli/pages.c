/* Answers that come in pages. All are read, and each is verified, before anything of them is shown: a list that fails half way shows nothing. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_MAX     10 /* times that pages are read from the first again */
#define PAGES_EXPIRED (-1)

static int pages_add(struct cli_pages *pages, depositary_answer *answer) {
    void *more = realloc(pages->answers, (pages->count + 1) * sizeof *pages->answers);
    if (more == NULL) {
        cli_error("out of memory");
        return CLI_REFUSED;
    }
    pages->answers = more;
    pages->answers[pages->count++] = answer;
    return 0;
}

/* The first page is kept, and the last, whose token is the next one's. */
static void pages_drop_middle(struct cli_pages *pages) {
    if (pages->count == 3) {
        depositary_answer_free(&pages->answers[1]);
        pages->answers[1] = pages->answers[2];
        pages->count = 2;
    }
}

/* The ledger has grown since the page before: the pages are of one state, so they are read again from the first. */
static bool has_expired(const depositary_answer *answer, const depositary_answer *before) {
    return before != NULL && answer != NULL && strcmp(depositary_answer_status_reason(answer), "PAGE_EXPIRED") == 0;
}

/* The page after `before`, which is NULL for the first. PAGES_EXPIRED: nothing was told. */
static int read_page(struct cli *cli, cli_fetch *fetch, void *context, bool is_kept, const depositary_answer *before,
                     struct cli_pages *pages) {
    const depositary_page page = {.token = before != NULL ? depositary_answer_next_page(before) : NULL};
    depositary_answer *answer = NULL;
    int error = fetch(cli, context, &page, &answer);
    if (error != 0 && has_expired(answer, before)) {
        depositary_answer_free(&answer);
        return PAGES_EXPIRED;
    }
    int status = error != 0 || (is_kept && before == NULL) ? cli_receipt(cli, answer) : 0;
    if (error != 0)
        status = cli_answer_failed(cli, answer, error);
    else if (status == 0)
        status = pages_add(pages, answer);
    if (status != 0)
        depositary_answer_free(&answer);
    return status;
}

static bool is_last(cli_enough *enough, const void *context, const depositary_answer *page) {
    return *depositary_answer_next_page(page) == '\0' || (enough != NULL && enough(context, page));
}

/* How pages are read: all kept, or (sink not NULL) each told and let go. */
struct reading {
    cli_fetch *fetch;
    cli_enough *enough;
    void *context;
    bool is_kept;
    cli_page_sink *sink;
    void *sink_context;
};

static int tell_page(const struct reading *reading, struct cli_pages *pages, const depositary_answer *page) {
    int status = reading->sink != NULL ? reading->sink(reading->sink_context, page) : 0;
    if (reading->sink != NULL && page != NULL)
        pages_drop_middle(pages);
    return status;
}

static int read_pages(struct cli *cli, const struct reading *reading, struct cli_pages *out) {
    const depositary_answer *last = NULL;
    int status = 0;
    unsigned again = 0;
    *out = (struct cli_pages){0};
    do {
        status = read_page(cli, reading->fetch, reading->context, reading->is_kept, last, out);
        if (status == PAGES_EXPIRED && again++ < AGAIN_MAX) {
            cli_pages_free(out);
            last = NULL;
            status = tell_page(reading, out, NULL);
            continue;
        }
        if (status == 0) {
            last = out->answers[out->count - 1];
            status = tell_page(reading, out, last);
        }
    } while (status == 0 && (last == NULL || !is_last(reading->enough, reading->context, last)));
    if (status == PAGES_EXPIRED) {
        cli_error("the ledger grew each time before all pages were read");
        status = CLI_REFUSED;
    }
    if (status != 0)
        cli_pages_free(out);
    return status;
}

int cli_pages_read(struct cli *cli, cli_fetch *fetch, cli_enough *enough, void *context, bool is_kept,
                   struct cli_pages *out) {
    return read_pages(cli, &(struct reading){.fetch = fetch, .enough = enough, .context = context, .is_kept = is_kept},
                      out);
}

int cli_pages_tell(struct cli *cli, cli_fetch *fetch, void *context, cli_page_sink *sink, void *sink_context,
                   struct cli_pages *out) {
    const struct reading reading = {
        .fetch = fetch, .context = context, .is_kept = true, .sink = sink, .sink_context = sink_context};
    return read_pages(cli, &reading, out);
}

void cli_pages_free(struct cli_pages *pages) {
    for (size_t i = 0; i < pages->count; i++)
        depositary_answer_free(&pages->answers[i]);
    free(pages->answers);
    *pages = (struct cli_pages){0};
}
