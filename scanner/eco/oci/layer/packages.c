/* Which packages a layer has: where each tool keeps its list (scanning.md 4.3). */
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/oci/layer/layer_int.h"
#include "scanner/inventory/inventory.h"
#include "scanner/json/json.h"

/* --- facts --- */

/* One word: what would part it, or could not be shown, as %XX. */
static void put_word(struct ch_buf *b, struct ch_str text)
{
    if (text.len == 0) {
        ch_buf_puts(b, CH_STR("-"));
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '%') {
            ch_buf_printf(b, "%%%02X", c);
        } else {
            ch_buf_putc(b, (char)c);
        }
    }
}

/* Some have the whole text there. */
#define LICENCE_BYTES 256

void layer_package_of(struct layer *l, const char *kind, const struct ch_package *p)
{
    struct ch_buf b;
    struct ch_str words[] = {p->name, p->version, p->architecture, p->source, p->source_version};
    if (++l->packages > ch_limits.layer_packages) {
        return; /* counted: layer_tell_left_out */
    }
    ch_buf_init(&b, ch_limits.text_bytes);
    ch_buf_puts(&b, ch_str_of(kind));
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        ch_buf_putc(&b, ' ');
        put_word(&b, words[i]);
    }
    if (p->licence.len > 0 && p->licence.len <= LICENCE_BYTES) {
        ch_buf_putc(&b, ' ');
        put_word(&b, p->licence);
    }
    if (b.failed) {
        layer_tell(l, LAYER_TOLD_INVENTORY, (struct ch_str){NULL, 0},
                   "a package of kind %s whose name and version are longer than is kept", kind);
    } else {
        ch_scan_write_fact(l->out, CH_STR("package"), ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

void layer_package(void *arg, const struct ch_package *p)
{
    static const char *const kinds[] = {
        [CH_PACKAGE_DEB] = "deb", [CH_PACKAGE_APK] = "apk", [CH_PACKAGE_RPM] = "rpm",
        [CH_PACKAGE_GO] = "go",   [CH_PACKAGE_NPM] = "npm", [CH_PACKAGE_MAVEN] = "maven"};
    layer_package_of(arg, kinds[p->kind], p);
}

void layer_tell_left_out(struct layer *l)
{
    struct ch_buf b;
    if (l->packages > ch_limits.layer_packages) {
        ch_buf_init(&b, 32);
        ch_buf_printf(&b, "%llu", (unsigned long long)(l->packages - ch_limits.layer_packages));
        ch_scan_write_fact(l->out, CH_STR("packages-left-out"), ch_buf_str(&b));
        ch_buf_done(&b);
    }
}

/* --- lists --- */

typedef enum ch_code read_fn(struct ch_str text, ch_package_fn *fn, void *arg, struct ch_err *err);

static read_fn *list_at(struct ch_str path)
{
    static const struct {
        const char *path;
        read_fn *read;
    } rows[] = {{"var/lib/dpkg/status", ch_inventory_dpkg},
                {"lib/apk/db/installed", ch_inventory_apk},
                {"usr/lib/apk/db/installed", ch_inventory_apk},
                {"var/lib/rpm/rpmdb.sqlite", ch_inventory_rpm_sqlite},
                {"usr/lib/sysimage/rpm/rpmdb.sqlite", ch_inventory_rpm_sqlite},
                {"var/lib/rpmmanifest/container-manifest-2", ch_inventory_rpm_manifest}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(path, ch_str_of(rows[i].path))) {
            return rows[i].read;
        }
    }
    bool distroless = ch_str_starts(path, CH_STR("var/lib/dpkg/status.d/")) &&
                      !ch_str_ends(path, CH_STR(".md5sums"));
    return distroless ? ch_inventory_dpkg : NULL;
}

/* Berkeley DB and ndb: nothing here reads them. */
static bool is_unread_list(struct ch_str path)
{
    static const char *const rows[] = {"var/lib/rpm/Packages", "var/lib/rpm/Packages.db",
                                       "usr/lib/sysimage/rpm/Packages",
                                       "usr/lib/sysimage/rpm/Packages.db"};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(path, ch_str_of(rows[i]))) {
            return true;
        }
    }
    return false;
}

/* An empty list is no list: images are made so that apt begins anew. */
static void read_list(struct layer *l, const struct ch_tar_member *m, read_fn *read)
{
    struct ch_err err;
    if (m->bytes.len < m->size_bytes) {
        layer_tell(l, LAYER_TOLD_INVENTORY, m->path, "%llu bytes, larger than is read",
                   (unsigned long long)m->size_bytes);
    } else if (m->size_bytes > 0 && read(m->bytes, layer_package, l, &err) != CH_OK) {
        layer_tell(l, LAYER_TOLD_INVENTORY, m->path, "%s", err.msg);
    }
}

/* --- packages that say it themselves --- */

