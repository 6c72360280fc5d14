#include "run.h"

#include "scanner/rules/rules.h"
#include "tests/ch_test.h"

struct ch_str rules_platform;
static const struct rules_member *now_members;
static size_t now_count;

static enum ch_code inspect(const struct ch_scan_job *job CH_UNUSED,
                            const struct ch_input *in CH_UNUSED, struct ch_scan_writer *out,
                            struct ch_err *err)
{
    struct ch_rules_scan *s = ch_rules_scan_new(out, rules_platform);
    for (size_t i = 0; i < now_count; i++) {
        /* in two pieces, as an archive may give it out */
        size_t half = now_members[i].bytes.len / 2;
        ch_rules_scan_member(s, now_members[i].path);
        ch_rules_scan_add(s, ch_str_sub(now_members[i].bytes, 0, half));
        ch_rules_scan_add(s, ch_str_sub(now_members[i].bytes, half, SIZE_MAX));
        ch_rules_scan_member_end(s);
    }
    ch_rules_scan_free(s);
    return ch_scan_writer_ok(out, err);
}

void rules_run(struct scan_run *r, const struct rules_member *members, size_t count)
{
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    now_members = members;
    now_count = count;
    scan_run(r, inspect, &job, CH_STR("x"));
}

const struct ch_finding *rules_found(const struct scan_run *r, enum ch_finding_code code,
                                     const char *rule)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct ch_finding *f = &r->records[i].u.finding;
        struct ch_str name = ch_str_of(rule);
        if (r->records[i].type == CH_REC_FINDING && f->code == code &&
            ch_str_starts(f->evidence, name) &&
            (name.len == 0 || f->evidence.len == name.len || f->evidence.ptr[name.len] == ':' ||
             f->evidence.ptr[name.len] == ' ')) {
            return f;
        }
    }
    return NULL;
}

size_t rules_findings(const struct scan_run *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        n += r->records[i].type == CH_REC_FINDING ? 1 : 0;
    }
    return n;
}
