/* The configuration as trees without tests read it: their table of ecosystems has no made-up one.
 */
#include "tests/ch_test.h"

#include "customhouse/config.h"

#define LISTEN "listen: [{address: '127.0.0.1:8080'}]\n"

static const struct {
    const char *label;
    const char *text;
    const char *message;
} rows[] = {
    {"upstream",
     LISTEN "upstreams:\n  - {name: up, ecosystem: test, url: 'https://example.org'}\n"
            "repositories:\n  - {name: a, ecosystem: test, upstreams: [up]}\n",
     "c.yaml:3:27: upstreams[0].ecosystem: \"test\" is not one of pypi, conda, oci"},
    {"repository",
     LISTEN "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://example.org'}\n"
            "repositories:\n  - {name: a, ecosystem: test, upstreams: [up]}\n",
     "c.yaml:5:26: repositories[0].ecosystem: \"test\" is not one of pypi, conda, oci"},
};

static void test_the_made_up_one_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_config *c = NULL;
        struct ch_err err;
        assert_int_equal(ch_config_parse(ch_str_of(rows[i].text), "c.yaml", &c, &err), CH_E_USAGE);
        assert_string_equal(err.msg, rows[i].message);
        assert_null(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_made_up_one_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
