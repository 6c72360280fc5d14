/* A page: what is known of an upstream's project, or of many that one document lists, in memory, and
 * what goes on about it. */
#ifndef KEEPER_PAGE_H
#define KEEPER_PAGE_H

#include "customhouse/ecosystem.h"
#include "customhouse/loop.h"
#include "customhouse/map.h"
#include "customhouse/message.h"
#include "customhouse/message_gateway.h"
#include "customhouse/policy.h"
#include "customhouse/store.h"

#include "page_facts.h"

struct charge;
struct fault;
struct keeper;
struct refresh;
struct waiter;

struct page_texts; /* short strings that live as long as the page's facts */

/* As ch_release, which has 160 bytes for a version: of half a million files too much. */
struct page_release {
    const char *version; /* in the page's texts */
    const char *file_type, *profile;
    struct ch_str python_tags, abi_tags, platform_tags;
};

struct page_file { /* runtime state beside facts.files[i] */
    struct page_release release;
    struct ch_sha256 artifact; /* what was fetched for it; zero: nothing */
    uint64_t artifact_bytes;   /* as received, once asked for; 0: not asked for */
    uint64_t told_bytes;       /* where none is stated, as a broken off fetch found out (sizes.c); or 0 */
    bool told_at_least;        /* or more */
    bool confirmed_known;      /* the store was asked */
    int64_t confirmed_at_us;   /* it last came whole for this file; CH_TIME_UNKNOWN: nobody knows */
    bool inspection_loaded;
    bool has_inspection;
    bool inspection_old; /* of an inspector or rules that were replaced: see inspection_of */
    struct ch_inspection_result *inspection; /* while has_inspection: of most files of a channel none is */
    bool attack;             /* inspection has a finding of class attack */
    bool held_against;       /* and it counts against the whole version (T10) */
    int64_t recorded_at_us;  /* CH_TIME_UNKNOWN: no row */
    int8_t recorded_verdict; /* enum ch_verdict of the newest decision row, -1: none */
    char *recorded_rule;   /* at most 63 bytes; NULL: none */
    bool recorded_audited;
    struct ch_sha256 recorded_policy; /* digest of the policy it was made under */
    int64_t allowed_at_us; /* these bytes were first allowed in this repository; unknown: never */
    uint64_t log_end;      /* the log must have come so far before its ALLOW counts (audit.h) */
    struct ch_sha256 approved; /* bytes an approval of which stands (approvals.c); zero: of none */
    bool approval_known;       /* the store was asked */
    bool external_known;       /* the store was asked */
    uint8_t external;          /* enum ch_external: what a scanner says of it (pushes/external.c) */
    bool served;               /* linked in served/ by this keeper for this file */
};

/* Files of more kinds of clients than this on one page: the rest can stand in for nothing. */
#define PAGE_CLASSES_MAX 1024

struct page_project {
    uint32_t file;    /* one of its files */
    int64_t since_us; /* it is known to exist since then */
    bool likeness_known;
    struct ch_likeness likeness; /* of its name */
};

struct page_index { /* worked out of the facts once (page_index.c) */
    uint32_t *by_name; /* files in order of their names: half a million need no map */
    uint32_t *project; /* per file: whose it is; in order of names */
    struct page_project *projects;
    size_t project_count;
    uint32_t *version;    /* per file: the group of its version, of its project */
    size_t version_count; /* groups, in order of projects, then of versions */
    uint32_t *attacks;    /* per group: files with held_against */
    bool *built;          /* per group: lists a file that needs no build */
    bool *wheels;         /* per group: lists a wheel */
    uint16_t *clients;  /* per file: class of clients that can take it; PAGE_CLASSES_MAX: of none */
    size_t *class_file; /* per class: a file of it */
    size_t class_count;
    /* T10: what ever came of a file, and by version, the number plus one of a file of which
     * something came that was an attack and that the upstream has replaced since */
    struct page_past {
        size_t file;
        struct ch_sha256 sha256;
    } * past;
    size_t past_count;
    size_t *past_attack;
};

