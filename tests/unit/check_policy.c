/* Policies: what can be one, and which checkpoints it lets through. C2SP tlog-policy; PROTOCOL.md sections 2 and 8. */
#include "proof_keys.h"

#include "proof/policy.h"

#define ORIGIN "example.org/treaties"

/* ---- texts made of lines; L0, L1, S (a stranger's log) and W0, W1, W2 ... stand for verifier keys */

static struct test_key log_key(unsigned number) {
    return test_key(ORIGIN, NOTE_TYPE_ED25519, (uint8_t)(1 + number));
}

static struct test_key witness_key(unsigned number) {
    char name[32];
    snprintf(name, sizeof(name), "witness.example/w%u", number);
    return test_key(name, NOTE_TYPE_COSIGNATURE, (uint8_t)(100 + number));
}

/* Appends text, with $L<n>, $W<n> and so on replaced by verifier keys. */
static void expand(struct buffer *out, const char *text) {
    for (; *text; text++) {
        if (*text != '$') {
            buffer_append_byte(out, (uint8_t)*text);
            continue;
        }
        char kind = text[1], *end;
        const unsigned number = (unsigned)strtoul(text + 2, &end, 10);
        text = end - 1;
        struct test_key key =
            kind == 'L'   ? log_key(number)
            : kind == 'W' ? witness_key(number)
            : kind == 'S' ? test_key("other.example", NOTE_TYPE_ED25519, 50)   /* another origin */
            : kind == 'X' ? test_key("w.example", NOTE_TYPE_COSIGNATURE, 1)    /* L0's key as a witness */
            : kind == 'Y' ? test_key("other.name", NOTE_TYPE_COSIGNATURE, 100) /* W0's key, another name */
                          : test_key("\xC3\xA9", NOTE_TYPE_ED25519, 60);       /* no origin */
        verifier_key_print(out, &key.verifier);
    }
}

static int parse(const char *text, struct fault *fault) {
    struct policy *policy = NULL;
    struct buffer buffer;

    buffer_init(&buffer, 1 << 20);
    expand(&buffer, text);
    const int error = policy_parse(&policy, buffer_bytes(&buffer), fault);
    ck_assert((error == 0) == (policy != NULL));
    policy_free(policy);
    buffer_free(&buffer);
    return error;
}

static struct policy *make(const char *text) {
    struct policy *policy = NULL;
    struct buffer buffer;
    struct fault fault = {.error = 0};

    buffer_init(&buffer, 1 << 20);
    expand(&buffer, text);
    ck_assert_msg(policy_parse(&policy, buffer_bytes(&buffer), &fault) == 0, "%s", fault.text);
    buffer_free(&buffer);
    return policy;
}

START_TEST(well_formed_policies_are_read) {
    static const char *const good[] = {
        "log $L0\nquorum none\n",
        "log $L0\nlog $L1\nquorum none\n",
        "quorum none\nlog $L0\n", /* order does not matter where nothing is named */
        "# a comment\n\n \t \n  # another\nlog $L0\nquorum none\n",
        "  log\t $L0 \t\n\tquorum  none \n",
        "log $L0 https://log.example/\nwitness w $W0 https://w.example/\nquorum w\n",
        "log $L0\nwitness w $W0\nquorum none\n",
        "log $L0\nwitness a $W0\nwitness b $W1\nwitness c $W2\ngroup g 2 a b c\nquorum g\n",
        "log $L0\nwitness a $W0\nwitness b $W1\ngroup g any a\ngroup h all g b\nquorum h\n",
        "log $L0\nwitness a $W0\ngroup g 1 a\nquorum a\n", /* a member may be the quorum */
        "log $L0\nwitness all $W0\nwitness any $W1\ngroup 2 all all any\nquorum 2\n",
        "log $L0\nwitness \xFF\x80 $W0\nquorum \xFF\x80\n# \xFE\n", /* octets with the high bit are opaque */
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct fault fault = {.error = 0};
        ck_assert_msg(parse(good[i], &fault) == 0, "policy %zu: %s", i, fault.text);
    }
}
END_TEST

