/* The catalog's file and what is found by name: for the state that is asked for, and made anew where it is not the
 * ledger's. */
#include "base/time.h"
#include "catalog/catalog.h"
#include "catalog/page_sums.h"

#include "library_maker.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct library library;
static struct catalog *catalog;
static char path[128];
static struct fault fault;

static void open_catalog(const char *name) {
    ck_assert_msg(catalog_open(&catalog, name, library.maker.ledger, &fault) == 0, "%s", fault_text(&fault));
}

static void update_catalog(void) {
    ck_assert_msg(catalog_update(catalog, &fault) == 0, "%s", fault_text(&fault));
}

static void close_catalog(void) {
    catalog_close(catalog);
    catalog = NULL;
}

static void set_up(void) {
    library_begin(&library);
    snprintf(path, sizeof path, "%s/catalog.db", library.maker.dir);
    open_catalog(path);
    update_catalog();
}

static void tear_down(void) {
    close_catalog();
    library_end(&library);
}

static int find(const struct ledger_state *state, const struct catalog_question *question, uint64_t *index) {
    struct catalog_edition edition;
    int error = catalog_edition(catalog, state, question, &edition);
    if (!error) {
        ck_assert_str_eq(edition.instrument, question->instrument);
        ck_assert_str_eq(edition.language, question->language);
        *index = edition.index;
    }
    return error;
}

#define ASSERT_EDITION(state, wanted, ...)                                                                             \
    do {                                                                                                               \
        uint64_t found = UINT64_MAX;                                                                                   \
        ck_assert_int_eq(find(state, &(struct catalog_question){__VA_ARGS__}, &found), 0);                             \
        ck_assert_uint_eq(found, wanted);                                                                              \
    } while (0)
#define ASSERT_NO_EDITION(state, ...)                                                                                  \
    do {                                                                                                               \
        uint64_t found;                                                                                                \
        ck_assert_int_eq(find(state, &(struct catalog_question){__VA_ARGS__}, &found), DEPOSITARY_E_MISSING);          \
    } while (0)

/* ---- editions */

START_TEST(editions_are_found_by_number_and_as_latest) {
    ASSERT_EDITION(library.state, library.pact_2, "pact", "en", 0, false, 0);
    ASSERT_EDITION(library.state, library.pact_1, "pact", "en", 1, false, 0);
    ASSERT_EDITION(library.state, library.pact_2, "pact", "en", 2, false, 0);
    ASSERT_EDITION(library.state, library.accord_zh, "accord", "zh-Hans", 0, false, 0);
    ASSERT_NO_EDITION(library.state, "pact", "en", 3, false, 0);
    ASSERT_NO_EDITION(library.state, "pact", "fr", 0, false, 0);
    ASSERT_NO_EDITION(library.state, "pac", "en", 0, false, 0);
    ASSERT_NO_EDITION(library.state, "", "", 0, false, 0);
}
END_TEST

START_TEST(editions_are_found_as_of_a_time) {
    ASSERT_NO_EDITION(library.state, "pact", "en", 0, true, LIBRARY_FIRST - 1);
    ASSERT_EDITION(library.state, library.pact_1, "pact", "en", 0, true, LIBRARY_FIRST);
    ASSERT_EDITION(library.state, library.pact_1, "pact", "en", 0, true, LIBRARY_SECOND - 1);
    ASSERT_EDITION(library.state, library.pact_2, "pact", "en", 0, true, LIBRARY_SECOND);
    ASSERT_NO_EDITION(library.state, "pact", "en", 0, true, INT64_MIN);
}
END_TEST

