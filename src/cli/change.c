/* What a new edition changes, clause by clause, against the one in the office's ledger (preview.h). */
#include "cli/preview.h"
#include "cli/wording.h"

#include "base/encode.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX (1024u * 1024 * 1024) /* bytes of an edition */

/* A clause of the edition before. */
struct old_clause {
    char eid[LIMIT_EID + 1];
    size_t offset; /* in old_edition.text */
    size_t length;
    bool is_kept; /* the new edition has one by that name */
};

struct old_edition {
    struct old_clause *clauses;
    size_t count;
    size_t capacity;
    struct buffer text;
};

static int compare_clauses(const void *a, const void *b) {
    return strcmp(((const struct old_clause *)a)->eid, ((const struct old_clause *)b)->eid);
}

static int compare_places(const void *a, const void *b) {
    const struct old_clause *left = a;
    const struct old_clause *right = b;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Room for as many as came, not for as many as a record says. */
static int make_room(struct old_edition *old, struct fault *fault) {
    if (old->count < old->capacity) {
        return 0;
    }
    size_t capacity =
        old->capacity > 0 ? 2 * old->capacity : 64; /* far below SIZE_MAX: each has text, whose buffer has a limit */
    struct old_clause *clauses = realloc(old->clauses, capacity * sizeof(*clauses));
    if (!clauses) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the edition before");
    }
    old->clauses = clauses;
    old->capacity = capacity;
    return 0;
}

static int read_clause(struct old_edition *old, struct ledger *ledger, uint64_t index,
                       const struct edition_record *edition, uint64_t place, struct fault *fault) {
    struct buffer bytes;
    struct clause_record record;
    buffer_init(&bytes, LIMIT_CLAUSE_RECORD);
    int error = ledger_clause(ledger, index, edition->clauses, &edition->clauses_root, place, &bytes, NULL, fault);
    if (!error) {
        error = clause_record_parse(&record, buffer_bytes(&bytes), fault);
    }
    if (!error) {
        error = make_room(old, fault);
    }
    if (!error) {
        struct old_clause *clause = &old->clauses[old->count++];
        memcpy(clause->eid, record.eid.data, record.eid.len); /* at most LIMIT_EID bytes: the record was parsed */
        clause->eid[record.eid.len] = '\0';
        clause->offset = old->text.len;
        clause->length = record.text.len;
        clause->is_kept = false;
        buffer_append(&old->text, record.text);
        error = old->text.error ? fault_set(fault, old->text.error, "no room for the edition before") : 0;
    }
    buffer_free(&bytes);
    return error;
}

static int read_old(struct old_edition *old, struct office *office, struct bytes latest, struct fault *fault) {
    struct edition_record edition;
    struct hash leaf;
    uint64_t index = 0;
    struct ledger *ledger = office_ledger(office);
    const struct ledger_state *state = ledger_state_take(ledger);
    int error = edition_record_parse(&edition, latest, fault);
    merkle_leaf_hash(&leaf, latest);
    if (!error) {
        error = ledger_find(ledger, state, &leaf, &index);
    }
    for (uint64_t place = 0; !error && place < edition.clauses; place++) {
        error = read_clause(old, ledger, index, &edition, place, fault);
    }
    ledger_state_release(state);
    return error;
}

static void sort(const struct old_edition *old, int (*compare)(const void *a, const void *b)) {
    if (old->count > 0) {
        qsort(old->clauses, old->count, sizeof(*old->clauses), compare);
    }
}

/* ---- one clause */

static json_t *describe_changed(const char *eid, struct bytes old, struct bytes new) {
    return json_pack("{s:s, s:s, s:o}", "eid", eid, "change", "changed", "words", wording_changes(old, new));
}

/* ---- all of them */

static struct old_clause *find_clause(const struct old_edition *old, const char *eid) {
    struct old_clause key;
    snprintf(key.eid, sizeof(key.eid), "%s", eid);
    return old->count == 0 ? NULL : bsearch(&key, old->clauses, old->count, sizeof(*old->clauses), compare_clauses);
}

static void compare_unit(json_t *changes, const struct preview *preview, const struct unit *unit,
                         const struct old_edition *old) {
    struct bytes text = bytes_slice(preview->source, unit->offset, unit->length);
    struct old_clause *before = find_clause(old, unit->eid);
    if (!before) {
        json_array_append_new(changes, json_pack("{s:s, s:s}", "eid", unit->eid, "change", "added"));
        return;
    }
    struct bytes old_text = bytes_slice(buffer_bytes(&old->text), before->offset, before->length);
    before->is_kept = true;
    if (!bytes_equal(old_text, text)) {
        json_array_append_new(changes, describe_changed(unit->eid, old_text, text));
    }
}

json_t *preview_changes(const struct preview *preview, struct office *office, struct bytes latest,
                        struct fault *fault) {
    struct old_edition old = {0};
    json_t *changes = json_array();
    buffer_init(&old.text, SOURCE_MAX);
    if (read_old(&old, office, latest, fault) != 0) {
        json_decref(changes);
        changes = NULL;
    } else {
        sort(&old, compare_clauses);
        for (size_t i = 0; i < preview->outline->units_count; i++) {
            compare_unit(changes, preview, &preview->outline->units[i], &old);
        }
        sort(&old, compare_places);
        for (size_t i = 0; i < old.count; i++) {
            if (!old.clauses[i].is_kept) {
                json_array_append_new(changes, json_pack("{s:s, s:s}", "eid", old.clauses[i].eid, "change", "removed"));
            }
        }
    }
    buffer_free(&old.text);
    free(old.clauses);
    return changes;
}

void preview_print_changes(json_t *changes, size_t units) {
    size_t i;
    json_t *change;
    size_t touched = 0;
    json_array_foreach(changes, i, change) {
        const char *what = json_string_value(json_object_get(change, "change"));
        printf("%s %s\n", what, json_string_value(json_object_get(change, "eid")));
        touched += strcmp(what, "removed") != 0;
        wording_print(json_object_get(change, "words"));
    }
    printf("%zu units as before\n", units - touched);
}
