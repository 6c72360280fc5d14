#include "site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/config/yaml.h"
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "customhouse/platform.h"
#include "destination_files.h"
#include "policy_files.h"
#include "rules_files.h"
#include "tls_files.h"

/* The store follows no symbolic link on the way to its files: where one leads is settled here, as
 * far as the path exists. A path that is too long without them stays as it is. free() it. */
static char *without_links(const char *path)
{
    char *head = ch_str_dup(ch_str_of(path));
    char *real, *slash;
    struct ch_buf whole;
    struct ch_err err;
    while ((real = realpath(head, NULL)) == NULL && (slash = strrchr(head, '/')) != NULL) {
        *slash = '\0';
    }
    ch_buf_init(&whole, 2 * PATH_MAX);
    ch_buf_printf(&whole, "%s%s%c", real != NULL ? real : "", path + strlen(head), '\0');
    bool fits = ch_buf_ok(&whole, &err) == CH_OK && site_check_folder(whole.ptr, &err) == CH_OK;
    char *ret = ch_str_dup(ch_str_of(fits ? whole.ptr : path));
    ch_buf_done(&whole);
    free(real);
    free(head);
    return ret;
}

enum ch_code site_folder(const char *option, char **ret, struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, PATH_MAX);
    const char *home = getenv("HOME");
    const char *xdg = getenv("XDG_STATE_HOME");
    if (option != NULL && option[0] == '\0') {
        return ch_fail(err, CH_E_USAGE, "--state: expected a folder");
    }
    if (option != NULL && option[0] != '/') {
        char cwd[PATH_MAX];
        if (getcwd(cwd, sizeof(cwd)) == NULL) {
            return ch_fail_errno(err, errno, "current folder");
        }
        ch_buf_printf(&b, "%s/%s", cwd, option);
    } else if (option != NULL) {
        ch_buf_puts(&b, ch_str_of(option));
    } else if (geteuid() == 0) {
        ch_buf_puts(&b, CH_STR("/var/lib/customhouse"));
    } else if (xdg != NULL && xdg[0] == '/') {
        ch_buf_printf(&b, "%s/customhouse", xdg);
    } else if (home != NULL && home[0] == '/') {
        ch_buf_printf(&b, "%s/.local/state/customhouse", home);
    } else {
        return ch_fail(err, CH_E_USAGE, "%s: name a folder with --state DIR",
                       home == NULL || home[0] == '\0' ? "no HOME is set"
                                                       : "HOME is not an absolute path");
    }
    while (b.len > 1 && b.ptr[b.len - 1] == '/') {
        b.len--;
    }
    ch_buf_putc(&b, '\0');
    enum ch_code rc = ch_buf_ok(&b, err);
    if (rc == CH_OK) {
        *ret = without_links(b.ptr);
    }
    ch_buf_done(&b);
    return rc;
}

char *site_path(const char *folder, const char *name)
{
    struct ch_buf b;
    ch_buf_init(&b, (size_t)2 * PATH_MAX);
    ch_buf_printf(&b, "%s/%s", folder, name);
    char *path = ch_str_dup(ch_buf_str(&b));
    ch_buf_done(&b);
    return path;
}

enum ch_code site_check_folder(const char *folder, struct ch_err *err)
{
    const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    char *path = site_path(folder, SITE_CONTROL);
    size_t len = strlen(path);
    enum ch_code rc = CH_OK;
    if (len > max) {
        rc = ch_fail(err, CH_E_USAGE,
                     "%s: its path is %zu bytes long, at most %zu are possible for a socket: "
                     "expected a state folder with a shorter path",
                     path, len, max);
    }
    free(path);
    return rc;
}

/* Where the text of `a`, then `b`, has its byte `at`. */
static void place_in(struct ch_str a, struct ch_str b, size_t at, size_t *ret_line,
                     size_t *ret_column)
{
    *ret_line = *ret_column = 1;
    for (size_t i = 0; i < at && i < a.len + b.len; i++) {
        bool ends = (i < a.len ? a.ptr[i] : b.ptr[i - a.len]) == '\n';
        *ret_line += ends;
        *ret_column = ends ? 1 : *ret_column + 1;
    }
}

