#include "answer_maker.h"

#include "base/time.h"
#include "text/structure.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

static const struct world_clause_text pact_1[] = {
    {"preface", "Pact on Rivers\n\n"},
    {"preamble", "The Parties, mindful of the Araz,\n\n"},
    {"cl_1", "1. The rivers stay open.\n\n"},
    {"cl_2", "2. The Parties shall:\n(a) share data — daily;\n(b) warn each other;\n\n"},
    {"conclusions", "Done at Baku, in one copy.\n"},
};
static const struct world_clause_text pact_2[] = {
    {"preface", "Pact on Rivers\n\n"},
    {"preamble", "The Parties, mindful of the Araz,\n\n"},
    {"cl_1", "1. The rivers stay open.\n\n"},
    {"cl_2", "2. The Parties shall:\n(a) share data — weekly;\n(b) warn each other;\n\n"},
    {"conclusions", "Done at Baku, in one copy.\n"},
};
static const struct world_clause_text accord_zh[] = {
    {"art_1", "第一条 双方合作。\n"},
    {"art_2", "第二条 本协定自签字之日起生效。\n"},
};
static const struct world_clause_text accord_en[] = {
    {"art_1", "Article 1\nThe Parties cooperate.\n"},
    {"art_2", "Article 2\nThis Accord enters into force on signature.\n"},
};
static const struct world_clause_text gone_1[] = {{"cl_1", "1. Nothing lasts.\n"}};

/* ---- memory */

void *world_alloc(struct world *world, size_t size) {
    void *memory = arena_zalloc(&world->arena, size + 1);
    WORLD_NEED(memory != NULL);
    return memory;
}

char *world_text(struct world *world, const char *text) {
    char *copy = arena_text(&world->arena, text, strlen(text));
    WORLD_NEED(copy != NULL);
    return copy;
}

static struct bytes keep(struct world *world, struct buffer *buffer) {
    WORLD_NEED(buffer->error == 0);
    char *copy = arena_text(&world->arena, buffer->data, buffer->len);
    WORLD_NEED(copy != NULL);
    struct bytes out = bytes_of(copy, buffer->len);
    buffer_free(buffer);
    return out;
}

/* ---- keys and policy */

static void make_key(struct world_key *key, const char *name, uint8_t seed_byte) {
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    WORLD_NEED(crypto_sign_seed_keypair(key->public_key, key->secret, seed) == 0);
    WORLD_NEED(verifier_key_make(&key->verifier, bytes_text(name), NOTE_TYPE_ED25519, key->public_key) == 0);
}

static void make_policy(struct world *world) {
    struct buffer text;
    buffer_init(&text, 65536);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &world->ledger_key.verifier);
    buffer_append_text(&text, "\nlog ");
    verifier_key_print(&text, &world->spare_key.verifier);
    buffer_append_text(&text, "\nquorum none\n");
    world->policy_text = keep(world, &text);
    WORLD_NEED(policy_parse(&world->policy, world->policy_text, NULL) == 0);
}

/* ---- entries and states */

static void add_entry(struct world *world, struct bytes record) {
    struct hash leaf;
    merkle_leaf_hash(&leaf, record);
    WORLD_NEED(world->entries_count < 64);
    world->entries[world->entries_count++] = record;
    WORLD_NEED(register_lines_apply(world->lines, record, &leaf, NULL) == 0);
}

static void add_key(struct world *world, enum world_answer_key name, int64_t not_before, int64_t not_after) {
    struct key_record record = {.holder = BYTES("a service"), .not_before = not_before, .not_after = not_after};
    struct buffer text;
    memcpy(record.public_key, world->answer_keys[name].public_key, PUBLIC_KEY_LEN);
    buffer_init(&text, LIMIT_ENTRY);
    WORLD_NEED(key_record_print(&text, &record, NULL) == 0);
    world->key_records[name] = keep(world, &text);
    world->key_indices[name] = world->entries_count;
    add_entry(world, world->key_records[name]);
}

static void add_revocation(struct world *world, enum world_answer_key name) {
    struct revocation_record record = {.revoked_at = world->now - WORLD_SECOND, .remark = BYTES("lost")};
    struct buffer text;
    memcpy(record.public_key, world->answer_keys[name].public_key, PUBLIC_KEY_LEN);
    buffer_init(&text, LIMIT_ENTRY);
    WORLD_NEED(revocation_record_print(&text, &record, NULL) == 0);
    add_entry(world, keep(world, &text));
}

