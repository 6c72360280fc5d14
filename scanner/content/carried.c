/* Wheels that a package carries (virtualenv's seeds, say), named or not.
 *
 * A wheel has its tests, and somebody who installs it or puts it on sys.path runs them no more than
 * those of the wheel around it. So what lies among them counts as reached only when it is named
 * itself: by source of the wheel inside, or by source around it. Of other archives that code opens
 * everything counts (nested.c). */
#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/installed.h"
#include "scanner/content/path.h"
#include "scanner/content/reach.h"
#include "scanner/unpack/zip.h"

static struct ch_str site_of(struct ch_str name)
{
    return ch_installed_site(ch_installed_of_wheel(name));
}

/* "x-1.0.dist-info/WHEEL": what makes an archive of the name a wheel for installers. */
static bool is_wheel(const struct ch_zip *z)
{
    bool is = false;
    for (size_t i = 0; !is && i < ch_zip_count(z); i++) {
        struct ch_str rest = ch_zip_at(z, i)->name;
        struct ch_str first;
        is = ch_str_split(&rest, '/', &first) && ch_str_ends(first, CH_STR(".dist-info")) &&
             ch_str_eq(rest, CH_STR("WHEEL"));
    }
    return is;
}

void content_carried_key(struct ch_buf *ret, struct ch_str archive, struct ch_str name)
{
    ch_buf_init(ret, archive.len + 1 + name.len);
    ch_buf_puts(ret, archive);
    ch_buf_putc(ret, '\0'); /* which no member's path has */
    ch_buf_puts(ret, name);
}

bool content_carries(struct ch_content *c, struct ch_str archive, const struct ch_zip *z)
{
    if (c->reach == NULL || !path_has_extension(archive, "whl") || !is_wheel(z)) {
        return false;
    }
    bool added = true;
    for (size_t i = 0; added && i < ch_zip_count(z); i++) {
        struct ch_str name = ch_zip_at(z, i)->name;
        if (path_is_test(name)) {
            struct ch_buf key;
            content_carried_key(&key, archive, name);
            added = reach_add_inside(c->reach, ch_buf_str(&key), site_of(name), archive);
            ch_buf_done(&key);
        }
    }
    return added;
}

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
    /* told when the archive is judged */
}

void content_expect_carried(struct ch_content *c, struct ch_str path)
{
    struct ch_buf bytes;
    ch_buf_init(&bytes, (size_t)ch_limits.member_whole_bytes);
    if (c->options.ahead(c->options.arg, path, &bytes)) {
        struct ch_input input = {.fd = -1, .ptr = (const uint8_t *)bytes.ptr, .len = bytes.len};
        struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, NULL);
        struct ch_zip *z;
        struct ch_err err;
        if (ch_zip_open(&input, &content_any_zip, out, &z, &err) == CH_OK) {
            CH_IGNORE(content_carries(c, path, z));
            ch_zip_free(z);
        }
        ch_scan_writer_free(out);
    }
    ch_buf_done(&bytes);
}

/* "NAME = a.tests.b:c [extra]" of a carried wheel's entry points, whatever their group. */
static void see_entry_points(struct ch_content *c, struct ch_str text)
{
    struct ch_str line;
    while (ch_str_split(&text, '\n', &line)) {
        struct ch_str object = line;
        struct ch_str name;
        struct ch_str module;
        if (ch_str_split(&object, '=', &name) && object.ptr != NULL &&
            ch_str_split(&object, '[', &module)) {
            ch_content_object(c, module);
        }
    }
}

void content_see_carried(struct ch_content *c, struct ch_str name, struct ch_str bytes)
{
    if (ch_str_eq(path_base(name), CH_STR("entry_points.txt"))) {
        see_entry_points(c, bytes);
    }
}

enum ch_code_place content_place_carried(struct ch_content *c, struct ch_str key,
                                         struct ch_str name, enum ch_code_place place)
{
    size_t at;
    unsigned how = reach_of(c->reach, key);
    CH_IGNORE(reach_judged(c->reach, key));
    if (place == CH_PLACE_TEST || (path_is_test(name) && how == 0)) {
        return CH_PLACE_TEST;
    }
    bool top = !ch_str_find_char(site_of(name), '/', &at);
    bool start = (how & REACH_START) != 0 || (top && content_is_start_text(name));
    return start ? CH_PLACE_START : place;
}