START_TEST(an_earlier_state_does_not_see_later_editions) {
    uint64_t successor = 0;
    ASSERT_EDITION(library.before, library.pact_1, "pact", "en", 0, false, 0);
    ASSERT_NO_EDITION(library.before, "pact", "en", 2, false, 0);
    ASSERT_NO_EDITION(library.before, "accord", "en", 0, false, 0);
    ck_assert_int_eq(catalog_successor(catalog, library.before, library.pact_1, &successor), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(catalog_successor(catalog, library.state, library.pact_1, &successor), 0);
    ck_assert_uint_eq(successor, library.pact_2);
    ck_assert_int_eq(catalog_successor(catalog, library.state, library.pact_2, &successor), DEPOSITARY_E_MISSING);
}
END_TEST

START_TEST(languages_are_the_latest_editions_of_each_text) {
    struct catalog_edition texts[4];
    size_t count = 0;
    ck_assert_int_eq(catalog_languages(catalog, library.state, "accord", texts, 4, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(texts[0].language, "en");
    ck_assert_uint_eq(texts[0].authenticity, AUTHENTICITY_TRANSLATION);
    ck_assert_str_eq(texts[1].language, "zh-Hans");
    ck_assert_uint_eq(texts[1].authenticity, AUTHENTICITY_AUTHENTIC);
    ck_assert_int_eq(catalog_languages(catalog, library.state, "accord", texts, 1, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(catalog_languages(catalog, library.state, "gone", texts, 4, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(texts[0].act, ACT_WITHDRAWAL);
    ck_assert_uint_eq(texts[0].edition, 2);
    ck_assert_int_eq(catalog_languages(catalog, library.before, "accord", texts, 4, &count), 0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

/* ---- clauses */

static void assert_place(uint64_t edition, const char *eid, uint64_t wanted) {
    uint64_t place = UINT64_MAX;
    ck_assert_msg(catalog_place(catalog, edition, eid, &place) == 0, "%s", eid);
    ck_assert_uint_eq(place, wanted);
}

START_TEST(places_are_found_by_eid_and_by_provision) {
    uint64_t place;
    assert_place(library.pact_2, "preface", 0);
    assert_place(library.pact_2, "cl_1", 2);
    assert_place(library.pact_2, "cl_10", 5);
    assert_place(library.pact_2, "cl_2__p_1", 3);
    assert_place(library.pact_2, "cl_2__list_1__point_a", 3);
    assert_place(library.accord_zh, "art_2", 1);
    const char *const unknown[] = {"cl_100", "cl_", "cl_1_p", "__cl_1", "_", "__", "", "CL_1", "cl_4__p_1", "art_1"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        ck_assert_msg(catalog_place(catalog, library.pact_2, unknown[i], &place) == DEPOSITARY_E_MISSING, "%s",
                      unknown[i]);
    ck_assert_int_eq(catalog_place(catalog, library.pact_2 + 1000, "cl_1", &place), DEPOSITARY_E_MISSING);
}
END_TEST

struct outline_check {
    struct library_edition edition;
    struct merkle_edge edge;
    uint64_t place;
    uint64_t stop_at;
};

static int check_row(void *context, const struct catalog_clause *clause) {
    struct outline_check *check = context;
    if (clause->place == check->stop_at)
        return 77;
    ck_assert_uint_eq(clause->place, check->place);
    ck_assert_str_eq(clause->eid, check->edition.clauses[clause->place].eid);
    ck_assert_uint_eq(clause->length, strlen(check->edition.clauses[clause->place].text));
    ck_assert_int_eq(clause->kind, clause_kind_of(bytes_text(clause->eid)));
    ck_assert_int_eq(merkle_edge_append(&check->edge, &clause->leaf_hash, NULL, NULL), 0);
    check->place++;
    return 0;
}

START_TEST(an_outline_rebuilds_the_clauses_root) {
    struct outline_check check = {.edition = library_clauses(&library, library.pact_2), .stop_at = UINT64_MAX};
    struct edition_record record;
    struct buffer entry;
    struct hash root;
    merkle_edge_init(&check.edge);
    ck_assert_int_eq(catalog_outline(catalog, library.pact_2, 0, check_row, &check), 0);
    ck_assert_uint_eq(check.place, check.edition.count);
    buffer_init(&entry, LIMIT_ENTRY);
    ck_assert_int_eq(ledger_entry(library.maker.ledger, library.state, library.pact_2, &entry, NULL, &fault), 0);
    ck_assert_int_eq(edition_record_parse(&record, buffer_bytes(&entry), &fault), 0);
    merkle_edge_root(&root, &check.edge);
    ck_assert(hash_equal(&root, &record.clauses_root));
    buffer_free(&entry);
}
END_TEST

START_TEST(an_outline_starts_and_stops_where_it_is_told) {
    struct outline_check check = {.edition = library_clauses(&library, library.pact_2), .place = 3, .stop_at = 5};
    merkle_edge_init(&check.edge);
    ck_assert_int_eq(catalog_outline(catalog, library.pact_2, 3, check_row, &check), 77);
    ck_assert_uint_eq(check.place, 5);
    ck_assert_int_eq(catalog_outline(catalog, library.gone_2, 0, check_row, &check), 0);
    ck_assert_uint_eq(check.place, 5);
}
END_TEST

/* ---- the file */

static int64_t ask_file(const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, PAGE_SUMS_VFS), SQLITE_OK);
    int64_t result = -1;
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    int rc = sqlite3_step(statement);
    ck_assert(rc == SQLITE_ROW || rc == SQLITE_DONE);
    if (rc == SQLITE_ROW)
        result = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return result;
}

START_TEST(a_record_of_two_editions_is_kept_once) {
    ck_assert_int_eq(ask_file("SELECT count(*) FROM clause"), 7 + 7 + 2 + 2 + 1 + 1 + 1);
    ck_assert_int_eq(ask_file("SELECT count(*) FROM text"), 8 + 2 + 2 + 1 + 1 + 1);
}
END_TEST

START_TEST(the_file_is_ours_alone) {
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
}
END_TEST

START_TEST(a_good_file_is_kept) {
    close_catalog();
    open_catalog(path);
    ck_assert_uint_eq(catalog_size(catalog), library.state->size);
}
END_TEST

/* It is empty at first, and full again after an update. */
static void assert_made_anew(void) {
    open_catalog(path);
    ck_assert_uint_eq(catalog_size(catalog), 0);
    ASSERT_NO_EDITION(library.state, "pact", "en", 0, false, 0);
    update_catalog();
    ASSERT_EDITION(library.state, library.pact_2, "pact", "en", 0, false, 0);
    ck_assert_int_eq(ask_file("SELECT count(*) FROM text"), 15);
}

START_TEST(a_file_of_another_version_is_made_anew) {
    close_catalog();
    ask_file("PRAGMA user_version = 999");
    assert_made_anew();
}
END_TEST

START_TEST(a_file_of_another_program_is_made_anew) {
    close_catalog();
    ask_file("PRAGMA application_id = 7");
    assert_made_anew();
}
END_TEST

static void do_to_file(const char *statements) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, PAGE_SUMS_VFS), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* SQLite's own check does not read the words of a schema. */
START_TEST(a_file_whose_schema_has_a_letter_changed_is_made_anew) {
    close_catalog();
    do_to_file("PRAGMA writable_schema = ON;"
               "UPDATE sqlite_schema SET sql = replace(sql, 'deposited_at', 'deposited_bt') WHERE name = 'edition'");
    assert_made_anew();
    close_catalog();
    do_to_file("PRAGMA writable_schema = ON;"
               "UPDATE sqlite_schema SET sql = replace(sql, 'tokenize', 'tokenyze') WHERE name = 'words'");
    assert_made_anew();
}
END_TEST

START_TEST(a_file_with_impossible_places_is_made_anew) {
    close_catalog();
    do_to_file("UPDATE clause SET edition = edition + 1000");
    assert_made_anew();
    close_catalog();
    do_to_file("UPDATE text SET id = id + 3000000000; UPDATE clause SET text = text + 3000000000");
    assert_made_anew();
}
END_TEST

START_TEST(a_file_of_another_ledger_is_made_anew) {
    close_catalog();
    ask_file("UPDATE progress SET root = zeroblob(32)");
    assert_made_anew();
}
END_TEST

START_TEST(a_file_that_is_ahead_of_the_ledger_is_made_anew) {
    close_catalog();
    ask_file("UPDATE progress SET size = size + 1");
    assert_made_anew();
}
END_TEST

START_TEST(a_file_without_progress_is_made_anew) {
    close_catalog();
    ask_file("DELETE FROM progress");
    assert_made_anew();
}
END_TEST

START_TEST(a_condemned_file_is_made_anew) {
    catalog_condemn(catalog);
    ASSERT_EDITION(library.state, library.pact_2, "pact", "en", 0, false, 0);
    close_catalog();
    assert_made_anew();
}
END_TEST

static void overwrite(off_t at, const void *data, size_t len) {
    int fd = open(path, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, data, len, at), (ssize_t)len);
    close(fd);
}

START_TEST(a_file_of_garbage_is_made_anew) {
    uint8_t garbage[4096];
    close_catalog();
    memset(garbage, 0x5A, sizeof garbage);
    overwrite(0, garbage, sizeof garbage);
    assert_made_anew();
}
END_TEST

/* Of the version before sums, as SQLite alone makes it. */
START_TEST(a_file_without_sums_is_made_anew) {
    sqlite3 *db = NULL;
    close_catalog();
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 2; CREATE TABLE progress (id)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_made_anew();
}
END_TEST

START_TEST(a_file_with_damaged_pages_is_made_anew) {
    uint8_t garbage[4096];
    struct stat status;
    close_catalog();
    memset(garbage, 0xA5, sizeof garbage);
    ck_assert_int_eq(stat(path, &status), 0);
    for (off_t at = 4096; at + 4096 <= status.st_size; at += 2 * 4096)
        overwrite(at, garbage, sizeof garbage);
    assert_made_anew();
}
END_TEST

/* With texts that stand nowhere; a page of the small ones is the file's last. */
static void make_large(void) {
    do_to_file("INSERT INTO text (leaf_hash, kind, length, number, heading)"
               " VALUES (randomblob(32), 3, 1, '', printf('%.*c', 34000000, 'x'));"
               "WITH RECURSIVE few (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM few WHERE n < 500)"
               " INSERT INTO text (leaf_hash, kind, length, number, heading)"
               " SELECT randomblob(32), 3, 1, '', 'a text of its own' FROM few");
}

/* It is opened without SQLite's check, which comes later and condemns it. */
START_TEST(damage_in_a_large_file_is_found_by_the_inspection) {
    uint8_t garbage[4096];
    struct stat status;
    close_catalog();
    make_large();
    open_catalog(path);
    ck_assert_uint_eq(catalog_size(catalog), library.state->size);
    ck_assert_int_eq(catalog_inspect(catalog, &fault), 0);
    close_catalog();
    memset(garbage, 0xA5, sizeof garbage);
    ck_assert_int_eq(stat(path, &status), 0);
    overwrite(status.st_size - 4096, garbage, sizeof garbage);
    open_catalog(path);
    ck_assert_uint_eq(catalog_size(catalog), library.state->size);
    ck_assert_int_eq(catalog_inspect(catalog, &fault), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(catalog_inspect(catalog, &fault), 0); /* once */
    close_catalog();
    assert_made_anew();
}
END_TEST

START_TEST(an_interrupted_inspection_finds_nothing) {
    uint8_t garbage[4096];
    struct stat status;
    close_catalog();
    make_large();
    memset(garbage, 0xA5, sizeof garbage);
    ck_assert_int_eq(stat(path, &status), 0);
    overwrite(status.st_size - 4096, garbage, sizeof garbage);
    open_catalog(path);
    catalog_interrupt(catalog);
    ck_assert_int_eq(catalog_inspect(catalog, NULL), 0);
}
END_TEST

START_TEST(a_truncated_file_is_made_anew) {
    close_catalog();
    ck_assert_int_eq(truncate(path, 10000), 0);
    assert_made_anew();
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error) {
    struct catalog *other = NULL;
    ck_assert_int_eq(catalog_open(&other, "/nonexistent/catalog.db", library.maker.ledger, &fault), DEPOSITARY_E_IO);
    ck_assert_ptr_null(other);
}
END_TEST

START_TEST(one_in_memory_does_the_same) {
    close_catalog();
    open_catalog("");
    update_catalog();
    ASSERT_EDITION(library.state, library.pact_2, "pact", "en", 0, false, 0);
    assert_place(library.pact_2, "cl_10", 5);
}
END_TEST

START_TEST(an_update_reads_what_is_new_only) {
    const struct maker_clause clause = {"cl_1", "1. A later text.\n"};
    uint64_t before = catalog_size(catalog);
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "later", .clauses = &clause, .clauses_count = 1});
    ck_assert_uint_eq(catalog_size(catalog), before);
    update_catalog();
    ck_assert_uint_eq(catalog_size(catalog), before + 2);
    ck_assert_int_eq(ask_file("SELECT count(*) FROM text"), 16);
}
END_TEST

/* ---- many clauses, many threads */

#define MANY 5000u

static uint64_t deposit_many(void) {
    struct maker_clause *clauses = NULL;
    maker_clauses_make(&clauses, MANY, 120, 1);
    uint64_t index = ledger_maker_deposit(
        &library.maker, &(struct maker_edition){.instrument = "many", .clauses = clauses, .clauses_count = MANY});
    maker_clauses_free(clauses, MANY);
    return index;
}

/* Between two batches the edition is not seen; reads give the old answer or the new one. */
static void *read_meanwhile(void *context) {
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    const struct catalog_question question = {"many", "en", 0, false, 0};
    unsigned *seen = context;
    while (catalog_size(catalog) < state->size) {
        struct catalog_edition edition;
        uint64_t place = 0;
        int error = catalog_edition(catalog, state, &question, &edition);
        if (error && error != DEPOSITARY_E_MISSING)
            *seen = 1000000;
        if (!error && (catalog_place(catalog, edition.index, "cl_5000", &place) || place != MANY - 1))
            *seen = 2000000;
        ++*seen;
    }
    ledger_state_release(state);
    return NULL;
}

START_TEST(reads_go_on_while_an_edition_of_many_batches_is_read) {
    pthread_t threads[2];
    unsigned seen[2] = {0, 0};
    uint64_t index = deposit_many();
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_meanwhile, &seen[i]), 0);
    update_catalog();
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_lt(seen[i], 1000000);
    }
    assert_place(index, "cl_1", 0);
    assert_place(index, "cl_5000", MANY - 1);
}
END_TEST

/* SQLite's own rule: what of a row is longer than a page's usable bytes less 35 goes on in a page of its own. */
START_TEST(a_piece_of_the_index_of_words_has_room_in_one_page) {
    const int64_t room = PAGE_SUMS_PAGE - PAGE_SUMS_LEN - 35;
    const int64_t head = 4; /* of the row, beside the piece */
    deposit_many();
    update_catalog();
    int64_t longest = ask_file("SELECT max(length(block)) FROM words_data");
    ck_assert_int_gt(longest, room / 2);
    ck_assert_int_le(longest, room - head);
}
END_TEST

/* Stops the update after some rows, as a crash between two batches would. */
START_TEST(an_update_that_was_cut_short_goes_on) {
    uint64_t index = deposit_many();
    update_catalog();
    close_catalog();
    ask_file("DELETE FROM clause WHERE edition = (SELECT max(idx) FROM edition) AND place >= 2000");
    char sql[200];
    snprintf(sql, sizeof sql, "UPDATE progress SET size = %llu, place = 2000, root = (SELECT root FROM progress)",
             (unsigned long long)index);
    struct hash root;
    ck_assert_int_eq(ledger_root_at(library.maker.ledger, index, &root), 0);
    ask_file(sql);
    snprintf(sql, sizeof sql, "UPDATE progress SET root = x'");
    for (size_t i = 0; i < HASH_LEN; i++)
        snprintf(sql + strlen(sql), sizeof sql - strlen(sql), "%02x", root.bytes[i]);
    strcat(sql, "'");
    ask_file(sql);
    open_catalog(path);
    ck_assert_uint_eq(catalog_size(catalog), index);
    update_catalog();
    assert_place(index, "cl_5000", MANY - 1);
    ck_assert_int_eq(ask_file("SELECT count(*) FROM clause"), 21 + MANY);
}
END_TEST

/* ---- rot while it is used */

static unsigned told;

static void count_told(void *context) {
    __atomic_add_fetch((unsigned *)context, 1, __ATOMIC_RELAXED);
}

/* A byte of each page but the first; what is in memory of the file stays. */
static void rot_file(void) {
    struct stat status;
    const uint8_t byte = 0x5A;
    ck_assert_int_eq(stat(path, &status), 0);
    for (off_t at = 4096; at + 4096 <= status.st_size; at += 4096)
        overwrite(at + 2000, &byte, 1);
}

static void set_up_rotten(void) {
    set_up();
    close_catalog(); /* which merges the log */
    open_catalog(path);
    told = 0;
    catalog_on_rot(catalog, count_told, &told);
    rot_file();
}

static int find_pact(void) {
    uint64_t found = UINT64_MAX;
    int error = find(library.state, &(struct catalog_question){"pact", "en", 0, false, 0}, &found);
    ck_assert(error || found == library.pact_2);
    return error;
}

START_TEST(rot_is_told_and_mended_while_it_is_used) {
    ck_assert_int_eq(find_pact(), DEPOSITARY_E_IO);
    ck_assert_int_eq(find_pact(), DEPOSITARY_E_IO);
    ck_assert_uint_ge(told, 2);
    ck_assert_msg(catalog_renew(catalog, &fault) == 0, "%s", fault_text(&fault));
    ck_assert_int_eq(find_pact(), 0);
    assert_place(library.pact_2, "cl_10", 5);
    ck_assert_int_eq(ask_file("SELECT count(*) FROM text"), 15);
    close_catalog();
    open_catalog(path); /* and is kept */
    ck_assert_uint_eq(catalog_size(catalog), library.state->size);
    ck_assert_int_eq(find_pact(), 0);
}
END_TEST

START_TEST(nobody_is_told_who_is_gone) {
    catalog_on_rot(catalog, NULL, NULL);
    ck_assert_int_eq(find_pact(), DEPOSITARY_E_IO);
    ck_assert_uint_eq(told, 0);
}
END_TEST

START_TEST(a_rotten_file_is_made_anew_by_the_next_start_too) {
    ck_assert_int_eq(find_pact(), DEPOSITARY_E_IO);
    close_catalog();
    assert_made_anew();
}
END_TEST

static const char *beside(const char *suffix) {
    static char name[160];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return name;
}

START_TEST(a_renewal_that_is_interrupted_leaves_nothing) {
    catalog_interrupt(catalog);
    ck_assert_int_eq(catalog_renew(catalog, &fault), DEPOSITARY_E_CANCELLED);
    ck_assert_int_ne(access(beside(".new"), F_OK), 0);
    ck_assert_int_eq(find_pact(), DEPOSITARY_E_IO);
}
END_TEST

START_TEST(a_renewal_without_a_place_for_its_file_is_an_error) {
    ck_assert_int_eq(mkdir(beside(".new"), 0700), 0);
    ck_assert_int_eq(catalog_renew(catalog, &fault), DEPOSITARY_E_IO);
    ck_assert_int_eq(rmdir(beside(".new")), 0);
    ck_assert_int_eq(catalog_renew(catalog, &fault), 0);
    ck_assert_int_eq(find_pact(), 0);
}
END_TEST

/* Nothing is found, and nothing is said not to be there. */
START_TEST(a_file_that_cannot_take_its_place_is_an_error_until_one_can) {
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(catalog_renew(catalog, &fault), DEPOSITARY_E_IO);
    ck_assert_int_eq(find_pact(), DEPOSITARY_E_IO);
    ck_assert_int_eq(catalog_update(catalog, &fault), DEPOSITARY_E_IO);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(catalog_renew(catalog, &fault), 0);
    ck_assert_int_eq(find_pact(), 0);
}
END_TEST

struct reading {
    bool is_done;                    /* atomic */
    unsigned truths, failures, lies; /* the first is atomic */
};

static void *read_on(void *context) {
    struct reading *reading = context;
    const struct catalog_question question = {"pact", "en", 0, false, 0};
    const struct catalog_scope scope = {.instrument = "pact", .language = "en"};
    while (!__atomic_load_n(&reading->is_done, __ATOMIC_ACQUIRE)) {
        struct catalog_edition edition;
        struct catalog_hits hits = {.hits = NULL};
        uint64_t place = 0;
        int error = catalog_edition(catalog, library.state, &question, &edition);
        error = error ? error : catalog_place(catalog, library.pact_2, "cl_10", &place);
        error =
            error ? error : catalog_search(catalog, library.state, BYTES("consultations"), &scope, 0, 10, &hits, NULL);
        reading->failures += error == DEPOSITARY_E_IO;
        reading->lies +=
            error ? error != DEPOSITARY_E_IO : edition.index != library.pact_2 || place != 5 || hits.total != 1;
        __atomic_add_fetch(&reading->truths, error == 0, __ATOMIC_RELEASE);
        catalog_hits_free(&hits);
    }
    return NULL;
}

START_TEST(calls_go_on_while_another_file_takes_its_place) {
    pthread_t threads[3];
    struct reading readings[3] = {0};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, &readings[i]), 0);
    for (int i = 0; i < 10; i++) {
        ck_assert_msg(catalog_renew(catalog, &fault) == 0, "%s", fault_text(&fault));
        if (i % 2 == 0)
            rot_file();
    }
    for (size_t i = 0; i < 3; i++) {
        while (__atomic_load_n(&readings[i].truths, __ATOMIC_ACQUIRE) == 0) /* a busy machine may let it in late */
            usleep(1000);
        __atomic_store_n(&readings[i].is_done, true, __ATOMIC_RELEASE);
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(readings[i].lies, 0);
    }
    ck_assert_int_eq(find_pact(), 0);
}
END_TEST

