/* What a person, or a rule, denies by a version or a range: never less than these words say. */
#include "house.h"

#include <stdio.h>

#define FILE_OF(version) "pkg-" version "-py3-none-any.whl"

static const char page[] = FILE_OF("1.0") " - - 30\n" FILE_OF("1.0+cu118") " - - 30\n" FILE_OF("1."
                                                                                               "0."
                                                                                               "pos"
                                                                                               "t1") " - - 30\n" FILE_OF(
    "1.1rc1") " - - 30\n" FILE_OF("1.1") " - - 30\n" FILE_OF("1!1.0") " - - 30\n" FILE_OF("2004d") " - - 30\n";

/* By the one decision that every route asks for. */
static bool is_denied(struct house *h, const char *version)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    struct ch_decision d;
    char file[64];
    snprintf(file, sizeof(file), FILE_OF("%s"), version);
    assert_true(page_load(h->k, p));
    ptrdiff_t at = page_find_file(p, ch_str_of(file));
    assert_true(at >= 0);
    judge(h->k, p, (size_t)at, &d);
    return d.verdict == CH_VERDICT_DENY;
}

/* What a client takes by the same words is denied, and what else lies in the range; what was served
 * of it goes at once. */
static void a_denial_is_read_widely(void **state)
{
    (void)state;
    static const struct {
        const char *deny;
        const char *denied[3], *spared[3]; /* versions */
    } all[] = {
        {"pkg==1.0", {"1.0", "1.0+cu118"}, {"1.0.post1", "1.1rc1", "1!1.0"}},
        {"pkg===1.0", {"1.0", "1.0+cu118"}, {"1.0.post1", "1!1.0"}},
        {"pkg==1.0+cu118", {"1.0+cu118"}, {"1.0"}},
        {"pkg>1.0", {"1.0.post1", "1.0+cu118", "1!1.0"}, {"1.0"}},
        {"pkg<1.1", {"1.0", "1.1rc1", "1.0+cu118"}, {"1.1", "1!1.0"}},
        {"pkg!=1.0", {"1.0+cu118", "1.0.post1", "1!1.0"}, {"1.0"}},
        {"pkg<=1.0", {"1.0", "1.0+cu118"}, {"1.0.post1"}},
        {"pkg==1!1.0", {"1!1.0"}, {"1.0"}},
        {"pkg==2004d", {"2004d"}, {"1.0", "1.1"}},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct house *h = house_new();
        struct ch_buf out;
        ch_buf_init(&out, 1u << 20);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
        house_site(h, FILE_URL(FILE_OF("1.0")), 200, "application/zip", "plain");
        house_ask_file(h, "pkg", FILE_OF("1.0"));
        assert_true(house_serves(h, "plain"));
        assert_int_equal(house_command(h, false, "deny", all[i].deny, "no", NULL, &out), 0);
        for (int round = 0; round < 2; round++) {
            for (size_t v = 0; v < 3; v++) {
                if ((all[i].denied[v] != NULL && !is_denied(h, all[i].denied[v])) ||
                    (all[i].spared[v] != NULL && is_denied(h, all[i].spared[v]))) {
                    fail_msg("%s: %zu", all[i].deny, v);
                }
            }
            assert_int_equal(house_serves(h, "plain"), strcmp(all[i].denied[0], "1.0") != 0);
            house_restart(h);
        }
        ch_buf_done(&out);
        house_free(h);
    }
}

static bool says(const struct ch_buf *out, const char *text)
{
    return ch_str_find(ch_buf_str(out), ch_str_of(text), NULL);
}

/* Who looks into what they deny is told of all that the denial takes: by explain, and by fetched-by
 * after an incident. */
static void what_a_denial_takes_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *of;
        const char *told[2], *spared; /* files */
    } all[] = {
        {"pkg==1.0", {FILE_OF("1.0"), FILE_OF("1.0+cu118")}, FILE_OF("1.0.post1")},
        {"pkg===1.0", {FILE_OF("1.0"), FILE_OF("1.0+cu118")}, FILE_OF("1.0.post1")},
        {"pkg==1.0+cu118", {FILE_OF("1.0+cu118"), FILE_OF("1.0+cu118")}, FILE_OF("1.0")},
        {"pkg>1.0", {FILE_OF("1.0+cu118"), FILE_OF("1.0.post1")}, FILE_OF("1.0")},
    };
    static const struct {
        const char *name, *url;
    } files[] = {
        {FILE_OF("1.0"), FILE_URL(FILE_OF("1.0"))},
        {FILE_OF("1.0+cu118"), FILE_URL(FILE_OF("1.0+cu118"))},
        {FILE_OF("1.0.post1"), FILE_URL(FILE_OF("1.0.post1"))},
    };
    static const char *const commands[] = {"explain", "fetched-by"};
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    for (size_t i = 0; i < CH_ARRAY_LEN(files); i++) {
        house_site(h, files[i].url, 200, "application/zip", files[i].name);
        house_ask_file(h, "pkg", files[i].name);
        house_tell_served(h, "pkg", files[i].name, files[i].name, "192.0.2.7");
    }
    house_settle(h);
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        for (size_t n = 0; n < CH_ARRAY_LEN(commands); n++) {
            assert_int_equal(house_command(h, false, commands[n], all[i].of, NULL, NULL, &out), 0);
            if (!says(&out, all[i].told[0]) || !says(&out, all[i].told[1]) ||
                says(&out, all[i].spared)) {
                fail_msg("%s %s: %.*s", commands[n], all[i].of, (int)out.len, out.ptr);
            }
        }
    }
    ch_buf_done(&out);
    house_free(h);
}

