/*
 * Editions: that one lies in the ledger, whether it is the latest, whether it is the one asked for, and that there is none.
 * PROTOCOL.md section 6, the rules after the messages.
 */
#include "client/check.h"

#include "client/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Sets how the edition stands to the register's line for its instrument and language. */
static int check_latest(struct check *check, const Depositary__V1__RegisterLine *message,
                        struct proven_edition *edition) {
    struct register_line line;
    int error = check_register_line(&line, message, &check->state->register_fields, check->fault);
    if (error) {
        return error;
    }
    if (line.is_key || !bytes_equal(line.instrument, edition->record.instrument) ||
        !bytes_equal(line.language, edition->record.language)) {
        return fault_set(check->fault, DEPOSITARY_E_REGISTER_LINE, "the register line shown is not the edition's");
    }
    bool is_latest = hash_equal(&line.record, &edition->leaf);
    if (is_latest != (line.edition == edition->record.edition) || line.edition < edition->record.edition) {
        return fault_set(check->fault, DEPOSITARY_E_REGISTER_LINE,
                         "the register names edition %" PRIu32 " as the latest, which edition %" PRIu32
                         " shown here contradicts",
                         line.edition, edition->record.edition);
    }
    edition->shown.latest_edition = line.edition;
    edition->shown.is_latest = is_latest;
    return 0;
}

static int check_edition(struct check *check, const Depositary__V1__EditionProof *message, struct proven_edition *out) {
    const struct ledger_view *state = check->state;
    struct merkle_path path;
    struct bytes record = bytes_of_data(message->record);
    if (record.len > LIMIT_ENTRY) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_RECORD, "an edition record of %zu bytes", record.len);
    }
    if (!merkle_path_read(&path, message->n_path, message->path)) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_PROOF, "an edition's path is malformed");
    }
    merkle_leaf_hash(&out->leaf, record);
    if (message->index >= state->size ||
        merkle_inclusion_check(&out->leaf, message->index, state->size, &path, &state->root) != 0) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_PROOF, "an edition record shown is not in the ledger");
    }
    if (edition_record_parse(&out->record, record, NULL) != 0) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_RECORD, "an entry shown as an edition is none");
    }
    out->message = message;
    int error = view_edition(&out->shown, check->arena, &out->record, record, message->index);
    if (error) {
        return fault_set(check->fault, error, "the edition cannot be kept");
    }
    return check_latest(check, message->latest, out);
}

int check_editions(struct check *check, size_t count, Depositary__V1__EditionProof **messages) {
    if (count == 0) {
        return 0;
    }
    if (check->state == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_SEAL_STATE, "editions without a ledger state");
    }
    if (count > 2 * (size_t)LIMIT_PAGE) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "an answer with %zu editions", count);
    }
    struct proven_edition *editions = check_room(check, count, sizeof *editions);
    if (editions == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the editions");
    }
    for (size_t i = 0; i < count; i++) {
        int error = check_edition(check, messages[i], &editions[i]);
        if (error) {
            return error;
        }
        for (size_t before = 0; before < i; before++) {
            if (editions[before].shown.index == editions[i].shown.index) {
                return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "one edition is shown twice");
            }
        }
    }
    check->out->editions = editions;
    check->out->editions_count = count;
    return 0;
}

void question_as_of(struct edition_question *question, const Google__Protobuf__Timestamp *as_of) {
    question->has_as_of = as_of != NULL;
    question->as_of = as_of != NULL ? as_of->seconds : 0;
}

/* The edition after this one, among those shown. */
static const struct proven_edition *find_successor(const struct check *check, const struct proven_edition *edition) {
    for (size_t i = 0; i < check->out->editions_count; i++) {
        const struct proven_edition *other = &check->out->editions[i];
        if (other->record.has_previous && hash_equal(&other->record.previous, &edition->leaf) &&
            bytes_equal(other->record.instrument, edition->record.instrument) &&
            bytes_equal(other->record.language, edition->record.language)) {
            return other;
        }
    }
    return NULL;
}

