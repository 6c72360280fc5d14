/* PyPI's row in the table of ecosystems. */
#ifndef CH_SCANNER_PYPI_INSPECTOR_H
#define CH_SCANNER_PYPI_INSPECTOR_H

#include "customhouse/inspector.h"

extern const struct ch_inspector ch_inspector_pypi;

#endif
