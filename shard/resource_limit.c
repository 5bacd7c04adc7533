/* resource_limit.c — file descriptors: as many as allowed, and what fits into them. */
#include "resource_limit.h"

#include <sys/resource.h>

static uint64_t reserved(uint32_t shards)
{
    return DESCRIPTORS_RESERVED + (uint64_t)shards * DESCRIPTORS_PER_SHARD;
}

uint64_t descriptors_wanted(uint32_t allocations, unsigned families, uint32_t shards)
{
    return (uint64_t)allocations * families + reserved(shards);
}

uint32_t allocations_that_fit(uint64_t descriptors, uint32_t allocations, unsigned families,
                              uint32_t shards)
{
    if (descriptors <= reserved(shards))
        return 0;
    uint64_t fit = (descriptors - reserved(shards)) / families;

    return fit < allocations ? (uint32_t)fit : allocations;
}

uint64_t raise_descriptor_limit(uint64_t wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    if (limit.rlim_cur >= wanted)
        return limit.rlim_cur;

    /* Past the hard limit only with CAP_SYS_RESOURCE, and never past fs.nr_open. */
    if (limit.rlim_max < wanted) {
        struct rlimit higher = {.rlim_cur = wanted, .rlim_max = wanted};

        if (setrlimit(RLIMIT_NOFILE, &higher) == 0)
            return wanted;
    }
    struct rlimit allowed = limit;

    allowed.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    return setrlimit(RLIMIT_NOFILE, &allowed) == 0 ? allowed.rlim_cur : limit.rlim_cur;
}
