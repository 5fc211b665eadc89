/* Makes real ledgers for tests. See ledger_maker.h. */
#include "ledger_maker.h"

#include <dirent.h>
#include <inttypes.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_ROOM (LIMIT_CLAUSE_RECORD + 1024u)
#define PUT_MAX     512 /* clauses of a call */

/* Ends the program: a test that cannot be set up has failed. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

void maker_key_make(struct maker_key *out, const char *name, uint8_t type, uint8_t seed) {
    uint8_t bytes[crypto_sign_SEEDBYTES], public_key[PUBLIC_KEY_LEN];
    memset(bytes, seed, sizeof bytes);
    MUST(sodium_init() >= 0);
    MUST(crypto_sign_seed_keypair(public_key, out->secret, bytes) == 0);
    MUST(verifier_key_make(&out->verifier, bytes_text(name), type, public_key) == 0);
}

/* ---- the folder and the ledger */

static void make_policy(struct ledger_maker *maker) {
    struct buffer text;
    buffer_init(&text, 4096);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &maker->ledger_key.verifier);
    buffer_append_text(&text, "\nlog ");
    verifier_key_print(&text, &maker->spare_key.verifier);
    buffer_append_text(&text, "\nwitness w ");
    verifier_key_print(&text, &maker->witness_key.verifier);
    buffer_append_text(&text, "\nquorum none\n");
    MUST(text.error == 0);
    MUST(policy_parse(&maker->policy, buffer_bytes(&text), NULL) == 0);
    buffer_free(&text);
}

void ledger_maker_begin_at(struct ledger_maker *maker, const char *dir) {
    *maker = (struct ledger_maker){.now_s = MAKER_NOW};
    maker_key_make(&maker->ledger_key, MAKER_ORIGIN, NOTE_TYPE_ED25519, 1);
    maker_key_make(&maker->spare_key, MAKER_ORIGIN, NOTE_TYPE_ED25519, 2);
    maker_key_make(&maker->answer_key, MAKER_ORIGIN, NOTE_TYPE_ED25519, 3);
    maker_key_make(&maker->witness_key, "witness.example", NOTE_TYPE_COSIGNATURE, 4);
    make_policy(maker);
    MUST(strlen(dir) < sizeof maker->dir);
    strcpy(maker->dir, dir);
    snprintf(maker->path, sizeof maker->path, "%s/ledger.db", maker->dir);
    snprintf(maker->url, sizeof maker->url, "sqlite:%s", maker->path);
    MUST(ledger_maker_reopen(maker, NULL) == 0);
}

void ledger_maker_begin(struct ledger_maker *maker) {
    char dir[] = "/tmp/depositary-test-XXXXXX";
    MUST(mkdtemp(dir) != NULL);
    ledger_maker_begin_at(maker, dir);
}

void ledger_maker_begin_with_key(struct ledger_maker *maker) {
    struct maker_append append;
    ledger_maker_begin(maker);
    maker_append_begin(&append, maker);
    maker_append_key(&append, maker->answer_key.verifier.public_key);
    maker_append_register(&append, 0);
    MUST(maker_append_submit(&append, NULL) == 0);
    maker_append_end(&append);
}

void ledger_maker_close(struct ledger_maker *maker) {
    ledger_close(maker->ledger);
    maker->ledger = NULL;
}

int ledger_maker_reopen(struct ledger_maker *maker, struct fault *fault) {
    ledger_maker_close(maker);
    const struct ledger_config config = {.url = maker->url, .policy = maker->policy, .create = true};
    return ledger_open(&maker->ledger, &config, fault);
}

void ledger_maker_end(struct ledger_maker *maker) {
    ledger_maker_close(maker);
    policy_free(maker->policy);
    DIR *dir = opendir(maker->dir);
    MUST(dir != NULL);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", maker->dir, entry->d_name);
        if (entry->d_name[0] != '.')
            MUST(unlink(path) == 0);
    }
    closedir(dir);
    MUST(rmdir(maker->dir) == 0);
}

/* ---- damage */

static void flip(sqlite3_context *context, int count, sqlite3_value **values) {
    int len = sqlite3_value_bytes(values[0]);
    const uint8_t *blob = sqlite3_value_blob(values[0]);
    int at = sqlite3_value_int(values[1]);
    uint8_t *copy = malloc((size_t)len + 1);
    MUST(count == 2 && copy != NULL);
    at = at < 0 ? len + at : at;
    MUST(at >= 0 && at < len);
    memcpy(copy, blob, (size_t)len);
    copy[at] ^= 1;
    sqlite3_result_blob(context, copy, len, SQLITE_TRANSIENT);
    free(copy);
}

