/*
 * A service that lies: answers the real command line from the small ledger of tests/unit/answer_maker.h, and tells one lie of the table in
 * tests/unit/answer_lies.h at a time, sealed by its true answer key. liar URL POLICY writes the policy, listens, and prints the table: a line for
 * each lie with its name, its error, and the arguments of `depositary` that meet it, as bash would quote them; then an empty line. After that it
 * obeys lines of standard input, each answered by "ok":
 *   lie NAME          tells that one
 *   truth STATE       tells the truth, as of keys, old, new, renewed, fork or long-fork
 *   seal KEY          the truth is sealed by main, replica or revoked (which is active until the state new)
 *   no-consistency    refuses consistency proofs from now on (until the next line)
 *   pause MS          waits so long before each answer (until the next line)
 *   note STATE        prints that state's checkpoint before the "ok"
 */
#include "answer_lies.h"
#include "told_service.h"

#include "base/file.h"
#include "base/time.h"

#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>
#include <string.h>

#define PATH(service, method) "/" service "/" method
#define LEDGER                "depositary.v1.LedgerService"

static const char *const state_names[STATES_COUNT] = {"keys", "old", "new", "renewed", "fork", "long-fork"};

struct liar {
    int64_t began; /* the worlds' clock, so that they are the same ledger each time */
    const struct lie *lie;
    enum world_state_name state;
    enum world_answer_key key;
    bool hides_consistency;
    int pause_ms;
};

/* ---- what the command line has to ask to meet a scene */

static void print_arguments(const struct liar *liar, enum scene_kind kind) {
    char first[TIME_TEXT_LEN + 1];
    char second[TIME_TEXT_LEN + 1];
    char early[TIME_TEXT_LEN + 1];
    WORLD_NEED(time_print(first, liar->began - WORLD_FIRST + 10) && time_print(second, liar->began - WORLD_SECOND) &&
               time_print(early, liar->began - WORLD_FIRST - 10));
    switch (kind) {
    case PROVISION:
        printf("get pact cl_2__p_1");
        break;
    case OLD_EDITION:
        printf("get pact cl_2 --edition 1");
        break;
    case OTHER_LANGUAGE:
        printf("get accord art_1 --language en");
        break;
    case AS_OF:
        printf("get pact cl_2 --as-of %s", first);
        break;
    case AS_OF_SECOND:
        printf("get pact cl_2 --as-of %s", second);
        break;
    case TOO_EARLY:
        printf("get pact cl_2 --language en --as-of %s", early);
        break;
    case OUTLINE:
        printf("show pact");
        break;
    case NO_SHOWN:
        printf("show none-such");
        break;
    case INSTRUMENTS:
        printf("list");
        break;
    case CLAUSES:
        printf("show pact --text");
        break;
    case SEARCH:
        printf("search parties");
        break;
    case VERBATIM:
        printf("quote 'rivers stay open'");
        break;
    case ACROSS:
        printf("quote $'stay open.\\n\\n2. The Parties shall'");
        break;
    case FOLDED:
        printf("quote 'share data - weekly'");
        break;
    case DIFFERS:
        printf("quote 'The rivers stay closed'");
        break;
    case NO_QUOTE:
        printf("quote 'bread and circuses for the people'");
        break;
    case NO_INSTRUMENT:
        printf("get none-such cl_2");
        break;
    case NO_FIRST:
        printf("get aaa cl_2");
        break;
    case NO_LANGUAGE:
        printf("get pact cl_2 --language fr");
        break;
    case NO_EDITION:
        printf("get pact cl_2 --edition 9 --language en");
        break;
    case NO_EDITION_ANYWHERE:
        printf("get pact cl_2 --edition 9");
        break;
    case NO_CLAUSE:
        printf("get pact cl_99");
        break;
    case WITHDRAWN:
        printf("get gone cl_2");
        break;
    case CHECKPOINT:
        printf("checkpoint");
        break;
    case ENTRIES:
        printf("audit");
        break;
    case CITATION:
        printf("cite 'Pact, para 2'");
        break;
    case HEALTH:
        printf("health");
        break;
    default: /* GetClause of pact cl_2, and what comes before it */
        printf("get pact cl_2");
    }
    putchar('\n');
}

static void print_table(const struct liar *liar) {
    for (size_t i = 0; i < lies_count; i++) {
        if (lies[i].is_for_service) {
            printf("%s\t%s\t", lies[i].name, depositary_error_name(lies[i].error));
            print_arguments(liar, lies[i].kind);
        }
    }
    putchar('\n');
    fflush(stdout);
}

/* ---- which question it is */

/* The question without what a client adds on its own: which state it holds, and how many rows it wants. */
static struct bytes bare_question(struct scene *scene, const ProtobufCMessage *message) {
    static const char *const added[] = {"known_ledger_size", "page_size"};
    size_t size = message->descriptor->sizeof_message;
    ProtobufCMessage *copy = world_alloc(&scene->world, size);
    memcpy(copy, message, size);
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(copy->descriptor, added[i]);
        if (field != NULL) {
            memset((uint8_t *)copy + field->offset, 0, field->type == PROTOBUF_C_TYPE_UINT64 ? 8 : 4);
        }
    }
    size_t len = protobuf_c_message_get_packed_size(copy);
    uint8_t *packed = world_alloc(&scene->world, len);
    WORLD_NEED(protobuf_c_message_pack(copy, packed) == len);
    return bytes_of(packed, len);
}

