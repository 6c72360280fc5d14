/* What the administrative interface can be asked. */
#include "operations.h"

#define PARAMETERS(list) .parameters = (list), .parameter_count = CH_ARRAY_LEN(list)
#define REPOSITORY(in)                                                                             \
    {                                                                                              \
        "repository", (in), PARAMETER_TEXT, "repository", false, NULL,                             \
            "Of this repository; needed where several have it."                                    \
    }
#define WHAT(in)                                                                                   \
    {                                                                                              \
        "what", (in), PARAMETER_TEXT, NULL, true, NULL,                                            \
            "pypi:NAME, NAME==VERSION, a file name, a URL of the service or of an upstream, or "   \
            "sha256:HEX."                                                                          \
    }
#define REASON(needed)                                                                             \
    {                                                                                              \
        "reason", IN_BODY, PARAMETER_TEXT, "reason", (needed), NULL, "Why; it is recorded."        \
    }
#define EXPIRES(needed)                                                                            \
    {                                                                                              \
        "expires", IN_BODY, PARAMETER_TEXT, "expires", (needed), NULL,                             \
            "A date (2030-01-31, its end in UTC) or a number of days (30d)."                       \
    }

static const struct parameter queue_parameters[] = {
    {"audited", IN_QUERY, PARAMETER_FLAG, "audited", false, NULL,
     "Instead, what is served only because its repository audits."},
};
static const struct parameter explain_parameters[] = {WHAT(IN_QUERY), REPOSITORY(IN_QUERY)};
static const struct parameter deny_parameters[] = {WHAT(IN_BODY), REASON(true), EXPIRES(false),
                                                   REPOSITORY(IN_BODY)};
static const struct parameter rescan_parameters[] = {
    {"what", IN_BODY, PARAMETER_TEXT, NULL, false, NULL, "As elsewhere; without it, see all."},
    {"all", IN_BODY, PARAMETER_FLAG, "all", false, NULL, "Everything that was ever decided on."},
    REPOSITORY(IN_BODY),
};
static const struct parameter own_parameters[] = {
    {"name", IN_QUERY, PARAMETER_TEXT, NULL, false, NULL,
     "This project; without it all that changed."},
    REPOSITORY(IN_QUERY),
};
static const struct parameter key_parameters[] = {
    {"key", IN_PATH, PARAMETER_TEXT, NULL, true, NULL, "A key (PURPOSE-ID), or all of a purpose."},
};
static const struct parameter policy_show_parameters[] = {REPOSITORY(IN_QUERY)};
static const struct parameter policy_diff_parameters[] = {
    {"from", IN_QUERY, PARAMETER_TEXT, NULL, true, NULL, "A number of the history, or a digest."},
    {"to", IN_QUERY, PARAMETER_TEXT, NULL, false, NULL, "Likewise; without it the one in force."},
};
static const struct parameter policy_test_parameters[] = {
    {"policy", IN_BODY, PARAMETER_DOCUMENT, NULL, true, NULL, "The text of the other policy.yaml."},
    REPOSITORY(IN_BODY),
};

static const struct parameter policy_proposal_parameters[] = {
    {"policy", IN_BODY, PARAMETER_DOCUMENT, NULL, true, NULL, "The text of the other policy.yaml."},
    REASON(false),
};

#define PROPOSAL                                                                                   \
    {                                                                                              \
        "proposal", IN_PATH, PARAMETER_NUMBER, NULL, true, NULL, "The number of a proposal."       \
    }
static const struct parameter proposal_parameters[] = {PROPOSAL};
static const struct parameter agreement_parameters[] = {PROPOSAL, REASON(false)};

static const struct parameter own_change_parameters[] = {
    {"name", IN_BODY, PARAMETER_TEXT, NULL, true, NULL, "The project."},
    {"upstream", IN_BODY, PARAMETER_TEXT, "upstream", false, NULL, "Gives the name to this one."},
    {"accept_older", IN_BODY, PARAMETER_FLAG, "accept-older", false, NULL,
     "The owner has begun to count anew: its next answer counts, although it says that it is "
     "older."},
    REASON(true),
    REPOSITORY(IN_BODY),
};
static const struct parameter rotate_parameters[] = {
    {"purpose", IN_BODY, PARAMETER_TEXT, NULL, true, NULL,
     "approve-ENVIRONMENT-file, approve-ENVIRONMENT-image, evidence or log."},
    REASON(false),
};

