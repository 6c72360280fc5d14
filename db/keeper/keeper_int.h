/* The keeper's inside: one state, passed to every part. The parts, in the order work flows:
 *
 *   main.c        the process
 *   keeper.c      start-up, peers, group commit, lease, clock
 *   ask*.c        messages from gateways -> pages and files
 *   pages.c       what is known of upstream pages (page.h)
 *   page_ready.c  when a page may be answered from what is known, and who waits for it
 *   refresh*.c    upstream page -> jail -> merged facts -> snapshot; one refresh per page
 *   judge.c       facts of one file -> decide(); recording what changed
 *   inspections.c which stored inspection of a file counts
 *   serve.c       what lies in served/: linked, and withdrawn
 *   again.c       judging again what was told to anybody
 *   page_walk.c   all pages of which something was decided, a few a turn
 *   refusal.c     what a refusal says
 *   releases.c    the release approved before a file, for comparison
 *   keyring.c     the keys that sign
 *   approvals.c   what is signed of files: with each ALLOW, durable before it is served
 *   documents.c   what is published beside files: keys, attestations, withdrawals
 *   keys.c        which inspector and rules findings must be of, and until when older ones do (T6)
 *   audit*.c      the audit log: entries, their order, who waits for it
 *   policies.c    which policy is in force since when, by whom
 *   rescan.c      what is served is inspected again when those have changed
 *   rulings.c     what people let pass and deny (rulings.h)
 *   exceptions*.c what people ask to let pass, and what becomes of it (exceptions.h)
 *   people*.c     persons, and what they may do
 *   owners.c      who owns a name, and giving it to another upstream (T12)
 *   hanging.c     upstreams that are down (hanging.h)
 *   page_index.c  names, versions and kinds of clients of a page's files
 *   stand_in.c    whether all of them can take another version instead
 *   listing.c     judged page -> what gateways list
 *   unsaved.c     steps away from ALLOW that could not be stored yet
 *   budget.c      what clients may cause at upstreams (budget.h, T14)
 *   intake.c      one file: wanted -> fetched -> scanned by two jails -> decided
 *   turns.c       which file runs next
 *   stall.c       fetches of files that do not move
 *   coming.c      room for files on their way
 *   intake_decide.c  two answers -> inspection -> decision -> durable
 *   sidecar.c     metadata before the file is inspected (sidecar.h, T1)
 *   jobs.c        fetches and scans under way
 *   egress.c      what is sent to other servers: jobs
 *   notices*.c    what people are told by themselves (notices.h)
 *   forward.c     the audit log's copies
 *   witnesses.c   who cosigns its checkpoints
 *   offload.c     hashing and publishing fetched files, on a thread
 *   commands*.c   the command line
 */
#ifndef KEEPER_INT_H
#define KEEPER_INT_H

#include "customhouse/agree.h"
#include "customhouse/blobs.h"
#include "customhouse/child.h"
#include "customhouse/ecosystem.h"
#include "customhouse/map.h"
#include "customhouse/message.h"
#include "customhouse/policy.h"
#include "customhouse/store.h"

#include "db/keeper/pages/page.h"

struct keeper;
struct audit;
struct exceptions;
struct policies;
struct keyring;
struct people;
struct people_proposal;
struct unsaved;
struct list;
struct egress;
struct notices;
struct forward;
struct witnesses;
struct page;
struct intake;
struct command;
struct budget;
struct charge;
struct image_known;
struct image_runtime;
struct pushes;

/* ------------------------------------------------------------------ state */

struct stats {             /* for /-/metrics */
    uint64_t decisions[3]; /* by enum ch_verdict, recorded changes */
    uint64_t fetches, fetch_errors, fetch_ms, fetch_bytes;
    uint64_t scans, scan_failures, scan_wall_us, scan_cpu_us;
    uint64_t refreshes, refreshes_unchanged;
};

/* Asks that wait for something. */
struct waiter {
    struct waiter *next;
    struct command *command; /* a command line's; then the rest does not count */
    bool is_file;
    uint32_t gateway;
    uint64_t gateway_serial; /* of its channel: one that came since has asks of its own by the same
                                numbers */
    struct ch_buf payload;   /* the ask, encoded: decoded again when it goes on */
    uint64_t deadline_ms;    /* answered then, whatever it waits for; 0: none yet */
    uint64_t turn_ms;        /* until then it may wait for budget; 0: it has not */
    struct ch_sha256 object; /* CH_PART_SIGNED: what of it (signing/images.h) */
    bool
        looked_up; /* a further page was, on which it is decided (ask_needs_page): once is enough */
    uint32_t listed_looked_up; /* so many pages of what it lists were */
    bool for_listed; /* it waits for what the file lists: which is no matter to its client */
};

