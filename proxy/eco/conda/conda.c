/* Conda channels: CHANNEL/SUBDIR/repodata.json[.zst], CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda or
 * .tar.bz2, CHANNEL/SUBDIR/repodata_shards.msgpack.zst with SHA256.msgpack.zst beside it (CEP 16),
 * CHANNEL/SUBDIR/run_exports.json[.zst] (CEP 12), CHANNEL/channeldata.json and
 * CHANNEL/notices.json. A page is a subdir ("linux-64", "noarch"), and lists files of many
 * projects.
 *
 * What a channel may have beside that is not found here (404, never 403): rattler takes 404 alone
 * for "ask for another form", and gives up at 403. So are .json.bz2 and labels. */
#include "proxy/eco/conda/conda_int.h"

#include "base/conda/version.h"
#include "base/conda/version_spec.h"
#include "customhouse/limits.h"

/* --- names --- */

bool ch_conda_is_virtual(struct ch_str name)
{
    return ch_str_starts(name, CH_STR("__"));
}

static bool is_separator(char c)
{
    return c == '-' || c == '.';
}

/* CEP 26; clients take names in any case for the lower one. */
static bool normalise(struct ch_str raw, char *ret, size_t ret_size)
{
    bool good = raw.len > 0 && raw.len <= ch_limits.project_name_bytes &&
                !ch_conda_is_virtual(raw) && !is_separator(raw.ptr[0]) &&
                !is_separator(raw.ptr[raw.len - 1]) && ch_str_copy(raw, ret, ret_size);
    for (size_t i = 0; good && i < raw.len; i++) {
        char c = raw.ptr[i];
        ret[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        good = (ret[i] >= 'a' && ret[i] <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
               is_separator(c);
    }
    if (!good) {
        ret[0] = '\0';
    }
    return good;
}

static bool is_lower_alnum(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(s.ptr[i] >= 'a' && s.ptr[i] <= 'z') && !(s.ptr[i] >= '0' && s.ptr[i] <= '9')) {
            return false;
        }
    }
    return s.len > 0;
}

/* "noarch", or a system and an architecture, "linux-64", "emscripten-wasm32": new ones come by. */
static bool is_subdir(struct ch_str s)
{
    enum { LONGEST = 32 };
    size_t at;
    return ch_str_eq(s, CH_STR("noarch")) ||
           (s.len <= LONGEST && ch_str_find_char(s, '-', &at) &&
            is_lower_alnum(ch_str_sub(s, 0, at)) && is_lower_alnum(ch_str_sub(s, at + 1, s.len)));
}

static const char *const file_endings[] = {".conda", ".tar.bz2", NULL};
static const char *const file_types[] = {"conda", "conda-tar", "other", NULL};
static const char *const profiles[] = {"conda", "conda-tar", NULL};

/* The part behind the last '-', which is cut off. */
static bool cut_last(struct ch_str *stem, struct ch_str *ret)
{
    size_t at = stem->len;
    while (at > 0 && stem->ptr[at - 1] != '-') {
        at--;
    }
    if (at == 0 || at == stem->len) {
        return false;
    }
    *ret = ch_str_sub(*stem, at, stem->len);
    *stem = ch_str_sub(*stem, 0, at - 1);
    return true;
}

bool ch_conda_file_split(struct ch_str file_name, struct ch_conda_file *ret)
{
    *ret = (struct ch_conda_file){0};
    for (size_t i = 0; file_endings[i] != NULL; i++) {
        struct ch_str ending = ch_str_of(file_endings[i]);
        if (ch_str_ends(file_name, ending)) {
            ret->file_type = file_types[i];
            ret->project = ch_str_sub(file_name, 0, file_name.len - ending.len);
            return cut_last(&ret->project, &ret->build) && cut_last(&ret->project, &ret->version) &&
                   ret->project.len > 0;
        }
    }
    return false;
}

static void split(struct ch_str project, struct ch_str file_name, struct ch_release *ret)
{
    struct ch_conda_file file;
    *ret = (struct ch_release){.file_type = "other"};
    if (ch_conda_file_split(file_name, &file) && ch_str_eq(file.project, project) &&
        ch_str_copy(file.version, ret->version, sizeof(ret->version))) {
        ret->file_type = ret->profile = file.file_type;
    }
}

static bool project_of(struct ch_str file_name, char *ret, size_t ret_size)
{
    struct ch_conda_file file;
    ret[0] = '\0';
    return ch_conda_file_split(file_name, &file) && normalise(file.project, ret, ret_size);
}

