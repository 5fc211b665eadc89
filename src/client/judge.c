/* One answer, judged in the order of PROTOCOL.md section 5. */
#include "client/judge.h"

#include <inttypes.h>
#include <string.h>

/* Everything that one judgement needs, so that each step is a function of one argument. */
struct judging {
    struct judgement *out;
    const struct judge_terms *terms;
    const struct judge_question *question;
    const Depositary__V1__LedgerState *carried; /* the answer's own `ledger` */
    bool may_carry;                             /* the response has such a field */
    int late_error;                             /* clock or window */
    struct fault late_fault;
};

void judgement_init(struct judgement *judgement) {
    memset(judgement, 0, sizeof *judgement);
    arena_init(&judgement->arena, JUDGE_MEMORY);
}

void judgement_free(struct judgement *judgement) {
    arena_free(&judgement->arena);
}

/* Not judged to the end: `kind` is wanted first. */
static int need(struct judging *judging, enum need_kind kind) {
    judging->out->need.kind = kind;
    return fault_set(&judging->out->fault, DEPOSITARY_E_STATE, "more is needed to judge the answer");
}

/* ---- the seal, without its key */

static int judge_seal(struct judging *judging, struct bytes response, struct bytes *answer) {
    struct judgement *out = judging->out;
    if (response.len > LIMIT_SOCKET) {
        return fault_set(&out->fault, DEPOSITARY_E_RESPONSE, "a response of %zu bytes", response.len);
    }
    int error = response_read(answer, &out->seal, response, &out->arena, &out->fault);
    if (error) {
        return error;
    }
    seal_digest(&out->request_sha256, judging->question->request);
    seal_digest(&out->answer_sha256, *answer);
    error = checked_seal(trust_checked(judging->terms->trust), &out->head, &out->seal, &out->request_sha256,
                         &out->answer_sha256);
    if (error) {
        return fault_set(&out->fault, error, "%s", depositary_error_text(error));
    }
    if (!bytes_equal(bytes_text(out->head.origin), policy_origin(trust_policy(judging->terms->trust)))) {
        return fault_set(&out->fault, DEPOSITARY_E_SEAL_ORIGIN, "the answer is from \"%s\"", out->head.origin);
    }
    if (policy_has_key(trust_policy(judging->terms->trust), out->seal.public_key.data)) {
        return fault_set(&out->fault, DEPOSITARY_E_KEY_ROLE, "the seal's key is a ledger's or a witness's");
    }
    return 0;
}

/* ---- the ledger state */

/* The message's field `ledger`, by the descriptor: every response that proves something has it. */
static void find_carried(struct judging *judging) {
    const ProtobufCMessageDescriptor *output = judging->question->method->output;
    if (output == NULL) { /* asked by name: nothing of the message is looked into */
        return;
    }
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(output, "ledger");
    judging->may_carry = field != NULL && field->descriptor == &depositary__v1__ledger_state__descriptor;
    if (judging->may_carry && judging->out->answer.message != NULL) {
        const void *place = (const uint8_t *)judging->out->answer.message + field->offset;
        memcpy(&judging->carried, place, sizeof judging->carried);
    }
}

static struct ledger_point sealed_point(const struct judging *judging) {
    return (struct ledger_point){judging->out->head.ledger_size, judging->out->head.ledger_root};
}

static bool is_sealed_state(const struct judging *judging, const struct ledger_view *view) {
    return view->size == judging->out->head.ledger_size && hash_equal(&view->root, &judging->out->head.ledger_root);
}

/* A receipt's state need not be the newest, but it and the one that vouches for the key are of one ledger: otherwise whoever has the ledger key
 * could revoke an answer key in the ledger that everyone sees, and still show it as active by another. */
static int judge_old_state(struct judging *judging) {
    struct judgement *out = judging->out;
    const struct ledger_point state = sealed_point(judging);
    struct ledger_point held;
    if (!trust_largest(judging->terms->trust, &held) || held.size < state.size ||
        trust_knows(judging->terms->trust, &state)) {
        return 0;
    }
    if (held.size == state.size) {
        out->is_fork = true;
        return fault_set(&out->fault, DEPOSITARY_E_FORK, "the receipt holds two ledgers of size %" PRIu64, held.size);
    }
    out->need.link = (struct ledger_link){state, held};
    return need(judging, NEED_LINK);
}

