/* T9, T24: what a channel's record says otherwise than its file is approved difference by difference,
 * and is no part of what the log says that inspection found. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditor.h"
#include "db/keeper/audit/audit_int.h"

#define CHANNEL "https://up.example.org/chan/noarch/repodata.json.zst"
#define FILE_A  "a-1.0-0.conda"
#define BYTES   "fact:build-number=0;fact:license=MIT;"
#define LONG    "x123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
#define LONGER  LONG LONG LONG

static const char CONFIG[] =
    "listen: [{address: '127.0.0.1:8080'}]\n"
    "anonymous_pull: true\n"
    "upstreams:\n"
    "  - {name: up, ecosystem: conda, url: 'https://up.example.org/chan', trust_times: true}\n"
    "repositories:\n"
    "  - {name: chan, ecosystem: conda, upstreams: [up]}\n";

static struct house *open_house(void)
{
    struct house *h = house_new_with("version: 1\n", CONFIG);
    h->asked = "chan";
    h->uid = 1000;
    return h;
}

/* The record has `says` beside what the file says itself. */
static void set_record(struct house *h, const char *says)
{
    char text[1024], hex[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), FILE_A " %s %zu 30 %s\n", house_hex(BYTES, hex), strlen(BYTES),
             says);
    house_site(h, CHANNEL, 200, "application/zstd", text);
    house_site(h, FILE_URL(FILE_A), 200, "application/octet-stream", BYTES);
    struct page *p = page_get(h->k, CH_STR("chan"), CH_STR("noarch"));
    if (page_load(h->k, p)) {
        p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
        p->failed_at_us = 0;
    }
    house_ask_page(h, "noarch");
}

static bool served(struct house *h)
{
    house_ask_file(h, "noarch", FILE_A);
    if (h->file.outcome != CH_FILE_ALLOW && h->file.outcome != CH_FILE_REFUSED) {
        fail_msg("%d %.*s", (int)h->file.outcome, CH_STR_ARG(h->file.refusal.reason));
    }
    return h->file.outcome == CH_FILE_ALLOW;
}

/* A person reads what is found, and approves just that. */
static void approve(struct house *h)
{
    struct ch_buf out;
    size_t at;
    char line[512];
    ch_buf_init(&out, 1u << 20);
    snprintf(line, sizeof(line), "approve noarch/" FILE_A " --reason=read --repository=chan");
    assert_int_equal(house_run(h, line, &out), 1);
    struct ch_str token = ch_buf_str(&out);
    assert_true(ch_str_find(token, CH_STR("--evidence "), &at));
    token = ch_str_sub(token, at + 11, token.len);
    size_t end = 0;
    while (end < token.len && token.ptr[end] > ' ') {
        end++;
    }
    size_t used = strlen(line);
    snprintf(line + used, sizeof(line) - used, " --evidence=%.*s", (int)end, token.ptr);
    ch_buf_clear(&out);
    if (house_run(h, line, &out) != 0) {
        fail_msg("%.*s", (int)out.len, out.ptr);
    }
    ch_buf_done(&out);
}

static void t9_an_approval_lifts_the_difference_that_was_read(void **state)
{
    (void)state;
    static const struct {
        const char *read, *later;
    } rows[] = {
        {"license:GPL", "license:GPL depends:evil"},            /* another field as well */
        {"license:GPL", "license:BSD"},                         /* the same field */
        {"license:" LONGER "a", "license:" LONGER "b"},         /* beyond what is shown of it */
        {"depends:evil", "depends:worse"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = open_house();
        set_record(h, rows[i].read);
        assert_false(served(h));
        approve(h);
        assert_true(served(h));
        set_record(h, rows[i].later);
        if (served(h)) {
            fail_msg("%s lifts %s", rows[i].read, rows[i].later);
        }
        set_record(h, rows[i].read);
        assert_true(served(h));
        house_restart(h);
        assert_true(served(h));
        house_free(h);
    }
}

static void verify(struct house *h)
{
    struct audit_state s;
    struct ch_err err;
    char *said = NULL;
    size_t size = 0;
    bool good = false;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc =
        audit_verify(h->folder, &(struct audit_whom){.witness_count = 0}, out, &good, &err);
    fclose(out);
    if (rc != CH_OK || !good) {
        fail_msg("%s", said);
    }
    free(said);
}

/* Neither one that is approved nor one that channels may make is in the evidence of an attestation. */
static void t24_a_difference_is_no_part_of_the_inspection(void **state)
{
    (void)state;
    struct house *h = open_house();
    set_record(h, "license:GPL");
    assert_false(served(h));
    verify(h);
    approve(h);
    assert_true(served(h));
    verify(h);
    house_restart(h);
    assert_true(served(h));
    verify(h);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t9_an_approval_lifts_the_difference_that_was_read),
        cmocka_unit_test(t24_a_difference_is_no_part_of_the_inspection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
