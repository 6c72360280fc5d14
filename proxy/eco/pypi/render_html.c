#include "proxy/eco/pypi/pypi_int.h"

/* Text from outside: printable ASCII with HTML's five characters escaped, all else as visible \xNN
 * (T20), so that no encoding trick and no control character reaches a browser or a terminal. */
static void put_text(struct ch_buf *out, struct ch_str s)
{
    struct ch_buf plain;
    ch_buf_init(&plain, out->max);
    ch_buf_put_escaped(&plain, s);
    ch_buf_put_html(out, ch_buf_str(&plain));
    out->failed = out->failed || plain.failed;
    ch_buf_done(&plain);
}

/* Reasons come escaped from whoever put ours and the upstream's words together: said again here, they
 * would differ from those in the page's JSON form. */
static void put_reason(struct ch_buf *out, struct ch_str s)
{
    struct ch_buf plain;
    ch_buf_init(&plain, out->max);
    ch_buf_put_printable(&plain, s);
    ch_buf_put_html(out, ch_buf_str(&plain));
    out->failed = out->failed || plain.failed;
    ch_buf_done(&plain);
}

static void put_meta(struct ch_buf *out, const char *name, struct ch_str content)
{
    ch_buf_printf(out, "<meta name=\"pypi:%s\" content=\"", name);
    put_reason(out, content);
    ch_buf_puts(out, CH_STR("\">\n"));
}

/* PEP 714: both names of the attribute, so that every client that knows sidecars finds this one. */
static void put_sidecar(struct ch_buf *out, const char *attribute, const struct ch_page_file *f)
{
    if (f->sidecar == CH_SIDECAR_NONE) {
        return;
    }
    ch_buf_printf(out, " data-%s=\"", attribute);
    if (f->sidecar == CH_SIDECAR_HASHED) {
        ch_buf_puts(out, CH_STR("sha256="));
        ch_buf_put_hex(out, f->sidecar_sha256.byte, sizeof(f->sidecar_sha256.byte));
    } else {
        ch_buf_puts(out, CH_STR("true"));
    }
    ch_buf_putc(out, '"');
}

static void put_file(struct ch_buf *out, const struct ch_page *page, const struct ch_page_file *f)
{
    ch_buf_puts(out, CH_STR("<a href=\"../../files/"));
    ch_pypi_put_path_part(out, page->project);
    ch_buf_putc(out, '/');
    ch_pypi_put_path_part(out, f->file_name);
    if (!ch_sha256_is_zero(&f->sha256)) {
        ch_buf_puts(out, CH_STR("#sha256="));
        ch_buf_put_hex(out, f->sha256.byte, sizeof(f->sha256.byte));
    }
    ch_buf_putc(out, '"');
    if (f->requires_python.len > 0) {
        ch_buf_puts(out, CH_STR(" data-requires-python=\""));
        put_reason(out, f->requires_python); /* as the JSON form states it */
        ch_buf_putc(out, '"');
    }
    if (f->listing == CH_LIST_YANKED) {
        ch_buf_puts(out, CH_STR(" data-yanked=\""));
        put_reason(out, f->yanked_reason);
        ch_buf_putc(out, '"');
    }
    put_sidecar(out, "dist-info-metadata", f);
    put_sidecar(out, "core-metadata", f);
    ch_buf_putc(out, '>');
    put_text(out, f->file_name);
    ch_buf_puts(out, CH_STR("</a><br>\n"));
}

enum ch_code ch_pypi_render_html(const struct ch_page *page, struct ch_str prefix, struct ch_buf *out,
                                 struct ch_err *err)
{
    (void)prefix;
    ch_buf_puts(out, CH_STR("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"));
    put_meta(out, "repository-version", ch_str_of(ch_pypi_api_version(page, false)));
    const char *status = ch_pypi_status_name(page);
    if (status != NULL) {
        put_meta(out, "project-status", ch_str_of(status));
        if (page->status_reason.len > 0) {
            put_meta(out, "project-status-reason", page->status_reason);
        }
    }
    ch_buf_puts(out, CH_STR("<title>Links for "));
    put_text(out, page->project);
    ch_buf_puts(out, CH_STR("</title>\n</head>\n<body>\n<h1>Links for "));
    put_text(out, page->project);
    ch_buf_puts(out, CH_STR("</h1>\n"));
    for (size_t i = 0; i < page->file_count; i++) {
        put_file(out, page, &page->files[i]);
    }
    ch_buf_puts(out, CH_STR("</body>\n</html>\n"));
    return ch_buf_ok(out, err);
}

enum ch_code ch_pypi_render_root_html(const struct ch_root_page *page, struct ch_str prefix,
                                      struct ch_buf *out, struct ch_err *err)
{
    (void)prefix;
    ch_buf_puts(out, CH_STR("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"));
    put_meta(out, "repository-version", CH_STR("1.0"));
    ch_buf_puts(out, CH_STR("<title>Simple index</title>\n</head>\n<body>\n"));
    for (size_t i = 0; i < page->name_count; i++) {
        ch_buf_puts(out, CH_STR("<a href=\""));
        ch_pypi_put_path_part(out, page->names[i]);
        ch_buf_puts(out, CH_STR("/\">"));
        put_text(out, page->names[i]);
        ch_buf_puts(out, CH_STR("</a><br>\n"));
    }
    ch_buf_puts(out, CH_STR("</body>\n</html>\n"));
    return ch_buf_ok(out, err);
}
