#include "scanner/rules/rules.h"

#include <stdlib.h>

struct ch_rules_scan {
    struct ch_scan_writer *out;
};

enum ch_code ch_rules_load(const char *const *folders CH_UNUSED, size_t folder_count CH_UNUSED,
                           struct ch_err *err CH_UNUSED)
{
    return CH_OK;
}

struct ch_sha256 ch_rules_digest(void)
{
    return (struct ch_sha256){{0}};
}

size_t ch_rules_count(void)
{
    return 0;
}

void ch_rules_unload(void) {}

struct ch_rules_scan *ch_rules_scan_new(struct ch_scan_writer *out)
{
    struct ch_rules_scan *s = ch_calloc(1, sizeof(*s));
    s->out = out;
    return s;
}

void ch_rules_scan_free(struct ch_rules_scan *s)
{
    free(s);
}

void ch_rules_scan_see(struct ch_rules_scan *s CH_UNUSED, struct ch_str path CH_UNUSED,
                       struct ch_str bytes CH_UNUSED)
{
}

void ch_rules_scan_end(struct ch_rules_scan *s CH_UNUSED) {}
