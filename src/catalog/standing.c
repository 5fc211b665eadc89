/* Arrays and one lock (standing.h). */
#include "catalog/standing.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT64_MAX

int standing_init(struct standing *standing) {
    memset(standing, 0, sizeof *standing);
    return pthread_rwlock_init(&standing->lock, NULL) ? DEPOSITARY_E_MEMORY : 0;
}

static void empty(struct standing *standing) {
    free(standing->editions);
    free(standing->names);
    free(standing->places);
    free(standing->first);
    free(standing->kinds);
    pthread_rwlock_t lock = standing->lock;
    memset(standing, 0, sizeof *standing);
    standing->lock = lock;
}

void standing_clean_up(struct standing *standing) {
    empty(standing);
    pthread_rwlock_destroy(&standing->lock);
}

/* Room for one more. */
static bool grow(void **items, size_t size, size_t count, size_t *capacity) {
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity + *capacity / 2 : 64;
    void *more = wanted > SIZE_MAX / size ? NULL : realloc(*items, wanted * size);
    if (!more)
        return false;
    *items = more;
    *capacity = wanted;
    return true;
}

static bool grow_texts(struct standing *standing, size_t wanted) {
    if (wanted < standing->texts_capacity)
        return true;
    size_t capacity = wanted + wanted / 2 + 64;
    uint32_t *first = realloc(standing->first, capacity * sizeof *first);
    if (!first)
        return false;
    standing->first = first;
    uint8_t *kinds = realloc(standing->kinds, capacity);
    if (!kinds)
        return false;
    standing->kinds = kinds;
    memset(first + standing->texts_capacity, 0, (capacity - standing->texts_capacity) * sizeof *first);
    memset(kinds + standing->texts_capacity, 0, capacity - standing->texts_capacity);
    standing->texts_capacity = capacity;
    return true;
}

/* ---- adding, under the lock */

static bool is_name(const struct standing_name *name, struct bytes instrument, struct bytes language) {
    return bytes_equal(bytes_text(name->instrument), instrument) && bytes_equal(bytes_text(name->language), language);
}

/* The newest edition of a name, or the name itself where that is new: editions of one text often come one after another. */
static int name_of(struct standing *standing, struct bytes instrument, struct bytes language, uint32_t number,
                   uint32_t *out) {
    for (size_t i = standing->names_count; number > 1 && i-- > 0;) {
        if (is_name(&standing->names[i], instrument, language)) {
            *out = (uint32_t)i;
            return 0;
        }
    }
    if (!grow((void **)&standing->names, sizeof *standing->names, standing->names_count, &standing->names_capacity))
        return DEPOSITARY_E_MEMORY;
    struct standing_name *name = &standing->names[standing->names_count];
    bytes_write_text(name->instrument, sizeof name->instrument, instrument);
    bytes_write_text(name->language, sizeof name->language, language);
    *out = (uint32_t)standing->names_count++;
    return 0;
}

static void supersede(struct standing *standing, const struct standing_edition *by) {
    for (size_t i = standing->editions_count; by->number > 1 && i-- > 0;) {
        struct standing_edition *before = &standing->editions[i];
        if (before->name == by->name && before->number == by->number - 1) {
            before->superseded_by = by->index;
            before->superseded_at = by->deposited_at;
            return;
        }
    }
}

static int add_edition(struct standing *standing, struct standing_edition edition, struct bytes instrument,
                       struct bytes language) {
    size_t count = standing->editions_count;
    if (count > 0 && standing->editions[count - 1].index == edition.index)
        return 0; /* begun by a run before */
    int error = name_of(standing, instrument, language, edition.number, &edition.name);
    if (error)
        return error;
    if (!grow((void **)&standing->editions, sizeof edition, count, &standing->editions_capacity))
        return DEPOSITARY_E_MEMORY;
    edition.superseded_by = NONE;
    edition.first_text = UINT32_MAX;
    edition.last_text = 0;
    supersede(standing, &edition);
    standing->editions[standing->editions_count++] = edition;
    return 0;
}