/* A state that the answer carries: verified, the sealed one, and standing well to what is held. */
static int judge_carried(struct judging *judging) {
    struct judgement *out = judging->out;
    enum trust_verdict verdict;
    int error = check_ledger_state(&out->state, trust_checked(judging->terms->trust), judging->carried, &out->fault);
    if (error) {
        return error;
    }
    if (!is_sealed_state(judging, &out->state)) {
        return fault_set(&out->fault, DEPOSITARY_E_SEAL_STATE,
                         "sealed from a ledger of size %" PRIu64 ", but proved by one of size %" PRIu64,
                         out->head.ledger_size, out->state.size);
    }
    out->has_state = true;
    out->is_state_carried = true;
    if (judging->terms->is_link) {
        return 0;
    }
    if (judging->terms->is_receipt) {
        return judge_old_state(judging);
    }
    error = trust_weigh(judging->terms->trust, &out->state, &verdict, &out->need.link, &out->is_new);
    if (error) {
        return fault_set(&out->fault, error, "the checkpoint cannot be kept");
    }
    switch (verdict) {
    case TRUST_HELD:
        return 0;
    case TRUST_NEEDS_PROOF:
        return need(judging, NEED_LINK);
    case TRUST_OLDER:
        out->need.kind = NEED_FRESHER;
        return fault_set(&out->fault, DEPOSITARY_E_STALE,
                         "a ledger of size %" PRIu64 " is shown, and one of %" PRIu64 " was seen before",
                         out->state.size, out->need.link.to.size);
    case TRUST_FORK:
        break;
    }
    out->is_fork = true;
    return fault_set(&out->fault, DEPOSITARY_E_FORK, "another ledger of size %" PRIu64 " was seen before",
                     out->state.size);
}

/* No state in the answer, though it could have one: the client must have said that it holds the sealed one. */
static int judge_known(struct judging *judging) {
    struct judgement *out = judging->out;
    const struct ledger_view *held = judging->question->held;
    const ProtobufCMessageDescriptor *input = judging->question->method->input;
    struct ledger_point point;
    bool is_named = protobuf_c_message_descriptor_get_field_by_name(input, "known_ledger_size") != NULL;
    if (!is_named || held == NULL || !is_sealed_state(judging, held)) {
        return fault_set(&out->fault, DEPOSITARY_E_SEAL_STATE,
                         "the answer carries no ledger state, and is sealed from another than the one held");
    }
    out->state = *held;
    out->has_state = true;
    out->is_state_known = true;
    if (trust_largest(judging->terms->trust, &point) && point.size > held->size) {
        out->need.kind = NEED_FRESHER;
        out->need.link = (struct ledger_link){{held->size, held->root}, point};
        return fault_set(&out->fault, DEPOSITARY_E_STALE, "a larger ledger was seen meanwhile");
    }
    return 0;
}

/* Nothing to prove in the answer: its sealed state must still be one of this ledger. */
static int judge_bare(struct judging *judging) {
    struct judgement *out = judging->out;
    struct ledger_point sealed = sealed_point(judging);
    struct ledger_point largest;
    if (judging->question->held != NULL && is_sealed_state(judging, judging->question->held)) {
        out->state = *judging->question->held;
        out->has_state = true;
        return 0;
    }
    if (trust_knows(judging->terms->trust, &sealed)) {
        return 0;
    }
    if (!trust_largest(judging->terms->trust, &largest) || largest.size <= sealed.size) {
        out->need.link.to = sealed;
        return need(judging, NEED_CHECKPOINT);
    }
    out->need.link = (struct ledger_link){sealed, largest};
    return need(judging, NEED_LINK);
}

static int judge_state(struct judging *judging) {
    find_carried(judging);
    if (judging->carried != NULL) {
        return judge_carried(judging);
    }
    if (judging->may_carry && judging->out->answer.message != NULL) {
        return judge_known(judging);
    }
    return judging->terms->is_link ? 0 : judge_bare(judging);
}

/* The register is not older than the caller allows. */
static int judge_age(struct judging *judging) {
    struct judgement *out = judging->out;
    const struct judge_terms *terms = judging->terms;
    if (!out->has_state || !terms->has_clock || terms->max_age_s == 0 ||
        out->state.register_fields.time >= terms->now_s - terms->max_age_s) {
        return 0;
    }
    return fault_set(&out->fault, DEPOSITARY_E_TOO_OLD, "the register is of %" PRId64 " s ago",
                     terms->now_s - out->state.register_fields.time);
}

/* ---- the key */

