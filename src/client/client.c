/* The client's public calls: a typed question each, the same way for all. include/depositary/client.h says what they do. */
#include "client/ask.h"

#include "base/time.h"
#include "client/view.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS_DEFAULT 10000u
#define WINDOW             64u /* half of what a service takes of one connection */

/* ---- making and freeing */

/* A checkpoint from before. Two of them that contradict each other are a fork, and then there is no client. */
static int take_anchor(struct depositary_client *client, struct bytes note, const struct checkpoint *checkpoint,
                       struct fault *fault) {
    struct buffer held;
    int error = trust_anchor(client->trust, checkpoint, note);
    if (error != DEPOSITARY_E_FORK) {
        return error ? fault_set(fault, error, "the checkpoint from before cannot be kept") : 0;
    }
    buffer_init(&held, LIMIT_NOTE);
    trust_note(client->trust, checkpoint->size, &held);
    error =
        memory_keep_fork(&client->memory, buffer_bytes(&held), note, client->evidence, sizeof client->evidence, fault);
    buffer_free(&held);
    return error ? error
                 : fault_set(fault, DEPOSITARY_E_FORK,
                             "the floor and the remembered checkpoint are of two ledgers of one origin%s%.400s",
                             client->evidence[0] != '\0' ? "; both notes are in " : "", client->evidence);
}

/* What was seen before: on disk, and what the caller gives. */
static int load_memory(struct depositary_client *client, const depositary_client_config *config, struct fault *fault) {
    const struct policy *policy = client->policy->policy;
    struct checkpoint checkpoint;
    struct buffer note;
    buffer_init(&note, LIMIT_NOTE);
    int error = memory_init(&client->memory, config->state_dir, policy, fault);
    if (error == 0) {
        error = memory_load(&client->memory, policy, &note, &checkpoint, fault);
    }
    if (error == 0 && note.len > 0) {
        error = take_anchor(client, buffer_bytes(&note), &checkpoint, fault);
    }
    if (error == 0 && config->floor_note != NULL) {
        struct bytes floor = bytes_of(config->floor_note, config->floor_note_len);
        error = policy_verify_checkpoint(&checkpoint, policy, floor, fault);
        if (error == 0) {
            error = take_anchor(client, floor, &checkpoint, fault);
        }
    }
    buffer_free(&note);
    return error;
}

