/* What a release asks to be installed with it: who approves one is told what of it cannot be had,
 * and nothing but what is named is approved (T8). */
#include "said.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

#define WHEEL(name, version) name "-" version "-py3-none-any.whl"
#define OLD                  WHEEL("pkg", "1.0")
#define YOUNG                WHEEL("pkg", "1.1")
#define NEEDS(what)          "fact:requires-dist=" what ";"

/* pkg 1.1 is in cool-down and needs this; pkg 1.0 is old enough. */
static struct house *open_house(const char *needs)
{
    struct house *h = house_new();
    char young[4096];
    snprintf(young, sizeof(young), "young %s", needs);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 30\n" YOUNG " - - 1\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old");
    house_site(h, FILE_URL(YOUNG), 200, "application/zip", young);
    return h;
}

/* A project with a wheel of each of these versions. */
static void add_project(struct house *h, const char *page_url, const char *name,
                        const char *const *versions, const unsigned *days, size_t count)
{
    char page[4096] = "";
    for (size_t i = 0; i < count; i++) {
        char url[256];
        size_t n = strlen(page);
        snprintf(page + n, sizeof(page) - n, "%s-%s-py3-none-any.whl - - %u\n", name, versions[i],
                 days[i]);
        snprintf(url, sizeof(url), FILE_URL("%s-%s-py3-none-any.whl"), name, versions[i]);
        house_site(h, url, 200, "application/zip", versions[i]);
    }
    house_site(h, page_url, 200, PAGE_TYPE, page);
}

static void add_core(struct house *h)
{
    static const char *const versions[] = {"1.0", "2.0", "2.1", "3.0"};
    static const unsigned days[] = {30, 2, 1, 30};
    add_project(h, PAGE_URL("pkg-core"), "pkg_core", versions, days, 4);
}

static uint32_t approve(struct house *h, const char *what, struct ch_buf *out)
{
    return house_command(h, false, "approve", what, "tried it", "7d", out);
}

static void who_approves_hears_what_is_held_besides(void **state)
{
    (void)state;
    struct house *h = open_house(NEEDS("pkg_core<3,>=2") NEEDS("pkg-core>=1"));
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    assert_says(&out, "fetching and inspecting 1 file\nlooking up 2 requirements\npkg-1.1");
    assert_says(&out, "approved until");
    assert_says(&out, "needs pkg-core<3,>=2: no version that fits can be had now; 2.1 is held (cool-down, "
               "policy.yaml:");
    assert_says(&out, "): released 1 day ago, the policy asks for 7 days (until 20");
    assert_says(&out, "to let it pass as well: customhouse approve pypi:pkg-core==2.1 --reason TEXT\n");
    assert_says(&out, "of 1 other requirement a version can be had\n");
    house_ask_file(h, "pkg", YOUNG);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg-core", WHEEL("pkg_core", "2.1")); /* nobody has approved it */
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    /* whoever asks later hears it, too, until it is approved */
    assert_int_equal(house_command(h, false, "explain", "pkg==1.1", NULL, NULL, &out), 0);
    assert_says(&out, "customhouse approve pypi:pkg-core==2.1");
    assert_says_not(&out, "looking up");
    h->second_word = "1";
    assert_int_equal(house_command(h, false, "exceptions", "show", NULL, NULL, &out), 0);
    assert_says(&out, "customhouse approve pypi:pkg-core==2.1");
    assert_int_equal(house_command(h, true, "exceptions", "show", NULL, NULL, &out), 0);
    assert_says(&out, "\"command\":\"customhouse approve pypi:pkg-core==2.1 --reason TEXT\"");
    h->second_word = NULL;
    assert_int_equal(approve(h, "pypi:pkg-core==2.1", &out), 0);
    assert_says(&out, "approved until");
    house_ask_file(h, "pkg-core", WHEEL("pkg_core", "2.1"));
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(house_command(h, false, "explain", "pkg==1.1", NULL, NULL, &out), 0);
    assert_says_not(&out, "needs");
    assert_says(&out, "of each of 2 other requirements a version can be had\n");
    ch_buf_done(&out);
    house_free(h);
}

