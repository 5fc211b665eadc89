/*
 * The office: src/office/. What it signs extends its own ledger, whatever a server says; what breaks a rule is never signed or kept.
 * Hostile cases first.
 */
#include "office_maker.h"

#include "base/file.h"
#include "base/limits.h"
#include "corpus/corpus.h"
#include "office/key.h"

#include <check.h>
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "one\ntwo\nthree\n"

static struct made_office made;
static struct fault fault;

static void set_up(void) {
    fault = (struct fault){0};
    made_office_init(&made);
}

static void set_up_bare(void) {
    fault = (struct fault){0};
    made_office_init_bare(&made);
}

static void tear_down(void) {
    made_office_free(&made);
}

static const char *in_dir(const char *name) {
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", made.dir, name);
    return path;
}

/* ---- a server that lies or knows more */

/* The checkpoint of the office's ledger now. */
static void own_note(struct buffer *out) {
    buffer_init(out, LIMIT_NOTE);
    const struct ledger_state *state = ledger_state_take(office_ledger(made.office_open));
    buffer_append(out, state->checkpoint);
    ledger_state_release(state);
}

/* Tries to sign an instrument with the server looked at: refused as `error`, and the ledger is as it was. */
static void signs_nothing(struct made_server *server, int error) {
    struct buffer before;
    struct buffer after;
    own_note(&before);
    ck_assert_int_eq(made_deposit(&made, "refused", BYTES(TEXT), &server->link, MADE_NOW, &fault), error);
    own_note(&after);
    ck_assert(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_free(&before);
    buffer_free(&after);
}

/* Signs an instrument with the server looked at: the new state extends the old one. */
static void signs_an_extension(struct made_server *server, const char *instrument) {
    struct merkle_path path;
    struct ledger *ledger = office_ledger(made.office_open);
    const struct ledger_state *before = ledger_state_take(ledger);
    int error = made_deposit(&made, instrument, BYTES(TEXT), &server->link, MADE_NOW, &fault);
    ck_assert_msg(error == 0, "%s", fault_text(&fault));
    const struct ledger_state *after = ledger_state_take(ledger);
    ck_assert_uint_eq(after->size, before->size + 2);
    ck_assert_int_eq(ledger_consistency(ledger, before->size, after->size, &path), 0);
    ck_assert_int_eq(merkle_consistency_check(before->size, &before->root, after->size, &after->root, &path), 0);
    ledger_state_release(before);
    ledger_state_release(after);
}

static int push(struct made_server *server) {
    uint64_t sent;
    return office_push(made.office_open, &server->link, &sent, &fault);
}

/* The office as it was after the key was signed, and a server that has one instrument more. */
static void restore_from_an_old_back_up(struct made_server *server) {
    made_sign_key(&made, 1);
    made_server_init(server, &made, "server.db");
    made_office_close(&made);
    made_office_back_up(&made, "old");
    made_office_open(&made, NULL);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    ck_assert_int_eq(push(server), 0);
    made_office_close(&made);
    made_office_restore(&made, "old");
    made_office_open(&made, NULL);
}

START_TEST(an_office_restored_from_an_old_copy_is_stopped) {
    struct made_server server;
    restore_from_an_old_back_up(&server);
    signs_nothing(&server, DEPOSITARY_E_FORK);
    ck_assert_ptr_nonnull(strstr(fault.text, "back-up"));
    ck_assert_int_eq(push(&server), DEPOSITARY_E_FORK);
    ck_assert_uint_eq(server.put_clauses, 3); /* those of the first push */
    made_server_free(&server);
}
END_TEST

START_TEST(an_empty_copy_of_the_office_is_stopped) {
    struct made_server server;
    made_office_close(&made);
    made_office_back_up(&made, "empty");
    made_office_open(&made, NULL);
    made_sign_key(&made, 1);
    made_server_init(&server, &made, "server.db");
    ck_assert_int_eq(push(&server), 0);
    made_office_close(&made);
    made_office_restore(&made, "empty");
    made_office_open(&made, NULL);
    signs_nothing(&server, DEPOSITARY_E_FORK);
    made_server_free(&server);
}
END_TEST

START_TEST(the_same_size_with_another_root_is_a_fork) {
    struct made_server server;
    restore_from_an_old_back_up(&server);
    /* nobody was asked: the office forks itself, and the next look at the server tells */
    ck_assert_int_eq(made_deposit(&made, "other", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    signs_nothing(&server, DEPOSITARY_E_FORK);
    ck_assert_int_eq(push(&server), DEPOSITARY_E_FORK);
    made_server_free(&server);
}
END_TEST

START_TEST(a_smaller_checkpoint_that_is_not_ours_at_that_size_is_a_fork) {
    struct made_server server;
    restore_from_an_old_back_up(&server);
    ck_assert_int_eq(made_deposit(&made, "other", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    ck_assert_int_eq(made_deposit(&made, "another", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    signs_nothing(&server, DEPOSITARY_E_FORK);
    ck_assert_int_eq(push(&server), DEPOSITARY_E_FORK);
    made_server_free(&server);
}
END_TEST

START_TEST(a_fork_under_the_spare_key_is_a_fork_too) {
    struct made_server server;
    char spare_key[256];
    restore_from_an_old_back_up(&server);
    /* a thief of the spare signs a longer ledger */
    made_office_close(&made);
    made_office_back_up(&made, "thief");
    struct made_office thief = made;
    snprintf(thief.office, sizeof(thief.office), "%s/thief", made.dir);
    snprintf(spare_key, sizeof(spare_key), "%s/spare-key", made.spare);
    ck_assert_int_eq(unlink(in_dir("thief/key")), 0);
    ck_assert_int_eq(link(spare_key, in_dir("thief/key")), 0);
    made_office_open(&thief, NULL);
    ck_assert_int_eq(made_deposit(&thief, "stolen", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    struct buffer note;
    struct made_office mine = made;
    made = thief;
    own_note(&note);
    made_office_close(&made);
    made = mine;
    made_office_open(&made, NULL);
    server.lie = buffer_bytes(&note);
    signs_nothing(&server, DEPOSITARY_E_FORK);
    buffer_free(&note);
    made_server_free(&server);
}
END_TEST

START_TEST(notes_that_do_not_verify_teach_nothing) {
    struct made_server server;
    struct made_office other;
    struct buffer true_note;
    struct buffer note;
    char name[16];
    made_sign_key(&made, 1);
    made_server_init(&server, &made, "server.db");
    own_note(&true_note);

    /* a larger ledger under another office's key, which has the same origin */
    made_office_init(&other);
    made_sign_key(&other, 1);
    ck_assert_int_eq(made_deposit(&other, "large", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    struct made_office mine = made;
    made = other;
    own_note(&note);
    made = mine;
    server.lie = buffer_bytes(&note);
    signs_an_extension(&server, "a");
    buffer_free(&note);

    /* our note with a larger size, a byte of the signature changed, cut at each end */
    buffer_init(&note, LIMIT_NOTE);
    buffer_append_text(&note, MADE_ORIGIN "\n9");
    buffer_append(&note, bytes_slice(buffer_bytes(&true_note), strlen(MADE_ORIGIN) + 2, true_note.len));
    server.lie = buffer_bytes(&note);
    signs_an_extension(&server, "b");
    for (size_t cut = 1; cut < 6; cut++) {
        server.lie = bytes_slice(buffer_bytes(&true_note), 0, true_note.len - cut * cut);
        snprintf(name, sizeof(name), "cut-%zu", cut);
        signs_an_extension(&server, name);
    }
    server.lie = BYTES("\xFF\x00\n\n\xE2\x80\x94 x\n");
    signs_an_extension(&server, "c");
    buffer_free(&note);
    buffer_free(&true_note);
    made_office_free(&other);
    made_server_free(&server);
}
END_TEST

START_TEST(a_server_that_is_behind_or_says_it_is_empty_does_not_change_what_is_signed) {
    struct made_server server;
    made_sign_key(&made, 1);
    made_server_init(&server, &made, "server.db");
    signs_an_extension(&server, "unsent"); /* the server is empty */
    ck_assert_int_eq(push(&server), 0);
    signs_an_extension(&server, "second");
    signs_an_extension(&server, "third"); /* two behind */
    server.is_hiding = true;
    signs_an_extension(&server, "fourth");
    server.is_hiding = false;
    ck_assert_int_eq(push(&server), 0);
    ck_assert(made_server_equals(&server, &made));
    made_server_free(&server);
}
END_TEST

START_TEST(nothing_is_signed_while_the_server_cannot_be_asked) {
    struct made_server server;
    made_sign_key(&made, 1);
    made_server_init(&server, &made, "server.db");
    server.fail_at = 1;
    signs_nothing(&server, DEPOSITARY_E_UNREACHABLE);
    made_server_free(&server);
}
END_TEST

/* ---- keys */

static void refuses_to_sign(const char *passphrase, int error) {
    struct office_draft *draft = NULL;
    uint8_t public_key[PUBLIC_KEY_LEN];
    made_public_key(public_key, 1);
    made_office_open(&made, passphrase);
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    ck_assert_int_eq(office_draft_key(draft, public_key, "a server", MADE_NOW, MADE_NOW + 1, &fault), 0);
    ck_assert_int_eq(office_sign(made.office_open, draft, NULL, MADE_NOW, &fault), error);
    ck_assert_uint_eq(made_office_size(&made), 0);
    office_draft_free(draft);
    made_office_close(&made);
}

START_TEST(a_wrong_passphrase_signs_nothing) {
    const struct office_init init = {.origin = MADE_ORIGIN, .passphrase = "right", .spare_dir = made.spare};
    bool is_needed = false;
    ck_assert_int_eq(office_create(made.office, &init, &fault), 0);
    ck_assert_int_eq(office_needs_passphrase(&is_needed, made.office, &fault), 0);
    ck_assert(is_needed);
    refuses_to_sign("wrong", DEPOSITARY_E_PASSPHRASE);
    refuses_to_sign(NULL, DEPOSITARY_E_PASSPHRASE);
    made_office_open(&made, "right");
    made_sign_key(&made, 1);
    ck_assert_uint_eq(made_office_size(&made), 2);
}
END_TEST

START_TEST(a_key_that_is_not_pinned_signs_nothing) {
    struct verifier_key key;
    made_office_close(&made);
    ck_assert_int_eq(unlink(in_dir("office/key")), 0);
    ck_assert_int_eq(key_generate(&key, in_dir("office/key"), BYTES(MADE_ORIGIN), NULL, &fault), 0);
    refuses_to_sign(NULL, DEPOSITARY_E_POLICY);
}
END_TEST

START_TEST(a_missing_open_or_torn_key_file_signs_nothing) {
    made_office_close(&made);
    ck_assert_int_eq(chmod(in_dir("office/key"), 0644), 0);
    refuses_to_sign(NULL, DEPOSITARY_E_PERMISSION);
    ck_assert_int_eq(chmod(in_dir("office/key"), 0600), 0);
    ck_assert_int_eq(truncate(in_dir("office/key"), 100), 0);
    refuses_to_sign(NULL, DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(unlink(in_dir("office/key")), 0);
    refuses_to_sign(NULL, DEPOSITARY_E_MISSING);
}
END_TEST

START_TEST(the_spare_key_takes_over_where_it_is_put_in_place) {
    char spare_key[256];
    struct buffer note;
    made_sign_key(&made, 1);
    made_office_close(&made);
    snprintf(spare_key, sizeof(spare_key), "%s/spare-key", made.spare);
    ck_assert_int_eq(rename(spare_key, in_dir("office/key")), 0);
    made_office_open(&made, NULL);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    struct checkpoint checkpoint;
    own_note(&note);
    ck_assert_int_eq(
        policy_verify_checkpoint(&checkpoint, office_policy(made.office_open), buffer_bytes(&note), &fault), 0);
    ck_assert_uint_eq(checkpoint.size, 4);
    buffer_free(&note);
}
END_TEST

/* ---- the folder */

START_TEST(an_office_has_two_pinned_keys_and_is_closed_to_others) {
    struct stat about;
    struct verifier_key spare;
    uint8_t *secret_key = NULL;
    const struct policy *policy = office_policy(made.office_open);
    ck_assert_int_eq(stat(made.office, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(in_dir("office/ledger.db"), &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(in_dir("spare/spare-key"), &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
    ck_assert(bytes_equal(policy_origin(policy), BYTES(MADE_ORIGIN)));
    ck_assert_uint_eq(policy_logs_count(policy), 2);
    ck_assert_uint_eq(policy_witnesses_count(policy), 0);
    ck_assert_int_eq(key_read(&spare, &secret_key, in_dir("spare/spare-key"), NULL, &fault), 0);
    key_free(secret_key);
    ck_assert_mem_eq(policy_log(policy, 1)->public_key, spare.public_key, PUBLIC_KEY_LEN);
    ck_assert_mem_ne(policy_log(policy, 0)->public_key, spare.public_key, PUBLIC_KEY_LEN);
    ck_assert_uint_eq(made_office_size(&made), 0);
}
END_TEST

static int create(const char *spare_dir) {
    const struct office_init init = {.origin = MADE_ORIGIN, .spare_dir = spare_dir};
    return office_create(made.office, &init, &fault);
}

static void office_holds_nothing(void) {
    DIR *entries = opendir(made.office);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries)) != NULL) {
        ck_assert_msg(entry->d_name[0] == '.', "%s is left", entry->d_name);
    }
    if (entries) {
        closedir(entries);
    }
}

START_TEST(a_spare_key_inside_the_office_is_refused_however_it_is_written) {
    static const char *const places[] = {
        "office",     "office/spare", "office/a/b", "office/../office/spare", "new/../office/spare",
        "link/spare", "./office/"};
    ck_assert_int_eq(symlink(made.office, in_dir("link")), 0);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        ck_assert_msg(create(in_dir(places[i])) == DEPOSITARY_E_ARGUMENT, "%s", places[i]);
        office_holds_nothing();
    }
    ck_assert_int_eq(create(in_dir("office-spare")), 0); /* a name that only begins like it */
}
END_TEST

START_TEST(without_a_place_for_the_spare_it_goes_beside_the_office) {
    ck_assert_int_eq(create(NULL), 0);
    ck_assert_int_eq(access(in_dir("office-spare/spare-key"), F_OK), 0);
}
END_TEST

START_TEST(a_folder_with_something_in_it_is_left_alone) {
    ck_assert_int_eq(mkdir(made.office, 0700), 0);
    ck_assert_int_eq(file_write(in_dir("office/file"), BYTES("x"), 0600, &fault), 0);
    ck_assert_int_eq(create(made.spare), DEPOSITARY_E_EXISTS);
    ck_assert_int_ne(access(made.spare, F_OK), 0);
    ck_assert_int_eq(unlink(in_dir("office/file")), 0);
    ck_assert_int_eq(create(made.spare), 0);
    ck_assert_int_eq(create(made.spare), DEPOSITARY_E_EXISTS);
}
END_TEST

START_TEST(an_empty_folder_that_others_may_enter_is_closed_to_them) {
    struct stat about;
    ck_assert_int_eq(mkdir(made.office, 0755), 0);
    ck_assert_int_eq(create(made.spare), 0);
    ck_assert_int_eq(stat(made.office, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0700);
}
END_TEST

START_TEST(a_spare_key_that_is_there_stays) {
    struct buffer before;
    struct buffer after;
    ck_assert_int_eq(create(made.spare), 0);
    snprintf(made.office, sizeof(made.office), "%s/second", made.dir);
    buffer_init(&before, 4096);
    buffer_init(&after, 4096);
    ck_assert_int_eq(file_read(&before, in_dir("spare/spare-key"), &fault), 0);
    ck_assert_int_eq(create(made.spare), DEPOSITARY_E_EXISTS);
    ck_assert_int_eq(file_read(&after, in_dir("spare/spare-key"), &fault), 0);
    ck_assert(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    office_holds_nothing();
    buffer_free(&before);
    buffer_free(&after);
}
END_TEST

START_TEST(an_origin_that_cannot_be_a_name_is_refused) {
    static const char *const origins[] = {NULL, "", "a b", "-a", "a+b", "a\nb", "\xC3\xA4"};
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        const struct office_init init = {.origin = origins[i], .spare_dir = made.spare};
        ck_assert_int_eq(office_create(made.office, &init, &fault), DEPOSITARY_E_ARGUMENT);
        ck_assert_int_ne(access(made.office, F_OK), 0);
    }
}
END_TEST

START_TEST(only_one_process_has_an_office_open) {
    struct office *second = NULL;
    ck_assert_int_eq(office_open(&second, made.office, NULL, &fault), DEPOSITARY_E_STATE);
    ck_assert_ptr_null(second);
    made_office_close(&made);
    ck_assert_int_eq(office_open(&second, made.office, NULL, &fault), 0);
    office_close(second);
}
END_TEST

START_TEST(an_office_that_others_may_enter_or_that_is_none_is_not_opened) {
    struct office *office = NULL;
    made_office_close(&made);
    ck_assert_int_eq(chmod(made.office, 0750), 0);
    ck_assert_int_eq(office_open(&office, made.office, NULL, &fault), DEPOSITARY_E_PERMISSION);
    ck_assert_int_eq(chmod(made.office, 0700), 0);
    if (geteuid() == 0) { /* only root can give a folder away */
        ck_assert_int_eq(chown(made.office, 65534, (gid_t)-1), 0);
        ck_assert_int_eq(office_open(&office, made.office, NULL, &fault), DEPOSITARY_E_PERMISSION);
    }
    ck_assert_int_eq(office_open(&office, made.spare, NULL, &fault), DEPOSITARY_E_MISSING);
    ck_assert_int_ne(access(in_dir("spare/lock"), F_OK), 0);
    ck_assert_int_eq(office_open(&office, in_dir("nowhere"), NULL, &fault), DEPOSITARY_E_MISSING);
}
END_TEST

/* ---- drafts */

/* Drafts an edition and signs it. */
static int add_edition(struct description *about, enum edition_act act, const char *remark, struct bytes text,
                       int64_t now_s) {
    struct outline outline = {0};
    struct office_draft *draft = NULL;
    if (act != ACT_WITHDRAWAL) {
        made_outline(&outline, text);
    }
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    int error =
        office_draft_edition(draft, about, act, remark, text, act == ACT_WITHDRAWAL ? NULL : &outline, now_s, &fault);
    if (error) {
        ck_assert_uint_eq(office_draft_count(draft), 0);
    } else {
        error = office_sign(made.office_open, draft, NULL, now_s, &fault);
    }
    office_draft_free(draft);
    free(outline.units);
    return error;
}

static void latest(struct buffer *record, struct edition_record *out, const char *instrument, const char *language) {
    buffer_init(record, LIMIT_ENTRY);
    int error = office_latest(made.office_open, bytes_text(instrument), bytes_text(language), record, &fault);
    ck_assert_msg(error == 0, "%s", fault_text(&fault));
    ck_assert_int_eq(edition_record_parse(out, buffer_bytes(record), &fault), 0);
}

START_TEST(a_ledger_does_not_begin_without_an_answer_key) {
    ck_assert_int_eq(made_deposit(&made, "first", BYTES(TEXT), NULL, MADE_NOW, &fault), DEPOSITARY_E_RULE);
    ck_assert_uint_eq(made_office_size(&made), 0);
}
END_TEST

START_TEST(the_clauses_of_a_deposit_are_the_source) {
    struct buffer record;
    struct buffer text;
    struct edition_record edition;
    struct clause_record clause;
    struct buffer clause_bytes;
    made_sign_key(&made, 1);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES(TEXT), NULL, MADE_NOW + 5, &fault), 0);
    latest(&record, &edition, "first", "en");
    ck_assert_uint_eq(edition.edition, 1);
    ck_assert_uint_eq(edition.clauses, 3);
    ck_assert_int_eq(edition.deposited_at, MADE_NOW + 5);
    ck_assert(!edition.has_previous);
    buffer_init(&text, 1000);
    for (uint64_t place = 0; place < edition.clauses; place++) {
        buffer_init(&clause_bytes, LIMIT_CLAUSE_RECORD);
        ck_assert_int_eq(ledger_clause(office_ledger(made.office_open), 2, edition.clauses, &edition.clauses_root,
                                       place, &clause_bytes, NULL, &fault),
                         0);
        ck_assert_int_eq(clause_record_parse(&clause, buffer_bytes(&clause_bytes), &fault), 0);
        buffer_append(&text, clause.text);
        buffer_free(&clause_bytes);
    }
    ck_assert(bytes_equal(buffer_bytes(&text), BYTES(TEXT)));
    buffer_free(&text);
    buffer_free(&record);
}
END_TEST

START_TEST(a_deposit_that_changes_nothing_is_not_made) {
    struct description about;
    made_sign_key(&made, 1);
    made_description(&about, "first");
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, BYTES(TEXT), MADE_NOW), 0);
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, BYTES(TEXT), MADE_NOW + 9), DEPOSITARY_E_EXISTS);
    ck_assert_int_eq(add_edition(&about, ACT_RECTIFICATION, NULL, BYTES(TEXT), MADE_NOW + 9), DEPOSITARY_E_EXISTS);
    ck_assert_uint_eq(made_office_size(&made), 4);
    description_free(&about);
}
END_TEST

START_TEST(a_second_deposit_of_an_instrument_is_refused_and_a_rectification_follows) {
    struct description about;
    struct buffer record;
    struct edition_record edition;
    struct hash first;
    made_sign_key(&made, 1);
    made_description(&about, "first");
    ck_assert_int_eq(add_edition(&about, ACT_RECTIFICATION, "early", BYTES(TEXT), MADE_NOW), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, BYTES(TEXT), MADE_NOW), 0);
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, BYTES("1\n2\n"), MADE_NOW), DEPOSITARY_E_STATE);
    latest(&record, &edition, "first", "en");
    merkle_leaf_hash(&first, buffer_bytes(&record));
    buffer_free(&record);

    ck_assert_int_eq(add_edition(&about, ACT_RECTIFICATION, "item 2", BYTES("one\n2\nthree\n"), MADE_NOW), 0);
    latest(&record, &edition, "first", "en");
    ck_assert_uint_eq(edition.edition, 2);
    ck_assert_int_eq(edition.act, ACT_RECTIFICATION);
    ck_assert(edition.has_previous && hash_equal(&edition.previous, &first));
    ck_assert(bytes_equal(edition.remark, BYTES("item 2")));
    buffer_free(&record);

    ck_assert_int_eq(add_edition(&about, ACT_WITHDRAWAL, "by error", BYTES("x\n"), MADE_NOW), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(add_edition(&about, ACT_WITHDRAWAL, "by error", BYTES(""), MADE_NOW), 0);
    ck_assert_int_eq(add_edition(&about, ACT_WITHDRAWAL, "again", BYTES(""), MADE_NOW), DEPOSITARY_E_EXISTS);
    latest(&record, &edition, "first", "en");
    ck_assert_uint_eq(edition.edition, 3);
    ck_assert_uint_eq(edition.clauses, 0);
    buffer_free(&record);
    ck_assert_int_eq(add_edition(&about, ACT_AMENDMENT, "back", BYTES(TEXT), MADE_NOW), 0);
    description_free(&about);
}
END_TEST

START_TEST(two_records_of_one_draft_know_each_other) {
    struct description about;
    struct outline outline;
    struct office_draft *draft = NULL;
    uint8_t public_key[PUBLIC_KEY_LEN];
    struct bytes texts[] = {BYTES(TEXT), BYTES("one\ntwo\n")};
    made_public_key(public_key, 1);
    made_description(&about, "first");
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    ck_assert_int_eq(office_draft_key(draft, public_key, "a server", MADE_NOW, MADE_NOW + 9, &fault), 0);
    ck_assert_int_eq(office_draft_key(draft, public_key, "a server", MADE_NOW, MADE_NOW + 9, &fault),
                     DEPOSITARY_E_EXISTS);
    for (size_t i = 0; i < 2; i++) {
        made_outline(&outline, texts[i]);
        ck_assert_int_eq(office_draft_edition(draft, &about, i == 0 ? ACT_DEPOSIT : ACT_AMENDMENT, NULL, texts[i],
                                              &outline, MADE_NOW, &fault),
                         0);
        free(outline.units);
    }
    ck_assert_uint_eq(office_draft_count(draft), 3);
    ck_assert_int_eq(record_type(office_draft_record(draft, 0)), RECORD_KEY);
    ck_assert_int_eq(record_type(office_draft_record(draft, 2)), RECORD_EDITION);
    ck_assert_uint_eq(office_draft_record(draft, 3).len, 0);
    ck_assert_msg(office_sign(made.office_open, draft, NULL, MADE_NOW, &fault) == 0, "%s", fault_text(&fault));
    ck_assert_uint_eq(made_office_size(&made), 4);
    office_draft_free(draft);
    description_free(&about);
}
END_TEST

START_TEST(a_translation_names_what_was_translated) {
    struct description about;
    struct buffer record;
    struct edition_record edition;
    struct hash original;
    made_sign_key(&made, 1);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    latest(&record, &edition, "first", "en");
    merkle_leaf_hash(&original, buffer_bytes(&record));
    buffer_free(&record);
#define FRENCH "instrument first\nlanguage fr\ntitle T\nauthenticity translation\n"
    ck_assert_int_eq(description_parse(&about, BYTES(FRENCH), &fault), 0);
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, BYTES("un\n"), MADE_NOW), DEPOSITARY_E_ARGUMENT);
    description_free(&about);
    ck_assert_int_eq(description_parse(&about, BYTES(FRENCH "translation-of de\n"), &fault), 0);
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, BYTES("un\n"), MADE_NOW), DEPOSITARY_E_MISSING);
    description_free(&about);
    ck_assert_int_eq(description_parse(&about, BYTES(FRENCH "translation-of en\n"), &fault), 0);
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, BYTES("un\n"), MADE_NOW), 0);
    description_free(&about);
    latest(&record, &edition, "first", "fr");
    ck_assert(edition.has_translation_of && hash_equal(&edition.translation_of, &original));
    /* what the record gives back names the same, now by its leaf hash */
    ck_assert_int_eq(description_of_record(&about, &edition), 0);
    ck_assert_int_eq(add_edition(&about, ACT_RECTIFICATION, NULL, BYTES("un\n"), MADE_NOW), DEPOSITARY_E_EXISTS);
    description_free(&about);
    buffer_free(&record);
    made_description(&about, "first");
    about.translation_of = strdup("en");
    ck_assert_int_eq(add_edition(&about, ACT_RECTIFICATION, NULL, BYTES("x\n"), MADE_NOW), DEPOSITARY_E_ARGUMENT);
    description_free(&about);
}
END_TEST

