/* RECORD: every file of the wheel once, with its hash.
 *
 * Spec: recording installed packages; "a CSV file, readable with the default reader of Python's csv
 * module"; hashes urlsafe-base64 without padding; md5 and sha1 not allowed. Installers differ in
 * what they do about files that RECORD does not list, so it must list all. */
#include <stdlib.h>

#include <openssl/evp.h>

#include "customhouse/limits.h"
#include "scanner/eco/pypi/wheel/wheel_int.h"

static const struct {
    struct ch_str name;
    size_t bytes;
} algorithms[] = {
    {{"sha256", 6}, 32},
    {{"sha384", 6}, 48},
    {{"sha512", 6}, 64},
};

struct row {
    struct ch_str field[3]; /* path, hash, size */
};

enum row_result { ROW_OK, ROW_END, ROW_BAD };

/* One field. The value of a quoted one is written over its own text, which is ours to change. */
static bool take_field(struct ch_buf *text, size_t *at, struct ch_str *ret)
{
    char *p = text->ptr;
    size_t from = *at;
    if (from >= text->len || p[from] != '"') {
        size_t i = from;
        while (i < text->len && p[i] != ',' && p[i] != '\n' && p[i] != '\r' && p[i] != '"') {
            i++;
        }
        *ret = (struct ch_str){p + from, i - from};
        *at = i;
        return i == text->len || p[i] != '"';
    }
    size_t to = from;
    size_t i = from + 1;
    while (i < text->len) {
        if (p[i] == '"') {
            if (i + 1 >= text->len || p[i + 1] != '"') {
                *ret = (struct ch_str){p + from, to - from};
                *at = i + 1;
                return true;
            }
            i++;
        }
        p[to++] = p[i++];
    }
    return false;
}

/* One line of exactly three fields; blank lines are skipped, as csv readers do. */
static enum row_result take_row(struct ch_buf *text, size_t *at, size_t *line, struct row *ret)
{
    while (*at < text->len && (text->ptr[*at] == '\n' || text->ptr[*at] == '\r')) {
        *line += text->ptr[(*at)++] == '\n';
    }
    if (*at >= text->len) {
        return ROW_END;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(ret->field); i++) {
        if (i > 0 && (*at >= text->len || text->ptr[(*at)++] != ',')) {
            return ROW_BAD;
        }
        if (!take_field(text, at, &ret->field[i])) {
            return ROW_BAD;
        }
    }
    if (*at < text->len && text->ptr[*at] == '\r') {
        (*at)++;
    }
    return *at >= text->len || text->ptr[*at] == '\n' ? ROW_OK : ROW_BAD;
}

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '-'             ? 62
           : c == '_'             ? 63
                                  : -1;
}

/* RFC 4648 section 5 without padding, of exactly `len` bytes; bits left over must be 0. */
static bool base64_decode(struct ch_str s, uint8_t *ret, size_t len)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    if (s.len != (len * 8 + 5) / 6) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        int d = base64_digit(s.ptr[i]);
        if (d < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)d) & 0xffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            ret[n++] = (uint8_t)(bits >> have);
        }
    }
    return n == len && (bits & ((1u << have) - 1)) == 0;
}

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
    uint8_t stated[EVP_MAX_MD_SIZE];
    uint8_t real[EVP_MAX_MD_SIZE];
    struct ch_str name;
    struct ch_str value = text;
    CH_IGNORE(ch_str_split(&value, '=', &name));
    size_t bytes = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(algorithms); i++) {
        bytes = ch_str_eq(name, algorithms[i].name) ? algorithms[i].bytes : bytes;
    }
    if (bytes != 0 && ch_hex_decode(value, stated, bytes)) { /* as exact, and compared as well */
        wheel_report(w, CH_F_WHEEL_RECORD_FORM, m->name, "hash \"%.*s\"", CH_STR_ARG(text));
    } else if (bytes == 0 || !base64_decode(value, stated, bytes)) {
        wheel_report(w, CH_F_WHEEL_RECORD, m->name,
                     "hash \"%.*s\": sha256, sha384 or sha512 in urlsafe base64 is expected",
                     CH_STR_ARG(text));
        return;
    }
    if (!m->verified) {
        return; /* its own finding says why */
    }
    const uint8_t *found = m->sha256.byte;
    if (bytes != CH_SHA256_BYTES) {
        found = digest_member(w, index, bytes, real) ? real : NULL;
    }
    if (found == NULL || !ch_str_eq((struct ch_str){(const char *)found, bytes},
                                    (struct ch_str){(const char *)stated, bytes})) {
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

/* A path below a package of this wheel: one with __init__.py, which is nobody else's. What uninstalls it removes
 * what is listed. */
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

static void check_row(struct wheel *w, const struct row *r, size_t line, bool *listed)
{
    struct ch_str path = r->field[0];
    size_t index;
    if (!wheel_find(w, path, &index) || ch_zip_at(w->zip, index)->type == CH_MEMBER_DIR) {
        wheel_report(w, is_of_own_package(w, path) ? CH_F_WHEEL_RECORD_FORM : CH_F_WHEEL_RECORD, path,
                     "line %zu lists a file that is not there", line);
        return;
    }
    if (listed[index]) {
        wheel_report(w, CH_F_WHEEL_RECORD, path, "line %zu lists it a second time", line);
        return;
    }
    listed[index] = true;
    if (r->field[1].len > 0) {
        check_hash(w, index, r->field[1]);
    } else if (!is_unhashed(w, path)) {
        wheel_report(w, CH_F_WHEEL_RECORD, path, "line %zu states no hash", line);
    }
    uint64_t size;
    if (r->field[2].len > 0 &&
        (!ch_str_u64(r->field[2], &size) || size != ch_zip_at(w->zip, index)->size_bytes)) {
        wheel_report(w, CH_F_WHEEL_RECORD, path, "line %zu states a size of \"%.*s\", it has %llu",
                     line, CH_STR_ARG(r->field[2]),
                     (unsigned long long)ch_zip_at(w->zip, index)->size_bytes);
    }
}

static void check_rows(struct wheel *w, struct ch_buf *text, struct ch_str record)
{
    bool *listed = ch_calloc(ch_zip_count(w->zip) + 1, sizeof(listed[0]));
    size_t at = 0;
    size_t line = 1;
    struct row row;
    enum row_result result;
    while ((result = take_row(text, &at, &line, &row)) == ROW_OK) {
        check_row(w, &row, line, listed);
    }
    if (result == ROW_BAD) {
        wheel_report(w, CH_F_WHEEL_RECORD, record, "line %zu is no CSV line of three fields", line);
    }
    for (size_t i = 0; result == ROW_END && i < ch_zip_count(w->zip); i++) {
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
