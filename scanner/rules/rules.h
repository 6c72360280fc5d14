/* YARA rules over the members of an artifact. They run in the second jail, on the bytes that
 * libarchive gives out (threats.md T2). README.md says which members, and what a rule may state.
 *
 * Compiled in the scanner's warm parent; a forked job only matches. The digest over everything that
 * was compiled is part of the key of every inspection (T6). */
#ifndef CH_SCANNER_RULES_H
#define CH_SCANNER_RULES_H

#include "customhouse/digest.h"
#include "customhouse/message.h"
#include "customhouse/scan.h"

/* Compiles the shipped rules and `count` files of the site's. What is wrong is CH_E_FORMAT "FILE:LINE:
 * ...": a mistake, a warning of the compiler, a name given twice, metadata that says nothing, an
 * include or import. CH_E_LIMIT: more than limits.h takes. Nothing replaces what was loaded before
 * unless all is right. May be called again (reload), also confined: it needs nothing but memory. */
enum ch_code ch_rules_load(const struct ch_rule_text *site, size_t count,
                           struct ch_err *err) CH_MUST_CHECK;
/* The same from the supervisor's memfd (CH_MSG_SETUP, CH_MSG_RELOAD); -1: the site has none. */
enum ch_code ch_rules_load_fd(int fd, struct ch_err *err) CH_MUST_CHECK;
/* A reload's first step: compiles them in the place of what was prepared before, and matches none
 * of them. Then either of the other two. */
enum ch_code ch_rules_prepare_fd(int fd, struct ch_err *err) CH_MUST_CHECK;
void ch_rules_commit(void); /* what was prepared is matched from now on */
void ch_rules_abort(void);  /* drops it; also where there is none */
/* Over the engine's version and all texts; neither the order nor the names of files count. */
struct ch_sha256 ch_rules_digest(void); /* zero: nothing loaded */
size_t ch_rules_count(void);
void ch_rules_unload(void);

/* One artifact. With nothing loaded nothing is matched, and the digest says so. `platform`: the tag of a wheel
 * ("manylinux_2_17_x86_64"), absent for all else; borrowed until it is freed. */
struct ch_rules_scan;
struct ch_rules_scan *ch_rules_scan_new(struct ch_scan_writer *out, struct ch_str platform);
void ch_rules_scan_free(struct ch_rules_scan *s); /* accepts NULL */
/* A member: its path, its content in pieces, and that it is whole. A match is a finding; a time-out or
 * too many matches is one that holds. */
void ch_rules_scan_member(struct ch_rules_scan *s, struct ch_str path);
void ch_rules_scan_add(struct ch_rules_scan *s, struct ch_str bytes);
void ch_rules_scan_member_end(struct ch_rules_scan *s);

#endif
