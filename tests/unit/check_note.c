/*
 * Notes, verifier keys, checkpoints and cosignatures against bytes made by others (C2SP's example, openssl), and against every way of
 * bending them.
 */
#include "proof_keys.h"

#define ORIGIN  "example.org/treaties"
#define EXAMPLE "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k" /* C2SP signed-note */
#define ROOT    "RbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJQ="
#define EMPTY   "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
/* A signature line that is well formed, of a key that nobody knows: 5 bytes. */
#define SOMEBODY "\xE2\x80\x94 somebody AAAAAAA=\n"

static int parse(const char *text) {
    struct note note;
    return note_parse(&note, bytes_text(text), NULL);
}

static struct verifier_key example_key(void) {
    struct verifier_key key;
    ck_assert_int_eq(verifier_key_parse(&key, BYTES(EXAMPLE), NULL), 0);
    return key;
}

/* ---- verifier keys */

START_TEST(a_verifier_key_is_read_and_written_alike) {
    const struct verifier_key key = example_key();
    struct buffer printed;

    ck_assert_str_eq(key.name, "example.com/foo");
    ck_assert_uint_eq(key.type, NOTE_TYPE_ED25519);
    buffer_init(&printed, 1024);
    verifier_key_print(&printed, &key);
    ck_assert(buffer_is(&printed, EXAMPLE));
    buffer_free(&printed);
}
END_TEST

START_TEST(a_changed_byte_in_a_verifier_key_is_refused) {
    char text[] = EXAMPLE;
    struct verifier_key key;

    for (size_t i = 0; i < strlen(text); i++) {
        for (unsigned change = 1; change < 256; change <<= 1) {
            text[i] = (char)((unsigned char)text[i] ^ change);
            ck_assert_msg(verifier_key_parse(&key, bytes_of(text, sizeof(text) - 1), NULL) == DEPOSITARY_E_NOTE,
                          "byte %zu", i);
            text[i] = (char)((unsigned char)text[i] ^ change);
        }
    }
    for (size_t len = 0; len < strlen(text); len++)
        ck_assert_int_eq(verifier_key_parse(&key, bytes_of(text, len), NULL), DEPOSITARY_E_NOTE);
    ck_assert_int_eq(verifier_key_parse(&key, BYTES(EXAMPLE "\n"), NULL), DEPOSITARY_E_NOTE);
    ck_assert_int_eq(verifier_key_parse(&key, BYTES(EXAMPLE " "), NULL), DEPOSITARY_E_NOTE);
    ck_assert_int_eq(
        verifier_key_parse(&key, BYTES("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"), NULL),
        DEPOSITARY_E_NOTE);
}
END_TEST

START_TEST(names_that_cannot_be_a_keys_are_refused) {
    static const char *const bad[] = {"",
                                      "a b",
                                      "a+b",
                                      "a\tb",
                                      "a\nb",
                                      "a\xC2\xA0"
                                      "b",
                                      "a\xE2\x80\x89"
                                      "b",
                                      "a\xE3\x80\x80",
                                      "\xE2\x80\xA8",
                                      "\xFF",
                                      "a\x01"};
    static const char *const good[] = {"a", "example.com/log42", "\xE6\x9D\xA1\xE7\xBA\xA6", "a-b_c.d/e"};
    uint8_t public_key[PUBLIC_KEY_LEN] = {1};
    char longest[LIMIT_ORIGIN + 2];
    struct verifier_key key;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(verifier_key_make(&key, bytes_text(bad[i]), NOTE_TYPE_ED25519, public_key) == DEPOSITARY_E_NOTE,
                      "name %zu", i);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_int_eq(verifier_key_make(&key, bytes_text(good[i]), NOTE_TYPE_COSIGNATURE, public_key), 0);
    memset(longest, 'a', sizeof(longest));
    ck_assert_int_eq(verifier_key_make(&key, bytes_of(longest, LIMIT_ORIGIN), NOTE_TYPE_ED25519, public_key), 0);
    ck_assert_uint_eq(strlen(key.name), LIMIT_ORIGIN);
    ck_assert_int_eq(verifier_key_make(&key, bytes_of(longest, LIMIT_ORIGIN + 1), NOTE_TYPE_ED25519, public_key),
                     DEPOSITARY_E_NOTE);
}
END_TEST

