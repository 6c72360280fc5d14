/* Paths and links: what stays inside the archive, and what refers to what. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/unpack/tar_int.h"

struct ch_str tar_name_of(const struct ch_tar *t, struct ch_str path)
{
    bool dot = t->profile->dot_names && ch_str_starts(path, CH_STR("./"));
    return dot ? ch_str_sub(path, 2, path.len) : path;
}

void tar_name_check(struct ch_tar *t, struct ch_str path, enum ch_member_type type)
{
    struct ch_str name = tar_name_of(t, path);
    if (name.len == 0 && type == CH_MEMBER_DIR) {
        return; /* "./" */
    }
    const char *fault = ch_name_fault(name, false);
    if (fault == NULL && type != CH_MEMBER_DIR && name.ptr[name.len - 1] == '/') {
        fault = "a folder by its name, something else by its type";
    }
    if (fault != NULL) {
        tar_report(t, CH_F_TAR_PATH, path, "%s", fault);
    } else if (ch_name_unstable(name) != 0) {
        tar_report(t, CH_F_TAR_NAME_UNICODE, path, "U+%04X", (unsigned)ch_name_unstable(name));
    }
}

/* --- symbolic links --- */

/* Folders above the path's last component that a link may climb. */
static size_t depth_of(const struct ch_tar *t, struct ch_str path)
{
    size_t depth = 0;
    struct ch_str part;
    struct ch_str rest = path;
    while (ch_str_split(&rest, '/', &part)) {
        depth += part.len > 0 && !ch_str_eq(part, CH_STR("."));
    }
    size_t own = t->profile->one_folder ? 2 : 1; /* itself, and the folder that is stripped */
    return depth > own ? depth - own : 0;
}

/* ".." only at the beginning: behind a component that is itself a link it leads elsewhere than it
 * seems to (CVE-2025-4517). No member lies under a link, so what is counted here is what is walked.
 */
static const char *target_fault(struct ch_str target, size_t depth)
{
    bool climbing = true;
    struct ch_str part;
    struct ch_str rest = target;
    if (target.ptr[0] == '/') {
        return "absolute target";
    }
    for (size_t i = 0; i < target.len; i++) {
        uint8_t c = (uint8_t)target.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '\\' || c == ':') {
            return "target with a control byte, backslash or colon";
        }
    }
    while (ch_str_split(&rest, '/', &part)) {
        bool up = ch_str_eq(part, CH_STR(".."));
        if (up && (!climbing || depth == 0)) {
            return climbing ? "target outside" : "target with \"..\" behind a name";
        }
        depth -= up;
        climbing = climbing && (up || part.len == 0 || ch_str_eq(part, CH_STR(".")));
    }
    return ch_str_is_utf8(target) ? NULL : "target of invalid UTF-8";
}

void tar_symlink_check(struct ch_tar *t, struct ch_str path, struct ch_str target)
{
    const char *fault = target_fault(target, depth_of(t, path));
    if (fault != NULL) {
        tar_report(t, CH_F_TAR_LINK, path, "%s: \"%.*s\"", fault, CH_STR_ARG(target));
    }
}

/* --- what was listed --- */

struct listed {
    size_t at; /* of path and target in the text */
    size_t path_len;
    size_t target_len; /* 0: no hard link */
    bool file;
    bool read; /* mode and sha256 are known */
    uint32_t mode;
    struct ch_sha256 sha256;
};

struct tar_paths {
    struct ch_buf text;
    struct listed *all;
    size_t count;
    size_t cap;
};

struct tar_paths *tar_paths_new(void)
{
    struct tar_paths *p = ch_calloc(1, sizeof(*p));
    ch_buf_init(&p->text, ch_limits.archive_names_bytes);
    return p;
}

void tar_paths_free(struct tar_paths *p)
{
    if (p != NULL) {
        ch_buf_done(&p->text);
        free(p->all);
        free(p);
    }
}

bool tar_paths_add(struct tar_paths *p, struct ch_str path, bool file, struct ch_str target)
{
    enum { GROW_FROM = 64 };
    struct listed l = {
        .at = p->text.len, .path_len = path.len, .target_len = target.len, .file = file};
    ch_buf_puts(&p->text, path);
    ch_buf_puts(&p->text, target);
    if (p->text.failed) {
        return false;
    }
    if (p->count == p->cap) {
        p->cap = p->cap == 0 ? GROW_FROM : 2 * p->cap;
        p->all = ch_realloc_array(p->all, p->cap, sizeof(p->all[0]));
    }
    p->all[p->count++] = l;
    return true;
}

void tar_paths_content(struct tar_paths *p, uint32_t mode, const struct ch_sha256 *sha256)
{
    CH_ASSERT(p->count > 0);
    struct listed *l = &p->all[p->count - 1];
    l->read = true;
    l->mode = mode;
    l->sha256 = *sha256;
}

bool tar_paths_same(const struct tar_paths *p, size_t number, size_t other)
{
    const struct listed *a = &p->all[number - 1];
    const struct listed *b = &p->all[other - 1];
    return a->read && b->read && a->mode == b->mode &&
           ch_str_eq(tar_paths_at(p, number), tar_paths_at(p, other)) &&
           memcmp(&a->sha256, &b->sha256, sizeof(a->sha256)) == 0;
}

struct ch_str tar_paths_at(const struct tar_paths *p, size_t number)
{
    CH_ASSERT(number >= 1 && number <= p->count);
    const struct listed *l = &p->all[number - 1];
    return ch_str_sub(ch_buf_str(&p->text), l->at, l->path_len);
}

static int by_path(const void *a, const void *b, void *arg)
{
    const struct tar_paths *p = arg;
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    int c = ch_str_cmp(tar_paths_at(p, x), tar_paths_at(p, y));
    return c != 0 ? c : x < y ? -1 : x > y;
}

/* The first file of this path, among the sorted `files`; 0 when there is none. */
static size_t find_file(const struct tar_paths *p, const size_t *files, size_t count,
                        struct ch_str path)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (ch_str_cmp(tar_paths_at(p, files[mid]), path) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < count && ch_str_eq(tar_paths_at(p, files[low]), path) ? files[low] : 0;
}

void tar_paths_check_links(struct ch_tar *t)
{
    struct tar_paths *p = t->paths;
    size_t *files = ch_calloc(p->count + 1, sizeof(files[0]));
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (p->all[i].file) {
            files[count++] = i + 1;
        }
    }
    qsort_r(files, count, sizeof(files[0]), by_path, p);
    for (size_t i = 0; i < p->count; i++) {
        const struct listed *l = &p->all[i];
        struct ch_str target = ch_str_sub(ch_buf_str(&p->text), l->at + l->path_len, l->target_len);
        size_t file = find_file(p, files, count, target);
        if (l->target_len > 0 && (file == 0 || file > i)) {
            tar_report(t, CH_F_TAR_LINK, tar_paths_at(p, i + 1), "\"%.*s\" is no file before it",
                       CH_STR_ARG(target));
        }
    }
    free(files);
}
