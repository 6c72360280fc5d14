/* Any text as policy, as configuration and as credentials: refused with a place in the file, or
 * read and used. */
#include <stdint.h>
#include <string.h>

#include "customhouse/config.h"
#include "customhouse/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(enum ch_code rc, const struct ch_err *err)
{
    CH_ASSERT(rc == CH_E_USAGE);
    CH_ASSERT(strncmp(err->msg, "f:", 2) == 0);
    for (size_t i = 0; err->msg[i] != '\0'; i++) {
        CH_ASSERT(err->msg[i] >= ' ' && err->msg[i] <= '~');
    }
}

static void use_policy(const struct ch_policy *policy, struct ch_str text)
{
    struct ch_facts f;
    struct ch_decision d;
    struct ch_finding finding = {.code = CH_F_ZIP_COMMENT};
    ch_facts_init(&f);
    f.ecosystem = f.repository = CH_STR("pypi");
    f.project = ch_str_sub(text, text.len / 2, 20);
    f.version = ch_str_sub(text, text.len / 3, 10);
    f.file_name = CH_STR("f");
    f.file_type = CH_STR("wheel");
    f.has_inspector = true;
    f.baseline = true;
    f.findings = &finding;
    f.finding_count = 1;
    ch_decide(policy, &f, 1, &d);
    CH_ASSERT(d.verdict != CH_VERDICT_ALLOW); /* it was never inspected */
    (void)ch_policy_lists_project(policy, f.repository, f.project);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str text = {(const char *)data, size};
    struct ch_policy *policy = NULL;
    struct ch_config *config = NULL;
    struct ch_credentials *credentials = NULL;
    struct ch_err err = {.msg = ""};
    enum ch_code rc = ch_policy_parse(text, "f", &policy, &err);
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
