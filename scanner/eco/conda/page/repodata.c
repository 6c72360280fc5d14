#include "scanner/eco/conda/page/repodata.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "scanner/eco/conda/page/canonical.h"
#include "scanner/eco/conda/page/names.h"

/* Keys of a record that are passed on, in order, with what they have to be. */
enum key {
    K_ARCH,
    K_BUILD,
    K_BUILD_NUMBER,
    K_CONSTRAINS,
    K_DEPENDS,
    K_FEATURES,
    K_LEGACY_MD5,
    K_LEGACY_SIZE,
    K_LICENSE,
    K_LICENSE_FAMILY,
    K_MD5,
    K_NAME,
    K_NOARCH,
    K_PLATFORM,
    K_SITE_PACKAGES,
    K_SHA256,
    K_SIZE,
    K_SUBDIR,
    K_TIMESTAMP,
    K_TRACK_FEATURES,
    K_VERSION,
    K_COUNT
};

static const struct {
    const char *key;
    enum ch_conda_kind kind;
    bool may_be_null;
} keys[K_COUNT] = {
    [K_ARCH] = {"arch", CH_CONDA_STRING, true},
    [K_BUILD] = {"build", CH_CONDA_STRING, false},
    [K_BUILD_NUMBER] = {"build_number", CH_CONDA_NUMBER, false},
    [K_CONSTRAINS] = {"constrains", CH_CONDA_LIST, false},
    [K_DEPENDS] = {"depends", CH_CONDA_LIST, false},
    [K_FEATURES] = {"features", CH_CONDA_STRING, true},
    [K_LEGACY_MD5] = {"legacy_bz2_md5", CH_CONDA_STRING, false},
    [K_LEGACY_SIZE] = {"legacy_bz2_size", CH_CONDA_NUMBER, false},
    [K_LICENSE] = {"license", CH_CONDA_STRING, true},
    [K_LICENSE_FAMILY] = {"license_family", CH_CONDA_STRING, true},
    [K_MD5] = {"md5", CH_CONDA_STRING, false},
    [K_NAME] = {"name", CH_CONDA_STRING, false},
    [K_NOARCH] = {"noarch", CH_CONDA_STRING, true},
    [K_PLATFORM] = {"platform", CH_CONDA_STRING, true},
    [K_SITE_PACKAGES] = {"python_site_packages_path", CH_CONDA_STRING, true},
    [K_SHA256] = {"sha256", CH_CONDA_STRING, false},
    [K_SIZE] = {"size", CH_CONDA_NUMBER, false},
    [K_SUBDIR] = {"subdir", CH_CONDA_STRING, false},
    [K_TIMESTAMP] = {"timestamp", CH_CONDA_NUMBER, false},
    [K_TRACK_FEATURES] = {"track_features", CH_CONDA_STRING, true},
    [K_VERSION] = {"version", CH_CONDA_STRING, false},
};

struct value {        /* in repodata.values, as it is spelled */
    size_t from, len; /* len 0: not there */
};

struct repodata {
    const struct ch_scan_job *job;
    struct ch_scan_writer *out;
    struct ch_conda_in in;
    struct ch_conda_names files; /* of both groups */
    struct ch_buf base;          /* where packages lie */
    struct ch_buf text;          /* a key */
    struct ch_buf file_name;
    struct ch_buf values;
    struct value value[K_COUNT]; /* of the record at hand */
    int last_key;                /* that was found */
    struct ch_buf record, url;
    uint64_t count, skipped;
    bool has_packages;
};

static struct ch_str spelling(const struct repodata *d, enum key k)
{
    return ch_str_sub(ch_buf_str(&d->values), d->value[k].from, d->value[k].len);
}

/* A string that needs no escape: what names and digests are. Absent: it is another one, or not
 * there. */
static struct ch_str plain(const struct repodata *d, enum key k)
{
    struct ch_str s = spelling(d, k);
    return s.len > 2 && s.ptr[0] == '"' && !ch_str_find_char(s, '\\', NULL)
               ? ch_str_sub(s, 1, s.len - 2)
               : (struct ch_str){NULL, 0};
}

/* --- a record --- */

