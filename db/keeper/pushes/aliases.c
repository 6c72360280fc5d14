#include "aliases.h"

#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/scan.h"
#include "db/keeper/asks/ask_int.h"

#define ALGORITHM "sha512"
#define HEX       (2 * CH_ALIAS_MAX_BYTES)

bool aliases_read(struct ch_str text, struct ch_alias *ret)
{
    const struct ch_str prefix = CH_STR(ALGORITHM ":");
    struct ch_str hex = ch_str_sub(text, prefix.len, text.len);
    for (size_t i = 0; i < hex.len; i++) {
        if ((hex.ptr[i] < '0' || hex.ptr[i] > '9') && (hex.ptr[i] < 'a' || hex.ptr[i] > 'f')) {
            return false;
        }
    }
    return ch_str_starts(text, prefix) && ch_alias_from_hex(CH_HASH_SHA512, hex, ret);
}

enum ch_code aliases_find(struct keeper *k, const struct ch_alias *alias, struct ch_sha256 *ret,
                          struct ch_err *err)
{
    struct ch_buf hex;
    ch_buf_init(&hex, HEX);
    ch_alias_put_hex(&hex, alias);
    enum ch_code rc = ch_store_find_alias(k->store, CH_STR(ALGORITHM), ch_buf_str(&hex), ret, err);
    ch_buf_done(&hex);
    return rc;
}

enum ch_code aliases_add(struct keeper *k, const struct ch_alias *alias,
                         const struct ch_sha256 *sha256, struct ch_err *err)
{
    struct ch_buf hex;
    ch_buf_init(&hex, HEX);
    ch_alias_put_hex(&hex, alias);
    enum ch_code rc =
        ch_store_add_alias(k->store, CH_STR(ALGORITHM), ch_buf_str(&hex), sha256, err);
    ch_buf_done(&hex);
    return rc;
}

