/* port_slice.c — splits the relay ports of a host between its shards. */
#include "port_slice.h"

#include <assert.h>

struct port_slice port_slice_of(uint16_t lowest, uint16_t highest, uint32_t shards, uint32_t shard)
{
    uint32_t ports = (uint32_t)highest - lowest + 1;
    uint64_t begin, end;

    assert(1 <= lowest && lowest <= highest);
    assert(1 <= shards && shards <= ports && shard < shards);
    begin = (uint64_t)ports * shard / shards;
    end = (uint64_t)ports * (shard + 1) / shards;
    return (struct port_slice){
        .lowest = (uint16_t)(lowest + begin),
        .highest = (uint16_t)(lowest + end - 1),
    };
}
