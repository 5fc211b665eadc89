/* Options and environment of depositaryd. See config.h. */
#include "server/config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/url.h"
#include "depositary/version.h"
#include "postgres/postgres.h"
#include "proof/record.h"

#define NUMBER_MAX    1000000u
#define SHELF_LEAST   (256u * 1024)
#define PROVED_LEAST  (512u * 1024)
#define CACHE_MIB     8u
#define CACHE_MIB_MAX 65536u
#define CPU_MAX       1023u

enum {
    OPT_DATA = 256,
    OPT_LISTEN,
    OPT_POLICY,
    OPT_ANNOUNCE,
    OPT_HTTP,
    OPT_STORE,
    OPT_FOLLOW,
    OPT_FOLLOW_ANNOUNCE,
    OPT_FOLLOW_INTERVAL,
    OPT_TLS_CERT,
    OPT_TLS_KEY,
    OPT_TLS_CLIENT_CA,
    OPT_ALLOW_PLAINTEXT,
    OPT_MAX_CONNECTIONS,
    OPT_CONNECTION_CALLS,
    OPT_PEER_CONNECTIONS,
    OPT_PEER_CALLS,
    OPT_PEER_RATE,
    OPT_DOOR,
    OPT_CACHE,
    OPT_BATCH,
    OPT_CPUS,
    OPT_INIT,
    OPT_ORIGIN,
    OPT_EMPTY,
    OPT_DRAIN_DELAY,
    OPT_DRAIN_TIMEOUT,
    OPT_LOG_LEVEL,
    OPT_LOG_FORMAT,
    OPT_CHECK,
    OPT_PROBE,
    OPT_PRINT_KEY_REQUEST,
    OPT_PRINT_NEXT_KEY_REQUEST,
    OPT_VERSION
};

