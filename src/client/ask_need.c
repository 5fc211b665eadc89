/*
 * The further calls that a judgement needs: the answer key's record, consistency, something newer; and waiting for a replica that lags. PROTOCOL.md
 * sections 5 and 8.
 */
#include "client/ask_parts.h"

#include <stdlib.h>
#include <string.h>

#define HELPERS_MAX    48 /* further calls for one call of the caller's */
#define DEPTH_MAX      6  /* calls for calls for ... */
#define PAUSE_FIRST_MS 50 /* between askings of a service that lags; doubled each time */
#define PAUSE_LAST_MS  1000

/* ---- further calls */

/* A call for this one, with its deadline. NULL, and this one has failed, where there are too many. */
static struct ask *new_helper(struct ask *ask, const char *method, const ProtobufCMessage *message, ask_done *done) {
    struct ask *root = ask_root(ask);
    struct ask *helper = calloc(1, sizeof *helper);
    struct depositary_question *question = question_new(method, message);
    if (helper == NULL || question == NULL || answer_new(&helper->answer, question) != 0) {
        depositary_question_free(&question);
        free(helper);
        ask_fail(ask, DEPOSITARY_E_MEMORY, NULL);
        return NULL;
    }
    depositary_question_free(&question);
    if (++root->helpers > HELPERS_MAX || ask->depth + 1 > DEPTH_MAX) {
        ask_free(helper);
        ask_fail(ask, DEPOSITARY_E_SEAL_STATE, "the service does not come to an end of what it has to prove");
        return NULL;
    }
    helper->client = ask->client;
    helper->parent = ask;
    helper->depth = ask->depth + 1;
    helper->deadline_ns = ask->deadline_ns;
    helper->is_waiting_for_ready = root->is_waiting_for_ready;
    helper->endpoint = helper->avoid = ENDPOINT_NONE;
    helper->prefer = ask->endpoint; /* a replica that lags knows nothing of what another has shown */
    helper->done = done;
    helper->context = ask;
    return helper;
}

/* A local or network failure of a further call is this call's too; so is what failed verification. */
static void fail_by_helper(struct ask *ask, const struct depositary_answer *helper, const char *what) {
    struct fault fault;
    (void)fault_set(&fault, helper->error, "%s: %s", what, helper->text);
    ask_fail(ask, fault.error, fault.text);
}

/* ---- ... the answer key */

static void take_key(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    const struct findings *findings = &helper->judgement.findings;
    const struct need *need = &ask->answer->judgement.need;
    bool is_proven = findings->has_key && (helper->error == 0 || helper->judgement.proofs_hold);
    if (is_proven && findings->key.register_size >= need->least_size) {
        struct key_facts facts;
        if (trust_find_key(ask->client->trust, bytes_of(need->public_key, PUBLIC_KEY_LEN), need->least_size, &facts,
                           NULL)) {
            depositary_answer_free(&helper);
            ask_judge(ask);
            return;
        }
    }
    if (is_proven || helper->error == 0) {
        ask_fail(ask, DEPOSITARY_E_KEY_STATUS, "no register shown is new enough to tell the answer key's status");
    } else if (helper->error == DEPOSITARY_E_NO || helper->error == DEPOSITARY_E_STATUS) {
        ask_fail(ask, DEPOSITARY_E_KEY_RECORD, "the ledger has no record of the key that sealed the answer");
    } else {
        fail_by_helper(ask, helper, "the answer key");
    }
    depositary_answer_free(&helper);
}

