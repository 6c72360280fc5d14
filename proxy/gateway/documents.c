/* What is published under /-/ beside files: keys, attestations by digest, evidence, withdrawals.
 * The keeper has it all, and decides; here is read what an address asks for. */
#include "gateway_int.h"

#include <stdlib.h>

#include "mapped.h"

struct document_wait { /* one request waits for the keeper */
    struct gw_ask ask;
    struct gw *gw;
    struct ch_http_request *request;
    struct ch_str type;
};

static const struct {
    const char *ending;
    enum ch_part part;
    const char *type;
} parts[] = {
    {".vsa.json", CH_PART_VSA, "application/vnd.dsse.envelope.v1+json"},
    {".vsa.sigstore.json", CH_PART_VSA_BUNDLE, "application/vnd.dev.sigstore.bundle.v0.3+json"},
    {".approval.sigstore.json", CH_PART_APPROVAL, "application/vnd.dev.sigstore.bundle.v0.3+json"},
    {".cdx.json", CH_PART_CYCLONEDX, "application/vnd.cyclonedx+json"},
    {".spdx.json", CH_PART_SPDX, "application/spdx+json"},
    {".cdx.sigstore.json", CH_PART_CYCLONEDX_BUNDLE,
     "application/vnd.dev.sigstore.bundle.v0.3+json"},
    {".spdx.sigstore.json", CH_PART_SPDX_BUNDLE, "application/vnd.dev.sigstore.bundle.v0.3+json"},
};

bool gw_document_part(struct ch_str name, struct ch_str *ret_of, enum ch_part *ret_part)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        struct ch_str ending = ch_str_of(parts[i].ending);
        if (name.len > ending.len && ch_str_ends(name, ending)) {
            *ret_of = ch_str_sub(name, 0, name.len - ending.len);
            *ret_part = parts[i].part;
            return true;
        }
    }
    return false;
}

struct ch_str gw_document_type(enum ch_part part)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        if (parts[i].part == part) {
            return ch_str_of(parts[i].type);
        }
    }
    return CH_STR("application/octet-stream");
}

static void unmap(void *owner)
{
    gw_unmap(owner);
    free(owner);
}

/* With an owner the body is sent from where it lies. */
static void respond(struct ch_http_request *r, struct ch_str type, struct ch_str body, void *owner)
{
    static const struct ch_http_header headers[] = {
        {{"Cache-Control", 13}, {"private, no-cache", 17}},
        {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
        {{"Content-Security-Policy", 23}, {"sandbox", 7}},
    };
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = type,
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = body,
                           .body_copy = owner == NULL,
                           .body_release = owner != NULL ? unmap : NULL,
                           .body_owner = owner,
                       });
}

void gw_respond_document(struct ch_http_request *r, struct ch_str type, struct ch_str body)
{
    respond(r, type, body, NULL);
}

/* --- what an address asks for --- */

static struct ch_str without(struct ch_str s, const char *ending)
{
    struct ch_str e = ch_str_of(ending);
    return s.len > e.len && ch_str_ends(s, e) ? ch_str_sub(s, 0, s.len - e.len)
                                              : (struct ch_str){NULL, 0};
}

static bool read_key(const struct ch_http_view *v, struct ch_ask_document *ret)
{
    if (v->segment_count == 2 && v->trailing_slash) {
        ret->kind = CH_DOCUMENT_KEYS;
        return true;
    }
    if (v->segment_count != 3 || v->trailing_slash) {
        return false;
    }
    static const struct {
        const char *ending;
        enum ch_document kind;
    } forms[] = {{".pem", CH_DOCUMENT_KEY},
                 {".vkey", CH_DOCUMENT_VKEY},
                 {".checkpoint", CH_DOCUMENT_HANDOVER}};
    for (size_t i = 0; ret->name.ptr == NULL && i < CH_ARRAY_LEN(forms); i++) {
        ret->kind = forms[i].kind;
        ret->name = without(v->segments[2], forms[i].ending);
    }
    return ret->name.ptr != NULL;
}

static bool read_digest(const struct ch_http_view *v, struct ch_ask_document *ret)
{
    return v->segment_count >= 4 && ch_str_eq(v->segments[2], CH_STR("sha256")) &&
           ch_sha256_from_hex(v->segments[3], &ret->sha256);
}

static bool read_attestation(const struct ch_http_view *v, struct ch_ask_document *ret)
{
    struct ch_str number;
    if (!read_digest(v, ret)) {
        return false;
    }
    if (v->segment_count == 4 && v->trailing_slash) {
        ret->kind = CH_DOCUMENT_ATTESTATIONS;
        return true;
    }
    ret->kind = CH_DOCUMENT_ATTESTATION;
    return v->segment_count == 5 && !v->trailing_slash &&
           gw_document_part(v->segments[4], &number, &ret->part) &&
           ch_str_u64(number, &ret->number) && ret->number <= INT64_MAX;
}