static const char *const audiences[] = {"pull", "push", "scanner", "admin", NULL};
static const char *const roles[] = {"reader",  "requester", "reviewer", "approver",
                                    "auditor", "operator",  "scanner",  "publisher", NULL};
static const char *const environments[] = {"prod", "preprod", NULL};
#define WHY_QUERY                                                                                  \
    {                                                                                              \
        "reason", IN_QUERY, PARAMETER_TEXT, "reason", false, NULL, "Why; it is recorded."          \
    }
#define GROUP                                                                                      \
    {                                                                                              \
        "group", IN_PATH, PARAMETER_TEXT, NULL, true, NULL, "Its name."                            \
    }

static const struct parameter user_parameters[] = {
    {"name", IN_BODY, PARAMETER_TEXT, NULL, true, NULL, "a-z 0-9 . _ -, given once for all time."},
    {"full_name", IN_BODY, PARAMETER_TEXT, "name", false, NULL, "Who that is, in words."},
    {"service", IN_BODY, PARAMETER_FLAG, "service", false, NULL,
     "A program's account, which decides nothing."},
    {"uid", IN_BODY, PARAMETER_NUMBER, "uid", false, NULL,
     "On the host of the service: for its commands."},
};
static const struct parameter user_end_parameters[] = {
    {"user", IN_PATH, PARAMETER_TEXT, NULL, true, NULL, "With all uids, memberships and tokens."},
    WHY_QUERY};
static const struct parameter grant_parameters[] = {
    GROUP,
    {"role", IN_BODY, PARAMETER_TEXT, "role", true, roles, "What its members may from now on."},
    {"repository", IN_BODY, PARAMETER_TEXT, "repository", false, NULL, "Where; without it in all."},
    {"environment", IN_BODY, PARAMETER_TEXT, "environment", false, environments,
     "Without it in both."},
};
static const struct parameter grant_end_parameters[] = {
    GROUP,
    {"role", IN_PATH, PARAMETER_TEXT, "role", true, roles, "Which role."},
    {"repository", IN_QUERY, PARAMETER_TEXT, "repository", false, NULL, "Of the grant."},
    {"environment", IN_QUERY, PARAMETER_TEXT, "environment", false, environments, "Of the grant."},
    WHY_QUERY,
};
static const struct parameter member_parameters[] = {
    GROUP, {"users", IN_BODY, PARAMETER_TEXTS, NULL, true, NULL, "Their names."}};
static const struct parameter member_end_parameters[] = {
    GROUP, {"user", IN_PATH, PARAMETER_TEXT, NULL, true, NULL, "Who leaves."}, WHY_QUERY};
static const struct parameter group_end_parameters[] = {GROUP, WHY_QUERY};
static const struct parameter tokens_parameters[] = {
    {"user", IN_QUERY, PARAMETER_TEXT, "user", false, NULL, "Whose; one's own need no right."}};
static const struct parameter token_parameters[] = {
    {"user", IN_BODY, PARAMETER_TEXT, "user", false, NULL, "Whose; without it one's own."},
    {"audience", IN_BODY, PARAMETER_TEXT, "audience", true, audiences, "The one thing it is for."},
    {"label", IN_BODY, PARAMETER_TEXT, "label", false, NULL, "Where it is used."},
    EXPIRES(false),
};
static const struct parameter token_end_parameters[] = {
    {"id", IN_PATH, PARAMETER_NUMBER, NULL, true, NULL, "As the list has it."}, WHY_QUERY};

#define EXCEPTION                                                                                  \
    {                                                                                              \
        "exception", IN_PATH, PARAMETER_NUMBER, NULL, true, NULL, "Its number."                    \
    }
#define SHOWN                                                                                      \
    {                                                                                              \
        "evidence", IN_BODY, PARAMETER_TEXT, "evidence", false, NULL,                              \
            "`shown` of showException: what was read. 409 when it is something else by now."       \
    }