static const struct option options[] = {
    {"data", required_argument, NULL, OPT_DATA},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"announce", required_argument, NULL, OPT_ANNOUNCE},
    {"http", required_argument, NULL, OPT_HTTP},
    {"store", required_argument, NULL, OPT_STORE},
    {"follow", required_argument, NULL, OPT_FOLLOW},
    {"follow-announce", required_argument, NULL, OPT_FOLLOW_ANNOUNCE},
    {"follow-interval", required_argument, NULL, OPT_FOLLOW_INTERVAL},
    {"tls-cert", required_argument, NULL, OPT_TLS_CERT},
    {"tls-key", required_argument, NULL, OPT_TLS_KEY},
    {"tls-client-ca", required_argument, NULL, OPT_TLS_CLIENT_CA},
    {"allow-plaintext", no_argument, NULL, OPT_ALLOW_PLAINTEXT},
    {"max-connections", required_argument, NULL, OPT_MAX_CONNECTIONS},
    {"connection-calls", required_argument, NULL, OPT_CONNECTION_CALLS},
    {"peer-connections", required_argument, NULL, OPT_PEER_CONNECTIONS},
    {"peer-calls", required_argument, NULL, OPT_PEER_CALLS},
    {"peer-rate", required_argument, NULL, OPT_PEER_RATE},
    {"door", required_argument, NULL, OPT_DOOR},
    {"cache", required_argument, NULL, OPT_CACHE},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"cpus", required_argument, NULL, OPT_CPUS},
    {"init", no_argument, NULL, OPT_INIT},
    {"origin", required_argument, NULL, OPT_ORIGIN},
    {"empty", no_argument, NULL, OPT_EMPTY},
    {"drain-delay", required_argument, NULL, OPT_DRAIN_DELAY},
    {"drain-timeout", required_argument, NULL, OPT_DRAIN_TIMEOUT},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"log-format", required_argument, NULL, OPT_LOG_FORMAT},
    {"check", no_argument, NULL, OPT_CHECK},
    {"probe", no_argument, NULL, OPT_PROBE},
    {"print-key-request", no_argument, NULL, OPT_PRINT_KEY_REQUEST},
    {"print-next-key-request", no_argument, NULL, OPT_PRINT_NEXT_KEY_REQUEST},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char help[] =
    "Usage: depositaryd [OPTION...]\n"
    "Serves the clauses of treaties and laws, and proves every byte of them.\n\n"
    "  --data DIR            where the ledger is (DEPOSITARY_DATA; /var/lib/depositary for root, else $XDG_DATA_HOME/depositary)\n"
    "  --listen URL          tcp://HOST:PORT, tls+tcp://HOST:PORT or ipc:///PATH; repeatable (DEPOSITARY_LISTEN, with spaces between;\n"
    "                        tcp://127.0.0.1:7769 and ipc://DIR/run/depositary.sock)\n"
    "  --policy FILE         the ledger's pinned keys and witnesses (DIR/policy)\n"
    "  --announce URL        publish each new checkpoint there (off)\n"
    "  --http HOST:PORT      /healthz, /readyz, /metrics and the ledger's tiles (127.0.0.1:7780); none turns it off\n"
    "  --tls-cert FILE       certificate chain for tls+tcp://, PEM; read again on SIGHUP and when it changes\n"
    "  --tls-key FILE        its private key, PEM\n"
    "  --tls-client-ca FILE  clients need a certificate of one of these authorities\n"
    "  --allow-plaintext     plain tcp on an address that is not loopback\n"
    "  --max-connections N   connections in all (4096)\n"
    "  --connection-calls N  calls of one connection at one time (128)\n"
    "  --peer-connections N  connections of one address (256; of loopback as many as there are), 0 for no limit;\n"
    "  --peer-calls N        its calls at one time (256; the same)\n"
    "  --peer-rate N         its calls a second (10000; the same)\n"
    "  --door stream|rep0    how connections are served: on byte streams, many requests a read (stream), or by nng's REP0\n"
    "  --cache MIB           memory for answers that are asked again, and what they are made of (8), 0 for none\n"
    "  --batch N             answers under one signature, 1 to 1024 (1024)\n"
    "  --cpus LIST           run on these processors only, as in 0,1 (all)\n"
    "  --store URL           the store: sqlite:, in DIR; or postgresql://USER@HOST,HOST/DATABASE, to which several append, each with a\n"
    "                        verified copy in DIR that it serves from; a password goes into PGPASSFILE (sqlite:)\n"
    "  --follow URL          be a verified mirror of the depositary there, tcp:// or ipc://; it needs its policy, and trusts nobody\n"
    "  --follow-announce URL   where that one announces its checkpoints (off)\n"
    "  --follow-interval SECONDS  between two looks without an announcement (10)\n"
    "  --init                make an office and a ledger in an empty DIR; without it only where every listener is loopback or ipc\n"
    "  --origin NAME         with --init: the ledger's name (depositary.localhost/ and six random letters)\n"
    "  --empty               with --init: without the built-in statement\n"
    "  --drain-delay SECONDS  before that it serves on for so long while health says no, for a balancer to see it (0)\n"
    "  --drain-timeout SECONDS  on SIGTERM and SIGINT accepted calls are answered within this time (10)\n"
    "  --log-level LEVEL     error, warning, info or debug (info)\n"
    "  --log-format FORMAT   text or json (text)\n"
    "  --check               check configuration and ledger, then exit\n"
    "  --probe               ask the daemon that runs on these listeners, then exit 0 if it serves\n"
    "  --print-key-request   print this daemon's answer key and how the office authorises it, then exit\n"
    "  --print-next-key-request  the same for its successor, which takes over while the daemon runs once it is authorised\n"
    "  -h, --help            this      --version  the version\n\n"
    "Example: depositaryd --data /tmp/depositary-demo --listen tcp://127.0.0.1:7769\n";

