/* The table of lies. See answer_lies.h; the rows are in lies/, and are read twice: as functions, then as the table. */
#include "answer_lies.h"

#include "base/encode.h"
#include "rpc/wire.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

/* ---- small changes */

static void flip(ProtobufCBinaryData *data) {
    WORLD_NEED(data->len > 0);
    data->data[data->len / 2] ^= 1;
}

static void empty(ProtobufCBinaryData *data) {
    data->len = 0;
}

static void resize(struct scene *s, ProtobufCBinaryData *data, size_t len) {
    uint8_t *more = world_alloc(&s->world, len);
    memcpy(more, data->data, data->len < len ? data->len : len);
    *data = (ProtobufCBinaryData){len, more};
}

/* The last letter of a text becomes another. */
static void flip_text(char *text) {
    WORLD_NEED(text[0] != '\0');
    text[strlen(text) - 1] ^= 1;
}

static char *join_text(struct scene *s, const char *a, const char *b) {
    char *out = world_alloc(&s->world, strlen(a) + strlen(b));
    strcpy(out, a);
    strcat(out, b);
    return out;
}

static char *long_text(struct scene *s, size_t len) {
    char *out = world_alloc(&s->world, len);
    memset(out, 'a', len);
    return out;
}

/* The first `from` in a text becomes `to`. */
static char *edit(struct scene *s, const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    WORLD_NEED(at != NULL);
    char *out = world_alloc(&s->world, strlen(text) + strlen(to));
    memcpy(out, text, (size_t)(at - text));
    strcat(out, to);
    strcat(out, at + strlen(from));
    return out;
}

/* ---- paths */

static void drop_hash(size_t *count) {
    WORLD_NEED(*count > 0);
    --*count;
}

static void add_hash(struct scene *s, size_t *count, ProtobufCBinaryData *path) {
    path[(*count)++] = (ProtobufCBinaryData){HASH_LEN, world_alloc(&s->world, HASH_LEN)};
}

static void double_hash(size_t *count, ProtobufCBinaryData *path) {
    path[*count] = path[*count - 1];
    ++*count;
}

static void swap_hashes(size_t count, ProtobufCBinaryData *path) {
    WORLD_NEED(count >= 2);
    ProtobufCBinaryData first = path[0];
    path[0] = path[1];
    path[1] = first;
}

static void shorten_hash(ProtobufCBinaryData *path) {
    path[0].len = HASH_LEN - 1;
}

/* ---- ledger states */

/* The answer carries another state than it did; seal and proofs stay. */
static void set_state(struct scene *s, enum world_state_name state) {
    s->clause->ledger = world_ledger(&s->world, state);
}

/* The service seals from another state. */
static void seal_state(struct scene *s, enum world_state_name state) {
    s->seal.ledger_size = s->world.states[state].size;
    s->seal.ledger_root = s->world.states[state].root;
}

/* All is answered from another state: what is shown after this is shown from there. */
static void move_to(struct scene *s, enum world_state_name state) {
    s->state = s->key_state = state;
    seal_state(s, state);
    set_state(s, state);
}

/* The answer is sealed by another key, of which the client knows what the ledger says. */
static void seal_by(struct scene *s, enum world_answer_key key) {
    struct key_facts facts;
    s->seal.key = &s->world.answer_keys[key];
    world_facts(&s->world, s->state, key, &facts);
    WORLD_NEED(trust_keep_key(s->trust, &facts, BYTES("proof")) == 0);
}

static void hold(struct scene *s, enum world_state_name state) {
    struct ledger_view view;
    struct ledger_link link;
    enum trust_verdict verdict;
    world_view(&s->world, state, &view);
    WORLD_NEED(trust_weigh(s->trust, &view, &verdict, &link, NULL) == 0 && verdict == TRUST_HELD);
}

/* The answer has no message; the client holds the state that it is sealed from. */
static void make_bare(struct scene *s) {
    s->is_bare = true;
    world_view(&s->world, s->state, &s->held);
    s->has_held = true;
}