/* --- versions --- */

/* Spec: CEP 29, the version part. A bare version, which it takes for "==", is refused: it may be
 * meant as "1.0.*". */
static enum ch_code match_version(struct ch_str spec, struct ch_str version, bool *ret_match,
                                  struct ch_err *err)
{
    size_t at = 0;
    if (spec.len == 0 || !ch_str_find_char(CH_STR("=!<>~("), spec.ptr[0], NULL)) {
        return ch_fail(err, CH_E_FORMAT, "\"%.*s\" starts with none of == != <= >= < > = ~= (",
                       CH_STR_ARG(ch_str_sub(spec, 0, 80)));
    }
    enum ch_code rc = ch_version_spec_read(spec, &at, version, ret_match, err);
    return rc == CH_OK && at < spec.len
               ? ch_fail(err, CH_E_FORMAT, "column %zu: expected the end of the version range",
                         at + 1)
               : rc;
}

/* Who denies 1.0 means 1.0+cuda too: its local part tells builds apart, which CEP 33 takes for
 * another version. */
static enum ch_code match_denied(struct ch_str spec, struct ch_str version, bool *ret_match,
                                 struct ch_err *err)
{
    size_t at;
    enum ch_code rc = match_version(spec, version, ret_match, err);
    if (rc == CH_OK && !*ret_match && ch_str_find_char(version, '+', &at)) {
        rc = match_version(spec, ch_str_sub(version, 0, at), ret_match, err);
    }
    return rc;
}

/* --- what a URL means --- */

/* SHA256.msgpack.zst, in the one spelling that the index leads to. */
static bool is_shard(struct ch_str name, struct ch_target *ret)
{
    struct ch_str hex = ch_str_sub(name, 0, CH_SHA256_HEX);
    struct ch_sha256 digest;
    for (size_t i = 0; i < hex.len; i++) {
        if (hex.ptr[i] >= 'A' && hex.ptr[i] <= 'F') {
            return false;
        }
    }
    return name.len > hex.len &&
           ch_str_eq(ch_str_sub(name, hex.len, name.len), CH_STR(".msgpack.zst")) &&
           ch_hex_decode(hex, digest.byte, CH_SHA256_BYTES) &&
           ch_str_copy(hex, ret->file_name, sizeof(ret->file_name));
}

/* 0: none. */
static unsigned document_named(struct ch_str name, struct ch_target *ret)
{
    static const struct {
        const char *name;
        enum ch_conda_document document;
    } documents[] = {
        {"repodata.json", CH_CONDA_REPODATA},
        {"repodata.json.zst", CH_CONDA_REPODATA_ZST},
        {"repodata_shards.msgpack.zst", CH_CONDA_SHARDS},
        {"current_repodata.json", CH_CONDA_CURRENT},
        {"current_repodata.json.zst", CH_CONDA_CURRENT_ZST},
        {"run_exports.json", CH_CONDA_RUN_EXPORTS},
        {"run_exports.json.zst", CH_CONDA_RUN_EXPORTS_ZST},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(documents); i++) {
        if (ch_str_eq(name, ch_str_of(documents[i].name))) {
            return documents[i].document;
        }
    }
    return is_shard(name, ret) ? CH_CONDA_SHARD : 0;
}

static void classify_in_subdir(struct ch_str subdir, struct ch_str name, struct ch_target *ret)
{
    struct ch_conda_file file;
    if (!is_subdir(subdir) || !ch_str_copy(subdir, ret->project, sizeof(ret->project))) {
        return;
    }
    unsigned document = document_named(name, ret);
    if (document > 0) {
        ret->kind = CH_TARGET_PROJECT;
        ret->document = document;
    } else if (name.len <= ch_limits.file_name_bytes && ch_conda_file_split(name, &file) &&
               ch_str_copy(name, ret->file_name, sizeof(ret->file_name))) {
        ret->kind = CH_TARGET_FILE;
    }
}

