/* What the command line is told: for people, and as JSON that parses. */
#include "said.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/rulings/rulings.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-2.0+local-py3-none-any.whl"

static struct house *open_house(void)
{
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               WHEEL " - - 30\n" NEXT " - - 1\npkg-1.0.tar.gz - - 30\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "irregular");
    return h;
}

static json_t *parse(const struct ch_buf *out)
{
    json_error_t e;
    json_t *j = json_loadb(out->ptr, out->len, JSON_REJECT_DUPLICATES, &e);
    if (j == NULL) {
        fail_msg("%s at %d: %.*s", e.text, e.position, (int)out->len, out->ptr);
    }
    return j;
}

static const char *text_of(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "";
}

static void explain_takes_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        size_t files;
    } rows[] = {
        {"pypi:pkg", 3},
        {"pkg", 3},
        {"pkg==1.0", 2},
        {"pkg>=1.5", 1},
        {"Pkg", 3},
        {"pypi:PKG==1.0.0", 2},
        {"pkg===1.0", 2},
        {"pkg == v1.0", 2},
        {"pkg==2.0+Local", 1},
        {"pkg[extra]==1.0", 2},
        {"pkg[one, two]", 3},
        {"http://127.0.0.1:8080/pypi/simple/pkg/", 3},
        {"http://127.0.0.1:8080/pypi/simple/Pkg", 3},
        {"http://127.0.0.1:8080/pypi/simple/pkg/?format=x#y", 3},
        {WHEEL, 1},
        {"http://127.0.0.1:8080/pypi/files/pkg/" WHEEL, 1},
        {"http://127.0.0.1:8080/pypi/files/pkg/" WHEEL ".metadata", 1},
        {"http://127.0.0.1:8080/pypi/files/pkg/pkg-2.0%2Blocal-py3-none-any.whl#sha256=00", 1},
    };
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        assert_int_equal(house_command(h, true, "explain", rows[i].word, NULL, NULL, &out), 0);
        json_t *j = parse(&out);
        if (json_array_size(j) != rows[i].files) {
            fail_msg("%s: %zu files", rows[i].word, json_array_size(j));
        }
        json_decref(j);
        assert_int_equal(house_command(h, false, "explain", rows[i].word, NULL, NULL, &out), 0);
        assert_true(says(&out, "what would change it"));
    }
    house_ask_file(h, "pkg", WHEEL);
    char word[CH_SHA256_HEX + 8] = "sha256:";
    house_hex("bytes", word + 7);
    assert_int_equal(house_command(h, true, "explain", word, NULL, NULL, &out), 0);
    json_t *j = parse(&out);
    json_t *file = json_array_get(j, 0);
    assert_string_equal(text_of(file, "file"), WHEEL);
    assert_string_equal(text_of(file, "verdict"), "allow");
    assert_true(json_is_true(json_object_get(file, "served")));
    assert_true(strlen(text_of(file, "since")) > 0);
    json_decref(j);
    ch_buf_done(&out);
    house_free(h);
}

/* Until `file` is in that state on its way, as explain tells programs. */
static void until_under_way(struct house *h, const char *file, const char *state)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (uint64_t end = ch_now_boot_ms() + 10000;;) {
        assert_int_equal(house_command(h, true, "explain", file, NULL, NULL, &out), 0);
        json_t *j = parse(&out);
        json_t *way = json_object_get(json_array_get(j, 0), "under_way");
        bool there = strcmp(text_of(way, "state"), state) == 0;
        if (there) {
            assert_true(strlen(text_of(way, "since")) > 0);
            assert_in_range(json_integer_value(json_object_get(way, "expected_seconds")), 1, 60);
        }
        json_decref(j);
        if (there) {
            break;
        }
        assert_true(ch_now_boot_ms() < end);
        house_turn(h, 20);
    }
    ch_buf_done(&out);
}

static void explain_tells_what_is_on_its_way(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(says(&out, "nobody has asked for it yet"));
    assert_true(says(&out, "inspection, which starts when somebody asks for it"));
    assert_false(says(&out, "on its way"));
    h->hold = HOLD_FILES;
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 60000, false);
    until_under_way(h, WHEEL, "fetching");
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(says(&out, "on its way: it is being fetched, since "));
    assert_true(says(&out, " s more\n"));
    assert_true(says(&out, "inspection, which is under way"));
    assert_false(says(&out, "nobody has asked"));
    house_let_go(h, house_held(h, WHEEL));
    until_under_way(h, WHEEL, "inspecting");
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(says(&out, "on its way: it is being inspected, since "));
    assert_false(says(&out, "nobody has asked"));
    ch_buf_done(&out);
    house_free(h);
}

