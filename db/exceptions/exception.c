#include "exception.h"

#include <stdio.h>

#include "customhouse/attr.h"
#include "customhouse/index.h"

#define HOUR_US INT64_C(3600000000)

static const char *const events[] = {
    [EXCEPTION_REQUESTED] = "requested", [EXCEPTION_JOINED] = "joined",
    [EXCEPTION_APPROVED] = "approved",   [EXCEPTION_IN_FORCE] = "in force",
    [EXCEPTION_REJECTED] = "rejected",   [EXCEPTION_REVOKED] = "revoked",
    [EXCEPTION_RENEWED] = "renewed",     [EXCEPTION_ENDED] = "ended",
};

static const char *const states[] = {
    [EXCEPTION_STATE_NONE] = "unknown",       [EXCEPTION_STATE_OPEN] = "requested",
    [EXCEPTION_STATE_EFFECTIVE] = "in force", [EXCEPTION_STATE_REJECTED] = "rejected",
    [EXCEPTION_STATE_REVOKED] = "revoked",    [EXCEPTION_STATE_RENEWED] = "renewed",
    [EXCEPTION_STATE_ENDED] = "ended",
};

const char *exception_event_name(enum exception_event e)
{
    return (size_t)e < CH_ARRAY_LEN(events) && events[e] != NULL ? events[e] : "unknown";
}

const char *exception_state_name(enum exception_state s)
{
    return (size_t)s < CH_ARRAY_LEN(states) ? states[s] : states[EXCEPTION_STATE_NONE];
}

/* ------------------------------------------------------------------ what was seen */

static const char bytes_differ[] = "the files are others than were shown";
static const char findings_differ[] = "other things are found in them than were shown";
static const char policy_differs[] = "the policy is another than when it was shown";

const char *exception_differs(const struct exception_shown *a, const struct exception_shown *b)
{
    return !ch_sha256_eq(&a->bytes, &b->bytes)         ? bytes_differ
           : !ch_sha256_eq(&a->evidence, &b->evidence) ? findings_differ
           : !ch_sha256_eq(&a->policy, &b->policy)     ? policy_differs
                                                       : NULL;
}

void exception_token(const struct exception_shown *shown, char ret[EXCEPTION_TOKEN])
{
    char bytes[CH_SHA256_HEX + 1], evidence[CH_SHA256_HEX + 1], policy[CH_SHA256_HEX + 1];
    ch_sha256_hex(&shown->bytes, bytes);
    ch_sha256_hex(&shown->evidence, evidence);
    ch_sha256_hex(&shown->policy, policy);
    (void)snprintf(ret, EXCEPTION_TOKEN, "%.16s-%.16s-%.16s", bytes, evidence, policy);
}