static const struct parameter exceptions_parameters[] = {
    {"all", IN_QUERY, PARAMETER_FLAG, "all", false, NULL, "Those that have ended, too."}};
static const struct parameter exception_parameters[] = {EXCEPTION};
static const struct parameter request_parameters[] = {WHAT(IN_BODY), REASON(true), EXPIRES(false),
                                                      REPOSITORY(IN_BODY)};
static const struct parameter approval_parameters[] = {EXCEPTION, SHOWN, EXPIRES(false)};
static const struct parameter renewal_parameters[] = {EXCEPTION, REASON(true), EXPIRES(false)};
static const struct parameter close_parameters[] = {EXCEPTION, REASON(true)};

static const struct parameter runtime_parameters[] = {
    {"environment", IN_QUERY, PARAMETER_TEXT, "environment", false, NULL, "prod or preprod."},
    {"namespace", IN_QUERY, PARAMETER_TEXT, "namespace", false, NULL,
     "Of the cluster: only what was admitted there."},
    {"all", IN_QUERY, PARAMETER_FLAG, "all", false, NULL, "What is still allowed, too."},
    REPOSITORY(IN_QUERY),
};
static const struct parameter audit_parameters[] = {
    {"kind", IN_QUERY, PARAMETER_TEXT, "kind", false, NULL,
     "decision, ruling, served, policy, ..."},
    {"what", IN_QUERY, PARAMETER_TEXT, "what", false, NULL,
     "Part of a project's or file's name, or the beginning of a digest."},
    {"who", IN_QUERY, PARAMETER_TEXT, "who", false, NULL,
     "Part of a person's name, an address or a reason, where it was not erased."},
    {"from", IN_QUERY, PARAMETER_TEXT, "from", false, NULL, "From this day or time on (UTC)."},
    {"to", IN_QUERY, PARAMETER_TEXT, "to", false, NULL, "Up to this day or time."},
    {"next", IN_QUERY, PARAMETER_NUMBER, "next", false, NULL,
     "Where to go on: `next` of the answer before. Without it from the beginning."},
    {"verbatim", IN_QUERY, PARAMETER_FLAG, "verbatim", false, NULL,
     "Each entry as a text, byte for byte, of which a leaf's hash is made."},
};
static const struct parameter command_parameters[] = {
    {"command", IN_BODY, PARAMETER_COMMAND, NULL, true, NULL,
     "As the command line has it: explain, exceptions, policy show, ..."},
    {"words", IN_BODY, PARAMETER_TEXTS, NULL, false, NULL, "Its words, in their order."},
    {"options", IN_BODY, PARAMETER_OPTIONS, NULL, false, NULL,
     "Its options by their names without dashes; \"true\" for one that takes no value."},
    {"json", IN_BODY, PARAMETER_JSON, NULL, false, NULL, "As --json: output for programs."},
    {"input", IN_BODY, PARAMETER_INPUT, NULL, false, NULL,
     "What the command line sends along: a policy, the lines of a lock file."},
};

