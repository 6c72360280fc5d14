/* Several repositories of one upstream: what it did is known of it, whichever of them saw it. */
#include "house.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OLD  "pkg-1.0-py3-none-any.whl"
#define NEW  "pkg-2.0-py3-none-any.whl"
#define GONE "pkg-0.9-py3-none-any.whl"

static const char *const repositories[] = {"pypi", "lab"};

#define CONFIG(of_upstream)                                                                        \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "anonymous_pull: true\n"                                                                       \
    "upstreams:\n"                                                                                 \
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true,\n"   \
    "     " of_upstream "}\n"                                                                      \
    "repositories:\n"                                                                              \
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"                                         \
    "  - {name: lab, ecosystem: pypi, environment: preprod, upstreams: [up]}\n"

static struct house *open_house_with(const char *config)
{
    struct house *h = house_new_with(NULL, config);
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old bytes");
    house_site(h, FILE_URL(NEW), 200, "application/zip", "new bytes");
    house_site(h, FILE_URL(GONE), 200, "application/zip", "gone bytes");
    return h;
}

static struct house *open_house(void)
{
    return open_house_with(CONFIG("states_times: never"));
}

static const char *fail_decisions; /* those of this repository cannot be read, "*": of any */
enum ch_code __real_ch_store_decisions_of(struct ch_store *s, struct ch_str repository,
                                          struct ch_str project, ch_store_decision_fn *each,
                                          void *ctx, struct ch_err *err);
enum ch_code __wrap_ch_store_decisions_of(struct ch_store *s, struct ch_str repository,
                                          struct ch_str project, ch_store_decision_fn *each,
                                          void *ctx, struct ch_err *err);
enum ch_code __wrap_ch_store_decisions_of(struct ch_store *s, struct ch_str repository,
                                          struct ch_str project, ch_store_decision_fn *each,
                                          void *ctx, struct ch_err *err)
{
    bool fails = fail_decisions != NULL && (ch_str_eq(repository, ch_str_of(fail_decisions)) ||
                                            ch_str_eq(CH_STR("*"), ch_str_of(fail_decisions)));
    return fails ? ch_fail(err, CH_E_IO, "disk error")
                 : __real_ch_store_decisions_of(s, repository, project, each, ctx, err);
}

static bool fail_releases; /* nor which bytes came for files */
enum ch_code __real_ch_store_releases_of_project(struct ch_store *s, struct ch_str upstream,
                                                 struct ch_str project, ch_store_release_fn *each,
                                                 void *ctx, struct ch_err *err);
enum ch_code __wrap_ch_store_releases_of_project(struct ch_store *s, struct ch_str upstream,
                                                 struct ch_str project, ch_store_release_fn *each,
                                                 void *ctx, struct ch_err *err);
enum ch_code __wrap_ch_store_releases_of_project(struct ch_store *s, struct ch_str upstream,
                                                 struct ch_str project, ch_store_release_fn *each,
                                                 void *ctx, struct ch_err *err)
{
    return fail_releases
               ? ch_fail(err, CH_E_IO, "disk error")
               : __real_ch_store_releases_of_project(s, upstream, project, each, ctx, err);
}

/* The repository looks upstream again, as if the time for it had come. */
static void expire(struct house *h, const char *repository)
{
    struct page *p = page_get(h->k, ch_str_of(repository), CH_STR("pkg"));
    page_load(h->k, p);
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    h->asked = repository;
}

static void look_again(struct house *h, const char *repository)
{
    expire(h, repository);
    house_ask_page(h, "pkg");
}

/* The same, its fetches held: returns when the upstream has been asked. */
static int begin_to_look_again(struct house *h, const char *repository)
{
    expire(h, repository);
    h->hold = HOLD_ALL;
    house_send_page_ask(h, "pkg", 0);
    house_settle(h);
    int held = house_held(h, "/simple/pkg/");
    assert_true(held >= 0);
    return held;
}

static const struct page_fact_file *fact(struct house *h, const char *repository, const char *file)
{
    struct page *p = page_get(h->k, ch_str_of(repository), CH_STR("pkg"));
    assert_true(page_load(h->k, p));
    ptrdiff_t at = page_find_file(p, ch_str_of(file));
    return at < 0 ? NULL : &p->facts.files[at];
}

