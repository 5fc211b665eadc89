/*
 * A file that has rotted is replaced while it is used: another is made beside it, from the ledger, and takes its place under the same name. Nobody
 * reads meanwhile but what still is as it was written (page_sums.h).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "catalog/catalog_internal.h"

/* A process that ends before the other file is ready makes it at its next start. */
static void mark(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->update_lock);
    if (catalog->writer)
        catalog_db_condemn(catalog->writer);
    pthread_mutex_unlock(&catalog->update_lock);
}

static int make(const char *path, struct catalog *catalog, uint64_t *size, struct fault *fault) {
    struct catalog *other = NULL;
    catalog_remove_file(path);
    int error = catalog_open(&other, path, catalog->ledger, fault);
    if (error)
        return error;
    other->is_unwanted = &catalog->is_stopping;
    error = catalog_update(other, fault);
    if (!error)
        error = catalog_tidy(other, fault);
    *size = catalog_size(other);
    catalog_close(other); /* merges its log */
    return error;
}

/* With nobody in it. What is at rest belongs to the file that goes. */
static int exchange(struct catalog *catalog, const char *path, uint64_t size, struct fault *fault) {
    uint64_t found = 0;
    __atomic_store_n(&catalog->is_gone, true, __ATOMIC_RELEASE);
    catalog_pool_empty(&catalog->pool);
    catalog_db_close(catalog->writer);
    catalog->writer = NULL;
    catalog_remove_file(catalog->path);
    int error = file_rename(path, catalog->path, fault);
    if (!error)
        error = catalog_open_writer(&catalog->writer, catalog->path, catalog->ledger, &found, fault);
    if (!error && found != size) /* it was made anew, with nothing in it */
        error = fault_set(fault, DEPOSITARY_E_IO, "catalog: what was made anew cannot be read");
    if (!error)
        error = standing_load(&catalog->standing, catalog->writer, fault);
    if (!error) {
        __atomic_store_n(&catalog->size, size, __ATOMIC_RELEASE);
        __atomic_store_n(&catalog->is_gone, false, __ATOMIC_RELEASE);
        __atomic_store_n(&catalog->is_rotten, false, __ATOMIC_RELEASE);
    }
    return error;
}

/* The log of one that could not be merged would be lost. */
static int has_no_log(char *path, struct fault *fault) {
    size_t len = strlen(path);
    strcpy(path + len, "-wal");
    bool has_log = access(path, F_OK) == 0;
    path[len] = '\0';
    return has_log ? fault_set(fault, DEPOSITARY_E_IO, "catalog: %s could not be written to its end", path) : 0;
}

int catalog_renew(struct catalog *catalog, struct fault *fault) {
    static const char suffix[] = ".new";
    uint64_t size = 0;
    if (!catalog->writer && !__atomic_load_n(&catalog->is_gone, __ATOMIC_ACQUIRE))
        return fault_set(fault, DEPOSITARY_E_STATE, "catalog: it is in memory");
    char *path = malloc(strlen(catalog->path) + sizeof suffix + sizeof "-wal");
    if (!path)
        return fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    strcpy(path, catalog->path);
    strcat(path, suffix);
    mark(catalog);
    int error = make(path, catalog, &size, fault);
    if (!error)
        error = has_no_log(path, fault);
    if (!error) {
        catalog_end_inspection(catalog);
        pthread_mutex_lock(&catalog->inspecting); /* first what may take long, while calls go on */
        pthread_mutex_lock(&catalog->update_lock);
        pthread_rwlock_wrlock(&catalog->use_lock);
        error = exchange(catalog, path, size, fault);
        pthread_rwlock_unlock(&catalog->use_lock);
        pthread_mutex_unlock(&catalog->update_lock);
        pthread_mutex_unlock(&catalog->inspecting);
    }
    if (error)
        catalog_remove_file(path);
    free(path);
    return error;
}