static const struct operation operations[] = {
    {.id = "runCommand",
     .method = CH_HTTP_POST,
     .path = "/api/v1/commands",
     PARAMETERS(command_parameters),
     .answer = ANSWER_COMMAND,
     .summary = "A command as the command line gives it (--server), with what it says there. "
                "Whether it may be given is asked as for every other operation."},
    {.id = "getStatus",
     .method = CH_HTTP_GET,
     .path = "/api/v1/status",
     .command = "status",
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "The processes, the store and what is going on."},
    {.id = "listQueue",
     .method = CH_HTTP_GET,
     .path = "/api/v1/queue",
     .command = "queue",
     PARAMETERS(queue_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "What is being fetched and inspected, and what is held."},
    {.id = "explain",
     .method = CH_HTTP_GET,
     .path = "/api/v1/explain",
     .command = "explain",
     PARAMETERS(explain_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "What is served and what is not, which rule says so, and until when."},
    {.id = "listFetchedBy",
     .method = CH_HTTP_GET,
     .path = "/api/v1/fetched-by",
     .command = "fetched-by",
     PARAMETERS(explain_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "The clients who got something."},
    {.id = "listRuntime",
     .method = CH_HTTP_GET,
     .path = "/api/v1/runtime",
     .command = "runtime list",
     PARAMETERS(runtime_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Images that clusters were told may run, and whose approval has ended since."},
    {.id = "deny",
     .method = CH_HTTP_POST,
     .path = "/api/v1/denials",
     .command = "deny",
     PARAMETERS(deny_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Refuse something, whatever the policy says."},
    {.id = "rescan",
     .method = CH_HTTP_POST,
     .path = "/api/v1/rescans",
     .command = "rescan",
     PARAMETERS(rescan_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Inspect again what is known already."},
    {.id = "searchAudit",
     .method = CH_HTTP_GET,
     .path = "/api/v1/audit/entries",
     .command = "audit search",
     PARAMETERS(audit_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "`entries` of the audit log, and `next` while there are more to look at."},
    {.id = "listOwners",
     .method = CH_HTTP_GET,
     .path = "/api/v1/owners",
     .command = "own",
     PARAMETERS(own_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "Which upstream owns which name, and since when."},
    {.id = "listKeys",
     .method = CH_HTTP_GET,
     .path = "/api/v1/keys",
     .command = "keys",
     .word = "list",
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "The signing keys there ever were, and since when they sign."},
    {.id = "showKey",
     .method = CH_HTTP_GET,
     .path = "/api/v1/keys/{key}",
     .command = "keys",
     .word = "show",
     PARAMETERS(key_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "One key, or all of a purpose, with their public halves in PEM."},
    {.id = "showPolicy",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy",
     .command = "policy show",
     PARAMETERS(policy_show_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "The policy in force, defaults and lines included, and since when."},
    {.id = "listPolicyHistory",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy/history",
     .command = "policy history",
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "What was in force since when, by whom and why."},
    {.id = "diffPolicies",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy/diff",
     .command = "policy diff",
     PARAMETERS(policy_diff_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "What differs between two policies, in meaning and as text."},
    {.id = "testPolicy",
     .method = CH_HTTP_POST,
     .path = "/api/v1/policy/test",
     .command = "policy test",
     PARAMETERS(policy_test_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 0,
     .summary =
         "What would change among all known files under another policy. Nothing is changed."},
    {.id = "proposePolicy",
     .method = CH_HTTP_POST,
     .path = "/api/v1/policy/proposals",
     .command = "policy propose",
     PARAMETERS(policy_proposal_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Agree to another policy, which whoever has the files of the installation may then "
                "set. Says what would change."},
    {.id = "listPolicyProposals",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy/proposals",
     .command = "policy proposals",
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Policies that persons have agreed to, and that may be set."},
    {.id = "showPolicyProposal",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy/proposals/{proposal}",
     .command = "policy proposals",
     PARAMETERS(proposal_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "One: who has agreed to it, and what differs from the one in force."},
    {.id = "agreeToPolicy",
     .method = CH_HTTP_POST,
     .path = "/api/v1/policy/proposals/{proposal}/agreements",
     .command = "policy agree",
     PARAMETERS(agreement_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Agree to just these bytes, too. Says what differs."},
    {.id = "withdrawPolicyProposal",
     .method = CH_HTTP_POST,
     .path = "/api/v1/policy/proposals/{proposal}/withdrawal",
     .command = "policy withdraw",
     PARAMETERS(proposal_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Take back what you have agreed to."},
    {.id = "changeOwner",
     .method = CH_HTTP_POST,
     .path = "/api/v1/owners",
     .command = "own",
     PARAMETERS(own_change_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Give a name to another upstream of its repository."},
    {.id = "rotateKey",
     .method = CH_HTTP_POST,
     .path = "/api/v1/keys",
     .command = "keys",
     .word = "rotate",
     PARAMETERS(rotate_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "A new key signs from now on; what the former one signed stands."},
    {.id = "listUsers",
     .method = CH_HTTP_GET,
     .path = "/api/v1/users",
     .command = "user",
     .word = "list",
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Persons and service accounts."},
    {.id = "addUser",
     .method = CH_HTTP_POST,
     .path = "/api/v1/users",
     .command = "user",
     .word = "add",
     PARAMETERS(user_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Add a person or a service account; groups say what it may."},
    {.id = "endUser",
     .method = CH_HTTP_DELETE,
     .path = "/api/v1/users/{user}",
     .command = "user",
     .word = "revoke",
     PARAMETERS(user_end_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "Take one away, at once."},
    {.id = "listGroups",
     .method = CH_HTTP_GET,
     .path = "/api/v1/groups",
     .command = "group",
     .word = "list",
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Groups: what they give, and to whom."},
    {.id = "addGrant",
     .method = CH_HTTP_POST,
     .path = "/api/v1/groups/{group}/grants",
     .command = "group",
     .word = "add",
     PARAMETERS(grant_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Give a role to a group; a group is what it has."},
    {.id = "endGrant",
     .method = CH_HTTP_DELETE,
     .path = "/api/v1/groups/{group}/grants/{role}",
     .command = "group",
     .word = "revoke",
     PARAMETERS(grant_end_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "Take a role from a group, at once."},
    {.id = "addMembers",
     .method = CH_HTTP_POST,
     .path = "/api/v1/groups/{group}/members",
     .command = "group",
     .word = "add",
     PARAMETERS(member_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Put users into a group."},
    {.id = "endMember",
     .method = CH_HTTP_DELETE,
     .path = "/api/v1/groups/{group}/members/{user}",
     .command = "group",
     .word = "revoke",
     PARAMETERS(member_end_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "Take a user out of a group, at once."},
    {.id = "endGroup",
     .method = CH_HTTP_DELETE,
     .path = "/api/v1/groups/{group}",
     .command = "group",
     .word = "revoke",
     PARAMETERS(group_end_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "Take all from a group, at once."},
    {.id = "listTokens",
     .method = CH_HTTP_GET,
     .path = "/api/v1/tokens",
     .command = "token",
     .word = "list",
     PARAMETERS(tokens_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Tokens that stand; never what they are."},
    {.id = "addToken",
     .method = CH_HTTP_POST,
     .path = "/api/v1/tokens",
     .command = "token",
     .word = "add",
     PARAMETERS(token_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Make a token: shown once, in this answer."},
    {.id = "endToken",
     .method = CH_HTTP_DELETE,
     .path = "/api/v1/tokens/{id}",
     .command = "token",
     .word = "revoke",
     PARAMETERS(token_end_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "It counts no more, at once."},
    {.id = "listExceptions",
     .method = CH_HTTP_GET,
     .path = "/api/v1/exceptions",
     .command = "exceptions",
     .word = "list",
     PARAMETERS(exceptions_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Exceptions that are asked for or in force."},
    {.id = "requestException",
     .method = CH_HTTP_POST,
     .path = "/api/v1/exceptions",
     .command = "exceptions",
     .word = "request",
     PARAMETERS(request_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Ask for one, which grants nothing."},
    {.id = "showException",
     .method = CH_HTTP_GET,
     .path = "/api/v1/exceptions/{exception}",
     .command = "exceptions",
     .word = "show",
     PARAMETERS(exception_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "One, step by step, and what an approver has to read."},
    {.id = "approveException",
     .method = CH_HTTP_POST,
     .path = "/api/v1/exceptions/{exception}/approvals",
     .command = "exceptions",
     .word = "approve",
     PARAMETERS(approval_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Approve somebody else's request."},
    {.id = "rejectException",
     .method = CH_HTTP_POST,
     .path = "/api/v1/exceptions/{exception}/rejection",
     .command = "exceptions",
     .word = "reject",
     PARAMETERS(close_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Reject what is asked for."},
    {.id = "revokeException",
     .method = CH_HTTP_POST,
     .path = "/api/v1/exceptions/{exception}/revocation",
     .command = "exceptions",
     .word = "revoke",
     PARAMETERS(close_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "End one that is in force, at once."},
    {.id = "renewException",
     .method = CH_HTTP_POST,
     .path = "/api/v1/exceptions/{exception}/renewals",
     .command = "exceptions",
     .word = "renew",
     PARAMETERS(renewal_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "Ask for another that takes the place of one in force."},
};

const struct operation *operation_at(size_t i)
{
    return i < CH_ARRAY_LEN(operations) ? &operations[i] : NULL;
}