static int copy_policy(struct depositary_client *client, const depositary_policy *policy) {
    client->policy = calloc(1, sizeof *client->policy);
    if (client->policy == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    memcpy(client->policy->origin, policy->origin, sizeof policy->origin);
    return policy_copy(&client->policy->policy, policy->policy);
}

static int open_connection(struct depositary_client *client, const depositary_client_config *config,
                           struct fault *fault) {
    const struct connect_config connect = {.endpoints = config->endpoints,
                                           .ca_file = config->tls_ca_file,
                                           .cert_file = config->tls_cert_file,
                                           .key_file = config->tls_key_file,
                                           .is_insecure = config->tls_insecure != 0,
                                           .window = config->max_in_flight != 0 ? config->max_in_flight : WINDOW};
    return connect_open(&client->connection, &connect, fault);
}

static int build(struct depositary_client *client, const depositary_client_config *config, struct fault *fault) {
    int error = copy_policy(client, config->policy);
    if (error == 0) {
        error = trust_new(&client->trust, client->policy->policy);
    }
    if (error == 0) {
        error = pages_new(&client->pages);
    }
    if (error == 0) {
        error = courier_new(&client->courier);
    }
    if (error) {
        return fault_set(fault, error, "no memory for a client");
    }
    error = load_memory(client, config, fault);
    return error ? error : open_connection(client, config, fault);
}

static struct depositary_client *client_alloc(void) {
    struct depositary_client *client = calloc(1, sizeof *client);
    if (client == NULL || pthread_mutex_init(&client->lock, NULL) != 0) {
        free(client);
        return NULL;
    }
    if (pthread_mutex_init(&client->calls_lock, NULL) != 0) {
        (void)pthread_mutex_destroy(&client->lock);
        free(client);
        return NULL;
    }
    atomic_init(&client->is_closing, false);
    atomic_init(&client->calls_count, 0);
    retry_throttle_init(&client->throttle);
    return client;
}

static unsigned attempts_of(uint32_t wanted) {
    return wanted == 0 ? RETRY_ATTEMPTS : wanted < RETRY_ATTEMPTS_MAX ? (unsigned)wanted : RETRY_ATTEMPTS_MAX;
}

int depositary_client_new(depositary_client **out, const depositary_client_config *config,
                          depositary_failure *failure) {
    struct fault fault = {0, ""};
    depositary_client *client = NULL;
    int error = depositary_verify_init();
    if (error == 0 && (config->policy == NULL || config->endpoints == NULL)) {
        error = fault_set(&fault, DEPOSITARY_E_ARGUMENT, "a client needs a policy and an endpoint");
    }
    if (error == 0) {
        client = client_alloc();
        error = client == NULL ? DEPOSITARY_E_MEMORY : 0;
    }
    if (error) {
        return view_failure(failure, error, &fault);
    }
    client->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : TIMEOUT_MS_DEFAULT;
    client->clock_tolerance_s = config->clock_tolerance_s != 0 ? config->clock_tolerance_s : CLOCK_TOLERANCE_S;
    client->max_age_s = config->max_age_s;
    client->for_office = config->for_office != 0;
    client->is_waiting_for_ready = config->wait_for_ready != 0;
    client->attempts = attempts_of(config->max_attempts);
    error = build(client, config, &fault);
    if (error) {
        depositary_client_free(&client);
    } else {
        *out = client;
    }
    return view_failure(failure, error, &fault);
}

/* Callbacks of the calls that are cut off may still look at the client: it goes last. */
static void client_end(void *context) {
    struct depositary_client *client = context;
    connect_stop(client->connection);
    courier_close(client->courier);
    connect_close(client->connection);
    trust_free(client->trust);
    pages_free(client->pages);
    depositary_policy_free(&client->policy);
    (void)pthread_mutex_destroy(&client->calls_lock);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

void depositary_client_free(depositary_client **pointer) {
    if (pointer == NULL || *pointer == NULL) {
        return;
    }
    depositary_client *client = *pointer;
    *pointer = NULL;
    bool was_closing = atomic_exchange(&client->is_closing, true);
    if (client->courier != NULL && courier_is_here(client->courier)) {
        if (!was_closing) {
            courier_leave(client->courier, client_end, client);
        }
    } else {
        client_end(client);
    }
}

const char *depositary_client_fork_evidence(const depositary_client *client) {
    return trust_is_forked(client->trust) ? client->evidence : "";
}

/* ---- calling */

static const depositary_call_options no_options;

static int print_metadata(struct buffer *out, const depositary_call_options *options, struct fault *fault) {
    int error = 0;
    if (options->traceparent != NULL) {
        error = call_metadata_print(out, BYTES("traceparent"), bytes_text(options->traceparent), fault);
    }
    for (size_t i = 0; error == 0 && i < options->metadata_count; i++) {
        const depositary_metadata *pair = &options->metadata[i];
        error = call_metadata_print(out, bytes_text(pair->key), bytes_of(pair->value, pair->value_len), fault);
    }
    return error;
}

static void start(struct depositary_client *client, depositary_question *question,
                  const depositary_call_options *options, uint64_t number, ask_done *done, void *context) {
    struct buffer metadata;
    struct fault fault = {0, ""};
    buffer_init(&metadata, LIMIT_REQUEST / 2);
    options = options != NULL ? options : &no_options;
    uint32_t timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : client->timeout_ms;
    int error = print_metadata(&metadata, options, &fault);
    struct ask_options terms = {.deadline_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS,
                                .is_waiting_for_ready = options->wait_for_ready != 0 || client->is_waiting_for_ready,
                                .metadata = buffer_bytes(&metadata),
                                .number = number};
    if (error) {
        depositary_question_free(&question);
        done(context, answer_failed(error, fault.text));
    } else {
        ask_start(client, question, &terms, done, context);
    }
    buffer_free(&metadata);
}

/* A caller that waits. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    bool is_done;
    struct depositary_answer *answer;
};

static void wake(void *context, struct depositary_answer *answer) {
    struct waiter *waiter = context;
    pthread_mutex_lock(&waiter->lock);
    waiter->answer = answer;
    waiter->is_done = true;
    pthread_cond_signal(&waiter->ready);
    pthread_mutex_unlock(&waiter->lock);
}

int depositary_call(depositary_client *client, depositary_question *question, const depositary_call_options *options,
                    depositary_answer **out) {
    struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, NULL};
    start(client, question, options, 0, wake, &waiter);
    pthread_mutex_lock(&waiter.lock);
    while (!waiter.is_done) {
        pthread_cond_wait(&waiter.ready, &waiter.lock);
    }
    pthread_mutex_unlock(&waiter.lock);
    (void)pthread_cond_destroy(&waiter.ready);
    (void)pthread_mutex_destroy(&waiter.lock);
    *out = waiter.answer;
    return waiter.answer != NULL ? waiter.answer->error : DEPOSITARY_E_MEMORY;
}

/* ---- calling, and being told later */

/* What is told belongs to the courier, which the client outlives. */
struct flight {
    struct courier *courier;
    struct parcel *parcel;
};

static void land(void *context, struct depositary_answer *answer) {
    struct flight flight = *(struct flight *)context;
    free(context);
    courier_post(flight.courier, flight.parcel, answer);
}

uint64_t depositary_start(depositary_client *client, depositary_question *question,
                          const depositary_call_options *options, depositary_done *done, void *context) {
    struct flight *flight = calloc(1, sizeof *flight);
    bool is_open = !atomic_load(&client->is_closing);
    struct parcel *parcel = flight != NULL && is_open ? courier_expect(client->courier, done, context) : NULL;
    if (parcel == NULL) {
        free(flight);
        depositary_question_free(&question);
        return 0;
    }
    flight->courier = client->courier;
    flight->parcel = parcel;
    uint64_t number = atomic_fetch_add(&client->calls_count, 1) + 1;
    start(client, question, options, number, land, flight);
    return number;
}

void depositary_cancel(depositary_client *client, uint64_t call) {
    if (call != 0) {
        ask_cancel(client, call);
    }
}

int depositary_client_wait(depositary_client *client) {
    if (courier_is_here(client->courier)) {
        return DEPOSITARY_E_STATE;
    }
    courier_wait(client->courier);
    return 0;
}
