/* Fetches whose fetcher ends. */
#include "house.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

/* Asks for a file whose fetch is under way until the fetcher ends, `times` times. */
static struct house *lose_fetchers(int times)
{
    struct house *h = house_new();
    house_wheel(h, "good bytes", 30);
    house_ask_page(h, "pkg");
    h->mute_fetches = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
    for (int i = 0; i < times; i++) {
        house_settle(h);
        assert_false(h->file_here);
        h->mute_fetches = i < times - 1;
        house_disconnect(h, CH_ROLE_FETCHER);
        house_connect(h, CH_ROLE_FETCHER);
    }
    house_until(h, &h->file_here);
    return h;
}

static void a_lost_fetchers_work_is_taken_up_again(void **state)
{
    (void)state;
    struct house *h = lose_fetchers(2);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void a_fetcher_lost_three_times_fails_the_fetch(void **state)
{
    (void)state;
    struct house *h = lose_fetchers(3);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_fetchers_work_is_taken_up_again),
        cmocka_unit_test(a_fetcher_lost_three_times_fails_the_fetch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
