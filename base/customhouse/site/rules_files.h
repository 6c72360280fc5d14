/* The site's own YARA rules: reading the files, and trying them as `serve` would. */
#ifndef BASE_CUSTOMHOUSE_RULES_FILES_H
#define BASE_CUSTOMHOUSE_RULES_FILES_H

#include "customhouse/config.h"

/* Reads all files *.yar and *.yara of the configured folders, in order of folders and names, into a
 * sealed memory file of struct ch_rule_text (close()); -1 when no folder is configured. CH_E_USAGE:
 * a folder that has none; more or larger ones than limits.h takes, something that is no regular
 * file, a link out of the folder; other codes when something cannot be read. Hidden files and
 * folders inside are left out. */
enum ch_code rules_files_read(const struct ch_config *config, int *ret_fd,
                              struct ch_err *err) CH_MUST_CHECK;

/* Has a scanner-second, started and confined as `serve` does it, compile them. CH_E_FORMAT and
 * CH_E_LIMIT name file and line; other codes when it cannot be started. */
enum ch_code rules_files_try(const struct ch_config *config, struct ch_str config_text,
                             int rules_fd, struct ch_err *err) CH_MUST_CHECK;

#endif
