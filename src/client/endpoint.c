/* Sockets and TLS of the endpoints (endpoint.h). PROTOCOL.md section 4. */
#include "client/endpoint.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/url.h"

#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>
#include <sodium.h>

#define PEM_MAX       (256u * 1024) /* bytes */
#define RECONNECT_MIN 50            /* ms; doubled by nng after each failure, with jitter */
#define RECONNECT_MAX 1000          /* ms; a call waits three seconds for a service that was never there */

int endpoint_fault(struct fault *fault, int otherwise, const char *what, int result) {
    return fault_set(fault, result == NNG_ENOMEM ? DEPOSITARY_E_MEMORY : otherwise, "%s: %s", what,
                     nng_strerror(result));
}

static int set_options(nng_socket socket) {
    int error = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LIMIT_SOCKET);
    if (error == 0) {
        error = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    }
    if (error == 0) {
        error = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MIN);
    }
    return error ? error : nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX);
}

static int read_pem(struct buffer *out, const char *path, bool is_key, struct fault *fault) {
    buffer_init(out, PEM_MAX);
    int error = (is_key ? file_read_private : file_read)(out, path, fault);
    if (error == 0) {
        buffer_append_byte(out, 0); /* nng wants a text */
        error = out->error;
    }
    return error;
}

/* The client's own certificate and key, where it has any. */
static int set_own_certificate(nng_tls_config *tls, const struct connect_config *config, struct fault *fault) {
    struct buffer certificate;
    struct buffer key;
    if (config->cert_file == NULL || config->cert_file[0] == '\0') {
        return 0;
    }
    if (config->key_file == NULL || config->key_file[0] == '\0') {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "a certificate needs its key");
    }
    int error = read_pem(&certificate, config->cert_file, false, fault);
    buffer_init(&key, PEM_MAX);
    if (error == 0) {
        error = read_pem(&key, config->key_file, true, fault);
    }
    if (error == 0) {
        int result = nng_tls_config_own_cert(tls, (const char *)certificate.data, (const char *)key.data, NULL);
        error = result ? endpoint_fault(fault, DEPOSITARY_E_ARGUMENT, config->cert_file, result) : 0;
    }
    if (key.data != NULL) {
        sodium_memzero(key.data, key.len);
    }
    buffer_free(&key);
    buffer_free(&certificate);
    return error;
}

static int set_authority(nng_tls_config *tls, const char *url, const struct connect_config *config,
                         struct fault *fault) {
    bool has_ca = config->ca_file != NULL && config->ca_file[0] != '\0';
    if (config->is_insecure) {
        if (!url_is_loopback(url)) {
            return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                             "%s: only a service on this machine's loopback may go without a check of its certificate",
                             url);
        }
        int result = nng_tls_config_auth_mode(tls, NNG_TLS_AUTH_MODE_NONE);
        return result ? endpoint_fault(fault, DEPOSITARY_E_STATE, "nng", result) : 0;
    }
    if (!has_ca) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "tls+tcp:// needs a file with the certificates of its authority");
    }
    int result = nng_tls_config_auth_mode(tls, NNG_TLS_AUTH_MODE_REQUIRED);
    if (result == 0) {
        result = nng_tls_config_ca_file(tls, config->ca_file);
    }
    return result ? endpoint_fault(fault, DEPOSITARY_E_ARGUMENT, config->ca_file, result) : 0;
}

/* A configuration that we set takes the place of nng's own, which would know the name: without one any name would do. */
static int make_tls(struct endpoint *endpoint, const char *url, const struct connect_config *config,
                    struct fault *fault) {
    char host[URL_HOST_MAX + 1];
    if (!url_host(host, url)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "\"%s\" names no host", url);
    }
    int result = nng_tls_config_alloc(&endpoint->tls, NNG_TLS_MODE_CLIENT);
    if (result == 0) {
        result = nng_tls_config_server_name(endpoint->tls, host);
    }
    if (result != 0) {
        return endpoint_fault(fault, DEPOSITARY_E_STATE, "nng", result);
    }
    int error = set_authority(endpoint->tls, url, config, fault);
    return error ? error : set_own_certificate(endpoint->tls, config, fault);
}

static int make_dialer(struct endpoint *endpoint, const char *url, nng_dialer *dialer, struct fault *fault) {
    int result = nng_dialer_create(dialer, endpoint->socket, url);
    if (result == 0 && endpoint->tls != NULL) {
        result = nng_dialer_set_ptr(*dialer, NNG_OPT_TLS_CONFIG, endpoint->tls);
    }
    if (result == 0 && !url_is_ipc(url)) { /* a peer whose machine is gone is noticed */
        (void)nng_dialer_set_bool(*dialer, NNG_OPT_TCP_KEEPALIVE, true);
    }
    return result ? endpoint_fault(fault, DEPOSITARY_E_ARGUMENT, url, result) : 0;
}

int endpoint_open(struct endpoint *endpoint, const char *url, const struct connect_config *config, nng_pipe_cb told,
                  nng_dialer *dialer, struct fault *fault) {
    if (!url_is_known(url)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "\"%s\" is no endpoint: tcp://HOST:PORT, ipc://PATH or tls+tcp://HOST:PORT", url);
    }
    int error = url_is_tls(url) ? make_tls(endpoint, url, config, fault) : 0;
    if (error) {
        return error;
    }
    int result = nng_req0_open(&endpoint->socket);
    endpoint->has_socket = result == 0;
    if (result == 0) {
        result = set_options(endpoint->socket);
    }
    if (result == 0) {
        result = nng_pipe_notify(endpoint->socket, NNG_PIPE_EV_ADD_POST, told, endpoint);
    }
    if (result == 0) {
        result = nng_pipe_notify(endpoint->socket, NNG_PIPE_EV_REM_POST, told, endpoint);
    }
    return result ? endpoint_fault(fault, DEPOSITARY_E_STATE, "nng", result)
                  : make_dialer(endpoint, url, dialer, fault);
}

void endpoint_close(struct endpoint *endpoint) {
    if (endpoint->tls != NULL) {
        nng_tls_config_free(endpoint->tls);
    }
    endpoint->tls = NULL;
}
