/* Starting, loading and watching what the bench measures (subject.h). */
#define _GNU_SOURCE /* sched_setaffinity, memmem */
#include "subject.h"

#include "questions.h"

#include "depositary/v1/rpc.pb-c.h"
#include "depositary/v1/seal.pb-c.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS   8u
#define START_TRIES   6000 /* of 50 ms */
#define ARGUMENTS_MAX 16

static char program_dir[4096];
static char work_dir[] = "/tmp/depositary-bench-XXXXXX";
static struct questions questions;

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

/* The same scheduling for all that is compared: the service asks for SCHED_BATCH itself. */
static pid_t start(const struct options *options, char *const arguments[]) {
    const struct sched_param none = {0};
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    pin(options->server_cpus);
    sched_setscheduler(0, SCHED_BATCH, &none);
    if (freopen("/dev/null", "w", stderr) == NULL || freopen("/dev/null", "w", stdout) == NULL)
        _exit(127);
    execvp(arguments[0], arguments);
    _exit(127);
}

static bool is_program(const char *path) {
    return access(path, X_OK) == 0;
}

void subjects_set_up(const char *program, const struct options *options) {
    const char *slash = strrchr(program, '/');
    snprintf(program_dir, sizeof program_dir, "%.*s", slash != NULL ? (int)(slash - program) : 1,
             slash != NULL ? program : ".");
    if (mkdtemp(work_dir) == NULL)
        die(work_dir);
    signal(SIGPIPE, SIG_IGN);
    questions_make(&questions, options);
    pin(options->client_cpu);
}

void subjects_clean_up(void) {
    char command[128];
    questions_free(&questions);
    snprintf(command, sizeof command, "rm -rf %s", work_dir);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", work_dir);
}

/* ---- what the kernel says of a process */

/* User and system time in seconds, from /proc/PID/stat, fields 14 and 15. */
static double cpu_seconds(pid_t pid) {
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
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
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmRSS: %lf", &kb) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kb / 1024;
}

/* ---- loads */

static int load_sp(struct load_result *out, const struct subject *subject, unsigned in_flight, double seconds,
                   load_answer *answer) {
    return load_run(out, subject->url, questions.requests, questions.count, questions_pick, &questions, in_flight,
                    in_flight < CONNECTIONS ? in_flight : CONNECTIONS, seconds, answer);
}

/* An answer that is the first of its batch is counted: the seal's index is 0, which proto3 leaves out. */
static unsigned is_first(const uint8_t *answer, size_t len) {
    Depositary__V1__Response *response = depositary__v1__response__unpack(NULL, len, answer);
    unsigned first = response != NULL && response->seal != NULL && response->seal->index == 0;
    if (response != NULL)
        depositary__v1__response__free_unpacked(response, NULL);
    return first;
}

static void measure_sp(const struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    struct load_result result;
    double cpu = cpu_seconds(subject->pid);
    if (load_sp(&result, subject, in_flight, seconds, NULL) != 0)
        exit(1);
    cpu = cpu_seconds(subject->pid) - cpu;
    *sample = (struct sample){.rate = (double)result.calls / result.seconds,
                              .p50_us = result.p50_us,
                              .p99_us = result.p99_us,
                              .cpu_us = cpu * 1e6 / (double)result.calls};
    if (subject->kind == KIND_SERVICE && load_sp(&result, subject, in_flight, 0.2, is_first) == 0 && result.batches > 0)
        sample->batch = (double)result.calls / (double)result.batches;
}

/* rate, p50 and p99 of a line; the number of those that were read. */
typedef int read_figures(const char *line, double *rate, double *p50, double *p99);

static int read_grpc(const char *line, double *rate, double *p50, double *p99) {
    return sscanf(line, "%lf %lf %lf", rate, p50, p99);
}

static int read_redis(const char *line, double *rate, double *p50, double *p99) {
    return sscanf(line, "\"GET\",\"%lf\",\"%*f\",\"%*f\",\"%lf\",\"%*f\",\"%lf\"", rate, p50, p99);
}

