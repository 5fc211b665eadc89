/* Scenes. See answer_scene.h. */
#include "answer_scene.h"

#include "text/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *scene_make(struct scene *scene, const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = world_alloc(&scene->world, descriptor->sizeof_message);
    descriptor->message_init(message);
    return message;
}

Depositary__V1__Span *scene_span(struct scene *scene, uint32_t offset, uint32_t length) {
    Depositary__V1__Span *out = scene_make(scene, &depositary__v1__span__descriptor);
    out->offset = offset;
    out->length = length;
    return out;
}

void *scene_list(struct scene *scene, size_t count) {
    return world_alloc(&scene->world, (count + 2) * sizeof(void *)); /* room for more, for rows that add */
}

Google__Protobuf__Timestamp *scene_time(struct scene *scene, int64_t seconds) {
    Google__Protobuf__Timestamp *time = scene_make(scene, &google__protobuf__timestamp__descriptor);
    time->seconds = seconds;
    return time;
}

static void set_question(struct scene *scene, const char *method, void *request, void *response) {
    scene->method = method;
    scene->request = request;
    scene->response = response;
}

/* Editions of an answer: the first, and a second or EDITIONS_COUNT. */
static Depositary__V1__EditionProof **make_editions(struct scene *scene, enum world_edition_name first,
                                                    enum world_edition_name second, size_t *count) {
    Depositary__V1__EditionProof **out = scene_list(scene, 2);
    out[0] = world_edition(&scene->world, scene->state, first);
    *count = 1;
    if (second != EDITIONS_COUNT) {
        out[1] = world_edition(&scene->world, scene->state, second);
        *count = 2;
    }
    return out;
}

static void build_get_clause(struct scene *scene, const char *instrument, const char *eid) {
    Depositary__V1__ClauseName *name = scene_make(scene, &depositary__v1__clause_name__descriptor);
    scene->ask_clause = scene_make(scene, &depositary__v1__get_clause_request__descriptor);
    scene->clause = scene_make(scene, &depositary__v1__get_clause_response__descriptor);
    name->instrument = world_text(&scene->world, instrument);
    name->eid = world_text(&scene->world, eid);
    name->language = world_text(&scene->world, "");
    scene->ask_clause->name = name;
    scene->clause->ledger = world_ledger(&scene->world, scene->state);
    set_question(scene, "/depositary.v1.DepositaryService/GetClause", scene->ask_clause, scene->clause);
}

void scene_show(struct scene *scene, enum world_edition_name edition, size_t place, enum world_edition_name successor) {
    scene->clause->editions = make_editions(scene, edition, successor, &scene->clause->n_editions);
    scene->clause->clause = world_clause(&scene->world, edition, place, 0);
}

void scene_refuse(struct scene *scene, enum status_code code, const char *reason) {
    (void)status_set(&scene->status, code, reason, "refused");
}

static void show_absence(struct scene *scene, size_t *count, Depositary__V1__RegisterLine ***lines, const char *after) {
    size_t above = register_lines_lower_bound(scene->world.states[scene->state].lines, bytes_text(after));
    *lines = scene_list(scene, 2);
    *count = 0;
    if (above > 0) {
        (*lines)[(*count)++] = world_line(&scene->world, scene->state, above - 1);
    }
    (*lines)[(*count)++] = world_line(&scene->world, scene->state, above);
}

