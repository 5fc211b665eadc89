/*
 * CheckQuote. The catalog says in which clauses a quote may stand; they are joined with their neighbours into regions,
 * since a quote may run over the end of a clause, and text/quote.h judges each region. PROTOCOL.md section 6,
 * CheckQuote.
 */
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>

#include "server/depositary_quote.h"

#define NEIGHBOURS        16u                 /* clauses on either side of a candidate */
#define ELIDED_CLAUSES    64u                 /* clauses that a quote may leave out */
#define WORK_MAX          UINT64_C(140000000) /* steps of about a nanosecond: reading and comparing, for the whole call */
#define WORK_OF_ANSWER    UINT64_C(20000000) /* besides, for the texts of an answer when that is spent */
#define STEPS_OF_A_CLAUSE 15000u             /* that is read and proved, */
#define STEPS_OF_A_BYTE   3u                 /* and of its text */
#define JUDGED_MAX        12u                /* regions that are compared by more than bytes; the likeliest first */
#define COMMON            40u /* candidates of a quote that stands everywhere: each is looked at without its neighbours */

static bool holds(struct bytes text, struct bytes part) {
    return text.len > 0 && memmem(text.data, text.len, part.data, part.len) != NULL;
}

/* ---- regions */

/* Lengths of the clauses around a candidate, from the catalog. */
struct neighbours {
    uint64_t first;
    uint64_t last; /* wanted */
    size_t count;
    uint32_t lengths[2 * NEIGHBOURS + 1];
};

static int keep_length(void *context, const struct catalog_clause *clause) {
    struct neighbours *neighbours = context;
    if (clause->place > neighbours->last)
        return 1;
    neighbours->lengths[neighbours->count++] = clause->length;
    return clause->place == neighbours->last;
}

/* As many clauses on either side as a quote of that length, and of folded text twice as long, may reach into. */
static int make_region(struct check *check, const struct catalog_hit *hit, size_t rank, struct region *out) {
    struct neighbours around = {.first = hit->place > NEIGHBOURS ? hit->place - NEIGHBOURS : 0,
                                .last = hit->place + NEIGHBOURS};
    int error =
        catalog_outline(call_server(check->call)->catalog, hit->edition_index, around.first, keep_length, &around);
    size_t at = (size_t)(hit->place - around.first);
    if (error > 1 || around.count <= at)
        return error > 1 ? answer_error(check->call, error) : edition_catalog_is_wrong(check->call);
    size_t reach = 2 * check->quote.len + 64;
    size_t first = at, last = at;
    for (size_t before = 0; first > 0 && before < reach; before += around.lengths[first])
        first--;
    for (size_t behind = 0; last + 1 < around.count && behind < reach; behind += around.lengths[last])
        last++;
    *out = (struct region){
        .edition_index = hit->edition_index, .first = around.first + first, .last = around.first + last, .rank = rank};
    for (size_t i = first; i <= last; i++)
        out->bytes += around.lengths[i];
    return 0;
}

