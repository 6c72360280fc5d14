/* Commands that need no running server. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "base/customhouse/supervisor/log.h"
#include "base/customhouse/site/rules_files.h"
#include "base/customhouse/site/site.h"
#include "base/customhouse/site/tls_files.h"
#include "base/customhouse/supervisor/supervisor.h"

#define DEFAULT_LISTEN "127.0.0.1:8080"

int command_failed(const struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, 8 * sizeof(err->msg));
    log_put_visible(&b, ch_str_of(err->msg));
    fprintf(stderr, "%.*s\n", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    bool usage = err->code == CH_E_USAGE || err->code == CH_E_FORMAT || err->code == CH_E_NOT_FOUND;
    return usage ? 2 : 1;
}

/* What failed to be written before is in no buffer any more: only the stream knows of it. */
int command_said(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return status;
    }
    fputs("customhouse: not all of the output could be written\n", stderr);
    return 1;
}

static size_t listens_of(const struct args *args, const char *ret[ARGS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < args->count; i++) {
        if (args->item[i].option != NULL && strcmp(args->item[i].option->name, "--listen") == 0) {
            ret[n++] = args->item[i].value;
        }
    }
    return n;
}

static enum ch_code init(const char *folder, const struct args *args, struct ch_err *err)
{
    const char *listens[ARGS_MAX] = {DEFAULT_LISTEN};
    size_t listen_count = listens_of(args, listens);
    struct site_init init = {
        .listens = listens,
        .listen_count = listen_count > 0 ? listen_count : 1,
        .insecure_http = args_has(args, "--insecure-http"),
        .pypi_upstream = args_value(args, "--pypi-upstream"),
        .conda_channel = args_value(args, "--conda-channel"),
        .approver = args_value(args, "--approver"),
    };
    return site_init(folder, &init, err);
}

/* Each file and folder of an installation is made with the mode that it is to have; what the caller's mask
 * takes away would be missing where others walk through, or the owner himself reads. */
#define INSTALLATION_UMASK 022

int command_init(const struct command_row *row, const struct args *args)
{
    umask(INSTALLATION_UMASK);
    struct ch_err err;
    char *folder = NULL;
    bool is_new = false;
    (void)row;
    enum ch_code rc = site_folder(args_value(args, "--state"), &folder, &err);
    rc = rc == CH_OK ? site_is_new(folder, &is_new, &err) : rc;
    if (rc == CH_OK && !is_new) {
        rc = ch_fail(&err, CH_E_EXISTS, "%s: is an installation already", folder);
    }
    rc = rc == CH_OK ? init(folder, args, &err) : rc;
    if (rc == CH_OK) {
        printf("configuration: %s/" SITE_CONFIG "\npolicy: %s/" SITE_POLICY "\n", folder, folder);
    }
    free(folder);
    return rc == CH_OK ? command_said(0) : command_failed(&err);
}

static bool same_url(struct ch_str a, struct ch_str b)
{
    while (ch_str_ends(a, CH_STR("/"))) {
        a.len--;
    }
    while (ch_str_ends(b, CH_STR("/"))) {
        b.len--;
    }
    return ch_str_eq(a, b);
}

static bool has_upstream(const struct ch_config *c, const char *ecosystem, const char *url)
{
    bool found = false;
    for (size_t i = 0; i < c->upstream_count; i++) {
        found = found || (strcmp(c->upstreams[i].ecosystem, ecosystem) == 0 &&
                          same_url(ch_str_of(c->upstreams[i].url), ch_str_of(url)));
    }
    return found;
}

/* What an installation was made with may be said again, so that the same words start it each time.
 * Anything else would be ignored silently: the configuration is where it lives now. */