START_TEST(keys_of_other_types_are_refused) {
    uint8_t public_key[PUBLIC_KEY_LEN] = {1};
    struct verifier_key key;

    for (unsigned type = 0; type < 256; type++)
        ck_assert_int_eq(verifier_key_make(&key, BYTES("a"), (uint8_t)type, public_key),
                         type == 1 || type == 4 ? 0 : DEPOSITARY_E_NOTE);
}
END_TEST

/* ---- notes */

START_TEST(the_example_of_signed_note_verifies) {
    const struct verifier_key key = example_key();
    struct buffer file;
    struct note note;

    buffer_init(&file, LIMIT_NOTE);
    read_vector(&file, "note-c2sp.txt");
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&file), NULL), 0);
    ck_assert_uint_eq(note.signatures_count, 1);
    ck_assert(bytes_equal(note.text, BYTES("This is an example message.\n")));
    ck_assert_int_eq(note_verify(&note, &key, NULL), 0);
    buffer_free(&file);

    const char *folder = getenv("DEPOSITARY_VECTORS");
    if (folder) {
        char path[512];
        snprintf(path, sizeof(path), "%s/note-example.txt", folder);
        ck_assert_int_eq(file_read(&file, path, NULL), 0);
        ck_assert_int_eq(note_parse(&note, buffer_bytes(&file), NULL), 0);
        ck_assert_int_eq(note_verify(&note, &key, NULL), 0);
        buffer_free(&file);
    }
}
END_TEST

START_TEST(no_changed_byte_of_a_note_verifies) {
    const struct verifier_key key = example_key();
    struct buffer file;
    struct note note;

    buffer_init(&file, LIMIT_NOTE);
    read_vector(&file, "note-c2sp.txt");
    for (size_t i = 0; i < file.len; i++) {
        for (unsigned change = 1; change < 256; change <<= 1) {
            file.data[i] = (uint8_t)(file.data[i] ^ change);
            ck_assert_msg(note_parse(&note, buffer_bytes(&file), NULL) != 0 || note_verify(&note, &key, NULL) != 0,
                          "byte %zu", i);
            file.data[i] = (uint8_t)(file.data[i] ^ change);
        }
    }
    buffer_free(&file);
}
END_TEST