static void build_clause_scene(struct scene *scene, enum scene_kind kind) {
    build_get_clause(scene,
                     kind == NO_INSTRUMENT ? "none-such"
                     : kind == NO_FIRST    ? "aaa"
                                           : "pact",
                     kind == NO_CLAUSE ? "cl_99" : "cl_2");
    Depositary__V1__GetClauseResponse *response = scene->clause;
    switch (kind) {
    case PROVISION:
        scene_show(scene, PACT_2, 3, EDITIONS_COUNT);
        WORLD_NEED(response->clause->clause->n_provisions >= 2);
        response->provision = response->clause->clause->provisions[0];
        scene->ask_clause->name->eid = world_text(&scene->world, response->provision->eid);
        break;
    case OLD_EDITION:
        scene->ask_clause->name->edition = 1;
        scene_show(scene, PACT_1, 3, EDITIONS_COUNT);
        break;
    case AS_OF:
        scene->ask_clause->as_of = scene_time(scene, scene->world.now - WORLD_FIRST + 10);
        scene_show(scene, PACT_1, 3, PACT_2);
        break;
    case AS_OF_SECOND:
        scene->ask_clause->as_of = scene_time(scene, scene->world.now - WORLD_SECOND);
        scene_show(scene, PACT_2, 3, EDITIONS_COUNT);
        break;
    case OTHER_LANGUAGE:
        scene->ask_clause->name->instrument = world_text(&scene->world, "accord");
        scene->ask_clause->name->language = world_text(&scene->world, "en");
        scene->ask_clause->name->eid = world_text(&scene->world, "art_1");
        scene_show(scene, ACCORD_EN, 0, EDITIONS_COUNT);
        break;
    case KNOWN_STATE:
        scene_show(scene, PACT_2, 3, EDITIONS_COUNT);
        response->ledger = NULL;
        world_view(&scene->world, scene->state, &scene->held);
        scene->has_held = true;
        scene->ask_clause->known_ledger_size = scene->held.size;
        break;
    case NO_INSTRUMENT:
        show_absence(scene, &response->n_absence, &response->absence, "edition none-such ");
        scene_refuse(scene, STATUS_NOT_FOUND, NULL);
        break;
    case NO_FIRST:
        show_absence(scene, &response->n_absence, &response->absence, "edition aaa ");
        scene_refuse(scene, STATUS_NOT_FOUND, NULL);
        break;
    case NO_LANGUAGE:
        scene->ask_clause->name->language = world_text(&scene->world, "fr");
        show_absence(scene, &response->n_absence, &response->absence, "edition pact fr ");
        scene_refuse(scene, STATUS_NOT_FOUND, NULL);
        break;
    case NO_EDITION:
    case NO_EDITION_ANYWHERE:
        scene->ask_clause->name->edition = 9;
        scene->ask_clause->name->language = world_text(&scene->world, kind == NO_EDITION ? "en" : "");
        response->editions = make_editions(scene, PACT_2, EDITIONS_COUNT, &response->n_editions);
        scene_refuse(scene, STATUS_NOT_FOUND, NULL);
        break;
    case TOO_EARLY:
        scene->ask_clause->name->language = world_text(&scene->world, "en");
        scene->ask_clause->as_of = scene_time(scene, scene->world.now - WORLD_FIRST - 10);
        response->editions = make_editions(scene, PACT_1, EDITIONS_COUNT, &response->n_editions);
        scene_refuse(scene, STATUS_NOT_FOUND, NULL);
        break;
    case NO_CLAUSE:
        response->editions = make_editions(scene, PACT_2, EDITIONS_COUNT, &response->n_editions);
        scene_refuse(scene, STATUS_NOT_FOUND, NULL);
        break;
    case WITHDRAWN:
        scene->ask_clause->name->instrument = world_text(&scene->world, "gone");
        response->editions = make_editions(scene, GONE_2, EDITIONS_COUNT, &response->n_editions);
        scene_refuse(scene, STATUS_FAILED_PRECONDITION, "WITHDRAWN");
        break;
    default:
        scene_show(scene, PACT_2, 3, EDITIONS_COUNT);
    }
}

static void build_outline(struct scene *scene) {
    const struct world_edition *edition = &scene->world.editions[PACT_2];
    scene->ask_instrument = scene_make(scene, &depositary__v1__get_instrument_request__descriptor);
    scene->instrument = scene_make(scene, &depositary__v1__get_instrument_response__descriptor);
    scene->ask_instrument->instrument = world_text(&scene->world, "pact");
    scene->instrument->instrument = world_instrument(&scene->world, PACT_2);
    scene->instrument->editions = make_editions(scene, PACT_2, EDITIONS_COUNT, &scene->instrument->n_editions);
    scene->instrument->ledger = world_ledger(&scene->world, scene->state);
    scene->instrument->outline = scene_list(scene, edition->count);
    for (size_t i = 0; i < edition->count; i++) {
        Depositary__V1__OutlineItem *item = scene_make(scene, &depositary__v1__outline_item__descriptor);
        Depositary__V1__CertifiedClause *clause = world_clause(&scene->world, PACT_2, i, 0);
        item->eid = clause->clause->eid;
        item->kind = clause->clause->kind;
        item->place = i;
        item->length = (uint32_t)strlen(clause->clause->text);
        item->leaf_hash = (ProtobufCBinaryData){HASH_LEN, world_alloc(&scene->world, HASH_LEN)};
        memcpy(item->leaf_hash.data, edition->tree.nodes[i].bytes, HASH_LEN);
        scene->instrument->outline[i] = item;
    }
    scene->instrument->n_outline = edition->count;
    set_question(scene, "/depositary.v1.DepositaryService/GetInstrument", scene->ask_instrument, scene->instrument);
}

