/* Every rule of PROTOCOL.md section 2 refuses what breaks it, and nothing of a refused append is kept: src/ledger/rules.h, rebuild.h. */
#include "ledger_maker.h"

#include "ledger/eids.h"
#include "ledger/rules.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ledger_maker maker;
static struct maker_append append;

static const struct maker_clause CLAUSES[] = {{"preface", "Agreed.\n\n"}, {"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}};
static const struct maker_edition PLAN = {.instrument = "treaty", .clauses = CLAUSES, .clauses_count = 3};

/* Seeds of answer keys that are not the maker's own. */
static const uint8_t *other_key(uint8_t seed) {
    static struct maker_key key;
    maker_key_make(&key, "x", NOTE_TYPE_ED25519, seed);
    return key.verifier.public_key;
}

static void set_up(void) {
    ledger_maker_begin_with_key(&maker);
    maker_append_begin(&append, &maker);
}

static void tear_down(void) {
    maker_append_end(&append);
    ledger_maker_end(&maker);
}

static void next_append(void) {
    maker_append_end(&append);
    maker_append_begin(&append, &maker);
}

static uint64_t size_now(void) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

/* Submits as it is: refused with this error and these words, and the ledger is as it was, now and when it is opened again. */
static void refuse_as_is(int expected, const char *words) {
    struct fault fault = {0};
    uint64_t before = size_now();
    int error = maker_append_submit(&append, &fault);
    ck_assert_msg(error == expected, "error %d, expected %d: %s", error, expected, fault_text(&fault));
    ck_assert_msg(strstr(fault_text(&fault), words) != NULL, "\"%s\" does not say \"%s\"", fault_text(&fault), words);
    ck_assert_uint_eq(size_now(), before);
    ck_assert_msg(ledger_maker_reopen(&maker, &fault) == 0, "%s", fault_text(&fault));
    ck_assert_uint_eq(size_now(), before);
}

static void refuse(int expected, const char *words) {
    maker_append_register(&append, 0);
    refuse_as_is(expected, words);
}

static void accept(void) {
    struct fault fault = {0};
    maker_append_register(&append, 0);
    ck_assert_msg(maker_append_submit(&append, &fault) == 0, "%s", fault_text(&fault));
    ck_assert_msg(ledger_maker_reopen(&maker, &fault) == 0, "%s", fault_text(&fault));
    next_append();
}

/* Replaces words in the last record, past what a printer would refuse. */
static void change_last(const char *from, const char *to) {
    struct bytes *record = &append.records[append.count - 1];
    char *text = calloc(1, record->len + strlen(to) + 1);
    memcpy(text, record->data, record->len);
    char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "%s is not there", from);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    free((void *)record->data);
    *record = bytes_text(text);
}

static void edition_with(void (*alter)(struct edition_record *)) {
    struct maker_edition plan = PLAN;
    plan.alter = alter;
    maker_append_edition(&append, &plan);
}

/* A second edition, of any act but deposit. */
static void second_edition_with(void (*alter)(struct edition_record *)) {
    struct maker_edition plan = PLAN;
    plan.act = ACT_RECTIFICATION;
    plan.alter = alter;
    maker_append_edition(&append, &plan);
}

/* ---- the chain of editions */

static void number_2(struct edition_record *record) {
    record->edition = 2;
    record->act = ACT_AMENDMENT;
    record->has_previous = true;
    memset(record->previous.bytes, 7, HASH_LEN);
}

static void number_3(struct edition_record *record) {
    record->edition = 3;
}

static void number_again(struct edition_record *record) {
    record->edition = 2;
}

static void previous_other(struct edition_record *record) {
    record->previous.bytes[0] ^= 1;
}

START_TEST(edition_1_is_the_first) {
    edition_with(number_2);
    refuse(DEPOSITARY_E_RULE, "entry 2: the first edition of a text is number 1");
}
END_TEST

START_TEST(first_act_is_deposit) {
    edition_with(NULL);
    change_last("act deposit", "act amendment");
    refuse(DEPOSITARY_E_RECORD, "entry 2: ");
}
END_TEST

START_TEST(number_skipped) {
    edition_with(NULL);
    accept();
    second_edition_with(number_3);
    refuse(DEPOSITARY_E_RULE, "entry 4: an edition's number is its predecessor's plus 1");
}
END_TEST

START_TEST(number_used_again) {
    edition_with(NULL);
    accept();
    second_edition_with(NULL);
    accept();
    second_edition_with(number_again);
    refuse(DEPOSITARY_E_RULE, "entry 6: an edition's number is its predecessor's plus 1");
}
END_TEST

START_TEST(previous_is_another_record) {
    edition_with(NULL);
    accept();
    second_edition_with(previous_other);
    refuse(DEPOSITARY_E_RULE, "entry 4: previous is not the leaf hash of the latest edition");
}
END_TEST

static struct hash kept;

static void previous_kept(struct edition_record *record) {
    record->previous = kept;
}

START_TEST(previous_is_an_edition_of_another_text) {
    struct maker_edition french = PLAN;
    french.language = "fr";
    edition_with(NULL);
    maker_append_edition(&append, &french);
    kept = append.editions[1].leaf_hash;
    accept();
    second_edition_with(previous_kept);
    refuse(DEPOSITARY_E_RULE, "entry 5: previous is not");
}
END_TEST

START_TEST(previous_is_the_edition_before_the_latest) {
    edition_with(NULL);
    kept = append.editions[0].leaf_hash;
    accept();
    second_edition_with(NULL);
    accept();
    second_edition_with(previous_kept);
    refuse(DEPOSITARY_E_RULE, "entry 6: previous is not");
}
END_TEST

START_TEST(fork_within_one_append) {
    edition_with(NULL);
    accept();
    second_edition_with(NULL);
    struct bytes copy = append.records[0];
    maker_append_record(&append, copy);
    change_last("remark none", "remark forked");
    refuse(DEPOSITARY_E_RULE, "entry 5: an edition's number is its predecessor's plus 1");
}
END_TEST

START_TEST(languages_have_chains_of_their_own) {
    struct maker_edition french = PLAN;
    french.language = "fr";
    edition_with(NULL);
    maker_append_edition(&append, &french);
    accept();
    second_edition_with(NULL);
    french.act = ACT_AMENDMENT;
    maker_append_edition(&append, &french);
    accept();
    ck_assert_uint_eq(size_now(), 8);
}
END_TEST

START_TEST(withdrawal_then_another_edition) {
    struct maker_edition withdrawal = {.instrument = "treaty", .act = ACT_WITHDRAWAL};
    edition_with(NULL);
    accept();
    maker_append_edition(&append, &withdrawal);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    /* nothing is missing: it is committed at once */
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    next_append();
    second_edition_with(NULL);
    accept();
}
END_TEST

/* ---- times */

static void edition_at(int64_t time_s) {
    struct maker_edition plan = PLAN;
    plan.deposited_at = time_s;
    maker_append_edition(&append, &plan);
}

START_TEST(deposit_before_an_earlier_one) {
    struct maker_edition other = {.instrument = "other", .clauses = CLAUSES, .clauses_count = 1};
    other.deposited_at = MAKER_NOW;
    maker_append_edition(&append, &other);
    accept();
    edition_at(MAKER_NOW - 1);
    refuse(DEPOSITARY_E_RULE, "entry 4: deposited-at runs backwards");
}
END_TEST

START_TEST(deposit_in_the_future) {
    edition_at(MAKER_NOW + 121);
    maker_append_register(&append, MAKER_NOW + 121);
    refuse_as_is(DEPOSITARY_E_RULE, "entry 2: deposited-at is in the future");
}
END_TEST

START_TEST(deposit_within_the_tolerance) {
    edition_at(MAKER_NOW + 120);
    maker_append_register(&append, MAKER_NOW + 120);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
}
END_TEST

START_TEST(register_time_runs_backwards) {
    maker_append_register(&append, MAKER_NOW - 1);
    refuse_as_is(DEPOSITARY_E_RULE, "entry 2: the register's time runs backwards");
}
END_TEST

START_TEST(register_time_in_the_future) {
    maker_append_register(&append, MAKER_NOW + 121);
    refuse_as_is(DEPOSITARY_E_RULE, "entry 2: the register's time is in the future");
}
END_TEST

START_TEST(register_time_before_a_deposit) {
    edition_at(MAKER_NOW + 60);
    refuse(DEPOSITARY_E_RULE, "entry 3: the register's time is before a deposit or revocation");
}
END_TEST

START_TEST(register_time_before_a_revocation) {
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, MAKER_NOW + 1);
    refuse(DEPOSITARY_E_RULE, "entry 3: the register's time is before a deposit or revocation");
}
END_TEST

