/* A ruling has only the rows judged again that it can be about, and each row is what judging all of them would say. */
#include "house.h"

#include <stdio.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/rulings/rulings.h"

#include "customhouse/limits.h"

#define CHANNEL "https://up.example.org/chan/noarch/repodata.json.zst"

/* Of each project, versions 1.0 and 2.0; the latter young. */
enum { A1, A2, B1, B2, C1, C2, FILES };
static const char *const names[FILES] = {"a-1.0-0.conda", "a-2.0-0.conda", "b-1.0-0.conda",
                                         "b-2.0-0.conda", "c-1.0-0.conda", "c-2.0-0.conda"};

static const char CONFIG[] = "listen: [{address: '127.0.0.1:8080'}]\n"
                             "anonymous_pull: true\n"
                             "upstreams:\n"
                             "  - {name: up, ecosystem: conda, url: 'https://up.example.org/chan', trust_times: true}\n"
                             "repositories:\n"
                             "  - {name: chan, ecosystem: conda, upstreams: [up]}\n";

static struct page *noarch(struct house *h)
{
    return page_get(h->k, CH_STR("chan"), CH_STR("noarch"));
}

static struct house *open_house(void)
{
    struct house *h = house_new_with("version: 1\ncool_down_days: 7\n", CONFIG);
    char text[2000], hex[CH_SHA256_HEX + 1];
    size_t n = 0;
    for (size_t i = 0; i < FILES; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s 10 %d\n", names[i], house_hex(names[i], hex),
                              i % 2 == 0 ? 30 : 1);
    }
    house_site(h, CHANNEL, 200, "application/zstd", text);
    h->asked = "chan";
    house_ask_page(h, "noarch");
    assert_int_equal(noarch(h)->facts.file_count, FILES);
    return h;
}

static struct ch_sha256 bytes_of(size_t i)
{
    return ch_sha256_of(names[i], strlen(names[i]));
}

/* Which rows are judged again, a bit each. They, and all others, are what they would be judged now. */
static unsigned judged_again(struct house *h, const uint64_t *judged)
{
    struct page *p = noarch(h);
    unsigned again = 0;
    house_ask_page(h, "noarch");
    for (size_t i = 0; i < FILES; i++) {
        ptrdiff_t at = page_find_file(p, ch_str_of(names[i]));
        const struct listing_row *row = &p->listing.rows[at];
        struct ch_decision d;
        judge(h->k, p, (size_t)at, &d);
        assert_int_equal(row->verdict, d.verdict);
        assert_string_equal(listing_text(p, row->rule).ptr, d.rule);
        again |= row->judged > judged[i] ? 1u << i : 0;
    }
    return again;
}

static void note_judged(struct house *h, uint64_t *ret)
{
    for (size_t i = 0; i < FILES; i++) {
        ret[i] = noarch(h)->listing.rows[page_find_file(noarch(h), ch_str_of(names[i]))].judged;
    }
}

#define OF_A (1u << A1 | 1u << A2)
#define OF_B (1u << B1 | 1u << B2)
#define OF_C (1u << C1 | 1u << C2)
#define NONE 0u

static const struct row {
    const char *label;
    const char *repository, *ecosystem, *project, *spec, *file;
    int bytes_of; /* plus one */
    bool approve;
    unsigned judged, denied; /* of FILES */
} rows[] = {
    {"a project", NULL, NULL, "b", NULL, NULL, 0, false, OF_B, OF_B},
    {"versions of it", NULL, "conda", "b", "==1.0", NULL, 0, false, OF_B, 1u << B1},
    {"a file of a project", "chan", "conda", "a", NULL, "a-2.0-0.conda", 0, false, OF_A, 1u << A2},
    {"a file of the page", "chan", "conda", "noarch", NULL, "c-1.0-0.conda", 0, false, OF_C, 1u << C1},
    {"a file that is not there", NULL, NULL, "a", NULL, "a-3.0-0.conda", 0, false, NONE, NONE},
    {"bytes, whatever has them", NULL, NULL, NULL, NULL, NULL, C2 + 1, false, OF_C, 1u << C2},
    {"a project that is not there", NULL, NULL, "bb", NULL, NULL, 0, false, NONE, NONE},
    {"one of another repository", "pypi", NULL, "b", NULL, NULL, 0, false, NONE, NONE},
    {"one of another ecosystem", NULL, "pypi", "b", NULL, NULL, 0, false, NONE, NONE},
    {"a young version, approved", NULL, NULL, "c", "==2.0", NULL, 0, true, OF_C, NONE},
};

