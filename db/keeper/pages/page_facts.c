#include "page_facts.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "page_replaced.h"
#include "page_unread.h"

void page_content_done(struct ch_file_buf *content)
{
    if (content->mapped > 0) {
        ch_file_buf_done(content);
    } else {
        ch_buf_done(&content->buf);
    }
}

void page_content_init(struct ch_blobs *files, size_t bytes, struct ch_file_buf *ret)
{
    struct ch_err err;
    if (files == NULL || ch_file_buf_open(files, bytes, ret, &err) != CH_OK) {
        *ret = (struct ch_file_buf){.write_fd = -1, .read_fd = -1};
        ch_buf_init(&ret->buf, bytes);
    }
}

struct page_facts page_facts_share(const struct page_facts *p)
{
    ++*p->users;
    return *p;
}

void page_facts_done(struct page_facts *p)
{
    if (p->users == NULL || --*p->users == 0) {
        page_content_done(&p->content);
        free(p->files);
        free(p->replaced);
        free(p->unread);
        free(p->users);
    }
    *p = (struct page_facts){0};
}

static void encode_files(const struct page_fact_file *files, size_t count, struct ch_buf *out)
{
    ch_put_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct page_fact_file *f = &files[i];
        ch_index_file_put(out, &f->index);
        ch_put_u8(out, f->baseline);
        ch_put_i64(out, f->first_seen_at_us);
        ch_put_i64(out, f->last_absent_at_us);
        ch_put_i64(out, f->removed_at_us);
    }
}

static void encode(const struct page_facts *p, struct ch_buf *out)
{
    ch_index_head_put(out, &p->head);
    encode_files(p->files, p->file_count, out);
    /* Of most pages there are none of these, and older ones have no such parts. */
    if (p->replaced_count > 0 || p->left_out > 0) {
        encode_files(p->replaced, p->replaced_count, out);
    }
    if (p->left_out > 0) {
        page_unread_put(p, out);
    }
}

/* Into *ret, free(). */
static size_t decode_files(struct ch_rd *r, struct page_fact_file **ret)
{
    size_t n = 0, count = ch_get_u32(r);
    if (count > ch_limits.channel_files * 2) {
        ch_rd_fail(r);
        count = 0;
    }
    *ret = ch_calloc(count, sizeof(**ret));
    for (; n < count && !r->failed; n++) {
        struct page_fact_file *f = &(*ret)[n];
        ch_index_file_get(r, &f->index);
        uint8_t baseline = ch_get_u8(r);
        if (baseline > 1) {
            ch_rd_fail(r);
        }
        f->baseline = baseline == 1;
        f->first_seen_at_us = ch_get_i64(r);
        f->last_absent_at_us = ch_get_i64(r);
        f->removed_at_us = ch_get_i64(r);
    }
    return n;
}

enum ch_code page_facts_decode(struct ch_buf *content, struct page_facts *ret, struct ch_err *err)
{
    struct ch_file_buf heap = {.buf = *content, .write_fd = -1, .read_fd = -1};
    ch_buf_init(content, content->max);
    return page_facts_decode_file(&heap, ret, err);
}

enum ch_code page_facts_decode_file(struct ch_file_buf *content, struct page_facts *ret,
                                    struct ch_err *err)
{
    struct page_facts p = {.content = *content};
    *content = (struct ch_file_buf){.write_fd = -1, .read_fd = -1};
    struct ch_rd r = ch_rd_of(p.content.buf.ptr, p.content.buf.len);
    ch_index_head_get(&r, &p.head);
    p.file_count = decode_files(&r, &p.files);
    if (!r.failed && ch_rd_left(&r) > 0) {
        p.replaced_count = decode_files(&r, &p.replaced);
        if (!r.failed && ch_rd_left(&r) > 0) {
            page_unread_get(&r, &p);
        } else if (p.replaced_count == 0) {
            ch_rd_fail(&r);
        }
    }
    enum ch_code rc = ch_rd_end(&r, "page snapshot", err);
    if (rc != CH_OK) {
        page_facts_done(&p);
        return rc;
    }
    if (p.content.mapped > 0 && (rc = ch_file_buf_seal(&p.content, err)) != CH_OK) {
        page_facts_done(&p);
        return rc;
    }
    p.users = ch_calloc(1, sizeof(*p.users));
    *p.users = 1;
    *ret = p;
    return CH_OK;
}

