/*
 * Pairs on one machine, interleaved: raw nng echo, and this service answering GetClause with proofs and seals. What counts are ratios.
 *
 *   depositary_bench [--rounds N] [--seconds S] [--in-flight LIST] [--transport tcp|ipc] [--server-cpus LIST] [--client-cpu N] [--json FILE]
 *                    [--url URL]   (a service that runs already, instead of one that is started here; not pinned)
 *
 * The programs depositaryd and bench_echo are looked for beside this one.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/rpc.pb-c.h"
#include "depositary/v1/seal.pb-c.h"
#include "rpc/call.h"

#define INSTRUMENT "az-cn-joint-statement-2025"
#define LEVELS_MAX 8
#define ROUNDS_MAX 25

struct options {
    int rounds;
    double seconds;
    unsigned in_flight[LEVELS_MAX];
    size_t levels;
    const char *transport;
    const char *server_cpus;
    int client_cpu;
    const char *json;
    const char *url;
};

struct sample {
    double rate, p50_us, p99_us, cpu_us, batch;
};

/* One thing that is measured. */
struct subject {
    const char *name;
    pid_t pid;
    char url[256];
    struct sample samples[LEVELS_MAX][ROUNDS_MAX];
    double resident_mb;
};

static char program_dir[4096];
static char work_dir[] = "/tmp/depositary-bench-XXXXXX";

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void pin(const char *cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const char *at = cpus; *at != '\0'; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
        CPU_SET((size_t)atoi(at), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        die("affinity");
}

static pid_t start(const struct options *options, const char *name, char *const arguments[]) {
    char path[8192];
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    if (options->server_cpus != NULL)
        pin(options->server_cpus);
    snprintf(path, sizeof path, "%s/%s", program_dir, name);
    if (freopen("/dev/null", "w", stderr) == NULL)
        _exit(127);
    execv(path, arguments);
    _exit(127);
}

static void stop(pid_t pid) {
    if (pid > 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
    }
}

/* User and system time of a process in seconds, from /proc/PID/stat fields 14 and 15. */
static double cpu_seconds(pid_t pid) {
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL) {
        const char *after = strrchr(line, ')');
        if (after == NULL ||
            sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
            user = system = 0;
    }
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double resident_mb(pid_t pid) {
    char path[64], line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmRSS: %lf", &kb) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kb / 1024;
}

/* ---- requests: every clause of the statement, with a nonce whose first bytes are a counter */

static struct load_request make_request(const char *eid) {
    static const uint8_t nonce[32] = "bench-nonce-0123456789-abcdefgh";
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Depositary__V1__GetClauseRequest message = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    struct buffer out;
    name.instrument = (char *)INSTRUMENT;
    name.eid = (char *)eid;
    message.name = &name;
    buffer_init(&out, 65536);
    if (call_print(&out, method_find(BYTES("/depositary.v1.DepositaryService/GetClause")), &message.base,
                   bytes_of(nonce, 32), 0, NULL) != 0)
        die("request");
    const uint8_t *at = memmem(out.data, out.len, nonce, 32);
    return (struct load_request){.data = out.data, .len = out.len, .nonce_offset = (size_t)(at - out.data)};
}

static struct load_request requests[18];

static void make_requests(void) {
    char eid[16];
    for (int i = 0; i < 18; i++) {
        snprintf(eid, sizeof eid, "cl_%d", i + 1);
        requests[i] = make_request(eid);
    }
}

static size_t pick(void *context) {
    unsigned *state = context;
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 16) % 18;
}

/* An answer that is the first of its batch is counted: the seal's index is 0, which proto3 leaves out. */
static unsigned is_first(const uint8_t *answer, size_t len) {
    Depositary__V1__Response *response = depositary__v1__response__unpack(NULL, len, answer);
    unsigned first = response != NULL && response->seal != NULL && response->seal->index == 0;
    if (response != NULL)
        depositary__v1__response__free_unpacked(response, NULL);
    return first;
}

/* Mean size of an answer, from one short run. */
static size_t answer_len(const char *url) {
    struct load_result result;
    unsigned state = 1;
    if (load_run(&result, url, requests, 18, pick, &state, 1, 1, 0.2, NULL) != 0 || result.calls == 0)
        exit(1);
    return (size_t)(result.bytes / result.calls) - 4;
}

/* ---- subjects */

static void wait_for(const char *url) {
    struct load_result result;
    unsigned state = 1;
    int saved = dup(STDERR_FILENO);
    if (freopen("/dev/null", "w", stderr) == NULL)
        exit(1);
    int error = -1;
    for (int i = 0; i < 200 && error != 0; i++) {
        usleep(50000);
        error = load_run(&result, url, requests, 18, pick, &state, 1, 1, 0.01, NULL);
    }
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    if (error != 0) {
        fprintf(stderr, "%s does not answer\n", url);
        exit(1);
    }
}

static void make_url(const struct options *options, struct subject *subject, int number) {
    if (strcmp(options->transport, "ipc") == 0)
        snprintf(subject->url, sizeof subject->url, "ipc://%s/%d.sock", work_dir, number);
    else
        snprintf(subject->url, sizeof subject->url, "tcp://127.0.0.1:%d", 20000 + (int)(getpid() % 20000) + number);
}

static void start_service(const struct options *options, struct subject *subject) {
    char data[128];
    if (options->url != NULL) {
        snprintf(subject->url, sizeof subject->url, "%s", options->url);
        return;
    }
    make_url(options, subject, 0);
    snprintf(data, sizeof data, "%s/data", work_dir);
    char *arguments[] = {(char *)"depositaryd", (char *)"--data", data,           (char *)"--listen",
                         subject->url,          (char *)"--http", (char *)"none", NULL};
    subject->pid = start(options, "depositaryd", arguments);
    wait_for(subject->url);
}

static void start_echo(const struct options *options, struct subject *subject, size_t bytes) {
    char number[32];
    make_url(options, subject, 1);
    snprintf(number, sizeof number, "%zu", bytes);
    char *arguments[] = {(char *)"bench_echo", subject->url, number, NULL};
    subject->pid = start(options, "bench_echo", arguments);
    wait_for(subject->url);
}

static void measure(const struct options *options, struct subject *subject, size_t level, int round, bool is_sealed) {
    struct load_result result;
    unsigned state = (unsigned)round + 1, in_flight = options->in_flight[level];
    double cpu = cpu_seconds(subject->pid);
    if (load_run(&result, subject->url, requests, 18, pick, &state, in_flight, in_flight < 8 ? in_flight : 8,
                 options->seconds, NULL) != 0)
        exit(1);
    cpu = cpu_seconds(subject->pid) - cpu;
    struct sample *sample = &subject->samples[level][round];
    *sample = (struct sample){.rate = (double)result.calls / result.seconds,
                              .p50_us = result.p50_us,
                              .p99_us = result.p99_us,
                              .cpu_us = cpu * 1e6 / (double)result.calls};
    if (is_sealed &&
        load_run(&result, subject->url, requests, 18, pick, &state, in_flight, in_flight < 8 ? in_flight : 8, 0.2,
                 is_first) == 0 &&
        result.batches > 0)
        sample->batch = (double)result.calls / (double)result.batches;
    subject->resident_mb = resident_mb(subject->pid);
}

/* ---- medians and output */

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct sample *samples, int rounds, size_t offset) {
    double values[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++)
        memcpy(&values[i], (const char *)&samples[i] + offset, sizeof *values);
    qsort(values, (size_t)rounds, sizeof *values, compare);
    return rounds % 2 != 0 ? values[rounds / 2] : (values[rounds / 2 - 1] + values[rounds / 2]) / 2;
}

