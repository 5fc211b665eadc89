/* Telling callers (courier.h). */
#include "client/courier.h"

#include <pthread.h>
#include <stdlib.h>

struct courier {
    pthread_mutex_t lock;
    pthread_cond_t more;  /* a parcel came, or it is to end */
    pthread_cond_t quiet; /* nothing is expected */
    pthread_t thread;
    bool has_thread;
    bool is_ending;
    struct parcel *first;
    struct parcel **end;
    size_t expected; /* not delivered yet */
    void (*last)(void *context);
    void *last_context;
};

int courier_new(struct courier **out) {
    struct courier *courier = calloc(1, sizeof *courier);
    if (courier == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    if (pthread_mutex_init(&courier->lock, NULL) != 0) {
        free(courier);
        return DEPOSITARY_E_MEMORY;
    }
    if (pthread_cond_init(&courier->more, NULL) != 0) {
        (void)pthread_mutex_destroy(&courier->lock);
        free(courier);
        return DEPOSITARY_E_MEMORY;
    }
    if (pthread_cond_init(&courier->quiet, NULL) != 0) {
        (void)pthread_cond_destroy(&courier->more);
        (void)pthread_mutex_destroy(&courier->lock);
        free(courier);
        return DEPOSITARY_E_MEMORY;
    }
    courier->end = &courier->first;
    *out = courier;
    return 0;
}

static void courier_free(struct courier *courier) {
    (void)pthread_cond_destroy(&courier->quiet);
    (void)pthread_cond_destroy(&courier->more);
    (void)pthread_mutex_destroy(&courier->lock);
    free(courier);
}

/* The next parcel, waited for; NULL where it is to end, and there is none left. */
static struct parcel *take(struct courier *courier) {
    pthread_mutex_lock(&courier->lock);
    while (courier->first == NULL && !courier->is_ending) {
        pthread_cond_wait(&courier->more, &courier->lock);
    }
    struct parcel *parcel = courier->first;
    if (parcel != NULL) {
        courier->first = parcel->next;
        if (courier->first == NULL) {
            courier->end = &courier->first;
        }
    }
    pthread_mutex_unlock(&courier->lock);
    return parcel;
}

static void deliver(struct courier *courier, struct parcel *parcel) {
    parcel->done(parcel->context, parcel->answer);
    free(parcel);
    pthread_mutex_lock(&courier->lock);
    if (--courier->expected == 0) {
        pthread_cond_broadcast(&courier->quiet);
    }
    pthread_mutex_unlock(&courier->lock);
}

static void *run(void *argument) {
    struct courier *courier = argument;
    struct parcel *parcel;
    while ((parcel = take(courier)) != NULL) {
        deliver(courier, parcel);
        if (courier->last != NULL) { /* set by that callback, on this thread */
            courier->last(courier->last_context);
            return NULL; /* the courier is gone */
        }
    }
    return NULL;
}

struct parcel *courier_expect(struct courier *courier, depositary_done *done, void *context) {
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (parcel == NULL) {
        return NULL;
    }
    parcel->done = done;
    parcel->context = context;
    pthread_mutex_lock(&courier->lock);
    if (!courier->has_thread) {
        courier->has_thread = pthread_create(&courier->thread, NULL, run, courier) == 0;
    }
    bool is_fine = courier->has_thread;
    courier->expected += is_fine;
    pthread_mutex_unlock(&courier->lock);
    if (!is_fine) {
        free(parcel);
        return NULL;
    }
    return parcel;
}

void courier_post(struct courier *courier, struct parcel *parcel, depositary_answer *answer) {
    parcel->answer = answer;
    parcel->next = NULL;
    pthread_mutex_lock(&courier->lock);
    *courier->end = parcel;
    courier->end = &parcel->next;
    pthread_cond_signal(&courier->more);
    pthread_mutex_unlock(&courier->lock);
}

bool courier_is_here(struct courier *courier) {
    pthread_mutex_lock(&courier->lock);
    bool is_here = courier->has_thread && pthread_equal(pthread_self(), courier->thread);
    pthread_mutex_unlock(&courier->lock);
    return is_here;
}

void courier_wait(struct courier *courier) {
    pthread_mutex_lock(&courier->lock);
    while (courier->expected > 0) {
        pthread_cond_wait(&courier->quiet, &courier->lock);
    }
    pthread_mutex_unlock(&courier->lock);
}

void courier_leave(struct courier *courier, void (*last)(void *context), void *context) {
    courier->last = last;
    courier->last_context = context;
}

void courier_close(struct courier *courier) {
    if (courier == NULL) {
        return;
    }
    struct parcel *parcel;
    bool is_here = courier_is_here(courier);
    pthread_mutex_lock(&courier->lock);
    courier->is_ending = true;
    pthread_cond_signal(&courier->more);
    pthread_mutex_unlock(&courier->lock);
    if (is_here) {
        while ((parcel = take(courier)) != NULL) {
            deliver(courier, parcel);
        }
        (void)pthread_detach(courier->thread);
    } else if (courier->has_thread) {
        (void)pthread_join(courier->thread, NULL);
    }
    courier_free(courier);
}
