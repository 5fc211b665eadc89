/*
 * export: the ledger as static files for any web server, and for `audit`: checkpoint, tile/..., clauses/<hex leaf hash>/<place>. Everything is
 * audited as it is written; the checkpoint comes last, so that a folder never promises what it does not hold yet. C2SP tlog-tiles.
 */
#include "cli/auditor.h"

#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct exporter {
    struct cli *cli;
    const char *dir;
    uint64_t written;
    struct buffer before; /* what a file holds already */
    char folder[PATH_MAX];
};

/* The folder of the file; made where it is another than the last one. */
static int make_folder(struct exporter *exporter, const char *path, struct fault *fault) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    if (strcmp(folder, exporter->folder) == 0) {
        return 0;
    }
    int error = file_make_dir(folder, 0755, fault);
    if (!error) {
        snprintf(exporter->folder, sizeof(exporter->folder), "%s", folder);
    }
    return error;
}

static bool is_there(struct exporter *exporter, const char *path, struct bytes bytes) {
    buffer_clear(&exporter->before);
    return file_read(&exporter->before, path, NULL) == 0 && bytes_equal(buffer_bytes(&exporter->before), bytes);
}

/* Beside, then renamed. Not synced file by file: a million of them would take hours, and an audit tells what a crash left. */
static int write_beside(const char *path, struct bytes bytes, struct fault *fault) {
    char beside[PATH_MAX];
    int len = snprintf(beside, sizeof(beside), "%s.new", path);
    FILE *file = len > 0 && (size_t)len < sizeof(beside) ? fopen(beside, "wb") : NULL;
    if (!file) {
        return fault_set(fault, DEPOSITARY_E_IO, "cannot write %s: %s", path, strerror(errno));
    }
    bool is_good = bytes.len == 0 || fwrite(bytes.data, bytes.len, 1, file) == 1;
    is_good = fclose(file) == 0 && is_good;
    is_good = is_good && rename(beside, path) == 0;
    if (!is_good) {
        fault_set(fault, DEPOSITARY_E_IO, "cannot write %s: %s", path, strerror(errno));
        unlink(beside);
    }
    return is_good ? 0 : DEPOSITARY_E_IO;
}

/* Writes DIR/name unless it holds just that. 0 or an exit code, told. */
static int put(struct exporter *exporter, const char *name, struct bytes bytes) {
    char path[PATH_MAX];
    struct fault fault = {0};
    int error = file_path(path, sizeof(path), exporter->dir, name);
    if (!error && is_there(exporter, path, bytes)) {
        return 0;
    }
    if (!error) {
        error = make_folder(exporter, path, &fault);
    }
    if (!error) {
        error = write_beside(path, bytes, &fault);
    }
    if (error) {
        cli_error("%s", fault.error ? fault_text(&fault) : depositary_error_text(error));
        return CLI_REFUSED;
    }
    exporter->written++;
    return 0;
}

static int put_tile(void *context, const struct tile *tile, struct bytes bytes) {
    struct buffer name;
    buffer_init(&name, 128);
    buffer_append_text(&name, "tile/");
    tile_print(&name, tile);
    buffer_append_byte(&name, '\0');
    int status = name.error ? CLI_REFUSED : put(context, (const char *)name.data, bytes);
    buffer_free(&name);
    return status;
}

static int put_clause(void *context, const struct hash *edition, uint64_t place, struct bytes record) {
    struct buffer name;
    buffer_init(&name, 128);
    buffer_append_text(&name, "clauses/");
    buffer_append_hex(&name, hash_bytes(edition));
    buffer_append_format(&name, "/%" PRIu64, place);
    buffer_append_byte(&name, '\0');
    int status = name.error ? CLI_REFUSED : put(context, (const char *)name.data, record);
    buffer_free(&name);
    return status;
}

static int entries(void *context, struct auditor *auditor, uint64_t start) {
    const struct exporter *exporter = context;
    return audit_rpc_entries(exporter->cli, auditor, start);
}

static int clauses(void *context, struct auditor *auditor, const struct edition_record *edition) {
    const struct exporter *exporter = context;
    return audit_rpc_clauses(exporter->cli, auditor, edition);
}

/* The last one. */
static int put_checkpoint(struct exporter *exporter, const depositary_ledger *ledger) {
    char path[PATH_MAX];
    struct fault fault = {0};
    struct bytes note = bytes_of(ledger->checkpoint, ledger->checkpoint_len);
    int error = file_path(path, sizeof(path), exporter->dir, "checkpoint");
    if (!error && !is_there(exporter, path, note)) {
        error = file_write(path, note, 0644, &fault);
        exporter->written += error == 0;
    }
    if (error) {
        cli_error("%s", fault.error ? fault_text(&fault) : depositary_error_text(error));
        return CLI_REFUSED;
    }
    return 0;
}

static int report(struct cli *cli, const struct auditor *auditor, const struct exporter *exporter) {
    if (cli->is_json) {
        return cli_json_print(
            json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "folder", exporter->dir, "verified", 1, "ledger_size",
                      (json_int_t)auditor->checkpoint.size, "editions", (json_int_t)auditor->counts.editions, "clauses",
                      (json_int_t)auditor->counts.clauses, "files_written", (json_int_t)exporter->written));
    }
    printf("%s: %" PRIu64 " entries, %" PRIu64 " editions, %" PRIu64 " clauses; %" PRIu64 " files written\n",
           exporter->dir, auditor->checkpoint.size, auditor->counts.editions, auditor->counts.clauses,
           exporter->written);
    return cli_finish();
}

static int run(struct exporter *exporter, const struct policy *policy) {
    struct cli *cli = exporter->cli;
    struct auditor auditor = {0};
    struct checkpoint checkpoint = {0};
    depositary_answer *answer = NULL;
    const struct audit_source source = {
        .context = exporter, .entries = entries, .clauses = clauses, .tile = put_tile, .clause = put_clause};
    int error = depositary_get_checkpoint(cli->client, &answer);
    int status = error ? cli_answer_failed(cli, answer, error) : cli_receipt(cli, answer);
    if (status == 0) {
        const depositary_ledger *ledger = depositary_answer_ledger(answer);
        checkpoint.size = ledger->size;
        memcpy(checkpoint.root.bytes, ledger->root, HASH_LEN);
        status = audit(&auditor, cli, &source, policy, &checkpoint, NULL);
    }
    if (status == 0) {
        status = put_checkpoint(exporter, depositary_answer_ledger(answer));
    }
    if (status == 0) {
        status = report(cli, &auditor, exporter);
    }
    auditor_free(&auditor);
    depositary_answer_free(&answer);
    return status;
}

int verb_export(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct exporter exporter = {.cli = cli};
    struct policy *policy = NULL;
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 1, 1);
    if (status >= 0) {
        return status;
    }
    exporter.dir = argv[optind];
    buffer_init(&exporter.before, TILE_BYTES_MAX);
    status = audit_policy(cli, &policy);
    if (status == 0) {
        status = cli_client(cli);
    }
    if (status == 0) {
        status = run(&exporter, policy);
    }
    buffer_free(&exporter.before);
    policy_free(policy);
    return status;
}