static bool is_known_type(enum key k, enum ch_conda_kind kind, struct ch_str spelled)
{
    bool same =
        kind == keys[k].kind ||
        (keys[k].may_be_null && kind == CH_CONDA_WORD && ch_str_eq(spelled, CH_STR("null"))) ||
        (k == K_TRACK_FEATURES && kind == CH_CONDA_LIST); /* older ones */
    return same && (keys[k].kind != CH_CONDA_NUMBER || spelled.ptr[0] != '-');
}

/* Most records have them in order: looked for from behind the last one. */
static int find_key(struct repodata *d, struct ch_str key)
{
    for (int i = 1; i <= K_COUNT; i++) {
        int k = (d->last_key + i) % K_COUNT;
        if (ch_str_eq(key, ch_str_of(keys[k].key))) {
            d->last_key = k;
            return k;
        }
    }
    return -1;
}

/* Of keys that are none of ours: most records have none. */
static bool is_twice(struct ch_map **others, struct ch_str key)
{
    if (*others == NULL) {
        *others = ch_map_new();
    }
    return ch_map_set(*others, key, others) != NULL;
}

/* One key and its value. *ret_good: of a known type, or passed over. */
static enum ch_code read_field(struct repodata *d, struct ch_map **others, bool *ret_good)
{
    ch_buf_clear(&d->text);
    enum ch_code rc = ch_conda_string(&d->in, &d->text);
    if (rc != CH_OK) {
        return rc;
    }
    int k = find_key(d, ch_buf_str(&d->text));
    if (k >= 0 ? d->value[k].len > 0 : is_twice(others, ch_buf_str(&d->text))) {
        return ch_conda_expected(&d->in, "no key twice in a record");
    }
    if (!ch_conda_take(&d->in, ':')) {
        return ch_conda_expected(&d->in, "':'");
    }
    size_t from = d->values.len;
    enum ch_conda_kind kind;
    rc = ch_conda_value(&d->in, &d->values, &kind);
    struct ch_str spelled = ch_str_sub(ch_buf_str(&d->values), from, d->values.len - from);
    if (rc == CH_OK && k >= 0) {
        d->value[k] = (struct value){from, spelled.len};
        *ret_good = *ret_good && is_known_type((enum key)k, kind, spelled);
    } else if (rc == CH_OK) {
        d->values.len = from;
    }
    return rc;
}

static enum ch_code read_fields(struct repodata *d, bool *ret_good)
{
    struct ch_map *others = NULL;
    enum ch_code rc = CH_OK;
    ch_buf_clear(&d->values);
    for (int k = 0; k < K_COUNT; k++) {
        d->value[k] = (struct value){0};
    }
    *ret_good = true;
    if (!ch_conda_take(&d->in, '{')) {
        rc = ch_conda_expected(&d->in, "a record");
    } else if (!ch_conda_take(&d->in, '}')) {
        do {
            rc = read_field(d, &others, ret_good);
        } while (rc == CH_OK && ch_conda_take(&d->in, ','));
        if (rc == CH_OK && !ch_conda_take(&d->in, '}')) {
            rc = ch_conda_expected(&d->in, "',' or '}'");
        }
    }
    ch_map_free(others);
    return rc;
}

static bool is_version_part(struct ch_str s)
{
    return s.len > 0 && s.len <= ch_limits.version_bytes && !ch_str_find_char(s, '-', NULL);
}

static bool is_named_so(const struct repodata *d, struct ch_str ending, struct ch_index_file *f)
{
    struct ch_str rest = f->file_name;
    const struct ch_str parts[] = {f->project,  CH_STR("-"), f->version,
                                   CH_STR("-"), f->build,    ending};
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        if (!ch_str_starts(rest, parts[i])) {
            return false;
        }
        rest = ch_str_sub(rest, parts[i].len, rest.len);
    }
    return rest.len == 0 && ch_conda_name_ok(f->project) && is_version_part(f->version) &&
           is_version_part(f->build) && ch_index_file_name_ok(f->file_name) &&
           (d->value[K_SUBDIR].len == 0 || ch_str_eq(plain(d, K_SUBDIR), d->job->project));
}