START_TEST(malformed_policies_are_refused) {
    static const char *const bad[] = {
        "",
        "# nothing\n",
        "log $L0\n",                           /* no quorum */
        "quorum none\n",                       /* no log */
        "log $L0\nquorum none",                /* no newline at the end */
        "log $L0\nquorum none\nquorum none\n", /* two quorums */
        "log $L0\nquorum\n",
        "log $L0\nquorum none none\n",
        "log $L0\nquorum w\nwitness w $W0\n", /* named before it is there */
        "log $L0\nquorum nobody\n",
        "log $L0\nwitness none $W0\nquorum none\n", /* none is not a name */
        "log $L0\nwitness a $W0\ngroup none 1 a\nquorum none\n",
        "log $L0\nwitness a $W0\ngroup g 1 none\nquorum g\n",
        "log $L0\nwitness a $W0\nwitness a $W1\nquorum a\n", /* one name, two witnesses */
        "log $L0\nwitness a $W0\ngroup a 1 a\nquorum a\n",
        "log $L0\nwitness a $W0\ngroup g 1 g\nquorum g\n",                               /* a group in itself */
        "log $L0\nwitness a $W0\ngroup h 1 g\ngroup g 1 a\nquorum g\n",                  /* forward */
        "log $L0\nwitness a $W0\ngroup g 1 a a\nquorum g\n",                             /* twice in a group */
        "log $L0\nwitness a $W0\nwitness b $W1\ngroup g 1 a\ngroup h 1 a b\nquorum h\n", /* in two groups */
        "log $L0\nwitness a $W0\ngroup g 0 a\nquorum g\n",
        "log $L0\nwitness a $W0\ngroup g 2 a\nquorum g\n",
        "log $L0\nwitness a $W0\ngroup g 01 a\nquorum g\n",
        "log $L0\nwitness a $W0\ngroup g -1 a\nquorum g\n",
        "log $L0\nwitness a $W0\ngroup g ALL a\nquorum g\n",
        "log $L0\nwitness a $W0\ngroup g all\nquorum g\n",
        "log $L0\nwitness a $W0\ngroup g\nquorum g\n",
        "log $L0\nwitness a\nquorum none\n",
        "log $L0\nwitness a $W0 https://a https://b\nquorum none\n",
        "log $L0 https://a https://b\nquorum none\n",
        "log\nquorum none\n",
        "log $L0\nlog $L0\nquorum none\n",       /* the same log twice */
        "log $L0\nlog $S0\nquorum none\n",       /* two origins */
        "log $O0\nquorum none\n",                /* a name that is no origin */
        "log $W0\nquorum none\n",                /* a witness's key as a log's */
        "log $L0\nwitness a $L1\nquorum none\n", /* a log's as a witness's */
        "log $L0\nwitness x $X0\nquorum none\n", /* one public key in two roles */
        "witness x $X0\nlog $L0\nquorum none\n",
        "log $L0\nwitness a $W0\nwitness b $W0\nquorum none\n",
        "log $L0\nwitness a $W0\nwitness b $Y0\nquorum none\n", /* one key under two names */
        "log $L0\nwho $W0\nquorum none\n",
        "Log $L0\nquorum none\n",
        "log $L0\rquorum none\n",
        "log $L0\r\nquorum none\r\n",
        "log $L0\n# \x7F\nquorum none\n",
        "log $L0\nquorum none # a comment\n", /* comments have lines of their own */
        "log example.org+00000000+AQ==\nquorum none\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(parse(bad[i], NULL) == DEPOSITARY_E_POLICY, "policy %zu: %s", i, bad[i]);
    struct policy *policy = NULL;
    ck_assert_int_eq(policy_parse(&policy, BYTES("#\0\n"), NULL), DEPOSITARY_E_POLICY);
}
END_TEST

static bool same_key(const struct verifier_key *a, const struct verifier_key *b) {
    return strcmp(a->name, b->name) == 0 && a->type == b->type && memcmp(a->id, b->id, sizeof(a->id)) == 0 &&
           memcmp(a->public_key, b->public_key, sizeof(a->public_key)) == 0;
}

static bool pin_the_same(const struct policy *a, const struct policy *b) {
    bool same = policy_logs_count(a) == policy_logs_count(b) &&
                policy_witnesses_count(a) == policy_witnesses_count(b) && policy_has_quorum(a) == policy_has_quorum(b);
    for (size_t i = 0; same && i < policy_logs_count(a); i++)
        same = same_key(policy_log(a, i), policy_log(b, i));
    for (size_t i = 0; same && i < policy_witnesses_count(a); i++)
        same = same_key(policy_witness(a, i), policy_witness(b, i));
    return same;
}

/* Each key names itself by a hash. Nothing vouches for comments, URLs, and which witnesses are enough. */
START_TEST(no_changed_bit_pins_another_key) {
    static const char text[] =
        "log $L0 https://log.example/\nlog $L1\nwitness first $W0 https://w.example/\n"
        "witness second $W1\nwitness third $W2\ngroup most 2 first second third\nquorum most\n# so be it\n";
    struct policy *sound = make(text);
    struct buffer buffer;
    unsigned refused = 0;
    buffer_init(&buffer, 1 << 20);
    expand(&buffer, text);
    for (size_t i = 0; i < buffer.len * 8; i++) {
        struct policy *policy = NULL;
        struct fault fault = {.error = 0};
        buffer.data[i / 8] ^= (uint8_t)(1u << i % 8);
        const int error = policy_parse(&policy, buffer_bytes(&buffer), &fault);
        ck_assert_msg(error ? fault.text[0] != '\0' : pin_the_same(policy, sound), "bit %zu", i);
        refused += error != 0;
        buffer.data[i / 8] ^= (uint8_t)(1u << i % 8);
        policy_free(policy);
    }
    ck_assert_uint_gt(refused, (buffer.len - strlen("https://log.example/https://w.example/# so be it")) * 7);
    buffer_free(&buffer);
    policy_free(sound);
}
END_TEST

/* Two keys of one name, found by trial, whose ids collide: a signature line could not say whose it is. */
START_TEST(two_keys_of_one_name_and_id_are_refused) {
    static const char first[] = "example.org/treaties+42dd8c2e+Af3XAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    static const char second[] = "example.org/treaties+42dd8c2e+AfhwAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    struct fault fault = {.error = 0};
    char text[512];

    snprintf(text, sizeof(text), "log %s\nquorum none\n", first);
    ck_assert_int_eq(parse(text, NULL), 0);
    snprintf(text, sizeof(text), "log %s\nquorum none\n", second);
    ck_assert_int_eq(parse(text, NULL), 0);
    snprintf(text, sizeof(text), "log %s\nlog %s\nquorum none\n", first, second);
    ck_assert_int_eq(parse(text, &fault), DEPOSITARY_E_POLICY);
    ck_assert_ptr_nonnull(strstr(fault.text, "line 2"));
}
END_TEST

START_TEST(a_refusal_names_the_line) {
    struct fault fault = {.error = 0};
    ck_assert_int_eq(parse("# one\n\nlog $L0\nquorum nobody\n", &fault), DEPOSITARY_E_POLICY);
    ck_assert_ptr_nonnull(strstr(fault.text, "line 4"));
}
END_TEST

START_TEST(thirty_two_of_each_fit_and_no_more) {
    struct buffer text;
    struct policy *policy = NULL;

    buffer_init(&text, 1 << 20);
    for (unsigned i = 0; i < 32; i++) {
        char line[64];
        snprintf(line, sizeof(line), "log $L%u\nwitness w%u $W%u\ngroup g%u 1 w%u\n", i, i, i, i, i);
        expand(&text, line);
    }
    const size_t len = text.len;
    buffer_append_text(&text, "quorum g31\n");
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), 0);
    ck_assert_uint_eq(policy_logs_count(policy), 32);
    ck_assert_uint_eq(policy_witnesses_count(policy), 32);
    policy_free(policy);
    static const char *const more[] = {"log $L32\n", "witness more $W32\n"};
    for (size_t i = 0; i < 2; i++) {
        text.len = len;
        expand(&text, more[i]);
        buffer_append_text(&text, "quorum none\n");
        ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), DEPOSITARY_E_POLICY);
    }
    text.len = len;
    buffer_append_text(&text, "group more 1 g0\nquorum none\n");
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), DEPOSITARY_E_POLICY);

    buffer_clear(&text);
    expand(&text, "log $L0\nquorum none\n");
    while (text.len < POLICY_TEXT_MAX - 1)
        buffer_append_byte(&text, '#');
    buffer_append_byte(&text, '\n');
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), 0);
    policy_free(policy);
    buffer_append_byte(&text, '\n');
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), DEPOSITARY_E_POLICY);
    buffer_free(&text);
}
END_TEST

