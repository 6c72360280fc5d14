#include "people_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/attr.h"

#define MAY(action) ((uint32_t)1 << (action))

static const char *const audiences[] = {[AUDIENCE_NONE] = "none",
                                        [AUDIENCE_PULL] = "pull",
                                        [AUDIENCE_PUSH] = "push",
                                        [AUDIENCE_SCANNER] = "scanner",
                                        [AUDIENCE_ADMIN] = "admin"};

/* T21: what comes with a token of this audience can do at most this. */
static uint32_t audience_actions(enum audience a)
{
    const uint32_t scanner = MAY(ACTION_PULL_QUARANTINED) | MAY(ACTION_VERDICT_WRITE);
    switch (a) {
    case AUDIENCE_NONE:
        return UINT32_MAX;
    case AUDIENCE_PULL:
        return MAY(ACTION_PULL) | MAY(ACTION_EXCEPTION_REQUEST);
    case AUDIENCE_SCANNER:
        return scanner;
    case AUDIENCE_ADMIN:
        return ~(MAY(ACTION_PULL) | MAY(ACTION_PUSH) | scanner);
    case AUDIENCE_PUSH: /* clients of registries have one token for a host: what is built is built
                           on what is there */
        return MAY(ACTION_PULL) | MAY(ACTION_PUSH) | MAY(ACTION_DELETE);
    }
    return 0;
}

const char *audience_name(enum audience a)
{
    return a > AUDIENCE_NONE && a <= AUDIENCE_ADMIN ? audiences[a] : audiences[AUDIENCE_NONE];
}

enum audience audience_of_name(struct ch_str name)
{
    for (enum audience a = AUDIENCE_PULL; a <= AUDIENCE_ADMIN; a++) {
        if (ch_str_eq(name, ch_str_of(audiences[a]))) {
            return a;
        }
    }
    return AUDIENCE_NONE;
}

bool people_name_ok(struct ch_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return name.len > 0 && name.len <= PEOPLE_NAME_MAX;
}

/* ------------------------------------------------------------------ rows */

struct people *people_new(void)
{
    struct people *p = ch_calloc(1, sizeof(*p));
    people_settle(p);
    return p;
}

static void free_held(struct people *p)
{
    for (size_t i = 0; i < p->held_count; i++) {
        free(p->held[i].grants);
        free(p->held[i].by);
    }
    free(p->held);
    ch_map_free(p->by_name);
    ch_map_free(p->names);
    ch_map_free(p->tokens);
    ch_map_free(p->token_ids);
}

void people_free(struct people *p)
{
    if (p == NULL) {
        return;
    }
    free_held(p);
    for (size_t i = 0; i < p->count; i++) {
        ch_buf_done(&p->rows[i]->memory);
        free(p->rows[i]);
    }
    free(p->rows);
    free(p);
}

static struct ch_str keep(struct ch_buf *memory, struct ch_str s)
{
    size_t at = memory->len;
    ch_buf_puts(memory, s);
    return (struct ch_str){s.ptr != NULL ? memory->ptr + at : NULL, s.len};
}

void people_add(struct people *p, const struct ch_people_row *row)
{
    if (p->count == p->cap) {
        p->cap = p->cap == 0 ? 16 : p->cap * 2;
        p->rows = ch_realloc_array(p->rows, p->cap, sizeof(struct kept *));
    }
    struct kept *k = p->rows[p->count++] = ch_calloc(1, sizeof(*k));
    struct ch_str *all[] = {&k->row.person,   &k->row.full_name,  &k->row.group,
                            &k->row.role,     &k->row.repository, &k->row.environment,
                            &k->row.audience, &k->row.label,      &k->row.by,
                            &k->row.ended_by, &k->row.ended_why};
    size_t need = 1;
    k->row = *row;
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        need += all[i]->len;
    }
    ch_buf_init(&k->memory, need);
    CH_ASSERT(ch_buf_reserve(&k->memory, need) != NULL); /* slices do not move */
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        *all[i] = keep(&k->memory, *all[i]);
    }
    if (row->kind == CH_PEOPLE_PERSON) {
        snprintf(k->principal, sizeof(k->principal), "%s:%.*s", row->service ? "service" : "user",
                 CH_STR_ARG(row->person));
    }
}

