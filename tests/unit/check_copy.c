/*
 * Certified copies: the file's one spelling, the check's steps one by one, each with its own error, and the refusal of every changed
 * byte. The ledger here has two instruments with three clauses each, so that there is always something else to pass off.
 */
#include "proof_keys.h"

#include "count_signatures.h"

#include "proof/copy.h"
#include "proof/memo.h"

#define ORIGIN  "example.org/treaties"
#define CLAUSES 3
#define ENTRIES 5 /* editions 1 and 3, of what stands between nothing is known here */

/* An edition with its clauses' records and their tree. */
struct edition {
    struct buffer records[CLAUSES];
    struct merkle_tree tree;
    struct buffer record;
};

struct fixture {
    struct test_key log;
    struct policy *policy;
    struct copy_memory *memory;
    struct edition editions[2]; /* entries 1 and 3 */
    struct merkle_tree ledger;
    struct buffer note;
};

static void make_edition(struct edition *out, const char *instrument, const char *language) {
    struct edition_record record = {.instrument = bytes_text(instrument),
                                    .language = bytes_text(language),
                                    .edition = 1,
                                    .act = ACT_DEPOSIT,
                                    .title = BYTES("A treaty"),
                                    .parties = BYTES("party Here\nparty There\n"),
                                    .parties_count = 2,
                                    .authenticity = AUTHENTICITY_AUTHENTIC,
                                    .clauses = CLAUSES,
                                    .deposited_at = 1745366400};
    crypto_hash_sha256_state source;

    crypto_hash_sha256_init(&source);
    ck_assert_int_eq(merkle_tree_init(&out->tree, CLAUSES), 0);
    for (unsigned i = 0; i < CLAUSES; i++) {
        char eid[16], text[64];
        struct hash leaf;
        snprintf(eid, sizeof(eid), "cl_%u", i + 1);
        snprintf(text, sizeof(text), "%u. The Parties of %s agree.\n", i + 1, instrument);
        const struct clause_record clause = {record.instrument, record.language, bytes_text(eid), bytes_text(text)};
        buffer_init(&out->records[i], LIMIT_CLAUSE_RECORD);
        ck_assert_int_eq(clause_record_print(&out->records[i], &clause, NULL), 0);
        merkle_leaf_hash(&leaf, buffer_bytes(&out->records[i]));
        merkle_tree_append(&out->tree, &leaf);
        crypto_hash_sha256_update(&source, clause.text.data, clause.text.len);
        record.source_length += clause.text.len;
    }
    crypto_hash_sha256_final(&source, record.source_sha256);
    merkle_tree_root(&record.clauses_root, &out->tree);
    buffer_init(&out->record, LIMIT_ENTRY);
    ck_assert_int_eq(edition_record_print(&out->record, &record, NULL), 0);
}

static void sign_ledger(struct fixture *fixture) {
    struct checkpoint checkpoint = {.origin = BYTES(ORIGIN), .size = fixture->ledger.size};

    merkle_tree_root(&checkpoint.root, &fixture->ledger);
    buffer_clear(&fixture->note);
    ck_assert_int_eq(checkpoint_sign(&fixture->note, &checkpoint, &fixture->log.verifier, fixture->log.secret), 0);
}

static void add_entry(struct fixture *fixture, struct bytes entry) {
    struct hash leaf;
    merkle_leaf_hash(&leaf, entry);
    merkle_tree_append(&fixture->ledger, &leaf);
}

static struct fixture *make_fixture(const char *second_instrument, const char *second_language) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct buffer policy;

    ck_assert_ptr_nonnull(fixture);
    fixture->log = test_key(ORIGIN, NOTE_TYPE_ED25519, 9);
    buffer_init(&policy, 1024);
    buffer_append_text(&policy, "log ");
    verifier_key_print(&policy, &fixture->log.verifier);
    buffer_append_text(&policy, "\nquorum none\n");
    ck_assert_int_eq(policy_parse(&fixture->policy, buffer_bytes(&policy), NULL), 0);
    ck_assert_int_eq(copy_memory_new(&fixture->memory, fixture->policy), 0);
    buffer_free(&policy);
    make_edition(&fixture->editions[0], "first-treaty", "en");
    make_edition(&fixture->editions[1], second_instrument, second_language);
    ck_assert_int_eq(merkle_tree_init(&fixture->ledger, ENTRIES), 0);
    for (unsigned i = 0; i < ENTRIES; i++)
        add_entry(fixture, i == 1   ? buffer_bytes(&fixture->editions[0].record)
                           : i == 3 ? buffer_bytes(&fixture->editions[1].record)
                                    : BYTES("something else"));
    buffer_init(&fixture->note, LIMIT_NOTE);
    sign_ledger(fixture);
    return fixture;
}