static int check_as_of(struct check *check, const struct proven_edition *edition, int64_t as_of) {
    if (as_of > check->state->register_fields.time) {
        return fault_set(check->fault, DEPOSITARY_E_AS_OF, "the time asked for is later than the register's");
    }
    if (edition->record.deposited_at > as_of) {
        return fault_set(check->fault, DEPOSITARY_E_AS_OF, "edition %" PRIu32 " was deposited only at %s",
                         edition->record.edition, edition->shown.deposited_at);
    }
    if (edition->shown.is_latest) {
        return 0;
    }
    const struct proven_edition *successor = find_successor(check, edition);
    if (successor == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_AS_OF,
                         "the edition after edition %" PRIu32
                         " is not shown, so that it may have been in force by then",
                         edition->record.edition);
    }
    if (successor->record.deposited_at <= as_of) {
        return fault_set(check->fault, DEPOSITARY_E_AS_OF, "edition %" PRIu32 " was deposited by then",
                         successor->record.edition);
    }
    return 0;
}

static int check_names(struct check *check, const struct proven_edition *edition,
                       const struct edition_question *question) {
    struct bytes instrument = bytes_text(question->instrument);
    struct bytes language = bytes_text(question->language);
    if (instrument.len > 0 && !bytes_equal(instrument, edition->record.instrument)) {
        return fault_set(check->fault, DEPOSITARY_E_INSTRUMENT_MISMATCH, "an answer of \"%s\"",
                         edition->shown.instrument);
    }
    if (language.len > 0 && !bytes_equal(language, edition->record.language)) {
        return fault_set(check->fault, DEPOSITARY_E_LANGUAGE_MISMATCH, "an answer in \"%s\"", edition->shown.language);
    }
    return 0;
}

int check_edition_asked(struct check *check, const struct proven_edition *edition,
                        const struct edition_question *question) {
    int error = check_names(check, edition, question);
    if (error) {
        return error;
    }
    if (question->edition != 0) {
        if (edition->record.edition != question->edition) {
            return fault_set(check->fault, DEPOSITARY_E_EDITION_MISMATCH,
                             "an answer of edition %" PRIu32 ", not %" PRIu32, edition->record.edition,
                             question->edition);
        }
        return 0;
    }
    if (question->has_as_of) {
        return check_as_of(check, edition, question->as_of);
    }
    if (!edition->shown.is_latest && question->searched_size == 0) {
        return fault_set(check->fault, DEPOSITARY_E_NOT_LATEST,
                         "an answer of edition %" PRIu32 ", where the register has edition %" PRIu32,
                         edition->record.edition, edition->shown.latest_edition);
    }
    return 0;
}

int check_spoken_room(struct check *check, size_t count) {
    check->out->spoken = check_room(check, count, sizeof *check->out->spoken);
    check->out->spoken_count = 0;
    return check->out->spoken != NULL ? 0 : fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the editions");
}

void check_speak(struct check *check, const struct proven_edition *edition) {
    for (size_t i = 0; i < check->out->spoken_count; i++) {
        if (check->out->spoken[i] == edition) {
            return;
        }
    }
    check->out->spoken[check->out->spoken_count++] = edition;
}

/* No line of the register begins with these words, as the neighbours show. */
static bool absence_holds(const struct check *check, const char *instrument, const char *language, size_t lines,
                          Depositary__V1__RegisterLine **absence) {
    char words[LIMIT_INSTRUMENT + LIMIT_LANGUAGE + 16];
    struct shown_line shown[2];
    if (lines > 2 || strlen(instrument) > LIMIT_INSTRUMENT || strlen(language) > LIMIT_LANGUAGE) {
        return false;
    }
    for (size_t i = 0; i < lines; i++) {
        shown[i].line = bytes_text(absence[i]->line);
        shown[i].index = absence[i]->index;
        if (!merkle_path_read(&shown[i].path, absence[i]->n_path, absence[i]->path)) {
            return false;
        }
    }
    (void)snprintf(words, sizeof words, language[0] != '\0' ? "edition %s %s " : "edition %s ", instrument, language);
    return register_absence_check(bytes_text(words), shown, lines, &check->state->register_fields) == 0;
}