START_TEST(names_and_urls_have_an_end) {
    char text[1024], name[LIMIT_ORIGIN + 2] = "", url[POLICY_URL_MAX + 2] = "";

    memset(name, 'n', LIMIT_ORIGIN);
    memset(url, 'u', POLICY_URL_MAX);
    snprintf(text, sizeof(text), "log $L0\nwitness %s $W0 %s\nquorum %s\n", name, url, name);
    struct policy *policy = make(text);
    ck_assert_str_eq(policy_witness_url(policy, 0), url);
    policy_free(policy);
    strcat(name, "n");
    snprintf(text, sizeof(text), "log $L0\nwitness %s $W0\nquorum none\n", name);
    ck_assert_int_eq(parse(text, NULL), DEPOSITARY_E_POLICY);
    strcat(url, "u");
    snprintf(text, sizeof(text), "log $L0\nwitness n $W0 %s\nquorum none\n", url);
    ck_assert_int_eq(parse(text, NULL), DEPOSITARY_E_POLICY);
}
END_TEST

START_TEST(a_policy_says_what_is_in_it_and_so_does_its_copy) {
    struct policy *first = make("log $L0\nlog $L1 u\nwitness a $W0 https://a/\nwitness b $W1\nquorum none\n"), *policy;
    const struct test_key log = log_key(1), witness = witness_key(1), stranger = witness_key(2);

    ck_assert_int_eq(policy_copy(&policy, first), 0);
    policy_free(first);
    ck_assert(bytes_equal(policy_origin(policy), BYTES(ORIGIN)));
    ck_assert_uint_eq(policy_logs_count(policy), 2);
    ck_assert_mem_eq(policy_log(policy, 1)->public_key, log.verifier.public_key, PUBLIC_KEY_LEN);
    ck_assert_ptr_null(policy_log(policy, 2));
    ck_assert_uint_eq(policy_witnesses_count(policy), 2);
    ck_assert_mem_eq(policy_witness(policy, 1)->public_key, witness.verifier.public_key, PUBLIC_KEY_LEN);
    ck_assert_ptr_null(policy_witness(policy, 2));
    ck_assert_str_eq(policy_witness_url(policy, 0), "https://a/");
    ck_assert_str_eq(policy_witness_url(policy, 1), "");
    ck_assert_str_eq(policy_witness_url(policy, 2), "");
    ck_assert(policy_has_key(policy, log.verifier.public_key));
    ck_assert(policy_has_key(policy, witness.verifier.public_key));
    ck_assert(!policy_has_key(policy, stranger.verifier.public_key));
    policy_free(policy);
}
END_TEST