bool people_end(struct people *p, uint64_t id, int64_t at_us)
{
    for (size_t i = 0; i < p->count; i++) {
        struct ch_people_row *row = &p->rows[i]->row;
        if (row->id == id && people_stands(row)) {
            row->ended_at_us = at_us;
            people_settle(p);
            return true;
        }
    }
    return false;
}

static struct ch_str token_key(const struct ch_sha256 *digest)
{
    return (struct ch_str){(const char *)digest->byte, sizeof(digest->byte)};
}

static struct ch_str id_key(const uint64_t *id)
{
    return (struct ch_str){(const char *)id, sizeof(*id)};
}

static void index_rows(struct people *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct ch_people_row *row = &p->rows[i]->row;
        if (row->kind == CH_PEOPLE_PERSON) {
            ch_map_set(p->names, row->person, p->rows[i]);
            if (people_stands(row)) {
                p->held[p->held_count++].row = row;
                ch_map_set(p->by_name, row->person, &p->held[p->held_count - 1]);
            }
        } else if (row->kind == CH_PEOPLE_TOKEN) {
            ch_map_set(p->tokens, token_key(&row->sha256), p->rows[i]);
            ch_map_set(p->token_ids, id_key(&row->id), p->rows[i]);
        }
    }
}

/* Grants that stand: few, beside members and tokens. */
struct grants {
    const struct ch_people_row **rows;
    size_t count;
};

static struct grants standing_grants(const struct people *p)
{
    struct grants all = {ch_calloc(p->count + 1, sizeof(struct ch_people_row *)), 0};
    for (size_t i = 0; i < p->count; i++) {
        if (people_stands_as(&p->rows[i]->row, CH_PEOPLE_GRANT)) {
            all.rows[all.count++] = &p->rows[i]->row;
        }
    }
    return all;
}

/* All that the group gives goes to the member. */
static void give(const struct grants *all, struct held *h, struct ch_str group)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct ch_people_row *row = all->rows[i];
        if (!ch_str_eq(row->group, group)) {
            continue;
        }
        h->grants = ch_realloc_array(h->grants, h->count + 1, sizeof(*h->grants));
        h->by = ch_realloc_array(h->by, h->count + 1, sizeof(*h->by));
        h->by[h->count] = row;
        h->grants[h->count++] =
            (struct grant){role_of_name(row->role), row->repository, row->environment};
    }
}

/* What ended before it came was there while the clock went back: its times say nothing. */
static bool is_timed(const struct ch_people_row *row)
{
    return people_stands(row) || row->ended_at_us >= row->at_us;
}

static bool ended_before(const struct ch_people_row *a, const struct ch_people_row *b)
{
    return is_timed(a) && is_timed(b) && !people_stands(a) && a->ended_at_us < b->at_us;
}

/* Unless it is known that they were not. */
static bool both_at_once(const struct ch_people_row *a, const struct ch_people_row *b)
{
    return !ended_before(a, b) && !ended_before(b, a);
}

static bool ever_gave_approver(const struct ch_people_row *grant)
{
    return grant->kind == CH_PEOPLE_GRANT && role_of_name(grant->role) == ROLE_APPROVER;
}

/* Persons who ever held approver, whether or not they or what they held has ended. */
static void count_approvers(struct people *p)
{
    struct ch_map *ever = ch_map_new();
    for (size_t g = 0; g < p->count; g++) {
        const struct ch_people_row *grant = &p->rows[g]->row;
        for (size_t m = 0; ever_gave_approver(grant) && m < p->count; m++) {
            const struct ch_people_row *member = &p->rows[m]->row;
            const struct kept *person = member->kind == CH_PEOPLE_MEMBER &&
                                                ch_str_eq(grant->group, member->group) &&
                                                both_at_once(member, grant)
                                            ? ch_map_get(p->names, member->person)
                                            : NULL;
            if (person != NULL && !person->row.service) {
                ch_map_set(ever, member->person, p);
            }
        }
    }
    p->approvers_ever = ch_map_count(ever);
    ch_map_free(ever);
}

