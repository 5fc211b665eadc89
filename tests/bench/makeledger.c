/*
 * Makes a large ledger of made-up texts, through the ledger's own code, for measurements:
 *
 *     makeledger DIR CLAUSES EDITIONS [SEED]
 *
 * DIR becomes a folder that `depositaryd --data DIR --policy DIR/policy` serves: ledger.db, policy, keys/answer-key. CLAUSES
 * are spread evenly over EDITIONS, each the first edition of an instrument of its own and one append. The same numbers on the
 * same day give the same ledger. Prints what the appends took.
 */
#include "ledger_maker.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/time.h"

#define WORDS       6000u /* of the made-up language */
#define TEXT_LEAST  200u  /* bytes of a clause */
#define TEXT_SPREAD 600u
#define DAY_S       86400

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "makeledger: %s does not hold (line %d)\n", #condition, __LINE__);                         \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static uint64_t random_state;

/* splitmix64: the same numbers everywhere. */
static uint64_t random_next(void) {
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A word; small numbers, which are the short words, come far more often. */
static size_t put_word(char *out) {
    static const char *const syllables[] = {"ra",  "te",  "no",  "si",  "lu",  "ma",  "pe",  "do",  "vi",  "ke",
                                            "sta", "tri", "con", "mer", "pol", "lin", "gar", "dun", "fes", "hal"};
    double share = (double)(random_next() >> 11) / (double)(UINT64_C(1) << 53);
    unsigned number = (unsigned)(share * share * share * WORDS);
    size_t len = 0;
    do {
        const char *syllable = syllables[number % 20];
        memcpy(out + len, syllable, strlen(syllable));
        len += strlen(syllable);
        number /= 20;
    } while (number > 0);
    return len;
}

static char *make_text(size_t number) {
    size_t want = TEXT_LEAST + random_next() % TEXT_SPREAD, len;
    char *text = malloc(want + 64);
    MUST(text != NULL);
    len = (size_t)sprintf(text, "%zu. ", number);
    while (len < want) {
        len += put_word(text + len);
        text[len++] = ' ';
    }
    text[len - 1] = '\n';
    text[len] = '\0';
    return text;
}

static struct maker_clause *make_clauses(size_t count) {
    struct maker_clause *clauses = calloc(count + 1, sizeof *clauses);
    MUST(clauses != NULL);
    for (size_t i = 0; i < count; i++) {
        char *eid = malloc(32);
        MUST(eid != NULL);
        sprintf(eid, "cl_%zu", i + 1);
        clauses[i] = (struct maker_clause){eid, make_text(i + 1)};
    }
    return clauses;
}

/* The first append: the daemon's answer key. */
static void append_key(struct ledger_maker *maker) {
    struct maker_append append;
    struct buffer text;
    struct key_record record = {
        .holder = BYTES("a measurement"), .not_before = maker->now_s, .not_after = maker->now_s + 400 * DAY_S};
    memcpy(record.public_key, maker->answer_key.verifier.public_key, PUBLIC_KEY_LEN);
    buffer_init(&text, LIMIT_ENTRY);
    MUST(key_record_print(&text, &record, NULL) == 0);
    maker_append_begin(&append, maker);
    maker_append_record(&append, buffer_bytes(&text));
    maker_append_register(&append, 0);
    MUST(maker_append_submit(&append, NULL) == 0);
    maker_append_end(&append);
    buffer_free(&text);
}

/* One edition; seconds that the ledger took over it. */
static double append_edition(struct ledger_maker *maker, size_t number, size_t count) {
    char instrument[32];
    struct maker_append append;
    struct fault fault = {0};
    snprintf(instrument, sizeof instrument, "made-up-%06zu", number);
    struct maker_clause *clauses = make_clauses(count);
    const struct maker_edition plan = {.instrument = instrument, .clauses = clauses, .clauses_count = count};
    maker_append_begin(&append, maker);
    maker_append_edition(&append, &plan);
    maker_append_register(&append, 0);
    uint64_t start = clock_monotonic_ns();
    if (maker_append_submit(&append, &fault) != 0) {
        fprintf(stderr, "makeledger: %s\n", fault_text(&fault));
        exit(1);
    }
    double seconds = (double)(clock_monotonic_ns() - start) / 1e9;
    maker_append_end(&append);
    maker_clauses_free(clauses, count);
    return seconds;
}

/* What a daemon needs beside the ledger. The answer key is libsodium's from a seed: its first half. */
static void write_rest(const struct ledger_maker *maker, const char *dir) {
    char path[4096];
    struct buffer text;
    buffer_init(&text, 4096);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, policy_log(maker->policy, 0));
    buffer_append_text(&text, "\nquorum none\n");
    MUST(file_path(path, sizeof path, dir, "policy") == 0);
    MUST(file_write(path, buffer_bytes(&text), 0644, NULL) == 0);
    buffer_clear(&text);
    buffer_append_text(&text, "depositary/answer-key/v2\nseed ");
    buffer_append_base64(&text, bytes_of(maker->answer_key.secret, 32));
    buffer_append_text(&text, "\npublic-key ");
    buffer_append_base64(&text, bytes_of(maker->answer_key.verifier.public_key, PUBLIC_KEY_LEN));
    buffer_append_text(&text, "\n");
    MUST(file_path(path, sizeof path, dir, "keys") == 0);
    MUST(file_make_dir(path, 0700, NULL) == 0);
    MUST(file_path(path, sizeof path, dir, "keys/answer-key") == 0);
    MUST(file_write(path, buffer_bytes(&text), 0600, NULL) == 0);
    buffer_free(&text);
}

int main(int argc, char **argv) {
    uint64_t clauses = 0, editions = 0, seed = 1;
    if (argc < 4 || argc > 5 || !decimal_parse(&clauses, bytes_text(argv[2])) ||
        !decimal_parse(&editions, bytes_text(argv[3])) || editions == 0 ||
        (argc == 5 && !decimal_parse(&seed, bytes_text(argv[4])))) {
        fprintf(stderr, "Usage: makeledger DIR CLAUSES EDITIONS [SEED]\n");
        return 2;
    }
    static struct ledger_maker maker;
    random_state = seed;
    MUST(file_make_dir(argv[1], 0755, NULL) == 0);
    ledger_maker_begin_at(&maker, argv[1]);
    maker.now_s = clock_now_s() / DAY_S * DAY_S;
    append_key(&maker);
    double seconds = 0;
    for (uint64_t i = 0; i < editions; i++)
        seconds += append_edition(&maker, i + 1, (size_t)(clauses / editions + (i < clauses % editions)));
    write_rest(&maker, argv[1]);
    ledger_maker_close(&maker);
    policy_free(maker.policy);
    printf("%" PRIu64 " clauses in %" PRIu64 " editions: appended in %.2f s, %.0f clauses/s\n", clauses, editions,
           seconds, (double)clauses / seconds);
    return 0;
}