/* ---- checkpoints under a policy */

/* A note signed by those that signers names: "L0 W1", with ! before one whose signature is then spoiled. */
static void sign_note(struct buffer *out, uint64_t size, const char *origin, const char *signers) {
    struct checkpoint checkpoint = {.origin = bytes_text(origin), .size = size};
    struct buffer text, note;

    buffer_init(&text, LIMIT_NOTE);
    buffer_init(&note, LIMIT_NOTE);
    if (size == 0)
        merkle_empty_root(&checkpoint.root);
    checkpoint_print(&text, &checkpoint);
    buffer_append(out, buffer_bytes(&text));
    buffer_append_byte(out, '\n');
    while (*signers) {
        const bool spoil = *signers == '!';
        signers += spoil;
        const char kind = *signers++;
        const unsigned number = (unsigned)(*signers++ - '0');
        signers += *signers == ' ';
        const struct test_key key = kind == 'L'   ? log_key(number)
                                    : kind == 'W' ? witness_key(number)
                                                  : test_key(origin, NOTE_TYPE_ED25519, (uint8_t)(200 + number));
        buffer_clear(&note);
        if (kind == 'W')
            ck_assert_int_eq(note_cosign(&note, buffer_bytes(&text), 1700000000, &key.verifier, key.secret), 0);
        else
            ck_assert_int_eq(checkpoint_sign(&note, &checkpoint, &key.verifier, key.secret), 0);
        struct bytes line =
            kind == 'W' ? buffer_bytes(&note) : bytes_slice(buffer_bytes(&note), text.len + 1, note.len - text.len - 1);
        buffer_append(out, line);
        if (spoil) /* a character in the middle of the signature */
            out->data[out->len - 40] = out->data[out->len - 40] == 'A' ? 'B' : 'A';
    }
    buffer_free(&text);
    buffer_free(&note);
}