/* Drafts TEXT in these units. */
static int draft_units(const struct unit *units, size_t count) {
    struct unit copies[8];
    struct description about;
    struct office_draft *draft = NULL;
    memcpy(copies, units, count * sizeof(*units));
    const struct outline outline = {.units = copies, .units_count = count};
    made_description(&about, "first");
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    int error = office_draft_edition(draft, &about, ACT_DEPOSIT, NULL, BYTES(TEXT), &outline, MADE_NOW, &fault);
    ck_assert_uint_eq(office_draft_count(draft), error ? 0 : 1);
    office_draft_free(draft);
    description_free(&about);
    return error;
}

START_TEST(units_that_are_not_the_source_are_refused) {
    const struct unit gap[] = {{"cl_1", 0, 4, {0}, {0}}, {"cl_2", 5, 9, {0}, {0}}};
    const struct unit overlap[] = {{"cl_1", 0, 4, {0}, {0}}, {"cl_2", 3, 11, {0}, {0}}};
    const struct unit is_short[] = {{"cl_1", 0, 4, {0}, {0}}, {"cl_2", 4, 9, {0}, {0}}};
    const struct unit is_long[] = {{"cl_1", 0, 4, {0}, {0}}, {"cl_2", 4, 11, {0}, {0}}};
    const struct unit wraps[] = {{"cl_1", 0, 4, {0}, {0}}, {"cl_2", 4, SIZE_MAX, {0}, {0}}};
    const struct unit late[] = {{"cl_1", 1, 13, {0}, {0}}};
    const struct unit swapped[] = {{"cl_2", 4, 10, {0}, {0}}, {"cl_1", 0, 4, {0}, {0}}};
    const struct unit fine[] = {{"cl_1", 0, 4, {0}, {0}}, {"cl_2", 4, 10, {0}, {0}}};
    ck_assert_int_eq(draft_units(gap, 2), DEPOSITARY_E_SOURCE);
    ck_assert_int_eq(draft_units(overlap, 2), DEPOSITARY_E_SOURCE);
    ck_assert_int_eq(draft_units(is_short, 2), DEPOSITARY_E_SOURCE);
    ck_assert_int_eq(draft_units(is_long, 2), DEPOSITARY_E_SOURCE);
    ck_assert_int_eq(draft_units(wraps, 2), DEPOSITARY_E_SOURCE);
    ck_assert_int_eq(draft_units(late, 1), DEPOSITARY_E_SOURCE);
    ck_assert_int_eq(draft_units(swapped, 2), DEPOSITARY_E_SOURCE);
    ck_assert_int_eq(draft_units(fine, 0), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(draft_units(fine, 2), 0);
}
END_TEST

START_TEST(eids_that_clash_are_refused_before_anything_is_signed) {
    const struct unit twice[] = {{"cl_1", 0, 4, {0}, {0}}, {"x", 4, 4, {0}, {0}}, {"cl_1", 8, 6, {0}, {0}}};
    /* "cl_1-a" sorts between the two that clash */
    const struct unit inside[] = {{"cl_1__p_1", 0, 4, {0}, {0}}, {"cl_1-a", 4, 4, {0}, {0}}, {"cl_1", 8, 6, {0}, {0}}};
    const struct unit deeper[] = {{"a__b__c", 0, 4, {0}, {0}}, {"a__b", 4, 10, {0}, {0}}};
    const struct unit malformed[] = {{"cl 1", 0, 4, {0}, {0}}, {"cl_2", 4, 10, {0}, {0}}};
    const struct unit unnamed[] = {{"", 0, 4, {0}, {0}}, {"cl_2", 4, 10, {0}, {0}}};
    const struct unit fine[] = {{"a__b", 0, 4, {0}, {0}}, {"a_", 4, 4, {0}, {0}}, {"a__c", 8, 6, {0}, {0}}};
    ck_assert_int_eq(draft_units(twice, 3), DEPOSITARY_E_RULE);
    ck_assert_int_eq(draft_units(inside, 3), DEPOSITARY_E_RULE);
    ck_assert_int_eq(draft_units(deeper, 2), DEPOSITARY_E_RULE);
    ck_assert_int_eq(draft_units(malformed, 2), DEPOSITARY_E_RECORD);
    ck_assert_int_eq(draft_units(unnamed, 2), DEPOSITARY_E_RECORD);
    ck_assert_int_eq(draft_units(fine, 3), 0);
}
END_TEST

START_TEST(times_never_run_backwards) {
    struct buffer record;
    struct edition_record edition;
    made_sign_key(&made, 1);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES(TEXT), NULL, MADE_NOW + 100, &fault), 0);
    /* a clock that is a little behind takes the ledger's time */
    ck_assert_int_eq(made_deposit(&made, "second", BYTES(TEXT), NULL, MADE_NOW + 40, &fault), 0);
    latest(&record, &edition, "second", "en");
    ck_assert_int_eq(edition.deposited_at, MADE_NOW + 100);
    buffer_free(&record);
    /* one that is far behind signs nothing: the ledger would refuse what is so far ahead of it */
    ck_assert_int_eq(made_deposit(&made, "third", BYTES(TEXT), NULL, MADE_NOW - 1000, &fault), DEPOSITARY_E_RULE);
    ck_assert_uint_eq(made_office_size(&made), 6);
}
END_TEST

