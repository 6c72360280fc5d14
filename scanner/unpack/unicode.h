/* What Unicode does to member names: which code points have no single spelling, and case folding.
 */
#ifndef CH_SCANNER_UNICODE_H
#define CH_SCANNER_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether readers or file systems may change this code point, merge it with its neighbour, or not
 * show it (unicode.c says which). */
bool zip_unicode_unstable(uint32_t code);

/* Simple case folding. */
uint32_t zip_unicode_fold(uint32_t code);

#endif