static int verify(const struct policy *policy, const char *signers) {
    struct buffer note;
    struct checkpoint checkpoint = {.size = 99};

    buffer_init(&note, LIMIT_NOTE);
    sign_note(&note, 3, ORIGIN, signers);
    const int error = policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&note), NULL);
    ck_assert_uint_eq(checkpoint.size, error ? 99 : 3);
    buffer_free(&note);
    return error;
}

START_TEST(a_pinned_logs_signature_is_enough_and_needed) {
    struct policy *policy = make("log $L0\nlog $L1\nwitness w $W0\nquorum none\n");

    ck_assert_int_eq(verify(policy, "L0"), 0);
    ck_assert_int_eq(verify(policy, "L1"), 0);
    ck_assert_int_eq(verify(policy, "L1 L0"), 0);
    ck_assert_int_eq(verify(policy, "L0 W0"), 0);
    ck_assert_int_eq(verify(policy, "L2"), DEPOSITARY_E_CHECKPOINT_KEY);
    ck_assert_int_eq(verify(policy, "W0"), DEPOSITARY_E_CHECKPOINT_KEY); /* a witness is no log */
    ck_assert_int_eq(verify(policy, "S0 W0"), DEPOSITARY_E_CHECKPOINT_KEY);
    /* signatures of keys that nobody knows are passed over, right or wrong */
    ck_assert_int_eq(verify(policy, "S0 L0 W5"), 0);
    ck_assert_int_eq(verify(policy, "!S0 L0 !W5"), 0);
    policy_free(policy);
}
END_TEST

START_TEST(a_known_key_with_a_wrong_signature_spoils_the_note) {
    struct policy *policy = make("log $L0\nlog $L1\nwitness w $W0\nwitness v $W1\nquorum none\n");

    ck_assert_int_eq(verify(policy, "!L0"), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    ck_assert_int_eq(verify(policy, "L0 !L1"), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    ck_assert_int_eq(verify(policy, "!L0 L1"), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    ck_assert_int_eq(verify(policy, "L0 !W0"), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    ck_assert_int_eq(verify(policy, "L0 W0 !W1"), DEPOSITARY_E_CHECKPOINT_SIGNATURE);
    policy_free(policy);
}
END_TEST

START_TEST(two_lines_of_one_key_are_refused) {
    struct policy *policy = make("log $L0\nwitness w $W0\nquorum none\n");

    ck_assert_int_eq(verify(policy, "L0 L0"), DEPOSITARY_E_CHECKPOINT_DUPLICATE);
    ck_assert_int_eq(verify(policy, "L0 W0 W0"), DEPOSITARY_E_CHECKPOINT_DUPLICATE);
    ck_assert_int_eq(verify(policy, "L0 S0 S0"), DEPOSITARY_E_CHECKPOINT_DUPLICATE); /* unknown ones too */
    ck_assert_int_eq(verify(policy, "L0 !L0"), DEPOSITARY_E_CHECKPOINT_DUPLICATE);
    policy_free(policy);
}
END_TEST

START_TEST(another_origin_or_form_is_refused) {
    struct policy *policy = make("log $L0\nquorum none\n");
    struct checkpoint checkpoint;
    struct buffer note;

    buffer_init(&note, LIMIT_NOTE);
    sign_note(&note, 3, "example.org/other", "S0");
    ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&note), NULL),
                     DEPOSITARY_E_CHECKPOINT_ORIGIN);
    buffer_clear(&note);
    sign_note(&note, 3, ORIGIN, "L0");
    buffer_append_byte(&note, ' ');
    ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&note), NULL),
                     DEPOSITARY_E_CHECKPOINT_FORMAT);
    for (size_t len = 0; len < note.len - 1; len++)
        ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, policy, bytes_of(note.data, len), NULL),
                         DEPOSITARY_E_CHECKPOINT_FORMAT);
    buffer_clear(&note);
    sign_note(&note, 0, ORIGIN, "L0");
    ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&note), NULL), 0);
    ck_assert_uint_eq(checkpoint.size, 0);

    /* an extension line, signed by the right key */
    const struct test_key key = log_key(0);
    struct buffer text;
    uint8_t blob[4 + SIGNATURE_LEN];
    buffer_init(&text, LIMIT_NOTE);
    buffer_append_text(&text, ORIGIN "\n3\nRbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJQ=\nextension\n");
    memcpy(blob, key.verifier.id, 4);
    crypto_sign_detached(blob + 4, NULL, text.data, text.len, key.secret);
    buffer_append_text(&text, "\n\xE2\x80\x94 " ORIGIN " ");
    buffer_append_base64(&text, bytes_of(blob, sizeof(blob)));
    buffer_append_byte(&text, '\n');
    ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&text), NULL),
                     DEPOSITARY_E_CHECKPOINT_FORMAT);
    buffer_free(&text);
    buffer_free(&note);
    policy_free(policy);
}
END_TEST

