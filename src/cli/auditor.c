/* The auditor (auditor.h). */
#include "cli/auditor.h"

#include "base/file.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_STEP 256 /* entries or clauses between two lines of progress */

/* The cursor goes back to the line's begin, so that whatever is told next takes its place. */
static void progress(const char *what, uint64_t done, uint64_t all) {
    if (isatty(STDERR_FILENO) && (done == all || done % PROGRESS_STEP == 0)) {
        fprintf(stderr, "%s %" PRIu64 " of %" PRIu64 "   %s", what, done, all, done == all ? "\n" : "\r");
    }
}

int audit_failed(struct cli *cli, int error, const struct fault *fault) {
    cli_error("%s", fault->error ? fault_text(fault) : depositary_error_text(error));
    cli->error = error;
    switch (error) {
    case DEPOSITARY_E_UNREACHABLE:
    case DEPOSITARY_E_TIMEOUT:
    case DEPOSITARY_E_MEMORY:
    case DEPOSITARY_E_IO:
    case DEPOSITARY_E_PERMISSION:
        return cli_exit_code(error);
    default:
        return CLI_UNVERIFIED;
    }
}

int audit_found(struct cli *cli, int error, const char *format, ...) {
    struct fault fault = {.error = error};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault.text, sizeof fault.text, format, arguments);
    va_end(arguments);
    cli_error("%s", fault.text);
    cli->error = error;
    return CLI_UNVERIFIED;
}

int audit_policy(struct cli *cli, struct policy **out) {
    struct buffer text;
    struct fault fault = {0};
    buffer_init(&text, POLICY_TEXT_MAX);
    int status = cli_policy(cli); /* finds its path */
    if (status == 0) {
        int error = file_read_trusted(&text, cli->policy_path, &fault);
        if (!error) {
            error = policy_parse(out, buffer_bytes(&text), &fault);
        }
        if (error) {
            cli_error("policy %s: %s", cli->policy_path, fault_text(&fault));
            status = cli_unusable(error);
        }
    }
    buffer_free(&text);
    return status;
}

/* ---- the first pass: rules, tiles, root */

/* A tile_sink. What the source says of a tile is an exit code, told already. */
static int take_tile(void *context, const struct tile *tile, struct bytes bytes) {
    struct auditor *auditor = context;
    auditor->tile_status = auditor->source->tile(auditor->source->context, tile, bytes);
    return auditor->tile_status == 0 ? 0 : DEPOSITARY_E_CANCELLED;
}

static void count_entry(struct auditor *auditor, struct bytes record) {
    struct edition_record edition;
    const enum record_type type = record_type(record);
    if (type == RECORD_EDITION && edition_record_parse(&edition, record, NULL) == 0) {
        auditor->clauses_expected += edition.clauses;
    }
    auditor->counts.editions += type == RECORD_EDITION;
    auditor->counts.keys += type == RECORD_KEY;
    auditor->counts.revocations += type == RECORD_REVOCATION;
    auditor->counts.registers += type == RECORD_REGISTER;
    auditor->last = type;
}

static int root_differs(const struct auditor *auditor, int error, const char *what, uint64_t size) {
    return audit_found(auditor->cli, error, "the first %" PRIu64 " entries do not give the root of %s", size, what);
}

static int first_pass(struct auditor *auditor, struct bytes record, const struct hash *leaf_hash) {
    struct fault fault = {0};
    struct hash root;
    const struct rules_entry entry = {.index = auditor->next,
                                      .record = record,
                                      .leaf_hash = leaf_hash,
                                      .policy = auditor->policy,
                                      .now_s = RULES_ANY_TIME};
    int error = rules_follow(&auditor->rules, auditor->lines, &entry, &fault);
    if (error) {
        return audit_failed(auditor->cli, error, &fault);
    }
    count_entry(auditor, record);
    error = tile_maker_add(&auditor->tiles, record, leaf_hash);
    if (error) {
        return auditor->tile_status != 0 ? auditor->tile_status : audit_failed(auditor->cli, error, &fault);
    }
    if (auditor->tiles.edge.size == auditor->floor.size) {
        merkle_edge_root(&root, &auditor->tiles.edge);
        return hash_equal(&root, &auditor->floor.root)
                   ? 0
                   : root_differs(auditor, DEPOSITARY_E_CONSISTENCY, "the checkpoint of --floor", auditor->floor.size);
    }
    return 0;
}

/* ---- the second pass: clauses */

int auditor_clause(struct auditor *auditor, struct bytes record) {
    struct fault fault = {0};
    struct hash leaf_hash;
    const uint64_t place = auditor->rebuild.edge.size;
    merkle_leaf_hash(&leaf_hash, record);
    int error = rebuild_clause(&auditor->rebuild, record, &leaf_hash, NULL, NULL, &fault);
    if (error == DEPOSITARY_E_MEMORY) {
        return audit_failed(auditor->cli, error, &fault);
    }
    if (error) {
        return audit_found(auditor->cli, error, "edition at entry %" PRIu64 ", clause at place %" PRIu64 ": %s",
                           auditor->edition_index, place, fault_text(&fault));
    }
    progress("clauses", ++auditor->counts.clauses, auditor->clauses_expected);
    return auditor->source->clause ? auditor->source->clause(auditor->source->context, &auditor->edition, place, record)
                                   : 0;
}

