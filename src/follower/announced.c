/* Announcements of a source (announced.h). PROTOCOL.md section 6: the message is the note; subscribe to origin and newline. */
#include "follower/announced.h"

#include "base/limits.h"
#include "rpc/socket.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECONNECT_MIN 100  /* ms */
#define RECONNECT_MAX 5000 /* ms */

struct announced {
    nng_socket socket;
    pthread_t thread;
    void (*heard)(void *context);
    void *context;
};

static void *run(void *context) {
    struct announced *announced = context;
    nng_msg *message;
    while (nng_recvmsg(announced->socket, &message, 0) == 0) {
        nng_msg_free(message);
        announced->heard(announced->context);
    }
    return NULL; /* the socket is closed */
}

static int set_up_socket(nng_socket socket, const char *url, const char *origin) {
    char topic[LIMIT_ORIGIN + 2];
    int len = snprintf(topic, sizeof topic, "%s\n", origin);
    int result = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LIMIT_NOTE);
    result = result ? result : nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MIN);
    result = result ? result : nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX);
    result = result ? result : nng_socket_set(socket, NNG_OPT_SUB_SUBSCRIBE, topic, (size_t)len);
    return result ? result : nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK);
}

int announced_start(struct announced **out, const char *url, const char *origin, void (*heard)(void *context),
                    void *context, struct fault *fault) {
    struct announced *announced = calloc(1, sizeof *announced);
    if (announced == NULL)
        return DEPOSITARY_E_MEMORY;
    announced->heard = heard;
    announced->context = context;
    int result = nng_sub0_open(&announced->socket);
    if (result != 0) {
        free(announced);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no socket for announcements: %s", nng_strerror(result));
    }
    result = set_up_socket(announced->socket, url, origin);
    int error = result == 0 ? 0 : fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s: %s", url, nng_strerror(result));
    if (error == 0 && pthread_create(&announced->thread, NULL, run, announced) != 0)
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "no thread for announcements");
    if (error) {
        (void)socket_close(announced->socket);
        free(announced);
        return error;
    }
    *out = announced;
    return 0;
}

void announced_stop(struct announced *announced) {
    if (announced == NULL)
        return;
    (void)socket_close(announced->socket);
    pthread_join(announced->thread, NULL);
    free(announced);
}
