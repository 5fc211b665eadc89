/* The way of one call. See ask.h; what is judged, and by which rules, is in judge.c. */
#include "client/ask.h"

#include "base/time.h"
#include "client/view.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_LEN      32
#define TRIES_MAX      3    /* sendings of one question, where the connection was lost */
#define HELPERS_MAX    48   /* further calls for one call of the caller's */
#define DEPTH_MAX      6    /* calls for calls for ... */
#define UNREACHABLE_MS 3000 /* how long an endpoint is waited for before a call says that there is none */
#define PAUSE_FIRST_MS 50   /* between askings of a service that lags; doubled each time */
#define PAUSE_LAST_MS  1000
#define NS_PER_MS      1000000u

struct ask {
    struct depositary_client *client;
    struct ask *parent; /* the call that this one is for; NULL: the caller's own */
    unsigned depth;
    unsigned helpers; /* of the root: further calls so far */
    unsigned tries;
    unsigned checkpoints; /* times that GetCheckpoint was asked for this one */
    uint32_t pause_ms;
    struct depositary_answer *answer;
    struct page_end before;
    bool has_before;
    struct hash known_root;
    bool has_known_root;
    uint64_t deadline_ns;
    bool is_link; /* asks for the path of `link` */
    struct ledger_link link;
    bool is_sent; /* at least once */
    ask_done *done;
    void *context;
};

static void begin(struct ask *ask);
static void judge_response(struct ask *ask);

/* ---- ending */

static void ask_free(struct ask *ask) {
    depositary_answer_free(&ask->answer);
    free(ask);
}

static void finish(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    ask->answer = NULL;
    ask->done(ask->context, answer);
    ask_free(ask);
}

static void fail(struct ask *ask, int error, const char *words) {
    answer_set_error(ask->answer, error, words);
    finish(ask);
}

static uint64_t remaining_ms(const struct ask *ask) {
    uint64_t now = clock_monotonic_ns();
    return now >= ask->deadline_ns ? 0 : (ask->deadline_ns - now) / NS_PER_MS;
}

/* ---- forks and memory */

/* Both notes are kept as evidence, and from now on every call fails. */
static void stop_at_fork(struct ask *ask, struct bytes held, struct bytes shown) {
    struct depositary_client *client = ask->client;
    struct fault fault = {0, ""};
    pthread_mutex_lock(&client->lock);
    if (client->evidence[0] == '\0' &&
        memory_keep_fork(&client->memory, held, shown, client->evidence, sizeof client->evidence, &fault) != 0) {
        client->evidence[0] = '\0';
    }
    (void)fault_set(&fault, DEPOSITARY_E_FORK, "two ledgers of one origin: a fork%s%.400s",
                    client->evidence[0] != '\0' ? "; both notes are in " : "", client->evidence);
    pthread_mutex_unlock(&client->lock);
    trust_set_forked(client->trust);
    fail(ask, fault.error, fault.text);
}

/* The note that is held of that size, against the one shown. */
static void stop_at_held_fork(struct ask *ask, uint64_t held_size, struct bytes shown) {
    struct buffer held;
    buffer_init(&held, LIMIT_NOTE + 1);
    trust_note(ask->client->trust, held_size, &held);
    stop_at_fork(ask, buffer_bytes(&held), shown);
    buffer_free(&held);
}

/* Keeps a newly verified checkpoint on disk. What another process kept meanwhile is held too. True: go on. */
static bool remember(struct ask *ask, struct bytes note) {
    struct depositary_client *client = ask->client;
    struct fault fault = {0, ""};
    struct checkpoint checkpoint;
    struct buffer other;
    buffer_init(&other, LIMIT_NOTE);
    int error = memory_store(&client->memory, client->policy->policy, note, &other, &fault);
    if (error == 0 && other.len > 0) {
        error = memory_judge(&checkpoint, client->policy->policy, buffer_bytes(&other), &fault);
        if (error == 0) {
            error = trust_anchor(client->trust, &checkpoint, buffer_bytes(&other));
        }
    }
    if (error == DEPOSITARY_E_FORK) {
        stop_at_fork(ask, buffer_bytes(&other), note);
    } else if (error) {
        fail(ask, error, fault.text);
    }
    buffer_free(&other);
    return error == 0;
}

/* ---- further calls */

