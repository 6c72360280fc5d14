/* YARA rules over the members of an artifact. They run in the second jail, on the bytes that
 * libarchive gives out (threats.md T2).
 *
 * Compiled once, in the scanner's parent before it is confined; a forked job only matches. The
 * digest over everything that was compiled is part of the key of every inspection (T6). */
#ifndef CH_SCANNER_RULES_H
#define CH_SCANNER_RULES_H

#include "customhouse/digest.h"
#include "customhouse/scan.h"

/* Compiles the shipped rules and those of the site's folders. A warning of the compiler, a rule
 * without the metadata that the folder's README asks for, an unreadable file: CH_E_FORMAT naming file
 * and line; nothing replaces what was loaded before. May be called again (reload). */
enum ch_code ch_rules_load(const char *const *folders, size_t folder_count,
                           struct ch_err *err) CH_MUST_CHECK;
struct ch_sha256 ch_rules_digest(void); /* zero: nothing loaded */
size_t ch_rules_count(void);
void ch_rules_unload(void);

struct ch_rules_scan;
struct ch_rules_scan *ch_rules_scan_new(struct ch_scan_writer *out);
void ch_rules_scan_free(struct ch_rules_scan *s); /* accepts NULL */
/* A member's content, whole or (larger than member_whole_bytes) its beginning. A match is a finding;
 * a time-out or too many matches is one that holds. */
void ch_rules_scan_see(struct ch_rules_scan *s, struct ch_str path, struct ch_str bytes);
void ch_rules_scan_end(struct ch_rules_scan *s);

#endif
