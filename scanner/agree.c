/* T2: what two jails say about the same bytes, made one. ALLOW needs both answers complete, about
 * the bytes that we hashed, with the same members in the same order. */
#include "customhouse/agree.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

#define STRINGS_MAX (64u << 10)

struct one { /* one jail's answer, decoded */
    bool complete;
    bool interrupted;
    char error[200];
    uint64_t members;
    struct ch_sha256 members_digest;
};

static struct ch_str keep(struct ch_agreed *a, struct ch_str s)
{
    size_t at = a->strings.len;
    ch_buf_puts(&a->strings, s); /* reserved up front: slices do not move */
    return (struct ch_str){a->strings.ptr + at, a->strings.len - at};
}

static void add_finding(struct ch_agreed *a, const struct ch_finding *f)
{
    if (a->finding_count == a->finding_cap) {
        a->finding_cap = a->finding_cap == 0 ? 8 : a->finding_cap * 2;
        a->findings = ch_realloc_array(a->findings, a->finding_cap, sizeof(*a->findings));
    }
    a->findings[a->finding_count++] = *f;
}

void ch_agreed_add(struct ch_agreed *a, enum ch_finding_code code, struct ch_str evidence)
{
    struct ch_buf escaped;
    ch_buf_init(&escaped, CH_EVIDENCE_MAX);
    ch_buf_put_escaped(&escaped, ch_str_sub(evidence, 0, CH_EVIDENCE_MAX / 4));
    struct ch_finding f = {.code = code, .evidence = keep(a, ch_buf_str(&escaped))};
    ch_buf_done(&escaped);
    add_finding(a, &f);
    a->row.findings = a->findings;
    a->row.finding_count = a->finding_count;
}

static void add_fact(struct ch_agreed *a, const struct ch_fact *f)
{
    if (a->fact_count == a->fact_cap) {
        a->fact_cap = a->fact_cap == 0 ? 8 : a->fact_cap * 2;
        a->facts = ch_realloc_array(a->facts, a->fact_cap, sizeof(*a->facts));
    }
    a->facts[a->fact_count++] = *f;
}

static void hash_member(struct ch_hash *h, const struct ch_member *m)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.member_path_bytes * 2 + 256);
    ch_put_str(&b, m->path);
    ch_put_u8(&b, (uint8_t)m->type);
    ch_put_u64(&b, m->size_bytes);
    ch_put_str(&b, m->link);
    ch_put_sha256(&b, &m->sha256);
    ch_hash_add(h, b.ptr, b.len);
    ch_buf_done(&b);
}

static void read_records(struct ch_agreed *a, const struct ch_agree_input *in, struct ch_str stream,
                         bool strict, struct ch_hash *h, struct one *ret)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    struct ch_err err;
    enum ch_code rc;
    ch_scan_reader_init(&reader, stream);
    while ((rc = ch_scan_read(&reader, &rec, &err)) == CH_OK) {
        if (rec.type == CH_REC_MEMBER) {
            hash_member(h, &rec.u.member);
            ret->members++;
        } else if (rec.type == CH_REC_FINDING) {
            add_finding(a, &rec.u.finding);
        } else if (rec.type == CH_REC_FACT && strict) {
            add_fact(a, &rec.u.fact);
        } else if (rec.type == CH_REC_METADATA && strict && a->metadata.ptr == NULL) {
            a->metadata = rec.u.metadata;
        } else if (rec.type == CH_REC_END) {
            if (!ch_sha256_eq(&rec.u.end.sha256, &in->sha256) ||
                rec.u.end.size_bytes != in->size_bytes) {
                snprintf(ret->error, sizeof(ret->error), "the jail read other bytes than these");
                return;
            }
        } else {
            snprintf(ret->error, sizeof(ret->error), "the jail sent an unexpected record");
            return;
        }
    }
    if (rc != CH_E_NOT_FOUND) {
        snprintf(ret->error, sizeof(ret->error), "the jail's answer: %.150s", err.msg);
        return;
    }
    ret->complete = true;
}

static void read_one(struct ch_agreed *a, const struct ch_agree_input *in, bool strict,
                     struct one *ret)
{
    const struct ch_scanned *s = strict ? in->strict : in->second;
    const char *name = strict ? "inspection" : "second opinion";
    *ret = (struct one){0};
    ret->interrupted = ch_scanned_is_interrupted(s);
    if (s->outcome != CH_SCAN_DONE) {
        struct ch_buf why;
        ch_buf_init(&why, sizeof(ret->error));
        ch_scanned_put_why(&why, s);
        snprintf(ret->error, sizeof(ret->error), "%s %.*s", name, CH_STR_ARG(ch_buf_str(&why)));
        ch_buf_done(&why);
        return;
    }
    struct ch_hash *h = ch_hash_new();
    read_records(a, in, strict ? in->strict_stream : in->second_stream, strict, h, ret);
    ret->members_digest = ch_hash_end(h);
    ch_hash_free(h);
}