/* GetAnswerKey about the very key that sealed it is judged by what it carries; its rules were checked before. */
static bool finds_own_key(const struct judging *judging) {
    const struct findings *findings = &judging->out->findings;
    return findings->has_key &&
           bytes_equal(judging->out->seal.public_key, bytes_of(findings->key.public_key, PUBLIC_KEY_LEN));
}

static void judge_window(struct judging *judging) {
    const struct judgement *out = judging->out;
    int64_t sealed_at = out->head.sealed_at;
    if (sealed_at < out->key.not_before || sealed_at >= out->key.not_after) {
        judging->late_error = fault_set(&judging->late_fault, DEPOSITARY_E_KEY_WINDOW,
                                        "the answer key was not valid when it sealed the answer");
    }
}

static void judge_clock(struct judging *judging) {
    const struct judge_terms *terms = judging->terms;
    int64_t apart = judging->out->head.sealed_at - terms->now_s;
    if (terms->has_clock && judging->late_error == 0 &&
        (apart > terms->clock_tolerance_s || apart < -terms->clock_tolerance_s)) {
        judging->late_error = fault_set(&judging->late_fault, DEPOSITARY_E_SEAL_CLOCK,
                                        "the answer was sealed %" PRId64 " s %s this clock's time; is the clock right?",
                                        apart < 0 ? -apart : apart, apart < 0 ? "before" : "after");
    }
}

/* The register by which the key must be known: not older than the sealed state, nor than the largest that is held, so that an answer which carries
 * no state cannot be sealed from an old one by a key that was revoked since. */
static uint64_t least_register(const struct judging *judging) {
    const struct judgement *out = judging->out;
    struct ledger_point largest;
    bool has_larger =
        !out->has_state && trust_largest(judging->terms->trust, &largest) && largest.size > out->head.ledger_size;
    return has_larger ? largest.size : out->head.ledger_size;
}

static int judge_key(struct judging *judging) {
    struct judgement *out = judging->out;
    const struct bytes public_key = out->seal.public_key;
    const uint64_t least = least_register(judging);
    if (finds_own_key(judging)) {
        out->key = out->findings.key;
    } else if (!trust_find_key(judging->terms->trust, public_key, least, &out->key, NULL)) {
        memcpy(out->need.public_key, public_key.data, PUBLIC_KEY_LEN);
        out->need.least_size = least;
        return need(judging, NEED_KEY);
    }
    if (out->key.register_size < out->head.ledger_size) {
        return fault_set(&out->fault, DEPOSITARY_E_KEY_STATUS, "the key's status is older than the sealed state");
    }
    if (!out->key.is_active) {
        return fault_set(&out->fault, DEPOSITARY_E_KEY_REVOKED, "the key that sealed the answer is revoked");
    }
    judge_window(judging);
    judge_clock(judging);
    return 0;
}

/* ---- the method's rules */

/* Asked by name: the service's word, under its seal. */
static int judge_claimed(struct judging *judging) {
    const struct status_view *status = &judging->out->answer.status;
    return status->code == STATUS_OK ? 0
                                     : fault_set(&judging->out->fault, DEPOSITARY_E_STATUS, "%s: %s",
                                                 status_name(status->code), status->message);
}

static int judge_method(struct judging *judging) {
    struct judgement *out = judging->out;
    if (judging->question->method->output == NULL) {
        return judge_claimed(judging);
    }
    struct check check = {.state = out->has_state ? &out->state : NULL,
                          .policy = trust_policy(judging->terms->trust),
                          .before = judging->question->before,
                          .known_root = judging->question->known_root,
                          .arena = &out->arena,
                          .out = &out->findings,
                          .fault = &out->fault};
    int error = check_answer(&check, judging->question->method, judging->question->message, &out->answer);
    if (out->has_state) {
        out->findings.page_end.ledger_size = out->state.size;
        out->findings.page_end.ledger_root = out->state.root;
    }
    return error;
}

/* Pages of one list are of one state. */
static int judge_page(struct judging *judging) {
    const struct page_end *before = judging->question->before;
    const struct judgement *out = judging->out;
    if (before == NULL || !out->has_state || out->answer.status.code != STATUS_OK ||
        (before->ledger_size == out->state.size && hash_equal(&before->ledger_root, &out->state.root))) {
        return 0;
    }
    return fault_set(&judging->out->fault, DEPOSITARY_E_LIST_GAP, "the pages are of two states of the ledger");
}

static bool is_key_question(const struct judging *judging) {
    return judging->question->method->output == &depositary__v1__get_answer_key_response__descriptor;
}

