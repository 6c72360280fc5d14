#include "scanner/eco/conda/page/beside.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/eco/conda/page/canonical.h"
#include "scanner/eco/conda/page/names.h"

struct doc {
    const struct ch_scan_job *job;
    struct ch_scan_writer *out;
    struct ch_err *err;
    struct ch_conda_in in;
    struct ch_conda_names files; /* of both groups */
    struct ch_str ending;        /* of the group at hand */
    struct ch_str package;       /* at hand; borrowed */
    struct ch_buf value;         /* as it is spelled */
    struct ch_buf fields;        /* of the package at hand: one spelling, one behind the other */
    struct ch_buf record;
    struct field { /* of `known_fields`, in d->fields; len 0: not there */
        size_t from, len;
    } * field;
    uint64_t count, skipped;
    bool has_packages, has_version;
};

/* Reads the value that stands behind the key, which lives during the call. */
typedef enum ch_code member_fn(struct doc *d, struct ch_str key);

/* An object: each key once. */
static enum ch_code read_object(struct doc *d, member_fn *fn)
{
    struct ch_conda_names seen;
    struct ch_buf key;
    enum ch_code rc = CH_OK;
    if (!ch_conda_take(&d->in, '{')) {
        return ch_conda_expected(&d->in, "an object");
    }
    if (ch_conda_take(&d->in, '}')) {
        return CH_OK;
    }
    ch_conda_names_init(&seen);
    ch_buf_init(&key, (size_t)ch_limits.text_bytes);
    do {
        ch_buf_clear(&key);
        rc = ch_conda_string(&d->in, &key);
        if (rc == CH_OK && !ch_conda_names_add(&seen, ch_buf_str(&key))) {
            rc = ch_conda_expected(&d->in, "no key twice");
        }
        if (rc == CH_OK && !ch_conda_take(&d->in, ':')) {
            rc = ch_conda_expected(&d->in, "':'");
        }
        rc = rc == CH_OK ? fn(d, ch_buf_str(&key)) : rc;
    } while (rc == CH_OK && ch_conda_take(&d->in, ','));
    if (rc == CH_OK && !ch_conda_take(&d->in, '}')) {
        rc = ch_conda_expected(&d->in, "',' or '}'");
    }
    ch_buf_done(&key);
    ch_conda_names_done(&seen);
    return rc;
}

static enum ch_code read_value(struct doc *d, enum ch_conda_kind *ret_kind)
{
    ch_buf_clear(&d->value);
    return ch_conda_value(&d->in, &d->value, ret_kind);
}

/* The form's own version, of which only 1 is known. */
static enum ch_code read_version(struct doc *d, const char *what)
{
    enum ch_conda_kind kind;
    enum ch_code rc = read_value(d, &kind);
    d->has_version = true;
    return rc == CH_OK && !ch_str_eq(ch_buf_str(&d->value), CH_STR("1"))
               ? ch_fail(d->err, CH_E_UNSUPPORTED, "%s: expected version 1", what)
               : rc;
}

static enum ch_code one_more(struct doc *d)
{
    return ++d->count > ch_limits.channel_files
               ? ch_fail(d->err, CH_E_LIMIT, "more than %llu entries",
                         (unsigned long long)ch_limits.channel_files)
               : CH_OK;
}

static enum ch_code write_entry(struct doc *d, struct ch_str name, struct ch_str part)
{
    struct ch_index_entry e = {.name = name, .part = part, .record = ch_buf_str(&d->record)};
    if (d->record.failed || e.record.len > ch_limits.record_bytes) {
        return ch_fail(d->err, CH_E_LIMIT, "the entry of \"%.*s\" has more than %llu bytes",
                       CH_STR_ARG(ch_str_sub(name, 0, 200)),
                       (unsigned long long)ch_limits.record_bytes);
    }
    ch_scan_write_index_entry(d->out, &e);
    return ch_scan_writer_ok(d->out, d->err);
}

/* --- run exports --- */

/* Appends what is known of them to the record. False: a list is none, or these are none at all. */
static bool put_run_exports(struct doc *d, struct ch_str spelled)
{
    static const char *const lists[] = {"noarch", "strong", "strong_constrains", "weak",
                                        "weak_constrains"}; /* CEP 12; in order of their bytes */
    const char *between = "";
    struct ch_str value, inside;
    if (spelled.len == 0 || spelled.ptr[0] != '{') {
        return false;
    }
    ch_buf_putc(&d->record, '{');
    for (size_t i = 0; i < CH_ARRAY_LEN(lists); i++) {
        struct ch_str key = ch_str_of(lists[i]);
        if (!ch_index_record_value(spelled, key, &value)) {
            continue;
        }
        if (!ch_index_record_list(spelled, key, &inside)) {
            return false;
        }
        ch_buf_printf(&d->record, "%s\"%s\":[", between, lists[i]);
        ch_buf_puts(&d->record, inside);
        ch_buf_putc(&d->record, ']');
        between = ",";
    }
    ch_buf_putc(&d->record, '}');
    return true;
}

