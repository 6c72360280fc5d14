/* The lines of a .pth file as Python's site module reads them.
 *
 * Spec: Lib/site.py, addpackage(), CPython 3.8 to 3.14. Older versions read text: lines end at LF,
 * CR and CR LF. Since 3.13 (and 3.12.4) a BOM is skipped, and lines end wherever str.splitlines
 * ends them, decoded as UTF-8 or else by the locale. So a file is read in each of these ways: what
 * any of them executes is code. */
#ifndef CH_CONTENT_PTH_H
#define CH_CONTENT_PTH_H

#include "customhouse/bytes.h"

enum pth_view {
    PTH_NEWLINES, /* LF, CR, CR LF; a BOM is part of the first line */
    PTH_UNICODE,  /* splitlines of UTF-8: also VT FF FS GS RS, U+0085 U+2028 U+2029; no BOM */
    PTH_ONE_BYTE, /* splitlines of Latin-1, where bytes are not UTF-8: also the byte 85; else as
                     PTH_UNICODE */
    PTH_VIEW_COUNT
};

enum pth_kind {
    PTH_NOTHING, /* blank, or begins with '#' */
    PTH_CODE,    /* executed: begins with "import" and a blank or tab */
    PTH_FOLDER   /* put on sys.path if it exists: anything else */
};

struct pth {
    struct ch_str rest;
    enum pth_view view;
};

struct pth_line {
    enum pth_kind kind;
    struct ch_str
        text; /* without its end; of a folder without trailing white space; part of the bytes */
};

/* Borrows the bytes. */
struct pth pth_open(struct ch_str bytes, enum pth_view view);
/* False: no more lines. */
bool pth_next(struct pth *p, struct pth_line *ret);

#endif
