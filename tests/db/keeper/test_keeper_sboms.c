/* Bills of materials of files: of what inspection found, under the decision on the file; as a
 * statement one and the same for as long as its approval stands. */
#include "house.h"
#include "log_seen.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define BYTES "bytes fact:requires-dist=numpy>=1;fact:licence=MIT;"

static struct ch_err err;
static bool full;

enum ch_code __real_ch_store_add_image_signature(struct ch_store *s,
                                                 const struct ch_image_signature_row *row,
                                                 uint64_t *ret_id, struct ch_err *e);
enum ch_code __wrap_ch_store_add_image_signature(struct ch_store *s,
                                                 const struct ch_image_signature_row *row,
                                                 uint64_t *ret_id, struct ch_err *e);
enum ch_code __wrap_ch_store_add_image_signature(struct ch_store *s,
                                                 const struct ch_image_signature_row *row,
                                                 uint64_t *ret_id, struct ch_err *e)
{
    return full ? ch_fail(e, CH_E_FULL, "the disk is full")
                : __real_ch_store_add_image_signature(s, row, ret_id, e);
}

static struct house *with_wheel(const char *bytes)
{
    char hex[CH_SHA256_HEX + 1], text[512];
    struct house *h = house_new();
    snprintf(text, sizeof(text), WHEEL " %s %zu 30\n", house_hex(bytes, hex), strlen(bytes));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
    return h;
}

static char *asked(struct house *h, enum ch_part part)
{
    house_ask_part(h, "pkg", WHEEL, part, 8000);
    if (h->file.outcome != CH_FILE_ALLOW) {
        fail_msg("%d: %.*s", h->file.outcome, CH_STR_ARG(h->file.text));
    }
    return ch_str_dup(h->file.body);
}

static size_t entries(struct house *h)
{
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    struct ch_str rest = ch_buf_str(&all), one;
    size_t count = 0;
    while (ch_str_split(&rest, ' ', &one)) {
        count += ch_str_eq(one, CH_STR("image-signature"));
    }
    ch_buf_done(&all);
    return count;
}

static void it_says_what_inspection_found(void **state)
{
    (void)state;
    static const enum ch_part parts[] = {CH_PART_CYCLONEDX, CH_PART_SPDX};
    struct house *h = with_wheel(BYTES);
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        char *first =
            asked(h, parts[i]); /* asked for before the file: inspected, decided, signed */
        static const char *const said[] = {"numpy>=1", "\"MIT\"", "pkg:pypi/pkg@1.0"};
        for (size_t s = 0; s < CH_ARRAY_LEN(said); s++) {
            if (!ch_str_find(ch_str_of(first), ch_str_of(said[s]), NULL)) {
                fail_msg("%s: %s", said[s], first);
            }
        }
        house_restart(h);
        char *again = asked(h, parts[i]);
        assert_string_equal(again, first);
        free(first);
        free(again);
    }
    assert_int_equal(entries(h), 0); /* nothing is signed for that */
    house_free(h);
}

static void it_is_attested_once(void **state)
{
    (void)state;
    struct house *h = with_wheel(BYTES);
    char *first = asked(h, CH_PART_SPDX_BUNDLE);
    char *again = asked(h, CH_PART_SPDX_BUNDLE);
    assert_string_equal(again, first); /* a signature is another one each time it is made */
    free(again);
    house_restart(h);
    again = asked(h, CH_PART_SPDX_BUNDLE);
    assert_string_equal(again, first);
    assert_int_equal(entries(h), 1);
    free(again);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 90\n", &err));
    house_ask_part(h, "pkg", WHEEL, CH_PART_SPDX_BUNDLE, 8000);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_null(h->file.body.ptr);
    assert_ch_ok(&err,
                 house_reload(h, "version: 1\n", &err)); /* approved again: another statement */
    again = asked(h, CH_PART_SPDX_BUNDLE);
    assert_string_not_equal(again, first);
    assert_int_equal(entries(h), 2);
    free(again);
    free(first);
    house_free(h);
}

/* What cannot be kept is not told; the file is had all the same. */
static void what_is_not_kept_is_not_told(void **state)
{
    (void)state;
    struct house *h = with_wheel(BYTES);
    full = true;
    house_ask_part(h, "pkg", WHEEL, CH_PART_CYCLONEDX_BUNDLE, 8000);
    full = false;
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 507);
    assert_null(h->file.body.ptr);
    assert_int_equal(entries(h), 0);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    free(asked(h, CH_PART_CYCLONEDX_BUNDLE));
    assert_int_equal(entries(h), 1);
    house_free(h);
}

/* Never a shorter one that looks complete. */
static void one_that_is_too_large_is_none(void **state)
{
    (void)state;
    uint64_t most = ch_limits.sbom_components;
    struct house *h = with_wheel("fact:requires-dist=numpy>=1;fact:requires-dist=rich;");
    for (int more = 0; more < 2; more++) {
        ch_limits.sbom_components = more == 0 ? 1 : 2;
        house_ask_part(h, "pkg", WHEEL, CH_PART_SPDX, 8000);
        ch_limits.sbom_components = most;
        assert_int_equal(h->file.outcome, more == 0 ? CH_FILE_FAILED : CH_FILE_ALLOW);
    }
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_inspection_found),
        cmocka_unit_test(it_is_attested_once),
        cmocka_unit_test(what_is_not_kept_is_not_told),
        cmocka_unit_test(one_that_is_too_large_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
