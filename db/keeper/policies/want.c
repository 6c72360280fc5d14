/* What becomes of something that is wanted, on a page that is there: of a line of a lock file, or
 * of what a release asks for. */
#include "want.h"

#include <stdio.h>
#include <stdlib.h>

const char *want_state_name(enum want_state state)
{
    static const char *const names[] = {"passes", "not-asked", "older",   "held",
                                        "denied", "hashes",    "missing", "unknown"};
    _Static_assert(CH_ARRAY_LEN(names) == WANT_STATES, "one each");
    return names[state];
}

struct looked { /* at the files of a page */
    bool *can;  /* it is listed, and the line can mean it */
    bool *now;  /* it could be had */
    bool *then;
    struct ch_decision *decisions;
};

/* All that judging reads of the policy is the keeper's, for the time of this call the other one. */
void want_judge_under(struct keeper *k, struct ch_policy *other, struct page *p, size_t file,
                      struct ch_decision *ret)
{
    struct ch_policy *in_force = k->policy;
    k->policy = other != NULL ? other : in_force;
    judge(k, p, file, ret);
    k->policy = in_force;
}

static bool has_hash(const struct page *p, size_t file, const struct ch_policy_want *want)
{
    const struct ch_sha256 *stated = &p->facts.files[file].index.sha256;
    for (size_t at = 0; at + CH_SHA256_BYTES <= want->sha256.len; at += CH_SHA256_BYTES) {
        struct ch_rd r = ch_rd_of(want->sha256.ptr + at, CH_SHA256_BYTES);
        struct ch_sha256 d = ch_get_sha256(&r);
        if (ch_sha256_is_zero(&d)) {
            continue; /* what is not stated and not fetched has none, and is no file of this hash */
        }
        if (ch_sha256_eq(&d, stated) || ch_sha256_eq(&d, &p->files[file].artifact)) {
            return true;
        }
    }
    return false;
}

bool want_can_mean(const struct page *p, size_t file, const struct ch_policy_want *want)
{
    struct ch_str version = ch_str_of(p->files[file].release.version);
    struct ch_err err;
    bool match = want->specifier.len == 0;
    bool hidden = ch_ecosystem_is_source(p->eco, p->files[file].release.file_type) &&
                  p->index.built[p->index.version[file]]; /* not listed: listing.c */
    if (p->eco->is_page != NULL && !ch_str_eq(page_project(p, file), want->name)) {
        return false; /* a page of many projects */
    }
    if (version.len == 0 || hidden || p->facts.files[file].removed_at_us != CH_TIME_UNKNOWN) {
        return false;
    }
    if (want->version.len > 0 && p->eco->compare_versions(version, want->version) != 0) {
        return false;
    }
    if (p->eco->match_spec != NULL && !match) {
        const struct ch_index_file *f = &p->facts.files[file].index;
        struct ch_spec_subject of = {.page = page_name(p),
                                     .project = page_project(p, file),
                                     .version = version,
                                     .build = f->build,
                                     .file_name = f->file_name,
                                     .record = f->record};
        return p->eco->match_spec(want->specifier, &of, &match, &err) == CH_OK && match;
    }
    if (want->version.len > 0) {
        return true;
    }
    return (match ||
            (p->eco->match_version(want->specifier, version, &match, &err) == CH_OK && match)) &&
           !p->facts.files[file].index.yanked;
}

bool want_could_be_had(const struct ch_decision *d)
{
    return d->verdict == CH_VERDICT_ALLOW || d->eligible;
}

ptrdiff_t want_newest(const struct page *p, const bool *among)
{
    ptrdiff_t best = -1;
    bool best_pre = false;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct ch_str version = ch_str_of(p->files[i].release.version);
        if (!among[i] || version.len == 0) {
            continue;
        }
        bool pre = p->eco->is_prerelease != NULL && p->eco->is_prerelease(version);
        if (best < 0 || (best_pre && !pre) ||
            (best_pre == pre &&
             p->eco->compare_versions(version, ch_str_of(p->files[best].release.version)) > 0)) {
            best = (ptrdiff_t)i;
            best_pre = pre;
        }
    }
    return best;
}

static struct ch_str version_of(const struct page *p, ptrdiff_t file)
{
    return ch_str_of(file < 0 ? NULL : p->files[file].release.version);
}

static void refuse(struct want_result *ret, const struct looked *l, size_t file)
{
    ret->room = l->decisions[file];
    ret->file = file;
    ret->decision = &ret->room;
    ret->state = ret->room.verdict == CH_VERDICT_DENY ? WANT_DENIED : WANT_HELD;
}

