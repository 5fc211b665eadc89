/* verify: certified copies and receipts, offline. */
#include "cli/cli.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"

enum { OPT_EXPLAIN = CLI_OPT_OWN, OPT_ONLINE };

static const struct option own_options[] = {
    {"explain", no_argument, NULL, OPT_EXPLAIN}, {"online", no_argument, NULL, OPT_ONLINE}, {0}};

struct verify {
    bool is_explained;
    bool is_online;
    bool is_many;                  /* each is told in one line (or JSON object), which names its file */
    const char *path;              /* the one that it is about */
    depositary_verifier *verifier; /* copies of one edition share most of their proof */
};

/* It did not verify, or could not be judged: told at once where there are more, else at the end of the verb. */
static int unverified(struct cli *cli, const struct verify *verify, int error, const char *why) {
    const char *what = error == DEPOSITARY_E_MEMORY ? "not judged" : "not verified";
    if (verify->is_many)
        cli_error("%s: %s: %s", verify->path, what, why);
    else
        cli_error("%s: %s", what, why);
    cli_key_note(error);
    cli->error = error;
    return error == DEPOSITARY_E_MEMORY ? CLI_REFUSED : CLI_UNVERIFIED;
}

static bool take(void *context, int val, const char *argument) {
    struct verify *verify = context;
    (void)argument;
    if (val == OPT_EXPLAIN)
        verify->is_explained = true;
    else
        verify->is_online = true;
    return true;
}

static int read_file(struct buffer *out, const char *path) {
    struct fault fault = {0};
    if (file_read(out, path, &fault) == 0)
        return 0;
    cli_error("%s: %s", path, fault_text(&fault));
    return cli_unusable(fault.error);
}

/* Whether the ledger that the service has now extends the one of then: another history would be a fork. Gives out the present one. */
static int ask_extended(struct cli *cli, uint64_t size, const uint8_t root[32], char as_of[32]) {
    depositary_answer *answer = NULL;
    int error = depositary_get_checkpoint(cli->client, &answer);
    int status = error != 0 ? cli_answer_failed(cli, answer, error) : 0;
    const depositary_ledger *now = status == 0 ? depositary_answer_ledger(answer) : NULL;
    if (now != NULL) {
        snprintf(as_of, 32, "%s", now->register_time);
        if (now->size < size) {
            cli_error(
                "the service's ledger has %llu entries, and this was proved by one of %llu: it lags, or was rolled back",
                (unsigned long long)now->size, (unsigned long long)size);
            cli->error = DEPOSITARY_E_STALE;
            status = CLI_UNVERIFIED;
        } else if (now->size == size && memcmp(now->root, root, 32) != 0) {
            cli_error("the service's ledger of %llu entries is another one: keep both, they are evidence of a fork",
                      (unsigned long long)size);
            cli->error = DEPOSITARY_E_FORK;
            status = CLI_UNVERIFIED;
        }
    }
    bool is_larger = now != NULL && now->size > size;
    depositary_answer_free(&answer);
    if (status != 0 || !is_larger)
        return status;
    error = depositary_get_consistency_proof(cli->client, size, root, &answer);
    status = error != 0 ? cli_answer_failed(cli, answer, error) : 0;
    if (error == DEPOSITARY_E_CONSISTENCY)
        cli_note(
            "the service's ledger does not extend the one that this was proved by: keep both, they are evidence of a fork");
    depositary_answer_free(&answer);
    return status;
}