static void hash_clause(struct hash *out, const struct edition_record *edition,
                        const struct world_clause_text *clause) {
    struct clause_record record = {edition->instrument, edition->language, bytes_text(clause->eid),
                                   bytes_text(clause->text)};
    WORLD_NEED(clause_record_hash(out, &record, NULL) == 0);
}

static void add_edition(struct world *world, enum world_edition_name name, const struct edition_record *fields,
                        const struct world_clause_text *texts, size_t count) {
    struct world_edition *edition = &world->editions[name];
    struct edition_record record = *fields;
    crypto_hash_sha256_state sha256;
    struct buffer text;
    edition->texts = texts;
    edition->count = count;
    edition->index = world->entries_count;
    crypto_hash_sha256_init(&sha256);
    WORLD_NEED(merkle_tree_init(&edition->tree, 16) == 0);
    for (size_t i = 0; i < count; i++) {
        struct hash leaf;
        hash_clause(&leaf, &record, &texts[i]);
        merkle_tree_append(&edition->tree, &leaf);
        record.source_length += strlen(texts[i].text);
        crypto_hash_sha256_update(&sha256, (const uint8_t *)texts[i].text, strlen(texts[i].text));
    }
    crypto_hash_sha256_final(&sha256, record.source_sha256);
    record.clauses = count;
    merkle_tree_root(&record.clauses_root, &edition->tree);
    buffer_init(&text, LIMIT_ENTRY);
    WORLD_NEED(edition_record_print(&text, &record, NULL) == 0);
    edition->record = keep(world, &text);
    WORLD_NEED(edition_record_parse(&edition->fields, edition->record, NULL) == 0);
    merkle_leaf_hash(&edition->leaf, edition->record);
    add_entry(world, edition->record);
}

/* Adds the register and signs. */
static void end_state(struct world *world, enum world_state_name name, int64_t time) {
    struct world_state *state = &world->states[name];
    struct register_record record = {.time = time};
    struct checkpoint checkpoint = {.origin = BYTES(WORLD_ORIGIN)};
    struct buffer text;
    WORLD_NEED(register_lines_finish(world->lines) == 0);
    record.lines = register_lines_count(world->lines);
    register_lines_root(&record.root, world->lines);
    buffer_init(&text, LIMIT_ENTRY);
    WORLD_NEED(register_record_print(&text, &record, NULL) == 0);
    state->register_record = keep(world, &text);
    WORLD_NEED(register_lines_copy(&state->lines, world->lines) == 0);
    WORLD_NEED(register_lines_finish(state->lines) == 0);
    add_entry(world, state->register_record);
    WORLD_NEED(merkle_tree_init(&state->tree, 64) == 0);
    for (size_t i = 0; i < world->entries_count; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, world->entries[i]);
        merkle_tree_append(&state->tree, &leaf);
    }
    state->size = checkpoint.size = world->entries_count;
    merkle_tree_root(&state->root, &state->tree);
    checkpoint.root = state->root;
    buffer_init(&text, LIMIT_NOTE);
    WORLD_NEED(checkpoint_sign(&text, &checkpoint, &world->ledger_key.verifier, world->ledger_key.secret) == 0);
    state->note = keep(world, &text);
}

static struct edition_record fields_of(const char *instrument, const char *language, uint32_t edition,
                                       enum edition_act act, int64_t deposited_at) {
    return (struct edition_record){.instrument = bytes_text(instrument),
                                   .language = bytes_text(language),
                                   .edition = edition,
                                   .act = act,
                                   .title = BYTES("A Pact — on rivers"),
                                   .date = BYTES("2025-04-23"),
                                   .place = BYTES("Baku"),
                                   .parties = BYTES("party Azerbaijan\nparty China\n"),
                                   .parties_count = 2,
                                   .authenticity = AUTHENTICITY_AUTHENTIC,
                                   .deposited_at = deposited_at};
}

static void follow(struct edition_record *fields, const struct world_edition *edition) {
    fields->has_previous = true;
    fields->previous = edition->leaf;
    fields->remark = BYTES("a misprint");
}

