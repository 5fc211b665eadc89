/* The test's own service (service_maker.h). */
#include "service_maker.h"

#include "base/limits.h"

#include <check.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void made_wait_step(int ms) {
    const struct timespec pause = {0, ms * 1000000L};
    nanosleep(&pause, NULL);
}

static void send_answer(struct made_slot *slot) {
    nng_msg *message;
    ck_assert_int_eq(nng_msg_alloc(&message, 0), 0);
    ck_assert_int_eq(nng_msg_append(message, slot->response.data, slot->response.len), 0);
    slot->is_sending = true;
    nng_aio_set_msg(slot->aio, message);
    nng_ctx_send(slot->context, slot->aio);
}

static void receive(struct made_slot *slot) {
    slot->is_sending = false;
    nng_ctx_recv(slot->context, slot->aio);
}

static enum serve ask_handler(struct made_slot *slot, struct bytes request) {
    struct made_service *service = slot->service;
    pthread_mutex_lock(&service->lock);
    service->asked++;
    buffer_clear(&slot->response);
    enum serve what = service->handler(service->context, request, &slot->response);
    if (what == SERVE_HOLD) {
        slot->is_held = true;
        service->held++;
    }
    pthread_mutex_unlock(&service->lock);
    return what;
}

static void slot_event(void *argument) {
    struct made_slot *slot = argument;
    int error = nng_aio_result(slot->aio);
    if (error != 0) {
        if (slot->is_sending) {
            nng_msg_free(nng_aio_get_msg(slot->aio));
        }
        if (error != NNG_ECLOSED && error != NNG_ECANCELED) {
            receive(slot);
        }
        return;
    }
    if (slot->is_sending) {
        receive(slot);
        return;
    }
    nng_msg *message = nng_aio_get_msg(slot->aio);
    nng_pipe pipe = nng_msg_get_pipe(message);
    enum serve what = ask_handler(slot, bytes_of(nng_msg_body(message), nng_msg_len(message)));
    nng_msg_free(message);
    if (what == SERVE_ANSWER) {
        send_answer(slot);
    } else if (what == SERVE_DROP) {
        (void)nng_pipe_close(pipe);
        receive(slot);
    } else if (what == SERVE_NEVER) {
        receive(slot);
    }
}

void made_service_address(char url[128]) {
    static unsigned count;
    snprintf(url, 128, "ipc:///tmp/depositary-check-%ld-%u.sock", (long)getpid(), count++);
}

void made_service_open_at(struct made_service *service, const char *url, serve_handler *handler, void *context) {
    memset(service, 0, sizeof *service);
    snprintf(service->url, sizeof service->url, "%s", url);
    pthread_mutex_init(&service->lock, NULL);
    service->handler = handler;
    service->context = context;
    ck_assert_int_eq(nng_rep0_open(&service->socket), 0);
    service->is_open = true;
    for (int i = 0; i < SERVE_SLOTS; i++) {
        struct made_slot *slot = &service->slots[i];
        slot->service = service;
        buffer_init(&slot->response, LIMIT_SOCKET + 1);
        ck_assert_int_eq(nng_ctx_open(&slot->context, service->socket), 0);
        ck_assert_int_eq(nng_aio_alloc(&slot->aio, slot_event, slot), 0);
        receive(slot);
    }
    ck_assert_int_eq(nng_listen(service->socket, service->url, NULL, 0), 0);
}

void made_service_open(struct made_service *service, serve_handler *handler, void *context) {
    char url[128];
    made_service_address(url);
    made_service_open_at(service, url, handler, context);
}

void made_service_release(struct made_service *service) {
    for (int i = 0; i < SERVE_SLOTS; i++) {
        struct made_slot *slot = &service->slots[i];
        pthread_mutex_lock(&service->lock);
        bool is_held = slot->is_held;
        slot->is_held = false;
        service->held -= is_held;
        pthread_mutex_unlock(&service->lock);
        if (is_held) {
            send_answer(slot);
        }
    }
}

unsigned made_service_asked(struct made_service *service) {
    pthread_mutex_lock(&service->lock);
    unsigned asked = service->asked;
    pthread_mutex_unlock(&service->lock);
    return asked;
}

unsigned made_service_held(struct made_service *service) {
    pthread_mutex_lock(&service->lock);
    unsigned held = service->held;
    pthread_mutex_unlock(&service->lock);
    return held;
}

void made_service_close(struct made_service *service) {
    if (!service->is_open) {
        return;
    }
    service->is_open = false;
    nng_close(service->socket);
    for (int i = 0; i < SERVE_SLOTS; i++) {
        nng_aio_free(service->slots[i].aio);
        buffer_free(&service->slots[i].response);
    }
    pthread_mutex_destroy(&service->lock);
    (void)unlink(service->url + strlen("ipc://"));
}
