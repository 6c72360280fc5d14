#include "gate_check.h"

struct check {
    enum rule_set_kind kind;
    struct gate_look *look;
    const char *lost;
};

static int on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *user)
{
    struct check *c = user;
    const YR_RULE *rule = data;
    if (message == CALLBACK_MSG_RULE_MATCHING &&
        !gate_may_match(c->look, c->kind, (size_t)(rule - context->rules->rules_table))) {
        c->lost = rule->identifier;
    }
    return CALLBACK_CONTINUE;
}

const char *gate_check(struct ch_str bytes)
{
    struct check c = {.look = gate_look_new(rules_loaded->gate)};
    gate_look(c.look, bytes);
    for (c.kind = SET_TEXT; c.kind <= SET_BINARY; c.kind++) {
        (void)yr_rules_scan_mem(rules_loaded->set[c.kind].rules,
                                bytes.len > 0 ? (const uint8_t *)bytes.ptr : (const uint8_t *)"",
                                bytes.len, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_REPORT_RULES_MATCHING,
                                on_scan, &c, 60);
    }
    gate_look_free(c.look);
    return c.lost;
}
