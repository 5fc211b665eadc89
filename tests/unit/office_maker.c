/* Offices, instruments and servers for tests (office_maker.h). */
#include "office_maker.h"

#include "base/file.h"
#include "base/time.h"

#include <check.h>
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- folders */

static void remove_tree(const char *path) {
    char inner[512];
    DIR *entries = opendir(path);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            ck_assert_int_eq(file_path(inner, sizeof(inner), path, entry->d_name), 0);
            remove_tree(inner);
        }
    }
    if (entries) {
        closedir(entries);
    }
    remove(path);
}

static void copy_folder(const char *from, const char *to) {
    char inner[512];
    DIR *entries = opendir(from);
    const struct dirent *entry;
    ck_assert_ptr_nonnull(entries);
    ck_assert_int_eq(mkdir(to, 0700), 0);
    while ((entry = readdir(entries)) != NULL) {
        struct buffer text;
        buffer_init(&text, 64u * 1024 * 1024);
        ck_assert_int_eq(file_path(inner, sizeof(inner), from, entry->d_name), 0);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            ck_assert_int_eq(file_read(&text, inner, NULL), 0);
            ck_assert_int_eq(file_path(inner, sizeof(inner), to, entry->d_name), 0);
            ck_assert_int_eq(file_write(inner, buffer_bytes(&text), 0600, NULL), 0);
        }
        buffer_free(&text);
    }
    closedir(entries);
}

/* ---- offices */

void made_office_init_bare(struct made_office *made) {
    *made = (struct made_office){0};
    ck_assert_int_ge(sodium_init(), 0);
    strcpy(made->dir, "/tmp/depositary-office-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(made->dir));
    snprintf(made->office, sizeof(made->office), "%s/office", made->dir);
    snprintf(made->spare, sizeof(made->spare), "%s/spare", made->dir);
}

void made_office_init(struct made_office *made) {
    struct fault fault = {0};
    made_office_init_bare(made);
    const struct office_init init = {.origin = MADE_ORIGIN, .spare_dir = made->spare};
    int error = office_create(made->office, &init, &fault);
    ck_assert_msg(error == 0, "office_create: %s", fault_text(&fault));
    made_office_open(made, NULL);
}

void made_office_open(struct made_office *made, const char *passphrase) {
    struct fault fault = {0};
    int error = office_open(&made->office_open, made->office, passphrase, &fault);
    ck_assert_msg(error == 0, "office_open: %s", fault_text(&fault));
}

void made_office_close(struct made_office *made) {
    office_close(made->office_open);
    made->office_open = NULL;
}

void made_office_free(struct made_office *made) {
    made_office_close(made);
    remove_tree(made->dir);
}

void made_office_back_up(const struct made_office *made, const char *name) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", made->dir, name);
    copy_folder(made->office, path);
}

void made_office_restore(const struct made_office *made, const char *name) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", made->dir, name);
    remove_tree(made->office);
    copy_folder(path, made->office);
}

