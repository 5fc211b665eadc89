/*
 * audit: rebuilds the whole ledger from the service's answers and checks it as if nobody were trusted: every entry and the root, every rule of
 * PROTOCOL.md section 2, every register against the entries before it, every edition's clauses against its clauses-root and source.
 */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/rebuild.h"
#include "ledger/rules.h"
#include "proof/policy.h"

/* An edition whose clauses are to be fetched. */
struct audited_edition {
    struct hash leaf_hash;
    uint64_t index;
};

struct audit {
    struct cli *cli;
    struct policy *policy;
    struct rules rules;
    struct register_lines *lines;
    struct merkle_edge edge;
    struct audited_edition *editions;
    size_t editions_count, editions_capacity;
    uint64_t keys, revocations, registers, clauses;
    enum record_type last;
};

static void progress(const char *what, uint64_t done, uint64_t all) {
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s %llu of %llu%s", what, (unsigned long long)done, (unsigned long long)all,
                done == all ? "\n" : "");
}

static int found_bad(const struct fault *fault) {
    cli_error("%s", fault_text(fault));
    return CLI_UNVERIFIED;
}

static int add_edition(struct audit *audit, const struct hash *leaf_hash, uint64_t index) {
    if (audit->editions_count == audit->editions_capacity) {
        size_t capacity = audit->editions_capacity == 0 ? 64 : 2 * audit->editions_capacity;
        void *more = realloc(audit->editions, capacity * sizeof *audit->editions);
        if (more == NULL)
            return DEPOSITARY_E_MEMORY;
        audit->editions = more;
        audit->editions_capacity = capacity;
    }
    audit->editions[audit->editions_count++] = (struct audited_edition){.leaf_hash = *leaf_hash, .index = index};
    return 0;
}

/* One entry: its hash into the tree, its rules, and what is to be looked at later. */
static int audit_entry(struct audit *audit, uint64_t index, struct bytes record) {
    struct fault fault = {0};
    struct hash leaf_hash;
    merkle_leaf_hash(&leaf_hash, record);
    const struct rules_entry entry = {
        .index = index, .record = record, .leaf_hash = &leaf_hash, .policy = audit->policy, .now_s = RULES_ANY_TIME};
    int error = rules_follow(&audit->rules, audit->lines, &entry, &fault);
    if (error == 0)
        error = merkle_edge_append(&audit->edge, &leaf_hash, NULL, NULL);
    audit->last = record_type(record);
    audit->keys += audit->last == RECORD_KEY;
    audit->revocations += audit->last == RECORD_REVOCATION;
    audit->registers += audit->last == RECORD_REGISTER;
    if (error == 0 && audit->last == RECORD_EDITION)
        error = add_edition(audit, &leaf_hash, index);
    if (error == DEPOSITARY_E_MEMORY) {
        cli_error("out of memory");
        return CLI_REFUSED;
    }
    return error == 0 ? 0 : found_bad(&fault);
}

/* Entries 0 to size - 1, as the service gives them. */
static int audit_entries(struct audit *audit, uint64_t size) {
    uint64_t next = 0;
    int status = 0;
    while (status == 0 && next < size) {
        depositary_answer *answer = NULL;
        size_t count = 0;
        int error = depositary_list_entries(audit->cli->client, next, 0, &answer);
        if (error != 0)
            status = cli_answer_failed(audit->cli, answer, error);
        const depositary_blob *records = status == 0 ? depositary_answer_records(answer, &count) : NULL;
        if (status == 0 && count == 0) {
            cli_error("the service gives no entry %llu of %llu", (unsigned long long)next, (unsigned long long)size);
            status = CLI_UNVERIFIED;
        }
        for (size_t i = 0; i < count && next < size && status == 0; i++, next++)
            status = audit_entry(audit, next, bytes_of(records[i].data, records[i].len));
        depositary_answer_free(&answer);
        if (status == 0)
            progress("entries", next, size);
    }
    return status;
}

