#include "answers.h"

#include "customhouse/bytes.h"

/* "name:type", with '?' behind what is not always there. Types: t text, n number, b flag, l list, o
 * object. As the keeper's commands write them (db/keeper/commands/). */
#define DECISION "verdict:t rule:t reason:t "
#define CHANGES  "changes:l looked_at:o counts:o would_be_held:o would_be_denied:n lines:l "
#define CONSENT  "proposal:n sha256:t persons:n persons_needed:n "
#define PROPOSAL "proposal:n sha256:t base:t by:t reason:t at:t "
#define IDS      "ids:l"
#define EXCEPTION                                                                                  \
    "exception:n state:t repository:t environment:t project:t file:t? versions:t? sha256:t? "      \
    "overrides:t reason:t requester:t address:t? refusal:t? renews:n? approvers:t "                \
    "of_present_bytes:b? altered:t? approvals_needed:n? approvals_missing:n? approvals_why:t? "    \
    "asked:t "                                                                                     \
    "until:t? rulings:l "

static const struct {
    const char *operation;
    const char *fields;
} answers[] = {
    {"getStatus",
     "keeper_since:t policy_sha256:t healthy:b clock_jumped:b served:o undecided:o "
     "last_copies_percent:n last_copies_lost:n unsaved:n intakes:n failed_intakes:n "
     "inspector:n ruleset:t "
     "rules:n rescan:o audit_log:o altered:o policy_proposals:n people_approve:b processes:l "
     "destinations:l repositories:l"},
    {"listQueue",
     "state:t repository:t project:t file:t rule:t? reason:t audited:b? under_policy:t? at:t?"},
    /* of a file; of a name that no upstream has; of bytes that never came */
    {"explain",
     "repository:t? project:t? version:t? file:t? verdict:t? rule:t? reason:t? audited:b? "
     "policy:t? policy_line:n? since:t? since_under_policy:t? until:t? what_would_change_it:t? "
     "ruling:n? failed:o? under_way:o? upstream:t? first_seen:t? uploaded:t? removed_upstream:t? "
     "bytes_confirmed:t? served:b? clients:n? baseline:b? sha256:t? inspection:o? "
     "dependencies:l? more_dependencies:b? exceptions:l? pushed:l? likeness:o? previous_version:t? "
     "change_count:n? changes:l? findings:l? facts:l? known:b? fetched:b? denials:l?"},
    {"listFetchedBy",
     "repository:t file:t sha256:t principal:t address:t user_agent:t first:t last:t times:n"},
    {"listRuntime", "id:n repository:t environment:t namespace:t image:t digests:l first:t "
                    "last:t state:t reason:t withdrawn:b"},
    {"deny", "repository:t? project:t? file:t? versions:t? sha256:t? ruling:n until:t?"},
    {"rescan",
     "queued:n? total:n? done:n? withdrawn:n? failed:n? running:n? by_hand:n? looking:b?"},
    {"searchAudit", "entries:l next:n?"},
    {"listOwners", "repository:t project:t upstream:t since:t? changes:l"},
    {"changeOwner", "repository:t project:t upstream:t since:t? changes:l"},
    {"listKeys",
     "purpose:t id:t kind:t not_before:t not_after:t? ended_by:t? reason:t? signs:b pem:t"},
    {"showKey",
     "purpose:t id:t kind:t not_before:t not_after:t? ended_by:t? reason:t? signs:b pem:t"},
    {"rotateKey", "purpose:t id:t"},
    {"showPolicy",
     "file:t number:n? sha256:t since:t? by:t? reason:t? bytes:n? repositories:l effective:l"},
    {"listPolicyHistory", "number:n sha256:t since:t by:t reason:t bytes:n"},
    {"diffPolicies", "changes:l unreadable:t? text:t"},
    {"testPolicy", CHANGES},
    {"proposePolicy", CHANGES "proposed:b " CONSENT},
    {"listPolicyProposals", PROPOSAL},
    {"showPolicyProposal", PROPOSAL "agreed:t persons:n persons_needed:n diff:o"},
    {"agreeToPolicy", "diff:o proposed:b " CONSENT},
    {"withdrawPolicyProposal", "proposal:n withdrawn:b"},
    {"listUsers", "name:t kind:t full_name:t uids:l groups:l by:t since:t"},
    {"addUser", IDS},
    {"endUser", IDS},
    {"listGroups", "name:t grants:l members:l"},
    {"addGrant", IDS},
    {"endGrant", IDS},
    {"addMembers", IDS},
    {"endMember", IDS},
    {"endGroup", IDS},
    {"listTokens", "id:n user:t audience:t label:t expired:b expires:t by:t since:t"},
    {"addToken", "id:n token:t user:t audience:t expires:t"},
    {"endToken", IDS},
    {"listExceptions", EXCEPTION "steps:l?"},
    {"requestException", "exception:n joined:b expires:t? approvals_missing:n"},
    {"showException", EXCEPTION "steps:l files:l? dependencies:l? more_dependencies:b? shown:t"},
    /* of a file; of all files of a range */
    {"approveException",
     "file:t? sha256:t? findings:l? dependencies:l? more_dependencies:b? repository:t? project:t? "
     "versions:t? approved:b exception:n? ruling:n? until:t? verdict:t? rule:t? reason:t?"},
    {"rejectException", "exception:n state:t"},
    {"revokeException", "exception:n state:t"},
    {"renewException", "exception:n joined:b expires:t? approvals_missing:n"},
};

static struct ch_str fields_of(const struct operation *o)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(answers); i++) {
        if (ch_str_eq(ch_str_of(answers[i].operation), ch_str_of(o->id))) {
            return ch_str_of(answers[i].fields);
        }
    }
    CH_ASSERT(false); /* each has a row: test_operations.c */
    return (struct ch_str){NULL, 0};
}

static const char *type_name(char type)
{
    switch (type) {
    case 't':
        return "string";
    case 'n':
        return "integer";
    case 'b':
        return "boolean";
    case 'l':
        return "array";
    default:
        return "object";
    }
}

void answers_put_schema(struct ch_buf *b, const struct operation *o)
{
    struct ch_str rest = ch_str_trim(fields_of(o));
    struct ch_str field;
    struct ch_buf required;
    ch_buf_init(&required, 4096);
    ch_buf_puts(b, CH_STR("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"));
    for (size_t n = 0; ch_str_split(&rest, ' ', &field); n++) {
        struct ch_str name;
        CH_ASSERT(ch_str_split(&field, ':', &name) && field.len > 0);
        ch_buf_printf(b, "%s\"%.*s\":{\"type\":\"%s\"}", n > 0 ? "," : "", CH_STR_ARG(name),
                      type_name(field.ptr[0]));
        if (field.len == 1) {
            ch_buf_printf(&required, "%s\"%.*s\"", required.len > 0 ? "," : "", CH_STR_ARG(name));
        }
    }
    ch_buf_puts(b, CH_STR("}"));
    if (required.len > 0) {
        ch_buf_printf(b, ",\"required\":[%.*s]", CH_STR_ARG(ch_buf_str(&required)));
    }
    ch_buf_putc(b, '}');
    ch_buf_done(&required);
}
