/* The rules of the ledger, entry by entry. PROTOCOL.md section 2. */
#include "ledger/rules.h"

#include "base/sha256.h"

#include <inttypes.h>
#include <string.h>

#define KEY_ACTIVE  1u
#define KEY_REVOKED 2u

void rules_free(struct rules *rules) {
    table_free(&rules->texts);
    table_free(&rules->editions);
    table_free(&rules->keys);
    *rules = (struct rules){0};
}

int rules_copy(struct rules *out, const struct rules *in) {
    struct rules copy = *in;
    copy.texts = copy.editions = copy.keys = (struct table){0};
    int error = table_copy(&copy.texts, &in->texts);
    if (error == 0)
        error = table_copy(&copy.editions, &in->editions);
    if (error == 0)
        error = table_copy(&copy.keys, &in->keys);
    if (error) {
        rules_free(&copy);
        return error;
    }
    *out = copy;
    return DEPOSITARY_OK;
}

static int broken(const struct rules_entry *entry, struct fault *fault, const char *rule) {
    return fault_set(fault, DEPOSITARY_E_RULE, "entry %" PRIu64 ": %s", entry->index, rule);
}

/* A parser's error, with the entry before its words. */
static int unreadable(const struct rules_entry *entry, struct fault *fault, int error, const struct fault *why) {
    return fault_set(fault, error, "entry %" PRIu64 ": %s", entry->index, fault_text(why));
}

static bool too_late(int64_t time_s, int64_t now_s) {
    return time_s > now_s && time_s - now_s > CLOCK_TOLERANCE_S;
}

/* A text (an instrument in a language) has a number from 1 on; edition `number` of it is one value in the tables. */
static uint64_t edition_value(uint64_t text, uint32_t number) {
    return text << 32 | number;
}

static struct hash text_key(const struct edition_record *edition) {
    struct sha256 hash;
    struct hash key;
    sha256_begin(&hash);
    sha256_add(&hash, edition->instrument);
    sha256_add(&hash, BYTES(" "));
    sha256_add(&hash, edition->language);
    sha256_end(&hash, key.bytes);
    return key;
}

/* Number, act and `previous`, against the latest edition of the same instrument and language (0: none). */
static int check_succession(const struct rules *rules, const struct rules_entry *entry,
                            const struct edition_record *edition, uint64_t latest, struct fault *fault) {
    if (latest == 0) {
        if (edition->edition != 1)
            return broken(entry, fault, "the first edition of a text is number 1");
        if (edition->act != ACT_DEPOSIT)
            return broken(entry, fault, "the act of a first edition is deposit");
        if (edition->has_previous)
            return broken(entry, fault, "a first edition has no previous one");
        return DEPOSITARY_OK;
    }
    if ((uint64_t)edition->edition != (latest & UINT32_MAX) + 1)
        return broken(entry, fault, "an edition's number is its predecessor's plus 1");
    if (!edition->has_previous || table_get(&rules->editions, &edition->previous) != latest)
        return broken(entry, fault, "previous is not the leaf hash of the latest edition of this text");
    return DEPOSITARY_OK;
}

static int check_edition(const struct rules *rules, const struct rules_entry *entry,
                         const struct edition_record *edition, struct fault *fault) {
    if (edition->deposited_at < rules->deposited_at)
        return broken(entry, fault, "deposited-at runs backwards");
    if (too_late(edition->deposited_at, entry->now_s))
        return broken(entry, fault, "deposited-at is in the future");
    if ((edition->authenticity == AUTHENTICITY_TRANSLATION) != edition->has_translation_of)
        return broken(entry, fault, "translation-of stands if and only if authenticity is translation");
    if (edition->has_translation_of && table_get(&rules->editions, &edition->translation_of) == 0)
        return broken(entry, fault, "translation-of names no earlier edition");
    if (edition->act == ACT_WITHDRAWAL && (edition->clauses != 0 || edition->source_length != 0))
        return broken(entry, fault, "a withdrawal has no clauses and an empty source");
    return DEPOSITARY_OK;
}

