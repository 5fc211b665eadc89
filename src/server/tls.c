/* Certificates (tls.h). */
#include "server/tls.h"

#include "base/file.h"
#include "rpc/socket.h"

#include <nng/protocol/pair0/pair.h>
#include <nng/supplemental/tls/tls.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PEM_MAX (256u * 1024) /* bytes of a file */

enum { FILE_CERT, FILE_KEY, FILE_CLIENT_CA, FILES };

/* What tells one file from another in its place. */
struct mark {
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* Read into memory as the strings that nng takes. */
struct pem {
    char *cert;
    char *key;
    char *client_ca;
};

struct tls {
    const char *paths[FILES]; /* NULL where there is none */
    struct mark marks[FILES];
    pthread_mutex_t lock; /* over what follows */
    struct pem pem;
    nng_tls_config *current;
    struct pem
        pem_before; /* nng may still be looking at the one before when another is given, so it is kept until the next */
    nng_tls_config *before;
};

/* ---- files */

static struct mark mark_of(const char *path) {
    struct stat info;
    if (!path || stat(path, &info) != 0) {
        return (struct mark){0};
    }
    return (struct mark){.inode = info.st_ino, .size = info.st_size, .changed = info.st_mtim};
}

static bool mark_equal(const struct mark *a, const struct mark *b) {
    return a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static void take_marks(struct tls *tls) {
    for (unsigned i = 0; i < FILES; i++) {
        tls->marks[i] = mark_of(tls->paths[i]);
    }
}

bool tls_has_changed(const struct tls *tls) {
    for (unsigned i = 0; i < FILES; i++) {
        struct mark mark = mark_of(tls->paths[i]);
        if (!mark_equal(&mark, &tls->marks[i])) {
            return true;
        }
    }
    return false;
}

/* A key that everybody can read is nobody's. */
static int read_pem(char **out, const char *path, bool is_key, struct fault *fault) {
    struct buffer buffer;
    buffer_init(&buffer, PEM_MAX);
    int error = path ? (is_key ? file_read_private : file_read)(&buffer, path, fault) : 0;
    if (!error && path) {
        *out = buffer_take_text(&buffer);
        error = *out ? 0 : fault_set(fault, DEPOSITARY_E_MEMORY, "%s: no memory to read it", path);
    }
    buffer_free(&buffer);
    return error;
}

static void pem_clear(struct pem *pem) {
    if (pem->key) {
        sodium_memzero(pem->key, strlen(pem->key));
    }
    free(pem->cert);
    free(pem->key);
    free(pem->client_ca);
    *pem = (struct pem){0};
}

static int pem_read(struct pem *out, const struct tls *tls, struct fault *fault) {
    int error = read_pem(&out->cert, tls->paths[FILE_CERT], false, fault);
    error = error ? error : read_pem(&out->key, tls->paths[FILE_KEY], true, fault);
    return error ? error : read_pem(&out->client_ca, tls->paths[FILE_CLIENT_CA], false, fault);
}

/* ---- configurations */

/* 1.3 where the library has it, and never less than 1.2. */
static int set_versions(nng_tls_config *config) {
    return nng_tls_config_version(config, NNG_TLS_1_2, NNG_TLS_1_3) == 0
               ? 0
               : nng_tls_config_version(config, NNG_TLS_1_2, NNG_TLS_1_2);
}

static int set_up(nng_tls_config *config, const struct tls *tls, const struct pem *pem, struct fault *fault) {
    int error = set_versions(config);
    if (error) {
        return fault_set(fault, DEPOSITARY_E_STATE, "TLS 1.2 is not to be had: %s", nng_strerror(error));
    }
    if ((error = nng_tls_config_own_cert(config, pem->cert, pem->key, NULL))) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s, %s: no certificate and key in PEM: %s", tls->paths[FILE_CERT],
                         tls->paths[FILE_KEY], nng_strerror(error));
    }
    if (pem->client_ca && (error = nng_tls_config_ca_chain(config, pem->client_ca, NULL))) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s: no certificates in PEM: %s", tls->paths[FILE_CLIENT_CA],
                         nng_strerror(error));
    }
    error = nng_tls_config_auth_mode(config, pem->client_ca ? NNG_TLS_AUTH_MODE_REQUIRED : NNG_TLS_AUTH_MODE_NONE);
    return error ? fault_set(fault, DEPOSITARY_E_STATE, "TLS: %s", nng_strerror(error)) : 0;
}

/* A handshake with ourselves: nng takes a certificate and a key that do not belong together, and every connection would then fail. */
static int shake_hands(nng_socket server, nng_socket client, nng_tls_config *config) {
    nng_listener listener;
    nng_dialer dialer;
    char url[64];
    int port = 0;
    int error = nng_listener_create(&listener, server, "tls+tcp://127.0.0.1:0");
    error = error ? error : nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config);
    error = error ? error : nng_listener_start(listener, 0);
    error = error ? error : nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port);
    snprintf(url, sizeof(url), "tls+tcp://127.0.0.1:%d", port);
    error = error ? error : nng_dialer_create(&dialer, client, url);
    error = error || tls_give_dialer(NULL, dialer) != 0 ? NNG_ECRYPTO : 0;
    return error ? error : nng_dialer_start(dialer, 0);
}

