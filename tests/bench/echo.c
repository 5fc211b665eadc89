/* The comparator: nng's REP0 and nothing else. Answers every request with the same number of bytes, with contexts and callbacks as the service has. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTEXTS 256

struct echo {
    nng_ctx context;
    nng_aio *aio;
    int is_sending;
};

static size_t answer_len;
static const char *answer_data;

static void check(int error, const char *what) {
    if (error == 0)
        return;
    fprintf(stderr, "%s: %s\n", what, nng_strerror(error));
    exit(1);
}

static void next(void *argument) {
    struct echo *echo = argument;
    if (nng_aio_result(echo->aio) != 0 || echo->is_sending) {
        echo->is_sending = 0;
        nng_ctx_recv(echo->context, echo->aio);
        return;
    }
    nng_msg *message = nng_aio_get_msg(echo->aio);
    nng_msg_free(message);
    check(nng_msg_alloc(&message, answer_len), "message");
    memcpy(nng_msg_body(message), answer_data, answer_len);
    nng_aio_set_msg(echo->aio, message);
    echo->is_sending = 1;
    nng_ctx_send(echo->context, echo->aio);
}

int main(int argc, char **argv) {
    static struct echo echoes[CONTEXTS];
    nng_socket socket;
    if (argc != 3) {
        fprintf(stderr, "usage: bench_echo URL BYTES\n");
        return 2;
    }
    answer_len = strtoul(argv[2], NULL, 10);
    answer_data = calloc(1, answer_len + 1);
    check(nng_rep0_open(&socket), "socket");
    check(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 8u << 20), "limit");
    for (int i = 0; i < CONTEXTS; i++) {
        check(nng_ctx_open(&echoes[i].context, socket), "context");
        check(nng_aio_alloc(&echoes[i].aio, next, &echoes[i]), "aio");
    }
    check(nng_listen(socket, argv[1], NULL, 0), argv[1]);
    for (int i = 0; i < CONTEXTS; i++)
        nng_ctx_recv(echoes[i].context, echoes[i].aio);
    for (;;)
        pause();
}
