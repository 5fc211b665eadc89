/*
 * From a request to its answer, on a real ledger and without a network: what the server's own state forbids, the cache, and LedgerService with its
 * proofs checked as a client checks them.
 */
#define _GNU_SOURCE /* memmem */

#include "server/exchange.h"

#include "base/limits.h"
#include "base/time.h"
#include "depositary/v1/ledger.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "ledger_maker.h"
#include "rpc/call.h"
#include "rpc/wire.h"
#include "server/answer_key.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "/depositary.v1.LedgerService/"

static struct ledger_maker maker;
static struct answer_key key;
static struct server server;
static struct exchanger exchanger;
static struct arena arena;
static struct exchange last; /* the exchange of the last question */
static bool is_gone;
static const struct caller caller = {.peer = "test", .is_gone = &is_gone};

/* ---- a server on the maker's ledger */

static void serve_at_once(void *context, uint64_t deadline_ns) {
    (void)deadline_ns;
    ck_assert_int_eq(views_advance(((struct server *)context)->views), 0);
}

static void set_up_empty(void) {
    is_gone = false;
    ck_assert_int_ge(sodium_init(), 0);
    ledger_maker_begin(&maker);
    maker.now_s = clock_now_s();
    memcpy(key.public_key, maker.answer_key.verifier.public_key, PUBLIC_KEY_LEN);
    server = (struct server){.policy = maker.policy,
                             .origin = MAKER_ORIGIN,
                             .ledger = maker.ledger,
                             .key = &key,
                             .grown = serve_at_once,
                             .grown_context = &server};
    ck_assert_int_eq(views_new(&server.views, maker.ledger, 1024 * 1024, 256 * 1024), 0);
    ck_assert_int_eq(exchanger_init(&exchanger, &server), 0);
    arena_init(&arena, 4 * CALL_ARENA_MAX);
    last = (struct exchange){0};
}

/* A key record whose window is about now. */
static void append_key(struct maker_append *append) {
    struct key_record record = {
        .holder = BYTES("a server"), .not_before = maker.now_s - 60, .not_after = maker.now_s + 3600};
    memcpy(record.public_key, key.public_key, PUBLIC_KEY_LEN);
    struct buffer text;
    buffer_init(&text, LIMIT_ENTRY);
    ck_assert_int_eq(key_record_print(&text, &record, NULL), 0);
    maker_append_record(append, buffer_bytes(&text));
    buffer_free(&text);
}

