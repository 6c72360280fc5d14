/* `customhouse inspect`: local files through the jails of the service, without a server.
 *
 *   inspect.c         the command: files, profiles, exit status
 *   inspect_jails.c   both scanners, several files at a time, answers in the order of the files
 *   inspect_report.c  what people and programs read: text, JSON, SARIF 2.1.0 */
#ifndef BASE_CUSTOMHOUSE_INSPECT_H
#define BASE_CUSTOMHOUSE_INSPECT_H

#include "customhouse/agree.h"
#include "customhouse/config.h"
#include "customhouse/ecosystem.h"

/* A file on the command line, and how it is to be read. */
struct inspect_file {
    const char *path; /* as given */
    const char *ecosystem;
    const char *profile; /* NULL: nothing inspects it; `err` says why */
    char project[256];   /* as its name says; empty: unknown */
    char version[160];
    struct ch_err err; /* code other than CH_OK: it could not be read */
    /* once it was read */
    struct ch_sha256 sha256;
    uint64_t size_bytes;
    struct ch_agreed agreed; /* outcome, findings and facts; borrowed for the call that shows it */
    bool unfinished;         /* a jail did not come to its end with it: killed, too long, failed */
};

/* --- inspect_jails.c --- */

struct jails_options {
    struct ch_str config_text; /* names the folders of the site's rules, if any */
    const struct ch_config *config;
    int rules_fd; /* -1: shipped rules only */
};

struct jails;
/* Starts both scanners. Free with jails_free, also after a failure. */
enum ch_code jails_start(const struct jails_options *options, struct jails **ret,
                         struct ch_err *err) CH_MUST_CHECK;
void jails_free(struct jails *j);
/* The rules in force; known once the first file was read. */
struct ch_sha256 jails_ruleset(const struct jails *j);
uint64_t jails_rule_count(const struct jails *j);

/* The next file into *ret (zeroed before); false when there is none. */
typedef bool jails_next_fn(void *ctx, struct inspect_file *ret);
/* A file that was read, or could not be (err). In the order of `next`. */
typedef void jails_show_fn(void *ctx, struct inspect_file *f);
/* Runs until all are shown. Fails only when the jails do. */
enum ch_code jails_run(struct jails *j, jails_next_fn *next, jails_show_fn *show, void *ctx,
                       struct ch_err *err) CH_MUST_CHECK;

/* --- inspect_report.c --- */

enum inspect_format { INSPECT_TEXT = 0, INSPECT_JSON };

struct report;
/* `sarif_path`: also written there when it ends; NULL: not. CH_E_IO: it cannot be made. */
enum ch_code report_open(enum inspect_format format, const char *sarif_path, struct report **ret,
                         struct ch_err *err) CH_MUST_CHECK;
void report_file(struct report *r, const struct inspect_file *f);
/* Writes what stands at the end, and closes. CH_E_IO: not everything could be written. */
enum ch_code report_close(struct report *r, const struct ch_sha256 *ruleset, uint64_t rule_count,
                          struct ch_err *err) CH_MUST_CHECK;
uint64_t report_with_findings(const struct report *r); /* files with more than notes */
/* Files that could not be opened, are no archives of the kind that they are read as (empty, cut
 * off, something else), or whose inspection did not come to its end. */
uint64_t report_unreadable(const struct report *r);

#endif
