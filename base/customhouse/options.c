#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option option_state = {
    "--state", "DIR", false, false,
    "folder of the installation (default: /var/lib/customhouse as root, else\n"
    "                          ${XDG_STATE_HOME:-~/.local/state}/customhouse)"};
const struct option option_help = {"--help", NULL, false, false, "show this text"};

/* Of commands that a server does. */
static const struct option server_options[] = {
    {"--server", "URL", false, false,
     "give the command to a server's administrative interface (as\n"
     "                          https://HOST:8081), instead of one on this host"},
    {"--token-file", "FILE", false, false,
     "with --server: who gives it, a file (mode 0600) with a token of\n"
     "                          audience admin; default: CUSTOMHOUSE_TOKEN of the environment"},
    {"--ca", "FILE", false, false,
     "with --server: certificates (PEM) to trust instead of the\n"
     "                          system's"},
    {"--insecure-http", NULL, false, false, "with --server: permit http:// to other than loopback"},
};

/* A row may have a --state of its own: the folder is no installation's then. */
static bool has_state(const struct command_row *row)
{
    for (size_t i = 0; i < row->option_count; i++) {
        if (strcmp(row->options[i].name, option_state.name) == 0) {
            return true;
        }
    }
    return false;
}

static const struct option *option_at(const struct command_row *row, size_t i)
{
    size_t remote = row->remote ? CH_ARRAY_LEN(server_options) : 0;
    if (i < row->option_count) {
        return &row->options[i];
    }
    i -= row->option_count;
    i += has_state(row) ? 1 : 0;
    return i == 0            ? &option_state
           : i <= remote     ? &server_options[i - 1]
           : i == remote + 1 ? &option_help
                             : NULL;
}

bool option_is_common(const struct option *o)
{
    bool of_server = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(server_options); i++) {
        of_server = of_server || o == &server_options[i];
    }
    return of_server || o == &option_state || o == &option_help;
}

static const struct option *find(const struct command_row *row, struct ch_str name)
{
    for (size_t i = 0; option_at(row, i) != NULL; i++) {
        if (ch_str_eq(name, ch_str_of(option_at(row, i)->name))) {
            return option_at(row, i);
        }
    }
    return NULL;
}

#define SHOWN_MAX 80 /* more than the words of any of our commands */

static enum ch_code usage(const struct command_row *row, struct ch_err *err, const char *what,
                          const char *word)
{
    struct ch_buf shown;
    ch_buf_init(&shown, 4 * SHOWN_MAX + 1); /* a longer word is shown without its end */
    ch_buf_put_escaped(&shown, ch_str_sub(ch_str_of(word), 0, SHOWN_MAX));
    enum ch_code rc = ch_fail(err, CH_E_USAGE, "customhouse %s: %s%.*s (see customhouse %s --help)",
                              row->name, what, CH_STR_ARG(ch_buf_str(&shown)), row->name);
    ch_buf_done(&shown);
    return rc;
}

static bool takes_many(const struct command_row *row)
{
    return row->words != NULL && strstr(row->words, "...") != NULL;
}

static enum ch_code add(const struct command_row *row, struct args *args,
                        const struct option *option, const char *value, struct ch_err *err)
{
    if (args->count >= ARGS_MAX && !takes_many(row)) {
        return usage(row, err, "too many words from ", value != NULL ? value : option->name);
    }
    if ((args->count & (args->count - 1)) == 0) { /* at 0 and each power of two */
        args->item = ch_realloc_array(args->item, args->count == 0 ? 1 : args->count * 2,
                                      sizeof(*args->item));
    }
    args->item[args->count].option = option;
    args->item[args->count++].value = value;
    return CH_OK;
}