#define MEDIAN(subject, level, field) median((subject)->samples[level], options->rounds, offsetof(struct sample, field))

/* The median of the ratios, round by round: each pair ran side by side. */
static double ratio(const struct options *options, const struct subject *a, const struct subject *b, size_t level,
                    size_t offset) {
    struct sample ratios[ROUNDS_MAX];
    for (int i = 0; i < options->rounds; i++) {
        double x, y;
        memcpy(&x, (const char *)&a->samples[level][i] + offset, sizeof x);
        memcpy(&y, (const char *)&b->samples[level][i] + offset, sizeof y);
        ratios[i].rate = y > 0 ? x / y : 0;
    }
    return median(ratios, options->rounds, offsetof(struct sample, rate));
}

static void report(const struct options *options, const struct subject *echo, const struct subject *service,
                   size_t bytes) {
    FILE *json = options->json != NULL ? fopen(options->json, "w") : NULL;
    printf("answers of %zu bytes, %s, server on CPU %s, client on CPU %d, median of %d rounds of %.1f s\n", bytes,
           options->transport, options->server_cpus != NULL ? options->server_cpus : "any", options->client_cpu,
           options->rounds, options->seconds);
    printf("%9s  %-10s %10s %9s %9s %9s %7s\n", "in flight", "", "calls/s", "p50 us", "p99 us", "CPU us", "batch");
    if (json != NULL)
        fprintf(json, "{\"answer_bytes\": %zu, \"transport\": \"%s\", \"rounds\": %d, \"levels\": [", bytes,
                options->transport, options->rounds);
    for (size_t level = 0; level < options->levels; level++) {
        const struct subject *both[] = {echo, service};
        for (int i = 0; i < 2; i++)
            printf("%9u  %-10s %10.0f %9.1f %9.1f %9.2f %7.1f\n", options->in_flight[level], both[i]->name,
                   MEDIAN(both[i], level, rate), MEDIAN(both[i], level, p50_us), MEDIAN(both[i], level, p99_us),
                   MEDIAN(both[i], level, cpu_us), MEDIAN(both[i], level, batch));
        double rate = ratio(options, service, echo, level, offsetof(struct sample, rate));
        double p50 = ratio(options, service, echo, level, offsetof(struct sample, p50_us));
        printf("%9s  service / echo: calls/s %.2f, p50 %.2f\n", "", rate, p50);
        if (json != NULL)
            fprintf(
                json,
                "%s{\"in_flight\": %u, \"echo_rate\": %.0f, \"service_rate\": %.0f, \"rate_ratio\": %.3f, \"p50_ratio\": %.3f, "
                "\"service_p99_us\": %.1f, \"service_cpu_us\": %.2f, \"batch\": %.1f}",
                level > 0 ? ", " : "", options->in_flight[level], MEDIAN(echo, level, rate),
                MEDIAN(service, level, rate), rate, p50, MEDIAN(service, level, p99_us), MEDIAN(service, level, cpu_us),
                MEDIAN(service, level, batch));
    }
    printf("resident: service %.1f MB, echo %.1f MB\n", service->resident_mb, echo->resident_mb);
    if (json != NULL) {
        fprintf(json, "], \"service_resident_mb\": %.1f}\n", service->resident_mb);
        fclose(json);
    }
}

