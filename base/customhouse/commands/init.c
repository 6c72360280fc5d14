/* A new installation: its folder, configuration, policy and credentials. */
#include "base/customhouse/site/site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config/pip_config.h"
#include "base/config/place.h"
#include "customhouse/limits.h"
#include "db/signing/key_files.h"
#include "customhouse/loop.h"
#include "learn.h"
#include "base/customhouse/supervisor/log.h"
#include "base/customhouse/site/tls_files.h"

#define NOTES_MAX 64

/* The folder and those above it that are missing. */
static enum ch_code make_folders(const char *folder, struct ch_err *err)
{
    char *path = ch_str_dup(ch_str_of(folder));
    size_t len = strlen(path);
    enum ch_code rc = CH_OK;
    for (size_t at = 1; rc == CH_OK && at <= len; at++) {
        if (path[at] != '/' && at < len) {
            continue;
        }
        path[at] = '\0';
        /* those above are for everybody, ours is not */
        if (mkdir(path, at < len ? 0755 : 0700) != 0 && errno != EEXIST) {
            rc = ch_fail_errno(err, errno, "%s", path);
        }
        path[at] = folder[at];
    }
    free(path);
    return rc;
}

/* Puts `text` behind the line `line` of b. What init writes has that line: it is our own text. */
static void insert_after(struct ch_buf *b, struct ch_str line, struct ch_str text, bool replace)
{
    size_t at = 0;
    CH_ASSERT(ch_str_find(ch_buf_str(b), line, &at));
    struct ch_buf out;
    ch_buf_init(&out, b->max);
    ch_buf_puts(&out, ch_str_sub(ch_buf_str(b), 0, replace ? at : at + line.len));
    ch_buf_puts(&out, text);
    ch_buf_puts(&out, ch_str_sub(ch_buf_str(b), at + line.len, b->len));
    ch_buf_done(b);
    *b = out;
}

static void add_listens(struct ch_buf *b, const struct site_init *init)
{
    struct ch_buf more;
    ch_buf_init(&more, 4096);
    for (size_t i = 1; i < init->listen_count; i++) {
        ch_buf_puts(&more, CH_STR("  - address: "));
        ch_buf_put_json(&more, ch_str_of(init->listens[i]));
        ch_buf_putc(&more, '\n');
    }
    insert_after(b, CH_STR("\nlisten:\n"), ch_buf_str(&more), false);
    ch_buf_done(&more);
    if (init->insecure_http) {
        insert_after(b, CH_STR("\ninsecure_http: false\n"), CH_STR("\ninsecure_http: true\n"),
                     true);
    }
}

/* The parser would refuse them too, but speaks of keys and lines, not of options. */
static enum ch_code check_listen(const struct site_init *init, size_t at, struct ch_err *err)
{
    const char *listen = init->listens[at];
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    if (!ch_place_split(ch_str_of(listen), &host, &port)) {
        return ch_fail(err, CH_E_USAGE,
                       "--listen %.200s: expected HOST:PORT, as in 127.0.0.1:8080 or [::1]:8080",
                       listen);
    }
    for (size_t i = 0; port != 0 && i < at; i++) {
        if (strcmp(init->listens[i], listen) == 0) {
            return ch_fail(err, CH_E_USAGE, "--listen %s: given twice", listen);
        }
    }
    if (!init->insecure_http && !ch_place_is_loopback(host)) {
        return ch_fail(err, CH_E_USAGE,
                       "--listen %s: other than loopback needs --insecure-http, or TLS: begin with "
                       "a loopback address and set tls_certificate in " SITE_CONFIG,
                       listen);
    }
    return CH_OK;
}

static enum ch_code check_listens(const struct site_init *init, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < init->listen_count; i++) {
        rc = check_listen(init, i, err);
    }
    return rc;
}

/* All that goes into the files, found out before the first of them is written. */
struct plan {
    struct ch_pip_config pip; /* zeroed: not asked */
    char *pip_problem;        /* why what it is configured for is not known; NULL: it is, or no pip */
    char *url;
    char *api_guess; /* NULL: none */
    struct learned learned;
    struct ch_buf credentials;
    struct ch_buf config;
    struct site site; /* config and the files that it names, before the upstream was asked */
    struct ch_str approver, approver_uid; /* borrow from init */
    const struct site_init *init;
};

static void plan_done(struct plan *p)
{
    ch_pip_config_done(&p->pip);
    free(p->pip_problem);
    free(p->url);
    free(p->api_guess);
    learned_done(&p->learned);
    if (p->credentials.ptr != NULL) {
        explicit_bzero(p->credentials.ptr, p->credentials.cap);
    }
    ch_buf_done(&p->credentials);
    ch_buf_done(&p->config);
    site_done(&p->site);
}