static enum ch_code read_whole(int fd, const char *path, uint64_t max, struct ch_buf *ret,
                               struct ch_err *err)
{
    char piece[16384];
    ssize_t n = 0;
    ch_buf_init(ret, (size_t)max);
    while (!ret->failed && (n = read(fd, piece, sizeof(piece))) > 0) {
        ch_buf_put(ret, piece, (size_t)n);
    }
    enum ch_code rc = n < 0 ? ch_fail_errno(err, errno, "%s", path) : CH_OK;
    if (rc == CH_OK && ret->failed) {
        size_t line, column;
        place_in(ch_buf_str(ret), (struct ch_str){piece, (size_t)n}, (size_t)max, &line, &column);
        rc = ch_fail(err, CH_E_LIMIT,
                     "%s:%zu:%zu: the file goes on here, expected at most %llu bytes", path, line,
                     column, (unsigned long long)max);
    }
    if (rc != CH_OK) {
        ch_buf_done(ret);
    }
    return rc;
}

enum ch_code site_read_given(const char *path, uint64_t max, struct ch_buf *ret, struct ch_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    enum ch_code rc = read_whole(fd, path, max, ret, err);
    close(fd);
    return rc;
}

/* The supervisor reads so while it serves: opening a FIFO would wait for somebody to write to it.
 */
enum ch_code site_read_file_up_to(const char *path, uint64_t max, struct ch_buf *ret,
                                  struct ch_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int errnum = errno;
        if (fd >= 0) {
            close(fd);
        }
        return ch_fail_errno(err, errnum, "%s", path);
    }
    enum ch_code rc = S_ISREG(st.st_mode) ? read_whole(fd, path, max, ret, err)
                      : S_ISDIR(st.st_mode)
                          ? ch_fail_errno(err, EISDIR, "%s", path)
                          : ch_fail(err, CH_E_USAGE, "%s: is no regular file", path);
    close(fd);
    return rc;
}

enum ch_code site_read_file(const char *path, struct ch_buf *ret, struct ch_err *err)
{
    return site_read_file_up_to(path, ch_limits.setup_text_bytes, ret, err);
}

static enum ch_code write_and_link(int fd, const char *temporary, const char *path,
                                   struct ch_str text, struct ch_err *err)
{
    for (size_t at = 0; at < text.len;) {
        ssize_t n = write(fd, text.ptr + at, text.len - at);
        if (n < 0) {
            return ch_fail_errno(err, errno, "%s", temporary);
        }
        at += (size_t)n;
    }
    /* link, not rename: what somebody else put there meanwhile stays */
    if (fsync(fd) != 0 || link(temporary, path) != 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    return CH_OK;
}

enum ch_code site_write_file(const char *path, struct ch_str text, unsigned mode,
                             struct ch_err *err)
{
    struct ch_buf temporary;
    ch_buf_init(&temporary, PATH_MAX);
    ch_buf_printf(&temporary, "%s.new", path);
    ch_buf_putc(&temporary, '\0');
    enum ch_code rc = ch_buf_ok(&temporary, err);
    if (rc == CH_OK) {
        unlink(temporary.ptr); /* of an earlier start that died here */
        int fd = open(temporary.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0) {
            rc = ch_fail_errno(err, errno, "%s", temporary.ptr);
        } else {
            rc = write_and_link(fd, temporary.ptr, path, text, err);
            close(fd);
            unlink(temporary.ptr);
        }
    }
    ch_buf_done(&temporary);
    return rc;
}

/* --- loading --- */

void site_secret_done(struct ch_buf *b)
{
    if (b->ptr != NULL) {
        explicit_bzero(b->ptr, b->len);
    }
    ch_buf_done(b);
}

void site_pair_done(struct site_pair *pair)
{
    ch_buf_done(&pair->certificate);
    site_secret_done(&pair->key);
}

static void done_pairs(struct site_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        site_pair_done(&pairs[i]);
    }
    free(pairs);
}

