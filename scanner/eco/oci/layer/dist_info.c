/* What Python packages in a layer say of themselves. An installer wrote RECORD anew when it put
 * them there; what was changed since is a note, as images strip what they have. */
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/oci/layer/layer_int.h"
#include "scanner/inventory/inventory.h"
#include "scanner/python/entry_points.h"
#include "scanner/python/metadata.h"
#include "scanner/python/record.h"

bool layer_in_dist_info(struct ch_str below_site, struct ch_str *ret_folder,
                        struct ch_str *ret_name)
{
    struct ch_str rest = below_site;
    struct ch_str first;
    if (!ch_str_split(&rest, '/', &first) || rest.ptr == NULL ||
        !path_ends_nocase(first, CH_STR(".dist-info"))) {
        return false;
    }
    *ret_folder = first;
    *ret_name = rest;
    return true;
}

/* --- METADATA --- */

static bool ends_in(struct ch_str path, struct ch_str folder_ending, struct ch_str name)
{
    struct ch_str folder = path_folder(path);
    return ch_str_eq(path_base(path), name) && folder.len > 0 &&
           path_ends_nocase(ch_str_sub(folder, 0, folder.len - 1), folder_ending);
}

/* "x.egg-info" may be the file itself. */
static bool is_metadata(struct ch_str path, bool *ret_dist_info)
{
    *ret_dist_info = ends_in(path, CH_STR(".dist-info"), CH_STR("METADATA"));
    return *ret_dist_info || ends_in(path, CH_STR(".egg-info"), CH_STR("PKG-INFO")) ||
           path_ends_nocase(path, CH_STR(".egg-info"));
}

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member,
                       struct ch_str evidence_raw)
{
    struct layer *l = arg;
    ch_scan_write_finding(l->out, code, member, evidence_raw);
}

static struct ch_str licence_of(const struct ch_metadata *m)
{
    struct ch_str value = {NULL, 0};
    size_t at = 0;
    if (!ch_metadata_next(m, CH_STR("License-Expression"), &at, &value)) {
        at = 0;
        CH_IGNORE(!ch_metadata_next(m, CH_STR("License"), &at, &value));
    }
    return value;
}

void layer_see_metadata(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_metadata metadata;
    struct ch_err err;
    bool dist_info = false;
    if (!is_metadata(m->name, &dist_info)) {
        return;
    }
    if (m->bytes.len == m->size_bytes && ch_metadata_parse(m->bytes, &metadata, &err) == CH_OK) {
        layer_package_of(l, "python",
                         &(struct ch_package){.name = metadata.name,
                                              .version = metadata.version,
                                              .licence = licence_of(&metadata)});
        ch_metadata_done(&metadata);
    } else if (!dist_info) {
        layer_tell(l, LAYER_TOLD_UNREAD, m->path, "no metadata of a Python package");
    }
    if (dist_info) {
        struct ch_scan_writer *listen = ch_scan_writer_listen(on_finding, l);
        ch_metadata_report(&l->content_job, m->path, m->bytes, listen);
        ch_scan_writer_free(listen);
    }
}

/* --- entry points --- */

struct entry_points {
    struct layer *l;
    struct layer_group *g;
    struct ch_str member;
};

static void see_entry(void *arg, struct ch_str group, struct ch_str name, struct ch_str object)
{
    const struct entry_points *e = arg;
    entry_points_tell(e->g->site->out, e->g->content, e->member, group, name, object);
}

/* --- RECORD --- */

static void check_row(struct layer *l, struct layer_site *s, const struct record_row *row)
{
    struct ch_buf path;
    struct record_hash stated;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&path, (struct ch_str){s->folder, s->folder_len});
    ch_buf_puts(&path, row->path);
    const struct layer_file *f = path.failed ? NULL : ch_map_get(l->by_path, ch_buf_str(&path));
    if (f != NULL && f->target.ptr == NULL && record_hash_parse(row->hash, &stated) &&
        stated.bytes == CH_SHA256_BYTES &&
        !ch_str_eq((struct ch_str){(const char *)f->sha256.byte, CH_SHA256_BYTES},
                   (struct ch_str){(const char *)stated.byte, CH_SHA256_BYTES})) {
        layer_tell(l, LAYER_TOLD_RECORD, f->path, "another SHA-256");
    }
    ch_buf_done(&path);
}

static void check_record(struct layer *l, struct layer_site *s, struct ch_str member,
                         struct ch_str text)
{
    struct record_row row;
    enum record_result result;
    struct ch_buf own; /* quoted fields are written over it */
    ch_buf_init(&own, text.len + 1);
    ch_buf_puts(&own, text);
    struct record r = record_open(&own);
    while ((result = record_next(&r, &row)) == RECORD_ROW) {
        check_row(l, s, &row);
    }
    if (result == RECORD_BAD) {
        layer_tell(l, LAYER_TOLD_RECORD, member, "line %zu is no CSV line of three fields", r.line);
    }
    ch_buf_done(&own);
}

/* --- both --- */

static struct ch_str below_of(const struct layer_group *g, struct ch_str path)
{
    return ch_str_sub(path, g->site->folder_len, path.len);
}

void layer_check_dist_info(struct layer *l, struct layer_group *g, struct ch_str dist_info)
{
    struct entry_points e = {.l = l, .g = g};
    struct ch_str member;
    struct ch_str text;
    if (g->content != NULL &&
        layer_dist_info_text(l, dist_info, "entry_points.txt", &e.member, &text)) {
        entry_points_read(g->site->out, below_of(g, e.member), text, see_entry, &e);
    }
    if (layer_dist_info_text(l, dist_info, "RECORD", &member, &text)) {
        check_record(l, g->site, member, text);
    }
}
