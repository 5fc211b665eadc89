/*
 * Certified copies: the .proof file's one writer and one reader, and the whole check of a copy. PROTOCOL.md section 3 "Certified
 * copy"; C2SP tlog-proof. Pure.
 */
#include "proof/copy.h"

#include "base/encode.h"
#include "proof/known.h"
#include "proof/memo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the file */

/* A file, taken off line by line, so that a refusal can name the line. */
struct reader {
    struct bytes rest;
    size_t line; /* the one taken last, from 1 */
    struct fault *fault;
};

static int refuse(const struct reader *reader, const char *why) {
    return fault_set(reader->fault, DEPOSITARY_E_COPY_FORMAT, "line %zu of the proof: %s", reader->line, why);
}

static bool take_line(struct reader *reader, struct bytes *line) {
    reader->line++;
    return bytes_take_line(&reader->rest, line);
}

/* Takes "<word> <number>\n". */
static bool take_number(struct reader *reader, struct bytes word, uint64_t *out) {
    struct bytes line;
    return take_line(reader, &line) && bytes_take(&line, word) && decimal_parse(out, line);
}

/* Takes lines of base64 up to and with an empty one. */
static int take_path(struct reader *reader, struct merkle_path *out) {
    struct bytes line;

    out->count = 0;
    for (;;) {
        if (!take_line(reader, &line))
            return refuse(reader, "the file ends inside a path");
        if (line.len == 0)
            return 0;
        if (out->count == LIMIT_PATH)
            return refuse(reader, "a path has at most 63 hashes");
        if (!base64_decode_exact(out->hashes[out->count].bytes, HASH_LEN, line))
            return refuse(reader, "not a hash in base64");
        out->count++;
    }
}

/* Takes the edition record, which ends with its first empty line; what is in it is judged later. */
static int take_edition_record(struct reader *reader, struct bytes *out) {
    const struct bytes start = reader->rest;
    struct bytes line;

    if (!bytes_starts_with(start, BYTES("depositary/edition/v1\n")))
        return refuse(reader, "no edition record after the path");
    do {
        if (!take_line(reader, &line))
            return refuse(reader, "the file ends inside the edition record");
    } while (line.len > 0);
    *out = bytes_slice(start, 0, start.len - reader->rest.len);
    return out->len <= LIMIT_ENTRY ? 0 : refuse(reader, "the edition record is larger than an entry can be");
}

/* The file's head, which is the clause's own: its place, and its path. */
static int take_head(struct reader *reader, struct copy_proof *out) {
    struct bytes line;

    if (!take_line(reader, &line) || !bytes_equal(line, BYTES("depositary/copy/v1")))
        return refuse(reader, "not depositary/copy/v1");
    if (!take_number(reader, BYTES("place "), &out->place))
        return refuse(reader, "not place and a number");
    return take_path(reader, &out->clause_path);
}

/* The rest, which is the same for all clauses of one edition: its record, and the proof of that. */
static int take_edition(struct reader *reader, struct copy_proof *out) {
    struct bytes line;
    int error = take_edition_record(reader, &out->edition_record);

    if (error)
        return error;
    if (!take_line(reader, &line) || !bytes_equal(line, BYTES("c2sp.org/tlog-proof@v1")))
        return refuse(reader, "not c2sp.org/tlog-proof@v1");
    if (!take_number(reader, BYTES("index "), &out->index))
        return refuse(reader, "not index and a number");
    if ((error = take_path(reader, &out->ledger_path)))
        return error;
    reader->line++;
    if (reader->rest.len == 0 || reader->rest.len > LIMIT_NOTE)
        return refuse(reader, "no checkpoint, or one larger than a note can be");
    out->checkpoint = reader->rest;
    return 0;
}

int copy_proof_parse(struct copy_proof *out, struct bytes file, struct fault *fault) {
    struct reader reader = {.rest = file, .fault = fault};
    struct copy_proof proof;
    int error;

    if ((error = take_head(&reader, &proof)) || (error = take_edition(&reader, &proof)))
        return error;
    *out = proof;
    return 0;
}

static void print_path(struct buffer *out, const struct merkle_path *path) {
    for (size_t i = 0; i < path->count; i++) {
        buffer_append_base64(out, hash_bytes(&path->hashes[i]));
        buffer_append_byte(out, '\n');
    }
    buffer_append_byte(out, '\n');
}