struct ch_external_row;

struct keeper {
    struct ch_child child;
    const struct ch_external_row *external_now; /* counts already, and is about to be stored */
    char external_text[2 * CH_REASON_MAX];      /* of the file that is judged (pushes/external.c) */
    struct ch_store *store;
    struct ch_blobs *blobs;
    struct ch_policy *policy;
    const struct ch_config *config;
    /* what a reload tries, not in force; else NULL */
    struct ch_policy *prepared_policy;
    struct ch_config *prepared_config;
    struct ch_config **old_configs; /* what pages may still point to */
    size_t old_config_count;
    struct ch_channel *gateways[CH_METRICS_SLOTS];
    struct served_by { /* what each says went out (asks/served.c) */
        uint64_t seen; /* so many were taken; */
        uint64_t kept; /* of so many it was told that they are durable */
        bool again;    /* it is to say those after `seen` again */
    } served[CH_METRICS_SLOTS];
    struct ch_channel *admin;
    struct ch_channel *admission;
    struct ch_channel *fetcher;
    struct ch_channel *egress;
    struct ch_channel *scanners[2]; /* strict, second */
    struct ch_sha256 ruleset; /* in force: what scanner-second said last, also in an earlier run */
    uint64_t rule_count;
    struct keys *keys;
    struct rescan *rescan;
    struct jobs *jobs;
    struct egress *sending;  /* egress.h */
    struct notices *notices; /* notices.h */
    struct forward *forward;
    struct witnesses *witnesses; /* witnesses.h */
    struct offload *offload;
    struct ch_map *pages;   /* "repository\0project" -> struct page */
    struct ch_map *intakes; /* "upstream\0project\0file" -> struct intake */
    size_t intakes_ahead;   /* of them, nobody waits for; rescans do not count */
    struct again *again;
    struct rulings *rulings;
    struct exceptions *exceptions; /* exceptions.h */
    struct unsaved *unsaved;       /* unsaved.h */
    struct ch_map *asking;         /* address -> what it may still ask for */
    struct ch_timer rulings_timer; /* the next one ends */
    struct ch_map *used;           /* sha256 -> when a blob went out lately */
    struct waiter *room_waiters;   /* asks that wait for room in a quota */
    struct ch_timer room_timer;
    struct ch_buf going;   /* quota.c: digests of last copies that the open group says are lost, */
    size_t going_stuck;    /* behind so many bytes of those whose files could not be taken away */
    bool room_wanted;      /* by them, or by an intake */
    uint64_t coming_bytes; /* of files on their way, not stored yet: part of the quota of undecided
                              bytes */
    uint64_t
        gone_confirm_ms;    /* so long after its first word a vanished project is asked for again */
    uint64_t rules;         /* counts changes of what decides every file: policy, rulings, clock,
                               configuration */
    struct ch_map *hanging; /* upstream -> how it answers (hanging.c) */
    struct ch_map *terse_upstreams;   /* upstreams whose pages lacked times or sizes */
    struct ch_map *sidecars;          /* "upstream\0file\0hashes" -> under way, or unusable */
    struct ch_map *besides;           /* "repository\0page" -> struct beside (pages/beside.h) */
    struct ch_map *sidecar_upstreams; /* upstream -> whether it has sidecars it does not announce */
    struct audit *audit;              /* audit.h */
    struct policies *policies;        /* policies.h */
    struct keyring *keyring;          /* keyring.h */
    struct people *people;            /* db/people/people.h; people.c keeps it */
    size_t people_altered;       /* rows about people that the audit log has not so, or has alone */
    struct says_acts *says_acts; /* audit_says.h; NULL: not now */
    int64_t token_ends_us;       /* when the next token ends by time; INT64_MAX: none */
    struct people_proposal *people_proposals; /* people_proposals.h */
    bool loopback_only;                       /* every listener is, as the supervisor said last */
    struct list *withdrawals;                 /* signed lists (documents.c) */
    uint64_t approvals_changed; /* times: signed, withdrawn, or by another key from then on */
    struct commands *commands;
    struct budget *budget;               /* budget.h */
    struct pushes *pushes;               /* pushes.h */
    struct image_runtime *image_runtime; /* images/image.h */
    struct image_known *image_known;
    uint64_t page_bytes[2]; /* of all pages, about; [1]: of those of many projects */
    struct ch_timer lease_timer;
    struct ch_timer commit_timer;
    struct ch_timer tick_timer;
    struct { /* strangers at the control socket (commands/commands_rights.c) */
        uint64_t since_ms;
        uint32_t said;
        uint32_t left_out;
    } refused;
    struct intake *after_commit; /* intakes that go on once the next commit has made it durable */
    bool group_lost;             /* a commit failed, and intakes were not told yet */
    struct page *wrote;          /* pages with facts of the open group */
    uint64_t next_spool;
    size_t uncommitted_intakes;
    size_t uncommitted_allows; /* recorded in the open group of writes */
    bool healthy;              /* the last commit succeeded: only then is the lease renewed */
    enum ch_code write_failed; /* why not */
    bool draining;
    struct ch_sha256 config_digest; /* of the text in force */
    int64_t clock_offset_us; /* wall clock minus boot clock, as this run of the service began */
    char boot_id[40];        /* of the boot that the boot clock counts from */
    bool clock_jumped;
    struct ch_sha256 refusal_secret;
    char *status_text; /* the supervisor's process lines */
    struct stats stats;
    int64_t started_at_us;
    int64_t configured_at_us; /* the configuration in force was read */
    size_t digest_searches; /* under way (pages/digest_search.h): no page is forgotten meanwhile */
    struct digest_search *digest_searches_gone; /* of commands that are */
};

