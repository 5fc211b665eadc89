/* Reading a passphrase: from the terminal without echo, or from a file; never from an argument or the environment, which others can see. */
#include "cli/desk.h"

#include "base/file.h"
#include "office/key.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t signal_seen; /* a handler can tell its program by nothing else */

static void note_signal(int number) {
    signal_seen = number;
}

/* Signals end the reading instead of the program, so that the terminal gets its echo back first. */
static void catch_signals(struct sigaction before[SIGNALS]) {
    struct sigaction action = {.sa_handler = note_signal}; /* no SA_RESTART: read(2) is to end */
    sigemptyset(&action.sa_mask);
    signal_seen = 0;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &action, &before[i]);
    }
}

static void release_signals(const struct sigaction before[SIGNALS]) {
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &before[i], NULL);
    }
    if (signal_seen) {
        raise(signal_seen);
    }
}

/* Reads up to the end of the line, byte by byte: nothing of it stays in a buffer of stdio. */
static bool read_line(int fd, char out[PASSPHRASE_MAX + 1]) {
    size_t len = 0;
    char byte = 0;
    while (read(fd, &byte, 1) == 1 && byte != '\n') {
        if (len == PASSPHRASE_MAX) {
            return false;
        }
        out[len++] = byte;
    }
    out[len] = '\0';
    return byte == '\n' && len > 0 && strlen(out) == len;
}

static bool ask(int terminal, const char *prompt, char out[PASSPHRASE_MAX + 1]) {
    struct termios before;
    struct sigaction actions[SIGNALS];
    if (tcgetattr(terminal, &before) != 0) {
        return false;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    dprintf(terminal, "%s: ", prompt);
    catch_signals(actions);
    bool is_read = tcsetattr(terminal, TCSAFLUSH, &silent) == 0 && read_line(terminal, out);
    tcsetattr(terminal, TCSAFLUSH, &before);
    dprintf(terminal, "\n");
    release_signals(actions);
    return is_read;
}

static int from_terminal(char out[PASSPHRASE_MAX + 1], bool is_new) {
    int status = 0;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) {
        cli_error("no terminal to ask for the passphrase on; give it with --passphrase-file");
        return CLI_USAGE;
    }
    char *again = sodium_malloc(PASSPHRASE_MAX + 1);
    if (!again) {
        cli_error("no guarded memory for a passphrase");
        status = CLI_REFUSED;
    } else if (!ask(terminal, is_new ? "New passphrase of the ledger keys" : "Passphrase of the ledger key", out)) {
        cli_error("no passphrase (1 to %d bytes)", PASSPHRASE_MAX);
        status = CLI_USAGE;
    } else if (is_new && (!ask(terminal, "Once more", again) || strcmp(out, again) != 0)) {
        cli_error("the two passphrases are not the same");
        status = CLI_USAGE;
    }
    sodium_free(again);
    close(terminal);
    return status;
}

static int from_file(char out[PASSPHRASE_MAX + 1], const char *file) {
    struct fault fault = {0};
    struct buffer text;
    struct bytes line;
    buffer_init(&text, PASSPHRASE_MAX + 1);
    if (buffer_extend(&text, PASSPHRASE_MAX + 1)) { /* once and for all: no copy stays behind when it grows */
        buffer_clear(&text);
    }
    int error = file_read_secret(&text, file, &fault);
    int status = error ? desk_fail(&fault, error) : 0;
    if (!error) {
        struct bytes rest = buffer_bytes(&text);
        if (!bytes_take_line(&rest, &line)) {
            line = rest;
            rest = bytes_of(NULL, 0);
        }
        if (rest.len > 0 || line.len == 0 || line.len > PASSPHRASE_MAX || memchr(line.data, '\0', line.len)) {
            cli_error("%s: not one line of 1 to %d bytes", file, PASSPHRASE_MAX);
            status = CLI_USAGE;
        } else {
            memcpy(out, line.data, line.len);
            out[line.len] = '\0';
        }
    }
    if (text.data) {
        sodium_memzero(text.data, text.capacity);
    }
    buffer_free(&text);
    return status;
}

int passphrase_read(char **out, const char *file, bool is_new) {
    char *passphrase = sodium_malloc(PASSPHRASE_MAX + 1);
    if (!passphrase) {
        cli_error("no guarded memory for a passphrase");
        return CLI_REFUSED;
    }
    int status = file ? from_file(passphrase, file) : from_terminal(passphrase, is_new);
    if (status != 0) {
        sodium_free(passphrase);
        return status;
    }
    *out = passphrase;
    return 0;
}
