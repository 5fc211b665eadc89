/*
 * Output. Text from documents and servers may try to move a terminal's cursor or turn its direction: on a terminal such characters are shown as
 * escapes; into a pipe or a file go the exact bytes. PROTOCOL.md section 7.
 */
#include "cli/cli.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"

/* Whether text was changed for the terminal; said once, at the end. */
static bool has_escaped;

/* Control characters but newline and tab, the bidirectional marks and overrides, line separators, and the byte order mark. */
static bool is_unsafe(uint32_t code_point) {
    if (code_point < 0x20)
        return code_point != '\n' && code_point != '\t';
    return (code_point >= 0x7f && code_point <= 0x9f) || code_point == 0x061c ||
           (code_point >= 0x200b && code_point <= 0x200f) || (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2060 && code_point <= 0x206f) || code_point == 0xfeff ||
           (code_point >= 0xe0000 && code_point <= 0xe007f);
}

static bool neutralise(FILE *file, struct bytes in) {
    bool changed = false;
    while (in.len > 0) {
        uint32_t code_point = 0;
        size_t len = utf8_valid(in) ? utf8_next(&code_point, in) : 0;
        if (len == 0) { /* not text at all: byte by byte */
            fprintf(file, in.data[0] >= 0x20 && in.data[0] < 0x7f ? "%c" : "\\x%02x", in.data[0]);
            changed = true;
            len = 1;
        } else if (is_unsafe(code_point)) {
            fprintf(file, "\\u{%04X}", (unsigned)code_point);
            changed = true;
        } else {
            fwrite(in.data, 1, len, file);
        }
        in = bytes_slice(in, len, in.len - len);
    }
    return changed;
}

/* The same in linear time: whole runs are checked once. */
static bool neutralise_text(FILE *file, struct bytes in) {
    bool changed = false;
    if (!utf8_valid(in))
        return neutralise(file, in);
    while (in.len > 0) {
        uint32_t code_point;
        size_t len = utf8_next(&code_point, in);
        if (is_unsafe(code_point)) {
            fprintf(file, "\\u{%04X}", (unsigned)code_point);
            changed = true;
        } else {
            fwrite(in.data, 1, len, file);
        }
        in = bytes_slice(in, len, in.len - len);
    }
    return changed;
}

void cli_base64(char out[CLI_BASE64_LEN], const uint8_t bytes[CLI_BASE64_OF]) {
    sodium_bin2base64(out, CLI_BASE64_LEN, bytes, CLI_BASE64_OF, sodium_base64_VARIANT_ORIGINAL);
}

void cli_text(const char *text, size_t len) {
    if (isatty(STDOUT_FILENO))
        has_escaped |= neutralise_text(stdout, bytes_of(text, len));
    else
        fwrite(text, 1, len, stdout);
}

int cli_spool_status(const struct spool *spool) {
    if (spool->fault.error == 0)
        return 0;
    cli_error("%s", fault_text(&spool->fault));
    return CLI_REFUSED;
}

static void take_piece(void *context, struct bytes piece) {
    (void)context;
    cli_text((const char *)piece.data, piece.len);
}

int cli_text_spool(struct spool *spool) {
    return spool_each(spool, take_piece, NULL) != 0 ? cli_spool_status(spool) : 0;
}

void cli_text_marked(const char *text, size_t len) {
    bool is_terminal = isatty(STDOUT_FILENO);
    if (is_terminal)
        fputs("\033[1;7m", stdout);
    cli_text(text, len);
    if (is_terminal)
        fputs("\033[0m", stdout);
}

void cli_text_error(const char *text) {
    neutralise_text(stderr, bytes_text(text));
}

void cli_explain(const depositary_answer *answer) {
    const char *explanation = depositary_answer_explanation(answer);
    if (*explanation == '\0' && depositary_answer_ledger(answer) != NULL)
        cli_note("no memory to explain it");
    cli_text_error(explanation);
}

