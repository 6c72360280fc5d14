/* The smallest native files that real loaders would take, and what a row of a test changes in them. */
#ifndef CH_TEST_NATIVE_BUILD_H
#define CH_TEST_NATIVE_BUILD_H

#include "customhouse/bytes.h"

struct native_spec {
    bool narrow;         /* 32 bits */
    bool big;            /* big endian */
    unsigned machine;    /* the format's own number; 0: x86-64 */
    const char *library; /* that it loads; NULL: none */
    unsigned tag;        /* ELF: the dynamic entry that names it; 0: DT_NEEDED */
    bool rwx;
    bool exec_stack;
    bool program; /* not a shared library */
    bool object; /* Mach-O: what a linker has not seen yet */
    /* faults */
    bool bad_header;   /* version, magic of the optional header, command size */
    bool long_segment; /* a segment or section ends behind the file */
    bool bad_name;     /* the library's name lies elsewhere */
    bool open_name;    /* ... or has no end */
    bool many;         /* more headers than there can be */
};
void native_elf(struct ch_buf *b, const struct native_spec *s);
void native_pe(struct ch_buf *b, const struct native_spec *s);
void native_macho(struct ch_buf *b, const struct native_spec *s);
void native_fat(struct ch_buf *b, const struct native_spec *first, const struct native_spec *second,
                bool overlap);

#endif