static bool worse_than_note(const struct ch_agreed *a, enum ch_finding_class cls)
{
    for (size_t i = 0; i < a->finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(a->findings[i].code);
        if (row == NULL || row->cls >= cls) {
            return true;
        }
    }
    return false;
}

void ch_agree(const struct ch_agree_input *in, struct ch_agreed *ret)
{
    struct ch_agreed a = {0};
    struct one strict, second;
    ch_buf_init(&a.strings, STRINGS_MAX);
    CH_ASSERT(ch_buf_reserve(&a.strings, STRINGS_MAX) != NULL);
    read_one(&a, in, true, &strict);
    read_one(&a, in, false, &second);
    a.row.outcome = CH_INSPECTION_FAILED;
    a.row.cpu_us = in->strict->cpu_us + in->second->cpu_us;
    a.row.wall_us =
        in->strict->wall_us > in->second->wall_us ? in->strict->wall_us : in->second->wall_us;
    a.row.strict = (struct ch_jail_cost){in->strict->cpu_us, in->strict->max_rss_bytes};
    a.row.second = (struct ch_jail_cost){in->second->cpu_us, in->second->max_rss_bytes};
    a.row.member_count = strict.members;
    a.row.members_digest = strict.members_digest;
    bool same = strict.complete && second.complete && strict.members == second.members &&
                ch_sha256_eq(&strict.members_digest, &second.members_digest);
    if (same) {
        a.row.outcome = CH_INSPECTION_COMPLETE;
    } else if (!strict.complete || !second.complete) {
        /* What the bytes did comes before what was done to the jail: they get no other try by it. */
        bool of_strict = !strict.complete && (!strict.interrupted || second.complete || second.interrupted);
        const struct one *failed = of_strict ? &strict : &second;
        a.interrupted = failed->interrupted && !worse_than_note(&a, CH_CLASS_ATTACK);
        a.row.error = keep(&a, ch_str_of(failed->error));
        ch_agreed_add(&a, a.interrupted ? CH_F_INSPECTION_INTERRUPTED : CH_F_INSPECTION_FAILED,
                      a.row.error);
    } else if (worse_than_note(&a, CH_CLASS_IRREGULAR)) {
        /* The strict reader stopped at what it found: the lists cannot agree. Held in any case. */
        a.row.error = CH_STR("only one of two readers could list it completely");
        ch_agreed_add(&a, CH_F_INSPECTION_FAILED, a.row.error);
    } else {
        char text[120];
        snprintf(text, sizeof(text), "%llu and %llu members, or other contents",
                 (unsigned long long)strict.members, (unsigned long long)second.members);
        a.row.outcome = CH_INSPECTION_COMPLETE;
        ch_agreed_add(&a, CH_F_DIFFERENTIAL, ch_str_of(text));
    }
    a.row.findings = a.findings;
    a.row.finding_count = a.finding_count;
    a.row.facts = a.facts;
    a.row.fact_count = a.fact_count;
    *ret = a;
}

static size_t strings_of(const struct ch_inspection_row *row)
{
    size_t n = row->error.len;
    for (size_t i = 0; i < row->finding_count; i++) {
        n += row->findings[i].member.len + row->findings[i].evidence.len;
    }
    for (size_t i = 0; i < row->fact_count; i++) {
        n += row->facts[i].name.len + row->facts[i].value.len;
    }
    return n;
}

void ch_agreed_take(const struct ch_inspection_row *row, struct ch_agreed *ret)
{
    struct ch_agreed a = {0};
    size_t room = strings_of(row) + STRINGS_MAX; /* more may be added */
    ch_buf_init(&a.strings, room);
    CH_ASSERT(ch_buf_reserve(&a.strings, room) != NULL);
    a.row.outcome = row->outcome;
    a.row.error = keep(&a, row->error);
    a.row.member_count = row->member_count;
    a.row.members_digest = row->members_digest;
    for (size_t i = 0; i < row->finding_count; i++) {
        struct ch_finding f = row->findings[i];
        f.member = keep(&a, f.member);
        f.evidence = keep(&a, f.evidence);
        add_finding(&a, &f);
    }
    for (size_t i = 0; i < row->fact_count; i++) {
        add_fact(&a, &(struct ch_fact){.name = keep(&a, row->facts[i].name),
                                       .value = keep(&a, row->facts[i].value)});
    }
    a.row.findings = a.findings;
    a.row.finding_count = a.finding_count;
    a.row.facts = a.facts;
    a.row.fact_count = a.fact_count;
    *ret = a;
}

void ch_agreed_done(struct ch_agreed *a)
{
    free(a->findings);
    free(a->facts);
    ch_buf_done(&a->strings);
}