static int by_place(const void *left, const void *right) {
    const struct region *a = left;
    const struct region *b = right;
    if (a->edition_index != b->edition_index)
        return a->edition_index < b->edition_index ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

static int by_rank(const void *left, const void *right) {
    const struct region *a = left;
    const struct region *b = right;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* Whether two regions, in order, become one: they overlap; or the quote leaves out what is between them. */
static bool are_joined(const struct check *check, const struct region *a, const struct region *b) {
    if (a->edition_index != b->edition_index || a->bytes + b->bytes > REGION_MAX ||
        b->last - a->first >= REGION_CLAUSES)
        return false;
    return b->first <= a->last || (check->is_elided && b->first - a->last <= ELIDED_CLAUSES);
}

static void merge_regions(struct check *check) {
    size_t kept = 0;
    qsort(check->regions, check->regions_count, sizeof *check->regions, by_place);
    for (size_t i = 0; i < check->regions_count; i++) {
        const struct region *next = &check->regions[i];
        struct region *last = kept ? &check->regions[kept - 1] : NULL;
        if (last && are_joined(check, last, next)) {
            last->bytes += next->bytes;
            last->last = next->last > last->last ? next->last : last->last;
            last->rank = next->rank < last->rank ? next->rank : last->rank;
        } else {
            check->regions[kept++] = *next;
        }
    }
    check->regions_count = kept;
    qsort(check->regions, check->regions_count, sizeof *check->regions, by_rank);
}

/* The candidate alone; its length does not matter, since nothing is joined to it. */
static int make_region_alone(struct check *check, const struct catalog_hit *hit, size_t rank) {
    check->regions[check->regions_count++] =
        (struct region){.edition_index = hit->edition_index, .first = hit->place, .last = hit->place, .rank = rank};
    return 0;
}

static int make_regions(struct check *check, const struct catalog_hits *candidates, size_t count, bool is_alone) {
    check->regions_count = 0;
    check->joined.region = NULL;
    check->regions = answer_alloc(check->call, (candidates->count + 1) * sizeof *check->regions);
    if (!check->regions)
        return DEPOSITARY_E_LIMIT;
    for (size_t i = 0; i < count; i++) {
        int error = is_alone ? make_region_alone(check, &candidates->hits[i], i)
                             : make_region(check, &candidates->hits[i], i, &check->regions[check->regions_count]);
        if (error)
            return error;
        check->regions_count += !is_alone;
    }
    merge_regions(check);
    return 0;
}

static int too_much_work(struct call *call) {
    status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT",
               "comparing this quote takes more work than one call may cost: name an instrument, or cut the quote");
    return DEPOSITARY_E_LIMIT;
}

/* Told of the call in the end, unless something was found before. */
static int spent(struct check *check) {
    check->is_spent = true;
    return DEPOSITARY_E_LIMIT;
}

/* ---- texts */

/* Adds a clause's text; *is_full where the region must end before it. */
static int join_clause(struct check *check, const struct edition_found *edition, uint64_t place, struct buffer *record,
                       bool *is_full) {
    struct joined *joined = &check->joined;
    struct clause_record parsed;
    struct fault fault = {0};
    buffer_clear(record);
    int error = ledger_clause(call_server(check->call)->ledger, edition->index, edition->record.clauses,
                              &edition->record.clauses_root, place, record, NULL, &fault);
    if (!error)
        error = clause_record_parse(&parsed, buffer_bytes(record), &fault);
    if (error)
        return part_fault(check->call, error, &fault);
    if (quote_work_spend(check->work, STEPS_OF_A_CLAUSE + STEPS_OF_A_BYTE * (uint64_t)parsed.text.len))
        return spent(check);
    *is_full = joined->count == REGION_CLAUSES || parsed.text.len > REGION_MAX - joined->text.len;
    if (*is_full)
        return 0;
    buffer_append(&joined->text, parsed.text);
    joined->ends[joined->count] = joined->text.len;
    joined->built[joined->count++] = NULL;
    return joined->text.error ? answer_error(check->call, joined->text.error) : 0;
}

int quote_join_region(struct check *check, const struct region *region) {
    struct joined *joined = &check->joined;
    struct buffer record;
    uint32_t slot = 0;
    bool is_full = false;
    if (joined->region == region)
        return 0;
    joined->region = NULL;
    joined->count = 0;
    buffer_clear(&joined->text);
    int error = edition_set_add(check->call, &check->looked_in, region->edition_index, &slot);
    if (error)
        return error;
    const struct edition_found *edition = &check->looked_in.found[slot];
    if (region->last >= edition->record.clauses)
        return edition_catalog_is_wrong(check->call);
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    for (uint64_t place = region->first; !error && !is_full && place <= region->last; place++)
        error =
            answer_is_late(check->call) ? DEPOSITARY_E_TIMEOUT : join_clause(check, edition, place, &record, &is_full);
    buffer_free(&record);
    if (!error)
        joined->region = region;
    return error;
}

/* ---- verdicts */

static int count_folds(unsigned folds) {
    return __builtin_popcount(folds);
}

/* Whether a comes before b: of FOLDED the fewest folds, of DIFFERS the nearest. */
static bool is_better(const struct quote_match *a, const struct quote_match *b) {
    if (a->verdict != b->verdict)
        return a->verdict < b->verdict;
    if (a->verdict == VERDICT_FOLDED)
        return count_folds(a->folds) < count_folds(b->folds);
    return a->verdict == VERDICT_DIFFERS && a->score > b->score;
}

static bool is_as_good(const struct quote_match *a, const struct quote_match *b) {
    return !is_better(a, b) && !is_better(b, a);
}

static void forget_matches(struct check *check) {
    for (size_t i = 0; i < check->matches_count; i++)
        free(check->matches[i].match.differences);
    check->matches_count = 0;
    check->total = 0;
}

/* Keeps a match, whose differences become ours, if none before it was better. */
static void keep_match(struct check *check, const struct region *region, struct quote_match *match) {
    if (check->matches_count > 0 && is_better(&check->matches[0].match, match))
        return;
    if (check->matches_count > 0 && !is_as_good(&check->matches[0].match, match))
        forget_matches(check);
    check->total++;
    if (check->matches_count == LIMIT_QUOTE_MATCHES)
        return;
    check->verdict = match->verdict;
    check->matches[check->matches_count++] = (struct placed_match){region, *match};
    match->differences = NULL;
}

/* The clause of the joined region in which a byte stands. */
static uint64_t place_of(const struct joined *joined, size_t offset) {
    size_t i = 0;
    while (i + 1 < joined->count && joined->ends[i] <= offset)
        i++;
    return joined->region->first + i;
}

static bool overlap(const struct region *a, const struct region *b) {
    return a->edition_index == b->edition_index && a->first <= b->last && b->first <= a->last;
}

/* Large regions are not merged, though they overlap. */
static bool overlaps_a_judged_one(const struct check *check) {
    for (const struct region *before = check->regions; before < check->joined.region; before++) {
        if (overlap(before, check->joined.region))
            return true;
    }
    return false;
}

/* Whether a region that was judged before this one has all of these clauses. */
static bool was_judged(const struct check *check, uint64_t first, uint64_t last) {
    for (const struct region *before = check->regions; before < check->joined.region; before++) {
        if (overlap(before, check->joined.region) && before->first <= first && last <= before->last)
            return true;
    }
    return false;
}

static bool is_kept_already(const struct check *check, struct span span) {
    size_t last = (size_t)span.offset + (span.length > 0 ? span.length - 1 : 0);
    return was_judged(check, place_of(&check->joined, span.offset), place_of(&check->joined, last));
}

typedef int quote_finder(struct quote_matches *out, struct bytes quote, struct bytes text, struct quote_work *work);

/* Keeps what is found in the region that is joined. */
static int judge_joined(struct check *check, quote_finder *find) {
    struct quote_matches found;
    int error = find(&found, check->quote, buffer_bytes(&check->joined.text), check->work);
    if (error == DEPOSITARY_E_LIMIT)
        return spent(check);
    if (error)
        return answer_error(check->call, error);
    bool overlaps = overlaps_a_judged_one(check);
    for (size_t i = 0; i < found.count; i++) {
        if (!overlaps || !is_kept_already(check, found.matches[i].span))
            keep_match(check, check->joined.region, &found.matches[i]);
    }
    quote_matches_free(&found);
    return 0;
}

/* Bytes first, in every region. */
static int judge_bytes(struct check *check) {
    int error = 0;
    for (size_t i = 0; !error && i < check->regions_count; i++) {
        error = quote_join_region(check, &check->regions[i]);
        if (!error && holds(buffer_bytes(&check->joined.text), check->quote))
            error = judge_joined(check, quote_find_faithful);
    }
    return error;
}

static int judge_likeliest(struct check *check, quote_finder *find) {
    int error = 0;
    for (size_t i = 0; !error && i < check->regions_count && i < JUDGED_MAX; i++) {
        error = quote_join_region(check, &check->regions[i]);
        if (!error)
            error = judge_joined(check, find);
    }
    return error;
}

static int by_likeness(const void *a, const void *b) {
    const struct region *left = a, *right = b;
    if (left->likeness != right->likeness)
        return left->likeness < right->likeness ? 1 : -1;
    return (left->rank > right->rank) - (left->rank < right->rank);
}

/* Leaves the regions that have something near, the nearest first. */
static int order_by_likeness(struct check *check) {
    size_t count = check->regions_count < JUDGED_MAX ? check->regions_count : JUDGED_MAX;
    check->regions_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct region *region = &check->regions[i];
        int error = quote_join_region(check, region);
        if (error)
            return error;
        error = quote_likeness(&region->likeness, check->quote, buffer_bytes(&check->joined.text), check->work);
        if (error)
            return error == DEPOSITARY_E_LIMIT ? spent(check) : answer_error(check->call, error);
    }
    check->joined.region = NULL; /* they change places */
    qsort(check->regions, count, sizeof *check->regions, by_likeness);
    while (check->regions_count < count && check->regions[check->regions_count].likeness > 0)
        check->regions_count++;
    return 0;
}

