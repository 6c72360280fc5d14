/* `customhouse verify`: a local file against what was signed about it, offline. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "db/signing/check.h"
#include "base/customhouse/site/site.h"

static enum ch_code digest_of(const char *path, struct ch_sha256 *ret, struct ch_err *err)
{
    uint64_t size = 0;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would be waited for */
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    enum ch_code rc = CH_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = ch_fail(err, CH_E_USAGE, "%s: expected a file", path);
    }
    rc = rc == CH_OK ? ch_sha256_of_fd(fd, ret, &size, err) : rc;
    close(fd);
    return rc;
}

/* The approval named, else the first that lies beside the file: a statement says more than a
 * signature. */
static enum ch_code read_approval(const char *file, const char *named, struct ch_buf *ret,
                                  struct ch_err *err)
{
    static const char *const endings[] = {".vsa.sigstore.json", ".vsa.json",
                                          ".approval.sigstore.json"};
    if (named != NULL) {
        return site_read_given(named, ch_limits.attestation_bytes, ret, err);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(endings); i++) {
        struct ch_buf path;
        ch_buf_init(&path, 8192);
        ch_buf_puts(&path, ch_str_of(file));
        ch_buf_puts(&path, ch_str_of(endings[i]));
        char *text = ch_str_dup(ch_buf_str(&path));
        enum ch_code rc = site_read_given(text, ch_limits.attestation_bytes, ret, err);
        free(text);
        ch_buf_done(&path);
        if (rc != CH_E_NOT_FOUND) {
            return rc;
        }
    }
    return ch_fail(err, CH_E_NOT_FOUND, "%s: no approval lies beside it: see --bundle", file);
}

static void put_field(struct ch_buf *b, const char *name, const char *value)
{
    ch_buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
    ch_buf_put_json(b, ch_str_of(value));
}

static void print_json(const char *file, const char *environment, const struct ch_checked *found,
                       const struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, 64u << 10);
    ch_buf_putc(&b, '{');
    put_field(&b, "file", file);
    put_field(&b, "environment", environment);
    ch_buf_printf(&b, ",\"approved\":%s", found != NULL ? "true" : "false");
    if (found == NULL) {
        put_field(&b, "reason", err->msg);
    } else if (found->form == CH_CHECK_STATEMENT) {
        put_field(&b, "resource_uri", found->resource_uri);
        put_field(&b, "verified_at", found->verified_at);
        put_field(&b, "policy_uri", found->policy_uri);
        ch_buf_printf(&b, ",\"audit_only\":%s", found->audit_only ? "true" : "false");
    }
    if (found != NULL) {
        ch_buf_printf(&b, ",\"withdrawals_checked\":%s", found->list_checked ? "true" : "false");
    }
    if (found != NULL && found->list_checked) {
        put_field(&b, "withdrawals_issued_at", found->list_issued_at);
    }
    printf("%.*s}\n", (int)b.len, b.ptr);
    ch_buf_done(&b);
}

static void print_text(const char *file, const char *environment, const struct ch_checked *found)
{
    if (found->form == CH_CHECK_STATEMENT) {
        printf("%s: approved for %s at %s, as %s\nunder policy %s\n", file, environment,
               found->verified_at, found->file_name, found->policy_uri);
    } else {
        printf(
            "%s: signed by the key given for %s (a signature over the bytes alone: when, and under "
            "which policy, is in FILE.vsa.json)\n",
            file, environment);
    }
    if (found->audit_only) {
        printf("only because its repository audits: the policy would have held it\n");
    }
    if (found->list_checked) {
        printf("not withdrawn, says the list of %s\n", found->list_issued_at);
    } else {
        printf("not checked whether it was withdrawn since: no --withdrawals given\n");
    }
}

struct inputs {
    struct ch_buf approval, withdrawals;
    struct ch_public_key *key, *withdrawals_key;
};

/* Of a PEM file; without a path nothing. */
static enum ch_code read_key(const char *path, struct ch_public_key **ret, struct ch_err *err)
{
    struct ch_buf pem = {0};
    if (path == NULL) {
        return CH_OK;
    }
    enum ch_code rc = site_read_given(path, ch_limits.setup_text_bytes, &pem, err);
    if (rc == CH_OK && (rc = ch_public_key_parse(ch_buf_str(&pem), ret, err)) != CH_OK) {
        ch_wrap(err, "%s", path);
    }
    ch_buf_done(&pem);
    return rc;
}

static enum ch_code read_inputs(const struct args *args, const char *file, struct inputs *in,
                                struct ch_check *check, struct ch_err *err)
{
    const char *list = args_value(args, "--withdrawals");
    enum ch_code rc = digest_of(file, &check->sha256, err);
    rc = rc == CH_OK ? read_key(args_value(args, "--key"), &in->key, err) : rc;
    rc = rc == CH_OK ? read_key(args_value(args, "--withdrawals-key"), &in->withdrawals_key, err)
                     : rc;
    rc = rc == CH_OK ? read_approval(file, args_value(args, "--bundle"), &in->approval, err) : rc;
    if (rc == CH_OK && list != NULL) {
        rc = site_read_given(list, ch_limits.withdrawals_bytes, &in->withdrawals, err);
        check->withdrawals =
            in->withdrawals.ptr != NULL ? ch_buf_str(&in->withdrawals) : CH_STR("");
    }
    check->key = in->key;
    check->withdrawals_key = in->withdrawals_key;
    check->environment = ch_str_of(args_value(args, "--environment"));
    check->attestation = ch_buf_str(&in->approval);
    check->now_us = ch_now_unix_us();
    return rc;
}

int command_verify(const struct command_row *row, const struct args *args)
{
    const char *file = NULL;
    struct inputs in = {.key = NULL};
    struct ch_check check = {.withdrawals = {NULL, 0}};
    struct ch_checked found;
    struct ch_err err;
    int status;
    (void)row;
    for (size_t i = 0; i < args->count; i++) {
        file = args->item[i].option == NULL ? args->item[i].value : file;
    }
    enum ch_code rc = read_inputs(args, file, &in, &check, &err);
    if (rc != CH_OK) {
        command_failed(&err);
        status = 2;
    } else {
        rc = ch_check_approval(&check, &found, &err);
        status = rc == CH_OK ? 0 : 1;
        if (args_has(args, "--json")) {
            print_json(file, args_value(args, "--environment"), rc == CH_OK ? &found : NULL, &err);
        } else if (rc == CH_OK) {
            print_text(file, args_value(args, "--environment"), &found);
        } else {
            ch_wrap(&err, "%s: NOT approved", file);
            command_failed(&err);
        }
    }
    ch_public_key_free(in.key);
    ch_public_key_free(in.withdrawals_key);
    ch_buf_done(&in.approval);
    ch_buf_done(&in.withdrawals);
    return command_said(status);
}
