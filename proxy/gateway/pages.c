/* Index pages, rendered once per (repository, project, format, coding) and kept ready.
 *
 *     unknown --ask--> known, fresh --fresh_until or epoch passed--> stale --ask--> known, fresh
 *
 * A stale page is never sent: requests are held until the keeper has answered. All of one client
 * that wait for one page wait for one ask; each client has an ask of its own, since the keeper may
 * tell one to wait for its turn that another does not have to (T14). A page answers them all. */
#include "gateway_int.h"

#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "mapped.h"
#include "page_part.h"
#include "shards.h"

struct page_wait {
    struct page_wait *next;
    struct page_ask *ask;
    struct ch_http_request *request;
    size_t format;
    enum gw_encoding encoding;
    char shard[CH_SHA256_HEX + 1]; /* digest of the one that is asked for; "": none */
};

struct page_ask { /* one client's */
    struct page_ask *next;
    struct page *page;
    char *client;
    uint64_t epoch; /* when it was asked */
    struct gw_ask ask;
    struct page_wait *waiting;
};

struct page {
    struct ch_lru_node node;
    struct gw *gw;
    struct gw_repository *repo;
    char *key;
    struct ch_str project; /* part of the key; absent: the list of projects */
    struct page_ask *asks; /* each pins the node */
    bool known;
    bool missing;        /* known not to be there: 404 */
    uint64_t generation; /* 0: none */
    uint64_t fresh_until_ms;
    uint64_t epoch; /* when it was asked for */
    struct gw_mapped mapped; /* the keeper's page, from its memfd; NULL: there is none */
    enum ch_page_form form;
    struct gw_shards *shards; /* NULL: nothing is known */
    bool documents; /* what it has is in `ready`, as the keeper made it, without coding */
    struct ch_http_prepared *ready[GW_FORMATS_MAX][GW_ENCODING_COUNT];
};

/* --- the parts of a page --- */

static void forget_content(struct page *p)
{
    for (size_t f = 0; f < GW_FORMATS_MAX; f++) {
        for (size_t e = 0; e < GW_ENCODING_COUNT; e++) {
            ch_http_prepared_unref(p->ready[f][e]);
            p->ready[f][e] = NULL;
        }
    }
    gw_unmap(&p->mapped);
    gw_shards_unref(p->shards);
    p->shards = NULL;
    p->known = false;
    p->missing = false;
    p->documents = false;
    p->generation = 0;
    if (p->node.key.ptr != NULL) {
        ch_lru_resize(&p->gw->pages, &p->node, sizeof(*p) + p->node.key.len);
    }
}

static void end_ask(struct page_ask *a)
{
    struct page *p = a->page;
    struct page_ask **at = &p->asks;
    while (*at != a) {
        at = &(*at)->next;
    }
    *at = a->next;
    p->node.pins--;
    gw_ask_end(p->gw, &a->ask);
    free(a->client);
    free(a);
}

static void drop_page(void *owner, struct ch_lru_node *node)
{
    struct page *p = CH_CONTAINER_OF(node, struct page, node);
    (void)owner;
    node->key = (struct ch_str){NULL, 0};
    while (p->asks != NULL) { /* at the end of the process alone: nobody waits for them */
        end_ask(p->asks);
    }
    forget_content(p);
    free(p->key);
    free(p);
}

void gw_pages_init(struct gw *gw)
{
    ch_lru_init(&gw->pages, ch_limits.gateway_pages_bytes, drop_page, gw);
}

/* Repositories never move in memory nor end: their names make keys, a NUL keeps parts apart. */
static struct page *find_page(struct gw *gw, struct gw_repository *repo, struct ch_str project,
                              enum ch_page_form form)
{
    char text[GW_KEY_MAX];
    struct ch_str name = ch_str_of(repo->name);
    CH_ASSERT(name.len + project.len + 4 <= sizeof(text));
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++) {
        text[n++] = name.ptr[i];
    }
    text[n++] = '\0';
    for (size_t i = 0; i < project.len; i++) {
        text[n++] = project.ptr[i];
    }
    if (form != CH_PAGE_WHOLE) {
        text[n++] = '\0'; /* which no name has */
        text[n++] = (char)('0' + form);
    }
    struct ch_str key = {text, n};
    struct ch_lru_node *node = ch_lru_find(&gw->pages, key);
    if (node != NULL) {
        return CH_CONTAINER_OF(node, struct page, node);
    }
    struct page *p = ch_calloc(1, sizeof(*p));
    p->gw = gw;
    p->repo = repo;
    p->form = form;
    p->key = ch_str_dup(key);
    if (project.len > 0) {
        p->project = (struct ch_str){p->key + name.len + 1, project.len};
    }
    ch_lru_add(&gw->pages, &p->node, (struct ch_str){p->key, n}, sizeof(*p) + n);
    return p;
}

