/* The life of an exception, from its steps: who may take the next one, and when it is in force.
 * Pure.
 *
 *   requested, joined --> approved, by enough persons --> in force
 *         |                                                  |
 *         +--> rejected; lapsed when its end came first      +--> ended by its time, revoked or
 *                                                                 renewed (another one follows)
 *
 * In force its rulings let files pass (rulings.c).
 *
 * T22: approvers are distinct persons, none of whom asked for it. Service accounts, anonymous and
 * local peers without a person count as nobody. While nobody was ever named approver `local:UID`
 * may approve alone: that is the one exception to the separation, and its step says so.
 * T8: an approval is of what its approver saw. It counts no more once bytes, findings or policy
 * are others. */
#ifndef EXCEPTIONS_EXCEPTION_H
#define EXCEPTIONS_EXCEPTION_H

#include "customhouse/digest.h"
#include "customhouse/err.h"

/* What is stored: never renumber. */
enum exception_event {
    EXCEPTION_REQUESTED = 1,
    EXCEPTION_JOINED, /* somebody else asked for the same */
    EXCEPTION_APPROVED,
    EXCEPTION_IN_FORCE,
    EXCEPTION_REJECTED,
    EXCEPTION_REVOKED,
    EXCEPTION_RENEWED, /* another exception has taken its place */
    EXCEPTION_ENDED,   /* its time has come, also that of a request; or its repository's environment
                          is another */
};
const char *exception_event_name(enum exception_event e); /* "in force" */

enum exception_state {
    EXCEPTION_STATE_NONE = 0, /* its steps make no sense: it lets nothing pass */
    EXCEPTION_STATE_OPEN,     /* asked for; perhaps approved, but not by enough */
    EXCEPTION_STATE_EFFECTIVE,
    EXCEPTION_STATE_REJECTED,
    EXCEPTION_STATE_REVOKED,
    EXCEPTION_STATE_RENEWED,
    EXCEPTION_STATE_ENDED,
};
const char *exception_state_name(enum exception_state s); /* "requested", "in force", "ended" */

/* What somebody had before him when he took a step. Zeros: nothing had been fetched or found. */
struct exception_shown {
    struct ch_sha256 bytes;    /* over the SHA-256 of all files that it names */
    struct ch_sha256 evidence; /* over what was found in each */
    struct ch_sha256 policy;
};
/* 0: the same; else the words for what differs first: "the bytes are others", ... */
const char *exception_differs(const struct exception_shown *a, const struct exception_shown *b);
/* "BYTES-FINDINGS-POLICY" of 16 hexadecimal digits each, to be given back with an approval. */
#define EXCEPTION_TOKEN (3 * 16 + 3)
void exception_token(const struct exception_shown *shown, char ret[EXCEPTION_TOKEN]);
/* Compares with a token: NULL: the same; else as exception_differs, or that it is no such token. */
const char *exception_token_differs(struct ch_str token, const struct exception_shown *now);

struct exception_step {
    enum exception_event event;
    struct ch_str by; /* a principal as text (people.h) */
    bool alone;       /* APPROVED: by local:UID, before any approver was named */
    struct exception_shown shown;
    int64_t at_us;
    int64_t expires_at_us; /* REQUESTED, APPROVED, IN_FORCE */
};

/* The person that a principal is, "user:NAME"; absent: it is none. */
struct ch_str exception_person(struct ch_str principal);

/* Where it stands at this time; steps in their order. */
enum exception_state exception_state(const struct exception_step *steps, size_t count,
                                     int64_t now_us);
/* When it ends: what is in force, else what was asked for. */
int64_t exception_ends(const struct exception_step *steps, size_t count);
/* Persons whose approval is of `now` (what is there now), each once; none of them asked. */
size_t exception_approvals(const struct exception_step *steps, size_t count,
                           const struct exception_shown *now);
/* Whether somebody has approved a later end than was asked for: that is a request of their own.
 * "14d" counts from when it is said: an hour is no difference. */
bool exception_is_prolonged(const struct exception_step *steps, size_t count);
/* How many persons it takes where the policy asks for so many: two at least where no person asked
 * for it, or not for so long. For who asks without a name may be who approves (T22). */
size_t exception_persons_needed(const struct exception_step *steps, size_t count,
                                size_t policy_asks);
/* Whether a person asked for it. */
bool exception_is_somebodys(const struct exception_step *steps, size_t count);
/* Whether it has what it needs: so many persons, or one who may approve alone. */
bool exception_is_approved(const struct exception_step *steps, size_t count,
                           const struct exception_shown *now, size_t needed);

/* The end that all agree to who approve what is there now: the earliest; CH_TIME_UNKNOWN: nobody
 * does. */
int64_t exception_agreed_end(const struct exception_step *steps, size_t count,
                             const struct exception_shown *now);

/* Whether this step may follow. CH_E_CONFLICT: not in this state; CH_E_USAGE: not by them. The
 * error is a sentence for who wanted to take it. */
enum ch_code exception_may(const struct exception_step *steps, size_t count,
                           const struct exception_step *next, struct ch_err *err) CH_MUST_CHECK;

#endif
