/*
 * Every request through dispatch and the services, on a real ledger with a catalog, and its answer back through the client's checks. The first byte
 * chooses a method, the second whether the rest is that method's message or a whole Request, and whether it is asked of the state before the last deposits.
 * Oracle: every request has an answer that can be read, and the client finds nothing wrong with any of them.
 */
#include "library_maker.h"

#include "client/check.h"
#include "client/checked.h"
#include "mutate.h"
#include "rpc/call.h"
#include "server/answer_key.h"
#include "server/server.h"
#include "server/view.h"

#include <sodium.h>
#include <string.h>

#define HEAD_LEN   2
#define TIMEOUT_NS 3600000000000ull /* longer than libFuzzer lets an input take */
#define IS_WHOLE   1u               /* bits of the second byte */
#define IS_BEFORE  2u
#define ROOTS_MAX  64

static struct library library;
static struct catalog *catalog;
static struct server server;
static struct checked *checked;
static struct answer_key key;
static struct hash roots[ROOTS_MAX]; /* of each size */

static void keep_roots(void) {
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    HOLDS(library.state->size < ROOTS_MAX);
    merkle_edge_root(&roots[0], &edge);
    for (uint64_t i = 0; i < library.state->size; i++) {
        struct buffer record;
        struct hash leaf;
        buffer_init(&record, LIMIT_ENTRY);
        HOLDS(ledger_entry(library.maker.ledger, library.state, i, &record, NULL, NULL) == 0);
        merkle_leaf_hash(&leaf, buffer_bytes(&record));
        HOLDS(merkle_edge_append(&edge, &leaf, NULL, NULL) == 0);
        merkle_edge_root(&roots[i + 1], &edge);
        buffer_free(&record);
    }
}

static void clean_up(void) {
    checked_free(checked);
    catalog_close(catalog);
    views_free(server.views);
    library_end(&library);
}

static void set_up(void) {
    HOLDS(sodium_init() >= 0);
    library_begin(&library);
    HOLDS(catalog_open(&catalog, "", library.maker.ledger, NULL) == 0 && catalog_update(catalog, NULL) == 0);
    memcpy(key.public_key, library.maker.answer_key.verifier.public_key, PUBLIC_KEY_LEN);
    server = (struct server){.policy = library.maker.policy,
                             .origin = MAKER_ORIGIN,
                             .ledger = library.maker.ledger,
                             .catalog = catalog,
                             .key = &key};
    HOLDS(views_new(&server.views, library.maker.ledger, 1024 * 1024, 256 * 1024) == 0);
    HOLDS(checked_new(&checked, library.maker.policy) == 0);
    keep_roots();
    (void)atexit(clean_up);
}

static void call_with(struct buffer *answer, struct arena *arena, struct bytes request,
                      const struct ledger_state *state) {
    static struct service_entry services[4];
    services[0] = depositary_service;
    services[1] = ledger_service;
    services[2] = health_service;
    services[3] = reflection_service;
    struct server_call context = {.server = &server, .state = state};
    struct call call = {.arena = arena, .context = &context, .peer = "fuzz"};
    HOLDS(dispatch(&call, services, 4, request, TIMEOUT_NS, answer) == 0);
    HOLDS(answer->error == 0 && answer->len <= LIMIT_RESPONSE);
}

/* ---- the client's side */

/* The state as the service shows it. */
static void take_view(struct ledger_view *out, struct arena *arena, const struct ledger_state *state) {
    const struct method *method = method_find(BYTES("/depositary.v1.LedgerService/GetCheckpoint"));
    Depositary__V1__GetCheckpointRequest input = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    struct call_answer read;
    struct buffer request, answer;
    struct arena calls;
    buffer_init(&request, LIMIT_REQUEST);
    buffer_init(&answer, LIMIT_RESPONSE);
    arena_init(&calls, CALL_ARENA_MAX);
    HOLDS(call_print(&request, method, &input.base, BYTES("0123456789abcdef"), 0, NULL) == 0);
    call_with(&answer, &calls, buffer_bytes(&request), state);
    char *kept = arena_text(arena, answer.data, answer.len);
    HOLDS(kept != NULL && answer_read(&read, method, bytes_of(kept, answer.len), arena, NULL) == 0);
    const Depositary__V1__GetCheckpointResponse *response = (const void *)read.message;
    HOLDS(check_ledger_state(out, checked, response->ledger, NULL) == 0);
    buffer_free(&request);
    buffer_free(&answer);
    arena_free(&calls);
}

