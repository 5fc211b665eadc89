/*
 * Attacks on the ledger, offered to the server as whoever holds the network, or the ledger key itself, could offer them: as AppendEntries and PutClauses,
 * through dispatch. Each is refused with its code and reason, and the ledger is as it was, now and when it is opened again; what is good
 * is taken afterwards. PROTOCOL.md sections 2 and 3.
 */
#include "base/log.h"
#include "base/time.h"
#include "depositary/v1/ledger.pb-c.h"
#include "ledger_maker.h"
#include "rpc/call.h"
#include "server/server.h"

#include <check.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TIMEOUT_NS   60000000000u
#define CLAUSES_MAX  8

static const struct maker_clause CLAUSES[] = {{"preface", "Agreed.\n\n"}, {"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}};
static const struct maker_edition PLAN = {.instrument = "treaty", .clauses = CLAUSES, .clauses_count = 3};
static const struct maker_edition OTHER = {.instrument = "pact", .clauses = CLAUSES, .clauses_count = 3};

static struct ledger_maker maker;
static struct maker_append append;
static struct server server;
static struct arena arena;
static struct call_answer answer;
static struct hash pact; /* leaf hash of the other text's edition */

static void set_up(void) {
    ledger_maker_begin_with_key(&maker);
    maker.now_s = clock_now_s(); /* the service judges by the true clock */
    struct maker_append first;
    maker_append_begin(&first, &maker);
    maker_append_edition(&first, &PLAN);
    maker_append_edition(&first, &OTHER);
    pact = first.editions[1].leaf_hash;
    maker_append_register(&first, 0);
    ck_assert_int_eq(maker_append_submit(&first, NULL), 0);
    maker_append_end(&first);
    server = (struct server){.policy = maker.policy, .origin = MAKER_ORIGIN, .ledger = maker.ledger};
    arena_init(&arena, CALL_ARENA_MAX);
    maker_append_begin(&append, &maker);
}

static void tear_down(void) {
    maker_append_end(&append);
    arena_free(&arena);
    ledger_maker_end(&maker);
}

/* ---- calls */

static void call_server_with(const char *name, const ProtobufCMessage *input) {
    const struct method *method = method_find(bytes_text(name));
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct server_call context = {.server = &server, .state = state};
    struct buffer request, answered;
    ck_assert_ptr_nonnull(method);
    buffer_init(&request, LIMIT_REQUEST_APPEND);
    buffer_init(&answered, LIMIT_RESPONSE);
    ck_assert_int_eq(call_print(&request, method, input, BYTES("0123456789abcdef"), 0, NULL), 0);
    arena_reset(&arena);
    struct call call = {.arena = &arena, .context = &context, .peer = "test", .traceparent = ""};
    ck_assert_int_eq(dispatch(&call, &ledger_service, 1, buffer_bytes(&request), TIMEOUT_NS, &answered), 0);
    uint8_t *kept = arena_alloc(&arena, answered.len + 1);
    ck_assert_ptr_nonnull(kept);
    memcpy(kept, answered.data, answered.len);
    ck_assert_int_eq(answer_read(&answer, method, bytes_of(kept, answered.len), &arena, NULL), 0);
    buffer_free(&request);
    buffer_free(&answered);
    ledger_state_release(state);
}

static void send_append(void) {
    Depositary__V1__AppendEntriesRequest input = DEPOSITARY__V1__APPEND_ENTRIES_REQUEST__INIT;
    ProtobufCBinaryData *records = calloc(append.count + 1, sizeof *records);
    for (size_t i = 0; i < append.count; i++)
        records[i] = (ProtobufCBinaryData){append.records[i].len, (uint8_t *)(uintptr_t)append.records[i].data};
    char *note = calloc(1, append.note.len + 1);
    memcpy(note, append.note.data, append.note.len);
    input.n_records = append.count;
    input.records = records;
    input.checkpoint = note;
    call_server_with("/depositary.v1.LedgerService/AppendEntries", &input.base);
    free(note);
    free(records);
}

static void send_clauses(struct made_edition *edition) {
    Depositary__V1__PutClausesRequest input = DEPOSITARY__V1__PUT_CLAUSES_REQUEST__INIT;
    Depositary__V1__PlacedClause clauses[CLAUSES_MAX], *pointers[CLAUSES_MAX];
    struct merkle_path paths[CLAUSES_MAX];
    ProtobufCBinaryData hashes[CLAUSES_MAX][LIMIT_PATH];
    ck_assert_uint_le(edition->count, CLAUSES_MAX);
    for (size_t i = 0; i < edition->count; i++) {
        merkle_tree_path(&paths[i], &edition->tree, i);
        for (size_t k = 0; k < paths[i].count; k++)
            hashes[i][k] = (ProtobufCBinaryData){HASH_LEN, paths[i].hashes[k].bytes};
        clauses[i] = (Depositary__V1__PlacedClause)DEPOSITARY__V1__PLACED_CLAUSE__INIT;
        clauses[i].place = i;
        clauses[i].record =
            (ProtobufCBinaryData){edition->records[i].len, (uint8_t *)(uintptr_t)edition->records[i].data};
        clauses[i].n_path = paths[i].count;
        clauses[i].path = hashes[i];
        pointers[i] = &clauses[i];
    }
    input.edition = (ProtobufCBinaryData){HASH_LEN, edition->leaf_hash.bytes};
    input.n_clauses = edition->count;
    input.clauses = pointers;
    call_server_with("/depositary.v1.LedgerService/PutClauses", &input.base);
}

/* Until it is taken or refused: what a client of good will would send. */
static void offer(void) {
    send_append();
    for (size_t i = 0; i < append.editions_count && strcmp(answer.status.reason, "CLAUSES_MISSING") == 0; i++) {
        send_clauses(&append.editions[i]);
        if (answer.status.code != STATUS_OK)
            return;
        send_append();
    }
}

/* ---- what must come of it */

static uint64_t size_now(void) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

static int64_t rows(void) {
    return ledger_maker_number(
        &maker, "SELECT (SELECT count(*) FROM entry) + (SELECT count(*) FROM clause) + (SELECT count(*) FROM "
                "place) + (SELECT count(*) FROM checkpoint)");
}

static void accepts_what_is_good(void) {
    maker_append_end(&append);
    maker_append_begin(&append, &maker);
    struct maker_edition plan = PLAN;
    plan.act = ACT_RECTIFICATION;
    plan.remark = "good";
    maker_append_edition(&append, &plan);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    offer();
    ck_assert_msg(answer.status.code == STATUS_OK, "%s: %s", answer.status.reason, answer.status.message);
}

/* Offers what the attack made, as it stands. */
static void refused(int code, const char *reason, const char *words) {
    const uint64_t size = size_now();
    const int64_t before = rows();
    struct fault fault = {0};
    offer();
    ck_assert_msg(answer.status.code == code && strcmp(answer.status.reason, reason) == 0, "%s %s: %s",
                  status_name(answer.status.code), answer.status.reason, answer.status.message);
    ck_assert_msg(strstr(answer.status.message, words) != NULL, "\"%s\" does not say \"%s\"", answer.status.message,
                  words);
    ck_assert_uint_eq(size_now(), size);
    ck_assert_int_eq(rows(), before);
    ck_assert_msg(ledger_maker_reopen(&maker, &fault) == 0, "%s", fault_text(&fault));
    server.ledger = maker.ledger;
    ck_assert_uint_eq(size_now(), size);
}

/* The same for records that are wrong, under a register and a signature that are right. */
static void refused_records(int code, const char *reason, const char *words) {
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    refused(code, reason, words);
    accepts_what_is_good();
}

#define INVALID STATUS_INVALID_ARGUMENT

/* ---- the chain of editions */

static void add_edition(void (*alter)(struct edition_record *)) {
    struct maker_edition plan = PLAN;
    plan.act = ACT_RECTIFICATION;
    plan.remark = "again";
    plan.alter = alter;
    maker_append_edition(&append, &plan);
}

static void again_number_1(struct edition_record *record) {
    record->edition = 1;
    record->act = ACT_DEPOSIT;
    record->has_previous = false;
}
static void number_3(struct edition_record *record) {
    record->edition = 3;
}
static void previous_of_another(struct edition_record *record) {
    record->previous = pact;
}
static void previous_invented(struct edition_record *record) {
    record->previous.bytes[5] ^= 1;
}
static void an_hour_ago(struct edition_record *record) {
    record->deposited_at -= 3600;
}
static void in_an_hour(struct edition_record *record) {
    record->deposited_at += 3600;
}
static void one_clause_more(struct edition_record *record) {
    record->clauses++;
}
static void one_clause_less(struct edition_record *record) {
    record->clauses--;
}
static void longer_source(struct edition_record *record) {
    record->source_length++;
}
static void shorter_source(struct edition_record *record) {
    record->source_length--;
}
static void another_source(struct edition_record *record) {
    record->source_sha256[0] ^= 1;
}
static void another_root(struct edition_record *record) {
    record->clauses_root.bytes[0] ^= 1;
}
static void translation_of_nothing(struct edition_record *record) {
    record->authenticity = AUTHENTICITY_TRANSLATION;
    record->has_translation_of = true;
    memset(record->translation_of.bytes, 9, HASH_LEN);
}

static const struct {
    void (*alter)(struct edition_record *);
    const char *reason;
    const char *words;
} editions[] = {
    {again_number_1, "RULE", "an edition's number is its predecessor's plus 1"},
    {number_3, "RULE", "an edition's number is its predecessor's plus 1"},
    {previous_of_another, "RULE", "previous is not the leaf hash"},
    {previous_invented, "RULE", "previous is not the leaf hash"},
    {an_hour_ago, "RULE", "deposited-at runs backwards"},
    {in_an_hour, "RULE", "deposited-at is in the future"},
    {one_clause_more, "CLAUSE_PROOF", "place"},
    {one_clause_less, "CLAUSE_PROOF", "place"},
    {longer_source, "RULE", "source-length"},
    {shorter_source, "LIMIT", "source-length"},
    {another_source, "RULE", "source-sha256"},
    {another_root, "CLAUSE_PROOF", "place"},
    {translation_of_nothing, "RULE", "translation-of names no earlier edition"},
};

START_TEST(an_edition_that_lies_is_refused) {
    add_edition(editions[_i].alter);
    maker_append_register(&append, editions[_i].alter == in_an_hour ? maker.now_s + 3600 : 0);
    maker_append_sign(&append, &maker.ledger_key);
    refused(strcmp(editions[_i].reason, "LIMIT") == 0 ? STATUS_RESOURCE_EXHAUSTED : INVALID, editions[_i].reason,
            editions[_i].words);
    accepts_what_is_good();
}
END_TEST

START_TEST(two_editions_of_one_number_in_one_append_are_a_fork) {
    add_edition(NULL);
    add_edition(NULL);
    struct edition_record record;
    ck_assert_int_eq(edition_record_parse(&record, append.records[1], NULL), 0);
    ck_assert_uint_eq(record.edition, 3); /* the maker chains them; the same record twice is the fork */
    free((void *)(uintptr_t)append.records[1].data);
    uint8_t *copy = malloc(append.records[0].len);
    memcpy(copy, append.records[0].data, append.records[0].len);
    append.records[1] = bytes_of(copy, append.records[0].len);
    refused_records(INVALID, "RULE", "an edition's number is its predecessor's plus 1");
}
END_TEST

static const struct {
    struct maker_clause clauses[2];
    const char *reason;
    const char *words;
} eids[] = {
    {{{"cl_1", "One.\n"}, {"cl_1", "Two.\n"}}, "RULE", "cl_1"},
    {{{"art_5", "One.\n"}, {"art_5__p_1", "Two.\n"}}, "RULE", "art_5"},
    {{{"art_5__p_1__x", "One.\n"}, {"art_5", "Two.\n"}}, "RULE", "art_5"},
};

START_TEST(reused_eids_are_refused) {
    maker_append_edition(
        &append, &(struct maker_edition){.instrument = "reused", .clauses = eids[_i].clauses, .clauses_count = 2});
    refused_records(INVALID, eids[_i].reason, eids[_i].words);
}
END_TEST

/* ---- the register */

static void change(size_t index, const char *from, const char *to) {
    struct bytes *record = &append.records[index];
    char *text = calloc(1, record->len + strlen(to) + 1);
    memcpy(text, record->data, record->len);
    char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "%s is not there", from);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    free((void *)(uintptr_t)record->data);
    *record = bytes_text(text);
}

START_TEST(a_register_that_lies_is_refused) {
    static const struct {
        const char *from, *to, *words;
    } lies[] = {{"\nlines 3\n", "\nlines 2\n", "not as many lines"},
                {"\nlines 3\n", "\nlines 4\n", "not as many lines"},
                {"\nroot ", "\nroot ", "the register is not what the entries before it say"}};
    maker_append_register(&append, 0);
    change(0, lies[_i].from, lies[_i].to);
    if (_i == 2) { /* another root */
        char *root = strstr((char *)(uintptr_t)append.records[0].data, "\nroot ") + 6;
        *root = *root == 'A' ? 'B' : 'A';
    }
    maker_append_sign(&append, &maker.ledger_key);
    refused(INVALID, "RULE", lies[_i].words);
    accepts_what_is_good();
}
END_TEST

START_TEST(a_register_out_of_time_is_refused) {
    static const struct {
        int64_t shift;
        const char *words;
    } times[] = {{-3600, "runs backwards"}, {3600, "in the future"}};
    maker_append_register(&append, maker.now_s + times[_i].shift);
    maker_append_sign(&append, &maker.ledger_key);
    refused(INVALID, "RULE", times[_i].words);
    accepts_what_is_good();
}
END_TEST

START_TEST(entries_after_the_register_are_refused) {
    maker_append_register(&append, 0);
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, maker.now_s);
    maker_append_sign(&append, &maker.ledger_key);
    refused(INVALID, "RULE", "a register is the last entry of an append");
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    refused(INVALID, "RULE", "a register is the last entry of an append");
    accepts_what_is_good();
}
END_TEST

