/* Between refresh.c and refresh_details.c. */
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
    struct page_facts merged; /* waiting for its details */
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

/* --- refresh_details.c --- */
bool refresh_has_details(const struct page *p); /* its upstream may state them elsewhere */
void refresh_fetch_details(struct refresh *r);
/* What the page lacks is there, or will never be: then it stands without, and what is unknown
 * holds. `r` may have ended. */
void refresh_use_details(struct refresh *r);

#endif
