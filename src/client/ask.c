/* The way of one call. See ask.h; what is judged, and by which rules, is in judge.c; further calls that a judgement needs, in ask_need.c. */
#include "client/ask_parts.h"

#include "base/time.h"
#include "client/view.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_LEN      32
#define UNREACHABLE_MS 3000 /* how long a call waits for a service that it has no reason to expect (connect.h) */
#define REST_MS        1000 /* for an endpoint that says that it is not available, and not for how long */

/* ---- ending */

struct ask *ask_root(struct ask *ask) {
    while (ask->parent != NULL) {
        ask = ask->parent;
    }
    return ask;
}

void ask_free(struct ask *ask) {
    depositary_answer_free(&ask->answer);
    buffer_free(&ask->metadata);
    free(ask);
}

static void forget_call(struct ask *ask);

void ask_finish(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    ask->answer = NULL;
    forget_call(ask);
    ask->done(ask->context, answer);
    ask_free(ask);
}

void ask_fail(struct ask *ask, int error, const char *words) {
    answer_set_error(ask->answer, error, words);
    ask_finish(ask);
}

void ask_fail_line(struct ask *ask, enum line_result result) {
    switch (result) {
    case LINE_NOT_SENT:
        ask_fail(ask, DEPOSITARY_E_UNREACHABLE, NULL);
        break;
    case LINE_TIMEOUT:
        ask_fail(ask, DEPOSITARY_E_TIMEOUT, NULL);
        break;
    case LINE_CANCELLED:
    case LINE_CLOSED:
        ask_fail(ask, DEPOSITARY_E_CANCELLED, NULL);
        break;
    default:
        ask_fail(ask, DEPOSITARY_E_MEMORY, NULL);
        break;
    }
}

uint64_t ask_remaining_ms(const struct ask *ask) {
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
    ask_fail(ask, fault.error, fault.text);
}

void ask_stop_at_fork(struct ask *ask, uint64_t held_size, struct bytes shown) {
    struct buffer held;
    buffer_init(&held, LIMIT_NOTE + 1);
    trust_note(ask->client->trust, held_size, &held);
    stop_at_fork(ask, buffer_bytes(&held), shown);
    buffer_free(&held);
}

bool ask_remember(struct ask *ask, struct bytes note) {
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
        ask_fail(ask, error, fault.text);
    }
    buffer_free(&other);
    return error == 0;
}

/* ---- trying again: gRPC's A6, for what may be done twice; the same bytes with the same nonce */

static void send_request(struct ask *ask);

static void after_backoff(void *context, enum line_result result, struct bytes response) {
    struct ask *ask = context;
    (void)response;
    if (result != LINE_OK) {
        ask_fail_line(ask, result);
        return;
    }
    send_request(ask);
}

bool ask_pause(struct ask *ask, uint32_t pause_ms, line_done *next) {
    if (ask_remaining_ms(ask) <= pause_ms) {
        return false;
    }
    ask->exchange.is_cancelled = &ask_root(ask)->is_cancelled;
    ask->exchange.done = next;
    ask->exchange.context = ask;
    enum line_result result = connect_pause(ask->client->connection, &ask->exchange, pause_ms);
    if (result != LINE_OK) {
        ask_fail_line(ask, result);
    }
    return true;
}

/* True: it will be sent again, elsewhere where there is another endpoint. A failure was counted, whether or not it is tried again. */
static bool retry(struct ask *ask, const struct status_view *status, bool is_allowed) {
    uint32_t delay_ms;
    if (!ask->answer->method->is_idempotent || ask->tries >= ask->client->attempts || !is_allowed ||
        !retry_delay_ms(&delay_ms, status, ask->tries + 1, randombytes_random())) {
        return false;
    }
    ask->avoid = ask->endpoint;
    ask->prefer = ENDPOINT_NONE;
    return ask_pause(ask, delay_ms, after_backoff);
}

