/* Answers of an index, merged into what is known of a page. */
#ifndef TESTS_PAGE_ANSWERS_H
#define TESTS_PAGE_ANSWERS_H

#include "db/keeper/pages/page_facts.h"
#include "streams.h"

extern const struct ch_sha256 answer_input; /* what all of them were read from */

struct line {
    const char *name; /* '!' before it: by an entry that cannot be read */
    uint8_t hash;     /* 0: not stated */
    int64_t uploaded;
    uint64_t size;
    const char *python; /* NULL: not stated */
};

struct seen { /* the changes a merge reported */
    int appeared, removed, returned;
    int64_t last_absent;
};

/* A page_facts_change_fn; ctx is a struct seen. */
void on_change(void *ctx, enum ch_sighting kind, struct ch_str name, const struct ch_sha256 *stated,
               int64_t last_absent);
/* The whole stream of an answer, but for what opens it. */
void write_lines(struct stream *s, const struct line *lines, size_t count);
/* Merges one more answer into *page at time `now`. */
struct seen answer(struct page_facts *page, bool first, int64_t checked_at, int64_t now,
                   const struct line *lines, size_t count);
/* One that lists `f` alone, at 200, into *page (zeroed: none is known), last confirmed at 100. */
enum ch_code answer_file(struct page_facts *page, const struct ch_index_head *head,
                         const struct ch_index_file *f, const struct ch_sha256 *received,
                         struct ch_err *err);
struct ch_index_file file_a(void); /* "a", of which nothing is stated */
/* Of "a". */
enum ch_code answer_hashed(struct page_facts *page, const struct ch_index_head *head, bool yanked,
                           uint8_t hash, const struct ch_sha256 *received, struct ch_err *err);
enum ch_code answer_alias(struct page_facts *page, const struct ch_index_head *head,
                          const struct ch_alias *alias, struct ch_err *err);
enum ch_code answer_head(struct page_facts *page, const struct ch_index_head *head, bool yanked,
                         struct ch_err *err);

#endif