/* A call for this one, with its deadline. NULL, and this one has failed, where there are too many. */
static struct ask *new_helper(struct ask *ask, const struct method *method, const ProtobufCMessage *message,
                              ask_done *done) {
    struct ask *root = ask;
    while (root->parent != NULL) {
        root = root->parent;
    }
    struct ask *helper = calloc(1, sizeof *helper);
    if (helper == NULL || answer_new(&helper->answer, method, message) != 0) {
        free(helper);
        fail(ask, DEPOSITARY_E_MEMORY, NULL);
        return NULL;
    }
    if (++root->helpers > HELPERS_MAX || ask->depth + 1 > DEPTH_MAX) {
        ask_free(helper);
        fail(ask, DEPOSITARY_E_SEAL_STATE, "the service does not come to an end of what it has to prove");
        return NULL;
    }
    helper->client = ask->client;
    helper->parent = ask;
    helper->depth = ask->depth + 1;
    helper->deadline_ns = ask->deadline_ns;
    helper->done = done;
    helper->context = ask;
    return helper;
}

/* A local or network failure of a further call is this call's too; so is what failed verification. */
static void fail_by_helper(struct ask *ask, const struct depositary_answer *helper, const char *what) {
    struct fault fault;
    (void)fault_set(&fault, helper->error, "%s: %s", what, helper->text);
    fail(ask, fault.error, fault.text);
}

/* ---- ... the answer key */

static void take_key(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    const struct findings *findings = &helper->judgement.findings;
    const struct need *need = &ask->answer->judgement.need;
    bool is_proven = findings->has_key && (helper->error == 0 || helper->judgement.proofs_hold);
    if (is_proven && findings->key.register_size >= need->least_size) {
        struct key_facts facts;
        if (trust_find_key(ask->client->trust, bytes_of(need->public_key, PUBLIC_KEY_LEN), need->least_size, &facts,
                           NULL)) {
            depositary_answer_free(&helper);
            judge_response(ask);
            return;
        }
    }
    if (is_proven || helper->error == 0) {
        fail(ask, DEPOSITARY_E_KEY_STATUS, "no register shown is new enough to tell the answer key's status");
    } else if (helper->error == DEPOSITARY_E_NO || helper->error == DEPOSITARY_E_STATUS) {
        fail(ask, DEPOSITARY_E_KEY_RECORD, "the ledger has no record of the key that sealed the answer");
    } else {
        fail_by_helper(ask, helper, "the answer key");
    }
    depositary_answer_free(&helper);
}

static void want_key(struct ask *ask) {
    struct need *need = &ask->answer->judgement.need;
    Depositary__V1__GetAnswerKeyRequest question = DEPOSITARY__V1__GET_ANSWER_KEY_REQUEST__INIT;
    question.public_key = (ProtobufCBinaryData){PUBLIC_KEY_LEN, need->public_key};
    for (const struct ask *up = ask; up != NULL; up = up->parent) {
        const Depositary__V1__GetAnswerKeyRequest *asked =
            (const Depositary__V1__GetAnswerKeyRequest *)up->answer->message;
        if (asked->base.descriptor == &depositary__v1__get_answer_key_request__descriptor &&
            bytes_equal(bytes_of_data(asked->public_key), bytes_of_data(question.public_key))) {
            fail(ask, DEPOSITARY_E_KEY_RECORD,
                 "the service does not show the record of the key that seals its answers");
            return;
        }
    }
    struct ask *helper =
        new_helper(ask, method_find(BYTES("/depositary.v1.LedgerService/GetAnswerKey")), &question.base, take_key);
    if (helper != NULL) {
        begin(helper);
    }
}

/* ---- ... consistency */

/* Whether the answer's path joins the two points. */
static bool read_link(const struct depositary_answer *helper, const struct ledger_link *link,
                      struct merkle_path *path) {
    const Depositary__V1__GetConsistencyProofResponse *response =
        (const Depositary__V1__GetConsistencyProofResponse *)helper->judgement.answer.message;
    return merkle_path_read(path, response->n_path, response->path) &&
           merkle_consistency_check(link->from.size, &link->from.root, link->to.size, &link->to.root, path) == 0;
}

static void pause_then(struct ask *ask, line_done *next) {
    uint64_t left = remaining_ms(ask);
    ask->pause_ms = ask->pause_ms == 0                  ? PAUSE_FIRST_MS
                    : ask->pause_ms * 2 > PAUSE_LAST_MS ? PAUSE_LAST_MS
                                                        : ask->pause_ms * 2;
    if (left <= ask->pause_ms) {
        finish(ask); /* with the error that led here */
        return;
    }
    if (connect_pause(ask->client->connection, ask->pause_ms, next, ask) != LINE_OK) {
        fail(ask, DEPOSITARY_E_CANCELLED, NULL);
    }
}

