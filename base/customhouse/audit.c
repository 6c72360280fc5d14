/* `customhouse audit`: the program beside this one reads the log; this one knows the words. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/spawn.h"
#include "customhouse/timefmt.h"
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

/* A date becomes its beginning (`--from`) or its end. */
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
    ch_buf_printf(&full, "%.64sT%s", value, end ? "23:59:59.999999Z" : "00:00:00Z");
    bool good = strlen(value) == strlen("2030-01-31") && ch_time_parse(ch_buf_str(&full), &at);
    ch_buf_done(&full);
    if (!good) {
        return ch_fail(err, CH_E_USAGE, "%s: expected a date, as 2030-01-31", name);
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
        return ch_fail(err, CH_E_USAGE, "customhouse audit: expected verify, search or export");
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

int command_audit(const struct command_row *row, const struct args *args)
{
    struct words w = {.count = 0};
    struct ch_err err;
    char *state = NULL, *folder = NULL;
    char program[4096];
    (void)row;
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