static void free_fixture(struct fixture *fixture) {
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < CLAUSES; j++)
            buffer_free(&fixture->editions[i].records[j]);
        merkle_tree_free(&fixture->editions[i].tree);
        buffer_free(&fixture->editions[i].record);
    }
    merkle_tree_free(&fixture->ledger);
    buffer_free(&fixture->note);
    copy_memory_free(fixture->memory);
    policy_free(fixture->policy);
    free(fixture);
}

static struct copy_proof proof_of(const struct fixture *fixture, unsigned edition, uint64_t place) {
    struct copy_proof proof = {.place = place,
                               .edition_record = buffer_bytes(&fixture->editions[edition].record),
                               .index = 1 + 2 * edition,
                               .checkpoint = buffer_bytes(&fixture->note)};
    merkle_tree_path(&proof.clause_path, &fixture->editions[edition].tree, place);
    merkle_tree_path(&proof.ledger_path, &fixture->ledger, proof.index);
    return proof;
}

/* Whatever is verified is verified by the fixture's memory, too, which by then has seen most of it: the same must come of it. */
static int verify_bytes(const struct fixture *fixture, struct bytes record, struct bytes proof) {
    struct copy_verified verified = {.place = 77}, again = {.place = 77};
    struct fault fault = {.error = 0}, fault_again = {.error = 0};
    const int error = copy_verify(&verified, fixture->policy, record, proof, &fault);
    ck_assert_int_eq(fault.error, error);
    if (error)
        ck_assert_uint_eq(verified.place, 77);
    ck_assert_int_eq(copy_verify_next(&again, fixture->memory, record, proof, &fault_again), error);
    ck_assert_str_eq(fault_again.text, fault.text);
    ck_assert_uint_eq(again.place, verified.place);
    return error;
}

static int verify(const struct fixture *fixture, struct bytes record, const struct copy_proof *proof) {
    struct buffer file;
    buffer_init(&file, 1 << 20);
    ck_assert_int_eq(copy_proof_print(&file, proof), 0);
    const int error = verify_bytes(fixture, record, buffer_bytes(&file));
    buffer_free(&file);
    return error;
}

static struct bytes record_of(const struct fixture *fixture, unsigned edition, uint64_t place) {
    return buffer_bytes(&fixture->editions[edition].records[place]);
}

/* ---- the file */

START_TEST(a_proof_file_is_read_and_written_alike) {
    struct fixture *fixture = make_fixture("second-treaty", "fr");

    for (unsigned edition = 0; edition < 2; edition++) {
        for (uint64_t place = 0; place < CLAUSES; place++) {
            const struct copy_proof proof = proof_of(fixture, edition, place);
            struct copy_proof read;
            struct buffer file, again;
            buffer_init(&file, 1 << 20);
            buffer_init(&again, 1 << 20);
            ck_assert_int_eq(copy_proof_print(&file, &proof), 0);
            ck_assert_int_eq(copy_proof_parse(&read, buffer_bytes(&file), NULL), 0);
            ck_assert_uint_eq(read.place, place);
            ck_assert_uint_eq(read.index, 1 + 2 * edition);
            ck_assert_int_eq(copy_proof_print(&again, &read), 0);
            ck_assert(bytes_equal(buffer_bytes(&again), buffer_bytes(&file)));
            buffer_free(&file);
            buffer_free(&again);
        }
    }
    free_fixture(fixture);
}
END_TEST

/* The edition record is only what begins and ends like one here; it is judged by copy_verify. */
#define EDITION "depositary/edition/v1\nany words\n\n"
#define HASH    "RbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJQ=\n"