#define TEXTS(texts) texts, sizeof(texts) / sizeof(texts)[0]

static void make_first_editions(struct world *world) {
    struct edition_record fields = fields_of("pact", "en", 1, ACT_DEPOSIT, world->now - WORLD_FIRST);
    add_edition(world, PACT_1, &fields, TEXTS(pact_1));
    fields = fields_of("accord", "zh", 1, ACT_DEPOSIT, world->now - WORLD_FIRST);
    add_edition(world, ACCORD_ZH, &fields, TEXTS(accord_zh));
    fields = fields_of("gone", "en", 1, ACT_DEPOSIT, world->now - WORLD_FIRST);
    add_edition(world, GONE_1, &fields, TEXTS(gone_1));
}

static void make_second_editions(struct world *world) {
    struct edition_record fields = fields_of("pact", "en", 2, ACT_RECTIFICATION, world->now - WORLD_SECOND);
    follow(&fields, &world->editions[PACT_1]);
    add_edition(world, PACT_2, &fields, TEXTS(pact_2));
    fields = fields_of("accord", "en", 1, ACT_DEPOSIT, world->now - WORLD_SECOND);
    fields.authenticity = AUTHENTICITY_TRANSLATION;
    fields.has_translation_of = true;
    fields.translation_of = world->editions[ACCORD_ZH].leaf;
    add_edition(world, ACCORD_EN, &fields, TEXTS(accord_en));
    fields = fields_of("gone", "en", 2, ACT_WITHDRAWAL, world->now - WORLD_SECOND);
    follow(&fields, &world->editions[GONE_1]);
    add_edition(world, GONE_2, &fields, NULL, 0);
}

void world_begin(struct world *world, int64_t now) {
    struct register_lines *before_fork;
    memset(world, 0, sizeof *world);
    world->now = now;
    WORLD_NEED(sodium_init() >= 0);
    arena_init(&world->arena, 256u * 1024 * 1024);
    make_key(&world->ledger_key, WORLD_ORIGIN, 1);
    make_key(&world->spare_key, WORLD_ORIGIN, 2);
    make_key(&world->stranger_key, WORLD_ORIGIN, 3);
    for (unsigned i = 0; i < KEYS_COUNT; i++) {
        make_key(&world->answer_keys[i], "answers", (uint8_t)(10 + i));
    }
    make_policy(world);
    WORLD_NEED(register_lines_new(&world->lines) == 0);
    add_key(world, KEY_MAIN, world->now - 10 * DAY, world->now + 300 * DAY);
    add_key(world, KEY_REPLICA, world->now - 10 * DAY, world->now + 300 * DAY);
    add_key(world, KEY_EXPIRED, world->now - 10 * DAY, world->now - 1);
    add_key(world, KEY_REVOKED, world->now - 10 * DAY, world->now + 300 * DAY);
    end_state(world, STATE_KEYS, world->now - WORLD_FIRST - 10);
    make_first_editions(world);
    end_state(world, STATE_OLD, world->now - WORLD_FIRST);
    make_second_editions(world);
    add_revocation(world, KEY_REVOKED);
    end_state(world, STATE_NEW, world->now - WORLD_SECOND);
    WORLD_NEED(register_lines_copy(&before_fork, world->lines) == 0);
    end_state(world, STATE_RENEWED, world->now - 1000);
    world->entries_count--; /* the other history goes on from the same state */
    register_lines_free(world->lines);
    world->lines = before_fork;
    end_state(world, STATE_FORK, world->now - 900);
    end_state(world, STATE_LONG_FORK, world->now - 800);
}

void world_end(struct world *world) {
    for (size_t i = 0; i < EDITIONS_COUNT; i++) {
        merkle_tree_free(&world->editions[i].tree);
    }
    for (size_t i = 0; i < STATES_COUNT; i++) {
        merkle_tree_free(&world->states[i].tree);
        register_lines_free(world->states[i].lines);
    }
    register_lines_free(world->lines);
    policy_free(world->policy);
    arena_free(&world->arena);
}

/* ---- parts of messages */

