/* What `customhouse NAME ...` does; each returns the exit status. */
#ifndef BASE_CUSTOMHOUSE_COMMANDS_H
#define BASE_CUSTOMHOUSE_COMMANDS_H

#include "base/customhouse/options.h"

int command_serve(const struct command_row *row, const struct args *args);
int command_init(const struct command_row *row, const struct args *args);
int command_check(const struct command_row *row, const struct args *args);
int command_audit(const struct command_row *row, const struct args *args);
int command_verify(const struct command_row *row, const struct args *args);
int command_gate(const struct command_row *row, const struct args *args);
int command_runtime(const struct command_row *row, const struct args *args);
int command_inspect(const struct command_row *row, const struct args *args);
int command_witness(const struct command_row *row, const struct args *args);
int command_version(const struct command_row *row, const struct args *args);
/* show, test, set, history, diff: by its first word. */
int command_policy(const struct command_row *row, const struct args *args);
/* Sends the command with its words and options to the keeper, and shows what it answers. */
int command_remote(const struct command_row *row, const struct args *args);

/* Prints err to stderr; 2 for usage and configuration, else 1. */
int command_failed(const struct ch_err *err);
/* The exit status of a command that has said everything: `status`; 1: not all could be written. */
int command_said(int status);

#endif
