/* `customhouse audit`: the program beside this one reads the log; this one knows the words. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/spawn.h"
#include "customhouse/timefmt.h"
#include "remote.h"
#include "server.h"
#include "base/customhouse/site/site.h"

#define WORDS_MAX 256

struct words {
    char *item[WORDS_MAX + 1]; /* each freed; NULL after the last */
    size_t count;
};

static void add(struct words *w, const char *word)
{
    CH_ASSERT(w->count < WORDS_MAX);
    w->item[w->count++] = ch_str_dup(ch_str_of(word));
}

/* Those that the command names must have cosigned; else those of the configuration are counted. */
static enum ch_code pass_witnesses(struct words *w, const struct args *args, const char *state,
                                   struct ch_err *err)
{
    struct ch_buf text = {0};
    struct ch_config *config = NULL;
    for (size_t i = 0; i < args->count; i++) {
        if (args->item[i].option != NULL && strcmp(args->item[i].option->name, "--witness") == 0) {
            add(w, "--witness");
            add(w, args->item[i].value);
        }
    }
    if (args_has(args, "--witness")) {
        return CH_OK;
    }
    char *name = site_path(state, SITE_CONFIG);
    enum ch_code rc = site_read_given(name, ch_limits.setup_text_bytes, &text, err);
    if (rc == CH_E_NOT_FOUND) { /* of a copy of the log alone nothing says whom it had */
        free(name);
        return CH_OK;
    }
    rc = rc == CH_OK ? ch_config_parse(ch_buf_str(&text), name, &config, err) : rc;
    for (size_t i = 0; rc == CH_OK && i < config->witness_count; i++) {
        add(w, "--known-witness");
        add(w, config->witnesses[i].vkey);
    }
    ch_config_free(config);
    ch_buf_done(&text);
    free(name);
    return rc;
}

static void pass_on(struct words *w, const struct args *args, const char *name)
{
    const char *value = args_value(args, name);
    if (value != NULL) {
        add(w, name);
        add(w, value);
    }
}

/* A date becomes its beginning (`--from`) or its end; a time stays what it is. */
static enum ch_code pass_time(struct words *w, const struct args *args, const char *name, bool end,
                              struct ch_err *err)
{
    const char *value = args_value(args, name);
    char us[32];
    int64_t at = 0;
    if (value == NULL) {
        return CH_OK;
    }
    if (!ch_time_parse_bound(ch_str_of(value), end, &at) || at < 0) {
        return ch_fail(err, CH_E_USAGE,
                       "%s: expected a date or time, as 2030-01-31 or "
                       "2030-01-31T12:00:00Z",
                       name);
    }
    snprintf(us, sizeof(us), "%lld", (long long)at);
    add(w, name);
    add(w, us);
    return CH_OK;
}

static const char *word_of(const struct args *args, size_t wanted)
{
    for (size_t i = 0; i < args->count; i++) {
        if (args->item[i].option == NULL && wanted-- == 0) {
            return args->item[i].value;
        }
    }
    return NULL;
}

static enum ch_code words_of(const struct args *args, const char *state, struct words *w,
                             struct ch_err *err)
{
    static const char *const verbs[] = {"verify", "search", "export"};
    const char *verb = word_of(args, 0);
    bool known = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(verbs); i++) {
        known = known || (verb != NULL && strcmp(verb, verbs[i]) == 0);
    }
    if (!known || word_of(args, 1) != NULL) {
        return ch_fail(
            err, CH_E_USAGE,
            "customhouse audit: expected verify, search, export, erase, accept or settle");
    }
    add(w, "audit");
    add(w, state);
    add(w, verb);
    pass_on(w, args, "--key");
    pass_on(w, args, "--kind");
    pass_on(w, args, "--what");
    pass_on(w, args, "--who");
    enum ch_code rc = strcmp(verb, "verify") == 0 ? pass_witnesses(w, args, state, err) : CH_OK;
    rc = rc == CH_OK ? pass_time(w, args, "--from", false, err) : rc;
    return rc == CH_OK ? pass_time(w, args, "--to", true, err) : rc;
}

/* Of what is not the log itself: only the keeper writes that. */
static int act(const struct args *args, const char *name)
{
    static const char *const options[] = {"--who", "--entry", "--reason"};
    struct ch_command command = {.name = ch_str_of(name)};
    struct ch_err err;
    int status = 1;
    for (size_t i = 0; i < CH_ARRAY_LEN(options); i++) {
        if (args_value(args, options[i]) != NULL) {
            command.key[command.arg_count] = ch_str_of(options[i] + 2);
            command.value[command.arg_count++] = ch_str_of(args_value(args, options[i]));
        }
    }
    enum ch_code rc =
        word_of(args, 1) == NULL
            ? remote_run(args, &command, (struct ch_str){NULL, 0}, REMOTE_WAIT_MS, &status, &err)
            : ch_fail(&err, CH_E_USAGE, "customhouse %s: takes no word", name);
    return rc == CH_OK ? status : command_failed(&err);
}

