/* drain_wait.c — waits until a draining shard is empty, and says how far it is. */
#include "drain_wait.h"

enum drain_progress drain_wait_look(struct drain_wait *wait,
                                    const struct counter_snapshot *snapshot, struct mono_time now)
{
    if (wait->alive_at.usec == 0)
        wait->alive_at = now;
    if (snapshot == NULL || !snapshot->is_live)
        return mono_time_due(mono_time_add_sec(wait->alive_at, DRAIN_GONE_SEC), now)
                   ? DRAIN_GONE
                   : DRAIN_GOES_ON;
    const struct counter_page *page = &snapshot->page;

    wait->alive_at = now;
    if (counter_snapshot_hangs(snapshot, now))
        return DRAIN_HANGS;
    if (page->state == SHARD_STATE_SERVING)
        return DRAIN_ENDED;
    /* While it starts or stops, its figures are not those of what it has. */
    if (page->state != SHARD_STATE_DRAINING)
        return DRAIN_GOES_ON;
    wait->left = page->values[TURN_COUNT_ALLOCATIONS] + page->values[TURN_COUNT_RESERVATIONS];
    bool is_another = wait->pid != 0 && page->pid != wait->pid;

    wait->pid = page->pid;
    wait->is_restored = page->values[SHARD_COUNT_RESTORED] != 0;
    if (is_another)
        return DRAIN_RESTARTED;
    return wait->left == 0 && wait->is_restored ? DRAIN_EMPTY : DRAIN_GOES_ON;
}