static bool read_number(const struct repodata *d, enum key k, uint64_t *ret)
{
    return d->value[k].len == 0 || ch_str_u64(spelling(d, k), ret);
}

/* Milliseconds; older ones have seconds, as conda takes them: 253402300799 is the end of the year
 * 9999. */
static bool read_time(const struct repodata *d, int64_t *ret_us)
{
    const uint64_t last_s = 253402300799;
    uint64_t at = 0;
    if (d->value[K_TIMESTAMP].len == 0) {
        return true;
    }
    if (!read_number(d, K_TIMESTAMP, &at) || at / 1000 > last_s) {
        return false;
    }
    *ret_us = at == 0 ? CH_TIME_UNKNOWN : (int64_t)at * (at <= last_s ? 1000000 : 1000);
    return true;
}

static bool read_hashes(const struct repodata *d, struct ch_index_file *f)
{
    struct ch_str md5 = plain(d, K_MD5), sha256 = plain(d, K_SHA256);
    return (d->value[K_SHA256].len == 0 || ch_sha256_from_hex(sha256, &f->sha256)) &&
           (d->value[K_MD5].len == 0 || ch_alias_from_hex(CH_HASH_MD5, md5, &f->alias)) &&
           (sha256.len > 0 || md5.len > 0);
}

/* The record in one spelling: its known keys, in order. */
static bool put_record(struct repodata *d)
{
    ch_buf_clear(&d->record);
    ch_buf_putc(&d->record, '{');
    for (int k = 0; k < K_COUNT; k++) {
        struct ch_str value = spelling(d, (enum key)k);
        if (k == K_DEPENDS && value.len == 0) {
            value = CH_STR("[]"); /* what clients take it for: renderers add to it */
        }
        if (value.len > 0) {
            ch_buf_puts(&d->record, d->record.len > 1 ? CH_STR(",\"") : CH_STR("\""));
            ch_buf_puts(&d->record, ch_str_of(keys[k].key));
            ch_buf_puts(&d->record, CH_STR("\":"));
            ch_buf_puts(&d->record, value);
        }
    }
    ch_buf_putc(&d->record, '}');
    return !d->record.failed;
}

static bool put_url(struct repodata *d, struct ch_str file_name)
{
    ch_buf_clear(&d->url);
    ch_buf_puts(&d->url, ch_buf_str(&d->base));
    for (size_t i = 0; i < file_name.len; i++) {
        unsigned char c = (unsigned char)file_name.ptr[i];
        if (c > 0x20 && c < 0x7f && !ch_str_find_char(CH_STR("%?#\"<>\\^`{|}"), (char)c, NULL)) {
            ch_buf_putc(&d->url, (char)c);
        } else {
            ch_buf_printf(&d->url, "%%%02X", c);
        }
    }
    return !d->url.failed && ch_index_url_ok(ch_buf_str(&d->url));
}

static bool make_file(struct repodata *d, struct ch_str ending, struct ch_index_file *f)
{
    *f = (struct ch_index_file){.file_name = ch_buf_str(&d->file_name),
                                .size_bytes = CH_SIZE_UNKNOWN,
                                .uploaded_at_us = CH_TIME_UNKNOWN,
                                .project = plain(d, K_NAME),
                                .version = plain(d, K_VERSION),
                                .build = plain(d, K_BUILD)};
    if (!is_named_so(d, ending, f) || !read_number(d, K_SIZE, &f->size_bytes) ||
        !read_time(d, &f->uploaded_at_us) || !read_hashes(d, f) || !put_record(d) ||
        !put_url(d, f->file_name)) {
        return false;
    }
    f->record = ch_buf_str(&d->record);
    f->url = ch_buf_str(&d->url);
    return true;
}