START_TEST(malformed_notes_are_refused) {
    static const char *const bad[] = {
        "",
        "\n",
        "text\n",
        "text\n\n",                                  /* no signature */
        "text\n" SOMEBODY,                           /* no empty line */
        "text\n\n" SOMEBODY "\n",                    /* the last empty line ends the text: no signature after it */
        "text\n\n" SOMEBODY "trailing",              /* bytes after the last newline */
        "text\n\n" SOMEBODY "trailing\n",            /* a line that is no signature */
        "text\n\n\xE2\x80\x94 somebody AAAAAAA=",    /* no newline at the end */
        "text\n\n\xE2\x80\x94 somebody  AAAAAAA=\n", /* two spaces */
        "text\n\n\xE2\x80\x94 somebody AAAAAAA= \n", /* space at the end */
        "text\n\n\xE2\x80\x94  AAAAAAA=\n",          /* no name */
        "text\n\n\xE2\x80\x94 somebody\n",           /* no signature */
        "text\n\n\xE2\x80\x94 somebody \n",          /* an empty one */
        "text\n\n\xE2\x80\x94 some+body AAAAAAA=\n", /* a plus */
        "text\n\n\xE2\x80\x94 some\xC2\xA0"
        "body AAAAAAA=\n",                          /* a Unicode space */
        "text\n\n\xE2\x80\x93 somebody AAAAAAA=\n", /* an en dash */
        "text\n\n- somebody AAAAAAA=\n",            /* a hyphen */
        "text\n\n\xE2\x80\x94 somebody AAAAAA==\n", /* a key id alone */
        "text\n\n\xE2\x80\x94 somebody AAAAAAA\n",  /* no padding */
        "text\n\n\xE2\x80\x94 somebody AAAAAAB=\n", /* spare bits */
        "text\n\n\xE2\x80\x94 somebody AAAAAA-_\n", /* the other alphabet */
        "te\rxt\n\n" SOMEBODY,
        "te\txt\n\n" SOMEBODY,
        "te\x1Bxt\n\n" SOMEBODY,
        "te\xFFxt\n\n" SOMEBODY,
        "text\n\n\xE2\x80\x94 some\xFF"
        "body AAAAAAA=\n",
        "text\r\n\r\n" SOMEBODY,
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(parse(bad[i]) == DEPOSITARY_E_NOTE, "note %zu: %s", i, bad[i]);
    struct note note;
    ck_assert_int_eq(note_parse(&note, BYTES("te\0xt\n\n" SOMEBODY), NULL), DEPOSITARY_E_NOTE);
    ck_assert_int_eq(parse("text\n\n" SOMEBODY), 0);
    ck_assert_int_eq(parse("\n\n" SOMEBODY), 0);
}
END_TEST

START_TEST(the_last_empty_line_ends_the_text) {
    struct note note;
    ck_assert_int_eq(note_parse(&note, BYTES("a\n\n" SOMEBODY "\nb\n\n" SOMEBODY), NULL), 0);
    ck_assert(bytes_equal(note.text, BYTES("a\n\n" SOMEBODY "\nb\n")));
    ck_assert_uint_eq(note.signatures_count, 1);
}
END_TEST

START_TEST(two_lines_with_one_name_and_key_id_are_refused) {
    ck_assert_int_eq(parse("text\n\n" SOMEBODY SOMEBODY), DEPOSITARY_E_CHECKPOINT_DUPLICATE);
    /* another signature by the same name and id */
    ck_assert_int_eq(parse("text\n\n" SOMEBODY "\xE2\x80\x94 other AAAAAAA=\n\xE2\x80\x94 somebody AAAAAAE=\n"),
                     DEPOSITARY_E_CHECKPOINT_DUPLICATE);
    /* the same name with another id, the same id with another name */
    ck_assert_int_eq(parse("text\n\n" SOMEBODY "\xE2\x80\x94 somebody AAAAAQA=\n\xE2\x80\x94 other AAAAAAA=\n"), 0);
}
END_TEST

START_TEST(signatures_of_unknown_types_may_be_long) {
    struct buffer text;
    struct note note;
    uint8_t blob[4 + 8 + 2420]; /* ML-DSA-44 */

    buffer_init(&text, 2 * LIMIT_NOTE);
    for (size_t len = 5; len <= sizeof(blob); len += len < 200 ? 1 : 2227) {
        memset(blob, 'b', sizeof(blob));
        buffer_clear(&text);
        buffer_append_text(&text, "text\n\n\xE2\x80\x94 somebody ");
        buffer_append_base64(&text, bytes_of(blob, len));
        buffer_append_byte(&text, '\n');
        ck_assert_int_eq(note_parse(&note, buffer_bytes(&text), NULL), 0);
        ck_assert_uint_eq(note.signatures[0].blob_len, len - 4);
        ck_assert_mem_eq(note.signatures[0].id, "bbbb", 4);
        text.data[text.len - 6] = '*'; /* what is not kept is checked all the same */
        ck_assert_int_eq(note_parse(&note, buffer_bytes(&text), NULL), DEPOSITARY_E_NOTE);
    }
    buffer_free(&text);
}
END_TEST

START_TEST(padding_stands_only_at_the_end_of_a_signature) {
    struct buffer text;
    struct note note;
    uint8_t blob[80] = {0};

    buffer_init(&text, LIMIT_NOTE);
    for (size_t len = 5; len <= sizeof(blob); len++) { /* wherever the padding comes to stand */
        buffer_clear(&text);
        buffer_append_text(&text, "text\n\n\xE2\x80\x94 somebody ");
        buffer_append_base64(&text, bytes_of(blob, len));
        buffer_append_text(&text, "AAAA\n");
        ck_assert_int_eq(note_parse(&note, buffer_bytes(&text), NULL), len % 3 == 0 ? 0 : DEPOSITARY_E_NOTE);
    }
    buffer_free(&text);
}
END_TEST

START_TEST(a_note_has_an_end) {
    struct buffer text;
    struct note note;

    buffer_init(&text, 4 * LIMIT_NOTE);
    buffer_append_text(&text, "text\n\n");
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        buffer_append_format(&text, "\xE2\x80\x94 k%d AAAAAAA=\n", i);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&text), NULL), 0);
    ck_assert_uint_eq(note.signatures_count, NOTE_SIGNATURES_MAX);
    buffer_append_text(&text, SOMEBODY);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&text), NULL), DEPOSITARY_E_NOTE);
    buffer_clear(&text);
    while (text.len < LIMIT_NOTE)
        buffer_append_text(&text, "text text text\n");
    buffer_append_text(&text, "\n" SOMEBODY);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&text), NULL), DEPOSITARY_E_NOTE);
    buffer_free(&text);
}
END_TEST

