/* Starting and stopping what the bench measures (subject.h). */
#define _GNU_SOURCE /* sched_setaffinity */
#include "subject.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TRIES   6000 /* of 50 ms */
#define ARGUMENTS_MAX 20
#define HTTP_PORTS    10000 /* its metrics are so many ports further */
#define TEXTS         64u   /* whose words are searched for and quoted */

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
    pin(options->client_cpu);
}

const char *subjects_programs(void) {
    return program_dir;
}

void subjects_clean_up(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", work_dir);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", work_dir);
}

/* ---- starting */

static void wait_for(struct subject *subject) {
    double begin = load_now();
    int saved = dup(STDERR_FILENO), tries = 0;
    bool there = false;
    if (freopen("/dev/null", "w", stderr) == NULL)
        exit(1);
    while (!(there = subject_answers(subject)) && tries++ < START_TRIES && waitpid(subject->pid, NULL, WNOHANG) == 0)
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
static size_t mean_answer(struct subject *subject) {
    struct load_result result;
    if (subject_load(&result, subject, 8, 0.3, NULL) != 0 || result.calls == 0)
        exit(1);
    return (size_t)(result.bytes / result.calls) - 4;
}

static int port_of(unsigned number) {
    return 20000 + (int)(getpid() % 10000) + (int)number;
}

static void make_url(struct subject *subject, unsigned number) {
    if (strcmp(subject->transport, "ipc") == 0)
        snprintf(subject->url, sizeof subject->url, "ipc://%s/%u.sock", work_dir, number);
    else
        snprintf(subject->url, sizeof subject->url, "tcp://127.0.0.1:%d", port_of(number));
}

static pid_t start_daemon(struct subject *subject, const struct options *options) {
    char path[8192], http[32];
    char *arguments[ARGUMENTS_MAX] = {path,           (char *)"--data", subject->data, (char *)"--listen",
                                      subject->url,   (char *)"--http", http,          (char *)"--log-level",
                                      (char *)"error"};
    size_t count = 9;
    snprintf(path, sizeof path, "%s/depositaryd", program_dir);
    snprintf(http, sizeof http, "127.0.0.1:%d", subject->http_port);
    if (subject->ledger->data != NULL) {
        arguments[count++] = (char *)"--policy";
        arguments[count++] = subject->policy;
    }
    for (int i = 0; subject->extra[i] != NULL; i++)
        arguments[count++] = (char *)subject->extra[i];
    return start(options, arguments);
}

/* Texts of clauses, which searches and quotes are made from. */
static char *texts[TEXTS];
static size_t texts_count;

static unsigned take_text(const uint8_t *answer, size_t len) {
    if (texts_count < TEXTS && (texts[texts_count] = questions_text(answer, len)) != NULL)
        texts_count++;
    return 0;
}

static void ask_of_texts(struct subject *subject) {
    struct load_result result;
    texts_count = 0;
    if (subject_load(&result, subject, 1, 0.2, take_text) != 0 || texts_count == 0)
        exit(1);
    questions_free(&subject->questions);
    questions_make_texts(&subject->questions, subject->kind == KIND_SEARCH ? QUESTION_SEARCH : QUESTION_QUOTE, texts,
                         texts_count);
    while (texts_count > 0)
        free(texts[--texts_count]);
}

static bool start_service(struct subject *subject, const struct options *options, unsigned number) {
    char copied[8400];
    make_url(subject, number);
    snprintf(subject->data, sizeof subject->data, "%s/%u", work_dir, number);
    snprintf(subject->policy, sizeof subject->policy, "%s/policy", subject->data);
    if (subject->ledger->data != NULL) { /* a daemon has its folder to itself */
        snprintf(copied, sizeof copied, "cp -r '%s' %s", subject->ledger->data, subject->data);
        if (system(copied) != 0)
            exit(1);
    }
    questions_make(&subject->questions, subject->ledger);
    if (options->url != NULL)
        snprintf(subject->url, sizeof subject->url, "%s", options->url);
    else {
        subject->http_port = HTTP_PORTS + port_of(number);
        subject->pid = start_daemon(subject, options);
    }
    wait_for(subject);
    if (subject->kind != KIND_SERVICE)
        ask_of_texts(subject);
    subject->answer_bytes = mean_answer(subject);
    return true;
}

void subject_restart(struct subject *subject, const struct options *options) {
    subject_stop(subject);
    subject->pid = start_daemon(subject, options);
    wait_for(subject);
}

/* It is asked what the service is asked, and has no program of its own but the client's. */
static bool start_client(const struct options *options) {
    char path[8192];
    snprintf(path, sizeof path, "%s/bench_client", program_dir);
    return options->url == NULL && is_program(path);
}

static bool start_echo(struct subject *subject, const struct options *options, unsigned number, size_t bytes) {
    char path[8192], text[32];
    make_url(subject, number);
    snprintf(path, sizeof path, "%s/bench_echo", program_dir);
    snprintf(text, sizeof text, "%zu", bytes);
    char *arguments[] = {path, subject->url, text, NULL};
    questions_make(&subject->questions, subject->ledger);
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
    case KIND_SEARCH:
    case KIND_QUOTE:
        return start_service(subject, options, number);
    case KIND_CLIENT:
        return start_client(options);
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
