/* Holds by age (T7) and release by time (T5). */
#include "decide_int.h"

#define BYTES_CONFIRM_HOURS 24

static void hold_age(struct deciding *d, int64_t until_us, struct ch_buf *reason)
{
    uint32_t line = ch_cool_down_of(d->settings, d->facts).line;
    add_hold(d, (struct hold){CH_HOLD_AGE, "cool-down", "", line, until_us}, reason);
}

/* Held by age, and no time ends it: what does. */
static void hold_until(struct deciding *d, enum ch_awaits awaits, struct ch_buf *reason)
{
    bool shown = d->out->holds == 0;
    hold_age(d, CH_TIME_UNKNOWN, reason);
    if (shown && d->out->holds != 0) {
        d->out->awaits = awaits;
    }
}

/* Short, or clients would not see the end: days, unless it is the same one. */
static void put_contradiction(struct ch_buf *out, int64_t stated_us, int64_t absent_us)
{
    enum { DATE = sizeof("2026-11-29") - 1 };
    REASON(stated);
    REASON(absent);
    ch_reason_minute(&stated, stated_us);
    ch_reason_minute(&absent, absent_us);
    struct ch_str a = ch_buf_str(&stated), b = ch_buf_str(&absent);
    if (a.len == b.len && /* else one is out of range, and said so */
        !ch_str_eq(ch_str_sub(a, 0, DATE), ch_str_sub(b, 0, DATE))) {
        a = ch_str_sub(a, 0, DATE);
        b = ch_str_sub(b, 0, DATE);
    }
    ch_buf_printf(out, "the index states %.*s, but did not list it on %.*s; ", CH_STR_ARG(a),
                  CH_STR_ARG(b));
}

static void hold_young(struct deciding *d, const struct ch_cool_down *asked, int64_t until_us)
{
    const struct ch_age *age = &d->matched.age;
    REASON(b);
    if (age->contradicted) {
        put_contradiction(&b, d->facts->uploaded_at_us, age->since_us);
    } else {
        ch_buf_puts(&b, ch_str_of(age->source == CH_AGE_STATED ? "released " : "first seen "));
        ch_reason_days(&b, d->now_us - age->since_us);
        ch_buf_puts(&b, CH_STR(" ago, "));
    }
    ch_buf_printf(&b, "the policy asks for %llu day%s%s (until ", (unsigned long long)asked->days,
                  asked->days == 1 ? "" : "s", asked->why);
    ch_reason_minute(&b, until_us);
    ch_buf_putc(&b, ')');
    hold_age(d, until_us, &b);
}

static void hold_future(struct deciding *d, int64_t until_us)
{
    REASON(b);
    ch_buf_puts(&b, CH_STR("its release time lies in the future: "));
    ch_reason_minute(&b, d->matched.age.since_us);
    hold_age(d, until_us, &b);
}

/* An index without hashes names the file, not its bytes. A weak hash does not either: two files
 * with one can be made. */
static bool bytes_are_named(const struct ch_facts *f)
{
    return f->hash_stated || (f->alias != CH_HASH_NONE && !ch_hash_kind_weak(f->alias));
}

/* T5: where the index does not say that the upstream still has these bytes, only fetching them
 * again does, once the cool-down is over; and what is not allowed yet, or no more, is released by a
 * fetch of the last BYTES_CONFIRM_HOURS alone. What was released so stays released, as with the
 * index below. Of a file that was never fetched the first fetch does it. */
static void hold_bytes(struct deciding *d, int64_t ended_us)
{
    const struct ch_facts *f = d->facts;
    int64_t at_us = f->bytes_confirmed_at_us;
    if (bytes_are_named(f) || ch_sha256_is_zero(&f->artifact)) {
        return;
    }
    int64_t ends_us = at_us == CH_TIME_UNKNOWN ? CH_TIME_UNKNOWN
                                               : ch_time_add(at_us, BYTES_CONFIRM_HOURS * HOUR_US);
    bool since_the_end = at_us != CH_TIME_UNKNOWN && at_us >= ended_us && at_us <= d->now_us;
    if (since_the_end && (f->allowed || ends_us > d->now_us)) {
        d->bytes_end_us = f->allowed ? CH_TIME_UNKNOWN : ends_us;
        return;
    }
    d->bytes_alone = (d->out->holds & bit(CH_HOLD_AGE)) == 0;
    REASON(b);
    ch_buf_puts(&b,
                CH_STR("its cool-down is over, but the upstream states no hash, so it is fetched "
                       "again when asked for: its bytes may have changed since "));
    if (at_us == CH_TIME_UNKNOWN) {
        ch_buf_puts(&b, CH_STR("they came"));
    } else {
        ch_reason_minute(&b, at_us);
    }
    hold_until(d, CH_AWAITS_BYTES, &b);
}

/* The cool-down is over; T5 asks that the file outlived it: the index has to be known to have
 * listed it when the time ended (or at most index_confirm_hours before), and not as yanked. Bound
 * to that moment and not to now, so that what was released stays released while the upstream is
 * down. */
static void hold_release(struct deciding *d, int64_t ended_us)
{
    const struct ch_facts *f = d->facts;
    bool by_time = ((d->lifted_by_people | d->lifted_by_rules) & bit(CH_HOLD_AGE)) == 0;
    if (f->clock_jumped && by_time) {
        hold_plain(
            d, CH_HOLD_CLOCK, 0,
            "the clock of this server jumped; nothing is released by time until it is set right");
    }
    int64_t hours = (int64_t)d->settings->index_confirm_hours.number * HOUR_US;
    if (f->index_confirmed_at_us == CH_TIME_UNKNOWN ||
        f->index_confirmed_at_us < ch_time_add(ended_us, -hours) ||
        f->index_confirmed_at_us > d->now_us) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("its cool-down is over, but the upstream index has not been seen to "
                               "list it since; it is asked again"));
        hold_until(d, CH_AWAITS_INDEX, &b);
    }
    if (f->upstream_yanked && d->settings->release_yanked.number == 0) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("yanked upstream"));
        ch_reason_foreign(&b, "upstream says", f->upstream_yanked_reason);
        hold_until(d, CH_AWAITS_UPSTREAM, &b);
    }
    if (by_time) {
        hold_bytes(d, ended_us);
    }
}

void hold_by_age(struct deciding *d)
{
    const struct ch_cool_down asked = ch_cool_down_of(d->settings, d->facts);
    if (asked.days == 0 || d->matched.age.source == CH_AGE_OLD_ENOUGH) {
        return;
    }
    int64_t until_us = ch_time_add(d->matched.age.since_us, (int64_t)asked.days * DAY_US);
    if (d->matched.age.source == CH_AGE_FUTURE) {
        hold_future(d, until_us);
    } else if (d->matched.age.source != CH_AGE_STATED && d->matched.age.source != CH_AGE_SEEN) {
        REASON(b);
        ch_buf_puts(&b,
                    CH_STR("the upstream has not said when it was released; held until it does"));
        hold_until(d, CH_AWAITS_STATED_TIME, &b);
    } else if (until_us > d->now_us) {
        hold_young(d, &asked, until_us);
    } else {
        hold_release(d, until_us);
    }
}
