/* What the last fetch of a file has found out that trying again at once would not change: it holds
 * the file, or denies it, in each repository, until the file came, or the index says otherwise of
 * it.
 *
 * It is *due* once the upstream's index was read again: then who asks for the file has it fetched
 * again, and so has (behind what anybody waits for) who asks for its page. So one answer does not
 * hold an honest file for good, and nobody asks in vain for what will not come. */
#ifndef KEEPER_FAULTS_H
#define KEEPER_FAULTS_H

#include "db/keeper/keeper_int.h"

struct fault {
    uint32_t file; /* of the page */
    enum ch_fetch_fault kind;
    uint64_t told_bytes; /* CH_FAULT_SIZE */
    bool at_least;
    int64_t at_us;
    int64_t stored_at_us; /* when the store was last told of this file, and of what */
    enum ch_fetch_fault stored_kind;
    char text[160]; /* who answered what: printable */
};

/* What the store has of this page's files, as far as the index says the same of them as then. */
enum ch_code faults_load(struct keeper *k, struct page *p, struct ch_err *err) CH_MUST_CHECK;
void faults_done(struct page *p);
/* The one that is known of a file; NULL: none. Borrowed until any of the page's is found or ends.
 */
const struct fault *faults_of(const struct page *p, size_t file);
/* The same where it says something of the decision: not of bytes that are here and good, and not of
 * a part of an image that was inspected (it is judged by that, whether or not it can be had again).
 */
const struct fault *faults_in_force(struct keeper *k, const struct page *p, size_t file);

/* The end of a fetch that brought no file: what was found out, CH_FAULT_NONE: what may pass. */
enum ch_fetch_fault faults_kind(const struct ch_fetched *answer, uint64_t stated_bytes);
/* It is known from now on, of every page of this upstream and name; first in memory, as it is a
 * step away from ALLOW. `told` (of CH_FAULT_SIZE) may be NULL. */
void faults_found(struct keeper *k, const struct page *p, struct ch_str file_name,
                  enum ch_fetch_fault kind, const struct ch_fetched *told, struct ch_str text);
/* It came as the index states it. */
void faults_ended(struct keeper *k, struct page *p, size_t file);

/* Whether it is to be fetched again, when somebody asks for it. */
bool faults_due(const struct keeper *k, const struct page *p, size_t file);
/* Whether that is due, and nothing but what it was found out holds it. */
bool faults_may_try(struct keeper *k, struct page *p, size_t file);
/* What would have been decided, had this been found out before its bytes were here: of one that
 * they are gone of. False: there is none. */
bool faults_decision(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret);
/* One line: what would change it. */
void faults_put_change(const struct keeper *k, const struct page *p, size_t file,
                       struct ch_buf *out);

#endif