int cli_finish(void) {
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (failed) {
        perror("depositary: standard output");
        return CLI_REFUSED;
    }
    if (has_escaped)
        fputs(
            "depositary: control and direction characters in the text are shown as escapes here; a pipe or file gets the exact bytes\n",
            stderr);
    return CLI_YES;
}

/* jansson leaves out what it has no memory for, and an object without a field would pass for the whole: so it is noted, of each thread's own. */
static _Thread_local bool has_json_lacked;

static void *allocate_json(size_t size) {
    void *place = malloc(size);
    has_json_lacked = has_json_lacked || (place == NULL && size > 0);
    return place;
}

void cli_json_begin(void) {
    json_set_alloc_funcs(allocate_json, free);
}

bool cli_json_lacks(void) {
    bool lacks = has_json_lacked;
    has_json_lacked = false;
    return lacks;
}

static json_t *text_or_null(const char *text) {
    return text != NULL && *text != '\0' ? json_string(text) : json_null();
}

json_t *cli_json_text(struct buffer *text) {
    has_json_lacked = has_json_lacked || text->error == DEPOSITARY_E_MEMORY;
    json_t *out = text->error == 0 ? json_stringn(text->len > 0 ? (const char *)text->data : "", text->len) : NULL;
    buffer_free(text);
    return out;
}

static json_t *hex_json(const uint8_t *data, size_t len) {
    struct buffer hex;
    buffer_init(&hex, 1024);
    buffer_append_hex(&hex, bytes_of(data, len));
    return cli_json_text(&hex);
}

json_t *cli_json_answer(const depositary_answer *answer) {
    json_t *object = json_object();
    const depositary_ledger *ledger = depositary_answer_ledger(answer);
    const depositary_seal *seal = depositary_answer_seal(answer);
    json_object_set_new(object, "verified", json_true());
    if (ledger != NULL) {
        json_object_set_new(object, "ledger_size", json_integer((json_int_t)ledger->size));
        json_object_set_new(object, "ledger_root", hex_json(ledger->root, sizeof ledger->root));
        json_object_set_new(object, "as_of", json_string(ledger->register_time));
    }
    if (seal != NULL) {
        json_object_set_new(object, "sealed_at", json_string(seal->sealed_at));
        json_object_set_new(object, "answer_key", hex_json(seal->public_key, sizeof seal->public_key));
    }
    return object;
}

json_t *cli_json_latest(const depositary_edition *edition) {
    return edition->is_latest < 0 ? json_null() : json_boolean(edition->is_latest);
}

json_t *cli_json_edition(const depositary_edition *edition) {
    json_t *object = json_object(), *parties = json_array();
    json_object_set_new(object, "instrument", json_string(edition->instrument));
    json_object_set_new(object, "language", json_string(edition->language));
    json_object_set_new(object, "edition", json_integer(edition->edition));
    json_object_set_new(object, "latest", cli_json_latest(edition));
    json_object_set_new(object, "act", json_string(edition->act));
    json_object_set_new(object, "title", json_string(edition->title));
    json_object_set_new(object, "date", text_or_null(edition->date));
    json_object_set_new(object, "place", text_or_null(edition->place));
    for (size_t i = 0; i < edition->parties_count; i++)
        json_array_append_new(parties, json_string(edition->parties[i]));
    json_object_set_new(object, "parties", parties);
    json_object_set_new(object, "authenticity", json_string(edition->authenticity));
    json_object_set_new(object, "clauses", json_integer((json_int_t)edition->clauses));
    json_object_set_new(object, "source_length", json_integer((json_int_t)edition->source_length));
    json_object_set_new(object, "source_sha256", hex_json(edition->source_sha256, sizeof edition->source_sha256));
    json_object_set_new(object, "deposited_at", json_string(edition->deposited_at));
    json_object_set_new(object, "remark", text_or_null(edition->remark));
    json_object_set_new(object, "index", json_integer((json_int_t)edition->index));
    return object;
}

