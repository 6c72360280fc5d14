#include "rights.h"

#include "customhouse/attr.h"

#define MAY(action) ((uint32_t)1 << (action))

static const char *const actions[ACTION_COUNT] = {
    [ACTION_NONE] = "none",
    [ACTION_PULL] = "pkg.pull",
    [ACTION_PULL_QUARANTINED] = "pkg.pull.quarantined",
    [ACTION_EXCEPTION_REQUEST] = "exception.request",
    [ACTION_EXCEPTION_APPROVE] = "exception.approve",
    [ACTION_VERDICT_WRITE] = "verdict.write",
    [ACTION_QUEUE_READ] = "queue.read",
    [ACTION_POLICY_READ] = "policy.read",
    [ACTION_POLICY_WRITE] = "policy.write",
    [ACTION_KEY_ADMIN] = "key.admin",
    [ACTION_AUDIT_READ] = "audit.read",
    [ACTION_METRICS_READ] = "metrics.read",
    [ACTION_OPERATE] = "operate",
    [ACTION_PEOPLE_ADMIN] = "people.admin",
    [ACTION_DENY] = "artifact.deny",
    [ACTION_PUSH] = "image.push",
    [ACTION_DELETE] = "image.delete",
};

/* Reviewers see and judge what a request is about; only approvers decide. Operators keep the
 * service running and have no word on what it lets through: neither policy nor exceptions. They may
 * deny: what is on fire is put out by whoever sees it first. */
static const struct {
    const char *name;
    uint32_t actions;
} roles[ROLE_COUNT] = {
    [ROLE_NONE] = {"none", 0},
    [ROLE_READER] = {"reader", MAY(ACTION_PULL)},
    [ROLE_REQUESTER] = {"requester", MAY(ACTION_PULL) | MAY(ACTION_EXCEPTION_REQUEST)},
    [ROLE_REVIEWER] = {"reviewer", MAY(ACTION_PULL) | MAY(ACTION_EXCEPTION_REQUEST) |
                                       MAY(ACTION_QUEUE_READ) | MAY(ACTION_POLICY_READ)},
    [ROLE_APPROVER] = {"approver", MAY(ACTION_PULL) | MAY(ACTION_EXCEPTION_REQUEST) |
                                       MAY(ACTION_EXCEPTION_APPROVE) | MAY(ACTION_QUEUE_READ) |
                                       MAY(ACTION_POLICY_READ) | MAY(ACTION_POLICY_WRITE) |
                                       MAY(ACTION_AUDIT_READ) | MAY(ACTION_DENY)},
    [ROLE_AUDITOR] = {"auditor", MAY(ACTION_QUEUE_READ) | MAY(ACTION_POLICY_READ) |
                                     MAY(ACTION_AUDIT_READ) | MAY(ACTION_METRICS_READ)},
    [ROLE_OPERATOR] = {"operator", MAY(ACTION_QUEUE_READ) | MAY(ACTION_POLICY_READ) |
                                       MAY(ACTION_METRICS_READ) | MAY(ACTION_OPERATE) |
                                       MAY(ACTION_KEY_ADMIN) | MAY(ACTION_PEOPLE_ADMIN) |
                                       MAY(ACTION_DENY)},
    [ROLE_SCANNER] = {"scanner", MAY(ACTION_PULL_QUARANTINED) | MAY(ACTION_VERDICT_WRITE)},
    [ROLE_SCANNER_READER] = {"scanner-reader", MAY(ACTION_PULL_QUARANTINED)},
    [ROLE_PUBLISHER] = {"publisher", MAY(ACTION_PULL) | MAY(ACTION_PUSH) | MAY(ACTION_DELETE)},
};

const char *action_name(enum action a)
{
    return a > ACTION_NONE && a < ACTION_COUNT ? actions[a] : actions[ACTION_NONE];
}

const char *role_name(enum role r)
{
    return r > ROLE_NONE && r < ROLE_COUNT ? roles[r].name : roles[ROLE_NONE].name;
}

enum role role_of_name(struct ch_str name)
{
    for (enum role r = ROLE_READER; r < ROLE_COUNT; r++) {
        if (ch_str_eq(name, ch_str_of(roles[r].name))) {
            return r;
        }
    }
    return ROLE_NONE;
}

uint32_t role_actions(enum role r)
{
    return r > ROLE_NONE && r < ROLE_COUNT ? roles[r].actions : 0;
}

/* A part that the grant leaves open covers anything; one that it names covers only that. */
static bool covers(struct ch_str granted, struct ch_str asked)
{
    return granted.len == 0 || ch_str_eq(granted, asked);
}

bool rights_allow(const struct grant *grants, size_t count, enum action a, const struct place *at)
{
    if (a <= ACTION_NONE || a >= ACTION_COUNT) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if ((role_actions(grants[i].role) & MAY(a)) != 0 &&
            covers(grants[i].repository, at->repository) &&
            covers(grants[i].environment, at->environment)) {
            return true;
        }
    }
    return false;
}

bool rights_conflict(const struct grant *grants, size_t count)
{
    bool operator= false, approver = false;
    for (size_t i = 0; i < count; i++) {
        operator= operator|| grants[i].role == ROLE_OPERATOR;
        approver = approver || grants[i].role == ROLE_APPROVER;
    }
    return operator&& approver;
}