/* node_modules/NAME/package.json, node_modules/@SCOPE/NAME/package.json. */
static bool is_npm(struct ch_str path)
{
    struct ch_str folder = path_folder(path);
    struct ch_str parts[4] = {{NULL, 0}};
    size_t n = 0;
    if (!ch_str_eq(path_base(path), CH_STR("package.json"))) {
        return false;
    }
    while (n < CH_ARRAY_LEN(parts) && folder.len > 0) {
        folder.len--; /* the slash */
        parts[n] = path_base(folder);
        folder.len -= parts[n++].len;
    }
    struct ch_str module = CH_STR("node_modules");
    return ch_str_eq(parts[1], module) ||
           (ch_str_eq(parts[2], module) && ch_str_starts(parts[1], CH_STR("@")));
}

static void see_npm(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_err err;
    enum ch_code rc = m->bytes.len < m->size_bytes
                          ? ch_fail(&err, CH_E_LIMIT, "larger than is read")
                          : ch_inventory_npm(m->bytes, layer_package, l, &err);
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        layer_tell(l, LAYER_TOLD_UNREAD, m->path, "%s", err.msg);
    }
}

static void see_go(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_err err;
    enum ch_code rc = ch_inventory_go(m->bytes, layer_package, l, &err);
    if (rc == CH_E_NOT_FOUND && m->bytes.len < m->size_bytes) {
        layer_tell(l, LAYER_TOLD_UNREAD, m->path, "a program of %llu bytes, of which %zu are read",
                   (unsigned long long)m->size_bytes, m->bytes.len);
    } else if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        layer_tell(l, LAYER_TOLD_UNREAD, m->path, "%s", err.msg);
    }
}

/* conda-meta/NAME-VERSION-BUILD.json */
static void see_conda(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_err err;
    struct ch_json name;
    struct ch_json version;
    struct ch_json subdir;
    json_t *doc = NULL;
    enum ch_code rc = m->bytes.len < m->size_bytes
                          ? ch_fail(&err, CH_E_LIMIT, "larger than is read")
                          : ch_json_load(m->bytes, &doc, &err);
    struct ch_json root = {.value = doc};
    if (rc == CH_OK && !json_is_object(doc)) {
        rc = ch_json_fail(root, &err, "expected an object");
    }
    rc = rc == CH_OK ? ch_json_need(root, "name", JSON_STRING, &name, &err) : rc;
    rc = rc == CH_OK ? ch_json_need(root, "version", JSON_STRING, &version, &err) : rc;
    rc = rc == CH_OK ? ch_json_member(root, "subdir", JSON_STRING, &subdir, &err) : rc;
    if (rc == CH_OK) {
        struct ch_str none = {NULL, 0};
        layer_package_of(l, "conda",
                         &(struct ch_package){
                             .name = ch_json_str(name),
                             .version = ch_json_str(version),
                             .architecture = subdir.value != NULL ? ch_json_str(subdir) : none,
                             .licence = ch_json_text(json_object_get(doc, "license")),
                         });
    } else {
        layer_tell(l, LAYER_TOLD_UNREAD, m->path, "%s", err.msg);
    }
    json_decref(doc);
}

static bool is_conda(struct ch_str path)
{
    struct ch_str folder = path_folder(path);
    return path_has_extension(path, "json") && (ch_str_eq(folder, CH_STR("conda-meta/")) ||
                                                ch_str_ends(folder, CH_STR("/conda-meta/")));
}

/* One that cannot be read names nothing: what is installed is there all the same. */
static void see_distribution(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_str id, version;
    struct ch_buf b;
    if (m->bytes.len == m->size_bytes && ch_inventory_os_release(m->bytes, &id, &version)) {
        ch_buf_init(&b, ch_limits.text_bytes);
        ch_buf_puts(&b, id);
        ch_buf_puts(&b, version.len > 0 ? CH_STR(" ") : CH_STR(""));
        ch_buf_puts(&b, version);
        ch_scan_write_fact(l->out, CH_STR("distribution"), ch_buf_str(&b));
        ch_buf_done(&b);
    }
}

void layer_see_packages(struct layer *l, const struct ch_tar_member *m)
{
    read_fn *read = list_at(m->name);
    if (ch_str_eq(m->name, CH_STR("etc/os-release")) ||
        ch_str_eq(m->name, CH_STR("usr/lib/os-release"))) {
        see_distribution(l, m);
    } else if (read != NULL) {
        read_list(l, m, read);
    } else if (is_unread_list(m->name)) {
        if (m->size_bytes > 0) {
            layer_tell(l, LAYER_TOLD_UNREAD, m->path, "a database of rpm in an older form");
        }
    } else if (ch_str_starts(m->bytes, CH_STR("\x7f"
                                              "ELF"))) {
        see_go(l, m);
    } else if (is_npm(m->name)) {
        see_npm(l, m);
    } else if (is_conda(m->name)) {
        see_conda(l, m);
    } else if (path_has_extension(m->name, "jar") || path_has_extension(m->name, "war") ||
               path_has_extension(m->name, "ear")) {
        layer_see_jar(l, m);
    }
}