static void ask_in(struct house *h, const char *repository, const char *file)
{
    h->asked = repository;
    house_ask_file(h, "pkg", file);
}

/* What one repository saw appear and vanish is no baseline, and not forgotten, because another one
 * looks for the first time: neither there nor, after a restart, here. */
static void t7_a_second_repository_is_no_first_load(void **state)
{
    (void)state;
    struct house *h = open_house();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n" GONE " - - -\n");
    ask_in(h, "pypi", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n" NEW " - - -\n");
    look_again(h, "pypi");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
            ask_in(h, repositories[i], NEW);
            assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
            assert_str_eq(h->file.refusal.rule, "cool-down");
            ask_in(h, repositories[i], GONE);
            assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
            assert_str_eq(h->file.refusal.rule, "removed-upstream");
            ask_in(h, repositories[i], OLD);
            assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        }
        house_restart(h);
    }
    house_free(h);
}

/* Pages that are in memory of both: what either saw is known of both, at once and after a restart,
 * also when the other one's next answer says less. */
static void t5_what_one_repository_saw_no_other_overwrites(void **state)
{
    (void)state;
    struct house *h = open_house();
    char hex[CH_SHA256_HEX + 1], page[512];
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n" GONE " - - -\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
        ask_in(h, repositories[i], GONE);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    }
    snprintf(page, sizeof(page), OLD " %s - -\n" NEW " - - -\n", house_hex("old bytes", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    look_again(h, "pypi");
    struct page_fact_file seen = *fact(h, "pypi", NEW), gone = *fact(h, "pypi", GONE);
    assert_false(house_serves(h, "gone bytes"));
    ask_in(h, "lab", GONE);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "removed-upstream");
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n");
    look_again(h, "lab");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
            const struct page_fact_file *f = fact(h, repositories[i], NEW);
            assert_non_null(f);
            assert_false(f->baseline);
            assert_int_equal(f->first_seen_at_us, seen.first_seen_at_us);
            assert_int_not_equal(f->removed_at_us, CH_TIME_UNKNOWN);
            assert_int_equal(fact(h, repositories[i], GONE)->removed_at_us, gone.removed_at_us);
            assert_false(ch_sha256_is_zero(&fact(h, repositories[i], OLD)->index.sha256));
            ask_in(h, repositories[i], NEW);
            assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
            assert_str_eq(h->file.refusal.rule, "removed-upstream");
        }
        house_restart(h);
    }
    house_free(h);
}

/* The page was stored, and the repository that fetched it cannot read what it knows besides: the
 * others are told all the same, and it makes up for that once it can. */
static void t5_what_was_stored_is_told_whatever_fails_after(void **state)
{
    (void)state;
    static const char *const failing[] = {"pypi", "lab", "*"};
    for (size_t n = 0; n < CH_ARRAY_LEN(failing); n++) {
        struct house *h = open_house();
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n" GONE " - - -\n");
        for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
            ask_in(h, repositories[i], GONE);
            assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        }
        assert_true(house_serves(h, "gone bytes"));
        uint64_t epoch = h->epoch.epoch;
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n");
        fail_decisions = failing[n];
        look_again(h, "pypi");
        fail_decisions = NULL;
        house_settle(h);
        assert_true(h->epoch.epoch > epoch);
        for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
            h->asked = repositories[i];
            house_ask_page(h, "pkg");
            const struct page_fact_file *f = fact(h, repositories[i], GONE);
            assert_int_not_equal(f->removed_at_us, CH_TIME_UNKNOWN);
            struct page *p = page_get(h->k, ch_str_of(repositories[i]), CH_STR("pkg"));
            assert_int_equal(p->files[f - p->facts.files].recorded_verdict, CH_VERDICT_HOLD);
        }
        assert_false(house_serves(h, "gone bytes"));
        house_free(h);
    }
}

/* Likewise with a person's word that an older answer counts: it is said of the upstream's page, so
 * it holds in each repository, and the command says what is so. */
