/* What is listed how; and what a large page costs. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* 2,500 versions of 4 files, the newest 100 versions in cool-down: none may make a listing crawl. */
static void a_large_page_is_listed_fast(void **state)
{
    (void)state;
    static const char *const kinds[] = {"cp311-cp311-manylinux_2_17_x86_64.whl",
                                        "cp312-cp312-win_amd64.whl",
                                        "cp312-cp312-macosx_11_0_arm64.whl", "tar.gz"};
    struct house *h = house_new();
    struct ch_buf text;
    ch_buf_init(&text, 16u << 20);
    for (unsigned v = 0; v < 2500; v++) {
        for (unsigned i = 0; i < 4; i++) {
            ch_buf_printf(&text, "big-1.%u%s%s - 1000 %u\n", v, i < 3 ? "-" : ".", kinds[i],
                          v >= 2400 ? 1 : 100);
        }
    }
    ch_buf_putc(&text, '\0');
    house_site(h, PAGE_URL("big"), 200, PAGE_TYPE, text.ptr);
    h->k->config = h->k->child.config;
    house_ask_page(h, "big");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("big"));
    struct ch_err err;
    uint64_t first = 0, again = 0;
    for (int i = 0; i < 5; i++) {
        uint64_t t = now_ns();
        if (i == 0) {
            listing_touch(p);
        }
        assert_ch_ok(&err, listing_make(h->k, p, &err));
        listing_ask_ahead(h->k, p, CH_STR("pip/24 {\"python\":\"3.11.2\"}"));
        t = now_ns() - t;
        first = i == 0 ? t : first;
        again = t;
    }
    print_message("listing of 10,000 files: %.3f ms, again %.3f ms\n", (double)first / 1e6,
                  (double)again / 1e6);
    ch_buf_done(&text);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_page_is_listed_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