START_TEST(the_checkpoint_made_by_openssl_passes_its_policy) {
    struct buffer text, note;
    struct policy *policy = NULL;
    struct checkpoint checkpoint;

    buffer_init(&text, POLICY_TEXT_MAX);
    buffer_init(&note, LIMIT_NOTE);
    read_vector(&text, "checkpoint-cosigned.policy");
    read_vector(&note, "checkpoint-cosigned.txt");
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), 0);
    ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&note), NULL), 0);
    ck_assert_uint_eq(checkpoint.size, 3);
    for (size_t i = 0; i < note.len; i++) {
        note.data[i] ^= 0x01;
        ck_assert_msg(policy_verify_checkpoint(&checkpoint, policy, buffer_bytes(&note), NULL) != 0, "byte %zu", i);
        note.data[i] ^= 0x01;
    }
    buffer_free(&text);
    buffer_free(&note);
    policy_free(policy);
}
END_TEST

START_TEST(quorums_count_as_written) {
    static const struct {
        const char *rule;
        const char *enough[4];
        const char *too_few[4];
    } cases[] = {
        {"quorum none\n", {"L0", "L0 W0"}, {NULL}},
        {"quorum a\n", {"L0 W0", "W0 L0 W1"}, {"L0", "L0 W1", "L0 W1 W2 W3"}},
        {"group g any a b c\nquorum g\n", {"L0 W0", "L0 W2", "L0 W0 W1 W2"}, {"L0", "L0 W3"}},
        {"group g all a b c\nquorum g\n", {"L0 W0 W1 W2"}, {"L0", "L0 W0 W1", "L0 W0 W1 W3", "L0 W1 W2"}},
        {"group g 2 a b c\nquorum g\n", {"L0 W0 W1", "L0 W0 W2", "L0 W2 W1"}, {"L0", "L0 W2", "L0 W2 W3"}},
        {"group x 2 a b\ngroup y any c d\ngroup z all x y\nquorum z\n",
         {"L0 W0 W1 W2", "L0 W0 W1 W3", "L0 W0 W1 W2 W3"},
         {"L0 W0 W1", "L0 W2 W3", "L0 W0 W2 W3", "L0 W1 W2 W3"}},
        {"group x all a b\ngroup y any x c\nquorum y\n", {"L0 W2", "L0 W0 W1"}, {"L0 W0", "L0 W1", "L0 W3"}},
        {"group x any a b\ngroup y all x c\nquorum x\n", {"L0 W0", "L0 W1"}, {"L0 W2", "L0"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "log $L0\nwitness a $W0\nwitness b $W1\nwitness c $W2\nwitness d $W3\n%s",
                 cases[i].rule);
        struct policy *policy = make(text);
        for (size_t j = 0; j < 4 && cases[i].enough[j]; j++)
            ck_assert_msg(verify(policy, cases[i].enough[j]) == 0, "%s: %s", cases[i].rule, cases[i].enough[j]);
        for (size_t j = 0; j < 4 && cases[i].too_few[j]; j++)
            ck_assert_msg(verify(policy, cases[i].too_few[j]) == DEPOSITARY_E_QUORUM, "%s: %s", cases[i].rule,
                          cases[i].too_few[j]);
        policy_free(policy);
    }
}
END_TEST

START_TEST(signatures_are_judged_apart_from_the_quorum) {
    struct policy *strict = make("log $L0\nwitness a $W0\nwitness b $W1\ngroup g all a b\nquorum g\n");
    struct policy *lax = NULL;
    ck_assert_int_eq(policy_copy_without_quorum(&lax, strict), 0);
    ck_assert(policy_has_quorum(strict) && !policy_has_quorum(lax));
    static const struct {
        const char *signers;
        int error;
        bool has_quorum;
    } cases[] = {
        {"L0 W0 W1", 0, true},
        {"L0 W0", 0, false},
        {"L0", 0, false},
        {"W0 W1", DEPOSITARY_E_CHECKPOINT_KEY, false},
        {"L0 !W0 W1", DEPOSITARY_E_CHECKPOINT_SIGNATURE, false},
        {"!L0 W0 W1", DEPOSITARY_E_CHECKPOINT_SIGNATURE, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer note;
        struct checkpoint checkpoint;
        bool has_quorum = false;
        buffer_init(&note, LIMIT_NOTE);
        sign_note(&note, 3, ORIGIN, cases[i].signers);
        ck_assert_int_eq(policy_verify_signatures(&checkpoint, &has_quorum, strict, buffer_bytes(&note), NULL),
                         cases[i].error);
        ck_assert_msg(has_quorum == cases[i].has_quorum, "%s", cases[i].signers);
        /* without a quorum a witness's wrong signature still spoils the note */
        ck_assert_int_eq(policy_verify_checkpoint(&checkpoint, lax, buffer_bytes(&note), NULL), cases[i].error);
        buffer_free(&note);
    }
    policy_free(strict);
    policy_free(lax);
}
END_TEST

/* ---- merging */

static int merge(struct buffer *out, const struct policy *policy, const char *into, const char *from) {
    struct buffer a, b;

    buffer_init(&a, LIMIT_NOTE);
    buffer_init(&b, LIMIT_NOTE);
    sign_note(&a, 3, ORIGIN, into);
    sign_note(&b, 3, ORIGIN, from);
    buffer_clear(out);
    const int error = policy_merge_cosignatures(out, policy, buffer_bytes(&a), buffer_bytes(&b));
    buffer_free(&a);
    buffer_free(&b);
    return error;
}

START_TEST(only_verified_cosignatures_that_are_lacking_are_merged) {
    struct policy *policy = make("log $L0\nlog $L1\nwitness a $W0\nwitness b $W1\nquorum none\n");
    struct buffer out, want;

    buffer_init(&out, 2 * LIMIT_NOTE);
    buffer_init(&want, LIMIT_NOTE);
    sign_note(&want, 3, ORIGIN, "L0 W0 W1");
    ck_assert_int_eq(merge(&out, policy, "L0", "L0 W0 W1"), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), buffer_bytes(&want)));
    ck_assert_int_eq(merge(&out, policy, "L0 W0", "W1"), 0); /* the log's line need not be offered again */
    ck_assert(bytes_equal(buffer_bytes(&out), buffer_bytes(&want)));
    ck_assert_int_eq(merge(&out, policy, "L0 W0 W1", "W1 W0"), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), buffer_bytes(&want)));
    ck_assert_int_eq(merge(&out, policy, "L0 W0", "!W0 W1"), 0); /* what is there stays, whatever is offered */
    ck_assert(bytes_equal(buffer_bytes(&out), buffer_bytes(&want)));
    buffer_clear(&want);
    sign_note(&want, 3, ORIGIN, "L0");
    /* wrong ones, unknown ones, and other logs' signatures stay out */
    ck_assert_int_eq(merge(&out, policy, "L0", "!W0 W2 S0 L1 !L0"), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), buffer_bytes(&want)));
    buffer_free(&out);
    buffer_free(&want);
    policy_free(policy);
}
END_TEST