/* ------------------------------------------------------------------ keeper.c */

/* From a child that has its SETUP: reads the policy, opens nothing. */
enum ch_code keeper_init(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* Opens store and blobs, after confinement, and takes up what an earlier run left. */
enum ch_code keeper_open(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
void keeper_begin(struct keeper *k); /* lease, clock, work */
void keeper_close(struct keeper *k); /* also after a failed start; the child is the caller's */

/* Opens the group of writes that the end of this turn commits; every writer calls it first. */
enum ch_code keeper_write(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* Commits now. On failure nothing of the group happened; the keeper stops renewing its lease. */
enum ch_code keeper_commit(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* Ends every ALLOW and listing in the gateways' memory, now (T4): called before anything else when
 * a decision may move away from ALLOW. */
void keeper_raise_epoch(struct keeper *k);
void keeper_keep_lease(
    struct keeper *k); /* of gateways, from now on: nothing of the epoch has changed */
/* Looks what is to be told of the store, by the last write and by what is left of its disk. */
void keeper_watch_store(struct keeper *k);
/* Why the store takes nothing new in; NULL: it does. As everybody is told (shared.h). */
const char *keeper_store_trouble(const struct keeper *k);
/* What a client is told who asked for something that could not be stored: 507 (RFC 4918 11.5),
 * which no client tries again by itself without showing its reason first. `otherwise`: it is no
 * such error. */
uint32_t keeper_store_status(enum ch_code code, uint32_t otherwise);
uint64_t keeper_epoch(const struct keeper *k);
/* What was under way when draining began has ended: the loop may stop. */
void keeper_drained(struct keeper *k);
void keeper_log(const char *event, const char *fmt, ...) CH_PRINTF(2, 3);
int64_t keeper_now_us(const struct keeper *k);
#define KEEPER_ID_LEN 32 /* hexadecimal digits of 128 random bits */
/* Nobody guesses one, and none is given twice. Aborts when the kernel gives none. */
void keeper_random_id(char ret[KEEPER_ID_LEN + 1]);

/* ------------------------------------------------------------------ jobs.c */

typedef void fetch_done_fn(void *ctx, const struct ch_fetched *answer);
/* `stream` is the sealed answer, absent unless outcome is CH_SCAN_DONE. */
typedef void scan_done_fn(void *ctx, const struct ch_scanned *answer, struct ch_str stream);

void jobs_init(struct keeper *k);
void jobs_done(struct keeper *k);
/* Starts a fetch into `fd` (stays the caller's). `fetch->job` is set. The callback always comes,
 * once, never from within this call; code CH_E_CLOSED when the fetcher died. */
uint64_t jobs_fetch(struct keeper *k, struct ch_fetch *fetch, int fd, fetch_done_fn *done,
                    void *ctx);
/* As jobs_fetch, of what is known already: `answer` is told with the end of this turn. */
uint64_t jobs_answer(struct keeper *k, const struct ch_fetched *answer, fetch_done_fn *done,
                     void *ctx);
void jobs_cancel_fetch(struct keeper *k, uint64_t job); /* the callback does not come any more */
/* Tells now and then how many bytes have come, and of how many (CH_SIZE_UNKNOWN: the answer does
 * not say), until the callback comes. It may cancel this fetch. */
typedef void fetch_progress_fn(void *ctx, uint64_t bytes, uint64_t total_bytes);
void jobs_on_progress(struct keeper *k, uint64_t job, fetch_progress_fn *progress);
/* Starts a scan of `input_fd`. which: 0 strict, 1 second opinion. `job->id` is set. */
void jobs_scan(struct keeper *k, int which, struct ch_scan_job *job, int input_fd,
               scan_done_fn *done, void *ctx);
/* From within a scan_done_fn: the stream stays mapped; the caller unmaps it. */
void jobs_keep_answer(struct keeper *k);
void jobs_on_frame(struct keeper *k, struct ch_frame *frame);
void jobs_peer_gone(struct keeper *k, enum ch_role role);
void jobs_peer_came(struct keeper *k, enum ch_role role); /* sends what was waiting */
/* A memfd for a document, and its end: no byte of it can change any more. */
enum ch_code jobs_memfd(const char *name, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;
enum ch_code jobs_seal(int fd, struct ch_err *err) CH_MUST_CHECK;
/* The whole of it at once: a sealed descriptor that holds these bytes. */
enum ch_code jobs_memfd_of(struct ch_str bytes, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;
/* Reads a whole sealed descriptor. */
enum ch_code jobs_read_all(int fd, struct ch_buf *out, struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ offload.c */

struct published { /* what ch_blobs_publish gave, or ch_alias_of_fd */
    enum ch_code code;
    struct ch_sha256 sha256;
    uint64_t size_bytes;
    struct ch_alias alias;
    struct ch_err err;
};
typedef void offload_done_fn(void *ctx, const struct published *result);

/* After confinement, which the thread inherits. */
enum ch_code offload_start(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* Publishes the spool file of `job`. The callback comes once, from the loop, never from within this
 * call; not at all after offload_stop. */
void offload_publish(struct keeper *k, uint64_t job, offload_done_fn *done, void *ctx);
/* The same of what has to be these bytes: CH_E_MISMATCH where it is not, and nothing is published.
 */
void offload_publish_as(struct keeper *k, uint64_t job, const struct ch_sha256 *expected,
                        offload_done_fn *done, void *ctx);
/* Computes the alias of an open blob, under the same terms. `fd` stays open until then. */
void offload_alias(struct keeper *k, int fd, enum ch_hash_kind kind, offload_done_fn *done,
                   void *ctx);
/* Runs it on the thread for pages, under the same terms; `done` gets no result. What it works on is
 * nobody else's meanwhile: it may be run, and not told, when the process ends. */
void offload_run(struct keeper *k, void (*run)(void *ctx), offload_done_fn *done, void *ctx);
/* Runs it on a thread and waits for that, for as long as it takes. Nothing else of the keeper goes
 * on, so that leases may be kept, for 15 s: no denial is entered, and acknowledged, meanwhile. */
void offload_wait(struct keeper *k, void (*run)(void *ctx), void *ctx);
bool offload_busy(const struct keeper *k);
void offload_stop(
    struct keeper *k); /* waits for what is in hand; before intakes and pages are freed */

/* ------------------------------------------------------------------ owners.c */

/* Gives the name to `change->upstream` (T12): what the former owner's page serves is taken away,
 * then the change is durable, or (an error) nothing has changed. repository, project, upstream,
 * reason and by are the caller's. */
enum ch_code owner_give(struct keeper *k, struct page *p, struct ch_owner_change *change,
                        struct ch_err *err) CH_MUST_CHECK;
/* The owner's next answer counts, whatever serial or date it has. CH_E_NOT_FOUND: no answer is
 * known. */
enum ch_code owner_accept_older(struct keeper *k, struct page *p, struct ch_owner_change *change,
                                struct ch_err *err) CH_MUST_CHECK;
/* Turns a page that was given away to its new owner, as soon as nothing of the former one is under
 * way. */
void owner_settle(struct keeper *k, struct page *p);
/* `w` (taken over) goes on with the new owner, or when its patience ends; false: it has ended. */
bool owner_wait(struct keeper *k, struct page *p, struct waiter *w, uint32_t patience_ms);
void owner_left(struct keeper *k, struct page *p); /* something that was under way has ended */
void owner_on_moved(struct ch_timer *t);

/* ------------------------------------------------------------------ judge.c */

/* Decides on one file of a ready page, from facts, policy and time; on several: judge_together.h.
 */
/* Where a version is had whole (ch_ecosystem.whole_versions): the next file of `file`'s version
 * that could pass, had it been inspected, from `from` on. facts.file_count: there is none. */
size_t judge_missing_part(struct keeper *k, struct page *p, size_t file, size_t from);
void judge(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret);
/* The facts that judge() puts before ch_decide, for showing more of them. Slices borrow from the
 * page and live until it changes; rulings until the next call. */
void judge_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret);
/* Records the decision if it differs from the newest recorded one. */
enum ch_code judge_record(struct keeper *k, struct page *p, size_t file,
                          const struct ch_decision *d, struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ inspections.c */

/* The file's inspection that counts, or NULL. That is one by the inspector and rules in force; of
 * bytes that are allowed an older one while its grace lasts; and an older one that found an attack
 * until a newer one does not (T6). files[].inspection has what is stored in any case. */
const struct ch_inspection_result *inspection_of(struct keeper *k, struct page *p, size_t file);
void inspection_forget(struct page *p, size_t file);
/* It failed, each time by no fault of the bytes. */
bool inspection_was_interrupted(const struct ch_inspection_result *inspection);
/* Bytes that were denied since they are not what the index states, by whatever hash: one broken
 * transfer must not deny an honest file for good. */
bool inspection_of_broken_transfer(const struct page *p, size_t file);
/* Forgets all such bytes: the files are fetched again when asked for. */
void inspection_drop_broken_transfers(struct page *p);
/* Whether these bytes were inspected as this file, and never were what the index stated. */
bool inspection_never_matched(struct keeper *k, const struct page *p, size_t file,
                              const struct ch_sha256 *sha256);
/* Looks what was found in bytes that the page's files have no more (T10). */
void inspection_look_past(struct keeper *k, struct page *p);
/* It found an attack, in bytes that are the file's: such as are not what the index states are a
 * broken transfer, and the version has no part in them. */
bool inspection_is_held_against(const struct ch_inspection_result *inspection);
/* "pypi/UPSTREAM/PROJECT/FILENAME": names, and what that upstream stated, are part of what an
 * inspection judged (T6). Initialises *ret. */
void inspection_context(const struct page *p, struct ch_str file_name, struct ch_buf *ret);

/* ------------------------------------------------------------------ serve.c */

/* Links the bytes into served/ for an ALLOW that is durable. */
enum ch_code serve_bytes(struct keeper *k, struct page *p, size_t file,
                         struct ch_err *err) CH_MUST_CHECK;
/* T4: takes bytes and metadata of a file out of served/ that may not be there, at once, and ends
 * what gateways remember. For a decision other than ALLOW; of an eligible file the metadata stay.
 */
void serve_withdraw(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d);
/* The part of it for bytes that are no file's any more. */
void serve_take_bytes(struct keeper *k, const struct ch_sha256 *sha256);
/* Remembers which metadata went into served/ for a file. */
void serve_shown(struct page *p, size_t file, const struct ch_sha256 *sha256);
bool serve_is_shown(const struct page *p, size_t file);
void serve_forget_shown(struct keeper *k, struct page *p); /* and takes them away */
/* The page has new facts: takes away what was shown of files that are others now. */
void serve_settle_shown(struct keeper *k, struct page *p);

/* A link in served/ without an ALLOW in the store (a crash between unlink and record, a file put
 * there by hand) goes. Metadata is linked again when it is asked for. `ctx`: the keeper. */
void serve_check_link(void *ctx, const struct ch_sha256 *sha256);

/* ------------------------------------------------------------------ again.c */

/* Judges again all that is served from this page; takes away what is ALLOW no more. */
void again_page(struct keeper *k, struct page *p);
/* The same for this project in all repositories. */
void again_project(struct keeper *k, struct ch_str project);
/* The same for everything that any page serves, a few projects a turn; from the beginning when it
 * was under way. What gateways remember ends at once. */
void again_all(struct keeper *k);
bool again_is_running(const struct keeper *k);
void again_init(struct keeper *k);
/* When an earlier run did not get to its end under this policy and configuration, one of them is
 * another since, or a ruling has ended that no keeper saw end. */
void again_begin(struct keeper *k);
void again_free(struct keeper *k);

/* ------------------------------------------------------------------ refusal.c */

/* Fills a refusal from a decision; slices borrow from `strings`. */
void refusal_of(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d,
                struct ch_buf *strings, struct ch_refusal *ret);
/* "numpy 2.4.0" */
void refusal_subject(const struct page *p, size_t file, struct ch_buf *out);
/* One line, complete in itself: what would change the decision. It advises nothing that would be
 * refused. */
void refusal_put_change(struct keeper *k, const struct page *p, size_t file,
                        const struct ch_decision *d, struct ch_buf *out);
/* Whether something holds it that no exception lifts. */
bool refusal_stays(const struct page *p, const struct ch_decision *d);
const char *refusal_withheld_advice(
    const struct page *p); /* the same line, of a page that is (page_withheld) */
/* What /-/x/ID names it by: unguessable, the same for the same file. */
void refusal_id(const struct keeper *k, const struct page *p, size_t file, char ret[17]);

/* ------------------------------------------------------------------ releases.c */

/* The file of this page that was approved last before this one: of an earlier version, its bytes
 * allowed here before these were, of the same type and platform where there is one. -1: none was.
 */
ptrdiff_t releases_previous(struct page *p, size_t file);
void releases_touch(
    struct page *p); /* an inspection or a recorded decision of the page has changed */

/* ------------------------------------------------------------------ keys.c */

enum ch_code keys_load(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
void keys_free(struct keeper *k);
/* scanner-second says which rules it matches from now on. */
void keys_announced(struct keeper *k, const struct ch_rules_loaded *rules);
/* Until when findings of a replaced key, made at that time, do for what is served. */
int64_t keys_grace_ends(const struct keeper *k, int64_t inspected_at_us);
void keys_watch_grace(struct keeper *k);

/* ------------------------------------------------------------------ listing.c, listing_judge.c */

enum listing_state {
    LISTING_FAILED = 0, /* see err */
    LISTING_LATER,      /* it is not all judged yet */
    LISTING_THERE,      /* p->listing is good now: `bytes` or `documents`, and `generation` */
};
/* Judges what has to be, for a slice of time: a page that is small, or known, is there at once. */
enum listing_state listing_work(struct keeper *k, struct page *p, struct ch_err *err) CH_MUST_CHECK;
/* The same for somebody who waits for it: `waiter` is taken over where it is LISTING_LATER, and
 * goes on once it is there. */
enum listing_state listing_ready(struct keeper *k, struct page *p, struct waiter *waiter,
                                 struct ch_err *err) CH_MUST_CHECK;
void listing_on_turn(struct ch_timer *t); /* the next slice */
void listing_tell(struct keeper *k, struct page *p, struct waiter *list);
/* What it is judged by has changed: of all its files, of those that cannot be had, of one file and
 * so of its project, whose files are compared with each other. */
void listing_touch(struct page *p);
void listing_touch_held(struct page *p);
/* From now on its documents have those that few clients ask for. */
void listing_want_rare(struct page *p);
void listing_touch_file(struct page *p, size_t file);
/* --- listing_ruled.c: a ruling came or went --- */
void listing_touch_ruled(struct keeper *k,
                         const struct ch_ruling_row *row); /* all that it may be about */
void listing_ruled(struct keeper *k); /* of nothing else the rules are others than before */
void listing_done(struct page *p);
/* --- between the two --- */
bool listing_judge(struct keeper *k, struct page *p); /* a slice; true: all rows are good */
bool listing_is_good(const struct keeper *k, const struct page *p);
struct ch_str listing_text(const struct page *p, uint32_t at);
int64_t listing_changes_at(const struct page *p); /* when time alone makes a row another */
uint64_t listing_generation_of(struct ch_str encoded);
/* Its good rows as a page. `reasons` is what it borrows from, beside facts. */
void listing_page(struct page *p, struct ch_page *ret, struct ch_buf *reasons);
/* The same of some of its files, where these explain themselves. `reasons` has room for all (its
 * max), and is cleared. */
void listing_part(struct page *p, const uint32_t *files, size_t count, struct ch_page *ret,
                  struct ch_buf *reasons);
/* A line per file that the upstream lists, sorted by name: name, verdict, rule. */
void listing_put_verdicts(const struct page_facts *facts, const struct listing_row *rows,
                          const char *texts, struct ch_buf *out);
bool listing_is_logged(const struct keeper *k, const struct page *p);
void listing_log(struct keeper *k, struct page *p, const struct ch_sha256 *verdicts);
/* --- listing_documents.c: of pages of many files --- */
bool listing_has_documents(const struct page *p);
void listing_make_documents(struct keeper *k, struct page *p); /* of its good rows, on a thread */
void listing_documents_done(struct listing_documents *d);
void listing_job_free(struct listing_job *j); /* at the end of the process; accepts NULL */
bool listing_answers_as_it_is(
    const struct page *p); /* those who waited for it, while they are told */
/* T10: by default a source distribution is listed only where its version has nothing built. */
bool listing_hides(const struct page *p, size_t file);
enum ch_code listing_root(struct keeper *k, const struct ch_repository *repo, struct ch_buf *out,
                          uint64_t *ret_generation, struct ch_err *err) CH_MUST_CHECK;
/* held.c: what is held of a page, as it is listed; of any thread. */
void held_count(const struct ch_page *listed, struct page_held *ret);
/* What is held of each page; ch_root_page_done frees it. Borrows names of `page`, and from the
 * pages. */
void held_notes(struct keeper *k, struct ch_str repository, struct ch_root_page *page);
/* Starts what this client's resolver will want next (T14's budgets). */
void listing_ask_ahead(struct keeper *k, struct page *p, const struct ch_client *client);
/* The client has asked for this file's metadata. Starts the file where the client is a resolver
 * that can take it: that is what it looks at, which may be older than what a page made us start. */
void listing_file_ahead(struct keeper *k, struct page *p, size_t file,
                        const struct ch_client *client);

/* ------------------------------------------------------------------ ask*.c */

/* --- served.c --- */
void served_told(struct keeper *k, struct ch_channel *ch,
                 struct ch_str payload); /* CH_MSG_SERVED */
void served_committed(struct keeper *k);
void served_rolled_back(struct keeper *k);
void served_peer_came(struct keeper *k, uint32_t instance);
/* --- ask.c --- */
void ask_on_frame(struct keeper *k, struct ch_channel *ch, struct ch_frame *frame);
void ask_go_on(struct keeper *k, struct page *p,
               struct waiter *w);      /* page is answerable or failed */
char *ask_via(const struct waiter *w); /* of its client; free(). NULL: absent */
void ask_free_waiter(struct waiter *w);
void ask_page_failed(struct keeper *k, struct waiter *w,
                     struct ch_str text);                 /* `w` is taken over */
void ask_start_again(struct keeper *k, struct waiter *w); /* there may be budget for it now */
/* There was none of this kind (enum budget_kind) while its client waited. */
void ask_out_of_budget(struct keeper *k, struct waiter *w, int kind);
/* Its time is over before the page's; w is taken over. */
void ask_out_of_time(struct keeper *k, struct page *p, struct waiter *w);

/* ------------------------------------------------------------------ commands.c, metrics.c */

void commands_accept(struct keeper *k, const struct ch_control *control, int fd);
void command_tell_refused(struct keeper *k); /* strangers that were no lines of the log */
void commands_drain(struct keeper *k); /* who still waits is told that there is no end to come */
void commands_free(struct keeper *k);
/* Of the administrative interface, and its end (commands_admin.c). */
void admin_on_frame(struct keeper *k, struct ch_frame *frame);
void admin_gone(struct keeper *k);
void commands_go_on(struct command *c); /* what it waited for has ended */
void metrics_text(struct keeper *k, struct ch_buf *out);

#endif