void people_settle(struct people *p)
{
    free_held(p);
    p->by_name = ch_map_new();
    p->names = ch_map_new();
    p->tokens = ch_map_new();
    p->token_ids = ch_map_new();
    p->held = ch_calloc(p->count + 1, sizeof(*p->held));
    p->held_count = 0;
    p->has_approver = false;
    index_rows(p);
    struct grants all = standing_grants(p);
    for (size_t i = 0; i < p->count; i++) {
        const struct ch_people_row *row = &p->rows[i]->row;
        struct held *h =
            people_stands_as(row, CH_PEOPLE_MEMBER) ? ch_map_get(p->by_name, row->person) : NULL;
        if (h != NULL) {
            give(&all, h, row->group);
        }
    }
    free(all.rows);
    for (size_t i = 0; i < p->held_count; i++) {
        struct held *h = &p->held[i];
        h->conflict = rights_conflict(h->grants, h->count);
        for (size_t g = 0; g < h->count && !h->row->service; g++) {
            p->has_approver = p->has_approver || h->grants[g].role == ROLE_APPROVER;
        }
    }
    count_approvers(p);
}

void people_set_loopback(struct people *p, bool loopback_only)
{
    p->loopback_only = loopback_only;
}

void people_set_altered(struct people *p, bool altered)
{
    p->altered = altered;
}

void people_set_unread(struct people *p, bool unread)
{
    p->only_pull = unread;
}

void people_each(const struct people *p, people_fn *each, void *ctx)
{
    for (size_t i = 0; i < p->count; i++) {
        each(ctx, &p->rows[i]->row);
    }
}

const struct ch_people_row *people_find(const struct people *p, struct ch_str name)
{
    const struct held *h = ch_map_get(p->by_name, name);
    return h != NULL ? h->row : NULL;
}

/* ------------------------------------------------------------------ who */

static struct principal principal_of(const struct ch_people_row *person, enum audience audience)
{
    struct principal who = {.kind = person->service ? PRINCIPAL_SERVICE : PRINCIPAL_USER,
                            .audience = audience};
    snprintf(who.text, sizeof(who.text), "%s:%.*s", person->service ? "service" : "user",
             CH_STR_ARG(person->person));
    return who;
}

struct principal people_named(const struct people *p, struct ch_str name)
{
    const struct ch_people_row *row = people_find(p, name);
    return row != NULL ? principal_of(row, AUDIENCE_NONE)
                       : (struct principal){.kind = PRINCIPAL_NONE};
}

/* One that ended at its time, or later, had expired, whoever ended it. */
static const char *token_fault(const struct people *p, const struct ch_people_row *t,
                               int64_t now_us)
{
    if (t == NULL) {
        return "unknown";
    }
    if (people_find(p, t->person) == NULL) {
        return "revoked";
    }
    int64_t at_us = people_stands(t) ? now_us : t->ended_at_us;
    if (t->expires_at_us == CH_TIME_UNKNOWN || t->expires_at_us <= at_us) {
        return "expired";
    }
    return people_stands(t) ? NULL : "revoked";
}

static const struct ch_people_row *find_token(const struct people *p,
                                              const struct ch_sha256 *digest)
{
    const struct kept *k = ch_map_get(p->tokens, token_key(digest));
    return k != NULL ? &k->row : NULL;
}

static enum ch_code of_row(const struct people *p, const struct ch_people_row *t, int64_t now_us,
                           struct principal *ret, int64_t *ret_until_us, struct ch_err *err)
{
    *ret = (struct principal){.kind = PRINCIPAL_NONE};
    if (token_fault(p, t, now_us) != NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "no such token");
    }
    *ret = principal_of(people_find(p, t->person), audience_of_name(t->audience));
    *ret_until_us = t->expires_at_us;
    return CH_OK;
}

enum ch_code people_of_token(const struct people *p, const struct ch_sha256 *digest, int64_t now_us,
                             struct principal *ret, int64_t *ret_until_us, struct ch_err *err)
{
    return of_row(p, find_token(p, digest), now_us, ret, ret_until_us, err);
}

enum ch_code people_of_token_id(const struct people *p, uint64_t id, int64_t now_us,
                                struct principal *ret, int64_t *ret_until_us, struct ch_err *err)
{
    const struct kept *k = ch_map_get(p->token_ids, id_key(&id));
    return of_row(p, k != NULL ? &k->row : NULL, now_us, ret, ret_until_us, err);
}