/* argv[*i] is an option; takes its value, too. */
static enum ch_code take_option(const struct command_row *row, int argc, char **argv, int *i,
                                struct args *args, struct ch_err *err)
{
    struct ch_str word = ch_str_of(argv[*i]);
    size_t equals = word.len;
    bool inline_value = ch_str_find_char(word, '=', &equals);
    const struct option *option = find(row, ch_str_sub(word, 0, equals));
    if (option == NULL) {
        return usage(row, err, "unknown option ", argv[*i]);
    }
    if (!option->repeatable && args_has(args, option->name)) {
        return usage(row, err, "given twice: ", option->name);
    }
    if (option->argument == NULL) {
        return inline_value ? usage(row, err, "takes no value: ", option->name)
                            : add(row, args, option, NULL, err);
    }
    if (inline_value) {
        return add(row, args, option, argv[*i] + equals + 1, err);
    }
    if (*i + 1 >= argc) {
        return usage(row, err, "needs a value: ", option->name);
    }
    return add(row, args, option, argv[++*i], err);
}

static enum ch_code check_complete(const struct command_row *row, const struct args *args,
                                   struct ch_err *err)
{
    size_t words = 0;
    const char *last = "";
    for (size_t i = 0; i < args->count; i++) {
        if (args->item[i].option == NULL) {
            words++;
            last = args->item[i].value;
        }
    }
    if (!takes_many(row) && words > (row->words != NULL ? 1 : 0)) {
        return usage(row, err, "does not know what to do with ", last);
    }
    if (row->words != NULL && row->words[0] != '[' && words == 0) {
        return usage(row, err, "expected ", row->words);
    }
    for (size_t i = 0; i < row->option_count; i++) {
        if (row->options[i].required && !args_has(args, row->options[i].name)) {
            return usage(row, err, "needs ", row->options[i].name);
        }
    }
    return CH_OK;
}

enum ch_code args_parse(const struct command_row *row, int argc, char **argv, struct args *ret,
                        struct ch_err *err)
{
    struct args args = {.count = 0};
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        enum ch_code rc = CH_OK;
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && strcmp(argv[i], option_help.name) == 0) {
            ret->help = true;
            args_done(&args);
            return CH_OK;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            rc = take_option(row, argc, argv, &i, &args, err);
        } else {
            rc = add(row, &args, NULL, argv[i], err);
        }
        if (rc != CH_OK) {
            args_done(&args);
            return rc;
        }
    }
    enum ch_code rc = check_complete(row, &args, err);
    if (rc == CH_OK) {
        *ret = args;
    } else {
        args_done(&args);
    }
    return rc;
}

void args_done(struct args *args)
{
    free(args->item);
    *args = (struct args){.count = 0};
}

const char *args_value(const struct args *args, const char *name)
{
    for (size_t i = args->count; i-- > 0;) {
        if (args->item[i].option != NULL && strcmp(args->item[i].option->name, name) == 0) {
            return args->item[i].value;
        }
    }
    return NULL;
}

bool args_has(const struct args *args, const char *name)
{
    for (size_t i = 0; i < args->count; i++) {
        if (args->item[i].option != NULL && strcmp(args->item[i].option->name, name) == 0) {
            return true;
        }
    }
    return false;
}

void args_print_help(const struct command_row *row)
{
    printf("Usage: customhouse %s", row->name);
    if (row->words != NULL) {
        printf(" %s", row->words);
    }
    for (size_t i = 0; i < row->option_count; i++) {
        const struct option *o = &row->options[i];
        printf(o->required ? " %s" : " [%s", o->name);
        printf("%s%s%s%s", o->argument != NULL ? " " : "", o->argument != NULL ? o->argument : "",
               o->required ? "" : "]", o->repeatable ? "..." : "");
    }
    if (!has_state(row)) {
        printf(" [--state DIR%s]", row->remote ? " | --server URL" : "");
    }
    printf("\n\n%s\n", row->summary);
    if (row->text != NULL) {
        printf("\n%s\n", row->text);
    }
    printf("\nOptions:\n");
    for (size_t i = 0; option_at(row, i) != NULL; i++) {
        const struct option *o = option_at(row, i);
        struct ch_buf left;
        ch_buf_init(&left, 80);
        ch_buf_printf(&left, "%s%s%s", o->name, o->argument != NULL ? " " : "",
                      o->argument != NULL ? o->argument : "");
        printf("  %-22.*s  %s\n", CH_STR_ARG(ch_buf_str(&left)), o->help);
        ch_buf_done(&left);
    }
    printf("\nExit status: 0 done, 1 refused or falls short, 2 usage or configuration.\n");
}
