#include "inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "customhouse/limits.h"
#include "base/customhouse/site/rules_files.h"
#include "base/customhouse/site/site.h"

/* What a scanner asks of a configuration: nothing of this is used but the rules. */
static const char no_site[] =
    "listen:\n  - {address: '127.0.0.1:8080'}\n"
    "upstreams:\n"
    "  - {name: none, ecosystem: pypi, url: 'https://index.example.org'}\n"
    "repositories:\n"
    "  - {name: none, ecosystem: pypi, upstreams: [none]}\n";

static const char archive[] = "archive"; /* of no ecosystem: scanner/eco/table.c */

struct inspect {
    const struct args *args;
    size_t at;    /* the next word */
    size_t asked; /* files so far */
    FILE *list;   /* of --files-from, NULL: none, or read to its end */
    char *line;
    size_t line_size;
    char **paths; /* of the list, kept until the end */
    size_t path_count;
    const char *profile; /* as asked for; NULL: auto */
    struct report *report;
    int status; /* once all went well */
    struct ch_err list_err;
};

/* ------------------------------------------------------------------ profiles */

static bool has_profile(const struct ch_ecosystem *eco, const char *profile)
{
    for (const char *const *p = eco->profiles; p != NULL && *p != NULL; p++) {
        if (strcmp(*p, profile) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_bare(const char *profile)
{
    return strcmp(profile, "zip") == 0 || strcmp(profile, "tar") == 0;
}

static bool profile_known(const char *profile)
{
    bool known = is_bare(profile) || strcmp(profile, "auto") == 0;
    for (size_t i = 0; !known && ch_ecosystems[i] != NULL; i++) {
        known = has_profile(ch_ecosystems[i], profile);
    }
    return known;
}

/* The bare archive that a name ends like; NULL: none. */
static const char *archive_profile(struct ch_str name)
{
    static const struct {
        const char *ending, *profile;
    } rows[] = {{".zip", "zip"},     {".tar", "tar"},   {".tar.gz", "tar"}, {".tgz", "tar"},
                {".tar.bz2", "tar"}, {".tbz", "tar"},   {".tar.xz", "tar"}, {".txz", "tar"},
                {".tar.zst", "tar"}, {".jar", "zip"}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_ends(name, ch_str_of(rows[i].ending))) {
            return rows[i].profile;
        }
    }
    return NULL;
}

/* Whether one reading of a name says more than the one that `f` has. Of "zlib-1.2.8-3.tar.bz2" version 1.2.8 of
 * zlib, a conda package, does rather than version 3 of zlib-1.2.8, an sdist; of "foo-bar-1.0.tar.bz2" version 1.0
 * of foo-bar, since versions begin with a digit. Whatever it is taken for, what it is not is found inside. */
static bool reads_more(const char *project, const char *version, const struct inspect_file *f)
{
    bool digit = version[0] >= '0' && version[0] <= '9';
    bool before = f->version[0] >= '0' && f->version[0] <= '9';
    return f->ecosystem == NULL ||
           (digit != before ? digit : strlen(project) < strlen(f->project));
}

/* What the name says by itself: ecosystem, project, version and how such files are inspected. */
static bool by_name(struct ch_str name, const char *wanted, struct inspect_file *f)
{
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        const struct ch_ecosystem *eco = ch_ecosystems[i];
        struct ch_release release;
        char project[sizeof(f->project)];
        if (eco->project_of == NULL || !eco->project_of(name, project, sizeof(project))) {
            continue;
        }
        eco->split(ch_str_of(project), name, &release);
        bool fits = release.profile != NULL &&
                    (wanted == NULL || strcmp(release.profile, wanted) == 0 ||
                     (ch_ecosystem_is_source(eco, wanted) && strcmp(release.file_type, wanted) == 0));
        if (fits && reads_more(project, release.version, f)) {
            f->ecosystem = eco->name;
            f->profile = release.profile;
            snprintf(f->project, sizeof(f->project), "%s", project);
            snprintf(f->version, sizeof(f->version), "%s", release.version);
        }
    }
    return f->ecosystem != NULL;
}

static void choose_profile(const struct inspect *in, struct inspect_file *f)
{
    const char *slash = strrchr(f->path, '/');
    struct ch_str name = ch_str_of(slash != NULL ? slash + 1 : f->path);
    if (in->profile != NULL && is_bare(in->profile)) {
        f->ecosystem = archive;
        f->profile = in->profile;
        return;
    }
    if (by_name(name, in->profile, f)) {
        return;
    }
    if (in->profile == NULL) {
        f->ecosystem = archive;
        f->profile = archive_profile(name);
        if (f->profile == NULL) {
            CH_IGNORE(
                !ch_fail(&f->err, CH_E_UNSUPPORTED,
                         "nothing inspects files of this name; --profile says how to read it"));
        }
        return;
    }
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) { /* as asked, whatever its name */
        if (has_profile(ch_ecosystems[i], in->profile)) {
            f->ecosystem = ch_ecosystems[i]->name;
            f->profile = in->profile;
        }
    }
}