START_TEST(a_key_verifies_only_its_own_line) {
    struct verifier_key key = example_key();
    struct buffer file;
    struct note note;

    buffer_init(&file, LIMIT_NOTE);
    read_vector(&file, "note-c2sp.txt");
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&file), NULL), 0);
    key.id[0] ^= 1; /* same name, other id */
    ck_assert_int_eq(note_verify(&note, &key, NULL), DEPOSITARY_E_CHECKPOINT_KEY);
    key = example_key();
    key.name[0] = 'E'; /* same id, other name */
    ck_assert_int_eq(note_verify(&note, &key, NULL), DEPOSITARY_E_CHECKPOINT_KEY);
    key = example_key();
    key.public_key[0] ^= 1; /* a key that collides in name and id */
    ck_assert_int_eq(note_verify(&note, &key, NULL), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    key = example_key();
    key.type = NOTE_TYPE_COSIGNATURE; /* 64 bytes are no cosignature */
    ck_assert_int_eq(note_verify(&note, &key, NULL), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    buffer_free(&file);
}
END_TEST

/* ---- checkpoints */

static int parse_checkpoint(const char *text) {
    struct checkpoint checkpoint;
    return checkpoint_parse(&checkpoint, bytes_text(text), NULL);
}

START_TEST(a_checkpoint_is_read_and_written_alike) {
    static const char *const good[] = {
        ORIGIN "\n3\n" ROOT "\n",
        "a\n0\n" EMPTY "\n",
        "a\n9223372036854775807\n" ROOT "\n",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct checkpoint checkpoint;
        struct buffer printed;
        ck_assert_int_eq(checkpoint_parse(&checkpoint, bytes_text(good[i]), NULL), 0);
        buffer_init(&printed, 1024);
        checkpoint_print(&printed, &checkpoint);
        ck_assert(buffer_is(&printed, good[i]));
        buffer_free(&printed);
    }
}
END_TEST

START_TEST(malformed_checkpoints_are_refused) {
    static const char *const bad[] = {
        "",
        ORIGIN "\n",
        ORIGIN "\n3\n",
        ORIGIN "\n3\n" ROOT,                 /* no newline at the end */
        ORIGIN "\n3\n" ROOT "\n\n",          /* an empty line */
        ORIGIN "\n3\n" ROOT "\nextension\n", /* an extension line */
        "\n3\n" ROOT "\n",                   /* no origin */
        "example org\n3\n" ROOT "\n",        /* a space in it */
        "-example\n3\n" ROOT "\n",           /* what an origin cannot begin with */
        ORIGIN "\n03\n" ROOT "\n",           /* a leading zero */
        ORIGIN "\n+3\n" ROOT "\n",
        ORIGIN "\n-3\n" ROOT "\n",
        ORIGIN "\n3 \n" ROOT "\n",
        ORIGIN "\n0x3\n" ROOT "\n",
        ORIGIN "\n\n" ROOT "\n",
        ORIGIN "\n9223372036854775808\n" ROOT "\n", /* 2^63 */
        ORIGIN "\n18446744073709551619\n" ROOT "\n",
        ORIGIN "\n0\n" ROOT "\n",                                     /* nothing, with a root of something */
        ORIGIN "\n3\nRbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJR=\n", /* spare bits */
        ORIGIN "\n3\nRbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJQ\n",  /* no padding */
        ORIGIN "\n3\nRbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnA==\n", /* 31 bytes */
        ORIGIN "\n3\n" ROOT "AAAA\n",
        ORIGIN "\r\n3\r\n" ROOT "\r\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(parse_checkpoint(bad[i]) == DEPOSITARY_E_CHECKPOINT_FORMAT, "checkpoint %zu: %s", i, bad[i]);
}
END_TEST

START_TEST(a_signed_checkpoint_is_the_note_that_openssl_makes) {
    /* RFC 8032 section 7.1, tests 1 and 2 */
    static const uint8_t seeds[2][32] = {
        {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
         0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60},
        {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
         0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb}};
    struct test_key log = test_key(ORIGIN, NOTE_TYPE_ED25519, 0);
    struct test_key witness = test_key("witness.example/w1", NOTE_TYPE_COSIGNATURE, 1);
    struct buffer file, made;
    struct checkpoint checkpoint;
    struct note note;
    int64_t time_s = 0;

    crypto_sign_seed_keypair(log.verifier.public_key, log.secret, seeds[0]);
    ck_assert_int_eq(verifier_key_make(&log.verifier, BYTES(ORIGIN), NOTE_TYPE_ED25519, log.verifier.public_key), 0);
    crypto_sign_seed_keypair(witness.verifier.public_key, witness.secret, seeds[1]);
    ck_assert_int_eq(verifier_key_make(&witness.verifier, BYTES("witness.example/w1"), NOTE_TYPE_COSIGNATURE,
                                       witness.verifier.public_key),
                     0);
    buffer_init(&file, LIMIT_NOTE);
    buffer_init(&made, LIMIT_NOTE);
    read_vector(&file, "checkpoint-cosigned.txt");
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&file), NULL), 0);
    ck_assert_int_eq(checkpoint_parse(&checkpoint, note.text, NULL), 0);
    ck_assert_int_eq(note_verify(&note, &log.verifier, NULL), 0);
    ck_assert_int_eq(note_verify(&note, &witness.verifier, &time_s), 0);
    ck_assert_int_eq(time_s, 1745366400);
    ck_assert_int_eq(checkpoint_sign(&made, &checkpoint, &log.verifier, log.secret), 0);
    ck_assert_int_eq(note_cosign(&made, note.text, time_s, &witness.verifier, witness.secret), 0);
    ck_assert(bytes_equal(buffer_bytes(&made), buffer_bytes(&file)));
    buffer_free(&file);
    buffer_free(&made);
}
END_TEST

