/* process_join.c — a simulated process joins its deployment: membership.c without the rest. */
#include "process.h"

#include "handover.h"
#include "registrar.h"

static void on_change(void *context, bool is_available, const char *why)
{
    struct process *process = context;
    (void)why;
    if (process->registrar && !process->is_closing)
        registrar_change(process->registrar, is_available);
}

static void on_leased(void *context, struct turn_now now, const struct shard_lease *former)
{
    struct process *process = context;
    restore_begin(process->restore, now, former);
}

static void on_held(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                    const struct owner *owner, struct bytes datagram, uint8_t hops)
{
    struct process *process = context;
    handover_allocate(process->handover, now, five_tuple, owner, datagram, hops);
}

static struct ownership_writer writer(void *context)
{
    struct process *process = context;
    return registrar_writer(process->registrar);
}

static void on_restored(void *context, struct turn_now now, bool rewrite)
{
    struct process *process = context;
    (void)now;
    process->is_restored = true;
    registrar_restored(process->registrar, rewrite);
}

static bool is_restored(void *context)
{
    const struct process *process = context;
    return process->is_restored;
}

static void tell_state(struct process *process)
{
    if (process->is_adopted)
        registrar_set_state(process->registrar,
                            process->is_draining ? SHARD_STATE_DRAINING : SHARD_STATE_SERVING);
}

void process_set_draining(struct process *process, bool is_draining)
{
    process->is_draining = is_draining;
    turn_server_set_draining(process->server, is_draining);
    handover_set_draining(process->handover, is_draining);
    tell_state(process);
    process->deadline = (struct mono_time){0}; /* it was told in a round, which has an end */
}

enum shard_process_state process_state(const struct process *process)
{
    if (!process)
        return SHARD_PROCESS_NONE;
    if (!process->is_ready)
        return SHARD_PROCESS_STARTING;
    return process->is_draining ? SHARD_PROCESS_DRAINING : SHARD_PROCESS_SERVING;
}

static void on_adopted(void *context, struct turn_now now, uint64_t adopted)
{
    struct process *process = context;
    (void)now;
    if (adopted > 0)
        registrar_claim_unclaimed(process->registrar);
    process->is_adopted = true;
    tell_state(process);
}

static void on_ready(void *context, struct turn_now now)
{
    struct process *process = context;
    (void)now;
    process->is_ready = !process->is_closing;
}

static enum shard_process_state process_of(void *context, uint32_t shard)
{
    struct process *process = context;
    return process->config.process_of(process->config.context, shard);
}

bool process_join(struct process *process, const struct shard_lease *lease, struct turn_now now,
                  uint32_t capacity)
{
    const struct process_config *config = &process->config;
    const struct ownership_model_config ownership = {.network = config->network,
                                                     .is_direct = config->is_direct,
                                                     .on_change = on_change,
                                                     .context = process};
    process->ownership = ownership_model_open(&ownership);
    const struct registrar_config registrar = {.ownership = process->ownership,
                                               .server = process->server,
                                               .lease = *lease,
                                               .quota = config->quota,
                                               .capacity = capacity,
                                               .values = process->values,
                                               .begin = process_begin,
                                               .on_commands = process_run_own_commands,
                                               .on_leased = on_leased,
                                               .on_held = on_held,
                                               .context = process};
    const struct restore_config restore = {.ownership = process->ownership,
                                           .server = process->server,
                                           .lease = *lease,
                                           .values = process->values,
                                           .begin = process_begin,
                                           .on_commands = process_run_own_commands,
                                           .writer = writer,
                                           .process = process_of,
                                           .on_restored = on_restored,
                                           .on_adopted = on_adopted,
                                           .on_ready = on_ready,
                                           .context = process};
    const struct handover_config handover = {.ownership = process->ownership,
                                             .redirect = &process->redirect,
                                             .self = lease->owner,
                                             .shards = lease->shards,
                                             .key = {.k0 = config->serial, .k1 = 7},
                                             .owners = 64,
                                             .room_len = 1 << 14,
                                             .values = process->values,
                                             .begin = process_begin,
                                             .process = process_of,
                                             .is_restored = is_restored,
                                             .on_settled = process_on_settled,
                                             .context = process};
    return registrar_new(&registrar, now, &process->registrar) == ERR_OK &&
           restore_new(&restore, now, &process->restore) == ERR_OK &&
           handover_new(&handover, &process->handover) == ERR_OK;
}