/* A page that a command goes on with is not forgotten for those it looks up meanwhile. */
static void a_page_stays_while_others_are_looked_up(void **state)
{
    (void)state;
    struct house *h = open_house(NEEDS("pkg_core<3,>=2"));
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    uint64_t before = ch_limits.keeper_page_bytes;
    ch_limits.keeper_page_bytes = 0; /* all that may be forgotten is, for each one more */
    house_restart(h);
    assert_int_equal(house_command(h, false, "explain", "pkg==1.1", NULL, NULL, &out), 0);
    assert_says(&out, "customhouse approve pypi:pkg-core==2.1");
    house_restart(h);
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    assert_says(&out, "customhouse approve pypi:pkg-core==2.1");
    ch_limits.keeper_page_bytes = before;
    ch_buf_done(&out);
    house_free(h);
}

static json_t *dependencies_of(const struct ch_buf *out, size_t file)
{
    json_error_t error;
    json_t *all = json_loadb(out->ptr, out->len, 0, &error);
    if (all == NULL) {
        fail_msg("%s in:\n%.*s", error.text, CH_STR_ARG(ch_buf_str(out)));
    }
    json_t *list = json_incref(json_object_get(json_array_get(all, file), "dependencies"));
    json_decref(all);
    return list;
}

static const char *text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void programs_hear_the_same(void **state)
{
    (void)state;
    struct house *h = open_house(NEEDS("pkg_core<3,>=2") NEEDS("pkg_core<3,>=2")
                                     NEEDS("pkg-core>=1| os_name == 'nt'"));
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    for (int round = 0; round < 2; round++) {
        const char *name = round == 0 ? "approve" : "explain";
        assert_int_equal(house_command(h, true, name, YOUNG, round == 0 ? "why" : NULL,
                                       round == 0 ? "7d" : NULL, &out),
                         0);
        json_t *list = dependencies_of(&out, 0);
        assert_int_equal(json_array_size(list), 2);
        json_t *held = json_array_get(list, 0), *passes = json_array_get(list, 1);
        assert_string_equal(text_of(held, "project"), "pkg-core");
        assert_string_equal(text_of(held, "versions"), "<3,>=2");
        assert_string_equal(text_of(held, "state"), "held");
        assert_string_equal(text_of(held, "version"), "2.1");
        assert_string_equal(text_of(held, "rule"), "cool-down");
        assert_string_equal(text_of(held, "policy"), "policy.yaml");
        assert_true(json_integer_value(json_object_get(held, "policy_line")) > 0);
        assert_true(json_object_get(held, "until") != NULL);
        assert_string_equal(text_of(held, "command"),
                            "customhouse approve pypi:pkg-core==2.1 --reason TEXT");
        assert_string_equal(text_of(passes, "state"), "passes");
        assert_string_equal(text_of(passes, "if"), "os_name == 'nt'");
        json_decref(list);
    }
    ch_buf_done(&out);
    house_free(h);
}

static void conditions_and_extras(void **state)
{
    (void)state;
    struct house *h = open_house(NEEDS("pkg-core==2.1| python_version < '3.9'") NEEDS(
        "pkg-core==2.0| extra == 'fast'") NEEDS("pkg[fast]| extra == 'all'"));
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    assert_says(&out, "needs pkg-core==2.1 if python_version < '3.9': no version that fits");
    assert_says_not(&out, "2.0");
    assert_says_not(&out, "other requirement");
    assert_int_equal(house_command(h, false, "explain", "pkg[fast]==1.1", NULL, NULL, &out), 0);
    assert_says(&out, "needs pkg-core==2.0: no version that fits");
    assert_int_equal(house_command(h, false, "explain", "pkg[slow, all]==1.1", NULL, NULL, &out),
                     0);
    assert_says_not(&out, "pkg-core==2.0");
    ch_buf_done(&out);
    house_free(h);
}

