#include "in_force.h"

#define LINES_MAX (64u << 20)

void ch_in_force_begin(struct ch_in_force *f, uint64_t entry, int64_t at_us)
{
    *f = (struct ch_in_force){
        .to = UINT64_MAX, .from_us = INT64_MIN, .to_us = INT64_MAX, .entry = entry, .at_us = at_us};
    ch_buf_init(&f->lines, LINES_MAX);
}

/* From the entry behind `last` on something is otherwise. */
static void turn_behind(struct ch_in_force *f, uint64_t last)
{
    if (last >= f->entry) {
        f->to = last < f->to - 1 ? last + 1 : f->to;
    } else if (last + 1 > f->from) {
        f->from = last + 1;
    }
}

static void turn_at(struct ch_in_force *f, int64_t at_us)
{
    if (at_us > f->at_us) {
        f->to_us = at_us < f->to_us ? at_us : f->to_us;
    } else if (at_us > f->from_us) {
        f->from_us = at_us;
    }
}

void ch_in_force_add(struct ch_in_force *f, const struct ch_approval_logged *a)
{
    bool ends = a->expires_at_us != CH_TIME_UNKNOWN;
    turn_behind(f, a->from);
    if (a->to != UINT64_MAX) {
        turn_behind(f, a->to);
    }
    if (ends) {
        turn_at(f, a->expires_at_us);
    }
    if (a->from < f->entry && f->entry <= a->to && (!ends || f->at_us < a->expires_at_us)) {
        ch_buf_printf(&f->lines, "%llu\n", (unsigned long long)a->id);
    }
}

enum ch_code ch_in_force_end(struct ch_in_force *f, struct ch_err *err)
{
    enum ch_code rc = ch_buf_ok(&f->lines, err);
    f->digest = ch_sha256_of(f->lines.len > 0 ? f->lines.ptr : "", f->lines.len);
    ch_buf_done(&f->lines);
    if (rc != CH_OK) {
        f->to = 0; /* it holds for none */
    }
    return rc;
}

bool ch_in_force_holds(const struct ch_in_force *f, uint64_t entry, int64_t at_us)
{
    return f->from <= entry && entry < f->to && f->from_us <= at_us && at_us < f->to_us;
}
