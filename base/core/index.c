#include "customhouse/index.h"

#include <stdlib.h>

#include "customhouse/limits.h"

/* The last microsecond of the year 9999: what RFC 3339 can say. */
#define TIME_MAX_US INT64_C(253402300799999999)

/* An empty string and an absent one are the same on the wire; readers see absent. */
static struct ch_str get_text(struct ch_rd *r, size_t max_len)
{
    struct ch_str s = ch_get_str(r, max_len);
    return s.len == 0 ? (struct ch_str){NULL, 0} : s;
}

static bool is_printable(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || (unsigned char)s.ptr[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

bool ch_index_file_name_ok(struct ch_str name)
{
    if (name.len == 0 || name.len > ch_limits.file_name_bytes || name.ptr[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= 0x20 || c == 0x7f || c == '/' || c == '\\') {
            return false;
        }
    }
    return ch_str_is_utf8(name);
}

bool ch_index_url_ok(struct ch_str url)
{
    return url.len <= ch_limits.url_bytes && is_printable(url) &&
           !ch_str_find_char(url, ' ', NULL) &&
           (ch_str_starts(url, CH_STR("https://")) || ch_str_starts(url, CH_STR("http://")));
}

static struct ch_str get_file_name(struct ch_rd *r)
{
    struct ch_str name = get_text(r, ch_limits.file_name_bytes);
    if (!ch_index_file_name_ok(name)) {
        ch_rd_fail(r);
    }
    return name;
}

/* A value of an enum that starts at 0 and ends at `last`. */
static int get_enum(struct ch_rd *r, int last)
{
    int v = ch_get_u8(r);
    if (v > last) {
        ch_rd_fail(r);
        return 0;
    }
    return v;
}

static uint64_t get_size(struct ch_rd *r)
{
    uint64_t v = ch_get_u64(r);
    if (v != CH_SIZE_UNKNOWN && v > INT64_MAX) {
        ch_rd_fail(r);
    }
    return v;
}

static int64_t get_time(struct ch_rd *r)
{
    int64_t v = ch_get_i64(r);
    if (v != CH_TIME_UNKNOWN && (v < 0 || v > TIME_MAX_US)) {
        ch_rd_fail(r);
    }
    return v;
}

static void get_sidecar(struct ch_rd *r, enum ch_sidecar *ret_kind, struct ch_sha256 *ret_sha256)
{
    *ret_kind = (enum ch_sidecar)get_enum(r, CH_SIDECAR_HASHED);
    *ret_sha256 = ch_get_sha256(r);
    if ((*ret_kind == CH_SIDECAR_HASHED) == ch_sha256_is_zero(ret_sha256)) {
        ch_rd_fail(r);
    }
}

/* --- what an upstream says --- */

void ch_index_head_put(struct ch_buf *b, const struct ch_index_head *h)
{
    ch_put_str(b, h->project);
    ch_put_u8(b, (uint8_t)h->status);
    ch_put_str(b, h->status_reason);
    ch_put_u64(b, h->serial);
    ch_put_u8(b, (uint8_t)(h->states_times | h->states_status << 1)); /* 0 and 1 are older ones */
}

void ch_index_head_get(struct ch_rd *r, struct ch_index_head *ret)
{
    ret->project = get_text(r, ch_limits.project_name_bytes);
    ret->status = (enum ch_project_status)get_enum(r, CH_STATUS_DEPRECATED);
    ret->status_reason = get_text(r, ch_limits.text_bytes);
    ret->serial = ch_get_u64(r);
    uint8_t states = ch_get_u8(r);
    ret->states_times = (states & 1) != 0;
    ret->states_status = (states & 2) != 0;
    if (ret->serial > INT64_MAX || states > 3) {
        ch_rd_fail(r);
    }
}

void ch_index_file_put(struct ch_buf *b, const struct ch_index_file *f)
{
    ch_put_str(b, f->file_name);
    ch_put_str(b, f->url);
    ch_put_sha256(b, &f->sha256);
    ch_put_u64(b, f->size_bytes);
    ch_put_i64(b, f->uploaded_at_us);
    ch_put_str(b, f->requires_python);
    bool alias = f->alias.kind != CH_HASH_NONE;
    bool owned = f->project.len > 0;
    ch_put_u8(b, (uint8_t)(f->yanked | alias << 1 | owned << 2)); /* 0 and 1 are older ones */
    ch_put_str(b, f->yanked_reason);
    ch_put_u8(b, (uint8_t)f->sidecar);
    ch_put_sha256(b, &f->sidecar_sha256);
    if (alias) {
        ch_put_alias(b, &f->alias);
    }
    if (owned) {
        ch_put_str(b, f->project);
        ch_put_str(b, f->version);
        ch_put_str(b, f->build);
        ch_put_str(b, f->record);
    }
}

static struct ch_str get_record(struct ch_rd *r)
{
    struct ch_str record = get_text(r, ch_limits.record_bytes);
    if (record.len > 0 && !ch_index_record_ok(record)) {
        ch_rd_fail(r);
    }
    return record;
}

static void get_owned(struct ch_rd *r, struct ch_index_file *ret)
{
    ret->project = get_text(r, ch_limits.project_name_bytes);
    ret->version = get_text(r, ch_limits.version_bytes);
    ret->build = get_text(r, ch_limits.version_bytes);
    ret->record = get_record(r);
    if (ret->project.len == 0 || ret->version.len == 0) {
        ch_rd_fail(r);
    }
}

void ch_index_file_get(struct ch_rd *r, struct ch_index_file *ret)
{
    ret->file_name = get_file_name(r);
    ret->url = get_text(r, ch_limits.url_bytes);
    ret->sha256 = ch_get_sha256(r);
    ret->size_bytes = get_size(r);
    ret->uploaded_at_us = get_time(r);
    ret->requires_python = get_text(r, ch_limits.text_bytes);
    int flags = get_enum(r, 7);
    ret->yanked = (flags & 1) != 0;
    ret->yanked_reason = get_text(r, ch_limits.text_bytes);
    get_sidecar(r, &ret->sidecar, &ret->sidecar_sha256);
    ret->alias = (flags & 2) != 0 ? ch_get_alias(r) : (struct ch_alias){.kind = CH_HASH_NONE};
    ret->project = ret->version = ret->build = ret->record = (struct ch_str){NULL, 0};
    if ((flags & 4) != 0) {
        get_owned(r, ret);
    }
    if (!ch_index_url_ok(ret->url) || (!ret->yanked && ret->yanked_reason.len > 0)) {
        ch_rd_fail(r);
    }
}

/* --- an entry of a document beside pages --- */

void ch_index_entry_put(struct ch_buf *b, const struct ch_index_entry *e)
{
    ch_put_str(b, e->name);
    ch_put_str(b, e->part);
    ch_put_str(b, e->record);
}

void ch_index_entry_get(struct ch_rd *r, struct ch_index_entry *ret)
{
    ret->name = get_file_name(r);
    ret->part = get_text(r, ch_limits.version_bytes);
    ret->record = get_text(r, ch_limits.record_bytes);
    if (!ch_index_record_ok(ret->record) || !ch_str_is_utf8(ret->part)) {
        ch_rd_fail(r);
    }
}

int ch_index_entry_cmp(const struct ch_index_entry *a, const struct ch_index_entry *b)
{
    int by_name = ch_str_cmp(a->name, b->name);
    return by_name != 0 ? by_name : ch_str_cmp(a->part, b->part);
}

/* --- what we list --- */

static void page_file_put(struct ch_buf *b, const struct ch_page_file *f)
{
    ch_put_str(b, f->file_name);
    ch_put_sha256(b, &f->sha256);
    ch_put_u64(b, f->size_bytes);
    ch_put_i64(b, f->uploaded_at_us);
    ch_put_str(b, f->requires_python);
    ch_put_u8(b, (uint8_t)f->listing);
    ch_put_str(b, f->yanked_reason);
    ch_put_u8(b, (uint8_t)f->sidecar);
    ch_put_sha256(b, &f->sidecar_sha256);
    ch_put_str(b, f->project);
    ch_put_str(b, f->record);
}

static void page_file_get(struct ch_rd *r, struct ch_page_file *ret)
{
    ret->file_name = get_file_name(r);
    ret->sha256 = ch_get_sha256(r);
    ret->size_bytes = get_size(r);
    ret->uploaded_at_us = get_time(r);
    ret->requires_python = get_text(r, ch_limits.text_bytes);
    ret->listing = (enum ch_listing)get_enum(r, CH_LIST_HELD);
    ret->yanked_reason = get_text(r, ch_limits.text_bytes);
    get_sidecar(r, &ret->sidecar, &ret->sidecar_sha256);
    ret->project = get_text(r, ch_limits.project_name_bytes);
    ret->record = get_record(r);
    if (!is_printable(ret->yanked_reason)) {
        ch_rd_fail(r);
    }
}

/* The smallest encodings: a count that cannot fit in what is left is refused before allocation. */
enum {
    STR_MIN_BYTES = 4,
    PAGE_FILE_MIN_BYTES = 5 * STR_MIN_BYTES + 2 * CH_SHA256_BYTES + 8 + 8 + 2
};

static size_t get_count(struct ch_rd *r, uint64_t max, size_t item_min_bytes)
{
    uint32_t n = ch_get_u32(r);
    if (n > max || n > ch_rd_left(r) / item_min_bytes) {
        ch_rd_fail(r);
        return 0;
    }
    return n;
}

static void put_count(struct ch_buf *b, size_t count, uint64_t max)
{
    if (count > max || count > UINT32_MAX) {
        b->failed = true;
    }
    ch_put_u32(b, (uint32_t)count);
}

void ch_page_put(struct ch_buf *b, const struct ch_page *page)
{
    ch_put_str(b, page->project);
    ch_put_u64(b, page->generation);
    ch_put_u8(b, (uint8_t)page->status);
    ch_put_str(b, page->status_reason);
    put_count(b, page->version_count, ch_limits.page_files);
    for (size_t i = 0; i < page->version_count; i++) {
        ch_put_str(b, page->versions[i]);
    }
    put_count(b, page->file_count, ch_limits.channel_files);
    for (size_t i = 0; i < page->file_count; i++) {
        page_file_put(b, &page->files[i]);
    }
}

enum ch_code ch_page_get(struct ch_str payload, struct ch_page *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_page page = {0};
    page.project = get_text(&r, ch_limits.project_name_bytes);
    page.generation = ch_get_u64(&r);
    page.status = (enum ch_project_status)get_enum(&r, CH_STATUS_DEPRECATED);
    page.status_reason = get_text(&r, ch_limits.text_bytes);
    if (!is_printable(page.status_reason)) {
        ch_rd_fail(&r);
    }
    page.version_count = get_count(&r, ch_limits.page_files, STR_MIN_BYTES);
    page.versions = ch_calloc(page.version_count, sizeof(*page.versions));
    for (size_t i = 0; i < page.version_count; i++) {
        page.versions[i] = get_text(&r, ch_limits.version_bytes);
        if (page.versions[i].len == 0) {
            ch_rd_fail(&r);
            break;
        }
    }
    page.file_count = get_count(&r, ch_limits.channel_files, PAGE_FILE_MIN_BYTES);
    page.files = ch_calloc(page.file_count, sizeof(*page.files));
    for (size_t i = 0; i < page.file_count && !r.failed; i++) {
        page_file_get(&r, &page.files[i]);
    }
    if (page.project.len == 0) {
        ch_rd_fail(&r);
    }
    enum ch_code rc = ch_rd_end(&r, "page", err);
    if (rc != CH_OK) {
        ch_page_done(&page);
        return rc;
    }
    *ret = page;
    return CH_OK;
}

void ch_page_done(struct ch_page *page)
{
    free(page->versions);
    free(page->files);
    *page = (struct ch_page){0};
}

void ch_root_page_put(struct ch_buf *b, const struct ch_root_page *page)
{
    ch_put_u64(b, page->generation);
    put_count(b, page->name_count, ch_limits.root_names);
    for (size_t i = 0; i < page->name_count; i++) {
        ch_put_str(b, page->names[i]);
    }
    put_count(b, page->note_count, ch_limits.root_names);
    for (size_t i = 0; i < page->note_count; i++) {
        const struct ch_root_note *n = &page->notes[i];
        ch_put_str(b, n->name);
        ch_put_u64(b, n->held);
        ch_put_u64(b, n->denied);
        ch_put_str(b, n->examples);
        ch_put_i64(b, n->at_us);
    }
}

static void root_note_get(struct ch_rd *r, struct ch_root_note *ret)
{
    ret->name = get_text(r, ch_limits.project_name_bytes);
    ret->held = ch_get_u64(r);
    ret->denied = ch_get_u64(r);
    ret->examples = get_text(r, ch_limits.text_bytes);
    ret->at_us = ch_get_i64(r);
    if (ret->name.len == 0 || !is_printable(ret->examples)) {
        ch_rd_fail(r);
    }
}

enum ch_code ch_root_page_get(struct ch_str payload, struct ch_root_page *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_root_page page = {0};
    page.generation = ch_get_u64(&r);
    page.name_count = get_count(&r, ch_limits.root_names, STR_MIN_BYTES);
    page.names = ch_calloc(page.name_count, sizeof(*page.names));
    for (size_t i = 0; i < page.name_count; i++) {
        page.names[i] = get_text(&r, ch_limits.project_name_bytes);
        if (page.names[i].len == 0) {
            ch_rd_fail(&r);
            break;
        }
    }
    page.note_count = get_count(&r, ch_limits.root_names, STR_MIN_BYTES);
    page.notes = ch_calloc(page.note_count, sizeof(*page.notes));
    for (size_t i = 0; i < page.note_count && !r.failed; i++) {
        root_note_get(&r, &page.notes[i]);
    }
    enum ch_code rc = ch_rd_end(&r, "project list", err);
    if (rc != CH_OK) {
        ch_root_page_done(&page);
        return rc;
    }
    *ret = page;
    return CH_OK;
}

void ch_root_page_done(struct ch_root_page *page)
{
    free(page->names);
    free(page->notes);
    *page = (struct ch_root_page){0};
}