static void what_no_approval_helps(void **state)
{
    (void)state;
    struct house *h = open_house(NEEDS("pkg-core>=2,<3") NEEDS("nowhere") NEEDS("pkg-core>9")
                                     NEEDS("eggs") NEEDS("mixed") NEEDS("epoch"));
    struct ch_buf out;
    static const char *const epoch[] = {"1!2.0"};
    static const unsigned day[] = {1};
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    add_project(h, PAGE_URL("epoch"), "epoch", epoch, day, 1);
    house_site(h, PAGE_URL("eggs"), 200, PAGE_TYPE, "eggs-1.0-py3.8.egg - - 30\n");
    /* the newest cannot be approved, the one before can */
    house_site(h, PAGE_URL("mixed"), 200, PAGE_TYPE,
               "mixed-2.0-py3.8.egg - - 30\n" WHEEL("mixed", "1.0") " - - 1\n");
    assert_int_equal(house_command(h, false, "deny", "pkg-core>=2,<3", "broken", NULL, &out), 0);
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    assert_says(&out, "needs pkg-core>=2,<3: no version that fits can be had now; 2.1 is denied (");
    assert_says(&out, "needs nowhere: no upstream of repository pypi has this project\n");
    assert_says(&out, "needs pkg-core>9: the upstream lists no version that fits\n");
    assert_says(&out, "needs eggs: no version that fits can be had now; 1.0 is held (file-type");
    assert_says(&out, "    no approval lets it pass\n");
    assert_says(&out, "approve pypi:mixed==1.0 --reason");
    assert_says(&out, "customhouse approve 'pypi:epoch==1!2.0' --reason TEXT\n");
    assert_says_not(&out, "approve pypi:pkg-core");
    ch_buf_done(&out);
    house_free(h);
}

/* A resolver takes a pre-release only where no final fits, even a held one, or where it is named.
 */
static void prereleases_stand_in_for_nothing(void **state)
{
    (void)state;
    struct house *h =
        open_house(NEEDS("begun>=1") NEEDS("begun>=2.0a1") NEEDS("early") NEEDS("begun<2"));
    struct ch_buf out;
    static const char *const begun[] = {"1.0", "2.0a2"};
    static const unsigned days[] = {1, 30};
    ch_buf_init(&out, 1u << 20);
    add_project(h, PAGE_URL("begun"), "begun", begun, days, 2);
    add_project(h, PAGE_URL("early"), "early", &begun[1], &days[1], 1);
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    assert_says(&out, "needs begun>=1: no version that fits can be had now; 1.0 is held");
    assert_says(&out, "needs begun<2: no version that fits can be had now; 1.0 is held");
    assert_says(&out, "of each of 2 other requirements a version can be had\n");
    ch_buf_done(&out);
    house_free(h);
}

/* One that nothing is known of is asked for by who approves, and not by who wants to know. */
static void what_is_not_known(void **state)
{
    (void)state;
    struct house *h = open_house(NEEDS("pkg-core>=2,<3"));
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    struct site *page = house_site(h, PAGE_URL("pkg-core"), 200, PAGE_TYPE, "");
    size_t asked = page->asked;
    house_ask_file(h, "pkg", YOUNG); /* refused, and not inspected */
    assert_int_equal(house_command(h, false, "explain", "pkg==1.1", NULL, NULL, &out), 0);
    assert_says_not(&out, "needs");
    uint64_t wait_ms = ch_limits.dependencies_wait_ms;
    ch_limits.dependencies_wait_ms = 0;
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    assert_says(&out, "needs pkg-core>=2,<3: nothing is known of it here yet\n");
    assert_int_equal(page->asked, asked);
    ch_limits.dependencies_wait_ms = wait_ms;
    assert_int_equal(house_command(h, false, "explain", "pkg==1.1", NULL, NULL, &out), 0);
    assert_says(&out, "nothing is known of it here yet\n");
    assert_int_equal(page->asked, asked);
    page->status = 500;
    assert_int_equal(approve(h, "pkg==1.1", &out), 0); /* approved before: all the same */
    assert_says(&out, "needs pkg-core>=2,<3: it could not be looked up: ");
    ch_buf_done(&out);
    house_free(h);
}

