#include "people_logged.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/map.h"

#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/audit_says.h"
#include "db/people/people.h"

static const char *const kinds[] = {[CH_PEOPLE_PERSON] = "person",
                                    [CH_PEOPLE_UID] = "uid",
                                    [CH_PEOPLE_MEMBER] = "member",
                                    [CH_PEOPLE_GRANT] = "grant",
                                    [CH_PEOPLE_TOKEN] = "token"};

static bool says_kind(struct says *s, const struct ch_people_row *r)
{
    bool token = r->kind == CH_PEOPLE_TOKEN;
    struct ch_sha256 digest = {{0}};
    char uid[16] = "";
    if (token) {
        digest = ch_sha256_of(r->sha256.byte, sizeof(r->sha256.byte));
    }
    if (r->kind == CH_PEOPLE_UID) {
        (void)snprintf(uid, sizeof(uid), "%u", r->uid);
    }
    return says_committed(s, "uid", ch_str_of(uid)) && says_sha(s, "token", &digest) &&
           (r->kind != CH_PEOPLE_PERSON || says_flag(s, "service", r->service)) &&
           (!token || says_number(s, "expires_us", r->expires_at_us, CH_TIME_UNKNOWN));
}

/* As audit_people has written it. */
static bool says_row(struct says *s, const struct ch_people_row *r)
{
    return r->kind >= CH_PEOPLE_PERSON && r->kind <= CH_PEOPLE_TOKEN &&
           says_text(s, "kind", ch_str_of(kinds[r->kind])) &&
           says_number(s, "id", (int64_t)r->id, 0) && says_number(s, "at_us", r->at_us, 0) &&
           says_text(s, "audience", r->audience) && says_committed(s, "by", r->by) &&
           says_text(s, "environment", r->environment) &&
           says_committed(s, "full_name", r->full_name) && says_committed(s, "group", r->group) &&
           says_committed(s, "label", r->label) && says_committed(s, "person", r->person) &&
           says_text(s, "repository", r->repository) && says_text(s, "role", r->role) &&
           says_kind(s, r);
}

/* A token that has ended opens nothing, and is asked for nothing else: there may be very many. */
static bool is_past(const struct ch_people_row *row, int64_t ended_us)
{
    return row->kind == CH_PEOPLE_TOKEN && row->ended_at_us != CH_TIME_UNKNOWN &&
           row->ended_at_us == ended_us;
}

static const char *check_person(const struct ch_people_row *row, const struct people_logged *counts)
{
    bool about =
        row->kind == CH_PEOPLE_UID || row->kind == CH_PEOPLE_MEMBER || row->kind == CH_PEOPLE_TOKEN;
    return about && ch_map_get(counts->persons, row->person) == NULL
               ? "the user that it was given to is gone"
               : NULL;
}

enum ch_code people_check_row(struct keeper *k, struct ch_people_row *row,
                              struct people_logged *counts, struct ch_err *err)
{
    struct said_entry entry;
    struct says s;
    int64_t ended_us;
    enum ch_code rc = CH_OK;
    bool stands = row->ended_at_us == CH_TIME_UNKNOWN;
    bool found = said_given(audit_said(k), SAID_OF_PEOPLE, row->id, &entry, &ended_us);
    const char *why = NULL;
    int64_t settled_us = 0;
    if (said_settled(audit_said(k), row->id, &settled_us)) {
        row->ended_at_us = stands ? settled_us : row->ended_at_us;
        row->altered = NULL;
        return CH_OK;
    }
    if (row->kind == CH_PEOPLE_PERSON) {
        ch_map_set(counts->persons, row->person, counts);
    }
    counts->found += found;
    if (!found) { /* somebody has ended one that never was, which is all that can be done about it
                   */
        why = stands ? "the audit log has no such row" : NULL;
    } else if (is_past(row, ended_us)) {
        return CH_OK;
    } else if (!entry.sealed) {
        why = "it is in the audit log under no seal";
    } else if (ended_us != row->ended_at_us) {
        why = stands ? "by the audit log it has ended" : "the audit log has no such end";
    } else {
        rc = says_begin(k, &entry, &s, err);
        if (rc == CH_OK && !says_row(&s, row)) {
            why = "the audit log says something else of it";
        } else if (rc == CH_OK && s.unlisted && stands) {
            row->altered = "its texts were erased by a release that kept nothing to compare them "
                           "with";
            counts->erased++;
            return CH_OK;
        } else if (rc == CH_OK && stands) {
            why = check_person(row, counts);
        }
        rc = rc == CH_OK && s.failed != CH_OK
                 ? ch_fail(err, s.failed, "what was erased cannot be read")
                 : rc;
    }
    row->altered = why;
    counts->altered += why != NULL;
    return rc;
}

