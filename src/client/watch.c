/*
 * Following a ledger (client.h): announced notes from a SUB0 socket, each verified, and asking now and then. What is told was always asked for, so that it
 * is proved by the same rules as every answer. PROTOCOL.md section 6.
 */
#include "client/ask.h"
#include "client/endpoint.h"

#include "base/time.h"
#include "client/view.h"
#include "rpc/socket.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define EVERY_S 30u
#define MS      1000u

struct depositary_watch {
    depositary_client *client;
    depositary_watched *told;
    void *context;
    uint32_t every_s;
    nng_socket socket;
    bool has_socket;
    nng_aio *aio; /* waiting: for an announcement, or for the time to ask */
    pthread_t thread;
    bool has_thread;
    atomic_bool is_ending;
    uint64_t size; /* told of last */
};

static int subscribe(struct depositary_watch *watch, const char *url, struct fault *fault) {
    char topic[LIMIT_ORIGIN + 2];
    int len = snprintf(topic, sizeof topic, "%s\n", depositary_policy_origin(watch->client->policy));
    int error = nng_sub0_open(&watch->socket);
    watch->has_socket = error == 0;
    if (error == 0) {
        error = nng_socket_set_size(watch->socket, NNG_OPT_RECVMAXSZ, LIMIT_NOTE);
    }
    if (error == 0) {
        error = nng_socket_set(watch->socket, NNG_OPT_SUB_SUBSCRIBE, topic, (size_t)len);
    }
    if (error == 0) {
        error = nng_dial(watch->socket, url, NULL, NNG_FLAG_NONBLOCK);
    }
    return error ? endpoint_fault(fault, DEPOSITARY_E_ARGUMENT, url, error) : 0;
}

static void tell_failure(struct depositary_watch *watch, int error, const char *words) {
    depositary_answer *answer = answer_failed(error, words);
    watch->told(watch->context, answer);
    depositary_answer_free(&answer);
}

/* Also without memory for an answer, which is NULL then: a watch that is silent would pass for one that has nothing to tell. */
static void look(struct depositary_watch *watch) {
    depositary_answer *answer = NULL;
    int error = depositary_get_checkpoint(watch->client, &answer);
    const depositary_ledger *ledger = answer != NULL ? depositary_answer_ledger(answer) : NULL;
    bool is_news = error != 0 || (ledger != NULL && ledger->size > watch->size);
    if (is_news && !atomic_load(&watch->is_ending)) {
        watch->size = ledger != NULL && error == 0 ? ledger->size : watch->size;
        watch->told(watch->context, answer);
    }
    depositary_answer_free(&answer);
}

/* True: it is time to ask. Announcements of what is known already are heard again and again, and are none. */
static bool is_news(struct depositary_watch *watch, nng_msg *message) {
    depositary_checkpoint checkpoint;
    depositary_failure failure;
    int error = depositary_checkpoint_verify(&checkpoint, watch->client->policy, nng_msg_body(message),
                                             nng_msg_len(message), &failure);
    if (error != 0) {
        struct fault fault;
        (void)fault_set(&fault, error, "what is announced does not verify: %s", failure.text);
        tell_failure(watch, error, fault.text);
    }
    return error == 0 && checkpoint.size > watch->size;
}

static uint64_t now_ms(void) {
    return clock_monotonic_ns() / 1000000u;
}

static void wait_for_news(struct depositary_watch *watch) {
    uint64_t until_ms = now_ms() + (uint64_t)watch->every_s * MS;
    bool is_time = false;
    while (!is_time && !atomic_load(&watch->is_ending)) {
        uint64_t now = now_ms();
        nng_duration left = now < until_ms ? (nng_duration)(until_ms - now) : 1;
        if (watch->has_socket) {
            nng_aio_set_timeout(watch->aio, left);
            nng_recv_aio(watch->socket, watch->aio);
        } else {
            nng_sleep_aio(left, watch->aio);
        }
        nng_aio_wait(watch->aio);
        nng_msg *message = watch->has_socket && nng_aio_result(watch->aio) == 0 ? nng_aio_get_msg(watch->aio) : NULL;
        is_time = message == NULL || is_news(watch, message) || now_ms() >= until_ms;
        nng_msg_free(message);
    }
}

static void *run(void *argument) {
    struct depositary_watch *watch = argument;
    while (!atomic_load(&watch->is_ending)) {
        look(watch);
        wait_for_news(watch);
    }
    return NULL;
}

int depositary_watch_new(depositary_watch **out, depositary_client *client, const depositary_watch_config *config,
                         depositary_watched *told, void *context, depositary_failure *failure) {
    struct fault fault = {0, ""};
    struct depositary_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL || nng_aio_alloc(&watch->aio, NULL, NULL) != 0) {
        free(watch);
        return view_failure(failure, DEPOSITARY_E_MEMORY, &fault);
    }
    watch->client = client;
    watch->told = told;
    watch->context = context;
    watch->every_s = config->every_s != 0 && config->every_s < 86400 ? config->every_s : EVERY_S;
    atomic_init(&watch->is_ending, false);
    int error = config->announce != NULL ? subscribe(watch, config->announce, &fault) : 0;
    if (error == 0) {
        watch->has_thread = pthread_create(&watch->thread, NULL, run, watch) == 0;
        error = watch->has_thread ? 0 : DEPOSITARY_E_MEMORY;
    }
    if (error) {
        depositary_watch_free(&watch);
    } else {
        *out = watch;
    }
    return view_failure(failure, error, &fault);
}

void depositary_watch_free(depositary_watch **pointer) {
    if (pointer == NULL || *pointer == NULL) {
        return;
    }
    struct depositary_watch *watch = *pointer;
    *pointer = NULL;
    atomic_store(&watch->is_ending, true);
    nng_aio_stop(watch->aio); /* what waits is woken, and nothing waits from now on */
    if (watch->has_thread) {
        (void)pthread_join(watch->thread, NULL);
    }
    if (watch->has_socket) {
        (void)socket_close(watch->socket);
    }
    nng_aio_free(watch->aio);
    free(watch);
}