static bool is_file_of_group(const struct doc *d, struct ch_str name)
{
    size_t dashes = 0;
    for (size_t i = 0; i < name.len; i++) {
        dashes += name.ptr[i] == '-';
    }
    return ch_str_ends(name, d->ending) && dashes >= 2 && ch_index_file_name_ok(name);
}

static enum ch_code read_exporting_file(struct doc *d, struct ch_str name)
{
    enum ch_conda_kind kind;
    struct ch_str spelled;
    enum ch_code rc = one_more(d);
    if (rc == CH_OK && !ch_conda_names_add(&d->files, name)) {
        rc = ch_conda_expected(&d->in, "no file twice");
    }
    rc = rc == CH_OK ? read_value(d, &kind) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_clear(&d->record);
    ch_buf_puts(&d->record, CH_STR("{\"run_exports\":"));
    bool good = kind == CH_CONDA_MAP && is_file_of_group(d, name) &&
                ch_index_record_value(ch_buf_str(&d->value), CH_STR("run_exports"), &spelled) &&
                put_run_exports(d, spelled);
    ch_buf_putc(&d->record, '}');
    if (!good) {
        d->skipped++;
        return CH_OK;
    }
    return write_entry(d, name, (struct ch_str){NULL, 0});
}

static enum ch_code read_exports_info(struct doc *d, struct ch_str key)
{
    if (ch_str_eq(key, CH_STR("version"))) {
        return read_version(d, "info");
    }
    if (!ch_str_eq(key, CH_STR("subdir"))) {
        return ch_conda_skip(&d->in);
    }
    ch_buf_clear(&d->value);
    enum ch_code rc = ch_conda_string(&d->in, &d->value);
    return rc == CH_OK && !ch_str_eq(ch_buf_str(&d->value), d->job->project)
               ? ch_fail(d->err, CH_E_MISMATCH, "info.subdir: it is another subdir's")
               : rc;
}

static enum ch_code read_exports_top(struct doc *d, struct ch_str key)
{
    bool tar = ch_str_eq(key, CH_STR("packages"));
    if (ch_str_eq(key, CH_STR("info"))) {
        return read_object(d, read_exports_info);
    }
    if (!tar && !ch_str_eq(key, CH_STR("packages.conda"))) {
        return ch_conda_skip(&d->in);
    }
    d->has_packages = true;
    d->ending = ch_str_of(tar ? ".tar.bz2" : ".conda");
    return read_object(d, read_exporting_file);
}

/* --- channeldata --- */

/* Keys of a package, in order of their bytes, with what they have to be. What points to
 * other files of the channel (icons, a package of an other version) is left out, and so is what is
 * not known. */
static const struct {
    const char *key;
    enum ch_conda_kind kind;
} known_fields[] = {
    {"activate.d", CH_CONDA_WORD},   {"binary_prefix", CH_CONDA_WORD},
    {"deactivate.d", CH_CONDA_WORD}, {"description", CH_CONDA_STRING},
    {"dev_url", CH_CONDA_STRING},    {"doc_source_url", CH_CONDA_STRING},
    {"doc_url", CH_CONDA_STRING},    {"home", CH_CONDA_STRING},
    {"identifiers", CH_CONDA_LIST},  {"keywords", CH_CONDA_LIST},
    {"license", CH_CONDA_STRING},    {"license_family", CH_CONDA_STRING},
    {"post_link", CH_CONDA_WORD},    {"pre_link", CH_CONDA_WORD},
    {"pre_unlink", CH_CONDA_WORD},   {"source_git_url", CH_CONDA_STRING},
    {"source_url", CH_CONDA_STRING}, {"summary", CH_CONDA_STRING},
    {"tags", CH_CONDA_LIST},         {"text_prefix", CH_CONDA_WORD},
    {"timestamp", CH_CONDA_NUMBER},  {"version", CH_CONDA_STRING},
};

static enum ch_code read_version_exports(struct doc *d, struct ch_str version)
{
    enum ch_conda_kind kind;
    enum ch_code rc = one_more(d);
    rc = rc == CH_OK ? read_value(d, &kind) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_clear(&d->record);
    bool good = kind == CH_CONDA_MAP && version.len > 0 && version.len <= ch_limits.version_bytes &&
                put_run_exports(d, ch_buf_str(&d->value));
    d->skipped += !good;
    return good ? write_entry(d, d->package, version) : CH_OK;
}

/* A word that is not null: true or false. */
static bool is_as_known(size_t field, enum ch_conda_kind kind, struct ch_str spelled)
{
    return kind == known_fields[field].kind &&
           (kind != CH_CONDA_WORD || !ch_str_eq(spelled, CH_STR("null"))) &&
           (kind != CH_CONDA_NUMBER || spelled.ptr[0] != '-');
}

