/* What is public of the audit log: its newest checkpoint, tiles of hashes, and proofs worked out of
 * them. They say nothing about people (T26); entries do: those come from the keeper, for callers
 * who have the right audit.read. Here they cannot be read.
 *
 * Spec: C2SP tlog-tiles, tlog-proof. */
#include "gateway_int.h"

#include <stdlib.h>

#include "customhouse/base64.h"
#include "db/log/bundle.h"
#include "db/log/public.h"

struct gw_audit {
    int folder_fd;
    bool open; /* the keeper makes the files when it begins the log */
    struct ch_log_public files;
    struct ch_hash *hash;
};

struct gw_audit *gw_audit_new(int folder_fd)
{
    struct gw_audit *a = ch_calloc(1, sizeof(*a));
    a->folder_fd = folder_fd;
    a->hash = ch_hash_new();
    return a;
}

static void close_files(struct gw_audit *a)
{
    if (a->open) {
        ch_log_public_close(&a->files);
        a->open = false;
    }
}

void gw_audit_free(struct gw_audit *a)
{
    if (a != NULL) {
        close_files(a);
        ch_hash_free(a->hash);
        free(a);
    }
}

/* ------------------------------------------------------------------ reading */

static enum ch_code open_files(struct gw_audit *a, struct ch_err *err)
{
    if (a->open) {
        return CH_OK;
    }
    enum ch_code rc = ch_log_public_open(a->folder_fd, false, &a->files, err);
    a->open = true;
    if (rc != CH_OK) {
        close_files(a);
    }
    return rc;
}

/* The newest checkpoint, with the cosignatures that have come; what it says borrows from `note`.
 * Its signature is for those who ask. */
static enum ch_code read_checkpoint(struct gw_audit *a, struct ch_buf *note,
                                    struct ch_checkpoint *ret, struct ch_err *err)
{
    struct ch_str text;
    enum ch_code rc = ch_log_read_newest(a->folder_fd, note, err);
    rc = rc == CH_OK ? ch_note_text(ch_buf_str(note), &text, err) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(text, ret, err) : rc;
    return rc == CH_OK ? open_files(a, err) : rc;
}

static void respond_error(struct ch_http_request *r, const struct ch_err *err)
{
    if (err->code == CH_E_NOT_FOUND) {
        gw_respond_text(r, 404, CH_STR("There is no audit log yet"));
    } else if (err->code == CH_E_USAGE) {
        gw_respond_text(r, 400, ch_str_of(err->msg));
    } else {
        gw_complain("audit", (struct ch_str){NULL, 0}, err);
        gw_respond_text(r, 500, CH_STR("The audit log cannot be read"));
    }
}

/* ------------------------------------------------------------------ checkpoint and tiles */

static void checkpoint(struct gw_audit *a, struct ch_http_request *r)
{
    struct ch_buf note;
    struct ch_checkpoint c;
    struct ch_err err;
    ch_buf_init(&note, CH_NOTE_MAX);
    if (read_checkpoint(a, &note, &c, &err) == CH_OK) {
        gw_respond_body(r, 200, CH_STR("text/plain; charset=utf-8"), ch_buf_str(&note));
    } else {
        respond_error(r, &err);
    }
    ch_buf_done(&note);
}

/* The newest that a quorum of witnesses has cosigned: it may be some entries behind. */
static void cosigned(struct gw_audit *a, struct ch_http_request *r)
{
    struct ch_buf note;
    struct ch_err err;
    ch_buf_init(&note, CH_NOTE_MAX);
    if (ch_log_read_cosigned(a->folder_fd, &note, &err) == CH_OK) {
        gw_respond_body(r, 200, CH_STR("text/plain; charset=utf-8"), ch_buf_str(&note));
    } else if (err.code == CH_E_NOT_FOUND) {
        gw_respond_text(r, 404, CH_STR("No checkpoint was cosigned by witnesses yet"));
    } else {
        respond_error(r, &err);
    }
    ch_buf_done(&note);
}

/* "0/x001/067.p/3" of what follows /-/audit/tile/. */
static bool read_path(const struct ch_http_view *v, struct ch_tile *ret)
{
    struct ch_buf path;
    ch_buf_init(&path, CH_TILE_PATH_MAX);
    for (size_t i = 3; i < v->segment_count; i++) {
        if (i > 3) {
            ch_buf_putc(&path, '/');
        }
        ch_buf_puts(&path, v->segments[i]);
    }
    bool good = !v->trailing_slash && ch_buf_ok(&path, NULL) == CH_OK &&
                ch_tile_path_get(ch_buf_str(&path), ret, NULL) == CH_OK;
    ch_buf_done(&path);
    return good;
}