START_TEST(files_in_another_form_are_refused) {
    static const char *const good[] = {
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 7\n" HASH HASH "\n" EDITION
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775807\n" HASH "\nnote\n",
    };
    static const char *const bad[] = {
        "",
        "depositary/copy/v1",
        "depositary/copy/v2\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        " depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\r\nplace 0\r\n\r\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 00\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace -1\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace  1\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 1 \n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nPlace 1\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 9223372036854775808\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\n\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",     /* no empty line */
        "depositary/copy/v1\nplace 0\n\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote", /* one too many */
        "depositary/copy/v1\nplace 0\n" HASH "AAAA\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\n RbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJQ=\n\n" EDITION
        "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\nRbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJR=\n\n" EDITION /* spare bits */
        "c2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\n\n",
        "depositary/copy/v1\nplace 0\n\ndepositary/edition/v1\nno end\n",
        "depositary/copy/v1\nplace 0\n\ndepositary/clause/v1\n\nc2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\n\n" EDITION,
        "depositary/copy/v1\nplace 0\n\n" EDITION "\nc2sp.org/tlog-proof@v1\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v2\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\nnote",
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 01\n\nnote",
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nplace 0\n\nnote",
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n" HASH,
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\nnote",
        "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\n", /* no checkpoint */
    };
    struct copy_proof proof;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(copy_proof_parse(&proof, bytes_text(good[i]), NULL) == 0, "good file %zu", i);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(copy_proof_parse(&proof, bytes_text(bad[i]), NULL) == DEPOSITARY_E_COPY_FORMAT, "file %zu", i);
    struct fault fault = {.error = 0};
    ck_assert_int_ne(copy_proof_parse(&proof, bytes_text("depositary/copy/v1\nplace x\n"), &fault), 0);
    ck_assert_ptr_nonnull(strstr(fault.text, "line 2"));
}
END_TEST

START_TEST(paths_records_and_checkpoints_have_an_end) {
    struct buffer file;
    struct copy_proof proof;

    buffer_init(&file, 1 << 20);
    for (unsigned count = LIMIT_PATH; count <= LIMIT_PATH + 1; count++) {
        for (unsigned which = 0; which < 2; which++) {
            buffer_clear(&file);
            buffer_append_text(&file, "depositary/copy/v1\nplace 0\n");
            for (unsigned i = 0; which == 0 && i < count; i++)
                buffer_append_text(&file, HASH);
            buffer_append_text(&file, "\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n");
            for (unsigned i = 0; which == 1 && i < count; i++)
                buffer_append_text(&file, HASH);
            buffer_append_text(&file, "\nnote");
            ck_assert_int_eq(copy_proof_parse(&proof, buffer_bytes(&file), NULL),
                             count <= LIMIT_PATH ? 0 : DEPOSITARY_E_COPY_FORMAT);
        }
    }
    for (unsigned over = 0; over < 2; over++) { /* an edition record of 65,535 bytes, and of one more */
        buffer_clear(&file);
        buffer_append_text(&file, "depositary/copy/v1\nplace 0\n\n");
        const size_t start = file.len;
        buffer_append_text(&file, "depositary/edition/v1\n");
        while (file.len - start < LIMIT_ENTRY - 2 + over)
            buffer_append_byte(&file, 'x');
        buffer_append_text(&file, "\n\nc2sp.org/tlog-proof@v1\nindex 0\n\nnote");
        ck_assert_int_eq(copy_proof_parse(&proof, buffer_bytes(&file), NULL), over ? DEPOSITARY_E_COPY_FORMAT : 0);
    }
    for (unsigned over = 0; over < 2; over++) { /* a note of 16 KiB, and of one byte more */
        buffer_clear(&file);
        buffer_append_text(&file, "depositary/copy/v1\nplace 0\n\n" EDITION "c2sp.org/tlog-proof@v1\nindex 0\n\n");
        memset(buffer_extend(&file, LIMIT_NOTE + over), 'n', LIMIT_NOTE + over);
        ck_assert_int_eq(copy_proof_parse(&proof, buffer_bytes(&file), NULL), over ? DEPOSITARY_E_COPY_FORMAT : 0);
    }
    buffer_free(&file);
}
END_TEST

