/* Whether a row may be added to what stands. */
#include "customhouse/config.h"
#include "people_int.h"

#define FULL_NAME_MAX 200
#define LABEL_MAX     100

/* Which groups give the two roles that nobody holds at once. */
struct two {
    struct ch_str operator, approver;
};

static void note(struct two *t, const struct ch_people_row *grant)
{
    enum role role = role_of_name(grant->role);
    t->operator= role == ROLE_OPERATOR ? grant->group : t->operator;
    t->approver = role == ROLE_APPROVER ? grant->group : t->approver;
}

static void note_held(struct two *t, const struct held *h)
{
    for (size_t i = 0; h != NULL && i < h->count; i++) {
        note(t, h->by[i]);
    }
}

static enum ch_code refuse_both(const struct two *t, struct ch_str person, struct ch_err *err)
{
    return t->operator.len == 0 || t->approver.len == 0
               ? CH_OK
               : ch_fail(err, CH_E_DENIED,
                         "%.*s would hold operator (group %.*s) and approver (group %.*s): nobody "
                         "holds both",
                         CH_STR_ARG(person), CH_STR_ARG(t->operator), CH_STR_ARG(t->approver));
}

/* A new member has all that the group gives, besides what he has. */
static enum ch_code check_member(const struct people *p, const struct ch_people_row *row,
                                 struct ch_err *err)
{
    struct two t = {{NULL, 0}, {NULL, 0}};
    note_held(&t, ch_map_get(p->by_name, row->person));
    for (size_t i = 0; i < p->count; i++) {
        const struct ch_people_row *other = &p->rows[i]->row;
        if (people_stands_as(other, CH_PEOPLE_GRANT) && ch_str_eq(other->group, row->group)) {
            note(&t, other);
        }
    }
    return refuse_both(&t, row->person, err);
}

/* What a group is given, all its members are. */
static enum ch_code check_grant(const struct people *p, const struct ch_people_row *row,
                                struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < p->count; i++) {
        const struct ch_people_row *other = &p->rows[i]->row;
        if (people_stands_as(other, CH_PEOPLE_MEMBER) && ch_str_eq(other->group, row->group) &&
            people_find(p, other->person) != NULL) {
            struct two t = {{NULL, 0}, {NULL, 0}};
            note_held(&t, ch_map_get(p->by_name, other->person));
            note(&t, row);
            rc = refuse_both(&t, other->person, err);
        }
    }
    return rc;
}

static bool same(const struct ch_people_row *a, const struct ch_people_row *b)
{
    return a->kind == b->kind && ch_str_eq(a->group, b->group) && ch_str_eq(a->role, b->role) &&
           ch_str_eq(a->person, b->person) && ch_str_eq(a->repository, b->repository) &&
           ch_str_eq(a->environment, b->environment);
}

static enum ch_code check_twice(const struct people *p, const struct ch_people_row *row,
                                struct ch_err *err)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct ch_people_row *other = &p->rows[i]->row;
        if (people_stands(other) && same(row, other)) {
            return row->kind == CH_PEOPLE_MEMBER
                       ? ch_fail(err, CH_E_EXISTS, "%.*s is in group %.*s already",
                                 CH_STR_ARG(row->person), CH_STR_ARG(row->group))
                       : ch_fail(err, CH_E_EXISTS, "group %.*s has role %.*s there already",
                                 CH_STR_ARG(row->group), CH_STR_ARG(row->role));
        }
    }
    return CH_OK;
}

static enum ch_code check_person(const struct people *p, const struct ch_people_row *row,
                                 struct ch_err *err)
{
    const struct kept *former = ch_map_get(p->names, row->person);
    if (former != NULL) {
        return ch_fail(
            err, CH_E_EXISTS,
            people_stands(&former->row)
                ? "%.*s is there already"
                : "%.*s was there before: a name is given once, so that what was done under "
                  "it stays one person's",
            CH_STR_ARG(row->person));
    }
    if (row->full_name.len > FULL_NAME_MAX || !ch_str_is_utf8(row->full_name)) {
        return ch_fail(err, CH_E_USAGE, "expected a name of at most %d bytes, in UTF-8",
                       FULL_NAME_MAX);
    }
    return CH_OK;
}

/* T22: a uid that went from one person to another would make one human two, who asks as the one and
 * approves as the other. So it is one person's for good, also after its end or theirs. */