static bool is_question_of(struct scene *scene, const struct call_request *asked) {
    return strcmp(scene->method, asked->method->full_name) == 0 &&
           bytes_equal(bare_question(scene, asked->message), bare_question(scene, scene->request));
}

/* ---- the truth, where no scene has it */

static bool find_state(const struct world *world, uint64_t size, bool is_forked, enum world_state_name *out) {
    static const enum world_state_name history[2][5] = {
        {STATE_KEYS, STATE_OLD, STATE_NEW, STATE_RENEWED, STATES_COUNT},
        {STATE_KEYS, STATE_OLD, STATE_NEW, STATE_FORK, STATE_LONG_FORK},
    };
    for (size_t i = 0; i < 5; i++) {
        enum world_state_name state = history[is_forked][i];
        if (state != STATES_COUNT && world->states[state].size == size) {
            *out = state;
            return true;
        }
    }
    return false;
}

static void answer_consistency(struct liar *liar, struct scene *scene, const struct call_request *asked) {
    const Depositary__V1__GetConsistencyProofRequest *request =
        (const Depositary__V1__GetConsistencyProofRequest *)asked->message;
    Depositary__V1__GetConsistencyProofResponse *response =
        scene_make(scene, &depositary__v1__get_consistency_proof_response__descriptor);
    bool is_forked = liar->state == STATE_FORK || liar->state == STATE_LONG_FORK;
    enum world_state_name old;
    enum world_state_name new_state = liar->state;
    struct merkle_path path;
    scene->response = &response->base;
    if (liar->hides_consistency || !find_state(&scene->world, request->old_size, is_forked, &old) ||
        (request->new_size != 0 && !find_state(&scene->world, request->new_size, is_forked, &new_state)) ||
        scene->world.states[new_state].size > scene->world.states[liar->state].size) {
        scene_refuse(scene, STATUS_OUT_OF_RANGE, NULL);
        scene->is_bare = true;
        return;
    }
    world_consistency(&scene->world, old, new_state, &path);
    response->n_path = path.count;
    response->path = world_path(&scene->world, &path);
    response->ledger = world_ledger(&scene->world, liar->state);
}

static void answer_key(struct liar *liar, struct scene *scene, const struct call_request *asked) {
    const Depositary__V1__GetAnswerKeyRequest *request = (const Depositary__V1__GetAnswerKeyRequest *)asked->message;
    for (unsigned key = 0; key < KEY_UNKNOWN; key++) {
        if (bytes_equal(bytes_of_data(request->public_key),
                        bytes_of(scene->world.answer_keys[key].public_key, PUBLIC_KEY_LEN))) {
            scene->response = &world_key_response(&scene->world, liar->state, (enum world_answer_key)key)->base;
            return;
        }
    }
    scene_refuse(scene, STATUS_NOT_FOUND, NULL);
    scene->is_bare = true;
}

static void answer_otherwise(struct liar *liar, struct scene *scene, const struct call_request *asked) {
    if (strcmp(asked->method->full_name, PATH(LEDGER, "GetConsistencyProof")) == 0) {
        answer_consistency(liar, scene, asked);
    } else if (strcmp(asked->method->full_name, PATH(LEDGER, "GetAnswerKey")) == 0) {
        answer_key(liar, scene, asked);
    } else {
        scene_refuse(scene, STATUS_UNIMPLEMENTED, NULL);
        scene->is_bare = true;
    }
}

/* ---- answering */

/* Begins the scene of that kind where the question is its; else ends it again. */
static bool begin_if_asked(struct liar *liar, struct scene *scene, enum scene_kind kind,
                           const struct call_request *asked) {
    scene_begin(scene, kind, liar->began, liar->state);
    if (is_question_of(scene, asked)) {
        return true;
    }
    scene_end(scene);
    return false;
}

/* Whether pact's second edition is still the latest: one row of its outline. */
static bool begin_edition(struct liar *liar, struct scene *scene, const struct call_request *asked) {
    const Depositary__V1__GetInstrumentRequest *request = (const Depositary__V1__GetInstrumentRequest *)asked->message;
    if (liar->state < STATE_NEW ||
        strcmp(asked->method->full_name, PATH("depositary.v1.DepositaryService", "GetInstrument")) != 0 ||
        strcmp(request->instrument, "pact") != 0 || request->edition != 2 || request->page_size != 1) {
        return false;
    }
    scene_begin(scene, OUTLINE, liar->began, liar->state);
    scene->instrument->n_outline = 1;
    scene->instrument->next_page_token = world_text(&scene->world, "more");
    return true;
}

