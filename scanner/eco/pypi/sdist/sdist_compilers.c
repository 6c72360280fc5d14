/* Settings of pyproject.toml that say which programs compile an sdist, or what those read besides
 * its build files: back ends that are permitted by their names run them.
 *
 * Spec: meson-python (tool.meson-python), scikit-build-core (tool.scikit-build), maturin
 * (tool.maturin), setuptools (ext-modules). */
#include "scanner/eco/pypi/sdist/sdist_int.h"

static struct ch_str text_at(const struct ch_toml_node *table, const char *key)
{
    return sdist_toml_text(ch_toml_find(table, key));
}

static bool starts_with_any(struct ch_str text, const char *const *starts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_starts(text, ch_str_of(starts[i]))) {
            return true;
        }
    }
    return false;
}

/* Flags of GCC and Clang that load or start something. */
static bool starts_something(struct ch_str flag)
{
    static const char *const starts[] = {"-fplugin", "-wrapper",  "-B",      "-specs",
                                         "--specs",  "@",         "-Xclang", "-fpass-plugin",
                                         "-fuse-ld", "--ld-path", "-load"};
    return starts_with_any(flag, starts, CH_ARRAY_LEN(starts));
}

bool sdist_has_flag(struct ch_str text)
{
    for (size_t at = 0; at < text.len; at++) {
        bool begins = at == 0 || ch_str_find_char(CH_STR("=,['\" "), text.ptr[at - 1], NULL);
        if (begins && text.ptr[at] == '-' && starts_something(ch_str_sub(text, at, text.len))) {
            return true;
        }
    }
    return false;
}

/* Arguments of meson-python that choose what is built and how, not what is run for it: of Meson's
 * setup, of ninja, and of what is installed. */
static const char *const meson_arguments[] = {"-D",
                                              "--buildtype",
                                              "--optimization",
                                              "--debug",
                                              "--default-library",
                                              "--warnlevel",
                                              "--werror",
                                              "--wrap-mode",
                                              "--vsenv",
                                              "--auto-features",
                                              "--strip",
                                              "--unity",
                                              "--prefer-static",
                                              "-j",
                                              "-v",
                                              "--verbose",
                                              "-k",
                                              "-l",
                                              "--quiet",
                                              "--tags",
                                              "--skip-subprojects",
                                              "--no-rebuild",
                                              "--only-changed"};

static void check_meson_python(struct sdist *s, const struct ch_toml_node *tool)
{
    struct ch_str program = text_at(tool, "meson");
    if (program.len > 0) {
        sdist_hook_file(s, program); /* instead of the installed Meson */
    }
    for (const struct ch_toml_node *list = sdist_toml_child(ch_toml_find(tool, "args"));
         list != NULL; list = list->next) {
        if (ch_str_eq(list->key, CH_STR("dist"))) {
            continue; /* makes sdists */
        }
        for (const struct ch_toml_node *n = sdist_toml_child(list); n != NULL; n = n->next) {
            struct ch_str text = sdist_toml_text(n);
            if (ch_str_starts(text, CH_STR("-")) &&
                (!starts_with_any(text, meson_arguments, CH_ARRAY_LEN(meson_arguments)) ||
                 sdist_has_flag(text))) {
                sdist_hook(s, text);
            }
        }
    }
}

/* Variables of CMake that name programs, or files of CMake that are read before all others. */
static bool is_telling(struct ch_str variable)
{
    static const char *const words[] = {"COMPILER",     "LAUNCH",          "TOOLCHAIN",
                                        "MAKE_PROGRAM", "_INCLUDE_BEFORE", "PROJECT_INCLUDE",
                                        "_INCLUDES",    "LINKER",          "MODULE_PATH"};
    size_t at;
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        if (ch_str_find(variable, ch_str_of(words[i]), &at)) {
            return true;
        }
    }
    return false;
}

/* [tool.scikit-build], or one of its overrides. */
static void check_scikit_cmake(struct sdist *s, const struct ch_toml_node *scikit)
{
    const struct ch_toml_node *cmake = ch_toml_find(scikit, "cmake");
    const struct ch_toml_node *build = ch_toml_find(scikit, "build");
    for (const struct ch_toml_node *n = sdist_toml_child(ch_toml_find(cmake, "define")); n != NULL;
         n = n->next) {
        if (is_telling(n->key)) {
            sdist_hook(s, n->key);
        }
    }
    for (const struct ch_toml_node *n = sdist_toml_child(ch_toml_find(cmake, "args")); n != NULL;
         n = n->next) {
        struct ch_str text = sdist_toml_text(n);
        struct ch_str variable = text;
        CH_IGNORE(ch_str_split(&text, '=', &variable));
        bool set = ch_str_starts(variable, CH_STR("-D"));
        bool quiet = set ? !is_telling(variable)
                         : ch_str_starts(variable, CH_STR("-G")) ||
                               ch_str_starts(variable, CH_STR("-W")) ||
                               ch_str_starts(variable, CH_STR("--log-level"));
        if (!quiet && variable.len > 0) {
            sdist_hook(s, variable);
        }
    }
    if (sdist_toml_child(ch_toml_find(build, "tool-args")) != NULL) {
        sdist_hook(s, CH_STR("build.tool-args"));
    }
    if (text_at(cmake, "toolchain-file").len > 0) {
        sdist_hook(s, CH_STR("cmake.toolchain-file"));
    }
}

/* Cargo's own settings in another place, and flags of the compiler that name a program. */
static void check_maturin(struct sdist *s, const struct ch_toml_node *maturin)
{
    size_t at;
    if (ch_toml_find(maturin, "config") != NULL) {
        sdist_hook(s, CH_STR("maturin.config"));
    }
    for (const struct ch_toml_node *n = sdist_toml_child(ch_toml_find(maturin, "rustc-args"));
         n != NULL; n = n->next) {
        struct ch_str text = sdist_toml_text(n);
        if (ch_str_find(text, CH_STR("linker"), &at) || ch_str_starts(text, CH_STR("-Z")) ||
            ch_str_starts(text, CH_STR("@"))) {
            sdist_hook(s, text);
        }
    }
}

static void check_extensions(struct sdist *s, const struct ch_toml_node *setuptools)
{
    static const char *const keys[] = {"extra-compile-args", "extra-link-args", "swig-opts"};
    for (const struct ch_toml_node *e = sdist_toml_child(ch_toml_find(setuptools, "ext-modules"));
         e != NULL; e = e->next) {
        for (size_t i = 0; i < CH_ARRAY_LEN(keys); i++) {
            for (const struct ch_toml_node *n = sdist_toml_child(ch_toml_find(e, keys[i]));
                 n != NULL; n = n->next) {
                if (starts_something(sdist_toml_text(n))) {
                    sdist_hook(s, sdist_toml_text(n));
                }
            }
        }
    }
}

void sdist_check_compilers(struct sdist *s, const struct ch_toml_node *tool)
{
    const struct ch_toml_node *scikit = ch_toml_find(tool, "scikit-build");
    check_meson_python(s, ch_toml_find(tool, "meson-python"));
    check_scikit_cmake(s, scikit);
    for (const struct ch_toml_node *n = sdist_toml_child(ch_toml_find(scikit, "overrides"));
         n != NULL; n = n->next) {
        check_scikit_cmake(s, n);
    }
    check_maturin(s, ch_toml_find(tool, "maturin"));
    check_extensions(s, ch_toml_find(tool, "setuptools"));
}
