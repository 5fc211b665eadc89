#define _GNU_SOURCE /* memmem */
/*
 * Certified copies and seal heads. What parses prints as the same bytes. The first byte chooses a clause of tests/unit/answer_maker.h; the second, whether the
 * checkpoint is signed anew by the ledger's key; then come the clause record, a NUL, the .proof file; without them the true ones. Oracle: what is verified is what was
 * deposited, and one who remembers what was verified before finds the same. Seal heads: the whole input, and the part after the second byte.
 */
#include "proof/copy.h"

#include "answer_maker.h"
#include "mutate.h"
#include "proof/seal.h"

#include <string.h>

#define HEAD_LEN   2
#define COPIES_MAX 16

static struct world world;
static struct copy_memory *memory; /* over all inputs */

/* A clause of an edition that is in the new state. */
static const struct world_edition *choose(uint8_t choice, size_t *place) {
    static const enum world_edition_name editions[] = {PACT_1, PACT_2, ACCORD_ZH, ACCORD_EN, GONE_1};
    if (world.policy == NULL) {
        world_begin(&world, WORLD_NOW);
        HOLDS(copy_memory_new(&memory, world.policy) == 0);
    }
    const struct world_edition *edition = &world.editions[editions[choice % 5]];
    *place = choice / 5 % edition->count;
    return edition;
}

static void print_truth(struct buffer *out, uint8_t choice) {
    const struct world_state *state = &world.states[STATE_NEW];
    size_t place;
    const struct world_edition *edition = choose(choice, &place);
    const struct clause_record clause = {edition->fields.instrument, edition->fields.language,
                                         bytes_text(edition->texts[place].eid), bytes_text(edition->texts[place].text)};
    struct copy_proof proof = {
        .place = place, .edition_record = edition->record, .index = edition->index, .checkpoint = state->note};
    merkle_tree_path(&proof.clause_path, &edition->tree, place);
    merkle_tree_path(&proof.ledger_path, &state->tree, edition->index);
    HOLDS(clause_record_print(out, &clause, NULL) == 0);
    buffer_append_byte(out, '\0');
    HOLDS(copy_proof_print(out, &proof) == 0);
}

/* The proof with its checkpoint signed again, where it has one. */
static void sign_proof(struct buffer *out, struct bytes in) {
    struct copy_proof proof;
    struct note note;
    struct checkpoint checkpoint;
    struct buffer signed_note;
    buffer_init(&signed_note, LIMIT_NOTE);
    bool is_good = copy_proof_parse(&proof, in, NULL) == 0 && note_parse(&note, proof.checkpoint, NULL) == 0 &&
                   checkpoint_parse(&checkpoint, note.text, NULL) == 0 &&
                   checkpoint_sign(&signed_note, &checkpoint, &world.ledger_key.verifier, world.ledger_key.secret) == 0;
    if (is_good) {
        proof.checkpoint = buffer_bytes(&signed_note);
        is_good = copy_proof_print(out, &proof) == 0;
    }
    if (!is_good) {
        buffer_clear(out);
        buffer_append(out, in);
    }
    buffer_free(&signed_note);
}

static bool is_deposited(const struct copy_verified *verified) {
    for (size_t i = 0; i < EDITIONS_COUNT; i++) {
        const struct world_edition *edition = &world.editions[i];
        if (bytes_equal(edition->record, verified->edition_record))
            return verified->place < edition->count && verified->index == edition->index &&
                   bytes_equal(bytes_text(edition->texts[verified->place].eid), verified->clause.eid) &&
                   bytes_equal(bytes_text(edition->texts[verified->place].text), verified->clause.text);
    }
    return false;
}

static void try_copy(struct bytes in, bool is_signed) {
    const uint8_t *cut = in.len > 0 ? memchr(in.data, 0, in.len) : NULL;
    struct copy_verified verified, again;
    struct fault fault = {0};
    struct buffer proof;
    if (cut == NULL)
        return;
    struct bytes record = bytes_of(in.data, (size_t)(cut - in.data));
    struct bytes rest = bytes_of(cut + 1, in.len - record.len - 1);
    buffer_init(&proof, 1 << 20);
    if (is_signed)
        sign_proof(&proof, rest);
    else
        buffer_append(&proof, rest);
    int error = copy_verify(&verified, world.policy, record, buffer_bytes(&proof), &fault);
    HOLDS(copy_verify_next(&again, memory, record, buffer_bytes(&proof), NULL) == error);
    if (error == 0) {
        HOLDS(again.place == verified.place && again.index == verified.index);
        HOLDS(bytes_equal(again.clause.text, verified.clause.text));
        HOLDS(bytes_equal(again.edition_record, verified.edition_record));
        char name[COPY_NAME_MAX];
        HOLDS(is_deposited(&verified));
        copy_name(name, &verified.clause, verified.edition.edition);
        HOLDS(strlen(name) < sizeof name);
    } else {
        HOLDS(fault.text[0] != '\0');
    }
    buffer_free(&proof);
}

static void try_print(struct bytes in) {
    struct copy_proof proof;
    struct buffer out;
    buffer_init(&out, 1 << 20);
    if (copy_proof_parse(&proof, in, NULL) == 0) {
        HOLDS(copy_proof_print(&out, &proof) == 0);
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    buffer_free(&out);
}

static void try_head(struct bytes in) {
    struct seal_head head, again;
    struct buffer out;
    buffer_init(&out, LIMIT_SEAL_HEAD);
    if (seal_head_parse(&head, in) == 0) {
        HOLDS(seal_head_print(&out, &head) == 0);
        HOLDS(seal_head_parse(&again, buffer_bytes(&out)) == 0);
        HOLDS(again.size == head.size && again.ledger_size == head.ledger_size && again.sealed_at == head.sealed_at);
        HOLDS(hash_equal(&again.root, &head.root) && hash_equal(&again.ledger_root, &head.ledger_root));
        HOLDS(strcmp(again.origin, head.origin) == 0);
    }
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer truth;
    size_t place;
    struct bytes in = bytes_of(data, size);
    if (size > 1 << 20)
        return 0;
    (void)choose(0, &place);
    try_head(in);
    try_print(in);
    if (size < HEAD_LEN)
        return 0;
    buffer_init(&truth, 1 << 20);
    struct bytes rest = bytes_slice(in, HEAD_LEN, size);
    if (rest.len == 0) {
        print_truth(&truth, data[0]);
        rest = buffer_bytes(&truth);
    }
    const uint8_t *cut = memchr(rest.data, 0, rest.len);
    if (cut != NULL)
        try_print(bytes_slice(rest, (size_t)(cut - rest.data) + 1, rest.len));
    try_head(rest);
    try_copy(rest, data[1] % 2 == 1);
    buffer_free(&truth);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    struct buffer truth;
    size_t place;
    (void)seed;
    if (size == HEAD_LEN) {
        buffer_init(&truth, 1 << 20);
        (void)choose(data[0], &place);
        print_truth(&truth, data[0]);
        if (truth.len <= max - HEAD_LEN) {
            memcpy(data + HEAD_LEN, truth.data, truth.len);
            size += truth.len;
        }
        buffer_free(&truth);
    }
    return LLVMFuzzerMutate(data, size, max);
}
