/* Messages between the supervisor and its children, and of the command line. */
#include "message_int.h"

void ch_setup_put(struct ch_buf *b, const struct ch_setup *m)
{
    CH_ASSERT(m->listener_count <= CH_SETUP_MAX_LISTENERS);
    ch_msg_put_enum(b, m->role);
    ch_put_u32(b, m->instance);
    ch_put_u32(b, m->instances);
    ch_put_u32(b, m->uid);
    ch_put_u32(b, m->gid);
    ch_put_u32(b, m->served_gid);
    const struct ch_str texts[] = {
        m->state_dir,   m->config_name,      m->config_text, m->policy_name,
        m->policy_text, m->credentials_text, m->instance_id,
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        ch_msg_put_name(b, texts[i], ch_limits.setup_text_bytes);
    }
    ch_msg_put_name(b, m->upstream_files, ch_limits.fetch_certificate_bytes);
    ch_msg_put_name(b, m->egress_files, ch_limits.fetch_certificate_bytes);
    ch_msg_put_bool(b, m->rules);
    ch_put_u32(b, m->listener_count);
    for (size_t i = 0; i < m->listener_count; i++) {
        ch_msg_put_name(b, m->listener[i].address, ch_limits.client_text_bytes);
        ch_msg_put_bool(b, m->listener[i].tls);
        ch_msg_put_name(b, m->listener[i].certificate_pem, ch_limits.setup_text_bytes);
        ch_msg_put_name(b, m->listener[i].key_pem, ch_limits.setup_text_bytes);
        ch_msg_put_name(b, m->listener[i].client_ca_pem, ch_limits.fetch_certificate_bytes);
        ch_msg_put_name(b, m->listener[i].client_name, ch_limits.client_text_bytes);
    }
}

enum ch_code ch_setup_get(struct ch_str payload, struct ch_setup *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_setup m = {0};
    m.role = ch_msg_get_enum(&r, CH_ROLE_SUPERVISOR, CH_ROLE_COUNT - 1);
    m.instance = ch_get_u32(&r);
    m.instances = ch_get_u32(&r);
    m.uid = ch_get_u32(&r);
    m.gid = ch_get_u32(&r);
    m.served_gid = ch_get_u32(&r);
    struct ch_str *const texts[] = {
        &m.state_dir,   &m.config_name,      &m.config_text, &m.policy_name,
        &m.policy_text, &m.credentials_text, &m.instance_id,
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        *texts[i] = ch_msg_get_text(&r, ch_limits.setup_text_bytes);
    }
    m.upstream_files = ch_msg_get_text(&r, ch_limits.fetch_certificate_bytes);
    m.egress_files = ch_msg_get_text(&r, ch_limits.fetch_certificate_bytes);
    m.rules = ch_msg_get_bool(&r);
    m.listener_count = ch_get_u32(&r);
    if (m.listener_count > CH_SETUP_MAX_LISTENERS) {
        ch_rd_fail(&r);
        m.listener_count = 0;
    }
    for (size_t i = 0; i < m.listener_count; i++) {
        m.listener[i].address = ch_msg_get_text(&r, ch_limits.client_text_bytes);
        m.listener[i].tls = ch_msg_get_bool(&r);
        m.listener[i].certificate_pem = ch_msg_get_text(&r, ch_limits.setup_text_bytes);
        m.listener[i].key_pem = ch_msg_get_text(&r, ch_limits.setup_text_bytes);
        m.listener[i].client_ca_pem = ch_msg_get_text(&r, ch_limits.fetch_certificate_bytes);
        m.listener[i].client_name = ch_msg_get_text(&r, ch_limits.client_text_bytes);
    }
    CH_MSG_DECODED("setup message");
}

void ch_rule_text_put(struct ch_buf *b, const struct ch_rule_text *t)
{
    ch_msg_put_name(b, t->name, ch_limits.rules_path_bytes);
    ch_msg_put_name(b, t->text, ch_limits.rules_file_bytes);
}

struct ch_rule_text ch_rule_text_get(struct ch_rd *r)
{
    struct ch_rule_text t;
    t.name = ch_msg_get_text(r, ch_limits.rules_path_bytes);
    t.text = ch_msg_get_text(r, ch_limits.rules_file_bytes);
    return t;
}

