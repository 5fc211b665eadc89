/*
 * What the verbs of `depositary` share: options, the client, output, exit codes. One verb a file, verb_<name>.c; the table is in verbs.c.
 * Text goes to standard output, everything else to standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cli/spool.h"
#include "depositary/client.h"
#include "proof/copy.h"

/* The exit codes that scripts rely on. */
enum cli_exit {
    CLI_YES = 0,         /* yes, and verified */
    CLI_NO = 1,          /* the verified answer is no */
    CLI_USAGE = 2,       /* wrong usage, or no policy */
    CLI_UNREACHABLE = 3, /* not reachable or timed out */
    CLI_UNVERIFIED = 4,  /* verification failed: nothing of the text was printed */
    CLI_REFUSED = 5      /* refused or failed by the server, or by this machine */
};

/** Settings from the options that every verb takes, and what is made from them on demand. */
struct cli {
    const char *connect;      /* --connect, DEPOSITARY_CONNECT, or the default */
    const char *policy_path;  /* --policy, DEPOSITARY_POLICY; NULL: the default places */
    const char *receipt_path; /* --receipt; NULL: none */
    const char *no_receipt;   /* why the verb keeps none; NULL: it does */
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    bool is_insecure;        /* --insecure: of tls+tcp:// on loopback */
    const char *floor_path;  /* --floor; NULL: none */
    unsigned timeout_s;      /* --timeout */
    unsigned max_age_s;      /* --max-age; 0: any */
    bool is_json;            /* --json */
    bool for_office;         /* the office's verbs */
    bool is_forgetful;       /* what is seen is not held against, nor kept in, the memory of this user */
    int error;               /* the library's, by which verification failed; 0: none yet */
    bool is_unverified_told; /* --json: there was an object for it */
    depositary_policy *policy;
    depositary_client *client;
    char policy_found[4096]; /* the path that policy_path points to after a default place was found */
};

struct verb {
    const char *name;
    int (*run)(struct cli *cli, const struct verb *verb, int argc,
               char **argv); /* argv[0] is the verb; returns an exit code */
    const char *arguments;   /* "INSTRUMENT REF..." */
    const char *summary;     /* one line */
    const char *help;        /* own options and an example, lines */
};

extern const struct verb verbs[];
extern const size_t verbs_count;

/** Told of an own option (its val, and argument or NULL). False: the argument is bad, and that was said. */
typedef bool cli_take(void *context, int val, const char *argument);

/**
 * Reads common and own options, which may stand anywhere. own ends with a zero entry and its vals are 256 or more; NULL for none. The operands are
 * then argv[optind] and on, at least `least` and at most `most`. Returns -1 to go on, or an exit code: help was printed, or usage told.
 */
int cli_options(struct cli *cli, const struct verb *verb, int argc, char **argv, const struct option *own,
                cli_take *take, void *context, int least, int most);

/** Prints the verb's usage line on standard error after a message; returns CLI_USAGE. */
int cli_usage(const struct verb *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "depositary: ..." */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));  /* the same, where nothing failed */

/** A decimal option's value within bounds; false and told otherwise. */
bool cli_number(const char *name, const char *text, uint64_t least, uint64_t most, uint64_t *out);
/** --as-of: an RFC 3339 time, or a date for the end of that day (of today: `*is_today` is set and out is empty). */
bool cli_as_of(const char *text, char out[21], bool *is_today);

/** Which edition is meant: the options of every verb that reads one. */
struct cli_which {
    depositary_edition_query query;
    char as_of[21];
};

enum { CLI_OPT_LANGUAGE = 256, CLI_OPT_EDITION, CLI_OPT_AS_OF, CLI_OPT_OWN };
#define CLI_WHICH_OPTIONS                                                                                              \
    {"language", required_argument, NULL, CLI_OPT_LANGUAGE}, {"edition", required_argument, NULL, CLI_OPT_EDITION}, {  \
        "as-of", required_argument, NULL, CLI_OPT_AS_OF                                                                \
    }

/** Takes one of them; false: the argument is bad, and that was said. */
bool cli_take_which(struct cli_which *which, int val, const char *argument);

/** Loads the policy. 0 or an exit code, told. */
int cli_policy(struct cli *cli);
/** Loads the policy and makes the client. 0 or an exit code, told. */
int cli_client(struct cli *cli);
void cli_clean_up(struct cli *cli);

/** The exit code for a library error. */
int cli_exit_code(int error);
/** The exit code for a file or an argument that cannot be used: CLI_USAGE, but where the error is that memory lacked. */
int cli_unusable(int error);
/** Tells why a call failed (and that proofs hold, or whether a "no" is proven or claimed); with --json a verified "no" is an object on standard output. */
int cli_answer_failed(struct cli *cli, const depositary_answer *answer, int error);
/** Where no pinned key signed: what a client whose policy is of another time does about it. */
void cli_key_note(int error);
/** The same for a search, a quote or a citation: where an instrument is named that is not there, that is proven by one call more. */
int cli_query_failed(struct cli *cli, const depositary_edition_query *which, const depositary_answer *answer,
                     int error);
