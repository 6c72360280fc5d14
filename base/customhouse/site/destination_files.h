/* What the files say that the configuration names for the destinations of egress. */
#ifndef BASE_CUSTOMHOUSE_DESTINATION_FILES_H
#define BASE_CUSTOMHOUSE_DESTINATION_FILES_H

#include "customhouse/config.h"

/* Reads secrets and authorities of all destinations into *ret, as struct ch_destination_files
 * (message.h) after each other; ch_buf_done. CH_E_USAGE names file, line and key of the
 * configuration and what is wrong: a file that cannot be read, a secret that others may read or
 * that is none. */
enum ch_code destination_files_read(const struct ch_config *config, struct ch_str config_text,
                                    const char *config_name, struct ch_buf *ret,
                                    struct ch_err *err) CH_MUST_CHECK;

#endif