static int told(const char *message, const char *value) {
    fprintf(stderr, "depositaryd: %s%s%s\n", message, value != NULL ? ": " : "", value != NULL ? value : "");
    return 2;
}

static int add_listen(struct config *config, const char *url) {
    if (!url_is_known(url))
        return told("--listen takes tcp://HOST:PORT, tls+tcp://HOST:PORT or ipc:///PATH", url);
    if (config->listen_count == CONFIG_LISTEN_MAX || strlen(url) >= sizeof config->listen[0])
        return told("too many listeners, or one that is too long", url);
    snprintf(config->listen[config->listen_count++], sizeof config->listen[0], "%s", url);
    return -1;
}

static int copy(char *out, size_t capacity, const char *value, const char *name) {
    if (*value == '\0' || strlen(value) >= capacity)
        return told("empty or too long", name);
    snprintf(out, capacity, "%s", value);
    return -1;
}

static int take_source(const char **out, const char *url, const char *option) {
    if (!url_is_tcp(url) && !url_is_ipc(url)) {
        fprintf(stderr, "depositaryd: %s takes tcp://HOST:PORT or ipc:///PATH: %s\n", option, url);
        return 2;
    }
    *out = url;
    return -1;
}

static int take_following(struct config *config, int val, const char *argument) {
    uint64_t number;
    if (val == OPT_FOLLOW)
        return take_source(&config->follow, argument, "--follow");
    if (val == OPT_FOLLOW_ANNOUNCE)
        return take_source(&config->follow_announce, argument, "--follow-announce");
    if (!decimal_parse(&number, bytes_text(argument)) || number < 1 || number > 86400)
        return told("--follow-interval takes seconds, 1 to 86400", argument);
    config->follow_interval_s = (unsigned)number;
    return -1;
}

/* A number of connections or calls. */
static int take_number(unsigned *out, const char *argument, unsigned least, const char *option) {
    uint64_t number;
    if (!decimal_parse(&number, bytes_text(argument)) || number < least || number > NUMBER_MAX) {
        fprintf(stderr, "depositaryd: %s takes a number from %u to %u: %s\n", option, least, NUMBER_MAX, argument);
        return 2;
    }
    *out = (unsigned)number;
    return -1;
}

/* What is asked for one peer is asked for this machine too. */
static int take_peer_limit(unsigned *remote, unsigned *machine, const char *argument, const char *option) {
    int status = take_number(remote, argument, 0, option);
    if (status < 0)
        *machine = *remote;
    return status;
}

static int take_limit(struct limits *limits, int val, const char *argument) {
    struct peer_limits *remote = &limits->remote, *machine = &limits->machine;
    switch (val) {
    case OPT_MAX_CONNECTIONS:
        return take_number(&limits->connections, argument, 1, "--max-connections");
    case OPT_CONNECTION_CALLS:
        return take_number(&limits->connection_calls, argument, 1, "--connection-calls");
    case OPT_PEER_CONNECTIONS:
        return take_peer_limit(&remote->connections, &machine->connections, argument, "--peer-connections");
    case OPT_PEER_CALLS:
        return take_peer_limit(&remote->calls, &machine->calls, argument, "--peer-calls");
    default:
        return take_peer_limit(&remote->rate, &machine->rate, argument, "--peer-rate");
    }
}

/* The URL is not shown: it may hold what nobody should see. */
static int take_store(struct config *config, const char *argument) {
    struct fault fault = {0};
    config->store = NULL;
    if (strcmp(argument, "sqlite:") == 0)
        return -1;
    if (strncmp(argument, "postgres", strlen("postgres")) != 0)
        return told("--store takes sqlite: or postgresql://USER@HOST/DATABASE", NULL);
    if (postgres_check_url(argument, &fault) != 0)
        return told("--store", fault_text(&fault));
    config->store = argument;
    return -1;
}

