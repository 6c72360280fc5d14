#include "content_case.h"

#include <stdio.h>
#include <string.h>

struct ch_facts content_good(void)
{
    struct ch_facts f = case_good();
    f.environment = CH_STR("prod");
    f.version_has_wheel = true;
    f.size_bytes = 10 << 20;
    f.project_since_us = NOW - 365 * DAY;
    return f;
}

size_t content_facts(const char *text, struct ch_fact *ret)
{
    struct ch_str rest = ch_str_of(text);
    struct ch_str one = {NULL, 0};
    size_t n = 0;
    while (rest.len > 0 && ch_str_split(&rest, ',', &one)) {
        one = ch_str_trim(one);
        assert_true(n < FACTS_MAX);
        assert_true(ch_str_split(&one, ' ', &ret[n].name));
        ret[n++].value = one;
    }
    return n;
}

struct ch_decision content_decide(const char *settings, const struct ch_facts *facts)
{
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    ch_buf_printf(&b, "version: 1\n%s\n%c", settings, '\0');
    struct ch_decision d = case_decide_with(b.ptr, facts);
    ch_buf_done(&b);
    assert_true(strlen(d.reason) < CH_REASON_MAX - 1);
    return d;
}

static void check(const struct row *row, struct ch_facts f)
{
    struct ch_fact now[FACTS_MAX];
    struct ch_fact before[FACTS_MAX];
    f.inspected = now;
    f.inspected_count = content_facts(row->now, now);
    if (row->before != NULL) {
        f.previous_version = CH_STR("1.4");
        f.previous = before;
        f.previous_count = content_facts(row->before, before);
    }
    struct ch_decision d = content_decide(row->settings, &f);
    if ((row->rule == NULL) != (d.verdict == CH_VERDICT_ALLOW) ||
        (row->rule != NULL && strcmp(d.rule, row->rule) != 0) ||
        (row->reason != NULL && strcmp(d.reason, row->reason) != 0)) {
        fail_msg("%s: %s by %s: %s", row->label, ch_verdict_name(d.verdict), d.rule, d.reason);
    }
}

void content_check(const struct row *rows, size_t count, const struct ch_facts *f)
{
    for (size_t i = 0; i < count; i++) {
        check(&rows[i], *f);
    }
}
