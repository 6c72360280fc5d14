/* policy show, test, propose, set, history, diff, and what goes with them. The keeper answers all
 * of them. What is written (policy.yaml and the files beside it) is written here, by who owns it:
 * the keeper never makes anybody write. */
#include "commands.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "base/customhouse/site/policy_files.h"
#include "base/customhouse/site/policy_wants.h"
#include "remote.h"
#include "server.h"
#include "base/customhouse/site/site.h"

/* The supervisor reads all again, and the keeper judges all again: then it is in force. */
#define IN_FORCE_WAIT_MS 60000

struct request {
    const struct args *args;
    struct ch_command command;
    char *folder;
    const char *word[3]; /* behind the first */
    size_t word_count;
    const char *against;
    struct ch_buf input;
};

static enum ch_code ask(const struct request *r, const char *name, uint64_t wait_ms,
                        int *ret_status, struct ch_err *err)
{
    struct ch_command command = r->command;
    command.name = ch_str_of(name);
    return remote_run(r->args, &command, ch_buf_str(&r->input), wait_ms, ret_status, err);
}

static void add_arg(struct request *r, const char *key, const char *value)
{
    if (value != NULL && r->command.arg_count < CH_COMMAND_MAX_ARGS) {
        r->command.key[r->command.arg_count] = ch_str_of(key);
        r->command.value[r->command.arg_count++] = ch_str_of(value);
    }
}

/* What an option is for, and of how many words the command can make sense. */
static const struct sub {
    const char *name;
    size_t words_max;
    bool lists; /* --against, --repository */
    bool reason;
} subs[] = {
    {"show", 0, false, false},      {"test", 1, true, false},     {"set", 1, false, true},
    {"propose", 1, false, true},    {"history", 0, false, false}, {"diff", 2, false, false},
    {"proposals", 1, false, false}, {"agree", 1, false, true},    {"withdraw", 1, false, false},
};

static enum ch_code read_words(struct request *r, const struct sub **ret, struct ch_err *err)
{
    *ret = NULL;
    for (size_t i = 0; i < r->args->count; i++) {
        const char *value = r->args->item[i].value;
        if (r->args->item[i].option != NULL) {
            continue;
        }
        for (size_t k = 0; *ret == NULL && r->word_count == 0 && k < CH_ARRAY_LEN(subs); k++) {
            *ret = strcmp(subs[k].name, value) == 0 ? &subs[k] : NULL;
            value = *ret != NULL ? NULL : value;
        }
        if (*ret == NULL) {
            return ch_fail(err, CH_E_USAGE,
                           "customhouse policy: expected show, test, propose, proposals, agree, "
                           "withdraw, set, "
                           "history or diff");
        }
        if (value != NULL && r->word_count == (*ret)->words_max) {
            return ch_fail(err, CH_E_USAGE, "customhouse policy %s: takes %zu %s, and not %s%s",
                           (*ret)->name, (*ret)->words_max,
                           (*ret)->words_max == 1 ? "word" : "words", value,
                           (*ret)->lists ? "; a lock file goes behind --against" : "");
        }
        if (value != NULL) {
            r->word[r->word_count++] = value;
        }
    }
    return *ret != NULL ? CH_OK : ch_fail(err, CH_E_USAGE, "customhouse policy: what?");
}

static enum ch_code read_request(struct request *r, const struct sub **ret, struct ch_err *err)
{
    const struct args *args = r->args;
    enum ch_code rc = read_words(r, ret, err);
    if (rc != CH_OK) {
        return rc;
    }
    const struct sub *sub = *ret;
    r->against = args_value(args, "--against");
    const char *repository = args_value(args, "--repository"),
               *reason = args_value(args, "--reason");
    if (!sub->lists && (r->against != NULL || repository != NULL)) {
        return ch_fail(err, CH_E_USAGE,
                       "customhouse policy %s: --against and --repository go with test", sub->name);
    }
    if (reason != NULL && (!sub->reason || reason[0] == '\0' || strlen(reason) > 500)) {
        return ch_fail(err, CH_E_USAGE,
                       "customhouse policy %s: --reason goes with set, propose and agree, and has "
                       "1 to 500 bytes",
                       sub->name);
    }
    r->command.json = args_has(args, "--json");
    add_arg(r, "repository", repository);
    add_arg(r, "reason", reason);
    if (server_is_meant(args)) {
        return strcmp(sub->name, "set") != 0
                   ? CH_OK
                   : ch_fail(err, CH_E_USAGE,
                             "customhouse policy set: replaces files on the host of the server, so "
                             "it is run there; policy propose agrees to it from here");
    }
    return site_folder(args_value(args, "--state"), &r->folder, err);
}

