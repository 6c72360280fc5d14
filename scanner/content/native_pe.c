/* PE: Microsoft Portable Executable and Common Object File Format. Always little endian. */
#include "customhouse/limits.h"
#include "scanner/content/native.h"

enum {
    NEW_HEADER_AT = 0x3c,
    COFF_BYTES = 20,
    SECTION_BYTES = 40,
    SECTIONS_MAX = 96, /* "the Windows loader limits the number of sections to 96" */
    IMPORT_BYTES = 20,
    DELAY_BYTES = 32,
    DIRECTORY_IMPORT = 1,
    DIRECTORY_DELAY = 13,
    PE32 = 0x10b,
    PE32_PLUS = 0x20b,
    IS_DLL = 0x2000,
};
static const uint64_t may_execute = 0x20000000;
static const uint64_t may_write = 0x80000000;

static const struct native_machine machines[] = {
    {0x14c, "i386"},    {0x8664, "x86-64"}, {0xaa64, "aarch64"}, {0x1c0, "arm"},  {0x1c4, "arm"},
    {0xa641, "aarch64"}, {0x200, "ia64"},   {0x5064, "riscv"},   {0xebc, "efi-byte-code"},
};

struct pe {
    struct native *n;
    uint64_t sections_at;
    uint64_t sections;
    uint64_t header_bytes; /* mapped as they lie in the file */
};

/* Where in the file a relative address comes from; *ret_end is where that section ends there. */
static bool file_offset(struct pe *p, uint64_t address, uint64_t *ret_at, uint64_t *ret_end)
{
    struct native *n = p->n;
    for (uint64_t i = 0; i < p->sections; i++) {
        uint64_t at = p->sections_at + i * SECTION_BYTES;
        uint64_t start = native_get(n, at + 12, 4);
        uint64_t raw_bytes = native_get(n, at + 16, 4);
        uint64_t raw_at = native_get(n, at + 20, 4);
        if (address >= start && address - start < raw_bytes) {
            *ret_at = raw_at + (address - start);
            *ret_end = raw_at + raw_bytes;
            return true;
        }
    }
    return false;
}

/* A table of descriptors that ends with one whose name is 0. */
static void read_table(struct pe *p, uint64_t address, unsigned entry_bytes, unsigned name_offset)
{
    struct native *n = p->n;
    uint64_t at;
    uint64_t end;
    if (address == 0) {
        return;
    }
    if (!file_offset(p, address, &at, &end)) {
        native_fault(n, "its table of imports is in no section");
        return;
    }
    for (uint64_t i = 0; at + entry_bytes <= end; i++, at += entry_bytes) {
        uint64_t name_at;
        uint64_t name_end;
        uint64_t name = native_get(n, at + name_offset, 4);
        if (name == 0 || n->partial || n->fault != NULL) {
            return;
        }
        if (i >= ch_limits.native_libraries) {
            native_fault(n, "it names more libraries than are read");
            return;
        }
        if (!file_offset(p, name, &name_at, &name_end)) {
            native_fault(n, "the name of a library is in no section");
            return;
        }
        struct ch_str library = native_text(n, name_at, name_end);
        if (library.len > 0) {
            n->library(n->arg, library);
        }
    }
}

static void read_sections(struct pe *p)
{
    struct native *n = p->n;
    for (uint64_t i = 0; i < p->sections && n->fault == NULL; i++) {
        uint64_t at = p->sections_at + i * SECTION_BYTES;
        uint64_t flags = native_get(n, at + 36, 4);
        uint64_t raw_bytes = native_get(n, at + 16, 4);
        n->rwx = n->rwx || ((flags & may_execute) != 0 && (flags & may_write) != 0);
        if (raw_bytes > 0) {
            CH_IGNORE(!native_within(n, native_get(n, at + 20, 4), raw_bytes,
                                     "a section ends behind the file"));
        }
    }
}

static uint64_t directory(struct native *n, uint64_t optional_at, uint64_t optional_bytes,
                          unsigned index)
{
    bool plus = native_get(n, optional_at, 2) == PE32_PLUS;
    uint64_t count_at = plus ? 108 : 92;
    uint64_t entry = count_at + 4 + (uint64_t)8 * index;
    if (entry + 8 > optional_bytes || native_get(n, optional_at + count_at, 4) <= index) {
        return 0;
    }
    return native_get(n, optional_at + entry, 4);
}

void native_parse_pe(struct native *n)
{
    struct pe p = {.n = n};
    uint64_t at = native_get(n, NEW_HEADER_AT, 4) + 4;
    unsigned machine = (unsigned)native_get(n, at, 2);
    native_add_machine(n, machines, CH_ARRAY_LEN(machines), machine);
    p.sections = native_get(n, at + 2, 2);
    uint64_t optional_bytes = native_get(n, at + 16, 2);
    n->shared = (native_get(n, at + 18, 2) & IS_DLL) != 0;
    uint64_t optional_at = at + COFF_BYTES;
    uint64_t magic = native_get(n, optional_at, 2);
    p.sections_at = optional_at + optional_bytes;
    if (p.sections > SECTIONS_MAX) {
        native_fault(n, "it has more sections than are loaded");
    } else if (magic != PE32 && magic != PE32_PLUS) {
        native_fault(n, "its optional header is none");
    } else if (native_within(n, p.sections_at, p.sections * SECTION_BYTES,
                             "its section headers end behind the file")) {
        read_sections(&p);
    }
    if (n->fault == NULL) {
        read_table(&p, directory(n, optional_at, optional_bytes, DIRECTORY_IMPORT), IMPORT_BYTES,
                   12);
    }
    if (n->fault == NULL) {
        read_table(&p, directory(n, optional_at, optional_bytes, DIRECTORY_DELAY), DELAY_BYTES, 4);
    }
}