static size_t files_bytes(const struct page_fact_file *files, size_t count)
{
    enum { NUMBERS = 512 }; /* digests, times and lengths of strings */
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct ch_index_file *f = &files[i].index;
        n += NUMBERS + f->file_name.len + f->url.len + f->requires_python.len +
             f->yanked_reason.len + f->project.len + f->version.len + f->build.len + f->record.len;
    }
    return n;
}

/* Not less than encode() makes of it. */
static size_t encoded_bytes(const struct page_facts *p)
{
    enum { HEAD = 4096 };
    size_t n = HEAD + p->unread_count * 2 * (ch_limits.file_name_bytes + 8) + p->head.project.len +
               p->head.status_reason.len + files_bytes(p->files, p->file_count) +
               files_bytes(p->replaced, p->replaced_count);
    return n < ch_limits.channel_answer_bytes ? n : (size_t)ch_limits.channel_answer_bytes;
}

/* Encodes `p`, whose slices may borrow from anywhere, into one that owns its content. Its files are
 * freed: of a large page there is no room for them twice. */
static enum ch_code settle(struct page_facts *p, struct ch_blobs *files, struct page_facts *ret,
                           struct ch_err *err)
{
    struct ch_file_buf content;
    page_content_init(files, encoded_bytes(p), &content);
    encode(p, &content.buf);
    free(p->files);
    free(p->replaced);
    free(p->unread);
    p->files = p->replaced = NULL;
    p->unread = NULL;
    enum ch_code rc = ch_buf_ok(&content.buf, err);
    if (rc == CH_OK) {
        rc = page_facts_decode_file(&content, ret, err);
    }
    page_content_done(&content);
    return rc;
}

static bool same_bytes(const struct ch_index_file *a, const struct ch_index_file *b)
{
    bool same = ch_sha256_is_zero(&a->sha256) || ch_sha256_is_zero(&b->sha256) ||
                ch_sha256_eq(&a->sha256, &b->sha256);
    return same && (a->alias.kind != b->alias.kind || ch_alias_eq(&a->alias, &b->alias));
}

/* T7: of the times that were ever stated for these bytes the latest counts, or an index that takes
 * back what it said would end a cool-down by that. But they are as old as our own page with them:
 * what was stated beyond that was wrong, and an index may mend it. */
static int64_t stated_time(const struct ch_index_file *now, const struct ch_index_file *known,
                           int64_t first_seen_at_us)
{
    if (now->uploaded_at_us == CH_TIME_UNKNOWN || known->uploaded_at_us == CH_TIME_UNKNOWN) {
        return now->uploaded_at_us == CH_TIME_UNKNOWN ? known->uploaded_at_us : now->uploaded_at_us;
    }
    int64_t bound =
        known->uploaded_at_us < first_seen_at_us ? known->uploaded_at_us : first_seen_at_us;
    return now->uploaded_at_us > bound ? now->uploaded_at_us : bound;
}

/* Keeps what is known and the new answer does not say. Not whether it is yanked: both forms of a
 * page can state that (PEP 592, 691), so that a page without the mark says that it is not. */
static void keep_known(struct ch_index_file *now, const struct ch_index_file *known,
                       int64_t first_seen_at_us)
{
    if (ch_sha256_is_zero(&now->sha256)) {
        now->sha256 = known->sha256;
    }
    if (now->alias.kind < known->alias.kind) {
        now->alias = known->alias; /* the stronger one */
    }
    if (now->size_bytes == CH_SIZE_UNKNOWN) {
        now->size_bytes = known->size_bytes;
    }
    now->uploaded_at_us = stated_time(now, known, first_seen_at_us);
    if (now->requires_python.len == 0) {
        now->requires_python = known->requires_python;
    }
    if (now->sidecar < known->sidecar) {
        now->sidecar = known->sidecar;
        now->sidecar_sha256 = known->sidecar_sha256;
    }
}

/* Values of this map are indices plus one: NULL stays "absent". */
static void map_index(struct ch_map *map, struct ch_str name, size_t index)
{
    ch_map_set(map, name, (void *)(uintptr_t)(index + 1));
}

static size_t index_plus_1(const struct ch_map *map, struct ch_str name)
{
    return (size_t)(uintptr_t)ch_map_get(map, name);
}

struct merge {
    const struct page_facts *old;
    int64_t old_checked_at_us;
    int64_t now_us;
    const struct ch_sha256 *received; /* per old file: zero, nothing was; NULL: of none */
    bool dated_before;                /* the answer's own date is before that of the known one */
    struct ch_map *old_by_name;
    bool *seen;              /* per old file: still listed with the same bytes */
    struct ch_map *left_out; /* by name: it is listed, by an entry that cannot be read */
    struct page_replaced replaced;
    page_facts_change_fn *changed;
    void *ctx;
    struct page_facts out;
    size_t cap;
};

