/* What whoever asks for an exception, or approves one, has before him (T8): bytes, findings, holds.
 */
#include "commands_int.h"

#include <stdlib.h>
#include <string.h>

struct ch_sha256 command_evidence(const struct ch_inspection_result *in,
                                  const struct ch_sha256 *artifact)
{
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < in->row.finding_count; i++) {
        struct ch_sha256 print = ch_finding_fingerprint(artifact, &in->row.findings[i]);
        ch_put_sha256(&b, &print);
    }
    struct ch_sha256 d = ch_sha256_of(b.ptr, b.len);
    ch_buf_done(&b);
    return d;
}

struct seen {
    struct ch_sha256 artifact, evidence;
};

static int by_artifact(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int order = memcmp(x->artifact.byte, y->artifact.byte, CH_SHA256_BYTES);
    return order != 0 ? order : memcmp(x->evidence.byte, y->evidence.byte, CH_SHA256_BYTES);
}

struct exception_shown command_shown(struct keeper *k, struct page *p, const struct what *what)
{
    struct exception_shown ret = {.policy = ch_policy_digest(k->policy)};
    struct seen *all = p != NULL ? ch_calloc(p->facts.file_count + 1, sizeof(*all)) : NULL;
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < p->facts.file_count; i++) {
        const struct ch_inspection_result *in =
            command_names(p, i, what) ? inspection_of(k, p, i) : NULL;
        if (in != NULL) {
            all[n].artifact = p->files[i].artifact;
            all[n++].evidence = command_evidence(in, &p->files[i].artifact);
        }
    }
    if (n > 0) {
        struct ch_buf bytes, evidence;
        qsort(all, n, sizeof(*all), by_artifact);
        ch_buf_init(&bytes, n * CH_SHA256_BYTES);
        ch_buf_init(&evidence, n * CH_SHA256_BYTES);
        for (size_t i = 0; i < n; i++) {
            ch_put_sha256(&bytes, &all[i].artifact);
            ch_put_sha256(&evidence, &all[i].evidence);
        }
        ret.bytes = ch_sha256_of(bytes.ptr, bytes.len);
        ret.evidence = ch_sha256_of(evidence.ptr, evidence.len);
        ch_buf_done(&bytes);
        ch_buf_done(&evidence);
    }
    free(all);
    return ret;
}

uint64_t command_holds(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret)
{
    struct ch_facts facts;
    struct ch_ruling denials[16];
    size_t n = 0;
    judge_facts(k, p, file, &facts);
    for (size_t i = 0; i < facts.ruling_count && n < CH_ARRAY_LEN(denials); i++) {
        if (facts.rulings[i].deny) {
            denials[n++] = facts.rulings[i];
        }
    }
    facts.rulings = denials;
    facts.ruling_count = n;
    ch_decide(k->policy, &facts, keeper_now_us(k), ret);
    return ret->holds;
}

void command_put_holds(struct ch_buf *b, uint64_t holds)
{
    for (int kind = 0; kind < CH_HOLD_COUNT; kind++) {
        if ((holds >> kind & 1) != 0) {
            ch_buf_printf(b, "%s%s", b->len > 0 ? ", " : "",
                          ch_hold_kind_name((enum ch_hold_kind)kind));
        }
    }
}

size_t command_put_overrides(struct keeper *k, struct page *p, const struct what *what,
                             struct ch_buf *b, struct ch_decision *ret_denied)
{
    uint64_t holds = 0;
    size_t named = 0;
    *ret_denied = (struct ch_decision){.verdict = CH_VERDICT_HOLD};
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct ch_decision d;
        if (command_names(p, i, what)) {
            named++;
            holds |= command_holds(k, p, i, &d);
            if (d.verdict == CH_VERDICT_DENY) {
                *ret_denied = d;
            }
        }
    }
    holds &= command_liftable();
    command_put_holds(b, holds);
    return named;
}
