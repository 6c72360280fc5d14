/* An exception that was asked for before anybody had the bytes: it is of those that the index
 * stated then (T8). */
#include "exceptions_house.h"

#include <stdio.h>

/* The next ask looks upstream again. */
static void page_due(struct house *h)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
}

/* As a command, or on the page of a refusal. */
static void ask_for_it(struct house *h, bool by_page, struct ch_buf *out)
{
    char id[17];
    if (by_page) {
        assert_false(is_had(h));
        snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
        house_ask_exception(h, id, "why not", "14d", "192.0.2.1");
        assert_int_equal(h->exception.http_status, 201);
    } else {
        house_ask_page(h, "pkg");
        assert_int_equal(exceptions_command(h, "request", WHEEL, "needed", out), 0);
    }
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_null(inspection_of(h->k, p, 0));
}

static void t8_what_was_asked_for_unseen_is_what_was_stated(void **state)
{
    (void)state;
    struct ch_buf out;
    char token[EXCEPTION_TOKEN];
    ch_buf_init(&out, 1u << 20);
    for (int i = 0; i < 4; i++) {
        bool other = i % 2 == 1;
        struct house *h = house_new();
        set_wheel(h, "young", 1);
        ask_for_it(h, i / 2 == 1, &out);
        house_restart(h); /* it is known of it then, too */
        house_ask_page(h, "pkg");
        if (other) {
            set_wheel(h, "other", 1);
            page_due(h);
            house_ask_page(h, "pkg");
        }
        COMMAND(h, other ? 1 : 0, false, "approve", "1", NULL, NULL, &out);
        assert_int_equal(is_had(h), !other);
        if (other) {
            assert_says(&out, "conflict: the files are others than were shown");
            take_token(&out, token); /* who has read what is there now may approve that */
            h->evidence = token;
            COMMAND(h, 0, false, "approve", "1", NULL, NULL, &out);
            assert_true(is_had(h));
        }
        house_free(h);
    }
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t8_what_was_asked_for_unseen_is_what_was_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
