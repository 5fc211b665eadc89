/* A service for tests of the client, in this process: an nng REP socket on ipc whose answers the test decides. */
#ifndef SERVICE_MAKER_H
#define SERVICE_MAKER_H

#include "base/bytes.h"

#include <nng/nng.h>
#include <pthread.h>

enum serve {
    SERVE_ANSWER, /* what the handler wrote */
    SERVE_HOLD,   /* what it wrote, but only at made_service_release */
    SERVE_DROP,   /* the connection is closed */
    SERVE_NEVER   /* nothing comes */
};

/** Runs on threads of nng's, one at a time. */
typedef enum serve serve_handler(void *context, struct bytes request, struct buffer *response);

#define SERVE_SLOTS 256

struct made_service;

struct made_slot {
    struct made_service *service;
    nng_ctx context;
    nng_aio *aio;
    bool is_sending;
    bool is_held;
    struct buffer response;
};

struct made_service {
    char url[128];
    nng_socket socket;
    bool is_open;
    pthread_mutex_t lock;
    serve_handler *handler;
    void *context;
    struct made_slot slots[SERVE_SLOTS];
    unsigned asked; /* requests ever */
    unsigned held;  /* now */
};

/** Listens on an ipc address of its own. */
void made_service_open(struct made_service *service, serve_handler *handler, void *context);
/** The same at an address that was chosen before (made_service_address). */
void made_service_open_at(struct made_service *service, const char *url, serve_handler *handler, void *context);
void made_service_address(char url[128]);
void made_service_close(struct made_service *service);
/** Answers all that are held. */
void made_service_release(struct made_service *service);
unsigned made_service_asked(struct made_service *service);
unsigned made_service_held(struct made_service *service);

/** Waits until the condition holds, at most ten seconds; otherwise the test has failed. */
#define WAIT_UNTIL(condition)                                                                                          \
    do {                                                                                                               \
        int made_step = 0;                                                                                             \
        while (!(condition) && made_step++ < 2000)                                                                     \
            made_wait_step(5);                                                                                         \
        ck_assert_msg(made_step <= 2000, "in vain: %s", #condition);                                                   \
    } while (0)
void made_wait_step(int ms);

#endif
