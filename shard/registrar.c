/* registrar.c — what a shard tells the ownership registry, and whether it may go on serving. */
#include "registrar.h"

#include "registrar_internal.h"

#include <stdlib.h>

enum {
    /* Answers can bring writes, and those answers again. */
    RUN_STEPS = 4,
};

enum err registrar_new(const struct registrar_config *config, struct turn_now now,
                       struct registrar **ret)
{
    struct registrar *registrar = calloc(1, sizeof(*registrar));

    if (registrar == NULL)
        return ERR_NO_MEMORY;
    registrar->config = *config;
    registrar->again_at = MONO_TIME_NEVER;
    lease_start(&registrar->lease, now.mono);
    enum err err = registrar_claims_init(registrar);

    if (err == ERR_OK)
        err = registrar_records_init(registrar);
    if (err != ERR_OK) {
        registrar_free(registrar);
        return err;
    }
    *ret = registrar;
    return ERR_OK;
}

void registrar_free(struct registrar *registrar)
{
    if (registrar == NULL)
        return;
    registrar_claims_deinit(registrar);
    registrar_records_deinit(registrar);
    free(registrar);
}

struct ownership_writer registrar_writer(const struct registrar *registrar)
{
    return (struct ownership_writer){.owner = registrar->config.lease.owner,
                                     .epoch = registrar->epoch};
}

void registrar_answered(struct registrar *registrar, uint64_t epoch, enum ownership_outcome outcome)
{
    registrar->pending--;
    registrar->was_answered = true;
    if (registrar->lease.is_doubtful && outcome != OWNERSHIP_AWAY)
        registrar_put_off_doubt(registrar, registrar_begin(registrar));
    switch (outcome) {
    case OWNERSHIP_AWAY:
        registrar_count(registrar, SHARD_COUNT_REGISTRY_UNANSWERED);
        registrar->wants_all = true;
        break;
    case OWNERSHIP_STALE:
        /* Of a lease before this one it is no news. */
        if (epoch == registrar->epoch)
            registrar_lose_lease(registrar);
        registrar->wants_all = true;
        break;
    case OWNERSHIP_DONE:
    case OWNERSHIP_HELD:
    case OWNERSHIP_QUOTA:
    case OWNERSHIP_PORT:
    case OWNERSHIP_NONE:
        break;
    }
}

void registrar_change(struct registrar *registrar, bool is_available)
{
    struct turn_now now = registrar_begin(registrar);

    registrar->is_available = is_available;
    registrar->config.values[SHARD_COUNT_REGISTRY_AVAILABLE] = is_available;
    if (!is_available)
        return;
    /* It may be another one, or have been empty: the lease is taken anew, everything published. */
    registrar_lose_lease(registrar);
    registrar->wants_all = true;
    registrar->retry_at = now.mono;
    registrar->publish_at = now.mono;
}

void registrar_flush(struct registrar *registrar)
{
    if (!registrar->has_queued)
        return;
    registrar->has_queued = false;
    ownership_flush(registrar->config.ownership);
}

struct mono_time registrar_run(struct registrar *registrar, struct turn_now now)
{
    for (unsigned i = 0; i < RUN_STEPS; i++) {
        registrar->was_answered = false;
        registrar_keep_lease(registrar, now);
        registrar_publish(registrar, now);
        registrar_flush(registrar);
        /* Losses first: a claim granted since then settles whose it is. */
        registrar_deliver_losses(registrar, now);
        registrar_deliver_claims(registrar, now);
        if (!registrar->was_answered && !registrar->has_queued)
            break;
    }
    return registrar->seen_by;
}
