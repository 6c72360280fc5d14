/* RECORD: every file of the wheel once, with its hash. Installers differ in what they do about
 * files that RECORD does not list, so it must list all. */
#include <stdlib.h>

#include <openssl/evp.h>

#include "customhouse/limits.h"
#include "scanner/python/record.h"
#include "scanner/eco/pypi/wheel/wheel_int.h"

static void digest_chunk(void *arg, const void *ptr, size_t len)
{
    CH_ASSERT(EVP_DigestUpdate(arg, ptr, len) == 1);
}

/* sha384 and sha512 need the content once more; the member pass computed sha256. */
static bool digest_member(struct wheel *w, size_t index, size_t bytes, uint8_t *ret)
{
    struct ch_err err;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    CH_ASSERT(ctx != NULL);
    CH_ASSERT(EVP_DigestInit_ex(ctx, bytes == 48 ? EVP_sha384() : EVP_sha512(), NULL) == 1);
    bool ok = ch_zip_each_chunk(w->zip, index, digest_chunk, ctx, &err) == CH_OK &&
              EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static void check_hash(struct wheel *w, size_t index, struct ch_str text)
{
    const struct ch_zip_member *m = ch_zip_at(w->zip, index);
    struct record_hash stated;
    uint8_t real[EVP_MAX_MD_SIZE];
    if (!record_hash_parse(text, &stated)) {
        wheel_report(w, CH_F_WHEEL_RECORD, m->name,
                     "hash \"%.*s\": sha256, sha384 or sha512 in urlsafe base64 is expected",
                     CH_STR_ARG(text));
        return;
    }
    if (stated.hex) { /* as exact, and compared as well */
        wheel_report(w, CH_F_WHEEL_RECORD_FORM, m->name, "hash \"%.*s\"", CH_STR_ARG(text));
    }
    if (!m->verified) {
        return; /* its own finding says why */
    }
    const uint8_t *found = m->sha256.byte;
    if (stated.bytes != CH_SHA256_BYTES) {
        found = digest_member(w, index, stated.bytes, real) ? real : NULL;
    }
    if (found == NULL || !ch_str_eq((struct ch_str){(const char *)found, stated.bytes},
                                    (struct ch_str){(const char *)stated.byte, stated.bytes})) {
        wheel_report(w, CH_F_WHEEL_RECORD_HASH, m->name, "%.*s", CH_STR_ARG(text));
    }
}

/* RECORD cannot state its own hash, nor can its signatures (spec: "RECORD.jws and RECORD.p7s"). */
static bool is_unhashed(const struct wheel *w, struct ch_str path)
{
    if (!ch_str_starts(path, w->dist_info)) {
        return false;
    }
    struct ch_str rest = ch_str_sub(path, w->dist_info.len, path.len);
    return ch_str_eq(rest, CH_STR("/RECORD")) || ch_str_eq(rest, CH_STR("/RECORD.jws")) ||
           ch_str_eq(rest, CH_STR("/RECORD.p7s"));
}

/* A path below a package of this wheel: one with __init__.py, which is nobody else's. What
 * uninstalls it removes what is listed. */
static bool is_of_own_package(const struct wheel *w, struct ch_str path)
{
    struct ch_str rest = path;
    struct ch_str part;
    struct ch_buf init;
    size_t index;
    bool is = ch_str_split(&rest, '/', &part) && rest.ptr != NULL;
    ch_buf_init(&init, ch_limits.member_path_bytes);
    ch_buf_puts(&init, part);
    ch_buf_puts(&init, CH_STR("/__init__.py"));
    is = is && !init.failed && wheel_find(w, ch_buf_str(&init), &index);
    ch_buf_done(&init);
    while (is && ch_str_split(&rest, '/', &part)) {
        is = part.len > 0 && part.ptr[0] != '.' && !ch_str_find_char(part, '\\', &index);
    }
    return is;
}

static void check_row(struct wheel *w, const struct record_row *r, size_t line, bool *listed)
{
    struct ch_str path = r->path;
    size_t index;
    if (!wheel_find(w, path, &index) || ch_zip_at(w->zip, index)->type == CH_MEMBER_DIR) {
        wheel_report(w, is_of_own_package(w, path) ? CH_F_WHEEL_RECORD_FORM : CH_F_WHEEL_RECORD,
                     path, "line %zu lists a file that is not there", line);
        return;
    }
    if (listed[index]) {
        wheel_report(w, CH_F_WHEEL_RECORD, path, "line %zu lists it a second time", line);
        return;
    }
    listed[index] = true;
    if (r->hash.len > 0) {
        check_hash(w, index, r->hash);
    } else if (!is_unhashed(w, path)) {
        wheel_report(w, CH_F_WHEEL_RECORD, path, "line %zu states no hash", line);
    }
    uint64_t size;
    if (r->size.len > 0 &&
        (!ch_str_u64(r->size, &size) || size != ch_zip_at(w->zip, index)->size_bytes)) {
        wheel_report(w, CH_F_WHEEL_RECORD, path, "line %zu states a size of \"%.*s\", it has %llu",
                     line, CH_STR_ARG(r->size),
                     (unsigned long long)ch_zip_at(w->zip, index)->size_bytes);
    }
}

static void check_rows(struct wheel *w, struct ch_buf *text, struct ch_str record)
{
    bool *listed = ch_calloc(ch_zip_count(w->zip) + 1, sizeof(listed[0]));
    struct record r = record_open(text);
    struct record_row row;
    enum record_result result;
    while ((result = record_next(&r, &row)) == RECORD_ROW) {
        check_row(w, &row, r.line, listed);
    }
    if (result == RECORD_BAD) {
        wheel_report(w, CH_F_WHEEL_RECORD, record, "line %zu is no CSV line of three fields",
                     r.line);
    }
    for (size_t i = 0; result == RECORD_END && i < ch_zip_count(w->zip); i++) {
        const struct ch_zip_member *m = ch_zip_at(w->zip, i);
        if (!listed[i] && m->type != CH_MEMBER_DIR && !is_unhashed(w, m->name)) {
            wheel_report(w, CH_F_WHEEL_RECORD, m->name, "is not listed");
        }
    }
    free(listed);
}

void wheel_check_record(struct wheel *w)
{
    struct ch_buf text;
    struct ch_str member;
    ch_buf_init(&text, ch_limits.record_file_bytes);
    if (wheel_read(w, "RECORD", CH_F_WHEEL_RECORD, false, &text, &member)) {
        check_rows(w, &text, member);
    }
    ch_buf_done(&text);
}
