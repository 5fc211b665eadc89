/* quote: is a quote verbatim, where, and if not, what differs. The verdict was computed here, from proven text. */
#include "cli/quote.h"

#include <string.h>
#include <unistd.h>

#include "base/limits.h"

enum { OPT_INSTRUMENT = CLI_OPT_OWN, OPT_ALL, OPT_WHOLE, OPT_BATCH };

static const struct option own_options[] = {
    CLI_WHICH_OPTIONS,
    {"instrument", required_argument, NULL, OPT_INSTRUMENT},
    {"all", no_argument, NULL, OPT_ALL},
    {"whole", no_argument, NULL, OPT_WHOLE},
    {"batch", required_argument, NULL, OPT_BATCH},
    {0},
};

static bool take(void *context, int val, const char *argument) {
    struct quote_options *options = context;
    switch (val) {
    case OPT_INSTRUMENT:
        options->which.query.instrument = argument;
        return true;
    case OPT_ALL:
        return options->is_all = true;
    case OPT_WHOLE:
        return options->is_whole = true;
    case OPT_BATCH:
        options->batch = argument;
        return true;
    default:
        return cli_take_which(&options->which, val, argument);
    }
}

/* The quote from standard input: all of it, without one last newline, which belongs to the shell. */
static int read_quote(struct buffer *out) {
    uint8_t chunk[4096];
    ssize_t got;
    while ((got = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
        buffer_append(out, bytes_of(chunk, (size_t)got));
    if (got < 0) {
        cli_error("standard input cannot be read");
        return CLI_USAGE;
    }
    if (out->len > 0 && out->data[out->len - 1] == '\n')
        out->len--;
    return 0;
}

static int print_result(struct cli *cli, const struct quote_options *options, const struct quote_result *result) {
    int status = 0;
    if (result->error != 0 && result->answer == NULL) {
        cli_error("%s", depositary_error_text(result->error));
        return cli_exit_code(result->error);
    }
    if (result->error != 0)
        return cli_query_failed(cli, &options->which.query, result->answer, result->error);
    if (cli->is_json)
        status = cli_json_print(quote_json(result));
    else
        status = quote_print(result, options->is_all);
    return status != 0 ? status : quote_exit(result);
}

static int check_one(struct cli *cli, const struct quote_options *options, struct bytes quote) {
    struct quote_result result = {.quote = (const char *)quote.data, .quote_len = quote.len};
    struct quote_whole whole = {0};
    int status = options->is_whole ? quote_whole_open(&whole, cli, &options->which.query) : 0;
    if (status != 0)
        return status;
    if (options->is_whole)
        quote_whole_ask(&whole, &result);
    else {
        quote_ask(cli, &options->which.query, &result);
        status = cli_receipt(cli, result.answer);
    }
    if (status == 0)
        status = print_result(cli, options, &result);
    quote_result_free(&result);
    quote_whole_close(&whole);
    return status;
}

static int run(struct cli *cli, const struct verb *verb, const struct quote_options *options, const char *text) {
    struct buffer input;
    int status = 0;
    buffer_init(&input, LIMIT_QUOTE + 1);
    if (strcmp(text, "-") == 0)
        status = read_quote(&input);
    else
        buffer_append_text(&input, text);
    buffer_append_byte(&input, 0);
    if (status == 0 && input.error == DEPOSITARY_E_MEMORY)
        status = (cli_error("no memory for the quote"), CLI_REFUSED);
    else if (status == 0 && (input.error != 0 || input.len < 2))
        status =
            cli_usage(verb, input.error != 0 ? "the quote is longer than %u bytes" : "the quote is empty", LIMIT_QUOTE);
    if (status == 0)
        status = cli_client(cli);
    if (status == 0)
        status = check_one(cli, options, bytes_of(input.data, input.len - 1));
    buffer_free(&input);
    return status;
}

int verb_quote(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct quote_options options = {0};
    int status = cli_options(cli, verb, argc, argv, own_options, take, &options, 0, 2);
    if (status >= 0)
        return status;
    int left = argc - optind;
    if (left == 2 || (left == 1 && options.batch != NULL))
        options.which.query.instrument = argv[optind++];
    if (options.is_whole && options.which.query.instrument == NULL)
        return cli_usage(verb, "--whole looks through one edition: name the instrument");
    if (options.batch != NULL && cli->receipt_path != NULL)
        return cli_usage(verb, "--receipt keeps one call; with --batch there are many");
    if (options.batch != NULL && argc - optind > 0)
        return cli_usage(verb, "--batch takes the quotes from its file");
    if (options.batch != NULL)
        return (status = cli_client(cli)) != 0 ? status : quote_batch(cli, &options);
    return argc == optind ? cli_usage(verb, "a quote is missing") : run(cli, verb, &options, argv[optind]);
}
