/* A build without libpq (postgres.h). */
#include "postgres/postgres.h"

static int absent(struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                     "this build has no PostgreSQL; build with -DDEPOSITARY_POSTGRESQL=ON, which needs libpq-dev");
}

int postgres_check_url(const char *url, struct fault *fault) {
    (void)url;
    return absent(fault);
}

int postgres_shared_new(struct shared **out, const char *url, struct fault *fault) {
    (void)out;
    (void)url;
    return absent(fault);
}

int postgres_source_new(struct source **out, const char *url, struct fault *fault) {
    (void)out;
    (void)url;
    return absent(fault);
}

int postgres_listener_start(struct postgres_listener **out, const char *url, void (*heard)(void *context),
                            void *context, struct fault *fault) {
    (void)out;
    (void)url;
    (void)heard;
    (void)context;
    return absent(fault);
}

void postgres_listener_stop(struct postgres_listener *listener) {
    (void)listener;
}

bool postgres_is_dialling(void) {
    return false;
}