/* ---- keys */

START_TEST(keys_that_must_not_be_are_refused) {
    struct maker_key stranger;
    maker_key_make(&stranger, "x", NOTE_TYPE_ED25519, 77);
    switch (_i) {
    case 0:
        maker_append_key(&append, maker.ledger_key.verifier.public_key);
        refused_records(INVALID, "RULE", "is a ledger's or a witness's key");
        break;
    case 1:
        maker_append_key(&append, maker.witness_key.verifier.public_key);
        refused_records(INVALID, "RULE", "is a ledger's or a witness's key");
        break;
    case 2:
        maker_append_key(&append, maker.answer_key.verifier.public_key);
        refused_records(INVALID, "RULE", "has a key record already");
        break;
    case 3:
        maker_append_revocation(&append, stranger.verifier.public_key, maker.now_s);
        refused_records(INVALID, "RULE", "no key record before its revocation");
        break;
    case 4:
        maker_append_key(&append, stranger.verifier.public_key);
        maker_append_revocation(&append, stranger.verifier.public_key, maker.now_s);
        maker_append_revocation(&append, stranger.verifier.public_key, maker.now_s);
        refused_records(INVALID, "RULE", "is revoked already");
        break;
    default: { /* a window of more than 400 days */
        maker_append_key(&append, stranger.verifier.public_key);
        char *year = strstr((char *)(uintptr_t)append.records[0].data, "not-after 20") + strlen("not-after 20");
        memcpy(year, "99", 2);
        refused_records(INVALID, "RECORD", "entry 5");
    }
    }
}
END_TEST

