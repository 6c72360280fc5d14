/* A house whose upstream has one page, of two wheels. */
#ifndef WHEELS_HOUSE_H
#define WHEELS_HOUSE_H

#include "house.h"

#define WHEEL "pkg-1.0-py3-none-any.whl" /* "bytes" */
#define NEXT  "pkg-1.1-py3-none-any.whl" /* "other bytes" */

/* Both so many days old. */
void set_wheels(struct house *h, unsigned days);

#endif