const char *exception_token_differs(struct ch_str token, const struct exception_shown *now)
{
    static const char *const words[] = {bytes_differ, findings_differ, policy_differs};
    char text[EXCEPTION_TOKEN];
    exception_token(now, text);
    if (token.len != EXCEPTION_TOKEN - 1 || token.ptr[16] != '-' || token.ptr[33] != '-') {
        return "that is not what --evidence was shown as";
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        if (!ch_str_eq(ch_str_sub(token, i * 17, 16), ch_str_sub(ch_str_of(text), i * 17, 16))) {
            return words[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ persons (T22) */

struct ch_str exception_person(struct ch_str principal)
{
    bool person = ch_str_starts(principal, CH_STR("user:")) && principal.len > 5;
    return person ? principal : (struct ch_str){NULL, 0};
}

static bool asked(const struct exception_step *steps, size_t count, struct ch_str person)
{
    for (size_t i = 0; i < count; i++) {
        if ((steps[i].event == EXCEPTION_REQUESTED || steps[i].event == EXCEPTION_JOINED) &&
            ch_str_eq(steps[i].by, person)) {
            return true;
        }
    }
    return false;
}

/* Whether this step is an approval that counts: by a person who did not ask, of what is there now.
 */
static bool counts(const struct exception_step *steps, size_t count, size_t at,
                   const struct exception_shown *now)
{
    const struct exception_step *s = &steps[at];
    struct ch_str person = exception_person(s->by);
    return s->event == EXCEPTION_APPROVED && person.len > 0 && !asked(steps, count, person) &&
           exception_differs(&s->shown, now) == NULL;
}

size_t exception_approvals(const struct exception_step *steps, size_t count,
                           const struct exception_shown *now)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t j = 0; j < i && !again; j++) {
            again = counts(steps, count, j, now) && ch_str_eq(steps[i].by, steps[j].by);
        }
        n += counts(steps, count, i, now) && !again;
    }
    return n;
}

bool exception_is_somebodys(const struct exception_step *steps, size_t count)
{
    bool somebody = false;
    for (size_t i = 0; i < count && !somebody; i++) {
        somebody = (steps[i].event == EXCEPTION_REQUESTED || steps[i].event == EXCEPTION_JOINED) &&
                   exception_person(steps[i].by).len > 0;
    }
    return somebody;
}

bool exception_is_prolonged(const struct exception_step *steps, size_t count)
{
    int64_t asked = count > 0 ? steps[0].expires_at_us : CH_TIME_UNKNOWN;
    bool longer = false;
    for (size_t i = 0; i < count && asked != CH_TIME_UNKNOWN && !longer; i++) {
        longer = steps[i].event == EXCEPTION_APPROVED && steps[i].expires_at_us > asked + HOUR_US;
    }
    return longer;
}

size_t exception_persons_needed(const struct exception_step *steps, size_t count,
                                size_t policy_asks)
{
    bool two = !exception_is_somebodys(steps, count) || exception_is_prolonged(steps, count);
    return policy_asks < 2 && two ? 2 : policy_asks;
}

static bool is_alone(const struct exception_step *s, const struct exception_shown *now)
{
    return s->event == EXCEPTION_APPROVED && s->alone && ch_str_starts(s->by, CH_STR("local:")) &&
           exception_differs(&s->shown, now) == NULL;
}

int64_t exception_agreed_end(const struct exception_step *steps, size_t count,
                             const struct exception_shown *now)
{
    int64_t end = CH_TIME_UNKNOWN;
    for (size_t i = 0; i < count; i++) {
        bool agrees = counts(steps, count, i, now) || is_alone(&steps[i], now);
        if (agrees && (end == CH_TIME_UNKNOWN || steps[i].expires_at_us < end)) {
            end = steps[i].expires_at_us;
        }
    }
    return end;
}

bool exception_is_approved(const struct exception_step *steps, size_t count,
                           const struct exception_shown *now, size_t needed)
{
    for (size_t i = 0; i < count; i++) {
        if (is_alone(&steps[i], now)) {
            return true;
        }
    }
    return needed > 0 && exception_approvals(steps, count, now) >= needed;
}

/* ------------------------------------------------------------------ where it stands */

static enum exception_state after(enum exception_state s, enum exception_event e)
{
    bool open = s == EXCEPTION_STATE_OPEN, effective = s == EXCEPTION_STATE_EFFECTIVE;
    switch (e) {
    case EXCEPTION_JOINED:
    case EXCEPTION_APPROVED:
        return open ? s : EXCEPTION_STATE_NONE;
    case EXCEPTION_IN_FORCE:
        return open ? EXCEPTION_STATE_EFFECTIVE : EXCEPTION_STATE_NONE;
    case EXCEPTION_REJECTED:
        return open ? EXCEPTION_STATE_REJECTED : EXCEPTION_STATE_NONE;
    case EXCEPTION_REVOKED:
        return effective ? EXCEPTION_STATE_REVOKED : EXCEPTION_STATE_NONE;
    case EXCEPTION_RENEWED:
        return effective ? EXCEPTION_STATE_RENEWED : EXCEPTION_STATE_NONE;
    case EXCEPTION_ENDED:
        return open || effective ? EXCEPTION_STATE_ENDED : EXCEPTION_STATE_NONE;
    case EXCEPTION_REQUESTED: /* begins it, and nothing else does */
        break;
    }
    return EXCEPTION_STATE_NONE;
}

int64_t exception_ends(const struct exception_step *steps, size_t count)
{
    int64_t end = CH_TIME_UNKNOWN;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].event == EXCEPTION_REQUESTED || steps[i].event == EXCEPTION_IN_FORCE) {
            end = steps[i].expires_at_us;
        }
    }
    return end;
}

enum exception_state exception_state(const struct exception_step *steps, size_t count,
                                     int64_t now_us)
{
    if (count == 0 || steps[0].event != EXCEPTION_REQUESTED) {
        return EXCEPTION_STATE_NONE;
    }
    enum exception_state s = EXCEPTION_STATE_OPEN;
    for (size_t i = 1; i < count; i++) {
        s = after(s, steps[i].event);
    }
    int64_t end = exception_ends(steps, count);
    bool over = end == CH_TIME_UNKNOWN || end <= now_us; /* none is without an end */
    return over && (s == EXCEPTION_STATE_OPEN || s == EXCEPTION_STATE_EFFECTIVE)
               ? EXCEPTION_STATE_ENDED
               : s;
}

/* ------------------------------------------------------------------ the next step */

static enum ch_code may_approve(const struct exception_step *steps, size_t count,
                                const struct exception_step *next, struct ch_err *err)
{
    struct ch_str person = exception_person(next->by);
    if (next->alone && ch_str_starts(next->by, CH_STR("local:"))) {
        return CH_OK;
    }
    if (person.len == 0) {
        return ch_fail(err, CH_E_USAGE, "only a person approves, and %.*s is none",
                       CH_STR_ARG(next->by));
    }
    if (asked(steps, count, person)) {
        return ch_fail(err, CH_E_USAGE,
                       "you asked for it yourself: another person has to approve it");
    }
    for (size_t i = 0; i < count; i++) {
        if (counts(steps, count, i, &next->shown) && ch_str_eq(steps[i].by, person)) {
            return ch_fail(err, CH_E_USAGE,
                           "you have approved it already: another person has to approve it, too");
        }
    }
    return CH_OK;
}

enum ch_code exception_may(const struct exception_step *steps, size_t count,
                           const struct exception_step *next, struct ch_err *err)
{
    enum exception_state s = exception_state(steps, count, next->at_us);
    bool by_time = next->event == EXCEPTION_ENDED;
    if (by_time) { /* state says so already; what is missing is the step */
        s = exception_state(steps, count, INT64_MIN + 1);
    }
    if (after(s, next->event) == EXCEPTION_STATE_NONE) {
        return ch_fail(err, CH_E_CONFLICT, "it is %s", exception_state_name(s));
    }
    return next->event == EXCEPTION_APPROVED ? may_approve(steps, count, next, err) : CH_OK;
}
