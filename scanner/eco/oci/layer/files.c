/* What is told of each file by itself: rights, programs, secrets. */
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/content/secret.h"
#include "scanner/eco/oci/layer/layer_int.h"

enum { SETUID = 04000, SETGID = 02000, STICKY = 01000, ANYBODY_WRITES = 02, ANYBODY_RUNS = 0111 };

/* Folders that PATH has. */
static bool is_command_folder(struct ch_str folder)
{
    static const char *const rows[] = {"bin",      "sbin",          "usr/bin",
                                       "usr/sbin", "usr/local/bin", "usr/local/sbin"};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(folder, ch_str_of(rows[i]))) {
            return true;
        }
    }
    return false;
}

static struct ch_str folder_of(struct ch_str path)
{
    struct ch_str folder = path_folder(path);
    return ch_str_sub(folder, 0, folder.len > 0 ? folder.len - 1 : 0);
}

void layer_see_folder(struct layer *l, const struct ch_tar_member *m)
{
    if ((m->mode & ANYBODY_WRITES) != 0 && (m->mode & STICKY) == 0 && is_command_folder(m->name)) {
        layer_tell(l, LAYER_TOLD_WRITABLE, m->path, "mode %04o", m->mode & 07777);
    }
}

static bool is_program(const struct ch_tar_member *m)
{
    return (m->mode & ANYBODY_RUNS) != 0 && (ch_str_starts(m->bytes, CH_STR("\x7f"
                                                                            "ELF")) ||
                                             ch_str_starts(m->bytes, CH_STR("#!")));
}

static bool is_text(struct ch_str bytes)
{
    enum { LOOKED_AT = 4096 };
    struct ch_str head = ch_str_sub(bytes, 0, LOOKED_AT);
    return head.len > 0 && memchr(head.ptr, '\0', head.len) == NULL;
}

/* One is enough to say of a file. */
static void look_for_secrets(struct layer *l, const struct ch_tar_member *m)
{
    const char *what;
    size_t at;
    if (is_text(m->bytes) && secret_find(m->bytes, 0, &what, &at)) {
        layer_tell(l, layer_is_aside(m->name) ? LAYER_TOLD_SECRET_TEST : LAYER_TOLD_SECRET, m->path,
                   "%s, at byte %zu", what, at);
    }
}

void layer_see_rights(struct layer *l, const struct ch_tar_member *m)
{
    if (((m->mode & (SETUID | SETGID)) != 0 && (m->mode & ANYBODY_RUNS) != 0) || m->capability) {
        layer_keep_program(l, m, LAYER_SETUID);
    } else if (is_program(m)) {
        layer_keep_program(l, m, LAYER_PROGRAM);
    }
    if ((m->mode & ANYBODY_WRITES) != 0 && is_command_folder(folder_of(m->name))) {
        layer_tell(l, LAYER_TOLD_WRITABLE, m->path, "mode %04o", m->mode & 07777);
    }
}

void layer_see_file(struct layer *l, const struct ch_tar_member *m)
{
    layer_see_rights(l, m);
    look_for_secrets(l, m);
}