static void send_tile(struct ch_http_request *r, struct ch_str bytes)
{
    static const struct ch_http_header headers[] = {
        {{"Cache-Control", 13}, {"public, max-age=31536000, immutable", 35}},
        {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
    };
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = CH_STR("application/octet-stream"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = bytes,
                           .body_copy = true,
                       });
}

/* Nothing beyond the checkpoint: what is being written there may not come to be. */
static void tile(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v)
{
    struct gw_audit *a = gw->audit;
    struct ch_tile t;
    struct ch_buf note, bytes;
    struct ch_checkpoint c;
    struct ch_err err;
    if (!read_path(v, &t)) {
        gw_respond_text(r, 404, CH_STR("This is not the path of a tile"));
        return;
    }
    if (t.level == CH_TILE_ENTRIES) {
        if (gw_caller_of(gw, r)->audit_read) {
            gw_documents_entries(gw, r, t.number, t.width);
        } else {
            gw_respond_not_permitted(gw, r, "entries of the audit log");
        }
        return;
    }
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_buf_init(&bytes, CH_TILE_HASHES * sizeof(struct ch_sha256));
    enum ch_code rc = read_checkpoint(a, &note, &c, &err);
    if (rc == CH_OK && !ch_tile_is_in(&t, c.size)) {
        gw_respond_text(r, 404, CH_STR("The audit log has no such tile yet"));
    } else if (rc == CH_OK && (rc = ch_log_read_hashes(&a->files, &t, &bytes, &err)) == CH_OK) {
        send_tile(r, ch_buf_str(&bytes));
    } else {
        respond_error(r, &err);
    }
    ch_buf_done(&note);
    ch_buf_done(&bytes);
}

/* ------------------------------------------------------------------ proofs */

static void put_hashes(struct ch_buf *out, const struct ch_tree_proof *p)
{
    ch_buf_puts(out, CH_STR("\"hashes\":["));
    for (size_t i = 0; i < p->count; i++) {
        ch_buf_puts(out, i > 0 ? CH_STR(",\"") : CH_STR("\""));
        ch_buf_put_base64(out, p->hash[i].byte, CH_SHA256_BYTES);
        ch_buf_putc(out, '"');
    }
    ch_buf_putc(out, ']');
}

/* A number of the query; `otherwise` where there is none. */
static enum ch_code query_number(const struct ch_http_request *r, struct ch_str name,
                                 const uint64_t *otherwise, uint64_t *ret, struct ch_err *err)
{
    struct ch_buf text;
    ch_buf_init(&text, 64);
    bool there = false;
    enum ch_code rc = ch_http_query(r, name, &text, &there, err);
    if (rc == CH_OK && !there && otherwise != NULL) {
        *ret = *otherwise;
    } else if (rc == CH_OK && !ch_str_u64(ch_buf_str(&text), ret)) {
        rc = ch_fail(err, CH_E_USAGE, "%.*s=NUMBER is needed", CH_STR_ARG(name));
    }
    ch_buf_done(&text);
    return rc;
}

static enum ch_code check_size(uint64_t size, uint64_t most, struct ch_err *err)
{
    return size <= most
               ? CH_OK
               : ch_fail(err, CH_E_USAGE, "The log has %llu entries", (unsigned long long)most);
}

