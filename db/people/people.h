/* Persons, service accounts, their groups, grants and tokens: what the store has of them, in
 * memory. Pure.
 *
 * Names are 1 to 64 bytes of a-z 0-9 . _ - and begin with a letter or digit. A principal is written
 * "user:NAME", "service:NAME", "local:UID" (a peer of the control socket that no person is
 * configured for) or "anonymous".
 *
 * T22: tokens, uids and names of one person are that person once. Service accounts, anonymous and
 * local peers without a person count as nobody where persons are counted. */
#ifndef PEOPLE_PEOPLE_H
#define PEOPLE_PEOPLE_H

#include "customhouse/digest.h"
#include "customhouse/err.h"
#include "customhouse/secret.h"
#include "customhouse/store_people.h"
#include "rights.h"

#define PEOPLE_NAME_MAX 64 /* bytes of the name of a person or a group */
#define PRINCIPAL_MAX   80 /* bytes of a principal as text, with its end */

enum principal_kind {
    PRINCIPAL_NONE = 0, /* nobody: may nothing */
    PRINCIPAL_ANONYMOUS,
    PRINCIPAL_LOCAL, /* local:UID */
    PRINCIPAL_USER,  /* a person */
    PRINCIPAL_SERVICE,
};

/* One audience each (T21). */
enum audience { AUDIENCE_NONE = 0, AUDIENCE_PULL, AUDIENCE_PUSH, AUDIENCE_SCANNER, AUDIENCE_ADMIN };
const char *audience_name(enum audience a); /* "pull"; NONE: "none" */
enum audience audience_of_name(struct ch_str name);

struct principal {
    enum principal_kind kind;
    enum audience audience; /* of the token it came with; NONE: no token (the control socket) */
    char text[PRINCIPAL_MAX];
};

/* ------------------------------------------------------------------ tokens (token.c) */

/* "chp_" and 64 hexadecimal digits (lower case) of 256 random bits. Shown once; what is stored is
 * the SHA-256 of these 68 bytes. */
#define TOKEN_PREFIX CH_SECRET_PREFIX
#define TOKEN_LEN    68
/* A new one, with a NUL at its end: the caller wipes it. */
void token_make(char ret[TOKEN_LEN + 1]);
/* Whether the text has the form of a token, and then its digest. */
bool token_digest(struct ch_str text, struct ch_sha256 *ret);

/* ------------------------------------------------------------------ what is known (people.c,
 * check.c) */

struct people;

struct people *people_new(void);
void people_free(struct people *p); /* accepts NULL */
/* Copies the row. Rows come as the store lists them: a person before what is about it. Nothing of
 * it counts before people_settle. */
void people_add(struct people *p, const struct ch_people_row *row);
/* The row of this id has ended: it counts no more, at once. False: none of this id stands. */
bool people_end(struct people *p, uint64_t id, int64_t at_us);
void people_settle(struct people *p);
/* Whether every listener is on loopback, and no approver is configured: only then, and until there
 * was one, local:UID may do everything. False in a new one. */
void people_set_loopback(struct people *p, bool loopback_only);
/* What is known of people is not all that the audit log has given and ended: local:UID is operator
 * only, and as many approvers were there as it takes for two to be asked. A row that is `altered`
 * itself gives nothing. */
void people_set_altered(struct people *p, bool altered);
/* The audit log cannot be read back, so nobody knows which rows it has: they are good for pulling
 * alone. */
void people_set_unread(struct people *p, bool unread);
/* Whether the row may be added to what stands (ids and times do not count). CH_E_USAGE: a name, a
 * role, ... that does not exist or cannot be one; CH_E_EXISTS: it stands already, or the name was
 * given before, or the uid was somebody else's; CH_E_DENIED: a principal would hold operator and
 * approver: who, and by which groups. */
enum ch_code people_check(const struct people *p, const struct ch_people_row *row,
                          struct ch_err *err) CH_MUST_CHECK;
/* All rows, ended ones too, in their order. Slices live while `p` does. */
typedef void people_fn(void *ctx, const struct ch_people_row *row);
void people_each(const struct people *p, people_fn *each, void *ctx);
/* The person or service account of this name that stands; NULL: there is none. */
const struct ch_people_row *people_find(const struct people *p, struct ch_str name);
bool people_name_ok(struct ch_str name);

/* ------------------------------------------------------------------ who, and what they may */

/* What a token stands for now. CH_E_NOT_FOUND: unknown, expired, revoked, or its principal is gone:
 * the same to who asks. *ret_until_us: when it ends (CH_TIME_UNKNOWN: does not). */
enum ch_code people_of_token(const struct people *p, const struct ch_sha256 *digest, int64_t now_us,
                             struct principal *ret, int64_t *ret_until_us,
                             struct ch_err *err) CH_MUST_CHECK;
/* The same of the token of this row (people_token_id), for what stands for it. */
enum ch_code people_of_token_id(const struct people *p, uint64_t id, int64_t now_us,
                                struct principal *ret, int64_t *ret_until_us,
                                struct ch_err *err) CH_MUST_CHECK;
/* The row of a token, whether or not it stands; 0: there is none. */
uint64_t people_token_id(const struct people *p, const struct ch_sha256 *digest);
/* For the log alone: whose token that was ("user:NAME"; absent: nobody's) which people_of_token
 * refused, and why: "unknown", "expired", "revoked". Never told to who presented it. Lives as long
 * as `p`. */
struct ch_str people_token_owner(const struct people *p, const struct ch_sha256 *digest,
                                 int64_t now_us, const char **ret_why);
/* Whom a peer of the control socket with this uid is: the person that has the uid, else local:UID.
 * The caller sees to it that a uid that is no person's is root's or the server's own. */
struct principal people_of_uid(const struct people *p, uint32_t uid);
/* "user:NAME" or "service:NAME" as it stands now, without audience; PRINCIPAL_NONE: there is none
 * (any more). */
struct principal people_named(const struct people *p, struct ch_str name);
/* Whether the principal may, over all its groups, and by what `local:UID` and anonymous have:
 * local:UID what people_set_loopback says, else what an operator may; anonymous pkg.pull (whether
 * anybody may be anonymous is decided where they connect). A token of one audience does nothing of
 * another's: pull pkg.pull and exception.request, push pkg.pull, image.push and image.delete,
 * scanner the external scanner's, admin all the rest. */
bool people_may(const struct people *p, const struct principal *who, enum action a,
                const struct place *at);
/* Whether it may for some repository and environment. */
bool people_may_somewhere(const struct people *p, const struct principal *who, enum action a);
/* Whether at least one person holds approver now. */
bool people_has_approver(const struct people *p);
/* How many persons hold it or ever did: from the first on local:UID is operator only, for good. Who
 * takes it from all others does not become the only one who decides. */
size_t people_approvers_ever(const struct people *p);
/* The person as one (T22): "user:NAME" of who is a person, else "". */
const char *people_person(const struct principal *who);

#endif