/* False: nothing has such an address. */
static bool read_address(const struct ch_http_view *v, struct ch_ask_document *ret,
                         struct ch_str *ret_type)
{
    struct ch_str what = v->segments[1];
    *ret_type = CH_STR("application/json");
    if (ch_str_eq(what, CH_STR("keys"))) {
        bool good = read_key(v, ret);
        if (ret->kind != CH_DOCUMENT_KEYS) {
            *ret_type = ret->kind == CH_DOCUMENT_KEY ? CH_STR("application/x-pem-file")
                                                     : CH_STR("text/plain; charset=utf-8");
        }
        return good;
    }
    if (ch_str_eq(what, CH_STR("withdrawals"))) {
        ret->kind = CH_DOCUMENT_WITHDRAWALS;
        ret->name = v->segment_count == 3 && !v->trailing_slash ? without(v->segments[2], ".json")
                                                                : (struct ch_str){NULL, 0};
        *ret_type = ch_str_of("application/vnd.dsse.envelope.v1+json");
        return ret->name.ptr != NULL;
    }
    if (ch_str_eq(what, CH_STR("attestations"))) {
        bool good = read_attestation(v, ret);
        *ret_type = ret->kind == CH_DOCUMENT_ATTESTATION ? gw_document_type(ret->part) : *ret_type;
        return good;
    }
    bool policy = ch_str_eq(what, CH_STR("policy"));
    ret->kind = policy ? CH_DOCUMENT_POLICY : CH_DOCUMENT_EVIDENCE;
    *ret_type = policy ? CH_STR("text/plain; charset=utf-8") : *ret_type;
    return (policy || ch_str_eq(what, CH_STR("evidence"))) && v->segment_count == 4 && !v->trailing_slash &&
           read_digest(v, ret);
}

/* --- asking --- */

static bool respond_mapped(struct document_wait *w, struct ch_frame *frame)
{
    struct gw_mapped mapped;
    bool good = gw_map(frame, 0, ch_limits.withdrawals_bytes, &mapped);
    if (good) {
        struct gw_mapped *m = ch_alloc(sizeof(*m)); /* sent from where it lies */
        *m = mapped;
        respond(w->request, w->type, gw_mapped_bytes(m), m);
    }
    return good;
}

static void on_reply(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    struct document_wait *w = CH_CONTAINER_OF(ask, struct document_wait, ask);
    struct ch_document_reply m;
    struct ch_err err = {0};
    if (ch_document_reply_get(frame->payload, &m, &err) != CH_OK) {
        gw_complain("keeper", CH_STR("document"), &err);
        gw_respond_text(w->request, 500, CH_STR("The keeper's answer could not be read"));
    } else if (m.http_status == 403 && m.refusal.id.len == 0) {
        gw_respond_not_permitted(gw, w->request, "this policy");
    } else if (m.http_status == 403) {
        gw_respond_refusal(gw, w->request, &m.refusal);
    } else if (m.http_status != 200) {
        bool known = m.http_status == 404 || m.http_status == 503;
        if (m.http_status == 401) { /* the token has ended on the way */
            gw_respond_unauthorized(w->gw, w->request, true);
        } else {
            gw_respond_text(w->request, known ? (int)m.http_status : 500, m.text);
        }
    } else if (!respond_mapped(w, frame)) {
        gw_respond_text(w->request, 500, CH_STR("The keeper's answer could not be read"));
    }
    free(w);
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    (void)gw;
    struct document_wait *w = CH_CONTAINER_OF(ask, struct document_wait, ask);
    gw_respond_text(w->request, 504, CH_STR("The keeper did not answer in time, try again"));
    free(w);
}

static void on_gone(void *arg)
{
    struct document_wait *w = arg;
    gw_ask_end(w->gw, &w->ask);
    free(w);
}

static void ask_for(struct gw *gw, struct ch_http_request *r, struct ch_ask_document *document,
                    struct ch_str type)
{
    struct document_wait *w = ch_calloc(1, sizeof(*w));
    w->gw = gw;
    w->request = r;
    w->type = type;
    ch_http_later(r, on_gone, w);
    gw_ask_prepare(gw, &w->ask, CH_MSG_ASK_DOCUMENT);
    w->ask.reply_type = CH_MSG_DOCUMENT;
    w->ask.on_reply = on_reply;
    w->ask.on_lost = on_lost;
    document->ask = w->ask.id;
    ch_ask_document_put(&w->ask.payload, document);
    gw_ask_send(gw, &w->ask, ch_limits.gateway_file_wait_ms);
}

bool gw_documents_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v)
{
    struct ch_ask_document document = {0};
    struct ch_str type;
    if (v->segment_count < 2 || !read_address(v, &document, &type)) {
        return false;
    }
    if (document.kind == CH_DOCUMENT_ATTESTATIONS || document.kind == CH_DOCUMENT_ATTESTATION ||
        document.kind == CH_DOCUMENT_EVIDENCE) {
        gw_pull_list(gw, r, &document.pull);
        if (document.pull.count == 0) {
            gw_respond_not_permitted(gw, r, "what is attested");
            return true;
        }
    }
    if (document.kind == CH_DOCUMENT_POLICY) { /* whose token may read it, the keeper knows */
        if (!gw_caller_of(gw, r)->known) {
            gw_respond_unauthorized(gw, r, false);
            return true;
        }
        document.token = gw_caller_of(gw, r)->token;
    }
    ask_for(gw, r, &document, type);
    return true;
}

void gw_documents_entries(struct gw *gw, struct ch_http_request *r, uint64_t bundle, uint32_t width)
{
    struct ch_ask_document document = {
        .kind = CH_DOCUMENT_ENTRIES,
        .number = bundle,
        .width = width,
        .token = gw_caller_of(gw, r)->token,
    };
    ask_for(gw, r, &document, CH_STR("application/octet-stream"));
}