static void t5_an_older_answer_counts_whatever_fails_after(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, "serial 9\n" OLD " - - -\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
        ask_in(h, repositories[i], OLD);
    }
    h->flag = "accept-older";
    h->repository = "pypi";
    fail_decisions = "*";
    assert_int_equal(house_command(h, false, "own", "pkg", "set up anew", NULL, &out), 0);
    fail_decisions = NULL;
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, "serial 2\n" OLD " - - -\n" NEW " - - -\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
        look_again(h, repositories[i]);
        assert_non_null(fact(h, repositories[i], NEW));
    }
    ch_buf_done(&out);
    house_free(h);
}

/* "Not modified" is said of the page that was known when it was asked for. */
static void t5_an_answer_about_an_older_page_confirms_no_newer_one(void **state)
{
    (void)state;
    struct house *h = open_house();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n")->etag = "\"v1\"";
    ask_in(h, "lab", OLD);
    ask_in(h, "pypi", OLD);
    int held = begin_to_look_again(h, "lab");
    h->hold = HOLD_NONE;
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n" NEW " - - -\n")->etag = "\"v2\"";
    look_again(h, "pypi");
    int64_t seen_at_us = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->checked_at_us;
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, "")->etag = "\"v1\"";
    house_let_go(h, held);
    house_settle(h);
    assert_false(page_get(h->k, CH_STR("lab"), CH_STR("pkg"))->refreshing);
    house_restart(h);
    assert_non_null(fact(h, "lab", NEW));
    assert_int_equal(page_get(h->k, CH_STR("lab"), CH_STR("pkg"))->checked_at_us, seen_at_us);
    house_free(h);
}

/* An answer that was merged, and waits for times and sizes meanwhile, was merged with what is not
 * all that is known any more. */
static void t5_what_came_while_details_were_awaited_stays(void **state)
{
    (void)state;
    struct house *h = open_house_with(CONFIG("api_url: 'https://up.example.org/pypi'"));
    char hex[CH_SHA256_HEX + 1], page[512];
    snprintf(page, sizeof(page), OLD " %s 9 30\n", house_hex("old bytes", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, "https://up.example.org/pypi/pkg/json", 200, "application/json",
               GONE " - 10 30\n");
    ask_in(h, "pypi", OLD);
    ask_in(h, "lab", OLD);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, GONE " - - -\n");
    house_let_go(h, begin_to_look_again(h, "lab"));
    house_settle(h);
    int details = house_held(h, "/pypi/pkg/json");
    assert_true(details >= 0);
    h->hold = HOLD_NONE;
    snprintf(page, sizeof(page), OLD " %s 9 30\n" NEW " - 9 30\n", hex);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    look_again(h, "pypi");
    house_let_go(h, details);
    house_settle(h);
    assert_false(page_get(h->k, CH_STR("lab"), CH_STR("pkg"))->refreshing);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
            assert_non_null(fact(h, repositories[i], NEW));
            assert_int_equal(fact(h, repositories[i], OLD)->removed_at_us, CH_TIME_UNKNOWN);
        }
        house_restart(h);
    }
    house_free(h);
}

/* The name is the upstream's in both, also when the page has not changed in between. */
static void t12_each_repository_pins_the_owner(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf owner;
    struct ch_err err;
    ch_buf_init(&owner, 100);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
        h->asked = repositories[i];
        house_ask_page(h, "pkg");
        assert_non_null(house_listed(h, OLD));
        ch_buf_clear(&owner);
        assert_ch_ok(&err, ch_store_owner(h->k->store, ch_str_of(repositories[i]), CH_STR("pkg"),
                                          &owner, &err));
        assert_str_eq(ch_buf_str(&owner), "up");
    }
    ch_buf_done(&owner);
    house_free(h);
}

/* "lab" asks "up" first and "other" next; "pypi" has its names from "up" alone. */
#define TWO                                                                                        \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "anonymous_pull: true\n"                                                                       \
    "upstreams:\n"                                                                                 \
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true,\n"   \
    "     states_times: never}\n"                                                                  \
    "  - {name: other, ecosystem: pypi, url: 'https://other.example.org/simple', trust_times: "    \
    "true,\n"                                                                                      \
    "     states_times: never}\n"                                                                  \
    "repositories:\n"                                                                              \
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"                                         \
    "  - {name: lab, ecosystem: pypi, environment: preprod, upstreams: [up, other]}\n"