/* A command that loads, and prints what it measured. */
static void measure_command(const struct subject *subject, struct sample *sample, const char *command,
                            read_figures *read_line) {
    char line[1024];
    double cpu = cpu_seconds(subject->pid), start = load_now(), first, second, third;
    FILE *output = popen(command, "r");
    int read = 0;
    while (output != NULL && fgets(line, sizeof line, output) != NULL)
        if (read < 3)
            read = read_line(line, &first, &second, &third);
    if (output == NULL || pclose(output) != 0 || read < 3) {
        fprintf(stderr, "%s: no figures\n", command);
        exit(1);
    }
    double seconds = load_now() - start;
    cpu = cpu_seconds(subject->pid) - cpu;
    *sample =
        (struct sample){.rate = first, .p50_us = second, .p99_us = third, .cpu_us = cpu * 1e6 / (first * seconds)};
}

static void measure_grpc(const struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    char command[4600];
    snprintf(command, sizeof command, "%s/grpc_peer load %s %u %g", program_dir, subject->url, in_flight, seconds);
    measure_command(subject, sample, command, read_grpc);
}

/* redis-benchmark counts calls, not seconds; its latencies are milliseconds. */
static void measure_redis(const struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    char command[512];
    snprintf(command, sizeof command, "redis-benchmark --csv -p %s -c %u -n %.0f -t get", subject->url, in_flight,
             seconds * (in_flight > 1 ? 80000 : 15000));
    measure_command(subject, sample, command, read_redis);
    sample->p50_us *= 1000;
    sample->p99_us *= 1000;
}

void subject_measure(struct subject *subject, const struct options *options, size_t level, int round) {
    struct sample *sample = &subject->samples[level][round];
    unsigned in_flight = options->in_flight[level];
    if (subject->kind == KIND_GRPC)
        measure_grpc(subject, sample, in_flight, options->seconds);
    else if (subject->kind == KIND_REDIS)
        measure_redis(subject, sample, in_flight, options->seconds);
    else
        measure_sp(subject, sample, in_flight, options->seconds);
    subject->resident_mb = resident_mb(subject->pid);
}

/* ---- starting */

static bool answers(const struct subject *subject) {
    struct load_result result;
    char command[4600];
    if (subject->kind == KIND_GRPC)
        snprintf(command, sizeof command, "%s/grpc_peer load %s 1 0.01 >/dev/null 2>&1", program_dir, subject->url);
    else if (subject->kind == KIND_REDIS)
        snprintf(command, sizeof command, "redis-cli -p %s ping >/dev/null 2>&1", subject->url);
    else
        return load_sp(&result, subject, 1, 0.01, NULL) == 0;
    return system(command) == 0;
}

static void wait_for(struct subject *subject) {
    double begin = load_now();
    int saved = dup(STDERR_FILENO), tries = 0;
    bool there = false;
    if (freopen("/dev/null", "w", stderr) == NULL)
        exit(1);
    while (!(there = answers(subject)) && tries++ < START_TRIES && waitpid(subject->pid, NULL, WNOHANG) == 0)
        usleep(50000);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    if (!there) {
        fprintf(stderr, "%s does not answer\n", subject->name);
        subjects_clean_up();
        exit(1);
    }
    subject->started_s = load_now() - begin;
}

/* Mean size of an answer, from one short run. */
static size_t mean_answer(const struct subject *subject) {
    struct load_result result;
    if (load_sp(&result, subject, 8, 0.3, NULL) != 0 || result.calls == 0)
        exit(1);
    return (size_t)(result.bytes / result.calls) - 4;
}

static int port_of(unsigned number) {
    return 20000 + (int)(getpid() % 20000) + (int)number;
}

static void make_url(struct subject *subject, const struct options *options, unsigned number) {
    if (strcmp(options->transport, "ipc") == 0)
        snprintf(subject->url, sizeof subject->url, "ipc://%s/%u.sock", work_dir, number);
    else
        snprintf(subject->url, sizeof subject->url, "tcp://127.0.0.1:%d", port_of(number));
}