/* ------------------------------------------------------------------ files */

static const char *next_word(struct inspect *in)
{
    while (in->at < in->args->count) {
        size_t i = in->at++;
        if (in->args->item[i].option == NULL) {
            return in->args->item[i].value;
        }
    }
    return NULL;
}

static const char *next_line(struct inspect *in)
{
    while (in->list != NULL) {
        ssize_t n = getline(&in->line, &in->line_size, in->list);
        if (n < 0) {
            if (ferror(in->list) != 0) {
                CH_IGNORE(!ch_fail_errno(&in->list_err, errno, "--files-from"));
            }
            in->list = NULL;
            return NULL;
        }
        struct ch_str path = {in->line, (size_t)n};
        path.len -= path.len > 0 && path.ptr[path.len - 1] == '\n' ? 1 : 0;
        if (path.len == 0) {
            continue;
        }
        in->paths = ch_realloc_array(in->paths, in->path_count + 1, sizeof(*in->paths));
        in->paths[in->path_count] = ch_str_dup(path);
        return in->paths[in->path_count++];
    }
    return NULL;
}

static bool next(void *ctx, struct inspect_file *ret)
{
    struct inspect *in = ctx;
    const char *path = next_word(in);
    path = path != NULL ? path : next_line(in);
    if (path == NULL) {
        return false;
    }
    in->asked++;
    ret->path = path;
    choose_profile(in, ret);
    return true;
}

static void show(void *ctx, struct inspect_file *f)
{
    struct inspect *in = ctx;
    report_file(in->report, f);
}

/* ------------------------------------------------------------------ the command */

static void put_yaml_quoted(struct ch_buf *b, const char *text)
{
    ch_buf_putc(b, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        ch_buf_puts(b, *c == '\'' ? CH_STR("''") : (struct ch_str){c, 1});
    }
    ch_buf_putc(b, '\'');
}

/* The configuration that the jails get: an installation's with --state, else one with no more than
 * the folders of --rules. */
static enum ch_code configure(const struct args *args, struct site *site, struct ch_err *err)
{
    const char *state = args_value(args, "--state");
    if (state != NULL && args_has(args, "--rules")) {
        return ch_fail(err, CH_E_USAGE, "inspect: --rules or --state, which has rules of its own");
    }
    if (state != NULL) {
        char *folder = NULL;
        enum ch_code rc = site_folder(state, &folder, err);
        rc = rc == CH_OK ? site_load(folder, site, err) : rc;
        free(folder);
        return rc;
    }
    bool first = true;
    ch_buf_init(&site->config_text, (size_t)ch_limits.setup_text_bytes);
    ch_buf_puts(&site->config_text, ch_str_of(no_site));
    for (size_t i = 0; i < args->count; i++) {
        const struct option *o = args->item[i].option;
        if (o != NULL && strcmp(o->name, "--rules") == 0) {
            char *folder = realpath(args->item[i].value, NULL);
            if (folder == NULL) {
                return ch_fail_errno(err, errno, "--rules: %s", args->item[i].value);
            }
            ch_buf_puts(&site->config_text, first ? CH_STR("rules: [") : CH_STR(", "));
            put_yaml_quoted(&site->config_text, folder);
            free(folder);
            first = false;
        }
    }
    ch_buf_puts(&site->config_text, first ? CH_STR("") : CH_STR("]\n"));
    return ch_config_parse(ch_buf_str(&site->config_text), "--rules", &site->config, err);
}

