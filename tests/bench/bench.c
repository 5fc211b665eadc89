/*
 * Pairs on one machine, interleaved: this service answering GetClause with proofs and seals; raw nng echo of the same size; the service without its answer
 * cache; the service signing each answer; and, where they are there, gRPC C++ that signs each and Redis GET. What counts are ratios.
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
    "  --transport tcp|ipc      (tcp)\n"
    "  --server-cpus LIST --client-cpu N   (0 and 1)\n"
    "  --data DIR --clauses N --editions N [--uniform]   a ledger of makeledger; access is Zipf, s = 1, or uniform\n"
    "  --cache MIB              the service's answer cache\n"
    "  --only                   the service and echo alone\n"
    "  --peers                  gRPC C++ (target grpc_peer) and Redis too, over tcp\n"
    "  --url URL                a service that runs already\n"
    "  --json FILE --svg DIR    also write these\n";

static void read_levels(struct options *options, const char *list) {
    options->levels = 0;
    for (const char *at = list; *at != '\0' && options->levels < LEVELS_MAX;
         at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
        options->in_flight[options->levels++] = (unsigned)atoi(at);
}

static bool has_only;

static void read_option(struct options *options, int val, const char *argument) {
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
        options->data = argument;
        break;
    case 'n':
        options->clauses = strtoul(argument, NULL, 10);
        break;
    case 'e':
        options->editions = strtoul(argument, NULL, 10);
        break;
    case 'f':
        options->is_uniform = true;
        break;
    case 'm':
        options->cache = argument;
        break;
    case 'o':
        has_only = true;
        break;
    case 'g':
        options->has_peers = true;
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
        fputs(usage, stderr);
        exit(2);
    }
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
        {"cache", required_argument, NULL, 'm'},
        {"only", no_argument, NULL, 'o'},
        {"peers", no_argument, NULL, 'g'},
        {"url", required_argument, NULL, 'u'},
        {"json", required_argument, NULL, 'j'},
        {"svg", required_argument, NULL, 'v'},
        {0},
    };
    for (int val; (val = getopt_long(argc, argv, "", known, NULL)) != -1;)
        read_option(options, val, optarg);
    bool is_whole = options->data == NULL ||
                    (options->clauses > 0 && options->editions > 0 && options->clauses % options->editions == 0);
    if (options->rounds < 1 || options->rounds > ROUNDS_MAX || options->levels == 0 || options->in_flight[0] == 0 ||
        options->seconds <= 0 || !is_whole) {
        fputs(usage, stderr);
        exit(2);
    }
}

/* The service comes first: the others answer with as many bytes as it does. */
static size_t choose(struct subject *subjects, const struct options *options) {
    size_t count = 0;
    subjects[count] = (struct subject){.name = "GetClause", .kind = KIND_SERVICE};
    if (options->cache != NULL) {
        subjects[count].extra[0] = "--cache";
        subjects[count].extra[1] = options->cache;
    }
    count++;
    subjects[count++] = (struct subject){.name = "nng echo", .kind = KIND_ECHO};
    if (!has_only && options->url == NULL) {
        subjects[count++] =
            (struct subject){.name = "no answer cache", .kind = KIND_SERVICE, .extra = {"--cache", "0"}};
        subjects[count++] = (struct subject){.name = "signing each", .kind = KIND_SERVICE, .extra = {"--batch", "1"}};
    }
    if (options->has_peers) {
        subjects[count++] = (struct subject){.name = "gRPC signing each", .kind = KIND_GRPC};
        subjects[count++] = (struct subject){.name = "Redis GET", .kind = KIND_REDIS};
    }
    return count;
}

/* Those whose programs are not there are left out, and said. */
static size_t start_all(struct subject *subjects, size_t count, const struct options *options) {
    size_t started = 0;
    for (size_t i = 0; i < count; i++) {
        struct subject subject = subjects[i];
        if (subject_start(&subject, options, (unsigned)i, subjects[0].answer_bytes))
            subjects[started++] = subject;
        else
            fprintf(stderr, "%s is not measured: its program is not there\n", subject.name);
    }
    return started;
}

int main(int argc, char **argv) {
    static struct subject subjects[SUBJECTS_MAX];
    struct options options = {.rounds = 5, .seconds = 1, .transport = "tcp", .server_cpus = "0", .client_cpu = "1"};
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
    for (size_t i = 0; i < count; i++)
        subject_stop(&subjects[i]);
    subjects_clean_up();
    return 0;
}
