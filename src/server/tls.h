/*
 * Certificate and key for tls+tcp://, taken anew when their files change, without a restart: connections that are there live on, new ones get the new
 * certificate. TLS says only that the way is private; authority comes from signatures in the messages.
 */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include "base/error.h"

#include <nng/nng.h>
#include <stdbool.h>

struct tls;

struct tls_files {
    const char *cert;      /* PEM, the chain */
    const char *key;       /* PEM, no access for others */
    const char *client_ca; /* PEM; NULL: clients need no certificate */
};

/** Reads the files, and tries them by a connection to itself. The names outlive it. DEPOSITARY_E_MISSING, _PERMISSION, _FORMAT, _IO with the reason. */
MUST_USE int tls_new(struct tls **out, const struct tls_files *files, struct fault *fault);
void tls_free(struct tls *tls); /* NULL is fine; every socket that it was given to is closed */
/** For a listener of tls+tcp://, before it starts and after each tls_reload. */
MUST_USE int tls_give(struct tls *tls, nng_listener listener, struct fault *fault);
/** Whether a file is another than the one that was read (or tried) last. */
bool tls_has_changed(const struct tls *tls);
/** Reads the files again. Where they cannot be used, what was there stays. */
MUST_USE int tls_reload(struct tls *tls, struct fault *fault);
/** Whether clients must have a certificate. */
bool tls_wants_client(const struct tls *tls);

/** For a dialer of the own front door: no server is judged, and the own certificate is shown where one is wanted. tls may be NULL. */
MUST_USE int tls_give_dialer(const struct tls *tls, nng_dialer dialer);

#endif
