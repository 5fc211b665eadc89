/*
 * call: any method by its name, with its message as JSON, by the descriptors that the service gives. The answer is the service's own word under its
 * seal: nothing of it is proved here, and the output says so.
 */
#include "cli/generic.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define INPUT_MAX (16u * 1024 * 1024) /* bytes of JSON: a request of 4 MiB in base64, and what is around it */

/* Of standard input no more is read than a request can need. */
static void read_stdin(struct buffer *out) {
    uint8_t chunk[16384];
    for (size_t len; out->error == 0 && (len = fread(chunk, 1, sizeof chunk, stdin)) > 0;)
        buffer_append(out, bytes_of(chunk, len));
}

static int read_input(json_t **out, const char *text) {
    json_error_t error;
    struct buffer in;
    int status = 0;
    buffer_init(&in, INPUT_MAX);
    if (strcmp(text, "-") == 0)
        read_stdin(&in);
    else
        buffer_append_text(&in, text);
    json_t *object = in.error == 0 ? json_loadb((const char *)in.data, in.len, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (in.error == DEPOSITARY_E_LIMIT) {
        cli_error("the message is longer than any request: %u MiB of JSON", INPUT_MAX >> 20);
        status = CLI_USAGE;
    } else if (in.error != 0 || cli_json_lacks()) {
        cli_error("no memory for the message");
        json_decref(object);
        status = CLI_REFUSED;
    } else if (object == NULL) {
        cli_error("not JSON: %s, line %d", error.text, error.line);
        status = CLI_USAGE;
    } else
        *out = object;
    buffer_free(&in);
    return status;
}

static int print_answer(struct cli *cli, const struct schema *schema, const schema_method *method,
                        const depositary_answer *answer) {
    struct fault fault = {0};
    size_t len;
    json_t *object = NULL;
    const void *bytes = depositary_answer_message(answer, &len);
    if (schema_print_json(&object, schema, method->output_type, bytes_of(bytes, len), &fault) != 0) {
        cli_error("the answer is not what the descriptors say: %s", fault_text(&fault));
        return CLI_REFUSED;
    }
    if (cli->is_json)
        return cli_json_print(json_pack("{s:s, s:b, s:o}", "method", method->name, "claimed", 1, "message", object));
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    if (cli_json_lacks() || text == NULL) {
        free(text);
        cli_error("the answer cannot be written as JSON");
        return CLI_REFUSED;
    }
    cli_text(text, strlen(text));
    putchar('\n');
    free(text);
    cli_note(
        "claimed: this is the service's word under its seal; nothing of it is proved (the other verbs prove what they print)");
    return cli_finish();
}

static int ask(struct cli *cli, const struct schema *schema, const char *service, const schema_method *method,
               const json_t *input) {
    struct fault fault = {0};
    struct buffer message;
    char name[512];
    depositary_answer *answer = NULL;
    int status;
    buffer_init(&message, LIMIT_REQUEST_APPEND);
    snprintf(name, sizeof name, "/%s/%s", service, method->name);
    if (method->input_type == NULL || method->output_type == NULL ||
        schema_parse_json(&message, schema, method->input_type, input, &fault) != 0) {
        cli_error("%s", fault.error != 0 ? fault_text(&fault) : "the descriptors do not tell of the method's messages");
        status = cli_unusable(fault.error);
    } else {
        int error =
            depositary_call(cli->client, depositary_question_generic(name, message.data, message.len), NULL, &answer);
        status = error != 0 ? cli_answer_failed(cli, answer, error) : print_answer(cli, schema, method, answer);
    }
    depositary_answer_free(&answer);
    buffer_free(&message);
    return status;
}

int verb_call(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct schema *schema = NULL;
    const char *service;
    cli->no_receipt = "a call by name keeps no receipt: use the verb for it";
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 1, 2);
    if (status >= 0)
        return status;
    const char *method_name = argv[optind];
    json_t *input = NULL;
    status = read_input(&input, optind + 1 < argc ? argv[optind + 1] : "{}");
    if (status == 0)
        status = cli_schema(cli, &schema);
    if (status == 0) {
        const schema_method *method = schema_find_method(schema, method_name, &service);
        if (method == NULL)
            status = cli_usage(verb, "the service tells of no method \"%s\"; see: depositary describe", method_name);
        else
            status = ask(cli, schema, service, method, input);
    }
    schema_free(schema);
    json_decref(input);
    return status;
}
