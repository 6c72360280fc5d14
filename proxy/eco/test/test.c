/* A second ecosystem, in trees with tests only: it shows that a file pair (scanner/eco/test is the
 * other side) and a row of the table are all that one takes. Its world: /REPO/list/,
 * /REPO/list/PAGE/, /REPO/get/PAGE/FILE; pages are lines "FILE SHA256 [held: REASON]" in
 * text/plain; files are called NAME-VERSION.bag. A page has the files of the project that it is
 * called like, or of many, each with a record; /REPO/list/PAGE/records has these, of a held one
 * with one more dependency that says why. */
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"

extern const struct ch_ecosystem ch_ecosystem_test;

static bool is_edge(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool plain_name(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!is_edge(c) && c != '.' && c != '-') {
            return false;
        }
    }
    return s.len > 0 && is_edge(s.ptr[0]) && is_edge(s.ptr[s.len - 1]);
}

static bool normalise(struct ch_str raw, char *ret, size_t ret_size)
{
    return plain_name(raw) && ch_str_copy(raw, ret, ret_size);
}

static const struct ch_str ending = {".bag", 4};

static void split(struct ch_str project, struct ch_str file_name, struct ch_release *ret)
{
    *ret = (struct ch_release){.file_type = "other"};
    if (ch_str_starts(file_name, project) && ch_str_ends(file_name, ending) &&
        file_name.len > project.len + 1 + ending.len && file_name.ptr[project.len] == '-') {
        ret->file_type = ret->profile = "bag";
        CH_IGNORE(ch_str_copy(
            ch_str_sub(file_name, project.len + 1, file_name.len - project.len - 1 - ending.len),
            ret->version, sizeof(ret->version)));
    }
}

/* The version has no hyphen where the project is not told. */
static bool project_of(struct ch_str file_name, char *ret, size_t ret_size)
{
    size_t at = file_name.len;
    while (at > 0 && file_name.ptr[at - 1] != '-') {
        at--;
    }
    return at > 1 && ch_str_ends(file_name, ending) && at + ending.len < file_name.len &&
           normalise(ch_str_sub(file_name, 0, at - 1), ret, ret_size);
}

/* What begins with an operator is a specifier, but not with "~", which only others have. It takes
 * one version, what follows "==", or else the text itself. */
static struct ch_str meant(struct ch_str spec)
{
    return ch_str_starts(spec, CH_STR("==")) ? ch_str_sub(spec, 2, spec.len) : spec;
}

static enum ch_code match_version(struct ch_str spec, struct ch_str version, bool *ret_match,
                                  struct ch_err *err)
{
    if (spec.len < 2 || !ch_str_find_char(CH_STR("=!<>"), spec.ptr[0], NULL)) {
        return ch_fail(err, CH_E_FORMAT, "\"%.*s\" is not ==VERSION",
                       CH_STR_ARG(ch_str_sub(spec, 0, 80)));
    }
    *ret_match = ch_str_eq(meant(spec), version);
    return CH_OK;
}

static bool sample_versions(const struct ch_str *specs, size_t count,
                            void (*fn)(void *arg, struct ch_str version), void *arg)
{
    struct ch_buf other;
    ch_buf_init(&other, 1 << 16);
    ch_buf_putc(&other, 'x');
    for (size_t i = 0; i < count; i++) {
        fn(arg, meant(specs[i]));
        ch_buf_puts(&other, meant(specs[i]));
    }
    fn(arg, ch_buf_str(&other));
    ch_buf_done(&other);
    return true;
}

static void classify(struct ch_str repository, const struct ch_str *segments, size_t count,
                     bool directory, struct ch_target *ret)
{
    (void)repository;
    *ret = (struct ch_target){0};
    if (count == 1 && directory && ch_str_eq(segments[0], CH_STR("list"))) {
        ret->kind = CH_TARGET_ROOT;
    } else if (count == 2 && directory && ch_str_eq(segments[0], CH_STR("list")) &&
               normalise(segments[1], ret->project, sizeof(ret->project))) {
        ret->kind = CH_TARGET_PROJECT;
    } else if (count == 3 && !directory && ch_str_eq(segments[0], CH_STR("list")) &&
               ch_str_eq(segments[2], CH_STR("records")) &&
               normalise(segments[1], ret->project, sizeof(ret->project))) {
        ret->kind = CH_TARGET_PROJECT;
        ret->document = 2;
    } else if (count == 3 && !directory && ch_str_eq(segments[0], CH_STR("get")) &&
               normalise(segments[1], ret->project, sizeof(ret->project)) &&
               plain_name(segments[2]) &&
               ch_str_copy(segments[2], ret->file_name, sizeof(ret->file_name))) {
        ret->kind = CH_TARGET_FILE;
    }
}