static enum ch_code read_package_field(struct doc *d, struct ch_str key)
{
    enum ch_conda_kind kind;
    if (ch_str_eq(key, CH_STR("run_exports"))) {
        return ch_conda_peek(&d->in) == '{' ? read_object(d, read_version_exports)
                                            : ch_conda_skip(&d->in);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(known_fields); i++) {
        if (!ch_str_eq(key, ch_str_of(known_fields[i].key))) {
            continue;
        }
        enum ch_code rc = read_value(d, &kind);
        if (rc == CH_OK && is_as_known(i, kind, ch_buf_str(&d->value))) {
            d->field[i] = (struct field){d->fields.len, d->value.len};
            ch_buf_puts(&d->fields, ch_buf_str(&d->value));
        }
        return rc;
    }
    return ch_conda_skip(&d->in);
}

static enum ch_code read_package(struct doc *d, struct ch_str name)
{
    struct field field[CH_ARRAY_LEN(known_fields)] = {{0, 0}};
    const char *between = "";
    enum ch_code rc = one_more(d);
    if (rc != CH_OK) {
        return rc;
    }
    if (!ch_conda_name_ok(name)) {
        d->skipped++;
        return ch_conda_skip(&d->in);
    }
    d->package = name;
    d->field = field;
    ch_buf_clear(&d->fields);
    rc = read_object(d, read_package_field);
    d->field = NULL;
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_clear(&d->record);
    ch_buf_putc(&d->record, '{');
    for (size_t i = 0; i < CH_ARRAY_LEN(known_fields); i++) {
        if (field[i].len > 0) {
            ch_buf_printf(&d->record, "%s\"%s\":", between, known_fields[i].key);
            ch_buf_puts(&d->record,
                        ch_str_sub(ch_buf_str(&d->fields), field[i].from, field[i].len));
            between = ",";
        }
    }
    ch_buf_putc(&d->record, '}');
    return write_entry(d, name, (struct ch_str){NULL, 0});
}

static enum ch_code read_channeldata_top(struct doc *d, struct ch_str key)
{
    if (ch_str_eq(key, CH_STR("channeldata_version"))) {
        return read_version(d, "channeldata_version");
    }
    if (!ch_str_eq(key, CH_STR("packages"))) {
        return ch_conda_skip(&d->in);
    }
    d->has_packages = true;
    return read_object(d, read_package);
}

/* --- */

static enum ch_code read_whole(struct doc *d, member_fn *top)
{
    enum ch_code rc = read_object(d, top);
    if (rc == CH_OK && (ch_conda_peek(&d->in) >= 0 || d->in.code != CH_OK)) {
        rc = ch_conda_expected(&d->in, "the end");
    }
    if (rc == CH_OK && !d->has_packages) {
        rc = ch_fail(d->err, CH_E_FORMAT, "expected \"packages\"");
    }
    if (rc == CH_OK && d->skipped > 0) {
        char text[32];
        struct ch_buf number;
        ch_buf_init(&number, sizeof(text));
        ch_buf_printf(&number, "%llu", (unsigned long long)d->skipped);
        ch_scan_write_fact(d->out, CH_STR("skipped"), ch_buf_str(&number));
        ch_buf_done(&number);
    }
    return rc;
}

static enum ch_code parse(const struct ch_scan_job *job, const struct ch_input *in,
                          struct ch_scan_writer *out, member_fn *top, bool with_version,
                          const char *what, struct ch_err *err)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    struct doc *d = ch_calloc(1, sizeof(*d)); /* a piece is too large for the stack */
    struct ch_stream *stream = ch_stream_new(ch_stream_detect(bytes), bytes);
    d->job = job;
    d->out = out;
    d->err = err;
    ch_conda_names_init(&d->files);
    ch_conda_in_init(&d->in, stream, ch_limits.channel_bytes, err);
    ch_buf_init(&d->value, (size_t)ch_limits.record_bytes);
    ch_buf_init(&d->fields, (size_t)(ch_limits.record_bytes * CH_ARRAY_LEN(known_fields)));
    ch_buf_init(&d->record, (size_t)ch_limits.record_bytes);
    enum ch_code rc = read_whole(d, top);
    if (rc == CH_OK && with_version && !d->has_version) {
        rc = ch_fail(err, CH_E_FORMAT, "expected \"channeldata_version\"");
    }
    ch_buf_done(&d->value);
    ch_buf_done(&d->fields);
    ch_buf_done(&d->record);
    ch_conda_names_done(&d->files);
    ch_stream_free(stream);
    free(d);
    return rc == CH_OK ? ch_scan_writer_ok(out, err) : ch_wrap(err, "%s", what);
}

enum ch_code ch_run_exports_parse(const struct ch_scan_job *job, const struct ch_input *in,
                                  struct ch_scan_writer *out, struct ch_err *err)
{
    return parse(job, in, out, read_exports_top, false, "run_exports", err);
}

enum ch_code ch_channeldata_parse(const struct ch_scan_job *job, const struct ch_input *in,
                                  struct ch_scan_writer *out, struct ch_err *err)
{
    return parse(job, in, out, read_channeldata_top, true, "channeldata", err);
}