void ch_upstream_file_put(struct ch_buf *b, const struct ch_upstream_file *f)
{
    ch_msg_put_bool(b, f->client);
    ch_msg_put_name(b, f->path, ch_limits.text_bytes);
    ch_msg_put_name(b, f->pem, ch_limits.fetch_certificate_bytes);
}

struct ch_upstream_file ch_upstream_file_get(struct ch_rd *r)
{
    struct ch_upstream_file f;
    f.client = ch_msg_get_bool(r);
    f.path = ch_msg_get_text(r, ch_limits.text_bytes);
    f.pem = ch_msg_get_text(r, ch_limits.fetch_certificate_bytes);
    return f;
}

struct ch_str ch_upstream_file_find(struct ch_str files, bool client, struct ch_str path)
{
    struct ch_rd r = ch_rd_of(files.ptr, files.len);
    while (ch_rd_left(&r) > 0 && !r.failed) {
        struct ch_upstream_file f = ch_upstream_file_get(&r);
        if (!r.failed && f.client == client && ch_str_eq(f.path, path)) {
            return f.pem;
        }
    }
    return (struct ch_str){NULL, 0};
}

void ch_destination_files_put(struct ch_buf *b, const struct ch_destination_files *f)
{
    ch_msg_put_enum(b, f->kind);
    ch_msg_put_name(b, f->name, ch_limits.project_name_bytes);
    ch_msg_put_name(b, f->url, ch_limits.url_bytes);
    ch_msg_put_name(b, f->secret, ch_limits.egress_secret_bytes);
    ch_msg_put_name(b, f->ca_pem, ch_limits.fetch_certificate_bytes);
}

struct ch_destination_files ch_destination_files_get(struct ch_rd *r)
{
    struct ch_destination_files f;
    f.kind = ch_msg_get_enum(r, 0, CH_DESTINATION_KIND_COUNT - 1);
    f.name = ch_msg_get_text(r, ch_limits.project_name_bytes);
    f.url = ch_msg_get_text(r, ch_limits.url_bytes);
    f.secret = ch_msg_get_text(r, ch_limits.egress_secret_bytes);
    f.ca_pem = ch_msg_get_text(r, ch_limits.fetch_certificate_bytes);
    return f;
}

void ch_ready_put(struct ch_buf *b, const struct ch_ready *m)
{
    ch_put_u32(b, m->pid);
    ch_msg_put_printable(b, m->confinement, ch_limits.text_bytes);
}

enum ch_code ch_ready_get(struct ch_str payload, struct ch_ready *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ready m = {0};
    m.pid = ch_get_u32(&r);
    m.confinement = ch_msg_get_printable(&r, ch_limits.text_bytes);
    CH_MSG_DECODED("ready message");
}

void ch_peer_put(struct ch_buf *b, const struct ch_peer *m)
{
    ch_msg_put_enum(b, m->role);
    ch_put_u32(b, m->instance);
}

enum ch_code ch_peer_get(struct ch_str payload, struct ch_peer *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_peer m = {0};
    m.role = ch_msg_get_enum(&r, CH_ROLE_SUPERVISOR, CH_ROLE_COUNT - 1);
    m.instance = ch_get_u32(&r);
    CH_MSG_DECODED("peer message");
}

void ch_reloaded_put(struct ch_buf *b, const struct ch_reloaded *m)
{
    ch_msg_put_enum(b, m->code);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
}

enum ch_code ch_reloaded_get(struct ch_str payload, struct ch_reloaded *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_reloaded m = {0};
    m.code = ch_msg_get_enum(&r, CH_OK, CH_CODE_COUNT - 1);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    CH_MSG_DECODED("reloaded message");
}

void ch_reload_end_put(struct ch_buf *b, const struct ch_reload_end *m)
{
    ch_msg_put_bool(b, m->taken);
    ch_msg_put_printable(b, m->why, ch_limits.text_bytes);
}

enum ch_code ch_reload_end_get(struct ch_str payload, struct ch_reload_end *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_reload_end m = {0};
    m.taken = ch_msg_get_bool(&r);
    m.why = ch_msg_get_printable(&r, ch_limits.text_bytes);
    CH_MSG_DECODED("reload-end message");
}