/* Of a rule a range is a client's: what it leaves out is another rule's to say. */
static void a_rule_takes_what_clients_take(void **state)
{
    (void)state;
    struct house *h = house_new_with("version: 1\nrules:\n  - {name: no, project: pkg, version: "
                                     "'==1.0', then: deny, reason: not ours}\n",
                                     NULL);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_ask_page(h, "pkg");
    assert_true(is_denied(h, "1.0"));
    assert_true(is_denied(h, "1.0+cu118"));
    assert_false(is_denied(h, "1.0.post1"));
    assert_int_equal(house_listed(h, FILE_OF("1.0+cu118"))->listing, CH_LIST_YANKED);
    house_ask_file(h, "pkg", FILE_OF("1.0+cu118"));
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_free(h);
}

/* "conda:numpy" of a repository of Python packages would be another numpy. */
static void a_repository_is_of_the_kind_that_is_said(void **state)
{
    (void)state;
    static const char config[] =
        "listen:\n  - {address: '127.0.0.1:8080'}\n"
        "upstreams:\n"
        "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
        "  - {name: chan, ecosystem: conda, url: 'https://up.example.org/chan', trust_times: true}\n"
        "repositories:\n"
        "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
        "  - {name: chan, ecosystem: conda, upstreams: [chan]}\n";
    static const struct {
        const char *word, *repository, *text;
    } rows[] = {
        {"conda:numpy", "pypi", "repository pypi is of pypi, not of conda"},
        {"pypi:numpy", "chan", "repository chan is of conda, not of pypi"},
        {"numpy:latest", "pypi", "repository pypi is of pypi, not of oci"},
        {"conda:numpy", "chan", NULL},
        {"numpy", "pypi", NULL},
    };
    static const char *const commands[] = {"deny", "approve", "explain", "fetched-by", "rescan"};
    struct house *h = house_new_with(NULL, config);
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        h->repository = rows[i].repository;
        for (size_t k = 0; rows[i].text != NULL && k < CH_ARRAY_LEN(commands); k++) {
            assert_int_equal(house_command(h, false, commands[k], rows[i].word, "why", "7d", &out),
                             2);
            assert_true(says(&out, rows[i].text));
        }
        if (rows[i].text == NULL) {
            assert_int_equal(house_command(h, false, "deny", rows[i].word, "why", "7d", &out), 0);
            assert_true(says(&out, "denied: numpy"));
        }
    }
    ch_buf_done(&out);
    house_free(h);
}

/* That nobody fetched it is said of what is known alone: else a misspelt name would look like good
 * news. */
static void fetched_by_says_what_is_unknown(void **state)
{
    (void)state;
    static const char *const unknown[] = {"nothing", "pypi:nothing", "nothing==1.0",
                                          "nothing-1.0-py3-none-any.whl"};
    struct house *h = house_new();
    struct ch_buf out;
    char digest[7 + CH_SHA256_HEX + 1] = "sha256:";
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, "pkg-1.0-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
    for (int json = 0; json < 2; json++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(unknown); i++) {
            assert_int_equal(
                house_command(h, json == 1, "fetched-by", unknown[i], NULL, NULL, &out), 1);
            assert_true(says(&out, "nothing: unknown here: no page of it was ever read"));
        }
        house_hex("never seen", digest + 7);
        assert_int_equal(house_command(h, json == 1, "fetched-by", digest, NULL, NULL, &out), 1);
        assert_true(says(&out, "no file with this sha256 was ever fetched here"));
    }
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(house_command(h, false, "fetched-by", "pkg", NULL, NULL, &out), 0);
        assert_true(says(&out, "nobody fetched it"));
        assert_int_equal(
            house_command(h, false, "fetched-by", "pkg-1.0-py3-none-any.whl", NULL, NULL, &out), 0);
        assert_true(says(&out, "nobody fetched it"));
        house_restart(h); /* known from the store, too */
    }
    ch_buf_done(&out);
    house_free(h);
}

/* Lock files have the digest alone, and whoever reads one has asked for nothing here lately. */
static void a_digest_is_found_on_pages_that_are_only_stored(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char digest[7 + CH_SHA256_HEX + 1] = "sha256:", hex[CH_SHA256_HEX + 1], files[200];
    ch_buf_init(&out, 1u << 20);
    for (int i = 0; i < 3; i++) {
        char name[8], url[200];
        snprintf(name, sizeof(name), "pkg%d", i);
        snprintf(url, sizeof(url), PAGE_URL("%s"), name);
        snprintf(files, sizeof(files), "%s-1.0-py3-none-any.whl %s - 1\n", name,
                 house_hex(name, hex));
        house_site(h, url, 200, PAGE_TYPE, files);
        house_ask_page(h, name);
    }
    house_settle(h);
    house_restart(h);
    house_hex("pkg1", digest + 7);
    assert_int_equal(house_command(h, false, "explain", digest, NULL, NULL, &out), 0);
    assert_true(says(&out, "pkg1-1.0-py3-none-any.whl"));
    house_hex("in none of them", digest + 7);
    for (int at_hand = 0; at_hand < 2; at_hand++) {
        assert_int_equal(house_command(h, false, "explain", digest, NULL, NULL, &out), 1);
        assert_true(says(&out, "none of the 3 pages of indexes that are known here lists it"));
        assert_true(says(&out, "nobody denied it"));
        house_ask_page(h, "pkg2");
    }
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetched_by_says_what_is_unknown),
        cmocka_unit_test(a_digest_is_found_on_pages_that_are_only_stored),
        cmocka_unit_test(a_denial_is_read_widely),
        cmocka_unit_test(what_a_denial_takes_is_told),
        cmocka_unit_test(a_rule_takes_what_clients_take),
        cmocka_unit_test(a_repository_is_of_the_kind_that_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
