/*
 * Whom a client trusts: ledger keys, witnesses and a quorum, and the judging of a checkpoint by them. PROTOCOL.md section 8; C2SP
 * tlog-policy. Pure.
 *
 * A name is a member of at most one group, so witnesses and groups are the leaves and nodes of trees, each pointing at its parent;
 * a group's members stand before it. One walk in that order counts a quorum.
 */
#include "proof/policy.h"

#include "base/encode.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 128 /* bytes of a witness's or group's name */
#define NO_MEMBER    SIZE_MAX

/* A name that a quorum can be made of: a witness, or a group of them. */
struct member {
    char name[NAME_MAX_LEN + 1];
    size_t parent;    /* index of its group among the members, or NO_MEMBER */
    size_t threshold; /* of a group: how many of its members; of a witness: 1 */
    size_t witness;   /* index among the witnesses, or NO_MEMBER for a group */
};

struct witness {
    struct verifier_key key;
    char url[POLICY_URL_MAX + 1];
};

struct policy {
    size_t logs_count;
    size_t witnesses_count;
    size_t members_count;
    size_t groups_count;
    size_t quorum; /* index among the members, or NO_MEMBER for `quorum none` */
    struct verifier_key logs[POLICY_KEYS_MAX];
    struct witness witnesses[POLICY_KEYS_MAX];
    struct member members[2 * POLICY_KEYS_MAX]; /* in the order of the lines */
};

/* ---- reading */

struct reader {
    struct policy *policy;
    size_t line; /* from 1 */
    bool has_quorum;
    struct fault *fault;
};

static int refuse(const struct reader *reader, const char *why) {
    return fault_set(reader->fault, DEPOSITARY_E_POLICY, "line %zu of the policy: %s", reader->line, why);
}

/* Takes the next word off the line; false, and an empty word, at its end. */
static bool take_word(struct bytes *line, struct bytes *word) {
    size_t start = 0, end;

    while (start < line->len && (line->data[start] == ' ' || line->data[start] == '\t'))
        start++;
    for (end = start; end < line->len && line->data[end] != ' ' && line->data[end] != '\t';)
        end++;
    *word = bytes_slice(*line, start, end - start);
    *line = bytes_slice(*line, end, line->len - end);
    return word->len > 0;
}

static bool at_end(struct bytes line) {
    struct bytes word;
    return !take_word(&line, &word);
}

static bool key_in(const struct verifier_key *key, const struct verifier_key *other) {
    const bool same_key = memcmp(key->public_key, other->public_key, PUBLIC_KEY_LEN) == 0;
    const bool same_line = strcmp(key->name, other->name) == 0 && memcmp(key->id, other->id, sizeof(key->id)) == 0;
    return same_key || same_line;
}

/* Whether a key, or one whose signature lines cannot be told from its own, is in the policy. */
static bool has_key(const struct policy *policy, const struct verifier_key *key) {
    for (size_t i = 0; i < policy->logs_count; i++)
        if (key_in(key, &policy->logs[i]))
            return true;
    for (size_t i = 0; i < policy->witnesses_count; i++)
        if (key_in(key, &policy->witnesses[i].key))
            return true;
    return false;
}

static int take_key(const struct reader *reader, struct verifier_key *out, uint8_t type, struct bytes *line) {
    struct bytes word;
    struct fault why = {.error = 0};

    (void)take_word(line, &word);
    if (verifier_key_parse(out, word, &why) != 0)
        return refuse(reader, fault_text(&why));
    if (out->type != type)
        return refuse(reader, type == NOTE_TYPE_ED25519 ? "a log's key has type 1" : "a witness's key has type 4");
    if (has_key(reader->policy, out))
        return refuse(reader, "this key is in the policy already; a key has one role");
    return 0;
}

/* Takes the optional URL and the end of the line. */
static int take_url(const struct reader *reader, char out[POLICY_URL_MAX + 1], struct bytes *line) {
    struct bytes word;

    (void)take_word(line, &word);
    if (!at_end(*line))
        return refuse(reader, "more words than a key and a URL");
    if (word.len > POLICY_URL_MAX)
        return refuse(reader, "a URL has at most 255 bytes");
    bytes_write_text(out, POLICY_URL_MAX + 1, word);
    return 0;
}

static size_t find_member(const struct policy *policy, struct bytes name) {
    for (size_t i = 0; i < policy->members_count; i++)
        if (bytes_equal(bytes_text(policy->members[i].name), name))
            return i;
    return NO_MEMBER;
}

