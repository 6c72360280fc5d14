/* The members of the inner archives: what is told of each by itself, and what is kept of it. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/conda/package/package_int.h"

static bool is_below(struct ch_str path, struct ch_str folder)
{
    return path.len > folder.len && ch_str_starts(path, folder);
}

static bool is_below_nocase(struct ch_str path, struct ch_str folder)
{
    return path.len > folder.len && ch_str_eq_nocase(ch_str_sub(path, 0, folder.len), folder);
}

/* --- what is kept --- */

bool conda_is_source(struct ch_str path)
{
    return path_has_extension(path, "py") || path_has_extension(path, "pyw") ||
           path_has_extension(path, "pth") || path_has_extension(path, "start");
}

/* Whose content is asked for later: what describes the package and its Python packages, and
 * compiled Python. */
static bool is_kept(struct ch_str path, uint64_t size_bytes)
{
    struct ch_str folder;
    struct ch_str name;
    if (ch_str_eq(path, CH_STR("info/index.json")) || ch_str_eq(path, CH_STR("info/paths.json")) ||
        ch_str_eq(path, CH_STR("info/link.json")) || path_has_extension(path, "pyc")) {
        return true;
    }
    return conda_describes(path, &folder, &name) &&
           (size_bytes <= ch_limits.sdist_text_bytes || name.ptr == NULL ||
            ch_str_eq_nocase(name, CH_STR("RECORD")) ||
            ch_str_eq_nocase(name, CH_STR("METADATA")) ||
            ch_str_eq_nocase(name, CH_STR("PKG-INFO")));
}

static void keep(struct conda_package *p, struct conda_file *f, struct ch_str bytes)
{
    if (p->kept_bytes + bytes.len > ch_limits.conda_kept_bytes) {
        if (!p->over) {
            conda_report(p, CH_F_LIMIT, f->path, "more than %llu bytes of Python",
                         (unsigned long long)ch_limits.conda_kept_bytes);
        }
        p->over = true;
        return;
    }
    f->own_bytes = ch_str_dup(bytes);
    f->bytes = (struct ch_str){f->own_bytes, bytes.len};
    f->kept = true;
    p->kept_bytes += bytes.len;
}

bool conda_bytes(const struct conda_file *f, struct ch_str *ret)
{
    const struct conda_file *real = f->target != NULL ? f->target : f;
    *ret = real->bytes;
    return real->kept;
}

bool conda_text(struct conda_package *p, struct ch_str path, struct ch_str *ret)
{
    const struct conda_file *f = ch_map_get(p->by_path, path);
    if (f == NULL || f->type != CH_MEMBER_FILE) {
        return false;
    }
    if (!f->kept) {
        conda_report(p, CH_F_LIMIT, path, "larger than is read of it");
        return false;
    }
    *ret = f->bytes;
    return true;
}

/* --- what is told of each --- */

static void check_runs(struct conda_package *p, struct ch_str path)
{
    if (conda_is_link_script(path)) {
        conda_report(p, CH_F_CONDA_LINK_SCRIPT, path, "by its place and name");
    }
    if (is_below_nocase(path, CH_STR("etc/conda/activate.d/")) ||
        is_below_nocase(path, CH_STR("etc/conda/deactivate.d/")) ||
        is_below_nocase(path, CH_STR("etc/conda/env_vars.d/"))) {
        conda_report(p, CH_F_CONDA_ACTIVATE, path, "by its place");
    }
    if (is_below_nocase(path, CH_STR("Menu/")) && path_has_extension(path, "json")) {
        conda_report(p, CH_F_CONDA_MENU, path, "by its place");
    }
    if (is_below_nocase(path, CH_STR("conda-meta/")) ||
        ch_str_eq_nocase(path, CH_STR("conda-meta"))) {
        conda_report(p, CH_F_CONDA_META, path, "by its place");
    }
}

static bool is_info(struct ch_str path)
{
    return is_below(path, CH_STR("info/")) || ch_str_eq(path, CH_STR("info"));
}

/* Two archives are unpacked into one folder: what each keeps apart may meet there. So does a file
 * of "Info/" with what installers read of info/, though no file of that is there. */