static void more_than_are_looked_up(void **state)
{
    (void)state;
    uint64_t usual = ch_limits.dependencies;
    for (ch_limits.dependencies = 2; ch_limits.dependencies <= 3; ch_limits.dependencies++) {
        struct house *h = open_house(NEEDS("a-one") NEEDS("a-two") NEEDS("a-one") NEEDS("a-three")
                                         NEEDS("a-two"));
        struct ch_buf out;
        ch_buf_init(&out, 1u << 20);
        assert_int_equal(approve(h, "pkg==1.1", &out), 0);
        assert_says(&out, "needs a-two: no upstream");
        bool less = ch_limits.dependencies == 2;
        assert_int_equal(says(&out, "more requirements than the 2 that are looked up"), less);
        assert_int_equal(says(&out, "needs a-three: no upstream"), !less);
        ch_buf_done(&out);
        house_free(h);
    }
    ch_limits.dependencies = usual;
}

/* A second person, and who is shown findings first, hear it before they decide. */
static void findings_do_not_hide_it(void **state)
{
    (void)state;
    struct house *h = open_house("irregular " NEEDS("pkg-core>=2,<3"));
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    assert_int_equal(approve(h, "pkg==1.1", &out), 1);
    assert_says(&out, "nothing was approved");
    assert_says(&out, "needs pkg-core>=2,<3: no version that fits");
    ch_buf_done(&out);
    house_free(h);
}

/* A release that nothing holds: its resolver has had its metadata, and found what it needs held.
 * Nobody has fetched the file itself. */
static void what_was_shown_tells_it_before_the_file_is_there(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 30 sidecar\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old");
    house_site(h, FILE_URL(OLD) ".metadata", 200, "text/plain",
               "Name: pkg " NEEDS("pkg-core>=2,<3") "fact:other=pkg-core==3.0;");
    assert_int_equal(house_command(h, false, "explain", "pkg==1.0", NULL, NULL, &out), 0);
    assert_says_not(&out, "needs");
    house_ask_page(h, "pkg-core");
    house_ask_part(h, "pkg", OLD, CH_PART_METADATA, 8000);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    size_t scans = h->scans[0];
    assert_int_equal(house_command(h, false, "explain", "pkg==1.0", NULL, NULL, &out), 0);
    assert_says(&out, "eligible");
    assert_says(&out, "not inspected yet");
    assert_says(&out, "needs pkg-core>=2,<3: no version that fits");
    assert_says_not(&out, "other requirement");
    assert_int_equal(h->scans[0], scans + 1); /* in a jail, this time as well */
    assert_int_equal(h->scans[1], 0);         /* and the file itself was not needed */
    assert_int_equal(house_command(h, true, "explain", OLD, NULL, NULL, &out), 0);
    json_t *list = dependencies_of(&out, 0);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_of(json_array_get(list, 0), "state"), "held");
    json_decref(list);
    h->kill_scans = 100; /* no jail ends its work: nothing is told, rather than half of it */
    assert_int_equal(house_command(h, false, "explain", "pkg==1.0", NULL, NULL, &out), 0);
    assert_says_not(&out, "needs");
    ch_buf_done(&out);
    house_free(h);
}

/* Values that no jail of ours writes are no requirement, and break nothing. */
static void nonsense_is_none(void **state)
{
    (void)state;
    struct house *h = open_house(NEEDS("a b") NEEDS("@ x") NEEDS("") NEEDS("pkg-core @ https://x")
                                     NEEDS("pkg-core>=") NEEDS("pkg-core==x.y"));
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    add_core(h);
    assert_int_equal(approve(h, "pkg==1.1", &out), 0);
    assert_says(&out, "needs pkg-core==x.y: the upstream lists no version that fits\n");
    assert_says_not(&out, "other requirement");
    ch_buf_done(&out);
    house_free(h);
}

