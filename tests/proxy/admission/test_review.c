/* Reviews: which images are found where, and what is refused with which words. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "proxy/admission/review.h"

#define REVIEW(kind, operation, objects)                                                           \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":"   \
    "\"u-1\",\"kind\":" kind ",\"namespace\":\"web\",\"operation\":\"" operation "\"," objects     \
    "}}"
#define KIND(group, kind) "{\"group\":\"" group "\",\"version\":\"v1\",\"kind\":\"" kind "\"}"
#define POD               KIND("", "Pod")
#define SPEC(more)        "{\"containers\":[{\"image\":\"a\"}]" more "}"
#define OBJECT(spec)      "\"object\":{\"spec\":" spec "}"
#define IN(spec)          "{\"template\":{\"spec\":" spec "}}"

static const struct row {
    const char *label, *body,
        *expected; /* "WHERE=IMAGE " for each; or "! " and words of the error */
} rows[] = {
    {"pod", REVIEW(POD, "CREATE", OBJECT(SPEC(""))), "/spec/containers/0/image=a "},
    {"all places",
     REVIEW(
         POD, "CREATE",
         OBJECT(SPEC(",\"initContainers\":[{\"image\":\"b\"}],\"ephemeralContainers\":[{\"image\":"
                     "\"c\"}],\"volumes\":[{},{\"image\":{\"reference\":\"d\"}}]"))),
     "/spec/initContainers/0/image=b /spec/containers/0/image=a "
     "/spec/ephemeralContainers/0/image=c /spec/volumes/1/image/reference=d "},
    {"deployment", REVIEW(KIND("apps", "Deployment"), "CREATE", OBJECT(IN(SPEC("")))),
     "/spec/template/spec/containers/0/image=a "},
    {"cron job",
     REVIEW(KIND("batch", "CronJob"), "CREATE",
            OBJECT("{\"jobTemplate\":{\"spec\":" IN(SPEC("")) "}}")),
     "/spec/jobTemplate/spec/template/spec/containers/0/image=a "},
    {"template",
     REVIEW(KIND("", "PodTemplate"), "CREATE", "\"object\":{\"template\":{\"spec\":" SPEC("") "}}"),
     "/template/spec/containers/0/image=a "},
    {"null is none",
     REVIEW(POD, "CREATE", OBJECT(SPEC(",\"initContainers\":null,\"volumes\":null"))),
     "/spec/containers/0/image=a "},
    {"update, the same",
     REVIEW(POD, "UPDATE", OBJECT(SPEC("")) ",\"oldObject\":{\"spec\":" SPEC("") "}"), ""},
    {"update, one more",
     REVIEW(POD, "UPDATE",
            OBJECT(SPEC(",\"ephemeralContainers\":[{\"image\":\"c\"}]")) ",\"oldObject\":{"
                                                                         "\"spec\":" SPEC("") "}"),
     "/spec/ephemeralContainers/0/image=c "},
    {"update of nothing", REVIEW(POD, "UPDATE", OBJECT(SPEC("")) ",\"oldObject\":null"),
     "/spec/containers/0/image=a "},
    {"create beside an old one",
     REVIEW(POD, "CREATE", OBJECT(SPEC("")) ",\"oldObject\":{\"spec\":" SPEC("") "}"),
     "/spec/containers/0/image=a "},
    {"delete", REVIEW(POD, "DELETE", OBJECT(SPEC(""))), "! for CREATE and UPDATE"},
    {"scale", REVIEW(KIND("autoscaling", "Scale"), "CREATE", OBJECT(SPEC(""))),
     "! autoscaling/v1 Scale is no kind"},
    {"wrong group", REVIEW(KIND("apps", "Pod"), "CREATE", OBJECT(SPEC(""))),
     "! apps/v1 Pod is no kind"},
    {"escaped", REVIEW(KIND("", "a\\u001bb"), "CREATE", OBJECT(SPEC(""))),
     "! /v1 a\\x1bb is no kind"},
    {"no spec", REVIEW(POD, "CREATE", "\"object\":{}"), "! /spec: expected what the pods of a Pod"},
    {"no template", REVIEW(KIND("apps", "Deployment"), "CREATE", OBJECT(SPEC(""))),
     "! /spec/template/spec: expected"},
    {"no containers", REVIEW(POD, "CREATE", OBJECT("{}")), "! /spec: expected a container"},
    {"empty", REVIEW(POD, "CREATE", OBJECT("{\"containers\":[{\"image\":\"\"}]}")),
     "! /spec/containers/0/image: expected an image's name"},
    {"blank", REVIEW(POD, "CREATE", OBJECT("{\"containers\":[{\"image\":\"a b\"}]}")),
     "! /spec/containers/0/image: expected an image's name"},
    {"no image", REVIEW(POD, "CREATE", OBJECT("{\"containers\":[{}]}")),
     "! /spec/containers/0/image: expected an image's name"},
    {"no list", REVIEW(POD, "CREATE", OBJECT("{\"containers\":{}}")),
     "! /spec/containers: expected a list"},
    {"key twice",
     REVIEW(POD, "CREATE", OBJECT("{\"containers\":[{\"image\":\"a\",\"image\":\"b\"}]}")),
     "! the review is no JSON: line 1: duplicate object key"},
    {"another version",
     "{\"apiVersion\":\"admission.k8s.io/"
     "v1beta1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\"}}",
     "! expected an AdmissionReview of admission.k8s.io/v1"},
    {"no uid",
     "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{}}",
     "! request.uid: expected"},
    {"a list", "[]", "! the review is no JSON: line 1: it is no object"},
    {"nothing", "", "! the review is no JSON"},
};