/* Where the work does not suffice for all regions, the nearest place of those that were compared is told: the likeliest were. */
static int judge_nearest(struct check *check) {
    int error = order_by_likeness(check);
    if (!error)
        error = judge_likeliest(check, quote_find_nearest);
    if (!check->is_spent || check->total == 0)
        return error;
    check->is_spent = false;
    check->work->left = WORK_OF_ANSWER;
    return 0;
}

/* Only where none holds the quote, the likeliest are compared further, and only where none is faithful either, for what differs. A quote that stands
 * everywhere is looked for within the clauses first. */
static int judge(struct check *check, const struct catalog_hits *candidates, bool is_for_faithful) {
    bool is_common = candidates->count > COMMON;
    int error = make_regions(check, candidates, candidates->count, is_common);
    if (!error)
        error = judge_bytes(check);
    if (!error && is_common && check->total == 0) {
        error = make_regions(check, candidates, COMMON, false);
        if (!error)
            error = judge_bytes(check);
    }
    if (!error && check->total == 0)
        error = judge_likeliest(check, quote_find_faithful);
    return error || check->total > 0 || is_for_faithful ? error : judge_nearest(check);
}

static int check_init(struct check *check, struct call *call, struct bytes quote, size_t candidates, bool has_as_of,
                      struct quote_work *work) {
    memset(check, 0, sizeof *check);
    check->call = call;
    check->quote = quote;
    check->is_elided = holds(quote, BYTES("...")) || holds(quote, BYTES("\xE2\x80\xA6"));
    check->work = work;
    check->verdict = VERDICT_NOT_FOUND;
    buffer_init(&check->joined.text, REGION_MAX);
    check->joined.ends = answer_alloc(call, REGION_CLAUSES * sizeof *check->joined.ends);
    check->joined.built = answer_alloc(call, REGION_CLAUSES * sizeof(Depositary__V1__CertifiedClause *));
    int error = check->joined.ends && check->joined.built ? 0 : DEPOSITARY_E_LIMIT;
    if (!error)
        error = edition_set_init(call, &check->looked_in, candidates, false);
    return error ? error : edition_set_init(call, &check->editions, LIMIT_QUOTE_MATCHES, has_as_of);
}

