/* What lies in served/, the one folder that gateways read: putting an ALLOW's bytes there, and
 * taking away at once what may not be there any more (T4). */
#include "db/keeper/pages/sidecar.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "quota.h"

enum ch_code serve_bytes(struct keeper *k, struct page *p, size_t file, struct ch_err *err)
{
    struct page_file *f = &p->files[file];
    enum ch_blob_place place;
    struct ch_artifact a;
    quota_touch(k, &f->artifact); /* making room must not take this one */
    if (f->served && ch_blobs_is_served(k->blobs, &f->artifact)) {
        return CH_OK;
    }
    enum ch_code rc = ch_store_get_blob(k->store, &f->artifact, &place, err);
    if (rc == CH_E_NOT_FOUND || (rc == CH_OK && place != CH_BLOB_SERVED)) {
        rc = ch_store_get_artifact(k->store, &f->artifact, &a, err);
        rc = rc == CH_OK ? quota_make_room(k, CH_BLOB_SERVED, a.size_bytes, err) : rc;
        rc = rc == CH_OK ? keeper_write(k, err) : rc;
        rc = rc == CH_OK ? ch_store_put_blob(k->store, &f->artifact, a.size_bytes, CH_BLOB_SERVED,
                                             keeper_now_us(k), err)
                         : rc;
    }
    rc = rc == CH_OK ? ch_blobs_serve(k->blobs, &f->artifact, err) : rc;
    f->served = rc == CH_OK;
    return rc;
}

/* ------------------------------------------------------------------ withdrawing */

void serve_shown(struct page *p, size_t file, const struct ch_sha256 *sha256)
{
    if (p->shown == NULL) {
        p->shown = ch_map_new();
    }
    struct ch_sha256 *kept = ch_map_get(p->shown, p->facts.files[file].index.file_name);
    if (kept == NULL) {
        kept = ch_calloc(1, sizeof(*kept));
        ch_map_set(p->shown, p->facts.files[file].index.file_name, kept);
    }
    *kept = *sha256;
}

bool serve_is_shown(const struct page *p, size_t file)
{
    return p->shown != NULL && ch_map_get(p->shown, p->facts.files[file].index.file_name) != NULL;
}

/* What other files share (equal bytes are one blob) is linked again when somebody asks for it. */
static void take_away(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct ch_err err;
    if (ch_blobs_withdraw(k->blobs, sha256, &err) != CH_OK) {
        keeper_log("withdraw", "error=\"%s\"", err.msg);
    }
}

static void take_metadata(struct keeper *k, struct page *p, size_t file)
{
    struct ch_sha256 *shown = ch_map_remove(p->shown, p->facts.files[file].index.file_name);
    take_away(k, shown);
    free(shown);
}

void serve_forget_shown(struct keeper *k, struct page *p)
{
    size_t cursor = 0;
    void *value;
    if (k != NULL && p->shown != NULL && ch_map_count(p->shown) > 0) {
        /* Nobody will know later that it was shown, and so tell the gateways that remember it. */
        keeper_raise_epoch(k);
    }
    while (p->shown != NULL && ch_map_next(p->shown, &cursor, NULL, &value)) {
        if (k != NULL) {
            take_away(k, value);
        }
        free(value);
    }
    ch_map_free(p->shown);
    p->shown = NULL;
}

void serve_settle_shown(struct keeper *k, struct page *p)
{
    size_t cursor = 0;
    struct ch_str name;
    void *value;
    while (p->shown != NULL && ch_map_next(p->shown, &cursor, &name, &value)) {
        ptrdiff_t at = page_find_file(p, name);
        if (at >= 0 && sidecar_may_be_shown(k, p, (size_t)at, value)) {
            continue;
        }
        keeper_raise_epoch(k); /* gateways remember it for a while */
        take_away(k, value);
        ch_map_remove(p->shown, name);
        free(value);
    }
}

void serve_take_bytes(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct ch_artifact a;
    enum ch_blob_place place;
    struct ch_err err;
    keeper_raise_epoch(k); /* effective first, recorded after */
    take_away(k, sha256);
    if (ch_store_get_blob(k->store, sha256, &place, &err) == CH_OK && place == CH_BLOB_EVICTED) {
        return; /* there are no bytes */
    }
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_get_artifact(k->store, sha256, &a, &err) != CH_OK ||
        ch_store_put_blob(k->store, sha256, a.size_bytes, CH_BLOB_UNDECIDED, keeper_now_us(k),
                          &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

struct fetched_by {
    uint64_t clients;
};

static void log_client(void *ctx, const struct ch_served_row *row)
{
    struct fetched_by *by = ctx;
    struct ch_buf text;
    if (by->clients++ >= ch_limits.fetched_by_log) {
        return;
    }
    ch_buf_init(&text, 1024);
    ch_buf_puts(&text, CH_STR("address="));
    ch_buf_put_escaped(&text, ch_str_sub(row->address, 0, 100));
    ch_buf_puts(&text, CH_STR(" principal="));
    ch_buf_put_escaped(&text, row->principal);
    ch_buf_puts(&text, CH_STR(" user_agent=\""));
    ch_buf_put_escaped(&text, ch_str_sub(row->user_agent, 0, 100));
    ch_buf_puts(&text, CH_STR("\" file="));
    ch_buf_put_escaped(&text, ch_str_sub(row->file_name, 0, 200));
    keeper_log("fetched-by", "%.*s times=%llu", CH_STR_ARG(ch_buf_str(&text)),
               (unsigned long long)row->times);
    ch_buf_done(&text);
}

/* Who has bytes that may be had no longer: the log says it without being asked. */
static void log_fetched_by(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct fetched_by by = {0};
    struct ch_err err;
    struct ch_str any = {NULL, 0};
    if (ch_store_served(k->store, sha256, any, any, log_client, &by, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    keeper_log("fetched-by", "clients=%llu%s", (unsigned long long)by.clients,
               by.clients > ch_limits.fetched_by_log ? " (customhouse fetched-by lists all)" : "");
}

void serve_withdraw(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d)
{
    struct page_file *f = &p->files[file];
    bool bytes = d->verdict != CH_VERDICT_ALLOW && !ch_sha256_is_zero(&f->artifact) &&
                 (f->recorded_verdict == CH_VERDICT_ALLOW || f->served);
    bool metadata = d->verdict != CH_VERDICT_ALLOW && !d->eligible && serve_is_shown(p, file);
    if (!bytes && !metadata) {
        return;
    }
    keeper_raise_epoch(k); /* effective first, recorded after */
    if (metadata) {
        take_metadata(k, p, file);
    }
    if (bytes) {
        serve_take_bytes(k, &f->artifact);
        f->served = false;
        struct ch_buf name;
        ch_buf_init(&name, 2048);
        ch_buf_put_escaped(&name, p->facts.files[file].index.file_name);
        keeper_log("withdrawn", "project=%s file=%.*s rule=\"%s\" reason=\"%s\"", p->project,
                   CH_STR_ARG(ch_buf_str(&name)), d->rule, d->reason);
        ch_buf_done(&name);
        log_fetched_by(k, &f->artifact);
    }
}

void serve_check_link(void *ctx, const struct ch_sha256 *sha256)
{
    struct keeper *k = ctx;
    enum ch_blob_place place;
    struct ch_err err;
    if (ch_store_get_blob(k->store, sha256, &place, &err) != CH_OK || place != CH_BLOB_SERVED) {
        CH_IGNORE(ch_blobs_withdraw(k->blobs, sha256, &err));
    }
}
