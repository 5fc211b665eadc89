/*
 * quote --batch: a file of quotes over one connection, many in flight, a JSON line each in the order of the file. A line is a quote, or a JSON
 * object with "quote" and, if wanted, "instrument", "language", "edition", "as_of" and "id", which comes back with the answer.
 */
#include "cli/quote.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/limits.h"

#define IN_FLIGHT 32u               /* quotes; the service takes 128 calls of one connection */
#define LINE_MAX  (4 * LIMIT_QUOTE) /* bytes of a line: JSON may escape every character */

/* One line, from reading to printing. */
struct line {
    uint64_t number;
    char *text;    /* as read, without its newline */
    json_t *input; /* of a JSON line */
    struct cli_which which;
    struct quote_result result;
    char fault[160]; /* what is wrong with the line itself */
    bool is_done;
};

struct batch {
    struct cli *cli;
    const struct quote_options *options;
    struct quote_whole whole;
    FILE *file;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t moved;
    struct line lines[IN_FLIGHT]; /* line n is in lines[n % IN_FLIGHT] */
    uint64_t read;                /* lines read */
    uint64_t taken;               /* lines that a thread has begun */
    uint64_t printed;
    bool is_end;
    bool is_given_up; /* the service is not there: what is left is not asked */
    int status;       /* the worst */
};

/* ---- one line */

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static bool refuse(struct line *line, const char *what) {
    snprintf(line->fault, sizeof line->fault, "%s", what);
    return false;
}

static bool parse_json(struct line *line) {
    json_error_t error;
    line->input = json_loads(line->text, JSON_REJECT_DUPLICATES, &error);
    if (line->input == NULL && cli_json_lacks()) {
        line->result.error = DEPOSITARY_E_MEMORY;
        return false;
    }
    if (line->input == NULL) {
        snprintf(line->fault, sizeof line->fault, "not JSON: %.100s at column %d", error.text, error.column);
        return false;
    }
    const json_t *quote = json_object_get(line->input, "quote"), *edition = json_object_get(line->input, "edition");
    const char *as_of = text_of(line->input, "as_of");
    bool is_today = false;
    if (!json_is_string(quote))
        return refuse(line, "the object has no \"quote\"");
    if (edition != NULL &&
        (!json_is_integer(edition) || json_integer_value(edition) < 0 || json_integer_value(edition) > UINT32_MAX))
        return refuse(line, "\"edition\" is not a number of an edition");
    if (as_of != NULL && !cli_as_of(as_of, line->which.as_of, &is_today))
        return refuse(line, "\"as_of\" is not a time or date");
    line->result.quote = json_string_value(quote);
    line->result.quote_len = json_string_length(quote);
    if (text_of(line->input, "instrument") != NULL)
        line->which.query.instrument = text_of(line->input, "instrument");
    if (text_of(line->input, "language") != NULL)
        line->which.query.language = text_of(line->input, "language");
    if (edition != NULL)
        line->which.query.edition = (uint32_t)json_integer_value(edition);
    if (as_of != NULL && !is_today)
        line->which.query.as_of = line->which.as_of;
    return true;
}

static bool parse_line(struct line *line) {
    line->result.quote = line->text;
    line->result.quote_len = strlen(line->text);
    if (line->text[0] == '{' && !parse_json(line))
        return false;
    if (line->result.quote_len == 0 || line->result.quote_len > LIMIT_QUOTE)
        return refuse(line, "a quote is 1 to 16384 bytes");
    return utf8_valid(bytes_of(line->result.quote, line->result.quote_len)) ? true : refuse(line, "not UTF-8");
}

static void check_line(struct batch *batch, struct line *line) {
    line->which = batch->options->which;
    if (line->which.as_of[0] != '\0')
        line->which.query.as_of = line->which.as_of;
    if (!parse_line(line))
        return;
    if (batch->options->is_whole)
        quote_whole_ask(&batch->whole, &line->result);
    else
        quote_ask(batch->cli, &line->which.query, &line->result);
}

/* ---- printing */