/* The record of an edition, fetched again so that memory does not grow with the ledger. */
static int read_edition(struct audit *audit, const struct audited_edition *edition, struct buffer *record) {
    depositary_answer *answer = NULL;
    struct hash leaf_hash;
    size_t count = 0;
    int error = depositary_list_entries(audit->cli->client, edition->index, 1, &answer);
    int status = error != 0 ? cli_answer_failed(audit->cli, answer, error) : 0;
    const depositary_blob *records = status == 0 ? depositary_answer_records(answer, &count) : NULL;
    if (status == 0 && count > 0) {
        merkle_leaf_hash(&leaf_hash, bytes_of(records[0].data, records[0].len));
        buffer_append(record, bytes_of(records[0].data, records[0].len));
    }
    if (status == 0 && (count == 0 || !hash_equal(&leaf_hash, &edition->leaf_hash))) {
        cli_error("entry %llu is another one when it is asked for again", (unsigned long long)edition->index);
        status = CLI_UNVERIFIED;
    }
    depositary_answer_free(&answer);
    return status;
}

/* A page of clauses into the rebuilt edition. */
static int rebuild_page(struct audit *audit, struct rebuild *rebuild, const struct audited_edition *edition,
                        const depositary_answer *answer) {
    struct fault fault = {0};
    for (size_t i = 0; i < depositary_answer_clauses(answer); i++) {
        const depositary_clause *clause = depositary_answer_clause(answer, i);
        const struct bytes record = bytes_of(clause->record, clause->record_len);
        struct hash leaf_hash;
        merkle_leaf_hash(&leaf_hash, record);
        if (rebuild_clause(rebuild, record, &leaf_hash, NULL, NULL, &fault) != 0) {
            cli_error("edition at entry %llu, clause at place %llu: %s", (unsigned long long)edition->index,
                      (unsigned long long)clause->place, fault_text(&fault));
            return CLI_UNVERIFIED;
        }
        audit->clauses++;
    }
    return 0;
}

/* All pages of an edition's clauses, and whether they make the edition that its record names. */
static int audit_edition(struct audit *audit, const struct audited_edition *edition) {
    char instrument[LIMIT_INSTRUMENT + 1], language[LIMIT_LANGUAGE + 1], *token = NULL;
    struct buffer record;
    struct edition_record fields;
    struct rebuild rebuild;
    struct fault fault = {0};
    buffer_init(&record, LIMIT_ENTRY);
    int status = read_edition(audit, edition, &record);
    if (status == 0 && edition_record_parse(&fields, buffer_bytes(&record), &fault) != 0)
        status = found_bad(&fault);
    if (status != 0) {
        buffer_free(&record);
        return status;
    }
    snprintf(instrument, sizeof instrument, "%.*s", (int)fields.instrument.len, (const char *)fields.instrument.data);
    snprintf(language, sizeof language, "%.*s", (int)fields.language.len, (const char *)fields.language.data);
    const depositary_edition_query which = {.instrument = instrument, .language = language, .edition = fields.edition};
    rebuild_init(&rebuild, &fields);
    do {
        depositary_answer *answer = NULL;
        if (fields.clauses == 0)
            break;
        int error = depositary_list_clauses(audit->cli->client, &which, 0, &(depositary_page){.token = token}, &answer);
        free(token);
        token = NULL;
        status =
            error != 0 ? cli_answer_failed(audit->cli, answer, error) : rebuild_page(audit, &rebuild, edition, answer);
        if (status == 0 && *depositary_answer_next_page(answer) != '\0')
            token = strdup(depositary_answer_next_page(answer));
        depositary_answer_free(&answer);
    } while (token != NULL);
    if (status == 0 && rebuild_finish(&rebuild, &fault) != 0) {
        cli_error("edition at entry %llu (%s, %s, %u): %s", (unsigned long long)edition->index, instrument, language,
                  fields.edition, fault_text(&fault));
        status = CLI_UNVERIFIED;
    }
    rebuild_free(&rebuild);
    buffer_free(&record);
    return status;
}