static void want_link(struct ask *ask, ask_done *done) {
    const struct ledger_link *link = &ask->answer->judgement.need.link;
    Depositary__V1__GetConsistencyProofRequest question = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_REQUEST__INIT;
    question.old_size = link->from.size;
    question.new_size = link->to.size;
    struct ask *helper =
        new_helper(ask, method_find(BYTES("/depositary.v1.LedgerService/GetConsistencyProof")), &question.base, done);
    if (helper != NULL) {
        helper->is_link = true;
        helper->link = *link;
        begin(helper);
    }
}

static void take_link(void *context, struct depositary_answer *helper);

static void after_link_pause(void *context, enum line_result result, struct bytes response) {
    struct ask *ask = context;
    (void)response;
    if (result != LINE_OK) {
        fail(ask, DEPOSITARY_E_CANCELLED, NULL);
        return;
    }
    want_link(ask, take_link);
}

/* The state of an answer, or the sealed root of one without, is joined to what is held, or it is a fork. */
static void join_link(struct ask *ask, struct depositary_answer *helper) {
    struct depositary_answer *answer = ask->answer;
    const struct ledger_link link = answer->judgement.need.link;
    const struct ledger_view *state = answer->judgement.has_state ? &answer->judgement.state : NULL;
    struct merkle_path path;
    bool is_new = false;
    if (!read_link(helper, &link, &path)) {
        if (state == NULL) {
            fail(ask, DEPOSITARY_E_SEAL_STATE, "the sealed state is not one of the ledger that is held");
        } else {
            stop_at_held_fork(ask, link.from.size, state->checkpoint);
        }
        return;
    }
    if (state == NULL) {
        answer->link = link;
        answer->link_path = path;
        answer->has_link = true;
    }
    int error = trust_join(ask->client->trust, &link, state, &is_new);
    if (error) {
        fail(ask, error, NULL);
    } else if (!is_new || remember(ask, state->checkpoint)) {
        judge_response(ask);
    }
}

static void take_link(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    if (helper->error == 0) {
        join_link(ask, helper);
    } else if (helper->error == DEPOSITARY_E_STATUS) {
        /* an endpoint that does not have both sizes yet; another, or later, may */
        answer_set_error(ask->answer, DEPOSITARY_E_CONSISTENCY,
                         "no endpoint proves that the ledger extends the one seen before");
        pause_then(ask, after_link_pause);
    } else {
        fail_by_helper(ask, helper, "the consistency proof");
    }
    depositary_answer_free(&helper);
}

/* ---- ... something newer */

static void take_checkpoint(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    if (helper->error == 0) {
        judge_response(ask);
    } else {
        fail_by_helper(ask, helper, "the checkpoint");
    }
    depositary_answer_free(&helper);
}

static void want_checkpoint(struct ask *ask) {
    Depositary__V1__GetCheckpointRequest question = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    if (++ask->checkpoints > TRIES_MAX) {
        fail(ask, DEPOSITARY_E_SEAL_STATE, "the sealed state is not the ledger's that the service shows");
        return;
    }
    struct ask *helper = new_helper(ask, method_find(BYTES("/depositary.v1.LedgerService/GetCheckpoint")),
                                    &question.base, take_checkpoint);
    if (helper != NULL) {
        begin(helper);
    }
}

/* ---- ... a service that lags */

static void ask_again(void *context, enum line_result result, struct bytes response) {
    struct ask *ask = context;
    (void)response;
    if (result != LINE_OK) {
        fail(ask, DEPOSITARY_E_CANCELLED, NULL);
        return;
    }
    begin(ask);
}

/* The smaller state is held against the larger where an endpoint has both; that none has yet is no failure. */
static void take_older_link(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    const struct judgement *judgement = &ask->answer->judgement;
    struct merkle_path path;
    int error = 0;
    if (helper->error == 0 && !read_link(helper, &judgement->need.link, &path)) {
        stop_at_held_fork(ask, judgement->need.link.to.size, judgement->state.checkpoint);
        depositary_answer_free(&helper);
        return;
    }
    if (helper->error == 0) {
        error = trust_join(ask->client->trust, &judgement->need.link, NULL, NULL);
    } else if (helper->error == DEPOSITARY_E_CANCELLED || helper->error == DEPOSITARY_E_FORK) {
        error = helper->error;
    }
    depositary_answer_free(&helper);
    if (error) {
        fail(ask, error, NULL);
    } else {
        pause_then(ask, ask_again);
    }
}