enum ch_code aliases_of(struct ch_str bytes, struct ch_alias *ret, struct ch_err *err)
{
    int fd = -1;
    enum ch_code rc = jobs_memfd_of(bytes, &fd, err);
    rc = rc == CH_OK ? ch_alias_of_fd(fd, CH_HASH_SHA512, ret, err) : rc;
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

/* ------------------------------------------------------------------ what a jail said */

static bool is_alias(const struct ch_scan_record *rec)
{
    return rec->type == CH_REC_INDEX_FILE && ch_sha256_is_zero(&rec->u.file.sha256) &&
           rec->u.file.alias.kind == CH_HASH_SHA512 &&
           ch_str_starts(rec->u.file.file_name, CH_STR(ALGORITHM "-"));
}

static enum ch_code has_any(struct ch_str stream, bool *ret, struct ch_err *err)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    enum ch_code rc;
    *ret = false;
    ch_scan_reader_init(&reader, stream);
    while (!*ret && (rc = ch_scan_read(&reader, &rec, err)) == CH_OK) {
        *ret = is_alias(&rec);
    }
    return *ret || rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

struct resolving {
    struct keeper *k;
    struct ch_scan_writer *out;
    struct { /* that were written */
        struct ch_sha256 sha256;
        char name[128];
        uint64_t size_bytes;
    } * list;
    size_t count;
};

/* What one digest is, it is everywhere (T6): by whichever name. */
static enum ch_code write_file(struct resolving *r, const struct ch_index_file *f,
                               struct ch_err *err)
{
    for (size_t i = 0; i < r->count; i++) {
        if (ch_sha256_eq(&r->list[i].sha256, &f->sha256)) {
            return ch_str_eq(ch_str_of(r->list[i].name), f->file_name) &&
                           r->list[i].size_bytes == f->size_bytes
                       ? CH_OK
                       : ch_fail(err, CH_E_FORMAT,
                                 "the same bytes are named with two media types or sizes, once by "
                                 "sha256 and once by " ALGORITHM);
        }
    }
    r->list = ch_realloc_array(r->list, r->count + 1, sizeof(*r->list));
    if (!ch_str_copy(f->file_name, r->list[r->count].name, sizeof(r->list[r->count].name))) {
        return ch_fail(err, CH_E_FORMAT, "a file's name is too long");
    }
    r->list[r->count].sha256 = f->sha256;
    r->list[r->count++].size_bytes = f->size_bytes;
    ch_scan_write_index_file(r->out, f);
    return CH_OK;
}

static enum ch_code write_alias(struct resolving *r, struct ch_index_file f, struct ch_err *err)
{
    struct ch_buf name;
    const size_t before = sizeof(ALGORITHM "-") - 1 + HEX;
    enum ch_code rc = aliases_find(r->k, &f.alias, &f.sha256, err);
    if (rc != CH_OK) {
        return rc == CH_E_NOT_FOUND ? ch_fail(err, rc, "it names %.*s: " ALIASES_UNKNOWN,
                                              CH_STR_ARG(ch_str_sub(f.file_name, 0, 20)))
                                    : rc;
    }
    ch_buf_init(&name, 128);
    ch_buf_puts(&name, CH_STR("sha256-"));
    ch_buf_put_hex(&name, f.sha256.byte, sizeof(f.sha256.byte));
    ch_buf_puts(&name, ch_str_sub(f.file_name, before, f.file_name.len));
    f.file_name = ch_buf_str(&name);
    f.alias =
        (struct ch_alias){.kind = CH_HASH_NONE}; /* what it is called by is ours from here on */
    rc = name.failed ? ch_fail(err, CH_E_FORMAT, "a file's name is too long")
                     : write_file(r, &f, err);
    ch_buf_done(&name);
    return rc;
}

static enum ch_code write_record(struct resolving *r, const struct ch_scan_record *rec,
                                 struct ch_err *err)
{
    if (is_alias(rec)) {
        return write_alias(r, rec->u.file, err);
    }
    if (rec->type == CH_REC_INDEX_FILE) {
        return write_file(r, &rec->u.file, err);
    }
    if (rec->type == CH_REC_INDEX_HEAD) {
        ch_scan_write_index_head(r->out, &rec->u.head);
    } else if (rec->type == CH_REC_FACT) {
        ch_scan_write_fact(r->out, rec->u.fact.name, rec->u.fact.value);
    } else if (rec->type == CH_REC_END) {
        return ch_scan_write_end(r->out, &rec->u.end.sha256, rec->u.end.size_bytes, err);
    } else {
        return ch_fail(err, CH_E_FORMAT, "page: unexpected record %d", (int)rec->type);
    }
    return CH_OK;
}

static enum ch_code resolve(struct resolving *r, struct ch_str stream, struct ch_err *err)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    enum ch_code rc;
    ch_scan_reader_init(&reader, stream);
    while ((rc = ch_scan_read(&reader, &rec, err)) == CH_OK) {
        rc = write_record(r, &rec, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code aliases_resolve(struct keeper *k, struct ch_str stream, struct ch_buf *ret,
                             struct ch_err *err)
{
    struct resolving r = {.k = k};
    int fd = -1;
    bool any = false;
    enum ch_code rc = has_any(stream, &any, err);
    if (rc != CH_OK || !any) {
        return rc;
    }
    rc = jobs_memfd("aliases", &fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    r.out = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    rc = resolve(&r, stream, err);
    ch_scan_writer_free(r.out);
    free(r.list);
    rc = rc == CH_OK ? jobs_seal(fd, err) : rc;
    rc = rc == CH_OK ? jobs_read_all(fd, ret, err) : rc;
    close(fd);
    return rc;
}

struct ch_str aliases_fact(struct keeper *k, struct ch_str value, struct ch_buf *b)
{
    struct ch_str digest, rest = value;
    struct ch_alias alias;
    struct ch_sha256 sha256;
    struct ch_err err;
    ch_str_split(&rest, ' ', &digest);
    if (!aliases_read(digest, &alias) || aliases_find(k, &alias, &sha256, &err) != CH_OK) {
        return value;
    }
    size_t at = b->len;
    ch_buf_puts(b, CH_STR("sha256:"));
    ch_buf_put_hex(b, sha256.byte, sizeof(sha256.byte));
    ch_buf_puts(b, ch_str_sub(value, digest.len, value.len));
    return b->failed ? value : ch_str_sub(ch_buf_str(b), at, b->len - at);
}

/* ------------------------------------------------------------------ what clients ask for */

static bool answer_unknown(struct keeper *k, const struct waiter *w, uint64_t ask)
{
    struct ch_file_reply reply = {.ask = ask,
                                  .outcome = CH_FILE_NOT_FOUND,
                                  .size_bytes = CH_SIZE_UNKNOWN,
                                  .text = CH_STR(ALIASES_UNKNOWN)};
    ask_file_reply(k, w, &reply);
    return false;
}

bool aliases_meant(struct keeper *k, struct waiter *w)
{
    const struct ch_str manifests = CH_STR("manifests/"), blobs = CH_STR("blobs/");
    struct ch_ask_file ask;
    struct ch_alias alias;
    struct ch_sha256 sha256;
    struct ch_err err;
    struct ch_buf page, file, payload;
    if (ch_ask_file_get(ch_buf_str(&w->payload), &ask, &err) != CH_OK) {
        return true;
    }
    bool manifest = ch_str_starts(ask.file_name, manifests);
    if ((!manifest && !ch_str_starts(ask.file_name, blobs)) ||
        !aliases_read(
            ch_str_sub(ask.file_name, manifest ? manifests.len : blobs.len, ask.file_name.len),
            &alias)) {
        return true;
    }
    if (aliases_find(k, &alias, &sha256, &err) != CH_OK) {
        return answer_unknown(k, w, ask.ask);
    }
    ch_buf_init(&page, ch_limits.project_name_bytes);
    ch_buf_init(&file, ch_limits.file_name_bytes);
    ch_buf_init(&payload, ch_message_row(CH_MSG_ASK_FILE)->max_bytes);
    ch_buf_puts(&file, CH_STR("sha256:"));
    ch_buf_put_hex(&file, sha256.byte, sizeof(sha256.byte));
    ch_buf_puts(&page, ask.project);
    if (manifest) { /* its own page, as for who says it by sha256 */
        ch_buf_putc(&page, '@');
        ch_buf_puts(&page, ch_buf_str(&file));
    }
    ask.project = ch_buf_str(&page);
    ask.file_name = ch_buf_str(&file);
    ask.any_page = !manifest;
    ask.filter = CH_STR(ALGORITHM); /* the gateway is told what was meant */
    ch_ask_file_put(&payload, &ask);
    bool fits = !page.failed && !file.failed && !payload.failed;
    if (fits) {
        ch_buf_clear(&w->payload);
        ch_buf_puts(&w->payload, ch_buf_str(&payload));
        fits = !w->payload.failed;
    }
    uint64_t number = ask.ask;
    ch_buf_done(&page);
    ch_buf_done(&file);
    ch_buf_done(&payload);
    return fits || answer_unknown(k, w, number);
}
