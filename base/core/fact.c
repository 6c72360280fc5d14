#include "customhouse/fact.h"

static const struct ch_fact_row rows[] = {
#define CH_FACT_ROW(code, name, capability, text) [code] = {name, capability, text},
    CH_FACTS(CH_FACT_ROW)
#undef CH_FACT_ROW
};

const struct ch_fact_row *ch_fact_row(enum ch_fact_code code)
{
    return (unsigned)code < CH_FACT_COUNT ? &rows[code] : NULL;
}

const struct ch_fact_row *ch_fact_by_name(struct ch_str name)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(name, ch_str_of(rows[i].name))) {
            return &rows[i];
        }
    }
    return NULL;
}

enum ch_fact_code ch_fact_code_of(const struct ch_fact_row *row)
{
    return (enum ch_fact_code)(row - rows);
}

/* --- forms of values --- */

static const char *const capabilities[] = {"network",     "process",     "dynamic-code",
                                           "native-code", "credentials", "environment",
                                           "persistence", NULL};
static const char *const install_code[] = {"setup.py",
                                           "setup.py beyond declarations",
                                           "build-backend **",
                                           "backend-path",
                                           "setup.cfg cmdclass **",
                                           "setup.cfg setup-hooks **",
                                           "pyproject cmdclass **",
                                           "build-hook **",
                                           NULL};
static const char *const auto_load[] = {"pth **",        "start **",       "sitecustomize",
                                        "usercustomize", "entry-point **", "top-level **",
                                        "script **",     "data **",        NULL};
static const char *const native[] = {"elf x86-64",
                                     "elf aarch64",
                                     "elf i386",
                                     "elf arm",
                                     "elf ppc64",
                                     "elf riscv",
                                     "elf s390",
                                     "elf ppc",
                                     "elf mips",
                                     "elf sparc64",
                                     "elf ia64",
                                     "elf xtensa",
                                     "elf cuda",
                                     "elf amdgpu",
                                     "elf bpf",
                                     "elf loongarch",
                                     "elf machine-**",
                                     "pe x86-64",
                                     "pe aarch64",
                                     "pe i386",
                                     "pe arm",
                                     "pe ia64",
                                     "pe riscv",
                                     "pe efi-byte-code",
                                     "pe machine-**",
                                     "mach-o x86-64",
                                     "mach-o aarch64",
                                     "mach-o i386",
                                     "mach-o arm",
                                     "mach-o ppc",
                                     "mach-o ppc64",
                                     "mach-o aarch64-32",
                                     "mach-o machine-**",
                                     NULL};
static const char *const content[] = {"notebook", "pickle", "pyc", "zip",      "tar", "gzip",
                                      "lzma",     "bzip2",  "xz",  "zstd",     "7z",  "rar",
                                      "lz4",      "lzip",   "cab", "compress", NULL};
static const char *const any[] = {"**", NULL};

static const struct {
    const char *const *list;
    const char *file_type;
} forms[] = {
    [CH_FACT_CAPABILITY] = {capabilities, NULL},
    [CH_FACT_INSTALL_CODE] = {install_code, "sdist"},
    [CH_FACT_INSTALL_CAPABILITY] = {capabilities, "sdist"},
    [CH_FACT_AUTO_LOAD] = {auto_load, NULL},
    [CH_FACT_NATIVE] = {native, NULL},
    [CH_FACT_LIBRARY] = {any, NULL},
    [CH_FACT_LICENCE] = {any, NULL},
    [CH_FACT_CONTENT] = {content, NULL},
};
_Static_assert(CH_ARRAY_LEN(forms) == CH_FACT_COUNT, "each fact has its forms");

const char *const *ch_fact_forms(enum ch_fact_code code)
{
    return forms[code].list;
}

bool ch_fact_has_form(enum ch_fact_code code, struct ch_str value)
{
    for (const char *const *f = forms[code].list; *f != NULL; f++) {
        struct ch_str form = ch_str_of(*f);
        bool open = ch_str_ends(form, CH_STR("**"));
        struct ch_str start = ch_str_sub(form, 0, open ? form.len - 2 : form.len);
        if (open ? ch_str_starts(value, start) : ch_str_eq(value, form)) {
            return true;
        }
    }
    return false;
}

const char *ch_fact_file_type(enum ch_fact_code code)
{
    return forms[code].file_type;
}
