/* Who may do what: actions, the roles that bundle them, and what a principal's roles allow. Pure.
 *
 * Design: trust.md 6.2. A role is granted to a group, for one repository or all, for one environment or
 * both. No principal, over all its groups, holds operator and approver: rights_conflict says so before a
 * membership or a grant is stored. */
#ifndef PEOPLE_RIGHTS_H
#define PEOPLE_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "customhouse/bytes.h"

enum action {
    ACTION_NONE = 0,          /* nobody may */
    ACTION_PULL,              /* pkg.pull */
    ACTION_PULL_QUARANTINED,  /* pkg.pull.quarantined */
    ACTION_EXCEPTION_REQUEST, /* exception.request */
    ACTION_EXCEPTION_APPROVE, /* exception.approve; also reject */
    ACTION_VERDICT_WRITE,     /* verdict.write: of external scanners */
    ACTION_QUEUE_READ,        /* queue.read: queue, explain, exceptions list and show */
    ACTION_POLICY_READ,       /* policy.read */
    ACTION_POLICY_WRITE,      /* policy.write */
    ACTION_KEY_ADMIN,         /* key.admin: rotate */
    ACTION_AUDIT_READ,        /* audit.read: entries, search, fetched-by */
    ACTION_METRICS_READ,      /* metrics.read: status */
    ACTION_OPERATE,           /* operate: rescan, own, renewals of the service's own state */
    ACTION_PEOPLE_ADMIN,      /* people.admin: users, groups, tokens of others */
    ACTION_DENY,              /* artifact.deny: a step away from ALLOW */
    ACTION_PUSH,              /* image.push: to a hosted repository; approves nothing */
    ACTION_DELETE,            /* image.delete: what was pushed to one */
    ACTION_COUNT
};
const char *action_name(enum action a); /* "exception.approve" */

enum role {
    ROLE_NONE = 0,
    ROLE_READER,
    ROLE_REQUESTER,
    ROLE_REVIEWER,
    ROLE_APPROVER,
    ROLE_AUDITOR,
    ROLE_OPERATOR,
    ROLE_SCANNER,
    ROLE_PUBLISHER,
    ROLE_SCANNER_READER,
    ROLE_COUNT
};
const char *role_name(enum role r);         /* "approver" */
enum role role_of_name(struct ch_str name); /* ROLE_NONE: there is none */
/* Bit 1 << action for each that the role has. */
uint32_t role_actions(enum role r);

/* Where a grant holds. */
struct grant {
    enum role role;
    struct ch_str repository;  /* absent: all */
    struct ch_str environment; /* "prod", "preprod"; absent: both */
};
/* What is asked about: absent parts are of the site as a whole, which only a grant for all covers. */
struct place {
    struct ch_str repository;
    struct ch_str environment;
};
bool rights_allow(const struct grant *grants, size_t count, enum action a, const struct place *at);
/* Operator and approver in one hand, wherever each holds. */
bool rights_conflict(const struct grant *grants, size_t count);

#endif