static void build_no_instrument_shown(struct scene *scene) {
    scene->ask_instrument = scene_make(scene, &depositary__v1__get_instrument_request__descriptor);
    scene->instrument = scene_make(scene, &depositary__v1__get_instrument_response__descriptor);
    scene->ask_instrument->instrument = world_text(&scene->world, "none-such");
    scene->instrument->ledger = world_ledger(&scene->world, scene->state);
    show_absence(scene, &scene->instrument->n_absence, &scene->instrument->absence, "edition none-such ");
    scene_refuse(scene, STATUS_NOT_FOUND, NULL);
    set_question(scene, "/depositary.v1.DepositaryService/GetInstrument", scene->ask_instrument, scene->instrument);
}

static void build_instruments(struct scene *scene) {
    static const enum world_edition_name latest[] = {ACCORD_EN, ACCORD_ZH, GONE_2,
                                                     PACT_2}; /* in the register's order */
    scene->ask_list = scene_make(scene, &depositary__v1__list_instruments_request__descriptor);
    scene->list = scene_make(scene, &depositary__v1__list_instruments_response__descriptor);
    scene->list->instruments = scene_list(scene, 4);
    scene->list->editions = scene_list(scene, 4);
    scene->list->n_instruments = scene->list->n_editions = 4;
    for (size_t i = 0; i < 4; i++) {
        scene->list->instruments[i] = world_instrument(&scene->world, latest[i]);
        scene->list->editions[i] = world_edition(&scene->world, scene->state, latest[i]);
    }
    scene->list->end = world_line(&scene->world, scene->state, 4);
    scene->list->ledger = world_ledger(&scene->world, scene->state);
    set_question(scene, "/depositary.v1.DepositaryService/ListInstruments", scene->ask_list, scene->list);
}

static void build_clauses(struct scene *scene) {
    scene->ask_clauses = scene_make(scene, &depositary__v1__list_clauses_request__descriptor);
    scene->clauses = scene_make(scene, &depositary__v1__list_clauses_response__descriptor);
    scene->ask_clauses->instrument = world_text(&scene->world, "pact");
    scene->clauses->editions = make_editions(scene, PACT_2, EDITIONS_COUNT, &scene->clauses->n_editions);
    scene->clauses->ledger = world_ledger(&scene->world, scene->state);
    scene->clauses->n_clauses = scene->world.editions[PACT_2].count;
    scene->clauses->clauses = scene_list(scene, scene->clauses->n_clauses);
    for (size_t i = 0; i < scene->clauses->n_clauses; i++) {
        scene->clauses->clauses[i] = world_clause(&scene->world, PACT_2, i, 0);
    }
    set_question(scene, "/depositary.v1.DepositaryService/ListClauses", scene->ask_clauses, scene->clauses);
}

static Depositary__V1__SearchHit *make_hit(struct scene *scene, enum world_edition_name edition, size_t place,
                                           uint32_t index) {
    Depositary__V1__SearchHit *hit = scene_make(scene, &depositary__v1__search_hit__descriptor);
    hit->clause = world_clause(&scene->world, edition, place, index);
    hit->score = 1.5;
    hit->n_matches = 1;
    hit->matches = scene_list(scene, 1);
    hit->matches[0] = scene_make(scene, &depositary__v1__span__descriptor);
    hit->matches[0]->offset = 3;
    hit->matches[0]->length = 3;
    return hit;
}

static void build_search(struct scene *scene) {
    scene->ask_search = scene_make(scene, &depositary__v1__search_clauses_request__descriptor);
    scene->search = scene_make(scene, &depositary__v1__search_clauses_response__descriptor);
    scene->ask_search->query = world_text(&scene->world, "parties");
    scene->search->editions = make_editions(scene, PACT_2, ACCORD_EN, &scene->search->n_editions);
    scene->search->ledger = world_ledger(&scene->world, scene->state);
    scene->search->hits = scene_list(scene, 3);
    scene->search->hits[0] = make_hit(scene, PACT_2, 3, 0);
    scene->search->hits[1] = make_hit(scene, ACCORD_EN, 0, 1);
    scene->search->n_hits = 2;
    scene->search->total = 2;
    scene->search->searched_ledger_size = scene->world.states[scene->state].size;
    set_question(scene, "/depositary.v1.DepositaryService/SearchClauses", scene->ask_search, scene->search);
}

