/* Between refresh.c, refresh_absent.c and refresh_details.c. */
#ifndef KEEPER_REFRESH_INT_H
#define KEEPER_REFRESH_INT_H

#include "pages_int.h"

#define DOCUMENT_TIMEOUT_MS 60000

enum details_state { DETAILS_NONE = 0, DETAILS_FETCHING, DETAILS_THERE, DETAILS_FAILED };

struct refresh { /* one under way */
    struct keeper *k;
    struct page *p;
    int fd;
    unsigned form;    /* of those that the page may have there */
    char *url;        /* of the page, in this form */
    char *via;        /* of who asked first (struct ch_client); NULL: absent */
    uint64_t fetch;   /* 0: it has ended */
    char *dawdles_at; /* the upstream whose dawdlers it is one of; NULL: it is none */
    enum details_state details;
    int details_fd;
    uint64_t details_fetch;
    uint64_t details_bytes;
    char *details_url;
    bool wants_details; /* the page was read and lacks them */
    bool filled;        /* and they were asked for, whatever they said */
    char *base_url;
    char *etag, *last_modified;
    struct ch_sha256 body;
    struct ch_str stream;     /* the jail's answer, while it is merged */
    bool stream_is_ours;      /* to be unmapped */
    bool merging;             /* perhaps on a thread: what follows is its */
    bool has_known;           /* to merge with: p->facts as they were then */
    bool known_is_ours;       /* the page has others since */
    struct page_facts known;
    int64_t known_checked_at_us;
    struct ch_sha256 *received;
    bool dated_before;
    struct ch_buf changes; /* to be told once it counts */
    enum ch_code merge_code;
    struct ch_err merge_err;
    struct page_facts merged; /* waiting for its details */
    struct page_built built;  /* of `merged` */
    struct ch_buf packed;     /* its content, for the store; empty: not packed */
    bool overtaken;           /* another repository's answer was kept since it asked, or merged */
    bool unasked;     /* its upstream is down, which is remembered of that, while it is so */
    int64_t until_us; /* should it fail: before that it makes no sense to ask again; 0: not said */
    int64_t now_us;
};

/* --- refresh.c --- */
/* The page has no new facts, for this reason; who waits for it goes on. `r` has ended. */
void refresh_failed(struct refresh *r, uint32_t status, const char *text);
/* r->merged is all that there is of it: it becomes what is known. `r` has ended. */
void refresh_finish(struct refresh *r);

/* The upstream says what is known. `r` has ended. */
void refresh_unchanged(struct refresh *r);
/* For page_facts_vanish, with `r`. */
void refresh_tell_change(void *r, enum ch_sighting kind, struct ch_str file_name,
                         const struct ch_sha256 *stated, int64_t last_absent_at_us);
/* What is known could not be read in the meantime: nothing may replace it. `r` has ended then. */
bool refresh_lost_what_is_known(struct refresh *r);
void refresh_ended(struct refresh *r);

/* --- refresh_merge.c --- */
/* The jail's answer, `stream`: becomes r->merged, on a thread where it is large, then what is known.
 * From within a scan_done_fn. `r` may have ended. */
void refresh_merge(struct refresh *r, struct ch_str stream);
void refresh_merge_done(struct refresh *r); /* frees what is of it */
/* The page is about to lose these facts. True: they were taken over, since they are being merged with;
 * then what comes of that does not count (T5, T7). */
bool refresh_keep_known(struct refresh *r, struct page_facts *facts) CH_MUST_CHECK;

/* --- refresh_absent.c --- */
/* No upstream's answer but "not found", in none of its forms. `r` has ended. */
void refresh_absent(struct refresh *r);
/* A page of many projects of which next to nothing is left is a mirror's accident, or an attack
 * that would have everything held: what is known goes on for as long as it does while an upstream
 * fails. After that it is what the upstream says (T5). */
bool refresh_shrinks(const struct refresh *r);
void refresh_keep_back(struct refresh *r); /* that was so, and `r` has ended */

/* --- refresh_details.c --- */
bool refresh_has_details(const struct page *p); /* its upstream may state them elsewhere */
void refresh_fetch_details(struct refresh *r);
/* What the page lacks is there, or will never be: then it stands without, and what is unknown
 * holds. `r` may have ended. */
void refresh_use_details(struct refresh *r);

#endif
