/* PEP 503 project pages in HTML. */
#include "scanner/eco/pypi/page/html.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/page/page.h"
#include "scanner/eco/pypi/url.h"

#include "customhouse/limits.h"
#include "customhouse/timefmt.h"

/* The attributes of one tag that matter to us, raw. A name given twice is an error: readers differ
 * in which they take. */
enum attribute {
    A_HREF,
    A_REQUIRES_PYTHON,
    A_YANKED,
    A_CORE_METADATA,
    A_DIST_INFO_METADATA, /* its name before PEP 714 */
    A_UPLOAD_TIME,        /* of no PEP, but real mirrors state it */
    A_NAME,
    A_CONTENT,
    A_COUNT
};
static const char *const attribute_names[A_COUNT] = {
    [A_HREF] = "href",
    [A_REQUIRES_PYTHON] = "data-requires-python",
    [A_YANKED] = "data-yanked",
    [A_CORE_METADATA] = "data-core-metadata",
    [A_DIST_INFO_METADATA] = "data-dist-info-metadata",
    [A_UPLOAD_TIME] = "data-upload-time",
    [A_NAME] = "name",
    [A_CONTENT] = "content",
};

struct attributes {
    bool present[A_COUNT];
    struct ch_str value[A_COUNT];
};

/* Where a page stands while it is read. */
struct html_page {
    struct ch_page_draft *draft;
    struct ch_str project_base; /* what links resolve against */
    struct ch_buf base;         /* holds the <base href>, if any */
    bool has_base;
    bool html_open; /* <html> seen and not closed: the page may be cut short */
    bool in_anchor;
    size_t anchor_at; /* byte offset, for messages */
    size_t anchors;
    struct attributes anchor;
    struct ch_buf text; /* of the anchor, decoded */
    struct ch_buf scratch;
};

static enum ch_code read_attributes(const struct ch_html_token *t, struct attributes *ret,
                                    struct ch_err *err)
{
    *ret = (struct attributes){0};
    struct ch_str rest = t->attributes;
    struct ch_str name;
    struct ch_str value;
    while (ch_html_attribute(&rest, &name, &value)) {
        for (size_t i = 0; i < A_COUNT; i++) {
            if (!ch_str_eq_nocase(name, ch_str_of(attribute_names[i]))) {
                continue;
            }
            if (ret->present[i]) {
                return ch_fail(err, CH_E_FORMAT, "page: tag at byte %zu: %s is given twice", t->at,
                               attribute_names[i]);
            }
            ret->present[i] = true;
            ret->value[i] = value;
        }
    }
    return CH_OK;
}

/* HTML's blanks off both ends, line ends included. */
static struct ch_str trim(struct ch_str s)
{
    while (s.len > 0 && ch_str_find_char(CH_STR(" \t\r\n\f"), s.ptr[0], NULL)) {
        s = ch_str_sub(s, 1, s.len);
    }
    while (s.len > 0 && ch_str_find_char(CH_STR(" \t\r\n\f"), s.ptr[s.len - 1], NULL)) {
        s.len--;
    }
    return s;
}

/* A decoded attribute in p->scratch, good until the next one. */
static enum ch_code decoded(struct html_page *p, struct ch_str raw, struct ch_str *ret,
                            struct ch_err *err)
{
    ch_buf_clear(&p->scratch);
    enum ch_code rc = ch_html_decode(raw, &p->scratch, err);
    if (rc == CH_OK) {
        *ret = trim(ch_buf_str(&p->scratch));
    }
    return rc;
}

/* "sha512=HEX" and the like among parts joined by '&'. False: one is malformed. */
static bool find_hashes(struct ch_str fragment, struct ch_sha256 *ret, struct ch_alias *ret_alias)
{
    struct ch_str part;
    struct ch_str name;
    while (ch_str_split(&fragment, '&', &part)) {
        size_t equals;
        if (ch_str_find_char(part, '=', &equals)) {
            name = ch_str_sub(part, 0, equals);
            if (!ch_page_hash(name, ch_str_sub(part, equals + 1, part.len), ret, ret_alias)) {
                return false;
            }
        }
    }
    return true;
}

static enum ch_code anchor_fail(const struct html_page *p, enum attribute a, const char *expected,
                                struct ch_err *err)
{
    return ch_fail(err, CH_E_FORMAT, "page: <a> at byte %zu: %s: expected %s", p->anchor_at,
                   attribute_names[a], expected);
}

static enum ch_code read_sidecar(struct html_page *p, struct ch_index_file *f, struct ch_err *err)
{
    enum attribute a = p->anchor.present[A_CORE_METADATA] ? A_CORE_METADATA : A_DIST_INFO_METADATA;
    struct ch_str value;
    struct ch_alias alias = {.kind = CH_HASH_NONE};
    if (!p->anchor.present[a]) {
        return CH_OK;
    }
    enum ch_code rc = decoded(p, p->anchor.value[a], &value, err);
    if (rc != CH_OK || ch_str_eq(value, CH_STR("false"))) {
        return rc;
    }
    if (!find_hashes(value, &f->sidecar_sha256, &alias)) {
        return anchor_fail(p, a, "the hex digits of each hash", err);
    }
    f->sidecar = ch_page_sidecar(&f->sidecar_sha256, &alias);
    return CH_OK;
}

