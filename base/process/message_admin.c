/* Messages between the administrative interface and the keeper. */
#include "message_int.h"

void ch_admin_command_put(struct ch_buf *b, const struct ch_admin_command *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_sha256(b, &m->token);
    ch_msg_put_name(b, m->command, ch_message_row(CH_MSG_COMMAND)->max_bytes);
}

enum ch_code ch_admin_command_get(struct ch_str payload, struct ch_admin_command *ret,
                                  struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_admin_command m = {0};
    m.ask = ch_get_u64(&r);
    m.token = ch_msg_get_sha256(&r);
    m.command = ch_msg_get_text(&r, ch_message_row(CH_MSG_COMMAND)->max_bytes);
    CH_MSG_DECODED("admin-command message");
}

void ch_admin_done_put(struct ch_buf *b, const struct ch_admin_done *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_enum(b, m->outcome);
    ch_msg_put_text(b, m->text, ch_limits.text_bytes);
}

enum ch_code ch_admin_done_get(struct ch_str payload, struct ch_admin_done *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_admin_done m = {0};
    m.ask = ch_get_u64(&r);
    m.outcome = ch_msg_get_enum(&r, CH_ADMIN_DONE, CH_ADMIN_REFUSED);
    m.text = ch_msg_get_text(&r, ch_limits.text_bytes);
    CH_MSG_DECODED("admin-done message");
}
