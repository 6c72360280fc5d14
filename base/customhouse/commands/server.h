/* Commands to a server that may be on another machine: over its administrative interface, as
 * whoever has the token. The other way to a keeper is the control socket (remote.h). */
#ifndef BASE_CUSTOMHOUSE_SERVER_H
#define BASE_CUSTOMHOUSE_SERVER_H

#include "customhouse/message.h"
#include "base/customhouse/options.h"

/* Whether --server was given. */
bool server_is_meant(const struct args *args);

/* CH_E_USAGE: an option that says how to reach it, without it. */
enum ch_code server_options_unused(const struct args *args, struct ch_err *err) CH_MUST_CHECK;

/* Has the command run there, with its input (absent: none). Output and words for stderr are
 * appended to what is given, as they are to be shown; `ret_status` is the command's exit status, 1
 * also when there was no answer, which was told then. CH_E_USAGE: the options, or the token's file.
 */
enum ch_code server_ask(const struct args *args, const struct ch_command *command,
                        struct ch_str input, struct ch_buf *output, struct ch_buf *words,
                        int *ret_status, struct ch_err *err) CH_MUST_CHECK;

/* One request by the program `reach`: the token, a line feed and the body. What is answered is
 * appended: "STATUS CONTENT-TYPE", a line feed, and the body; *ret_answered false: nothing was, and
 * why stands on stderr. `certificates`: a PEM file, and no others; NULL: the system's. */
enum ch_code server_reach(const char *url, const char *certificates, const char *method,
                          struct ch_str request, struct ch_buf *answer, bool *ret_answered,
                          struct ch_err *err) CH_MUST_CHECK;

#endif