void site_done(struct site *s)
{
    free(s->config_name);
    free(s->policy_name);
    ch_buf_done(&s->config_text);
    ch_buf_done(&s->policy_text);
    site_secret_done(&s->credentials_text);
    done_pairs(s->pairs, s->pair_count);
    done_pairs(s->shown, s->shown_count);
    site_pair_done(&s->admin_pair);
    site_pair_done(&s->admission_pair);
    ch_buf_done(&s->admission_client_ca);
    site_secret_done(&s->upstream_files);
    site_secret_done(&s->egress_files);
    ch_config_free(s->config);
    if (s->has_rules) {
        close(s->rules_fd);
    }
    *s = (struct site){.config_name = NULL};
}

/* Passwords that others may read are no secret: better no service than that. */
static enum ch_code load_credentials(const char *folder, struct site *s, struct ch_err *err)
{
    char *path = site_path(folder, SITE_CREDENTIALS);
    struct stat st;
    enum ch_code rc = CH_OK;
    struct ch_credentials *parsed = NULL;
    if (stat(path, &st) != 0) {
        rc = errno == ENOENT ? CH_OK : ch_fail_errno(err, errno, "%s", path);
    } else if ((st.st_mode & 077) != 0) {
        rc =
            ch_fail(err, CH_E_USAGE, "%s: others may read it (mode %04o), expected 0600: chmod 600",
                    path, (unsigned)(st.st_mode & 07777));
    } else {
        rc = site_read_file(path, &s->credentials_text, err);
        if (rc == CH_OK) {
            rc = ch_credentials_parse(ch_buf_str(&s->credentials_text), path, &parsed, err);
        }
    }
    if (parsed != NULL) {
        ch_credentials_free(parsed);
    }
    free(path);
    return rc;
}

/* --- the policy, with the files beside it that its lists name --- */

struct beside {
    const char *policy, *folder;
    struct ch_buf *bundle;
    enum ch_code rc;
    struct ch_err *err;
};

static void add_beside(void *arg, struct ch_str name, uint32_t line, uint32_t column)
{
    struct beside *b = arg;
    struct ch_buf text = {0};
    char *file = ch_str_dup(name);
    char *path = site_path(b->folder, file);
    struct ch_err why;
    enum ch_code rc = b->rc == CH_OK ? site_read_file(path, &text, &why) : b->rc;
    if (b->rc == CH_OK && rc != CH_OK) {
        b->rc = ch_fail(b->err, rc, "%s:%u:%u: names a file: %s", b->policy, line, column, why.msg);
    }
    if (b->rc == CH_OK) {
        b->rc = ch_policy_bundle_add(b->bundle, name, ch_buf_str(&text), b->err);
    }
    ch_buf_done(&text);
    free(path);
    free(file);
}

enum ch_code site_check_policy(const struct ch_config *c, struct ch_str bundle, const char *name,
                               struct ch_err *err)
{
    struct ch_policy *policy = NULL;
    struct ch_policy_place *places = ch_calloc(c->repository_count + 1, sizeof(*places));
    for (size_t i = 0; i < c->repository_count; i++) {
        const struct ch_repository *r = &c->repositories[i];
        places[i] = (struct ch_policy_place){.repository = ch_str_of(r->name),
                                             .environment = ch_str_of(r->environment),
                                             .ecosystem = ch_str_of(r->ecosystem)};
    }
    enum ch_code rc = ch_policy_parse(bundle, name, &policy, err);
    rc = rc == CH_OK ? ch_policy_check_places(policy, places, c->repository_count, err) : rc;
    ch_policy_free(policy);
    free(places);
    return rc;
}

enum ch_code site_read_policy(const char *name, struct ch_buf *ret, struct ch_err *err)
{
    enum ch_code rc = site_read_file(name, ret, err);
    if (rc == CH_OK && ch_str_find_char(ch_buf_str(ret), '\0', NULL)) {
        rc = ch_fail(err, CH_E_USAGE, "%s:1:1: has a NUL, and so is no text", name);
    }
    if (rc == CH_OK) {
        const char *slash = strrchr(name, '/');
        char *folder = slash == NULL ? ch_str_dup(CH_STR("."))
                                     : ch_str_dup((struct ch_str){name, (size_t)(slash - name)});
        struct beside beside = {.policy = name, .folder = folder, .bundle = ret, .err = err};
        char *text = ch_str_dup(ch_buf_str(ret)); /* the bundle grows behind it */
        rc = ch_policy_each_file(ch_str_of(text), name, add_beside, &beside, err);
        rc = rc == CH_OK ? beside.rc : rc;
        free(text);
        free(folder);
    }
    return rc;
}