/* Whether the copy's edition is still the latest: asked of the service, proved by its register. */
static int ask_latest(struct cli *cli, const depositary_copy *copy, json_t *object, bool *is_latest, char as_of[32]) {
    const depositary_edition *edition = depositary_copy_clause(copy)->edition;
    const depositary_checkpoint checkpoint = depositary_copy_checkpoint(copy);
    const depositary_edition_query which = {
        .instrument = edition->instrument, .language = edition->language, .edition = edition->edition};
    depositary_answer *answer = NULL;
    int status = cli_client(cli);
    if (status == 0)
        status = ask_extended(cli, checkpoint.size, checkpoint.root, as_of);
    if (status != 0)
        return status;
    int error = depositary_get_instrument(cli->client, &which, &(depositary_page){.size = 1}, &answer);
    if (error != 0)
        status = cli_answer_failed(cli, answer, error);
    else {
        const depositary_edition *now = depositary_answer_edition(answer, 0);
        bool is_same =
            now->record_len == edition->record_len && memcmp(now->record, edition->record, now->record_len) == 0;
        *is_latest = now->is_latest == 1;
        json_object_set_new(object, "latest", json_boolean(*is_latest));
        if (!is_same) {
            cli_error("the service holds another edition %u under the same key: keep both, they are evidence of a fork",
                      edition->edition);
            cli->error = DEPOSITARY_E_FORK;
            status = CLI_UNVERIFIED;
        }
    }
    depositary_answer_free(&answer);
    return status;
}

static int print_copy(struct cli *cli, const struct verify *verify, const depositary_copy *copy) {
    const depositary_clause *clause = depositary_copy_clause(copy);
    const depositary_edition *edition = clause->edition;
    depositary_checkpoint checkpoint = depositary_copy_checkpoint(copy);
    const char *origin = depositary_policy_origin(cli->policy);
    bool is_latest = false;
    char as_of[32];
    json_t *object = cli_json_clause(clause);
    int status = verify->is_online ? ask_latest(cli, copy, object, &is_latest, as_of) : 0;
    if (status != 0) {
        json_decref(object);
        return status;
    }
    json_object_set_new(object, "verified", json_true());
    json_object_set_new(object, "origin", json_string(origin));
    json_object_set_new(object, "title", json_string(edition->title));
    json_object_set_new(object, "authenticity", json_string(edition->authenticity));
    json_object_set_new(object, "deposited_at", json_string(edition->deposited_at));
    json_object_set_new(object, "ledger_size", json_integer((json_int_t)checkpoint.size));
    if (verify->is_many)
        json_object_set_new(object, "file", json_string(verify->path));
    if (!cli->is_json) {
        if (verify->is_many)
            printf("%s: ", verify->path);
        printf("verified: %s, %s, edition %u, %s (place %llu), deposited %s\n", edition->instrument, edition->language,
               edition->edition, clause->eid, (unsigned long long)clause->place, edition->deposited_at);
        if (!verify->is_many) {
            printf("by %s, ledger of %llu entries; authenticity %s\n", origin, (unsigned long long)checkpoint.size,
                   edition->authenticity);
            cli_text(edition->title, strlen(edition->title));
            putchar('\n');
        }
        if (verify->is_online)
            printf("%s as of %s\n", is_latest ? "the latest edition" : "no longer the latest edition", as_of);
    }
    status = cli->is_json ? cli_json_print(json_incref(object)) : cli_finish();
    json_decref(object);
    return status;
}

/* Each step, with every hash. */
static void explain_copy(const struct cli *cli, const struct buffer *record, const struct buffer *proof) {
    char *steps = NULL;
    depositary_failure failure;
    if (depositary_copy_explain(&steps, cli->policy, record->data, record->len, proof->data, proof->len, &failure) == 0)
        cli_text_error(steps);
    free(steps);
}

static int verify_copy(struct cli *cli, const struct verify *verify, const char *record_path, const char *proof_path) {
    struct buffer record, proof;
    depositary_copy *copy = NULL;
    depositary_failure failure;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    buffer_init(&proof, 4 * LIMIT_ENTRY);
    int status = read_file(&record, record_path);
    if (status == 0)
        status = read_file(&proof, proof_path);
    if (status == 0) {
        int error =
            depositary_verifier_copy(&copy, verify->verifier, record.data, record.len, proof.data, proof.len, &failure);
        if (error == 0 && verify->is_explained)
            explain_copy(cli, &record, &proof);
        if (error == 0)
            status = print_copy(cli, verify, copy);
        else
            status = unverified(cli, verify, error, failure.text);
    }
    depositary_copy_free(&copy);
    buffer_free(&record);
    buffer_free(&proof);
    return status;
}