/* ---- records that are not well-formed */

static const struct {
    const char *from, *to;
} forms[] = {
    {"\ntitle A title\n", "\ntitle A title\nnote an extra line\n"},
    {"\ntitle A title\n", "\ntitle A title\ntitle A title\n"},
    {"\ntitle A title\n", "\n"},
    {"\ntitle A title\n", "\ntitle \n"},
    {"\ntitle A title\n", "\ntitle  A title\n"},
    {"\ntitle A title\n", "\ntitle A title \n"},
    {"\ntitle A title\n", "\ntitle A title\t\n"},
    {"\ntitle A title\n", "\ntitle A title\r\n"},
    {"\ntitle A title\n", "\ntitle A\x01title\n"},
    {"\ntitle A title\n", "\ntitle A\x1b[31mtitle\n"},
    {"\ntitle A title\n", "\ntitle A\x7ftitle\n"},
    {"\ntitle A title\n", "\ntitle A\xc2\x85title\n"},     /* C1 */
    {"\ntitle A title\n", "\ntitle A\xe2\x80\xa8title\n"}, /* U+2028 */
    {"\ntitle A title\n", "\ntitle A\xe2\x80\xa9title\n"}, /* U+2029 */
    {"\ntitle A title\n", "\ntitle A\xe2\x80\xaetitle\n"}, /* U+202E */
    {"\ntitle A title\n", "\ntitle A\xe2\x81\xa6title\n"}, /* U+2066 */
    {"\ntitle A title\n", "\ntitle \xef\xbb\xbf"
                          "A title\n"},                 /* U+FEFF */
    {"\ntitle A title\n", "\ntitle A title\xc2\xa0\n"}, /* U+00A0 at the end */
    {"\ntitle A title\n", "\ntitle \xe3\x80\x80"
                          "A title\n"},                    /* U+3000 at the begin */
    {"\ntitle A title\n", "\ntitle A\xfftitle\n"},         /* not UTF-8 */
    {"\ntitle A title\n", "\ntitle A\xed\xa0\x80title\n"}, /* a surrogate */
    {"\ntitle A title\ndate none\n", "\ndate none\ntitle A title\n"},
    {"\nclauses 3\n", "\nclauses 03\n"},
    {"\nclauses 3\n", "\nclauses +3\n"},
    {"\nclauses 3\n", "\nclauses 3 \n"},
    {"\nclauses 3\n", "\nclauses 18446744073709551619\n"},
    {"\nedition 1\n", "\nedition 4294967296\n"},
    {"\ndate none\n", "\ndate 2026-02-30\n"},
    {"\ndate none\n", "\ndate None\n"},
    {"\nlanguage en\n", "\nlanguage EN\n"},
    {"\nauthenticity authentic\n", "\nauthenticity Authentic\n"},
    {"=\nprevious none\n", "=\nprevious AAAA\n"},
    {"\n\n", "\n"},
    {"\n\n", "\n\n\n"},
    {"depositary/edition/v1\n", "depositary/edition/v2\n"},
    {"\n", "\r\n"},
};

