/* The command line's side of the keeper. A command that must wait (for an index, for an inspection)
 * is run again from its beginning when what it waited for has ended. */
#ifndef KEEPER_COMMANDS_INT_H
#define KEEPER_COMMANDS_INT_H

#include "db/keeper/keeper_int.h"

#include "db/people/people.h"
#include "db/keeper/rulings/exceptions.h"
#include "json.h"

/* Whether it changes something: who may not then is entered in the audit log, and why. */
enum command_acts {
    ACTS_NOT = 0,
    ACTS,
    ACTS_BY_VERB,    /* but for list and show, its first word */
    ACTS_BY_REASON,  /* when one is given */
    ACTS_BY_DISCARD, /* with --discard */
    ACTS_BY_RESCAN,  /* when something is named, with --all or with --wait */
};

struct command {
    struct command *next;
    struct keeper *k;
    struct ch_channel *ch; /* of the control socket; NULL: gone, or the command came by `admin` */
    uint32_t uid;          /* of the peer of the socket */
    bool by_token;         /* it came by the administrative interface, with these: */
    uint64_t ask;
    struct ch_sha256 token;
    bool denied; /* a right was missing: */
    char missing[160];
    bool cut;               /* by_token: what it said did not all go out */
    struct principal who;   /* commands: what is done is done by who.text */
    size_t subject;         /* place of the word that it is about */
    enum action action;     /* what its row of the table asks for */
    enum command_acts acts; /* the same row's */
    struct ch_buf payload;
    struct ch_command args; /* borrows from payload */
    struct ch_buf out;      /* not yet sent */
    bool waiting;           /* a waiter of it is somewhere: it must not be freed before that ends */
    bool gone;              /* the other side went away meanwhile */
    bool told;              /* "inspecting N files" was said */
    size_t answers;         /* JSON objects of a list that were put */
    struct rescan_batch *batch; /* of rescan */
    struct ch_buf input;        /* what it is about, beside its words */
    struct policy_trial *trial; /* of policy test and offer */
    struct gate *gate;
    struct runtime *runtime;             /* commands_runtime.h; NULL: it is none */
    struct dependencies *dependencies;   /* of what it names; NULL: not looked up */
    size_t names_awaited;                /* large pages of names that its digest came under */
    struct digest_search *digest_search; /* of what it names by a digest; NULL: none was needed */
    struct approved *approved;           /* of approve: what is in force and waits for the log */
};

/* What a command is about. */
enum what_kind { WHAT_PROJECT, WHAT_RANGE, WHAT_VERSION, WHAT_FILE };

struct what {
    enum what_kind kind;
    char repository[256];
    char project[256]; /* FILE: the page that lists it */
    bool unlisted;     /* FILE: none is known that does; `project` is what its name says */
    char page[256];    /* that is named beside a project, or the only one that lists its version;
                          empty: neither */
    char scope[520];   /* VERSION of a page of many projects: "PAGE/PROJECT", as exceptions have it;
                          else empty */
    char spec[256];    /* RANGE: as given; VERSION: "==VER" */
    char version[160];
    char file_name[520];
    char upstream[256];      /* of a digest: where its bytes came from */
    char extras[256];        /* NAME[EXTRA,...]: what is within the brackets */
    struct ch_sha256 sha256; /* FILE that was named by these bytes; zero: by another word */
};

enum step { STEP_DONE, STEP_WAIT };

struct ch_str command_option(const struct command *c, const char *name); /* absent: not given */
struct ch_str command_word(const struct command *c);                     /* the one it is about */
struct ch_str command_word_at(const struct command *c, size_t place);    /* absent: there is none */
void command_print(struct command *c, const char *fmt, ...) CH_PRINTF(2, 3);
void command_put(struct command *c, struct ch_str text);
void command_put_escaped(struct command *c, struct ch_str text); /* from outside, for a terminal */
void command_put_printable(struct command *c, struct ch_str text); /* escaped already */
bool command_has(const struct command *c, const char *option);
/* `"findings":[...]`; `in` may be NULL: none. */
void command_json_findings(struct ch_buf *b, const struct ch_inspection_result *in);
/* One per line, indented. */
void command_show_findings(struct command *c, const struct ch_inspection_result *in);
enum step command_end(struct command *c, uint32_t exit_status, const char *fmt, ...)
    CH_PRINTF(3, 4);

/* Whether the command is about "sha256:HEX"; CH_E_USAGE: that is none. */
enum ch_code command_digest(const struct command *c, bool *ret_is, struct ch_sha256 *ret,
                            struct ch_err *err) CH_MUST_CHECK;