/* ---- translations */

static void translation(const struct hash *of) {
    struct maker_edition plan = PLAN;
    plan.language = "az";
    plan.authenticity = AUTHENTICITY_TRANSLATION;
    plan.translation_of = of;
    maker_append_edition(&append, &plan);
}

START_TEST(translation_of_an_edition_in_the_same_append) {
    edition_with(NULL);
    struct hash of = append.editions[0].leaf_hash;
    translation(&of);
    accept();
}
END_TEST

START_TEST(translation_of_nothing_deposited) {
    struct hash of;
    memset(of.bytes, 9, sizeof of.bytes);
    edition_with(NULL);
    translation(&of);
    refuse(DEPOSITARY_E_RULE, "entry 3: translation-of names no earlier edition");
}
END_TEST

START_TEST(translation_of_a_key_record) {
    struct hash of;
    struct buffer record;
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    buffer_init(&record, LIMIT_ENTRY);
    ck_assert_int_eq(ledger_entry(maker.ledger, state, 0, &record, NULL, NULL), 0);
    ledger_state_release(state);
    merkle_leaf_hash(&of, buffer_bytes(&record));
    buffer_free(&record);
    translation(&of);
    refuse(DEPOSITARY_E_RULE, "entry 2: translation-of names no earlier edition");
}
END_TEST

