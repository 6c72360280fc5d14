/* ELF: System V ABI, chapter 4 (object files) and 5 (program loading). */
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/content/native.h"

enum {
    PT_LOAD = 1,
    PT_DYNAMIC = 2,
    PT_GNU_STACK = 0x6474e551,
    PF_X = 1,
    PF_W = 2,
    DT_NULL = 0,
    DT_NEEDED = 1,
    DT_STRTAB = 5,
    DT_DEPAUDIT = 0x6ffffefb, /* GNU and Solaris: loaded beside it, or in its place */
    DT_AUDIT = 0x6ffffefc,
    DT_AUXILIARY = 0x7ffffffd,
    DT_FILTER = 0x7fffffff,
    DT_STRSZ = 10,
    ET_REL = 1,
    ET_DYN = 3,
    ET_CORE = 4,
    PN_XNUM = 0xffff,
};

static const struct native_machine machines[] = {
    {3, "i386"},      {8, "mips"},     {20, "ppc"},         {21, "ppc64"},   {22, "s390"},
    {40, "arm"},      {43, "sparc64"}, {50, "ia64"},        {62, "x86-64"},  {94, "xtensa"},
    {183, "aarch64"}, {190, "cuda"},   {224, "amdgpu"},     {243, "riscv"},  {247, "bpf"},
    {258, "loongarch"},
};

struct elf {
    struct native *n;
    bool wide; /* 64 bits */
    uint64_t headers_at;
    uint64_t header_bytes;
    uint64_t headers;
};

struct segment {
    uint64_t type;
    uint64_t flags;
    uint64_t at;
    uint64_t address;
    uint64_t bytes;
    uint64_t memory_bytes;
};

static struct segment segment_at(struct elf *e, uint64_t i)
{
    struct native *n = e->n;
    uint64_t at = e->headers_at + i * e->header_bytes;
    struct segment s = {.type = native_get(n, at, 4)};
    if (e->wide) {
        s.flags = native_get(n, at + 4, 4);
        s.at = native_get(n, at + 8, 8);
        s.address = native_get(n, at + 16, 8);
        s.bytes = native_get(n, at + 32, 8);
        s.memory_bytes = native_get(n, at + 40, 8);
    } else {
        s.at = native_get(n, at + 4, 4);
        s.address = native_get(n, at + 8, 4);
        s.bytes = native_get(n, at + 16, 4);
        s.memory_bytes = native_get(n, at + 20, 4);
        s.flags = native_get(n, at + 24, 4);
    }
    return s;
}

/* Where in the file an address of the loaded image comes from, and how much follows it there. */
static bool file_offset(struct elf *e, uint64_t address, uint64_t *ret_at, uint64_t *ret_left)
{
    for (uint64_t i = 0; i < e->headers; i++) {
        struct segment s = segment_at(e, i);
        if (s.type == PT_LOAD && address >= s.address && address - s.address < s.bytes) {
            *ret_at = s.at + (address - s.address);
            *ret_left = s.bytes - (address - s.address);
            return true;
        }
    }
    return false;
}

static bool names_library(uint64_t tag)
{
    return tag == DT_NEEDED || tag == DT_AUDIT || tag == DT_DEPAUDIT || tag == DT_AUXILIARY ||
           tag == DT_FILTER;
}

static void read_libraries(struct elf *e, const struct segment *dynamic, uint64_t names_at,
                           uint64_t names_bytes)
{
    struct native *n = e->n;
    unsigned word = e->wide ? 8 : 4;
    uint64_t libraries = 0;
    for (uint64_t at = 0; at + 2 * word <= dynamic->bytes; at += 2 * word) {
        uint64_t tag = native_get(n, dynamic->at + at, word);
        if (tag == DT_NULL || n->partial || n->fault != NULL) {
            return;
        }
        if (!names_library(tag)) {
            continue;
        }
        if (++libraries > ch_limits.native_libraries) {
            native_fault(n, "it names more libraries than are read");
            return;
        }
        uint64_t offset = native_get(n, dynamic->at + at + word, word);
        if (offset >= names_bytes) {
            native_fault(n, "the name of a library lies outside its table");
            return;
        }
        struct ch_str name = native_text(n, names_at + offset, names_at + names_bytes);
        if (name.len > 0) {
            n->library(n->arg, name);
        }
    }
}