static void read_levels(struct options *options, const char *list) {
    options->levels = 0;
    for (const char *at = list; *at != '\0' && options->levels < LEVELS_MAX;
         at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
        options->in_flight[options->levels++] = (unsigned)atoi(at);
}

static void read_options(struct options *options, int argc, char **argv) {
    static const struct option known[] = {
        {"rounds", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"in-flight", required_argument, NULL, 'i'},
        {"transport", required_argument, NULL, 't'},
        {"server-cpus", required_argument, NULL, 'c'},
        {"client-cpu", required_argument, NULL, 'p'},
        {"json", required_argument, NULL, 'j'},
        {"url", required_argument, NULL, 'u'},
        {0},
    };
    for (int val; (val = getopt_long(argc, argv, "", known, NULL)) != -1;)
        switch (val) {
        case 'r':
            options->rounds = atoi(optarg);
            break;
        case 's':
            options->seconds = atof(optarg);
            break;
        case 'i':
            read_levels(options, optarg);
            break;
        case 't':
            options->transport = optarg;
            break;
        case 'c':
            options->server_cpus = optarg;
            break;
        case 'p':
            options->client_cpu = atoi(optarg);
            break;
        case 'j':
            options->json = optarg;
            break;
        case 'u':
            options->url = optarg;
            break;
        default:
            exit(2);
        }
    if (options->rounds < 1 || options->rounds > ROUNDS_MAX || options->levels == 0) {
        fprintf(stderr, "--rounds is 1 to %d, --in-flight a list of numbers\n", ROUNDS_MAX);
        exit(2);
    }
}

int main(int argc, char **argv) {
    static struct subject echo = {.name = "nng echo"}, service = {.name = "GetClause"};
    struct options options = {.rounds = 5, .seconds = 1, .transport = "tcp", .server_cpus = "0", .client_cpu = 1};
    char cpu[16];
    read_levels(&options, "1,8,64,256");
    read_options(&options, argc, argv);
    snprintf(program_dir, sizeof program_dir, "%s", argv[0]);
    char *slash = strrchr(program_dir, '/');
    if (slash == NULL)
        strcpy(program_dir, ".");
    else
        *slash = '\0';
    if (mkdtemp(work_dir) == NULL)
        die(work_dir);
    signal(SIGPIPE, SIG_IGN);
    make_requests();
    start_service(&options, &service);
    snprintf(cpu, sizeof cpu, "%d", options.client_cpu);
    size_t bytes = answer_len(service.url);
    start_echo(&options, &echo, bytes);
    pin(cpu);

    for (int round = 0; round < options.rounds; round++)
        for (size_t level = 0; level < options.levels; level++) {
            measure(&options, &echo, level, round, false);
            measure(&options, &service, level, round, true);
        }
    report(&options, &echo, &service, bytes);
    stop(echo.pid);
    stop(service.pid);
    char clean[128];
    snprintf(clean, sizeof clean, "rm -rf %s", work_dir);
    return system(clean) != 0;
}