START_TEST(translation_without_the_word) {
    edition_with(NULL);
    struct hash of = append.editions[0].leaf_hash;
    translation(&of);
    change_last("authenticity translation", "authenticity authentic");
    refuse(DEPOSITARY_E_RECORD, "entry 3: ");
}
END_TEST

/* ---- keys */

START_TEST(key_twice) {
    maker_append_key(&append, maker.answer_key.verifier.public_key);
    refuse(DEPOSITARY_E_RULE, "entry 2: the public key has a key record already");
}
END_TEST

START_TEST(key_twice_in_one_append) {
    maker_append_key(&append, other_key(50));
    maker_append_key(&append, other_key(50));
    refuse(DEPOSITARY_E_RULE, "entry 3: the public key has a key record already");
}
END_TEST

START_TEST(key_is_the_ledger_key) {
    maker_append_key(&append, maker.ledger_key.verifier.public_key);
    refuse(DEPOSITARY_E_RULE, "entry 2: the public key is a ledger's or a witness's key");
}
END_TEST

START_TEST(key_is_the_spare_key) {
    maker_append_key(&append, maker.spare_key.verifier.public_key);
    refuse(DEPOSITARY_E_RULE, "entry 2: the public key is a ledger's or a witness's key");
}
END_TEST

START_TEST(key_is_a_witness_key) {
    maker_append_key(&append, maker.witness_key.verifier.public_key);
    refuse(DEPOSITARY_E_RULE, "entry 2: the public key is a ledger's or a witness's key");
}
END_TEST

START_TEST(revocation_of_an_unknown_key) {
    maker_append_revocation(&append, other_key(50), MAKER_NOW);
    refuse(DEPOSITARY_E_RULE, "entry 2: the public key has no key record before its revocation");
}
END_TEST

START_TEST(revocation_before_its_key) {
    maker_append_revocation(&append, other_key(50), MAKER_NOW);
    maker_append_key(&append, other_key(50));
    refuse(DEPOSITARY_E_RULE, "entry 2: the public key has no key record before its revocation");
}
END_TEST

START_TEST(revocation_twice) {
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, MAKER_NOW);
    accept();
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, MAKER_NOW);
    refuse(DEPOSITARY_E_RULE, "entry 4: the public key is revoked already");
}
END_TEST

START_TEST(revocation_is_final) {
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, MAKER_NOW);
    accept();
    maker_append_key(&append, maker.answer_key.verifier.public_key);
    refuse(DEPOSITARY_E_RULE, "entry 4: the public key has a key record already");
}
END_TEST

/* ---- registers */