static struct page_fact_file *append(struct merge *m)
{
    if (m->out.file_count == m->cap) {
        m->cap = m->cap == 0 ? 64 : m->cap * 2;
        m->out.files = ch_realloc_array(m->out.files, m->cap, sizeof(*m->out.files));
    }
    struct page_fact_file *f = &m->out.files[m->out.file_count++];
    *f = (struct page_fact_file){0};
    return f;
}

/* T7: a hash that the index states only now is compared with the bytes that came while it stated
 * none: others do not inherit their age. */
static bool received_others(const struct merge *m, size_t at, const struct ch_index_file *file)
{
    return m->received != NULL && !ch_sha256_is_zero(&m->received[at]) &&
           ch_sha256_is_zero(&m->old->files[at].index.sha256) &&
           !ch_sha256_is_zero(&file->sha256) && !ch_sha256_eq(&m->received[at], &file->sha256);
}

static void merge_file(struct merge *m, const struct ch_index_file *file)
{
    struct page_fact_file *f = append(m);
    f->index = *file;
    f->first_seen_at_us = m->now_us;
    f->last_absent_at_us = CH_TIME_UNKNOWN;
    f->removed_at_us = CH_TIME_UNKNOWN;
    if (m->old == NULL) {
        f->baseline = true;
        return;
    }
    size_t at = index_plus_1(m->old_by_name, file->file_name);
    const struct page_fact_file *known = at > 0 ? &m->old->files[at - 1] : NULL;
    bool same = known != NULL && ch_str_eq(known->index.project, file->project) &&
                same_bytes(&known->index, file) && !received_others(m, at - 1, file);
    bool surely = same && page_same_hash(&known->index, file);
    const struct page_fact_file *former =
        surely ? NULL : page_replaced_take(&m->replaced, file, m->now_us);
    if (former != NULL) {
        known = former;
    } else if (same) {
        m->seen[at - 1] = true;
    } else {
        /* A new file, or other bytes under a known name: keep_removed keeps what it stood for. */
        f->last_absent_at_us = m->old_checked_at_us;
        m->changed(m->ctx, CH_SIGHTING_APPEARED, file->file_name, &file->sha256,
                   f->last_absent_at_us);
        return;
    }
    keep_known(&f->index, &known->index, known->first_seen_at_us);
    f->baseline = known->baseline;
    f->first_seen_at_us = known->first_seen_at_us;
    f->last_absent_at_us = known->last_absent_at_us;
    if (known->removed_at_us != CH_TIME_UNKNOWN) {
        m->changed(m->ctx, CH_SIGHTING_RETURNED, file->file_name, &f->index.sha256,
                   m->old_checked_at_us);
    }
}

/* It did not vanish: it is listed by an entry that says nothing, which takes nothing away. */
static bool is_left_out(const struct merge *m, const struct page_fact_file *known)
{
    return m->left_out != NULL && index_plus_1(m->left_out, known->index.file_name) > 0;
}

/* The name stands for other bytes. Where no hash was stated, those that came are what it stood for.
 * What an answer that lists it again states anew is not kept. */
static void keep_replaced(struct merge *m, size_t at)
{
    const struct ch_str none = {NULL, 0};
    struct page_fact_file f = m->old->files[at];
    if (f.removed_at_us == CH_TIME_UNKNOWN) {
        f.removed_at_us = m->now_us;
    }
    if (ch_sha256_is_zero(&f.index.sha256) && m->received != NULL) {
        f.index.sha256 = m->received[at];
    }
    f.index.yanked = false;
    f.index.yanked_reason = f.index.build = f.index.record = none;
    if (page_same_hash(&f.index, &f.index)) { /* else nothing can be told to be it */
        page_replaced_add(&m->out.replaced, &m->out.replaced_count, &f);
    }
}

/* Files the new answer no longer lists stay, marked; but a name is on the page once: of one that
 * stands for other bytes now, what it stood for is kept aside. */