static void begin_truth(struct liar *liar, struct scene *scene, const struct call_request *asked) {
    for (int kind = 0; kind < SCENES_COUNT; kind++) {
        bool is_dynamic = kind == INCLUSION || kind == CONSISTENCY || kind == APPEND || kind == PUT;
        bool is_late = liar->state < STATE_NEW; /* most scenes are of editions that came with that state */
        if (!is_dynamic && (!is_late || kind == CHECKPOINT || kind == HEALTH) &&
            begin_if_asked(liar, scene, (enum scene_kind)kind, asked)) {
            return;
        }
    }
    if (begin_edition(liar, scene, asked)) {
        return;
    }
    scene_begin(scene, CHECKPOINT, liar->began, liar->state);
    answer_otherwise(liar, scene, asked);
}

static struct bytes answer(struct liar *liar, struct scene *scene, struct bytes request) {
    struct call_request asked;
    struct arena arena;
    arena_init(&arena, JUDGE_MEMORY);
    WORLD_NEED(call_read(&asked, request, &arena, NULL) == 0);
    if (liar->lie != NULL && begin_if_asked(liar, scene, liar->lie->kind, &asked)) {
        liar->lie->alter(scene);
    } else {
        begin_truth(liar, scene, &asked);
        scene->seal.key = &scene->world.answer_keys[liar->key];
    }
    scene->seal.sealed_at += clock_now_s() - liar->began; /* what a lie did to it stays */
    struct bytes response = scene_respond(scene, request);
    arena_free(&arena);
    return response;
}

static void answer_request(void *context, struct bytes request, struct buffer *response) {
    struct liar *liar = context;
    struct scene scene;
    buffer_append(response, answer(liar, &scene, request));
    scene_end(&scene);
    if (liar->pause_ms > 0) {
        nng_msleep(liar->pause_ms);
    }
}

/* ---- obeying */

/* The state that a lie is told from: some move to another, and then all that is answered beside it is from there too. */
static enum world_state_name state_of(const struct liar *liar, const struct lie *lie) {
    struct scene scene;
    scene_begin(&scene, lie->kind, liar->began, STATE_NEW);
    lie->alter(&scene);
    enum world_state_name state = scene.state;
    scene_end(&scene);
    return state;
}

static bool tell_lie(struct liar *liar, const char *name) {
    for (size_t i = 0; i < lies_count; i++) {
        if (strcmp(lies[i].name, name) == 0) {
            liar->lie = &lies[i];
            liar->state = state_of(liar, liar->lie);
            return true;
        }
    }
    return false;
}

static bool find_state_name(const char *name, enum world_state_name *out) {
    for (unsigned i = 0; i < STATES_COUNT; i++) {
        if (strcmp(state_names[i], name) == 0) {
            *out = (enum world_state_name)i;
            return true;
        }
    }
    return false;
}

static bool find_key_name(const char *name, enum world_answer_key *out) {
    static const char *const names[] = {"main", "replica", "revoked"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum world_answer_key)i;
            return true;
        }
    }
    return false;
}

static bool print_note(const struct liar *liar, const char *name) {
    struct world world;
    enum world_state_name state;
    if (!find_state_name(name, &state)) {
        return false;
    }
    world_begin(&world, liar->began);
    fwrite(world.states[state].note.data, 1, world.states[state].note.len, stdout);
    world_end(&world);
    return true;
}

static bool obey(void *context, char *line) {
    struct liar *liar = context;
    char *argument = strchr(line, ' ');
    argument = argument != NULL ? argument + 1 : line + strlen(line);
    if (strncmp(line, "note ", 5) == 0) {
        return print_note(liar, argument);
    }
    if (strncmp(line, "pause ", 6) == 0) {
        liar->pause_ms = atoi(argument);
        return true;
    }
    if (strcmp(line, "no-consistency") == 0) {
        return liar->hides_consistency = true;
    }
    if (strncmp(line, "seal ", 5) == 0) {
        return find_key_name(argument, &liar->key);
    }
    liar->lie = NULL;
    liar->key = KEY_MAIN;
    liar->hides_consistency = false;
    liar->pause_ms = 0;
    return strncmp(line, "lie ", 4) == 0 ? tell_lie(liar, argument)
                                         : strncmp(line, "truth ", 6) == 0 && find_state_name(argument, &liar->state);
}

static void write_policy(const struct liar *liar, const char *path) {
    struct world world;
    world_begin(&world, liar->began);
    WORLD_NEED(file_write(path, world.policy_text, 0644, NULL) == 0);
    world_end(&world);
}

int main(int argc, char **argv) {
    struct liar liar = {.began = clock_now_s(), .state = STATE_NEW};
    const struct told_service service = {.context = &liar, .answer = answer_request, .obey = obey};
    if (argc != 3) {
        fprintf(stderr, "usage: liar URL POLICY\n");
        return 2;
    }
    write_policy(&liar, argv[2]);
    if (!told_service_open(argv[1])) {
        return 3;
    }
    print_table(&liar);
    told_service_run(&service);
    return 0;
}