START_TEST(register_is_missing) {
    maker_append_key(&append, other_key(50));
    refuse_as_is(DEPOSITARY_E_RULE, "entry 2: the last entry of an append is a register");
}
END_TEST

START_TEST(register_in_the_middle) {
    maker_append_register(&append, 0);
    maker_append_key(&append, other_key(50));
    refuse(DEPOSITARY_E_RULE, "entry 2: a register is the last entry of an append");
}
END_TEST

START_TEST(register_with_a_line_left_out) {
    maker_append_register(&append, 0);
    struct bytes before = append.records[0];
    struct maker_append longer;
    maker_append_begin(&longer, &maker);
    maker_append_key(&longer, other_key(50));
    maker_append_record(&longer, before);
    maker_append_end(&append);
    append = longer;
    refuse_as_is(DEPOSITARY_E_RULE, "entry 3: the register has not as many lines");
}
END_TEST

START_TEST(register_with_another_root) {
    maker_append_register(&append, 0);
    struct register_record record;
    struct buffer text;
    ck_assert_int_eq(register_record_parse(&record, append.records[0], NULL), 0);
    record.root.bytes[31] ^= 1;
    buffer_init(&text, LIMIT_ENTRY);
    ck_assert_int_eq(register_record_print(&text, &record, NULL), 0);
    maker_append_end(&append);
    maker_append_begin(&append, &maker);
    maker_append_record(&append, buffer_bytes(&text));
    buffer_free(&text);
    refuse_as_is(DEPOSITARY_E_RULE, "entry 2: the register is not what the entries before it say");
}
END_TEST

/* What opening a ledger does with old registers when there are very many of them. */
START_TEST(register_whose_root_is_not_rebuilt) {
    struct register_record record = {.time = MAKER_NOW, .lines = 1};
    struct register_lines *lines;
    struct rules rules = {0};
    struct buffer text;
    struct hash leaf;
    buffer_init(&text, LIMIT_ENTRY);
    ck_assert_int_eq(register_lines_new(&lines), 0);
    maker_append_key(&append, other_key(50));
    merkle_leaf_hash(&leaf, append.records[0]);
    struct rules_entry entry = {0, append.records[0], &leaf, maker.policy, RULES_ANY_TIME, true};
    ck_assert_int_eq(rules_follow(&rules, lines, &entry, NULL), 0);
    ck_assert_uint_eq(rules_register_lines(&rules), 1);
    for (record.lines = 0; record.lines < 3; record.lines++) {
        buffer_clear(&text);
        ck_assert_int_eq(register_record_print(&text, &record, NULL), 0);
        entry.record = buffer_bytes(&text);
        entry.skip_register_root = true;
        ck_assert_int_eq(rules_follow(&rules, lines, &entry, NULL), record.lines == 1 ? 0 : DEPOSITARY_E_RULE);
        entry.skip_register_root = false;
        ck_assert_int_eq(rules_follow(&rules, lines, &entry, NULL), DEPOSITARY_E_RULE);
    }
    rules_free(&rules);
    register_lines_free(lines);
    buffer_free(&text);
}
END_TEST

START_TEST(register_alone_renews_its_time) {
    maker.now_s += 86400;
    accept();
    ck_assert_uint_eq(size_now(), 3);
}
END_TEST

START_TEST(first_append_without_a_key) {
    tear_down();
    ledger_maker_begin(&maker);
    maker_append_begin(&append, &maker);
    edition_with(NULL);
    refuse(DEPOSITARY_E_RULE, "entry 1: a ledger begins with one append that holds an answer key");
}
END_TEST

START_TEST(first_append_is_a_register_alone) {
    tear_down();
    ledger_maker_begin(&maker);
    maker_append_begin(&append, &maker);
    refuse(DEPOSITARY_E_RULE, "entry 0: a ledger begins with one append that holds an answer key");
}
END_TEST

/* ---- entries that are none */

START_TEST(entry_of_no_known_type) {
    maker_append_record(&append, BYTES("depositary/wish/v1\n\n"));
    refuse(DEPOSITARY_E_RECORD, "entry 2: not an edition, key, revocation or register record");
}
END_TEST

