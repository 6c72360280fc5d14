/* Packages of Java in archives of Java, archives in those included. */
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/oci/layer/layer_int.h"
#include "scanner/inventory/inventory.h"
#include "scanner/unpack/zip.h"

/* Java finds an archive by its end, whatever stands before it; the reader here begins at byte 0. */
static bool ends_as_zip(struct ch_str bytes)
{
    enum { END_MAX = 22 + 65535 };
    size_t from = bytes.len > END_MAX ? bytes.len - END_MAX : 0;
    return ch_str_find(ch_str_sub(bytes, from, bytes.len), CH_STR("PK\5\6"), NULL);
}

/* What a reader of Java's takes. */
static const struct ch_zip_profile any_zip = {
    .name = "jar", .deflate = true, .descriptor = true, .stored_descriptor = true};

struct jar {
    struct layer *l;
    struct ch_str path; /* of the outermost */
    unsigned depth;
    uint64_t unpacked_bytes;
};

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
    /* what is wrong with it is no matter of what it is made of: here it is read for its packages */
}

static void read_jar(struct jar *j, struct ch_str bytes);

static bool is_pom(struct ch_str name)
{
    return ch_str_starts(name, CH_STR("META-INF/maven/")) &&
           ch_str_eq(path_base(name), CH_STR("pom.properties"));
}

static void see(struct jar *j, struct ch_zip *z, size_t i)
{
    const struct ch_zip_member *m = ch_zip_at(z, i);
    struct ch_err err;
    struct ch_buf content;
    bool pom = is_pom(m->name);
    if (m->type != CH_MEMBER_FILE || !m->readable ||
        (!pom && !path_has_extension(m->name, "jar"))) {
        return;
    }
    j->unpacked_bytes += m->size_bytes;
    if (j->unpacked_bytes > ch_limits.member_whole_bytes * 4 ||
        (!pom && j->depth >= ch_limits.nested_depth)) {
        layer_tell(j->l, LAYER_TOLD_UNREAD, j->path, "archives inside are larger than is read");
        return;
    }
    ch_buf_init(&content, ch_limits.member_whole_bytes);
    enum ch_code rc = ch_zip_read_ahead(z, i, &content, &err);
    if (rc == CH_OK && pom) {
        rc = ch_inventory_maven(ch_buf_str(&content), layer_package, j->l, &err);
    } else if (rc == CH_OK) {
        j->depth++;
        read_jar(j, ch_buf_str(&content));
        j->depth--;
    }
    if (rc != CH_OK) {
        layer_tell(j->l, LAYER_TOLD_UNREAD, j->path, "%.*s: %s", CH_STR_ARG(m->name), err.msg);
    }
    ch_buf_done(&content);
}

static void read_jar(struct jar *j, struct ch_str bytes)
{
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)bytes.ptr, .len = bytes.len};
    struct ch_scan_writer *listen = ch_scan_writer_listen(on_finding, NULL);
    struct ch_zip *z = NULL;
    struct ch_err err;
    if (ch_zip_open(&in, &any_zip, listen, &z, &err) == CH_OK) {
        for (size_t i = 0; i < ch_zip_count(z); i++) {
            see(j, z, i);
        }
        if (!ch_zip_complete(z)) {
            layer_tell(j->l, LAYER_TOLD_UNREAD, j->path, "an archive that is not read to its end");
        }
        ch_zip_free(z);
    }
    ch_scan_writer_free(listen);
}

void layer_see_jar(struct layer *l, const struct ch_tar_member *m)
{
    struct jar j = {.l = l, .path = m->path};
    if (m->bytes.len < m->size_bytes) {
        layer_tell(l, LAYER_TOLD_UNREAD, m->path, "%llu bytes, larger than is read",
                   (unsigned long long)m->size_bytes);
    } else if (ch_str_starts(m->bytes, CH_STR("PK"))) {
        read_jar(&j, m->bytes);
    } else if (ends_as_zip(m->bytes)) {
        layer_tell(l, LAYER_TOLD_UNREAD, m->path, "an archive with something before it");
    }
}