START_TEST(what_could_not_be_read_again_is_not_written) {
    const struct copy_proof good = {.edition_record = BYTES(EDITION), .checkpoint = BYTES("note")};
    struct copy_proof bad;
    struct buffer out;

    buffer_init(&out, 1 << 20);
    buffer_append_text(&out, "before");
    static const struct bytes records[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"depositary/edition/v1\nno empty line\n", 36},
        {(const uint8_t *)EDITION "\n", sizeof(EDITION)},
        {(const uint8_t *)EDITION EDITION, 2 * sizeof(EDITION) - 2},
        {(const uint8_t *)"depositary/key/v1\n\n", 19},
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        bad = good;
        bad.edition_record = records[i];
        ck_assert_int_eq(copy_proof_print(&out, &bad), DEPOSITARY_E_COPY_FORMAT);
    }
    bad = good;
    bad.checkpoint = BYTES("");
    ck_assert_int_eq(copy_proof_print(&out, &bad), DEPOSITARY_E_COPY_FORMAT);
    bad = good;
    bad.place = UINT64_C(1) << 63;
    ck_assert_int_eq(copy_proof_print(&out, &bad), DEPOSITARY_E_COPY_FORMAT);
    bad = good;
    bad.ledger_path.count = LIMIT_PATH + 1;
    ck_assert_int_eq(copy_proof_print(&out, &bad), DEPOSITARY_E_COPY_FORMAT);
    ck_assert(buffer_is(&out, "before"));
    ck_assert_int_eq(copy_proof_print(&out, &good), 0);
    buffer_free(&out);
}
END_TEST

/* ---- the check */

START_TEST(a_true_copy_is_verified_and_says_what_it_is_of) {
    struct fixture *fixture = make_fixture("second-treaty", "fr");

    for (unsigned edition = 0; edition < 2; edition++) {
        for (uint64_t place = 0; place < CLAUSES; place++) {
            const struct copy_proof proof = proof_of(fixture, edition, place);
            struct copy_verified verified;
            struct buffer file;
            char name[COPY_NAME_MAX], want[COPY_NAME_MAX];
            buffer_init(&file, 1 << 20);
            ck_assert_int_eq(copy_proof_print(&file, &proof), 0);
            ck_assert_int_eq(
                copy_verify(&verified, fixture->policy, record_of(fixture, edition, place), buffer_bytes(&file), NULL),
                0);
            ck_assert_uint_eq(verified.place, place);
            ck_assert_uint_eq(verified.index, 1 + 2 * edition);
            ck_assert_uint_eq(verified.edition.edition, 1);
            ck_assert_uint_eq(verified.checkpoint.size, ENTRIES);
            ck_assert(bytes_equal(verified.edition_record, buffer_bytes(&fixture->editions[edition].record)));
            copy_name(name, &verified.clause, verified.edition.edition);
            snprintf(want, sizeof(want), "%s.%s.1.cl_%u", edition ? "second-treaty" : "first-treaty",
                     edition ? "fr" : "en", (unsigned)place + 1);
            ck_assert_str_eq(name, want);
            buffer_free(&file);
        }
    }
    free_fixture(fixture);
}
END_TEST

START_TEST(the_copy_made_with_stock_tools_is_verified) {
    struct buffer policy_text, record, proof;
    struct policy *policy = NULL;
    struct copy_verified verified;
    struct fault fault = {.error = 0};

    buffer_init(&policy_text, POLICY_TEXT_MAX);
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    buffer_init(&proof, 1 << 20);
    read_vector(&policy_text, "copy/policy");
    read_vector(&record, "copy/example-treaty.en.1.art_2.record");
    read_vector(&proof, "copy/example-treaty.en.1.art_2.proof");
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&policy_text), NULL), 0);
    ck_assert_msg(copy_verify(&verified, policy, buffer_bytes(&record), buffer_bytes(&proof), &fault) == 0, "%s",
                  fault.text);
    ck_assert_uint_eq(verified.place, 1);
    ck_assert_uint_eq(verified.index, 1);
    ck_assert(bytes_equal(verified.clause.eid, BYTES("art_2")));
    buffer_free(&policy_text);
    buffer_free(&record);
    buffer_free(&proof);
    policy_free(policy);
}
END_TEST

