/* depositaryd: what it was told, then what it does. depositaryd(8). */
#include "base/log.h"
#include "base/time.h"
#include "postgres/postgres.h"
#include "rpc/socket.h"
#include "server/answer_key.h"
#include "server/config.h"
#include "server/door.h"
#include "server/notify.h"
#include "server/process.h"
#include "server/running.h"

#include <nng/nng.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 5000 /* between looks at the certificates */

enum { EXIT_OK = 0, EXIT_NO = 1, EXIT_NOT_VERIFIED = 4 };

static int exit_code(const struct fault *fault) {
    bool is_ledger = fault->error == DEPOSITARY_E_DAMAGED || fault->error == DEPOSITARY_E_RULE ||
                     depositary_error_is_verification(fault->error);
    return is_ledger ? EXIT_NOT_VERIFIED : EXIT_NO;
}

/* Until a signal ends the daemon, which is returned, or 0: it can only go on as another process. Meanwhile the certificates are looked at, and the service
 * manager hears that we live. */
static int wait_for_end(struct running *running, const sigset_t *awaited) {
    uint64_t watchdog_ms = notify_watchdog_ms();
    uint64_t tick_ms = watchdog_ms > 0 && watchdog_ms < TICK_MS ? watchdog_ms : TICK_MS;
    const struct timespec tick = {.tv_sec = (time_t)(tick_ms / 1000), .tv_nsec = (long)(tick_ms % 1000 * NS_PER_MS)};
    for (;;) {
        int number = sigtimedwait(awaited, NULL, &tick);
        if (number == SIGTERM || number == SIGINT) {
            return number;
        }
        if (running_is_stuck(running)) {
            return 0;
        }
        if (number == SIGHUP) {
            notify_reloading();
            running_reload(running);
            notify_ready();
        } else if (running_has_changed(running)) {
            running_reload(running);
        }
        if (watchdog_ms > 0 && running_is_alive(running)) {
            notify_alive();
        }
    }
}

/* Who still sends calls here sees meanwhile that it should not; another signal ends the waiting. */
static void leave(struct running *running, unsigned delay_s, const sigset_t *awaited) {
    if (delay_s == 0) {
        return;
    }
    running_leave(running);
    uint64_t end_ns = clock_monotonic_ns() + (uint64_t)delay_s * NS_PER_S;
    for (;;) {
        uint64_t now_ns = clock_monotonic_ns();
        if (now_ns >= end_ns) {
            return;
        }
        const struct timespec left = {.tv_sec = (time_t)((end_ns - now_ns) / NS_PER_S),
                                      .tv_nsec = (long)((end_ns - now_ns) % NS_PER_S)};
        int number = sigtimedwait(awaited, NULL, &left);
        if (number == SIGTERM || number == SIGINT) {
            return;
        }
    }
}

static const char *why_it_ends(int signal_number) {
    return signal_number == SIGINT ? "SIGINT" : signal_number == SIGTERM ? "SIGTERM" : "none, to be started again";
}

static int serve(const struct config *config, const sigset_t *awaited) {
    struct running *running = NULL;
    struct fault fault = {0};
    int error = running_start(&running, config, &fault);
    if (error) {
        fault.error = error;
        log_line(LOG_LEVEL_ERROR, "cannot serve", "reason", fault_text(&fault), NULL);
        return exit_code(&fault);
    }
    notify_ready();
    int signal_number = wait_for_end(running, awaited);
    notify_stopping();
    log_line(LOG_LEVEL_INFO, "draining", "signal", why_it_ends(signal_number), NULL);
    leave(running, config->drain_delay_s, awaited);
    running_drain(running, config->drain_timeout_s);
    running_stop(running);
    log_line(LOG_LEVEL_INFO, "stopped", NULL);
    return signal_number == 0 ? EXIT_NO : EXIT_OK;
}

static int check(const struct config *config) {
    struct fault fault = {0};
    int error = running_check(config, &fault);
    if (error) {
        fault.error = error;
        fprintf(stderr, "depositaryd: %s\n", fault_text(&fault));
        return exit_code(&fault);
    }
    return EXIT_OK;
}

/* The certificate that a door which wants one is shown. */
static int open_tls(struct tls **out, const struct config *config) {
    const struct tls_files files = {config->tls_cert, config->tls_key, config->tls_client_ca};
    struct fault fault = {0};
    int error = config->tls_client_ca ? tls_new(out, &files, &fault) : 0;
    if (error) {
        fault.error = error;
        fprintf(stderr, "depositaryd: %s\n", fault_text(&fault));
    }
    return error;
}

static int probe(const struct config *config) {
    static const char *const words[] = {"serving", "not serving", "no answer", "no connection",
                                        "no descriptor or memory left"};
    int code = EXIT_OK;
    struct tls *tls = NULL;
    if (open_tls(&tls, config) != 0) {
        return EXIT_NO;
    }
    for (size_t i = 0; i < config->listen_count; i++) {
        enum door door = door_knock(config->listen[i], tls, DOOR_TIMEOUT_MS);
        printf("%s: %s\n", config->listen[i], words[door]);
        code = door == DOOR_SERVING ? code : EXIT_NO;
    }
    if (code != EXIT_OK && config->is_listen_default) {
        printf("No listener was named; where the daemon has others, name them in DEPOSITARY_LISTEN for both.\n");
    }
    tls_free(tls);
    return code;
}

static int print_key_request(const struct config *config, bool is_next) {
    struct answer_key key = {0};
    struct fault fault = {0};
    int error =
        is_next ? answer_key_open_next(&key, config->data, true, &fault) : answer_key_open(&key, config->data, &fault);
    if (error) {
        fault.error = error;
        fprintf(stderr, "depositaryd: %s\n", fault_text(&fault));
        return EXIT_NO;
    }
    char text[sodium_base64_ENCODED_LEN(PUBLIC_KEY_LEN, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text, sizeof(text), key.public_key, sizeof(key.public_key), sodium_base64_VARIANT_ORIGINAL);
    answer_key_close(&key);
    printf("%s\n", text);
    fprintf(stderr,
            "This is the %s of this service. At the office, authorise it with:\n"
            "  depositary key authorise %s --holder NAME\n",
            is_next ? "next answer key" : "answer key", text);
    return EXIT_OK;
}

int main(int argc, char **argv) {
    static struct config config; /* some kilobytes */
    int status = config_read(&config, argc, argv);
    if (status >= 0) {
        return status;
    }
    sigset_t awaited;
    process_prepare(&awaited, config.cpus);
    log_setup(config.log_level, config.log_format);
    if (sodium_init() < 0) {
        fprintf(stderr, "depositaryd: libsodium cannot be used here\n");
        return EXIT_NO;
    }
    switch (config.action) {
    case ACTION_CHECK:
        return check(&config);
    case ACTION_PROBE:
        status = probe(&config);
        break;
    case ACTION_PRINT_KEY_REQUEST:
        return print_key_request(&config, false);
    case ACTION_PRINT_NEXT_KEY_REQUEST:
        return print_key_request(&config, true);
    case ACTION_SERVE:
    default:
        status = serve(&config, &awaited);
        break;
    }
    /* nng_fini can abort where a connection never came about, as in a start that failed. */
    if (status == EXIT_OK && socket_none_left()) {
        nng_fini();
    }
    if (postgres_is_dialling()) { /* what exit would call takes down libraries under a thread that is in them */
        fflush(NULL);
        _exit(status);
    }
    return status;
}
