#include "customhouse/policy.h"

static const char *const kind_names[] = {
    [CH_HOLD_NO_RULE] = "no-rule",
    [CH_HOLD_NOT_INSPECTED] = "not-inspected",
    [CH_HOLD_FAILED] = "inspection-failed",
    [CH_HOLD_AGE] = "cool-down",
    [CH_HOLD_FINDING] = "finding",
    [CH_HOLD_FILE_TYPE] = "file-type",
    [CH_HOLD_NOT_LISTED] = "not-listed",
    [CH_HOLD_REMOVED] = "removed-upstream",
    [CH_HOLD_SIBLING] = "sibling",
    [CH_HOLD_CLOCK] = "clock",
    [CH_HOLD_RULE] = "rule",
    [CH_HOLD_IDENTITY] = "identity",
    [CH_HOLD_BUILD] = "build-code",
    [CH_HOLD_AUTO_LOAD] = "auto-load",
    [CH_HOLD_CHANGE] = "change",
    [CH_HOLD_NAME] = "name",
    [CH_HOLD_LICENCE] = "licence",
    [CH_HOLD_OWNER] = "name-owner",
    [CH_HOLD_SIZE] = "size-limit",
    [CH_HOLD_PART] = "part",
    [CH_HOLD_FETCH] = "fetching",
    [CH_HOLD_PLATFORM] = "platform",
    [CH_HOLD_EXTERNAL] = "external-verdict",
};
_Static_assert(CH_ARRAY_LEN(kind_names) == CH_HOLD_COUNT, "each kind of hold has a name");

const char *ch_verdict_name(enum ch_verdict v)
{
    switch (v) {
    case CH_VERDICT_ALLOW:
        return "allow";
    case CH_VERDICT_DENY:
        return "deny";
    case CH_VERDICT_HOLD:
        break;
    }
    return "hold";
}

const char *ch_hold_kind_name(enum ch_hold_kind kind)
{
    return (unsigned)kind < CH_HOLD_COUNT ? kind_names[kind] : kind_names[CH_HOLD_NO_RULE];
}

bool ch_hold_kind_from_name(struct ch_str name, enum ch_hold_kind *ret)
{
    for (unsigned i = 0; i < CH_HOLD_COUNT; i++) {
        if (ch_str_eq(name, ch_str_of(kind_names[i]))) {
            *ret = (enum ch_hold_kind)i;
            return true;
        }
    }
    return false;
}

const char *ch_name_owner_text(enum ch_name_owner owner)
{
    switch (owner) {
    case CH_OWNER_UPSTREAM:
        return "the name is one of an upstream of this repository";
    case CH_OWNER_RESERVED:
        return "the name is reserved in this repository";
    case CH_OWNER_LEFT:
        return "the upstream that owns this name is not one of the repository's any more";
    case CH_OWNER_GIVEN_AWAY:
        return "the name was given to another upstream just now, try again in some seconds";
    case CH_OWNER_UNKNOWN:
        break;
    }
    return "it is not known which upstream owns this name";
}

void ch_facts_init(struct ch_facts *facts)
{
    *facts = (struct ch_facts){
        .size_bytes = CH_SIZE_UNKNOWN,
        .max_bytes = CH_SIZE_UNKNOWN,
        .max_bytes_key = "",
        .uploaded_at_us = CH_TIME_UNKNOWN,
        .last_absent_at_us = CH_TIME_UNKNOWN,
        .first_seen_at_us = CH_TIME_UNKNOWN,
        .removed_at_us = CH_TIME_UNKNOWN,
        .index_confirmed_at_us = CH_TIME_UNKNOWN,
        .bytes_confirmed_at_us = CH_TIME_UNKNOWN,
        .previous_size_bytes = CH_SIZE_UNKNOWN,
        .previous_uploaded_at_us = CH_TIME_UNKNOWN,
        .project_since_us = CH_TIME_UNKNOWN,
        .parts_end_at_us = CH_TIME_UNKNOWN,
        .inspection_ends_at_us = CH_TIME_UNKNOWN,
    };
}
