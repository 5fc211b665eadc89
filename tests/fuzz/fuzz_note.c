/*
 * Notes, checkpoints and verifier keys: what parses prints as the same bytes. Then one note under a policy of two logs, three witnesses and a quorum: the first byte chooses by
 * whom it is signed and cosigned, the rest is its text, and lines of signature after a NUL. Oracle: it is verified if and only if that is enough, and merging
 * cosignatures of two such notes makes one that has all of them.
 */
#include "fuzz.h"
#include "proof/policy.h"

#include <sodium.h>
#include <string.h>

#define ORIGIN    "fuzz.example/ledger"
#define LOGS      2
#define WITNESSES 3

struct key {
    struct verifier_key verifier;
    uint8_t secret[64];
};

static struct key logs[LOGS], witnesses[WITNESSES];
static struct policy *policy;

static void make_key(struct key *out, const char *name, uint8_t type, uint8_t seed_byte) {
    uint8_t seed[32], public_key[32];
    memset(seed, seed_byte, sizeof seed);
    HOLDS(crypto_sign_seed_keypair(public_key, out->secret, seed) == 0);
    HOLDS(verifier_key_make(&out->verifier, bytes_text(name), type, public_key) == 0);
}

/* "log <key>" or "witness <name> <key>". */
static void add_line(struct buffer *out, const char *words, const struct key *key) {
    buffer_append_text(out, words);
    verifier_key_print(out, &key->verifier);
    buffer_append_byte(out, '\n');
}

static void set_up(void) {
    static const char *const names[WITNESSES] = {"one.example", "two.example", "three.example"};
    static const char *const lines[WITNESSES] = {"witness a ", "witness b ", "witness c "};
    struct buffer text;
    HOLDS(sodium_init() >= 0);
    buffer_init(&text, 4096);
    for (size_t i = 0; i < LOGS; i++) {
        make_key(&logs[i], ORIGIN, NOTE_TYPE_ED25519, (uint8_t)(1 + i));
        add_line(&text, "log ", &logs[i]);
    }
    for (size_t i = 0; i < WITNESSES; i++) {
        make_key(&witnesses[i], names[i], NOTE_TYPE_COSIGNATURE, (uint8_t)(10 + i));
        add_line(&text, lines[i], &witnesses[i]);
    }
    buffer_append_text(&text, "group bc any b c\ngroup q all a bc\nquorum q\n");
    HOLDS(policy_parse(&policy, buffer_bytes(&text), NULL) == 0);
    buffer_free(&text);
}

/* ---- by themselves */