static json_t *failure_json(const struct quote_result *result) {
    const char *text =
        result->answer != NULL ? depositary_answer_error_text(result->answer) : depositary_error_text(result->error);
    json_t *object = json_pack("{s:s, s:s?}", "error", depositary_error_name(result->error), "message", text);
    if (object == NULL) /* words that are not UTF-8 */
        object = json_pack("{s:s}", "error", depositary_error_name(result->error));
    if (result->elsewhere != NULL) {
        const struct quote_result elsewhere = {.elsewhere = result->elsewhere};
        json_t *shown = quote_json(&elsewhere);
        json_object_set(object, "elsewhere", json_object_get(shown, "elsewhere"));
        json_decref(shown);
    }
    return object;
}

static int line_status(const struct line *line) {
    if (line->fault[0] != '\0')
        return CLI_USAGE;
    return line->result.error != 0 ? cli_exit_code(line->result.error) : quote_exit(&line->result);
}

/* A failed verification outweighs all, then what could not be asked; a verdict of "no" is the least of them. */
static int worse(int a, int b) {
    static const int order[] = {CLI_UNVERIFIED, CLI_UNREACHABLE, CLI_REFUSED, CLI_USAGE, CLI_NO};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return CLI_YES;
}

static int print_line(const struct line *line) {
    json_t *object = line->fault[0] != '\0'    ? json_pack("{s:s, s:s}", "error", "E_ARGUMENT", "message", line->fault)
                     : line->result.error != 0 ? failure_json(&line->result)
                                               : quote_json(&line->result);
    json_object_set_new(object, "line", json_integer((json_int_t)line->number));
    if (line->fault[0] == '\0')
        json_object_set_new(object, "quote", json_stringn(line->result.quote, line->result.quote_len));
    if (line->input != NULL && json_object_get(line->input, "id") != NULL)
        json_object_set(object, "id", json_object_get(line->input, "id"));
    return cli_json_print(object);
}

static void line_clear(struct line *line) {
    quote_result_free(&line->result);
    json_decref(line->input);
    free(line->text);
    *line = (struct line){0};
}

/* ---- threads: one reads and prints, the others ask */

static void *ask_lines(void *context) {
    struct batch *batch = context;
    pthread_mutex_lock(&batch->lock);
    while (!batch->is_end || batch->taken < batch->read) {
        if (batch->taken == batch->read) {
            pthread_cond_wait(&batch->moved, &batch->lock);
            continue;
        }
        struct line *line = &batch->lines[batch->taken++ % IN_FLIGHT];
        pthread_mutex_unlock(&batch->lock);
        check_line(batch, line);
        pthread_mutex_lock(&batch->lock);
        line->is_done = true;
        pthread_cond_broadcast(&batch->moved);
    }
    pthread_mutex_unlock(&batch->lock);
    return NULL;
}

/* Prints the lines that are done, in their order; waits for the first where is_waiting. */
static void print_done(struct batch *batch, bool is_waiting) {
    pthread_mutex_lock(&batch->lock);
    while (batch->printed < batch->read) {
        struct line *line = &batch->lines[batch->printed % IN_FLIGHT];
        while (is_waiting && !line->is_done)
            pthread_cond_wait(&batch->moved, &batch->lock);
        if (!line->is_done)
            break;
        pthread_mutex_unlock(&batch->lock);
        int status = print_line(line);
        status = status != 0 ? status : line_status(line);
        batch->status = worse(batch->status, status);
        batch->is_given_up = batch->is_given_up || status == CLI_UNREACHABLE;
        line_clear(line);
        pthread_mutex_lock(&batch->lock);
        batch->printed++;
        is_waiting = false;
    }
    pthread_mutex_unlock(&batch->lock);
}

/* What is left of a line that is too long. */
static int pass_over(FILE *file) {
    int byte;
    while ((byte = getc(file)) != EOF && byte != '\n') {
    }
    return byte;
}

