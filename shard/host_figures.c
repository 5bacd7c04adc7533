/* host_figures.c — a copy of the counter pages of all shards of this host, seldom taken. */
#include "host_figures.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct host_figures {
    const struct state_dir *dir;
    bool has_read;
    struct mono_time read_at;
    uint32_t shards;
    struct shard_figures all[];
};

struct host_figures *host_figures_new(const struct state_dir *dir, uint32_t shards)
{
    struct host_figures *figures = calloc(1, sizeof(*figures) + shards * sizeof(figures->all[0]));

    if (figures != NULL) {
        figures->dir = dir;
        figures->shards = shards;
    }
    return figures;
}

void host_figures_free(struct host_figures *figures)
{
    free(figures);
}

uint32_t host_figures_shards(const struct host_figures *figures)
{
    return figures->shards;
}

/* The CPU time of process |pid|, as the kernel counts it: also that of somebody else's. */
static int64_t cpu_usec_of(int64_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid((pid_t)pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return -1;
    return (int64_t)used.tv_sec * USEC_PER_SEC + used.tv_nsec / 1000;
}

static void read_shard(const struct state_dir *dir, uint32_t shard, struct shard_figures *ret)
{
    struct problem problem;

    ret->snapshot.is_live = false;
    ret->err = counter_page_read(dir, shard, &ret->snapshot, &problem);
    ret->cpu_usec =
        ret->err == ERR_OK && ret->snapshot.is_live ? cpu_usec_of(ret->snapshot.page.pid) : -1;
}

const struct shard_figures *host_figures_read(struct host_figures *figures, struct mono_time now,
                                              struct mono_time *ret_read_at)
{
    if (!figures->has_read ||
        mono_time_due(mono_time_add_usec(figures->read_at, (int64_t)HOST_FIGURES_MSEC * 1000),
                      now)) {
        for (uint32_t k = 0; k < figures->shards; k++)
            read_shard(figures->dir, k, &figures->all[k]);
        figures->has_read = true;
        figures->read_at = now;
    }
    if (ret_read_at != NULL)
        *ret_read_at = figures->read_at;
    return figures->all;
}
