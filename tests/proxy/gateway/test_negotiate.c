#include "proxy/gateway/negotiate.h"
#include "tests/ch_test.h"

/* The three formats of PyPI, in the order that breaks ties. */
static const char *const formats[] = {
    "text/html",
    "application/vnd.pypi.simple.v1+html,application/vnd.pypi.simple.latest+html",
    "application/vnd.pypi.simple.v1+json,application/vnd.pypi.simple.latest+json",
};

static const struct {
    const char *accept;
    int best; /* -1: 406 */
} accepts[] = {
    {NULL, 0},
    {"", 0},
    {"*/*", 0},
    {"text/html", 0},
    {"TEXT/HTML", 0},
    {"text/*", 0},
    {"application/*", 1},
    {"application/vnd.pypi.simple.v1+json", 2},
    {"application/vnd.pypi.simple.latest+json", 2},
    {"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, "
     "text/html; q=0.01", 2},
    {"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
     "text/html;q=0.01", 2},
    {"application/vnd.pypi.simple.v1+html, text/html;q=0.9", 1},
    {"application/vnd.pypi.simple.v1+json;q=0.5, text/html;q=0.5", 0},
    {"text/html;q=0, */*", 1},
    {"text/html;q=0, application/*;q=0, */*;q=0.1", -1},
    {"*/*;q=0", -1},
    {"application/vnd.pypi.simple.v2+json", -1},
    {"application/json", -1},
    {"image/png, application/zip", -1},
    {"text/html;level=1;q=0.4, application/vnd.pypi.simple.v1+json;q=0.3", 0},
    {"text/html;q=1.001", -1},
    {"text/html;q=0.1234", -1},
    {"text/html;q=abc, application/vnd.pypi.simple.v1+json;q=0.1", 2},
    {",,, ,application/vnd.pypi.simple.v1+json,", 2},
    {"application/vnd.pypi.simple.v1+json;Q=0.3, text/html; q=0.2", 2},
    {"text/html;q=0.", 0 - 1},
    {"text/html;q=1.000", 0},
};

static void test_accept(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(accepts); i++) {
        size_t best = 99;
        bool found = gw_accept_best(ch_str_of(accepts[i].accept), formats, 3, &best);
        int got = found ? (int)best : -1;
        if (got != accepts[i].best) {
            fail_msg("Accept \"%s\": %d, expected %d", accepts[i].accept, got, accepts[i].best);
        }
    }
}

static const struct {
    const char *accept_encoding;
    enum gw_encoding encoding;
} encodings[] = {
    {NULL, GW_IDENTITY},
    {"", GW_IDENTITY},
    {"identity", GW_IDENTITY},
    {"gzip, deflate", GW_GZIP},
    {"gzip, deflate, zstd", GW_ZSTD},
    {"zstd;q=0.5, gzip;q=0.8", GW_GZIP},
    {"br, deflate", GW_IDENTITY},
    {"*", GW_ZSTD},
    {"*;q=0.1, gzip", GW_GZIP},
    {"zstd;q=0, *", GW_GZIP},
    {"gzip;q=0", GW_IDENTITY},
    {"identity;q=1, gzip;q=0.5", GW_IDENTITY},
    {"identity;q=0.5, gzip;q=0.5", GW_GZIP},
    {"X-GZIP", GW_GZIP},
    {"gzip;q=2", GW_IDENTITY},
};

static void test_encoding(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(encodings); i++) {
        enum gw_encoding got = gw_accept_encoding(ch_str_of(encodings[i].accept_encoding));
        if (got != encodings[i].encoding) {
            fail_msg("Accept-Encoding \"%s\": %d, expected %d", encodings[i].accept_encoding, (int)got,
                     (int)encodings[i].encoding);
        }
    }
    assert_null(gw_encoding_name(GW_IDENTITY));
    assert_string_equal(gw_encoding_name(GW_ZSTD), "zstd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accept), cmocka_unit_test(test_encoding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