struct counting {
    struct keeper *k;
    struct people_logged *counts;
    size_t given;
    bool approver;
};

static void count_given(void *ctx, uint64_t id, struct ch_str entry)
{
    struct counting *c = ctx;
    int64_t at_us;
    bool settled = said_settled(audit_said(c->k), id, &at_us);
    (void)entry;
    c->given += !settled;
    c->counts->settled += settled;
}

size_t people_lost(struct keeper *k, struct people_logged *counts)
{
    struct counting c = {.k = k, .counts = counts};
    said_people(audit_said(k), count_given, &c);
    return c.given > counts->found ? c.given - counts->found : 0;
}

static void find_approver(void *ctx, uint64_t id, struct ch_str entry)
{
    struct counting *c = ctx;
    struct says s = {.k = c->k};
    (void)id;
    c->approver = c->approver || (ch_log_entry_read(entry, &s.f, NULL) == CH_OK &&
                                  says_text(&s, "kind", CH_STR("grant")) &&
                                  says_text(&s, "role", CH_STR("approver")));
}

bool people_logged_approver(struct keeper *k)
{
    struct counting c = {.k = k};
    said_people(audit_said(k), find_approver, &c);
    return c.approver;
}

struct missing {
    struct keeper *k;
    const struct people *there;
    people_lost_fn *each;
    void *ctx;
    uint64_t id;
    bool found;
};

static void find_id(void *ctx, const struct ch_people_row *row)
{
    struct missing *m = ctx;
    m->found = m->found || row->id == m->id;
}

static void tell_missing(void *ctx, uint64_t id, struct ch_str entry)
{
    struct missing *m = ctx;
    int64_t at_us;
    (void)entry;
    m->id = id;
    m->found = said_settled(audit_said(m->k), id, &at_us);
    people_each(m->there, find_id, m);
    if (!m->found) {
        m->each(m->ctx, id);
    }
}

void people_lost_each(struct keeper *k, const struct people *there, people_lost_fn *each, void *ctx)
{
    struct missing m = {.k = k, .there = there, .each = each, .ctx = ctx};
    said_people(audit_said(k), tell_missing, &m);
}

/* ------------------------------------------------------------------ what two have to say */

static bool begin(struct keeper *k, enum said_given of, uint64_t id, struct says *s)
{
    struct said_entry entry;
    struct ch_err err;
    int64_t ended_us;
    return audit_is_recalled(k) && said_given(audit_said(k), of, id, &entry, &ended_us) &&
           ended_us == CH_TIME_UNKNOWN && entry.sealed && says_begin(k, &entry, s, &err) == CH_OK &&
           says_number(s, "id", (int64_t)id, 0);
}

bool people_proposal_is_logged(struct keeper *k, const struct ch_proposal_row *row)
{
    struct says s;
    bool same = begin(k, SAID_OF_PROPOSAL, row->id, &s) &&
                says_number(&s, "at_us", row->at_us, 0) && says_committed(&s, "by", row->by) &&
                says_committed(&s, "change", row->change) && says_sha(&s, "what", &row->what) &&
                !s.unlisted;
    if (!same) {
        keeper_log("people", "proposal=%llu taken=0 error=\"the audit log does not have it so\"",
                   (unsigned long long)row->id);
    }
    return same;
}

bool policy_proposal_is_logged(struct keeper *k, const struct ch_policy_proposal_row *row)
{
    struct says s;
    return begin(k, SAID_OF_POLICY_PROPOSAL, row->id, &s) &&
           says_number(&s, "at_us", row->at_us, 0) && says_committed(&s, "by", row->by) &&
           says_sha(&s, "base", &row->base) && says_sha(&s, "policy", &row->policy) && !s.unlisted;
}
