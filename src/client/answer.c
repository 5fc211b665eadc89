/* Answers as callers see them: nothing of one that failed can be reached. include/depositary/client.h says what each accessor gives. */
#include "client/answer.h"

#include "base/time.h"
#include "proof/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTION_MEMORY (32u * 1024 * 1024) /* bytes: an append of 4 MiB, unpacked */
#define LAZY_MAX        (32u * 1024 * 1024) /* bytes of an explanation or a receipt */

/* ---- making and freeing */

static struct depositary_answer *answer_alloc(void) {
    struct depositary_answer *answer = calloc(1, sizeof *answer);
    struct answer_lazy *lazy = calloc(1, sizeof *lazy);
    if (answer == NULL || lazy == NULL) {
        free(answer);
        free(lazy);
        return NULL;
    }
    answer->lazy = lazy;
    arena_init(&answer->arena, QUESTION_MEMORY);
    buffer_init(&answer->request, LIMIT_REQUEST_APPEND + LIMIT_REQUEST);
    buffer_init(&answer->response, LIMIT_SOCKET);
    buffer_init(&answer->key_proof, LIMIT_REQUEST_APPEND);
    buffer_init(&lazy->receipt, LAZY_MAX);
    judgement_init(&answer->judgement);
    return answer;
}

/* The question is read back from its bytes: then it is ours, and it is one that can be sent. */
static int take_message(struct depositary_answer *answer, const struct depositary_question *question) {
    uint8_t *copy = arena_alloc(&answer->arena, question->message_len + 1);
    if (copy == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    answer->encoded = bytes_of(copy, question->message_len);
    bytes_write(copy, bytes_of(question->message, question->message_len));
    if (question->method == NULL) {
        return 0;
    }
    int error = guard_unpack(&answer->message, question->method->input, answer->encoded, &answer->arena, NULL);
    return error == 0 || error == DEPOSITARY_E_MEMORY ? error : DEPOSITARY_E_ARGUMENT;
}

/* Asked by name: whether it may be sent again is known of our own methods; of no method what its messages are. */
static int take_name(struct depositary_answer *answer, const char *name) {
    const struct method *known = method_find(bytes_text(name));
    char *copy = arena_text(&answer->arena, name, strlen(name));
    if (copy == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    answer->own_method.full_name = copy;
    answer->own_method.is_idempotent = known != NULL && known->is_idempotent;
    answer->own_method.is_large = known != NULL && known->is_large;
    answer->method = &answer->own_method;
    return 0;
}

int answer_new(struct depositary_answer **out, const struct depositary_question *question) {
    struct depositary_answer *answer = answer_alloc();
    if (answer == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    int error = 0;
    if (question != NULL) {
        answer->method = question->method;
        error = question->method == NULL ? take_name(answer, question->name) : 0;
        error = error ? error : take_message(answer, question);
    }
    if (error) {
        depositary_answer_free(&answer);
        return error;
    }
    *out = answer;
    return 0;
}

struct depositary_answer *answer_failed(int error, const char *words) {
    struct depositary_answer *answer = answer_alloc();
    if (answer != NULL) {
        answer_set_error(answer, error, words);
    }
    return answer;
}

void depositary_answer_free(depositary_answer **pointer) {
    if (pointer == NULL || *pointer == NULL) {
        return;
    }
    struct depositary_answer *answer = *pointer;
    judgement_free(&answer->judgement);
    arena_free(&answer->arena);
    buffer_free(&answer->request);
    buffer_free(&answer->response);
    buffer_free(&answer->key_proof);
    buffer_free(&answer->lazy->receipt);
    free(answer->lazy->explanation);
    free(answer->lazy->question);
    free(answer->lazy);
    free(answer);
    *pointer = NULL;
}

void answer_set_error(struct depositary_answer *answer, int error, const char *words) {
    answer->error = error;
    (void)snprintf(answer->text, sizeof answer->text, "%s",
                   words != NULL && words[0] != '\0' ? words : depositary_error_text(error));
}

bool answer_is_shown(const struct depositary_answer *answer) {
    const struct judgement *judgement = &answer->judgement;
    bool is_word = answer->error == 0 || answer->error == DEPOSITARY_E_NO || answer->error == DEPOSITARY_E_STATUS ||
                   answer->error == DEPOSITARY_E_CLAUSES_MISSING;
    return is_word && answer->error == judgement->error && (judgement->is_sealed || judgement->is_unproven);
}

static void keep_ledger(struct depositary_answer *answer) {
    const struct ledger_view *state = &answer->judgement.state;
    answer->has_ledger = true;
    answer->ledger.size = state->size;
    memcpy(answer->ledger.root, state->root.bytes, HASH_LEN);
    answer->ledger.checkpoint = (const char *)state->checkpoint.data;
    answer->ledger.checkpoint_len = state->checkpoint.len;
    (void)time_print(answer->register_time, state->register_fields.time);
    answer->ledger.register_time = answer->register_time;
}

static void keep_seal(struct depositary_answer *answer) {
    const struct judgement *judgement = &answer->judgement;
    answer->has_seal = true;
    memcpy(answer->seal.public_key, judgement->seal.public_key.data, PUBLIC_KEY_LEN);
    (void)time_print(answer->sealed_at, judgement->head.sealed_at);
    answer->seal.sealed_at = answer->sealed_at;
    answer->seal.batch_size = judgement->head.size;
    answer->seal.batch_index = judgement->seal.index;
}

void answer_finish(struct depositary_answer *answer, const struct policy *policy) {
    const struct judgement *judgement = &answer->judgement;
    struct bytes origin = policy_origin(policy);
    (void)snprintf(answer->origin, sizeof answer->origin, "%.*s", (int)origin.len, (const char *)origin.data);
    answer_set_error(answer, judgement->error, judgement->fault.text);
    if (judgement->is_sealed && judgement->has_state && answer_is_shown(answer)) {
        keep_ledger(answer);
    }
    if (judgement->is_sealed) {
        keep_seal(answer);
    }
}

/* ---- the outcome */

int depositary_answer_error(const depositary_answer *answer) {
    return answer != NULL ? answer->error : DEPOSITARY_E_MEMORY;
}

const char *depositary_answer_error_text(const depositary_answer *answer) {
    return answer != NULL ? answer->text : depositary_error_text(DEPOSITARY_E_MEMORY);
}

/* The service's words are there where they were sealed, or were let through as unproven. */
static const struct status_view *shown_status(const struct depositary_answer *answer) {
    static const struct status_view none = {.message = "", .reason = "", .field = ""};
    const struct judgement *judgement = &answer->judgement;
    bool is_there = (judgement->is_sealed || judgement->is_unproven) && answer->error == judgement->error;
    return is_there ? &judgement->answer.status : &none;
}

int depositary_answer_status(const depositary_answer *answer) {
    return shown_status(answer)->code;
}

static const char *text_or_empty(const char *text) {
    return text != NULL ? text : "";
}

const char *depositary_answer_status_message(const depositary_answer *answer) {
    return text_or_empty(shown_status(answer)->message);
}

const char *depositary_answer_status_reason(const depositary_answer *answer) {
    return text_or_empty(shown_status(answer)->reason);
}

int depositary_answer_absence_proven(const depositary_answer *answer) {
    return answer->error == DEPOSITARY_E_NO && answer_is_shown(answer) && answer->judgement.findings.is_absence_proven;
}

int depositary_answer_proofs_hold(const depositary_answer *answer) {
    return (answer->error == DEPOSITARY_E_SEAL_CLOCK || answer->error == DEPOSITARY_E_KEY_WINDOW) &&
           answer->error == answer->judgement.error && answer->judgement.proofs_hold;
}

const char *depositary_answer_shown_checkpoint(const depositary_answer *answer, size_t *len) {
    const struct judgement *judgement = &answer->judgement;
    bool is_there = judgement->is_unproven && judgement->has_state && answer->error == 0;
    *len = is_there ? judgement->state.checkpoint.len : 0;
    return is_there ? (const char *)judgement->state.checkpoint.data : NULL;
}

const uint8_t *depositary_answer_sealing_key(const depositary_answer *answer) {
    const struct judgement *judgement = &answer->judgement;
    bool held = judgement->is_sealed || judgement->is_unproven;
    return held ? judgement->seal.public_key.data : NULL;
}

const depositary_ledger *depositary_answer_ledger(const depositary_answer *answer) {
    return answer->has_ledger ? &answer->ledger : NULL;
}

const depositary_seal *depositary_answer_seal(const depositary_answer *answer) {
    return answer->has_seal ? &answer->seal : NULL;
}

/* ---- what was found */

const char *depositary_answer_status_field(const depositary_answer *answer) {
    return text_or_empty(shown_status(answer)->field);
}

int64_t depositary_answer_retry_delay_ms(const depositary_answer *answer) {
    return shown_status(answer)->retry_delay_ms;
}

const char *depositary_status_name(int status) {
    return status_name(status);
}

/* All zero where nothing may be shown. */
static const struct findings *shown(const struct depositary_answer *answer) {
    static const struct findings none;
    return answer_is_shown(answer) ? &answer->judgement.findings : &none;
}

const depositary_edition *depositary_answer_edition(const depositary_answer *answer, size_t index) {
    const struct findings *findings = shown(answer);
    return index < findings->spoken_count ? &findings->spoken[index]->shown : NULL;
}

size_t depositary_answer_editions(const depositary_answer *answer) {
    return shown(answer)->spoken_count;
}

const depositary_clause *depositary_answer_clause(const depositary_answer *answer, size_t index) {
    const struct findings *findings = shown(answer);
    return index < findings->clauses_count ? &findings->clauses[index].shown : NULL;
}

size_t depositary_answer_clauses(const depositary_answer *answer) {
    return shown(answer)->clauses_count;
}

const depositary_provision *depositary_answer_provision(const depositary_answer *answer) {
    return shown(answer)->provision;
}

const char *depositary_answer_next_page(const depositary_answer *answer) {
    return text_or_empty(shown(answer)->next_page);
}

uint64_t depositary_answer_total(const depositary_answer *answer) {
    return shown(answer)->total;
}

uint64_t depositary_answer_searched_size(const depositary_answer *answer) {
    return shown(answer)->searched_size;
}

const depositary_outline_item *depositary_answer_outline(const depositary_answer *answer, size_t *count) {
    *count = shown(answer)->outline_count;
    return shown(answer)->outline;
}

const depositary_hit *depositary_answer_hits(const depositary_answer *answer, size_t *count) {
    *count = shown(answer)->hits_count;
    return shown(answer)->hits;
}

depositary_verdict depositary_answer_verdict(const depositary_answer *answer) {
    return shown(answer)->verdict;
}

const depositary_quote_match *depositary_answer_quote_matches(const depositary_answer *answer, size_t *count) {
    *count = shown(answer)->matches_count;
    return shown(answer)->matches;
}

const depositary_name *depositary_answer_names(const depositary_answer *answer, size_t *count) {
    *count = shown(answer)->names_count;
    return shown(answer)->names;
}

const depositary_blob *depositary_answer_records(const depositary_answer *answer, size_t *count) {
    *count = shown(answer)->records_count;
    return shown(answer)->records;
}

int depositary_answer_key_active(const depositary_answer *answer) {
    return shown(answer)->has_key && shown(answer)->key.is_active;
}

const depositary_missing *depositary_answer_missing(const depositary_answer *answer, size_t *count) {
    *count = shown(answer)->missing_count;
    return shown(answer)->missing;
}

const void *depositary_answer_message(const depositary_answer *answer, size_t *len) {
    static const uint8_t none[1] = {0};
    const struct call_answer *read = &answer->judgement.answer;
    bool is_there = answer_is_shown(answer) && !answer->judgement.is_unproven;
    *len = is_there ? read->message_bytes.len : 0;
    return *len > 0 ? read->message_bytes.data : none;
}

int depositary_answer_metadata(const depositary_answer *answer, size_t index, depositary_metadata *out) {
    const struct call_answer *read = &answer->judgement.answer;
    if (!answer_is_shown(answer) || index >= read->metadata_count) {
        return 0;
    }
    const Depositary__V1__Metadata *pair = read->metadata[index];
    bool is_binary = pair->value_case == DEPOSITARY__V1__METADATA__VALUE_BINARY;
    bool is_text = pair->value_case == DEPOSITARY__V1__METADATA__VALUE_TEXT;
    out->key = pair->key;
    out->value = is_binary ? (const void *)pair->binary.data : is_text ? (const void *)pair->text : "";
    out->value_len = is_binary ? pair->binary.len : is_text ? strlen(pair->text) : 0;
    return 1;
}

uint64_t depositary_answer_number(const depositary_answer *answer) {
    return shown(answer)->number;
}

/* ---- made on demand */

const char *depositary_answer_explanation(const depositary_answer *answer) {
    if (answer->lazy->explanation == NULL && answer->has_ledger) {
        struct buffer text;
        buffer_init(&text, LAZY_MAX);
        explain_answer(&text, answer);
        answer->lazy->explanation = buffer_take_text(&text);
        buffer_free(&text);
    }
    return text_or_empty(answer->lazy->explanation);
}

const void *depositary_answer_receipt(const depositary_answer *answer, size_t *len) {
    struct answer_lazy *lazy = answer->lazy;
    *len = 0;
    if (!lazy->has_receipt && answer->has_seal && answer->message != NULL) {
        lazy->has_receipt = receipt_print(&lazy->receipt, answer) == 0;
        if (!lazy->has_receipt) {
            buffer_clear(&lazy->receipt);
        }
    }
    if (!lazy->has_receipt) {
        return NULL;
    }
    *len = lazy->receipt.len;
    return lazy->receipt.data;
}

const char *depositary_answer_method(const depositary_answer *answer) {
    return answer->method != NULL ? answer->method->full_name : "";
}

const char *depositary_answer_question(const depositary_answer *answer) {
    if (answer->lazy->question == NULL && answer->message != NULL) {
        struct buffer text;
        buffer_init(&text, LAZY_MAX);
        explain_question(&text, answer->message);
        answer->lazy->question = buffer_take_text(&text);
        buffer_free(&text);
    }
    return text_or_empty(answer->lazy->question);
}

/* ---- certified copies */

static const struct proven_clause *find_clause(const struct depositary_answer *answer,
                                               const depositary_clause *clause) {
    const struct findings *findings = shown(answer);
    for (size_t i = 0; i < findings->clauses_count; i++) {
        if (&findings->clauses[i].shown == clause) {
            return &findings->clauses[i];
        }
    }
    return NULL;
}

int depositary_answer_copy_proof(const depositary_answer *answer, const depositary_clause *clause, char **out,
                                 size_t *out_len) {
    const struct proven_clause *proven = find_clause(answer, clause);
    struct copy_proof proof;
    struct buffer text;
    if (proven == NULL || !answer->has_ledger) {
        return DEPOSITARY_E_ARGUMENT;
    }
    const Depositary__V1__EditionProof *edition = proven->edition->message;
    if (!merkle_path_read(&proof.clause_path, proven->message->n_path, proven->message->path) ||
        !merkle_path_read(&proof.ledger_path, edition->n_path, edition->path)) {
        return DEPOSITARY_E_STATE;
    }
    proof.place = proven->shown.place;
    proof.edition_record = bytes_of_data(edition->record);
    proof.index = edition->index;
    proof.checkpoint = answer->judgement.state.checkpoint;
    buffer_init(&text, LIMIT_NOTE + 4 * LIMIT_ENTRY);
    int error = copy_proof_print(&text, &proof);
    size_t len = text.len;
    if (error == 0) {
        char *file = buffer_take_text(&text);
        error = file == NULL ? DEPOSITARY_E_MEMORY : 0;
        if (error == 0) {
            *out = file;
            *out_len = len;
        }
    }
    buffer_free(&text);
    return error;
}