START_TEST(entry_is_empty) {
    maker_append_record(&append, BYTES(""));
    refuse(DEPOSITARY_E_RECORD, "entry 2: not an edition, key, revocation or register record");
}
END_TEST

START_TEST(entry_is_a_clause_record) {
    edition_with(NULL);
    struct bytes clause = append.editions[0].records[0];
    maker_append_record(&append, clause);
    refuse(DEPOSITARY_E_RECORD, "entry 3: not an edition, key, revocation or register record");
}
END_TEST

START_TEST(entry_is_too_long) {
    char *text = malloc(LIMIT_ENTRY + 1u);
    memset(text, 'x', LIMIT_ENTRY + 1u);
    maker_append_record(&append, bytes_of(text, LIMIT_ENTRY + 1u));
    free(text);
    refuse(DEPOSITARY_E_RECORD, "entry 2: longer than 65535 bytes");
}
END_TEST

START_TEST(entry_is_malformed) {
    edition_with(NULL);
    change_last("title A title", "title  A title");
    refuse(DEPOSITARY_E_RECORD, "entry 2: ");
}
END_TEST

/* ---- the clauses of an edition */

static void clauses_are(const struct maker_clause *clauses, size_t count, void (*alter)(struct edition_record *)) {
    const struct maker_edition plan = {
        .instrument = "treaty", .clauses = clauses, .clauses_count = count, .alter = alter};
    maker_append_edition(&append, &plan);
}

START_TEST(eid_twice) {
    static const struct maker_clause clauses[] = {{"cl_1", "a"}, {"cl_2", "b"}, {"cl_1", "c"}};
    clauses_are(clauses, 3, NULL);
    refuse(DEPOSITARY_E_RULE, "entry 2, place 2: the eId cl_1 is there twice");
}
END_TEST

START_TEST(eid_inside_an_earlier_one) {
    static const struct maker_clause clauses[] = {{"att_1", "a"}, {"att_1__art_2", "b"}};
    clauses_are(clauses, 2, NULL);
    refuse(DEPOSITARY_E_RULE, "entry 2, place 1: the eId att_1__art_2 is another's followed by");
}
END_TEST

START_TEST(eid_inside_a_later_one) {
    static const struct maker_clause clauses[] = {{"att_1__art_2__p_1", "a"}, {"x", "b"}, {"att_1__art_2", "c"}};
    clauses_are(clauses, 3, NULL);
    refuse(DEPOSITARY_E_RULE, "entry 2, place 2: another eId is att_1__art_2 followed by");
}
END_TEST

START_TEST(eids_that_only_look_alike) {
    static const struct maker_clause clauses[] = {{"cl_1", "a"},   {"cl_10", "b"},        {"cl_1_1", "c"},
                                                  {"CL_1", "d"},   {"att_1__art_1", "e"}, {"att_1__art_2", "f"},
                                                  {"cl_1-1", "g"}, {"att_2__art_1", "h"}};
    clauses_are(clauses, 8, NULL);
    accept();
}
END_TEST

static void other_instrument(struct edition_record *record) {
    record->instrument = BYTES("another");
}

static void other_language(struct edition_record *record) {
    record->language = BYTES("fr");
}

static void source_shorter(struct edition_record *record) {
    record->source_length--;
}

static void source_longer(struct edition_record *record) {
    record->source_length++;
}

static void source_other(struct edition_record *record) {
    record->source_sha256[0] ^= 1;
}

static void empty_root_other(struct edition_record *record) {
    memset(record->clauses_root.bytes, 1, HASH_LEN);
}

START_TEST(clauses_of_another_instrument) {
    edition_with(other_instrument);
    refuse(DEPOSITARY_E_RULE, "place 0: the clause names another instrument or language");
}
END_TEST

START_TEST(clauses_of_another_language) {
    edition_with(other_language);
    refuse(DEPOSITARY_E_RULE, "place 0: the clause names another instrument or language");
}
END_TEST

START_TEST(more_text_than_source_length) {
    edition_with(source_shorter);
    refuse(DEPOSITARY_E_LIMIT, "the clauses are longer than source-length");
}
END_TEST

START_TEST(less_text_than_source_length) {
    edition_with(source_longer);
    refuse(DEPOSITARY_E_RULE, "entry 2: the clauses do not rebuild source-length");
}
END_TEST

