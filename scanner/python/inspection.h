/* What the inspections of Python packages have in common. */
#ifndef CH_SCANNER_PYTHON_INSPECTION_H
#define CH_SCANNER_PYTHON_INSPECTION_H

#include <stdarg.h>

#include "customhouse/scan.h"

/* A finding whose evidence is made here. */
void pypi_report(struct ch_scan_writer *out, enum ch_finding_code code, struct ch_str member,
                 const char *fmt, va_list va) CH_PRINTF(4, 0);

/* One line without its end; a carriage return before the line feed belongs to the end. */
bool pypi_next_line(struct ch_str *rest, struct ch_str *ret);
/* UTF-8 without control characters but tabs, and with no other ends of lines than LF and CR LF:
 * Python's str.splitlines(), which installers read entry points with, takes a lone CR and some
 * characters beyond ASCII for one. */
bool pypi_is_text(struct ch_str s);

/* Whether what a file says of itself is what is expected; where nothing is expected, it is. */
bool pypi_is_project(struct ch_str name, struct ch_str expected);
bool pypi_is_version(struct ch_str version, struct ch_str expected);

#endif