static enum ch_code open_list(struct inspect *in, struct ch_err *err)
{
    const char *path = args_value(in->args, "--files-from");
    if (path == NULL) {
        return CH_OK;
    }
    in->list = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    return in->list != NULL ? CH_OK : ch_fail_errno(err, errno, "%s", path);
}

static enum ch_code check_words(const struct inspect *in, struct ch_err *err)
{
    bool any = args_has(in->args, "--files-from");
    for (size_t i = 0; i < in->args->count; i++) {
        any = any || in->args->item[i].option == NULL;
    }
    if (!any) {
        return ch_fail(err, CH_E_USAGE,
                       "customhouse inspect: expected FILE or --files-from LIST (see "
                       "customhouse inspect --help)");
    }
    if (in->profile != NULL && !profile_known(in->profile)) {
        return ch_fail(err, CH_E_USAGE,
                       "--profile: %.64s is unknown: expected wheel, sdist, conda, conda-tar, "
                       "oci-layer, oci-manifest, oci-index, oci-config, oci-statement, "
                       "oci-empty, oci-blob, zip, tar or auto",
                       in->profile);
    }
    return CH_OK;
}

/* Ends the report, also after a failure: what was found until then is shown whole. */
static enum ch_code finish(struct inspect *in, const struct jails *jails, struct ch_err *err)
{
    if (in->report == NULL) {
        return CH_OK;
    }
    struct ch_sha256 ruleset = {{0}};
    uint64_t rules = 0;
    if (jails != NULL) {
        ruleset = jails_ruleset(jails);
        rules = jails_rule_count(jails);
    }
    in->status = report_unreadable(in->report) > 0      ? 2
                 : report_with_findings(in->report) > 0 ? 1
                                                        : 0;
    return report_close(in->report, &ruleset, rules, err);
}

static enum ch_code run(struct inspect *in, const struct site *site, int rules_fd,
                        struct ch_err *err)
{
    struct jails *jails = NULL;
    struct ch_err closing;
    struct jails_options options = {.config_text = ch_buf_str(&site->config_text),
                                    .config = site->config,
                                    .rules_fd = rules_fd};
    enum ch_code rc = jails_start(&options, &jails, err);
    if (rc == CH_OK) {
        rc = report_open(args_has(in->args, "--json") ? INSPECT_JSON : INSPECT_TEXT,
                         args_value(in->args, "--sarif"), &in->report, err);
    }
    rc = rc == CH_OK ? jails_run(jails, next, show, in, err) : rc;
    if (rc == CH_OK && in->list_err.code != CH_OK) {
        *err = in->list_err;
        rc = err->code;
    }
    if (rc == CH_OK && in->asked == 0) {
        rc = ch_fail(err, CH_E_USAGE, "customhouse inspect: %s names no file",
                     args_value(in->args, "--files-from"));
    }
    enum ch_code closed = finish(in, jails, &closing);
    if (rc == CH_OK && closed != CH_OK) {
        *err = closing;
        rc = closed;
    }
    jails_free(jails);
    return rc;
}

static enum ch_code inspect_all(struct inspect *in, const struct site *site, struct ch_err *err)
{
    int rules_fd = -1;
    enum ch_code rc = rules_files_read(site->config, &rules_fd, err);
    rc = rc == CH_OK ? run(in, site, rules_fd, err) : rc;
    if (rules_fd >= 0) {
        close(rules_fd);
    }
    return rc;
}

int command_inspect(const struct command_row *row CH_UNUSED, const struct args *args)
{
    struct ch_err err;
    struct site site = {0};
    const char *profile = args_value(args, "--profile");
    struct inspect in = {
        .args = args, .profile = profile != NULL && strcmp(profile, "auto") != 0 ? profile : NULL};
    enum ch_code rc = check_words(&in, &err);
    rc = rc == CH_OK ? open_list(&in, &err) : rc;
    rc = rc == CH_OK ? configure(args, &site, &err) : rc;
    rc = rc == CH_OK ? inspect_all(&in, &site, &err) : rc;
    site_done(&site);
    for (size_t i = 0; i < in.path_count; i++) {
        free(in.paths[i]);
    }
    free(in.paths);
    free(in.line);
    if (rc != CH_OK) {
        command_failed(&err);
        return 2;
    }
    return in.status;
}