/* The configuration says which repositories a policy may speak of. */
static enum ch_code check_new(const struct request *r, const char *name, struct ch_str bundle,
                              struct ch_err *err)
{
    struct ch_buf text = {0};
    struct ch_config *config = NULL;
    char *path = site_path(r->folder, SITE_CONFIG);
    enum ch_code rc = site_read_given(path, ch_limits.setup_text_bytes, &text, err);
    rc = rc == CH_OK ? ch_config_parse(ch_buf_str(&text), path, &config, err) : rc;
    rc = rc == CH_OK ? site_check_policy(config, bundle, name, err) : rc;
    if (rc ==
        CH_E_DENIED) { /* a person with an account here reads no configuration: the keeper does */
        rc = CH_OK;
    }
    ch_config_free(config);
    ch_buf_done(&text);
    free(path);
    return rc;
}

static enum ch_code read_new(struct request *r, struct ch_buf *ret, struct ch_err *err)
{
    enum ch_code rc = site_read_policy(r->word[0], ret, err);
    /* another host has another configuration: what is wrong for it the keeper says */
    return rc == CH_OK && !server_is_meant(r->args) ? check_new(r, r->word[0], ch_buf_str(ret), err)
                                                    : rc;
}

static enum ch_code test(struct request *r, int *ret_status, struct ch_err *err)
{
    struct ch_buf bundle = {0};
    enum ch_code rc = CH_OK;
    if (r->word_count == 0 && r->against == NULL) {
        return ch_fail(err, CH_E_USAGE,
                       "customhouse policy test: expected a policy, or --against FILE");
    }
    if (r->word_count > 0) {
        rc = read_new(r, &bundle, err);
    }
    if (rc == CH_OK) {
        ch_put_str(&r->input, ch_buf_str(&bundle));
        rc = r->against != NULL ? policy_wants_read(r->against, &r->input, err) : CH_OK;
    }
    ch_buf_done(&bundle);
    rc = rc == CH_OK ? ch_buf_ok(&r->input, err) : rc;
    return rc == CH_OK ? ask(r, "policy test", REMOTE_WAIT_MS, ret_status, err) : rc;
}

/* For who may change the policy and has no hand on its files. */
static enum ch_code propose(struct request *r, int *ret_status, struct ch_err *err)
{
    struct ch_buf bundle = {0};
    if (r->word_count == 0) {
        return ch_fail(err, CH_E_USAGE, "customhouse policy propose: expected a policy");
    }
    enum ch_code rc = read_new(r, &bundle, err);
    if (rc == CH_OK) {
        ch_put_str(&r->input, ch_buf_str(&bundle));
        rc = ch_buf_ok(&r->input, err);
    }
    ch_buf_done(&bundle);
    return rc == CH_OK ? ask(r, "policy propose", REMOTE_WAIT_MS, ret_status, err) : rc;
}

/* ------------------------------------------------------------------ set */

/* SIGHUP, the same step as after an edit by hand; then until the keeper has it in force. */
static enum ch_code take_over(struct request *r, int server, const struct ch_sha256 *digest,
                              int *ret_status, struct ch_err *err)
{
    char hex[CH_SHA256_HEX + 1];
    struct request await = *r;
    await.input = (struct ch_buf){0};
    await.command.arg_count = 0;
    ch_sha256_hex(digest, hex);
    add_arg(&await, NULL, hex);
    if (syscall(SYS_pidfd_send_signal, server, SIGHUP, NULL, 0) != 0) {
        return ch_fail(err, CH_E_SYSTEM, "the server could not be told");
    }
    return ask(&await, "policy await", IN_FORCE_WAIT_MS, ret_status, err);
}

