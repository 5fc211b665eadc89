/* What the bench measures: a service that runs on its own processors, and how it is loaded. Each is one row of the report. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include "questions.h"

#include <sys/types.h>

#define LEVELS_MAX   8
#define ROUNDS_MAX   25
#define SUBJECTS_MAX 20
#define LEDGERS_MAX  6
#define EXTRA_MAX    4

struct options {
    int rounds;
    double seconds;
    unsigned in_flight[LEVELS_MAX];
    size_t levels;
    const char *transport; /* tcp, ipc or both */
    const char *server_cpus;
    const char *client_cpu;
    const char *json;                         /* a file; NULL: none */
    const char *svg;                          /* a folder for plots; NULL: none */
    const char *url;                          /* a service that runs already; NULL: it is started here */
    struct bench_ledger ledger;               /* of the service */
    struct bench_ledger ledgers[LEDGERS_MAX]; /* further services, by the size of their ledgers */
    size_t ledgers_count;
    bool has_cold;     /* these also with a catalog that nothing was read of */
    const char *cache; /* MiB for the service's cache; NULL: its default */
    bool is_only;      /* the service and echo alone */
    bool has_peers;    /* gRPC and Redis, where they are there */
    bool is_shared;    /* the machine has other work: see measure.c */
};

/** All doubles, so that a report can name one by its offset. */
struct sample {
    double rate, p50_us, p99_us;
    double server_us, client_us; /* processor time a call */
    double batch;                /* answers a signature; 0: not counted */
    double checks;               /* signatures that the client checked a call */
    double hits;                 /* answers that the service's cache had, of all */
};

enum kind {
    KIND_ECHO,
    KIND_SERVICE,
    KIND_SEARCH, /* services too, asked other things */
    KIND_QUOTE,
    KIND_CLIENT, /* the first subject, asked through libdepositary */
    KIND_GRPC,
    KIND_REDIS
};

struct subject {
    const char *name;
    enum kind kind;
    const char *transport; /* tcp or ipc */
    const struct bench_ledger *ledger;
    bool is_cold;                 /* started anew before each sample */
    const char *extra[EXTRA_MAX]; /* further arguments of the service; ends with NULL */
    char name_buffer[48];
    struct questions questions;
    pid_t pid;
    int http_port; /* of the service's metrics; 0: it has none */
    char url[256]; /* for gRPC and Redis: HOST:PORT, and PORT */
    char data[128], policy[160];
    size_t answer_bytes;
    double started_s; /* until the first answer */
    double resident_mb;
    struct sample samples[LEVELS_MAX][ROUNDS_MAX];
};

/** Starts one and waits until it answers; answer_bytes is what echo and peers answer with. False: its program is not there. Exits on any other failure. */
bool subject_start(struct subject *subject, const struct options *options, unsigned number, size_t answer_bytes);
/** Ends it and starts it again on what it has. */
void subject_restart(struct subject *subject, const struct options *options);
void subject_stop(struct subject *subject);
/** The folder of the programs. */
const char *subjects_programs(void);

/** One sample of one level. measure.c */
void subject_measure(struct subject *subject, const struct options *options, size_t level, int round);
/** Asks GetClause and the like for so many seconds over the lean client. */
int subject_load(struct load_result *out, struct subject *subject, unsigned in_flight, double seconds,
                 load_answer *answer);
/** Whether it answers yet. */
bool subject_answers(struct subject *subject);

/** Where the programs are, and where data goes. */
void subjects_set_up(const char *program, const struct options *options);
void subjects_clean_up(void);

#endif