/* Takes a new name off the line, for the member that will be the next one. */
static int take_new_name(const struct reader *reader, struct member *out, struct bytes *line) {
    struct bytes word;

    if (!take_word(line, &word) || word.len > NAME_MAX_LEN)
        return refuse(reader, "a name of 1 to 128 bytes is missing");
    if (bytes_equal(word, BYTES("none")))
        return refuse(reader, "the name none means that there is no quorum");
    if (find_member(reader->policy, word) != NO_MEMBER)
        return refuse(reader, "this name is taken");
    memcpy(out->name, word.data, word.len);
    out->name[word.len] = '\0';
    return 0;
}

static int read_log(struct reader *reader, struct bytes line) {
    struct policy *policy = reader->policy;
    struct verifier_key key;
    char url[POLICY_URL_MAX + 1];
    int error;

    if (policy->logs_count == POLICY_KEYS_MAX)
        return refuse(reader, "more than 32 logs");
    if ((error = take_key(reader, &key, NOTE_TYPE_ED25519, &line)) || (error = take_url(reader, url, &line)))
        return error;
    if (!origin_valid(bytes_text(key.name)))
        return refuse(reader, "the key's name is no origin");
    if (policy->logs_count > 0 && strcmp(policy->logs[0].name, key.name) != 0)
        return refuse(reader, "a log of another name; all logs of a policy have one, the origin");
    policy->logs[policy->logs_count++] = key;
    return 0;
}

static int read_witness(struct reader *reader, struct bytes line) {
    struct policy *policy = reader->policy;
    struct member member = {.parent = NO_MEMBER, .threshold = 1, .witness = policy->witnesses_count};
    struct witness witness;
    int error;

    if (policy->witnesses_count == POLICY_KEYS_MAX)
        return refuse(reader, "more than 32 witnesses");
    if ((error = take_new_name(reader, &member, &line)) ||
        (error = take_key(reader, &witness.key, NOTE_TYPE_COSIGNATURE, &line)) ||
        (error = take_url(reader, witness.url, &line)))
        return error;
    policy->witnesses[policy->witnesses_count++] = witness;
    policy->members[policy->members_count++] = member;
    return 0;
}

/* Gives the names on the rest of the line a parent, which is not there yet, and counts them. */
static int take_members(const struct reader *reader, size_t *out_count, size_t parent, struct bytes line) {
    struct bytes word;

    *out_count = 0;
    while (take_word(&line, &word)) {
        const size_t i = find_member(reader->policy, word);
        if (i == NO_MEMBER)
            return refuse(reader, "a member that no line before names");
        if (reader->policy->members[i].parent != NO_MEMBER)
            return refuse(reader, "a member that is one of a group already");
        reader->policy->members[i].parent = parent;
        ++*out_count;
    }
    return *out_count > 0 ? 0 : refuse(reader, "a group without members");
}

static int read_group(struct reader *reader, struct bytes line) {
    struct policy *policy = reader->policy;
    struct member member = {.parent = NO_MEMBER, .witness = NO_MEMBER};
    struct bytes word;
    uint64_t threshold = 1; /* any */
    size_t count;
    int error;

    if (policy->groups_count == POLICY_KEYS_MAX)
        return refuse(reader, "more than 32 groups");
    if ((error = take_new_name(reader, &member, &line)))
        return error;
    (void)take_word(&line, &word);
    const bool all = bytes_equal(word, BYTES("all"));
    if (!all && !bytes_equal(word, BYTES("any")) && !decimal_parse(&threshold, word))
        return refuse(reader, "a group's threshold is all, any or a number");
    if ((error = take_members(reader, &count, policy->members_count, line)))
        return error;
    if (all)
        threshold = count;
    if (threshold < 1 || threshold > count)
        return refuse(reader, "a group's threshold is from 1 to the number of its members");
    member.threshold = (size_t)threshold;
    policy->members[policy->members_count++] = member;
    policy->groups_count++;
    return 0;
}

static int read_quorum(struct reader *reader, struct bytes line) {
    struct bytes word;

    if (reader->has_quorum)
        return refuse(reader, "a second quorum");
    (void)take_word(&line, &word);
    if (word.len == 0 || !at_end(line))
        return refuse(reader, "a quorum is one name");
    reader->policy->quorum = find_member(reader->policy, word);
    if (reader->policy->quorum == NO_MEMBER && !bytes_equal(word, BYTES("none")))
        return refuse(reader, "the quorum is neither none nor a name of a line before");
    reader->has_quorum = true;
    return 0;
}

