/*
 * Instruments: the list of all, which is complete where it was read to its end, and one with its outline. PROTOCOL.md section 6.
 */
#include "client/check.h"

#include "base/time.h"
#include "text/structure.h"

#include <inttypes.h>
#include <string.h>

static bool text_is(const char *shown, struct bytes proven) {
    return bytes_equal(bytes_text(shown), proven);
}

static bool parties_are(const Depositary__V1__Instrument *shown, const struct edition_record *record) {
    struct bytes rest = record->parties;
    struct bytes party;
    size_t count = 0;
    while (edition_record_party(&party, &rest)) {
        if (count >= shown->n_parties || !text_is(shown->parties[count], party)) {
            return false;
        }
        count++;
    }
    return count == shown->n_parties;
}

/* The message says what the edition record says, and nothing else. */
static int check_instrument(struct check *check, const Depositary__V1__Instrument *shown,
                            const struct proven_edition *edition) {
    const struct edition_record *record = &edition->record;
    if (shown == NULL || !text_is(shown->instrument, record->instrument) ||
        !text_is(shown->language, record->language) || shown->edition != record->edition ||
        strcmp(shown->act, edition_act_text(record->act)) != 0 || !text_is(shown->title, record->title) ||
        !text_is(shown->date, record->date) || !text_is(shown->place, record->place) || !parties_are(shown, record) ||
        strcmp(shown->authenticity, authenticity_text(record->authenticity)) != 0 ||
        shown->clauses != record->clauses || strcmp(shown->deposited_at, edition->shown.deposited_at) != 0 ||
        !text_is(shown->remark, record->remark)) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH,
                         "what is said of an instrument differs from its edition record");
    }
    return 0;
}

/* Row i is what the register has at index `expected`: its line names this edition. */
static int check_instrument_row(struct check *check, const Depositary__V1__Instrument *shown,
                                const struct proven_edition *edition, uint64_t expected, bool is_expected_known) {
    if (!edition->shown.is_latest) {
        return fault_set(check->fault, DEPOSITARY_E_NOT_LATEST, "an edition is listed that is not the latest");
    }
    if (is_expected_known && edition->message->latest->index != expected) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP,
                         "line %" PRIu64 " of the register is listed where line %" PRIu64 " follows",
                         edition->message->latest->index, expected);
    }
    return check_instrument(check, shown, edition);
}

/* On the last page the register's first `key` line follows: nothing stands between it and the last row. */
static int check_list_end(struct check *check, const Depositary__V1__ListInstrumentsResponse *response, uint64_t next,
                          bool is_next_known) {
    struct register_line line;
    bool is_last = response->next_page_token[0] == '\0';
    if (!is_last) {
        return response->end == NULL && response->n_instruments > 0
                   ? 0
                   : fault_set(check->fault, DEPOSITARY_E_LIST_GAP,
                               "a page that is not the last has no rows, or an end");
    }
    if (response->end == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the list's end is not shown");
    }
    int error = check_register_line(&line, response->end, &check->state->register_fields, check->fault);
    if (error) {
        return error;
    }
    if (!line.is_key || (is_next_known && response->end->index != next)) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the line shown as the list's end is not the next one");
    }
    return 0;
}

int check_list_instruments(struct check *check, const Depositary__V1__ListInstrumentsRequest *request,
                           const Depositary__V1__ListInstrumentsResponse *response) {
    bool is_first = request->page_token[0] == '\0';
    bool is_known = is_first || check->before != NULL;
    uint64_t next = is_first || check->before == NULL ? 0 : check->before->next;
    if (check->state == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_SEAL_STATE, "a list without a ledger state");
    }
    if (response->n_instruments != response->n_editions) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "instruments and editions differ in number");
    }
    int error = check_page_size(check, response->n_instruments, request->page_size);
    if (error == 0) {
        error = check_editions(check, response->n_editions, response->editions);
    }
    if (error == 0) {
        error = check_spoken_room(check, response->n_editions);
    }
    for (size_t i = 0; error == 0 && i < response->n_instruments; i++) {
        const struct proven_edition *edition = &check->out->editions[i];
        error = check_instrument_row(check, response->instruments[i], edition, next, is_known);
        if (error == 0) {
            check_speak(check, edition);
            next = edition->message->latest->index + 1;
            is_known = true;
        }
    }
    if (error == 0) {
        error = check_list_end(check, response, next, is_known);
    }
    if (error) {
        return error;
    }
    check->out->next_page = response->next_page_token;
    check->out->page_end.next = next;
    check->out->has_page_end = response->next_page_token[0] != '\0';
    return 0;
}

/* One row of an outline, at its place. */
static int check_outline_row(struct check *check, const Depositary__V1__OutlineItem *message, uint64_t place,
                             depositary_outline_item *out) {
    struct bytes eid = bytes_text(message->eid);
    if (message->place != place) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP,
                         "place %" PRIu64 " is listed in the outline where place %" PRIu64 " follows", message->place,
                         place);
    }
    if (!eid_valid(eid) || message->leaf_hash.len != HASH_LEN || message->length > LIMIT_CLAUSE_TEXT ||
        (int)message->kind != (int)clause_kind_of(eid)) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "row %" PRIu64 " of the outline is malformed",
                         place);
    }
    out->eid = message->eid;
    out->kind = (int)message->kind;
    out->number = message->number;
    out->heading = message->heading;
    out->place = message->place;
    out->length = message->length;
    memcpy(out->leaf_hash, message->leaf_hash.data, HASH_LEN);
    return 0;
}

