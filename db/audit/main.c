/* audit STATE verify [--key VKEY] [--witness VKEY]... [--known-witness VKEY]... | export | search
 * [--kind K] [--what W] [--who P] [--from US]
 * [--to US]
 *
 * Started by `customhouse audit`, which has checked the words. A program of its own: it links the
 * store and no part of the keeper, which it must not trust. Exit status: 0 good, 1 altered, 2 could
 * not be read. */
#include "auditor.h"

#include <string.h>

#include "db/log/cosign.h"

static struct ch_str option(int argc, char **argv, const char *name)
{
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            return ch_str_of(argv[i + 1]);
        }
    }
    return (struct ch_str){NULL, 0};
}

/* Unix microseconds. */
static enum ch_code time_option(int argc, char **argv, const char *name, int64_t otherwise,
                                int64_t *ret, struct ch_err *err)
{
    struct ch_str text = option(argc, argv, name);
    uint64_t us = 0;
    *ret = otherwise;
    if (text.ptr == NULL) {
        return CH_OK;
    }
    if (!ch_str_u64(text, &us) || us > INT64_MAX) {
        return ch_fail(err, CH_E_USAGE, "audit: %s: not a time", name);
    }
    *ret = (int64_t)us;
    return CH_OK;
}

/* --witness: must have cosigned; --known-witness: is counted. */
static enum ch_code read_whom(int argc, char **argv, struct audit_whom *ret, struct ch_err *err)
{
    ret->vkey = option(argc, argv, "--key");
    for (int i = 3; i + 1 < argc; i += 2) {
        bool required = strcmp(argv[i], "--witness") == 0;
        if (!required && strcmp(argv[i], "--known-witness") != 0) {
            continue;
        }
        if (ret->witness_count == AUDIT_WITNESSES_MAX) {
            return ch_fail(err, CH_E_USAGE, "audit: more than %d witnesses", AUDIT_WITNESSES_MAX);
        }
        struct audit_witness *w = &ret->witnesses[ret->witness_count++];
        w->required = required;
        if (ch_cosigner_get(ch_str_of(argv[i + 1]), &w->key, err) != CH_OK) {
            return ch_wrap(err, "%s %s", argv[i], argv[i + 1]);
        }
    }
    return CH_OK;
}

static enum ch_code run(int argc, char **argv, bool *ret_good, struct ch_err *err)
{
    struct audit_query q = {.kind = option(argc, argv, "--kind"),
                            .what = option(argc, argv, "--what"),
                            .who = option(argc, argv, "--who"),
                            .clear = true};
    *ret_good = true;
    if (argc < 3) {
        return ch_fail(err, CH_E_USAGE, "audit: it is started by customhouse audit");
    }
    if (strcmp(argv[2], "verify") == 0) {
        static struct audit_whom whom;
        enum ch_code read = read_whom(argc, argv, &whom, err);
        return read == CH_OK ? audit_verify(argv[1], &whom, stdout, ret_good, err) : read;
    }
    q.bare = strcmp(argv[2], "export") == 0;
    enum ch_code rc = time_option(argc, argv, "--from", INT64_MIN, &q.from_us, err);
    rc = rc == CH_OK ? time_option(argc, argv, "--to", INT64_MAX, &q.to_us, err) : rc;
    return rc == CH_OK ? audit_search(argv[1], &q, stdout, err) : rc;
}

int main(int argc, char **argv)
{
    struct ch_err err;
    bool good = false;
    if (run(argc, argv, &good, &err) != CH_OK) {
        struct ch_buf shown;
        ch_buf_init(&shown, 8 * sizeof(err.msg));
        ch_buf_put_escaped(&shown, ch_str_of(err.msg));
        fprintf(stderr, "%.*s\n", CH_STR_ARG(ch_buf_str(&shown)));
        ch_buf_done(&shown);
        return 2;
    }
    return good ? 0 : 1;
}
