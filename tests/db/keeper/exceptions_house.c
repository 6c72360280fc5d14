#include "exceptions_house.h"

#include <stdio.h>
#include <stdlib.h>

static struct ch_err err;
static char hex[CH_SHA256_HEX + 1];

void set_wheel(struct house *h, const char *bytes, unsigned days)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " %s %zu %u\n", house_hex(bytes, hex), strlen(bytes), days);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

uint32_t exceptions_command(struct house *h, const char *verb, const char *word, const char *reason,
                            struct ch_buf *out)
{
    h->second_word = word;
    uint32_t status = house_command(h, false, "exceptions", verb, reason, NULL, out);
    h->second_word = NULL;
    return status;
}

bool is_had(struct house *h)
{
    house_ask_file(h, "pkg", WHEEL);
    return h->file.outcome == CH_FILE_ALLOW;
}

enum exception_state state_of(struct house *h, uint64_t id)
{
    struct exception x;
    assert_ch_ok(&err, exception_read(h->k, id, &x, &err));
    enum exception_state s = exception_state_of(h->k, &x);
    exception_done(&x);
    return s;
}

/* "requested approved in force" */
void assert_steps(struct house *h, uint64_t id, const char *expected)
{
    struct exception x;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    assert_ch_ok(&err, exception_read(h->k, id, &x, &err));
    for (size_t i = 0; i < x.step_count; i++) {
        ch_buf_printf(&b, "%s%s", i > 0 ? ", " : "", exception_event_name(x.steps[i].event));
    }
    assert_str_eq(ch_buf_str(&b), expected);
    exception_done(&x);
    ch_buf_done(&b);
}

/* What a person's command comes to, once everything is inspected. */
enum ch_code approves(struct house *h, uint64_t id, const char *who, size_t needed,
                      bool *ret_in_force)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    ptrdiff_t at = page_find_file(p, CH_STR(WHEEL));
    struct ch_sha256 bytes = p->files[at].artifact;
    struct ch_ruling_row ruling = {.repository = CH_STR("pypi"),
                                   .ecosystem = CH_STR("pypi"),
                                   .project = CH_STR("pkg"),
                                   .file_name = CH_STR(WHEEL),
                                   .sha256 = bytes,
                                   .lifts = 1ull << CH_HOLD_AGE,
                                   .reason = CH_STR("needed"),
                                   .policy = ch_policy_digest(h->k->policy),
                                   .at_us = keeper_now_us(h->k)};
    struct approval a = {.exception = id,
                         .who = ch_str_of(who),
                         .needed = needed,
                         .rulings = &ruling,
                         .ruling_count = 1,
                         .shown = {.bytes = bytes, .policy = ruling.policy},
                         .expires_at_us = keeper_now_us(h->k) + 86400 * 1000000LL};
    enum ch_code rc = exceptions_approve(h->k, &a, &err);
    *ret_in_force = rc == CH_OK && a.in_force;
    return rc;
}

uint64_t asks(struct house *h, const char *who)
{
    struct exception_shown nothing = {.policy = ch_policy_digest(h->k->policy)};
    struct ch_exception_row row = {.repository = CH_STR("pypi"),
                                   .environment = CH_STR("prod"),
                                   .ecosystem = CH_STR("pypi"),
                                   .project = CH_STR("pkg"),
                                   .file_name = CH_STR(WHEEL),
                                   .overrides = CH_STR("cool-down"),
                                   .reason = CH_STR("needed"),
                                   .requester = ch_str_of(who),
                                   .at_us = keeper_now_us(h->k),
                                   .expires_at_us = keeper_now_us(h->k) + 30 * 86400 * 1000000LL};
    assert_ch_ok(&err, exceptions_ask(h->k, &row, &nothing, &err));
    return row.id;
}

/* As whoever has the uid; 1000: the server's own user. */
void runs_as(struct house *h, uint32_t uid, uint32_t status, const char *line, const char *text,
             struct ch_buf *out)
{
    h->uid = uid;
    h->stranger = uid != 1000;
    uint32_t actual = house_run(h, line, out);
    if (actual != status || !says(out, text)) {
        fail_msg("%u: %s: %u \"%.*s\", expected %u \"%s\"", uid, line, actual,
                 CH_STR_ARG(ch_buf_str(out)), status, text);
    }
    h->uid = 0;
    h->stranger = false;
}

/* ann asks (uid 2001), bob, cid and dan approve (2002 to 2004; cid by a second uid, 2013, too), ops
 * operates (2005). */
void add_people(struct house *h)
{
    static const char *const lines[] = {
        "user add ann --uid=2001",
        "user add bob --uid=2002",
        "user add cid --uid=2003",
        "user add cid --uid=2013",
        "user add dan --uid=2004",
        "user add ops --uid=2005",
        "group add asking ann --role=requester",
        "group add deciding bob cid dan --role=approver",
        "group add operating ops --role=operator",
    };
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
        runs_as(h, 1000, 0, lines[i], "", &out);
    }
    ch_buf_done(&out);
}

struct house *house_of_people(void)
{
    struct house *h = house_new();
    add_people(h);
    return h;
}

void take_token(const struct ch_buf *out, char ret[EXCEPTION_TOKEN])
{
    size_t at = 0;
    assert_true(ch_str_find(ch_buf_str(out), CH_STR("--evidence "), &at));
    snprintf(ret, EXCEPTION_TOKEN, "%.*s", EXCEPTION_TOKEN - 1, out->ptr + at + 11);
}