static void print_number(struct buffer *out, const char *word, uint64_t number) {
    buffer_append_text(out, word);
    buffer_append_decimal(out, number);
    buffer_append_byte(out, '\n');
}

/* Whether a printed file is read as what was printed. */
static bool reads_as(struct bytes file, const struct copy_proof *proof) {
    struct copy_proof again;

    return copy_proof_parse(&again, file, NULL) == 0 && again.place == proof->place && again.index == proof->index &&
           again.clause_path.count == proof->clause_path.count && again.ledger_path.count == proof->ledger_path.count &&
           bytes_equal(again.edition_record, proof->edition_record) && bytes_equal(again.checkpoint, proof->checkpoint);
}

int copy_proof_print(struct buffer *out, const struct copy_proof *proof) {
    const size_t start = out->len;

    if (proof->clause_path.count > LIMIT_PATH || proof->ledger_path.count > LIMIT_PATH)
        return DEPOSITARY_E_COPY_FORMAT;
    buffer_append(out, BYTES("depositary/copy/v1\n"));
    print_number(out, "place ", proof->place);
    print_path(out, &proof->clause_path);
    buffer_append(out, proof->edition_record);
    buffer_append(out, BYTES("c2sp.org/tlog-proof@v1\n"));
    print_number(out, "index ", proof->index);
    print_path(out, &proof->ledger_path);
    buffer_append(out, proof->checkpoint);
    if (out->error)
        return out->error;
    if (!reads_as(bytes_of(out->data + start, out->len - start), proof)) {
        out->len = start;
        return DEPOSITARY_E_COPY_FORMAT;
    }
    return 0;
}

/* ---- what many copies share */

#define EDITIONS_MAX 64u          /* that are known again */
#define EDITION_MAX  (16u * 1024) /* bytes of one with its proof; a larger one is proved each time */

/* What was proved of an edition. */
struct known_edition {
    size_t record_len; /* with which the bytes begin that it is known by */
    uint64_t index;
    uint64_t ledger_size;
    struct hash ledger_root;
};

/* Invariant: whatever is in it held under the policy of `notes`. */
struct copy_memory {
    struct known_notes notes;
    struct memo editions; /* struct known_edition, by the proof file from the edition record to its end */
};

int copy_memory_new(struct copy_memory **out, const struct policy *policy) {
    struct copy_memory *memory = calloc(1, sizeof(*memory));
    int error = DEPOSITARY_E_MEMORY;

    if (memory && (error = known_notes_init(&memory->notes, policy)) == 0)
        error = memo_init(&memory->editions, EDITIONS_MAX, EDITION_MAX, sizeof(struct known_edition));
    if (error) {
        copy_memory_free(memory);
        return error;
    }
    *out = memory;
    return 0;
}

void copy_memory_free(struct copy_memory *memory) {
    if (!memory)
        return;
    known_notes_free(&memory->notes);
    memo_free(&memory->editions);
    free(memory);
}

/* ---- the check */

static int check_note(struct copy_verified *verified, const struct policy *policy, struct copy_memory *memory,
                      struct bytes note, struct fault *fault) {
    if (memory && known_notes_find(&memory->notes, &verified->checkpoint, note))
        return 0;
    const int error = policy_verify_checkpoint(&verified->checkpoint, policy, note, fault);
    if (!error && memory)
        known_notes_keep(&memory->notes, note, &verified->checkpoint);
    return error;
}

/* The edition record is well formed, and an entry of the ledger. */
static int check_edition(struct copy_verified *verified, const struct copy_proof *proof, struct fault *fault) {
    struct fault why = {.error = 0};
    struct hash leaf;

    if (edition_record_parse(&verified->edition, proof->edition_record, &why) != 0)
        return fault_set(fault, DEPOSITARY_E_EDITION_RECORD, "the proof's edition record: %s", fault_text(&why));
    merkle_leaf_hash(&leaf, proof->edition_record);
    if (merkle_inclusion_check(&leaf, proof->index, verified->checkpoint.size, &proof->ledger_path,
                               &verified->checkpoint.root) != 0)
        return fault_set(fault, DEPOSITARY_E_EDITION_PROOF,
                         "the proof's edition record is not entry %" PRIu64 " of the ledger", proof->index);
    verified->edition_record = proof->edition_record;
    verified->index = proof->index;
    return 0;
}

