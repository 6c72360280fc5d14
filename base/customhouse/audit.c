/* `customhouse audit`: the program beside this one reads the log; this one knows the words. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/spawn.h"
#include "customhouse/timefmt.h"
#include "remote.h"
#include "site.h"

#define WORDS_MAX 16

struct words {
    char *item[WORDS_MAX + 1]; /* each freed; NULL after the last */
    size_t count;
};

static void add(struct words *w, const char *word)
{
    CH_ASSERT(w->count < WORDS_MAX);
    w->item[w->count++] = ch_str_dup(ch_str_of(word));
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
    struct ch_buf full;
    int64_t at = 0;
    if (value == NULL) {
        return CH_OK;
    }
    ch_buf_init(&full, 128);
    bool day = strlen(value) == strlen("2030-01-31");
    ch_buf_printf(&full, "%.64s%s", value, !day ? "" : end ? "T23:59:59.999999Z" : "T00:00:00Z");
    bool good = ch_time_parse(ch_buf_str(&full), &at) && at >= 0;
    ch_buf_done(&full);
    if (!good) {
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
        return ch_fail(err, CH_E_USAGE,
                       "customhouse audit: expected verify, search, export or erase");
    }
    add(w, "audit");
    add(w, state);
    add(w, verb);
    pass_on(w, args, "--key");
    pass_on(w, args, "--kind");
    pass_on(w, args, "--what");
    pass_on(w, args, "--who");
    enum ch_code rc = pass_time(w, args, "--from", false, err);
    return rc == CH_OK ? pass_time(w, args, "--to", true, err) : rc;
}

/* Of what is not the log itself: only the keeper writes that. */
static int erase(const struct args *args)
{
    static const char *const options[] = {"--who", "--entry", "--reason"};
    struct ch_command command = {.name = CH_STR("audit erase")};
    struct ch_err err;
    char *folder = NULL;
    int fd = -1, status = 1;
    for (size_t i = 0; i < CH_ARRAY_LEN(options); i++) {
        if (args_value(args, options[i]) != NULL) {
            command.key[command.arg_count] = ch_str_of(options[i] + 2);
            command.value[command.arg_count++] = ch_str_of(args_value(args, options[i]));
        }
    }
    enum ch_code rc = word_of(args, 1) == NULL
                          ? site_folder(args_value(args, "--state"), &folder, &err)
                          : ch_fail(&err, CH_E_USAGE, "customhouse audit erase: takes no word");
    rc = rc == CH_OK ? remote_connect(folder, &fd, &err) : rc;
    rc = rc == CH_OK ? remote_send(fd, &command, (struct ch_str){NULL, 0}, &err) : rc;
    rc = rc == CH_OK ? remote_answer(fd, REMOTE_WAIT_MS, &status, &err) : rc;
    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    return rc == CH_OK ? status : command_failed(&err);
}

int command_audit(const struct command_row *row, const struct args *args)
{
    struct words w = {.count = 0};
    struct ch_err err;
    char *state = NULL, *folder = NULL;
    char program[4096];
    (void)row;
    if (word_of(args, 0) != NULL && strcmp(word_of(args, 0), "erase") == 0) {
        return erase(args);
    }
    enum ch_code rc = site_folder(args_value(args, "--state"), &state, &err);
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
