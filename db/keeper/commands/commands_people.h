/* Inside the commands about people: what one of them adds or ends, and the lists they print. */
#ifndef KEEPER_COMMANDS_PEOPLE_H
#define KEEPER_COMMANDS_PEOPLE_H

#include "commands_int.h"
#include "db/keeper/people/people.h"

#define PEOPLE_CHANGES_MAX (CH_COMMAND_MAX_ARGS + 1)

/* What a command adds or ends, gathered first: all of it happens, or nothing. */
struct people_changes {
    struct command *c;
    struct ch_people_row rows[PEOPLE_CHANGES_MAX];
    size_t count;
    uint64_t *ids; /* to be ended */
    size_t id_count;
    bool own; /* who commands changes only tokens of his own: nobody's permission is needed */
    char by[2 * PRINCIPAL_MAX + 2]; /* of two who said it */
    uint64_t agreed; /* what the first of them has said (people_proposals.h); 0: one was enough */
};

/* Whether who commands may change anything about anybody; false: the command has ended. */
bool people_may_manage(struct command *c);
/* Whether he may make this change, alone or as the second of two; false: the command has ended. */
bool people_change_allowed(struct people_changes *ch);

/* One more row, by who commands, now; the caller fills in its details. */
struct ch_people_row *people_change_add(struct people_changes *ch, enum ch_people_kind kind);
/* All of them; `text` is said to people, programs get the numbers. The command has ended. */
enum step people_change_give(struct people_changes *ch, struct ch_str text);
/* A refusal of people_check. */
enum step people_change_refused(struct command *c, const struct ch_err *err);

struct people_pattern { /* parts that are given must be equal */
    struct people_changes *ch;
    enum ch_people_kind kind;
    struct ch_str person, group, role;
    bool exact; /* also where: a grant for all is not the one for a repository */
    struct ch_str repository, environment;
    uint32_t uid;
    uint64_t id;
    bool found; /* filled in */
};
/* Adds what stands and fits to what will be ended; false: there is nothing. */
bool people_change_find(struct people_changes *ch, struct people_pattern p);
/* Ends what was found, with --reason; or says that there is no such thing. Either ends the command.
 */
enum step people_change_take(struct people_changes *ch, struct ch_str text);
enum step people_change_nothing(struct people_changes *ch, const char *what, struct ch_str name);

/* Absent or equal. */
bool people_fits(struct ch_str given, struct ch_str actual);

/* Values of rows of one kind, with commas between. */
struct people_shown {
    struct command *c;
    enum ch_people_kind kind;
    struct ch_str person, group;
    struct ch_buf *out;
    size_t count;
};
void people_shown_put(struct people_shown *s, struct ch_str text, bool number);
/* " (NOT taken: ...)" behind what a row would give, and does not. */
void people_put_altered(struct ch_buf *b, const struct ch_people_row *row);

#endif