static enum ch_code check_said_again(const char *folder, const struct args *args,
                                     struct ch_err *err)
{
    const char *url = args_value(args, "--pypi-upstream");
    struct ch_buf channel;
    ch_buf_init(&channel, (size_t)ch_limits.url_bytes);
    ch_config_channel_url(ch_str_of(args_value(args, "--conda-channel")), &channel);
    struct ch_str approver = ch_str_of(args_value(args, "--approver"));
    struct ch_buf text = {0};
    struct ch_config *c = NULL;
    char *path = site_path(folder, SITE_CONFIG);
    enum ch_code rc = CH_OK;
    if (url != NULL || approver.ptr != NULL || channel.len > 0) {
        rc = site_read_given(path, ch_limits.setup_text_bytes, &text, err);
        rc = rc == CH_OK ? ch_config_parse(ch_buf_str(&text), path, &c, err) : rc;
    }
    if (rc == CH_OK && url != NULL && !has_upstream(c, "pypi", url)) {
        rc = ch_fail(err, CH_E_USAGE,
                     "--pypi-upstream: %s is an installation already, with another: change url in "
                     "%s",
                     folder, path);
    }
    ch_buf_putc(&channel, '\0');
    if (rc == CH_OK && channel.len > 1 && !has_upstream(c, "conda", channel.ptr)) {
        rc = ch_fail(err, CH_E_USAGE,
                     "--conda-channel: %s is an installation already, without it: add an upstream "
                     "and a repository to %s",
                     folder, path);
    }
    ch_buf_done(&channel);
    struct ch_str name = {NULL, 0};
    if (rc == CH_OK && ch_str_split(&approver, ':', &name) &&
        !ch_str_eq(name, ch_str_of(c->approver))) {
        rc = ch_fail(
            err, CH_E_USAGE,
            "--approver: %s is an installation already: use customhouse user and customhouse "
            "group",
            folder);
    }
    ch_config_free(c);
    ch_buf_done(&text);
    free(path);
    return rc;
}

int command_serve(const struct command_row *row, const struct args *args)
{
    struct ch_err err;
    char *folder = NULL;
    bool is_new = false;
    (void)row;
    umask(INSTALLATION_UMASK);
    enum ch_code rc = site_folder(args_value(args, "--state"), &folder, &err);
    rc = rc == CH_OK ? site_is_new(folder, &is_new, &err) : rc;
    if (rc == CH_OK && is_new) {
        rc = init(folder, args, &err);
    } else if (rc == CH_OK) {
        rc = check_said_again(folder, args, &err);
    }
    if (rc != CH_OK) {
        free(folder);
        return command_failed(&err);
    }
    const char *listens[ARGS_MAX];
    struct supervisor_options options = {
        .folder = folder,
        .listens = listens,
        .listen_count = listens_of(args, listens),
        .admin_listen = args_value(args, "--admin-listen"),
        .insecure_http = args_has(args, "--insecure-http"),
    };
    int status = supervisor_run(&options);
    free(folder);
    return status;
}

/* Who may pull without a token, of what the configuration listens on. */
static void say_anonymous(const struct ch_config *c)
{
    struct ch_str *addresses = ch_calloc(c->listen_count, sizeof(*addresses));
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.yaml_bytes);
    for (size_t i = 0; i < c->listen_count; i++) {
        addresses[i] = ch_str_of(c->listen[i].address);
    }
    ch_config_anonymous_put(&text, c, addresses, c->listen_count);
    fwrite(text.ptr, 1, text.len, stdout);
    ch_buf_done(&text);
    free(addresses);
}

int command_check(const struct command_row *row, const struct args *args)
{
    struct ch_err err;
    char *folder = NULL;
    struct site site;
    (void)row;
    enum ch_code rc = site_folder(args_value(args, "--state"), &folder, &err);
    rc = rc == CH_OK ? site_load(folder, &site, &err) : rc;
    free(folder);
    if (rc != CH_OK) {
        command_failed(&err);
        return 2;
    }
    rc = tls_files_check_times(&site, NULL, ch_now_unix_us(), &err);
    if (rc == CH_OK && site.has_rules) {
        rc = rules_files_try(site.config, ch_buf_str(&site.config_text), site.rules_fd, &err);
    }
    if (rc == CH_OK) {
        printf("%s: ok\n%s: ok\n", site.config_name, site.policy_name);
        for (size_t i = 0; i < site.config->rules_count; i++) {
            printf("%s: ok\n", site.config->rules[i]);
        }
        say_anonymous(site.config);
    } else {
        command_failed(&err);
    }
    site_done(&site);
    return rc == CH_OK ? command_said(0) : 2;
}

int command_version(const struct command_row *row, const struct args *args)
{
    (void)row;
    (void)args;
    printf("customhouse %s\n", CH_VERSION);
    return command_said(0);
}
