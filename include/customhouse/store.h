/* The store, in domain words. One interface; SQLite (db/store/sqlite.c) is behind it now, PostgreSQL
 * later. Only the keeper and offline tools link it.
 *
 * Facts (artifacts, release files, sightings, inspections, findings, rulings, decisions) are rows that
 * are inserted and never changed; fetches too, of which the oldest go (ch_store_trim). What changes is work (intake) and caches (snapshot).
 * Every function is one atomic step unless it runs between ch_store_begin and ch_store_commit.
 * A function that returns CH_OK outside a group, and ch_store_commit, have made it durable.
 *
 * Any function may return CH_E_BUSY (another process has the database locked for longer than
 * store_busy_ms), CH_E_FULL, CH_E_FORMAT (damaged), CH_E_IO; the message names the file. T4: what
 * grows towards ALLOW (ALLOW decisions, approvals, artifacts, pages, intake ...) gets CH_E_FULL when
 * less than store_reserve_bytes are left on the disk; HOLD and DENY, deny rulings, removals, moves of
 * intake and blobs go on into space that is allocated in advance. An error may undo the whole group:
 * then every later call in it, and ch_store_commit, fail with CH_E_CONFLICT.
 * Callbacks may call the store; slices they are given live until they return. */
#ifndef CUSTOMHOUSE_STORE_H
#define CUSTOMHOUSE_STORE_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"
#include "customhouse/policy.h"
#include "customhouse/scan.h"
#include "customhouse/store_egress.h"
#include "customhouse/store_log.h"
#include "customhouse/store_people.h"
#include "customhouse/store_rulings.h"
#include "customhouse/store_signing.h"

struct ch_store;

/* Opens (creating and migrating forward) the database in `folder`. CH_E_UNSUPPORTED: a newer schema.
 * CH_E_FORMAT: corrupt (quick_check; of a large one in the background: ch_store_begin
 * says it then) or another program's. CH_E_BUSY: another
 * process has it open: there is one owner at a time (a lock on folder/lock, gone with the process).
 * Afterwards nothing outside of `folder` is opened. */
enum ch_code ch_store_open(const char *folder, struct ch_store **ret_store, struct ch_err *err) CH_MUST_CHECK;
/* Only to read, also beside the keeper: neither locks, nor mends, nor migrates. All that is read is of one
 * moment, that of the opening. CH_E_UNSUPPORTED: it is of another version of the schema. */
enum ch_code ch_store_open_read(const char *folder, struct ch_store **ret_store,
                                struct ch_err *err) CH_MUST_CHECK;
/* The same, of the store that is open: for a thread, which sees what was committed. */
enum ch_code ch_store_open_beside(const struct ch_store *s, struct ch_store **ret_store,
                                  struct ch_err *err) CH_MUST_CHECK;