static enum ch_code read_terms(struct html_page *p, struct ch_index_file *f, struct ch_err *err)
{
    const struct attributes *a = &p->anchor;
    struct ch_str value;
    enum ch_code rc = CH_OK;
    if (a->present[A_REQUIRES_PYTHON]) {
        rc = decoded(p, a->value[A_REQUIRES_PYTHON], &value, err);
        if (rc == CH_OK && value.len > ch_limits.text_bytes) {
            rc = anchor_fail(p, A_REQUIRES_PYTHON, "less text", err);
        }
        if (rc != CH_OK) {
            return rc;
        }
        f->requires_python = ch_page_keep(p->draft, value);
    }
    if (a->present[A_YANKED]) {
        rc = decoded(p, a->value[A_YANKED], &value, err);
        if (rc != CH_OK) {
            return rc;
        }
        f->yanked = true;
        f->yanked_reason = ch_page_keep(p->draft, ch_page_clip(value));
    }
    if (a->present[A_UPLOAD_TIME]) {
        rc = decoded(p, a->value[A_UPLOAD_TIME], &value, err);
        if (rc == CH_OK && !ch_time_parse(value, &f->uploaded_at_us)) {
            rc = anchor_fail(p, A_UPLOAD_TIME, "a time in UTC (RFC 3339)", err);
        }
    }
    return rc == CH_OK ? read_sidecar(p, f, err) : rc;
}

/* PEP 503: "the text of the anchor tag MUST match the final path component (the filename) of the
 * URL" */
static bool text_is_last_segment(struct ch_str href, struct ch_str base, struct ch_str text)
{
    struct ch_buf url;
    struct ch_buf name;
    ch_buf_init(&url, ch_limits.url_bytes);
    ch_buf_init(&name, ch_limits.url_bytes);
    bool same = ch_url_resolve(base, href, &url, NULL) == CH_OK &&
                ch_url_decode(ch_url_last_segment(ch_buf_str(&url)), &name) &&
                ch_str_eq(ch_buf_str(&name), text);
    ch_buf_done(&url);
    ch_buf_done(&name);
    return same;
}

