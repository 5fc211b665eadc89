/* Threads for long calls (workers.h). */
#include "server/workers.h"

#include <pthread.h>
#include <stdlib.h>

struct workers {
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    struct work *first;
    struct work **last;
    unsigned waiting;
    unsigned queue_max;
    bool is_stopping;
    unsigned threads_count;
    pthread_t threads[];
};

/* NULL only when it stops. */
static struct work *take(struct workers *workers) {
    pthread_mutex_lock(&workers->lock);
    while (!workers->first && !workers->is_stopping) {
        pthread_cond_wait(&workers->wake, &workers->lock);
    }
    struct work *work = workers->first;
    if (work) {
        workers->first = work->next;
        workers->waiting--;
    }
    if (!workers->first) {
        workers->last = &workers->first;
    }
    pthread_mutex_unlock(&workers->lock);
    return work;
}

static void *run(void *context) {
    struct workers *workers = context;
    for (struct work *work; (work = take(workers));) {
        work->run(work);
    }
    return NULL;
}

int workers_start(struct workers **out, unsigned threads, unsigned queue_max, struct fault *fault) {
    struct workers *workers = calloc(1, sizeof(*workers) + threads * sizeof(workers->threads[0]));
    if (!workers) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for worker threads");
    }
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
    workers->last = &workers->first;
    workers->queue_max = queue_max;
    while (workers->threads_count < threads &&
           pthread_create(&workers->threads[workers->threads_count], NULL, run, workers) == 0) {
        workers->threads_count++;
    }
    if (workers->threads_count < threads) {
        workers_stop(workers);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no threads for long calls");
    }
    *out = workers;
    return 0;
}

void workers_stop(struct workers *workers) {
    if (!workers) {
        return;
    }
    pthread_mutex_lock(&workers->lock);
    workers->is_stopping = true;
    pthread_mutex_unlock(&workers->lock);
    pthread_cond_broadcast(&workers->wake);
    for (unsigned i = 0; i < workers->threads_count; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    pthread_cond_destroy(&workers->wake);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}

bool workers_add(struct workers *workers, struct work *work) {
    work->next = NULL;
    pthread_mutex_lock(&workers->lock);
    bool has_room = workers->waiting < workers->queue_max;
    if (has_room) {
        *workers->last = work;
        workers->last = &work->next;
        workers->waiting++;
    }
    pthread_mutex_unlock(&workers->lock);
    if (has_room) {
        pthread_cond_signal(&workers->wake);
    }
    return has_room;
}

unsigned workers_waiting(struct workers *workers) {
    pthread_mutex_lock(&workers->lock);
    unsigned waiting = workers->waiting;
    pthread_mutex_unlock(&workers->lock);
    return waiting;
}