static void keep_removed(struct merge *m)
{
    size_t listed = m->out.file_count;
    struct ch_map *names = ch_map_new();
    for (size_t i = 0; i < listed; i++) {
        map_index(names, m->out.files[i].index.file_name, i);
    }
    for (size_t i = 0; m->old != NULL && i < m->old->file_count; i++) {
        const struct page_fact_file *known = &m->old->files[i];
        if (m->seen[i]) {
            continue;
        }
        if (index_plus_1(names, known->index.file_name) == 0 && is_left_out(m, known)) {
            *append(m) = *known;
            continue;
        }
        if (known->removed_at_us == CH_TIME_UNKNOWN) {
            m->changed(m->ctx, CH_SIGHTING_REMOVED, known->index.file_name, &known->index.sha256,
                       CH_TIME_UNKNOWN);
        }
        if (index_plus_1(names, known->index.file_name) > 0) {
            keep_replaced(m, i);
            continue;
        }
        struct page_fact_file *f = append(m);
        *f = *known;
        if (f->removed_at_us == CH_TIME_UNKNOWN) {
            f->removed_at_us = m->now_us;
        }
    }
    page_replaced_keep(&m->replaced, m->now_us, &m->out.replaced, &m->out.replaced_count);
    ch_map_free(names);
}

#define OLDER_ADVICE "; if it counts anew: customhouse own NAME --accept-older"

/* T5: nothing is taken away by an answer that says less, or that is older than what is known. */
static enum ch_code merge_head(struct merge *m, const struct ch_index_head *now, struct ch_err *err)
{
    const struct ch_index_head *known = m->old == NULL ? NULL : &m->old->head;
    m->out.head = *now;
    if (known == NULL) {
        return CH_OK;
    }
    if (now->serial != 0 && now->serial < known->serial) {
        return ch_fail(err, CH_E_CONFLICT,
                       "the upstream's answer is older than what is known (serial %llu, not "
                       "%llu)" OLDER_ADVICE,
                       (unsigned long long)now->serial, (unsigned long long)known->serial);
    }
    if (m->dated_before && (now->serial == 0 || known->serial == 0)) {
        return ch_fail(
            err, CH_E_CONFLICT,
            "the upstream's answer is older than what is known (Last-Modified)" OLDER_ADVICE);
    }
    if (now->serial == 0) {
        m->out.head.serial = known->serial;
    }
    if (!now->states_status) {
        m->out.head.status = known->status;
        m->out.head.status_reason = known->status_reason;
    }
    return CH_OK;
}

static enum ch_code merge_stream(struct merge *m, struct ch_str stream, struct ch_err *err)
{
    struct ch_scan_reader reader;
    ch_scan_reader_init(&reader, stream);
    struct ch_scan_record rec;
    bool head = false;
    enum ch_code rc;
    while ((rc = ch_scan_read(&reader, &rec, err)) == CH_OK) {
        if (rec.type == CH_REC_INDEX_HEAD && !head) {
            head = true;
            rc = merge_head(m, &rec.u.head, err);
            if (rc != CH_OK) {
                return rc;
            }
        } else if (rec.type == CH_REC_INDEX_FILE && head) {
            uint64_t most =
                rec.u.file.project.len > 0 ? ch_limits.channel_files : ch_limits.page_files;
            if (m->out.file_count >= most) {
                return ch_fail(err, CH_E_LIMIT, "more than %llu files on a page",
                               (unsigned long long)most);
            }
            merge_file(m, &rec.u.file);
        } else if (rec.type == CH_REC_FACT && ch_str_eq(rec.u.fact.name, CH_STR("skipped"))) {
            map_index(m->left_out, rec.u.fact.value, 0);
            page_unread_add(&m->out, rec.u.fact.value);
        } else if (rec.type == CH_REC_FACT && ch_str_eq(rec.u.fact.name, CH_STR("skipped-for"))) {
            page_unread_because(&m->out, rec.u.fact.value);
        } else if (rec.type != CH_REC_END && rec.type != CH_REC_FACT) {
            return ch_fail(err, CH_E_FORMAT, "page: unexpected record %d", (int)rec.type);
        }
    }
    if (rc != CH_E_NOT_FOUND) {
        return rc;
    }
    return head ? CH_OK : ch_fail(err, CH_E_FORMAT, "page: no head record");
}

