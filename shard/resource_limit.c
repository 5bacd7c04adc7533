/* resource_limit.c — file descriptors: as many as allowed, and what fits into them. */
#include "resource_limit.h"

#include <sys/resource.h>

uint64_t descriptors_wanted(uint32_t allocations, unsigned families)
{
    return (uint64_t)allocations * families + DESCRIPTORS_RESERVED;
}

uint32_t allocations_that_fit(uint64_t descriptors, uint32_t allocations, unsigned families)
{
    if (descriptors <= DESCRIPTORS_RESERVED)
        return 0;
    uint64_t fit = (descriptors - DESCRIPTORS_RESERVED) / families;

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