/* CH_E_FULL: what is left on its disk is kept for withdrawals (T4), and what leads to ALLOW is refused. */
enum ch_code ch_store_has_room(struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
/* CH_E_FORMAT: the background, or any statement, has come upon damage, and nothing is written any more. */
enum ch_code ch_store_whole(const struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
void ch_store_close(struct ch_store *s);
enum ch_code ch_store_begin(struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
/* Durable after it; on failure the group is undone. */
enum ch_code ch_store_commit(struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
void ch_store_rollback(struct ch_store *s);
bool ch_store_in_group(const struct ch_store *s);
/* A step of the open group: several calls of which all count, or none. ch_store_step_end undoes them
 * when `code` is a failure, and returns it, or why they could not be kept. */
enum ch_code ch_store_step(struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_step_end(struct ch_store *s, enum ch_code code, struct ch_err *err) CH_MUST_CHECK;

/* Small named values: "refusal-secret", "newest-time-us", ... CH_E_NOT_FOUND when absent. */
enum ch_code ch_store_get_value(struct ch_store *s, struct ch_str name, struct ch_buf *ret_value,
                                struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_set_value(struct ch_store *s, struct ch_str name, struct ch_str value,
                                struct ch_err *err) CH_MUST_CHECK;

/* --- names: one owner each (T12): the first that is pinned, until a person gives it to another --- */
enum ch_code ch_store_owner(struct ch_store *s, struct ch_str repository, struct ch_str project,
                            struct ch_buf *ret_upstream, struct ch_err *err) CH_MUST_CHECK;
/* Idempotent; *ret_first (NULL: nobody asks): it had none before. CH_E_CONFLICT when another upstream
 * owns the name. */
enum ch_code ch_store_pin_owner(struct ch_store *s, struct ch_str repository, struct ch_str project,
                                struct ch_str upstream, int64_t at_us, bool *ret_first,
                                struct ch_err *err) CH_MUST_CHECK;
/* Names of the repository with their owner, and since when it is that, sorted. */
typedef void ch_store_owner_fn(void *ctx, struct ch_str project, struct ch_str upstream, int64_t at_us);
enum ch_code ch_store_owners(struct ch_store *s, struct ch_str repository, ch_store_owner_fn *each,
                             void *ctx, struct ch_err *err) CH_MUST_CHECK;
enum ch_owner_change_kind {
    CH_OWNER_GIVEN = 1,      /* to `upstream`, which is the owner from then on */
    CH_OWNER_OLDER_ACCEPTED, /* its next answer counts, however old it says it is */
};
struct ch_owner_change {
    struct ch_str repository;
    struct ch_str project;
    enum ch_owner_change_kind kind;
    struct ch_str upstream;
    struct ch_str former; /* GIVEN: the owner before, empty: none */
    struct ch_str reason;
    struct ch_str by;
    int64_t at_us;
};
/* GIVEN also ends the approvals of the name that name no bytes (T9, T12): `ended` (NULL: nobody asks) is
 * called for each, in the same transaction; its failure undoes all. */
typedef enum ch_code ch_store_ended_fn(void *ctx, uint64_t ruling, struct ch_str why, struct ch_err *err);
enum ch_code ch_store_add_owner_change(struct ch_store *s, const struct ch_owner_change *row,
                                       uint64_t *ret_id, ch_store_ended_fn *ended, void *ctx,
                                       struct ch_err *err) CH_MUST_CHECK;
/* Oldest first. */
typedef void ch_store_owner_change_fn(void *ctx, const struct ch_owner_change *row);
enum ch_code ch_store_owner_changes(struct ch_store *s, struct ch_str repository, struct ch_str project,
                                    ch_store_owner_change_fn *each, void *ctx,
                                    struct ch_err *err) CH_MUST_CHECK;
/* Calls `each` for every project known for the repository, sorted. */
typedef void ch_store_name_fn(void *ctx, struct ch_str name);
enum ch_code ch_store_projects(struct ch_store *s, struct ch_str repository, ch_store_name_fn *each,
                               void *ctx, struct ch_err *err) CH_MUST_CHECK;
/* Those whose name begins with `project`, and of which its owner was ever seen to list a file whose name begins with
 * `file`. Neither may be empty. */
enum ch_code ch_store_pages_with_file(struct ch_store *s, struct ch_str repository, struct ch_str project,
                                      struct ch_str file, ch_store_name_fn *each, void *ctx,
                                      struct ch_err *err) CH_MUST_CHECK;

/* --- index contents: one snapshot per page, merged with what was known; history in sightings --- */
struct ch_snapshot_info {
    int64_t first_loaded_at_us; /* of the page: its baseline */
    int64_t fetched_at_us;      /* last complete answer */
    int64_t checked_at_us;      /* last answer that confirmed it (304 included) */
    struct ch_str etag;
    struct ch_str last_modified;
    struct ch_sha256 body_sha256; /* of the upstream's bytes */
};
/* `content` is the encoded merged page (db/keeper/pages/page_facts.c). Both buffers are cleared
 * first. CH_E_LIMIT: larger than ret_content may become; CH_E_FORMAT: its checksum does not match.
 */
enum ch_code ch_store_get_snapshot(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                   struct ch_snapshot_info *ret_info, struct ch_buf *ret_content,
                                   struct ch_buf *ret_strings, struct ch_err *err) CH_MUST_CHECK;
/* The same without the content, of which the size is told. */
enum ch_code ch_store_find_snapshot(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                    struct ch_snapshot_info *ret_info, uint64_t *ret_content_bytes,
                                    struct ch_buf *ret_strings, struct ch_err *err) CH_MUST_CHECK;
/* Of a page that is known first_loaded_at_us stays what it was. */
enum ch_code ch_store_put_snapshot(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                   const struct ch_snapshot_info *info, struct ch_str content,
                                   struct ch_err *err) CH_MUST_CHECK;
/* The same in two steps: the first takes long for a large page, needs no store, and may run on a thread of its own. */
enum ch_code ch_snapshot_pack(struct ch_str content, struct ch_buf *ret,
                              struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_put_packed_snapshot(struct ch_store *s, struct ch_str upstream,
                                          struct ch_str project,
                                          const struct ch_snapshot_info *info,
                                          uint64_t content_bytes, struct ch_str packed,
                                          struct ch_err *err) CH_MUST_CHECK;
/* The same of a page about which nothing was asked: what was not found still is not. */
enum ch_code ch_store_rewrite_snapshot(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                       const struct ch_snapshot_info *info, struct ch_str content,
                                       struct ch_err *err) CH_MUST_CHECK;
/* *ret_id (NULL: nobody asks): its number. */
enum ch_code ch_store_snapshot_checked(struct ch_store *s, struct ch_str upstream,
                                       struct ch_str project, int64_t checked_at_us,
                                       uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;
/* And it was found. */
enum ch_code ch_store_confirm_snapshot(struct ch_store *s, struct ch_str upstream,
                                       struct ch_str project, int64_t checked_at_us,
                                       uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;

enum ch_sighting { CH_SIGHTING_APPEARED = 1, CH_SIGHTING_REMOVED, CH_SIGHTING_RETURNED };
/* A file appeared on, vanished from, or came back to a page that had been loaded before. */
enum ch_code ch_store_add_sighting(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                   struct ch_str file_name, const struct ch_sha256 *stated_sha256,
                                   enum ch_sighting kind, int64_t at_us, int64_t last_absent_at_us,
                                   struct ch_err *err) CH_MUST_CHECK;

/* --- artifacts and where they stand --- */
struct ch_artifact {
    struct ch_sha256 sha256;
    uint64_t size_bytes;
    int64_t fetched_at_us;
};
/* Idempotent for equal values; CH_E_MISMATCH for a different size. */
enum ch_code ch_store_add_artifact(struct ch_store *s, const struct ch_artifact *a,
                                   struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_get_artifact(struct ch_store *s, const struct ch_sha256 *sha256,
                                   struct ch_artifact *ret, struct ch_err *err) CH_MUST_CHECK;
/* Another name of the same bytes: algorithm "sha512", "md5"; never carries a decision (T15).
 * CH_E_USAGE: the artifact was not added before. */
enum ch_code ch_store_add_alias(struct ch_store *s, struct ch_str algorithm, struct ch_str hex,
                                const struct ch_sha256 *sha256, struct ch_err *err) CH_MUST_CHECK;
/* The bytes that have it. CH_E_NOT_FOUND: none are known; CH_E_MISMATCH: several have, so it names none. */
enum ch_code ch_store_find_alias(struct ch_store *s, struct ch_str algorithm, struct ch_str hex,
                                 struct ch_sha256 *ret, struct ch_err *err) CH_MUST_CHECK;

struct ch_release_file { /* a release file and the bytes that arrived for it */
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 sha256;
    struct ch_str url;
    int64_t at_us;
};
/* No new row when the newest of that name is these bytes. CH_E_USAGE: artifact not added before. */
enum ch_code ch_store_add_release_file(struct ch_store *s, const struct ch_release_file *f,
                                       struct ch_err *err) CH_MUST_CHECK;
/* The newest bytes fetched for a file name. CH_E_NOT_FOUND: never fetched. */
enum ch_code ch_store_find_release_file(struct ch_store *s, struct ch_str upstream,
                                        struct ch_str project, struct ch_str file_name,
                                        struct ch_sha256 *ret_sha256, struct ch_err *err) CH_MUST_CHECK;
/* These bytes came whole for the file at f->at_us, which replaces an earlier time (T5). f->url is not
 * used. */
enum ch_code ch_store_confirm_bytes(struct ch_store *s, const struct ch_release_file *f,
                                    struct ch_err *err) CH_MUST_CHECK;
/* Fills f->at_us. CH_E_NOT_FOUND: they never did. */
enum ch_code ch_store_bytes_confirmed(struct ch_store *s, struct ch_release_file *f,
                                      struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_release_fn(void *ctx, const struct ch_release_file *f);
/* All release files that are these bytes / of this project (any upstream). */
enum ch_code ch_store_releases_of(struct ch_store *s, const struct ch_sha256 *sha256,
                                  ch_store_release_fn *each, void *ctx, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_releases_of_project(struct ch_store *s, struct ch_str upstream,
                                          struct ch_str project, ch_store_release_fn *each, void *ctx,
                                          struct ch_err *err) CH_MUST_CHECK;

struct ch_fetch_row { /* every fetch that ended, for audit and metrics */
    struct ch_str upstream;
    struct ch_str url;
    uint32_t http_status;
    enum ch_code code;
    uint64_t bytes;
    uint32_t elapsed_ms;
    int64_t at_us;
};
enum ch_code ch_store_add_fetch(struct ch_store *s, const struct ch_fetch_row *f,
                                struct ch_err *err) CH_MUST_CHECK;

/* How large a file is of which the index states no size, as a broken off fetch found out. */
struct ch_file_size {
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 stated_sha256; /* as the index stated it then; zero: it stated none */
    uint64_t size_bytes;
    bool at_least; /* or more */
    int64_t at_us;
};
enum ch_code ch_store_add_file_size(struct ch_store *s, const struct ch_file_size *f,
                                    struct ch_err *err) CH_MUST_CHECK;
/* Of all files of the project, oldest first. */
typedef void ch_store_file_size_fn(void *ctx, const struct ch_file_size *f);
enum ch_code ch_store_file_sizes(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                 ch_store_file_size_fn *each, void *ctx,
                                 struct ch_err *err) CH_MUST_CHECK;

/* What the last fetch of a file has found out that trying again at once would not change, and what
 * the index said of it then: of what it says otherwise since, it was not found out. */
struct ch_fetch_fault_row {
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    enum ch_fetch_fault fault; /* CH_FAULT_NONE: it came */
    struct ch_sha256 stated_sha256;
    uint64_t stated_bytes;
    struct ch_str url;
    uint64_t told_bytes; /* CH_FAULT_SIZE: what it has */
    bool at_least;       /* or more */
    struct ch_str text;  /* who answered what: printable */
    int64_t at_us;
};
enum ch_code ch_store_add_fetch_fault(struct ch_store *s, const struct ch_fetch_fault_row *f,
                                      struct ch_err *err) CH_MUST_CHECK;
/* The last one of each file of the project. */
typedef void ch_store_fetch_fault_fn(void *ctx, const struct ch_fetch_fault_row *f);
enum ch_code ch_store_fetch_faults(struct ch_store *s, struct ch_str upstream,
                                   struct ch_str project, ch_store_fetch_fault_fn *each, void *ctx,
                                   struct ch_err *err) CH_MUST_CHECK;

/* --- inspections: keyed by bytes, profile, inspector version and ruleset (T6), and by context --- */
struct ch_inspection_key {
    struct ch_sha256 sha256;
    struct ch_str profile;
    uint32_t inspector_version;
    struct ch_sha256 ruleset; /* zero: no rules were matched */
    struct ch_str context;    /* "pypi/UPSTREAM/PROJECT/FILENAME": what depends on names is per release file;
                               * "/md5=HEX" follows where the index states another hash */
};
struct ch_jail_cost {
    uint64_t cpu_us;
    uint64_t memory_bytes; /* resident at its peak, with what it shares with its parent */
};
struct ch_inspection_row {
    enum ch_inspection outcome;
    struct ch_str error;
    int64_t at_us;
    uint64_t cpu_us;
    uint64_t wall_us;
    uint64_t member_count;
    struct ch_sha256 members_digest;   /* of the agreed member list */
    struct ch_sha256 metadata_sha256;  /* blob with the core metadata, zero: none */
    uint64_t metadata_bytes;
    struct ch_jail_cost strict, second;
    const struct ch_finding *findings;
    size_t finding_count;
    const struct ch_fact *facts;
    size_t fact_count;
    struct ch_sha256 record; /* of all this with its key, by the store; zero: of an inspector before
                              * CH_INSPECTOR_RECORDS */
};
enum ch_code ch_store_add_inspection(struct ch_store *s, const struct ch_inspection_key *key,
                                     const struct ch_inspection_row *row, struct ch_err *err) CH_MUST_CHECK;
/* Newest row for exactly this key. Arrays and slices live until ch_store_inspection_done. CH_E_FORMAT: it
 * is not what was recorded. */
struct ch_inspection_result {
    struct ch_inspection_row row;
    uint32_t inspector_version; /* whose it is */
    struct ch_sha256 ruleset;
    struct ch_buf strings;
    struct ch_finding *findings;
    struct ch_fact *facts;
    struct ch_buf added; /* texts of findings that the keeper has added, which the store does not have */
    size_t added_count;  /* those: the last of row.findings */
};
enum ch_code ch_store_get_inspection(struct ch_store *s, const struct ch_inspection_key *key,
                                     struct ch_inspection_result *ret, struct ch_err *err) CH_MUST_CHECK;
/* The newest one of these bytes, profile and context, whatever inspector and rules made it. */
enum ch_code ch_store_newest_inspection(struct ch_store *s, const struct ch_inspection_key *key,
                                        struct ch_inspection_result *ret, struct ch_err *err) CH_MUST_CHECK;
void ch_store_inspection_done(struct ch_inspection_result *r);
/* All of these bytes, or (NULL) all in their order, until `each` says that it wants no more.
 * Slices live during the call. `as_recorded`: row->record, which is computed anew, is the stored one. */
typedef bool ch_store_inspection_fn(void *ctx, uint64_t id, const struct ch_inspection_key *key,
                                    const struct ch_inspection_row *row, bool as_recorded);
enum ch_code ch_store_inspections_of(struct ch_store *s, const struct ch_sha256 *sha256,
                                     ch_store_inspection_fn *each, void *ctx,
                                     struct ch_err *err) CH_MUST_CHECK;
/* The contexts that these bytes were inspected in, of those that are key->context or begin with it and
 * "/". The store must not be asked meanwhile. */
enum ch_code ch_store_inspection_contexts(struct ch_store *s, const struct ch_inspection_key *key,
                                          ch_store_name_fn *each, void *ctx,
                                          struct ch_err *err) CH_MUST_CHECK;
/* Whatever key->context is: some of those in which this key's inspector and rules found one of these codes, ",2,3,";
 * and of those that end so, in which they came to an end and found none of them. The store must not be asked meanwhile. */
enum ch_code ch_store_contexts_with_findings(struct ch_store *s, const struct ch_inspection_key *key,
                                             struct ch_str codes, ch_store_name_fn *each, void *ctx,
                                             struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_contexts_complete(struct ch_store *s, const struct ch_inspection_key *key,
                                        struct ch_str ending, struct ch_str codes,
                                        ch_store_name_fn *each, void *ctx,
                                        struct ch_err *err) CH_MUST_CHECK;

/* A metadata sidecar that was checked before its file was fetched (T1). The first four are its key. */
struct ch_sidecar_row {
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 stated_sha256; /* the file's, as the index stated it then; zero: it stated none */
    struct ch_sha256 sha256;
    uint64_t size_bytes;
    int64_t at_us;
};
/* From now on the one of its key. */
enum ch_code ch_store_put_sidecar(struct ch_store *s, const struct ch_sidecar_row *row,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Fills the rest of the row of this key. */
enum ch_code ch_store_get_sidecar(struct ch_store *s, struct ch_sidecar_row *row,
                                  struct ch_err *err) CH_MUST_CHECK;

/* --- decisions: a row whenever the decision on a release file changes --- */
struct ch_decision_row {
    struct ch_str repository;
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 sha256; /* zero: bytes not known */
    enum ch_verdict verdict;
    struct ch_str rule;
    struct ch_str reason;
    struct ch_sha256 policy;
    int64_t at_us;
    bool audited; /* ALLOW of a repository that audits: rule and reason would have held it */
};
enum ch_code ch_store_add_decision(struct ch_store *s, const struct ch_decision_row *d,
                                   struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_decision_fn(void *ctx, const struct ch_decision_row *row);
/* Newest row per release file of this project in this repository. */
enum ch_code ch_store_decisions_of(struct ch_store *s, struct ch_str repository, struct ch_str project,
                                   ch_store_decision_fn *each, void *ctx, struct ch_err *err) CH_MUST_CHECK;
/* Newest row per release file whose verdict is `verdict`, newest first, at most `max`; in this
 * repository (absent: in all). */
enum ch_code ch_store_decisions_by_verdict(struct ch_store *s, struct ch_str repository,
                                           enum ch_verdict verdict, size_t max,
                                           ch_store_decision_fn *each, void *ctx,
                                           struct ch_err *err) CH_MUST_CHECK;

/* The projects of which some release file has its newest decision among those numbered after + 1 to
 * `up_to`, with this verdict (-1: any). A project is told for each such file. */
typedef void ch_store_page_fn(void *ctx, struct ch_str repository, struct ch_str project);
enum ch_code ch_store_decided_pages(struct ch_store *s, uint64_t after, uint64_t up_to, int verdict,
                                    ch_store_page_fn *each, void *ctx,
                                    struct ch_err *err) CH_MUST_CHECK;
/* Newest row per release file, of those that are audited, newest first, at most `max`; in this
 * repository (absent: in all). */
enum ch_code ch_store_decisions_audited(struct ch_store *s, struct ch_str repository, size_t max,
                                        ch_store_decision_fn *each, void *ctx,
                                        struct ch_err *err) CH_MUST_CHECK;
/* Each time that bytes of a file of this project became allowed in this repository; of a file oldest
 * first. */
typedef void ch_store_allow_fn(void *ctx, struct ch_str file_name, const struct ch_sha256 *sha256,
                               int64_t at_us);
enum ch_code ch_store_allows(struct ch_store *s, struct ch_str repository, struct ch_str project,
                             struct ch_str upstream, ch_store_allow_fn *each, void *ctx,
                             struct ch_err *err) CH_MUST_CHECK;

/* --- policies: a row whenever another one came into force --- */
struct ch_policy_row {
    uint64_t id; /* given by the store, counting up */
    struct ch_sha256 digest;
    struct ch_str by;     /* "user:alice", or the event */
    struct ch_str reason; /* may be absent */
    int64_t at_us;
    uint64_t size_bytes; /* of the bundle; read only */
};
/* The text (policy.h: the bundle) is kept once per digest. */
enum ch_code ch_store_add_policy(struct ch_store *s, const struct ch_policy_row *row,
                                 struct ch_str bundle, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_policy_fn(void *ctx, const struct ch_policy_row *row);
/* Newest first, at most `max`. */
enum ch_code ch_store_policies(struct ch_store *s, size_t max, ch_store_policy_fn *each, void *ctx,
                               struct ch_err *err) CH_MUST_CHECK;
/* CH_E_NOT_FOUND: none of this digest was ever in force. */
enum ch_code ch_store_policy_text(struct ch_store *s, const struct ch_sha256 *digest,
                                  struct ch_buf *ret_bundle, struct ch_err *err) CH_MUST_CHECK;

/* --- rescans: derived, not stored. Decisions are numbered: a part at a time, since all of a large site
 * take seconds --- */
enum ch_code ch_store_newest_decision(struct ch_store *s, uint64_t *ret_id,
                                      struct ch_err *err) CH_MUST_CHECK; /* 0: none */
struct ch_rescan_query {
    uint64_t after; /* of the decisions numbered after + 1 to up_to */
    uint64_t up_to;
    struct ch_str repository;
    struct ch_str ecosystem; /* of it: an inspection's context begins with it */
    uint32_t inspector_version;
    struct ch_sha256 ruleset;
    bool all; /* all files whose bytes were decided on; else those allowed without such an inspection */
};
struct ch_rescan_row {
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 sha256;
    int64_t decided_at_us;
    uint64_t times_served;
};
typedef void ch_store_rescan_fn(void *ctx, const struct ch_rescan_row *row);
/* In no order. */
enum ch_code ch_store_rescans(struct ch_store *s, const struct ch_rescan_query *query,
                              ch_store_rescan_fn *each, void *ctx, struct ch_err *err) CH_MUST_CHECK;

/* --- intake: durable work, resumed after a crash ---
 * wanted -> fetching -> fetched -> scanning -> scanned -> decided (row deleted), or failed. */
enum ch_intake_state {
    CH_INTAKE_WANTED = 1, CH_INTAKE_FETCHING, CH_INTAKE_FETCHED, CH_INTAKE_SCANNING,
    CH_INTAKE_SCANNED, CH_INTAKE_DECIDED, CH_INTAKE_FAILED,
};
struct ch_intake_row {
    uint64_t id;
    struct ch_str repository;
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    enum ch_intake_state state;
    struct ch_sha256 sha256; /* from FETCHED on */
    uint32_t attempts; /* times that its inspection was begun */
    bool ahead; /* nobody is waiting: asked ahead */
    int64_t created_at_us;
    int64_t not_before_us; /* FAILED: may be tried again from then on */
    struct ch_str error;
};
/* One row per (upstream, project, file_name): adding it again returns the same id, and takes `ahead`
 * away when this one is not. An id never comes back. */
enum ch_code ch_store_add_intake(struct ch_store *s, const struct ch_intake_row *row, uint64_t *ret_id,
                                 struct ch_err *err) CH_MUST_CHECK;
/* sha256 NULL or zero keeps what is known; CH_E_USAGE: FETCHED to DECIDED without it. Moving to SCANNING
 * counts an attempt. CH_E_NOT_FOUND: ended. */
enum ch_code ch_store_move_intake(struct ch_store *s, uint64_t id, enum ch_intake_state state,
                                  const struct ch_sha256 *sha256, struct ch_str error,
                                  int64_t not_before_us, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_end_intake(struct ch_store *s, uint64_t id, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_intake_fn(void *ctx, const struct ch_intake_row *row);
enum ch_code ch_store_intakes(struct ch_store *s, ch_store_intake_fn *each, void *ctx,
                              struct ch_err *err) CH_MUST_CHECK;

/* --- who got what --- */
struct ch_served_row {
    struct ch_str repository;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 sha256;
    struct ch_str address;
    struct ch_str user_agent;
    struct ch_str principal; /* "user:anna"; absent: of an earlier version's rows */
    int64_t first_at_us;
    int64_t last_at_us;
    uint64_t times;
    uint64_t id; /* given by ch_store_add_served */
};
/* Counts up the row of (file, bytes, address, user agent, principal). *ret_first: this principal had none
 * of these bytes from this address before. */
enum ch_code ch_store_add_served(struct ch_store *s, struct ch_served_row *row, bool *ret_first,
                                 struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_served_fn(void *ctx, const struct ch_served_row *row);
enum ch_code ch_store_served(struct ch_store *s, const struct ch_sha256 *sha256, struct ch_str project,
                             struct ch_str file_name, ch_store_served_fn *each, void *ctx,
                             struct ch_err *err) CH_MUST_CHECK; /* absent/zero arguments match all */

/* --- refusals: what /-/x/ID shows --- */
struct ch_refusal_row {
    struct ch_str id;
    struct ch_str repository;
    struct ch_str project;
    struct ch_str file_name;
    int64_t at_us;
};
enum ch_code ch_store_put_refusal(struct ch_store *s, const struct ch_refusal_row *row,
                                  struct ch_err *err) CH_MUST_CHECK; /* idempotent by id */
enum ch_code ch_store_get_refusal(struct ch_store *s, struct ch_str id, struct ch_refusal_row *ret,
                                  struct ch_buf *ret_strings, struct ch_err *err) CH_MUST_CHECK;

/* Drops some of the rows beyond what limits.h keeps of refusals, fetches and who got what; nothing is
 * decided from those. *ret_served_from: of who got what all before this one; 0: none of them. */
enum ch_code ch_store_trim(struct ch_store *s, int64_t now_us, uint64_t *ret_served_from,
                           struct ch_err *err) CH_MUST_CHECK;

/* --- blobs on disk: what lies where, for quotas (blobs.h moves the files) --- */
enum ch_blob_place { CH_BLOB_UNDECIDED = 1, CH_BLOB_SERVED, CH_BLOB_EVICTED };
enum ch_code ch_store_put_blob(struct ch_store *s, const struct ch_sha256 *sha256, uint64_t size_bytes,
                               enum ch_blob_place place, int64_t used_at_us, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_get_blob(struct ch_store *s, const struct ch_sha256 *sha256,
                               enum ch_blob_place *ret_place, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_blob_bytes(struct ch_store *s, enum ch_blob_place place, uint64_t *ret_bytes,
                                 uint64_t *ret_count, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_blob_fn(void *ctx, const struct ch_sha256 *sha256, uint64_t size_bytes);
/* The upstream refuses to send this file, or the page (empty name), and with it each of its files.
 * That stands until it does: ch_store_put_snapshot, ch_store_confirm_snapshot and
 * ch_store_confirm_bytes end it. */
enum ch_code ch_store_not_found(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                struct ch_str file_name, int64_t at_us,
                                struct ch_err *err) CH_MUST_CHECK;
/* It was found again; where it was never missed, nothing happens. `file_name` as above. */
enum ch_code ch_store_found(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                            struct ch_str file_name, struct ch_err *err) CH_MUST_CHECK;
/* Bytes of which nobody else may have a copy: they were approved once, and of no file that they
 * came for does its upstream still list them (T5), or send them. Not those that a person denies by
 * their digest. */
enum ch_code ch_store_last_copies(struct ch_store *s, enum ch_blob_place place, uint64_t *ret_bytes,
                                  uint64_t *ret_count, struct ch_err *err) CH_MUST_CHECK;
/* Least recently used first, at most `max`; no last copies. */
enum ch_code ch_store_oldest_blobs(struct ch_store *s, enum ch_blob_place place, size_t max,
                                   ch_store_blob_fn *each, void *ctx, struct ch_err *err) CH_MUST_CHECK;
/* The same of last copies alone. */
enum ch_code ch_store_oldest_last_copies(struct ch_store *s, enum ch_blob_place place, size_t max,
                                         ch_store_blob_fn *each, void *ctx,
                                         struct ch_err *err) CH_MUST_CHECK;

/* --- counts that become entries of the audit log (store_log.h) --- */

/* Refusals are counted by the minute, and become one entry each when the minute is over. */
struct ch_refusals_row {
    int64_t minute; /* since 1970 */
    struct ch_str repository, project, file_name, address, principal, rule;
    uint64_t times;
};
/* One more; `times` does not count. Where its minute has no such row yet, one is added, but not beyond `rows` of
 * that minute and `rows_of_one` of the same principal and address: then it is CH_E_LIMIT, and nothing was counted. */
enum ch_code ch_store_count_refusal(struct ch_store *s, const struct ch_refusals_row *row, uint64_t rows,
                                    uint64_t rows_of_one, struct ch_err *err) CH_MUST_CHECK;
typedef enum ch_code ch_store_refusals_fn(void *ctx, const struct ch_refusals_row *row, struct ch_err *err);
/* A failure of `each` ends it. */
enum ch_code ch_store_refusals_before(struct ch_store *s, int64_t minute, ch_store_refusals_fn *each,
                                      void *ctx, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_drop_refusals_before(struct ch_store *s, int64_t minute, struct ch_err *err) CH_MUST_CHECK;

/* Newest time any fact carries (T7: a clock that jumped against it stops releases by time). */
enum ch_code ch_store_newest_time(struct ch_store *s, int64_t *ret_at_us, struct ch_err *err) CH_MUST_CHECK;

#endif
