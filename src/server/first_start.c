/* A first start on an empty folder. See first_start.h. */
#include "server/first_start.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "corpus/corpus.h"
#include "office/office.h"

#define KEY_DAYS     365
#define PATH_MAX_LEN 4096

static void random_origin(char out[LIMIT_ORIGIN + 1]) {
    char letters[7] = "";
    for (int i = 0; i < 6; i++)
        letters[i] = (char)('a' + randombytes_uniform(26));
    snprintf(out, LIMIT_ORIGIN + 1, "depositary.localhost/%s", letters);
}

/* Clients need the policy, and it is no secret; the office keeps its own. */
static int copy_policy(const char *dir, const char *office_dir, struct fault *fault) {
    char from[PATH_MAX_LEN], to[PATH_MAX_LEN];
    struct buffer text;
    buffer_init(&text, 64 * 1024);
    int error = file_path(from, sizeof from, office_dir, "policy");
    if (error == 0)
        error = file_path(to, sizeof to, dir, "policy");
    if (error == 0)
        error = file_read(&text, from, fault);
    if (error == 0)
        error = file_write(to, buffer_bytes(&text), 0644, fault);
    buffer_free(&text);
    return error;
}

int first_start_office(const char *dir, const char *origin, struct fault *fault) {
    char office_dir[PATH_MAX_LEN], made_up[LIMIT_ORIGIN + 1];
    int error = file_path(office_dir, sizeof office_dir, dir, "office");
    if (error != 0)
        return fault_set(fault, error, "%s: path too long", dir);
    if (origin == NULL) {
        random_origin(made_up);
        origin = made_up;
    }
    const struct office_init init = {.origin = origin};
    error = office_create(office_dir, &init, fault);
    /* There may be one of a first start that was broken off; what is none has no policy to copy. */
    if (error == DEPOSITARY_E_EXISTS)
        error = 0;
    return error != 0 ? error : copy_policy(dir, office_dir, fault);
}

/* The built-in statement, imported as any other. */
static int draft_statement(struct office_draft *draft, int64_t now_s, struct fault *fault) {
    struct description about = {0};
    struct outline outline = {0};
    const struct import_options options = {0};
    int error = description_parse(&about, corpus_about(), fault);
    if (error == 0)
        error = import_plain(&outline, corpus_text(), &options, fault);
    if (error == 0) {
        error = office_draft_edition(draft, &about, ACT_DEPOSIT, about.remark, corpus_text(), &outline, now_s, fault);
        outline_free(&outline);
    }
    description_free(&about);
    return error;
}

static int sign_first(struct office *office, const uint8_t public_key[PUBLIC_KEY_LEN], bool with_instrument,
                      int64_t now_s, struct fault *fault) {
    struct office_draft *draft = NULL;
    int error = office_draft_new(&draft, office);
    if (error == 0)
        error = office_draft_key(draft, public_key, "the daemon of a first start", now_s, now_s + KEY_DAYS * 86400LL,
                                 fault);
    if (error == 0 && with_instrument)
        error = draft_statement(draft, now_s, fault);
    if (error == 0)
        error = office_sign(office, draft, NULL, now_s, fault);
    office_draft_free(draft);
    return error;
}

int first_start_deposit(const char *dir, struct ledger *ledger, const uint8_t public_key[PUBLIC_KEY_LEN],
                        bool with_instrument, int64_t now_s, struct fault *fault) {
    char office_dir[PATH_MAX_LEN];
    struct office *office = NULL;
    struct office_link link;
    uint64_t sent;
    int error = file_path(office_dir, sizeof office_dir, dir, "office");
    if (error != 0)
        return fault_set(fault, error, "%s: path too long", dir);
    error = office_open(&office, office_dir, NULL, fault);
    if (error == 0) {
        const struct ledger_state *own = ledger_state_take(office_ledger(office));
        bool is_empty = own->size == 0;
        ledger_state_release(own);
        if (is_empty)
            error = sign_first(office, public_key, with_instrument, now_s, fault);
    }
    office_link_local(&link, ledger);
    if (error == 0)
        error = office_push(office, &link, &sent, fault);
    office_close(office);
    return error;
}