#define LISTING_ASKED 8

/* What a file was judged, good while what it was judged by is (listing_judge.c). */
struct listing_row {
    int64_t until_us;      /* when time alone will change it; CH_TIME_UNKNOWN: never */
    uint64_t judged;       /* listing_cache.clock then; 0: it was not */
    uint32_t reason, rule; /* where they are in listing_cache.texts */
    uint8_t verdict;       /* enum ch_verdict */
    bool listed_upstream;
    bool available; /* ALLOW or eligible, and not hidden (T10) */
    bool eligible;
};

/* A page's documents, all of one generation, each in a file without a name, or in a sealed memfd. */
struct listing_documents {
    struct ch_page_document of[CH_PAGE_DOCUMENTS_MAX];
    int fds[CH_PAGE_DOCUMENTS_MAX];
    size_t count;
};

/* The judged rows, and the listing that was encoded of them. A page is judged in slices: `clock`
 * counts what changes beside them, and a row that is older than its last change is judged again. */
struct listing_cache {
    struct listing_row *rows; /* per file; NULL: nothing is judged */
    uint64_t rules;           /* keeper.rules that the rows go by */
    uint64_t clock;
    uint64_t all_from, held_from, *project_from; /* clock of the last change: of all rows, of those
                                                    that are not available, of a project's */
    uint64_t pass; /* clock at the beginning of this pass over the rows */
    size_t next;   /* row that it comes to next */
    struct ch_buf texts;
    uint32_t *known_texts; /* places in it, by hash: few differ */
    bool rare;             /* somebody has asked for documents that few ask for (ecosystem.h) */
    bool changed;          /* something may be listed otherwise since it was encoded */
    bool valid;            /* what follows is of the rows at the clock `encoded` */
    uint64_t encoded;
    int64_t made_at_us;
    int64_t changes_at_us; /* by time alone; CH_TIME_UNKNOWN: never */
    uint64_t generation;
    struct ch_buf bytes;                /* of a page that gateways render, or */
    struct listing_documents documents; /* what they serve as it is */
    struct listing_job *job;            /* makes those; NULL: none is under way */
    struct ch_sha256 asked[LISTING_ASKED]; /* clients (User-Agent) asked ahead for */
    size_t asked_count;
};

struct page_held { /* by its last listing (held.c) */
    uint64_t generation; /* of that; 0: none was counted */
    uint64_t held, denied;
    char examples[320];
    size_t examples_len;
    int64_t at_us;
};

enum page_load_state { PAGE_UNLOADED = 0, PAGE_LOADING, PAGE_READY, PAGE_ABSENT, PAGE_BROKEN };