/* One version is asked for. What else could be had then is said, too. */
static void want_version(const struct page *p, const struct ch_policy_want *want,
                         const struct looked *l, struct want_result *ret)
{
    ptrdiff_t refused = -1;
    size_t of_version = 0, hashed = 0, unhashed = 0, now = 0;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (!l->can[i]) {
            continue;
        }
        of_version++;
        unhashed += ch_sha256_is_zero(&p->facts.files[i].index.sha256);
        if (want->sha256.len > 0 && !has_hash(p, i, want)) {
            continue;
        }
        hashed++;
        ret->passing += l->then[i];
        now += l->now[i];
        bool held = l->decisions[i].verdict == CH_VERDICT_HOLD;
        refused = refused < 0 || (held && l->decisions[refused].verdict == CH_VERDICT_DENY)
                      ? (ptrdiff_t)i
                      : refused;
    }
    ret->files = hashed;
    ret->now = now > 0 ? want->version : ret->now;
    if (of_version == 0) {
        ret->state = WANT_MISSING;
        snprintf(ret->text, sizeof(ret->text), "the upstream lists no file of this version");
    } else if (hashed == 0) {
        ret->state = unhashed > 0 ? WANT_UNKNOWN : WANT_HASHES;
        snprintf(ret->text, sizeof(ret->text),
                 unhashed > 0
                     ? "the upstream states no hashes to compare with"
                     : "none of the %zu files known of this version has any of its %u hashes",
                 of_version, want->hash_count);
    } else if (ret->passing > 0) {
        ret->then = want->version;
    } else {
        refuse(ret, l, (size_t)refused);
    }
}

/* Any version that fits is asked for. */
static void want_range(const struct page *p, const struct looked *l, struct want_result *ret)
{
    ptrdiff_t any = want_newest(p, l->can), now = want_newest(p, l->now),
              then = want_newest(p, l->then);
    ret->now = version_of(p, now);
    ret->then = version_of(p, then);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        ret->files += l->can[i];
        ret->passing += l->then[i];
    }
    if (any < 0) {
        ret->state = WANT_MISSING;
        snprintf(ret->text, sizeof(ret->text), "the upstream lists no version that fits");
    } else if (then < 0) {
        refuse(ret, l, (size_t)(now >= 0 ? now : any));
    } else if (now >= 0 && p->eco->compare_versions(ret->then, ret->now) < 0) {
        refuse(ret, l, (size_t)now);
        ret->state = WANT_OLDER;
    }
}

/* What a resolver gets that may take any version: for a pinned line that is refused. */
static void find_instead(struct keeper *k, struct ch_policy *other, struct page *p,
                         const struct ch_policy_want *want, struct looked *l,
                         struct want_result *ret)
{
    struct ch_policy_want any = {.name = want->name};
    for (size_t i = 0; i < p->facts.file_count; i++) {
        bool other_one = want_can_mean(p, i, &any);
        if (other_one && !l->can[i]) {
            want_judge_under(k, other, p, i, &l->decisions[i]); /* not looked at so far */
        }
        l->can[i] = other_one && want_could_be_had(&l->decisions[i]);
    }
    ret->then = version_of(p, want_newest(p, l->can));
}

void want_judge(struct keeper *k, struct ch_policy *other, struct page *p,
                const struct ch_policy_want *want, struct want_result *ret)
{
    size_t n = p->facts.file_count;
    struct looked l = {.can = ch_calloc(n + 1, sizeof(bool)),
                       .now = ch_calloc(n + 1, sizeof(bool)),
                       .then = ch_calloc(n + 1, sizeof(bool)),
                       .decisions = ch_calloc(n + 1, sizeof(*l.decisions))};
    *ret = (struct want_result){.state = WANT_PASSES};
    for (size_t i = 0; i < n; i++) {
        struct ch_decision before;
        l.can[i] = want_can_mean(p, i, want);
        if (!l.can[i]) {
            continue;
        }
        want_judge_under(k, other, p, i, &l.decisions[i]);
        l.then[i] = want_could_be_had(&l.decisions[i]);
        l.now[i] = true;
        if (other != NULL) {
            judge(k, p, i, &before);
            l.now[i] = want_could_be_had(&before);
        }
    }
    if (want->version.len > 0) {
        want_version(p, want, &l, ret);
        if (ret->state == WANT_HELD || ret->state == WANT_DENIED) {
            find_instead(k, other, p, want, &l, ret);
        }
    } else {
        want_range(p, &l, ret);
    }
    if (ret->state == WANT_PASSES && want->hash_count > 0 && want->sha256.len == 0) {
        ret->state = WANT_UNKNOWN;
        snprintf(ret->text, sizeof(ret->text),
                 "none of its %u hashes is a sha256: whether a file has them is not known here",
                 want->hash_count);
    }
    if (ret->decision != NULL) {
        judge(k, p, ret->file, &ret->before);
        ret->release_file = p->facts.files[ret->file].index.file_name;
    }
    free(l.can);
    free(l.now);
    free(l.then);
    free(l.decisions);
}

/* That the policy lets nobody ask is no word of any upstream. */
enum want_state want_no_page(const struct keeper *k, const struct page *p, char *text, size_t size)
{
    if (p->load == PAGE_ABSENT && page_withheld(p)) {
        snprintf(text, size, "the name is reserved in repository %s", p->repository);
        return WANT_MISSING;
    }
    if (!ch_policy_may_look_up(k->policy, ch_str_of(p->repository),
                               ch_str_of(p->config->environment), page_name(p))) {
        snprintf(text, size, "the policy in force lets nobody ask upstream for this name");
        return WANT_UNKNOWN;
    }
    if (p->load == PAGE_ABSENT) {
        snprintf(text, size, "no upstream of repository %s has this project", p->repository);
        return WANT_MISSING;
    }
    if (p->fail_text[0] != '\0') {
        snprintf(text, size, "it could not be looked up: %s", p->fail_text);
    } else {
        snprintf(text, size, "nothing is known of it here yet");
    }
    return WANT_UNKNOWN;
}
