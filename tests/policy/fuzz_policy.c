/* Any text as policy (with files beside it, behind NULs), as configuration and as credentials:
 * refused with a place in the file, or read and used. What is shown of a policy reads as the same
 * policy. */
#include <stdint.h>
#include <string.h>

#include "customhouse/config.h"
#include "customhouse/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHOWN_MAX = 1 << 20, FACTS = 6 };

static bool is_place(const char *msg)
{
    size_t colons = 0;
    for (const char *c = msg; *c != '\0' && colons < 3; c++) {
        colons += *c == ':' ? 1 : 0;
    }
    return colons >= 2;
}

static void check_message(enum ch_code rc, const struct ch_err *err)
{
    CH_ASSERT(rc == CH_E_USAGE);
    CH_ASSERT(strncmp(err->msg, "f:", 2) == 0 || is_place(err->msg)); /* of a file beside it */
    for (size_t i = 0; err->msg[i] != '\0'; i++) {
        CH_ASSERT(err->msg[i] >= ' ' && err->msg[i] <= '~');
    }
}

static void check_decision(const struct ch_decision *d)
{
    CH_ASSERT(strlen(d->reason) < CH_REASON_MAX && strlen(d->rule) < sizeof(d->rule));
    for (size_t i = 0; d->reason[i] != '\0'; i++) {
        CH_ASSERT(d->reason[i] >= ' ' && d->reason[i] <= '~');
    }
    CH_ASSERT(d->verdict == CH_VERDICT_HOLD || d->audited || d->holds == 0);
    CH_ASSERT(!d->audited || (d->verdict == CH_VERDICT_ALLOW &&
                              (d->holds & ch_audit_refuses()) == 0 && d->holds != 0));
}

/* Names and values out of the text itself, so that rules about them can match. */
static void fill(struct ch_facts *f, struct ch_fact *facts, struct ch_str text)
{
    static const char *const names[FACTS] = {"capability",   "auto-load", "licence",
                                             "install-code", "author",    "native"};
    for (size_t i = 0; i < FACTS; i++) {
        facts[i] = (struct ch_fact){ch_str_of(names[i]),
                                    ch_str_sub(text, text.len * i / FACTS, 4 + text.len % 23)};
    }
    ch_facts_init(f);
    f->ecosystem = f->repository = CH_STR("pypi");
    f->environment = CH_STR("prod");
    f->project = ch_str_sub(text, text.len / 2, 20);
    f->name_owner = CH_OWNER_UPSTREAM;
    f->version = ch_str_sub(text, text.len / 3, 10);
    f->file_name = CH_STR("f");
    f->file_type = ch_str_of(text.len % 2 == 0 ? "wheel" : "sdist");
    f->has_inspector = true;
    f->baseline = true;
    f->likeness = ch_likeness_of(f->project);
    f->inspected = facts;
    f->inspected_count = FACTS;
}

static void decide_all(const struct ch_policy *policy, struct ch_str text)
{
    struct ch_facts f;
    struct ch_fact facts[FACTS];
    struct ch_decision d[3];
    struct ch_finding finding = {.code = CH_F_ZIP_COMMENT};
    struct ch_buf b;
    fill(&f, facts, text);
    f.findings = &finding;
    f.finding_count = 1;
    ch_decide(policy, &f, 1, &d[0]);
    CH_ASSERT(d[0].verdict != CH_VERDICT_ALLOW); /* it was never inspected */
    f.inspection = CH_INSPECTION_COMPLETE;
    ch_decide(policy, &f, 1, &d[1]);
    f.previous_version = CH_STR("1");
    f.previous = facts;
    f.previous_count = text.len % FACTS;
    ch_decide(policy, &f, 1, &d[2]);
    ch_buf_init(&b, SHOWN_MAX);
    for (size_t i = 0; i < CH_ARRAY_LEN(d); i++) {
        check_decision(&d[i]);
        ch_decision_put_change(&b, &d[i], &d[(i + 1) % CH_ARRAY_LEN(d)]);
        CH_ASSERT(ch_decision_compare(&d[i], &d[i]) == CH_DECISION_SAME);
    }
    finding.code = CH_F_ZIP_OVERLAP; /* whatever the policy says */
    ch_decide(policy, &f, 1, &d[0]);
    CH_ASSERT(d[0].verdict == CH_VERDICT_DENY);
    ch_buf_done(&b);
}

static void show(const struct ch_policy *policy, size_t size)
{
    struct ch_buf once;
    struct ch_buf twice;
    struct ch_policy *again = NULL;
    struct ch_err err = {.msg = ""};
    enum { SMALL = 16384 };
    ch_buf_init(&once, SHOWN_MAX);
    ch_buf_init(&twice, SHOWN_MAX);
    ch_policy_describe(policy, &once);
    if (size < SMALL) {
        CH_ASSERT(ch_policy_parse(ch_buf_str(&once), "shown", &again, &err) == CH_OK);
        ch_policy_describe(again, &twice);
        ch_policy_free(again);
        again = NULL;
        CH_ASSERT(ch_policy_parse(ch_buf_str(&twice), "shown", &again, &err) == CH_OK);
        ch_policy_free(again);
    }
    ch_buf_done(&once);
    ch_buf_done(&twice);
}

static void none(void *arg, struct ch_str name, uint32_t line, uint32_t column)
{
    (void)arg;
    CH_ASSERT(line > 0 && column > 0);
    CH_ASSERT(name.len > 0 && !ch_str_find_char(name, '/', NULL) && name.ptr[0] != '.');
}

static void use_policy(const struct ch_policy *policy, struct ch_str text)
{
    const struct ch_policy_place place = {CH_STR("pypi"), CH_STR("prod"), CH_STR("pypi")};
    struct ch_err err = {.msg = ""};
    decide_all(policy, text);
    show(policy, text.len);
    struct ch_str project = ch_str_sub(text, text.len / 2, 20);
    bool listed = ch_policy_lists_project(policy, place.repository, project);
    bool may = ch_policy_may_look_up(policy, place.repository, place.environment, project);
    CH_ASSERT(may || !listed);
    enum ch_code rc = ch_policy_check_places(policy, &place, 1, &err);
    if (rc != CH_OK) {
        check_message(rc, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str text = {(const char *)data, size};
    struct ch_policy *policy = NULL;
    struct ch_config *config = NULL;
    struct ch_credentials *credentials = NULL;
    struct ch_err err = {.msg = ""};
    enum ch_code rc = ch_policy_each_file(text, "f", none, NULL, &err);
    if (rc != CH_OK) {
        check_message(rc, &err);
    }
    rc = ch_policy_parse(text, "f", &policy, &err);
    if (rc == CH_OK) {
        use_policy(policy, text);
        ch_policy_free(policy);
    } else {
        check_message(rc, &err);
    }
    rc = ch_config_parse(text, "f", &config, &err);
    if (rc == CH_OK) {
        ch_config_free(config);
    } else {
        check_message(rc, &err);
    }
    rc = ch_credentials_parse(text, "f", &credentials, &err);
    if (rc == CH_OK) {
        ch_credentials_free(credentials);
    } else {
        check_message(rc, &err);
    }
    return 0;
}