struct page {
    char *via; /* for the refresh that begins next (struct refresh); NULL: absent */
    char *repository;
    char *project; /* its name: of its project, or of the document that lists many (ecosystem.h) */
    const struct ch_repository *config;
    const struct ch_ecosystem *eco;
    const struct ch_upstream *upstream; /* owner; NULL until known */
    bool owned;                         /* the store has its owner: no other is asked (T12) */
    bool given_away;                    /* to another owner, see owner_settle */
    struct waiter *moved;               /* asks that wait for the new one */
    struct ch_timer moved_timer;
    enum page_load_state load;
    struct page_facts facts;
    struct page_file *files; /* facts.file_count of them */
    struct fault *faults;    /* of some of them, in their order (intake/faults.h) */
    size_t fault_count;
    struct page_texts *texts;
    struct page_index index;
    uint32_t *approved; /* files that were approved, by version; NULL: not gathered (releases.c) */
    size_t approved_count;
    bool states_times; /* of some file, at least */
    bool details_due; /* times or sizes are missing, and could not be asked for: next time, whether
                         or not the page is the same */
    bool judge_due; /* what was told of it was not judged by its facts, which could not be read */
    struct listing_cache listing;
    struct page_held held;
    char part_name[64];
    char part_reason[sizeof(((struct ch_decision *)NULL)->rule) + CH_REASON_MAX + 2]; /* judge.c */
    struct judged_together *together; /* while several files are judged (judge_together.h); else NULL */
    struct waiter *listed;   /* asks that wait until it is judged */
    struct ch_timer judging; /* the next slice of it */
    struct page_shards *shards; /* shards.h; NULL: nobody has asked for them */
    struct ch_sha256 logged; /* upstream's bytes and policy whose verdicts the log has (audit.h) */
    size_t attacks;          /* files with held_against (all inspections are loaded) */
    struct ch_snapshot_info info;
    struct ch_buf info_strings;
    int64_t checked_at_us;
    int64_t failed_at_us; /* last refresh that failed, 0: none since */
    uint32_t fail_status;
    int64_t fail_until_us; /* before that it makes no sense to ask again; 0: not said */
    int64_t
        rest_until_us; /* it is not asked for before, as its upstream said of it; 0: it did not */
    char fail_text[512];
    bool refreshing;
    struct refresh *refresh; /* while refreshing */
    struct page_read *read;  /* from the store, on a thread, while UNLOADED; NULL: it is not */
    struct charge
        *charge;        /* at whose expense a page that was not known is fetched; NULL: never was */
    size_t busy;        /* intakes and sidecars under way that will come back to it */
    size_t pinned;      /* functions further up that go on with it: it may not be forgotten */
    size_t upstream_at; /* while looking for the owner: index into config->upstreams */
    struct waiter *waiters;
    int64_t gone_at_us;       /* the upstream first said that the project is gone; 0: it does not */
    struct ch_timer confirm;  /* asks it again (T5) */
    struct ch_map *shown;     /* file name -> sha256 of metadata that gateways were told to serve */
    struct ch_timer patience; /* of the page or of one who waits for it, what ends first */
    uint64_t
        patience_ms; /* when the page's own ends: answers with what is known; 0: nobody waits */
    struct keeper *keeper;
    uint64_t used_at_ms;
    uint64_t hosted_seen;    /* of a hosted repository: what was pushed when it was looked at last, */
    uint64_t hosted_looking; /* and when the look that is under way began (pushes/) */
    uint64_t weight; /* its part of keeper.page_bytes */
    bool wrote;      /* in the open group: what it knows may not be durable */
    struct page *next_wrote;
};

/* ------------------------------------------------------------------ pages.c, page_ready.c,
 * refresh.c */

/* With known content, the upstream has this long; and so long no document is tried again after
 * errors. */
#define PAGE_PATIENCE_MS 3000

/* The page's state, created when missing. NULL: no such repository (or project name). */
struct page *page_get(struct keeper *k, struct ch_str repository, struct ch_str project);
/* Whether the page can be answered from now; else a refresh is running or was started, and `waiter`
 * (taken over) goes on when it ends. */
bool page_ready(struct keeper *k, struct page *p, struct waiter *waiter);
/* A page that is cold is fetched at this client's expense (T14), until it is here or failed. False:
 * it is over budget. Before page_ready. A page that is known then answers as it is. */
bool page_budget_take(struct keeper *k, struct page *p,
                      const struct ch_client *client) CH_MUST_CHECK;
void page_budget_give(struct page *p);
uint64_t page_about(const struct page *p);               /* for budget_wait */
struct ch_str page_asked_upstream(const struct page *p); /* who is asked first, or owns the name */
/* Whose the name is: of the configuration, and of what was mirrored before it said so (T12). */
enum ch_name_owner page_owner(const struct page *p);
bool page_withheld(const struct page *p); /* nothing of it may be asked for upstream */
/* This upstream is down: who waits for a page of it is told so, or answered with what is known, at
 * the end of this turn. */