static Depositary__V1__Span *make_span(struct scene *scene, struct span span) {
    return scene_span(scene, span.offset, span.length);
}

/* A match of the quote in pact, edition 2, from one place on, as the service finds it. */
static Depositary__V1__QuoteMatch *make_match(struct scene *scene, const char *quote, size_t place, size_t count) {
    Depositary__V1__QuoteMatch *match = scene_make(scene, &depositary__v1__quote_match__descriptor);
    struct quote_matches found;
    struct buffer text;
    buffer_init(&text, 65536);
    match->clauses = scene_list(scene, count);
    match->n_clauses = count;
    for (size_t i = 0; i < count; i++) {
        match->clauses[i] = world_clause(&scene->world, PACT_2, place + i, 0);
        buffer_append_text(&text, match->clauses[i]->clause->text);
    }
    WORLD_NEED(quote_find(&found, bytes_text(quote), buffer_bytes(&text), NULL) == 0);
    WORLD_NEED(found.count >= 1);
    match->span = make_span(scene, found.matches[0].span);
    match->folds = scene_list(scene, 6);
    for (unsigned fold = FOLD_NFC; fold <= FOLD_ELLIPSIS; fold <<= 1) {
        if (found.matches[0].folds & fold) {
            match->folds[match->n_folds++] = world_text(&scene->world, fold_name((enum fold)fold));
        }
    }
    match->n_differences = found.matches[0].differences_count;
    match->differences = scene_list(scene, match->n_differences);
    for (size_t i = 0; i < match->n_differences; i++) {
        match->differences[i] = scene_make(scene, &depositary__v1__difference__descriptor);
        match->differences[i]->quote = make_span(scene, found.matches[0].differences[i].quote);
        match->differences[i]->text = make_span(scene, found.matches[0].differences[i].text);
    }
    scene->quote->verdict = (Depositary__V1__QuoteVerdict)found.matches[0].verdict;
    quote_matches_free(&found);
    buffer_free(&text);
    return match;
}

static const char *const verbatim_quote = "rivers stay open";
static const char *const across_quote = "stay open.\n\n2. The Parties shall";
static const char *const folded_quote = "share data - weekly";
static const char *const differing_quote = "The rivers stay closed";

static void build_quote(struct scene *scene, enum scene_kind kind) {
    const char *quote = kind == VERBATIM  ? verbatim_quote
                        : kind == ACROSS  ? across_quote
                        : kind == FOLDED  ? folded_quote
                        : kind == DIFFERS ? differing_quote
                                          : "bread and circuses for the people";
    scene->ask_quote = scene_make(scene, &depositary__v1__check_quote_request__descriptor);
    scene->quote = scene_make(scene, &depositary__v1__check_quote_response__descriptor);
    scene->ask_quote->quote = world_text(&scene->world, quote);
    scene->quote->ledger = world_ledger(&scene->world, scene->state);
    scene->quote->searched_ledger_size = scene->world.states[scene->state].size;
    scene->quote->verdict = DEPOSITARY__V1__QUOTE_VERDICT__QUOTE_VERDICT_NOT_FOUND;
    if (kind != NO_QUOTE) {
        scene->quote->editions = make_editions(scene, PACT_2, EDITIONS_COUNT, &scene->quote->n_editions);
        scene->quote->matches = scene_list(scene, 2);
        scene->quote->matches[0] = make_match(scene, quote, kind == FOLDED ? 3 : 2, kind == ACROSS ? 2 : 1);
        scene->quote->n_matches = 1;
        scene->quote->total = 1;
    }
    set_question(scene, "/depositary.v1.DepositaryService/CheckQuote", scene->ask_quote, scene->quote);
}