START_TEST(cosignatures_of_another_checkpoint_are_not_merged) {
    struct policy *policy = make("log $L0\nwitness a $W0\nquorum none\n");
    struct buffer out, a, b;

    buffer_init(&out, LIMIT_NOTE);
    buffer_init(&a, LIMIT_NOTE);
    buffer_init(&b, LIMIT_NOTE);
    sign_note(&a, 3, ORIGIN, "L0");
    sign_note(&b, 4, ORIGIN, "L0 W0");
    ck_assert_int_eq(policy_merge_cosignatures(&out, policy, buffer_bytes(&a), buffer_bytes(&b)),
                     DEPOSITARY_E_CONFLICT);
    ck_assert_int_eq(policy_merge_cosignatures(&out, policy, buffer_bytes(&a), BYTES("")), DEPOSITARY_E_NOTE);
    ck_assert_int_eq(policy_merge_cosignatures(&out, policy, BYTES(""), buffer_bytes(&a)), DEPOSITARY_E_NOTE);
    ck_assert_uint_eq(out.len, 0);
    buffer_free(&out);
    buffer_free(&a);
    buffer_free(&b);
    policy_free(policy);
}
END_TEST

START_TEST(a_merged_note_can_still_be_read) {
    struct policy *policy = make("log $L0\nwitness a $W0\nquorum none\n");
    struct buffer out, a, b;
    struct note note;

    buffer_init(&out, 2 * LIMIT_NOTE);
    buffer_init(&a, LIMIT_NOTE);
    buffer_init(&b, LIMIT_NOTE);
    sign_note(&a, 3, ORIGIN, "L0");
    for (int i = 1; i < NOTE_SIGNATURES_MAX; i++)
        buffer_append_format(&a, "\xE2\x80\x94 unknown%d AAAAAAA=\n", i);
    sign_note(&b, 3, ORIGIN, "W0");
    ck_assert_int_eq(policy_merge_cosignatures(&out, policy, buffer_bytes(&a), buffer_bytes(&b)), 0);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&out), NULL), 0);
    ck_assert_uint_eq(note.signatures_count, NOTE_SIGNATURES_MAX);
    /* few lines, but nearly as many bytes as a note may have */
    uint8_t blob[LIMIT_NOTE] = {0};
    buffer_clear(&a);
    buffer_clear(&out);
    sign_note(&a, 3, ORIGIN, "L0");
    buffer_append_text(&a, "\xE2\x80\x94 unknown ");
    buffer_append_base64(&a, bytes_of(blob, (LIMIT_NOTE - a.len - 40) / 4 * 3));
    buffer_append_byte(&a, '\n');
    ck_assert_int_eq(a.error, 0);
    ck_assert_int_eq(policy_merge_cosignatures(&out, policy, buffer_bytes(&a), buffer_bytes(&b)), 0);
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&out), NULL), 0);
    ck_assert_uint_eq(note.signatures_count, 2);
    buffer_free(&out);
    buffer_free(&a);
    buffer_free(&b);
    policy_free(policy);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        well_formed_policies_are_read,
        malformed_policies_are_refused,
        no_changed_bit_pins_another_key,
        two_keys_of_one_name_and_id_are_refused,
        a_refusal_names_the_line,
        thirty_two_of_each_fit_and_no_more,
        names_and_urls_have_an_end,
        a_policy_says_what_is_in_it_and_so_does_its_copy,
        a_pinned_logs_signature_is_enough_and_needed,
        a_known_key_with_a_wrong_signature_spoils_the_note,
        two_lines_of_one_key_are_refused,
        another_origin_or_form_is_refused,
        the_checkpoint_made_by_openssl_passes_its_policy,
        quorums_count_as_written,
        signatures_are_judged_apart_from_the_quorum,
        only_verified_cosignatures_that_are_lacking_are_merged,
        cosignatures_of_another_checkpoint_are_not_merged,
        a_merged_note_can_still_be_read,
    };
    return run_tests("policy", tests, sizeof(tests) / sizeof(tests[0]));
}