ProtobufCBinaryData *world_path(struct world *world, const struct merkle_path *path) {
    ProtobufCBinaryData *out = world_alloc(world, (path->count + 2) * sizeof *out); /* room for one more hash */
    for (size_t i = 0; i < path->count; i++) {
        out[i].len = HASH_LEN;
        out[i].data = world_alloc(world, HASH_LEN);
        memcpy(out[i].data, path->hashes[i].bytes, HASH_LEN);
    }
    return out;
}

static ProtobufCBinaryData data_of(struct world *world, struct bytes in) {
    ProtobufCBinaryData out = {in.len, world_alloc(world, in.len)};
    if (in.len > 0) {
        memcpy(out.data, in.data, in.len);
    }
    return out;
}

static char *text_of(struct world *world, struct bytes in) {
    return (char *)data_of(world, in).data;
}

Depositary__V1__LedgerState *world_ledger(struct world *world, enum world_state_name name) {
    const struct world_state *state = &world->states[name];
    Depositary__V1__LedgerState *out = world_alloc(world, sizeof *out);
    struct merkle_path path;
    depositary__v1__ledger_state__init(out);
    merkle_tree_path(&path, &state->tree, state->size - 1);
    out->checkpoint = text_of(world, state->note);
    out->register_record = data_of(world, state->register_record);
    out->n_register_path = path.count;
    out->register_path = world_path(world, &path);
    return out;
}

Depositary__V1__RegisterLine *world_line(struct world *world, enum world_state_name name, size_t index) {
    const struct world_state *state = &world->states[name];
    Depositary__V1__RegisterLine *out = world_alloc(world, sizeof *out);
    struct merkle_path path;
    depositary__v1__register_line__init(out);
    register_lines_path(&path, state->lines, index);
    out->line = text_of(world, register_lines_line(state->lines, index));
    out->index = index;
    out->n_path = path.count;
    out->path = world_path(world, &path);
    return out;
}

size_t world_find_line(struct world *world, enum world_state_name state, const char *words) {
    size_t index;
    WORLD_NEED(register_lines_find(world->states[state].lines, bytes_text(words), &index));
    return index;
}

Depositary__V1__EditionProof *world_edition(struct world *world, enum world_state_name name,
                                            enum world_edition_name edition_name) {
    const struct world_state *state = &world->states[name];
    const struct world_edition *edition = &world->editions[edition_name];
    Depositary__V1__EditionProof *out = world_alloc(world, sizeof *out);
    struct merkle_path path;
    char words[160];
    depositary__v1__edition_proof__init(out);
    merkle_tree_path(&path, &state->tree, edition->index);
    out->record = data_of(world, edition->record);
    out->index = edition->index;
    out->n_path = path.count;
    out->path = world_path(world, &path);
    snprintf(words, sizeof words, "edition %.*s %.*s ", (int)edition->fields.instrument.len,
             (const char *)edition->fields.instrument.data, (int)edition->fields.language.len,
             (const char *)edition->fields.language.data);
    out->latest = world_line(world, name, world_find_line(world, name, words));
    return out;
}

static Depositary__V1__Span *span_of(struct world *world, struct span span) {
    Depositary__V1__Span *out;
    if (span.length == 0) {
        return NULL;
    }
    out = world_alloc(world, sizeof *out);
    depositary__v1__span__init(out);
    out->offset = span.offset;
    out->length = span.length;
    return out;
}

static void fill_structure(struct world *world, Depositary__V1__Clause *clause) {
    struct structure structure;
    WORLD_NEED(structure_of(&structure, bytes_text(clause->eid), bytes_text(clause->text)) == 0);
    clause->number = span_of(world, structure.number);
    clause->heading = span_of(world, structure.heading);
    clause->n_provisions = structure.provisions_count;
    clause->provisions = world_alloc(world, (structure.provisions_count + 1) * sizeof *clause->provisions);
    for (size_t i = 0; i < structure.provisions_count; i++) {
        clause->provisions[i] = world_alloc(world, sizeof(Depositary__V1__Provision));
        depositary__v1__provision__init(clause->provisions[i]);
        clause->provisions[i]->eid = world_text(world, structure.provisions[i].eid);
        clause->provisions[i]->number = span_of(world, structure.provisions[i].number);
        clause->provisions[i]->span = span_of(world, structure.provisions[i].span);
    }
    structure_free(&structure);
}

