/*
 * A server that lies to the office: `office_liar URL ORIGIN` seals with a key of its own, which to the office is as good as any, since it takes no
 * server's word. It has no ledger. It obeys lines of standard input (told_service.h):
 *   truth                    an empty ledger that takes everything
 *   checkpoint FILE|none     GetCheckpoint shows what is in the file; none: the ledger is empty
 *   append ok|keep|less|missing|always-missing|missing-none|missing-past|missing-unknown|refuse
 *   put ok|more|lost
 *   seal ok|signature|place|origin|none|ledger
 *   asked                    prints how many AppendEntries and clauses came since `truth`
 *   key                      prints the key that it seals with, in base64
 * What it says OK to is nowhere; with `append keep` it shows the checkpoint all the same.
 */
#include "told_service.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "proof/merkle.h"
#include "proof/note.h"
#include "proof/record.h"
#include "proof/seal.h"
#include "rpc/call.h"
#include "rpc/wire.h"

#include "depositary/v1/ledger.pb-c.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What cannot fail in a test's own making. */
#define NEED(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

struct office_liar {
    const char *origin;
    uint8_t public_key[32];
    uint8_t secret_key[64];
    struct buffer note; /* that is shown; empty: the ledger is empty */
    char append[32];
    char put[32];
    char seal[32];
    unsigned appends;
    unsigned clauses;
};

static bool is(const char *mode, const char *word) {
    return strcmp(mode, word) == 0;
}

/* ---- sealing */

static void seal_answer(const struct office_liar *liar, struct bytes request, struct bytes answer,
                        struct buffer *response) {
    struct seal_head head = {.size = 1, .sealed_at = clock_now_s(), .ledger_size = is(liar->seal, "ledger") ? 0 : 3};
    struct hash request_digest, answer_digest;
    struct buffer encoded;
    uint8_t signature[64];
    snprintf(head.origin, sizeof head.origin, "%s", is(liar->seal, "origin") ? "another.example/ledger" : liar->origin);
    seal_digest(&request_digest, is(liar->seal, "place") ? BYTES("another request") : request);
    seal_digest(&answer_digest, answer);
    seal_leaf(&head.root, &request_digest, &answer_digest);
    buffer_init(&encoded, LIMIT_SEAL_HEAD);
    NEED(seal_head_print(&encoded, &head) == 0 && seal_sign(signature, buffer_bytes(&encoded), liar->secret_key) == 0);
    signature[5] ^= is(liar->seal, "signature") ? 1 : 0;
    const struct seal seal = {.public_key = bytes_of(liar->public_key, sizeof liar->public_key),
                              .head = buffer_bytes(&encoded),
                              .signature = bytes_of(signature, sizeof signature)};
    if (is(liar->seal, "none")) {
        wire_append_bytes(response, 1, answer);
    } else {
        NEED(response_print(response, answer, &seal) == 0);
    }
    buffer_free(&encoded);
}

/* ---- answering */

static void print_answer(struct buffer *out, const struct status *status, const ProtobufCMessage *message) {
    struct buffer part;
    buffer_init(&part, LIMIT_RESPONSE);
    if (status->code != STATUS_OK) {
        NEED(status_print(&part, status) == 0);
        wire_append_bytes(out, 1, buffer_bytes(&part));
    } else {
        size_t len = protobuf_c_message_get_packed_size(message);
        uint8_t *at = buffer_extend(&part, len + 1);
        NEED(at != NULL && protobuf_c_message_pack(message, at) == len);
        wire_append_bytes(out, 2, bytes_of(at, len));
    }
    buffer_free(&part);
}

static void show_checkpoint(const struct office_liar *liar, struct buffer *out, struct status *status) {
    Depositary__V1__GetCheckpointResponse response = DEPOSITARY__V1__GET_CHECKPOINT_RESPONSE__INIT;
    Depositary__V1__LedgerState ledger = DEPOSITARY__V1__LEDGER_STATE__INIT;
    if (liar->note.len == 0) {
        status_set(status, STATUS_UNAVAILABLE, "EMPTY_LEDGER", "there is nothing here yet");
    }
    char *note = calloc(1, liar->note.len + 1);
    NEED(note != NULL);
    memcpy(note, liar->note.len > 0 ? (const char *)liar->note.data : "", liar->note.len);
    ledger.checkpoint = note;
    response.ledger = &ledger;
    print_answer(out, status, &response.base);
    free(note);
}

/* The first edition record of the append, all of whose clauses are missing; or what is no run of it. */
static void refuse_missing(const struct office_liar *liar, const Depositary__V1__AppendEntriesRequest *asked,
                           struct status *status) {
    Depositary__V1__MissingClauses missing = DEPOSITARY__V1__MISSING_CLAUSES__INIT;
    struct edition_record edition;
    struct hash leaf;
    bool is_found = false;
    for (size_t i = 0; i < asked->n_records && !is_found; i++) {
        struct bytes record = bytes_of(asked->records[i].data, asked->records[i].len);
        is_found = record_type(record) == RECORD_EDITION && edition_record_parse(&edition, record, NULL) == 0;
        merkle_leaf_hash(&leaf, record);
    }
    if (!is_found) { /* of keys and registers nothing is missing */
        return;
    }
    leaf.bytes[0] ^= is(liar->append, "missing-unknown") ? 1 : 0;
    missing.edition = (ProtobufCBinaryData){HASH_LEN, leaf.bytes};
    missing.from_place = is(liar->append, "missing-past") ? edition.clauses : 0;
    missing.count = is(liar->append, "missing-none") ? 0 : edition.clauses;
    status_set(status, STATUS_FAILED_PRECONDITION, "CLAUSES_MISSING", "clauses are missing");
    NEED(status_add_detail(status, &missing.base) == 0);
}