START_TEST(source_of_other_bytes) {
    edition_with(source_other);
    refuse(DEPOSITARY_E_RULE, "entry 2: the clauses do not rebuild source-sha256");
}
END_TEST

START_TEST(no_clauses_under_a_root_of_some) {
    clauses_are(NULL, 0, empty_root_other);
    refuse(DEPOSITARY_E_RULE, "entry 2: the clauses do not rebuild clauses-root");
}
END_TEST

START_TEST(edition_of_empty_clauses) {
    static const struct maker_clause clauses[] = {{"cl_1", ""}, {"cl_2", ""}};
    clauses_are(clauses, 2, NULL);
    accept();
}
END_TEST

START_TEST(refused_clauses_free_the_way_for_the_next_append) {
    static const struct maker_clause clauses[] = {{"cl_1", "a"}, {"cl_1", "b"}};
    clauses_are(clauses, 2, NULL);
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), DEPOSITARY_E_RULE);
    /* the pending append is gone, its clauses with it */
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 1, NULL), DEPOSITARY_E_STATE);
    next_append();
    edition_with(NULL);
    accept();
}
END_TEST

/* ---- the table under it all */

START_TEST(table_keeps_what_it_was_told) {
    struct table table = {0}, copy;
    struct hash key = {{0}};
    for (uint32_t i = 1; i <= 5000; i++) {
        /* keys that begin alike, so that they stand in each other's way */
        memset(key.bytes, 0, sizeof key.bytes);
        memcpy(key.bytes + (i % 2) * 20, &i, sizeof i);
        ck_assert_int_eq(table_set(&table, &key, i), 0);
        ck_assert_int_eq(table_set(&table, &key, i + 1), 0);
    }
    ck_assert_uint_eq(table.count, 5000);
    ck_assert_int_eq(table_copy(&copy, &table), 0);
    table_free(&table);
    ck_assert_uint_eq(table_get(&table, &key), 0);
    for (uint32_t i = 1; i <= 5001; i++) {
        memset(key.bytes, 0, sizeof key.bytes);
        memcpy(key.bytes + (i % 2) * 20, &i, sizeof i);
        ck_assert_uint_eq(table_get(&copy, &key), i <= 5000 ? i + 1 : 0);
    }
    table_free(&copy);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        edition_1_is_the_first,
        first_act_is_deposit,
        number_skipped,
        number_used_again,
        previous_is_another_record,
        previous_is_an_edition_of_another_text,
        previous_is_the_edition_before_the_latest,
        fork_within_one_append,
        languages_have_chains_of_their_own,
        withdrawal_then_another_edition,
        deposit_before_an_earlier_one,
        deposit_in_the_future,
        deposit_within_the_tolerance,
        register_time_runs_backwards,
        register_time_in_the_future,
        register_time_before_a_deposit,
        register_time_before_a_revocation,
        translation_of_an_edition_in_the_same_append,
        translation_of_nothing_deposited,
        translation_of_a_key_record,
        translation_without_the_word,
        key_twice,
        key_twice_in_one_append,
        key_is_the_ledger_key,
        key_is_the_spare_key,
        key_is_a_witness_key,
        revocation_of_an_unknown_key,
        revocation_before_its_key,
        revocation_twice,
        revocation_is_final,
        register_is_missing,
        register_in_the_middle,
        register_with_a_line_left_out,
        register_with_another_root,
        register_whose_root_is_not_rebuilt,
        register_alone_renews_its_time,
        first_append_without_a_key,
        first_append_is_a_register_alone,
        entry_of_no_known_type,
        entry_is_empty,
        entry_is_a_clause_record,
        entry_is_too_long,
        entry_is_malformed,
        eid_twice,
        eid_inside_an_earlier_one,
        eid_inside_a_later_one,
        eids_that_only_look_alike,
        clauses_of_another_instrument,
        clauses_of_another_language,
        more_text_than_source_length,
        less_text_than_source_length,
        source_of_other_bytes,
        no_clauses_under_a_root_of_some,
        edition_of_empty_clauses,
        refused_clauses_free_the_way_for_the_next_append,
        table_keeps_what_it_was_told,
    };
    Suite *suite = suite_create("rules");
    TCase *tcase = tcase_create("rules");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