static int read_line(struct reader *reader, struct bytes line) {
    struct bytes word;

    for (size_t i = 0; i < line.len; i++)
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7F)
            return refuse(reader, "a control character");
    if (!take_word(&line, &word) || word.data[0] == '#')
        return 0;
    if (bytes_equal(word, BYTES("log")))
        return read_log(reader, line);
    if (bytes_equal(word, BYTES("witness")))
        return read_witness(reader, line);
    if (bytes_equal(word, BYTES("group")))
        return read_group(reader, line);
    if (bytes_equal(word, BYTES("quorum")))
        return read_quorum(reader, line);
    return refuse(reader, "a line begins with log, witness, group, quorum or #");
}

static int read_lines(struct reader *reader, struct bytes text) {
    struct bytes line;
    int error = 0;

    while (!error && text.len > 0) {
        reader->line++;
        error = bytes_take_line(&text, &line) ? read_line(reader, line) : refuse(reader, "no newline at its end");
    }
    if (error)
        return error;
    if (reader->policy->logs_count == 0)
        return fault_set(reader->fault, DEPOSITARY_E_POLICY, "the policy names no log");
    if (!reader->has_quorum)
        return fault_set(reader->fault, DEPOSITARY_E_POLICY,
                         "the policy has no quorum line; without witnesses it is: quorum none");
    return 0;
}

int policy_parse(struct policy **out, struct bytes text, struct fault *fault) {
    struct reader reader = {.fault = fault};

    if (text.len > POLICY_TEXT_MAX)
        return fault_set(fault, DEPOSITARY_E_POLICY, "a policy has at most %d bytes", POLICY_TEXT_MAX);
    reader.policy = calloc(1, sizeof(*reader.policy));
    if (!reader.policy)
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for a policy");
    const int error = read_lines(&reader, text);
    if (error)
        policy_free(reader.policy);
    else
        *out = reader.policy;
    return error;
}

int policy_copy(struct policy **out, const struct policy *policy) {
    struct policy *copy = malloc(sizeof(*copy));

    if (!copy)
        return DEPOSITARY_E_MEMORY;
    *copy = *policy;
    *out = copy;
    return 0;
}

int policy_copy_without_quorum(struct policy **out, const struct policy *policy) {
    int error = policy_copy(out, policy);
    if (!error)
        (*out)->quorum = NO_MEMBER;
    return error;
}

void policy_free(struct policy *policy) {
    free(policy);
}

/* ---- what it says */

struct bytes policy_origin(const struct policy *policy) {
    return bytes_text(policy->logs[0].name);
}

size_t policy_logs_count(const struct policy *policy) {
    return policy->logs_count;
}

const struct verifier_key *policy_log(const struct policy *policy, size_t index) {
    return index < policy->logs_count ? &policy->logs[index] : NULL;
}

size_t policy_witnesses_count(const struct policy *policy) {
    return policy->witnesses_count;
}

const struct verifier_key *policy_witness(const struct policy *policy, size_t index) {
    return index < policy->witnesses_count ? &policy->witnesses[index].key : NULL;
}

const char *policy_witness_url(const struct policy *policy, size_t index) {
    return index < policy->witnesses_count ? policy->witnesses[index].url : "";
}

bool policy_has_quorum(const struct policy *policy) {
    return policy->quorum != NO_MEMBER;
}

bool policy_has_key(const struct policy *policy, const uint8_t public_key[PUBLIC_KEY_LEN]) {
    for (size_t i = 0; i < policy->logs_count; i++)
        if (memcmp(policy->logs[i].public_key, public_key, PUBLIC_KEY_LEN) == 0)
            return true;
    for (size_t i = 0; i < policy->witnesses_count; i++)
        if (memcmp(policy->witnesses[i].key.public_key, public_key, PUBLIC_KEY_LEN) == 0)
            return true;
    return false;
}

/* ---- judging */

/* At least one log's signature, and none that is wrong. */
static int check_logs(const struct policy *policy, const struct note *note, struct fault *fault) {
    bool any = false;

    for (size_t i = 0; i < policy->logs_count; i++) {
        const int error = note_verify(note, &policy->logs[i], NULL);
        if (error == DEPOSITARY_E_CHECKPOINT_KEY)
            continue;
        if (error)
            return fault_set(fault, error, "log key %zu of the policy (%s): %s", i + 1, policy->logs[i].name,
                             depositary_error_text(error));
        any = true;
    }
    return any ? 0
               : fault_set(fault, DEPOSITARY_E_CHECKPOINT_KEY, "none of the policy's keys of %s signed the checkpoint",
                           policy->logs[0].name);
}

