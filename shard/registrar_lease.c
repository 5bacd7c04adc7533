/* registrar_lease.c — the lease of a shard, and the doubt about it after a pause. */
#include "registrar_internal.h"

#include "log.h"

enum {
    /* So long after a pause it waits for an answer of the registry, and for the next one, … */
    DOUBT_MSEC = 1000,
    /* … and so long for all of them. */
    DOUBT_MOST_MSEC = 3000,
};

void registrar_lose_lease(struct registrar *registrar)
{
    if (!registrar->lease.is_held)
        return;
    lease_lost(&registrar->lease);
    registrar->epoch = 0;
    registrar->config.values[SHARD_COUNT_LEASE_HELD] = 0;
    registrar_count(registrar, SHARD_COUNT_LEASES_LOST);
}

void registrar_put_off_doubt(struct registrar *registrar, struct turn_now now)
{
    struct mono_time most =
        mono_time_add_usec(registrar->doubt_at, (int64_t)DOUBT_MOST_MSEC * 1000);

    registrar->doubt_until = after_msec(now, DOUBT_MSEC);
    if (mono_time_before(most, registrar->doubt_until))
        registrar->doubt_until = most;
}

static void fill_in_lease(struct registrar *registrar, struct turn_now now)
{
    struct shard_lease *lease = &registrar->config.lease;

    lease->epoch = registrar->epoch;
    lease->until = lease_end(now.mono);
    lease->wall_offset_usec = (int64_t)now.wall.sec * USEC_PER_SEC - now.mono.usec;
}

/* After the first one only another process of this host and number can have had it in between:
 * of another network namespace, or of another state directory. Told once. */
static void tell_of_rival(struct registrar *registrar, const struct shard_lease *former)
{
    const struct shard_lease *own = &registrar->config.lease;

    if (registrar->has_told_of_rival || !registrar->was_leased || former == NULL ||
        (former->pid == own->pid && former->started_wall_sec == own->started_wall_sec))
        return;
    registrar->has_told_of_rival = true;
    log_event(LOG_LEVEL_ERROR,
              "another process had taken the lease of this shard: every relay needs an --instance "
              "of its own",
              "instance", own->owner.host, "pid", LOG_U64((uint64_t)former->pid), NULL);
}

static void on_taken(void *context, const struct ownership_answer *answer)
{
    struct registrar *registrar = context;
    struct turn_now now = registrar_begin(registrar);

    registrar->is_taking = false;
    registrar->was_answered = true;
    registrar->pending--;
    /* Asked again and again, and said once. */
    if (answer->outcome == OWNERSHIP_HELD && !registrar->is_held_elsewhere)
        log_event(LOG_LEVEL_ERROR,
                  "another host has the lease of this shard: every host needs an --instance of its "
                  "own",
                  "instance", registrar->config.lease.owner.host, NULL);
    if (answer->outcome != OWNERSHIP_AWAY)
        registrar->is_held_elsewhere = answer->outcome == OWNERSHIP_HELD;
    if (answer->outcome != OWNERSHIP_DONE) {
        registrar->retry_at = after_msec(now, RETRY_MSEC);
        return;
    }
    tell_of_rival(registrar, answer->former);
    lease_confirmed(&registrar->lease, registrar->asked_at);
    registrar_put_off_doubt(registrar, now);
    registrar->epoch = answer->epoch;
    registrar->config.values[SHARD_COUNT_LEASE_HELD] = 1;
    /* Under the new lease all is claimed again, and again when the others have done so. */
    registrar->wants_all = true;
    registrar->publish_at = now.mono;
    registrar->again_at = mono_time_add_sec(now.mono, PUBLISH_AGAIN_SEC);
    if (registrar->publishing != COMPARING)
        registrar->publishing = PUBLISHING_NOTHING;
    if (registrar->was_leased)
        return;
    registrar->was_leased = true;
    /* What is restored under it is ours as long as it holds, also after a pause before that. */
    registrar->first_epoch = registrar->doubt_epoch = registrar->epoch;
    registrar->config.on_leased(registrar->config.context, now, answer->former);
}

static void take_lease(struct registrar *registrar, struct turn_now now)
{
    registrar->retry_at = after_msec(now, RETRY_MSEC);
    registrar->asked_at = now.mono;
    fill_in_lease(registrar, now);
    if (ownership_take_lease(registrar->config.ownership, now, &registrar->config.lease, on_taken,
                             registrar) != ERR_OK)
        return;
    registrar->is_taking = true;
    registrar_submitted(registrar);
}

static void on_renewed(void *context, const struct ownership_answer *answer)
{
    struct registrar *registrar = context;

    (void)registrar_begin(registrar);
    registrar->is_renewing = false;
    registrar_answered(registrar, registrar->config.lease.epoch, answer->outcome);
    if (answer->outcome != OWNERSHIP_DONE)
        return;
    lease_confirmed(&registrar->lease, registrar->asked_at);
    /* It held all the while, so nobody has claimed what was claimed under it. What was asked before
     * the pause, or of a lease taken after it, says nothing about that. */
    if (registrar->epoch == registrar->doubt_epoch &&
        !mono_time_before(registrar->asked_at, registrar->doubt_at))
        lease_settled(&registrar->lease);
}

static void renew_lease(struct registrar *registrar, struct turn_now now)
{
    lease_asked(&registrar->lease, now.mono);
    registrar->asked_at = now.mono;
    fill_in_lease(registrar, now);
    if (ownership_renew_lease(registrar->config.ownership, now, &registrar->config.lease,
                              on_renewed, registrar) != ERR_OK)
        return;
    registrar->is_renewing = true;
    registrar_submitted(registrar);
}

void registrar_keep_lease(struct registrar *registrar, struct turn_now now)
{
    bool is_doubtful = registrar->lease.is_doubtful;

    if (is_doubtful && mono_time_due(registrar->doubt_until, now.mono))
        lease_settled(&registrar->lease);
    if (!registrar->is_available)
        return;
    if (registrar->is_taking || registrar->is_renewing)
        return;
    if (!registrar->lease.is_held) {
        if (mono_time_due(registrar->retry_at, now.mono))
            take_lease(registrar, now);
    } else if ((is_doubtful && registrar->epoch == registrar->doubt_epoch) ||
               mono_time_due(registrar->lease.renew_at, now.mono)) {
        renew_lease(registrar, now);
    }
}

bool registrar_seen(struct registrar *registrar, struct turn_now now)
{
    bool was_doubtful = registrar->lease.is_doubtful;
    bool stood_still = lease_seen(&registrar->lease, now.mono);

    registrar->seen_by = after_msec(now, LEASE_SEEN_MSEC);
    if (stood_still) {
        /* A second pause inside the doubt is one more: what was asked before it settles nothing. */
        registrar->doubt_at = now.mono;
        if (!was_doubtful)
            registrar->doubt_epoch = registrar->epoch;
        registrar_put_off_doubt(registrar, now);
        registrar_count(registrar, SHARD_COUNT_PAUSES);
        log_event(LOG_LEVEL_WARNING,
                  "this process stood still for longer than its lease; asking what it still owns",
                  NULL);
    }
    return !registrar->lease.is_doubtful;
}

void registrar_set_state(struct registrar *registrar, uint32_t state)
{
    if (registrar->config.lease.state == state)
        return;
    registrar->config.lease.state = state;
    registrar->lease.renew_at = (struct mono_time){0};
}