static void print_key(const depositary_seal *seal) {
    char text[CLI_BASE64_LEN];
    cli_base64(text, seal->public_key);
    printf("key       %s\n", text);
}

/* Whether the key that sealed the receipt is still good, by the newest register there is. */
static int ask_key(struct cli *cli, const depositary_answer *receipt, char as_of[32]) {
    const depositary_ledger *then = depositary_answer_ledger(receipt);
    depositary_answer *answer = NULL;
    int status = cli_client(cli);
    if (status == 0 && then != NULL)
        status = ask_extended(cli, then->size, then->root, as_of);
    if (status != 0)
        return status;
    int error = depositary_get_answer_key(cli->client, depositary_answer_seal(receipt)->public_key, &answer);
    if (error != 0)
        status = cli_answer_failed(cli, answer, error);
    else
        snprintf(as_of, 32, "%s", depositary_answer_ledger(answer)->register_time);
    if (error == DEPOSITARY_E_NO) {
        cli_error("the ledger has no record of the key that sealed the receipt");
        cli->error = DEPOSITARY_E_KEY_RECORD;
        status = CLI_UNVERIFIED;
    } else if (error == 0 && depositary_answer_key_active(answer) != 1) {
        cli_error("the key that sealed the receipt is revoked as of %s: its seal proves nothing any more", as_of);
        cli_note("what the receipt itself proves, texts and absences of then, stands");
        cli->error = DEPOSITARY_E_KEY_REVOKED;
        status = CLI_UNVERIFIED;
    }
    depositary_answer_free(&answer);
    return status;
}

static int print_receipt(struct cli *cli, const struct verify *verify, const depositary_answer *answer, int error) {
    const depositary_seal *seal = depositary_answer_seal(answer);
    char as_of[32] = "";
    int status = verify->is_online ? ask_key(cli, answer, as_of) : 0;
    if (status != 0)
        return status;
    if (*depositary_answer_question(answer) == '\0') { /* an answer to no matter what proves nothing */
        cli_error("no memory for the question that the receipt is of");
        return CLI_REFUSED;
    }
    if (verify->is_explained)
        cli_explain(answer);
    if (cli->is_json) {
        json_t *object = cli_json_answer(answer);
        json_object_set_new(object, "method", json_string(depositary_answer_method(answer)));
        json_object_set_new(object, "question", json_string(depositary_answer_question(answer)));
        json_object_set_new(object, "status", json_integer(depositary_answer_status(answer)));
        if (verify->is_many)
            json_object_set_new(object, "file", json_string(verify->path));
        json_object_set_new(object, "message", json_string(depositary_answer_status_message(answer)));
        json_object_set_new(object, "absence",
                            error != DEPOSITARY_E_NO
                                ? json_null()
                                : json_string(depositary_answer_absence_proven(answer) ? "proven" : "claimed"));
        if (verify->is_online)
            json_object_set_new(object, "key_active_as_of", json_string(as_of));
        return cli_json_print(object);
    }
    if (verify->is_many) {
        printf("%s: verified: sealed at %s, %s, status %d\n", verify->path, seal->sealed_at,
               depositary_answer_method(answer), depositary_answer_status(answer));
        return cli_finish();
    }
    printf("verified: sealed at %s\n", seal->sealed_at);
    print_key(seal);
    if (verify->is_online)
        printf("active    as of %s\n", as_of);
    fputs("method    ", stdout);
    cli_text(depositary_answer_method(answer), strlen(depositary_answer_method(answer)));
    fputs("\nquestion  ", stdout);
    cli_text(depositary_answer_question(answer), strlen(depositary_answer_question(answer)));
    printf("\nstatus    %d ", depositary_answer_status(answer));
    cli_text(depositary_answer_status_message(answer), strlen(depositary_answer_status_message(answer)));
    putchar('\n');
    for (size_t i = 0; i < depositary_answer_clauses(answer); i++) {
        const depositary_clause *clause = depositary_answer_clause(answer, i);
        printf("proven    %s %s %u %s, %zu bytes\n", clause->edition->instrument, clause->edition->language,
               clause->edition->edition, clause->eid, clause->text_len);
    }
    if (error == DEPOSITARY_E_NO)
        printf("absence   %s\n", depositary_answer_absence_proven(answer) ? "proven" : "claimed");
    return cli_finish();
}