/* Says who cosigned; no cosignature of a known witness is wrong. */
static int check_witnesses(bool cosigned[POLICY_KEYS_MAX], const struct policy *policy, const struct note *note,
                           struct fault *fault) {
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        const int error = note_verify(note, &policy->witnesses[i].key, NULL);
        if (error && error != DEPOSITARY_E_CHECKPOINT_KEY)
            return fault_set(fault, error, "witness %zu of the policy (%s): %s", i + 1, policy->witnesses[i].key.name,
                             depositary_error_text(error));
        cosigned[i] = error == 0;
    }
    return 0;
}

static bool quorum_met(const struct policy *policy, const bool cosigned[POLICY_KEYS_MAX]) {
    size_t counts[2 * POLICY_KEYS_MAX] = {0};
    bool met = policy->quorum == NO_MEMBER;

    /* Members stand before their group, so its count is complete when it is reached. */
    for (size_t i = 0; i < policy->members_count; i++) {
        const struct member *member = &policy->members[i];
        if (member->witness != NO_MEMBER)
            counts[i] = cosigned[member->witness] ? 1 : 0;
        if (counts[i] < member->threshold)
            continue;
        if (member->parent != NO_MEMBER)
            counts[member->parent]++;
        met = met || i == policy->quorum;
    }
    return met;
}

int policy_verify_signatures(struct checkpoint *out, bool *has_quorum, const struct policy *policy, struct bytes note,
                             struct fault *fault) {
    struct note parsed;
    struct checkpoint checkpoint;
    bool cosigned[POLICY_KEYS_MAX] = {false};
    struct fault why = {.error = 0};
    int error = note_parse(&parsed, note, &why);

    if (error)
        return fault_set(fault, error == DEPOSITARY_E_NOTE ? DEPOSITARY_E_CHECKPOINT_FORMAT : error, "%s", why.text);
    if ((error = checkpoint_parse(&checkpoint, parsed.text, fault)))
        return error;
    if (!bytes_equal(checkpoint.origin, policy_origin(policy)))
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_ORIGIN, "the checkpoint is of %.*s, the policy of %s",
                         (int)checkpoint.origin.len, (const char *)checkpoint.origin.data, policy->logs[0].name);
    if ((error = check_logs(policy, &parsed, fault)) || (error = check_witnesses(cosigned, policy, &parsed, fault)))
        return error;
    *has_quorum = quorum_met(policy, cosigned);
    *out = checkpoint;
    return 0;
}

int policy_verify_checkpoint(struct checkpoint *out, const struct policy *policy, struct bytes note,
                             struct fault *fault) {
    struct checkpoint checkpoint;
    bool has_quorum = false;
    const int error = policy_verify_signatures(&checkpoint, &has_quorum, policy, note, fault);

    if (error)
        return error;
    if (!has_quorum)
        return fault_set(fault, DEPOSITARY_E_QUORUM, "too few of the policy's witnesses cosigned the checkpoint");
    *out = checkpoint;
    return 0;
}

/* The line of a key's signature in a note; empty where there is none. */
static struct bytes signature_line(const struct note *note, const struct verifier_key *key) {
    for (size_t i = 0; i < note->signatures_count; i++)
        if (bytes_equal(note->signatures[i].name, bytes_text(key->name)) &&
            memcmp(note->signatures[i].id, key->id, sizeof(key->id)) == 0)
            return note->signatures[i].line;
    return bytes_of(NULL, 0);
}

int policy_merge_cosignatures(struct buffer *out, const struct policy *policy, struct bytes into, struct bytes from) {
    struct note have, offered;
    size_t lines, len = into.len;
    int error;

    if ((error = note_parse(&have, into, NULL)) || (error = note_parse(&offered, from, NULL)))
        return error;
    if (!bytes_equal(have.text, offered.text))
        return DEPOSITARY_E_CONFLICT;
    buffer_append(out, into);
    lines = have.signatures_count;
    for (size_t i = 0; i < policy->witnesses_count && lines < NOTE_SIGNATURES_MAX; i++) {
        const struct verifier_key *key = &policy->witnesses[i].key;
        const struct bytes line = signature_line(&offered, key);
        if (line.len == 0 || line.len > LIMIT_NOTE - len || signature_line(&have, key).len > 0 ||
            note_verify(&offered, key, NULL) != 0)
            continue;
        buffer_append(out, line);
        len += line.len;
        lines++;
    }
    return out->error;
}