START_TEST(a_record_that_is_not_well_formed_is_refused) {
    struct maker_edition plan = PLAN;
    plan.instrument = "misshapen";
    maker_append_edition(&append, &plan);
    change(0, forms[_i].from, forms[_i].to);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    refused(INVALID, "RECORD", "entry 5");
    accepts_what_is_good();
}
END_TEST

/* The last character of a base64 text with padding has bits that say nothing: another spelling of the same bytes. */
static char other_spelling(char last) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t value = (size_t)(strchr(alphabet, last) - alphabet);
    return alphabet[value ^ 1];
}

START_TEST(base64_of_a_second_spelling_in_a_record_is_refused) {
    static const char *const fields[] = {"\nclauses-root ", "\nprevious "};
    add_edition(NULL);
    char *text = (char *)(uintptr_t)append.records[0].data;
    char *end = strchr(strstr(text, fields[_i]) + 1, '\n') - 2;
    ck_assert_int_eq(end[1], '=');
    *end = other_spelling(*end);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    refused(INVALID, "RECORD", "entry 5");
    accepts_what_is_good();
}
END_TEST

START_TEST(an_entry_that_is_too_long_is_refused) {
    uint8_t *long_record = malloc(LIMIT_ENTRY + 1);
    memset(long_record, 'x', LIMIT_ENTRY + 1);
    maker_append_record(&append, bytes_of(long_record, LIMIT_ENTRY + 1));
    free(long_record);
    refused_records(INVALID, "RECORD", "longer than 65535 bytes");
}
END_TEST

