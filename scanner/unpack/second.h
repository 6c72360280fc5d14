/* The second opinion's preparation; the opinion itself is ch_second_opinion of inspector.h. */
#ifndef CH_SCANNER_SECOND_H
#define CH_SCANNER_SECOND_H

#include "customhouse/err.h"

/* To be called in the scanner's parent before it is confined: loads the locale and conversion
 * tables by which libarchive gives names out as the UTF-8 they are stored in (it opens files for
 * that, which a jail cannot), proves it with an archive in memory, sets the process's time zone to
 * UTC and loads libcrypto's digests. Children inherit all that and then need no system call but for
 * memory. CH_E_SYSTEM when the host lacks the C.UTF-8 locale. May be called more than once. */
enum ch_code ch_second_prepare(struct ch_err *err) CH_MUST_CHECK;

#endif