static enum ch_code inclusion(struct gw_audit *a, const struct ch_http_request *r,
                              const struct ch_checkpoint *c, struct ch_str note, struct ch_buf *out,
                              struct ch_err *err)
{
    struct ch_log_reader reader = {&a->files, a->hash};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    struct ch_tree_proof p;
    struct ch_sha256 leaf;
    uint64_t index = 0, size = 0;
    enum ch_code rc = query_number(r, CH_STR("index"), NULL, &index, err);
    rc = rc == CH_OK ? query_number(r, CH_STR("size"), &c->size, &size, err) : rc;
    rc = rc == CH_OK ? check_size(size, c->size, err) : rc;
    rc = rc == CH_OK ? ch_tree_prove_leaf(&nodes, a->hash, index, size, &p, err) : rc;
    rc = rc == CH_OK ? nodes.get(nodes.ctx, 0, index, &leaf, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_printf(out, "{\"index\":%llu,\"size\":%llu,\"leaf\":\"", (unsigned long long)index,
                  (unsigned long long)size);
    ch_buf_put_base64(out, leaf.byte, sizeof(leaf.byte));
    ch_buf_puts(out, CH_STR("\","));
    put_hashes(out, &p);
    ch_buf_puts(out, CH_STR(",\"checkpoint\":"));
    ch_buf_put_json(out, note);
    ch_buf_puts(out, CH_STR("}\n"));
    return ch_buf_ok(out, err);
}

static enum ch_code consistency(struct gw_audit *a, const struct ch_http_request *r,
                                const struct ch_checkpoint *c, struct ch_str note,
                                struct ch_buf *out, struct ch_err *err)
{
    struct ch_log_reader reader = {&a->files, a->hash};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    struct ch_tree_proof p;
    uint64_t from = 0, to = 0;
    enum ch_code rc = query_number(r, CH_STR("from"), NULL, &from, err);
    rc = rc == CH_OK ? query_number(r, CH_STR("to"), &c->size, &to, err) : rc;
    rc = rc == CH_OK ? check_size(to, c->size, err) : rc;
    rc = rc == CH_OK ? ch_tree_prove_growth(&nodes, a->hash, from, to, &p, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_printf(out, "{\"from\":%llu,\"to\":%llu,", (unsigned long long)from,
                  (unsigned long long)to);
    put_hashes(out, &p);
    ch_buf_puts(out, CH_STR(",\"checkpoint\":"));
    ch_buf_put_json(out, note);
    ch_buf_puts(out, CH_STR("}\n"));
    return ch_buf_ok(out, err);
}

/* "12.tlog-proof": entry 12 under the newest checkpoint, as one file. */
static enum ch_code proof_file(struct gw_audit *a, struct ch_str name,
                               const struct ch_checkpoint *c, struct ch_str note,
                               struct ch_buf *out, struct ch_err *err)
{
    static const struct ch_str ending = {".tlog-proof", 11};
    struct ch_log_reader reader = {&a->files, a->hash};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    struct ch_tree_proof p;
    uint64_t index = 0;
    if (!ch_str_ends(name, ending) ||
        !ch_str_u64(ch_str_sub(name, 0, name.len - ending.len), &index)) {
        return ch_fail(err, CH_E_USAGE, "Proofs are called NUMBER.tlog-proof");
    }
    enum ch_code rc = ch_tree_prove_leaf(&nodes, a->hash, index, c->size, &p, err);
    if (rc == CH_OK) {
        ch_tlog_proof_put(out, index, &p, note);
        rc = ch_buf_ok(out, err);
    }
    return rc;
}

static void proof(struct gw_audit *a, struct ch_http_request *r, struct ch_str name)
{
    struct ch_buf note, out;
    struct ch_checkpoint c;
    struct ch_err err;
    struct ch_str type = CH_STR("application/json");
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_buf_init(&out, 4 * CH_NOTE_MAX);
    enum ch_code rc = read_checkpoint(a, &note, &c, &err);
    if (rc == CH_OK && ch_str_eq(name, CH_STR("inclusion"))) {
        rc = inclusion(a, r, &c, ch_buf_str(&note), &out, &err);
    } else if (rc == CH_OK && ch_str_eq(name, CH_STR("consistency"))) {
        rc = consistency(a, r, &c, ch_buf_str(&note), &out, &err);
    } else if (rc == CH_OK) {
        type = CH_STR("text/plain; charset=utf-8");
        rc = proof_file(a, name, &c, ch_buf_str(&note), &out, &err);
    }
    if (rc == CH_OK) {
        gw_respond_body(r, 200, type, ch_buf_str(&out));
    } else {
        respond_error(r, &err);
    }
    ch_buf_done(&note);
    ch_buf_done(&out);
}

void gw_audit_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v)
{
    struct ch_str what = v->segments[2];
    if (v->segment_count == 3 && !v->trailing_slash && ch_str_eq(what, CH_STR("checkpoint"))) {
        checkpoint(gw->audit, r);
    } else if (v->segment_count == 3 && !v->trailing_slash && ch_str_eq(what, CH_STR("cosigned"))) {
        cosigned(gw->audit, r);
    } else if (v->segment_count > 3 && ch_str_eq(what, CH_STR("tile"))) {
        tile(gw, r, v);
    } else if (v->segment_count == 4 && !v->trailing_slash && ch_str_eq(what, CH_STR("proof"))) {
        proof(gw->audit, r, v->segments[3]);
    } else {
        gw_respond_text(r, 404, CH_STR("The gateway has no such address"));
    }
}