static int take_cache(struct config *config, const char *argument) {
    uint64_t mib;
    if (!decimal_parse(&mib, bytes_text(argument)) || mib > CACHE_MIB_MAX)
        return told("--cache takes mebibytes, 0 to 65536", argument);
    config->cache_bytes = (size_t)mib << 20;
    return -1;
}

static size_t share(size_t bytes, size_t least) {
    return bytes > least ? bytes : least;
}

struct cache_shares config_cache_shares(const struct config *config) {
    const size_t all = config->cache_bytes;
    struct cache_shares shares = {.shelf = share(all / 16, SHELF_LEAST), .proved = share(all / 4, PROVED_LEAST)};
    shares.answers = all > shares.shelf + shares.proved ? all - shares.shelf - shares.proved : 0;
    return shares;
}

static int take_batch(struct config *config, const char *argument) {
    uint64_t answers;
    if (!decimal_parse(&answers, bytes_text(argument)) || answers < 1 || answers > LIMIT_BATCH)
        return told("--batch takes a number of answers, 1 to 1024", argument);
    config->batch = (size_t)answers;
    return -1;
}

/* Numbers with commas between. */
static int take_cpus(struct config *config, const char *argument) {
    const char *rest = argument;
    config->cpus = argument;
    for (;;) {
        uint64_t cpu;
        size_t len = strcspn(rest, ",");
        if (!decimal_parse(&cpu, bytes_of(rest, len)) || cpu > CPU_MAX)
            return told("--cpus takes numbers of processors with commas between", argument);
        if (rest[len] == '\0')
            return -1;
        rest += len + 1;
    }
}

static int take_file(const char **out, const char *argument, const char *option) {
    if (*argument == '\0')
        return told("a file's name is empty", option);
    *out = argument;
    return -1;
}

