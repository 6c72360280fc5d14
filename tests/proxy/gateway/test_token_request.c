/* Requests for tokens of some images, as clients send them and as they must not. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "proxy/gateway/token_request.h"

static void put_scopes(const struct ch_scopes *s, struct ch_buf *b)
{
    for (uint32_t i = 0; i < s->count; i++) {
        ch_buf_printf(b, "%s%.*s=%u", i > 0 ? " " : "", CH_STR_ARG(s->list[i].name),
                      s->list[i].actions);
    }
}

static const struct {
    const char *scope;
    const char *is; /* NULL: none */
} scopes[] = {
    {"repository:apps/team/app:pull", "apps/team/app=1"},
    {"repository:apps/team/app:pull,push", "apps/team/app=3"},
    {"repository:apps/team/app:push,pull,push", "apps/team/app=3"},
    {"repository:apps/team/app:*", "apps/team/app=7"},
    {"repository:apps/team/app:delete", "apps/team/app=4"},
    {"repository:a/b:pull repository:a/c:pull", "a/b=1 a/c=1"},
    {"repository:a/b:pull  repository:a/b:push ", "a/b=3"},
    {"repository:localhost:5000/a/b:pull", "localhost:5000/a/b=1"},
    {"repository(plugin):a/b:pull", ""}, /* of a kind that nothing here is of */
    {"registry:catalog:*", ""},
    {"repository:a/b:fly", ""},
    {"repository:a/b:", ""},
    {"", ""},
    {"repository:a/b", NULL},
    {"repository::pull", NULL},
    {":a/b:pull", NULL},
    {"pull", NULL},
    {"repository:a b:pull", NULL},
    {"repository:a\"b:pull", NULL},
    {"repository:a/b:pull\"", NULL},
    {"repository:a/b:PULL", NULL},
};

static void scopes_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(scopes); i++) {
        struct ch_scopes list = {0};
        struct ch_buf b;
        bool good = gw_scopes_add(&list, ch_str_of(scopes[i].scope));
        ch_buf_init(&b, 4096);
        put_scopes(&list, &b);
        ch_buf_putc(&b, '\0');
        if (good != (scopes[i].is != NULL) || (good && strcmp(b.ptr, scopes[i].is) != 0)) {
            fail_msg("\"%s\": %d \"%s\"", scopes[i].scope, good, b.ptr);
        }
        ch_buf_done(&b);
    }
}

static void no_more_of_them_than_can_be(void **state)
{
    (void)state;
    struct ch_scopes list = {0};
    static char names[CH_SCOPES_MAX + 1][40];
    for (size_t i = 0; i <= CH_SCOPES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "repository:a/n%zu:pull", i);
        assert_int_equal(gw_scopes_add(&list, ch_str_of(names[i])), i < CH_SCOPES_MAX);
    }
    assert_true(gw_scopes_add(&list, CH_STR("repository:a/n0:push"))); /* of one that is there */
    assert_int_equal(list.list[0].actions, CH_SCOPE_PULL | CH_SCOPE_PUSH);
}

static void what_clients_send(void **state)
{
    (void)state;
    struct gw_token_request r;
    gw_token_request_init(&r); /* docker login */
    assert_null(gw_token_request_read(
        CH_STR("account=ci&client_id=docker&offline_token=true&service=customhouse"), &r));
    assert_true(r.offline);
    assert_str_eq(r.service, "customhouse");
    assert_int_equal(r.grant, GW_GRANT_NONE);
    assert_int_equal(r.wanted.count, 0);
    gw_token_request_done(&r);
    gw_token_request_init(&r); /* a mount */
    assert_null(gw_token_request_read(
        CH_STR("scope=repository%3Aapps%2Fa%3Apull%2Cpush&scope=repository:apps/b:pull&service=x"),
        &r));
    assert_int_equal(r.wanted.count, 2);
    assert_str_eq(r.wanted.list[0].name, "apps/a");
    assert_str_eq(r.wanted.list[1].name, "apps/b");
    assert_false(r.offline);
    gw_token_request_done(&r);
    gw_token_request_init(&r); /* containerd */
    assert_null(gw_token_request_read(
        CH_STR("client_id=containerd-client&grant_type=password&password=p%26w&scope="
               "repository%3Aa%2Fb%3Apull&service=customhouse&username=ci&access_type=offline"),
        &r));
    assert_int_equal(r.grant, GW_GRANT_PASSWORD);
    assert_str_eq(r.password, "p&w");
    assert_true(r.offline);
    gw_token_request_done(&r);
    gw_token_request_init(&r);
    assert_null(gw_token_request_read(CH_STR("grant_type=refresh_token&refresh_token=t"), &r));
    assert_int_equal(r.grant, GW_GRANT_REFRESH);
    assert_str_eq(r.refresh_token, "t");
    gw_token_request_done(&r);
    gw_token_request_init(&r);
    assert_null(gw_token_request_read(CH_STR("grant_type=client_credentials"), &r));
    assert_int_equal(r.grant, GW_GRANT_OTHER);
    gw_token_request_done(&r);
    gw_token_request_init(&r);
    assert_null(gw_token_request_read((struct ch_str){NULL, 0}, &r));
    assert_int_equal(r.grant, GW_GRANT_NONE);
    gw_token_request_done(&r);
}

static void what_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"service=a&service=b", "twice"},
        {"grant_type=password&grant_type=refresh_token", "twice"},
        {"password=a&password=a", "twice"},
        {"refresh_token=a&refresh_token=b", "twice"},
        {"service=%zz", "not encoded"},
        {"%=a", "not encoded"},
        {"scope=pull", "scope: expected repository:NAME:ACTIONS"},
        {"scope=repository:a/b%00:pull", "scope: expected repository:NAME:ACTIONS"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct gw_token_request r;
        gw_token_request_init(&r);
        const char *why = gw_token_request_read(ch_str_of(rows[i].text), &r);
        if (why == NULL || strstr(why, rows[i].why) == NULL) {
            fail_msg("\"%s\": %s", rows[i].text, why != NULL ? why : "good");
        }
        gw_token_request_done(&r);
    }
    struct gw_token_request r;
    struct ch_buf b;
    gw_token_request_init(&r);
    ch_buf_init(&b, ch_limits.token_request_bytes + 1);
    while (b.len <= ch_limits.token_request_bytes) {
        ch_buf_putc(&b, 'a');
    }
    assert_non_null(gw_token_request_read(ch_buf_str(&b), &r));
    b.len--;
    assert_null(gw_token_request_read(ch_buf_str(&b), &r));
    ch_buf_done(&b);
    gw_token_request_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_are_read),
        cmocka_unit_test(no_more_of_them_than_can_be),
        cmocka_unit_test(what_clients_send),
        cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