static void check_collision(struct conda_package *p, struct conda_file *f)
{
    struct ch_buf folded;
    ch_buf_init(&folded, f->path.len + 1);
    for (size_t i = 0; i < f->path.len; i++) {
        char c = f->path.ptr[i];
        ch_buf_putc(&folded, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    const struct conda_file *other = ch_map_set(p->folded, ch_buf_str(&folded), f);
    if (other != NULL && (f->type != CH_MEMBER_DIR || other->type != CH_MEMBER_DIR)) {
        conda_report(p, CH_F_CONDA_COLLISION, f->path, "another member has that path");
    } else if (!f->info && is_info(ch_buf_str(&folded))) {
        conda_report(p, CH_F_CONDA_COLLISION, f->path, "is info/ where case does not count");
    }
    ch_buf_done(&folded);
}

/* --- seeing them --- */

static struct conda_file *add(struct conda_package *p, struct ch_str path,
                              const struct ch_tar_member *m)
{
    struct conda_file *f = ch_calloc(1, sizeof(*f));
    struct ch_buf own;
    if (p->count == p->cap) {
        p->cap = p->cap == 0 ? 64 : p->cap * 2;
        p->files = ch_realloc_array(p->files, p->cap, sizeof(p->files[0]));
    }
    p->files[p->count++] = f;
    ch_buf_init(&own, path.len + m->link.len + 1);
    CH_IGNORE(ch_buf_reserve(&own, own.max) != NULL);
    ch_buf_puts(&own, path);
    ch_buf_puts(&own, m->link);
    f->own = own.ptr;
    f->path = (struct ch_str){f->own, path.len};
    f->link = m->link.ptr != NULL ? (struct ch_str){f->own + path.len, m->link.len} : m->link;
    f->type = m->type;
    f->hard_link = m->type == CH_MEMBER_OTHER && m->link.len > 0;
    f->info = is_info(path);
    f->size_bytes = m->size_bytes;
    f->sha256 = m->sha256;
    CH_IGNORE(ch_map_set(p->by_path, f->path, f)); /* the reader tells of two of one path */
    return f;
}

void conda_see_content(struct conda_package *p, const struct conda_file *f, struct ch_str bytes)
{
    const struct conda_file *real = f->target != NULL ? f->target : f;
    ch_content_see(p->content, &(struct ch_content_member){.path = f->path,
                                                           .type = CH_MEMBER_FILE,
                                                           .bytes = bytes,
                                                           .size_bytes = real->size_bytes});
}

void conda_want(struct conda_package *p, struct conda_file *f)
{
    struct conda_file *real = f->target != NULL ? f->target : f;
    f->wanted = true;
    CH_IGNORE(ch_map_set(p->wanted, real->path, real));
}

/* ELF, Mach-O: judged as such wherever it lies, and when it is none, for that. */
static bool is_binary(struct ch_str bytes)
{
    static const struct ch_str magics[] = {{"\x7f"
                                            "ELF",
                                            4},
                                           {"\xcf\xfa\xed\xfe", 4},
                                           {"\xce\xfa\xed\xfe", 4}};
    bool is = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(magics); i++) {
        is = is || ch_str_starts(bytes, magics[i]);
    }
    return is;
}

static void see_file(struct conda_package *p, struct conda_file *f, struct ch_str bytes)
{
    f->binary = is_binary(bytes);
    bool all_there = bytes.len == f->size_bytes;
    struct ch_str folder;
    struct ch_str name;
    bool source = conda_is_source(f->path);
    if (all_there && (source || is_kept(f->path, f->size_bytes))) {
        keep(p, f, bytes);
    }
    if (conda_describes(f->path, &folder, &name)) {
        CH_IGNORE(names_add(&p->dist_infos, folder));
    }
    f->deferred = source && f->kept;
    if (f->deferred) {
        return;
    }
    if (p->platform_known || f->info) {
        conda_see_content(p, f, bytes);
    } else {
        conda_want(p, f);
    }
}

void conda_see(void *arg, const struct ch_tar_member *m)
{
    struct conda_package *p = arg;
    struct ch_str path = m->path;
    while (m->type == CH_MEMBER_DIR && path.len > 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    struct conda_file *f = add(p, path, m);
    if (p->zip != NULL && f->info != p->in_info) {
        conda_report(p, CH_F_CONDA_MEMBERS, m->path, "in the wrong one of the two archives");
    }
    check_collision(p, f);
    if (!f->info && m->type != CH_MEMBER_DIR) {
        check_runs(p, path);
    }
    if (m->type == CH_MEMBER_FILE) {
        see_file(p, f, m->bytes);
        if (!p->platform_known && f->kept && ch_str_eq(f->path, CH_STR("info/index.json"))) {
            conda_see_index(p, f->bytes);
        }
    }
}

void conda_see_deferred(struct conda_package *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->files[i]->deferred) {
            ch_content_expect_start(p->content, p->files[i]->path);
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        if (p->files[i]->deferred || p->files[i]->wanted) {
            ch_content_expect(p->content, p->files[i]->path);
        }
    }
    ch_content_follow_start(p->content);
    for (size_t i = 0; i < p->count; i++) {
        struct conda_file *f = p->files[i];
        struct ch_str bytes;
        if (f->deferred && conda_bytes(f, &bytes)) {
            f->deferred = false;
            conda_see_content(p, f, bytes);
        }
    }
}

void conda_members_done(struct conda_package *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->files[i]->own_bytes);
        free(p->files[i]->own);
        free(p->files[i]);
    }
    free(p->files);
    ch_map_free(p->by_path);
    ch_map_free(p->folded);
    ch_map_free(p->wanted);
    ch_map_free(p->folders);
    names_done(&p->dist_infos);
}
