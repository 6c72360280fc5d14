/* Packages that lie in a layer as they are published, installed by nobody yet: wheels, conda
 * packages. Whoever starts the image may install them, from there and unasked. Each is inspected as
 * it would be by itself, except that nothing is known of it but its name: what its inspector finds
 * is told with the package's path before the member's. */
#include "customhouse/inspector.h"
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/oci/layer/layer_int.h"

struct carried {
    struct layer *l;
    struct ch_str path;
};

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member,
                       struct ch_str evidence_raw)
{
    const struct carried *c = arg;
    struct ch_buf path;
    ch_buf_init(&path, 4 * ch_limits.member_path_bytes);
    ch_buf_puts(&path, c->path);
    if (member.len > 0) {
        ch_buf_putc(&path, '!');
        ch_buf_puts(&path, ch_str_sub(member, 0, ch_limits.member_path_bytes));
    }
    ch_scan_write_finding(c->l->out, code, ch_buf_str(&path), evidence_raw);
    ch_buf_done(&path);
}

static const struct ch_inspector *inspector_of(struct ch_str path,
                                               const struct ch_inspector_carried **ret)
{
    const struct ch_inspector *one;
    for (size_t i = 0; (one = ch_inspector_at(i)) != NULL; i++) {
        for (*ret = one->carried; *ret != NULL && (*ret)->ending != NULL; ++*ret) {
            if (path_ends_nocase(path, ch_str_of((*ret)->ending))) {
                return one;
            }
        }
    }
    return NULL;
}

void layer_see_carried(struct layer *l, const struct ch_tar_member *m)
{
    const struct ch_inspector_carried *kind;
    const struct ch_inspector *one = inspector_of(m->name, &kind);
    struct carried c = {.l = l, .path = m->path};
    struct ch_err err = {0};
    if (one == NULL) {
        return;
    }
    if (m->bytes.len < m->size_bytes) {
        ch_scan_write_finding(l->out, CH_F_NESTED_LIMIT, m->path,
                              CH_STR("a package that is larger than is read in a layer"));
        return;
    }
    struct ch_scan_job job = {.id = l->job->id,
                              .kind = CH_SCAN_ARTIFACT,
                              .ecosystem = ch_str_of(one->ecosystem),
                              .profile = ch_str_of(kind->profile),
                              .file_name = path_base(m->name),
                              .size_bytes = m->size_bytes};
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)m->bytes.ptr, .len = m->bytes.len};
    struct ch_scan_writer *listen = ch_scan_writer_listen(on_finding, &c);
    if (one->inspect(&job, &in, listen, &err) != CH_OK) {
        ch_scan_write_finding(l->out, CH_F_NESTED_UNREADABLE, m->path, ch_str_of(err.msg));
    }
    ch_scan_writer_free(listen);
}
