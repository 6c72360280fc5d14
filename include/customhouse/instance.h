/* What names a running installation (ch_setup.instance_id): sent upstream by the fetcher, recognised by
 * the gateway. A request that comes back to us is a loop (T13).
 *
 * A gateway whose upstream is another one tells it whose requests it passes on, so that a loop of several is seen by
 * the first of them: "ID, ID, ...", its own first. Of what it was told it passes on the first CH_INSTANCE_HOPS. */
#ifndef CUSTOMHOUSE_INSTANCE_H
#define CUSTOMHOUSE_INSTANCE_H

#define CH_INSTANCE_HEADER "X-Customhouse-Instance"
#define CH_INSTANCE_HOPS   8
#define CH_INSTANCE_BYTES  32 /* an ID: hexadecimal digits */

#endif