/* A keeper looks at a part of its log for one command, and its words say where to go on. */
static bool goes_on(const struct ch_buf *words, char next[32])
{
    struct ch_str text = ch_buf_str(words), word = CH_STR("next ");
    uint64_t number;
    if (!ch_str_starts(text, word) || !ch_str_u64(ch_str_sub(text, word.len, text.len), &number)) {
        return false;
    }
    snprintf(next, 32, "%llu", (unsigned long long)number);
    return true;
}

static void search_command(const struct args *args, bool verbatim, const char *next,
                           struct ch_command *ret)
{
    static const char *const options[] = {"--kind", "--what", "--who", "--from", "--to"};
    *ret = (struct ch_command){.name = CH_STR("audit search")};
    for (size_t i = 0; i < CH_ARRAY_LEN(options); i++) {
        if (args_value(args, options[i]) != NULL) {
            ret->key[ret->arg_count] = ch_str_of(options[i] + 2);
            ret->value[ret->arg_count++] = ch_str_of(args_value(args, options[i]));
        }
    }
    if (verbatim) {
        ret->key[ret->arg_count++] = CH_STR("verbatim");
    }
    if (next[0] != '\0') {
        ret->key[ret->arg_count] = CH_STR("next");
        ret->value[ret->arg_count++] = ch_str_of(next);
    }
}

/* search and export of a log that is elsewhere: by its keeper, for whoever has audit.read. */
static int search_elsewhere(const struct args *args, bool verbatim)
{
    struct ch_err err;
    char next[32] = "";
    int status = 0;
    enum ch_code rc = CH_OK;
    for (bool more = true; rc == CH_OK && more && status == 0;) {
        struct ch_command command;
        struct ch_buf output, words;
        ch_buf_init(&output, SIZE_MAX / 2); /* bounded by the answer */
        ch_buf_init(&words, 1u << 16);
        search_command(args, verbatim, next, &command);
        rc = server_ask(args, &command, (struct ch_str){NULL, 0}, &output, &words, &status, &err);
        more = goes_on(&words, next);
        fwrite(output.ptr != NULL ? output.ptr : "", 1, output.len, stdout);
        if (!more && words.len > 0) {
            fprintf(stderr, "%.*s\n", CH_STR_ARG(ch_buf_str(&words)));
        }
        ch_buf_done(&output);
        ch_buf_done(&words);
    }
    if (rc != CH_OK) {
        return command_failed(&err);
    }
    return command_said(status);
}

static bool is_verb(const struct args *args, const char *verb)
{
    return word_of(args, 0) != NULL && strcmp(word_of(args, 0), verb) == 0;
}

static enum ch_code check_elsewhere(const struct args *args, struct ch_err *err)
{
    if (!is_verb(args, "search") && !is_verb(args, "export")) {
        return ch_fail(err, CH_E_USAGE,
                       "customhouse audit: search, export and erase go with --server; verify reads "
                       "the state folder, or it would have to believe the server");
    }
    return word_of(args, 1) == NULL
               ? CH_OK
               : ch_fail(err, CH_E_USAGE, "customhouse audit %s: takes no word", word_of(args, 0));
}

int command_audit(const struct command_row *row, const struct args *args)
{
    struct words w = {.count = 0};
    struct ch_err err;
    char *state = NULL, *folder = NULL;
    char program[4096];
    (void)row;
    if (is_verb(args, "erase")) {
        return act(args, "audit erase");
    }
    if (is_verb(args, "accept")) {
        return act(args, "audit accept");
    }
    if (is_verb(args, "settle")) {
        return act(args, "audit settle");
    }
    if (server_is_meant(args)) {
        return check_elsewhere(args, &err) == CH_OK
                   ? search_elsewhere(args, is_verb(args, "export"))
                   : command_failed(&err);
    }
    enum ch_code rc = server_options_unused(args, &err);
    rc = rc == CH_OK ? site_folder(args_value(args, "--state"), &state, &err) : rc;
    rc = rc == CH_OK ? words_of(args, state, &w, &err) : rc;
    rc = rc == CH_OK ? ch_spawn_folder(&folder, &err) : rc;
    if (rc == CH_OK) {
        snprintf(program, sizeof(program), "%s/audit", folder);
        execv(program, w.item);
        rc = ch_fail_errno(&err, errno, "%s", program);
    }
    for (size_t i = 0; i < w.count; i++) {
        free(w.item[i]);
    }
    free(folder);
    free(state);
    return command_failed(&err);
}
