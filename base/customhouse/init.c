/* A new installation: its folder, configuration, policy and credentials. */
#include "site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"

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

/* The parser would refuse it too, but speaks of keys, not of options. */
static enum ch_code check_listens(const struct site_init *init, struct ch_err *err)
{
    for (size_t i = 0; i < init->listen_count && !init->insecure_http; i++) {
        struct ch_str host = {NULL, 0};
        uint16_t port = 0;
        if (ch_place_split(ch_str_of(init->listens[i]), &host, &port) &&
            !ch_place_is_loopback(host)) {
            return ch_fail(err, CH_E_USAGE,
                           "--listen %s: other than loopback needs --insecure-http, or TLS: begin with "
                           "a loopback address and set tls_certificate in " SITE_CONFIG,
                           init->listens[i]);
        }
    }
    return CH_OK;
}

static enum ch_code initial_text(const struct site_init *init, struct ch_buf *ret,
                                 struct ch_err *err)
{
    if (init->pypi_upstream == NULL) {
        return ch_fail(err, CH_E_USAGE,
                       "no upstream: name the index to mirror with --pypi-upstream URL");
    }
    struct ch_config_initial initial = {
        .listen = ch_str_of(init->listens[0]),
        .pypi_url = ch_str_of(init->pypi_upstream),
        .states_times = "sometimes",
        .now_us = ch_now_unix_us(),
    };
    while (ch_str_ends(initial.pypi_url, CH_STR("/"))) {
        initial.pypi_url.len--;
    }
    ch_buf_init(ret, (size_t)ch_limits.setup_text_bytes);
    ch_config_initial_text(ret, &initial);
    add_listens(ret, init);
    return ch_buf_ok(ret, err);
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

static const char credentials_text[] =
    "# User names and passwords for upstreams, each for exactly one scheme, host and port.\n"
    "# This file must stay readable by its owner only.\n"
    "credentials: []\n"
    "#  - origin: \"https://index.example.org:443\"\n"
    "#    user: \"name\"\n"
    "#    password: \"secret\"\n";

enum ch_code site_init(const char *folder, const struct site_init *init, struct ch_err *err)
{
    struct ch_buf text = {.ptr = NULL};
    struct ch_config *config = NULL;
    enum ch_code rc = check_listens(init, err);
    rc = rc == CH_OK ? initial_text(init, &text, err) : rc;
    if (rc == CH_OK) { /* before anything is made: a mistyped URL leaves nothing behind */
        rc = ch_config_parse(ch_buf_str(&text), "configuration to be written", &config, err);
    }
    if (rc == CH_OK) {
        ch_config_free(config);
        rc = make_folders(folder, err);
    }
    if (rc == CH_OK) {
        rc = write_one(folder, SITE_CREDENTIALS, CH_STR(credentials_text), 0600, err);
    }
    if (rc == CH_OK) {
        rc = write_one(folder, SITE_POLICY, ch_str_of(ch_policy_default_text()), 0640, err);
    }
    if (rc == CH_OK) { /* last: its presence says that the rest is there */
        rc = write_one(folder, SITE_CONFIG, ch_buf_str(&text), 0640, err);
    }
    ch_buf_done(&text);
    return rc;
}
