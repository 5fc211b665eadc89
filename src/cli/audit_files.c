/*
 * What the auditor reads, from files: a folder, or any web server that has them (auditor.h). C2SP tlog-tiles. Every tile that the entries give is
 * fetched and compared; a partial one may be gone where the full one is there.
 */
#include "cli/auditor.h"

#include "base/file.h"
#include "cli/fetch.h"

#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct audit_files {
    struct cli *cli;
    const char *place;
    struct fetcher *fetcher; /* NULL: a folder */
    bool has_clauses;        /* one was there */
    struct buffer bundle;
    struct buffer tile;
    struct buffer record;
};

/* ---- one file */

static int read_file(const struct audit_files *files, const char *path, struct buffer *out, struct fault *fault) {
    char whole[PATH_MAX];
    if (file_path(whole, sizeof(whole), files->place, path) != 0) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s/%s: the path is too long", files->place, path);
    }
    struct stat about;
    if (stat(whole, &about) == 0 && !S_ISREG(about.st_mode)) { /* a pipe would keep us waiting for ever */
        return fault_set(fault, DEPOSITARY_E_RESPONSE, "%s: is not a file", whole);
    }
    int error = file_read(out, whole, fault);
    if (error == DEPOSITARY_E_MISSING) {
        return fault_set(fault, error, "%s: is not there", whole);
    }
    return error == DEPOSITARY_E_LIMIT ? fault_set(fault, error, "%s: more than %zu bytes", whole, out->limit) : error;
}

static int fetch_file(const struct audit_files *files, const char *path, struct buffer *out, struct fault *fault) {
    unsigned status = 0;
    int error = fetch(files->fetcher, &(struct fetch_request){.path = path}, &status, out, fault);
    if (error || status == 200) {
        return error;
    }
    return status == 404 || status == 410
               ? fault_set(fault, DEPOSITARY_E_MISSING, "%s/%s: is not there (status %u)", files->place, path, status)
               : fault_set(fault, DEPOSITARY_E_RESPONSE, "%s/%s: status %u", files->place, path, status);
}

/* Replaces what is in *out. */
static int get(struct audit_files *files, const char *path, struct buffer *out, struct fault *fault) {
    buffer_clear(out);
    return files->fetcher ? fetch_file(files, path, out, fault) : read_file(files, path, out, fault);
}

static int get_tile(struct audit_files *files, const struct tile *tile, struct buffer *out, struct fault *fault) {
    struct buffer path;
    buffer_init(&path, 128);
    buffer_append_text(&path, "tile/");
    tile_print(&path, tile);
    buffer_append_byte(&path, '\0');
    int error = path.error ? path.error : get(files, (const char *)path.data, out, fault);
    buffer_free(&path);
    return error;
}

/* The tile, or the full one that took its place: then *is_full. Words of a fault are of the first. */
static int get_tile_or_full(struct audit_files *files, const struct tile *tile, struct buffer *out, bool *is_full,
                            struct fault *fault) {
    int error = get_tile(files, tile, out, fault);
    *is_full = false;
    if (error == DEPOSITARY_E_MISSING && tile->width < TILE_WIDTH) {
        struct tile full = *tile;
        full.width = TILE_WIDTH;
        int again = get_tile(files, &full, out, NULL);
        *is_full = again == 0;
        error = again == 0 ? 0 : error;
    }
    return error;
}

static int tile_bad(const struct audit_files *files, const struct tile *tile, const char *what) {
    struct buffer path;
    buffer_init(&path, 128);
    tile_print(&path, tile);
    int status = audit_found(files->cli, DEPOSITARY_E_DAMAGED, "%s/tile/%.*s: %s", files->place, (int)path.len,
                             (const char *)path.data, what);
    buffer_free(&path);
    return status;
}

/* ---- entries and tiles */