/* Written differently, in the order of the parts or in blanks, it is asked for once. */
static void one_requirement_is_told_of_once(void **state)
{
    (void)state;
    static const struct {
        const char *needs;
        size_t told; /* of pkg-core */
    } all[] = {
        {NEEDS("pkg_core>=2,<3") NEEDS("pkg-core <3, >= 2") NEEDS("Pkg.Core (<3,>=2)"), 1},
        {NEEDS("pkg-core>=2,<3") NEEDS("pkg-core>=2.0,<3"), 2},
        {NEEDS("pkg-core[a,b]>=2,<3") NEEDS("pkg-core[B, a]<3,>=2"), 1},
        {NEEDS("pkg-core[a]>=2,<3") NEEDS("pkg-core[b]>=2,<3"), 2},
        {NEEDS("pkg-core<3,>=2| python_version < '3.9'")
             NEEDS("pkg-core<3,>=2 |python_version<\"3.9\""), 1},
        {NEEDS("pkg-core<3,>=2| python_version < '3.9'")
             NEEDS("pkg-core<3,>=2| python_version < '3.8'"), 2},
        {NEEDS("pkg-core<3,>=2") NEEDS("pkg-core<3,>=2| python_version < '3.8'"), 2},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct house *h = open_house(all[i].needs);
        struct ch_buf out;
        size_t told = 0, at = 0;
        ch_buf_init(&out, 1u << 20);
        add_core(h);
        assert_int_equal(approve(h, "pkg==1.1", &out), 0);
        for (struct ch_str rest = ch_buf_str(&out);
             ch_str_find(rest, CH_STR("needs pkg-core"), &at);
             rest = ch_str_sub(rest, at + 1, rest.len)) {
            told++;
        }
        if (told != all[i].told) {
            fail_msg("row %zu: told %zu times:\n%.*s", i, told, CH_STR_ARG(ch_buf_str(&out)));
        }
        ch_buf_done(&out);
        house_free(h);
    }
}

/* T26: a name that the policy lets nobody send upstream is not sent for a requirement either; nor is
 * it said that no upstream has it, which nobody knows. */
static void a_name_that_is_not_to_be_looked_up_is_not(void **state)
{
    (void)state;
    for (int lets = 0; lets < 2; lets++) {
        struct house *h = house_new_with(lets ? "version: 1\nrepositories: {pypi: {mode: allow-list, "
                                                "lookup: upstream}}\nrules:\n"
                                                "  - {name: ours, project: pkg, then: allow}\n"
                                              : "version: 1\nrepositories: {pypi: {mode: allow-list, "
                                                "lookup: never}}\nrules:\n"
                                                "  - {name: ours, project: pkg, then: allow}\n",
                                         NULL);
        struct ch_buf out;
        ch_buf_init(&out, 1u << 20);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 30\n" YOUNG " - - 1\n");
        house_site(h, FILE_URL(YOUNG), 200, "application/zip", "young " NEEDS("inner-secret"));
        struct site *secret = house_site(h, PAGE_URL("inner-secret"), 404, NULL, "");
        assert_int_equal(approve(h, "pkg==1.1", &out), 0);
        assert_int_equal(secret->asked, lets);
        assert_says(&out, lets ? "needs inner-secret: no upstream of repository pypi has this project\n"
                               : "needs inner-secret: the policy in force lets nobody ask upstream "
                                 "for this name\n");
        assert_int_equal(house_command(h, false, "explain", "pypi:inner-secret", NULL, NULL, &out), 1);
        assert_int_equal(secret->asked, lets);
        assert_says(&out, lets ? "no upstream of repository pypi has this project"
                               : "the policy in force lets nobody ask upstream for this name");
        ch_buf_done(&out);
        house_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_approves_hears_what_is_held_besides),
        cmocka_unit_test(a_page_stays_while_others_are_looked_up),
        cmocka_unit_test(programs_hear_the_same),
        cmocka_unit_test(conditions_and_extras),
        cmocka_unit_test(what_no_approval_helps),
        cmocka_unit_test(prereleases_stand_in_for_nothing),
        cmocka_unit_test(what_is_not_known),
        cmocka_unit_test(more_than_are_looked_up),
        cmocka_unit_test(findings_do_not_hide_it),
        cmocka_unit_test(what_was_shown_tells_it_before_the_file_is_there),
        cmocka_unit_test(nonsense_is_none),
        cmocka_unit_test(one_requirement_is_told_of_once),
        cmocka_unit_test(a_name_that_is_not_to_be_looked_up_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