START_TEST(the_longest_name_fits) {
    char instrument[LIMIT_INSTRUMENT], language[LIMIT_LANGUAGE], eid[LIMIT_EID], name[COPY_NAME_MAX];

    memset(instrument, 'i', sizeof(instrument));
    memset(language, 'l', sizeof(language));
    memset(eid, 'e', sizeof(eid));
    const struct clause_record clause = {.instrument = bytes_of(instrument, sizeof(instrument)),
                                         .language = bytes_of(language, sizeof(language)),
                                         .eid = bytes_of(eid, sizeof(eid))};
    copy_name(name, &clause, UINT32_MAX);
    ck_assert_uint_eq(strlen(name), LIMIT_INSTRUMENT + LIMIT_LANGUAGE + LIMIT_EID + 3 + 10);
}
END_TEST

START_TEST(another_clause_than_the_one_proved_is_refused) {
    struct fixture *fixture = make_fixture("second-treaty", "en");
    struct copy_proof proof = proof_of(fixture, 0, 1);

    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), 0);
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 0), &proof), DEPOSITARY_E_CLAUSE_PROOF);
    proof.place = 0;
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_CLAUSE_PROOF);
    proof.place = CLAUSES;
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_CLAUSE_PROOF);
    proof = proof_of(fixture, 0, 1);
    proof.clause_path.count--;
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_CLAUSE_PROOF);
    proof.clause_path.count += 2;
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_CLAUSE_PROOF);
    ck_assert_int_eq(verify(fixture, BYTES(""), &proof), DEPOSITARY_E_CLAUSE_RECORD);
    ck_assert_int_eq(verify(fixture, buffer_bytes(&fixture->editions[0].record), &proof), DEPOSITARY_E_CLAUSE_RECORD);
    free_fixture(fixture);
}
END_TEST

START_TEST(a_clause_of_another_instrument_or_language_is_refused) {
    struct fixture *fixture = make_fixture("second-treaty", "en");
    struct copy_proof proof = proof_of(fixture, 0, 1);
    ck_assert_int_eq(verify(fixture, record_of(fixture, 1, 1), &proof), DEPOSITARY_E_INSTRUMENT_MISMATCH);
    free_fixture(fixture);

    fixture = make_fixture("first-treaty", "fr");
    proof = proof_of(fixture, 0, 1);
    ck_assert_int_eq(verify(fixture, record_of(fixture, 1, 1), &proof), DEPOSITARY_E_LANGUAGE_MISMATCH);
    free_fixture(fixture);
}
END_TEST

/* An office that signed such an edition would break a rule; a copy of it is refused all the same. */
START_TEST(an_edition_that_holds_another_instruments_clauses_is_refused) {
    struct fixture *fixture = make_fixture("second-treaty", "en");
    struct edition_record record;
    struct buffer mixed;

    ck_assert_int_eq(edition_record_parse(&record, buffer_bytes(&fixture->editions[1].record), NULL), 0);
    merkle_tree_root(&record.clauses_root, &fixture->editions[0].tree);
    buffer_init(&mixed, LIMIT_ENTRY);
    ck_assert_int_eq(edition_record_print(&mixed, &record, NULL), 0);
    merkle_tree_reset(&fixture->ledger);
    add_entry(fixture, buffer_bytes(&mixed));
    sign_ledger(fixture);
    const struct copy_proof clause = proof_of(fixture, 0, 1);
    struct copy_proof proof = {.place = 1,
                               .clause_path = clause.clause_path,
                               .edition_record = buffer_bytes(&mixed),
                               .checkpoint = buffer_bytes(&fixture->note)};
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_INSTRUMENT_MISMATCH);
    buffer_free(&mixed);
    free_fixture(fixture);
}
END_TEST