Depositary__V1__CertifiedClause *world_clause(struct world *world, enum world_edition_name name, size_t place,
                                              uint32_t edition_index) {
    const struct world_edition *edition = &world->editions[name];
    Depositary__V1__CertifiedClause *out = world_alloc(world, sizeof *out);
    Depositary__V1__Clause *clause = world_alloc(world, sizeof *clause);
    struct merkle_path path;
    depositary__v1__certified_clause__init(out);
    depositary__v1__clause__init(clause);
    merkle_tree_path(&path, &edition->tree, place);
    clause->instrument = text_of(world, edition->fields.instrument);
    clause->language = text_of(world, edition->fields.language);
    clause->eid = world_text(world, edition->texts[place].eid);
    clause->text = world_text(world, edition->texts[place].text);
    clause->kind = (Depositary__V1__ClauseKind)clause_kind_of(bytes_text(clause->eid));
    fill_structure(world, clause);
    out->clause = clause;
    out->edition = edition_index;
    out->place = place;
    out->n_path = path.count;
    out->path = world_path(world, &path);
    return out;
}

Depositary__V1__Instrument *world_instrument(struct world *world, enum world_edition_name name) {
    const struct edition_record *fields = &world->editions[name].fields;
    Depositary__V1__Instrument *out = world_alloc(world, sizeof *out);
    char time[TIME_TEXT_LEN + 1];
    struct bytes rest = fields->parties;
    struct bytes party;
    depositary__v1__instrument__init(out);
    out->instrument = text_of(world, fields->instrument);
    out->language = text_of(world, fields->language);
    out->edition = fields->edition;
    out->act = world_text(world, edition_act_text(fields->act));
    out->title = text_of(world, fields->title);
    out->date = text_of(world, fields->date);
    out->place = text_of(world, fields->place);
    out->parties = world_alloc(world, (fields->parties_count + 1) * sizeof *out->parties);
    while (edition_record_party(&party, &rest)) {
        out->parties[out->n_parties++] = text_of(world, party);
    }
    out->authenticity = world_text(world, authenticity_text(fields->authenticity));
    out->clauses = fields->clauses;
    WORLD_NEED(time_print(time, fields->deposited_at));
    out->deposited_at = world_text(world, time);
    out->remark = text_of(world, fields->remark);
    return out;
}

Depositary__V1__GetAnswerKeyResponse *world_key_response(struct world *world, enum world_state_name name,
                                                         enum world_answer_key key) {
    const struct world_state *state = &world->states[name];
    Depositary__V1__GetAnswerKeyResponse *out = world_alloc(world, sizeof *out);
    struct merkle_path path;
    struct buffer words;
    depositary__v1__get_answer_key_response__init(out);
    merkle_tree_path(&path, &state->tree, world->key_indices[key]);
    out->record = data_of(world, world->key_records[key]);
    out->index = world->key_indices[key];
    out->n_path = path.count;
    out->path = world_path(world, &path);
    buffer_init(&words, 256);
    buffer_append_text(&words, "key ");
    buffer_append_base64(&words, bytes_of(world->answer_keys[key].public_key, PUBLIC_KEY_LEN));
    struct bytes line = keep(world, &words);
    out->status = world_line(world, name, world_find_line(world, name, (const char *)line.data));
    out->ledger = world_ledger(world, name);
    return out;
}

/* A complete node of a state's tree, from its leaves. */
static int read_node(void *context, unsigned level, uint64_t index, struct hash *out) {
    const struct merkle_tree *tree = context;
    struct hash left;
    struct hash right;
    if (level == 0) {
        *out = tree->nodes[index];
        return 0;
    }
    WORLD_NEED(read_node(context, level - 1, 2 * index, &left) == 0 &&
               read_node(context, level - 1, 2 * index + 1, &right) == 0);
    merkle_node_hash(out, &left, &right);
    return 0;
}

void world_consistency(struct world *world, enum world_state_name old, enum world_state_name new_state,
                       struct merkle_path *out) {
    struct world_state *larger = &world->states[new_state];
    WORLD_NEED(merkle_consistency_path(out, world->states[old].size, larger->size, read_node, &larger->tree) == 0);
}

void world_view(struct world *world, enum world_state_name name, struct ledger_view *out) {
    struct checked *checked;
    WORLD_NEED(checked_new(&checked, world->policy) == 0);
    WORLD_NEED(check_ledger_state(out, checked, world_ledger(world, name), NULL) == 0);
    checked_free(checked);
}