static void explain_tells_what_failed(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, FILE_URL(WHEEL), 500, NULL, "");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_false(says(&out, "nobody has asked"));
    assert_false(says(&out, "on its way"));
    assert_true(says(&out, "UTC, in vain: the upstream answered 500\n"));
    assert_true(says(&out, "fetching and inspecting it again, which starts when somebody asks"));
    assert_int_equal(house_command(h, true, "explain", WHEEL, NULL, NULL, &out), 0);
    json_t *j = parse(&out);
    json_t *file = json_array_get(j, 0);
    assert_null(json_object_get(file, "under_way"));
    assert_string_equal(text_of(json_object_get(file, "failed"), "reason"), "the upstream answered 500");
    json_decref(j);
    ch_buf_done(&out);
    house_free(h);
}

static void explain_says_rule_line_and_end(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, true, "explain", NEXT, NULL, NULL, &out), 0);
    json_t *j = parse(&out);
    json_t *file = json_array_get(j, 0);
    assert_string_equal(text_of(file, "verdict"), "hold");
    assert_string_equal(text_of(file, "rule"), "cool-down");
    assert_string_equal(text_of(file, "policy"), "policy.yaml");
    assert_true(json_integer_value(json_object_get(file, "policy_line")) > 0);
    assert_true(strlen(text_of(file, "until")) > 0);
    assert_true(json_is_false(json_object_get(file, "served")));
    json_decref(j);
    ch_buf_done(&out);
    house_free(h);
}

static void wrong_words_say_what_is_expected(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        uint32_t status;
        const char *says;
    } rows[] = {
        {"", 2, "expected pypi:NAME"},
        {"pkg>=", 2, "version"},
        {"pkg[extra", 2, "starts with none of"},
        {"pkg[;]==1.0", 2, "starts with none of"},
        {"http://127.0.0.1:8080/pypi/simple/", 2, "expected pypi:NAME"},
        {"http://127.0.0.1:8080/pypi/simple/nosuch/", 1, "no upstream"},
        {"sha256:12", 2, "64 hex digits"},
        {"sha256:0000000000000000000000000000000000000000000000000000000000000001", 1,
         "ever fetched"},
        {"nosuch", 1, "no upstream"},
        {"pkg==9.9", 1, "lists nothing like that"},
        {"pkg===9.9", 1, "lists nothing like that"},
        {"pkg===1.0", 0, WHEEL},
        {"pkg == 1.0", 0, WHEEL},
        {"pkg==", 2, "expected one version after =="},
        {"pkg== ", 2, "expected one version after =="},
        {"pkg===", 2, "expected one version after =="},
        {"pkg==1.0 2.0", 2, "expected one version after =="},
        {"pkg==1.0; python_version<'3'", 2, "expected one version after =="},
        {"pkg>=2,<1", 2, "pkg>=2,<1: no version can ever be in this range"},
        {"pkg<1,==1.0", 2, "no version can ever be in this range"},
        {"pkg>=1,<2", 0, WHEEL},
        {"@@@", 2, "expected"},
    };
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        uint32_t status = house_command(h, false, "explain", rows[i].word, NULL, NULL, &out);
        if (status != rows[i].status || !says(&out, rows[i].says)) {
            fail_msg("\"%s\": %u, %.*s", rows[i].word, status, CH_STR_ARG(ch_buf_str(&out)));
        }
    }
    /* it would let nothing pass, or deny nothing, and look as if it did */
    static const char *const about_nothing[] = {
        "approve pypi:pkg>=2,<1 --reason=needed --expires=7d",
        "exceptions request pypi:pkg>=2,<1 --reason=needed",
        "deny pypi:pkg>=2,<1 --reason=malware"};
    for (size_t i = 0; i < CH_ARRAY_LEN(about_nothing); i++) {
        assert_int_equal(house_run(h, about_nothing[i], &out), 2);
        assert_true(says(&out, "no version can ever be in this range"));
    }
    ch_buf_done(&out);
    house_free(h);
}

