/* Mach-O and fat files: Apple's mach-o/loader.h and mach-o/fat.h. */
#include "customhouse/limits.h"
#include "scanner/content/native.h"

enum {
    LC_SEGMENT = 0x1,
    LC_LOAD_DYLIB = 0xc,
    LC_SEGMENT_64 = 0x19,
    LC_LAZY_LOAD_DYLIB = 0x20,
    MH_OBJECT = 1,
    MH_EXECUTE = 2,
    MH_ALLOW_STACK_EXECUTION = 0x20000,
    VM_WRITE = 2,
    VM_EXECUTE = 4,
    FAT_BYTES = 20,
    FAT_64_BYTES = 32,
};
static const uint64_t lc_load_weak_dylib = 0x80000018;
static const uint64_t lc_reexport_dylib = 0x8000001f;
static const uint64_t lc_load_upward_dylib = 0x80000023;
static const uint64_t archive_magic = 0x213c617263683e0a; /* "!<arch>\n": a library of objects */

static const struct native_machine machines[] = {
    {7, "i386"},  {0x01000007, "x86-64"}, {12, "arm"},          {0x0100000c, "aarch64"},
    {18, "ppc"}, {0x01000012, "ppc64"},  {0x0200000c, "aarch64-32"},
};

struct slice {
    struct native *n;
    uint64_t at; /* in the file */
    uint64_t bytes;
    bool wide;
    bool object; /* one segment for all, with the protections of all: a linker takes it apart */
};

static void read_segment(struct slice *s, uint64_t at, uint64_t bytes, bool wide)
{
    struct native *n = s->n;
    if (bytes < (wide ? 72 : 56)) {
        native_fault(n, "a segment's command is too short");
        return;
    }
    uint64_t offset = native_get(n, at + (wide ? 40 : 32), wide ? 8 : 4);
    uint64_t size = native_get(n, at + (wide ? 48 : 36), wide ? 8 : 4);
    uint64_t protection = native_get(n, at + (wide ? 60 : 44), 4);
    n->rwx = n->rwx || (!s->object && (protection & VM_WRITE) != 0 && (protection & VM_EXECUTE) != 0);
    if (offset > s->bytes || size > s->bytes - offset) {
        native_fault(n, "a segment ends behind the file");
    }
}

static void read_library(struct slice *s, uint64_t at, uint64_t bytes)
{
    struct native *n = s->n;
    uint64_t offset = native_get(n, at + 8, 4);
    if (bytes < 24 || offset < 24 || offset >= bytes) {
        native_fault(n, "the name of a library lies outside its command");
        return;
    }
    struct ch_str name = native_text(n, at + offset, at + bytes);
    if (name.len > 0) {
        n->library(n->arg, name);
    }
}

static void read_command(struct slice *s, uint64_t at, uint64_t bytes)
{
    uint64_t type = native_get(s->n, at, 4);
    if (type == LC_SEGMENT || type == LC_SEGMENT_64) {
        read_segment(s, at, bytes, type == LC_SEGMENT_64);
    } else if (type == LC_LOAD_DYLIB || type == LC_LAZY_LOAD_DYLIB || type == lc_load_weak_dylib ||
               type == lc_reexport_dylib || type == lc_load_upward_dylib) {
        read_library(s, at, bytes);
    }
}

static void read_commands(struct slice *s, uint64_t count, uint64_t bytes)
{
    struct native *n = s->n;
    uint64_t at = s->at + (s->wide ? 32 : 28);
    uint64_t left = bytes;
    if (count > ch_limits.native_entries || at - s->at > s->bytes ||
        bytes > s->bytes - (at - s->at)) {
        native_fault(n, "its load commands end behind the file");
        return;
    }
    for (uint64_t i = 0; i < count && n->fault == NULL && !n->partial; i++) {
        uint64_t size = left < 8 ? 0 : native_get(n, at + 4, 4);
        if (size < 8 || size > left || size % 4 != 0) {
            /* behind the bytes that are here there is nothing to say about sizes */
            if (!n->partial) {
                native_fault(n, "a load command is not of its size");
            }
            return;
        }
        read_command(s, at, size);
        at += size;
        left -= size;
    }
}

static void read_slice(struct native *n, uint64_t at, uint64_t bytes)
{
    struct slice s = {.n = n, .at = at, .bytes = bytes};
    n->big_endian = true;
    uint64_t magic = native_get(n, at, 4);
    n->big_endian = magic == 0xfeedface || magic == 0xfeedfacf;
    magic = native_get(n, at, 4);
    s.wide = magic == 0xfeedfacf;
    if (bytes < 28 || (magic != 0xfeedface && magic != 0xfeedfacf)) {
        if (!n->partial) {
            native_fault(n, "a slice is no Mach-O file");
        }
        return;
    }
    unsigned machine = (unsigned)native_get(n, at + 4, 4);
    native_add_machine(n, machines, CH_ARRAY_LEN(machines), machine);
    uint64_t type = native_get(n, at + 12, 4);
    s.object = type == MH_OBJECT;
    n->shared = n->shared || type != MH_EXECUTE;
    n->exec_stack =
        n->exec_stack || (native_get(n, at + 24, 4) & MH_ALLOW_STACK_EXECUTION) != 0;
    read_commands(&s, native_get(n, at + 16, 4), native_get(n, at + 20, 4));
}

static void read_fat(struct native *n, bool wide)
{
    unsigned bytes = wide ? FAT_64_BYTES : FAT_BYTES;
    unsigned word = wide ? 8 : 4;
    uint64_t count = native_get(n, 4, 4);
    uint64_t end = 8 + count * bytes; /* of what came before: slices come in order */
    if (count == 0 || count > NATIVE_MACHINES_MAX) {
        native_fault(n, "it has no slices, or more than are read");
        return;
    }
    for (uint64_t i = 0; i < count && n->fault == NULL && !n->partial; i++) {
        uint64_t at = native_get(n, 8 + i * bytes + 8, word);
        uint64_t size = native_get(n, 8 + i * bytes + 8 + word, word);
        if (n->fault != NULL || !native_within(n, at, size, "a slice ends behind the file")) {
            return;
        }
        if (at < end) {
            native_fault(n, "its slices overlap");
            return;
        }
        end = at + size;
        if (size >= 8 && native_get(n, at, 8) == archive_magic) {
            native_add_machine(n, machines, CH_ARRAY_LEN(machines),
                               (unsigned)native_get(n, 8 + i * bytes, 4));
            continue;
        }
        read_slice(n, at, size);
        n->big_endian = true;
    }
}

void native_parse_macho(struct native *n)
{
    n->big_endian = true;
    uint64_t magic = native_get(n, 0, 4);
    if (magic == 0xcafebabe || magic == 0xcafebabf) {
        read_fat(n, magic == 0xcafebabf);
    } else {
        read_slice(n, 0, n->size_bytes);
    }
}