/* Where all pages were read, the rows' hashes rebuild the edition's clauses-root. */
static int check_outline_end(struct check *check, const Depositary__V1__GetInstrumentResponse *response,
                             const struct proven_edition *edition) {
    struct page_end *end = &check->out->page_end;
    bool is_last = response->next_page_token[0] == '\0';
    if (is_last != (end->next == edition->record.clauses) || (!is_last && response->n_outline == 0)) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the outline ends at place %" PRIu64 " of %" PRIu64,
                         end->next, edition->record.clauses);
    }
    if (is_last && end->has_edge) {
        struct hash root;
        merkle_edge_root(&root, &end->edge);
        if (!hash_equal(&root, &edition->record.clauses_root)) {
            return fault_set(check->fault, DEPOSITARY_E_CLAUSE_PROOF, "the outline does not rebuild clauses-root");
        }
        if (end->length != edition->record.source_length) {
            return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH,
                             "the outline's lengths make %" PRIu64 " bytes, and the text has %" PRIu64, end->length,
                             edition->record.source_length);
        }
    }
    end->edition = edition->leaf;
    check->out->has_page_end = !is_last;
    return 0;
}

/* Where the outline goes on: at the beginning, after the page before, or, where that is not known, at its own first row. */
static int start_outline(struct check *check, const Depositary__V1__GetInstrumentRequest *request,
                         const Depositary__V1__GetInstrumentResponse *response, const struct proven_edition *edition) {
    struct page_end *end = &check->out->page_end;
    if (request->page_token[0] == '\0') {
        end->next = 0;
        end->length = 0;
        end->has_edge = true;
        merkle_edge_init(&end->edge);
        return 0;
    }
    if (check->before == NULL) {
        end->next = response->n_outline > 0 ? response->outline[0]->place : edition->record.clauses;
        end->has_edge = false;
        return 0;
    }
    if (!hash_equal(&check->before->edition, &edition->leaf)) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the pages are of two editions");
    }
    *end = *check->before;
    return 0;
}

/* Within a page, which has at most LIMIT_PAGE rows. */
static bool is_eid_repeated(const depositary_outline_item *items, size_t row) {
    for (size_t i = 0; i < row; i++) {
        if (strcmp(items[i].eid, items[row].eid) == 0) {
            return true;
        }
    }
    return false;
}

static int check_outline(struct check *check, const Depositary__V1__GetInstrumentRequest *request,
                         const Depositary__V1__GetInstrumentResponse *response, const struct proven_edition *edition) {
    struct page_end *end = &check->out->page_end;
    depositary_outline_item *items = check_room(check, response->n_outline, sizeof *items);
    int error = check_page_size(check, response->n_outline, request->page_size);
    if (error == 0 && items == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the outline");
    }
    if (error == 0) {
        error = start_outline(check, request, response, edition);
    }
    for (size_t i = 0; error == 0 && i < response->n_outline; i++) {
        error = check_outline_row(check, response->outline[i], end->next, &items[i]);
        if (error == 0 && end->has_edge) {
            struct hash leaf;
            memcpy(leaf.bytes, items[i].leaf_hash, HASH_LEN);
            error = merkle_edge_append(&end->edge, &leaf, NULL, NULL);
        }
        end->next++;
        end->length += response->outline[i]->length;
        if (error == 0 && is_eid_repeated(items, i)) {
            error =
                fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "%s is named twice in the outline", items[i].eid);
        }
    }
    if (error == 0) {
        error = check_outline_end(check, response, edition);
    }
    if (error == 0) {
        check->out->outline = items;
        check->out->outline_count = response->n_outline;
        check->out->next_page = response->next_page_token;
    }
    return error;
}

static int check_instrument_found(struct check *check, const struct edition_question *question,
                                  const Depositary__V1__GetInstrumentRequest *request,
                                  const Depositary__V1__GetInstrumentResponse *response) {
    if (check->out->editions_count == 0) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_PROOF, "the instrument's edition is not shown");
    }
    if (response->n_absence > 0) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "both an instrument and an absence are shown");
    }
    const struct proven_edition *edition = &check->out->editions[0];
    int error = check_edition_asked(check, edition, question);
    if (error == 0) {
        error = check_instrument(check, response->instrument, edition);
    }
    if (error == 0) {
        error = check_outline(check, request, response, edition);
    }
    if (error == 0) {
        error = check_spoken_room(check, 1);
    }
    if (error == 0) {
        check_speak(check, edition);
    }
    return error;
}

int check_get_instrument(struct check *check, const Depositary__V1__GetInstrumentRequest *request,
                         const Depositary__V1__GetInstrumentResponse *response) {
    struct edition_question question = {
        .instrument = request->instrument, .language = request->language, .edition = request->edition};
    question_as_of(&question, request->as_of);
    int error = check_editions(check, response->n_editions, response->editions);
    if (error) {
        return error;
    }
    if (check->status.code == STATUS_OK) {
        return check_instrument_found(check, &question, request, response);
    }
    if (response->instrument != NULL || response->n_outline > 0) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "an instrument is shown with a refusal");
    }
    return check->status.code == STATUS_NOT_FOUND
               ? check_not_found(check, &question, false, response->n_absence, response->absence)
               : check_withdrawn(check, &question);
}
