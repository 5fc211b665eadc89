/* A checked quote, for a person and as JSON: the verdict, each place, what differs, and what a reader must be warned of. */
#include "cli/quote.h"

#include <string.h>

#define SHOWN_PLACES 5u
#define MANY_PLACES  10u /* a short quote that stands in so many proves little */
#define SHORT_LEN    24u /* bytes */

static const char *const verdict_names[] = {"NONE", "VERBATIM", "FOLDED", "DIFFERS", "NOT_FOUND"};

int quote_exit(const struct quote_result *result) {
    return result->verdict == DEPOSITARY_VERDICT_VERBATIM ? CLI_YES : CLI_NO;
}

/* So short that it stands everywhere. */
static bool is_everywhere(const struct quote_result *result) {
    return result->total >= MANY_PLACES && result->quote_len < SHORT_LEN;
}

/* ---- JSON */

static json_t *match_json(const depositary_quote_match *match) {
    const depositary_edition *edition = match->clauses[0]->edition;
    json_t *clauses = json_array(), *folds = json_array(), *differences = json_array();
    for (size_t i = 0; i < match->clauses_count; i++)
        json_array_append_new(clauses, json_string(match->clauses[i]->eid));
    for (size_t i = 0; i < match->folds_count; i++)
        json_array_append_new(folds, json_string(match->folds[i]));
    for (size_t i = 0; i < match->differences_count; i++)
        json_array_append_new(differences, json_pack("{s:o, s:o}", "quote", cli_json_span(match->differences[i].quote),
                                                     "text", cli_json_span(match->differences[i].text)));
    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:s, s:o, s:s#, s:o, s:o, s:b}", "instrument", edition->instrument,
                     "language", edition->language, "edition", (json_int_t)edition->edition, "latest",
                     cli_json_latest(edition), "clauses", clauses, "provision", match->provision_eid, "span",
                     cli_json_span(match->span), "text", match->text + match->span.offset, (int)match->span.length,
                     "folds", folds, "differences", differences, "cuts_word", match->cuts_word);
}

static json_t *matches_json(const depositary_quote_match *matches, size_t count) {
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, match_json(&matches[i]));
    return rows;
}

static json_t *warnings_json(const struct quote_result *result) {
    json_t *warnings = json_array();
    bool cuts = false, is_old = false;
    for (size_t i = 0; i < result->matches_count; i++) {
        cuts = cuts || result->matches[i].cuts_word;
        is_old = is_old || result->matches[i].clauses[0]->edition->is_latest == 0;
    }
    if (is_everywhere(result))
        json_array_append_new(warnings, json_string("short"));
    if (cuts)
        json_array_append_new(warnings, json_string("cuts_word"));
    if (is_old)
        json_array_append_new(warnings, json_string("not_latest"));
    if (result->elsewhere != NULL)
        json_array_append_new(warnings, json_string("elsewhere"));
    return warnings;
}

static json_t *elsewhere_json(const depositary_answer *answer) {
    size_t count = 0;
    const depositary_quote_match *matches = depositary_answer_quote_matches(answer, &count);
    return json_pack("{s:s, s:o}", "verdict", verdict_names[depositary_answer_verdict(answer)], "matches",
                     matches_json(matches, count));
}

json_t *quote_json(const struct quote_result *result) {
    bool is_none = result->verdict == DEPOSITARY_VERDICT_NOT_FOUND;
    json_t *object = result->answer != NULL ? cli_json_answer(result->answer) : json_pack("{s:b}", "verified", 1);
    json_object_set_new(object, "verdict", json_string(verdict_names[result->verdict]));
    json_object_set_new(object, "matches", matches_json(result->matches, result->matches_count));
    json_object_set_new(object, "warnings", warnings_json(result));
    json_t *numbers = json_pack("{s:I, s:I}", "total", (json_int_t)result->total, "searched_ledger_size",
                                (json_int_t)result->searched);
    json_object_set_new(numbers, "not_found", json_boolean(is_none));
    json_object_set_new(object, result->is_proven ? "proven" : "claimed", numbers);
    if (result->elsewhere != NULL)
        json_object_set_new(object, "elsewhere", elsewhere_json(result->elsewhere));
    if (is_none && !result->is_proven)
        json_object_del(object, "verified");
    return object;
}