static void every_list_is_json(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"queue", NULL}, {"status", NULL}, {"fetched-by", "pkg"}, {"fetched-by", WHEEL}};
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_ask_file(h, "pkg", WHEEL);
    house_ask_file(h, "pkg", NEXT);
    struct ch_served served = {.number = ++h->served_number,
                               .repository = CH_STR("pypi"),
                               .project = CH_STR("pkg"),
                               .file_name = CH_STR(WHEEL),
                               .sha256 = ch_sha256_of("bytes", 5),
                               .bytes = 5,
                               .at_us = ch_now_unix_us(),
                               .client = {.address = CH_STR("192.0.2.1"),
                                          .user_agent = CH_STR("pip \"quoted\" \\ \x1b[31m")}};
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    ch_served_put(&b, &served);
    assert_true(ch_channel_send(h->gateway, CH_MSG_SERVED, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_settle(h);
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        assert_int_equal(house_command(h, true, words[i][0], words[i][1], NULL, NULL, &out), 0);
        json_t *j = parse(&out);
        assert_true(json_is_object(j) || json_array_size(j) == 1);
        json_decref(j);
        assert_int_equal(house_command(h, false, words[i][0], words[i][1], NULL, NULL, &out), 0);
        assert_false(says(&out, "\x1b")); /* T20: nothing that a terminal obeys */
    }
    ch_buf_done(&out);
    house_free(h);
}

/* A version of which one file is an attack: nothing of it is approved. */
static void t8_approve_is_all_or_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.0-py2-none-any.whl - - 1\n" WHEEL " - - 1\n");
    house_site(h, FILE_URL("pkg-1.0-py2-none-any.whl"), 200, "application/zip", "fine");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "attack");
    assert_int_equal(house_command(h, false, "approve", "pkg==1.0", "please", "7d", &out), 1);
    assert_true(says(&out, "nothing was approved"));
    assert_true(says(&out, "direct-reference"));
    assert_int_equal(house_command(h, true, "explain", "pkg==1.0", NULL, NULL, &out), 0);
    assert_false(says(&out, "\"verdict\":\"allow\""));
    ch_buf_done(&out);
    house_free(h);
}

static void rulings_answer_in_json(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    struct ch_err err;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, true, "approve", WHEEL, "why", "7d", &out), 0);
    assert_true(says(&out, "nothing holds it, and no exception was made"));
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 100\n", &err));
    assert_int_equal(house_command(h, true, "approve", WHEEL, "why", "7d", &out), 0);
    json_t *j = parse(&out);
    json_t *file = json_array_get(j, 0);
    assert_string_equal(text_of(file, "file"), WHEEL);
    assert_true(json_is_true(json_object_get(file, "approved")));
    assert_true(json_integer_value(json_object_get(file, "ruling")) > 0);
    assert_string_equal(text_of(file, "verdict"), "allow");
    json_decref(j);
    assert_int_equal(house_command(h, true, "approve", "pkg>=1", "why", "7d", &out), 0);
    j = parse(&out);
    assert_string_equal(text_of(json_array_get(j, 0), "versions"), ">=1");
    json_decref(j);
    assert_int_equal(house_command(h, true, "deny", "pkg==1.0", "why", NULL, &out), 0);
    j = parse(&out);
    assert_string_equal(text_of(j, "versions"), "==1.0");
    assert_true(json_integer_value(json_object_get(j, "ruling")) > 0);
    json_decref(j);
    ch_buf_done(&out);
    house_free(h);
}

/* What is not approved is told in JSON, too: the findings that must be read first. */
static void what_is_not_approved_is_json(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    size_t end;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, true, "approve", NEXT, "why", "7d", &out), 1);
    assert_true(says(&out, "--evidence"));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("]\n"), &end));
    out.len = end + 1; /* behind it stands what goes to stderr */
    json_t *j = parse(&out);
    json_t *file = json_array_get(j, 0);
    assert_true(json_is_false(json_object_get(file, "approved")));
    assert_int_equal(json_array_size(json_object_get(file, "findings")), 1);
    json_decref(j);
    ch_buf_done(&out);
    house_free(h);
}