/* Whether one of the calls that led here asks for that key's record already, by a register that is as new. */
static bool is_asked_for(const struct ask *ask, const struct need *need) {
    for (; ask->parent != NULL; ask = ask->parent) {
        const struct need *theirs = &ask->parent->answer->judgement.need;
        if (theirs->kind == NEED_KEY && theirs->least_size >= need->least_size &&
            memcmp(theirs->public_key, need->public_key, PUBLIC_KEY_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static void want_key(struct ask *ask) {
    struct need *need = &ask->answer->judgement.need;
    Depositary__V1__GetAnswerKeyRequest question = DEPOSITARY__V1__GET_ANSWER_KEY_REQUEST__INIT;
    question.public_key = (ProtobufCBinaryData){PUBLIC_KEY_LEN, need->public_key};
    if (is_asked_for(ask, need)) {
        ask_fail(ask, DEPOSITARY_E_KEY_RECORD,
                 "the service does not show the record of the key that seals its answers");
        return;
    }
    struct ask *helper = new_helper(ask, "/depositary.v1.LedgerService/GetAnswerKey", &question.base, take_key);
    if (helper != NULL) {
        ask_begin(helper);
    }
}

/* ---- ... consistency */

/* Whether the answer's path joins the two points. */
static bool read_link(const struct depositary_answer *helper, const struct ledger_link *link,
                      struct merkle_path *path) {
    const Depositary__V1__GetConsistencyProofResponse *response =
        (const Depositary__V1__GetConsistencyProofResponse *)helper->judgement.answer.message;
    return merkle_path_read(path, response->n_path, response->path) &&
           merkle_consistency_check(link->from.size, &link->from.root, link->to.size, &link->to.root, path) == 0;
}

/* Longer each time; where the time is up it ends with the error that led here. */
static void pause_then(struct ask *ask, line_done *next) {
    ask->pause_ms = ask->pause_ms == 0                  ? PAUSE_FIRST_MS
                    : ask->pause_ms * 2 > PAUSE_LAST_MS ? PAUSE_LAST_MS
                                                        : ask->pause_ms * 2;
    if (!ask_pause(ask, ask->pause_ms, next)) {
        ask_finish(ask);
    }
}

static void want_path(struct ask *ask, const struct ledger_link *link, ask_done *done) {
    Depositary__V1__GetConsistencyProofRequest question = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_REQUEST__INIT;
    question.old_size = link->from.size;
    question.new_size = link->to.size;
    struct ask *helper = new_helper(ask, "/depositary.v1.LedgerService/GetConsistencyProof", &question.base, done);
    if (helper != NULL) {
        helper->is_link = true;
        helper->link = *link;
        ask_begin(helper);
    }
}

static void want_link(struct ask *ask, ask_done *done) {
    want_path(ask, &ask->answer->judgement.need.link, done);
}

static void take_link(void *context, struct depositary_answer *helper);

static void after_link_pause(void *context, enum line_result result, struct bytes response) {
    struct ask *ask = context;
    (void)response;
    if (result != LINE_OK) {
        ask_fail_line(ask, result);
        return;
    }
    want_link(ask, take_link);
}

/* The state of an answer, or the sealed root of one without, is joined to what is held, or it is a fork. */
static void join_link(struct ask *ask, struct depositary_answer *helper) {
    struct depositary_answer *answer = ask->answer;
    const struct ledger_link link = answer->judgement.need.link;
    const struct ledger_view *state = answer->judgement.has_state ? &answer->judgement.state : NULL;
    struct merkle_path path;
    bool is_new = false;
    if (!read_link(helper, &link, &path)) {
        if (state == NULL) {
            ask_fail(ask, DEPOSITARY_E_SEAL_STATE, "the sealed state is not one of the ledger that is held");
        } else {
            ask_stop_at_fork(ask, link.from.size, state->checkpoint);
        }
        return;
    }
    if (state == NULL) {
        answer->link = link;
        answer->link_path = path;
        answer->has_link = true;
    }
    int error = trust_join(ask->client->trust, &link, state, &is_new);
    if (error) {
        ask_fail(ask, error, NULL);
    } else if (!is_new || ask_remember(ask, state->checkpoint)) {
        ask_judge(ask);
    }
}

static void take_link(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    if (helper->error == 0) {
        join_link(ask, helper);
    } else if (helper->error == DEPOSITARY_E_STATUS) {
        /* an endpoint that does not have both sizes yet; another, or later, may */
        answer_set_error(ask->answer, DEPOSITARY_E_CONSISTENCY,
                         "no endpoint proves that the ledger extends the one seen before");
        pause_then(ask, after_link_pause);
    } else {
        fail_by_helper(ask, helper, "the consistency proof");
    }
    depositary_answer_free(&helper);
}

/* ---- ... what only its receipt needs */

/* Without it the answer is as good, and there is no receipt. */
static void take_receipt_link(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    struct depositary_answer *answer = ask->answer;
    answer->has_link = helper->error == 0 && read_link(helper, &answer->link, &answer->link_path);
    depositary_answer_free(&helper);
    ask_finish(ask);
}

/* The key may have been vouched for since by a larger state: another call has brought it, or the service lags. */
void ask_receipt_link(struct ask *ask, const struct key_facts *key) {
    struct depositary_answer *answer = ask->answer;
    const struct seal_head *head = &answer->judgement.head;
    const struct ledger_link link = {{head->ledger_size, head->ledger_root}, {key->register_size, key->register_root}};
    bool is_there = link.from.size == link.to.size || (answer->has_link && answer->link.to.size == link.to.size);
    if (is_there || answer->judgement.is_state_known) {
        ask_finish(ask);
        return;
    }
    answer->link = link;
    answer->has_link = false;
    want_path(ask, &link, take_receipt_link);
}

/* ---- ... something newer */

static void take_checkpoint(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    if (helper->error == 0) {
        ask_judge(ask);
    } else {
        fail_by_helper(ask, helper, "the checkpoint");
    }
    depositary_answer_free(&helper);
}

static void want_checkpoint(struct ask *ask) {
    Depositary__V1__GetCheckpointRequest question = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    if (++ask->checkpoints > ASK_TRIES_MAX) {
        ask_fail(ask, DEPOSITARY_E_SEAL_STATE, "the sealed state is not the ledger's that the service shows");
        return;
    }
    struct ask *helper = new_helper(ask, "/depositary.v1.LedgerService/GetCheckpoint", &question.base, take_checkpoint);
    if (helper != NULL) {
        ask_begin(helper);
    }
}

/* ---- ... a service that lags */

static void ask_again(void *context, enum line_result result, struct bytes response) {
    struct ask *ask = context;
    (void)response;
    if (result != LINE_OK) {
        ask_fail_line(ask, result);
        return;
    }
    ask->avoid = ask->endpoint; /* another replica may be further on */
    ask->prefer = ENDPOINT_NONE;
    ask_begin(ask);
}

/* The smaller state is held against the larger where an endpoint has both; that none has yet is no failure. */
static void take_older_link(void *context, struct depositary_answer *helper) {
    struct ask *ask = context;
    const struct judgement *judgement = &ask->answer->judgement;
    struct merkle_path path;
    int error = 0;
    if (helper->error == 0 && !read_link(helper, &judgement->need.link, &path)) {
        ask_stop_at_fork(ask, judgement->need.link.to.size, judgement->state.checkpoint);
        depositary_answer_free(&helper);
        return;
    }
    if (helper->error == 0) {
        error = trust_join(ask->client->trust, &judgement->need.link, NULL, NULL);
    } else if (helper->error == DEPOSITARY_E_CANCELLED || helper->error == DEPOSITARY_E_FORK) {
        error = helper->error;
    }
    depositary_answer_free(&helper);
    if (error) {
        ask_fail(ask, error, NULL);
    } else {
        pause_then(ask, ask_again);
    }
}

static void want_fresher(struct ask *ask) {
    const struct judgement *judgement = &ask->answer->judgement;
    answer_set_error(ask->answer, DEPOSITARY_E_STALE, judgement->fault.text);
    if (trust_knows(ask->client->trust, &judgement->need.link.from)) {
        pause_then(ask, ask_again);
        return;
    }
    want_link(ask, take_older_link);
}

void ask_need(struct ask *ask) {
    switch (ask->answer->judgement.need.kind) {
    case NEED_NOTHING:
        break;
    case NEED_KEY:
        want_key(ask);
        break;
    case NEED_LINK:
        want_link(ask, take_link);
        break;
    case NEED_CHECKPOINT:
        want_checkpoint(ask);
        break;
    case NEED_FRESHER:
        want_fresher(ask);
        break;
    }
}