static bool start_service(struct subject *subject, const struct options *options, unsigned number) {
    static char path[8192], data[128], copied[8400], policy[256];
    char *arguments[ARGUMENTS_MAX] = {path,           (char *)"--data", data,           (char *)"--listen",
                                      subject->url,   (char *)"--http", (char *)"none", (char *)"--log-level",
                                      (char *)"error"};
    size_t count = 9;
    make_url(subject, options, number);
    snprintf(path, sizeof path, "%s/depositaryd", program_dir);
    snprintf(data, sizeof data, "%s/%u", work_dir, number);
    if (options->data != NULL) { /* a daemon has its folder to itself */
        snprintf(copied, sizeof copied, "cp -r '%s' %s", options->data, data);
        if (system(copied) != 0)
            exit(1);
        snprintf(policy, sizeof policy, "%s/policy", data);
        arguments[count++] = (char *)"--policy";
        arguments[count++] = policy;
    }
    for (int i = 0; subject->extra[i] != NULL; i++)
        arguments[count++] = (char *)subject->extra[i];
    if (options->url != NULL)
        snprintf(subject->url, sizeof subject->url, "%s", options->url);
    else
        subject->pid = start(options, arguments);
    wait_for(subject);
    subject->answer_bytes = mean_answer(subject);
    return true;
}

static bool start_echo(struct subject *subject, const struct options *options, unsigned number, size_t bytes) {
    char path[8192], text[32];
    make_url(subject, options, number);
    snprintf(path, sizeof path, "%s/bench_echo", program_dir);
    snprintf(text, sizeof text, "%zu", bytes);
    char *arguments[] = {path, subject->url, text, NULL};
    subject->pid = start(options, arguments);
    wait_for(subject);
    return true;
}

static bool start_grpc(struct subject *subject, const struct options *options, unsigned number, size_t bytes) {
    char path[8192], text[32];
    snprintf(path, sizeof path, "%s/grpc_peer", program_dir);
    if (!is_program(path))
        return false;
    snprintf(subject->url, sizeof subject->url, "127.0.0.1:%d", port_of(number));
    snprintf(text, sizeof text, "%zu", bytes > 70 ? bytes - 70 : bytes); /* its signature is beside it */
    char *arguments[] = {path, (char *)"serve", subject->url, text, NULL};
    subject->pid = start(options, arguments);
    wait_for(subject);
    return true;
}

static bool start_redis(struct subject *subject, const struct options *options, unsigned number, size_t bytes) {
    char command[512];
    if (system("command -v redis-server redis-benchmark redis-cli >/dev/null") != 0)
        return false;
    snprintf(subject->url, sizeof subject->url, "%d", port_of(number));
    char *arguments[] = {
        (char *)"redis-server", (char *)"--port", subject->url,    (char *)"--bind", (char *)"127.0.0.1",
        (char *)"--save",       (char *)"",       (char *)"--dir", work_dir,         NULL};
    subject->pid = start(options, arguments);
    wait_for(subject);
    /* Its benchmark asks for this key. */
    snprintf(command, sizeof command,
             "head -c %zu /dev/zero | tr '\\0' x | redis-cli -p %s -x set key:__rand_int__ >/dev/null", bytes,
             subject->url);
    return system(command) == 0;
}

bool subject_start(struct subject *subject, const struct options *options, unsigned number, size_t answer_bytes) {
    switch (subject->kind) {
    case KIND_SERVICE:
        return start_service(subject, options, number);
    case KIND_ECHO:
        return start_echo(subject, options, number, answer_bytes);
    case KIND_GRPC:
        return start_grpc(subject, options, number, answer_bytes);
    case KIND_REDIS:
    default:
        return start_redis(subject, options, number, answer_bytes);
    }
}

void subject_stop(struct subject *subject) {
    if (subject->pid > 0) {
        kill(subject->pid, SIGTERM);
        waitpid(subject->pid, NULL, 0);
        subject->pid = 0;
    }
}