/* Options of one thing each; -1 to go on. */
static int take(struct config *config, int val, const char *argument) {
    uint64_t number;
    switch (val) {
    case OPT_ANNOUNCE:
        config->announce = argument;
        return url_is_known(argument) && strlen(argument) < sizeof config->listen[0]
                   ? -1
                   : told("--announce takes tcp://HOST:PORT, tls+tcp://HOST:PORT or ipc:///PATH", argument);
    case OPT_TLS_CERT:
        return take_file(&config->tls_cert, argument, "--tls-cert");
    case OPT_TLS_KEY:
        return take_file(&config->tls_key, argument, "--tls-key");
    case OPT_TLS_CLIENT_CA:
        return take_file(&config->tls_client_ca, argument, "--tls-client-ca");
    case OPT_MAX_CONNECTIONS:
    case OPT_CONNECTION_CALLS:
    case OPT_PEER_CONNECTIONS:
    case OPT_PEER_CALLS:
    case OPT_PEER_RATE:
        return take_limit(&config->limits, val, argument);
    case OPT_DOOR:
        if (strcmp(argument, "rep0") != 0 && strcmp(argument, "stream") != 0)
            return told("--door takes stream or rep0", argument);
        config->door = strcmp(argument, "rep0") == 0 ? LISTENER_REP : LISTENER_STREAM;
        return -1;
    case OPT_CACHE:
        return take_cache(config, argument);
    case OPT_BATCH:
        return take_batch(config, argument);
    case OPT_CPUS:
        return take_cpus(config, argument);
    case OPT_DATA:
        return copy(config->data, sizeof config->data, argument, "--data");
    case OPT_LISTEN:
        return add_listen(config, argument);
    case OPT_POLICY:
        return copy(config->policy, sizeof config->policy, argument, "--policy");
    case OPT_HTTP:
        return copy(config->http, sizeof config->http, argument, "--http");
    case OPT_STORE:
        return take_store(config, argument);
    case OPT_FOLLOW:
    case OPT_FOLLOW_ANNOUNCE:
    case OPT_FOLLOW_INTERVAL:
        return take_following(config, val, argument);
    case OPT_ALLOW_PLAINTEXT:
        config->allow_plaintext = true;
        return -1;
    case OPT_INIT:
        config->is_init = true;
        return -1;
    case OPT_ORIGIN:
        config->origin = argument;
        return origin_valid(bytes_text(argument))
                   ? -1
                   : told("--origin takes letters, digits and . / _ - (at most 128)", argument);
    case OPT_EMPTY:
        config->is_empty = true;
        return -1;
    case OPT_DRAIN_DELAY:
    case OPT_DRAIN_TIMEOUT:
        if (!decimal_parse(&number, bytes_text(argument)) || number > 3600)
            return told("--drain-delay and --drain-timeout take seconds, 0 to 3600", argument);
        *(val == OPT_DRAIN_DELAY ? &config->drain_delay_s : &config->drain_timeout_s) = (unsigned)number;
        return -1;
    case OPT_LOG_LEVEL:
        return log_level_parse(&config->log_level, argument)
                   ? -1
                   : told("--log-level takes error, warning, info or debug", argument);
    case OPT_LOG_FORMAT:
        if (strcmp(argument, "text") != 0 && strcmp(argument, "json") != 0)
            return told("--log-format takes text or json", argument);
        config->log_format = strcmp(argument, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
        return -1;
    case OPT_CHECK:
        config->action = ACTION_CHECK;
        return -1;
    case OPT_PROBE:
        config->action = ACTION_PROBE;
        return -1;
    case OPT_PRINT_KEY_REQUEST:
        config->action = ACTION_PRINT_KEY_REQUEST;
        return -1;
    case OPT_PRINT_NEXT_KEY_REQUEST:
        config->action = ACTION_PRINT_NEXT_KEY_REQUEST;
        return -1;
    case OPT_VERSION:
        printf("depositaryd %s\n", DEPOSITARY_VERSION);
        return 0;
    case 'h':
        fputs(help, stdout);
        return 0;
    default:
        return told("an option that is not known here", NULL);
    }
}

static int read_options(struct config *config, int argc, char **argv) {
    opterr = 0;
    optind = 0;
    for (int val; (val = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (val == '?' || val == ':')
            return told(val == '?' ? "unknown option (see depositaryd --help)" : "an option lacks its value",
                        argv[optind - 1]);
        int status = take(config, val, optarg);
        if (status >= 0)
            return status;
    }
    return optind == argc ? -1 : told("no arguments are taken beside options", argv[optind]);
}

/* Listeners from the environment, with spaces between. */
static int read_listen_words(struct config *config, const char *words) {
    char url[512];
    while (*(words += strspn(words, " ")) != '\0') {
        size_t len = strcspn(words, " ");
        if (len >= sizeof url)
            return told("DEPOSITARY_LISTEN has a URL that is too long", NULL);
        snprintf(url, sizeof url, "%.*s", (int)len, words);
        int status = add_listen(config, url);
        if (status >= 0)
            return status;
        words += len;
    }
    return -1;
}

static int default_data(struct config *config) {
    const char *data = getenv("DEPOSITARY_DATA"), *home = getenv("HOME"), *xdg = getenv("XDG_DATA_HOME");
    int len;
    if (data != NULL && *data != '\0')
        len = snprintf(config->data, sizeof config->data, "%s", data);
    else if (geteuid() == 0)
        len = snprintf(config->data, sizeof config->data, "/var/lib/depositary");
    else if (xdg != NULL && *xdg == '/')
        len = snprintf(config->data, sizeof config->data, "%s/depositary", xdg);
    else if (home != NULL && *home == '/')
        len = snprintf(config->data, sizeof config->data, "%s/.local/share/depositary", home);
    else
        return told("no folder: give --data DIR", NULL);
    return len > 0 && (size_t)len < sizeof config->data ? -1 : told("the folder's path is too long", NULL);
}

static int set_defaults(struct config *config) {
    const char *listen = getenv("DEPOSITARY_LISTEN");
    int status = config->data[0] == '\0' ? default_data(config) : -1;
    if (status >= 0)
        return status;
    if (config->listen_count == 0 && listen != NULL && (status = read_listen_words(config, listen)) >= 0)
        return status;
    if (config->listen_count == 0) {
        config->is_listen_default = true;
        if (strlen(config->data) > sizeof config->listen[0] - 32)
            return told("the folder's path is too long for an ipc socket; give --listen", config->data);
        add_listen(config, "tcp://127.0.0.1:7769");
        snprintf(config->listen[config->listen_count++], sizeof config->listen[0], "ipc://%.400s/run/depositary.sock",
                 config->data);
    }
    config->is_first_start_allowed = config->policy[0] == '\0';
    if (config->policy[0] == '\0' && file_path(config->policy, sizeof config->policy, config->data, "policy") != 0)
        return told("the folder's path is too long", config->data);
    if (strcmp(config->http, "none") == 0)
        config->http[0] = '\0';
    return -1;
}

/* Whether what the option says for the URL goes with the rest; -1 to go on. Who only asks there shows nobody's queries, and no certificate. */
static int check_url(const struct config *config, const char *url) {
    if (config->action == ACTION_PROBE)
        return -1;
    if (url_is_tcp(url) && !url_is_loopback(url) && !config->allow_plaintext)
        return told(
            "plain tcp on an address that is not loopback shows every query to the network; give --allow-plaintext if that is meant",
            url);
    if (url_is_tls(url) && config->tls_cert == NULL)
        return told("tls+tcp:// needs --tls-cert and --tls-key", url);
    return -1;
}

static int check_tls(const struct config *config) {
    if ((config->tls_cert == NULL) != (config->tls_key == NULL))
        return told("--tls-cert and --tls-key go together", NULL);
    return config->tls_client_ca == NULL || config->tls_cert != NULL
               ? -1
               : told("--tls-client-ca needs --tls-cert and --tls-key", NULL);
}

static int check_together(struct config *config) {
    bool is_local = true;
    int status = check_tls(config);
    for (size_t i = 0; i < config->listen_count && status < 0; i++) {
        is_local = is_local && url_is_loopback(config->listen[i]);
        status = check_url(config, config->listen[i]);
    }
    if (config->announce != NULL && status < 0)
        status = check_url(config, config->announce);
    if (status >= 0)
        return status;
    if (config->is_init && !config->is_first_start_allowed)
        return told("--init makes its own policy; it does not go with --policy", NULL);
    if (config->is_init && config->follow != NULL)
        return told("--init makes a ledger; it does not go with --follow, which mirrors one", NULL);
    if (config->store != NULL && config->follow != NULL)
        return told("--follow mirrors a depositary; it does not go with --store postgresql://, which is appended to",
                    NULL);
    if (config->is_init && config->store != NULL)
        return told(
            "--init makes a ledger of its own; it does not go with --store postgresql://: send it what an office "
            "deposits",
            NULL);
    if (config->follow == NULL && config->follow_announce != NULL)
        return told("--follow-announce goes with --follow", NULL);
    config->is_first_start_allowed = config->is_first_start_allowed && config->follow == NULL &&
                                     config->store == NULL && (is_local || config->is_init);
    return -1;
}

int config_read(struct config *out, int argc, char **argv) {
    *out = (struct config){.http = "127.0.0.1:7780",
                           .follow_interval_s = 10,
                           .limits = LIMITS_DEFAULT,
                           .door = LISTENER_STREAM,
                           .cache_bytes = (size_t)CACHE_MIB << 20,
                           .batch = LIMIT_BATCH,
                           .drain_timeout_s = 10,
                           .log_level = LOG_LEVEL_INFO,
                           .log_format = LOG_FORMAT_TEXT};
    int status = read_options(out, argc, argv);
    if (status < 0)
        status = set_defaults(out);
    return status < 0 ? check_together(out) : status;
}
