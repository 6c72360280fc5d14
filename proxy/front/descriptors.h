/* How many connections a process can have beside its other descriptors: one that used them up for
 * connections could open no file that is asked for, and take no page that the keeper hands over. */
#ifndef CH_FRONT_DESCRIPTORS_H
#define CH_FRONT_DESCRIPTORS_H

#include <stdint.h>

/* What the limit of descriptors (RLIMIT_NOFILE) leaves beside `others` and a few for the process
 * itself; at least 1. Asks the kernel: before the process is confined. */
uint32_t front_room_for_connections(uint64_t others);

/* How many files may be open beside connections: a quarter of that limit, at most `wanted`. */
uint64_t front_room_for_files(uint64_t wanted);

#endif