static void reads_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct review r;
        struct ch_err err = {.msg = ""};
        struct ch_buf b;
        ch_buf_init(&b, 1u << 16);
        bool read = review_read(ch_str_of(rows[i].body), &r, &err) == CH_OK;
        for (size_t m = 0; read && m < r.image_count; m++) {
            ch_buf_printf(&b, "%s=%.*s ", r.image[m].where, CH_STR_ARG(r.image[m].text));
        }
        if (!read) {
            ch_buf_printf(&b, "! %s", err.msg);
        }
        struct ch_str expected = ch_str_of(rows[i].expected);
        bool same =
            read ? ch_str_eq(ch_buf_str(&b), expected)
                 : ch_str_starts(expected, CH_STR("! ")) &&
                       ch_str_find(ch_buf_str(&b), ch_str_sub(expected, 2, expected.len), NULL);
        if (!same) {
            fail_msg("%s: \"%.*s\", expected \"%s\"", rows[i].label, CH_STR_ARG(ch_buf_str(&b)),
                     rows[i].expected);
        }
        review_done(&r);
        ch_buf_done(&b);
    }
}

static void put_pod(struct ch_buf *b, size_t images)
{
    ch_buf_puts(
        b,
        CH_STR("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
               "\"uid\":\"u\",\"kind\":" POD ",\"namespace\":\"web\",\"operation\":\"CREATE\","
               "\"object\":{\"spec\":{\"containers\":["));
    for (size_t i = 0; i < images; i++) {
        ch_buf_printf(b, "%s{\"image\":\"a%zu\"}", i > 0 ? "," : "", i);
    }
    ch_buf_puts(b, CH_STR("]}}}}"));
}

static void takes_no_more_images_than_it_can(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct review r;
        struct ch_err err;
        struct ch_buf b;
        ch_buf_init(&b, 1u << 20);
        put_pod(&b, REVIEW_IMAGES_MAX + more);
        enum ch_code rc = review_read(ch_buf_str(&b), &r, &err);
        assert_int_equal(rc, more == 0 ? CH_OK : CH_E_LIMIT);
        assert_string_equal(r.uid, "u"); /* so that it can be told so */
        review_done(&r);
        ch_buf_done(&b);
    }
}

static void answers_as_the_api_server_reads_them(void **state)
{
    (void)state;
    struct review r = {.uid = "u-1"};
    struct review_image image = {.where = "/spec/containers/0/image"};
    struct ch_buf b, patch;
    const struct ch_str none = {NULL, 0};
    ch_buf_init(&b, 4096);
    ch_buf_init(&patch, 4096);
    review_put_answer(&b, &r, false, CH_STR("image \"x\": held"), none);
    assert_str_eq(ch_buf_str(&b),
                  "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                  "\"response\":{\"uid\":\"u-1\",\"allowed\":false,\"status\":{\"code\":403,"
                  "\"reason\":\"Forbidden\",\"message\":\"image \\\"x\\\": held\"}}}\n");
    ch_buf_clear(&b);
    review_put_answer(&b, &r, true, none, none);
    assert_str_eq(ch_buf_str(&b),
                  "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                  "\"response\":{\"uid\":\"u-1\",\"allowed\":true}}\n");
    review_put_operation(&patch, &image, CH_STR("x@sha256:00"));
    ch_buf_putc(&patch, ']');
    assert_str_eq(ch_buf_str(&patch), "[{\"op\":\"replace\",\"path\":\"/spec/containers/0/image\","
                                      "\"value\":\"x@sha256:00\"}]");
    ch_buf_clear(&b);
    review_put_answer(&b, &r, true, none, CH_STR("[]"));
    assert_true(ch_str_find(ch_buf_str(&b),
                            CH_STR("\"patchType\":\"JSONPatch\",\"patch\":\"W10=\""), NULL));
    ch_buf_clear(&b);
    review_put_answer(&b, &r, false, CH_STR("no"),
                      CH_STR("[]")); /* nothing is changed of what is denied */
    assert_false(ch_str_find(ch_buf_str(&b), CH_STR("patch"), NULL));
    ch_buf_done(&b);
    ch_buf_done(&patch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_row),
        cmocka_unit_test(takes_no_more_images_than_it_can),
        cmocka_unit_test(answers_as_the_api_server_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