static struct ch_ruling_row ruling_of(const struct house *h, const struct row *r)
{
    return (struct ch_ruling_row){
        .deny = !r->approve,
        .repository = ch_str_of(r->repository),
        .ecosystem = ch_str_of(r->ecosystem),
        .project = ch_str_of(r->project),
        .version_spec = ch_str_of(r->spec),
        .file_name = ch_str_of(r->file),
        .sha256 = r->bytes_of > 0 ? bytes_of((size_t)r->bytes_of - 1) : (struct ch_sha256){{0}},
        .policy = ch_policy_digest(h->k->policy),
        .lifts = r->approve ? 1ull << CH_HOLD_AGE : 0,
        .reason = CH_STR("no"),
        .by = CH_STR("uid:0"),
        .at_us = keeper_now_us(h->k),
        .expires_at_us = r->approve ? keeper_now_us(h->k) + 86400000000 : CH_TIME_UNKNOWN,
    };
}

static unsigned denied(struct house *h)
{
    unsigned all = 0;
    for (size_t i = 0; i < FILES; i++) {
        ptrdiff_t at = page_find_file(noarch(h), ch_str_of(names[i]));
        all |= noarch(h)->listing.rows[at].verdict == CH_VERDICT_DENY ? 1u << i : 0;
    }
    return all;
}

/* A denial ends before its time: the log says so. */
static void ends(struct house *h, uint64_t id)
{
    struct ch_err err;
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_end_ruling(h->k->store, id, CH_STR("uid:0"), CH_STR("revoked"), 1, &err));
    assert_ch_ok(&err, audit_ruling_end(h->k, id, CH_STR("uid:0"), CH_STR("revoked"), 1, &err));
    assert_ch_ok(&err, rulings_load(h->k, &err));
}

/* It comes, and it is taken back. */
static void only_what_it_can_be_about_is_judged_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = open_house();
        struct ch_ruling_row row = ruling_of(h, &rows[i]);
        uint64_t judged[FILES];
        struct ch_err err;
        note_judged(h, judged);
        assert_ch_ok(&err, rulings_add(h->k, &row, &err));
        unsigned again = judged_again(h, judged);
        if (again != rows[i].judged || denied(h) != rows[i].denied) {
            fail_msg("%s: judged again %x, denied %x", rows[i].label, again, denied(h));
        }
        const struct listing_row *young =
            &noarch(h)->listing.rows[page_find_file(noarch(h), ch_str_of(names[C2]))];
        if (young->available != rows[i].approve) {
            fail_msg("%s: %s: %s", rows[i].label, listing_text(noarch(h), young->rule).ptr,
                     listing_text(noarch(h), young->reason).ptr);
        }
        note_judged(h, judged);
        if (row.deny) {
            ends(h, row.id);
        } else {
            rulings_take_back(h->k, row.project, &row.id, 1);
        }
        again = judged_again(h, judged);
        if (again != rows[i].judged || denied(h) != NONE) {
            fail_msg("%s, taken back: judged again %x, denied %x", rows[i].label, again, denied(h));
        }
        house_free(h);
    }
}

/* What was read of the store is another set: the rows of what came and went meanwhile. */
static void what_is_read_anew_is_compared(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_ruling_row a = ruling_of(h, &(struct row){.project = "a"});
    struct ch_ruling_row b = ruling_of(h, &(struct row){.project = "b"});
    uint64_t judged[FILES], id = 0;
    struct ch_err err;
    assert_ch_ok(&err, rulings_add(h->k, &a, &err));
    house_ask_page(h, "noarch");
    note_judged(h, judged);
    assert_ch_ok(&err, rulings_load(h->k, &err));
    assert_int_equal(judged_again(h, judged), NONE);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_add_ruling(h->k->store, &b, &id, &err));
    ends(h, a.id);
    assert_int_equal(judged_again(h, judged), OF_A | OF_B);
    assert_int_equal(denied(h), OF_B);
    house_free(h);
}

/* One that comes while the rows are judged under a policy that is new: all of them are. */
static void another_policy_counts_for_all_of_it(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_ruling_row row = ruling_of(h, &rows[0]);
    uint64_t judged[FILES];
    struct ch_err err;
    note_judged(h, judged);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 8\n", &err));
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    assert_int_equal(judged_again(h, judged), OF_A | OF_B | OF_C);
    assert_int_equal(denied(h), OF_B);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_it_can_be_about_is_judged_again),
        cmocka_unit_test(what_is_read_anew_is_compared),
        cmocka_unit_test(another_policy_counts_for_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