static enum ch_code add_file(struct html_page *p, struct ch_err *err)
{
    struct ch_page_draft *d = p->draft;
    struct ch_str text = trim(ch_buf_str(&p->text));
    struct ch_str href;
    struct ch_index_file *f;
    enum ch_code rc = decoded(p, p->anchor.value[A_HREF], &href, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_str fragment = ch_url_fragment(href);
    struct ch_str target =
        fragment.ptr == NULL ? href : ch_str_sub(href, 0, href.len - fragment.len - 1);
    if (target.len == 0 || target.ptr[target.len - 1] == '/') {
        return CH_OK; /* a folder or a place in this page: navigation, not a file */
    }
    if (!text_is_last_segment(href, p->project_base, text)) {
        ch_page_skip(d, text.len > 0 ? text : href, "filename");
        return d->skipped_count > ch_limits.page_files
                   ? ch_fail(err, CH_E_LIMIT, "page: more than %llu links",
                             (unsigned long long)ch_limits.page_files)
                   : CH_OK;
    }
    rc = ch_page_add(d, text, p->project_base, href, &f, err);
    if (rc != CH_OK || f == NULL) {
        return rc;
    }
    if (!find_hashes(fragment, &f->sha256, &f->alias)) {
        return anchor_fail(p, A_HREF, "the hex digits of each hash", err);
    }
    return read_terms(p, f, err);
}

static enum ch_code end_anchor(struct html_page *p, struct ch_err *err)
{
    p->in_anchor = false;
    if (!p->anchor.present[A_HREF]) {
        return CH_OK;
    }
    return add_file(p, err);
}

static enum ch_code begin_anchor(struct html_page *p, const struct ch_html_token *t,
                                 struct ch_err *err)
{
    enum ch_code rc = p->in_anchor ? end_anchor(p, err) : CH_OK;
    if (rc == CH_OK) {
        p->in_anchor = true;
        p->anchor_at = t->at;
        p->anchors++;
        ch_buf_clear(&p->text);
        rc = read_attributes(t, &p->anchor, err);
    }
    return rc;
}

static enum ch_code read_meta(struct html_page *p, const struct ch_html_token *t,
                              struct ch_err *err)
{
    struct attributes a;
    struct ch_str name;
    struct ch_str content;
    enum ch_code rc = read_attributes(t, &a, err);
    if (rc != CH_OK || !a.present[A_NAME] || !a.present[A_CONTENT]) {
        return rc;
    }
    name = trim(a.value[A_NAME]);
    rc = decoded(p, a.value[A_CONTENT], &content, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (ch_str_eq_nocase(name, CH_STR("pypi:repository-version"))) {
        rc = ch_page_check_version(content, err);
        return rc == CH_OK ? CH_OK : ch_wrap(err, "page: <meta> pypi:repository-version");
    }
    if (ch_str_eq_nocase(name, CH_STR("pypi:project-status"))) {
        if (!ch_page_status(content, &p->draft->head.status)) {
            return ch_fail(err, CH_E_FORMAT,
                           "page: <meta> pypi:project-status: expected active, archived, "
                           "quarantined or deprecated");
        }
        p->draft->head.states_status = true;
    } else if (ch_str_eq_nocase(name, CH_STR("pypi:project-status-reason"))) {
        p->draft->head.status_reason = ch_page_keep(p->draft, ch_page_clip(content));
    }
    return CH_OK;
}

static enum ch_code read_base(struct html_page *p, const struct ch_html_token *t,
                              struct ch_err *err)
{
    struct attributes a;
    struct ch_str href;
    enum ch_code rc = read_attributes(t, &a, err);
    if (rc != CH_OK || !a.present[A_HREF]) {
        return rc;
    }
    if (p->has_base || p->anchors > 0) {
        return ch_fail(err, CH_E_FORMAT, "page: <base> at byte %zu: expected one, before any link",
                       t->at);
    }
    rc = decoded(p, a.value[A_HREF], &href, err);
    if (rc == CH_OK) {
        rc = ch_url_resolve(p->project_base, href, &p->base, err);
    }
    if (rc != CH_OK) {
        return ch_wrap(err, "page: <base> at byte %zu", t->at);
    }
    p->has_base = true;
    p->project_base = ch_buf_str(&p->base);
    return CH_OK;
}

/* Warehouse ends its pages with <!--SERIAL 12345-->. */
static void read_comment(struct html_page *p, struct ch_str text)
{
    uint64_t serial;
    text = trim(text);
    if (ch_str_starts(text, CH_STR("SERIAL ")) &&
        ch_str_u64(ch_str_sub(text, sizeof("SERIAL ") - 1, text.len), &serial) &&
        serial <= INT64_MAX) {
        p->draft->head.serial = serial;
    }
}

static enum ch_code read_open(struct html_page *p, const struct ch_html_token *t,
                              struct ch_err *err)
{
    if (ch_str_eq_nocase(t->name, CH_STR("a"))) {
        return begin_anchor(p, t, err);
    }
    if (ch_str_eq_nocase(t->name, CH_STR("meta"))) {
        return read_meta(p, t, err);
    }
    if (ch_str_eq_nocase(t->name, CH_STR("base"))) {
        return read_base(p, t, err);
    }
    p->html_open |= ch_str_eq_nocase(t->name, CH_STR("html"));
    return CH_OK;
}

static enum ch_code read_token(struct html_page *p, const struct ch_html_token *t,
                               struct ch_err *err)
{
    switch (t->kind) {
    case CH_HTML_OPEN:
        return read_open(p, t, err);
    case CH_HTML_CLOSE:
        if (ch_str_eq_nocase(t->name, CH_STR("html"))) {
            p->html_open = false;
        }
        return p->in_anchor && ch_str_eq_nocase(t->name, CH_STR("a")) ? end_anchor(p, err) : CH_OK;
    case CH_HTML_TEXT:
        return p->in_anchor ? ch_html_decode(t->text, &p->text, err) : CH_OK;
    case CH_HTML_COMMENT:
        read_comment(p, t->text);
        return CH_OK;
    case CH_HTML_END:
        return CH_OK;
    }
    return CH_OK;
}

static enum ch_code read_all(struct html_page *p, const struct ch_input *in, struct ch_err *err)
{
    struct ch_html h;
    struct ch_html_token t = {0};
    enum ch_code rc = ch_html_init(&h, (struct ch_str){(const char *)in->ptr, in->len}, err);
    ch_buf_init(&p->base, ch_limits.url_bytes);
    ch_buf_init(&p->text, ch_limits.html_text_bytes);
    ch_buf_init(&p->scratch, ch_limits.html_text_bytes);
    while (rc == CH_OK) {
        rc = ch_html_next(&h, &t, err);
        if (rc != CH_OK || t.kind == CH_HTML_END) {
            break;
        }
        rc = read_token(p, &t, err);
    }
    if (rc == CH_OK && (p->in_anchor || p->html_open)) {
        rc = ch_fail(err, CH_E_FORMAT, "page: truncated: <%s> is not closed",
                     p->in_anchor ? "a" : "html");
    }
    ch_buf_done(&p->text);
    ch_buf_done(&p->scratch);
    return rc;
}

enum ch_code ch_page_parse_html(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_page_draft d;
    ch_page_draft_init(&d, job, out);
    struct html_page p = {.draft = &d, .project_base = job->base_url};
    enum ch_code rc = read_all(&p, in, err);
    if (rc == CH_OK) {
        rc = ch_page_finish(&d, err);
    }
    ch_buf_done(&p.base);
    ch_page_draft_done(&d);
    return rc;
}
