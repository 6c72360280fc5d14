/* What names this installation: sent upstream by the fetcher, recognised by the gateway. A request
 * that comes back to us is a loop (T13). */
#ifndef CUSTOMHOUSE_INSTANCE_H
#define CUSTOMHOUSE_INSTANCE_H

#include "customhouse/bytes.h"

#define CH_INSTANCE_HEADER "X-Customhouse-Instance"
#define CH_INSTANCE_HEX    32

/* The first 16 bytes, in hex, of the sha256 of "customhouse-instance:" and the state directory: the
 * same in all processes of an installation, and the directory's name is not told to upstreams. */
void ch_instance_id(struct ch_str state_dir, char ret[CH_INSTANCE_HEX + 1]);

#endif
