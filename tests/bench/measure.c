/* Loading and watching what the bench measures (subject.h). */
#define _GNU_SOURCE /* SCHED_BATCH */
#include "metrics.h"
#include "subject.h"

#include "depositary/v1/rpc.pb-c.h"
#include "depositary/v1/seal.pb-c.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONNECTIONS 8u

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

/* Processor time of this process, or of those that it waited for. */
static double own_seconds(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* ---- loads */

int subject_load(struct load_result *out, struct subject *subject, unsigned in_flight, double seconds,
                 load_answer *answer) {
    return load_run(out, subject->url, subject->questions.requests, subject->questions.count,
                    subject->is_cold ? questions_next : questions_pick, &subject->questions, in_flight,
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

static double count_hits(const struct subject *subject) {
    return subject->http_port > 0 ? metrics_sum(subject->http_port, "depositary_cache_hits_total ") : 0;
}

static void measure_sp(struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    struct load_result result;
    double hits = count_hits(subject), server = cpu_seconds(subject->pid), own = own_seconds(RUSAGE_SELF);
    if (subject_load(&result, subject, in_flight, seconds, NULL) != 0)
        exit(1);
    server = cpu_seconds(subject->pid) - server;
    own = own_seconds(RUSAGE_SELF) - own;
    hits = count_hits(subject) - hits;
    *sample = (struct sample){.rate = (double)result.calls / result.seconds,
                              .p50_us = result.p50_us,
                              .p99_us = result.p99_us,
                              .server_us = server * 1e6 / (double)result.calls,
                              .client_us = own * 1e6 / (double)result.calls,
                              .hits = hits / (double)result.calls};
    if (subject->kind != KIND_ECHO && !subject->is_cold &&
        subject_load(&result, subject, in_flight, 0.2, is_first) == 0 && result.batches > 0)
        sample->batch = (double)result.calls / (double)result.batches;
}

/* Figures of a line; the number of those that were read. */
typedef int read_figures(const char *line, struct sample *sample);

static int read_grpc(const char *line, struct sample *sample) {
    return sscanf(line, "%lf %lf %lf", &sample->rate, &sample->p50_us, &sample->p99_us);
}

static int read_client(const char *line, struct sample *sample) {
    return sscanf(line, "%lf %lf %lf %lf %lf", &sample->rate, &sample->p50_us, &sample->p99_us, &sample->client_us,
                  &sample->checks);
}

/* Its latencies are milliseconds. */
static int read_redis(const char *line, struct sample *sample) {
    int read = sscanf(line, "\"GET\",\"%lf\",\"%*f\",\"%*f\",\"%lf\",\"%*f\",\"%lf\"", &sample->rate, &sample->p50_us,
                      &sample->p99_us);
    sample->p50_us *= 1000;
    sample->p99_us *= 1000;
    return read;
}

/* A command that loads, and prints what it measured. */
static void measure_command(const struct subject *subject, struct sample *sample, const char *command,
                            read_figures *read_line, double seconds) {
    char line[1024];
    double server = cpu_seconds(subject->pid), own = own_seconds(RUSAGE_CHILDREN);
    FILE *output = popen(command, "r");
    int read = 0;
    *sample = (struct sample){0};
    while (output != NULL && fgets(line, sizeof line, output) != NULL)
        if (read < 3)
            read = read_line(line, sample);
    if (output == NULL || pclose(output) != 0 || read < 3) {
        fprintf(stderr, "%s: no figures\n", command);
        exit(1);
    }
    server = cpu_seconds(subject->pid) - server;
    own = own_seconds(RUSAGE_CHILDREN) - own;
    sample->server_us = server * 1e6 / (sample->rate * seconds);
    if (sample->client_us == 0)
        sample->client_us = own * 1e6 / (sample->rate * seconds);
}

static void measure_grpc(const struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    char command[4600];
    snprintf(command, sizeof command, "%s/grpc_peer load %s %u %g", subjects_programs(), subject->url, in_flight,
             seconds);
    measure_command(subject, sample, command, read_grpc, seconds);
}

/* It runs for a tenth of a second more at the beginning, to know the state and the key. */
static void measure_client(const struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    char command[5000];
    const struct bench_ledger *ledger = subject->ledger;
    int len = snprintf(command, sizeof command, "%s/bench_client %s %s %u %g", subjects_programs(), subject->url,
                       subject->policy, in_flight, seconds);
    if (ledger->data != NULL)
        snprintf(command + len, sizeof command - (size_t)len, " %lu %lu %s", ledger->clauses, ledger->editions,
                 ledger->is_uniform ? "uniform" : "zipf");
    measure_command(subject, sample, command, read_client, seconds + 0.1);
}

/* redis-benchmark counts calls, not seconds. */
static void measure_redis(const struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    char command[512];
    double calls = seconds * (in_flight > 1 ? 80000 : 15000);
    snprintf(command, sizeof command, "redis-benchmark --csv -p %s -c %u -n %.0f -t get", subject->url, in_flight,
             calls);
    measure_command(subject, sample, command, read_redis, 1);
    sample->server_us *= sample->rate / calls;
    sample->client_us *= sample->rate / calls;
}

/* ---- a machine with other work */

/*
 * Both ends run in the real-time class while a sample is taken, so that what else runs there does not count; before the next one the rest of the machine has
 * twice as long for itself. Threads of one priority do not preempt each other in that class, as they do not in SCHED_BATCH, in which all runs otherwise.
 */
static void schedule(pid_t pid, int policy) {
    const struct sched_param param = {.sched_priority = policy == SCHED_FIFO ? 1 : 0};
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = pid > 0 ? opendir(path) : NULL;
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;)
        if (atoi(task->d_name) > 0 && sched_setscheduler(atoi(task->d_name), policy, &param) != 0 &&
            policy == SCHED_FIFO)
            perror("real-time class");
    if (tasks != NULL)
        closedir(tasks);
}

static void measure(struct subject *subject, struct sample *sample, unsigned in_flight, double seconds) {
    if (subject->kind == KIND_GRPC)
        measure_grpc(subject, sample, in_flight, seconds);
    else if (subject->kind == KIND_REDIS)
        measure_redis(subject, sample, in_flight, seconds);
    else if (subject->kind == KIND_CLIENT)
        measure_client(subject, sample, in_flight, seconds);
    else
        measure_sp(subject, sample, in_flight, seconds);
}

void subject_measure(struct subject *subject, const struct options *options, size_t level, int round) {
    if (subject->is_cold)
        subject_restart(subject, options);
    double begin = load_now();
    if (options->is_shared) {
        schedule(subject->pid, SCHED_FIFO);
        schedule(getpid(), SCHED_FIFO);
    }
    measure(subject, &subject->samples[level][round], options->in_flight[level], options->seconds);
    if (options->is_shared) {
        schedule(getpid(), SCHED_OTHER);
        schedule(subject->pid, SCHED_BATCH);
        usleep((useconds_t)((load_now() - begin) * 2e6));
    }
    subject->resident_mb = resident_mb(subject->pid);
}

bool subject_answers(struct subject *subject) {
    struct load_result result;
    char command[4600];
    if (subject->kind == KIND_GRPC)
        snprintf(command, sizeof command, "%s/grpc_peer load %s 1 0.01 >/dev/null 2>&1", subjects_programs(),
                 subject->url);
    else if (subject->kind == KIND_REDIS)
        snprintf(command, sizeof command, "redis-cli -p %s ping >/dev/null 2>&1", subject->url);
    else
        return subject_load(&result, subject, 1, 0.01, NULL) == 0;
    return system(command) == 0;
}
