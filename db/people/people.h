/* Persons, service accounts, their groups, grants and tokens: what the store has of them, in memory.
 *
 * Names are 1 to 64 bytes of a-z 0-9 . _ - and begin with a letter or digit. A principal is written
 * "user:NAME", "service:NAME", "local:UID" (a peer of the control socket that no person is configured for)
 * or "anonymous".
 *
 * T22: tokens, uids and names of one person are that person once. Service accounts, anonymous and local
 * peers without a person count as nobody where persons are counted. */
#ifndef PEOPLE_PEOPLE_H
#define PEOPLE_PEOPLE_H

#include "customhouse/digest.h"
#include "customhouse/err.h"
#include "rights.h"

#define PRINCIPAL_MAX 80 /* bytes of a principal as text, with its end */

enum principal_kind {
    PRINCIPAL_NONE = 0, /* nobody: may nothing */
    PRINCIPAL_ANONYMOUS,
    PRINCIPAL_LOCAL,   /* local:UID */
    PRINCIPAL_USER,    /* a person */
    PRINCIPAL_SERVICE,
};

/* One audience each (T21). */
enum audience { AUDIENCE_NONE = 0, AUDIENCE_PULL, AUDIENCE_PUSH, AUDIENCE_SCANNER, AUDIENCE_ADMIN };
const char *audience_name(enum audience a);
enum audience audience_of_name(struct ch_str name);

struct principal {
    enum principal_kind kind;
    enum audience audience; /* of the token it came with; NONE: no token (the control socket) */
    char text[PRINCIPAL_MAX];
};

/* "chp_" and 64 hexadecimal digits of 256 random bits. Shown once; what is stored is the SHA-256 of these
 * 68 bytes. */
#define TOKEN_PREFIX "chp_"
#define TOKEN_LEN    68
/* Whether the text has the form of a token, and then its digest. */
bool token_digest(struct ch_str text, struct ch_sha256 *ret);

struct people;

/* What a token stands for now. CH_E_NOT_FOUND: unknown, expired, revoked, or its principal is gone: the
 * same to who asks. *ret_until_us: when it ends (CH_TIME_UNKNOWN: does not). */
enum ch_code people_of_token(const struct people *p, const struct ch_sha256 *digest, int64_t now_us,
                             struct principal *ret, int64_t *ret_until_us, struct ch_err *err) CH_MUST_CHECK;
/* Whom a peer of the control socket with this uid is: the person that has the uid, else local:UID. */
struct principal people_of_uid(const struct people *p, uint32_t uid);
/* Whether the principal may, over all its groups, and by what `local:UID` and anonymous have. */
bool people_may(const struct people *p, const struct principal *who, enum action a, const struct place *at);
/* Whether at least one person holds approver: from then on local:UID is operator only. */
bool people_has_approver(const struct people *p);
/* The person as one (T22): "user:NAME" of who is a person, else "". */
const char *people_person(const struct principal *who);

#endif
