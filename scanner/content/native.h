/* Headers of native code, read strictly: ELF (both word sizes, both byte orders), PE, Mach-O and its
 * fat files. Enough to say what machine it is for, what it loads, and whether memory of it is both
 * writable and executable; nothing is relocated, decoded or run.
 *
 * Spec: System V ABI, chapters 4 and 5, and GNU's PT_GNU_STACK; Microsoft PE/COFF, sections 3 to 6;
 * Mach-O as in Apple's loader.h and fat.h. */
#ifndef CH_CONTENT_NATIVE_H
#define CH_CONTENT_NATIVE_H

#include "customhouse/bytes.h"

enum native_format { NATIVE_NONE = 0, NATIVE_ELF, NATIVE_PE, NATIVE_MACHO };
const char *native_format_name(enum native_format format); /* "elf" */

enum { NATIVE_MACHINES_MAX = 32, NATIVE_MACHINE_BYTES = 24 };

struct native {
    struct ch_str bytes; /* the beginning of the file, or all of it */
    uint64_t size_bytes; /* of the whole */
    /* Called for each library it names, in its order; the name is borrowed for the call. */
    void (*library)(void *arg, struct ch_str name);
    void *arg;
    /* --- what was found --- */
    enum native_format format;
    char machine[NATIVE_MACHINES_MAX][NATIVE_MACHINE_BYTES]; /* "x86-64", "aarch64", "machine-77" */
    size_t machine_count;
    bool shared;      /* to be loaded by another program, not to be run by itself */
    bool rwx;         /* a segment or section is writable and executable */
    bool exec_stack;  /* it asks for an executable stack */
    bool partial;     /* something lies behind the bytes that are here */
    const char *fault; /* what is wrong with it; NULL: nothing */
    bool big_endian;
};

/* By the first bytes. A PE needs its second header too: "MZ" alone is two letters of text. */
enum native_format native_detect(struct ch_str bytes);
/* Whether code for n->machine[machine] runs where a platform tag of a wheel ("manylinux_2_17_x86_64") says it is
 * for. A tag without words that we know, and no tag, say nothing. */
enum native_fit { NATIVE_FITS_NOT = 0, NATIVE_FITS_UNKNOWN, NATIVE_FITS };
enum native_fit native_fit(const struct native *n, size_t machine, struct ch_str platform);
/* Whether bytes (the beginning of a file of so many, or all of it) are native code with headers without a fault, of
 * a machine that is known. */
bool native_is_sound(struct ch_str bytes, uint64_t size_bytes);
/* ... and of the platform of this tag. */
bool native_is_sound_for(struct ch_str bytes, uint64_t size_bytes, struct ch_str platform);
/* Where native code begins in bytes that are something else before: behind padding, a picture, a
 * header. 0: nowhere. Only what is sound counts. Beyond NATIVE_SEARCH_BYTES "MZ" alone, which is
 * everywhere, begins none: there the second header of a PE is looked for, and the header behind
 * NATIVE_TRIES that are not sound counts without being so. */
enum { NATIVE_SEARCH_BYTES = 1 << 16, NATIVE_TRIES = 1000 };
size_t native_find(struct ch_str bytes, uint64_t size_bytes);
/* Reads the headers. `bytes`, `size_bytes`, `library` and `arg` are set, the rest is zero. */
void native_parse(struct native *n);

/* --- inside --- */
/* An integer of 1, 2, 4 or 8 bytes at offset `at` of the file; 0 and a fault (or `partial`) where there
 * is none. */
uint64_t native_get(struct native *n, uint64_t at, unsigned bytes);
/* Whether [at, at + len) lies in the file; else a fault. */
bool native_within(struct native *n, uint64_t at, uint64_t len, const char *fault);
/* The text at `at` up to its NUL, which must come before `end`; absent: fault or partial. */
struct ch_str native_text(struct native *n, uint64_t at, uint64_t end);
struct native_machine {
    unsigned number;
    const char *name;
};
/* Adds what the format's table calls the number, or "machine-NUMBER". */
void native_add_machine(struct native *n, const struct native_machine *rows, size_t count,
                        unsigned number);
void native_fault(struct native *n, const char *fault); /* the first one counts */
void native_parse_elf(struct native *n);
void native_parse_pe(struct native *n);
void native_parse_macho(struct native *n);

#endif
