/* Which files packages own, by the lists that dpkg and apk keep. Of rpm nothing here reads them:
 * then nothing is said of programs without an owner. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/layer/layer_int.h"

/* Systems whose bin is usr/bin have packages that still say /bin. */
static struct ch_str key_of(struct ch_str path)
{
    while (path.len > 0 && path.ptr[0] == '/') {
        path = ch_str_sub(path, 1, path.len);
    }
    return ch_str_starts(path, CH_STR("usr/")) ? ch_str_sub(path, 4, path.len) : path;
}

static void own(struct layer *l, struct ch_str path)
{
    struct ch_str key = key_of(path);
    if (key.len > 0 && layer_may_keep(l, path, key.len + 64)) {
        CH_IGNORE(ch_map_set(l->owned, key, l));
    }
}

/* A path a line (deb's "list", dpkg-query(1)). */
static void read_dpkg_list(struct layer *l, struct ch_str text)
{
    struct ch_str rest = text;
    struct ch_str line;
    l->lists = true;
    while (rest.len > 0 && ch_str_split(&rest, '\n', &line)) {
        own(l, line);
    }
}

/* "F:FOLDER", then "R:FILE" for each file in it. */
static void read_apk_database(struct layer *l, struct ch_str text)
{
    struct ch_str rest = text;
    struct ch_str line;
    struct ch_str folder = {NULL, 0};
    struct ch_buf path;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    l->lists = true;
    while (rest.len > 0 && ch_str_split(&rest, '\n', &line)) {
        if (ch_str_starts(line, CH_STR("F:"))) {
            folder = ch_str_sub(line, 2, line.len);
        } else if (ch_str_starts(line, CH_STR("R:"))) {
            ch_buf_clear(&path);
            ch_buf_puts(&path, folder);
            ch_buf_putc(&path, '/');
            ch_buf_puts(&path, ch_str_sub(line, 2, line.len));
            own(l, ch_buf_str(&path));
        }
    }
    ch_buf_done(&path);
}

void layer_see_owners(struct layer *l, const struct ch_tar_member *m)
{
    if (ch_str_starts(m->name, CH_STR("var/lib/dpkg/info/")) &&
        ch_str_ends(m->name, CH_STR(".list"))) {
        read_dpkg_list(l, m->bytes);
    } else if (ch_str_eq(m->name, CH_STR("lib/apk/db/installed")) ||
               ch_str_eq(m->name, CH_STR("usr/lib/apk/db/installed"))) {
        read_apk_database(l, m->bytes);
    }
}

bool layer_is_owned(const struct layer *l, struct ch_str path)
{
    return ch_map_get(l->owned, key_of(path)) != NULL;
}

/* --- programs --- */

/* Scripts of packages, which dpkg keeps itself. */
static bool is_of_dpkg(struct ch_str path)
{
    return ch_str_starts(path, CH_STR("var/lib/dpkg/info/"));
}

void layer_keep_program(struct layer *l, const struct ch_tar_member *m,
                        enum layer_program_kind kind)
{
    if (!layer_may_keep(l, m->path, m->path.len + sizeof(struct layer_program))) {
        return;
    }
    if (l->program_count == l->program_cap) {
        l->program_cap = l->program_cap == 0 ? 64 : 2 * l->program_cap;
        l->programs = ch_realloc_array(l->programs, l->program_cap, sizeof(l->programs[0]));
    }
    l->programs[l->program_count++] = (struct layer_program){
        .path = ch_str_dup(m->name), .kind = kind, .mode = m->mode, .capability = m->capability};
}

void layer_judge_programs(struct layer *l)
{
    for (size_t i = 0; i < l->program_count; i++) {
        const struct layer_program *p = &l->programs[i];
        struct ch_str path = ch_str_of(p->path);
        bool owned = layer_is_owned(l, path);
        /* Python packages bring programs, and lists of their own. */
        bool python = ch_map_get(l->by_path, path) != NULL;
        if (p->kind == LAYER_SETUID) {
            layer_tell(l, owned ? LAYER_TOLD_SETUID : LAYER_TOLD_SETUID_UNOWNED, path,
                       "mode %04o%s", p->mode & 07777, p->capability ? ", and capabilities" : "");
        } else if (l->lists && !owned && !python && !is_of_dpkg(path)) {
            layer_tell(l, LAYER_TOLD_UNOWNED, path, "mode %04o", p->mode & 07777);
        }
    }
}

void layer_owners_done(struct layer *l)
{
    for (size_t i = 0; i < l->program_count; i++) {
        free(l->programs[i].path);
    }
    free(l->programs);
    ch_map_free(l->owned);
}