static void build_key(struct scene *scene, enum world_answer_key key) {
    scene->ask_key = scene_make(scene, &depositary__v1__get_answer_key_request__descriptor);
    scene->key = world_key_response(&scene->world, scene->state, key);
    scene->ask_key->public_key = (ProtobufCBinaryData){PUBLIC_KEY_LEN, scene->world.answer_keys[key].public_key};
    scene->keeps_no_key = key == KEY_MAIN;
    set_question(scene, "/depositary.v1.LedgerService/GetAnswerKey", scene->ask_key, scene->key);
}

static void build_inclusion(struct scene *scene) {
    const struct world_edition *edition = &scene->world.editions[PACT_1];
    struct merkle_path path;
    scene->ask_inclusion = scene_make(scene, &depositary__v1__get_inclusion_proof_request__descriptor);
    scene->inclusion = scene_make(scene, &depositary__v1__get_inclusion_proof_response__descriptor);
    scene->ask_inclusion->entry_case = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH;
    scene->ask_inclusion->leaf_hash = (ProtobufCBinaryData){HASH_LEN, scene->world.editions[PACT_1].leaf.bytes};
    merkle_tree_path(&path, &scene->world.states[scene->state].tree, edition->index);
    scene->inclusion->index = edition->index;
    scene->inclusion->n_path = path.count;
    scene->inclusion->path = world_path(&scene->world, &path);
    scene->inclusion->ledger = world_ledger(&scene->world, scene->state);
    set_question(scene, "/depositary.v1.LedgerService/GetInclusionProof", scene->ask_inclusion, scene->inclusion);
}

static void build_consistency(struct scene *scene) {
    Depositary__V1__GetConsistencyProofRequest *request =
        scene_make(scene, &depositary__v1__get_consistency_proof_request__descriptor);
    struct merkle_path path;
    scene->consistency = scene_make(scene, &depositary__v1__get_consistency_proof_response__descriptor);
    request->old_size = scene->world.states[STATE_OLD].size;
    scene->known_root = scene->world.states[STATE_OLD].root;
    world_consistency(&scene->world, STATE_OLD, scene->state, &path);
    scene->consistency->n_path = path.count;
    scene->consistency->path = world_path(&scene->world, &path);
    scene->consistency->ledger = world_ledger(&scene->world, scene->state);
    set_question(scene, "/depositary.v1.LedgerService/GetConsistencyProof", request, scene->consistency);
}

static void build_entries(struct scene *scene) {
    scene->ask_entries = scene_make(scene, &depositary__v1__list_entries_request__descriptor);
    scene->entries = scene_make(scene, &depositary__v1__list_entries_response__descriptor);
    scene->entries->n_records = scene->world.states[scene->state].size;
    scene->entries->records =
        world_alloc(&scene->world, (scene->entries->n_records + 2) * sizeof *scene->entries->records);
    for (size_t i = 0; i < scene->entries->n_records; i++) {
        struct bytes record = scene->world.entries[i];
        scene->entries->records[i] = (ProtobufCBinaryData){record.len, (uint8_t *)(uintptr_t)record.data};
    }
    scene->entries->ledger = world_ledger(&scene->world, scene->state);
    set_question(scene, "/depositary.v1.LedgerService/ListEntries", scene->ask_entries, scene->entries);
}

static void build_citation(struct scene *scene) {
    Depositary__V1__ClauseName *name = scene_make(scene, &depositary__v1__clause_name__descriptor);
    scene->ask_citation = scene_make(scene, &depositary__v1__resolve_citation_request__descriptor);
    scene->citation = scene_make(scene, &depositary__v1__resolve_citation_response__descriptor);
    scene->ask_citation->citation = world_text(&scene->world, "Pact, para 2");
    name->instrument = world_text(&scene->world, "pact");
    name->language = world_text(&scene->world, "en");
    name->eid = world_text(&scene->world, "cl_2");
    scene->citation->n_names = 1;
    scene->citation->names = scene_list(scene, 1);
    scene->citation->names[0] = name;
    set_question(scene, "/depositary.v1.DepositaryService/ResolveCitation", scene->ask_citation, scene->citation);
}

/* Answers without a ledger are judged by a state that is held. */
static void hold_state(struct scene *scene) {
    world_view(&scene->world, scene->state, &scene->held);
    scene->has_held = true;
}