static void expect_owner(struct house *h, const char *repository, const char *upstream)
{
    struct ch_buf owner;
    struct ch_err err;
    ch_buf_init(&owner, 100);
    enum ch_code rc =
        ch_store_owner(h->k->store, ch_str_of(repository), CH_STR("pkg"), &owner, &err);
    assert_int_equal(rc, upstream == NULL ? CH_E_NOT_FOUND : CH_OK);
    if (upstream != NULL) {
        assert_str_eq(ch_buf_str(&owner), upstream);
    }
    ch_buf_done(&owner);
}

/* One "not found" of the upstream whose project it is gives the name to nobody: where another
 * repository knows the page from there, it is known here, and gone when it is confirmed to be. */
static void t12_one_404_gives_no_known_name_away(void **state)
{
    (void)state;
    for (int restarted = 0; restarted < 2; restarted++) {
        struct house *h = open_house_with(TWO);
        struct site *up = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n");
        struct site *other = house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, NEW " - - -\n");
        ask_in(h, "pypi", OLD);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        if (restarted) {
            house_restart(h);
        }
        up->status = 404;
        h->asked = "lab";
        house_ask_page(h, "pkg");
        assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW); /* as it is known */
        assert_non_null(house_listed(h, OLD));
        assert_int_equal(other->asked, 0);
        expect_owner(h, "lab", "up");
        h->k->gone_confirm_ms = 20; /* twice: a fact, and the name stays where it is */
        struct page *p = page_get(h->k, CH_STR("lab"), CH_STR("pkg"));
        p->gone_at_us -= 1000000;
        p->failed_at_us = 0;
        look_again(h, "lab");
        ask_in(h, "lab", OLD);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_str_eq(h->file.refusal.rule, "removed-upstream");
        assert_int_equal(other->asked, 0);
        house_free(h);
    }
}

/* The same where a person has given the name to that upstream, and no page came from there yet. */
static void t12_nor_one_that_a_person_gave(void **state)
{
    (void)state;
    struct house *h = open_house_with(TWO);
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 404, PAGE_TYPE, "");
    struct site *other = house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, NEW " - - -\n");
    h->upstream = "up";
    h->repository = "pypi";
    assert_int_equal(house_command(h, false, "own", "pkg", "ours", NULL, &out), 0);
    h->asked = "lab";
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NOT_FOUND);
    assert_int_equal(other->asked, 0);
    expect_owner(h, "lab", NULL);
    h->upstream = "other"; /* and that moves it */
    h->repository = "lab";
    assert_int_equal(house_command(h, false, "own", "pkg", "theirs", NULL, &out), 0);
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_non_null(house_listed(h, NEW));
    ch_buf_done(&out);
    house_free(h);
}

/* While one repository waits for the next upstream, another one gets the page from the first. */
static void t12_nor_one_that_was_answered_meanwhile(void **state)
{
    (void)state;
    struct house *h = open_house_with(TWO);
    struct site *up = house_site(h, PAGE_URL("pkg"), 404, PAGE_TYPE, OLD " - - -\n");
    house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, NEW " - - -\n");
    h->asked = "lab";
    h->hold = HOLD_ALL;
    house_send_page_ask(h, "pkg", 0);
    house_settle(h);
    house_let_go(h, house_held(h, "up.example.org/simple/pkg/"));
    house_settle(h);
    int held = house_held(h, "other.example.org/simple/pkg/");
    assert_true(held >= 0);
    h->hold = HOLD_NONE;
    up->status = 200;
    ask_in(h, "pypi", OLD);
    expect_owner(h, "pypi", "up");
    house_let_go(h, held);
    house_settle(h);
    expect_owner(h, "lab", NULL);
    h->asked = "lab";
    page_get(h->k, CH_STR("lab"), CH_STR("pkg"))->failed_at_us = 0;
    house_ask_page(h, "pkg");
    expect_owner(h, "lab", "up");
    assert_non_null(house_listed(h, OLD));
    house_free(h);
}