/* What it names by a digest that was never fetched is looked for, once, among stored pages; the
 * large pages of what was fetched are read. True: that goes on, and the command is run again then.
 */
bool command_digest_is_looked_for(struct command *c) CH_MUST_CHECK;
/* The first name under which these bytes came that still stands for them, else the first; without a
 * file name: they never came. */
enum ch_code command_what_came(struct command *c, const struct ch_sha256 *sha256, struct what *ret,
                               struct ch_err *err) CH_MUST_CHECK;
/* Reads WHAT, and checks that the command may be about it. CH_E_USAGE says what forms there are;
 * CH_E_NOT_FOUND: nothing known by that name; CH_E_DENIED: not by this principal. */
enum ch_code command_what(struct command *c, struct what *ret, struct ch_err *err) CH_MUST_CHECK;
/* Whose page the word says, NAME:TAG or NAME@DIGEST; NULL: it says none (commands_what_image.c). */
const struct ch_ecosystem *command_image_ecosystem(struct ch_str word);
/* What such a page lists now. CH_E_NOT_FOUND: nobody has asked for the tag. */
enum ch_code command_what_image(struct command *c, const struct ch_repository *repo,
                                struct ch_str page, struct what *ret,
                                struct ch_err *err) CH_MUST_CHECK;
/* The same by an address on this server, behind the repository's name. */
enum ch_code command_what_address(struct command *c, const struct ch_repository *repo,
                                  struct ch_str path, struct what *ret,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Whether its pages list files of many projects, and `what` does not name one of them. */
bool command_is_searched(struct keeper *k, const struct what *what);
/* The page that lists it: the project's own; or, where pages list many projects, the only one of
 * those that somebody asked for. NULL: the text says why. Nothing is fetched. */
struct page *command_find_page(struct keeper *k, const struct what *what, struct ch_err *err);
/* The page of what the command is about; NULL: wait, or (c ended) nothing there. */
struct page *command_page(struct command *c, const struct what *what, enum step *ret_step);
/* The same, also where no upstream has it: PAGE_ABSENT. And what is said then. */
struct page *command_any_page(struct command *c, const struct what *what, enum step *ret_step);
enum step command_end_absent(struct command *c, const struct page *p);
/* The repository the command is about: --repository, which has to be of the ecosystem, else the
 * only one of that (absent: any), and of those with the upstream (NULL: any). CH_E_USAGE: there is
 * none. */
const struct ch_repository *command_repository(struct command *c, struct ch_str ecosystem,
                                               const char *upstream, struct ch_err *err);
/* The bytes that the file stands for now, by its index, else by what came; zeros: nothing is known.
 */
const struct ch_sha256 *command_bytes_now(const struct page *p, size_t file);
/* Whether it stands for other bytes than these. Of zeros, and where nothing is known: no. */
bool command_is_other(const struct page *p, size_t file, const struct ch_sha256 *sha256);
/* What an approval of it is about, and no more. */
bool command_names(const struct page *p, size_t file, const struct what *what);
/* Besides, what a denial of it takes (1.0+local of ==1.0): who looks into an incident is told of no
 * less than they deny. */
bool command_concerns(const struct page *p, size_t file, const struct what *what);
/* Ends it where `p` has nothing of `what`. */
enum step command_end_unlisted(struct command *c, const struct page *p, const struct what *what);
struct waiter *command_waiter(struct command *c);
/* "2026-12-31" (its end), "14d", "12h", or a time (2026-12-31T12:00:00Z), all of them to come. */
bool command_expiry(struct ch_str text, int64_t now_us, int64_t *ret_us);
#define COMMAND_EXPIRY                                                                             \
    "expected a date (2026-12-31), a time (2026-12-31T12:00:00Z), days (14d) or hours (12h), to "  \
    "come"

/* Of a step away from ALLOW, with why (unsaved.h). */
#define COMMAND_NOT_STORED                                                                         \
    "in force until a restart, but not stored; it is tried again by itself: %s"

/* --- exceptions (commands_approve.c, commands_exceptions.c) --- */

/* What an exception is about, as a command would say it. */
void command_what_of(const struct ch_exception_row *row, struct what *ret);
/* The other way round: where it is, and nothing else; slices borrow from `what`. */
struct ch_exception_row command_scope(const struct command *c, const struct what *what);
/* "young==2.0", "young>=2" or a file's name. */
void command_put_scope(struct ch_buf *b, const struct ch_exception_row *row);
/* What an exception may lift of reviewed bytes: what the policy's masks permit, but for weak
 * hashes. */
static inline uint64_t command_liftable(void)
{
    return ch_approval_liftable(true) & ~((uint64_t)1 << CH_HOLD_IDENTITY);
}
/* Digest over what was found in one file. */
struct ch_sha256 command_evidence(const struct ch_inspection_result *in,
                                  const struct ch_sha256 *artifact);
/* What is there of all that is named: of what has no inspection nothing. `page` NULL: a range. */
struct exception_shown command_shown(struct keeper *k, struct page *page, const struct what *what);
/* Holds (mask) of one file, whatever anybody has approved; of what is denied none. */
uint64_t command_holds(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret);
void command_put_holds(struct ch_buf *b, uint64_t holds); /* "cool-down, finding" */
/* What would be overridden in all files that are named. Returns how many there are. `ret_denied` is
 * a DENY of one of them, if any: that no exception lifts. */
size_t command_put_overrides(struct keeper *k, struct page *p, const struct what *what,
                             struct ch_buf *b, struct ch_decision *ret_denied);
/* Whether what is asked for is given the reason and end it needs; false: the command has ended.
 * `wanted` is the end without --expires; CH_TIME_UNKNOWN: the policy's default. */
bool command_terms(struct command *c, const struct what *what, int64_t wanted_us,
                   bool reason_needed, struct ch_str *ret_reason, int64_t *ret_expires_us);
/* The end that nobody named, and the latest that the policy permits. */
int64_t command_usual_end(const struct ch_exception_terms *terms, int64_t now_us,
                          int64_t *ret_latest_us);
/* A range is lifted by its project's name alone, and one of a page named beside it would say less
 * than it does; true: the command has ended. */
bool command_is_wide(struct command *c, const struct what *what, enum step *ret_step);
/* T12: no exception gives what the configuration keeps back; true: the command has ended. */
bool command_is_withheld(struct command *c, const struct what *what);
/* Whether it may approve there, as a person among others, or (*ret_alone) by itself; false: the
 * command has ended. */
bool command_may_approve(struct command *c, const struct what *what, bool *ret_alone);
/* How many persons it takes to approve it, and why more than one; `x` NULL: `who` alone asks for
 * it. */
struct command_needed {
    size_t persons, missing; /* in all; and still */
    const char *why;         /* NULL: one is enough */
};
struct command_needed command_needed(struct keeper *k, const struct exception *x, bool critical,
                                     const struct what *what, const struct exception_shown *now);
/* The same of what is there, as far as it was inspected. */
struct command_needed command_needed_now(struct keeper *k, const struct exception *x);
/* "1 more person has to approve it: ..." */
void command_put_needed(struct ch_buf *b, const struct command_needed *n);
/* What an exception names, as it is there now. */
struct exception_shown command_shown_of(struct keeper *k, const struct exception *x);
/* The number that the command is about; 0: it is about something else. */
uint64_t command_exception_id(const struct command *c);
/* Approves what is asked for, or asks for it and, where one may, approves it. `of` 0: what `what`
 * says; `renews` 0: nothing. */
enum step command_approve_what(struct command *c, const struct what *what, uint64_t of,
                               uint64_t renews);
/* Goes on with what is in force and waited for the log (c->approved). */
enum step command_approved(struct command *c);
void approved_free(struct approved *a);
/* Fields of an exception, for programs; of its steps too. */
void command_json_exception(struct command *c, struct ch_buf *b, const struct exception *x,
                            bool steps);
/* Lines (or "exceptions":[...]) about those that are open and cover the file. */
void command_explain_exceptions(struct command *c, const struct page *p, size_t file);
/* Of an index: what it lists, which of that counts in its repository, and what is recorded of it.
 * `json` NULL: for people. */
void command_explain_listed(struct command *c, struct page *p, size_t file, struct ch_buf *json);
/* Who pushed it, of a hosted repository's manifest; `json` NULL: for people. */
void command_explain_pushed(struct command *c, const struct page *p, size_t file,
                            struct ch_buf *json);
void command_json_exceptions_of(struct command *c, struct ch_buf *b, const struct page *p,
                                size_t file);

/* --- who commands, and whether he may (commands_rights.c) --- */

/* Whom a peer of the control socket is. False: nobody; that was answered, nothing of it is read,
 * and the descriptor stays the caller's. */
bool command_peer(struct keeper *k, const struct ch_control *control, int fd,
                  struct principal *ret);
/* Whether its principal is still the one it began with; false: the command has ended. */
bool command_identify(struct command *c);
/* Whether who commands may do this in the repository (absent: in the site as a whole). False: the
 * command has ended, saying which right is missing and who can give it. */
bool command_may(struct command *c, enum action action, struct ch_str repository);
/* The same without ending it: CH_E_DENIED says so. */
enum ch_code command_check(struct command *c, enum action action, struct ch_str repository,
                           struct ch_err *err) CH_MUST_CHECK;
/* Whether what is of this repository is for who commands; absent: of the site as a whole. */
bool command_sees(const struct command *c, enum action action, struct ch_str repository);
/* The names of persons who may, at most a few; returns how many there are. */
size_t command_put_holders(const struct command *c, enum action action, struct place at,
                           struct ch_buf *out);
/* Exit status of what command_what, command_check and their like refuse. */
uint32_t command_status_of(const struct ch_err *err);

/* --- life (commands.c), for whoever has another way to commands than the control socket --- */

/* One more; `who` gives it. */
struct command *command_new(struct keeper *k, const struct principal *who);
/* What it is about, beside its words; before command_begin. */
void command_input(struct command *c, struct ch_str piece);
/* `payload`: struct ch_command, encoded. The command may be gone afterwards. */
void command_begin(struct command *c, struct ch_str payload);
/* Nobody waits for it any more. */
void command_gone(struct command *c);
/* The first for which `is` says so; NULL: none. */
struct command *command_find(struct keeper *k, bool (*is)(const struct command *c, uint64_t with),
                             uint64_t with);

/* --- over the administrative interface (commands_admin.c) --- */

void admin_put_output(struct command *c, struct ch_str text);
void admin_put_done(const struct command *c, uint32_t exit_status, struct ch_str text);
/* Whom its token stands for now; false: nobody. */
bool admin_principal(const struct command *c, struct principal *ret);

enum step command_explain(struct command *c);
/* What explain says of one file: its fields, without brackets around them; and for people. */
void command_json_file(struct command *c, struct page *p, size_t file, const struct ch_decision *d,
                       struct ch_buf *b);
void command_show_file(struct command *c, struct page *p, size_t file, const struct ch_decision *d);
/* Whether anything was ever received with this digest; and what is known of one with which nothing
 * was. */
bool command_was_fetched(struct command *c, const struct ch_sha256 *sha256);
enum step command_explain_unknown(struct command *c, const struct ch_sha256 *sha256,
                                  const char *never);
/* How many clients had these bytes as this file; of zeros none. */
size_t command_clients_of(struct command *c, const struct page *p, struct ch_str file_name,
                          const struct ch_sha256 *sha256);
/* explain of bytes under whose name others stand by now: then it has ended. */
bool command_explain_replaced(struct command *c, const struct page *p, const struct what *what,
                              enum step *ret_step);
/* explain's line of the time that the upstream states, and why another counts (T7). */
void command_show_stated_time(struct command *c, const struct page *p, size_t file);
/* NULL: whoever asks for it now is given it; "": it is not among what is served. */
const char *command_why_not_served(struct command *c, const struct page *p, size_t file,
                                   const struct ch_decision *d);
/* A name that no upstream has: who denied it, or that nobody did. */
enum step command_explain_absent(struct command *c, const struct page *p);
enum step command_gate(struct command *c);
enum step command_runtime_list(struct command *c);
enum step command_sbom(struct command *c);
enum step command_own(struct command *c);
enum step command_queue(struct command *c);
enum step command_status(struct command *c);
enum step command_fetched_by(struct command *c);
enum step command_approve(struct command *c);
enum step command_deny(struct command *c);
enum step command_exceptions(struct command *c);
enum step command_exceptions_list(struct command *c);
enum step command_exceptions_show(struct command *c);
enum step command_rescan(struct command *c);
enum step command_audit_erase(struct command *c);
enum step command_audit_settle(struct command *c);
enum step command_audit_accept(struct command *c);
enum step command_audit_search(struct command *c);
enum step command_keys(struct command *c);
enum step command_user(struct command *c);
enum step command_group(struct command *c);
enum step command_token(struct command *c);
enum step command_policy_show(struct command *c);
enum step command_policy_history(struct command *c);
enum step command_policy_diff(struct command *c);
enum step command_policy_test(struct command *c);
enum step command_policy_await(struct command *c);
enum step command_policy_proposals(struct command *c);
enum step command_policy_agree(struct command *c);
enum step command_policy_withdraw(struct command *c);
/* What comes after what a proposal would change: a line, or the last fields of the object. */
enum step command_tell_proposed(struct command *c, uint64_t id, const struct ch_sha256 *digest);

#endif
