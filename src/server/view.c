/* Views (view.h). */
#include "server/view.h"

#include "server/shelf.h"

#include <pthread.h>
#include <stdlib.h>

struct views {
    pthread_mutex_t lock; /* over current */
    struct view *current;
    struct ledger *ledger;
    size_t cache_capacity;
    size_t shelf_capacity;
};

static int view_new(struct view **out, const struct views *views) {
    struct view *view = calloc(1, sizeof(*view));
    if (!view) {
        return DEPOSITARY_E_MEMORY;
    }
    int error = cache_new(&view->cache, views->cache_capacity);
    error = error ? error : shelf_new(&view->shelf, views->shelf_capacity);
    if (error) {
        cache_free(view->cache);
        free(view);
        return error;
    }
    view->state = ledger_state_take(views->ledger);
    view->holders = 1;
    *out = view;
    return 0;
}

void view_release(struct view *view) {
    if (__atomic_sub_fetch(&view->holders, 1, __ATOMIC_ACQ_REL) == 0) {
        ledger_state_release(view->state);
        cache_free(view->cache);
        shelf_free(view->shelf);
        free(view);
    }
}

int views_new(struct views **out, struct ledger *ledger, size_t cache_capacity, size_t shelf_capacity) {
    struct views *views = calloc(1, sizeof(*views));
    if (!views || pthread_mutex_init(&views->lock, NULL) != 0) {
        free(views);
        return DEPOSITARY_E_MEMORY;
    }
    views->ledger = ledger;
    views->cache_capacity = cache_capacity;
    views->shelf_capacity = shelf_capacity;
    int error = view_new(&views->current, views);
    if (error) {
        views_free(views);
        return error;
    }
    *out = views;
    return 0;
}

void views_free(struct views *views) {
    if (!views) {
        return;
    }
    if (views->current) {
        view_release(views->current);
    }
    pthread_mutex_destroy(&views->lock);
    free(views);
}

struct view *view_take(struct views *views) {
    pthread_mutex_lock(&views->lock);
    struct view *view = views->current;
    __atomic_add_fetch(&view->holders, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&views->lock);
    return view;
}

int views_advance(struct views *views) {
    struct view *next = NULL;
    int error = view_new(&next, views);
    if (error) {
        return error;
    }
    pthread_mutex_lock(&views->lock);
    struct view *before = views->current;
    views->current = next;
    pthread_mutex_unlock(&views->lock);
    view_release(before);
    return 0;
}