static void classify(struct ch_str repository, const struct ch_str *segments, size_t count,
                     bool directory, struct ch_target *ret)
{
    (void)repository;
    *ret = (struct ch_target){0};
    if (count == 0 && directory) {
        ret->kind = CH_TARGET_ROOT;
    } else if (count == 1 && !directory && ch_str_eq(segments[0], CH_STR("notices.json"))) {
        ret->kind = CH_TARGET_ROOT;
        ret->document = CH_CONDA_NOTICES;
    } else if (count == 1 && !directory && ch_str_eq(segments[0], CH_STR("channeldata.json"))) {
        ret->kind = CH_TARGET_ROOT;
        ret->document = CH_CONDA_CHANNELDATA;
    } else if (count == 2 && !directory) {
        classify_in_subdir(segments[0], segments[1], ret);
    }
}

/* --- the upstream --- */

static enum ch_code page_url(struct ch_str base, struct ch_str project, unsigned form,
                             struct ch_buf *url)
{
    static const char *const forms[] = {"repodata.json.zst", "repodata.json"};
    if (form >= CH_ARRAY_LEN(forms)) {
        return CH_E_NOT_FOUND;
    }
    ch_buf_printf(url, "%.*s/%.*s/%s", CH_STR_ARG(base), CH_STR_ARG(project), forms[form]);
    return ch_buf_ok(url, NULL);
}

/* The reader tells what it is by its first bytes. Servers of plain files know no type for .zst:
 * they say that it is bytes, or nothing; a page that says something went wrong is HTML. */
static const char *page_profile(struct ch_str content_type)
{
    static const char *const types[] = {
        "application/json",         "application/zstd",    "application/x-zstd", "text/json",
        "application/octet-stream", "binary/octet-stream", "text/plain",         ""};
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        if (ch_str_eq_nocase(content_type, ch_str_of(types[i]))) {
            return "repodata";
        }
    }
    return NULL;
}

static void usage_line(struct ch_str origin, struct ch_str repository, struct ch_buf *out)
{
    ch_buf_puts(out, CH_STR("conda install --override-channels --channel "));
    ch_buf_put_escaped(out, origin);
    ch_buf_putc(out, '/');
    ch_buf_put_escaped(out, repository);
    ch_buf_puts(out, CH_STR("/ PACKAGE"));
}

static const struct ch_index_format formats[] = {
    [CH_CONDA_REPODATA - 1] = {"application/json", "application/json", ch_conda_render_repodata,
                               ch_conda_render_root, .zstd = false},
    [CH_CONDA_REPODATA_ZST - 1] = {"application/zstd", "", ch_conda_render_repodata,
                                   ch_conda_render_root, .zstd = true},
    [CH_CONDA_NOTICES - 1] = {"application/json", "", NULL, ch_conda_render_notices, .zstd = false},
    [CH_CONDA_SHARDS - 1] = {"application/zstd", "", NULL, ch_conda_render_root, .zstd = true},
    [CH_CONDA_SHARD - 1] = {"application/zstd", "", NULL, ch_conda_render_root, .zstd = true},
    [CH_CONDA_CURRENT - 1] = {"application/json", "", ch_conda_render_current, ch_conda_render_root,
                              .rare = true},
    [CH_CONDA_CURRENT_ZST - 1] = {"application/zstd", "", ch_conda_render_current,
                                  ch_conda_render_root, .zstd = true, .rare = true},
    [CH_CONDA_RUN_EXPORTS - 1] = {"application/json", "", NULL, ch_conda_render_root,
                                  .beside = &ch_conda_run_exports},
    [CH_CONDA_RUN_EXPORTS_ZST - 1] = {"application/zstd", "", NULL, ch_conda_render_root,
                                      .zstd = true, .beside = &ch_conda_run_exports},
    [CH_CONDA_CHANNELDATA - 1] = {"application/json", "", NULL, ch_conda_render_root,
                                  .beside = &ch_conda_channeldata},
};

const struct ch_ecosystem ch_ecosystem_conda = {
    .name = "conda",
    .file_types = file_types,
    .file_endings = file_endings,
    .profiles = profiles,
    .normalise = normalise,
    .is_page = is_subdir,
    .split = split,
    .project_of = project_of,
    .compare_versions = ch_conda_version_cmp,
    .match_version = match_version,
    .match_denied = match_denied,
    .sample_versions = ch_ecosystem_no_samples,
    .match_spec = ch_conda_match_spec,
    .compare_record = ch_conda_compare_record,
    .classify = classify,
    .formats = formats,
    .format_count = CH_ARRAY_LEN(formats),
    .shards = &ch_conda_shards,
    .explains_held = true,
    .page_accept = "*/*",
    .page_url = page_url,
    .page_profile = page_profile,
    .token_in_path = true,
    .usage_line = usage_line,
};