static void set_up(void) {
    set_up_empty();
    struct maker_append append;
    maker_append_begin(&append, &maker);
    append_key(&append);
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_end(&append);
    const struct maker_clause clauses[] = {{"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}};
    ledger_maker_deposit(&maker, &(struct maker_edition){.instrument = "pact", .clauses = clauses, .clauses_count = 2});
    serve_at_once(&server, 0);
}

static void end_last(void) {
    if (last.view) {
        exchange_end(&last);
    }
}

static void tear_down(void) {
    end_last();
    exchanger_clean_up(&exchanger);
    views_free(server.views);
    ledger_maker_end(&maker);
    arena_free(&arena);
}

/* ---- asking */

static struct bytes whole_answer(const struct answer *answer) {
    uint8_t *copy = arena_alloc(&arena, answer->len);
    ck_assert_ptr_nonnull(copy);
    ck_assert_ptr_eq(answer_write(copy, answer), copy + answer->len);
    return bytes_of(copy, answer->len);
}

static struct call_answer ask_bytes(const struct method *method, struct bytes request) {
    end_last();
    enum exchange_next next = exchange_begin(&last, &exchanger, request, &caller);
    if (next == EXCHANGE_QUICK || next == EXCHANGE_SLOW) {
        next = exchange_finish(&last);
    }
    ck_assert_int_eq(next, EXCHANGE_ANSWERED);
    struct hash digest;
    seal_digest(&digest, request);
    ck_assert(hash_equal(&digest, &last.request_digest));
    struct bytes bytes = whole_answer(last.answer);
    seal_digest(&digest, bytes);
    ck_assert(hash_equal(&digest, &last.answer->digest));
    struct call_answer answer;
    ck_assert_int_eq(answer_read(&answer, method, bytes, &arena, NULL), 0);
    return answer;
}

static struct call_answer ask_with(const char *name, const ProtobufCMessage *message, const char *traceparent) {
    const struct method *method = method_find(bytes_text(name));
    uint8_t nonce[LIMIT_NONCE_MIN];
    randombytes_buf(nonce, sizeof(nonce));
    struct buffer request;
    buffer_init(&request, LIMIT_SOCKET);
    ck_assert_int_eq(call_print(&request, method, message, bytes_of(nonce, sizeof(nonce)), 0, traceparent), 0);
    struct call_answer answer = ask_bytes(method, buffer_bytes(&request));
    buffer_free(&request);
    return answer;
}

static struct call_answer ask(const char *name, const ProtobufCMessage *message) {
    return ask_with(name, message, NULL);
}

static struct call_answer ask_checkpoint(void) {
    const Depositary__V1__GetCheckpointRequest message = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    return ask(SERVICE "GetCheckpoint", &message.base);
}

static int ask_health(const char *service) {
    Grpc__Health__V1__HealthCheckRequest message = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    message.service = (char *)(uintptr_t)service;
    struct call_answer answer = ask("/grpc.health.v1.Health/Check", &message.base);
    return answer.status.code == STATUS_OK
               ? (int)((const Grpc__Health__V1__HealthCheckResponse *)answer.message)->status
               : -answer.status.code;
}

/* ---- an empty ledger, and the end */

START_TEST(empty_ledger_is_unavailable_to_readers) {
    struct call_answer answer = ask_checkpoint();
    ck_assert_int_eq(answer.status.code, STATUS_UNAVAILABLE);
    ck_assert_str_eq(answer.status.reason, "EMPTY_LEDGER");
    ck_assert_int_gt(answer.status.retry_delay_ms, 0);
    ck_assert_uint_eq(last.view->state->size, 0);
    ck_assert_int_eq(ask_health(""), GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
}
END_TEST

START_TEST(draining_is_unavailable_but_health_answers) {
    ck_assert_int_eq(ask_health(""), GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING);
    server.is_draining = true;
    struct call_answer answer = ask_checkpoint();
    ck_assert_int_eq(answer.status.code, STATUS_UNAVAILABLE);
    ck_assert_str_eq(answer.status.reason, "DRAINING");
    ck_assert_int_eq(ask_health(""), GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
}
END_TEST

START_TEST(health_knows_the_services) {
    const int serving = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    ck_assert_int_eq(ask_health("depositary.v1.DepositaryService"), serving);
    ck_assert_int_eq(ask_health("grpc.health.v1.Health"), serving);
    ck_assert_int_eq(ask_health("depositary.v1.NoService"), -STATUS_NOT_FOUND);
}
END_TEST

START_TEST(health_falls_when_the_key_is_revoked) {
    struct maker_append append;
    maker_append_begin(&append, &maker);
    maker_append_revocation(&append, key.public_key, maker.now_s);
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_end(&append);
    serve_at_once(&server, 0);
    ck_assert_int_eq(ask_health(""), GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
}
END_TEST

START_TEST(unreadable_bytes_are_answered_and_digested) {
    struct call_answer answer = ask_bytes(method_find(BYTES(SERVICE "GetCheckpoint")), BYTES("\xFF\x00garbage"));
    ck_assert_int_eq(answer.status.code, STATUS_INTERNAL);
    ck_assert_str_eq(answer.status.reason, "UNREADABLE");
}
END_TEST

START_TEST(overload_is_told_with_a_delay) {
    end_last();
    ck_assert_int_eq(exchange_refuse(&last, &exchanger, BYTES("anything"), &caller, "too much", 1234),
                     EXCHANGE_ANSWERED);
    struct call_answer answer;
    ck_assert_int_eq(
        answer_read(&answer, method_find(BYTES(SERVICE "GetCheckpoint")), whole_answer(last.answer), &arena, NULL), 0);
    ck_assert_int_eq(answer.status.code, STATUS_RESOURCE_EXHAUSTED);
    ck_assert_str_eq(answer.status.reason, "OVERLOADED");
    ck_assert_int_eq(answer.status.retry_delay_ms, 1234);
}
END_TEST

START_TEST(answer_for_nobody_is_not_made) {
    end_last();
    struct buffer request;
    buffer_init(&request, LIMIT_REQUEST);
    const Depositary__V1__GetCheckpointRequest message = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    ck_assert_int_eq(call_print(&request, method_find(BYTES(SERVICE "GetCheckpoint")), &message.base,
                                BYTES("0123456789abcdef"), 0, NULL),
                     0);
    ck_assert_int_eq(exchange_begin(&last, &exchanger, buffer_bytes(&request), &caller), EXCHANGE_QUICK);
    is_gone = true; /* while it waited */
    ck_assert_int_eq(exchange_finish(&last), EXCHANGE_GONE);
    ck_assert_ptr_null(last.answer);
    buffer_free(&request);
}
END_TEST

/* ---- the cache */

START_TEST(same_question_has_the_same_answer_until_the_ledger_grows) {
    ask_checkpoint();
    struct answer *first = last.answer;
    answer_hold(first);
    ask_checkpoint();
    ck_assert_ptr_eq(last.answer, first);
    serve_at_once(&server, 0);
    ask_checkpoint();
    ck_assert_ptr_ne(last.answer, first);
    answer_release(first);
}
END_TEST

START_TEST(refusals_and_health_are_not_kept) {
    Depositary__V1__ListEntriesRequest message = DEPOSITARY__V1__LIST_ENTRIES_REQUEST__INIT;
    message.start = 1000;
    ask(SERVICE "ListEntries", &message.base);
    struct answer *first = last.answer;
    answer_hold(first);
    ask(SERVICE "ListEntries", &message.base);
    ck_assert_ptr_ne(last.answer, first);
    answer_release(first);
    ask_health("");
    first = last.answer;
    answer_hold(first);
    ask_health("");
    ck_assert_ptr_ne(last.answer, first);
    answer_release(first);
}
END_TEST

START_TEST(traced_call_has_an_answer_of_its_own) {
    const Depositary__V1__GetCheckpointRequest message = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    ask_checkpoint();
    struct answer *first = last.answer;
    answer_hold(first);
    ck_assert_int_eq(
        ask_with(SERVICE "GetCheckpoint", &message.base, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .status.code,
        STATUS_OK);
    ck_assert_ptr_ne(last.answer, first);
    ask_checkpoint();
    ck_assert_ptr_eq(last.answer, first);
    answer_release(first);
}
END_TEST

/* ---- LedgerService: reading */

static void read_root(struct checkpoint *out, const Depositary__V1__LedgerState *ledger) {
    ck_assert_ptr_nonnull(ledger);
    ck_assert_int_eq(policy_verify_checkpoint(out, maker.policy, bytes_text(ledger->checkpoint), NULL), 0);
}

START_TEST(state_is_proved) {
    const Depositary__V1__GetCheckpointResponse *response =
        (const Depositary__V1__GetCheckpointResponse *)ask_checkpoint().message;
    struct checkpoint checkpoint;
    read_root(&checkpoint, response->ledger);
    struct merkle_path path;
    struct hash leaf;
    ck_assert(merkle_path_read(&path, response->ledger->n_register_path, response->ledger->register_path));
    merkle_leaf_hash(&leaf, bytes_of(response->ledger->register_record.data, response->ledger->register_record.len));
    ck_assert_int_eq(merkle_inclusion_check(&leaf, checkpoint.size - 1, checkpoint.size, &path, &checkpoint.root), 0);
}
END_TEST

START_TEST(every_entry_is_listed_and_proved_by_index_and_by_hash) {
    const Depositary__V1__ListEntriesRequest list = DEPOSITARY__V1__LIST_ENTRIES_REQUEST__INIT;
    struct call_answer listed = ask(SERVICE "ListEntries", &list.base);
    const Depositary__V1__ListEntriesResponse *entries = (const Depositary__V1__ListEntriesResponse *)listed.message;
    struct checkpoint checkpoint;
    read_root(&checkpoint, entries->ledger);
    ck_assert_uint_eq(entries->n_records, checkpoint.size);
    for (size_t i = 0; i < entries->n_records; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, bytes_of(entries->records[i].data, entries->records[i].len));
        for (unsigned by_hash = 0; by_hash < 2; by_hash++) {
            Depositary__V1__GetInclusionProofRequest message = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__INIT;
            message.entry_case = by_hash ? DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH
                                         : DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_INDEX;
            if (by_hash) {
                message.leaf_hash = (ProtobufCBinaryData){HASH_LEN, leaf.bytes};
            } else {
                message.index = i;
            }
            struct call_answer answer = ask(SERVICE "GetInclusionProof", &message.base);
            const Depositary__V1__GetInclusionProofResponse *proof =
                (const Depositary__V1__GetInclusionProofResponse *)answer.message;
            struct merkle_path path;
            ck_assert_uint_eq(proof->index, i);
            ck_assert(merkle_path_read(&path, proof->n_path, proof->path));
            ck_assert_int_eq(merkle_inclusion_check(&leaf, i, checkpoint.size, &path, &checkpoint.root), 0);
        }
    }
}
END_TEST

START_TEST(list_goes_on_page_by_page) {
    Depositary__V1__ListEntriesRequest list = DEPOSITARY__V1__LIST_ENTRIES_REQUEST__INIT;
    list.page_size = 1;
    const uint64_t size = 4;
    for (list.start = 0; list.start < size; list.start++) {
        struct call_answer answer = ask(SERVICE "ListEntries", &list.base);
        ck_assert_int_eq(answer.status.code, STATUS_OK);
        ck_assert_uint_eq(((const Depositary__V1__ListEntriesResponse *)answer.message)->n_records, 1);
    }
    list.start = size;
    ck_assert_int_eq(ask(SERVICE "ListEntries", &list.base).status.code, STATUS_OUT_OF_RANGE);
    list.start = UINT64_MAX;
    ck_assert_int_eq(ask(SERVICE "ListEntries", &list.base).status.code, STATUS_OUT_OF_RANGE);
    list.start = 0;
    list.page_size = -1;
    ck_assert_int_eq(ask(SERVICE "ListEntries", &list.base).status.code, STATUS_INVALID_ARGUMENT);
}
END_TEST

/* PROTOCOL.md section 9: a page has 1000 items, however many were asked for. */
START_TEST(page_has_a_thousand_items_at_most) {
    struct maker_append append;
    maker_append_begin(&append, &maker);
    for (unsigned i = 0; i < LIMIT_PAGE; i++) {
        struct key_record record = {
            .holder = BYTES("nobody"), .not_before = maker.now_s, .not_after = maker.now_s + 3600};
        randombytes_buf(record.public_key, PUBLIC_KEY_LEN);
        struct buffer text;
        buffer_init(&text, LIMIT_ENTRY);
        ck_assert_int_eq(key_record_print(&text, &record, NULL), 0);
        maker_append_record(&append, buffer_bytes(&text));
        buffer_free(&text);
    }
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_end(&append);
    serve_at_once(&server, 0);
    Depositary__V1__ListEntriesRequest list = DEPOSITARY__V1__LIST_ENTRIES_REQUEST__INIT;
    list.page_size = INT32_MAX;
    struct call_answer answer = ask(SERVICE "ListEntries", &list.base);
    ck_assert_int_eq(answer.status.code, STATUS_OK);
    ck_assert_uint_eq(((const Depositary__V1__ListEntriesResponse *)answer.message)->n_records, LIMIT_PAGE);
}
END_TEST

static struct call_answer ask_inclusion(int entry_case, uint64_t index, uint64_t size) {
    Depositary__V1__GetInclusionProofRequest message = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__INIT;
    uint8_t hash[HASH_LEN] = {0};
    message.entry_case = (Depositary__V1__GetInclusionProofRequest__EntryCase)entry_case;
    if (entry_case == DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_INDEX) {
        message.index = index;
    } else if (entry_case == DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH) {
        message.leaf_hash = (ProtobufCBinaryData){(size_t)index, hash};
    }
    message.ledger_size = size;
    return ask(SERVICE "GetInclusionProof", &message.base);
}

START_TEST(bad_questions_for_inclusion_are_told_apart) {
    const int by_index = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_INDEX;
    const int by_hash = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH;
    ck_assert_int_eq(ask_inclusion(by_index, 4, 0).status.code, STATUS_OUT_OF_RANGE);
    ck_assert_int_eq(ask_inclusion(by_index, 2, 2).status.code, STATUS_OUT_OF_RANGE);
    ck_assert_int_eq(ask_inclusion(by_index, 0, 5).status.code, STATUS_OUT_OF_RANGE);
    ck_assert_int_eq(ask_inclusion(by_index, 1, 2).status.code, STATUS_OK);
    ck_assert_int_eq(ask_inclusion(by_hash, 31, 0).status.code, STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(ask_inclusion(by_hash, 32, 0).status.code, STATUS_NOT_FOUND);
    ck_assert_int_eq(ask_inclusion(0, 0, 0).status.code, STATUS_INVALID_ARGUMENT);
}
END_TEST

static struct call_answer ask_consistency(uint64_t old_size, uint64_t new_size) {
    Depositary__V1__GetConsistencyProofRequest message = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_REQUEST__INIT;
    message.old_size = old_size;
    message.new_size = new_size;
    return ask(SERVICE "GetConsistencyProof", &message.base);
}

START_TEST(consistency_is_proved_between_all_sizes) {
    for (uint64_t old_size = 1; old_size <= 4; old_size++) {
        struct call_answer answer = ask_consistency(old_size, 0);
        const Depositary__V1__GetConsistencyProofResponse *proof =
            (const Depositary__V1__GetConsistencyProofResponse *)answer.message;
        struct checkpoint checkpoint;
        read_root(&checkpoint, proof->ledger);
        struct merkle_path path;
        struct hash old_root;
        ck_assert(merkle_path_read(&path, proof->n_path, proof->path));
        ck_assert_int_eq(ledger_root_at(maker.ledger, old_size, &old_root), 0);
        ck_assert_int_eq(merkle_consistency_check(old_size, &old_root, checkpoint.size, &checkpoint.root, &path), 0);
    }
    ck_assert_int_eq(ask_consistency(0, 0).status.code, STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(ask_consistency(3, 2).status.code, STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(ask_consistency(1, 5).status.code, STATUS_OUT_OF_RANGE);
    ck_assert_int_eq(ask_consistency(5, 0).status.code, STATUS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(answer_key_comes_with_record_and_line) {
    Depositary__V1__GetAnswerKeyRequest message = DEPOSITARY__V1__GET_ANSWER_KEY_REQUEST__INIT;
    message.public_key = (ProtobufCBinaryData){PUBLIC_KEY_LEN, key.public_key};
    struct call_answer answer = ask(SERVICE "GetAnswerKey", &message.base);
    const Depositary__V1__GetAnswerKeyResponse *shown = (const Depositary__V1__GetAnswerKeyResponse *)answer.message;
    struct checkpoint checkpoint;
    read_root(&checkpoint, shown->ledger);
    struct merkle_path path;
    struct hash leaf;
    merkle_leaf_hash(&leaf, bytes_of(shown->record.data, shown->record.len));
    ck_assert(merkle_path_read(&path, shown->n_path, shown->path));
    ck_assert_int_eq(merkle_inclusion_check(&leaf, shown->index, checkpoint.size, &path, &checkpoint.root), 0);
    struct register_record record;
    ck_assert_int_eq(
        register_record_parse(&record,
                              bytes_of(shown->ledger->register_record.data, shown->ledger->register_record.len), NULL),
        0);
    struct shown_line line = {.line = bytes_text(shown->status->line), .index = shown->status->index};
    ck_assert(merkle_path_read(&line.path, shown->status->n_path, shown->status->path));
    ck_assert_int_eq(register_line_check(&line, &record), 0);

    message.known_ledger_size = checkpoint.size; /* the client holds the state */
    answer = ask(SERVICE "GetAnswerKey", &message.base);
    ck_assert_ptr_null(((const Depositary__V1__GetAnswerKeyResponse *)answer.message)->ledger);
    message.known_ledger_size = checkpoint.size - 1;
    answer = ask(SERVICE "GetAnswerKey", &message.base);
    ck_assert_ptr_nonnull(((const Depositary__V1__GetAnswerKeyResponse *)answer.message)->ledger);
}
END_TEST

START_TEST(unknown_answer_key_is_not_found) {
    Depositary__V1__GetAnswerKeyRequest message = DEPOSITARY__V1__GET_ANSWER_KEY_REQUEST__INIT;
    uint8_t unknown[PUBLIC_KEY_LEN] = {7};
    message.public_key = (ProtobufCBinaryData){PUBLIC_KEY_LEN, unknown};
    ck_assert_int_eq(ask(SERVICE "GetAnswerKey", &message.base).status.code, STATUS_NOT_FOUND);
    message.public_key.len = 31;
    ck_assert_int_eq(ask(SERVICE "GetAnswerKey", &message.base).status.code, STATUS_INVALID_ARGUMENT);
}
END_TEST

/* ---- LedgerService: appending */

static struct call_answer send_append(const struct maker_append *append) {
    Depositary__V1__AppendEntriesRequest message = DEPOSITARY__V1__APPEND_ENTRIES_REQUEST__INIT;
    ProtobufCBinaryData records[8];
    ck_assert_uint_le(append->count, 8);
    for (size_t i = 0; i < append->count; i++) {
        records[i] = (ProtobufCBinaryData){append->records[i].len, (uint8_t *)(uintptr_t)append->records[i].data};
    }
    message.n_records = append->count;
    message.records = records;
    char *note = arena_text(&arena, append->note.data, append->note.len);
    message.checkpoint = note;
    return ask(SERVICE "AppendEntries", &message.base);
}

static struct call_answer send_clauses(const struct made_edition *edition, const uint8_t *leaf_hash) {
    Depositary__V1__PlacedClause clauses[4];
    Depositary__V1__PlacedClause *pointers[4];
    ProtobufCBinaryData hashes[4][LIMIT_PATH];
    struct merkle_path paths[4];
    ck_assert_uint_le(edition->count, 4);
    for (size_t i = 0; i < edition->count; i++) {
        clauses[i] = (Depositary__V1__PlacedClause)DEPOSITARY__V1__PLACED_CLAUSE__INIT;
        clauses[i].place = i;
        clauses[i].record =
            (ProtobufCBinaryData){edition->records[i].len, (uint8_t *)(uintptr_t)edition->records[i].data};
        merkle_tree_path(&paths[i], &edition->tree, i);
        for (size_t j = 0; j < paths[i].count; j++) {
            hashes[i][j] = (ProtobufCBinaryData){HASH_LEN, paths[i].hashes[j].bytes};
        }
        clauses[i].n_path = paths[i].count;
        clauses[i].path = hashes[i];
        pointers[i] = &clauses[i];
    }
    Depositary__V1__PutClausesRequest message = DEPOSITARY__V1__PUT_CLAUSES_REQUEST__INIT;
    message.edition = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)(uintptr_t)leaf_hash};
    message.n_clauses = edition->count;
    message.clauses = pointers;
    return ask(SERVICE "PutClauses", &message.base);
}

/* The first run in a status's MissingClauses details. */
static const Depositary__V1__MissingClauses *missing_of(const struct call_answer *answer) {
    for (size_t i = 0; i < answer->raw_status->n_details; i++) {
        const Google__Protobuf__Any *any = answer->raw_status->details[i];
        if (strstr(any->type_url, "MissingClauses")) {
            return depositary__v1__missing_clauses__unpack(NULL, any->value.len, any->value.data);
        }
    }
    return NULL;
}

static void begin_edition(struct maker_append *append) {
    static const struct maker_clause clauses[] = {{"art_1", "Article 1\nOne.\n"}, {"art_2", "Article 2\nTwo.\n"}};
    maker_append_begin(append, &maker);
    maker_append_edition(append,
                         &(struct maker_edition){.instrument = "charter", .clauses = clauses, .clauses_count = 2});
    maker_append_register(append, 0);
    maker_append_sign(append, &maker.ledger_key);
}

START_TEST(edition_is_appended_over_calls_and_served) {
    struct maker_append append;
    begin_edition(&append);
    struct call_answer answer = send_append(&append);
    ck_assert_int_eq(answer.status.code, STATUS_FAILED_PRECONDITION);
    ck_assert_str_eq(answer.status.reason, "CLAUSES_MISSING");
    const Depositary__V1__MissingClauses *missing = missing_of(&answer);
    ck_assert_ptr_nonnull(missing);
    ck_assert_uint_eq(missing->from_place, 0);
    ck_assert_uint_eq(missing->count, 2);
    ck_assert_mem_eq(missing->edition.data, append.editions[0].leaf_hash.bytes, HASH_LEN);

    answer = send_clauses(&append.editions[0], missing->edition.data);
    ck_assert_int_eq(answer.status.code, STATUS_OK);
    ck_assert_uint_eq(((const Depositary__V1__PutClausesResponse *)answer.message)->received, 2);
    depositary__v1__missing_clauses__free_unpacked((Depositary__V1__MissingClauses *)(uintptr_t)missing, NULL);

    for (unsigned again = 0; again < 2; again++) { /* the second time it is contained already */
        answer = send_append(&append);
        ck_assert_int_eq(answer.status.code, STATUS_OK);
        ck_assert_uint_eq(((const Depositary__V1__AppendEntriesResponse *)answer.message)->ledger_size, 6);
    }
    ask_checkpoint();
    ck_assert_uint_eq(last.view->state->size, 6);
    maker_append_end(&append);
}
END_TEST

START_TEST(checkpoint_of_another_key_is_permission_denied) {
    struct maker_append append;
    begin_edition(&append);
    struct maker_key stranger;
    maker_key_make(&stranger, MAKER_ORIGIN, NOTE_TYPE_ED25519, 99);
    maker_append_sign(&append, &stranger);
    ck_assert_int_eq(send_append(&append).status.code, STATUS_PERMISSION_DENIED);
    maker_append_end(&append);
}
END_TEST

START_TEST(checkpoint_that_is_none_is_a_bad_argument) {
    struct maker_append append;
    begin_edition(&append);
    buffer_clear(&append.note);
    buffer_append(&append.note, BYTES("no note\n"));
    ck_assert_int_eq(send_append(&append).status.code, STATUS_INVALID_ARGUMENT);
    maker_append_end(&append);
}
END_TEST

START_TEST(overtaken_append_is_aborted) {
    struct maker_append append;
    begin_edition(&append);
    struct maker_append faster;
    maker_append_begin(&faster, &maker);
    maker_append_register(&faster, 0);
    ck_assert_int_eq(maker_append_submit(&faster, NULL), 0);
    maker_append_end(&faster);
    ck_assert_int_eq(send_append(&append).status.code, STATUS_ABORTED);
    maker_append_end(&append);
}
END_TEST

START_TEST(clauses_without_an_append_have_no_place) {
    struct maker_append append;
    begin_edition(&append);
    struct call_answer answer = send_clauses(&append.editions[0], append.editions[0].leaf_hash.bytes);
    ck_assert_int_eq(answer.status.code, STATUS_FAILED_PRECONDITION);
    ck_assert_str_eq(answer.status.reason, "NO_PENDING_APPEND");
    maker_append_end(&append);
}
END_TEST

START_TEST(clause_that_is_not_the_editions_is_a_bad_argument) {
    struct maker_append append;
    begin_edition(&append);
    ck_assert_int_eq(send_append(&append).status.code, STATUS_FAILED_PRECONDITION);
    struct bytes kept = append.editions[0].records[0];
    append.editions[0].records[0] = append.editions[0].records[1];
    ck_assert_int_eq(send_clauses(&append.editions[0], append.editions[0].leaf_hash.bytes).status.code,
                     STATUS_INVALID_ARGUMENT);
    append.editions[0].records[0] = kept;
    maker_append_end(&append);
}
END_TEST

START_TEST(first_append_ends_the_empty_ledger) {
    struct maker_append append;
    maker_append_begin(&append, &maker);
    append_key(&append);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    ck_assert_int_eq(send_append(&append).status.code, STATUS_OK);
    maker_append_end(&append);
    ck_assert_int_eq(ask_checkpoint().status.code, STATUS_OK);
    ck_assert_int_eq(ask_health(""), GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING);
}
END_TEST

/* ---- ReflectionService */

START_TEST(descriptors_name_every_service) {
    const ProtobufCMessageDescriptor *type =
        method_find(BYTES("/depositary.v1.ReflectionService/GetDescriptors"))->input;
    ProtobufCMessage message;
    protobuf_c_message_init(type, &message);
    struct call_answer answer = ask("/depositary.v1.ReflectionService/GetDescriptors", &message);
    ck_assert_int_eq(answer.status.code, STATUS_OK);
    ck_assert_ptr_nonnull(memmem(last.answer->own.data, last.answer->own.len, "DepositaryService", 17));
    ck_assert_ptr_nonnull(memmem(last.answer->own.data, last.answer->own.len, "grpc.health.v1", 14));
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, SFun begin) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, tear_down);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return tests;
}

int main(void) {
    Suite *suite = suite_create("exchange");
    TCase *empty = add_case(suite, "an empty ledger", set_up_empty);
    tcase_add_test(empty, empty_ledger_is_unavailable_to_readers);
    tcase_add_test(empty, first_append_ends_the_empty_ledger);
    TCase *state = add_case(suite, "the server's state", set_up);
    tcase_add_test(state, draining_is_unavailable_but_health_answers);
    tcase_add_test(state, health_knows_the_services);
    tcase_add_test(state, health_falls_when_the_key_is_revoked);
    tcase_add_test(state, unreadable_bytes_are_answered_and_digested);
    tcase_add_test(state, overload_is_told_with_a_delay);
    tcase_add_test(state, answer_for_nobody_is_not_made);
    TCase *cached = add_case(suite, "the cache", set_up);
    tcase_add_test(cached, same_question_has_the_same_answer_until_the_ledger_grows);
    tcase_add_test(cached, refusals_and_health_are_not_kept);
    tcase_add_test(cached, traced_call_has_an_answer_of_its_own);
    TCase *reading = add_case(suite, "reading", set_up);
    tcase_add_test(reading, state_is_proved);
    tcase_add_test(reading, every_entry_is_listed_and_proved_by_index_and_by_hash);
    tcase_add_test(reading, list_goes_on_page_by_page);
    tcase_add_test(reading, page_has_a_thousand_items_at_most);
    tcase_add_test(reading, bad_questions_for_inclusion_are_told_apart);
    tcase_add_test(reading, consistency_is_proved_between_all_sizes);
    tcase_add_test(reading, answer_key_comes_with_record_and_line);
    tcase_add_test(reading, unknown_answer_key_is_not_found);
    tcase_add_test(reading, descriptors_name_every_service);
    TCase *appending = add_case(suite, "appending", set_up);
    tcase_add_test(appending, edition_is_appended_over_calls_and_served);
    tcase_add_test(appending, checkpoint_of_another_key_is_permission_denied);
    tcase_add_test(appending, checkpoint_that_is_none_is_a_bad_argument);
    tcase_add_test(appending, overtaken_append_is_aborted);
    tcase_add_test(appending, clauses_without_an_append_have_no_place);
    tcase_add_test(appending, clause_that_is_not_the_editions_is_a_bad_argument);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
