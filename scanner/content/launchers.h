/* The small Windows programs that installers copy beside a script to start it. They lie in wheels for
 * any platform of pip, setuptools, distlib and what carries those; each is known by its digest. */
#ifndef CH_CONTENT_LAUNCHERS_H
#define CH_CONTENT_LAUNCHERS_H

#include "customhouse/bytes.h"

/* False when only a part of the file is here. */
bool launcher_is_known(struct ch_str bytes, uint64_t size_bytes);

#endif
