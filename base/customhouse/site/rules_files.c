/* Reading the site's own rules, which a jail cannot open, into one sealed memory file. Nothing of
 * them is parsed here. */
#include "rules_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/message.h"

/* --- the names in a folder --- */

struct names {
    char **items;
    size_t count;
};

static void names_done(struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->items[i]);
    }
    free(n->items);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_rule_file(struct ch_str name)
{
    return name.ptr[0] != '.' &&
           (ch_str_ends(name, CH_STR(".yar")) || ch_str_ends(name, CH_STR(".yara")));
}

static enum ch_code list_folder(const char *folder, DIR *dir, struct names *ret, struct ch_err *err)
{
    struct dirent *e;
    while (errno = 0, (e = readdir(dir)) != NULL) {
        if (!is_rule_file(ch_str_of(e->d_name))) {
            continue;
        }
        if (ret->count >= ch_limits.rules_files) {
            return ch_fail(err, CH_E_USAGE, "rules: %s: more than %llu files", folder,
                           (unsigned long long)ch_limits.rules_files);
        }
        ret->items = ch_realloc_array(ret->items, ret->count + 1, sizeof(*ret->items));
        ret->items[ret->count++] = ch_str_dup(ch_str_of(e->d_name));
    }
    if (errno != 0) {
        return ch_fail_errno(err, errno, "rules: %s", folder);
    }
    if (ret->count > 0) {
        qsort(ret->items, ret->count, sizeof(*ret->items), by_name);
    }
    return CH_OK;
}

/* --- one file --- */

/* A link may lead to another place of the folder (as in mounted configuration), not out of it. */
static int open_beneath(int folder, const char *name)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
}

static enum ch_code read_all(int fd, const char *path, struct ch_buf *text, struct ch_err *err)
{
    char piece[8192];
    ssize_t n;
    while ((n = read(fd, piece, sizeof(piece))) > 0) {
        ch_buf_put(text, piece, (size_t)n);
    }
    if (n < 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    if (text->failed) {
        return ch_fail(err, CH_E_USAGE, "%s: larger than %llu bytes", path,
                       (unsigned long long)ch_limits.rules_file_bytes);
    }
    return CH_OK;
}

static enum ch_code add_file(const char *folder, int folder_fd, const char *name,
                             struct ch_buf *all, struct ch_err *err)
{
    struct ch_buf path;
    struct ch_buf text;
    struct stat st;
    ch_buf_init(&path, (size_t)ch_limits.rules_path_bytes);
    ch_buf_init(&text, (size_t)ch_limits.rules_file_bytes);
    ch_buf_printf(&path, "%s/%s", folder, name);
    ch_buf_putc(&path, '\0');
    enum ch_code rc = ch_buf_ok(&path, err);
    int fd = rc == CH_OK ? open_beneath(folder_fd, name) : -1;
    if (rc == CH_OK && fd < 0) {
        rc = errno == EXDEV
                 ? ch_fail(err, CH_E_USAGE, "%s: is a link that leads out of its folder", path.ptr)
                 : ch_fail_errno(err, errno, "%s", path.ptr);
    } else if (rc == CH_OK && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        rc = ch_fail(err, CH_E_USAGE, "%s: is not a regular file", path.ptr);
    }
    rc = rc == CH_OK ? read_all(fd, path.ptr, &text, err) : rc;
    if (rc == CH_OK) {
        struct ch_rule_text t = {{path.ptr, path.len - 1}, ch_buf_str(&text)};
        ch_rule_text_put(all, &t);
        if (all->failed) {
            rc = ch_fail(err, CH_E_USAGE, "%s: with it the rules are more than %llu bytes",
                         path.ptr, (unsigned long long)ch_limits.rules_bytes);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    ch_buf_done(&path);
    ch_buf_done(&text);
    return rc;
}

/* --- all of them --- */

static enum ch_code add_folder(const char *folder, struct ch_buf *all, size_t *count,
                               struct ch_err *err)
{
    struct names names = {.items = NULL};
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return ch_fail_errno(err, errno, "rules: %s", folder);
    }
    enum ch_code rc = list_folder(folder, dir, &names, err);
    *count += names.count;
    if (rc == CH_OK && names.count == 0) {
        rc = ch_fail(err, CH_E_USAGE, "rules: %s: has no file of rules (*.yar, *.yara)", folder);
    }
    if (rc == CH_OK && *count > ch_limits.rules_files) {
        rc = ch_fail(err, CH_E_USAGE, "rules: %s: with it there are more than %llu files", folder,
                     (unsigned long long)ch_limits.rules_files);
    }
    for (size_t i = 0; rc == CH_OK && i < names.count; i++) {
        rc = add_file(folder, dirfd(dir), names.items[i], all, err);
    }
    names_done(&names);
    closedir(dir);
    return rc;
}

static enum ch_code seal(struct ch_str bytes, int *ret_fd, struct ch_err *err)
{
    int fd = memfd_create("rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "rules: memfd_create");
    }
    size_t at = 0;
    while (at < bytes.len) {
        ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);
        if (n <= 0) {
            break;
        }
        at += (size_t)n;
    }
    if (at < bytes.len ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        enum ch_code rc = ch_fail_errno(err, errno, "rules: memory");
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return CH_OK;
}

enum ch_code rules_files_read(const struct ch_config *config, int *ret_fd, struct ch_err *err)
{
    if (config->rules_count == 0) {
        *ret_fd = -1;
        return CH_OK;
    }
    struct ch_buf all;
    size_t count = 0;
    enum ch_code rc = CH_OK;
    /* what a file's name and lengths take does not count */
    ch_buf_init(&all, (size_t)(ch_limits.rules_bytes +
                               ch_limits.rules_files * (ch_limits.rules_path_bytes + 8)));
    for (size_t i = 0; rc == CH_OK && i < config->rules_count; i++) {
        rc = add_folder(config->rules[i], &all, &count, err);
    }
    rc = rc == CH_OK ? seal(ch_buf_str(&all), ret_fd, err) : rc;
    ch_buf_done(&all);
    return rc;
}