START_TEST(answer_keys_are_authorised_once_and_revoked_once) {
    struct office_draft *draft = NULL;
    uint8_t known[PUBLIC_KEY_LEN];
    uint8_t unknown[PUBLIC_KEY_LEN];
    made_public_key(known, 1);
    made_public_key(unknown, 2);
    made_sign_key(&made, 1);
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    ck_assert_int_eq(office_draft_key(draft, known, "x", MADE_NOW, MADE_NOW + 1, &fault), DEPOSITARY_E_EXISTS);
    ck_assert_int_eq(office_draft_key(draft, policy_log(office_policy(made.office_open), 0)->public_key, "x", MADE_NOW,
                                      MADE_NOW + 1, &fault),
                     DEPOSITARY_E_KEY_ROLE);
    ck_assert_int_eq(office_draft_key(draft, policy_log(office_policy(made.office_open), 1)->public_key, "x", MADE_NOW,
                                      MADE_NOW + 1, &fault),
                     DEPOSITARY_E_KEY_ROLE);
    ck_assert_int_eq(office_draft_key(draft, unknown, "x", MADE_NOW, MADE_NOW + 401 * 86400, &fault),
                     DEPOSITARY_E_RECORD);
    ck_assert_int_eq(office_draft_revocation(draft, unknown, MADE_NOW, NULL, &fault), DEPOSITARY_E_MISSING);
    ck_assert_uint_eq(office_draft_count(draft), 0);
    ck_assert_int_eq(office_draft_revocation(draft, known, MADE_NOW, "stolen", &fault), 0);
    ck_assert_int_eq(office_draft_revocation(draft, known, MADE_NOW, "again", &fault), DEPOSITARY_E_EXISTS);
    ck_assert_int_eq(office_sign(made.office_open, draft, NULL, MADE_NOW, &fault), 0);
    office_draft_free(draft);
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    ck_assert_int_eq(office_draft_revocation(draft, known, MADE_NOW, NULL, &fault), DEPOSITARY_E_EXISTS);
    ck_assert_int_eq(office_draft_key(draft, known, "x", MADE_NOW, MADE_NOW + 1, &fault), DEPOSITARY_E_EXISTS);
    office_draft_free(draft);
}
END_TEST

