/* What was cosigned last, on disk: a file per log, which appears whole or not at all. */
#ifndef WITNESS_RECORD_H
#define WITNESS_RECORD_H

#include "customhouse/digest.h"

/* The file of this origin, appended. CH_E_NOT_FOUND: nothing was ever cosigned of it. */
enum ch_code record_read(int folder_fd, struct ch_str origin, struct ch_buf *ret,
                         struct ch_err *err) CH_MUST_CHECK;
/* Durable when it returns CH_OK; after a failure it is the old one or the new one. */
enum ch_code record_write(int folder_fd, struct ch_str origin, struct ch_str note,
                          struct ch_err *err) CH_MUST_CHECK;

/* A file that was not there before, likewise. */
enum ch_code record_write_new(int folder_fd, const char *name, struct ch_str text,
                              struct ch_err *err) CH_MUST_CHECK;
/* A whole file of at most ret->max bytes, appended. CH_E_NOT_FOUND. */
enum ch_code record_read_named(int folder_fd, const char *name, struct ch_buf *ret,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