static sqlite3 *open_file(const struct ledger_maker *maker) {
    sqlite3 *db;
    MUST(sqlite3_open_v2(maker->path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    MUST(sqlite3_busy_timeout(db, 5000) == SQLITE_OK);
    MUST(sqlite3_create_function(db, "flip", 2, SQLITE_UTF8, NULL, flip, NULL, NULL) == SQLITE_OK);
    return db;
}

void ledger_maker_sql(const struct ledger_maker *maker, const char *sql) {
    static const char *const tables[] = {"entry", "node", "clause", "place"};
    sqlite3 *db = open_file(maker);
    char drop[256];
    for (size_t i = 0; i < 4; i++) {
        snprintf(drop, sizeof drop, "DROP TRIGGER IF EXISTS %s_no_update; DROP TRIGGER IF EXISTS %s_no_delete",
                 tables[i], tables[i]);
        MUST(sqlite3_exec(db, drop, NULL, NULL, NULL) == SQLITE_OK);
    }
    MUST(sqlite3_exec(db, "DROP TRIGGER IF EXISTS checkpoint_no_delete", NULL, NULL, NULL) == SQLITE_OK);
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, why);
        abort();
    }
    MUST(sqlite3_close(db) == SQLITE_OK);
    usleep(5000); /* what another process wrote is seen a moment later (VIEW_NS) */
}