static int try_pair(const struct pem *pem) {
    nng_tls_config *config = NULL;
    nng_socket server = NNG_SOCKET_INITIALIZER;
    nng_socket client = NNG_SOCKET_INITIALIZER;
    int error = nng_tls_config_alloc(&config, NNG_TLS_MODE_SERVER);
    error = error ? error : nng_tls_config_own_cert(config, pem->cert, pem->key, NULL);
    error = error ? error : nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_NONE);
    error = error ? error : nng_pair0_open(&server);
    error = error ? error : nng_pair0_open(&client);
    error = error ? error : nng_socket_set_size(server, NNG_OPT_RECVMAXSZ, 64);
    error = error ? error : shake_hands(server, client, config);
    (void)socket_close(client);
    (void)socket_close(server);
    if (config) {
        nng_tls_config_free(config);
    }
    return error;
}

static int load(struct pem *pem, nng_tls_config **out, const struct tls *tls, struct fault *fault) {
    nng_tls_config *config = NULL;
    int error = pem_read(pem, tls, fault);
    if (!error && nng_tls_config_alloc(&config, NNG_TLS_MODE_SERVER) != 0) {
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for TLS, or an nng without it");
    }
    error = error ? error : set_up(config, tls, pem, fault);
    if (!error && try_pair(pem) != 0) {
        error = fault_set(fault, DEPOSITARY_E_FORMAT,
                          "%s, %s: no connection comes about with them; do certificate and key belong together?",
                          tls->paths[FILE_CERT], tls->paths[FILE_KEY]);
    }
    if (error) {
        if (config) {
            nng_tls_config_free(config);
        }
        pem_clear(pem);
        return error;
    }
    *out = config;
    return 0;
}

int tls_new(struct tls **out, const struct tls_files *files, struct fault *fault) {
    struct tls *tls = calloc(1, sizeof(*tls));
    if (!tls || pthread_mutex_init(&tls->lock, NULL) != 0) {
        free(tls);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for TLS");
    }
    tls->paths[FILE_CERT] = files->cert;
    tls->paths[FILE_KEY] = files->key;
    tls->paths[FILE_CLIENT_CA] = files->client_ca;
    take_marks(tls);
    int error = load(&tls->pem, &tls->current, tls, fault);
    if (error) {
        tls_free(tls);
        return error;
    }
    *out = tls;
    return 0;
}

static void drop_before(struct tls *tls) {
    if (tls->before) {
        nng_tls_config_free(tls->before);
        tls->before = NULL;
    }
    pem_clear(&tls->pem_before);
}

void tls_free(struct tls *tls) {
    if (!tls) {
        return;
    }
    drop_before(tls);
    if (tls->current) {
        nng_tls_config_free(tls->current);
    }
    pem_clear(&tls->pem);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

int tls_give(struct tls *tls, nng_listener listener, struct fault *fault) {
    pthread_mutex_lock(&tls->lock);
    int error = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, tls->current);
    pthread_mutex_unlock(&tls->lock);
    return error ? fault_set(fault, DEPOSITARY_E_STATE, "TLS: %s", nng_strerror(error)) : 0;
}

int tls_reload(struct tls *tls, struct fault *fault) {
    struct pem pem = {0};
    nng_tls_config *config = NULL;
    take_marks(tls);
    int error = load(&pem, &config, tls, fault);
    if (error) {
        return error;
    }
    pthread_mutex_lock(&tls->lock);
    drop_before(tls);
    tls->before = tls->current;
    tls->pem_before = tls->pem;
    tls->current = config;
    tls->pem = pem;
    pthread_mutex_unlock(&tls->lock);
    return 0;
}

bool tls_wants_client(const struct tls *tls) {
    return tls->paths[FILE_CLIENT_CA] != NULL;
}

int tls_give_dialer(const struct tls *tls, nng_dialer dialer) {
    nng_tls_config *config = NULL;
    int error = nng_tls_config_alloc(&config, NNG_TLS_MODE_CLIENT);
    if (error) {
        return DEPOSITARY_E_MEMORY;
    }
    error = set_versions(config);
    error = error ? error : nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_NONE);
    if (!error && tls && tls_wants_client(tls)) {
        struct tls *mine = (struct tls *)(uintptr_t)tls;
        pthread_mutex_lock(&mine->lock);
        error = nng_tls_config_own_cert(config, tls->pem.cert, tls->pem.key, NULL);
        pthread_mutex_unlock(&mine->lock);
    }
    error = error ? error : nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config);
    nng_tls_config_free(config);
    return error ? DEPOSITARY_E_STATE : 0;
}
