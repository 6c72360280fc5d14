/* Commands that a keeper does: the client's end of the control socket, and the choice between that
 * and a server elsewhere. */
#ifndef BASE_CUSTOMHOUSE_REMOTE_H
#define BASE_CUSTOMHOUSE_REMOTE_H

#include "customhouse/message.h"
#include "base/customhouse/options.h"

/* `approve` inspects what it names first, and that may have to be fetched. */
#define REMOTE_WAIT_MS 3600000

/* Has a command done where the options say, over the control socket or (--server) over the
 * administrative interface, with its input (absent: none), and shows what it says. */
enum ch_code remote_run(const struct args *args, const struct ch_command *command,
                        struct ch_str input, uint64_t wait_ms, int *ret_status,
                        struct ch_err *err) CH_MUST_CHECK;

/* The same without input, and what it says is appended to what is given, not shown. */
enum ch_code remote_ask(const struct args *args, const struct ch_command *command, uint64_t wait_ms,
                        struct ch_buf *output, struct ch_buf *words, int *ret_status,
                        struct ch_err *err) CH_MUST_CHECK;

/* CH_E_CLOSED: no server runs there. */
enum ch_code remote_connect(const char *folder, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;
/* A pidfd of the server that listens at the other end. */
enum ch_code remote_server(int fd, int *ret_pidfd, struct ch_err *err) CH_MUST_CHECK;
/* Sends a command with its input; absent: it has none. */
enum ch_code remote_send(int fd, const struct ch_command *command, struct ch_str input,
                         struct ch_err *err) CH_MUST_CHECK;
/* Shows pieces of output as they come, and the words for stderr. */
enum ch_code remote_answer(int fd, uint64_t wait_ms, int *ret_status,
                           struct ch_err *err) CH_MUST_CHECK;

#endif
