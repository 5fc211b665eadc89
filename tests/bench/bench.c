/*
 * Pairs on one machine, interleaved: this service answering GetClause with proofs and seals; raw nng echo of the same size; the service asked through
 * libdepositary, which verifies every answer; without its answer cache; signing each answer; searches and quotes; and, where they are there, gRPC C++ that
 * signs each and Redis GET. Services with ledgers of other sizes can stand beside them. What counts are ratios.
 * tests/bench/README.md has the figures, and the commands they come from.
 */
#include "report.h"
#include "subject.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: depositary_bench [OPTION...]\n"
    "  --rounds N --seconds S   rounds (5, up to 25), and seconds of each sample (1)\n"
    "  --in-flight LIST         calls in flight (1,8,64,256)\n"
    "  --transport tcp|ipc|both (tcp; with both, GetClause and echo over ipc too)\n"
    "  --server-cpus LIST --client-cpu N   (0 and 1)\n"
    "  --data DIR --clauses N --editions N [--uniform]   a ledger of makeledger; access is Zipf, s = 1, or uniform\n"
    "  --cache MIB              the service's answer cache\n"
    "  --only                   the service and echo alone\n"
    "  --ledger DIR,N,EDITIONS  a service on this ledger too; up to 6 times\n"
    "  --cold                   these also started anew before each sample, each clause asked for once\n"
    "  --peers                  gRPC C++ (target grpc_peer) and Redis too, over tcp\n"
    "  --shared                 where the machine has other work: samples in the real-time class, with pauses for it\n"
    "  --url URL                a service that runs already\n"
    "  --json FILE --svg DIR    also write these\n";

static void wrong_usage(void) {
    fputs(usage, stderr);
    exit(2);
}

