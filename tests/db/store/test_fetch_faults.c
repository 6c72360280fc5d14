/* What the store keeps of fetches that brought no file. */
#include "temp_store.h"

#include <stdio.h>

struct faults {
    size_t count;
    struct ch_fetch_fault_row last;
    char text[32];
};

static struct ch_sha256 digest(const char *text)
{
    return ch_sha256_of(text, ch_str_of(text).len);
}

static void on_fault(void *ctx, const struct ch_fetch_fault_row *f)
{
    struct faults *s = ctx;
    s->count++;
    s->last = *f;
    snprintf(s->text, sizeof(s->text), "%.*s %.*s", CH_STR_ARG(f->url), CH_STR_ARG(f->text));
}

/* Of each file the last one, whatever its time says. */
static void test_fetch_faults(void **state)
{
    (void)state;
    struct ch_fetch_fault_row f = {.upstream = CH_STR("u"),
                                   .project = CH_STR("p"),
                                   .file_name = CH_STR("f"),
                                   .fault = CH_FAULT_SIZE,
                                   .stated_bytes = 5,
                                   .url = CH_STR("U"),
                                   .told_bytes = 1ull << 40,
                                   .at_least = true,
                                   .text = CH_STR("t"),
                                   .at_us = 50};
    struct faults s = {0};
    assert_ch_ok(&err, ch_store_add_fetch_fault(store, &f, &err));
    f.fault = CH_FAULT_MISSING;
    f.stated_sha256 = digest("x");
    f.stated_bytes = CH_SIZE_UNKNOWN;
    f.told_bytes = 0;
    f.at_least = false;
    f.at_us = 49;
    assert_ch_ok(&err, ch_store_add_fetch_fault(store, &f, &err));
    assert_ch_ok(&err, ch_store_fetch_faults(store, f.upstream, f.project, on_fault, &s, &err));
    assert_int_equal(s.count, 1);
    assert_int_equal(s.last.fault, CH_FAULT_MISSING);
    assert_true(ch_sha256_eq(&s.last.stated_sha256, &f.stated_sha256));
    assert_true(s.last.stated_bytes == CH_SIZE_UNKNOWN);
    assert_int_equal(s.last.told_bytes, 0);
    assert_false(s.last.at_least);
    assert_int_equal(s.last.at_us, 49);
    assert_string_equal(s.text, "U t");
    f.file_name = CH_STR("g");
    f.fault = CH_FAULT_SIZE;
    f.stated_bytes = 7;
    f.told_bytes = 6;
    f.at_least = true;
    assert_ch_ok(&err, ch_store_add_fetch_fault(store, &f, &err));
    assert_ch_ok(&err, ch_store_fetch_faults(store, f.upstream, f.project, on_fault, &s, &err));
    assert_int_equal(s.count, 3);
    assert_int_equal(s.last.stated_bytes, 7);
    assert_int_equal(s.last.told_bytes, 6);
    assert_true(s.last.at_least);
    assert_ch_ok(&err, ch_store_fetch_faults(store, f.project, f.project, on_fault, &s, &err));
    assert_int_equal(s.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(test_fetch_faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