static void build_put(struct scene *scene) {
    Depositary__V1__PutClausesRequest *request = scene_make(scene, &depositary__v1__put_clauses_request__descriptor);
    Depositary__V1__PutClausesResponse *response = scene_make(scene, &depositary__v1__put_clauses_response__descriptor);
    request->edition = (ProtobufCBinaryData){HASH_LEN, scene->world.editions[PACT_2].leaf.bytes};
    request->clauses = scene_list(scene, 2);
    for (size_t place = 0; place < 2; place++) {
        request->clauses[place] = scene_make(scene, &depositary__v1__placed_clause__descriptor);
        request->clauses[place]->place = place;
    }
    request->n_clauses = 2;
    response->received = 2;
    set_question(scene, "/depositary.v1.LedgerService/PutClauses", request, response);
    hold_state(scene);
}

static void build_small(struct scene *scene, enum scene_kind kind) {
    if (kind == CHECKPOINT) {
        scene->checkpoint = scene_make(scene, &depositary__v1__get_checkpoint_response__descriptor);
        scene->checkpoint->ledger = world_ledger(&scene->world, scene->state);
        set_question(scene, "/depositary.v1.LedgerService/GetCheckpoint",
                     scene_make(scene, &depositary__v1__get_checkpoint_request__descriptor), scene->checkpoint);
    } else if (kind == HEALTH) {
        scene->health = scene_make(scene, &grpc__health__v1__health_check_response__descriptor);
        scene->health->status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
        set_question(scene, "/grpc.health.v1.Health/Check",
                     scene_make(scene, &grpc__health__v1__health_check_request__descriptor), scene->health);
        hold_state(scene);
    } else {
        Depositary__V1__AppendEntriesResponse *response =
            scene_make(scene, &depositary__v1__append_entries_response__descriptor);
        Depositary__V1__AppendEntriesRequest *request =
            scene_make(scene, &depositary__v1__append_entries_request__descriptor);
        request->checkpoint = world_ledger(&scene->world, scene->state)->checkpoint;
        response->ledger_size = scene->world.states[scene->state].size;
        set_question(scene, "/depositary.v1.LedgerService/AppendEntries", request, response);
        hold_state(scene);
    }
}

void scene_begin(struct scene *scene, enum scene_kind kind, int64_t now, enum world_state_name state) {
    memset(scene, 0, sizeof *scene);
    world_begin(&scene->world, now);
    scene->state = scene->key_state = state;
    WORLD_NEED(trust_new(&scene->trust, scene->world.policy) == 0);
    scene->terms = (struct judge_terms){
        .trust = scene->trust, .has_clock = true, .now_s = now, .clock_tolerance_s = CLOCK_TOLERANCE_S};
    scene->seal = world_seal(&scene->world, scene->state);
    switch (kind) {
    case OUTLINE:
        build_outline(scene);
        break;
    case NO_SHOWN:
        build_no_instrument_shown(scene);
        break;
    case INSTRUMENTS:
        build_instruments(scene);
        break;
    case CLAUSES:
        build_clauses(scene);
        break;
    case SEARCH:
        build_search(scene);
        break;
    case VERBATIM:
    case ACROSS:
    case FOLDED:
    case DIFFERS:
    case NO_QUOTE:
        build_quote(scene, kind);
        break;
    case ANSWER_KEY:
        build_key(scene, KEY_MAIN);
        break;
    case OTHER_KEY:
        build_key(scene, KEY_REPLICA);
        break;
    case INCLUSION:
        build_inclusion(scene);
        break;
    case CONSISTENCY:
        build_consistency(scene);
        break;
    case ENTRIES:
        build_entries(scene);
        break;
    case CITATION:
        build_citation(scene);
        hold_state(scene);
        break;
    case PUT:
        build_put(scene);
        break;
    case CHECKPOINT:
    case HEALTH:
    case APPEND:
        build_small(scene, kind);
        break;
    default:
        build_clause_scene(scene, kind);
    }
}

void scene_end(struct scene *scene) {
    trust_free(scene->trust);
    status_clear(&scene->status);
    world_end(&scene->world);
}

struct bytes scene_respond(struct scene *scene, struct bytes request) {
    struct bytes answer = world_answer(&scene->world, &scene->status, scene->is_bare ? NULL : scene->response);
    if (scene->alter_answer != NULL) {
        answer = scene->alter_answer(scene, answer);
    }
    if (scene->alter_request != NULL) {
        request = scene->alter_request(scene, request);
    }
    struct bytes response = world_response(&scene->world, &scene->seal, request, answer);
    return scene->alter_response != NULL ? scene->alter_response(scene, response) : response;
}