/* What the upstream is not told by one repository, it is not told by another. */
static void t12_what_one_reserves_no_other_asks_for(void **state)
{
    (void)state;
    struct house *h =
        open_house_with(CONFIG("states_times: never") "  - {name: own, ecosystem: pypi, upstreams: "
                                                      "[up], reserved: ['corp-*']}\n");
    house_site(h, PAGE_URL("corp-secret"), 200, PAGE_TYPE,
               "corp_secret-1.0-py3-none-any.whl - - 30\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
        h->asked = repositories[i];
        house_ask_page(h, "corp-secret");
        assert_int_equal(h->page_reply.outcome, CH_PAGE_NOT_FOUND);
        house_ask_file(h, "corp-secret", "corp_secret-1.0-py3-none-any.whl");
        assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    }
    assert_int_equal(h->fetches, 0);
    house_free(h);
}

/* What the keeper says on its stderr from here on, until said_since has it. */
static int say_into(int *ret_stderr)
{
    int fd = memfd_create("stderr", MFD_CLOEXEC);
    *ret_stderr = dup(STDERR_FILENO);
    assert_true(fd >= 0 && *ret_stderr >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    return fd;
}

static void said_since(int fd, int its_stderr, char *ret, size_t size)
{
    assert_true(dup2(its_stderr, STDERR_FILENO) >= 0);
    close(its_stderr);
    ssize_t n = pread(fd, ret, size - 1, 0);
    assert_true(n >= 0);
    ret[n] = '\0';
    close(fd);
}

/* Which bytes came for a file cannot be read: nothing is served, and what is said is why, not that
 * the upstream had changed anything. When it can be read again, all is as it was. */
static void t4_what_cannot_be_read_is_withdrawn_and_says_so(void **state)
{
    (void)state;
    static const struct {
        const char *says, *says_not;
        bool unreadable;
    } rows[] = {
        {"keeper event=withdrawn project=pkg file=" OLD
         " reason=\"what is known of its page cannot be read: disk error\"\n",
         "upstream has other bytes", true},
        {"keeper event=withdrawn project=pkg file=" OLD
         " reason=\"the upstream has other bytes now\"\n",
         "cannot be read", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = open_house();
        char hex[CH_SHA256_HEX + 1], page[512], said[4096];
        int its_stderr;
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n");
        ask_in(h, "pypi", OLD);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        const char *other = house_hex("other bytes", hex);
        snprintf(page, sizeof(page),
                 rows[i].unreadable ? OLD " - - -\n" NEW " - - -\n" : OLD " %s - -\n", other);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
        fail_releases = rows[i].unreadable;
        int fd = say_into(&its_stderr);
        look_again(h, "pypi");
        said_since(fd, its_stderr, said, sizeof(said));
        assert_false(house_serves(h, "old bytes"));
        if (strstr(said, rows[i].says) == NULL || strstr(said, rows[i].says_not) != NULL) {
            fail_msg("row %zu: %s", i, said);
        }
        fail_releases = false;
        ask_in(h, "pypi", OLD);
        assert_int_equal(h->file.outcome == CH_FILE_ALLOW, rows[i].unreadable);
        assert_int_equal(house_serves(h, "old bytes"), rows[i].unreadable);
        house_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t7_a_second_repository_is_no_first_load),
        cmocka_unit_test(t5_what_one_repository_saw_no_other_overwrites),
        cmocka_unit_test(t5_what_was_stored_is_told_whatever_fails_after),
        cmocka_unit_test(t5_an_older_answer_counts_whatever_fails_after),
        cmocka_unit_test(t5_an_answer_about_an_older_page_confirms_no_newer_one),
        cmocka_unit_test(t5_what_came_while_details_were_awaited_stays),
        cmocka_unit_test(t12_each_repository_pins_the_owner),
        cmocka_unit_test(t12_one_404_gives_no_known_name_away),
        cmocka_unit_test(t12_nor_one_that_a_person_gave),
        cmocka_unit_test(t12_nor_one_that_was_answered_meanwhile),
        cmocka_unit_test(t12_what_one_reserves_no_other_asks_for),
        cmocka_unit_test(t4_what_cannot_be_read_is_withdrawn_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