START_TEST(an_edition_that_is_not_in_the_ledger_is_refused) {
    struct fixture *fixture = make_fixture("second-treaty", "en");
    struct copy_proof proof = proof_of(fixture, 0, 1);
    struct edition_record record;
    struct buffer other;

    proof.index = 2;
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_EDITION_PROOF);
    proof.index = ENTRIES;
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_EDITION_PROOF);
    proof = proof_of(fixture, 0, 1);
    proof.ledger_path.hashes[0].bytes[0] ^= 1;
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_EDITION_PROOF);
    proof = proof_of(fixture, 0, 1);
    ck_assert_int_eq(edition_record_parse(&record, proof.edition_record, NULL), 0);
    record.title = BYTES("Another treaty");
    buffer_init(&other, LIMIT_ENTRY);
    ck_assert_int_eq(edition_record_print(&other, &record, NULL), 0);
    proof.edition_record = buffer_bytes(&other);
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_EDITION_PROOF);
    proof.edition_record = BYTES(EDITION);
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_EDITION_RECORD);
    buffer_free(&other);
    free_fixture(fixture);
}
END_TEST

START_TEST(a_checkpoint_that_the_policy_refuses_is_refused_first) {
    struct fixture *fixture = make_fixture("second-treaty", "en");
    struct copy_proof proof = proof_of(fixture, 0, 1);
    const struct test_key stranger = test_key(ORIGIN, NOTE_TYPE_ED25519, 10);
    struct checkpoint checkpoint = {.origin = BYTES(ORIGIN), .size = ENTRIES};
    struct buffer note;

    buffer_init(&note, LIMIT_NOTE);
    merkle_tree_root(&checkpoint.root, &fixture->ledger);
    ck_assert_int_eq(checkpoint_sign(&note, &checkpoint, &stranger.verifier, stranger.secret), 0);
    proof.checkpoint = buffer_bytes(&note);
    ck_assert_int_eq(verify(fixture, record_of(fixture, 0, 1), &proof), DEPOSITARY_E_CHECKPOINT_KEY);
    proof.edition_record = BYTES(EDITION);
    ck_assert_int_eq(verify(fixture, BYTES(""), &proof), DEPOSITARY_E_CHECKPOINT_KEY);
    proof.checkpoint = BYTES("no note");
    ck_assert_int_eq(verify(fixture, BYTES(""), &proof), DEPOSITARY_E_CHECKPOINT_FORMAT);
    buffer_free(&note);
    free_fixture(fixture);
}
END_TEST

START_TEST(no_changed_missing_or_added_byte_is_verified) {
    struct fixture *fixture = make_fixture("second-treaty", "fr");
    const struct copy_proof proof = proof_of(fixture, 1, 2);
    struct buffer files[2], bent;

    for (unsigned i = 0; i < 2; i++)
        buffer_init(&files[i], 1 << 20);
    buffer_init(&bent, 1 << 20);
    buffer_append(&files[0], record_of(fixture, 1, 2));
    ck_assert_int_eq(copy_proof_print(&files[1], &proof), 0);
    ck_assert_int_eq(verify_bytes(fixture, buffer_bytes(&files[0]), buffer_bytes(&files[1])), 0);
    for (unsigned which = 0; which < 2; which++) {
        const struct bytes file = buffer_bytes(&files[which]);
        for (size_t i = 0; i <= file.len; i++) {
            for (unsigned how = 0; how < 4; how++) {
                if (i == file.len && how != 2)
                    continue;
                buffer_clear(&bent);
                buffer_append(&bent, bytes_slice(file, 0, i));
                if (how == 0) /* a changed bit */
                    buffer_append_byte(&bent, file.data[i] ^ 0x01);
                if (how == 1) /* another one */
                    buffer_append_byte(&bent, file.data[i] ^ 0x20);
                if (how == 2) /* a byte more; how 3: a byte less */
                    buffer_append_byte(&bent, '\n');
                const size_t rest = how == 2 ? i : i + 1;
                buffer_append(&bent, bytes_slice(file, rest, file.len - rest));
                ck_assert_msg(verify_bytes(fixture, buffer_bytes(which ? &files[0] : &bent),
                                           buffer_bytes(which ? &bent : &files[1])) != 0,
                              "file %u, byte %zu, change %u", which, i, how);
            }
        }
    }
    for (unsigned i = 0; i < 2; i++)
        buffer_free(&files[i]);
    buffer_free(&bent);
    free_fixture(fixture);
}
END_TEST