static int read_entries(void *context, struct auditor *auditor, uint64_t start) {
    struct audit_files *files = context;
    struct fault fault = {0};
    bool is_full;
    const uint64_t index = start / TILE_WIDTH;
    const struct tile tile = {
        .is_entries = true, .index = index, .width = tile_width(0, index, auditor->checkpoint.size)};
    int error = get_tile_or_full(files, &tile, &files->bundle, &is_full, &fault);
    if (error) {
        return audit_failed(files->cli, error, &fault);
    }
    struct bytes rest = buffer_bytes(&files->bundle);
    struct bytes entry;
    int status = 0;
    for (unsigned i = 0; i < tile.width && status == 0; i++) {
        if (!tile_take_entry(&entry, &rest)) {
            return tile_bad(files, &tile, "it ends before its entries do");
        }
        status = auditor_entry(auditor, entry);
    }
    if (status == 0 && rest.len > 0 && !is_full) {
        status = tile_bad(files, &tile, "there is more than its entries");
    }
    return status;
}

/* What the entries give, against what is there. */
static int compare_tile(void *context, const struct tile *tile, struct bytes bytes) {
    struct audit_files *files = context;
    struct fault fault = {0};
    bool is_full;
    if (tile->is_entries) { /* the bytes came from there */
        return 0;
    }
    int error = get_tile_or_full(files, tile, &files->tile, &is_full, &fault);
    if (error) {
        return audit_failed(files->cli, error, &fault);
    }
    const struct bytes found = buffer_bytes(&files->tile);
    if (is_full ? found.len != TILE_WIDTH * HASH_LEN : found.len != bytes.len) {
        return tile_bad(files, tile, "its length is not that of its hashes");
    }
    return bytes_starts_with(found, bytes) ? 0 : tile_bad(files, tile, "its hashes are not those of the entries");
}

/* ---- clauses */

static int read_clause(struct audit_files *files, const struct hash *edition, uint64_t place, struct fault *fault) {
    char path[128], hex[2 * HASH_LEN + 1];
    sodium_bin2hex(hex, sizeof(hex), edition->bytes, HASH_LEN);
    snprintf(path, sizeof(path), "clauses/%s/%" PRIu64, hex, place);
    return get(files, path, &files->record, fault);
}

/* A web server that has tiles only is one that has no first clause. */
static int read_clauses(void *context, struct auditor *auditor, const struct edition_record *edition) {
    struct audit_files *files = context;
    int status = 0;
    for (uint64_t place = 0; place < edition->clauses && status == 0; place++) {
        struct fault fault = {0};
        int error = read_clause(files, &auditor->edition, place, &fault);
        if (error == DEPOSITARY_E_MISSING && files->fetcher && !files->has_clauses) {
            return AUDIT_NO_CLAUSES;
        }
        if (error) {
            return audit_failed(files->cli, error, &fault);
        }
        files->has_clauses = true;
        status = auditor_clause(auditor, buffer_bytes(&files->record));
    }
    return status;
}

/* ---- the whole */

int audit_files_open(struct audit_files **out, struct cli *cli, const char *place) {
    struct fault fault = {0};
    struct audit_files *files = calloc(1, sizeof(*files));
    if (!files) {
        return audit_failed(cli, DEPOSITARY_E_MEMORY, &fault);
    }
    files->cli = cli;
    files->place = place;
    buffer_init(&files->bundle, TILE_BYTES_MAX);
    buffer_init(&files->tile, TILE_WIDTH * HASH_LEN);
    buffer_init(&files->record, LIMIT_CLAUSE_RECORD);
    bool is_url = strstr(place, "://") != NULL;
    int error = is_url ? fetcher_new(&files->fetcher, place, cli->timeout_s, &fault) : 0;
    if (error) {
        cli_error("%s", fault_text(&fault));
        audit_files_free(files);
        return cli_unusable(error);
    }
    *out = files;
    return 0;
}

void audit_files_free(struct audit_files *files) {
    if (!files) {
        return;
    }
    fetcher_free(files->fetcher);
    buffer_free(&files->bundle);
    buffer_free(&files->tile);
    buffer_free(&files->record);
    free(files);
}

int audit_files_checkpoint(struct audit_files *files, struct buffer *note) {
    struct fault fault = {0};
    int error = get(files, "checkpoint", note, &fault);
    return error ? audit_failed(files->cli, error, &fault) : 0;
}

void audit_files_source(struct audit_source *out, struct audit_files *files) {
    *out =
        (struct audit_source){.context = files, .entries = read_entries, .clauses = read_clauses, .tile = compare_tile};
}