/* A line of at most LINE_MAX bytes without its end, with a NUL after it: nothing of a longer one is kept. False at the end of the file. */
static bool take_line(FILE *file, char text[LINE_MAX + 1], size_t *len, const char **fault) {
    int byte;
    *len = 0;
    *fault = NULL;
    while ((byte = getc(file)) != EOF && byte != '\n') {
        *fault = byte == '\0' ? "it holds a zero byte" : *fault;
        if (*len == LINE_MAX) {
            *fault = "too long for a quote";
            byte = pass_over(file);
            break;
        }
        text[(*len)++] = (char)byte;
    }
    bool is_there = *len > 0 || byte != EOF;
    while (*len > 0 && text[*len - 1] == '\r')
        --*len;
    text[*len] = '\0';
    return is_there;
}

/* The next line of the file, without its end; NULL at the end of the file. Empty lines are passed over, but counted. */
static char *read_line(struct batch *batch, uint64_t *number) {
    static char text[LINE_MAX + 1]; /* one thread reads */
    const char *fault;
    size_t len;
    errno = 0;
    while (take_line(batch->file, text, &len, &fault)) {
        ++*number;
        char *copy = len > 0 && fault == NULL ? strdup(text) : NULL;
        if (copy != NULL)
            return copy;
        if (len > 0 && fault == NULL) {
            cli_error("line %llu: no memory", (unsigned long long)*number);
            batch->status = worse(batch->status, CLI_REFUSED);
        } else if (fault != NULL) {
            cli_error("line %llu: %s", (unsigned long long)*number, fault);
            batch->status = worse(batch->status, CLI_USAGE);
        }
    }
    if (ferror(batch->file)) { /* what is left of the file is not asked */
        cli_error("%s, after line %llu: %s", batch->options->batch, (unsigned long long)*number, strerror(errno));
        batch->status = worse(batch->status, CLI_REFUSED);
    }
    return NULL;
}

static void run_lines(struct batch *batch) {
    uint64_t number = 0;
    for (char *text; !batch->is_given_up && (text = read_line(batch, &number)) != NULL;) {
        print_done(batch, batch->read - batch->printed == IN_FLIGHT);
        pthread_mutex_lock(&batch->lock);
        batch->lines[batch->read % IN_FLIGHT] = (struct line){.number = number, .text = text};
        batch->read++;
        pthread_cond_broadcast(&batch->moved);
        pthread_mutex_unlock(&batch->lock);
    }
    while (batch->printed < batch->read)
        print_done(batch, true);
    if (batch->is_given_up)
        cli_error("the service is not there; nothing was asked after line %llu", (unsigned long long)number);
}

static int run_threads(struct batch *batch) {
    pthread_t threads[IN_FLIGHT];
    size_t count = 0;
    while (count < IN_FLIGHT && pthread_create(&threads[count], NULL, ask_lines, batch) == 0)
        count++;
    if (count > 0)
        run_lines(batch);
    pthread_mutex_lock(&batch->lock);
    batch->is_end = true;
    pthread_cond_broadcast(&batch->moved);
    pthread_mutex_unlock(&batch->lock);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    if (count == 0)
        cli_error("no threads to ask with");
    return count == 0 ? CLI_REFUSED : batch->status;
}

int quote_batch(struct cli *cli, const struct quote_options *options) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return cli_error("out of memory"), CLI_REFUSED;
    batch->cli = cli;
    batch->options = options;
    batch->file = strcmp(options->batch, "-") == 0 ? stdin : fopen(options->batch, "re");
    int status = 0;
    if (batch->file == NULL) {
        const int reason = errno;
        cli_error("%s: %s", options->batch, strerror(reason));
        status = reason == ENOMEM ? CLI_REFUSED : CLI_USAGE;
    }
    if (status == 0 && options->is_whole)
        status = quote_whole_open(&batch->whole, cli, &options->which.query);
    if (status == 0) {
        json_object_seed(0); /* before the threads do */
        pthread_mutex_init(&batch->lock, NULL);
        pthread_cond_init(&batch->moved, NULL);
        status = run_threads(batch);
        pthread_cond_destroy(&batch->moved);
        pthread_mutex_destroy(&batch->lock);
    }
    quote_whole_close(&batch->whole);
    if (batch->file != NULL && batch->file != stdin)
        fclose(batch->file);
    free(batch);
    return status;
}