/* ---- many copies */

static void print_copy(struct buffer *out, const struct fixture *fixture, unsigned edition, uint64_t place) {
    const struct copy_proof proof = proof_of(fixture, edition, place);
    buffer_clear(out);
    ck_assert_int_eq(copy_proof_print(out, &proof), 0);
}

START_TEST(what_is_remembered_is_given_as_it_was_proved) {
    struct fixture *fixture = make_fixture("second-treaty", "fr");
    struct buffer file;

    buffer_init(&file, 1 << 20);
    for (unsigned i = 0; i < 4 * CLAUSES; i++) { /* the second edition's come between the first one's, twice */
        const unsigned edition = i % 2;
        const uint64_t place = i / 2 % CLAUSES;
        struct copy_verified verified, anew;
        print_copy(&file, fixture, edition, place);
        const struct bytes record = record_of(fixture, edition, place);
        ck_assert_int_eq(copy_verify(&anew, fixture->policy, record, buffer_bytes(&file), NULL), 0);
        ck_assert_int_eq(copy_verify_next(&verified, fixture->memory, record, buffer_bytes(&file), NULL), 0);
        ck_assert_uint_eq(verified.place, place);
        ck_assert_uint_eq(verified.index, 1 + 2 * edition);
        ck_assert_uint_eq(verified.edition.edition, 1);
        ck_assert(bytes_equal(verified.edition.instrument, anew.edition.instrument));
        ck_assert(bytes_equal(verified.clause.eid, anew.clause.eid));
        ck_assert(verified.edition_record.data ==
                  anew.edition_record.data); /* views into what was given, not into what is held */
        ck_assert_uint_eq(verified.edition_record.len, anew.edition_record.len);
        ck_assert_uint_eq(verified.checkpoint.size, ENTRIES);
        ck_assert(hash_equal(&verified.checkpoint.root, &anew.checkpoint.root));
        ck_assert(bytes_equal(verified.checkpoint.origin, BYTES(ORIGIN)));
    }
    buffer_free(&file);
    free_fixture(fixture);
}
END_TEST

START_TEST(one_signature_is_checked_for_all_that_share_a_checkpoint) {
    struct fixture *fixture = make_fixture("second-treaty", "fr");
    struct copy_verified verified;
    struct buffer file;

    buffer_init(&file, 1 << 20);
    for (unsigned i = 0; i < 60; i++) {
        print_copy(&file, fixture, i % 2, i % CLAUSES);
        ck_assert_int_eq(copy_verify_next(&verified, fixture->memory, record_of(fixture, i % 2, i % CLAUSES),
                                          buffer_bytes(&file), NULL),
                         0);
    }
    ck_assert_uint_eq(signatures_checked, 1);
    ck_assert_int_eq(copy_verify(&verified, fixture->policy, record_of(fixture, 1, 2), buffer_bytes(&file), NULL), 0);
    ck_assert_uint_eq(signatures_checked, 2);
    buffer_free(&file);
    free_fixture(fixture);
}
END_TEST