int64_t ledger_maker_number(const struct ledger_maker *maker, const char *sql) {
    sqlite3 *db = open_file(maker);
    sqlite3_stmt *statement;
    MUST(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    MUST(sqlite3_step(statement) == SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    MUST(sqlite3_close(db) == SQLITE_OK);
    return number;
}

/* ---- one append, record by record */

void maker_append_begin(struct maker_append *append, struct ledger_maker *maker) {
    *append = (struct maker_append){.maker = maker};
    buffer_init(&append->note, LIMIT_NOTE);
}

void maker_append_end(struct maker_append *append) {
    for (size_t i = 0; i < append->count; i++)
        free((void *)append->records[i].data);
    for (size_t i = 0; i < append->editions_count; i++) {
        merkle_tree_free(&append->editions[i].tree);
        free(append->editions[i].data);
        free(append->editions[i].records);
    }
    free(append->records);
    free(append->editions);
    buffer_free(&append->note);
}

void maker_append_record(struct maker_append *append, struct bytes record) {
    struct bytes *records = realloc(append->records, (append->count + 1) * sizeof *records);
    uint8_t *data = malloc(record.len + 1);
    MUST(records != NULL && data != NULL);
    if (record.len > 0)
        memcpy(data, record.data, record.len);
    append->records = records;
    append->records[append->count++] = bytes_of(data, record.len);
}

void maker_append_key(struct maker_append *append, const uint8_t public_key[PUBLIC_KEY_LEN]) {
    struct buffer text;
    struct key_record record = {
        .holder = BYTES("a server"), .not_before = MAKER_NOW - 3600, .not_after = MAKER_NOW + 90 * 86400};
    memcpy(record.public_key, public_key, PUBLIC_KEY_LEN);
    buffer_init(&text, RECORD_ROOM);
    MUST(key_record_print(&text, &record, NULL) == 0);
    maker_append_record(append, buffer_bytes(&text));
    buffer_free(&text);
}

void maker_append_revocation(struct maker_append *append, const uint8_t public_key[PUBLIC_KEY_LEN],
                             int64_t revoked_at) {
    struct buffer text;
    struct revocation_record record = {.revoked_at = revoked_at};
    memcpy(record.public_key, public_key, PUBLIC_KEY_LEN);
    buffer_init(&text, RECORD_ROOM);
    MUST(revocation_record_print(&text, &record, NULL) == 0);
    maker_append_record(append, buffer_bytes(&text));
    buffer_free(&text);
}

/* What a register of the ledger with this append so far says; the caller frees it. */
static struct register_lines *lines_so_far(const struct maker_append *append) {
    struct register_lines *lines = NULL;
    const struct ledger_state *state = ledger_state_take(append->maker->ledger);
    MUST((state->lines == NULL ? register_lines_new(&lines) : register_lines_copy(&lines, state->lines)) == 0);
    ledger_state_release(state);
    for (size_t i = 0; i < append->count; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, append->records[i]);
        /* A record that does not apply is one that a test made wrong. */
        int error = register_lines_apply(lines, append->records[i], &leaf, NULL);
        (void)error;
    }
    MUST(register_lines_finish(lines) == 0);
    return lines;
}

static void find_previous(const struct maker_append *append, struct edition_record *record) {
    char words[256];
    size_t index;
    struct register_line line;
    struct register_lines *lines = lines_so_far(append);
    snprintf(words, sizeof words, "edition %.*s %.*s ", (int)record->instrument.len, record->instrument.data,
             (int)record->language.len, record->language.data);
    record->edition = 1;
    if (register_lines_find(lines, bytes_text(words), &index)) {
        MUST(register_line_parse(&line, register_lines_line(lines, index)) == 0);
        record->edition = line.edition + 1;
        record->has_previous = true;
        record->previous = line.record;
    }
    register_lines_free(lines);
}

/* Prints the clause records, and sets what the edition record says of them. */
static void make_clauses(struct made_edition *made, struct edition_record *record, const struct maker_edition *plan) {
    struct buffer all;
    crypto_hash_sha256_state source;
    size_t *ends = calloc(plan->clauses_count + 1, sizeof *ends);
    buffer_init(&all, SIZE_MAX / 2);
    crypto_hash_sha256_init(&source);
    MUST(ends != NULL && merkle_tree_init(&made->tree, plan->clauses_count == 0 ? 1 : plan->clauses_count) == 0);
    for (size_t i = 0; i < plan->clauses_count; i++) {
        const struct clause_record clause = {record->instrument, record->language, bytes_text(plan->clauses[i].eid),
                                             bytes_text(plan->clauses[i].text)};
        MUST(clause_record_print(&all, &clause, NULL) == 0);
        ends[i + 1] = all.len;
        record->source_length += clause.text.len;
        crypto_hash_sha256_update(&source, clause.text.data, clause.text.len);
    }
    crypto_hash_sha256_final(&source, record->source_sha256);
    made->count = plan->clauses_count;
    made->records = calloc(made->count + 1, sizeof *made->records);
    made->data = malloc(all.len + 1);
    MUST(made->records != NULL && made->data != NULL);
    if (all.len > 0)
        memcpy(made->data, all.data, all.len);
    for (size_t i = 0; i < made->count; i++) {
        struct hash leaf;
        made->records[i] = bytes_of(made->data + ends[i], ends[i + 1] - ends[i]);
        merkle_leaf_hash(&leaf, made->records[i]);
        merkle_tree_append(&made->tree, &leaf);
    }
    record->clauses = made->count;
    merkle_tree_root(&record->clauses_root, &made->tree);
    buffer_free(&all);
    free(ends);
}

static struct bytes text_or(const char *text, const char *otherwise) {
    return bytes_text(text != NULL ? text : otherwise);
}

void maker_append_edition(struct maker_append *append, const struct maker_edition *plan) {
    struct made_edition *editions = realloc(append->editions, (append->editions_count + 1) * sizeof *editions);
    MUST(editions != NULL);
    append->editions = editions;
    struct made_edition *made = &editions[append->editions_count++];
    *made = (struct made_edition){0};
    struct edition_record record = {
        .instrument = bytes_text(plan->instrument),
        .language = text_or(plan->language, "en"),
        .act = plan->act,
        .title = text_or(plan->title, "A title"),
        .authenticity = plan->authenticity,
        .has_translation_of = plan->translation_of != NULL,
        .deposited_at = plan->deposited_at != 0 ? plan->deposited_at : append->maker->now_s,
        .remark = bytes_text(plan->remark),
    };
    if (plan->translation_of != NULL)
        record.translation_of = *plan->translation_of;
    find_previous(append, &record);
    make_clauses(made, &record, plan);
    if (plan->alter != NULL)
        plan->alter(&record);
    struct buffer text;
    struct fault fault = {0};
    buffer_init(&text, RECORD_ROOM);
    if (edition_record_print(&text, &record, &fault) != 0) {
        fprintf(stderr, "%s\n", fault_text(&fault));
        abort();
    }
    merkle_leaf_hash(&made->leaf_hash, buffer_bytes(&text));
    const struct ledger_state *state = ledger_state_take(append->maker->ledger);
    made->index = state->size + append->count;
    ledger_state_release(state);
    maker_append_record(append, buffer_bytes(&text));
    buffer_free(&text);
}

void maker_append_register(struct maker_append *append, int64_t time_s) {
    struct register_lines *lines = lines_so_far(append);
    struct register_record record = {.time = time_s != 0 ? time_s : append->maker->now_s,
                                     .lines = register_lines_count(lines)};
    struct buffer text;
    register_lines_root(&record.root, lines);
    buffer_init(&text, RECORD_ROOM);
    MUST(register_record_print(&text, &record, NULL) == 0);
    maker_append_record(append, buffer_bytes(&text));
    buffer_free(&text);
    register_lines_free(lines);
}

void maker_append_sign(struct maker_append *append, const struct maker_key *key) {
    struct checkpoint checkpoint = {.origin = BYTES(MAKER_ORIGIN)};
    MUST(ledger_preview(append->maker->ledger, append->records, append->count, &checkpoint.size, &checkpoint.root) ==
         0);
    buffer_clear(&append->note);
    MUST(checkpoint_sign(&append->note, &checkpoint, &key->verifier, key->secret) == 0);
}

void maker_append_cosign(struct maker_append *append, const struct maker_key *witness) {
    struct note note;
    struct buffer text;
    buffer_init(&text, LIMIT_NOTE);
    MUST(note_parse(&note, buffer_bytes(&append->note), NULL) == 0);
    buffer_append(&text, note.text);
    MUST(note_cosign(&append->note, buffer_bytes(&text), append->maker->now_s, &witness->verifier, witness->secret) ==
         0);
    buffer_free(&text);
}

int maker_append_send(const struct maker_append *append, struct append_result *result, struct fault *fault) {
    struct append_result unwanted;
    return ledger_append(append->maker->ledger, append->records, append->count, buffer_bytes(&append->note),
                         append->maker->now_s, result != NULL ? result : &unwanted, fault);
}

int maker_append_put(const struct maker_append *append, size_t edition, uint64_t from, uint64_t to,
                     struct fault *fault) {
    const struct made_edition *made = &append->editions[edition];
    size_t count = (size_t)(to - from);
    struct placed_clause *placed = calloc(count + 1, sizeof *placed);
    struct merkle_path *paths = calloc(count + 1, sizeof *paths);
    uint64_t received;
    MUST(placed != NULL && paths != NULL);
    for (size_t i = 0; i < count; i++) {
        merkle_tree_path(&paths[i], &made->tree, from + i);
        placed[i] = (struct placed_clause){from + i, made->records[from + i], &paths[i]};
    }
    int error = ledger_put_clauses(append->maker->ledger, &made->leaf_hash, placed, count, append->maker->now_s,
                                   &received, fault);
    MUST(error != 0 || received == count);
    free(placed);
    free(paths);
    return error;
}

int maker_append_submit(struct maker_append *append, struct fault *fault) {
    maker_append_sign(append, &append->maker->ledger_key);
    int error = maker_append_send(append, NULL, fault);
    if (error != DEPOSITARY_E_CLAUSES_MISSING)
        return error;
    for (size_t i = 0; i < append->editions_count; i++) {
        for (uint64_t from = 0; from < append->editions[i].count; from += PUT_MAX) {
            uint64_t to = from + PUT_MAX < append->editions[i].count ? from + PUT_MAX : append->editions[i].count;
            error = maker_append_put(append, i, from, to, fault);
            if (error)
                return error;
        }
    }
    return maker_append_send(append, NULL, fault);
}

uint64_t ledger_maker_deposit(struct ledger_maker *maker, const struct maker_edition *plan) {
    struct maker_append append;
    struct fault fault = {0};
    maker_append_begin(&append, maker);
    maker_append_edition(&append, plan);
    maker_append_register(&append, 0);
    if (maker_append_submit(&append, &fault) != 0) {
        fprintf(stderr, "deposit of %s: %s\n", plan->instrument, fault_text(&fault));
        abort();
    }
    uint64_t index = append.editions[0].index;
    maker_append_end(&append);
    return index;
}

/* ---- many clauses */

void maker_clauses_make(struct maker_clause **out, size_t count, size_t text_len, unsigned seed) {
    struct maker_clause *clauses = calloc(count + 1, sizeof *clauses);
    MUST(clauses != NULL);
    for (size_t i = 0; i < count; i++) {
        char *eid = malloc(32);
        char *text = malloc(text_len + 48);
        MUST(eid != NULL && text != NULL);
        snprintf(eid, 32, "cl_%zu", i + 1);
        int head = snprintf(text, text_len + 48, "%zu. (%u) ", i + 1, seed);
        size_t at = (size_t)head;
        for (; at + 1 < text_len; at++)
            text[at] = at % 7 == 6 ? ' ' : (char)('a' + (at * 31 + i * 17 + seed) % 26);
        text[at++] = '\n';
        text[at] = '\0';
        clauses[i] = (struct maker_clause){eid, text};
    }
    *out = clauses;
}

void maker_clauses_free(struct maker_clause *clauses, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free((void *)clauses[i].eid);
        free((void *)clauses[i].text);
    }
    free(clauses);
}