void world_facts(struct world *world, enum world_state_name name, enum world_answer_key key, struct key_facts *out) {
    struct ledger_view view;
    world_view(world, name, &view);
    WORLD_NEED(check_key(out, &view, world_key_response(world, name, key),
                         bytes_of(world->answer_keys[key].public_key, PUBLIC_KEY_LEN), NULL) == 0);
}

/* ---- answers */

static struct bytes pack(struct world *world, const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *out = world_alloc(world, len);
    WORLD_NEED(protobuf_c_message_pack(message, out) == len);
    return bytes_of(out, len);
}

struct bytes world_answer(struct world *world, const struct status *status, const ProtobufCMessage *message) {
    Depositary__V1__Answer answer = DEPOSITARY__V1__ANSWER__INIT;
    if (message != NULL) {
        struct bytes packed = pack(world, message);
        answer.message = (ProtobufCBinaryData){packed.len, (uint8_t *)(uintptr_t)packed.data};
    }
    if (status != NULL && status->code != STATUS_OK) {
        struct buffer text;
        ProtobufCMessage *unpacked;
        buffer_init(&text, 65536);
        WORLD_NEED(status_print(&text, status) == 0);
        WORLD_NEED(
            guard_unpack(&unpacked, &depositary__v1__status__descriptor, keep(world, &text), &world->arena, NULL) == 0);
        answer.status = (Depositary__V1__Status *)unpacked;
    }
    return pack(world, &answer.base);
}

struct world_seal world_seal(struct world *world, enum world_state_name state) {
    return (struct world_seal){.key = &world->answer_keys[KEY_MAIN],
                               .origin = WORLD_ORIGIN,
                               .ledger_size = world->states[state].size,
                               .ledger_root = world->states[state].root,
                               .sealed_at = world->now};
}

struct bytes world_response(struct world *world, const struct world_seal *seal, struct bytes request,
                            struct bytes answer) {
    struct seal_head head = {
        .size = 3, .sealed_at = seal->sealed_at, .ledger_size = seal->ledger_size, .ledger_root = seal->ledger_root};
    struct seal out = {.index = 1};
    struct merkle_tree batch;
    struct hash request_sha256;
    struct hash answer_sha256;
    struct hash leaf;
    struct buffer text;
    uint8_t *signature = world_alloc(world, SIGNATURE_LEN);
    snprintf(head.origin, sizeof head.origin, "%s", seal->origin);
    WORLD_NEED(merkle_tree_init(&batch, 4) == 0);
    for (unsigned i = 0; i < 3; i++) {
        seal_digest(&request_sha256, i == 1 ? request : bytes_of(&i, sizeof i));
        seal_digest(&answer_sha256, i == 1 ? answer : BYTES("another answer"));
        seal_leaf(&leaf, &request_sha256, &answer_sha256);
        merkle_tree_append(&batch, &leaf);
    }
    merkle_tree_root(&head.root, &batch);
    merkle_tree_path(&out.path, &batch, 1);
    merkle_tree_free(&batch);
    if (seal->alter_head != NULL) {
        seal->alter_head(&head);
    }
    buffer_init(&text, LIMIT_SEAL_HEAD);
    WORLD_NEED(seal_head_print(&text, &head) == 0);
    out.head = keep(world, &text);
    out.public_key = bytes_of(seal->key->public_key, PUBLIC_KEY_LEN);
    WORLD_NEED(seal_sign(signature, out.head, seal->key->secret) == 0);
    out.signature = bytes_of(signature, SIGNATURE_LEN);
    if (seal->alter_seal != NULL) {
        seal->alter_seal(world, &out);
    }
    buffer_init(&text, LIMIT_SOCKET);
    WORLD_NEED(response_print(&text, answer, &out) == 0);
    return keep(world, &text);
}

struct bytes world_request(struct world *world, const char *method, const ProtobufCMessage *message) {
    struct buffer text;
    buffer_init(&text, LIMIT_REQUEST_APPEND);
    WORLD_NEED(call_print(&text, method_find(bytes_text(method)), message, BYTES("a nonce of more than 16 bytes"), 0,
                          NULL) == 0);
    return keep(world, &text);
}