static void want_fresher(struct ask *ask) {
    const struct judgement *judgement = &ask->answer->judgement;
    answer_set_error(ask->answer, DEPOSITARY_E_STALE, judgement->fault.text);
    if (trust_knows(ask->client->trust, &judgement->need.link.from)) {
        pause_then(ask, ask_again);
        return;
    }
    want_link(ask, take_older_link);
}

/* ---- judging */

static void fill_terms(const struct ask *ask, struct judge_terms *terms) {
    const struct depositary_client *client = ask->client;
    *terms = (struct judge_terms){.trust = client->trust,
                                  .has_clock = true,
                                  .now_s = clock_now_s(),
                                  .clock_tolerance_s = client->clock_tolerance_s,
                                  .max_age_s = ask->parent == NULL ? client->max_age_s : 0,
                                  .for_office = client->for_office,
                                  .is_link = ask->is_link};
}

/* What was proved of a key is held for later answers; also where only the time of the seal failed. */
static int keep_key(struct ask *ask) {
    const struct judgement *judgement = &ask->answer->judgement;
    struct buffer proof;
    if (!judgement->findings.has_key || (ask->answer->error != 0 && !judgement->proofs_hold)) {
        return 0;
    }
    buffer_init(&proof, LIMIT_REQUEST_APPEND);
    int error = key_proof_print(&proof, ask->answer);
    if (error == 0) {
        error = trust_keep_key(ask->client->trust, &judgement->findings.key, buffer_bytes(&proof));
    }
    buffer_free(&proof);
    return error;
}

/* Judged to the end. */
static void conclude(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    struct judgement *judgement = &answer->judgement;
    struct key_facts facts;
    answer_finish(answer, ask->client->policy->policy);
    int error = keep_key(ask);
    if (error) {
        fail(ask, error, NULL);
        return;
    }
    if (judgement->is_sealed && ask->parent == NULL &&
        trust_find_key(ask->client->trust, judgement->seal.public_key, judgement->head.ledger_size, &facts,
                       &answer->key_proof)) {
        answer->key_size = facts.register_size;
    }
    if (judgement->findings.has_page_end && answer->error == 0) {
        pages_keep(ask->client->pages, answer->method, answer->message, judgement->findings.next_page,
                   &judgement->findings.page_end);
    }
    finish(ask);
}

static void judge_response(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    struct judgement *judgement = &answer->judgement;
    struct judge_terms terms;
    struct judge_question question = {.method = answer->method,
                                      .message = answer->message,
                                      .request = buffer_bytes(&answer->request),
                                      .held = answer->has_held ? &answer->held : NULL,
                                      .before = ask->has_before ? &ask->before : NULL,
                                      .known_root = ask->has_known_root ? &ask->known_root : NULL};
    fill_terms(ask, &terms);
    int error = judge(judgement, &terms, &question, buffer_bytes(&answer->response));
    if (judgement->is_new && !remember(ask, judgement->state.checkpoint)) {
        return;
    }
    if (trust_is_forked(ask->client->trust) && error != DEPOSITARY_E_FORK) {
        fail(ask, DEPOSITARY_E_FORK, "a fork of this ledger was seen: nothing of it is used any more");
        return;
    }
    if (error == DEPOSITARY_E_FORK && judgement->is_fork) {
        stop_at_held_fork(ask, judgement->state.size, judgement->state.checkpoint);
        return;
    }
    switch (judgement->need.kind) {
    case NEED_NOTHING:
        conclude(ask);
        break;
    case NEED_KEY:
        want_key(ask);
        break;
    case NEED_LINK:
        want_link(ask, take_link);
        break;
    case NEED_CHECKPOINT:
        want_checkpoint(ask);
        break;
    case NEED_FRESHER:
        want_fresher(ask);
        break;
    }
}

/* ---- sending */

static void take_response(void *context, enum line_result result, struct bytes response);

static uint32_t at_most(uint64_t value, uint32_t most) {
    return value < most ? (uint32_t)value : most;
}

