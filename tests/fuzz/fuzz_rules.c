/*
 * The rules of the ledger, against a plain model of them (PROTOCOL.md section 2). The input is a ledger that somebody signed, five bytes an entry: what it is, and what is
 * right and wrong about it; FF ends it, and what follows are eIds of one edition, a line for each. Oracle: an entry follows if and only if the model says so.
 */
#include "fuzz.h"
#include "ledger/eids.h"
#include "ledger/rules.h"

#include <sodium.h>
#include <string.h>

#define BEGAN       INT64_C(1767225600) /* times are so many seconds after */
#define NOW         128
#define TEXTS       4
#define KEYS        16
#define ENTRIES_MAX 64
#define EIDS_MAX    64

/* What the model knows. */
struct model {
    unsigned latest[TEXTS]; /* edition's number; 0: none */
    struct hash latest_leaf[TEXTS];
    struct hash editions[ENTRIES_MAX];
    size_t editions_count;
    unsigned keys[KEYS]; /* 1 active, 2 revoked */
    int64_t deposited_at;
    int64_t event;
    int64_t register_time;
    unsigned registers;
    unsigned lines;
};

static struct policy *policy;
static uint8_t policy_key[PUBLIC_KEY_LEN];

static void set_up(void) {
    const uint8_t seed[32] = {5};
    uint8_t secret_key[64];
    struct verifier_key key;
    struct buffer text;
    HOLDS(sodium_init() >= 0 && crypto_sign_seed_keypair(policy_key, secret_key, seed) == 0);
    HOLDS(verifier_key_make(&key, BYTES("rules.example/ledger"), NOTE_TYPE_ED25519, policy_key) == 0);
    buffer_init(&text, 1024);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &key);
    buffer_append_text(&text, "\nquorum none\n");
    HOLDS(policy_parse(&policy, buffer_bytes(&text), NULL) == 0);
    buffer_free(&text);
}

static bool is_future(int64_t time_s) {
    return time_s > BEGAN + NOW + CLOCK_TOLERANCE_S;
}

/* ---- entries: each prints one, and says what the model makes of it */

static bool is_edition_fine(const struct model *model, unsigned text, const struct edition_record *record) {
    const unsigned latest = model->latest[text];
    bool is_translated = !record->has_translation_of;
    for (size_t i = 0; i < model->editions_count; i++)
        is_translated = is_translated || hash_equal(&model->editions[i], &record->translation_of);
    return record->edition == latest + 1 && (latest > 0 || record->act == ACT_DEPOSIT) &&
           record->has_previous == (latest > 0) &&
           (latest == 0 || hash_equal(&record->previous, &model->latest_leaf[text])) &&
           record->deposited_at >= model->deposited_at && !is_future(record->deposited_at) && is_translated &&
           (record->act != ACT_WITHDRAWAL || (record->clauses == 0 && record->source_length == 0));
}

static void keep_edition(struct model *model, unsigned text, const struct edition_record *record,
                         const struct hash *leaf) {
    model->lines += model->latest[text] == 0;
    model->latest[text] = record->edition;
    model->latest_leaf[text] = *leaf;
    model->editions[model->editions_count++] = *leaf;
    model->deposited_at = record->deposited_at;
    model->event = record->deposited_at > model->event ? record->deposited_at : model->event;
}

static bool print_edition(struct buffer *out, bool *is_fine, struct model *model, const uint8_t how[4]) {
    static const char *const instruments[TEXTS] = {"pact", "pact", "accord", "accord"};
    static const char *const languages[TEXTS] = {"en", "fr", "en", "fr"};
    const unsigned text = how[0] % TEXTS, latest = model->latest[text], about_previous = how[1] >> 4 & 3u;
    struct hash leaf;
    struct edition_record record = {.instrument = bytes_text(instruments[text]),
                                    .language = bytes_text(languages[text]),
                                    .edition = latest + 1 + (how[1] % 4 == 3),
                                    .act = latest == 0 && how[1] % 4 == 0 ? ACT_DEPOSIT
                                                                          : (enum edition_act)(how[1] >> 2 & 3u),
                                    .title = BYTES("A title"),
                                    .authenticity = (enum authenticity)(how[3] % 3),
                                    .has_previous = (latest > 0) != (about_previous == 2),
                                    .previous = model->latest_leaf[text],
                                    .clauses = how[1] >> 6 & 1u,
                                    .source_length = how[1] >> 7,
                                    .deposited_at = BEGAN + how[2]};
    const size_t which = how[3] / 4;
    record.previous.bytes[0] ^= about_previous == 3;
    record.has_translation_of = record.authenticity == AUTHENTICITY_TRANSLATION;
    if (which < model->editions_count)
        record.translation_of = model->editions[which];
    if (edition_record_print(out, &record, NULL) != 0)
        return false;
    *is_fine = is_edition_fine(model, text, &record);
    merkle_leaf_hash(&leaf, buffer_bytes(out));
    if (*is_fine)
        keep_edition(model, text, &record, &leaf);
    return true;
}

static bool print_key(struct buffer *out, bool *is_fine, struct model *model, const uint8_t how[4]) {
    struct key_record record = {
        .holder = BYTES("a server"), .not_before = BEGAN + how[1], .not_after = BEGAN + how[1] + how[2]};
    const unsigned key = how[0] % KEYS;
    memset(record.public_key, (int)key, PUBLIC_KEY_LEN);
    if (key == 0)
        memcpy(record.public_key, policy_key, PUBLIC_KEY_LEN);
    if (key_record_print(out, &record, NULL) != 0)
        return false;
    *is_fine = key != 0 && model->keys[key] == 0;
    model->lines += *is_fine;
    model->keys[key] = *is_fine ? 1 : model->keys[key];
    return true;
}