static enum ch_code read_entry(struct repodata *d, struct ch_str ending, struct ch_err *err)
{
    struct ch_index_file f;
    bool good = false;
    ch_buf_clear(&d->file_name);
    enum ch_code rc = ch_conda_string(&d->in, &d->file_name);
    if (rc == CH_OK && !ch_conda_names_add(&d->files, ch_buf_str(&d->file_name))) {
        rc = ch_conda_expected(&d->in, "no file twice");
    }
    if (rc == CH_OK && ++d->count > ch_limits.channel_files) {
        rc = ch_fail(err, CH_E_LIMIT, "more than %llu files",
                     (unsigned long long)ch_limits.channel_files);
    }
    if (rc == CH_OK && !ch_conda_take(&d->in, ':')) {
        rc = ch_conda_expected(&d->in, "':'");
    }
    rc = rc == CH_OK ? read_fields(d, &good) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (good && make_file(d, ending, &f)) {
        ch_scan_write_index_file(d->out, &f);
    } else {
        struct ch_str name = ch_str_sub(ch_buf_str(&d->file_name), 0, ch_limits.file_name_bytes);
        ch_scan_write_fact(d->out, CH_STR("skipped"), name);
        d->skipped++;
    }
    return ch_scan_writer_ok(d->out, err);
}

/* --- the document --- */

static enum ch_code read_group(struct repodata *d, struct ch_str ending, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    d->has_packages = true;
    if (!ch_conda_take(&d->in, '{')) {
        return ch_conda_expected(&d->in, "a group of records");
    }
    if (ch_conda_take(&d->in, '}')) {
        return CH_OK;
    }
    do {
        rc = read_entry(d, ending, err);
    } while (rc == CH_OK && ch_conda_take(&d->in, ','));
    return rc == CH_OK && !ch_conda_take(&d->in, '}') ? ch_conda_expected(&d->in, "',' or '}'")
                                                      : rc;
}

/* CEP 15. What is relative is said of the document's own folder, or is one that nobody uses. */
static enum ch_code set_base(struct repodata *d, struct ch_str url, struct ch_err *err)
{
    if (url.len == 0 || ch_str_eq(url, CH_STR(".")) || ch_str_eq(url, CH_STR("./"))) {
        return CH_OK;
    }
    if (d->has_packages || !ch_index_url_ok(url) || ch_str_find_char(url, '?', NULL) ||
        ch_str_find_char(url, '#', NULL)) {
        return ch_fail(err, CH_E_FORMAT,
                       "info.base_url: expected an absolute URL, before all packages");
    }
    ch_buf_clear(&d->base);
    ch_buf_puts(&d->base, url);
    ch_buf_puts(&d->base, ch_str_of(ch_str_ends(url, CH_STR("/")) ? "" : "/"));
    return ch_buf_ok(&d->base, err);
}

static enum ch_code read_info_field(struct repodata *d, struct ch_map *seen, struct ch_err *err)
{
    ch_buf_clear(&d->text);
    enum ch_code rc = ch_conda_string(&d->in, &d->text);
    if (rc == CH_OK && ch_map_set(seen, ch_buf_str(&d->text), d) != NULL) {
        rc = ch_conda_expected(&d->in, "no key twice in info");
    }
    if (rc == CH_OK && !ch_conda_take(&d->in, ':')) {
        rc = ch_conda_expected(&d->in, "':'");
    }
    bool subdir = ch_str_eq(ch_buf_str(&d->text), CH_STR("subdir"));
    if (rc != CH_OK || (!subdir && !ch_str_eq(ch_buf_str(&d->text), CH_STR("base_url")))) {
        return rc != CH_OK ? rc : ch_conda_skip(&d->in);
    }
    ch_buf_clear(&d->values);
    rc = ch_conda_string(&d->in, &d->values);
    if (rc == CH_OK && subdir && !ch_str_eq(ch_buf_str(&d->values), d->job->project)) {
        return ch_fail(err, CH_E_MISMATCH, "info.subdir: it is another subdir's");
    }
    return rc == CH_OK && !subdir ? set_base(d, ch_buf_str(&d->values), err) : rc;
}

static enum ch_code read_info(struct repodata *d, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    if (!ch_conda_take(&d->in, '{')) {
        return ch_conda_expected(&d->in, "an object");
    }
    if (ch_conda_take(&d->in, '}')) {
        return CH_OK;
    }
    struct ch_map *seen = ch_map_new();
    do {
        rc = read_info_field(d, seen, err);
    } while (rc == CH_OK && ch_conda_take(&d->in, ','));
    ch_map_free(seen);
    return rc == CH_OK && !ch_conda_take(&d->in, '}') ? ch_conda_expected(&d->in, "',' or '}'")
                                                      : rc;
}

