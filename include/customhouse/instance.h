/* What names a running installation (ch_setup.instance_id): sent upstream by the fetcher, recognised by
 * the gateway. A request that comes back to us is a loop (T13). */
#ifndef CUSTOMHOUSE_INSTANCE_H
#define CUSTOMHOUSE_INSTANCE_H

#define CH_INSTANCE_HEADER "X-Customhouse-Instance"

#endif
