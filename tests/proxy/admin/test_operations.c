/* The table of operations: each can be found, none hides another, and the description has all of
 * them. */
#include "tests/ch_test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "proxy/admin/operations.h"

/* A path as a request has it, with "x" for each variable. */
struct path {
    char text[8][64];
    struct ch_str segments[8];
    size_t count;
};

static void add(struct path *p, const char *text, size_t n)
{
    assert_true(p->count < CH_ARRAY_LEN(p->segments) && n < sizeof(p->text[0]));
    snprintf(p->text[p->count], sizeof(p->text[0]), "%.*s", (int)n, text);
    p->segments[p->count] = ch_str_of(p->text[p->count]);
    p->count++;
}

static void fill(struct path *p, const char *template)
{
    p->count = 0;
    for (const char *at = template; *at == '/';) {
        size_t n = strcspn(at + 1, "/");
        add(p, at[1] == '{' ? "x" : at + 1, at[1] == '{' ? 1 : n);
        at += n + 1;
    }
}

static const struct operation *find(const struct path *p, enum ch_http_method method,
                                    struct ch_buf *allowed)
{
    struct ch_http_view v = {.method = method, .segments = p->segments, .segment_count = p->count};
    ch_buf_clear(allowed);
    return operation_find(&v, allowed);
}

static void each_is_found_by_its_path_and_method(void **state)
{
    (void)state;
    struct ch_buf allowed;
    ch_buf_init(&allowed, 256);
    size_t n = 0;
    for (; operation_at(n) != NULL; n++) {
        const struct operation *o = operation_at(n);
        struct path p;
        fill(&p, o->path);
        assert_ptr_equal(find(&p, o->method, &allowed), o);
        assert_null(find(&p, CH_HTTP_PUT, &allowed));
        assert_true(
            ch_str_find(ch_buf_str(&allowed), ch_str_of(operation_method_name(o->method)), NULL));
        add(&p, "no-such-thing", 13);
        add(&p, "below", 5);
        assert_null(find(&p, CH_HTTP_PUT, &allowed));
        assert_int_equal(allowed.len, 0);
    }
    assert_true(n > 20);
    ch_buf_done(&allowed);
}

static void parameters_are_those_of_the_path_and_the_method(void **state)
{
    (void)state;
    for (size_t i = 0; operation_at(i) != NULL; i++) {
        const struct operation *o = operation_at(i);
        size_t variables = 0, named = 0;
        for (const char *at = o->path; (at = strchr(at, '{')) != NULL; at++) {
            variables++;
        }
        assert_true(o->parameter_count <= 16);
        for (size_t k = 0; k < o->parameter_count; k++) {
            const struct parameter *p = &o->parameters[k];
            char name[64];
            snprintf(name, sizeof(name), "{%s}", p->name);
            named += p->place == IN_PATH;
            assert_int_equal(strstr(o->path, name) != NULL, p->place == IN_PATH);
            assert_true(p->place != IN_PATH || p->required);
            assert_true(p->place == IN_BODY ||
                        (p->type != PARAMETER_TEXTS && p->type != PARAMETER_DOCUMENT));
            assert_false(p->place == IN_BODY && o->method != CH_HTTP_POST);
        }
        assert_int_equal(variables, named);
        assert_true(o->refused_status == 0 || o->refused_status == 404 || o->refused_status == 409);
    }
}

static void the_description_has_them_all(void **state)
{
    (void)state;
    struct ch_buf b;
    json_error_t where;
    ch_buf_init(&b, 1u << 20);
    operations_document(&b);
    json_t *root = json_loadb(b.ptr, b.len, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL) {
        fail_msg("%d:%d: %s", where.line, where.column, where.text);
    }
    size_t methods = 0, count = 0;
    const char *path, *method;
    json_t *item, *operation;
    json_object_foreach(json_object_get(root, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            assert_non_null(json_object_get(json_object_get(operation, "responses"), "401"));
            methods++;
        }
    }
    while (operation_at(count) != NULL) {
        count++;
    }
    assert_int_equal(methods, count);
    json_decref(root);
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_by_its_path_and_method),
        cmocka_unit_test(parameters_are_those_of_the_path_and_the_method),
        cmocka_unit_test(the_description_has_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
