/* `customhouse gate IMAGE...`: asks the keeper, shows its answer, writes the reports of it. It
 * passes only what the keeper says has passed, and only when all of the answer came. */
#include "gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "customhouse/limits.h"
#include "remote.h"

#define EXIT_USAGE     2
#define EXIT_NO_ANSWER 3
#define REPORT_BYTES   (256u << 20)

struct report {
    const char *path; /* NULL: not asked for */
    FILE *file;
};

struct gate {
    const struct args *args;
    struct report sarif, junit;
    struct ch_buf output, words;
    struct ch_str line, trace; /* of output: for programs, for people */
    json_t *answer;
};

static enum ch_code read_command(const struct gate *g, struct ch_command *ret, struct ch_err *err)
{
    static const char *const sent[] = {"--environment", "--platform", "--wait", "--repository"};
    *ret = (struct ch_command){.name = CH_STR("gate")};
    ret->key[ret->arg_count++] = CH_STR("report");
    for (size_t i = 0; i < CH_ARRAY_LEN(sent); i++) {
        if (args_value(g->args, sent[i]) != NULL) {
            ret->key[ret->arg_count] = ch_str_of(sent[i] + 2);
            ret->value[ret->arg_count++] = ch_str_of(args_value(g->args, sent[i]));
        }
    }
    if (args_has(g->args, "--discard")) {
        ret->key[ret->arg_count++] = CH_STR("discard");
    }
    for (size_t i = 0; i < g->args->count; i++) {
        if (g->args->item[i].option != NULL) {
            continue;
        }
        if (ret->arg_count == CH_COMMAND_MAX_ARGS) {
            return ch_fail(err, CH_E_USAGE, "customhouse gate: more images than %d at once",
                           CH_COMMAND_MAX_ARGS - (int)CH_ARRAY_LEN(sent) - 2);
        }
        ret->value[ret->arg_count++] = ch_str_of(g->args->item[i].value);
    }
    for (uint32_t i = 0; i < ret->arg_count; i++) {
        if (ret->value[i].len > ch_limits.text_bytes) {
            return ch_fail(err, CH_E_USAGE, "customhouse gate: a value of %zu bytes, at most %zu",
                           ret->value[i].len, (size_t)ch_limits.text_bytes);
        }
    }
    return CH_OK;
}

/* Before anything is asked: a path that cannot be written to is a mistake of the command. */
static enum ch_code open_report(struct report *r, struct ch_err *err)
{
    if (r->path != NULL && (r->file = fopen(r->path, "we")) == NULL) {
        ch_fail_errno(err, errno, "%s", r->path);
        return err->code = CH_E_USAGE;
    }
    return CH_OK;
}

/* False: not all of it could be written. */
static bool close_report(struct report *r, const struct ch_buf *b)
{
    bool good = true;
    if (r->file != NULL) {
        good = !b->failed && fwrite(b->ptr, 1, b->len, r->file) == b->len;
        good = fclose(r->file) == 0 && good;
        r->file = NULL;
    }
    if (!good) {
        fprintf(stderr, "%s: not all of the report could be written\n", r->path);
    }
    return good;
}

static bool write_reports(struct gate *g)
{
    struct ch_buf sarif, junit;
    ch_buf_init(&sarif, REPORT_BYTES);
    ch_buf_init(&junit, REPORT_BYTES);
    if (g->sarif.file != NULL) {
        gate_put_sarif(&sarif, g->answer);
    }
    if (g->junit.file != NULL) {
        gate_put_junit(&junit, g->answer, g->trace);
    }
    bool good = close_report(&g->sarif, &sarif);
    good = close_report(&g->junit, &junit) && good;
    ch_buf_done(&sarif);
    ch_buf_done(&junit);
    return good;
}

/* The first line is for programs, the rest for people. False: it is no answer about the images. */
static bool read_answer(struct gate *g)
{
    g->trace = ch_buf_str(&g->output);
    if (g->output.failed || !ch_str_split(&g->trace, '\n', &g->line)) {
        return false;
    }
    g->answer = json_loadb(g->line.ptr != NULL ? g->line.ptr : "", g->line.len,
                           JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    return json_is_array(json_object_get(g->answer, "images")) &&
           json_is_boolean(json_object_get(g->answer, "passed"));
}

/* Everything must say the same: the status, the whole, and each of as many images as were asked
 * for. */
static bool has_passed(const struct gate *g, int status, size_t asked)
{
    const json_t *images = json_object_get(g->answer, "images");
    bool passed = status == 0 && json_is_true(json_object_get(g->answer, "passed")) &&
                  json_array_size(images) == asked;
    for (size_t i = 0; i < json_array_size(images); i++) {
        passed = passed && json_is_true(json_object_get(json_array_get(images, i), "passed"));
    }
    return passed;
}

static void show(struct ch_str text, FILE *to)
{
    fwrite(text.ptr != NULL ? text.ptr : "", 1, text.len, to);
    if (text.len > 0 && text.ptr[text.len - 1] != '\n') {
        fputc('\n', to);
    }
}

static int conclude(struct gate *g, int status, size_t asked)
{
    bool answered = read_answer(g);
    struct ch_str shown = !answered                     ? (struct ch_str){NULL, 0}
                          : args_has(g->args, "--json") ? g->line
                                                        : g->trace;
    show(shown, stdout);
    fflush(stdout);
    show(ch_buf_str(&g->words), stderr);
    if (!answered) {
        return status == EXIT_USAGE ? EXIT_USAGE : EXIT_NO_ANSWER;
    }
    bool written = write_reports(g);
    if (command_said(0) != 0 || !written) {
        return EXIT_NO_ANSWER;
    }
    return has_passed(g, status, asked) ? 0 : 1;
}

int command_gate(const struct command_row *row, const struct args *args)
{
    struct gate g = {.args = args,
                     .sarif = {.path = args_value(args, "--sarif")},
                     .junit = {.path = args_value(args, "--junit")}};
    struct ch_command command;
    struct ch_err err;
    struct ch_buf none = {0};
    int status = EXIT_NO_ANSWER, result;
    size_t asked = 0;
    (void)row;
    ch_buf_init(&g.output, SIZE_MAX / 2); /* bounded by the answer */
    ch_buf_init(&g.words, SIZE_MAX / 2);
    enum ch_code rc = read_command(&g, &command, &err);
    for (uint32_t i = 0; rc == CH_OK && i < command.arg_count; i++) {
        asked += command.key[i].len == 0;
    }
    rc = rc == CH_OK ? open_report(&g.sarif, &err) : rc;
    rc = rc == CH_OK ? open_report(&g.junit, &err) : rc;
    rc = rc == CH_OK
             ? remote_ask(args, &command, REMOTE_WAIT_MS, &g.output, &g.words, &status, &err)
             : rc;
    if (rc == CH_OK) {
        result = conclude(&g, status, asked);
    } else {
        result = command_failed(&err) == EXIT_USAGE ? EXIT_USAGE : EXIT_NO_ANSWER;
    }
    if (g.sarif.file != NULL ||
        g.junit.file != NULL) { /* empty: no program takes it for a report */
        CH_IGNORE(!close_report(&g.sarif, &none));
        CH_IGNORE(!close_report(&g.junit, &none));
    }
    json_decref(g.answer);
    ch_buf_done(&g.output);
    ch_buf_done(&g.words);
    return result;
}
