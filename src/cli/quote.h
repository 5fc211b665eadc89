/*
 * What `quote` and `quote --batch` share: one quote checked, by the service and here, or here alone by the whole edition; and how the result is
 * shown. For verb_quote.c, quote_batch.c, quote_whole.c, quote_show.c.
 */
#ifndef CLI_QUOTE_H
#define CLI_QUOTE_H

#include <semaphore.h>

#include "cli/cli.h"

/** The options of the verb. */
struct quote_options {
    struct cli_which which;
    bool is_all;
    bool is_whole;
    const char *batch; /* NULL: none; "-" for standard input */
};

/** One quote, and what came of it. All that is owned is freed by quote_result_free. */
struct quote_result {
    const char *quote;
    size_t quote_len;
    int error; /* of the call */
    depositary_answer *answer;
    depositary_answer *elsewhere; /* where it stands better than in the instrument that was named; NULL: nowhere */
    /* What is shown: of the answer, or computed here. */
    depositary_verdict verdict;
    const depositary_quote_match *matches;
    size_t matches_count;
    uint64_t total;
    uint64_t searched;
    bool is_proven; /* NOT_FOUND is proven, too: the whole edition was looked through here */
    void *owned;    /* by quote_whole.c */
};

/** Asks the service; where an instrument is named and does not have it, once more without. Thread-safe. The result's quote is set before. */
void quote_ask(struct cli *cli, const depositary_edition_query *which, struct quote_result *result);
void quote_result_free(struct quote_result *result);

/** Bytes of a text that --whole looks through: it takes about 16 times as much memory. */
#define QUOTE_WHOLE_MAX (128u * 1024 * 1024)

/** A whole edition, joined, to look quotes up in. */
struct quote_whole {
    struct cli_whole whole;
    struct cli_texts texts;
    struct bytes text;
    depositary_clause *clauses; /* without their texts */
    depositary_provision *provisions;
    const depositary_clause **shown; /* each of the clauses, as matches name them */
    sem_t turns;                     /* as many threads look at one time */
    bool has_turns;
};

/** Fetches the edition and checks it whole. 0 or an exit code, told. */
int quote_whole_open(struct quote_whole *out, struct cli *cli, const depositary_edition_query *which);
void quote_whole_close(struct quote_whole *whole);
/** Decides here. Thread-safe. */
void quote_whole_ask(struct quote_whole *whole, struct quote_result *result);

/** The result as an object: verdict, matches, warnings. */
json_t *quote_json(const struct quote_result *result);
/** The result for a person; is_all: every place. 0, or an exit code for a failure to write. */
int quote_print(const struct quote_result *result, bool is_all);
/** CLI_YES for VERBATIM, CLI_NO for any other verdict. */
int quote_exit(const struct quote_result *result);

/** Every line of a file. An exit code. */
int quote_batch(struct cli *cli, const struct quote_options *options);

#endif