enum ch_code page_facts_merge(const struct page_facts *old, int64_t old_checked_at_us,
                              const struct ch_sha256 *received, bool dated_before,
                              struct ch_str stream, int64_t now_us, page_facts_change_fn *changed,
                              void *ctx, struct ch_blobs *files, struct page_facts *ret,
                              struct ch_err *err)
{
    struct merge m = {.old = old,
                      .received = received,
                      .dated_before = dated_before,
                      .old_checked_at_us = old_checked_at_us,
                      .now_us = now_us,
                      .old_by_name = ch_map_new(),
                      .left_out = ch_map_new(),
                      .changed = changed,
                      .ctx = ctx};
    m.seen = ch_calloc(old == NULL ? 1 : old->file_count, sizeof(bool));
    page_replaced_init(&m.replaced, old);
    for (size_t i = 0; old != NULL && i < old->file_count; i++) {
        map_index(m.old_by_name, old->files[i].index.file_name, i);
    }
    enum ch_code rc = merge_stream(&m, stream, err);
    if (rc == CH_OK) {
        keep_removed(&m);
        rc = settle(&m.out, files, ret, err);
    }
    ch_map_free(m.old_by_name);
    ch_map_free(m.left_out);
    page_replaced_done(&m.replaced);
    free(m.seen);
    free(m.out.files);
    free(m.out.replaced);
    free(m.out.unread);
    return rc;
}

enum ch_code page_facts_vanish(const struct page_facts *old, int64_t now_us,
                               page_facts_change_fn *changed, void *ctx, struct page_facts *ret,
                               struct ch_err *err)
{
    struct merge m = {.old = old, .now_us = now_us, .changed = changed, .ctx = ctx};
    m.seen = ch_calloc(old->file_count + 1, sizeof(bool));
    page_replaced_init(&m.replaced, old);
    m.out.head = old->head;
    keep_removed(&m);
    enum ch_code rc = settle(&m.out, NULL, ret, err);
    page_replaced_done(&m.replaced);
    free(m.seen);
    free(m.out.files);
    free(m.out.replaced);
    return rc;
}

enum ch_code page_facts_forget_serial(const struct page_facts *page, struct page_facts *ret,
                                      struct ch_err *err)
{
    struct page_facts p = *page;
    p.head.serial = 0;
    p.files = ch_calloc(p.file_count, sizeof(*p.files));
    memcpy(p.files, page->files, p.file_count * sizeof(*p.files));
    p.replaced = page_replaced_copy(page);
    p.unread = page_unread_copy(page);
    return settle(&p, NULL, ret, err);
}

static enum ch_code fill_stream(struct page_facts *filled, const struct ch_map *by_name,
                                struct ch_str stream, struct ch_err *err)
{
    struct ch_scan_reader reader;
    ch_scan_reader_init(&reader, stream);
    struct ch_scan_record rec;
    enum ch_code rc;
    while ((rc = ch_scan_read(&reader, &rec, err)) == CH_OK) {
        size_t at = rec.type == CH_REC_INDEX_FILE ? index_plus_1(by_name, rec.u.file.file_name) : 0;
        if (at == 0) {
            continue;
        }
        struct page_fact_file *fact = &filled->files[at - 1];
        struct ch_index_file *f = &fact->index;
        if (!same_bytes(f, &rec.u.file)) {
            return ch_fail(err, CH_E_MISMATCH,
                           "the upstream's two documents state different hashes for %.*s",
                           CH_STR_ARG(f->file_name));
        }
        keep_known(f, &rec.u.file, fact->first_seen_at_us);
    }
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code page_facts_fill(struct page_facts *page, struct ch_str stream, struct ch_err *err)
{
    struct ch_map *by_name = ch_map_new();
    struct page_facts filled = *page;
    filled.files = ch_calloc(page->file_count, sizeof(*filled.files));
    filled.replaced = page_replaced_copy(page);
    filled.unread = page_unread_copy(page);
    for (size_t i = 0; i < page->file_count; i++) {
        filled.files[i] = page->files[i];
        map_index(by_name, page->files[i].index.file_name, i);
    }
    struct page_facts settled;
    enum ch_code rc = fill_stream(&filled, by_name, stream, err);
    if (rc == CH_OK) {
        rc = settle(&filled, NULL, &settled, err);
    }
    if (rc == CH_OK) {
        page_facts_done(page);
        *page = settled;
    }
    free(filled.files);
    free(filled.replaced);
    free(filled.unread);
    ch_map_free(by_name);
    return rc;
}

bool page_facts_lack_details(const struct page_facts *page)
{
    for (size_t i = 0; i < page->file_count; i++) {
        const struct page_fact_file *f = &page->files[i];
        if (f->removed_at_us == CH_TIME_UNKNOWN && (f->index.uploaded_at_us == CH_TIME_UNKNOWN ||
                                                    f->index.size_bytes == CH_SIZE_UNKNOWN)) {
            return true;
        }
    }
    return false;
}