static bool is_loopback_url(const char *url)
{
    struct ch_buf origin;
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    size_t at = 0;
    ch_buf_init(&origin, ch_limits.url_bytes);
    ch_place_put_origin(&origin, ch_str_of(url));
    bool loopback =
        ch_str_find(ch_buf_str(&origin), CH_STR("://"), &at) &&
        ch_place_split(ch_str_sub(ch_buf_str(&origin), at + 3, origin.len), &host, &port) &&
        ch_place_is_loopback(host);
    ch_buf_done(&origin);
    return loopback;
}

/* How to get to an index that was named is pip's to say, but not to this very machine. What is wrong
 * with what it says is told, and is no error: the index does not depend on it. */
static void ask_pip_the_way(struct plan *p)
{
    struct ch_err why;
    enum ch_code rc = is_loopback_url(p->url) ? CH_OK : ch_pip_discover(&p->pip, &why);
    if (rc == CH_OK) {
        return;
    }
    p->pip = (struct ch_pip_config){.index_url = NULL};
    if (rc != CH_E_NOT_FOUND) { /* no pip here: nothing to learn from it */
        p->pip_problem = ch_str_dup(ch_str_of(why.msg));
        log_line("pip", "error=\"%s\" note=\"no proxy and no certificates are taken over from it\"",
                 why.msg);
    }
}

/* An index named on the command line is taken as it stands. */
static enum ch_code find_upstream(const char *named, struct plan *p, struct ch_err *err)
{
    static const struct ch_str simple = {"/simple", 7};
    if (named == NULL) {
        enum ch_code rc = ch_pip_discover(&p->pip, err);
        if (rc == CH_E_NOT_FOUND || rc == CH_E_USAGE) {
            return ch_fail(err, CH_E_USAGE, "no upstream: %.400s%s", err->msg,
                           rc == CH_E_NOT_FOUND
                               ? ""
                               : "; mend that, or give the index with --pypi-upstream URL");
        }
        if (rc != CH_OK) {
            return rc;
        }
        if (p->pip.no_index) {
            return ch_fail(
                err, CH_E_USAGE,
                "no upstream: pip is configured with no-index (PIP_NO_INDEX, or no-index "
                "in a file that pip reads), so that it asks no index, and none is taken "
                "over from it; give one with --pypi-upstream URL");
        }
        p->url = ch_str_dup(ch_str_of(p->pip.index_url));
        p->api_guess =
            p->pip.api_url_guess != NULL ? ch_str_dup(ch_str_of(p->pip.api_url_guess)) : NULL;
        return CH_OK;
    }
    struct ch_str url = ch_str_of(named);
    while (ch_str_ends(url, CH_STR("/"))) {
        url.len--;
    }
    const char *fault = ch_place_url_fault(url);
    if (fault != NULL) {
        return ch_fail(err, CH_E_USAGE, "--pypi-upstream: the url %s", fault);
    }
    p->url = ch_str_dup(url);
    if (ch_str_ends(url, simple)) {
        struct ch_buf guess;
        ch_buf_init(&guess, ch_limits.url_bytes);
        ch_buf_puts(&guess, ch_str_sub(url, 0, url.len - simple.len));
        ch_buf_puts(&guess, CH_STR("/pypi"));
        p->api_guess = ch_str_dup(ch_buf_str(&guess));
        ch_buf_done(&guess);
    }
    ask_pip_the_way(p);
    if (p->pip.index_url != NULL && strcmp(p->pip.index_url, p->url) != 0) {
        free(p->pip.user); /* bound to the other index (T13) */
        p->pip.user = NULL;
        if (p->pip.password != NULL) {
            explicit_bzero(p->pip.password, strlen(p->pip.password));
            free(p->pip.password);
            p->pip.password = NULL;
        }
    }
    return CH_OK;
}

static void put_credential(struct ch_buf *b, const char *url, const char *user,
                           const char *password, bool *first)
{
    struct ch_buf origin;
    if (url == NULL || user == NULL) {
        return;
    }
    ch_buf_puts(b, ch_str_of(*first ? "credentials:\n" : ""));
    *first = false;
    ch_buf_init(&origin, ch_limits.url_bytes);
    ch_place_put_origin(&origin, ch_str_of(url));
    ch_buf_puts(b, CH_STR("  - origin: "));
    ch_buf_put_json(b, ch_buf_str(&origin));
    ch_buf_puts(b, CH_STR("\n    user: "));
    ch_buf_put_json(b, ch_str_of(user));
    ch_buf_puts(b, CH_STR("\n    password: "));
    ch_buf_put_json(b, ch_str_of(password != NULL ? password : ""));
    ch_buf_putc(b, '\n');
    ch_buf_done(&origin);
}