static int verify_receipt(struct cli *cli, const struct verify *verify, const char *path) {
    struct buffer receipt;
    depositary_answer *answer = NULL;
    buffer_init(&receipt, 2 * LIMIT_SOCKET);
    int status = read_file(&receipt, path);
    if (status == 0) {
        int error = depositary_receipt_verify(&answer, cli->policy, receipt.data, receipt.len);
        /* A receipt of a refusal is as good a receipt: what is verified is what was answered. */
        if (error == 0 || error == DEPOSITARY_E_NO || error == DEPOSITARY_E_STATUS)
            status = print_receipt(cli, verify, answer, error);
        else {
            status = unverified(cli, verify, error,
                                answer != NULL ? depositary_answer_error_text(answer) : depositary_error_text(error));
            if (answer != NULL && depositary_answer_proofs_hold(answer))
                cli_note("the proofs of the text hold; the seal does not");
        }
    }
    depositary_answer_free(&answer);
    buffer_free(&receipt);
    return status;
}

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* A copy's proof: named after it, or beside it under its name. */
static int verify_record(struct cli *cli, const struct verify *verify, const char *record, const char *proof) {
    if (proof != NULL)
        return verify_copy(cli, verify, record, proof);
    size_t len = strlen(record);
    char *beside = malloc(len + 1);
    if (beside == NULL)
        return cli_error("out of memory"), CLI_REFUSED;
    memcpy(beside, record, len + 1);
    memcpy(beside + len - strlen(".record"), ".proof", sizeof ".proof");
    int status = verify_copy(cli, verify, record, beside);
    free(beside);
    return status;
}

/* All of them, whatever comes of the first; what does not verify weighs heaviest. */
static int verify_all(struct cli *cli, struct verify *verify, char **files, int count) {
    int worst = 0, held = 0;
    for (int i = 0; i < count; i++) {
        verify->path = files[i];
        int status = ends_with(files[i], ".receipt") ? verify_receipt(cli, verify, files[i])
                                                     : verify_record(cli, verify, files[i], NULL);
        held += status == 0;
        if (status == CLI_UNVERIFIED && cli->is_json)
            cli_json_unverified(cli, files[i]);
        if (status == CLI_UNVERIFIED || worst == 0)
            worst = status;
    }
    cli_note("%d of %d verified", held, count);
    return worst;
}

static int verify_files(struct cli *cli, struct verify *verify, const struct verb *verb, char **files, int count) {
    bool is_known = true;
    for (int i = 0; i < count; i++)
        is_known = is_known && (ends_with(files[i], ".record") || ends_with(files[i], ".receipt"));
    if (is_known && count > 1) {
        verify->is_many = true;
        return verify_all(cli, verify, files, count);
    }
    if (is_known)
        return ends_with(files[0], ".receipt") ? verify_receipt(cli, verify, files[0])
                                               : verify_record(cli, verify, files[0], NULL);
    if (count == 2)
        return verify_record(cli, verify, files[0], files[1]);
    return cli_usage(verb, "%s: name the .proof file too, since this is no .record or .receipt", files[0]);
}

int verb_verify(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct verify verify = {0};
    depositary_failure failure;
    cli->no_receipt = "a receipt is checked here, and none is made";
    int status = cli_options(cli, verb, argc, argv, own_options, take, &verify, 1, INT_MAX);
    if (status >= 0)
        return status;
    if ((status = cli_policy(cli)) != 0)
        return status;
    if (depositary_verifier_new(&verify.verifier, cli->policy, &failure) != 0)
        return cli_error("%s", failure.text), CLI_REFUSED;
    status = verify_files(cli, &verify, verb, argv + optind, argc - optind);
    depositary_verifier_free(&verify.verifier);
    return status;
}
