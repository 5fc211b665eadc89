/* A JSON object with a list that is too long to keep: each item is text as soon as it is made. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

void cli_json_list_init(struct cli_json_list *list) {
    *list = (struct cli_json_list){.close = ""};
    spool_init(&list->spool);
}

void cli_json_list_free(struct cli_json_list *list) {
    spool_free(&list->spool);
}

/* What lacks memory is noted by cli_json_lacks, and looked at when it is printed. Without the last byte where is_open. */
static void add(struct cli_json_list *list, json_t *value, bool is_open) {
    char *text = cli_json_dump(value);
    const struct bytes bytes = bytes_text(text);
    if (text == NULL && list->spool.fault.error == 0)
        (void)fault_set(&list->spool.fault, DEPOSITARY_E_RESPONSE, "the answer cannot be written as JSON");
    spool_add(&list->spool, bytes_slice(bytes, 0, bytes.len - (is_open && bytes.len > 0 ? 1 : 0)));
    free(text);
    json_decref(value);
}

void cli_json_list_begin(struct cli_json_list *list, json_t *head, const char *open, const char *close) {
    spool_clear(&list->spool);
    list->close = close;
    list->has_item = false;
    add(list, head, true);
    spool_add(&list->spool, BYTES(", "));
    spool_add(&list->spool, bytes_text(open));
}

void cli_json_list_add(struct cli_json_list *list, json_t *item) {
    if (list->has_item)
        spool_add(&list->spool, BYTES(", "));
    list->has_item = true;
    add(list, item, false);
}

/* As it is: what a terminal would obey is escaped already. */
static void put(void *context, struct bytes piece) {
    (void)context;
    fwrite(piece.data, 1, piece.len, stdout);
}

int cli_json_list_print(struct cli_json_list *list) {
    if (cli_json_lacks()) {
        cli_error("no memory for the answer as JSON");
        return CLI_REFUSED;
    }
    spool_add(&list->spool, bytes_text(list->close));
    spool_add(&list->spool, BYTES("\n"));
    if (spool_each(&list->spool, put, NULL) != 0)
        return cli_spool_status(&list->spool);
    return cli_finish();
}
