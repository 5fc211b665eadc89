/*
 * deposit, rectify: a file becomes an edition. A human sees what it is taken for before it is signed: fields, units, coverage, doubts, and
 * for a correction what changes.
 */
#include "cli/desk.h"
#include "cli/preview.h"

#include "akn/akn.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "text/import.h"

#include <string.h>

#define SOURCE_MAX (1024u * 1024 * 1024) /* bytes of a file; offsets within a clause are far smaller */

enum { OPT_ABOUT = DESK_OPT_OWN, OPT_REMARK, OPT_ACT, OPT_NUMBERING, OPT_OUTLINE, OPT_FROM, OPT_TO, OPT_VERBOSE };

static const struct option options[] = {
    DESK_OPTIONS,
    {"about", required_argument, NULL, OPT_ABOUT},
    {"remark", required_argument, NULL, OPT_REMARK},
    {"act", required_argument, NULL, OPT_ACT},
    {"language", required_argument, NULL, CLI_OPT_LANGUAGE},
    {"numbering", required_argument, NULL, OPT_NUMBERING},
    {"outline", required_argument, NULL, OPT_OUTLINE},
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"verbose", no_argument, NULL, OPT_VERBOSE},
    {0},
};

/* One deposit or correction on its way. */
struct job {
    struct desk desk;
    const char *about_path;
    const char *source_path; /* NULL: a withdrawal */
    const char *remark;
    const char *language;
    const char *numbering;    /* NULL: the importer chooses */
    const char *outline_path; /* NULL: the importer finds the units */
    const char *from;         /* of the file, by line or words; NULL: all of it */
    const char *to;
    enum edition_act act;
    struct description about;
    struct buffer file;
    struct bytes source; /* what of the file is deposited */
    struct outline outline;
    struct office_draft *draft;
    struct buffer latest; /* record of the edition before, where there is one */
    json_t *changes;      /* NULL: a first edition */
};

static bool take_act(struct job *job, const char *argument) {
    if (edition_act_parse(&job->act, bytes_text(argument)) && job->act != ACT_DEPOSIT) {
        return true;
    }
    cli_error("--act is rectification, amendment or withdrawal, not \"%s\"", argument);
    return false;
}

static bool take(void *context, int val, const char *argument) {
    struct job *job = context;
    switch (val) {
    case OPT_ABOUT:
        job->about_path = argument;
        return true;
    case OPT_REMARK:
        job->remark = argument;
        return true;
    case OPT_ACT:
        return take_act(job, argument);
    case CLI_OPT_LANGUAGE:
        job->language = argument;
        return true;
    case OPT_NUMBERING:
        job->numbering = argument;
        return true;
    case OPT_OUTLINE:
        job->outline_path = argument;
        return true;
    case OPT_FROM:
        job->from = argument;
        return true;
    case OPT_TO:
        job->to = argument;
        return true;
    case OPT_VERBOSE:
        job->desk.shows_records = true;
        return true;
    default:
        desk_take(&job->desk, val, argument);
        return true;
    }
}

static void job_init(struct job *job, struct cli *cli, enum edition_act act) {
    *job = (struct job){.act = act};
    desk_init(&job->desk, cli);
    buffer_init(&job->file, SOURCE_MAX);
    buffer_init(&job->latest, LIMIT_ENTRY);
}

static void job_free(struct job *job) {
    json_decref(job->changes);
    office_draft_free(job->draft);
    outline_free(&job->outline);
    description_free(&job->about);
    buffer_free(&job->file);
    buffer_free(&job->latest);
    desk_close(&job->desk);
}

/* ---- reading */

/* The file, or the part of it between --from and --to. */
static int read_part(struct job *job, size_t *first_line, struct fault *fault) {
    struct fault reason = {0};
    int error = file_read(&job->file, job->source_path, fault);
    if (error) {
        return error;
    }
    job->source = buffer_bytes(&job->file);
    *first_line = 1;
    if (job->from || job->to) {
        struct bytes file = job->source;
        error = import_range(&job->source, first_line, file, job->from, job->to, &reason);
    }
    return error ? fault_set(fault, error, "%s: %s", job->source_path, fault_text(&reason)) : 0;
}

static int read_outline(struct outline *out, const struct job *job, struct fault *fault) {
    struct buffer text;
    buffer_init(&text, SOURCE_MAX);
    int error = file_read(&text, job->outline_path, fault);
    if (!error) {
        error = import_outlined(out, job->source, buffer_bytes(&text), fault);
    }
    buffer_free(&text);
    return error;
}