static void put_credentials(struct plan *p)
{
    bool first = true;
    struct ch_buf *b = &p->credentials;
    ch_buf_init(b, (size_t)ch_limits.setup_text_bytes);
    ch_buf_puts(
        b, CH_STR("# User names and passwords for upstreams and proxies, each for exactly one\n"
                  "# scheme, host and port. This file must stay readable by its owner only.\n"));
    put_credential(b, p->url, p->pip.user, p->pip.password, &first);
    put_credential(b, p->pip.proxy, p->pip.proxy_user, p->pip.proxy_password, &first);
    if (first) {
        ch_buf_puts(b, CH_STR("credentials: []\n"
                              "#  - origin: \"https://index.example.org:443\"\n"
                              "#    user: \"name\"\n"
                              "#    password: \"secret\"\n"));
    }
}

/* The configuration with what is known so far. */
static enum ch_code put_config(struct plan *p, struct ch_err *err)
{
    static const char *const times[] = {[CH_TIMES_SOMETIMES] = "sometimes",
                                        [CH_TIMES_ALWAYS] = "always",
                                        [CH_TIMES_NEVER] = "never"};
    struct ch_str hosts[LEARN_HOSTS_MAX];
    struct ch_str notes[NOTES_MAX];
    struct ch_buf problem, of_pip;
    size_t note_count = 0;
    ch_buf_init(&problem, 1024);
    ch_buf_init(&of_pip, 1024);
    if (p->pip_problem != NULL) {
        ch_buf_printf(&of_pip,
                      "What pip is configured for could not be read (%s): no proxy and no "
                      "certificates are taken over from it.",
                      p->pip_problem);
        notes[note_count++] = ch_buf_str(&of_pip);
    }
    for (size_t i = 0; i < p->learned.host_count; i++) {
        hosts[i] = ch_str_of(p->learned.hosts[i]);
    }
    for (size_t i = 0; i < p->pip.note_count && note_count < NOTES_MAX - 1; i++) {
        notes[note_count++] = ch_str_of(p->pip.notes[i]);
    }
    if (p->learned.pages == 0 && p->learned.problem[0] != '\0') {
        ch_buf_printf(&problem,
                      "The upstream did not answer (%s): file_hosts could not be learned. Files at "
                      "hosts other than the index's own are refused until they are named there.",
                      p->learned.problem);
        notes[note_count++] = ch_buf_str(&problem);
    }
    struct ch_buf channel;
    ch_buf_init(&channel, (size_t)ch_limits.url_bytes);
    ch_config_channel_url(ch_str_of(p->init->conda_channel), &channel);
    struct ch_config_initial initial = {
        .channel_url = ch_buf_str(&channel),
        .listen = ch_str_of(p->init->listens[0]),
        .pypi_url = ch_str_of(p->url),
        .pypi_api_url = p->learned.api_answers ? ch_str_of(p->api_guess) : (struct ch_str){NULL, 0},
        .proxy = ch_str_of(p->pip.proxy),
        .ca_file = ch_str_of(p->pip.ca_file),
        .client_certificate = ch_str_of(p->pip.client_certificate),
        .file_hosts = hosts,
        .file_host_count = p->learned.host_count,
        .states_times = times[p->learned.times],
        .approver = p->approver,
        .approver_uid = p->approver_uid,
        .now_us = ch_now_unix_us(),
        .notes = notes,
        .note_count = note_count,
    };
    ch_buf_done(&p->config);
    ch_buf_init(&p->config, (size_t)ch_limits.setup_text_bytes);
    ch_config_initial_text(&p->config, &initial);
    add_listens(&p->config, p->init);
    ch_buf_done(&channel);
    ch_buf_done(&problem);
    ch_buf_done(&of_pip);
    return ch_buf_ok(&p->config, err);
}

/* Before anything is made: a mistyped option leaves nothing behind. */
static enum ch_code check_config(struct plan *p, struct ch_err *err)
{
    struct site *s = &p->site;
    struct ch_credentials *credentials = NULL;
    s->config_name = ch_str_dup(CH_STR("configuration to be written"));
    ch_buf_init(&s->config_text, (size_t)ch_limits.setup_text_bytes);
    ch_buf_puts(&s->config_text, ch_buf_str(&p->config));
    enum ch_code rc = ch_config_parse(ch_buf_str(&s->config_text), s->config_name, &s->config, err);
    if (rc == CH_OK) {
        rc = ch_credentials_parse(ch_buf_str(&p->credentials), "credentials to be written",
                                  &credentials, err);
    }
    if (rc == CH_OK) {
        ch_credentials_free(credentials);
        rc = tls_files_read(s, err);
    }
    return rc;
}

