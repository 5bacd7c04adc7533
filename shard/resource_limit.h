/* resource_limit.h — file descriptors: as many as allowed, and what fits into them. */
#ifndef RELAY_RESOURCE_LIMIT_H
#define RELAY_RESOURCE_LIMIT_H

#include "http_server.h"

#include <stdint.h>

enum {
    /* Descriptors a shard needs beside those of its relay sockets: standard streams, listening
     * sockets, event loop, files of the state directory, connections of operators. */
    DESCRIPTORS_RESERVED = 64 + HTTP_DESCRIPTORS,
    /* And for each shard of the host: the supervisor holds that many sockets of it, and a shard
     * has one to hand datagrams over to it. */
    DESCRIPTORS_PER_SHARD = 3,
};

/* descriptors_wanted: how many descriptors |allocations| with |families| sockets each need in
 * a process of a host with |shards|. */
uint64_t descriptors_wanted(uint32_t allocations, unsigned families, uint32_t shards);

/*
 * allocations_that_fit: how many allocations of |families| (1 or 2) sockets
 * each fit into |descriptors|, at most |allocations|.
 */
uint32_t allocations_that_fit(uint64_t descriptors, uint32_t allocations, unsigned families,
                              uint32_t shards);

/*
 * raise_descriptor_limit raises RLIMIT_NOFILE of this process, and of what it
 * starts, to |wanted|: the soft limit up to the hard one, and the hard one too
 * where the process may. Never lowers either.
 * Returns the soft limit that holds afterwards.
 */
uint64_t raise_descriptor_limit(uint64_t wanted);

#endif