/* Several repositories: none is taken by its place in a file. */
static void several_repositories_must_be_told_apart(void **state)
{
    (void)state;
    static const char config[] =
        "listen:\n  - {address: '127.0.0.1:8080'}\n"
        "upstreams:\n"
        "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
        "  - {name: two, ecosystem: pypi, url: 'https://two.example.org/simple', trust_times: "
        "true}\n"
        "repositories:\n"
        "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
        "  - {name: prod, ecosystem: pypi, upstreams: [up], environment: prod}\n"
        "  - {name: extra, ecosystem: pypi, upstreams: [two]}\n";
    static const char *const commands[] = {"explain", "deny", "approve", "fetched-by", "rescan"};
    struct house *h = house_new_with(NULL, config);
    struct ch_buf out;
    char digest[CH_SHA256_HEX + 8] = "sha256:";
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    for (size_t i = 0; i < CH_ARRAY_LEN(commands); i++) {
        assert_int_equal(house_command(h, false, commands[i], WHEEL, "why", "7d", &out), 2);
        assert_true(says(&out, "--repository (pypi, prod, extra)"));
    }
    house_hex("bytes", digest + 7);
    assert_int_equal(house_command(h, false, "explain", digest, NULL, NULL, &out), 2);
    assert_true(says(&out, "--repository (pypi, prod)"));
    assert_int_equal(house_command(h, false, "explain",
                                   "http://127.0.0.1:8080/pypi/files/pkg/" WHEEL, NULL, NULL, &out),
                     0);
    h->repository = "pypi";
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_int_equal(house_command(h, false, "explain", digest, NULL, NULL, &out), 0);
    h->repository = "nosuch";
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 2);
    ch_buf_done(&out);
    house_free(h);
}

/* What inspection found, by which inspector and rules, at which cost, and under which policy. */
static void explain_shows_the_inspection(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    char rules[CH_SHA256_HEX + 1], policy[CH_SHA256_HEX + 1];
    ch_buf_init(&out, 1u << 20);
    house_rules(h, "some rules");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip",
               "bytes fact:capability=network;fact:licence=MIT;fact:header-name=x;");
    house_ask_file(h, "pkg", WHEEL);
    house_tell_served(h, "pkg", WHEEL,
                      "bytes fact:capability=network;fact:licence=MIT;fact:header-name=x;",
                      "192.0.2.1");
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(says(&out, "capability: network"));
    assert_true(says(&out, "licence: MIT"));
    assert_true(says(&out, "fetched by: 1 client"));
    assert_false(says(&out, "header-name"));
    assert_int_equal(house_command(h, true, "explain", WHEEL, NULL, NULL, &out), 0);
    json_t *j = parse(&out);
    json_t *in = json_object_get(json_array_get(j, 0), "inspection");
    house_hex("some rules", rules);
    assert_string_equal(text_of(in, "ruleset"), rules);
    assert_int_equal(json_integer_value(json_object_get(in, "inspector")), CH_INSPECTOR_VERSION);
    assert_true(json_is_true(json_object_get(in, "in_force")));
    assert_int_equal(json_array_size(json_object_get(in, "facts")), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(in, "second"), "memory_bytes")),
        2 << 20);
    struct ch_sha256 d = ch_policy_digest(h->k->policy);
    ch_sha256_hex(&d, policy);
    assert_string_equal(text_of(json_array_get(j, 0), "since_under_policy"), policy);
    json_decref(j);
    ch_buf_done(&out);
    house_free(h);
}

/* A repository that audits: what would be held is served, recorded as it would have been, and
 * listed. */
static void an_audit_is_recorded_and_shown(void **state)
{
    (void)state;
    struct ch_buf policy, out;
    ch_buf_init(&policy, 1u << 20);
    ch_buf_init(&out, 1u << 20);
    ch_buf_printf(&policy, "%s\nrepositories:\n  pypi: {mode: audit}\n", ch_policy_default_text());
    ch_buf_putc(&policy, '\0');
    struct house *h = house_new_with(policy.ptr, NULL);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n" NEXT " - - 1\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "young");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_settle(h);
    for (int round = 0; round < 2; round++) { /* also out of the store */
        h->flag = "audited";
        assert_int_equal(house_command(h, true, "queue", NULL, NULL, NULL, &out), 0);
        json_t *j = parse(&out);
        assert_int_equal(json_array_size(j), 1);
        json_t *row = json_array_get(j, 0);
        assert_string_equal(text_of(row, "file"), NEXT);
        assert_string_equal(text_of(row, "state"), "allow");
        assert_string_equal(text_of(row, "rule"), "cool-down");
        assert_true(json_is_true(json_object_get(row, "audited")));
        json_decref(j);
        h->flag = NULL;
        assert_int_equal(house_command(h, false, "explain", NEXT, NULL, NULL, &out), 0);
        assert_true(says(&out, "it would be held (cool-down)"));
        house_restart(h);
    }
    ch_buf_done(&policy);
    ch_buf_done(&out);
    house_free(h);
}