/* ---- the checkpoint */

static void set_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void set_note(const char *format, ...) {
    char text[LIMIT_NOTE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_clear(&append.note);
    buffer_append_text(&append.note, text);
}

#define NOTE_ROOM 1024

/* The note so far as text, and its line of a signature. */
static void note_text(char text[NOTE_ROOM], char line[NOTE_ROOM]) {
    ck_assert_uint_lt(append.note.len, NOTE_ROOM);
    memcpy(text, append.note.data, append.note.len);
    text[append.note.len] = '\0';
    strcpy(line, strstr(text, "\n\n") + 2);
}

/* Signed text of our choice. */
static void sign_text(const char *text, const struct maker_key *key) {
    uint8_t blob[4 + SIGNATURE_LEN];
    struct buffer base64;
    buffer_init(&base64, 256);
    memcpy(blob, key->verifier.id, 4);
    crypto_sign_detached(blob + 4, NULL, (const uint8_t *)text, strlen(text), key->secret);
    buffer_append_base64(&base64, bytes_of(blob, sizeof blob));
    set_note("%s\n\xE2\x80\x94 %s %.*s\n", text, key->verifier.name, (int)base64.len, (const char *)base64.data);
    buffer_free(&base64);
}

START_TEST(a_checkpoint_that_is_not_the_ledgers_is_refused) {
    struct maker_key stranger;
    char text[NOTE_ROOM], line[NOTE_ROOM], body[NOTE_ROOM];
    maker_key_make(&stranger, MAKER_ORIGIN, NOTE_TYPE_ED25519, 99);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    note_text(text, line);
    snprintf(body, sizeof body, "%.*s", (int)(strstr(text, "\n\n") + 1 - text), text);
    char *end = text + strlen(text) - 3; /* the last character before one '=' and the newline */
    char *root_end = body + strlen(body) - 3;
    switch (_i) {
    case 0: /* nobody's signature */
        maker_append_sign(&append, &stranger);
        refused(STATUS_PERMISSION_DENIED, "CHECKPOINT_KEY", "none of the policy's keys");
        break;
    case 1: /* of other bytes */
        end[-20] = end[-20] == 'A' ? 'B' : 'A';
        set_note("%s", text);
        refused(STATUS_PERMISSION_DENIED, "CHECKPOINT_SIGNATURE", "signature is wrong");
        break;
    case 2: /* twice the same line */
        set_note("%s%s", text, line);
        refused(INVALID, "CHECKPOINT_DUPLICATE", "the name and key id of another");
        break;
    case 3: /* two lines of one key, of which the second is wrong */
        line[strlen(line) - 20] = line[strlen(line) - 20] == 'A' ? 'B' : 'A';
        set_note("%s%s", text, line);
        refused(INVALID, "CHECKPOINT_DUPLICATE", "the name and key id of another");
        break;
    case 4: /* a second spelling of the signature */
        ck_assert_int_eq(end[1], '=');
        *end = other_spelling(*end);
        set_note("%s", text);
        refused(INVALID, "CHECKPOINT_FORMAT", "signature line 1");
        break;
    case 5: /* ... of the root, signed */
        ck_assert_int_eq(root_end[1], '=');
        *root_end = other_spelling(*root_end);
        sign_text(body, &maker.ledger_key);
        refused(INVALID, "CHECKPOINT_FORMAT", "");
        break;
    case 6: /* an extension line, signed */
        strcat(body, "an extension\n");
        sign_text(body, &maker.ledger_key);
        refused(INVALID, "CHECKPOINT_FORMAT", "");
        break;
    case 7: /* bytes behind it */
        set_note("%s\n", text);
        refused(INVALID, "CHECKPOINT_FORMAT", "");
        break;
    case 8: { /* another origin, by a key of that name */
        struct maker_key other;
        maker_key_make(&other, "other.example/ledger", NOTE_TYPE_ED25519, 1);
        strcpy(line, "other.example/ledger");
        strcat(line, strchr(body, '\n'));
        sign_text(line, &other);
        refused(INVALID, "CHECKPOINT_ORIGIN", "other.example/ledger");
        break;
    }
    case 9: /* a size with a zero in front, signed */
        strcpy(line, MAKER_ORIGIN "\n0");
        strcat(line, strchr(body, '\n') + 1);
        sign_text(line, &maker.ledger_key);
        refused(INVALID, "CHECKPOINT_FORMAT", "");
        break;
    case 10: /* no signature at all */
        set_note("%s\n", body);
        refused(INVALID, "CHECKPOINT_FORMAT", "");
        break;
    default: /* a witness's wrong cosignature beside a good signature */
        maker_append_cosign(&append, &maker.witness_key);
        end = (char *)append.note.data + append.note.len - 20; /* base64 it stays */
        *end = *end == 'A' ? 'B' : 'A';
        refused(STATUS_PERMISSION_DENIED, "CHECKPOINT_SIGNATURE", "witness");
    }
    accepts_what_is_good();
}
END_TEST

START_TEST(a_fork_of_the_ledger_is_refused) {
    struct hash root;
    struct checkpoint checkpoint = {.origin = BYTES(MAKER_ORIGIN), .size = size_now()};
    maker_append_register(&append, 0);
    switch (_i) {
    case 0: /* the current size, with another root */
        ck_assert_int_eq(ledger_root_at(maker.ledger, checkpoint.size, &root), 0);
        root.bytes[0] ^= 1;
        break;
    case 1: /* an earlier size, with another root */
        checkpoint.size = 2;
        memset(root.bytes, 3, HASH_LEN);
        break;
    case 2: /* a larger one that the entries do not give */
        checkpoint.size++;
        memset(root.bytes, 3, HASH_LEN);
        break;
    default: /* more entries than there are */
        checkpoint.size += 2;
        memset(root.bytes, 3, HASH_LEN);
    }
    checkpoint.root = root;
    buffer_clear(&append.note);
    ck_assert_int_eq(checkpoint_sign(&append.note, &checkpoint, &maker.ledger_key.verifier, maker.ledger_key.secret),
                     0);
    refused(STATUS_ABORTED, "CONFLICT", "");
    accepts_what_is_good();
}
END_TEST

/* ---- clauses */

START_TEST(clauses_that_are_not_the_editions_are_refused) {
    static const struct {
        const char *from, *to, *reason;
    } wrong[] = {
        {"2. Two.", "2. Too.", "CLAUSE_PROOF"},
        {"clause cl_2", "clause cl_3", "CLAUSE_PROOF"},
        {"instrument treaty", "instrument tready", "CLAUSE_PROOF"},
        {"length 8", "length 7", "CLAUSE_PROOF"},
    };
    add_edition(NULL);
    struct made_edition *edition = &append.editions[0];
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)edition->records[2].len, (const char *)edition->records[2].data);
    char *at = strstr(text, wrong[_i].from);
    ck_assert_ptr_nonnull(at);
    memcpy(at, wrong[_i].to, strlen(wrong[_i].to));
    edition->records[2] = bytes_text(text);
    refused_records(INVALID, wrong[_i].reason, "place 2");
}
END_TEST

