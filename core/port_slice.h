/* port_slice.h — which relay ports belong to which shard. */
#ifndef RELAY_PORT_SLICE_H
#define RELAY_PORT_SLICE_H

#include <stdint.h>

/* A range of ports, both ends inclusive. */
struct port_slice {
    uint16_t lowest;
    uint16_t highest;
};

/*
 * port_slice_of splits the ports |lowest|..|highest| into |shards| contiguous slices and
 * returns that of |shard|. The slices follow each other without gap or
 * overlap, and their sizes differ by at most one.
 *
 * Asserts 1 <= lowest <= highest, 1 <= shards <= ports of the range, shard < shards.
 */
struct port_slice port_slice_of(uint16_t lowest, uint16_t highest, uint32_t shards, uint32_t shard);

#endif