/* A checkpoint of any body, signed by any key. */
static char *sign_body(struct scene *s, const char *body, const struct world_key *key) {
    struct buffer note;
    uint8_t blob[4 + SIGNATURE_LEN];
    buffer_init(&note, LIMIT_SOCKET);
    memcpy(blob, key->verifier.id, 4);
    WORLD_NEED(crypto_sign_detached(blob + 4, NULL, (const uint8_t *)body, strlen(body), key->secret) == 0);
    buffer_append_text(&note, body);
    buffer_append_format(&note, "\n\u2014 %s ", key->verifier.name);
    buffer_append_base64(&note, bytes_of(blob, sizeof blob));
    buffer_append_text(&note, "\n");
    char *out = arena_text(&s->world.arena, note.data, note.len);
    WORLD_NEED(out != NULL);
    buffer_free(&note);
    return out;
}

/* The signed lines of the state's checkpoint. */
static char *body_of(struct scene *s) {
    const char *note = s->clause->ledger->checkpoint;
    const char *end = strstr(note, "\n\n");
    char *out = world_alloc(&s->world, strlen(note));
    memcpy(out, note, (size_t)(end - note) + 1);
    return out;
}

static char *signature_line(struct scene *s) {
    return strstr(s->clause->ledger->checkpoint, "\n\n") + 2;
}

/* ---- seals */

/* A head of the service's own making, signed as it stands. */
static void sign_head(struct world *world, struct seal *seal, struct bytes head) {
    uint8_t *copy = world_alloc(world, head.len);
    uint8_t *signature = world_alloc(world, SIGNATURE_LEN);
    memcpy(copy, head.data, head.len);
    seal->head = bytes_of(copy, head.len);
    WORLD_NEED(seal_sign(signature, seal->head, world->answer_keys[KEY_MAIN].secret) == 0);
    seal->signature = bytes_of(signature, SIGNATURE_LEN);
}

/* The head with one field changed in a way that the writer of heads refuses. */
static void change_head(struct world *world, struct seal *seal, void (*change)(Depositary__V1__SealHead *head)) {
    Depositary__V1__SealHead *head = depositary__v1__seal_head__unpack(NULL, seal->head.len, seal->head.data);
    WORLD_NEED(head != NULL);
    Depositary__V1__SealHead changed = *head;
    change(&changed);
    uint8_t packed[2048];
    WORLD_NEED(depositary__v1__seal_head__get_packed_size(&changed) <= sizeof packed);
    sign_head(world, seal, bytes_of(packed, depositary__v1__seal_head__pack(&changed, packed)));
    depositary__v1__seal_head__free_unpacked(head, NULL);
}

static void flip_bytes(struct world *world, struct bytes *bytes, size_t at) {
    uint8_t *copy = world_alloc(world, bytes->len);
    memcpy(copy, bytes->data, bytes->len);
    copy[at] ^= 1;
    *bytes = bytes_of(copy, bytes->len);
}

static struct bytes append_bytes(struct scene *s, struct bytes in, const void *more, size_t len) {
    uint8_t *out = world_alloc(&s->world, in.len + len);
    memcpy(out, in.data, in.len);
    memcpy(out + in.len, more, len);
    return bytes_of(out, in.len + len);
}

/* ---- shortcuts */

#define CLAUSE_SHOWN(s)  ((s)->clause->clause->clause)
#define EDITION_SHOWN(s) ((s)->clause->editions[0])
#define STATE_SHOWN(s)   ((s)->clause->ledger)
#define LINE_SHOWN(s)    ((s)->clause->editions[0]->latest)

/* ---- the rows */

#define LIE(kind, name, error, ...)                                                                                    \
    static void lie_##name(struct scene *s) {                                                                          \
        __VA_ARGS__;                                                                                                   \
    }
#define LOCAL_LIE   LIE
#define SERVICE_LIE LIE
#define HELPER(...) __VA_ARGS__
#include "lies/all.def"
#undef LIE
#undef LOCAL_LIE
#undef SERVICE_LIE
#undef HELPER

#define LIE(kind, name, error, ...)         {#name, kind, DEPOSITARY_##error, lie_##name, true, true},
#define LOCAL_LIE(kind, name, error, ...)   {#name, kind, DEPOSITARY_##error, lie_##name, true, false},
#define SERVICE_LIE(kind, name, error, ...) {#name, kind, DEPOSITARY_##error, lie_##name, false, true},
#define HELPER(...)
const struct lie lies[] = {
#include "lies/all.def"
};

const size_t lies_count = sizeof lies / sizeof lies[0];
