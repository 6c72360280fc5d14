/* What a refusal is called, what it says, and what would change it. */
#include "db/keeper/intake/intake.h"
#include "db/keeper/keeper_int.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "db/keeper/commands/json.h"
#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/sizes.h"

void refusal_subject(const struct page *p, size_t file, struct ch_buf *out)
{
    enum { SHORT_DIGEST = 7 + 12 }; /* "sha256:" and so many digits, as clients show it */
    ch_buf_put_escaped(out, page_project(p, file));
    if (p->eco->whole_versions) {
        ch_buf_putc(out, '@');
        ch_buf_put_escaped(out,
                           ch_str_sub(ch_str_of(p->files[file].release.version), 0, SHORT_DIGEST));
    } else if (p->files[file].release.version[0] != '\0') {
        ch_buf_putc(out, ' ');
        ch_buf_put_escaped(out, ch_str_of(p->files[file].release.version));
    }
}

void refusal_id(const struct keeper *k, const struct page *p, size_t file, char ret[17])
{
    struct ch_buf text;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    ch_buf_init(&text, 2048);
    ch_put_str(&text, ch_str_of(p->repository));
    ch_put_str(&text, page_name(p));
    ch_put_str(&text, p->facts.files[file].index.file_name);
    CH_ASSERT(HMAC(EVP_sha256(), k->refusal_secret.byte, CH_SHA256_BYTES,
                   (const unsigned char *)text.ptr, text.len, mac, &len) != NULL);
    /* 80 bits as 16 characters that need no escaping and no care about case. */
    static const char digits[] = "abcdefghijkmnpqrstuvwxyz23456789";
    for (size_t i = 0; i < 16; i++) {
        size_t bit = i * 5;
        unsigned v = (unsigned)(mac[bit / 8] << 8 | mac[bit / 8 + 1]);
        ret[i] = digits[v >> (11 - bit % 8) & 31];
    }
    ret[16] = '\0';
    ch_buf_done(&text);
}

/* ------------------------------------------------------------------ what would change it */

#define APPROVE "customhouse approve FILE --reason TEXT --expires DATE"

const char *refusal_withheld_advice(const struct page *p)
{
    return page_owner(p) == CH_OWNER_RESERVED
               ? "the configuration: `reserved` of the repository, or "
                 "of another one of its upstreams, "
                 "in customhouse.yaml; no approval can"
               : "customhouse own NAME --upstream UPSTREAM --reason "
                 "TEXT, or `upstreams` of the repository "
                 "in customhouse.yaml; no approval can";
}

/* What approvals never lift. An approval has the file inspected first, so that it is not inspected
 * yet is none of it. */
static uint64_t staying_holds(const struct ch_decision *d)
{
    return d->holds & ~ch_approval_liftable(true) & ~((uint64_t)1 << CH_HOLD_NOT_INSPECTED);
}

bool refusal_stays(const struct page *p, const struct ch_decision *d)
{
    return d->verdict == CH_VERDICT_HOLD && (page_withheld(p) || staying_holds(d) != 0);
}

/* NULL: a larger limit (sizes.h), or what was found out of fetching it (faults.h). */
static const char *what_changes_a_staying_hold(const struct page *p, size_t file, uint64_t holds)
{
    const struct page_file *f = &p->files[file];
    if ((holds >> CH_HOLD_FILE_TYPE & 1) != 0) {
        return "an inspector that can read it whole";
    }
    if ((holds >> CH_HOLD_FAILED & 1) != 0) {
        return f->has_inspection && inspection_was_interrupted(f->inspection)
                   ? "inspecting it again: customhouse rescan FILE"
                   : "an inspector that can read it whole; where the machine was at fault, "
                     "inspecting it "
                     "again: customhouse rescan FILE";
    }
    if ((holds >> CH_HOLD_PART & 1) != 0) {
        return "what lets that part pass: customhouse explain sha256:DIGEST";
    }
    if ((holds >> CH_HOLD_EXTERNAL & 1) != 0) {
        return "the external scanner saying Passed of it";
    }
    if ((holds >> CH_HOLD_PLATFORM & 1) != 0) {
        return "`platforms` of the repository in customhouse.yaml; each of its images is judged "
               "where it is asked for by its own digest";
    }
    if ((holds >> CH_HOLD_SIZE & 1) != 0 || (holds >> CH_HOLD_FETCH & 1) != 0) {
        return NULL;
    }
    return (holds >> CH_HOLD_CLOCK & 1) != 0
               ? "the clock of the machine that this runs on, set right"
               : "the policy";
}

/* Of a hold by age that no time ends. */
static const char *what_is_awaited(const struct page *p, const struct ch_decision *d)
{
    switch (d->awaits) {
    case CH_AWAITS_STATED_TIME:
        return p->states_times /* of others: one that leaves a time out does not get older by it */
                   ? "the upstream stating when it was released; or: " APPROVE
                   : "the upstream stating when it was released; `states_times: never` of the "
                     "upstream in customhouse.yaml, if it states no times at all; or: " APPROVE;
    case CH_AWAITS_INDEX:
        return "an answer of the upstream's index that lists it, which is asked for when somebody "
               "asks, or: " APPROVE;
    case CH_AWAITS_BYTES: /* and something else holds it */
    case CH_AWAITS_UPSTREAM:
    case CH_AWAITS_NOTHING:
    default:
        return NULL;
    }
}

