/* Words and options of a command line, by a table per command. */
#ifndef BASE_CUSTOMHOUSE_OPTIONS_H
#define BASE_CUSTOMHOUSE_OPTIONS_H

#include "customhouse/bytes.h"

struct option {
    const char *name;     /* "--state" */
    const char *argument; /* "DIR", NULL: a flag */
    bool required;
    bool repeatable;
    const char *help;
};

#define ARGS_MAX 64

struct arg {
    const struct option *option; /* NULL: a plain word */
    const char *value;           /* NULL: a flag */
};

struct args {
    struct arg *item;
    size_t count;     /* at most ARGS_MAX, but for a command of any number of words */
    bool help; /* --help was among them: nothing else was checked */
};

/* One command of the program. */
struct command_row {
    const char *name;
    const char *words; /* "WHAT" must be given, "[WHAT]" may be, of "FILE..." any
                          number; NULL: takes none */
    const char *summary;
    const char *text; /* more, for --help; NULL: none */
    const struct option *options;
    size_t option_count;
    bool remote; /* a server does it, which may be on another machine (--server) */
    int (*run)(const struct command_row *row, const struct args *args); /* exit status */
};

/* Every command has these besides its own. */
extern const struct option option_state;
extern const struct option option_help;
/* Whether it says where a command is done, or asks for help: no option of the command itself. */
bool option_is_common(const struct option *o);

/* CH_E_USAGE names the word that is wrong and what was expected. Values are borrowed from argv. */
enum ch_code args_parse(const struct command_row *row, int argc, char **argv, struct args *ret,
                        struct ch_err *err) CH_MUST_CHECK;
void args_done(struct args *args); /* accepts zeroed memory */
/* The (last) value of an option; NULL when it was not given. */
const char *args_value(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);
void args_print_help(const struct command_row *row);

#endif