/* A unit over the limit can be in no record: the file needs another numbering, or an outline. */
static int judge_limits(const struct outline *outline, struct fault *fault) {
    for (size_t i = 0; i < outline->findings_count; i++) {
        const struct finding *finding = &outline->findings[i];
        if (finding->kind == FINDING_OVER_LIMIT) {
            return fault_set(fault, DEPOSITARY_E_LIMIT,
                             "line %zu, column %zu: %s: try another --numbering, or an --outline", finding->line,
                             finding->column, finding->text);
        }
    }
    return 0;
}

static int read_source(struct job *job, struct fault *fault) {
    struct outline outline = {0};
    struct fault reason = {0};
    struct import_options how = {.numbering = job->numbering};
    if (!job->source_path) {
        snprintf(job->outline.numbering, sizeof(job->outline.numbering), "none");
        return 0;
    }
    int error = read_part(job, &how.first_line, fault);
    if (error) {
        return error;
    }
    if (job->outline_path) {
        error = read_outline(&outline, job, &reason);
    } else if (!job->numbering && akn_is(job->source)) {
        error = akn_import(&outline, job->source, &reason);
    } else {
        error = import_plain(&outline, job->source, &how, &reason);
    }
    if (!error) {
        error = judge_limits(&outline, &reason);
    }
    if (error) {
        outline_free(&outline);
        return fault_set(fault, error, "%s: %s", job->source_path, fault_text(&reason));
    }
    job->outline = outline;
    return 0;
}

static int read_description(struct job *job, struct fault *fault) {
    struct buffer text;
    struct fault reason = {0};
    buffer_init(&text, DESCRIPTION_MAX);
    int error = file_read(&text, job->about_path, fault);
    if (!error && description_parse(&job->about, buffer_bytes(&text), &reason) != 0) {
        error = fault_set(fault, reason.error, "%s: %s", job->about_path, fault_text(&reason));
    }
    buffer_free(&text);
    return error;
}

/* The languages that the instrument has, by the register of the office. One is needed; of several the caller says which. */
static int choose_language(char out[LIMIT_LANGUAGE + 1], struct job *job, const char *instrument, struct fault *fault) {
    struct register_line line;
    struct buffer words;
    size_t found = 0;
    int error = 0;
    const struct ledger_state *state = ledger_state_take(office_ledger(job->desk.office));
    buffer_init(&words, 256);
    buffer_append_format(&words, "edition %s ", instrument);
    size_t count = state->size > 0 && !words.error ? register_lines_count(state->lines) : 0;
    size_t i = count > 0 ? register_lines_lower_bound(state->lines, buffer_bytes(&words)) : 0;
    for (; i < count && bytes_starts_with(register_lines_line(state->lines, i), buffer_bytes(&words)) && !error; i++) {
        error = register_line_parse(&line, register_lines_line(state->lines, i));
        if (!error && ++found == 1) {
            snprintf(out, LIMIT_LANGUAGE + 1, "%.*s", (int)line.language.len, (const char *)line.language.data);
        }
    }
    buffer_free(&words);
    ledger_state_release(state);
    if (!error && found == 0) {
        error = fault_set(fault, DEPOSITARY_E_MISSING, "no edition of \"%s\" in the office's ledger", instrument);
    } else if (!error && found > 1) {
        error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "\"%s\" stands in several languages: say which with --language",
                          instrument);
    }
    return error;
}

/* The description of a correction is that of the edition before, unless --about gives a new one. */
static int read_latest(struct job *job, const char *instrument, struct fault *fault) {
    char only[LIMIT_LANGUAGE + 1];
    struct edition_record edition;
    const char *language = job->language;
    int error = language ? 0 : choose_language(only, job, instrument, fault);
    if (!error) {
        language = language ? language : only;
        error = office_latest(job->desk.office, bytes_text(instrument), bytes_text(language), &job->latest, fault);
    }
    if (!error && job->about_path) {
        error = read_description(job, fault);
        if (!error && (strcmp(job->about.instrument, instrument) != 0 || strcmp(job->about.language, language) != 0)) {
            error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s describes another text", job->about_path);
        }
    } else if (!error) {
        error = edition_record_parse(&edition, buffer_bytes(&job->latest), fault);
        if (!error) {
            error = description_of_record(&job->about, &edition);
        }
    }
    return error;
}

/* ---- showing */

static int describe_draft(struct preview *out, const struct job *job, struct fault *fault) {
    out->source = job->source;
    out->outline = &job->outline;
    return edition_record_parse(&out->edition, office_draft_record(job->draft, 0), fault);
}

static int show(struct job *job, struct fault *fault) {
    struct preview preview;
    int error = describe_draft(&preview, job, fault);
    if (!error && job->latest.len > 0) {
        job->changes = preview_changes(&preview, job->desk.office, buffer_bytes(&job->latest), fault);
        error = job->changes ? 0 : DEPOSITARY_E_DAMAGED;
    }
    if (error || job->desk.cli->is_json) {
        return error;
    }
    preview_print(&preview);
    if (job->changes) {
        preview_print_changes(job->changes, job->outline.units_count);
    }
    if (job->desk.shows_records) {
        desk_print_records(job->draft);
    }
    return 0;
}