/* For the client's own use: there is a path in the answer. */
static int judge_link(struct judging *judging) {
    struct judgement *out = judging->out;
    if (out->answer.status.code == STATUS_OK && out->answer.message != NULL) {
        return 0;
    }
    return fault_set(&out->fault, DEPOSITARY_E_STATUS, "%s: %s", status_name(out->answer.status.code),
                     out->answer.status.message);
}

/* The answer of GetAnswerKey is judged first by record and proofs, then its own seal by them; every other one by its key first. */
static int judge_key_and_method(struct judging *judging) {
    if (judging->terms->is_link) {
        return judge_link(judging);
    }
    if (is_key_question(judging) && judging->out->answer.status.code == STATUS_OK) {
        int error = judge_method(judging);
        return error ? error : judge_key(judging);
    }
    int error = judge_key(judging);
    if (error) {
        return error;
    }
    judging->out->is_sealed = true;
    error = judge_page(judging);
    return error ? error : judge_method(judging);
}

/* The calls of the office (PROTOCOL.md section 2), which it makes to fill an empty ledger and to replace a key that is no good. */
static bool is_office_call(const struct judging *judging) {
    const ProtobufCMessageDescriptor *output = judging->question->method->output;
    return judging->terms->for_office && (output == &depositary__v1__append_entries_response__descriptor ||
                                          output == &depositary__v1__put_clauses_response__descriptor ||
                                          output == &depositary__v1__get_checkpoint_response__descriptor ||
                                          output == &grpc__health__v1__health_check_response__descriptor);
}

/* The office believes nothing of what is said here: it compares the note that is shown with its own ledger, and appends are what its
 * own signature says. So neither the answer key nor the state are judged, and the answer is let through as unproven. */
static int judge_for_office(struct judging *judging) {
    struct judgement *out = judging->out;
    find_carried(judging);
    if (judging->carried != NULL) {
        out->state.checkpoint = bytes_text(judging->carried->checkpoint);
        out->has_state = out->state.checkpoint.len <= LIMIT_NOTE;
    }
    out->is_unproven = true;
    return judge_method(judging);
}

/* Refusals are the service's words, where its key held; anything else that failed leaves nothing behind. */
static bool keeps_findings(int error) {
    return error == 0 || error == DEPOSITARY_E_NO || error == DEPOSITARY_E_STATUS ||
           error == DEPOSITARY_E_CLAUSES_MISSING;
}

static int judge_answer(struct judging *judging, struct bytes response) {
    struct judgement *out = judging->out;
    struct bytes answer;
    int error = judge_seal(judging, response, &answer);
    if (error == 0) {
        error = answer_read(&out->answer, judging->question->method, answer, &out->arena, &out->fault);
    }
    if (error) {
        return error;
    }
    if (is_office_call(judging)) {
        return judge_for_office(judging);
    }
    if (out->head.ledger_size == 0) {
        return fault_set(&out->fault, DEPOSITARY_E_KEY_RECORD,
                         "the service's ledger is empty: nothing that it answers can be proved");
    }
    error = judge_state(judging);
    if (error == 0) {
        error = judge_age(judging);
    }
    return error ? error : judge_key_and_method(judging);
}

int judge(struct judgement *judgement, const struct judge_terms *terms, const struct judge_question *question,
          struct bytes response) {
    struct judging judging = {.out = judgement, .terms = terms, .question = question};
    struct arena arena = judgement->arena;
    arena_reset(&arena);
    memset(judgement, 0, sizeof *judgement);
    judgement->arena = arena;
    int error = judge_answer(&judging, response);
    if (error == 0 || keeps_findings(error)) {
        judgement->is_sealed = !terms->is_link && !judgement->is_unproven;
    }
    if (judging.late_error != 0 && keeps_findings(error)) {
        judgement->proofs_hold = error == 0 || error == DEPOSITARY_E_NO;
        judgement->is_sealed = false;
        error = judging.late_error;
        judgement->fault = judging.late_fault;
    }
    if (!keeps_findings(error)) {
        struct key_facts key = judgement->findings.key;
        /* What the ledger says of a key is proved without the seal's time, and before it is known whose the seal is. */
        bool has_key = (judgement->proofs_hold || judgement->need.kind == NEED_KEY) && judgement->findings.has_key;
        memset(&judgement->findings, 0, sizeof judgement->findings);
        judgement->findings.key = key;
        judgement->findings.has_key = has_key;
    }
    if (error == 0) {
        judgement->fault.error = 0;
        judgement->fault.text[0] = '\0';
    }
    judgement->error = error;
    return error;
}