json_t *cli_json_span(depositary_span span) {
    return json_pack("{s:I, s:I}", "offset", (json_int_t)span.offset, "length", (json_int_t)span.length);
}

json_t *cli_json_clause(const depositary_clause *clause) {
    static const char *const kinds[] = {"unspecified", "preface", "preamble", "clause", "conclusions", "annex"};
    json_t *object = json_object(), *claimed = json_object(), *provisions = json_array();
    json_object_set_new(object, "instrument", json_string(clause->edition->instrument));
    json_object_set_new(object, "language", json_string(clause->edition->language));
    json_object_set_new(object, "edition", json_integer(clause->edition->edition));
    json_object_set_new(object, "latest", cli_json_latest(clause->edition));
    json_object_set_new(object, "eid", json_string(clause->eid));
    json_object_set_new(object, "kind",
                        json_string(clause->kind >= 0 && clause->kind <= 5 ? kinds[clause->kind] : kinds[0]));
    json_object_set_new(object, "place", json_integer((json_int_t)clause->place));
    json_object_set_new(object, "text", json_stringn(clause->text, clause->text_len));
    if (clause->number.length > 0)
        json_object_set_new(claimed, "number",
                            json_stringn(clause->text + clause->number.offset, clause->number.length));
    if (clause->heading.length > 0)
        json_object_set_new(claimed, "heading",
                            json_stringn(clause->text + clause->heading.offset, clause->heading.length));
    for (size_t i = 0; i < clause->provisions_count; i++) {
        json_t *provision = cli_json_span(clause->provisions[i].span);
        json_object_set_new(provision, "eid", json_string(clause->provisions[i].eid));
        json_array_append_new(provisions, provision);
    }
    json_object_set_new(claimed, "provisions", provisions);
    json_object_set_new(object, "claimed", claimed);
    return object;
}

static bool is_all_safe(struct bytes text) {
    uint32_t code_point;
    for (size_t len = utf8_next(&code_point, text); len > 0; len = utf8_next(&code_point, text)) {
        if (is_unsafe(code_point))
            return false;
        text = bytes_slice(text, len, text.len);
    }
    return true;
}

/* jansson goes on without the name of a member for which there was no memory: what it gives then is not JSON. */
static char *dump_whole(const json_t *object, size_t flags) {
    char *text = json_dumps(object, JSON_PRESERVE_ORDER | JSON_ENCODE_ANY | flags);
    if (text == NULL || !has_json_lacked)
        return text;
    free(text);
    return NULL;
}

/* JSON has an escape of its own for every character, so that on a terminal, too, it stays JSON. */
char *cli_json_dump(const json_t *object) {
    char *text = dump_whole(object, 0);
    if (text != NULL && isatty(STDOUT_FILENO) && !is_all_safe(bytes_text(text))) {
        free(text);
        text = dump_whole(object, JSON_ENSURE_ASCII);
    }
    return text;
}

void cli_json_unverified(struct cli *cli, const char *file) {
    json_t *object = json_pack("{s:b}", "verified", 0);
    cli->is_unverified_told = true;
    if (file != NULL)
        json_object_set_new(object, "file", json_string(file));
    if (cli->error != 0) {
        json_object_set_new(object, "error", json_string(depositary_error_name(cli->error)));
        json_object_set_new(object, "message", json_string(depositary_error_text(cli->error)));
    }
    cli_json_print(object);
}

int cli_json_is_whole(void) {
    if (!cli_json_lacks())
        return 0;
    cli_error("no memory for the answer");
    return CLI_REFUSED;
}

int cli_json_print(json_t *object) {
    bool lacks = cli_json_lacks();
    char *text = object != NULL && !lacks ? cli_json_dump(object) : NULL;
    json_decref(object);
    if (text == NULL) {
        lacks = cli_json_lacks() || lacks;
        cli_error(lacks ? "no memory for the answer as JSON" : "the answer cannot be written as JSON");
        return CLI_REFUSED;
    }
    fputs(text, stdout);
    free(text);
    putchar('\n');
    return cli_finish();
}