/* The same bytes held before. */
static int take_known(struct copy_verified *verified, const struct copy_memory *memory,
                      const struct known_edition *known, struct bytes tail) {
    verified->checkpoint = (struct checkpoint){
        .origin = policy_origin(memory->notes.policy), .size = known->ledger_size, .root = known->ledger_root};
    verified->edition_record = bytes_slice(tail, 0, known->record_len);
    verified->index = known->index;
    return edition_record_parse(&verified->edition, verified->edition_record, NULL);
}

/* What follows the head: the edition, its place in the ledger, and the checkpoint. */
static int check_tail(struct copy_verified *verified, const struct policy *policy, struct copy_memory *memory,
                      struct reader *reader, struct copy_proof *proof) {
    const struct bytes tail = reader->rest;
    const struct known_edition *known = memory ? memo_find(&memory->editions, tail) : NULL;
    int error;

    if (known)
        return take_known(verified, memory, known, tail);
    if ((error = take_edition(reader, proof)) ||
        (error = check_note(verified, policy, memory, proof->checkpoint, reader->fault)) ||
        (error = check_edition(verified, proof, reader->fault)))
        return error;
    if (memory)
        memo_keep(&memory->editions, tail,
                  &(struct known_edition){.record_len = proof->edition_record.len,
                                          .index = proof->index,
                                          .ledger_size = verified->checkpoint.size,
                                          .ledger_root = verified->checkpoint.root});
    return 0;
}

/* The clause record is well formed, of that instrument and language, and the edition's clause at its place. */
static int check_clause(struct copy_verified *verified, struct bytes record, const struct copy_proof *proof,
                        struct fault *fault) {
    const struct edition_record *edition = &verified->edition;
    struct fault why = {.error = 0};
    struct hash leaf;

    if (clause_record_parse(&verified->clause, record, &why) != 0)
        return fault_set(fault, DEPOSITARY_E_CLAUSE_RECORD, "the clause record: %s", fault_text(&why));
    if (!bytes_equal(verified->clause.instrument, edition->instrument))
        return fault_set(fault, DEPOSITARY_E_INSTRUMENT_MISMATCH, "clause and edition record name two instruments");
    if (!bytes_equal(verified->clause.language, edition->language))
        return fault_set(fault, DEPOSITARY_E_LANGUAGE_MISMATCH, "clause and edition record name two languages");
    if (proof->place >= edition->clauses)
        return fault_set(fault, DEPOSITARY_E_CLAUSE_PROOF, "place %" PRIu64 " of an edition with %" PRIu64 " clauses",
                         proof->place, edition->clauses);
    merkle_leaf_hash(&leaf, record);
    if (merkle_inclusion_check(&leaf, proof->place, edition->clauses, &proof->clause_path, &edition->clauses_root) != 0)
        return fault_set(fault, DEPOSITARY_E_CLAUSE_PROOF,
                         "the clause record is not the edition's clause at place %" PRIu64, proof->place);
    verified->place = proof->place;
    return 0;
}

static int verify(struct copy_verified *out, const struct policy *policy, struct copy_memory *memory,
                  struct bytes record, struct bytes proof, struct fault *fault) {
    struct reader reader = {.rest = proof, .fault = fault};
    struct copy_proof parsed;
    struct copy_verified verified;
    int error;

    if ((error = take_head(&reader, &parsed)) || (error = check_tail(&verified, policy, memory, &reader, &parsed)) ||
        (error = check_clause(&verified, record, &parsed, fault)))
        return error;
    *out = verified;
    return 0;
}

int copy_verify(struct copy_verified *out, const struct policy *policy, struct bytes record, struct bytes proof,
                struct fault *fault) {
    return verify(out, policy, NULL, record, proof, fault);
}

int copy_verify_next(struct copy_verified *out, struct copy_memory *memory, struct bytes record, struct bytes proof,
                     struct fault *fault) {
    return verify(out, memory->notes.policy, memory, record, proof, fault);
}

void copy_name(char out[COPY_NAME_MAX], const struct clause_record *clause, uint32_t edition) {
    snprintf(out, COPY_NAME_MAX, "%.*s.%.*s.%" PRIu32 ".%.*s", (int)clause->instrument.len,
             (const char *)clause->instrument.data, (int)clause->language.len, (const char *)clause->language.data,
             edition, (int)clause->eid.len, (const char *)clause->eid.data);
}