static int audit_edition(struct auditor *auditor, struct bytes record, const struct hash *leaf_hash) {
    struct fault fault = {0};
    struct edition_record edition;
    int error = edition_record_parse(&edition, record, &fault);
    if (error) {
        return audit_failed(auditor->cli, error, &fault);
    }
    auditor->edition = *leaf_hash;
    auditor->edition_index = auditor->next;
    rebuild_init(&auditor->rebuild, &edition);
    int status = edition.clauses == 0 ? 0 : auditor->source->clauses(auditor->source->context, auditor, &edition);
    error = status == 0 ? rebuild_finish(&auditor->rebuild, &fault) : 0;
    if (error) {
        status = audit_found(auditor->cli, error, "edition at entry %" PRIu64 " (%.*s, %.*s, %" PRIu32 "): %s",
                             auditor->next, (int)edition.instrument.len, (const char *)edition.instrument.data,
                             (int)edition.language.len, (const char *)edition.language.data, edition.edition,
                             fault_text(&fault));
    }
    rebuild_free(&auditor->rebuild);
    return status;
}

static int second_pass(struct auditor *auditor, struct bytes record, const struct hash *leaf_hash) {
    int error = merkle_edge_append(&auditor->again, leaf_hash, NULL, NULL);
    if (error) {
        return audit_failed(auditor->cli, error, &(struct fault){0});
    }
    return record_type(record) == RECORD_EDITION ? audit_edition(auditor, record, leaf_hash) : 0;
}

/* ---- both */

int auditor_entry(struct auditor *auditor, struct bytes record) {
    struct hash leaf_hash;
    if (auditor->next >= auditor->checkpoint.size) {
        return 0; /* the ledger grew meanwhile: what is past the checkpoint is not looked at */
    }
    merkle_leaf_hash(&leaf_hash, record);
    int status =
        auditor->is_second ? second_pass(auditor, record, &leaf_hash) : first_pass(auditor, record, &leaf_hash);
    if (status == 0) {
        auditor->next++;
        if (!auditor->is_second) {
            progress("entries", auditor->next, auditor->checkpoint.size);
        }
    }
    return status;
}

static int pass(struct auditor *auditor) {
    int status = 0;
    auditor->next = 0;
    while (status == 0 && auditor->next < auditor->checkpoint.size) {
        const uint64_t before = auditor->next;
        status = auditor->source->entries(auditor->source->context, auditor, before);
        if (status == 0 && auditor->next == before) {
            status = audit_found(auditor->cli, DEPOSITARY_E_LIST_GAP, "entry %" PRIu64 " of %" PRIu64 " is not there",
                                 before, auditor->checkpoint.size);
        }
    }
    return status;
}

static int end_first_pass(struct auditor *auditor) {
    struct hash root;
    int error = tile_maker_finish(&auditor->tiles);
    if (error) {
        return auditor->tile_status != 0 ? auditor->tile_status : audit_failed(auditor->cli, error, &(struct fault){0});
    }
    merkle_edge_root(&root, &auditor->tiles.edge);
    if (!hash_equal(&root, &auditor->checkpoint.root)) {
        return root_differs(auditor, DEPOSITARY_E_INCLUSION, "the checkpoint", auditor->checkpoint.size);
    }
    if (auditor->last != RECORD_REGISTER) {
        return audit_found(auditor->cli, DEPOSITARY_E_REGISTER_PROOF, "the last entry is not a register");
    }
    return 0;
}

/* What was read the second time must be what was proved the first time. */
static int end_second_pass(const struct auditor *auditor) {
    struct hash root;
    merkle_edge_root(&root, &auditor->again);
    return hash_equal(&root, &auditor->checkpoint.root)
               ? 0
               : root_differs(auditor, DEPOSITARY_E_INCLUSION, "the checkpoint when they are read again",
                              auditor->checkpoint.size);
}

int audit(struct auditor *auditor, struct cli *cli, const struct audit_source *source, const struct policy *policy,
          const struct checkpoint *checkpoint, const struct checkpoint *floor) {
    *auditor = (struct auditor){.cli = cli, .source = source, .policy = policy, .checkpoint = *checkpoint};
    merkle_edge_init(&auditor->again);
    tile_maker_init(&auditor->tiles, source->tile ? take_tile : NULL, auditor);
    if (floor) {
        auditor->floor = *floor;
    }
    if (auditor->floor.size > checkpoint->size) {
        return audit_found(cli, DEPOSITARY_E_STALE,
                           "the ledger has %" PRIu64 " entries, and the checkpoint of --floor %" PRIu64 ": it is stale",
                           checkpoint->size, auditor->floor.size);
    }
    if (register_lines_new(&auditor->lines) != 0) {
        return audit_failed(cli, DEPOSITARY_E_MEMORY, &(struct fault){0});
    }
    int status = pass(auditor);
    if (status == 0) {
        status = end_first_pass(auditor);
    }
    if (status == 0) {
        auditor->is_second = true;
        status = pass(auditor);
        auditor->has_no_clauses = status == AUDIT_NO_CLAUSES;
    }
    if (status == 0) {
        status = end_second_pass(auditor);
    }
    return auditor->has_no_clauses ? 0 : status;
}

void auditor_free(struct auditor *auditor) {
    rules_free(&auditor->rules);
    register_lines_free(auditor->lines);
    tile_maker_free(&auditor->tiles);
}