static const struct hash *root_of(uint64_t size) {
    return size < ROOTS_MAX && size <= library.state->size ? &roots[size] : NULL;
}

/* What a client can ask so that the answer proves something: an entry by its hash, consistency with what is served; *root is that of the size which the
 * request names, which the client holds itself. */
static bool is_provable(const struct hash **root, const struct method *method, const ProtobufCMessage *message,
                        uint64_t size) {
    *root = NULL;
    if (method->input == &depositary__v1__get_consistency_proof_request__descriptor) {
        const Depositary__V1__GetConsistencyProofRequest *input = (const void *)message;
        *root = root_of(input->old_size);
        return input->new_size == 0 || input->new_size == size;
    }
    if (method->input == &depositary__v1__get_inclusion_proof_request__descriptor) {
        const Depositary__V1__GetInclusionProofRequest *input = (const void *)message;
        *root = root_of(input->ledger_size);
        return input->entry_case == DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH &&
               input->leaf_hash.len == HASH_LEN;
    }
    return true;
}

static bool is_word(int error) {
    return error == 0 || error == DEPOSITARY_E_NO || error == DEPOSITARY_E_STATUS ||
           error == DEPOSITARY_E_CLAUSES_MISSING;
}

static void judge(const struct call_request *asked, struct bytes answer, const struct ledger_state *state) {
    struct findings findings = {0};
    struct call_answer read;
    struct ledger_view view;
    struct arena arena;
    struct fault fault = {0};
    const struct hash *root;
    arena_init(&arena, 64u * 1024 * 1024);
    take_view(&view, &arena, state);
    HOLDS(answer_read(&read, asked->method, answer, &arena, &fault) == 0);
    if (!is_provable(&root, asked->method, asked->message, view.size)) {
        arena_free(&arena);
        return;
    }
    struct check check = {.state = &view,
                          .policy = server.policy,
                          .known_root = root,
                          .arena = &arena,
                          .out = &findings,
                          .fault = &fault};
    int error = check_answer(&check, asked->method, asked->message, &read);
    if (!is_word(error))
        fprintf(stderr, "%s: %s (status %s: %s)\n", asked->method->full_name, fault.text, status_name(read.status.code),
                read.status.message);
    HOLDS(is_word(error));
    arena_free(&arena);
}

/* ---- one input */

static void print_request(struct buffer *out, const struct method *method, struct bytes message) {
    const struct call_head head = {.nonce = BYTES("0123456789abcdef")};
    HOLDS(call_print_encoded(out, method, message, &head) == 0);
}

static const struct method *choose(uint8_t choice) {
    size_t count;
    const struct method *methods = method_table(&count);
    return &methods[choice % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer request, answer;
    struct arena arena, asked_arena;
    struct call_request asked;
    if (size < HEAD_LEN || size > LIMIT_REQUEST)
        return 0;
    if (catalog == NULL)
        set_up();
    struct bytes rest = bytes_of(data + HEAD_LEN, size - HEAD_LEN);
    const struct ledger_state *state = data[1] & IS_BEFORE ? library.before : library.state;
    buffer_init(&request, LIMIT_SOCKET);
    buffer_init(&answer, 2 * LIMIT_RESPONSE);
    arena_init(&arena, CALL_ARENA_MAX);
    arena_init(&asked_arena, CALL_ARENA_MAX);
    if (data[1] & IS_WHOLE)
        buffer_append(&request, rest);
    else
        print_request(&request, choose(data[0]), rest);
    call_with(&answer, &arena, buffer_bytes(&request), state);
    if (call_read(&asked, buffer_bytes(&request), &asked_arena, NULL) == 0)
        judge(&asked, buffer_bytes(&answer), state);
    arena_free(&asked_arena);
    arena_free(&arena);
    buffer_free(&request);
    buffer_free(&answer);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    if (size < HEAD_LEN || seed % 16 == 0)
        return LLVMFuzzerMutate(data, size, max);
    const ProtobufCMessageDescriptor *type =
        data[1] & IS_WHOLE ? &depositary__v1__request__descriptor : choose(data[0])->input;
    return HEAD_LEN + mutate_message(type, data + HEAD_LEN, size - HEAD_LEN, max - HEAD_LEN, seed);
}