static int check_root(const struct audit *audit, const depositary_ledger *ledger) {
    struct hash root;
    merkle_edge_root(&root, &audit->edge);
    if (memcmp(root.bytes, ledger->root, sizeof ledger->root) != 0) {
        cli_error("the %llu entries do not give the checkpoint's root", (unsigned long long)ledger->size);
        return CLI_UNVERIFIED;
    }
    if (audit->last != RECORD_REGISTER) {
        cli_error("the last entry is not a register");
        return CLI_UNVERIFIED;
    }
    return 0;
}

static int report(const struct audit *audit, const depositary_answer *checkpoint) {
    const depositary_ledger *ledger = depositary_answer_ledger(checkpoint);
    if (audit->cli->is_json) {
        json_t *object = cli_json_answer(checkpoint);
        json_object_set_new(object, "entries", json_integer((json_int_t)ledger->size));
        json_object_set_new(object, "editions", json_integer((json_int_t)audit->editions_count));
        json_object_set_new(object, "clauses", json_integer((json_int_t)audit->clauses));
        json_object_set_new(object, "keys", json_integer((json_int_t)audit->keys));
        json_object_set_new(object, "revocations", json_integer((json_int_t)audit->revocations));
        json_object_set_new(object, "registers", json_integer((json_int_t)audit->registers));
        return cli_json_print(object);
    }
    printf("%s, as of %s: the ledger is whole\n"
           "  %llu entries give the checkpoint's root, and every rule holds\n"
           "  %llu registers say what the entries before them say\n"
           "  %zu editions, whose %llu clauses rebuild clauses-root and source\n"
           "  %llu keys, %llu revocations\n",
           depositary_policy_origin(audit->cli->policy), ledger->register_time, (unsigned long long)ledger->size,
           (unsigned long long)audit->registers, audit->editions_count, (unsigned long long)audit->clauses,
           (unsigned long long)audit->keys, (unsigned long long)audit->revocations);
    return cli_finish();
}

/* The policy in the form that the rules ask for. */
static int read_policy(struct cli *cli, struct policy **out) {
    struct buffer text;
    struct fault fault = {0};
    buffer_init(&text, 64 * 1024);
    int error = file_read(&text, cli->policy_path, &fault);
    if (error == 0)
        error = policy_parse(out, buffer_bytes(&text), &fault);
    buffer_free(&text);
    if (error == 0)
        return 0;
    cli_error("policy %s: %s", cli->policy_path, fault_text(&fault));
    return CLI_USAGE;
}

int verb_audit(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct audit audit = {.cli = cli};
    depositary_answer *checkpoint = NULL;
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 0, 0);
    if (status >= 0)
        return status;
    if ((status = cli_client(cli)) != 0 || (status = read_policy(cli, &audit.policy)) != 0)
        return status;
    merkle_edge_init(&audit.edge);
    if (register_lines_new(&audit.lines) != 0)
        status = CLI_REFUSED;

    int error = status == 0 ? depositary_get_checkpoint(cli->client, &checkpoint) : 0;
    if (error != 0)
        status = cli_answer_failed(cli, checkpoint, error);
    if (status == 0)
        status = cli_receipt(cli, checkpoint);
    if (status == 0)
        status = audit_entries(&audit, depositary_answer_ledger(checkpoint)->size);
    if (status == 0)
        status = check_root(&audit, depositary_answer_ledger(checkpoint));
    for (size_t i = 0; i < audit.editions_count && status == 0; i++) {
        status = audit_edition(&audit, &audit.editions[i]);
        progress("editions", i + 1, audit.editions_count);
    }
    if (status == 0)
        status = report(&audit, checkpoint);

    depositary_answer_free(&checkpoint);
    free(audit.editions);
    register_lines_free(audit.lines);
    rules_free(&audit.rules);
    policy_free(audit.policy);
    return status;
}
