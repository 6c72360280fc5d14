#include "message_int.h"

#include <string.h>

static const struct ch_message_row rows[] = {
#define CH_MESSAGE_ROW(name, number, max_bytes, max_fds, from)                                     \
    {(number), #name, (max_bytes), (max_fds), (from)},
    CH_MESSAGES(CH_MESSAGE_ROW)
#undef CH_MESSAGE_ROW
};

const struct ch_message_row *ch_message_row(uint16_t type)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (rows[i].type == type) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *ch_role_name(enum ch_role role)
{
    static const char *const names[] = {
        [CH_ROLE_NONE] = "none",
        [CH_ROLE_SUPERVISOR] = "supervisor",
        [CH_ROLE_KEEPER] = "keeper",
        [CH_ROLE_GATEWAY] = "gateway",
        [CH_ROLE_FETCHER] = "fetcher",
        [CH_ROLE_SCANNER_STRICT] = "scanner-strict",
        [CH_ROLE_SCANNER_SECOND] = "scanner-second",
        [CH_ROLE_ADMIN] = "admin",
        [CH_ROLE_EGRESS] = "egress",
        [CH_ROLE_ADMISSION] = "admission",
        [CH_ROLE_LOG] = "log",
        [CH_ROLE_COMMAND] = "command",
        [CH_ROLE_WITNESS] = "witness",
        [CH_ROLE_WITNESS_FILES] = "witness-files",
    };
    _Static_assert(CH_ARRAY_LEN(names) == CH_ROLE_COUNT, "one name per role");
    return (size_t)role < CH_ROLE_COUNT ? names[role] : "?";
}

void ch_msg_put_text(struct ch_buf *b, struct ch_str s, uint64_t max)
{
    ch_put_str(b, ch_str_sub(s, 0, (size_t)max));
}

void ch_msg_put_printable(struct ch_buf *b, struct ch_str s, uint64_t max)
{
    s = ch_str_sub(s, 0, (size_t)max);
    ch_put_u32(b, (uint32_t)s.len);
    for (size_t i = 0; i < s.len; i++) {
        ch_buf_putc(b, s.ptr[i] >= 0x20 && s.ptr[i] <= 0x7e ? s.ptr[i] : '?');
    }
}

void ch_msg_put_name(struct ch_buf *b, struct ch_str s, uint64_t max)
{
    if (s.len > max) {
        b->failed = true;
        return;
    }
    ch_put_str(b, s);
}

void ch_msg_put_bool(struct ch_buf *b, bool v)
{
    ch_put_u8(b, v ? 1 : 0);
}

void ch_msg_put_enum(struct ch_buf *b, unsigned v)
{
    CH_ASSERT(v <= UINT8_MAX);
    ch_put_u8(b, (uint8_t)v);
}

void ch_msg_put_sha256(struct ch_buf *b, const struct ch_sha256 *d)
{
    ch_put_bytes(b, d->byte, sizeof(d->byte));
}

void ch_msg_put_client(struct ch_buf *b, const struct ch_client *c)
{
    ch_msg_put_text(b, c->address, ch_limits.client_text_bytes);
    ch_msg_put_text(b, c->user_agent, ch_limits.client_text_bytes);
    ch_msg_put_name(b, c->principal, ch_limits.principal_bytes);
    ch_msg_put_name(b, c->via, ch_limits.client_text_bytes);
}

struct ch_str ch_msg_get_text(struct ch_rd *r, uint64_t max)
{
    struct ch_str s = ch_get_str(r, (size_t)max);
    return s.len == 0 ? (struct ch_str){NULL, 0} : s;
}

struct ch_str ch_msg_get_printable(struct ch_rd *r, uint64_t max)
{
    struct ch_str s = ch_msg_get_text(r, max);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7e) {
            ch_rd_fail(r);
            return (struct ch_str){NULL, 0};
        }
    }
    return s;
}

bool ch_msg_get_bool(struct ch_rd *r)
{
    return ch_msg_get_enum(r, 0, 1) == 1;
}

unsigned ch_msg_get_enum(struct ch_rd *r, unsigned first, unsigned last)
{
    unsigned v = ch_get_u8(r);
    if (v < first || v > last) {
        ch_rd_fail(r);
        return 0;
    }
    return v;
}

struct ch_sha256 ch_msg_get_sha256(struct ch_rd *r)
{
    struct ch_sha256 d = {{0}};
    const uint8_t *p = ch_get_bytes(r, sizeof(d.byte));
    if (p != NULL) {
        memcpy(d.byte, p, sizeof(d.byte));
    }
    return d;
}

struct ch_client ch_msg_get_client(struct ch_rd *r)
{
    struct ch_client c;
    c.address = ch_msg_get_text(r, ch_limits.client_text_bytes);
    c.user_agent = ch_msg_get_text(r, ch_limits.client_text_bytes);
    c.principal = ch_msg_get_printable(r, ch_limits.principal_bytes);
    c.via = ch_msg_get_printable(r, ch_limits.client_text_bytes);
    return c;
}

void ch_msg_put_repositories(struct ch_buf *b, const struct ch_repositories *list)
{
    CH_ASSERT(list->count <= CH_REPOSITORIES_MAX);
    ch_put_u32(b, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        ch_msg_put_name(b, list->name[i], ch_limits.project_name_bytes);
    }
}

void ch_msg_get_repositories(struct ch_rd *r, struct ch_repositories *ret)
{
    *ret = (struct ch_repositories){.count = ch_get_u32(r)};
    if (ret->count > CH_REPOSITORIES_MAX) {
        ch_rd_fail(r);
        ret->count = 0;
    }
    for (uint32_t i = 0; i < ret->count; i++) {
        ret->name[i] = ch_msg_get_printable(r, ch_limits.project_name_bytes);
    }
}