static void check_clean_up(struct check *check) {
    forget_matches(check);
    buffer_free(&check->joined.text);
}

static int check_candidates(struct call *call, const Depositary__V1__CheckQuoteRequest *input,
                            const struct catalog_hits *candidates, bool is_for_faithful, struct quote_work *work,
                            Depositary__V1__CheckQuoteResponse *response) {
    struct check *check = answer_alloc(call, sizeof *check);
    if (!check)
        return DEPOSITARY_E_LIMIT;
    int error = check_init(check, call, bytes_text(input->quote), candidates->count, input->as_of != NULL, work);
    if (!error)
        error = judge(check, candidates, is_for_faithful);
    if (!error)
        error = quote_add_matches(check, response);
    if (!error) {
        response->verdict = (Depositary__V1__QuoteVerdict)check->verdict;
        response->total = check->total;
        response->searched_ledger_size = candidates->searched_size;
        response->n_editions = check->editions.count;
        response->editions = check->editions.proofs;
    }
    if (error && check->is_spent)
        error = too_much_work(call);
    check_clean_up(check);
    return error;
}

static int find_candidates(struct call *call, const Depositary__V1__CheckQuoteRequest *input,
                           const struct catalog_scope *scope, bool is_for_parts, struct catalog_hits *out) {
    struct fault fault = {0};
    int error = catalog_quote_candidates(call_server(call)->catalog, call_state(call), bytes_text(input->quote), scope,
                                         is_for_parts, out, &fault);
    return error == DEPOSITARY_E_LIMIT ? too_much_work(call) : error ? part_fault(call, error, &fault) : 0;
}

