/* A house in which exceptions are asked for and approved, and what can be seen of them. */
#ifndef EXCEPTIONS_HOUSE_H
#define EXCEPTIONS_HOUSE_H

#include "said.h"

#include "db/keeper/rulings/exceptions.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

/* A command, and its exit status. */
#define COMMAND(h, status, ...) assert_int_equal(status, house_command(h, __VA_ARGS__))

/* The only file of pkg, released so many days ago. */
void set_wheel(struct house *h, const char *bytes, unsigned days);
bool is_had(struct house *h); /* a client gets it */
uint32_t exceptions_command(struct house *h, const char *verb, const char *word, const char *reason,
                            struct ch_buf *out);
enum exception_state state_of(struct house *h, uint64_t id);
/* "requested, approved, in force" */
void assert_steps(struct house *h, uint64_t id, const char *expected);

/* Asks for and approves WHEEL without a command. */
uint64_t asks(struct house *h, const char *who);
enum ch_code approves(struct house *h, uint64_t id, const char *who, size_t needed,
                      bool *ret_in_force);
/* As whoever has the uid; 1000: the server's own user. */
void runs_as(struct house *h, uint32_t uid, uint32_t status, const char *line, const char *text,
             struct ch_buf *out);
/* ann asks (uid 2001), bob, cid and dan approve (2002 to 2004; cid by a second uid, 2013, too), ops
 * operates (2005). */
void add_people(struct house *h);
struct house *house_of_people(void);
void take_token(const struct ch_buf *out, char ret[EXCEPTION_TOKEN]);

#endif