/* ---- for a person */

static void print_names(const depositary_quote_match *match) {
    for (size_t i = 0; i < match->folds_count; i++)
        printf("%s%s", i == 0 ? " (" : ", ", match->folds[i]);
    if (match->folds_count > 0)
        putchar(')');
}

static void print_run(const char *mark, const char *text, depositary_span span) {
    printf("    %s ", mark);
    cli_text_marked(text + span.offset, span.length);
    putchar('\n');
}

static void print_place(const depositary_quote_match *match) {
    const depositary_edition *edition = match->clauses[0]->edition;
    printf("%s %s %u ", edition->instrument, edition->language, edition->edition);
    cli_text(match->provision_eid, strlen(match->provision_eid));
    if (match->clauses_count > 1) {
        const char *last = match->clauses[match->clauses_count - 1]->eid;
        fputs(" to ", stdout);
        cli_text(last, strlen(last));
    }
    putchar('\n');
}

static void print_match(const char *quote, const depositary_quote_match *match) {
    const depositary_edition *edition = match->clauses[0]->edition;
    print_place(match);
    for (size_t i = 0; i < match->differences_count; i++) {
        print_run("quoted: ", quote, match->differences[i].quote);
        print_run("text:   ", match->text, match->differences[i].text);
    }
    if (match->cuts_word)
        cli_note("%s: the quote begins or ends inside a word", match->provision_eid);
    if (edition->is_latest == 0)
        cli_note("%s: edition %u is not the latest, which is %u", edition->instrument, edition->edition,
                 edition->latest_edition);
}

static void tell_elsewhere(const depositary_answer *answer) {
    size_t count = 0;
    const depositary_quote_match *matches = depositary_answer_quote_matches(answer, &count);
    printf("elsewhere: %s", verdict_names[depositary_answer_verdict(answer)]);
    if (count > 0)
        print_names(&matches[0]);
    putchar('\n');
    for (size_t i = 0; i < count && i < SHOWN_PLACES; i++)
        print_place(&matches[i]);
    cli_note("not in the instrument that was named, but where \"elsewhere\" says");
}

static void tell_numbers(const struct quote_result *result, size_t shown) {
    const char *how = result->is_proven ? "" : " (claimed)";
    if (result->total > shown)
        cli_note("%llu places in all%s; %s", (unsigned long long)result->total, how,
                 shown < result->matches_count ? "--all shows more" : "name an instrument to narrow it");
    if (is_everywhere(result))
        cli_note("so short a quote stands in many places and says little about where it was taken from");
    if (result->verdict != DEPOSITARY_VERDICT_NOT_FOUND)
        return;
    if (result->is_proven)
        cli_note("proven: it is not in the whole edition, which was fetched, checked and looked through here");
    else
        cli_note(
            "claimed: the service found it nowhere in a ledger of %llu entries, and says so under its seal; --whole decides here",
            (unsigned long long)result->searched);
}

int quote_print(const struct quote_result *result, bool is_all) {
    fputs(verdict_names[result->verdict], stdout);
    if (result->matches_count > 0)
        print_names(&result->matches[0]);
    putchar('\n');
    size_t shown = is_all || result->matches_count < SHOWN_PLACES ? result->matches_count : SHOWN_PLACES;
    for (size_t i = 0; i < shown; i++)
        print_match(result->quote, &result->matches[i]);
    if (result->elsewhere != NULL)
        tell_elsewhere(result->elsewhere);
    int status = cli_finish();
    tell_numbers(result, shown);
    return status;
}