static enum ch_code ask_upstream(const char *folder, struct plan *p, struct ch_err *err)
{
    struct learn_options options = {
        .folder = folder,
        .config = ch_buf_str(&p->config),
        .url = ch_str_of(p->url),
        .api_url = ch_str_of(p->api_guess),
        .credentials = ch_buf_str(&p->credentials),
        .upstream_files = ch_buf_str(&p->site.upstream_files),
    };
    enum ch_code rc = learn(&options, &p->learned, err);
    if (rc == CH_OK && p->learned.pages == 0) {
        log_line("upstream", "url=%s error=\"%s\" note=\"file_hosts could not be learned\"", p->url,
                 p->learned.problem);
    }
    for (size_t i = 0; i < p->learned.host_count; i++) {
        log_line("upstream", "url=%s file_host=%s", p->url, p->learned.hosts[i]);
    }
    return rc;
}

/* The parser says what is wrong with a name; a uid that is none it would not see. */
static enum ch_code read_approver(const char *option, struct plan *p, struct ch_err *err)
{
    struct ch_str rest = ch_str_of(option);
    uint64_t uid = 0;
    if (!ch_str_split(&rest, ':', &p->approver)) {
        return CH_OK;
    }
    p->approver_uid = rest;
    if (p->approver.len == 0 ||
        (rest.ptr != NULL && (!ch_str_u64(rest, &uid) || uid == 0 || uid >= UINT32_MAX))) {
        return ch_fail(
            err, CH_E_USAGE,
            "--approver %s: expected NAME or NAME:UID, with a UID from 1 to 4294967294%s", option,
            uid == 0 && rest.len == 1 ? " (root approves nothing)" : "");
    }
    if (uid != 0 && uid == geteuid()) {
        return ch_fail(
            err, CH_E_USAGE,
            "--approver %s: who starts the server operates it, and nobody does both: name "
            "another user of this host, or none yet",
            option);
    }
    return CH_OK;
}

static enum ch_code make_plan(const char *folder, const struct site_init *init, struct plan *p,
                              struct ch_err *err)
{
    *p = (struct plan){.init = init};
    enum ch_code rc = site_check_folder(folder, err);
    rc = rc == CH_OK ? check_listens(init, err) : rc;
    rc = rc == CH_OK ? read_approver(init->approver, p, err) : rc;
    rc = rc == CH_OK ? find_upstream(init->pypi_upstream, p, err) : rc;
    if (rc == CH_OK) {
        put_credentials(p);
        rc = put_config(p, err);
    }
    rc = rc == CH_OK ? check_config(p, err) : rc;
    rc = rc == CH_OK ? ask_upstream(folder, p, err) : rc;
    return rc == CH_OK ? put_config(p, err) : rc;
}

static enum ch_code write_one(const char *folder, const char *name, struct ch_str text,
                              unsigned mode, struct ch_err *err)
{
    char *path = site_path(folder, name);
    enum ch_code rc = site_write_file(path, text, mode, err);
    free(path);
    /* an earlier start wrote it and died: perhaps it was edited since */
    return rc == CH_E_EXISTS ? CH_OK : rc;
}

/* The keeper's: site_prepare_folders gives them to it. A start on a state without them makes them
 * too. */
static enum ch_code make_keys(const char *folder, const struct plan *p, struct ch_err *err)
{
    char *path = site_path(folder, "keys");
    struct ch_config *config = NULL;
    int fd = -1;
    enum ch_code rc = CH_OK;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        rc = ch_fail_errno(err, errno, "%s", path);
    }
    rc = rc == CH_OK ? ch_keys_open_folder(path, &fd, err) : rc;
    rc = rc == CH_OK ? ch_config_parse(ch_buf_str(&p->config), SITE_CONFIG, &config, err) : rc;
    rc = rc == CH_OK ? ch_key_files_complete(fd, config, err) : rc;
    ch_config_free(config);
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return rc;
}

enum ch_code site_init(const char *folder, const struct site_init *init, struct ch_err *err)
{
    struct plan plan;
    enum ch_code rc = make_plan(folder, init, &plan, err);
    if (rc == CH_OK) {
        rc = make_folders(folder, err);
    }
    if (rc == CH_OK) {
        rc = write_one(folder, SITE_CREDENTIALS, ch_buf_str(&plan.credentials), 0600, err);
    }
    if (rc == CH_OK) {
        rc = write_one(folder, SITE_POLICY, ch_str_of(ch_policy_default_text()), 0640, err);
    }
    rc = rc == CH_OK ? make_keys(folder, &plan, err) : rc;
    if (rc == CH_OK) { /* last: its presence says that the rest is there */
        rc = write_one(folder, SITE_CONFIG, ch_buf_str(&plan.config), 0640, err);
    }
    plan_done(&plan);
    return rc;
}