static void try_forms(struct bytes in) {
    struct note note;
    struct checkpoint checkpoint;
    struct verifier_key key;
    struct buffer out;
    buffer_init(&out, LIMIT_NOTE);
    if (note_parse(&note, in, NULL) == 0)
        HOLDS(note.text.len < in.len && note.signatures_count > 0);
    if (checkpoint_parse(&checkpoint, in, NULL) == 0) {
        checkpoint_print(&out, &checkpoint);
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    if (verifier_key_parse(&key, in, NULL) == 0) {
        buffer_clear(&out);
        verifier_key_print(&out, &key);
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    HOLDS(policy_verify_checkpoint(&checkpoint, policy, in, NULL) != 0); /* nobody signed it */
    buffer_free(&out);
}

/* ---- signed */

/* The note of that checkpoint with the signatures of the bits; false where there is none. */
static bool print_note(struct buffer *out, const struct checkpoint *checkpoint, uint8_t bits, struct bytes lines) {
    struct buffer text, one;
    struct note note;
    struct checkpoint other;
    bool has_log = false;
    buffer_init(&text, LIMIT_NOTE);
    buffer_init(&one, LIMIT_NOTE);
    checkpoint_print(&text, checkpoint);
    buffer_append(out, buffer_bytes(&text));
    buffer_append_byte(out, '\n');
    for (size_t i = 0; i < LOGS; i++) {
        if (!(bits & (1u << i)))
            continue;
        buffer_clear(&one);
        HOLDS(checkpoint_sign(&one, checkpoint, &logs[i].verifier, logs[i].secret) == 0);
        HOLDS(note_parse(&note, buffer_bytes(&one), NULL) == 0 && note_verify(&note, &logs[i].verifier, NULL) == 0);
        buffer_append(out, note.signatures[0].line);
        has_log = true;
    }
    for (size_t i = 0; i < WITNESSES; i++)
        if (bits & (4u << i))
            HOLDS(note_cosign(out, buffer_bytes(&text), bits, &witnesses[i].verifier, witnesses[i].secret) == 0);
    HOLDS(note_cosign(out, buffer_bytes(&text), -1, &witnesses[0].verifier, witnesses[0].secret) != 0);
    HOLDS(note_cosign(out, buffer_bytes(&text), 1, &logs[0].verifier, logs[0].secret) != 0);
    HOLDS(note_cosign(out, buffer_bytes(&text), 1, &witnesses[0].verifier, witnesses[1].secret) != 0);
    buffer_clear(&one);
    HOLDS((note_cosign(&one, lines, 1, &witnesses[0].verifier, witnesses[0].secret) == 0) ==
          (checkpoint_parse(&other, lines, NULL) == 0));
    HOLDS(checkpoint_sign(out, checkpoint, &logs[0].verifier, logs[1].secret) != 0);
    HOLDS(checkpoint_sign(out, checkpoint, &witnesses[0].verifier, witnesses[0].secret) != 0);
    buffer_append(out, lines);
    buffer_free(&text);
    buffer_free(&one);
    return has_log && out->error == 0;
}

static bool has_quorum(uint8_t bits) {
    return (bits & 4u) && (bits & (8u | 16u));
}

/* Each cosignature says its time. */
static void judge_times(struct bytes in, uint8_t bits) {
    struct note note;
    int64_t time_s = -1;
    HOLDS(note_parse(&note, in, NULL) == 0);
    for (size_t i = 0; i < WITNESSES; i++)
        HOLDS((note_verify(&note, &witnesses[i].verifier, &time_s) == 0) == ((bits & (4u << i)) != 0));
    HOLDS(time_s == -1 || time_s == bits);
}

/* A line may be put in front that takes the key's place, so only without others is it known what must come of it. */
static void try_signed(const struct checkpoint *checkpoint, uint8_t bits, struct bytes lines) {
    struct checkpoint read;
    struct buffer note;
    bool is_met = false;
    buffer_init(&note, 2 * LIMIT_NOTE);
    bool is_signed = print_note(&note, checkpoint, bits, lines);
    bool is_enough = is_signed && has_quorum(bits);
    int error = policy_verify_checkpoint(&read, policy, buffer_bytes(&note), NULL);
    HOLDS(error != 0 || is_enough);
    if (lines.len == 0 && is_signed) {
        HOLDS((error == 0) == is_enough);
        HOLDS(policy_verify_signatures(&read, &is_met, policy, buffer_bytes(&note), NULL) == 0);
        HOLDS(is_met == has_quorum(bits) && read.size == checkpoint->size);
        judge_times(buffer_bytes(&note), bits);
    }
    buffer_free(&note);
}

static void try_merge(const struct checkpoint *checkpoint, uint8_t bits, struct bytes lines) {
    struct checkpoint read;
    struct buffer into, from, merged;
    const uint8_t other = (uint8_t)(bits >> 3 | 1u);
    bool is_met = false;
    buffer_init(&into, 2 * LIMIT_NOTE);
    buffer_init(&from, 2 * LIMIT_NOTE);
    buffer_init(&merged, LIMIT_NOTE);
    (void)print_note(&into, checkpoint, bits | 1u, bytes_of(NULL, 0));
    (void)print_note(&from, checkpoint, other, lines);
    if (policy_merge_cosignatures(&merged, policy, buffer_bytes(&into), buffer_bytes(&from)) == 0) {
        HOLDS(policy_verify_signatures(&read, &is_met, policy, buffer_bytes(&merged), NULL) == 0);
        HOLDS(lines.len > 0 || is_met == has_quorum(bits | other));
        HOLDS(bytes_starts_with(buffer_bytes(&merged), buffer_bytes(&into)));
    } else {
        HOLDS(lines.len > 0);
    }
    buffer_free(&into);
    buffer_free(&from);
    buffer_free(&merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct checkpoint checkpoint;
    struct buffer own;
    if (policy == NULL)
        set_up();
    try_forms(bytes_of(data, size));
    if (size < 2 || size > LIMIT_NOTE)
        return 0;
    struct bytes text = bytes_of(data + 1, size - 1), lines = bytes_of(NULL, 0);
    const uint8_t *cut = memchr(text.data, 0, text.len);
    if (cut != NULL) {
        lines = bytes_slice(text, (size_t)(cut - text.data) + 1, text.len);
        text.len = (size_t)(cut - text.data);
    }
    buffer_init(&own, LIMIT_NOTE);
    if (checkpoint_parse(&checkpoint, text, NULL) == 0 && bytes_equal(checkpoint.origin, BYTES(ORIGIN))) {
        try_signed(&checkpoint, data[0], lines);
        try_merge(&checkpoint, data[0], lines);
    } else if (checkpoint_parse(&checkpoint, text, NULL) == 0) {
        HOLDS(checkpoint_sign(&own, &checkpoint, &logs[0].verifier, logs[0].secret) == DEPOSITARY_E_ARGUMENT);
    }
    buffer_free(&own);
    return 0;
}
