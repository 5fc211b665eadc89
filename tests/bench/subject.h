/* What the bench measures: a service that runs on its own processors, and how it is loaded. Each is one row of the report. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include "load.h"

#include <stdbool.h>
#include <sys/types.h>

#define LEVELS_MAX   8
#define ROUNDS_MAX   25
#define SUBJECTS_MAX 8

struct options {
    int rounds;
    double seconds;
    unsigned in_flight[LEVELS_MAX];
    size_t levels;
    const char *transport; /* tcp or ipc */
    const char *server_cpus;
    const char *client_cpu;
    const char *json;                /* a file; NULL: none */
    const char *svg;                 /* a folder for plots; NULL: none */
    const char *url;                 /* a service that runs already; NULL: it is started here */
    const char *data;                /* a folder of makeledger; NULL: the built-in statement */
    unsigned long clauses, editions; /* in it */
    bool is_uniform;                 /* access to it; else Zipf, s = 1 */
    const char *cache;               /* MiB for the service's cache; NULL: its default */
    bool has_peers;                  /* gRPC and Redis, where they are there */
};

struct sample {
    double rate, p50_us, p99_us, cpu_us, batch;
};

enum kind { KIND_ECHO, KIND_SERVICE, KIND_GRPC, KIND_REDIS };

struct subject {
    const char *name;
    enum kind kind;
    const char *extra[3]; /* further arguments of the service; ends with NULL */
    pid_t pid;
    char url[256]; /* for gRPC and Redis: HOST:PORT, and PORT */
    size_t answer_bytes;
    double started_s; /* until the first answer */
    double resident_mb;
    struct sample samples[LEVELS_MAX][ROUNDS_MAX];
};

/** Starts one and waits until it answers; answer_bytes is what echo and peers answer with. False: its program is not there. Exits on any other failure. */
bool subject_start(struct subject *subject, const struct options *options, unsigned number, size_t answer_bytes);
void subject_stop(struct subject *subject);
/** One sample of one level. */
void subject_measure(struct subject *subject, const struct options *options, size_t level, int round);

/** Where the programs are, and where data goes. */
void subjects_set_up(const char *program, const struct options *options);
void subjects_clean_up(void);

#endif