static bool print_revocation(struct buffer *out, bool *is_fine, struct model *model, const uint8_t how[4]) {
    struct revocation_record record = {.revoked_at = BEGAN + how[1]};
    const unsigned key = how[0] % KEYS;
    memset(record.public_key, (int)key, PUBLIC_KEY_LEN);
    if (revocation_record_print(out, &record, NULL) != 0)
        return false;
    *is_fine = model->keys[key] == 1;
    if (*is_fine) {
        model->keys[key] = 2;
        model->event = record.revoked_at > model->event ? record.revoked_at : model->event;
    }
    return true;
}

static bool print_register(struct buffer *out, bool *is_fine, struct model *model, struct register_lines *lines,
                           const uint8_t how[4]) {
    struct register_record record = {.time = BEGAN + how[0], .lines = model->lines + (how[1] == 1)};
    bool has_key = false;
    for (size_t i = 0; i < KEYS; i++)
        has_key = has_key || model->keys[i] != 0;
    HOLDS(register_lines_finish(lines) == 0 && register_lines_count(lines) == model->lines);
    register_lines_root(&record.root, lines);
    record.root.bytes[0] ^= how[1] == 2;
    if (register_record_print(out, &record, NULL) != 0)
        return false;
    *is_fine = (model->registers > 0 || has_key) && record.time >= model->register_time &&
               record.time >= model->event && !is_future(record.time) && how[1] != 1 && how[1] != 2;
    if (*is_fine) {
        model->register_time = record.time;
        model->registers++;
    }
    return true;
}

static bool print_entry(struct buffer *out, bool *is_fine, struct model *model, struct register_lines *lines,
                        const uint8_t how[5]) {
    switch (how[0] % 8) {
    case 0:
    case 1:
    case 2:
        return print_edition(out, is_fine, model, how + 1);
    case 3:
        return print_key(out, is_fine, model, how + 1);
    case 4:
        return print_revocation(out, is_fine, model, how + 1);
    case 5:
    case 6:
        return print_register(out, is_fine, model, lines, how + 1);
    default: /* what is no entry of a ledger */
        buffer_append_text(out, how[1] % 2 == 0 ? "depositary/clause/v1\n" : "depositary/edition/v1\n");
        *is_fine = false;
        return true;
    }
}

static struct bytes try_entries(struct bytes in) {
    struct model model = {.lines = 0};
    struct rules rules = {.registers = 0}, copy;
    struct register_lines *lines;
    bool is_fine = true;
    HOLDS(register_lines_new(&lines) == 0);
    for (uint64_t i = 0; i < ENTRIES_MAX && is_fine && in.len >= 5 && in.data[0] != 0xFF; i++) {
        struct fault fault = {0};
        struct buffer record;
        struct hash leaf;
        buffer_init(&record, LIMIT_ENTRY);
        if (print_entry(&record, &is_fine, &model, lines, in.data)) {
            merkle_leaf_hash(&leaf, buffer_bytes(&record));
            const struct rules_entry entry = {.index = i,
                                              .record = buffer_bytes(&record),
                                              .leaf_hash = &leaf,
                                              .policy = policy,
                                              .now_s = BEGAN + NOW};
            int error = rules_follow(&rules, lines, &entry, &fault);
            HOLDS(error == 0 || error == DEPOSITARY_E_RULE || error == DEPOSITARY_E_RECORD);
            HOLDS((error == 0) == is_fine && (error == 0 || fault.text[0] != '\0'));
            HOLDS(!is_fine || rules_register_lines(&rules) == model.lines);
        }
        buffer_free(&record);
        in = bytes_slice(in, 5, in.len);
    }
    HOLDS(rules_copy(&copy, &rules) == 0 && rules_register_lines(&copy) == rules_register_lines(&rules));
    rules_free(&copy);
    rules_free(&rules);
    register_lines_free(lines);
    while (in.len >= 5 && in.data[0] != 0xFF)
        in = bytes_slice(in, 5, in.len);
    return bytes_slice(in, 1, in.len);
}

/* ---- eIds */

/* Whether the eId is the other followed by "__", and by more or nothing. */
static bool is_around(struct bytes other, struct bytes eid) {
    return bytes_take(&eid, other) && bytes_starts_with(eid, BYTES("__"));
}

static void try_eids(struct bytes in) {
    struct bytes known[EIDS_MAX], line;
    struct eids eids;
    bool is_fine = true;
    memset(&eids, 0, sizeof eids);
    for (size_t count = 0; count < EIDS_MAX && is_fine && bytes_take_line(&in, &line); count++) {
        if (!eid_valid(line)) {
            count--;
            continue;
        }
        for (size_t i = 0; i < count; i++)
            is_fine =
                is_fine && !bytes_equal(line, known[i]) && !is_around(known[i], line) && !is_around(line, known[i]);
        known[count] = line;
        HOLDS((eids_add(&eids, line, NULL) == 0) == is_fine);
    }
    eids_free(&eids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (policy == NULL)
        set_up();
    if (size > 4096)
        return 0;
    try_eids(try_entries(bytes_of(data, size)));
    return 0;
}