static int report(struct job *job, bool is_signed, uint64_t sent) {
    struct fault fault = {0};
    struct preview preview;
    uint64_t size = desk_size(&job->desk);
    int error = describe_draft(&preview, job, &fault);
    if (error) {
        return desk_fail(&fault, error);
    }
    if (!job->desk.cli->is_json) {
        if (is_signed) {
            printf("signed: %s %s edition %u; %llu entries in the ledger\n", job->about.instrument, job->about.language,
                   (unsigned)preview.edition.edition, (unsigned long long)size);
        }
        return cli_finish();
    }
    json_t *out = preview_json(&preview);
    if (job->changes) {
        json_object_set(out, "changes", job->changes);
    }
    struct bytes record = office_draft_record(job->draft, 0);
    json_object_set_new(out, "record", json_stringn((const char *)record.data, record.len));
    json_object_set_new(out, "signed", json_boolean(is_signed));
    json_object_set_new(out, "checkpoints_sent", json_integer((json_int_t)sent));
    json_object_set_new(out, "ledger_size", json_integer((json_int_t)size));
    return cli_json_print(out);
}

/* ---- signing */

/* The office has it already: perhaps only the answer of the last push was lost. */
static int nothing_to_do(struct job *job, const struct fault *fault) {
    uint64_t sent = 0;
    cli_note("%s", fault_text(fault));
    if (job->desk.is_dry_run || job->desk.is_offline) {
        return CLI_YES;
    }
    int status = desk_connect(&job->desk);
    if (status == 0) {
        status = desk_push(&job->desk, &sent);
    }
    if (status == 0 && job->desk.cli->is_json) {
        return cli_json_print(json_pack("{s:b, s:I}", "signed", 0, "checkpoints_sent", (json_int_t)sent));
    }
    return status;
}

static int sign(struct job *job) {
    uint64_t sent = 0;
    if (job->desk.is_dry_run) {
        return report(job, false, 0);
    }
    int status = desk_ask(&job->desk, "Sign this?");
    if (status == 0) {
        status = desk_sign(&job->desk, job->draft, &sent);
    }
    return status != 0 ? status : report(job, true, sent);
}

/* From the description and the source on. */
static int draft_and_sign(struct job *job, struct fault *fault) {
    int error = read_source(job, fault);
    if (!error) {
        error = office_draft_new(&job->draft, job->desk.office);
    }
    if (!error) {
        error = office_draft_edition(job->draft, &job->about, job->act, job->remark, job->source,
                                     job->source_path ? &job->outline : NULL, clock_now_s(), fault);
    }
    if (error == DEPOSITARY_E_EXISTS) {
        return nothing_to_do(job, fault);
    }
    if (!error) {
        error = show(job, fault);
    }
    return error ? desk_fail(fault, error) : sign(job);
}

int verb_deposit(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct job job;
    struct fault fault = {0};
    job_init(&job, cli, ACT_DEPOSIT);
    int status = cli_options(cli, verb, argc, argv, options, take, &job, 1, 1);
    if (status < 0 && !job.about_path) {
        status = cli_usage(verb, "--about DESCRIPTION: what is known of the instrument");
    } else if (status < 0 && job.act != ACT_DEPOSIT) {
        status = cli_usage(verb, "--act is for rectify: a first edition is a deposit");
    }
    if (status < 0) {
        job.source_path = argv[optind];
        int error = read_description(&job, &fault);
        status = error ? desk_fail(&fault, error) : desk_open(&job.desk);
        status = status != 0 ? status : draft_and_sign(&job, &fault);
    }
    job_free(&job);
    return status;
}

int verb_rectify(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct job job;
    struct fault fault = {0};
    job_init(&job, cli, ACT_RECTIFICATION);
    int status = cli_options(cli, verb, argc, argv, options, take, &job, 1, 2);
    if (status < 0) {
        job.source_path = argc - optind > 1 ? argv[optind + 1] : NULL;
        if (!job.remark) {
            status = cli_usage(verb, "--remark TEXT: what is corrected, and why");
        } else if ((job.act == ACT_WITHDRAWAL) != (job.source_path == NULL)) {
            status =
                cli_usage(verb, job.act == ACT_WITHDRAWAL ? "a withdrawal has no FILE" : "FILE: the corrected text");
        }
    }
    if (status < 0) {
        const char *instrument = argv[optind];
        status = desk_open(&job.desk);
        if (status == 0) {
            int error = read_latest(&job, instrument, &fault);
            status = error ? desk_fail(&fault, error) : draft_and_sign(&job, &fault);
        }
    }
    job_free(&job);
    return status;
}