/* FTS5 has words of its own for some of what goes wrong in it. */
START_TEST(a_search_that_is_out_of_time_is_not_taken_for_rot) {
    struct catalog_scope scope = {.instrument = "", .language = ""};
    unsigned late = 0;
    told = 0;
    deposit_many();
    update_catalog();
    catalog_on_rot(catalog, count_told, &told);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    for (unsigned i = 0; i < 400; i++) {
        struct catalog_hits hits = {.hits = NULL};
        scope.deadline_ns = clock_monotonic_ns() + i * 50000;
        int error = catalog_search(catalog, state, BYTES("a* OR e* OR o* OR t*"), &scope, 0, 100, &hits, &fault);
        ck_assert_msg(error == 0 || error == DEPOSITARY_E_TIMEOUT || error == DEPOSITARY_E_LIMIT, "%s",
                      fault_text(&fault));
        late += error == DEPOSITARY_E_TIMEOUT;
        catalog_hits_free(&hits);
    }
    ck_assert_uint_gt(late, 0);
    ck_assert_uint_eq(told, 0);
    ledger_state_release(state);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("catalog");
    TCase *names = tcase_create("names");
    tcase_add_checked_fixture(names, set_up, tear_down);
    tcase_add_test(names, editions_are_found_by_number_and_as_latest);
    tcase_add_test(names, editions_are_found_as_of_a_time);
    tcase_add_test(names, an_earlier_state_does_not_see_later_editions);
    tcase_add_test(names, languages_are_the_latest_editions_of_each_text);
    tcase_add_test(names, places_are_found_by_eid_and_by_provision);
    tcase_add_test(names, an_outline_rebuilds_the_clauses_root);
    tcase_add_test(names, an_outline_starts_and_stops_where_it_is_told);
    suite_add_tcase(suite, names);
    TCase *file = tcase_create("file");
    tcase_add_checked_fixture(file, set_up, tear_down);
    tcase_set_timeout(file, 60); /* a large file on a busy machine */
    tcase_add_test(file, a_record_of_two_editions_is_kept_once);
    tcase_add_test(file, the_file_is_ours_alone);
    tcase_add_test(file, a_good_file_is_kept);
    tcase_add_test(file, a_file_of_another_version_is_made_anew);
    tcase_add_test(file, a_file_of_another_program_is_made_anew);
    tcase_add_test(file, a_file_whose_schema_has_a_letter_changed_is_made_anew);
    tcase_add_test(file, a_file_with_impossible_places_is_made_anew);
    tcase_add_test(file, a_file_of_another_ledger_is_made_anew);
    tcase_add_test(file, a_file_that_is_ahead_of_the_ledger_is_made_anew);
    tcase_add_test(file, a_file_without_progress_is_made_anew);
    tcase_add_test(file, a_condemned_file_is_made_anew);
    tcase_add_test(file, a_file_of_garbage_is_made_anew);
    tcase_add_test(file, a_file_without_sums_is_made_anew);
    tcase_add_test(file, a_file_with_damaged_pages_is_made_anew);
    tcase_add_test(file, damage_in_a_large_file_is_found_by_the_inspection);
    tcase_add_test(file, an_interrupted_inspection_finds_nothing);
    tcase_add_test(file, a_truncated_file_is_made_anew);
    tcase_add_test(file, a_folder_that_is_not_there_is_an_error);
    tcase_add_test(file, one_in_memory_does_the_same);
    tcase_add_test(file, an_update_reads_what_is_new_only);
    suite_add_tcase(suite, file);
    TCase *rot = tcase_create("rot");
    tcase_add_checked_fixture(rot, set_up_rotten, tear_down);
    tcase_set_timeout(rot, 60);
    tcase_add_test(rot, rot_is_told_and_mended_while_it_is_used);
    tcase_add_test(rot, nobody_is_told_who_is_gone);
    tcase_add_test(rot, a_rotten_file_is_made_anew_by_the_next_start_too);
    tcase_add_test(rot, a_renewal_that_is_interrupted_leaves_nothing);
    tcase_add_test(rot, a_renewal_without_a_place_for_its_file_is_an_error);
    tcase_add_test(rot, a_file_that_cannot_take_its_place_is_an_error_until_one_can);
    tcase_add_test(rot, calls_go_on_while_another_file_takes_its_place);
    suite_add_tcase(suite, rot);
    TCase *many = tcase_create("many");
    tcase_add_checked_fixture(many, set_up, tear_down);
    tcase_set_timeout(many, 60);
    tcase_add_test(many, reads_go_on_while_an_edition_of_many_batches_is_read);
    tcase_add_test(many, a_piece_of_the_index_of_words_has_room_in_one_page);
    tcase_add_test(many, a_search_that_is_out_of_time_is_not_taken_for_rot);
    tcase_add_test(many, an_update_that_was_cut_short_goes_on);
    suite_add_tcase(suite, many);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