static bool is_candidate(const struct catalog_hits *candidates, size_t count, const struct catalog_hit *hit) {
    for (size_t i = 0; i < count; i++) {
        if (candidates->hits[i].edition_index == hit->edition_index && candidates->hits[i].place == hit->place)
            return true;
    }
    return false;
}

/* Adds those of parts that are new behind the others, in the call's arena: both are a few hundred. */
static int join_candidates(struct call *call, const struct catalog_hits *whole, const struct catalog_hits *parts,
                           struct catalog_hits *out) {
    *out = *parts;
    out->count = 0;
    out->hits = answer_alloc(call, (whole->count + parts->count + 1) * sizeof *out->hits);
    if (!out->hits)
        return DEPOSITARY_E_LIMIT;
    for (size_t i = 0; i < whole->count; i++)
        out->hits[out->count++] = whole->hits[i];
    for (size_t i = 0; i < parts->count; i++) {
        if (!is_candidate(out, whole->count, &parts->hits[i]))
            out->hits[out->count++] = parts->hits[i];
    }
    return 0;
}

static int look_for_parts(struct call *call, const Depositary__V1__CheckQuoteRequest *input,
                          const struct catalog_scope *scope, const struct catalog_hits *whole, struct quote_work *work,
                          Depositary__V1__CheckQuoteResponse *response) {
    struct catalog_hits parts, all;
    int error = find_candidates(call, input, scope, true, &parts);
    if (error)
        return error;
    if (parts.searched_size != whole->searched_size) /* the index has grown between */
        error = edition_not_indexed(call);
    if (!error)
        error = join_candidates(call, whole, &parts, &all);
    if (!error)
        error = check_candidates(call, input, &all, false, work, response);
    catalog_hits_free(&parts);
    return error;
}

/* First for clauses that have all of it; most quotes are faithful, and that is quick. What differs is looked for once, and last. */
static int look_in_scope(struct call *call, const Depositary__V1__CheckQuoteRequest *input,
                         const struct catalog_scope *scope, const struct edition_choice *choice,
                         Depositary__V1__CheckQuoteResponse *response) {
    struct catalog_hits whole;
    struct quote_work work = {.left = WORK_MAX};
    int error = find_candidates(call, input, scope, false, &whole);
    if (error)
        return error;
    error = check_candidates(call, input, &whole, true, &work, response);
    if (!error && (enum verdict)response->verdict > VERDICT_FOLDED)
        error = look_for_parts(call, input, scope, &whole, &work, response);
    catalog_hits_free(&whole);
    if (!error && response->n_matches == 0) /* the edition that was looked in, where it is one */
        error = edition_choice_proofs(call, choice, &response->n_editions, &response->editions);
    return error;
}

static int check_quote(struct call *call, const Depositary__V1__CheckQuoteRequest *input,
                       Depositary__V1__CheckQuoteResponse *response) {
    struct edition_question question = {"", input->instrument, input->language, input->edition, input->as_of};
    struct edition_choice choice;
    struct catalog_scope scope;
    size_t len = strlen(input->quote);
    if (len == 0 || len > LIMIT_QUOTE) {
        status_bad_field(&call->status, "quote", "a quote is 1 to %u bytes", LIMIT_QUOTE);
        return DEPOSITARY_E_ARGUMENT;
    }
    int error = query_scope(call, &question, &choice, &scope);
    if (!error && choice.is_found)
        error = look_in_scope(call, input, &scope, &choice, response);
    else if (!error)
        error = edition_choice_proofs(call, &choice, &response->n_editions, &response->editions);
    return error ? error : answer_ledger_state(call, input->known_ledger_size, &response->ledger);
}

void depositary_check_quote(Depositary__V1__DepositaryService_Service *service,
                            const Depositary__V1__CheckQuoteRequest *input,
                            Depositary__V1__CheckQuoteResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    Depositary__V1__CheckQuoteResponse *response = answer_alloc(call, sizeof *response);
    if (response)
        depositary__v1__check_quote_response__init(response);
    int error = response ? check_quote(call, input, response) : DEPOSITARY_E_LIMIT;
    closure(error ? NULL : response, closure_data);
}