static const char *what_changes_a_denial(const struct page *p, size_t file,
                                         const struct ch_decision *d)
{
    return d->ruling_id != 0
               ? (d->until_us != CH_TIME_UNKNOWN ? "the end of this deny"
                                                 : "nothing by itself: a person denied it")
           : d->policy_line > 0 ? "the policy"
           : inspection_of_broken_transfer(p, file) || faults_of(p, file) != NULL
               ? "fetching it again, which starts when somebody asks for it after the "
                 "upstream's index was read again"
           : strcmp(d->rule, "finding hash-mismatch") == 0
               ? "the upstream's index, which states hashes of different files"
           : !p->files[file].attack && strcmp(d->rule, "finding metadata-differs") == 0
               ? "the upstream's index, which states another hash of its metadata than they have"
           : p->files[file].attack
               ? "only an inspector that reports the finding no longer; no approval can"
               : "the policy";
}

static void put_change_of_fetch(struct keeper *k, const struct page *p, size_t file,
                                const struct ch_decision *d, struct ch_buf *out)
{
    const struct fault *f = faults_of(p, file);
    bool fault = (d->holds >> CH_HOLD_FETCH & 1) != 0 || (f != NULL && f->kind == CH_FAULT_SIZE);
    if (fault && f != NULL) {
        faults_put_change(k, p, file, out);
    } else {
        sizes_put_change(k, p, file, out);
    }
}

void refusal_put_change(struct keeper *k, const struct page *p, size_t file,
                        const struct ch_decision *d, struct ch_buf *out)
{
    struct intake_progress progress;
    char time[40];
    const char *text;
    bool known = intake_progress(k, p, file, &progress), under_way = known && !progress.failed;
    if (page_withheld(p) && d->verdict != CH_VERDICT_DENY) {
        text = refusal_withheld_advice(p);
    } else if (d->verdict == CH_VERDICT_ALLOW) {
        text = d->until_us != CH_TIME_UNKNOWN
                   ? "time alone; a deny, a finding of a later inspector, or the policy"
                   : "a deny, a finding of a later inspector, or the policy";
    } else if (known && progress.failed && progress.again_at_us != CH_TIME_UNKNOWN &&
               (d->eligible || (d->holds >> CH_HOLD_FAILED & 1) != 0)) {
        command_time(progress.again_at_us, time, sizeof(time));
        ch_buf_printf(out, "inspecting it again, which begins by itself at %s", time);
        return;
    } else if (d->refetch) {
        text = under_way ? "fetching its bytes again, which is under way"
                         : "fetching its bytes again, which starts when somebody asks for it";
    } else if (d->eligible) {
        text = under_way ? "inspection, which is under way"
               : known ? "fetching and inspecting it again, which starts when somebody asks for it"
                       : "inspection, which starts when somebody asks for it";
    } else if (d->verdict == CH_VERDICT_DENY) {
        text = what_changes_a_denial(p, file, d);
    } else if (staying_holds(d) != 0) {
        text = what_changes_a_staying_hold(p, file, staying_holds(d));
        if (text == NULL) {
            put_change_of_fetch(k, p, file, d, out);
            return;
        }
    } else if (what_is_awaited(p, d) != NULL) {
        text = what_is_awaited(p, d);
    } else {
        text = d->until_us != CH_TIME_UNKNOWN ? "time alone, or: " APPROVE : APPROVE;
    }
    ch_buf_puts(out, ch_str_of(text));
}

/* ------------------------------------------------------------------ what it says */

void refusal_of(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d,
                struct ch_buf *strings, struct ch_refusal *ret)
{
    char id[17];
    refusal_id(k, p, file, id);
    CH_ASSERT(ch_buf_reserve(strings, 4096) != NULL); /* slices must not move */
    size_t at = strings->len;
    ch_buf_puts(strings, ch_str_of(id));
    *ret = (struct ch_refusal){
        .verdict = d->verdict, .since_us = CH_TIME_UNKNOWN, .until_us = d->until_us};
    ret->id = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    refusal_subject(p, file, strings);
    ret->subject = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    ch_buf_puts(strings, ch_str_of(d->rule));
    ret->rule = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    ch_buf_puts(strings, ch_str_of(d->reason));
    ret->reason = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    if (d->policy_line > 0) {
        /* whoever has the link reads it: where the site keeps the file is nobody's business */
        const char *path = ch_policy_file_name(k->policy), *slash = strrchr(path, '/');
        ch_buf_printf(strings, "%s:%u", slash != NULL ? slash + 1 : path, d->policy_line);
    }
    ret->policy_at = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    if (refusal_stays(p, d)) {
        refusal_put_change(k, p, file, d, strings);
    }
    ret->change = (struct ch_str){strings->ptr + at, strings->len - at};
    ret->since_us = p->facts.files[file].first_seen_at_us;
}
