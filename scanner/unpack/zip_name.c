/* Member names and types of a ZIP archive. */
#include <sys/stat.h>

#include "customhouse/limits.h"
#include "scanner/unpack/name.h"
#include "scanner/unpack/zip_int.h"

enum { SYSTEM_DOS = 0, SYSTEM_UNIX = 3, DOS_FOLDER = 0x10 };
/* Only the trailing slash makes a folder for every reader; attributes that say otherwise are
 * refused. Links and devices are looked for whatever system wrote the attributes, since some
 * readers do. */
static void check_type(struct ch_zip *z, struct zip_entry *e)
{
    struct ch_zip_member *m = &e->m;
    uint32_t mode = e->external >> 16;
    bool slash = m->name.len > 0 && m->name.ptr[m->name.len - 1] == '/';
    bool says_folder = (e->system == SYSTEM_UNIX && S_ISDIR(mode)) ||
                       (e->system == SYSTEM_DOS && (e->external & DOS_FOLDER) != 0);
    m->type = slash ? CH_MEMBER_DIR : CH_MEMBER_FILE;
    if (says_folder && !slash) {
        zip_report(z, CH_F_ZIP_PATH, m->name, "a folder by its attributes, a file by its name");
    }
    if (slash && (m->size_bytes > 0 || m->crc32 != 0)) {
        m->readable = false;
        zip_report(z, CH_F_ZIP_PATH, m->name, "a folder with %llu bytes of content",
                   (unsigned long long)m->size_bytes);
    }
    if (S_ISLNK(mode)) {
        m->type = CH_MEMBER_SYMLINK;
        zip_report(z, CH_F_ZIP_SYMLINK, m->name, "symbolic link");
    } else if ((mode & S_IFMT) != 0 && !S_ISREG(mode) && !S_ISDIR(mode)) {
        m->type = CH_MEMBER_OTHER;
        zip_report(z, CH_F_ZIP_SYMLINK, m->name, "device, pipe or socket: mode 0%o", mode);
    }
}

void zip_name_check(struct ch_zip *z, struct zip_entry *e)
{
    struct ch_zip_member *m = &e->m;
    if (m->name.len > ch_limits.member_path_bytes) {
        zip_report(z, CH_F_LIMIT, m->name, "name of %zu bytes, at most %llu", m->name.len,
                   (unsigned long long)ch_limits.member_path_bytes);
    }
    const char *fault = ch_name_fault(m->name, (m->flags & ZIP_FLAG_UTF8) == 0);
    if (fault != NULL) {
        zip_report(z, CH_F_ZIP_PATH, m->name, "%s", fault);
    } else if (ch_name_unstable(m->name) != 0) {
        zip_report(z, CH_F_ZIP_NAME_UNICODE, m->name, "U+%04X", ch_name_unstable(m->name));
    }
    check_type(z, e);
}

static void report_collision(void *arg, size_t id, size_t other)
{
    struct ch_zip *z = arg;
    zip_report(z, CH_F_ZIP_DUPLICATE, z->entries[id].m.name, "the same place as \"%.*s\"",
               CH_STR_ARG(z->entries[other].m.name));
}

void zip_name_duplicates(struct ch_zip *z)
{
    /* Folding lengthens a name by half at most (two bytes to three). */
    size_t room = 0;
    for (size_t i = 0; i < z->count; i++) {
        room += 2 * z->entries[i].m.name.len + 1;
    }
    struct ch_names *names = ch_names_new(room);
    for (size_t i = 0; i < z->count; i++) {
        const struct ch_zip_member *m = &z->entries[i].m;
        CH_ASSERT(ch_names_add(names, m->name, m->type == CH_MEMBER_DIR, i));
    }
    ch_names_collisions(names, report_collision, z);
    ch_names_free(names);
}