static enum ch_code read_top(struct repodata *d, struct ch_map *seen, struct ch_err *err)
{
    ch_buf_clear(&d->text);
    enum ch_code rc = ch_conda_string(&d->in, &d->text);
    if (rc == CH_OK && ch_map_set(seen, ch_buf_str(&d->text), d) != NULL) {
        rc = ch_conda_expected(&d->in, "no key twice");
    }
    if (rc == CH_OK && !ch_conda_take(&d->in, ':')) {
        rc = ch_conda_expected(&d->in, "':'");
    }
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_str key = ch_buf_str(&d->text);
    if (ch_str_eq(key, CH_STR("info"))) {
        return read_info(d, err);
    }
    if (ch_str_eq(key, CH_STR("packages"))) {
        return read_group(d, CH_STR(".tar.bz2"), err);
    }
    return ch_str_eq(key, CH_STR("packages.conda")) ? read_group(d, CH_STR(".conda"), err)
                                                    : ch_conda_skip(&d->in);
}

static enum ch_code read_document(struct repodata *d, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    if (!ch_conda_take(&d->in, '{')) {
        return ch_conda_expected(&d->in, "a JSON object");
    }
    struct ch_map *seen = ch_map_new();
    if (!ch_conda_take(&d->in, '}')) {
        do {
            rc = read_top(d, seen, err);
        } while (rc == CH_OK && ch_conda_take(&d->in, ','));
        if (rc == CH_OK && !ch_conda_take(&d->in, '}')) {
            rc = ch_conda_expected(&d->in, "',' or '}'");
        }
    }
    ch_map_free(seen);
    if (rc == CH_OK && (ch_conda_peek(&d->in) >= 0 || d->in.code != CH_OK)) {
        rc = ch_conda_expected(&d->in, "the end");
    }
    if (rc == CH_OK && !d->has_packages) {
        rc = ch_fail(err, CH_E_FORMAT, "expected \"packages\" or \"packages.conda\"");
    }
    return rc;
}

/* Packages lie beside the document. */
static enum ch_code begin(struct repodata *d, struct ch_err *err)
{
    struct ch_str url = d->job->base_url;
    size_t at;
    if (ch_str_find_char(url, '?', &at)) {
        url = ch_str_sub(url, 0, at);
    }
    while (url.len > 0 && url.ptr[url.len - 1] != '/') {
        url.len--;
    }
    if (!ch_index_url_ok(url)) {
        return ch_fail(err, CH_E_USAGE, "the job names no http or https address of the document");
    }
    ch_buf_puts(&d->base, url);
    ch_scan_write_index_head(
        d->out, &(struct ch_index_head){.project = d->job->project, .states_times = true});
    return ch_buf_ok(&d->base, err);
}

enum ch_code ch_repodata_parse(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    struct repodata *d = ch_calloc(1, sizeof(*d)); /* a piece is too large for the stack */
    struct ch_stream *stream = ch_stream_new(ch_stream_detect(bytes), bytes);
    d->job = job;
    d->out = out;
    ch_conda_names_init(&d->files);
    ch_conda_in_init(&d->in, stream, ch_limits.channel_bytes, err);
    ch_buf_init(&d->base, (size_t)ch_limits.url_bytes);
    ch_buf_init(&d->text, (size_t)ch_limits.text_bytes);
    ch_buf_init(&d->file_name, (size_t)ch_limits.text_bytes);
    ch_buf_init(&d->values, (size_t)ch_limits.record_bytes);
    ch_buf_init(&d->record, (size_t)ch_limits.record_bytes);
    ch_buf_init(&d->url, (size_t)ch_limits.url_bytes);
    enum ch_code rc = begin(d, err);
    rc = rc == CH_OK ? read_document(d, err) : rc;
    struct ch_buf *const all[] = {&d->base,   &d->text,   &d->file_name,
                                  &d->values, &d->record, &d->url};
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        ch_buf_done(all[i]);
    }
    ch_conda_names_done(&d->files);
    ch_stream_free(stream);
    free(d);
    return rc == CH_OK ? ch_scan_writer_ok(out, err) : ch_wrap(err, "repodata");
}