static enum ch_code render_page(const struct ch_page *page, struct ch_str prefix,
                                struct ch_buf *out, struct ch_err *err)
{
    (void)prefix;
    for (size_t i = 0; i < page->file_count; i++) {
        ch_buf_puts(out, page->files[i].file_name);
        ch_buf_putc(out, ' ');
        ch_buf_put_hex(out, page->files[i].sha256.byte, sizeof(page->files[i].sha256.byte));
        if (page->files[i].listing != CH_LIST_PLAIN) {
            ch_buf_printf(out, " held: %.*s", CH_STR_ARG(page->files[i].yanked_reason));
        }
        ch_buf_putc(out, '\n');
    }
    return ch_buf_ok(out, err);
}

static void put_record(const struct ch_page_file *f, struct ch_buf *out)
{
    struct ch_str record = f->record, depends, more;
    struct ch_buf why;
    ch_buf_init(&why, ch_limits.text_bytes);
    ch_buf_printf(&why, "held: %.*s", CH_STR_ARG(f->yanked_reason));
    if (f->listing != CH_LIST_HELD || !ch_index_record_list(record, CH_STR("depends"), &depends)) {
        ch_buf_puts(out, record);
    } else {
        size_t end = (size_t)(depends.ptr + depends.len - record.ptr);
        more = ch_str_of(depends.len > 0 ? "," : "");
        ch_buf_puts(out, ch_str_sub(record, 0, end));
        ch_buf_puts(out, more);
        ch_buf_put_json(out, ch_buf_str(&why));
        ch_buf_puts(out, ch_str_sub(record, end, record.len));
    }
    ch_buf_done(&why);
}

static enum ch_code render_records(const struct ch_page *page, struct ch_str prefix,
                                   struct ch_buf *out, struct ch_err *err)
{
    const char *between = "{";
    (void)prefix;
    for (size_t i = 0; i < page->file_count; i++) {
        if (page->files[i].record.len > 0) {
            ch_buf_puts(out, ch_str_of(between));
            ch_buf_put_json(out, page->files[i].file_name);
            ch_buf_putc(out, ':');
            put_record(&page->files[i], out);
            between = ",";
        }
    }
    ch_buf_puts(out, ch_str_of(*between == '{' ? "{}\n" : "}\n"));
    return ch_buf_ok(out, err);
}

static enum ch_code render_root(const struct ch_root_page *page, struct ch_str prefix,
                                struct ch_buf *out, struct ch_err *err)
{
    (void)prefix;
    for (size_t i = 0; i < page->name_count; i++) {
        ch_buf_puts(out, page->names[i]);
        ch_buf_putc(out, '\n');
    }
    return ch_buf_ok(out, err);
}

static enum ch_code page_url(struct ch_str base, struct ch_str project, unsigned form,
                             struct ch_buf *url)
{
    if (form > 0) {
        return CH_E_NOT_FOUND;
    }
    ch_buf_printf(url, "%.*s/%.*s/", CH_STR_ARG(base), CH_STR_ARG(project));
    return ch_buf_ok(url, NULL);
}

static const char *page_profile(struct ch_str content_type)
{
    return ch_str_eq(content_type, CH_STR("text/plain")) ? "list" : NULL;
}

static size_t wanted_next(const struct ch_page *page, const bool *eligible,
                          struct ch_str user_agent, size_t *ret_indices, size_t max)
{
    (void)user_agent;
    size_t count = 0;
    for (size_t i = 0; i < page->file_count && count < max; i++) {
        if (eligible[i]) {
            ret_indices[count++] = i;
        }
    }
    return count;
}

static void usage_line(struct ch_str origin, struct ch_str repository, struct ch_buf *out)
{
    ch_buf_printf(out, "fetch %.*s/%.*s/list/", CH_STR_ARG(origin), CH_STR_ARG(repository));
}

static const struct ch_index_format formats[] = {
    {"text/plain; charset=utf-8", "text/plain", render_page, render_root, .zstd = false},
    {"application/json", "application/json", render_records, render_root, .zstd = false},
};

static const char *const file_types[] = {"bag", "other", NULL};
static const char *const file_endings[] = {".bag", NULL};
static const char *const profiles[] = {"bag", NULL};

const struct ch_ecosystem ch_ecosystem_test = {
    .name = "test",
    .made_up = true,
    .file_types = file_types,
    .file_endings = file_endings,
    .profiles = profiles,
    .normalise = normalise,
    .is_page = plain_name,
    .split = split,
    .project_of = project_of,
    .compare_versions = ch_str_cmp,
    .match_version = match_version,
    .sample_versions = sample_versions,
    .classify = classify,
    .formats = formats,
    .format_count = CH_ARRAY_LEN(formats),
    .explains_held = true,
    .page_accept = "text/plain",
    .page_url = page_url,
    .page_profile = page_profile,
    .wanted_next = wanted_next,
    .usage_line = usage_line,
};
