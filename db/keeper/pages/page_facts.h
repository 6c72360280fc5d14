/* What is known of one upstream page: the newest complete answer, merged with what earlier answers
 * said. A known fact is not taken away by an answer that says less; a file that vanished keeps its
 * record with the time it vanished (T5); when a file was first seen, and when the page was last
 * seen without it, is kept per file (T7), also of those that others took the name of
 * (page_replaced.h). An entry that cannot be read says nothing: a file that it names did not
 * vanish. Pure, but that a large content may lie in a file. */
#ifndef KEEPER_PAGE_FACTS_H
#define KEEPER_PAGE_FACTS_H

#include "customhouse/file_buf.h"
#include "customhouse/scan.h"
#include "customhouse/store.h"

struct page_fact_file {
    struct ch_index_file index;
    bool baseline; /* stood on the page's first complete load */
    int64_t first_seen_at_us;
    int64_t last_absent_at_us; /* CH_TIME_UNKNOWN: never seen without it */
    int64_t removed_at_us;     /* CH_TIME_UNKNOWN: listed */
};

struct page_unread { /* page_unread.h */
    struct ch_str file_name;
    struct ch_str field; /* empty: not said */
    size_t at;           /* which of those left out; 0 once read back */
};

/* Slices borrow from `content`. */
struct page_facts {
    struct ch_file_buf content; /* the encoded form, as the store keeps it; in memory where it is
                                   not mapped */
    struct ch_index_head head;
    struct page_fact_file *files;
    size_t file_count;
    struct page_fact_file
        *replaced; /* their names stand for other bytes since their removed_at_us */
    size_t replaced_count;
    size_t left_out; /* entries of the answer that it was merged from that cannot be read */
    struct page_unread *unread; /* the first of them */
    size_t unread_count;
    size_t *users; /* of all these; the loop's to count */
};
/* The same once more; page_facts_done each. */
struct page_facts page_facts_share(const struct page_facts *p);

void page_facts_done(struct page_facts *p);
/* Takes over `content`. */
enum ch_code page_facts_decode(struct ch_buf *content, struct page_facts *ret,
                               struct ch_err *err) CH_MUST_CHECK;
enum ch_code page_facts_decode_file(struct ch_file_buf *content, struct page_facts *ret,
                                    struct ch_err *err) CH_MUST_CHECK;
/* A buffer for so large a content: in a file where one can be had (`files`, NULL: none), else in
 * memory. */
void page_content_init(struct ch_blobs *files, size_t bytes, struct ch_file_buf *ret);
void page_content_done(struct ch_file_buf *content);

/* A change against the last answer, for the store's sightings. */
typedef void page_facts_change_fn(void *ctx, enum ch_sighting kind, struct ch_str file_name,
                                  const struct ch_sha256 *stated, int64_t last_absent_at_us);

/* Merges a sealed, strictly decoded scan stream of the page (CH_SCAN_INDEX) into `old` (NULL: first
 * load). `old_checked_at_us` is when the old state was last confirmed; `received`
 * has the hash of what was fetched of each of its files, zero where nothing was (NULL: of none).
 * Into *ret a new page. CH_E_CONFLICT: the answer is older than `old`, by its serial or, where one
 * of them has none, as `dated_before` says (T5); nothing was told to `changed`. */
enum ch_code page_facts_merge(const struct page_facts *old, int64_t old_checked_at_us,
                              const struct ch_sha256 *received, bool dated_before,
                              struct ch_str stream, int64_t now_us, page_facts_change_fn *changed,
                              void *ctx, struct ch_blobs *files, struct page_facts *ret,
                              struct ch_err *err) CH_MUST_CHECK;

/* The same for an upstream that says there is no such project any more: every file vanished. */
enum ch_code page_facts_vanish(const struct page_facts *old, int64_t now_us,
                               page_facts_change_fn *changed, void *ctx, struct page_facts *ret,
                               struct ch_err *err) CH_MUST_CHECK;

/* Fills times, sizes and hashes that `page` lacks from a details stream (CH_SCAN_DETAILS). A stated
 * hash that differs is CH_E_MISMATCH. The page is unchanged on failure. */
enum ch_code page_facts_fill(struct page_facts *page, struct ch_str stream,
                             struct ch_err *err) CH_MUST_CHECK;

/* The same page, whose next answer may have any serial. */
enum ch_code page_facts_forget_serial(const struct page_facts *page, struct page_facts *ret,
                                      struct ch_err *err) CH_MUST_CHECK;

/* Whether any listed file lacks its upload time or size. */
bool page_facts_lack_details(const struct page_facts *page);

#endif