static void take_append(struct office_liar *liar, const Depositary__V1__AppendEntriesRequest *asked, struct buffer *out,
                        struct status *status) {
    Depositary__V1__AppendEntriesResponse response = DEPOSITARY__V1__APPEND_ENTRIES_RESPONSE__INIT;
    struct note note;
    struct checkpoint checkpoint;
    NEED(note_parse(&note, bytes_text(asked->checkpoint), NULL) == 0 &&
         checkpoint_parse(&checkpoint, note.text, NULL) == 0);
    response.ledger_size = checkpoint.size - (is(liar->append, "less") ? 1 : 0);
    liar->appends++;
    if (is(liar->append, "keep")) {
        buffer_clear(&liar->note);
        buffer_append_text(&liar->note, asked->checkpoint);
    }
    if (is(liar->append, "refuse")) {
        status_set(status, STATUS_PERMISSION_DENIED, "LIAR", "not from you");
    } else if (strstr(liar->append, "missing") != NULL && (!is(liar->append, "missing") || liar->clauses == 0)) {
        refuse_missing(liar, asked, status);
    }
    print_answer(out, status, &response.base);
}

static void take_clauses(struct office_liar *liar, const Depositary__V1__PutClausesRequest *asked, struct buffer *out,
                         struct status *status) {
    Depositary__V1__PutClausesResponse response = DEPOSITARY__V1__PUT_CLAUSES_RESPONSE__INIT;
    response.received = asked->n_clauses + (is(liar->put, "more") ? 1 : 0);
    liar->clauses += (unsigned)asked->n_clauses;
    if (is(liar->put, "lost")) {
        status_set(status, STATUS_FAILED_PRECONDITION, "NO_PENDING_APPEND", "what append?");
    }
    print_answer(out, status, &response.base);
}

static void answer(void *context, struct bytes request, struct buffer *response) {
    struct office_liar *liar = context;
    struct status status = {0};
    struct call_request asked;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    buffer_init(&out, LIMIT_RESPONSE);
    NEED(call_read(&asked, request, &arena, NULL) == 0);
    if (asked.message->descriptor == &depositary__v1__get_checkpoint_request__descriptor) {
        show_checkpoint(liar, &out, &status);
    } else if (asked.message->descriptor == &depositary__v1__append_entries_request__descriptor) {
        take_append(liar, (const Depositary__V1__AppendEntriesRequest *)asked.message, &out, &status);
    } else if (asked.message->descriptor == &depositary__v1__put_clauses_request__descriptor) {
        take_clauses(liar, (const Depositary__V1__PutClausesRequest *)asked.message, &out, &status);
    } else {
        status_set(&status, STATUS_UNIMPLEMENTED, "LIAR", "nothing but lies");
        print_answer(&out, &status, NULL);
    }
    seal_answer(liar, request, buffer_bytes(&out), response);
    status_clear(&status);
    buffer_free(&out);
    arena_free(&arena);
}

/* ---- obeying */

static void tell_truth(struct office_liar *liar) {
    buffer_clear(&liar->note);
    snprintf(liar->append, sizeof liar->append, "ok");
    snprintf(liar->put, sizeof liar->put, "ok");
    snprintf(liar->seal, sizeof liar->seal, "ok");
    liar->appends = liar->clauses = 0;
}

static void print_key(const struct office_liar *liar) {
    struct buffer text;
    buffer_init(&text, 64);
    buffer_append_base64(&text, bytes_of(liar->public_key, sizeof liar->public_key));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    buffer_free(&text);
}

static bool obey(void *context, char *line) {
    struct office_liar *liar = context;
    char *argument = strchr(line, ' ');
    if (argument != NULL) {
        *argument++ = '\0';
    }
    if (is(line, "truth")) {
        tell_truth(liar);
    } else if (is(line, "asked")) {
        printf("appends %u clauses %u\n", liar->appends, liar->clauses);
    } else if (is(line, "key")) {
        print_key(liar);
    } else if (argument == NULL) {
        return false;
    } else if (is(line, "checkpoint")) {
        buffer_clear(&liar->note);
        return is(argument, "none") || file_read(&liar->note, argument, NULL) == 0;
    } else if (is(line, "append")) {
        snprintf(liar->append, sizeof liar->append, "%s", argument);
    } else if (is(line, "put")) {
        snprintf(liar->put, sizeof liar->put, "%s", argument);
    } else if (is(line, "seal")) {
        snprintf(liar->seal, sizeof liar->seal, "%s", argument);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    struct office_liar liar = {0};
    const struct told_service service = {.context = &liar, .answer = answer, .obey = obey};
    if (argc != 3) {
        fprintf(stderr, "usage: office_liar URL ORIGIN\n");
        return 2;
    }
    NEED(sodium_init() >= 0 && crypto_sign_keypair(liar.public_key, liar.secret_key) == 0);
    liar.origin = argv[2];
    buffer_init(&liar.note, LIMIT_RESPONSE);
    tell_truth(&liar);
    if (!told_service_open(argv[1])) {
        return 3;
    }
    puts(""); /* it listens */
    fflush(stdout);
    told_service_run(&service);
    buffer_free(&liar.note);
    return 0;
}
