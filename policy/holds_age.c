/* Holds by age (T7) and release by time (T5). */
#include "decide_int.h"

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

static void hold_young(struct deciding *d, const struct ch_cool_down *asked, int64_t until_us)
{
    REASON(b);
    ch_buf_puts(&b,
                ch_str_of(d->matched.age.source == CH_AGE_STATED ? "released " : "first seen "));
    ch_reason_days(&b, d->now_us - d->matched.age.since_us);
    ch_buf_printf(&b, " ago, the policy asks for %llu day%s%s (until ",
                  (unsigned long long)asked->days, asked->days == 1 ? "" : "s", asked->why);
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
