/* One quote, asked of the service: where it was said to stand, and where else. */
#include "cli/quote.h"

#include <stdlib.h>
#include <string.h>

static void take_answer(struct quote_result *result) {
    result->verdict = depositary_answer_verdict(result->answer);
    result->matches = depositary_answer_quote_matches(result->answer, &result->matches_count);
    result->total = depositary_answer_total(result->answer);
    result->searched = depositary_answer_searched_size(result->answer);
}

static bool is_there(depositary_verdict verdict) {
    return verdict == DEPOSITARY_VERDICT_VERBATIM || verdict == DEPOSITARY_VERDICT_FOLDED;
}

/* "Not where you said, but here": the same quote in all instruments, of the same language where one was named. */
static void ask_elsewhere(struct cli *cli, const depositary_edition_query *which, struct quote_result *result) {
    const depositary_edition_query anywhere = {.language = which->language, .as_of = which->as_of};
    depositary_answer *answer = NULL;
    int error = depositary_check_quote(cli->client, result->quote, result->quote_len, &anywhere, &answer);
    if (error == 0 && is_there(depositary_answer_verdict(answer)))
        result->elsewhere = answer;
    else
        depositary_answer_free(&answer);
}

void quote_ask(struct cli *cli, const depositary_edition_query *which, struct quote_result *result) {
    result->error = depositary_check_quote(cli->client, result->quote, result->quote_len, which, &result->answer);
    if (result->error == 0)
        take_answer(result);
    bool is_named = which->instrument != NULL && *which->instrument != '\0';
    if (is_named && (result->error == DEPOSITARY_E_NO || (result->error == 0 && !is_there(result->verdict))))
        ask_elsewhere(cli, which, result);
}

void quote_result_free(struct quote_result *result) {
    depositary_answer_free(&result->answer);
    depositary_answer_free(&result->elsewhere);
    free(result->owned);
    *result = (struct quote_result){0};
}