static int follow_edition(struct rules *rules, const struct rules_entry *entry, struct fault *fault) {
    struct edition_record edition;
    struct fault why = {0};
    int error = edition_record_parse(&edition, entry->record, &why);
    if (error)
        return unreadable(entry, fault, error, &why);

    struct hash key = text_key(&edition);
    uint64_t latest = table_get(&rules->texts, &key);
    error = check_succession(rules, entry, &edition, latest, fault);
    if (error == 0)
        error = check_edition(rules, entry, &edition, fault);
    if (error)
        return error;

    uint64_t text = latest == 0 ? rules->texts.count + 1 : latest >> 32;
    uint64_t value = edition_value(text, edition.edition);
    rules->deposited_at = edition.deposited_at;
    if (edition.deposited_at > rules->event)
        rules->event = edition.deposited_at;
    error = table_set(&rules->texts, &key, value);
    return error ? error : table_set(&rules->editions, entry->leaf_hash, value);
}

static struct hash key_of(const uint8_t public_key[PUBLIC_KEY_LEN]) {
    struct hash key;
    memcpy(key.bytes, public_key, sizeof key.bytes);
    return key;
}

static int follow_key(struct rules *rules, const struct rules_entry *entry, struct fault *fault) {
    struct key_record record;
    struct fault why = {0};
    int error = key_record_parse(&record, entry->record, &why);
    if (error)
        return unreadable(entry, fault, error, &why);

    struct hash key = key_of(record.public_key);
    if (policy_has_key(entry->policy, record.public_key))
        return broken(entry, fault, "the public key is a ledger's or a witness's key in the policy");
    if (table_get(&rules->keys, &key) != 0)
        return broken(entry, fault, "the public key has a key record already");
    return table_set(&rules->keys, &key, KEY_ACTIVE);
}

static int follow_revocation(struct rules *rules, const struct rules_entry *entry, struct fault *fault) {
    struct revocation_record record;
    struct fault why = {0};
    int error = revocation_record_parse(&record, entry->record, &why);
    if (error)
        return unreadable(entry, fault, error, &why);

    struct hash key = key_of(record.public_key);
    uint64_t known = table_get(&rules->keys, &key);
    if (known == 0)
        return broken(entry, fault, "the public key has no key record before its revocation");
    if (known == KEY_REVOKED)
        return broken(entry, fault, "the public key is revoked already");
    if (record.revoked_at > rules->event)
        rules->event = record.revoked_at;
    return table_set(&rules->keys, &key, KEY_REVOKED);
}

uint64_t rules_register_lines(const struct rules *rules) {
    return rules->texts.count + rules->keys.count;
}

static int follow_register(struct rules *rules, struct register_lines *lines, const struct rules_entry *entry,
                           struct fault *fault) {
    struct register_record record;
    struct fault why = {0};
    int error = register_record_parse(&record, entry->record, &why);
    if (error)
        return unreadable(entry, fault, error, &why);

    if (rules->registers == 0 && rules->keys.count == 0)
        return broken(entry, fault, "a ledger begins with one append that holds an answer key");
    if (record.time < rules->register_time)
        return broken(entry, fault, "the register's time runs backwards");
    if (record.time < rules->event)
        return broken(entry, fault, "the register's time is before a deposit or revocation");
    if (too_late(record.time, entry->now_s))
        return broken(entry, fault, "the register's time is in the future");

    if (record.lines != rules_register_lines(rules))
        return broken(entry, fault, "the register has not as many lines as the entries before it say");
    if (!entry->skip_register_root) {
        struct hash root;
        error = register_lines_finish(lines);
        if (error)
            return error;
        register_lines_root(&root, lines);
        if (!hash_equal(&record.root, &root))
            return broken(entry, fault, "the register is not what the entries before it say");
    }
    rules->register_time = record.time;
    rules->registers++;
    return DEPOSITARY_OK;
}

/* Adds the entry to what the register says. */
static int follow_lines(struct register_lines *lines, const struct rules_entry *entry, struct fault *fault) {
    struct fault why = {0};
    int error = register_lines_apply(lines, entry->record, entry->leaf_hash, &why);
    return error ? unreadable(entry, fault, error, &why) : DEPOSITARY_OK;
}

int rules_follow(struct rules *rules, struct register_lines *lines, const struct rules_entry *entry,
                 struct fault *fault) {
    int error;
    switch (record_type(entry->record)) {
    case RECORD_EDITION:
        error = follow_edition(rules, entry, fault);
        break;
    case RECORD_KEY:
        error = follow_key(rules, entry, fault);
        break;
    case RECORD_REVOCATION:
        error = follow_revocation(rules, entry, fault);
        break;
    case RECORD_REGISTER:
        return follow_register(rules, lines, entry, fault);
    default:
        return fault_set(fault, DEPOSITARY_E_RECORD,
                         "entry %" PRIu64 ": not an edition, key, revocation or register record", entry->index);
    }
    return error ? error : follow_lines(lines, entry, fault);
}
