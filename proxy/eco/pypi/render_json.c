#include "proxy/eco/pypi/pypi_int.h"

static void put_hash_object(struct ch_buf *out, const struct ch_sha256 *digest)
{
    ch_buf_puts(out, CH_STR("{\"sha256\":\""));
    ch_buf_put_hex(out, digest->byte, sizeof(digest->byte));
    ch_buf_puts(out, CH_STR("\"}"));
}

static void put_sidecar(struct ch_buf *out, const struct ch_page_file *f)
{
    switch (f->sidecar) {
    case CH_SIDECAR_HASHED:
        put_hash_object(out, &f->sidecar_sha256);
        break;
    case CH_SIDECAR_YES:
        ch_buf_puts(out, CH_STR("true"));
        break;
    case CH_SIDECAR_NONE:
        ch_buf_puts(out, CH_STR("false"));
        break;
    }
}

static void put_file(struct ch_buf *out, const struct ch_page *page, const struct ch_page_file *f)
{
    ch_buf_puts(out, CH_STR("{\"filename\":"));
    ch_buf_put_json(out, f->file_name);
    /* Relative to /REPO/simple/PROJECT/: lock files then hold no more of us than the client asked. */
    ch_buf_puts(out, CH_STR(",\"url\":\"../../files/"));
    ch_pypi_put_path_part(out, page->project);
    ch_buf_putc(out, '/');
    ch_pypi_put_path_part(out, f->file_name);
    ch_buf_puts(out, CH_STR("\",\"hashes\":"));
    if (ch_sha256_is_zero(&f->sha256)) {
        ch_buf_puts(out, CH_STR("{}"));
    } else {
        put_hash_object(out, &f->sha256);
    }
    if (f->requires_python.len > 0) {
        ch_buf_puts(out, CH_STR(",\"requires-python\":"));
        ch_buf_put_json(out, f->requires_python);
    }
    if (f->size_bytes != CH_SIZE_UNKNOWN) {
        ch_buf_printf(out, ",\"size\":%llu", (unsigned long long)f->size_bytes);
    }
    if (f->uploaded_at_us != CH_TIME_UNKNOWN) {
        size_t before = out->len;
        ch_buf_puts(out, CH_STR(",\"upload-time\":\""));
        if (ch_pypi_put_time(out, f->uploaded_at_us)) {
            ch_buf_putc(out, '"');
        } else {
            out->len = before;
        }
    }
    ch_buf_puts(out, CH_STR(",\"yanked\":"));
    if (f->listing != CH_LIST_YANKED) {
        ch_buf_puts(out, CH_STR("false"));
    } else if (f->yanked_reason.len == 0) {
        ch_buf_puts(out, CH_STR("true"));
    } else {
        ch_buf_put_json(out, f->yanked_reason);
    }
    /* PEP 714: the second key is the name that older clients know; never advertise what is not served. */
    ch_buf_puts(out, CH_STR(",\"core-metadata\":"));
    put_sidecar(out, f);
    ch_buf_puts(out, CH_STR(",\"data-dist-info-metadata\":"));
    put_sidecar(out, f);
    ch_buf_putc(out, '}');
}

enum ch_code ch_pypi_render_json(const struct ch_page *page, struct ch_str prefix, struct ch_buf *out,
                                 struct ch_err *err)
{
    (void)prefix;
    ch_buf_printf(out, "{\"meta\":{\"api-version\":\"%s\"},\"name\":", ch_pypi_api_version(page, true));
    ch_buf_put_json(out, page->project);
    const char *status = ch_pypi_status_name(page);
    if (status != NULL) {
        ch_buf_printf(out, ",\"project-status\":{\"status\":\"%s\"", status);
        if (page->status_reason.len > 0) {
            ch_buf_puts(out, CH_STR(",\"reason\":"));
            ch_buf_put_json(out, page->status_reason);
        }
        ch_buf_putc(out, '}');
    }
    ch_buf_puts(out, CH_STR(",\"versions\":["));
    for (size_t i = 0; i < page->version_count; i++) {
        if (i > 0) {
            ch_buf_putc(out, ',');
        }
        ch_buf_put_json(out, page->versions[i]);
    }
    ch_buf_puts(out, CH_STR("],\"files\":["));
    for (size_t i = 0; i < page->file_count; i++) {
        if (i > 0) {
            ch_buf_putc(out, ',');
        }
        put_file(out, page, &page->files[i]);
    }
    ch_buf_puts(out, CH_STR("]}\n"));
    return ch_buf_ok(out, err);
}

enum ch_code ch_pypi_render_root_json(const struct ch_root_page *page, struct ch_str prefix,
                                      struct ch_buf *out, struct ch_err *err)
{
    (void)prefix;
    ch_buf_puts(out, CH_STR("{\"meta\":{\"api-version\":\"1.0\"},\"projects\":["));
    for (size_t i = 0; i < page->name_count; i++) {
        ch_buf_puts(out, i > 0 ? CH_STR(",{\"name\":") : CH_STR("{\"name\":"));
        ch_buf_put_json(out, page->names[i]);
        ch_buf_putc(out, '}');
    }
    ch_buf_puts(out, CH_STR("]}\n"));
    return ch_buf_ok(out, err);
}
