/* A service for tests that does what it is told: a REP socket whose answers a function makes, and orders a line each on standard input. */
#ifndef TESTS_TOLD_SERVICE_H
#define TESTS_TOLD_SERVICE_H

#include "base/bytes.h"

struct told_service {
    void *context;
    /** Appends the encoded Response to that encoded Request. */
    void (*answer)(void *context, struct bytes request, struct buffer *response);
    /** Does what a line says; what it prints comes before the "ok". False: it is not understood, which is answered by "what?". */
    bool (*obey)(void *context, char *line);
};

/** Listens; false, and told, where it cannot. */
bool told_service_open(const char *url);
/** Serves and obeys until the end of standard input. */
void told_service_run(const struct told_service *service);

#endif