static enum ch_code check_uid_before(const struct people *p, const struct ch_people_row *row,
                                     struct ch_err *err)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct ch_people_row *other = &p->rows[i]->row;
        if (other->kind != CH_PEOPLE_UID || other->uid != row->uid) {
            continue;
        }
        bool stands = people_stands(other) && people_find(p, other->person) != NULL;
        if (stands) {
            return ch_fail(err, CH_E_EXISTS, "uid %u is %.*s's", row->uid,
                           CH_STR_ARG(other->person));
        }
        if (!ch_str_eq(other->person, row->person)) {
            return ch_fail(err, CH_E_EXISTS,
                           "uid %u was %.*s's: it is one person's for good, so that nobody counts "
                           "as two",
                           row->uid, CH_STR_ARG(other->person));
        }
    }
    return CH_OK;
}

static enum ch_code check_uid(const struct people *p, const struct ch_people_row *row,
                              struct ch_err *err)
{
    if (row->uid == 0 || row->uid == UINT32_MAX) {
        return ch_fail(err, CH_E_USAGE, "uid %u cannot be a person's%s", row->uid,
                       row->uid == 0 ? ": root stays the way in when all else fails" : "");
    }
    if (row->uid == CH_UID_OVERFLOW) { /* of a peer of another user namespace, whoever it is */
        return ch_fail(err, CH_E_USAGE,
                       "uid %u is what the kernel shows for users that it cannot name", row->uid);
    }
    if (people_find(p, row->person)->service) {
        return ch_fail(err, CH_E_USAGE, "%.*s is a service account: it comes with a token",
                       CH_STR_ARG(row->person));
    }
    return check_uid_before(p, row, err);
}

static enum ch_code check_token(const struct ch_people_row *row, struct ch_err *err)
{
    if (audience_of_name(row->audience) == AUDIENCE_NONE) {
        return ch_fail(err, CH_E_USAGE, "expected the audience pull, push, scanner or admin");
    }
    if (row->label.len > LABEL_MAX || !ch_str_is_utf8(row->label)) {
        return ch_fail(err, CH_E_USAGE, "expected a label of at most %d bytes, in UTF-8",
                       LABEL_MAX);
    }
    return ch_sha256_is_zero(&row->sha256) ? ch_fail(err, CH_E_USAGE, "a token without digest")
                                           : CH_OK;
}

static enum ch_code check_group(const struct people *p, const struct ch_people_row *row,
                                struct ch_err *err)
{
    if (!people_name_ok(row->group)) {
        return ch_fail(
            err, CH_E_USAGE,
            "expected the name of a group: 1 to %d of a-z 0-9 . _ -, the first a letter or "
            "digit",
            PEOPLE_NAME_MAX);
    }
    if (row->kind == CH_PEOPLE_GRANT && role_of_name(row->role) == ROLE_NONE) {
        return ch_fail(
            err, CH_E_USAGE,
            "expected the role reader, requester, reviewer, approver, auditor, operator or "
            "scanner");
    }
    if (row->environment.len > 0 && !ch_str_eq(row->environment, CH_STR("prod")) &&
        !ch_str_eq(row->environment, CH_STR("preprod"))) {
        return ch_fail(err, CH_E_USAGE, "expected the environment prod or preprod");
    }
    enum ch_code rc = check_twice(p, row, err);
    if (rc != CH_OK) {
        return rc;
    }
    return row->kind == CH_PEOPLE_MEMBER ? check_member(p, row, err) : check_grant(p, row, err);
}

enum ch_code people_check(const struct people *p, const struct ch_people_row *row,
                          struct ch_err *err)
{
    if (row->kind != CH_PEOPLE_GRANT && !people_name_ok(row->person)) {
        return ch_fail(
            err, CH_E_USAGE,
            "expected the name of a user: 1 to %d of a-z 0-9 . _ -, the first a letter or "
            "digit",
            PEOPLE_NAME_MAX);
    }
    if (row->kind != CH_PEOPLE_GRANT && row->kind != CH_PEOPLE_PERSON &&
        people_find(p, row->person) == NULL) {
        return ch_fail(err, CH_E_USAGE, "there is no user %.*s", CH_STR_ARG(row->person));
    }
    switch (row->kind) {
    case CH_PEOPLE_PERSON:
        return check_person(p, row, err);
    case CH_PEOPLE_UID:
        return check_uid(p, row, err);
    case CH_PEOPLE_TOKEN:
        return check_token(row, err);
    case CH_PEOPLE_MEMBER:
    case CH_PEOPLE_GRANT:
        return check_group(p, row, err);
    }
    return ch_fail(err, CH_E_USAGE, "no such kind of fact about people");
}