/* An edition is shown with NOT_FOUND: it refutes the one asked for, or it is where the eId was looked for. */
static int check_refuting_edition(struct check *check, const struct edition_question *question, bool has_eid) {
    const struct proven_edition *edition = &check->out->editions[0];
    int error = check_names(check, edition, question);
    if (error) {
        return error;
    }
    bool is_refuted = false;
    if (question->edition != 0 && edition->record.edition != question->edition) {
        if (!edition->shown.is_latest || question->edition < edition->record.edition) {
            return fault_set(check->fault, DEPOSITARY_E_ABSENCE,
                             "edition %" PRIu32 " does not refute that there is an edition %" PRIu32,
                             edition->record.edition, question->edition);
        }
        is_refuted = true;
    } else if (question->has_as_of && edition->record.edition == 1 && edition->record.deposited_at > question->as_of) {
        is_refuted = true;
    } else {
        error = check_edition_asked(check, edition, question);
        if (error) {
            return error;
        }
        if (!has_eid) {
            return fault_set(check->fault, DEPOSITARY_E_ABSENCE, "the edition that is said not to be there is shown");
        }
    }
    error = check_spoken_room(check, 1);
    if (error) {
        return error;
    }
    check_speak(check, edition);
    /* of a text whose language the service chose it is proved, but not that another language has no such edition */
    check->out->is_absence_proven = is_refuted && question->language[0] != '\0';
    return fault_set(check->fault, DEPOSITARY_E_NO, "there is no such %s in \"%s\"", is_refuted ? "edition" : "clause",
                     edition->shown.language);
}

int check_not_found(struct check *check, const struct edition_question *question, bool has_eid, size_t lines,
                    Depositary__V1__RegisterLine **absence) {
    if (check->state == NULL || (lines == 0 && check->out->editions_count == 0)) {
        return fault_set(check->fault, DEPOSITARY_E_ABSENCE, "\"not found\" without any proof");
    }
    if (lines == 0) {
        return check_refuting_edition(check, question, has_eid);
    }
    if (check->out->editions_count > 0) {
        return fault_set(check->fault, DEPOSITARY_E_ABSENCE, "both an absence and an edition are shown");
    }
    if (absence_holds(check, question->instrument, "", lines, absence)) {
        check->out->is_absence_proven = true;
        return fault_set(check->fault, DEPOSITARY_E_NO, "there is no instrument \"%s\"", question->instrument);
    }
    if (question->language[0] != '\0' &&
        absence_holds(check, question->instrument, question->language, lines, absence)) {
        check->out->is_absence_proven = true;
        return fault_set(check->fault, DEPOSITARY_E_NO, "there is no text of \"%s\" in \"%s\"", question->instrument,
                         question->language);
    }
    return fault_set(check->fault, DEPOSITARY_E_ABSENCE, "the register's lines shown do not prove the absence");
}

int check_withdrawn(struct check *check, const struct edition_question *question) {
    if (check->out->editions_count == 0) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_PROOF, "a withdrawal is said, and not shown");
    }
    const struct proven_edition *edition = &check->out->editions[0];
    int error = check_edition_asked(check, edition, question);
    if (error) {
        return error;
    }
    if (edition->record.act != ACT_WITHDRAWAL) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "an edition is called withdrawn that is not");
    }
    error = check_spoken_room(check, 1);
    if (error) {
        return error;
    }
    check_speak(check, edition);
    return fault_set(check->fault, DEPOSITARY_E_STATUS, "\"%s\" was withdrawn", edition->shown.instrument);
}