void pages_wait_no_more(struct keeper *k, struct ch_str upstream);
/* Since when, of what somebody waits for, the longest: a page of it that is not known. 0: nobody
 * does. */
uint64_t pages_awaited_since_ms(const struct keeper *k, struct ch_str upstream);
/* Loads what the store has of the page, without asking upstream; true when it is READY. A large one takes
 * seconds, in which leases are kept and nothing else goes on: whoever can wait asks page_comes before. */
bool page_load(struct keeper *k, struct page *p);
/* --- page_read.c --- */
/* Whether the page is large and is being read from the store, from now on if it was not before: then
 * page_ready waits for that. */
bool page_comes(struct keeper *k, struct page *p);
/* Each known page that lists files of the project, or is called like it: the project's own; or, where pages list many
 * projects, of those that somebody asked for so far. It is loaded. */
typedef void page_found_fn(void *ctx, struct page *p);
void pages_with(struct keeper *k, struct ch_str repository, struct ch_str project,
                page_found_fn *fn, void *ctx);
/* The same as pages_with of those that are here, or not large. False: there are others, which are
 * read from now on. */
bool pages_with_now(struct keeper *k, struct ch_str repository, struct ch_str project,
                    page_found_fn *fn, void *ctx) CH_MUST_CHECK;
/* Whether asking for it makes us ask its upstream: for a page that we have not, or have not seen
 * for long. */
bool page_is_cold(struct keeper *k, struct page *p);
/* A known page that is not fresh any more is looked up again, and nobody waits for it. */
void page_refresh_behind(struct keeper *k, struct page *p);
bool page_is_known(const struct keeper *k, const struct page *p); /* and may be answered from */
/* Whether what is known may still be answered from: fresh, or its upstream fails for not too long.
 */
bool page_usable(const struct keeper *k, const struct page *p);
void pages_forget_unused(struct keeper *k);
void pages_free(struct keeper *k);
/* Inspector or rules have changed: every page loads its inspections anew. */
void pages_inspections_changed(struct keeper *k);
/* Says that the open group has something of what the page now knows. */
void page_wrote(struct page *p);
/* The group is durable / is lost: then its pages know again what the store knows, no more (T4). */
void pages_committed(struct keeper *k);
void pages_roll_back(struct keeper *k);
/* Points all pages to a new configuration; the old one must stay in memory. */
void pages_rebind(struct keeper *k, const struct ch_config *config);
struct ch_str page_name(const struct page *p);
/* The project of a file: its record's, or else the page's. */
struct ch_str page_project(const struct page *p, size_t file);
/* Whose files it lists, of one project alone: by its name, before anything is known of it. Absent: of many. */
struct ch_str page_names(const struct page *p);
void page_set_rule(struct page_file *f, struct ch_str rule); /* that its decision goes by */
/* What a file is, by its name and by its record: of one that the page does not list any more by its name
 * alone. */
void page_split(const struct page *p, struct ch_str file_name, struct ch_release *ret);
/* Whose the file's name is (T12): page_owner, and a reserved project is so on a page of many, too. */
enum ch_name_owner page_file_owner(const struct page *p, size_t file);
/* Forgets all that memory knows of it; nothing of it may be under way. */
void page_unload(struct page *p);

/* --- page_index.c --- */
void page_index_build(struct page *p); /* once facts and releases are there */
void page_index_done(struct page *p);
/* These bytes came for the file: should others come, or be stated, they are its past (T10). */
void page_index_arrived(struct page *p, size_t file, const struct ch_sha256 *sha256);
/* It is decided on another page, or on none, for every address alike (ch_ecosystem.decided_on). */
bool page_is_pointer(const struct page *p, size_t file);
ptrdiff_t page_find_file(const struct page *p, struct ch_str file_name); /* -1: not there */
ptrdiff_t page_find_project(const struct page *p, struct ch_str project); /* a file of it; -1: none */

#endif