uint64_t made_office_size(const struct made_office *made) {
    const struct ledger_state *state = ledger_state_take(office_ledger(made->office_open));
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

/* ---- records */

void made_public_key(uint8_t out[PUBLIC_KEY_LEN], uint8_t number) {
    uint8_t seed[crypto_sign_SEEDBYTES] = {number};
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(out, secret_key, seed);
}

void made_sign_key(struct made_office *made, uint8_t number) {
    struct fault fault = {0};
    struct office_draft *draft = NULL;
    uint8_t public_key[PUBLIC_KEY_LEN];
    made_public_key(public_key, number);
    ck_assert_int_eq(office_draft_new(&draft, made->office_open), 0);
    ck_assert_int_eq(office_draft_key(draft, public_key, "a server", MADE_NOW, MADE_NOW + 365 * 86400, &fault), 0);
    int error = office_sign(made->office_open, draft, NULL, MADE_NOW, &fault);
    ck_assert_msg(error == 0, "office_sign: %s", fault_text(&fault));
    office_draft_free(draft);
}

void made_outline(struct outline *out, struct bytes text) {
    struct bytes rest = text;
    struct bytes line;
    size_t count = 0;
    *out = (struct outline){.numbering = "none"};
    while (bytes_take_line(&rest, &line)) {
        count++;
    }
    ck_assert_uint_eq(rest.len, 0);
    out->units = calloc(count + 1, sizeof(*out->units));
    ck_assert_ptr_nonnull(out->units);
    rest = text;
    while (bytes_take_line(&rest, &line)) {
        struct unit *unit = &out->units[out->units_count++];
        snprintf(unit->eid, sizeof(unit->eid), "cl_%zu", out->units_count);
        unit->offset = (size_t)(line.data - text.data);
        unit->length = line.len + 1;
    }
}

void made_description(struct description *out, const char *instrument) {
    char text[256];
    snprintf(text, sizeof(text),
             "instrument %s\nlanguage en\ntitle A treaty\nparty A\nparty B\nauthenticity authentic\n", instrument);
    ck_assert_int_eq(description_parse(out, bytes_text(text), NULL), 0);
}

int made_deposit(struct made_office *made, const char *instrument, struct bytes text, const struct office_link *link,
                 int64_t now_s, struct fault *fault) {
    struct outline outline;
    struct description about;
    struct office_draft *draft = NULL;
    made_outline(&outline, text);
    made_description(&about, instrument);
    ck_assert_int_eq(office_draft_new(&draft, made->office_open), 0);
    int error = office_draft_edition(draft, &about, ACT_DEPOSIT, NULL, text, &outline, now_s, fault);
    description_free(&about);
    free(outline.units);
    if (!error) {
        error = office_sign(made->office_open, draft, link, now_s, fault);
    }
    office_draft_free(draft);
    return error;
}

/* ---- servers */

static void open_server(struct made_server *server) {
    struct fault fault = {0};
    const struct ledger_config config = {.url = server->url, .policy = server->policy, .create = true};
    int error = ledger_open(&server->ledger, &config, &fault);
    ck_assert_msg(error == 0, "ledger_open: %s", fault_text(&fault));
}

/* Counts the call. True: it is the one that fails; a restart happens here. */
static bool is_failing(struct made_server *server) {
    server->calls++;
    if (server->calls != server->fail_at) {
        return false;
    }
    if (server->is_restarted) {
        ledger_close(server->ledger);
        open_server(server);
        return false;
    }
    return true;
}

static int server_checkpoint(void *context, struct buffer *note, struct fault *fault) {
    struct made_server *server = context;
    if (is_failing(server)) {
        return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "nobody there");
    }
    if (server->lie.len > 0) {
        buffer_append(note, server->lie);
        return 0;
    }
    const struct ledger_state *state = ledger_state_take(server->ledger);
    bool is_empty = server->is_hiding || state->size == 0;
    if (!is_empty) {
        buffer_append(note, state->checkpoint);
    }
    ledger_state_release(state);
    return is_empty ? fault_set(fault, DEPOSITARY_E_MISSING, "empty") : 0;
}

static int server_append(void *context, const struct bytes *records, size_t count, struct bytes checkpoint,
                         struct append_result *result, struct fault *fault) {
    struct made_server *server = context;
    bool fails = is_failing(server);
    int error = 0;
    if (!fails || server->is_answer_lost) {
        error = ledger_append(server->ledger, records, count, checkpoint, clock_now_s(), result, fault);
    }
    if (server->is_demanding) {
        *result = server->demand;
        return fault_set(fault, DEPOSITARY_E_CLAUSES_MISSING, "more");
    }
    return fails ? fault_set(fault, DEPOSITARY_E_TIMEOUT, "no answer") : error;
}

static void measure_put(struct made_server *server, const struct placed_clause *clauses, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += clauses[i].record.len + clauses[i].path->count * HASH_LEN;
    }
    server->largest_put = bytes > server->largest_put ? bytes : server->largest_put;
}

static int server_put_clauses(void *context, const struct hash *edition, const struct placed_clause *clauses,
                              size_t count, uint64_t *received, struct fault *fault) {
    struct made_server *server = context;
    bool fails = is_failing(server);
    int error = 0;
    measure_put(server, clauses, count);
    if (!fails || server->is_answer_lost) {
        server->put_clauses += count;
        error = server->is_demanding
                    ? 0
                    : ledger_put_clauses(server->ledger, edition, clauses, count, clock_now_s(), received, fault);
    }
    return fails ? fault_set(fault, DEPOSITARY_E_TIMEOUT, "no answer") : error;
}

void made_server_init(struct made_server *server, const struct made_office *made, const char *name) {
    *server = (struct made_server){0};
    snprintf(server->url, sizeof(server->url), "sqlite:%s/%s", made->dir, name);
    ck_assert_int_eq(policy_copy(&server->policy, office_policy(made->office_open)), 0);
    server->link = (struct office_link){
        .context = server, .checkpoint = server_checkpoint, .append = server_append, .put_clauses = server_put_clauses};
    open_server(server);
}

void made_server_free(struct made_server *server) {
    ledger_close(server->ledger);
    policy_free(server->policy);
}

bool made_server_equals(struct made_server *server, const struct made_office *made) {
    const struct ledger_state *there = ledger_state_take(server->ledger);
    const struct ledger_state *here = ledger_state_take(office_ledger(made->office_open));
    bool is_equal = there->size == here->size && hash_equal(&there->root, &here->root) &&
                    bytes_equal(there->checkpoint, here->checkpoint);
    ledger_state_release(there);
    ledger_state_release(here);
    return is_equal;
}