static void read_levels(struct options *options, const char *list) {
    options->levels = 0;
    for (const char *at = list; *at != '\0' && options->levels < LEVELS_MAX;
         at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
        options->in_flight[options->levels++] = (unsigned)atoi(at);
}

/* DIR,CLAUSES,EDITIONS, which is cut up. */
static void read_ledger(struct options *options, char *argument) {
    char *clauses = strchr(argument, ','), *editions = clauses != NULL ? strchr(clauses + 1, ',') : NULL;
    if (editions == NULL || options->ledgers_count == LEDGERS_MAX)
        wrong_usage();
    *clauses++ = *editions++ = '\0';
    options->ledgers[options->ledgers_count++] = (struct bench_ledger){
        .data = argument, .clauses = strtoul(clauses, NULL, 10), .editions = strtoul(editions, NULL, 10)};
}

static void read_option(struct options *options, int val, char *argument) {
    switch (val) {
    case 'r':
        options->rounds = atoi(argument);
        break;
    case 's':
        options->seconds = atof(argument);
        break;
    case 'i':
        read_levels(options, argument);
        break;
    case 't':
        options->transport = argument;
        break;
    case 'c':
        options->server_cpus = argument;
        break;
    case 'p':
        options->client_cpu = argument;
        break;
    case 'd':
        options->ledger.data = argument;
        break;
    case 'n':
        options->ledger.clauses = strtoul(argument, NULL, 10);
        break;
    case 'e':
        options->ledger.editions = strtoul(argument, NULL, 10);
        break;
    case 'f':
        options->ledger.is_uniform = true;
        break;
    case 'l':
        read_ledger(options, argument);
        break;
    case 'k':
        options->has_cold = true;
        break;
    case 'm':
        options->cache = argument;
        break;
    case 'o':
        options->is_only = true;
        break;
    case 'g':
        options->has_peers = true;
        break;
    case 'h':
        options->is_shared = true;
        break;
    case 'u':
        options->url = argument;
        break;
    case 'j':
        options->json = argument;
        break;
    case 'v':
        options->svg = argument;
        break;
    default:
        wrong_usage();
    }
}

static bool is_whole(const struct bench_ledger *ledger) {
    return ledger->data == NULL ||
           (ledger->clauses > 0 && ledger->editions > 0 && ledger->clauses % ledger->editions == 0);
}

static void read_options(struct options *options, int argc, char **argv) {
    static const struct option known[] = {
        {"rounds", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"in-flight", required_argument, NULL, 'i'},
        {"transport", required_argument, NULL, 't'},
        {"server-cpus", required_argument, NULL, 'c'},
        {"client-cpu", required_argument, NULL, 'p'},
        {"data", required_argument, NULL, 'd'},
        {"clauses", required_argument, NULL, 'n'},
        {"editions", required_argument, NULL, 'e'},
        {"uniform", no_argument, NULL, 'f'},
        {"ledger", required_argument, NULL, 'l'},
        {"cold", no_argument, NULL, 'k'},
        {"cache", required_argument, NULL, 'm'},
        {"only", no_argument, NULL, 'o'},
        {"peers", no_argument, NULL, 'g'},
        {"shared", no_argument, NULL, 'h'},
        {"url", required_argument, NULL, 'u'},
        {"json", required_argument, NULL, 'j'},
        {"svg", required_argument, NULL, 'v'},
        {0},
    };
    for (int val; (val = getopt_long(argc, argv, "", known, NULL)) != -1;)
        read_option(options, val, optarg);
    bool are_whole = is_whole(&options->ledger);
    for (size_t i = 0; i < options->ledgers_count; i++) {
        options->ledgers[i].is_uniform = options->ledger.is_uniform;
        are_whole = are_whole && is_whole(&options->ledgers[i]);
    }
    bool is_transport = strcmp(options->transport, "tcp") == 0 || strcmp(options->transport, "ipc") == 0 ||
                        strcmp(options->transport, "both") == 0;
    if (options->rounds < 1 || options->rounds > ROUNDS_MAX || options->levels == 0 || options->in_flight[0] == 0 ||
        options->seconds <= 0 || !are_whole || !is_transport)
        wrong_usage();
}

/* ---- the rows */

struct rows {
    struct subject *subjects;
    size_t count;
    const struct options *options;
};

static struct subject *add(struct rows *rows, const char *name, enum kind kind) {
    const struct options *options = rows->options;
    struct subject *subject = &rows->subjects[rows->count++];
    *subject = (struct subject){.name = name,
                                .kind = kind,
                                .transport = strcmp(options->transport, "ipc") == 0 ? "ipc" : "tcp",
                                .ledger = &options->ledger};
    return subject;
}

static void add_cache(struct subject *subject, const char *mib) {
    if (mib != NULL) {
        subject->extra[0] = "--cache";
        subject->extra[1] = mib;
    }
}

static void add_service(struct rows *rows, const char *name) {
    add_cache(add(rows, name, KIND_SERVICE), rows->options->cache);
}

static void add_ledger(struct rows *rows, const struct bench_ledger *ledger, bool is_cold) {
    struct subject *subject = add(rows, NULL, KIND_SERVICE);
    subject->name = subject->name_buffer;
    snprintf(subject->name_buffer, sizeof subject->name_buffer, "%lu clauses%s", ledger->clauses,
             is_cold ? ", cold" : "");
    subject->ledger = ledger;
    subject->is_cold = is_cold;
    add_cache(subject, rows->options->cache);
}

/* The service comes first: the others answer with as many bytes as it does. */
static size_t choose(struct subject *subjects, const struct options *options) {
    struct rows rows = {.subjects = subjects, .options = options};
    add_service(&rows, "GetClause");
    add(&rows, "nng echo", KIND_ECHO);
    if (strcmp(options->transport, "both") == 0) {
        add_service(&rows, "GetClause, ipc");
        subjects[rows.count - 1].transport = "ipc";
        add(&rows, "nng echo, ipc", KIND_ECHO)->transport = "ipc";
    }
    if (!options->is_only && options->url == NULL) {
        add(&rows, "verified by client", KIND_CLIENT);
        add_cache(add(&rows, "no answer cache", KIND_SERVICE), "0");
        struct subject *each = add(&rows, "signing each", KIND_SERVICE);
        each->extra[0] = "--batch";
        each->extra[1] = "1";
        add_cache(add(&rows, "search, no cache", KIND_SEARCH), "0");
        add_cache(add(&rows, "quote, no cache", KIND_QUOTE), "0");
    }
    for (size_t i = 0; i < options->ledgers_count; i++) {
        add_ledger(&rows, &options->ledgers[i], false);
        if (options->has_cold)
            add_ledger(&rows, &options->ledgers[i], true);
    }
    if (options->has_peers) {
        add(&rows, "gRPC signing each", KIND_GRPC);
        add(&rows, "Redis GET", KIND_REDIS);
    }
    return rows.count;
}

/* Those whose programs are not there are left out, and said. */
static size_t start_all(struct subject *subjects, size_t count, const struct options *options) {
    size_t started = 0;
    for (size_t i = 0; i < count; i++) {
        struct subject *subject = &subjects[started];
        if (started != i) {
            *subject = subjects[i];
            if (subjects[i].name == subjects[i].name_buffer)
                subject->name = subject->name_buffer;
        }
        if (!subject_start(subject, options, (unsigned)i, subjects[0].answer_bytes)) {
            fprintf(stderr, "%s is not measured: its program is not there\n", subject->name);
            continue;
        }
        if (subject->kind == KIND_CLIENT) { /* it asks the first */
            subject->pid = subjects[0].pid;
            memcpy(subject->url, subjects[0].url, sizeof subject->url);
            memcpy(subject->policy, subjects[0].policy, sizeof subject->policy);
        }
        started++;
    }
    return started;
}

int main(int argc, char **argv) {
    static struct subject subjects[SUBJECTS_MAX];
    static struct options options = {
        .rounds = 5, .seconds = 1, .transport = "tcp", .server_cpus = "0", .client_cpu = "1"};
    read_levels(&options, "1,8,64,256");
    read_options(&options, argc, argv);
    subjects_set_up(argv[0], &options);
    size_t count = start_all(subjects, choose(subjects, &options), &options);
    for (int round = 0; round < options.rounds; round++)
        for (size_t level = 0; level < options.levels; level++)
            for (size_t i = 0; i < count; i++)
                subject_measure(&subjects[i], &options, level, round);
    report_table(&options, subjects, count);
    if (options.json != NULL)
        report_json(&options, subjects, count);
    if (options.svg != NULL)
        report_plots(&options, subjects, count);
    for (size_t i = 0; i < count; i++) {
        if (subjects[i].kind != KIND_CLIENT)
            subject_stop(&subjects[i]);
        questions_free(&subjects[i].questions);
    }
    subjects_clean_up();
    return 0;
}