/** Keeps the receipt of the verb's call where --receipt asked for it. 0 or an exit code, told. */
int cli_receipt(struct cli *cli, const depositary_answer *answer);

/* output.c */

/** What was held back (spool.h), where all of it is proved by now. 0 or an exit code, told. */
int cli_text_spool(struct spool *spool);
/** 0, or an exit code, told, where it has a fault. */
int cli_spool_status(const struct spool *spool);

/** Writes untrusted text to standard output: exact bytes into a pipe or file; on a terminal control and bidi characters are shown as escapes. */
void cli_text(const char *text, size_t len);
/** The same, highlighted where standard output is a terminal. */
void cli_text_marked(const char *text, size_t len);
/** The same for standard error, always neutralised. */
void cli_text_error(const char *text);
/** Each step of the proof, on standard error. */
void cli_explain(const depositary_answer *answer);
#define CLI_BASE64_OF  32 /* bytes of a hash or a key */
#define CLI_BASE64_LEN 45 /* bytes, with a NUL */
/** What takes no memory, so that it cannot lack. */
void cli_base64(char out[CLI_BASE64_LEN], const uint8_t bytes[CLI_BASE64_OF]);
/** Ends output: flushes, and says once on standard error that characters were escaped. CLI_YES, or CLI_REFUSED where writing failed. */
int cli_finish(void);

/** The common fields of a JSON object for a verified answer: ledger size, register time, seal, verified. */
json_t *cli_json_answer(const depositary_answer *answer);
json_t *cli_json_edition(const depositary_edition *edition);
json_t *cli_json_latest(const depositary_edition *edition); /* true, false, or null where it is not known */
json_t *cli_json_clause(const depositary_clause *clause);
json_t *cli_json_span(depositary_span span);
/** Before anything is made of JSON: what lacks memory is noted from then on. */
void cli_json_begin(void);
/** What the buffer holds, which is freed, as a string; where it failed for want of memory, that is noted as jansson's own is. */
json_t *cli_json_text(struct buffer *text);
/** Whether memory for JSON of this thread's lacked since this was asked last: what was made meanwhile may be without some of its fields. */
bool cli_json_lacks(void);
/** Where what was made is printed in another form: 0, or told, an exit code. */
int cli_json_is_whole(void);
/** As it is printed, to be freed; NULL where memory lacks, or it is no JSON. */
char *cli_json_dump(const json_t *object);
/** Prints the object on a line and frees it; an exit code. Not where it may lack fields for want of memory. */
int cli_json_print(json_t *object);
/** With --json, where a file, or (NULL) the verb, could not be verified: an object that says so, by the error's name, and nothing of the text. */
void cli_json_unverified(struct cli *cli, const char *file);

/* json_list.c */

/** An object whose last member is a list that is too long to keep: made item by item, and held back until all of it is proved. */
struct cli_json_list {
    struct spool spool;
    const char *close;
    bool has_item;
};

void cli_json_list_init(struct cli_json_list *list);
void cli_json_list_free(struct cli_json_list *list);
/** The members of the head, which is freed, then `open` (from the list's name to its bracket); `close` (all brackets) comes after the items. Begins anew. */
void cli_json_list_begin(struct cli_json_list *list, json_t *head, const char *open, const char *close);
void cli_json_list_add(struct cli_json_list *list, json_t *item); /* freed */
/** Prints it on a line; an exit code, as cli_json_print. */
int cli_json_list_print(struct cli_json_list *list);

/* reference.c */

/** A reference resolved and its clause fetched and verified. */
struct cli_found {
    depositary_answer *answer; /* of get_clause; owned */
    const depositary_clause *clause;
    const depositary_provision *provision; /* NULL: the whole clause was meant */
};

/** Resolves what a person wrote ("7(2)", "cl_7", "preamble") and gets it. 0 or an exit code, told. */
int cli_find(struct cli *cli, const depositary_edition_query *which, const char *reference, struct cli_found *out);
void cli_found_free(struct cli_found *found);

/** What several references, or one to several clauses, lead to. */
struct cli_found_list {
    struct cli_found *items;
    size_t count;
};

/** The same for "Articles 2 to 4" and "5 and 7", too: adds all of them, in order. Where one is not there the service is asked for it and says no. */
int cli_find_all(struct cli *cli, const depositary_edition_query *which, const char *reference,
                 struct cli_found_list *out);
void cli_found_list_free(struct cli_found_list *list);

/** Whether it is written as an eId and not as a number or citation. */
bool cli_looks_like_eid(const char *reference);

/* languages.c */

