/* Images as people and clusters name them. */
#include "house.h"

#include "db/keeper/images/image.h"

#define HEX    "aa23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define CONFIG                                                                                     \
    "listen: [{address: '127.0.0.1:8080'}]\n"                                                      \
    "host_names: [gw.example.org, 'other.example.org:8443']\n"                                     \
    "public_url: 'http://public.example.org/'\n"                                                   \
    "upstreams:\n"                                                                                 \
    "  - {name: reg, ecosystem: oci, url: 'https://up.example.org', states_times: never}\n"        \
    "  - {name: pub, ecosystem: oci, url: 'https://second.example.org:5000', states_times: "       \
    "never}\n"                                                                                     \
    "  - {name: up, ecosystem: pypi, url: 'https://files.example.org/simple/'}\n"                  \
    "repositories:\n"                                                                              \
    "  - {name: img, ecosystem: oci, upstreams: [reg]}\n"                                          \
    "  - {name: open, ecosystem: oci, upstreams: [pub], environment: preprod}\n"                   \
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"

enum outcome { OK, USAGE, UNKNOWN, FOREIGN };

static const struct name_row {
    const char *text, *repository, *environment; /* NULL: not said */
    enum outcome outcome;
    const char *in, *page;
} name_rows[] = {
    {"team/app:1.0", "img", NULL, OK, "img", "team/app:1.0"},
    {"team/app:1.0", NULL, "prod", OK, "img", "team/app:1.0"},
    {"team/app:1.0", NULL, "preprod", OK, "open", "team/app:1.0"},
    {"team/app", "img", NULL, OK, "img", "team/app:latest"},
    {"app", "img", NULL, OK, "img", "app:latest"},
    {"team/app@" DIGEST, "img", NULL, OK, "img", "team/app@" DIGEST},
    {"team/app:1.0@" DIGEST, "img", NULL, OK, "img", "team/app@" DIGEST},
    {"oci:team/app==" DIGEST, "img", NULL, OK, "img", "team/app@" DIGEST},
    {"oci:team/app:1.0", "img", NULL, OK, "img", "team/app:1.0"},
    {"gw.example.org/img/team/app:1.0", NULL, NULL, OK, "img", "team/app:1.0"},
    {"GW.example.org/open/team/app:1.0", NULL, NULL, OK, "open", "team/app:1.0"},
    {"other.example.org:8443/img/a/b@" DIGEST, NULL, NULL, OK, "img", "a/b@" DIGEST},
    {"public.example.org/img/app", NULL, NULL, OK, "img", "app:latest"},
    {"up.example.org/team/app:1.0", NULL, NULL, OK, "img", "team/app:1.0"},
    {"second.example.org:5000/img/team/app", NULL, NULL, OK, "open", "img/team/app:latest"},
    {"https://gw.example.org/v2/img/team/app/manifests/1.0", NULL, NULL, OK, "img", "team/app:1.0"},
    {"https://gw.example.org/v2/img/team/app/manifests/" DIGEST "?ns=x", NULL, NULL, OK, "img",
     "team/app@" DIGEST},
    /* of which of two repositories is nobody's to guess */
    {"team/app:1.0", NULL, NULL, USAGE, NULL, NULL},
    {"team/app:1.0", "none", NULL, USAGE, NULL, NULL},
    {"team/app:1.0", "pypi", NULL, USAGE, NULL, NULL},
    {"team/app:1.0", "img", "preprod", USAGE, NULL, NULL},
    /* no names */
    {"", "img", NULL, USAGE, NULL, NULL},
    {"team/App:1.0", "img", NULL, USAGE, NULL, NULL},
    {"team//app:1.0", "img", NULL, USAGE, NULL, NULL},
    {"team/app:", "img", NULL, USAGE, NULL, NULL},
    {"team/app:.x", "img", NULL, USAGE, NULL, NULL},
    {"team/app@sha256:12", "img", NULL, USAGE, NULL, NULL},
    {"team/app@", "img", NULL, USAGE, NULL, NULL},
    {"team/app:.x@" DIGEST, "img", NULL, USAGE, NULL, NULL},
    {"team/app@" DIGEST "@" DIGEST, "img", NULL, USAGE, NULL, NULL},
    {"team/app@sha512:" HEX HEX, "img", NULL, USAGE, NULL, NULL},
    {"team/app==1.0", "img", NULL, USAGE, NULL, NULL},
    {"../app:1.0", "img", NULL, FOREIGN, NULL, NULL}, /* ".." has a dot: a host, and nobody's */
    {"team/app:1.0 ", "img", NULL, USAGE, NULL, NULL},
    {"team/app:1.0\n", "img", NULL, USAGE, NULL, NULL},
    {"gw.example.org/img/", NULL, NULL, USAGE, NULL, NULL},
    {"sha256:"
     "AA23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     NULL, NULL, USAGE, NULL, NULL},
    {"sha256:12", NULL, NULL, USAGE, NULL, NULL},
    {"https://gw.example.org/v2/img/team/app/blobs/" DIGEST, NULL, NULL, USAGE, NULL, NULL},
    {"https://gw.example.org/v2/img/team/app/tags/list", NULL, NULL, USAGE, NULL, NULL},
    {"https://gw.example.org/pypi/simple/app/", NULL, NULL, USAGE, NULL, NULL},
    {"https://gw.example.org/", NULL, NULL, USAGE, NULL, NULL},
    {"https://gw.example.org", NULL, NULL, USAGE, NULL, NULL},
    {DIGEST, NULL, NULL, UNKNOWN, NULL, NULL},
    /* what others say is not ours to vouch for */
    {"gw.example.org:8080/img/team/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"other.example.org/img/team/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"second.example.org/team/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"gw.example.org/pypi/team/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"gw.example.org/none/team/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"gw.example.org/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"localhost/img/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"127.0.0.1:5000/img/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"gw.example.org.evil.example/img/app:1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"https://evil.example/v2/img/team/app/manifests/1.0", NULL, NULL, FOREIGN, NULL, NULL},
    {"https://gw.example.org@evil.example/v2/img/team/app/manifests/1.0", NULL, NULL, FOREIGN, NULL,
     NULL},
};

static void names(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    for (size_t i = 0; i < CH_ARRAY_LEN(name_rows); i++) {
        const struct name_row *r = &name_rows[i];
        struct image_where where = {.repository = ch_str_of(r->repository),
                                    .environment = ch_str_of(r->environment)};
        struct image_name name;
        struct ch_err err = {.msg = ""};
        bool foreign;
        enum ch_code rc = image_name_read(h->k, ch_str_of(r->text), &where, &name, &foreign, &err);
        enum outcome got = rc == CH_OK            ? OK
                           : rc == CH_E_USAGE     ? USAGE
                           : foreign              ? FOREIGN
                           : rc == CH_E_NOT_FOUND ? UNKNOWN
                                                  : OK;
        if (got != r->outcome) {
            fail_msg("\"%s\": outcome %d, expected %d: %s %s", r->text, (int)got, (int)r->outcome,
                     name.page, err.msg);
        }
        if (got == OK) {
            assert_string_equal(name.repository->name, r->in);
            assert_string_equal(name.page, r->page);
        }
    }
    house_free(h);
}

static bool sees_img(const void *ctx, const struct ch_repository *r)
{
    (void)ctx;
    return ch_str_eq(ch_str_of(r->name), CH_STR("img"));
}

/* What is said of a repository that may not be seen is what is said of one that is not there. */
static void what_may_not_be_seen_is_not_there(void **state)
{
    (void)state;
    static const struct {
        const char *unseen,
            *absent; /* names; NULL: "team/app:1.0" in the repository of the next two */
        const char *in, *in_absent;
    } rows[] = {
        {NULL, NULL, "open", "none"},
        {"gw.example.org/open/team/app:1.0", "gw.example.org/none/team/app:1.0", NULL, NULL},
        {"second.example.org:5000/team/app:1.0", "others.example.org:5000/team/app:1.0", NULL,
         NULL},
        {"https://gw.example.org/v2/open/team/app/manifests/1.0",
         "https://gw.example.org/v2/none/team/app/manifests/1.0", NULL, NULL},
    };
    struct house *h = house_new_with(NULL, CONFIG);
    struct image_name name;
    bool foreign;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_err said[2];
        enum ch_code rc[2];
        for (size_t absent = 0; absent < 2; absent++) {
            const char *text = absent ? rows[i].absent : rows[i].unseen;
            struct image_where where = {
                .sees = sees_img, .repository = ch_str_of(absent ? rows[i].in_absent : rows[i].in)};
            rc[absent] = image_name_read(h->k, ch_str_of(text != NULL ? text : "team/app:1.0"),
                                         &where, &name, &foreign, &said[absent]);
            assert_true(ch_str_find(ch_str_of(said[absent].msg), CH_STR("may see"), NULL));
            assert_false(absent == 0 && text != NULL &&
                         ch_str_find(ch_str_of(said[absent].msg), CH_STR("open"), NULL));
        }
        assert_int_not_equal(rc[0], CH_OK);
        assert_int_equal(rc[0], rc[1]);
        assert_int_equal(strlen(said[0].msg), strlen(said[1].msg));
    }
    struct image_where where = {.sees = sees_img}; /* nor is it among several */
    struct ch_err err;
    assert_ch_ok(&err,
                 image_name_read(h->k, CH_STR("team/app:1.0"), &where, &name, &foreign, &err));
    assert_string_equal(name.repository->name, "img");
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(what_may_not_be_seen_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