static bool is_fresh(const struct page *p)
{
    return p->known && ch_loop_now_ms(p->gw->loop) < p->fresh_until_ms &&
           atomic_load(&p->gw->epoch->epoch) == p->epoch;
}

/* --- rendering --- */

static enum ch_code render(const struct page *p, size_t format, struct ch_buf *out,
                           struct ch_err *err)
{
    const struct ch_index_format *f = &p->repo->eco->formats[format];
    struct ch_str content = gw_mapped_bytes(&p->mapped);
    struct ch_buf prefix;
    ch_buf_init(&prefix, GW_KEY_MAX);
    ch_buf_printf(&prefix, "/%s", p->repo->name);
    enum ch_code rc;
    if (p->project.len > 0 && f->render_page == NULL) { /* classify says which are */
        rc = ch_fail(err, CH_E_UNSUPPORTED, "no document of a page");
    } else if (p->project.len > 0) {
        struct ch_page page;
        rc = ch_page_get(content, &page, err);
        if (rc == CH_OK) {
            rc = f->render_page(&page, ch_buf_str(&prefix), out, err);
            ch_page_done(&page);
        }
    } else {
        struct ch_root_page root;
        rc = ch_root_page_get(content, &root, err);
        if (rc == CH_OK) {
            rc = f->render_root(&root, ch_buf_str(&prefix), out, err);
            ch_root_page_done(&root);
        }
    }
    ch_buf_done(&prefix);
    return rc;
}

/* A strong ETag: the digest of the unencoded bytes, and the coding. It depends on nothing but what
 * is sent, so gateways agree on it and a keeper's restart cannot make it lie. */
static void put_etag_of(struct ch_buf *b, const struct ch_sha256 *digest, enum gw_encoding encoding)
{
    ch_buf_putc(b, '"');
    ch_buf_put_hex(b, digest->byte, sizeof(digest->byte) / 2);
    ch_buf_printf(b, "-%s\"", encoding == GW_IDENTITY ? "i" : gw_encoding_name(encoding));
}

static void put_etag(struct ch_buf *b, struct ch_str body, enum gw_encoding encoding)
{
    struct ch_sha256 digest = ch_sha256_of(body.ptr, body.len);
    put_etag_of(b, &digest, encoding);
}