START_TEST(an_empty_draft_renews_the_register) {
    struct office_draft *draft = NULL;
    made_sign_key(&made, 1);
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    ck_assert_int_eq(office_sign(made.office_open, draft, NULL, MADE_NOW + 1000, &fault), 0);
    office_draft_free(draft);
    const struct ledger_state *state = ledger_state_take(office_ledger(made.office_open));
    ck_assert_uint_eq(state->size, 3);
    ck_assert_int_eq(state->register_fields.time, MADE_NOW + 1000);
    ledger_state_release(state);
}
END_TEST

START_TEST(a_draft_of_an_earlier_state_is_not_signed) {
    struct office_draft *draft = NULL;
    made_sign_key(&made, 1);
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    made_sign_key(&made, 2);
    ck_assert_int_eq(office_sign(made.office_open, draft, NULL, MADE_NOW, &fault), DEPOSITARY_E_STATE);
    office_draft_free(draft);
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    ck_assert_int_eq(office_sign(made.office_open, draft, NULL, MADE_NOW, &fault), 0);
    ck_assert_int_eq(office_sign(made.office_open, draft, NULL, MADE_NOW, &fault), DEPOSITARY_E_STATE);
    office_draft_free(draft);
}
END_TEST

START_TEST(an_append_that_no_request_could_carry_is_not_signed) {
    struct description about;
    struct outline outline;
    struct office_draft *draft = NULL;
    char instrument[32];
    char *remark = malloc(60001);
    memset(remark, 'r', 60000);
    remark[60000] = '\0';
    made_sign_key(&made, 1);
    made_outline(&outline, BYTES(TEXT));
    ck_assert_int_eq(office_draft_new(&draft, made.office_open), 0);
    for (int i = 0; i < 70; i++) {
        snprintf(instrument, sizeof(instrument), "treaty-%d", i);
        made_description(&about, instrument);
        ck_assert_int_eq(
            office_draft_edition(draft, &about, ACT_DEPOSIT, remark, BYTES(TEXT), &outline, MADE_NOW, &fault), 0);
        description_free(&about);
    }
    ck_assert_int_eq(office_sign(made.office_open, draft, NULL, MADE_NOW, &fault), DEPOSITARY_E_LIMIT);
    ck_assert_uint_eq(made_office_size(&made), 2);
    office_draft_free(draft);
    free(outline.units);
    free(remark);
}
END_TEST