START_TEST(what_cannot_be_a_checkpoint_is_not_signed) {
    const struct test_key key = test_key(ORIGIN, NOTE_TYPE_ED25519, 1), other = test_key("other", NOTE_TYPE_ED25519, 1);
    const struct test_key stranger = test_key(ORIGIN, NOTE_TYPE_ED25519, 2);
    const struct test_key witness = test_key(ORIGIN, NOTE_TYPE_COSIGNATURE, 1);
    const struct checkpoint good = {.origin = BYTES(ORIGIN), .size = 1};
    struct checkpoint bad;
    struct buffer out;

    buffer_init(&out, LIMIT_NOTE);
    ck_assert_int_eq(checkpoint_sign(&out, &good, &other.verifier, other.secret), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(checkpoint_sign(&out, &good, &witness.verifier, witness.secret), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(checkpoint_sign(&out, &good, &key.verifier, stranger.secret), DEPOSITARY_E_ARGUMENT);
    bad = good;
    bad.size = UINT64_C(1) << 63;
    ck_assert_int_eq(checkpoint_sign(&out, &bad, &key.verifier, key.secret), DEPOSITARY_E_ARGUMENT);
    bad.size = 0; /* its root is not the empty one */
    ck_assert_int_eq(checkpoint_sign(&out, &bad, &key.verifier, key.secret), DEPOSITARY_E_ARGUMENT);
    bad = good;
    bad.origin = BYTES(ORIGIN "\n2");
    ck_assert_int_eq(checkpoint_sign(&out, &bad, &key.verifier, key.secret), DEPOSITARY_E_ARGUMENT);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(checkpoint_sign(&out, &good, &key.verifier, key.secret), 0);
    buffer_free(&out);
    buffer_init(&out, 10);
    ck_assert_int_eq(checkpoint_sign(&out, &good, &key.verifier, key.secret), DEPOSITARY_E_LIMIT);
    buffer_free(&out);
}
END_TEST

/* ---- cosignatures */

START_TEST(a_cosignature_holds_for_its_text_and_time_alone) {
    const struct test_key witness = test_key("w", NOTE_TYPE_COSIGNATURE, 3),
                          other = test_key("w", NOTE_TYPE_COSIGNATURE, 4);
    const struct bytes text = BYTES(ORIGIN "\n3\n" ROOT "\n");
    struct buffer out;
    struct note note;
    int64_t time_s = -1;

    buffer_init(&out, LIMIT_NOTE);
    buffer_append(&out, text);
    buffer_append_byte(&out, '\n');
    ck_assert_int_eq(note_cosign(&out, text, 1700000000, &witness.verifier, witness.secret), 0);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&out), NULL), 0);
    ck_assert_int_eq(note_verify(&note, &other.verifier, &time_s), DEPOSITARY_E_CHECKPOINT_KEY);
    note.signatures[0].blob[7] ^= 1; /* a second later */
    ck_assert_int_eq(note_verify(&note, &witness.verifier, &time_s), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    note.signatures[0].blob[7] ^= 1;
    note.signatures[0].blob[0] ^= 0x80; /* a time past 2^63 - 1 */
    ck_assert_int_eq(note_verify(&note, &witness.verifier, &time_s), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    note.signatures[0].blob[0] ^= 0x80;
    note.signatures[0].blob_len--;
    ck_assert_int_eq(note_verify(&note, &witness.verifier, &time_s), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    note.signatures[0].blob_len++;
    note.text = BYTES(ORIGIN "\n4\n" ROOT "\n");
    ck_assert_int_eq(note_verify(&note, &witness.verifier, &time_s), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    ck_assert_int_eq(time_s, -1);
    note.text = text;
    ck_assert_int_eq(note_verify(&note, &witness.verifier, &time_s), 0);
    ck_assert_int_eq(time_s, 1700000000);
    buffer_free(&out);
}
END_TEST

START_TEST(a_cosignature_of_a_time_past_2_63_is_refused) {
    const struct test_key witness = test_key("w", NOTE_TYPE_COSIGNATURE, 3);
    static const char message[] = "cosignature/v1\ntime 9223372036854775808\n" ORIGIN "\n3\n" ROOT "\n";
    uint8_t blob[4 + 8 + SIGNATURE_LEN] = {0};
    struct buffer out;
    struct note note;

    memcpy(blob, witness.verifier.id, 4);
    blob[4] = 0x80;
    crypto_sign_detached(blob + 12, NULL, (const uint8_t *)message, sizeof(message) - 1, witness.secret);
    buffer_init(&out, LIMIT_NOTE);
    buffer_append_text(&out, ORIGIN "\n3\n" ROOT "\n\n\xE2\x80\x94 w ");
    buffer_append_base64(&out, bytes_of(blob, sizeof(blob)));
    buffer_append_byte(&out, '\n');
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&out), NULL), 0);
    ck_assert_int_eq(note_verify(&note, &witness.verifier, NULL), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    buffer_free(&out);
}
END_TEST

START_TEST(a_logs_signature_is_no_cosignature_and_the_reverse) {
    const struct test_key log = test_key(ORIGIN, NOTE_TYPE_ED25519, 1),
                          witness = test_key("w", NOTE_TYPE_COSIGNATURE, 2);
    const struct bytes text = BYTES(ORIGIN "\n3\n" ROOT "\n");
    struct buffer out;

    buffer_init(&out, LIMIT_NOTE);
    ck_assert_int_eq(note_cosign(&out, text, 1, &log.verifier, log.secret), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(note_cosign(&out, text, -1, &witness.verifier, witness.secret), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(note_cosign(&out, text, 1, &witness.verifier, log.secret), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(note_cosign(&out, BYTES("no checkpoint\n"), 1, &witness.verifier, witness.secret),
                     DEPOSITARY_E_ARGUMENT);
    ck_assert_uint_eq(out.len, 0);
    buffer_free(&out);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_verifier_key_is_read_and_written_alike,
        a_changed_byte_in_a_verifier_key_is_refused,
        names_that_cannot_be_a_keys_are_refused,
        keys_of_other_types_are_refused,
        the_example_of_signed_note_verifies,
        no_changed_byte_of_a_note_verifies,
        malformed_notes_are_refused,
        the_last_empty_line_ends_the_text,
        two_lines_with_one_name_and_key_id_are_refused,
        signatures_of_unknown_types_may_be_long,
        padding_stands_only_at_the_end_of_a_signature,
        a_note_has_an_end,
        a_key_verifies_only_its_own_line,
        a_checkpoint_is_read_and_written_alike,
        malformed_checkpoints_are_refused,
        a_signed_checkpoint_is_the_note_that_openssl_makes,
        what_cannot_be_a_checkpoint_is_not_signed,
        a_cosignature_holds_for_its_text_and_time_alone,
        a_cosignature_of_a_time_past_2_63_is_refused,
        a_logs_signature_is_no_cosignature_and_the_reverse,
    };
    return run_tests("note", tests, sizeof(tests) / sizeof(tests[0]));
}