/** A text of an instrument, as its latest edition is. */
struct cli_language {
    char tag[128];
    uint32_t latest;
    bool is_withdrawn;
    bool is_authentic;
};

struct cli_languages {
    struct cli_language *items; /* in the order of their tags; owned */
    size_t count;
};

/** The texts that an instrument has, proved to be all. 0 or an exit code, told. */
int cli_languages(struct cli *cli, const char *instrument, struct cli_languages *out);
void cli_languages_free(struct cli_languages *languages);

/* pages.c */

/** The verified answers of a call that is made page by page, in order. */
struct cli_pages {
    depositary_answer **answers; /* owned */
    size_t count;
};

/** Makes the call for one page; returns its error. */
typedef int cli_fetch(struct cli *cli, void *context, const depositary_page *page, depositary_answer **out);

/** Whether no page after this one is wanted. */
typedef bool cli_enough(const void *context, const depositary_answer *page);

/** Reads all pages, or (enough not NULL) those up to the one that is enough. is_kept: whether this is the call that the verb is about, so that --receipt keeps its first page (one that fails is kept
 * in any case). 0 or an exit code, told; then *out is empty. */
int cli_pages_read(struct cli *cli, cli_fetch *fetch, cli_enough *enough, void *context, bool is_kept,
                   struct cli_pages *out);
/** Told of each page in order, and of NULL where they are read from the first again. 0 or an exit code, told. */
typedef int cli_page_sink(void *context, const depositary_answer *page);
/** The same as cli_pages_read with is_kept, for what is too much to keep: *out has the first page and the last alone. */
int cli_pages_tell(struct cli *cli, cli_fetch *fetch, void *context, cli_page_sink *sink, void *sink_context,
                   struct cli_pages *out);
void cli_pages_free(struct cli_pages *pages);

/* copies.c */

/** Writes a file into a folder. 0 or an exit code, told. */
int cli_write_file(const char *dir, const char *name, struct bytes in);
/** Writes the certified copy of one clause; *name is its name without the ending. 0 or an exit code, told. */
int cli_write_copy(const char *dir, const depositary_answer *answer, const depositary_clause *clause,
                   char name[COPY_NAME_MAX]);

/** Files that come into a folder all together or not at all: certified copies, and a main file whose bytes are appended. */
struct cli_staging {
    const char *dir; /* where they go */
    char path[4096]; /* a folder in it for the time being; "" none */
    int folder;
    int file; /* the main one */
};

void cli_staging_init(struct cli_staging *staging);
/** Takes away what was not placed. */
void cli_staging_free(struct cli_staging *staging);
/** All that follow: 0 or an exit code, told. */
int cli_staging_open(struct cli_staging *staging, const char *dir);
int cli_staging_clear(struct cli_staging *staging); /* begins anew */
int cli_staging_copy(struct cli_staging *staging, const depositary_answer *answer, const depositary_clause *clause,
                     char name[COPY_NAME_MAX]);
/** Here 0 or an error of error.h, told. */
int cli_staging_append(struct cli_staging *staging, struct bytes in);
/** Makes all of it durable, and gives it its names. */
int cli_staging_place(struct cli_staging *staging, const char *main_name);

/* whole.c */

/** All clauses of an edition, verified, checked as a whole: the source's length and SHA-256 are the edition record's. */
struct cli_whole {
    struct cli_pages pages; /* the first and the last */
    const depositary_edition *edition;
};

/**
 * Reads it page by page: each, when it is proved to go on from those before it, is given to the sink, which holds back what it makes of it (spool.h): it is proved
 * as a whole only where this returns 0. 0 or an exit code, told.
 */
int cli_whole(struct cli *cli, const depositary_edition_query *which, cli_page_sink *sink, void *context,
              struct cli_whole *out);
void cli_whole_free(struct cli_whole *whole);

/* texts.c */

/** The text of an edition as one piece, and what its clauses and their provisions are called. */
struct cli_texts {
    struct spool text;
    struct buffer names;      /* eIds, each with its NUL */
    struct buffer clauses;    /* struct cli_text */
    struct buffer provisions; /* struct cli_text_provision */
};

struct cli_text {
    size_t eid;            /* among the names */
    size_t end;            /* of its text */
    size_t provisions_end; /* how many there are up to its last */
};

struct cli_text_provision {
    size_t eid;
    depositary_span span;
};

void cli_texts_init(struct cli_texts *texts);
void cli_texts_free(struct cli_texts *texts);
/** A cli_page_sink whose context they are. */
int cli_texts_take(void *texts, const depositary_answer *page);
size_t cli_texts_count(const struct cli_texts *texts);
const struct cli_text *cli_texts_clause(const struct cli_texts *texts, size_t i);
const char *cli_texts_eid(const struct cli_texts *texts, size_t eid);
size_t cli_texts_begin(const struct cli_texts *texts, size_t i); /* of a clause's text */

#endif