static struct ch_http_prepared *prepare(const struct page *p, size_t format, struct ch_str body,
                                        void (*release)(void *owner), void *body_owner,
                                        struct ch_str etag, enum gw_encoding encoding)
{
    const struct ch_http_header headers[] = {
        {CH_STR("Cache-Control"), CH_STR("private, max-age=0, must-revalidate")},
        {CH_STR("Vary"), CH_STR("Accept, Accept-Encoding")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
        {CH_STR("Content-Encoding"), ch_str_of(gw_encoding_name(encoding))},
    };
    return ch_http_prepared_new(&(struct ch_http_response){
        .status = 200,
        .content_type = ch_str_of(p->repo->eco->formats[format].media_type),
        .etag = etag,
        .headers = headers,
        .header_count = CH_ARRAY_LEN(headers) - (encoding == GW_IDENTITY ? 1 : 0),
        .body = body,
        .body_release = release,
        .body_owner = body_owner,
    });
}

/* A document that is itself under zstd: what was rendered gives way to it. */
static enum ch_code pack(struct ch_buf *body, struct ch_err *err)
{
    char *packed = NULL;
    size_t len = 0;
    enum ch_code rc = gw_zstd_document(ch_buf_str(body), &packed, &len, err);
    if (rc == CH_OK) {
        size_t max = body->max;
        ch_buf_done(body);
        *body = (struct ch_buf){.ptr = packed, .len = len, .cap = len, .max = max};
    }
    return rc;
}

static enum ch_code make_ready(struct page *p, size_t format, enum gw_encoding encoding,
                               struct ch_err *err)
{
    struct ch_buf body;
    ch_buf_init(&body, ch_limits.gateway_page_bytes);
    enum ch_code rc = render(p, format, &body, err);
    rc = rc == CH_OK && p->repo->eco->formats[format].zstd ? pack(&body, err) : rc;
    if (rc != CH_OK) {
        ch_buf_done(&body);
        return rc;
    }
    struct ch_buf etag;
    ch_buf_init(&etag, ch_limits.text_bytes);
    char *encoded = NULL;
    size_t encoded_len = 0;
    if (encoding != GW_IDENTITY && body.len >= ch_limits.gateway_encode_from_bytes &&
        gw_encode(encoding, ch_buf_str(&body), &encoded, &encoded_len, NULL) == CH_OK) {
        put_etag(&etag, ch_buf_str(&body), encoding);
        p->ready[format][encoding] = prepare(p, format, (struct ch_str){encoded, encoded_len}, free,
                                             encoded, ch_buf_str(&etag), encoding);
        ch_buf_done(&body);
    } else {
        /* Not worth encoding: the same bytes and ETag as plain. */
        encoded_len = body.len;
        put_etag(&etag, ch_buf_str(&body), GW_IDENTITY);
        p->ready[format][encoding] =
            prepare(p, format, ch_buf_str(&body), free, body.ptr, ch_buf_str(&etag), GW_IDENTITY);
    }
    ch_buf_done(&etag);
    ch_lru_resize(&p->gw->pages, &p->node, p->node.size + encoded_len);
    return CH_OK;
}

static void answer(struct page *p, struct ch_http_request *r, size_t format,
                   enum gw_encoding encoding, struct ch_str shard)
{
    struct ch_err err = {0};
    if (p->missing) {
        gw_respond_text(r, 404, CH_STR("No project has this name"));
        return;
    }
    if (p->form == CH_PAGE_SHARDS) {
        gw_shards_answer(p->shards, r, shard);
        return;
    }
    if (p->mapped.map != NULL && p->project.len > 0 && format == 0 &&
        gw_page_part(r, p->repo->eco, gw_mapped_bytes(&p->mapped))) {
        return;
    }
    encoding = p->documents ? GW_IDENTITY : encoding;
    if (p->ready[format][encoding] == NULL && p->documents) {
        gw_respond_text(r, 404, CH_STR("The page has no such document"));
        return;
    }
    if (p->ready[format][encoding] == NULL && make_ready(p, format, encoding, &err) != CH_OK) {
        gw_respond_text(r, 500, ch_str_of(err.msg));
        return;
    }
    ch_http_respond_prepared(r, p->ready[format][encoding]);
}

/* --- asking --- */

static void unlink_wait(struct page_wait *w)
{
    struct page_wait **at = &w->ask->waiting;
    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
}

/* The client has left. Its ask goes on: the next one joins it. */
static void on_gone(void *arg)
{
    unlink_wait(arg);
    free(arg);
}

/* Answers all that wait for this ask, and ends it: from the page, or, when `status` is not 0, with
 * a text and after how many seconds another try makes sense (0: not said). */
static void answer_ask(struct page_ask *a, int status, struct ch_str text, uint32_t retry_after_s)
{
    struct page *p = a->page;
    while (a->waiting != NULL) {
        struct page_wait *w = a->waiting;
        unlink_wait(w);
        if (status == 0) {
            answer(p, w->request, w->format, w->encoding, ch_str_of(w->shard));
        } else {
            gw_respond_no_page(w->request, status, text, retry_after_s);
        }
        free(w);
    }
    end_ask(a);
}

/* The page is known: answers whoever waits for it. */
static void answer_all(struct page *p)
{
    p->node.pins++; /* stays while answers are made, whatever they push out */
    while (p->asks != NULL) {
        answer_ask(p->asks, 0, (struct ch_str){NULL, 0}, 0);
    }
    p->node.pins--;
}

/* This client does not get it. What others have asked may still be answered by "unchanged". */
static void refuse(struct page_ask *a, int status, struct ch_str text, uint32_t retry_after_s)
{
    struct page *p = a->page;
    p->node.pins++;
    p->known = false;
    if (p->asks == a && a->next == NULL) {
        forget_content(p);
    }
    answer_ask(a, status, text, retry_after_s);
    p->node.pins--;
}

static bool map_content(struct page *p, struct ch_frame *frame)
{
    if (!gw_map(frame, 0, ch_limits.gateway_page_bytes, &p->mapped)) {
        return false;
    }
    ch_lru_resize(&p->gw->pages, &p->node, p->node.size + p->mapped.len);
    return true;
}

static void unmap(void *owner)
{
    gw_unmap(owner);
    free(owner);
}

/* All of them or none: they are of one generation. They cost this process no memory of its own. */
static bool take_documents(struct page *p, const struct ch_page_reply *m, struct ch_frame *frame)
{
    for (size_t i = 0; i < m->document_count; i++) {
        const struct ch_page_document *d = &m->documents[i];
        struct gw_mapped body;
        struct ch_buf etag;
        if (d->format >= p->repo->eco->format_count || d->format >= GW_FORMATS_MAX ||
            p->ready[d->format][GW_IDENTITY] != NULL ||
            !gw_map(frame, i, ch_limits.gateway_page_bytes, &body)) {
            forget_content(p);
            return false;
        }
        struct gw_mapped *mapped = ch_alloc(sizeof(*mapped));
        *mapped = body;
        ch_buf_init(&etag, ch_limits.text_bytes);
        put_etag_of(&etag, &d->sha256, GW_IDENTITY);
        p->ready[d->format][GW_IDENTITY] =
            prepare(p, d->format, gw_mapped_bytes(mapped), unmap, mapped, ch_buf_str(&etag),
                    GW_IDENTITY);
        ch_buf_done(&etag);
    }
    p->documents = true;
    return true;
}

static bool take_content(struct page *p, const struct ch_page_reply *m, struct ch_frame *frame)
{
    if (p->form == CH_PAGE_SHARDS) {
        p->shards = gw_shards_new(p->repo->eco, m, frame);
        return p->shards != NULL;
    }
    return m->document_count > 0 ? take_documents(p, m, frame) : map_content(p, frame);
}

static bool has_content(const struct page *p)
{
    return p->mapped.map != NULL || p->documents || p->shards != NULL;
}

static void on_reply(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    struct page_ask *a = CH_CONTAINER_OF(ask, struct page_ask, ask);
    struct page *p = a->page;
    struct ch_page_reply m;
    struct ch_err err = {0};
    (void)gw;
    if (ch_page_reply_get(frame->payload, &m, &err) != CH_OK) {
        gw_complain("keeper", CH_STR("page"), &err);
        refuse(a, 500, ch_str_of(err.msg), 0);
        return;
    }
    switch (m.outcome) {
    case CH_PAGE_NEW:
        forget_content(p);
        if (!take_content(p, &m, frame)) {
            refuse(a, 500, CH_STR("The keeper's page could not be read"), 0);
            return;
        }
        p->generation = m.generation;
        break;
    case CH_PAGE_UNCHANGED:
        if (!has_content(p) || m.generation != p->generation) {
            refuse(a, 500, CH_STR("The keeper answered about another page"), 0);
            return;
        }
        break;
    case CH_PAGE_NOT_FOUND:
        forget_content(p);
        p->missing = true;
        break;
    case CH_PAGE_FAILED:
        refuse(a,
               m.http_status == 504 || m.http_status == 503 || m.http_status == 507 ||
                       m.http_status == 508
                   ? (int)m.http_status
                   : 502,
               m.text.len > 0 ? m.text : CH_STR("The upstream did not give this page"),
               m.retry_after_s);
        return;
    }
    p->known = true;
    p->epoch = a->epoch;
    p->fresh_until_ms = m.fresh_until_boot_ms;
    answer_all(p);
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    (void)gw;
    answer_ask(CH_CONTAINER_OF(ask, struct page_ask, ask), 504,
               CH_STR("The index could not be looked up in time, try again"), 0);
}

/* Whose budget it is: a principal's, else an address's. */
static char *client_key(const struct ch_client *c)
{
    struct ch_buf key;
    ch_buf_init(&key, 4096);
    ch_buf_puts(&key, c->principal);
    ch_buf_putc(&key, '\n');
    ch_buf_puts(&key, c->address);
    ch_buf_putc(&key, '\n');
    ch_buf_puts(&key, c->via); /* whom it is asked for from upstream on behalf of */
    char *text = ch_str_dup(ch_buf_str(&key));
    ch_buf_done(&key);
    return text;
}

static struct page_ask *find_ask(const struct page *p, const char *client)
{
    struct page_ask *a = p->asks;
    while (a != NULL && strcmp(a->client, client) != 0) {
        a = a->next;
    }
    return a;
}

/* The ask of this request's client, which it may have sent already. */
static struct page_ask *ask_for(struct gw *gw, struct page *p, const struct ch_http_request *r)
{
    struct ch_client client = gw_client_of(gw, r);
    char *key = client_key(&client);
    struct page_ask *a = find_ask(p, key);
    if (a != NULL) {
        free(key);
        return a;
    }
    a = ch_calloc(1, sizeof(*a));
    a->page = p;
    a->client = key;
    a->next = p->asks;
    p->asks = a;
    p->node.pins++;
    gw_ask_prepare(gw, &a->ask, CH_MSG_ASK_PAGE);
    a->ask.reply_type = CH_MSG_PAGE;
    a->ask.on_reply = on_reply;
    a->ask.on_lost = on_lost;
    /* Read before asking: a decision that changes meanwhile makes the page stale again. */
    a->epoch = atomic_load(&gw->epoch->epoch);
    ch_ask_page_put(&a->ask.payload,
                    &(struct ch_ask_page){
                        .ask = a->ask.id,
                        .repository = ch_str_of(p->repo->name),
                        .project = p->project,
                        .have_generation = has_content(p) ? p->generation : 0,
                        .form = p->form,
                        .client = client,
                    });
    gw_ask_send(gw, &a->ask, ch_limits.gateway_page_wait_ms);
    return a;
}

/* --- requests --- */

void gw_pages_request(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo,
                      const struct ch_target *target)
{
    const struct ch_ecosystem *eco = repo->eco;
    const struct ch_shards_ops *shards = eco->shards;
    size_t format = target->document > 0 ? target->document - 1 : 0;
    enum gw_encoding encoding = GW_IDENTITY;
    bool is_shard = shards != NULL && target->document == shards->shard_document;
    bool in_shards = is_shard || (shards != NULL && target->document == shards->index_document);
    enum ch_page_form form = in_shards ? CH_PAGE_SHARDS : CH_PAGE_WHOLE;
    struct ch_str shard = {is_shard ? target->file_name : "", is_shard ? CH_SHA256_HEX : 0};
    CH_ASSERT(format < eco->format_count && format < GW_FORMATS_MAX);
    if (target->document > 0) {
        form = eco->formats[format].rare ? CH_PAGE_RARE : form;
        form = eco->formats[format].beside != NULL ? CH_PAGE_BESIDE : form;
        encoding = eco->formats[format].zstd
                       ? GW_IDENTITY
                       : gw_accept_encoding(ch_http_header(r, CH_STR("accept-encoding")));
    } else if (!gw_choose(gw, r, eco, &format, &encoding)) {
        gw_respond_text(r, 406, CH_STR("This index has none of the media types that Accept names"));
        return;
    }
    struct ch_str project = ch_str_of(target->kind == CH_TARGET_ROOT ? "" : target->project);
    struct page *p = find_page(gw, repo, project, form);
    if (is_fresh(p)) {
        answer(p, r, format, encoding, shard);
        return;
    }
    struct page_ask *a = ask_for(gw, p, r);
    struct page_wait *w = ch_alloc(sizeof(*w));
    *w = (struct page_wait){a->waiting, a, r, format, encoding, ""};
    CH_ASSERT(ch_str_copy(shard, w->shard, sizeof(w->shard)));
    a->waiting = w;
    ch_http_later(r, on_gone, w);
}