/* DT_STRTAB and DT_STRSZ say where the names lie; then DT_NEEDED and its like say which of them it
 * loads. */
static void read_dynamic(struct elf *e, const struct segment *dynamic)
{
    struct native *n = e->n;
    unsigned word = e->wide ? 8 : 4;
    uint64_t table = 0;
    uint64_t table_bytes = 0;
    bool needs = false;
    if (dynamic->bytes / (2 * word) > ch_limits.native_entries) {
        native_fault(n, "its dynamic section has more entries than are read");
        return;
    }
    for (uint64_t at = 0; at + 2 * word <= dynamic->bytes; at += 2 * word) {
        uint64_t tag = native_get(n, dynamic->at + at, word);
        uint64_t value = native_get(n, dynamic->at + at + word, word);
        if (tag == DT_NULL || n->partial) {
            break;
        }
        table = tag == DT_STRTAB ? value : table;
        table_bytes = tag == DT_STRSZ ? value : table_bytes;
        needs = needs || names_library(tag);
    }
    uint64_t names_at;
    uint64_t left;
    if (!needs || n->partial) {
        return;
    }
    if (!file_offset(e, table, &names_at, &left) || table_bytes > left) {
        native_fault(n, "the names of its libraries are not in what is loaded");
        return;
    }
    read_libraries(e, dynamic, names_at, table_bytes);
}

static void read_segments(struct elf *e)
{
    struct native *n = e->n;
    bool has_dynamic = false;
    struct segment dynamic = {0};
    for (uint64_t i = 0; i < e->headers && n->fault == NULL; i++) {
        struct segment s = segment_at(e, i);
        bool both = (s.flags & PF_W) != 0 && (s.flags & PF_X) != 0;
        if (s.type == PT_LOAD) {
            n->rwx = n->rwx || both;
            CH_IGNORE(!native_within(n, s.at, s.bytes, "a segment ends behind the file"));
            if (s.bytes > s.memory_bytes) {
                native_fault(n, "a segment is larger in the file than in memory");
            }
        } else if (s.type == PT_GNU_STACK) {
            n->exec_stack = (s.flags & PF_X) != 0;
        } else if (s.type == PT_DYNAMIC && s.bytes > 0) {
            if (has_dynamic) {
                native_fault(n, "it has two dynamic segments");
            }
            has_dynamic = true;
            dynamic = s;
            CH_IGNORE(!native_within(n, s.at, s.bytes, "its dynamic segment ends behind the file"));
        }
    }
    if (has_dynamic && n->fault == NULL) {
        read_dynamic(e, &dynamic);
    }
}

void native_parse_elf(struct native *n)
{
    struct elf e = {.n = n};
    uint64_t class = native_get(n, 4, 1);
    uint64_t order = native_get(n, 5, 1);
    e.wide = class == 2;
    n->big_endian = order == 2;
    if (class < 1 || class > 2 || order < 1 || order > 2 || native_get(n, 6, 1) != 1) {
        native_fault(n, "its class, byte order or version is none");
        return;
    }
    uint64_t type = native_get(n, 16, 2);
    native_add_machine(n, machines, CH_ARRAY_LEN(machines), (unsigned)native_get(n, 18, 2));
    e.headers_at = e.wide ? native_get(n, 32, 8) : native_get(n, 28, 4);
    e.header_bytes = native_get(n, e.wide ? 54 : 42, 2);
    e.headers = native_get(n, e.wide ? 56 : 44, 2);
    n->shared = type == ET_DYN;
    if (type < ET_REL || (type > ET_CORE && type < 0xfe00) || native_get(n, 20, 4) != 1 ||
        native_get(n, e.wide ? 52 : 40, 2) != (e.wide ? 64 : 52)) {
        native_fault(n, "its type, version or header size is none");
        return;
    }
    if (e.headers == 0) {
        return;
    }
    if (e.headers == PN_XNUM || e.headers > ch_limits.native_entries) {
        native_fault(n, "it has more program headers than are read");
    } else if (e.header_bytes != (e.wide ? 56 : 32)) {
        native_fault(n, "its program headers are not of their size");
    } else if (native_within(n, e.headers_at, e.headers * e.header_bytes,
                             "its program headers end behind the file")) {
        read_segments(&e);
    }
}