void ch_control_put(struct ch_buf *b, const struct ch_control *m)
{
    ch_put_u32(b, m->uid);
    ch_put_u32(b, m->pid);
    ch_msg_put_bool(b, m->own);
    ch_msg_put_bool(b, m->loopback);
}

enum ch_code ch_control_get(struct ch_str payload, struct ch_control *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_control m = {0};
    m.uid = ch_get_u32(&r);
    m.pid = ch_get_u32(&r);
    m.own = ch_msg_get_bool(&r);
    m.loopback = ch_msg_get_bool(&r);
    CH_MSG_DECODED("control message");
}

void ch_command_put(struct ch_buf *b, const struct ch_command *m)
{
    CH_ASSERT(m->arg_count <= CH_COMMAND_MAX_ARGS);
    ch_msg_put_name(b, m->name, ch_limits.file_name_bytes);
    ch_msg_put_bool(b, m->json);
    ch_put_u32(b, m->arg_count);
    for (size_t i = 0; i < m->arg_count; i++) {
        ch_msg_put_name(b, m->key[i], ch_limits.file_name_bytes);
        ch_msg_put_name(b, m->value[i], ch_limits.text_bytes);
    }
}

enum ch_code ch_command_get(struct ch_str payload, struct ch_command *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_command m = {0};
    m.name = ch_msg_get_text(&r, ch_limits.file_name_bytes);
    m.json = ch_msg_get_bool(&r);
    m.arg_count = ch_get_u32(&r);
    if (m.arg_count > CH_COMMAND_MAX_ARGS) {
        ch_rd_fail(&r);
        m.arg_count = 0;
    }
    for (size_t i = 0; i < m.arg_count; i++) {
        m.key[i] = ch_msg_get_text(&r, ch_limits.file_name_bytes);
        m.value[i] = ch_msg_get_text(&r, ch_limits.text_bytes);
    }
    CH_MSG_DECODED("command message");
}

void ch_policy_want_put(struct ch_buf *b, const struct ch_policy_want *w)
{
    ch_msg_put_name(b, w->ecosystem, ch_limits.project_name_bytes);
    ch_msg_put_name(b, w->name, ch_limits.project_name_bytes);
    ch_msg_put_name(b, w->version, ch_limits.project_name_bytes);
    ch_msg_put_name(b, w->specifier, ch_limits.text_bytes);
    ch_msg_put_text(b, w->source, ch_limits.text_bytes);
    ch_msg_put_text(b, w->file, ch_limits.text_bytes);
    ch_put_u32(b, w->line);
    ch_put_u32(b, w->hash_count);
    ch_msg_put_name(b, w->sha256, ch_limits.want_hashes * CH_SHA256_BYTES);
}

struct ch_policy_want ch_policy_want_get(struct ch_rd *r)
{
    struct ch_policy_want w = {0};
    w.ecosystem = ch_msg_get_text(r, ch_limits.project_name_bytes);
    w.name = ch_msg_get_text(r, ch_limits.project_name_bytes);
    w.version = ch_msg_get_text(r, ch_limits.project_name_bytes);
    w.specifier = ch_msg_get_text(r, ch_limits.text_bytes);
    w.source = ch_msg_get_text(r, ch_limits.text_bytes);
    w.file = ch_msg_get_text(r, ch_limits.text_bytes);
    w.line = ch_get_u32(r);
    w.hash_count = ch_get_u32(r);
    w.sha256 = ch_msg_get_text(r, ch_limits.want_hashes * CH_SHA256_BYTES);
    if (w.sha256.len % CH_SHA256_BYTES != 0 || w.sha256.len / CH_SHA256_BYTES > w.hash_count) {
        ch_rd_fail(r);
    }
    return w;
}

void ch_command_done_put(struct ch_buf *b, const struct ch_command_done *m)
{
    ch_put_u32(b, m->exit_status);
    ch_msg_put_text(b, m->text, ch_limits.text_bytes);
}

enum ch_code ch_command_done_get(struct ch_str payload, struct ch_command_done *ret,
                                 struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_command_done m = {0};
    m.exit_status = ch_get_u32(&r);
    if (m.exit_status > UINT8_MAX) { /* what a process can return */
        ch_rd_fail(&r);
    }
    m.text = ch_msg_get_text(&r, ch_limits.text_bytes);
    CH_MSG_DECODED("command-done message");
}