START_TEST(what_was_signed_is_there_after_a_restart) {
    struct buffer before;
    struct buffer after;
    made_sign_key(&made, 1);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES(TEXT), NULL, MADE_NOW, &fault), 0);
    own_note(&before);
    made_office_close(&made);
    made_office_open(&made, NULL);
    own_note(&after);
    ck_assert(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_free(&before);
    buffer_free(&after);
}
END_TEST

START_TEST(the_built_in_instrument_can_be_deposited) {
    struct description about;
    struct buffer record;
    struct edition_record edition;
    made_sign_key(&made, 1);
    ck_assert_int_eq(description_parse(&about, corpus_about(), &fault), 0);
    /* its lines as units; what the importer makes of them is tested elsewhere */
    struct buffer text;
    buffer_init(&text, 64 * 1024);
    buffer_append(&text, corpus_text());
    if (text.data[text.len - 1] != '\n') {
        buffer_append_byte(&text, '\n');
    }
    ck_assert_int_eq(add_edition(&about, ACT_DEPOSIT, NULL, buffer_bytes(&text), MADE_NOW), 0);
    latest(&record, &edition, "az-cn-joint-statement-2025", "en");
    ck_assert_uint_eq(edition.parties_count, 2);
    ck_assert_uint_eq(edition.source_length, text.len);
    buffer_free(&record);
    buffer_free(&text);
    description_free(&about);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("office");
    TCase *bare = tcase_create("no office yet");
    TCase *group = tcase_create("office");
    suite_add_tcase(suite, bare);
    suite_add_tcase(suite, group);
    tcase_add_checked_fixture(bare, set_up_bare, tear_down);
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(bare, 60);
    tcase_set_timeout(group, 60);
    tcase_add_test(group, an_office_restored_from_an_old_copy_is_stopped);
    tcase_add_test(group, an_empty_copy_of_the_office_is_stopped);
    tcase_add_test(group, the_same_size_with_another_root_is_a_fork);
    tcase_add_test(group, a_smaller_checkpoint_that_is_not_ours_at_that_size_is_a_fork);
    tcase_add_test(group, a_fork_under_the_spare_key_is_a_fork_too);
    tcase_add_test(group, notes_that_do_not_verify_teach_nothing);
    tcase_add_test(group, a_server_that_is_behind_or_says_it_is_empty_does_not_change_what_is_signed);
    tcase_add_test(group, nothing_is_signed_while_the_server_cannot_be_asked);
    tcase_add_test(bare, a_wrong_passphrase_signs_nothing);
    tcase_add_test(group, a_key_that_is_not_pinned_signs_nothing);
    tcase_add_test(group, a_missing_open_or_torn_key_file_signs_nothing);
    tcase_add_test(group, the_spare_key_takes_over_where_it_is_put_in_place);
    tcase_add_test(group, an_office_has_two_pinned_keys_and_is_closed_to_others);
    tcase_add_test(bare, a_spare_key_inside_the_office_is_refused_however_it_is_written);
    tcase_add_test(bare, without_a_place_for_the_spare_it_goes_beside_the_office);
    tcase_add_test(bare, a_folder_with_something_in_it_is_left_alone);
    tcase_add_test(bare, an_empty_folder_that_others_may_enter_is_closed_to_them);
    tcase_add_test(bare, a_spare_key_that_is_there_stays);
    tcase_add_test(bare, an_origin_that_cannot_be_a_name_is_refused);
    tcase_add_test(group, only_one_process_has_an_office_open);
    tcase_add_test(group, an_office_that_others_may_enter_or_that_is_none_is_not_opened);
    tcase_add_test(group, a_ledger_does_not_begin_without_an_answer_key);
    tcase_add_test(group, the_clauses_of_a_deposit_are_the_source);
    tcase_add_test(group, a_deposit_that_changes_nothing_is_not_made);
    tcase_add_test(group, a_second_deposit_of_an_instrument_is_refused_and_a_rectification_follows);
    tcase_add_test(group, two_records_of_one_draft_know_each_other);
    tcase_add_test(group, a_translation_names_what_was_translated);
    tcase_add_test(group, units_that_are_not_the_source_are_refused);
    tcase_add_test(group, eids_that_clash_are_refused_before_anything_is_signed);
    tcase_add_test(group, times_never_run_backwards);
    tcase_add_test(group, answer_keys_are_authorised_once_and_revoked_once);
    tcase_add_test(group, an_empty_draft_renews_the_register);
    tcase_add_test(group, a_draft_of_an_earlier_state_is_not_signed);
    tcase_add_test(group, an_append_that_no_request_could_carry_is_not_signed);
    tcase_add_test(group, what_was_signed_is_there_after_a_restart);
    tcase_add_test(group, the_built_in_instrument_can_be_deposited);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