static enum ch_code replace(struct request *r, int server, struct ch_str bundle,
                            const struct ch_sha256 *digest, int *ret_status, struct ch_err *err)
{
    struct policy_files *files = NULL;
    enum ch_code rc = policy_files_replace(r->folder, bundle, &files, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = take_over(r, server, digest, ret_status, err);
    if (rc != CH_OK || *ret_status != 0) {
        struct ch_err second;
        bool back = policy_files_restore(files, &second) == CH_OK;
        fprintf(stderr, back ? "the former policy was put back\n"
                             : "the former policy could not be put back: run customhouse check\n");
        /* a server that takes it up late finds the former one */
        CH_IGNORE(syscall(SYS_pidfd_send_signal, server, SIGHUP, NULL, 0) != 0);
    }
    policy_files_free(files);
    return rc;
}

static enum ch_code offer(struct request *r, struct site *site, int *ret_status, struct ch_err *err)
{
    int fd = -1, server = -1;
    struct ch_policy *policy = NULL;
    struct ch_str bundle = ch_buf_str(&site->policy_text);
    enum ch_code rc = ch_policy_parse(bundle, r->word[0], &policy, err);
    struct ch_sha256 digest = {{0}};
    if (rc == CH_OK) {
        digest = ch_policy_digest(policy);
        ch_policy_free(policy);
        rc = remote_connect(r->folder, &fd, err);
    }
    rc = rc == CH_OK ? remote_server(fd, &server, err) : rc;
    ch_put_str(&r->input, bundle);
    rc = rc == CH_OK ? ch_buf_ok(&r->input, err) : rc;
    r->command.name = CH_STR("policy offer");
    rc = rc == CH_OK ? remote_send(fd, &r->command, ch_buf_str(&r->input), err) : rc;
    rc = rc == CH_OK ? remote_answer(fd, REMOTE_WAIT_MS, ret_status, err) : rc;
    if (rc == CH_OK && *ret_status == 0) { /* else the keeper refuses it: nothing is replaced */
        rc = replace(r, server, bundle, &digest, ret_status, err);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (server >= 0) {
        close(server);
    }
    return rc;
}

static enum ch_code set(struct request *r, int *ret_status, struct ch_err *err)
{
    struct site site;
    int lock = -1;
    if (r->word_count == 0) {
        return ch_fail(err, CH_E_USAGE, "customhouse policy set: expected a policy");
    }
    enum ch_code rc = policy_files_lock(r->folder, &lock, err);
    if (rc != CH_OK) {
        return rc;
    }
    /* the whole site as it would then be: what the server would refuse to read is refused here */
    rc = site_load_with(r->folder, r->word[0], &site, err);
    if (rc == CH_OK) {
        rc = offer(r, &site, ret_status, err);
        site_done(&site);
    }
    close(lock);
    return rc;
}

/* ------------------------------------------------------------------ all */

int command_policy(const struct command_row *row, const struct args *args)
{
    struct ch_err err;
    struct request r = {.args = args};
    const struct sub *sub = NULL;
    int status = 1;
    char name[64];
    (void)row;
    ch_buf_init(&r.input, (size_t)ch_limits.command_input_bytes);
    enum ch_code rc = read_request(&r, &sub, &err);
    if (rc == CH_OK && strcmp(sub->name, "test") == 0) {
        rc = test(&r, &status, &err);
    } else if (rc == CH_OK && strcmp(sub->name, "set") == 0) {
        rc = set(&r, &status, &err);
    } else if (rc == CH_OK && strcmp(sub->name, "propose") == 0) {
        rc = propose(&r, &status, &err);
    } else if (rc == CH_OK) {
        for (size_t i = 0; i < r.word_count; i++) {
            add_arg(&r, NULL, r.word[i]);
        }
        snprintf(name, sizeof(name), "policy %s", sub->name);
        rc = ask(&r, name, REMOTE_WAIT_MS, &status, &err);
    }
    ch_buf_done(&r.input);
    free(r.folder);
    if (rc != CH_OK) {
        return command_failed(&err);
    }
    return command_said(status);
}
