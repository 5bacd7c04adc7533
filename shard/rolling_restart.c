/* rolling_restart.c — which shard is to be restarted next, when all are, one after the other; pure.
 */
#include "rolling_restart.h"

void rolling_restart_begin(struct rolling_restart *rolling)
{
    if (rolling->is_under_way)
        rolling->is_wanted_again = true;
    else
        *rolling = (struct rolling_restart){.is_under_way = true};
}

static enum rolling_step stop(struct rolling_restart *rolling, struct mono_time now)
{
    rolling->is_stopping = true;
    rolling->has_ended = false;
    rolling->deadline = mono_time_add_sec(now, ROLLING_STOP_SEC);
    return ROLLING_STOP;
}

enum rolling_step rolling_restart_next(struct rolling_restart *rolling, uint32_t shards,
                                       bool is_running, bool is_serving, struct mono_time now)
{
    if (!rolling->is_under_way)
        return ROLLING_NOTHING;
    if (!rolling->is_stopping)
        /* One that is down anyway starts with what is there by then. */
        return is_running ? stop(rolling, now) : ROLLING_WAIT;
    if (!rolling->has_ended) {
        if (!mono_time_due(rolling->deadline, now))
            return ROLLING_WAIT;
        rolling->deadline = MONO_TIME_NEVER;
        return ROLLING_KILL;
    }
    if (!is_serving && !mono_time_due(rolling->deadline, now))
        return ROLLING_WAIT;
    rolling->is_stopping = false;
    rolling->shard++;
    if (rolling->shard == shards)
        *rolling = (struct rolling_restart){.is_under_way = rolling->is_wanted_again};
    return rolling->is_under_way ? ROLLING_WAIT : ROLLING_NOTHING;
}

bool rolling_restart_ended(struct rolling_restart *rolling, uint32_t shard, struct mono_time now)
{
    if (!rolling->is_under_way || rolling->shard != shard || !rolling->is_stopping ||
        rolling->has_ended)
        return false;
    rolling->has_ended = true;
    rolling->deadline = mono_time_add_sec(now, ROLLING_SERVE_SEC);
    return true;
}