static void send_request(struct ask *ask) {
    uint64_t left = remaining_ms(ask);
    if (left == 0) {
        fail(ask, DEPOSITARY_E_TIMEOUT, NULL);
        return;
    }
    ask->tries++;
    enum line_result result =
        connect_exchange(ask->client->connection, buffer_bytes(&ask->answer->request), at_most(left, UNREACHABLE_MS),
                         at_most(left, INT32_MAX), take_response, ask);
    if (result != LINE_OK) {
        fail(ask, result == LINE_CLOSED ? DEPOSITARY_E_CANCELLED : DEPOSITARY_E_MEMORY, NULL);
    }
}

/* A lost connection: what may run twice is sent again, the same bytes with the same nonce. */
static void take_loss(struct ask *ask) {
    bool may_retry = ask->answer->method->is_idempotent && ask->tries < TRIES_MAX;
    if (may_retry && remaining_ms(ask) > 0) {
        send_request(ask);
        return;
    }
    fail(ask, DEPOSITARY_E_UNREACHABLE,
         ask->answer->method->is_idempotent ? "the connection was lost again and again"
                                            : "the connection was lost: whether it was done is not known");
}

static void take_response(void *context, enum line_result result, struct bytes response) {
    struct ask *ask = context;
    switch (result) {
    case LINE_OK:
        break;
    case LINE_LOST:
        take_loss(ask);
        return;
    case LINE_NOT_SENT:
        fail(ask, DEPOSITARY_E_UNREACHABLE, NULL);
        return;
    case LINE_TIMEOUT:
        fail(ask, DEPOSITARY_E_TIMEOUT, NULL);
        return;
    case LINE_CLOSED:
        fail(ask, DEPOSITARY_E_CANCELLED, NULL);
        return;
    case LINE_FAILED:
        fail(ask, DEPOSITARY_E_MEMORY, NULL);
        return;
    }
    buffer_clear(&ask->answer->response);
    buffer_append(&ask->answer->response, response);
    if (ask->answer->response.error) {
        fail(ask, ask->answer->response.error, NULL);
        return;
    }
    judge_response(ask);
}

/* Tells the service which verified state is held, so that it need not be sent again. */
static int name_held(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(answer->message->descriptor, "known_ledger_size");
    uint64_t size = 0;
    answer->has_held = false;
    int error = trust_take(ask->client->trust, &answer->arena, &answer->held, &answer->has_held);
    if (error) {
        return error;
    }
    if (answer->has_held) {
        size = answer->held.size;
    }
    if (field != NULL) {
        memcpy((uint8_t *)answer->message + field->offset, &size, sizeof size);
    }
    return 0;
}

/* Asks, with a fresh nonce. Also where a question is asked again because the answer was stale. */
static void begin(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    uint8_t nonce[NONCE_LEN];
    if (trust_is_forked(ask->client->trust)) {
        fail(ask, DEPOSITARY_E_FORK, "a fork of this ledger was seen: nothing of it is used any more");
        return;
    }
    ask->tries = 0;
    ask->checkpoints = 0;
    randombytes_buf(nonce, sizeof nonce);
    buffer_clear(&answer->request);
    int error = name_held(ask);
    if (error == 0) {
        ask->has_before = pages_find(ask->client->pages, answer->method, answer->message, &ask->before);
        error = call_print(&answer->request, answer->method, answer->message, bytes_of(nonce, sizeof nonce),
                           remaining_ms(ask), NULL);
    }
    if (error) {
        fail(ask, error, error == DEPOSITARY_E_LIMIT ? "the request is larger than the protocol allows" : NULL);
        return;
    }
    send_request(ask);
}

void ask_start(struct depositary_client *client, const struct method *method, const ProtobufCMessage *message,
               const struct ask_options *options, ask_done *done, void *context) {
    struct ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL) {
        done(context, answer_failed(DEPOSITARY_E_MEMORY, NULL));
        return;
    }
    int error = answer_new(&ask->answer, method, message);
    if (error) {
        free(ask);
        done(context, answer_failed(error, error == DEPOSITARY_E_ARGUMENT ? "the question cannot be sent" : NULL));
        return;
    }
    ask->client = client;
    ask->deadline_ns = options->deadline_ns;
    ask->done = done;
    ask->context = context;
    ask->has_known_root = options->known_root != NULL;
    if (ask->has_known_root) {
        ask->known_root = *options->known_root;
    }
    begin(ask);
}