uint64_t people_token_id(const struct people *p, const struct ch_sha256 *digest)
{
    const struct ch_people_row *t = find_token(p, digest);
    return t != NULL ? t->id : 0;
}

struct ch_str people_token_owner(const struct people *p, const struct ch_sha256 *digest,
                                 int64_t now_us, const char **ret_why)
{
    const struct ch_people_row *t = find_token(p, digest);
    const struct kept *owner = t != NULL ? ch_map_get(p->names, t->person) : NULL;
    *ret_why = token_fault(p, t, now_us);
    return ch_str_of(owner != NULL ? owner->principal : NULL);
}

struct principal people_of_uid(const struct people *p, uint32_t uid)
{
    const struct ch_people_row *found = NULL;
    for (size_t i = 0; i < p->count; i++) {
        const struct ch_people_row *row = &p->rows[i]->row;
        const struct ch_people_row *person = people_stands_as(row, CH_PEOPLE_UID) && row->uid == uid
                                                 ? people_find(p, row->person)
                                                 : NULL;
        if (person != NULL && found != NULL && person != found) {
            return (struct principal){.kind = PRINCIPAL_NONE}; /* two people's: nobody's */
        }
        found = person != NULL ? person : found;
    }
    if (found != NULL) {
        return principal_of(found, AUDIENCE_NONE);
    }
    struct principal who = {.kind = PRINCIPAL_LOCAL};
    snprintf(who.text, sizeof(who.text), "local:%u", uid);
    return who;
}

/* ------------------------------------------------------------------ what they may */

static const struct held *held_by(const struct people *p, const struct principal *who)
{
    struct ch_str text = ch_str_of(who->text), name;
    if ((who->kind != PRINCIPAL_USER && who->kind != PRINCIPAL_SERVICE) ||
        !ch_str_split(&text, ':', &name)) {
        return NULL;
    }
    const struct held *h = text.ptr != NULL ? ch_map_get(p->by_name, text) : NULL;
    return h != NULL && h->row->service == (who->kind == PRINCIPAL_SERVICE) ? h : NULL;
}

/* `at`: NULL: anywhere. T22: what persons decide no service account does. */
static bool held_allows(const struct held *h, enum action a, const struct place *at)
{
    bool persons = a == ACTION_EXCEPTION_APPROVE || a == ACTION_POLICY_WRITE;
    if (h == NULL || h->conflict || (h->row->service && persons)) {
        return false;
    }
    if (at != NULL) {
        return rights_allow(h->grants, h->count, a, at);
    }
    for (size_t i = 0; i < h->count; i++) {
        struct place own = {h->grants[i].repository, h->grants[i].environment};
        if (rights_allow(&h->grants[i], 1, a, &own)) {
            return true;
        }
    }
    return false;
}

static bool may(const struct people *p, const struct principal *who, enum action a,
                const struct place *at)
{
    static const struct grant operator= {.role = ROLE_OPERATOR};
    const struct place site = {{NULL, 0}, {NULL, 0}};
    if (a <= ACTION_NONE || a >= ACTION_COUNT || (audience_actions(who->audience) & MAY(a)) == 0) {
        return false;
    }
    switch (who->kind) {
    case PRINCIPAL_ANONYMOUS:
        return a == ACTION_PULL;
    case PRINCIPAL_LOCAL:
        return (p->loopback_only && !p->altered && p->approvers_ever == 0) ||
               rights_allow(&operator, 1, a, &site);
    case PRINCIPAL_USER:
    case PRINCIPAL_SERVICE:
        return (!p->only_pull || a == ACTION_PULL) && held_allows(held_by(p, who), a, at);
    case PRINCIPAL_NONE:
        break;
    }
    return false;
}

bool people_may(const struct people *p, const struct principal *who, enum action a,
                const struct place *at)
{
    return may(p, who, a, at);
}

bool people_may_somewhere(const struct people *p, const struct principal *who, enum action a)
{
    return may(p, who, a, NULL);
}

bool people_has_approver(const struct people *p)
{
    return p->has_approver;
}

size_t people_approvers_ever(const struct people *p)
{
    return p->altered && p->approvers_ever < 2 ? 2 : p->approvers_ever;
}

const char *people_person(const struct principal *who)
{
    return who->kind == PRINCIPAL_USER ? who->text : "";
}