/* What it can do that the release approved before it could not. */
static void explain_shows_what_is_new(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               WHEEL " - - 60\npkg-1.5-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes fact:capability=network;");
    house_site(h, FILE_URL("pkg-1.5-py3-none-any.whl"), 200, "application/zip",
               "bytes fact:capability=network;fact:capability=process;");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg", "pkg-1.5-py3-none-any.whl");
    assert_int_equal(house_command(h, false, "explain", "pkg==1.5", NULL, NULL, &out), 0);
    assert_true(says(&out, "against 1.0"));
    assert_true(says(&out, "new capability: process"));
    assert_false(says(&out, "new capability: network"));
    assert_int_equal(house_command(h, true, "explain", "pkg==1.5", NULL, NULL, &out), 0);
    json_t *j = parse(&out);
    json_t *file = json_array_get(j, 0);
    assert_string_equal(text_of(file, "previous_version"), "1.0");
    assert_int_equal(json_array_size(json_object_get(file, "changes")), 1);
    assert_string_equal(text_of(json_array_get(json_object_get(file, "changes"), 0), "value"),
                        "process");
    json_decref(j);
    ch_buf_done(&out);
    house_free(h);
}

static void explain_knows_a_name_by_its_denial(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "explain", "ghost", NULL, NULL, &out), 1);
    assert_true(says(&out, "ghost: no upstream of repository pypi has this project"));
    assert_int_equal(house_command(h, false, "deny", "ghost", "a trap", NULL, &out), 0);
    assert_int_equal(house_command(h, false, "deny", "ghost==2.0", "this one, too", NULL, &out), 0);
    assert_int_equal(house_command(h, false, "explain", "ghost", NULL, NULL, &out), 0);
    assert_true(says(&out, "ghost: no upstream of repository pypi has this project so far"));
    assert_true(says(&out, "denied since "));
    assert_true(says(&out, ": a trap\n"));
    assert_true(says(&out, ": this one, too\n"));
    assert_int_equal(house_command(h, true, "explain", "ghost", NULL, NULL, &out), 0);
    json_t *j = parse(&out);
    json_t *name = json_array_get(j, 0);
    assert_string_equal(text_of(name, "project"), "ghost");
    assert_true(json_is_false(json_object_get(name, "known")));
    assert_int_equal(json_array_size(json_object_get(name, "denials")), 2);
    json_decref(j);
    assert_int_equal(house_command(h, false, "approve", "ghost==1.0", "why", "7d", &out), 1);
    assert_true(says(&out, "has this project"));
    ch_buf_done(&out);
    house_free(h);
}

/* What failed is not on its way; and a reason is escaped once. */
static void status_and_queue_tell_it_as_it_is(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, FILE_URL(WHEEL), 404, "text/html", "");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(house_command(h, false, "queue", NULL, NULL, NULL, &out), 0);
    assert_true(says(&out, "its upstream does not have it: it answered 404\n"));
    ch_buf_clear(&out);
    house_command(h, false, "status", NULL, NULL, NULL, &out);
    assert_true(says(&out, "on their way in: 0 files; 1 failed"));
    house_command(h, true, "status", NULL, NULL, NULL, &out);
    json_t *j = parse(&out);
    assert_int_equal(json_integer_value(json_object_get(j, "intakes")), 0);
    assert_int_equal(json_integer_value(json_object_get(j, "failed_intakes")), 1);
    json_decref(j);
    house_site(h, PAGE_URL("next"), 200, PAGE_TYPE, "next-1.0-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL("next-1.0-py3-none-any.whl"), 200, "application/zip", "bytes");
    house_ask_file(h, "next", "next-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(house_command(h, false, "deny", "next", "writes to C:\\temp", NULL, &out), 0);
    assert_int_equal(house_command(h, false, "queue", NULL, NULL, NULL, &out), 0);
    assert_true(says(&out, "writes to C:\\\\temp\n"));
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain_takes_every_form),
        cmocka_unit_test(explain_tells_what_is_on_its_way),
        cmocka_unit_test(explain_tells_what_failed),
        cmocka_unit_test(explain_says_rule_line_and_end),
        cmocka_unit_test(wrong_words_say_what_is_expected),
        cmocka_unit_test(every_list_is_json),
        cmocka_unit_test(rulings_answer_in_json),
        cmocka_unit_test(what_is_not_approved_is_json),
        cmocka_unit_test(several_repositories_must_be_told_apart),
        cmocka_unit_test(explain_shows_the_inspection),
        cmocka_unit_test(an_audit_is_recorded_and_shown),
        cmocka_unit_test(explain_shows_what_is_new),
        cmocka_unit_test(t8_approve_is_all_or_nothing),
        cmocka_unit_test(explain_knows_a_name_by_its_denial),
        cmocka_unit_test(status_and_queue_tell_it_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