START_TEST(clauses_of_another_text_under_a_true_root_are_refused) {
    struct maker_edition plan = PLAN;
    plan.instrument = "pretender";
    maker_append_edition(&append, &plan);
    change(0, "\ninstrument pretender\n", "\ninstrument impostor\n");
    merkle_leaf_hash(&append.editions[0].leaf_hash, append.records[0]);
    refused_records(INVALID, "RULE", "instrument");
}
END_TEST

int main(void) {
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT); /* what is good is taken again and again */
    Suite *suite = suite_create("append_attacks");
    TCase *tests = tcase_create("append_attacks");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, an_edition_that_lies_is_refused, 0, (int)COUNT(editions));
    tcase_add_test(tests, two_editions_of_one_number_in_one_append_are_a_fork);
    tcase_add_loop_test(tests, reused_eids_are_refused, 0, (int)COUNT(eids));
    tcase_add_loop_test(tests, a_register_that_lies_is_refused, 0, 3);
    tcase_add_loop_test(tests, a_register_out_of_time_is_refused, 0, 2);
    tcase_add_test(tests, entries_after_the_register_are_refused);
    tcase_add_loop_test(tests, keys_that_must_not_be_are_refused, 0, 6);
    tcase_add_loop_test(tests, a_record_that_is_not_well_formed_is_refused, 0, (int)COUNT(forms));
    tcase_add_loop_test(tests, base64_of_a_second_spelling_in_a_record_is_refused, 0, 2);
    tcase_add_test(tests, an_entry_that_is_too_long_is_refused);
    tcase_add_loop_test(tests, a_checkpoint_that_is_not_the_ledgers_is_refused, 0, 12);
    tcase_add_loop_test(tests, a_fork_of_the_ledger_is_refused, 0, 4);
    tcase_add_loop_test(tests, clauses_that_are_not_the_editions_are_refused, 0, 4);
    tcase_add_test(tests, clauses_of_another_text_under_a_true_root_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