static struct standing_edition *find_edition(struct standing *standing, uint64_t index) {
    size_t low = 0, high = standing->editions_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (standing->editions[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_there = low < standing->editions_count && standing->editions[low].index == index;
    return is_there ? &standing->editions[low] : NULL;
}

static int add_place(struct standing *standing, uint64_t index, uint64_t place, uint64_t text, unsigned kind) {
    struct standing_edition *edition = find_edition(standing, index);
    /* Texts are numbered in the order in which they first stand somewhere: a number past that is none, and no size for a table. */
    if (!edition || place >= UINT32_MAX || text > standing->places_count + 1 ||
        standing->places_count >= UINT32_MAX - 1)
        return DEPOSITARY_E_DAMAGED;
    if (!grow_texts(standing, (size_t)text) ||
        !grow((void **)&standing->places, sizeof *standing->places, standing->places_count, &standing->places_capacity))
        return DEPOSITARY_E_MEMORY;
    standing->places[standing->places_count++] = (struct standing_place){
        .edition = (uint32_t)(edition - standing->editions), .place = (uint32_t)place, .next = standing->first[text]};
    standing->first[text] = (uint32_t)standing->places_count;
    standing->kinds[text] = (uint8_t)kind;
    edition->first_text = text < edition->first_text ? (uint32_t)text : edition->first_text;
    edition->last_text = text > edition->last_text ? (uint32_t)text : edition->last_text;
    return 0;
}

int standing_add_edition(struct standing *standing, uint64_t index, const struct edition_record *edition) {
    pthread_rwlock_wrlock(&standing->lock);
    int error = add_edition(
        standing,
        (struct standing_edition){.index = index, .number = edition->edition, .deposited_at = edition->deposited_at},
        edition->instrument, edition->language);
    pthread_rwlock_unlock(&standing->lock);
    return error;
}

int standing_add_place(struct standing *standing, uint64_t index, uint64_t place, uint64_t text,
                       enum clause_kind kind) {
    pthread_rwlock_wrlock(&standing->lock);
    int error = add_place(standing, index, place, text, (unsigned)kind);
    pthread_rwlock_unlock(&standing->lock);
    return error;
}

/* ---- from the file */

static int load_edition(struct standing *standing, sqlite3_stmt *row) {
    const struct standing_edition edition = {.index = catalog_column_number(row, 0),
                                             .number = (uint32_t)catalog_column_number(row, 1),
                                             .deposited_at = sqlite3_column_int64(row, 7)};
    return add_edition(standing, edition, catalog_column_bytes(row, 2), catalog_column_bytes(row, 3));
}

static int load_place(struct standing *standing, sqlite3_stmt *row) {
    return add_place(standing, catalog_column_number(row, 0), catalog_column_number(row, 1),
                     catalog_column_number(row, 2), (unsigned)catalog_column_number(row, 3));
}

static int load_rows(struct standing *standing, struct catalog_db *connection, enum catalog_statement which,
                     int (*take)(struct standing *, sqlite3_stmt *), struct fault *fault) {
    bool row = true;
    sqlite3_stmt *statement = catalog_db_statement(connection, which, fault);
    int error = statement ? 0 : DEPOSITARY_E_IO;
    while (!error && row) {
        error = catalog_statement_step(connection, statement, &row, fault);
        int taken = !error && row ? take(standing, statement) : 0;
        if (taken)
            error = fault_set(fault, taken, "catalog: %s",
                              taken == DEPOSITARY_E_MEMORY ? "no memory for the places of texts"
                                                           : "the places of texts are not those of its editions");
    }
    catalog_statement_done(statement);
    return error;
}

int standing_load(struct standing *standing, struct catalog_db *connection, struct fault *fault) {
    pthread_rwlock_wrlock(&standing->lock);
    empty(standing);
    standing->is_lost = true;
    int error = load_rows(standing, connection, STATEMENT_EDITIONS, load_edition, fault);
    if (!error)
        error = load_rows(standing, connection, STATEMENT_PLACES, load_place, fault);
    standing->is_lost = error != 0;
    pthread_rwlock_unlock(&standing->lock);
    return error;
}

void standing_lose(struct standing *standing) {
    pthread_rwlock_wrlock(&standing->lock);
    standing->is_lost = true;
    pthread_rwlock_unlock(&standing->lock);
}

bool standing_is_lost(struct standing *standing) {
    pthread_rwlock_rdlock(&standing->lock);
    bool is_lost = standing->is_lost;
    pthread_rwlock_unlock(&standing->lock);
    return is_lost;
}

/* ---- scopes */

/* As PROTOCOL.md section 6 says which editions are searched. */
static bool edition_in_scope(const struct standing_scope *scope, const struct standing_edition *edition) {
    const struct catalog_scope *asked = scope->scope;
    const struct standing_name *name = &scope->standing->names[edition->name];
    bool is_superseded = edition->superseded_by < scope->size;
    if (edition->index >= scope->size || (asked->instrument[0] && strcmp(asked->instrument, name->instrument) != 0) ||
        (asked->language[0] && strcmp(asked->language, name->language) != 0))
        return false;
    if (asked->edition > 0)
        return edition->number == asked->edition;
    if (!asked->has_as_of)
        return !is_superseded;
    return edition->deposited_at <= asked->as_of && (!is_superseded || edition->superseded_at > asked->as_of);
}

int standing_begin(struct standing_scope *out, struct standing *standing, const struct catalog_scope *scope,
                   uint64_t size) {
    pthread_rwlock_rdlock(&standing->lock);
    *out = (struct standing_scope){.standing = standing, .scope = scope, .size = size, .first_text = NONE};
    out->in_scope = standing->is_lost ? NULL : calloc(standing->editions_count + 1, sizeof *out->in_scope);
    if (!out->in_scope) {
        pthread_rwlock_unlock(&standing->lock);
        return DEPOSITARY_E_MEMORY;
    }
    for (size_t i = 0; i < standing->editions_count; i++) {
        const struct standing_edition *edition = &standing->editions[i];
        out->in_scope[i] = edition_in_scope(out, edition);
        if (!out->in_scope[i] || edition->first_text > edition->last_text)
            continue;
        out->first_text = edition->first_text < out->first_text ? edition->first_text : out->first_text;
        out->last_text = edition->last_text > out->last_text ? edition->last_text : out->last_text;
    }
    return 0;
}

void standing_end(struct standing_scope *scope, struct standing *standing) {
    free(scope->in_scope);
    scope->in_scope = NULL;
    pthread_rwlock_unlock(&standing->lock);
}

bool standing_find(const struct standing_scope *scope, uint64_t text, uint64_t *edition_index, uint64_t *place) {
    const struct standing *standing = scope->standing;
    if (text >= standing->texts_capacity ||
        (scope->scope->kind != KIND_UNSPECIFIED && standing->kinds[text] != (uint8_t)scope->scope->kind))
        return false;
    for (uint32_t at = standing->first[text]; at != 0; at = standing->places[at - 1].next) {
        const struct standing_place *found = &standing->places[at - 1];
        if (scope->in_scope[found->edition]) {
            *edition_index = standing->editions[found->edition].index;
            *place = found->place;
            return true;
        }
    }
    return false;
}
