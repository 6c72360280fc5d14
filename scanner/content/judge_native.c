/* Native code: where it lies, what it is named, what it is for. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/launchers.h"
#include "scanner/content/native.h"
#include "scanner/content/path.h"

struct looking {
    struct ch_content *c;
    const struct seen *s;
};

/* "libfoo-1a2b3c4d.so.1" and "libfoo.so.1" are the same library: tools that put libraries into wheels
 * add a digest to their names. */
static struct ch_str without_digest(struct ch_str name, struct ch_buf *buf)
{
    enum { DIGEST = 8 };
    for (size_t i = 0; i + DIGEST < name.len; i++) {
        size_t n = 0;
        while (n < DIGEST && i + 1 + n < name.len &&
               ((name.ptr[i + 1 + n] >= '0' && name.ptr[i + 1 + n] <= '9') ||
                (name.ptr[i + 1 + n] >= 'a' && name.ptr[i + 1 + n] <= 'f'))) {
            n++;
        }
        size_t end = i + 1 + DIGEST;
        if (name.ptr[i] == '-' && n == DIGEST && end < name.len && name.ptr[end] == '.') {
            ch_buf_puts(buf, ch_str_sub(name, 0, i));
            ch_buf_puts(buf, ch_str_sub(name, end, name.len));
            return ch_buf_str(buf);
        }
    }
    return name;
}

static void see_library(void *arg, struct ch_str name)
{
    struct looking *l = arg;
    /* An absolute path says more than its last part; "@rpath/x" does not. */
    CH_IGNORE(!names_add(&l->c->libraries,
                         ch_str_starts(name, CH_STR("/")) ? name : path_base(name)));
}

void content_libraries(struct ch_content *c)
{
    for (size_t i = 0; i < c->libraries.count; i++) {
        struct ch_buf short_name;
        struct ch_str name = names_at(&c->libraries, i);
        if (names_has(&c->carried, path_base(name))) {
            continue;
        }
        ch_buf_init(&short_name, name.len + 1);
        content_fact(c, CH_FACT_LIBRARY, without_digest(name, &short_name));
        ch_buf_done(&short_name);
    }
}

/* --- machines --- */

/* Code for processors that Python does not run on is carried by packages for graphics and kernels. */
static bool is_other_processor(struct ch_str machine)
{
    return ch_str_eq(machine, CH_STR("cuda")) || ch_str_eq(machine, CH_STR("amdgpu")) ||
           ch_str_eq(machine, CH_STR("bpf")) || ch_str_eq(machine, CH_STR("xtensa"));
}

/* Whether Python would import it: an extension module by its name. */
static bool is_module(struct ch_str path)
{
    return path_has_extension(path, "pyd") || path_has_extension(path, "so");
}

static void check_machine(struct ch_content *c, const struct seen *s, const struct native *n)
{
    struct ch_str platform = c->options.platform;
    if (c->options.kind != CH_CONTENT_BUILT || platform.ptr == NULL || c->depth > 0 ||
        ch_str_eq_nocase(platform, CH_STR("any")) || !is_module(s->path)) {
        return;
    }
    bool fits = n->machine_count == 0;
    for (size_t i = 0; i < n->machine_count; i++) {
        struct ch_str machine = ch_str_of(n->machine[i]);
        fits = fits || is_other_processor(machine) ||
               native_fit(n, i, platform) != NATIVE_FITS_NOT;
    }
    if (!fits) {
        content_report(c, CH_F_NATIVE_MACHINE, s, "%s %s, %s says %.*s",
                       native_format_name(n->format), n->machine[0], c->options.platform_known,
                       CH_STR_ARG(platform));
    }
}

/* --- places --- */

static void check_place(struct ch_content *c, const struct seen *s, const struct native *n)
{
    const char *format = native_format_name(n->format);
    enum name_kind kind = name_kind_of(s->name);
    if (kind == NAME_TEXT || kind == NAME_MEDIA) {
        content_report(c, CH_F_NATIVE_DISGUISED, s, "%s %s", format,
                       n->machine_count > 0 ? n->machine[0] : "");
        return;
    }
    if (launcher_is_known(s->bytes, s->size_bytes)) {
        return;
    }
    bool any = c->options.kind == CH_CONTENT_BUILT &&
               ch_str_eq_nocase(c->options.platform, CH_STR("any"));
    if (any) {
        content_report(c, CH_F_NATIVE_IN_PURE, s, "%s %s in a %s for any platform", format,
                       n->machine_count > 0 ? n->machine[0] : "", c->options.noun);
    } else if (c->options.kind == CH_CONTENT_SDIST) {
        content_report(c, CH_F_NATIVE_IN_SOURCE, s, "%s %s", format,
                       n->machine_count > 0 ? n->machine[0] : "");
    }
}

static void check_memory(struct ch_content *c, const struct seen *s, const struct native *n)
{
    /* What lies in an archive is loaded by nobody from there. Java's libraries for systems of old have
     * such segments. */
    if (n->rwx && c->depth > 0) {
        content_report(c, CH_F_NESTED_ODD, s, "native-writable-code: %s",
                       native_format_name(n->format));
    } else if (n->rwx) {
        content_report(c, CH_F_NATIVE_RWX, s, "%s", native_format_name(n->format));
    }
    if (n->exec_stack) {
        content_report(c, CH_F_NATIVE_STACK, s, "%s", native_format_name(n->format));
    }
    if (n->partial) {
        content_report(c, CH_F_NATIVE_PARTIAL, s, "of %llu bytes",
                       (unsigned long long)s->size_bytes);
    }
}

void content_native(struct ch_content *c, const struct seen *s)
{
    struct looking l = {.c = c, .s = s};
    struct native n = {
        .bytes = s->bytes, .size_bytes = s->size_bytes, .library = see_library, .arg = &l};
    native_parse(&n);
    CH_IGNORE(!names_add(&c->carried, path_base(s->name)));
    for (size_t i = 0; i < n.machine_count; i++) {
        content_factf(c, CH_FACT_NATIVE, "%s %s", native_format_name(n.format), n.machine[i]);
    }
    if (n.fault != NULL) {
        content_report(c, CH_F_NATIVE_MALFORMED, s, "%s: %s", native_format_name(n.format),
                       n.fault);
    }
    check_place(c, s, &n);
    check_machine(c, s, &n);
    check_memory(c, s, &n);
}

void content_native_behind(struct ch_content *c, const struct seen *s)
{
    size_t at = native_find(s->bytes, s->size_bytes);
    if (at > 0) {
        struct seen behind = *s;
        behind.bytes = ch_str_sub(s->bytes, at, s->bytes.len);
        behind.size_bytes = s->size_bytes - at;
        content_native(c, &behind);
    }
}