/* A refusal that may pass. That it was the service's own is not proved yet: whoever can fake it can as well cut the line. */
static bool retry_refused(struct ask *ask) {
    const struct status_view *status = &ask->answer->judgement.answer.status;
    if (!retry_is_due(status) || strcmp(status->reason, "EMPTY_LEDGER") == 0) {
        return false;
    }
    int64_t rest_ms = status->retry_delay_ms > 0 && status->retry_delay_ms < 60000 ? status->retry_delay_ms : REST_MS;
    connect_rest(ask->client->connection, ask->endpoint, (uint32_t)rest_ms);
    return retry(ask, status, retry_failed(&ask->client->throttle));
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

/*
 * What was proved of a key is held for later answers: also where only the time of the seal failed, or where the seal is another key's that is not known yet.
 * Behind a balancer of calls that one's record may come under the seal of this one.
 */
static int keep_key(struct ask *ask) {
    const struct judgement *judgement = &ask->answer->judgement;
    bool is_proven = ask->answer->error == 0 || judgement->proofs_hold || judgement->need.kind == NEED_KEY;
    struct buffer proof;
    if (!judgement->findings.has_key || !is_proven) {
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
    if (!retry_is_due(&judgement->answer.status)) {
        retry_succeeded(&ask->client->throttle);
    }
    int error = keep_key(ask);
    if (error) {
        ask_fail(ask, error, NULL);
        return;
    }
    if (judgement->findings.has_page_end && answer->error == 0) {
        pages_keep(ask->client->pages, answer->method, answer->message, judgement->findings.next_page,
                   &judgement->findings.page_end);
    }
    if (judgement->is_sealed && ask->parent == NULL &&
        trust_find_key(ask->client->trust, judgement->seal.public_key, judgement->head.ledger_size, &facts,
                       &answer->key_proof)) {
        answer->key_size = facts.register_size;
        ask_receipt_link(ask, &facts);
    } else {
        ask_finish(ask);
    }
}

void ask_judge(struct ask *ask) {
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
    if (judgement->is_new && !ask_remember(ask, judgement->state.checkpoint)) {
        return;
    }
    if (trust_is_forked(ask->client->trust) && error != DEPOSITARY_E_FORK) {
        ask_fail(ask, DEPOSITARY_E_FORK, "a fork of this ledger was seen: nothing of it is used any more");
        return;
    }
    if (error == DEPOSITARY_E_FORK && judgement->is_fork) {
        ask_stop_at_fork(ask, judgement->state.size, judgement->state.checkpoint);
        return;
    }
    if (retry_refused(ask)) {
        return;
    }
    if (judgement->need.kind == NEED_NOTHING) {
        conclude(ask);
        return;
    }
    error = judgement->need.kind == NEED_KEY ? keep_key(ask) : 0;
    if (error) {
        ask_fail(ask, error, NULL);
    } else {
        ask_need(ask);
    }
}

/* ---- sending */

static void take_response(void *context, enum line_result result, struct bytes response);

static void send_request(struct ask *ask) {
    uint64_t now = clock_monotonic_ns();
    uint64_t patience = now + UNREACHABLE_MS * NS_PER_MS;
    if (now >= ask->deadline_ns) {
        ask_fail(ask, DEPOSITARY_E_TIMEOUT, NULL);
        return;
    }
    ask->tries++;
    ask->exchange.request = buffer_bytes(&ask->answer->request);
    ask->exchange.avoid = ask->avoid;
    ask->exchange.prefer = ask->prefer;
    ask->exchange.is_urgent = ask->parent != NULL;
    ask->exchange.send_by_ns = ask->is_waiting_for_ready ? ask->deadline_ns : patience;
    ask->exchange.answer_by_ns = ask->deadline_ns;
    ask->exchange.is_cancelled = &ask_root(ask)->is_cancelled;
    ask->exchange.done = take_response;
    ask->exchange.context = ask;
    enum line_result result = connect_exchange(ask->client->connection, &ask->exchange);
    if (result != LINE_OK) {
        ask_fail_line(ask, result);
    }
}

static void take_loss(struct ask *ask) {
    static const struct status_view unavailable = {
        .code = STATUS_UNAVAILABLE, .message = "", .reason = "", .field = ""};
    bool is_allowed = retry_lost(&ask->client->throttle, ask->exchange.sent_ns, clock_monotonic_ns());
    if (retry(ask, &unavailable, is_allowed)) {
        return;
    }
    ask_fail(ask, DEPOSITARY_E_UNREACHABLE,
             ask->answer->method->is_idempotent ? "the connection was lost again and again"
                                                : "the connection was lost: whether it was done is not known");
}

static void take_response(void *context, enum line_result result, struct bytes response) {
    struct ask *ask = context;
    ask->endpoint = ask->exchange.endpoint;
    if (result == LINE_LOST) {
        take_loss(ask);
        return;
    }
    if (result != LINE_OK) {
        ask_fail_line(ask, result);
        return;
    }
    buffer_clear(&ask->answer->response);
    buffer_append(&ask->answer->response, response);
    if (ask->answer->response.error) {
        ask_fail(ask, ask->answer->response.error, NULL);
        return;
    }
    ask_judge(ask);
}

/* Tells the service which verified state is held, so that it need not be sent again. */
static int name_held(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    if (answer->message == NULL) { /* asked by name: nothing of the ledger is proved by it */
        return 0;
    }
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

static int print_request(struct ask *ask) {
    struct depositary_answer *answer = ask->answer;
    uint8_t nonce[NONCE_LEN];
    randombytes_buf(nonce, sizeof nonce);
    const struct call_head head = {.nonce = bytes_of(nonce, sizeof nonce),
                                   .timeout_ms = ask_remaining_ms(ask),
                                   .metadata = buffer_bytes(&ask_root(ask)->metadata)};
    if (answer->message == NULL) {
        return call_print_encoded(&answer->request, answer->method, answer->encoded, &head);
    }
    ask->has_before = pages_find(ask->client->pages, answer->method, answer->message, &ask->before);
    return call_print_head(&answer->request, answer->method, answer->message, &head);
}

void ask_begin(struct ask *ask) {
    if (trust_is_forked(ask->client->trust)) {
        ask_fail(ask, DEPOSITARY_E_FORK, "a fork of this ledger was seen: nothing of it is used any more");
        return;
    }
    ask->tries = 0;
    ask->checkpoints = 0;
    buffer_clear(&ask->answer->request);
    int error = name_held(ask);
    if (error == 0) {
        error = print_request(ask);
    }
    if (error) {
        ask_fail(ask, error, error == DEPOSITARY_E_LIMIT ? "the request is larger than the protocol allows" : NULL);
        return;
    }
    send_request(ask);
}

/* ---- calls that can be cancelled, by their numbers */

static struct ask **call_slot(struct depositary_client *client, uint64_t number) {
    return &client->calls[number % CALL_SLOTS];
}

static void note_call(struct ask *ask) {
    struct depositary_client *client = ask->client;
    if (ask->number != 0) {
        pthread_mutex_lock(&client->calls_lock);
        struct ask **slot = call_slot(client, ask->number);
        ask->next_call = *slot;
        *slot = ask;
        pthread_mutex_unlock(&client->calls_lock);
    }
}

static void forget_call(struct ask *ask) {
    struct depositary_client *client = ask->client;
    if (ask->number != 0) {
        pthread_mutex_lock(&client->calls_lock);
        struct ask **at = call_slot(client, ask->number);
        while (*at != ask) {
            at = &(*at)->next_call;
        }
        *at = ask->next_call;
        pthread_mutex_unlock(&client->calls_lock);
    }
}

void ask_cancel(struct depositary_client *client, uint64_t number) {
    pthread_mutex_lock(&client->calls_lock); /* as long as it is held, the call is there */
    struct ask *ask = *call_slot(client, number);
    while (ask != NULL && ask->number != number) {
        ask = ask->next_call;
    }
    if (ask != NULL) {
        atomic_store(&ask->is_cancelled, true);
        connect_cancel(client->connection, &ask->is_cancelled);
    }
    pthread_mutex_unlock(&client->calls_lock);
}

/* ---- starting */

static int take_question(struct ask *ask, const struct depositary_question *question,
                         const struct ask_options *options) {
    if (question->error) {
        return question->error;
    }
    int error = answer_new(&ask->answer, question);
    if (error == 0) {
        buffer_append(&ask->metadata, options->metadata);
        error = ask->metadata.error;
    }
    return error;
}

void ask_start(struct depositary_client *client, struct depositary_question *question,
               const struct ask_options *options, ask_done *done, void *context) {
    struct ask *ask = question != NULL ? calloc(1, sizeof *ask) : NULL;
    if (ask == NULL) {
        depositary_question_free(&question);
        done(context, answer_failed(DEPOSITARY_E_MEMORY, NULL));
        return;
    }
    ask->client = client;
    ask->deadline_ns = options->deadline_ns;
    ask->is_waiting_for_ready = options->is_waiting_for_ready;
    ask->number = options->number;
    ask->endpoint = ask->avoid = ask->prefer = ENDPOINT_NONE;
    ask->done = done;
    ask->context = context;
    ask->known_root = question->known_root;
    ask->has_known_root = question->has_known_root;
    atomic_init(&ask->is_cancelled, false);
    buffer_init(&ask->metadata, LIMIT_REQUEST);
    int error = take_question(ask, question, options);
    const char *words = question->words != NULL          ? question->words
                        : error == DEPOSITARY_E_ARGUMENT ? "the question cannot be sent"
                                                         : NULL;
    depositary_question_free(&question);
    if (error) {
        ask_free(ask);
        done(context, answer_failed(error, words));
        return;
    }
    note_call(ask);
    ask_begin(ask);
}