enum ch_code site_load(const char *folder, struct site *ret, struct ch_err *err)
{
    return site_load_with(folder, NULL, ret, err);
}

/* Other than what every repository has that says nothing. */
static bool has_platforms(const struct ch_repository *r)
{
    return r->platform_count != 1 || strcmp(r->platforms[0], CH_PLATFORM_DEFAULT) != 0;
}

/* T12: one owner per name. Where a page lists many projects the page has one, and a name would have
 * as many as there are pages that list it: linux-64 of the second channel, noarch of the first. */
static enum ch_code check_upstreams(const struct site *s, struct ch_err *err)
{
    for (size_t i = 0; i < s->config->repository_count; i++) {
        const struct ch_repository *r = &s->config->repositories[i];
        const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(r->ecosystem));
        if (eco != NULL && eco->push == NULL && r->hosted) {
            return ch_yaml_fail_in(
                ch_buf_str(&s->config_text), s->config_name, "repositories", i, err,
                "hosted: expected false: nothing can be pushed to a repository of "
                "this ecosystem");
        }
        if (eco != NULL && eco->listed_fact == NULL && has_platforms(r)) {
            return ch_yaml_fail_in(ch_buf_str(&s->config_text), s->config_name, "repositories", i,
                                   err,
                                   "platforms: expected none: what is in a repository of this "
                                   "ecosystem is no image");
        }
        if (eco != NULL && eco->is_page != NULL && r->upstream_count > 1) {
            return ch_yaml_fail_in(ch_buf_str(&s->config_text), s->config_name, "repositories", i,
                                   err,
                                   "upstreams: expected one: a name has one owner, and pages of "
                                   "this ecosystem list many; make a repository of each");
        }
    }
    return CH_OK;
}

/* What is wrong with them stands where the configuration names them. */
static enum ch_code read_rules(struct site *s, struct ch_err *err)
{
    const struct ch_str prefix = CH_STR("rules: ");
    struct ch_err why;
    struct ch_yaml *yaml;
    if (rules_files_read(s->config, &s->rules_fd, &why) == CH_OK) {
        return CH_OK;
    }
    enum ch_code rc = ch_yaml_parse(ch_buf_str(&s->config_text), s->config_name, &yaml, err);
    if (rc == CH_OK) {
        bool has = ch_str_starts(ch_str_of(why.msg), prefix);
        rc = ch_yaml_fail(yaml, ch_yaml_find(ch_yaml_root(yaml), "rules"), err, "%s",
                          why.msg + (has ? prefix.len : 0));
        ch_yaml_free(yaml);
    }
    return rc;
}

enum ch_code site_load_with(const char *folder, const char *policy, struct site *ret,
                            struct ch_err *err)
{
    struct site s = {.config_name = site_path(folder, SITE_CONFIG),
                     .policy_name = site_path(folder, SITE_POLICY)};
    enum ch_code rc = site_read_file(s.config_name, &s.config_text, err);
    if (rc == CH_OK) {
        rc = ch_config_parse(ch_buf_str(&s.config_text), s.config_name, &s.config, err);
    }
    if (rc == CH_OK) {
        rc = check_upstreams(&s, err);
    }
    if (rc == CH_OK) {
        rc = policy != NULL ? site_read_policy(policy, &s.policy_text, err)
                            : policy_files_read(folder, &s.policy_text, err);
    }
    if (rc == CH_OK) {
        rc = site_check_policy(s.config, ch_buf_str(&s.policy_text),
                               policy != NULL ? policy : s.policy_name, err);
    }
    if (rc == CH_OK) {
        rc = load_credentials(folder, &s, err);
    }
    if (rc == CH_OK) {
        rc = tls_files_read(&s, err);
    }
    if (rc == CH_OK) {
        rc = destination_files_read(s.config, ch_buf_str(&s.config_text), s.config_name,
                                    &s.egress_files, err);
    }
    if (rc == CH_OK) {
        rc = read_rules(&s, err);
        s.has_rules = rc == CH_OK && s.rules_fd >= 0;
    }
    if (rc != CH_OK) {
        site_done(&s);
        return rc;
    }
    *ret = s;
    return CH_OK;
}