/* The checkpoint's signature is made wrong: nobody who has to check it can accept the copy. */
START_TEST(a_failure_is_never_remembered) {
    struct fixture *fixture = make_fixture("second-treaty", "fr");
    struct copy_verified verified;
    struct buffer file;

    buffer_init(&file, 1 << 20);
    print_copy(&file, fixture, 0, 0);
    file.data[file.len - 20] ^= 1;
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(
            copy_verify_next(&verified, fixture->memory, record_of(fixture, 0, 0), buffer_bytes(&file), NULL),
            DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    file.data[file.len - 20] ^= 1;
    ck_assert_int_eq(copy_verify_next(&verified, fixture->memory, record_of(fixture, 0, 0), buffer_bytes(&file), NULL),
                     0);
    file.data[file.len - 20] ^= 1;
    ck_assert_int_eq(copy_verify_next(&verified, fixture->memory, record_of(fixture, 0, 0), buffer_bytes(&file), NULL),
                     DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    buffer_free(&file);
    free_fixture(fixture);
}
END_TEST

/* One edition under a hundred checkpoints: what was held first has gone by then, and is proved anew. */
START_TEST(more_than_is_held_is_verified_all_the_same) {
    struct fixture *fixture = make_fixture("second-treaty", "fr");
    struct buffer first, file;
    struct copy_verified verified;

    buffer_init(&first, 1 << 20);
    buffer_init(&file, 1 << 20);
    print_copy(&first, fixture, 0, 1);
    ck_assert_int_eq(copy_verify_next(&verified, fixture->memory, record_of(fixture, 0, 1), buffer_bytes(&first), NULL),
                     0);
    for (unsigned i = 0; i < 100; i++) {
        char entry[32];
        merkle_tree_reset(&fixture->ledger);
        snprintf(entry, sizeof(entry), "something else, %u", i);
        for (unsigned at = 0; at < ENTRIES; at++)
            add_entry(fixture, at == 1 ? buffer_bytes(&fixture->editions[0].record) : bytes_text(entry));
        sign_ledger(fixture);
        print_copy(&file, fixture, 0, 1);
        ck_assert_int_eq(verify_bytes(fixture, record_of(fixture, 0, 1), buffer_bytes(&file)), 0);
        ck_assert_int_eq(verify_bytes(fixture, record_of(fixture, 0, 2), buffer_bytes(&file)),
                         DEPOSITARY_E_CLAUSE_PROOF);
    }
    ck_assert_int_eq(verify_bytes(fixture, record_of(fixture, 0, 1), buffer_bytes(&first)), 0);
    buffer_free(&first);
    buffer_free(&file);
    free_fixture(fixture);
}
END_TEST

START_TEST(a_memo_finds_only_the_same_bytes) {
    struct memo memo;
    uint32_t value = 7;

    ck_assert_int_eq(memo_init(&memo, 2, 4, sizeof(value)), 0);
    ck_assert_ptr_null(memo_find(&memo, BYTES("")));
    ck_assert_ptr_null(memo_find(&memo, BYTES("abc")));
    memo_keep(&memo, BYTES(""), &value);
    memo_keep(&memo, BYTES("abc"), &value);
    value = 8;
    memo_keep(&memo, BYTES("abcde"), &value); /* too long */
    memo_keep(&memo, BYTES("abcd"), &value);
    ck_assert_ptr_null(memo_find(&memo, BYTES("")));
    ck_assert_ptr_null(memo_find(&memo, BYTES("ab")));
    ck_assert_ptr_null(memo_find(&memo, BYTES("abd")));
    ck_assert_ptr_null(memo_find(&memo, BYTES("abcde")));
    ck_assert_uint_eq(*(const uint32_t *)memo_find(&memo, BYTES("abc")), 7);
    ck_assert_uint_eq(*(const uint32_t *)memo_find(&memo, BYTES("abcd")), 8);
    memo_keep(&memo, BYTES("x"), &value); /* in place of the oldest */
    ck_assert_ptr_null(memo_find(&memo, BYTES("abc")));
    ck_assert_ptr_nonnull(memo_find(&memo, BYTES("abcd")));
    ck_assert_ptr_nonnull(memo_find(&memo, BYTES("x")));
    memo_free(&memo);
    memo_free(&memo);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_proof_file_is_read_and_written_alike,
        files_in_another_form_are_refused,
        paths_records_and_checkpoints_have_an_end,
        what_could_not_be_read_again_is_not_written,
        a_true_copy_is_verified_and_says_what_it_is_of,
        the_copy_made_with_stock_tools_is_verified,
        the_longest_name_fits,
        another_clause_than_the_one_proved_is_refused,
        a_clause_of_another_instrument_or_language_is_refused,
        an_edition_that_holds_another_instruments_clauses_is_refused,
        an_edition_that_is_not_in_the_ledger_is_refused,
        a_checkpoint_that_the_policy_refuses_is_refused_first,
        no_changed_missing_or_added_byte_is_verified,
        what_is_remembered_is_given_as_it_was_proved,
        one_signature_is_checked_for_all_that_share_a_checkpoint,
        a_failure_is_never_remembered,
        more_than_is_held_is_verified_all_the_same,
        a_memo_finds_only_the_same_bytes,
    };
    return run_tests("copy", tests, sizeof(tests) / sizeof(tests[0]));
}
