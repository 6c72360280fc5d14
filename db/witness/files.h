/* What a witness reads again on SIGHUP: its certificate, and which logs it knows. It cannot open
 * files any more then. A process beside it can: it was started as the same user, reads only, has no
 * socket, and ends with the witness. */
#ifndef WITNESS_FILES_H
#define WITNESS_FILES_H

#include "witness.h"

struct witness_files_options { /* paths; NULL: there is none */
    const char *certificate;
    const char *key;
    const char *logs;
};
/* The caller's once read; empty where no file was named. */
struct witness_texts {
    struct ch_buf certificate, key, logs;
};
/* CH_E_NOT_FOUND, CH_E_LIMIT, ... name the file. */
enum ch_code witness_texts_read(const struct witness_files_options *options,
                                struct witness_texts *ret, struct ch_err *err) CH_MUST_CHECK;
void witness_texts_done(struct witness_texts *t); /* overwrites the key; accepts zeroed memory */

/* Keys of logs, one a line as witness_log_get takes it; empty lines, and those that begin with #,
 * say nothing. They are added to the *count that are there. The error names the line. */
enum ch_code witness_logs_get(struct ch_str text, struct witness_log *list, size_t *count,
                              struct ch_err *err) CH_MUST_CHECK;

/* --- the process beside --- */
struct witness_files;
/* Confined when it returns. Before this process is, and before it has threads. */
enum ch_code witness_files_start(const struct witness_files_options *options,
                                 struct witness_files **ret, struct ch_err *err) CH_MUST_CHECK;
void witness_files_end(struct witness_files *f); /* and the process; accepts NULL */
/* Readable when there is something to take, or when it has ended. */
int witness_files_fd(const struct witness_files *f);
void witness_files_ask(struct witness_files *f);
/* True: all of an answer was there, *ret_rc says which (CH_E_CLOSED: no more come), and the texts
 * are the caller's when it is CH_OK. False: more of it comes. */
bool witness_files_take(struct witness_files *f, struct witness_texts *ret, enum ch_code *ret_rc,
                        struct ch_err *err);

#endif
